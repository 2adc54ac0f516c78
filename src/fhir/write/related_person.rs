//! Writes somebody who may answer in a patient's place as a `RelatedPerson` of R4.

use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::party::coding;
use crate::domain::respondent::Relation;

/// What is known about them.
#[derive(Clone)]
pub struct RelatedInput<'a> {
    /// Id.
    pub id: Uuid,
    /// Reference of the patient, such as `Patient/<id>`.
    pub patient: &'a str,
    /// National identifier: system, value.
    pub identifier: (&'a str, &'a str),
    /// Name as one text.
    pub name: &'a str,
    /// On what ground they act.
    pub relation: Relation,
}

/// Writes it.
pub fn related_person(input: &RelatedInput<'_>) -> Json {
    json!({
        "resourceType": "RelatedPerson",
        "id": input.id.to_string(),
        "identifier": [{"system": input.identifier.0, "value": input.identifier.1}],
        "patient": {"reference": input.patient},
        "relationship": [{"coding": [coding("relation", input.relation.word())]}],
        "name": [{"text": input.name}],
    })
}
