//! Rules over a whole form: the invariants of R4 and what the engine needs beyond them.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::questionnaire::{Condition, Item, ItemType, Operator, Questionnaire};
use crate::domain::value::Value;
use crate::fhir::read::node::Log;

/// Checks a form that was read.
pub fn check(form: &Questionnaire, path: &str, log: &Log) {
    let rules = Rules { form, log };
    let mut seen = BTreeSet::new();
    rules.level(form.items(), path, &mut seen);
    rules.circles(path);
}

struct Rules<'a> {
    form: &'a Questionnaire,
    log: &'a Log,
}

impl Rules<'_> {
    fn level(&self, items: &[Item], path: &str, seen: &mut BTreeSet<String>) {
        for item in items {
            let path = format!("{path}.item.where(linkId='{}')", item.link_id);
            if !seen.insert(item.link_id.clone()) {
                self.log.refuse(&path, "que-2", "the linkId occurs more than once");
            }
            self.item(item, &path);
            self.level(&item.items, &path, seen);
        }
    }

    fn item(&self, item: &Item, path: &str) {
        self.shape(item, path);
        self.bounds(item, path);
        self.options(item, path);
        for when in &item.enable_when {
            self.condition(item, &when.question, &when.condition, path);
        }
    }

    fn shape(&self, item: &Item, path: &str) {
        let log = self.log;
        match item.kind {
            ItemType::Group if item.items.is_empty() => {
                log.refuse(path, "que-1", "a group needs items in it");
            }
            ItemType::Display if !item.items.is_empty() => {
                log.refuse(path, "que-1", "a text to read cannot have items in it");
            }
            _ => {}
        }
        if item.kind == ItemType::Group && !item.initial.is_empty() {
            log.refuse(path, "que-8", "a group cannot have initial");
        }
        if item.kind != ItemType::Group && item.text.base.trim().is_empty() && !item.hidden {
            log.refuse(path, "text", "the item needs a text");
        }
        if item.required && item.hidden && item.initial.is_empty() && item.is_question() {
            log.refuse(path, "hidden-required", "nobody can answer a hidden item that is required");
        }
    }

    fn bounds(&self, item: &Item, path: &str) {
        let log = self.log;
        let limits = &item.limits;
        let simple =
            item.kind.is_text() || matches!(item.kind, ItemType::Boolean | ItemType::Decimal | ItemType::Integer | ItemType::OpenChoice);
        if limits.max_length.is_some() && !simple {
            log.refuse(path, "que-10", "maxLength is only for simple questions");
        }
        if item.initial.len() > 1 && !item.takes_several() {
            log.refuse(path, "que-13", "several initial values need repeats");
        }
        if !item.initial.is_empty() && !item.options.is_empty() && item.value_set.is_none() {
            log.refuse(path, "que-11", "initial cannot stand beside answerOption; use initialSelected");
        }
        if item.is_question() && item.initial.iter().any(|value| !accepts(item, value)) {
            log.refuse(path, "initial", "initial is no valid answer to the item");
        }
        let crossed = |low: Option<u32>, high: Option<u32>| low.zip(high).is_some_and(|(l, h)| l > h);
        let values = limits.min_value.as_ref().zip(limits.max_value.as_ref());
        if values.is_some_and(|(low, high)| low.compare(high).is_some_and(std::cmp::Ordering::is_gt))
            || crossed(limits.min_length, limits.max_length)
            || crossed(limits.min_occurs, limits.max_occurs)
        {
            log.refuse(path, "bound", "the lower bound is above the upper one");
        }
    }

    fn options(&self, item: &Item, path: &str) {
        let log = self.log;
        for source in &item.options_from {
            match self.form.item(source) {
                Some(known) if known.is_question() && known.link_id != item.link_id => {
                    if !known.kind.has_options() && known.problem().is_none() {
                        log.refuse(path, "options-from", format!("{source} has no problem code"));
                    }
                }
                _ => log.refuse(path, "options-from", format!("there is no other question {source}")),
            }
        }
        let named = item.value_set.is_some() || !item.options_from.is_empty();
        if item.kind.has_options() && item.options.is_empty() && !named {
            log.refuse(path, "options", "a choice needs options");
        }
        let mut values: Vec<String> = item.options.iter().map(|o| format!("{:?}", o.value)).collect();
        values.sort_unstable();
        if values.windows(2).any(|pair| pair.first() == pair.last()) {
            log.refuse(path, "options", "two options have the same value");
        }
    }

    fn condition(&self, item: &Item, question: &str, condition: &Condition, path: &str) {
        let log = self.log;
        let way = self.form.path(question);
        let Some(target) = way.last() else {
            log.refuse(path, "enable-when", format!("there is no item {question}"));
            return;
        };
        if way.iter().any(|step| step.link_id == item.link_id) {
            log.refuse(path, "enable-when", "an item cannot depend on itself or on what is in it");
        }
        if !target.is_question() {
            log.refuse(path, "enable-when", format!("{question} is no question"));
        }
        if let Condition::Compares(operator, value) = condition {
            if !accepts(target, value) && !matches_number(target, value) {
                log.refuse(path, "enable-when", format!("{question} never has such an answer"));
            }
            let ordered = !matches!(operator, Operator::Equal | Operator::NotEqual);
            if ordered && value.compare(value).is_none() {
                log.refuse(path, "enable-when", "these values have no order; use = or !=");
            }
        }
    }

    /// Refuses items that depend on each other in a circle.
    fn circles(&self, path: &str) {
        let mut needs: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for item in self.form.walk() {
            let own = item.enable_when.iter().map(|when| when.question.as_str());
            let sources = item.options_from.iter().map(String::as_str);
            let mut all: Vec<&str> = own.chain(sources).collect();
            for other in all.clone() {
                all.extend(self.form.path(other).iter().map(|step| step.link_id.as_str()));
            }
            let above = self.form.path(&item.link_id);
            all.extend(above.iter().rev().skip(1).map(|step| step.link_id.as_str()));
            needs.insert(&item.link_id, all);
        }
        // What needs nothing that is left is taken away until only circles are left.
        loop {
            let left: BTreeSet<&str> = needs.keys().copied().collect();
            let before = needs.len();
            needs.retain(|_, all| all.iter().any(|other| left.contains(other)));
            if needs.len() == before {
                break;
            }
        }
        let ids: Vec<&str> = needs.into_keys().collect();
        if !ids.is_empty() {
            let text = format!("items depend on each other in a circle: {}", ids.join(", "));
            self.log.refuse(path, "enable-when-circle", text);
        }
    }
}

fn accepts(item: &Item, value: &Value) -> bool {
    let mut options = item.options.iter();
    item.kind.accepts(value) || options.any(|o| o.value.type_name() == value.type_name())
}

fn matches_number(item: &Item, value: &Value) -> bool {
    matches!((item.kind, value), (ItemType::Integer, Value::Decimal(_)) | (ItemType::Decimal, Value::Integer(_)))
}
