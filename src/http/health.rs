//! Alive, ready, metrics, robots and the landing page.

use super::extract::{Door, Reader};
use super::problem::{Code, Problem};
use crate::domain::language::Language;
use crate::services::startup;
use crate::text;
use actix_web::http::header::{ACCEPT, CACHE_CONTROL, VARY};
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde_json::json;

/// Media type of pages.
const HTML: &str = "text/html; charset=utf-8";

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
#[template(path = "landing.html")]
struct Landing<'a> {
    language: &'a str,
    title: String,
    paragraphs: Vec<String>,
    urgent_title: String,
    urgent: Vec<String>,
}

fn page(language: &Language, title: &str, paragraphs: &[&str]) -> Result<String, Problem> {
    let word = |key: &str| text::words(language, key, &[]);
    let page = Landing {
        language: language.as_str(),
        title: word(title),
        paragraphs: paragraphs.iter().map(|key| word(key)).collect(),
        urgent_title: word("landing-urgent-title"),
        urgent: vec![word("landing-emergency"), word("landing-urgent")],
    };
    page.render().map_err(|_| Problem::new(Code::Internal))
}

/// `GET /`: a plain page for who comes without a link.
pub(super) async fn landing(Reader(reader): Reader) -> Result<HttpResponse, Problem> {
    let html = page(&reader.language, "landing-title", &["landing-lead", "landing-what", "landing-letter"])?;
    Ok(HttpResponse::Ok().content_type(HTML).insert_header((VARY, "accept-language")).body(html))
}

/// An address that does not exist: a page for people, a problem for programs.
pub(super) async fn not_found(request: HttpRequest, Reader(reader): Reader) -> Result<HttpResponse, Problem> {
    let accept = request.headers().get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if request.path().starts_with("/api/") || !accept.contains("text/html") {
        return Err(Problem::new(Code::RouteNotFound));
    }
    let html = page(&reader.language, "not-found-title", &["not-found-lead", "landing-letter"])?;
    Ok(HttpResponse::NotFound().content_type(HTML).body(html))
}

/// `GET /style.css`
pub(super) async fn style() -> HttpResponse {
    asset("text/css; charset=utf-8", include_str!("static/style.css"))
}

/// `GET /icon.svg`
pub(super) async fn icon() -> HttpResponse {
    asset("image/svg+xml", include_str!("static/icon.svg"))
}

/// Something that looks the same to everybody. Its address does not change, so it is kept an hour.
fn asset(media: &'static str, body: &'static str) -> HttpResponse {
    HttpResponse::Ok().content_type(media).insert_header((CACHE_CONTROL, "public, max-age=3600")).body(body)
}
