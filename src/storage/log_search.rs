//! Questions to the access log: entries by filter, and what the report of unusual reading looks for.
//! All of them are bounded in time; entries of a time are found through the index on their ids.

use super::access_log::{self as entries, Entry};
use super::entity::{access_log, access_log_patient, clinician_role, patient_identifier_index};
use super::{Reader, StorageError};
use crate::domain::ids::{LogEntryId, OrganizationId, PatientId, UnitId};
use crate::domain::log::first_id;
use crate::domain::policy::Ground;
use chrono::{DateTime, Utc};
use sea_orm::sea_query::{Expr, Query, SelectStatement};
use sea_orm::{ColumnTrait, EntityTrait, ExprTrait, JoinType, QueryFilter, QueryOrder, QuerySelect, Select};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

type Result<T> = std::result::Result<T, StorageError>;

/// Which part of the log is asked for.
#[derive(Debug, Clone)]
pub struct Span {
    /// Whose log.
    pub organization: OrganizationId,
    /// First instant.
    pub from: DateTime<Utc>,
    /// First instant after it.
    pub to: DateTime<Utc>,
    /// Only entries of these units.
    pub units: Option<BTreeSet<UnitId>>,
}

impl Span {
    fn entries(&self) -> Select<access_log::Entity> {
        let query = access_log::Entity::find()
            .filter(access_log::Column::OrganizationId.eq(self.organization.0))
            .filter(access_log::Column::Id.gte(first_id(self.from)))
            .filter(access_log::Column::Id.lt(first_id(self.to)));
        match &self.units {
            None => query,
            Some(units) => query.filter(access_log::Column::UnitId.is_in(units.iter().map(|unit| unit.0))),
        }
    }

    /// The same, of clinicians who did one of these.
    fn of_clinicians(&self, actions: &[&str]) -> Select<access_log::Entity> {
        self.entries()
            .filter(access_log::Column::ActorKind.eq("clinician"))
            .filter(access_log::Column::Action.is_in(actions.iter().copied()))
    }
}

/// What entries must have; what is not given is not asked.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Who.
    pub actor: Option<Uuid>,
    /// About whom.
    pub patient: Option<PatientId>,
    /// What was done.
    pub action: Option<String>,
    /// How it ended.
    pub result: Option<String>,
    /// Only entries before this one.
    pub before: Option<LogEntryId>,
    /// Only what was done on a stated ground.
    pub stated: bool,
}

/// Entries with their patients, newest first.
pub async fn search(reader: &impl Reader, span: &Span, filter: &Filter, limit: u64) -> Result<Vec<(Entry, BTreeSet<PatientId>)>> {
    let mut query = span.entries();
    if let Some(actor) = filter.actor {
        query = query.filter(access_log::Column::ActorId.eq(actor));
    }
    if let Some(action) = &filter.action {
        query = query.filter(access_log::Column::Action.eq(action));
    }
    if let Some(result) = &filter.result {
        query = query.filter(access_log::Column::Result.eq(result));
    }
    if filter.stated {
        query = query.filter(access_log::Column::Ground.is_in(Ground::STATED.map(Ground::word)));
    }
    if let Some(before) = filter.before {
        query = query.filter(access_log::Column::Id.lt(before.0));
    }
    let found = if let Some(patient) = filter.patient {
        entries::newest_about(reader, query, patient, limit).await?
    } else {
        let newest = query.order_by_desc(access_log::Column::Id).limit(limit);
        newest.all(reader.transaction()).await?.into_iter().map(entries::from).collect::<Result<Vec<_>>>()?
    };
    with_patients(reader, found).await
}

/// One entry with its patients, where it is in that part of the log.
pub async fn find(reader: &impl Reader, span: &Span, id: LogEntryId) -> Result<Option<(Entry, BTreeSet<PatientId>)>> {
    let row = span.entries().filter(access_log::Column::Id.eq(id.0)).one(reader.transaction()).await?;
    let found = row.map(entries::from).transpose()?;
    Ok(with_patients(reader, found.into_iter().collect()).await?.pop())
}

async fn with_patients(reader: &impl Reader, found: Vec<Entry>) -> Result<Vec<(Entry, BTreeSet<PatientId>)>> {
    let ids: Vec<LogEntryId> = found.iter().map(|entry| entry.id).collect();
    let mut patients = entries::patients(reader, &ids).await?;
    let own = |entry: Entry| {
        let own = patients.remove(&entry.id).unwrap_or_default();
        (entry, own)
    };
    Ok(found.into_iter().map(own).collect())
}

/// Entries in which a clinician did one of these to one of these patients, with that patient. Like [`busy`] and
/// [`patients_of`] of actions alone whose entries have a list of their own (`domain::log::shares`).
pub async fn about(
    reader: &impl Reader,
    span: &Span,
    actions: &[&str],
    patients: &[PatientId],
    limit: u64,
) -> Result<Vec<(Entry, BTreeSet<PatientId>)>> {
    let mut all: BTreeMap<LogEntryId, (Entry, BTreeSet<PatientId>)> = BTreeMap::new();
    for chunk in patients.chunks(500) {
        let rows = span
            .of_clinicians(actions)
            .join(JoinType::InnerJoin, entries::own_patients())
            .filter(access_log_patient::Column::PatientId.is_in(chunk.iter().map(|patient| patient.0)))
            .select_also(access_log_patient::Entity)
            .order_by_desc(access_log::Column::Id)
            .limit(limit)
            .all(reader.transaction())
            .await?;
        for (row, patient) in rows {
            let entry = entries::from(row)?;
            let (_, patients) = all.entry(entry.id).or_insert_with(|| (entry, BTreeSet::new()));
            patients.extend(patient.map(|patient| PatientId(patient.patient_id)));
        }
    }
    Ok(all.into_values().collect())
}

/// Entries of clinicians on a ground that they stated.
pub async fn on_grounds(reader: &impl Reader, span: &Span, grounds: &[&str], limit: u64) -> Result<Vec<(Entry, BTreeSet<PatientId>)>> {
    let query = span
        .entries()
        .filter(access_log::Column::ActorKind.eq("clinician"))
        .filter(access_log::Column::Ground.is_in(grounds.iter().copied()))
        .order_by_desc(access_log::Column::Id)
        .limit(limit);
    let found = query.all(reader.transaction()).await?.into_iter().map(entries::from).collect::<Result<Vec<_>>>()?;
    with_patients(reader, found).await
}

/// A role of the entry's actor in the entry's unit, or in all.
fn role_there() -> SelectStatement {
    let own = |column| Expr::col((clinician_role::Entity, column));
    Query::select()
        .expr(Expr::val(1))
        .from(clinician_role::Entity)
        .and_where(own(clinician_role::Column::ClinicianId).equals((access_log::Entity, access_log::Column::ActorId)))
        .and_where(
            own(clinician_role::Column::UnitId)
                .equals((access_log::Entity, access_log::Column::UnitId))
                .or(own(clinician_role::Column::UnitId).is_null()),
        )
        .to_owned()
}

/// Entries of clinicians in a unit where they have no role now.
pub async fn outside(reader: &impl Reader, span: &Span, limit: u64) -> Result<Vec<(Entry, BTreeSet<PatientId>)>> {
    let query = span
        .entries()
        .filter(access_log::Column::ActorKind.eq("clinician"))
        .filter(access_log::Column::UnitId.is_not_null())
        .filter(Expr::not_exists(role_there()))
        .order_by_desc(access_log::Column::Id)
        .limit(limit);
    let found = query.all(reader.transaction()).await?.into_iter().map(entries::from).collect::<Result<Vec<_>>>()?;
    with_patients(reader, found).await
}

/// A clinician who did something to many patients.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Busy {
    /// Who.
    pub actor: Uuid,
    /// Different patients.
    pub patients: u64,
    /// Entries.
    pub entries: u64,
    /// The first of them.
    pub first: DateTime<Utc>,
    /// The last of them.
    pub last: DateTime<Utc>,
}

/// Clinicians who did one of these to more than so many different patients, the most first.
pub async fn busy(reader: &impl Reader, span: &Span, actions: &[&str], above: i64, limit: u64) -> Result<Vec<Busy>> {
    type Row = (Option<Uuid>, i64, i64, DateTime<Utc>, DateTime<Utc>);
    let patients = || Expr::col((access_log_patient::Entity, access_log_patient::Column::PatientId)).count_distinct();
    let rows: Vec<Row> = span
        .of_clinicians(actions)
        .join(JoinType::InnerJoin, entries::own_patients())
        .select_only()
        .column(access_log::Column::ActorId)
        .column_as(patients(), "patients")
        .column_as(Expr::col((access_log::Entity, access_log::Column::Id)).count_distinct(), "entries")
        .column_as(access_log::Column::At.min(), "first_at")
        .column_as(access_log::Column::At.max(), "last_at")
        .group_by(access_log::Column::ActorId)
        .having(patients().gt(above))
        .order_by_desc(patients())
        .limit(limit)
        .into_tuple()
        .all(reader.transaction())
        .await?;
    let busy = |(actor, patients, entries, first, last): Row| {
        Some(Busy { actor: actor?, patients: u64::try_from(patients).ok()?, entries: u64::try_from(entries).ok()?, first, last })
    };
    Ok(rows.into_iter().filter_map(busy).collect())
}

/// Some of the patients of one of them.
pub async fn patients_of(reader: &impl Reader, span: &Span, actions: &[&str], actor: Uuid, limit: u64) -> Result<BTreeSet<PatientId>> {
    let rows: Vec<Uuid> = span
        .of_clinicians(actions)
        .filter(access_log::Column::ActorId.eq(actor))
        .join(JoinType::InnerJoin, entries::own_patients())
        .select_only()
        .column(access_log_patient::Column::PatientId)
        .distinct()
        .limit(limit)
        .into_tuple()
        .all(reader.transaction())
        .await?;
    Ok(rows.into_iter().map(PatientId).collect())
}

/// The patients that some blind indexes belong to.
pub async fn patients_by_index(reader: &impl Reader, organization: OrganizationId, indexes: &[Vec<u8>]) -> Result<BTreeSet<PatientId>> {
    let mut found = BTreeSet::new();
    for chunk in indexes.chunks(500) {
        let rows: Vec<Uuid> = patient_identifier_index::Entity::find()
            .select_only()
            .column(patient_identifier_index::Column::PatientId)
            .filter(patient_identifier_index::Column::OrganizationId.eq(organization.0))
            .filter(patient_identifier_index::Column::BlindIndex.is_in(chunk.to_vec()))
            .into_tuple()
            .all(reader.transaction())
            .await?;
        found.extend(rows.into_iter().map(PatientId));
    }
    Ok(found)
}
