//! CDS Hooks 2.0: what a record system asks when somebody opens a patient's record there. Nothing is ever
//! fetched from that system: what is needed comes with the request (`prefetch`).

use super::context::current;
use super::extract::{BODY, Door, bearer, json};
use super::problem::{Code, FieldCode, Problem};
use crate::domain::identifier::PatientIdentifier;
use crate::domain::ids::PatientId;
use crate::domain::language::Language;
use crate::domain::policy::{Action, may_ever};
use crate::services::patient_view::{self, Card, Whose};
use crate::services::{Caller, Services, cds_client};
use crate::text::{self, card};
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Map, Value, json};

/// Id of the service.
const SERVICE: &str = "unread-answers";
/// The hook it answers.
const HOOK: &str = "patient-view";
/// Longest text of a request that is read, bytes.
const LONGEST: usize = 512;
/// Most identifiers of a patient.
const MOST: usize = 50;

/// `GET /cds-services`: which services there are. It says nothing about anybody, so anybody may ask.
pub(super) async fn discover() -> HttpResponse {
    let language = current().language;
    let service = json!({
        "hook": HOOK,
        "id": SERVICE,
        "title": text::words(&language, "card-service", &[]),
        "description": text::words(&language, "card-description", &[]),
        "prefetch": {"patient": "Patient/{{context.patientId}}"},
        "usageRequirements": text::words(&language, "card-requirements", &[]),
    });
    HttpResponse::Ok().json(json!({"services": [service]}))
}

/// `POST /cds-services/unread-answers`
pub(super) async fn patient_view(request: HttpRequest, door: web::Data<Door>, payload: web::Payload) -> Result<HttpResponse, Problem> {
    let services = &door.services;
    let context = current();
    let address = format!("{}/cds-services/{SERVICE}", services.rules.base_url);
    let actor = cds_client::authenticate(services, &bearer(&request)?, &address).await?;
    may_ever(&actor, Action::ReadAnswers)?;
    let caller = Caller { actor, request_id: context.id, ground: None, ground_text: None };
    let body = json(&request, payload, BODY).await?.value;
    let cards = match whose(services, &body)? {
        Some(whose) => patient_view::cards(services, &caller, whose, &context.language).await?,
        None => Vec::new(),
    };
    let cards: Vec<Value> = cards.iter().map(|card| shown(services, card, &context.language)).collect();
    Ok(HttpResponse::Ok().json(json!({"cards": cards})))
}

fn shown(services: &Services, one: &Card, language: &Language) -> Value {
    let base = &services.rules.base_url;
    json!({
        "uuid": one.id,
        "summary": card::summary(&one.facts, language),
        "indicator": if one.facts.is_warning() { "warning" } else { "info" },
        "detail": card::detail(&one.facts, language),
        "source": {"label": text::words(language, "card-source", &[]), "url": base},
        "links": [{
            "label": text::words(language, "card-link", &[]),
            "url": format!("{base}/klinikk/svar/{}", one.response),
            "type": "absolute",
        }],
    })
}

/// A text that must be there. What a request has beside what is asked for here is passed over: hooks grow.
fn line<'v>(object: &'v Map<String, Value>, name: &str, pointer: &str) -> Result<&'v str, Problem> {
    match object.get(name).filter(|value| !value.is_null()) {
        None => Err(Problem::field(pointer, FieldCode::Required)),
        Some(Value::String(text)) if text.is_empty() => Err(Problem::field(pointer, FieldCode::Required)),
        Some(Value::String(text)) if text.len() > LONGEST => Err(Problem::field(pointer, FieldCode::TooLong)),
        Some(Value::String(text)) => Ok(text),
        Some(_) => Err(Problem::field(pointer, FieldCode::Malformed)),
    }
}

fn inner<'v>(object: &'v Map<String, Value>, name: &str, pointer: &str) -> Result<Option<&'v Map<String, Value>>, Problem> {
    match object.get(name).filter(|value| !value.is_null()) {
        None => Ok(None),
        Some(Value::Object(inner)) => Ok(Some(inner)),
        Some(_) => Err(Problem::field(pointer, FieldCode::Malformed)),
    }
}

/// Whose record is open; `None`: somebody who can't be known here. Where the request leaves it open who it
/// is, that is said: no card must not mean that nobody has looked.
fn whose(services: &Services, body: &Value) -> Result<Option<Whose>, Problem> {
    let body = body.as_object().ok_or_else(|| Problem::field("", FieldCode::Malformed))?;
    if line(body, "hook", "/hook")? != HOOK {
        return Err(Problem::field("/hook", FieldCode::NotAllowed));
    }
    line(body, "hookInstance", "/hookInstance")?;
    let context = inner(body, "context", "/context")?.ok_or_else(|| Problem::field("/context", FieldCode::Required))?;
    let id = line(context, "patientId", "/context/patientId")?;
    let server = match body.get("fhirServer").filter(|value| !value.is_null()) {
        None => None,
        Some(_) => Some(line(body, "fhirServer", "/fhirServer")?.trim_end_matches('/')),
    };
    if server == Some(&format!("{}/fhir", services.rules.base_url)) {
        return Ok(PatientId::parse(id).map(Whose::Own));
    }
    let prefetch = inner(body, "prefetch", "/prefetch")?;
    let patient = prefetch.map_or(Ok(None), |prefetch| inner(prefetch, "patient", "/prefetch/patient"))?;
    let Some(patient) = patient else {
        let own = PatientId::parse(id).filter(|_| server.is_none());
        return own.map(|id| Some(Whose::Own(id))).ok_or(Problem::new(Code::PrefetchMissing));
    };
    if patient.get("resourceType").and_then(Value::as_str) != Some("Patient") {
        return Err(Problem::field("/prefetch/patient/resourceType", FieldCode::Mismatch));
    }
    if patient.get("id").is_some_and(|own| own.as_str() != Some(id)) {
        return Err(Problem::field("/prefetch/patient/id", FieldCode::Mismatch));
    }
    let numbers = numbers(services, patient)?;
    Ok((!numbers.is_empty()).then_some(Whose::Numbered(numbers)))
}

/// The numbers of a patient that can be known here. Others, and those that are no longer used, are passed
/// over; a patient without any at all is one whose numbers were held back.
fn numbers(services: &Services, patient: &Map<String, Value>) -> Result<Vec<PatientIdentifier>, Problem> {
    const AT: &str = "/prefetch/patient/identifier";
    let all = match patient.get("identifier") {
        None | Some(Value::Null) => return Err(Problem::new(Code::PrefetchMissing)),
        Some(Value::Array(all)) if all.is_empty() => return Err(Problem::new(Code::PrefetchMissing)),
        Some(Value::Array(all)) if all.len() > MOST => return Err(Problem::field(AT, FieldCode::TooLong)),
        Some(Value::Array(all)) if all.iter().all(Value::is_object) => all,
        Some(_) => return Err(Problem::field(AT, FieldCode::Malformed)),
    };
    let number = |one: &Value| {
        let text = |name: &str| one.get(name).and_then(Value::as_str);
        if text("use") == Some("old") {
            return None;
        }
        PatientIdentifier::parse(text("system")?, None, text("value")?, services.rules.allow_synthetic_persons).ok()
    };
    Ok(all.iter().filter_map(number).collect())
}
