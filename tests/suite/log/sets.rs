//! Views of a list that show the same patients share them: every patient's log has them all the same, and what
//! is changed is found.

use super::{broken, check, is_sound, literal, place, seal_and_sign, tamper, unguard};
use crate::on_both;
use crate::support::TestApp;
use crate::support::sql;
use chrono::Duration;
use kartlegging::services::access_log::{self, Wrong};
use serde_json::Value;
use uuid::Uuid;

/// So many patients who come, each with an invitation of their own.
async fn come(app: &TestApp, patients: usize) -> Vec<String> {
    let mut all = Vec::new();
    for number in 0..patients {
        let mut order = app.order(&format!("visit-{number}"));
        order["patient"].as_object_mut().expect("patient").remove("identifier");
        order["patient"]["name"] = format!("Pasient {number}").into();
        all.push(app.issue(&format!("key-of-{number}"), &order).await.expect(201)["patient"].as_str().expect("id").to_owned());
    }
    all
}

/// The nurse looks at the worklist.
async fn look(app: &TestApp) {
    app.advance(Duration::seconds(1));
    let list = format!("/api/v1/worklist?unit={}&from=2026-11-24&to=2026-12-07", app.world.unit);
    app.get(&list).bearer(app.world.token("clinician")).send().await.expect(200);
}

async fn count(app: &TestApp, what: &str) -> i64 {
    sql::number(&app.database_url, &format!("SELECT COUNT(*) FROM {what}")).await
}

/// Entries in a patient's own log, as the patient's organization reads it, and among all entries by that filter.
async fn views(app: &TestApp, patient: &str) -> (usize, usize) {
    let of = |answer: Value| {
        let items = answer["items"].as_array().expect("items").clone();
        items.iter().filter(|entry| entry["action"] == "worklist.read").count()
    };
    let own = app.get(&format!("/api/v1/patients/{patient}/access-log")).bearer(app.world.token("auditor")).send().await.expect(200);
    let found = app.get(&format!("/api/v1/access-log?patient={patient}")).bearer(app.world.token("auditor")).send().await.expect(200);
    (of(own), of(found))
}

on_both! {
    async fn the_same_patients_are_kept_once_a_day_and_seen_by_each(app: TestApp) {
        let few = come(&app, 3).await;
        look(&app).await;
        assert_eq!(count(&app, "access_log_set").await, 0, "few are kept with their entry");
        let mut order = app.order("visit-more");
        order["patient"].as_object_mut().expect("patient").remove("identifier");
        app.issue("key-of-more", &order).await.expect(201);
        for _ in 0..3 {
            look(&app).await;
        }
        assert_eq!(count(&app, "access_log_set").await, 4);
        assert_eq!(count(&app, "access_log WHERE action = 'worklist.read' AND set_id IS NOT NULL").await, 3);
        assert_eq!(views(&app, &few[0]).await, (4, 4));
        app.advance(Duration::days(1));
        look(&app).await;
        assert_eq!(count(&app, "access_log_set").await, 8, "another day, another set");
        assert_eq!(views(&app, &few[2]).await, (5, 5));
        seal_and_sign(&app).await;
        is_sound(&app, &[]).await;
    }
}

on_both! {
    async fn pages_of_a_patients_log_leave_nothing_out(app: TestApp) {
        let patients = come(&app, 4).await;
        for _ in 0..3 {
            look(&app).await;
            app.advance(Duration::seconds(1));
            app.get(&format!("/api/v1/patients/{}/timeline", patients[1])).bearer(app.world.token("clinician")).send().await.expect(200);
        }
        let mut actions: Vec<String> = Vec::new();
        let mut query = "?limit=2".to_owned();
        loop {
            let page = app.get(&format!("/api/v1/patients/{}/access-log{query}", patients[1])).bearer(app.world.token("auditor")).send().await.expect(200);
            let items = page["items"].as_array().expect("items").clone();
            actions.extend(items.iter().map(|entry| entry["action"].as_str().expect("action").to_owned()));
            let Some(cursor) = page["next_cursor"].as_str() else { break };
            query = format!("?limit=2&cursor={cursor}");
        }
        actions.retain(|action| action != "access-log.read");
        let of_three = ["patient.timeline", "worklist.read"].repeat(3);
        assert_eq!(actions.iter().map(String::as_str).take(6).collect::<Vec<_>>(), of_three);
    }
}

on_both! {
    async fn a_changed_set_is_found(app: TestApp) {
        let patients = come(&app, 4).await;
        look(&app).await;
        look(&app).await;
        for statement in ["DELETE FROM access_log_set", "UPDATE access_log_set SET patient_id = set_id"] {
            let refused = sql::execute(&app.database_url, statement).await.expect_err(statement).to_string();
            assert!(refused.contains("insert only") || refused.contains("sqlite 1811"), "{statement}: {refused}");
        }
        seal_and_sign(&app).await;
        is_sound(&app, &[]).await;
        unguard(&app).await;
        let of = literal(&app, patients[2].parse().expect("id"));
        let other = literal(&app, Uuid::from_u128(7));
        for (change, back) in [
            (format!("UPDATE access_log_set SET patient_id = {other} WHERE patient_id = {of}"), format!("UPDATE access_log_set SET patient_id = {of} WHERE patient_id = {other}")),
            (format!("INSERT INTO access_log_set (set_id, patient_id) SELECT set_id, {other} FROM access_log_set WHERE patient_id = {of}"), format!("DELETE FROM access_log_set WHERE patient_id = {other}")),
        ] {
            tamper(&app, &change).await;
            // After the four that were issued: the first view.
            assert_eq!(place(broken(&app, &[]).await), (5, Wrong::Changed), "{change}");
            tamper(&app, &back).await;
            is_sound(&app, &[]).await;
        }
        tamper(&app, "UPDATE access_log SET set_id = NULL").await;
        assert_eq!(place(broken(&app, &[]).await), (5, Wrong::Changed));
    }
}

on_both! {
    async fn a_set_goes_with_the_last_entry_that_has_it(app: TestApp) {
        let organization = app.world.organization.expect("organization");
        come(&app, 4).await;
        look(&app).await;
        let first = seal_and_sign(&app).await;
        look(&app).await;
        seal_and_sign(&app).await;
        // One of the two views is old enough: what they share stays.
        assert_eq!(access_log::prune(&app.services, organization, first.head.at).await, Ok(5));
        assert_eq!((count(&app, "access_log_set").await, count(&app, "access_log WHERE action = 'worklist.read'").await), (4, 1));
        app.advance(Duration::days(1));
        look(&app).await;
        let last = seal_and_sign(&app).await;
        assert_eq!(check(&app, std::slice::from_ref(&last)).await.broken, None);
        app.advance(Duration::days(1));
        assert!(access_log::prune(&app.services, organization, app.services.now()).await.is_ok_and(|gone| gone > 0));
        assert_eq!(count(&app, "access_log_set").await, 0);
        is_sound(&app, &[last]).await;
    }
}
