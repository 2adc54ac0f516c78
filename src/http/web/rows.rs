//! The answers as a list: every question that is asked, in its section, with the page to change it on.

use super::form::plan::{Page, Plan};
use super::form::view::Said;
use crate::domain::answers::{AnsweredItem, Answers, Context, Level};
use crate::domain::language::Language;
use crate::domain::questionnaire::{Item, ItemType, Questionnaire, Text};
use crate::text::format;

/// Questions under one heading.
#[derive(Debug, Clone, Default)]
pub(super) struct Section {
    pub(super) heading: Option<Said>,
    pub(super) rows: Vec<Row>,
}

/// A question with its answers.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) question: Said,
    /// Empty where it is not answered.
    pub(super) answers: Vec<Said>,
    pub(super) page: usize,
    /// Whether an answer is needed.
    pub(super) required: bool,
}

struct Listing<'a> {
    form: &'a Questionnaire,
    language: &'a Language,
    page: usize,
    rows: Vec<Row>,
}

/// Lists them.
pub(super) fn sections(form: &Questionnaire, answers: &Answers, context: &Context<'_>, language: &Language) -> Vec<Section> {
    let plan = Plan::of(form);
    let top = Level::top(form, answers, context);
    let mut sections: Vec<Section> = Vec::new();
    let mut last: Option<usize> = None;
    for (at, page) in plan.pages.iter().enumerate() {
        let mut listing = Listing { form, language, page: at + 1, rows: Vec::new() };
        for path in &page.items {
            listing.along(&top, path);
        }
        if listing.rows.is_empty() {
            continue;
        }
        let section = section_of(page);
        if section != last || sections.is_empty() {
            let heading = section.and_then(|at| form.items().get(at)).map(|group| say(form, &group.text, language));
            sections.push(Section { heading: heading.filter(|said| !said.text.is_empty()), rows: Vec::new() });
            last = section;
        }
        if let Some(section) = sections.last_mut() {
            section.rows.extend(listing.rows);
        }
    }
    sections
}

/// The group at the top that a page belongs to.
fn section_of(page: &Page) -> Option<usize> {
    page.items.last().filter(|path| path.len() > 1).and_then(|path| path.first().copied())
}

/// Words of the form in the reader's language, or in which other one.
pub(super) fn say(form: &Questionnaire, text: &Text, language: &Language) -> Said {
    let own = text.translations.keys().any(|tag| tag.same_language(language)) || form.language().same_language(language);
    Said { text: text.get(language).to_owned(), lang: (!own).then(|| form.language().to_string()) }
}

impl Listing<'_> {
    fn along(&mut self, level: &Level<'_>, path: &[usize]) {
        let Some((first, rest)) = path.split_first() else { return };
        let Some(item) = level.items().get(*first).filter(|item| level.asks(item)) else { return };
        if rest.is_empty() {
            self.item(level, item, None);
        } else {
            super::form::plan::inside(level, item, |below| self.along(below, rest));
        }
    }

    fn item(&mut self, level: &Level<'_>, item: &Item, instance: Option<usize>) {
        if item.hidden || !level.asks(item) || item.kind == ItemType::Display {
            return;
        }
        let blank = AnsweredItem::group(&item.link_id, Vec::new());
        let given = level.given(item);
        if item.is_question() {
            self.question(item, &given, instance);
        }
        let none = given.is_empty() && !item.is_question();
        let entries: Vec<&AnsweredItem> = if none { vec![&blank] } else { given };
        let several = item.repeats && entries.len() > 1;
        for (at, entry) in entries.into_iter().enumerate() {
            for below in level.below(item, entry) {
                for child in below.items() {
                    self.item(&below, child, if several { Some(at + 1) } else { instance });
                }
            }
        }
    }

    fn question(&mut self, item: &Item, given: &[&AnsweredItem], instance: Option<usize>) {
        let options = self.form.possible_options(item);
        let values = given.iter().flat_map(|given| given.answers.iter().map(|answer| &answer.value));
        let answers = values.map(|value| {
            let option = options.iter().find(|option| option.is(value)).filter(|option| !option.label.base.is_empty());
            option.map_or_else(
                || Said { text: format::value(value, self.language), lang: None },
                |option| say(self.form, &option.label, self.language),
            )
        });
        let answers = answers.collect();
        let mut question = say(self.form, &item.text, self.language);
        if let Some(number) = instance {
            question.text = format!("{} ({number})", question.text);
        }
        self.rows.push(Row { question, answers, page: self.page, required: item.required && !item.read_only });
    }
}
