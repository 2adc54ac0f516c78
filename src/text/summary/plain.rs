//! The summary as plain text.

use super::page::{Line, Page};
use super::respondent;
use crate::domain::summary::{Category, CategoryState, Comparison, ConsentState, Summary};

/// The summary in its language: plain text of lines up to [`WIDTH`](super::WIDTH) characters.
pub fn plain(summary: &Summary) -> String {
    page(summary).finish()
}

/// What the plain text says, line by line: for other ways to set it.
pub fn lines(summary: &Summary) -> Vec<Line> {
    page(summary).lines()
}

fn page(summary: &Summary) -> Page<'_> {
    let mut page = Page::new(&summary.language);
    let form = &summary.questionnaire;
    let version = page.say("summary-version", &[("version", form.version.as_str().into())]);
    page.title(&format!("{} ({version})", form.title));
    page.line("");
    score(&mut page, summary);
    asked(&mut page, summary);
    most(&mut page, summary);
    problems(&mut page, summary);
    changes(&mut page, summary);
    own_words(&mut page, summary);
    other(&mut page, summary);
    if let Some(previous) = &summary.since_previous {
        comparison(&mut page, previous);
    }
    topics(&mut page, summary);
    page.line("");
    let by = respondent(&summary.respondent, &summary.language);
    page.pair("summary-respondent", &by);
    page
}

fn score(page: &mut Page<'_>, summary: &Summary) {
    if !summary.asks_score {
        return;
    }
    let Some(score) = &summary.score else {
        let absent = page.say("summary-not-answered", &[]);
        page.pair("summary-score", &absent);
        return;
    };
    let args = [("value", score.value.to_string().into()), ("max", score.max.to_string().into())];
    let number = page.say("summary-score-of", &args);
    let key = match summary.over_threshold {
        Some(true) => "summary-over",
        _ => "summary-under",
    };
    let threshold = summary.threshold.value.to_string();
    let against = page.say(key, &[("threshold", threshold.into())]);
    page.pair("summary-score", &format!("{number}, {against}"));
    let source = summary.threshold.source.trim_end_matches('.').to_owned();
    let source = page.say("summary-threshold-source", &[("source", source.into())]);
    page.note(&source);
}

fn asked(page: &mut Page<'_>, summary: &Summary) {
    if summary.asks_follow_up {
        let absent = page.say("summary-not-answered", &[]);
        let wish = summary.follow_up.as_ref().map_or(absent, |wish| wish.text.clone());
        page.pair("summary-follow-up", &wish);
    }
    if summary.consent.code != ConsentState::NotInForm.code() {
        page.pair("summary-consent", &summary.consent.text);
    }
}

fn most(page: &mut Page<'_>, summary: &Summary) {
    if summary.categories.is_empty() {
        return;
    }
    let names: Vec<&str> = summary.burdens_most.iter().map(|most| most.text.as_str()).collect();
    let text = if names.is_empty() { page.say("summary-most-none", &[]) } else { names.join("; ") };
    page.pair("summary-most", &text);
}

fn problems(page: &mut Page<'_>, summary: &Summary) {
    if summary.categories.is_empty() {
        return;
    }
    page.heading("summary-problems");
    for category in &summary.categories {
        let text = category_text(page, category);
        page.entry(&category.text, &text);
    }
}

fn category_text(page: &Page<'_>, category: &Category) -> String {
    match category.state {
        CategoryState::NotAnswered => page.say("summary-not-answered", &[]),
        CategoryState::None => page.say("summary-none", &[]),
        CategoryState::Answered => {
            let mark = page.say("summary-most-mark", &[]);
            let each = category
                .problems
                .iter()
                .map(|problem| if problem.burdens_most { format!("{} ({mark})", problem.text) } else { problem.text.clone() });
            each.collect::<Vec<_>>().join("; ")
        }
    }
}

fn changes(page: &mut Page<'_>, summary: &Summary) {
    if summary.changes.is_empty() {
        return;
    }
    page.heading("summary-changes");
    for change in &summary.changes {
        let absent = page.say("summary-not-answered", &[]);
        let text = change.change.as_ref().map_or(absent, |change| change.text.clone());
        page.question(&change.text, &text);
    }
}

fn own_words(page: &mut Page<'_>, summary: &Summary) {
    if summary.free_text.is_empty() {
        return;
    }
    page.heading("summary-own-words");
    for text in &summary.free_text {
        let mark = if text.burdens_most { format!(" ({})", page.say("summary-most-mark", &[])) } else { String::new() };
        let absent = page.say("summary-not-answered", &[]);
        let given = text.text.clone().unwrap_or(absent);
        page.question(&format!("{}{mark}", text.question), &given);
    }
}

fn other(page: &mut Page<'_>, summary: &Summary) {
    if summary.other.is_empty() {
        return;
    }
    page.heading("summary-other");
    for answer in &summary.other {
        let absent = page.say("summary-not-answered", &[]);
        let text = answer.answer.clone().unwrap_or(absent);
        page.question(&answer.question, &text);
    }
}

fn comparison(page: &mut Page<'_>, previous: &Comparison) {
    page.heading("summary-previous");
    if let Some(score) = previous.score_before {
        let label = page.say("summary-score-before", &[]);
        page.entry(&label, &score.to_string());
    }
    let lists = [("summary-added", &previous.added), ("summary-removed", &previous.removed)];
    for (key, list) in lists.into_iter().filter(|(_, list)| !list.is_empty()) {
        let names: Vec<&str> = list.iter().map(|coded| coded.text.as_str()).collect();
        let label = page.say(key, &[]);
        page.entry(&label, &names.join("; "));
    }
    if previous.added.is_empty() && previous.removed.is_empty() {
        let text = page.say("summary-unchanged", &[]);
        page.note(&text);
    }
}

fn topics(page: &mut Page<'_>, summary: &Summary) {
    if summary.topics.is_empty() {
        return;
    }
    page.heading("summary-topics");
    for topic in &summary.topics {
        page.note(&topic.text);
    }
}
