//! Erases a patient: the data key goes, and with it everything that is sealed under it
//! (`docs/data-retention.md`). What the law asks a hospital to keep beside the answers stays without
//! them: that there were visits and invitations, and who has seen what.

use super::Services;
use super::audit::{self, Caller, Deed};
use super::events::{self, Event, EventKind};
use super::fault::{Fault, unit_error};
use crate::domain::ids::{OrganizationId, PatientId};
use crate::domain::invitation::InvitationState;
use crate::domain::text::{has_control, has_line_break, is_blank, length, nfc};
use crate::storage::{Tx, erasure, invitations, organizations, patients};

pub use crate::storage::erasure::Holding;

/// Longest ground, characters.
pub const GROUND_MAX: usize = 500;

/// Why not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No such organization or patient.
    #[error("no such {0}")]
    NotFound(&'static str),
    /// They have been erased already.
    #[error("the patient has been erased already")]
    Erased,
    /// Below.
    #[error(transparent)]
    Fault(#[from] Fault),
}

unit_error!(Error);

/// Why a ground is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum GroundError {
    /// Nothing is said.
    #[error("the ground is empty")]
    Empty,
    /// Too long.
    #[error("the ground has more than {GROUND_MAX} characters")]
    TooLong,
    /// Line breaks and the like.
    #[error("the ground has control characters or line breaks")]
    Control,
}

/// On what ground, in the words of who decided it. Kept sealed in the access log.
#[derive(Clone, PartialEq, Eq)]
pub struct Ground(String);

impl Ground {
    /// Checks it.
    pub fn parse(text: &str) -> Result<Self, GroundError> {
        let text = nfc(text.trim());
        if is_blank(&text) {
            Err(GroundError::Empty)
        } else if length(&text) > GROUND_MAX {
            Err(GroundError::TooLong)
        } else if has_control(&text) || has_line_break(&text) {
            Err(GroundError::Control)
        } else {
            Ok(Self(text))
        }
    }
}

/// What would go and what would stay.
pub async fn holding(services: &Services, organization: OrganizationId, patient: PatientId) -> Result<Holding, Error> {
    services
        .db
        .read((organization, patient), |(organization, patient), snapshot| {
            Box::pin(async move {
                organizations::organization(snapshot, *organization).await?.ok_or(Error::NotFound("organization"))?;
                let row = patients::find(snapshot, *organization, *patient).await?.ok_or(Error::NotFound("patient"))?;
                if row.is_erased() {
                    return Err(Error::Erased);
                }
                Ok(erasure::holding(snapshot, *patient).await?)
            })
        })
        .await
}

/// Erases, in one transaction. Gives what was held until then.
pub async fn erase(services: &Services, organization: OrganizationId, patient: PatientId, ground: Ground) -> Result<Holding, Error> {
    let context = (services.clone(), organization, patient, ground);
    let held = services
        .db
        .write(context, |(services, organization, patient, ground), tx| Box::pin(erase_in(tx, services, *organization, *patient, ground)))
        .await?;
    if !services.db.let_go().await {
        tracing::warn!("the database's write-ahead log could not be emptied now; it is when the service stops");
    }
    Ok(held)
}

/// Takes the locks in the order in which a save takes them: what is under way is finished before, or
/// finds nothing to seal under after.
async fn erase_in(
    tx: &Tx,
    services: &Services,
    organization: OrganizationId,
    patient: PatientId,
    ground: &Ground,
) -> Result<Holding, Error> {
    let now = services.now();
    organizations::organization(tx, organization).await?.ok_or(Error::NotFound("organization"))?;
    invitations::lock_of_patient(tx, organization, patient).await?;
    let row = patients::lock(tx, organization, patient).await?.ok_or(Error::NotFound("patient"))?;
    if row.is_erased() {
        return Err(Error::Erased);
    }
    let held = erasure::holding(tx, patient).await?;
    // Looked at again: one may have been issued while the patient was waited for.
    for invitation in invitations::lock_of_patient(tx, organization, patient).await? {
        let to = match invitation.state {
            InvitationState::Answered => continue,
            state => state.revoke().unwrap_or(state),
        };
        invitations::transition(tx, &invitation, to, false, now).await?;
        if to != invitation.state {
            let event = Event::new(EventKind::InvitationRevoked, organization, invitation.unit, invitation.id);
            events::announce(tx, services, &event).await?;
        }
    }
    erasure::erase(tx, patient, now).await?;
    let caller = Caller { ground_text: Some(ground.0.clone()), ..Caller::system(organization, "command:patient-erase") };
    let deed = Deed::done("patient.erase", Some(("patient", patient.0)), vec![patient]);
    audit::write(tx, services, &caller, &deed).await?;
    Ok(held)
}
