//! The key ring: every key of the installation, in all its live versions.
//!
//! Purposes have lives of their own: a root key version is needed as long as an organization key is
//! wrapped under it, a link key version as long as a link of it is open. One version of a purpose
//! makes new values, the one that the database names; all versions read old ones.
//!
//! A ring that comes from a file takes in what is added to it while the program runs: when it is
//! told to, and at once when a version is asked for that it does not know.

use super::envelope::{OpenError, SecretKey};
use super::hash::{Label, lookup};
use crate::domain::clock::Entropy;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use zeroize::Zeroizing;

/// What a key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Purpose {
    /// Wraps organization keys.
    Root,
    /// Derives links and codes.
    Link,
    /// Hashes links, codes and addresses for look-up.
    Lookup,
    /// Signs session and device tokens (Ed25519).
    Session,
    /// Signs API tokens of the built-in issuer (Ed25519).
    Issuer,
    /// Signs heads of the access log (Ed25519).
    Log,
}

impl Purpose {
    /// Every purpose.
    pub const ALL: [Self; 6] = [Self::Root, Self::Link, Self::Lookup, Self::Session, Self::Issuer, Self::Log];

    /// The word in the key file.
    pub fn word(self) -> &'static str {
        match self {
            Self::Root => "root",
            Self::Link => "link",
            Self::Lookup => "lookup",
            Self::Session => "session",
            Self::Issuer => "issuer",
            Self::Log => "log",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|purpose| purpose.word() == word)
    }
}

/// A fault in the key material.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RingError {
    /// No key at all for a purpose.
    #[error("there is no {} key", .0.word())]
    Missing(Purpose),
    /// A secret is not 32 bytes of base64.
    #[error("the {} key version {} is not 32 bytes of base64", .0.word(), .1)]
    Malformed(Purpose, u16),
    /// A version occurs twice.
    #[error("the {} key version {} occurs twice", .0.word(), .1)]
    Twice(Purpose, u16),
}

/// A key as the key file has it: purpose, version and secret in base64.
pub type Entry = (Purpose, u16, Zeroizing<String>);

/// Gives the keys anew when they have changed where they come from.
pub type Source = Box<dyn Fn() -> Option<KeyRing> + Send + Sync>;

/// All keys, in memory.
pub struct KeyRing {
    state: RwLock<State>,
    source: Option<Source>,
}

struct State {
    keys: BTreeMap<(Purpose, u16), SecretKey>,
    /// What makes new values; the highest version where the database has not said.
    active: BTreeMap<Purpose, u16>,
    /// What the source has; other keys of the ring are kept as long as the database knows them.
    offered: BTreeSet<(Purpose, u16)>,
}

impl KeyRing {
    /// A ring of purpose, version and base64 secret (32 bytes; for the signing purposes the Ed25519
    /// seed of RFC 8032).
    pub fn from_entries(entries: impl IntoIterator<Item = Entry>) -> Result<Self, RingError> {
        let mut keys = BTreeMap::new();
        for (purpose, version, secret) in entries {
            let bytes = STANDARD.decode(secret.trim()).map(Zeroizing::new).map_err(|_| RingError::Malformed(purpose, version))?;
            let mut key = Zeroizing::new([0_u8; 32]);
            if bytes.len() != key.len() {
                return Err(RingError::Malformed(purpose, version));
            }
            key.copy_from_slice(&bytes);
            if keys.insert((purpose, version), SecretKey::new(version, key)).is_some() {
                return Err(RingError::Twice(purpose, version));
            }
        }
        let offered = keys.keys().copied().collect();
        let ring = Self { state: RwLock::new(State { keys, active: BTreeMap::new(), offered }), source: None };
        match Purpose::ALL.into_iter().find(|purpose| ring.versions(*purpose).is_empty()) {
            Some(missing) => Err(RingError::Missing(missing)),
            None => Ok(ring),
        }
    }

    /// The same ring, which can be read again.
    #[must_use]
    pub fn reading(self, source: Source) -> Self {
        Self { source: Some(source), ..self }
    }

    /// Whether it can be read again: a ring from the environment can't.
    pub fn is_read_again(&self) -> bool {
        self.source.is_some()
    }

    /// Takes in what has been added at the source. A key is never taken for another one of its number.
    pub fn read_again(&self) {
        let Some(fresh) = self.source.as_ref().and_then(|source| source()) else { return };
        let fresh = fresh.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut own = self.write();
        own.offered = fresh.offered;
        for (name, key) in fresh.keys {
            own.keys.entry(name).or_insert(key);
        }
    }

    /// Takes in what the database says: which versions make new values, and which it knows. A version
    /// that neither it nor the source has is let go.
    pub fn agree(&self, known: &BTreeSet<(Purpose, u16)>, active: &BTreeMap<Purpose, u16>) {
        let mut own = self.write();
        own.active.clone_from(active);
        let State { keys, offered, .. } = &mut *own;
        keys.retain(|name, _| known.contains(name) || offered.contains(name));
    }

    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// A fresh ring, version 1 of every purpose, as entries for a key file.
    pub fn generate(entropy: &dyn Entropy) -> Vec<Entry> {
        Purpose::ALL.into_iter().map(|purpose| Self::fresh(purpose, 1, entropy)).collect()
    }

    /// A fresh key.
    pub fn fresh(purpose: Purpose, version: u16, entropy: &dyn Entropy) -> Entry {
        let mut bytes = Zeroizing::new([0_u8; 32]);
        entropy.fill(bytes.as_mut_slice());
        (purpose, version, Zeroizing::new(STANDARD.encode(bytes.as_slice())))
    }

    /// The key of a purpose that makes new values.
    pub fn current(&self, purpose: Purpose) -> Result<SecretKey, OpenError> {
        let state = self.read();
        let named = state.active.get(&purpose).and_then(|version| state.keys.get(&(purpose, *version)));
        let highest = || state.keys.range((purpose, 0)..=(purpose, u16::MAX)).next_back().map(|(_, key)| key);
        named.or_else(highest).cloned().ok_or(OpenError::UnknownKey(0))
    }

    /// One version.
    pub fn get(&self, purpose: Purpose, version: u16) -> Result<SecretKey, OpenError> {
        let known = || self.read().keys.get(&(purpose, version)).cloned();
        known().or_else(|| (self.read_again(), known()).1).ok_or(OpenError::UnknownKey(version))
    }

    /// All live versions of a purpose, newest first.
    pub fn versions(&self, purpose: Purpose) -> Vec<u16> {
        self.read().keys.range((purpose, 0)..=(purpose, u16::MAX)).rev().map(|((_, version), _)| *version).collect()
    }

    /// Look-up hashes of one secret under all live versions, first the one that makes new values.
    pub fn lookups(&self, label: Label, bytes: &[u8]) -> Vec<(u16, Vec<u8>)> {
        let current = self.current(Purpose::Lookup).map_or(0, |key| key.version());
        let mut versions = self.versions(Purpose::Lookup);
        versions.sort_by_key(|version| *version != current);
        let keys = versions.into_iter().filter_map(|version| self.get(Purpose::Lookup, version).ok());
        keys.map(|key| (key.version(), lookup(&key, label, bytes))).collect()
    }

    /// A value stored in the database at first use, by which a wrong or lost version is noticed.
    pub fn check_value(&self, purpose: Purpose, version: u16) -> Result<Vec<u8>, OpenError> {
        Ok(lookup(&self.get(purpose, version)?, Label::Check, purpose.word().as_bytes()))
    }

    /// The Ed25519 key pair of a signing purpose.
    pub fn signer(&self, purpose: Purpose, version: u16) -> Result<Ed25519KeyPair, OpenError> {
        Ed25519KeyPair::from_seed_unchecked(self.get(purpose, version)?.bytes()).map_err(|_| OpenError::Damaged)
    }

    /// The public half of a signing key, 32 bytes.
    pub fn public(&self, purpose: Purpose, version: u16) -> Result<Vec<u8>, OpenError> {
        Ok(self.signer(purpose, version)?.public_key().as_ref().to_vec())
    }
}

impl std::fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.read().keys.keys().map(|(purpose, version)| format!("{}.{version}", purpose.word()))).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::clock::testing::SeededEntropy;

    #[test]
    fn a_generated_ring_is_whole_and_prints_no_secret() {
        let entries = KeyRing::generate(&SeededEntropy::new(1));
        let secret = entries.first().map(|(_, _, secret)| secret.to_string()).unwrap_or_default();
        let ring = KeyRing::from_entries(entries);
        assert!(ring.as_ref().is_ok_and(|ring| !format!("{ring:?}").contains(&secret)));
    }

    #[test]
    fn what_the_database_names_makes_new_values_and_what_is_added_is_taken_in() {
        let entropy = SeededEntropy::new(3);
        let first = KeyRing::generate(&entropy);
        let more: Vec<Entry> = first.iter().cloned().chain([KeyRing::fresh(Purpose::Link, 2, &entropy)]).collect();
        let (Ok(ring), Ok(offered)) = (KeyRing::from_entries(first), KeyRing::from_entries(more.clone())) else { panic!("rings") };
        let offered = std::sync::Mutex::new(Some(offered));
        let ring = ring.reading(Box::new(move || offered.lock().ok()?.take()));
        assert_eq!(ring.versions(Purpose::Link), [1]);
        assert!(ring.get(Purpose::Link, 2).is_ok() && ring.get(Purpose::Link, 3).is_err());
        let current = |ring: &KeyRing| ring.current(Purpose::Link).map(|key| key.version());
        let known = BTreeSet::from([(Purpose::Link, 1), (Purpose::Link, 2)]);
        ring.agree(&known, &BTreeMap::from([(Purpose::Link, 1)]));
        assert_eq!(current(&ring), Ok(1));
        ring.agree(&known, &BTreeMap::from([(Purpose::Link, 2)]));
        assert_eq!(current(&ring), Ok(2));
        // A version that the file still has stays, whatever the database knows.
        ring.agree(&BTreeSet::from([(Purpose::Link, 2)]), &BTreeMap::from([(Purpose::Link, 2)]));
        assert_eq!(ring.versions(Purpose::Link), [2, 1]);
        let fewer = KeyRing::from_entries(more.into_iter().filter(|(purpose, version, _)| (*purpose, *version) != (Purpose::Link, 1)));
        let offered = std::sync::Mutex::new(fewer.ok());
        let ring = ring.reading(Box::new(move || offered.lock().ok()?.take()));
        ring.read_again();
        assert_eq!(ring.versions(Purpose::Link), [2, 1]);
        ring.agree(&BTreeSet::from([(Purpose::Link, 2)]), &BTreeMap::from([(Purpose::Link, 2)]));
        assert_eq!(ring.versions(Purpose::Link), [2]);
    }

    #[test]
    fn faults_are_named() {
        let entries = KeyRing::generate(&SeededEntropy::new(1));
        let without = entries.iter().filter(|(purpose, ..)| *purpose != Purpose::Link).cloned();
        assert_eq!(KeyRing::from_entries(without).err(), Some(RingError::Missing(Purpose::Link)));
        let twice = entries.iter().chain(entries.first()).cloned();
        assert_eq!(KeyRing::from_entries(twice).err(), Some(RingError::Twice(Purpose::Root, 1)));
        let short = entries.iter().map(|(purpose, version, _)| (*purpose, *version, Zeroizing::new("AAAA".to_owned())));
        assert_eq!(KeyRing::from_entries(short).err(), Some(RingError::Malformed(Purpose::Root, 1)));
    }
}
