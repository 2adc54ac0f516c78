//! Organizations, their keys, units, clients, clinicians with roles, released questionnaires.

use super::entity::{client, clinician, clinician_role, organization, organization_key, questionnaire_release, unit};
use super::{Reader, StorageError, Tx};
use crate::domain::actor::{Grant, Role, Scope};
use crate::domain::ids::{ClientId, ClinicianId, OrganizationId, UnitId};
use chrono::{DateTime, Utc};
use sea_orm::{ActiveModelTrait, ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use std::collections::{BTreeSet, HashMap};
use uuid::Uuid;

type Result<T> = std::result::Result<T, StorageError>;

/// An organization with its settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Organization {
    /// Id.
    pub id: OrganizationId,
    /// Name shown to patients.
    pub name: String,
    /// `health_trust` or `municipality`.
    pub kind: String,
    /// Nine digits of the register of legal entities.
    pub number: String,
    /// Phone shown to patients.
    pub phone: String,
    /// Score at or above which a response is marked for clinicians.
    pub threshold: i32,
    /// Where the threshold is taken from, shown beside it.
    pub threshold_source: String,
    /// How many days before and after a visit the care relation lasts.
    pub care_window_days: i32,
}

/// A wrapped key of an organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrganizationKey {
    /// Whose.
    pub organization: OrganizationId,
    /// Its version.
    pub version: u16,
    /// Root key version it is wrapped under.
    pub root_version: u16,
    /// Ciphertext.
    pub wrapped: Vec<u8>,
    /// Since when it makes new values; `None` before it does.
    pub active_at: Option<DateTime<Utc>>,
}

/// A unit with its settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unit {
    /// Id.
    pub id: UnitId,
    /// Its organization.
    pub organization: OrganizationId,
    /// Name.
    pub name: String,
    /// Phone shown to patients.
    pub phone: String,
    /// The EHR's own id (RESH).
    pub external_id: Option<String>,
    /// Default form.
    pub questionnaire_name: String,
    /// Its version; the newest released one when none.
    pub questionnaire_version: Option<String>,
    /// Threshold of its own.
    pub threshold: Option<i32>,
    /// Its name alone would tell what a patient is treated for: letters name the organization only.
    pub discreet: bool,
}

/// A client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    /// Id.
    pub id: ClientId,
    /// Its organization.
    pub organization: OrganizationId,
    /// Name.
    pub name: String,
    /// Its `client_id` at an external issuer.
    pub external_id: Option<String>,
    /// What it may do.
    pub scopes: BTreeSet<Scope>,
}

/// A clinician with roles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clinician {
    /// Id.
    pub id: ClinicianId,
    /// Their organization.
    pub organization: OrganizationId,
    /// Name.
    pub name: String,
    /// Number in the register of health personnel.
    pub hpr_number: Option<String>,
    /// `sub` at an external issuer.
    pub subject: Option<String>,
    /// Roles.
    pub grants: BTreeSet<Grant>,
}

fn version(number: i32) -> Result<u16> {
    u16::try_from(number).map_err(|_| StorageError::Corrupt("key version"))
}

fn organization_from(row: organization::Model) -> Organization {
    Organization {
        id: row.id.into(),
        name: row.name,
        kind: row.kind,
        number: row.organization_number,
        phone: row.phone,
        threshold: row.threshold,
        threshold_source: row.threshold_source,
        care_window_days: row.care_window_days,
    }
}

fn unit_from(row: unit::Model) -> Unit {
    Unit {
        id: row.id.into(),
        organization: row.organization_id.into(),
        name: row.name,
        phone: row.phone,
        external_id: row.external_id,
        questionnaire_name: row.questionnaire_name,
        questionnaire_version: row.questionnaire_version,
        threshold: row.threshold,
        discreet: row.discreet,
    }
}

fn client_from(row: client::Model) -> Client {
    Client {
        id: row.id.into(),
        organization: row.organization_id.into(),
        name: row.name,
        external_id: row.external_id,
        scopes: row.scopes.split(' ').filter_map(Scope::parse).collect(),
    }
}

/// Adds an organization.
pub async fn insert_organization(tx: &Tx, organization: &Organization, now: DateTime<Utc>) -> Result<()> {
    let row = organization::ActiveModel {
        id: Set(organization.id.0),
        name: Set(organization.name.clone()),
        kind: Set(organization.kind.clone()),
        organization_number: Set(organization.number.clone()),
        phone: Set(organization.phone.clone()),
        threshold: Set(organization.threshold),
        threshold_source: Set(organization.threshold_source.clone()),
        care_window_days: Set(organization.care_window_days),
        created_at: Set(now),
        log_patients_a_day: Set(None),
        sender_names: Set(false),
    };
    organization::Entity::insert(row).exec_without_returning(tx.transaction()).await?;
    Ok(())
}

/// Finds an organization.
pub async fn organization(reader: &impl Reader, id: OrganizationId) -> Result<Option<Organization>> {
    Ok(organization::Entity::find_by_id(id.0).one(reader.transaction()).await?.map(organization_from))
}

/// Finds an organization by its number (tokens of an external issuer name it so).
pub async fn organization_by_number(reader: &impl Reader, number: &str) -> Result<Option<Organization>> {
    let found = organization::Entity::find().filter(organization::Column::OrganizationNumber.eq(number)).one(reader.transaction()).await?;
    Ok(found.map(organization_from))
}

/// All organizations, by name.
pub async fn organizations(reader: &impl Reader) -> Result<Vec<Organization>> {
    let rows = organization::Entity::find().order_by_asc(organization::Column::Name).all(reader.transaction()).await?;
    Ok(rows.into_iter().map(organization_from).collect())
}

/// Adds a key of an organization.
pub async fn insert_key(tx: &Tx, key: &OrganizationKey, now: DateTime<Utc>) -> Result<()> {
    let row = organization_key::ActiveModel {
        organization_id: Set(key.organization.0),
        version: Set(i32::from(key.version)),
        root_key_version: Set(i32::from(key.root_version)),
        wrapped: Set(key.wrapped.clone()),
        created_at: Set(now),
        active_at: Set(key.active_at),
    };
    organization_key::Entity::insert(row).exec_without_returning(tx.transaction()).await?;
    Ok(())
}

/// Keys of one organization, newest first; of all organizations when `None`.
pub async fn keys(reader: &impl Reader, organization: Option<OrganizationId>) -> Result<Vec<OrganizationKey>> {
    let mut query = organization_key::Entity::find().order_by_desc(organization_key::Column::Version);
    if let Some(organization) = organization {
        query = query.filter(organization_key::Column::OrganizationId.eq(organization.0));
    }
    let rows = query.all(reader.transaction()).await?;
    rows.into_iter()
        .map(|row| {
            Ok(OrganizationKey {
                organization: row.organization_id.into(),
                version: version(row.version)?,
                root_version: version(row.root_key_version)?,
                wrapped: row.wrapped,
                active_at: row.active_at,
            })
        })
        .collect()
}

/// Adds a unit.
pub async fn insert_unit(tx: &Tx, unit: &Unit, now: DateTime<Utc>) -> Result<()> {
    let row = unit::ActiveModel {
        id: Set(unit.id.0),
        organization_id: Set(unit.organization.0),
        name: Set(unit.name.clone()),
        phone: Set(unit.phone.clone()),
        external_id: Set(unit.external_id.clone()),
        questionnaire_name: Set(unit.questionnaire_name.clone()),
        questionnaire_version: Set(unit.questionnaire_version.clone()),
        threshold: Set(unit.threshold),
        created_at: Set(now),
        discreet: Set(unit.discreet),
        patient_provider: Set(None),
    };
    unit::Entity::insert(row).exec_without_returning(tx.transaction()).await?;
    Ok(())
}

/// Finds a unit of an organization.
pub async fn unit(reader: &impl Reader, organization: OrganizationId, id: UnitId) -> Result<Option<Unit>> {
    let found = unit::Entity::find_by_id(id.0).filter(unit::Column::OrganizationId.eq(organization.0)).one(reader.transaction()).await?;
    Ok(found.map(unit_from))
}

/// The provider that patients of a unit sign in at; `None` where the birth date is asked for.
pub async fn patient_provider(reader: &impl Reader, organization: OrganizationId, id: UnitId) -> Result<Option<String>> {
    let own = unit::Entity::find_by_id(id.0).filter(unit::Column::OrganizationId.eq(organization.0));
    Ok(own.one(reader.transaction()).await?.and_then(|row| row.patient_provider))
}

/// Sets it. False when there is no such unit.
pub async fn set_patient_provider(tx: &Tx, organization: OrganizationId, id: UnitId, provider: Option<&str>) -> Result<bool> {
    let row = unit::ActiveModel { patient_provider: Set(provider.map(str::to_owned)), ..Default::default() };
    let own = unit::Entity::update_many().set(row).filter(unit::Column::Id.eq(id.0));
    Ok(own.filter(unit::Column::OrganizationId.eq(organization.0)).exec(tx.transaction()).await?.rows_affected == 1)
}

/// Says whether letters may name a unit. False when there is no such unit.
pub async fn set_discreet(tx: &Tx, organization: OrganizationId, id: UnitId, discreet: bool) -> Result<bool> {
    let row = unit::ActiveModel { discreet: Set(discreet), ..Default::default() };
    let own = unit::Entity::update_many().set(row).filter(unit::Column::Id.eq(id.0));
    Ok(own.filter(unit::Column::OrganizationId.eq(organization.0)).exec(tx.transaction()).await?.rows_affected == 1)
}

/// Units of an organization (of all when `None`), by name.
pub async fn units(reader: &impl Reader, organization: Option<OrganizationId>) -> Result<Vec<Unit>> {
    let mut query = unit::Entity::find().order_by_asc(unit::Column::Name);
    if let Some(organization) = organization {
        query = query.filter(unit::Column::OrganizationId.eq(organization.0));
    }
    Ok(query.all(reader.transaction()).await?.into_iter().map(unit_from).collect())
}

/// Units of an organization that have this number as their external id.
pub async fn units_of_number(reader: &impl Reader, organization: OrganizationId, number: &str) -> Result<Vec<UnitId>> {
    let query = unit::Entity::find().filter(unit::Column::OrganizationId.eq(organization.0)).filter(unit::Column::ExternalId.eq(number));
    Ok(query.all(reader.transaction()).await?.into_iter().map(|row| row.id.into()).collect())
}

/// Adds a client.
pub async fn insert_client(tx: &Tx, client: &Client, now: DateTime<Utc>) -> Result<()> {
    let scopes: Vec<&str> = client.scopes.iter().map(|scope| scope.word()).collect();
    let row = client::ActiveModel {
        id: Set(client.id.0),
        organization_id: Set(client.organization.0),
        name: Set(client.name.clone()),
        external_id: Set(client.external_id.clone()),
        scopes: Set(scopes.join(" ")),
        created_at: Set(now),
        disabled_at: Set(None),
    };
    client::Entity::insert(row).exec_without_returning(tx.transaction()).await?;
    Ok(())
}

/// Finds a client that is not disabled, by id.
pub async fn client(reader: &impl Reader, id: ClientId) -> Result<Option<Client>> {
    let found = client::Entity::find_by_id(id.0).filter(client::Column::DisabledAt.is_null()).one(reader.transaction()).await?;
    Ok(found.map(client_from))
}

/// Finds a client that is not disabled, by its id at an external issuer.
pub async fn client_by_external(reader: &impl Reader, external_id: &str) -> Result<Option<Client>> {
    let query = client::Entity::find().filter(client::Column::ExternalId.eq(external_id)).filter(client::Column::DisabledAt.is_null());
    Ok(query.one(reader.transaction()).await?.map(client_from))
}

/// The clients of an organization, or of all.
pub async fn clients(reader: &impl Reader, organization: Option<OrganizationId>) -> Result<Vec<Client>> {
    let mut query = client::Entity::find().order_by_asc(client::Column::Name);
    if let Some(organization) = organization {
        query = query.filter(client::Column::OrganizationId.eq(organization.0));
    }
    Ok(query.all(reader.transaction()).await?.into_iter().map(client_from).collect())
}

/// Adds a clinician with their roles; `role_ids` has one id a role.
pub async fn insert_clinician(tx: &Tx, person: &Clinician, role_ids: &[Uuid], now: DateTime<Utc>) -> Result<()> {
    let row = clinician::ActiveModel {
        id: Set(person.id.0),
        organization_id: Set(person.organization.0),
        name: Set(person.name.clone()),
        hpr_number: Set(person.hpr_number.clone()),
        subject: Set(person.subject.clone()),
        created_at: Set(now),
        disabled_at: Set(None),
        national_id_index: Set(None),
        national_id_key_version: Set(None),
    };
    clinician::Entity::insert(row).exec_without_returning(tx.transaction()).await?;
    for (grant, id) in person.grants.iter().zip(role_ids) {
        let row = clinician_role::ActiveModel {
            id: Set(*id),
            clinician_id: Set(person.id.0),
            role: Set(grant.role.word().to_owned()),
            unit_id: Set(grant.unit.map(|unit| unit.0)),
        };
        row.insert(tx.transaction()).await?;
    }
    Ok(())
}

/// How a token names a clinician.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClinicianKey {
    /// Our own id.
    Id(ClinicianId),
    /// HPR number in an organization.
    Hpr(OrganizationId, String),
    /// Subject at the issuer, in an organization.
    Subject(OrganizationId, String),
}

/// Finds a clinician that is not disabled.
pub async fn clinician(reader: &impl Reader, key: &ClinicianKey) -> Result<Option<Clinician>> {
    let query = clinician::Entity::find().filter(clinician::Column::DisabledAt.is_null());
    let query = match key {
        ClinicianKey::Id(id) => query.filter(clinician::Column::Id.eq(id.0)),
        ClinicianKey::Hpr(organization, number) => {
            query.filter(clinician::Column::OrganizationId.eq(organization.0)).filter(clinician::Column::HprNumber.eq(number))
        }
        ClinicianKey::Subject(organization, subject) => {
            query.filter(clinician::Column::OrganizationId.eq(organization.0)).filter(clinician::Column::Subject.eq(subject))
        }
    };
    let Some(row) = query.one(reader.transaction()).await? else { return Ok(None) };
    let roles = clinician_role::Entity::find().filter(clinician_role::Column::ClinicianId.eq(row.id)).all(reader.transaction()).await?;
    Ok(Some(clinician_from(row, &roles)))
}

fn clinician_from(row: clinician::Model, roles: &[clinician_role::Model]) -> Clinician {
    let grants = roles
        .iter()
        .filter(|role| role.clinician_id == row.id)
        .filter_map(|role| Some(Grant { role: Role::parse(&role.role)?, unit: role.unit_id.map(UnitId) }))
        .collect();
    Clinician {
        id: row.id.into(),
        organization: row.organization_id.into(),
        name: row.name,
        hpr_number: row.hpr_number,
        subject: row.subject,
        grants,
    }
}

/// All clinicians with roles, by name.
pub async fn clinicians(reader: &impl Reader) -> Result<Vec<Clinician>> {
    let rows = clinician::Entity::find().order_by_asc(clinician::Column::Name).all(reader.transaction()).await?;
    let roles = clinician_role::Entity::find().all(reader.transaction()).await?;
    Ok(rows.into_iter().map(|row| clinician_from(row, &roles)).collect())
}

/// A questionnaire version as it was released in this database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// Name.
    pub name: String,
    /// Version.
    pub version: String,
    /// SHA-256 of the file.
    pub sha256: Vec<u8>,
    /// Whether it came with the program.
    pub built_in: bool,
}

/// All released questionnaires.
pub async fn releases(reader: &impl Reader) -> Result<Vec<Release>> {
    let rows = questionnaire_release::Entity::find().all(reader.transaction()).await?;
    Ok(rows.into_iter().map(|row| Release { name: row.name, version: row.version, sha256: row.sha256, built_in: row.built_in }).collect())
}

/// Records a release.
pub async fn insert_release(tx: &Tx, release: &Release, now: DateTime<Utc>) -> Result<()> {
    let row = questionnaire_release::ActiveModel {
        name: Set(release.name.clone()),
        version: Set(release.version.clone()),
        sha256: Set(release.sha256.clone()),
        built_in: Set(release.built_in),
        retired_on: Set(None),
        released_at: Set(now),
    };
    questionnaire_release::Entity::insert(row).exec_without_returning(tx.transaction()).await?;
    Ok(())
}

/// A clinician as the access log's report knows them, disabled ones too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Staff {
    /// Id.
    pub id: ClinicianId,
    /// Name.
    pub name: String,
    /// Blind index of their own national id, where it was given.
    pub national_id_index: Option<Vec<u8>>,
    /// Number in the register of health personnel.
    pub hpr_number: Option<String>,
    /// Whether they may sign in.
    pub active: bool,
}

/// Every clinician of an organization.
pub async fn staff(reader: &impl Reader, organization: OrganizationId) -> Result<Vec<Staff>> {
    let rows = clinician::Entity::find().filter(clinician::Column::OrganizationId.eq(organization.0)).all(reader.transaction()).await?;
    let from = |row: clinician::Model| Staff {
        id: row.id.into(),
        name: row.name,
        national_id_index: row.national_id_index,
        hpr_number: row.hpr_number,
        active: row.disabled_at.is_none(),
    };
    Ok(rows.into_iter().map(from).collect())
}

/// Names of clinicians of an organization.
pub async fn names(
    reader: &impl Reader,
    organization: OrganizationId,
    ids: &BTreeSet<ClinicianId>,
) -> Result<HashMap<ClinicianId, String>> {
    let mut names = HashMap::new();
    for chunk in ids.iter().collect::<Vec<_>>().chunks(500) {
        let rows = clinician::Entity::find()
            .filter(clinician::Column::OrganizationId.eq(organization.0))
            .filter(clinician::Column::Id.is_in(chunk.iter().map(|id| id.0)))
            .all(reader.transaction())
            .await?;
        names.extend(rows.into_iter().map(|row| (row.id.into(), row.name)));
    }
    Ok(names)
}

/// Sets or removes the blind index of a clinician's own national id, with the organization key version
/// it was made under.
pub async fn set_national_id(tx: &Tx, id: ClinicianId, index: Option<(u16, Vec<u8>)>) -> Result<()> {
    let (version, index) = index.map_or((None, None), |(version, index)| (Some(i32::from(version)), Some(index)));
    let row = clinician::ActiveModel { national_id_index: Set(index), national_id_key_version: Set(version), ..Default::default() };
    clinician::Entity::update_many().set(row).filter(clinician::Column::Id.eq(id.0)).exec(tx.transaction()).await?;
    Ok(())
}

/// How many patients a day are many in an organization, where it has said so.
pub async fn log_patients_a_day(reader: &impl Reader, id: OrganizationId) -> Result<Option<i32>> {
    let row = organization::Entity::find_by_id(id.0).one(reader.transaction()).await?;
    Ok(row.and_then(|row| row.log_patients_a_day))
}

/// Sets it.
pub async fn set_log_patients_a_day(tx: &Tx, id: OrganizationId, number: Option<i32>) -> Result<()> {
    let row = organization::ActiveModel { log_patients_a_day: Set(number), ..Default::default() };
    organization::Entity::update_many().set(row).filter(organization::Column::Id.eq(id.0)).exec(tx.transaction()).await?;
    Ok(())
}
