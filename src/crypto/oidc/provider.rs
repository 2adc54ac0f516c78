//! A provider as it is configured, and its metadata (OpenID Connect Discovery 1.0), which is fetched when
//! it is first needed and again when it is old.

use super::OidcError;
use crate::crypto::jwks::{Issuer, KeySource};
use chrono::{DateTime, Utc};
use jsonwebtoken::{Algorithm, EncodingKey};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;

/// Metadata older than this is fetched again, seconds.
const MAX_AGE_SECONDS: i64 = 3600;
/// A provider that did not answer is asked again after so long, seconds: those who come meanwhile do not
/// wait for it one after the other.
const PAUSE_SECONDS: i64 = 5;
/// Longest wait for an answer.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Largest answer that is read, bytes.
const LARGEST: usize = 256 * 1024;

/// How this service shows a provider who it is.
pub enum ClientKey {
    /// By a signed assertion (RFC 7523).
    Signed {
        /// Algorithm.
        algorithm: Algorithm,
        /// Name of the key at the provider.
        kid: String,
        /// The key.
        key: Box<EncodingKey>,
    },
    /// By a secret in the header (RFC 6749 §2.3.1).
    Secret(zeroize::Zeroizing<String>),
}

impl std::fmt::Debug for ClientKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ClientKey")
    }
}

/// What is configured.
#[derive(Debug)]
pub struct ProviderSettings {
    /// Its name here: in addresses and rows.
    pub name: String,
    /// The exact `iss`.
    pub issuer: String,
    /// Our id there.
    pub client_id: String,
    /// How we show who we are.
    pub key: ClientKey,
    /// Scopes, `openid` among them.
    pub scope: String,
    /// Base of the FHIR server of an EHR that opens this service, exactly as it names itself (`iss` of a
    /// launch); `None`: no EHR.
    pub smart_base: Option<String>,
    /// Levels that are asked for.
    pub acr_values: Option<String>,
    /// Algorithms of ID tokens.
    pub algorithms: Vec<Algorithm>,
    /// Whether requests are pushed (RFC 9126).
    pub push: bool,
    /// Whether tokens are bound to a key (RFC 9449).
    pub bind: bool,
    /// Where people come back to, as it is registered at the provider.
    pub redirect_uri: String,
}

/// The part of a provider's metadata that we use.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Metadata {
    pub(super) issuer: String,
    #[serde(deserialize_with = "address")]
    pub(super) authorization_endpoint: url::Url,
    #[serde(deserialize_with = "address")]
    pub(super) token_endpoint: url::Url,
    #[serde(deserialize_with = "address")]
    pub(super) jwks_uri: url::Url,
    #[serde(default, deserialize_with = "optional")]
    pub(super) pushed_authorization_request_endpoint: Option<url::Url>,
    #[serde(default, deserialize_with = "optional")]
    pub(super) end_session_endpoint: Option<url::Url>,
    #[serde(default)]
    pub(super) authorization_response_iss_parameter_supported: bool,
    #[serde(default)]
    code_challenge_methods_supported: Vec<String>,
}

fn address<'de, D: Deserializer<'de>>(reader: D) -> Result<url::Url, D::Error> {
    url::Url::parse(&String::deserialize(reader)?).map_err(D::Error::custom)
}

fn optional<'de, D: Deserializer<'de>>(reader: D) -> Result<Option<url::Url>, D::Error> {
    let text = Option::<String>::deserialize(reader)?;
    text.map(|text| url::Url::parse(&text).map_err(D::Error::custom)).transpose()
}

/// What was learnt about a provider.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) metadata: Metadata,
    pub(super) tokens: Issuer,
    /// Of logout tokens, which name their own type.
    pub(super) logouts: Issuer,
    fetched: DateTime<Utc>,
}

/// A provider of sign-in.
#[derive(Debug)]
pub struct Provider {
    /// What is configured.
    pub settings: ProviderSettings,
    known: Mutex<Memory>,
}

/// What is remembered of a provider.
#[derive(Debug, Default)]
struct Memory {
    known: Option<Arc<Known>>,
    /// When it last did not answer.
    failed: Option<DateTime<Utc>>,
}

/// Whether an address may be called: with TLS, or on this machine.
fn is_safe(address: &url::Url) -> bool {
    address.scheme() == "https" || (address.scheme() == "http" && matches!(address.host_str(), Some("127.0.0.1" | "localhost" | "[::1]")))
}

/// A client that follows nowhere.
pub(super) fn client() -> Result<reqwest::Client, OidcError> {
    let client = reqwest::Client::builder().timeout(TIMEOUT).redirect(reqwest::redirect::Policy::none()).build();
    client.map_err(|_| OidcError::Unavailable("no client"))
}

/// Reads an answer of bounded size.
pub(super) async fn body(mut answer: reqwest::Response) -> Result<Vec<u8>, OidcError> {
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|_| OidcError::Unavailable("the answer broke off"))? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > LARGEST {
            return Err(OidcError::Unavailable("the answer is too large"));
        }
    }
    Ok(bytes)
}

impl Provider {
    /// A provider of these settings; nothing is fetched yet.
    pub fn new(settings: ProviderSettings) -> Self {
        Self { settings, known: Mutex::default() }
    }

    /// What is known about it.
    pub(super) async fn known(&self, now: DateTime<Utc>) -> Result<Arc<Known>, OidcError> {
        let within = |at: DateTime<Utc>, seconds: i64| (0..seconds).contains(&(now - at).num_seconds());
        let mut memory = self.known.lock().await;
        if let Some(fresh) = memory.known.as_ref().filter(|known| within(known.fetched, MAX_AGE_SECONDS)) {
            return Ok(Arc::clone(fresh));
        }
        let away = Err(OidcError::Unavailable("metadata, a moment ago"));
        if memory.failed.is_some_and(|at| within(at, PAUSE_SECONDS)) {
            return memory.known.clone().map_or(away, Ok);
        }
        match self.fetch(now).await {
            Ok(fresh) => {
                let fresh = Arc::new(fresh);
                *memory = Memory { known: Some(Arc::clone(&fresh)), failed: None };
                Ok(fresh)
            }
            // What was known an hour ago is better than nothing.
            Err(error) => {
                memory.failed = Some(now);
                memory.known.clone().ok_or(error)
            }
        }
    }

    async fn fetch(&self, now: DateTime<Utc>) -> Result<Known, OidcError> {
        // An EHR says all of it beside its FHIR server, its issuer as well.
        let (root, document) = match &self.settings.smart_base {
            Some(base) => (base, "smart-configuration"),
            None => (&self.settings.issuer, "openid-configuration"),
        };
        let address = format!("{}/.well-known/{document}", root.trim_end_matches('/'));
        let call = client()?.get(address).header("accept", "application/json");
        let answer = call.send().await.map_err(|_| OidcError::Unavailable("metadata"))?;
        if !answer.status().is_success() {
            return Err(OidcError::Unavailable("metadata"));
        }
        let metadata: Metadata = serde_json::from_slice(&body(answer).await?).map_err(|_| OidcError::Unavailable("metadata"))?;
        if metadata.issuer != self.settings.issuer {
            return Err(OidcError::Unavailable("metadata of another issuer"));
        }
        let pushed = metadata.pushed_authorization_request_endpoint.as_ref();
        let called = [&metadata.authorization_endpoint, &metadata.token_endpoint, &metadata.jwks_uri];
        if !called.into_iter().chain(pushed).chain(metadata.end_session_endpoint.as_ref()).all(is_safe) {
            return Err(OidcError::Unavailable("an address without TLS"));
        }
        if self.settings.smart_base.is_some() && !metadata.code_challenge_methods_supported.iter().any(|method| method == "S256") {
            return Err(OidcError::Unavailable("no PKCE with S256"));
        }
        if self.settings.push && pushed.is_none() {
            return Err(OidcError::Unavailable("no address for pushed requests"));
        }
        let issuer = |types: &[&str]| {
            let (name, audience, keys) = (metadata.issuer.clone(), self.settings.client_id.clone(), metadata.jwks_uri.clone());
            Issuer::new(name, audience, &self.settings.algorithms, types, KeySource::Address(keys))
        };
        let (tokens, logouts) = (issuer(&["jwt", ""]), issuer(&["logout+jwt", "jwt", ""]));
        Ok(Known { metadata, tokens, logouts, fetched: now })
    }
}
