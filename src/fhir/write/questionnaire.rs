//! Writes a form as strict R4 that form fillers show rightly.

use std::collections::BTreeSet;

use serde_json::{Map, Value as Json, json};

use super::item::{extra_option, item_json};
use super::value::{Primary, codes_json};
use crate::domain::language::Language;
use crate::domain::questionnaire::{AnswerOption, Questionnaire, ValueSet};
use crate::fhir::urls;

/// Id of a form as a resource: one for each version of it, which never changes. Of what an id may not
/// hold (R4 `id`) a hyphen is made.
pub fn form_id(form: &Questionnaire) -> String {
    let all = format!("{}-{}", form.name(), form.version());
    let sound = all.chars().map(|c| if c.is_ascii_alphanumeric() || matches!(c, '-' | '.') { c } else { '-' });
    sound.take(64).collect()
}

/// The form as a resource of the FHIR service, in all its languages, without `meta`.
pub fn form_resource(form: &Questionnaire) -> Json {
    let mut resource = questionnaire(form, None);
    if let Some(resource) = resource.as_object_mut() {
        resource.insert("id".into(), form_id(form).into());
        resource.insert("meta".into(), json!({"profile": [urls::SDC_PROFILE]}));
    }
    resource
}

/// Writes the form with its texts in the asked language, the form's own by default, and all
/// others as `translation` extensions. When a language is asked for, the codings of options have
/// their words in that language alone.
pub fn questionnaire(form: &Questionnaire, language: Option<&Language>) -> Json {
    let metadata = &form.metadata;
    let own = form.language();
    let spoken = form.languages();
    let asked = language.and_then(|asked| {
        let exact = spoken.iter().find(|known| *known == asked);
        exact.or_else(|| spoken.iter().find(|known| known.same_language(asked)))
    });
    let primary = Primary { own, asked: asked.unwrap_or(own), plain_options: language.is_some() };
    let mut object = Map::new();
    object.insert("resourceType".into(), "Questionnaire".into());
    put(&mut object, "id", metadata.id.as_deref());
    object.insert("language".into(), primary.asked.as_str().into());
    let contained: Vec<Json> = metadata.value_sets.iter().filter_map(|set| value_set(form, set, primary)).collect();
    if !contained.is_empty() {
        object.insert("contained".into(), contained.into());
    }
    let supplements = supplements(form, primary);
    if !supplements.is_empty() {
        object.insert("extension".into(), supplements.into());
    }
    object.insert("url".into(), metadata.url.as_str().into());
    object.insert("version".into(), metadata.version.as_str().into());
    put(&mut object, "name", metadata.name.as_deref());
    primary.put(&mut object, "title", &metadata.title);
    object.insert("status".into(), metadata.status.code().into());
    if metadata.experimental {
        object.insert("experimental".into(), true.into());
    }
    if !metadata.subject_types.is_empty() {
        object.insert("subjectType".into(), json!(metadata.subject_types));
    }
    put(&mut object, "date", metadata.date.as_deref());
    put(&mut object, "publisher", metadata.publisher.as_deref());
    if let Some(description) = &metadata.description {
        primary.put(&mut object, "description", description);
    }
    put(&mut object, "purpose", metadata.purpose.as_deref());
    put(&mut object, "copyright", metadata.copyright.as_deref());
    if !metadata.codes.is_empty() {
        object.insert("code".into(), codes_json(&metadata.codes, primary));
    }
    let items: Vec<Json> = form.items().iter().map(|item| item_json(form, item, primary)).collect();
    object.insert("item".into(), items.into());
    Json::Object(object)
}

fn put(object: &mut Map<String, Json>, name: &str, text: Option<&str>) {
    if let Some(text) = text {
        object.insert(name.to_owned(), text.into());
    }
}

/// Revision of each supplement, and the form's own language when another one stands first.
fn supplements(form: &Questionnaire, primary: Primary<'_>) -> Vec<Json> {
    let known = form.metadata.supplements.iter();
    let all = known.filter(|(language, _)| *language != primary.own);
    all.map(|(language, revision)| {
        json!({"url": urls::SUPPLEMENT, "extension": [
            {"url": "language", "valueCode": language.as_str()},
            {"url": "revision", "valuePositiveInt": revision},
        ]})
    })
    .collect()
}

/// A value set with its concepts both composed and expanded, since form fillers read either.
fn value_set(form: &Questionnaire, set: &ValueSet, primary: Primary<'_>) -> Option<Json> {
    let options = form.walk().find(|item| item.value_set.as_ref() == Some(&set.id)).map(|item| item.options.as_slice())?;
    let mut object = Map::new();
    object.insert("resourceType".into(), "ValueSet".into());
    object.insert("id".into(), set.id.as_str().into());
    put(&mut object, "url", set.url.as_deref());
    put(&mut object, "title", set.title.as_deref());
    object.insert("status".into(), "active".into());
    object.insert("compose".into(), json!({"include": includes(options, primary)}));
    let mut contains = Vec::new();
    for option in options {
        let mut concept = concept(option, primary);
        if let Some(system) = option.coding().and_then(|coding| coding.system.as_ref()) {
            concept.insert("system".into(), system.as_str().into());
        }
        contains.push(Json::Object(concept));
    }
    // The expansion has no moment of its own: it is as old as the form.
    let moment = form.metadata.date.as_deref().unwrap_or("1970-01-01");
    object.insert("expansion".into(), json!({"timestamp": moment, "contains": contains}));
    Some(Json::Object(object))
}

fn includes(options: &[AnswerOption], primary: Primary<'_>) -> Vec<Json> {
    let system_of = |option: &AnswerOption| option.coding().and_then(|c| c.system.clone());
    let mut seen = BTreeSet::new();
    let mut all = Vec::new();
    for option in options {
        let system = system_of(option);
        if !seen.insert(system.clone()) {
            continue;
        }
        let same = options.iter().filter(|other| system_of(other) == system);
        let concepts: Vec<Json> = same.map(|o| Json::Object(concept(o, primary))).collect();
        all.push(match system {
            Some(system) => json!({"system": system, "concept": concepts}),
            None => json!({"concept": concepts}),
        });
    }
    all
}

fn concept(option: &AnswerOption, primary: Primary<'_>) -> Map<String, Json> {
    let mut object = Map::new();
    let mut extension = extra_option(option);
    if let Some(ordinal) = option.ordinal {
        let value = super::value::number_json(&ordinal.to_string());
        extension.push(json!({"url": urls::ORDINAL, "valueDecimal": value}));
    }
    if !extension.is_empty() {
        object.insert("extension".into(), extension.into());
    }
    if let Some(coding) = option.coding() {
        object.insert("code".into(), coding.code.as_str().into());
    }
    primary.put(&mut object, "display", &option.label);
    object
}
