//! Signed heads leave the database: to a file, to another machine, again when it did not answer.

use super::{fill, is_sound, read, seal_and_sign};
use crate::on_both;
use crate::support::TestApp;
use chrono::Duration;
use kartlegging::crypto::note::Note;
use kartlegging::services::access_log;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};

/// Heads in the file beside the keys.
fn in_file(app: &TestApp) -> Vec<u64> {
    let text = std::fs::read_to_string(app.folder.path().join("access-log-heads.txt")).unwrap_or_default();
    let (notes, cut) = Note::all(&text).expect("notes");
    assert!(!cut);
    notes.iter().map(|note| note.head.size).collect()
}

on_both! {
    async fn heads_are_added_to_the_file(app: TestApp) {
        let patient = fill(&app, 3).await;
        assert_eq!(access_log::deliver(&app.services).await, Ok(0));
        seal_and_sign(&app).await;
        assert_eq!(access_log::deliver(&app.services).await, Ok(1));
        assert_eq!(access_log::deliver(&app.services).await, Ok(0));
        for _ in 0..2 {
            read(&app, &patient, 1).await;
            seal_and_sign(&app).await;
        }
        // Nobody could write for a while.
        let file = app.folder.path().join("access-log-heads.txt");
        let aside = app.folder.path().join("aside");
        std::fs::rename(&file, &aside).expect("aside");
        std::fs::create_dir(&file).expect("in the way");
        assert_eq!(access_log::deliver(&app.services).await, Ok(0));
        std::fs::remove_dir(&file).expect("away");
        std::fs::rename(&aside, &file).expect("back");
        assert_eq!(access_log::deliver(&app.services).await, Ok(2));
        assert_eq!(in_file(&app), [3, 4, 5]);
        let (notes, _) = Note::all(&std::fs::read_to_string(&file).expect("file")).expect("notes");
        is_sound(&app, &notes).await;
    }
}

/// A machine that keeps what is posted to it, or says that it can't.
struct Witness {
    address: SocketAddr,
    kept: Arc<Mutex<Vec<String>>>,
    status: Arc<Mutex<u16>>,
}

impl Witness {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("port");
        let address = listener.local_addr().expect("address");
        let (kept, status) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new(200)));
        let (own, answer) = (Arc::clone(&kept), Arc::clone(&status));
        std::thread::spawn(move || {
            while let Ok((mut stream, _)) = listener.accept() {
                let mut asked = String::new();
                let mut buffer = [0; 4096];
                while let Ok(read @ 1..) = stream.read(&mut buffer) {
                    asked.push_str(&String::from_utf8_lossy(&buffer[..read]));
                    let Some((head, body)) = asked.split_once("\r\n\r\n") else { continue };
                    let length = head
                        .lines()
                        .find_map(|line| line.to_lowercase().strip_prefix("content-length: ").map(|n| n.parse::<usize>().expect("length")));
                    if length.is_some_and(|length| body.len() >= length) {
                        break;
                    }
                }
                let status = *answer.lock().expect("status");
                if status == 200 {
                    own.lock().expect("kept").push(asked);
                }
                let _ = stream.write_all(format!("HTTP/1.1 {status} X\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").as_bytes());
            }
        });
        Self { address, kept, status }
    }

    fn sizes(&self) -> Vec<u64> {
        let kept = self.kept.lock().expect("kept");
        let note = |request: &String| {
            assert!(
                request.starts_with("POST /heads HTTP/1.1\r\n") && request.to_lowercase().contains("content-type: text/plain"),
                "{request}"
            );
            Note::parse(request.split_once("\r\n\r\n").expect("body").1).expect("a note").head.size
        };
        kept.iter().map(note).collect()
    }
}

on_both! {
    async fn heads_are_posted_and_posted_again_when_it_failed(app: TestApp) {
        let witness = Witness::start();
        let url = format!("http://{}/heads", witness.address);
        let posting = app.second_instance_with(|settings| settings.access_log_heads_url = Some(url)).await;
        let deliver = async || access_log::deliver(&posting.services).await.expect("delivered");
        let patient = fill(&app, 2).await;
        seal_and_sign(&app).await;
        assert_eq!(deliver().await, 2, "to the file and to the address");
        *witness.status.lock().expect("status") = 500;
        for _ in 0..3 {
            read(&app, &patient, 1).await;
            seal_and_sign(&app).await;
            assert_eq!(deliver().await, 1, "to the file only");
        }
        assert_eq!(witness.sizes(), [2]);
        *witness.status.lock().expect("status") = 200;
        assert_eq!(deliver().await, 3);
        assert_eq!(witness.sizes(), [2, 3, 4, 5]);
        assert_eq!(deliver().await, 0);
        // Of many that wait the newest hundred go.
        for _ in 0..103 {
            app.advance(Duration::days(1));
            access_log::sign(&app.services).await.expect("signed");
        }
        assert_eq!(deliver().await, 200);
        assert_eq!(witness.sizes().len(), 104);
    }
}
