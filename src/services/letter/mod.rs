//! What goes into the letter of an invitation: link, code, QR code, the text around them, the slip as
//! PDF. It makes nothing new: the secrets are those of the newest credential, derived again.
//!
//! A letter to somebody's home may name organization, unit and visit. Of a unit that is marked discreet
//! ([`Unit::discreet`](crate::storage::organizations::Unit)) it names the organization only, with its
//! telephone, and no time.

pub mod batch;
pub mod text;

use super::audit::{self, Deed};
use super::fault::{Fault, unit_error};
use super::invitation::{InvitationView, Issued, Presented, present_secrets, secrets};
use super::vault::open_patient;
use super::{Caller, Services, sign_in};
use crate::domain::ids::{AppointmentId, InvitationId, OrganizationId, UnitId};
use crate::domain::invitation::{ClosedReason, InvitationState, NotPossible};
use crate::domain::language::Language;
use crate::domain::policy::{Action, Denied, Ground, Resource, decide};
use crate::print::pdf::Format;
use crate::print::qr;
use crate::print::slip::{Slip, Slips};
use crate::storage::invitations::{self, Invitation};
use crate::storage::{Reader, appointments, credentials, organizations, patients};
use crate::text::letter::{self, Values};
use crate::text::ui_language;
use chrono::{DateTime, Utc};

/// Why not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No such invitation in this organization, or its patient has been erased.
    #[error("no such invitation")]
    NotFound,
    /// Not allowed.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// It is closed or answered.
    #[error(transparent)]
    State(#[from] NotPossible),
    /// Below.
    #[error(transparent)]
    Fault(#[from] Fault),
}

unit_error!(Error);

/// The text of a letter in its language, and the QR code as a picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// Language of the text.
    pub language: Language,
    /// The text as plain text.
    pub text: String,
    /// The same as a piece of HTML.
    pub html: String,
    /// The link as QR code, a PNG file for 300 dots an inch; `None` when the base URL is too long for one.
    pub qr_png: Option<Vec<u8>>,
}

/// The letter of an invitation.
#[derive(Debug, Clone)]
pub struct Rendered {
    /// Which.
    pub invitation: InvitationId,
    /// What opens it.
    pub credential: Presented,
    /// What stands around it.
    pub letter: Letter,
}

/// Everything that a letter is made of.
struct Material {
    row: Invitation,
    ground: Ground,
    language: Language,
    name: String,
    credential: Presented,
    values: Values,
}

/// The letter of an invitation in the language asked for, else in the patient's.
pub async fn render(services: &Services, caller: &Caller, id: InvitationId, language: Option<Language>) -> Result<Rendered, Error> {
    let context = (services.clone(), caller.clone(), id, language);
    let (material, letter) = services
        .db
        .read(context, |(services, caller, id, language), snapshot| {
            Box::pin(async move {
                let material = material(services, caller, snapshot, *id, language.as_ref()).await?;
                let text = text::nearest(snapshot, material.row.organization, material.row.unit, &material.language).await?;
                Ok::<_, Error>((material, text))
            })
        })
        .await?;
    let letter = self::letter(&letter, &material.values, material.language.clone());
    audit::commit_read(services, caller, deed(&material)).await?;
    Ok(Rendered { invitation: id, credential: material.credential, letter })
}

/// The slip of an invitation as PDF. Where no recipient is given the patient's name stands alone; what is
/// given is on the page and nowhere else.
pub async fn slip(
    services: &Services,
    caller: &Caller,
    id: InvitationId,
    language: Option<Language>,
    format: Format,
    recipient: Option<Vec<String>>,
) -> Result<Vec<u8>, Error> {
    let context = (services.clone(), caller.clone(), id, language);
    let material = services
        .db
        .read(context, |(services, caller, id, language), snapshot| Box::pin(material(services, caller, snapshot, *id, language.as_ref())))
        .await?;
    let deed = deed(&material);
    let mut slips = Slips::new(format, &material.language).map_err(Fault::from)?;
    slips.add(&slip_of(material, recipient));
    let bytes = slips.finish().map_err(Fault::from)?;
    audit::commit_read(services, caller, deed).await?;
    Ok(bytes)
}

/// The letters of invitations that have just been issued, in their order: what the answer to issuing holds
/// beside link and code. The issuing is in the access log, and there is nothing secret in them beside.
pub async fn of_issued(services: &Services, organization: OrganizationId, issued: &[&Issued]) -> Result<Vec<Letter>, Fault> {
    let issued: Vec<Issued> = issued.iter().map(|one| (*one).clone()).collect();
    services
        .db
        .read((services.clone(), organization, issued), |(services, organization, issued), snapshot| {
            Box::pin(async move {
                let mut letters = Vec::with_capacity(issued.len());
                for one in issued {
                    letters.push(of_one(services, snapshot, *organization, one).await?);
                }
                Ok(letters)
            })
        })
        .await
}

async fn of_one(services: &Services, reader: &impl Reader, organization: OrganizationId, issued: &Issued) -> Result<Letter, Fault> {
    let InvitationView { unit, appointment, patient, answer_until, .. } = issued.invitation;
    let patient = patients::find(reader, organization, patient).await?.ok_or(Fault::Content("patient"))?;
    let language = language_of(&patient.language)?;
    let credential = present_secrets(services, &issued.link, &issued.code);
    let values = values(services, reader, organization, unit, appointment, answer_until, &credential).await?;
    let text = text::nearest(reader, organization, unit, &language).await?;
    Ok(letter(&text, &values, language))
}

fn letter(text: &crate::domain::letter_text::LetterText, values: &Values, language: Language) -> Letter {
    let (plain, html) = (letter::plain(text, values, &language), letter::html(text, values, &language));
    Letter { language, text: plain, html, qr_png: qr::png(&values.link) }
}

fn deed(material: &Material) -> Deed {
    let row = &material.row;
    Deed::done("invitation.letter", Some(("invitation", row.id.0)), vec![row.patient]).in_unit(row.unit).on(material.ground)
}

fn slip_of(material: Material, recipient: Option<Vec<String>>) -> Slip {
    let Values { organization, unit, phone, visit, until, address, link, code, sign_in } = material.values;
    let recipient = recipient.unwrap_or_else(|| vec![material.name]);
    Slip { language: material.language, recipient, organization, unit, phone, visit, until, address, link, code, sign_in }
}

/// A language of the product for a stored one.
fn language_of(stored: &str) -> Result<Language, Fault> {
    Ok(ui_language(&Language::parse(stored).map_err(|_| Fault::Content("language"))?))
}

async fn material(
    services: &Services,
    caller: &Caller,
    reader: &impl Reader,
    id: InvitationId,
    asked: Option<&Language>,
) -> Result<Material, Error> {
    let organization = caller.actor.organization();
    let row = invitations::find(reader, organization, id).await?.ok_or(Error::NotFound)?;
    let ground = decide(&caller.actor, Action::RenderLetter, Resource { stated: caller.ground, ..Resource::in_units(&[row.unit]) })?;
    row.state.print()?;
    if services.now() >= row.answer_until {
        return Err(NotPossible(InvitationState::Closed(ClosedReason::Expired)).into());
    }
    let patient = patients::find(reader, organization, row.patient).await?.ok_or(Error::NotFound)?;
    // An erased patient has no name to write to.
    let (_, person) = open_patient(&services.vault, reader, &patient).await?.ok_or(Error::NotFound)?;
    let language = asked.map_or_else(|| language_of(&patient.language), |asked| Ok(ui_language(asked)))?;
    let newest = credentials::newest(reader, row.id).await?.filter(|credential| credential.revoked_at.is_none());
    let (link, code) = secrets(services, &newest.ok_or(Fault::Content("credential"))?)?;
    let credential = present_secrets(services, &link, &code);
    let values = values(services, reader, organization, row.unit, row.appointment, row.answer_until, &credential).await?;
    Ok(Material { row, ground, language, name: person.name, credential, values })
}

/// What a letter may say.
async fn values(
    services: &Services,
    reader: &impl Reader,
    organization: OrganizationId,
    unit: UnitId,
    appointment: Option<AppointmentId>,
    until: DateTime<Utc>,
    credential: &Presented,
) -> Result<Values, Fault> {
    let unit = organizations::unit(reader, organization, unit).await?.ok_or(Fault::Content("unit"))?;
    let own = organizations::organization(reader, organization).await?.ok_or(Fault::Content("organization"))?;
    let visit = match appointment {
        Some(id) => appointments::find(reader, organization, id).await?.map(|visit| visit.starts_at),
        None => None,
    };
    let provider = organizations::patient_provider(reader, own.id, unit.id).await?;
    let named = !unit.discreet;
    Ok(Values {
        organization: own.name,
        phone: if named { unit.phone } else { own.phone },
        unit: named.then_some(unit.name),
        visit: visit.filter(|_| named),
        // Mostly it is the start of the visit.
        until: named.then_some(until),
        address: typed_address(&services.rules.base_url),
        link: credential.link.clone(),
        code: credential.code.clone(),
        sign_in: provider.map(|name| sign_in::title(services, &name)),
    })
}

/// The service's address as people type it: browsers add `https://` themselves.
fn typed_address(base: &str) -> String {
    base.strip_prefix("https://").unwrap_or(base).to_owned()
}
