//! What a browser keeps for us: sealed values, and tokens of forms as text.

use super::envelope::Place;
use super::hash::subkey;
use super::ring::{KeyRing, Purpose};
use crate::crypto::envelope::{OpenError, key_version};
use crate::domain::clock::Entropy;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;
use zeroize::Zeroizing;

const SUBKEY: &[u8] = b"cookie";
const PLACE: Place = Place { organization: Uuid::nil(), table: "cookie", column: "entrance", row: Uuid::nil(), part: 0 };
/// Bytes that make each token of a form a different text.
const SALT: usize = 8;
/// Bytes of the keyed hash in a form's token.
const MAC: usize = 16;

/// Seals a value under a key derived from the look-up key that makes new values.
pub fn seal(ring: &KeyRing, entropy: &dyn Entropy, plain: &[u8]) -> Result<String, OpenError> {
    let key = subkey(&ring.current(Purpose::Lookup)?, SUBKEY);
    Ok(URL_SAFE_NO_PAD.encode(key.seal(PLACE, plain, entropy)))
}

/// Opens a value that was sealed here; `None` for anything else.
pub fn open(ring: &KeyRing, sealed: &str) -> Option<Zeroizing<Vec<u8>>> {
    let value = URL_SAFE_NO_PAD.decode(sealed).ok()?;
    let key = ring.get(Purpose::Lookup, key_version(&value).ok()?).ok()?;
    subkey(&key, SUBKEY).open(PLACE, &value).ok()
}

/// A form's token as text: salt and the beginning of its keyed hash.
pub fn token(salt: &[u8; SALT], mac: &[u8]) -> String {
    let mac = mac.get(..MAC).unwrap_or_default();
    URL_SAFE_NO_PAD.encode([salt.as_slice(), mac].concat())
}

/// Takes a form's token apart.
pub fn parts(token: &str) -> Option<([u8; SALT], Vec<u8>)> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok().filter(|bytes| bytes.len() == SALT + MAC)?;
    let (salt, mac) = bytes.split_at_checked(SALT)?;
    Some((salt.try_into().ok()?, mac.to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::clock::testing::SeededEntropy;

    #[test]
    fn only_what_was_sealed_opens() {
        let entropy = SeededEntropy::new(7);
        let ring = KeyRing::from_entries(KeyRing::generate(&entropy)).unwrap();
        let sealed = seal(&ring, &entropy, b"x").unwrap();
        assert_eq!(open(&ring, &sealed).unwrap().as_slice(), b"x");
        let mut bent = sealed.clone();
        bent.replace_range(sealed.len() - 2..sealed.len() - 1, if sealed.ends_with('A') { "B" } else { "A" });
        assert!(bent == sealed || open(&ring, &bent).is_none());
        for garbage in ["", "AQ", "!!!", &"A".repeat(4000)] {
            assert!(open(&ring, garbage).is_none());
        }
    }

    #[test]
    fn tokens_read_back() {
        let text = token(&[1; SALT], &[2; 32]);
        assert_eq!(parts(&text), Some(([1; SALT], vec![2; MAC])));
        assert_eq!(parts("AQ"), None);
    }
}
