//! The released forms load without a word, say the same in every language and hold their examples.

use kartlegging::domain::answers::{Context, check_draft, complete};
use kartlegging::domain::language::Language;
use kartlegging::domain::respondent::Respondent;
use kartlegging::domain::summary::digest;
use kartlegging::fhir::read::{self, ResponseStatus, questionnaire, supplement};
use kartlegging::fhir::write;
use serde_json::Value as Json;

use super::support::{FORMS, folder, form, list};

#[test]
fn released_forms_have_no_findings() {
    for name in FORMS {
        let bytes = std::fs::read(folder().join(name).join("1.0.0.json")).unwrap();
        let outcome = questionnaire::read(&bytes);
        assert_eq!(outcome.findings, [], "{name}");
    }
}

/// The form of the browser tests has every kind of item that is executed, and nothing odd.
#[test]
fn the_torture_form_has_every_kind_of_item() {
    let file = folder().with_file_name("tests").join("forms/torture/1.0.0.json");
    let outcome = questionnaire::read(&std::fs::read(file).unwrap());
    assert_eq!(outcome.findings, []);
    let form = &outcome.questionnaires[0];
    for kind in [
        "group",
        "display",
        "boolean",
        "decimal",
        "integer",
        "date",
        "dateTime",
        "time",
        "string",
        "text",
        "url",
        "choice",
        "open-choice",
        "quantity",
    ] {
        assert!(form.walk().any(|item| item.kind.code() == kind), "{kind}");
    }
}

#[test]
fn every_form_can_be_read_in_three_languages() {
    for name in FORMS {
        let languages = form(name).languages().to_vec();
        assert_eq!(languages, [Language::nb(), Language::nn(), Language::en()], "{name}");
    }
}

#[test]
fn written_forms_read_back_the_same() {
    for name in FORMS {
        let form = form(name);
        let written = write::questionnaire(&form, None);
        let outcome = questionnaire::read(written.to_string().as_bytes());
        assert_eq!(outcome.findings, [], "{name}");
        assert_eq!(outcome.questionnaires, [form], "{name}");
    }
}

#[test]
fn a_form_is_served_in_the_language_asked_for() {
    let form = form("distress-thermometer");
    let written = write::questionnaire(&form, Some(&Language::nn()));
    assert_eq!(written["language"], "nn");
    assert_eq!(written["title"], form.title(&Language::nn()));
    let again = questionnaire::read(written.to_string().as_bytes());
    assert_eq!(again.findings, []);
    let again = &again.questionnaires[0];
    for item in form.walk() {
        let same = again.item(&item.link_id).unwrap();
        for language in form.languages() {
            assert_eq!(same.text.get(language), item.text.get(language));
        }
    }
}

/// Every object with that member, wherever it stands.
fn all_with<'a>(json: &'a Json, name: &str, found: &mut Vec<&'a Json>) {
    match json {
        Json::Object(map) => {
            found.extend(map.contains_key(name).then_some(json));
            map.values().for_each(|value| all_with(value, name, found));
        }
        Json::Array(all) => all.iter().for_each(|value| all_with(value, name, found)),
        _ => {}
    }
}

#[test]
fn options_have_no_translations_when_a_language_is_asked_for() {
    let form = form("distress-thermometer");
    for (language, translated) in
        [(None, true), (Some(Language::nb()), false), (Some(Language::en()), false), (Some(Language::nn()), false)]
    {
        let written = write::questionnaire(&form, language.as_ref());
        let mut lists = Vec::new();
        all_with(&written, "answerOption", &mut lists);
        let codings: Vec<_> = lists.iter().flat_map(|item| item["answerOption"].as_array().unwrap()).map(|o| &o["valueCoding"]).collect();
        assert!(codings.len() > 40 && codings.iter().all(|coding| coding["display"].is_string()));
        assert_eq!(codings.iter().any(|coding| coding.get("_display").is_some()), translated, "{language:?}");
        let pain = codings.iter().find(|coding| coding["code"] == "pain").unwrap();
        let words = if language == Some(Language::en()) { "Pain" } else { "Smerter" };
        assert_eq!(pain["display"], words);
        assert!(written["item"][0]["item"][0]["_text"].is_object(), "texts keep their translations");
    }
}

#[test]
fn help_is_marked_as_instructions() {
    let written = write::questionnaire(&form("distress-thermometer"), Some(&Language::nb()));
    let mut items = Vec::new();
    all_with(&written, "linkId", &mut items);
    let category = "http://hl7.org/fhir/StructureDefinition/questionnaire-displayCategory";
    let marked = |item: &Json| {
        let all = item["extension"].as_array().into_iter().flatten();
        let mut own = all.filter(|extension| extension["url"] == category);
        own.any(|extension| {
            extension["valueCodeableConcept"]["coding"]
                == serde_json::json!([{"system": "http://hl7.org/fhir/questionnaire-display-category", "code": "instructions"}])
        })
    };
    let of = |link_id: &str| items.iter().find(|item| item["linkId"] == link_id).unwrap();
    assert!(marked(of("score-help")) && marked(of("practical-help")));
    assert!(!marked(of("intro-purpose")) && !marked(of("score")));
    let outcome = questionnaire::read(written.to_string().as_bytes());
    assert_eq!(outcome.findings, []);
}

#[test]
fn a_supplement_with_a_missing_or_extra_key_is_refused() {
    let bytes = std::fs::read(folder().join("follow-up/1.0.0.nn.json")).unwrap();
    let mut given = supplement::read(&bytes).unwrap();
    given.items.remove("score");
    given.items.insert("nothing".into(), "x".into());
    let form = questionnaire::read(&std::fs::read(folder().join("follow-up/1.0.0.json")).unwrap());
    let form = form.questionnaires.into_iter().next().unwrap();
    let findings = supplement::merge(form, &given).unwrap_err();
    let paths: Vec<_> = findings.iter().map(|finding| finding.path.as_str()).collect();
    assert_eq!(paths, ["items['score']", "items['nothing']"]);
}

#[test]
fn examples_give_what_they_say() {
    let mut seen = 0;
    for name in FORMS {
        let form = form(name);
        for entry in std::fs::read_dir(folder().join(name).join("examples")).unwrap() {
            let path = entry.unwrap().path();
            let example: Json = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
            let result = run(&form, &example);
            assert_eq!(result.0, expected_issues(&example), "{}", path.display());
            if let Some(summary) = result.1.filter(|_| !example["summary"].is_null()) {
                for (key, value) in example["summary"].as_object().unwrap() {
                    assert_eq!(summary.get(key).unwrap_or(&Json::Null), value, "{} {key}", path.display());
                }
            }
            seen += 1;
        }
    }
    assert!(seen > 20);
}

fn expected_issues(example: &Json) -> Vec<String> {
    let issues = example["issues"].as_array().unwrap().iter();
    let mut all: Vec<String> = issues
        .map(|issue| {
            let mark = if issue["severity"] == "warning" { "~" } else { "" };
            let text = |name: &str| issue[name].as_str().unwrap().to_owned();
            format!("{mark}{} {}", text("code"), text("link_id"))
        })
        .collect();
    all.sort();
    all
}

fn run(form: &kartlegging::domain::questionnaire::Questionnaire, example: &Json) -> (Vec<String>, Option<Json>) {
    let respondent: Respondent = serde_json::from_value(example["respondent"].clone()).unwrap();
    let context = Context { not_asked: respondent.not_asked() };
    let document = match read::response(&example["response"]) {
        Ok(document) => document,
        Err(issues) => return (list(&issues), None),
    };
    let draft = document.status == ResponseStatus::InProgress;
    let answers = read::normalise(form, document, &context).answers;
    let (mut issues, summary) = if draft {
        (list(&check_draft(form, &answers, &context)), None)
    } else {
        match complete(form, answers, &context) {
            Ok(complete) => {
                let digest = digest(form, complete.answers());
                let mut json = serde_json::to_value(&digest).unwrap();
                json["follow_up"] = json["wish"].take();
                (list(complete.warnings()), Some(json))
            }
            Err(issues) => (list(&issues), None),
        }
    };
    issues.sort();
    (issues, summary)
}
