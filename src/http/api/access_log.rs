//! The organization's access log, for its admins and auditors.

use super::moment;
use crate::domain::ids::{LogEntryId, PatientId, UnitId};
use crate::domain::language::Language;
use crate::http::extract::{ApiCaller, Door, Reader};
use crate::http::problem::{Code, Problem};
use crate::http::query::{Query, date};
use crate::services::access_log::{self, Entry, Finding};
use crate::text;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Value, json};
use uuid::Uuid;

/// An entry as it is shown.
pub(super) fn entry(entry: &Entry) -> Value {
    json!({
        "id": entry.id,
        "at": moment(entry.at),
        "actor": {"kind": entry.actor_kind, "id": entry.actor_id},
        "role": entry.role,
        "unit": entry.unit,
        "action": entry.action,
        "object": {"kind": entry.object_kind, "id": entry.object_id},
        "ground": entry.ground,
        "result": entry.result,
        "request_id": entry.request_id,
    })
}

/// A word of the log: an action, a result.
fn word(text: &str) -> Option<String> {
    let shaped = (2..=64).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'_' | b'-'));
    shaped.then(|| text.to_owned())
}

/// `GET /api/v1/access-log`
pub(in crate::http) async fn list(
    request: HttpRequest,
    ApiCaller(caller): ApiCaller,
    door: web::Data<Door>,
) -> Result<HttpResponse, Problem> {
    let query = Query::read(&request, &["from", "to", "unit", "actor", "patient", "action", "result", "limit", "cursor"])?;
    let unit = match query.optional("unit", |text| Some(UnitId::parse(text)))? {
        None => None,
        Some(unit) => Some(unit.ok_or(Problem::new(Code::NotFound))?),
    };
    let before = match query.optional("cursor", |text| Some(LogEntryId::parse(text)))? {
        None => None,
        Some(cursor) => Some(cursor.ok_or_else(|| Problem::query("cursor", "query-fault-cursor"))?),
    };
    let asked = access_log::Query {
        from: query.optional("from", date)?,
        to: query.optional("to", date)?,
        unit,
        actor: query.optional("actor", |text| (text.len() == 36).then(|| Uuid::try_parse(text).ok()).flatten())?,
        patient: query.optional("patient", PatientId::parse)?,
        action: query.optional("action", word)?,
        result: query.optional("result", word)?,
        stated: false,
        before,
        limit: query.limit()?,
    };
    let page = access_log::list(&door.services, &caller, asked).await?;
    let items: Value = page
        .entries
        .iter()
        .map(|(one, patients)| {
            let mut shown = entry(one);
            shown["patients"] = json!(patients);
            shown
        })
        .collect();
    let (from, to) = page.days;
    Ok(HttpResponse::Ok().json(json!({"from": from, "to": to, "items": items, "next_cursor": page.next})))
}

fn finding(one: &Finding, patients_a_day: i32, language: &Language) -> Value {
    let word = one.pattern.word();
    json!({
        "pattern": {"code": word, "text": text::words(language, &format!("log-{word}"), &[("limit", patients_a_day.into())])},
        "actor": {"id": one.actor, "name": one.name},
        "unit": one.unit,
        "ground": one.ground,
        "day": one.day,
        "first_at": moment(one.first),
        "last_at": moment(one.last),
        "entries": one.entries,
        "patient_count": one.patient_count,
        "patients": one.patients,
    })
}

/// `GET /api/v1/access-log/report`
pub(in crate::http) async fn report(
    request: HttpRequest,
    ApiCaller(caller): ApiCaller,
    door: web::Data<Door>,
    Reader(reader): Reader,
) -> Result<HttpResponse, Problem> {
    let query = Query::read(&request, &["from", "to"])?;
    let (from, to) = (query.required("from", date)?, query.required("to", date)?);
    let report = access_log::report(&door.services, &caller, from, to).await?;
    let items: Value = report.findings.iter().map(|one| finding(one, report.patients_a_day, &reader.language)).collect();
    Ok(HttpResponse::Ok().json(json!({
        "from": from,
        "to": to,
        "patients_a_day": report.patients_a_day,
        "items": items,
        "more": report.more,
    })))
}
