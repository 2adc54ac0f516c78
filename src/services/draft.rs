//! Drafts: read, save, start over. Two devices never overwrite each other silently.

use super::Services;
use super::audit::{self, Deed};
use super::fault::{Fault, unit_error};
use super::giver::{fits, giver};
use super::holder::{self, Held, Holder, SessionKind, hold, hold_locked};
use super::library::Form;
use super::vault::PatientCipher;
use crate::crypto::pack::{pack, unpack};
use crate::domain::answers::{Answers, Context, Issue, IssueCode, Severity, check_draft, prune};
use crate::domain::ids::ResponseId;
use crate::domain::invitation::{ClosedReason, InvitationState};
use crate::domain::language::Language;
use crate::domain::respondent::{Respondent, RespondentFault, RespondentKind};
use crate::fhir::read::{self, Normalised, ResponseStatus};
use crate::fhir::write::{self, ResponseMeta};
use crate::storage::drafts::{self, Draft};
use crate::storage::{Snapshot, Tx, invitations, sessions};
use chrono::{DateTime, Utc};
use serde_json::Value;
use std::sync::Arc;
use zeroize::Zeroizing;

/// A draft as its holder sees it.
#[derive(Debug, Clone)]
pub struct DraftView {
    /// Counts saves; 0 when nothing is saved.
    pub version: i32,
    /// Who gives the answers, when that was said.
    pub respondent: Option<Respondent>,
    /// FHIR `QuestionnaireResponse`, status in-progress, with the full item tree.
    pub answers: Value,
    /// The same answers as the engine holds them.
    pub given: Answers,
    /// The page that was to come next at the last save, as a number of the one who saved.
    pub place: Option<i32>,
    /// Language it is answered in.
    pub language: Language,
    /// Last save.
    pub updated_at: Option<DateTime<Utc>>,
    /// What is missing or odd.
    pub issues: Vec<Issue>,
    /// The form.
    pub form: Arc<Form>,
}

/// What is saved.
#[derive(Debug, Clone)]
pub struct Command {
    /// Version the holder saw last; 0 for none.
    pub expected: i32,
    /// Who gives the answers; `None` leaves what is stored.
    pub respondent: Option<Respondent>,
    /// FHIR `QuestionnaireResponse` as received.
    pub answers: Value,
    /// Language it is answered in; `None` leaves what is stored.
    pub language: Option<Language>,
}

/// Why not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The session shows a receipt only.
    #[error("the session shows the receipt")]
    Receipt,
    /// Another device owns the draft.
    #[error("the draft is on another device")]
    Elsewhere,
    /// Saved meanwhile; its version now.
    #[error("the draft was changed")]
    Changed(i32),
    /// The invitation can't be answered any more.
    #[error("closed")]
    Closed(ClosedReason),
    /// Answered, and the time to amend is over.
    #[error("the time to amend is over")]
    AmendClosed,
    /// Answered: it can no longer be declined.
    #[error("answered")]
    Answered,
    /// Answers that can't be saved.
    #[error("answers are not acceptable")]
    Answers(Vec<Issue>),
    /// The respondent is not described rightly.
    #[error("the respondent is not acceptable")]
    Respondent(Vec<RespondentFault>),
    /// `kind` is not allowed here.
    #[error("staff enter answers through the responses")]
    RespondentKind,
    /// The form has no such language.
    #[error("unknown language")]
    Language,
    /// Session.
    #[error(transparent)]
    Session(#[from] holder::Error),
    /// Below.
    #[error(transparent)]
    Fault(#[from] Fault),
}

unit_error!(Error);

/// Opened content of a draft.
pub(super) struct Content {
    pub(super) answers: Answers,
    pub(super) respondent: Option<Respondent>,
}

pub(super) fn open(cipher: &PatientCipher, form: &Form, draft: &Draft) -> Result<Content, Fault> {
    let row = draft.response.0;
    let plain = cipher.open("draft", "answers_sealed", row, 0, &draft.answers_sealed)?;
    let answers = read_stored(form, &plain)?;
    let respondent = match &draft.respondent_sealed {
        None => None,
        Some(value) => {
            let plain = cipher.open("draft", "respondent_sealed", row, 0, value)?;
            Some(serde_json::from_slice(&plain).map_err(|_| Fault::Content("respondent"))?)
        }
    };
    Ok(Content { answers, respondent })
}

/// Only what is asked: a draft keeps what other answers hide for the moment.
pub(super) fn asked(form: &Form, saved: Content) -> Content {
    let context = Context { not_asked: saved.respondent.as_ref().map_or(&[], Respondent::not_asked) };
    Content { answers: prune(&form.questionnaire, &saved.answers, &context), ..saved }
}

/// Reads answers that this program stored.
pub(super) fn read_stored(form: &Form, bytes: &[u8]) -> Result<Answers, Fault> {
    let plain = unpack(bytes).map(Zeroizing::new).ok_or(Fault::Content("answers"))?;
    let value: Value = serde_json::from_slice(&plain).map_err(|_| Fault::Content("answers"))?;
    let document = read::response(&value).map_err(|_| Fault::Content("answers"))?;
    Ok(read::normalise(&form.questionnaire, document, &Context::default()).answers)
}

/// Answers as they are stored: FHIR without anything that is a column of its own or stands in the form,
/// packed.
pub(super) fn stored(form: &Form, answers: &Answers, status: ResponseStatus, language: &Language) -> Vec<u8> {
    let meta = ResponseMeta { id: None, version: None, status, authored: None, language, subject: None, full_tree: false };
    pack(serde_json::to_vec(&write::bare_response(&form.questionnaire, answers, &meta)).unwrap_or_default())
}

/// Reads a body of answers against the form: structure, then what foreign renderers do.
pub(super) fn accept(form: &Form, body: &Value, respondent: Option<&Respondent>) -> Result<Answers, Vec<Issue>> {
    taken_in(form, body, respondent).map(|read| read.answers)
}

/// The same, with what had to be changed to read it.
pub(super) fn taken_in(form: &Form, body: &Value, respondent: Option<&Respondent>) -> Result<Normalised, Vec<Issue>> {
    let mut document = read::response(body)?;
    if !matches!(document.status, ResponseStatus::InProgress | ResponseStatus::Completed | ResponseStatus::Amended) {
        return Err(vec![Issue::of_whole(Severity::Error, IssueCode::InvalidValue, "QuestionnaireResponse.status")]);
    }
    if !read::normalise::names_form(&form.questionnaire, document.questionnaire.as_deref()) {
        return Err(vec![Issue::of_whole(Severity::Error, IssueCode::QuestionnaireNotFound, "QuestionnaireResponse.questionnaire")]);
    }
    let context = Context { not_asked: respondent.map_or(&[], Respondent::not_asked) };
    read::normalise::completed(&mut document);
    Ok(read::normalise(&form.questionnaire, document, &context))
}

fn may_answer(invitation: &invitations::Invitation, now: DateTime<Utc>) -> Result<(), Error> {
    match invitation.state {
        InvitationState::Answered if now >= invitation.amend_until => Err(Error::AmendClosed),
        InvitationState::Answered => Ok(()),
        InvitationState::Closed(ClosedReason::Declined) | InvitationState::Issued | InvitationState::Opened | InvitationState::Started => {
            if now >= invitation.answer_until {
                Err(Error::Closed(ClosedReason::Expired))
            } else {
                Ok(())
            }
        }
        InvitationState::Closed(reason) => Err(Error::Closed(reason)),
    }
}

/// What holds for every change of a draft: an answering session, an invitation that may be answered.
pub(super) fn may_change(holder: &Holder, invitation: &invitations::Invitation, now: DateTime<Utc>) -> Result<(), Error> {
    if holder.kind == SessionKind::Receipt {
        return Err(Error::Receipt);
    }
    may_answer(invitation, now)
}

pub(super) fn to_view(form: &Arc<Form>, saved: &Content, version: i32, language: Language, known: Option<&Draft>) -> DraftView {
    let context = Context { not_asked: saved.respondent.as_ref().map_or(&[], Respondent::not_asked) };
    let id = known.map(|draft| draft.response.0);
    let (updated_at, place) = (known.map(|draft| draft.updated_at), known.and_then(|draft| draft.place));
    let meta = ResponseMeta {
        id,
        version: None,
        status: ResponseStatus::InProgress,
        authored: None,
        language: &language,
        subject: None,
        full_tree: true,
    };
    DraftView {
        version,
        answers: write::response(&form.questionnaire, &saved.answers, &meta),
        given: saved.answers.clone(),
        place,
        issues: check_draft(&form.questionnaire, &saved.answers, &context),
        respondent: saved.respondent.clone(),
        updated_at,
        language,
        form: Arc::clone(form),
    }
}

/// Reads the draft of this device. `language` is what an empty draft begins in.
pub async fn read_draft(services: &Services, holder: &Holder, request_id: &str, language: Language) -> Result<DraftView, Error> {
    if holder.kind == SessionKind::Receipt {
        return Err(Error::Receipt);
    }
    let context = (services.clone(), holder.clone(), language);
    let (view, deed) =
        services.db.read(context, |(services, holder, language), snapshot| Box::pin(read_in(snapshot, services, holder, language))).await?;
    audit::commit_read(services, &holder.caller(request_id), deed).await?;
    Ok(view)
}

async fn read_in(snapshot: &Snapshot, services: &Services, holder: &Holder, language: &Language) -> Result<(DraftView, Deed), Error> {
    let held = hold(services, snapshot, holder.actor.organization, holder.actor.invitation).await?;
    may_answer(&held.invitation, services.now())?;
    let view = match drafts::of_invitation(snapshot, holder.actor.organization, held.invitation.id).await? {
        None => {
            let empty = Content { answers: Answers::default(), respondent: None };
            to_view(&held.form, &empty, 0, held.form.nearest(language), None)
        }
        Some(draft) if draft.device != holder.device => return Err(Error::Elsewhere),
        Some(draft) => {
            let saved = open(&held.cipher, &held.form, &draft)?;
            let respondent = saved.respondent.filter(|own| fits(holder, own));
            let saved = asked(&held.form, Content { respondent, answers: saved.answers });
            let language = Language::parse(&draft.language).map_err(|_| Fault::Content("language"))?;
            to_view(&held.form, &saved, draft.version, language, Some(&draft))
        }
    };
    Ok((view, deed("draft.read", &held)))
}

/// The log's entry for something done to the invitation in hand.
fn deed(action: &'static str, held: &Held) -> Deed {
    Deed::done(action, Some(("invitation", held.invitation.id.0)), vec![held.invitation.patient]).in_unit(held.invitation.unit)
}

pub(super) fn check_respondent(respondent: Option<&Respondent>) -> Result<(), Error> {
    let Some(respondent) = respondent else { return Ok(()) };
    if respondent.kind == RespondentKind::Staff {
        return Err(Error::RespondentKind);
    }
    let faults = respondent.validate();
    if faults.is_empty() { Ok(()) } else { Err(Error::Respondent(faults)) }
}

/// Saves a draft that is still at the version the holder saw.
pub async fn save(services: &Services, holder: &Holder, request_id: &str, command: Command) -> Result<DraftView, Error> {
    check_respondent(command.respondent.as_ref())?;
    let context = (services.clone(), holder.clone(), request_id.to_owned(), command);
    services
        .db
        .write(context, |(services, holder, request_id, command), tx| Box::pin(save_in(tx, services, holder, request_id, command)))
        .await
}

async fn save_in(tx: &Tx, services: &Services, holder: &Holder, request_id: &str, command: &Command) -> Result<DraftView, Error> {
    let now = services.now();
    let held = lock_held(tx, services, holder).await?;
    may_change(holder, &held.invitation, now)?;
    let known = drafts::of_invitation(tx, holder.actor.organization, held.invitation.id).await?;
    if known.as_ref().is_some_and(|draft| draft.device != holder.device) {
        return Err(Error::Elsewhere);
    }
    let current = known.as_ref().map_or(0, |draft| draft.version);
    if current != command.expected {
        return Err(Error::Changed(current));
    }
    let before = known.as_ref().map(|draft| open(&held.cipher, &held.form, draft)).transpose()?;
    let stored_by = before.and_then(|saved| saved.respondent);
    let respondent = giver(tx, holder, &held, command.respondent.clone(), stored_by).await?;
    let language = language_of(&held.form, command.language.as_ref(), known.as_ref())?;
    let answers = accept(&held.form, &command.answers, respondent.as_ref()).map_err(Error::Answers)?;
    let saved = Content { answers, respondent };
    let row = sealed(services, &held, holder, &saved, known.as_ref(), &language, now);
    let view = to_view(&held.form, &saved, row.version, language, Some(&row));
    if view.issues.iter().any(|issue| issue.severity > Severity::Warning) {
        return Err(Error::Answers(view.issues));
    }
    put(tx, services, holder, request_id, &held, &row, known.as_ref().map(|draft| draft.version)).await?;
    Ok(view)
}

/// The invitation under its lock, and the session as it is then: another request may have ended it
/// or handed the form in since it was authenticated.
pub(super) async fn lock_held(tx: &Tx, services: &Services, holder: &Holder) -> Result<Held, Error> {
    let row = invitations::lock(tx, holder.actor.organization, holder.actor.invitation).await?.ok_or(holder::Error::Ended)?;
    let session = sessions::live(tx, holder.actor.session, services.now()).await?.ok_or(holder::Error::Ended)?;
    if session.kind == SessionKind::Receipt {
        return Err(Error::Receipt);
    }
    Ok(hold_locked(services, tx, row).await?)
}

pub(super) fn language_of(form: &Form, asked: Option<&Language>, known: Option<&Draft>) -> Result<Language, Error> {
    match (asked, known) {
        (Some(asked), _) => form.questionnaire.languages().iter().find(|own| *own == asked).cloned().ok_or(Error::Language),
        (None, Some(draft)) => Ok(Language::parse(&draft.language).map_err(|_| Fault::Content("language"))?),
        (None, None) => Ok(form.questionnaire.language().clone()),
    }
}

pub(super) fn sealed(
    services: &Services,
    held: &Held,
    holder: &Holder,
    saved: &Content,
    known: Option<&Draft>,
    language: &Language,
    now: DateTime<Utc>,
) -> Draft {
    let response = known.map_or_else(|| ResponseId::new(now, services.entropy.as_ref()), |draft| draft.response);
    let seal = |column, plain: &[u8]| held.cipher.seal("draft", column, response.0, 0, plain);
    Draft {
        response,
        organization: held.invitation.organization,
        invitation: held.invitation.id,
        patient: held.invitation.patient,
        device: holder.device,
        version: known.map_or(0, |draft| draft.version) + 1,
        language: language.to_string(),
        answers_sealed: seal("answers_sealed", &stored(&held.form, &saved.answers, ResponseStatus::InProgress, language)),
        respondent_sealed: saved
            .respondent
            .as_ref()
            .and_then(|respondent| serde_json::to_vec(respondent).ok())
            .map(|json| seal("respondent_sealed", &json)),
        key_version: held.cipher.version(),
        place: known.and_then(|draft| draft.place),
        created_at: known.map_or(now, |draft| draft.created_at),
        updated_at: now,
    }
}

pub(super) async fn put(
    tx: &Tx,
    services: &Services,
    holder: &Holder,
    request_id: &str,
    held: &Held,
    row: &Draft,
    expected: Option<i32>,
) -> Result<(), Error> {
    match expected {
        None => drafts::insert(tx, row).await?,
        Some(expected) => {
            if !drafts::replace(tx, row, expected).await? {
                return Err(Error::Changed(expected + 1));
            }
        }
    }
    let to = held.invitation.state.save().map_err(|_| Error::Closed(ClosedReason::Revoked))?;
    invitations::transition(tx, &held.invitation, to, held.invitation.flagged, row.updated_at).await?;
    audit::write(tx, services, &holder.caller(request_id), &deed("draft.save", held)).await?;
    Ok(())
}

/// This device takes over with an empty draft: what another one saved is gone.
pub async fn start_over(services: &Services, holder: &Holder, request_id: &str) -> Result<DraftView, Error> {
    let context = (services.clone(), holder.clone(), request_id.to_owned());
    services
        .db
        .write(context, |(services, holder, request_id), tx| {
            Box::pin(async move {
                let now = services.now();
                let held = lock_held(tx, services, holder).await?;
                may_change(holder, &held.invitation, now)?;
                let known = drafts::of_invitation(tx, holder.actor.organization, held.invitation.id).await?;
                let language = language_of(&held.form, None, known.as_ref())?;
                let saved = Content { answers: Answers::default(), respondent: None };
                let mut row = sealed(services, &held, holder, &saved, known.as_ref(), &language, now);
                row.place = None;
                put(tx, services, holder, request_id, &held, &row, known.as_ref().map(|draft| draft.version)).await?;
                Ok(to_view(&held.form, &saved, row.version, language, Some(&row)))
            })
        })
        .await
}
