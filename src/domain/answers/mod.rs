//! Answers to a form, the rules they must keep, and which items are asked.
//!
//! [`check_draft`] and [`complete`] apply the same rules and return all issues at once; only what is
//! missing weighs differently. A [`Complete`] can be made nowhere else.

mod check;
mod enable;
mod initial;
mod issue;
mod level;
mod place;
mod prune;
mod rules;

use crate::domain::questionnaire::{Questionnaire, Role};
use crate::domain::value::Value;

pub use enable::{available_options, enabled};
pub use initial::initial;
pub use issue::{Issue, IssueCode, Severity};
pub use level::Level;
pub use prune::prune;

/// Most items and answers that a response may hold.
pub const MAX_NODES: usize = 20_000;
/// Deepest nesting of items in a response.
pub const MAX_DEPTH: usize = 40;
/// Longest text of an answer, in bytes of its normal form C.
pub const MAX_TEXT: usize = 100_000;
/// Most issues that are reported of one response.
pub const MAX_ISSUES: usize = 500;

/// What a person has answered, in the order and nesting of the form.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Answers {
    /// The items at the top.
    pub items: Vec<AnsweredItem>,
}

/// The answers to one item, or one instance of a group.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AnsweredItem {
    /// Which item of the form.
    pub link_id: String,
    /// The question as the client wrote it, when that differs from the form.
    pub text: Option<String>,
    /// The answers.
    pub answers: Vec<Answer>,
    /// Items in a group.
    pub items: Vec<AnsweredItem>,
}

/// One answer with the items asked under it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// What was answered.
    pub value: Value,
    /// Items asked under this answer.
    pub items: Vec<AnsweredItem>,
}

impl Answer {
    /// An answer without further items.
    pub fn new(value: Value) -> Self {
        Self { value, items: Vec::new() }
    }
}

impl AnsweredItem {
    /// A question with its answers.
    pub fn question(link_id: &str, values: impl IntoIterator<Item = Value>) -> Self {
        Self { link_id: link_id.to_owned(), answers: values.into_iter().map(Answer::new).collect(), ..Self::default() }
    }

    /// A group with its items.
    pub fn group(link_id: &str, items: Vec<Self>) -> Self {
        Self { link_id: link_id.to_owned(), items, ..Self::default() }
    }

    /// Whether an answer is here or below.
    pub fn is_answered(&self) -> bool {
        !self.answers.is_empty() || self.items.iter().any(Self::is_answered)
    }
}

impl Answers {
    /// Every item of the response, in order, also those under answers.
    pub fn walk(&self) -> impl Iterator<Item = &AnsweredItem> {
        let mut stack: Vec<&AnsweredItem> = self.items.iter().rev().collect();
        std::iter::from_fn(move || {
            let item = stack.pop()?;
            stack.extend(item.items.iter().rev());
            let under = item.answers.iter().rev();
            stack.extend(under.flat_map(|answer| answer.items.iter().rev()));
            Some(item)
        })
    }

    /// Whether they keep the limits of one text and of all items and answers: more can be typed page by page,
    /// also where it is not asked any more, but would not be read again.
    pub fn fits(&self) -> bool {
        let short = |answer: &Answer| match &answer.value {
            Value::String(text) | Value::Uri(text) => text.len() <= MAX_TEXT,
            _ => true,
        };
        let nodes: usize = self.walk().map(|item| 1 + item.answers.len()).sum();
        nodes <= MAX_NODES && self.walk().all(|item| item.answers.iter().all(short))
    }

    /// Every value given to the item with that link id, wherever it stands.
    pub fn values<'a>(&'a self, link_id: &'a str) -> impl Iterator<Item = &'a Value> {
        self.walk().filter(move |item| item.link_id == link_id).flat_map(|item| item.answers.iter().map(|answer| &answer.value))
    }
}

/// Circumstances of the answering.
#[derive(Debug, Clone, Copy, Default)]
pub struct Context<'a> {
    /// Items with these roles are not asked of this respondent: never required, and an answer to
    /// them is rejected.
    pub not_asked: &'a [Role],
}

/// Answers that keep every rule of their form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Complete {
    answers: Answers,
    warnings: Vec<Issue>,
}

impl Complete {
    /// The answers.
    pub fn answers(&self) -> &Answers {
        &self.answers
    }

    /// What is odd about them without being wrong.
    pub fn warnings(&self) -> &[Issue] {
        &self.warnings
    }

    /// The answers alone, to be stored.
    pub fn into_answers(self) -> Answers {
        self.answers
    }
}

/// Every issue of answers in progress: what is missing is a warning.
pub fn check_draft(form: &Questionnaire, answers: &Answers, context: &Context) -> Vec<Issue> {
    check::run(form, answers, context, Severity::Warning)
}

/// Accepts answers that keep every rule; else returns every issue, warnings included.
pub fn complete(form: &Questionnaire, answers: Answers, context: &Context) -> Result<Complete, Vec<Issue>> {
    let issues = check::run(form, &answers, context, Severity::Error);
    if issues.iter().any(|issue| issue.severity > Severity::Warning) {
        return Err(issues);
    }
    Ok(Complete { answers, warnings: issues })
}
