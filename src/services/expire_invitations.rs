//! Closes invitations whose time is over and deletes their drafts.

use super::audit::{self, Caller, Deed};
use super::events::{self, Event, EventKind};
use super::{Fault, Services};
use crate::storage::{drafts, invitations};

/// Invitations closed in one transaction.
const AT_ONCE: u64 = 100;

/// Closes what is overdue; gives how many.
pub async fn run(services: &Services) -> Result<u64, Fault> {
    let mut closed = 0;
    loop {
        let done = services.db.write(services.clone(), |services, tx| {
            Box::pin(async move {
                let now = services.now();
                let overdue = invitations::overdue(tx, now, AT_ONCE).await?;
                let mut done: u64 = 0;
                for row in &overdue {
                    // Read without a lock: one that was answered meanwhile is a conflict and the unit runs again.
                    let Ok(expired) = row.state.expire() else { continue };
                    invitations::transition(tx, row, expired, row.flagged, now).await?;
                    drafts::delete(tx, row.id).await?;
                    let event = Event::new(EventKind::InvitationExpired, row.organization, row.unit, row.id);
                    // Of a visit that is moved it may expire again.
                    let event = event.on(row.answer_until.timestamp().to_string());
                    events::announce(tx, services, &event).await?;
                    let deed = Deed::done("invitation.expire", Some(("invitation", row.id.0)), vec![row.patient]).in_unit(row.unit);
                    audit::write(tx, services, &Caller::system(row.organization, "job:expire-invitations"), &deed).await?;
                    done += 1;
                }
                Ok::<_, Fault>(done)
            })
        });
        let done = done.await?;
        closed += done;
        if done < AT_ONCE {
            return Ok(closed);
        }
    }
}
