//! Writes a visit as an `Appointment` of R4.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

use super::party::{Party, instant};
use crate::fhir::urls;

/// A visit.
#[derive(Debug, Clone)]
pub struct AppointmentInput<'a> {
    /// Id.
    pub id: Uuid,
    /// The EHR's id.
    pub external_id: Option<&'a str>,
    /// `booked` or `cancelled`.
    pub status: &'a str,
    /// Start.
    pub starts_at: DateTime<Utc>,
    /// Whose.
    pub patient: Uuid,
    /// Where.
    pub unit: &'a Party,
}

/// Writes it. The end is not known here, and R4 wants start and end or neither (app-2): it says that
/// it is unknown.
pub fn appointment(input: &AppointmentInput<'_>) -> Json {
    let mut object = Map::new();
    object.insert("resourceType".into(), "Appointment".into());
    object.insert("id".into(), input.id.to_string().into());
    if let Some(id) = input.external_id {
        object.insert("identifier".into(), json!([{"value": id}]));
    }
    object.insert("status".into(), input.status.into());
    object.insert("start".into(), instant(input.starts_at));
    object.insert("_end".into(), json!({"extension": [{"url": urls::ABSENT_REASON, "valueCode": "unknown"}]}));
    let actors = [json!({"reference": format!("Patient/{}", input.patient)}), input.unit.reference()];
    let participants: Vec<Json> = actors.into_iter().map(|actor| json!({"actor": actor, "status": "accepted"})).collect();
    object.insert("participant".into(), participants.into());
    Json::Object(object)
}
