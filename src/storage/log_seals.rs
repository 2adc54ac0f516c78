//! Seals of the access log: which entry has which place in its organization's chain.

use super::access_log::{self as entries, Entry};
use super::entity::{access_log, access_log_seal};
use super::{Reader, StorageError, Tx};
use crate::domain::ids::{LogEntryId, OrganizationId};
use chrono::{DateTime, Utc};
use sea_orm::sea_query::{Expr, Query, SelectStatement};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, ExprTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect};
use std::collections::BTreeMap;

type Result<T> = std::result::Result<T, StorageError>;

/// A seal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seal {
    /// Whose chain.
    pub organization: OrganizationId,
    /// Place in the chain, from 1.
    pub sequence: u64,
    /// The entry.
    pub entry: LogEntryId,
    /// Hash of the chain up to it.
    pub hash: Vec<u8>,
    /// When.
    pub sealed_at: DateTime<Utc>,
}

/// Sequences and sizes as the databases keep them.
pub(super) fn number(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

pub(super) fn count(value: i64) -> Result<u64> {
    u64::try_from(value).map_err(|_| StorageError::Corrupt("sequence of the access log"))
}

fn from(row: access_log_seal::Model) -> Result<Seal> {
    Ok(Seal {
        organization: row.organization_id.into(),
        sequence: count(row.sequence)?,
        entry: row.entry_id.into(),
        hash: row.hash,
        sealed_at: row.sealed_at,
    })
}

/// Adds seals. Two sealers at once meet at the sequence: one of them runs again.
pub async fn insert(tx: &Tx, seals: &[Seal]) -> Result<()> {
    let rows = seals.iter().map(|seal| access_log_seal::ActiveModel {
        organization_id: Set(seal.organization.0),
        sequence: Set(number(seal.sequence)),
        entry_id: Set(seal.entry.0),
        hash: Set(seal.hash.clone()),
        sealed_at: Set(seal.sealed_at),
    });
    if seals.is_empty() {
        return Ok(());
    }
    access_log_seal::Entity::insert_many(rows).exec_without_returning(tx.transaction()).await?;
    Ok(())
}

/// The newest seal.
pub async fn last(reader: &impl Reader, organization: OrganizationId) -> Result<Option<Seal>> {
    let query = access_log_seal::Entity::find()
        .filter(access_log_seal::Column::OrganizationId.eq(organization.0))
        .order_by_desc(access_log_seal::Column::Sequence);
    query.one(reader.transaction()).await?.map(from).transpose()
}

/// The seal at a place.
pub async fn at(reader: &impl Reader, organization: OrganizationId, sequence: u64) -> Result<Option<Seal>> {
    access_log_seal::Entity::find_by_id((organization.0, number(sequence))).one(reader.transaction()).await?.map(from).transpose()
}

/// Seals after a place, in their order, with their entries where they are there.
pub async fn page(reader: &impl Reader, organization: OrganizationId, after: u64, limit: u64) -> Result<Vec<(Seal, Option<Entry>)>> {
    let seals = access_log_seal::Entity::find()
        .filter(access_log_seal::Column::OrganizationId.eq(organization.0))
        .filter(access_log_seal::Column::Sequence.gt(number(after)))
        .order_by_asc(access_log_seal::Column::Sequence)
        .limit(limit)
        .all(reader.transaction())
        .await?;
    let ids: Vec<uuid::Uuid> = seals.iter().map(|seal| seal.entry_id).collect();
    let rows = access_log::Entity::find().filter(access_log::Column::Id.is_in(ids)).all(reader.transaction()).await?;
    let mut found = rows.into_iter().map(|row| Ok((row.id, entries::from(row)?))).collect::<Result<BTreeMap<_, _>>>()?;
    seals
        .into_iter()
        .map(|seal| {
            let entry = found.remove(&seal.entry_id);
            Ok((from(seal)?, entry))
        })
        .collect()
}

fn seal_of_entry() -> SelectStatement {
    Query::select()
        .expr(Expr::val(1))
        .from(access_log_seal::Entity)
        .and_where(
            Expr::col((access_log_seal::Entity, access_log_seal::Column::EntryId)).equals((access_log::Entity, access_log::Column::Id)),
        )
        .to_owned()
}

/// Entries without a seal whose id is not below `from`, in the order of their ids, which is the order
/// of their times. The index on organization and id finds where to begin, the one on the seal's entry
/// says which have one: what it costs is the number of entries from `from` on, not of all.
pub async fn unsealed(reader: &impl Reader, organization: OrganizationId, from: LogEntryId, limit: u64) -> Result<Vec<Entry>> {
    access_log::Entity::find()
        .filter(access_log::Column::OrganizationId.eq(organization.0))
        .filter(access_log::Column::Id.gte(from.0))
        .filter(Expr::not_exists(seal_of_entry()))
        .order_by_asc(access_log::Column::Id)
        .limit(limit)
        .all(reader.transaction())
        .await?
        .into_iter()
        .map(entries::from)
        .collect()
}

/// How many entries have an id below this one, and how many of the chain's seals are kept.
pub async fn counts(reader: &impl Reader, organization: OrganizationId, below: LogEntryId) -> Result<(u64, u64)> {
    let entries = access_log::Entity::find()
        .filter(access_log::Column::OrganizationId.eq(organization.0))
        .filter(access_log::Column::Id.lt(below.0))
        .count(reader.transaction())
        .await?;
    let seals = access_log_seal::Entity::find()
        .filter(access_log_seal::Column::OrganizationId.eq(organization.0))
        .filter(access_log_seal::Column::EntryId.lt(below.0))
        .count(reader.transaction())
        .await?;
    Ok((entries, seals))
}

/// Deletes the oldest seals up to a place, with entries and patients; at most `limit` of them. The
/// database refuses where no record of pruning reaches that far.
pub async fn delete_oldest(tx: &Tx, organization: OrganizationId, up_to: u64, limit: u64) -> Result<u64> {
    let seals = access_log_seal::Entity::find()
        .filter(access_log_seal::Column::OrganizationId.eq(organization.0))
        .filter(access_log_seal::Column::Sequence.lte(number(up_to)))
        .order_by_asc(access_log_seal::Column::Sequence)
        .limit(limit)
        .all(tx.transaction())
        .await?;
    let Some(last) = seals.last() else { return Ok(0) };
    let ids: Vec<uuid::Uuid> = seals.iter().map(|seal| seal.entry_id).collect();
    entries::delete(tx, &ids).await?;
    let gone = access_log_seal::Entity::delete_many()
        .filter(access_log_seal::Column::OrganizationId.eq(organization.0))
        .filter(access_log_seal::Column::Sequence.lte(last.sequence))
        .exec(tx.transaction())
        .await?;
    Ok(gone.rows_affected)
}
