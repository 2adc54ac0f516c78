//! Signed handles (RFC 7519, EdDSA): a session token and a device token are only names of rows that
//! every request looks up; API tokens of the built-in issuer say who, never what they may do.
//!
//! Time is an argument, so `jsonwebtoken`'s own look at the clock is switched off everywhere.

use super::envelope::OpenError;
use super::ring::{KeyRing, Purpose};
use chrono::{DateTime, Utc};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, decode_header, encode};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use uuid::Uuid;
use zeroize::Zeroizing;

/// `typ` of a session token.
pub const SESSION: &str = "kartlegging-session+jwt";
/// `typ` of a device token.
pub const DEVICE: &str = "kartlegging-device+jwt";
/// `typ` of the session token of a clinician.
pub const SEAT: &str = "kartlegging-seat+jwt";
/// `typ` of an access token (RFC 9068).
pub const ACCESS: &str = "at+jwt";

/// Claims of a session or device token.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Handle {
    /// The session's or device's id.
    pub sub: Uuid,
    /// The invitation it is bound to.
    pub inv: Uuid,
    /// Seconds since 1970 after which it is void whatever the row says.
    pub exp: i64,
}

/// Signs claims with the key of a purpose that makes new values; `kid` is `<purpose>-<version>`.
pub fn sign(ring: &KeyRing, purpose: Purpose, typ: &str, claims: &impl Serialize) -> Result<String, OpenError> {
    let version = ring.current(purpose)?.version();
    let mut header = Header::new(Algorithm::EdDSA);
    header.typ = Some(typ.to_owned());
    header.kid = Some(format!("{}-{version}", purpose.word()));
    let pkcs8 = ring
        .signer(purpose, version)?
        .to_pkcs8()
        .map(|document| Zeroizing::new(document.as_ref().to_vec()))
        .map_err(|_| OpenError::Damaged)?;
    encode(&header, claims, &EncodingKey::from_ed_der(&pkcs8)).map_err(|_| OpenError::Damaged)
}

/// Verifies signature, algorithm, `typ` and `kid` of a token of our own. Times are the caller's.
pub fn verify<T: DeserializeOwned>(ring: &KeyRing, purpose: Purpose, typ: &str, token: &str) -> Option<T> {
    let header = decode_header(token).ok()?;
    if header.alg != Algorithm::EdDSA || header.typ.as_deref() != Some(typ) {
        return None;
    }
    let kid = header.kid?;
    let version = kid.strip_prefix(purpose.word())?.strip_prefix('-')?.parse().ok()?;
    let public = ring.public(purpose, version).ok()?;
    let mut rules = Validation::new(Algorithm::EdDSA);
    rules.required_spec_claims.clear();
    rules.validate_exp = false;
    rules.validate_aud = false;
    decode::<T>(token, &DecodingKey::from_ed_der(&public), &rules).ok().map(|data| data.claims)
}

/// Reads a handle that is not past its time.
pub fn handle(ring: &KeyRing, typ: &str, token: &str, now: DateTime<Utc>) -> Option<Handle> {
    verify::<Handle>(ring, Purpose::Session, typ, token).filter(|handle| handle.exp > now.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::clock::testing::SeededEntropy;

    #[test]
    fn only_the_right_kind_in_time_is_read() {
        let ring = KeyRing::from_entries(KeyRing::generate(&SeededEntropy::new(5)));
        let Ok(ring) = ring else { panic!("ring") };
        let claims = Handle { sub: Uuid::from_u128(1), inv: Uuid::from_u128(2), exp: 1000 };
        let Ok(token) = sign(&ring, Purpose::Session, SESSION, &claims) else { panic!("sign") };
        let at = |seconds| DateTime::from_timestamp(seconds, 0).unwrap_or_default();
        assert!(handle(&ring, SESSION, &token, at(999)).is_some_and(|h| h.sub == claims.sub));
        assert!(handle(&ring, SESSION, &token, at(1000)).is_none());
        assert!(handle(&ring, DEVICE, &token, at(1)).is_none());
        let Ok(other) = KeyRing::from_entries(KeyRing::generate(&SeededEntropy::new(6))) else { panic!("ring") };
        assert!(handle(&other, SESSION, &token, at(1)).is_none());
        let mut changed = token.clone();
        changed.truncate(token.len() - 2);
        assert!(handle(&ring, SESSION, &changed, at(1)).is_none());
    }
}
