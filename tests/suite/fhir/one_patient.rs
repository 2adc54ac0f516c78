//! Tokens for one patient (scopes `patient/…` of SMART): that patient's data, and what is anybody else's is as
//! if it were not there. Which operations take them at all stands in `authorization.rs`.

use super::{FORM, found, get, handed, refused};
use crate::on_both;
use crate::support::TestApp;
use crate::support::app::Answer;
use crate::support::world::{BORN, FNR, Invited, answers};
use serde_json::{Value, json};

/// The system of national identity numbers.
const NATIONAL: &str = "urn:oid:2.16.578.1.12.4.1.4.1";
/// The number of the other patient.
const OTHER_FNR: &str = "13904720067";
/// The id of nothing.
const NOTHING: &str = "0193a5d0-9000-7000-8000-000000000031";

/// Two patients with a response each.
struct Two {
    own: (Invited, String),
    other: (Invited, String),
}

async fn two(app: &TestApp) -> Two {
    let own = handed(app, "visit-own", 5).await;
    let invited = invite_other(app, "visit-other").await;
    let (_, done) = app.answer(&invited, &answers(8, &["pain"], &[], "no", Some("no"))).await;
    Two { own, other: (invited, done["response"].as_str().expect("id").to_owned()) }
}

async fn invite_other(app: &TestApp, visit: &str) -> Invited {
    let mut order = app.order(visit);
    order["patient"] = json!({"identifier": {"system": NATIONAL, "value": OTHER_FNR}, "name": "Odd Annen", "birth_date": BORN});
    let call = app.post("/api/v1/invitations").bearer(app.world.token("client")).key(&format!("key-{visit}"));
    Invited::of(call.json(&order).send().await.expect(201))
}

fn about(app: &TestApp, scope: &str, patient: &str) -> String {
    app.client_token(&json!({"scope": scope, "patient": patient}))
}

async fn read(app: &TestApp, token: &str, path: &str) -> Answer {
    app.get(&format!("/fhir/{path}")).bearer(token).send().await
}

async fn search(app: &TestApp, token: &str, kind: &str, body: &str) -> Answer {
    let call = app.post(&format!("/fhir/{kind}/_search")).bearer(token);
    call.body("application/x-www-form-urlencoded", body).send().await
}

/// What is refused, without what is different in every answer.
fn words(answer: &Answer) -> String {
    let mut json = answer.json.clone();
    if let Some(object) = json.as_object_mut() {
        object.remove("id");
    }
    let text = json.to_string();
    let request = answer.headers.get("x-request-id").cloned().unwrap_or_default();
    format!("{} {}", answer.status, text.replace(&request, "-"))
}

/// The id of what is drawn from a response.
fn drawn(response: &str, end: &str) -> String {
    format!("{}-{end}", response.replace('-', ""))
}

on_both! {
    async fn what_is_another_patient_s_is_not_there(app: TestApp) {
        let Two { own: (mine, response), other: (theirs, foreign) } = two(&app).await;
        let token = about(&app, "patient/*.rs", &mine.patient);
        let visit = |invited: &Invited| invited.body["appointment"].as_str().expect("visit").to_owned();
        for (form, own, other) in [
            ("QuestionnaireResponse/{}", response.clone(), foreign.clone()),
            ("QuestionnaireResponse/{}/_history", response.clone(), foreign.clone()),
            ("QuestionnaireResponse/{}/_history/1", response.clone(), foreign.clone()),
            ("QuestionnaireResponse/{}/$extract", response.clone(), foreign.clone()),
            ("Patient/{}", mine.patient.clone(), theirs.patient.clone()),
            ("Task/{}", mine.id.clone(), theirs.id.clone()),
            ("Appointment/{}", visit(&mine), visit(&theirs)),
            ("Observation/{}", drawn(&response, "score"), drawn(&foreign, "score")),
            ("DocumentReference/{}", drawn(&response, "1"), drawn(&foreign, "1")),
            ("Binary/{}", drawn(&response, "1"), drawn(&foreign, "1")),
            ("Provenance/{}", drawn(&response, "1"), drawn(&foreign, "1")),
        ] {
            let ask = async |id: &str| read(&app, &token, &form.replace("{}", id)).await;
            assert_eq!(ask(&own).await.status, 200, "{form}");
            // A client that may read everybody's shows that it is there.
            assert_eq!(get(&app, "client", &format!("/fhir/{}", form.replace("{}", &other))).await.status, 200, "{form}");
            let (theirs, nobodys) = (ask(&other).await, ask(&other.replace(|c: char| c.is_ascii_digit(), "0")).await);
            assert_eq!(refused(&theirs, 404), "not-found", "{form}");
            assert_eq!(words(&theirs), words(&nobodys), "{form}");
        }
    }
}

on_both! {
    async fn searches_find_the_one_patient_s(app: TestApp) {
        let Two { own: (mine, response), other: (theirs, foreign) } = two(&app).await;
        let token = about(&app, "patient/*.read", &mine.patient);
        let (patient, stranger) = (mine.patient.clone(), theirs.patient.clone());
        for (asked, own) in [
            ("QuestionnaireResponse".to_owned(), Some(&response)),
            (format!("QuestionnaireResponse?patient={patient}"), Some(&response)),
            (format!("QuestionnaireResponse?subject=Patient/{patient},Patient/{stranger}"), Some(&response)),
            (format!("QuestionnaireResponse?patient={stranger}"), None),
            (format!("QuestionnaireResponse?patient={patient}&patient={stranger}"), None),
            (format!("QuestionnaireResponse?_id={foreign}"), None),
            (format!("QuestionnaireResponse?_id={foreign},{response}"), Some(&response)),
            (format!("QuestionnaireResponse?based-on=Task/{}", theirs.id), None),
            (format!("QuestionnaireResponse?source=Patient/{stranger}"), None),
            (format!("QuestionnaireResponse?source=Patient/{patient}"), Some(&response)),
            ("Task".to_owned(), Some(&mine.id)),
            (format!("Task?patient={stranger}"), None),
            (format!("Task?_id={}", theirs.id), None),
            (format!("Appointment?patient={stranger}"), None),
            (format!("Patient?_id={patient},{stranger}"), Some(&patient)),
            (format!("Patient?_id={stranger}"), None),
            (format!("Observation?patient={stranger}"), None),
            (format!("Observation?derived-from={foreign}"), None),
            (format!("DocumentReference?patient={stranger}"), None),
            (format!("DocumentReference?related={foreign}"), None),
            (format!("Provenance?target=QuestionnaireResponse/{foreign}"), None),
        ] {
            let bundle = read(&app, &token, &asked).await.expect(200);
            let expected: Vec<String> = own.into_iter().cloned().collect();
            assert_eq!((found(&bundle), bundle["total"].as_u64()), (expected.clone(), Some(expected.len() as u64)), "{asked}");
            assert!(!bundle["entry"].to_string().contains(&stranger), "{asked}");
        }
        // Pages and numbers count the one patient's only.
        let counted = read(&app, &token, "QuestionnaireResponse?_summary=count").await.expect(200);
        let page = read(&app, &token, "QuestionnaireResponse?_count=1&_include=QuestionnaireResponse:subject").await.expect(200);
        assert_eq!((counted["total"].as_u64(), page["total"].as_u64()), (Some(1), Some(1)));
        assert!(page["link"].as_array().expect("links").iter().all(|link| link["relation"] != "next"));
        assert_eq!(page["entry"][1]["resource"]["id"], patient);
        for kind in ["Observation", "DocumentReference"] {
            let bundle = read(&app, &token, &format!("{kind}?patient={patient}")).await.expect(200);
            assert!(bundle["total"].as_u64().is_some_and(|total| total > 0), "{kind}");
        }
        let who = read(&app, &token, &format!("Provenance?target={response}")).await.expect(200);
        assert_eq!(found(&who).len(), 1);
    }
}

on_both! {
    async fn a_number_of_somebody_else_finds_nobody(app: TestApp) {
        let Two { own: (mine, response), other: (theirs, _) } = two(&app).await;
        let token = about(&app, "patient/*.rs", &format!("Patient/{}", mine.patient));
        for (kind, name, own) in [("Patient", "identifier", &mine.patient), ("QuestionnaireResponse", "patient:identifier", &response)] {
            let ask = async |number: &str| search(&app, &token, kind, &format!("{name}={NATIONAL}|{number}")).await.expect(200);
            assert_eq!(found(&ask(FNR).await), std::slice::from_ref(own), "{kind}");
            // Known here or not, it is the same answer.
            for number in [OTHER_FNR, "13904730100"] {
                let bundle = ask(number).await;
                assert_eq!((found(&bundle), bundle["total"].as_u64()), (vec![], Some(0)), "{kind}");
                assert!(!bundle.to_string().contains(&theirs.patient), "{kind}: the link tells who has the number");
            }
        }
    }
}

fn filled(invited: &Invited, score: u8) -> Value {
    let mut body = answers(score, &[], &[], "no", Some("no"));
    body["status"] = "completed".into();
    body["questionnaire"] = FORM.into();
    body["basedOn"] = json!([{"reference": format!("Task/{}", invited.id)}]);
    body
}

on_both! {
    async fn answers_are_handed_in_for_the_one_patient(app: TestApp) {
        let (mine, theirs) = (app.invite("visit-filled").await, invite_other(&app, "visit-theirs").await);
        let token = about(&app, "patient/QuestionnaireResponse.cu", &mine.patient);
        let send = async |path: &str, body: &Value| {
            let call = if path.contains('/') { app.put(&format!("/fhir/{path}")).if_match(1) } else { app.post(&format!("/fhir/{path}")) };
            call.bearer(&token).body("application/fhir+json", body.to_string()).send().await
        };
        let nobodys = Invited { id: NOTHING.to_owned(), ..theirs.clone() };
        let (refusal, unknown) = (send("QuestionnaireResponse", &filled(&theirs, 5)).await, send("QuestionnaireResponse", &filled(&nobodys, 5)).await);
        assert_eq!(refused(&refusal, 422), "resource-invalid");
        assert_eq!(words(&refusal), words(&unknown));
        assert_eq!(app.invitation(&theirs.id).await["state"], "issued");
        let made = send("QuestionnaireResponse", &filled(&mine, 5)).await.expect(201);
        assert_eq!(made["subject"]["reference"], format!("Patient/{}", mine.patient));
        let id = made["id"].as_str().expect("id").to_owned();
        let mut amended = filled(&mine, 7);
        amended["id"] = id.clone().into();
        amended["status"] = "amended".into();
        let done = send(&format!("QuestionnaireResponse/{id}"), &amended).await.expect(200);
        assert_eq!(done["meta"]["versionId"], "2");
        // Writing is not reading.
        assert_eq!(refused(&read(&app, &token, &format!("QuestionnaireResponse/{id}")).await, 403), "scope-missing");
        let (_, foreign) = app.answer(&theirs, &answers(8, &[], &[], "no", Some("no"))).await;
        let foreign = foreign["response"].as_str().expect("id").to_owned();
        let mut change = filled(&theirs, 1);
        let refusals = [&foreign, NOTHING].map(str::to_owned);
        let mut said = Vec::new();
        for id in refusals {
            change["id"] = id.clone().into();
            let refusal = send(&format!("QuestionnaireResponse/{id}"), &change).await;
            assert_eq!(refused(&refusal, 404), "not-found");
            said.push(words(&refusal));
        }
        assert_eq!(said[0], said[1]);
        let kept = get(&app, "client", &format!("/fhir/QuestionnaireResponse/{foreign}")).await.expect(200);
        assert_eq!(kept["meta"]["versionId"], "1");
    }
}

on_both! {
    async fn a_form_is_populated_for_the_one_patient(app: TestApp) {
        let (mine, theirs) = (app.invite("visit-mine").await, invite_other(&app, "visit-theirs").await);
        let token = about(&app, "patient/Task.rs", &mine.patient);
        let subject = |patient: &str| json!({"name": "subject", "valueReference": {"reference": format!("Patient/{patient}")}});
        let task = |id: &str| {
            let content = json!({"name": "content", "valueReference": {"reference": format!("Task/{id}")}});
            json!({"name": "context", "part": [{"name": "name", "valueString": "task"}, content]})
        };
        let ask = async |with: Vec<Value>| {
            let all: Vec<Value> = std::iter::once(json!({"name": "questionnaire", "valueUri": FORM})).chain(with).collect();
            let call = app.post("/fhir/Questionnaire/$populate").bearer(&token);
            call.body("application/fhir+json", json!({"resourceType": "Parameters", "parameter": all}).to_string()).send().await
        };
        for own in [vec![task(&mine.id)], vec![subject(&mine.patient)], vec![subject(&mine.patient), task(&mine.id)]] {
            let populated = ask(own).await.expect(200);
            assert!(populated.to_string().contains(&format!("Patient/{}", mine.patient)));
        }
        ask(Vec::new()).await.expect(200);
        for (foreign, nobodys) in [
            (vec![task(&theirs.id)], vec![task(NOTHING)]),
            (vec![subject(&theirs.patient)], vec![subject(NOTHING)]),
            (vec![subject(&theirs.patient), task(&mine.id)], vec![subject(NOTHING), task(&mine.id)]),
            (vec![subject(&mine.patient), task(&theirs.id)], vec![subject(&mine.patient), task(NOTHING)]),
        ] {
            let (refusal, unknown) = (ask(foreign).await, ask(nobodys).await);
            assert_eq!(refused(&refusal, 422), "resource-invalid");
            assert_eq!(words(&refusal), words(&unknown));
        }
    }
}

on_both! {
    async fn no_token_allows_more_than_it_says(app: TestApp) {
        let Two { own: (mine, response), other: (theirs, foreign) } = two(&app).await;
        let (own, patient, task) = (format!("QuestionnaireResponse/{response}"), format!("Patient/{}", mine.patient), format!("Task/{}", mine.id));
        for (scope, gives) in [
            ("patient/QuestionnaireResponse.rs", [200, 403, 403]),
            ("patient/QuestionnaireResponse.read", [200, 403, 403]),
            ("patient/QuestionnaireResponse.*", [200, 403, 403]),
            ("patient/QuestionnaireResponse.r", [403, 403, 403]),
            ("patient/QuestionnaireResponse.rs?status=completed", [403, 403, 403]),
            ("patient/QuestionnaireResponse.write", [403, 403, 403]),
            ("patient/Patient.rs", [403, 200, 403]),
            ("patient/Patient.read patient/Task.read", [403, 200, 200]),
            ("patient/*.rs", [200, 200, 200]),
        ] {
            let token = about(&app, scope, &mine.patient);
            for (path, status) in [&own, &patient, &task].into_iter().zip(gives) {
                let answer = read(&app, &token, path).await;
                assert_eq!(answer.status, status, "{scope}: {path}");
                assert!(status == 200 || answer.code() == "scope-missing", "{scope}: {path}: {}", answer.text);
            }
        }
        // A scope about one patient confines the whole token, in whatever order and whether it is understood.
        for scope in [
            "system/QuestionnaireResponse.rs patient/Task.rs",
            "patient/Task.rs system/*.rs",
            "system/QuestionnaireResponse.rs patient/Medication.rs",
            "responses:read patient/Task.rs",
        ] {
            let token = about(&app, scope, &mine.patient);
            assert_eq!(read(&app, &token, &own).await.status, 200, "{scope}");
            assert_eq!(refused(&read(&app, &token, &format!("QuestionnaireResponse/{foreign}")).await, 404), "not-found", "{scope}");
            assert_eq!(found(&read(&app, &token, "QuestionnaireResponse").await.expect(200)), std::slice::from_ref(&response), "{scope}");
        }
        let letters = about(&app, "letters:render patient/Task.rs", &mine.patient);
        for invited in [&mine.id, &theirs.id, NOTHING] {
            let refusal = app.post(&format!("/api/v1/invitations/{invited}/letter")).bearer(&letters).send().await;
            assert_eq!((refusal.status, refusal.code()), (403, "patient-only"), "{}", refusal.text);
        }
        // A claim by itself confines nothing: it is the scopes that say about whom.
        let wide = about(&app, "system/QuestionnaireResponse.rs launch/patient", &mine.patient);
        assert_eq!(read(&app, &wide, &format!("QuestionnaireResponse/{foreign}")).await.status, 200);
    }
}

on_both! {
    async fn a_token_that_names_nobody_gives_nothing(app: TestApp) {
        let (invited, response) = handed(&app, "visit-unnamed", 5).await;
        let scope = "patient/*.rs system/*.rs responses:read";
        for claim in [Value::Null, json!(""), json!("Patient/"), json!("12345"), json!(7), json!([invited.patient]), json!(format!("Practitioner/{}", invited.patient))] {
            let mut claims = json!({"scope": scope});
            if !claim.is_null() {
                claims["patient"] = claim.clone();
            }
            let token = app.client_token(&claims);
            for path in [format!("QuestionnaireResponse/{response}"), format!("Patient/{}", invited.patient), "Task".to_owned(), "QuestionnaireResponse".to_owned()] {
                let refusal = read(&app, &token, &path).await;
                assert_eq!(refused(&refusal, 403), "patient-unnamed", "{claim}: {path}");
                assert!(refusal.text.contains("«patient»"), "the claim is named: {}", refusal.text);
            }
            // What is about nobody is there for every token.
            assert_eq!(read(&app, &token, "Questionnaire").await.status, 200, "{claim}");
        }
        // A patient whom nobody has here, or of another organization, is no error: there is nothing.
        for patient in [NOTHING, app.world.organization.expect("organization").to_string().as_str()] {
            let token = about(&app, "patient/*.rs", patient);
            assert_eq!(found(&read(&app, &token, "QuestionnaireResponse").await.expect(200)), Vec::<String>::new());
            assert_eq!(refused(&read(&app, &token, &format!("Patient/{patient}")).await, 404), "not-found");
        }
    }
}

on_both! {
    async fn a_patient_of_another_organization_is_nobody_here(app: TestApp) {
        let (invited, response) = handed(&app, "visit-ours", 5).await;
        let own = app.world.clients["other_client"].to_string();
        let claims = json!({"sub": own, "client_id": own, "scope": "patient/*.cruds", "patient": invited.patient});
        let token = app.client_token(&claims);
        assert_eq!(found(&read(&app, &token, "QuestionnaireResponse").await.expect(200)), Vec::<String>::new());
        for path in [format!("QuestionnaireResponse/{response}"), format!("Patient/{}", invited.patient), format!("Task/{}", invited.id)] {
            assert_eq!(refused(&read(&app, &token, &path).await, 404), "not-found", "{path}");
        }
    }
}

on_both! {
    async fn it_is_logged_like_every_client(app: TestApp) {
        let Two { own: (mine, response), other: (theirs, foreign) } = two(&app).await;
        let token = about(&app, "patient/*.rs", &mine.patient);
        read(&app, &token, &format!("QuestionnaireResponse/{response}")).await.expect(200);
        read(&app, &token, "QuestionnaireResponse").await.expect(200);
        read(&app, &token, &format!("QuestionnaireResponse/{foreign}")).await.expect(404);
        read(&app, &token, &format!("QuestionnaireResponse?patient={}", theirs.patient)).await.expect(200);
        let client = app.world.client.expect("client").to_string();
        for (patient, action, times) in [
            (&mine.patient, "response.read", 1),
            (&mine.patient, "response.search", 1),
            (&theirs.patient, "response.read", 0),
            (&theirs.patient, "response.search", 0),
        ] {
            let log = get(&app, "auditor", &format!("/fhir/AuditEvent?patient={patient}&subtype={action}&agent={client}")).await.expect(200);
            assert_eq!(found(&log).len(), times, "{action}");
        }
    }
}
