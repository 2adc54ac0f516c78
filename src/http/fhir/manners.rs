//! Manners of the REST interface of R4 (<https://hl7.org/fhir/R4/http.html>): formats, validators, what a
//! caller prefers.

use crate::fhir::search::{Page, Summary};
use crate::http::api::session::pick;
use crate::http::extract::{BODY, Body, json_as};
use crate::http::problem::{Code, Problem};
use crate::services::fhir::Resource;
use actix_web::http::StatusCode;
use actix_web::http::header::{ETAG, HeaderMap, IF_MATCH, IF_NONE_MATCH, LAST_MODIFIED, LOCATION};
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Value, json};

/// Media type of everything that is answered.
pub(super) const MEDIA: &str = "application/fhir+json";

/// Whether JSON will do: by `_format`, else by `Accept`.
pub(super) fn acceptable(request: &HttpRequest) -> Result<(), Problem> {
    let format = url::form_urlencoded::parse(request.query_string().as_bytes()).find(|(name, _)| name == "_format");
    match format.as_ref().map(|(_, value)| value.split(';').next().unwrap_or_default().trim().replace(' ', "+")) {
        None => pick(request, &[MEDIA, "application/json"]).map(|_| ()),
        Some(format) if ["json", MEDIA, "application/json", "text/json"].contains(&format.as_str()) => Ok(()),
        Some(_) => Err(Problem::new(Code::NotAcceptable)),
    }
}

/// Whether the caller's `Prefer` holds this.
fn prefers(request: &HttpRequest, what: &str) -> bool {
    let all = request.headers().get_all("prefer").filter_map(|value| value.to_str().ok());
    let mut parts = all.flat_map(|value| value.split([',', ';'])).map(|part| part.trim().replace('"', ""));
    parts.any(|part| part.eq_ignore_ascii_case(what))
}

/// Whether parameters that are not known are to be left out instead of refused.
pub(super) fn lenient(request: &HttpRequest) -> bool {
    prefers(request, "handling=lenient")
}

/// A body of FHIR: either of the two media types for JSON.
pub(super) async fn body(request: &HttpRequest, payload: web::Payload) -> Result<Body, Problem> {
    json_as(request, payload, BODY, &[MEDIA, "application/json"]).await
}

/// The version in `W/"3"`, as an `ETag` has it.
fn version_of(tag: &str) -> Option<&str> {
    let tag = tag.trim();
    tag.strip_prefix("W/").unwrap_or(tag).strip_prefix('"')?.strip_suffix('"')
}

/// The one version of an `If-Match`.
pub(super) fn if_match(request: &HttpRequest) -> Result<i32, Problem> {
    let required = || Problem::new(Code::IfMatchRequired);
    let mut headers = request.headers().get_all(IF_MATCH);
    let text = headers.next().and_then(|value| value.to_str().ok()).and_then(version_of).ok_or_else(required)?;
    let sound = (1..=18).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit()) && headers.next().is_none();
    // A number that no version has reached is a version all the same, and not the present one.
    if sound { Ok(text.parse().unwrap_or(i32::MAX)) } else { Err(required()) }
}

fn known(headers: &HeaderMap, tag: &str) -> bool {
    let all = headers.get_all(IF_NONE_MATCH).filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
    all.into_iter().any(|one| one.trim() == "*" || version_of(one) == Some(tag))
}

/// A resource under its validator, or 304 for who has it.
pub(super) fn resource(request: &HttpRequest, json: &Value, tag: &str, modified: Option<chrono::DateTime<chrono::Utc>>) -> HttpResponse {
    validated(request, tag, modified, || json.to_string().into())
}

/// The same of one that is written already, or is only when it is sent.
pub(super) fn validated(
    request: &HttpRequest,
    tag: &str,
    modified: Option<chrono::DateTime<chrono::Utc>>,
    body: impl FnOnce() -> web::Bytes,
) -> HttpResponse {
    let etag = format!("W/\"{tag}\"");
    if known(request.headers(), tag) {
        return HttpResponse::NotModified().insert_header((ETAG, etag)).finish();
    }
    let mut answer = HttpResponse::Ok();
    answer.insert_header((ETAG, etag)).content_type(MEDIA);
    if let Some(at) = modified {
        answer.insert_header((LAST_MODIFIED, http_date(at)));
    }
    answer.body(body())
}

/// As HTTP writes moments (RFC 9110 §5.6.7).
fn http_date(at: chrono::DateTime<chrono::Utc>) -> String {
    at.format("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// What was written: where it is, and as much of it as the caller prefers.
pub(super) fn written(request: &HttpRequest, base: &str, status: StatusCode, of: &Resource) -> HttpResponse {
    let id = of.json["id"].as_str().unwrap_or_default();
    let kind = of.json["resourceType"].as_str().unwrap_or_default();
    let mut answer = HttpResponse::build(status);
    answer.insert_header((ETAG, format!("W/\"{}\"", of.version))).insert_header((LAST_MODIFIED, http_date(of.modified)));
    answer.insert_header((LOCATION, format!("{base}/{kind}/{id}/_history/{}", of.version)));
    if prefers(request, "return=minimal") {
        return answer.finish();
    }
    answer.content_type(MEDIA);
    if prefers(request, "return=OperationOutcome") {
        let done = json!({"resourceType": "OperationOutcome", "issue": [{"severity": "information", "code": "informational"}]});
        return answer.body(done.to_string());
    }
    answer.body(of.json.to_string())
}

/// Any other answer.
pub(super) fn answer(json: &Value) -> HttpResponse {
    HttpResponse::Ok().content_type(MEDIA).body(json.to_string())
}

/// Elements that stand in every resource whatever is asked for: what R4 demands of the type.
fn demanded(kind: &str) -> &'static [&'static str] {
    match kind {
        "Questionnaire" | "QuestionnaireResponse" | "ValueSet" => &["status"],
        "CodeSystem" | "DocumentReference" => &["status", "content"],
        "Task" => &["status", "intent"],
        // A start without an end is none (app-2, app-3).
        "Appointment" => &["status", "participant", "start", "end"],
        "Observation" => &["status", "code"],
        "Provenance" => &["target", "recorded", "agent"],
        "AuditEvent" => &["type", "recorded", "agent", "source"],
        _ => &[],
    }
}

/// What R4 marks as summary of each type that has something else as well; `None`: all of it.
fn summary(kind: &str) -> Option<&'static [&'static str]> {
    Some(match kind {
        "Questionnaire" => &[
            "url",
            "identifier",
            "version",
            "name",
            "title",
            "status",
            "experimental",
            "subjectType",
            "date",
            "publisher",
            "contact",
            "useContext",
            "jurisdiction",
            "effectivePeriod",
            "code",
        ],
        "QuestionnaireResponse" => {
            &["identifier", "basedOn", "partOf", "questionnaire", "status", "subject", "encounter", "authored", "author", "source"]
        }
        "ValueSet" => &["url", "identifier", "version", "name", "title", "status", "experimental", "date", "publisher", "immutable"],
        "CodeSystem" => &[
            "url",
            "identifier",
            "version",
            "name",
            "title",
            "status",
            "experimental",
            "date",
            "publisher",
            "caseSensitive",
            "valueSet",
            "hierarchyMeaning",
            "compositional",
            "versionNeeded",
            "content",
            "supplements",
            "count",
        ],
        _ => return None,
    })
}

/// As much of a resource as the page asks for. One that is cut says so (`SUBSETTED`), so that nobody sends
/// it back as the whole.
pub(super) fn cut(json: &mut Value, page: &Page) {
    let kind = json["resourceType"].as_str().unwrap_or_default().to_owned();
    let kept: Option<Vec<String>> = match (page.summary, page.elements.is_empty()) {
        (_, false) => Some(page.elements.clone()),
        (Summary::Elements, true) => summary(&kind).map(|all| all.iter().map(|name| (*name).to_owned()).collect()),
        _ => None,
    };
    let (Some(kept), Some(object)) = (kept, json.as_object_mut()) else { return };
    let stays = |name: &str| {
        let name = name.trim_start_matches('_');
        ["resourceType", "id", "meta"].contains(&name) || demanded(&kind).contains(&name) || kept.iter().any(|own| own == name)
    };
    object.retain(|name, _| stays(name));
    let meta = object.entry("meta").or_insert_with(|| json!({}));
    let tag = json!({"system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue", "code": "SUBSETTED"});
    let tags = meta.as_object_mut().map(|meta| meta.entry("tag").or_insert_with(|| json!([])));
    if let Some(tags) = tags.and_then(Value::as_array_mut) {
        tags.push(tag);
    }
}
