//! A text of a form in all its languages.

use std::collections::BTreeMap;

use crate::domain::language::Language;

/// A text in the form's own language and its translations.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Text {
    /// In the form's own language.
    pub base: String,
    /// In other languages.
    pub translations: BTreeMap<Language, String>,
}

impl Text {
    /// A text without translations.
    pub fn new(base: impl Into<String>) -> Self {
        Self { base: base.into(), translations: BTreeMap::new() }
    }

    /// The text in that language, in another region's spelling of it, or in the form's own.
    pub fn get(&self, language: &Language) -> &str {
        self.translations
            .get(language)
            .or_else(|| {
                let mut all = self.translations.iter();
                all.find(|(tag, _)| tag.same_language(language)).map(|(_, text)| text)
            })
            .unwrap_or(&self.base)
    }

    /// Whether it reads like this in any of its languages.
    pub fn reads(&self, text: &str) -> bool {
        self.base == text || self.translations.values().any(|other| other == text)
    }
}

impl From<&str> for Text {
    fn from(base: &str) -> Self {
        Self::new(base)
    }
}
