//! People who may answer in a patient's place. What is known of them is sealed under the patient's data key.

use super::entity::representative;
use super::{Reader, StorageError, Tx};
use crate::domain::ids::{OrganizationId, PatientId, RepresentativeId};
use chrono::{DateTime, Utc};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder};

type Result<T> = std::result::Result<T, StorageError>;

/// A representative's row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Representative {
    /// Id.
    pub id: RepresentativeId,
    /// The tenant.
    pub organization: OrganizationId,
    /// Whom they represent.
    pub patient: PatientId,
    /// National id, name and relation, JSON.
    pub content_sealed: Vec<u8>,
    /// Data key version.
    pub key_version: u16,
    /// When they were registered or last changed.
    pub updated_at: DateTime<Utc>,
}

fn from(row: representative::Model) -> Result<Representative> {
    Ok(Representative {
        id: row.id.into(),
        organization: row.organization_id.into(),
        patient: row.patient_id.into(),
        content_sealed: row.content_sealed,
        key_version: u16::try_from(row.key_version).map_err(|_| StorageError::Corrupt("key version"))?,
        updated_at: row.updated_at,
    })
}

/// The representatives of a patient, in the order in which they were registered.
pub async fn of_patient(reader: &impl Reader, organization: OrganizationId, patient: PatientId) -> Result<Vec<Representative>> {
    let rows = representative::Entity::find()
        .filter(representative::Column::OrganizationId.eq(organization.0))
        .filter(representative::Column::PatientId.eq(patient.0))
        .order_by_asc(representative::Column::Id)
        .all(reader.transaction())
        .await?;
    rows.into_iter().map(from).collect()
}

/// Adds one.
pub async fn insert(tx: &Tx, row: &Representative) -> Result<()> {
    let row = representative::ActiveModel {
        id: Set(row.id.0),
        organization_id: Set(row.organization.0),
        patient_id: Set(row.patient.0),
        content_sealed: Set(row.content_sealed.clone()),
        key_version: Set(i32::from(row.key_version)),
        created_at: Set(row.updated_at),
        updated_at: Set(row.updated_at),
    };
    representative::Entity::insert(row).exec_without_returning(tx.transaction()).await?;
    Ok(())
}

/// Writes what is known of one anew.
pub async fn update(tx: &Tx, row: &Representative) -> Result<()> {
    let content = representative::ActiveModel {
        content_sealed: Set(row.content_sealed.clone()),
        key_version: Set(i32::from(row.key_version)),
        updated_at: Set(row.updated_at),
        ..Default::default()
    };
    representative::Entity::update_many()
        .set(content)
        .filter(representative::Column::Id.eq(row.id.0))
        .filter(representative::Column::OrganizationId.eq(row.organization.0))
        .exec(tx.transaction())
        .await?;
    Ok(())
}

/// Deletes one of a patient's; whether there was one.
pub async fn delete(tx: &Tx, organization: OrganizationId, patient: PatientId, id: RepresentativeId) -> Result<bool> {
    let done = representative::Entity::delete_many()
        .filter(representative::Column::Id.eq(id.0))
        .filter(representative::Column::OrganizationId.eq(organization.0))
        .filter(representative::Column::PatientId.eq(patient.0))
        .exec(tx.transaction())
        .await?;
    Ok(done.rows_affected == 1)
}

/// Deletes all of some patients.
pub async fn delete_of(tx: &Tx, patients: &[PatientId]) -> Result<()> {
    let theirs = representative::Column::PatientId.is_in(patients.iter().map(|id| id.0));
    representative::Entity::delete_many().filter(theirs).exec(tx.transaction()).await?;
    Ok(())
}
