//! Backup while the service serves, restore elsewhere, on both databases from end to end: on SQLite by
//! the commands, on PostgreSQL by the lines that they print.

use crate::on_both;
use crate::support::app::{Kind, settings};
use crate::support::program::{Program, alone};
use crate::support::world::{BORN, Invited, with_text};
use crate::support::{TestApp, postgres, sql};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The program on the application's database and keys.
async fn beside(app: &TestApp, database_url: &str) -> Program {
    let keys = app.folder.path().join("keys.toml").display().to_string();
    let program = Program::install(Kind::Sqlite).await;
    program.with("KARTLEGGING_DATABASE_URL", database_url).with("KARTLEGGING_KEYS_FILE", &keys)
}

/// Runs lines as an operator does, and gives what they print.
fn shell(lines: &str, database_url: &str) -> String {
    let mut shell = std::process::Command::new("sh");
    let output = shell.args(["-c", lines]).env("PATH", postgres::path()).env("DATABASE_URL", database_url).output().expect("sh");
    assert!(output.status.success(), "{lines}\n{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

async fn back_up(app: &TestApp, name: &str) -> PathBuf {
    let file = app.folder.path().join(name);
    let program = beside(app, &app.database_url).await;
    let ended = program.run(&["backup", file.to_str().expect("path")]).await;
    match app.kind {
        Kind::Sqlite => assert!(ended.ok().contains(".keys holds the data keys of")),
        Kind::Postgres => {
            ended.refused(1, "not-sqlite", "PostgreSQL");
            shell(&ended.out, &app.database_url);
        }
    }
    for path in [file.clone(), keys_of(&file)] {
        let rights = std::fs::metadata(&path).expect("a file").permissions().mode() & 0o777;
        assert_eq!(rights, 0o600, "{}", path.display());
    }
    file
}

fn keys_of(file: &Path) -> PathBuf {
    PathBuf::from(format!("{}.keys", file.display()))
}

/// Restores into a database of its own and serves it.
async fn restored(app: &TestApp, name: &str, file: &Path, keys: Option<&Path>) -> TestApp {
    let path = file.to_str().expect("path");
    let database_url = match app.kind {
        Kind::Sqlite => {
            let url = format!("sqlite://{}", app.folder.path().join(name).display());
            let mut arguments = vec!["restore", path];
            arguments.extend(keys.iter().flat_map(|keys| ["--keys", keys.to_str().expect("path")]));
            let said = beside(app, &url).await.run(&arguments).await.ok();
            assert!(keys.is_some() || said.contains("1 of 1 patients have no data key"), "{said}");
            url
        }
        Kind::Postgres => {
            let url = postgres::database().await;
            let ended = beside(app, &url).await.run(&["restore", path]).await;
            ended.refused(1, "not-sqlite", "PostgreSQL");
            let own = keys_of(file).display().to_string();
            let lines = ended.out.lines().filter(|line| keys.is_some() || !line.contains(".keys"));
            let lines: Vec<String> = lines.map(|line| line.replace("$FILE.keys", keys.and_then(Path::to_str).unwrap_or(&own))).collect();
            shell(&lines.join("\n"), &url);
            let status = beside(app, &url).await.run(&["keys", "status"]).await.ok();
            assert!(status.ends_with("the ones this database was used with"), "{status}");
            url
        }
    };
    let own = settings(&database_url, app.folder.path());
    TestApp::with(app.kind, own, Arc::clone(&app.clock), Arc::clone(&app.folder), Some(app.world.clone())).await
}

async fn summary(app: &TestApp, response: &str) -> crate::support::app::Answer {
    app.get(&format!("/api/v1/responses/{response}/summary")).bearer(app.world.token("clinician")).send().await
}

async fn data_key(app: &TestApp, invited: &Invited) -> Vec<u8> {
    let id = match app.kind {
        Kind::Sqlite => format!("X'{}'", invited.patient.replace('-', "")),
        Kind::Postgres => format!("'{}'", invited.patient),
    };
    let rows = sql::query(&app.database_url, &format!("SELECT wrapped FROM patient_key WHERE patient_id = {id}")).await;
    rows[0].try_get_by_index(0).expect("bytes")
}

/// Whether a backup's file holds these bytes.
fn holds(kind: Kind, file: &Path, bytes: &[u8]) -> bool {
    match kind {
        Kind::Sqlite => std::fs::read(file).expect("a file").windows(bytes.len()).any(|window| window == bytes),
        Kind::Postgres => {
            let text = shell(&format!("pg_restore --data-only --file=- '{}'", file.display()), "");
            text.contains(&sql::hex(bytes))
        }
    }
}

on_both! {
    async fn what_is_backed_up_while_requests_run_is_read_elsewhere(app: TestApp) {
        let app = Arc::new(app);
        let invited = app.invite("visit-1").await;
        let open = app.invite("visit-2").await;
        let (_, receipt) = app.answer(&invited, &with_text("hemmelig")).await;
        let response = receipt["response"].as_str().expect("id").to_owned();
        let (own, stop) = (Arc::clone(&app), Arc::new(AtomicBool::new(false)));
        let stopped = Arc::clone(&stop);
        let load = tokio::spawn(async move {
            let mut turns = 0;
            while !stopped.load(Ordering::Relaxed) {
                own.invite(&format!("load-{turns}")).await;
                turns += 1;
            }
            turns
        });
        let file = back_up(&app, "first.backup").await;
        stop.store(true, Ordering::Relaxed);
        assert!(load.await.expect("no request failed") > 0);
        let key = data_key(&app, &invited).await;
        assert!(!holds(app.kind, &file, &key), "a data key is in the backup");
        assert!(holds(app.kind, &keys_of(&file), &key), "the data key is in no file");

        let whole = restored(&app, "whole.db", &file, Some(&keys_of(&file))).await;
        assert!(summary(&whole, &response).await.expect(200).to_string().contains("hemmelig"));
        whole.open(&open, None).await;
        assert_eq!(sql::number(&whole.database_url, "SELECT COUNT(*) FROM patient WHERE id NOT IN (SELECT patient_id FROM patient_key)").await, 0);

        // Erased after the backup: the keys of that time bring the patient back, those of today don't,
        // and without any nobody can be read.
        let erase = "DELETE FROM patient_key";
        assert_eq!(sql::execute(&app.database_url, erase).await.expect("erase"), 1);
        let later = back_up(&app, "later.backup").await;
        let back = restored(&app, "back.db", &file, Some(&keys_of(&file))).await;
        summary(&back, &response).await.expect(200);
        for (name, keys) in [("today.db", Some(keys_of(&later))), ("none.db", None)] {
            let gone = restored(&app, name, &file, keys.as_deref()).await;
            let read = summary(&gone, &response).await;
            assert!((400..500).contains(&read.status) && !read.text.contains("hemmelig") && !read.text.contains("Oppdiktet"), "{}", read.text);
            let opened = gone.try_link(&open, BORN).await;
            assert!((400..500).contains(&opened.status), "{}", opened.text);
        }
    }
}

#[test]
fn a_restore_replaces_nothing_that_is_open_and_nothing_without_being_told() {
    crate::support::app::run(Kind::Sqlite, |app| async move {
        app.invite("visit-1").await;
        let file = back_up(&app, "first.backup").await;
        let (path, keys) = (file.display().to_string(), keys_of(&file).display().to_string());
        let program = beside(&app, &app.database_url).await;
        program.run(&["backup", &path]).await.refused(1, "exists", &path);
        program.run(&["restore", &path]).await.refused(1, "exists", "test.db");
        let all = ["restore", path.as_str(), "--keys", keys.as_str(), "--replace"];
        program.run(&all).await.refused(1, "database-in-use", "test.db");
        app.invite("visit-2").await;
        let elsewhere = format!("sqlite://{}", app.folder.path().join("elsewhere.db").display());
        let other = beside(&app, &elsewhere).await;
        other.run(&all).await.ok();
        let again = other.run(&all).await.ok();
        assert!(again.contains("elsewhere.db.before-"), "{again}");
        let status = other.run(&["keys", "status"]).await.ok();
        assert!(status.ends_with("the ones this database was used with"), "{status}");

        // What is damaged, cut off, something else or another installation's changes nothing.
        let before = std::fs::read(app.folder.path().join("elsewhere.db")).expect("database");
        let bytes = std::fs::read(&file).expect("backup");
        let mut bent = bytes.clone();
        let middle = bent.len() / 2;
        bent[middle..middle + 2000].fill(0x5a);
        for (name, bytes) in [("bent", bent), ("cut", bytes[..bytes.len() / 3].to_vec()), ("text", b"no database at all".repeat(100))] {
            let wrong = program.path().join(name);
            std::fs::write(&wrong, bytes).expect("file");
            let sum = |path: &Path| PathBuf::from(format!("{}.sha256", path.display()));
            std::fs::copy(sum(&file), sum(&wrong)).expect("checksum");
            let wrong = wrong.display().to_string();
            other.run(&["restore", &wrong, "--replace"]).await.refused(1, "backup-invalid", &wrong);
            other.run(&["restore", &path, "--keys", &wrong, "--replace"]).await.refused(1, "backup-invalid", &wrong);
        }
        // One letter inside a value: the structure is whole, the checksum says it.
        let mut inside = std::fs::read(&file).expect("backup");
        let name = b"distress-thermometer";
        let at = inside.windows(name.len()).position(|window| window == name).expect("a value");
        inside[at] = b'D';
        let wrong = program.path().join("inside");
        std::fs::write(&wrong, inside).expect("file");
        std::fs::copy(format!("{path}.sha256"), program.path().join("inside.sha256")).expect("checksum");
        let wrong = wrong.display().to_string();
        other.run(&["restore", &wrong, "--replace"]).await.refused(1, "backup-invalid", "its checksum is not the one in");
        assert_eq!(std::fs::read_to_string(format!("{path}.sha256")).expect("checksum").split_whitespace().nth(1), Some("first.backup"));
        other.run(&["restore", "/nowhere", "--replace"]).await.refused(1, "backup-invalid", "/nowhere");
        let stranger = Program::install(Kind::Sqlite).await;
        stranger.run(&["restore", &path]).await.refused(1, "key-version-lost", "not the one this database was used with");
        assert!(!stranger.path().join("kartlegging.db").exists() && !stranger.path().join("kartlegging.db.restoring").exists());
        let newer = "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m29991231_000001_later', 0)";
        let copy = app.folder.path().join("newer.backup");
        std::fs::copy(&file, &copy).expect("copy");
        sql::execute(&format!("sqlite://{}", copy.display()), newer).await.expect("newer");
        other.run(&["restore", copy.to_str().expect("path"), "--replace"]).await.refused(1, "database-newer", "later");
        assert_eq!(std::fs::read(app.folder.path().join("elsewhere.db")).expect("database"), before);
    });
}

#[test]
fn there_must_be_a_database_to_back_up() {
    alone(async {
        let program = Program::install(Kind::Sqlite).await;
        program.run(&["backup", "copy.db"]).await.refused(1, "not-found", "kartlegging.db");
        assert!(!program.path().join("kartlegging.db").exists() && !program.path().join("copy.db").exists());
    });
}
