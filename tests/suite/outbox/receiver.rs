//! A receiver of webhooks as bad as they come: speaks just enough HTTP by hand.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// How it behaves.
#[derive(Debug, Clone)]
pub enum Manner {
    /// Answers with a status.
    Status(u16),
    /// Leads elsewhere.
    Redirect(String),
    /// Takes the request and says nothing.
    Silent,
    /// Says that all is well, and then sends without an end.
    Huge,
    /// Sends header lines without an end.
    Headers,
    /// Ends the connection in the middle of the first line.
    HangsUp,
    /// Something that is no HTTP.
    Babbles,
    /// Sends the head of its answer a letter at a time, forever.
    Drips,
}

/// A request that came.
#[derive(Debug, Clone)]
pub struct Got {
    pub head: String,
    pub headers: BTreeMap<String, String>,
    pub body: Vec<u8>,
}

impl Got {
    pub fn id(&self) -> &str {
        &self.headers["webhook-id"]
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }

    /// Whether one of the signatures is that of a secret, by HMAC as the standard has it.
    pub fn is_signed_with(&self, secret: &str) -> bool {
        let key = STANDARD.decode(secret.trim_start_matches("whsec_")).expect("base64");
        let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, &key);
        let mut signed = format!("{}.{}.", self.id(), self.headers["webhook-timestamp"]).into_bytes();
        signed.extend_from_slice(&self.body);
        self.headers["webhook-signature"]
            .split(' ')
            .filter_map(|one| one.strip_prefix("v1,"))
            .any(|one| STANDARD.decode(one).is_ok_and(|tag| aws_lc_rs::hmac::verify(&key, &signed, &tag).is_ok()))
    }
}

pub struct Receiver {
    pub url: String,
    pub got: Arc<Mutex<Vec<Got>>>,
    pub manner: Arc<Mutex<Manner>>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Receiver {
    pub async fn start(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("port");
        let url = format!("http://{}/hook", listener.local_addr().expect("address"));
        let (got, manner) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new(manner)));
        let (kept, asked) = (Arc::clone(&got), Arc::clone(&manner));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (got, manner) = (Arc::clone(&kept), asked.lock().expect("manner").clone());
                tokio::spawn(async move {
                    let _ = serve(stream, &got, manner).await;
                });
            }
        });
        Self { url, got, manner, task }
    }

    pub fn behave(&self, manner: Manner) {
        *self.manner.lock().expect("manner") = manner;
    }

    /// What came so far.
    pub fn all(&self) -> Vec<Got> {
        self.got.lock().expect("got").clone()
    }

    /// The types of what came so far.
    pub fn types(&self) -> Vec<String> {
        self.all().iter().map(|one| one.json()["type"].as_str().expect("type").to_owned()).collect()
    }
}

async fn read(stream: &mut TcpStream) -> std::io::Result<Got> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break at;
        }
        if stream.read_buf(&mut bytes).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let line = |line: &str| line.split_once(':').map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()));
    let headers: BTreeMap<String, String> = head.lines().skip(1).filter_map(line).collect();
    let length: usize = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = bytes.split_off(end + 4);
    while body.len() < length {
        if stream.read_buf(&mut body).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(Got { head: head.lines().next().unwrap_or_default().to_owned(), headers, body })
}

async fn serve(mut stream: TcpStream, got: &Mutex<Vec<Got>>, manner: Manner) -> std::io::Result<()> {
    let request = read(&mut stream).await?;
    got.lock().expect("got").push(request);
    match manner {
        Manner::Status(status) => stream.write_all(format!("HTTP/1.1 {status} Said\r\ncontent-length: 2\r\n\r\nok").as_bytes()).await,
        Manner::Redirect(to) => {
            stream.write_all(format!("HTTP/1.1 307 Elsewhere\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n").as_bytes()).await
        }
        Manner::Silent => {
            tokio::time::sleep(Duration::from_mins(1)).await;
            Ok(())
        }
        Manner::Huge => {
            stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").await?;
            let chunk = [b"10000\r\n".as_slice(), &vec![b'a'; 0x10000], b"\r\n"].concat();
            loop {
                stream.write_all(&chunk).await?;
            }
        }
        Manner::Headers => {
            stream.write_all(b"HTTP/1.1 200 OK\r\n").await?;
            loop {
                stream.write_all(b"x-more: and more and more and more and more and more\r\n").await?;
            }
        }
        Manner::HangsUp => stream.write_all(b"HTTP/1.").await,
        Manner::Babbles => stream.write_all(b"220 mail.example ESMTP\r\n").await,
        Manner::Drips => loop {
            stream.write_all(b"H").await?;
            tokio::time::sleep(Duration::from_millis(50)).await;
        },
    }
}
