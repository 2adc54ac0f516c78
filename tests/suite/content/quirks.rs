//! What real form builders and form fillers send.

use kartlegging::domain::answers::{Context, IssueCode};
use kartlegging::domain::language::Language;
use kartlegging::domain::questionnaire::{Control, ItemType};
use kartlegging::fhir::read::{self, ChangeCode, normalise::names_form, questionnaire};
use kartlegging::fhir::write;
use serde_json::{Value as Json, json};

use super::support::{answers, findings, form, form_json, read_form, response_json, wrong};

const CONTROL: &str = "http://hl7.org/fhir/StructureDefinition/questionnaire-itemControl";

fn control(code: &str) -> Json {
    json!([{"url": CONTROL, "valueCodeableConcept": {"coding": [
        {"system": "http://hl7.org/fhir/ValueSet/questionnaire-item-control", "code": code}]}}])
}

fn options() -> Json {
    json!([{"valueCoding": {"system": "s:s", "code": "a", "display": "A"}}, {"valueCoding": {"system": "s:s", "code": "b", "display": "B"}}])
}

#[test]
fn invariants_of_r4_are_held() {
    let string = |more: Json| {
        let mut item = json!({"linkId": "a", "text": "a", "type": "string"});
        item.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        item
    };
    let other = json!({"linkId": "b", "text": "b", "type": "boolean"});
    for (items, expected) in [
        (json!([{"linkId": "a", "type": "group", "text": "a"}]), "!que-1"),
        (json!([string(json!({})), string(json!({}))]), "!que-2"),
        (json!([{"linkId": "a", "text": "a", "type": "display", "code": [{"code": "x"}]}]), "que-3"),
        (json!([{"linkId": "a", "text": "a", "type": "choice", "answerOption": options(), "answerValueSet": "#x"}]), "!que-4"),
        (json!([string(json!({"answerOption": options()}))]), "!que-5"),
        (json!([{"linkId": "a", "text": "a", "type": "display", "required": true}]), "que-6"),
        (json!([other, string(json!({"enableWhen": [{"question": "b", "operator": "exists", "answerInteger": 1}]}))]), "!que-7"),
        (json!([{"linkId": "g", "type": "group", "initial": [{"valueString": "x"}], "item": [other]}]), "!que-8"),
        (json!([{"linkId": "a", "text": "a", "type": "display", "readOnly": true}]), "que-9"),
        (json!([{"linkId": "a", "text": "a", "type": "date", "maxLength": 3}]), "!que-10"),
        (
            json!([{"linkId": "a", "text": "a", "type": "choice", "answerOption": options(), "initial": [{"valueCoding": {"system": "s:s", "code": "a"}}]}]),
            "!que-11",
        ),
        (
            json!([
                other,
                string(json!({"enableWhen": [
            {"question": "b", "operator": "=", "answerBoolean": true},
            {"question": "b", "operator": "=", "answerBoolean": false}]}))
            ]),
            "!que-12",
        ),
        (json!([string(json!({"initial": [{"valueString": "x"}, {"valueString": "y"}]}))]), "!que-13"),
    ] {
        let found = findings(&items);
        assert!(found.contains(&expected.to_owned()), "{expected}: {found:?}");
    }
}

#[test]
fn what_could_not_be_written_again_is_refused() {
    let choice = json!({"linkId": "a", "text": "a", "type": "choice", "answerOption": options()});
    let when = json!([{"question": "a", "operator": "=", "answerCoding": {"system": "s:s"}}]);
    assert_eq!(findings(&json!([choice, {"linkId": "b", "text": "b", "type": "string", "enableWhen": when}])), ["!enable-when"]);
    for address in ["https://example.org/q|1", "Questionnaire/q|1"] {
        let mut form = form_json(&json!([choice]));
        form["url"] = address.into();
        let outcome = questionnaire::read(form.to_string().as_bytes());
        assert!(outcome.is_refused() && outcome.findings.iter().any(|finding| finding.code == "url"), "{address}");
    }
}

#[test]
fn what_cannot_be_executed_is_refused_and_what_only_looks_is_not() {
    let with = |extension: Json| json!([{"linkId": "a", "text": "a", "type": "string", "extension": [extension]}]);
    for (items, expected) in [
        (json!([{"linkId": "a", "text": "a", "type": "attachment"}]), "!type"),
        (json!([{"linkId": "a", "text": "a", "type": "choice"}]), "!options"),
        (json!([{"linkId": "a", "text": "a", "type": "choice", "answerValueSet": "http://example.org/vs"}]), "!value-set"),
        (with(json!({"url": "http://ehelse.no/fhir/StructureDefinition/sdf-calculatedExpression", "valueString": "1"})), "!unsupported"),
        (
            with(
                json!({"url": "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-enableWhenExpression", "valueExpression": {}}),
            ),
            "!unsupported",
        ),
        (with(json!({"url": "http://hl7.org/fhir/StructureDefinition/regex", "valueString": "(?=x)"})), "!regex"),
        (with(json!({"url": "http://ehelse.no/fhir/StructureDefinition/sdf-fhirpath", "valueString": "Patient.name"})), "prefill"),
        (with(json!({"url": "http://example.org/colour", "valueString": "red"})), "extension"),
        (json!([{"linkId": "a", "text": "a", "type": "string", "modifierExtension": [{"url": "x"}]}]), "!modifier-extension"),
        (json!([{"linkId": "a", "text": "a", "type": "string", "colour": "red"}]), "ignored"),
        (
            json!([{"linkId": "a", "text": "a", "type": "string", "enableWhen": [{"question": "x", "operator": "exists", "answerBoolean": true}]}]),
            "!enable-when",
        ),
        (json!([{"linkId": "a", "text": "a", "type": "integer", "extension": control("slider")}]), "slider"),
    ] {
        let found = findings(&items);
        assert_eq!(found, [expected], "{items}");
    }
}

#[test]
fn items_that_depend_on_each_other_in_a_circle_are_refused() {
    let on = |link_id: &str, other: &str| {
        json!({"linkId": link_id, "text": "x", "type": "string",
        "enableWhen": [{"question": other, "operator": "exists", "answerBoolean": true}]})
    };
    assert_eq!(findings(&json!([on("a", "b"), on("b", "a")])), ["!enable-when-circle"]);
}

#[test]
fn every_fault_is_reported_at_once_with_its_path() {
    let items = json!([
        {"linkId": "g", "type": "group", "item": [{"linkId": "a", "text": "a", "type": "reference"}]},
        {"linkId": "b", "text": "b", "type": "choice"},
    ]);
    let outcome = questionnaire::read(form_json(&items).to_string().as_bytes());
    let paths: Vec<_> = outcome.findings.iter().map(|finding| finding.path.as_str()).collect();
    let inner = "Questionnaire.item.where(linkId='g').item.where(linkId='a')";
    assert!(paths.contains(&inner) && paths.contains(&"Questionnaire.item.where(linkId='b')"), "{paths:?}");
}

#[test]
fn what_the_form_lacks_hides_no_fault_of_its_items() {
    let form = json!({"resourceType": "Questionnaire", "status": "active", "item": [
        {"linkId": "a", "text": "a", "type": "reference"},
        {"linkId": "a", "text": "a", "type": "string"},
        {"text": "c", "type": "group", "item": [{"linkId": "d", "text": "d", "type": "nonsense"}]},
    ]});
    let outcome = questionnaire::read(form.to_string().as_bytes());
    let codes: Vec<_> = outcome.findings.iter().map(|finding| finding.code).collect();
    for code in ["url", "version", "title", "link-id", "que-2"] {
        assert!(codes.contains(&code), "{code} is not in {codes:?}");
    }
    assert_eq!(codes.iter().filter(|code| **code == "type").count(), 2, "{codes:?}");
    assert!(outcome.questionnaires.is_empty());
}

#[test]
fn a_slider_becomes_radio_buttons() {
    let form =
        read_form(&json!([{"linkId": "a", "text": "a", "type": "choice", "answerOption": options(), "extension": control("slider")}]));
    assert_eq!(form.items()[0].control, Some(Control::RadioButton));
}

#[test]
fn a_bundle_of_languages_becomes_one_form() {
    let part = |language: &str, id: &str, words: &str| {
        json!({"resource": {
            "resourceType": "Questionnaire", "id": id, "url": format!("Questionnaire/{id}"), "version": "1",
            "name": "Form", "title": words, "status": "active", "language": language,
            "meta": {"tag": [{"system": "urn:ietf:bcp:47", "code": language}]},
            "contained": [{"resourceType": "ValueSet", "id": "vs", "status": "active", "compose": {"include": [
                {"system": "urn:codes ", "concept": [{"code": "a", "display": words}]}]}}],
            "extension": [{"url": "http://helsenorge.no/fhir/StructureDefinition/sdf-questionnaire-navgiator-state", "valueCoding": {"code": "1"}}],
            "item": [
                {"linkId": "d", "text": words, "type": "display", "required": true, "repeats": false},
                {"linkId": "q", "text": words, "type": "choice", "answerValueSet": "#vs", "extension": control("check-box"), "item": [
                    {"linkId": "h", "text": words, "type": "text", "extension": control("help")}]},
            ],
        }})
    };
    let bundle = json!({"resourceType": "Bundle", "type": "searchset", "entry": [part("nb-NO", "1", "Ja"), part("nn-NO", "2", "Jau")]});
    let outcome = questionnaire::read(bundle.to_string().as_bytes());
    assert!(!outcome.is_refused(), "{:#?}", outcome.findings);
    let [form] = outcome.questionnaires.as_slice() else { panic!("one form") };
    let nynorsk = Language::parse("nn-NO").unwrap();
    assert_eq!(form.languages(), [Language::parse("nb-NO").unwrap(), nynorsk.clone()]);
    let item = form.item("q").unwrap();
    assert_eq!((item.text.get(&Language::nn()), item.options[0].label.get(&nynorsk)), ("Jau", "Jau"));
    assert_eq!(item.options[0].coding().unwrap().system.as_deref(), Some("urn:codes"));
    assert_eq!(form.item("h").unwrap().kind, ItemType::Display);
    assert!(item.takes_several());
    let codes: Vec<_> = outcome.findings.iter().map(|finding| finding.code).collect();
    for code in ["relative-url", "que-6", "white-space", "platform", "help"] {
        assert!(codes.contains(&code), "{code}: {codes:?}");
    }
    let written = write::questionnaire(form, None);
    assert!(written["contained"][0]["compose"].is_object() && written["contained"][0]["expansion"].is_object());
    assert!(!written.to_string().contains("helsenorge.no"));
}

#[test]
fn languages_that_ask_different_things_are_refused() {
    let part = |language: &str, required: bool| {
        json!({"resource": {
        "resourceType": "Questionnaire", "url": "https://example.org/fhir/Questionnaire/a", "version": "1", "title": "x",
        "status": "active", "language": language, "item": [{"linkId": "q", "text": "x", "type": "string", "required": required}]}})
    };
    let bundle = json!({"resourceType": "Bundle", "entry": [part("nb", true), part("nn", false)]});
    let outcome = questionnaire::read(bundle.to_string().as_bytes());
    assert!(outcome.findings.iter().any(|finding| finding.code == "languages-differ"));
    assert!(outcome.questionnaires.is_empty());
}

#[test]
fn what_form_fillers_send_is_brought_into_shape() {
    let form = read_form(&json!([
        {"linkId": "b", "text": "b", "type": "boolean"},
        {"linkId": "off", "text": "off", "type": "boolean", "enableWhen": [{"question": "b", "operator": "=", "answerBoolean": true}]},
        {"linkId": "c", "text": "c", "type": "choice", "extension": control("check-box"), "answerOption": options()},
        {"linkId": "n", "text": "n", "type": "integer"},
        {"linkId": "e", "text": "e", "type": "string"},
    ]));
    let mut sent = response_json(&json!([
        {"linkId": "b", "text": "b", "answer": [{"valueBoolean": false}]},
        {"linkId": "off", "text": "off", "answer": [{"valueBoolean": false}]},
        {"linkId": "c", "answer": [{"valueCoding": {"id": "1", "code": "a"}}]},
        {"linkId": "c", "answer": [{"valueCoding": {"system": "s:s", "code": "b", "display": "B"}}]},
        {"linkId": "n", "answer": [{"valueInteger": "7"}]},
        {"linkId": "e", "answer": [{"valueString": "  "}]},
    ]));
    sent["meta"] = json!({"profile": ["x"]});
    let document = read::response(&sent).unwrap();
    let normalised = read::normalise(&form, document, &Context::default());
    let codes: Vec<_> = normalised.changes.iter().map(|change| change.code).collect();
    for code in [
        ChangeCode::MetaDropped,
        ChangeCode::ExtensionDropped,
        ChangeCode::NumberFromString,
        ChangeCode::DisabledDropped,
        ChangeCode::CodingFilled,
        ChangeCode::Merged,
        ChangeCode::EmptyDropped,
    ] {
        assert!(codes.contains(&code), "{code:?}: {codes:?}");
    }
    assert!(wrong(&form, &sent["item"]).is_empty());
    let ids: Vec<_> = normalised.answers.items.iter().map(|item| item.link_id.as_str()).collect();
    assert_eq!(ids, ["b", "c", "n"]);
}

#[test]
fn the_only_unit_of_a_question_is_filled_in() {
    let unit = |code: &str| json!({"url": "http://hl7.org/fhir/StructureDefinition/questionnaire-unitOption", "valueCoding": {"system": "http://unitsofmeasure.org", "code": code, "display": code}});
    let form = read_form(&json!([
        {"linkId": "one", "text": "one", "type": "quantity", "extension": [unit("kg")]},
        {"linkId": "two", "text": "two", "type": "quantity", "extension": [unit("cm"), unit("m")]},
        {"linkId": "any", "text": "any", "type": "quantity"},
    ]));
    let sent = |link_id: &str, quantity: Json| json!([{"linkId": link_id, "answer": [{"valueQuantity": quantity}]}]);
    let changed = |items: &Json| {
        let normalised = read::normalise(&form, read::response(&response_json(items)).unwrap(), &Context::default());
        normalised.changes.iter().map(|change| (change.code, change.path.clone())).collect::<Vec<_>>()
    };
    let filled = sent("one", json!({"value": 72.5}));
    assert_eq!(changed(&filled), [(ChangeCode::UnitFilled, "one".to_owned())]);
    assert!(wrong(&form, &filled).is_empty());
    assert_eq!(
        answers(&form, &filled),
        answers(&form, &sent("one", json!({"value": 72.5, "unit": "kg", "system": "http://unitsofmeasure.org", "code": "kg"})))
    );
    // What says a unit keeps it, and of two none is guessed.
    for (items, expected) in [
        (sent("one", json!({"value": 72.5, "unit": "lb"})), vec!["invalidUnit one"]),
        (sent("one", json!({"value": 72.5, "system": "http://unitsofmeasure.org"})), vec!["invalidUnit one"]),
        (sent("two", json!({"value": 1.8})), vec!["invalidUnit two"]),
        (sent("any", json!({"value": 3})), vec![]),
    ] {
        assert_eq!(changed(&items), [], "{items}");
        assert_eq!(wrong(&form, &items), expected, "{items}");
    }
}

#[test]
fn the_mark_of_an_option_at_an_answer_is_dropped() {
    let form = read_form(&json!([{"linkId": "c", "text": "c", "type": "choice", "answerOption": options()}]));
    let sent = |mark: Json| json!([{"linkId": "c", "answer": [{"initialSelected": mark, "valueCoding": {"system": "s:s", "code": "b"}}]}]);
    for mark in [true, false] {
        let document = read::response(&response_json(&sent(mark.into()))).unwrap();
        assert_eq!(document.changes.iter().map(|change| change.code).collect::<Vec<_>>(), [ChangeCode::ExtensionDropped]);
        assert!(wrong(&form, &sent(mark.into())).is_empty());
    }
    for mark in [json!("true"), json!(1), json!({}), Json::Null] {
        let faults = read::response(&response_json(&sent(mark))).unwrap_err();
        assert!(faults.iter().any(|fault| fault.code == IssueCode::UnknownElement), "{faults:?}");
    }
}

#[test]
fn help_under_a_question_is_no_answer() {
    let form = read_form(&json!([{"linkId": "c", "text": "c", "type": "choice", "required": true, "answerOption": options(), "item": [
        {"linkId": "h", "text": "help", "type": "display", "extension": control("help")}]}]));
    let help = json!({"item": [{"linkId": "h", "text": "help"}]});
    let sent = json!([{"linkId": "c", "text": "c", "answer": [help, {"valueCoding": {"system": "s:s", "code": "a"}}]}]);
    let document = read::response(&response_json(&sent)).unwrap();
    assert_eq!(document.answers.items[0].answers.len(), 1);
    let changes: Vec<_> = document.changes.iter().map(|change| (change.code, change.path.as_str())).collect();
    assert_eq!(changes, [(ChangeCode::EmptyDropped, "c")]);
    assert!(wrong(&form, &sent).is_empty());
    let alone = json!([{"linkId": "c", "answer": [help]}]);
    assert_eq!(wrong(&form, &alone), ["required c"]);
}

#[test]
fn answers_of_repeated_items_are_merged_once() {
    let below = json!([{"linkId": "w", "text": "w", "type": "string"}]);
    let form = read_form(&json!([
        {"linkId": "c", "text": "c", "type": "choice", "repeats": true, "answerOption": options(), "item": below},
        {"linkId": "s", "text": "s", "type": "string"},
    ]));
    let coded = |code: &str| json!({"valueCoding": {"system": "s:s", "code": code}});
    let said = |code: &str| {
        let mut answer = coded(code);
        answer["item"] = json!([{"linkId": "w", "answer": [{"valueString": "x"}]}]);
        answer
    };
    let shown = json!({"valueCoding": {"code": "a", "display": "A"}});
    for (first, second, codes) in [
        (json!([coded("a")]), json!([coded("a"), coded("b")]), vec!["a", "b"]),
        (json!([coded("a"), coded("b")]), json!([shown]), vec!["a", "b"]),
        (json!([coded("b")]), json!([coded("a"), coded("a")]), vec!["b", "a"]),
        (json!([said("a")]), json!([said("a"), coded("a")]), vec!["a"]),
    ] {
        let sent = json!([{"linkId": "c", "answer": first}, {"linkId": "c", "answer": second}]);
        let read = answers(&form, &sent);
        let kept: Vec<_> = read.items[0].answers.iter().map(|answer| answer.value.as_coding().unwrap().code.as_str()).collect();
        assert_eq!((read.items.len(), kept), (1, codes), "{sent}");
        assert!(wrong(&form, &sent).is_empty(), "{sent}");
    }
    // What says more than the first is not lost, and one item with the same answer twice is not mended.
    let more = json!([{"linkId": "c", "answer": [coded("a")]}, {"linkId": "c", "answer": [said("a")]}]);
    assert_eq!(answers(&form, &more).items[0].answers.len(), 2);
    assert_eq!(wrong(&form, &json!([{"linkId": "c", "answer": [coded("a"), coded("a")]}])), ["duplicateAnswer c"]);
    // A question with one answer is not merged.
    let single = json!([{"linkId": "s", "answer": [{"valueString": "x"}]}, {"linkId": "s", "answer": [{"valueString": "x"}]}]);
    assert_eq!(answers(&form, &single).items.len(), 2);
}

#[test]
fn a_response_names_its_form_in_many_ways() {
    let form = form("follow-up");
    for (name, fits) in [
        (None, true),
        (Some("https://kartlegging.example/fhir/Questionnaire/follow-up|1.0.0"), true),
        (Some("https://kartlegging.example/fhir/Questionnaire/follow-up"), true),
        (Some("Questionnaire/follow-up"), true),
        (Some("https://kartlegging.example/fhir/Questionnaire/follow-up|2.0.0"), false),
        (Some("Questionnaire/other"), false),
    ] {
        assert_eq!(names_form(&form, name), fits, "{name:?}");
    }
}
