//! Organizations, units, clients, clinicians, tokens, keys, forms, and the demo.

use crate::print::reading::Pdf;
use crate::support::app::Kind;
use crate::support::program::{Program, alone};
use serde_json::{Value, json};

/// An installation with an organization and a unit; gives their ids.
pub async fn installed(kind: Kind) -> (Program, String, String) {
    let program = Program::install(kind).await;
    program.run(&["migrate", "up"]).await.ok();
    let organization =
        program.run(&["organization", "add", "--name", "Oppdiktet HF", "--number", "900000014", "--phone", "55 00 00 01"]).await.ok();
    let unit =
        program.run(&["unit", "add", "--organization", &organization, "--name", "Poliklinikken", "--phone", "55 00 00 02"]).await.ok();
    (program, organization, unit)
}

const ABSENT: &str = "0193a5d0-1000-7000-8000-0000000000aa";

async fn administer(kind: Kind) {
    let (program, organization, unit) = installed(kind).await;
    let run = async |arguments: &[&str]| program.run(arguments).await;
    let client = run(&[
        "client",
        "add",
        "--organization",
        &organization,
        "--name",
        "Brevsystemet",
        "--scope",
        "invitations:write",
        "--scope",
        "invitations:read",
    ])
    .await
    .ok();
    let role = format!("clinician:{unit}");
    let nurse =
        run(&["clinician", "add", "--organization", &organization, "--name", "Test Sykepleier", "--hpr", "9900001", "--role", &role])
            .await
            .ok();
    run(&["clinician", "add", "--organization", &organization, "--name", "Test Revisor", "--subject", "x", "--role", "auditor"]).await.ok();

    let lists: [(&str, &[&str]); 4] = [
        ("organization", &[&organization, "900000014", "health_trust", "Oppdiktet HF", "threshold 4"]),
        ("unit", &[&unit, &organization, "distress-thermometer", "Poliklinikken"]),
        ("client", &[&client, &organization, "Brevsystemet", "invitations:write"]),
        ("clinician", &[&nurse, &organization, &role, "auditor"]),
    ];
    for (what, words) in lists {
        let list = run(&[what, "list"]).await.ok();
        assert!(words.iter().all(|word| list.contains(word)), "{what}: {list}");
    }
    assert_eq!(run(&["unit", "list", "--organization", ABSENT]).await.ok(), "");

    let again = ["organization", "add", "--name", "En annen", "--number", "900000014", "--phone", "1"];
    run(&again).await.refused(1, "exists", "organization exists");
    run(&["clinician", "add", "--organization", &organization, "--name", "X", "--hpr", "9900001", "--role", "auditor"]).await.refused(
        1,
        "exists",
        "clinician",
    );
    run(&["organization", "add", "--name", "X", "--number", "12345678x", "--phone", "1"]).await.refused(
        2,
        "argument-invalid",
        "nine digits",
    );
    run(&["unit", "add", "--organization", ABSENT, "--name", "X", "--phone", "1"]).await.refused(1, "not-found", "no such organization");
    run(&["unit", "add", "--organization", "x", "--name", "X", "--phone", "1"]).await.refused(2, "argument-invalid", "organization list");
    let no_form = ["unit", "add", "--organization", &organization, "--name", "X", "--phone", "1", "--questionnaire", "nothing"];
    run(&no_form).await.refused(2, "argument-invalid", "questionnaire list");
    run(&["client", "add", "--organization", &organization, "--name", "X", "--scope", "all"]).await.refused(
        2,
        "argument-invalid",
        "responses:read",
    );
    for wrong in ["clinician", "auditor:x", &format!("auditor:{unit}"), &format!("king:{unit}")] {
        run(&["clinician", "add", "--organization", &organization, "--name", "X", "--role", wrong]).await.refused(
            2,
            "argument-invalid",
            "role",
        );
    }
    let elsewhere = format!("clinician:{ABSENT}");
    run(&["clinician", "add", "--organization", &organization, "--name", "X", "--role", &elsewhere]).await.refused(
        1,
        "not-found",
        "no such unit",
    );
    run(&["token", "issue", "--client", ABSENT]).await.refused(1, "not-found", "no such client");
    run(&["token", "issue", "--clinician", "x"]).await.refused(2, "argument-invalid", "clinician list");
    assert_eq!(run(&["token", "issue"]).await.status, 2);
    assert_eq!(run(&["token", "issue", "--client", &client, "--minutes", "0"]).await.status, 2);
    run(&["token", "issue", "--client", &client, "--patient", ABSENT]).await.refused(1, "not-found", "no such patient");
    run(&["token", "issue", "--client", &client, "--patient", "x"]).await.refused(2, "argument-invalid", "--patient");
    run(&["token", "issue", "--clinician", &nurse, "--patient", ABSENT]).await.refused(2, "argument-invalid", "--client");
    let keys = run(&["keys", "status"]).await.ok();
    for purpose in ["root", "link", "lookup", "session", "issuer", "log"] {
        assert!(keys.lines().any(|line| line.starts_with(purpose) && line.contains("version 1,")), "{keys}");
    }

    // What the commands made is what the service knows.
    let token = run(&["token", "issue", "--client", &client]).await.ok();
    let nurse = run(&["token", "issue", "--clinician", &nurse, "--minutes", "5"]).await.ok();
    let serving = program.serve().await;
    let order = json!({"patient": {"name": "Odd Oppdiktet", "birth_date": "1950-01-01"}, "unit": unit});
    let issued = serving.http.call("POST", "/api/v1/invitations").bearer(&token).key("command-1").json(&order).send().await.expect(201);
    assert_eq!(issued["unit"], Value::String(unit.clone()));
    // For one patient, a token gives what the client may see of that one, and only where it is asked for so.
    let patient = issued["patient"].as_str().expect("patient");
    let narrow = run(&["token", "issue", "--client", &client, "--patient", patient]).await.ok();
    let found = serving.http.call("GET", "/fhir/Task").bearer(&narrow).send().await.expect(200);
    assert_eq!(found["entry"][0]["resource"]["id"], issued["id"]);
    let invitation = format!("/api/v1/invitations/{}", issued["id"].as_str().expect("id"));
    serving.http.call("GET", &invitation).bearer(&narrow).send().await.expect_problem(403, "patient-only");
    let letters = ["client", "add", "--organization", &organization, "--name", "Brev", "--scope", "letters:render"];
    let letters = run(&letters).await.ok();
    let refused = run(&["token", "issue", "--client", &letters, "--patient", patient]).await;
    refused.refused(2, "argument-invalid", "about one patient");
    let today = chrono_date(0);
    let list = format!("/api/v1/worklist?unit={unit}&from={today}&to={today}");
    let list = serving.http.call("GET", &list).bearer(&nurse).send().await.expect(200);
    assert_eq!(list["items"][0]["patient"]["name"], "Odd Oppdiktet");
}

/// A day so many days from now, as the program's own clock has it.
pub fn chrono_date(days: i64) -> String {
    #[expect(clippy::disallowed_methods, reason = "the program is a process with the machine's clock")]
    let now = chrono::Utc::now();
    let there = now.with_timezone(&chrono_tz::Europe::Oslo) + chrono::Duration::days(days);
    there.date_naive().to_string()
}

#[test]
fn what_an_operator_adds_on_sqlite() {
    alone(administer(Kind::Sqlite));
}

#[test]
fn what_an_operator_adds_on_postgres() {
    alone(administer(Kind::Postgres));
}

#[test]
fn forms_are_checked() {
    alone(async {
        let program = Program::install(Kind::Sqlite).await;
        let root = concat!(env!("CARGO_MANIFEST_DIR"), "/questionnaires");
        let good = program
            .run(&["questionnaire", "check", &format!("{root}/follow-up/1.0.0.json"), &format!("{root}/distress-thermometer/1.0.0.json")])
            .await
            .ok();
        assert!(
            good.contains("ok: follow-up 1.0.0 in nb, nn, en,") && good.contains("ok: distress-thermometer 1.0.0 in nb, nn, en,"),
            "{good}"
        );
        assert!(!good.contains("refused") && !good.contains("warning"), "{good}");

        let form = |language: &str, word: &str| {
            json!({
                "resourceType": "Questionnaire", "language": language, "url": "https://skjema.example/Questionnaire/eget", "version": "1", "name": "Eget",
                "title": word, "status": "active", "item": [{"linkId": "1", "text": word, "type": "string"}],
            })
        };
        let bundle = json!({"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": form("nb-NO", "Hva heter du?")}, {"resource": form("nn-NO", "Kva heiter du?")}]});
        let bundle = program.write("bundle.json", &bundle.to_string());
        let read = program.run(&["questionnaire", "check", &bundle]).await.ok();
        assert!(read.contains("ok: ") && read.contains("nb") && read.contains("nn"), "{read}");

        let mut bad = form("nb", "Bilde");
        bad["item"] = json!([
            {"linkId": "0", "text": "Bilde", "type": "attachment"},
            {"linkId": "1", "text": "En gang", "type": "string"},
            {"linkId": "1", "text": "To ganger", "type": "string"},
            {"linkId": "2", "text": "Skjult", "type": "string", "enableWhen": [{"question": "9", "operator": "=", "answerString": "x"}]},
        ]);
        let bad = program.write("bad.json", &bad.to_string());
        let refused = program.run(&["questionnaire", "check", &bundle, &bad]).await;
        refused.refused(1, "questionnaire-refused", "1 of 2");
        assert!(refused.out.lines().filter(|line| line.starts_with("  refused ")).count() >= 3, "all faults at once: {}", refused.out);
        let broken = program.write("broken.json", "{");
        program.run(&["questionnaire", "check", &broken]).await.refused(1, "questionnaire-refused", "1 of 1");
        program.run(&["questionnaire", "check", "absent.json"]).await.refused(1, "not-found", "absent.json");
    });
}

fn print<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&["questionnaire", "print"], more].concat()
}

#[test]
fn a_form_is_printed_for_a_pen() {
    alone(async {
        let program = Program::install(Kind::Sqlite).await;
        let out = program.path().join("skjema.pdf");
        let file = out.display().to_string();
        for (arguments, title) in [
            (vec!["follow-up", "--language", "en", "--out", &file], "Your distress and concerns now"),
            (vec!["distress-thermometer", "--version", "1.0.0", "--out", &file], "Kartlegging av påkjenning"),
        ] {
            assert_eq!(program.run(&print(&arguments)).await.ok(), "");
            let pdf = Pdf::open(&std::fs::read(&out).expect("a file"));
            assert!(pdf.title().starts_with(title) && pdf.says(title), "{}", pdf.title());
            assert!(!pdf.says("Kode:"), "a code on a blank form");
        }
        let absent = program.path().join("no/such/folder.pdf").display().to_string();
        for (arguments, status, code, says) in [
            (vec!["no-such-form"], 1, "not-found", "no-such-form"),
            (vec!["follow-up", "--version", "9.9.9"], 1, "not-found", "9.9.9"),
            (vec!["follow-up", "--language", "se"], 1, "not-found", "se"),
            (vec!["follow-up", "--out", &absent], 2, "argument-invalid", "folder.pdf"),
        ] {
            program.run(&print(&arguments)).await.refused(status, code, says);
        }
        assert_eq!(program.run(&print(&["follow-up", "--language", "1"])).await.status, 2);

        // Led elsewhere the output is the document; a terminal is asked to name a file.
        let command = format!("{} questionnaire print follow-up", env!("CARGO_BIN_EXE_kartlegging"));
        let piped = std::process::Command::new("sh").args(["-c", &command]).current_dir(program.path()).output().expect("output");
        assert!(Pdf::open(&piped.stdout).says("Side 1 av"));
        let terminal = std::process::Command::new("script")
            .args(["-qec", &command, "/dev/null"])
            .current_dir(program.path())
            .output()
            .expect("script");
        let shown = String::from_utf8_lossy(&terminal.stdout);
        assert!(shown.contains("error[argument-invalid]") && shown.contains("--out") && !shown.contains("%PDF"), "{shown}");
        assert_eq!(terminal.status.code(), Some(2));
    });
}

/// What stands after a label on the demo's screen.
fn shown<'t>(screen: &'t str, label: &str) -> &'t str {
    screen.lines().find_map(|line| line.trim().strip_prefix(label)).unwrap_or_else(|| panic!("no {label}: {screen}")).trim()
}

#[test]
fn the_demo_finds_its_data_again() {
    alone(async {
        let program = Program::install(Kind::Sqlite).await;
        let demo = async || program.run(&["demo", "--no-serve", "--data", "demo"]).await.ok();
        let (first, second) = (demo().await, demo().await);
        for screen in [&first, &second] {
            assert_eq!(screen.lines().filter(|line| line.trim().starts_with("curl ")).count(), 3, "{screen}");
            assert_eq!(shown(screen, "A client's token").split('.').count(), 3);
        }
        assert_ne!(shown(&first, "its code"), shown(&second, "its code"), "a fresh link every time");
        let database = format!("sqlite://{}", program.path().join("demo/kartlegging.db").display());
        let count = async |table: &str| crate::support::sql::number(&database, &format!("SELECT COUNT(*) FROM {table}")).await;
        assert_eq!((count("organization").await, count("unit").await, count("clinician").await), (3, 5, 10));
        assert_eq!(count("response").await, 20);
        let states =
            crate::support::sql::texts(&database, "SELECT DISTINCT state || COALESCE(':' || closed_reason, '') FROM invitation ORDER BY 1")
                .await;
        assert_eq!(
            states,
            ["answered", "closed:declined", "closed:expired", "closed:locked", "closed:revoked", "issued", "opened", "started"]
        );
    });
}
