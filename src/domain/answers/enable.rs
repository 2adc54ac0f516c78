//! Which items are asked: conditions on other answers, on ancestors and on the respondent.
//!
//! Source of the rules: FHIR R4, `Questionnaire.item.enableWhen`. A condition looks for the other
//! item from the nearest level that holds both, in that instance of a repeated group; answers of
//! items that are not asked themselves do not count.

use std::collections::BTreeSet;

use super::place::Scope;
use super::{AnsweredItem, Answers, Context};
use crate::domain::questionnaire::{AnswerOption, Behavior, Condition, EnableWhen, Item, Questionnaire};
use crate::domain::value::Value;

/// Longest chain of conditions that depend on each other. The reader refuses circles; this keeps
/// a form that was not read from running for ever.
pub(super) const LONGEST_CHAIN: u8 = 32;

/// Decides for one form and one respondent which items are asked.
#[derive(Clone, Copy)]
pub(super) struct Enabling<'a> {
    form: &'a Questionnaire,
    context: &'a Context<'a>,
    chain: u8,
}

impl<'a> Enabling<'a> {
    pub fn new(form: &'a Questionnaire, context: &'a Context<'a>) -> Self {
        Self { form, context, chain: 0 }
    }

    /// Whether an item of this level is asked, given that the levels above are.
    pub fn is_enabled(self, item: &Item, scope: &Scope<'_>) -> bool {
        let Some(deeper) = self.deeper() else {
            return true;
        };
        let excluded = item.role().is_some_and(|role| self.context.not_asked.contains(&role));
        if excluded {
            return false;
        }
        let mut conditions = item.enable_when.iter();
        let holds = |condition| deeper.holds(condition, item, scope);
        let asked = match item.behavior {
            _ if item.enable_when.is_empty() => true,
            Behavior::All => conditions.all(holds),
            Behavior::Any => conditions.any(holds),
        };
        asked && (item.options_from.is_empty() || !deeper.available(item, scope).is_empty())
    }

    fn deeper(self) -> Option<Self> {
        (self.chain < LONGEST_CHAIN).then_some(Self { chain: self.chain + 1, ..self })
    }

    fn holds(self, when: &EnableWhen, item: &Item, scope: &Scope<'_>) -> bool {
        let mut met = false;
        let mut answered = false;
        self.sources(&when.question, item, scope, &mut |value| {
            answered = true;
            met |= match &when.condition {
                Condition::Exists(_) => true,
                Condition::Compares(operator, expected) => operator.holds(value, expected).unwrap_or(false),
            };
        });
        match &when.condition {
            Condition::Exists(wanted) => answered == *wanted,
            Condition::Compares(..) => met,
        }
    }

    /// Whether a condition meets an answer whose type it cannot be compared with.
    pub fn mismatches(self, when: &EnableWhen, item: &Item, scope: &Scope<'_>) -> bool {
        let Condition::Compares(operator, expected) = &when.condition else {
            return false;
        };
        let mut mismatch = false;
        self.sources(&when.question, item, scope, &mut |value| {
            mismatch |= operator.holds(value, expected).is_none();
        });
        mismatch
    }

    /// Calls for every answer of an item, as seen from another item in its level.
    fn sources(self, question: &str, from: &Item, scope: &Scope<'_>, found: &mut dyn FnMut(&Value)) {
        let way = self.form.path(question);
        let own = self.form.path(&from.link_id);
        let shared = way.iter().zip(&own).take_while(|(a, b)| a.link_id == b.link_id).count();
        if shared == way.len() {
            if let Some(value) = scope.at_depth(shared).answer {
                found(value);
            }
            return;
        }
        let depth = shared.min(scope.depth());
        let rest = way.get(depth..).unwrap_or_default();
        self.descend(rest, scope.at_depth(depth), found);
    }

    fn descend(self, way: &[&Item], scope: &Scope<'_>, found: &mut dyn FnMut(&Value)) {
        let Some((first, rest)) = way.split_first() else {
            return;
        };
        let mut here = scope.items.iter().filter(|item| item.link_id == first.link_id).peekable();
        if here.peek().is_none() || !self.is_enabled(first, scope) {
            return;
        }
        for instance in here {
            if rest.is_empty() {
                instance.answers.iter().for_each(|answer| found(&answer.value));
                continue;
            }
            for below in levels(first, instance, scope) {
                self.descend(rest, &below, found);
            }
        }
    }

    /// Options of an item that can be chosen now.
    pub fn available<'i>(self, item: &'i Item, scope: &Scope<'_>) -> Vec<&'i AnswerOption>
    where
        'a: 'i,
    {
        if item.options_from.is_empty() {
            return item.options.iter().collect();
        }
        let mut chosen = Vec::new();
        for link_id in &item.options_from {
            let Some(source) = self.form.item(link_id) else { continue };
            let mut given: Vec<Value> = Vec::new();
            self.sources(link_id, item, scope, &mut |value| given.push(value.clone()));
            chosen.extend(chosen_options(self.form, source, &given));
        }
        chosen
    }
}

/// The options that a source of `options-from` gives, with these answers.
fn chosen_options<'a>(form: &'a Questionnaire, source: &Item, values: &[Value]) -> Vec<&'a AnswerOption> {
    let all = form.offered_by(&source.link_id).iter();
    if source.kind.has_options() {
        all.filter(|option| values.iter().any(|value| option.is(value))).collect()
    } else if values.iter().all(is_empty) {
        Vec::new()
    } else {
        all.collect()
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Boolean(value) => !value,
        Value::String(text) => crate::domain::text::is_blank(text),
        _ => false,
    }
}

/// The levels below one item of a response: the items of a group, or those under each answer.
pub(super) fn levels<'a>(item: &'a Item, instance: &'a AnsweredItem, parent: &'a Scope<'a>) -> Vec<Scope<'a>> {
    let level = |answer, instance, items| Scope { parent: Some(parent), holder: Some(item), instance, answer, items };
    if item.is_question() {
        let answers = instance.answers.iter().enumerate();
        answers.map(|(index, answer)| level(Some(&answer.value), Some(index), answer.items.as_slice())).collect()
    } else {
        vec![level(None, None, instance.items.as_slice())]
    }
}

/// Link ids of all items that are asked at least once with these answers. Items inside a group or
/// under a question count when what holds them is asked, even before it has an instance; items
/// under a question need an answer there.
pub fn enabled<'a>(form: &'a Questionnaire, answers: &Answers, context: &Context<'_>) -> BTreeSet<&'a str> {
    let mut found = BTreeSet::new();
    let enabling = Enabling::new(form, context);
    collect(enabling, form.items(), &Scope::top(&answers.items), &mut found);
    found
}

fn collect<'a>(enabling: Enabling<'_>, items: &'a [Item], scope: &Scope<'_>, found: &mut BTreeSet<&'a str>) {
    for item in items {
        if !enabling.is_enabled(item, scope) {
            continue;
        }
        found.insert(item.link_id.as_str());
        let mut any = false;
        for instance in scope.items.iter().filter(|given| given.link_id == item.link_id) {
            any = true;
            for below in levels(item, instance, scope) {
                collect(enabling, &item.items, &below, found);
            }
        }
        if !any && !item.is_question() {
            let empty = AnsweredItem::default();
            for below in levels(item, &empty, scope) {
                collect(enabling, &item.items, &below, found);
            }
        }
    }
}

/// Options of an item that can be chosen now, in the order of the form. For an item with options
/// of its own that is all of them; with `options-from`, what is ticked or answered there.
pub fn available_options<'a>(form: &'a Questionnaire, answers: &Answers, context: &'a Context<'a>, link_id: &str) -> Vec<&'a AnswerOption> {
    let Some(item) = form.item(link_id) else {
        return Vec::new();
    };
    let top = Scope::top(&answers.items);
    Enabling::new(form, context).available(item, &top)
}
