//! The whole form.

use std::collections::{BTreeMap, BTreeSet};

use super::codes::Role;
use super::item::{Item, ItemType};
use super::label::Text;
use super::option::{AnswerOption, Code};
use crate::domain::language::Language;
use crate::domain::value::{Coding, Value};

/// A form in one exact version, in all its languages.
///
/// Made by [`Questionnaire::new`], which keeps an index of the items; the reader has checked the
/// rules of R4 before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Questionnaire {
    /// Everything but the items.
    pub metadata: Metadata,
    items: Vec<Item>,
    index: BTreeMap<String, Vec<usize>>,
    /// What items offer to others that take their options from them, by link id.
    offered: BTreeMap<String, Vec<AnswerOption>>,
    languages: Vec<Language>,
}

/// What is said about the whole form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metadata {
    /// Id of the resource.
    pub id: Option<String>,
    /// Canonical address, absolute.
    pub url: String,
    /// Exact version.
    pub version: String,
    /// Name for machines.
    pub name: Option<String>,
    /// Title for people.
    pub title: Text,
    /// Where it is in its life.
    pub status: Status,
    /// Whether it is not meant for real use.
    pub experimental: bool,
    /// Language that the form is written in.
    pub language: Language,
    /// Revision of each supplement that was merged.
    pub supplements: BTreeMap<Language, u32>,
    /// Date of the last change, as written.
    pub date: Option<String>,
    /// Who publishes it.
    pub publisher: Option<String>,
    /// What it is.
    pub description: Option<Text>,
    /// Why it exists.
    pub purpose: Option<String>,
    /// Who owns it.
    pub copyright: Option<String>,
    /// Kinds of resource it is about.
    pub subject_types: Vec<String>,
    /// What the whole form means.
    pub codes: Vec<Code>,
    /// Value sets contained in it.
    pub value_sets: Vec<ValueSet>,
}

impl Metadata {
    /// Metadata of an active bokmål form with nothing optional.
    pub fn new(url: &str, version: &str, title: &str) -> Self {
        Self {
            id: None,
            url: url.to_owned(),
            version: version.to_owned(),
            name: None,
            title: Text::new(title),
            status: Status::Active,
            experimental: false,
            language: Language::nb(),
            supplements: BTreeMap::new(),
            date: None,
            publisher: None,
            description: None,
            purpose: None,
            copyright: None,
            subject_types: Vec::new(),
            codes: Vec::new(),
            value_sets: Vec::new(),
        }
    }
}

/// A value set contained in the form; its options live in the items that name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValueSet {
    /// Id in the form.
    pub id: String,
    /// Its canonical address, if any.
    pub url: Option<String>,
    /// Its title, if any.
    pub title: Option<String>,
}

/// Where a form is in its life (`publication-status`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    /// Being written.
    Draft,
    /// In use.
    Active,
    /// Out of use.
    Retired,
    /// Not known.
    Unknown,
}

impl Status {
    /// The FHIR code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Active => "active",
            Self::Retired => "retired",
            Self::Unknown => "unknown",
        }
    }

    /// The status with that FHIR code.
    pub fn parse(code: &str) -> Option<Self> {
        [Self::Draft, Self::Active, Self::Retired, Self::Unknown].into_iter().find(|status| status.code() == code)
    }
}

impl Questionnaire {
    /// Puts a form together. With a repeated link id the first item is the one found.
    pub fn new(metadata: Metadata, items: Vec<Item>) -> Self {
        let mut index = BTreeMap::new();
        let mut path = Vec::new();
        fill_index(&items, &mut path, &mut index);
        let mut form = Self { metadata, items, index, offered: BTreeMap::new(), languages: Vec::new() };
        let sources: BTreeSet<&String> = form.walk().flat_map(|item| &item.options_from).collect();
        let offered = sources.into_iter().filter_map(|link_id| Some((link_id.clone(), options_of_source(form.item(link_id)?))));
        form.offered = offered.collect();
        form.languages = form.spoken();
        form
    }

    /// Takes the form apart, to change it.
    pub fn into_parts(self) -> (Metadata, Vec<Item>) {
        (self.metadata, self.items)
    }

    /// Last segment of the address: the name by which the product calls the form.
    pub fn name(&self) -> &str {
        let url = self.metadata.url.trim_end_matches('/');
        url.rsplit('/').next().unwrap_or(url)
    }

    /// Canonical address.
    pub fn url(&self) -> &str {
        &self.metadata.url
    }

    /// Exact version.
    pub fn version(&self) -> &str {
        &self.metadata.version
    }

    /// `url|version`, which names exactly this form.
    pub fn canonical(&self) -> String {
        format!("{}|{}", self.metadata.url, self.metadata.version)
    }

    /// Where it is in its life.
    pub fn status(&self) -> Status {
        self.metadata.status
    }

    /// Title in that language.
    pub fn title(&self, language: &Language) -> &str {
        self.metadata.title.get(language)
    }

    /// Language the form is written in.
    pub fn language(&self) -> &Language {
        &self.metadata.language
    }

    /// Its own language first, then every language in which all its questions and options can be
    /// read, Norwegian ones before others.
    pub fn languages(&self) -> &[Language] {
        &self.languages
    }

    fn spoken(&self) -> Vec<Language> {
        let mut common: Option<BTreeSet<&Language>> = None;
        for text in self.texts() {
            let here: BTreeSet<_> = text.translations.keys().collect();
            common = Some(match common {
                Some(before) => before.intersection(&here).copied().collect(),
                None => here,
            });
        }
        let own = self.metadata.language.clone();
        let common = common.unwrap_or_default().into_iter();
        let mut others: Vec<Language> = common.filter(|tag| **tag != own).cloned().collect();
        others.sort_by_key(|tag| !matches!(tag.primary(), "nb" | "nn"));
        std::iter::once(own).chain(others).collect()
    }

    /// Every text that must be read to answer: questions and words of options.
    fn texts(&self) -> impl Iterator<Item = &Text> {
        self.walk()
            .flat_map(|item| std::iter::once(&item.text).chain(item.options.iter().map(|o| &o.label)))
            .filter(|text| !text.base.is_empty())
            .filter(|text| text.base.parse::<f64>().is_err() || !text.translations.is_empty())
    }

    /// The items at the top.
    pub fn items(&self) -> &[Item] {
        &self.items
    }

    /// Every item in the order of the form.
    pub fn walk(&self) -> impl Iterator<Item = &Item> {
        let mut stack: Vec<&Item> = self.items.iter().rev().collect();
        std::iter::from_fn(move || {
            let item = stack.pop()?;
            stack.extend(item.items.iter().rev());
            Some(item)
        })
    }

    /// The item with that link id.
    pub fn item(&self, link_id: &str) -> Option<&Item> {
        self.path(link_id).last().copied()
    }

    /// The way to an item, from the top down to itself; empty if there is none.
    pub fn path(&self, link_id: &str) -> Vec<&Item> {
        let Some(steps) = self.index.get(link_id) else {
            return Vec::new();
        };
        let mut level = self.items.as_slice();
        let mut path = Vec::with_capacity(steps.len());
        for step in steps {
            let Some(item) = level.get(*step) else { break };
            path.push(item);
            level = &item.items;
        }
        path
    }

    /// Every item with that role, in the order of the form.
    pub fn by_role(&self, role: Role) -> impl Iterator<Item = &Item> {
        self.walk().filter(move |item| item.role() == Some(role))
    }

    /// Every option that an item can ever have: its own, or those of the items it takes them from
    /// without the exclusive ones; a text gives one option, its problem with its question.
    pub fn possible_options<'a>(&'a self, item: &'a Item) -> Vec<&'a AnswerOption> {
        if item.options_from.is_empty() {
            return item.options.iter().collect();
        }
        item.options_from.iter().flat_map(|link_id| self.offered_by(link_id)).collect()
    }

    /// What an item offers those that take their options from it; empty when none does.
    pub fn offered_by(&self, link_id: &str) -> &[AnswerOption] {
        self.offered.get(link_id).map_or(&[], Vec::as_slice)
    }
}

/// What a source item of `options-from` offers.
fn options_of_source(source: &Item) -> Vec<AnswerOption> {
    if source.kind.has_options() {
        let all = source.options.iter().filter(|option| !option.exclusive);
        return all.map(|option| AnswerOption { selected: false, ..option.clone() }).collect();
    }
    let code = match (source.kind, source.problem()) {
        (ItemType::Group | ItemType::Display, _) | (_, None) => return Vec::new(),
        (_, Some(code)) => code,
    };
    let value = Value::Coding(Coding::new(super::codes::PROBLEM, code));
    vec![AnswerOption::new(value, source.text.clone())]
}

fn fill_index(items: &[Item], path: &mut Vec<usize>, index: &mut BTreeMap<String, Vec<usize>>) {
    for (position, item) in items.iter().enumerate() {
        path.push(position);
        index.entry(item.link_id.clone()).or_insert_with(|| path.clone());
        fill_index(&item.items, path, index);
        path.pop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form() -> Questionnaire {
        let mut group = Item::new("g", ItemType::Group, "");
        group.items = vec![Item::new("a", ItemType::Text, "A"), Item::new("b", ItemType::Text, "B")];
        let last = Item::new("c", ItemType::Boolean, "C");
        let metadata = Metadata::new("https://example.org/fhir/Questionnaire/form", "1", "Form");
        Questionnaire::new(metadata, vec![group, last])
    }

    #[test]
    fn walks_in_order_and_finds_by_id() {
        let form = form();
        let ids: Vec<_> = form.walk().map(|item| item.link_id.as_str()).collect();
        assert_eq!(ids, ["g", "a", "b", "c"]);
        let path: Vec<_> = form.path("b").iter().map(|item| item.link_id.as_str()).collect();
        assert_eq!(path, ["g", "b"]);
        assert!(form.item("x").is_none());
        assert_eq!(form.name(), "form");
    }

    #[test]
    fn a_language_counts_when_every_text_has_it() {
        let (metadata, mut items) = form().into_parts();
        let translate = |item: &mut Item| {
            item.text.translations.insert(Language::nn(), "x".into());
        };
        translate(&mut items[1]);
        items[0].items.iter_mut().for_each(translate);
        let form = Questionnaire::new(metadata, items);
        assert_eq!(form.languages(), [Language::nb(), Language::nn()]);
    }
}
