//! Webhooks of other systems: added, listed, changed and tried by the operator. Sending is the outbox's
//! (`src/services/outbox/webhook.rs`).

use super::audit::{self, Deed};
use super::fault::{Fault, unit_error};
use super::outbox::webhook::{post, trial};
use super::vault::OrganizationKeys;
use super::{Caller, Services};
use crate::crypto::envelope::OpenError;
use crate::crypto::guarded::UrlFault;
use crate::crypto::webhook::Secret;
use crate::domain::event::EventKind;
use crate::domain::ids::{OrganizationId, WebhookId};
use crate::storage::webhooks::Subscription;
use crate::storage::{Reader, Tx, organizations, webhooks};
use chrono::{DateTime, Duration, Utc};
use std::borrow::Cow;
use std::collections::BTreeSet;
use uuid::Uuid;
use zeroize::Zeroizing;

pub use crate::storage::webhooks::{SLOTS, Webhook};

/// Why not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// It is not there.
    #[error("no such {0}")]
    NotFound(&'static str),
    /// The address does not fit.
    #[error("the address {0}")]
    Url(#[from] UrlFault),
    /// As many as can be are enabled.
    #[error("{SLOTS} webhooks are enabled already")]
    Full,
    /// It is disabled.
    #[error("the webhook is disabled")]
    Disabled,
    /// Below.
    #[error(transparent)]
    Fault(#[from] Fault),
}

unit_error!(Error);

/// The id and secret of a webhook. The secret is shown now and never again.
pub struct Secrets {
    /// Id.
    pub id: WebhookId,
    /// `whsec_…`
    pub secret: Zeroizing<String>,
}

fn column(keys: &OrganizationKeys, id: WebhookId, name: &'static str, secret: &Secret) -> Result<Vec<u8>, OpenError> {
    keys.seal("webhook", name, id.0, secret.bytes())
}

/// The secrets that sign now: the present one, and during a change the one before.
pub(super) fn secrets(keys: &OrganizationKeys, webhook: &Webhook, now: DateTime<Utc>) -> Result<Vec<Secret>, OpenError> {
    let mut all = vec![Secret::of(keys.open("webhook", "secret_sealed", webhook.id.0, &webhook.secret_sealed)?)];
    if let (Some(sealed), Some(until)) = (&webhook.previous_sealed, webhook.previous_until)
        && now < until
    {
        all.push(Secret::of(keys.open("webhook", "previous_sealed", webhook.id.0, sealed)?));
    }
    Ok(all)
}

/// The same webhook with its secrets under the key that makes new values.
pub(super) fn resealed(keys: &OrganizationKeys, webhook: &Webhook) -> Result<Webhook, OpenError> {
    let again = |name: &'static str, sealed: &[u8]| {
        let secret = Secret::of(keys.open("webhook", name, webhook.id.0, sealed)?);
        column(keys, webhook.id, name, &secret)
    };
    let subscription = match &webhook.subscription {
        Some(own) => {
            let again = |sealed: &Vec<u8>| {
                let plain = keys.open("webhook", "headers_sealed", webhook.id.0, sealed)?;
                keys.seal("webhook", "headers_sealed", webhook.id.0, &plain)
            };
            Some(Subscription { headers_sealed: own.headers_sealed.as_ref().map(again).transpose()?, ..own.clone() })
        }
        None => None,
    };
    Ok(Webhook {
        subscription,
        secret_sealed: again("secret_sealed", &webhook.secret_sealed)?,
        previous_sealed: webhook.previous_sealed.as_deref().map(|sealed| again("previous_sealed", sealed)).transpose()?,
        key_version: keys.version(),
        ..webhook.clone()
    })
}

async fn log(tx: &Tx, services: &Services, organization: OrganizationId, action: &'static str, id: WebhookId) -> Result<(), Fault> {
    let deed = Deed::done(action, Some(("webhook", id.0)), Vec::new());
    audit::write(tx, services, &Caller::system(organization, "command:webhook"), &deed).await
}

/// Adds a webhook that is enabled at once.
pub async fn add(services: &Services, organization: OrganizationId, url: &str, events: BTreeSet<EventKind>) -> Result<Secrets, Error> {
    let url = services.outward.url(url)?.to_string();
    let secret = Secret::generate(services.entropy.as_ref());
    let shown = secret.text();
    let id = WebhookId::new(services.now(), services.entropy.as_ref());
    let context = (services.clone(), organization, id, url, events, secret);
    services
        .db
        .write(context, |(services, organization, id, url, events, secret), tx| {
            Box::pin(async move {
                organizations::organization(tx, *organization).await?.ok_or(Error::NotFound("organization"))?;
                let keys = services.vault.organization(tx, *organization).await?;
                let row = Webhook {
                    id: *id,
                    organization: *organization,
                    url: url.clone(),
                    events: events.clone(),
                    slot: Some(webhooks::free_slot(tx, *organization).await?.ok_or(Error::Full)?),
                    secret_sealed: column(&keys, *id, "secret_sealed", secret)?,
                    previous_sealed: None,
                    previous_until: None,
                    key_version: keys.version(),
                    created_at: services.now(),
                    rotated_at: None,
                    disabled_at: None,
                    disabled_reason: None,
                    subscription: None,
                };
                webhooks::insert(tx, &row).await?;
                Ok::<_, Error>(log(tx, services, *organization, "webhook.add", *id).await?)
            })
        })
        .await?;
    Ok(Secrets { id, secret: shown })
}

/// Webhooks of an organization, or of all.
pub async fn list(services: &Services, organization: Option<OrganizationId>) -> Result<Vec<Webhook>, Fault> {
    services
        .db
        .read(organization, |organization, snapshot| {
            Box::pin(async move { Ok::<_, Fault>(webhooks::list(snapshot, *organization).await?) })
        })
        .await
}

async fn locked(tx: &Tx, id: WebhookId) -> Result<Webhook, Error> {
    let organization = webhooks::owner(tx, id).await?.ok_or(Error::NotFound("webhook"))?;
    webhooks::lock(tx, organization, id).await?.ok_or(Error::NotFound("webhook"))
}

/// Gives a webhook another secret. For so long messages are signed with the one before too.
pub async fn rotate(services: &Services, id: WebhookId, both: Duration) -> Result<Secrets, Error> {
    let secret = Secret::generate(services.entropy.as_ref());
    let shown = secret.text();
    services
        .db
        .write((services.clone(), id, secret, both), |(services, id, secret, both), tx| {
            Box::pin(async move {
                let row = locked(tx, *id).await?;
                let now = services.now();
                let keys = services.vault.organization(tx, row.organization).await?;
                let before = Secret::of(keys.open("webhook", "secret_sealed", id.0, &row.secret_sealed).map_err(Fault::from)?);
                let new = Webhook {
                    secret_sealed: column(&keys, *id, "secret_sealed", secret)?,
                    previous_sealed: Some(column(&keys, *id, "previous_sealed", &before)?),
                    previous_until: Some(now + *both),
                    key_version: keys.version(),
                    rotated_at: Some(now),
                    ..row
                };
                webhooks::update(tx, &new).await?;
                Ok::<_, Error>(log(tx, services, new.organization, "webhook.rotate", *id).await?)
            })
        })
        .await?;
    Ok(Secrets { id, secret: shown })
}

/// Disables a webhook. What waits for it is dropped when its turn comes.
pub async fn disable(services: &Services, id: WebhookId) -> Result<(), Error> {
    services
        .db
        .write((services.clone(), id), |(services, id), tx| {
            Box::pin(async move {
                let row = locked(tx, *id).await?;
                if row.disabled_at.is_none() {
                    disable_in(tx, services, &row, "operator").await?;
                    log(tx, services, row.organization, "webhook.disable", *id).await?;
                }
                Ok(())
            })
        })
        .await
}

async fn disable_in(tx: &Tx, services: &Services, row: &Webhook, why: &str) -> Result<(), Fault> {
    let (disabled_at, disabled_reason) = (Some(services.now()), Some(why.to_owned()));
    Ok(webhooks::update(tx, &Webhook { slot: None, disabled_at, disabled_reason, ..row.clone() }).await?)
}

/// Disables a webhook whose receiver says that it is gone (410).
pub(super) async fn gone(services: &Services, organization: OrganizationId, id: WebhookId) -> Result<(), Fault> {
    services
        .db
        .write((services.clone(), organization, id), |(services, organization, id), tx| {
            Box::pin(async move {
                let Some(row) = webhooks::lock(tx, *organization, *id).await?.filter(|row| row.disabled_at.is_none()) else {
                    return Ok(());
                };
                disable_in(tx, services, &row, "gone").await?;
                let deed = Deed::done("webhook.disable", Some(("webhook", id.0)), Vec::new());
                audit::write(tx, services, &Caller::system(*organization, "job:deliver"), &deed).await?;
                tracing::error!(webhook = %id, "the receiver says that it is gone; the webhook is disabled");
                Ok::<_, Fault>(())
            })
        })
        .await
}

/// Enables a webhook again.
pub async fn enable(services: &Services, id: WebhookId) -> Result<(), Error> {
    services
        .db
        .write((services.clone(), id), |(services, id), tx| {
            Box::pin(async move {
                let row = locked(tx, *id).await?;
                if row.disabled_at.is_some() {
                    let slot = Some(webhooks::free_slot(tx, row.organization).await?.ok_or(Error::Full)?);
                    webhooks::update(tx, &Webhook { slot, disabled_at: None, disabled_reason: None, ..row.clone() }).await?;
                    log(tx, services, row.organization, "webhook.enable", *id).await?;
                }
                Ok(())
            })
        })
        .await
}

/// Sends a message of the type `webhook.test` now; gives the status of the answer, or the code of what
/// failed.
pub async fn test(services: &Services, id: WebhookId) -> Result<Result<u16, Cow<'static, str>>, Error> {
    let (row, keys) = services
        .db
        .read((services.clone(), id), |(services, id), snapshot| {
            Box::pin(async move {
                let row = one(snapshot, *id).await?;
                let keys = services.vault.organization(snapshot, row.organization).await?;
                Ok::<_, Error>((row, keys))
            })
        })
        .await?;
    if row.disabled_at.is_some() {
        return Err(Error::Disabled);
    }
    let now = services.now();
    let message = Uuid::from(WebhookId::new(now, services.entropy.as_ref()));
    Ok(post(services, &keys, &row, message, trial(services, &row, message, now)).await.map_err(|failure| failure.code))
}

async fn one(reader: &impl Reader, id: WebhookId) -> Result<Webhook, Error> {
    let organization = webhooks::owner(reader, id).await?.ok_or(Error::NotFound("webhook"))?;
    webhooks::find(reader, organization, id).await?.ok_or(Error::NotFound("webhook"))
}
