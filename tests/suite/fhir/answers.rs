//! Answers that are looked at and not kept: `$validate` and `$extract`.

use super::{bare, get, handed, refused};
use crate::on_both;
use crate::support::TestApp;
use crate::support::app::Answer;
use crate::support::sql;
use crate::support::world::answers;
use serde_json::{Value, json};

/// Answers as another system has them, of nobody in particular.
fn given(score: u8, status: &str) -> Value {
    let mut body = answers(score, &["pain"], &[], "no", Some("no"));
    body["status"] = status.into();
    body["questionnaire"] = super::FORM.into();
    body
}

async fn operation(app: &TestApp, who: &str, name: &str, body: &Value) -> Answer {
    let call = app.post(&format!("/fhir/QuestionnaireResponse/${name}")).bearer(app.world.token(who));
    call.body("application/fhir+json", body.to_string()).send().await
}

/// Severity, code and place of each issue.
fn issues(outcome: &Value) -> Vec<(String, String, String)> {
    let all = outcome["issue"].as_array().expect("issues");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    all.iter().map(|one| (text(&one["severity"]), text(&one["details"]["coding"][0]["code"]), text(&one["expression"][0]))).collect()
}

on_both! {
    async fn a_validation_says_everything_and_keeps_nothing(app: TestApp) {
        let entries = sql::number(&app.database_url, "SELECT COUNT(*) FROM access_log").await;
        let fine = operation(&app, "reader", "validate", &given(5, "completed")).await.expect(200);
        assert!(issues(&fine).iter().all(|(severity, ..)| severity == "information" || severity == "warning"), "{fine}");
        let mut wrong = given(5, "completed");
        wrong["item"][0]["item"][0]["answer"][0]["valueCoding"]["code"] = "11".into();
        wrong["item"].as_array_mut().expect("items").push(json!({"linkId": "no-such", "answer": [{"valueString": "x"}]}));
        let said = issues(&operation(&app, "reader", "validate", &wrong).await.expect(200));
        let codes: Vec<&str> = said.iter().map(|(_, code, _)| code.as_str()).collect();
        assert!(codes.contains(&"invalidAnswerOption") && codes.contains(&"invalidLinkId"), "{said:?}");
        // What is missing is a fault of what is handed in, and a reminder before.
        let mut empty = given(5, "completed");
        empty["item"].as_array_mut().expect("items").remove(0);
        let severity = |outcome: &Value| {
            issues(outcome).into_iter().find(|(_, code, _)| code == "required").map(|(severity, ..)| severity)
        };
        assert_eq!(severity(&operation(&app, "reader", "validate", &empty).await.expect(200)).as_deref(), Some("error"));
        empty["status"] = "in-progress".into();
        assert_eq!(severity(&operation(&app, "reader", "validate", &empty).await.expect(200)).as_deref(), Some("warning"));
        for (member, value, code) in [
            ("questionnaire", json!("https://forms.example/none"), "questionnaireNotFound"),
            ("status", json!("unknown"), "invalidValue"),
            ("colour", json!("red"), "unknownElement"),
        ] {
            let mut body = given(5, "completed");
            body[member] = value;
            let said = issues(&operation(&app, "reader", "validate", &body).await.expect(200));
            assert!(said.iter().any(|(_, own, _)| own == code), "{member}: {said:?}");
        }
        assert_eq!(sql::number(&app.database_url, "SELECT COUNT(*) FROM response").await, 0);
        assert_eq!(sql::number(&app.database_url, "SELECT COUNT(*) FROM access_log").await, entries);
    }
}

on_both! {
    async fn parameters_of_a_validation_are_read(app: TestApp) {
        let with = |more: Value| {
            json!({"resourceType": "Parameters", "parameter": [{"name": "resource", "resource": given(5, "completed")}, more]})
        };
        operation(&app, "client", "validate", &with(json!({"name": "mode", "valueCode": "create"}))).await.expect(200);
        let other = operation(&app, "client", "validate", &with(json!({"name": "profile", "valueUri": "https://profiles.example/p"}))).await;
        assert_eq!(refused(&other, 422), "resource-invalid");
        assert_eq!(other.json["issue"][0]["expression"][0], "Parameters.parameter.where(name='profile')");
        let call = app.post("/fhir/QuestionnaireResponse/$validate?mode=delete").bearer(app.world.token("client"));
        assert_eq!(refused(&call.body("application/fhir+json", given(5, "completed").to_string()).send().await, 422), "resource-invalid");
        let patient = operation(&app, "client", "validate", &json!({"resourceType": "Patient"})).await;
        assert_eq!(refused(&patient, 422), "resource-invalid");
    }
}

/// Codes of the observations of a transaction, each with its value.
fn observed(bundle: &Value) -> Vec<(String, Value)> {
    assert_eq!((&bundle["resourceType"], &bundle["type"]), (&json!("Bundle"), &json!("transaction")));
    let entries = bundle["entry"].as_array().expect("entries");
    entries
        .iter()
        .map(|entry| {
            let url = entry["request"]["url"].as_str().expect("address");
            match entry["resource"].get("identifier") {
                None => assert_eq!((&entry["request"]["method"], url), (&json!("POST"), "Observation")),
                Some(own) => {
                    let own = format!("{}|{}", own[0]["system"].as_str().expect("system"), own[0]["value"].as_str().expect("value"));
                    assert_eq!((&entry["request"]["method"], url), (&json!("PUT"), format!("Observation?identifier={own}").as_str()));
                }
            }
            assert!(entry["fullUrl"].as_str().expect("address").starts_with("urn:uuid:") && entry["resource"].get("id").is_none());
            let code = entry["resource"]["code"]["coding"][0]["code"].as_str().expect("code").to_owned();
            (code, entry["resource"].clone())
        })
        .collect()
}

on_both! {
    async fn observations_are_extracted_of_what_is_kept_and_of_what_is_sent(app: TestApp) {
        let (invited, id) = handed(&app, "visit-extract", 7).await;
        let path = format!("/fhir/QuestionnaireResponse/{id}/$extract");
        let kept = get(&app, "clinician", &path).await.expect(200);
        let own = observed(&kept);
        let score = own.iter().find(|(code, _)| code == "distress-score").map(|(_, one)| one.clone()).expect("a score");
        assert_eq!(score["valueInteger"], 7);
        assert!(score["subject"]["reference"].as_str().expect("subject").ends_with(&format!("/fhir/Patient/{}", invited.patient)));
        assert!(score["derivedFrom"][0]["reference"].as_str().expect("source").ends_with(&format!("/fhir/QuestionnaireResponse/{id}")));
        // Asked again it is the same observation, so another server has each once.
        let again = observed(&get(&app, "clinician", &path).await.expect(200));
        assert_eq!(again, own);
        assert!(own.iter().all(|(_, one)| one["identifier"][0]["value"].is_string()));
        let posted = app.post(&path).bearer(app.world.token("client")).send().await.expect(200);
        assert_eq!(observed(&posted).len(), own.len());
        let sent = operation(&app, "reader", "extract", &given(7, "completed")).await.expect(200);
        let loose = observed(&sent);
        assert_eq!(loose.len(), own.len(), "the same form says as much");
        assert!(loose.iter().all(|(_, one)| one.get("derivedFrom").is_none() && one.get("identifier").is_none()));
        let wrapped = json!({"resourceType": "Parameters", "parameter": [{"name": "questionnaire-response", "resource": given(7, "completed")}]});
        assert_eq!(observed(&operation(&app, "reader", "extract", &wrapped).await.expect(200)).len(), own.len());
        let mut wrong = given(7, "completed");
        wrong["item"][0]["item"][0]["answer"][0]["valueCoding"]["code"] = "11".into();
        assert_eq!(refused(&operation(&app, "reader", "extract", &wrong).await, 422), "invalidAnswerOption");
        let plain = app.get(&path).bearer(&bare(&app).await).send().await;
        assert_eq!(refused(&plain, 403), "scope-missing");
        assert_eq!(refused(&get(&app, "other_client", &path).await, 404), "not-found");
    }
}
