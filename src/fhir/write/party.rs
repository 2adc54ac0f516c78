//! References, instants and coded words that several resources share.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

use crate::fhir::urls;

/// Somebody or something that is named without a resource of its own in the document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Party {
    /// Type of the resource it would be, such as `Practitioner`; none for a session.
    pub kind: Option<&'static str>,
    /// Opaque id.
    pub id: Option<Uuid>,
    /// Name, where it is known.
    pub name: Option<String>,
}

impl Party {
    /// A reference by identifier and name.
    pub(super) fn reference(&self) -> Json {
        let mut object = Map::new();
        if let Some(kind) = self.kind {
            object.insert("type".into(), kind.into());
        }
        if let Some(id) = self.id {
            object.insert("identifier".into(), json!({"system": urls::URI, "value": format!("urn:uuid:{id}")}));
        }
        if let Some(name) = self.name.as_deref().filter(|name| !name.is_empty()) {
            object.insert("display".into(), name.into());
        }
        Json::Object(object)
    }
}

/// An instant as FHIR writes it.
pub(super) fn instant(at: DateTime<Utc>) -> Json {
    at.to_rfc3339_opts(SecondsFormat::Secs, true).into()
}

/// An instant with all of its digits, as `meta.lastUpdated` has it: who asks for what came later than it
/// must not get the same once more.
pub(super) fn precise(at: DateTime<Utc>) -> Json {
    at.to_rfc3339_opts(SecondsFormat::AutoSi, true).into()
}

/// A word of a code system of the product.
pub(super) fn coding(system: &str, code: &str) -> Json {
    json!({"system": format!("{}CodeSystem/{system}", urls::FORM_BASE), "code": code})
}
