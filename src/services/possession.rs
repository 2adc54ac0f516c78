//! Whether who shows a token holds the key that it is bound to (RFC 9449). A bound token is never good
//! without its proof; one that is bound to nothing only where its issuer's configuration says so.

use super::Services;
use super::authenticate::{Error, TrustedIssuer};
use super::fault::Fault;
use crate::crypto::dpop::{self, Request};
use crate::crypto::hash::{self, Label};
use crate::crypto::ring::Purpose;
use crate::storage::dpop_proofs;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

/// A nonce is the newest for so long, and is taken for as long after that, seconds.
const NONCE_SECONDS: i64 = 300;
/// Bytes of a nonce.
const NONCE: usize = 16;

/// A proof as it came, with the request that it is for.
#[derive(Debug, Clone, Copy)]
pub struct Shown<'a> {
    /// The token.
    pub token: &'a str,
    /// The proof; `None` where the token came as `Bearer`.
    pub proof: Option<Sent<'a>>,
}

/// A proof that was sent.
#[derive(Debug, Clone, Copy)]
pub struct Sent<'a> {
    /// The header `DPoP`.
    pub text: &'a str,
    /// Method of the request.
    pub method: &'a str,
    /// Its address, with the host that callers use.
    pub address: &'a str,
}

impl<'a> From<&'a str> for Shown<'a> {
    /// A token that came as `Bearer`.
    fn from(token: &'a str) -> Self {
        Self { token, proof: None }
    }
}

/// Thumbprint of the key that a token is bound to.
pub(super) fn key_of(claims: &Map<String, Value>) -> Option<&str> {
    claims.get("cnf")?.get("jkt")?.as_str()
}

/// Checks that the token was shown as it must be.
pub(super) async fn check(services: &Services, issuer: &TrustedIssuer, claims: &Map<String, Value>, shown: Shown<'_>) -> Result<(), Error> {
    let sent = match (key_of(claims), shown.proof) {
        // Bound to something that we can't check, such as a certificate.
        (None, None) if claims.contains_key("cnf") => return Err(Error::Token("bound to another kind of key")),
        (None, None) if issuer.bearer => return Ok(()),
        (None, None) => return Err(Error::Token("bound to no key")),
        (None, Some(_)) => return Err(Error::Token("a proof for a token that is bound to no key")),
        (Some(_), None) => return Err(Error::Proof("missing")),
        (Some(key), Some(sent)) => (key, sent),
    };
    let (key, sent) = sent;
    let (now, skew) = (services.now(), services.rules.token_skew_seconds);
    let request = Request { method: sent.method, address: sent.address, token: shown.token };
    let proof = dpop::check(sent.text, request, now, skew).map_err(|error| {
        Error::Proof(match error {
            dpop::ProofError::Malformed => "malformed",
            dpop::ProofError::Algorithm => "algorithm",
            dpop::ProofError::Signature => "signature",
            dpop::ProofError::Request => "method or address",
            dpop::ProofError::Time => "time",
            dpop::ProofError::Token => "another token",
        })
    })?;
    if proof.thumbprint != key {
        return Err(Error::Proof("another key"));
    }
    if issuer.nonce && !proof.nonce.as_deref().is_some_and(|nonce| is_ours(services, nonce)) {
        return Err(Error::Nonce(nonce(services)?));
    }
    let first = services
        .db
        .write((proof.name, now), |(name, now), tx| Box::pin(async move { Ok::<_, Fault>(dpop_proofs::first(tx, name, *now).await?) }))
        .await?;
    if first { Ok(()) } else { Err(Error::Proof("seen before")) }
}

/// The name under which a token that is good once is remembered among the proofs: no proof's, since those
/// begin with a thumbprint.
pub(super) fn name_of_token(issuer: &str, id: &str) -> Vec<u8> {
    hash::sha256(format!("once\n{issuer}\n{id}").as_bytes())
}

fn window(services: &Services) -> i64 {
    services.now().timestamp().div_euclid(NONCE_SECONDS)
}

/// The nonce that proofs must hold now.
pub fn nonce(services: &Services) -> Result<String, Fault> {
    let key = services.ring.current(Purpose::Lookup)?;
    let hash = hash::lookup(&key, Label::Nonce, &window(services).to_be_bytes());
    Ok(URL_SAFE_NO_PAD.encode(hash.get(..NONCE).unwrap_or_default()))
}

/// Whether a nonce is the newest one or the one before.
fn is_ours(services: &Services, nonce: &str) -> bool {
    let Some(bytes) = URL_SAFE_NO_PAD.decode(nonce).ok().filter(|bytes| bytes.len() == NONCE) else { return false };
    let now = window(services);
    [now, now - 1]
        .into_iter()
        .any(|window| services.ring.lookups(Label::Nonce, &window.to_be_bytes()).iter().any(|(_, own)| hash::same(own, &bytes)))
}
