//! Two devices: answers are seen only where they were given, and nobody overwrites in silence.

use crate::on_both;
use crate::support::TestApp;
use crate::support::world::{BORN, Invited, answers, item, with_text};
use serde_json::{Value, json};

async fn score(app: &TestApp, session: &str) -> Value {
    let body = app.get("/api/v1/session/draft").bearer(session).send().await.expect(200);
    item(&body["answers"], "score").map_or(Value::Null, |score| score["answer"][0]["valueCoding"]["code"].clone())
}

async fn place(app: &TestApp, session: &str) -> Value {
    app.get("/api/v1/session").bearer(session).send().await.expect(200)["draft"].clone()
}

on_both! {
    async fn the_same_device_goes_on_where_it_was(app: TestApp) {
        let invited = app.invite("visit-1").await;
        let (session, device) = app.open(&invited, None).await;
        assert_eq!(place(&app, &session).await, "none");
        app.save(&session, 0, &answers(6, &[], &[], "no", Some("no"))).await.expect(200);
        app.delete("/api/v1/session").bearer(&session).send().await.expect(204);
        app.advance(chrono::Duration::days(2));
        let (again, _) = app.open(&invited, Some(&device)).await;
        assert_eq!(place(&app, &again).await, "here");
        assert_eq!(score(&app, &again).await, "6");
        app.save(&again, 1, &answers(7, &[], &[], "no", Some("no"))).await.expect(200);
    }
}

on_both! {
    async fn another_device_sees_nothing_and_may_start_over(app: TestApp) {
        let invited = app.invite("visit-1").await;
        let (first, device) = app.open(&invited, None).await;
        app.save(&first, 0, &with_text("Hemmelig på første enhet")).await.expect(200);
        let body = app.try_open(&json!({"link": invited.link, "birth_date": BORN, "device_token": "not-a-token"})).await.expect(201);
        assert_eq!(body["draft"], "elsewhere");
        let second = body["session_token"].as_str().unwrap_or_default();
        let given = answers(1, &[], &[], "no", Some("no"));
        app.get("/api/v1/session/draft").bearer(second).send().await.expect_problem(409, "draft-elsewhere");
        for version in [0, 1, 2] {
            app.save(second, version, &given).await.expect_problem(409, "draft-elsewhere");
            app.submit(second, version).await.expect_problem(409, "draft-elsewhere");
        }

        let fresh = app.post("/api/v1/session/start-over").bearer(second).send().await.expect(200);
        assert_eq!((&fresh["version"], &fresh["respondent"]), (&json!(2), &Value::Null));
        assert!(!fresh.to_string().contains("Hemmelig"), "{fresh}");
        assert_eq!(place(&app, second).await, "here");
        // The first device is told, whatever version it names, and overwrites nothing.
        for version in [1, 2] {
            app.save(&first, version, &with_text("Overskrevet")).await.expect_problem(409, "draft-elsewhere");
        }
        app.submit(&first, 1).await.expect_problem(409, "draft-elsewhere");
        app.save(second, 1, &given).await.expect_problem(412, "draft-changed");
        app.save(second, 2, &given).await.expect(200);
        app.submit(second, 3).await.expect(201);
        // With the device token the first device is still not the one that holds the draft.
        let (again, _) = app.open(&invited, Some(&device)).await;
        assert_eq!(place(&app, &again).await, "elsewhere");
    }
}

on_both! {
    async fn two_devices_that_both_begin_do_not_both_win(app: TestApp) {
        let invited = app.invite("visit-1").await;
        let (one, _) = app.open(&invited, None).await;
        let (two, _) = app.open(&invited, None).await;
        let given = answers(3, &[], &[], "no", Some("no"));
        let (first, second) = tokio::join!(app.save(&one, 0, &given), app.save(&two, 0, &given));
        let mut ends = [(first.status, first.code().to_owned()), (second.status, second.code().to_owned())];
        ends.sort();
        assert_eq!(ends, [(200, String::new()), (409, "draft-elsewhere".to_owned())]);
    }
}

on_both! {
    async fn a_device_of_another_invitation_is_a_stranger(app: TestApp) {
        let invited = app.invite("visit-1").await;
        let (session, device) = app.open(&invited, None).await;
        app.save(&session, 0, &answers(6, &[], &[], "no", Some("no"))).await.expect(200);
        let other = app.invite("visit-2").await;
        let (_, foreign) = app.open(&other, Some(&device)).await;
        let (session, _) = app.open(&invited, Some(&foreign)).await;
        assert_eq!(place(&app, &session).await, "elsewhere");
        // A session token is no device token either.
        let (session, _) = app.open(&invited, Some(&session)).await;
        assert_eq!(place(&app, &session).await, "elsewhere");
    }
}

on_both! {
    async fn a_reissued_letter_keeps_the_draft_of_its_device(app: TestApp) {
        let invited = app.invite("visit-1").await;
        let (session, device) = app.open(&invited, None).await;
        app.save(&session, 0, &answers(6, &[], &[], "no", Some("no"))).await.expect(200);
        let again = Invited::of(app.reissue(&invited.id, "reissue-1").await.expect(200));
        let (session, _) = app.open(&again, Some(&device)).await;
        assert_eq!(score(&app, &session).await, "6");
    }
}
