//! Responses with every version, and reviews.

use super::entity::{response, response_version, review};
use super::{Reader, StorageError, Tx};
use crate::domain::ids::{AppointmentId, ClinicianId, InvitationId, OrganizationId, PatientId, ResponseId, ReviewId, UnitId};
use chrono::{DateTime, NaiveDate, Utc};
use sea_orm::sea_query::{Expr, ExprTrait, LockType, OnConflict, Query};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use std::collections::HashMap;

type Result<T> = std::result::Result<T, StorageError>;

/// A response's row: the newest state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// Id.
    pub id: ResponseId,
    /// The tenant.
    pub organization: OrganizationId,
    /// The unit that asked.
    pub unit: UnitId,
    /// Whose.
    pub patient: PatientId,
    /// Which invitation it answers.
    pub invitation: Option<InvitationId>,
    /// Before which visit.
    pub appointment: Option<AppointmentId>,
    /// Form.
    pub questionnaire_name: String,
    /// Its exact version.
    pub questionnaire_version: String,
    /// Newest version.
    pub version: i32,
    /// Digest of the newest version, JSON.
    pub digest_sealed: Vec<u8>,
    /// Data key version.
    pub key_version: u16,
    /// When the newest version was handed in.
    pub submitted_at: DateTime<Utc>,
}

/// One version of a response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// Its response.
    pub response: ResponseId,
    /// 1, 2, …
    pub version: i32,
    /// The tenant.
    pub organization: OrganizationId,
    /// `QuestionnaireResponse`, JSON.
    pub answers_sealed: Vec<u8>,
    /// Respondent, JSON.
    pub respondent_sealed: Vec<u8>,
    /// Data key version.
    pub key_version: u16,
    /// Language it was answered in.
    pub language: String,
    /// Revision of that language's supplement; 0 for the form's own language.
    pub supplement_revision: i32,
    /// `patient` or `staff`.
    pub source: String,
    /// Who typed it in, for staff.
    pub entered_by: Option<ClinicianId>,
    /// Date on the paper, for staff.
    pub answered_on: Option<NaiveDate>,
    /// What became of the consent to forward.
    pub consent: String,
    /// First save of its draft.
    pub started_at: Option<DateTime<Utc>>,
    /// Handed in.
    pub submitted_at: DateTime<Utc>,
}

/// A review.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Review {
    /// Id.
    pub id: ReviewId,
    /// The tenant.
    pub organization: OrganizationId,
    /// What was read.
    pub response: ResponseId,
    /// In which version.
    pub version: i32,
    /// By whom.
    pub clinician: ClinicianId,
    /// When.
    pub reviewed_at: DateTime<Utc>,
}

fn key_version(number: i32) -> Result<u16> {
    u16::try_from(number).map_err(|_| StorageError::Corrupt("key version"))
}

pub(super) fn response_from(row: response::Model) -> Result<Response> {
    Ok(Response {
        id: row.id.into(),
        organization: row.organization_id.into(),
        unit: row.unit_id.into(),
        patient: row.patient_id.into(),
        invitation: row.invitation_id.map(InvitationId),
        appointment: row.appointment_id.map(AppointmentId),
        questionnaire_name: row.questionnaire_name,
        questionnaire_version: row.questionnaire_version,
        version: row.version,
        digest_sealed: row.digest_sealed,
        key_version: key_version(row.key_version)?,
        submitted_at: row.submitted_at,
    })
}

pub(super) fn version_from(row: response_version::Model) -> Result<Version> {
    Ok(Version {
        response: row.response_id.into(),
        version: row.version,
        organization: row.organization_id.into(),
        answers_sealed: row.answers_sealed,
        respondent_sealed: row.respondent_sealed,
        key_version: key_version(row.key_version)?,
        language: row.language,
        supplement_revision: row.supplement_revision,
        source: row.source,
        entered_by: row.entered_by.map(ClinicianId),
        answered_on: row.answered_on,
        consent: row.consent,
        started_at: row.started_at,
        submitted_at: row.submitted_at,
    })
}

/// Adds the first version, or the next one when the response is still at the version before it.
/// `Conflict` otherwise: nothing is ever overwritten.
pub async fn put(tx: &Tx, response: &Response, version: &Version) -> Result<()> {
    if response.version == 1 {
        insert_response(tx, response).await?;
    } else {
        let done = response::Entity::update_many()
            .set(response::ActiveModel {
                version: Set(response.version),
                digest_sealed: Set(response.digest_sealed.clone()),
                key_version: Set(i32::from(response.key_version)),
                submitted_at: Set(response.submitted_at),
                ..Default::default()
            })
            .filter(response::Column::Id.eq(response.id.0))
            .filter(response::Column::Version.eq(response.version - 1))
            .exec(tx.transaction())
            .await?;
        if done.rows_affected != 1 {
            return Err(StorageError::Conflict);
        }
    }
    insert_version(tx, version).await
}

async fn insert_response(tx: &Tx, response: &Response) -> Result<()> {
    let row = response::ActiveModel {
        id: Set(response.id.0),
        organization_id: Set(response.organization.0),
        unit_id: Set(response.unit.0),
        patient_id: Set(response.patient.0),
        invitation_id: Set(response.invitation.map(|id| id.0)),
        appointment_id: Set(response.appointment.map(|id| id.0)),
        questionnaire_name: Set(response.questionnaire_name.clone()),
        questionnaire_version: Set(response.questionnaire_version.clone()),
        version: Set(response.version),
        digest_sealed: Set(response.digest_sealed.clone()),
        key_version: Set(i32::from(response.key_version)),
        created_at: Set(response.submitted_at),
        submitted_at: Set(response.submitted_at),
    };
    response::Entity::insert(row).exec_without_returning(tx.transaction()).await?;
    Ok(())
}

async fn insert_version(tx: &Tx, version: &Version) -> Result<()> {
    let row = response_version::ActiveModel {
        response_id: Set(version.response.0),
        version: Set(version.version),
        organization_id: Set(version.organization.0),
        answers_sealed: Set(version.answers_sealed.clone()),
        respondent_sealed: Set(version.respondent_sealed.clone()),
        key_version: Set(i32::from(version.key_version)),
        language: Set(version.language.clone()),
        supplement_revision: Set(version.supplement_revision),
        source: Set(version.source.clone()),
        entered_by: Set(version.entered_by.map(|id| id.0)),
        answered_on: Set(version.answered_on),
        consent: Set(version.consent.clone()),
        started_at: Set(version.started_at),
        submitted_at: Set(version.submitted_at),
    };
    response_version::Entity::insert(row).exec_without_returning(tx.transaction()).await?;
    Ok(())
}

/// Finds a response.
pub async fn find(reader: &impl Reader, organization: OrganizationId, id: ResponseId) -> Result<Option<Response>> {
    let found =
        response::Entity::find_by_id(id.0).filter(response::Column::OrganizationId.eq(organization.0)).one(reader.transaction()).await?;
    found.map(response_from).transpose()
}

/// The same, and keeps others from deleting it until the transaction ends (PostgreSQL; on SQLite there
/// is one writer anyway).
pub async fn hold(tx: &Tx, organization: OrganizationId, id: ResponseId) -> Result<Option<Response>> {
    let query = response::Entity::find_by_id(id.0).filter(response::Column::OrganizationId.eq(organization.0));
    query.lock(LockType::KeyShare).one(tx.transaction()).await?.map(response_from).transpose()
}

/// The responses to several invitations.
pub async fn of_invitations(
    reader: &impl Reader,
    organization: OrganizationId,
    invitations: &[InvitationId],
) -> Result<HashMap<InvitationId, ResponseId>> {
    let mut found = HashMap::new();
    for chunk in invitations.chunks(500) {
        let rows = response::Entity::find()
            .filter(response::Column::OrganizationId.eq(organization.0))
            .filter(response::Column::InvitationId.is_in(chunk.iter().map(|id| id.0)))
            .all(reader.transaction())
            .await?;
        found.extend(rows.into_iter().filter_map(|row| Some((InvitationId(row.invitation_id?), row.id.into()))));
    }
    Ok(found)
}

/// The response to an invitation.
pub async fn of_invitation(reader: &impl Reader, organization: OrganizationId, invitation: InvitationId) -> Result<Option<Response>> {
    let query = response::Entity::find()
        .filter(response::Column::OrganizationId.eq(organization.0))
        .filter(response::Column::InvitationId.eq(invitation.0));
    query.one(reader.transaction()).await?.map(response_from).transpose()
}

/// A patient's responses, oldest first.
pub async fn of_patient(reader: &impl Reader, organization: OrganizationId, patient: PatientId) -> Result<Vec<Response>> {
    let rows = response::Entity::find()
        .filter(response::Column::OrganizationId.eq(organization.0))
        .filter(response::Column::PatientId.eq(patient.0))
        .order_by_asc(response::Column::SubmittedAt)
        .all(reader.transaction())
        .await?;
    rows.into_iter().map(response_from).collect()
}

/// Responses of these patients whose newest version nobody has reviewed, the newest first.
pub async fn unread(reader: &impl Reader, organization: OrganizationId, patients: &[PatientId], limit: u64) -> Result<Vec<Response>> {
    let own = |column| Expr::col((response::Entity, column));
    let reviewed = Query::select()
        .expr(Expr::val(1))
        .from(review::Entity)
        .and_where(Expr::col((review::Entity, review::Column::ResponseId)).eq(own(response::Column::Id)))
        .and_where(Expr::col((review::Entity, review::Column::ResponseVersion)).eq(own(response::Column::Version)))
        .to_owned();
    let rows = response::Entity::find()
        .filter(response::Column::OrganizationId.eq(organization.0))
        .filter(response::Column::PatientId.is_in(patients.iter().map(|id| id.0)))
        .filter(Expr::exists(reviewed).not())
        .order_by_desc(response::Column::SubmittedAt)
        .order_by_desc(response::Column::Id)
        .limit(limit)
        .all(reader.transaction())
        .await?;
    rows.into_iter().map(response_from).collect()
}

/// One version.
pub async fn version(reader: &impl Reader, id: ResponseId, version: i32) -> Result<Option<Version>> {
    response_version::Entity::find_by_id((id.0, version)).one(reader.transaction()).await?.map(version_from).transpose()
}

/// Every version, oldest first.
pub async fn versions(reader: &impl Reader, id: ResponseId) -> Result<Vec<Version>> {
    let rows = response_version::Entity::find()
        .filter(response_version::Column::ResponseId.eq(id.0))
        .order_by_asc(response_version::Column::Version)
        .all(reader.transaction())
        .await?;
    rows.into_iter().map(version_from).collect()
}

/// Marks a version as read; marking it again changes nothing.
pub async fn insert_review(tx: &Tx, mark: &Review) -> Result<()> {
    let row = review::ActiveModel {
        id: Set(mark.id.0),
        organization_id: Set(mark.organization.0),
        response_id: Set(mark.response.0),
        response_version: Set(mark.version),
        clinician_id: Set(mark.clinician.0),
        reviewed_at: Set(mark.reviewed_at),
    };
    let once = OnConflict::columns([review::Column::ResponseId, review::Column::ResponseVersion, review::Column::ClinicianId])
        .do_nothing()
        .to_owned();
    review::Entity::insert(row).on_conflict(once).exec_without_returning(tx.transaction()).await?;
    Ok(())
}

/// Takes a person's mark on a version back.
pub async fn delete_review(tx: &Tx, response: ResponseId, version: i32, clinician: ClinicianId) -> Result<()> {
    review::Entity::delete_many()
        .filter(review::Column::ResponseId.eq(response.0))
        .filter(review::Column::ResponseVersion.eq(version))
        .filter(review::Column::ClinicianId.eq(clinician.0))
        .exec(tx.transaction())
        .await?;
    Ok(())
}

/// Every review of a response, oldest first.
pub async fn reviews(reader: &impl Reader, response: ResponseId) -> Result<Vec<Review>> {
    let query = review::Entity::find().filter(review::Column::ResponseId.eq(response.0)).order_by_asc(review::Column::ReviewedAt);
    Ok(query.all(reader.transaction()).await?.iter().map(review_from).collect())
}

/// The newest review of a response.
pub async fn newest_review(reader: &impl Reader, response: ResponseId) -> Result<Option<Review>> {
    let row = review::Entity::find()
        .filter(review::Column::ResponseId.eq(response.0))
        .order_by_desc(review::Column::ResponseVersion)
        .order_by_desc(review::Column::ReviewedAt)
        .one(reader.transaction())
        .await?;
    Ok(row.as_ref().map(review_from))
}

fn review_from(row: &review::Model) -> Review {
    Review {
        id: row.id.into(),
        organization: row.organization_id.into(),
        response: row.response_id.into(),
        version: row.response_version,
        clinician: row.clinician_id.into(),
        reviewed_at: row.reviewed_at,
    }
}
