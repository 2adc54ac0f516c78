//! Forms: each version is a resource of its own, in all its languages; or one for each language, in the shape
//! that the national platform wants.

use super::{asked, manners};
use crate::domain::policy::{Action, Resource, decide};
use crate::fhir::search::forms::{FormSearch, PARAMETERS, SORTABLE, Shapes};
use crate::fhir::search::{Asked, Page, Summary, Total};
use crate::fhir::write::form_id;
use crate::http::extract::{Door, RecentCaller};
use crate::http::problem::{Code, Problem};
use crate::http::query::Query;
use crate::services::Services;
use crate::services::fhir::Listed;
use crate::services::library::Form;
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::Value;
use std::cmp::Ordering;
use std::sync::Arc;

/// A form with the resource of that id, in either shape, as it is sent.
fn find<'d>(door: &'d Door, id: &str) -> Result<(&'d Form, &'d Bytes), Problem> {
    let of = |form: &'d Arc<Form>| form.sent.get(id).map(|sent| (&**form, sent));
    door.services.library.all().find_map(of).ok_or(Problem::new(Code::NotFound))
}

/// `GET /fhir/Questionnaire/{id}`
pub(in crate::http) async fn read(
    request: HttpRequest,
    RecentCaller(actor): RecentCaller,
    door: web::Data<Door>,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    Query::read(&request, &["_format", "_pretty"])?;
    manners::acceptable(&request)?;
    decide(&actor, Action::ReadQuestionnaires, Resource::default())?;
    let (form, sent) = find(&door, &path)?;
    Ok(manners::validated(&request, &form.resource_version, None, || sent.clone()))
}

/// `GET /fhir/Questionnaire/{id}/_history/{version}`
pub(in crate::http) async fn vread(
    request: HttpRequest,
    RecentCaller(actor): RecentCaller,
    door: web::Data<Door>,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    Query::read(&request, &["_format", "_pretty"])?;
    manners::acceptable(&request)?;
    decide(&actor, Action::ReadQuestionnaires, Resource::default())?;
    let (id, version) = path.into_inner();
    let (form, sent) = find(&door, &id)?;
    if form.resource_version != version {
        return Err(Problem::new(Code::NotFound));
    }
    Ok(manners::validated(&request, &version, None, || sent.clone()))
}

/// `GET /fhir/Questionnaire`, `POST /fhir/Questionnaire/_search`
pub(in crate::http) async fn search(
    request: HttpRequest,
    RecentCaller(actor): RecentCaller,
    door: web::Data<Door>,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    manners::acceptable(&request)?;
    decide(&actor, Action::ReadQuestionnaires, Resource::default())?;
    let asked = asked::read(&request, payload, &PARAMETERS.map(|own| own.name)).await?;
    let (services, page) = (&door.services, Page::read(&asked, &SORTABLE, &[])?);
    let (wanted, shapes) = (FormSearch::read(&asked, services.now())?, Shapes::read(&asked)?);
    let mut forms: Vec<&Arc<Form>> = services.library.all().collect();
    forms.sort_by(|a, b| order(&page, a, b));
    let given = |form: &Arc<Form>| {
        let whole = shapes.whole.then_some(&form.resource);
        let national = if shapes.national { form.national.as_slice() } else { &[] };
        let fitting = whole.into_iter().chain(national).filter(|resource| wanted.fits(&form.questionnaire, resource));
        fitting.cloned().collect::<Vec<Value>>()
    };
    let resources = forms.into_iter().flat_map(given).collect();
    Ok(listed(services, "Questionnaire", &asked, &page, resources))
}

fn order(page: &Page, a: &Form, b: &Form) -> Ordering {
    let key = |form: &Form, name: &str| {
        let form = &form.questionnaire;
        match name {
            "url" => form.url().to_owned(),
            "version" => form.version().to_owned(),
            "name" => form.metadata.name.clone().unwrap_or_default(),
            "title" => form.metadata.title.base.clone(),
            "date" => form.metadata.date.clone().unwrap_or_default(),
            _ => form_id(form),
        }
    };
    let steps = page.sort.iter().map(|step| {
        let order = key(a, &step.name).cmp(&key(b, &step.name));
        if step.descending { order.reverse() } else { order }
    });
    steps.fold(Ordering::Equal, Ordering::then)
}

/// A page of resources that are all in memory; the cursor says how many stand before it.
pub(super) fn listed(services: &Services, kind: &str, asked: &[Asked], page: &Page, resources: Vec<Value>) -> HttpResponse {
    listed_as(services, kind, asked, page, Listed { resources, ..Listed::default() })
}

/// The same where patients may have been asked for by number.
pub(super) fn listed_as(services: &Services, kind: &str, asked: &[Asked], page: &Page, all: Listed) -> HttpResponse {
    let before = page.cursor.as_deref().and_then(|text| text.parse::<usize>().ok()).unwrap_or(0);
    let total = all.resources.len();
    let count = if page.summary == Summary::Count { 0 } else { page.count };
    let resources: Vec<Value> = all.resources.into_iter().skip(before).take(count).collect();
    let end = before.saturating_add(resources.len());
    let next = (end < total && count > 0).then(|| end.to_string());
    let total = (page.total == Total::Accurate || count == 0).then_some(total);
    asked::bundle(services, kind, asked, page, Listed { resources, total, next, named: all.named })
}
