//! Sessions of signed-in clinicians, and the one-time links that begin one. A token is only a handle to
//! a row here.

use super::entity::{clinician_link, clinician_session};
use super::{Reader, StorageError, Tx};
use crate::domain::ids::{ClinicianId, OrganizationId, SeatId};
use chrono::{DateTime, Utc};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, ExprTrait, QueryFilter};
use uuid::Uuid;

type Result<T> = std::result::Result<T, StorageError>;

/// A session's row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClinicSession {
    /// Id.
    pub id: SeatId,
    /// The tenant.
    pub organization: OrganizationId,
    /// Who signed in.
    pub clinician: ClinicianId,
    /// Name of the provider they signed in at; `None` for who came by a one-time link.
    pub provider: Option<String>,
    /// Level of assurance as the provider stated it.
    pub assurance: Option<String>,
    /// Last use, written coarsely.
    pub last_seen_at: DateTime<Utc>,
    /// Ends when unused until then.
    pub idle_until: DateTime<Utc>,
    /// Ends then whatever happens.
    pub absolute_until: DateTime<Utc>,
    /// The provider's name of its own session.
    pub sid: Option<String>,
    /// Number of the units that somebody acts for; `None`: all of theirs.
    pub unit_number: Option<String>,
}

/// A one-time link. What opens it is kept as SHA-256 only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Id.
    pub id: Uuid,
    /// The tenant.
    pub organization: OrganizationId,
    /// Whom it signs in.
    pub clinician: ClinicianId,
    /// SHA-256 of its token.
    pub token_sha256: Vec<u8>,
    /// It is void then.
    pub good_until: DateTime<Utc>,
}

fn from(row: clinician_session::Model) -> ClinicSession {
    ClinicSession {
        id: row.id.into(),
        organization: row.organization_id.into(),
        clinician: row.clinician_id.into(),
        provider: row.provider,
        assurance: row.assurance,
        last_seen_at: row.last_seen_at,
        idle_until: row.idle_until,
        absolute_until: row.absolute_until,
        sid: row.sid,
        unit_number: row.unit_number,
    }
}

/// Adds a session.
pub async fn insert(tx: &Tx, session: &ClinicSession, now: DateTime<Utc>) -> Result<()> {
    let row = clinician_session::ActiveModel {
        id: Set(session.id.0),
        organization_id: Set(session.organization.0),
        clinician_id: Set(session.clinician.0),
        provider: Set(session.provider.clone()),
        assurance: Set(session.assurance.clone()),
        created_at: Set(now),
        last_seen_at: Set(session.last_seen_at),
        idle_until: Set(session.idle_until),
        absolute_until: Set(session.absolute_until),
        ended_at: Set(None),
        sid: Set(session.sid.clone()),
        unit_number: Set(session.unit_number.clone()),
    };
    clinician_session::Entity::insert(row).exec_without_returning(tx.transaction()).await?;
    Ok(())
}

/// Finds a session that has not ended.
pub async fn live(reader: &impl Reader, id: SeatId, now: DateTime<Utc>) -> Result<Option<ClinicSession>> {
    let query = clinician_session::Entity::find_by_id(id.0)
        .filter(clinician_session::Column::EndedAt.is_null())
        .filter(clinician_session::Column::IdleUntil.gt(now))
        .filter(clinician_session::Column::AbsoluteUntil.gt(now));
    Ok(query.one(reader.transaction()).await?.map(from))
}

/// Sessions that have not ended and were begun in a session of the provider's.
pub async fn of_provider(reader: &impl Reader, provider: &str, sid: &str) -> Result<Vec<ClinicSession>> {
    let query = clinician_session::Entity::find()
        .filter(clinician_session::Column::Sid.eq(sid))
        .filter(clinician_session::Column::Provider.eq(provider))
        .filter(clinician_session::Column::EndedAt.is_null());
    Ok(query.all(reader.transaction()).await?.into_iter().map(from).collect())
}

/// Writes the use of a session.
pub async fn touch(tx: &Tx, id: SeatId, now: DateTime<Utc>, idle_until: DateTime<Utc>) -> Result<()> {
    clinician_session::Entity::update_many()
        .set(clinician_session::ActiveModel { last_seen_at: Set(now), idle_until: Set(idle_until), ..Default::default() })
        .filter(clinician_session::Column::Id.eq(id.0))
        .filter(clinician_session::Column::EndedAt.is_null())
        .exec(tx.transaction())
        .await?;
    Ok(())
}

/// Ends a session. False when it had ended.
pub async fn end(tx: &Tx, id: SeatId, now: DateTime<Utc>) -> Result<bool> {
    let done = clinician_session::Entity::update_many()
        .set(clinician_session::ActiveModel { ended_at: Set(Some(now)), ..Default::default() })
        .filter(clinician_session::Column::Id.eq(id.0))
        .filter(clinician_session::Column::EndedAt.is_null())
        .exec(tx.transaction())
        .await?;
    Ok(done.rows_affected == 1)
}

/// Ends a session whose time is over, so that it stays over whatever the clock does.
pub async fn end_if_over(tx: &Tx, id: SeatId, now: DateTime<Utc>) -> Result<()> {
    clinician_session::Entity::update_many()
        .set(clinician_session::ActiveModel { ended_at: Set(Some(now)), ..Default::default() })
        .filter(clinician_session::Column::Id.eq(id.0))
        .filter(clinician_session::Column::EndedAt.is_null())
        .filter(clinician_session::Column::IdleUntil.lte(now).or(clinician_session::Column::AbsoluteUntil.lte(now)))
        .exec(tx.transaction())
        .await?;
    Ok(())
}

/// Adds a one-time link.
pub async fn insert_link(tx: &Tx, link: &Link, now: DateTime<Utc>) -> Result<()> {
    let row = clinician_link::ActiveModel {
        id: Set(link.id),
        organization_id: Set(link.organization.0),
        clinician_id: Set(link.clinician.0),
        token_sha256: Set(link.token_sha256.clone()),
        created_at: Set(now),
        good_until: Set(link.good_until),
        used_at: Set(None),
    };
    clinician_link::Entity::insert(row).exec_without_returning(tx.transaction()).await?;
    Ok(())
}

/// Whether a link would still open: for the page that asks.
pub async fn is_good(reader: &impl Reader, token_sha256: &[u8], now: DateTime<Utc>) -> Result<bool> {
    let query = clinician_link::Entity::find().filter(clinician_link::Column::TokenSha256.eq(token_sha256.to_vec()));
    let found = query.one(reader.transaction()).await?;
    Ok(found.is_some_and(|row| row.used_at.is_none() && row.good_until > now))
}

/// Uses a link up, in one statement, so that of two who try one gets it. Gives whom it signs in.
pub async fn take_link(tx: &Tx, token_sha256: &[u8], now: DateTime<Utc>) -> Result<Option<ClinicianId>> {
    let done = clinician_link::Entity::update_many()
        .set(clinician_link::ActiveModel { used_at: Set(Some(now)), ..Default::default() })
        .filter(clinician_link::Column::TokenSha256.eq(token_sha256.to_vec()))
        .filter(clinician_link::Column::UsedAt.is_null())
        .filter(clinician_link::Column::GoodUntil.gt(now))
        .exec(tx.transaction())
        .await?;
    if done.rows_affected != 1 {
        return Ok(None);
    }
    let query = clinician_link::Entity::find().filter(clinician_link::Column::TokenSha256.eq(token_sha256.to_vec()));
    Ok(query.one(tx.transaction()).await?.map(|row| row.clinician_id.into()))
}

/// Deletes sessions and links that were over before `before`.
pub async fn purge(tx: &Tx, before: DateTime<Utc>) -> Result<u64> {
    let sessions = clinician_session::Entity::delete_many().filter(clinician_session::Column::AbsoluteUntil.lt(before));
    let links = clinician_link::Entity::delete_many().filter(clinician_link::Column::GoodUntil.lt(before));
    Ok(sessions.exec(tx.transaction()).await?.rows_affected + links.exec(tx.transaction()).await?.rows_affected)
}
