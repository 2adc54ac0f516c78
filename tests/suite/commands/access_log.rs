//! `kartlegging access-log`: what an operator or auditor runs, with the service stopped.

use super::admin::{chrono_date, installed};
use crate::support::app::Kind;
use crate::support::program::{Program, alone};
use crate::support::sql;

/// An installation with ten entries in its log, sealed, signed and written to the file.
async fn signed(kind: Kind) -> (Program, String) {
    let (program, organization, unit) = installed(kind).await;
    let day = chrono_date(5);
    let rows: String = (0..10).map(|n| format!("Oppdiktet {n};1950-01-01;EHR-{n};{day} 09:30\n")).collect();
    let file = program.write("liste.csv", &format!("name;birth_date;appointment_id;starts_at\n{rows}"));
    program.run(&["invite", "--csv", &file, "--organization", &organization, "--unit", &unit]).await.ok();
    let serving = program.serve().await;
    while !program.path().join("access-log-heads.txt").exists() {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    serving.terminate();
    assert_eq!(serving.ended().await.0, 0);
    (program, organization)
}

async fn verify(kind: Kind) {
    let (program, organization) = signed(kind).await;
    let sound = program.run(&["access-log", "verify"]).await.ok();
    assert!(sound.starts_with(&format!("{organization}  ok: 10 sealed, 10 of them covered by the head signed at 20")), "{sound}");
    let heads = program.run(&["access-log", "heads"]).await.ok();
    assert!(heads.starts_with(&format!("kartlegging/{organization}\n10\n")), "{heads}");
    program.write("own-head.txt", &heads);
    let key = program.run(&["access-log", "key"]).await.ok();
    let named = program.run(&["access-log", "key", "--organization", &organization]).await.ok();
    assert!(named.starts_with(&format!("kartlegging/{organization}+")), "{named}");

    // An auditor has the public key and no key file.
    std::fs::rename(program.path().join("keys.toml"), program.path().join("away.toml")).expect("away");
    program.run(&["access-log", "verify"]).await.refused(2, "key-missing", "keys.toml");
    for key in [&key, &named] {
        for heads in ["access-log-heads.txt", "own-head.txt"] {
            program.run(&["access-log", "verify", "--public-key", key, "--head", heads]).await.ok();
        }
    }
    let other = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    let refused = program.run(&["access-log", "verify", "--public-key", other]).await;
    refused.refused(1, "access-log-broken", "1 of 1");
    assert!(refused.out.contains("not signed by the log's key"), "{}", refused.out);
    let with = |arguments: &[&'static str]| -> Vec<String> {
        ["access-log", "verify", "--public-key", &key].into_iter().chain(arguments.iter().copied()).map(str::to_owned).collect()
    };
    let run = async |arguments: &[&'static str]| {
        let arguments = with(arguments);
        program.run(&arguments.iter().map(String::as_str).collect::<Vec<_>>()).await
    };
    run(&["--head", "absent.txt"]).await.refused(1, "not-found", "absent.txt");
    program.write("nonsense.txt", "kartlegging/x\n1\n\n\u{2014} x y\n");
    run(&["--head", "nonsense.txt"]).await.refused(2, "argument-invalid", "line 1 is not a signed head");
    program.write("empty.txt", "");
    run(&["--head", "empty.txt"]).await.refused(2, "argument-invalid", "no signed head");
    program.run(&["access-log", "verify", "--public-key", "x"]).await.refused(2, "argument-invalid", "access-log key");
    program.write("cut.txt", &format!("{heads}\n\n{}", &heads[..80]));
    let cut = run(&["--head", "cut.txt"]).await;
    assert!(cut.err.contains("not whole") && cut.status == 0, "{}", cut.err);

    // The end is cut off, and the heads in the database with it.
    let (off, guards): (&[&str], &[&str]) = match kind {
        Kind::Sqlite => (&["access_log", "access_log_patient", "access_log_seal", "access_log_head"], &[]),
        Kind::Postgres => (&[], &["access_log", "access_log_patient", "access_log_seal", "access_log_head"]),
    };
    for table in off {
        sql::execute(&program.database_url, &format!("DROP TRIGGER {table}_no_delete")).await.expect("trigger");
    }
    for table in guards {
        sql::execute(&program.database_url, &format!("ALTER TABLE {table} DISABLE TRIGGER USER")).await.expect("trigger");
    }
    for statement in [
        "DELETE FROM access_log_patient WHERE entry_id IN (SELECT entry_id FROM access_log_seal WHERE sequence > 8)",
        "DELETE FROM access_log WHERE id IN (SELECT entry_id FROM access_log_seal WHERE sequence > 8)",
        "DELETE FROM access_log_seal WHERE sequence > 8",
        "DELETE FROM access_log_head",
    ] {
        sql::execute(&program.database_url, statement).await.expect(statement);
    }
    let blind = run(&[]).await.ok();
    assert!(blind.contains("ok: 8 sealed, no head signed yet"), "{blind}");
    let found = run(&["--head", "access-log-heads.txt"]).await;
    found.refused(1, "access-log-broken", "1 of 1 organizations");
    assert_eq!(
        found.out.trim(),
        format!("{organization}  BROKEN at place 9: the log ends before here, and a head of 10 entries was signed: its end is cut off")
    );
}

#[test]
fn verify_on_sqlite() {
    alone(verify(Kind::Sqlite));
}

#[test]
fn verify_on_postgres() {
    alone(verify(Kind::Postgres));
}

async fn staff(kind: Kind) {
    let (program, organization, unit) = installed(kind).await;
    let role = format!("clinician:{unit}");
    let add = ["clinician", "add", "--organization", &organization, "--name", "Test Sykepleier", "--role", &role];
    let with = |file: &'static str| add.iter().copied().chain(["--national-id-file", file]).collect::<Vec<_>>();
    program.write("fnr.txt", "13904709535\n");
    program.write("wrong.txt", "13904709536\n");
    let nurse = program.run(&with("fnr.txt")).await.ok();
    let known = "SELECT COUNT(*) FROM clinician WHERE national_id_index IS NOT NULL AND national_id_key_version = 1";
    assert_eq!(sql::number(&program.database_url, known).await, 1);
    // A number that is none adds nobody, and is not shown.
    for (file, status, code) in [("wrong.txt", 2, "argument-invalid"), ("absent.txt", 1, "not-found")] {
        let refused = program.run(&with(file)).await;
        refused.refused(status, code, file);
        assert!(!refused.err.contains("13904709536"), "{}", refused.err);
    }
    assert_eq!(sql::number(&program.database_url, "SELECT COUNT(*) FROM clinician").await, 1);
    let set = async |arguments: &[&str]| {
        let all: Vec<&str> = ["clinician", "national-id", "--clinician", &nurse].into_iter().chain(arguments.iter().copied()).collect();
        program.run(&all).await
    };
    set(&["--remove"]).await.ok();
    assert_eq!(sql::number(&program.database_url, known).await, 0);
    set(&["--file", "fnr.txt"]).await.ok();
    assert_eq!(sql::number(&program.database_url, known).await, 1);
    assert_eq!(set(&[]).await.status, 2);
    set(&["--file", "-"]).await.refused(2, "argument-invalid", "not valid");
    let unknown = "0193a5d0-1000-7000-8000-0000000000aa";
    program.run(&["clinician", "national-id", "--clinician", unknown, "--remove"]).await.refused(1, "not-found", "no such clinician");
    program.run(&["access-log", "limit", "--organization", &organization, "--patients-a-day", "20"]).await.ok();
    assert_eq!(sql::number(&program.database_url, "SELECT CAST(log_patients_a_day AS bigint) FROM organization").await, 20);
    program.run(&["access-log", "limit", "--organization", unknown]).await.refused(1, "not-found", "no such organization");
    assert_eq!(program.run(&["access-log", "limit", "--organization", &organization, "--patients-a-day", "0"]).await.status, 2);
}

#[test]
fn who_is_a_colleague_on_sqlite() {
    alone(staff(Kind::Sqlite));
}

#[test]
fn who_is_a_colleague_on_postgres() {
    alone(staff(Kind::Postgres));
}
