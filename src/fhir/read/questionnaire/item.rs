//! One item of a form.

use super::options::{self, ContainedSet};
use super::{extension, form};
use crate::domain::questionnaire::{Behavior, Condition, Control, EnableWhen, Item, ItemType, Operator, Text};
use crate::domain::value::Value;
use crate::fhir::read::node::Node;
use crate::fhir::read::value;
use crate::fhir::urls;
use serde_json::Value as Json;

const KNOWN: [&str; 18] = [
    "linkId",
    "definition",
    "code",
    "prefix",
    "text",
    "type",
    "enableWhen",
    "enableBehavior",
    "required",
    "repeats",
    "readOnly",
    "maxLength",
    "answerValueSet",
    "answerOption",
    "initial",
    "item",
    "id",
    "extension",
];

/// What items need to know of their form.
pub struct Reader<'a> {
    /// Value sets contained in the form.
    pub value_sets: &'a [ContainedSet],
}

impl Reader<'_> {
    /// Reads the items of a form, group or question.
    pub fn items(&self, parent: &Node<'_>) -> Vec<Item> {
        let all = parent.list("item").into_iter();
        all.filter_map(|mut node| {
            let link_id = node.token("linkId");
            if let Some(link_id) = &link_id {
                node.path = format!("{}.item.where(linkId='{link_id}')", parent.path);
            }
            let Some(link_id) = link_id.filter(|id| id.chars().count() <= 255) else {
                node.refuse("link-id", "an item needs a linkId of 1 to 255 characters");
                // What lies below it is read for its own faults.
                self.items(&node);
                return None;
            };
            Some(self.item(&node, &link_id))
        })
        .collect()
    }

    fn item(&self, node: &Node<'_>, link_id: &str) -> Item {
        node.only(&KNOWN);
        let kind = kind(node);
        let mut item = Item::new(link_id, kind, "");
        item.text = node.translated("text").unwrap_or_default();
        item.markdown = markdown(node);
        item.prefix = node.translated("prefix");
        item.codes = form::codes(node);
        item.definition = node.token("definition");
        item.required = node.flag("required").unwrap_or(false);
        item.repeats = node.flag("repeats").unwrap_or(false);
        item.read_only = node.flag("readOnly").unwrap_or(false);
        item.limits.max_length = node.count("maxLength");
        item.initial = initial(node);
        item.enable_when = enable_when(node);
        behavior(node, &mut item);
        self.options(node, &mut item);
        extension::apply(node, &mut item);
        platform_codes(node, &mut item);
        item.items = self.items(node);
        repair(node, &mut item);
        item
    }

    fn options(&self, node: &Node<'_>, item: &mut Item) {
        item.options = options::own(node);
        if node.has("answerOption") && node.has("answerValueSet") {
            node.refuse("que-4", "an item cannot have both answerOption and answerValueSet");
        }
        if (node.has("answerOption") || node.has("answerValueSet")) && !item.kind.has_options() {
            node.refuse("que-5", "only a choice or open-choice can have options");
        }
        let Some(named) = node.token("answerValueSet") else {
            return;
        };
        let id = named.strip_prefix('#');
        let mut sets = self.value_sets.iter();
        let found = sets.find(|set| id == Some(&set.id) || set.url.as_ref() == Some(&named));
        match found.map(|set| (set, &set.options)) {
            Some((set, Some(options))) if !options.is_empty() => {
                item.options.clone_from(options);
                item.value_set = Some(set.id.clone());
            }
            Some(_) => node.refuse("value-set", "the value set does not list its concepts"),
            None => node.refuse("value-set", "the value set is not contained in the form"),
        }
        item.value_set.get_or_insert(named);
    }
}

/// The type; one that is refused is stood in for by what comes nearest, so that the rest of the item
/// and what lies below it are read for their own faults.
fn kind(node: &Node<'_>) -> ItemType {
    let code = node.token("type");
    code.as_deref().and_then(ItemType::parse).unwrap_or_else(|| {
        let text = match code.as_deref() {
            Some(code @ ("reference" | "attachment" | "question")) => {
                format!("items of type {code} are not executed")
            }
            _ => "the item needs a type of R4".to_owned(),
        };
        node.refuse("type", text);
        match (node.raw("item"), node.raw("answerOption").or(node.raw("answerValueSet"))) {
            (Some(_), _) => ItemType::Group,
            (None, Some(_)) => ItemType::Choice,
            (None, None) => ItemType::String,
        }
    })
}

/// The text as Markdown (`_text` with `rendering-markdown`).
fn markdown(node: &Node<'_>) -> Option<Text> {
    let extra = node.raw("_text")?;
    let extra = Node::new(extra, node.at("text"), node.log)?;
    let all = extra.extensions().into_iter();
    all.filter(|(url, _)| url == urls::MARKDOWN).find_map(|(_, extension)| {
        let text = extension.translated("valueMarkdown");
        text.or_else(|| extension.translated("valueString"))
    })
}

fn initial(node: &Node<'_>) -> Vec<Value> {
    let mut values = Vec::new();
    for entry in node.list("initial") {
        let mut members = entry.starting("value");
        let member = members.pop().filter(|_| members.is_empty());
        match member.and_then(|(name, json)| valid(name.trim_start_matches("value"), json)) {
            Some(value) => values.push(value),
            None => entry.refuse("initial", "initial needs exactly one valid value"),
        }
    }
    values
}

/// A value that an answer could be; a coding without a code is none.
fn valid(kind: &str, json: &Json) -> Option<Value> {
    let value = value::read(kind, json).ok()?.value;
    let says = value.as_coding().is_none_or(|coding| !coding.code.is_empty());
    says.then_some(value)
}

fn enable_when(node: &Node<'_>) -> Vec<EnableWhen> {
    let all = node.list("enableWhen").into_iter();
    all.filter_map(|entry| condition(&entry)).collect()
}

fn condition(entry: &Node<'_>) -> Option<EnableWhen> {
    let question = entry.token("question");
    let code = entry.token("operator");
    let mut answers = entry.starting("answer");
    let answer = answers.pop().filter(|_| answers.is_empty());
    let value = answer.and_then(|(name, json)| valid(name.trim_start_matches("answer"), json));
    let (Some(question), Some(code), Some(value)) = (question, code, value) else {
        entry.refuse("enable-when", "a condition needs question, operator and one valid answer");
        return None;
    };
    let condition = match (code.as_str(), value) {
        ("exists", Value::Boolean(wanted)) => Condition::Exists(wanted),
        ("exists", _) => {
            entry.refuse("que-7", "exists is compared with answerBoolean");
            return None;
        }
        (other, value) => {
            let Some(operator) = Operator::parse(other) else {
                entry.refuse("enable-when", "the operator is none of R4");
                return None;
            };
            Condition::Compares(operator, value)
        }
    };
    Some(EnableWhen { question, condition })
}

fn behavior(node: &Node<'_>, item: &mut Item) {
    match node.token("enableBehavior").as_deref() {
        Some("all") => item.behavior = Behavior::All,
        Some("any") => item.behavior = Behavior::Any,
        Some(_) => node.refuse("enable-when", "enableBehavior must be all or any"),
        None if item.enable_when.len() > 1 => {
            node.refuse("que-12", "several conditions need enableBehavior");
        }
        None => {}
    }
    if item.enable_when.len() < 2 {
        item.behavior = Behavior::All;
    }
}

/// Codes by which the national platform says where an item is shown.
fn platform_codes(node: &Node<'_>, item: &mut Item) {
    let is = |system: &str, codes: &[&str]| {
        let mut all = item.codes.iter();
        all.any(|c| c.system.as_deref() == Some(system) && codes.contains(&c.code.as_str()))
    };
    let unseen = is(urls::RENDER_OPTIONS, &["2", "4"]);
    let sidebar = item.codes.iter().any(|c| c.system.as_deref() == Some(urls::SIDEBAR));
    item.hidden |= unseen;
    if sidebar && item.kind != ItemType::Group {
        node.warn("sidebar", "the text beside the form is read as a text, not as a question");
        item.kind = ItemType::Display;
        item.control = Some(Control::Sidebar);
    }
    let explains = matches!(item.control, Some(Control::Help | Control::Flyover | Control::Inline | Control::Highlight | Control::Sidebar));
    if explains && item.is_question() {
        node.warn("help", "a text that only explains is read as a text, not as a question");
        item.kind = if node.has("item") { ItemType::Group } else { ItemType::Display };
    }
    let before = item.codes.len();
    item.codes.retain(|code| {
        let system = code.system.as_deref().unwrap_or_default();
        !urls::PLATFORM.iter().any(|base| system.starts_with(base))
    });
    if item.codes.len() < before {
        node.warn("platform", "codes of the national platform are not served on");
    }
}

/// Takes away from texts to read what only questions may have.
fn repair(node: &Node<'_>, item: &mut Item) {
    if item.kind != ItemType::Display {
        return;
    }
    if item.required || item.repeats {
        node.warn("que-6", "a text to read cannot be required or repeat; both were taken away");
    }
    if item.read_only {
        node.warn("que-9", "a text to read cannot be readOnly; it was taken away");
    }
    if !item.codes.is_empty() {
        node.warn("que-3", "a text to read cannot have a code; it was taken away");
    }
    if !item.initial.is_empty() {
        node.warn("que-8", "a text to read cannot have initial; it was taken away");
    }
    if item.limits.max_length.is_some() {
        node.warn("que-10", "a text to read cannot have maxLength; it was taken away");
    }
    (item.required, item.repeats, item.read_only) = (false, false, false);
    item.codes.clear();
    item.initial.clear();
    item.limits.max_length = None;
}
