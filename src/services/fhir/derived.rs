//! What is drawn from responses: observations, the document, who gave the answers. Who may read a response
//! may read these; none of them is stored.

use super::originals::{self, Changes};
use super::search::{confine, filter, may_look, named, unlock};
use super::{Error, Listed, reach};
use crate::domain::ids::{PatientId, ResponseId};
use crate::domain::language::Language;
use crate::domain::policy::{Action, confined};
use crate::fhir::search::records::RecordSearch;
use crate::fhir::search::responses::{Person, ResponseSearch};
use crate::fhir::write::{self, ObservationInput, Party, VersionInput, version_id};
use crate::print::copy;
use crate::services::audit::{self, Deed};
use crate::services::library::Form;
use crate::services::responses::{Allowed, allow, deed, form_of, open, version_of};
use crate::services::vault::PatientCipher;
use crate::services::{Caller, Fault, Services};
use crate::storage::originals as rows_of_originals;
use crate::storage::response_search::{self as rows, Order};
use crate::storage::responses::{Response, Version};
use crate::storage::{Snapshot, appointments, invitations, organizations};
use serde_json::Value;
use std::collections::{BTreeSet, HashMap};
use uuid::Uuid;

/// Most responses that are opened for one search.
const MOST: usize = 500;

/// What is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Derived {
    /// `Observation`, of the newest version.
    Observation,
    /// `DocumentReference`, of every version.
    Document,
    /// `Provenance`, of every version.
    Provenance,
}

impl Derived {
    fn action(self) -> &'static str {
        if self == Self::Observation { "response.summary" } else { "response.read" }
    }
}

/// The resources of one version.
fn drawn(
    services: &Services,
    what: Derived,
    (row, version): (&Response, &Version),
    cipher: &PatientCipher,
    (form, names, changes): (&Form, &super::render::Names, &Changes),
) -> Result<Vec<Value>, Fault> {
    let opened = open(cipher, form, version)?;
    let language = Language::parse(&version.language).map_err(|_| Fault::Content("language"))?;
    let subject = format!("Patient/{}", row.patient);
    let by = version.entered_by.map(|id| Party { kind: Some("Practitioner"), id: Some(id.0), name: names.get(&id.0).cloned() });
    let input = VersionInput {
        response: row.id.0,
        version: version.version,
        at: version.submitted_at,
        patient: &subject,
        respondent: &opened.respondent,
        entered_by: by.as_ref(),
        title: form.questionnaire.title(&language),
        language: language.as_str(),
        organization: row.organization.0,
        received: changes.get(&(row.id, version.version)).map(|all| all.iter().map(|one| (one.code.as_str(), one.path.as_str())).collect()),
    };
    Ok(match what {
        Derived::Observation => write::observations(&ObservationInput {
            response: row.id.0,
            source: Some(&format!("QuestionnaireResponse/{}", row.id)),
            questionnaire: &form.questionnaire,
            answers: &opened.answers,
            respondent: &opened.respondent,
            subject: Some(&subject),
            effective: version.submitted_at,
            language: &language,
        }),
        Derived::Document => {
            vec![write::document_reference(&input, &format!("{}/fhir", services.rules.base_url), version.version == row.version)]
        }
        Derived::Provenance => vec![write::provenance(&input)],
    })
}

/// The response in an id of what is drawn from it, and what stands after it.
fn parts(id: &str) -> Option<(ResponseId, &str)> {
    let (response, rest) = (id.get(..32)?, id.get(32..)?.strip_prefix('-')?);
    let response = Uuid::try_parse(response).ok().filter(|own| own.simple().to_string() == response)?;
    Some((ResponseId(response), rest))
}

/// One of them.
pub async fn derived(services: &Services, caller: &Caller, what: Derived, id: String) -> Result<Value, Error> {
    let context = (services.clone(), caller.clone(), what, id);
    let (found, deed) = services
        .db
        .read(context, |(services, caller, what, id), snapshot| {
            Box::pin(async move {
                let (response, rest) = parts(id).ok_or(Error::NotFound)?;
                let allowed = allow(services, caller, response, snapshot).await?;
                let number = if *what == Derived::Observation { None } else { Some(rest.parse().map_err(|_| Error::NotFound)?) };
                let version = version_of(snapshot, &allowed.response, number).await?;
                let names = super::responses::names(snapshot, allowed.response.organization, std::slice::from_ref(&version)).await?;
                let changes = match what {
                    Derived::Provenance => {
                        let of = [response];
                        originals::changes_of(snapshot, allowed.response.organization, &of, |_| Some(&allowed.cipher)).await?
                    }
                    _ => Changes::new(),
                };
                let all = drawn(services, *what, (&allowed.response, &version), &allowed.cipher, (&allowed.form, &names, &changes))?;
                let found = all.into_iter().find(|json| json["id"] == id.as_str()).ok_or(Error::NotFound)?;
                Ok::<_, Error>((found, deed(what.action(), &allowed)))
            })
        })
        .await?;
    audit::commit_read(services, caller, deed).await?;
    Ok(found)
}

/// Those that fit, of responses to the named patients or with the named ids.
pub async fn search_derived(services: &Services, caller: &Caller, what: Derived, search: RecordSearch) -> Result<Listed, Error> {
    may_look(caller)?;
    let context = (services.clone(), caller.clone(), what, search);
    let (found, deed) = services
        .db
        .read(context, |(services, caller, what, search), snapshot| {
            Box::pin(async move { search_in(services, caller, snapshot, *what, search).await })
        })
        .await?;
    audit::commit_read(services, caller, deed).await?;
    Ok(found)
}

async fn search_in(
    services: &Services,
    caller: &Caller,
    snapshot: &Snapshot,
    what: Derived,
    search: &RecordSearch,
) -> Result<(Listed, Deed), Error> {
    let organization = caller.actor.organization();
    let by_id = search.ids.iter().map(|list| list.iter().map(|id| parts(id).map_or_else(Uuid::nil, |(response, _)| response.0)).collect());
    let wanted = ResponseSearch { ids: search.responses.iter().cloned().chain(by_id).collect(), ..ResponseSearch::default() };
    let only = confined(&caller.actor, Action::ReadAnswers)?;
    let named = named(services, caller, (&search.patients, only), snapshot).await?;
    let by_number = search.patients.iter().flatten().any(|person| matches!(person, Person::Identifier(_)));
    let shown = if by_number { named.iter().flatten().copied().collect() } else { Vec::new() };
    // Without a status to look for, something can always fit.
    let mut filter = filter(services, &wanted).ok_or(Error::NotFound)?;
    filter.patients = named.map(|ids| ids.into_iter().collect());
    let ground = confine(services, caller, &mut filter, snapshot).await?;
    let order = Order { descending: true, after: None };
    let found = rows::find(snapshot, organization, &filter, order, MOST as u64 + 1).await?;
    if found.len() > MOST {
        return Err(Error::TooMany("patient"));
    }
    let ciphers = unlock(services, snapshot, &found).await?;
    let versions = rows::versions(snapshot, &found).await?;
    let staff = super::responses::names(snapshot, organization, &versions).await?;
    let changes = match what {
        Derived::Provenance => {
            let ids: Vec<ResponseId> = found.iter().map(|row| row.id).collect();
            let owners: HashMap<ResponseId, PatientId> = found.iter().map(|row| (row.id, row.patient)).collect();
            let cipher = |id| owners.get(&id).and_then(|patient| ciphers.get(patient));
            originals::changes_of(snapshot, organization, &ids, cipher).await?
        }
        _ => Changes::new(),
    };
    let mut resources = Vec::new();
    for row in &found {
        let Some(cipher) = ciphers.get(&row.patient) else { continue };
        let form = form_of(services, row)?;
        let mut own: Vec<&Version> = versions.iter().filter(|version| version.response == row.id).collect();
        own.sort_by_key(|version| std::cmp::Reverse(version.version));
        own.retain(|version| what != Derived::Observation || version.version == row.version);
        own.retain(|version| search.moments.iter().all(|list| list.iter().any(|range| range.holds(version.submitted_at))));
        for version in own {
            let all = drawn(services, what, (row, version), cipher, (&form, &staff, &changes))?;
            resources.extend(all.into_iter().filter(|json| search.fits(json)));
        }
    }
    let patients: BTreeSet<PatientId> = found.iter().map(|row| row.patient).collect();
    let unit = reach::unit_of(caller, found.iter().map(|row| row.unit));
    let deed = Deed { unit, ..Deed::done("response.search", None, patients.into_iter().collect()).on(ground) };
    Ok((Listed { total: Some(resources.len()), resources, next: None, named: shown }, deed))
}

/// What another system sent, as a `Binary`; `None` for an id of something else.
pub async fn original(services: &Services, caller: &Caller, id: String) -> Result<Option<Value>, Error> {
    let Some((response, version)) = original_of(&id) else { return Ok(None) };
    let context = (services.clone(), caller.clone(), id, response, version);
    let (found, deed) = services
        .db
        .read(context, |(services, caller, id, response, version), snapshot| {
            Box::pin(async move {
                let allowed = allow(services, caller, *response, snapshot).await?;
                let all = rows_of_originals::of(snapshot, allowed.response.organization, &[*response]).await?;
                let row = all.into_iter().find(|row| row.version == *version).ok_or(Error::NotFound)?;
                let json = write::original(id, response.0, *version, &originals::body(&allowed.cipher, &row)?);
                Ok::<_, Error>((json, deed("response.read", &allowed)))
            })
        })
        .await?;
    audit::commit_read(services, caller, deed).await?;
    Ok(Some(found))
}

fn original_of(id: &str) -> Option<(ResponseId, i32)> {
    let (response, rest) = parts(id)?;
    let version = rest.strip_suffix("-original")?.parse().ok()?;
    (write::original_id(response.0, version) == id).then_some((response, version))
}

/// The document of one version: a PDF.
pub async fn document(services: &Services, caller: &Caller, id: String) -> Result<Vec<u8>, Error> {
    let context = (services.clone(), caller.clone(), id);
    let (found, deed) = services
        .db
        .read(context, |(services, caller, id), snapshot| {
            Box::pin(async move {
                let (response, rest) = parts(id).ok_or(Error::NotFound)?;
                let allowed = allow(services, caller, response, snapshot).await?;
                let number: i32 = rest.parse().map_err(|_| Error::NotFound)?;
                if version_id(response.0, number) != *id {
                    return Err(Error::NotFound);
                }
                let version = version_of(snapshot, &allowed.response, Some(number)).await?;
                let pdf = pdf(snapshot, &allowed, &version).await?;
                Ok::<_, Error>((pdf, deed("response.read", &allowed)))
            })
        })
        .await?;
    audit::commit_read(services, caller, deed).await?;
    Ok(found)
}

async fn pdf(snapshot: &Snapshot, allowed: &Allowed, version: &Version) -> Result<Vec<u8>, Fault> {
    let row = &allowed.response;
    let organization = organizations::organization(snapshot, row.organization).await?.ok_or(Fault::Content("organization"))?;
    let unit = organizations::unit(snapshot, row.organization, row.unit).await?.ok_or(Fault::Content("unit"))?;
    let invitation = match row.invitation {
        Some(id) => invitations::find(snapshot, row.organization, id).await?,
        None => None,
    };
    let visit = match invitation.and_then(|invitation| invitation.appointment) {
        Some(id) => appointments::find(snapshot, row.organization, id).await?,
        None => None,
    };
    let opened = open(&allowed.cipher, &allowed.form, version)?;
    let language = Language::parse(&version.language).map_err(|_| Fault::Content("language"))?;
    let around = copy::Envelope {
        organization: &organization.name,
        unit: &unit.name,
        phone: &unit.phone,
        starts_at: visit.map(|visit| visit.starts_at),
        submitted_at: version.submitted_at,
        respondent: &opened.respondent,
    };
    Ok(copy::answers(&allowed.form.questionnaire, &opened.answers, &language, &around)?)
}
