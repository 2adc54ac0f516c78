//! The patient's copy of what was handed in.

use chrono::{DateTime, Utc};

use super::pdf::{Document, Error};
use crate::domain::answers::{Answers, Context};
use crate::domain::language::Language;
use crate::domain::questionnaire::Questionnaire;
use crate::domain::respondent::Respondent;
use crate::text::summary::{self, Entry};
use crate::text::{format, ui_language, words};

/// What stands around the answers.
#[derive(Debug, Clone)]
pub struct Envelope<'a> {
    /// Who asked.
    pub organization: &'a str,
    /// Which unit.
    pub unit: &'a str,
    /// Its telephone.
    pub phone: &'a str,
    /// Start of the visit.
    pub starts_at: Option<DateTime<Utc>>,
    /// When the answers were handed in.
    pub submitted_at: DateTime<Utc>,
    /// Who gave them.
    pub respondent: &'a Respondent,
}

/// A copy of the answers as PDF: every question that was asked, with its answer, in the order of the
/// form ([`summary::entries`]).
pub fn answers(form: &Questionnaire, answers: &Answers, language: &Language, around: &Envelope<'_>) -> Result<Vec<u8>, Error> {
    let own = ui_language(language);
    let say = |key: &str| words(&own, key, &[]);
    let title = words(&own, "paper-copy-title", &[("title", form.title(language).into())]);
    let mut document = Document::new(&title, language, &format!("{} {}", form.name(), form.version()))?;
    document.heading(1, form.title(language));
    let mut pairs = vec![
        (say("paper-copy-submitted"), format::moment(around.submitted_at, &own)),
        (say("paper-from"), around.organization.to_owned()),
        (say("paper-unit"), around.unit.to_owned()),
        (say("paper-phone"), around.phone.to_owned()),
    ];
    pairs.extend(around.starts_at.map(|at| (say("paper-visit"), format::moment(at, &own))));
    pairs.push((say("summary-respondent"), summary::respondent(around.respondent, &own)));
    document.aside(|document| {
        document.paragraph(&say("paper-copy-what"));
        document.pairs(&pairs);
    });
    let context = Context { not_asked: around.respondent.not_asked() };
    for entry in summary::entries(form, answers, language, &context) {
        match entry {
            Entry::Heading { depth, text } => document.heading(below_title(depth), &text),
            Entry::Question { depth, question, answers } => document.together(|document| {
                document.question(below_title(depth), &question);
                match answers.as_slice() {
                    [] => document.aside(|document| document.paragraph(&say("summary-not-answered"))),
                    [one] => document.paragraph(one),
                    several => document.bullets(several),
                }
            }),
        }
    }
    document.finish()
}

/// Level of a heading so deep in the form, below the title.
fn below_title(depth: u16) -> u16 {
    depth.saturating_add(2)
}
