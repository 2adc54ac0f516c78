//! Issuing, reading, reissuing and revoking invitations.

use super::representatives::registration;
use super::{form_ref, letters, moment, state};
use crate::domain::clock::oslo_date;
use crate::domain::identifier::{IdentifierError, PatientIdentifier};
use crate::domain::ids::InvitationId;
use crate::domain::language::Language;
use crate::http::context::current;
use crate::http::extract::{ApiCaller, BATCH, BODY, Door, json as read_json, optional_json, repeatable};
use crate::http::fields::{self, Fields, Parsed};
use crate::http::problem::{Code, FieldCode, Problem};
use crate::http::query::Query;
use crate::services::invitation::{self, InvitationView, Issued};
use crate::services::issue_invitations::{self, Contact, Order, PatientData, Visit};
use crate::services::letter::{self, Letter};
use crate::services::representatives::MOST;
use crate::services::{Caller, Fault, Services, print_paper, render_message};
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Value, json};
use validator::ValidateEmail;

/// Most items of a batch.
const ITEMS: usize = 1000;

/// An invitation as callers see it.
pub(super) fn view(invitation: &InvitationView) -> Value {
    let (word, reason) = state(invitation.state);
    json!({
        "id": invitation.id,
        "state": word,
        "closed_reason": reason,
        "sent": invitation.sent,
        "flagged": invitation.flagged,
        "unit": invitation.unit,
        "patient": invitation.patient,
        "appointment": invitation.appointment,
        "questionnaire": form_ref(&invitation.questionnaire_name, &invitation.questionnaire_version),
        "due_on": invitation.due_on,
        "answer_until": moment(invitation.answer_until),
        "amend_until": moment(invitation.amend_until),
        "response": invitation.response,
        "created_at": moment(invitation.created_at),
    })
}

fn issued(issued: &Issued, letter: Option<&Letter>, services: &Services) -> Value {
    let mut body = view(&issued.invitation);
    if let Some(body) = body.as_object_mut() {
        body.insert("credential".into(), letters::credential(&invitation::present(services, issued)));
        if let Some(letter) = letter {
            body.insert("letter".into(), letters::body(letter));
        }
    }
    body
}

/// An order, and whether its letter is asked for with it.
type Asked = (Order, bool);

fn asked(fields: &Fields<'_>, services: &Services) -> Option<Asked> {
    let letter = fields.optional("letter", fields::boolean);
    Some((order(fields, services)?, letter.unwrap_or(false)))
}

/// The letters of those that were issued and asked for theirs.
async fn letters_of<'a>(
    services: &Services,
    caller: &Caller,
    wanted: impl Iterator<Item = (&'a Issued, bool)>,
) -> Result<Vec<Letter>, Fault> {
    let wanted: Vec<&Issued> = wanted.filter(|(_, asked)| *asked).map(|(issued, _)| issued).collect();
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    letter::of_issued(services, caller.actor.organization(), &wanted).await
}

fn order(fields: &Fields<'_>, services: &Services) -> Option<Order> {
    let patient = fields.required_inner("patient", |patient| self::patient(patient, services));
    let visit = fields.inner("appointment", |visit| {
        let external_id = visit.optional("external_id", fields::line(1, 128));
        let starts_at = visit.required("starts_at", fields::moment);
        let unit = visit.required("unit", fields::unit);
        Some(Visit { external_id, starts_at: starts_at?, unit: unit? })
    });
    let unit = fields.optional("unit", fields::unit);
    if fields.raw("appointment").is_none() && fields.raw("unit").is_none() {
        fields.fault("unit", FieldCode::Required);
    }
    let due_on = fields.optional("due_on", fields::date);
    let form = fields.inner("questionnaire", form_choice);
    let answer_until = fields.optional("answer_until", fields::moment);
    Some(Order { patient: patient?, visit, unit, due_on, form, answer_until })
}

/// A form by name and, where it is to be exact, version.
pub(super) fn form_choice(fields: &Fields<'_>) -> Option<(String, Option<String>)> {
    let name = fields.required("name", fields::line(1, 64));
    let version = fields.optional("version", fields::line(1, 64));
    Some((name?, version))
}

fn patient(fields: &Fields<'_>, services: &Services) -> Option<PatientData> {
    let identifier = fields.inner("identifier", |fields| identifier(fields, services));
    let name = fields.required("name", fields::line(1, 200));
    let birth_date = fields.required("birth_date", |value| {
        let date = fields::date(value)?;
        if date > oslo_date(services.now()) { Err(FieldCode::DateInFuture) } else { Ok(date) }
    });
    let language = fields.optional("language", ui_language);
    let contact = fields.inner("contact", |fields| {
        let email = fields.optional("email", email);
        let phone = fields.optional("phone", phone);
        Some(Contact { email, phone })
    });
    let representatives = fields.each("representatives", MOST, |one| registration(one, services));
    Some(PatientData { identifier, name: name?, birth_date: birth_date?, language, contact, representatives: representatives? })
}

/// An identifier; its value is in no error.
pub(super) fn identifier(fields: &Fields<'_>, services: &Services) -> Option<PatientIdentifier> {
    let system = fields.required("system", fields::line(1, 100))?;
    let assigner = fields.optional("assigner", fields::line(1, 64));
    let value = fields.required("value", fields::line(1, 64))?;
    match PatientIdentifier::parse(&system, assigner.as_deref(), &value, services.rules.allow_synthetic_persons) {
        Ok(identifier) => Some(identifier),
        Err(IdentifierError::System) => {
            fields.fault("system", FieldCode::Malformed);
            None
        }
        Err(IdentifierError::Assigner) => {
            fields.fault("assigner", FieldCode::Required);
            None
        }
        Err(IdentifierError::Synthetic) => {
            fields.fault("value", FieldCode::SyntheticNotAllowed);
            None
        }
        Err(IdentifierError::Number) => {
            fields.fault("value", FieldCode::IdentifierInvalid);
            None
        }
    }
}

/// A language of the product.
pub(super) fn ui_language(value: &Value) -> Parsed<Language> {
    let language = fields::language(value)?;
    if crate::text::languages().contains(&language) { Ok(language) } else { Err(FieldCode::LanguageUnknown) }
}

fn email(value: &Value) -> Parsed<String> {
    let text = fields::line(1, 254)(value)?;
    if text.validate_email() { Ok(text) } else { Err(FieldCode::Malformed) }
}

fn phone(value: &Value) -> Parsed<String> {
    let text = fields::line(5, 30)(value)?;
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let sound = text.chars().all(|c| c.is_ascii_digit() || " +()./-".contains(c));
    if sound && digits >= 5 { Ok(text) } else { Err(FieldCode::Malformed) }
}

/// `POST /api/v1/invitations`
pub(in crate::http) async fn issue(
    request: HttpRequest,
    ApiCaller(caller): ApiCaller,
    door: web::Data<Door>,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    Query::read(&request, &[])?;
    let body = read_json(&request, payload, BODY).await?;
    let repeatable = repeatable(&request, "issue".to_owned(), body.bytes)?;
    let (order, asked) = fields::object(&body.value, |fields| asked(fields, &door.services))?;
    let done = issue_invitations::issue(&door.services, &caller, order, repeatable).await?;
    let letter = letters_of(&door.services, &caller, std::iter::once((&done, asked))).await?;
    let location = format!("/api/v1/invitations/{}", done.invitation.id);
    Ok(HttpResponse::Created().insert_header(("location", location)).json(issued(&done, letter.first(), &door.services)))
}

/// `POST /api/v1/invitations/batch`
pub(in crate::http) async fn issue_batch(
    request: HttpRequest,
    ApiCaller(caller): ApiCaller,
    door: web::Data<Door>,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    Query::read(&request, &[])?;
    let body = read_json(&request, payload, BATCH).await?;
    let repeatable = repeatable(&request, "issue-batch".to_owned(), body.bytes)?;
    let items = fields::object(&body.value, |fields| fields.required("items", items))?;
    let read: Vec<Result<Asked, Problem>> = items.iter().map(|item| fields::object(item, |fields| asked(fields, &door.services))).collect();
    let orders = read.iter().map(|item| item.as_ref().ok().map(|(order, _)| order.clone())).collect();
    let done = issue_invitations::issue_batch(&door.services, &caller, orders, repeatable).await?;
    let asks = |item: &Result<Asked, Problem>| item.as_ref().is_ok_and(|(_, asked)| *asked);
    let wanted = read.iter().zip(&done).filter_map(|(item, done)| Some((done.as_ref().ok()?, asks(item))));
    let mut letters = letters_of(&door.services, &caller, wanted).await?.into_iter();
    let context = current();
    let mut count = (0, 0);
    let mut results = Vec::with_capacity(read.len());
    for (index, (item, done)) in read.into_iter().zip(done).enumerate() {
        let asked = asks(&item);
        // What was recorded counts; why an item could not be read is said by reading it again.
        let result = match (done, item) {
            (Err(issue_invitations::Error::Unreadable), Err(problem)) => Err(problem),
            (done, _) => done.map_err(Problem::from),
        };
        results.push(match result {
            Ok(done) => {
                count.0 += 1;
                let letter = if asked { letters.next() } else { None };
                json!({"index": index, "status": 201, "invitation": issued(&done, letter.as_ref(), &door.services)})
            }
            Err(problem) => {
                count.1 += 1;
                json!({"index": index, "status": problem.code.status(), "problem": problem.body(&context.language, &context.id)})
            }
        });
    }
    Ok(HttpResponse::Ok().json(json!({"issued": count.0, "failed": count.1, "items": results})))
}

fn items(value: &Value) -> Parsed<Vec<Value>> {
    let items = value.as_array().ok_or(FieldCode::Malformed)?;
    match items.len() {
        0 => Err(FieldCode::TooShort),
        n if n > ITEMS => Err(FieldCode::TooLong),
        _ if items.iter().any(|item| !item.is_object()) => Err(FieldCode::Malformed),
        _ => Ok(items.clone()),
    }
}

pub(in crate::http) fn invitation_id(path: &web::Path<String>) -> Result<InvitationId, Problem> {
    InvitationId::parse(path).ok_or(Problem::new(Code::NotFound))
}

/// `GET /api/v1/invitations/{id}`
pub(in crate::http) async fn get(
    request: HttpRequest,
    ApiCaller(caller): ApiCaller,
    door: web::Data<Door>,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    Query::read(&request, &[])?;
    let found = invitation::get(&door.services, &caller, invitation_id(&path)?).await?;
    Ok(HttpResponse::Ok().json(view(&found)))
}

/// `POST /api/v1/invitations/{id}/reissue`
pub(in crate::http) async fn reissue(
    request: HttpRequest,
    ApiCaller(caller): ApiCaller,
    door: web::Data<Door>,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    Query::read(&request, &[])?;
    let id = invitation_id(&path)?;
    let repeatable = repeatable(&request, "reissue".to_owned(), id.to_string().into_bytes())?;
    let done = invitation::reissue(&door.services, &caller, id, repeatable).await?;
    Ok(HttpResponse::Ok().json(issued(&done, None, &door.services)))
}

/// `POST /api/v1/invitations/{id}/revoke`
pub(in crate::http) async fn revoke(
    request: HttpRequest,
    ApiCaller(caller): ApiCaller,
    door: web::Data<Door>,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    Query::read(&request, &[])?;
    let done = invitation::revoke(&door.services, &caller, invitation_id(&path)?).await?;
    Ok(HttpResponse::Ok().json(view(&done)))
}

fn message_kind(value: &Value) -> Parsed<render_message::Kind> {
    render_message::Kind::parse(value.as_str().ok_or(FieldCode::Malformed)?).ok_or(FieldCode::NotAllowed)
}

/// `POST /api/v1/invitations/{id}/message`
pub(in crate::http) async fn message(
    request: HttpRequest,
    ApiCaller(caller): ApiCaller,
    door: web::Data<Door>,
    path: web::Path<String>,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    Query::read(&request, &[])?;
    let id = invitation_id(&path)?;
    let body = optional_json(&request, payload, BODY).await?;
    let kind = match &body {
        Some(body) => fields::object(&body.value, |fields| Some(fields.optional("kind", message_kind)))?,
        None => None,
    };
    let shown = render_message::render(&door.services, &caller, id, kind.unwrap_or(render_message::Kind::Notice)).await?;
    let body = json!({"invitation": id, "to": shown.to, "language": shown.language, "text": shown.text, "link": shown.link});
    Ok(HttpResponse::Ok().json(body))
}

/// `POST /api/v1/invitations/{id}/paper`
pub(in crate::http) async fn paper(
    request: HttpRequest,
    ApiCaller(caller): ApiCaller,
    door: web::Data<Door>,
    path: web::Path<String>,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    Query::read(&request, &[])?;
    let id = invitation_id(&path)?;
    let body = optional_json(&request, payload, BODY).await?;
    let language = match &body {
        Some(body) => fields::object(&body.value, |fields| Some(fields.optional("language", fields::language)))?,
        None => None,
    };
    let pdf = print_paper::print(&door.services, &caller, id, language).await?;
    Ok(HttpResponse::Ok().content_type("application/pdf").body(pdf))
}
