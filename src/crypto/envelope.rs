//! Field encryption: AES-256-GCM, the key's version in the value, the place in the associated data.
//!
//! Format of a value: `01 ‖ key version (u16, big endian) ‖ nonce (12) ‖ ciphertext ‖ tag (16)`.
//! The associated data binds organization, table, column, row and key version, so a value that is
//! moved to another row or column does not open (NIST SP 800-38D; OWASP ASVS 5.0 §11).

use crate::domain::clock::Entropy;
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use uuid::Uuid;
use zeroize::{ZeroizeOnDrop, Zeroizing};

const FORMAT: u8 = 1;
const HEADER: usize = 3;

/// Where a value lives.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    /// The tenant.
    pub organization: Uuid,
    /// Table name.
    pub table: &'static str,
    /// Column name.
    pub column: &'static str,
    /// The row's id.
    pub row: Uuid,
    /// Part of the row's key beside the id (a version); 0 where there is none.
    pub part: i32,
}

/// A value that does not open: wrong key, wrong place or damage. Says nothing else on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// The key version is not in the ring.
    #[error("key version {0} is missing")]
    UnknownKey(u16),
    /// The value was changed, moved, or belongs to another key.
    #[error("a stored value does not open")]
    Damaged,
}

/// A 256-bit key with its version.
#[derive(Clone)]
pub struct SecretKey {
    version: u16,
    bytes: Zeroizing<[u8; 32]>,
}

impl SecretKey {
    /// Wraps key bytes.
    pub fn new(version: u16, bytes: Zeroizing<[u8; 32]>) -> Self {
        Self { version, bytes }
    }

    /// A fresh key.
    pub fn generate(version: u16, entropy: &dyn Entropy) -> Self {
        let mut bytes = Zeroizing::new([0_u8; 32]);
        entropy.fill(bytes.as_mut_slice());
        Self { version, bytes }
    }

    /// The version that values name.
    pub fn version(&self) -> u16 {
        self.version
    }

    /// The raw bytes, for deriving subkeys.
    pub(super) fn bytes(&self) -> &[u8; 32] {
        &self.bytes
    }

    /// Encrypts.
    pub fn seal(&self, place: Place, plain: &[u8], entropy: &dyn Entropy) -> Vec<u8> {
        let mut nonce = [0_u8; NONCE_LEN];
        entropy.fill(&mut nonce);
        let mut value = Vec::with_capacity(HEADER + NONCE_LEN + plain.len() + AES_256_GCM.tag_len());
        value.push(FORMAT);
        value.extend_from_slice(&self.version.to_be_bytes());
        value.extend_from_slice(&nonce);
        let mut body = plain.to_vec();
        let sealed = self.cipher().and_then(|cipher| {
            cipher.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(associated(place, self.version)), &mut body).ok()
        });
        if sealed.is_none() {
            // AES-GCM refuses only plaintexts beyond 64 GiB; writing the plain text instead is no option.
            std::process::abort();
        }
        value.extend_from_slice(&body);
        value
    }

    /// Decrypts a value of this key.
    pub fn open(&self, place: Place, value: &[u8]) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        if key_version(value)? != self.version {
            return Err(OpenError::UnknownKey(key_version(value)?));
        }
        let (nonce, body) = value.get(HEADER..).and_then(|rest| rest.split_at_checked(NONCE_LEN)).ok_or(OpenError::Damaged)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| OpenError::Damaged)?;
        let cipher = self.cipher().ok_or(OpenError::Damaged)?;
        let mut body = Zeroizing::new(body.to_vec());
        let length =
            cipher.open_in_place(nonce, Aad::from(associated(place, self.version)), &mut body).map_err(|_| OpenError::Damaged)?.len();
        body.truncate(length);
        Ok(body)
    }

    /// Encrypts another key under this one (60 bytes and the header).
    pub fn wrap(&self, place: Place, key: &Self, entropy: &dyn Entropy) -> Vec<u8> {
        self.seal(place, key.bytes.as_slice(), entropy)
    }

    /// Decrypts a wrapped key, which gets the version it is stored under.
    pub fn unwrap(&self, place: Place, version: u16, wrapped: &[u8]) -> Result<Self, OpenError> {
        let plain = self.open(place, wrapped)?;
        let mut bytes = Zeroizing::new([0_u8; 32]);
        if plain.len() != bytes.len() {
            return Err(OpenError::Damaged);
        }
        bytes.copy_from_slice(&plain);
        Ok(Self::new(version, bytes))
    }

    fn cipher(&self) -> Option<LessSafeKey> {
        UnboundKey::new(&AES_256_GCM, self.bytes.as_slice()).ok().map(LessSafeKey::new)
    }
}

/// Its bytes are wiped when it is let go.
impl ZeroizeOnDrop for SecretKey {}

impl std::fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SecretKey(version {})", self.version)
    }
}

/// The key version that a value names.
pub fn key_version(value: &[u8]) -> Result<u16, OpenError> {
    match value {
        [FORMAT, high, low, ..] => Ok(u16::from_be_bytes([*high, *low])),
        _ => Err(OpenError::Damaged),
    }
}

fn associated(place: Place, version: u16) -> Vec<u8> {
    let mut data = Vec::with_capacity(96);
    data.extend_from_slice(b"kartlegging/1");
    data.extend_from_slice(place.organization.as_bytes());
    for name in [place.table, place.column] {
        data.push(u8::try_from(name.len()).unwrap_or(u8::MAX));
        data.extend_from_slice(name.as_bytes());
    }
    data.extend_from_slice(place.row.as_bytes());
    data.extend_from_slice(&place.part.to_be_bytes());
    data.extend_from_slice(&version.to_be_bytes());
    data
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::clock::testing::SeededEntropy;

    fn place() -> Place {
        Place { organization: Uuid::from_u128(1), table: "patient", column: "name", row: Uuid::from_u128(2), part: 0 }
    }

    #[test]
    fn opens_only_in_its_place_and_under_its_key() {
        let entropy = SeededEntropy::new(1);
        let key = SecretKey::generate(3, &entropy);
        let value = key.seal(place(), "Invented Åse".as_bytes(), &entropy);
        assert_eq!(key.open(place(), &value).as_deref().map(Vec::as_slice), Ok("Invented Åse".as_bytes()));
        let elsewhere = [
            Place { organization: Uuid::from_u128(9), ..place() },
            Place { table: "draft", ..place() },
            Place { column: "birth_date", ..place() },
            Place { row: Uuid::from_u128(9), ..place() },
            Place { part: 1, ..place() },
        ];
        for wrong in elsewhere {
            assert_eq!(key.open(wrong, &value).map(|_| ()), Err(OpenError::Damaged), "{wrong:?}");
        }
        let other = SecretKey::generate(3, &entropy);
        assert_eq!(other.open(place(), &value).map(|_| ()), Err(OpenError::Damaged));
        let newer = SecretKey::generate(4, &entropy);
        assert_eq!(newer.open(place(), &value).map(|_| ()), Err(OpenError::UnknownKey(3)));
    }

    #[test]
    fn every_flipped_bit_is_found() {
        let entropy = SeededEntropy::new(2);
        let key = SecretKey::generate(1, &entropy);
        let value = key.seal(place(), b"7", &entropy);
        for at in 0..value.len() {
            let mut damaged = value.clone();
            damaged[at] ^= 1;
            assert!(key.open(place(), &damaged).is_err(), "byte {at}");
        }
        assert!(key.open(place(), &[]).is_err() && key.open(place(), &value[..10]).is_err());
    }

    #[test]
    fn keys_and_opened_values_are_wiped() {
        fn is_wiped<T: ZeroizeOnDrop>(_: &T) {}
        let entropy = SeededEntropy::new(4);
        let key = SecretKey::generate(1, &entropy);
        is_wiped(&key.bytes);
        is_wiped(&key);
        let opened = key.open(place(), &key.seal(place(), b"x", &entropy));
        assert!(opened.is_ok_and(|plain| (is_wiped(&plain), plain.len() == 1).1));
    }

    #[test]
    fn wraps_keys() {
        let entropy = SeededEntropy::new(3);
        let root = SecretKey::generate(1, &entropy);
        let inner = SecretKey::generate(2, &entropy);
        let wrapped = root.wrap(place(), &inner, &entropy);
        let value = inner.seal(place(), b"x", &entropy);
        let again = root.unwrap(place(), 2, &wrapped);
        assert!(again.is_ok_and(|key| key.open(place(), &value).is_ok()));
    }
}
