//! Every request example of `openapi.yaml`, sent for real: what an integrator copies works.

use crate::on_both;
use crate::support::contract::{CONTRACT, validator};
use crate::support::world::{Invited, answers, draft};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The example of an operation by its name.
fn example(path: &str, method: &str, name: &str) -> Value {
    let at = &CONTRACT["paths"][path][method]["requestBody"]["content"]["application/json"];
    let value = at["examples"][name]["value"].clone();
    assert!(!value.is_null(), "{method} {path} has no example {name}");
    let errors: Vec<String> = validator(&at["schema"]).iter_errors(&value).map(|error| error.to_string()).collect();
    // The batch shows an item that is refused by itself.
    assert!(errors.is_empty(), "{method} {path}: {name} does not fit its schema: {errors:?}");
    value
}

/// Puts this installation's ids in place of the example's.
fn with_ids(value: &Value, ids: &[(&str, &str)]) -> Value {
    let text = ids.iter().fold(value.to_string(), |text, (from, to)| text.replace(from, to));
    serde_json::from_str(&text).expect("JSON")
}

const UNIT: &str = "0193a5d0-1000-7000-8000-000000000001";

on_both! {
    async fn every_request_example_works(app: TestApp) {
        let client = app.world.token("client");
        let nurse = app.world.token("clinician");
        let unit = (UNIT, app.world.unit.as_str());
        let mut sent = BTreeSet::new();
        let mut take = |path: &str, method: &str, name: &str| {
            sent.insert((path.to_owned(), method.to_owned(), name.to_owned()));
            example(path, method, name)
        };

        let order = with_ids(&take("/api/v1/invitations", "post", "beforeVisit"), &[unit]);
        let first = Invited::of(app.post("/api/v1/invitations").bearer(client).key("example-1").json(&order).send().await.expect(201));
        let order = with_ids(&take("/api/v1/invitations", "post", "withoutVisit"), &[unit]);
        let second = Invited::of(app.post("/api/v1/invitations").bearer(client).key("example-2").json(&order).send().await.expect(201));
        let batch = with_ids(&take("/api/v1/invitations/batch", "post", "twoLetters"), &[unit]);
        let done = app.post("/api/v1/invitations/batch").bearer(client).key("example-3").json(&batch).send().await.expect(200);
        assert_eq!((&done["issued"], &done["failed"]), (&json!(1), &json!(1)));
        assert_eq!(done["items"][1]["problem"]["errors"][0]["pointer"], "/patient/birth_date");
        let third = &done["items"][0]["invitation"];

        let message = take("/api/v1/invitations/{id}/message", "post", "reminder");
        app.post(&format!("/api/v1/invitations/{}/message", first.id)).bearer(client).json(&message).send().await.expect(200);
        let paper = take("/api/v1/invitations/{id}/paper", "post", "inEnglish");
        app.post(&format!("/api/v1/invitations/{}/paper", first.id)).bearer(client).json(&paper).send().await.expect(200);

        let letter = take("/api/v1/invitations/{id}/letter", "post", "inNynorsk");
        app.post(&format!("/api/v1/invitations/{}/letter", first.id)).bearer(client).json(&letter).send().await.expect(200);
        let slip = take("/api/v1/invitations/{id}/letter.pdf", "post", "withAddress");
        app.post(&format!("/api/v1/invitations/{}/letter.pdf", first.id)).bearer(client).json(&slip).send().await.expect(200);

        let mut open = take("/api/v1/session", "post", "code");
        let typed = first.code.to_lowercase().replace('-', " ");
        assert_eq!(open["code"].as_str().map(str::len), Some(typed.len()), "the code is typed as the example shows");
        open["code"] = json!(typed);
        let opened = app.post("/api/v1/session").json(&open).send().await.expect(201);
        let session = opened["session_token"].as_str().expect("token");
        let mut open = take("/api/v1/session", "post", "link");
        open["link"] = json!(first.link);
        open["device_token"] = opened["device_token"].clone();
        app.post("/api/v1/session").json(&open).send().await.expect(201);

        for (version, name) in ["halfway", "representative"].into_iter().enumerate() {
            let body = take("/api/v1/session/draft", "put", name);
            let version = i64::try_from(version).expect("small");
            app.put("/api/v1/session/draft").bearer(session).if_match(version).json(&body).send().await.expect(200);
        }

        let paper = with_ids(&take("/api/v1/responses", "post", "answersInvitation"), &[("0193a5d0-2000-7000-8000-000000000001", &second.id)]);
        app.post("/api/v1/responses").bearer(nurse).key("example-4").json(&paper).send().await.expect(201);
        let patient = third["patient"].as_str().expect("patient");
        let paper = with_ids(&take("/api/v1/responses", "post", "withoutInvitation"), &[unit, ("0193a5d0-3000-7000-8000-000000000003", patient)]);
        app.post("/api/v1/responses").bearer(nurse).key("example-5").json(&paper).send().await.expect(201);

        let search = take("/api/v1/patients/search", "post", "byNationalId");
        let found = app.post("/api/v1/patients/search").bearer(nurse).json(&search).send().await.expect(200);
        assert_eq!(found["items"][0]["id"], json!(first.patient));

        let acting = take("/api/v1/patients/{id}/representatives", "post", "guardian");
        let path = format!("/api/v1/patients/{}/representatives", first.patient);
        app.post(&path).bearer(client).json(&acting).send().await.expect(200);

        // The example reviews a second version.
        let mut receipt = Value::Null;
        for score in [3, 4] {
            let given = draft(&answers(score, &[], &[], "no", Some("no")));
            let body = json!({"link": first.link, "birth_date": "1956-03-12", "device_token": opened["device_token"]});
            let again = app.post("/api/v1/session").json(&body).send().await.expect(201);
            let session = again["session_token"].as_str().expect("token");
            let now = app.get("/api/v1/session/draft").bearer(session).send().await.expect(200)["version"].as_i64().expect("version");
            let saved = app.put("/api/v1/session/draft").bearer(session).if_match(now).json(&given).send().await.expect(200);
            let submit = app.post("/api/v1/session/submit").bearer(session).if_match(saved["version"].as_i64().expect("version"));
            receipt = submit.send().await.expect(201);
        }
        let review = take("/api/v1/responses/{id}/review", "post", "second");
        let path = format!("/api/v1/responses/{}/review", receipt["response"].as_str().expect("id"));
        app.post(&path).bearer(nurse).json(&review).send().await.expect(200);

        let search = take("/api/v1/appointments/search", "post", "byExternalId");
        let found = app.post("/api/v1/appointments/search").bearer(client).json(&search).send().await.expect(200);
        assert_eq!((&found["items"][0]["id"], &found["items"][0]["invitations"][0]["id"]), (&first.body["appointment"], &json!(first.id)));
        let path = format!("/api/v1/appointments/{}", first.body["appointment"].as_str().expect("id"));
        for (name, status) in [("moved", "booked"), ("cancelled", "cancelled"), ("bookedAgain", "booked")] {
            let change = take("/api/v1/appointments/{id}", "patch", name);
            assert_eq!(app.call("PATCH", &path).bearer(client).json(&change).send().await.expect(200)["status"], status, "{name}");
        }

        let mut all = BTreeSet::new();
        // Forms of pages are no integrator's business.
        for (path, methods) in CONTRACT["paths"].as_object().expect("paths").iter().filter(|(path, _)| path.starts_with("/api/")) {
            for (method, operation) in methods.as_object().expect("methods").iter().filter(|(method, _)| *method != "parameters") {
                let examples = operation["requestBody"]["content"]["application/json"]["examples"].as_object();
                assert_eq!(operation["requestBody"].is_null(), examples.is_none(), "{method} {path}: a body has an example");
                all.extend(examples.into_iter().flatten().map(|(name, _)| (path.clone(), method.clone(), name.clone())));
            }
        }
        assert_eq!(sent, all, "examples that nobody sends");
    }
}

#[test]
fn response_examples_fit_their_schemas() {
    for (path, methods) in CONTRACT["paths"].as_object().expect("paths") {
        for (method, operation) in methods.as_object().expect("methods").iter().filter(|(method, _)| *method != "parameters") {
            for (status, response) in operation["responses"].as_object().expect("responses") {
                for (media, body) in crate::support::contract::resolve(response)["content"].as_object().into_iter().flatten() {
                    for (name, example) in body["examples"].as_object().into_iter().flatten() {
                        let value = &crate::support::contract::resolve(example)["value"];
                        let errors: Vec<String> =
                            validator(&body["schema"]).iter_errors(value).map(|e| format!("{}: {e}", e.instance_path())).collect();
                        assert!(errors.is_empty(), "{method} {path} {status} {media} {name}: {errors:?}");
                    }
                }
            }
        }
    }
}
