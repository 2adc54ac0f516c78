//! Starting and ending: every refusal with code, remedy and exit status; draining; readiness; logs.

use crate::support::app::Kind;
use crate::support::program::{Program, alone};
use crate::support::sql;
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

#[test]
fn a_wrong_setting_stops_the_start_and_names_itself() {
    alone(async {
        let base = Program::install(Kind::Sqlite).await;
        for (name, value, says) in [
            ("KARTLEGGING_LISTEN", "nowhere", "listen"),
            ("KARTLEGGING_LISTN", "127.0.0.1:1", "listn"),
            ("KARTLEGGING_WORKERS", "many", "workers"),
            ("KARTLEGGING_LOG_FILTER", "=[", "log_filter"),
            ("KARTLEGGING_BASE_URL", "svar.example", "base_url"),
            ("KARTLEGGING_DATABASE_URL", "mysql://x", "database_url"),
            ("KARTLEGGING_DATABASE_URL_FILE", "/nowhere", "KARTLEGGING_DATABASE_URL_FILE"),
            ("KARTLEGGING_SESSION_IDLE_MINUTES", "0", "session_idle_minutes"),
            ("KARTLEGGING_QUESTIONNAIRES", "/nowhere", "questionnaires"),
            ("KARTLEGGING_CONFIG", "/nowhere.toml", "/nowhere.toml"),
        ] {
            let program = Program::install(Kind::Sqlite).await.with(name, value);
            program.run(&["serve"]).await.refused(2, "config-invalid", says);
        }
        let file = base.write("wrong.toml", "listen = \"127.0.0.1:0\"\nlistn = 7\n");
        base.run(&["--config", &file, "serve"]).await.refused(2, "config-invalid", "listn");
        // A database password is in no message.
        let secret = Program::install(Kind::Sqlite).await.with("KARTLEGGING_DATABASE_URL", "postgres://user:hemmelig@127.0.0.1:1/x");
        let refused = secret.run(&["migrate", "status"]).await;
        refused.refused(1, "database-unreachable", "database_url");
        assert!(!refused.err.contains("hemmelig"), "{}", refused.err);
        let unknown = base.run(&["nonsense"]).await;
        assert_eq!(unknown.status, 2);
        assert!(base.run(&["--help"]).await.ok().contains("KARTLEGGING_"));
    });
}

#[test]
fn keys_that_are_missing_lost_damaged_or_others_stop_the_start() {
    alone(async {
        let mut program = Program::install(Kind::Sqlite).await;
        let keys = program.read("keys.toml");
        let serve = async |program: &Program| program.run(&["serve"]).await;

        program.set("KARTLEGGING_KEYS_FILE", "absent.toml");
        serve(&program).await.refused(2, "key-missing", "absent.toml");
        program.write("damaged.toml", "[[key]]\npurpose = \"root\"\nversion = 1\nsecret = \"hemmelig\"\n");
        std::fs::set_permissions(program.path().join("damaged.toml"), std::fs::Permissions::from_mode(0o600)).expect("rights");
        program.set("KARTLEGGING_KEYS_FILE", "damaged.toml");
        let refused = serve(&program).await;
        refused.refused(2, "key-file-invalid", "key");
        assert!(!refused.err.contains("hemmelig"), "{}", refused.err);

        program.set("KARTLEGGING_KEYS_FILE", "keys.toml");
        std::fs::set_permissions(program.path().join("keys.toml"), std::fs::Permissions::from_mode(0o644)).expect("rights");
        serve(&program).await.refused(2, "key-file-invalid", "everybody");
        std::fs::set_permissions(program.path().join("keys.toml"), std::fs::Permissions::from_mode(0o640)).expect("rights");

        // A second version of the look-up key is used once, then lost.
        let other = Program::install(Kind::Sqlite).await;
        let entries = other.read("keys.toml");
        let lookup = entries
            .split("[[key]]")
            .find(|entry| entry.contains("\"lookup\""))
            .expect("a look-up key")
            .replace("version = 1", "version = 2");
        program.write("keys.toml", &format!("{keys}\n[[key]]{lookup}"));
        program.serve().await;
        let status = program.run(&["keys", "status"]).await.ok();
        assert!(status.lines().any(|line| line.starts_with("lookup   version 2, known since")), "{status}");
        program.write("keys.toml", &keys);
        serve(&program).await.refused(1, "key-version-lost", "lookup key version 2");
        program.run(&["keys", "status"]).await.refused(1, "key-version-lost", "lookup key version 2");

        program.write("keys.toml", &entries);
        serve(&program).await.refused(1, "key-version-lost", "version 1 is not the one this database was used with");
        let again = program.run(&["keys", "create"]).await;
        again.refused(1, "exists", "keys.toml");
        assert_eq!(program.read("keys.toml"), entries);
    });
}

#[test]
fn a_released_questionnaire_does_not_change() {
    alone(async {
        let mut program = Program::install(Kind::Sqlite).await;
        let form = include_str!("../../../questionnaires/follow-up/1.0.0.json")
            .replace("follow-up\",", "own-form\",")
            .replace("FollowUp", "OwnForm");
        program.write("forms/own-form/1.0.0.json", &form);
        let folder = program.path().join("forms").display().to_string();
        program.set("KARTLEGGING_QUESTIONNAIRES", &folder);
        program.serve().await;
        let list = program.run(&["questionnaire", "list"]).await.ok();
        assert!(list.lines().any(|line| line.starts_with("own-form 1.0.0") && line.ends_with("own")), "{list}");
        assert_eq!(list.lines().filter(|line| line.ends_with("[nb, nn, en]  built in")).count(), 2, "{list}");

        program.write("forms/own-form/1.0.0.json", &form.replace("Før du begynner", "Før du starter"));
        program.run(&["serve"]).await.refused(1, "questionnaire-changed", "own-form 1.0.0");
        program.write("forms/own-form/1.0.0.json", &form);
        program.write("forms/own-form/1.1.0.json", &form.replace("\"1.0.0\"", "\"1.1.0\"").replace("Før du begynner", "Før du starter"));
        program.serve().await;
        std::fs::remove_file(program.path().join("forms/own-form/1.0.0.json")).expect("removed");
        program.run(&["serve"]).await.refused(1, "questionnaire-changed", "own-form 1.0.0 was released and its file is gone");
        program.write("forms/own-form/1.0.0.json", &form.replace("\"display\"", "\"attachment\""));
        program.run(&["serve"]).await.refused(1, "questionnaire-refused", "1.0.0.json");
    });
}

#[test]
fn a_port_in_use_is_named() {
    alone(async {
        let taken = TcpListener::bind("127.0.0.1:0").expect("port");
        let address = taken.local_addr().expect("address").to_string();
        let program = Program::install(Kind::Sqlite).await.with("KARTLEGGING_LISTEN", &address);
        program.run(&["serve"]).await.refused(1, "port-in-use", &address);
    });
}

/// Waits until the log says so.
async fn logged(serving: &crate::support::program::Serving, word: &str) {
    while !serving.log().contains(word) {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[test]
fn sigterm_lets_a_slow_request_finish() {
    alone(async {
        let program = Program::install(Kind::Sqlite).await;
        let serving = program.serve().await;
        let address = serving.base.trim_start_matches("http://").to_owned();
        let mut slow = TcpStream::connect(&address).expect("connection");
        let body = "{\"code\":\"7K3Q W9XM B4HM\",\"birth_date\":\"1956-03-12\"}";
        let head = format!(
            "POST /api/v1/session HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
            body.len()
        );
        slow.write_all(head.as_bytes()).expect("head");
        slow.write_all(&body.as_bytes()[..10]).expect("half of the body");
        // The server has begun with it when another request that came later is answered.
        serving.http.call("GET", "/healthz").send().await.expect(200);
        serving.terminate();
        logged(&serving, "stopping").await;
        slow.write_all(&body.as_bytes()[10..]).expect("the rest");
        let mut answer = String::new();
        slow.read_to_string(&mut answer).expect("answer");
        assert!(answer.starts_with("HTTP/1.1 4") && answer.contains("\"code\":\"c"), "{answer}");
        let (status, log, out) = serving.ended().await;
        assert_eq!(status, 0, "{log}");
        assert_eq!(out, "");
        assert!(log.contains("stopped"));
        assert!(TcpStream::connect(&address).is_err());
    });
}

#[test]
fn every_log_line_is_json_and_names_its_request() {
    alone(async {
        let program = Program::install(Kind::Sqlite).await;
        let serving = program.serve().await;
        let answer = serving.http.call("GET", "/api/v1/worklist").header("authorization", "Bearer hemmelig-token").send().await;
        let id = answer.headers["x-request-id"].clone();
        assert_eq!(answer.json["request_id"], json!(id));
        serving.terminate();
        let (_, log, _) = serving.ended().await;
        let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}"))).collect();
        let mine: Vec<&Value> = lines.iter().filter(|line| line.pointer("/span/request_id") == Some(&json!(id))).collect();
        assert!(mine.iter().any(|line| line["message"] == "token refused" && line["reason"] == "malformed"), "{log}");
        let done = mine.iter().find(|line| line["message"] == "answered").unwrap_or_else(|| panic!("{log}"));
        assert_eq!((&done["route"], &done["status"]), (&json!("/api/v1/worklist"), &json!(401)));
        assert!(!log.contains("hemmelig"));
    });
}

#[test]
fn without_its_database_it_is_alive_and_not_ready() {
    alone(async {
        let program = Program::install(Kind::Postgres).await.with("KARTLEGGING_MIGRATE", "true");
        let serving = program.serve().await;
        let ready = serving.http.call("GET", "/readyz").send().await.expect(200);
        assert_eq!(ready, json!({"ready": true, "checks": {"database": "ok", "migrations": "ok", "keys": "ok"}}));
        let (server, name) = program.database_url.rsplit_once('/').expect("name");
        sql::execute(&format!("{server}/postgres"), &format!("DROP DATABASE {name} WITH (FORCE)")).await.expect("drop");
        let answer = serving.http.call("GET", "/readyz").send().await;
        assert_eq!(answer.headers["retry-after"], "5");
        let ready = answer.expect(503);
        assert_eq!((&ready["ready"], &ready["checks"]["database"]), (&json!(false), &json!("failed")));
        serving.http.call("GET", "/healthz").send().await.expect(200);
        let opened = serving
            .http
            .call("POST", "/api/v1/session")
            .json(&json!({"link": "https://x.example/s/2QF7C9X3M8KD5WZR0T6VYB4HNA", "birth_date": "1956-03-12"}));
        opened.send().await.expect_problem(503, "unavailable");
        serving.terminate();
        assert_eq!(serving.ended().await.0, 0);
    });
}
