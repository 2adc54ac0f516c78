//! The access log as resources, for who may read it: an organization's admin and auditor all of it, a
//! unit's admin what happened in their units.

use super::search::named;
use super::{Error, Listed};
use crate::domain::ids::{LogEntryId, PatientId, UnitId};
use crate::domain::policy::{Action, Resource as About, decide};
use crate::fhir::search::records::{RecordSearch, Test};
use crate::fhir::search::responses::Person;
use crate::fhir::search::{DateRange, Page};
use crate::fhir::write::{self, AuditInput, Party};
use crate::services::access_log::{MAX_DAYS, log_units};
use crate::services::audit::{self, Deed};
use crate::services::{Caller, Fault, Services};
use crate::storage::access_log::Entry;
use crate::storage::log_search::{self, Filter, Span};
use crate::storage::{Snapshot, organizations};
use chrono::{DateTime, Duration, Utc};
use serde_json::{Value, json};
use std::collections::{BTreeSet, HashMap};
use uuid::Uuid;

/// Name of the service where somebody has to say something.
const SERVICE: &str = "Kartlegging";

fn event((entry, patients): &(Entry, BTreeSet<PatientId>), names: &HashMap<Uuid, String>) -> Value {
    let kind = match entry.actor_kind.as_str() {
        "clinician" => Some("Practitioner"),
        "client" | "system" => Some("Device"),
        _ => None,
    };
    let name = entry.actor_id.and_then(|id| names.get(&id).cloned());
    let agent = Party { kind, id: entry.actor_id, name: name.clone().or_else(|| (kind == Some("Device")).then(|| SERVICE.to_owned())) };
    let object = entry.object_kind.as_deref().zip(entry.object_id).and_then(|(kind, id)| {
        let kind = match kind {
            "response" => "QuestionnaireResponse",
            "invitation" => "Task",
            "appointment" => "Appointment",
            _ => return None,
        };
        Some(format!("{kind}/{id}"))
    });
    let mut json = write::audit_event(&AuditInput {
        id: entry.id.0,
        at: entry.at,
        action: &entry.action,
        agent: &agent,
        role: entry.role.as_deref(),
        ground: Some(&entry.ground),
        done: entry.result == "ok",
        patients: patients.iter().map(|id| id.0).collect(),
        object,
        source: SERVICE,
    });
    // People are served here, so the reference leads to them.
    if let (Some("Practitioner"), Some(id)) = (kind, entry.actor_id) {
        json["agent"][0]["who"] = json!({"reference": format!("Practitioner/{id}"), "display": name.unwrap_or_default()});
    }
    json
}

async fn names(snapshot: &Snapshot, caller: &Caller) -> Result<HashMap<Uuid, String>, Fault> {
    let all = organizations::staff(snapshot, caller.actor.organization()).await?;
    Ok(all.into_iter().filter(|person| !person.name.is_empty()).map(|person| (person.id.0, person.name)).collect())
}

/// Units whose entries the caller sees; `None`: all. Refused for who sees none.
fn units(caller: &Caller) -> Result<Option<BTreeSet<UnitId>>, Error> {
    let own = log_units(&caller.actor);
    let asked: Vec<UnitId> = own.iter().flatten().copied().collect();
    decide(&caller.actor, Action::ReadAccessLog, About::in_units(&asked))?;
    Ok(own)
}

/// One entry.
pub async fn audit_event(services: &Services, caller: &Caller, id: LogEntryId) -> Result<Value, Error> {
    let units = units(caller)?;
    let after = services.now() + Duration::days(1);
    let span = Span { organization: caller.actor.organization(), from: DateTime::UNIX_EPOCH, to: after, units };
    let context = (caller.clone(), span, id);
    let (found, patients) = services
        .db
        .read(context, |(caller, span, id), snapshot| {
            Box::pin(async move {
                let found = log_search::find(snapshot, span, *id).await?.ok_or(Error::NotFound)?;
                let json = event(&found, &names(snapshot, caller).await?);
                Ok::<_, Error>((json, found.1))
            })
        })
        .await?;
    let deed = Deed::done("access-log.read", Some(("access-log", id.0)), patients.into_iter().collect());
    audit::commit_read(services, caller, deed).await?;
    Ok(found)
}

/// First and last instant that are asked for; without a patient a month at most.
fn times(search: &RecordSearch, now: DateTime<Utc>, of_patient: bool) -> Result<(DateTime<Utc>, DateTime<Utc>), Error> {
    let (mut from, mut to) = (None::<DateTime<Utc>>, None::<DateTime<Utc>>);
    for list in &search.moments {
        // The log is read from one moment to another; several stretches are several searches.
        let (start, end) = match list.as_slice() {
            [DateRange::In(start, end)] => (Some(*start), Some(*end)),
            [DateRange::From(start)] => (Some(*start), None),
            [DateRange::Before(end)] => (None, Some(*end)),
            _ => return Err(Error::Window),
        };
        from = from.max(start);
        to = match (to, end) {
            (Some(own), Some(end)) => Some(own.min(end)),
            (own, end) => own.or(end),
        };
    }
    let to = to.unwrap_or(now + Duration::seconds(1));
    let month = Duration::days(MAX_DAYS);
    let from = from.unwrap_or(if of_patient { DateTime::UNIX_EPOCH } else { to - month });
    if !of_patient && to - from > month { Err(Error::Window) } else { Ok((from, to)) }
}

/// A page of the log, newest first.
pub async fn search_audit_events(services: &Services, caller: &Caller, search: RecordSearch, page: Page) -> Result<Listed, Error> {
    let units = units(caller)?;
    let now = services.now();
    let context = (services.clone(), caller.clone(), search, page, units, now);
    let (listed, patients) = services
        .db
        .read(context, |(services, caller, search, page, units, now), snapshot| {
            Box::pin(async move {
                let named = named(services, caller, (&search.patients, None), snapshot).await?;
                let by_number = search.patients.iter().flatten().any(|person| matches!(person, Person::Identifier(_)));
                let asked: Vec<PatientId> = named.iter().flatten().copied().collect();
                let (from, to) = times(search, *now, named.is_some())?;
                let Some(filter) = filter(search, page, &asked)? else { return Ok((Listed::default(), Vec::new())) };
                if named.is_some() && asked.is_empty() {
                    return Ok((Listed::default(), Vec::new()));
                }
                let span = Span { organization: caller.actor.organization(), from, to, units: units.clone() };
                let limit = page.count as u64 + 1;
                let mut found = log_search::search(snapshot, &span, &filter, limit).await?;
                let more = found.len() > page.count && page.count > 0;
                found.truncate(page.count);
                let next = found.last().filter(|_| more).map(|(entry, _)| entry.id.to_string());
                let staff = names(snapshot, caller).await?;
                let resources = found.iter().map(|entry| event(entry, &staff)).collect();
                let shown = if by_number { asked.clone() } else { Vec::new() };
                Ok::<_, Error>((Listed { resources, total: None, next, named: shown }, asked))
            })
        })
        .await?;
    audit::commit_read(services, caller, Deed::done("access-log.list", None, patients)).await?;
    Ok(listed)
}

/// What entries must be like; `None`: nothing can be.
fn filter(search: &RecordSearch, page: &Page, asked: &[PatientId]) -> Result<Option<Filter>, Error> {
    if asked.len() > 1 {
        return Err(Error::TooMany("patient"));
    }
    let before = page.cursor.as_deref().map(|text| LogEntryId::parse(text).ok_or(Error::Cursor)).transpose()?;
    let mut filter = Filter { patient: asked.first().copied(), before, ..Filter::default() };
    for (name, test) in &search.tests {
        match test {
            Test::References(all) => {
                let [one] = all.as_slice() else { return Err(Error::TooMany("agent")) };
                let Ok(id) = Uuid::try_parse(&one.id) else { return Ok(None) };
                filter.actor = Some(id);
            }
            Test::Codes(all, _) => {
                let [one] = all.as_slice() else { return Err(Error::TooMany(if *name == "subtype" { "subtype" } else { "agent" })) };
                filter.action.clone_from(&one.code);
            }
            Test::Texts(..) => {}
        }
    }
    Ok(Some(filter))
}
