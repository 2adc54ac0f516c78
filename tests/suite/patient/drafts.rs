//! Drafts on one device: versions, what is a warning and what is refused, whose language it speaks.

use crate::on_both;
use crate::support::world::{answers, draft, item};
use futures::future::join_all;
use kartlegging::domain::language::Language;
use kartlegging::text;
use serde_json::{Value, json};

on_both! {
    async fn a_save_names_the_version_it_has_seen(app: TestApp) {
        let (session, _) = app.open(&app.invite("visit-1").await, None).await;
        let put = || app.put("/api/v1/session/draft").bearer(&session);
        let given = answers(4, &["pain"], &[], "no", Some("no"));
        put().json(&draft(&given)).send().await.expect_problem(428, "if-match-required");
        for tag in ["0", "W/\"0\"", "*", "\"\"", "\"x\"", "\"0\", \"1\"", "\"-1\""] {
            put().header("if-match", tag).json(&draft(&given)).send().await.expect_problem(428, "if-match-required");
        }
        app.save(&session, 1, &given).await.expect_problem(412, "draft-changed");
        let empty = app.get("/api/v1/session/draft").bearer(&session).send().await;
        assert_eq!(empty.headers.get("etag").map(String::as_str), Some("\"0\""));
        let saved = app.save(&session, 0, &given).await;
        assert_eq!(saved.headers.get("etag").map(String::as_str), Some("\"1\""));
        assert_eq!(saved.expect(200)["version"], 1);

        // Two tabs: the slower one is told, and what the faster one saved stands.
        let other = answers(8, &["sleep"], &[], "yes", Some("yes"));
        app.save(&session, 1, &other).await.expect(200);
        app.save(&session, 1, &given).await.expect_problem(412, "draft-changed");
        app.save(&session, 999_999_999_999, &given).await.expect_problem(412, "draft-changed");
        let kept = app.get("/api/v1/session/draft").bearer(&session).send().await.expect(200);
        assert_eq!(kept["version"], 2);
        assert_eq!(item(&kept["answers"], "score").map(|score| &score["answer"][0]["valueCoding"]["code"]), Some(&json!("8")));
    }
}

on_both! {
    async fn parallel_saves_of_one_version_give_one_winner(app: TestApp) {
        let (session, _) = app.open(&app.invite("visit-1").await, None).await;
        let other = app.second_instance().await;
        for version in 0..3 {
            let saves = (0..8_u8).map(|n| {
                let app = if n % 2 == 0 { &app } else { &other };
                let session = &session;
                async move { app.save(session, version, &answers(n, &[], &[], "no", Some("no"))).await }
            });
            let done = join_all(saves).await;
            assert_eq!(done.iter().filter(|answer| answer.status == 200).count(), 1);
            assert_eq!(done.iter().filter(|answer| answer.code() == "draft-changed").count(), 7);
        }
    }
}

/// Severity, code and link id of the issues.
fn issues(body: &Value) -> Vec<(String, String, String)> {
    let text = |row: &Value, name: &str| row[name].as_str().unwrap_or_default().to_owned();
    body["issues"].as_array().into_iter().flatten().map(|row| (text(row, "severity"), text(row, "code"), text(row, "link_id"))).collect()
}

fn row(severity: &str, code: &str, link_id: &str) -> (String, String, String) {
    (severity.to_owned(), code.to_owned(), link_id.to_owned())
}

on_both! {
    async fn what_is_missing_is_a_warning_until_it_is_handed_in(app: TestApp) {
        let (session, _) = app.open(&app.invite("visit-1").await, None).await;
        let nothing = json!({"resourceType": "QuestionnaireResponse", "status": "in-progress"});
        let saved = app.save(&session, 0, &nothing).await.expect(200);
        let missing = |severity| ["score", "follow-up", "consent-forward"].map(|link_id| row(severity, "required", link_id));
        assert_eq!(issues(&saved), missing("warning"));
        let refused = app.submit(&session, 1).await.expect_problem(422, "answers-invalid");
        assert_eq!(issues(&refused), missing("error"));
        assert_eq!(refused["issues"][0]["path"], "distress/score");
        // Nothing was lost by it.
        assert_eq!(app.get("/api/v1/session/draft").bearer(&session).send().await.expect(200)["version"], 1);
    }
}

on_both! {
    async fn what_is_wrong_is_refused_all_at_once(app: TestApp) {
        let (session, _) = app.open(&app.invite("visit-1").await, None).await;
        let burden_not_ticked = answers(11, &["pain", "pain"], &["sleep"], "perhaps", Some("no"));
        let refused = app.save(&session, 0, &burden_not_ticked).await.expect_problem(422, "answers-invalid");
        let errors: Vec<_> = issues(&refused).into_iter().filter(|(severity, ..)| severity == "error").collect();
        let expected = [
            row("error", "invalidAnswerOption", "score"),
            row("error", "duplicateAnswer", "physical"),
            row("error", "invalidAnswerOption", "burdens-most"),
            row("error", "invalidAnswerOption", "follow-up"),
        ];
        for one in &expected {
            assert!(errors.contains(one), "{one:?} is not in {errors:?}");
        }
        assert_eq!(errors.len(), expected.len(), "{errors:?}");
        assert_eq!(app.get("/api/v1/session/draft").bearer(&session).send().await.expect(200)["version"], 0);
    }
}

on_both! {
    async fn errors_speak_the_readers_language(app: TestApp) {
        let (session, _) = app.open(&app.invite("visit-1").await, None).await;
        let nothing = draft(&json!({"resourceType": "QuestionnaireResponse", "status": "in-progress"}));
        let mut titles = std::collections::BTreeSet::new();
        for (version, (accepted, language)) in [("nb-NO", "nb"), ("nn, nb;q=0.5", "nn"), ("en-GB,en;q=0.9", "en"), ("fr", "nb")].into_iter().enumerate() {
            let words = |key| text::words(&Language::parse(language).expect("language"), key, &[]);
            let put = || app.put("/api/v1/session/draft").bearer(&session).header("accept-language", accepted).json(&nothing);
            let problem = put().send().await.expect_problem(428, "if-match-required");
            assert_eq!(problem["title"], words("problem-if-match-required-title"));
            assert_eq!(problem["detail"], words("problem-if-match-required-detail"));
            titles.insert(problem["title"].to_string());
            let saved = put().if_match(i64::try_from(version).unwrap_or_default()).send().await.expect(200);
            let spoken = saved["issues"][0]["text"].as_str().unwrap_or_default();
            assert!(spoken.ends_with(&words("issue-required")), "{accepted}: {spoken}");
        }
        assert_eq!(titles.len(), 3, "{titles:?}");
    }
}

on_both! {
    async fn a_draft_keeps_respondent_and_language_that_are_not_sent_again(app: TestApp) {
        let (session, _) = app.open(&app.invite("visit-1").await, None).await;
        let given = answers(4, &[], &[], "no", Some("no"));
        let helper = json!({"respondent": {"kind": "helper", "name": "Kari Prøve"}, "answers": given, "language": "nn"});
        let put = |version: i64, body: &Value| app.put("/api/v1/session/draft").bearer(&session).if_match(version).json(body).send();
        let first = put(0, &helper).await.expect(200);
        let second = put(1, &json!({"answers": given})).await.expect(200);
        assert_eq!((&second["respondent"], &second["language"]), (&first["respondent"], &json!("nn")));
        let unknown = put(2, &json!({"answers": given, "language": "se"})).await.expect_problem(422, "body-invalid");
        assert_eq!(unknown["errors"][0], json!({"pointer": "/language", "code": "language-unknown", "detail": unknown["errors"][0]["detail"]}));
    }
}
