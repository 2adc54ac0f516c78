//! Free text: all of Unicode, told back as it was written, counted in characters.

use crate::on_both;
use crate::support::world::{item, with_text};
use serde_json::{Value, json};

fn text(resource: &Value) -> Value {
    item(resource, "other-concerns").map_or(Value::Null, |found| found["answer"][0]["valueString"].clone())
}

on_both! {
    async fn what_people_write_comes_back_verbatim(app: TestApp) {
        let invited = app.invite("visit-1").await;
        let (session, _) = app.open(&invited, None).await;
        let written = "Mun ballán: čáŋđŋa šžŧ 100 € – «ikkje råd», 50 % \"sitat\" <b>&amp;</b>\n\tNy linje 👩🏽‍🦽 日本語 עברית 'x' \\ {$a}";
        let saved = app.save(&session, 0, &with_text(written)).await.expect(200);
        assert_eq!(text(&saved["answers"]), written);
        let receipt = app.submit(&session, 1).await.expect(201);
        assert!(receipt["copy"].as_str().is_some_and(|copy| copy.contains("čáŋđŋa šžŧ 100 € – «ikkje råd», 50 %")), "{receipt}");
        let path = format!("/api/v1/responses/{}", receipt["response"].as_str().unwrap_or_default());
        let read = app.get(&path).bearer(app.world.token("clinician")).send().await.expect(200);
        assert_eq!(text(&read["answers"]), written);
    }
}

on_both! {
    async fn composed_and_decomposed_letters_are_the_same(app: TestApp) {
        let (session, _) = app.open(&app.invite("visit-1").await, None).await;
        let saved = app.save(&session, 0, &with_text("Bla\u{30a} c\u{30c}a\u{301}ppes o\u{308}l")).await.expect(200);
        assert_eq!(text(&saved["answers"]), "Blå č\u{e1}ppes öl");
        let read = app.get("/api/v1/session/draft").bearer(&session).send().await.expect(200);
        assert_eq!(text(&read["answers"]), "Blå č\u{e1}ppes öl");
    }
}

on_both! {
    async fn five_hundred_characters_are_enough_whatever_they_weigh(app: TestApp) {
        let (session, _) = app.open(&app.invite("visit-1").await, None).await;
        let fitting = ["x".repeat(500), "đ".repeat(500), "😀".repeat(500), "a\u{30a}".repeat(500), format!("{}\n{}", "x".repeat(249), "y".repeat(250))];
        for (version, written) in fitting.iter().enumerate() {
            let version = i64::try_from(version).unwrap_or_default();
            app.save(&session, version, &with_text(written)).await.expect(200);
        }
        for written in ["x".repeat(501), "đ".repeat(501), "😀".repeat(501), "a\u{30a}".repeat(501)] {
            let refused = app.save(&session, 5, &with_text(&written)).await.expect_problem(422, "answers-invalid");
            assert_eq!((&refused["issues"][0]["code"], &refused["issues"][0]["link_id"]), (&json!("maxLength"), &json!("other-concerns")));
        }
    }
}

on_both! {
    async fn control_characters_are_refused(app: TestApp) {
        let (session, _) = app.open(&app.invite("visit-1").await, None).await;
        for control in ['\u{0}', '\u{7}', '\u{1b}', '\u{7f}', '\u{85}', '\u{9f}'] {
            let refused = app.save(&session, 0, &with_text(&format!("a{control}b"))).await.expect_problem(422, "answers-invalid");
            assert_eq!(refused["issues"][0]["code"], "invalidCharacter", "{control:?}");
        }
        let named = json!({"respondent": {"kind": "helper", "name": "Kari\u{7}"}, "answers": with_text("x")});
        let refused = app.put("/api/v1/session/draft").bearer(&session).if_match(0).json(&named).send().await.expect_problem(422, "body-invalid");
        assert_eq!(refused["errors"][0]["pointer"], "/respondent/name");
        assert_eq!(app.get("/api/v1/session/draft").bearer(&session).send().await.expect(200)["version"], 0);
    }
}
