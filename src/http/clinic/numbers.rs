//! Counts of a unit: uptake by month and week, and what the answers of a month found. Drawings with tables
//! under them, and files. What may be shown is decided in `domain::uptake` and `domain::findings`.

use super::halt::Halt;
use super::room::Room;
use super::seat::Seat;
use crate::domain::clock::oslo_date;
use crate::domain::language::Language;
use crate::domain::uptake::{Shown as Uptake, month_of_week, together};
use crate::http::api::statistics::{as_csv, cell};
use crate::http::extract::Door;
use crate::http::query::date;
use crate::http::web::frame::page;
use crate::services::Services;
use crate::services::findings;
use crate::services::uptake::{self, Report};
use crate::text::{self, format};
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use chrono::{Days, NaiveDate};
use std::collections::BTreeMap;
use std::fmt::Write;

/// Days that are shown unless others are chosen: half a year.
const USUAL: u64 = 26 * 7;
/// Most problems of a month that are drawn.
const MOST: usize = 10;

#[derive(Template)]
#[template(path = "clinic_numbers.html")]
struct Numbers {
    room: Room,
    from: NaiveDate,
    to: NaiveDate,
    heads: Vec<String>,
    months: Vec<Counted>,
    weeks: Vec<Counted>,
    found_heads: Vec<String>,
    found: Vec<Found>,
    query: String,
}

/// A line of uptake.
#[derive(Debug, Clone)]
struct Counted {
    unit: String,
    when: String,
    numbers: Vec<Option<u32>>,
    /// Answered of a hundred who were asked.
    percent: Option<u32>,
}

/// What a month found.
#[derive(Debug, Clone)]
struct Found {
    unit: String,
    month: String,
    responses: Option<u32>,
    over: Option<u32>,
    /// At or over the threshold, of a hundred with a score.
    percent: Option<u32>,
    reviewed: Option<u32>,
    wait: Option<String>,
    /// Words, how many, and of a hundred responses.
    problems: Vec<(String, Option<u32>, u32)>,
}

impl Found {
    fn numbers(&self) -> [Option<u32>; 3] {
        [self.responses, self.over, self.reviewed]
    }
}

fn percent(part: Option<u32>, whole: Option<u32>) -> Option<u32> {
    let (part, whole) = part.zip(whole.filter(|whole| *whole > 0))?;
    u32::try_from(u64::from(part.min(whole)) * 100 / u64::from(whole)).ok()
}

fn counted(unit: &str, when: String, shown: &Uptake) -> Counted {
    Counted {
        unit: unit.to_owned(),
        when,
        numbers: vec![shown.visits, shown.sent, shown.opened, shown.answered, shown.declined],
        percent: percent(shown.answered, shown.sent),
    }
}

/// Weeks put together to months. A month with a hidden week is hidden: a sum would tell of it.
fn by_month(report: &Report, language: &Language) -> Vec<Counted> {
    let mut months: BTreeMap<(NaiveDate, &str), Vec<Uptake>> = BTreeMap::new();
    for line in &report.lines {
        months.entry((month_of_week(line.week), &line.name)).or_default().push(line.shown);
    }
    let line = |((month, unit), weeks): (_, Vec<Uptake>)| counted(unit, format::month(month, language), &together(&weeks));
    months.into_iter().map(line).collect()
}

/// A time in the largest unit that tells it apart.
fn wait(minutes: u32, language: &Language) -> String {
    let (key, number) = match minutes {
        0..=119 => ("clinic-wait-minutes", minutes),
        120..=2879 => ("clinic-wait-hours", minutes / 60),
        _ => ("clinic-wait-days", minutes / 1440),
    };
    text::words(language, key, &[("number", i64::from(number).into())])
}

fn found(line: findings::Line, language: &Language) -> Found {
    let shown = line.shown;
    let share = |own: Option<u32>| percent(own, shown.responses).unwrap_or_default();
    Found {
        unit: line.name,
        month: format::month(line.month, language),
        responses: shown.responses,
        over: shown.over,
        percent: percent(shown.over, shown.scored),
        reviewed: shown.reviewed,
        wait: shown.minutes_to_review.map(|minutes| wait(minutes, language)),
        problems: shown.problems.iter().take(MOST).map(|(words, own)| (words.clone(), *own, share(*own))).collect(),
    }
}

/// The days of an address: weeks around them for uptake, months for findings.
fn days(services: &Services, request: &HttpRequest) -> (NaiveDate, NaiveDate) {
    let asked = |name: &str| {
        let found = url::form_urlencoded::parse(request.query_string().as_bytes()).find(|(own, _)| own == name);
        found.and_then(|(_, value)| date(&value))
    };
    let to = asked("til").unwrap_or_else(|| oslo_date(services.now()));
    (asked("fra").or(to.checked_sub_days(Days::new(USUAL - 1))).unwrap_or(to), to)
}

/// `GET /klinikk/tall`
pub(in crate::http) async fn show(request: HttpRequest, seat: Seat, door: web::Data<Door>) -> Result<HttpResponse, Halt> {
    let services = &door.services;
    let (from, to) = days(services, &request);
    let language = &seat.language;
    let report = uptake::report(services, &seat.caller, uptake::Query { from, to, unit: None }).await?;
    let lines = findings::report(services, &seat.caller, from, to, language).await?;
    let heads = ["numbers-visits", "numbers-sent", "numbers-opened", "numbers-answered", "numbers-declined"];
    let found_heads = ["numbers-answered", "only-over", "found-read", "found-wait"];
    let words = |keys: &[&str]| keys.iter().map(|key| text::words(language, &format!("clinic-{key}"), &[])).collect();
    let query = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("fra", &from.to_string())
        .append_pair("til", &to.to_string())
        .finish();
    let numbers = Numbers {
        room: Room::of(&seat, &request, text::words(language, "clinic-numbers-title", &[])),
        heads: words(&heads),
        found_heads: words(&found_heads),
        months: by_month(&report, language),
        weeks: report.lines.iter().map(|line| counted(&line.name, format::short_date(line.week, language), &line.shown)).collect(),
        found: lines.into_iter().map(|line| found(line, language)).collect(),
        from,
        to,
        query,
    };
    Ok(page(StatusCode::OK, &numbers)?)
}

/// `GET /klinikk/tall.csv`
pub(in crate::http) async fn csv(request: HttpRequest, seat: Seat, door: web::Data<Door>) -> Result<HttpResponse, Halt> {
    let (from, to) = days(&door.services, &request);
    Ok(as_csv(&uptake::report(&door.services, &seat.caller, uptake::Query { from, to, unit: None }).await?))
}

/// `GET /klinikk/funn.csv`: a line for each number, `..` where it is hidden.
pub(in crate::http) async fn found_csv(request: HttpRequest, seat: Seat, door: web::Data<Door>) -> Result<HttpResponse, Halt> {
    let (from, to) = days(&door.services, &request);
    let mut file = "month,unit_name,measure,number\r\n".to_owned();
    for line in findings::report(&door.services, &seat.caller, from, to, &seat.language).await? {
        let shown = &line.shown;
        let mut write = |measure: &str, number: Option<u32>| {
            let number = number.map_or_else(|| "..".to_owned(), |number| number.to_string());
            let _ = write!(file, "{},{},{},{number}\r\n", line.month.format("%Y-%m"), cell(&line.name), cell(measure));
        };
        write("responses", shown.responses);
        write("with_score", shown.scored);
        write("over_threshold", shown.over);
        write("reviewed", shown.reviewed);
        write("minutes_to_review", shown.minutes_to_review);
        for (words, number) in &shown.problems {
            write(words, *number);
        }
    }
    let name = format!("attachment; filename=\"funn-{from}-{to}.csv\"");
    Ok(HttpResponse::Ok().content_type("text/csv; charset=utf-8; header=present").insert_header(("content-disposition", name)).body(file))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_and_times() {
        assert_eq!(percent(Some(5), Some(20)), Some(25));
        assert_eq!((percent(None, Some(20)), percent(Some(5), None), percent(Some(0), Some(0))), (None, None, None));
        let nb = Language::nb();
        assert_eq!([90, 180, 4400].map(|minutes| wait(minutes, &nb)), ["90 minutter", "3 timer", "3 døgn"]);
    }
}
