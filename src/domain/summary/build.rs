//! Derives the summary from form and answers.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::prelude::ToPrimitive;
use uuid::Uuid;

use super::digest::{burdens_most, score_of};
use super::shape::{
    Category, CategoryState, Change, Coded, Comparison, ConsentState, FormName, FreeText, Other, Problem, Score, Summary, Threshold, Topic,
};
use super::topics;
use crate::domain::answers::{Answers, Context, enabled};
use crate::domain::language::Language;
use crate::domain::questionnaire::{ANSWER, AnswerOption, Item, Limits, Questionnaire, Role};
use crate::domain::respondent::Respondent;
use crate::domain::value::Value;

/// Words that belong to no form; given by `text`.
pub trait Vocabulary {
    /// Words for the state of a consent.
    fn consent(&self, state: ConsentState) -> String;
    /// Words for a topic area.
    fn topic(&self, code: &str) -> String;
    /// Words for a value that has no option: yes and no, dates, numbers.
    fn value(&self, value: &Value) -> String;
}

/// Everything a summary is derived from.
pub struct SummaryInput<'a> {
    /// The response.
    pub response: Uuid,
    /// Version of the response, from 1.
    pub version: u32,
    /// The form that was answered.
    pub questionnaire: &'a Questionnaire,
    /// The answers.
    pub answers: &'a Answers,
    /// The response before, to the same or another form.
    pub previous: Option<Previous<'a>>,
    /// Language of the reader.
    pub language: &'a Language,
    /// Threshold of the organization or unit.
    pub threshold: Threshold,
    /// Who gave the answers.
    pub respondent: &'a Respondent,
    /// Words in the reader's language.
    pub words: &'a dyn Vocabulary,
}

/// A response that was given before.
#[derive(Clone, Copy)]
pub struct Previous<'a> {
    /// The response.
    pub response: Uuid,
    /// Its form.
    pub questionnaire: &'a Questionnaire,
    /// Its answers.
    pub answers: &'a Answers,
}

/// Derives what a clinician reads.
pub fn summarise(input: &SummaryInput<'_>) -> Summary {
    let form = input.questionnaire;
    let score = score(input);
    let consent = consent_state(form, input.answers, input.respondent);
    Summary {
        response: input.response,
        version: input.version,
        language: input.language.clone(),
        questionnaire: FormName {
            name: form.name().to_owned(),
            version: form.version().to_owned(),
            title: form.title(input.language).to_owned(),
        },
        over_threshold: score.as_ref().map(|score| score.value >= input.threshold.value),
        score,
        asks_score: form.by_role(Role::DistressScore).next().is_some(),
        threshold: input.threshold.clone(),
        follow_up: form.by_role(Role::FollowUpWish).find_map(|item| answer_of(input, item)),
        asks_follow_up: form.by_role(Role::FollowUpWish).next().is_some(),
        consent: consent_words(input, consent),
        burdens_most: most(input),
        categories: categories(input),
        changes: changes(input),
        free_text: free_text(input),
        other: other(input),
        topics: touched(input),
        respondent: input.respondent.clone(),
        since_previous: input.previous.map(|previous| compare(input, previous)),
    }
}

fn score(input: &SummaryInput<'_>) -> Option<Score> {
    let form = input.questionnaire;
    let value = score_of(form, input.answers)?;
    let mut items = form.by_role(Role::DistressScore);
    let (item, given) = items.find_map(|item| {
        let given = input.answers.values(&item.link_id).next()?;
        Some((item, given))
    })?;
    let numbers: Vec<i32> = item.options.iter().filter_map(ordinal).collect();
    let Limits { min_value, max_value, .. } = &item.limits;
    let bound = |value: &Option<Value>| match value {
        Some(Value::Integer(number)) => Some(*number),
        _ => None,
    };
    Some(Score {
        value,
        min: numbers.iter().min().copied().or(bound(min_value)).unwrap_or(0),
        max: numbers.iter().max().copied().or(bound(max_value)).unwrap_or(10),
        label: words_of(input, item, given),
    })
}

fn ordinal(option: &AnswerOption) -> Option<i32> {
    let ordinal = option.ordinal.and_then(|ordinal| ordinal.to_i32());
    ordinal.or_else(|| option.coding()?.code.parse().ok())
}

/// Words for an answer: the option's, else the value's own.
fn words_of(input: &SummaryInput<'_>, item: &Item, value: &Value) -> String {
    let own = item.option(value).map(|option| option.label.get(input.language).to_owned());
    own.unwrap_or_else(|| {
        let all = input.questionnaire.possible_options(item);
        let other = all.iter().find(|option| option.is(value));
        other.map_or_else(|| input.words.value(value), |option| option.label.get(input.language).to_owned())
    })
}

fn answer_of(input: &SummaryInput<'_>, item: &Item) -> Option<Coded> {
    let value = input.answers.values(&item.link_id).next()?;
    let code = match value {
        Value::Coding(coding) => coding.code.clone(),
        Value::Boolean(yes) => if *yes { "yes" } else { "no" }.to_owned(),
        other => other.to_string(),
    };
    let text = words_of(input, item, value);
    Some(Coded { code, text })
}

/// What is known of the consent to forward: `NotAsked` when the respondent may not decide it.
pub fn consent_state(form: &Questionnaire, answers: &Answers, respondent: &Respondent) -> ConsentState {
    let mut items = form.by_role(Role::ConsentForward).peekable();
    if items.peek().is_none() {
        return ConsentState::NotInForm;
    }
    if respondent.not_asked().contains(&Role::ConsentForward) {
        return ConsentState::NotAsked;
    }
    let yes = |value: &Value| match value {
        Value::Boolean(yes) => Some(*yes),
        Value::Coding(coding) if coding.is(ANSWER, "yes") => Some(true),
        Value::Coding(coding) if coding.is(ANSWER, "no") => Some(false),
        _ => None,
    };
    match items.find_map(|item| answers.values(&item.link_id).find_map(yes)) {
        Some(true) => ConsentState::Yes,
        Some(false) => ConsentState::No,
        None => ConsentState::NotAnswered,
    }
}

fn consent_words(input: &SummaryInput<'_>, state: ConsentState) -> Coded {
    Coded { code: state.code().to_owned(), text: input.words.consent(state) }
}

fn most(input: &SummaryInput<'_>) -> Vec<Coded> {
    let form = input.questionnaire;
    let mut found: Vec<Coded> = Vec::new();
    for item in form.by_role(Role::BurdensMost) {
        for option in form.possible_options(item) {
            let Some(coding) = option.coding() else {
                continue;
            };
            let chosen = input.answers.values(&item.link_id).any(|value| option.is(value));
            if chosen && found.iter().all(|known| known.code != coding.code) {
                found.push(coded(option, input.language));
            }
        }
    }
    found
}

fn coded(option: &AnswerOption, language: &Language) -> Coded {
    let code = option.coding().map_or_else(|| option.value.to_string(), |c| c.code.clone());
    Coded { code, text: option.label.get(language).to_owned() }
}

fn category_code(item: &Item) -> String {
    item.category().unwrap_or(&item.link_id).to_owned()
}

fn state_of(item: &Item, answers: &Answers) -> CategoryState {
    let mut state = CategoryState::NotAnswered;
    for value in answers.values(&item.link_id) {
        match item.option(value) {
            Some(option) if option.exclusive => state = CategoryState::None,
            _ => return CategoryState::Answered,
        }
    }
    state
}

fn ticked<'a>(item: &'a Item, answers: &'a Answers) -> impl Iterator<Item = &'a AnswerOption> {
    item.options.iter().filter(|option| !option.exclusive).filter(|option| answers.values(&item.link_id).any(|value| option.is(value)))
}

fn categories(input: &SummaryInput<'_>) -> Vec<Category> {
    let most = burdens_most(input.questionnaire, input.answers);
    let items = input.questionnaire.by_role(Role::ProblemCategory);
    items
        .map(|item| Category {
            code: category_code(item),
            text: item.text.get(input.language).to_owned(),
            state: state_of(item, input.answers),
            problems: ticked(item, input.answers)
                .map(|option| {
                    let Coded { code, text } = coded(option, input.language);
                    let burdens_most = most.contains(&code);
                    Problem { code, text, burdens_most }
                })
                .collect(),
        })
        .collect()
}

fn changes(input: &SummaryInput<'_>) -> Vec<Change> {
    let items = input.questionnaire.by_role(Role::ProblemChange);
    items
        .map(|item| Change { code: category_code(item), text: item.text.get(input.language).to_owned(), change: answer_of(input, item) })
        .collect()
}

fn free_text(input: &SummaryInput<'_>) -> Vec<FreeText> {
    let most = burdens_most(input.questionnaire, input.answers);
    let items = input.questionnaire.by_role(Role::FreeText);
    items
        .map(|item| FreeText {
            link_id: item.link_id.clone(),
            question: item.text.get(input.language).to_owned(),
            text: input.answers.values(&item.link_id).next().map(ToString::to_string),
            burdens_most: item.problem().is_some_and(|code| most.iter().any(|m| m == code)),
        })
        .collect()
}

/// Questions without a role. One that is not asked, given the other answers, is left out.
fn other(input: &SummaryInput<'_>) -> Vec<Other> {
    let form = input.questionnaire;
    let context = Context { not_asked: input.respondent.not_asked() };
    let asked = enabled(form, input.answers, &context);
    form.walk()
        .filter(|item| item.is_question() && item.role().is_none() && !item.hidden)
        .filter(|item| asked.contains(item.link_id.as_str()))
        .map(|item| {
            let given = input.answers.values(&item.link_id);
            let words: Vec<String> = given.map(|value| words_of(input, item, value)).collect();
            Other {
                link_id: item.link_id.clone(),
                question: item.text.get(input.language).to_owned(),
                answer: (!words.is_empty()).then(|| words.join("; ")),
            }
        })
        .collect()
}

fn touched(input: &SummaryInput<'_>) -> Vec<Topic> {
    let mut from: BTreeMap<(usize, &str), Vec<String>> = BTreeMap::new();
    for item in input.questionnaire.by_role(Role::ProblemCategory) {
        for option in ticked(item, input.answers) {
            for topic in &option.topics {
                let codes = from.entry((topics::rank(topic), topic)).or_default();
                codes.extend(option.coding().map(|coding| coding.code.clone()));
            }
        }
    }
    from.into_iter().map(|((_, code), from)| Topic { code: code.to_owned(), text: input.words.topic(code), from }).collect()
}

/// What is known of each problem: the ticked ones in the order of the form, and the codes of those
/// that were not ticked in a category that was answered.
fn known<'a>(form: &'a Questionnaire, answers: &'a Answers) -> (Vec<&'a AnswerOption>, BTreeSet<&'a str>) {
    let mut yes = Vec::new();
    let mut no = BTreeSet::new();
    for item in form.by_role(Role::ProblemCategory) {
        if state_of(item, answers) == CategoryState::NotAnswered {
            continue;
        }
        yes.extend(ticked(item, answers));
        let others = item.options.iter().filter(|option| !yes.contains(option));
        no.extend(others.filter_map(|option| Some(option.coding()?.code.as_str())));
    }
    (yes, no)
}

fn compare(input: &SummaryInput<'_>, previous: Previous<'_>) -> Comparison {
    let (yes_now, no_now) = known(input.questionnaire, input.answers);
    let (yes_before, no_before) = known(previous.questionnaire, previous.answers);
    let only = |ticked: Vec<&AnswerOption>, before: &BTreeSet<&str>| -> Vec<Coded> {
        let words = ticked.into_iter().map(|option| coded(option, input.language));
        words.filter(|problem| before.contains(problem.code.as_str())).collect()
    };
    Comparison {
        previous_response: previous.response,
        score_before: score_of(previous.questionnaire, previous.answers),
        added: only(yes_now, &no_before),
        removed: only(yes_before, &no_now),
    }
}
