//! Patients: look-up by identifier, timeline, who has seen their data.

use super::access_log::log_units;
use super::audit::{self, Deed};
use super::fault::{Fault, unit_error};
use super::responses::{care_units, open_digest};
use super::vault::{Person, open_patient};
use super::{Caller, Services};
use crate::domain::actor::{Actor, Role};
use crate::domain::identifier::PatientIdentifier;
use crate::domain::ids::{LogEntryId, OrganizationId, PatientId, UnitId};
use crate::domain::policy::{Action, Denied, Resource, decide};
use crate::domain::summary::Wish;
use crate::storage::access_log::{self, Entry};
use crate::storage::{appointments, invitations, patients, responses};
use chrono::{DateTime, Utc};
use uuid::Uuid;

/// Why not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No such patient in this organization.
    #[error("no such patient")]
    NotFound,
    /// The patient has been erased.
    #[error("the patient has been erased")]
    Erased,
    /// Not allowed.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// Below.
    #[error(transparent)]
    Fault(#[from] Fault),
}

unit_error!(Error);

/// A patient in a list.
#[derive(Clone, PartialEq, Eq)]
pub struct PatientView {
    /// Id.
    pub id: PatientId,
    /// Name and birth date.
    pub person: Person,
    /// Preferred language.
    pub language: String,
}

/// Looks a patient up by identifier: none or one.
pub async fn search(services: &Services, caller: &Caller, identifier: PatientIdentifier) -> Result<Option<PatientView>, Error> {
    let ground = decide(&caller.actor, Action::SearchPatients, Resource { stated: caller.ground, ..Resource::default() })?;
    let context = (services.clone(), caller.clone(), identifier);
    let (found, unit) = services
        .db
        .read(context, |(services, caller, identifier), snapshot| {
            Box::pin(async move {
                let organization = caller.actor.organization();
                let keys = services.vault.organization(snapshot, organization).await?;
                let indexes: Vec<Vec<u8>> = keys.blind_indexes(identifier).into_iter().map(|(_, hash)| hash).collect();
                let Some(id) = patients::find_by_index(snapshot, organization, &indexes).await? else {
                    return Ok::<_, Fault>((None, None));
                };
                let Some(row) = patients::find(snapshot, organization, id).await? else { return Ok((None, None)) };
                let units = care_units(snapshot, caller, id, services.now()).await?;
                let unit = reading_unit(&caller.actor, Role::Clinician, &units);
                let opened = open_patient(&services.vault, snapshot, &row).await?;
                Ok((opened.map(|(_, person)| PatientView { id, person, language: row.language }), unit))
            })
        })
        .await?;
    let patients = found.iter().map(|patient| patient.id).collect();
    let object = found.as_ref().map(|patient| ("patient", patient.id.0));
    let deed = Deed { unit, ..Deed::done("patient.search", object, patients).on(ground) };
    audit::commit_read(services, caller, deed).await?;
    Ok(found)
}

/// The patient of an identifier, for a command that logs itself what it does with them.
pub async fn identify(
    services: &Services,
    organization: OrganizationId,
    identifier: PatientIdentifier,
) -> Result<Option<PatientId>, Fault> {
    let context = (services.clone(), organization, identifier);
    services
        .db
        .read(context, |(services, organization, identifier), snapshot| {
            Box::pin(async move {
                let keys = services.vault.organization(snapshot, *organization).await?;
                let indexes: Vec<Vec<u8>> = keys.blind_indexes(identifier).into_iter().map(|(_, hash)| hash).collect();
                Ok(patients::find_by_index(snapshot, *organization, &indexes).await?)
            })
        })
        .await
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// When.
    pub at: DateTime<Utc>,
    /// `appointment`, `invitation` or `response`.
    pub kind: &'static str,
    /// Id of the object.
    pub id: Uuid,
    /// Unit.
    pub unit: UnitId,
    /// Form name and version.
    pub questionnaire: Option<(String, String)>,
    /// State of the object.
    pub state: String,
    /// Score, of a response.
    pub score: Option<i32>,
    /// Wish for follow-up, of a response.
    pub wish: Option<Wish>,
}

/// A patient's timeline, newest first.
pub async fn timeline(services: &Services, caller: &Caller, id: PatientId) -> Result<(PatientView, Vec<Event>), Error> {
    let context = (services.clone(), caller.clone(), id);
    let (view, events, ground, unit) = services
        .db
        .read(context, |(services, caller, id), snapshot| {
            Box::pin(async move {
                let organization = caller.actor.organization();
                let row = patients::find(snapshot, organization, *id).await?.ok_or(Error::NotFound)?;
                let units = care_units(snapshot, caller, *id, services.now()).await?;
                let ground = decide(&caller.actor, Action::ReadAnswers, Resource { stated: caller.ground, ..Resource::in_units(&units) })?;
                let (cipher, person) = open_patient(&services.vault, snapshot, &row).await?.ok_or(Error::Erased)?;
                let mut events = Vec::new();
                for visit in appointments::of_patient(snapshot, organization, *id).await? {
                    events.push(Event {
                        at: visit.starts_at,
                        kind: "appointment",
                        id: visit.id.0,
                        unit: visit.unit,
                        questionnaire: None,
                        state: visit.status,
                        score: None,
                        wish: None,
                    });
                }
                for invitation in invitations::of_patient(snapshot, organization, *id).await? {
                    let state = invitation.state.word().to_owned();
                    let questionnaire = Some((invitation.questionnaire_name, invitation.questionnaire_version));
                    events.push(Event {
                        at: invitation.created_at,
                        kind: "invitation",
                        id: invitation.id.0,
                        unit: invitation.unit,
                        questionnaire,
                        state,
                        score: None,
                        wish: None,
                    });
                }
                for response in responses::of_patient(snapshot, organization, *id).await? {
                    let facts = open_digest(&cipher, response.id, response.version, &response.digest_sealed)?;
                    let state = if response.version > 1 { "amended" } else { "completed" }.to_owned();
                    let questionnaire = Some((response.questionnaire_name, response.questionnaire_version));
                    events.push(Event {
                        at: response.submitted_at,
                        kind: "response",
                        id: response.id.0,
                        unit: response.unit,
                        questionnaire,
                        state,
                        score: facts.score,
                        wish: facts.wish,
                    });
                }
                events.sort_by_key(|event| std::cmp::Reverse((event.at, event.id)));
                Ok::<_, Error>((
                    PatientView { id: *id, person, language: row.language },
                    events,
                    ground,
                    reading_unit(&caller.actor, Role::Clinician, &units),
                ))
            })
        })
        .await?;
    let deed = Deed { unit, ..Deed::done("patient.timeline", Some(("patient", id.0)), vec![id]).on(ground) };
    audit::commit_read(services, caller, deed).await?;
    Ok((view, events))
}

/// The unit that a person reads a patient in: one of theirs that the patient has a tie to.
fn reading_unit(actor: &Actor, role: Role, ties: &[UnitId]) -> Option<UnitId> {
    let Actor::Clinician(person) = actor else { return None };
    let own = person.units(role);
    ties.iter().copied().find(|unit| own.contains(unit))
}

/// Who has seen or changed a patient's data, newest first; with it where the next page begins.
pub async fn access_log(
    services: &Services,
    caller: &Caller,
    id: PatientId,
    before: Option<LogEntryId>,
    limit: u64,
) -> Result<(Vec<Entry>, Option<LogEntryId>), Error> {
    let context = (services.clone(), caller.clone(), id, before, limit);
    let (entries, next, ground, unit) = services
        .db
        .read(context, |(services, caller, id, before, limit), snapshot| {
            Box::pin(async move {
                let organization = caller.actor.organization();
                patients::find(snapshot, organization, *id).await?.ok_or(Error::NotFound)?;
                let units = care_units(snapshot, caller, *id, services.now()).await?;
                let ground = decide(&caller.actor, Action::ReadAccessLog, Resource::in_units(&units))?;
                let own = log_units(&caller.actor);
                let mut entries = access_log::of_patient(snapshot, organization, *id, own.as_ref(), *before, *limit + 1).await?;
                let shown = usize::try_from(*limit).unwrap_or(usize::MAX);
                let more = entries.len() > shown;
                entries.truncate(shown);
                let next = entries.last().filter(|_| more).map(|entry| entry.id);
                Ok::<_, Error>((entries, next, ground, reading_unit(&caller.actor, Role::UnitAdmin, &units)))
            })
        })
        .await?;
    let deed = Deed { unit, ..Deed::done("access-log.read", Some(("patient", id.0)), vec![id]).on(ground) };
    audit::commit_read(services, caller, deed).await?;
    Ok((entries, next))
}
