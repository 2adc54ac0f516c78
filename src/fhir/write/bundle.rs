//! Writes resources as a `Bundle` of R4.

use chrono::{DateTime, Utc};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::party::instant;

/// A document of everything that is given, each resource under its address below `base`. Several
/// versions of one resource share the address and tell themselves apart by `meta.versionId` (bdl-7).
pub fn collection(id: Uuid, base: &str, at: DateTime<Utc>, resources: Vec<Json>) -> Json {
    let entries: Vec<Json> =
        resources.into_iter().map(|resource| json!({"fullUrl": address(base, &resource), "resource": resource})).collect();
    let mut bundle = json!({"resourceType": "Bundle", "id": id, "type": "collection", "timestamp": instant(at)});
    // FHIR JSON has no empty arrays.
    if let (Some(bundle), false) = (bundle.as_object_mut(), entries.is_empty()) {
        bundle.insert("entry".into(), entries.into());
    }
    bundle
}

fn address(base: &str, resource: &Json) -> String {
    let word = |name: &str| resource[name].as_str().unwrap_or_default();
    format!("{base}/{}/{}", word("resourceType"), word("id"))
}
