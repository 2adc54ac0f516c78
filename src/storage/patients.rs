//! Patients, their identifiers and data keys. Everything personal arrives and leaves as ciphertext.

use super::entity::{patient, patient_identifier, patient_identifier_index, patient_key};
use super::{Reader, StorageError, Tx};
use crate::domain::ids::{OrganizationId, PatientId, PatientIdentifierId};
use chrono::{DateTime, Utc};
use sea_orm::sea_query::LockType;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QuerySelect, Select};
use std::collections::{BTreeSet, HashMap};
use uuid::Uuid;

type Result<T> = std::result::Result<T, StorageError>;

/// Ids that are asked for at once.
const AT_ONCE: usize = 500;

/// A patient's row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Patient {
    /// Id.
    pub id: PatientId,
    /// The tenant.
    pub organization: OrganizationId,
    /// Version of the data key that sealed the fields.
    pub key_version: u16,
    /// Name.
    pub name_sealed: Vec<u8>,
    /// Birth date, ISO 8601.
    pub birth_date_sealed: Vec<u8>,
    /// E-mail and phone, JSON.
    pub contact_sealed: Option<Vec<u8>>,
    /// Preferred language.
    pub language: String,
    /// The data key, wrapped; `None` when the patient has been erased.
    pub key: Option<WrappedKey>,
}

impl Patient {
    /// Whether everything about them has been erased: no key, and nothing that one could open.
    pub fn is_erased(&self) -> bool {
        self.key.is_none() && self.name_sealed.is_empty()
    }
}

/// A patient's wrapped data key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrappedKey {
    /// Its version.
    pub version: u16,
    /// Version of the organization key it is wrapped under.
    pub organization_key_version: u16,
    /// Ciphertext.
    pub wrapped: Vec<u8>,
}

/// An identifier's row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredIdentifier {
    /// Id.
    pub id: PatientIdentifierId,
    /// System URI.
    pub system: String,
    /// Who gave a local number.
    pub assigner: String,
    /// The number.
    pub value_sealed: Vec<u8>,
    /// Data key version.
    pub key_version: u16,
    /// Keyed hashes by which it is found, each with its organization key version: one for every live
    /// version, so that an instance that knows only one of them finds it too.
    pub indexes: Vec<(u16, Vec<u8>)>,
}

fn number(version: i32) -> Result<u16> {
    u16::try_from(version).map_err(|_| StorageError::Corrupt("key version"))
}

pub(super) fn wrapped(row: patient_key::Model) -> Result<WrappedKey> {
    Ok(WrappedKey { version: number(row.version)?, organization_key_version: number(row.organization_key_version)?, wrapped: row.wrapped })
}

fn patient_from(row: patient::Model, key: Option<patient_key::Model>) -> Result<Patient> {
    Ok(Patient {
        id: row.id.into(),
        organization: row.organization_id.into(),
        key_version: number(row.key_version)?,
        name_sealed: row.name_sealed,
        birth_date_sealed: row.birth_date_sealed,
        contact_sealed: row.contact_sealed,
        language: row.language,
        key: key.map(wrapped).transpose()?,
    })
}

/// Adds a patient with data key and, where known, identifier.
pub async fn insert(tx: &Tx, patient: &Patient, identifier: Option<&StoredIdentifier>, now: DateTime<Utc>) -> Result<()> {
    let row = patient::ActiveModel {
        id: Set(patient.id.0),
        organization_id: Set(patient.organization.0),
        key_version: Set(i32::from(patient.key_version)),
        name_sealed: Set(patient.name_sealed.clone()),
        birth_date_sealed: Set(patient.birth_date_sealed.clone()),
        contact_sealed: Set(patient.contact_sealed.clone()),
        language: Set(patient.language.clone()),
        merged_into: Set(None),
        created_at: Set(now),
        updated_at: Set(now),
        notices_stopped_at: Set(None),
    };
    patient::Entity::insert(row).exec_without_returning(tx.transaction()).await?;
    if let Some(key) = &patient.key {
        let row = patient_key::ActiveModel {
            patient_id: Set(patient.id.0),
            version: Set(i32::from(key.version)),
            organization_key_version: Set(i32::from(key.organization_key_version)),
            wrapped: Set(key.wrapped.clone()),
            created_at: Set(now),
        };
        patient_key::Entity::insert(row).exec_without_returning(tx.transaction()).await?;
    }
    if let Some(identifier) = identifier {
        insert_identifier(tx, patient.organization, patient.id, identifier, now).await?;
    }
    Ok(())
}

async fn insert_identifier(
    tx: &Tx,
    organization: OrganizationId,
    patient: PatientId,
    identifier: &StoredIdentifier,
    now: DateTime<Utc>,
) -> Result<()> {
    let row = patient_identifier::ActiveModel {
        id: Set(identifier.id.0),
        organization_id: Set(organization.0),
        patient_id: Set(patient.0),
        system: Set(identifier.system.clone()),
        assigner: Set(identifier.assigner.clone()),
        value_sealed: Set(identifier.value_sealed.clone()),
        key_version: Set(i32::from(identifier.key_version)),
        created_at: Set(now),
    };
    patient_identifier::Entity::insert(row).exec_without_returning(tx.transaction()).await?;
    let indexes = identifier.indexes.iter().map(|(version, hash)| index_row(organization, patient, identifier.id, *version, hash));
    patient_identifier_index::Entity::insert_many(indexes).exec_without_returning(tx.transaction()).await?;
    Ok(())
}

/// One keyed hash by which an identifier is found.
pub(super) fn index_row(
    organization: OrganizationId,
    patient: PatientId,
    identifier: PatientIdentifierId,
    key_version: u16,
    hash: &[u8],
) -> patient_identifier_index::ActiveModel {
    patient_identifier_index::ActiveModel {
        organization_id: Set(organization.0),
        blind_index: Set(hash.to_vec()),
        key_version: Set(i32::from(key_version)),
        identifier_id: Set(identifier.0),
        patient_id: Set(patient.0),
    }
}

/// What the letter system knows newer than we do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Update {
    /// Name.
    pub name_sealed: Vec<u8>,
    /// Birth date.
    pub birth_date_sealed: Vec<u8>,
    /// Contact; `None` leaves what is stored.
    pub contact_sealed: Option<Vec<u8>>,
    /// Language; `None` leaves what is stored.
    pub language: Option<String>,
}

/// Writes newer demographics.
pub async fn update(tx: &Tx, organization: OrganizationId, id: PatientId, update: &Update, now: DateTime<Utc>) -> Result<()> {
    let mut row = patient::ActiveModel {
        name_sealed: Set(update.name_sealed.clone()),
        birth_date_sealed: Set(update.birth_date_sealed.clone()),
        updated_at: Set(now),
        ..Default::default()
    };
    if let Some(language) = &update.language {
        row.language = Set(language.clone());
    }
    if let Some(contact) = &update.contact_sealed {
        row.contact_sealed = Set(Some(contact.clone()));
    }
    patient::Entity::update_many()
        .set(row)
        .filter(patient::Column::Id.eq(id.0))
        .filter(patient::Column::OrganizationId.eq(organization.0))
        .exec(tx.transaction())
        .await?;
    Ok(())
}

/// Finds a patient with the newest data key. The same two statements run whether it exists or not,
/// so that the time tells nothing.
pub async fn find(reader: &impl Reader, organization: OrganizationId, id: PatientId) -> Result<Option<Patient>> {
    found(reader, id, by_id(organization, id)).await
}

/// The same, and keeps others from erasing the patient until the transaction ends (PostgreSQL; on
/// SQLite there is one writer anyway). Whoever seals something under the data key begins here: the
/// key stands until what was sealed is stored, or is gone already. Others may do the same at once.
pub async fn hold(tx: &Tx, organization: OrganizationId, id: PatientId) -> Result<Option<Patient>> {
    found(tx, id, by_id(organization, id).lock(LockType::KeyShare)).await
}

/// The same, and one at a time, beside those who only hold the patient: for who looks at what there is
/// before adding to it.
pub async fn hold_alone(tx: &Tx, organization: OrganizationId, id: PatientId) -> Result<Option<Patient>> {
    found(tx, id, by_id(organization, id).lock(LockType::NoKeyUpdate)).await
}

/// The same, and waits for everybody who holds the patient: for who erases.
pub async fn lock(tx: &Tx, organization: OrganizationId, id: PatientId) -> Result<Option<Patient>> {
    found(tx, id, by_id(organization, id).lock_exclusive()).await
}

fn by_id(organization: OrganizationId, id: PatientId) -> Select<patient::Entity> {
    patient::Entity::find_by_id(id.0).filter(patient::Column::OrganizationId.eq(organization.0))
}

/// The key is read in a statement of its own, after the row is locked where it is.
async fn found(reader: &impl Reader, id: PatientId, query: Select<patient::Entity>) -> Result<Option<Patient>> {
    let row = query.one(reader.transaction()).await?;
    let version = row.as_ref().map_or(0, |row| row.key_version);
    let key = patient_key::Entity::find_by_id((id.0, version)).one(reader.transaction()).await?;
    row.map(|row| patient_from(row, key)).transpose()
}

/// Identifiers of a patient, without the hashes by which they are found.
pub async fn identifiers(reader: &impl Reader, organization: OrganizationId, id: PatientId) -> Result<Vec<StoredIdentifier>> {
    let rows = patient_identifier::Entity::find()
        .filter(patient_identifier::Column::OrganizationId.eq(organization.0))
        .filter(patient_identifier::Column::PatientId.eq(id.0))
        .all(reader.transaction())
        .await?;
    rows.into_iter().map(identifier_from).collect()
}

fn identifier_from(row: patient_identifier::Model) -> Result<StoredIdentifier> {
    Ok(StoredIdentifier {
        id: row.id.into(),
        system: row.system,
        assigner: row.assigner,
        value_sealed: row.value_sealed,
        key_version: number(row.key_version)?,
        indexes: Vec::new(),
    })
}

/// Which of these are patients of the organization.
pub async fn known(reader: &impl Reader, organization: OrganizationId, ids: &[PatientId]) -> Result<BTreeSet<PatientId>> {
    let mut found = BTreeSet::new();
    for chunk in ids.chunks(AT_ONCE) {
        let rows: Vec<Uuid> = patient::Entity::find()
            .select_only()
            .column(patient::Column::Id)
            .filter(patient::Column::OrganizationId.eq(organization.0))
            .filter(patient::Column::Id.is_in(chunk.iter().map(|id| id.0)))
            .into_tuple()
            .all(reader.transaction())
            .await?;
        found.extend(rows.into_iter().map(PatientId));
    }
    Ok(found)
}

/// Patients with their newest data keys, by id.
pub async fn find_all(reader: &impl Reader, organization: OrganizationId, ids: &[PatientId]) -> Result<HashMap<PatientId, Patient>> {
    let mut found = HashMap::new();
    for chunk in ids.chunks(AT_ONCE) {
        let theirs = || chunk.iter().map(|id| id.0);
        let rows = patient::Entity::find()
            .filter(patient::Column::OrganizationId.eq(organization.0))
            .filter(patient::Column::Id.is_in(theirs()))
            .all(reader.transaction())
            .await?;
        let keys = patient_key::Entity::find().filter(patient_key::Column::PatientId.is_in(theirs())).all(reader.transaction()).await?;
        let mut keys: HashMap<_, _> = keys.into_iter().map(|key| ((key.patient_id, key.version), key)).collect();
        for row in rows {
            let key = keys.remove(&(row.id, row.key_version));
            let one = patient_from(row, key)?;
            found.insert(one.id, one);
        }
    }
    Ok(found)
}

/// Identifiers of patients, without the hashes by which they are found.
pub async fn identifiers_of(
    reader: &impl Reader,
    organization: OrganizationId,
    ids: &[PatientId],
) -> Result<HashMap<PatientId, Vec<StoredIdentifier>>> {
    let mut found: HashMap<PatientId, Vec<StoredIdentifier>> = HashMap::new();
    for chunk in ids.chunks(AT_ONCE) {
        let rows = patient_identifier::Entity::find()
            .filter(patient_identifier::Column::OrganizationId.eq(organization.0))
            .filter(patient_identifier::Column::PatientId.is_in(chunk.iter().map(|id| id.0)))
            .all(reader.transaction())
            .await?;
        for row in rows {
            found.entry(row.patient_id.into()).or_default().push(identifier_from(row)?);
        }
    }
    Ok(found)
}

/// Deletes the identifiers of patients: nobody finds them by a number any more.
pub async fn delete_identifiers(tx: &Tx, patients: &[PatientId]) -> Result<()> {
    let theirs = patient_identifier::Column::PatientId.is_in(patients.iter().map(|id| id.0));
    patient_identifier::Entity::delete_many().filter(theirs).exec(tx.transaction()).await?;
    Ok(())
}

/// Finds the patient of any of these blind indexes (one per live key version).
pub async fn find_by_index(reader: &impl Reader, organization: OrganizationId, indexes: &[Vec<u8>]) -> Result<Option<PatientId>> {
    let found: Option<uuid::Uuid> = patient_identifier_index::Entity::find()
        .select_only()
        .column(patient_identifier_index::Column::PatientId)
        .filter(patient_identifier_index::Column::OrganizationId.eq(organization.0))
        .filter(patient_identifier_index::Column::BlindIndex.is_in(indexes.to_vec()))
        .into_tuple()
        .one(reader.transaction())
        .await?;
    Ok(found.map(PatientId))
}

/// All patients who have an identifier with one of these hashes: someone who got another number may be
/// there under both.
pub async fn all_by_index(reader: &impl Reader, organization: OrganizationId, indexes: &[Vec<u8>]) -> Result<BTreeSet<PatientId>> {
    let found: Vec<Uuid> = patient_identifier_index::Entity::find()
        .select_only()
        .column(patient_identifier_index::Column::PatientId)
        .filter(patient_identifier_index::Column::OrganizationId.eq(organization.0))
        .filter(patient_identifier_index::Column::BlindIndex.is_in(indexes.to_vec()))
        .into_tuple()
        .all(reader.transaction())
        .await?;
    Ok(found.into_iter().map(PatientId).collect())
}
