//! Handing in: exactly once whatever is retried. A later hand-in is a new version; none is lost.

use super::audit::{self, Deed};
use super::draft::{self, Content, Error, lock_held, may_change, open, read_stored, stored};
use super::events::{self, Event, EventKind};
use super::fault::Fault;
use super::giver::giver;
use super::holder::{Held, Holder, Place, SessionKind, hold};
use super::library::Form;
use super::{Caller, Services, support_text};
use crate::domain::answers::{Answers, Complete, Context, complete};
use crate::domain::ids::{ClinicianId, ResponseId};
use crate::domain::language::Language;
use crate::domain::respondent::Respondent;
use crate::domain::summary::{consent_state, digest, needs_support};
use crate::fhir::read::ResponseStatus;
use crate::print::copy;
use crate::storage::invitations::Invitation;
use crate::storage::responses::{self, Response, Version};
use crate::storage::{Reader, Tx, appointments, drafts, invitations, organizations, sessions};
use crate::text;
use chrono::{DateTime, NaiveDate, Utc};
use std::sync::Arc;

/// What the patient is shown and may print after handing in.
#[derive(Debug, Clone)]
pub struct Receipt {
    /// The response.
    pub response: ResponseId,
    /// Its newest version.
    pub version: i32,
    /// When that was handed in.
    pub submitted_at: DateTime<Utc>,
    /// Amending ends.
    pub amend_until: DateTime<Utc>,
    /// Who asked.
    pub organization: Place,
    /// Which unit.
    pub unit: Place,
    /// Start of the visit.
    pub starts_at: Option<DateTime<Utc>>,
    /// The answers as plain text in the language they were given in.
    pub copy: String,
    /// The language they were given in.
    pub language: Language,
    /// Places to turn to, for those whose answers call for them.
    pub support: Option<Support>,
    /// The answers themselves.
    pub answers: Answers,
    /// Who gave them.
    pub respondent: Respondent,
    /// The form.
    pub form: Arc<Form>,
}

/// Places to turn to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Support {
    /// Nothing is set in the language of the answers: the words of the product.
    General,
    /// What the unit, else the organization, says: paragraphs apart by a blank line.
    Own(String),
}

/// A receipt, and whether this request made the version.
#[derive(Debug, Clone)]
pub struct Submitted {
    /// The receipt.
    pub receipt: Receipt,
    /// False for a repeat.
    pub fresh: bool,
}

/// Where a version comes from.
pub(super) struct Origin {
    pub(super) source: &'static str,
    pub(super) entered_by: Option<ClinicianId>,
    pub(super) answered_on: Option<NaiveDate>,
    pub(super) started_at: Option<DateTime<Utc>>,
}

/// Hands in the draft that is at `expected`. In a receipt session it answers with the receipt.
pub async fn submit(services: &Services, holder: &Holder, request_id: &str, expected: Option<i32>) -> Result<Submitted, Error> {
    if holder.kind == SessionKind::Receipt {
        let receipt = receipt(services, holder, request_id).await?.ok_or(Error::Receipt)?;
        return Ok(Submitted { receipt, fresh: false });
    }
    let context = (services.clone(), holder.clone(), request_id.to_owned(), expected);
    let done = services
        .db
        .write(context, |(services, holder, request_id, expected), tx| Box::pin(submit_in(tx, services, holder, request_id, *expected)))
        .await;
    match done {
        Ok((stored, fresh)) => Ok(Submitted { receipt: around(services, stored).await?.receipt(), fresh }),
        // A twin of this request was faster: both get the one receipt.
        Err(Error::Receipt) => {
            let twin = Holder { kind: SessionKind::Receipt, ..holder.clone() };
            let receipt = receipt(services, &twin, request_id).await?.ok_or(Error::Receipt)?;
            Ok(Submitted { receipt, fresh: false })
        }
        Err(error) => Err(error),
    }
}

async fn submit_in(
    tx: &Tx,
    services: &Services,
    holder: &Holder,
    request_id: &str,
    expected: Option<i32>,
) -> Result<(Stored, bool), Error> {
    let now = services.now();
    let held = lock_held(tx, services, holder).await?;
    may_change(holder, &held.invitation, now)?;
    let draft = drafts::of_invitation(tx, holder.actor.organization, held.invitation.id).await?.ok_or(Error::Changed(0))?;
    if draft.device != holder.device {
        return Err(Error::Elsewhere);
    }
    if expected != Some(draft.version) {
        return Err(Error::Changed(draft.version));
    }
    let saved = open(&held.cipher, &held.form, &draft)?;
    let respondent = giver(tx, holder, &held, None, saved.respondent).await?;
    let Content { answers, respondent } = draft::asked(&held.form, Content { respondent, answers: saved.answers });
    let respondent = respondent.ok_or_else(|| Error::Respondent(vec![]))?;
    let language = Language::parse(&draft.language).map_err(|_| Fault::Content("language"))?;
    let done = complete(&held.form.questionnaire, answers, &Context { not_asked: respondent.not_asked() }).map_err(Error::Answers)?;
    let origin = Origin { source: "patient", entered_by: None, answered_on: None, started_at: Some(draft.created_at) };
    let caller = holder.caller(request_id);
    let (response, fresh) = hand_in(tx, services, &caller, &held, draft.response, &done, &respondent, &language, &origin).await?;
    if !fresh {
        // Nothing was handed in, and the answers are shown all the same.
        let deed = Deed::done("receipt.read", Some(("invitation", held.invitation.id.0)), vec![held.invitation.patient]);
        audit::write(tx, services, &caller, &deed.in_unit(held.invitation.unit)).await?;
    }
    sessions::make_receipt(tx, holder.actor.session).await?;
    // A repeat says what the newest version says, but for the language it was given in.
    let language = if fresh { language } else { language_of(tx, &response).await? };
    Ok((Stored { invitation: held.invitation, form: held.form, response, answers: done.into_answers(), respondent, language }, fresh))
}

/// What stands around the answers is read after the commit, so that nobody waits for it.
async fn around(services: &Services, stored: Stored) -> Result<HandedIn, Error> {
    services.db.read(stored, |stored, snapshot| Box::pin(with_surroundings(snapshot, stored.clone()))).await
}

async fn language_of(reader: &impl Reader, response: &Response) -> Result<Language, Error> {
    let newest = responses::version(reader, response.id, response.version).await?.ok_or(Fault::Content("response"))?;
    Ok(Language::parse(&newest.language).map_err(|_| Fault::Content("language"))?)
}

/// Stores a version, moves the invitation, writes the log. Gives the response as it then is; false when
/// its newest version already says the same: a repeat makes nothing new.
#[expect(clippy::too_many_arguments, reason = "each is a thing of its own, and both callers have all of them")]
pub(super) async fn hand_in(
    tx: &Tx,
    services: &Services,
    caller: &Caller,
    held: &Held,
    minted: ResponseId,
    done: &Complete,
    respondent: &Respondent,
    language: &Language,
    origin: &Origin,
) -> Result<(Response, bool), Error> {
    let now = services.now();
    let invitation = &held.invitation;
    let known = responses::of_invitation(tx, invitation.organization, invitation.id).await?;
    if let Some(known) = &known
        && same_as_newest(tx, held, known, done, respondent).await?
    {
        return Ok((known.clone(), false));
    }
    let version = known.as_ref().map_or(1, |known| known.version + 1);
    let status = if version == 1 { ResponseStatus::Completed } else { ResponseStatus::Amended };
    let id = known.as_ref().map_or(minted, |known| known.id);
    let seal = |table, column, part, plain: &[u8]| held.cipher.seal(table, column, id.0, part, plain);
    let facts = digest(&held.form.questionnaire, done.answers());
    let response = Response {
        id,
        organization: invitation.organization,
        unit: invitation.unit,
        patient: invitation.patient,
        invitation: Some(invitation.id),
        appointment: invitation.appointment,
        questionnaire_name: invitation.questionnaire_name.clone(),
        questionnaire_version: invitation.questionnaire_version.clone(),
        version,
        digest_sealed: seal("response", "digest_sealed", version, &serde_json::to_vec(&facts).unwrap_or_default()),
        key_version: held.cipher.version(),
        submitted_at: now,
    };
    let row = Version {
        response: id,
        version,
        organization: invitation.organization,
        answers_sealed: seal("response_version", "answers_sealed", version, &stored(&held.form, done.answers(), status, language)),
        respondent_sealed: seal("response_version", "respondent_sealed", version, &serde_json::to_vec(respondent).unwrap_or_default()),
        key_version: held.cipher.version(),
        language: language.to_string(),
        supplement_revision: held.form.supplement_revision(language),
        source: origin.source.to_owned(),
        entered_by: origin.entered_by,
        answered_on: origin.answered_on,
        consent: consent_state(&held.form.questionnaire, done.answers(), respondent).code().to_owned(),
        started_at: origin.started_at,
        submitted_at: now,
    };
    responses::put(tx, &response, &row).await?;
    let to = invitation.state.answer().map_err(|_| draft::Error::AmendClosed)?;
    invitations::transition(tx, invitation, to, invitation.flagged, now).await?;
    let kind = if version == 1 { EventKind::ResponseSubmitted } else { EventKind::ResponseAmended };
    let event = Event::new(kind, invitation.organization, invitation.unit, invitation.id).about(id, version);
    events::announce(tx, services, &event).await?;
    let action = if version == 1 { "response.submit" } else { "response.amend" };
    let deed = Deed::done(action, Some(("response", id.0)), vec![invitation.patient]).in_unit(invitation.unit);
    audit::write(tx, services, caller, &deed).await?;
    Ok((response, true))
}

async fn same_as_newest(tx: &Tx, held: &Held, known: &Response, done: &Complete, respondent: &Respondent) -> Result<bool, Fault> {
    let Some(newest) = responses::version(tx, known.id, known.version).await? else { return Ok(false) };
    let (answers, by) = open_version(held, &newest)?;
    Ok(&answers == done.answers() && &by == respondent)
}

fn open_version(held: &Held, version: &Version) -> Result<(Answers, Respondent), Fault> {
    let open = |column, value: &[u8]| held.cipher.open("response_version", column, version.response.0, version.version, value);
    let answers = read_stored(&held.form, &open("answers_sealed", &version.answers_sealed)?)?;
    let respondent =
        serde_json::from_slice(&open("respondent_sealed", &version.respondent_sealed)?).map_err(|_| Fault::Content("respondent"))?;
    Ok((answers, respondent))
}

/// What was handed in last.
#[derive(Clone)]
struct Stored {
    invitation: Invitation,
    form: Arc<Form>,
    response: Response,
    answers: Answers,
    respondent: Respondent,
    language: Language,
}

/// The same with what stands around it.
struct HandedIn {
    stored: Stored,
    support: Option<Support>,
    organization: Place,
    unit: Place,
    starts_at: Option<DateTime<Utc>>,
}

impl HandedIn {
    fn receipt(&self) -> Receipt {
        let context = Context { not_asked: self.stored.respondent.not_asked() };
        Receipt {
            response: self.stored.response.id,
            version: self.stored.response.version,
            submitted_at: self.stored.response.submitted_at,
            amend_until: self.stored.invitation.amend_until,
            organization: self.organization.clone(),
            unit: self.unit.clone(),
            starts_at: self.starts_at,
            copy: text::summary::answers(&self.stored.form.questionnaire, &self.stored.answers, &self.stored.language, &context),
            language: self.stored.language.clone(),
            support: self.support.clone(),
            form: Arc::clone(&self.stored.form),
            answers: self.stored.answers.clone(),
            respondent: self.stored.respondent.clone(),
        }
    }

    fn pdf(&self) -> Result<Vec<u8>, Fault> {
        let around = copy::Envelope {
            organization: &self.organization.name,
            unit: &self.unit.name,
            phone: &self.unit.phone,
            starts_at: self.starts_at,
            submitted_at: self.stored.response.submitted_at,
            respondent: &self.stored.respondent,
        };
        Ok(copy::answers(&self.stored.form.questionnaire, &self.stored.answers, &self.stored.language, &around)?)
    }
}

/// The receipt of a session that has handed in; `None` in one that has not.
pub async fn receipt(services: &Services, holder: &Holder, request_id: &str) -> Result<Option<Receipt>, Error> {
    let read = |done: &HandedIn| Ok(done.receipt());
    look(services, holder, request_id, "receipt.read", read).await
}

/// The copy of what was handed in as PDF, in the language it was given in; `None` in a session that
/// has not handed in.
pub async fn copy_pdf(services: &Services, holder: &Holder, request_id: &str) -> Result<Option<Vec<u8>>, Error> {
    look(services, holder, request_id, "receipt.print", HandedIn::pdf).await
}

/// Something made of what was handed in, logged before it is given out.
async fn look<T>(
    services: &Services,
    holder: &Holder,
    request_id: &str,
    action: &'static str,
    make: impl FnOnce(&HandedIn) -> Result<T, Fault>,
) -> Result<Option<T>, Error> {
    if holder.kind != SessionKind::Receipt {
        return Ok(None);
    }
    let context = (services.clone(), holder.clone(), action);
    let (done, deed) = services
        .db
        .read(context, |(services, holder, action), snapshot| {
            Box::pin(async move {
                let held = hold(services, snapshot, holder.actor.organization, holder.actor.invitation).await?;
                let object = Some(("invitation", held.invitation.id.0));
                let deed = Deed::done(action, object, vec![held.invitation.patient]).in_unit(held.invitation.unit);
                Ok::<_, Error>((handed_in(snapshot, &held).await?, deed))
            })
        })
        .await?;
    let shown = done.as_ref().map(make).transpose()?;
    audit::commit_read(services, &holder.caller(request_id), deed).await?;
    Ok(shown)
}

async fn handed_in(reader: &impl Reader, held: &Held) -> Result<Option<HandedIn>, Error> {
    let Some(response) = responses::of_invitation(reader, held.invitation.organization, held.invitation.id).await? else { return Ok(None) };
    let Some(version) = responses::version(reader, response.id, response.version).await? else { return Ok(None) };
    let (answers, respondent) = open_version(held, &version)?;
    let language = Language::parse(&version.language).map_err(|_| Fault::Content("language"))?;
    let (invitation, form) = (held.invitation.clone(), Arc::clone(&held.form));
    with_surroundings(reader, Stored { invitation, form, response, answers, respondent, language }).await.map(Some)
}

async fn with_surroundings(reader: &impl Reader, stored: Stored) -> Result<HandedIn, Error> {
    let organization_id = stored.invitation.organization;
    let organization = organizations::organization(reader, organization_id).await?.ok_or(Fault::Content("organization"))?;
    let unit = organizations::unit(reader, organization_id, stored.invitation.unit).await?.ok_or(Fault::Content("unit"))?;
    let visit = match stored.invitation.appointment {
        Some(id) => appointments::find(reader, organization_id, id).await?,
        None => None,
    };
    // By the newest version: who has changed the answers is met as they stand now.
    let support = if needs_support(&stored.form.questionnaire, &stored.answers, unit.threshold.unwrap_or(organization.threshold)) {
        let own = support_text::nearest(reader, organization_id, unit.id, &stored.language).await?;
        Some(own.map_or(Support::General, Support::Own))
    } else {
        None
    };
    Ok(HandedIn {
        stored,
        support,
        organization: Place { name: organization.name, phone: organization.phone },
        unit: Place { name: unit.name, phone: unit.phone },
        starts_at: visit.map(|visit| visit.starts_at),
    })
}
