//! Bounds of the answers to an item.

use std::fmt;

use regex::{Regex, RegexBuilder};

use crate::domain::value::Value;

/// Largest compiled size of a pattern, in bytes; keeps a form from taking the memory.
const PATTERN_SIZE: usize = 1 << 20;

/// Bounds of the answers to an item.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Limits {
    /// Smallest value, of the item's own type.
    pub min_value: Option<Value>,
    /// Largest value, of the item's own type.
    pub max_value: Option<Value>,
    /// Fewest characters of a text.
    pub min_length: Option<u32>,
    /// Most characters of a text.
    pub max_length: Option<u32>,
    /// Most digits after the decimal point.
    pub max_decimals: Option<u32>,
    /// Fewest answers, once there is one or the item is required.
    pub min_occurs: Option<u32>,
    /// Most answers.
    pub max_occurs: Option<u32>,
    /// What the whole text must look like.
    pub pattern: Option<Pattern>,
}

/// A pattern that a whole text must match, run by an engine of linear time.
#[derive(Clone)]
pub struct Pattern {
    source: String,
    regex: Regex,
}

/// The pattern is not one that the engine can run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the pattern cannot be executed: {0}")]
pub struct UnusablePattern(String);

impl Pattern {
    /// Reads a pattern; look-around and back references do not exist in linear time.
    pub fn parse(source: &str) -> Result<Self, UnusablePattern> {
        let regex = RegexBuilder::new(&format!(r"\A(?:{source})\z"))
            .size_limit(PATTERN_SIZE)
            .build()
            .map_err(|error| UnusablePattern(error.to_string()))?;
        let source = source.to_owned();
        Ok(Self { source, regex })
    }

    /// The pattern as it was written.
    pub fn as_str(&self) -> &str {
        &self.source
    }

    /// Whether the whole text matches.
    pub fn matches(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

impl Eq for Pattern {}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pattern({:?})", self.source)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_matches_the_whole_text() {
        let pattern = Pattern::parse("a|b").unwrap();
        assert!(pattern.matches("a") && pattern.matches("b") && !pattern.matches("ab"));
        assert!(Pattern::parse("(?=a)").is_err());
        assert!(Pattern::parse("(a{1000}){1000}").is_err());
    }
}
