//! Keyed hashes (HMAC-SHA-256): secrets of a credential, look-up of links and codes, blind index.

use super::envelope::SecretKey;
use crate::domain::identifier::PatientIdentifier;
use crate::domain::ids::CredentialId;
use crate::domain::secret::{Code, LinkToken};
use aws_lc_rs::digest::{Context, SHA256, digest};
use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Salt};
use aws_lc_rs::hmac::{HMAC_SHA256, Key, sign};
use std::fmt::Write as _;
use zeroize::Zeroizing;

/// What a look-up hash is of: hashes of different things never meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Label {
    /// A personal link.
    Link,
    /// A typed code.
    Code,
    /// A block of addresses.
    Address,
    /// A request body under an idempotency key.
    Body,
    /// A form on a page, with who it was made for.
    Form,
    /// A form on a page for clinicians, with the session it was made in.
    Seat,
    /// A nonce for proofs of possession, of a window of time.
    Nonce,
    /// A check value that shows that the key is the right one.
    Check,
}

impl Label {
    fn bytes(self) -> &'static [u8] {
        match self {
            Self::Link => b"link",
            Self::Code => b"code",
            Self::Address => b"address",
            Self::Body => b"body",
            Self::Form => b"form",
            Self::Seat => b"seat",
            Self::Nonce => b"nonce",
            Self::Check => b"check",
        }
    }
}

/// SHA-256 of what is no secret: a form file, a CSV file.
pub fn sha256(bytes: &[u8]) -> Vec<u8> {
    digest(&SHA256, bytes).as_ref().to_vec()
}

/// SHA-256 of a whole file, as `sha256sum` writes it: lower-case hexadecimal.
pub fn sha256_of(mut reader: impl std::io::Read) -> std::io::Result<String> {
    let mut context = Context::new(&SHA256);
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let read = reader.read(&mut buffer)?;
        let Some(part) = buffer.get(..read).filter(|part| !part.is_empty()) else { break };
        context.update(part);
    }
    Ok(context.finish().as_ref().iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    }))
}

fn mac(key: &SecretKey, label: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let key = Key::new(HMAC_SHA256, key.bytes());
    let mut message = Vec::with_capacity(64);
    message.extend_from_slice(label);
    for part in parts {
        message.push(0);
        message.extend_from_slice(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
        message.extend_from_slice(part);
    }
    let tag = sign(&key, &message);
    let mut hash = [0_u8; 32];
    for (to, from) in hash.iter_mut().zip(tag.as_ref()) {
        *to = *from;
    }
    hash
}

/// The personal link of a credential under a link key.
pub fn derive_link(link_key: &SecretKey, credential: CredentialId) -> LinkToken {
    let hash = Zeroizing::new(mac(link_key, b"link", &[credential.0.as_bytes()]));
    let mut bytes = [0_u8; 16];
    for (to, from) in bytes.iter_mut().zip(hash.iter()) {
        *to = *from;
    }
    LinkToken::from_bytes(bytes)
}

/// The typed code of a credential under a link key.
pub fn derive_code(link_key: &SecretKey, credential: CredentialId) -> Code {
    let hash = Zeroizing::new(mac(link_key, b"code", &[credential.0.as_bytes()]));
    let bits = hash.iter().take(7).fold(0_u64, |bits, byte| (bits << 8) | u64::from(*byte));
    Code::from_bits(bits & ((1 << 55) - 1))
}

/// Whether a shown hash is the beginning of our own, in a time that does not tell where they differ.
pub fn same(own: &[u8], shown: &[u8]) -> bool {
    own.get(..shown.len()).is_some_and(|own| !shown.is_empty() && aws_lc_rs::constant_time::verify_slices_are_equal(own, shown).is_ok())
}

/// The stored hash by which a secret is found.
pub fn lookup(lookup_key: &SecretKey, label: Label, bytes: &[u8]) -> Vec<u8> {
    mac(lookup_key, label.bytes(), &[bytes]).to_vec()
}

struct Bytes32;

impl KeyType for Bytes32 {
    fn len(&self) -> usize {
        32
    }
}

/// The blind index of an identifier under the organization's key: equal numbers of one organization
/// meet, numbers of two organizations never do.
pub fn blind_index(organization_key: &SecretKey, identifier: &PatientIdentifier) -> Vec<u8> {
    let index_key = subkey(organization_key, b"blind-index");
    mac(
        &index_key,
        b"patient-identifier",
        &[identifier.system().uri().as_bytes(), identifier.assigner().as_bytes(), identifier.value().as_bytes()],
    )
    .to_vec()
}

/// HKDF-SHA-256 (RFC 5869) with a label.
pub(super) fn subkey(key: &SecretKey, label: &'static [u8]) -> SecretKey {
    let mut bytes = Zeroizing::new([0_u8; 32]);
    let expanded = Salt::new(HKDF_SHA256, b"kartlegging")
        .extract(key.bytes())
        .expand(&[label], Bytes32)
        .and_then(|material| material.fill(bytes.as_mut_slice()));
    if expanded.is_err() {
        // HKDF refuses only outputs beyond 255 blocks.
        std::process::abort();
    }
    SecretKey::new(key.version(), bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn secrets_are_derived_and_apart() {
        let key = SecretKey::new(1, Zeroizing::new([7; 32]));
        let (a, b) = (CredentialId(Uuid::from_u128(1)), CredentialId(Uuid::from_u128(2)));
        assert_eq!(derive_link(&key, a), derive_link(&key, a));
        assert_ne!(derive_link(&key, a), derive_link(&key, b));
        assert_ne!(derive_code(&key, a), derive_code(&key, b));
        assert_ne!(derive_link(&key, a), derive_link(&SecretKey::new(2, Zeroizing::new([8; 32])), a));
        assert_ne!(lookup(&key, Label::Link, b"x"), lookup(&key, Label::Code, b"x"));
    }

    #[test]
    fn two_organizations_have_two_indexes() {
        let fnr = PatientIdentifier::parse("urn:oid:2.16.578.1.12.4.1.4.1", None, "13904709535", true);
        let index = |byte| fnr.as_ref().map(|id| blind_index(&SecretKey::new(1, Zeroizing::new([byte; 32])), id)).ok();
        assert_eq!(index(1), index(1));
        assert_ne!(index(1), index(2));
    }
}
