//! The outbox: what is to go out, written in the transaction of what it tells of, and how far it is.
//! Rows hold ids only; what is sent is put together when it is sent.

use super::entity::outbox;
use super::{Reader, StorageError, Tx};
use crate::domain::delivery::{Channel, DeliveryState};
use crate::domain::ids::OrganizationId;
use chrono::{DateTime, Utc};
use sea_orm::sea_query::{Expr, LockBehavior, LockType, OnConflict};
use sea_orm::{ActiveValue::Set, ColumnTrait, Condition, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect};
use std::borrow::Cow;
use std::collections::BTreeSet;
use uuid::Uuid;

type Result<T> = std::result::Result<T, StorageError>;

/// Messages of one target that are taken at once.
const EACH: u64 = 8;

/// A message to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewMessage {
    /// Id: also the Message-ID or `webhook-id`, so that a repeat is recognised.
    pub id: Uuid,
    /// The tenant.
    pub organization: OrganizationId,
    /// By which way.
    pub channel: Channel,
    /// Word of the event.
    pub event: String,
    /// The webhook, or the unit that is written to; none for a patient.
    pub target: Option<Uuid>,
    /// What it is about: an invitation, a response or a unit.
    pub subject: Uuid,
    /// Version of the response.
    pub version: Option<i32>,
    /// What makes it happen once: unique in the organization.
    pub once: String,
    /// When it is dead if it has not gone out.
    pub give_up_at: DateTime<Utc>,
}

/// A message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Id.
    pub id: Uuid,
    /// The tenant.
    pub organization: OrganizationId,
    /// By which way.
    pub channel: Channel,
    /// Word of the event.
    pub event: String,
    /// The webhook, or the unit that is written to; none for a patient.
    pub target: Option<Uuid>,
    /// What it is about.
    pub subject: Uuid,
    /// Version of the response.
    pub version: Option<i32>,
    /// How far it is.
    pub state: DeliveryState,
    /// How often it was tried.
    pub attempts: u32,
    /// When it is tried next.
    pub next_at: DateTime<Utc>,
    /// When it is dead if it has not gone out.
    pub give_up_at: DateTime<Utc>,
    /// When it happened.
    pub created_at: DateTime<Utc>,
    /// When it was sent or given up.
    pub ended_at: Option<DateTime<Utc>>,
    /// Code of the last failure.
    pub failure: Option<String>,
}

fn from(row: outbox::Model) -> Result<Message> {
    Ok(Message {
        id: row.id,
        organization: row.organization_id.into(),
        channel: Channel::parse(&row.channel).ok_or(StorageError::Corrupt("channel of a message"))?,
        event: row.event,
        target: row.target_id,
        subject: row.subject_id,
        version: row.version,
        state: DeliveryState::parse(&row.state).ok_or(StorageError::Corrupt("state of a message"))?,
        attempts: u32::try_from(row.attempts).map_err(|_| StorageError::Corrupt("attempts of a message"))?,
        next_at: row.next_at,
        give_up_at: row.give_up_at,
        created_at: row.created_at,
        ended_at: row.ended_at,
        failure: row.failure,
    })
}

/// Writes a message that is due at once. Does nothing when one with the same `once` exists; false then.
pub async fn put(tx: &Tx, message: &NewMessage, now: DateTime<Utc>) -> Result<bool> {
    let row = outbox::ActiveModel {
        id: Set(message.id),
        organization_id: Set(message.organization.0),
        channel: Set(message.channel.word().to_owned()),
        event: Set(message.event.clone()),
        target_id: Set(message.target),
        subject_id: Set(message.subject),
        version: Set(message.version),
        once: Set(message.once.clone()),
        state: Set(DeliveryState::Waiting.word().to_owned()),
        attempts: Set(0),
        next_at: Set(now),
        give_up_at: Set(message.give_up_at),
        leased_until: Set(None),
        created_at: Set(now),
        ended_at: Set(None),
        failure: Set(None),
        number: Set(None),
    };
    let done = outbox::Entity::insert(row).on_conflict(once()).exec_without_returning(tx.transaction()).await?;
    Ok(done == 1)
}

/// What has happened before does not happen again.
pub(super) fn once() -> OnConflict {
    OnConflict::columns([outbox::Column::OrganizationId, outbox::Column::Once]).do_nothing().to_owned()
}

fn waiting() -> Condition {
    Condition::all().add(outbox::Column::State.eq(DeliveryState::Waiting.word()))
}

fn free(now: DateTime<Utc>) -> Condition {
    Condition::any().add(outbox::Column::LeasedUntil.is_null()).add(outbox::Column::LeasedUntil.lte(now))
}

fn due(now: DateTime<Utc>) -> Condition {
    waiting().add(outbox::Column::NextAt.lte(now)).add(free(now))
}

/// Whether anything is to be sent now: a look that costs no write.
pub async fn any_due(reader: &impl Reader, now: DateTime<Utc>) -> Result<bool> {
    let found: Option<Uuid> =
        outbox::Entity::find().select_only().column(outbox::Column::Id).filter(due(now)).into_tuple().one(reader.transaction()).await?;
    Ok(found.is_some())
}

type Target = (String, Option<Uuid>);

/// Takes messages that are due, of at most `targets` targets and a few of each, the longest due first.
/// They are nobody else's until `lease_until`. A target of which somebody has a message is left alone;
/// mail to patients has none, and is never left alone.
pub async fn claim(tx: &Tx, now: DateTime<Utc>, lease_until: DateTime<Utc>, targets: u64) -> Result<Vec<Message>> {
    let columns = [outbox::Column::Channel, outbox::Column::TargetId];
    let busy: Vec<Target> = outbox::Entity::find()
        .select_only()
        .columns(columns)
        .distinct()
        .filter(waiting().add(outbox::Column::LeasedUntil.gt(now)).add(outbox::Column::TargetId.is_not_null()))
        .into_tuple()
        .all(tx.transaction())
        .await?;
    let busy: BTreeSet<Target> = busy.into_iter().collect();
    let number = u64::try_from(busy.len()).unwrap_or(u64::MAX);
    let due_targets: Vec<Target> = outbox::Entity::find()
        .select_only()
        .columns(columns)
        .filter(due(now))
        .group_by(outbox::Column::Channel)
        .group_by(outbox::Column::TargetId)
        .order_by_asc(outbox::Column::NextAt.min())
        .order_by_asc(outbox::Column::Channel)
        .order_by_asc(outbox::Column::TargetId)
        .limit(targets.saturating_add(number))
        .into_tuple()
        .all(tx.transaction())
        .await?;
    let free = due_targets.into_iter().filter(|target| !busy.contains(target)).take(usize::try_from(targets).unwrap_or(usize::MAX));
    let mut taken = Vec::new();
    for (channel, target) in free {
        taken.extend(claim_of(tx, &channel, target, now).await?);
    }
    if !taken.is_empty() {
        outbox::Entity::update_many()
            .set(outbox::ActiveModel { leased_until: Set(Some(lease_until)), ..Default::default() })
            .filter(outbox::Column::Id.is_in(taken.iter().map(|row| row.id)))
            .exec(tx.transaction())
            .await?;
    }
    taken.into_iter().map(from).collect()
}

async fn claim_of(tx: &Tx, channel: &str, target: Option<Uuid>, now: DateTime<Utc>) -> Result<Vec<outbox::Model>> {
    let own = match target {
        Some(target) => outbox::Column::TargetId.eq(target),
        None => outbox::Column::TargetId.is_null(),
    };
    let query = outbox::Entity::find()
        .filter(due(now))
        .filter(outbox::Column::Channel.eq(channel))
        .filter(own)
        .order_by_asc(outbox::Column::NextAt)
        .order_by_asc(outbox::Column::Id)
        .limit(EACH);
    // Another instance may be taking them at this moment.
    Ok(query.lock_with_behavior(LockType::Update, LockBehavior::SkipLocked).all(tx.transaction()).await?)
}

/// How a try ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settled {
    /// It went out.
    Sent,
    /// It is tried again at this time, because of this.
    Again(DateTime<Utc>, Cow<'static, str>),
    /// It is given up, because of this.
    Dead(Cow<'static, str>),
    /// There is no reason left to send it.
    Dropped(Cow<'static, str>),
    /// It was not tried: somebody else may.
    Untried,
}

/// Writes how a try ended. One that has ended meanwhile stays as it is.
pub async fn settle(tx: &Tx, id: Uuid, settled: &Settled, now: DateTime<Utc>) -> Result<()> {
    let mut row = outbox::ActiveModel { leased_until: Set(None), ..Default::default() };
    let mut ended = |state: DeliveryState, failure: Option<&str>| {
        row.state = Set(state.word().to_owned());
        row.ended_at = Set(Some(now));
        row.failure = Set(failure.map(str::to_owned));
    };
    match settled {
        Settled::Sent => ended(DeliveryState::Sent, None),
        Settled::Dead(failure) => ended(DeliveryState::Dead, Some(failure)),
        Settled::Dropped(failure) => ended(DeliveryState::Dropped, Some(failure)),
        Settled::Again(at, failure) => {
            row.next_at = Set(*at);
            row.failure = Set(Some(failure.to_string()));
        }
        Settled::Untried => {}
    }
    let tried = i32::from(*settled != Settled::Untried);
    outbox::Entity::update_many()
        .set(row)
        .col_expr(outbox::Column::Attempts, Expr::col(outbox::Column::Attempts).add(tried))
        .filter(outbox::Column::Id.eq(id))
        .filter(waiting())
        .exec(tx.transaction())
        .await?;
    Ok(())
}

/// Which messages are asked for; what is not given is not asked.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// How far.
    pub state: Option<DeliveryState>,
    /// By which way.
    pub channel: Option<Channel>,
    /// To which webhook or unit.
    pub target: Option<Uuid>,
    /// Word of the event.
    pub event: Option<String>,
    /// Happened at this time or later.
    pub since: Option<DateTime<Utc>>,
}

/// Messages of an organization, newest first, those before `before` where it is given.
pub async fn page(
    reader: &impl Reader,
    organization: OrganizationId,
    filter: &Filter,
    before: Option<Uuid>,
    limit: u64,
) -> Result<Vec<Message>> {
    let mut query =
        outbox::Entity::find().filter(outbox::Column::OrganizationId.eq(organization.0)).order_by_desc(outbox::Column::Id).limit(limit);
    if let Some(state) = filter.state {
        query = query.filter(outbox::Column::State.eq(state.word()));
    }
    if let Some(channel) = filter.channel {
        query = query.filter(outbox::Column::Channel.eq(channel.word()));
    }
    if let Some(target) = filter.target {
        query = query.filter(outbox::Column::TargetId.eq(target));
    }
    if let Some(event) = &filter.event {
        query = query.filter(outbox::Column::Event.eq(event));
    }
    if let Some(since) = filter.since {
        query = query.filter(outbox::Column::CreatedAt.gte(since));
    }
    if let Some(before) = before {
        query = query.filter(outbox::Column::Id.lt(before));
    }
    query.all(reader.transaction()).await?.into_iter().map(from).collect()
}

/// One message.
pub async fn find(reader: &impl Reader, organization: OrganizationId, id: Uuid) -> Result<Option<Message>> {
    let query = outbox::Entity::find_by_id(id).filter(outbox::Column::OrganizationId.eq(organization.0));
    query.one(reader.transaction()).await?.map(from).transpose()
}

/// The same under its lock.
pub async fn lock(tx: &Tx, organization: OrganizationId, id: Uuid) -> Result<Option<Message>> {
    let query = outbox::Entity::find_by_id(id).filter(outbox::Column::OrganizationId.eq(organization.0)).lock_exclusive();
    query.one(tx.transaction()).await?.map(from).transpose()
}

/// Lets a message be tried again from the beginning, until `give_up_at`.
pub async fn retry(tx: &Tx, id: Uuid, now: DateTime<Utc>, give_up_at: DateTime<Utc>) -> Result<()> {
    let row = outbox::ActiveModel {
        state: Set(DeliveryState::Waiting.word().to_owned()),
        attempts: Set(0),
        next_at: Set(now),
        give_up_at: Set(give_up_at),
        ended_at: Set(None),
        ..Default::default()
    };
    outbox::Entity::update_many().set(row).filter(outbox::Column::Id.eq(id)).exec(tx.transaction()).await?;
    Ok(())
}

/// Deletes what ended before `before`, the dead only when before `dead_before`; says how many.
pub async fn purge(tx: &Tx, before: DateTime<Utc>, dead_before: DateTime<Utc>) -> Result<u64> {
    let dead = outbox::Column::State.eq(DeliveryState::Dead.word());
    let past = Condition::any()
        .add(Condition::all().add(outbox::Column::EndedAt.lt(before)).add(dead.clone().not()))
        .add(Condition::all().add(outbox::Column::EndedAt.lt(dead_before)).add(dead));
    Ok(outbox::Entity::delete_many().filter(past).exec(tx.transaction()).await?.rows_affected)
}
