//! Answers as three form fillers in use write them (Refero, LHC-Forms, Smart Forms): what each does to the
//! same answers is known from running them, and is done here to every example of both forms. All of it is
//! taken in, and read back it means the same.

use super::get;
use crate::on_both;
use crate::support::TestApp;
use crate::support::world::Invited;
use serde_json::{Map, Value, json};
use std::path::Path;

const FORMS: [&str; 2] = ["distress-thermometer", "follow-up"];

/// Answers of patients themselves that keep every rule.
fn examples(form: &str) -> Vec<(String, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("questionnaires").join(form).join("examples");
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).expect("examples") {
        let path = entry.expect("entry").path();
        let name = path.file_stem().expect("name").to_string_lossy().into_owned();
        let example: Value = serde_json::from_slice(&std::fs::read(&path).expect("example")).expect("JSON");
        if name.starts_with("good-") && example["respondent"]["kind"] == "patient" {
            all.push((name, example["response"].clone()));
        }
    }
    all.sort_by(|a, b| a.0.cmp(&b.0));
    assert!(all.len() >= 3, "{form}: {all:?}");
    all
}

/// What was answered: link id and each answer, whatever stands around it.
fn meaning(resource: &Value) -> Vec<(String, Vec<String>)> {
    let mut all = Vec::new();
    for item in resource["item"].as_array().into_iter().flatten() {
        let answers = item["answer"].as_array().into_iter().flatten();
        let answers: Vec<String> = answers
            .map(|answer| match answer.get("valueCoding") {
                Some(coding) => {
                    format!("{}|{}", coding["system"].as_str().unwrap_or_default(), coding["code"].as_str().unwrap_or_default())
                }
                None => answer["valueString"].as_str().expect("a text").to_owned(),
            })
            .collect();
        if !answers.is_empty() {
            all.push((item["linkId"].as_str().expect("link id").to_owned(), answers));
        }
        all.extend(meaning(item));
    }
    all
}

fn given<'v>(items: &'v Value, link_id: &str) -> Option<&'v Value> {
    items.as_array().into_iter().flatten().find(|one| one["linkId"] == link_id)
}

/// Refero: every item of the form with its text, also those without an answer; help texts below an answer
/// that has no value; codes without their system; several answers in one item, or the item once an answer.
fn refero(form: &Value, answered: &Value, once_an_answer: bool) -> Vec<Value> {
    let mut all = Vec::new();
    for item in form.as_array().into_iter().flatten() {
        let link_id = item["linkId"].as_str().expect("link id");
        let own = given(answered, link_id);
        let mut made = Map::new();
        made.insert("linkId".into(), link_id.into());
        if let Some(text) = item.get("text") {
            made.insert("text".into(), text.clone());
        }
        let none = Value::Null;
        let below = refero(&item["item"], own.map_or(&none, |own| &own["item"]), once_an_answer);
        if ["group", "display"].contains(&item["type"].as_str().expect("type")) {
            if !below.is_empty() {
                made.insert("item".into(), below.into());
            }
            all.push(Value::Object(made));
            continue;
        }
        let mut answers: Vec<Value> = own.and_then(|own| own["answer"].as_array().cloned()).unwrap_or_default();
        for answer in &mut answers {
            if let Some(coding) = answer.get_mut("valueCoding").and_then(Value::as_object_mut) {
                coding.remove("system");
            }
        }
        match answers.first_mut().and_then(Value::as_object_mut) {
            Some(first) if !below.is_empty() => _ = first.insert("item".into(), below.into()),
            None if !below.is_empty() => answers.push(json!({"item": below})),
            _ => {}
        }
        let repeated = once_an_answer && item["repeats"] == true && answers.len() > 1;
        let parts: Vec<Vec<Value>> = if repeated { answers.into_iter().map(|one| vec![one]).collect() } else { vec![answers] };
        for answers in parts {
            let mut made = made.clone();
            if !answers.is_empty() {
                made.insert("answer".into(), answers.into());
            }
            all.push(Value::Object(made));
        }
    }
    all
}

/// Smart Forms: ids in answers and codes, weights of options inside codes, empty items left out.
fn smart(items: &Value) -> Vec<Value> {
    let each = items.as_array().into_iter().flatten().enumerate();
    each.map(|(at, item)| {
        let mut made = item.clone();
        for (nth, answer) in made.get_mut("answer").and_then(Value::as_array_mut).into_iter().flatten().enumerate() {
            answer["id"] = format!("own-{at}-{nth}").into();
            if let Some(coding) = answer.get_mut("valueCoding").and_then(Value::as_object_mut) {
                coding.insert("id".into(), format!("code-{nth}").into());
                let weight = json!([{"url": "http://hl7.org/fhir/StructureDefinition/ordinalValue", "valueDecimal": 1}]);
                coding.insert("extension".into(), weight);
            }
        }
        if made.get("item").is_some() {
            made["item"] = smart(&item["item"]).into();
        }
        made
    })
    .collect()
}

/// The bodies that form fillers make of the same answers.
async fn bodies(app: &TestApp, form: &str, response: &Value) -> Vec<(&'static str, Value)> {
    let id = format!("{form}-1.0.0-helsenorge-nb");
    let national = get(app, "client", &format!("/fhir/Questionnaire/{id}")).await.expect(200);
    let whole = get(app, "client", &format!("/fhir/Questionnaire/{form}-1.0.0")).await.expect(200);
    let body = |items: Vec<Value>, more: Value| {
        let mut body = json!({"resourceType": "QuestionnaireResponse", "item": items});
        for (name, value) in more.as_object().expect("an object") {
            body[name] = value.clone();
        }
        body
    };
    let refero_says = json!({"status": "in-progress", "questionnaire": format!("Questionnaire/{id}")});
    let items = response["item"].as_array().expect("items").clone();
    vec![
        ("Refero", body(refero(&national["item"], &response["item"], false), refero_says.clone())),
        ("Refero, whole form", body(refero(&whole["item"], &response["item"], true), refero_says)),
        (
            "LHC-Forms",
            body(
                items,
                json!({
                    "status": "completed", "authored": "2026-11-22T10:00:00.000Z",
                    "meta": {"profile": ["http://hl7.org/fhir/4.0/StructureDefinition/QuestionnaireResponse"], "tag": [{"code": "lformsVersion: 40.1.3"}]},
                }),
            ),
        ),
        (
            "Smart Forms",
            body(
                smart(&response["item"]),
                json!({"status": "in-progress", "questionnaire": whole["url"].as_str().map(|url| format!("{url}|1.0.0"))}),
            ),
        ),
    ]
}

async fn invited(app: &TestApp, form: &str, visit: &str) -> Invited {
    let mut order = app.order(visit);
    order["questionnaire"] = json!({"name": form, "version": "1.0.0"});
    Invited::of(app.issue(visit, &order).await.expect(201))
}

on_both! {
    async fn what_form_fillers_write_means_what_was_answered(app: TestApp) {
        for form in FORMS {
            for (name, response) in examples(form) {
                for (nth, (filler, body)) in bodies(&app, form, &response).await.into_iter().enumerate() {
                    let what = format!("{filler}, {form}, {name}");
                    let invited = invited(&app, form, &format!("{form}-{name}-{nth}")).await;
                    let path = format!("/fhir/Questionnaire/{form}-1.0.0/$process-response?task={}", invited.id);
                    let call = app.post(&path).bearer(app.world.token("client"));
                    let done = call.body("application/fhir+json", body.to_string()).send().await;
                    assert_eq!(done.status, 200, "{what}: {}\n{body}", done.text);
                    let place = done.headers["location"].split_once("/fhir/").map(|(_, path)| format!("/fhir/{path}")).expect("ours");
                    let kept = get(&app, "client", &place).await.expect(200);
                    assert_eq!(meaning(&kept), meaning(&response), "{what}");
                    assert_eq!((&kept["status"], &kept["language"]), (&json!("completed"), &json!("nb")), "{what}");
                }
            }
        }
    }
}

/// A form as the builder of the national platform exports it: a language an entry, an address that is an id,
/// blanks after a code system, things on a text that belong to questions, settings of the platform.
fn exported() -> Value {
    let control = |code: &str| {
        json!([{"url": "http://hl7.org/fhir/StructureDefinition/questionnaire-itemControl", "valueCodeableConcept": {"coding": [
            {"system": "http://hl7.org/fhir/ValueSet/questionnaire-item-control", "code": code}]}}])
    };
    let part = |language: &str, id: &str, (title, yes, no): (&str, &str, &str)| {
        json!({"resource": {
            "resourceType": "Questionnaire", "id": id, "url": format!("Questionnaire/{id}"), "version": "1.0.0",
            "name": "Exported", "title": title, "status": "active", "language": language,
            "meta": {"profile": ["http://ehelse.no/fhir/StructureDefinition/sdf-Questionnaire"], "tag": [{"system": "urn:ietf:bcp:47", "code": language}]},
            "contained": [{"resourceType": "ValueSet", "id": "answers", "status": "active", "compose": {"include": [
                {"system": "urn:oid:2.16.578.1.12.4.1.1101 ", "concept": [{"code": "1", "display": yes}, {"code": "2", "display": no}]}]}}],
            "extension": [{"url": "http://helsenorge.no/fhir/StructureDefinition/sdf-questionnaire-navgiator-state", "valueCoding": {"code": "1"}}],
            "item": [
                {"linkId": "text", "text": title, "type": "display", "required": true, "repeats": false},
                {"linkId": "boxes", "text": title, "type": "choice", "answerValueSet": "#answers", "extension": control("check-box"), "item": [
                    {"linkId": "help", "text": title, "type": "text", "extension": control("help")}]},
                {"linkId": "ticked", "text": title, "type": "boolean"},
                {"linkId": "more", "text": title, "type": "string", "enableWhen": [{"question": "ticked", "operator": "=", "answerBoolean": true}]},
                {"linkId": "hidden", "text": title, "type": "boolean", "enableWhen": [{"question": "ticked", "operator": "=", "answerBoolean": true}]},
            ],
        }})
    };
    let entries = [part("nb-NO", "101", ("Spørsmål", "Ja", "Nei")), part("nn-NO", "102", ("Spørsmål, nynorsk", "Jau", "Nei"))];
    json!({"resourceType": "Bundle", "type": "searchset", "total": 2, "entry": entries})
}

on_both! {
    async fn a_form_from_the_platform_is_answered_and_means_the_same(app: TestApp) {
        let folder = tempfile::TempDir::new().expect("folder");
        std::fs::create_dir(folder.path().join("exported")).expect("folder");
        std::fs::write(folder.path().join("exported/1.0.0.json"), exported().to_string()).expect("form");
        let forms = folder.path().to_owned();
        let app = app.second_instance_with(|settings| settings.questionnaires = Some(forms)).await;
        let served = get(&app, "client", "/fhir/Questionnaire?_profile=http://ehelse.no/fhir/StructureDefinition/sdf-Questionnaire&name=Exported").await.expect(200);
        let forms: Vec<Value> = served["entry"].as_array().expect("forms").iter().map(|entry| entry["resource"].clone()).collect();
        assert_eq!(forms.len(), 2);
        assert!(!served.to_string().contains("1101 "), "what is wrong is not served on");
        let mut order = app.order("visit-exported");
        order["questionnaire"] = json!({"name": "101", "version": "1.0.0"});
        let invited = Invited::of(app.issue("visit-exported", &order).await.expect(201));
        let nynorsk = forms.iter().find(|form| form["language"] == "nn-NO").expect("a language");
        let answered = json!({"item": [
            {"linkId": "boxes", "answer": [
                {"valueCoding": {"system": "urn:oid:2.16.578.1.12.4.1.1101", "code": "1", "display": "Jau"}},
                {"valueCoding": {"system": "urn:oid:2.16.578.1.12.4.1.1101", "code": "2", "display": "Nei"}},
            ]},
            {"linkId": "ticked", "answer": [{"valueBoolean": false}]},
        ]});
        let mut items = refero(&nynorsk["item"], &answered["item"], false);
        // It sends what is not asked as unticked.
        items.iter_mut().filter(|item| item["linkId"] == "hidden").for_each(|item| item["answer"] = json!([{"valueBoolean": false}]));
        let body = json!({"resourceType": "QuestionnaireResponse", "status": "in-progress", "questionnaire": nynorsk["url"], "item": items});
        let task = get(&app, "client", &format!("/fhir/Task/{}", invited.id)).await.expect(200);
        let endpoint = task["input"][1]["valueUrl"].as_str().expect("address").split_once("/fhir/").map(|(_, path)| format!("/fhir/{path}")).expect("ours");
        let call = app.post(&endpoint).bearer(app.world.token("client"));
        let done = call.body("application/fhir+json", body.to_string()).send().await;
        assert_eq!(done.status, 200, "{}", done.text);
        let place = done.headers["location"].split_once("/fhir/").map(|(_, path)| format!("/fhir/{path}")).expect("ours");
        let kept = get(&app, "client", &place).await.expect(200);
        assert_eq!(kept["language"], "nn-NO");
        let kept: Vec<&Value> = kept["item"].as_array().expect("items").iter().collect();
        assert_eq!(kept.len(), 2, "{kept:?}");
        assert_eq!((&kept[0]["answer"], &kept[1]["answer"]), (&answered["item"][0]["answer"], &answered["item"][1]["answer"]));
    }
}
