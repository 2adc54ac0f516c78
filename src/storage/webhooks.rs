//! Webhooks of other systems, and the messages of an event to those that want it.

use super::entity::{outbox, webhook};
use super::{Reader, StorageError, Tx, outbox as messages};
use crate::domain::delivery::{Channel, DeliveryState};
use crate::domain::event::{Event, EventKind};
use crate::domain::ids::{ClientId, OrganizationId, WebhookId};
use chrono::{DateTime, Utc};
use sea_orm::sea_query::{CaseStatement, Expr, Func, Query, SelectStatement};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, ExprTrait, QueryFilter, QueryOrder};
use std::collections::BTreeSet;
use uuid::Uuid;

type Result<T> = std::result::Result<T, StorageError>;

/// Webhooks that an organization can have enabled at a time.
pub const SLOTS: u8 = 10;

/// A webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// Id.
    pub id: WebhookId,
    /// The tenant.
    pub organization: OrganizationId,
    /// Where to.
    pub url: String,
    /// What it wants to be told of.
    pub events: BTreeSet<EventKind>,
    /// Its place among the enabled ones; `None` while it is disabled.
    pub slot: Option<i32>,
    /// Secret that signs.
    pub secret_sealed: Vec<u8>,
    /// The secret before, which signs too until `previous_until`.
    pub previous_sealed: Option<Vec<u8>>,
    /// End of the change.
    pub previous_until: Option<DateTime<Utc>>,
    /// Version of the organization's key that sealed them.
    pub key_version: u16,
    /// Added.
    pub created_at: DateTime<Utc>,
    /// Secret changed last.
    pub rotated_at: Option<DateTime<Utc>>,
    /// Disabled.
    pub disabled_at: Option<DateTime<Utc>>,
    /// Why: `operator`, `gone` or `ended`.
    pub disabled_reason: Option<String>,
    /// What a client said that asked for it over FHIR; an operator's has none.
    pub subscription: Option<Subscription>,
}

/// What a client said when it asked to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// The client, who alone sees it.
    pub client: ClientId,
    /// Why.
    pub reason: String,
    /// The search that what is told of fits.
    pub criteria: String,
    /// Media type of what is sent; `None`: nothing but the request.
    pub payload: Option<String>,
    /// Headers of the request, under the organization's key.
    pub headers_sealed: Option<Vec<u8>>,
    /// When it is over.
    pub ends_at: Option<DateTime<Utc>>,
}

/// The words of the events, each with a blank before and after.
fn words(events: &BTreeSet<EventKind>) -> String {
    let words: Vec<&str> = events.iter().map(|kind| kind.word()).collect();
    format!(" {} ", words.join(" "))
}

pub(super) fn from(row: webhook::Model) -> Result<Webhook> {
    let subscription = match (row.client_id, row.reason, row.criteria) {
        (Some(client), Some(reason), Some(criteria)) => Some(Subscription {
            client: client.into(),
            reason,
            criteria,
            payload: row.payload,
            headers_sealed: row.headers_sealed,
            ends_at: row.ends_at,
        }),
        _ => None,
    };
    let events: Option<BTreeSet<EventKind>> = row.events.split_whitespace().map(EventKind::parse).collect();
    Ok(Webhook {
        id: row.id.into(),
        organization: row.organization_id.into(),
        url: row.url,
        events: events.ok_or(StorageError::Corrupt("events of a webhook"))?,
        slot: row.slot,
        secret_sealed: row.secret_sealed,
        previous_sealed: row.previous_sealed,
        previous_until: row.previous_until,
        key_version: u16::try_from(row.key_version).map_err(|_| StorageError::Corrupt("key version"))?,
        created_at: row.created_at,
        rotated_at: row.rotated_at,
        disabled_at: row.disabled_at,
        disabled_reason: row.disabled_reason,
        subscription,
    })
}

/// Adds a webhook.
pub async fn insert(tx: &Tx, webhook: &Webhook) -> Result<()> {
    let own = webhook.subscription.as_ref();
    let row = webhook::ActiveModel {
        id: Set(webhook.id.0),
        organization_id: Set(webhook.organization.0),
        url: Set(webhook.url.clone()),
        events: Set(words(&webhook.events)),
        slot: Set(webhook.slot),
        secret_sealed: Set(webhook.secret_sealed.clone()),
        previous_sealed: Set(webhook.previous_sealed.clone()),
        previous_until: Set(webhook.previous_until),
        key_version: Set(i32::from(webhook.key_version)),
        created_at: Set(webhook.created_at),
        rotated_at: Set(webhook.rotated_at),
        disabled_at: Set(webhook.disabled_at),
        disabled_reason: Set(webhook.disabled_reason.clone()),
        client_id: Set(own.map(|own| own.client.0)),
        reason: Set(own.map(|own| own.reason.clone())),
        criteria: Set(own.map(|own| own.criteria.clone())),
        payload: Set(own.and_then(|own| own.payload.clone())),
        headers_sealed: Set(own.and_then(|own| own.headers_sealed.clone())),
        ends_at: Set(own.and_then(|own| own.ends_at)),
        told: Set(0),
    };
    webhook::Entity::insert(row).exec_without_returning(tx.transaction()).await?;
    Ok(())
}

/// Writes what can change: secrets, and whether it is enabled.
pub async fn update(tx: &Tx, webhook: &Webhook) -> Result<()> {
    let row = webhook::ActiveModel {
        slot: Set(webhook.slot),
        secret_sealed: Set(webhook.secret_sealed.clone()),
        previous_sealed: Set(webhook.previous_sealed.clone()),
        previous_until: Set(webhook.previous_until),
        key_version: Set(i32::from(webhook.key_version)),
        rotated_at: Set(webhook.rotated_at),
        disabled_at: Set(webhook.disabled_at),
        disabled_reason: Set(webhook.disabled_reason.clone()),
        headers_sealed: Set(webhook.subscription.as_ref().and_then(|own| own.headers_sealed.clone())),
        ..Default::default()
    };
    webhook::Entity::update_many().set(row).filter(webhook::Column::Id.eq(webhook.id.0)).exec(tx.transaction()).await?;
    Ok(())
}

/// A webhook by its id.
pub async fn find(reader: &impl Reader, organization: OrganizationId, id: WebhookId) -> Result<Option<Webhook>> {
    let query = webhook::Entity::find_by_id(id.0).filter(webhook::Column::OrganizationId.eq(organization.0));
    query.one(reader.transaction()).await?.map(from).transpose()
}

/// The organization of a webhook: for the operator's commands, which name the webhook alone.
pub async fn owner(reader: &impl Reader, id: WebhookId) -> Result<Option<OrganizationId>> {
    Ok(webhook::Entity::find_by_id(id.0).one(reader.transaction()).await?.map(|row| row.organization_id.into()))
}

/// The same under its lock.
pub async fn lock(tx: &Tx, organization: OrganizationId, id: WebhookId) -> Result<Option<Webhook>> {
    use sea_orm::QuerySelect;
    let query = webhook::Entity::find_by_id(id.0).filter(webhook::Column::OrganizationId.eq(organization.0)).lock_exclusive();
    query.one(tx.transaction()).await?.map(from).transpose()
}

/// Webhooks of an organization, or of all, oldest first.
pub async fn list(reader: &impl Reader, organization: Option<OrganizationId>) -> Result<Vec<Webhook>> {
    let mut query = webhook::Entity::find().order_by_asc(webhook::Column::Id);
    if let Some(organization) = organization {
        query = query.filter(webhook::Column::OrganizationId.eq(organization.0));
    }
    query.all(reader.transaction()).await?.into_iter().map(from).collect()
}

/// Deletes a webhook.
pub async fn delete(tx: &Tx, id: WebhookId) -> Result<()> {
    webhook::Entity::delete_by_id(id.0).exec(tx.transaction()).await?;
    Ok(())
}

/// Takes their places from those whose time is over.
pub async fn release_ended(tx: &Tx, organization: OrganizationId, now: DateTime<Utc>) -> Result<()> {
    let over = webhook::ActiveModel {
        slot: Set(None),
        disabled_at: Set(Some(now)),
        disabled_reason: Set(Some("ended".to_owned())),
        ..Default::default()
    };
    let which = webhook::Entity::update_many()
        .set(over)
        .filter(webhook::Column::OrganizationId.eq(organization.0))
        .filter(webhook::Column::Slot.is_not_null())
        .filter(webhook::Column::EndsAt.lte(now));
    which.exec(tx.transaction()).await?;
    Ok(())
}

/// Which of all that a webhook was told a message is, from 1: the next number the first time it is asked for.
pub async fn number(tx: &Tx, organization: OrganizationId, webhook: WebhookId, message: Uuid) -> Result<Option<i32>> {
    use sea_orm::QuerySelect;
    let own = webhook::Entity::find_by_id(webhook.0).filter(webhook::Column::OrganizationId.eq(organization.0)).lock_exclusive();
    let Some(own) = own.one(tx.transaction()).await? else { return Ok(None) };
    let known = outbox::Entity::find_by_id(message).one(tx.transaction()).await?.and_then(|row| row.number);
    if known.is_some() {
        return Ok(known);
    }
    let next = own.told + 1;
    let told = webhook::ActiveModel { told: Set(next), ..Default::default() };
    webhook::Entity::update_many().set(told).filter(webhook::Column::Id.eq(webhook.0)).exec(tx.transaction()).await?;
    let numbered = outbox::ActiveModel { number: Set(Some(next)), ..Default::default() };
    outbox::Entity::update_many().set(numbered).filter(outbox::Column::Id.eq(message)).exec(tx.transaction()).await?;
    Ok(Some(next))
}

/// The first free place among an organization's enabled webhooks. Two at once meet at the place.
pub async fn free_slot(tx: &Tx, organization: OrganizationId) -> Result<Option<i32>> {
    let taken: BTreeSet<i32> = list(tx, Some(organization)).await?.into_iter().filter_map(|webhook| webhook.slot).collect();
    Ok((0..i32::from(SLOTS)).find(|slot| !taken.contains(slot)))
}

/// The id of the message to the webhook in a place: they differ in their last byte.
fn id_in(slot: u8, id: Uuid) -> Uuid {
    let mut bytes = id.into_bytes();
    bytes[15] ^= slot;
    Uuid::from_bytes(bytes)
}

/// Who wants to be told, as rows of the outbox. `id` is that of the message to the first place.
fn wanted(event: &Event, id: Uuid, now: DateTime<Utc>, give_up_at: DateTime<Utc>) -> SelectStatement {
    let word = event.kind.word();
    let subject = event.subject();
    let ids = (0..SLOTS)
        .fold(CaseStatement::new(), |ids, slot| ids.case(Expr::col(webhook::Column::Slot).eq(i32::from(slot)), Expr::val(id_in(slot, id))));
    let once = format!("{word}:{subject}:{}:", event.response.map_or(event.occasion.clone(), |(_, version)| version.to_string()));
    Query::select()
        .expr(ids)
        .column(webhook::Column::OrganizationId)
        .expr(Expr::val(Channel::Webhook.word()))
        .expr(Expr::val(word))
        .column(webhook::Column::Id)
        .expr(Expr::val(subject))
        .expr(Expr::val(event.response.map(|(_, version)| version)))
        .expr(Func::cust("concat").arg(Expr::val(once)).arg(Expr::col(webhook::Column::Slot)))
        .expr(Expr::val(DeliveryState::Waiting.word()))
        .expr(Expr::val(0))
        .expr(Expr::val(now))
        .expr(Expr::val(give_up_at))
        .expr(Expr::val(now))
        .from(webhook::Entity)
        .and_where(Expr::col(webhook::Column::OrganizationId).eq(event.organization.0))
        .and_where(Expr::col(webhook::Column::Slot).is_not_null())
        .and_where(Expr::col(webhook::Column::EndsAt).is_null().or(Expr::col(webhook::Column::EndsAt).gt(now)))
        .and_where(Expr::col(webhook::Column::Events).like(format!("% {word} %")))
        .to_owned()
}

/// Writes a message for each enabled webhook that wants to be told of the event: one statement, whether
/// there are any or none. Says how many.
pub async fn announce(tx: &Tx, event: &Event, id: Uuid, now: DateTime<Utc>, give_up_at: DateTime<Utc>) -> Result<u64> {
    let mut insert = Query::insert();
    insert.into_table(outbox::Entity).columns([
        outbox::Column::Id,
        outbox::Column::OrganizationId,
        outbox::Column::Channel,
        outbox::Column::Event,
        outbox::Column::TargetId,
        outbox::Column::SubjectId,
        outbox::Column::Version,
        outbox::Column::Once,
        outbox::Column::State,
        outbox::Column::Attempts,
        outbox::Column::NextAt,
        outbox::Column::GiveUpAt,
        outbox::Column::CreatedAt,
    ]);
    // As many expressions as columns.
    insert.select_from(wanted(event, id, now, give_up_at)).map_err(|_| StorageError::Statement("columns of the outbox".to_owned()))?;
    insert.on_conflict(messages::once());
    Ok(tx.transaction().execute(&insert).await?.rows_affected())
}
