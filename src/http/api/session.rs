//! The patient's side: open with link or code and birth date, draft, hand in, receipt, decline.

use super::{moment, place, state, visit};
use crate::domain::language::Language;
use crate::domain::secret::{Code as TypedCode, LinkToken};
use crate::http::extract::{BODY, Door, Reader, SessionHolder, address, if_match, json as read_json};
use crate::http::fields::{self, Fields};
use crate::http::problem::{Code, FieldCode, Problem, issues_json};
use crate::http::query::Query;
use crate::services::decline;
use crate::services::draft::{self, DraftView};
use crate::services::holder::{self, SessionView};
use crate::services::library::Rendered;
use crate::services::open_session::{self, Command, Secret};
use crate::services::submit_response::{self, Receipt, Support};
use actix_web::http::header::{ACCEPT, ETAG, IF_NONE_MATCH};
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Value, json};

fn session(view: &SessionView, language: &Language) -> Value {
    let (word, reason) = state(view.state);
    let form = &view.form.questionnaire;
    json!({
        "kind": view.holder.kind.word(),
        "expires_at": moment(view.holder.idle_until),
        "absolute_until": moment(view.holder.absolute_until),
        "draft": view.draft.word(),
        "patient": {"name": view.patient_name},
        "organization": place(&view.organization),
        "unit": place(&view.unit),
        "appointment": visit(view.starts_at),
        "invitation": {
            "state": word,
            "closed_reason": reason,
            "answer_until": moment(view.answer_until),
            "amend_until": moment(view.amend_until),
        },
        "questionnaire": {
            "name": form.name(),
            "version": form.version(),
            "title": form.title(language),
            "languages": form.languages(),
        },
    })
}

/// A link as printed, or only its token, in any case.
fn link(text: &str) -> Secret {
    let token = text.trim().trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    LinkToken::parse(token).map_or(Secret::BrokenLink, Secret::Link)
}

enum Shown {
    Secret(Secret),
    Mistyped,
}

fn shown(fields: &Fields<'_>) -> Option<Shown> {
    let asked = (fields.raw("link").is_some(), fields.raw("code").is_some());
    let link = fields.optional("link", fields::line(1, 500)).map(|text| Shown::Secret(link(&text)));
    let code = fields
        .optional("code", fields::line(1, 64))
        .map(|text| TypedCode::parse(&text).map_or(Shown::Mistyped, |code| Shown::Secret(Secret::Code(code))));
    match asked {
        (true, true) => {
            fields.fault("code", FieldCode::NotAllowed);
            None
        }
        (false, false) => {
            fields.fault("link", FieldCode::Required);
            None
        }
        _ => link.or(code),
    }
}

/// `POST /api/v1/session`
pub(in crate::http) async fn open(
    request: HttpRequest,
    door: web::Data<Door>,
    Reader(reader): Reader,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    Query::read(&request, &[])?;
    let body = read_json(&request, payload, BODY).await?;
    let (shown, birth_date, device_token, remember) = fields::object(&body.value, |fields| {
        let shown = shown(fields);
        let birth_date = fields.required("birth_date", fields::date);
        let device_token = fields.optional("device_token", fields::line(1, 512));
        let remember = fields.optional("remember", fields::boolean);
        Some((shown?, birth_date?, device_token, remember.unwrap_or(false)))
    })?;
    let Shown::Secret(secret) = shown else { return Err(Problem::new(Code::CodeMistyped)) };
    let device_tokens = device_token.into_iter().collect();
    let command = Command { secret, birth_date, device_tokens, remember, address: address(&request, &door), request_id: reader.id.clone() };
    let opened = open_session::open(&door.services, command).await?;
    let view = holder::session_view(&door.services, &opened.holder).await?;
    let mut body = session(&view, &reader.language);
    if let Some(body) = body.as_object_mut() {
        body.insert("session_token".into(), opened.session_token.into());
        body.insert("device_token".into(), opened.device_token.into());
    }
    Ok(HttpResponse::Created().json(body))
}

/// `GET /api/v1/session`
pub(in crate::http) async fn get(
    request: HttpRequest,
    SessionHolder(holder): SessionHolder,
    door: web::Data<Door>,
    Reader(reader): Reader,
) -> Result<HttpResponse, Problem> {
    Query::read(&request, &[])?;
    let view = holder::read_session(&door.services, &holder, &reader.id).await?;
    Ok(HttpResponse::Ok().json(session(&view, &reader.language)))
}

/// `DELETE /api/v1/session`
pub(in crate::http) async fn end(
    request: HttpRequest,
    SessionHolder(holder): SessionHolder,
    door: web::Data<Door>,
) -> Result<HttpResponse, Problem> {
    Query::read(&request, &[])?;
    holder::end(&door.services, &holder).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// `GET /api/v1/session/questionnaire`
pub(in crate::http) async fn questionnaire(
    request: HttpRequest,
    SessionHolder(holder): SessionHolder,
    door: web::Data<Door>,
    Reader(reader): Reader,
) -> Result<HttpResponse, Problem> {
    let query = Query::read(&request, &["language"])?;
    let found = holder::form(&door.services, &holder).await?;
    form(&request, &found, query.language()?.as_ref(), &reader.language)
}

/// A form as FHIR JSON: pre-rendered bytes with a validator.
pub(super) fn form(
    request: &HttpRequest,
    form: &crate::services::library::Form,
    asked: Option<&Language>,
    reader: &Language,
) -> Result<HttpResponse, Problem> {
    accepts_fhir(request)?;
    let language = asked.cloned().unwrap_or_else(|| form.nearest(reader));
    let rendered = form.rendered(&language).ok_or_else(|| Problem::query("language", "query-fault-language"))?;
    Ok(validated(request, rendered, "application/fhir+json"))
}

/// Bytes with their validator, or 304 for who has them.
pub(super) fn validated(request: &HttpRequest, rendered: &Rendered, media: &'static str) -> HttpResponse {
    let etag = format!("\"{}\"", rendered.etag);
    let known = request.headers().get(IF_NONE_MATCH).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if known.split(',').any(|tag| tag.trim().trim_start_matches("W/") == etag || tag.trim() == "*") {
        return HttpResponse::NotModified().insert_header((ETAG, etag)).finish();
    }
    HttpResponse::Ok().insert_header((ETAG, etag)).content_type(media).body(rendered.body.clone())
}

fn accepts_fhir(request: &HttpRequest) -> Result<(), Problem> {
    pick(request, &["application/fhir+json", "application/json"]).map(|_| ())
}

/// The first of our media types that `Accept` allows, by its weights.
pub(in crate::http) fn pick<'a>(request: &HttpRequest, ours: &[&'a str]) -> Result<&'a str, Problem> {
    let first = ours.first().copied().ok_or(Problem::new(Code::Internal))?;
    let headers: Vec<&str> = request.headers().get_all(ACCEPT).filter_map(|value| value.to_str().ok()).collect();
    if headers.is_empty() {
        return Ok(first);
    }
    let ranges: Vec<(String, f32)> = headers.iter().flat_map(|header| header.split(',')).map(range).collect();
    let weight = |own: &str| {
        let kind = own.split('/').next().unwrap_or_default();
        let exact = [own.to_owned(), format!("{kind}/*"), "*/*".to_owned()];
        exact.iter().find_map(|pattern| ranges.iter().find(|(range, _)| range == pattern)).map_or(0.0, |(_, weight)| *weight)
    };
    let best = ours.iter().map(|own| (*own, weight(own))).fold((first, 0.0_f32), |best, next| if next.1 > best.1 { next } else { best });
    if best.1 > 0.0 { Ok(best.0) } else { Err(Problem::new(Code::NotAcceptable)) }
}

fn range(text: &str) -> (String, f32) {
    let mut parts = text.split(';');
    let media = parts.next().unwrap_or_default().trim().to_ascii_lowercase();
    let weight = parts.find_map(|part| part.trim().strip_prefix("q=")).and_then(|q| q.trim().parse().ok()).unwrap_or(1.0);
    (media, weight)
}

fn draft_body(view: &DraftView, language: &Language) -> HttpResponse {
    let body = json!({
        "version": view.version,
        "respondent": view.respondent,
        "answers": view.answers,
        "language": view.language,
        "updated_at": view.updated_at.map(moment),
        "issues": issues_json(&view.issues, language),
    });
    HttpResponse::Ok().insert_header((ETAG, format!("\"{}\"", view.version))).json(body)
}

/// `GET /api/v1/session/draft`
pub(in crate::http) async fn read_draft(
    request: HttpRequest,
    SessionHolder(holder): SessionHolder,
    door: web::Data<Door>,
    Reader(reader): Reader,
) -> Result<HttpResponse, Problem> {
    Query::read(&request, &[])?;
    let view = draft::read_draft(&door.services, &holder, &reader.id, reader.language.clone()).await?;
    Ok(draft_body(&view, &reader.language))
}

/// `PUT /api/v1/session/draft`
pub(in crate::http) async fn save_draft(
    request: HttpRequest,
    SessionHolder(holder): SessionHolder,
    door: web::Data<Door>,
    Reader(reader): Reader,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    Query::read(&request, &[])?;
    let expected = if_match(&request)?;
    let body = read_json(&request, payload, BODY).await?;
    let command = fields::object(&body.value, |fields| {
        let respondent = fields.inner("respondent", fields::respondent);
        let answers = fields.required("answers", |value| if value.is_object() { Ok(value.clone()) } else { Err(FieldCode::Malformed) });
        let language = fields.optional("language", fields::language);
        Some(draft::Command { expected, respondent, answers: answers?, language })
    })?;
    let view = draft::save(&door.services, &holder, &reader.id, command).await?;
    Ok(draft_body(&view, &reader.language))
}

/// `POST /api/v1/session/start-over`
pub(in crate::http) async fn start_over(
    request: HttpRequest,
    SessionHolder(holder): SessionHolder,
    door: web::Data<Door>,
    Reader(reader): Reader,
) -> Result<HttpResponse, Problem> {
    Query::read(&request, &[])?;
    let view = draft::start_over(&door.services, &holder, &reader.id).await?;
    Ok(draft_body(&view, &reader.language))
}

fn receipt_body(receipt: &Receipt) -> Value {
    json!({
        "response": receipt.response,
        "version": receipt.version,
        "submitted_at": moment(receipt.submitted_at),
        "amend_until": moment(receipt.amend_until),
        "organization": place(&receipt.organization),
        "unit": place(&receipt.unit),
        "appointment": visit(receipt.starts_at),
        "copy": receipt.copy,
        "support": receipt.support.as_ref().map(support),
    })
}

fn support(support: &Support) -> Value {
    match support {
        Support::General => json!({"kind": "general"}),
        Support::Own(text) => json!({"kind": "own", "text": text}),
    }
}

/// `POST /api/v1/session/submit`
pub(in crate::http) async fn submit(
    request: HttpRequest,
    SessionHolder(holder): SessionHolder,
    door: web::Data<Door>,
    Reader(reader): Reader,
) -> Result<HttpResponse, Problem> {
    Query::read(&request, &[])?;
    // A repeat in a receipt session needs no version; before that it must be named.
    let expected = match holder.kind {
        holder::SessionKind::Receipt => None,
        holder::SessionKind::Answering => Some(if_match(&request)?),
    };
    let done = submit_response::submit(&door.services, &holder, &reader.id, expected).await?;
    let mut response = if done.fresh { HttpResponse::Created() } else { HttpResponse::Ok() };
    Ok(response.json(receipt_body(&done.receipt)))
}

/// `GET /api/v1/session/receipt`
pub(in crate::http) async fn receipt(
    request: HttpRequest,
    SessionHolder(holder): SessionHolder,
    door: web::Data<Door>,
    Reader(reader): Reader,
) -> Result<HttpResponse, Problem> {
    Query::read(&request, &[])?;
    let receipt = submit_response::receipt(&door.services, &holder, &reader.id).await?.ok_or(Problem::new(Code::NotFound))?;
    Ok(HttpResponse::Ok().json(receipt_body(&receipt)))
}

/// `POST /api/v1/session/decline`
pub(in crate::http) async fn decline(
    request: HttpRequest,
    SessionHolder(holder): SessionHolder,
    door: web::Data<Door>,
    Reader(reader): Reader,
) -> Result<HttpResponse, Problem> {
    Query::read(&request, &[])?;
    decline::decline(&door.services, &holder, &reader.id).await?;
    let view = holder::session_view(&door.services, &holder).await?;
    Ok(HttpResponse::Ok().json(session(&view, &reader.language)))
}
