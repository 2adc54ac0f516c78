//! The link under which a patient answers a form here: what a letter holds, for a system that speaks FHIR.
//! Where nobody has asked the patient yet, asking for the link does.

use super::Error;
use super::populate::{Occasion, invitation};
use crate::domain::actor::Actor;
use crate::domain::appointment::VisitStatus;
use crate::domain::ids::{OrganizationId, PatientId, UnitId};
use crate::domain::invitation::{ClosedReason, InvitationState, NotPossible};
use crate::domain::policy::{Action, Ground, Resource as About, decide, may_ever};
use crate::fhir::read::parameters::{CONTEXT, FORM, Populate, SUBJECT};
use crate::services::audit::{self, Deed};
use crate::services::invitation::{present_secrets, secrets};
use crate::services::issue_invitations::{Place, put_invitation};
use crate::services::{Caller, Fault, Services};
use crate::storage::invitations::{self as rows, Invitation};
use crate::storage::{Tx, appointments, credentials, organizations, patients};

/// The personal link. It is the one that the letter has, for as long as that one lives.
pub async fn personal_link(services: &Services, caller: &Caller, id: Option<String>, asked: Populate) -> Result<String, Error> {
    may_ever(&caller.actor, Action::RenderLetter)?;
    let occasion = Occasion::read(services, id.as_deref(), &asked)?;
    let context = (services.clone(), caller.clone(), occasion);
    let link = services
        .db
        .write(context, |(services, caller, occasion), tx| Box::pin(async move { link_in(tx, services, caller, occasion).await }))
        .await?;
    link.ok_or(Error::Exists)
}

fn allowed(actor: &Actor, action: Action, unit: UnitId) -> Result<Ground, Error> {
    Ok(decide(actor, action, About::in_units(&[unit]))?)
}

/// `None` when another invitation stands in the way: that it was asked for is logged all the same.
async fn link_in(tx: &Tx, services: &Services, caller: &Caller, occasion: &Occasion) -> Result<Option<String>, Error> {
    let organization = caller.actor.organization();
    let may = |unit| allowed(&caller.actor, Action::RenderLetter, unit).is_ok();
    match invitation(tx, organization, occasion, services.now(), may).await? {
        Some(row) => of_invitation(tx, services, caller, row).await.map(Some),
        None => issued(tx, services, caller, occasion).await,
    }
}

/// The link of an invitation that can be answered.
async fn of_invitation(tx: &Tx, services: &Services, caller: &Caller, found: Invitation) -> Result<String, Error> {
    // As it is under its lock: it may have been answered or taken back meanwhile.
    let row = rows::lock(tx, found.organization, found.id).await?.ok_or(Error::Element(CONTEXT))?;
    let ground = allowed(&caller.actor, Action::RenderLetter, row.unit)?;
    row.state.print()?;
    if services.now() >= row.answer_until {
        return Err(NotPossible(InvitationState::Closed(ClosedReason::Expired)).into());
    }
    held(tx, row.organization, row.patient).await?;
    let newest = credentials::newest(tx, row.id).await?.filter(|credential| credential.revoked_at.is_none());
    let (link, code) = secrets(services, &newest.ok_or(Fault::Content("credential"))?).map_err(Fault::from)?;
    let deed = Deed::done("invitation.letter", Some(("invitation", row.id.0)), vec![row.patient]).in_unit(row.unit).on(ground);
    audit::write(tx, services, caller, &deed).await?;
    Ok(present_secrets(services, &link, &code).link)
}

/// That the patient is there and has not been erased, until the transaction ends.
async fn held(tx: &Tx, organization: OrganizationId, patient: PatientId) -> Result<(), Error> {
    let row = patients::hold(tx, organization, patient).await?.ok_or(Error::Element(SUBJECT))?;
    if row.is_erased() { Err(Error::Erased) } else { Ok(()) }
}

/// Asks the patient: before the visit that is named, else for the unit that is.
async fn issued(tx: &Tx, services: &Services, caller: &Caller, occasion: &Occasion) -> Result<Option<String>, Error> {
    let organization = caller.actor.organization();
    let patient = occasion.patient.ok_or(Error::Element(SUBJECT))?;
    held(tx, organization, patient).await?;
    let visit = match occasion.visit {
        None => None,
        Some(id) => {
            let row = appointments::lock(tx, organization, id).await?.ok_or(Error::Element(CONTEXT))?;
            let ahead = row.status == VisitStatus::Booked.word() && row.starts_at > services.now();
            // Somebody else's visit, and one that nobody can prepare any more.
            Some(row).filter(|row| row.patient == patient && ahead).ok_or(Error::Element(CONTEXT)).map(Some)?
        }
    };
    let unit = visit.as_ref().map(|visit| visit.unit).or(occasion.unit).ok_or(Error::Element(CONTEXT))?;
    let unit = organizations::unit(tx, organization, unit).await?.ok_or(Error::Element(CONTEXT))?;
    allowed(&caller.actor, Action::RenderLetter, unit.id)?;
    let ground = allowed(&caller.actor, Action::ManageInvitations, unit.id)?;
    let form = match &occasion.form {
        Some(form) => Some(form.clone()),
        None => services.library.find(&unit.questionnaire_name, unit.questionnaire_version.as_deref()),
    };
    let form = form.ok_or(Error::Element(FORM))?;
    let place = Place {
        unit: &unit,
        patient,
        visit: visit.map(|visit| (visit.id, visit.starts_at)),
        form: (form.questionnaire.name().to_owned(), form.questionnaire.version().to_owned()),
        due_on: None,
        answer_until: None,
    };
    // One that stands in the way is in another version of the form, or can't be answered now.
    let made = put_invitation(tx, services, caller, place, ground).await?.ok();
    Ok(made.map(|(issued, _)| present_secrets(services, &issued.link, &issued.code).link))
}
