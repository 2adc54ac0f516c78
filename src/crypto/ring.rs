//! The key ring: every key of the installation, in all its live versions.
//!
//! Purposes have lives of their own: a root key version is needed as long as an organization key is
//! wrapped under it, a link key version as long as a link of it is open. The highest version of a
//! purpose makes new values, all versions read old ones.

use super::envelope::{OpenError, SecretKey};
use super::hash::{Label, lookup};
use crate::domain::clock::Entropy;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::collections::BTreeMap;
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

/// All keys, in memory.
#[derive(Clone)]
pub struct KeyRing {
    keys: BTreeMap<(Purpose, u16), SecretKey>,
}

impl KeyRing {
    /// A ring of purpose, version and base64 secret (32 bytes; for the signing purposes the Ed25519
    /// seed of RFC 8032).
    pub fn from_entries(entries: impl IntoIterator<Item = (Purpose, u16, Zeroizing<String>)>) -> Result<Self, RingError> {
        let mut keys = BTreeMap::new();
        for (purpose, version, secret) in entries {
            let bytes = STANDARD.decode(secret.trim()).map(Zeroizing::new).map_err(|_| RingError::Malformed(purpose, version))?;
            let bytes: [u8; 32] = bytes.as_slice().try_into().map_err(|_| RingError::Malformed(purpose, version))?;
            if keys.insert((purpose, version), SecretKey::new(version, bytes)).is_some() {
                return Err(RingError::Twice(purpose, version));
            }
        }
        let ring = Self { keys };
        match Purpose::ALL.into_iter().find(|purpose| ring.versions(*purpose).is_empty()) {
            Some(missing) => Err(RingError::Missing(missing)),
            None => Ok(ring),
        }
    }

    /// A fresh ring, version 1 of every purpose, as entries for a key file.
    pub fn generate(entropy: &dyn Entropy) -> Vec<(Purpose, u16, Zeroizing<String>)> {
        Purpose::ALL
            .into_iter()
            .map(|purpose| {
                let mut bytes = Zeroizing::new([0_u8; 32]);
                entropy.fill(bytes.as_mut_slice());
                (purpose, 1, Zeroizing::new(STANDARD.encode(bytes.as_slice())))
            })
            .collect()
    }

    /// The newest key of a purpose.
    pub fn current(&self, purpose: Purpose) -> Result<&SecretKey, OpenError> {
        self.keys.range((purpose, 0)..=(purpose, u16::MAX)).next_back().map(|(_, key)| key).ok_or(OpenError::UnknownKey(0))
    }

    /// One version.
    pub fn get(&self, purpose: Purpose, version: u16) -> Result<&SecretKey, OpenError> {
        self.keys.get(&(purpose, version)).ok_or(OpenError::UnknownKey(version))
    }

    /// All live versions of a purpose, newest first.
    pub fn versions(&self, purpose: Purpose) -> Vec<u16> {
        self.keys.range((purpose, 0)..=(purpose, u16::MAX)).rev().map(|((_, version), _)| *version).collect()
    }

    /// Look-up hashes of one secret under all live versions, newest first.
    pub fn lookups(&self, label: Label, bytes: &[u8]) -> Vec<(u16, Vec<u8>)> {
        self.keys
            .range((Purpose::Lookup, 0)..=(Purpose::Lookup, u16::MAX))
            .rev()
            .map(|((_, version), key)| (*version, lookup(key, label, bytes)))
            .collect()
    }

    /// A value stored in the database at first use, by which a wrong or lost version is noticed.
    pub fn check_value(&self, purpose: Purpose, version: u16) -> Result<Vec<u8>, OpenError> {
        Ok(lookup(self.get(purpose, version)?, Label::Check, purpose.word().as_bytes()))
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
        f.debug_list().entries(self.keys.keys().map(|(purpose, version)| format!("{}.{version}", purpose.word()))).finish()
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
