//! What a client asks to be told of: webhooks that it adds and removes itself, sent by the outbox like the
//! operator's. A client sees its own.

use super::{Error, Resource};
use crate::crypto::webhook::Secret;
use crate::domain::actor::Actor;
use crate::domain::ids::{ClientId, WebhookId};
use crate::domain::policy::{Action, Denied, Resource as About, decide};
use crate::fhir::read::subscription::Wanted;
use crate::fhir::write::{SubscriptionInput, subscription};
use crate::services::audit::{self, Deed};
use crate::services::vault::OrganizationKeys;
use crate::services::{Caller, Fault, Services};
use crate::storage::webhooks::{self, Subscription, Webhook};
use crate::storage::{Reader, Tx};
use chrono::{DateTime, Utc};

/// The client that asks, where it may.
fn client(caller: &Caller) -> Result<ClientId, Error> {
    decide(&caller.actor, Action::Subscribe, About::default())?;
    match &caller.actor {
        Actor::Client(client) => Ok(client.id),
        _ => Err(Denied::Role.into()),
    }
}

/// Whether the caller may be told of anything: asked before what it sends is read.
pub fn may_subscribe(caller: &Caller) -> Result<(), Error> {
    client(caller).map(|_| ())
}

fn headers(keys: &OrganizationKeys, row: &Webhook, own: &Subscription) -> Result<Vec<(String, String)>, Fault> {
    let Some(sealed) = &own.headers_sealed else { return Ok(Vec::new()) };
    let plain = keys.open("webhook", "headers_sealed", row.id.0, sealed)?;
    serde_json::from_slice(&plain).map_err(|_| Fault::Content("headers of a subscription"))
}

/// The headers that are sent with every message.
pub(in crate::services) fn sent_with(keys: &OrganizationKeys, row: &Webhook) -> Result<Vec<(String, String)>, Fault> {
    row.subscription.as_ref().map_or(Ok(Vec::new()), |own| headers(keys, row, own))
}

fn resource(keys: &OrganizationKeys, row: &Webhook, own: &Subscription, now: DateTime<Utc>) -> Result<Resource, Fault> {
    let (status, error) = match row.disabled_reason.as_deref() {
        Some("gone") => ("error", Some("The receiver says that it is gone (410).")),
        Some(_) => ("off", None),
        None if own.ends_at.is_some_and(|end| end <= now) => ("off", None),
        None => ("active", None),
    };
    let names: Vec<String> = headers(keys, row, own)?.into_iter().map(|(name, _)| name).collect();
    let changed = row.disabled_at.unwrap_or(row.created_at);
    let version = 1 + i32::from(row.disabled_at.is_some());
    let json = subscription(&SubscriptionInput {
        id: row.id.0,
        status,
        error,
        reason: &own.reason,
        criteria: &own.criteria,
        endpoint: &row.url,
        payload: own.payload.as_deref(),
        headers: &names,
        end: own.ends_at,
        version: (version, changed),
    });
    Ok(Resource { json, version, modified: changed })
}

/// The client's own, with the rows.
async fn own(reader: &impl Reader, caller: &Caller, client: ClientId) -> Result<Vec<(Webhook, Subscription)>, Fault> {
    let all = webhooks::list(reader, Some(caller.actor.organization())).await?;
    let own = |row: Webhook| row.subscription.clone().filter(|own| own.client == client).map(|own| (row, own));
    Ok(all.into_iter().filter_map(own).collect())
}

/// All that the client has.
pub async fn subscriptions(services: &Services, caller: &Caller) -> Result<Vec<Resource>, Error> {
    let client = client(caller)?;
    let context = (services.clone(), caller.clone(), client);
    services
        .db
        .read(context, |(services, caller, client), snapshot| {
            Box::pin(async move {
                let keys = services.vault.organization(snapshot, caller.actor.organization()).await?;
                let all = own(snapshot, caller, *client).await?;
                let all = all.iter().map(|(row, own)| resource(&keys, row, own, services.now())).collect::<Result<Vec<_>, _>>();
                Ok::<_, Error>(all?)
            })
        })
        .await
}

/// Adds one, which is told from now on; `true`. The same one asked for again while it is active is given back.
pub async fn subscribe(services: &Services, caller: &Caller, wanted: Wanted) -> Result<(Resource, bool), Error> {
    let client = client(caller)?;
    let url = services.outward.url(&wanted.endpoint).map_err(|_| Error::Element("Subscription.channel.endpoint"))?.to_string();
    let id = WebhookId::new(services.now(), services.entropy.as_ref());
    let secret = Secret::generate(services.entropy.as_ref());
    let context = (services.clone(), caller.clone(), client, wanted, url, id, secret);
    services
        .db
        .write(context, |(services, caller, client, wanted, url, id, secret), tx| {
            Box::pin(async move {
                let now = services.now();
                let keys = services.vault.organization(tx, caller.actor.organization()).await?;
                for (row, own) in own(tx, caller, *client).await? {
                    let is_same = row.disabled_at.is_none()
                        && own.ends_at.is_none_or(|end| end > now)
                        && (&row.url, &own.criteria, &own.reason, &own.payload, own.ends_at)
                            == (url, &wanted.criteria, &wanted.reason, &wanted.payload, wanted.end)
                        && headers(&keys, &row, &own)? == wanted.headers;
                    if is_same {
                        return Ok((resource(&keys, &row, &own, now)?, false));
                    }
                }
                let row = row(tx, services, &keys, (caller, *client), (*id, url, secret), wanted).await?;
                webhooks::insert(tx, &row).await?;
                let deed = Deed::done("subscription.add", Some(("webhook", id.0)), Vec::new());
                audit::write(tx, services, caller, &deed).await?;
                let own = row.subscription.as_ref().ok_or(Fault::Content("subscription"))?;
                Ok::<_, Error>((resource(&keys, &row, own, now)?, true))
            })
        })
        .await
}

async fn row(
    tx: &Tx,
    services: &Services,
    keys: &OrganizationKeys,
    (caller, client): (&Caller, ClientId),
    (id, url, secret): (WebhookId, &str, &Secret),
    wanted: &Wanted,
) -> Result<Webhook, Error> {
    let (organization, now) = (caller.actor.organization(), services.now());
    webhooks::release_ended(tx, organization, now).await?;
    let headers_sealed = if wanted.headers.is_empty() {
        None
    } else {
        let plain = serde_json::to_vec(&wanted.headers).map_err(|_| Fault::Content("headers of a subscription"))?;
        Some(keys.seal("webhook", "headers_sealed", id.0, &plain).map_err(Fault::from)?)
    };
    Ok(Webhook {
        id,
        organization,
        url: url.to_owned(),
        events: wanted.events.clone(),
        slot: Some(webhooks::free_slot(tx, organization).await?.ok_or(Error::Full)?),
        secret_sealed: keys.seal("webhook", "secret_sealed", id.0, secret.bytes()).map_err(Fault::from)?,
        previous_sealed: None,
        previous_until: None,
        key_version: keys.version(),
        created_at: now,
        rotated_at: None,
        disabled_at: None,
        disabled_reason: None,
        subscription: Some(Subscription {
            client,
            reason: wanted.reason.clone(),
            criteria: wanted.criteria.clone(),
            payload: wanted.payload.clone(),
            headers_sealed,
            ends_at: wanted.end,
        }),
    })
}

/// Removes one. What waits for it is dropped when its turn comes.
pub async fn unsubscribe(services: &Services, caller: &Caller, id: WebhookId) -> Result<(), Error> {
    let client = client(caller)?;
    services
        .db
        .write((services.clone(), caller.clone(), client, id), |(services, caller, client, id), tx| {
            Box::pin(async move {
                let found = webhooks::lock(tx, caller.actor.organization(), *id).await?;
                let is_own = found.and_then(|row| row.subscription).is_some_and(|own| own.client == *client);
                if !is_own {
                    return Err(Error::NotFound);
                }
                webhooks::delete(tx, *id).await?;
                let deed = Deed::done("subscription.remove", Some(("webhook", id.0)), Vec::new());
                Ok::<_, Error>(audit::write(tx, services, caller, &deed).await?)
            })
        })
        .await
}
