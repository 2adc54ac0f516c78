//! Options of a choice, codes and units.

use rust_decimal::Decimal;

use super::label::Text;
use crate::domain::value::{Coding, Value};

/// Something that can be chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnswerOption {
    /// The value of the answer; a coding is without words here.
    pub value: Value,
    /// The words for it.
    pub label: Text,
    /// Whether it can only be chosen alone.
    pub exclusive: bool,
    /// Whether it is chosen at the start.
    pub selected: bool,
    /// Its number on a scale (`ordinalValue`, or `itemWeight` of SDC).
    pub ordinal: Option<Decimal>,
    /// Codes of the topic areas it touches (our extension `topic`).
    pub topics: Vec<String>,
}

impl AnswerOption {
    /// An option with that value and words.
    pub fn new(value: Value, label: impl Into<Text>) -> Self {
        Self { value, label: label.into(), exclusive: false, selected: false, ordinal: None, topics: Vec::new() }
    }

    /// Whether an answer chooses this option: same system and code, or the same value.
    pub fn is(&self, value: &Value) -> bool {
        match (&self.value, value) {
            (Value::Coding(own), Value::Coding(given)) => own.same_code(given),
            (own, given) => own.means(given) == Some(true),
        }
    }

    /// The code, when it has one.
    pub fn coding(&self) -> Option<&Coding> {
        self.value.as_coding()
    }
}

/// A code with its words in all languages, as in `item.code`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Code {
    /// Address of the code system.
    pub system: Option<String>,
    /// The code.
    pub code: String,
    /// Words for it.
    pub display: Option<Text>,
}

impl Code {
    /// A code without words.
    pub fn new(system: &str, code: &str) -> Self {
        Self { system: Some(system.to_owned()), code: code.to_owned(), display: None }
    }
}

/// A unit of a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unit {
    /// Code system, usually `http://unitsofmeasure.org`.
    pub system: Option<String>,
    /// The code.
    pub code: String,
    /// The unit as a person reads it.
    pub label: Text,
}
