//! Visits that are moved, cancelled and booked again, and what hangs on them.

use crate::on_both;
use crate::support::TestApp;
use crate::support::app::Answer;
use crate::support::world::{BORN, Invited, answers};
use chrono::Duration;
use kartlegging::services::expire_invitations;
use serde_json::{Value, json};

async fn change(app: &TestApp, who: &str, invited: &Invited, body: &Value) -> Answer {
    let path = format!("/api/v1/appointments/{}", invited.body["appointment"].as_str().expect("a visit"));
    app.call("PATCH", &path).bearer(app.world.token(who)).json(body).send().await
}

/// State and reason of an invitation.
async fn state(app: &TestApp, invited: &Invited) -> (String, Value) {
    let body = app.invitation(&invited.id).await;
    (body["state"].as_str().unwrap_or_default().to_owned(), body["closed_reason"].clone())
}

fn closed(reason: &str) -> (String, Value) {
    ("closed".to_owned(), json!(reason))
}

/// What the patient's log says was done, oldest first.
async fn deeds(app: &TestApp, invited: &Invited) -> Vec<String> {
    let path = format!("/api/v1/patients/{}/access-log", invited.patient);
    let log = app.get(&path).bearer(app.world.token("auditor")).send().await.expect(200);
    let mut all: Vec<String> =
        log["items"].as_array().into_iter().flatten().map(|entry| entry["action"].as_str().unwrap_or_default().to_owned()).collect();
    all.reverse();
    all
}

on_both! {
    async fn a_moved_visit_moves_its_windows(app: TestApp) {
        let invited = app.invite("visit-1").await;
        let to = json!({"starts_at": "2026-12-03T10:00:00+01:00"});
        let first = change(&app, "client", &invited, &to).await.expect(200);
        assert_eq!((&first["starts_at"], &first["status"], &first["external_id"]), (&json!("2026-12-03T09:00:00Z"), &json!("booked"), &json!("visit-1")));
        let row = &first["invitations"][0];
        assert_eq!((&row["answer_until"], &row["amend_until"]), (&json!("2026-12-03T09:00:00Z"), &json!("2026-12-03T09:00:00Z")));
        // It says how the visit is to be: repeated, it is the same.
        assert_eq!(change(&app, "clinician", &invited, &to).await.expect(200), first);
        assert_eq!(app.try_link(&invited, BORN).await.expect(201)["appointment"]["starts_at"], "2026-12-03T09:00:00Z");
        assert_eq!(deeds(&app, &invited).await.iter().filter(|deed| *deed == "appointment.change").count(), 2);
    }
}

on_both! {
    async fn what_expired_opens_again_with_the_same_letter_when_there_is_time(app: TestApp) {
        let invited = app.invite("visit-1").await;
        let (session, _) = app.open(&invited, None).await;
        app.save(&session, 0, &answers(4, &[], &[], "no", Some("no"))).await.expect(200);
        let mut early = app.order("visit-2");
        early["answer_until"] = json!("2026-11-26T07:00:00Z");
        let early = Invited::of(app.issue("early-end", &early).await.expect(201));
        let answered = app.invite("visit-3").await;
        app.answer(&answered, &answers(4, &[], &[], "no", Some("no"))).await;
        app.advance(Duration::days(4));
        assert_eq!(expire_invitations::run(&app.services).await, Ok(2));

        let moved = change(&app, "client", &invited, &json!({"starts_at": "2026-12-10T10:00:00+01:00"})).await.expect(200);
        assert_eq!((&moved["invitations"][0]["state"], &moved["invitations"][0]["closed_reason"]), (&json!("issued"), &Value::Null));
        let opened = app.try_link(&invited, BORN).await.expect(201);
        assert_eq!(opened["draft"], "none", "the draft went when it expired");
        let log = deeds(&app, &invited).await;
        assert!(log.contains(&"invitation.renew".to_owned()), "{log:?}");
        // An end that was asked for stays, so what ended then stays closed.
        change(&app, "client", &early, &json!({"starts_at": "2026-12-10T10:00:00+01:00"})).await.expect(200);
        assert_eq!(state(&app, &early).await, closed("expired"));
        // What is answered can be changed until the new time.
        app.try_link(&answered, BORN).await.expect_problem(409, "invitation-answered");
        change(&app, "client", &answered, &json!({"starts_at": "2026-12-10T10:00:00+01:00"})).await.expect(200);
        app.try_link(&answered, BORN).await.expect(201);
        assert_eq!(state(&app, &answered).await.0, "answered");
    }
}

on_both! {
    async fn nothing_opens_again_beside_another_letter_or_when_the_visit_is_cancelled(app: TestApp) {
        let (replaced, cancelled) = (app.invite("visit-1").await, app.invite("visit-2").await);
        app.advance(Duration::days(4));
        assert_eq!(expire_invitations::run(&app.services).await, Ok(2));
        let mut order = app.order("visit-1");
        order["appointment"]["starts_at"] = json!("2026-12-10T10:00:00+01:00");
        let newer = Invited::of(app.issue("newer-letter", &order).await.expect(201));
        change(&app, "client", &newer, &json!({"starts_at": "2026-12-11T10:00:00+01:00"})).await.expect(200);
        assert_eq!((state(&app, &replaced).await, state(&app, &newer).await.0), (closed("expired"), "issued".to_owned()));
        let to = json!({"starts_at": "2026-12-11T10:00:00+01:00", "status": "cancelled"});
        change(&app, "client", &cancelled, &to).await.expect(200);
        assert_eq!(state(&app, &cancelled).await, closed("expired"));
        change(&app, "client", &cancelled, &json!({"status": "booked"})).await.expect(200);
        assert_eq!(state(&app, &cancelled).await.0, "issued");
    }
}

on_both! {
    async fn a_cancelled_visit_takes_back_what_is_not_answered(app: TestApp) {
        let given = answers(4, &[], &[], "no", Some("no"));
        let started = app.invite("visit-1").await;
        let (session, _) = app.open(&started, None).await;
        app.save(&session, 0, &given).await.expect(200);
        let mut other_form = app.order("visit-1");
        other_form["questionnaire"] = json!({"name": "follow-up"});
        let declined = Invited::of(app.issue("other-form", &other_form).await.expect(201));
        let (no, _) = app.open(&declined, None).await;
        app.post("/api/v1/session/decline").bearer(&no).send().await.expect(200);
        let answered = app.invite("visit-2").await;
        app.answer(&answered, &given).await;

        let body = change(&app, "client", &started, &json!({"status": "cancelled"})).await.expect(200);
        assert_eq!((&body["status"], body["invitations"].as_array().map(Vec::len)), (&json!("cancelled"), Some(2)));
        change(&app, "client", &answered, &json!({"status": "cancelled"})).await.expect(200);
        assert_eq!((state(&app, &started).await, state(&app, &declined).await), (closed("revoked"), closed("revoked")));
        assert_eq!(state(&app, &answered).await.0, "answered");
        assert!(app.draft(&started.id).await.is_none());
        app.try_link(&started, BORN).await.expect_problem(410, "invitation-revoked");
        app.get("/api/v1/session").bearer(&session).send().await.expect_problem(401, "session-ended");

        // Booked again, it stays so; a new letter is issued for the same visit.
        change(&app, "client", &started, &json!({"status": "booked"})).await.expect(200);
        assert_eq!(state(&app, &started).await, closed("revoked"));
        let again = app.issue("booked-again", &app.order("visit-1")).await.expect(201);
        assert_eq!(again["appointment"], started.body["appointment"]);
        // Who invites to a cancelled visit has booked it again.
        change(&app, "client", &started, &json!({"status": "cancelled"})).await.expect(200);
        app.issue("booked-by-letter", &app.order("visit-1")).await.expect(201);
        let found = app.post("/api/v1/appointments/search").bearer(app.world.token("client")).json(&json!({"external_id": "visit-1"}));
        let found = found.send().await.expect(200);
        assert_eq!((&found["items"][0]["status"], found["items"][0]["invitations"].as_array().map(Vec::len)), (&json!("booked"), Some(4)));
    }
}

on_both! {
    async fn a_visit_goes_to_another_unit_with_its_invitations(app: TestApp) {
        let invited = app.invite("visit-1").await;
        let to = json!({"unit": app.world.second_unit});
        // A person needs a role in both units.
        change(&app, "clinician", &invited, &to).await.expect_problem(403, "role-missing");
        let body = change(&app, "client", &invited, &to).await.expect(200);
        assert_eq!((&body["unit"], &body["invitations"][0]["unit"]), (&json!(app.world.second_unit), &json!(app.world.second_unit)));
        change(&app, "clinician", &invited, &json!({"status": "cancelled"})).await.expect_problem(403, "role-missing");
        change(&app, "second_clinician", &invited, &json!({"status": "cancelled"})).await.expect(200);
    }
}

on_both! {
    async fn what_does_not_fit_is_refused(app: TestApp) {
        let invited = app.invite("visit-1").await;
        for (body, pointer, code) in [
            (json!({}), "/starts_at", "required"),
            (json!({"status": null}), "/starts_at", "required"),
            (json!({"status": "noshow"}), "/status", "malformed"),
            (json!({"starts_at": "2026-11-24T09:00:00+01:00"}), "/starts_at", "out-of-range"),
            (json!({"starts_at": "2036-12-31T09:00:00+01:00"}), "/starts_at", "out-of-range"),
            (json!({"starts_at": "in a week"}), "/starts_at", "date-invalid"),
            (json!({"unit": app.world.other_unit}), "/unit", "unit-unknown"),
            (json!({"status": "booked", "patient": invited.patient}), "/patient", "unknown-member"),
        ] {
            let refused = change(&app, "client", &invited, &body).await.expect_problem(422, "body-invalid");
            assert_eq!((&refused["errors"][0]["pointer"], &refused["errors"][0]["code"]), (&json!(pointer), &json!(code)), "{body}");
        }
        // One whose time is over can still be cancelled.
        app.advance(Duration::days(5));
        change(&app, "client", &invited, &json!({"status": "cancelled"})).await.expect(200);
        assert_eq!(state(&app, &invited).await, closed("revoked"), "nobody had closed it yet");
    }
}

on_both! {
    async fn a_visit_moved_while_it_is_answered_loses_nothing(app: TestApp) {
        let invited = app.invite("visit-1").await;
        let (session, _) = app.open(&invited, None).await;
        app.save(&session, 0, &answers(4, &[], &[], "no", Some("no"))).await.expect(200);
        let times = ["2026-12-01T10:00:00+01:00", "2026-12-02T10:00:00+01:00", "2026-12-03T10:00:00+01:00"];
        let moves = futures::future::join_all(times.map(|time| {
            let (app, invited) = (&app, &invited);
            async move { change(app, "client", invited, &json!({"starts_at": time})).await.status }
        }));
        let submit = app.post("/api/v1/session/submit").bearer(&session).if_match(1).send();
        let (visits, submitted) = tokio::join!(moves, submit);
        assert_eq!(visits, [200, 200, 200]);
        submitted.expect(201);
        let row = app.invitation(&invited.id).await;
        let found = app.post("/api/v1/appointments/search").bearer(app.world.token("client")).json(&json!({"external_id": "visit-1"}));
        let visit = found.send().await.expect(200)["items"][0].clone();
        assert_eq!((&row["state"], &row["amend_until"]), (&json!("answered"), &visit["starts_at"]));
    }
}
