//! A copy of the answers for the person who gave them.

use super::page::Page;
use crate::domain::answers::{AnsweredItem, Answers, Context, enabled};
use crate::domain::language::Language;
use crate::domain::questionnaire::{Item, ItemType, Questionnaire};
use crate::text::format;

/// A copy of the answers for the person who gave them: every question that was asked with its
/// answer, in the order of the form.
pub fn answers(form: &Questionnaire, answers: &Answers, language: &Language, context: &Context<'_>) -> String {
    let mut page = Page::new(language);
    page.line(form.title(language));
    let asked = enabled(form, answers, context);
    let shown = |item: &Item| asked.contains(item.link_id.as_str()) && !item.hidden;
    copy_level(&mut page, form, form.items(), &answers.items, &shown);
    page.finish()
}

fn copy_level(page: &mut Page<'_>, form: &Questionnaire, items: &[Item], given: &[AnsweredItem], shown: &dyn Fn(&Item) -> bool) {
    for item in items.iter().filter(|item| shown(item) && item.kind != ItemType::Display) {
        let here: Vec<&AnsweredItem> = given.iter().filter(|given| given.link_id == item.link_id).collect();
        if item.is_question() {
            copy_question(page, form, item, &here, shown);
            continue;
        }
        if !has_question(item) {
            continue;
        }
        if !item.text.base.is_empty() {
            page.line("");
            page.line(item.text.get(page.language));
        }
        if here.is_empty() {
            copy_level(page, form, &item.items, &[], shown);
        }
        for instance in here {
            copy_level(page, form, &item.items, &instance.items, shown);
        }
    }
}

fn copy_question(page: &mut Page<'_>, form: &Questionnaire, item: &Item, given: &[&AnsweredItem], shown: &dyn Fn(&Item) -> bool) {
    let options = form.possible_options(item);
    let given: Vec<_> = given.iter().flat_map(|given| &given.answers).collect();
    let texts: Vec<String> = given
        .iter()
        .map(|answer| {
            let option = options.iter().find(|option| option.is(&answer.value));
            option.map_or_else(|| format::value(&answer.value, page.language), |option| option.label.get(page.language).to_owned())
        })
        .collect();
    let text = if texts.is_empty() { page.say("summary-not-answered", &[]) } else { texts.join("; ") };
    page.question(item.text.get(page.language), &text);
    for answer in given {
        copy_level(page, form, &item.items, &answer.items, shown);
    }
}

/// Whether any question is in a group.
fn has_question(item: &Item) -> bool {
    item.items.iter().any(|item| item.is_question() || has_question(item))
}
