//! The locale files and how a word is looked up in them.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use rust_embed::RustEmbed;
use unic_langid::LanguageIdentifier;

use crate::domain::language::Language;

#[derive(RustEmbed)]
#[folder = "src/text/locales"]
struct Files;

type Bundle = FluentBundle<FluentResource>;

static LANGUAGES: LazyLock<Vec<Language>> = LazyLock::new(|| {
    let folders: BTreeSet<String> = Files::iter().filter_map(|name| name.split_once('/').map(|(folder, _)| folder.to_owned())).collect();
    let mut languages: Vec<Language> = folders.iter().filter_map(|tag| Language::parse(tag).ok()).collect();
    languages.sort_by_key(|language| (language.as_str() != "nb", language.primary() != "nn"));
    languages
});

static BUNDLES: LazyLock<BTreeMap<String, Bundle>> =
    LazyLock::new(|| languages().iter().map(|language| (language.to_string(), bundle(language.as_str()))).collect());

/// Languages of the product: the folders below `locales/`. Bokmål, which others fall back to, is first.
pub fn languages() -> &'static [Language] {
    &LANGUAGES
}

fn bundle(tag: &str) -> Bundle {
    let language: LanguageIdentifier = tag.parse().unwrap_or_default();
    let mut bundle = FluentBundle::new_concurrent(vec![language]);
    bundle.set_use_isolating(false);
    for resource in resources(tag) {
        bundle.add_resource_overriding(resource);
    }
    bundle
}

/// The files of one language. A line that cannot be read is left out; a test finds it.
fn resources(tag: &str) -> Vec<FluentResource> {
    let folder = format!("{tag}/");
    let names = Files::iter().filter(|name| name.starts_with(&folder));
    let files = names.filter_map(|name| Files::get(&name));
    files
        .map(|file| String::from_utf8_lossy(&file.data).into_owned())
        .map(|text| FluentResource::try_new(text).unwrap_or_else(|(partial, _)| partial))
        .collect()
}

/// Something to put into a text.
#[derive(Debug, Clone)]
pub enum Arg<'a> {
    /// Words.
    Text(Cow<'a, str>),
    /// A number, which also chooses between one and several.
    Number(i64),
}

impl<'a> From<&'a str> for Arg<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text.into())
    }
}

impl<'a> From<&'a String> for Arg<'a> {
    fn from(text: &'a String) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for Arg<'_> {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

impl From<i64> for Arg<'_> {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl From<i32> for Arg<'_> {
    fn from(number: i32) -> Self {
        Self::Number(number.into())
    }
}

impl From<u32> for Arg<'_> {
    fn from(number: u32) -> Self {
        Self::Number(number.into())
    }
}

impl From<usize> for Arg<'_> {
    fn from(number: usize) -> Self {
        Self::Number(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

/// The product's language for a reader of that language, else bokmål.
pub fn ui_language(language: &Language) -> Language {
    let mut all = languages().iter();
    all.find(|own| own.same_language(language)).cloned().unwrap_or_else(Language::nb)
}

/// The words for a key, in that language or in bokmål. A key that exists nowhere comes back as it
/// is, so that it is seen.
pub fn words(language: &Language, key: &str, args: &[(&str, Arg<'_>)]) -> String {
    let tag = ui_language(language);
    find(tag.as_str(), key, args).or_else(|| find("nb", key, args)).unwrap_or_else(|| key.to_owned())
}

fn find(tag: &str, key: &str, args: &[(&str, Arg<'_>)]) -> Option<String> {
    let bundle = BUNDLES.get(tag)?;
    let pattern = bundle.get_message(key)?.value()?;
    let mut given = FluentArgs::new();
    for (name, arg) in args {
        let value = match arg {
            Arg::Text(text) => FluentValue::from(text.as_ref()),
            Arg::Number(number) => FluentValue::from(*number),
        };
        given.set((*name).to_owned(), value);
    }
    let mut errors = Vec::new();
    let text = bundle.format_pattern(pattern, Some(&given), &mut errors);
    Some(text.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Keys of a language with the variables that each uses, read from the text itself.
    fn keys(tag: &str) -> BTreeMap<String, BTreeSet<String>> {
        let mut found = BTreeMap::new();
        let folder = format!("{tag}/");
        for name in Files::iter().filter(|name| name.starts_with(&folder)) {
            let file = Files::get(&name).unwrap();
            let text = String::from_utf8(file.data.into_owned()).unwrap();
            FluentResource::try_new(text.clone()).unwrap_or_else(|(_, e)| panic!("{name}: {e:?}"));
            let mut key = String::new();
            for line in text.lines() {
                let start = line.split(" =").next().unwrap_or_default();
                if !line.starts_with([' ', '#', '}']) && line.contains(" =") {
                    key = start.to_owned();
                    assert!(found.insert(key.clone(), BTreeSet::new()).is_none(), "{name}: {key} twice");
                }
                let variables =
                    line.split('$').skip(1).map(|rest| rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect());
                found.entry(key.clone()).or_default().extend::<Vec<String>>(variables.collect());
            }
        }
        found.remove("");
        found
    }

    #[test]
    fn all_languages_have_the_same_keys_and_variables() {
        let nb = keys("nb");
        assert!(nb.len() > 50);
        for tag in languages().iter().map(Language::as_str) {
            let other = keys(tag);
            let names = |all: &BTreeMap<String, BTreeSet<String>>| -> BTreeSet<String> { all.keys().cloned().collect() };
            let missing: Vec<_> = names(&nb).symmetric_difference(&names(&other)).cloned().collect();
            assert!(missing.is_empty(), "{tag}: {missing:?}");
            for (key, variables) in &nb {
                assert_eq!(Some(variables), other.get(key), "{tag}: {key}");
            }
        }
    }

    #[test]
    fn an_unknown_key_is_seen_and_an_unknown_language_reads_bokmaal() {
        assert_eq!(words(&Language::nn(), "no-such-key", &[]), "no-such-key");
        let se = Language::parse("se").unwrap();
        assert_eq!(words(&se, "yes", &[]), "Ja");
        assert_eq!(words(&Language::en(), "yes", &[]), "Yes");
    }
}
