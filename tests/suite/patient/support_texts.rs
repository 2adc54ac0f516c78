//! Places to turn to on the receipt: who is shown them, and whose words.

use crate::on_both;
use crate::support::TestApp;
use crate::support::world::{Invited, answers, draft};
use kartlegging::domain::ids::UnitId;
use kartlegging::domain::language::Language;
use kartlegging::domain::support_text::SupportText;
use kartlegging::services::support_text::{self, Owner};
use serde_json::{Value, json};

/// Answers with one emotional problem, or with "none of these".
fn emotional(score: u8, problem: &str) -> Value {
    let mut given = answers(score, &[], &[], "no", Some("no"));
    let problem = json!({"valueCoding": {"system": "https://kartlegging.example/fhir/CodeSystem/problem", "code": problem}});
    let problems = json!({"linkId": "problems", "item": [{"linkId": "emotional", "answer": [problem]}]});
    given["item"].as_array_mut().expect("items").insert(1, problems);
    given
}

fn calm(score: u8) -> Value {
    answers(score, &["pain"], &[], "no", Some("no"))
}

fn owner(app: &TestApp, unit: Option<&str>) -> Owner {
    Owner { organization: app.world.organization.expect("organization"), unit: unit.and_then(UnitId::parse) }
}

async fn set(app: &TestApp, unit: Option<&str>, language: &Language, text: &str) {
    let text = SupportText::parse(text).expect("text");
    support_text::set(&app.services, owner(app, unit), language, &text).await.expect("set");
}

/// Hands in answers in a language; gives the session and what the receipt says of places to turn to.
async fn support(app: &TestApp, invited: &Invited, language: &str, given: &Value) -> (String, Value) {
    let (session, _) = app.open(invited, None).await;
    let mut body = draft(given);
    body["language"] = json!(language);
    app.put("/api/v1/session/draft").bearer(&session).if_match(0).json(&body).send().await.expect(200);
    let receipt = app.submit(&session, 1).await.expect(201);
    assert_eq!(shown(app, &session).await, receipt["support"], "both doors say the same");
    (session, receipt["support"].clone())
}

async fn shown(app: &TestApp, session: &str) -> Value {
    app.get("/api/v1/session/receipt").bearer(session).send().await.expect(200)["support"].clone()
}

fn own(text: &str) -> Value {
    json!({"kind": "own", "text": text})
}

on_both! {
    async fn the_threshold_or_an_emotional_problem_leads_there(app: TestApp) {
        let general = json!({"kind": "general"});
        for (visit, given, says) in [
            ("visit-below", calm(3), &Value::Null),
            ("visit-none", emotional(3, "none"), &Value::Null),
            ("visit-at", calm(4), &general),
            ("visit-above", calm(10), &general),
            ("visit-emotional", emotional(0, "fear"), &general),
        ] {
            let (_, support) = support(&app, &app.invite(visit).await, "nb", &given).await;
            assert_eq!(&support, says, "{visit}");
        }
    }
}

on_both! {
    async fn the_unit_has_a_threshold_of_its_own(app: TestApp) {
        let raise = "UPDATE unit SET threshold = 7 WHERE name = 'Poliklinikken'";
        assert_eq!(crate::support::sql::execute(&app.database_url, raise).await.expect("update"), 1);
        assert_eq!(support(&app, &app.invite("visit-1").await, "nb", &calm(6)).await.1, Value::Null);
        assert_eq!(support(&app, &app.invite("visit-2").await, "nb", &calm(7)).await.1, json!({"kind": "general"}));
    }
}

on_both! {
    async fn the_units_words_go_before_the_organizations_and_no_other_language_is_lent(app: TestApp) {
        let unit = app.world.unit.clone();
        let (session, before) = support(&app, &app.invite("visit-1").await, "nb", &calm(8)).await;
        assert_eq!(before, json!({"kind": "general"}));

        set(&app, None, &Language::nb(), "Ring oss.\n\nRing koordinatoren.").await;
        assert_eq!(shown(&app, &session).await, own("Ring oss.\n\nRing koordinatoren."));
        set(&app, Some(&unit), &Language::nb(), "Ring Poliklinikken.").await;
        assert_eq!(shown(&app, &session).await, own("Ring Poliklinikken."));
        set(&app, Some(&unit), &Language::nb(), "Ring Poliklinikken på 55 00 00 02.").await;
        assert_eq!(shown(&app, &session).await, own("Ring Poliklinikken på 55 00 00 02."));
        set(&app, Some(&app.world.second_unit), &Language::nb(), "Ring Sengeposten.").await;
        assert_eq!(shown(&app, &session).await, own("Ring Poliklinikken på 55 00 00 02."));

        let (nynorsk, says) = support(&app, &app.invite("visit-2").await, "nn", &calm(8)).await;
        assert_eq!(says, json!({"kind": "general"}));
        set(&app, None, &Language::nn(), "Ring oss på nynorsk.").await;
        assert_eq!(shown(&app, &nynorsk).await, own("Ring oss på nynorsk."));
        assert_eq!(shown(&app, &session).await, own("Ring Poliklinikken på 55 00 00 02."));

        support_text::remove(&app.services, owner(&app, Some(&unit)), &Language::nb()).await.expect("removed");
        assert_eq!(shown(&app, &session).await, own("Ring oss.\n\nRing koordinatoren."));
        let again = support_text::remove(&app.services, owner(&app, Some(&unit)), &Language::nb()).await;
        assert_eq!(again, Err(support_text::Error::NotSet(Language::nb())));
    }
}

on_both! {
    async fn changed_answers_are_met_as_they_stand_now(app: TestApp) {
        let invited = app.invite("visit-1").await;
        let (session, device) = app.open(&invited, None).await;
        app.save(&session, 0, &calm(9)).await.expect(200);
        assert_eq!(app.submit(&session, 1).await.expect(201)["support"], json!({"kind": "general"}));
        let (again, _) = app.open(&invited, Some(&device)).await;
        app.save(&again, 1, &calm(1)).await.expect(200);
        assert_eq!(app.submit(&again, 2).await.expect(201)["support"], Value::Null);
    }
}

on_both! {
    async fn texts_set_at_the_same_moment_leave_one(app: TestApp) {
        let other = app.second_instance().await;
        let unit = app.world.unit.clone();
        for unit in [None, Some(unit.as_str())] {
            let language = Language::en();
            let texts: Vec<String> = (0..6).map(|n| format!("Call us, {n}.")).collect();
            let sets = texts.iter().enumerate().map(|(n, text)| set(if n % 2 == 0 { &app } else { &other }, unit, &language, text));
            futures::future::join_all(sets).await;
        }
        let listed = support_text::list(&app.services, owner(&app, None)).await.expect("list");
        let owners: Vec<Option<String>> = listed.iter().map(|text| text.place.unit.map(|unit| unit.to_string())).collect();
        assert_eq!(owners, [None, Some(unit.clone())]);
        assert_eq!(support_text::list(&app.services, owner(&app, Some(&unit))).await.expect("list"), listed[1..]);

        // Another organization's unit is not found.
        let foreign = owner(&app, Some(&app.world.other_unit));
        let text = SupportText::parse("x").expect("text");
        assert_eq!(support_text::set(&app.services, foreign, &Language::nb(), &text).await, Err(support_text::Error::NotFound("unit")));
        assert_eq!(support_text::list(&app.services, foreign).await, Err(support_text::Error::NotFound("unit")));
    }
}
