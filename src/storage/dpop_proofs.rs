//! Proofs of possession, and tokens that are good once, that were seen: none is taken twice by whichever
//! instance.

use super::entity::dpop_proof;
use super::{Reader, StorageError, Tx};
use chrono::{DateTime, Utc};
use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter};

/// Writes a proof down. False when it was seen before.
pub async fn first(tx: &Tx, proof_sha256: &[u8], now: DateTime<Utc>) -> Result<bool, StorageError> {
    let row = dpop_proof::ActiveModel { proof_sha256: Set(proof_sha256.to_vec()), seen_at: Set(now) };
    let seen = OnConflict::column(dpop_proof::Column::ProofSha256).do_nothing().to_owned();
    let fresh = dpop_proof::Entity::insert(row).on_conflict(seen).exec_without_returning(tx.transaction()).await?;
    Ok(fresh == 1)
}

/// Deletes proofs that were seen before `before`: they are too old to be taken.
pub async fn purge(tx: &Tx, before: DateTime<Utc>) -> Result<u64, StorageError> {
    let old = dpop_proof::Entity::delete_many().filter(dpop_proof::Column::SeenAt.lt(before));
    Ok(old.exec(tx.transaction()).await?.rows_affected)
}
