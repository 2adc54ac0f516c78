//! Trusted issuers of API tokens and their public keys (RFC 7517), from a file, an address or our
//! own ring.
//!
//! Keys from an address are kept; an unknown key id refreshes them, but never more often than
//! [`REFRESH_SECONDS`], so that a flood of bad tokens makes no flood of requests.

use super::envelope::OpenError;
use super::ring::{KeyRing, Purpose};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde_json::{Map, Value};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;

/// Shortest time between two fetches of one key set, seconds.
pub const REFRESH_SECONDS: i64 = 60;
/// A key set older than this is fetched again, so that a key the issuer has withdrawn goes, seconds.
pub const MAX_AGE_SECONDS: i64 = 3600;
/// Longest wait for a key set.
const FETCH_TIMEOUT: Duration = Duration::from_secs(5);
/// Largest key set that is read, bytes.
const FETCH_LIMIT: usize = 256 * 1024;

/// Where an issuer's keys come from.
#[derive(Debug, Clone)]
pub enum KeySource {
    /// The issuer keys of our own ring.
    Own(Arc<KeyRing>),
    /// A key set that was read from a file at start.
    Fixed(JwkSet),
    /// An address that serves a key set.
    Address(url::Url),
}

/// An issuer that this installation trusts.
#[derive(Debug)]
pub struct Issuer {
    /// The exact `iss`.
    pub name: String,
    /// The `aud` that tokens for us carry.
    pub audience: String,
    /// Signature algorithms that are accepted; asymmetric ones only.
    pub algorithms: Vec<Algorithm>,
    /// Accepted `typ` values, lower case; a token without `typ` counts as "".
    pub types: Vec<String>,
    /// The one `jku` that a token may name; it is never fetched for being named.
    jku: Option<String>,
    keys: KeySource,
    cache: Mutex<Cache>,
}

#[derive(Debug, Default)]
struct Cache {
    set: Option<JwkSet>,
    fetched: Option<DateTime<Utc>>,
}

/// Why a token is not accepted. For the log; the caller of the API learns only "invalid".
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Not a JWT, or its header carries what we don't accept.
    #[error("not an acceptable token")]
    Malformed,
    /// The algorithm is not on the issuer's list.
    #[error("algorithm not accepted")]
    Algorithm,
    /// `typ` is not accepted.
    #[error("token type not accepted")]
    Type,
    /// No key of that id.
    #[error("unknown key id")]
    UnknownKey,
    /// The issuer's keys can't be had now.
    #[error("the issuer's keys can't be fetched")]
    Unavailable,
    /// Signature, issuer or audience don't fit.
    #[error("signature, issuer or audience don't fit")]
    Invalid,
    /// Expired or not yet valid.
    #[error("outside its time")]
    Time,
}

impl From<OpenError> for TokenError {
    fn from(_: OpenError) -> Self {
        Self::UnknownKey
    }
}

impl Issuer {
    /// An issuer. Symmetric algorithms are left out whatever is asked for.
    pub fn new(name: String, audience: String, algorithms: &[Algorithm], types: &[&str], keys: KeySource) -> Self {
        let symmetric = [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512];
        Self {
            name,
            audience,
            algorithms: algorithms.iter().copied().filter(|a| !symmetric.contains(a)).collect(),
            types: types.iter().map(|t| t.to_ascii_lowercase()).collect(),
            jku: None,
            keys,
            cache: Mutex::new(Cache::default()),
        }
    }

    /// The same whose tokens may name this address as the place of their keys (`jku`, RFC 7515 §4.1.2).
    /// Keys are taken from where the configuration says, whatever a token names.
    #[must_use]
    pub fn naming(self, jku: Option<String>) -> Self {
        Self { jku, ..self }
    }

    /// Verifies a token and gives its claims. `skew` seconds of clock difference are forgiven.
    pub async fn verify(&self, token: &str, now: DateTime<Utc>, skew: i64) -> Result<Map<String, Value>, TokenError> {
        self.verify_for(token, &self.audience, now, skew).await
    }

    /// The same for a token whose audience depends on what is asked for.
    pub async fn verify_for(&self, token: &str, audience: &str, now: DateTime<Utc>, skew: i64) -> Result<Map<String, Value>, TokenError> {
        let header = decode_header(token).map_err(|_| TokenError::Malformed)?;
        if is_critical(token) {
            return Err(TokenError::Malformed);
        }
        let foreign = header.jku.is_some() && header.jku != self.jku;
        if foreign || header.jwk.is_some() || header.x5u.is_some() || header.x5c.is_some() {
            return Err(TokenError::Malformed);
        }
        if !self.algorithms.contains(&header.alg) {
            return Err(TokenError::Algorithm);
        }
        let typ = header.typ.as_deref().unwrap_or_default().to_ascii_lowercase();
        if !self.types.iter().any(|accepted| accepted == typ.trim_start_matches("application/")) {
            return Err(TokenError::Type);
        }
        let key = self.key(header.kid.as_deref(), header.alg, now).await?;
        let mut rules = Validation::new(header.alg);
        rules.set_audience(&[audience]);
        rules.set_issuer(&[&self.name]);
        rules.set_required_spec_claims(&["exp", "iss", "aud"]);
        rules.validate_exp = false;
        let claims = decode::<Map<String, Value>>(token, &key, &rules).map_err(|_| TokenError::Invalid)?.claims;
        check_times(&claims, now, skew)?;
        Ok(claims)
    }

    async fn key(&self, kid: Option<&str>, algorithm: Algorithm, now: DateTime<Utc>) -> Result<DecodingKey, TokenError> {
        match &self.keys {
            KeySource::Own(ring) => {
                let version = kid.and_then(|kid| kid.strip_prefix("issuer-")?.parse().ok()).ok_or(TokenError::UnknownKey)?;
                Ok(DecodingKey::from_ed_der(&ring.public(Purpose::Issuer, version)?))
            }
            KeySource::Fixed(set) => pick(set, kid, algorithm),
            KeySource::Address(address) => self.fetched(address, kid, algorithm, now).await,
        }
    }

    async fn fetched(
        &self,
        address: &url::Url,
        kid: Option<&str>,
        algorithm: Algorithm,
        now: DateTime<Utc>,
    ) -> Result<DecodingKey, TokenError> {
        let mut cache = self.cache.lock().await;
        let old = cache.fetched.is_none_or(|at| (now - at).num_seconds() >= MAX_AGE_SECONDS);
        if let Some(Ok(key)) = cache.set.as_ref().map(|set| pick(set, kid, algorithm))
            && !old
        {
            return Ok(key);
        }
        if cache.fetched.is_none_or(|at| (now - at).num_seconds() >= REFRESH_SECONDS) {
            cache.fetched = Some(now);
            if cache.set.is_some() {
                // Others go on with the keys that are known while these are fetched.
                drop(cache);
                let fresh = fetch(address).await;
                cache = self.cache.lock().await;
                cache.set = fresh.or(cache.set.take());
            } else {
                cache.set = fetch(address).await;
            }
        }
        cache.set.as_ref().map_or(Err(TokenError::Unavailable), |set| pick(set, kid, algorithm))
    }
}

/// The signature algorithm of a word; asymmetric ones only.
pub fn algorithm(word: &str) -> Option<Algorithm> {
    let known = [
        Algorithm::ES256,
        Algorithm::ES384,
        Algorithm::PS256,
        Algorithm::PS384,
        Algorithm::PS512,
        Algorithm::RS256,
        Algorithm::RS384,
        Algorithm::RS512,
        Algorithm::EdDSA,
    ];
    known.into_iter().find(|known| format!("{known:?}") == word)
}

/// A header that names extensions we must understand (RFC 7515 §4.1.11): we understand none.
fn is_critical(token: &str) -> bool {
    let header = token.split('.').next().and_then(|part| URL_SAFE_NO_PAD.decode(part).ok());
    let members = header.and_then(|bytes| serde_json::from_slice::<Map<String, Value>>(&bytes).ok());
    members.is_none_or(|members| members.contains_key("crit"))
}

async fn fetch(address: &url::Url) -> Option<JwkSet> {
    let client = reqwest::Client::builder().timeout(FETCH_TIMEOUT).redirect(reqwest::redirect::Policy::none()).build().ok()?;
    let mut answer = client.get(address.clone()).send().await.ok()?.error_for_status().ok()?;
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.ok()? {
        body.extend_from_slice(&chunk);
        if body.len() > FETCH_LIMIT {
            return None;
        }
    }
    serde_json::from_slice(&body).ok()
}

fn pick(set: &JwkSet, kid: Option<&str>, algorithm: Algorithm) -> Result<DecodingKey, TokenError> {
    let jwk = match kid {
        Some(kid) => set.find(kid),
        // Without an id the choice must be clear.
        None => set.keys.first().filter(|_| set.keys.len() == 1),
    };
    let jwk = jwk.ok_or(TokenError::UnknownKey)?;
    let fits = jwk.common.key_algorithm.is_none_or(|own| own.to_string() == format!("{algorithm:?}"));
    if !fits {
        return Err(TokenError::Algorithm);
    }
    DecodingKey::from_jwk(jwk).map_err(|_| TokenError::UnknownKey)
}

/// Checks `exp`, `nbf` and `iat` (RFC 7519 §4.1) with `skew` seconds of clock difference forgiven.
pub fn check_times(claims: &Map<String, Value>, now: DateTime<Utc>, skew: i64) -> Result<(), TokenError> {
    let seconds = |name: &str| claims.get(name).map(|value| value.as_f64().ok_or(TokenError::Time)).transpose();
    #[expect(clippy::cast_precision_loss, reason = "seconds since 1970 fit a double exactly")]
    let (now, skew) = (now.timestamp() as f64, skew as f64);
    let expires = seconds("exp")?.ok_or(TokenError::Time)?;
    if expires + skew <= now {
        return Err(TokenError::Time);
    }
    if seconds("nbf")?.is_some_and(|from| from > now + skew) || seconds("iat")?.is_some_and(|from| from > now + skew) {
        return Err(TokenError::Time);
    }
    Ok(())
}
