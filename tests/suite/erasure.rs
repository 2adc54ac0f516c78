//! Erasing a patient: what goes, what stays, what everybody is told after it, and that nothing that is
//! under way at the same time leaves anything readable behind.

use crate::on_both;
use crate::support::app::{Kind, TestApp};
use crate::support::browser::Browser;
use crate::support::sql;
use crate::support::world::{BORN, Invited, WRONG_DATE, answers, draft};
use chrono::Duration;
use kartlegging::domain::ids::{OrganizationId, PatientId};
use kartlegging::services::erase_patient::{self, Error, Ground, Holding};
use kartlegging::services::vault::PatientCipher;
use kartlegging::services::{enforce_retention, expire_invitations, retention};
use kartlegging::storage::patients;
use serde_json::{Value, json};
use std::path::Path;

/// Tables with everything in them that is sealed under a patient's key or leads to the patient.
const SEALED: [(&str, &str); 11] = [
    ("patient", "name_sealed"),
    ("patient", "birth_date_sealed"),
    ("patient", "contact_sealed"),
    ("patient_key", "wrapped"),
    ("patient_identifier", "value_sealed"),
    ("patient_identifier_index", "blind_index"),
    ("draft", "answers_sealed"),
    ("draft", "respondent_sealed"),
    ("response", "digest_sealed"),
    ("response_version", "answers_sealed"),
    ("response_version", "respondent_sealed"),
];

fn own(app: &TestApp) -> OrganizationId {
    app.world.organization.expect("organization")
}

fn id(text: &str) -> PatientId {
    PatientId::parse(text).expect("id")
}

fn ground() -> Ground {
    Ground::parse("Pasientens ønske 24. november, vedtatt av personvernombudet").expect("ground")
}

async fn erase(app: &TestApp, patient: &str) -> Result<Holding, Error> {
    erase_patient::erase(&app.services, own(app), id(patient), ground()).await
}

/// Every sealed value that is not empty.
async fn sealed(app: &TestApp) -> Vec<(&'static str, Vec<u8>)> {
    let mut all = Vec::new();
    for (table, column) in SEALED {
        for row in sql::query(&app.database_url, &format!("SELECT {column} FROM {table}")).await {
            let value: Option<Vec<u8>> = row.try_get("", column).expect(column);
            all.extend(value.filter(|value| !value.is_empty()).map(|value| (column, value)));
        }
    }
    all
}

/// The data key as somebody might have kept it.
async fn kept_key(app: &TestApp, patient: &str) -> PatientCipher {
    let context = (app.services.clone(), own(app), id(patient));
    let read = app.services.db.read(context, |(services, organization, patient), snapshot| {
        Box::pin(async move {
            let row = patients::find(snapshot, *organization, *patient).await?.expect("patient");
            services.vault.patient(snapshot, *organization, *patient, &row.key.expect("key")).await
        })
    });
    read.await.expect("cipher")
}

/// How many of the values stand in the files of the database.
fn in_files(app: &TestApp, values: &[(&'static str, Vec<u8>)]) -> usize {
    let base = app.database_url.trim_start_matches("sqlite://").split('?').next().unwrap_or_default();
    let files = ["", "-wal"].map(|end| std::fs::read(Path::new(&format!("{base}{end}"))).unwrap_or_default());
    // A long value goes on in another page.
    let stands =
        |value: &[u8]| files.iter().any(|file| file.windows(value.len().min(40)).any(|part| part == &value[..value.len().min(40)]));
    values.iter().filter(|(_, value)| stands(value)).count()
}

async fn worklist(app: &TestApp) -> Vec<Value> {
    let path = format!("/api/v1/worklist?unit={}&from=2026-11-24&to=2026-12-05", app.world.unit);
    let page = app.get(&path).bearer(app.world.token("clinician")).send().await.expect(200);
    page["items"].as_array().cloned().unwrap_or_default()
}

/// A patient with an answer in two versions, a review, a second letter under way and a third.
async fn lived_in(app: &TestApp) -> (Invited, Invited, String, String) {
    let mut order = app.order("visit-1");
    order["patient"]["contact"] = json!({"email": "ase@example.com", "phone": "00000001"});
    let first = Invited::of(app.issue("key-visit-1", &order).await.expect(201));
    let (session, receipt) = app.answer(&first, &answers(8, &["pain"], &["pain"], "yes", Some("yes"))).await;
    let response = receipt["response"].as_str().expect("id").to_owned();
    app.delete("/api/v1/session").bearer(&session).send().await.expect(204);
    let paper = json!({"invitation": first.id, "respondent": {"kind": "representative", "relation": "parent", "name": "Kari Prøve", "phone": "00000003"},
        "answers": answers(5, &[], &[], "maybe", Some("no")), "language": "nb", "answered_on": "2026-11-24"});
    app.post("/api/v1/responses").bearer(app.world.token("clinician")).key("paper-0001").json(&paper).send().await.expect(201);
    let review = app.post(&format!("/api/v1/responses/{response}/review")).bearer(app.world.token("clinician"));
    review.json(&json!({"version": 2})).send().await.expect(200);
    let second = app.invite("visit-2").await;
    let (session, _) = app.open(&second, None).await;
    app.save(&session, 0, &answers(3, &[], &[], "no", Some("no"))).await.expect(200);
    (first, second, response, session)
}

on_both! {
    async fn what_goes_and_what_stays(app: TestApp) {
        let (first, second, response, _) = lived_in(&app).await;
        let before = sealed(&app).await;
        assert_eq!(before.len(), 15, "one of each, a second version and a second draft");
        assert!(app.services.db.let_go().await);
        let key = kept_key(&app, &first.patient).await;
        if app.kind == Kind::Sqlite {
            assert_eq!(in_files(&app, &before), before.len());
        }
        let seen = erase_patient::holding(&app.services, own(&app), id(&first.patient)).await.expect("holding");
        let held = erase(&app, &first.patient).await.expect("erased");
        assert_eq!(held, seen, "what was shown is what went");
        assert_eq!((held.keys, held.identifiers, held.contact, held.drafts, held.responses, held.versions), (1, 1, true, 2, 1, 2));
        assert_eq!((held.reviews, held.invitations, held.appointments), (1, 2, 2));
        // Nothing sealed is left in any row, nor in the files of an embedded database.
        assert_eq!(sealed(&app).await, []);
        if app.kind == Kind::Sqlite {
            assert_eq!(in_files(&app, &before), 0);
        }
        for row in sql::query(&app.database_url, "SELECT response_id, version, answers_sealed FROM response_version").await {
            let (of, version): (uuid::Uuid, i32) = (row.try_get("", "response_id").expect("id"), row.try_get("", "version").expect("version"));
            let value: Vec<u8> = row.try_get("", "answers_sealed").expect("value");
            assert!(key.open("response_version", "answers_sealed", of, version, &value).is_err(), "a kept key opens nothing");
        }
        let words = sql::texts(&app.database_url, "SELECT consent FROM response_version").await;
        assert_eq!(words, ["erased", "erased"]);
        // The law's part: that there was something, and who has seen it.
        let count = async |query: &str| sql::number(&app.database_url, &format!("SELECT COUNT(*) FROM {query}")).await;
        assert_eq!(count("appointment WHERE external_id IS NULL").await, 2);
        assert_eq!((count("invitation").await, count("response").await, count("response_version").await, count("review").await), (2, 1, 2, 1));
        assert_eq!(count("credential WHERE revoked_at IS NULL").await, 0);
        assert_eq!((count("session").await, count("draft").await), (0, 0));
        let log = app.get(&format!("/api/v1/patients/{}/access-log", first.patient)).bearer(app.world.token("auditor")).send().await.expect(200);
        let entry = log["items"].as_array().into_iter().flatten().find(|entry| entry["action"] == "patient.erase").expect("logged");
        assert_eq!((&entry["action"], &entry["actor"]["kind"], &entry["object"]["id"]), (&json!("patient.erase"), &json!("system"), &json!(first.patient)));
        assert!(!log.to_string().contains("Pasientens"), "the ground is sealed");
        assert_eq!(count("access_log WHERE action = 'patient.erase' AND ground_text_sealed IS NOT NULL").await, 1);
        assert_eq!(app.invitation(&first.id).await["state"], "answered");
        assert_eq!((&app.invitation(&second.id).await["closed_reason"]), &json!("revoked"));
        assert_eq!(erase(&app, &first.patient).await, Err(Error::Erased));
        let path = format!("/api/v1/responses/{response}");
        app.get(&path).bearer(app.world.token("clinician")).send().await.expect_problem(410, "erased");
    }
}

on_both! {
    async fn everybody_is_told_what_makes_sense(app: TestApp) {
        let (first, second, response, session) = lived_in(&app).await;
        let (client, nurse) = (app.world.token("client"), app.world.token("clinician"));
        erase(&app, &first.patient).await.expect("erased");
        let path = format!("/api/v1/responses/{response}");
        for path in [path.clone(), format!("{path}?version=1"), format!("{path}/summary"), format!("{path}/versions"), format!("/api/v1/patients/{}/timeline", first.patient)] {
            app.get(&path).bearer(nurse).send().await.expect_problem(410, "erased");
            // Who may not read is not told that either.
            app.get(&path).bearer(app.world.token("auditor")).send().await.expect_problem(403, "role-missing");
            app.get(&path).bearer(app.world.token("other_clinician")).send().await.expect_problem(404, "not-found");
        }
        app.post(&format!("{path}/review")).bearer(nurse).json(&json!({"version": 2})).send().await.expect_problem(410, "erased");
        for whose in [json!({"invitation": first.id}), json!({"invitation": second.id}), json!({"patient": first.patient, "unit": app.world.unit})] {
            let mut body = json!({"respondent": {"kind": "patient"}, "answers": answers(5, &[], &[], "no", Some("no")), "language": "nb", "answered_on": "2026-11-24"});
            body.as_object_mut().expect("object").extend(whose.as_object().cloned().unwrap_or_default());
            app.post("/api/v1/responses").bearer(nurse).key("paper-0002").json(&body).send().await.expect_problem(410, "erased");
        }
        for invited in [&first, &second] {
            app.reissue(&invited.id, &format!("again-{}", &invited.id[30..])).await.expect_problem(410, "erased");
            app.post(&format!("/api/v1/invitations/{}/paper", invited.id)).bearer(client).send().await.expect_problem(409, if invited.id == first.id { "invitation-answered" } else { "invitation-closed" });
            // Whoever holds the letter: closed, like one that was taken back. A code tells nobody anything.
            for date in [BORN, WRONG_DATE] {
                app.try_link(invited, date).await.expect_problem(410, "invitation-revoked");
                app.try_code(&invited.code, date).await.expect_problem(401, "credential-wrong");
            }
        }
        app.get("/api/v1/session").bearer(&session).send().await.expect_problem(401, "session-ended");
        app.save(&session, 1, &answers(1, &[], &[], "no", Some("no"))).await.expect_problem(401, "session-ended");
        let mut browser = Browser::new(&app);
        browser.open(first.link.trim_start_matches("https://svar.example")).await.at(200, "/start");
        let door = browser.open("/fodselsdato").await;
        browser.submit(&door.form().born(BORN)).await.at(410, "/fodselsdato");
        // The worklist has the visits without a name.
        let rows = worklist(&app).await;
        assert_eq!(rows.len(), 2);
        for row in rows {
            assert_eq!(row["patient"], json!({"id": first.patient, "name": null, "birth_date": null}));
            assert_eq!((&row["reason"]["code"], &row["response"], &row["score"]), (&json!("erased"), &json!(null), &json!(null)));
        }
        let identifier = app.order("x")["patient"]["identifier"].clone();
        let found = app.post("/api/v1/patients/search").bearer(nurse).json(&json!({"identifier": identifier})).send().await.expect(200);
        assert_eq!(found["items"], json!([]));
        // The same person, with the same visit, is invited anew as somebody new.
        let again = Invited::of(app.issue("key-anew-1", &app.order("visit-1")).await.expect(201));
        assert_ne!(again.patient, first.patient);
        app.answer(&again, &answers(2, &[], &[], "no", Some("no"))).await;
        let names: Vec<Value> = worklist(&app).await.into_iter().map(|row| row["patient"]["name"].clone()).collect();
        assert_eq!(names, [json!("Åse Oppdiktet"), Value::Null, Value::Null]);
    }
}

on_both! {
    async fn only_the_one_who_was_meant(app: TestApp) {
        let (first, ..) = lived_in(&app).await;
        let other = json!({"patient": {"name": "Per Oppdiktet", "birth_date": BORN}, "unit": app.world.unit, "due_on": "2026-12-01"});
        let other = Invited::of(app.issue("key-other", &other).await.expect(201));
        let (_, receipt) = app.answer(&other, &answers(6, &[], &[], "yes", Some("yes"))).await;
        let foreign = kartlegging::services::admin::list_organizations(&app.services).await.expect("list");
        let foreign = foreign.iter().find(|one| one.id != own(&app)).expect("other").id;
        let refused = erase_patient::erase(&app.services, foreign, id(&first.patient), ground()).await;
        assert_eq!(refused, Err(Error::NotFound("patient")));
        erase(&app, &first.patient).await.expect("erased");
        let path = format!("/api/v1/responses/{}", receipt["response"].as_str().expect("id"));
        assert_eq!(app.get(&path).bearer(app.world.token("clinician")).send().await.expect(200)["consent"], "yes");
        let (session, _) = app.open(&other, None).await;
        app.get("/api/v1/session").bearer(&session).send().await.expect(200);
    }
}

on_both! {
    async fn a_key_that_was_lost_does_not_keep_its_patient_out(app: TestApp) {
        let invited = app.invite("visit-1").await;
        sql::execute(&app.database_url, "DELETE FROM patient_key").await.expect("delete");
        let mut order = app.order("visit-2");
        order["appointment"]["starts_at"] = json!("2026-11-28T09:30:00+01:00");
        let again = Invited::of(app.issue("key-visit-2", &order).await.expect(201));
        assert_ne!(again.patient, invited.patient);
        // What is left of the other can still be erased, once.
        erase(&app, &invited.patient).await.expect("erased");
        assert_eq!(erase(&app, &invited.patient).await, Err(Error::Erased));
        app.open(&again, None).await;
    }
}

on_both! {
    async fn what_is_left_goes_with_its_time(app: TestApp) {
        let (first, ..) = lived_in(&app).await;
        erase(&app, &first.patient).await.expect("erased");
        let settings = vec![kartlegging::domain::retention::Setting::parse("response=30").expect("setting")];
        retention::set(&app.services, own(&app), settings, true).await.expect("set");
        app.advance(Duration::days(400));
        expire_invitations::run(&app.services).await.expect("expired");
        enforce_retention::run(&app.services).await.expect("run");
        for table in ["patient", "invitation", "appointment", "response", "credential"] {
            assert_eq!(sql::number(&app.database_url, &format!("SELECT COUNT(*) FROM {table}")).await, 0, "{table}");
        }
    }
}

/// What is left of a patient after erasing while something else was under way.
async fn nothing_readable(app: &TestApp, what: &str) {
    assert_eq!(sealed(app).await, [], "{what}");
    let open = "SELECT COUNT(*) FROM session WHERE ended_at IS NULL";
    assert_eq!(sql::number(&app.database_url, open).await, 0, "{what}");
    assert_eq!(sql::number(&app.database_url, "SELECT COUNT(*) FROM credential WHERE revoked_at IS NULL").await, 0, "{what}");
}

on_both! {
    async fn in_either_order_with_a_save_and_a_hand_in(app: TestApp) {
        for round in 0..12 {
            let invited = app.invite(&format!("visit-{round}")).await;
            let (session, device) = app.open(&invited, None).await;
            app.save(&session, 0, &answers(3, &[], &[], "no", Some("no"))).await.expect(200);
            let given = draft(&answers(9, &["pain"], &[], "yes", Some("yes")));
            let save = app.put("/api/v1/session/draft").bearer(&session).if_match(1).json(&given).send();
            let submit = app.submit(&session, 1);
            let open = async { app.try_open(&json!({"link": invited.link, "birth_date": BORN, "device_token": device})).await };
            let (gone, saved, submitted, opened) = tokio::join!(erase(&app, &invited.patient), save, submit, open);
            gone.expect("erased");
            for answer in [&saved, &submitted, &opened] {
                assert!(matches!(answer.status, 200 | 201 | 401 | 409 | 410 | 412), "round {round}: {} {}", answer.status, answer.text);
            }
            nothing_readable(&app, &format!("round {round}")).await;
        }
    }
}

on_both! {
    async fn in_either_order_with_a_letter_and_with_paper(app: TestApp) {
        for round in 0..12 {
            let invited = app.invite(&format!("visit-{round}")).await;
            let order = app.order(&format!("other-{round}"));
            let key = format!("key-other-{round}");
            let paper = json!({"invitation": invited.id, "respondent": {"kind": "patient"}, "answers": answers(5, &[], &[], "no", Some("no")), "language": "nb", "answered_on": "2026-11-24"});
            let enter = app.post("/api/v1/responses").bearer(app.world.token("clinician")).key(&format!("paper-{round:04}")).json(&paper).send();
            let again = format!("again-{round:04}");
            let (gone, issued, entered, reissued) =
                tokio::join!(erase(&app, &invited.patient), app.issue(&key, &order), enter, app.reissue(&invited.id, &again));
            gone.expect("erased");
            assert!(matches!(entered.status, 201 | 410), "round {round}: {}", entered.text);
            assert!(matches!(reissued.status, 200 | 410), "round {round}: {}", reissued.text);
            // A letter was issued before, and is dead, or after, to somebody new.
            let issued = Invited::of(issued.expect(201));
            if issued.patient != invited.patient {
                erase(&app, &issued.patient).await.expect("the new one");
            }
            nothing_readable(&app, &format!("round {round}")).await;
        }
    }
}

#[test]
fn a_ground_is_a_line_of_words() {
    for wrong in ["", "  ", "a\nb", "a\u{7}b", &"x".repeat(501)] {
        assert!(Ground::parse(wrong).is_err(), "{wrong:?}");
    }
    assert!(Ground::parse(&"å".repeat(500)).is_ok());
}
