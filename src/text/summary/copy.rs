//! A copy of the answers for the person who gave them.

use super::page::Page;
use crate::domain::answers::{AnsweredItem, Answers, Context, enabled};
use crate::domain::language::Language;
use crate::domain::questionnaire::{Item, ItemType, Questionnaire};
use crate::text::format;

/// A piece of a copy, in the order of the form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// What a group of questions is about.
    Heading {
        /// How deep it stands, from 0.
        depth: u16,
        /// The words.
        text: String,
    },
    /// A question that was asked.
    Question {
        /// How deep it stands, from 0.
        depth: u16,
        /// The question.
        question: String,
        /// The answers in words; none when it was not answered.
        answers: Vec<String>,
    },
}

/// Every question that was asked with its answers, in the order of the form: nothing hidden, no text
/// to read, and no heading without a question below it.
pub fn entries(form: &Questionnaire, answers: &Answers, language: &Language, context: &Context<'_>) -> Vec<Entry> {
    let asked = enabled(form, answers, context);
    let shown = |item: &Item| asked.contains(item.link_id.as_str()) && !item.hidden;
    let mut copy = Copy { form, language, shown: &shown, entries: Vec::new() };
    copy.level(form.items(), &answers.items, 0);
    copy.entries
}

/// The same as plain text.
pub fn answers(form: &Questionnaire, answers: &Answers, language: &Language, context: &Context<'_>) -> String {
    let mut page = Page::new(language);
    page.line(form.title(language));
    for entry in entries(form, answers, language, context) {
        match entry {
            Entry::Heading { text, .. } => {
                page.line("");
                page.line(&text);
            }
            Entry::Question { question, answers, .. } => {
                let text = if answers.is_empty() { page.say("summary-not-answered", &[]) } else { answers.join("; ") };
                page.question(&question, &text);
            }
        }
    }
    page.finish()
}

/// A copy that is being made.
struct Copy<'a> {
    form: &'a Questionnaire,
    language: &'a Language,
    shown: &'a dyn Fn(&Item) -> bool,
    entries: Vec<Entry>,
}

impl Copy<'_> {
    fn level(&mut self, items: &[Item], given: &[AnsweredItem], depth: u16) {
        let shown = self.shown;
        for item in items.iter().filter(|item| shown(item) && item.kind != ItemType::Display) {
            let here: Vec<&AnsweredItem> = given.iter().filter(|given| given.link_id == item.link_id).collect();
            if item.is_question() {
                self.question(item, &here, depth);
                continue;
            }
            if !has_question(item) {
                continue;
            }
            let text = item.text.get(self.language).to_owned();
            let deeper = if text.is_empty() { depth } else { depth.saturating_add(1) };
            if !text.is_empty() {
                self.entries.push(Entry::Heading { depth, text });
            }
            if here.is_empty() {
                self.level(&item.items, &[], deeper);
            }
            for instance in here {
                self.level(&item.items, &instance.items, deeper);
            }
        }
    }

    fn question(&mut self, item: &Item, given: &[&AnsweredItem], depth: u16) {
        let options = self.form.possible_options(item);
        let given: Vec<_> = given.iter().flat_map(|given| &given.answers).collect();
        let words = given.iter().map(|answer| {
            let option = options.iter().find(|option| option.is(&answer.value));
            option.map_or_else(|| format::value(&answer.value, self.language), |option| option.label.get(self.language).to_owned())
        });
        let entry = Entry::Question { depth, question: item.text.get(self.language).to_owned(), answers: words.collect() };
        self.entries.push(entry);
        for answer in given {
            self.level(&item.items, &answer.items, depth.saturating_add(1));
        }
    }
}

/// Whether any question is in a group.
fn has_question(item: &Item) -> bool {
    item.items.iter().any(|item| item.is_question() || has_question(item))
}
