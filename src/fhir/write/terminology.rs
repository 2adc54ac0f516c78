//! Writes words of the product as `CodeSystem` and `ValueSet` of R4.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

use super::party::instant;
use crate::fhir::urls;

/// A code with its words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Concept {
    /// Its system.
    pub system: String,
    /// Code.
    pub code: String,
    /// Words, where there are any.
    pub display: Option<String>,
}

/// Codes that belong together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// Id, also the end of the address.
    pub id: String,
    /// Canonical address of the value set, where it is another than ours.
    pub url: Option<String>,
    /// Name for machines.
    pub name: String,
    /// Title for people.
    pub title: String,
    /// The codes.
    pub concepts: Vec<Concept>,
}

impl Terms {
    /// Canonical address of the code system.
    pub fn system(&self) -> String {
        format!("{}CodeSystem/{}", urls::FORM_BASE, self.id)
    }

    /// Canonical address of the value set.
    pub fn value_set_url(&self) -> String {
        self.url.clone().unwrap_or_else(|| format!("{}ValueSet/{}", urls::FORM_BASE, self.id))
    }
}

fn head(kind: &str, terms: &Terms, url: String) -> Map<String, Json> {
    let mut object = Map::new();
    object.insert("resourceType".into(), kind.into());
    object.insert("id".into(), terms.id.as_str().into());
    object.insert("url".into(), url.into());
    object.insert("version".into(), env!("CARGO_PKG_VERSION").into());
    object.insert("name".into(), terms.name.as_str().into());
    object.insert("title".into(), terms.title.as_str().into());
    object.insert("status".into(), "active".into());
    object.insert("experimental".into(), false.into());
    object
}

fn concept(one: &Concept) -> Map<String, Json> {
    let mut object = Map::new();
    object.insert("code".into(), one.code.as_str().into());
    if let Some(display) = &one.display {
        object.insert("display".into(), display.as_str().into());
    }
    object
}

/// The codes as a system of their own.
pub fn code_system(terms: &Terms) -> Json {
    let mut object = head("CodeSystem", terms, terms.system());
    object.insert("caseSensitive".into(), true.into());
    object.insert("valueSet".into(), terms.value_set_url().into());
    object.insert("content".into(), "complete".into());
    object.insert("count".into(), terms.concepts.len().into());
    object.insert("concept".into(), terms.concepts.iter().map(concept).collect());
    Json::Object(object)
}

/// The codes as a value set, each listed under its system.
pub fn value_set(terms: &Terms) -> Json {
    let mut object = head("ValueSet", terms, terms.value_set_url());
    object.insert("compose".into(), json!({"include": includes(&terms.concepts)}));
    Json::Object(object)
}

fn includes(concepts: &[Concept]) -> Vec<Json> {
    let mut systems: Vec<&str> = Vec::new();
    for one in concepts {
        if !systems.contains(&one.system.as_str()) {
            systems.push(&one.system);
        }
    }
    let include = |system: &&str| {
        let own: Vec<Json> = concepts.iter().filter(|one| one.system == **system).map(|one| Json::Object(concept(one))).collect();
        json!({"system": system, "concept": own})
    };
    systems.iter().map(include).collect()
}

/// The same with its expansion: codes whose code or words hold `filter`, from `offset`, `count` at most.
pub fn expansion(terms: &Terms, id: Uuid, at: DateTime<Utc>, filter: &str, offset: usize, count: Option<usize>) -> Json {
    let filter = filter.to_lowercase();
    let holds = |text: &str| text.to_lowercase().contains(&filter);
    let fits = |one: &&Concept| holds(&one.code) || one.display.as_deref().is_some_and(holds);
    let all: Vec<&Concept> = terms.concepts.iter().filter(fits).collect();
    let total = all.len();
    let shown = all.into_iter().skip(offset).take(count.unwrap_or(usize::MAX));
    let contains: Vec<Json> = shown
        .map(|one| {
            let mut own = concept(one);
            own.insert("system".into(), one.system.as_str().into());
            Json::Object(own)
        })
        .collect();
    let mut expansion = json!({"identifier": format!("urn:uuid:{id}"), "timestamp": instant(at), "total": total, "offset": offset});
    if let (Some(expansion), false) = (expansion.as_object_mut(), contains.is_empty()) {
        expansion.insert("contains".into(), contains.into());
    }
    let mut set = value_set(terms);
    if let Some(set) = set.as_object_mut() {
        set.insert("expansion".into(), expansion);
    }
    set
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms() -> Terms {
        let concept =
            |system: &str, code: &str, display: &str| Concept { system: system.into(), code: code.into(), display: Some(display.into()) };
        Terms {
            id: "one".into(),
            url: None,
            name: "One".into(),
            title: "One".into(),
            concepts: vec![concept("s", "a", "Alpha"), concept("s", "b", "Beta"), concept("t", "c", "Gamma")],
        }
    }

    #[test]
    fn an_expansion_is_filtered_and_paged() {
        let at = DateTime::UNIX_EPOCH;
        let codes = |filter, offset, count| {
            let set = expansion(&terms(), Uuid::nil(), at, filter, offset, count);
            let all = set["expansion"]["contains"].as_array().cloned().unwrap_or_default();
            all.iter().filter_map(|one| one["code"].as_str().map(str::to_owned)).collect::<Vec<_>>()
        };
        assert_eq!(codes("", 0, None), ["a", "b", "c"]);
        assert_eq!(codes("ET", 0, None), ["b"]);
        assert_eq!(codes("", 1, Some(1)), ["b"]);
        assert!(codes("x", 0, None).is_empty());
    }

    #[test]
    fn a_set_lists_each_system_once() {
        let set = value_set(&terms());
        let include = set["compose"]["include"].as_array().cloned().unwrap_or_default();
        assert_eq!(include.len(), 2);
        assert_eq!(include[0]["concept"].as_array().map(Vec::len), Some(2));
    }
}
