//! Instances that don't know the same keys: a rotation waits for them, and nothing is made twice.

use super::{add_key, organization, rotate, run_clock};
use crate::on_both;
use crate::support::app::{Kind, run};
use crate::support::{TestApp, sql};
use chrono::Duration;
use kartlegging::config::keys::KeyText;
use kartlegging::crypto::ring::Purpose;
use kartlegging::services::keys::instances::{Need, unaware};
use kartlegging::services::keys::rotate::Progress;
use kartlegging::services::keys::{Target, rotate as service};
use serde_json::json;
use std::sync::{Arc, Mutex};
use zeroize::Zeroizing;

/// Waits until so many instances are on the list.
async fn listed(app: &TestApp, count: i64) {
    while sql::number(&app.database_url, "SELECT COUNT(*) FROM instance").await < count {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}

on_both! {
    async fn an_instance_takes_in_what_is_added_and_what_is_active(app: TestApp) {
        listed(&app, 1).await;
        let version = add_key(&app, Purpose::Session);
        // At once when it is asked for, before it was looked for.
        assert!(app.services.ring.get(Purpose::Session, version).is_ok());
        assert_eq!(app.services.ring.current(Purpose::Session).expect("key").version(), 1);
        let need = Need::Version(Purpose::Session, version);
        assert_eq!(unaware(&app.services, &need).await.expect("instances").len(), 1);
        app.advance(Duration::seconds(4));
        while !unaware(&app.services, &need).await.expect("instances").is_empty() {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        app.get("/readyz").send().await.expect(200);
        assert_eq!(app.services.ring.current(Purpose::Session).expect("key").version(), 1);
        let clock = run_clock(&app);
        rotate(&app, Target::Purpose(Purpose::Session)).await.expect("rotated");
        clock.abort();
        assert_eq!(app.services.ring.current(Purpose::Session).expect("key").version(), version);
    }
}

on_both! {
    async fn an_instance_with_keys_from_the_environment_is_waited_for(app: TestApp) {
        let keys = std::fs::read_to_string(app.folder.path().join("keys.toml")).expect("key file");
        let other = app.second_instance_with(|settings| settings.keys = Some(KeyText::new(Zeroizing::new(keys)))).await;
        listed(&app, 2).await;
        add_key(&app, Purpose::Lookup);
        let seen = Arc::new(Mutex::new(Vec::new()));
        let told = Arc::clone(&seen);
        let services = app.services.clone();
        let clock = run_clock(&app);
        let rotation = tokio::spawn(async move {
            let mut tell = |progress: Progress| told.lock().expect("told").push(progress);
            service::rotate(&services, Target::Purpose(Purpose::Lookup), &mut tell).await
        });
        let waits_for_it = || {
            let seen = seen.lock().expect("told");
            seen.iter().any(|progress| matches!(progress, Progress::Waits(who) if who.len() == 1 && !who[0].1))
        };
        while !waits_for_it() {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        assert!(!rotation.is_finished());
        // What it makes and what the other makes is read by both.
        let invited = other.invite("visit-1").await;
        app.open(&invited, None).await;
        let invited = app.invite("visit-2").await;
        other.open(&invited, None).await;
        // It ends, as when it is started again with the new keys.
        drop(other);
        let done = rotation.await.expect("task").expect("rotated");
        clock.abort();
        assert_eq!((done.version, done.rows), (2, 2));
    }
}

/// Two instances on PostgreSQL. The clock stands still, so that each knows what it looked for at its
/// start, or was told.
#[test]
fn one_that_knows_two_versions_and_one_that_knows_one_never_make_a_patient_twice() {
    run(Kind::Postgres, |app| async move {
        let other = app.second_instance().await;
        listed(&app, 2).await;
        // Both have opened the organization's keys.
        let stranger =
            |name: &str| json!({"patient": {"name": name, "birth_date": "1950-01-01"}, "unit": app.world.unit, "due_on": "2026-12-01"});
        app.issue("warm-one-1", &stranger("Oppdiktet En")).await.expect(201);
        other.issue("warm-two", &stranger("Oppdiktet To")).await.expect(201);
        let services = app.services.clone();
        let target = organization(&app);
        let rotation = tokio::spawn(async move { service::rotate(&services, target, &mut |_| {}).await });
        while sql::number(&app.database_url, "SELECT COUNT(*) FROM organization_key WHERE version = 2").await == 0 {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        let indexes = "SELECT COUNT(*) FROM patient_identifier_index";
        // Persons who are made by the one and found by the other, in both turns and at once.
        let order = |visit: &str, number: &str| {
            let mut order = app.order(visit);
            order["patient"]["identifier"] =
                json!({"system": "urn:kartlegging:local-patient-number", "assigner": "urn:oppdiktet", "value": number});
            order
        };
        for (number, instances) in [("A1", (&app, &other)), ("A2", (&other, &app))] {
            let made = instances.0.issue(&format!("{number}-is-made"), &order(&format!("{number}-1"), number)).await.expect(201);
            let found = instances.1.issue(&format!("{number}-is-found"), &order(&format!("{number}-2"), number)).await.expect(201);
            assert_eq!(made["patient"], found["patient"], "one person, two patients");
        }
        for number in ["B1", "B2", "B3", "B4"] {
            let orders = (order(&format!("{number}-1"), number), order(&format!("{number}-2"), number));
            let keys = (format!("{number}-the-one"), format!("{number}-the-other"));
            let (one, two) = tokio::join!(app.issue(&keys.0, &orders.0), other.issue(&keys.1, &orders.1));
            assert_eq!(one.expect(201)["patient"], two.expect(201)["patient"], "one person, two patients");
        }
        assert_eq!(sql::number(&app.database_url, "SELECT COUNT(*) FROM patient_identifier").await, 6);
        assert!(!rotation.is_finished(), "the other instance was not waited for");
        let before = sql::number(&app.database_url, indexes).await;
        assert!((7..12).contains(&before), "{before}: some are made by the one that knows both, some by the other");
        let clock = run_clock(&app);
        assert_eq!(rotation.await.expect("task").expect("rotated").version, 2);
        clock.abort();
        assert_eq!(sql::number(&app.database_url, indexes).await, 12);
        for (instance, visit) in [(&app, "visit-4"), (&other, "visit-5")] {
            instance.issue(&format!("last-{visit}"), &order(visit, "A1")).await.expect(201);
        }
        assert_eq!(sql::number(&app.database_url, "SELECT COUNT(*) FROM patient_identifier").await, 6);
    });
}
