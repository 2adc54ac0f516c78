//! Drafts: answers in progress. Seen by the invitation's holder only.

use super::entity::draft;
use super::{Reader, StorageError, Tx};
use crate::domain::ids::{DeviceId, InvitationId, OrganizationId, PatientId, ResponseId};
use chrono::{DateTime, Utc};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QuerySelect, QueryTrait};

type Result<T> = std::result::Result<T, StorageError>;

/// A draft's row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// Id of the response it will be.
    pub response: ResponseId,
    /// The tenant.
    pub organization: OrganizationId,
    /// Its invitation.
    pub invitation: InvitationId,
    /// Whose.
    pub patient: PatientId,
    /// The device that may see it.
    pub device: DeviceId,
    /// Counts saves; the `ETag`.
    pub version: i32,
    /// Language it is answered in.
    pub language: String,
    /// `QuestionnaireResponse`, JSON.
    pub answers_sealed: Vec<u8>,
    /// Respondent, JSON.
    pub respondent_sealed: Option<Vec<u8>>,
    /// Data key version.
    pub key_version: u16,
    /// Where in the form the person was: the number of a page.
    pub place: Option<i32>,
    /// First save.
    pub created_at: DateTime<Utc>,
    /// Last save.
    pub updated_at: DateTime<Utc>,
}

fn active(draft: &Draft) -> draft::ActiveModel {
    draft::ActiveModel {
        response_id: Set(draft.response.0),
        organization_id: Set(draft.organization.0),
        invitation_id: Set(draft.invitation.0),
        patient_id: Set(draft.patient.0),
        device_id: Set(draft.device.0),
        version: Set(draft.version),
        language: Set(draft.language.clone()),
        answers_sealed: Set(draft.answers_sealed.clone()),
        respondent_sealed: Set(draft.respondent_sealed.clone()),
        key_version: Set(i32::from(draft.key_version)),
        place: Set(draft.place),
        created_at: Set(draft.created_at),
        updated_at: Set(draft.updated_at),
    }
}

/// Adds the first draft of an invitation. A second one is a conflict.
pub async fn insert(tx: &Tx, draft: &Draft) -> Result<()> {
    draft::Entity::insert(active(draft)).exec_without_returning(tx.transaction()).await?;
    Ok(())
}

/// Replaces a draft that is still at `expected`. False when it is not.
pub async fn replace(tx: &Tx, draft: &Draft, expected: i32) -> Result<bool> {
    let done = draft::Entity::update_many()
        .set(active(draft))
        .filter(draft::Column::ResponseId.eq(draft.response.0))
        .filter(draft::Column::Version.eq(expected))
        .exec(tx.transaction())
        .await?;
    Ok(done.rows_affected == 1)
}

/// The draft of an invitation.
pub async fn of_invitation(reader: &impl Reader, organization: OrganizationId, invitation: InvitationId) -> Result<Option<Draft>> {
    let row = draft::Entity::find()
        .filter(draft::Column::OrganizationId.eq(organization.0))
        .filter(draft::Column::InvitationId.eq(invitation.0))
        .one(reader.transaction())
        .await?;
    row.map(|row| {
        Ok(Draft {
            response: row.response_id.into(),
            organization: row.organization_id.into(),
            invitation: row.invitation_id.into(),
            patient: row.patient_id.into(),
            device: row.device_id.into(),
            version: row.version,
            language: row.language,
            answers_sealed: row.answers_sealed,
            respondent_sealed: row.respondent_sealed,
            key_version: u16::try_from(row.key_version).map_err(|_| StorageError::Corrupt("key version"))?,
            place: row.place,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    })
    .transpose()
}

/// Deletes the draft of an invitation: handed in, or given up.
pub async fn delete(tx: &Tx, invitation: InvitationId) -> Result<()> {
    draft::Entity::delete_many().filter(draft::Column::InvitationId.eq(invitation.0)).exec(tx.transaction()).await?;
    Ok(())
}

/// Deletes drafts whose invitation can be neither answered nor amended any more, however it ended.
pub async fn purge(tx: &Tx, now: DateTime<Utc>) -> Result<u64> {
    use super::entity::invitation;
    let over = invitation::Entity::find()
        .select_only()
        .column(invitation::Column::Id)
        .filter(invitation::Column::AnswerUntil.lte(now))
        .filter(invitation::Column::AmendUntil.lte(now))
        .into_query();
    Ok(draft::Entity::delete_many().filter(draft::Column::InvitationId.in_subquery(over)).exec(tx.transaction()).await?.rows_affected)
}
