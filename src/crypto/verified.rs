//! Tokens whose signature was verified a moment ago: a client that calls often costs one check a
//! minute. Times are checked at every use, and who the token names is no part of this.

use super::hash::sha256;
use chrono::{DateTime, Duration, Utc};
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::sync::{Arc, RwLock};

/// How long a verified token is believed: so long may a key that an issuer has withdrawn go on.
const BELIEVED_SECONDS: i64 = 60;
/// Most tokens that are remembered; more, and all are forgotten.
const MOST: usize = 10_000;

/// Claims of a token whose signature is right.
pub type Claims = Arc<Map<String, Value>>;

#[derive(Debug)]
struct Entry<T> {
    claims: Claims,
    issuer: usize,
    verified: DateTime<Utc>,
    named: Option<(T, DateTime<Utc>)>,
}

/// Verified tokens, by SHA-256, each with its issuer's place in the list and whom it named last.
#[derive(Debug)]
pub struct Verified<T>(RwLock<HashMap<Vec<u8>, Entry<T>>>);

impl<T> Default for Verified<T> {
    fn default() -> Self {
        Self(RwLock::default())
    }
}

/// A clock that went back makes nothing fresh.
fn is_within(now: DateTime<Utc>, at: DateTime<Utc>, age: Duration) -> bool {
    (Duration::zero()..age).contains(&(now - at))
}

impl<T: Clone> Verified<T> {
    /// The name under which a token is remembered; the token itself is not kept.
    pub fn name(token: &str) -> Vec<u8> {
        sha256(token.as_bytes())
    }

    /// Claims of a token that was verified less than a minute ago, with its issuer's place.
    pub fn claims(&self, name: &[u8], now: DateTime<Utc>) -> Option<(Claims, usize)> {
        let entries = self.0.read().ok()?;
        let entry = entries.get(name).filter(|entry| is_within(now, entry.verified, Duration::seconds(BELIEVED_SECONDS)))?;
        Some((Arc::clone(&entry.claims), entry.issuer))
    }

    /// Whom the token named less than `age` ago.
    pub fn named(&self, name: &[u8], now: DateTime<Utc>, age: Duration) -> Option<(T, Claims)> {
        let entries = self.0.read().ok()?;
        let entry = entries.get(name).filter(|entry| is_within(now, entry.verified, Duration::seconds(BELIEVED_SECONDS)))?;
        let (named, _) = entry.named.as_ref().filter(|(_, at)| is_within(now, *at, age))?;
        Some((named.clone(), Arc::clone(&entry.claims)))
    }

    /// Remembers a token whose signature is right.
    pub fn remember(&self, name: Vec<u8>, claims: Claims, issuer: usize, now: DateTime<Utc>) {
        if let Ok(mut entries) = self.0.write() {
            if entries.len() >= MOST {
                entries.clear();
            }
            entries.insert(name, Entry { claims, issuer, verified: now, named: None });
        }
    }

    /// Remembers whom it named.
    pub fn remember_named(&self, name: &[u8], named: T, now: DateTime<Utc>) {
        if let Ok(mut entries) = self.0.write()
            && let Some(entry) = entries.get_mut(name)
        {
            entry.named = Some((named, now));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap_or_default()
    }

    #[test]
    fn a_token_is_believed_for_a_minute_and_its_owner_for_less() {
        let seen = Verified::<u8>::default();
        let name = Verified::<u8>::name("a.b.c");
        seen.remember(name.clone(), Arc::default(), 3, at(0));
        assert!(seen.claims(&name, at(59)).is_some_and(|(_, issuer)| issuer == 3));
        assert!(seen.claims(&name, at(60)).is_none());
        assert!(seen.claims(&name, at(-1)).is_none(), "the clock went back");
        assert!(seen.named(&name, at(0), Duration::seconds(5)).is_none());
        seen.remember_named(&name, 7, at(10));
        assert!(seen.named(&name, at(14), Duration::seconds(5)).is_some_and(|(named, _)| named == 7));
        assert!(seen.named(&name, at(15), Duration::seconds(5)).is_none());
        assert!(seen.claims(&Verified::<u8>::name("a.b.d"), at(1)).is_none());
    }
}
