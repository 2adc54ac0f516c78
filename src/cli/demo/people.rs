//! The invented people of the demo, from `people.json`.

use chrono::NaiveDate;
use serde::Deserialize;

#[derive(Debug, Deserialize)]
pub(super) struct People {
    pub(super) organizations: Vec<Organization>,
    pub(super) units: Vec<Unit>,
    pub(super) clinicians: Vec<Clinician>,
    pub(super) patients: Vec<Patient>,
    pub(super) answers: Vec<Answers>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Organization {
    pub(super) key: String,
    pub(super) name: String,
    pub(super) kind: String,
    #[serde(rename = "organization_number")]
    pub(super) number: String,
    pub(super) phone: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Unit {
    pub(super) key: String,
    pub(super) organization: String,
    pub(super) name: String,
    pub(super) phone: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Clinician {
    pub(super) name: String,
    pub(super) hpr: String,
    pub(super) organization: String,
    pub(super) roles: Vec<Role>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Role {
    pub(super) role: String,
    pub(super) unit: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Patient {
    pub(super) organization: String,
    pub(super) name: String,
    pub(super) birth_date: NaiveDate,
    pub(super) national_id: String,
    pub(super) language: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Answers {
    pub(super) score: u8,
    pub(super) problems: Vec<String>,
    pub(super) none: Vec<String>,
    pub(super) other: Option<String>,
    pub(super) burdens_most: Vec<String>,
    pub(super) follow_up: String,
    pub(super) consent: Option<String>,
    pub(super) respondent: String,
}

/// Reads the file that is part of the program.
pub(super) fn people() -> Result<People, serde_json::Error> {
    serde_json::from_str(include_str!("people.json"))
}
