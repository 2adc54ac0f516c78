//! Style, script and icon. The pages ask for style and script by their content, so they are kept
//! for a year and never stale.

use actix_web::http::header::CACHE_CONTROL;
use actix_web::{HttpRequest, HttpResponse};
use std::sync::LazyLock;

const STYLE: &str = include_str!("../static/style.css");
const SCRIPT: &str = include_str!("../static/page.js");
const ICON: &str = include_str!("../static/icon.svg");

static STYLE_ADDRESS: LazyLock<String> = LazyLock::new(|| format!("/style.css?v={}", mark(STYLE)));
static SCRIPT_ADDRESS: LazyLock<String> = LazyLock::new(|| format!("/page.js?v={}", mark(SCRIPT)));

/// FNV-1a of a file: tells one version from another.
fn mark(text: &str) -> String {
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    format!("{hash:x}")
}

/// Where pages get the style.
pub(super) fn style_address() -> &'static str {
    &STYLE_ADDRESS
}

/// Where pages get the script.
pub(super) fn script_address() -> &'static str {
    &SCRIPT_ADDRESS
}

/// `GET /style.css`
pub(in crate::http) async fn style(request: HttpRequest) -> HttpResponse {
    asset(&request, "text/css; charset=utf-8", STYLE)
}

/// `GET /page.js`
pub(in crate::http) async fn script(request: HttpRequest) -> HttpResponse {
    asset(&request, "text/javascript; charset=utf-8", SCRIPT)
}

/// `GET /icon.svg`
pub(in crate::http) async fn icon(request: HttpRequest) -> HttpResponse {
    asset(&request, "image/svg+xml; charset=utf-8", ICON)
}

/// Something that looks the same to everybody: kept for a year under its content, else for an hour.
fn asset(request: &HttpRequest, media: &'static str, body: &'static str) -> HttpResponse {
    let exact = request.query_string() == format!("v={}", mark(body));
    let kept = if exact { "public, max-age=31536000, immutable" } else { "public, max-age=3600" };
    HttpResponse::Ok().content_type(media).insert_header((CACHE_CONTROL, kept)).body(body)
}
