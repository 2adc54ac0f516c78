//! The requests of a sign-in, and what comes back.

use super::OidcError;
use super::ehr::InContext;
use super::flow::Flow;
use super::provider::{ClientKey, Known, Provider, body, client};
use crate::crypto::dpop::ProofKey;
use crate::crypto::hash::sha256;
use crate::domain::clock::Entropy;
use crate::domain::ids::uuid_v7;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use jsonwebtoken::{Algorithm, Header, encode};
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// An assertion of ours lives so long, seconds.
const ASSERTION_SECONDS: i64 = 30;
/// The event of a logout token.
const LOGOUT: &str = "http://schemas.openid.net/event/backchannel-logout";
/// How a signed assertion is named in a request.
const ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// What a browser brings back.
#[derive(Debug, Clone, Default)]
pub struct Came {
    /// The code.
    pub code: Option<String>,
    /// The state.
    pub state: Option<String>,
    /// Who answered (RFC 9207).
    pub iss: Option<String>,
    /// Why there is no code.
    pub error: Option<String>,
}

/// Claims of an ID token that holds.
pub type Identity = Map<String, Value>;

/// Somebody who came back.
#[derive(Debug)]
pub struct Arrival {
    /// Who it is.
    pub claims: Identity,
    /// Who is open in the EHR, where the provider is one and somebody is.
    pub patient: Option<InContext>,
}

#[derive(Debug, Deserialize)]
struct Pushed {
    request_uri: String,
}

#[derive(Deserialize)]
struct Tokens {
    access_token: String,
    token_type: String,
    id_token: Option<String>,
    /// Context of a launch.
    patient: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
struct Refusal {
    #[serde(default)]
    error: String,
}

/// Instant and randomness of a request.
#[derive(Clone, Copy)]
struct Moment<'a> {
    now: DateTime<Utc>,
    entropy: &'a dyn Entropy,
}

impl Moment<'_> {
    fn id(self) -> String {
        uuid_v7(self.now, self.entropy).to_string()
    }
}

impl Provider {
    /// Where to send a browser that signs in. `launch` is what an EHR names its launch by; an EHR that launched
    /// nothing is asked to have a patient chosen.
    pub async fn begin(&self, flow: &Flow, launch: Option<&str>, now: DateTime<Utc>, entropy: &dyn Entropy) -> Result<url::Url, OidcError> {
        let known = self.known(now).await?;
        let settings = &self.settings;
        let mut fields = vec![
            ("response_type", "code".to_owned()),
            ("redirect_uri", settings.redirect_uri.clone()),
            ("scope", self.scope(launch)),
            ("state", flow.state.clone()),
            ("nonce", flow.nonce.clone()),
            ("code_challenge", flow.challenge()),
            ("code_challenge_method", "S256".to_owned()),
        ];
        fields.extend(settings.acr_values.clone().map(|values| ("acr_values", values)));
        if let Some(base) = &settings.smart_base {
            fields.push(("aud", base.clone()));
            fields.extend(launch.map(|launch| ("launch", launch.to_owned())));
        }
        if settings.bind {
            let key = ProofKey::of(&flow.proof_key).and_then(|key| key.thumbprint());
            fields.push(("dpop_jkt", key.ok_or(OidcError::Signing)?));
        }
        let mut address = known.metadata.authorization_endpoint.clone();
        address.query_pairs_mut().append_pair("client_id", &settings.client_id);
        if let (true, Some(endpoint)) = (settings.push, &known.metadata.pushed_authorization_request_endpoint) {
            let answer = self.post(endpoint, fields, None, Moment { now, entropy }).await?;
            let pushed: Pushed = serde_json::from_slice(&answer).map_err(|_| OidcError::Unavailable("pushed request"))?;
            address.query_pairs_mut().append_pair("request_uri", &pushed.request_uri);
        } else {
            address.query_pairs_mut().extend_pairs(fields);
        }
        Ok(address)
    }

    /// Scopes of a request.
    fn scope(&self, launch: Option<&str>) -> String {
        let own = &self.settings.scope;
        match (&self.settings.smart_base, launch) {
            (None, _) => own.clone(),
            (Some(_), Some(_)) => format!("{own} launch"),
            (Some(_), None) => format!("{own} launch/patient"),
        }
    }

    /// Turns what a browser brought back into claims of the person. Checks that it answers this flow, that
    /// this provider answered, and everything that OpenID Connect Core §3.1.3 says of the ID token.
    pub async fn finish(
        &self,
        flow: &Flow,
        came: &Came,
        now: DateTime<Utc>,
        entropy: &dyn Entropy,
        skew: i64,
    ) -> Result<Arrival, OidcError> {
        if flow.provider != self.settings.name || !flow.is_live(now) {
            return Err(OidcError::Unfit("another sign-in"));
        }
        if came.state.as_deref() != Some(flow.state.as_str()) {
            return Err(OidcError::Unfit("state"));
        }
        let known = self.known(now).await?;
        match &came.iss {
            Some(iss) if *iss != self.settings.issuer => return Err(OidcError::Unfit("iss")),
            None if known.metadata.authorization_response_iss_parameter_supported => return Err(OidcError::Unfit("no iss")),
            _ => {}
        }
        if let Some(error) = &came.error {
            return Err(OidcError::Refused(tame(error)));
        }
        let code = came.code.clone().ok_or(OidcError::Unfit("no code"))?;
        let fields = vec![
            ("grant_type", "authorization_code".to_owned()),
            ("code", code),
            ("redirect_uri", self.settings.redirect_uri.clone()),
            ("code_verifier", flow.verifier.clone()),
        ];
        let key = if self.settings.bind { Some(ProofKey::of(&flow.proof_key).ok_or(OidcError::Signing)?) } else { None };
        let answer = self.post(&known.metadata.token_endpoint, fields, key.as_ref(), Moment { now, entropy }).await?;
        let tokens: Tokens = serde_json::from_slice(&answer).map_err(|_| OidcError::Unavailable("tokens"))?;
        if !tokens.token_type.eq_ignore_ascii_case(if self.settings.bind { "DPoP" } else { "Bearer" }) {
            return Err(OidcError::Unfit("token type"));
        }
        let claims = self.identity(&known, flow, &tokens, now, skew).await?;
        let patient = tokens.patient.filter(|_| self.settings.smart_base.is_some());
        Ok(Arrival { claims, patient: patient.map(|id| InContext::new(id, tokens.access_token)) })
    }

    async fn identity(&self, known: &Known, flow: &Flow, tokens: &Tokens, now: DateTime<Utc>, skew: i64) -> Result<Identity, OidcError> {
        let id_token = tokens.id_token.as_deref().ok_or(OidcError::Unavailable("no ID token"))?;
        let claims = known.tokens.verify(id_token, now, skew).await?;
        let text = |name: &str| claims.get(name).and_then(Value::as_str);
        if text("nonce") != Some(flow.nonce.as_str()) {
            return Err(OidcError::Unfit("nonce"));
        }
        let several = claims.get("aud").and_then(Value::as_array).is_some_and(|all| all.len() > 1);
        match text("azp") {
            Some(party) if party != self.settings.client_id => return Err(OidcError::Unfit("azp")),
            None if several => return Err(OidcError::Unfit("no azp")),
            _ => {}
        }
        if claims.get("iat").is_none() || text("sub").is_none_or(str::is_empty) {
            return Err(OidcError::Unfit("iat or sub"));
        }
        if let Some(hash) = claims.get("at_hash")
            && hash.as_str() != half_hash(id_token, &tokens.access_token).as_deref()
        {
            return Err(OidcError::Unfit("at_hash"));
        }
        Ok(claims)
    }

    /// Checks a logout token (OpenID Connect Back-Channel Logout 1.0 §2.6) and gives the provider's name of the
    /// session that is over. A repeat ends nothing more, so none is looked for.
    pub async fn left(&self, token: &str, now: DateTime<Utc>, skew: i64) -> Result<String, OidcError> {
        let claims = self.known(now).await?.logouts.verify(token, now, skew).await?;
        let event = claims.get("events").and_then(|events| events.get(LOGOUT)).is_some_and(Value::is_object);
        if !event || claims.contains_key("nonce") || claims.get("iat").is_none() || claims.get("jti").is_none() {
            return Err(OidcError::Unfit("no logout token"));
        }
        let sid = claims.get("sid").and_then(Value::as_str).filter(|sid| !sid.is_empty());
        sid.map(str::to_owned).ok_or(OidcError::Unfit("no sid"))
    }

    /// Where people end their session at the provider; `None` where it has no such address.
    pub async fn leave(&self, back: &str, now: DateTime<Utc>) -> Option<url::Url> {
        let mut address = self.known(now).await.ok()?.metadata.end_session_endpoint.clone()?;
        address.query_pairs_mut().append_pair("client_id", &self.settings.client_id).append_pair("post_logout_redirect_uri", back);
        Some(address)
    }

    /// Posts a form as this client; asked for a nonce in the proof, it posts once more with it.
    async fn post(
        &self,
        address: &url::Url,
        fields: Vec<(&'static str, String)>,
        key: Option<&ProofKey>,
        moment: Moment<'_>,
    ) -> Result<Vec<u8>, OidcError> {
        let mut nonce: Option<String> = None;
        loop {
            let mut form = url::form_urlencoded::Serializer::new(String::new());
            form.extend_pairs(&fields);
            let mut call = client()?.post(address.clone()).header("accept", "application/json");
            match &self.settings.key {
                ClientKey::Signed { algorithm, kid, key } => {
                    let assertion = self.assertion(*algorithm, kid, key, address, moment)?;
                    form.append_pair("client_id", &self.settings.client_id);
                    form.append_pair("client_assertion_type", ASSERTION).append_pair("client_assertion", &assertion);
                }
                ClientKey::Secret(secret) => {
                    let coded = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
                    let pair = STANDARD.encode(format!("{}:{}", coded(&self.settings.client_id), coded(secret)));
                    call = call.header("authorization", format!("Basic {pair}"));
                }
            }
            if let Some(key) = key {
                let proof = key.prove("POST", address.as_str(), &moment.id(), moment.now, None, nonce.as_deref());
                call = call.header("dpop", proof.ok_or(OidcError::Signing)?);
            }
            let call = call.header("content-type", "application/x-www-form-urlencoded").body(form.finish());
            let answer = call.send().await.map_err(|_| OidcError::Unavailable("no answer"))?;
            let (status, asked) =
                (answer.status(), answer.headers().get("dpop-nonce").and_then(|value| value.to_str().ok()).map(str::to_owned));
            let bytes = body(answer).await?;
            if status.is_success() {
                return Ok(bytes);
            }
            let refusal: Refusal = serde_json::from_slice(&bytes).unwrap_or_default();
            if refusal.error == "use_dpop_nonce" && nonce.is_none() && asked.is_some() {
                nonce = asked;
            } else if status.is_server_error() || refusal.error.is_empty() {
                return Err(OidcError::Unavailable("it failed"));
            } else {
                return Err(OidcError::Refused(tame(&refusal.error)));
            }
        }
    }

    /// Who we are, signed for this provider alone. An EHR wants its own address in it, and the plain type (SMART App
    /// Launch 2, client-confidential-asymmetric).
    fn assertion(
        &self,
        algorithm: Algorithm,
        kid: &str,
        key: &jsonwebtoken::EncodingKey,
        address: &url::Url,
        moment: Moment<'_>,
    ) -> Result<String, OidcError> {
        let id = &self.settings.client_id;
        let iat = moment.now.timestamp();
        let (audience, typ) = match self.settings.smart_base {
            Some(_) => (address.as_str(), "JWT"),
            None => (self.settings.issuer.as_str(), "client-authentication+jwt"),
        };
        let claims =
            json!({"iss": id, "sub": id, "aud": audience, "iat": iat, "nbf": iat, "exp": iat + ASSERTION_SECONDS, "jti": moment.id()});
        let mut header = Header::new(algorithm);
        header.kid = Some(kid.to_owned());
        header.typ = Some(typ.to_owned());
        encode(&header, &claims, key).map_err(|_| OidcError::Signing)
    }
}

/// A code of a provider's as a log may hold it.
fn tame(error: &str) -> String {
    error.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').take(60).collect()
}

/// `at_hash` of an access token: the left half of its hash, by the algorithm of the ID token.
fn half_hash(id_token: &str, access_token: &str) -> Option<String> {
    let algorithm = jsonwebtoken::decode_header(id_token).ok()?.alg;
    let digest = match algorithm {
        Algorithm::ES256 | Algorithm::PS256 | Algorithm::RS256 => sha256(access_token.as_bytes()),
        Algorithm::ES384 | Algorithm::PS384 | Algorithm::RS384 => of(&aws_lc_rs::digest::SHA384, access_token),
        _ => of(&aws_lc_rs::digest::SHA512, access_token),
    };
    Some(URL_SAFE_NO_PAD.encode(digest.get(..digest.len() / 2)?))
}

fn of(algorithm: &'static aws_lc_rs::digest::Algorithm, text: &str) -> Vec<u8> {
    aws_lc_rs::digest::digest(algorithm, text.as_bytes()).as_ref().to_vec()
}
