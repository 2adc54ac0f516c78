//! The summary and the copy of the answers as plain text, fit for a patient record or a letter.

mod copy;
mod page;
mod plain;

use super::format;
use super::locales::words;
use crate::domain::language::Language;
use crate::domain::respondent::{Relation, Respondent, RespondentKind};
use crate::domain::summary::{ConsentState, Vocabulary};
use crate::domain::value::Value;

pub use copy::{Entry, answers, entries};
pub use page::{Line, WIDTH};
pub use plain::{lines, plain};

/// Words of the product in one language, for a summary.
#[derive(Debug, Clone)]
pub struct Words(Language);

impl Words {
    /// Words in that language.
    pub fn new(language: &Language) -> Self {
        Self(language.clone())
    }
}

impl Vocabulary for Words {
    fn consent(&self, state: ConsentState) -> String {
        words(&self.0, &format!("consent-{}", state.code()), &[])
    }

    fn topic(&self, code: &str) -> String {
        let key = format!("topic-{code}");
        let text = words(&self.0, &key, &[]);
        if text == key { code.to_owned() } else { text }
    }

    fn value(&self, value: &Value) -> String {
        format::value(value, &self.0)
    }
}

/// Who gave the answers, in words; without name and phone.
pub fn respondent(respondent: &Respondent, language: &Language) -> String {
    let key = match respondent.kind {
        RespondentKind::Patient => "respondent-patient",
        RespondentKind::Helper => "respondent-helper",
        RespondentKind::Representative => "respondent-representative",
        RespondentKind::Staff => "respondent-staff",
    };
    let kind = words(language, key, &[]);
    let relation = respondent.relation.map(|relation| match relation {
        Relation::Parent => "relation-parent",
        Relation::PowerOfAttorney => "relation-power-of-attorney",
        Relation::AssignedPowerOfAttorney => "relation-assigned-power-of-attorney",
        Relation::Guardian => "relation-guardian",
    });
    match relation {
        Some(relation) => format!("{kind} ({})", words(language, relation, &[])),
        None => kind,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::summary::topics::TOPICS;

    #[test]
    fn every_topic_and_state_has_words() {
        for language in super::super::languages() {
            let words = Words::new(language);
            for topic in TOPICS {
                assert_ne!(words.topic(topic), topic);
            }
            for state in ConsentState::ALL {
                assert!(!words.consent(state).starts_with("consent-"));
            }
        }
        assert_eq!(Words::new(&Language::nb()).topic("other"), "other");
    }
}
