//! Questionnaires, for those who build on them.

use super::session::{form, pick, validated};
use crate::domain::policy::{Action, Resource, decide};
use crate::http::extract::{Door, Reader, RecentCaller};
use crate::http::problem::{Code, Problem};
use crate::http::query::Query;
use crate::services::Fault;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Value, json};

/// `GET /api/v1/questionnaires`
pub(in crate::http) async fn list(
    request: HttpRequest,
    RecentCaller(actor): RecentCaller,
    door: web::Data<Door>,
    Reader(reader): Reader,
) -> Result<HttpResponse, Problem> {
    Query::read(&request, &[])?;
    decide(&actor, Action::ReadQuestionnaires, Resource::default())?;
    let items: Value = door
        .services
        .library
        .all()
        .map(|form| {
            let form = &form.questionnaire;
            json!({"name": form.name(), "version": form.version(), "title": form.title(&reader.language), "url": form.url(), "languages": form.languages()})
        })
        .collect();
    Ok(HttpResponse::Ok().json(json!({"items": items})))
}

/// `GET /api/v1/questionnaires/{name}/{version}`
pub(in crate::http) async fn get(
    request: HttpRequest,
    RecentCaller(actor): RecentCaller,
    door: web::Data<Door>,
    Reader(reader): Reader,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let query = Query::read(&request, &["language"])?;
    decide(&actor, Action::ReadQuestionnaires, Resource::default())?;
    let (name, version) = path.into_inner();
    let found = door.services.library.find(&name, Some(&version)).ok_or(Problem::new(Code::NotFound))?;
    form(&request, &found, query.language()?.as_ref(), &reader.language)
}

/// `GET /api/v1/questionnaires/{name}/{version}/paper.pdf`
pub(in crate::http) async fn paper(
    request: HttpRequest,
    RecentCaller(actor): RecentCaller,
    door: web::Data<Door>,
    Reader(reader): Reader,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let query = Query::read(&request, &["language"])?;
    decide(&actor, Action::ReadQuestionnaires, Resource::default())?;
    let (name, version) = path.into_inner();
    let found = door.services.library.find(&name, Some(&version)).ok_or(Problem::new(Code::NotFound))?;
    pick(&request, &["application/pdf"])?;
    let language = query.language()?.unwrap_or_else(|| found.nearest(&reader.language));
    let paper = found.paper(&language).map_err(Fault::from)?.ok_or_else(|| Problem::query("language", "query-fault-language"))?;
    Ok(validated(&request, paper, "application/pdf"))
}
