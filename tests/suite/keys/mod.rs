//! Keys while the service serves: rotation of every kind under load, instances that don't know the
//! same, retiring, and values that were moved.

mod instances;
mod moved;
mod retiring;
mod rotation;

use crate::support::TestApp;
use crate::support::world::{BORN, answers, order_without_visit};
use chrono::Duration;
use kartlegging::config::keys;
use kartlegging::crypto::entropy::SystemEntropy;
use kartlegging::crypto::ring::Purpose;
use kartlegging::services::keys::rotate::{Progress, Rotated};
use kartlegging::services::keys::{Error, Target, retire, rotate};
use serde_json::{Value, json};
use std::sync::Arc;

/// Lets the clock run, a second in every twentieth, so that instances look for keys.
pub fn run_clock(app: &TestApp) -> tokio::task::JoinHandle<()> {
    let clock = Arc::clone(&app.clock);
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            clock.advance(Duration::seconds(1));
        }
    })
}

pub fn add_key(app: &TestApp, purpose: Purpose) -> u16 {
    keys::add(&app.folder.path().join("keys.toml"), purpose, &SystemEntropy::default()).expect("a new version")
}

pub fn quiet(_: Progress) {}

pub async fn rotate(app: &TestApp, target: Target) -> Result<Rotated, Error> {
    rotate::rotate(&app.services, target, &mut quiet).await
}

pub async fn retire(app: &TestApp, target: Target, version: u16, now: bool) -> Result<(), Error> {
    retire::retire(&app.services, target, version, now, &mut quiet).await
}

/// The own organization as a target.
pub fn organization(app: &TestApp) -> Target {
    Target::Organization(app.world.organization.expect("organization"))
}

/// Many invitations in one request, for persons without a number.
pub async fn invite_many(app: &TestApp, key: &str, count: usize) -> Vec<Value> {
    let items: Vec<Value> = (0..count).map(|number| order_without_visit(&app.world.unit, &format!("Oppdiktet {number}"))).collect();
    let call =
        app.post("/api/v1/invitations/batch").bearer(app.world.token("client")).key(&format!("batch-{key}")).json(&json!({"items": items}));
    let body = call.send().await.expect(200);
    body["items"].as_array().expect("items").iter().map(|result| result["invitation"].clone()).collect()
}

/// One turn of everything that patients, letter systems and clinicians do.
pub async fn turn(app: &TestApp, name: &str) {
    let invited = app.invite(name).await;
    let (session, receipt) = app.answer(&invited, &answers(7, &["pain"], &[], "no", Some("no"))).await;
    app.get("/api/v1/session").bearer(&session).send().await.expect(200);
    let id = receipt["response"].as_str().expect("response").to_owned();
    let clinician = app.world.token("clinician");
    app.get(&format!("/api/v1/responses/{id}/summary")).bearer(clinician).send().await.expect(200);
    app.try_code(&invited.code, BORN).await.expect(201);
    let again = app.issue(&format!("key-{name}"), &app.order(name)).await;
    assert_eq!(again.expect(201)["credential"]["link"], json!(invited.link));
}
