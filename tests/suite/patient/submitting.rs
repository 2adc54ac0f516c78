//! Handing in: once whatever is retried, changed until the visit, every version kept; declining and
//! changing one's mind.

use crate::on_both;
use crate::support::TestApp;
use crate::support::world::{answers, item};
use chrono::Duration;
use futures::future::join_all;
use serde_json::{Value, json};

async fn versions(app: &TestApp, receipt: &Value) -> Vec<Value> {
    let path = format!("/api/v1/responses/{}/versions", receipt["response"].as_str().unwrap_or_default());
    let body = app.get(&path).bearer(app.world.token("clinician")).send().await.expect(200);
    body["items"].as_array().cloned().unwrap_or_default()
}

fn given(score: u8) -> Value {
    answers(score, &["pain"], &["pain"], "maybe", Some("yes"))
}

on_both! {
    async fn a_repeat_gets_the_receipt_and_makes_nothing(app: TestApp) {
        let (session, receipt) = app.answer(&app.invite("visit-1").await, &given(5)).await;
        assert_eq!(receipt["version"], 1);
        app.advance(Duration::minutes(10));
        for version in [1, 0, 7] {
            assert_eq!(app.submit(&session, version).await.expect(200), receipt);
        }
        let bare = app.post("/api/v1/session/submit").bearer(&session).send().await.expect(200);
        assert_eq!(bare, receipt);
        assert_eq!(app.get("/api/v1/session/receipt").bearer(&session).send().await.expect(200), receipt);
        assert_eq!(versions(&app, &receipt).await.len(), 1);
    }
}

on_both! {
    async fn a_receipt_session_shows_the_receipt_and_changes_nothing(app: TestApp) {
        let invited = app.invite("visit-1").await;
        let (session, receipt) = app.answer(&invited, &given(5)).await;
        assert_eq!(app.get("/api/v1/session").bearer(&session).send().await.expect(200)["kind"], "receipt");
        app.save(&session, 1, &given(9)).await.expect_problem(409, "session-is-receipt");
        app.get("/api/v1/session/draft").bearer(&session).send().await.expect_problem(409, "session-is-receipt");
        app.post("/api/v1/session/start-over").bearer(&session).send().await.expect_problem(409, "session-is-receipt");
        app.post("/api/v1/session/decline").bearer(&session).send().await.expect_problem(409, "session-is-receipt");
        assert_eq!(versions(&app, &receipt).await.len(), 1);
        assert_eq!(app.invitation(&invited.id).await["response"], receipt["response"]);
    }
}

on_both! {
    async fn submits_at_the_same_moment_make_one_response(app: TestApp) {
        let invited = app.invite("visit-1").await;
        let (session, device) = app.open(&invited, None).await;
        let other = app.second_instance().await;
        let (tab, _) = app.open(&invited, Some(&device)).await;
        app.save(&session, 0, &given(5)).await.expect(200);
        let submits = (0..8).map(|n| {
            let (app, session) = (if n % 2 == 0 { &app } else { &other }, if n % 3 == 0 { &tab } else { &session });
            async move { app.submit(session, 1).await }
        });
        let done = join_all(submits).await;
        assert_eq!(done.iter().filter(|answer| answer.status == 201).count(), 1);
        assert_eq!(done.iter().filter(|answer| answer.status == 200).count(), 7);
        for answer in &done {
            assert_eq!(answer.json, done[0].json);
        }
        assert_eq!(versions(&app, &done[0].json).await.len(), 1);
    }
}

on_both! {
    async fn only_what_was_seen_is_handed_in(app: TestApp) {
        let (session, _) = app.open(&app.invite("visit-1").await, None).await;
        app.submit(&session, 0).await.expect_problem(412, "draft-changed");
        app.save(&session, 0, &given(5)).await.expect(200);
        app.post("/api/v1/session/submit").bearer(&session).send().await.expect_problem(428, "if-match-required");
        app.save(&session, 1, &given(6)).await.expect(200);
        app.submit(&session, 1).await.expect_problem(412, "draft-changed");
        app.submit(&session, 2).await.expect(201);
    }
}

on_both! {
    async fn who_answered_has_to_be_said(app: TestApp) {
        let (session, _) = app.open(&app.invite("visit-1").await, None).await;
        let put = app.put("/api/v1/session/draft").bearer(&session).if_match(0).json(&json!({"answers": given(5)}));
        put.send().await.expect(200);
        let refused = app.submit(&session, 1).await.expect_problem(422, "body-invalid");
        assert_eq!((&refused["errors"][0]["pointer"], &refused["errors"][0]["code"]), (&json!("/respondent"), &json!("required")));
    }
}

on_both! {
    async fn changes_until_the_visit_keep_every_version(app: TestApp) {
        let invited = app.invite("visit-1").await;
        let (session, device) = app.open(&invited, None).await;
        app.save(&session, 0, &given(5)).await.expect(200);
        let first = app.submit(&session, 1).await.expect(201);
        app.advance(Duration::days(3) + Duration::minutes(29));

        // Looked at again and left as it was: no new version.
        let (again, _) = app.open(&invited, Some(&device)).await;
        app.save(&again, 1, &given(5)).await.expect(200);
        let unchanged = app.submit(&again, 2).await.expect(200);
        assert_eq!(unchanged, first);

        let (again, _) = app.open(&invited, Some(&device)).await;
        app.save(&again, 2, &given(8)).await.expect(200);
        let second = app.submit(&again, 3).await.expect(201);
        assert_eq!((&second["response"], &second["version"]), (&first["response"], &json!(2)));
        let (late, _) = app.open(&invited, Some(&device)).await;
        app.save(&late, 3, &given(9)).await.expect(200);

        let path = format!("/api/v1/responses/{}", first["response"].as_str().unwrap_or_default());
        for (version, score, status) in [(1, "5", "completed"), (2, "8", "amended")] {
            let read = app.get(&format!("{path}?version={version}")).bearer(app.world.token("clinician")).send().await.expect(200);
            assert_eq!(item(&read["answers"], "score").map(|found| &found["answer"][0]["valueCoding"]["code"]), Some(&json!(score)));
            assert_eq!((&read["answers"]["status"], &read["amended"]), (&json!(status), &json!(true)));
        }

        // The visit has begun: what stands, stands.
        app.advance(Duration::minutes(1));
        app.submit(&late, 4).await.expect_problem(410, "amend-closed");
        app.save(&late, 4, &given(1)).await.expect_problem(410, "amend-closed");
        app.post("/api/v1/session/start-over").bearer(&late).send().await.expect_problem(410, "amend-closed");
        assert_eq!(versions(&app, &first).await.len(), 2);
        assert_eq!(app.get("/api/v1/session/receipt").bearer(&again).send().await.expect(200), second);
    }
}

on_both! {
    async fn declining_deletes_the_draft_and_can_be_taken_back(app: TestApp) {
        let invited = app.invite("visit-1").await;
        let (session, _) = app.open(&invited, None).await;
        app.save(&session, 0, &given(5)).await.expect(200);
        for _ in 0..2 {
            let body = app.post("/api/v1/session/decline").bearer(&session).send().await.expect(200);
            assert_eq!((&body["invitation"]["state"], &body["invitation"]["closed_reason"], &body["draft"]), (&json!("closed"), &json!("declined"), &json!("none")));
        }
        app.submit(&session, 1).await.expect_problem(412, "draft-changed");
        assert_eq!(app.get("/api/v1/session/draft").bearer(&session).send().await.expect(200)["version"], 0);
        assert_eq!(app.invitation(&invited.id).await["closed_reason"], "declined");

        app.advance(Duration::days(1));
        let (session, _) = app.open(&invited, None).await;
        assert_eq!(app.invitation(&invited.id).await["closed_reason"], "declined");
        app.save(&session, 0, &given(2)).await.expect(200);
        assert_eq!(app.invitation(&invited.id).await["state"], "started");
        app.submit(&session, 1).await.expect(201);
        let (session, _) = app.open(&invited, None).await;
        app.post("/api/v1/session/decline").bearer(&session).send().await.expect_problem(409, "invitation-answered");
    }
}
