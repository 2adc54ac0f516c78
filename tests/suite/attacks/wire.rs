//! Bytes on the wire as they stand, without a client that would mend them.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// Nothing in a test takes that long: who is silent longer keeps the connection open.
const SILENCE: Duration = Duration::from_secs(5);

/// All that came back on one connection.
#[derive(Debug)]
pub struct Heard {
    /// Status of each answer.
    pub statuses: Vec<u16>,
    /// Everything, as text.
    pub text: String,
    /// Whether the server has closed the connection.
    pub closed: bool,
}

impl Heard {
    /// A header of the first answer.
    pub fn header(&self, name: &str) -> Option<&str> {
        let head = self.text.split("\r\n\r\n").next().unwrap_or_default();
        let pairs = head.lines().skip(1).filter_map(|line| line.split_once(':'));
        pairs.into_iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    }

    /// The body of the first answer, with what came after it.
    pub fn body(&self) -> &str {
        self.text.split_once("\r\n\r\n").map_or("", |(_, body)| body)
    }
}

/// Sends bytes and listens until the server closes or is silent.
pub async fn say(authority: &str, bytes: impl Into<Vec<u8>>) -> Heard {
    let (authority, bytes) = (authority.to_owned(), bytes.into());
    tokio::task::spawn_blocking(move || talk(&authority, &bytes)).await.expect("thread")
}

fn talk(authority: &str, bytes: &[u8]) -> Heard {
    let mut stream = TcpStream::connect(authority).expect("connection");
    stream.set_read_timeout(Some(SILENCE)).expect("timeout");
    // A server that has heard enough closes before all is said.
    let _ = stream.write_all(bytes);
    let (mut heard, mut part) = (Vec::new(), [0; 16 * 1024]);
    let closed = loop {
        match stream.read(&mut part) {
            Ok(0) => break true,
            Ok(read) => heard.extend_from_slice(&part[..read]),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => break false,
            Err(_) => break true,
        }
    };
    let text = String::from_utf8_lossy(&heard).into_owned();
    let begins = text.match_indices("HTTP/1.").filter_map(|(at, _)| text.get(at + 9..at + 12)?.parse().ok());
    let statuses = begins.collect();
    Heard { statuses, text, closed }
}
