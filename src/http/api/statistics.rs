//! Numbers of units, as JSON or as CSV (RFC 4180).

use super::moment;
use super::session::pick;
use crate::domain::ids::UnitId;
use crate::domain::uptake::{Shown, week_name};
use crate::http::extract::{ApiCaller, Door};
use crate::http::problem::{Code, Problem};
use crate::http::query::{Query, date};
use crate::services::uptake::{self, Line, Report};
use actix_web::{HttpRequest, HttpResponse, web};
use chrono::Days;
use serde_json::{Value, json};
use std::fmt::Write;

/// The numbers with their names, in the order of their columns.
fn numbers(shown: &Shown) -> [(&'static str, Option<u32>); 10] {
    [
        ("visits", shown.visits),
        ("not_sent", shown.not_sent),
        ("sent", shown.sent),
        ("opened", shown.opened),
        ("started", shown.started),
        ("answered", shown.answered),
        ("amended", shown.amended),
        ("declined", shown.declined),
        ("minutes_to_answer", shown.minutes_to_answer),
        ("minutes_to_fill_in", shown.minutes_to_fill_in),
    ]
}

fn sunday(line: &Line) -> String {
    line.week.checked_add_days(Days::new(6)).unwrap_or(line.week).to_string()
}

fn as_json(report: &Report) -> HttpResponse {
    let line = |line: &Line| {
        let mut shown = json!({
            "unit": {"id": line.unit, "name": line.name},
            "week": week_name(line.week),
            "from": line.week,
            "to": sunday(line),
            "counted_at": moment(line.counted_at),
            "final": line.is_final,
        });
        for (name, number) in numbers(&line.shown) {
            shown[name] = json!(number);
        }
        shown
    };
    let items: Value = report.lines.iter().map(line).collect();
    HttpResponse::Ok().json(json!({"from": report.from, "to": report.to, "by": "week", "items": items}))
}

/// A cell that no spreadsheet takes for a formula.
pub(in crate::http) fn cell(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let safe = if formula { format!("'{text}") } else { text.to_owned() };
    if safe.contains(['"', ',', '\n', '\r']) { format!("\"{}\"", safe.replace('"', "\"\"")) } else { safe }
}

/// The report as a file.
pub(in crate::http) fn as_csv(report: &Report) -> HttpResponse {
    let head = numbers(&Shown::default()).map(|(name, _)| name).join(",");
    let mut text = format!("week,from,to,unit,unit_name,{head},final\r\n");
    for line in &report.lines {
        let shown = numbers(&line.shown).map(|(_, number)| number.map_or_else(|| "..".to_owned(), |number| number.to_string()));
        let row = [week_name(line.week), line.week.to_string(), sunday(line), line.unit.to_string(), cell(&line.name)];
        let _ = write!(text, "{},{},{}\r\n", row.join(","), shown.join(","), line.is_final);
    }
    let name = format!("attachment; filename=\"uptake-{}-{}.csv\"", report.from, report.to);
    HttpResponse::Ok().content_type("text/csv; charset=utf-8; header=present").insert_header(("content-disposition", name)).body(text)
}

/// `GET /api/v1/statistics/uptake`
pub(in crate::http) async fn uptake(
    request: HttpRequest,
    ApiCaller(caller): ApiCaller,
    door: web::Data<Door>,
) -> Result<HttpResponse, Problem> {
    let query = Query::read(&request, &["from", "to", "unit", "by", "format"])?;
    let (from, to) = (query.required("from", date)?, query.required("to", date)?);
    let unit = match query.optional("unit", |text| Some(UnitId::parse(text)))? {
        None => None,
        Some(unit) => Some(unit.ok_or(Problem::new(Code::NotFound))?),
    };
    query.optional("by", |text| (text == "week").then_some(()))?;
    let asked = query.optional("format", |text| ["json", "csv"].into_iter().find(|known| *known == text))?;
    let media = match asked {
        Some("csv") => "text/csv",
        Some(_) => "application/json",
        None => pick(&request, &["application/json", "text/csv"])?,
    };
    let report = uptake::report(&door.services, &caller, uptake::Query { from, to, unit }).await?;
    Ok(if media == "text/csv" { as_csv(&report) } else { as_json(&report) })
}
