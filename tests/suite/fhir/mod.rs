//! The FHIR service: what it says it does, forms, terminology, responses.

mod answers;
mod capability;
mod derived;
mod elsewhere;
mod fillers;
mod forms;
mod handing_in;
mod log;
mod one_patient;
mod originals;
mod origins;
mod records;
mod responses;
mod shapes;
mod valid;

use crate::support::app::{Answer, TestApp};
use crate::support::world::{Invited, answers as given, token};
use kartlegging::services::admin::{self, Bearer};
use serde_json::Value;
use std::collections::BTreeSet;

/// The code of the first issue of an `OperationOutcome`.
#[track_caller]
fn refused(answer: &Answer, status: u16) -> String {
    assert_eq!(answer.status, status, "{}", answer.text);
    assert_eq!(answer.json["resourceType"], "OperationOutcome", "{}", answer.text);
    assert!(answer.headers["content-type"].starts_with("application/fhir+json"));
    answer.json["issue"][0]["details"]["coding"][0]["code"].as_str().unwrap_or_default().to_owned()
}

/// Ids of what a search found itself, in order.
fn found(bundle: &Value) -> Vec<String> {
    let entries = bundle["entry"].as_array().cloned().unwrap_or_default();
    let own = entries.iter().filter(|entry| entry["search"]["mode"] == "match");
    own.filter_map(|entry| entry["resource"]["id"].as_str().map(str::to_owned)).collect()
}

async fn get(app: &TestApp, who: &str, path: &str) -> Answer {
    app.get(path).bearer(app.world.token(who)).send().await
}

/// A token of a client without a scope.
async fn bare(app: &TestApp) -> String {
    let own = app.world.organization.expect("organization");
    let bare = admin::add_client(&app.services, own, "bare".to_owned(), None, BTreeSet::new()).await.expect("client");
    token(&app.services, Bearer::Client(bare)).await
}

/// A form in one version.
const FORM: &str = "https://kartlegging.example/fhir/Questionnaire/distress-thermometer|1.0.0";

/// An invitation that has been answered, with the id of the response.
async fn handed(app: &TestApp, visit: &str, score: u8) -> (Invited, String) {
    let invited = app.invite(visit).await;
    let (_, done) = app.answer(&invited, &given(score, &["pain"], &[], "no", Some("no"))).await;
    (invited, done["response"].as_str().expect("id").to_owned())
}

/// A `POST _search`.
async fn search(app: &TestApp, who: &str, kind: &str, body: &str) -> Answer {
    let call = app.post(&format!("/fhir/{kind}/_search")).bearer(app.world.token(who));
    call.body("application/x-www-form-urlencoded", body).send().await
}
