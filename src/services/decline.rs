//! "I don't want to answer": recorded, and open to a change of mind until the time is over.

use super::audit::{self, Deed};
use super::draft::{Error, lock_held, may_change};
use super::events::{self, Event, EventKind};
use super::holder::Holder;
use super::{Caller, Services, invitation};
use crate::domain::ids::InvitationId;
use crate::domain::policy::{Action, Resource, decide};
use crate::storage::{drafts, invitations};

/// Declines. What was saved so far is deleted: nobody shall read what the patient chose not to hand in.
pub async fn decline(services: &Services, holder: &Holder, request_id: &str) -> Result<(), Error> {
    let context = (services.clone(), holder.clone(), request_id.to_owned());
    services
        .db
        .write(context, |(services, holder, request_id), tx| {
            Box::pin(async move {
                let now = services.now();
                let held = lock_held(tx, services, holder).await?;
                may_change(holder, &held.invitation, now)?;
                let to = held.invitation.state.decline().map_err(|_| Error::Answered)?;
                invitations::transition(tx, &held.invitation, to, held.invitation.flagged, now).await?;
                drafts::delete(tx, held.invitation.id).await?;
                if to != held.invitation.state {
                    // Who has changed their mind may change it back: each time is one of its own.
                    let row = &held.invitation;
                    let event = Event::new(EventKind::InvitationDeclined, row.organization, row.unit, row.id);
                    events::announce(tx, services, &event.on(now.timestamp_micros().to_string())).await?;
                }
                let deed = Deed::done("invitation.decline", Some(("invitation", held.invitation.id.0)), vec![held.invitation.patient])
                    .in_unit(held.invitation.unit);
                audit::write(tx, services, &holder.caller(request_id), &deed.in_unit(held.invitation.unit)).await?;
                Ok(())
            })
        })
        .await
}

/// The same by staff, for a patient who says no in the conversation or on the telephone. Saying it again
/// changes nothing; who has answered has not declined.
pub async fn for_patient(services: &Services, caller: &Caller, id: InvitationId) -> Result<(), invitation::Error> {
    let context = (services.clone(), caller.clone(), id);
    services
        .db
        .write(context, |(services, caller, id), tx| {
            Box::pin(async move {
                let now = services.now();
                let row = invitations::lock(tx, caller.actor.organization(), *id).await?.ok_or(invitation::Error::NotFound)?;
                let ground = decide(&caller.actor, Action::ManageInvitations, Resource::in_units(&[row.unit]))?;
                let to = row.state.decline()?;
                if to != row.state {
                    invitations::transition(tx, &row, to, row.flagged, now).await?;
                    drafts::delete(tx, row.id).await?;
                    let event = Event::new(EventKind::InvitationDeclined, row.organization, row.unit, row.id);
                    events::announce(tx, services, &event.on(now.timestamp_micros().to_string())).await?;
                }
                let deed = Deed::done("invitation.decline", Some(("invitation", id.0)), vec![row.patient]).in_unit(row.unit).on(ground);
                audit::write(tx, services, caller, &deed).await?;
                Ok::<_, invitation::Error>(())
            })
        })
        .await
}
