//! The access log, for who may read it.

use super::{asked, base, manners};
use crate::domain::ids::LogEntryId;
use crate::fhir::search::Page;
use crate::fhir::search::records::{OF_LOG, RecordSearch};
use crate::http::extract::{ApiCaller, Door};
use crate::http::problem::{Code, Problem};
use crate::http::query::Query;
use crate::services::fhir;
use actix_web::{HttpRequest, HttpResponse, web};

/// `GET /fhir/AuditEvent/{id}`
pub(in crate::http) async fn read(
    request: HttpRequest,
    ApiCaller(caller): ApiCaller,
    door: web::Data<Door>,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    Query::read(&request, &["_format", "_pretty"])?;
    manners::acceptable(&request)?;
    let id = LogEntryId::parse(&path).ok_or(Problem::new(Code::NotFound))?;
    Ok(manners::answer(&fhir::audit_event(&door.services, &caller, id).await?))
}

/// `GET /fhir/AuditEvent`, `POST /fhir/AuditEvent/_search`
pub(in crate::http) async fn search(
    request: HttpRequest,
    ApiCaller(caller): ApiCaller,
    door: web::Data<Door>,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    manners::acceptable(&request)?;
    let asked = asked::read(&request, payload, &OF_LOG.map(|own| own.name)).await?;
    let page = Page::read(&asked, &[], &[])?;
    let wanted = RecordSearch::read(&asked, &OF_LOG, &base(&door.services), door.services.now())?;
    let found = fhir::search_audit_events(&door.services, &caller, wanted, page.clone()).await?;
    Ok(asked::bundle(&door.services, "AuditEvent", &asked, &page, found))
}
