//! Job leases and check values of keys.

use super::entity::{job_lease, key_check};
use super::{Reader, StorageError, Tx};
use chrono::{DateTime, Utc};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, ExprTrait, QueryFilter, sea_query::OnConflict};
use uuid::Uuid;

type Result<T> = std::result::Result<T, StorageError>;

/// Takes the lease of a job until `until`, unless another instance holds it. A lease far beyond that was
/// taken when the clock was wrong, and holds nobody up. One statement.
pub async fn claim(tx: &Tx, job: &str, holder: Uuid, now: DateTime<Utc>, until: DateTime<Utc>) -> Result<bool> {
    let row = job_lease::ActiveModel { job: Set(job.to_owned()), holder: Set(holder), until: Set(until), last_run_at: Set(Some(now)) };
    let over = OnConflict::column(job_lease::Column::Job).do_nothing().to_owned();
    let fresh = job_lease::Entity::insert(row).on_conflict(over).exec_without_returning(tx.transaction()).await?;
    if fresh == 1 {
        return Ok(true);
    }
    let taken = job_lease::Entity::update_many()
        .set(job_lease::ActiveModel { holder: Set(holder), until: Set(until), last_run_at: Set(Some(now)), ..Default::default() })
        .filter(job_lease::Column::Job.eq(job))
        .filter(job_lease::Column::Until.lte(now).or(job_lease::Column::Until.gt(until + (until - now))))
        .exec(tx.transaction())
        .await?;
    Ok(taken.rows_affected == 1)
}

/// A key version that this database has been used with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyCheck {
    /// Purpose word.
    pub purpose: String,
    /// Version.
    pub version: u16,
    /// Keyed hash of a constant.
    pub value: Vec<u8>,
}

/// Every key version in use.
pub async fn key_checks(reader: &impl Reader) -> Result<Vec<KeyCheck>> {
    let rows = key_check::Entity::find().all(reader.transaction()).await?;
    rows.into_iter()
        .map(|row| {
            Ok(KeyCheck {
                purpose: row.purpose,
                version: u16::try_from(row.version).map_err(|_| StorageError::Corrupt("key version"))?,
                value: row.check_value,
            })
        })
        .collect()
}

/// Records a key version.
pub async fn insert_key_check(tx: &Tx, check: &KeyCheck, now: DateTime<Utc>) -> Result<()> {
    let row = key_check::ActiveModel {
        purpose: Set(check.purpose.clone()),
        version: Set(i32::from(check.version)),
        check_value: Set(check.value.clone()),
        created_at: Set(now),
    };
    key_check::Entity::insert(row).exec_without_returning(tx.transaction()).await?;
    Ok(())
}
