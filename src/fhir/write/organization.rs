//! Writes organizations with their units, and people, as `Organization` and `Practitioner` of R4.

use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

/// Register of Norwegian organizations (Enhetsregisteret).
const ORGANIZATION_NUMBER: &str = "urn:oid:2.16.578.1.12.4.1.4.101";
/// Register of health personnel (HPR).
const HPR_NUMBER: &str = "urn:oid:2.16.578.1.12.4.1.4.4";

/// An organization, or a unit as a part of one.
#[derive(Debug, Clone)]
pub struct OrganizationInput<'a> {
    /// Id.
    pub id: Uuid,
    /// Number in the register of organizations; a unit has none here.
    pub number: Option<&'a str>,
    /// The EHR's id of a unit.
    pub external_id: Option<&'a str>,
    /// Name.
    pub name: &'a str,
    /// Phone.
    pub phone: &'a str,
    /// Which one it is a part of.
    pub part_of: Option<Uuid>,
}

/// Writes it.
pub fn organization(input: &OrganizationInput<'_>) -> Json {
    let mut object = Map::new();
    object.insert("resourceType".into(), "Organization".into());
    object.insert("id".into(), input.id.to_string().into());
    let number = input.number.map(|number| json!({"system": ORGANIZATION_NUMBER, "value": number}));
    let external = input.external_id.map(|id| json!({"value": id}));
    let identifiers: Vec<Json> = number.into_iter().chain(external).collect();
    if !identifiers.is_empty() {
        object.insert("identifier".into(), identifiers.into());
    }
    object.insert("active".into(), true.into());
    object.insert("name".into(), input.name.into());
    if !input.phone.is_empty() {
        object.insert("telecom".into(), json!([{"system": "phone", "value": input.phone}]));
    }
    if let Some(whole) = input.part_of {
        object.insert("partOf".into(), json!({"reference": format!("Organization/{whole}")}));
    }
    Json::Object(object)
}

/// A person with roles.
#[derive(Debug, Clone)]
pub struct PractitionerInput<'a> {
    /// Id.
    pub id: Uuid,
    /// Name as one text.
    pub name: &'a str,
    /// Number in the register of health personnel.
    pub hpr_number: Option<&'a str>,
    /// Whether they may sign in.
    pub active: bool,
}

/// Writes it.
pub fn practitioner(input: &PractitionerInput<'_>) -> Json {
    let mut object = Map::new();
    object.insert("resourceType".into(), "Practitioner".into());
    object.insert("id".into(), input.id.to_string().into());
    if let Some(number) = input.hpr_number {
        object.insert("identifier".into(), json!([{"system": HPR_NUMBER, "value": number}]));
    }
    object.insert("active".into(), input.active.into());
    object.insert("name".into(), json!([{"text": input.name}]));
    Json::Object(object)
}
