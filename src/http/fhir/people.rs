//! The organization with its units, and the people who work there.

use super::questionnaires::listed;
use super::{asked, base, manners};
use crate::fhir::search::records::{OF_PEOPLE, OF_PLACES, RecordSearch};
use crate::fhir::search::{Page, Parameter};
use crate::http::extract::{ApiCaller, Door, PatientCaller};
use crate::http::problem::{Code, Problem};
use crate::http::query::Query;
use crate::services::fhir;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::Value;

/// The one with that id.
pub(super) fn one(request: &HttpRequest, all: Vec<Value>, id: &str) -> Result<HttpResponse, Problem> {
    Query::read(request, &["_format", "_pretty"])?;
    manners::acceptable(request)?;
    let found = all.into_iter().find(|json| json["id"] == id).ok_or(Problem::new(Code::NotFound))?;
    Ok(manners::answer(&found))
}

/// A search in what is there as a whole.
pub(super) async fn search_in(
    request: &HttpRequest,
    door: &Door,
    payload: web::Payload,
    (kind, table): (&str, &'static [Parameter]),
    mut all: Vec<Value>,
) -> Result<HttpResponse, Problem> {
    manners::acceptable(request)?;
    let known: Vec<&str> = table.iter().map(|own| own.name).collect();
    let asked = asked::read(request, payload, &known).await?;
    let page = Page::read(&asked, &["_id"], &[])?;
    let wanted = RecordSearch::read(&asked, table, &base(&door.services), door.services.now())?;
    all.retain(|json| wanted.fits(json));
    all.sort_by(|a, b| a["id"].as_str().cmp(&b["id"].as_str()));
    if page.sort.first().is_some_and(|step| step.descending) {
        all.reverse();
    }
    Ok(listed(&door.services, kind, &asked, &page, all))
}

/// `GET /fhir/Organization/{id}`
pub(in crate::http) async fn read_place(
    request: HttpRequest,
    PatientCaller(caller): PatientCaller,
    door: web::Data<Door>,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    one(&request, fhir::places(&door.services, &caller).await?, &path)
}

/// `GET /fhir/Practitioner/{id}`
pub(in crate::http) async fn read_person(
    request: HttpRequest,
    ApiCaller(caller): ApiCaller,
    door: web::Data<Door>,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    one(&request, fhir::people(&door.services, &caller).await?, &path)
}

/// `GET /fhir/Organization`, `POST /fhir/Organization/_search`
pub(in crate::http) async fn search_places(
    request: HttpRequest,
    PatientCaller(caller): PatientCaller,
    door: web::Data<Door>,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let all = fhir::places(&door.services, &caller).await?;
    search_in(&request, &door, payload, ("Organization", &OF_PLACES), all).await
}

/// `GET /fhir/Practitioner`, `POST /fhir/Practitioner/_search`
pub(in crate::http) async fn search_people(
    request: HttpRequest,
    ApiCaller(caller): ApiCaller,
    door: web::Data<Door>,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let all = fhir::people(&door.services, &caller).await?;
    search_in(&request, &door, payload, ("Practitioner", &OF_PEOPLE), all).await
}
