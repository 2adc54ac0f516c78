//! A patient answers in another form filler: the form goes out with `$populate`, the answers come back with
//! `$process-response`; or the filler sends the patient here, with the link of `$populatelink`.

use super::{FORM, bare, get, refused};
use crate::on_both;
use crate::support::TestApp;
use crate::support::app::Answer;
use crate::support::world::{BORN, Invited, answers, item};
use serde_json::{Value, json};

async fn operation(app: &TestApp, who: &str, path: &str, body: &Value) -> Answer {
    let call = app.post(&format!("/fhir/Questionnaire/{path}")).bearer(app.world.token(who));
    call.body("application/fhir+json", body.to_string()).send().await
}

fn parameters(all: Vec<Value>) -> Value {
    json!({"resourceType": "Parameters", "parameter": Value::from(all)})
}

fn subject(patient: &str) -> Value {
    json!({"name": "subject", "valueReference": {"reference": format!("Patient/{patient}")}})
}

fn form() -> Value {
    json!({"name": "questionnaire", "valueUri": FORM})
}

fn context(kind: &str, id: &str) -> Value {
    let part =
        json!([{"name": "name", "valueString": "what"}, {"name": "content", "valueReference": {"reference": format!("{kind}/{id}")}}]);
    json!({"name": "context", "part": part})
}

fn answered<'v>(parameters: &'v Value, name: &str) -> &'v Value {
    let all = parameters["parameter"].as_array().expect("parameters");
    all.iter().find(|one| one["name"] == name).unwrap_or(&Value::Null)
}

/// The answers, put into a response that came from `$populate`, as a form filler does.
fn filled(populated: &Value, given: &Value) -> Value {
    let mut body = populated.clone();
    body["item"] = given["item"].clone();
    body
}

on_both! {
    async fn a_task_goes_out_and_comes_back_answered(app: TestApp) {
        let invited = app.invite("visit-elsewhere").await;
        let task = get(&app, "client", &format!("/fhir/Task/{}", invited.id)).await.expect(200);
        let inputs = task["input"].as_array().expect("inputs");
        let input = |code: &str| inputs.iter().find(|one| one["type"]["coding"][0]["code"] == code).expect("an input");
        assert_eq!((&task["status"], &task["owner"]["reference"]), (&json!("requested"), &json!(format!("Patient/{}", invited.patient))));
        assert_eq!(input("questionnaire")["valueCanonical"], FORM);
        let populated = operation(&app, "client", "$populate", &parameters(vec![context("Task", &invited.id)])).await.expect(200);
        let response = &answered(&populated, "response")["resource"];
        assert_eq!((&response["status"], &response["questionnaire"]), (&json!("in-progress"), &json!(FORM)));
        assert_eq!(response["subject"]["reference"], format!("Patient/{}", invited.patient));
        assert!(item(response, "score").is_some() && item(response, "burdens-most").is_some(), "every item is there");
        let endpoint = input("response-endpoint")["valueUrl"].as_str().expect("address").to_owned();
        let path = endpoint.split_once("/fhir/").map(|(_, path)| format!("/fhir/{path}")).expect("ours");
        // What a form filler sends says nothing about the asking.
        let mut body = filled(response, &answers(6, &["pain"], &[], "yes", Some("no")));
        body.as_object_mut().expect("an object").remove("basedOn");
        let call = app.post(&path).bearer(app.world.token("client"));
        let done = call.body("application/fhir+json", body.to_string()).send().await;
        assert_eq!(done.status, 200, "{}", done.text);
        assert_eq!(answered(&done.json, "warnings")["resource"]["resourceType"], "OperationOutcome");
        let place = done.headers["location"].split_once("/fhir/").map(|(_, path)| format!("/fhir/{path}")).expect("ours");
        let kept = get(&app, "clinician", &place).await.expect(200);
        assert_eq!((&kept["status"], &kept["source"]["reference"]), (&json!("completed"), &json!(format!("Patient/{}", invited.patient))));
        assert_eq!(item(&kept, "score").expect("a score")["answer"][0]["valueCoding"]["code"], "6");
        let back = get(&app, "client", &format!("/fhir/Task/{}", invited.id)).await.expect(200);
        assert_eq!(back["status"], "completed");
        assert_eq!(back["output"][0]["valueReference"]["reference"], format!("QuestionnaireResponse/{}", kept["id"].as_str().expect("id")));
        assert_eq!(back["input"].as_array().map(Vec::len), Some(1), "nothing more is to be sent");
        // The same again changes nothing; other answers are an update.
        let call = app.post(&path).bearer(app.world.token("client"));
        call.body("application/fhir+json", body.to_string()).send().await.expect(200);
        let other = filled(&body, &answers(9, &[], &[], "yes", Some("no")));
        let call = app.post(&path).bearer(app.world.token("client"));
        assert_eq!(refused(&call.body("application/fhir+json", other.to_string()).send().await, 409), "invitation-answered");
    }
}

on_both! {
    async fn a_form_is_populated_for_nobody_a_patient_or_an_invitation(app: TestApp) {
        let blank = operation(&app, "reader", "$populate", &parameters(vec![form()])).await.expect(200);
        let response = &answered(&blank, "response")["resource"];
        assert!(response.get("subject").is_none() && response.get("basedOn").is_none());
        let by_id = operation(&app, "reader", "distress-thermometer-1.0.0/$populate", &json!({"resourceType": "Parameters"})).await.expect(200);
        assert_eq!(answered(&by_id, "response")["resource"]["questionnaire"], FORM);
        let (first, second) = (app.invite("visit-a").await, app.invite("visit-b").await);
        assert_eq!(first.patient, second.patient);
        let one = operation(&app, "client", "$populate", &parameters(vec![form(), subject(&first.patient)])).await.expect(200);
        let urn = |id: &str| format!("urn:uuid:{id}");
        let based = answered(&one, "response")["resource"]["basedOn"][0]["identifier"]["value"].clone();
        assert!([urn(&first.id), urn(&second.id)].map(Value::from).contains(&based), "{one}");
        let named = vec![form(), subject(&second.patient), context("Task", &second.id)];
        let two = operation(&app, "clinician", "$populate", &parameters(named)).await.expect(200);
        assert_eq!(answered(&two, "response")["resource"]["basedOn"][0]["identifier"]["value"], urn(&second.id));
        let nobody = "0193a5d0-9000-7000-8000-000000000031";
        for (body, status, code, place) in [
            (vec![], 422, "resource-invalid", "Parameters.parameter.where(name='questionnaire')"),
            (vec![json!({"name": "questionnaire", "valueUri": "https://forms.example/none"})], 422, "questionnaireNotFound", "Parameters.parameter.where(name='questionnaire')"),
            (vec![form(), subject(nobody)], 422, "resource-invalid", "Parameters.parameter.where(name='subject')"),
            (vec![form(), context("Task", nobody)], 422, "resource-invalid", "Parameters.parameter.where(name='context')"),
            (vec![form(), subject(nobody), context("Task", &first.id)], 422, "resource-invalid", "Parameters.parameter.where(name='subject')"),
            (vec![json!({"name": "colour", "valueString": "red"})], 422, "resource-invalid", "Parameters.parameter"),
        ] {
            let body = if body.is_empty() { json!({"resourceType": "Parameters"}) } else { parameters(body) };
            let answer = operation(&app, "client", "$populate", &body).await;
            assert_eq!((refused(&answer, status).as_str(), answer.json["issue"][0]["expression"][0].as_str()), (code, Some(place)), "{body}");
        }
        let unknown = operation(&app, "client", "none/$populate", &json!({"resourceType": "Parameters"})).await;
        assert_eq!(refused(&unknown, 404), "not-found");
        let theirs = operation(&app, "other_client", "$populate", &parameters(vec![form(), subject(&first.patient)])).await;
        assert_eq!(refused(&theirs, 422), "resource-invalid");
        let reader = operation(&app, "reader", "$populate", &parameters(vec![form(), subject(&first.patient)])).await;
        assert_eq!(refused(&reader, 403), "scope-missing");
        // Who works in another unit has no tie to the patient.
        let elsewhere = operation(&app, "second_clinician", "$populate", &parameters(vec![form(), subject(&first.patient)])).await;
        assert_eq!(refused(&elsewhere, 403), "role-missing");
    }
}

on_both! {
    async fn a_link_is_the_letter_s_and_is_made_where_there_is_none(app: TestApp) {
        let invited = app.invite("visit-link").await;
        let link = async |who: &str, body: Vec<Value>| operation(&app, who, "$populatelink", &parameters(body)).await;
        let own = link("client", vec![form(), subject(&invited.patient)]).await.expect(200);
        assert_eq!(answered(&own, "link")["valueUri"], invited.link);
        let by_task = link("clinician", vec![context("Task", &invited.id)]).await.expect(200);
        assert_eq!(answered(&by_task, "link")["valueUri"], invited.link);
        // Nobody has asked: the visit says when, the unit by itself.
        app.revoke(&invited.id).await.expect(200);
        let visit = invited.body["appointment"].as_str().expect("visit").to_owned();
        let body = vec![form(), subject(&invited.patient), context("Appointment", &visit)];
        let fresh = link("client", body.clone()).await.expect(200);
        let fresh = answered(&fresh, "link")["valueUri"].as_str().expect("link").to_owned();
        assert_ne!(fresh, invited.link);
        let again = link("client", body).await.expect(200);
        assert_eq!(answered(&again, "link")["valueUri"], fresh, "asked again it is the same");
        let opened = app.post("/api/v1/session").json(&json!({"link": fresh, "birth_date": BORN})).send().await;
        assert_eq!(opened.status, 201, "{}", opened.text);
        let unit = link("client", vec![form(), subject(&invited.patient), context("Organization", &app.world.second_unit)]).await.expect(200);
        assert!(answered(&unit, "link")["valueUri"].as_str().is_some_and(|unit| unit != invited.link && unit != fresh));
        let by_hand = app.get("/fhir/Task").bearer(app.world.token("client")).send().await.expect(200);
        assert!(by_hand["entry"].as_array().is_some_and(|all| all.len() >= 2));
    }
}

on_both! {
    async fn a_link_is_for_who_may_have_letters(app: TestApp) {
        let invited = app.invite("visit-link").await;
        let body = parameters(vec![form(), subject(&invited.patient)]);
        for (who, code) in [("reader", "scope-missing"), ("auditor", "role-missing"), ("organization_admin", "role-missing")] {
            assert_eq!(refused(&operation(&app, who, "$populatelink", &body).await, 403), code, "{who}");
        }
        let plain = app.post("/fhir/Questionnaire/$populatelink").bearer(&bare(&app).await);
        assert_eq!(refused(&plain.body("application/fhir+json", body.to_string()).send().await, 403), "scope-missing");
        assert_eq!(refused(&operation(&app, "other_client", "$populatelink", &body).await, 422), "resource-invalid");
        // In another unit there is no invitation for one's eyes, and no unit is said to make one for.
        assert_eq!(refused(&operation(&app, "second_clinician", "$populatelink", &body).await, 422), "resource-invalid");
        let task = parameters(vec![context("Task", &invited.id)]);
        assert_eq!(refused(&operation(&app, "second_clinician", "$populatelink", &task).await, 403), "role-missing");
        let (_, done) = app.answer(&invited, &answers(5, &[], &[], "no", Some("no"))).await;
        assert!(done["response"].is_string());
        assert_eq!(refused(&operation(&app, "client", "$populatelink", &task).await, 409), "invitation-answered");
    }
}

fn resource(invited: &Invited, score: u8, status: &str) -> Value {
    let mut body = answers(score, &[], &[], "no", Some("no"));
    body["status"] = status.into();
    body["questionnaire"] = FORM.into();
    body["basedOn"] = json!([{"reference": format!("Task/{}", invited.id)}]);
    body
}

on_both! {
    async fn answers_are_processed_alone_or_in_parameters(app: TestApp) {
        for (name, status) in [("response", "completed"), ("in", "in-progress")] {
            let invited = app.invite(&format!("visit-{name}")).await;
            let body = parameters(vec![json!({"name": name, "resource": resource(&invited, 5, status)})]);
            operation(&app, "client", "$process-response", &body).await.expect(200);
            assert_eq!(app.invitation(&invited.id).await["state"], "answered");
        }
        let invited = app.invite("visit-form").await;
        let other = app.invite("visit-other").await;
        let with = |member: &str, value: Option<Value>| {
            let mut body = resource(&invited, 5, "completed");
            let object = body.as_object_mut().expect("an object");
            match value {
                None => object.remove(member),
                Some(value) => object.insert(member.to_owned(), value),
            };
            body
        };
        for (path, body, code) in [
            ("$process-response", with("questionnaire", None), "questionnaireNotFound"),
            ("$process-response", with("questionnaire", Some(json!("https://forms.example/none"))), "questionnaireNotFound"),
            ("follow-up-1.0.0/$process-response", with("status", Some(json!("completed"))), "resource-invalid"),
            ("$process-response", with("status", Some(json!("stopped"))), "invalidValue"),
            ("$process-response", with("basedOn", None), "resource-invalid"),
            ("$process-response", json!({"resourceType": "Patient"}), "resource-invalid"),
        ] {
            assert_eq!(refused(&operation(&app, "client", path, &body).await, 422), code, "{path}: {body}");
        }
        let beside = format!("$process-response?task={}", other.id);
        assert_eq!(refused(&operation(&app, "client", &beside, &resource(&invited, 5, "completed")).await, 422), "resource-invalid");
        assert_eq!(refused(&operation(&app, "client", "$process-response?task=x", &resource(&invited, 5, "completed")).await, 400), "query-invalid");
        // Where the form is named in the address, the response need not say it.
        operation(&app, "client", "distress-thermometer-1.0.0/$process-response", &with("questionnaire", None)).await.expect(200);
    }
}
