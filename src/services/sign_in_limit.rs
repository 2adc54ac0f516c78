//! How many sign-ins may be begun from one block of addresses: each costs the provider a request of ours.
//!
//! A sign-in is counted when it begins, in the same table as wrong attempts, and taken back when it was
//! finished: many people who sign in behind one address, as in a hospital, do not use the limit up.

use super::Services;
use super::sign_in::Error;
use crate::crypto::hash::{Label, lookup};
use crate::crypto::ring::Purpose;
use crate::domain::attempts::{ADDRESS_WINDOW_MINUTES, SIGN_INS_PER_ADDRESS, address_block, window_start};
use crate::storage::attempts::{self, Counter, Scope};
use chrono::{DateTime, Duration, Utc};
use std::net::IpAddr;

fn counter(services: &Services, address: IpAddr, began: DateTime<Utc>) -> Result<Counter, Error> {
    let key = services.ring.current(Purpose::Lookup)?;
    Ok(Counter {
        scope: Scope::SignIn,
        subject_hash: lookup(&key, Label::Address, address_block(address).as_bytes()),
        subject_key_version: key.version(),
        window_start: window_start(began, ADDRESS_WINDOW_MINUTES),
    })
}

/// Counts a sign-in that begins now. [`Error::Wait`] where too many were begun from there and not finished.
pub(super) async fn count(services: &Services, address: IpAddr) -> Result<(), Error> {
    let now = services.now();
    let counter = counter(services, address, now)?;
    let over = counter.window_start + Duration::minutes(ADDRESS_WINDOW_MINUTES);
    let reserved = services
        .db
        .write((counter, now), |(counter, now), tx| {
            Box::pin(async move { Ok::<_, Error>(attempts::reserve(tx, counter, SIGN_INS_PER_ADDRESS, |_| Duration::zero(), *now).await?) })
        })
        .await?;
    // Whole seconds, so that who waits for so many is let in.
    let wait = (over - now + Duration::microseconds(999_999)).num_seconds().max(1);
    reserved.map(|_| ()).ok_or(Error::Wait(wait))
}

/// Takes a sign-in back that began then and was finished.
pub(super) async fn release(services: &Services, address: IpAddr, began: DateTime<Utc>) -> Result<(), Error> {
    let counter = counter(services, address, began)?;
    services.db.write(counter, |counter, tx| Box::pin(async move { Ok::<_, Error>(attempts::release(tx, counter).await?) })).await
}
