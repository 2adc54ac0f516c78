//! Work that is safe to repeat: the key is taken in a commit of its own, the outcome is recorded in
//! the transaction of the work, and a repeat gets the recorded outcome.

use super::fault::{Fault, unit_error};
use super::{Caller, Services};
use crate::crypto::hash::{Label, lookup};
use crate::crypto::ring::Purpose;
use crate::domain::ids::uuid_v7;
use crate::storage::idempotency::{self, Key, Use};
use uuid::Uuid;

/// What a key asks for.
#[derive(Debug, Clone)]
pub struct Repeatable {
    /// As the caller chose it.
    pub key: String,
    /// Operation.
    pub operation: String,
    /// The request's body, as it was received; where there is none, the object.
    pub body: Vec<u8>,
}

/// Why the work can't begin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The same key is being worked on.
    #[error("a request with this key is in flight")]
    InFlight,
    /// The key was used with another body.
    #[error("the key was used with another body")]
    BodyDiffers,
    /// Below.
    #[error(transparent)]
    Fault(#[from] Fault),
}

unit_error!(Error);

/// How to go on.
#[derive(Debug, Clone)]
pub enum Begun {
    /// Do the work and [`finish`](idempotency::finish) this use in its transaction.
    Work(Use),
    /// It was done: this is the recorded outcome.
    Replay(String),
}

/// Takes the key, or finds what came of it.
pub async fn begin(services: &Services, caller: &Caller, request: &Repeatable) -> Result<Begun, Error> {
    let now = services.now();
    let hash_key = services.ring.current(Purpose::Lookup)?;
    let begun = Use {
        key: Key {
            organization: caller.actor.organization(),
            caller: caller.actor.id().unwrap_or(Uuid::nil()),
            operation: request.operation.clone(),
            key: request.key.clone(),
        },
        attempt: uuid_v7(now, services.entropy.as_ref()),
        body_hash: lookup(&hash_key, Label::Body, &request.body),
        body_key_version: hash_key.version(),
        locked_until: now + services.rules.idempotency_lock,
    };
    let context = (services.clone(), begun, request.body.clone());
    services
        .db
        .write(context, move |(services, begun, body), tx| {
            Box::pin(async move {
                let known = idempotency::lock(tx, &begun.key).await?;
                let over = known.as_ref().map(|known| known.attempt);
                if let Some(known) = known {
                    let kept = known.created_at + services.rules.idempotency_kept > now;
                    let lost = known.outcome.is_none() && known.locked_until <= now;
                    if kept && !lost {
                        let key = services.ring.get(Purpose::Lookup, known.body_key_version)?;
                        if lookup(&key, Label::Body, body) != known.body_hash {
                            return Err(Error::BodyDiffers);
                        }
                        return known.outcome.map(Begun::Replay).ok_or(Error::InFlight);
                    }
                }
                idempotency::begin(tx, begun, over, now).await?;
                Ok(Begun::Work(begun.clone()))
            })
        })
        .await
}

/// Lets the key go after refused work, so that a corrected request may use it.
pub async fn release(services: &Services, begun: Use) -> Result<(), Fault> {
    services.db.write(begun, |begun, tx| Box::pin(async move { Ok(idempotency::release(tx, begun).await?) })).await
}
