//! `Idempotency-Key`: a repeat gets the same values, in time and from any instance, and makes nothing.

use crate::on_both;
use crate::support::TestApp;
use crate::support::world::{Invited, order_without_visit};
use chrono::Duration;
use futures::future::join_all;
use kartlegging::services::idempotency::{self, Begun, Repeatable};
use kartlegging::services::{Caller, authenticate};
use kartlegging::storage::idempotency::Use;
use serde_json::{Value, json};

/// Takes a key for the client as a request that has not ended yet does.
async fn take(app: &TestApp, operation: &str, key: &str, body: &Value) -> Use {
    let actor = authenticate::authenticate(&app.services, app.world.token("client")).await.expect("actor");
    let caller = Caller { actor, request_id: "test".to_owned(), ground: None, ground_text: None };
    let request = Repeatable { key: key.to_owned(), operation: operation.to_owned(), body: body.to_string().into_bytes() };
    match idempotency::begin(&app.services, &caller, &request).await.expect("begun") {
        Begun::Work(begun) => begun,
        Begun::Replay(outcome) => panic!("the key was used: {outcome}"),
    }
}

on_both! {
    async fn a_repeat_within_a_day_gets_the_same_values(app: TestApp) {
        let order = order_without_visit(&app.world.unit, "Per Oppdiktet");
        let first = app.issue("key-0001", &order).await.expect(201);
        let other = app.second_instance().await;
        assert_eq!(app.issue("key-0001", &order).await.expect(201), first);
        app.advance(Duration::hours(23));
        assert_eq!(other.issue("key-0001", &order).await.expect(201), first);
        // State is told as it is now, the secrets as they were.
        app.open(&Invited::of(first.clone()), None).await;
        let later = app.issue("key-0001", &order).await.expect(201);
        assert_eq!((&later["credential"], &later["state"]), (&first["credential"], &json!("opened")));
        app.advance(Duration::hours(2));
        let new = app.issue("key-0001", &order).await.expect(201);
        assert_ne!(new["id"], first["id"]);
        assert_ne!(new["credential"]["code"], first["credential"]["code"]);
    }
}

on_both! {
    async fn another_body_is_refused_and_another_caller_is_another_key(app: TestApp) {
        let order = order_without_visit(&app.world.unit, "Per Oppdiktet");
        let first = app.issue("key-0001", &order).await.expect(201);
        let changed = order_without_visit(&app.world.unit, "Pål Oppdiktet");
        app.issue("key-0001", &changed).await.expect_problem(422, "idempotency-body-differs");
        let batch = json!({"items": [order]});
        app.post("/api/v1/invitations/batch").bearer(app.world.token("client")).key("key-0001").json(&batch).send().await.expect(200);
        let own = |name: &str| app.post("/api/v1/invitations").bearer(app.world.token(name)).key("key-0001").json(&order).send();
        assert_ne!(own("clinician").await.expect(201)["id"], first["id"]);
        for key in ["", "short", "with space", &"x".repeat(129)] {
            app.issue(key, &order).await.expect_problem(400, "idempotency-key-required");
        }
    }
}

on_both! {
    async fn refused_work_lets_its_key_go(app: TestApp) {
        let mut order = order_without_visit(&app.world.unit, "Per Oppdiktet");
        order["questionnaire"] = json!({"name": "no-such-form"});
        let refused = app.issue("key-0001", &order).await.expect_problem(422, "body-invalid");
        assert_eq!((&refused["errors"][0]["pointer"], &refused["errors"][0]["code"]), (&json!("/questionnaire/name"), &json!("questionnaire-unknown")));
        order["questionnaire"] = json!({"name": "follow-up"});
        app.issue("key-0001", &order).await.expect(201);
    }
}

on_both! {
    async fn a_key_in_flight_holds_others_back_until_it_is_lost(app: TestApp) {
        let order = order_without_visit(&app.world.unit, "Per Oppdiktet");
        take(&app, "issue", "key-0001", &order).await;
        app.issue("key-0001", &order).await.expect_problem(409, "idempotency-in-flight");
        app.issue("key-0001", &order_without_visit(&app.world.unit, "Pål")).await.expect_problem(422, "idempotency-body-differs");
        // The instance that took it has died: after two minutes another try takes over.
        app.advance(Duration::minutes(2));
        app.issue("key-0001", &order).await.expect(201);
    }
}

on_both! {
    async fn a_slow_request_that_was_overtaken_does_not_take_the_key_away(app: TestApp) {
        let order = order_without_visit(&app.world.unit, "Per Oppdiktet");
        let slow = take(&app, "issue", "key-0001", &order).await;
        app.advance(Duration::minutes(2));
        let done = app.issue("key-0001", &order).await.expect(201);
        idempotency::release(&app.services, slow).await.expect("released");
        assert_eq!(app.issue("key-0001", &order).await.expect(201)["id"], done["id"]);
    }
}

on_both! {
    async fn the_same_request_at_the_same_moment_makes_one(app: TestApp) {
        let other = app.second_instance().await;
        let order = app.order("visit-1");
        let requests = (0..12).map(|n| {
            let (app, order) = (if n % 2 == 0 { &app } else { &other }, &order);
            async move { app.issue("key-0001", order).await }
        });
        let answers = join_all(requests).await;
        let made: Vec<&Value> = answers.iter().filter(|answer| answer.status == 201).map(|answer| &answer.json).collect();
        assert!(!made.is_empty());
        assert!(made.iter().all(|one| *one == made[0]), "{made:?}");
        assert!(answers.iter().all(|answer| answer.status == 201 || answer.code() == "idempotency-in-flight"));
        let path = format!("/api/v1/patients/{}/timeline", made[0]["patient"].as_str().unwrap_or_default());
        let timeline = app.get(&path).bearer(app.world.token("clinician")).send().await.expect(200);
        let kinds: Vec<&str> = timeline["items"].as_array().into_iter().flatten().filter_map(|one| one["kind"].as_str()).collect();
        assert_eq!(kinds.iter().filter(|kind| **kind == "invitation").count(), 1);
    }
}

on_both! {
    async fn different_keys_at_the_same_moment_make_one_patient_and_one_invitation(app: TestApp) {
        let other = app.second_instance().await;
        let order = app.order("visit-1");
        let requests = (0..8).map(|n| {
            let (app, order) = (if n % 2 == 0 { &app } else { &other }, &order);
            async move { app.issue(&format!("key-000{n}"), order).await }
        });
        let answers = join_all(requests).await;
        assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1);
        assert_eq!(answers.iter().filter(|answer| answer.code() == "invitation-exists").count(), 7);
    }
}

on_both! {
    async fn one_key_makes_one_reissue(app: TestApp) {
        let first = app.invite("visit-1").await;
        let second = app.invite("visit-2").await;
        let made = app.reissue(&first.id, "reissue-1").await.expect(200);
        app.advance(Duration::hours(23));
        assert_eq!(app.reissue(&first.id, "reissue-1").await.expect(200), made);
        app.open(&Invited::of(made), None).await;
        app.reissue(&second.id, "reissue-1").await.expect_problem(422, "idempotency-body-differs");
        app.open(&second, None).await;
    }
}
