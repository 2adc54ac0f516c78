//! Patients, for who may look them up. A number that names a person is sent in a body only.

use super::asked::{self, own_link};
use super::{base, manners};
use crate::domain::identifier::PatientIdentifier;
use crate::domain::ids::{PatientId, uuid_v7};
use crate::fhir::search::{FaultKind, Page, Parameter, parse_token};
use crate::fhir::write::{Entry, Found, searchset};
use crate::http::extract::{Door, PatientCaller};
use crate::http::problem::{Code, Problem};
use crate::http::query::Query;
use crate::services::fhir;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::Value;

/// What a search takes.
pub(super) const PARAMETERS: [Parameter; 2] =
    [Parameter { name: "_id", kind: "token", modifiers: &[] }, Parameter { name: "identifier", kind: "token", modifiers: &[] }];

/// Most ids of one search.
const MOST: usize = 50;

/// `GET /fhir/Patient/{id}`
pub(in crate::http) async fn read(
    request: HttpRequest,
    PatientCaller(caller): PatientCaller,
    door: web::Data<Door>,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    Query::read(&request, &["_format", "_pretty"])?;
    manners::acceptable(&request)?;
    let id = PatientId::parse(&path).ok_or(Problem::new(Code::NotFound))?;
    Ok(manners::answer(&fhir::patient(&door.services, &caller, id).await?))
}

/// `GET /fhir/Patient`, `POST /fhir/Patient/_search`
pub(in crate::http) async fn search(
    request: HttpRequest,
    PatientCaller(caller): PatientCaller,
    door: web::Data<Door>,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    manners::acceptable(&request)?;
    let asked = asked::read(&request, payload, &PARAMETERS.map(|own| own.name)).await?;
    let page = Page::read(&asked, &[], &[])?;
    let services = &door.services;
    let (mut ids, mut identifier) = (Vec::new(), None);
    for one in &asked {
        match one.name.as_str() {
            "_id" => {
                one.modifier.as_ref().map_or(Ok(()), |_| Err(one.fault(FaultKind::Modifier)))?;
                ids.extend(one.values.iter().take(MOST).filter_map(|text| PatientId::parse(text)));
            }
            "identifier" => {
                if one.in_address {
                    return Err(one.fault(FaultKind::InAddress).into());
                }
                let token = parse_token(one.single()?).ok_or_else(|| one.fault(FaultKind::Malformed))?;
                let (system, value) = (token.system.unwrap_or_default(), token.code.unwrap_or_default());
                let read = PatientIdentifier::parse(&system, None, &value, services.rules.allow_synthetic_persons);
                identifier = Some(read.map_err(|_| one.fault(FaultKind::Malformed))?);
            }
            name if name.starts_with('_') => {}
            _ => return Err(one.fault(FaultKind::Unknown).into()),
        }
    }
    if asked.iter().all(|one| !PARAMETERS.iter().any(|own| own.name == one.name)) {
        // All patients of an organization are nobody's to list.
        return Err(Problem::query("identifier", "query-fault-missing"));
    }
    let mut found = fhir::search_patients(services, &caller, identifier, ids).await?;
    let total = found.len();
    found.truncate(page.count);
    let instead = found.iter().filter_map(|json| json["id"].as_str()).collect::<Vec<_>>().join(",");
    let base = base(services);
    let own = own_link(&base, "Patient", &asked, None, (!instead.is_empty()).then_some(("_id", instead)));
    let entries = found.into_iter().map(|resource: Value| {
        let mut resource = resource;
        manners::cut(&mut resource, &page);
        Entry { resource, matched: true }
    });
    let found = Found { entries: entries.collect(), total: Some(total), own, next: None };
    let id = uuid_v7(services.now(), services.entropy.as_ref());
    Ok(manners::answer(&searchset(id, &base, services.now(), found)))
}
