//! Visits and the invitations to them.

use super::{asked, base, manners};
use crate::domain::ids::{AppointmentId, InvitationId};
use crate::fhir::search::records::{OF_TASKS, OF_VISITS, RecordSearch};
use crate::fhir::search::{FaultKind, Page, Parameter};
use crate::http::extract::{Door, PatientCaller};
use crate::http::problem::{Code, Problem};
use crate::http::query::Query;
use crate::services::Caller;
use crate::services::fhir::{self, Kind};
use actix_web::{HttpRequest, HttpResponse, web};

async fn read(request: &HttpRequest, caller: &Caller, door: &Door, kind: Kind, id: &str) -> Result<HttpResponse, Problem> {
    Query::read(request, &["_format", "_pretty"])?;
    manners::acceptable(request)?;
    let id = match kind {
        Kind::Visit => AppointmentId::parse(id).map(|id| id.0),
        Kind::Invitation => InvitationId::parse(id).map(|id| id.0),
    };
    let id = id.ok_or(Problem::new(Code::NotFound))?;
    Ok(manners::answer(&fhir::record(&door.services, caller, kind, id).await?))
}

async fn search(
    request: &HttpRequest,
    caller: &Caller,
    door: &Door,
    payload: web::Payload,
    (kind, name, table, sortable): (Kind, &str, &'static [Parameter], &str),
) -> Result<HttpResponse, Problem> {
    manners::acceptable(request)?;
    let known: Vec<&str> = table.iter().map(|own| own.name).collect();
    let asked = asked::read(request, payload, &known).await?;
    // What the EHR calls a visit is in no address.
    if let Some(one) = asked.iter().find(|one| one.in_address && one.name == "identifier") {
        return Err(one.fault(FaultKind::InAddress).into());
    }
    let page = Page::read(&asked, &[sortable], &[])?;
    let wanted = RecordSearch::read(&asked, table, &base(&door.services), door.services.now())?;
    let found = fhir::search_records(&door.services, caller, kind, wanted, page.clone()).await?;
    Ok(asked::bundle(&door.services, name, &asked, &page, found))
}

/// `GET /fhir/Task/{id}`
pub(in crate::http) async fn read_invitation(
    request: HttpRequest,
    PatientCaller(caller): PatientCaller,
    door: web::Data<Door>,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    read(&request, &caller, &door, Kind::Invitation, &path).await
}

/// `GET /fhir/Appointment/{id}`
pub(in crate::http) async fn read_visit(
    request: HttpRequest,
    PatientCaller(caller): PatientCaller,
    door: web::Data<Door>,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    read(&request, &caller, &door, Kind::Visit, &path).await
}

/// `GET /fhir/Task`, `POST /fhir/Task/_search`
pub(in crate::http) async fn search_invitations(
    request: HttpRequest,
    PatientCaller(caller): PatientCaller,
    door: web::Data<Door>,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    search(&request, &caller, &door, payload, (Kind::Invitation, "Task", &OF_TASKS, "authored-on")).await
}

/// `GET /fhir/Appointment`, `POST /fhir/Appointment/_search`
pub(in crate::http) async fn search_visits(
    request: HttpRequest,
    PatientCaller(caller): PatientCaller,
    door: web::Data<Door>,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    search(&request, &caller, &door, payload, (Kind::Visit, "Appointment", &OF_VISITS, "date")).await
}
