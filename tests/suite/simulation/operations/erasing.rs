//! The operator erases a patient.

use super::Choice;
use crate::simulation::model::{Model, Subject};
use crate::simulation::step::{Meant, Port, Step, Told};
use kartlegging::domain::invitation::{ClosedReason, InvitationState};
use kartlegging::services::Services;
use kartlegging::services::erase_patient::{self, Error, Ground};
use std::rc::Rc;

/// Erases; sometimes who has been erased, or as another organization.
pub fn erase(choice: &mut Choice<'_>) -> Option<Step> {
    let known: Vec<usize> = (0..choice.model.patients.len()).filter(|row| choice.model.patients[*row].id.is_some()).collect();
    let row = choice.dice.pick(&known)?;
    let patient = &choice.model.patients[row];
    let (world, id) = (Rc::clone(&choice.model.world), patient.id?);
    let by = if choice.dice.one_in(8) { choice.dice.below(world.organizations.len()) } else { patient.organization };
    let real = move |services: Services, _| async move {
        let ground = Ground::parse("Pasienten har bedt om det.").expect("ground");
        match erase_patient::erase(&services, world.organizations[by].id, id, ground).await {
            Ok(held) => Told::text(format!(
                "erased {} drafts, {} sessions, {} versions, {} reviews",
                held.drafts, held.sessions, held.versions, held.reviews
            )),
            Err(Error::NotFound(_)) => Told::text("not found"),
            Err(Error::Erased) => Told::text("erased already"),
            Err(Error::Fault(_)) => Told::text("fault"),
        }
    };
    Some(Step::new(format!("erase patient {row} as {by}"), real, move |port: Port| async move {
        let done = port.unit(|model| {
            if model.patients[row].organization != by {
                return Err("not found".to_owned());
            }
            if model.patients[row].erased {
                return Err("erased already".to_owned());
            }
            Ok(erase_in(model, row))
        });
        done.await.map_or_else(Meant::from, |done| Meant::text(done.unwrap_or_else(|why| why)))
    }))
}

/// Erases; gives what was held until then.
fn erase_in(model: &mut Model, patient: usize) -> String {
    let (mut drafts, mut sessions, mut versions, mut reviews) = (0, 0, 0, 0);
    let own: Vec<usize> = (0..model.invitations.len()).filter(|row| model.invitations[*row].patient == patient).collect();
    for row in own {
        drafts += usize::from(model.invitations[row].draft.take().is_some());
        for session in model.sessions.iter_mut().filter(|session| session.invitation == row && !session.gone) {
            session.gone = true;
            sessions += 1;
        }
        if let Some(response) = model.invitations[row].response {
            versions += model.responses[response].versions.len();
            reviews += model.responses[response].reviews.len();
        }
        model.revoke_credentials(row);
        for credential in model.invitations[row].credentials.clone() {
            model.counters.remove(&Subject::Credential(credential));
        }
        let invitation = &mut model.invitations[row];
        if invitation.state != InvitationState::Answered {
            if invitation.state != InvitationState::Closed(ClosedReason::Expired) {
                invitation.state = InvitationState::Closed(ClosedReason::Revoked);
            }
            invitation.flagged = false;
        }
    }
    for visit in model.visits.iter_mut().filter(|visit| visit.patient == patient) {
        visit.external = None;
    }
    let row = &mut model.patients[patient];
    (row.erased, row.address, row.stopped) = (true, None, false);
    model.log_command(patient, "command:patient-erase", "patient.erase");
    format!("erased {drafts} drafts, {sessions} sessions, {versions} versions, {reviews} reviews")
}
