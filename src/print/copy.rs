//! The patient's copy of what was handed in.

use chrono::{DateTime, Utc};

use super::pdf::{Document, Error};
use crate::domain::answers::{AnsweredItem, Answers, Context, enabled};
use crate::domain::language::Language;
use crate::domain::questionnaire::{Item, ItemType, Questionnaire};
use crate::domain::respondent::Respondent;
use crate::text::{format, summary, ui_language, words};

/// Deepest heading.
const DEEPEST: u16 = 6;

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
/// form. What is shown follows the rules of [`summary::answers`].
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
    let asked = enabled(form, answers, &context);
    let mut copy = Copy { document, form, language, missing: say("summary-not-answered") };
    let shown = |item: &Item| asked.contains(item.link_id.as_str()) && !item.hidden;
    copy.level(form.items(), &answers.items, &shown, 2);
    copy.document.finish()
}

/// A copy that is being made.
struct Copy<'a> {
    document: Document,
    form: &'a Questionnaire,
    language: &'a Language,
    missing: String,
}

impl Copy<'_> {
    fn level(&mut self, items: &[Item], given: &[AnsweredItem], shown: &dyn Fn(&Item) -> bool, level: u16) {
        for item in items.iter().filter(|item| shown(item) && item.kind != ItemType::Display) {
            let here: Vec<&AnsweredItem> = given.iter().filter(|given| given.link_id == item.link_id).collect();
            if item.is_question() {
                self.question(item, &here, shown, level);
                continue;
            }
            if !has_question(item) {
                continue;
            }
            let text = item.text.get(self.language);
            self.document.heading(level, text);
            let deeper = if text.is_empty() { level } else { (level + 1).min(DEEPEST) };
            if here.is_empty() {
                self.level(&item.items, &[], shown, deeper);
            }
            for instance in here {
                self.level(&item.items, &instance.items, shown, deeper);
            }
        }
    }

    fn question(&mut self, item: &Item, given: &[&AnsweredItem], shown: &dyn Fn(&Item) -> bool, level: u16) {
        let options = self.form.possible_options(item);
        let given: Vec<_> = given.iter().flat_map(|given| &given.answers).collect();
        let texts: Vec<String> = given
            .iter()
            .map(|answer| {
                let option = options.iter().find(|option| option.is(&answer.value));
                option.map_or_else(|| format::value(&answer.value, self.language), |option| option.label.get(self.language).to_owned())
            })
            .collect();
        let missing = &self.missing;
        self.document.together(|document| {
            document.question(level, item.text.get(self.language));
            match texts.as_slice() {
                [] => document.aside(|document| document.paragraph(missing)),
                [one] => document.paragraph(one),
                several => document.bullets(several),
            }
        });
        for answer in given {
            self.level(&item.items, &answer.items, shown, (level + 1).min(DEEPEST));
        }
    }
}

/// Whether any question is in a group.
fn has_question(item: &Item) -> bool {
    item.items.iter().any(|item| item.is_question() || has_question(item))
}
