//! A patient's rights, as an operator carries them out.

use super::admin::installed;
use crate::support::app::Kind;
use crate::support::program::{Program, alone};
use crate::support::sql;
use crate::support::world::FNR;

const ABSENT: &str = "0193a5d0-1000-7000-8000-0000000000aa";

/// An installation with one invited patient; gives the organization and a file with the number.
async fn invited(kind: Kind) -> (Program, String, String) {
    let (program, organization, unit) = installed(kind).await;
    let csv = program.write("people.csv", &format!("name,birth_date,identifier\nÅse Oppdiktet,1947-10-13,{FNR}\n"));
    program.run(&["invite", "--csv", &csv, "--organization", &organization, "--unit", &unit]).await.ok();
    let number = program.write("number.txt", &format!("\u{feff}{FNR}\r\n"));
    (program, organization, number)
}

async fn erased(kind: Kind) {
    let (program, organization, number) = invited(kind).await;
    let run = async |rest: &[&str]| program.run(&[&["patient", "erase", "--organization", &organization], rest].concat()).await;
    let whose = ["--national-id-file", &number, "--ground", "Pasientens ønske"];
    let shown = run(&whose).await;
    shown.refused(2, "argument-invalid", "nothing was erased");
    for says in ["will be erased", "1 identity numbers", "0 responses in 0 versions", "pasientjournalforskriften", "1 invitations"] {
        assert!(shown.out.contains(says), "{says}: {}", shown.out);
    }
    assert!(!shown.out.contains(FNR) && !shown.out.contains("Oppdiktet"), "{}", shown.out);
    let done = run(&[&whose as &[&str], &["--yes"]].concat()).await.ok();
    assert!(done.contains("was erased"), "{done}");
    run(&whose).await.refused(1, "not-found", "nothing is held");
    let id = done.lines().next().and_then(|line| line.split(' ').nth(1)).expect("id");
    run(&["--patient", id, "--ground", "igjen", "--yes"]).await.refused(1, "not-found", "erased already");
    assert_eq!(sql::number(&program.database_url, "SELECT COUNT(*) FROM patient_key").await, 0);
}

async fn refused(kind: Kind) {
    let (program, organization, number) = invited(kind).await;
    let run = async |rest: &[&str]| program.run(&[&["patient", "erase", "--organization", &organization], rest].concat()).await;
    for ground in ["", "a\nb"] {
        run(&["--national-id-file", &number, "--ground", ground]).await.refused(2, "argument-invalid", "--ground");
    }
    let wrong = program.write("wrong.txt", "13904709536");
    let refused = run(&["--national-id-file", &wrong, "--ground", "x"]).await;
    refused.refused(2, "argument-invalid", "not one valid national identity number");
    assert!(!refused.err.contains("13904709536"), "{}", refused.err);
    run(&["--national-id-file", "absent.txt", "--ground", "x"]).await.refused(1, "not-found", "absent.txt");
    run(&["--patient", "x", "--ground", "x"]).await.refused(2, "argument-invalid", "--patient");
    run(&["--patient", ABSENT, "--ground", "x"]).await.refused(1, "not-found", "no such patient");
    for arguments in
        [&["--ground", "x"] as &[&str], &["--patient", ABSENT, "--national-id-file", &number, "--ground", "x"], &["--patient", ABSENT]]
    {
        assert_eq!(run(arguments).await.status, 2, "{arguments:?}");
    }
    // Standard input is empty here.
    run(&["--national-id-file", "-", "--ground", "x"]).await.refused(2, "argument-invalid", "not one valid");
    let elsewhere = ["patient", "erase", "--organization", ABSENT, "--national-id-file", &number, "--ground", "x"];
    program.run(&elsewhere).await.refused(1, "not-found", "no such organization");
    let production = program.with("KARTLEGGING_ALLOW_SYNTHETIC_PERSONS", "false");
    let refused =
        production.run(&["patient", "erase", "--organization", &organization, "--national-id-file", &number, "--ground", "x"]).await;
    refused.refused(2, "argument-invalid", "synthetic");
    assert_eq!(sql::number(&production.database_url, "SELECT COUNT(*) FROM patient_key").await, 1);
}

#[test]
fn erased_on_sqlite() {
    alone(erased(Kind::Sqlite));
}

#[test]
fn erased_on_postgres() {
    alone(erased(Kind::Postgres));
}

#[test]
fn what_is_refused_erases_nobody() {
    alone(refused(Kind::Sqlite));
}
