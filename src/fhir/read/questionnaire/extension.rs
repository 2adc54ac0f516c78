//! Extensions of an item.

use super::form::is_unsupported;
use crate::domain::questionnaire::{Control, Item, ItemType, Pattern, Unit};
use crate::domain::value::Value;
use crate::fhir::read::node::Node;
use crate::fhir::read::value;
use crate::fhir::urls;

/// Reads every extension of an item into its fields.
pub fn apply(node: &Node<'_>, item: &mut Item) {
    for (url, extension) in node.extensions() {
        match url.as_str() {
            urls::ITEM_CONTROL => control(&extension, item),
            urls::HIDDEN => item.hidden |= extension.flag("valueBoolean").unwrap_or(false),
            urls::MIN_VALUE | urls::MIN_QUANTITY => item.limits.min_value = bound(&extension, item),
            urls::MAX_VALUE | urls::MAX_QUANTITY => item.limits.max_value = bound(&extension, item),
            urls::MIN_LENGTH => item.limits.min_length = extension.count("valueInteger"),
            urls::MAX_DECIMALS => item.limits.max_decimals = extension.count("valueInteger"),
            urls::MIN_OCCURS => item.limits.min_occurs = extension.count("valueInteger"),
            urls::MAX_OCCURS => item.limits.max_occurs = extension.count("valueInteger"),
            urls::REGEX => pattern(&extension, item),
            urls::ENTRY_FORMAT => item.entry_format = extension.translated("valueString"),
            urls::VALIDATION_TEXT => item.validation_text = extension.translated("valueString"),
            urls::UNIT | urls::UNIT_OPTION => item.units.extend(unit(&extension)),
            urls::OPTIONS_FROM => item.options_from.extend(extension.token("valueString")),
            urls::SLIDER_STEP | urls::DISPLAY_CATEGORY => {}
            other => foreign(other, &extension, node),
        }
    }
    if !item.options_from.is_empty() {
        item.options.clear();
    }
}

fn foreign(url: &str, extension: &Node<'_>, item: &Node<'_>) {
    if is_unsupported(url) {
        item.refuse("unsupported", format!("{url} changes what is asked or valid and is not executed"));
    } else if url.ends_with("sdf-fhirpath") || url.ends_with("initialExpression") {
        extension.warn("prefill", "the item is not filled in beforehand; the person answers it");
    } else {
        extension.warn("extension", format!("{url} does not change what is asked and is not used"));
    }
}

fn control(extension: &Node<'_>, item: &mut Item) {
    let Some(concept) = extension.object("valueCodeableConcept") else {
        extension.warn("item-control", "itemControl has no valueCodeableConcept; left out");
        return;
    };
    for coding in concept.list("coding") {
        let system = coding.token("system").unwrap_or_default();
        let known = [urls::CONTROL_SYSTEM, urls::CONTROL_VALUE_SET].contains(&system.as_str());
        let Some(code) = coding.token("code") else {
            continue;
        };
        match (code.as_str(), Control::parse(&code)) {
            ("slider", _) => slider(extension, item),
            (_, Some(control)) => item.control = Some(control),
            ("radio", _) => {
                coding.warn("item-control", "the control is called radio-button; read as that");
                item.control = Some(Control::RadioButton);
            }
            ("inline-help", None) => item.control = Some(Control::Help),
            _ => coding.warn("item-control", format!("control {code} is not known; left out")),
        }
        if !known && !system.starts_with("http") {
            coding.warn("item-control", "the control's code system is not known");
        }
    }
}

/// A slider rests on a value that nobody chose, so it is never shown.
fn slider(extension: &Node<'_>, item: &mut Item) {
    if item.kind.has_options() {
        if item.control != Some(Control::RadioButton) {
            extension.warn("slider", "the slider is shown as radio buttons");
        }
        item.control = Some(Control::RadioButton);
    } else {
        extension.warn("slider", "the slider is shown as a field for a number");
    }
}

fn bound(extension: &Node<'_>, item: &Item) -> Option<Value> {
    let mut members = extension.starting("value");
    let read =
        members.pop().filter(|_| members.is_empty()).and_then(|(name, json)| value::read(name.trim_start_matches("value"), json).ok());
    let Some(read) = read else {
        extension.refuse("bound", "the bound needs exactly one valid value");
        return None;
    };
    match (item.kind, read.value) {
        (ItemType::Decimal, Value::Integer(number)) => Some(Value::Decimal(number.into())),
        (ItemType::Integer, Value::Decimal(number)) => Some(Value::Decimal(number)),
        (kind, value) if kind.accepts(&value) => Some(value),
        _ => {
            extension.refuse("bound", "the bound has another type than the item");
            None
        }
    }
}

fn pattern(extension: &Node<'_>, item: &mut Item) {
    let Some(source) = extension.text("valueString") else {
        extension.refuse("regex", "regex needs valueString");
        return;
    };
    match Pattern::parse(&source) {
        Ok(pattern) => item.limits.pattern = Some(pattern),
        Err(error) => extension.refuse("regex", error.to_string()),
    }
}

fn unit(extension: &Node<'_>) -> Option<Unit> {
    let coding = extension.object("valueCoding")?;
    let code = coding.token("code").or_else(|| coding.token("display"))?;
    let label = coding.translated("display");
    Some(Unit { system: coding.token("system"), label: label.unwrap_or_else(|| code.as_str().into()), code })
}
