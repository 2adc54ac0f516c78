//! Style, script and icon. The pages ask for style and script by their content, so they are kept
//! for a year and never stale. What the script says goes with it, so that no page has to carry it.

use crate::domain::language::Language;
use crate::text;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::{HttpRequest, HttpResponse};
use std::collections::BTreeMap;
use std::sync::LazyLock;

const STYLE: &str = include_str!("../static/style.css");
const SCRIPT: &str = include_str!("../static/page.js");
const CLINIC_STYLE: &str = include_str!("../static/clinic.css");
const CLINIC_SCRIPT: &str = include_str!("../static/clinic.js");
const ICON: &str = include_str!("../static/icon.svg");

static STYLE_ADDRESS: LazyLock<String> = LazyLock::new(|| format!("/style.css?v={}", mark(STYLE)));
static CLINIC_STYLE_ADDRESS: LazyLock<String> = LazyLock::new(|| format!("/klinikk.css?v={}", mark(CLINIC_STYLE)));
static CLINIC_SCRIPT_ADDRESS: LazyLock<String> = LazyLock::new(|| format!("/klinikk.js?v={}", mark(CLINIC_SCRIPT)));
/// The script with its words in each language, and where that is.
static SCRIPTS: LazyLock<Vec<(Language, String, String)>> = LazyLock::new(|| {
    let languages = text::languages().iter();
    languages
        .map(|language| {
            let script = format!("const words = {};\n{SCRIPT}", serde_json::json!(spoken(language)));
            (language.clone(), format!("/page.js?v={}", mark(&script)), script)
        })
        .collect()
});

/// What the script says.
const SPOKEN: [&str; 8] = ["saved", "offline", "failed", "moved", "other", "cleared", "over", "extended"];

fn spoken(language: &Language) -> BTreeMap<&'static str, String> {
    SPOKEN.into_iter().map(|name| (name, text::words(language, &format!("state-{name}"), &[]))).collect()
}

/// FNV-1a of a file: tells one version from another.
fn mark(text: &str) -> String {
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    format!("{hash:x}")
}

/// Where pages get the style.
pub(in crate::http) fn style_address() -> &'static str {
    &STYLE_ADDRESS
}

/// Where clinicians' pages get their style, beside the common one, and their script.
pub(in crate::http) fn clinic_addresses() -> (&'static str, &'static str) {
    (&CLINIC_STYLE_ADDRESS, &CLINIC_SCRIPT_ADDRESS)
}

/// Where pages in a language get the script.
pub(super) fn script_address(language: &Language) -> &'static str {
    let own = SCRIPTS.iter().find(|(tag, ..)| tag == language);
    own.map_or("/page.js", |(_, address, _)| address)
}

/// `GET /style.css`
pub(in crate::http) async fn style(request: HttpRequest) -> HttpResponse {
    asset(&request, "text/css; charset=utf-8", STYLE)
}

/// `GET /page.js`
pub(in crate::http) async fn script(request: HttpRequest) -> HttpResponse {
    let asked = SCRIPTS.iter().find(|(_, address, _)| address.ends_with(request.query_string()));
    asset(&request, "text/javascript; charset=utf-8", asked.or(SCRIPTS.first()).map_or(SCRIPT, |(.., script)| script))
}

/// `GET /klinikk.css`
pub(in crate::http) async fn clinic_style(request: HttpRequest) -> HttpResponse {
    asset(&request, "text/css; charset=utf-8", CLINIC_STYLE)
}

/// `GET /klinikk.js`
pub(in crate::http) async fn clinic_script(request: HttpRequest) -> HttpResponse {
    asset(&request, "text/javascript; charset=utf-8", CLINIC_SCRIPT)
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
