//! The paper twin of a form: the same questions in the same order, to be filled in with a pen and
//! entered by staff. It derives from the form; a new form needs nothing here.

mod condition;
mod items;

use chrono::{DateTime, Utc};

use super::pdf::{Document, Error, Tick};
use crate::domain::language::Language;
use crate::domain::questionnaire::Questionnaire;
use crate::domain::secret::Code;
use crate::text::{Arg, format, ui_language, words};

/// Width of a line for a name.
const NAME: f32 = 300.0;
/// Width of a line for a date or a telephone number.
const SHORT: f32 = 170.0;

/// For whom a form is printed.
#[derive(Debug, Clone)]
pub struct Addressee {
    /// Who asks.
    pub organization: String,
    /// Which unit.
    pub unit: String,
    /// Its telephone.
    pub phone: String,
    /// Start of the visit.
    pub starts_at: Option<DateTime<Utc>>,
    /// Name of the patient.
    pub patient: String,
    /// By which staff find the invitation again.
    pub code: Code,
}

/// A form on paper, as PDF; a blank one, or one for a patient.
pub fn form(form: &Questionnaire, language: &Language, to: Option<&Addressee>) -> Result<Vec<u8>, Error> {
    let own = ui_language(language);
    let version = format!("{} {}", form.name(), form.version());
    let foot =
        to.map_or_else(|| version.clone(), |to| format!("{}: {}  \u{b7}  {version}", words(&own, "paper-code", &[]), to.code.grouped()));
    let mut paper = Paper { document: Document::new(form.title(language), language, &foot)?, form, language };
    paper.document.heading(1, form.title(language));
    if let Some(description) = &form.metadata.description {
        paper.document.paragraph(description.get(language));
    }
    if let Some(to) = to {
        paper.addressee(to);
    }
    paper.how(to);
    paper.items();
    paper.respondent();
    paper.document.finish()
}

/// A form on its way to paper.
struct Paper<'a> {
    document: Document,
    form: &'a Questionnaire,
    language: &'a Language,
}

impl Paper<'_> {
    fn say(&self, key: &str, args: &[(&str, Arg<'_>)]) -> String {
        words(self.language, key, args)
    }

    fn addressee(&mut self, to: &Addressee) {
        let mut pairs = vec![
            (self.say("paper-patient", &[]), to.patient.clone()),
            (self.say("paper-from", &[]), to.organization.clone()),
            (self.say("paper-unit", &[]), to.unit.clone()),
            (self.say("paper-phone", &[]), to.phone.clone()),
        ];
        pairs.extend(to.starts_at.map(|at| (self.say("paper-visit", &[]), format::moment(at, &ui_language(self.language)))));
        let code = self.say("paper-code", &[]);
        let why = self.say("paper-code-why", &[]);
        self.document.aside(|document| {
            document.pairs(&pairs);
            document.together(|document| {
                document.large(&code, &to.code.grouped());
                document.paragraph(&why);
            });
        });
    }

    fn how(&mut self, to: Option<&Addressee>) {
        let back = if to.is_some_and(|to| to.starts_at.is_some()) { "paper-how-visit" } else { "paper-how-back" };
        let rules = ["paper-how-pen", "paper-how-tick", "paper-how-wrong", back].map(|key| self.say(key, &[]));
        let heading = self.say("paper-how", &[]);
        self.document.aside(|document| {
            document.together(|document| {
                document.heading(2, &heading);
                document.bullets(&rules);
            });
        });
    }

    /// Who fills it in: staff must enter it.
    fn respondent(&mut self) {
        let say = |key| self.say(key, &[]);
        let heading = say("paper-who");
        let one = say("paper-choose-one");
        let who = ["paper-who-patient", "paper-who-helper", "paper-who-representative"].map(say);
        let only = say("paper-who-only");
        let relation = say("paper-who-relation");
        let keys = ["relation-parent", "relation-power-of-attorney", "relation-assigned-power-of-attorney", "relation-guardian"];
        let relations = keys.map(|key| capitalised(&say(key)));
        let lines = ["paper-who-name", "paper-who-phone", "paper-date"].map(|key| format!("{}:", say(key)));
        let [name, phone, day] = lines;
        let date = format!("({})", say("paper-format-date"));
        self.document.aside(|document| {
            document.together(|document| {
                document.heading(2, &heading);
                document.lead(&one);
                document.ticks(&who, Tick::One, None);
                document.blank(&day, &date, SHORT);
            });
            document.together(|document| {
                document.question(3, &only);
                document.lead(&relation);
                document.ticks(&relations, Tick::One, None);
                document.blank(&name, "", NAME);
                document.blank(&phone, "", SHORT);
            });
        });
    }
}

fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}
