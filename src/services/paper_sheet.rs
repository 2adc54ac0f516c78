//! What staff see who are about to enter a paper form: whose it is, which form. They write nothing here
//! (`enter_paper` does): a name on the screen keeps answers from ending with another person.

use super::audit::{self, Deed};
use super::fault::{Fault, unit_error};
use super::library::Form;
use super::vault::{Person, open_patient};
use super::{Caller, Services};
use crate::domain::ids::InvitationId;
use crate::domain::invitation::{ClosedReason, InvitationState, NotPossible};
use crate::domain::policy::{Action, Denied, Resource, decide};
use crate::storage::{invitations, patients};
use std::sync::Arc;

/// Why not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No such invitation in this organization.
    #[error("no such invitation")]
    NotFound,
    /// The patient has been erased.
    #[error("the patient has been erased")]
    Erased,
    /// Not allowed.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// It was taken back.
    #[error(transparent)]
    State(#[from] NotPossible),
    /// Below.
    #[error(transparent)]
    Fault(#[from] Fault),
}

unit_error!(Error);

/// Whose form it is, and which.
#[derive(Clone)]
pub struct Sheet {
    /// Name and birth date.
    pub person: Person,
    /// The form of the invitation.
    pub form: Arc<Form>,
}

/// Opens it for who may enter paper in its unit; logged, since it names a patient.
pub async fn open(services: &Services, caller: &Caller, id: InvitationId) -> Result<Sheet, Error> {
    let context = (services.clone(), caller.clone(), id);
    let (sheet, deed) = services
        .db
        .read(context, |(services, caller, id), snapshot| {
            Box::pin(async move {
                let organization = caller.actor.organization();
                let row = invitations::find(snapshot, organization, *id).await?.ok_or(Error::NotFound)?;
                let ground = decide(&caller.actor, Action::EnterPaper, Resource::in_units(&[row.unit]))?;
                if row.state == InvitationState::Closed(ClosedReason::Revoked) {
                    return Err(NotPossible(row.state).into());
                }
                let form = services.library.find(&row.questionnaire_name, Some(&row.questionnaire_version));
                let form = form.ok_or(Fault::Content("questionnaire of an invitation"))?;
                let patient = patients::find(snapshot, organization, row.patient).await?.ok_or(Error::NotFound)?;
                let (_, person) = open_patient(&services.vault, snapshot, &patient).await?.ok_or(Error::Erased)?;
                let deed = Deed::done("invitation.paper-open", Some(("invitation", id.0)), vec![row.patient]);
                Ok::<_, Error>((Sheet { person, form }, deed.in_unit(row.unit).on(ground)))
            })
        })
        .await?;
    audit::commit_read(services, caller, deed).await?;
    Ok(sheet)
}
