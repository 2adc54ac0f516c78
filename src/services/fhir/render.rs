//! Rows, opened, as resources.

use crate::domain::language::Language;
use crate::fhir::read::ResponseStatus;
use crate::fhir::write::{self, Giver, Party, PatientInput, ResponseMeta};
use crate::services::Fault;
use crate::services::fhir::Resource;
use crate::services::issue_invitations::Contact;
use crate::services::library::Form;
use crate::services::responses::open;
use crate::services::vault::{PatientCipher, Person};
use crate::storage::organizations::Organization;
use crate::storage::patients::{Patient, StoredIdentifier};
use crate::storage::responses::{Response, Version};
use serde_json::{Value, json};
use std::collections::HashMap;
use uuid::Uuid;

/// Names of those who enter answers, by id.
pub(super) type Names = HashMap<Uuid, String>;

/// A version of a response.
pub(super) fn response(response: &Response, row: &Version, cipher: &PatientCipher, form: &Form, names: &Names) -> Result<Resource, Fault> {
    let opened = open(cipher, form, row)?;
    let language = Language::parse(&row.language).map_err(|_| Fault::Content("language"))?;
    let subject = format!("Patient/{}", response.patient);
    let mut json = write::response(
        &form.questionnaire,
        &opened.answers,
        &ResponseMeta {
            id: Some(response.id.0),
            version: u32::try_from(row.version).ok(),
            status: if row.version == 1 { ResponseStatus::Completed } else { ResponseStatus::Amended },
            authored: Some(row.submitted_at),
            language: &language,
            subject: Some(subject.clone()),
            full_tree: false,
        },
    );
    let by = row.entered_by.map(|id| Party { kind: Some("Practitioner"), id: Some(id.0), name: names.get(&id.0).cloned() });
    let giver = Giver {
        respondent: &opened.respondent,
        patient: &subject,
        entered_by: by.as_ref(),
        consent: Some(&row.consent),
        answered_on: row.answered_on.map(|day| day.to_string()),
    };
    write::put_giver(&mut json, &giver);
    write::put_provenance(&mut json, row.submitted_at, response.invitation.map(|id| id.0));
    // People are served here, so the reference leads to them.
    if let (Some(by), Some(author)) = (by.as_ref().and_then(|by| by.id), json.get_mut("author").and_then(Value::as_object_mut))
        && author.remove("identifier").is_some()
    {
        author.insert("reference".into(), format!("Practitioner/{by}").into());
    }
    Ok(Resource { json, version: row.version, modified: row.submitted_at })
}

/// A patient; contact and identifiers are opened here.
pub(super) fn patient(
    row: &Patient,
    person: &Person,
    cipher: &PatientCipher,
    identifiers: &[StoredIdentifier],
    organization: &Organization,
) -> Result<Value, Fault> {
    let contact: Option<Contact> = match &row.contact_sealed {
        None => None,
        Some(sealed) => {
            let plain = cipher.open("patient", "contact_sealed", row.id.0, 0, sealed)?;
            Some(serde_json::from_slice(&plain).map_err(|_| Fault::Content("contact"))?)
        }
    };
    let mut opened = Vec::new();
    for one in identifiers {
        let value = cipher.open_text("patient_identifier", "value_sealed", one.id.0, &one.value_sealed)?;
        opened.push((one.system.clone(), one.assigner.clone(), value));
    }
    let whole = Party { kind: Some("Organization"), id: Some(organization.id.0), name: Some(organization.name.clone()) };
    let mut json = write::patient(&PatientInput {
        id: row.id.0,
        identifiers: &opened,
        name: &person.name,
        birth_date: person.birth_date,
        email: contact.as_ref().and_then(|contact| contact.email.as_deref()),
        phone: contact.as_ref().and_then(|contact| contact.phone.as_deref()),
        language: &row.language,
        organization: &whole,
    });
    if let Some(json) = json.as_object_mut() {
        let reference = json!({"reference": format!("Organization/{}", organization.id), "display": organization.name});
        json.insert("managingOrganization".into(), reference);
    }
    Ok(json)
}
