//! Writes a patient as a `Patient` of R4.

use chrono::NaiveDate;
use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

use super::party::Party;

/// What is known about a patient.
#[derive(Clone)]
pub struct PatientInput<'a> {
    /// Id.
    pub id: Uuid,
    /// Identifiers: system, who gave a local one, value.
    pub identifiers: &'a [(String, String, String)],
    /// Name as one text.
    pub name: &'a str,
    /// Birth date.
    pub birth_date: NaiveDate,
    /// E-mail address for notices.
    pub email: Option<&'a str>,
    /// Phone for notices.
    pub phone: Option<&'a str>,
    /// Preferred language.
    pub language: &'a str,
    /// Whose patient.
    pub organization: &'a Party,
}

/// Writes it.
pub fn patient(input: &PatientInput<'_>) -> Json {
    let mut object = Map::new();
    object.insert("resourceType".into(), "Patient".into());
    object.insert("id".into(), input.id.to_string().into());
    let identifiers: Vec<Json> = input.identifiers.iter().map(identifier).collect();
    if !identifiers.is_empty() {
        object.insert("identifier".into(), identifiers.into());
    }
    object.insert("name".into(), json!([{"text": input.name}]));
    let telecom = [("email", input.email), ("phone", input.phone)];
    let telecom: Vec<Json> = telecom.iter().filter_map(|(system, value)| Some(json!({"system": system, "value": (*value)?}))).collect();
    if !telecom.is_empty() {
        object.insert("telecom".into(), telecom.into());
    }
    object.insert("birthDate".into(), input.birth_date.to_string().into());
    let language = json!({"coding": [{"system": "urn:ietf:bcp:47", "code": input.language}]});
    object.insert("communication".into(), json!([{"language": language, "preferred": true}]));
    object.insert("managingOrganization".into(), input.organization.reference());
    Json::Object(object)
}

fn identifier((system, assigner, value): &(String, String, String)) -> Json {
    let mut one = json!({"system": system, "value": value});
    if !assigner.is_empty()
        && let Some(one) = one.as_object_mut()
    {
        one.insert("assigner".into(), json!({"display": assigner}));
    }
    one
}
