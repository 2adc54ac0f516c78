//! One throw-away PostgreSQL cluster a test run, as a user that is not root, on a private port. It
//! stops and deletes itself when the run ends, however it ends: it watches a pipe that only this
//! process holds open.

use super::child;
use std::net::TcpListener;
use std::process::{ChildStdin, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

struct Cluster {
    port: u16,
    // Held open: its end is the cluster's end.
    _pipe: ChildStdin,
}

static CLUSTER: OnceLock<Cluster> = OnceLock::new();
static NEXT: AtomicU32 = AtomicU32::new(0);

const SCRIPT: &str = r#"
set -eu
folder=$(mktemp -d)
trap 'pg_ctl -D "$folder/data" -m immediate stop >/dev/null 2>&1 || true; rm -rf "$folder"' EXIT INT TERM
initdb -D "$folder/data" -U kartlegging --auth=trust --encoding=UTF8 --locale=C >/dev/null
printf "listen_addresses = '127.0.0.1'\nport = $1\nunix_socket_directories = ''\nmax_connections = 300\nfsync = off\nshared_buffers = 128MB\n" >> "$folder/data/postgresql.conf"
pg_ctl -D "$folder/data" -w -l "$folder/log" start >/dev/null
echo ready
cat >/dev/null
"#;

fn start() -> Cluster {
    let port = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a free port").port();
    let path = path();
    let is_root = Command::new("id").arg("-u").output().is_ok_and(|out| out.stdout.starts_with(b"0\n"));
    let mut command = if is_root {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "env", "-u", "TMPDIR", "bash", "-c", SCRIPT, "bash"]);
        command
    } else {
        let mut command = Command::new("bash");
        command.args(["-c", SCRIPT, "bash"]);
        command
    };
    let mut child = command
        .arg(port.to_string())
        .env("PATH", path)
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("initdb and pg_ctl: install postgresql (tests/run does)");
    let pipe = child.stdin.take().expect("pipe");
    let (line, _) = child::first_line(&mut child, "the PostgreSQL cluster");
    assert_eq!(line, "ready", "the PostgreSQL cluster did not start");
    Cluster { port, _pipe: pipe }
}

/// Where programs are found, those of PostgreSQL too.
pub fn path() -> String {
    format!("{}:{}", std::env::var("PATH").unwrap_or_default(), installed())
}

/// Where Debian keeps the server's programs.
fn installed() -> String {
    let mut found: Vec<String> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .map(|e| e.path().join("bin").display().to_string())
        .collect();
    found.sort();
    found.pop().unwrap_or_default()
}

/// A fresh, empty database.
pub async fn database() -> String {
    let cluster = tokio::task::spawn_blocking(|| CLUSTER.get_or_init(start).port).await.expect("cluster");
    let name = format!("t{}", NEXT.fetch_add(1, Ordering::Relaxed));
    let admin = format!("postgres://kartlegging@127.0.0.1:{cluster}/postgres");
    let connection = sea_orm::Database::connect(&admin).await.expect("cluster connection");
    sea_orm::ConnectionTrait::execute_unprepared(&connection, &format!("CREATE DATABASE {name}")).await.expect("create database");
    connection.close().await.expect("close");
    format!("postgres://kartlegging@127.0.0.1:{cluster}/{name}")
}
