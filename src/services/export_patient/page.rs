//! The record as a page for the patient.

use super::{Answered, Asked, Drafted, Record};
use crate::domain::answers::{Answers, Context, prune};
use crate::domain::language::Language;
use crate::domain::respondent::Respondent;
use crate::print::record::{Block, Record as Page, Section};
use crate::services::library::Form;
use crate::text::format::{date, moment};
use crate::text::summary::{Entry as Answer, entries, respondent as by};
use crate::text::words;
use chrono::{DateTime, Utc};

/// The words of one language, shortly said.
struct Says<'a>(&'a Language);

impl Says<'_> {
    fn say(&self, key: &str) -> String {
        words(self.0, key, &[])
    }

    /// The words for a code, or the code where there are none.
    fn code(&self, kind: &str, code: &str) -> String {
        let key = format!("{kind}-{}", code.replace('.', "-"));
        let text = words(self.0, &key, &[]);
        if text == key { code.to_owned() } else { text }
    }

    fn fact(&self, key: &str, value: impl Into<String>) -> (String, String) {
        (self.say(key), value.into())
    }

    fn at(&self, at: DateTime<Utc>) -> String {
        moment(at, self.0)
    }

    fn section(&self, key: &str, blocks: Vec<Block>) -> Section {
        let blocks = if blocks.is_empty() { vec![Block::Text(self.say("record-none"))] } else { blocks };
        Section { heading: self.say(key), blocks }
    }
}

pub(super) fn of(record: &Record, language: &Language) -> Page {
    let says = Says(language);
    let args = [
        ("organization", record.organization.name.as_str().into()),
        ("at", moment(record.at, language).into()),
        ("phone", record.organization.phone.as_str().into()),
    ];
    Page {
        language: language.to_string(),
        title: says.say("record-title"),
        intro: vec![words(language, "record-intro", &args), words(language, "record-call", &args)],
        sections: vec![
            says.section("record-person", vec![person(record, &says)]),
            says.section("record-representatives", representatives(record, &says)),
            says.section("record-visits", visits(record, &says)),
            says.section("record-invitations", invitations(record, &says)),
            says.section("record-answers", record.responses.iter().flat_map(|one| answered(record, one, &says)).collect()),
            says.section("record-drafts", record.drafts.iter().flat_map(|one| drafted(one, &says)).collect()),
            says.section("record-log", log(record, &says)),
        ],
    }
}

fn person(record: &Record, says: &Says<'_>) -> Block {
    let mut facts = vec![says.fact("record-name", &record.person.name), says.fact("record-born", date(record.person.birth_date, says.0))];
    facts.extend(record.identifiers.iter().map(|(_, _, value)| says.fact("record-number", value)));
    if let Some(contact) = &record.contact {
        facts.extend(contact.email.iter().map(|email| says.fact("record-email", email)));
        facts.extend(contact.phone.iter().map(|phone| says.fact("record-phone", phone)));
    }
    facts.extend(record.no_mails_since.map(|at| says.fact("record-no-mails", says.at(at))));
    facts.push(says.fact("record-language", says.code("language", &record.patient.language)));
    facts.push(says.fact("record-id", record.patient.id.to_string()));
    Block::Facts(facts)
}

fn representatives(record: &Record, says: &Says<'_>) -> Vec<Block> {
    if record.representatives.is_empty() {
        return Vec::new();
    }
    let rows = record.representatives.iter();
    let rows = rows.map(|(one, _, number)| vec![one.name.clone(), number.clone(), says.code("relation", one.relation.word())]);
    let head = ["record-name", "record-number", "record-relation"].map(|key| says.say(key)).to_vec();
    vec![Block::Table { head, rows: rows.collect() }]
}

fn visits(record: &Record, says: &Says<'_>) -> Vec<Block> {
    if record.visits.is_empty() {
        return Vec::new();
    }
    let rows = record.visits.iter().map(|visit| {
        let number = visit.external_id.clone().unwrap_or_default();
        vec![says.at(visit.starts_at), record.names.unit(visit.unit), says.code("visit", &visit.status), number]
    });
    let head = ["record-when", "record-unit", "record-state", "record-visit-number"].map(|key| says.say(key)).to_vec();
    vec![Block::Table { head, rows: rows.collect() }]
}

fn invitations(record: &Record, says: &Says<'_>) -> Vec<Block> {
    if record.invitations.is_empty() {
        return Vec::new();
    }
    let rows = record.invitations.iter().map(|Asked { invitation, times, form }| {
        let state = says.code("invitation", invitation.state.reason_word().unwrap_or(invitation.state.word()));
        let form = form.questionnaire.title(says.0).to_owned();
        let opened = times.opened_at.map(|at| says.at(at)).unwrap_or_default();
        vec![says.at(invitation.created_at), record.names.unit(invitation.unit), form, state, opened, says.at(invitation.answer_until)]
    });
    let head = ["record-when", "record-unit", "record-form", "record-state", "record-opened", "record-until"];
    vec![Block::Table { head: head.map(|key| says.say(key)).to_vec(), rows: rows.collect() }]
}

/// Every version, the newest last.
fn answered(record: &Record, one: &Answered, says: &Says<'_>) -> Vec<Block> {
    let mut blocks = Vec::new();
    for (version, answers, respondent) in &one.versions {
        let args = [("form", one.form.questionnaire.title(says.0).into()), ("version", version.version.into())];
        blocks.push(Block::Heading(words(says.0, "record-version", &args)));
        let mut facts = vec![
            says.fact("record-handed-in", says.at(version.submitted_at)),
            says.fact("record-unit", record.names.unit(one.response.unit)),
        ];
        facts.extend(giver(Some(respondent), says));
        if let Some(staff) = version.entered_by {
            facts.push(says.fact("record-entered-by", record.names.person(staff.0).unwrap_or_else(|| staff.to_string())));
        }
        facts.extend(version.answered_on.map(|day| says.fact("record-paper", date(day, says.0))));
        facts.push(says.fact("summary-consent", says.code("consent", &version.consent)));
        for review in one.reviews.iter().filter(|review| review.version == version.version) {
            let who = record.names.person(review.clinician.0).unwrap_or_else(|| review.clinician.to_string());
            facts.push(says.fact("record-read", format!("{who}, {}", says.at(review.reviewed_at))));
        }
        blocks.push(Block::Facts(facts));
        blocks.push(answers_block(&one.form, answers, Some(respondent), says));
    }
    blocks
}

fn drafted(one: &Drafted, says: &Says<'_>) -> Vec<Block> {
    let mut facts = vec![says.fact("record-saved", says.at(one.draft.updated_at))];
    facts.extend(giver(one.respondent.as_ref(), says));
    let heading = Block::Heading(one.form.questionnaire.title(says.0).to_owned());
    vec![heading, Block::Facts(facts), answers_block(&one.form, &one.answers, one.respondent.as_ref(), says)]
}

fn giver(respondent: Option<&Respondent>, says: &Says<'_>) -> Vec<(String, String)> {
    let Some(respondent) = respondent else { return Vec::new() };
    let mut facts = vec![says.fact("summary-respondent", by(respondent, says.0))];
    facts.extend(respondent.name.iter().map(|name| says.fact("record-helper-name", name)));
    facts.extend(respondent.phone.iter().map(|phone| says.fact("record-helper-phone", phone)));
    facts
}

/// The answers in the language of the page, where the form has it.
fn answers_block(form: &Form, answers: &Answers, respondent: Option<&Respondent>, says: &Says<'_>) -> Block {
    let language = form.nearest(says.0);
    let context = Context { not_asked: respondent.map_or(&[], Respondent::not_asked) };
    let shown = prune(&form.questionnaire, answers, &context);
    let none = || vec![words(&language, "summary-not-answered", &[])];
    let rows = entries(&form.questionnaire, &shown, &language, &context).into_iter().map(|entry| match entry {
        Answer::Heading { text, .. } => (text, None),
        Answer::Question { question, answers, .. } if answers.is_empty() => (question, Some(none())),
        Answer::Question { question, answers, .. } => (question, Some(answers)),
    });
    let rows = rows.collect();
    Block::Answers { language: language.to_string(), rows }
}

fn log(record: &Record, says: &Says<'_>) -> Vec<Block> {
    let rows = record.log.iter().map(|entry| {
        let who = entry.actor_id.and_then(|id| record.names.person(id));
        let role = says.code("actor", entry.role.as_deref().unwrap_or(&entry.actor_kind));
        let who = who.map_or_else(|| role.clone(), |name| format!("{name} ({role})"));
        let result = if entry.result == "ok" { String::new() } else { says.say("record-refused") };
        let unit = entry.unit.map(|unit| record.names.unit(unit)).unwrap_or_default();
        vec![says.at(entry.at), who, says.code("action", &entry.action), unit, says.code("ground", &entry.ground), result]
    });
    let rows: Vec<Vec<String>> = rows.collect();
    if rows.is_empty() {
        return Vec::new();
    }
    let head = ["record-when", "record-who", "record-what", "record-unit", "record-ground", "record-result"];
    vec![Block::Text(says.say("record-log-intro")), Block::Table { head: head.map(|key| says.say(key)).to_vec(), rows }]
}
