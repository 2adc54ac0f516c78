//! The short text that a gateway sends to a patient's phone, with a personal link of its own channel: the
//! printed link goes on working beside it.

use super::audit::{self, Deed};
use super::fault::{Fault, unit_error};
use super::invitation::{Issued, new_credential, present, secrets, view};
use super::issue_invitations::Contact;
use super::vault::open_patient;
use super::{Caller, Services};
use crate::crypto::envelope::OpenError;
use crate::domain::ids::InvitationId;
use crate::domain::invitation::{ClosedReason, InvitationState, NotPossible};
use crate::domain::language::Language;
use crate::domain::policy::{Action, Denied, Resource, decide};
use crate::storage::credentials::{self, Credential};
use crate::storage::invitations::{self, Invitation};
use crate::storage::patients::{self, Patient};
use crate::storage::{Tx, organizations};
use crate::text;

/// The channel of its credentials.
const CHANNEL: &str = "sms";

/// Why not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No such invitation in this organization.
    #[error("no such invitation")]
    NotFound,
    /// Not allowed.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The patient has been erased.
    #[error("the patient has been erased")]
    Erased,
    /// The patient has no phone number here.
    #[error("the patient has no phone number")]
    NoPhone,
    /// It is closed or answered.
    #[error(transparent)]
    State(#[from] NotPossible),
    /// Below.
    #[error(transparent)]
    Fault(#[from] Fault),
}

unit_error!(Error);

/// Which message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The first one.
    Notice,
    /// One after it.
    Reminder,
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Self::Notice => "notice",
            Self::Reminder => "reminder",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Notice, Self::Reminder].into_iter().find(|kind| kind.word() == word)
    }
}

/// What is sent, to where.
pub struct Message {
    /// The phone number as it was given.
    pub to: String,
    /// Language of the text.
    pub language: Language,
    /// The text, with the link.
    pub text: String,
    /// The personal link.
    pub link: String,
}

/// Renders a message. Rendered again it has the same link, until the invitation is reissued.
pub async fn render(services: &Services, caller: &Caller, id: InvitationId, kind: Kind) -> Result<Message, Error> {
    let context = (services.clone(), caller.clone(), id, kind);
    let done = services.db.write(context, |(services, caller, id, kind), tx| Box::pin(render_in(tx, services, caller, *id, *kind))).await?;
    done.ok_or(Error::NoPhone)
}

/// `None` when there is no number: that it was asked for is logged all the same.
async fn render_in(tx: &Tx, services: &Services, caller: &Caller, id: InvitationId, kind: Kind) -> Result<Option<Message>, Error> {
    let organization = caller.actor.organization();
    let row = invitations::lock(tx, organization, id).await?.ok_or(Error::NotFound)?;
    let ground = decide(&caller.actor, Action::RenderMessage, Resource::in_units(&[row.unit]))?;
    let patient = patients::hold(tx, organization, row.patient).await?.ok_or(Error::NotFound)?;
    let phone = phone(services, tx, &patient).await?;
    row.state.print()?;
    if services.now() >= row.answer_until {
        return Err(NotPossible(InvitationState::Closed(ClosedReason::Expired)).into());
    }
    let Some(to) = phone else {
        let deed = Deed::done("invitation.message", Some(("invitation", id.0)), vec![row.patient]).in_unit(row.unit).on(ground);
        audit::write(tx, services, caller, &deed.ending("no-phone")).await?;
        return Ok(None);
    };
    let credential = credential(tx, services, &row).await?;
    let (link, code) = secrets(services, &credential)?;
    let shown = present(services, &Issued { invitation: view(tx, &row).await?, link, code });
    let name = organizations::organization(tx, organization).await?.ok_or(Fault::Content("organization"))?.name;
    let language = Language::parse(&patient.language).map_err(|_| Fault::Content("language"))?;
    let language = text::ui_language(&language);
    // Neither unit nor visit: whoever looks at the phone learns that somebody asks, not who is ill of what.
    let args = [("organization", name.into()), ("link", shown.link.as_str().into())];
    let signs_in = organizations::patient_provider(tx, organization, row.unit).await?.is_some();
    let key = format!("message-{}{}", kind.word(), if signs_in { "-sign-in" } else { "" });
    let words = text::words(&language, &key, &args);
    let deed = Deed::done("invitation.message", Some(("invitation", id.0)), vec![row.patient]).in_unit(row.unit).on(ground);
    audit::write(tx, services, caller, &deed).await?;
    Ok(Some(Message { to, language, text: words, link: shown.link }))
}

async fn phone(services: &Services, tx: &Tx, patient: &Patient) -> Result<Option<String>, Error> {
    let (cipher, _) = open_patient(&services.vault, tx, patient).await?.ok_or(Error::Erased)?;
    let Some(sealed) = &patient.contact_sealed else { return Ok(None) };
    let plain = cipher.open("patient", "contact_sealed", patient.id.0, 0, sealed)?;
    let contact: Contact = serde_json::from_slice(&plain).map_err(|_| Fault::Content("contact"))?;
    Ok(contact.phone)
}

/// The live credential of this channel, or a new one beside the others of its generation.
async fn credential(tx: &Tx, services: &Services, row: &Invitation) -> Result<Credential, Error> {
    if let Some(own) = credentials::live(tx, row.id, CHANNEL).await? {
        return Ok(own);
    }
    let now = services.now();
    let generation = credentials::newest(tx, row.id).await?.map_or(1, |credential| credential.generation);
    let new = new_credential(services, row.organization, CHANNEL, generation, now).map_err(|error: OpenError| Fault::from(error))?;
    // Who fetches the text sends it.
    let new = Credential { sent_at: Some(now), ..new };
    credentials::insert(tx, &new, row.id, now).await?;
    Ok(new)
}
