//! The mail server: a folder, and a file in its place while the server is away.

use base64::Engine;
use kartlegging::mail::{Mailer, Way};
use std::path::PathBuf;

/// Where mails go.
pub struct Post {
    folder: PathBuf,
}

/// A mail that was taken.
#[derive(Debug)]
pub struct Letter {
    /// What stands before the sender's domain in its Message-ID.
    pub id: String,
    pub to: String,
    pub text: String,
    pub html: String,
    /// Its headers.
    pub head: String,
}

impl Post {
    pub fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    pub fn mailer(&self) -> Mailer {
        Mailer::new("Svar <svar@sykehus.example>", Way::Folder(self.folder.clone())).expect("a mailer")
    }

    /// It goes away, or comes back.
    pub fn set_away(&self, away: bool) {
        let aside = self.folder.with_extension("aside");
        if away && !self.folder.is_file() {
            if self.folder.is_dir() {
                std::fs::rename(&self.folder, &aside).expect("put aside");
            }
            std::fs::write(&self.folder, b"").expect("a file in its place");
        }
        if !away && self.folder.is_file() {
            std::fs::remove_file(&self.folder).expect("the file is gone");
            if aside.is_dir() {
                std::fs::rename(&aside, &self.folder).expect("back");
            }
        }
    }

    /// Takes out what it has got.
    pub fn collect(&self) -> Vec<Letter> {
        let mut all = Vec::new();
        for folder in [&self.folder, &self.folder.with_extension("aside")] {
            let files = if folder.is_dir() { std::fs::read_dir(folder).ok() } else { None };
            for file in files.into_iter().flatten().flatten().filter(|file| file.path().extension().is_some_and(|end| end == "eml")) {
                let raw = std::fs::read_to_string(file.path()).expect("a mail is a text");
                all.push(read(&raw));
                std::fs::remove_file(file.path()).expect("taken out");
            }
        }
        all
    }
}

fn read(raw: &str) -> Letter {
    let (head, body) = raw.split_once("\r\n\r\n").expect("headers");
    let head = head.replace("\r\n ", " ").replace("\r\n\t", " ");
    let field = |name: &str| head.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().trim().to_owned();
    let boundary = head.split("boundary=").nth(1).and_then(|rest| rest.split(['"', ';', '\r', '\n']).find(|part| !part.is_empty()));
    let boundary = format!("--{}", boundary.expect("a boundary"));
    let mut parts = body.split(boundary.as_str()).skip(1).map(part);
    let (text, html) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let id = field("Message-ID:").trim_start_matches('<').split('@').next().unwrap_or_default().to_owned();
    Letter { id, to: field("To:"), text, html, head }
}

fn part(part: &str) -> String {
    let (head, body) = part.split_once("\r\n\r\n").unwrap_or_default();
    let bytes = if head.contains("quoted-printable") {
        unquoted(body)
    } else if head.contains("base64") {
        let plain: String = body.split_whitespace().collect();
        base64::engine::general_purpose::STANDARD.decode(plain).expect("base64")
    } else {
        body.as_bytes().to_vec()
    };
    String::from_utf8(bytes).expect("UTF-8").replace("\r\n", "\n").trim_end().to_owned()
}

/// RFC 2045, 6.7.
fn unquoted(body: &str) -> Vec<u8> {
    let body = body.replace("=\r\n", "");
    let mut bytes = Vec::new();
    let mut pieces = body.split('=');
    bytes.extend(pieces.next().unwrap_or_default().bytes());
    for piece in pieces {
        let (code, rest) = piece.split_at(2);
        bytes.push(u8::from_str_radix(code, 16).expect("two digits"));
        bytes.extend(rest.bytes());
    }
    bytes
}
