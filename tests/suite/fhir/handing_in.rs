//! Answers handed in as resources.

use super::{FORM, bare, get, refused};
use crate::on_both;
use crate::support::TestApp;
use crate::support::app::Answer;
use crate::support::world::{Invited, answers};
use serde_json::{Value, json};

fn resource(invited: &Invited, score: u8) -> Value {
    let mut body = answers(score, &[], &[], "no", Some("no"));
    let object = body.as_object_mut().expect("an object");
    object.insert("status".into(), "completed".into());
    object.insert("questionnaire".into(), FORM.into());
    object.insert("subject".into(), json!({"reference": format!("Patient/{}", invited.patient)}));
    object.insert("basedOn".into(), json!([{"reference": format!("Task/{}", invited.id)}]));
    body
}

async fn post(app: &TestApp, who: &str, body: &Value) -> Answer {
    let call = app.post("/fhir/QuestionnaireResponse").bearer(app.world.token(who));
    call.body("application/fhir+json", body.to_string()).send().await
}

async fn put(app: &TestApp, who: &str, body: &Value, tag: Option<&str>) -> Answer {
    let id = body["id"].as_str().expect("id");
    let call = app.put(&format!("/fhir/QuestionnaireResponse/{id}")).bearer(app.world.token(who));
    let call = if let Some(tag) = tag { call.header("if-match", tag) } else { call };
    call.body("application/fhir+json", body.to_string()).send().await
}

on_both! {
    async fn another_form_filler_hands_in_once(app: TestApp) {
        let invited = app.invite("visit-filled").await;
        let body = resource(&invited, 5);
        let first = post(&app, "client", &body).await;
        let id = first.json["id"].as_str().unwrap_or_default().to_owned();
        assert_eq!(first.status, 201, "{}", first.text);
        assert!(first.headers["location"].ends_with(&format!("/fhir/QuestionnaireResponse/{id}/_history/1")));
        assert_eq!(first.headers["etag"], "W/\"1\"");
        let again = post(&app, "client", &body).await;
        assert_eq!((again.status, again.json["id"].as_str()), (200, Some(id.as_str())));
        assert_eq!(refused(&post(&app, "client", &resource(&invited, 6)).await, 409), "invitation-answered");
        assert_eq!(app.invitation(&invited.id).await["state"], "answered");
        let read = get(&app, "clinician", &format!("/fhir/QuestionnaireResponse/{id}")).await.expect(200);
        assert_eq!(read["source"]["reference"], format!("Patient/{}", invited.patient));
    }
}

on_both! {
    async fn a_change_needs_the_version_that_was_seen(app: TestApp) {
        let invited = app.invite("visit-changed").await;
        let first = post(&app, "client", &resource(&invited, 5)).await.expect(201);
        let mut body = resource(&invited, 7);
        body["id"] = first["id"].clone();
        body["status"] = "amended".into();
        assert_eq!(refused(&put(&app, "client", &body, None).await, 428), "if-match-required");
        assert_eq!(refused(&put(&app, "client", &body, Some("W/\"2\"")).await, 412), "resource-changed");
        let done = put(&app, "client", &body, Some("W/\"1\"")).await;
        assert_eq!((done.status, done.json["status"].as_str(), done.headers["etag"].as_str()), (200, Some("amended"), "W/\"2\""));
        let history = get(&app, "client", &format!("/fhir/QuestionnaireResponse/{}/_history", body["id"].as_str().expect("id"))).await.expect(200);
        let versions: Vec<&str> =
            history["entry"].as_array().expect("entries").iter().filter_map(|one| one["resource"]["meta"]["versionId"].as_str()).collect();
        assert_eq!(versions, ["2", "1"]);
    }
}

on_both! {
    async fn what_does_not_fit_is_refused_where_it_is(app: TestApp) {
        let invited = app.invite("visit-wrong").await;
        let good = resource(&invited, 5);
        let with = |name: &str, value: Value| {
            let mut body = good.clone();
            body[name] = value;
            body
        };
        let elsewhere = json!({"reference": "Patient/0193a5d0-9000-7000-8000-000000000031"});
        for (body, code, place) in [
            (with("status", "in-progress".into()), "invalid-value", "QuestionnaireResponse.status"),
            (with("status", "stopped".into()), "invalid-value", "QuestionnaireResponse.status"),
            (with("questionnaire", "https://forms.example/none".into()), "questionnaireNotFound", "QuestionnaireResponse.questionnaire"),
            (with("subject", elsewhere.clone()), "resource-invalid", "QuestionnaireResponse.subject"),
            (with("author", elsewhere), "resource-invalid", "QuestionnaireResponse.author"),
            (with("basedOn", json!([])), "resource-invalid", "QuestionnaireResponse.basedOn"),
            (with("resourceType", "Patient".into()), "resource-invalid", "resourceType"),
        ] {
            let answer = post(&app, "client", &body).await;
            refused(&answer, 422);
            assert_eq!(answer.json["issue"][0]["expression"][0], place, "{code}: {}", answer.text);
        }
        let mut unknown = good.clone();
        unknown["item"].as_array_mut().expect("items").push(json!({"linkId": "no-such", "answer": [{"valueString": "x"}]}));
        assert_eq!(refused(&post(&app, "client", &unknown).await, 422), "invalidLinkId");
        let call = app.post("/fhir/QuestionnaireResponse").bearer(&bare(&app).await);
        assert_eq!(refused(&call.body("application/fhir+json", good.to_string()).send().await, 403), "scope-missing");
        assert_eq!(refused(&post(&app, "auditor", &good).await, 403), "role-missing");
        assert_eq!(refused(&post(&app, "other_client", &good).await, 422), "resource-invalid");
        let entered = post(&app, "clinician", &good).await;
        assert_eq!(entered.status, 201, "{}", entered.text);
        assert!(entered.json["author"]["reference"].as_str().is_some_and(|author| author.starts_with("Practitioner/")));
    }
}

on_both! {
    async fn a_condition_spares_a_second_one(app: TestApp) {
        let invited = app.invite("visit-condition").await;
        let body = resource(&invited, 5);
        let call = |condition: String| {
            let call = app.post("/fhir/QuestionnaireResponse").bearer(app.world.token("client"));
            call.header("if-none-exist", &condition).body("application/fhir+json", body.to_string()).send()
        };
        let first = call(format!("based-on={}", invited.id)).await;
        let second = call(format!("based-on={}", invited.id)).await;
        assert_eq!((first.status, second.status), (201, 200));
        assert_eq!(first.json["id"], second.json["id"]);
    }
}
