//! Sends what waits in the outbox. A message is taken in a short transaction, sent outside of any, and
//! settled in another one: who dies in between leaves it to the next one, who sends it again under the
//! same id. Every instance sends; nobody sends what another one has taken.
//!
//! To add a channel: a variant in `src/domain/delivery.rs`, a file here with `send`, its line in
//! `send`.

pub(super) mod mail;
pub(super) mod webhook;

use super::{Fault, Services};
use crate::domain::delivery::{Channel, TRIED_DAYS, wait};
use crate::storage::outbox::{self, Settled};
use chrono::Duration;
use futures::future::BoxFuture;
use futures::stream::{FuturesUnordered, StreamExt};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration as StdDuration;

pub use crate::storage::outbox::{Message, NewMessage};

/// Targets that are sent to at once.
const TARGETS: usize = 64;
/// How long a message that was taken is nobody else's: longer than a few tries of the slowest target.
const LEASE: Duration = Duration::minutes(2);
/// A message is not begun on when less of the lease is left than a try can take.
const RESERVE: Duration = Duration::seconds(45);
/// While slow targets are sent to, how often it is seen what has come for others.
const LOOK: StdDuration = StdDuration::from_secs(1);

/// A word that says what failed; never text of the other side.
pub type Code = Cow<'static, str>;

/// Why a message did not go out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Stable code, e.g. `refused`, `timeout`, `http-500`: docs/operations.md lists them.
    pub code: Code,
    /// What follows.
    pub kind: Kind,
}

/// What follows of a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It is tried again.
    Again,
    /// Trying again is of no use.
    Never,
    /// There is no reason left to send it.
    Dropped,
}

impl Failure {
    /// One that may pass.
    pub fn again(code: impl Into<Code>) -> Self {
        Self { code: code.into(), kind: Kind::Again }
    }

    /// One that stays.
    pub fn never(code: impl Into<Code>) -> Self {
        Self { code: code.into(), kind: Kind::Never }
    }

    /// No reason left to send it.
    pub fn dropped(code: impl Into<Code>) -> Self {
        Self { code: code.into(), kind: Kind::Dropped }
    }
}

impl From<Fault> for Failure {
    /// A fault of this installation is no fault of the message.
    fn from(fault: Fault) -> Self {
        tracing::warn!(%fault, "a message could not be put together; tried again later");
        Self::again("internal")
    }
}

impl From<crate::storage::StorageError> for Failure {
    fn from(error: crate::storage::StorageError) -> Self {
        Fault::from(error).into()
    }
}

/// When a message that is written now is given up.
pub fn give_up_at(services: &Services) -> chrono::DateTime<chrono::Utc> {
    services.now() + Duration::days(TRIED_DAYS)
}

async fn send(services: &Services, message: &Message) -> Result<(), Failure> {
    match message.channel {
        Channel::Webhook => webhook::send(services, message).await,
        Channel::Mail => mail::send(services, message).await,
    }
}

/// Sends what is due, until nothing is; gives how many went out.
pub async fn deliver(services: &Services) -> Result<u64, Fault> {
    deliver_while(services, || true).await
}

/// The same as long as `going` says so. What has been taken is finished.
pub async fn deliver_while(services: &Services, going: impl Fn() -> bool + Send) -> Result<u64, Fault> {
    deliver_to(services, TARGETS, going).await
}

/// The same to at most so many targets at once; to one after the other the order is a fixed one.
pub async fn deliver_to(services: &Services, targets: usize, going: impl Fn() -> bool + Send) -> Result<u64, Fault> {
    let mut running: FuturesUnordered<BoxFuture<'_, Result<u64, Fault>>> = FuturesUnordered::new();
    let mut sent = 0;
    let mut first_fault = None;
    loop {
        if going() && first_fault.is_none() {
            match take(services, targets.saturating_sub(running.len())).await {
                Ok(taken) => running.extend(by_target(taken).into_iter().map(|batch| in_turn(services, batch))),
                Err(fault) => first_fault = Some(fault),
            }
        }
        // Whoever is slow holds up nobody else: there is another look before long.
        match tokio::time::timeout(LOOK, running.next()).await {
            Ok(Some(Ok(done))) => sent += done,
            Ok(Some(Err(fault))) => first_fault = first_fault.or(Some(fault)),
            Ok(None) => return first_fault.map_or(Ok(sent), Err),
            Err(_) => {}
        }
    }
}

async fn take(services: &Services, targets: usize) -> Result<Vec<Message>, Fault> {
    let now = services.now();
    let some = targets > 0
        && services.db.read(now, |now, snapshot| Box::pin(async move { Ok::<_, Fault>(outbox::any_due(snapshot, *now).await?) })).await?;
    if !some {
        return Ok(Vec::new());
    }
    let context = (now, now + LEASE, u64::try_from(targets).unwrap_or(u64::MAX));
    services
        .db
        .write(context, |(now, until, targets), tx| {
            Box::pin(async move { Ok::<_, Fault>(outbox::claim(tx, *now, *until, *targets).await?) })
        })
        .await
}

/// Messages of one target together; those without one each by itself.
fn by_target(taken: Vec<Message>) -> Vec<Vec<Message>> {
    let mut targets: BTreeMap<(Channel, uuid::Uuid), Vec<Message>> = BTreeMap::new();
    for message in taken {
        targets.entry((message.channel, message.target.unwrap_or(message.id))).or_default().push(message);
    }
    targets.into_values().collect()
}

/// Sends messages of one target, one after the other, and stops at the first that fails for the
/// target's sake: the rest would fail as well.
fn in_turn(services: &Services, batch: Vec<Message>) -> BoxFuture<'_, Result<u64, Fault>> {
    Box::pin(async move {
        let until = services.now() + LEASE - RESERVE;
        let (mut sent, mut stop) = (0, false);
        for message in batch {
            if stop || services.now() >= until {
                settle(services, &message, Settled::Untried).await?;
                continue;
            }
            let outcome = send(services, &message).await;
            sent += u64::from(outcome.is_ok());
            stop = matches!(outcome, Err(Failure { kind: Kind::Again, .. }));
            settle(services, &message, settled(services, &message, outcome)).await?;
        }
        Ok(sent)
    })
}

fn settled(services: &Services, message: &Message, outcome: Result<(), Failure>) -> Settled {
    let Err(failure) = outcome else { return Settled::Sent };
    let now = services.now();
    match failure.kind {
        Kind::Dropped => Settled::Dropped(failure.code),
        Kind::Again if now < message.give_up_at => {
            let mut random = [0; 8];
            services.entropy.fill(&mut random);
            let next = now + wait(message.attempts.saturating_add(1), u64::from_le_bytes(random));
            // One last try when the time is over.
            Settled::Again(next.min(message.give_up_at), failure.code)
        }
        Kind::Again | Kind::Never => Settled::Dead(failure.code),
    }
}

async fn settle(services: &Services, message: &Message, settled: Settled) -> Result<(), Fault> {
    let result = match &settled {
        Settled::Sent => Some("sent"),
        Settled::Again(..) => Some("failed"),
        Settled::Dead(_) => Some("dead"),
        Settled::Dropped(_) => Some("dropped"),
        Settled::Untried => None,
    };
    if let Settled::Dead(code) = &settled {
        let (id, channel, event) = (message.id, message.channel.word(), &message.event);
        tracing::error!(%id, channel, event, %code, "a message was given up; see it in the deliveries, retry it when the cause is gone");
    }
    services
        .db
        .write((message.id, settled, services.now()), |(id, settled, now), tx| {
            Box::pin(async move { Ok::<_, Fault>(outbox::settle(tx, *id, settled, *now).await?) })
        })
        .await?;
    if let Some(result) = result {
        metrics::counter!("kartlegging_deliveries_total", "channel" => message.channel.word(), "result" => result).increment(1);
    }
    Ok(())
}
