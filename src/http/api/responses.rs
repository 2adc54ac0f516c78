//! Responses: data, summary, versions, review; entering paper.

use super::invitations::form_choice;
use super::session::pick;
use super::{form_ref, moment};
use crate::domain::ids::{InvitationId, PatientId, ResponseId};
use crate::http::extract::{ApiCaller, BODY, Door, json as read_json, repeatable};
use crate::http::fields::{self, Fields};
use crate::http::problem::{Code, FieldCode, Problem};
use crate::http::query::Query;
use crate::services::enter_paper::{self, Whose};
use crate::services::responses::{self, ResponseView, ReviewView};
use crate::services::review;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Value, json};

fn id(path: &web::Path<String>) -> Result<ResponseId, Problem> {
    ResponseId::parse(path).ok_or(Problem::new(Code::NotFound))
}

fn review_body(review: &ReviewView) -> Value {
    json!({
        "version": review.version,
        "reviewed_at": moment(review.reviewed_at),
        "clinician": {"id": review.clinician, "name": review.clinician_name},
        "current": review.current,
    })
}

fn view(response: &ResponseView) -> Value {
    json!({
        "id": response.id,
        "version": response.version,
        "versions": response.versions,
        "amended": response.versions > 1,
        "patient": response.patient,
        "unit": response.unit,
        "appointment": response.appointment,
        "invitation": response.invitation,
        "questionnaire": form_ref(&response.questionnaire.0, &response.questionnaire.1),
        "language": response.language,
        "source": response.source,
        "entered_by": response.entered_by,
        "answered_on": response.answered_on,
        "respondent": response.respondent,
        "consent": response.consent,
        "submitted_at": moment(response.submitted_at),
        "answers": response.answers,
        "review": response.review.as_ref().map(review_body),
    })
}

/// `GET /api/v1/responses/{id}`
pub(in crate::http) async fn get(
    request: HttpRequest,
    ApiCaller(caller): ApiCaller,
    door: web::Data<Door>,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let query = Query::read(&request, &["version"])?;
    let found = responses::get(&door.services, &caller, id(&path)?, query.version()?).await?;
    Ok(HttpResponse::Ok().json(view(&found)))
}

/// `GET /api/v1/responses/{id}/summary`
pub(in crate::http) async fn summary(
    request: HttpRequest,
    ApiCaller(caller): ApiCaller,
    door: web::Data<Door>,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let query = Query::read(&request, &["version", "language"])?;
    let media = pick(&request, &["application/json", "text/plain", "application/fhir+json"])?;
    let found = responses::summary(&door.services, &caller, id(&path)?, query.version()?, query.language()?).await?;
    Ok(match media {
        "text/plain" => HttpResponse::Ok().content_type("text/plain; charset=utf-8").body(found.plain),
        "application/fhir+json" => {
            let entries: Value = found.observations.into_iter().map(|resource| json!({"resource": resource})).collect();
            let mut bundle = json!({"resourceType": "Bundle", "type": "collection"});
            // FHIR JSON has no empty arrays.
            if entries.as_array().is_some_and(|list| !list.is_empty())
                && let Some(bundle) = bundle.as_object_mut()
            {
                bundle.insert("entry".into(), entries);
            }
            HttpResponse::Ok().content_type("application/fhir+json").body(bundle.to_string())
        }
        _ => HttpResponse::Ok().json(found.summary),
    })
}

/// `GET /api/v1/responses/{id}/versions`
pub(in crate::http) async fn versions(
    request: HttpRequest,
    ApiCaller(caller): ApiCaller,
    door: web::Data<Door>,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    Query::read(&request, &[])?;
    let id = id(&path)?;
    let found = responses::versions(&door.services, &caller, id).await?;
    let items: Value = found
        .iter()
        .map(|one| json!({"version": one.version, "submitted_at": moment(one.submitted_at), "source": one.source, "respondent_kind": one.respondent.kind}))
        .collect();
    Ok(HttpResponse::Ok().json(json!({"response": id, "items": items})))
}

/// `POST /api/v1/responses/{id}/review`
pub(in crate::http) async fn review(
    request: HttpRequest,
    ApiCaller(caller): ApiCaller,
    door: web::Data<Door>,
    path: web::Path<String>,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    Query::read(&request, &[])?;
    let body = read_json(&request, payload, BODY).await?;
    let version = fields::object(&body.value, |fields| {
        fields.required("version", |value| {
            let number = value.as_i64().ok_or(FieldCode::Malformed)?;
            i32::try_from(number).ok().filter(|n| *n >= 1).ok_or(FieldCode::OutOfRange)
        })
    })?;
    let done = review::review(&door.services, &caller, id(&path)?, version).await?;
    Ok(HttpResponse::Ok().json(review_body(&done)))
}

fn whose(fields: &Fields<'_>) -> Option<Whose> {
    let text = |value: &Value| value.as_str().map(str::to_owned).ok_or(FieldCode::Malformed);
    let invitation = fields.optional("invitation", |value| InvitationId::parse(&text(value)?).ok_or(FieldCode::Malformed));
    let patient = fields.optional("patient", |value| PatientId::parse(&text(value)?).ok_or(FieldCode::Malformed));
    let unit = fields.optional("unit", fields::unit);
    let form = fields.inner("questionnaire", form_choice);
    match (fields.raw("invitation").is_some(), invitation, patient, unit) {
        (true, invitation, ..) => invitation.map(Whose::Invitation),
        (false, _, Some(patient), Some(unit)) => Some(Whose::Patient { patient, unit, form }),
        (false, _, patient, unit) => {
            if patient.is_none() && fields.raw("patient").is_none() {
                fields.fault("patient", FieldCode::Required);
            }
            if unit.is_none() && fields.raw("unit").is_none() {
                fields.fault("unit", FieldCode::Required);
            }
            None
        }
    }
}

/// `POST /api/v1/responses`
pub(in crate::http) async fn enter_paper(
    request: HttpRequest,
    ApiCaller(caller): ApiCaller,
    door: web::Data<Door>,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    Query::read(&request, &[])?;
    let body = read_json(&request, payload, BODY).await?;
    let repeatable = repeatable(&request, "enter-paper".to_owned(), body.bytes)?;
    let command = fields::object(&body.value, |fields| {
        let whose = whose(fields);
        let respondent = fields.required_inner("respondent", fields::respondent);
        let answers = fields.required("answers", |value| if value.is_object() { Ok(value.clone()) } else { Err(FieldCode::Malformed) });
        let language = fields.optional("language", fields::language);
        let answered_on = fields.required("answered_on", fields::date);
        Some(enter_paper::Command { whose: whose?, respondent: respondent?, answers: answers?, language, answered_on: answered_on? })
    })?;
    let found = enter_paper::enter(&door.services, &caller, command, repeatable).await?;
    Ok(HttpResponse::Created().insert_header(("location", format!("/api/v1/responses/{}", found.id))).json(view(&found)))
}
