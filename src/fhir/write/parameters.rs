//! Writes what an operation of R4 answers with as `Parameters`.

use serde_json::{Map, Value as Json, json};

/// One parameter of an answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Answered {
    /// A resource.
    Resource(&'static str, Json),
    /// An address.
    Uri(&'static str, String),
}

/// Writes them.
pub fn parameters(all: Vec<Answered>) -> Json {
    let written: Vec<Json> = all.into_iter().map(one).collect();
    let mut object = Map::new();
    object.insert("resourceType".into(), "Parameters".into());
    // FHIR JSON has no empty arrays.
    if !written.is_empty() {
        object.insert("parameter".into(), written.into());
    }
    Json::Object(object)
}

fn one(answered: Answered) -> Json {
    match answered {
        Answered::Resource(name, resource) => json!({"name": name, "resource": resource}),
        Answered::Uri(name, uri) => json!({"name": name, "valueUri": uri}),
    }
}
