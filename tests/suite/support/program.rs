//! The program as it is installed: a process with its own folder, database, keys and environment.

use super::app::{Http, Kind};
use super::child;
use kartlegging::config::keys;
use kartlegging::crypto::entropy::SystemEntropy;
use std::collections::BTreeMap;
use std::future::Future;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tempfile::TempDir;
use tokio::sync::oneshot;

/// Runs a test that needs nothing but the program.
pub fn alone<F: Future<Output = ()>>(test: F) {
    super::limit::run(test);
}

/// Longest time for a command, and for the program's end, in seconds.
const PATIENCE: u64 = 180;

/// An installation.
pub struct Program {
    pub folder: TempDir,
    pub database_url: String,
    environment: BTreeMap<String, String>,
}

/// How a command ended.
#[derive(Debug)]
pub struct Ended {
    pub status: i32,
    pub out: String,
    pub err: String,
}

impl Ended {
    /// Asserts success and gives what was printed, without the last line break.
    #[track_caller]
    pub fn ok(self) -> String {
        assert_eq!(self.status, 0, "{}{}", self.out, self.err);
        self.out.trim_end().to_owned()
    }

    /// Asserts a refusal with its exit status, code, something in its text, and a remedy.
    #[track_caller]
    pub fn refused(&self, status: i32, code: &str, says: &str) {
        let text = &self.err;
        assert_eq!(self.status, status, "{text}");
        let mut lines = text.lines().skip_while(|line| !line.starts_with("error["));
        let first = lines.next().unwrap_or_default();
        assert!(first.starts_with(&format!("error[{code}]: ")), "{text}");
        assert!(text.contains(says), "{says:?} is not in {text}");
        assert!(lines.last().is_some_and(|remedy| remedy.starts_with("  ") && remedy.len() > 15), "no remedy: {text}");
    }
}

impl Program {
    /// A fresh installation with keys and without a schema.
    pub async fn install(kind: Kind) -> Self {
        let folder = TempDir::new().expect("folder");
        let database_url = match kind {
            Kind::Sqlite => format!("sqlite://{}", folder.path().join("kartlegging.db").display()),
            Kind::Postgres => super::postgres::database().await,
        };
        let keys_file = folder.path().join("keys.toml");
        keys::create(&keys_file, &SystemEntropy::default()).expect("keys");
        let program = Self { folder, database_url: database_url.clone(), environment: BTreeMap::new() };
        program
            .with("KARTLEGGING_DATABASE_URL", &database_url)
            .with("KARTLEGGING_KEYS_FILE", &keys_file.display().to_string())
            .with("KARTLEGGING_LISTEN", "127.0.0.1:0")
            .with("KARTLEGGING_ALLOW_SYNTHETIC_PERSONS", "true")
            .with("KARTLEGGING_LOG_FORMAT", "json")
            .with("KARTLEGGING_WORKERS", "1")
    }

    /// The same with a variable.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.set(name, value);
        self
    }

    /// Sets a variable.
    pub fn set(&mut self, name: &str, value: &str) {
        self.environment.insert(name.to_owned(), value.to_owned());
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file into its folder; gives its path.
    pub fn write(&self, name: &str, text: &str) -> String {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().expect("folder")).expect("folder");
        std::fs::write(&path, text).expect("file");
        path.display().to_string()
    }

    /// Reads a file of its folder.
    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path().join(name)).expect(name)
    }

    fn command(&self, mut command: Command, arguments: &[&str]) -> Command {
        command.args(arguments).env_clear().envs(&self.environment).current_dir(self.path()).stdin(Stdio::null());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs a command to its end; one that finds none is killed (status 124 or 137).
    pub async fn run(&self, arguments: &[&str]) -> Ended {
        let mut limited = Command::new("timeout");
        limited.args(["--kill-after=10", &PATIENCE.to_string(), env!("CARGO_BIN_EXE_kartlegging")]);
        let mut command = self.command(limited, arguments);
        let output = tokio::task::spawn_blocking(move || command.output()).await.expect("thread").expect("the program runs");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
        Ended { status: output.status.code().unwrap_or(-1), out: text(output.stdout), err: text(output.stderr) }
    }

    /// A shell in its folder with its environment, that finds the program and stops at the first error.
    pub fn shell(&self, script: &Path) -> Command {
        let own = Path::new(env!("CARGO_BIN_EXE_kartlegging")).parent().expect("folder").display().to_string();
        let search = format!("{own}:{}", std::env::var("PATH").unwrap_or_default());
        let mut command = Command::new("timeout");
        command.args(["300", "bash", "-euo", "pipefail"]).arg(script).env_clear().envs(&self.environment).current_dir(self.path());
        command.env("PATH", search).env("HOME", self.path()).env("LC_ALL", "C.UTF-8").stdin(Stdio::null());
        command
    }

    /// Starts serving and waits until it says where.
    pub async fn serve(&self) -> Serving {
        let mut child = self.command(Command::new(env!("CARGO_BIN_EXE_kartlegging")), &["serve"]).spawn().expect("the program starts");
        let stderr = child.stderr.take().expect("stderr");
        let log = Arc::new(Mutex::new(String::new()));
        let (tell, told) = oneshot::channel();
        let kept = Arc::clone(&log);
        std::thread::spawn(move || {
            let mut tell = Some(tell);
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                let entry: serde_json::Value = serde_json::from_str(&line).unwrap_or_default();
                if entry["message"] == "serving"
                    && let Some(tell) = tell.take()
                {
                    let _ = tell.send(entry["address"].as_str().unwrap_or_default().to_owned());
                }
                let mut kept = kept.lock().expect("log");
                kept.push_str(&line);
                kept.push('\n');
            }
        });
        let address = tokio::time::timeout(Duration::from_mins(1), told).await.ok().and_then(Result::ok);
        let Some(address) = address else { panic!("it does not serve: {}", log.lock().expect("log")) };
        let base = format!("http://{address}");
        Serving { http: Http::to(&base), base, child, log }
    }
}

/// The program while it serves; killed when dropped.
pub struct Serving {
    pub http: Http,
    pub base: String,
    child: Child,
    log: Arc<Mutex<String>>,
}

impl Serving {
    /// What it has logged so far.
    pub fn log(&self) -> String {
        self.log.lock().expect("log").clone()
    }

    /// Asks it to end.
    pub fn terminate(&self) {
        let done = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().expect("kill");
        assert!(done.success());
    }

    /// Waits for its end: exit status, the whole log and standard output.
    pub async fn ended(mut self) -> (i32, String, String) {
        let mut status = None;
        for _ in 0..PATIENCE * 50 {
            status = self.child.try_wait().expect("wait");
            if status.is_some() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let Some(status) = status else { panic!("it does not end: {}", self.log()) };
        let status = status.code().unwrap_or(-1);
        let mut out = String::new();
        self.child.stdout.take().expect("stdout").read_to_string(&mut out).expect("UTF-8");
        // The reader of the log ends with the pipe.
        while Arc::strong_count(&self.log) > 1 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        (status, self.log(), out)
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        child::end(&mut self.child);
    }
}
