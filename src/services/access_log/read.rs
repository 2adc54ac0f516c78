//! Reading an organization's log: who may see which part of it, and pages of it.

use crate::domain::actor::{Actor, Role};
use crate::domain::clock::{oslo_date, oslo_day_start};
use crate::domain::ids::{LogEntryId, PatientId, UnitId};
use crate::domain::policy::{Action, Denied, Ground, Resource, decide, may_ever};
use crate::services::audit::{self, Deed};
use crate::services::fault::{Fault, unit_error};
use crate::services::{Caller, Services};
use crate::storage::access_log::Entry;
use crate::storage::log_search::{self, Filter, Span};
use crate::storage::{Reader, organizations};
use chrono::{Days, NaiveDate};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// Most days that are looked at at once.
pub const MAX_DAYS: i64 = 31;

/// Why not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No such unit in this organization.
    #[error("no such unit")]
    NotFound,
    /// The days are none, or too many.
    #[error("the window is not 1 to {MAX_DAYS} days")]
    Window,
    /// Not allowed.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// Below.
    #[error(transparent)]
    Fault(#[from] Fault),
}

unit_error!(Error);

/// What is asked for.
#[derive(Debug, Clone, Default)]
pub struct Query {
    /// First day, in Norway; without it so many days before the last one as may be asked for.
    pub from: Option<NaiveDate>,
    /// Last day; without it today, or so many days after the first one.
    pub to: Option<NaiveDate>,
    /// Only entries of this unit.
    pub unit: Option<UnitId>,
    /// Only of this actor.
    pub actor: Option<Uuid>,
    /// Only about this patient.
    pub patient: Option<PatientId>,
    /// Only with this action.
    pub action: Option<String>,
    /// Only with this result.
    pub result: Option<String>,
    /// Only what was done on a stated ground.
    pub stated: bool,
    /// Only before this entry.
    pub before: Option<LogEntryId>,
    /// Most entries.
    pub limit: usize,
}

/// A page of the log.
#[derive(Debug, Clone)]
pub struct Page {
    /// First and last day.
    pub days: (NaiveDate, NaiveDate),
    /// Entries with their patients, newest first.
    pub entries: Vec<(Entry, BTreeSet<PatientId>)>,
    /// Where the next page begins.
    pub next: Option<LogEntryId>,
}

/// First and last day.
pub(super) fn days(from: Option<NaiveDate>, to: Option<NaiveDate>, today: NaiveDate) -> Result<(NaiveDate, NaiveDate), Error> {
    let span = Days::new(MAX_DAYS.unsigned_abs() - 1);
    let (from, to) = match (from, to) {
        (Some(from), Some(to)) => (from, to),
        (Some(from), None) => (from, from.checked_add_days(span).ok_or(Error::Window)?),
        (None, to) => {
            let to = to.unwrap_or(today);
            (to.checked_sub_days(span).ok_or(Error::Window)?, to)
        }
    };
    if (1..=MAX_DAYS).contains(&((to - from).num_days() + 1)) { Ok((from, to)) } else { Err(Error::Window) }
}

/// Units whose entries a unit admin sees; `None`: all of the organization's.
pub fn log_units(actor: &Actor) -> Option<BTreeSet<UnitId>> {
    match actor {
        Actor::Clinician(person) if !person.has(Role::OrganizationAdmin) && !person.has(Role::Auditor) => {
            Some(person.units(Role::UnitAdmin))
        }
        _ => None,
    }
}

/// The part of the log that somebody may see, narrowed to a unit where one is named.
pub(super) async fn span(
    reader: &impl Reader,
    caller: &Caller,
    (from, to): (NaiveDate, NaiveDate),
    unit: Option<UnitId>,
) -> Result<(Span, Ground), Error> {
    let organization = caller.actor.organization();
    if let Some(unit) = unit {
        organizations::unit(reader, organization, unit).await?.ok_or(Error::NotFound)?;
    }
    let own = log_units(&caller.actor);
    let asked: Vec<UnitId> = unit.map_or_else(|| own.iter().flatten().copied().collect(), |unit| vec![unit]);
    let ground = decide(&caller.actor, Action::ReadAccessLog, Resource::in_units(&asked))?;
    let units = unit.map(|unit| BTreeSet::from([unit])).or(own);
    let after = to.checked_add_days(Days::new(1)).ok_or(Error::Window)?;
    Ok((Span { organization, from: oslo_day_start(from), to: oslo_day_start(after), units }, ground))
}

/// A page of an organization's log: all of it for its admin and auditor, their units' for a unit admin.
pub async fn list(services: &Services, caller: &Caller, query: Query) -> Result<Page, Error> {
    may_ever(&caller.actor, Action::ReadAccessLog)?;
    let days = days(query.from, query.to, oslo_date(services.now()))?;
    let deed = Deed::done("access-log.list", None, query.patient.into_iter().collect());
    let deed = Deed { unit: query.unit, ..deed };
    let context = (caller.clone(), query, days);
    let (page, ground) = services
        .db
        .read(context, |(caller, query, days), snapshot| {
            Box::pin(async move {
                let (span, ground) = span(snapshot, caller, *days, query.unit).await?;
                let filter = Filter {
                    actor: query.actor,
                    patient: query.patient,
                    action: query.action.clone(),
                    result: query.result.clone(),
                    stated: query.stated,
                    before: query.before,
                };
                let limit = u64::try_from(query.limit).unwrap_or(u64::MAX);
                let mut entries = log_search::search(snapshot, &span, &filter, limit.saturating_add(1)).await?;
                let more = entries.len() > query.limit;
                entries.truncate(query.limit);
                let next = entries.last().filter(|_| more).map(|(entry, _)| entry.id);
                Ok::<_, Error>((Page { days: *days, entries, next }, ground))
            })
        })
        .await?;
    audit::commit_read(services, caller, deed.on(ground)).await?;
    Ok(page)
}

/// Names beside the ids of a log.
#[derive(Debug, Clone)]
pub struct People {
    /// Clinicians and clients of the organization.
    pub names: BTreeMap<Uuid, String>,
    /// Units whose entries the caller sees, by name.
    pub units: Vec<(UnitId, String)>,
}

/// Names of staff, clients and units, for who may see the log. They are no patient's data, so nothing is logged.
pub async fn people(services: &Services, caller: &Caller) -> Result<People, Error> {
    may_ever(&caller.actor, Action::ReadAccessLog)?;
    services
        .db
        .read(caller.clone(), |caller, snapshot| {
            Box::pin(async move {
                let organization = caller.actor.organization();
                let own = log_units(&caller.actor);
                let staff = organizations::staff(snapshot, organization).await?;
                let all = organizations::units(snapshot, Some(organization)).await?;
                let seen = all.into_iter().filter(|unit| own.as_ref().is_none_or(|own| own.contains(&unit.id)));
                let mut units: Vec<_> = seen.map(|unit| (unit.id, unit.name)).collect();
                units.sort_by(|one, other| one.1.cmp(&other.1));
                let clients = organizations::clients(snapshot, Some(organization)).await?.into_iter().map(|one| (one.id.0, one.name));
                let names = staff.into_iter().map(|one| (one.id.0, one.name)).chain(clients).collect();
                Ok::<_, Error>(People { names, units })
            })
        })
        .await
}
