//! Visits: moved, cancelled, booked again; found by the EHR's id.

use super::{invitations, moment};
use crate::domain::appointment::VisitStatus;
use crate::domain::ids::AppointmentId;
use crate::http::extract::{ApiCaller, BODY, Door, json as read_json};
use crate::http::fields::{self, Fields, Parsed};
use crate::http::problem::{Code, FieldCode, Problem};
use crate::http::query::Query;
use crate::services::change_appointment::{self, Change, VisitView};
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Value, json};

fn view(found: &VisitView) -> Value {
    let visit = &found.visit;
    json!({
        "id": visit.id,
        "external_id": visit.external_id,
        "unit": visit.unit,
        "patient": visit.patient,
        "starts_at": moment(visit.starts_at),
        "status": visit.status,
        "invitations": found.invitations.iter().map(invitations::view).collect::<Value>(),
    })
}

fn status(value: &Value) -> Parsed<VisitStatus> {
    value.as_str().and_then(VisitStatus::parse).ok_or(FieldCode::Malformed)
}

fn wanted(fields: &Fields<'_>) -> Change {
    let change = Change {
        starts_at: fields.optional("starts_at", fields::moment),
        status: fields.optional("status", status),
        unit: fields.optional("unit", fields::unit),
    };
    if ["starts_at", "status", "unit"].iter().all(|name| fields.raw(name).is_none()) {
        fields.fault("starts_at", FieldCode::Required);
    }
    change
}

/// `PATCH /api/v1/appointments/{id}`
pub(in crate::http) async fn change(
    request: HttpRequest,
    ApiCaller(caller): ApiCaller,
    door: web::Data<Door>,
    path: web::Path<String>,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    Query::read(&request, &[])?;
    let id = AppointmentId::parse(&path).ok_or(Problem::new(Code::NotFound))?;
    let body = read_json(&request, payload, BODY).await?;
    let change = fields::object(&body.value, |fields| Some(wanted(fields)))?;
    let done = change_appointment::change(&door.services, &caller, id, change).await?;
    Ok(HttpResponse::Ok().json(view(&done)))
}

/// `POST /api/v1/appointments/search`: what the EHR calls a visit is in no URL.
pub(in crate::http) async fn search(
    request: HttpRequest,
    ApiCaller(caller): ApiCaller,
    door: web::Data<Door>,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    Query::read(&request, &[])?;
    let body = read_json(&request, payload, BODY).await?;
    let external_id = fields::object(&body.value, |fields| fields.required("external_id", fields::line(1, 128)))?;
    let found = change_appointment::search(&door.services, &caller, external_id).await?;
    Ok(HttpResponse::Ok().json(json!({"items": found.iter().map(view).collect::<Value>()})))
}
