//! The holder of a session: who they are, what stands around the form, ending the session.

use super::audit::{self, Deed};
use super::fault::{Fault, unit_error};
use super::library::Form;
use super::vault::{PatientCipher, Person, open_patient};
use super::{Caller, Services};
use crate::crypto::tokens;
use crate::domain::actor::{Actor, HolderActor};
use crate::domain::ids::{DeviceId, InvitationId, OrganizationId, PatientId, RepresentativeId, SessionId, UnitId};
use crate::domain::invitation::InvitationState;
use crate::domain::language::Language;
use crate::storage::invitations::{self, Invitation};
use crate::storage::patients::Patient;
use crate::storage::sessions::{self, Session};
use crate::storage::{Reader, Tx, appointments, drafts, organizations, patients};
use chrono::{DateTime, Duration, Utc};
use std::sync::Arc;

pub use crate::storage::sessions::SessionKind;

/// A session is written as used at most this often.
const TOUCH_EVERY: Duration = Duration::minutes(2);

/// Why a session can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The token is none of ours.
    #[error("no session token")]
    Token,
    /// The session is over.
    #[error("the session has ended")]
    Ended,
    /// Below.
    #[error(transparent)]
    Fault(#[from] Fault),
}

unit_error!(Error);

/// A session in use.
#[derive(Debug, Clone)]
pub struct Holder {
    /// As an actor.
    pub actor: HolderActor,
    /// Its device.
    pub device: DeviceId,
    /// What it is good for.
    pub kind: SessionKind,
    /// Whether the person chose to be remembered.
    pub remember: bool,
    /// Ends when unused until then.
    pub idle_until: DateTime<Utc>,
    /// Ends then in any case.
    pub absolute_until: DateTime<Utc>,
    /// The provider that the person signed in at; `None` for who told the birth date.
    pub provider: Option<String>,
    /// Who signed in, where it is not the patient.
    pub representative: Option<RepresentativeId>,
}

impl Holder {
    pub(super) fn of(session: &Session) -> Self {
        Self {
            actor: HolderActor { session: session.id, invitation: session.invitation, organization: session.organization },
            device: session.device,
            kind: session.kind,
            remember: session.remember,
            idle_until: session.idle_until,
            absolute_until: session.absolute_until,
            provider: session.provider.clone(),
            representative: session.representative,
        }
    }

    /// The caller of a request in this session.
    pub fn caller(&self, request_id: &str) -> Caller {
        Caller { actor: Actor::Holder(self.actor.clone()), request_id: request_id.to_owned(), ground: None, ground_text: None }
    }
}

/// Finds the session of a token and renews it by use.
pub async fn authenticate(services: &Services, token: &str) -> Result<Holder, Error> {
    let now = services.now();
    // A token past its time was still one of ours: the row, which knows more, answers for it.
    let handle = tokens::verify::<tokens::Handle>(&services.ring, crate::crypto::ring::Purpose::Session, tokens::SESSION, token)
        .ok_or(Error::Token)?;
    let id = SessionId(handle.sub);
    let session = services
        .db
        .read((id, now), |(id, now), snapshot| Box::pin(async move { Ok::<_, Fault>(sessions::live(snapshot, *id, *now).await?) }))
        .await?;
    let Some(session) = session.filter(|session| session.invitation.0 == handle.inv) else {
        services
            .db
            .write((id, now), |(id, now), tx| Box::pin(async move { Ok::<_, Fault>(sessions::end_if_over(tx, *id, *now).await?) }))
            .await?;
        return Err(Error::Ended);
    };
    let holder = Holder::of(&session);
    if now - session.last_seen_at >= TOUCH_EVERY { renew(services, &holder).await } else { Ok(holder) }
}

/// Renews the session of someone who is still there.
pub async fn renew(services: &Services, holder: &Holder) -> Result<Holder, Error> {
    let now = services.now();
    let idle = if holder.remember { services.rules.session_remembered } else { services.rules.session_idle };
    let holder = Holder { idle_until: (now + idle).min(holder.absolute_until), ..holder.clone() };
    let context = (holder.actor.session, now, holder.idle_until);
    services
        .db
        .write(context, |(id, now, until), tx| Box::pin(async move { Ok::<_, Fault>(sessions::touch(tx, *id, *now, *until).await?) }))
        .await?;
    Ok(holder)
}

/// Ends the session.
pub async fn end(services: &Services, holder: &Holder) -> Result<(), Fault> {
    let context = (holder.actor.session, services.now());
    services.db.write(context, |(id, now), tx| Box::pin(async move { Ok::<_, Fault>(sessions::end(tx, *id, *now).await?) })).await
}

/// Whose draft it is, seen from this device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DraftPlace {
    /// Nothing saved.
    None,
    /// Saved on this device.
    Here,
    /// Saved on another device.
    Elsewhere,
}

impl DraftPlace {
    /// The word on the wire.
    pub fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Here => "here",
            Self::Elsewhere => "elsewhere",
        }
    }
}

/// Name and phone of an organization or unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Name.
    pub name: String,
    /// Phone.
    pub phone: String,
}

/// What the holder sees around the form.
#[derive(Debug, Clone)]
pub struct SessionView {
    /// The session.
    pub holder: Holder,
    /// The patient.
    pub patient: PatientId,
    /// Their name.
    pub patient_name: String,
    /// The language they prefer.
    pub patient_language: Option<Language>,
    /// Who asks.
    pub organization: Place,
    /// Which unit.
    pub unit: Place,
    /// Its id.
    pub unit_id: UnitId,
    /// Start of the visit.
    pub starts_at: Option<DateTime<Utc>>,
    /// State of the invitation.
    pub state: InvitationState,
    /// Answering ends.
    pub answer_until: DateTime<Utc>,
    /// Amending ends.
    pub amend_until: DateTime<Utc>,
    /// Where the draft is.
    pub draft: DraftPlace,
    /// The form.
    pub form: Arc<Form>,
}

/// The invitation of a session with the patient's cipher: what every use case of a holder begins with.
pub(super) struct Held {
    pub(super) invitation: Invitation,
    pub(super) cipher: PatientCipher,
    pub(super) person: Person,
    pub(super) language: String,
    pub(super) form: Arc<Form>,
}

pub(super) async fn hold(services: &Services, reader: &impl Reader, organization: OrganizationId, id: InvitationId) -> Result<Held, Error> {
    let invitation = invitations::find(reader, organization, id).await?.ok_or(Error::Ended)?;
    hold_row(services, reader, invitation).await
}

async fn hold_row(services: &Services, reader: &impl Reader, invitation: Invitation) -> Result<Held, Error> {
    let patient = patients::find(reader, invitation.organization, invitation.patient).await?.ok_or(Error::Ended)?;
    held(services, reader, invitation, patient).await
}

/// The same for who writes, with the invitation under its lock: the patient is not erased meanwhile.
pub(super) async fn hold_locked(services: &Services, tx: &Tx, invitation: Invitation) -> Result<Held, Error> {
    let patient = patients::hold(tx, invitation.organization, invitation.patient).await?.ok_or(Error::Ended)?;
    held(services, tx, invitation, patient).await
}

async fn held(services: &Services, reader: &impl Reader, invitation: Invitation, patient: Patient) -> Result<Held, Error> {
    // An erased patient has no key: whatever was open has ended.
    let (cipher, person) = open_patient(&services.vault, reader, &patient).await?.ok_or(Error::Ended)?;
    let form = form_of(services, &invitation)?;
    Ok(Held { invitation, cipher, person, language: patient.language, form })
}

/// What stands around the form, as a read of its own: logged before it is given out.
pub async fn read_session(services: &Services, holder: &Holder, request_id: &str) -> Result<SessionView, Error> {
    let view = session_view(services, holder).await?;
    let deed = Deed::done("session.read", Some(("invitation", holder.actor.invitation.0)), vec![view.patient]).in_unit(view.unit_id);
    audit::commit_read(services, &holder.caller(request_id), deed).await?;
    Ok(view)
}

/// The form of the session's invitation.
pub async fn form(services: &Services, holder: &Holder) -> Result<Arc<Form>, Error> {
    let context = (holder.actor.organization, holder.actor.invitation);
    let row = services
        .db
        .read(context, |(organization, id), snapshot| {
            Box::pin(async move { Ok::<_, Fault>(invitations::find(snapshot, *organization, *id).await?) })
        })
        .await?
        .ok_or(Error::Ended)?;
    form_of(services, &row)
}

fn form_of(services: &Services, row: &Invitation) -> Result<Arc<Form>, Error> {
    let found = services.library.find(&row.questionnaire_name, Some(&row.questionnaire_version));
    Ok(found.ok_or(Fault::Content("questionnaire of an invitation"))?)
}

/// What stands around the form, for the answer to a request that has logged its own deed.
pub async fn session_view(services: &Services, holder: &Holder) -> Result<SessionView, Error> {
    let context = (services.clone(), holder.clone());
    services
        .db
        .read(context, |(services, holder), snapshot| {
            Box::pin(async move {
                let organization_id = holder.actor.organization;
                let held = hold(services, snapshot, organization_id, holder.actor.invitation).await?;
                let organization = organizations::organization(snapshot, organization_id).await?.ok_or(Fault::Content("organization"))?;
                let unit = organizations::unit(snapshot, organization_id, held.invitation.unit).await?.ok_or(Fault::Content("unit"))?;
                let visit = match held.invitation.appointment {
                    Some(id) => appointments::find(snapshot, organization_id, id).await?,
                    None => None,
                };
                let draft = drafts::of_invitation(snapshot, organization_id, held.invitation.id).await?;
                Ok(SessionView {
                    holder: holder.clone(),
                    patient: held.invitation.patient,
                    unit_id: held.invitation.unit,
                    patient_name: held.person.name,
                    patient_language: Language::parse(&held.language).ok(),
                    organization: Place { name: organization.name, phone: organization.phone },
                    unit: Place { name: unit.name, phone: unit.phone },
                    starts_at: visit.map(|visit| visit.starts_at),
                    state: held.invitation.state,
                    answer_until: held.invitation.answer_until,
                    amend_until: held.invitation.amend_until,
                    draft: draft.map_or(DraftPlace::None, |draft| {
                        if draft.device == holder.device { DraftPlace::Here } else { DraftPlace::Elsewhere }
                    }),
                    form: held.form,
                })
            })
        })
        .await
}
