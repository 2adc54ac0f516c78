//! Signed heads of the access log, records of pruning, and how far heads have been delivered.

use super::entity::{access_log_delivery, access_log_head, access_log_prune};
use super::log_seals::{count, number};
use super::{Reader, StorageError, Tx};
use crate::domain::ids::OrganizationId;
use chrono::{DateTime, Utc};
use sea_orm::sea_query::{Condition, OnConflict};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

type Result<T> = std::result::Result<T, StorageError>;

/// A signed head, or the record of a pruning up to one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredHead {
    /// Whose log.
    pub organization: OrganizationId,
    /// Number of seals up to it.
    pub size: u64,
    /// Hash of the last one.
    pub hash: Vec<u8>,
    /// When it was signed.
    pub at: DateTime<Utc>,
    /// Version of the log key.
    pub key_version: u16,
    /// The signed note, which says the same.
    pub note: String,
}

fn from(row: access_log_head::Model) -> Result<StoredHead> {
    Ok(StoredHead {
        organization: row.organization_id.into(),
        size: count(row.size)?,
        hash: row.hash,
        at: row.at,
        key_version: u16::try_from(row.key_version).map_err(|_| StorageError::Corrupt("key version"))?,
        note: row.note,
    })
}

/// Adds a head.
pub async fn insert(tx: &Tx, head: &StoredHead) -> Result<()> {
    let row = access_log_head::ActiveModel {
        organization_id: Set(head.organization.0),
        size: Set(number(head.size)),
        at: Set(head.at),
        hash: Set(head.hash.clone()),
        key_version: Set(i32::from(head.key_version)),
        note: Set(head.note.clone()),
    };
    access_log_head::Entity::insert(row).exec_without_returning(tx.transaction()).await?;
    Ok(())
}

/// The newest head, signed not after an instant where one is given.
pub async fn newest(reader: &impl Reader, organization: OrganizationId, not_after: Option<DateTime<Utc>>) -> Result<Option<StoredHead>> {
    let mut query = access_log_head::Entity::find()
        .filter(access_log_head::Column::OrganizationId.eq(organization.0))
        .order_by_desc(access_log_head::Column::Size)
        .order_by_desc(access_log_head::Column::At);
    if let Some(not_after) = not_after {
        query = query.filter(access_log_head::Column::At.lte(not_after));
    }
    query.one(reader.transaction()).await?.map(from).transpose()
}

/// Heads after a size and time, in that order.
pub async fn after(
    reader: &impl Reader,
    organization: OrganizationId,
    size: u64,
    at: DateTime<Utc>,
    limit: u64,
) -> Result<Vec<StoredHead>> {
    let later = Condition::any()
        .add(access_log_head::Column::Size.gt(number(size)))
        .add(Condition::all().add(access_log_head::Column::Size.eq(number(size))).add(access_log_head::Column::At.gt(at)));
    access_log_head::Entity::find()
        .filter(access_log_head::Column::OrganizationId.eq(organization.0))
        .filter(later)
        .order_by_asc(access_log_head::Column::Size)
        .order_by_asc(access_log_head::Column::At)
        .limit(limit)
        .all(reader.transaction())
        .await?
        .into_iter()
        .map(from)
        .collect()
}

/// The newest heads signed after an instant, at most `limit`, oldest first.
pub async fn newest_since(reader: &impl Reader, organization: OrganizationId, at: DateTime<Utc>, limit: u64) -> Result<Vec<StoredHead>> {
    let rows = access_log_head::Entity::find()
        .filter(access_log_head::Column::OrganizationId.eq(organization.0))
        .filter(access_log_head::Column::At.gt(at))
        .order_by_desc(access_log_head::Column::Size)
        .order_by_desc(access_log_head::Column::At)
        .limit(limit)
        .all(reader.transaction())
        .await?;
    rows.into_iter().rev().map(from).collect()
}

/// Records that everything up to a head is deleted, as older than `cut_off`.
pub async fn insert_prune(tx: &Tx, prune: &StoredHead, cut_off: DateTime<Utc>) -> Result<()> {
    let row = access_log_prune::ActiveModel {
        organization_id: Set(prune.organization.0),
        size: Set(number(prune.size)),
        hash: Set(prune.hash.clone()),
        cut_off: Set(cut_off),
        at: Set(prune.at),
        key_version: Set(i32::from(prune.key_version)),
        note: Set(prune.note.clone()),
    };
    access_log_prune::Entity::insert(row).exec_without_returning(tx.transaction()).await?;
    Ok(())
}

/// The record of the last pruning: where the chain begins now.
pub async fn last_prune(reader: &impl Reader, organization: OrganizationId) -> Result<Option<StoredHead>> {
    let query = access_log_prune::Entity::find()
        .filter(access_log_prune::Column::OrganizationId.eq(organization.0))
        .order_by_desc(access_log_prune::Column::Size);
    let found = query.one(reader.transaction()).await?;
    let head = |row: access_log_prune::Model| access_log_head::Model {
        organization_id: row.organization_id,
        size: row.size,
        at: row.at,
        hash: row.hash,
        key_version: row.key_version,
        note: row.note,
    };
    found.map(head).map(from).transpose()
}

/// Deletes heads of what is pruned; the one that pruning reached stays.
pub async fn delete_below(tx: &Tx, organization: OrganizationId, size: u64) -> Result<()> {
    access_log_head::Entity::delete_many()
        .filter(access_log_head::Column::OrganizationId.eq(organization.0))
        .filter(access_log_head::Column::Size.lt(number(size)))
        .exec(tx.transaction())
        .await?;
    Ok(())
}

/// Up to which head a place outside has them.
pub async fn delivered(reader: &impl Reader, organization: OrganizationId, outlet: &str) -> Result<Option<DateTime<Utc>>> {
    let row = access_log_delivery::Entity::find_by_id((organization.0, outlet.to_owned())).one(reader.transaction()).await?;
    Ok(row.map(|row| row.head_at))
}

/// Notes that it has them up to this one.
pub async fn set_delivered(tx: &Tx, organization: OrganizationId, outlet: &str, head_at: DateTime<Utc>) -> Result<()> {
    let row =
        access_log_delivery::ActiveModel { organization_id: Set(organization.0), outlet: Set(outlet.to_owned()), head_at: Set(head_at) };
    let over = OnConflict::columns([access_log_delivery::Column::OrganizationId, access_log_delivery::Column::Outlet])
        .update_column(access_log_delivery::Column::HeadAt)
        .to_owned();
    access_log_delivery::Entity::insert(row).on_conflict(over).exec_without_returning(tx.transaction()).await?;
    Ok(())
}
