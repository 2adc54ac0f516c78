//! The access log: insert and select only. One entry a request, with the list of its patients.

use super::entity::{access_log, access_log_patient};
use super::{Reader, StorageError, Tx};
use crate::domain::ids::{LogEntryId, OrganizationId, PatientId, UnitId};
use crate::domain::log::{Body, moment};
use chrono::{DateTime, Utc};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, JoinType, QueryFilter, QueryOrder, QuerySelect};
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

/// Adds an entry.
pub async fn insert(tx: &Tx, entry: &Entry, patients: &[PatientId]) -> Result<()> {
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
    };
    access_log::Entity::insert(row).exec_without_returning(tx.transaction()).await?;
    let unique: BTreeSet<PatientId> = patients.iter().copied().collect();
    let rows = unique.into_iter().map(|patient| access_log_patient::ActiveModel { patient_id: Set(patient.0), entry_id: Set(entry.id.0) });
    let rows: Vec<_> = rows.collect();
    for chunk in rows.chunks(500) {
        access_log_patient::Entity::insert_many(chunk.to_vec()).exec_without_returning(tx.transaction()).await?;
    }
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
    let join =
        access_log::Entity::belongs_to(access_log_patient::Entity).from(access_log::Column::Id).to(access_log_patient::Column::EntryId);
    let mut query = access_log::Entity::find()
        .join(JoinType::InnerJoin, join.into())
        .filter(access_log_patient::Column::PatientId.eq(patient.0))
        .filter(access_log::Column::OrganizationId.eq(organization.0))
        .order_by_desc(access_log::Column::Id)
        .limit(limit);
    if let Some(before) = before {
        query = query.filter(access_log::Column::Id.lt(before.0));
    }
    if let Some(units) = units {
        query = query.filter(access_log::Column::UnitId.is_in(units.iter().map(|unit| unit.0)));
    }
    query.all(reader.transaction()).await?.into_iter().map(from).collect()
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
    })
}
