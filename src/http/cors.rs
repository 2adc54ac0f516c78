//! Which web pages of others may call `/fhir` and `/cds-services` from a browser (Fetch standard, CORS protocol): those that
//! the operator names, and then with a token of their own. Cookies are never sent along.

use actix_cors::Cors;

/// What such a page may send beside what every page may.
const ASKED: [&str; 13] = [
    "accept",
    "accept-language",
    "authorization",
    "content-type",
    "dpop",
    "if-match",
    "if-modified-since",
    "if-none-exist",
    "if-none-match",
    "kartlegging-ground",
    "kartlegging-ground-text",
    "prefer",
    "x-request-id",
];
/// What it may read of an answer.
const TOLD: [&str; 8] =
    ["content-location", "dpop-nonce", "etag", "last-modified", "location", "retry-after", "www-authenticate", "x-request-id"];
/// Seconds that a browser remembers what it was told.
const REMEMBERED: usize = 600;

/// The rule for a resource there.
pub(super) fn rule(origins: &[String]) -> Cors {
    let rule = Cors::default().allowed_methods(["GET", "HEAD", "POST", "PUT"]).allowed_headers(ASKED).expose_headers(TOLD);
    origins.iter().fold(rule.max_age(REMEMBERED), |rule, origin| rule.allowed_origin(origin))
}
