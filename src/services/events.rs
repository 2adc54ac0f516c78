//! Tells other systems what happened: messages in the outbox, written in the transaction of the change
//! itself, so that there is no change without them and none of them without the change.

use super::{Fault, Services};
use crate::domain::delivery::TRIED_DAYS;
use crate::domain::ids::uuid_v7;
use crate::storage::{Tx, webhooks};
use chrono::Duration;

pub use crate::domain::event::{Event, EventKind};

/// Writes a message for each enabled webhook of the organization that wants this kind of event. One
/// statement. Announced again, it does nothing.
pub async fn announce(tx: &Tx, services: &Services, event: &Event) -> Result<(), Fault> {
    let now = services.now();
    let id = uuid_v7(now, services.entropy.as_ref());
    webhooks::announce(tx, event, id, now, now + Duration::days(TRIED_DAYS)).await?;
    Ok(())
}
