//! What is past its time: found in a read, deleted in small batches. Which rows those are is said
//! once, in `due`, for counting, finding, and checking again under the lock before deleting.
//!
//! To add something that is deleted by age: a variant of [`Rows`], its rows in `due`, its deletion in
//! `delete.rs`.

mod counters;
mod delete;

pub(super) use counters::forget as forget_counters;
pub use counters::{count_counters, delete_counters, find_counters};
pub use delete::{delete, delete_patients};

use super::entity::{access_log, appointment, draft, invitation, patient, representative, response};
use super::{Reader, StorageError};
use crate::domain::ids::{OrganizationId, PatientId};
use chrono::{DateTime, Utc};
use sea_orm::sea_query::{Asterisk, Expr, Query, SelectStatement};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, ExprTrait, PaginatorTrait, QueryFilter, QuerySelect, QueryTrait};
use uuid::Uuid;

type Result<T> = std::result::Result<T, StorageError>;

/// Which rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rows {
    /// Drafts, by id of the response they would be.
    Drafts,
    /// Responses with versions and reviews.
    Responses,
    /// Invitations that no response hangs on, with sessions, credentials and their counters.
    Invitations,
    /// Visits that nothing hangs on.
    Appointments,
    /// Contacts of patients; the patient stays.
    Contacts,
    /// People who may answer in a patient's place.
    Representatives,
}

/// A row with the patient it is about.
pub type Found = (Uuid, PatientId);

/// Rows of one organization that lie before an instant.
#[derive(Debug, Clone, Copy)]
pub struct Past {
    /// The tenant.
    pub organization: OrganizationId,
    /// The instant.
    pub cutoff: DateTime<Utc>,
}

/// Id and patient of the rows that are past their time.
fn due(rows: Rows, past: Past) -> SelectStatement {
    let Past { organization, cutoff } = past;
    match rows {
        Rows::Drafts => draft::Entity::find()
            .select_only()
            .columns([draft::Column::ResponseId, draft::Column::PatientId])
            .filter(draft::Column::OrganizationId.eq(organization.0))
            .filter(draft::Column::UpdatedAt.lt(cutoff))
            .into_query(),
        Rows::Responses => response::Entity::find()
            .select_only()
            .columns([response::Column::Id, response::Column::PatientId])
            .filter(response::Column::OrganizationId.eq(organization.0))
            .filter(response::Column::SubmittedAt.lt(cutoff))
            .filter(Expr::not_exists(usable(same_as(invitation::Column::Id, (response::Entity, response::Column::InvitationId)), cutoff)))
            .filter(Expr::not_exists(visits(same_as(appointment::Column::Id, (response::Entity, response::Column::AppointmentId)), cutoff)))
            .into_query(),
        Rows::Invitations => invitation::Entity::find()
            .select_only()
            .columns([invitation::Column::Id, invitation::Column::PatientId])
            .filter(invitation::Column::OrganizationId.eq(organization.0))
            .filter(invitation::Column::State.is_in(["answered", "closed"]))
            .filter(invitation::Column::AnswerUntil.lt(cutoff))
            .filter(invitation::Column::AmendUntil.lt(cutoff))
            .filter(Expr::not_exists(responses(same_as(response::Column::InvitationId, (invitation::Entity, invitation::Column::Id)))))
            .into_query(),
        Rows::Appointments => appointment::Entity::find()
            .select_only()
            .columns([appointment::Column::Id, appointment::Column::PatientId])
            .filter(appointment::Column::OrganizationId.eq(organization.0))
            .filter(appointment::Column::StartsAt.lt(cutoff))
            .filter(Expr::not_exists(invitations(same_as(
                invitation::Column::AppointmentId,
                (appointment::Entity, appointment::Column::Id),
            ))))
            .filter(Expr::not_exists(responses(same_as(response::Column::AppointmentId, (appointment::Entity, appointment::Column::Id)))))
            .into_query(),
        Rows::Contacts => patient::Entity::find()
            .select_only()
            .column(patient::Column::Id)
            .column_as(patient::Column::Id, "patient_id")
            .filter(patient::Column::OrganizationId.eq(organization.0))
            .filter(patient::Column::ContactSealed.is_not_null())
            .filter(patient::Column::UpdatedAt.lt(cutoff))
            .filter(Expr::not_exists(usable(same_as(invitation::Column::PatientId, (patient::Entity, patient::Column::Id)), cutoff)))
            .filter(Expr::not_exists(visits(same_as(appointment::Column::PatientId, (patient::Entity, patient::Column::Id)), cutoff)))
            .into_query(),
        Rows::Representatives => {
            let of = || (representative::Entity, representative::Column::PatientId);
            representative::Entity::find()
                .select_only()
                .columns([representative::Column::Id, representative::Column::PatientId])
                .filter(representative::Column::OrganizationId.eq(organization.0))
                .filter(representative::Column::UpdatedAt.lt(cutoff))
                .filter(Expr::not_exists(usable(same_as(invitation::Column::PatientId, of()), cutoff)))
                .filter(Expr::not_exists(visits(same_as(appointment::Column::PatientId, of()), cutoff)))
                .into_query()
        }
    }
}

/// A column of a row that hangs on the row outside.
fn same_as<C: ColumnTrait, E: EntityTrait>(own: C, outer: (E, E::Column)) -> Expr {
    own.into_expr().equals(outer)
}

fn invitations(of: Expr) -> SelectStatement {
    invitation::Entity::find().select_only().column(invitation::Column::Id).filter(of).into_query()
}

fn responses(of: Expr) -> SelectStatement {
    response::Entity::find().select_only().column(response::Column::Id).filter(of).into_query()
}

/// Invitations that could still be used at that instant or after it.
fn usable(of: Expr, cutoff: DateTime<Utc>) -> SelectStatement {
    let then = Condition::any().add(invitation::Column::AnswerUntil.gte(cutoff)).add(invitation::Column::AmendUntil.gte(cutoff));
    invitation::Entity::find().select_only().column(invitation::Column::Id).filter(of).filter(then).into_query()
}

/// Visits at that instant or after it.
fn visits(of: Expr, cutoff: DateTime<Utc>) -> SelectStatement {
    let then = appointment::Column::StartsAt.gte(cutoff);
    appointment::Entity::find().select_only().column(appointment::Column::Id).filter(of).filter(then).into_query()
}

async fn select(reader: &impl Reader, statement: &SelectStatement) -> Result<Vec<Found>> {
    let rows = reader.transaction().query_all(statement).await?;
    rows.iter().map(|row| Ok((row.try_get_by_index(0)?, PatientId(row.try_get_by_index(1)?)))).collect()
}

/// Rows that are past their time, at most so many.
pub async fn find(reader: &impl Reader, rows: Rows, past: Past, limit: u64) -> Result<Vec<Found>> {
    select(reader, due(rows, past).limit(limit)).await
}

/// How many are past their time.
pub async fn count(reader: &impl Reader, rows: Rows, past: Past) -> Result<u64> {
    let statement = Query::select().expr(Expr::col(Asterisk).count()).from_subquery(due(rows, past), "due").take();
    let row = reader.transaction().query_one(&statement).await?.ok_or(StorageError::Corrupt("count"))?;
    let count: i64 = row.try_get_by_index(0)?;
    u64::try_from(count).map_err(|_| StorageError::Corrupt("count"))
}

/// How many entries of the access log are past their time. They are deleted in another place.
pub async fn count_log(reader: &impl Reader, past: Past) -> Result<u64> {
    let old = access_log::Entity::find()
        .filter(access_log::Column::OrganizationId.eq(past.organization.0))
        .filter(access_log::Column::At.lt(past.cutoff));
    Ok(old.count(reader.transaction()).await?)
}
