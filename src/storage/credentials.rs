//! Credentials: what opens an invitation. Only keyed hashes are stored.

use super::entity::{credential, credential_invitation, invitation};
use super::{Reader, StorageError, Tx, invitations::Invitation, patients, patients::Patient};
use crate::domain::ids::{CredentialId, InvitationId, OrganizationId, PatientId};
use chrono::{DateTime, Utc};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, JoinType, QueryFilter, QueryOrder, QuerySelect};

type Result<T> = std::result::Result<T, StorageError>;

/// A credential's row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credential {
    /// Id: the secrets are derived from it.
    pub id: CredentialId,
    /// The tenant.
    pub organization: OrganizationId,
    /// `letter`, `mail`, `sms` or `staff`.
    pub channel: String,
    /// 1 for the first, one more for every reissue.
    pub generation: i32,
    /// Link key that derives its secrets.
    pub link_key_version: u16,
    /// Hash of the link.
    pub link_hash: Vec<u8>,
    /// Hash of the code.
    pub code_hash: Vec<u8>,
    /// Look-up key of both hashes.
    pub lookup_key_version: u16,
    /// When it went out.
    pub sent_at: Option<DateTime<Utc>>,
    /// When it was killed.
    pub revoked_at: Option<DateTime<Utc>>,
}

pub(super) fn from(row: credential::Model) -> Result<Credential> {
    let version = |v: i32| u16::try_from(v).map_err(|_| StorageError::Corrupt("key version"));
    Ok(Credential {
        id: row.id.into(),
        organization: row.organization_id.into(),
        channel: row.channel,
        generation: row.generation,
        link_key_version: version(row.link_key_version)?,
        link_hash: row.link_hash,
        code_hash: row.code_hash,
        lookup_key_version: version(row.lookup_key_version)?,
        sent_at: row.sent_at,
        revoked_at: row.revoked_at,
    })
}

/// Adds a credential that opens an invitation.
pub async fn insert(tx: &Tx, credential: &Credential, invitation: InvitationId, now: DateTime<Utc>) -> Result<()> {
    let row = credential::ActiveModel {
        id: Set(credential.id.0),
        organization_id: Set(credential.organization.0),
        channel: Set(credential.channel.clone()),
        generation: Set(credential.generation),
        link_key_version: Set(i32::from(credential.link_key_version)),
        link_hash: Set(credential.link_hash.clone()),
        code_hash: Set(credential.code_hash.clone()),
        lookup_key_version: Set(i32::from(credential.lookup_key_version)),
        created_at: Set(now),
        sent_at: Set(credential.sent_at),
        revoked_at: Set(credential.revoked_at),
    };
    credential::Entity::insert(row).exec_without_returning(tx.transaction()).await?;
    let link = credential_invitation::ActiveModel { credential_id: Set(credential.id.0), invitation_id: Set(invitation.0) };
    credential_invitation::Entity::insert(link).exec_without_returning(tx.transaction()).await?;
    Ok(())
}

/// Kills every credential of an invitation.
pub async fn revoke_all(tx: &Tx, invitation: InvitationId, now: DateTime<Utc>) -> Result<()> {
    let ids: Vec<uuid::Uuid> = credential_invitation::Entity::find()
        .select_only()
        .column(credential_invitation::Column::CredentialId)
        .filter(credential_invitation::Column::InvitationId.eq(invitation.0))
        .into_tuple()
        .all(tx.transaction())
        .await?;
    credential::Entity::update_many()
        .set(credential::ActiveModel { revoked_at: Set(Some(now)), ..Default::default() })
        .filter(credential::Column::Id.is_in(ids))
        .filter(credential::Column::RevokedAt.is_null())
        .exec(tx.transaction())
        .await?;
    Ok(())
}

/// The newest credential of an invitation.
pub async fn newest(reader: &impl Reader, invitation: InvitationId) -> Result<Option<Credential>> {
    let row = credential::Entity::find()
        .join_rev(
            JoinType::InnerJoin,
            credential_invitation::Entity::belongs_to(credential::Entity)
                .from(credential_invitation::Column::CredentialId)
                .to(credential::Column::Id)
                .into(),
        )
        .filter(credential_invitation::Column::InvitationId.eq(invitation.0))
        .order_by_desc(credential::Column::Generation)
        // Of one generation the letter's: channels are letter, mail, sms, staff.
        .order_by_asc(credential::Column::Channel)
        .one(reader.transaction())
        .await?;
    row.map(from).transpose()
}

/// The newest credential of a channel that opens an invitation.
pub async fn live(reader: &impl Reader, invitation: InvitationId, channel: &str) -> Result<Option<Credential>> {
    let row = credential::Entity::find()
        .join_rev(
            JoinType::InnerJoin,
            credential_invitation::Entity::belongs_to(credential::Entity)
                .from(credential_invitation::Column::CredentialId)
                .to(credential::Column::Id)
                .into(),
        )
        .filter(credential_invitation::Column::InvitationId.eq(invitation.0))
        .filter(credential::Column::Channel.eq(channel))
        .filter(credential::Column::RevokedAt.is_null())
        .order_by_desc(credential::Column::Generation)
        .one(reader.transaction())
        .await?;
    row.map(from).transpose()
}

/// Says that a credential has gone out, where that has not been said.
pub async fn sent(tx: &Tx, id: CredentialId, now: DateTime<Utc>) -> Result<()> {
    credential::Entity::update_many()
        .set(credential::ActiveModel { sent_at: Set(Some(now)), ..Default::default() })
        .filter(credential::Column::Id.eq(id.0))
        .filter(credential::Column::SentAt.is_null())
        .exec(tx.transaction())
        .await?;
    Ok(())
}

/// Finds a credential by id.
pub async fn find(reader: &impl Reader, id: CredentialId) -> Result<Option<Credential>> {
    credential::Entity::find_by_id(id.0).one(reader.transaction()).await?.map(from).transpose()
}

/// Everything that opening needs, found in one statement whether the secret exists or not.
#[derive(Debug, Clone)]
pub struct Found {
    /// The credential.
    pub credential: Credential,
    /// The invitation it opens.
    pub invitation: Invitation,
    /// Who is asked.
    pub patient: Patient,
}

/// Which secret was shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// The personal link.
    Link,
    /// The typed code.
    Code,
}

/// Looks a secret up by its hashes under all live look-up keys. The same three statements run
/// whether it exists or not, so that the time tells nothing.
pub async fn find_secret(reader: &impl Reader, by: By, hashes: Vec<Vec<u8>>) -> Result<Option<Found>> {
    let column = match by {
        By::Link => credential::Column::LinkHash,
        By::Code => credential::Column::CodeHash,
    };
    // The newest invitation of the credential is the one that counts, should it open several.
    let row = credential::Entity::find()
        .filter(column.is_in(hashes))
        .join(
            JoinType::InnerJoin,
            credential::Entity::belongs_to(credential_invitation::Entity)
                .from(credential::Column::Id)
                .to(credential_invitation::Column::CredentialId)
                .into(),
        )
        .join(
            JoinType::InnerJoin,
            credential_invitation::Entity::belongs_to(invitation::Entity)
                .from(credential_invitation::Column::InvitationId)
                .to(invitation::Column::Id)
                .into(),
        )
        .select_also(invitation::Entity)
        .order_by_desc(invitation::Column::CreatedAt)
        .one(reader.transaction())
        .await?;
    let found = match row {
        Some((credential, Some(invitation))) => Some((from(credential)?, super::invitations::from(invitation)?)),
        _ => None,
    };
    let nobody = (OrganizationId(uuid::Uuid::nil()), PatientId(uuid::Uuid::nil()));
    let (organization, patient) = found.as_ref().map_or(nobody, |(_, invitation)| (invitation.organization, invitation.patient));
    let patient = patients::find(reader, organization, patient).await?;
    Ok(found.zip(patient).map(|((credential, invitation), patient)| Found { credential, invitation, patient }))
}
