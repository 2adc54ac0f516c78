//! Erasing a patient: what is held, and how it goes. The data key is what erases; that nothing sealed
//! is left beside it is for who might have kept the key.

use super::entity::{
    appointment, credential, credential_invitation, draft, invitation, patient, patient_identifier, patient_key, representative, response,
    response_original, response_version, review, session,
};
use super::expiry::forget_counters;
use super::{Reader, StorageError, Tx};
use crate::domain::ids::PatientId;
use chrono::{DateTime, Utc};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::SelectStatement;
use sea_orm::{ColumnTrait, Condition, EntityTrait, PaginatorTrait, QueryFilter, QuerySelect, QueryTrait};

type Result<T> = std::result::Result<T, StorageError>;

/// Language of who has been erased: undetermined (BCP 47).
const NO_LANGUAGE: &str = "und";
/// In place of the word for the consent to forward.
const NO_CONSENT: &str = "erased";

/// What is held about a patient, in numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Holding {
    /// Data keys: without one nothing sealed can be read.
    pub keys: u64,
    /// Identifiers.
    pub identifiers: u64,
    /// Whether there is an address or phone for notices.
    pub contact: bool,
    /// People who may answer in their place.
    pub representatives: u64,
    /// Drafts.
    pub drafts: u64,
    /// Sessions.
    pub sessions: u64,
    /// Responses.
    pub responses: u64,
    /// Their versions.
    pub versions: u64,
    /// Marks that a version has been read.
    pub reviews: u64,
    /// Invitations.
    pub invitations: u64,
    /// Visits.
    pub appointments: u64,
    /// Entries in the access log.
    pub entries: u64,
}

fn invitations_of(patient: PatientId) -> SelectStatement {
    let of = invitation::Entity::find().select_only().column(invitation::Column::Id);
    of.filter(invitation::Column::PatientId.eq(patient.0)).into_query()
}

fn responses_of(patient: PatientId) -> SelectStatement {
    let of = response::Entity::find().select_only().column(response::Column::Id);
    of.filter(response::Column::PatientId.eq(patient.0)).into_query()
}

/// Counts. The patient must be one of the organization's.
pub async fn holding(reader: &impl Reader, patient: PatientId) -> Result<Holding> {
    let tx = reader.transaction();
    let contact = patient::Entity::find_by_id(patient.0).filter(patient::Column::ContactSealed.is_not_null());
    Ok(Holding {
        keys: patient_key::Entity::find().filter(patient_key::Column::PatientId.eq(patient.0)).count(tx).await?,
        identifiers: patient_identifier::Entity::find().filter(patient_identifier::Column::PatientId.eq(patient.0)).count(tx).await?,
        contact: contact.count(tx).await? > 0,
        representatives: representative::Entity::find().filter(representative::Column::PatientId.eq(patient.0)).count(tx).await?,
        drafts: draft::Entity::find().filter(draft::Column::PatientId.eq(patient.0)).count(tx).await?,
        sessions: session::Entity::find().filter(session::Column::InvitationId.in_subquery(invitations_of(patient))).count(tx).await?,
        responses: response::Entity::find().filter(response::Column::PatientId.eq(patient.0)).count(tx).await?,
        versions: response_version::Entity::find()
            .filter(response_version::Column::ResponseId.in_subquery(responses_of(patient)))
            .count(tx)
            .await?,
        reviews: review::Entity::find().filter(review::Column::ResponseId.in_subquery(responses_of(patient))).count(tx).await?,
        invitations: invitation::Entity::find().filter(invitation::Column::PatientId.eq(patient.0)).count(tx).await?,
        appointments: appointment::Entity::find().filter(appointment::Column::PatientId.eq(patient.0)).count(tx).await?,
        entries: super::access_log::count_about(reader, patient).await?,
    })
}

/// Erases: key, identifiers and representatives, drafts and sessions go, what was sealed becomes empty, every link of
/// the patient is dead. Invitations must be under their locks, the patient too.
pub async fn erase(tx: &Tx, patient: PatientId, now: DateTime<Utc>) -> Result<()> {
    let own = tx.transaction();
    patient_key::Entity::delete_many().filter(patient_key::Column::PatientId.eq(patient.0)).exec(own).await?;
    super::patients::delete_identifiers(tx, &[patient]).await?;
    super::representatives::delete_of(tx, &[patient]).await?;
    let empty = patient::ActiveModel {
        name_sealed: Set(Vec::new()),
        birth_date_sealed: Set(Vec::new()),
        contact_sealed: Set(None),
        language: Set(NO_LANGUAGE.to_owned()),
        notices_stopped_at: Set(None),
        updated_at: Set(now),
        ..Default::default()
    };
    patient::Entity::update_many().set(empty).filter(patient::Column::Id.eq(patient.0)).exec(own).await?;
    draft::Entity::delete_many().filter(draft::Column::PatientId.eq(patient.0)).exec(own).await?;
    session::Entity::delete_many().filter(session::Column::InvitationId.in_subquery(invitations_of(patient))).exec(own).await?;
    erase_responses(tx, patient).await?;
    // The EHR's id leads whoever has the EHR to the person.
    let visit = appointment::ActiveModel { external_id: Set(None), updated_at: Set(now), ..Default::default() };
    appointment::Entity::update_many().set(visit).filter(appointment::Column::PatientId.eq(patient.0)).exec(own).await?;
    revoke_credentials(tx, patient, now).await
}

async fn erase_responses(tx: &Tx, patient: PatientId) -> Result<()> {
    response_original::Entity::delete_many()
        .filter(response_original::Column::ResponseId.in_subquery(responses_of(patient)))
        .exec(tx.transaction())
        .await?;
    let version = response_version::ActiveModel {
        answers_sealed: Set(Vec::new()),
        respondent_sealed: Set(Vec::new()),
        consent: Set(NO_CONSENT.to_owned()),
        answered_on: Set(None),
        started_at: Set(None),
        ..Default::default()
    };
    response_version::Entity::update_many()
        .set(version)
        .filter(response_version::Column::ResponseId.in_subquery(responses_of(patient)))
        .exec(tx.transaction())
        .await?;
    let digest = response::ActiveModel { digest_sealed: Set(Vec::new()), ..Default::default() };
    response::Entity::update_many().set(digest).filter(response::Column::PatientId.eq(patient.0)).exec(tx.transaction()).await?;
    Ok(())
}

async fn revoke_credentials(tx: &Tx, patient: PatientId, now: DateTime<Utc>) -> Result<()> {
    let opening = credential_invitation::Entity::find()
        .select_only()
        .column(credential_invitation::Column::CredentialId)
        .filter(credential_invitation::Column::InvitationId.in_subquery(invitations_of(patient)))
        .into_query();
    let theirs = Condition::all().add(credential::Column::Id.in_subquery(opening));
    forget_counters(tx, theirs.clone()).await?;
    let revoked = credential::ActiveModel { revoked_at: Set(Some(now)), ..Default::default() };
    let live = theirs.add(credential::Column::RevokedAt.is_null());
    credential::Entity::update_many().set(revoked).filter(live).exec(tx.transaction()).await?;
    Ok(())
}
