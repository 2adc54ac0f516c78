//! What it costs to hold a response to its form: `cargo bench --bench validation`.
//!
//! - `190 items`: a form of 190 questions (half of them codes, a third asked only after another answer),
//!   all answered: from JSON that is read to answers that may be stored, without parsing the text;
//! - `distress thermometer`: the released form with every problem ticked;
//! - `hostile`: bodies of 5 MB that are made to cost time, from bytes to the refusal.

#![allow(missing_docs, reason = "criterion's macros make functions without comments")]

use criterion::{Criterion, criterion_group, criterion_main};
use kartlegging::domain::answers::{Context, complete};
use kartlegging::domain::questionnaire::Questionnaire;
use kartlegging::fhir::read::{self, questionnaire};
use serde_json::{Value, json};
use std::hint::black_box;
use std::time::Duration;

const URL: &str = "https://forms.example/Questionnaire/190";
const CODES: &str = "https://forms.example/CodeSystem/frequency";
const ITEMS: usize = 190;
const HOSTILE: usize = 5_000_000;

/// Question `at`: its definition and an answer to it.
fn question(at: usize) -> (Value, Value) {
    let link_id = format!("q{at}");
    let mut item = json!({"linkId": link_id, "text": format!("Question {at}"), "required": at.is_multiple_of(2)});
    let answer = match at % 6 {
        0 | 2 | 4 => {
            let options: Vec<Value> = (0..5)
                .map(|code| json!({"valueCoding": {"system": CODES, "code": format!("c{code}"), "display": format!("Choice {code}")}}))
                .collect();
            item["type"] = "choice".into();
            item["answerOption"] = options.into();
            json!({"valueCoding": {"system": CODES, "code": format!("c{}", at % 5)}})
        }
        1 => {
            item["type"] = "integer".into();
            json!({"valueInteger": at})
        }
        3 => {
            item["type"] = "boolean".into();
            json!({"valueBoolean": true})
        }
        _ => {
            item["type"] = "text".into();
            json!({"valueString": "Noen ord om hvordan det går, som de skrives på en telefon."})
        }
    };
    if at % 3 == 2 {
        item["enableWhen"] = json!([{"question": format!("q{}", at - 2), "operator": "exists", "answerBoolean": true}]);
    }
    (item, json!({"linkId": link_id, "answer": [answer]}))
}

fn large() -> (Questionnaire, Value) {
    let (mut groups, mut answers) = (Vec::new(), Vec::new());
    for group in 0..ITEMS / 10 {
        let (items, given): (Vec<Value>, Vec<Value>) = (group * 10..group * 10 + 10).map(question).unzip();
        groups.push(json!({"linkId": format!("g{group}"), "type": "group", "text": format!("Part {group}"), "item": items}));
        answers.push(json!({"linkId": format!("g{group}"), "item": given}));
    }
    let form = json!({
        "resourceType": "Questionnaire", "url": URL, "version": "1.0.0", "name": "Many", "title": "Many questions",
        "status": "active", "language": "nb", "item": groups,
    });
    let read = questionnaire::read(form.to_string().as_bytes());
    let form = read.questionnaires.into_iter().next().unwrap_or_else(|| panic!("{:?}", read.findings));
    (form, json!({"resourceType": "QuestionnaireResponse", "questionnaire": URL, "status": "completed", "item": answers}))
}

fn thermometer() -> (Questionnaire, Value) {
    let read = questionnaire::read(include_bytes!("../questionnaires/distress-thermometer/1.0.0.json"));
    let form = read.questionnaires.into_iter().next().unwrap_or_else(|| panic!("{:?}", read.findings));
    let of = |item: &kartlegging::domain::questionnaire::Item| -> Vec<Value> {
        let codings = form.possible_options(item).into_iter().filter_map(|option| option.coding().cloned());
        codings.map(|coding| json!({"valueCoding": {"system": coding.system, "code": coding.code}})).collect()
    };
    let mut items = Vec::new();
    for item in form.items() {
        let asked: Vec<Value> = item
            .items
            .iter()
            .chain(item.is_question().then_some(item))
            .filter_map(|item| {
                let mut options = of(item);
                options.truncate(if item.repeats { 3.max(options.len() / 2) } else { 1 });
                (!options.is_empty()).then(|| json!({"linkId": item.link_id, "answer": options}))
            })
            .collect();
        if item.is_question() {
            items.extend(asked);
        } else if !asked.is_empty() {
            items.push(json!({"linkId": item.link_id, "item": asked}));
        }
    }
    let address = form.url().to_owned();
    (form, json!({"resourceType": "QuestionnaireResponse", "questionnaire": address, "status": "completed", "item": items}))
}

/// From JSON to answers that keep every rule.
fn validate(form: &Questionnaire, body: &Value) -> bool {
    let context = Context { not_asked: &[] };
    let Ok(document) = read::response(body) else { return false };
    complete(form, read::normalise(form, document, &context).answers, &context).is_ok()
}

fn responses(c: &mut Criterion) {
    let mut group = c.benchmark_group("validation");
    for (name, (form, body)) in [("190 items", large()), ("distress thermometer", thermometer())] {
        if name == "190 items" {
            assert!(validate(&form, &body), "the response keeps the rules");
        }
        group.bench_function(name, |bench| bench.iter(|| validate(black_box(&form), black_box(&body))));
    }
    group.finish();
}

/// Bodies that cost a careless reader time that grows with the square of their length, or its stack.
fn hostile_bodies() -> Vec<(&'static str, String)> {
    let body = |items: &str| {
        format!(r#"{{"resourceType":"QuestionnaireResponse","questionnaire":"{URL}","status":"completed","item":[{items}]}}"#)
    };
    let many = |one: &str| body(&vec![one; HOSTILE / (one.len() + 1)].join(","));
    let deep = HOSTILE / 24;
    vec![
        ("one question many times", many(r#"{"linkId":"q0","answer":[{"valueInteger":1}]}"#)),
        (
            "unknown questions",
            body(&(0..HOSTILE / 34).map(|at| format!(r#"{{"linkId":"x{at:07}","item":[{{}}]}}"#)).collect::<Vec<_>>().join(",")),
        ),
        (
            "one question, many answers",
            body(&format!(r#"{{"linkId":"q0","answer":[{}]}}"#, vec![r#"{"valueString":"a"}"#; HOSTILE / 20].join(","))),
        ),
        ("deep", body(&format!("{}{}", r#"{"linkId":"g","item":["#.repeat(deep), "]}".repeat(deep)))),
        ("a long text", body(&format!(r#"{{"linkId":"q5","answer":[{{"valueString":"{}"}}]}}"#, "å".repeat(HOSTILE / 2)))),
        ("brackets", "[".repeat(HOSTILE)),
    ]
}

fn hostile(c: &mut Criterion) {
    let (form, _) = large();
    let mut group = c.benchmark_group("hostile, 5 MB");
    group.sample_size(20).measurement_time(Duration::from_secs(3));
    for (name, body) in hostile_bodies() {
        let refused = |body: &str| serde_json::from_str(body).is_ok_and(|body: Value| validate(&form, &body));
        assert!(!refused(&body), "{name} is refused");
        group.bench_function(name, |bench| bench.iter(|| refused(black_box(&body))));
    }
    group.finish();
}

criterion_group!(all, responses, hostile);
criterion_main!(all);
