//! Languages of forms and readers.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A language tag (BCP 47), in its usual spelling: `nb`, `nn`, `en`, `se`, `nb-NO`.
///
/// `no` is read as `nb`, since the two are used alike in Norwegian systems.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Language(String);

/// The text is not a language tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a language tag (BCP 47)")]
pub struct NotALanguage;

impl Language {
    /// Reads a tag: two or three letters, then subtags of one to eight letters or digits.
    pub fn parse(text: &str) -> Result<Self, NotALanguage> {
        let mut parts = text.trim().split('-');
        let primary = parts.next().unwrap_or_default();
        let letters = primary.chars().all(|c| c.is_ascii_alphabetic());
        if !letters || !(2..=3).contains(&primary.len()) || text.len() > 35 {
            return Err(NotALanguage);
        }
        let mut tag = match primary.to_ascii_lowercase().as_str() {
            "no" => "nb".to_owned(),
            other => other.to_owned(),
        };
        for part in parts {
            if !(1..=8).contains(&part.len()) || !part.chars().all(|c| c.is_ascii_alphanumeric()) {
                return Err(NotALanguage);
            }
            tag.push('-');
            tag.push_str(&spell(part));
        }
        Ok(Self(tag))
    }

    /// Bokmål, the language forms are written in first.
    pub fn nb() -> Self {
        Self("nb".to_owned())
    }

    /// Nynorsk.
    pub fn nn() -> Self {
        Self("nn".to_owned())
    }

    /// English.
    pub fn en() -> Self {
        Self("en".to_owned())
    }

    /// The whole tag.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The tag without region and script: `nb` of `nb-NO`.
    pub fn primary(&self) -> &str {
        self.0.split('-').next().unwrap_or(&self.0)
    }

    /// Whether two tags name the same language whatever their regions.
    pub fn same_language(&self, other: &Self) -> bool {
        self.primary() == other.primary()
    }
}

/// Regions are written in capitals, scripts with one capital, the rest in small letters.
fn spell(part: &str) -> String {
    let lower = part.to_ascii_lowercase();
    match part.len() {
        2 => lower.to_ascii_uppercase(),
        4 if lower.starts_with(|c: char| c.is_ascii_alphabetic()) => {
            let (first, rest) = lower.split_at(1);
            first.to_ascii_uppercase() + rest
        }
        _ => lower,
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Language {
    type Error = NotALanguage;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<Language> for String {
    fn from(language: Language) -> Self {
        language.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_tags_and_spells_them_alike() {
        for (given, tag) in [("nb", "nb"), ("NO", "nb"), ("nb-no", "nb-NO"), ("se-latn-NO", "se-Latn-NO")] {
            assert_eq!(Language::parse(given).unwrap().as_str(), tag);
        }
        for wrong in ["", "n", "norsk", "nb_NO", "nb-", "n1", "nb-123456789"] {
            assert_eq!(Language::parse(wrong), Err(NotALanguage), "{wrong}");
        }
        assert!(Language::parse("nb-NO").unwrap().same_language(&Language::nb()));
    }
}
