//! Everything that is held about a patient, for the patient: as a FHIR Bundle and as a page.
//!
//! To add a kind of data: read it in `collect`, give it in `bundle.rs` and in `page.rs`.

mod bundle;
mod page;

use super::Services;
use super::audit::{self, Caller, Deed};
use super::draft;
use super::fault::{Fault, unit_error};
use super::fhir::originals::body as as_it_came;
use super::issue_invitations::Contact;
use super::library::Form;
use super::representatives::{Representative, with_numbers};
use super::responses::{form_of, open};
use super::vault::{PatientCipher, Person, open_patient};
use crate::domain::answers::Answers;
use crate::domain::identifier::IdentifierSystem;
use crate::domain::ids::{OrganizationId, PatientId, ResponseId, UnitId};
use crate::domain::language::Language;
use crate::domain::respondent::Respondent;
use crate::storage::Snapshot;
use crate::storage::access_log::{self, Entry};
use crate::storage::appointments::{self, Appointment};
use crate::storage::drafts::{self, Draft};
use crate::storage::invitations::{self, Invitation, Times};
use crate::storage::notices;
use crate::storage::organizations::{self, Organization};
use crate::storage::originals;
use crate::storage::patients::{self, Patient};
use crate::storage::responses::{self, Response, Review, Version};
use chrono::{DateTime, Utc};
use serde_json::Value;
use std::collections::HashMap;
use std::sync::Arc;
use uuid::Uuid;

/// Entries of the access log that are read at once.
const LOG_AT_ONCE: u64 = 500;

/// Why not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No such organization or patient.
    #[error("no such {0}")]
    NotFound(&'static str),
    /// The patient has been erased: nothing is held.
    #[error("the patient has been erased: nothing is held any more")]
    Erased,
    /// Below.
    #[error(transparent)]
    Fault(#[from] Fault),
}

unit_error!(Error);

/// What is given out.
#[derive(Clone)]
pub struct Export {
    /// FHIR R4 `Bundle` of type collection.
    pub bundle: Value,
    /// A page of HTML that needs nothing beside it.
    pub page: String,
}

/// Everything that is held, opened.
struct Record {
    at: DateTime<Utc>,
    id: Uuid,
    base_url: String,
    organization: Organization,
    patient: Patient,
    person: Person,
    contact: Option<Contact>,
    no_mails_since: Option<DateTime<Utc>>,
    identifiers: Vec<(String, String, String)>,
    representatives: Vec<(Representative, IdentifierSystem, String)>,
    visits: Vec<Appointment>,
    invitations: Vec<Asked>,
    responses: Vec<Answered>,
    drafts: Vec<Drafted>,
    log: Vec<Entry>,
    names: Names,
}

/// Names of who and what the rows point to.
struct Names {
    units: HashMap<UnitId, String>,
    people: HashMap<Uuid, String>,
}

impl Names {
    fn unit(&self, id: UnitId) -> String {
        self.units.get(&id).cloned().unwrap_or_default()
    }

    fn person(&self, id: Uuid) -> Option<String> {
        self.people.get(&id).cloned()
    }
}

/// An invitation with its form.
struct Asked {
    invitation: Invitation,
    times: Times,
    form: Arc<Form>,
}

/// A response with everything in it.
struct Answered {
    response: Response,
    form: Arc<Form>,
    versions: Vec<(Version, Answers, Respondent)>,
    /// What other systems sent, as it came, by version.
    originals: Vec<(i32, Vec<u8>)>,
    reviews: Vec<Review>,
}

/// A draft, opened.
struct Drafted {
    draft: Draft,
    form: Arc<Form>,
    answers: Answers,
    respondent: Option<Respondent>,
}

/// Gives out everything. That it was done is in the access log before it is.
pub async fn export(services: &Services, organization: OrganizationId, patient: PatientId, language: &Language) -> Result<Export, Error> {
    let context = (services.clone(), organization, patient);
    let record = services
        .db
        .read(context, |(services, organization, patient), snapshot| Box::pin(collect(services, *organization, *patient, snapshot)))
        .await?;
    let export = Export { bundle: bundle::of(&record)?, page: page::of(&record, language).html().map_err(Fault::from)? };
    let caller = Caller::system(organization, "command:patient-export");
    audit::commit_read(services, &caller, Deed::done("patient.export", Some(("patient", patient.0)), vec![patient])).await?;
    Ok(export)
}

async fn collect(services: &Services, id: OrganizationId, patient: PatientId, snapshot: &Snapshot) -> Result<Record, Error> {
    let organization = organizations::organization(snapshot, id).await?.ok_or(Error::NotFound("organization"))?;
    let row = patients::find(snapshot, id, patient).await?.ok_or(Error::NotFound("patient"))?;
    let (cipher, person) = open_patient(&services.vault, snapshot, &row).await?.ok_or(Error::Erased)?;
    let contact = match &row.contact_sealed {
        None => None,
        Some(sealed) => {
            let plain = cipher.open("patient", "contact_sealed", patient.0, 0, sealed)?;
            Some(serde_json::from_slice(&plain).map_err(|_| Fault::Content("contact"))?)
        }
    };
    let mut identifiers = Vec::new();
    for one in patients::identifiers(snapshot, id, patient).await? {
        let value = cipher.open_text("patient_identifier", "value_sealed", one.id.0, &one.value_sealed)?;
        identifiers.push((one.system, one.assigner, value));
    }
    let representatives = with_numbers(snapshot, &cipher, id, patient).await?;
    let invitations = asked(services, snapshot, &row).await?;
    let now = services.now();
    Ok(Record {
        at: now,
        id: crate::domain::ids::uuid_v7(now, services.entropy.as_ref()),
        base_url: format!("{}/fhir", services.rules.base_url),
        no_mails_since: notices::stopped_at(snapshot, id, patient).await?,
        visits: appointments::of_patient(snapshot, id, patient).await?,
        responses: responses_of(services, &cipher, snapshot, &row).await?,
        drafts: drafts_of(&cipher, snapshot, &invitations).await?,
        invitations,
        log: log_of(snapshot, &row).await?,
        names: names(snapshot, id).await?,
        organization,
        patient: row,
        person,
        contact,
        identifiers,
        representatives,
    })
}

async fn asked(services: &Services, snapshot: &Snapshot, patient: &Patient) -> Result<Vec<Asked>, Fault> {
    let times = invitations::times_of_patient(snapshot, patient.organization, patient.id).await?;
    let mut all = Vec::new();
    for invitation in invitations::of_patient(snapshot, patient.organization, patient.id).await? {
        let form = services.library.find(&invitation.questionnaire_name, Some(&invitation.questionnaire_version));
        let form = form.ok_or(Fault::Content("questionnaire of an invitation"))?;
        all.push(Asked { times: times.get(&invitation.id).copied().unwrap_or_default(), invitation, form });
    }
    Ok(all)
}

async fn responses_of(services: &Services, cipher: &PatientCipher, snapshot: &Snapshot, patient: &Patient) -> Result<Vec<Answered>, Fault> {
    let mut all = Vec::new();
    for response in responses::of_patient(snapshot, patient.organization, patient.id).await? {
        let form = form_of(services, &response)?;
        let mut versions = Vec::new();
        for version in responses::versions(snapshot, response.id).await? {
            let opened = open(cipher, &form, &version)?;
            versions.push((version, opened.answers, opened.respondent));
        }
        let reviews = responses::reviews(snapshot, response.id).await?;
        let mut originals = Vec::new();
        for row in originals::of(snapshot, patient.organization, &[response.id]).await? {
            originals.push((row.version, as_it_came(cipher, &row)?));
        }
        all.push(Answered { response, form, versions, originals, reviews });
    }
    Ok(all)
}

async fn drafts_of(cipher: &PatientCipher, snapshot: &Snapshot, invitations: &[Asked]) -> Result<Vec<Drafted>, Fault> {
    let mut all = Vec::new();
    for Asked { invitation, form, .. } in invitations {
        let Some(row) = drafts::of_invitation(snapshot, invitation.organization, invitation.id).await? else { continue };
        let content = draft::open(cipher, form, &row)?;
        all.push(Drafted { draft: row, form: Arc::clone(form), answers: content.answers, respondent: content.respondent });
    }
    Ok(all)
}

/// The whole log of the patient, oldest first.
async fn log_of(snapshot: &Snapshot, patient: &Patient) -> Result<Vec<Entry>, Fault> {
    let mut all: Vec<Entry> = Vec::new();
    loop {
        let before = all.last().map(|entry| entry.id);
        let page = access_log::of_patient(snapshot, patient.organization, patient.id, None, before, LOG_AT_ONCE).await?;
        let more = u64::try_from(page.len()).unwrap_or(0) == LOG_AT_ONCE;
        all.extend(page);
        if !more {
            all.reverse();
            return Ok(all);
        }
    }
}

async fn names(snapshot: &Snapshot, organization: OrganizationId) -> Result<Names, Fault> {
    let units = organizations::units(snapshot, Some(organization)).await?.into_iter().map(|unit| (unit.id, unit.name)).collect();
    let clinicians = organizations::clinicians(snapshot).await?.into_iter().filter(|one| one.organization == organization);
    let clients = organizations::clients(snapshot, Some(organization)).await?.into_iter();
    let people = clinicians.map(|one| (one.id.0, one.name)).chain(clients.map(|one| (one.id.0, one.name))).collect();
    Ok(Names { units, people })
}

/// The response of an invitation among those that are held.
fn response_of(record: &Record, invitation: &Invitation) -> Option<ResponseId> {
    let own = record.responses.iter().find(|one| one.response.invitation == Some(invitation.id));
    own.map(|one| one.response.id)
}
