//! Reading, reissuing and revoking invitations; making credentials.

use super::audit::{self, Deed};
use super::events::{self, Event, EventKind};
use super::fault::{Fault, unit_error};
use super::idempotency::{self as repeat, Begun, Repeatable};
use super::{Caller, Services};
use crate::crypto::envelope::OpenError;
use crate::crypto::hash::{Label, derive_code, derive_link, lookup};
use crate::crypto::ring::Purpose;
use crate::domain::ids::{AppointmentId, CredentialId, InvitationId, OrganizationId, PatientId, ResponseId, UnitId};
use crate::domain::invitation::{ClosedReason, InvitationState, NotPossible};
use crate::domain::policy::{Action, Denied, Resource, decide};
use crate::domain::secret::{Code, LinkToken};
use crate::print::qr;
use crate::storage::credentials::{self, Credential};
use crate::storage::{Reader, StorageError, Tx, drafts, idempotency, invitations, patients, responses, sessions};
use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

/// An invitation as callers see it: no secret in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvitationView {
    /// Id.
    pub id: InvitationId,
    /// State.
    pub state: InvitationState,
    /// Whether a credential went out.
    pub sent: bool,
    /// Somebody guessed too often.
    pub flagged: bool,
    /// Unit.
    pub unit: UnitId,
    /// Patient.
    pub patient: PatientId,
    /// Visit.
    pub appointment: Option<AppointmentId>,
    /// Form.
    pub questionnaire_name: String,
    /// Its version.
    pub questionnaire_version: String,
    /// Due date without a visit.
    pub due_on: Option<NaiveDate>,
    /// Answering ends.
    pub answer_until: DateTime<Utc>,
    /// Amending ends.
    pub amend_until: DateTime<Utc>,
    /// Answer, if there is one.
    pub response: Option<ResponseId>,
    /// Issued.
    pub created_at: DateTime<Utc>,
}

/// An invitation with what opens it.
#[derive(Debug, Clone)]
pub struct Issued {
    /// The invitation.
    pub invitation: InvitationView,
    /// Token of the personal link.
    pub link: LinkToken,
    /// Typed code.
    pub code: Code,
}

/// What is printed or sent: the only place where a link is put together.
#[derive(Debug, Clone)]
pub struct Presented {
    /// The personal link.
    pub link: String,
    /// The typed code in groups.
    pub code: String,
    /// The link as QR code, an SVG element; `None` when the base URL is too long for one.
    pub qr_svg: Option<String>,
}

/// The secrets of an issued invitation as people get them.
pub fn present(services: &Services, issued: &Issued) -> Presented {
    present_secrets(services, &issued.link, &issued.code)
}

/// The same for secrets without their invitation.
pub(super) fn present_secrets(services: &Services, link: &LinkToken, code: &Code) -> Presented {
    let link = format!("{}/s/{}", services.rules.base_url, link.text());
    Presented { code: code.grouped(), qr_svg: qr::svg(&link), link }
}

/// Why not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No such invitation in this organization.
    #[error("no such invitation")]
    NotFound,
    /// Not allowed.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The patient has been erased: nobody can answer.
    #[error("the patient has been erased")]
    Erased,
    /// Another live invitation to the same form stands in its place.
    #[error("another invitation exists")]
    Exists,
    /// Its state does not allow it.
    #[error(transparent)]
    State(#[from] NotPossible),
    /// Idempotency.
    #[error(transparent)]
    Repeat(#[from] repeat::Error),
    /// Below.
    #[error(transparent)]
    Fault(#[from] Fault),
}

unit_error!(Error);

/// The view of a row.
pub(super) async fn view(reader: &impl Reader, row: &invitations::Invitation) -> Result<InvitationView, StorageError> {
    Ok(InvitationView {
        id: row.id,
        state: row.state,
        sent: invitations::sent(reader, row.id).await?,
        flagged: row.flagged,
        unit: row.unit,
        patient: row.patient,
        appointment: row.appointment,
        questionnaire_name: row.questionnaire_name.clone(),
        questionnaire_version: row.questionnaire_version.clone(),
        due_on: row.due_on,
        answer_until: row.answer_until,
        amend_until: row.amend_until,
        response: responses::of_invitation(reader, row.organization, row.id).await?.map(|response| response.id),
        created_at: row.created_at,
    })
}

/// Derives the secrets of a stored credential again.
pub(super) fn secrets(services: &Services, credential: &Credential) -> Result<(LinkToken, Code), OpenError> {
    let key = services.ring.get(Purpose::Link, credential.link_key_version)?;
    Ok((derive_link(&key, credential.id), derive_code(&key, credential.id)))
}

/// Makes a credential. A letter counts as sent when it is issued.
pub(super) fn new_credential(
    services: &Services,
    organization: OrganizationId,
    channel: &str,
    generation: i32,
    now: DateTime<Utc>,
) -> Result<Credential, OpenError> {
    let link_key = services.ring.current(Purpose::Link)?;
    let lookup_key = services.ring.current(Purpose::Lookup)?;
    let id = CredentialId::new(now, services.entropy.as_ref());
    let (link, code) = (derive_link(&link_key, id), derive_code(&link_key, id));
    Ok(Credential {
        id,
        organization,
        channel: channel.to_owned(),
        generation,
        link_key_version: link_key.version(),
        link_hash: lookup(&lookup_key, Label::Link, link.bytes()),
        code_hash: lookup(&lookup_key, Label::Code, code.bytes()),
        lookup_key_version: lookup_key.version(),
        sent_at: (channel == "letter").then_some(now),
        revoked_at: None,
    })
}

/// Reads one invitation.
pub async fn get(services: &Services, caller: &Caller, id: InvitationId) -> Result<InvitationView, Error> {
    let organization = caller.actor.organization();
    let found: Option<InvitationView> = services
        .db
        .read((organization, id), |(organization, id), snapshot| {
            Box::pin(async move {
                match invitations::find(snapshot, *organization, *id).await? {
                    Some(row) => Ok::<_, Fault>(Some(view(snapshot, &row).await?)),
                    None => Ok(None),
                }
            })
        })
        .await?;
    let found = found.ok_or(Error::NotFound)?;
    let ground = decide(&caller.actor, Action::ReadInvitation, Resource { stated: caller.ground, ..Resource::in_units(&[found.unit]) })?;
    let deed = Deed::done("invitation.read", Some(("invitation", id.0)), vec![found.patient]).in_unit(found.unit).on(ground);
    audit::commit_read(services, caller, deed).await?;
    Ok(found)
}

/// Takes an invitation back. Repeating it changes nothing.
pub async fn revoke(services: &Services, caller: &Caller, id: InvitationId) -> Result<InvitationView, Error> {
    let context = (services.clone(), caller.clone(), id, services.now());
    services
        .db
        .write(context, |(services, caller, id, now), tx| {
            Box::pin(async move {
                let row = invitations::lock(tx, caller.actor.organization(), *id).await?.ok_or(Error::NotFound)?;
                let ground = decide(&caller.actor, Action::ManageInvitations, Resource::in_units(&[row.unit]))?;
                let to = row.state.revoke()?;
                if to != row.state {
                    invitations::transition(tx, &row, to, row.flagged, *now).await?;
                    credentials::revoke_all(tx, row.id, *now).await?;
                    sessions::end_all(tx, row.id, *now).await?;
                    drafts::delete(tx, row.id).await?;
                    let event = Event::new(EventKind::InvitationRevoked, row.organization, row.unit, row.id);
                    events::announce(tx, services, &event).await?;
                }
                let deed = Deed::done("invitation.revoke", Some(("invitation", id.0)), vec![row.patient]).in_unit(row.unit).on(ground);
                audit::write(tx, services, caller, &deed).await?;
                let row = invitations::find(tx, row.organization, row.id).await?.ok_or(Error::NotFound)?;
                Ok(view(tx, &row).await?)
            })
        })
        .await
}

/// Makes a new link and code and kills the old ones. Safe to repeat under its key.
pub async fn reissue(services: &Services, caller: &Caller, id: InvitationId, request: Repeatable) -> Result<Issued, Error> {
    match repeat::begin(services, caller, &request).await? {
        Begun::Replay(outcome) => {
            let credential = Uuid::parse_str(&outcome).map(CredentialId).map_err(|_| Fault::Content("idempotency outcome"))?;
            let issued = render(services, caller.actor.organization(), id, credential).await?.ok_or(Error::NotFound)?;
            let unit = issued.invitation.unit;
            let ground = decide(&caller.actor, Action::ManageInvitations, Resource::in_units(&[unit]))?;
            let deed = Deed::done("invitation.issue-again", Some(("invitation", id.0)), vec![issued.invitation.patient]);
            audit::commit_read(services, caller, deed.in_unit(unit).on(ground)).await?;
            Ok(issued)
        }
        Begun::Work(begun) => {
            let context = (services.clone(), caller.clone(), id, begun.clone(), services.now());
            let done = services
                .db
                .write(context, |(services, caller, id, begun, now), tx| Box::pin(reissue_in(tx, services, caller, *id, begun, *now)))
                .await;
            if done.is_err() {
                repeat::release(services, begun).await?;
            }
            done
        }
    }
}

async fn reissue_in(
    tx: &Tx,
    services: &Services,
    caller: &Caller,
    id: InvitationId,
    begun: &idempotency::Use,
    now: DateTime<Utc>,
) -> Result<Issued, Error> {
    let row = invitations::lock(tx, caller.actor.organization(), id).await?.ok_or(Error::NotFound)?;
    let ground = decide(&caller.actor, Action::ManageInvitations, Resource::in_units(&[row.unit]))?;
    if patients::hold(tx, row.organization, row.patient).await?.is_none_or(|patient| patient.key.is_none()) {
        return Err(Error::Erased);
    }
    let to = row.state.reissue()?;
    let until = if row.state == InvitationState::Answered { row.amend_until } else { row.answer_until };
    if now >= until {
        let over = if row.state == InvitationState::Answered { row.state } else { InvitationState::Closed(ClosedReason::Expired) };
        return Err(NotPossible(over).into());
    }
    if invitations::live_for(tx, row.organization, &row.occasion()).await?.is_some_and(|live| live.id != row.id) {
        return Err(Error::Exists);
    }
    let generation = credentials::newest(tx, id).await?.map_or(1, |credential| credential.generation + 1);
    credentials::revoke_all(tx, id, now).await?;
    sessions::end_all(tx, id, now).await?;
    invitations::transition(tx, &row, to, false, now).await?;
    let credential = new_credential(services, row.organization, "letter", generation, now)?;
    credentials::insert(tx, &credential, id, now).await?;
    let deed = Deed::done("invitation.reissue", Some(("invitation", id.0)), vec![row.patient]).in_unit(row.unit).on(ground);
    audit::write(tx, services, caller, &deed).await?;
    if !idempotency::finish(tx, begun, &credential.id.to_string()).await? {
        return Err(repeat::Error::InFlight.into());
    }
    let row = invitations::find(tx, row.organization, id).await?.ok_or(Error::NotFound)?;
    let (link, code) = secrets(services, &credential)?;
    Ok(Issued { invitation: view(tx, &row).await?, link, code })
}

/// Renders an invitation with a given credential again: for a safe repeat.
pub(super) async fn render(
    services: &Services,
    organization: OrganizationId,
    id: InvitationId,
    credential: CredentialId,
) -> Result<Option<Issued>, Fault> {
    let found = services
        .db
        .read((organization, id, credential), |(organization, id, credential), snapshot| {
            Box::pin(async move {
                let row = invitations::find(snapshot, *organization, *id).await?;
                let credential = credentials::find(snapshot, *credential).await?;
                match row.zip(credential) {
                    Some((row, credential)) => Ok::<_, Fault>(Some((view(snapshot, &row).await?, credential))),
                    None => Ok(None),
                }
            })
        })
        .await?;
    found
        .map(|(invitation, credential)| {
            let (link, code) = secrets(services, &credential)?;
            Ok(Issued { invitation, link, code })
        })
        .transpose()
}
