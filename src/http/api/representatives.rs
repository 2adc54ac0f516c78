//! People who may answer in a patient's place: listed, registered or corrected, removed.

use super::invitations::identifier;
use super::patients::id;
use crate::domain::identifier::IdentifierSystem;
use crate::domain::ids::{PatientId, RepresentativeId};
use crate::domain::respondent::{NAME_MAX, Relation};
use crate::http::extract::{ApiCaller, BODY, Door, json as read_json};
use crate::http::fields::{self, Fields, Parsed};
use crate::http::problem::{Code, FieldCode, Problem};
use crate::http::query::Query;
use crate::services::Services;
use crate::services::representatives::{self, Registration, Representative};
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Value, json};

fn relation(value: &Value) -> Parsed<Relation> {
    Relation::parse(value.as_str().ok_or(FieldCode::Malformed)?).ok_or(FieldCode::NotAllowed)
}

/// Somebody to register. Only who has a national identity number or a D-number can sign in.
pub(super) fn registration(fields: &Fields<'_>, services: &Services) -> Option<Registration> {
    let identifier = fields.required_inner("identifier", |fields| {
        let own = identifier(fields, services)?;
        if matches!(own.system(), IdentifierSystem::Fnr | IdentifierSystem::DNumber) {
            return Some(own);
        }
        fields.fault("system", FieldCode::NotAllowed);
        None
    });
    let name = fields.required("name", fields::line(1, NAME_MAX));
    let relation = fields.required("relation", relation);
    Some(Registration { identifier: identifier?, name: name?, relation: relation? })
}

fn view(one: &Representative) -> Value {
    json!({"id": one.id, "name": one.name, "relation": one.relation.word()})
}

/// `GET /api/v1/patients/{id}/representatives`
pub(in crate::http) async fn list(
    request: HttpRequest,
    ApiCaller(caller): ApiCaller,
    door: web::Data<Door>,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    Query::read(&request, &[])?;
    let found = representatives::list(&door.services, &caller, id(&path)?).await?;
    Ok(HttpResponse::Ok().json(json!({"items": found.iter().map(view).collect::<Value>()})))
}

/// `POST /api/v1/patients/{id}/representatives`
pub(in crate::http) async fn register(
    request: HttpRequest,
    ApiCaller(caller): ApiCaller,
    door: web::Data<Door>,
    path: web::Path<String>,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    Query::read(&request, &[])?;
    let patient = id(&path)?;
    let body = read_json(&request, payload, BODY).await?;
    let own = fields::object(&body.value, |fields| registration(fields, &door.services))?;
    let done = representatives::register(&door.services, &caller, patient, own).await?;
    Ok(HttpResponse::Ok().json(view(&done)))
}

/// `DELETE /api/v1/patients/{id}/representatives/{representative}`
pub(in crate::http) async fn remove(
    request: HttpRequest,
    ApiCaller(caller): ApiCaller,
    door: web::Data<Door>,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    Query::read(&request, &[])?;
    let known = PatientId::parse(&path.0).zip(RepresentativeId::parse(&path.1));
    let (patient, own) = known.ok_or(Problem::new(Code::NotFound))?;
    representatives::remove(&door.services, &caller, patient, own).await?;
    Ok(HttpResponse::NoContent().finish())
}
