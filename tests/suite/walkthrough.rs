//! The main job from end to end: a link is issued, opened, answered, read, reviewed and amended.

use crate::on_both;
use crate::support::world;
use crate::support::world::{BORN, answers, draft};
use chrono::Duration;
use serde_json::{Value, json};

on_both! {
    async fn a_link_is_issued_answered_and_read(app: TestApp) {
        let invited = app.invite("visit-1").await;
        assert_eq!(invited.body["state"], "issued");
        assert_eq!(invited.body["sent"], true);

        let opened = app.post("/api/v1/session").json(&json!({"code": invited.code.to_lowercase().replace('-', " "), "birth_date": BORN})).send().await.expect(201);
        let session = opened["session_token"].as_str().unwrap_or_default();
        assert_eq!(opened["draft"], "none");
        assert_eq!(opened["patient"]["name"], "Åse Oppdiktet");

        let form = app.get("/api/v1/session/questionnaire?language=nn").bearer(session).send().await.expect(200);
        assert_eq!(form["language"], "nn");

        let given = answers(7, &["fatigue", "pain", "sleep"], &["fatigue"], "yes", Some("yes"));
        let saved = app.put("/api/v1/session/draft").bearer(session).if_match(0).json(&draft(&given)).send().await.expect(200);
        assert_eq!(saved["version"], 1);
        let receipt = app.post("/api/v1/session/submit").bearer(session).if_match(1).send().await.expect(201);
        assert!(receipt["copy"].as_str().is_some_and(|copy| copy.contains("Tretthet")), "{receipt}");

        let nurse = app.world.token("clinician");
        let path = format!("/api/v1/worklist?unit={}&from=2026-11-24&to=2026-11-30", app.world.unit);
        let list = app.get(&path).bearer(nurse).send().await.expect(200);
        let row = &list["items"][0];
        assert_eq!(row["reason"]["code"], "over-threshold-wants-follow-up");
        assert_eq!(row["score"], 7);
        assert_eq!(row["problem_count"], 3);
        assert_eq!(row["burdens_most"][0]["display"], "Tretthet");
        assert_eq!(row["response"]["unread"], true);

        let id = receipt["response"].as_str().unwrap_or_default();
        let response = app.get(&format!("/api/v1/responses/{id}")).bearer(nurse).send().await.expect(200);
        assert_eq!(response["answers"]["status"], "completed");
        assert_eq!(response["consent"], "yes");
        let summary = app.get(&format!("/api/v1/responses/{id}/summary?language=en")).bearer(nurse).send().await.expect(200);
        assert_eq!(summary["score"]["value"], 7);
        assert_eq!(summary["burdens_most"][0]["text"], "Fatigue");
        let plain = app.get(&format!("/api/v1/responses/{id}/summary")).bearer(nurse).header("accept", "text/plain").send().await;
        assert!(plain.text.contains("7 av 10"), "{}", plain.text);
        let fhir = app.get(&format!("/api/v1/responses/{id}/summary")).bearer(nurse).header("accept", "application/fhir+json").send().await.expect(200);
        assert_eq!(fhir["entry"][0]["resource"]["resourceType"], "Observation");

        let reviewed = app.post(&format!("/api/v1/responses/{id}/review")).bearer(nurse).json(&json!({"version": 1})).send().await.expect(200);
        assert_eq!(reviewed["current"], true);

        // The patient changes their mind before the visit: the clinician sees that it changed.
        app.advance(Duration::hours(3));
        let (again, _) = app.open(&invited, opened["device_token"].as_str()).await;
        let known = app.get("/api/v1/session/draft").bearer(&again).send().await.expect(200);
        assert_eq!(known["version"], 1);
        let changed = answers(3, &["pain"], &["pain"], "no", Some("no"));
        app.put("/api/v1/session/draft").bearer(&again).if_match(1).json(&draft(&changed)).send().await.expect(200);
        let second = app.post("/api/v1/session/submit").bearer(&again).if_match(2).send().await.expect(201);
        assert_eq!((&second["response"], &second["version"]), (&receipt["response"], &json!(2)));
        let list = app.get(&path).bearer(nurse).send().await.expect(200);
        assert_eq!((&list["items"][0]["response"]["amended"], &list["items"][0]["response"]["unread"]), (&json!(true), &json!(true)));
        let versions = app.get(&format!("/api/v1/responses/{id}/versions")).bearer(nurse).send().await.expect(200);
        assert_eq!(versions["items"].as_array().map(Vec::len), Some(2));
        let first = app.get(&format!("/api/v1/responses/{id}?version=1")).bearer(nurse).send().await.expect(200);
        assert_eq!(first["answers"]["item"], response["answers"]["item"]);
        app.post(&format!("/api/v1/responses/{id}/review")).bearer(nurse).json(&json!({"version": 1})).send().await.expect_problem(409, "response-changed");

        let timeline = app.get(&format!("/api/v1/patients/{}/timeline", invited.patient)).bearer(nurse).send().await.expect(200);
        let kinds: Vec<&str> = timeline["items"].as_array().into_iter().flatten().filter_map(|one| one["kind"].as_str()).collect();
        assert!(kinds.contains(&"appointment") && kinds.contains(&"invitation") && kinds.contains(&"response"));
        let log = app.get(&format!("/api/v1/patients/{}/access-log", invited.patient)).bearer(app.world.token("auditor")).send().await.expect(200);
        let actions: Vec<&str> = log["items"].as_array().into_iter().flatten().filter_map(|one| one["action"].as_str()).collect();
        for action in ["invitation.issue", "session.open", "draft.save", "response.submit", "worklist.read", "response.read", "response.summary", "response.review", "response.amend", "response.versions", "patient.timeline"] {
            assert!(actions.contains(&action), "{action} is not in {actions:?}");
        }
        let found = app.post("/api/v1/patients/search").bearer(nurse).json(&json!({"identifier": {"system": "urn:oid:2.16.578.1.12.4.1.4.1", "value": world::FNR}})).send().await.expect(200);
        assert_eq!(found["items"][0]["id"], Value::String(invited.patient.clone()));
    }
}

on_both! {
    async fn staff_enter_a_paper_form(app: TestApp) {
        let invited = app.invite("visit-1").await;
        let body = json!({
            "invitation": invited.id,
            "respondent": {"kind": "patient"},
            "answers": answers(5, &[], &[], "maybe", Some("no")),
            "language": "nb",
            "answered_on": "2026-11-23",
        });
        let call = || app.post("/api/v1/responses").bearer(app.world.token("clinician")).key("paper-0001").json(&body);
        let made = call().send().await.expect(201);
        assert_eq!((&made["source"], &made["answered_on"]), (&json!("staff"), &json!("2026-11-23")));
        assert_eq!(made["entered_by"], json!(app.world.clinician));
        assert_eq!(call().send().await.expect(201)["id"], made["id"]);
        let free = json!({
            "patient": invited.patient, "unit": app.world.unit, "questionnaire": {"name": "follow-up"},
            "respondent": {"kind": "staff"}, "language": "nn", "answered_on": "2026-11-24",
            "answers": {"resourceType": "QuestionnaireResponse", "item": [
                {"linkId": "distress", "item": [{"linkId": "score", "answer": [{"valueCoding": {"code": "2"}}]}]},
                {"linkId": "follow-up", "answer": [{"valueCoding": {"code": "no"}}]},
            ]},
        });
        let made = app.post("/api/v1/responses").bearer(app.world.token("clinician")).key("paper-0002").json(&free).send().await.expect(201);
        assert_eq!((&made["questionnaire"]["name"], &made["consent"]), (&json!("follow-up"), &json!("not-in-form")));
    }
}
