//! Job leases, check values of keys, and which keys each instance knows.

use super::entity::{instance, job_lease, key_check};
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
    /// Since when the database knows it.
    pub created_at: DateTime<Utc>,
    /// Since when it makes new values; `None` before it does. The latest of a purpose is the active one.
    pub active_at: Option<DateTime<Utc>>,
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
                created_at: row.created_at,
                active_at: row.active_at,
            })
        })
        .collect()
}

/// Records a key version.
pub async fn insert_key_check(tx: &Tx, check: &KeyCheck) -> Result<()> {
    let row = key_check::ActiveModel {
        purpose: Set(check.purpose.clone()),
        version: Set(i32::from(check.version)),
        check_value: Set(check.value.clone()),
        created_at: Set(check.created_at),
        active_at: Set(check.active_at),
    };
    key_check::Entity::insert(row).exec_without_returning(tx.transaction()).await?;
    Ok(())
}

/// Makes a version the one that makes new values. False when it is unknown or was that before.
pub async fn activate_key(tx: &Tx, purpose: &str, version: u16, now: DateTime<Utc>) -> Result<bool> {
    let done = key_check::Entity::update_many()
        .set(key_check::ActiveModel { active_at: Set(Some(now)), ..Default::default() })
        .filter(key_check::Column::Purpose.eq(purpose))
        .filter(key_check::Column::Version.eq(i32::from(version)))
        .filter(key_check::Column::ActiveAt.is_null())
        .exec(tx.transaction())
        .await?;
    Ok(done.rows_affected == 1)
}

/// Forgets a version: a start without it is no fault any more.
pub async fn forget_key(tx: &Tx, purpose: &str, version: u16) -> Result<()> {
    key_check::Entity::delete_by_id((purpose.to_owned(), i32::from(version))).exec(tx.transaction()).await?;
    Ok(())
}

/// What a running instance said of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instance {
    /// Id, new at each start.
    pub id: Uuid,
    /// The keys it knows, JSON.
    pub keys: String,
    /// When it last said so.
    pub seen_at: DateTime<Utc>,
}

/// Instances that were seen since `since`.
pub async fn instances(reader: &impl Reader, since: DateTime<Utc>) -> Result<Vec<Instance>> {
    let rows = instance::Entity::find().filter(instance::Column::SeenAt.gte(since)).all(reader.transaction()).await?;
    Ok(rows.into_iter().map(|row| Instance { id: row.id, keys: row.keys, seen_at: row.seen_at }).collect())
}

/// Writes what an instance knows, and deletes instances that were not seen since `since`.
pub async fn put_instance(tx: &Tx, own: &Instance, since: DateTime<Utc>) -> Result<()> {
    let row = instance::ActiveModel { id: Set(own.id), keys: Set(own.keys.clone()), seen_at: Set(own.seen_at) };
    let over = OnConflict::column(instance::Column::Id).update_columns([instance::Column::Keys, instance::Column::SeenAt]).to_owned();
    instance::Entity::insert(row).on_conflict(over).exec_without_returning(tx.transaction()).await?;
    instance::Entity::delete_many().filter(instance::Column::SeenAt.lt(since)).exec(tx.transaction()).await?;
    Ok(())
}

/// Deletes an instance that has ended.
pub async fn delete_instance(tx: &Tx, id: Uuid) -> Result<()> {
    instance::Entity::delete_by_id(id).exec(tx.transaction()).await?;
    Ok(())
}
