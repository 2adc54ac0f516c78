//! What clinicians read: data, plain text and Observations.

use chrono::{TimeZone, Utc};
use kartlegging::domain::answers::{Answers, Context};
use kartlegging::domain::language::Language;
use kartlegging::domain::questionnaire::Questionnaire;
use kartlegging::domain::respondent::{Relation, Respondent, RespondentKind};
use kartlegging::domain::summary::{Previous, Summary, SummaryInput, Threshold, summarise};
use kartlegging::fhir::write::{self, ObservationInput};
use kartlegging::text;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::support::{answers, form, read_form};

fn problem(code: &str) -> Json {
    json!({"valueCoding": {"system": "https://kartlegging.example/fhir/CodeSystem/problem", "code": code}})
}

fn coded(system: &str, code: &str) -> Json {
    json!([{"valueCoding": {"system": format!("https://kartlegging.example/fhir/CodeSystem/{system}"), "code": code}}])
}

fn filled(form: &Questionnaire) -> Answers {
    let most = json!({"linkId": "burdens-most", "answer": [problem("pain"), problem("other-concerns")]});
    let problems = json!([
        {"linkId": "practical", "answer": [problem("housing")]},
        {"linkId": "spiritual", "answer": [problem("none")]},
        {"linkId": "physical", "answer": [problem("pain"), problem("sleep")]},
        {"linkId": "other-concerns", "answer": [{"valueString": "Katten min, Áhkku"}]},
    ]);
    let mut top = vec![json!({"linkId": "distress", "item": [{"linkId": "score", "answer": coded("distress-score", "7")}]})];
    top.push(json!({"linkId": "problems", "item": problems}));
    top.push(most);
    top.push(json!({"linkId": "follow-up", "answer": coded("answer", "maybe")}));
    top.push(json!({"linkId": "consent-forward", "answer": coded("answer", "no")}));
    answers(form, &json!(top))
}

fn summary(form: &Questionnaire, answers: &Answers, language: &Language, previous: Option<Previous<'_>>) -> Summary {
    summary_by(form, answers, language, previous, &Respondent::patient())
}

fn summary_by(
    form: &Questionnaire,
    answers: &Answers,
    language: &Language,
    previous: Option<Previous<'_>>,
    respondent: &Respondent,
) -> Summary {
    summarise(&SummaryInput {
        response: Uuid::nil(),
        version: 1,
        questionnaire: form,
        answers,
        previous,
        language,
        threshold: Threshold { value: 4, source: "NCCN".into() },
        respondent,
        words: &text::summary::Words::new(language),
    })
}

#[test]
fn the_summary_tells_yes_no_and_not_answered_apart() {
    let form = form("distress-thermometer");
    let given = filled(&form);
    let json = serde_json::to_value(summary(&form, &given, &Language::nb(), None)).unwrap();
    assert_eq!(json["score"]["value"], 7);
    assert_eq!((&json["score"]["min"], &json["score"]["max"]), (&json!(0), &json!(10)));
    assert_eq!(json["over_threshold"], true);
    assert_eq!(json["follow_up"], json!({"code": "maybe", "text": "Kanskje"}));
    assert_eq!(json["consent"]["code"], "no");
    let most: Vec<_> = json["burdens_most"].as_array().unwrap().iter().map(|m| &m["code"]).collect();
    assert_eq!(most, ["pain", "other-concerns"]);
    let states: Vec<_> = json["categories"].as_array().unwrap().iter().map(|c| &c["state"]).collect();
    assert_eq!(states, ["answered", "not-answered", "not-answered", "none", "answered"]);
    assert_eq!(json["categories"][4]["problems"][0], json!({"code": "pain", "text": "Smerter", "burdens_most": true}));
    assert_eq!(json["free_text"][0]["text"], "Katten min, Áhkku");
    let topics: Vec<_> = json["topics"].as_array().unwrap().iter().map(|t| &t["code"]).collect();
    assert_eq!(topics, ["finances-housing", "own-health", "mental-health"]);
    assert_eq!(json["topics"][1]["from"], json!(["pain", "sleep"]));
    assert_eq!(json["since_previous"], Json::Null);
    assert_eq!(json["other"], json!([]));
}

#[test]
fn plain_text_is_narrow_and_says_everything() {
    let form = form("distress-thermometer");
    let given = filled(&form);
    for language in text::languages() {
        let page = text::summary::plain(&summary(&form, &given, language, None));
        assert!(page.lines().all(|line| line.chars().count() <= 76), "{page}");
        assert!(page.contains("Katten min, Áhkku") && page.contains("NCCN"), "{page}");
        assert!(!page.contains("summary-") && !page.contains('{'), "{page}");
    }
    let page = text::summary::plain(&summary(&form, &given, &Language::nb(), None));
    for part in [
        "Påkjenning: 7 av 10, på eller over terskelen på 4",
        "ingen diagnose",
        "ikke besvart",
        "ingen av disse",
        "Smerter (mest belastende)",
        "Ønsker oppfølging: Kanskje",
        "Besvart av: pasienten",
    ] {
        assert!(page.contains(part), "{part}\n{page}");
    }
}

#[test]
fn changes_since_the_previous_response_are_named() {
    let form = form("distress-thermometer");
    let now = filled(&form);
    let before = answers(
        &form,
        &json!([
            {"linkId": "distress", "item": [{"linkId": "score", "answer": coded("distress-score", "3")}]},
            {"linkId": "problems", "item": [{"linkId": "physical", "answer": [problem("pain"), problem("fatigue")]}]},
        ]),
    );
    let previous = Previous { response: Uuid::nil(), questionnaire: &form, answers: &before };
    let changed = summary(&form, &now, &Language::en(), Some(previous)).since_previous.unwrap();
    let codes = |list: &[kartlegging::domain::summary::Coded]| -> Vec<String> { list.iter().map(|c| c.code.clone()).collect() };
    assert_eq!(changed.score_before, Some(3));
    assert_eq!(codes(&changed.added), ["sleep"]);
    assert_eq!(codes(&changed.removed), ["fatigue"]);
}

#[test]
fn a_respondent_who_may_not_decide_was_not_asked() {
    let form = form("distress-thermometer");
    let mut respondent = Respondent::of(RespondentKind::Representative);
    respondent.relation = Some(Relation::PowerOfAttorney);
    let given = summary_by(&form, &filled(&form), &Language::nb(), None, &respondent);
    assert_eq!(given.consent.code, "not-asked-respondent-may-not-decide");
    assert!(text::summary::plain(&given).contains("ordinær fullmakt"));
}

#[test]
fn the_follow_up_form_is_summed_up_without_code_of_its_own() {
    let form = form("follow-up");
    let item = form.item("change-practical").unwrap();
    let change = json!({"linkId": item.link_id, "answer": coded("change", "worse")});
    let way = form.path("change-practical");
    let items = match way.as_slice() {
        [group, _] => json!([{"linkId": group.link_id, "item": [change]}]),
        _ => json!([change]),
    };
    let given = summary(&form, &answers(&form, &items), &Language::nb(), None);
    assert_eq!(given.changes[0].change.as_ref().unwrap().code, "worse");
    assert_eq!((given.score, given.over_threshold), (None, None));
    assert!(given.changes[1].change.is_none());
}

#[test]
fn a_form_without_roles_lists_every_question() {
    let form = read_form(&json!([
        {"linkId": "a", "text": "Alder", "type": "integer"},
        {"linkId": "b", "text": "Røyker du?", "type": "boolean"},
        {"linkId": "c", "text": "Hvor mye?", "type": "string", "enableWhen": [{"question": "b", "operator": "=", "answerBoolean": true}]},
        {"linkId": "d", "text": "Noe annet?", "type": "string"},
    ]));
    let given = answers(
        &form,
        &json!([
            {"linkId": "a", "answer": [{"valueInteger": 7}]},
            {"linkId": "b", "answer": [{"valueBoolean": false}]},
        ]),
    );
    let other = summary(&form, &given, &Language::nb(), None).other;
    let shown: Vec<_> = other.iter().map(|o| (o.question.as_str(), o.answer.as_deref())).collect();
    assert_eq!(shown, [("Alder", Some("7")), ("Røyker du?", Some("Nei")), ("Noe annet?", None)]);
}

#[test]
fn the_copy_holds_every_question_that_was_asked() {
    let form = form("distress-thermometer");
    let copy = text::summary::answers(&form, &filled(&form), &Language::nn(), &Context::default());
    assert!(copy.contains("Katten min, Áhkku") && copy.contains("ikkje svart på"), "{copy}");
    assert!(copy.lines().all(|line| line.chars().count() <= 76));
}

#[test]
fn observations_say_absent_where_nothing_is_known() {
    let form = form("distress-thermometer");
    let given = filled(&form);
    let observations = write::observations(&ObservationInput {
        response: Uuid::nil(),
        source: Some("QuestionnaireResponse/1"),
        questionnaire: &form,
        answers: &given,
        respondent: &Respondent::patient(),
        subject: Some("Patient/1"),
        effective: Utc.with_ymd_and_hms(2026, 11, 24, 8, 30, 0).unwrap(),
        language: &Language::nb(),
    });
    let of = |code: &str| {
        let mut all = observations.iter();
        all.find(|o| o["code"]["coding"][0]["code"] == code).unwrap_or_else(|| panic!("{code}"))
    };
    assert_eq!(of("distress-score")["valueInteger"], 7);
    assert_eq!(of("pain")["valueBoolean"], true);
    assert_eq!(of("fatigue")["valueBoolean"], false);
    assert_eq!(of("spiritual-religious")["valueBoolean"], false);
    assert_eq!(of("fear")["dataAbsentReason"]["coding"][0]["code"], "asked-declined");
    assert!(of("fear")["valueBoolean"].is_null());
    let mut ids: Vec<_> = observations.iter().map(|o| o["id"].as_str().unwrap()).collect();
    assert!(ids.iter().all(|id| id.len() <= 64));
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), observations.len());
    assert_eq!(of("pain")["derivedFrom"][0]["reference"], "QuestionnaireResponse/1");
}
