//! Conditions on other answers, said in words.

use super::Paper;
use crate::domain::questionnaire::{Behavior, Condition, EnableWhen, Item, Operator};
use crate::domain::value::Value;
use crate::text::format;

impl Paper<'_> {
    /// When an item is to be answered; `None` when always, or when no one with a pen can tell.
    pub(super) fn condition(&self, item: &Item) -> Option<String> {
        let known: Vec<String> = item.enable_when.iter().filter_map(|when| self.one(when)).collect();
        // Of several ways to be asked, one that the paper can't name may be the one that holds.
        if known.is_empty() || (item.behavior == Behavior::Any && known.len() < item.enable_when.len()) {
            return None;
        }
        let joint = self.say(if item.behavior == Behavior::Any { "paper-or" } else { "paper-and" }, &[]);
        let conditions = known.join(&format!(" {joint} "));
        let key = if item.is_question() { "paper-only-if" } else { "paper-only-if-group" };
        Some(self.say(key, &[("conditions", conditions.into())]))
    }

    fn one(&self, when: &EnableWhen) -> Option<String> {
        let way = self.form.path(&when.question);
        let question = *way.last()?;
        if way.iter().any(|item| is_left_out(item)) {
            return None;
        }
        let (key, value) = match &when.condition {
            Condition::Exists(true) => ("paper-if-answered", None),
            Condition::Exists(false) => ("paper-if-not-answered", None),
            Condition::Compares(operator, value) => (key_of(*operator), Some(value)),
        };
        let answer = value.map(|value| self.value(question, value)).unwrap_or_default();
        Some(self.say(key, &[("question", question.text.get(self.language).trim().into()), ("answer", answer.into())]))
    }

    /// The words of an answer as they stand on the paper.
    fn value(&self, question: &Item, value: &Value) -> String {
        let option =
            self.form.possible_options(question).into_iter().find(|option| option.is(value) || option.value.means(value) == Some(true));
        option.map_or_else(|| format::value(value, self.language), |option| option.label.get(self.language).to_owned())
    }
}

/// Whether no person with a pen is asked this.
pub(super) fn is_left_out(item: &Item) -> bool {
    item.hidden || item.read_only
}

fn key_of(operator: Operator) -> &'static str {
    match operator {
        Operator::Equal => "paper-if-equal",
        Operator::NotEqual => "paper-if-not-equal",
        Operator::Greater => "paper-if-greater",
        Operator::Less => "paper-if-less",
        Operator::GreaterOrEqual => "paper-if-at-least",
        Operator::LessOrEqual => "paper-if-at-most",
    }
}
