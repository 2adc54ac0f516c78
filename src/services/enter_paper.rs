//! Staff enter a paper form, or answers given in the waiting room, on behalf of a patient.

use super::Services;
use super::audit::{self, Caller, Deed};
use super::draft::{self, accept};
use super::fault::{Fault, unit_error};
use super::holder::{self, Held, hold_locked};
use super::idempotency::{self as repeat, Begun, Repeatable};
use super::responses::{self as responses_service, ResponseView};
use super::submit_response::{Origin, hand_in};
use crate::domain::actor::Actor;
use crate::domain::answers::{Context, Issue, complete};
use crate::domain::clock::oslo_date;
use crate::domain::ids::{ClinicianId, InvitationId, PatientId, ResponseId, UnitId};
use crate::domain::invitation::{ClosedReason, InvitationState, NotPossible, window};
use crate::domain::language::Language;
use crate::domain::policy::{Action, Denied, Resource, decide, may_ever};
use crate::domain::respondent::{Respondent, RespondentFault};
use crate::storage::invitations::{self, Invitation};
use crate::storage::{Tx, drafts, idempotency, organizations, patients};
use chrono::{DateTime, NaiveDate, Utc};
use serde_json::Value;
use uuid::Uuid;

/// Whose answers these are.
#[derive(Debug, Clone)]
pub enum Whose {
    /// They answer this invitation.
    Invitation(InvitationId),
    /// A patient who was not invited: an invitation is made in this unit.
    Patient {
        /// Patient.
        patient: PatientId,
        /// Unit.
        unit: UnitId,
        /// Form and version; the unit's default where none.
        form: Option<(String, Option<String>)>,
    },
}

/// What staff enter.
#[derive(Debug, Clone)]
pub struct Command {
    /// Whose.
    pub whose: Whose,
    /// Who gave the answers.
    pub respondent: Respondent,
    /// FHIR `QuestionnaireResponse` as received.
    pub answers: Value,
    /// Language of the paper.
    pub language: Option<Language>,
    /// Date on the paper.
    pub answered_on: NaiveDate,
}

/// Why not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No such invitation or patient.
    #[error("not found")]
    NotFound,
    /// The patient has been erased.
    #[error("the patient has been erased")]
    Erased,
    /// No such unit.
    #[error("no such unit")]
    Unit,
    /// No such form; true when the caller named it.
    #[error("no such form")]
    Form(bool),
    /// The date is in the future.
    #[error("the date is in the future")]
    Future,
    /// The form has no such language.
    #[error("unknown language")]
    Language,
    /// Its state does not allow it.
    #[error(transparent)]
    State(#[from] NotPossible),
    /// Answers break rules.
    #[error("answers are not acceptable")]
    Answers(Vec<Issue>),
    /// The respondent is not described rightly.
    #[error("the respondent is not acceptable")]
    Respondent(Vec<RespondentFault>),
    /// Not allowed.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// Idempotency.
    #[error(transparent)]
    Repeat(#[from] repeat::Error),
    /// Below.
    #[error(transparent)]
    Fault(#[from] Fault),
}

unit_error!(Error);

impl From<holder::Error> for Error {
    fn from(error: holder::Error) -> Self {
        match error {
            holder::Error::Fault(fault) => Self::Fault(fault),
            // An invitation whose patient has no key any more.
            holder::Error::Token | holder::Error::Ended => Self::Erased,
        }
    }
}

impl From<responses_service::Error> for Error {
    fn from(error: responses_service::Error) -> Self {
        match error {
            responses_service::Error::Denied(denied) => Self::Denied(denied),
            responses_service::Error::Fault(fault) => Self::Fault(fault),
            responses_service::Error::Erased => Self::Erased,
            responses_service::Error::NotFound | responses_service::Error::Language => Self::NotFound,
        }
    }
}

impl From<draft::Error> for Error {
    fn from(error: draft::Error) -> Self {
        match error {
            draft::Error::Fault(fault) => Self::Fault(fault),
            _ => Self::State(NotPossible(InvitationState::Closed(ClosedReason::Revoked))),
        }
    }
}

/// Enters answers; safe to repeat under its key. Gives the response as it then stands.
pub async fn enter(services: &Services, caller: &Caller, command: Command, request: Repeatable) -> Result<ResponseView, Error> {
    let (id, repeated) = enter_once(services, caller, command, request).await?;
    let view = responses_service::entered(services, caller, id).await?;
    if repeated {
        // Who repeats it must still be allowed to, and giving the answers out again is a read.
        let ground = decide(&caller.actor, Action::EnterPaper, Resource::in_units(&[view.unit]))?;
        let deed = Deed::done("response.read", Some(("response", id.0)), vec![view.patient]).in_unit(view.unit).on(ground);
        audit::commit_read(services, caller, deed).await?;
    }
    Ok(view)
}

/// The response, and whether it was entered by an earlier request under this key.
async fn enter_once(services: &Services, caller: &Caller, command: Command, request: Repeatable) -> Result<(ResponseId, bool), Error> {
    may_ever(&caller.actor, Action::EnterPaper)?;
    let faults = command.respondent.validate();
    if !faults.is_empty() {
        return Err(Error::Respondent(faults));
    }
    if command.answered_on > oslo_date(services.now()) {
        return Err(Error::Future);
    }
    let begun = match repeat::begin(services, caller, &request).await? {
        Begun::Replay(outcome) => {
            return Uuid::parse_str(&outcome).map(|id| (ResponseId(id), true)).map_err(|_| Fault::Content("idempotency outcome").into());
        }
        Begun::Work(begun) => begun,
    };
    let context = (services.clone(), caller.clone(), command, begun.clone());
    let done =
        services.db.write(context, |(services, caller, command, begun), tx| Box::pin(enter_in(tx, services, caller, command, begun))).await;
    if done.is_err() {
        repeat::release(services, begun).await?;
    }
    Ok((done?, false))
}

async fn enter_in(tx: &Tx, services: &Services, caller: &Caller, command: &Command, begun: &idempotency::Use) -> Result<ResponseId, Error> {
    let now = services.now();
    let row = invitation_of(tx, services, caller, &command.whose, now).await?;
    decide(&caller.actor, Action::EnterPaper, Resource::in_units(&[row.unit]))?;
    let mut held: Held = hold_locked(services, tx, row).await?;
    held.invitation = reopened(tx, held.invitation, now).await?;
    let language = match &command.language {
        None => held.form.questionnaire.language().clone(),
        Some(asked) => held.form.questionnaire.languages().iter().find(|own| *own == asked).cloned().ok_or(Error::Language)?,
    };
    let answers = accept(&held.form, &command.answers, Some(&command.respondent)).map_err(Error::Answers)?;
    let context = Context { not_asked: command.respondent.not_asked() };
    let done = complete(&held.form.questionnaire, answers, &context).map_err(Error::Answers)?;
    let Actor::Clinician(person) = &caller.actor else { return Err(Denied::Role.into()) };
    let origin =
        Origin { source: "staff", entered_by: Some(ClinicianId(person.id.0)), answered_on: Some(command.answered_on), started_at: None };
    let draft = drafts::of_invitation(tx, held.invitation.organization, held.invitation.id).await?;
    let minted = draft.map_or_else(|| ResponseId::new(now, services.entropy.as_ref()), |draft| draft.response);
    let (response, fresh) = hand_in(tx, services, caller, &held, minted, &done, &command.respondent, &language, &origin).await?;
    let id = response.id;
    if !fresh {
        let deed = Deed::done("response.read", Some(("response", id.0)), vec![held.invitation.patient]).in_unit(held.invitation.unit);
        audit::write(tx, services, caller, &deed).await?;
    }
    if !idempotency::finish(tx, begun, &id.to_string()).await? {
        return Err(repeat::Error::InFlight.into());
    }
    Ok(id)
}

/// Paper that arrives after the link has expired (or was locked) is still the patient's answer; a
/// revoked invitation stays closed.
async fn reopened(tx: &Tx, mut row: Invitation, now: DateTime<Utc>) -> Result<Invitation, Error> {
    match row.state {
        InvitationState::Closed(ClosedReason::Expired | ClosedReason::Locked) => {
            if invitations::live_for(tx, row.organization, &row.occasion()).await?.is_some() {
                return Err(NotPossible(row.state).into());
            }
            invitations::transition(tx, &row, InvitationState::Issued, row.flagged, now).await?;
            row.state = InvitationState::Issued;
            Ok(row)
        }
        InvitationState::Closed(ClosedReason::Revoked) => Err(NotPossible(row.state).into()),
        _ => Ok(row),
    }
}

async fn invitation_of(tx: &Tx, services: &Services, caller: &Caller, whose: &Whose, now: DateTime<Utc>) -> Result<Invitation, Error> {
    let organization = caller.actor.organization();
    match whose {
        Whose::Invitation(id) => invitations::lock(tx, organization, *id).await?.ok_or(Error::NotFound),
        Whose::Patient { patient, unit, form } => {
            let unit = organizations::unit(tx, organization, *unit).await?.ok_or(Error::Unit)?;
            decide(&caller.actor, Action::EnterPaper, Resource::in_units(&[unit.id]))?;
            let patient = patients::hold(tx, organization, *patient).await?.ok_or(Error::NotFound)?;
            if patient.key.is_none() {
                return Err(Error::Erased);
            }
            let named = form.is_some();
            let (name, version) = form.clone().unwrap_or((unit.questionnaire_name, unit.questionnaire_version));
            let form = services.library.find(&name, version.as_deref()).ok_or(Error::Form(named))?;
            let times = window(now, None, Some(oslo_date(now)), None);
            let row = Invitation {
                id: InvitationId::new(now, services.entropy.as_ref()),
                organization,
                unit: unit.id,
                patient: patient.id,
                appointment: None,
                questionnaire_name: name,
                questionnaire_version: form.questionnaire.version().to_owned(),
                state: InvitationState::Issued,
                flagged: false,
                due_on: Some(oslo_date(now)),
                answer_until: times.answer_until,
                amend_until: times.amend_until,
                created_at: now,
                started_at: None,
                issued_by: caller.actor.person(),
            };
            // Asked already for today: these are the answers to that.
            if let Some(live) = invitations::live_for(tx, organization, &row.occasion()).await? {
                return invitations::lock(tx, organization, live.id).await?.ok_or(Error::NotFound);
            }
            invitations::insert(tx, &row).await?;
            Ok(row)
        }
    }
}
