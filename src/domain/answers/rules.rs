//! Rules of the answers to one question.

use std::cmp::Ordering;

use super::check::Check;
use super::place::Scope;
use super::{AnsweredItem, Issue, IssueCode, MAX_TEXT, Severity};
use crate::domain::questionnaire::{AnswerOption, Item, ItemType, Text};
use crate::domain::text;
use crate::domain::value::{Coding, Quantity, Value};

/// Applies every rule to the answers of one instance of a question.
pub(super) fn question(check: &mut Check<'_>, item: &Item, given: &AnsweredItem, scope: &Scope<'_>) {
    let several = given.answers.len();
    if several > 1 && !item.takes_several() {
        check.add(error(scope, IssueCode::Repeats, item));
    }
    let available = check.enabling.available(item, scope);
    let possible = if item.options_from.is_empty() { Vec::new() } else { check.form.possible_options(item) };
    let options = Options { available: &available, possible: &possible };
    for (index, answer) in given.answers.iter().enumerate() {
        for issue in one(item, &answer.value, &options, scope) {
            check.add(issue.at_answer(index, several));
        }
    }
    for issue in together(item, given, &available, scope) {
        check.add(issue);
    }
}

/// What can be chosen now, and what could be chosen with other answers.
struct Options<'a> {
    available: &'a [&'a AnswerOption],
    possible: &'a [&'a AnswerOption],
}

fn error(scope: &Scope<'_>, code: IssueCode, item: &Item) -> Issue {
    scope.issue(Severity::Error, code, item)
}

/// Rules over all answers of a question.
fn together(item: &Item, given: &AnsweredItem, options: &[&AnswerOption], scope: &Scope<'_>) -> Vec<Issue> {
    let mut issues = Vec::new();
    let values: Vec<&Value> = given.answers.iter().map(|answer| &answer.value).collect();
    let alone = |option: &&&AnswerOption| option.exclusive && values.iter().any(|value| option.is(value));
    if let Some(option) = options.iter().find(alone).filter(|_| values.len() > 1) {
        let mut issue = error(scope, IssueCode::ExclusiveAnswerOption, item);
        issue.detail = Some(option.label.clone());
        issues.push(issue);
    }
    if item.kind.has_options() && has_duplicate(&values) {
        issues.push(error(scope, IssueCode::DuplicateAnswer, item));
    }
    let initial = item.initial.iter().collect::<Vec<_>>();
    if item.read_only && !values.is_empty() && !same_values(&initial, &values) {
        issues.push(error(scope, IssueCode::ReadOnlyChanged, item));
    }
    issues
}

fn has_duplicate(values: &[&Value]) -> bool {
    let mut codes: Vec<(Option<&str>, &str)> =
        values.iter().filter_map(|value| value.as_coding()).map(|coding| (coding.system.as_deref(), coding.code.as_str())).collect();
    let all = codes.len();
    codes.sort_unstable();
    codes.dedup();
    codes.len() < all
}

fn same_values(left: &[&Value], right: &[&Value]) -> bool {
    let pairs = left.iter().zip(right);
    left.len() == right.len() && pairs.into_iter().all(|(a, b)| a.means(b) == Some(true))
}

/// Rules of one answer.
fn one(item: &Item, value: &Value, options: &Options<'_>, scope: &Scope<'_>) -> Vec<Issue> {
    let mut issues = Vec::new();
    let wanted = item.kind.accepts(value) || matches_other_option(item, value);
    if !wanted {
        return vec![error(scope, IssueCode::InvalidAnswerType, item)];
    }
    if item.kind.has_options() {
        issues.extend(chosen(item, value, options, scope));
    }
    issues.extend(range(item, value, scope));
    match value {
        Value::String(text) | Value::Uri(text) => issues.extend(written(item, text, scope)),
        Value::Decimal(number) => issues.extend(decimals(item, number.scale(), scope)),
        Value::Quantity(quantity) => issues.extend(measured(item, quantity, scope)),
        _ => {}
    }
    issues
}

/// A choice may list options that are no codings; then the answer has their type.
fn matches_other_option(item: &Item, value: &Value) -> bool {
    let mut options = item.options.iter();
    item.kind.has_options() && options.any(|option| option.value.type_name() == value.type_name())
}

fn chosen(item: &Item, value: &Value, options: &Options<'_>, scope: &Scope<'_>) -> Option<Issue> {
    let own_words = item.kind == ItemType::OpenChoice && value.as_text().is_some();
    if let Value::Coding(coding) = value
        && coding.code.is_empty()
    {
        return Some(error(scope, IssueCode::InvalidCoding, item));
    }
    match options.available.iter().find(|option| option.is(value)) {
        Some(option) => {
            let display = value.as_coding().and_then(|coding: &Coding| coding.display.as_ref());
            let differs = display.is_some_and(|display| !option.label.reads(display));
            differs.then(|| scope.issue(Severity::Warning, IssueCode::InvalidDisplay, item))
        }
        None if own_words => None,
        None if options.possible.iter().any(|option| option.is(value)) => Some(error(scope, IssueCode::OptionNotAvailable, item)),
        None => Some(error(scope, IssueCode::InvalidAnswerOption, item)),
    }
}

fn range(item: &Item, value: &Value, scope: &Scope<'_>) -> Vec<Issue> {
    let breaks = |bound: &Option<Value>, wrong: Ordering| {
        let bound = bound.as_ref()?;
        (value.compare(bound) == Some(wrong)).then(|| bound.to_string())
    };
    let low = breaks(&item.limits.min_value, Ordering::Less).map(|bound| error(scope, IssueCode::MinValue, item).with_detail(&bound));
    let high = breaks(&item.limits.max_value, Ordering::Greater).map(|bound| error(scope, IssueCode::MaxValue, item).with_detail(&bound));
    low.into_iter().chain(high).collect()
}

fn written(item: &Item, given: &str, scope: &Scope<'_>) -> Vec<Issue> {
    let mut issues = Vec::new();
    let length = text::length(given);
    let limits = &item.limits;
    if given.len() > MAX_TEXT {
        issues.push(error(scope, IssueCode::TooLarge, item));
    }
    if let Some(most) = limits.max_length.filter(|most| length > *most as usize) {
        issues.push(error(scope, IssueCode::MaxLength, item).with_detail(&most));
    }
    if let Some(fewest) = limits.min_length.filter(|fewest| length < *fewest as usize) {
        issues.push(error(scope, IssueCode::MinLength, item).with_detail(&fewest));
    }
    if item.kind != ItemType::Text && text::has_line_break(given) {
        issues.push(error(scope, IssueCode::InvalidNewLine, item));
    }
    if text::has_control(given) {
        issues.push(error(scope, IssueCode::InvalidCharacter, item));
    }
    if limits.pattern.as_ref().is_some_and(|pattern| !pattern.matches(given)) {
        let mut issue = error(scope, IssueCode::Regex, item);
        issue.detail = format_hint(item);
        issues.push(issue);
    }
    issues
}

/// The form's own words on how to answer.
fn format_hint(item: &Item) -> Option<Text> {
    item.validation_text.clone().or_else(|| item.entry_format.clone())
}

fn decimals(item: &Item, written: u32, scope: &Scope<'_>) -> Option<Issue> {
    let most = item.limits.max_decimals.filter(|most| written > *most)?;
    Some(error(scope, IssueCode::MaxDecimalPlaces, item).with_detail(&most))
}

fn measured(item: &Item, quantity: &Quantity, scope: &Scope<'_>) -> Vec<Issue> {
    let mut issues: Vec<Issue> = decimals(item, quantity.value.scale(), scope).into_iter().collect();
    let fits = item.units.iter().any(|unit| match &quantity.code {
        Some(code) => *code == unit.code && quantity.system == unit.system,
        None => quantity.unit.as_ref().is_some_and(|given| unit.label.reads(given)),
    });
    if !item.units.is_empty() && !fits {
        let names: Vec<&str> = item.units.iter().map(|unit| unit.label.base.as_str()).collect();
        issues.push(error(scope, IssueCode::InvalidUnit, item).with_detail(&names.join(", ")));
    }
    issues
}
