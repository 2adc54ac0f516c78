//! Responses: handed in by another form filler or entered by a clinician, read, and searched.

use super::asked::{self, own_link};
use super::{base, manners};
use crate::domain::ids::{ResponseId, uuid_v7};
use crate::fhir::search::responses::{INCLUDES, PARAMETERS, ResponseSearch, SORTABLE};
use crate::fhir::search::{Page, Total};
use crate::fhir::write::{Entry, Found, history as bundle, searchset};
use crate::http::extract::{Door, PatientCaller};
use crate::http::problem::{Code, Problem};
use crate::http::query::Query;
use crate::services::Caller;
use crate::services::fhir::{self, Command, Resource, Writer};
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};

const KIND: &str = "QuestionnaireResponse";

fn id(text: &str) -> Result<ResponseId, Problem> {
    ResponseId::parse(text).ok_or(Problem::new(Code::NotFound))
}

fn given(request: &HttpRequest, found: &Resource) -> HttpResponse {
    manners::resource(request, &found.json, &found.version.to_string(), Some(found.modified))
}

/// `GET /fhir/QuestionnaireResponse/{id}`
pub(in crate::http) async fn read(
    request: HttpRequest,
    PatientCaller(caller): PatientCaller,
    door: web::Data<Door>,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    Query::read(&request, &["_format", "_pretty"])?;
    manners::acceptable(&request)?;
    let found = fhir::read(&door.services, &caller, id(&path)?, None).await?;
    Ok(given(&request, &found))
}

/// `GET /fhir/QuestionnaireResponse/{id}/_history/{version}`
pub(in crate::http) async fn vread(
    request: HttpRequest,
    PatientCaller(caller): PatientCaller,
    door: web::Data<Door>,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    Query::read(&request, &["_format", "_pretty"])?;
    manners::acceptable(&request)?;
    let (response, version) = path.into_inner();
    let number = version.bytes().all(|b| b.is_ascii_digit()).then(|| version.parse().ok()).flatten().filter(|n| *n >= 1);
    let version = number.ok_or(Problem::new(Code::NotFound))?;
    let found = fhir::read(&door.services, &caller, id(&response)?, Some(version)).await?;
    Ok(given(&request, &found))
}

/// `GET /fhir/QuestionnaireResponse/{id}/_history`
pub(in crate::http) async fn history(
    request: HttpRequest,
    PatientCaller(caller): PatientCaller,
    door: web::Data<Door>,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    Query::read(&request, &["_format", "_pretty"])?;
    manners::acceptable(&request)?;
    let (services, response) = (&door.services, id(&path)?);
    let versions = fhir::history(services, &caller, response).await?;
    let base = base(services);
    let own = format!("{base}/{KIND}/{response}/_history");
    let bundle_id = uuid_v7(services.now(), services.entropy.as_ref());
    let versions = versions.into_iter().map(|version| version.json).collect();
    Ok(manners::answer(&bundle(bundle_id, &base, services.now(), &own, versions)))
}

/// `GET /fhir/QuestionnaireResponse`, `POST /fhir/QuestionnaireResponse/_search`
pub(in crate::http) async fn search(
    request: HttpRequest,
    PatientCaller(caller): PatientCaller,
    door: web::Data<Door>,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    manners::acceptable(&request)?;
    let asked = asked::read(&request, payload, &PARAMETERS.map(|own| own.name)).await?;
    let (services, base) = (&door.services, base(&door.services));
    let page = Page::read(&asked, &SORTABLE, &INCLUDES)?;
    let wanted = ResponseSearch::read(&asked, &base, services.now())?;
    let found = fhir::search(services, &caller, wanted, page.clone()).await?;
    let instead = || {
        let ids: Vec<String> = found.named.iter().map(ToString::to_string).collect();
        (!ids.is_empty()).then(|| ("patient", ids.join(",")))
    };
    let own = own_link(&base, KIND, &asked, None, instead());
    let next = found.next.as_deref().map(|cursor| own_link(&base, KIND, &asked, Some(cursor), instead()));
    let matched = found.responses.into_iter().map(|one| (one.json, true));
    let all = matched.chain(found.patients.into_iter().map(|json| (json, false)));
    let entries = all.map(|(mut resource, matched)| {
        manners::cut(&mut resource, &page);
        Entry { resource, matched }
    });
    let found = Found { entries: entries.collect(), total: found.total, own, next };
    let bundle_id = uuid_v7(services.now(), services.entropy.as_ref());
    Ok(manners::answer(&searchset(bundle_id, &base, services.now(), found)))
}

/// The one response that fits `If-None-Exist`, where the header is there and one does.
async fn existing(request: &HttpRequest, door: &Door, caller: &Caller) -> Result<Option<Resource>, Problem> {
    let Some(condition) = request.headers().get("if-none-exist") else { return Ok(None) };
    let asked = asked::pairs(condition.to_str().unwrap_or_default().trim_start_matches('?').as_bytes(), true);
    if asked.is_empty() {
        return Err(Problem::query("If-None-Exist", "query-fault-malformed"));
    }
    let wanted = ResponseSearch::read(&asked, &base(&door.services), door.services.now())?;
    let page = Page { count: 2, total: Total::None, ..Page::default() };
    let mut found = fhir::search(&door.services, caller, wanted, page).await?.responses;
    if found.len() > 1 {
        return Err(Problem::new(Code::SeveralFound));
    }
    Ok(found.pop())
}

/// `POST /fhir/QuestionnaireResponse`
pub(in crate::http) async fn create(
    request: HttpRequest,
    PatientCaller(caller): PatientCaller,
    door: web::Data<Door>,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    Query::read(&request, &["_format", "_pretty"])?;
    manners::acceptable(&request)?;
    let received = manners::body(&request, payload).await?;
    let base = base(&door.services);
    if let Some(found) = existing(&request, &door, &caller).await? {
        return Ok(manners::written(&request, &base, StatusCode::OK, &found));
    }
    let done = fhir::hand_in(
        &door.services,
        &caller,
        Command { writer: Writer::Create, body: received.value, form: None, original: received.bytes },
    )
    .await?;
    let status = if done.fresh { StatusCode::CREATED } else { StatusCode::OK };
    Ok(manners::written(&request, &base, status, &done.resource))
}

/// `PUT /fhir/QuestionnaireResponse/{id}`
pub(in crate::http) async fn update(
    request: HttpRequest,
    PatientCaller(caller): PatientCaller,
    door: web::Data<Door>,
    path: web::Path<String>,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    Query::read(&request, &["_format", "_pretty"])?;
    manners::acceptable(&request)?;
    let response = id(&path)?;
    let received = manners::body(&request, payload).await?;
    let body = received.value;
    let seen = manners::if_match(&request)?;
    if body["id"].as_str() != Some(path.as_str()) {
        return Err(Problem::element("QuestionnaireResponse.id"));
    }
    let command = Command { writer: Writer::Update(response, seen), body, form: None, original: received.bytes };
    let done = fhir::hand_in(&door.services, &caller, command).await?;
    Ok(manners::written(&request, &base(&door.services), StatusCode::OK, &done.resource))
}
