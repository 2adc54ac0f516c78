//! Every rule of answers, kept and broken.

use kartlegging::domain::answers::{Context, Issue, available_options, complete, enabled, prune};
use kartlegging::domain::language::Language;
use kartlegging::domain::questionnaire::{Questionnaire, Role};
use kartlegging::fhir::write;
use kartlegging::text;
use serde_json::{Value as Json, json};

use super::support::{answers, form, list, read_form, wrong, wrong_draft};

const CODES: &str = "https://example.org/codes";

fn item(link_id: &str, kind: &str, more: &Json) -> Json {
    let mut item = json!({"linkId": link_id, "text": link_id, "type": kind});
    for (name, value) in more.as_object().unwrap() {
        item[name] = value.clone();
    }
    item
}

fn extension(url: &str, name: &str, value: Json) -> Json {
    let mut extension = json!({"url": format!("http://hl7.org/fhir/StructureDefinition/{url}")});
    extension[name] = value;
    extension
}

fn coding(code: &str) -> Json {
    json!({"valueCoding": {"system": CODES, "code": code, "display": code.to_uppercase()}})
}

fn given(link_id: &str, values: &[Json]) -> Json {
    json!({"linkId": link_id, "answer": values})
}

fn words(link_id: &str, value: &str) -> Json {
    given(link_id, &[json!({"valueString": value})])
}

/// A form of one item, and what is wrong with these answers to it.
fn one(kind: &str, more: &Json, values: &[Json]) -> Vec<String> {
    let form = read_form(&json!([item("q", kind, more)]));
    wrong(&form, &json!([given("q", values)]))
}

#[test]
fn required_is_an_error_when_handed_in_and_a_warning_in_a_draft() {
    let form = read_form(&json!([item("q", "string", &json!({"required": true})), item("r", "string", &json!({}))]));
    assert_eq!(wrong(&form, &json!([words("r", "x")])), ["required q"]);
    assert_eq!(wrong_draft(&form, &json!([words("r", "x")])), ["~required q"]);
    assert!(wrong(&form, &json!([words("q", "x")])).is_empty());
}

#[test]
fn a_required_group_needs_an_answer_and_so_does_a_question_in_a_missing_group() {
    let inner = item("q", "string", &json!({}));
    let form = read_form(&json!([item("g", "group", &json!({"required": true, "item": [inner]}))]));
    assert_eq!(wrong(&form, &json!([{"linkId": "g"}])), ["required g"]);
    let inner = item("q", "string", &json!({"required": true}));
    let form = read_form(&json!([item("g", "group", &json!({"item": [inner]}))]));
    assert_eq!(wrong(&form, &json!([{"linkId": "g"}])), ["required q"]);
    assert!(wrong(&form, &json!([{"linkId": "g", "item": [words("q", "x")]}])).is_empty());
}

#[test]
fn items_stand_in_their_place_and_order() {
    let inner = item("in", "string", &json!({}));
    let form = read_form(&json!([item("a", "string", &json!({})), item("g", "group", &json!({"item": [inner]})),]));
    assert_eq!(wrong(&form, &json!([words("in", "x")])), ["invalidLinkId in"]);
    assert_eq!(wrong(&form, &json!([words("x", "x")])), ["invalidLinkId x"]);
    let turned = json!([{"linkId": "g", "item": [words("in", "x")]}, words("a", "x")]);
    assert_eq!(wrong(&form, &turned), ["itemOrder a"]);
}

#[test]
fn texts_and_groups_have_no_answers_and_questions_no_items_beside_them() {
    let inner = item("in", "string", &json!({}));
    let form = read_form(&json!([
        item("d", "display", &json!({})),
        item("g", "group", &json!({"item": [inner.clone()]})),
        item("q", "string", &json!({"item": [item("under", "string", &json!({}))]})),
    ]));
    assert_eq!(wrong(&form, &json!([words("d", "x")])), ["displayAnswer d"]);
    assert_eq!(wrong(&form, &json!([words("g", "x")])), ["groupShouldNotHaveAnswers g"]);
    let beside = json!([{"linkId": "q", "item": [words("under", "x")]}]);
    assert_eq!(wrong(&form, &beside), ["questionItems q"]);
    let under = json!([{"linkId": "q", "answer": [{"valueString": "x", "item": [words("under", "x")]}]}]);
    assert!(wrong(&form, &under).is_empty());
}

#[test]
fn one_answer_unless_the_item_repeats() {
    let two = [json!({"valueString": "a"}), json!({"valueString": "b"})];
    assert_eq!(one("string", &json!({}), &two), ["repeats q"]);
    assert!(one("string", &json!({"repeats": true}), &two).is_empty());
    let bounds = |low: u32, high: u32| {
        json!({"repeats": true, "extension": [
            extension("questionnaire-minOccurs", "valueInteger", json!(low)),
            extension("questionnaire-maxOccurs", "valueInteger", json!(high)),
        ]})
    };
    assert!(one("string", &bounds(2, 2), &two).is_empty());
    assert_eq!(one("string", &bounds(3, 4), &two), ["minCount q"]);
    assert_eq!(one("string", &bounds(1, 1), &two), ["maxCount q"]);
}

#[test]
fn the_type_of_an_answer_is_that_of_its_question() {
    for (kind, name, right) in [
        ("boolean", "valueBoolean", json!(true)),
        ("decimal", "valueDecimal", json!(1.5)),
        ("integer", "valueInteger", json!(1)),
        ("date", "valueDate", json!("2026-11-24")),
        ("dateTime", "valueDateTime", json!("2026-11-24T09:30:00+01:00")),
        ("time", "valueTime", json!("09:30:00")),
        ("string", "valueString", json!("x")),
        ("text", "valueString", json!("x")),
        ("url", "valueUri", json!("https://example.org")),
        ("quantity", "valueQuantity", json!({"value": 1, "unit": "kg"})),
    ] {
        let mut answer = json!({});
        answer[name] = right;
        assert!(one(kind, &json!({}), &[answer]).is_empty(), "{kind}");
        let wrong_type = if kind == "boolean" { json!({"valueInteger": 1}) } else { json!({"valueBoolean": true}) };
        assert_eq!(one(kind, &json!({}), &[wrong_type]), ["invalidAnswerType q"], "{kind}");
    }
}

#[test]
fn values_stay_between_their_bounds() {
    let bounds =
        |name: &str, low: Json, high: Json| json!({"extension": [extension("minValue", name, low), extension("maxValue", name, high)]});
    let integer = bounds("valueInteger", json!(0), json!(10));
    assert!(one("integer", &integer, &[json!({"valueInteger": 0})]).is_empty());
    assert_eq!(one("integer", &integer, &[json!({"valueInteger": -1})]), ["minValue q"]);
    assert_eq!(one("integer", &integer, &[json!({"valueInteger": 11})]), ["maxValue q"]);
    let date = bounds("valueDate", json!("2026-01-01"), json!("2026-12-31"));
    assert_eq!(one("date", &date, &[json!({"valueDate": "2025"})]), ["minValue q"]);
    assert!(one("date", &date, &[json!({"valueDate": "2026"})]).is_empty());
    let time = bounds("valueTime", json!("08:00:00"), json!("16:00:00"));
    assert_eq!(one("time", &time, &[json!({"valueTime": "16:00:01"})]), ["maxValue q"]);
}

#[test]
fn decimals_are_counted_as_written() {
    let most = json!({"extension": [extension("maxDecimalPlaces", "valueInteger", json!(1))]});
    let number: Json = serde_json::from_str("2.10").unwrap();
    assert_eq!(one("decimal", &most, &[json!({"valueDecimal": number})]), ["maxDecimalPlaces q"]);
    assert!(one("decimal", &most, &[json!({"valueDecimal": 2.1})]).is_empty());
}

#[test]
fn texts_keep_their_length_pattern_and_line() {
    let length = json!({"maxLength": 3, "extension": [extension("minLength", "valueInteger", json!(2))]});
    for (given, issues) in [("a", vec!["minLength q"]), ("čaš", vec![]), ("čaša", vec!["maxLength q"])] {
        assert_eq!(one("string", &length, &[json!({"valueString": given})]), issues);
    }
    let pattern = json!({"extension": [extension("regex", "valueString", json!("[0-9]{4}"))]});
    assert_eq!(one("string", &pattern, &[json!({"valueString": "x1234"})]), ["regex q"]);
    assert!(one("string", &pattern, &[json!({"valueString": "1234"})]).is_empty());
    assert_eq!(one("string", &json!({}), &[json!({"valueString": "a\nb"})]), ["invalidNewLine q"]);
    assert!(one("text", &json!({}), &[json!({"valueString": "a\nb"})]).is_empty());
    assert_eq!(one("text", &json!({}), &[json!({"valueString": "a\u{1}b"})]), ["invalidCharacter q"]);
}

fn choices(repeats: bool) -> Json {
    let mut none = coding("none");
    none["extension"] = json!([extension("questionnaire-optionExclusive", "valueBoolean", json!(true))]);
    json!({"repeats": repeats, "answerOption": [coding("a"), coding("b"), none]})
}

#[test]
fn choices_are_among_the_options() {
    assert!(one("choice", &choices(false), &[coding("a")]).is_empty());
    assert_eq!(one("choice", &choices(false), &[coding("x")]), ["invalidAnswerOption q"]);
    let foreign = json!({"valueCoding": {"system": "https://other.example", "code": "a"}});
    assert_eq!(one("choice", &choices(false), &[foreign]), ["invalidAnswerOption q"]);
    let words = json!({"valueCoding": {"system": CODES, "code": "a", "display": "Something"}});
    assert_eq!(one("choice", &choices(false), &[words]), ["~invalidDisplay q"]);
    assert_eq!(one("choice", &choices(true), &[coding("none"), coding("a")]), ["exclusiveAnswerOption q"]);
    assert_eq!(one("choice", &choices(true), &[coding("a"), coding("a")]), ["duplicateAnswer q"]);
    assert!(one("choice", &choices(true), &[coding("a"), coding("b")]).is_empty());
    let own = json!({"valueString": "own words"});
    assert!(one("open-choice", &choices(false), std::slice::from_ref(&own)).is_empty());
    assert_eq!(one("choice", &choices(false), &[own]), ["invalidAnswerType q"]);
}

#[test]
fn units_are_those_of_the_form() {
    let unit = json!({"system": "http://unitsofmeasure.org", "code": "kg", "display": "kg"});
    let more = json!({"extension": [extension("questionnaire-unitOption", "valueCoding", unit)]});
    let kilos = json!({"valueQuantity": {"value": 70, "system": "http://unitsofmeasure.org", "code": "kg"}});
    assert!(one("quantity", &more, &[kilos]).is_empty());
    let other = json!({"valueQuantity": {"value": 70, "system": "http://unitsofmeasure.org", "code": "g"}});
    assert_eq!(one("quantity", &more, &[other]), ["invalidUnit q"]);
}

#[test]
fn read_only_values_stay() {
    let more = json!({"readOnly": true, "initial": [{"valueString": "fixed"}]});
    assert!(one("string", &more, &[json!({"valueString": "fixed"})]).is_empty());
    assert_eq!(one("string", &more, &[json!({"valueString": "other"})]), ["readOnlyChanged q"]);
}

fn conditional(behavior: &str) -> Questionnaire {
    let when = json!([
        {"question": "n", "operator": ">=", "answerInteger": 5},
        {"question": "s", "operator": "exists", "answerBoolean": true},
    ]);
    read_form(&json!([
        item("n", "integer", &json!({})),
        item("s", "string", &json!({})),
        item("q", "string", &json!({"required": true, "enableWhen": when, "enableBehavior": behavior})),
    ]))
}

#[test]
fn conditions_hold_all_or_any() {
    let number = |n: i32| given("n", &[json!({"valueInteger": n})]);
    let (all, any) = (conditional("all"), conditional("any"));
    assert!(wrong(&all, &json!([number(5)])).is_empty());
    assert_eq!(wrong(&any, &json!([number(5)])), ["required q"]);
    assert_eq!(wrong(&all, &json!([number(5), words("s", "x")])), ["required q"]);
    assert_eq!(wrong(&any, &json!([number(4), words("q", "x")])), ["notEnabled q"]);
}

#[test]
fn every_operator_compares_and_no_answer_is_false() {
    for (operator, holds) in [
        ("=", [false, true, false]),
        ("!=", [true, false, true]),
        (">", [false, false, true]),
        ("<", [true, false, false]),
        (">=", [false, true, true]),
        ("<=", [true, true, false]),
    ] {
        let when = json!([{"question": "n", "operator": operator, "answerInteger": 5}]);
        let form = read_form(&json!([item("n", "integer", &json!({})), item("q", "string", &json!({"enableWhen": when})),]));
        let asked = |items: &Json| enabled(&form, &answers(&form, items), &Context::default()).contains("q");
        for (number, expected) in [4, 5, 6].into_iter().zip(holds) {
            let given = json!([given("n", &[json!({"valueInteger": number})])]);
            assert_eq!(asked(&given), expected, "{number} {operator} 5");
        }
        assert!(!asked(&json!([given("q", &[json!({"valueString": "x"})])])), "{operator}");
    }
}

#[test]
fn what_stands_in_something_that_is_not_asked_is_not_asked() {
    let when = json!([{"question": "b", "operator": "=", "answerBoolean": true}]);
    let inner = item("q", "string", &json!({"required": true}));
    let form = read_form(&json!([item("b", "boolean", &json!({})), item("g", "group", &json!({"enableWhen": when, "item": [inner]})),]));
    let no = given("b", &[json!({"valueBoolean": false})]);
    assert!(wrong(&form, &json!([no])).is_empty());
    let filled = json!([no, {"linkId": "g", "item": [words("q", "x")]}]);
    assert_eq!(wrong(&form, &filled), ["notEnabled g"]);
    let yes = given("b", &[json!({"valueBoolean": true})]);
    assert_eq!(wrong(&form, &json!([yes])), ["required q"]);
}

#[test]
fn conditions_look_in_their_own_instance_of_a_repeated_group() {
    let when = json!([{"question": "b", "operator": "=", "answerBoolean": true}]);
    let inside = json!([item("b", "boolean", &json!({})), item("q", "string", &json!({"required": true, "enableWhen": when}))]);
    let form = read_form(&json!([item("g", "group", &json!({"repeats": true, "item": inside}))]));
    let instance = |flag: bool| json!({"linkId": "g", "item": [given("b", &[json!({"valueBoolean": flag})])]});
    let context = Context::default();
    let issues = complete(&form, answers(&form, &json!([instance(false), instance(true)])), &context).unwrap_err();
    assert_eq!(list(&issues), ["required q"]);
    let place = "QuestionnaireResponse.item.where(linkId='g')[1].item.where(linkId='q')";
    assert_eq!((issues[0].expression.as_str(), issues[0].path.as_str()), (place, "g/q"));
}

#[test]
fn answers_of_what_is_not_asked_do_not_count_as_sources() {
    let on = |question: &str, wanted: bool| json!({"enableWhen": [{"question": question, "operator": "exists", "answerBoolean": wanted}]});
    let form =
        read_form(&json!([item("a", "string", &json!({})), item("b", "string", &on("a", true)), item("c", "string", &on("b", false)),]));
    let asked = |items: Json| {
        let given = answers(&form, &items);
        enabled(&form, &given, &Context::default()).contains("c")
    };
    assert!(asked(json!([words("b", "x")])));
    assert!(!asked(json!([words("a", "x"), words("b", "x")])));
}

fn problem(code: &str) -> Json {
    json!({"valueCoding": {"system": "https://kartlegging.example/fhir/CodeSystem/problem", "code": code}})
}

#[test]
fn what_burdens_most_is_among_what_was_ticked() {
    let form = form("distress-thermometer");
    let practical = given("practical", &[problem("housing")]);
    let most = |code: &str| given("burdens-most", &[problem(code)]);
    let wrap = |items: Json, most: Json| -> Vec<String> {
        let all = wrong_draft(&form, &json!([{"linkId": "problems", "item": [items]}, most]));
        let all = all.into_iter();
        all.filter(|issue| issue.contains("burdens-most")).collect()
    };
    assert!(wrap(practical.clone(), most("housing")).is_empty());
    assert_eq!(wrap(practical.clone(), most("transportation")), ["invalidAnswerOption burdens-most"]);
    assert_eq!(wrap(practical, most("no-such")), ["invalidAnswerOption burdens-most"]);
    let none = given("practical", &[problem("none")]);
    assert!(wrap(none, most("housing")).contains(&"notEnabled burdens-most".to_owned()));
    let own = words("other-concerns", "Hund");
    assert!(wrap(own, most("other-concerns")).is_empty());
}

#[test]
fn options_from_other_items_are_those_ticked_there() {
    let form = form("distress-thermometer");
    let items = json!([{"linkId": "problems", "item": [
        given("practical", &[problem("housing")]),
        given("spiritual", &[problem("none")]),
        words("other-concerns", "Hund"),
    ]}]);
    let given = answers(&form, &items);
    let context = Context::default();
    let codes: Vec<_> =
        available_options(&form, &given, &context, "burdens-most").iter().map(|option| option.coding().unwrap().code.clone()).collect();
    assert_eq!(codes, ["housing", "other-concerns"]);
    let all = form.possible_options(form.item("burdens-most").unwrap());
    assert_eq!(all.len(), 43);
}

#[test]
fn a_role_that_is_not_asked_is_neither_required_nor_accepted() {
    let form = form("distress-thermometer");
    let consent = form.by_role(Role::ConsentForward).next().unwrap();
    let context = Context { not_asked: &[Role::ConsentForward] };
    let empty = answers(&form, &json!([{"linkId": "distress"}]));
    let issues = complete(&form, empty, &context).unwrap_err();
    assert!(issues.iter().all(|issue| issue.link_id != consent.link_id));
    assert!(!enabled(&form, &answers(&form, &json!([{"linkId": "distress"}])), &context).contains("consent-forward"));
}

#[test]
fn pruning_drops_what_is_not_asked_and_settles() {
    let form = conditional("any");
    let given = answers(&form, &json!([words("q", "x")]));
    let pruned = prune(&form, &given, &Context::default());
    assert!(pruned.items.is_empty());
}

#[test]
fn issues_become_an_outcome_in_the_readers_language() {
    let form = read_form(&json!([item("q", "string", &json!({"maxLength": 3}))]));
    let given = answers(&form, &json!([words("q", "abcd")]));
    let issues = complete(&form, given, &Context::default()).unwrap_err();
    let say = |issue: &Issue| text::issue(issue, &Language::nn());
    let expected = json!({"resourceType": "OperationOutcome", "issue": [{
        "severity": "error",
        "code": "too-long",
        "details": {
            "coding": [{"system": "http://fhir.forms-lab.com/CodeSystem/errors", "code": "maxLength"}],
            "text": "«q»: Teksten er for lang. Kort han ned til høgst 3 teikn.",
        },
        "diagnostics": "linkId q",
        "expression": ["QuestionnaireResponse.item.where(linkId='q')"],
    }]});
    assert_eq!(write::outcome(&issues, say), expected);
    assert_eq!(write::outcome(&[], say)["issue"][0]["severity"], "information");
}
