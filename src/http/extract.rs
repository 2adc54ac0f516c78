//! What handlers take out of a request: who is asking, the body, conditional and idempotency headers.
//!
//! A body is read after the caller is known, and no connection to the database is held meanwhile.

use super::context::{RequestContext, current};
use super::problem::{Code, Problem};
use crate::domain::actor::Actor;
use crate::domain::policy::{Ground, unconfined};
use crate::services::holder::{self, Holder};
use crate::services::idempotency::Repeatable;
use crate::services::possession::{self, Shown};
use crate::services::{Caller, Services, authenticate};
use actix_web::dev::Payload;
use actix_web::http::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, IF_MATCH};
use actix_web::{FromRequest, HttpRequest, web};
use futures::StreamExt;
use futures::future::LocalBoxFuture;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

/// Largest body of one object, bytes.
pub(super) const BODY: usize = 256 * 1024;
/// Largest body of a batch, bytes.
pub(super) const BATCH: usize = 4 * 1024 * 1024;
/// Longest wait for the next part of a body.
const SLOWEST: Duration = Duration::from_secs(15);
/// Longest text beside a ground, characters.
const GROUND_TEXT: usize = 200;

/// What handlers need beside the request.
#[derive(Debug, Clone)]
pub struct Door {
    /// Use cases.
    pub services: Services,
    /// Whether `X-Forwarded-For` is to be believed.
    pub trusted_proxies: Arc<Vec<std::net::IpAddr>>,
    /// Origins of web pages that may call `/fhir`.
    pub fhir_origins: Arc<Vec<String>>,
    /// Renders Prometheus metrics.
    pub metrics: metrics_exporter_prometheus::PrometheusHandle,
}

/// The services and proxies of the application.
pub(super) fn door(request: &HttpRequest) -> Result<web::Data<Door>, Problem> {
    request.app_data::<web::Data<Door>>().cloned().ok_or(Problem::new(Code::Internal))
}

/// A token as it was sent, `Bearer` or with a proof of possession.
struct Sent {
    token: String,
    proof: Option<(String, String, String)>,
}

impl Sent {
    /// The token of a request. The address of a proof is the one that callers use, whatever proxies do.
    fn of(request: &HttpRequest, services: &Services) -> Result<Self, Problem> {
        let header = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let Some((_, token)) = header.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("dpop")) else {
            return Ok(Self { token: bearer(request)?, proof: None });
        };
        let mut proofs = request.headers().get_all("dpop");
        let (Some(proof), None) = (proofs.next().and_then(|value| value.to_str().ok()), proofs.next()) else {
            return Err(Problem::new(Code::ProofInvalid));
        };
        let address = format!("{}{}", services.rules.base_url, request.uri().path());
        Ok(Self { token: token.trim().to_owned(), proof: Some((proof.to_owned(), request.method().to_string(), address)) })
    }

    fn shown(&self) -> Shown<'_> {
        let proof = self.proof.as_ref();
        Shown { token: &self.token, proof: proof.map(|(text, method, address)| possession::Sent { text, method, address }) }
    }
}

pub(super) fn bearer(request: &HttpRequest) -> Result<String, Problem> {
    let header = request.headers().get(AUTHORIZATION).ok_or(Problem::new(Code::TokenMissing))?;
    let text = header.to_str().map_err(|_| Problem::new(Code::TokenInvalid))?;
    let (scheme, token) = text.split_once(' ').ok_or(Problem::new(Code::TokenMissing))?;
    if !scheme.eq_ignore_ascii_case("bearer") || token.trim().is_empty() {
        return Err(Problem::new(Code::TokenMissing));
    }
    Ok(token.trim().to_owned())
}

/// A caller with an API token that is good for more than one patient.
pub(super) struct ApiCaller(pub(super) Caller);

impl FromRequest for ApiCaller {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let caller = caller(&request).await?;
            // Before anything is looked up, so that the answer does not tell what there is.
            unconfined(&caller.actor)?;
            Ok(Self(caller))
        })
    }
}

/// A caller with an API token that may be good for one patient only: where the service says whose data it
/// gives, or gives nobody's.
pub(super) struct PatientCaller(pub(super) Caller);

impl FromRequest for PatientCaller {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move { Ok(Self(caller(&request).await?)) })
    }
}

async fn caller(request: &HttpRequest) -> Result<Caller, Problem> {
    let door = door(request)?;
    let sent = Sent::of(request, &door.services)?;
    let actor = authenticate::authenticate(&door.services, sent.shown()).await?;
    let (ground, ground_text) = stated_ground(request);
    Ok(Caller { actor, request_id: current().id, ground, ground_text })
}

/// A caller with an API token, for what holds nothing about a person.
pub(super) struct RecentCaller(pub(super) Actor);

impl FromRequest for RecentCaller {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let door = door(&request)?;
            let sent = Sent::of(&request, &door.services)?;
            Ok(Self(authenticate::authenticate_recent(&door.services, sent.shown()).await?))
        })
    }
}

/// A stated ground with its words; one that is not understood counts as none.
fn stated_ground(request: &HttpRequest) -> (Option<Ground>, Option<String>) {
    let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    let ground = header("kartlegging-ground").and_then(Ground::parse);
    match header("kartlegging-ground-text") {
        None => (ground, None),
        Some(text) => {
            let pair = format!("t={}", text.replace('+', "%2B").replace('&', "%26"));
            let decoded = url::form_urlencoded::parse(pair.as_bytes()).next().map(|(_, text)| text.into_owned()).unwrap_or_default();
            let sound = decoded.chars().count() <= GROUND_TEXT && !crate::domain::text::has_control(&decoded);
            if sound { (ground, ground.map(|_| decoded)) } else { (None, None) }
        }
    }
}

/// A holder with a session token.
pub(super) struct SessionHolder(pub(super) Holder);

impl FromRequest for SessionHolder {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let door = door(&request)?;
            let token = bearer(&request)?;
            Ok(Self(holder::authenticate(&door.services, &token).await?))
        })
    }
}

/// Id and language of the request.
pub(super) struct Reader(pub(super) RequestContext);

impl FromRequest for Reader {
    type Error = Problem;
    type Future = std::future::Ready<Result<Self, Problem>>;

    fn from_request(_: &HttpRequest, _: &mut Payload) -> Self::Future {
        std::future::ready(Ok(Self(current())))
    }
}

/// A JSON body: its bytes, for the idempotency key, and its value.
pub(super) struct Body {
    pub(super) bytes: Vec<u8>,
    pub(super) value: Value,
}

/// Whether a body is said to be of this type, once, in UTF-8 and not packed. Another charset is refused
/// and not guessed at: what a filter before us has read would be another text than ours.
pub(super) fn is_media(headers: &HeaderMap, wanted: &str) -> bool {
    let mut types = headers.get_all(CONTENT_TYPE);
    let (Some(media), None) = (types.next().and_then(|value| value.to_str().ok()), types.next()) else { return false };
    let mut parts = media.split(';').map(str::trim);
    let essence = parts.next().unwrap_or_default();
    let readable = |part: &str| match part.split_once('=') {
        Some((name, value)) if name.trim().eq_ignore_ascii_case("charset") => {
            let value = value.trim().trim_matches('"');
            ["utf-8", "utf8", "us-ascii"].iter().any(|known| value.eq_ignore_ascii_case(known))
        }
        _ => true,
    };
    let packed = headers.get_all(CONTENT_ENCODING).any(|value| !value.as_bytes().eq_ignore_ascii_case(b"identity"));
    essence.eq_ignore_ascii_case(wanted) && parts.all(readable) && !packed
}

/// The next part of a body. A sender that stalls is not waited for.
pub(super) async fn part(payload: &mut web::Payload) -> Result<Option<web::Bytes>, Problem> {
    let next = timeout(SLOWEST, payload.next()).await.map_err(|_| Problem::new(Code::BodyMalformed))?;
    next.transpose().map_err(|_| Problem::new(Code::BodyMalformed))
}

/// Reads a JSON body of at most `limit` bytes.
pub(super) async fn json(request: &HttpRequest, payload: web::Payload, limit: usize) -> Result<Body, Problem> {
    json_as(request, payload, limit, &["application/json"]).await
}

/// The same of one of these media types.
pub(super) async fn json_as(request: &HttpRequest, mut payload: web::Payload, limit: usize, media: &[&str]) -> Result<Body, Problem> {
    if !media.iter().any(|media| is_media(request.headers(), media)) {
        return Err(Problem::new(Code::MediaTypeUnsupported));
    }
    let mut bytes = Vec::new();
    while let Some(chunk) = part(&mut payload).await? {
        if bytes.len() + chunk.len() > limit {
            return Err(Problem::new(Code::BodyTooLarge));
        }
        bytes.extend_from_slice(&chunk);
    }
    let value = serde_json::from_slice(&bytes).map_err(|_| Problem::new(Code::BodyMalformed))?;
    Ok(Body { bytes, value })
}

/// Reads a JSON body that may be left out.
pub(super) async fn optional_json(request: &HttpRequest, mut payload: web::Payload, limit: usize) -> Result<Option<Body>, Problem> {
    if request.headers().contains_key(CONTENT_TYPE) {
        return json(request, payload, limit).await.map(Some);
    }
    // Without a type there must be nothing to read.
    while let Some(chunk) = part(&mut payload).await? {
        if !chunk.is_empty() {
            return Err(Problem::new(Code::MediaTypeUnsupported));
        }
    }
    Ok(None)
}

/// What makes a request safe to repeat.
pub(super) fn repeatable(request: &HttpRequest, operation: String, body: Vec<u8>) -> Result<Repeatable, Problem> {
    let mut headers = request.headers().get_all("idempotency-key");
    let key = headers.next().and_then(|value| value.to_str().ok()).unwrap_or_default();
    let sound = (8..=128).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_graphic()) && headers.next().is_none();
    if sound { Ok(Repeatable { key: key.to_owned(), operation, body }) } else { Err(Problem::new(Code::IdempotencyKeyRequired)) }
}

/// The one version of an `If-Match`.
pub(super) fn if_match(request: &HttpRequest) -> Result<i32, Problem> {
    let mut headers = request.headers().get_all(IF_MATCH);
    let text = headers.next().and_then(|value| value.to_str().ok()).unwrap_or_default();
    let digits = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or_default();
    let sound = !digits.is_empty() && digits.len() <= 18 && digits.bytes().all(|b| b.is_ascii_digit()) && headers.next().is_none();
    if !sound {
        return Err(Problem::new(Code::IfMatchRequired));
    }
    // A number that no draft has reached is a version all the same, and not the present one.
    Ok(digits.parse().unwrap_or(i32::MAX))
}

/// Address of the one who asks: the peer, or what a trusted proxy says.
pub(super) fn address(request: &HttpRequest, door: &Door) -> std::net::IpAddr {
    let peer = request.peer_addr().map_or(std::net::IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED), |peer| peer.ip());
    if !door.trusted_proxies.contains(&peer) {
        return peer;
    }
    // From the right: our proxies' own entries, then the one that counts. Everything before it, and
    // everything that can't be read, may be forged.
    let lines: Vec<&str> = request.headers().get_all("x-forwarded-for").filter_map(|value| value.to_str().ok()).collect();
    let chain = lines.join(",");
    for entry in chain.rsplit(',') {
        match forwarded(entry.trim()) {
            Some(proxy) if door.trusted_proxies.contains(&proxy) => {}
            Some(address) => return address,
            None => return peer,
        }
    }
    peer
}

/// `203.0.113.7`, `203.0.113.7:4711`, `2001:db8::1` or `[2001:db8::1]:4711`.
fn forwarded(entry: &str) -> Option<std::net::IpAddr> {
    let bare = entry.trim_start_matches('[').trim_end_matches(']');
    bare.parse().ok().or_else(|| entry.parse::<std::net::SocketAddr>().ok().map(|address| address.ip()))
}
