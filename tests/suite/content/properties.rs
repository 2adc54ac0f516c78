//! What holds for every form and every response.

use kartlegging::domain::answers::{AnsweredItem, Answers, Context, Severity, check_draft, complete, enabled, prune};
use kartlegging::domain::language::Language;
use kartlegging::domain::questionnaire::{Behavior, Condition, EnableWhen, ItemType, Operator, Questionnaire};
use kartlegging::domain::summary::digest;
use kartlegging::domain::value::Value;
use kartlegging::fhir::read::{self, ResponseStatus, questionnaire, supplement};
use kartlegging::fhir::write::{self, ResponseMeta};
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::support::{ask, form, small};

/// One question in a random form: its own rules and its conditions on earlier questions.
type Plan = (bool, Option<(usize, u8)>, Option<(usize, u8)>, bool);

fn plans() -> impl Strategy<Value = Vec<Plan>> {
    let condition = || proptest::option::of((0..8_usize, 0..5_u8));
    vec((any::<bool>(), condition(), condition(), any::<bool>()), 1..9)
}

/// A form in which each question depends on earlier ones only, as the reader guarantees.
fn build(plans: &[Plan]) -> Questionnaire {
    let items = plans.iter().enumerate().map(|(at, (required, first, second, any))| {
        let mut item = ask(&format!("q{at}"), ItemType::Integer);
        item.required = *required;
        let conditions = [first, second].into_iter().flatten().filter(|(on, _)| *on < at);
        item.enable_when = conditions.map(|(on, kind)| condition(*on, *kind)).collect();
        if *any && item.enable_when.len() > 1 {
            item.behavior = Behavior::Any;
        }
        item
    });
    small(items.collect())
}

fn condition(on: usize, kind: u8) -> EnableWhen {
    let number = Value::Integer(i32::from(kind));
    let condition = match kind {
        0 => Condition::Exists(true),
        1 => Condition::Exists(false),
        2 => Condition::Compares(Operator::NotEqual, number),
        3 => Condition::Compares(Operator::Less, number),
        _ => Condition::Compares(Operator::Equal, number),
    };
    EnableWhen { question: format!("q{on}"), condition }
}

fn fill(form: &Questionnaire, values: &[Option<i32>]) -> Answers {
    let given = form.items().iter().zip(values);
    let items = given.filter_map(|(item, value)| Some(AnsweredItem::question(&item.link_id, [Value::Integer((*value)?)])));
    Answers { items: items.collect() }
}

/// A response to a released form in which every choice is made at random.
fn choose(form: &Questionnaire, picks: &[usize], words: &str) -> Answers {
    let mut picks = picks.iter().cycle();
    let mut next = move || *picks.next().unwrap_or(&0);
    let mut answer = |item: &kartlegging::domain::questionnaire::Item| {
        let options = form.possible_options(item);
        let values: Vec<Value> = match item.kind {
            ItemType::Text => vec![Value::String(words.to_owned())],
            _ if options.is_empty() => Vec::new(),
            _ => vec![options[next() % options.len()].value.clone()],
        };
        let skip = next() % 3 == 0;
        AnsweredItem::question(&item.link_id, values.into_iter().filter(|_| !skip))
    };
    let mut items = Vec::new();
    for item in form.items() {
        let answered = if item.is_question() {
            answer(item)
        } else {
            let inner = item.items.iter().filter(|item| item.is_question());
            AnsweredItem::group(&item.link_id, inner.map(&mut answer).filter(AnsweredItem::is_answered).collect())
        };
        items.extend(answered.is_answered().then_some(answered));
    }
    Answers { items }
}

fn any_json() -> impl Strategy<Value = Json> {
    let key = prop_oneof![
        Just("resourceType"),
        Just("item"),
        Just("linkId"),
        Just("answer"),
        Just("type"),
        Just("text"),
        Just("valueCoding"),
        Just("valueInteger"),
        Just("enableWhen"),
        Just("question"),
        Just("operator"),
        Just("extension"),
        Just("url"),
        Just("contained"),
        Just("_text"),
        Just("entry"),
        Just("resource"),
        Just("answerOption"),
        Just("status"),
        Just("version"),
        Just("title"),
        Just("questionnaire"),
    ];
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        any::<f64>().prop_map(Json::from),
        "[a-z|ø-]{0,6}".prop_map(Json::from),
        Just(json!("Questionnaire")),
        Just(json!("QuestionnaireResponse")),
        Just(json!("Bundle")),
        Just(json!("choice")),
        Just(json!("group")),
        Just(json!("active")),
        Just(json!("s:s")),
    ];
    leaf.prop_recursive(6, 48, 6, move |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Json::from),
            vec((key.clone(), inner), 0..6)
                .prop_map(|members| { Json::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),) }),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn conditions_settle(plans in plans(), values in vec(proptest::option::of(0..6_i32), 9)) {
        let form = build(&plans);
        let context = Context::default();
        let given = fill(&form, &values);
        let pruned = prune(&form, &given, &context);
        prop_assert_eq!(enabled(&form, &given, &context), enabled(&form, &pruned, &context));
        prop_assert_eq!(&prune(&form, &pruned, &context), &pruned);
        let issues = check_draft(&form, &pruned, &context);
        prop_assert!(issues.iter().all(|issue| issue.severity == Severity::Warning), "{:?}", issues);
    }

    #[test]
    fn answering_more_leaves_unrelated_items_alone(
        plans in plans(), values in vec(proptest::option::of(0..6_i32), 9), at in 0..9_usize, more in 0..6_i32,
    ) {
        let form = build(&plans);
        let context = Context::default();
        let mut richer = values.clone();
        richer[at] = Some(more);
        let changed = format!("q{at}");
        let mut related = vec![changed];
        for item in form.walk() {
            if item.enable_when.iter().any(|when| related.contains(&when.question)) {
                related.push(item.link_id.clone());
            }
        }
        let unrelated = |answers: &Answers| -> Vec<_> {
            let issues = check_draft(&form, answers, &context).into_iter();
            issues.filter(|issue| !related.contains(&issue.link_id)).collect()
        };
        prop_assert_eq!(unrelated(&fill(&form, &values)), unrelated(&fill(&form, &richer)));
    }

    #[test]
    fn what_is_complete_has_no_errors_as_a_draft(plans in plans(), values in vec(proptest::option::of(0..6_i32), 9)) {
        let form = build(&plans);
        let context = Context::default();
        let given = fill(&form, &values);
        let draft = check_draft(&form, &given, &context);
        let accepted = complete(&form, given, &context).is_ok();
        prop_assert_eq!(accepted, draft.is_empty());
    }

    #[test]
    fn random_forms_are_written_and_read_back(plans in plans()) {
        let form = build(&plans);
        let written = write::questionnaire(&form, None);
        let outcome = questionnaire::read(written.to_string().as_bytes());
        prop_assert_eq!(&outcome.findings, &[]);
        prop_assert_eq!(outcome.questionnaires, [form]);
    }

    #[test]
    fn responses_are_written_and_read_back(picks in vec(0..60_usize, 1..40), full in any::<bool>(), nn in any::<bool>()) {
        let form = form("distress-thermometer");
        let given = choose(&form, &picks, "Søvn – «natt» č 100 %");
        let language = if nn { Language::nn() } else { Language::nb() };
        let meta = ResponseMeta {
            id: None, version: None, status: ResponseStatus::InProgress, authored: None,
            language: &language, subject: None, full_tree: full,
        };
        let written = write::response(&form, &given, &meta);
        let document = read::response(&written).unwrap();
        prop_assert_eq!(document.status, ResponseStatus::InProgress);
        let again = read::normalise(&form, document, &Context::default()).answers;
        prop_assert_eq!(again, given);
    }

    #[test]
    fn the_score_stays_in_range(picks in vec(0..60_usize, 1..40)) {
        for name in super::support::FORMS {
            let form = form(name);
            let digest = digest(&form, &choose(&form, &picks, "x"));
            prop_assert!(digest.score.is_none_or(|score| (0..=10).contains(&score)));
        }
    }

    #[test]
    fn no_json_makes_the_readers_panic(json in any_json()) {
        let bytes = json.to_string();
        let _ = questionnaire::read(bytes.as_bytes());
        let _ = supplement::read(bytes.as_bytes());
        let form = form("follow-up");
        if let Ok(document) = read::response(&json) {
            let context = Context::default();
            let normalised = read::normalise(&form, document, &context);
            let _ = complete(&form, normalised.answers, &context);
        }
        let wrapped = json!({"resourceType": "QuestionnaireResponse", "status": "completed", "item": [json]});
        if let Ok(document) = read::response(&wrapped) {
            let _ = read::normalise(&form, document, &Context::default());
        }
        let wrapped = super::support::form_json(&json!([json]));
        let _ = questionnaire::read(wrapped.to_string().as_bytes());
    }
}
