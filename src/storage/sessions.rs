//! Sessions of identified holders. A token is only a handle to a row here.

use super::entity::{invitation, session};
use super::{Reader, StorageError, Tx};
use crate::domain::ids::{CredentialId, DeviceId, InvitationId, OrganizationId, PatientId, RepresentativeId, SessionId};
use chrono::{DateTime, Utc};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, ExprTrait, QueryFilter, QuerySelect, QueryTrait};

type Result<T> = std::result::Result<T, StorageError>;

/// What a session is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionKind {
    /// Answering or amending.
    Answering,
    /// After handing in: receipt and copy only.
    Receipt,
}

impl SessionKind {
    /// The word in the database and on the wire.
    pub fn word(self) -> &'static str {
        match self {
            Self::Answering => "answering",
            Self::Receipt => "receipt",
        }
    }
}

/// A session's row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Id.
    pub id: SessionId,
    /// The tenant.
    pub organization: OrganizationId,
    /// The one invitation it is bound to.
    pub invitation: InvitationId,
    /// What opened it.
    pub credential: CredentialId,
    /// The device that holds it.
    pub device: DeviceId,
    /// What it is good for.
    pub kind: SessionKind,
    /// "Remember me for 24 hours" was chosen.
    pub remember: bool,
    /// Last use, written coarsely.
    pub last_seen_at: DateTime<Utc>,
    /// Ends when unused until then.
    pub idle_until: DateTime<Utc>,
    /// Ends then whatever happens.
    pub absolute_until: DateTime<Utc>,
    /// The provider that the person signed in at; `None` for who told the birth date.
    pub provider: Option<String>,
    /// Who signed in, where it is not the patient.
    pub representative: Option<RepresentativeId>,
}

fn from(row: &session::Model) -> Result<Session> {
    Ok(Session {
        id: row.id.into(),
        organization: row.organization_id.into(),
        invitation: row.invitation_id.into(),
        credential: row.credential_id.into(),
        device: row.device_id.into(),
        kind: match row.kind.as_str() {
            "answering" => SessionKind::Answering,
            "receipt" => SessionKind::Receipt,
            _ => return Err(StorageError::Corrupt("session kind")),
        },
        remember: row.remember,
        last_seen_at: row.last_seen_at,
        idle_until: row.idle_until,
        absolute_until: row.absolute_until,
        provider: row.provider.clone(),
        representative: row.representative_id.map(Into::into),
    })
}

/// Adds a session.
pub async fn insert(tx: &Tx, session: &Session, now: DateTime<Utc>) -> Result<()> {
    let row = session::ActiveModel {
        id: Set(session.id.0),
        organization_id: Set(session.organization.0),
        invitation_id: Set(session.invitation.0),
        credential_id: Set(session.credential.0),
        device_id: Set(session.device.0),
        kind: Set(session.kind.word().to_owned()),
        remember: Set(session.remember),
        created_at: Set(now),
        last_seen_at: Set(session.last_seen_at),
        idle_until: Set(session.idle_until),
        absolute_until: Set(session.absolute_until),
        ended_at: Set(None),
        provider: Set(session.provider.clone()),
        representative_id: Set(session.representative.map(Into::into)),
    };
    session::Entity::insert(row).exec_without_returning(tx.transaction()).await?;
    Ok(())
}

/// Finds a session that has not ended.
pub async fn live(reader: &impl Reader, id: SessionId, now: DateTime<Utc>) -> Result<Option<Session>> {
    let query = session::Entity::find_by_id(id.0)
        .filter(session::Column::EndedAt.is_null())
        .filter(session::Column::IdleUntil.gt(now))
        .filter(session::Column::AbsoluteUntil.gt(now));
    query.one(reader.transaction()).await?.as_ref().map(from).transpose()
}

/// Ends a session whose time is over, so that it stays over whatever the clock does.
pub async fn end_if_over(tx: &Tx, id: SessionId, now: DateTime<Utc>) -> Result<()> {
    session::Entity::update_many()
        .set(session::ActiveModel { ended_at: Set(Some(now)), ..Default::default() })
        .filter(session::Column::Id.eq(id.0))
        .filter(session::Column::EndedAt.is_null())
        .filter(session::Column::IdleUntil.lte(now).or(session::Column::AbsoluteUntil.lte(now)))
        .exec(tx.transaction())
        .await?;
    Ok(())
}

/// Writes the use of a session.
pub async fn touch(tx: &Tx, id: SessionId, now: DateTime<Utc>, idle_until: DateTime<Utc>) -> Result<()> {
    session::Entity::update_many()
        .set(session::ActiveModel { last_seen_at: Set(now), idle_until: Set(idle_until), ..Default::default() })
        .filter(session::Column::Id.eq(id.0))
        .filter(session::Column::EndedAt.is_null())
        .exec(tx.transaction())
        .await?;
    Ok(())
}

/// Makes it a receipt session.
pub async fn make_receipt(tx: &Tx, id: SessionId) -> Result<()> {
    session::Entity::update_many()
        .set(session::ActiveModel { kind: Set(SessionKind::Receipt.word().to_owned()), ..Default::default() })
        .filter(session::Column::Id.eq(id.0))
        .exec(tx.transaction())
        .await?;
    Ok(())
}

/// Ends one session.
pub async fn end(tx: &Tx, id: SessionId, now: DateTime<Utc>) -> Result<()> {
    session::Entity::update_many()
        .set(session::ActiveModel { ended_at: Set(Some(now)), ..Default::default() })
        .filter(session::Column::Id.eq(id.0))
        .filter(session::Column::EndedAt.is_null())
        .exec(tx.transaction())
        .await?;
    Ok(())
}

/// Ends every session of an invitation (reissued, revoked, locked).
pub async fn end_all(tx: &Tx, invitation: InvitationId, now: DateTime<Utc>) -> Result<()> {
    session::Entity::update_many()
        .set(session::ActiveModel { ended_at: Set(Some(now)), ..Default::default() })
        .filter(session::Column::InvitationId.eq(invitation.0))
        .filter(session::Column::EndedAt.is_null())
        .exec(tx.transaction())
        .await?;
    Ok(())
}

/// Ends every session of a representative who is none any more.
pub async fn end_of_representative(tx: &Tx, patient: PatientId, id: RepresentativeId, now: DateTime<Utc>) -> Result<()> {
    let theirs = invitation::Entity::find()
        .select_only()
        .column(invitation::Column::Id)
        .filter(invitation::Column::PatientId.eq(patient.0))
        .into_query();
    session::Entity::update_many()
        .set(session::ActiveModel { ended_at: Set(Some(now)), ..Default::default() })
        .filter(session::Column::InvitationId.in_subquery(theirs))
        .filter(session::Column::RepresentativeId.eq(id.0))
        .filter(session::Column::EndedAt.is_null())
        .exec(tx.transaction())
        .await?;
    Ok(())
}

/// Deletes sessions that ended before `before`.
pub async fn purge(tx: &Tx, before: DateTime<Utc>) -> Result<u64> {
    Ok(session::Entity::delete_many().filter(session::Column::AbsoluteUntil.lt(before)).exec(tx.transaction()).await?.rows_affected)
}
