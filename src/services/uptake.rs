//! Uptake by unit and week: counted by a job, read by who runs a unit or the organization.

use super::audit::{self, Deed};
use super::fault::{Fault, unit_error};
use super::{Caller, Services};
use crate::domain::actor::{Actor, Role};
use crate::domain::clock::oslo_date;
use crate::domain::ids::{OrganizationId, UnitId};
use crate::domain::policy::{Action, Denied, Ground, Resource, decide};
use crate::domain::uptake::{Shown, count, shown, week_of};
use crate::storage::uptake::{self, Row};
use crate::storage::{Snapshot, organizations};
use chrono::{DateTime, Days, NaiveDate, Utc};
use std::collections::BTreeMap;

/// A week is final so many days after its end; what comes later is not counted. Shorter than the
/// shortest time after which anything is deleted, so that deleting changes no number.
pub const FINAL_DAYS: u64 = 28;
/// Weeks ahead that are counted.
const AHEAD_DAYS: u64 = 60 * 7;
/// Most days that can be asked for: 53 weeks.
pub const MAX_DAYS: i64 = 53 * 7;

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
#[derive(Debug, Clone, Copy)]
pub struct Query {
    /// A day of the first week.
    pub from: NaiveDate,
    /// A day of the last week.
    pub to: NaiveDate,
    /// One unit; else all that the caller may see.
    pub unit: Option<UnitId>,
}

/// The numbers of one unit and week, as they may be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Unit.
    pub unit: UnitId,
    /// Its name.
    pub name: String,
    /// Monday of the week.
    pub week: NaiveDate,
    /// The numbers; what is `None` is hidden.
    pub shown: Shown,
    /// When they were counted.
    pub counted_at: DateTime<Utc>,
    /// Whether they can't change any more.
    pub is_final: bool,
}

/// Whole weeks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Monday of the first week.
    pub from: NaiveDate,
    /// Sunday of the last week.
    pub to: NaiveDate,
    /// By week, then by unit. A week of a unit without visits has no line.
    pub lines: Vec<Line>,
}

/// Counts everything that can still change; gives how many lines changed.
pub async fn count_all(services: &Services) -> Result<u64, Fault> {
    let organizations =
        services.db.read((), |(), snapshot| Box::pin(async move { Ok::<_, Fault>(organizations::organizations(snapshot).await?) })).await?;
    let mut changed = 0;
    for organization in organizations {
        for week in weeks(services, organization.id).await? {
            changed += count_week(services, organization.id, week).await?;
        }
    }
    Ok(changed)
}

/// Mondays of the weeks that are not final; of an organization that was never counted, of all.
async fn weeks(services: &Services, organization: OrganizationId) -> Result<Vec<NaiveDate>, Fault> {
    let today = oslo_date(services.now());
    let (days, counted) = services
        .db
        .read(organization, |organization, snapshot| {
            Box::pin(
                async move { Ok::<_, Fault>((uptake::span(snapshot, *organization).await?, uptake::any(snapshot, *organization).await?)) },
            )
        })
        .await?;
    let open = today.checked_sub_days(Days::new(FINAL_DAYS)).map_or(today, week_of);
    let ahead = today.checked_add_days(Days::new(AHEAD_DAYS)).unwrap_or(today);
    let first = days.iter().min().filter(|_| !counted).map_or(open, |day| week_of(*day).min(open));
    // A line that was counted may have lost its last visit: every week up to the last one that is known.
    let last = days.iter().max().copied().unwrap_or(today).max(today).min(ahead);
    Ok(std::iter::successors(Some(first), |week| week.checked_add_days(Days::new(7))).take_while(|week| *week <= last).collect())
}

async fn count_week(services: &Services, organization: OrganizationId, week: NaiveDate) -> Result<u64, Fault> {
    let now = services.now();
    let rows = services
        .db
        .read((organization, week, now), |(organization, week, now), snapshot| Box::pin(changed_rows(snapshot, *organization, *week, *now)))
        .await?;
    if rows.is_empty() {
        return Ok(0);
    }
    services
        .db
        .write((organization, rows), |(organization, rows), tx| {
            Box::pin(async move {
                for row in rows {
                    uptake::put(tx, *organization, row).await?;
                }
                Ok::<_, Fault>(u64::try_from(rows.len()).unwrap_or(u64::MAX))
            })
        })
        .await
}

/// The rows of a week that differ from what is stored.
async fn changed_rows(snapshot: &Snapshot, organization: OrganizationId, week: NaiveDate, now: DateTime<Utc>) -> Result<Vec<Row>, Fault> {
    let before: BTreeMap<UnitId, Row> =
        uptake::list(snapshot, organization, None, (week, week)).await?.into_iter().map(|row| (row.unit, row)).collect();
    let mut cases = uptake::cases(snapshot, organization, week).await?;
    // A unit whose last visit went elsewhere has noughts now.
    for unit in before.keys() {
        cases.entry(*unit).or_default();
    }
    let rows = cases.into_iter().map(|(unit, cases)| Row { unit, week, counts: count(&cases), counted_at: now });
    Ok(rows.filter(|row| before.get(&row.unit).is_none_or(|before| before.counts != row.counts)).collect())
}

/// The lines of some weeks, for who may see them.
pub async fn report(services: &Services, caller: &Caller, query: Query) -> Result<Report, Error> {
    if !(1..=MAX_DAYS).contains(&((query.to - query.from).num_days() + 1)) {
        return Err(Error::Window);
    }
    let context = (services.clone(), caller.clone(), query);
    let (report, ground) =
        services.db.read(context, |(services, caller, query), snapshot| Box::pin(read(services, caller, *query, snapshot))).await?;
    let deed = Deed::done("statistics.read", None, Vec::new()).on(ground);
    audit::commit_read(services, caller, query.unit.map_or(deed.clone(), |unit| deed.in_unit(unit))).await?;
    Ok(report)
}

/// Units that a unit admin sees; `None`: all of the organization's.
pub(super) fn own_units(actor: &Actor) -> Option<Vec<UnitId>> {
    match actor {
        Actor::Clinician(person) if !person.has(Role::OrganizationAdmin) => Some(person.units(Role::UnitAdmin).into_iter().collect()),
        _ => None,
    }
}

async fn read(services: &Services, caller: &Caller, query: Query, snapshot: &Snapshot) -> Result<(Report, Ground), Error> {
    let organization = caller.actor.organization();
    let units = organizations::units(snapshot, Some(organization)).await?;
    if query.unit.is_some_and(|unit| units.iter().all(|known| known.id != unit)) {
        return Err(Error::NotFound);
    }
    let asked = query.unit.map(|unit| vec![unit]).or_else(|| own_units(&caller.actor));
    let ground = decide(&caller.actor, Action::ReadStatistics, Resource::in_units(asked.as_deref().unwrap_or_default()))?;
    let (first, last) = (week_of(query.from), week_of(query.to));
    let to = last.checked_add_days(Days::new(6)).ok_or(Error::Window)?;
    let today = oslo_date(services.now());
    let open = today.checked_sub_days(Days::new(FINAL_DAYS)).map_or(today, week_of);
    let rows = uptake::list(snapshot, organization, asked.as_deref(), (first, last)).await?;
    let lines = rows.into_iter().filter(|row| row.counts.visits > 0).map(|row| Line {
        name: units.iter().find(|unit| unit.id == row.unit).map(|unit| unit.name.clone()).unwrap_or_default(),
        unit: row.unit,
        week: row.week,
        shown: shown(&row.counts),
        counted_at: row.counted_at,
        is_final: row.week < open,
    });
    Ok((Report { from: first, to, lines: lines.collect() }, ground))
}
