//! Options of a choice, written in the item or in a value set contained in the form.

use serde_json::Value as Json;

use crate::domain::questionnaire::{AnswerOption, Text};
use crate::domain::value::{Coding, Value};
use crate::fhir::read::node::Node;
use crate::fhir::read::value;
use crate::fhir::urls;

/// A value set contained in the form, with its concepts.
pub struct ContainedSet {
    /// Id in the form.
    pub id: String,
    /// Its address.
    pub url: Option<String>,
    /// Its title.
    pub title: Option<String>,
    /// Its concepts as options; `None` if they are not listed.
    pub options: Option<Vec<AnswerOption>>,
}

/// Reads the value sets contained in a form.
pub fn value_sets(form: &Node<'_>) -> Vec<ContainedSet> {
    let mut sets = Vec::new();
    for node in form.list("contained") {
        let kind = node.text("resourceType").unwrap_or_default();
        let id = node.token("id");
        match id {
            Some(id) if kind == "ValueSet" => {
                sets.push(ContainedSet { id, url: node.token("url"), title: node.text("title"), options: concepts(&node) });
            }
            _ => node.warn("ignored", format!("contained {kind} is not used")),
        }
    }
    sets
}

/// The concepts: of the expansion, else those listed by name in compose.
fn concepts(set: &Node<'_>) -> Option<Vec<AnswerOption>> {
    if let Some(expansion) = set.object("expansion") {
        let mut found = Vec::new();
        expanded(&expansion, &mut found);
        if !found.is_empty() {
            return Some(found);
        }
    }
    let compose = set.object("compose")?;
    if compose.has("exclude") {
        return None;
    }
    let mut found = Vec::new();
    for include in compose.list("include") {
        if include.has("filter") || include.has("valueSet") || !include.has("concept") {
            return None;
        }
        let system = include.token("system");
        for concept in include.list("concept") {
            found.extend(option(&concept, system.clone()));
        }
    }
    Some(found)
}

fn expanded(node: &Node<'_>, found: &mut Vec<AnswerOption>) {
    for concept in node.list("contains") {
        let shown = !concept.flag("abstract").unwrap_or(false);
        if shown && concept.has("code") {
            let system = concept.token("system");
            found.extend(option(&concept, system));
        }
        expanded(&concept, found);
    }
}

/// One concept as an option; its words default to its code.
fn option(node: &Node<'_>, system: Option<String>) -> Option<AnswerOption> {
    let code = node.token("code")?;
    let label = label(node, &code);
    let display = None;
    let mut option = AnswerOption::new(Value::Coding(Coding { system, code, display }), label);
    weights(node, &mut option);
    Some(option)
}

fn label(node: &Node<'_>, code: &str) -> Text {
    match node.translated("display") {
        Some(mut text) if !text.base.trim().is_empty() => {
            text.base = text.base.trim().to_owned();
            text
        }
        _ => {
            node.warn("display", format!("option {code} has no words; its code is shown"));
            Text::new(code)
        }
    }
}

/// Reads `answerOption`.
pub fn own(item: &Node<'_>) -> Vec<AnswerOption> {
    let all = item.list("answerOption").into_iter();
    all.filter_map(|node| answer_option(&node)).collect()
}

fn answer_option(node: &Node<'_>) -> Option<AnswerOption> {
    let mut values = node.starting("value");
    let Some((name, json)) = values.pop().filter(|_| values.is_empty()) else {
        node.refuse("option", "an option needs exactly one value");
        return None;
    };
    let mut option = match name.strip_prefix("value") {
        Some("Coding") => {
            let coding = node.object(name)?;
            let system = coding.token("system");
            if system.is_none() {
                coding.warn("option-system", "an option without a code system");
            }
            let read = option(&coding, system);
            if read.is_none() {
                coding.refuse("option", "an option needs a code");
            }
            read?
        }
        Some(kind @ ("Integer" | "Date" | "Time" | "String")) => plain(node, kind, json)?,
        _ => {
            node.refuse("unsupported", format!("options of {name} are not executed"));
            return None;
        }
    };
    option.selected = node.flag("initialSelected").unwrap_or(false);
    weights(node, &mut option);
    Some(option)
}

fn plain(node: &Node<'_>, kind: &str, json: &Json) -> Option<AnswerOption> {
    if let Ok(read) = value::read(kind, json) {
        let name = format!("value{kind}");
        let words = match kind {
            "String" => node.translated(&name),
            _ => None,
        };
        let words = words.unwrap_or_else(|| Text::new(read.value.to_string()));
        return Some(AnswerOption::new(read.value, words));
    }
    node.refuse("option", format!("the option is no valid {kind}"));
    None
}

/// Extensions of an option, which stand beside the value or inside the coding.
fn weights(node: &Node<'_>, option: &mut AnswerOption) {
    for (url, extension) in node.extensions() {
        match url.as_str() {
            urls::EXCLUSIVE => option.exclusive |= extension.flag("valueBoolean").unwrap_or(false),
            urls::ORDINAL | urls::ITEM_WEIGHT => {
                let text = extension.raw("valueDecimal").map(ToString::to_string);
                option.ordinal = text.and_then(|text| value::decimal(&text));
                if option.ordinal.is_none() {
                    extension.refuse("ordinal", "the weight must be a decimal");
                }
            }
            urls::TOPIC => option.topics.extend(extension.token("valueCode")),
            other if super::form::is_unsupported(other) => {
                extension.refuse("unsupported", format!("{other} is not executed"));
            }
            other => extension.warn("extension", format!("{other} is not used")),
        }
    }
}
