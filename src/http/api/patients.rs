//! Patients: search, timeline, access log.

use super::access_log::entry;
use super::invitations::identifier;
use super::{form_ref, moment};
use crate::domain::ids::{LogEntryId, PatientId};
use crate::http::extract::{ApiCaller, BODY, Door, json as read_json};
use crate::http::fields;
use crate::http::problem::{Code, Problem};
use crate::http::query::Query;
use crate::services::patients::{self, PatientView};
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Value, json};

pub(super) fn id(path: &web::Path<String>) -> Result<PatientId, Problem> {
    PatientId::parse(path).ok_or(Problem::new(Code::NotFound))
}

fn patient_ref(patient: &PatientView) -> Value {
    json!({"id": patient.id, "name": patient.person.name, "birth_date": patient.person.birth_date})
}

/// `POST /api/v1/patients/search`: a national id is never in a URL.
pub(in crate::http) async fn search(
    request: HttpRequest,
    ApiCaller(caller): ApiCaller,
    door: web::Data<Door>,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    Query::read(&request, &[])?;
    let body = read_json(&request, payload, BODY).await?;
    let wanted = fields::object(&body.value, |fields| fields.required_inner("identifier", |fields| identifier(fields, &door.services)))?;
    let found = patients::search(&door.services, &caller, wanted).await?;
    let items: Value = found
        .iter()
        .map(|patient| json!({"id": patient.id, "name": patient.person.name, "birth_date": patient.person.birth_date, "language": patient.language}))
        .collect();
    Ok(HttpResponse::Ok().json(json!({"items": items})))
}

/// `GET /api/v1/patients/{id}/timeline`
pub(in crate::http) async fn timeline(
    request: HttpRequest,
    ApiCaller(caller): ApiCaller,
    door: web::Data<Door>,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    Query::read(&request, &[])?;
    let (patient, events) = patients::timeline(&door.services, &caller, id(&path)?).await?;
    let items: Value = events
        .iter()
        .map(|event| {
            json!({
                "at": moment(event.at),
                "kind": event.kind,
                "id": event.id,
                "unit": event.unit,
                "questionnaire": event.questionnaire.as_ref().map(|(name, version)| form_ref(name, version)),
                "state": event.state,
                "score": event.score,
                "follow_up_wish": event.wish,
            })
        })
        .collect();
    Ok(HttpResponse::Ok().json(json!({"patient": patient_ref(&patient), "items": items})))
}

/// `GET /api/v1/patients/{id}/access-log`
pub(in crate::http) async fn access_log(
    request: HttpRequest,
    ApiCaller(caller): ApiCaller,
    door: web::Data<Door>,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let query = Query::read(&request, &["limit", "cursor"])?;
    let limit = query.limit()?;
    let before = match query.optional("cursor", |text| Some(LogEntryId::parse(text)))? {
        None => None,
        Some(cursor) => Some(cursor.ok_or_else(|| Problem::query("cursor", "query-fault-cursor"))?),
    };
    let ask = u64::try_from(limit).unwrap_or(500);
    let (entries, more) = patients::access_log(&door.services, &caller, id(&path)?, before, ask).await?;
    let next = more.map(|id| id.to_string());
    let items: Value = entries.iter().map(entry).collect();
    Ok(HttpResponse::Ok().json(json!({"items": items, "next_cursor": next})))
}
