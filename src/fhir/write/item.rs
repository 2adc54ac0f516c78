//! Writes one item of a form.

use serde_json::{Map, Value as Json, json};

use super::value::{Primary, codes_json, json_of, option_coding, put_value};
use crate::domain::questionnaire::{AnswerOption, Behavior, Condition, Control, EnableWhen, Item, ItemType, Questionnaire, Unit};
use crate::domain::value::{Coding, Value};
use crate::fhir::urls;

/// The item and everything in it.
pub fn item_json(form: &Questionnaire, item: &Item, primary: Primary<'_>) -> Json {
    let mut object = Map::new();
    let extensions = extensions(item, primary);
    if !extensions.is_empty() {
        object.insert("extension".into(), extensions.into());
    }
    object.insert("linkId".into(), item.link_id.as_str().into());
    if let Some(definition) = &item.definition {
        object.insert("definition".into(), definition.as_str().into());
    }
    if !item.codes.is_empty() {
        object.insert("code".into(), codes_json(&item.codes, primary));
    }
    if let Some(prefix) = &item.prefix {
        primary.put(&mut object, "prefix", prefix);
    }
    primary.put(&mut object, "text", &item.text);
    markdown(item, &mut object, primary);
    object.insert("type".into(), item.kind.code().into());
    conditions(item, &mut object);
    if item.kind != ItemType::Display {
        flags(item, &mut object);
    }
    options(form, item, &mut object, primary);
    if !item.initial.is_empty() {
        let all = item.initial.iter().map(|value| with_value("value", value));
        object.insert("initial".into(), all.collect());
    }
    if !item.items.is_empty() {
        let all = item.items.iter().map(|child| item_json(form, child, primary));
        object.insert("item".into(), all.collect());
    }
    Json::Object(object)
}

fn with_value(prefix: &str, value: &Value) -> Json {
    let mut object = Map::new();
    put_value(&mut object, prefix, value);
    Json::Object(object)
}

fn markdown(item: &Item, object: &mut Map<String, Json>, primary: Primary<'_>) {
    let Some(markdown) = &item.markdown else {
        return;
    };
    let mut extension = Map::new();
    extension.insert("url".into(), urls::MARKDOWN.into());
    primary.put(&mut extension, "valueMarkdown", markdown);
    let extra = object.entry("_text").or_insert_with(|| json!({"extension": []}));
    if let Some(all) = extra.get_mut("extension").and_then(Json::as_array_mut) {
        all.push(Json::Object(extension));
    }
}

fn conditions(item: &Item, object: &mut Map<String, Json>) {
    if item.enable_when.is_empty() {
        return;
    }
    let all = item.enable_when.iter().map(condition);
    object.insert("enableWhen".into(), all.collect());
    if item.enable_when.len() > 1 {
        let code = match item.behavior {
            Behavior::All => "all",
            Behavior::Any => "any",
        };
        object.insert("enableBehavior".into(), code.into());
    }
}

fn condition(when: &EnableWhen) -> Json {
    let mut object = Map::new();
    object.insert("question".into(), when.question.as_str().into());
    let (operator, value) = match &when.condition {
        Condition::Exists(wanted) => ("exists", Value::Boolean(*wanted)),
        Condition::Compares(operator, value) => (operator.code(), value.clone()),
    };
    object.insert("operator".into(), operator.into());
    put_value(&mut object, "answer", &value);
    Json::Object(object)
}

fn flags(item: &Item, object: &mut Map<String, Json>) {
    let all = [("required", item.required), ("repeats", item.repeats), ("readOnly", item.read_only)];
    for (name, _) in all.into_iter().filter(|(_, set)| *set) {
        object.insert(name.into(), true.into());
    }
    if let Some(most) = item.limits.max_length {
        object.insert("maxLength".into(), most.into());
    }
}

/// Options of the item, or a reference to its value set. Options that come from other items are
/// written out, so that other form fillers can show them.
fn options(form: &Questionnaire, item: &Item, object: &mut Map<String, Json>, primary: Primary<'_>) {
    if let Some(id) = &item.value_set {
        object.insert("answerValueSet".into(), format!("#{id}").into());
        return;
    }
    let all = form.possible_options(item);
    if all.is_empty() || !item.kind.has_options() {
        return;
    }
    let all = all.iter().map(|option| option_json(option, primary));
    object.insert("answerOption".into(), all.collect());
}

fn option_json(option: &AnswerOption, primary: Primary<'_>) -> Json {
    let mut object = Map::new();
    let mut extension = extra_option(option);
    match &option.value {
        Value::Coding(coding) => {
            object.insert("valueCoding".into(), option_coding(option, coding, primary));
        }
        other => {
            if let Some(ordinal) = option.ordinal {
                let value = json_of(&Value::Decimal(ordinal));
                extension.push(json!({"url": urls::ORDINAL, "valueDecimal": value}));
            }
            if matches!(other, Value::String(_)) {
                primary.put(&mut object, "valueString", &option.label);
            }
            put_value(&mut object, "value", other);
        }
    }
    if !extension.is_empty() {
        object.insert("extension".into(), extension.into());
    }
    if option.selected {
        object.insert("initialSelected".into(), true.into());
    }
    Json::Object(object)
}

/// Extensions of an option that stand beside its value.
pub fn extra_option(option: &AnswerOption) -> Vec<Json> {
    let exclusive = option.exclusive.then(|| json!({"url": urls::EXCLUSIVE, "valueBoolean": true}));
    let topics = option.topics.iter();
    let topics = topics.map(|topic| json!({"url": urls::TOPIC, "valueCode": topic}));
    exclusive.into_iter().chain(topics).collect()
}

fn extensions(item: &Item, primary: Primary<'_>) -> Vec<Json> {
    let mut all = Vec::new();
    if let Some(control) = item.control {
        let code = control.code();
        all.push(json!({"url": urls::ITEM_CONTROL, "valueCodeableConcept": {"coding": [
            {"system": urls::CONTROL_SYSTEM, "code": code},
            {"system": urls::CONTROL_VALUE_SET, "code": code},
        ]}}));
    }
    if item.kind == ItemType::Display && item.control == Some(Control::Help) {
        all.push(json!({"url": urls::DISPLAY_CATEGORY, "valueCodeableConcept": {"coding": [
            {"system": urls::DISPLAY_CATEGORY_SYSTEM, "code": "instructions"},
        ]}}));
    }
    if item.hidden {
        all.push(json!({"url": urls::HIDDEN, "valueBoolean": true}));
    }
    bounds(item, &mut all);
    let texts = [(urls::ENTRY_FORMAT, &item.entry_format), (urls::VALIDATION_TEXT, &item.validation_text)];
    for (url, text) in texts {
        if let Some(text) = text {
            let mut object = Map::new();
            object.insert("url".into(), url.into());
            primary.put(&mut object, "valueString", text);
            all.push(Json::Object(object));
        }
    }
    let url = match item.kind {
        ItemType::Quantity => urls::UNIT_OPTION,
        _ => urls::UNIT,
    };
    all.extend(item.units.iter().map(|unit| json!({"url": url, "valueCoding": unit_json(unit, primary)})));
    let sources = item.options_from.iter();
    all.extend(sources.map(|source| json!({"url": urls::OPTIONS_FROM, "valueString": source})));
    all
}

fn unit_json(unit: &Unit, primary: Primary<'_>) -> Json {
    let mut option = AnswerOption::new(Value::Boolean(false), unit.label.clone());
    option.ordinal = None;
    let coding = Coding { system: unit.system.clone(), code: unit.code.clone(), display: None };
    option_coding(&option, &coding, Primary { plain_options: false, ..primary })
}

fn bounds(item: &Item, all: &mut Vec<Json>) {
    let limits = &item.limits;
    let quantity = item.kind == ItemType::Quantity;
    let values = [
        (if quantity { urls::MIN_QUANTITY } else { urls::MIN_VALUE }, &limits.min_value),
        (if quantity { urls::MAX_QUANTITY } else { urls::MAX_VALUE }, &limits.max_value),
    ];
    for (url, value) in values {
        if let Some(value) = value {
            let mut object = Map::new();
            object.insert("url".into(), url.into());
            put_value(&mut object, "value", value);
            all.push(Json::Object(object));
        }
    }
    let counts = [
        (urls::MIN_LENGTH, limits.min_length),
        (urls::MAX_DECIMALS, limits.max_decimals),
        (urls::MIN_OCCURS, limits.min_occurs),
        (urls::MAX_OCCURS, limits.max_occurs),
    ];
    for (url, count) in counts {
        if let Some(count) = count {
            all.push(json!({"url": url, "valueInteger": count}));
        }
    }
    if let Some(pattern) = &limits.pattern {
        all.push(json!({"url": urls::REGEX, "valueString": pattern.as_str()}));
    }
}
