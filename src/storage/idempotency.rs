//! Idempotency keys (draft-ietf-httpapi-idempotency-key-header): one row a caller, operation and
//! key. The outcome holds ids, never a secret: secrets are derived again when it is replayed.

use super::entity::idempotency;
use super::{Reader as _, StorageError, Tx};
use crate::domain::ids::OrganizationId;
use chrono::{DateTime, Utc};
use sea_orm::{ActiveValue::Set, ColumnTrait, Condition, EntityTrait, QueryFilter, QuerySelect};
use uuid::Uuid;

type Result<T> = std::result::Result<T, StorageError>;

/// Which key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// The tenant.
    pub organization: OrganizationId,
    /// Client or clinician.
    pub caller: Uuid,
    /// Operation, e.g. `issue` or `reissue`.
    pub operation: String,
    /// As the caller chose it.
    pub key: String,
}

/// What is known of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// The use that began it.
    pub attempt: Uuid,
    /// Keyed hash of the body it was first used with.
    pub body_hash: Vec<u8>,
    /// Look-up key version of the hash.
    pub body_key_version: u16,
    /// Outcome as JSON; `None` while in flight.
    pub outcome: Option<String>,
    /// In flight until then at the latest.
    pub locked_until: DateTime<Utc>,
    /// First use.
    pub created_at: DateTime<Utc>,
}

/// A use of a key that has begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use {
    /// The key.
    pub key: Key,
    /// This use, apart from one that takes over after a crash.
    pub attempt: Uuid,
    /// Keyed hash of the body.
    pub body_hash: Vec<u8>,
    /// Look-up key version of the hash.
    pub body_key_version: u16,
    /// Others hold back until then.
    pub locked_until: DateTime<Utc>,
}

/// Reads a key and keeps it until the transaction ends.
pub async fn lock(tx: &Tx, key: &Key) -> Result<Option<Known>> {
    let row = idempotency::Entity::find_by_id((key.caller, key.operation.clone(), key.key.clone()))
        .lock_exclusive()
        .one(tx.transaction())
        .await?;
    row.map(|row| {
        Ok(Known {
            attempt: row.attempt_id,
            body_hash: row.body_hash,
            body_key_version: u16::try_from(row.body_key_version).map_err(|_| StorageError::Corrupt("key version"))?,
            outcome: row.outcome,
            locked_until: row.locked_until,
            created_at: row.created_at,
        })
    })
    .transpose()
}

/// Begins a use in place of `over`, which is past its time or has died. A conflict when another use
/// began at the same moment: a row that [`lock`] has not seen is never taken away.
pub async fn begin(tx: &Tx, begun: &Use, over: Option<Uuid>, now: DateTime<Utc>) -> Result<()> {
    if let Some(over) = over {
        idempotency::Entity::delete_many()
            .filter(of_key(&begun.key).add(idempotency::Column::AttemptId.eq(over)))
            .exec(tx.transaction())
            .await?;
    }
    let row = idempotency::ActiveModel {
        organization_id: Set(begun.key.organization.0),
        caller_id: Set(begun.key.caller),
        operation: Set(begun.key.operation.clone()),
        key: Set(begun.key.key.clone()),
        body_hash: Set(begun.body_hash.clone()),
        body_key_version: Set(i32::from(begun.body_key_version)),
        attempt_id: Set(begun.attempt),
        state: Set("in-flight".to_owned()),
        outcome: Set(None),
        created_at: Set(now),
        locked_until: Set(begun.locked_until),
    };
    idempotency::Entity::insert(row).exec_without_returning(tx.transaction()).await?;
    Ok(())
}

fn of_key(key: &Key) -> Condition {
    Condition::all()
        .add(idempotency::Column::CallerId.eq(key.caller))
        .add(idempotency::Column::Operation.eq(key.operation.clone()))
        .add(idempotency::Column::Key.eq(key.key.clone()))
}

/// This use's own row, as long as no other has taken over and no outcome is recorded.
fn in_flight(begun: &Use) -> Condition {
    of_key(&begun.key).add(idempotency::Column::AttemptId.eq(begun.attempt)).add(idempotency::Column::State.eq("in-flight"))
}

/// Records the outcome, in the transaction of the work itself. False when another use has taken over.
pub async fn finish(tx: &Tx, begun: &Use, outcome: &str) -> Result<bool> {
    let done = idempotency::Entity::update_many()
        .set(idempotency::ActiveModel { state: Set("done".to_owned()), outcome: Set(Some(outcome.to_owned())), ..Default::default() })
        .filter(in_flight(begun))
        .exec(tx.transaction())
        .await?;
    Ok(done.rows_affected == 1)
}

/// Lets a key go after refused work. Only while this use is still in flight: when a commit succeeded
/// and only its answer was lost, the outcome stands and a repeat must find it.
pub async fn release(tx: &Tx, begun: &Use) -> Result<()> {
    idempotency::Entity::delete_many().filter(in_flight(begun)).exec(tx.transaction()).await?;
    Ok(())
}

/// Deletes keys first used before `before`.
pub async fn purge(tx: &Tx, before: DateTime<Utc>) -> Result<u64> {
    Ok(idempotency::Entity::delete_many().filter(idempotency::Column::CreatedAt.lt(before)).exec(tx.transaction()).await?.rows_affected)
}
