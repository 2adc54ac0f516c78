//! Visits and invitations as resources. A person finds those of their own units, as on the API; a client
//! all of its organization.

use super::search::{cursor_of, named, read_cursor};
use super::{Error, Listed, reach};
use crate::domain::actor::{Actor, Role};
use crate::domain::appointment::VisitStatus;
use crate::domain::ids::{InvitationId, OrganizationId, PatientId, UnitId};
use crate::domain::invitation::{ClosedReason, InvitationState};
use crate::domain::policy::{Action, Resource as About, confined, decide, may_ever};
use crate::domain::questionnaire::Questionnaire;
use crate::fhir::search::records::{RecordSearch, Test};
use crate::fhir::search::responses::Person;
use crate::fhir::search::{Page, Summary, Total};
use crate::fhir::write::{self, AppointmentInput, Party, TaskInput, business_status, task_status};
use crate::services::audit::{self, Deed};
use crate::services::{Caller, Fault, Services};
use crate::storage::appointments::Appointment;
use crate::storage::invitations::{Invitation, Times};
use crate::storage::record_search::{self as rows, Filter, Slice};
use crate::storage::{Snapshot, organizations, responses};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use std::collections::{BTreeSet, HashMap};
use uuid::Uuid;

const STATES: [InvitationState; 8] = [
    InvitationState::Issued,
    InvitationState::Opened,
    InvitationState::Started,
    InvitationState::Answered,
    InvitationState::Closed(ClosedReason::Expired),
    InvitationState::Closed(ClosedReason::Revoked),
    InvitationState::Closed(ClosedReason::Declined),
    InvitationState::Closed(ClosedReason::Locked),
];

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `Appointment`.
    Visit,
    /// `Task`.
    Invitation,
}

impl Kind {
    /// Words of the log: as the API writes them.
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Visit => ("appointment.search", "appointment"),
            Self::Invitation => ("invitation.read", "invitation"),
        }
    }
}

/// A resource with what the rules and the log need of it.
struct One {
    json: Value,
    patient: PatientId,
    unit: UnitId,
    key: (DateTime<Utc>, Uuid),
}

/// Names of units, by id.
async fn units(snapshot: &Snapshot, organization: OrganizationId) -> Result<HashMap<UnitId, String>, Fault> {
    let all = organizations::units(snapshot, Some(organization)).await?;
    Ok(all.into_iter().map(|unit| (unit.id, unit.name)).collect())
}

fn visit(row: &Appointment, units: &HashMap<UnitId, String>) -> One {
    let unit = Party { kind: Some("HealthcareService"), id: Some(row.unit.0), name: units.get(&row.unit).cloned() };
    let json = write::appointment(&AppointmentInput {
        id: row.id.0,
        external_id: row.external_id.as_deref(),
        status: &row.status,
        starts_at: row.starts_at,
        patient: row.patient.0,
        unit: &unit,
    });
    One { json, patient: row.patient, unit: row.unit, key: (row.starts_at, row.id.0) }
}

fn task(
    services: &Services,
    (row, times): &(Invitation, Times),
    response: Option<Uuid>,
    units: &HashMap<UnitId, String>,
) -> Result<One, Fault> {
    let form = services.library.find(&row.questionnaire_name, Some(&row.questionnaire_version));
    let form = form.ok_or(Fault::Content("questionnaire of an invitation"))?;
    let name = units.get(&row.unit).cloned();
    let unit = Party { kind: Some("Organization"), id: Some(row.unit.0), name: name.clone() };
    let open = row.state.print().is_ok() && services.now() < row.answer_until;
    let endpoints = if open { endpoints(services, row.id, &form.questionnaire) } else { Vec::new() };
    let mut json = write::task(&TaskInput {
        id: row.id.0,
        state: row.state,
        patient: row.patient.0,
        unit: &unit,
        appointment: row.appointment.map(|id| id.0),
        questionnaire: &form.questionnaire.canonical(),
        response,
        created_at: row.created_at,
        used: (times.opened_at, times.answered_at.or(times.closed_at)),
        answer_until: row.answer_until,
        endpoints: &endpoints,
    });
    // Units are served here, so the reference leads to them.
    json["requester"] = json!({"reference": format!("Organization/{}", row.unit), "display": name.unwrap_or_default()});
    Ok(One { json, patient: row.patient, unit: row.unit, key: (row.created_at, row.id.0) })
}

/// Where another form filler sends the answers to an invitation: to an operation that knows from its address
/// which one, since fillers send what a person has answered and nothing about the asking; or as a resource
/// that says it itself (`basedOn`).
fn endpoints(services: &Services, id: InvitationId, form: &Questionnaire) -> Vec<String> {
    let base = format!("{}/fhir", services.rules.base_url);
    vec![format!("{base}/Questionnaire/{}/$process-response?task={id}", write::form_id(form)), format!("{base}/QuestionnaireResponse")]
}

async fn find(
    services: &Services,
    organization: OrganizationId,
    snapshot: &Snapshot,
    kind: Kind,
    (filter, search): (&Filter, &RecordSearch),
    slice: Slice,
) -> Result<(Vec<One>, u64), Fault> {
    let names = units(snapshot, organization).await?;
    match kind {
        Kind::Visit => {
            let statuses: Vec<&str> = [VisitStatus::Booked, VisitStatus::Cancelled].map(VisitStatus::word).to_vec();
            let statuses: Vec<&str> = statuses.into_iter().filter(|word| fits(search, &[("status", *word)])).collect();
            let external = external(search);
            let (found, total) = rows::visits(snapshot, organization, filter, (&statuses, external.as_deref()), slice).await?;
            Ok((found.iter().map(|row| visit(row, &names)).collect(), total))
        }
        Kind::Invitation => {
            let states = STATES.into_iter();
            let states: Vec<_> = states
                .filter(|state| fits(search, &[("status", task_status(*state)), ("business-status", business_status(*state))]))
                .collect();
            let (found, total) = rows::invitations(snapshot, organization, filter, &states, slice).await?;
            let ids: Vec<InvitationId> = found.iter().map(|(row, _)| row.id).collect();
            let responses = responses::of_invitations(snapshot, organization, &ids).await?;
            let response = |id: InvitationId| responses.get(&id).map(|id| id.0);
            let all = found.iter().map(|row| task(services, row, response(row.0.id), &names)).collect::<Result<_, _>>()?;
            Ok((all, total))
        }
    }
}

/// Whether the words of a row fit the tests that are about them.
fn fits(search: &RecordSearch, words: &[(&str, &str)]) -> bool {
    search.tests.iter().all(|(name, test)| {
        let word = words.iter().find(|(own, _)| own == name);
        // A system of a code is not asked for: each of these elements has one only.
        word.is_none_or(|(_, word)| match test {
            Test::Codes(wanted, not) => wanted.iter().any(|token| token.code.as_deref().is_none_or(|code| code == *word)) != *not,
            _ => true,
        })
    })
}

/// Ids of the EHR: they have no system here.
fn external(search: &RecordSearch) -> Option<Vec<String>> {
    let mut lists = search.tests.iter().filter(|(name, _)| *name == "identifier").filter_map(|(_, test)| match test {
        Test::Codes(tokens, _) => {
            let bare = tokens.iter().filter(|token| token.system.as_deref().is_none_or(str::is_empty));
            Some(bare.filter_map(|token| token.code.clone()).collect::<Vec<String>>())
        }
        _ => None,
    });
    let first = lists.next()?;
    Some(lists.fold(first, |before, list| before.into_iter().filter(|id| list.contains(id)).collect()))
}

/// One visit or invitation.
pub async fn record(services: &Services, caller: &Caller, kind: Kind, id: Uuid) -> Result<Value, Error> {
    let only = confined(&caller.actor, Action::ReadInvitation)?;
    let context = (services.clone(), caller.clone(), kind, id, only);
    let found = services
        .db
        .read(context, |(services, caller, kind, id, only), snapshot| {
            Box::pin(async move {
                let patients = only.map(|only| vec![only]);
                let filter = Filter { ids: Some(vec![*id]), patients, ..Filter::default() };
                let slice = Slice { descending: false, after: None, limit: 1 };
                let all = RecordSearch::default();
                let (mut found, _) = find(services, caller.actor.organization(), snapshot, *kind, (&filter, &all), slice).await?;
                found.pop().ok_or(Error::NotFound)
            })
        })
        .await?;
    let about = About { units: &[found.unit], stated: caller.ground, patient: Some(found.patient) };
    let ground = decide(&caller.actor, Action::ReadInvitation, about)?;
    let (action, object) = kind.words();
    let deed = Deed::done(action, Some((object, id)), vec![found.patient]).in_unit(found.unit).on(ground);
    audit::commit_read(services, caller, deed).await?;
    Ok(found.json)
}

/// A page of them.
pub async fn search_records(services: &Services, caller: &Caller, kind: Kind, search: RecordSearch, page: Page) -> Result<Listed, Error> {
    if confined(&caller.actor, Action::ReadInvitation)?.is_none() {
        may_ever(&caller.actor, Action::ReadInvitation)?;
    }
    let context = (services.clone(), caller.clone(), kind, search, page);
    let (listed, deed) = services
        .db
        .read(context, |(services, caller, kind, search, page), snapshot| {
            Box::pin(async move { search_in(services, caller, snapshot, *kind, (search, page)).await })
        })
        .await?;
    audit::commit_read(services, caller, deed).await?;
    Ok(listed)
}

async fn search_in(
    services: &Services,
    caller: &Caller,
    snapshot: &Snapshot,
    kind: Kind,
    (search, page): (&RecordSearch, &Page),
) -> Result<(Listed, Deed), Error> {
    let only = confined(&caller.actor, Action::ReadInvitation)?;
    let named = named(services, caller, (&search.patients, only), snapshot).await?;
    let by_number = search.patients.iter().flatten().any(|person| matches!(person, Person::Identifier(_)));
    let shown = if by_number { named.iter().flatten().copied().collect() } else { Vec::new() };
    let filter = Filter {
        ids: search.common_ids(),
        patients: named.map(|ids| ids.into_iter().collect()),
        units: own_units(&caller.actor),
        moments: search.moments.clone(),
    };
    let after = page.cursor.as_deref().map(|text| read_cursor(text).ok_or(Error::Cursor)).transpose()?;
    let counts_only = page.summary == Summary::Count || page.count == 0;
    let limit = if counts_only { 0 } else { page.count as u64 + 1 };
    let slice = Slice { descending: page.sort.first().is_none_or(|sort| sort.descending), after, limit };
    let (mut found, total) = find(services, caller.actor.organization(), snapshot, kind, (&filter, search), slice).await?;
    let more = !counts_only && found.len() > page.count;
    found.truncate(page.count);
    let next = found.last().filter(|_| more).map(|one| cursor_of(one.key));
    let total = (page.total == Total::Accurate || counts_only).then(|| usize::try_from(total).unwrap_or(usize::MAX));
    let patients: BTreeSet<PatientId> = found.iter().map(|one| one.patient).collect();
    let unit = reach::unit_of(caller, found.iter().map(|one| one.unit));
    let deed = Deed { unit, ..Deed::done(kind.words().0, None, patients.into_iter().collect()) };
    let resources = found.into_iter().map(|one| one.json).collect();
    Ok((Listed { resources, total, next, named: shown }, deed))
}

/// Units whose visits and invitations a person sees; `None`: all.
fn own_units(actor: &Actor) -> Option<Vec<UnitId>> {
    let Actor::Clinician(person) = actor else { return None };
    let mut own = person.units(Role::Clinician);
    own.extend(person.units(Role::UnitAdmin));
    Some(own.into_iter().collect())
}
