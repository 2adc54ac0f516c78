//! Writes a response as Observations of R4, in our own code systems.
//!
//! No LOINC or SNOMED CT code of this instrument is known; a mapping can be added to `code`.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

use super::value::{coding_json, json_of};
use crate::domain::answers::Answers;
use crate::domain::language::Language;
use crate::domain::questionnaire::{ITEM_ROLE, Item, Questionnaire, Role};
use crate::domain::respondent::Respondent;
use crate::domain::summary::score_of;
use crate::domain::value::{Coding, Value};
use crate::fhir::urls;

/// What observations are drawn from.
#[derive(Clone, Copy)]
pub struct ObservationInput<'a> {
    /// The response.
    pub response: Uuid,
    /// Its reference, such as `QuestionnaireResponse/<id>`; `None` where it is not kept.
    pub source: Option<&'a str>,
    /// The form.
    pub questionnaire: &'a Questionnaire,
    /// The answers.
    pub answers: &'a Answers,
    /// Who gave them.
    pub respondent: &'a Respondent,
    /// Reference of the patient, such as `Patient/<id>`.
    pub subject: Option<&'a str>,
    /// When the response was handed in.
    pub effective: DateTime<Utc>,
    /// Language of the words.
    pub language: &'a Language,
}

/// One Observation for each thing the form asks by role: the score, every problem, every change,
/// the wish for follow-up, the consent and the person's own words. What was not answered has a
/// reason why it is absent, which is another thing than “no”.
pub fn observations(input: &ObservationInput<'_>) -> Vec<Json> {
    let form = input.questionnaire;
    let questions = form.walk().filter(|item| item.is_question());
    questions
        .flat_map(|item| match item.role() {
            Some(Role::ProblemCategory) => problems(input, item),
            Some(Role::Information) | None => Vec::new(),
            Some(role) => single(input, item, role),
        })
        .collect()
}

/// What is observed and with which result.
struct Finding<'a> {
    id: String,
    code: Coding,
    display: &'a str,
    item: &'a Item,
}

fn problems(input: &ObservationInput<'_>, item: &Item) -> Vec<Json> {
    let given: Vec<&Value> = input.answers.values(&item.link_id).collect();
    let options = item.options.iter().filter(|option| !option.exclusive);
    options
        .filter_map(|option| {
            let code = option.coding()?.clone();
            let ticked = given.iter().any(|value| option.is(value));
            let known = (!given.is_empty()).then_some(("valueBoolean", json!(ticked)));
            let finding = Finding { id: format!("{}-{}", item.link_id, code.code), code, display: option.label.get(input.language), item };
            Some(observation(input, &finding, known, "asked-declined"))
        })
        .collect()
}

fn single(input: &ObservationInput<'_>, item: &Item, role: Role) -> Vec<Json> {
    let not_asked = input.respondent.not_asked().contains(&role);
    let absent = if not_asked { "not-asked" } else { "asked-declined" };
    let own = item.codes.iter().find(|code| code.system.as_deref() != Some(ITEM_ROLE));
    let code = own.map_or_else(
        || Coding::new(ITEM_ROLE, role.code()),
        |own| Coding { system: own.system.clone(), code: own.code.clone(), display: None },
    );
    let values: Vec<&Value> = input.answers.values(&item.link_id).collect();
    let finding = |index: usize| Finding {
        id: match index {
            0 => item.link_id.clone(),
            more => format!("{}-{}", item.link_id, more + 1),
        },
        code: code.clone(),
        display: item.text.get(input.language),
        item,
    };
    if values.is_empty() {
        return vec![observation(input, &finding(0), None, absent)];
    }
    let score = score_of(input.questionnaire, input.answers);
    let each = values.iter().enumerate();
    each.map(|(index, value)| {
        let result = match (role, score) {
            (Role::DistressScore, Some(score)) => ("valueInteger", json!(score)),
            _ => result(input, item, value),
        };
        observation(input, &finding(index), Some(result), absent)
    })
    .collect()
}

/// `value[x]` of an Observation, which has fewer types than an answer.
fn result(input: &ObservationInput<'_>, item: &Item, value: &Value) -> (&'static str, Json) {
    match value {
        Value::Coding(coding) => {
            let all = input.questionnaire.possible_options(item);
            let option = all.iter().find(|option| option.is(value));
            let words = option.map(|option| option.label.get(input.language).to_owned());
            let display = words.or_else(|| coding.display.clone());
            let coding = coding_json(&Coding { display, ..coding.clone() });
            ("valueCodeableConcept", json!({"coding": [coding]}))
        }
        Value::Boolean(_) => ("valueBoolean", json_of(value)),
        Value::Integer(_) => ("valueInteger", json_of(value)),
        Value::Quantity(_) => ("valueQuantity", json_of(value)),
        Value::Decimal(_) => ("valueQuantity", json!({"value": json_of(value)})),
        Value::DateTime(_) | Value::Date(_) => ("valueDateTime", json_of(value)),
        Value::Time(_) => ("valueTime", json_of(value)),
        Value::String(text) | Value::Uri(text) => ("valueString", json!(text)),
    }
}

fn observation(input: &ObservationInput<'_>, finding: &Finding<'_>, result: Option<(&'static str, Json)>, absent: &str) -> Json {
    let moment = input.effective.to_rfc3339_opts(SecondsFormat::Secs, true);
    let coding = Coding { display: Some(finding.display.to_owned()), ..finding.code.clone() };
    let mut object = Map::new();
    let mut put = |name: &str, value: Json| object.insert(name.to_owned(), value);
    put("resourceType", "Observation".into());
    put("id", identity(input.response, &finding.id).into());
    put("status", "final".into());
    let category = json!([{"coding": [{"system": urls::OBSERVATION_CATEGORY, "code": "survey"}]}]);
    put("category", category);
    put("code", json!({"coding": [coding_json(&coding)], "text": finding.item.text.get(input.language)}));
    if let Some(subject) = input.subject {
        put("subject", json!({"reference": subject}));
    }
    put("effectiveDateTime", moment.clone().into());
    put("issued", moment.into());
    match result {
        Some((name, value)) => put(name, value),
        None => put("dataAbsentReason", json!({"coding": [{"system": urls::DATA_ABSENT, "code": absent}]})),
    };
    if let Some(source) = input.source {
        put("derivedFrom", json!([{"reference": source}]));
    }
    Json::Object(object)
}

/// Id of an Observation: the same for the same question of the same response (at most 64 letters,
/// digits, `-` and `.`, as FHIR asks).
fn identity(response: Uuid, part: &str) -> String {
    let part: String = part.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    if part.len() <= 31 {
        return format!("{}-{part}", response.simple());
    }
    let sum = part.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |sum, byte| (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    format!("{}-{}-{sum:016x}", response.simple(), part.chars().take(14).collect::<String>())
}
