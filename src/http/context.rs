//! What every request carries: its id, the reader's language; and what every response carries:
//! security headers, the id. Logs name the route, never the path, so no secret reaches them.

use crate::domain::language::Language;
use crate::text;
use actix_web::Error;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{ACCEPT_LANGUAGE, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use std::time::Instant;
use tracing::Instrument;
use uuid::Uuid;

/// Id and language of the request in hand.
#[derive(Debug, Clone)]
pub(super) struct RequestContext {
    pub(super) id: String,
    pub(super) language: Language,
    /// Whether errors are to be resources of FHIR.
    pub(super) fhir: bool,
}

tokio::task_local! {
    static CURRENT: RequestContext;
}

/// The request in hand; a nameless one outside of any (never on a served path).
pub(super) fn current() -> RequestContext {
    CURRENT.try_with(Clone::clone).unwrap_or_else(|_| RequestContext { id: Uuid::nil().to_string(), language: Language::nb(), fhir: false })
}

/// What a page may do.
const OF_PAGES: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; object-src 'none'; require-trusted-types-for 'script'";
/// What everything else may do: nothing. It is short, for it goes with every answer to a phone.
const OF_OTHERS: &str = "default-src 'none'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'; object-src 'none'";

const HEADERS: [(&str, &str); 7] = [
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("permissions-policy", "camera=(), geolocation=(), microphone=()"),
    ("x-robots-tag", "noindex, nofollow"),
    ("strict-transport-security", "max-age=63072000; includeSubDomains"),
];

/// The outermost middleware.
pub(super) async fn wrap(request: ServiceRequest, next: Next<impl MessageBody + 'static>) -> Result<ServiceResponse<BoxBody>, Error> {
    let fhir = request.path() == "/fhir" || request.path().starts_with("/fhir/");
    let language = if fhir || request.path().starts_with("/api/") || request.path().starts_with("/cds-services") {
        let accept = request.headers().get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        text::negotiate(accept, text::languages())
    } else {
        super::web::language::of(request.headers(), request.query_string()).0
    };
    let context = RequestContext { id: Uuid::now_v7().to_string(), language, fhir };
    let method = tame(request.method());
    let id = context.id.clone();
    let span = tracing::info_span!("request", request_id = %id, method);
    #[expect(clippy::disallowed_methods, reason = "a duration for the log, not a rule")]
    let started = Instant::now();
    let answered = CURRENT.scope(context, next.call(request)).instrument(span.clone()).await;
    let mut response = answered?.map_into_boxed_body();
    let route = response.request().match_pattern().unwrap_or_else(|| "unmatched".to_owned());
    let status = response.status();
    let elapsed = started.elapsed();
    span.in_scope(|| {
        tracing::info!(route, status = status.as_u16(), micros = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX), "answered");
    });
    let labels = [("method", method.to_owned()), ("route", route), ("status", status.as_u16().to_string())];
    metrics::counter!("kartlegging_requests_total", &labels).increment(1);
    metrics::histogram!("kartlegging_request_seconds", "route" => labels[1].1.clone()).record(elapsed.as_secs_f64());
    decorate(&mut response, &id);
    Ok(response)
}

/// A method may be any word of the caller's; only known ones are logged and counted.
fn tame(method: &Method) -> &'static str {
    let known = [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::DELETE, Method::PATCH, Method::OPTIONS];
    let words = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"];
    known.iter().zip(words).find(|(known, _)| *known == method).map_or("other", |(_, word)| word)
}

fn decorate(response: &mut ServiceResponse<BoxBody>, id: &str) {
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    let is_page = headers.get(CONTENT_TYPE).is_some_and(|media| media.as_bytes().starts_with(b"text/html"));
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(if is_page { OF_PAGES } else { OF_OTHERS }));
    if !headers.contains_key(CACHE_CONTROL) {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    if let Ok(value) = HeaderValue::from_str(id) {
        headers.insert(HeaderName::from_static("x-request-id"), value);
    }
}
