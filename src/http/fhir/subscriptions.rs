//! What a client asks to be told of.

use super::people::{one, search_in};
use super::{base, manners};
use crate::domain::ids::WebhookId;
use crate::fhir::read::subscription::subscription;
use crate::fhir::search::records::OF_SUBSCRIPTIONS;
use crate::http::extract::{ApiCaller, Door};
use crate::http::problem::{Code, Problem};
use crate::http::query::Query;
use crate::services::fhir::{self, Resource};
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderValue, LOCATION};
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::Value;

fn bodies(all: Vec<Resource>) -> Vec<Value> {
    all.into_iter().map(|one| one.json).collect()
}

/// `POST /fhir/Subscription`
pub(in crate::http) async fn create(
    request: HttpRequest,
    ApiCaller(caller): ApiCaller,
    door: web::Data<Door>,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    Query::read(&request, &["_format", "_pretty"])?;
    manners::acceptable(&request)?;
    fhir::may_subscribe(&caller)?;
    let body = manners::body(&request, payload).await?.value;
    let (found, fresh) = fhir::subscribe(&door.services, &caller, subscription(&body, door.services.now())?).await?;
    let status = if fresh { StatusCode::CREATED } else { StatusCode::OK };
    let base = base(&door.services);
    let mut answer = manners::written(&request, &base, status, &found);
    // Versions of their own are not served.
    let id = found.json["id"].as_str().unwrap_or_default();
    let place = HeaderValue::try_from(format!("{base}/Subscription/{id}")).map_err(|_| Problem::new(Code::Internal))?;
    answer.headers_mut().insert(LOCATION, place);
    Ok(answer)
}

/// `GET /fhir/Subscription/{id}`
pub(in crate::http) async fn read(
    request: HttpRequest,
    ApiCaller(caller): ApiCaller,
    door: web::Data<Door>,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    one(&request, bodies(fhir::subscriptions(&door.services, &caller).await?), &path)
}

/// `GET /fhir/Subscription`, `POST /fhir/Subscription/_search`
pub(in crate::http) async fn search(
    request: HttpRequest,
    ApiCaller(caller): ApiCaller,
    door: web::Data<Door>,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let all = bodies(fhir::subscriptions(&door.services, &caller).await?);
    search_in(&request, &door, payload, ("Subscription", &OF_SUBSCRIPTIONS), all).await
}

/// `DELETE /fhir/Subscription/{id}`
pub(in crate::http) async fn remove(
    request: HttpRequest,
    ApiCaller(caller): ApiCaller,
    door: web::Data<Door>,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    Query::read(&request, &["_format", "_pretty"])?;
    manners::acceptable(&request)?;
    let id = WebhookId::parse(&path).ok_or(Problem::new(Code::NotFound))?;
    fhir::unsubscribe(&door.services, &caller, id).await?;
    Ok(HttpResponse::NoContent().finish())
}
