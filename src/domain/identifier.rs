//! National identifiers of patients.
//!
//! Rules: Skatteetaten's *fødselsnummer* with the check digits of 2032 beside the old ones,
//! *D-nummer* (day + 40), *H-nummer* (month + 40, needs its assigner), *FH-nummer* (first digit 8
//! or 9, no date), synthetic numbers (month + 80). Sex and century are never read from a number.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

/// Weights of the first check digit, over nine digits.
const K1: [u32; 9] = [3, 7, 6, 1, 8, 9, 4, 5, 2];
/// Weights of the second check digit, over nine digits and the first check digit.
const K2: [u32; 10] = [5, 4, 3, 2, 7, 6, 5, 4, 3, 2];

/// Which series an identifier belongs to; the wire form is the OID of HL7 Norway.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum IdentifierSystem {
    /// Fødselsnummer.
    #[serde(rename = "urn:oid:2.16.578.1.12.4.1.4.1")]
    Fnr,
    /// D-nummer.
    #[serde(rename = "urn:oid:2.16.578.1.12.4.1.4.2")]
    DNumber,
    /// Felles hjelpenummer.
    #[serde(rename = "urn:oid:2.16.578.1.12.4.1.4.3")]
    FhNumber,
    /// Local hjelpenummer or another number of the sender's own; means nothing without its assigner.
    #[serde(rename = "urn:kartlegging:local-patient-number")]
    Local,
}

impl IdentifierSystem {
    /// All systems, in the order in which they are tried.
    pub const ALL: [Self; 4] = [Self::Fnr, Self::DNumber, Self::FhNumber, Self::Local];

    /// The URI on the wire and in the database.
    pub fn uri(self) -> &'static str {
        match self {
            Self::Fnr => "urn:oid:2.16.578.1.12.4.1.4.1",
            Self::DNumber => "urn:oid:2.16.578.1.12.4.1.4.2",
            Self::FhNumber => "urn:oid:2.16.578.1.12.4.1.4.3",
            Self::Local => "urn:kartlegging:local-patient-number",
        }
    }

    /// Reads the URI.
    pub fn parse(uri: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|system| system.uri() == uri)
    }
}

/// A checked identifier of a patient.
#[derive(Clone, PartialEq, Eq)]
pub struct PatientIdentifier {
    system: IdentifierSystem,
    assigner: String,
    value: String,
}

/// Why an identifier is refused. The value is never part of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IdentifierError {
    /// The system is not one of ours.
    #[error("the system is unknown")]
    System,
    /// Length, digits, date or check digits don't fit.
    #[error("the number is not valid in its system")]
    Number,
    /// A test person's number where only real persons are allowed.
    #[error("synthetic numbers are not allowed here")]
    Synthetic,
    /// A local number without an assigner.
    #[error("a local number needs its assigner")]
    Assigner,
}

impl PatientIdentifier {
    /// Checks an identifier. `allow_synthetic` is the setting `allow_synthetic_persons`.
    pub fn parse(system: &str, assigner: Option<&str>, value: &str, allow_synthetic: bool) -> Result<Self, IdentifierError> {
        let system = IdentifierSystem::parse(system).ok_or(IdentifierError::System)?;
        if system == IdentifierSystem::Local {
            return Self::local(assigner, value);
        }
        let compact: String = value.chars().filter(|c| !c.is_whitespace()).collect();
        let digits = digits(&compact).ok_or(IdentifierError::Number)?;
        if !check_digits(&digits) {
            return Err(IdentifierError::Number);
        }
        let shape = shape(&digits).ok_or(IdentifierError::Number)?;
        if shape.system != system {
            return Err(IdentifierError::Number);
        }
        if shape.synthetic && !allow_synthetic {
            return Err(IdentifierError::Synthetic);
        }
        Ok(Self { system, assigner: String::new(), value: compact })
    }

    fn local(assigner: Option<&str>, value: &str) -> Result<Self, IdentifierError> {
        let assigner = assigner.map(str::trim).filter(|a| !a.is_empty()).ok_or(IdentifierError::Assigner)?;
        let value = value.trim();
        let sound = |text: &str| text.chars().count() <= 64 && !text.chars().any(char::is_control);
        if value.is_empty() || !sound(value) || !sound(assigner) {
            return Err(IdentifierError::Number);
        }
        Ok(Self { system: IdentifierSystem::Local, assigner: assigner.to_owned(), value: value.to_owned() })
    }

    /// The series.
    pub fn system(&self) -> IdentifierSystem {
        self.system
    }

    /// Who gave a local number; empty for the national series.
    pub fn assigner(&self) -> &str {
        &self.assigner
    }

    /// The number itself.
    pub fn value(&self) -> &str {
        &self.value
    }

    /// Whether a birth date agrees with a fødselsnummer (day, month and last two digits of the
    /// year). Always true for series whose date is none or only a registration date.
    pub fn agrees_with(&self, birth_date: NaiveDate) -> bool {
        if self.system != IdentifierSystem::Fnr {
            return true;
        }
        let Some(digits) = digits(&self.value) else { return false };
        let two = |at: usize| digits.iter().skip(at).take(2).fold(0, |n, d| n * 10 + d);
        let month = two(2) % 20;
        let expected = birth_date.format("%d%m%y").to_string();
        expected == format!("{:02}{month:02}{:02}", two(0), two(4))
    }
}

impl std::fmt::Debug for PatientIdentifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PatientIdentifier({:?}, …)", self.system)
    }
}

struct Shape {
    system: IdentifierSystem,
    synthetic: bool,
}

fn digits(text: &str) -> Option<[u32; 11]> {
    let digits: Vec<u32> = text.chars().map(|c| c.to_digit(10)).collect::<Option<_>>()?;
    digits.try_into().ok()
}

/// Both rules that are in force: until 2031 both sums are 0 mod 11; from 2032 the first may be 0–3.
fn check_digits(digits: &[u32; 11]) -> bool {
    let weighted = |weights: &[u32]| digits.iter().zip(weights).map(|(d, w)| d * w).sum::<u32>();
    let (Some(k1), Some(k2)) = (digits.get(9), digits.get(10)) else { return false };
    (weighted(&K1) + k1) % 11 <= 3 && (weighted(&K2) + k2) % 11 == 0
}

fn shape(digits: &[u32; 11]) -> Option<Shape> {
    let two = |at: usize| digits.iter().skip(at).take(2).fold(0, |n, d| n * 10 + d);
    if two(0) >= 80 {
        return Some(Shape { system: IdentifierSystem::FhNumber, synthetic: false });
    }
    let (system, day) = if two(0) > 40 { (IdentifierSystem::DNumber, two(0) - 40) } else { (IdentifierSystem::Fnr, two(0)) };
    let (month, synthetic) = match two(2) {
        month @ 1..=12 => (month, false),
        month @ 81..=92 => (month - 80, true),
        // Month + 40 is a local H-number, + 65 a synthetic series of another register.
        _ => return None,
    };
    // 29 February must be possible in either century: the number does not tell which it is.
    let possible = |century: i32| NaiveDate::from_ymd_opt(century + i32::try_from(two(4)).unwrap_or(0), month, day).is_some();
    (possible(1900) || possible(2000)).then_some(Shape { system, synthetic })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const FNR: &str = "urn:oid:2.16.578.1.12.4.1.4.1";

    fn fits(number: &str) -> bool {
        digits(number).is_some_and(|d| check_digits(&d))
    }

    #[test]
    fn published_vectors_of_both_rules() {
        for number in ["02013299997", "30108299920", "30108299939", "02013299903"] {
            assert!(fits(number), "{number}");
        }
        for number in ["02013299998", "30108299930", "02013299913"] {
            assert!(!fits(number), "{number}");
        }
    }

    #[test]
    fn synthetic_only_where_allowed() {
        assert!(PatientIdentifier::parse(FNR, None, "47906701517", true).is_err(), "a D-number is not a fnr");
        assert!(PatientIdentifier::parse("urn:oid:2.16.578.1.12.4.1.4.2", None, "47906701517", true).is_ok());
        assert_eq!(PatientIdentifier::parse(FNR, None, "13904709535", false), Err(IdentifierError::Synthetic));
        let id = PatientIdentifier::parse(FNR, None, "139047 09535", true);
        assert_eq!(id.as_ref().map(PatientIdentifier::value), Ok("13904709535"));
        let born = NaiveDate::from_ymd_opt(1947, 10, 13).unwrap_or_default();
        assert!(id.is_ok_and(|id| id.agrees_with(born) && !id.agrees_with(born.succ_opt().unwrap_or_default())));
    }

    #[test]
    fn a_local_number_needs_its_assigner() {
        let system = IdentifierSystem::Local.uri();
        assert_eq!(PatientIdentifier::parse(system, None, "A-1", true), Err(IdentifierError::Assigner));
        assert!(PatientIdentifier::parse(system, Some("Invented EHR"), "A-1", true).is_ok());
    }

    proptest! {
        #[test]
        fn no_text_panics(text in ".{0,20}", digits in "[0-9]{11}") {
            for system in IdentifierSystem::ALL {
                let _ = PatientIdentifier::parse(system.uri(), Some("x"), &text, true);
                let _ = PatientIdentifier::parse(system.uri(), None, &digits, true);
            }
        }
    }
}
