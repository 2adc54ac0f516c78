//! What went out and what did not: pages of the outbox, and trying a message again.

use super::audit::{self, Deed};
use super::fault::{Fault, unit_error};
use super::outbox::give_up_at;
use super::{Caller, Services};
use crate::domain::delivery::{Channel, DeliveryState};
use crate::domain::policy::{Action, Denied, Ground, Resource, decide};
use crate::storage::outbox;
use uuid::Uuid;

pub use crate::storage::outbox::{Filter, Message};

/// Why not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No such message in this organization.
    #[error("no such message")]
    NotFound,
    /// It went out, or there is no reason left to send it.
    #[error("the message has ended")]
    Ended,
    /// Not allowed.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// Below.
    #[error(transparent)]
    Fault(#[from] Fault),
}

unit_error!(Error);

/// A page, newest first.
#[derive(Debug, Clone)]
pub struct Page {
    /// Messages.
    pub messages: Vec<Message>,
    /// Where the next page begins.
    pub next: Option<Uuid>,
}

fn allowed(caller: &Caller) -> Result<Ground, Denied> {
    decide(&caller.actor, Action::ManageDeliveries, Resource::default())
}

/// A page of an organization's messages. `before` is the cursor of the page before.
pub async fn list(services: &Services, caller: &Caller, filter: Filter, before: Option<Uuid>, limit: usize) -> Result<Page, Error> {
    let ground = allowed(caller)?;
    let context = (caller.actor.organization(), filter, before, u64::try_from(limit).unwrap_or(u64::MAX));
    let mut messages = services
        .db
        .read(context, |(organization, filter, before, limit), snapshot| {
            Box::pin(async move { Ok::<_, Fault>(outbox::page(snapshot, *organization, filter, *before, *limit + 1).await?) })
        })
        .await?;
    let more = messages.len() > limit;
    messages.truncate(limit);
    audit::commit_read(services, caller, Deed::done("delivery.list", None, Vec::new()).on(ground)).await?;
    Ok(Page { next: messages.last().filter(|_| more).map(|message| message.id), messages })
}

/// One message.
pub async fn get(services: &Services, caller: &Caller, id: Uuid) -> Result<Message, Error> {
    let ground = allowed(caller)?;
    let found = services
        .db
        .read((caller.actor.organization(), id), |(organization, id), snapshot| {
            Box::pin(async move { Ok::<_, Fault>(outbox::find(snapshot, *organization, *id).await?) })
        })
        .await?;
    let found = found.ok_or(Error::NotFound)?;
    audit::commit_read(services, caller, Deed::done("delivery.read", Some(("delivery", id)), Vec::new()).on(ground)).await?;
    Ok(found)
}

/// Whether a message may be sent again. What another system was told may be told again, under the same
/// id; a patient is not written to twice.
fn retriable(message: &Message) -> bool {
    match message.channel {
        Channel::Webhook => true,
        Channel::Mail => matches!(message.state, DeliveryState::Waiting | DeliveryState::Dead),
    }
}

/// Lets a message be tried again now, and for as long as a new one.
pub async fn retry(services: &Services, caller: &Caller, id: Uuid) -> Result<Message, Error> {
    let context = (services.clone(), caller.clone(), id);
    services
        .db
        .write(context, |(services, caller, id), tx| {
            Box::pin(async move {
                let ground = allowed(caller)?;
                let organization = caller.actor.organization();
                let found = outbox::lock(tx, organization, *id).await?.ok_or(Error::NotFound)?;
                if !retriable(&found) {
                    return Err(Error::Ended);
                }
                outbox::retry(tx, *id, services.now(), give_up_at(services)).await?;
                let deed = Deed::done("delivery.retry", Some(("delivery", *id)), Vec::new()).on(ground);
                audit::write(tx, services, caller, &deed).await?;
                outbox::find(tx, organization, *id).await?.ok_or(Error::NotFound)
            })
        })
        .await
}
