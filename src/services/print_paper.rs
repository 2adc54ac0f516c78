//! A form on paper for one patient, with name, visit and code: for those who can't or won't answer on
//! a screen. Staff enter it afterwards (`enter_paper`).

use super::audit::{self, Deed};
use super::fault::{Fault, unit_error};
use super::invitation::secrets;
use super::library::Form;
use super::vault::open_patient;
use super::{Caller, Services};
use crate::domain::ids::{InvitationId, OrganizationId};
use crate::domain::invitation::{ClosedReason, InvitationState, NotPossible};
use crate::domain::language::Language;
use crate::domain::policy::{Action, Denied, Ground, Resource, decide};
use crate::print::paper::{self, Addressee};
use crate::storage::invitations::{self, Invitation};
use crate::storage::{Reader, appointments, credentials, organizations, patients};
use std::sync::Arc;

/// Why not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No such invitation in this organization.
    #[error("no such invitation")]
    NotFound,
    /// Not allowed.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// It is closed or answered.
    #[error(transparent)]
    State(#[from] NotPossible),
    /// The form has no such language.
    #[error("unknown language")]
    Language,
    /// Below.
    #[error(transparent)]
    Fault(#[from] Fault),
}

unit_error!(Error);

/// What is printed.
struct Order {
    row: Invitation,
    ground: Ground,
    form: Arc<Form>,
    language: Language,
    to: Addressee,
}

/// Prints the form of an invitation in the language asked for, else in the one nearest to the
/// patient's. The code on it is the one of the letter.
pub async fn print(services: &Services, caller: &Caller, id: InvitationId, language: Option<Language>) -> Result<Vec<u8>, Error> {
    let context = (services.clone(), caller.clone(), id, language);
    let order = services
        .db
        .read(context, |(services, caller, id, language), snapshot| Box::pin(order(services, caller, snapshot, *id, language.as_ref())))
        .await?;
    let bytes = paper::form(&order.form.questionnaire, &order.language, Some(&order.to)).map_err(Fault::from)?;
    let deed = Deed::done("invitation.paper", Some(("invitation", id.0)), vec![order.row.patient]);
    audit::commit_read(services, caller, deed.in_unit(order.row.unit).on(order.ground)).await?;
    Ok(bytes)
}

async fn order(
    services: &Services,
    caller: &Caller,
    reader: &impl Reader,
    id: InvitationId,
    asked: Option<&Language>,
) -> Result<Order, Error> {
    let organization = caller.actor.organization();
    let row = invitations::find(reader, organization, id).await?.ok_or(Error::NotFound)?;
    let ground = decide(&caller.actor, Action::ManageInvitations, Resource { stated: caller.ground, ..Resource::in_units(&[row.unit]) })?;
    row.state.print()?;
    if services.now() >= row.answer_until {
        return Err(NotPossible(InvitationState::Closed(ClosedReason::Expired)).into());
    }
    let form = services.library.find(&row.questionnaire_name, Some(&row.questionnaire_version));
    let form = form.ok_or(Fault::Content("questionnaire of an invitation"))?;
    let patient = patients::find(reader, organization, row.patient).await?.ok_or(Error::NotFound)?;
    // An erased patient has no name to print.
    let (_, person) = open_patient(&services.vault, reader, &patient).await?.ok_or(Error::NotFound)?;
    let language = match asked {
        Some(asked) => form.questionnaire.languages().iter().find(|own| *own == asked).cloned().ok_or(Error::Language)?,
        None => form.nearest(&Language::parse(&patient.language).map_err(|_| Fault::Content("language"))?),
    };
    let to = addressee(services, reader, organization, &row, person.name).await?;
    Ok(Order { row, ground, form, language, to })
}

async fn addressee(
    services: &Services,
    reader: &impl Reader,
    organization: OrganizationId,
    row: &Invitation,
    patient: String,
) -> Result<Addressee, Error> {
    let credential = credentials::newest(reader, row.id).await?.filter(|credential| credential.revoked_at.is_none());
    let (_, code) = secrets(services, &credential.ok_or(Fault::Content("credential"))?)?;
    let unit = organizations::unit(reader, organization, row.unit).await?.ok_or(Fault::Content("unit"))?;
    let organization_row = organizations::organization(reader, organization).await?.ok_or(Fault::Content("organization"))?;
    let visit = match row.appointment {
        Some(id) => appointments::find(reader, organization, id).await?,
        None => None,
    };
    Ok(Addressee {
        organization: organization_row.name,
        unit: unit.name,
        phone: unit.phone,
        starts_at: visit.map(|visit| visit.starts_at),
        patient,
        code,
    })
}
