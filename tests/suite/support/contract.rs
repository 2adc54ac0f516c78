//! `openapi.yaml` as data, and the check of every answer against it.

use super::app::Answer;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::{LazyLock, Mutex};

/// The contract.
pub static CONTRACT: LazyLock<Value> = LazyLock::new(|| {
    let text = include_str!("../../../openapi.yaml");
    serde_yaml_ng::from_str(text).expect("openapi.yaml is YAML")
});

/// Follows a `$ref` inside the document.
pub fn resolve(value: &Value) -> &Value {
    match value.get("$ref").and_then(Value::as_str) {
        Some(pointer) => resolve(CONTRACT.pointer(pointer.trim_start_matches('#')).unwrap_or_else(|| panic!("{pointer} leads nowhere"))),
        None => value,
    }
}

/// The documented path that a concrete one belongs to.
pub fn template(path: &str) -> Option<String> {
    let path = path.split('?').next().unwrap_or_default();
    let parts: Vec<&str> = path.split('/').collect();
    let fits = |template: &str| {
        let own: Vec<&str> = template.split('/').collect();
        own.len() == parts.len() && own.iter().zip(&parts).all(|(own, part)| own == part || (own.starts_with('{') && !part.is_empty()))
    };
    let paths = CONTRACT["paths"].as_object().expect("paths");
    // A literal path wins over one with parameters.
    let mut found: Vec<&String> = paths.keys().filter(|template| fits(template)).collect();
    found.sort_by_key(|template| template.matches('{').count());
    found.first().map(|template| (*template).clone())
}

/// The operation of a method and path.
pub fn operation(method: &str, path: &str) -> Option<&'static Value> {
    let template = template(path)?;
    CONTRACT["paths"][template.as_str()].get(method.to_lowercase())
}

static VALIDATORS: LazyLock<Mutex<HashMap<String, std::sync::Arc<jsonschema::Validator>>>> = LazyLock::new(Mutex::default);

/// A validator for a schema of the document.
pub fn validator(schema: &Value) -> std::sync::Arc<jsonschema::Validator> {
    let key = schema.to_string();
    let mut known = VALIDATORS.lock().expect("validators");
    known
        .entry(key)
        .or_insert_with(|| {
            let document =
                json!({"$schema": "https://json-schema.org/draft/2020-12/schema", "components": CONTRACT["components"], "allOf": [schema]});
            std::sync::Arc::new(jsonschema::options().should_validate_formats(true).build(&document).expect("a schema"))
        })
        .clone()
}

/// Panics when the contract does not foresee the answer.
pub fn check(method: &str, path: &str, answer: &Answer) {
    let Some(operation) = operation(method, path) else {
        // Unknown paths and methods are problems all the same.
        if path.starts_with("/api/") && method != "HEAD" {
            assert!(matches!(answer.code(), "route-not-found" | "method-not-allowed"), "{method} {path}: {}", answer.text);
        }
        return;
    };
    let at = format!("{method} {} {}", template(path).unwrap_or_default(), answer.status);
    let documented =
        operation["responses"].get(answer.status.to_string()).unwrap_or_else(|| panic!("{at} is not documented: {}", answer.text));
    let documented = resolve(documented);
    if path.starts_with("/api/") {
        assert!(answer.headers.contains_key("x-request-id"), "{at}: no X-Request-Id");
    }
    for (name, header) in documented["headers"].as_object().into_iter().flatten() {
        let required = resolve(header)["required"].as_bool() == Some(true);
        assert!(!required || answer.headers.contains_key(&name.to_lowercase()), "{at}: the header {name} is missing");
    }
    let Some(content) = documented["content"].as_object() else {
        assert!(answer.text.is_empty(), "{at}: a body that is not documented");
        return;
    };
    let media = answer.headers.get("content-type").cloned().unwrap_or_default();
    let essence = media.split(';').next().unwrap_or_default();
    let body = content.get(essence).unwrap_or_else(|| panic!("{at}: {essence} is not documented"));
    if essence.ends_with("json") {
        let validator = validator(&body["schema"]);
        let errors: Vec<String> = validator.iter_errors(&answer.json).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(errors.is_empty(), "{at}: {errors:?}\n{}", answer.text);
    }
    if essence == "application/problem+json" {
        let codes: Vec<&str> = documented["x-problem-codes"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        assert!(codes.contains(&answer.code()), "{at}: the code {} is not documented here", answer.code());
    }
}
