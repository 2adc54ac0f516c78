//! Responses that want to hurt are refused, and fast.

use std::fmt::Write as _;

use kartlegging::domain::answers::{AnsweredItem, Answers, Context, MAX_ISSUES, MAX_NODES, MAX_TEXT, check_draft, complete};
use kartlegging::domain::questionnaire::ItemType;
use kartlegging::domain::value::Value;
use kartlegging::fhir::read::{self, questionnaire};
use serde_json::{Value as Json, json};

use super::support::{ask, list, read_form, response_json, small};

fn refused(json: &Json) -> Vec<String> {
    let issues = read::response(json).unwrap_err();
    assert!(issues.len() <= MAX_ISSUES);
    list(&issues)
}

#[test]
fn a_response_as_deep_as_json_allows_is_refused() {
    let mut text = String::from(r#"{"resourceType":"QuestionnaireResponse","status":"completed""#);
    for _ in 0..60 {
        text.push_str(r#","item":[{"linkId":"a""#);
    }
    text.push_str(&"}]".repeat(60));
    text.push('}');
    let json: Json = serde_json::from_str(&text).unwrap();
    assert_eq!(refused(&json), ["tooLarge a"]);
}

#[test]
fn a_response_of_very_many_items_is_refused() {
    let items: Vec<Json> = (0..30_000).map(|_| json!({"linkId": "a"})).collect();
    assert_eq!(refused(&response_json(&json!(items))), ["tooLarge "]);
    let answers: Vec<Json> = (0..30_000).map(|_| json!({"valueInteger": 1})).collect();
    assert_eq!(refused(&response_json(&json!([{"linkId": "a", "answer": answers}]))), ["tooLarge a"]);
}

#[test]
fn very_many_faults_are_cut_off() {
    let items: Vec<Json> = (0..15_000).map(|n| json!({"linkId": format!("x{n}"), "text": "x"})).collect();
    let form = read_form(&json!([{"linkId": "a", "text": "a", "type": "string"}]));
    let document = read::response(&response_json(&json!(items))).unwrap();
    let context = Context::default();
    let normalised = read::normalise(&form, document, &context);
    let issues = complete(&form, normalised.answers, &context).unwrap_err();
    assert_eq!(issues.len(), MAX_ISSUES + 1);
    assert_eq!(issues.last().unwrap().code.code(), "tooManyIssues");
}

#[test]
fn many_instances_of_a_group_with_conditions_take_no_square_time() {
    let when = json!([{"question": "b", "operator": "=", "answerBoolean": true}]);
    let form = read_form(&json!([{"linkId": "g", "type": "group", "repeats": true, "item": [
        {"linkId": "b", "text": "b", "type": "boolean"},
        {"linkId": "q", "text": "q", "type": "string", "enableWhen": when},
    ]}]));
    let instance = json!({"linkId": "g", "item": [
        {"linkId": "b", "answer": [{"valueBoolean": true}]},
        {"linkId": "q", "answer": [{"valueString": "x"}]},
    ]});
    let items = vec![instance; 3_900];
    let document = read::response(&response_json(&json!(items))).unwrap();
    let context = Context::default();
    let normalised = read::normalise(&form, document, &context);
    assert!(complete(&form, normalised.answers, &context).is_ok());
}

#[test]
fn structure_is_held_to_r4() {
    for (json, issue) in [
        (json!([]), "structure "),
        (json!({"resourceType": "Patient", "status": "completed"}), "structure "),
        (json!({"resourceType": "QuestionnaireResponse", "status": "done"}), "invalidValue "),
        (json!({"resourceType": "QuestionnaireResponse", "status": "completed", "x": 1}), "unknownElement "),
        (json!({"resourceType": "QuestionnaireResponse", "status": "completed", "item": []}), "emptyElement "),
    ] {
        assert_eq!(refused(&json), [issue], "{json}");
    }
    for (item, issue) in [
        (json!({"text": "x"}), "structure "),
        (json!({"linkId": "a", "answer": [{}]}), "structure a"),
        (json!({"linkId": "a", "answer": [{"id": "1"}]}), "structure a"),
        (json!({"linkId": "a", "answer": [{"item": []}]}), "emptyElement a"),
        (json!({"linkId": "a", "answer": [{"item": [{"text": "x"}]}]}), "structure "),
        (json!({"linkId": "a", "answer": [{"item": [{"linkId": "b", "answer": [{"valueInteger": 1}]}]}]}), "structure a"),
        (json!({"linkId": "a", "answer": [{"_valueDate": {"id": "x"}, "item": [{"linkId": "h"}]}]}), "structure a"),
        (json!({"linkId": "a", "answer": [{"valueInteger": 1, "valueString": "x"}]}), "structure a"),
        (json!({"linkId": "a", "answer": [{"valueDate": "2026-02-30"}]}), "invalidValue a"),
        (json!({"linkId": "a", "answer": [{"valueInteger": 1.5}]}), "invalidValue a"),
        (json!({"linkId": "a", "answer": [{"valueAttachment": {"url": "x"}}]}), "invalidAnswerType a"),
        (json!({"linkId": "a", "text": null}), "emptyElement a"),
        (json!({"linkId": "a", "modifierExtension": [{"url": "x"}]}), "modifierExtension a"),
    ] {
        let issues = refused(&response_json(&json!([item])));
        assert!(issues.contains(&issue.to_owned()), "{item}: {issues:?}");
    }
}

#[test]
fn a_deep_or_broken_form_is_refused_and_not_followed() {
    let mut text = String::new();
    for _ in 0..5_000 {
        write!(text, r#"{{"item":["#).unwrap();
    }
    let outcome = questionnaire::read(text.as_bytes());
    assert!(outcome.is_refused() && outcome.questionnaires.is_empty());
    assert!(questionnaire::read(b"\xff").is_refused());
}

#[test]
fn what_could_not_be_read_again_is_not_saved() {
    let mut question = ask("q", ItemType::Text);
    question.repeats = true;
    let form = small(vec![question]);
    let given = |values: Vec<String>| Answers { items: vec![AnsweredItem::question("q", values.into_iter().map(Value::String))] };
    let longest = given(vec!["a".repeat(MAX_TEXT)]);
    assert!(longest.fits() && check_draft(&form, &longest, &Context::default()).is_empty());
    let longer = given(vec!["a".repeat(MAX_TEXT + 1)]);
    assert_eq!((longer.fits(), list(&check_draft(&form, &longer, &Context::default()))), (false, vec!["tooLarge q".to_owned()]));
    // The item counts as well.
    assert!(given(vec!["a".to_owned(); MAX_NODES - 1]).fits());
    assert!(!given(vec!["a".to_owned(); MAX_NODES]).fits());
}
