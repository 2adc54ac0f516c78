//! Searches for visits and invitations, a page at a time in the order of their moment.

use super::entity::{appointment, invitation};
use super::response_search::range;
use super::{Reader, StorageError, appointments, invitations};
use crate::domain::ids::{OrganizationId, PatientId, UnitId};
use crate::domain::invitation::InvitationState;
use crate::fhir::search::DateRange;
use appointments::Appointment;
use chrono::{DateTime, Utc};
use invitations::{Invitation, Times};
use sea_orm::{ColumnTrait, Condition, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

type Result<T> = std::result::Result<T, StorageError>;

/// What rows must be like; what is not given is not asked.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Any of these.
    pub ids: Option<Vec<Uuid>>,
    /// Of any of these patients.
    pub patients: Option<Vec<PatientId>>,
    /// Of any of these units.
    pub units: Option<Vec<UnitId>>,
    /// When: each list must fit, of a list any.
    pub moments: Vec<Vec<DateRange>>,
}

/// Which page: in which order, where the one before ended, how many.
#[derive(Debug, Clone, Copy)]
pub struct Slice {
    /// The newest first.
    pub descending: bool,
    /// Where an earlier page ended.
    pub after: Option<(DateTime<Utc>, Uuid)>,
    /// Most rows.
    pub limit: u64,
}

struct Columns<C> {
    organization: C,
    id: C,
    patient: C,
    unit: C,
    at: C,
}

const VISIT: Columns<appointment::Column> = Columns {
    organization: appointment::Column::OrganizationId,
    id: appointment::Column::Id,
    patient: appointment::Column::PatientId,
    unit: appointment::Column::UnitId,
    at: appointment::Column::StartsAt,
};

const INVITATION: Columns<invitation::Column> = Columns {
    organization: invitation::Column::OrganizationId,
    id: invitation::Column::Id,
    patient: invitation::Column::PatientId,
    unit: invitation::Column::UnitId,
    at: invitation::Column::CreatedAt,
};

fn condition<C: ColumnTrait>(columns: &Columns<C>, organization: OrganizationId, filter: &Filter) -> Condition {
    let mut all = Condition::all().add(columns.organization.eq(organization.0));
    if let Some(ids) = &filter.ids {
        all = all.add(columns.id.is_in(ids.iter().copied()));
    }
    if let Some(patients) = &filter.patients {
        all = all.add(columns.patient.is_in(patients.iter().map(|id| id.0)));
    }
    if let Some(units) = &filter.units {
        all = all.add(columns.unit.is_in(units.iter().map(|id| id.0)));
    }
    for ranges in &filter.moments {
        all = all.add(ranges.iter().map(|one| range(columns.at, one)).fold(Condition::any(), Condition::add));
    }
    all
}

fn beyond<C: ColumnTrait>(columns: &Columns<C>, slice: Slice) -> Condition {
    let Some((at, id)) = slice.after else { return Condition::all() };
    let (moment, key) = (columns.at, columns.id);
    let (past, tied) = if slice.descending { (moment.lt(at), key.lt(id)) } else { (moment.gt(at), key.gt(id)) };
    Condition::any().add(past).add(Condition::all().add(moment.eq(at)).add(tied))
}

fn order(descending: bool) -> sea_orm::Order {
    if descending { sea_orm::Order::Desc } else { sea_orm::Order::Asc }
}

/// The same with statuses and ids of the EHR; an empty list of statuses fits nothing.
fn visits_like(organization: OrganizationId, filter: &Filter, statuses: &[&str], external: Option<&[String]>) -> Condition {
    let all = condition(&VISIT, organization, filter).add(appointment::Column::Status.is_in(statuses.iter().copied()));
    match external {
        None => all,
        Some(ids) => all.add(appointment::Column::ExternalId.is_in(ids.iter().map(String::as_str))),
    }
}

/// A page of visits, and how many there are on all pages.
pub async fn visits(
    reader: &impl Reader,
    organization: OrganizationId,
    filter: &Filter,
    (statuses, external): (&[&str], Option<&[String]>),
    slice: Slice,
) -> Result<(Vec<Appointment>, u64)> {
    let query = appointment::Entity::find().filter(visits_like(organization, filter, statuses, external));
    let total = query.clone().count(reader.transaction()).await?;
    let page = query
        .filter(beyond(&VISIT, slice))
        .order_by(VISIT.at, order(slice.descending))
        .order_by(VISIT.id, order(slice.descending))
        .limit(slice.limit);
    let rows = page.all(reader.transaction()).await?;
    Ok((rows.into_iter().map(appointments::from).collect(), total))
}

/// Any of these states; none of them fits nothing.
fn in_states(states: &[InvitationState]) -> Condition {
    let one = |state: &InvitationState| {
        let all = Condition::all().add(invitation::Column::State.eq(state.word()));
        match state.reason_word() {
            None => all,
            Some(reason) => all.add(invitation::Column::ClosedReason.eq(reason)),
        }
    };
    states.iter().map(one).fold(Condition::any().add(invitation::Column::Id.is_null()), Condition::add)
}

/// A page of invitations with when they were used, and how many there are on all pages.
pub async fn invitations(
    reader: &impl Reader,
    organization: OrganizationId,
    filter: &Filter,
    states: &[InvitationState],
    slice: Slice,
) -> Result<(Vec<(Invitation, Times)>, u64)> {
    let query = invitation::Entity::find().filter(condition(&INVITATION, organization, filter)).filter(in_states(states));
    let total = query.clone().count(reader.transaction()).await?;
    let page = query
        .filter(beyond(&INVITATION, slice))
        .order_by(INVITATION.at, order(slice.descending))
        .order_by(INVITATION.id, order(slice.descending))
        .limit(slice.limit);
    let mut found = Vec::new();
    for row in page.all(reader.transaction()).await? {
        let times = Times { opened_at: row.opened_at, answered_at: row.answered_at, closed_at: row.closed_at };
        found.push((invitations::from(row)?, times));
    }
    Ok((found, total))
}
