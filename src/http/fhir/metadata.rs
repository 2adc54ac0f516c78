//! What this service does, and where tokens come from: for anyone.

use super::{base, manners, served};
use crate::domain::actor::Scope;
use crate::domain::smart;
use crate::fhir::write::{CapabilityInput, capability as statement, smart_configuration};
use crate::http::extract::Door;
use crate::http::problem::Problem;
use crate::http::query::Query;
use actix_web::{HttpRequest, HttpResponse, web};

/// When what is served was changed last: a constant, so that the answer is the same in every instance.
const CHANGED: &str = "2026-11-22T00:00:00Z";

/// `GET /fhir/metadata`
pub(in crate::http) async fn capability(request: HttpRequest, door: web::Data<Door>) -> Result<HttpResponse, Problem> {
    Query::read(&request, &["mode", "_format", "_pretty"])?;
    manners::acceptable(&request)?;
    let (base, served) = (base(&door.services), served());
    let json = statement(&CapabilityInput { base: &base, date: CHANGED, served: &served });
    Ok(manners::answer(&json))
}

/// `GET /fhir/.well-known/smart-configuration`
pub(in crate::http) async fn smart(request: HttpRequest, door: web::Data<Door>) -> Result<HttpResponse, Problem> {
    Query::read(&request, &[])?;
    let issuers = &door.services.issuers;
    // The one that clients can ask; else the one that is here anyway.
    let asked = issuers.iter().find(|trusted| trusted.token_endpoint.is_some()).or(issuers.first());
    let issuer = asked.map(|trusted| (trusted.issuer.name.as_str(), trusted.token_endpoint.as_deref()));
    let scopes: Vec<String> = Scope::ALL.iter().map(|scope| scope.word().to_owned()).chain(smart::announced()).collect();
    Ok(HttpResponse::Ok().json(smart_configuration(issuer, &scopes)))
}
