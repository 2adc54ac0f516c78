//! Code systems and value sets of ours.

use super::asked;
use super::manners;
use super::questionnaires::listed;
use crate::domain::ids::uuid_v7;
use crate::domain::policy::{Action, Resource, decide};
use crate::fhir::search::{Asked, FaultKind, Page, Parameter};
use crate::fhir::write::{Terms, code_system, expansion, value_set};
use crate::http::extract::{Door, RecentCaller};
use crate::http::problem::{Code, Problem};
use crate::http::query::Query;
use crate::services::fhir::terms;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::Value;

/// What both take in a search.
pub(super) const PARAMETERS: [Parameter; 4] = [
    Parameter { name: "_id", kind: "token", modifiers: &[] },
    Parameter { name: "url", kind: "uri", modifiers: &[] },
    Parameter { name: "status", kind: "token", modifiers: &[] },
    Parameter { name: "version", kind: "token", modifiers: &[] },
];

/// `GET /fhir/CodeSystem`, `POST /fhir/CodeSystem/_search`
pub(in crate::http) async fn search_systems(
    request: HttpRequest,
    RecentCaller(actor): RecentCaller,
    door: web::Data<Door>,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    manners::acceptable(&request)?;
    decide(&actor, Action::ReadQuestionnaires, Resource::default())?;
    let all = terms(&door.services.library).systems.iter().map(code_system).collect();
    search(&request, &door, payload, "CodeSystem", all).await
}

/// `GET /fhir/ValueSet`, `POST /fhir/ValueSet/_search`
pub(in crate::http) async fn search_sets(
    request: HttpRequest,
    RecentCaller(actor): RecentCaller,
    door: web::Data<Door>,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    manners::acceptable(&request)?;
    decide(&actor, Action::ReadQuestionnaires, Resource::default())?;
    let all = terms(&door.services.library).sets.iter().map(value_set).collect();
    search(&request, &door, payload, "ValueSet", all).await
}

async fn search(
    request: &HttpRequest,
    door: &Door,
    payload: web::Payload,
    kind: &str,
    mut all: Vec<Value>,
) -> Result<HttpResponse, Problem> {
    let asked = asked::read(request, payload, &PARAMETERS.map(|own| own.name)).await?;
    let page = Page::read(&asked, &["_id", "url"], &[])?;
    for one in asked.iter().filter(|one| !is_common(one)) {
        let known = PARAMETERS.iter().find(|own| own.name == one.name).ok_or_else(|| one.fault(FaultKind::Unknown))?;
        if one.modifier.is_some() {
            return Err(one.fault(FaultKind::Modifier).into());
        }
        let member = known.name.trim_start_matches('_');
        all.retain(|json| one.values.iter().any(|value| json[member].as_str() == Some(value)));
    }
    let member = page.sort.first().map_or("id", |step| step.name.trim_start_matches('_'));
    all.sort_by(|a, b| a[member].as_str().cmp(&b[member].as_str()));
    if page.sort.first().is_some_and(|step| step.descending) {
        all.reverse();
    }
    Ok(listed(&door.services, kind, &asked, &page, all))
}

/// Read by [`Page`].
fn is_common(one: &Asked) -> bool {
    one.name.starts_with('_') && one.name != "_id"
}

fn find(all: Vec<Terms>, id: &str) -> Result<Terms, Problem> {
    all.into_iter().find(|terms| terms.id == id).ok_or(Problem::new(Code::NotFound))
}

/// `GET /fhir/CodeSystem/{id}`
pub(in crate::http) async fn read_system(
    request: HttpRequest,
    RecentCaller(actor): RecentCaller,
    door: web::Data<Door>,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    Query::read(&request, &["_format", "_pretty"])?;
    manners::acceptable(&request)?;
    decide(&actor, Action::ReadQuestionnaires, Resource::default())?;
    let found = find(terms(&door.services.library).systems, &path)?;
    Ok(manners::answer(&code_system(&found)))
}

/// `GET /fhir/ValueSet/{id}`
pub(in crate::http) async fn read_set(
    request: HttpRequest,
    RecentCaller(actor): RecentCaller,
    door: web::Data<Door>,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    Query::read(&request, &["_format", "_pretty"])?;
    manners::acceptable(&request)?;
    decide(&actor, Action::ReadQuestionnaires, Resource::default())?;
    let found = find(terms(&door.services.library).sets, &path)?;
    Ok(manners::answer(&value_set(&found)))
}

const OF_EXPANSION: [&str; 5] = ["filter", "offset", "count", "_format", "_pretty"];

/// `GET /fhir/ValueSet/{id}/$expand`
pub(in crate::http) async fn expand(
    request: HttpRequest,
    RecentCaller(actor): RecentCaller,
    door: web::Data<Door>,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let query = Query::read(&request, &OF_EXPANSION)?;
    manners::acceptable(&request)?;
    decide(&actor, Action::ReadQuestionnaires, Resource::default())?;
    expanded(&door, &query, &find(terms(&door.services.library).sets, &path)?)
}

/// `GET /fhir/ValueSet/$expand?url=…`
pub(in crate::http) async fn expand_by_url(
    request: HttpRequest,
    RecentCaller(actor): RecentCaller,
    door: web::Data<Door>,
) -> Result<HttpResponse, Problem> {
    let known: Vec<&str> = OF_EXPANSION.into_iter().chain(["url"]).collect();
    let query = Query::read(&request, &known)?;
    manners::acceptable(&request)?;
    decide(&actor, Action::ReadQuestionnaires, Resource::default())?;
    let url = query.required("url", |text| Some(text.to_owned()))?;
    let set = terms(&door.services.library).sets.into_iter().find(|set| set.value_set_url() == url);
    expanded(&door, &query, &set.ok_or(Problem::new(Code::NotFound))?)
}

fn expanded(door: &Door, query: &Query, set: &Terms) -> Result<HttpResponse, Problem> {
    let number = |text: &str| (text.len() <= 9 && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse().ok()).flatten();
    let filter = query.optional("filter", |text| Some(text.to_owned()))?.unwrap_or_default();
    let (offset, count) = (query.optional("offset", number)?.unwrap_or(0), query.optional("count", number)?);
    let now = door.services.now();
    let id = uuid_v7(now, door.services.entropy.as_ref());
    Ok(manners::answer(&expansion(set, id, now, &filter, offset, count)))
}
