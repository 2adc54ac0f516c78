//! The access log: every read and write of patient data makes exactly one entry, with who, in which
//! role and organization, about whom, on what ground, and the id of the request.

use crate::on_both;
use crate::pages;
use crate::support::app::{Answer, Kind, TestApp};
use crate::support::browser::Browser;
use crate::support::sql;
use crate::support::world::{BORN, answers, draft};
use chrono::Duration;
use serde_json::{Value, json};
use uuid::Uuid;

/// An entry as it stands in the database.
#[derive(Debug, PartialEq, Eq)]
struct Entry {
    actor: (String, Option<Uuid>),
    role: Option<String>,
    organization: Uuid,
    unit: Option<Uuid>,
    action: String,
    ground: String,
    result: String,
    patients: Vec<Uuid>,
}

/// The entries of one request.
async fn entries(app: &TestApp, answer: &Answer) -> Vec<Entry> {
    let id = &answer.headers["x-request-id"];
    let rows = sql::query(&app.database_url, &format!("SELECT * FROM access_log WHERE request_id = '{id}'")).await;
    let own = "SELECT p.patient_id, p.entry_id FROM access_log_patient p JOIN access_log l ON l.id = p.entry_id";
    let shared = "SELECT s.patient_id, l.id AS entry_id FROM access_log_set s JOIN access_log l ON l.set_id = s.set_id";
    let of_both = format!("{own} WHERE l.request_id = '{id}' UNION ALL {shared} WHERE l.request_id = '{id}'");
    let patients = sql::query(&app.database_url, &of_both).await;
    let patients: Vec<(Uuid, Uuid)> =
        patients.iter().map(|row| (row.try_get("", "entry_id").expect("id"), row.try_get("", "patient_id").expect("id"))).collect();
    let of = |row: &sea_orm::QueryResult| {
        let entry: Uuid = row.try_get("", "id").expect("id");
        Entry {
            actor: (row.try_get("", "actor_kind").expect("kind"), row.try_get("", "actor_id").expect("id")),
            role: row.try_get("", "role").expect("role"),
            organization: row.try_get("", "organization_id").expect("organization"),
            unit: row.try_get("", "unit_id").expect("unit"),
            action: row.try_get("", "action").expect("action"),
            ground: row.try_get("", "ground").expect("ground"),
            result: row.try_get("", "result").expect("result"),
            patients: patients.iter().filter(|(of, _)| *of == entry).map(|(_, patient)| *patient).collect(),
        }
    };
    rows.iter().map(of).collect()
}

/// The one entry of a request.
#[track_caller]
fn one(entries: Vec<Entry>, what: &str) -> Entry {
    assert_eq!(entries.len(), 1, "{what}: {entries:?}");
    entries.into_iter().next().expect("one")
}

fn id(text: &str) -> Uuid {
    text.parse().expect("id")
}

fn items(answer: &Value) -> Vec<Value> {
    answer["items"].as_array().expect("items").clone()
}

async fn log(app: &TestApp, patient: &str, who: &str, query: &str) -> Value {
    app.get(&format!("/api/v1/patients/{patient}/access-log{query}")).bearer(app.world.token(who)).send().await.expect(200)
}

on_both! {
    async fn every_operation_on_patient_data_makes_one_entry(app: TestApp) {
        let world = &app.world;
        let (client, nurse) = (world.token("client"), world.token("clinician"));
        let (_, done) = app.answer(&app.invite("visit-0").await, &answers(5, &[], &[], "no", Some("no"))).await;
        let id_of_response = done["response"].as_str().expect("id");
        let response = format!("/api/v1/responses/{id_of_response}");
        let fhir = |token: &str, path: &str| app.get(&format!("/fhir/{path}")).bearer(token).send();
        let issued = app.post("/api/v1/invitations").bearer(client).key("key-visit-1").json(&app.order("visit-1")).send().await;
        let invitation = format!("/api/v1/invitations/{}", issued.json["id"].as_str().expect("id"));
        let patient = issued.json["patient"].as_str().expect("patient").to_owned();
        let of_patient = format!("/api/v1/patients/{patient}");
        let identifier = app.order("x")["patient"]["identifier"].clone();
        let given = answers(2, &[], &[], "no", Some("no"));
        let paper = |key: &str| {
            let body = json!({"patient": patient, "unit": world.unit, "respondent": {"kind": "patient"}, "answers": given, "language": "nb", "answered_on": "2026-11-23"});
            app.post("/api/v1/responses").bearer(nurse).key(key).json(&body)
        };
        let list = format!("/api/v1/worklist?unit={}&from=2026-11-24&to=2026-11-30", world.unit);

        let open = app.invite("visit-operations").await;
        let asked = json!({"resourceType": "Parameters", "parameter": [{"name": "context", "part": [
            {"name": "name", "valueString": "task"}, {"name": "content", "valueReference": {"reference": format!("Task/{}", open.id)}},
        ]}]});
        let mut filled = answers(3, &[], &[], "no", Some("no"));
        filled["questionnaire"] = "https://kartlegging.example/fhir/Questionnaire/distress-thermometer".into();
        filled["basedOn"] = json!([{"reference": format!("Task/{}", open.id)}]);
        let operation = |token: &str, name: &str, body: &Value| {
            app.post(&format!("/fhir/Questionnaire/{name}")).bearer(token).body("application/fhir+json", body.to_string()).send()
        };

        let by_client = ("client", world.client.expect("client").0, "client");
        let by_nurse = ("clinician", world.clinician.expect("clinician").0, "clinician");
        let deeds = [
            ("invitation.issue", by_client, issued.clone()),
            ("invitation.read", by_client, app.get(&invitation).bearer(client).send().await),
            ("invitation.paper", by_client, app.post(&format!("{invitation}/paper")).bearer(client).send().await),
            ("invitation.paper", by_nurse, app.post(&format!("{invitation}/paper")).bearer(nurse).json(&json!({"language": "en"})).send().await),
            ("invitation.reissue", by_nurse, app.post(&format!("{invitation}/reissue")).bearer(nurse).key("key-reissue").send().await),
            ("invitation.revoke", by_client, app.post(&format!("{invitation}/revoke")).bearer(client).send().await),
            ("worklist.read", by_nurse, app.get(&list).bearer(nurse).send().await),
            ("response.read", by_nurse, app.get(&response).bearer(nurse).send().await),
            ("response.read", by_client, app.get(&response).bearer(client).send().await),
            ("response.summary", by_nurse, app.get(&format!("{response}/summary")).bearer(nurse).send().await),
            ("response.summary", by_client, app.get(&format!("{response}/summary")).bearer(client).header("accept", "application/fhir+json").send().await),
            ("response.versions", by_nurse, app.get(&format!("{response}/versions")).bearer(nurse).send().await),
            ("response.review", by_nurse, app.post(&format!("{response}/review")).bearer(nurse).json(&json!({"version": 1})).send().await),
            ("patient.timeline", by_nurse, app.get(&format!("{of_patient}/timeline")).bearer(nurse).send().await),
            ("patient.search", by_nurse, app.post("/api/v1/patients/search").bearer(nurse).json(&json!({"identifier": identifier})).send().await),
            ("response.submit", by_nurse, paper("key-paper-1").send().await),
            ("invitation.read", by_client, fhir(client, &format!("Task/{}", issued.json["id"].as_str().expect("id"))).await),
            ("invitation.read", by_nurse, fhir(nurse, &format!("Task?patient={patient}")).await),
            ("appointment.search", by_nurse, fhir(nurse, &format!("Appointment?patient={patient}")).await),
            ("response.read", by_nurse, fhir(nurse, &format!("QuestionnaireResponse/{id_of_response}")).await),
            ("response.versions", by_client, fhir(client, &format!("QuestionnaireResponse/{id_of_response}/_history")).await),
            ("response.search", by_nurse, fhir(nurse, &format!("QuestionnaireResponse?patient={patient}")).await),
            ("response.search", by_client, fhir(client, "QuestionnaireResponse").await),
            ("response.search", by_client, fhir(client, &format!("Observation?patient={patient}")).await),
            ("response.read", by_client, fhir(client, &format!("Provenance/{}-1", id_of_response.replace('-', ""))).await),
            ("response.read", by_nurse, fhir(nurse, &format!("Binary/{}-1", id_of_response.replace('-', ""))).await),
            ("patient.search", by_nurse, fhir(nurse, &format!("Patient/{patient}")).await),
            ("response.summary", by_nurse, fhir(nurse, &format!("QuestionnaireResponse/{id_of_response}/$extract")).await),
            ("invitation.read", by_client, operation(client, "$populate", &asked).await),
            ("invitation.letter", by_nurse, operation(nurse, "$populatelink", &asked).await),
            ("response.submit", by_client, operation(client, "$process-response", &filled).await),
        ];
        for (action, (kind, actor, role), answer) in deeds {
            assert!(answer.status < 300, "{action}: {}", answer.text);
            let entry = one(entries(&app, &answer).await, action);
            // A client searches and reads the timeline in no unit; everything else happens in one.
            assert_eq!(entry, Entry {
                actor: (kind.to_owned(), Some(actor)),
                role: Some(role.to_owned()),
                organization: world.organization.expect("organization").0,
                unit: Some(id(&world.unit)),
                action: action.to_owned(),
                ground: "care-relation".to_owned(),
                result: "ok".to_owned(),
                patients: vec![id(&patient)],
            });
        }
        // A repeat under the same key does nothing, and says so by making no second entry of the deed.
        let again = paper("key-paper-1").send().await;
        assert!(entries(&app, &again).await.iter().all(|entry| entry.action != "response.submit"));
        let log = app.get(&format!("{of_patient}/access-log")).bearer(world.token("auditor")).send().await;
        let entry = one(entries(&app, &log).await, "access-log.read");
        assert_eq!((entry.action.as_str(), entry.role.as_deref(), entry.unit), ("access-log.read", Some("auditor"), None));
        assert_eq!(entry.patients, [id(&patient)]);
    }
}

on_both! {
    async fn what_the_patient_does_is_logged_under_the_session(app: TestApp) {
        let invited = app.invite("visit-1").await;
        let opened = app.post("/api/v1/session").json(&json!({"link": invited.link, "birth_date": BORN})).send().await;
        let session = opened.json["session_token"].as_str().expect("token").to_owned();
        let given = draft(&answers(2, &[], &[], "no", Some("no")));
        let before = [
            ("session.open", opened.clone()),
            ("session.read", app.get("/api/v1/session").bearer(&session).send().await),
            ("draft.save", app.put("/api/v1/session/draft").bearer(&session).if_match(0).json(&given).send().await),
            ("draft.read", app.get("/api/v1/session/draft").bearer(&session).send().await),
            ("invitation.decline", app.post("/api/v1/session/decline").bearer(&session).send().await),
        ];
        let over = app.post("/api/v1/session/start-over").bearer(&session).send().await;
        let version = over.json["version"].as_i64().expect("version");
        let after = [
            ("draft.save", over.clone()),
            ("draft.save", app.put("/api/v1/session/draft").bearer(&session).if_match(version).json(&given).send().await),
            ("response.submit", app.post("/api/v1/session/submit").bearer(&session).if_match(version + 1).send().await),
            ("receipt.read", app.get("/api/v1/session/receipt").bearer(&session).send().await),
        ];
        let mut actors = std::collections::BTreeSet::new();
        for (action, answer) in before.into_iter().chain(after) {
            assert!(answer.status < 300, "{action}: {}", answer.text);
            let entry = one(entries(&app, &answer).await, action);
            assert_eq!(entry.action, action);
            assert_eq!((entry.role, entry.unit, entry.patients), (None, Some(id(&app.world.unit)), vec![id(&invited.patient)]));
            assert_eq!((entry.ground.as_str(), entry.result.as_str()), ("care-relation", "ok"));
            actors.insert(entry.actor);
        }
        assert_eq!(actors.len(), 1, "one session is one actor: {actors:?}");
        assert_eq!(actors.first().map(|(kind, _)| kind.as_str()), Some("holder"));
    }
}

/// Actions in the log of one request, in their order.
async fn actions(app: &TestApp, answer: &Answer) -> Vec<String> {
    entries(app, answer).await.into_iter().map(|entry| entry.action).collect()
}

on_both! {
    async fn pages_are_logged_as_what_they_show_and_do(app: TestApp) {
        let invited = app.invite("visit-1").await;
        let mut browser = Browser::new(&app);
        browser.begin(&invited).await;
        let first = browser.get("/skjema/side/1").await.form();
        let check = {
            let page = browser.get("/skjema/side/1").await;
            pages::answer(&mut browser, page, &pages::LEAST).await
        };
        browser.submit(&check.form()).await;
        browser.submit(&first).await;
        // What each answer left in the log; before the birth date nothing is known that could be logged.
        let expected: [(&str, u16, &[&str]); 12] = [
            ("GET /start", 200, &[]),
            ("GET /fodselsdato", 200, &[]),
            ("POST /fodselsdato", 303, &["session.open"]),
            ("GET /skjema", 303, &["session.read"]),
            ("GET /skjema/om", 200, &["session.read"]),
            ("GET /skjema/hvem", 200, &["draft.read"]),
            ("POST /skjema/hvem", 303, &["draft.save"]),
            ("GET /skjema/side/1", 200, &["draft.read"]),
            ("POST /skjema/side/1", 303, &["draft.save"]),
            ("GET /skjema/svar", 200, &["session.read", "draft.read"]),
            ("POST /skjema/svar", 303, &["response.submit"]),
            ("GET /skjema/kvittering", 200, &["receipt.read"]),
        ];
        for (what, status, log) in expected {
            let found = browser.met.iter().find(|(own, answer)| own == what && answer.status == status);
            let (_, answer) = found.unwrap_or_else(|| panic!("{what} did not answer {status}"));
            let mut left = actions(&app, answer).await;
            let mut log: Vec<String> = log.iter().map(|action| (*action).to_owned()).collect();
            left.sort();
            log.sort();
            assert_eq!(left, log, "{what}");
            for entry in entries(&app, answer).await {
                assert_eq!((entry.actor.0.as_str(), entry.patients), ("holder", vec![id(&invited.patient)]), "{what}");
            }
        }
        // What a receipt session refuses to save leaves no save in the log.
        let (_, refused) = browser.met.iter().rev().find(|(own, _)| own == "POST /skjema/side/1").expect("sent");
        assert_eq!(actions(&app, refused).await, Vec::<String>::new());
    }
}

on_both! {
    async fn what_was_refused_reads_nothing_and_a_lock_is_logged(app: TestApp) {
        let invited = app.invite("visit-1").await;
        let path = format!("/api/v1/patients/{}/timeline", invited.patient);
        for who in ["second_clinician", "auditor", "other_clinician"] {
            let refused = app.get(&path).bearer(app.world.token(who)).send().await;
            assert!(entries(&app, &refused).await.iter().all(|entry| entry.result != "ok"), "{who}");
        }
        let mut locks = 0;
        for _ in 0..10 {
            let wrong = app.post("/api/v1/session").json(&json!({"link": invited.link, "birth_date": "1950-01-01"})).send().await;
            locks += entries(&app, &wrong).await.iter().filter(|entry| entry.action == "invitation.lock").count();
            app.advance(Duration::minutes(16));
        }
        assert_eq!(locks, 1);
    }
}

on_both! {
    async fn a_stated_ground_opens_and_is_logged(app: TestApp) {
        let (_, done) = app.answer(&app.invite("visit-1").await, &answers(5, &[], &[], "no", Some("no"))).await;
        let path = format!("/api/v1/responses/{}", done["response"].as_str().expect("id"));
        let read = |path: &str| app.get(path).bearer(app.world.token("second_clinician"));
        read(&path).send().await.expect_problem(403, "ground-required");
        for wrong in ["", "care-relation", "curiosity", "EMERGENCY"] {
            read(&path).header("kartlegging-ground", wrong).send().await.expect_problem(403, "ground-required");
        }
        for ground in ["emergency", "asked-by-colleague", "quality-work"] {
            for path in [path.clone(), format!("{path}/summary"), format!("{path}/versions")] {
                let answer = read(&path).header("kartlegging-ground", ground).header("kartlegging-ground-text", "Lege p%C3%A5 vakt").send().await;
                assert_eq!(answer.status, 200, "{}", answer.text);
                assert_eq!(one(entries(&app, &answer).await, ground).ground, ground);
                let id = &answer.headers["x-request-id"];
                let rows = sql::query(&app.database_url, &format!("SELECT ground_text_sealed FROM access_log WHERE request_id = '{id}'")).await;
                let sealed: Vec<u8> = rows[0].try_get::<Option<Vec<u8>>>("", "ground_text_sealed").expect("column").expect("words are kept");
                assert!(!sealed.windows(4).any(|part| part == b"Lege"), "the words are sealed");
            }
        }
        let too_long = read(&path).header("kartlegging-ground", "emergency").header("kartlegging-ground-text", &"x".repeat(201)).send().await;
        too_long.expect_problem(403, "ground-required");
        // Whoever has the care relation needs no ground, and the log says so.
        let own = app.get(&path).bearer(app.world.token("clinician")).header("kartlegging-ground", "emergency").send().await;
        assert_eq!(one(entries(&app, &own).await, "own").ground, "care-relation");
        // The care relation ends with the organization's window.
        app.advance(Duration::days(100));
        app.get(&path).bearer(app.world.token("clinician")).send().await.expect_problem(403, "ground-required");
    }
}

on_both! {
    async fn pages_of_the_log(app: TestApp) {
        let invited = app.invite("visit-1").await;
        for _ in 0..7 {
            app.advance(Duration::seconds(1));
            app.get(&format!("/api/v1/patients/{}/timeline", invited.patient)).bearer(app.world.token("clinician")).send().await.expect(200);
        }
        app.advance(Duration::seconds(1));
        let all = items(&log(&app, &invited.patient, "organization_admin", "?limit=500").await);
        assert_eq!(all.len(), 8);
        let times: Vec<&str> = all.iter().filter_map(|entry| entry["at"].as_str()).collect();
        assert!(times.is_sorted_by(|later, earlier| later >= earlier), "newest first: {times:?}");
        let first = log(&app, &invited.patient, "auditor", "?limit=3").await;
        let (mut seen, mut cursor) = (items(&first), first["next_cursor"].clone());
        while let Some(next) = cursor.as_str() {
            let part = log(&app, &invited.patient, "auditor", &format!("?limit=3&cursor={next}")).await;
            assert!((1..=3).contains(&items(&part).len()));
            seen.extend(items(&part));
            cursor = part["next_cursor"].clone();
        }
        // The first page shows the read that came before it, nothing twice and nothing left out.
        assert_eq!(seen[0]["action"], "access-log.read");
        assert_eq!(seen[1..], all);
        for entry in &seen {
            assert!(entry.get("ground_text").is_none());
        }
    }
}

on_both! {
    async fn a_unit_admin_sees_own_units_only(app: TestApp) {
        let invited = app.invite("visit-1").await;
        let mut elsewhere = app.order("visit-2");
        elsewhere["appointment"]["unit"] = json!(app.world.second_unit);
        let call = app.post("/api/v1/invitations").bearer(app.world.token("client")).key("key-visit-2").json(&elsewhere);
        assert_eq!(call.send().await.expect(201)["patient"], json!(invited.patient));
        for who in ["clinician", "second_clinician"] {
            app.advance(Duration::seconds(1));
            app.get(&format!("/api/v1/patients/{}/timeline", invited.patient)).bearer(app.world.token(who)).send().await.expect(200);
        }
        app.advance(Duration::seconds(1));
        let mine = items(&log(&app, &invited.patient, "unit_admin", "").await);
        app.advance(Duration::seconds(1));
        assert!(mine.iter().all(|entry| entry["unit"] == json!(app.world.unit)), "{mine:?}");
        let actions: Vec<&str> = mine.iter().filter_map(|entry| entry["action"].as_str()).collect();
        assert_eq!((actions.len(), actions.contains(&"invitation.issue"), actions.contains(&"patient.timeline")), (2, true, true), "{actions:?}");
        let all = items(&log(&app, &invited.patient, "organization_admin", "").await);
        assert_eq!(all.len(), 5, "two letters, two readers and the unit admin: {all:?}");
        app.advance(Duration::seconds(1));
        // Pages are full although other units' entries lie between.
        let page = log(&app, &invited.patient, "unit_admin", "?limit=1").await;
        assert_eq!(items(&page).len(), 1);
        let rest = log(&app, &invited.patient, "unit_admin", &format!("?limit=50&cursor={}", page["next_cursor"].as_str().expect("more"))).await;
        assert_eq!(items(&rest).len(), 2);
    }
}

on_both! {
    async fn nothing_in_it_can_be_changed_or_deleted(app: TestApp) {
        app.invite("visit-1").await;
        for statement in [
            "UPDATE access_log SET actor_kind = 'system'",
            "DELETE FROM access_log",
            "UPDATE access_log_patient SET patient_id = entry_id",
            "DELETE FROM access_log_patient",
            "REPLACE INTO access_log SELECT * FROM access_log",
        ] {
            if app.kind == Kind::Postgres && statement.starts_with("REPLACE") {
                // It has no such statement.
                continue;
            }
            let refused = sql::execute(&app.database_url, statement).await.expect_err(statement).to_string();
            // SQLite's codes of a trigger's refusal, a foreign key, a unique index and a primary key.
            let told = ["insert only", "sqlite 1811", "FOREIGN KEY", "sqlite 787", "UNIQUE", "sqlite 2067", "sqlite 1555"];
            assert!(told.iter().any(|part| refused.contains(part)), "{statement}: {refused}");
        }
        assert_eq!(sql::number(&app.database_url, "SELECT COUNT(*) FROM access_log WHERE actor_kind = 'client'").await, 1);
    }
}
