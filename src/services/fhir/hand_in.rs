//! Answers that come as a resource: from another form filler whose client may hand in, or from a
//! clinician who enters them. Either way they answer an invitation, which says whose they are and in
//! which form; nothing about people is taken from the body.

use super::originals::{self, Received};
use super::responses::names;
use super::{Error, Resource, forms, render};
use crate::domain::actor::Actor;
use crate::domain::answers::{Context, Issue, IssueCode, Severity, complete};
use crate::domain::clock::oslo_date;
use crate::domain::ids::{InvitationId, ResponseId};
use crate::domain::invitation::InvitationState;
use crate::domain::language::Language;
use crate::domain::policy::{Action, Resource as About, confined, decide, may_ever};
use crate::domain::respondent::Respondent;
use crate::fhir::search::parse_reference;
use crate::fhir::write::national_id;
use crate::services::audit::{self, Deed};
use crate::services::draft::{self, taken_in};
use crate::services::holder::{self, Held, hold_locked};
use crate::services::responses::open;
use crate::services::submit_response::{Origin, hand_in as put};
use crate::services::{Caller, Fault, Services};
use crate::storage::invitations::{self, Invitation};
use crate::storage::{Tx, drafts, responses};
use serde_json::Value;
use uuid::Uuid;

/// Whether it is the first version or a later one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Writer {
    /// The invitation stands in the body (`basedOn`).
    Create,
    /// A response that stands; with the version that the caller has seen.
    Update(ResponseId, i32),
    /// What another form filler sends when a person is done; the invitation stands beside the body, or in it.
    Process(Option<InvitationId>),
}

/// What comes.
#[derive(Debug, Clone)]
pub struct Command {
    /// Create or update.
    pub writer: Writer,
    /// The resource.
    pub body: Value,
    /// Id of the form that it must be an answer to, where the request says one.
    pub form: Option<String>,
    /// The request's body as it came, every byte of it.
    pub original: Vec<u8>,
}

/// What came of it.
#[derive(Debug, Clone)]
pub struct HandedIn {
    /// The response as it now stands.
    pub resource: Resource,
    /// Whether this request made a version; false when the newest one says the same.
    pub fresh: bool,
    /// What is odd about the answers.
    pub warnings: Vec<Issue>,
}

impl From<holder::Error> for Error {
    fn from(error: holder::Error) -> Self {
        match error {
            holder::Error::Fault(fault) => Self::Fault(fault),
            // An invitation whose patient has no key any more.
            holder::Error::Token | holder::Error::Ended => Self::Erased,
        }
    }
}

impl From<draft::Error> for Error {
    fn from(error: draft::Error) -> Self {
        match error {
            draft::Error::Fault(fault) => Self::Fault(fault),
            _ => Self::AmendClosed,
        }
    }
}

/// Hands in.
pub async fn hand_in(services: &Services, caller: &Caller, command: Command) -> Result<HandedIn, Error> {
    if confined(&caller.actor, action(caller))?.is_none() {
        may_ever(&caller.actor, action(caller))?;
    }
    check(command.writer, &command.body)?;
    let context = (services.clone(), caller.clone(), command);
    services.db.write(context, |(services, caller, command), tx| Box::pin(hand_in_once(tx, services, caller, command))).await
}

fn action(caller: &Caller) -> Action {
    if matches!(caller.actor, Actor::Clinician(_)) { Action::EnterPaper } else { Action::HandIn }
}

/// What can be seen without the invitation: only answers that are complete are handed in. Drafts live with
/// their patient and are not seen here. Form fillers leave `in-progress` when a person is done, so that is
/// no draft where somebody says that it is to be processed.
fn check(writer: Writer, body: &Value) -> Result<(), Error> {
    let is = body["resourceType"].as_str();
    if is != Some("QuestionnaireResponse") {
        return Err(Error::Element("resourceType"));
    }
    match body["status"].as_str() {
        Some("completed" | "amended") => Ok(()),
        Some("in-progress") if matches!(writer, Writer::Process(_)) => Ok(()),
        _ => Err(Error::Answers(vec![Issue::of_whole(Severity::Error, IssueCode::InvalidValue, "QuestionnaireResponse.status")])),
    }
}

/// The invitation in `basedOn`: by its identifier, as we write it, or by reference.
fn invitation(body: &Value) -> Result<InvitationId, Error> {
    const ELEMENT: Error = Error::Element("QuestionnaireResponse.basedOn");
    let [one] = body["basedOn"].as_array().map(Vec::as_slice).unwrap_or_default() else { return Err(ELEMENT) };
    let by_identifier = one["identifier"]["value"].as_str().and_then(|urn| urn.strip_prefix("urn:uuid:")).map(str::to_owned);
    let by_reference = one["reference"].as_str().and_then(|text| parse_reference(text, "")).map(|read| read.id);
    let id = by_identifier.or(by_reference).and_then(|id| Uuid::try_parse(&id).ok());
    id.map(InvitationId).ok_or(ELEMENT)
}

/// The invitation of a response that is processed: the one beside it; the body must not name another.
fn processed(body: &Value, beside: Option<InvitationId>) -> Result<InvitationId, Error> {
    match beside {
        None => invitation(body),
        Some(id) if body.get("basedOn").is_none() || invitation(body)? == id => Ok(id),
        Some(_) => Err(Error::Element("QuestionnaireResponse.basedOn")),
    }
}

/// That the response is an answer to the form that the request names. Where it names none the response
/// itself must (SDC, `$process-response`).
fn same_form(command: &Command, held: &Held) -> Result<(), Error> {
    const ELEMENT: &str = "QuestionnaireResponse.questionnaire";
    match &command.form {
        Some(id) if !forms::has_id(&held.form, id) => Err(Error::Element(ELEMENT)),
        None if matches!(command.writer, Writer::Process(_)) && command.body.get("questionnaire").is_none() => {
            Err(Error::Answers(forms::unknown(ELEMENT)))
        }
        _ => Ok(()),
    }
}

/// Whose they are is known; a body that says otherwise is about somebody else.
fn same_people(body: &Value, row: &Invitation, fresh: bool) -> Result<(), Error> {
    let patient = format!("Patient/{}", row.patient);
    let is = |member: &str| {
        let own = &body[member];
        let reference = own["reference"].as_str().unwrap_or_default();
        own.is_null() || reference == patient || reference.ends_with(&format!("/{patient}"))
    };
    if !is("subject") {
        return Err(Error::Element("QuestionnaireResponse.subject"));
    }
    // Later versions keep who gave the first one.
    if fresh && !is("source") {
        return Err(Error::Element("QuestionnaireResponse.source"));
    }
    if fresh && !is("author") {
        return Err(Error::Element("QuestionnaireResponse.author"));
    }
    Ok(())
}

async fn hand_in_once(tx: &Tx, services: &Services, caller: &Caller, command: &Command) -> Result<HandedIn, Error> {
    let organization = caller.actor.organization();
    let only = confined(&caller.actor, action(caller))?;
    let fits = |patient| only.is_none_or(|only| only == patient);
    let id = match command.writer {
        Writer::Create => invitation(&command.body)?,
        Writer::Process(beside) => processed(&command.body, beside)?,
        Writer::Update(id, _) => {
            let known = responses::find(tx, organization, id).await?.filter(|known| fits(known.patient)).ok_or(Error::NotFound)?;
            known.invitation.ok_or(Error::NotFound)?
        }
    };
    let row = invitations::lock(tx, organization, id).await?.filter(|row| fits(row.patient)).ok_or(match command.writer {
        Writer::Create | Writer::Process(_) => Error::Element("QuestionnaireResponse.basedOn"),
        Writer::Update(..) => Error::NotFound,
    })?;
    decide(&caller.actor, action(caller), About { patient: Some(row.patient), ..About::in_units(&[row.unit]) })?;
    let held = hold_locked(services, tx, row).await?;
    let known = responses::of_invitation(tx, organization, id).await?;
    if let (Writer::Update(_, seen), Some(known)) = (command.writer, &known)
        && known.version != seen
    {
        return Err(Error::Changed(known.version));
    }
    same_form(command, &held)?;
    same_people(&command.body, &held.invitation, known.is_none())?;
    put_version(tx, services, caller, command, &held, known.as_ref()).await
}

async fn put_version(
    tx: &Tx,
    services: &Services,
    caller: &Caller,
    command: &Command,
    held: &Held,
    known: Option<&responses::Response>,
) -> Result<HandedIn, Error> {
    let (now, row) = (services.now(), &held.invitation);
    let over = match row.state {
        InvitationState::Answered => now >= row.amend_until,
        InvitationState::Closed(_) => return Err(row.state.answer().err().map_or(Error::AmendClosed, Error::State)),
        _ => now >= row.answer_until,
    };
    if over {
        return Err(Error::AmendClosed);
    }
    let before = match known {
        None => None,
        Some(known) => responses::version(tx, known.id, known.version).await?,
    };
    let before = before.map(|version| open(&held.cipher, &held.form, &version)).transpose()?;
    let respondent = before.as_ref().map_or_else(Respondent::patient, |opened| opened.respondent.clone());
    let form = &held.form.questionnaire;
    let read = taken_in(&held.form, &command.body, Some(&respondent)).map_err(Error::Answers)?;
    let done = complete(form, read.answers, &Context { not_asked: respondent.not_asked() }).map_err(Error::Answers)?;
    // A create finds that it was done: the same answers again are a repeat, others are an update.
    if let (Writer::Create | Writer::Process(_), Some(opened)) = (command.writer, &before)
        && &opened.answers != done.answers()
    {
        return Err(Error::State(crate::domain::invitation::NotPossible(row.state)));
    }
    let language = language(&command.body, held);
    let person = caller.actor.person();
    let origin = Origin {
        source: if person.is_some() { "staff" } else { "patient" },
        entered_by: person,
        answered_on: person.map(|_| oslo_date(now)),
        started_at: None,
    };
    let draft = drafts::of_invitation(tx, row.organization, row.id).await?;
    let minted = draft.map_or_else(|| ResponseId::new(now, services.entropy.as_ref()), |draft| draft.response);
    let (response, fresh) = put(tx, services, caller, held, minted, &done, &respondent, &language, &origin).await?;
    if fresh {
        let original = Received { body: command.original.clone(), changes: read.changes };
        originals::keep(tx, &held.cipher, &response, original).await?;
    } else {
        let deed = Deed::done("response.read", Some(("response", response.id.0)), vec![row.patient]).in_unit(row.unit);
        audit::write(tx, services, caller, &deed).await?;
    }
    let version = responses::version(tx, response.id, response.version).await?.ok_or(Fault::Content("version"))?;
    let names = names(tx, row.organization, std::slice::from_ref(&version)).await?;
    let resource = render::response(&response, &version, &held.cipher, &held.form, &names)?;
    Ok(HandedIn { resource, fresh, warnings: done.warnings().to_vec() })
}

/// The language that the body names where the form has it, also with a country; else that of the one
/// language in which the form was given out; else the form's own.
fn language(body: &Value, held: &Held) -> Language {
    let form = &held.form.questionnaire;
    let known = |asked: Language| form.languages().iter().find(|own| **own == asked || own.same_language(&asked)).cloned();
    let named = body["language"].as_str().and_then(|text| Language::parse(text).ok()).and_then(known);
    let address = body["questionnaire"].as_str().unwrap_or_default();
    let given = || form.languages().iter().find(|own| address.ends_with(&national_id(form, own))).cloned();
    named.or_else(given).unwrap_or_else(|| form.language().clone())
}
