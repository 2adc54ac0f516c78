//! Rotation, row by row: finds what is under older key versions in small batches, and puts what
//! services computed into its place, only where the row is still as it was found.

use super::entity::{attempt, credential, organization_key, patient, patient_identifier, patient_identifier_index, patient_key, webhook};
use super::key_use::{Under, index_under};
use super::organizations::OrganizationKey;
use super::patients::{self, WrappedKey};
use super::webhooks::{self, Webhook};
use super::{Reader, StorageError, Tx, credentials};
use crate::domain::ids::{CredentialId, OrganizationId, PatientId, PatientIdentifierId};
use chrono::{DateTime, Utc};
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, ExprTrait, JoinType, QueryFilter, QueryOrder, QuerySelect};

type Result<T> = std::result::Result<T, StorageError>;

/// Puts a rewrapped key of an organization into the place of the old one.
pub async fn replace_organization_key(tx: &Tx, old: &OrganizationKey, new: &OrganizationKey) -> Result<()> {
    organization_key::Entity::update_many()
        .set(organization_key::ActiveModel {
            root_key_version: Set(i32::from(new.root_version)),
            wrapped: Set(new.wrapped.clone()),
            ..Default::default()
        })
        .filter(organization_key::Column::OrganizationId.eq(old.organization.0))
        .filter(organization_key::Column::Version.eq(i32::from(old.version)))
        .filter(organization_key::Column::RootKeyVersion.eq(i32::from(old.root_version)))
        .exec(tx.transaction())
        .await?;
    Ok(())
}

/// Makes a version of an organization's key the one that makes new values, unless it was that before.
pub async fn activate_organization_key(tx: &Tx, organization: OrganizationId, version: u16, now: DateTime<Utc>) -> Result<()> {
    organization_key::Entity::update_many()
        .set(organization_key::ActiveModel { active_at: Set(Some(now)), ..Default::default() })
        .filter(organization_key::Column::OrganizationId.eq(organization.0))
        .filter(organization_key::Column::Version.eq(i32::from(version)))
        .filter(organization_key::Column::ActiveAt.is_null())
        .exec(tx.transaction())
        .await?;
    Ok(())
}

/// Deletes a version of an organization's key; says whether it was there.
pub async fn delete_organization_key(tx: &Tx, organization: OrganizationId, version: u16) -> Result<bool> {
    let done = organization_key::Entity::delete_by_id((organization.0, i32::from(version))).exec(tx.transaction()).await?;
    Ok(done.rows_affected == 1)
}

/// Data keys behind `after` that are wrapped under other versions than `version`.
pub async fn patient_keys(
    reader: &impl Reader,
    organization: OrganizationId,
    version: u16,
    after: Option<PatientId>,
    limit: u64,
) -> Result<Vec<(PatientId, WrappedKey)>> {
    let owner = patient_key::Entity::belongs_to(patient::Entity).from(patient_key::Column::PatientId).to(patient::Column::Id);
    let mut query = patient_key::Entity::find()
        .join(JoinType::InnerJoin, owner.into())
        .filter(patient::Column::OrganizationId.eq(organization.0))
        .filter(Under::Others(version).of(patient_key::Column::OrganizationKeyVersion))
        .order_by_asc(patient_key::Column::PatientId)
        .limit(limit);
    if let Some(after) = after {
        query = query.filter(patient_key::Column::PatientId.gt(after.0));
    }
    let rows = query.all(reader.transaction()).await?;
    rows.into_iter().map(|row| Ok((row.patient_id.into(), patients::wrapped(row)?))).collect()
}

/// Puts a rewrapped data key into the place of the old one; one that was deleted meanwhile stays so.
pub async fn replace_patient_key(tx: &Tx, patient: PatientId, old: &WrappedKey, new: &WrappedKey) -> Result<()> {
    patient_key::Entity::update_many()
        .set(patient_key::ActiveModel {
            organization_key_version: Set(i32::from(new.organization_key_version)),
            wrapped: Set(new.wrapped.clone()),
            ..Default::default()
        })
        .filter(patient_key::Column::PatientId.eq(patient.0))
        .filter(patient_key::Column::Version.eq(i32::from(old.version)))
        .filter(patient_key::Column::OrganizationKeyVersion.eq(i32::from(old.organization_key_version)))
        .exec(tx.transaction())
        .await?;
    Ok(())
}

/// An identifier that has no blind index under a version yet.
#[derive(Debug, Clone)]
pub struct Unindexed {
    /// Its id.
    pub id: PatientIdentifierId,
    /// Whose.
    pub patient: PatientId,
    /// System URI.
    pub system: String,
    /// Who gave a local number.
    pub assigner: String,
    /// The number.
    pub value_sealed: Vec<u8>,
    /// The data key that opens it.
    pub key: WrappedKey,
}

/// Identifiers behind `after` without a blind index under `version`; kept from being deleted until the
/// transaction ends.
pub async fn unindexed(
    tx: &Tx,
    organization: OrganizationId,
    version: u16,
    after: Option<PatientIdentifierId>,
    limit: u64,
) -> Result<Vec<Unindexed>> {
    let key = patient_identifier::Entity::belongs_to(patient_key::Entity)
        .from((patient_identifier::Column::PatientId, patient_identifier::Column::KeyVersion))
        .to((patient_key::Column::PatientId, patient_key::Column::Version));
    let mut query = patient_identifier::Entity::find()
        .join(JoinType::InnerJoin, key.into())
        .select_also(patient_key::Entity)
        .filter(patient_identifier::Column::OrganizationId.eq(organization.0))
        .filter(Expr::exists(index_under(version)).not())
        .order_by_asc(patient_identifier::Column::Id)
        .limit(limit)
        .lock_shared();
    if let Some(after) = after {
        query = query.filter(patient_identifier::Column::Id.gt(after.0));
    }
    let rows = query.all(tx.transaction()).await?;
    let rows = rows.into_iter().filter_map(|(row, key)| Some((row, key?)));
    rows.map(|(row, key)| {
        Ok(Unindexed {
            id: row.id.into(),
            patient: row.patient_id.into(),
            system: row.system,
            assigner: row.assigner,
            value_sealed: row.value_sealed,
            key: patients::wrapped(key)?,
        })
    })
    .collect()
}

/// Adds a blind index of an identifier, unless another run has.
pub async fn insert_index(tx: &Tx, organization: OrganizationId, of: &Unindexed, version: u16, hash: &[u8]) -> Result<()> {
    let row = patients::index_row(organization, of.patient, of.id, version, hash);
    let there = OnConflict::new().do_nothing().to_owned();
    patient_identifier_index::Entity::insert(row).on_conflict(there).exec_without_returning(tx.transaction()).await?;
    Ok(())
}

/// Deletes blind indexes of a version that is gone, at most `limit`; says how many.
pub async fn delete_indexes(tx: &Tx, organization: OrganizationId, version: u16, limit: u64) -> Result<u64> {
    let ids: Vec<uuid::Uuid> = patient_identifier_index::Entity::find()
        .select_only()
        .column(patient_identifier_index::Column::IdentifierId)
        .filter(patient_identifier_index::Column::OrganizationId.eq(organization.0))
        .filter(patient_identifier_index::Column::KeyVersion.eq(i32::from(version)))
        .limit(limit)
        .into_tuple()
        .all(tx.transaction())
        .await?;
    let done = patient_identifier_index::Entity::delete_many()
        .filter(patient_identifier_index::Column::IdentifierId.is_in(ids))
        .filter(patient_identifier_index::Column::KeyVersion.eq(i32::from(version)))
        .exec(tx.transaction())
        .await?;
    Ok(done.rows_affected)
}

/// Credentials behind `after` whose hashes are under other look-up keys than `version` and whose
/// secrets come from one of these link keys.
pub async fn credentials(
    reader: &impl Reader,
    version: u16,
    links: &[u16],
    after: Option<CredentialId>,
    limit: u64,
) -> Result<Vec<credentials::Credential>> {
    let mut query = credential::Entity::find()
        .filter(Under::Others(version).of(credential::Column::LookupKeyVersion))
        .filter(credential::Column::LinkKeyVersion.is_in(links.iter().map(|version| i32::from(*version))))
        .order_by_asc(credential::Column::Id)
        .limit(limit);
    if let Some(after) = after {
        query = query.filter(credential::Column::Id.gt(after.0));
    }
    query.all(reader.transaction()).await?.into_iter().map(credentials::from).collect()
}

/// Webhooks of an organization whose secrets are sealed under other versions than `version`, kept from
/// being changed until the transaction ends.
pub async fn webhooks(tx: &Tx, organization: OrganizationId, version: u16) -> Result<Vec<Webhook>> {
    let query = webhook::Entity::find()
        .filter(webhook::Column::OrganizationId.eq(organization.0))
        .filter(Under::Others(version).of(webhook::Column::KeyVersion))
        .order_by_asc(webhook::Column::Id)
        .lock_exclusive();
    query.all(tx.transaction()).await?.into_iter().map(webhooks::from).collect()
}

/// Puts new hashes into the place of the old ones. What was counted against the old code goes on being
/// counted against the new hash of it.
pub async fn replace_hashes(tx: &Tx, old: &credentials::Credential, new: &credentials::Credential) -> Result<()> {
    let done = credential::Entity::update_many()
        .set(credential::ActiveModel {
            link_hash: Set(new.link_hash.clone()),
            code_hash: Set(new.code_hash.clone()),
            lookup_key_version: Set(i32::from(new.lookup_key_version)),
            ..Default::default()
        })
        .filter(credential::Column::Id.eq(old.id.0))
        .filter(credential::Column::LookupKeyVersion.eq(i32::from(old.lookup_key_version)))
        .exec(tx.transaction())
        .await?;
    if done.rows_affected == 1 {
        attempt::Entity::update_many()
            .col_expr(attempt::Column::SubjectHash, Expr::value(new.code_hash.clone()))
            .col_expr(attempt::Column::SubjectKeyVersion, Expr::value(i32::from(new.lookup_key_version)))
            .filter(attempt::Column::Scope.eq("credential"))
            .filter(attempt::Column::SubjectHash.eq(old.code_hash.clone()))
            .exec(tx.transaction())
            .await?;
    }
    Ok(())
}
