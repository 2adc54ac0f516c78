//! Supplements: one more language of a form that is frozen.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::node::{Finding, Severity};
use crate::domain::language::Language;
use crate::domain::questionnaire::{Item, Questionnaire, Text};
use crate::domain::text::nfc;
use crate::domain::value::Value;

/// All words of a form in one language, with a revision of their own.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Supplement {
    /// `url|version` of the form.
    pub questionnaire: String,
    /// The language.
    pub language: Language,
    /// Counts up from 1 whenever the words change.
    pub revision: u32,
    /// Title of the form.
    pub title: String,
    /// What the form is.
    pub description: Option<String>,
    /// Text of each item by link id.
    pub items: BTreeMap<String, String>,
    /// Words of each option by `system|code`.
    #[serde(default)]
    pub options: BTreeMap<String, String>,
}

/// Reads a supplement file.
pub fn read(bytes: &[u8]) -> Result<Supplement, Vec<Finding>> {
    serde_json::from_slice(bytes).map_err(|error| {
        let text = format!("not a supplement: {error}");
        vec![refused("", "supplement", text)]
    })
}

fn refused(path: &str, code: &'static str, text: String) -> Finding {
    Finding { severity: Severity::Refused, code, path: path.to_owned(), text }
}

/// Key of an option: `system|code`.
fn key(value: &Value) -> Option<String> {
    let coding = value.as_coding()?;
    Some(format!("{}|{}", coding.system.as_deref().unwrap_or_default(), coding.code))
}

/// Adds the words of a supplement to its form. Every text of the form must be there and nothing
/// else; all faults are returned at once.
pub fn merge(form: Questionnaire, supplement: &Supplement) -> Result<Questionnaire, Vec<Finding>> {
    let findings = faults(&form, supplement);
    if !findings.is_empty() {
        return Err(findings);
    }
    let language = &supplement.language;
    let (mut metadata, mut items) = form.into_parts();
    translate(&mut metadata.title, Some(&supplement.title), language);
    if let Some(description) = &mut metadata.description {
        translate(description, supplement.description.as_ref(), language);
    }
    metadata.supplements.insert(language.clone(), supplement.revision);
    translate_items(&mut items, supplement);
    Ok(Questionnaire::new(metadata, items))
}

fn translate(text: &mut Text, words: Option<&String>, language: &Language) {
    if let Some(words) = words {
        text.translations.insert(language.clone(), nfc(words));
    }
}

fn translate_items(items: &mut [Item], supplement: &Supplement) {
    for item in items {
        translate(&mut item.text, supplement.items.get(&item.link_id), &supplement.language);
        for option in &mut item.options {
            let words = key(&option.value).and_then(|key| supplement.options.get(&key));
            translate(&mut option.label, words, &supplement.language);
        }
        translate_items(&mut item.items, supplement);
    }
}

fn faults(form: &Questionnaire, supplement: &Supplement) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut add = |path: &str, text: String| findings.push(refused(path, "supplement", text));
    if supplement.questionnaire != form.canonical() {
        add("questionnaire", format!("the supplement is not for {}", form.canonical()));
    }
    if supplement.language == *form.language() {
        add("language", "the form itself is in this language".to_owned());
    }
    if supplement.revision == 0 {
        add("revision", "revisions count from 1".to_owned());
    }
    if supplement.title.trim().is_empty() {
        add("title", "the title is empty".to_owned());
    }
    if supplement.description.is_some() != form.metadata.description.is_some() {
        add("description", "description must be there exactly if the form has one".to_owned());
    }
    let texts = form.walk().filter(|item| !item.text.base.is_empty());
    let wanted: BTreeSet<String> = texts.map(|item| item.link_id.clone()).collect();
    compare("items", &wanted, &supplement.items, &mut add);
    let options = form.walk().flat_map(|item| item.options.iter());
    let wanted: BTreeSet<String> = options.filter_map(|option| key(&option.value)).collect();
    compare("options", &wanted, &supplement.options, &mut add);
    findings
}

fn compare(member: &str, wanted: &BTreeSet<String>, given: &BTreeMap<String, String>, add: &mut impl FnMut(&str, String)) {
    for key in wanted {
        let path = format!("{member}['{key}']");
        match given.get(key) {
            None => add(&path, "missing".to_owned()),
            Some(words) if words.trim().is_empty() => add(&path, "empty".to_owned()),
            Some(_) => {}
        }
    }
    for key in given.keys().filter(|key| !wanted.contains(*key)) {
        add(&format!("{member}['{key}']"), "the form has no such text".to_owned());
    }
}
