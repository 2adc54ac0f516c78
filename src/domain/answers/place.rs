//! Where in a response something stands.

use super::{AnsweredItem, Issue, IssueCode, Severity};
use crate::domain::questionnaire::{Item, Text};
use crate::domain::value::Value;

/// One level of a response together with the levels above it.
///
/// The chain lives on the stack while a response is walked, so that a place costs nothing unless
/// an issue is written down there.
#[derive(Clone, Copy)]
pub(super) struct Scope<'a> {
    /// The level above.
    pub parent: Option<&'a Scope<'a>>,
    /// The group or question that holds this level; `None` at the top.
    pub holder: Option<&'a Item>,
    /// Which of several instances or answers of the holder, from 0.
    pub instance: Option<usize>,
    /// The answer under which the items stand, if the holder is a question.
    pub answer: Option<&'a Value>,
    /// The items at this level.
    pub items: &'a [AnsweredItem],
}

impl<'a> Scope<'a> {
    /// The level of a whole response.
    pub fn top(items: &'a [AnsweredItem]) -> Self {
        Self { parent: None, holder: None, instance: None, answer: None, items }
    }

    /// The scope whose holders are the first `depth` of the way down to here.
    pub fn at_depth(&'a self, depth: usize) -> &'a Scope<'a> {
        let mut scope = self;
        for _ in depth..self.depth() {
            match scope.parent {
                Some(parent) => scope = parent,
                None => break,
            }
        }
        scope
    }

    /// How many holders stand above the items of this level.
    pub fn depth(&self) -> usize {
        std::iter::successors(self.parent, |scope| scope.parent).count()
    }

    fn segments(&self) -> Vec<&Scope<'a>> {
        let mut all: Vec<&Scope<'a>> = Vec::new();
        let mut scope = self;
        loop {
            if scope.holder.is_some() {
                all.push(scope);
            }
            match scope.parent {
                Some(parent) => scope = parent,
                None => break,
            }
        }
        all.reverse();
        all
    }

    /// Link ids from the top, joined by `/`.
    pub fn path(&self, link_id: &str) -> String {
        let above = self.segments();
        let ids = above.iter().filter_map(|scope| scope.holder);
        ids.map(|item| item.link_id.as_str()).chain([link_id]).collect::<Vec<_>>().join("/")
    }

    /// `FHIRPath` expression of an item of this level.
    pub fn expression(&self, link_id: &str) -> String {
        let mut text = String::from("QuestionnaireResponse");
        for scope in self.segments() {
            let Some(holder) = scope.holder else { continue };
            push_step(&mut text, &holder.link_id);
            if scope.answer.is_some() {
                text.push_str(".answer");
            }
            if let Some(instance) = scope.instance {
                text.extend(["[", &instance.to_string(), "]"]);
            }
        }
        push_step(&mut text, link_id);
        text
    }

    /// Writes down an issue of an item of this level.
    pub fn issue(&self, severity: Severity, code: IssueCode, item: &Item) -> Issue {
        Issue {
            question: Some(item.text.clone()).filter(|text| !text.base.is_empty()),
            ..self.foreign_issue(severity, code, &item.link_id)
        }
    }

    /// Writes down an issue of an item that the form does not know here.
    pub fn foreign_issue(&self, severity: Severity, code: IssueCode, link_id: &str) -> Issue {
        Issue {
            severity,
            code,
            link_id: link_id.to_owned(),
            path: self.path(link_id),
            expression: self.expression(link_id),
            question: None,
            detail: None,
        }
    }
}

impl Issue {
    /// Writes down an issue of the response as a whole, at that element.
    pub fn of_whole(severity: Severity, code: IssueCode, expression: &str) -> Self {
        Self {
            severity,
            code,
            link_id: String::new(),
            path: String::new(),
            expression: expression.to_owned(),
            question: None,
            detail: None,
        }
    }

    /// Adds the bound that was broken.
    pub(super) fn with_detail(mut self, detail: &dyn ToString) -> Self {
        self.detail = Some(Text::new(detail.to_string()));
        self
    }

    /// Names the answer, from 0, when it is not the only one.
    pub(super) fn at_answer(mut self, answer: usize, of: usize) -> Self {
        if of > 1 {
            self.expression.extend([".answer[", &answer.to_string(), "]"]);
        }
        self
    }
}

fn push_step(text: &mut String, link_id: &str) {
    let escaped = link_id.replace('\\', "\\\\").replace('\'', "\\'");
    text.push_str(".item.where(linkId='");
    text.push_str(&escaped);
    text.push_str("')");
}
