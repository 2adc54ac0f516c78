//! Staff enter a paper form: whose, where, when, and what the invitation's state allows.

use crate::on_both;
use crate::support::TestApp;
use crate::support::app::Answer;
use crate::support::world::{BORN, Invited, answers};
use chrono::Duration;
use serde_json::{Value, json};

fn paper(whose: &Value, respondent: &str) -> Value {
    let mut body = json!({
        "respondent": {"kind": respondent}, "language": "nb", "answered_on": "2026-11-24",
        "answers": answers(5, &[], &[], "maybe", Some("no")),
    });
    body.as_object_mut().expect("object").extend(whose.as_object().cloned().unwrap_or_default());
    body
}

async fn enter(app: &TestApp, who: &str, key: &str, body: &Value) -> Answer {
    app.post("/api/v1/responses").bearer(app.world.token(who)).key(key).json(body).send().await
}

/// Pointer and code of the only wrong member.
async fn refused(app: &TestApp, body: &Value) -> (String, String) {
    let problem = enter(app, "clinician", "paper-0001", body).await.expect_problem(422, "body-invalid");
    assert_eq!(problem["errors"].as_array().map(Vec::len), Some(1), "{problem}");
    let text = |name: &str| problem["errors"][0][name].as_str().unwrap_or_default().to_owned();
    (text("pointer"), text("code"))
}

fn wrong(pointer: &str, code: &str) -> (String, String) {
    (pointer.to_owned(), code.to_owned())
}

on_both! {
    async fn the_state_of_the_invitation_decides(app: TestApp) {
        let revoked = app.invite("visit-1").await;
        app.revoke(&revoked.id).await.expect(200);
        let body = paper(&json!({"invitation": revoked.id}), "patient");
        enter(&app, "clinician", "paper-0001", &body).await.expect_problem(409, "invitation-closed");
        let locked = app.invite("visit-2").await;
        app.use_up(&locked).await;
        let declined = app.invite("visit-3").await;
        let (session, _) = app.open(&declined, None).await;
        app.post("/api/v1/session/decline").bearer(&session).send().await.expect(200);
        let expired = app.invite("visit-4").await;
        app.advance(Duration::days(4));
        app.try_link(&expired, BORN).await.expect_problem(410, "invitation-expired");
        // Paper that comes late is still the patient's answer.
        for (n, invited) in [&locked, &declined, &expired].into_iter().enumerate() {
            let body = paper(&json!({"invitation": invited.id}), "patient");
            let made = enter(&app, "clinician", &format!("paper-1{n:03}"), &body).await.expect(201);
            assert_eq!((&made["source"], &made["version"], &made["invitation"]), (&json!("staff"), &json!(1), &json!(invited.id)));
            assert_eq!(app.invitation(&invited.id).await["state"], "answered");
        }
    }
}

on_both! {
    async fn paper_after_an_answer_is_a_new_version_that_says_so(app: TestApp) {
        let invited = app.invite("visit-1").await;
        let (_, receipt) = app.answer(&invited, &answers(8, &[], &[], "yes", Some("yes"))).await;
        let body = paper(&json!({"invitation": invited.id}), "patient");
        let made = enter(&app, "clinician", "paper-0001", &body).await.expect(201);
        assert_eq!((&made["id"], &made["version"], &made["source"]), (&receipt["response"], &json!(2), &json!("staff")));
        let path = format!("/api/v1/responses/{}/versions", receipt["response"].as_str().unwrap_or_default());
        let versions = app.get(&path).bearer(app.world.token("clinician")).send().await.expect(200);
        let mut sources: Vec<&str> = versions["items"].as_array().into_iter().flatten().filter_map(|one| one["source"].as_str()).collect();
        sources.sort_unstable();
        assert_eq!(sources, ["patient", "staff"]);
    }
}

on_both! {
    async fn what_is_wrong_can_be_put_right_after_the_visit(app: TestApp) {
        let invited = app.invite("visit-1").await;
        let (_, receipt) = app.answer(&invited, &answers(8, &["pain"], &[], "yes", Some("yes"))).await;
        let response = format!("/api/v1/responses/{}", receipt["response"].as_str().unwrap_or_default());
        let nurse = app.world.token("clinician");
        app.post(&format!("{response}/review")).bearer(nurse).json(&json!({"version": 1})).send().await.expect(200);
        // Three weeks after the visit the patient can't change anything any more, and asks.
        app.advance(Duration::days(24));
        app.try_link(&invited, BORN).await.expect_problem(409, "invitation-answered");
        let mut body = paper(&json!({"invitation": invited.id}), "patient");
        body["answered_on"] = json!("2026-12-17");
        let made = enter(&app, "clinician", "paper-0001", &body).await.expect(201);
        assert_eq!((&made["id"], &made["version"], &made["source"]), (&receipt["response"], &json!(2), &json!("staff")));
        assert_eq!((&made["entered_by"], &made["answered_on"]), (&json!(app.world.clinician), &json!("2026-12-17")));
        // What stood there before is kept, and the clinician is shown that it changed.
        let before = app.get(&format!("{response}?version=1")).bearer(nurse).send().await.expect(200);
        assert_eq!((&before["source"], &before["versions"], &before["consent"]), (&json!("patient"), &json!(2), &json!("yes")));
        let now = app.get(&response).bearer(nurse).send().await.expect(200);
        assert_eq!((&now["amended"], &now["consent"], &now["review"]["current"]), (&json!(true), &json!("no"), &json!(false)));
        let list = format!("/api/v1/worklist?unit={}&from=2026-11-24&to=2026-11-30", app.world.unit);
        let list = app.get(&list).bearer(nurse).send().await.expect(200);
        let row = &list["items"][0];
        assert_eq!((&row["response"]["amended"], &row["response"]["unread"], &row["score"]), (&json!(true), &json!(true), &json!(5)));
        let path = format!("/api/v1/patients/{}/access-log", invited.patient);
        let log = app.get(&path).bearer(app.world.token("auditor")).send().await.expect(200);
        let amended = log["items"].as_array().into_iter().flatten().find(|entry| entry["action"] == "response.amend");
        assert_eq!(amended.map(|entry| &entry["actor"]["id"]), Some(&json!(app.world.clinician)));
        // The same once more is no new version, and only the unit that asked may do it.
        assert_eq!(enter(&app, "clinician", "paper-0002", &body).await.expect(201)["version"], 2);
        enter(&app, "second_clinician", "paper-0003", &body).await.expect_problem(403, "role-missing");
    }
}

on_both! {
    async fn what_has_to_fit(app: TestApp) {
        let invited = app.invite("visit-1").await;
        let body = |change: Value| {
            let mut body = paper(&json!({"invitation": invited.id}), "patient");
            body.as_object_mut().expect("object").extend(change.as_object().cloned().unwrap_or_default());
            body
        };
        assert_eq!(refused(&app, &body(json!({"answered_on": "2026-11-25"}))).await, wrong("/answered_on", "date-in-future"));
        assert_eq!(refused(&app, &body(json!({"answered_on": "2026-11-31"}))).await, wrong("/answered_on", "date-invalid"));
        assert_eq!(refused(&app, &body(json!({"language": "se"}))).await, wrong("/language", "language-unknown"));
        assert_eq!(refused(&app, &body(json!({"respondent": null}))).await, wrong("/respondent", "required"));
        let nothing = body(json!({"answers": {"resourceType": "QuestionnaireResponse"}}));
        let problem = enter(&app, "clinician", "paper-0001", &nothing).await.expect_problem(422, "answers-invalid");
        let missing: Vec<&str> = problem["issues"].as_array().into_iter().flatten().filter_map(|issue| issue["link_id"].as_str()).collect();
        assert_eq!(missing, ["score", "follow-up", "consent-forward"]);
        assert_eq!(app.invitation(&invited.id).await["state"], "issued");
        // None of these took the key.
        let made = enter(&app, "clinician", "paper-0001", &body(json!({}))).await.expect(201);
        enter(&app, "clinician", "paper-0001", &body(json!({"language": "nn"}))).await.expect_problem(422, "idempotency-body-differs");
        assert_eq!(enter(&app, "clinician", "paper-0001", &body(json!({}))).await.expect(201)["id"], made["id"]);
    }
}

on_both! {
    async fn today_in_norway_counts(app: TestApp) {
        let invited = app.invite("visit-1").await;
        // 23:30 UTC is half past midnight in Norway.
        app.advance(Duration::hours(15) + Duration::minutes(30));
        let mut body = paper(&json!({"invitation": invited.id}), "patient");
        body["answered_on"] = json!("2026-11-25");
        enter(&app, "clinician", "paper-0001", &body).await.expect(201);
    }
}

on_both! {
    async fn only_in_ones_own_unit_and_organization(app: TestApp) {
        let invited = app.invite("visit-1").await;
        let body = paper(&json!({"invitation": invited.id}), "patient");
        for who in ["second_clinician", "unit_admin", "organization_admin", "auditor", "client"] {
            enter(&app, who, "paper-0001", &body).await.expect_problem(403, "role-missing");
        }
        enter(&app, "other_clinician", "paper-0001", &body).await.expect_problem(404, "not-found");
        let whose = |unit: &str| paper(&json!({"patient": invited.patient, "unit": unit}), "staff");
        assert_eq!(refused(&app, &whose(&app.world.other_unit)).await, wrong("/unit", "unit-unknown"));
        enter(&app, "clinician", "paper-0001", &whose(&app.world.second_unit)).await.expect_problem(403, "role-missing");
        enter(&app, "other_clinician", "paper-0001", &whose(&app.world.other_unit)).await.expect_problem(404, "not-found");
        let mut form = whose(&app.world.unit);
        form["questionnaire"] = json!({"name": "no-such-form"});
        assert_eq!(refused(&app, &form).await, wrong("/questionnaire/name", "questionnaire-unknown"));
        let made = enter(&app, "clinician", "paper-0001", &whose(&app.world.unit)).await.expect(201);
        assert_ne!(made["invitation"], json!(invited.id));
        let own = app.invitation(made["invitation"].as_str().unwrap_or_default()).await;
        assert_eq!((&own["state"], &own["sent"], &own["unit"]), (&json!("answered"), &json!(false), &json!(app.world.unit)));
    }
}

on_both! {
    async fn a_representative_on_paper_follows_the_same_rules(app: TestApp) {
        let invited = app.invite("visit-1").await;
        let mut body = paper(&json!({"invitation": invited.id}), "patient");
        body["respondent"] = json!({"kind": "representative", "relation": "power-of-attorney", "name": "Kari Prøve", "phone": "00000003"});
        let problem = enter(&app, "clinician", "paper-0001", &body).await.expect_problem(422, "answers-invalid");
        assert_eq!((&problem["issues"][0]["code"], &problem["issues"][0]["link_id"]), (&json!("notEnabled"), &json!("consent-forward")));
        body["answers"] = answers(5, &[], &[], "maybe", None);
        let made = enter(&app, "clinician", "paper-0001", &body).await.expect(201);
        assert_eq!(made["consent"], "not-asked-respondent-may-not-decide");
    }
}

on_both! {
    async fn a_patient_may_change_what_staff_entered_before_the_visit(app: TestApp) {
        let invited: Invited = app.invite("visit-1").await;
        let body = paper(&json!({"invitation": invited.id}), "patient");
        let made = enter(&app, "clinician", "paper-0001", &body).await.expect(201);
        let (session, _) = app.open(&invited, None).await;
        app.save(&session, 0, &answers(9, &[], &[], "yes", Some("yes"))).await.expect(200);
        let receipt = app.submit(&session, 1).await.expect(201);
        assert_eq!((&receipt["response"], &receipt["version"]), (&made["id"], &json!(2)));
    }
}
