//! The summary that a clinician reads, on paper: the same words in the same order as the plain text
//! (`src/text/summary/plain.rs`).

use chrono::{DateTime, NaiveDate, Utc};

use super::pdf::{Document, Error};
use crate::domain::summary::Summary;
use crate::text::{format, summary, ui_language, words};

/// What stands around a summary.
#[derive(Clone, Copy)]
pub struct Around<'a> {
    /// Name of the patient.
    pub patient: &'a str,
    /// Their birth date.
    pub birth_date: NaiveDate,
    /// The unit that asked.
    pub unit: &'a str,
    /// Start of the visit.
    pub starts_at: Option<DateTime<Utc>>,
    /// When this version was handed in.
    pub submitted_at: DateTime<Utc>,
}

/// The summary as PDF, in its language.
pub fn summary(of: &Summary, around: &Around<'_>) -> Result<Vec<u8>, Error> {
    let own = ui_language(&of.language);
    let say = |key: &str| words(&own, key, &[]);
    let form = &of.questionnaire;
    let mut document = Document::new(&say("clinic-summary-title"), &of.language, &format!("{} {}", form.name, form.version))?;
    document.heading(1, &say("clinic-summary-title"));
    let version = words(&own, "summary-version", &[("version", of.version.to_string().into())]);
    let mut pairs = vec![
        (say("clinic-patient"), around.patient.to_owned()),
        (say("clinic-born"), format::date(around.birth_date, &own)),
        (say("clinic-unit"), around.unit.to_owned()),
    ];
    pairs.extend(around.starts_at.map(|at| (say("clinic-visit"), format::moment(at, &own))));
    pairs.push((say("clinic-submitted"), format!("{} ({version})", format::moment(around.submitted_at, &own))));
    document.aside(|document| document.pairs(&pairs));
    for line in summary::lines(of) {
        match line {
            summary::Line::Title(text) => document.heading(2, &text),
            summary::Line::Heading(text) => document.heading(3, &text),
            summary::Line::Pair(name, value) => document.pairs(&[(name, value)]),
            summary::Line::Text(text) => document.paragraph(&text),
        }
    }
    document.finish()
}
