//! Who gave the answers, and who may decide the consent to forward them.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::domain::questionnaire::Role;
use crate::domain::text::{has_control, has_line_break, is_blank, length};

/// Longest name, in characters.
pub const NAME_MAX: usize = 200;
/// Longest telephone number, in characters.
pub const PHONE_MAX: usize = 30;

/// Who gave the answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Respondent {
    /// In what capacity.
    pub kind: RespondentKind,
    /// On what ground a representative acts; only for a representative.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relation: Option<Relation>,
    /// Name of the helper or representative.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Telephone number of the helper or representative.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
}

/// In what capacity someone gives answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RespondentKind {
    /// The patient.
    Patient,
    /// Someone who only types what the patient says; the patient decides.
    Helper,
    /// Someone who answers in the patient's place.
    Representative,
    /// A health professional, from a paper form or in a conversation.
    Staff,
}

/// On what ground a representative acts (relation codes of the national platform in brackets).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Relation {
    /// Parent of a child under 16 (FO).
    Parent,
    /// Ordinary power of attorney (FU), which does not cover consents.
    PowerOfAttorney,
    /// Assigned power of attorney (TD), which covers consents.
    AssignedPowerOfAttorney,
    /// Guardian (VE).
    Guardian,
}

/// From this age on, years, a person's parents act for them no more, and they may give others power of
/// attorney.
const OF_AGE: u32 = 16;

impl Relation {
    /// Whether somebody born on a day can be represented so on another. Whom a parent may act for from 12 to
    /// 15, and how old who acts has to be, is for who registers them to know.
    pub fn fits(self, born: NaiveDate, today: NaiveDate) -> bool {
        let of_age = today.years_since(born).is_some_and(|years| years >= OF_AGE);
        match self {
            Self::Parent => !of_age,
            Self::PowerOfAttorney | Self::AssignedPowerOfAttorney => of_age,
            Self::Guardian => true,
        }
    }

    /// The word on the wire and in files.
    pub fn word(self) -> &'static str {
        match self {
            Self::Parent => "parent",
            Self::PowerOfAttorney => "power-of-attorney",
            Self::AssignedPowerOfAttorney => "assigned-power-of-attorney",
            Self::Guardian => "guardian",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        let all = [Self::Parent, Self::PowerOfAttorney, Self::AssignedPowerOfAttorney, Self::Guardian];
        all.into_iter().find(|relation| relation.word() == word)
    }
}

/// What is wrong with the description of a respondent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {fault:?}")]
pub struct RespondentFault {
    /// Member of [`Respondent`]: `relation`, `name` or `phone`.
    pub field: &'static str,
    /// What is wrong with it.
    pub fault: FieldFault,
}

/// What can be wrong with one member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldFault {
    /// It must be given.
    Required,
    /// It must not be given for this kind of respondent.
    NotAllowed,
    /// It is longer than the limit.
    TooLong,
    /// It holds characters that do not belong there.
    Malformed,
}

impl Respondent {
    /// The patient in person.
    pub fn patient() -> Self {
        Self::of(RespondentKind::Patient)
    }

    /// A respondent of that kind without further details.
    pub fn of(kind: RespondentKind) -> Self {
        Self { kind, relation: None, name: None, phone: None }
    }

    /// Whether this person may decide if the form is forwarded. An ordinary power of attorney
    /// does not cover consents; a helper and staff only pass on what the patient decides.
    pub fn may_decide_consent(&self) -> bool {
        !matches!(self.relation, Some(Relation::PowerOfAttorney))
    }

    /// Roles of items that this person is not asked.
    pub fn not_asked(&self) -> &'static [Role] {
        if self.may_decide_consent() { &[] } else { &[Role::ConsentForward] }
    }

    /// Checks the description and returns every fault: a representative gives relation, name and
    /// phone; nobody else has a relation; the patient gives neither name nor phone.
    pub fn validate(&self) -> Vec<RespondentFault> {
        let mut faults = Vec::new();
        let mut add = |field, fault| faults.push(RespondentFault { field, fault });
        let representative = self.kind == RespondentKind::Representative;
        match (representative, self.relation) {
            (true, None) => add("relation", FieldFault::Required),
            (false, Some(_)) => add("relation", FieldFault::NotAllowed),
            _ => {}
        }
        let fields = [("name", &self.name, NAME_MAX), ("phone", &self.phone, PHONE_MAX)];
        for (field, value, max) in fields {
            if let Some(fault) = self.fault_of(field, value.as_deref(), max) {
                add(field, fault);
            }
        }
        faults
    }

    fn fault_of(&self, field: &str, value: Option<&str>, max: usize) -> Option<FieldFault> {
        match (self.kind, value) {
            (RespondentKind::Representative, None) => Some(FieldFault::Required),
            (RespondentKind::Patient, Some(_)) => Some(FieldFault::NotAllowed),
            (_, Some(text)) if is_blank(text) => Some(FieldFault::Required),
            (_, Some(text)) if length(text) > max => Some(FieldFault::TooLong),
            (_, Some(text)) if has_control(text) || has_line_break(text) => Some(FieldFault::Malformed),
            (_, Some(text)) if field == "phone" && !is_phone(text) => Some(FieldFault::Malformed),
            _ => None,
        }
    }
}

/// Digits with the signs people write between them; at least five digits.
fn is_phone(text: &str) -> bool {
    let digits = text.chars().filter(char::is_ascii_digit).count();
    digits >= 5 && text.chars().all(|c| c.is_ascii_digit() || " +-()./".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn representative(relation: Relation) -> Respondent {
        Respondent {
            kind: RespondentKind::Representative,
            relation: Some(relation),
            name: Some("Kari Prøve".into()),
            phone: Some("+47 99 99 99 99".into()),
        }
    }

    #[test]
    fn only_ordinary_power_of_attorney_may_not_decide() {
        assert!(Respondent::patient().may_decide_consent());
        assert!(Respondent::of(RespondentKind::Helper).may_decide_consent());
        for (relation, may) in [
            (Relation::Parent, true),
            (Relation::PowerOfAttorney, false),
            (Relation::AssignedPowerOfAttorney, true),
            (Relation::Guardian, true),
        ] {
            let respondent = representative(relation);
            assert_eq!(respondent.may_decide_consent(), may);
            assert_eq!(respondent.not_asked().is_empty(), may);
            assert_eq!(respondent.validate(), []);
        }
    }

    #[test]
    fn a_relation_goes_with_the_patients_age() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap_or_default();
        let born = day("2010-11-23");
        for (today, parent) in [("2026-11-22", true), ("2026-11-23", false)] {
            let fits = |relation: Relation| relation.fits(born, day(today));
            assert_eq!(fits(Relation::Parent), parent, "{today}");
            assert_eq!(fits(Relation::PowerOfAttorney), !parent, "{today}");
            assert_eq!(fits(Relation::AssignedPowerOfAttorney), !parent, "{today}");
            assert!(fits(Relation::Guardian));
        }
        assert_eq!(Relation::parse(Relation::Guardian.word()), Some(Relation::Guardian));
        assert_eq!(Relation::parse("friend"), None);
    }

    #[test]
    fn a_representative_says_who_and_on_what_ground() {
        let faults = Respondent::of(RespondentKind::Representative).validate();
        let fields: Vec<_> = faults.iter().map(|f| (f.field, f.fault)).collect();
        let required = FieldFault::Required;
        assert_eq!(fields, [("relation", required), ("name", required), ("phone", required)]);
    }

    #[test]
    fn others_have_no_relation_and_numbers_are_numbers() {
        let mut helper = representative(Relation::Parent);
        helper.kind = RespondentKind::Helper;
        helper.phone = Some("ring meg".into());
        let fields: Vec<_> = helper.validate().iter().map(|f| (f.field, f.fault)).collect();
        assert_eq!(fields, [("relation", FieldFault::NotAllowed), ("phone", FieldFault::Malformed)]);
        let mut patient = Respondent::patient();
        patient.name = Some("x".into());
        assert_eq!(patient.validate()[0].fault, FieldFault::NotAllowed);
    }
}
