//! Writes what was seen or done as an `AuditEvent` of R4.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

use super::party::{Party, coding, instant};
use crate::fhir::urls;

/// Something that was seen or done.
#[derive(Debug, Clone)]
pub struct AuditInput<'a> {
    /// Id of the entry.
    pub id: Uuid,
    /// When.
    pub at: DateTime<Utc>,
    /// The product's word for it, such as `response.read`.
    pub action: &'a str,
    /// Who.
    pub agent: &'a Party,
    /// In which role.
    pub role: Option<&'a str>,
    /// The structured ground.
    pub ground: Option<&'a str>,
    /// Whether it was done; false: it was refused.
    pub done: bool,
    /// Whom it was about.
    pub patients: Vec<Uuid>,
    /// Reference of the object, such as `Task/<id>`, where it is another one.
    pub object: Option<String>,
    /// The service that says so.
    pub source: &'a str,
}

/// Create, read, update, delete or execute (R4 `audit-event-action`).
fn letter(action: &str) -> &'static str {
    let (object, verb) = action.split_once('.').unwrap_or((action, ""));
    match verb {
        _ if object == "retention" => "D",
        "read" | "summary" | "versions" | "timeline" | "search" | "print" | "paper" | "export" | "issue-again" => "R",
        "issue" | "register" | "submit" => "C",
        "save" | "amend" | "review" | "reissue" | "revoke" | "lock" | "expire" | "decline" | "retention" => "U",
        "erase" => "D",
        _ => "E",
    }
}

/// Writes it.
pub fn audit_event(input: &AuditInput<'_>) -> Json {
    let mut object = Map::new();
    object.insert("resourceType".into(), "AuditEvent".into());
    object.insert("id".into(), input.id.to_string().into());
    object.insert("type".into(), json!({"system": urls::DICOM, "code": "110110", "display": "Patient Record"}));
    object.insert("subtype".into(), json!([coding("action", input.action)]));
    object.insert("action".into(), letter(input.action).into());
    object.insert("recorded".into(), instant(input.at));
    object.insert("outcome".into(), if input.done { "0" } else { "4" }.into());
    if let Some(ground) = input.ground {
        object.insert("purposeOfEvent".into(), json!([{"coding": [coding("ground", ground)]}]));
    }
    let mut agent = json!({"who": input.agent.reference(), "requestor": true});
    if let (Some(agent), Some(role)) = (agent.as_object_mut(), input.role) {
        agent.insert("role".into(), json!([{"coding": [coding("role", role)]}]));
    }
    object.insert("agent".into(), json!([agent]));
    object.insert("source".into(), json!({"observer": {"display": input.source}}));
    let patients: Vec<String> = input.patients.iter().map(|id| format!("Patient/{id}")).collect();
    let role = || json!({"system": urls::OBJECT_ROLE, "code": "1", "display": "Patient"});
    let mut entities: Vec<Json> = patients.iter().map(|patient| json!({"what": {"reference": patient}, "role": role()})).collect();
    entities.extend(input.object.iter().filter(|own| !patients.contains(own)).map(|own| json!({"what": {"reference": own}})));
    // FHIR JSON has no empty arrays.
    if !entities.is_empty() {
        object.insert("entity".into(), entities.into());
    }
    Json::Object(object)
}
