//! Appointments.

use super::entity::appointment;
use super::{Reader, StorageError, Tx};
use crate::domain::ids::{AppointmentId, ClinicianId, OrganizationId, PatientId, UnitId};
use chrono::{DateTime, Utc};
use sea_orm::sea_query::LockType;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

type Result<T> = std::result::Result<T, StorageError>;

/// Ids that are asked for at once.
const AT_ONCE: usize = 500;

/// A visit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appointment {
    /// Id.
    pub id: AppointmentId,
    /// The tenant.
    pub organization: OrganizationId,
    /// Where.
    pub unit: UnitId,
    /// Who.
    pub patient: PatientId,
    /// The EHR's id.
    pub external_id: Option<String>,
    /// When.
    pub starts_at: DateTime<Utc>,
    /// `booked` or `cancelled`.
    pub status: String,
    /// The person who registered it; `None` for a client or the operator.
    pub registered_by: Option<ClinicianId>,
}

pub(super) fn from(row: appointment::Model) -> Appointment {
    Appointment {
        id: row.id.into(),
        organization: row.organization_id.into(),
        unit: row.unit_id.into(),
        patient: row.patient_id.into(),
        external_id: row.external_id,
        starts_at: row.starts_at,
        status: row.status,
        registered_by: row.registered_by.map(ClinicianId),
    }
}

/// Adds a visit.
pub async fn insert(tx: &Tx, appointment: &Appointment, now: DateTime<Utc>) -> Result<()> {
    let row = appointment::ActiveModel {
        id: Set(appointment.id.0),
        organization_id: Set(appointment.organization.0),
        unit_id: Set(appointment.unit.0),
        patient_id: Set(appointment.patient.0),
        external_id: Set(appointment.external_id.clone()),
        starts_at: Set(appointment.starts_at),
        ends_at: Set(None),
        registered_by: Set(appointment.registered_by.map(|id| id.0)),
        status: Set(appointment.status.clone()),
        created_at: Set(now),
        updated_at: Set(now),
    };
    appointment::Entity::insert(row).exec_without_returning(tx.transaction()).await?;
    Ok(())
}

/// Finds a visit.
pub async fn find(reader: &impl Reader, organization: OrganizationId, id: AppointmentId) -> Result<Option<Appointment>> {
    let found = appointment::Entity::find_by_id(id.0)
        .filter(appointment::Column::OrganizationId.eq(organization.0))
        .one(reader.transaction())
        .await?;
    Ok(found.map(from))
}

/// Finds a visit by the EHR's id, and keeps others from deleting it until the transaction ends
/// (PostgreSQL; on SQLite there is one writer anyway).
pub async fn hold_external(tx: &Tx, organization: OrganizationId, external_id: &str) -> Result<Option<Appointment>> {
    let query = appointment::Entity::find()
        .filter(appointment::Column::OrganizationId.eq(organization.0))
        .filter(appointment::Column::ExternalId.eq(external_id));
    Ok(query.lock(LockType::KeyShare).one(tx.transaction()).await?.map(from))
}

/// Finds a visit by the EHR's id.
pub async fn by_external(reader: &impl Reader, organization: OrganizationId, external_id: &str) -> Result<Option<Appointment>> {
    let query = appointment::Entity::find()
        .filter(appointment::Column::OrganizationId.eq(organization.0))
        .filter(appointment::Column::ExternalId.eq(external_id));
    Ok(query.one(reader.transaction()).await?.map(from))
}

/// Finds a visit and keeps others from changing it, and from inviting to it, until the transaction ends
/// (PostgreSQL; on SQLite there is one writer anyway).
pub async fn lock(tx: &Tx, organization: OrganizationId, id: AppointmentId) -> Result<Option<Appointment>> {
    let query = appointment::Entity::find_by_id(id.0).filter(appointment::Column::OrganizationId.eq(organization.0)).lock_exclusive();
    Ok(query.one(tx.transaction()).await?.map(from))
}

/// Writes time, unit and status anew.
pub async fn change(tx: &Tx, to: &Appointment, now: DateTime<Utc>) -> Result<()> {
    let row = appointment::ActiveModel {
        starts_at: Set(to.starts_at),
        unit_id: Set(to.unit.0),
        status: Set(to.status.clone()),
        updated_at: Set(now),
        ..Default::default()
    };
    appointment::Entity::update_many()
        .set(row)
        .filter(appointment::Column::Id.eq(to.id.0))
        .filter(appointment::Column::OrganizationId.eq(to.organization.0))
        .exec(tx.transaction())
        .await?;
    Ok(())
}

/// A patient's visits, oldest first.
pub async fn of_patient(reader: &impl Reader, organization: OrganizationId, patient: PatientId) -> Result<Vec<Appointment>> {
    of_patients(reader, organization, std::slice::from_ref(&patient)).await
}

/// Visits of several patients; of each the oldest first.
pub async fn of_patients(reader: &impl Reader, organization: OrganizationId, patients: &[PatientId]) -> Result<Vec<Appointment>> {
    let mut all = Vec::new();
    for chunk in patients.chunks(AT_ONCE) {
        let rows = appointment::Entity::find()
            .filter(appointment::Column::OrganizationId.eq(organization.0))
            .filter(appointment::Column::PatientId.is_in(chunk.iter().map(|id| id.0)))
            .order_by_asc(appointment::Column::StartsAt)
            .all(reader.transaction())
            .await?;
        all.extend(rows.into_iter().map(from));
    }
    Ok(all)
}
