//! A form ready to be filled in by another form filler: what stands in it from the start, whose it is, and
//! which invitation it answers. What a patient has saved is not in it: drafts are theirs alone.

use super::{Error, forms};
use crate::domain::answers::{Issue, initial};
use crate::domain::ids::{AppointmentId, InvitationId, OrganizationId, PatientId, UnitId};
use crate::domain::language::Language;
use crate::domain::policy::{Action, Resource as About, confined, decide, may_ever};
use crate::fhir::read::ResponseStatus;
use crate::fhir::read::parameters::{CONTEXT, FORM, Populate, SUBJECT};
use crate::fhir::search::Reference;
use crate::fhir::write::{self, ResponseMeta};
use crate::services::audit::{self, Deed};
use crate::services::library::Form;
use crate::services::{Caller, Fault, Services};
use crate::storage::invitations::{self, Invitation};
use crate::storage::{Reader, patients};
use chrono::{DateTime, Utc};
use serde_json::Value;
use std::sync::Arc;

/// A response without answers yet.
#[derive(Debug, Clone)]
pub struct Populated {
    /// `QuestionnaireResponse`, in progress, with every item of the form.
    pub response: Value,
    /// What is odd about it.
    pub issues: Vec<Issue>,
}

/// What a form is to be filled in for, in our own ids.
#[derive(Debug, Clone, Default)]
pub(super) struct Occasion {
    /// The form that is named.
    pub(super) form: Option<Arc<Form>>,
    /// Who.
    pub(super) patient: Option<PatientId>,
    /// Which invitation.
    pub(super) invitation: Option<InvitationId>,
    /// Before which visit.
    pub(super) visit: Option<AppointmentId>,
    /// For which unit.
    pub(super) unit: Option<UnitId>,
    /// The only patient whom the caller may know of, where its token is good for one.
    pub(super) only: Option<PatientId>,
}

impl Occasion {
    /// Reads what is asked; `id` names the form where the operation is called on one.
    pub(super) fn read(services: &Services, id: Option<&str>, asked: &Populate) -> Result<Self, Error> {
        let form = match (id, &asked.form) {
            (Some(id), _) => Some(forms::by_id(services, id).ok_or(Error::NotFound)?),
            (None, Some(address)) => Some(forms::by_address(services, address).ok_or_else(|| Error::Answers(forms::unknown(FORM)))?),
            (None, None) => None,
        };
        let is = |reference: &Reference, kind: &str| reference.kind.as_deref().is_none_or(|own| own == kind);
        let patient = match &asked.subject {
            None => None,
            Some(subject) => Some(PatientId::parse(&subject.id).filter(|_| is(subject, "Patient")).ok_or(Error::Element(SUBJECT))?),
        };
        let mut occasion = Self { form, patient, ..Self::default() };
        for context in &asked.contexts {
            let id = &context.id;
            // What is sent to fill the form with, such as the patient as a resource, is not used.
            match context.kind.as_deref() {
                Some("Task") => occasion.invitation = Some(InvitationId::parse(id).ok_or(Error::Element(CONTEXT))?),
                Some("Appointment") => occasion.visit = Some(AppointmentId::parse(id).ok_or(Error::Element(CONTEXT))?),
                Some("Organization") => occasion.unit = Some(UnitId::parse(id).ok_or(Error::Element(CONTEXT))?),
                _ => {}
            }
        }
        Ok(occasion)
    }

    /// Whether the caller may know of a patient, as far as its token goes.
    fn knows(&self, patient: PatientId) -> bool {
        self.only.is_none_or(|only| only == patient)
    }

    fn is_of(&self, row: &Invitation) -> bool {
        self.form.as_ref().is_none_or(|form| {
            form.questionnaire.name() == row.questionnaire_name && form.questionnaire.version() == row.questionnaire_version
        })
    }
}

/// The invitation that is meant: the one that is named, or that of the patient which can be answered and
/// whose time is over first. `may` says of which units the caller may know.
pub(super) async fn invitation(
    reader: &impl Reader,
    organization: OrganizationId,
    occasion: &Occasion,
    now: DateTime<Utc>,
    may: impl Fn(UnitId) -> bool,
) -> Result<Option<Invitation>, Error> {
    if let Some(id) = occasion.invitation {
        let found = invitations::find(reader, organization, id).await?;
        let row = found.filter(|row| occasion.knows(row.patient)).ok_or(Error::Element(CONTEXT))?;
        if occasion.patient.is_some_and(|patient| patient != row.patient) {
            return Err(Error::Element(SUBJECT));
        }
        return if occasion.is_of(&row) { Ok(Some(row)) } else { Err(Error::Element(FORM)) };
    }
    let Some(patient) = occasion.patient else { return Ok(None) };
    let known = patients::find(reader, organization, patient).await?.filter(|known| occasion.knows(known.id));
    let known = known.ok_or(Error::Element(SUBJECT))?;
    if known.is_erased() {
        return Err(Error::Erased);
    }
    let fits = |row: &Invitation| {
        let here = occasion.visit.is_none_or(|visit| row.appointment == Some(visit)) && occasion.unit.is_none_or(|unit| row.unit == unit);
        here && occasion.is_of(row) && row.state.print().is_ok() && now < row.answer_until && may(row.unit)
    };
    let all = invitations::of_patient(reader, organization, patient).await?;
    Ok(all.into_iter().filter(fits).min_by_key(|row| (row.answer_until, row.id)))
}

/// Makes the response of a form. Where it says whose, the access log does too.
pub async fn populate(services: &Services, caller: &Caller, id: Option<String>, asked: Populate) -> Result<Populated, Error> {
    decide(&caller.actor, Action::ReadQuestionnaires, About::default())?;
    let mut occasion = Occasion::read(services, id.as_deref(), &asked)?;
    if occasion.patient.is_none() && occasion.invitation.is_none() {
        let form = occasion.form.ok_or(Error::Element(FORM))?;
        return Ok(written(services, &form, None, None, None));
    }
    occasion.only = confined(&caller.actor, Action::ReadInvitation)?;
    if occasion.only.is_none() {
        may_ever(&caller.actor, Action::ReadInvitation)?;
    }
    let context = (services.clone(), caller.clone(), occasion);
    let (populated, deed) = services
        .db
        .read(context, |(services, caller, occasion), snapshot| {
            Box::pin(async move { populate_in(services, caller, snapshot, occasion).await })
        })
        .await?;
    audit::commit_read(services, caller, deed).await?;
    Ok(populated)
}

async fn populate_in(services: &Services, caller: &Caller, reader: &impl Reader, occasion: &Occasion) -> Result<(Populated, Deed), Error> {
    let organization = caller.actor.organization();
    let may = |unit: UnitId, patient: Option<PatientId>| {
        decide(&caller.actor, Action::ReadInvitation, About { patient, ..About::in_units(&[unit]) })
    };
    let row = invitation(reader, organization, occasion, services.now(), |unit| may(unit, occasion.patient).is_ok()).await?;
    // A person's tie to a patient is the unit that asks; without one there is none.
    let ground = match &row {
        Some(row) => may(row.unit, Some(row.patient))?,
        None => decide(&caller.actor, Action::ReadInvitation, About::of(occasion.patient))?,
    };
    let patient = row.as_ref().map(|row| row.patient).or(occasion.patient).ok_or(Error::Element(SUBJECT))?;
    let known = patients::find(reader, organization, patient).await?.ok_or(Error::Element(SUBJECT))?;
    let form = match (&occasion.form, &row) {
        (Some(form), _) => Arc::clone(form),
        (None, Some(row)) => {
            let found = services.library.find(&row.questionnaire_name, Some(&row.questionnaire_version));
            found.ok_or(Fault::Content("questionnaire of an invitation"))?
        }
        (None, None) => return Err(Error::Element(FORM)),
    };
    let language = Language::parse(&known.language).ok();
    let invitation = row.as_ref().map(|row| row.id);
    let object = invitation.map(|id| ("invitation", id.0));
    let deed = Deed { unit: row.as_ref().map(|row| row.unit), ..Deed::done("invitation.read", object, vec![patient]).on(ground) };
    Ok((written(services, &form, language.as_ref(), Some(patient), invitation), deed))
}

fn written(
    services: &Services,
    form: &Form,
    language: Option<&Language>,
    patient: Option<PatientId>,
    invitation: Option<InvitationId>,
) -> Populated {
    let questionnaire = &form.questionnaire;
    let language = language.map_or_else(|| questionnaire.language().clone(), |language| form.nearest(language));
    let now = services.now();
    let meta = ResponseMeta {
        id: None,
        version: None,
        status: ResponseStatus::InProgress,
        authored: Some(now),
        language: &language,
        subject: patient.map(|id| format!("Patient/{id}")),
        full_tree: true,
    };
    let mut response = write::response(questionnaire, &initial(questionnaire), &meta);
    write::put_provenance(&mut response, now, invitation.map(|id| id.0));
    Populated { response, issues: forms::oddities(questionnaire) }
}
