//! Who gives the answers, and who may decide that the form is forwarded.

use crate::on_both;
use crate::support::TestApp;
use crate::support::world::answers;
use serde_json::{Value, json};

fn representative(relation: &str) -> Value {
    json!({"kind": "representative", "relation": relation, "name": "Kari Prøve", "phone": "+47 00 00 00 03"})
}

async fn put(app: &TestApp, session: &str, version: i64, respondent: &Value, given: &Value) -> crate::support::app::Answer {
    let body = json!({"respondent": respondent, "answers": given, "language": "nb"});
    app.put("/api/v1/session/draft").bearer(session).if_match(version).json(&body).send().await
}

/// Hands in and gives the response as a clinician reads it.
async fn read(app: &TestApp, session: &str, version: i64) -> Value {
    let receipt = app.submit(session, version).await.expect(201);
    let path = format!("/api/v1/responses/{}", receipt["response"].as_str().unwrap_or_default());
    app.get(&path).bearer(app.world.token("clinician")).send().await.expect(200)
}

on_both! {
    async fn ordinary_power_of_attorney_is_not_asked_for_consent(app: TestApp) {
        let (session, _) = app.open(&app.invite("visit-1").await, None).await;
        let attorney = representative("power-of-attorney");
        for consent in ["yes", "no"] {
            let refused = put(&app, &session, 0, &attorney, &answers(5, &[], &[], "no", Some(consent))).await.expect_problem(422, "answers-invalid");
            let row = &refused["issues"][0];
            assert_eq!((&row["code"], &row["link_id"], &row["severity"]), (&json!("notEnabled"), &json!("consent-forward"), &json!("error")));
        }
        let saved = put(&app, &session, 0, &attorney, &answers(5, &[], &[], "no", None)).await.expect(200);
        assert_eq!(saved["issues"], json!([]));
        // Leaving the respondent out changes nothing of it.
        let sneaky = json!({"answers": answers(5, &[], &[], "no", Some("yes"))});
        let refused = app.put("/api/v1/session/draft").bearer(&session).if_match(1).json(&sneaky).send().await;
        assert_eq!(refused.expect_problem(422, "answers-invalid")["issues"][0]["code"], "notEnabled");

        let response = read(&app, &session, 1).await;
        assert_eq!(response["consent"], "not-asked-respondent-may-not-decide");
        assert_eq!(response["respondent"], attorney);
        let path = format!("/api/v1/responses/{}/summary", response["id"].as_str().unwrap_or_default());
        let summary = app.get(&path).bearer(app.world.token("clinician")).send().await.expect(200);
        assert_eq!(summary["consent"]["code"], "not-asked-respondent-may-not-decide", "{summary}");
    }
}

on_both! {
    async fn a_consent_given_before_does_not_survive_a_change_to_such_a_respondent(app: TestApp) {
        let (session, _) = app.open(&app.invite("visit-1").await, None).await;
        let given = answers(5, &[], &[], "no", Some("yes"));
        app.save(&session, 0, &given).await.expect(200);
        put(&app, &session, 1, &representative("power-of-attorney"), &given).await.expect_problem(422, "answers-invalid");
        put(&app, &session, 1, &representative("power-of-attorney"), &answers(5, &[], &[], "no", None)).await.expect(200);
        assert_eq!(read(&app, &session, 2).await["consent"], "not-asked-respondent-may-not-decide");
    }
}

on_both! {
    async fn others_are_asked_and_must_answer(app: TestApp) {
        let asked = [
            json!({"kind": "patient"}),
            json!({"kind": "helper"}),
            json!({"kind": "helper", "name": "Ola Hjelper", "phone": "00000004"}),
            representative("parent"),
            representative("assigned-power-of-attorney"),
            representative("guardian"),
        ];
        for (n, respondent) in asked.iter().enumerate() {
            let (session, _) = app.open(&app.invite(&format!("visit-{n:04}")).await, None).await;
            put(&app, &session, 0, respondent, &answers(5, &[], &[], "no", None)).await.expect(200);
            let refused = app.submit(&session, 1).await.expect_problem(422, "answers-invalid");
            assert_eq!((&refused["issues"][0]["code"], &refused["issues"][0]["link_id"]), (&json!("required"), &json!("consent-forward")));
            put(&app, &session, 1, respondent, &answers(5, &[], &[], "no", Some("yes"))).await.expect(200);
            let response = read(&app, &session, 2).await;
            assert_eq!((&response["consent"], &response["respondent"]), (&json!("yes"), respondent));
        }
    }
}

on_both! {
    async fn a_respondent_is_described_rightly_or_refused(app: TestApp) {
        let (session, _) = app.open(&app.invite("visit-1").await, None).await;
        let given = answers(5, &[], &[], "no", Some("no"));
        let wrong = [
            (json!({"kind": "representative"}), vec![("relation", "required"), ("name", "required"), ("phone", "required")]),
            (json!({"kind": "patient", "name": "Åse"}), vec![("name", "not-allowed")]),
            (json!({"kind": "helper", "relation": "parent"}), vec![("relation", "not-allowed")]),
            (json!({"kind": "helper", "phone": "ring meg"}), vec![("phone", "malformed")]),
            (json!({"kind": "staff"}), vec![("kind", "not-allowed")]),
            (json!({"kind": "neighbour"}), vec![("kind", "malformed")]),
            (json!({"kind": "patient", "assurance": "high"}), vec![("assurance", "unknown-member")]),
        ];
        for (respondent, faults) in wrong {
            let refused = put(&app, &session, 0, &respondent, &given).await.expect_problem(422, "body-invalid");
            let found: Vec<(String, String)> = refused["errors"]
                .as_array()
                .into_iter()
                .flatten()
                .map(|row| (row["pointer"].as_str().unwrap_or_default().to_owned(), row["code"].as_str().unwrap_or_default().to_owned()))
                .collect();
            let expected: Vec<(String, String)> =
                faults.into_iter().map(|(field, code)| (format!("/respondent/{field}"), code.to_owned())).collect();
            assert_eq!(found, expected, "{respondent}");
        }
    }
}
