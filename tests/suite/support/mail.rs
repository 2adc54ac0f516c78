//! A real mail server (aiosmtpd, `tests/mail/server.py`) as a process of its own, with certificates made
//! for this run.

use super::child;
use kartlegging::config::{MailTls, Settings};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;
use tempfile::TempDir;

/// An authority and a certificate for `localhost`, and another authority that has signed nothing.
pub struct Certificates {
    folder: TempDir,
}

pub static CERTIFICATES: LazyLock<Certificates> = LazyLock::new(Certificates::make);

impl Certificates {
    fn make() -> Self {
        let folder = TempDir::new().expect("folder");
        let own = Self { folder };
        let run = |arguments: &[&str]| {
            let done = Command::new("openssl").args(arguments).current_dir(own.folder.path()).stderr(Stdio::null()).status();
            assert!(done.expect("openssl").success(), "{arguments:?}");
        };
        let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"];
        for name in ["ca", "other"] {
            let (file, secret, subject) = (format!("{name}.pem"), format!("{name}.key"), format!("/CN=Oppdiktet {name}"));
            run(&[&["req", "-x509"], &key[..], &["-keyout", &secret, "-out", &file, "-subj", &subject]].concat());
        }
        let leaf = ["-addext", "basicConstraints=critical,CA:FALSE", "-addext", "subjectAltName=DNS:localhost"];
        let signed = ["-CA", "ca.pem", "-CAkey", "ca.key", "-keyout", "own.key", "-out", "own.pem", "-subj", "/CN=localhost"];
        run(&[&["req", "-x509"], &key[..], &signed, &leaf].concat());
        own
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

/// A mail server; ends when dropped.
pub struct MailServer {
    pub port: u16,
    mode: String,
    taken: Arc<Mutex<Vec<Value>>>,
    child: Child,
    input: Option<ChildStdin>,
}

impl MailServer {
    /// Starts one that is like `mode` says (see the script).
    pub fn start(mode: &str) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let python = root.join(".venv/bin/python");
        assert!(python.exists(), "the mail server of the tests is missing: run ./tests/run tools");
        let mut child = Command::new(python)
            .args([root.join("tests/mail/server.py").display().to_string().as_str(), mode])
            .args([CERTIFICATES.path("own.pem"), CERTIFICATES.path("own.key")])
            .env("PYTHONWARNINGS", "ignore")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the mail server starts");
        let (port, lines) = child::first_line(&mut child, "the mail server");
        let port = port.parse().expect("a number");
        let taken = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&taken);
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                kept.lock().expect("mails").push(serde_json::from_str(&line).expect("JSON"));
            }
        });
        let input = child.stdin.take();
        Self { port, mode: mode.to_owned(), taken, child, input }
    }

    /// What it has taken, once that are so many; waits a moment for them.
    pub async fn mails(&self, number: usize) -> Vec<Value> {
        for _ in 0..500 {
            if self.taken.lock().expect("mails").len() >= number {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let all = self.taken.lock().expect("mails").clone();
        assert_eq!(all.len(), number, "{all:?}");
        all
    }

    /// Settings that send to it.
    pub fn settings(&self, settings: &mut Settings) {
        let tls = match self.mode.split('-').next() {
            Some("starttls") => MailTls::StartTls,
            Some("implicit") => MailTls::Implicit,
            _ => MailTls::None,
        };
        settings.mail_host = Some("localhost".to_owned());
        settings.mail_port = Some(self.port);
        settings.mail_tls = tls;
        settings.mail_ca_file = (tls != MailTls::None).then(|| CERTIFICATES.path("ca.pem"));
        settings.mail_from = Some("Svar <svar@sykehus.example>".to_owned());
        settings.mail_timeout_seconds = 5;
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        // It ends with its input; who does not is ended.
        drop(self.input.take());
        std::thread::sleep(Duration::from_millis(20));
        child::end(&mut self.child);
    }
}

/// The one address of the service in a mail's text.
pub fn link_of(mail: &Value) -> String {
    let text = mail["text"].as_str().unwrap_or_default();
    let links: Vec<&str> = text.split_whitespace().filter(|word| word.starts_with("http")).collect();
    assert_eq!(links.len(), 1, "{text}");
    links[0].to_owned()
}
