//! Why an invitation does not open is told only to someone who knows the birth date.

use crate::on_both;
use crate::support::TestApp;
use crate::support::world::{BORN, Invited, WRONG_DATE, answers};
use chrono::Duration;
use serde_json::json;

/// A wrong date gets the one answer; the right one gets the reason, by link and by code alike.
async fn told(app: &TestApp, invited: &Invited, status: u16, code: &str) {
    app.try_link(invited, WRONG_DATE).await.expect_problem(401, "credential-wrong");
    app.try_code(&invited.code, WRONG_DATE).await.expect_problem(401, "credential-wrong");
    app.try_link(invited, BORN).await.expect_problem(status, code);
    app.try_code(&invited.code, BORN).await.expect_problem(status, code);
}

on_both! {
    async fn expired(app: TestApp) {
        let invited = app.invite("visit-1").await;
        let (session, _) = app.open(&invited, None).await;
        app.save(&session, 0, &answers(4, &[], &[], "no", Some("no"))).await.expect(200);
        // The visit begins on the third day at half past nine in Norway.
        app.advance(Duration::days(3) + Duration::minutes(29));
        app.open(&invited, None).await;
        app.advance(Duration::minutes(1));
        told(&app, &invited, 410, "invitation-expired").await;
        let closed = app.invitation(&invited.id).await;
        assert_eq!((&closed["state"], &closed["closed_reason"]), (&json!("closed"), &json!("expired")));
    }
}

on_both! {
    async fn a_session_that_is_open_ends_its_writing_with_the_time(app: TestApp) {
        let invited = app.invite("visit-1").await;
        app.advance(Duration::days(3) + Duration::minutes(29));
        let (session, _) = app.open(&invited, None).await;
        app.save(&session, 0, &answers(4, &[], &[], "no", Some("no"))).await.expect(200);
        app.advance(Duration::minutes(1));
        app.save(&session, 1, &answers(5, &[], &[], "no", Some("no"))).await.expect_problem(410, "invitation-expired");
        app.submit(&session, 1).await.expect_problem(410, "invitation-expired");
        app.get("/api/v1/session/draft").bearer(&session).send().await.expect_problem(410, "invitation-expired");
        app.post("/api/v1/session/decline").bearer(&session).send().await.expect_problem(410, "invitation-expired");
    }
}

on_both! {
    async fn revoked(app: TestApp) {
        let invited = app.invite("visit-1").await;
        app.revoke(&invited.id).await.expect(200);
        told(&app, &invited, 410, "invitation-revoked").await;
    }
}

on_both! {
    async fn replaced(app: TestApp) {
        let invited = app.invite("visit-1").await;
        let again = Invited::of(app.reissue(&invited.id, "reissue-1").await.expect(200));
        told(&app, &invited, 410, "link-replaced").await;
        app.open(&again, None).await;
    }
}

on_both! {
    async fn locked(app: TestApp) {
        // The newer link was guessed at; who holds the older one is told with the right date.
        let invited = app.invite("visit-1").await;
        let again = Invited::of(app.reissue(&invited.id, "reissue-1").await.expect(200));
        app.use_up(&again).await;
        told(&app, &invited, 410, "invitation-locked").await;
    }
}

on_both! {
    async fn answered(app: TestApp) {
        let invited = app.invite("visit-1").await;
        app.answer(&invited, &answers(4, &[], &[], "no", Some("no"))).await;
        // Until the visit it opens again, for changes.
        app.advance(Duration::days(3) + Duration::minutes(29));
        let opened = app.try_link(&invited, BORN).await.expect(201);
        assert_eq!(opened["invitation"]["state"], "answered");
        app.advance(Duration::minutes(1));
        told(&app, &invited, 409, "invitation-answered").await;
    }
}

on_both! {
    async fn a_locked_invitation_keeps_the_answer_it_has(app: TestApp) {
        let invited = app.invite("visit-1").await;
        app.answer(&invited, &answers(4, &[], &[], "no", Some("no"))).await;
        app.use_up(&invited).await;
        app.try_link(&invited, BORN).await.expect_problem(429, "attempts-exhausted");
        let kept = app.invitation(&invited.id).await;
        assert_eq!((&kept["state"], &kept["flagged"]), (&json!("answered"), &json!(true)));
    }
}
