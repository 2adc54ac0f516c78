//! What is drawn from responses: observations, documents, who gave the answers.

use super::questionnaires::listed_as;
use super::{asked, base, manners};
use crate::fhir::search::records::{OF_DOCUMENTS, OF_OBSERVATIONS, OF_PROVENANCE, RecordSearch};
use crate::fhir::search::{Page, Parameter};
use crate::fhir::write::binary;
use crate::http::api::session::pick;
use crate::http::extract::{Door, PatientCaller};
use crate::http::problem::{Code, Problem};
use crate::http::query::Query;
use crate::services::Caller;
use crate::services::fhir::{self, Derived};
use actix_web::{HttpRequest, HttpResponse, web};

async fn read(request: &HttpRequest, caller: &Caller, door: &Door, what: Derived, id: String) -> Result<HttpResponse, Problem> {
    Query::read(request, &["_format", "_pretty"])?;
    manners::acceptable(request)?;
    Ok(manners::answer(&fhir::derived(&door.services, caller, what, id).await?))
}

async fn search(
    request: &HttpRequest,
    caller: &Caller,
    door: &Door,
    payload: web::Payload,
    (what, kind, table): (Derived, &str, &'static [Parameter]),
) -> Result<HttpResponse, Problem> {
    manners::acceptable(request)?;
    let known: Vec<&str> = table.iter().map(|own| own.name).collect();
    let asked = asked::read(request, payload, &known).await?;
    let page = Page::read(&asked, &[], &[])?;
    let wanted = RecordSearch::read(&asked, table, &base(&door.services), door.services.now())?;
    if wanted.ids.is_empty() && wanted.patients.is_empty() && wanted.responses.is_empty() {
        // They are made anew each time: of a patient or a response, not of everybody.
        let name = if what == Derived::Provenance { "target" } else { "patient" };
        return Err(Problem::query(name, "query-fault-missing"));
    }
    let found = fhir::search_derived(&door.services, caller, what, wanted).await?;
    Ok(listed_as(&door.services, kind, &asked, &page, found))
}

/// `GET /fhir/Observation/{id}`
pub(in crate::http) async fn read_observation(
    request: HttpRequest,
    PatientCaller(caller): PatientCaller,
    door: web::Data<Door>,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    read(&request, &caller, &door, Derived::Observation, path.into_inner()).await
}

/// `GET /fhir/DocumentReference/{id}`
pub(in crate::http) async fn read_document(
    request: HttpRequest,
    PatientCaller(caller): PatientCaller,
    door: web::Data<Door>,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    read(&request, &caller, &door, Derived::Document, path.into_inner()).await
}

/// `GET /fhir/Provenance/{id}`
pub(in crate::http) async fn read_provenance(
    request: HttpRequest,
    PatientCaller(caller): PatientCaller,
    door: web::Data<Door>,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    read(&request, &caller, &door, Derived::Provenance, path.into_inner()).await
}

/// `GET /fhir/Observation`, `POST /fhir/Observation/_search`
pub(in crate::http) async fn search_observations(
    request: HttpRequest,
    PatientCaller(caller): PatientCaller,
    door: web::Data<Door>,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    search(&request, &caller, &door, payload, (Derived::Observation, "Observation", &OF_OBSERVATIONS)).await
}

/// `GET /fhir/DocumentReference`, `POST /fhir/DocumentReference/_search`
pub(in crate::http) async fn search_documents(
    request: HttpRequest,
    PatientCaller(caller): PatientCaller,
    door: web::Data<Door>,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    search(&request, &caller, &door, payload, (Derived::Document, "DocumentReference", &OF_DOCUMENTS)).await
}

/// `GET /fhir/Provenance`, `POST /fhir/Provenance/_search`
pub(in crate::http) async fn search_provenance(
    request: HttpRequest,
    PatientCaller(caller): PatientCaller,
    door: web::Data<Door>,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    search(&request, &caller, &door, payload, (Derived::Provenance, "Provenance", &OF_PROVENANCE)).await
}

/// `GET /fhir/Binary/{id}`: the PDF itself, or a `Binary` for who asks for JSON; what another system sent.
pub(in crate::http) async fn read_binary(
    request: HttpRequest,
    PatientCaller(caller): PatientCaller,
    door: web::Data<Door>,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    const PDF: &str = "application/pdf";
    let query = Query::read(&request, &["_format", "_pretty"])?;
    // What is JSON itself is given inside a resource always: the two could not be told apart.
    if path.ends_with("-original") {
        manners::acceptable(&request)?;
        let found = fhir::original(&door.services, &caller, path.into_inner()).await?;
        return Ok(manners::answer(&found.ok_or(Problem::new(Code::NotFound))?));
    }
    let media = match query.optional("_format", |text| Some(text.to_owned()))?.as_deref() {
        Some(PDF) => PDF,
        Some(_) => {
            manners::acceptable(&request)?;
            manners::MEDIA
        }
        None => pick(&request, &[PDF, manners::MEDIA, "application/json"])?,
    };
    let id = path.into_inner();
    let pdf = fhir::document(&door.services, &caller, id.clone()).await?;
    if media == PDF {
        return Ok(HttpResponse::Ok().content_type(PDF).body(pdf));
    }
    Ok(manners::answer(&binary(&id, &pdf)))
}
