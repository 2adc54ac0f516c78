//! Alive, ready, metrics, robots, and the page of an address that does not exist.

use super::context::current;
use super::extract::{Door, Reader};
use super::problem::{Code, Problem};
use super::web::frame::{Frame, page};
use crate::services::startup;
use crate::text;
use actix_web::http::StatusCode;
use actix_web::http::header::{ACCEPT, ALLOW, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde_json::json;

/// `GET /healthz`: the process answers.
pub(super) async fn healthz() -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain; charset=utf-8").body("ok\n")
}

/// `GET /readyz`: database, migrations and keys are fit for work.
pub(super) async fn readyz(door: web::Data<Door>) -> HttpResponse {
    let word = |ok: Option<bool>| ok.map_or("unknown", |ok| if ok { "ok" } else { "failed" });
    let database = door.services.db.ping().await.is_ok();
    let migrations = if database { startup::schema_is_current(&door.services).await.ok() } else { None };
    let keys = if migrations == Some(true) { startup::keys_agree(&door.services).await.ok() } else { None };
    let ready = database && migrations == Some(true) && keys == Some(true);
    let body = json!({"ready": ready, "checks": {"database": word(Some(database)), "migrations": word(migrations), "keys": word(keys)}});
    let mut response = if ready { HttpResponse::Ok() } else { HttpResponse::ServiceUnavailable() };
    if !ready {
        response.insert_header(("retry-after", "5"));
    }
    response.json(body)
}

/// `GET /metrics`: Prometheus text; counts and times by route, nothing about anybody.
pub(super) async fn metrics(door: web::Data<Door>) -> HttpResponse {
    door.metrics.run_upkeep();
    HttpResponse::Ok().content_type("text/plain; version=0.0.4; charset=utf-8").body(door.metrics.render())
}

/// `GET /robots.txt`
pub(super) async fn robots() -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain; charset=utf-8").body("User-agent: *\nDisallow: /\n")
}

#[derive(Template)]
#[template(path = "not_found.html")]
struct NotFound {
    frame: Frame,
}

/// An address that does not exist: a page for people, a problem for programs.
pub(super) async fn not_found(request: HttpRequest, Reader(reader): Reader) -> Result<HttpResponse, Problem> {
    let accept = request.headers().get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if ["/api/", "/fhir", "/cds-services"].iter().any(|start| request.path().starts_with(start)) || !accept.contains("text/html") {
        return Err(Problem::new(Code::RouteNotFound));
    }
    let title = text::words(&reader.language, "not-found-title", &[]);
    page(StatusCode::NOT_FOUND, &NotFound { frame: Frame::bare(&reader.language, "/", title) })
}

/// A page that is only sent to, or only read: the front page leads on. Other programs read `Allow`.
pub(super) fn other_method(allow: &str) -> Result<HttpResponse, Problem> {
    let language = current().language;
    let title = text::words(&language, "not-found-title", &[]);
    let mut response = page(StatusCode::METHOD_NOT_ALLOWED, &NotFound { frame: Frame::bare(&language, "/", title) })?;
    if let Ok(allow) = HeaderValue::from_str(allow) {
        response.headers_mut().insert(ALLOW, allow);
    }
    Ok(response)
}
