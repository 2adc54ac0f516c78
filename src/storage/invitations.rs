//! Invitations. Writers change the state only from the state that was read (compare and set), so two
//! writers on two instances can't both win.

use super::entity::{appointment, credential, credential_invitation, invitation};
use super::{Reader, StorageError, Tx};
use crate::domain::ids::{AppointmentId, ClinicianId, InvitationId, OrganizationId, PatientId, UnitId};
use crate::domain::invitation::InvitationState;
use chrono::{DateTime, NaiveDate, Utc};
use sea_orm::{ActiveValue::Set, ColumnTrait, Condition, EntityTrait, JoinType, QueryFilter, QueryOrder, QuerySelect};
use std::collections::HashMap;

type Result<T> = std::result::Result<T, StorageError>;

/// Ids that are asked for at once.
const AT_ONCE: usize = 500;

/// An invitation's row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    /// Id.
    pub id: InvitationId,
    /// The tenant.
    pub organization: OrganizationId,
    /// The unit that asks.
    pub unit: UnitId,
    /// Who is asked.
    pub patient: PatientId,
    /// Before which visit.
    pub appointment: Option<AppointmentId>,
    /// Which form.
    pub questionnaire_name: String,
    /// In which version.
    pub questionnaire_version: String,
    /// Where it is in its life.
    pub state: InvitationState,
    /// Somebody guessed too often: shown to the unit.
    pub flagged: bool,
    /// Date it is due, where there is no visit.
    pub due_on: Option<NaiveDate>,
    /// Answering ends.
    pub answer_until: DateTime<Utc>,
    /// Amending ends.
    pub amend_until: DateTime<Utc>,
    /// Issued.
    pub created_at: DateTime<Utc>,
    /// First save.
    pub started_at: Option<DateTime<Utc>>,
    /// The person who issued it; `None` for a client or the operator.
    pub issued_by: Option<ClinicianId>,
}

pub(super) fn from(row: invitation::Model) -> Result<Invitation> {
    Ok(Invitation {
        id: row.id.into(),
        organization: row.organization_id.into(),
        unit: row.unit_id.into(),
        patient: row.patient_id.into(),
        appointment: row.appointment_id.map(AppointmentId),
        state: InvitationState::parse(&row.state, row.closed_reason.as_deref()).ok_or(StorageError::Corrupt("invitation state"))?,
        questionnaire_name: row.questionnaire_name,
        questionnaire_version: row.questionnaire_version,
        flagged: row.flagged,
        due_on: row.due_on,
        answer_until: row.answer_until,
        amend_until: row.amend_until,
        created_at: row.created_at,
        started_at: row.started_at,
        issued_by: row.issued_by.map(ClinicianId),
    })
}

/// Adds an invitation. A second live one for the same visit and form is a conflict.
pub async fn insert(tx: &Tx, invitation: &Invitation) -> Result<()> {
    let row = invitation::ActiveModel {
        id: Set(invitation.id.0),
        organization_id: Set(invitation.organization.0),
        unit_id: Set(invitation.unit.0),
        patient_id: Set(invitation.patient.0),
        appointment_id: Set(invitation.appointment.map(|id| id.0)),
        assessment_id: Set(None),
        issued_by: Set(invitation.issued_by.map(|id| id.0)),
        questionnaire_name: Set(invitation.questionnaire_name.clone()),
        questionnaire_version: Set(invitation.questionnaire_version.clone()),
        state: Set(invitation.state.word().to_owned()),
        closed_reason: Set(invitation.state.reason_word().map(str::to_owned)),
        flagged: Set(invitation.flagged),
        due_on: Set(invitation.due_on),
        answer_until: Set(invitation.answer_until),
        amend_until: Set(invitation.amend_until),
        created_at: Set(invitation.created_at),
        opened_at: Set(None),
        started_at: Set(invitation.started_at),
        answered_at: Set(None),
        closed_at: Set(None),
        noticed_at: Set(None),
        reminded_at: Set(None),
    };
    invitation::Entity::insert(row).exec_without_returning(tx.transaction()).await?;
    Ok(())
}

/// Finds an invitation.
pub async fn find(reader: &impl Reader, organization: OrganizationId, id: InvitationId) -> Result<Option<Invitation>> {
    let found = invitation::Entity::find_by_id(id.0)
        .filter(invitation::Column::OrganizationId.eq(organization.0))
        .one(reader.transaction())
        .await?;
    found.map(from).transpose()
}

/// Finds an invitation and keeps others from changing it until the transaction ends (PostgreSQL;
/// on SQLite there is one writer anyway).
pub async fn lock(tx: &Tx, organization: OrganizationId, id: InvitationId) -> Result<Option<Invitation>> {
    let query = invitation::Entity::find_by_id(id.0).filter(invitation::Column::OrganizationId.eq(organization.0)).lock_exclusive();
    query.one(tx.transaction()).await?.map(from).transpose()
}

/// Invitations of a unit that can still be answered, for visits that start from `from` and before `to`, by
/// the time of the visit.
pub async fn of_visits(
    reader: &impl Reader,
    organization: OrganizationId,
    unit: UnitId,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    limit: u64,
) -> Result<Vec<InvitationId>> {
    let visit =
        invitation::Entity::belongs_to(appointment::Entity).from(invitation::Column::AppointmentId).to(appointment::Column::Id).into();
    let rows = invitation::Entity::find()
        .join(JoinType::InnerJoin, visit)
        .filter(invitation::Column::OrganizationId.eq(organization.0))
        .filter(invitation::Column::UnitId.eq(unit.0))
        .filter(invitation::Column::State.is_in(["issued", "opened", "started"]))
        .filter(appointment::Column::StartsAt.gte(from))
        .filter(appointment::Column::StartsAt.lt(to))
        .order_by_asc(appointment::Column::StartsAt)
        .order_by_asc(invitation::Column::Id)
        .limit(limit)
        .all(reader.transaction())
        .await?;
    Ok(rows.into_iter().map(|row| row.id.into()).collect())
}

/// What makes two invitations the same: asked twice, the second is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Occasion {
    /// The visit, or
    pub appointment: Option<AppointmentId>,
    /// without one the unit, the patient and the day.
    pub otherwise: (UnitId, PatientId, Option<NaiveDate>),
    /// The form.
    pub form: String,
}

/// The live invitation of an occasion.
pub async fn live_for(reader: &impl Reader, organization: OrganizationId, occasion: &Occasion) -> Result<Option<Invitation>> {
    let live = Condition::any().add(invitation::Column::ClosedReason.is_null()).add(invitation::Column::ClosedReason.eq("declined"));
    let (unit, patient, due_on) = occasion.otherwise;
    let when = match occasion.appointment {
        Some(appointment) => Condition::all().add(invitation::Column::AppointmentId.eq(appointment.0)),
        None => Condition::all()
            .add(invitation::Column::AppointmentId.is_null())
            .add(invitation::Column::UnitId.eq(unit.0))
            .add(invitation::Column::PatientId.eq(patient.0))
            .add(invitation::Column::DueOn.eq(due_on)),
    };
    let query = invitation::Entity::find()
        .filter(invitation::Column::OrganizationId.eq(organization.0))
        .filter(invitation::Column::QuestionnaireName.eq(occasion.form.clone()))
        .filter(when)
        .filter(live);
    query.one(reader.transaction()).await?.map(from).transpose()
}

impl Invitation {
    /// Its occasion.
    pub fn occasion(&self) -> Occasion {
        Occasion { appointment: self.appointment, otherwise: (self.unit, self.patient, self.due_on), form: self.questionnaire_name.clone() }
    }
}

/// Moves an invitation from one state to another and stamps the time. `Conflict` when it is no
/// longer in the state it was read in.
pub async fn transition(tx: &Tx, invitation: &Invitation, to: InvitationState, flagged: bool, now: DateTime<Utc>) -> Result<()> {
    if invitation.state == to && invitation.flagged == flagged {
        return Ok(());
    }
    let mut row = invitation::ActiveModel {
        state: Set(to.word().to_owned()),
        closed_reason: Set(to.reason_word().map(str::to_owned)),
        flagged: Set(flagged),
        ..Default::default()
    };
    match to {
        InvitationState::Issued => row.closed_at = Set(None),
        InvitationState::Opened => row.opened_at = Set(Some(now)),
        InvitationState::Started => {
            row.started_at = Set(Some(invitation.started_at.unwrap_or(now)));
            row.closed_at = Set(None);
        }
        InvitationState::Answered => {
            row.answered_at = Set(Some(now));
            row.closed_at = Set(None);
        }
        InvitationState::Closed(_) => row.closed_at = Set(Some(now)),
    }
    let mut update = invitation::Entity::update_many()
        .set(row)
        .filter(invitation::Column::Id.eq(invitation.id.0))
        .filter(invitation::Column::State.eq(invitation.state.word()));
    update = match invitation.state.reason_word() {
        Some(reason) => update.filter(invitation::Column::ClosedReason.eq(reason)),
        None => update.filter(invitation::Column::ClosedReason.is_null()),
    };
    let done = update.exec(tx.transaction()).await?;
    if done.rows_affected == 1 { Ok(()) } else { Err(StorageError::Conflict) }
}

/// Moves the times of every invitation of a visit whose time has changed. An end of answering that was
/// asked for stays, but never after the visit.
pub async fn move_window(tx: &Tx, appointment: AppointmentId, from: DateTime<Utc>, to: DateTime<Utc>) -> Result<()> {
    for column in [invitation::Column::AnswerUntil, invitation::Column::AmendUntil] {
        invitation::Entity::update_many()
            .col_expr(column, sea_orm::sea_query::Expr::value(to))
            .filter(invitation::Column::AppointmentId.eq(appointment.0))
            .filter(Condition::any().add(column.eq(from)).add(column.gt(to)))
            .exec(tx.transaction())
            .await?;
    }
    Ok(())
}

/// Gives the invitations of a visit to the unit it was moved to.
pub async fn move_unit(tx: &Tx, appointment: AppointmentId, unit: UnitId) -> Result<()> {
    invitation::Entity::update_many()
        .set(invitation::ActiveModel { unit_id: Set(unit.0), ..Default::default() })
        .filter(invitation::Column::AppointmentId.eq(appointment.0))
        .exec(tx.transaction())
        .await?;
    Ok(())
}

/// The invitations to a visit, oldest first.
pub async fn of_appointment(reader: &impl Reader, organization: OrganizationId, appointment: AppointmentId) -> Result<Vec<Invitation>> {
    let rows = to_visit(organization, appointment).all(reader.transaction()).await?;
    rows.into_iter().map(from).collect()
}

/// The same under their locks, in the order in which everybody takes them.
pub async fn lock_of_appointment(tx: &Tx, organization: OrganizationId, appointment: AppointmentId) -> Result<Vec<Invitation>> {
    let rows = to_visit(organization, appointment).lock_exclusive().all(tx.transaction()).await?;
    rows.into_iter().map(from).collect()
}

fn to_visit(organization: OrganizationId, appointment: AppointmentId) -> sea_orm::Select<invitation::Entity> {
    invitation::Entity::find()
        .filter(invitation::Column::OrganizationId.eq(organization.0))
        .filter(invitation::Column::AppointmentId.eq(appointment.0))
        .order_by_asc(invitation::Column::Id)
}

/// A patient's invitations, oldest first.
pub async fn of_patient(reader: &impl Reader, organization: OrganizationId, patient: PatientId) -> Result<Vec<Invitation>> {
    of_patients(reader, organization, std::slice::from_ref(&patient)).await
}

/// Invitations of several patients; of each the oldest first.
pub async fn of_patients(reader: &impl Reader, organization: OrganizationId, patients: &[PatientId]) -> Result<Vec<Invitation>> {
    let mut all = Vec::new();
    for chunk in patients.chunks(AT_ONCE) {
        let rows = invitation::Entity::find()
            .filter(invitation::Column::OrganizationId.eq(organization.0))
            .filter(invitation::Column::PatientId.is_in(chunk.iter().map(|id| id.0)))
            .order_by_asc(invitation::Column::CreatedAt)
            .all(reader.transaction())
            .await?;
        for row in rows {
            all.push(from(row)?);
        }
    }
    Ok(all)
}

/// When an invitation was used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Times {
    /// First opened.
    pub opened_at: Option<DateTime<Utc>>,
    /// Answers handed in last.
    pub answered_at: Option<DateTime<Utc>>,
    /// Closed.
    pub closed_at: Option<DateTime<Utc>>,
}

/// The times of a patient's invitations.
pub async fn times_of_patient(
    reader: &impl Reader,
    organization: OrganizationId,
    patient: PatientId,
) -> Result<HashMap<InvitationId, Times>> {
    let rows = invitation::Entity::find()
        .filter(invitation::Column::OrganizationId.eq(organization.0))
        .filter(invitation::Column::PatientId.eq(patient.0))
        .all(reader.transaction())
        .await?;
    let times = |row: invitation::Model| {
        (row.id.into(), Times { opened_at: row.opened_at, answered_at: row.answered_at, closed_at: row.closed_at })
    };
    Ok(rows.into_iter().map(times).collect())
}

/// A patient's invitations under their locks, in the order in which everybody takes them: invitations before their
/// patient.
pub async fn lock_of_patient(tx: &Tx, organization: OrganizationId, patient: PatientId) -> Result<Vec<Invitation>> {
    let rows = invitation::Entity::find()
        .filter(invitation::Column::OrganizationId.eq(organization.0))
        .filter(invitation::Column::PatientId.eq(patient.0))
        .order_by_asc(invitation::Column::Id)
        .lock_exclusive()
        .all(tx.transaction())
        .await?;
    rows.into_iter().map(from).collect()
}

/// Invitations whose time is over and that are still open: for the job that closes them.
pub async fn overdue(reader: &impl Reader, now: DateTime<Utc>, limit: u64) -> Result<Vec<Invitation>> {
    let rows = invitation::Entity::find()
        .filter(invitation::Column::State.is_in(["issued", "opened", "started"]))
        .filter(invitation::Column::AnswerUntil.lte(now))
        .order_by_asc(invitation::Column::AnswerUntil)
        .limit(limit)
        .all(reader.transaction())
        .await?;
    rows.into_iter().map(from).collect()
}

/// Whether a credential of the invitation has gone out.
pub async fn sent(reader: &impl Reader, id: InvitationId) -> Result<bool> {
    let found: Option<uuid::Uuid> = credential_invitation::Entity::find()
        .select_only()
        .column(credential_invitation::Column::CredentialId)
        .join(sea_orm::JoinType::InnerJoin, credential_join())
        .filter(credential_invitation::Column::InvitationId.eq(id.0))
        .filter(credential::Column::SentAt.is_not_null())
        .into_tuple()
        .one(reader.transaction())
        .await?;
    Ok(found.is_some())
}

fn credential_join() -> sea_orm::RelationDef {
    credential_invitation::Entity::belongs_to(credential::Entity)
        .from(credential_invitation::Column::CredentialId)
        .to(credential::Column::Id)
        .into()
}
