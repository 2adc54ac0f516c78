//! Walks a response beside its form, level by level, and collects what is wrong.

use std::collections::HashMap;

use super::enable::{Enabling, levels};
use super::place::Scope;
use super::rules;
use super::{AnsweredItem, Answers, Context, Issue, IssueCode, MAX_ISSUES, Severity};
use crate::domain::questionnaire::{Item, ItemType, Questionnaire};

/// Applies every rule. `missing` is the weight of what is not there.
pub(super) fn run(form: &Questionnaire, answers: &Answers, context: &Context<'_>, missing: Severity) -> Vec<Issue> {
    let mut check = Check { form, enabling: Enabling::new(form, context), missing, issues: Vec::new() };
    let top = Scope::top(&answers.items);
    check.level(form.items(), &top, true);
    check.finish()
}

/// Issues found so far and what is needed to find more.
pub(super) struct Check<'a> {
    pub form: &'a Questionnaire,
    pub enabling: Enabling<'a>,
    missing: Severity,
    issues: Vec<Issue>,
}

impl Check<'_> {
    /// Notes an issue, up to the limit; one more than the limit is kept to say that there are more.
    pub fn add(&mut self, issue: Issue) {
        if self.issues.len() <= MAX_ISSUES {
            self.issues.push(issue);
        }
    }

    /// Whether the limit is reached, so that looking further is of no use.
    fn is_full(&self) -> bool {
        self.issues.len() > MAX_ISSUES
    }

    fn finish(mut self) -> Vec<Issue> {
        if self.is_full() {
            self.issues.truncate(MAX_ISSUES);
            self.issues.push(Issue {
                severity: Severity::Error,
                code: IssueCode::TooManyIssues,
                link_id: String::new(),
                path: String::new(),
                expression: "QuestionnaireResponse".to_owned(),
                question: None,
                detail: None,
            });
        }
        self.issues
    }

    /// One level: which items stand there, in which order, and what each of them holds.
    fn level(&mut self, items: &[Item], scope: &Scope<'_>, asked: bool) {
        if self.is_full() {
            return;
        }
        let places = items.iter().enumerate();
        let places: HashMap<&str, usize> = places.map(|(at, item)| (item.link_id.as_str(), at)).collect();
        let mut given: Vec<Vec<&AnsweredItem>> = vec![Vec::new(); items.len()];
        let mut last = 0;
        for item in scope.items {
            let Some(at) = places.get(item.link_id.as_str()).copied() else {
                self.misplaced(item, scope);
                continue;
            };
            let here = items.get(at).zip(given.get_mut(at));
            let Some((known, instances)) = here else {
                continue;
            };
            instances.push(item);
            if at < last {
                self.add(scope.issue(Severity::Error, IssueCode::ItemOrder, known));
            }
            last = last.max(at);
        }
        for (item, instances) in items.iter().zip(&given) {
            self.item(item, instances, scope, asked);
        }
    }

    fn misplaced(&mut self, item: &AnsweredItem, scope: &Scope<'_>) {
        let issue = match self.form.item(&item.link_id) {
            Some(known) => scope.issue(Severity::Error, IssueCode::WrongPlace, known),
            None => scope.foreign_issue(Severity::Error, IssueCode::InvalidLinkId, &item.link_id),
        };
        self.add(issue);
    }

    /// One item of the form with everything given to it at this level. What is not asked is
    /// reported once, where it begins, and its answers are not looked at further.
    fn item(&mut self, item: &Item, given: &[&AnsweredItem], scope: &Scope<'_>, asked: bool) {
        let above = asked;
        let asked = above && self.enabling.is_enabled(item, scope);
        let answered = given.iter().any(|instance| instance.is_answered());
        if above && !asked && answered {
            self.add(scope.issue(Severity::Error, IssueCode::NotEnabled, item));
        }
        self.conditions(item, scope);
        if asked {
            self.presence(item, given, answered, scope);
        }
        if given.len() > 1 && !item.repeats && !item.takes_several() {
            self.add(scope.issue(Severity::Error, IssueCode::Repeats, item));
        }
        for (index, instance) in given.iter().enumerate() {
            self.instance(item, instance, (index, given.len()), scope, asked);
        }
        if given.is_empty() && item.kind == ItemType::Group && asked {
            let empty = AnsweredItem::default();
            for below in levels(item, &empty, scope) {
                self.level(&item.items, &below, asked);
            }
        }
    }

    fn conditions(&mut self, item: &Item, scope: &Scope<'_>) {
        let mut when = item.enable_when.iter();
        if when.any(|when| self.enabling.mismatches(when, item, scope)) {
            self.add(scope.issue(Severity::Warning, IssueCode::ConditionMismatch, item));
        }
    }

    /// Whether enough is there and not too much.
    fn presence(&mut self, item: &Item, given: &[&AnsweredItem], answered: bool, scope: &Scope<'_>) {
        let can_be_given = !item.read_only && !item.hidden && item.kind != ItemType::Display;
        let count = match item.kind {
            ItemType::Group => given.iter().filter(|instance| instance.is_answered()).count(),
            _ => given.iter().map(|instance| instance.answers.len()).sum(),
        };
        if item.required && !answered && can_be_given {
            self.add(scope.issue(self.missing, IssueCode::Required, item));
        }
        let fewest = item.limits.min_occurs.unwrap_or(0) as usize;
        let counts = answered || (item.required && fewest > 1);
        if counts && count < fewest && can_be_given && count > 0 {
            let issue = scope.issue(self.missing, IssueCode::MinCount, item);
            self.add(issue.with_detail(&fewest));
        }
        if let Some(most) = item.limits.max_occurs.filter(|most| count > *most as usize) {
            let issue = scope.issue(Severity::Error, IssueCode::MaxCount, item);
            self.add(issue.with_detail(&most));
        }
    }

    /// One instance of an item in the response and what stands below it.
    fn instance(&mut self, item: &Item, given: &AnsweredItem, (index, of): (usize, usize), scope: &Scope<'_>, asked: bool) {
        let wrong_text = given.text.as_ref().is_some_and(|text| !item.text.reads(text));
        if wrong_text {
            self.add(scope.issue(Severity::Warning, IssueCode::TextMismatch, item));
        }
        self.shape(item, given, scope);
        if item.is_question() && asked {
            rules::question(self, item, given, scope);
        }
        for mut below in levels(item, given, scope) {
            if of > 1 && !item.is_question() {
                below.instance = Some(index);
            }
            self.level(&item.items, &below, asked);
        }
    }

    /// Groups have no answers, texts to read have nothing, questions have items only under answers.
    fn shape(&mut self, item: &Item, given: &AnsweredItem, scope: &Scope<'_>) {
        let code = match item.kind {
            ItemType::Group if !given.answers.is_empty() => IssueCode::GroupShouldNotHaveAnswers,
            ItemType::Display if given.is_answered() => IssueCode::DisplayAnswer,
            _ if item.is_question() && !given.items.is_empty() => IssueCode::QuestionItems,
            _ => return,
        };
        self.add(scope.issue(Severity::Error, code, item));
    }
}
