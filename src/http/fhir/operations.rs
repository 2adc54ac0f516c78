//! Operations of Structured Data Capture (SDC): a form to be filled in elsewhere, answers that come back,
//! what can be drawn from them, and whether they hold.

use super::{base, manners};
use crate::domain::answers::Issue;
use crate::domain::ids::{InvitationId, ResponseId};
use crate::domain::policy::{Action, Resource, decide};
use crate::fhir::read::parameters::{self, Populate};
use crate::fhir::write::{Answered, outcome, parameters as answered};
use crate::http::context::current;
use crate::http::extract::{ApiCaller, Door, PatientCaller};
use crate::http::problem::{Code, Problem};
use crate::http::query::Query;
use crate::services::fhir::{self, Command, Writer};
use crate::text;
use actix_web::http::header::{CONTENT_TYPE, LOCATION};
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::Value;

/// Issues in the reader's language.
fn said(issues: &[Issue]) -> Value {
    let language = current().language;
    outcome(issues, |issue| text::issue(issue, &language))
}

/// The form on which an operation is called, where it is called on one.
fn form(request: &HttpRequest) -> Option<String> {
    request.match_info().get("id").map(str::to_owned)
}

/// `POST /fhir/QuestionnaireResponse/$validate`
pub(in crate::http) async fn validate(
    request: HttpRequest,
    PatientCaller(caller): PatientCaller,
    door: web::Data<Door>,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let query = Query::read(&request, &["mode", "profile", "_format", "_pretty"])?;
    manners::acceptable(&request)?;
    decide(&caller.actor, Action::ReadQuestionnaires, Resource::default())?;
    let own = |text: &str| Some(text.to_owned());
    let (mode, profile) = (query.optional("mode", own)?, query.optional("profile", own)?);
    parameters::validation(mode.as_deref(), profile.as_deref())?;
    let body = manners::body(&request, payload).await?.value;
    Ok(manners::answer(&said(&fhir::validate(&door.services, parameters::validate(&body)?))))
}

/// `POST /fhir/QuestionnaireResponse/$extract`: of a response that comes with the request and is not kept.
pub(in crate::http) async fn extract_given(
    request: HttpRequest,
    PatientCaller(caller): PatientCaller,
    door: web::Data<Door>,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    Query::read(&request, &["_format", "_pretty"])?;
    manners::acceptable(&request)?;
    decide(&caller.actor, Action::ReadQuestionnaires, Resource::default())?;
    let body = manners::body(&request, payload).await?.value;
    Ok(manners::answer(&fhir::extract_given(&door.services, parameters::extract(&body)?)?))
}

/// `GET` or `POST /fhir/QuestionnaireResponse/{id}/$extract`
pub(in crate::http) async fn extract(
    request: HttpRequest,
    PatientCaller(caller): PatientCaller,
    door: web::Data<Door>,
    path: web::Path<String>,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    Query::read(&request, &["_format", "_pretty"])?;
    manners::acceptable(&request)?;
    // Nothing has to be said beside the id; who sends parameters all the same sends readable ones.
    if request.headers().contains_key(CONTENT_TYPE) {
        manners::body(&request, payload).await?;
    }
    let id = ResponseId::parse(&path).ok_or(Problem::new(Code::NotFound))?;
    Ok(manners::answer(&fhir::extract(&door.services, &caller, id).await?))
}

async fn asked(request: &HttpRequest, door: &Door, payload: web::Payload) -> Result<Populate, Problem> {
    Query::read(request, &["_format", "_pretty"])?;
    manners::acceptable(request)?;
    let body = manners::body(request, payload).await?.value;
    Ok(parameters::populate(&body, &base(&door.services))?)
}

/// `POST /fhir/Questionnaire/$populate`, `POST /fhir/Questionnaire/{id}/$populate`
pub(in crate::http) async fn populate(
    request: HttpRequest,
    PatientCaller(caller): PatientCaller,
    door: web::Data<Door>,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let asked = asked(&request, &door, payload).await?;
    let done = fhir::populate(&door.services, &caller, form(&request), asked).await?;
    let mut all = vec![Answered::Resource("response", done.response)];
    if !done.issues.is_empty() {
        all.push(Answered::Resource("issues", said(&done.issues)));
    }
    Ok(manners::answer(&answered(all)))
}

/// `POST /fhir/Questionnaire/$populatelink`, `POST /fhir/Questionnaire/{id}/$populatelink`
pub(in crate::http) async fn populate_link(
    request: HttpRequest,
    ApiCaller(caller): ApiCaller,
    door: web::Data<Door>,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let asked = asked(&request, &door, payload).await?;
    let link = fhir::personal_link(&door.services, &caller, form(&request), asked).await?;
    Ok(manners::answer(&answered(vec![Answered::Uri("link", link)])))
}

/// `POST /fhir/Questionnaire/$process-response`, `POST /fhir/Questionnaire/{id}/$process-response`
pub(in crate::http) async fn process(
    request: HttpRequest,
    PatientCaller(caller): PatientCaller,
    door: web::Data<Door>,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let query = Query::read(&request, &["task", "_format", "_pretty"])?;
    manners::acceptable(&request)?;
    let task = query.optional("task", InvitationId::parse)?;
    let received = manners::body(&request, payload).await?;
    let body = parameters::process(&received.value)?.clone();
    let command = Command { writer: Writer::Process(task), body, form: form(&request), original: received.bytes };
    let done = fhir::hand_in(&door.services, &caller, command).await?;
    let id = done.resource.json["id"].as_str().unwrap_or_default();
    let place = format!("{}/QuestionnaireResponse/{id}/_history/{}", base(&door.services), done.resource.version);
    let body = answered(vec![Answered::Resource("warnings", said(&done.warnings))]);
    Ok(HttpResponse::Ok().insert_header((LOCATION, place)).content_type(manners::MEDIA).body(body.to_string()))
}
