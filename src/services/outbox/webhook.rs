//! Sends a message to a webhook, signed as Standard Webhooks has it. What is sent are ids: who needs
//! more asks for it with a scope of its own.

use super::{Failure, Message};
use crate::crypto::guarded::Failed;
use crate::domain::event::EventKind;
use crate::domain::ids::{InvitationId, ResponseId, WebhookId};
use crate::fhir::write::{Notification, notification};
use crate::services::fhir::subscriptions::sent_with;
use crate::services::vault::OrganizationKeys;
use crate::services::webhooks::{gone, secrets};
use crate::services::{Fault, Services};
use crate::storage::webhooks::{self, Subscription, Webhook};
use crate::storage::{Snapshot, invitations, responses};
use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};
use std::sync::Arc;
use uuid::Uuid;

/// What is sent, and to whom.
struct Parcel {
    webhook: Webhook,
    keys: Arc<OrganizationKeys>,
    body: Value,
    /// The response, where the message is about one.
    response: Option<ResponseId>,
}

/// Sends.
pub(super) async fn send(services: &Services, message: &Message) -> Result<(), Failure> {
    let parcel = services
        .db
        .read((services.clone(), message.clone()), |(services, message), snapshot| Box::pin(parcel(services, snapshot, message)))
        .await?;
    let Parcel { webhook, keys, body, response } = parcel.ok_or_else(|| Failure::dropped("no-subject"))?;
    if webhook.disabled_at.is_some() {
        return Err(Failure::dropped("disabled"));
    }
    let body = match &webhook.subscription {
        None => Body::json(&body),
        Some(own) if own.ends_at.is_some_and(|end| end <= services.now()) => return Err(Failure::dropped("ended")),
        Some(own) => {
            let response = response.ok_or_else(|| Failure::dropped("no-subject"))?;
            let context = (webhook.organization, webhook.id, message.id);
            let number = services.db.write(context, |(organization, id, message), tx| {
                Box::pin(async move { Ok::<_, Fault>(webhooks::number(tx, *organization, *id, *message).await?) })
            });
            let number = number.await?.ok_or_else(|| Failure::dropped("no-subject"))?;
            let method = if message.event == EventKind::ResponseAmended.word() { "PUT" } else { "POST" };
            let event = Some((number, response.0));
            notified(services, own, &Notification { id: message.id, subscription: webhook.id.0, at: message.created_at, event, method })
        }
    };
    match post(services, &keys, &webhook, message.id, body).await? {
        200..=299 => Ok(()),
        // Standard Webhooks: the receiver wants no more.
        410 => {
            gone(services, webhook.organization, webhook.id).await?;
            Err(Failure::never("http-410"))
        }
        status => Err(Failure::again(format!("http-{status}"))),
    }
}

/// Puts together what is sent; `None` when what it tells of is no more.
async fn parcel(services: &Services, snapshot: &Snapshot, message: &Message) -> Result<Option<Parcel>, Fault> {
    let organization = message.organization;
    let Some(target) = message.target.map(WebhookId) else { return Ok(None) };
    let Some(webhook) = webhooks::find(snapshot, organization, target).await? else { return Ok(None) };
    let response = match message.version {
        Some(_) => responses::find(snapshot, organization, ResponseId(message.subject)).await?,
        None => None,
    };
    let invitation = match &response {
        Some(response) => response.invitation,
        None if message.version.is_none() => Some(InvitationId(message.subject)),
        None => None,
    };
    let Some(invitation) = invitation else { return Ok(None) };
    let Some(row) = invitations::find(snapshot, organization, invitation).await? else { return Ok(None) };
    let about = response.as_ref().map(|response| response.id);
    let mut data = json!({"organization": organization, "unit": row.unit, "invitation": row.id, "appointment": row.appointment});
    if let Some(response) = response {
        data["response"] = json!(response.id);
        data["version"] = json!(message.version);
    }
    let body = json!({"type": message.event, "timestamp": moment(message.created_at), "data": data});
    Ok(Some(Parcel { keys: services.vault.organization(snapshot, organization).await?, webhook, body, response: about }))
}

fn moment(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Micros, true)
}

/// What is posted.
pub(in crate::services) struct Body {
    media: Option<String>,
    bytes: Vec<u8>,
}

impl Body {
    fn json(body: &Value) -> Self {
        Self { media: Some("application/json".to_owned()), bytes: body.to_string().into_bytes() }
    }
}

/// What a client is told that asked for it over FHIR.
fn notified(services: &Services, own: &Subscription, told: &Notification<'_>) -> Body {
    let base = format!("{}/fhir", services.rules.base_url);
    let bytes = own.payload.as_ref().map(|_| notification(&base, told).to_string().into_bytes());
    Body { media: own.payload.clone(), bytes: bytes.unwrap_or_default() }
}

/// The body of a message that the operator sends to see whether it arrives.
pub(in crate::services) fn trial(services: &Services, webhook: &Webhook, id: Uuid, now: DateTime<Utc>) -> Body {
    if let Some(own) = &webhook.subscription {
        return notified(services, own, &Notification { id, subscription: webhook.id.0, at: now, event: None, method: "POST" });
    }
    let data = json!({"organization": webhook.organization, "webhook": webhook.id});
    Body::json(&json!({"type": "webhook.test", "timestamp": moment(now), "data": data}))
}

/// Signs and posts; gives the status of the answer.
pub(in crate::services) async fn post(
    services: &Services,
    keys: &OrganizationKeys,
    webhook: &Webhook,
    id: Uuid,
    Body { media, bytes: body }: Body,
) -> Result<u16, Failure> {
    let (now, id) = (services.now(), id.to_string());
    let secrets = secrets(keys, webhook, now).map_err(Fault::from)?;
    // The present secret first; during a change the one before too.
    let signatures: Vec<String> = secrets.iter().map(|secret| secret.sign(&id, now.timestamp(), &body)).collect();
    let own = sent_with(keys, webhook)?;
    let mut headers =
        vec![("webhook-id", id), ("webhook-timestamp", now.timestamp().to_string()), ("webhook-signature", signatures.join(" "))];
    headers.extend(media.map(|media| ("content-type", media)));
    headers.extend(own.iter().map(|(name, value)| (name.as_str(), value.clone())));
    services.outward.post(&webhook.url, &headers, body).await.map_err(|failed: Failed| Failure::again(failed.code()))
}
