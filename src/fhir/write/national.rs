//! Writes a form as the national platform's form filler (Refero) wants it: one resource for each language,
//! with nothing in it but that language, and several answers to a question by check boxes alone.
//!
//! It is made of the form as it is served otherwise, so that both say the same.

use serde_json::{Map, Value as Json, json};

use super::questionnaire::{form_id, questionnaire};
use crate::domain::language::Language;
use crate::domain::questionnaire::{Control, Questionnaire};
use crate::fhir::urls;

/// End of the id of a form in this shape and language.
fn suffix(language: &Language) -> String {
    format!("-helsenorge-{language}")
}

/// Id of the form in this shape and language: 64 characters at most, as R4 wants it.
pub fn national_id(form: &Questionnaire, language: &Language) -> String {
    let end = suffix(language);
    let start: String = form_id(form).chars().take(64_usize.saturating_sub(end.len())).collect();
    start + &end
}

/// The tag of a language as the platform writes it: with its country.
fn tag(language: &Language) -> String {
    match language.as_str() {
        "nb" | "nn" | "se" => format!("{language}-NO"),
        "en" => "en-GB".to_owned(),
        other => other.to_owned(),
    }
}

/// Writes the form in one of its languages.
pub fn national(form: &Questionnaire, language: &Language) -> Json {
    let mut resource = questionnaire(form, Some(language));
    let id = national_id(form, language);
    if let Some(object) = resource.as_object_mut() {
        object.insert("url".into(), format!("Questionnaire/{id}").into());
        object.insert("language".into(), tag(language).into());
        let tags = json!([{"system": "urn:ietf:bcp:47", "code": tag(language)}]);
        object.insert("meta".into(), json!({"profile": [urls::NATIONAL_PROFILE], "tag": tags}));
        object.insert("id".into(), id.into());
        // Which revision of which translation is in it is for who gets all of them.
        object.remove("extension");
        one_language(object);
        for item in object.get_mut("item").and_then(Json::as_array_mut).into_iter().flatten() {
            by_boxes(item);
        }
    }
    resource
}

/// Takes other languages out, and what is left empty by that.
fn one_language(object: &mut Map<String, Json>) {
    if let Some(all) = object.get_mut("extension").and_then(Json::as_array_mut) {
        all.retain(|one| one["url"] != urls::TRANSLATION);
        if all.is_empty() {
            object.remove("extension");
        }
    }
    for value in object.values_mut() {
        match value {
            Json::Object(inner) => one_language(inner),
            Json::Array(all) => all.iter_mut().filter_map(Json::as_object_mut).for_each(one_language),
            _ => {}
        }
    }
    object.retain(|_, value| value.as_object().is_none_or(|inner| !inner.is_empty()));
}

/// Check boxes take several answers by themselves; with `repeats` the filler would offer the whole question
/// again.
fn by_boxes(item: &mut Json) {
    let is_boxes = item["extension"]
        .as_array()
        .into_iter()
        .flatten()
        .any(|one| one["url"] == urls::ITEM_CONTROL && one["valueCodeableConcept"]["coding"][0]["code"] == Control::CheckBox.code());
    if let (Some(object), true) = (item.as_object_mut(), is_boxes) {
        object.remove("repeats");
    }
    for below in item.get_mut("item").and_then(Json::as_array_mut).into_iter().flatten() {
        by_boxes(below);
    }
}
