//! Jobs: what they close and delete, what they leave, and that one instance runs them at a time.

use crate::on_both;
use crate::support::TestApp;
use crate::support::world::{BORN, WRONG_DATE, answers, order_without_visit};
use chrono::Duration;
use kartlegging::domain::ids::uuid_v7;
use kartlegging::services::{expire_invitations, lease, purge};
use serde_json::{Value, json};

async fn state(app: &TestApp, id: &str) -> (Value, Value) {
    let body = app.invitation(id).await;
    (body["state"].clone(), body["closed_reason"].clone())
}

on_both! {
    async fn what_is_overdue_is_closed_and_its_draft_deleted(app: TestApp) {
        let given = answers(4, &[], &[], "no", Some("no"));
        let unopened = app.invite("visit-1").await;
        let started = app.invite("visit-2").await;
        let (session, _) = app.open(&started, None).await;
        app.save(&session, 0, &given).await.expect(200);
        let answered = app.invite("visit-3").await;
        app.answer(&answered, &given).await;
        let later = order_without_visit(&app.world.unit, "Per Oppdiktet");
        let later = app.issue("key-later", &later).await.expect(201)["id"].as_str().unwrap_or_default().to_owned();
        app.advance(Duration::days(3) + Duration::minutes(29));
        assert_eq!(expire_invitations::run(&app.services).await, Ok(0));
        app.advance(Duration::minutes(1));
        assert_eq!(expire_invitations::run(&app.services).await, Ok(2));
        assert_eq!(expire_invitations::run(&app.services).await, Ok(0));
        for invited in [&unopened, &started] {
            assert_eq!(state(&app, &invited.id).await, (json!("closed"), json!("expired")));
        }
        assert!(app.draft(&started.id).await.is_none());
        assert_eq!(state(&app, &answered.id).await.0, "answered");
        assert_eq!(state(&app, &later).await.0, "issued");
        app.try_link(&started, BORN).await.expect_problem(410, "invitation-expired");
        let path = format!("/api/v1/patients/{}/access-log", started.patient);
        let log = app.get(&path).bearer(app.world.token("auditor")).send().await.expect(200);
        let expired = log["items"].as_array().into_iter().flatten().filter(|entry| entry["action"] == "invitation.expire");
        assert_eq!(expired.count(), 2);
    }
}

on_both! {
    async fn more_than_one_transaction_can_hold(app: TestApp) {
        let items: Vec<Value> = (0..201).map(|n| order_without_visit(&app.world.unit, &format!("Oppdiktet {n}"))).collect();
        let call = app.post("/api/v1/invitations/batch").bearer(app.world.token("client")).key("batch-01");
        call.json(&json!({"items": items})).send().await.expect(200);
        app.advance(Duration::days(60));
        assert_eq!(expire_invitations::run(&app.services).await, Ok(201));
    }
}

on_both! {
    async fn one_closed_on_sight_leaves_no_draft_and_no_gap_in_the_log(app: TestApp) {
        let invited = app.invite("visit-1").await;
        let (session, _) = app.open(&invited, None).await;
        app.save(&session, 0, &answers(4, &[], &[], "no", Some("no"))).await.expect(200);
        app.advance(Duration::days(4));
        app.try_link(&invited, BORN).await.expect_problem(410, "invitation-expired");
        assert!(app.draft(&invited.id).await.is_none());
        assert_eq!(expire_invitations::run(&app.services).await, Ok(0));
        let path = format!("/api/v1/patients/{}/access-log", invited.patient);
        let log = app.get(&path).bearer(app.world.token("auditor")).send().await.expect(200);
        assert!(log["items"].as_array().into_iter().flatten().any(|entry| entry["action"] == "invitation.expire"), "{log}");
    }
}

on_both! {
    async fn what_is_past_its_retention_is_deleted(app: TestApp) {
        let given = answers(4, &[], &[], "no", Some("no"));
        let answered = app.invite("visit-1").await;
        let (_, receipt) = app.answer(&answered, &given).await;
        let locked = app.invite("visit-2").await;
        let (session, _) = app.open(&locked, None).await;
        app.save(&session, 0, &given).await.expect(200);
        app.use_up(&locked).await;
        assert_eq!(purge::run(&app.services).await, Ok(0));
        assert!(app.draft(&answered.id).await.is_some() && app.draft(&locked.id).await.is_some());
        // A day later: counters of networks, and keys.
        app.advance(Duration::days(1) + Duration::hours(3));
        assert!(purge::run(&app.services).await.is_ok_and(|rows| rows > 2));
        assert!(app.draft(&answered.id).await.is_some() && app.draft(&locked.id).await.is_some());
        // The lock is no matter of a day.
        app.try_link(&locked, BORN).await.expect_problem(429, "attempts-exhausted");
        // After the visit: both drafts.
        app.advance(Duration::days(2));
        purge::run(&app.services).await.expect("purged");
        assert!(app.draft(&answered.id).await.is_none() && app.draft(&locked.id).await.is_none());
        let path = format!("/api/v1/responses/{}", receipt["response"].as_str().unwrap_or_default());
        app.get(&path).bearer(app.world.token("clinician")).send().await.expect(200);
        // A week after their end: sessions.
        app.advance(Duration::days(8));
        assert!(purge::run(&app.services).await.is_ok_and(|rows| rows >= 2));
        assert_eq!(purge::run(&app.services).await, Ok(0));
    }
}

on_both! {
    async fn purging_forgives_nobody_who_has_to_wait(app: TestApp) {
        let invited = app.invite("visit-1").await;
        for _ in 0..3 {
            app.try_link(&invited, WRONG_DATE).await.expect_problem(401, "credential-wrong");
        }
        purge::run(&app.services).await.expect("purged");
        app.try_link(&invited, BORN).await.expect_problem(429, "too-many-attempts");
    }
}

on_both! {
    async fn one_of_two_instances_runs_a_job_in_its_interval(app: TestApp) {
        let other = app.second_instance().await;
        let holders = [uuid_v7(app.services.now(), app.services.entropy.as_ref()), uuid_v7(app.services.now(), app.services.entropy.as_ref())];
        let claim = async |app: &TestApp, holder: usize| lease::claim(&app.services, "test", holders[holder], Duration::minutes(1)).await.expect("claim");
        for _ in 0..3 {
            let (one, two) = tokio::join!(claim(&app, 0), claim(&other, 1));
            assert!(one != two, "exactly one takes it");
            app.advance(Duration::seconds(59));
            assert!(!claim(&app, 0).await && !claim(&other, 1).await);
            app.advance(Duration::seconds(1));
        }
        assert!(claim(&app, 0).await);
        assert!(lease::claim(&other.services, "another", holders[1], Duration::minutes(1)).await.expect("claim"));
    }
}
