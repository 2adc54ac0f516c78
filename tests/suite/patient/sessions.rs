//! Sessions: how long they live, how they end, what opens none.

use crate::on_both;
use crate::support::TestApp;
use crate::support::world::{BORN, Invited, answers};
use chrono::{DateTime, Duration, Utc};
use kartlegging::crypto::ring::Purpose;
use kartlegging::crypto::tokens::{self, Handle};
use serde_json::{Value, json};

fn at(body: &Value, name: &str) -> DateTime<Utc> {
    body[name].as_str().and_then(|text| text.parse().ok()).unwrap_or_default()
}

async fn opened(app: &TestApp, remember: bool) -> Value {
    let invited = app.invite("visit-1").await;
    app.try_open(&json!({"link": invited.link, "birth_date": BORN, "remember": remember})).await.expect(201)
}

async fn look(app: &TestApp, body: &Value) -> crate::support::app::Answer {
    app.get("/api/v1/session").bearer(body["session_token"].as_str().unwrap_or_default()).send().await
}

on_both! {
    async fn ends_after_two_hours_without_use(app: TestApp) {
        let body = opened(&app, false).await;
        let now = app.services.now();
        assert_eq!((at(&body, "expires_at"), at(&body, "absolute_until")), (now + Duration::hours(2), now + Duration::hours(24)));
        app.advance(Duration::minutes(119));
        let used = look(&app, &body).await.expect(200);
        assert_eq!(at(&used, "expires_at"), app.services.now() + Duration::hours(2));
        app.advance(Duration::minutes(119));
        look(&app, &body).await.expect(200);
        app.advance(Duration::hours(2));
        look(&app, &body).await.expect_problem(401, "session-ended");
        // It is not woken by that.
        look(&app, &body).await.expect_problem(401, "session-ended");
    }
}

on_both! {
    async fn ends_after_a_day_however_much_it_is_used(app: TestApp) {
        let body = opened(&app, false).await;
        let end = at(&body, "absolute_until");
        for _ in 0..15 {
            app.advance(Duration::minutes(95));
            look(&app, &body).await.expect(200);
        }
        app.advance(Duration::minutes(14));
        assert_eq!(at(&look(&app, &body).await.expect(200), "expires_at"), end);
        app.advance(Duration::minutes(1));
        look(&app, &body).await.expect_problem(401, "session-ended");
    }
}

on_both! {
    async fn rests_for_a_day_where_the_person_asked_to_be_remembered(app: TestApp) {
        let body = opened(&app, true).await;
        assert_eq!(at(&body, "expires_at"), app.services.now() + Duration::hours(24));
        app.advance(Duration::hours(24) - Duration::seconds(1));
        look(&app, &body).await.expect(200);
        app.advance(Duration::seconds(1));
        look(&app, &body).await.expect_problem(401, "session-ended");
    }
}

on_both! {
    async fn ends_when_the_person_ends_it_on_every_instance(app: TestApp) {
        let body = opened(&app, true).await;
        let token = body["session_token"].as_str().unwrap_or_default();
        let other = app.second_instance().await;
        look(&other, &body).await.expect(200);
        let ended = app.delete("/api/v1/session").bearer(token).send().await;
        assert_eq!((ended.status, ended.text.as_str()), (204, ""));
        look(&app, &body).await.expect_problem(401, "session-ended");
        look(&other, &body).await.expect_problem(401, "session-ended");
        app.delete("/api/v1/session").bearer(token).send().await.expect_problem(401, "session-ended");
    }
}

on_both! {
    async fn only_a_session_token_of_that_invitation_opens_one(app: TestApp) {
        let invited = app.invite("visit-1").await;
        let second = app.invite("visit-2").await;
        let body = app.try_link(&invited, BORN).await.expect(201);
        let session = body["session_token"].as_str().unwrap_or_default();
        let (own, other) = (body["device_token"].as_str().unwrap_or_default(), app.world.token("client"));
        for token in [own, other, "x", &session[..session.len() - 3]] {
            app.get("/api/v1/session").bearer(token).send().await.expect_problem(401, "token-invalid");
        }
        app.get("/api/v1/session").send().await.expect_problem(401, "token-missing");
        app.get(&format!("/api/v1/invitations/{}", invited.id)).bearer(session).send().await.expect_problem(401, "token-invalid");

        // Even signed with our key: a handle that names another invitation than its session's.
        let claims: Handle = tokens::verify(&app.services.ring, Purpose::Session, tokens::SESSION, session).expect("claims");
        let sign = |claims: &Handle| tokens::sign(&app.services.ring, Purpose::Session, tokens::SESSION, claims).expect("token");
        app.get("/api/v1/session").bearer(&sign(&claims)).send().await.expect(200);
        let moved = Handle { inv: second.id.parse().expect("id"), ..claims };
        app.get("/api/v1/session").bearer(&sign(&moved)).send().await.expect_problem(401, "session-ended");
    }
}

on_both! {
    async fn two_letters_of_one_patient_stay_apart(app: TestApp) {
        let first = app.invite("visit-1").await;
        let second = app.invite("visit-2").await;
        assert_eq!(first.patient, second.patient);
        let (one, device) = app.open(&first, None).await;
        let (two, other_device) = app.open(&second, Some(&device)).await;
        assert_ne!(device, other_device);
        app.save(&one, 0, &answers(9, &[], &[], "yes", Some("yes"))).await.expect(200);
        let untouched = app.get("/api/v1/session/draft").bearer(&two).send().await.expect(200);
        assert_eq!((&untouched["version"], &untouched["updated_at"]), (&json!(0), &Value::Null));
        app.save(&two, 0, &answers(1, &[], &[], "no", Some("no"))).await.expect(200);
        app.submit(&two, 1).await.expect(201);
        assert_eq!(app.get("/api/v1/session/draft").bearer(&one).send().await.expect(200)["version"], 1);
        assert_eq!(app.invitation(&first.id).await["state"], "started");
    }
}

on_both! {
    async fn reissuing_and_revoking_end_them(app: TestApp) {
        let invited = app.invite("visit-1").await;
        let (session, _) = app.open(&invited, None).await;
        let again = Invited::of(app.reissue(&invited.id, "reissue-1").await.expect(200));
        app.get("/api/v1/session").bearer(&session).send().await.expect_problem(401, "session-ended");
        let (session, _) = app.open(&again, None).await;
        app.revoke(&invited.id).await.expect(200);
        app.save(&session, 0, &answers(1, &[], &[], "no", Some("no"))).await.expect_problem(401, "session-ended");
    }
}
