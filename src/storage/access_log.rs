//! The access log: insert and select only. One entry a request, with its patients: in a list of its own, or
//! in a set that entries share which show the same ones, as views of a worklist do.

use super::entity::{access_log, access_log_patient, access_log_set};
use super::{Reader, StorageError, Tx};
use crate::domain::ids::{LogEntryId, OrganizationId, PatientId, UnitId};
use crate::domain::log::{Body, moment};
use chrono::{DateTime, Utc};
use sea_orm::sea_query::{OnConflict, Query};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, EntityTrait, JoinType, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, RelationDef, Select,
};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

type Result<T> = std::result::Result<T, StorageError>;

/// An entry: who did what to whom, on what ground. Opaque ids only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Id.
    pub id: LogEntryId,
    /// The tenant.
    pub organization: OrganizationId,
    /// When.
    pub at: DateTime<Utc>,
    /// `client`, `clinician`, `holder`, `system`.
    pub actor_kind: String,
    /// Opaque id.
    pub actor_id: Option<Uuid>,
    /// Role it was done in.
    pub role: Option<String>,
    /// Level of assurance of the sign-in.
    pub assurance: Option<String>,
    /// Unit.
    pub unit: Option<UnitId>,
    /// What was done.
    pub action: String,
    /// Kind of object.
    pub object_kind: Option<String>,
    /// Object.
    pub object_id: Option<Uuid>,
    /// Structured ground.
    pub ground: String,
    /// The actor's own words, sealed under the organization's key.
    pub ground_text_sealed: Option<Vec<u8>>,
    /// Organization key version of those words.
    pub key_version: u16,
    /// `ok` or a problem code.
    pub result: String,
    /// Request id.
    pub request_id: String,
    /// The set that its patients are in, where entries share one.
    pub set: Option<Uuid>,
}

impl Entry {
    /// What is sealed of it, with its patients.
    pub fn body(&self, patients: BTreeSet<PatientId>, sealed_at: DateTime<Utc>) -> Body {
        Body {
            action: self.action.clone(),
            actor_id: self.actor_id,
            actor_kind: self.actor_kind.clone(),
            assurance: self.assurance.clone(),
            at: moment(self.at),
            ground: self.ground.clone(),
            id: self.id.0,
            object_id: self.object_id,
            object_kind: self.object_kind.clone(),
            organization: self.organization.0,
            patients: patients.into_iter().collect(),
            request_id: self.request_id.clone(),
            result: self.result.clone(),
            role: self.role.clone(),
            sealed_at: moment(sealed_at),
            unit: self.unit.map(|unit| unit.0),
        }
    }
}

/// Adds an entry. A set that is there is taken to hold these patients: its name says which they are.
pub async fn insert(tx: &Tx, entry: &Entry, patients: &BTreeSet<PatientId>) -> Result<()> {
    let row = access_log::ActiveModel {
        id: Set(entry.id.0),
        organization_id: Set(entry.organization.0),
        at: Set(entry.at),
        actor_kind: Set(entry.actor_kind.clone()),
        actor_id: Set(entry.actor_id),
        role: Set(entry.role.clone()),
        assurance: Set(entry.assurance.clone()),
        unit_id: Set(entry.unit.map(|unit| unit.0)),
        action: Set(entry.action.clone()),
        object_kind: Set(entry.object_kind.clone()),
        object_id: Set(entry.object_id),
        ground: Set(entry.ground.clone()),
        ground_text_sealed: Set(entry.ground_text_sealed.clone()),
        key_version: Set(i32::from(entry.key_version)),
        result: Set(entry.result.clone()),
        request_id: Set(entry.request_id.clone()),
        set_id: Set(entry.set),
    };
    access_log::Entity::insert(row).exec_without_returning(tx.transaction()).await?;
    if let Some(set) = entry.set {
        return insert_set(tx, set, patients).await;
    }
    let row = |patient: &PatientId| access_log_patient::ActiveModel { patient_id: Set(patient.0), entry_id: Set(entry.id.0) };
    let rows: Vec<_> = patients.iter().map(row).collect();
    for chunk in rows.chunks(500) {
        access_log_patient::Entity::insert_many(chunk.to_vec()).exec_without_returning(tx.transaction()).await?;
    }
    Ok(())
}

/// Adds a set that is not there yet. What is seen of one is all of it, since it is written with an entry; and
/// two who write the same one at once write the same rows.
async fn insert_set(tx: &Tx, set: Uuid, patients: &BTreeSet<PatientId>) -> Result<()> {
    if access_log_set::Entity::find().filter(access_log_set::Column::SetId.eq(set)).one(tx.transaction()).await?.is_some() {
        return Ok(());
    }
    let rows: Vec<_> =
        patients.iter().map(|patient| access_log_set::ActiveModel { set_id: Set(set), patient_id: Set(patient.0) }).collect();
    let there = OnConflict::columns([access_log_set::Column::SetId, access_log_set::Column::PatientId]).do_nothing().to_owned();
    for chunk in rows.chunks(500) {
        let some = access_log_set::Entity::insert_many(chunk.to_vec()).on_conflict(there.clone());
        some.exec_without_returning(tx.transaction()).await?;
    }
    Ok(())
}

/// From an entry to the patients of its own list.
pub(super) fn own_patients() -> RelationDef {
    access_log::Entity::belongs_to(access_log_patient::Entity).from(access_log::Column::Id).to(access_log_patient::Column::EntryId).into()
}

/// From an entry to the patients of its set.
fn set_patients() -> RelationDef {
    access_log::Entity::belongs_to(access_log_set::Entity).from(access_log::Column::SetId).to(access_log_set::Column::SetId).into()
}

/// The newest of some entries, of those alone that are about a patient: each way to the patient is a question
/// of its own, answered through an index.
pub(super) async fn newest_about(
    reader: &impl Reader,
    entries: Select<access_log::Entity>,
    patient: PatientId,
    limit: u64,
) -> Result<Vec<Entry>> {
    let entries = entries.order_by_desc(access_log::Column::Id).limit(limit);
    let own = entries.clone().join(JoinType::InnerJoin, own_patients()).filter(access_log_patient::Column::PatientId.eq(patient.0));
    let mut found = own.all(reader.transaction()).await?;
    let shared = entries.join(JoinType::InnerJoin, set_patients()).filter(access_log_set::Column::PatientId.eq(patient.0));
    found.extend(shared.all(reader.transaction()).await?);
    found.sort_by_key(|row| std::cmp::Reverse(row.id));
    found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    found.into_iter().map(from).collect()
}

/// How many entries are about a patient.
pub(super) async fn count_about(reader: &impl Reader, patient: PatientId) -> Result<u64> {
    let own = access_log_patient::Entity::find().filter(access_log_patient::Column::PatientId.eq(patient.0));
    let shared =
        access_log::Entity::find().join(JoinType::InnerJoin, set_patients()).filter(access_log_set::Column::PatientId.eq(patient.0));
    Ok(own.count(reader.transaction()).await? + shared.count(reader.transaction()).await?)
}

/// Deletes entries with their patients, and the sets that no other entry has.
pub(super) async fn delete(tx: &Tx, entries: &[Uuid]) -> Result<()> {
    let some = || access_log::Column::Id.is_in(entries.iter().copied());
    let sets: Vec<Option<Uuid>> = access_log::Entity::find()
        .select_only()
        .column(access_log::Column::SetId)
        .filter(some())
        .filter(access_log::Column::SetId.is_not_null())
        .distinct()
        .into_tuple()
        .all(tx.transaction())
        .await?;
    let patients = access_log_patient::Entity::delete_many().filter(access_log_patient::Column::EntryId.is_in(entries.iter().copied()));
    patients.exec(tx.transaction()).await?;
    access_log::Entity::delete_many().filter(some()).exec(tx.transaction()).await?;
    if sets.is_empty() {
        return Ok(());
    }
    let other = Query::select()
        .column(access_log::Column::SetId)
        .from(access_log::Entity)
        .and_where(access_log::Column::SetId.is_in(sets.iter().flatten().copied()))
        .to_owned();
    let alone = access_log_set::Entity::delete_many()
        .filter(access_log_set::Column::SetId.is_in(sets.iter().flatten().copied()))
        .filter(access_log_set::Column::SetId.not_in_subquery(other));
    alone.exec(tx.transaction()).await?;
    Ok(())
}

/// A patient's log, newest first, from below `before`; only entries of these units where any are
/// given.
pub async fn of_patient(
    reader: &impl Reader,
    organization: OrganizationId,
    patient: PatientId,
    units: Option<&BTreeSet<UnitId>>,
    before: Option<LogEntryId>,
    limit: u64,
) -> Result<Vec<Entry>> {
    let mut query = access_log::Entity::find().filter(access_log::Column::OrganizationId.eq(organization.0));
    if let Some(before) = before {
        query = query.filter(access_log::Column::Id.lt(before.0));
    }
    if let Some(units) = units {
        query = query.filter(access_log::Column::UnitId.is_in(units.iter().map(|unit| unit.0)));
    }
    newest_about(reader, query, patient, limit).await
}

/// The patients of some entries.
pub async fn patients(reader: &impl Reader, entries: &[LogEntryId]) -> Result<BTreeMap<LogEntryId, BTreeSet<PatientId>>> {
    let mut found: BTreeMap<LogEntryId, BTreeSet<PatientId>> = BTreeMap::new();
    for chunk in entries.chunks(500) {
        let rows = access_log_patient::Entity::find()
            .filter(access_log_patient::Column::EntryId.is_in(chunk.iter().map(|entry| entry.0)))
            .all(reader.transaction())
            .await?;
        for row in rows {
            found.entry(row.entry_id.into()).or_default().insert(row.patient_id.into());
        }
        // Entries of a day share few sets: each is read once.
        let named: Vec<(Uuid, Option<Uuid>)> = access_log::Entity::find()
            .filter(access_log::Column::Id.is_in(chunk.iter().map(|entry| entry.0)))
            .filter(access_log::Column::SetId.is_not_null())
            .select_only()
            .column(access_log::Column::Id)
            .column(access_log::Column::SetId)
            .into_tuple()
            .all(reader.transaction())
            .await?;
        let sets = sets(reader, named.iter().filter_map(|(_, set)| *set).collect()).await?;
        for (entry, set) in named {
            let shared = set.and_then(|set| sets.get(&set));
            found.entry(entry.into()).or_default().extend(shared.into_iter().flatten());
        }
    }
    Ok(found)
}

/// The patients of sets.
async fn sets(reader: &impl Reader, names: BTreeSet<Uuid>) -> Result<BTreeMap<Uuid, Vec<PatientId>>> {
    let mut found: BTreeMap<Uuid, Vec<PatientId>> = BTreeMap::new();
    if names.is_empty() {
        return Ok(found);
    }
    let rows = access_log_set::Entity::find().filter(access_log_set::Column::SetId.is_in(names)).all(reader.transaction()).await?;
    for row in rows {
        found.entry(row.set_id).or_default().push(row.patient_id.into());
    }
    Ok(found)
}

pub(super) fn from(row: access_log::Model) -> Result<Entry> {
    Ok(Entry {
        id: row.id.into(),
        organization: row.organization_id.into(),
        at: row.at,
        actor_kind: row.actor_kind,
        actor_id: row.actor_id,
        role: row.role,
        assurance: row.assurance,
        unit: row.unit_id.map(UnitId),
        action: row.action,
        object_kind: row.object_kind,
        object_id: row.object_id,
        ground: row.ground,
        ground_text_sealed: row.ground_text_sealed,
        key_version: u16::try_from(row.key_version).map_err(|_| StorageError::Corrupt("key version"))?,
        result: row.result,
        request_id: row.request_id,
        set: row.set_id,
    })
}
