//! Values of answers: the data types of FHIR R4 that a question can have.

mod date;
mod unit;

use std::cmp::Ordering;
use std::fmt;

use chrono::NaiveTime;
use rust_decimal::Decimal;

pub use date::{PartialDate, PartialDateTime, parse_time};

/// One value, typed as `QuestionnaireResponse.item.answer.value[x]` (FHIR R4), without
/// attachments and references, which the engine does not execute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Yes or no.
    Boolean(bool),
    /// A decimal with its written digits.
    Decimal(Decimal),
    /// A whole number of 32 bits.
    Integer(i32),
    /// A date of day, month or year precision.
    Date(PartialDate),
    /// A date or a point in time with its offset.
    DateTime(PartialDateTime),
    /// A time of day.
    Time(NaiveTime),
    /// Text.
    String(String),
    /// An address (URI).
    Uri(String),
    /// A code from a code system.
    Coding(Coding),
    /// A number with a unit.
    Quantity(Quantity),
}

impl Value {
    /// Name of the FHIR data type, as in `value[x]`: `Boolean`, `DateTime`, `Coding` …
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Boolean(_) => "Boolean",
            Self::Decimal(_) => "Decimal",
            Self::Integer(_) => "Integer",
            Self::Date(_) => "Date",
            Self::DateTime(_) => "DateTime",
            Self::Time(_) => "Time",
            Self::String(_) => "String",
            Self::Uri(_) => "Uri",
            Self::Coding(_) => "Coding",
            Self::Quantity(_) => "Quantity",
        }
    }

    /// The coding, when it is one.
    pub fn as_coding(&self) -> Option<&Coding> {
        match self {
            Self::Coding(coding) => Some(coding),
            _ => None,
        }
    }

    /// The text, when it is one.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// Which comes first, for values that have an order and the same type. Dates of different
    /// precision have an order only where the shorter one decides it. Quantities only with the
    /// same unit.
    pub fn compare(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Integer(a), Self::Integer(b)) => Some(a.cmp(b)),
            (Self::Decimal(a), Self::Decimal(b)) => Some(a.cmp(b)),
            (Self::Integer(a), Self::Decimal(b)) => Some(Decimal::from(*a).cmp(b)),
            (Self::Decimal(a), Self::Integer(b)) => Some(a.cmp(&Decimal::from(*b))),
            (Self::Date(a), Self::Date(b)) => a.compare(b),
            (Self::DateTime(a), Self::DateTime(b)) => a.compare(b),
            (Self::Time(a), Self::Time(b)) => Some(a.cmp(b)),
            (Self::String(a), Self::String(b)) => Some(a.cmp(b)),
            (Self::Quantity(a), Self::Quantity(b)) => a.compare(b),
            _ => None,
        }
    }

    /// Whether both mean the same: codings by code and (where this one has a system) system,
    /// numbers by value, text by its letters. `None` when the types cannot be compared.
    pub fn means(&self, other: &Self) -> Option<bool> {
        match (self, other) {
            (Self::Boolean(a), Self::Boolean(b)) => Some(a == b),
            (Self::Uri(a) | Self::String(a), Self::Uri(b) | Self::String(b)) => Some(a == b),
            (Self::Coding(a), Self::Coding(b)) => Some(a.matches(b)),
            (Self::Quantity(a), Self::Quantity(b)) => Some(a.compare(b) == Some(Ordering::Equal)),
            (Self::Date(_), Self::Date(_)) | (Self::DateTime(_), Self::DateTime(_)) => Some(self.compare(other) == Some(Ordering::Equal)),
            _ => self.compare(other).map(Ordering::is_eq),
        }
    }
}

/// A code of a code system with the words that a person saw.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Coding {
    /// Address of the code system.
    pub system: Option<String>,
    /// The code.
    pub code: String,
    /// The words shown for it.
    pub display: Option<String>,
}

impl Coding {
    /// A coding without words.
    pub fn new(system: &str, code: &str) -> Self {
        Self { system: Some(system.to_owned()), code: code.to_owned(), display: None }
    }

    /// Same code and, if this one names a system, the same system.
    pub fn matches(&self, other: &Self) -> bool {
        self.code == other.code && (self.system.is_none() || self.system == other.system)
    }

    /// Same system and code, whatever the words.
    pub fn same_code(&self, other: &Self) -> bool {
        self.code == other.code && self.system == other.system
    }

    /// Whether it is this code of this system.
    pub fn is(&self, system: &str, code: &str) -> bool {
        self.code == code && self.system.as_deref() == Some(system)
    }
}

/// A number with a unit, coded by UCUM where there is a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quantity {
    /// The number.
    pub value: Decimal,
    /// The unit as a person reads it.
    pub unit: Option<String>,
    /// Code system of the unit, usually `http://unitsofmeasure.org`.
    pub system: Option<String>,
    /// Code of the unit.
    pub code: Option<String>,
}

impl Quantity {
    /// Order of two quantities of the same unit (same code, or the same words without codes), or
    /// of UCUM units that measure the same.
    pub fn compare(&self, other: &Self) -> Option<Ordering> {
        if self.same_unit(other) {
            return Some(self.value.cmp(&other.value));
        }
        let (own, theirs) = (self.in_base()?, other.in_base()?);
        (own.0 == theirs.0).then(|| own.1.cmp(&theirs.1))
    }

    /// What it measures and how much in the base unit, for the UCUM units that are known.
    fn in_base(&self) -> Option<(unit::Dimension, Decimal)> {
        let ucum = self.system.as_deref() == Some(unit::UCUM);
        let (dimension, factor) = unit::base(self.code.as_deref().filter(|_| ucum)?)?;
        Some((dimension, self.value.checked_mul(factor)?))
    }

    /// Whether the units are the same.
    pub fn same_unit(&self, other: &Self) -> bool {
        match (&self.code, &other.code) {
            (Some(a), Some(b)) => a == b && self.system == other.system,
            (None, None) => self.unit == other.unit,
            _ => false,
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Boolean(value) => write!(f, "{value}"),
            Self::Decimal(value) => write!(f, "{value}"),
            Self::Integer(value) => write!(f, "{value}"),
            Self::Date(value) => write!(f, "{value}"),
            Self::DateTime(value) => write!(f, "{value}"),
            Self::Time(value) => write!(f, "{}", value.format("%H:%M:%S%.f")),
            Self::String(value) | Self::Uri(value) => f.write_str(value),
            Self::Coding(value) => f.write_str(value.display.as_ref().unwrap_or(&value.code)),
            Self::Quantity(value) => {
                write!(f, "{}", value.value)?;
                match value.unit.as_ref().or(value.code.as_ref()) {
                    Some(unit) => write!(f, " {unit}"),
                    None => Ok(()),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_coding_without_system_matches_any() {
        let any = Coding { system: None, code: "a".into(), display: None };
        assert!(any.matches(&Coding::new("s", "a")));
        assert!(!Coding::new("t", "a").matches(&Coding::new("s", "a")));
    }

    #[test]
    fn quantities_of_one_kind_compare_across_units() {
        let of = |value: i64, code: &str| Quantity {
            value: Decimal::from(value),
            unit: None,
            system: Some("http://unitsofmeasure.org".into()),
            code: Some(code.into()),
        };
        assert_eq!(of(2, "kg").compare(&of(2000, "g")), Some(Ordering::Equal));
        assert_eq!(of(1, "h").compare(&of(59, "min")), Some(Ordering::Greater));
        assert_eq!(of(1, "h").compare(&of(1, "kg")), None);
        assert_eq!(of(1, "[arb'U]").compare(&of(1, "g")), None);
    }
}
