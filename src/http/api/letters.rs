//! What goes into a letter: its text with link, code and QR code as data, and a page to print.

use super::invitations::{invitation_id, ui_language};
use crate::domain::language::Language;
use crate::http::extract::{ApiCaller, BODY, Door, optional_json};
use crate::http::fields::{self, Fields, Parsed};
use crate::http::problem::{FieldCode, Problem};
use crate::http::query::Query;
use crate::print::pdf::Format;
use crate::services::invitation::Presented;
use crate::services::letter::{self, Letter};
use actix_web::{HttpRequest, HttpResponse, web};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// Most lines of a recipient, and most characters of each: what a window shows.
const LINES: usize = 6;
const LINE: usize = 45;

/// The text of a letter as it stands beside link and code.
pub(super) fn body(letter: &Letter) -> Value {
    let png = letter.qr_png.as_ref().map(|bytes| STANDARD.encode(bytes));
    json!({"language": letter.language, "text": letter.text, "html": letter.html, "qr_png": png})
}

/// Link, code and the QR code of the link.
pub(super) fn credential(shown: &Presented) -> Value {
    json!({"link": shown.link, "code": shown.code, "qr_svg": shown.qr_svg})
}

/// What may be said about a letter.
#[derive(Default)]
struct Wish {
    language: Option<Language>,
    recipient: Option<Vec<String>>,
}

fn wish(fields: &Fields<'_>, format: Option<Format>) -> Wish {
    let language = fields.optional("language", ui_language);
    let recipient = match format {
        Some(Format::A4) => fields.optional("recipient", recipient),
        // An insert has no window: who it is for stands on the letter it lies in.
        Some(Format::A5) => fields.optional("recipient", |_| Err(FieldCode::NotAllowed)),
        None => None,
    };
    Wish { language, recipient }
}

fn recipient(value: &Value) -> Parsed<Vec<String>> {
    let lines = value.as_array().ok_or(FieldCode::Malformed)?;
    match lines.len() {
        0 => Err(FieldCode::TooShort),
        n if n > LINES => Err(FieldCode::TooLong),
        _ => lines.iter().map(fields::line(1, LINE)).collect(),
    }
}

/// `POST /api/v1/invitations/{id}/letter`
pub(in crate::http) async fn render(
    request: HttpRequest,
    ApiCaller(caller): ApiCaller,
    door: web::Data<Door>,
    path: web::Path<String>,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    Query::read(&request, &[])?;
    let id = invitation_id(&path)?;
    let wish = match optional_json(&request, payload, BODY).await? {
        Some(body) => fields::object(&body.value, |fields| Some(wish(fields, None)))?,
        None => Wish::default(),
    };
    let made = letter::render(&door.services, &caller, id, wish.language).await?;
    let answer = json!({"invitation": made.invitation, "credential": credential(&made.credential), "letter": body(&made.letter)});
    Ok(HttpResponse::Ok().json(answer))
}

/// `POST /api/v1/invitations/{id}/letter.pdf`
pub(in crate::http) async fn print(
    request: HttpRequest,
    ApiCaller(caller): ApiCaller,
    door: web::Data<Door>,
    path: web::Path<String>,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let format = Query::read(&request, &["format"])?.optional("format", Format::parse)?.unwrap_or_default();
    let id = invitation_id(&path)?;
    let wish = match optional_json(&request, payload, BODY).await? {
        Some(body) => fields::object(&body.value, |fields| Some(wish(fields, Some(format))))?,
        None => Wish::default(),
    };
    let pdf = letter::slip(&door.services, &caller, id, wish.language, format, wish.recipient).await?;
    Ok(HttpResponse::Ok().content_type("application/pdf").body(pdf))
}
