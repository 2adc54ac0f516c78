//! The worklist: who comes to my units in the next days, and who of them needs most.

use super::filter::{Filter, Only, Order, RANGES};
use super::halt::Halt;
use super::room::Room;
use super::row::{Found, Row, Speech, arrange, row};
use super::seat::Seat;
use crate::domain::actor::{Actor, Role};
use crate::domain::ids::UnitId;
use crate::http::extract::Door;
use crate::http::web::frame::{Words, page_around, text_of};
use crate::services::{Services, worklist};
use crate::text::packed::Part;
use crate::text::{self, format};
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde_json::json;
use std::sync::Arc;

/// The rows alone: what is the same for all who look at the same lists.
#[derive(Template)]
#[template(path = "clinic_rows.html")]
struct TableBody {
    w: Words,
    rows: Vec<Row>,
    several: bool,
}

#[derive(Template)]
#[template(path = "clinic_list.html")]
struct List {
    room: Room,
    filter: Filter,
    units: Vec<(String, String, bool)>,
    ranges: Vec<(u64, String, bool)>,
    only: Vec<(&'static str, String, bool)>,
    orders: Vec<(&'static str, String, bool)>,
    is_empty: bool,
    thresholds: Vec<i32>,
    several: bool,
    /// How many rows, in words; and from when to when.
    count: String,
    days: (String, String),
    /// Units that have more rows than a list can hold.
    too_many: Vec<String>,
    /// Units that did not fit into the page.
    left_out: Vec<String>,
    mark: String,
    query: String,
}

fn own_units(seat: &Seat) -> Vec<UnitId> {
    match &seat.caller.actor {
        Actor::Clinician(person) => person.units(Role::Clinician).into_iter().collect(),
        _ => Vec::new(),
    }
}

/// The units that are listed: the chosen one, where it is one of the person's own, else all of them.
fn listed(seat: &Seat, filter: &Filter) -> Vec<UnitId> {
    let own = own_units(seat);
    filter.unit.map_or_else(|| own.clone(), |unit| own.iter().copied().filter(|own| *own == unit).collect())
}

/// What tells one state of a unit's part of the list from another.
async fn mark_of(services: &Services, seat: &Seat, filter: &Filter, unit: UnitId) -> Result<u64, Halt> {
    Ok(worklist::mark(services, &seat.caller, unit, filter.from, filter.to()).await?)
}

fn joined(marks: &[u64]) -> String {
    marks.iter().map(|mark| format!("{mark:x}")).collect::<Vec<_>>().join("-")
}

/// The lists of the units that are on the page.
#[derive(Default)]
struct Gathered {
    found: Vec<Found>,
    /// Whose rows are there, and the number of changes that each had.
    shown: Vec<(UnitId, Option<u64>)>,
    too_many: Vec<UnitId>,
    left_out: Vec<UnitId>,
    marks: Vec<u64>,
}

async fn gather(services: &Services, seat: &Seat, filter: &Filter) -> Result<Gathered, Halt> {
    let mut all = Gathered::default();
    for unit in listed(seat, filter) {
        // A page for people: who has many units chooses among them, or fewer days.
        if all.found.len() >= worklist::MAX_ROWS {
            all.marks.push(mark_of(services, seat, filter, unit).await?);
            all.left_out.push(unit);
            continue;
        }
        let query = worklist::Query {
            unit,
            from: filter.from,
            to: filter.to(),
            limit: worklist::MAX_ROWS,
            cursor: None,
            language: seat.language.clone(),
        };
        match worklist::list(services, &seat.caller, query).await {
            Ok(page) => {
                let (unit_name, threshold) = (page.unit_name, page.threshold.value);
                all.marks.push(page.mark);
                all.shown.push((unit, page.changes));
                all.found.extend(page.rows.into_iter().map(|row| Found { unit_name: unit_name.clone(), threshold, row }));
            }
            Err(worklist::Error::TooMany) => {
                all.marks.push(mark_of(services, seat, filter, unit).await?);
                all.too_many.push(unit);
            }
            Err(error) => return Err(error.into()),
        }
    }
    arrange(&mut all.found, filter);
    Ok(all)
}

/// The rows as they stand on the page, written once for all who look at the same lists.
fn rows(services: &Services, seat: &Seat, filter: &Filter, all: &Gathered, several: bool) -> Result<Arc<Part>, Halt> {
    let state = all.shown.first().and_then(|(_, first)| *first);
    let changes = state.filter(|state| all.shown.iter().all(|(_, changes)| *changes == Some(*state)));
    let (language, organization) = (&seat.language, seat.caller.actor.organization());
    let name = format!("{organization} {:?} {} {language} {several} {}", all.shown, joined(&all.marks), filter.query());
    let written = services.lists.written(name, changes, services.now(), || {
        let mut speech = Speech::new(language);
        let rows = all.found.iter().map(|found| row(found, &mut speech)).collect();
        text_of(&TableBody { w: Words(text::ui_language(language)), rows, several })
    })?;
    Ok(written)
}

/// `GET /klinikk`
pub(in crate::http) async fn show(request: HttpRequest, seat: Seat, door: web::Data<Door>) -> Result<HttpResponse, Halt> {
    let services = &door.services;
    let mut filter = Filter::read(request.query_string(), services.now());
    let own = own_units(&seat);
    filter.odd |= filter.unit.is_some_and(|unit| !own.contains(&unit));
    let say = |key: &str| text::words(&seat.language, key, &[]);
    let names = worklist::unit_names(services, &seat.caller).await?;
    let name_of = |id: &UnitId| names.iter().find(|(own, _)| own == id).map(|(_, name)| name.clone()).unwrap_or_default();
    let all = gather(services, &seat, &filter).await?;
    let mut thresholds: Vec<i32> = all.found.iter().map(|found| found.threshold).collect();
    thresholds.sort_unstable();
    thresholds.dedup();
    let number = i64::try_from(all.found.len()).unwrap_or(i64::MAX);
    let several = own.len() > 1;
    let rows = rows(services, &seat, &filter, &all, several)?;
    let list = List {
        units: own.iter().map(|unit| (unit.to_string(), name_of(unit), filter.unit == Some(*unit))).collect(),
        ranges: RANGES
            .iter()
            .map(|days| {
                let words = text::words(&seat.language, "clinic-days", &[("days", i64::try_from(*days).unwrap_or_default().into())]);
                (*days, words, *days == filter.days)
            })
            .collect(),
        only: Only::ALL.map(|only| (only.word(), say(&format!("clinic-only-{}", only.word())), filter.only.contains(&only))).to_vec(),
        orders: Order::ALL.map(|order| (order.word(), say(&format!("clinic-order-{}", order.word())), filter.order == order)).to_vec(),
        is_empty: all.found.is_empty(),
        thresholds,
        several,
        count: text::words(&seat.language, "clinic-count", &[("number", number.into())]),
        days: (format::date(filter.from, &seat.language), format::date(filter.to(), &seat.language)),
        too_many: all.too_many.iter().map(name_of).collect(),
        left_out: all.left_out.iter().map(name_of).collect(),
        mark: joined(&all.marks),
        query: filter.query(),
        room: Room::of(&seat, &request, say("clinic-list-title")),
        filter,
    };
    Ok(page_around(&request, &list, "<tbody>\n", &rows)?)
}

/// `GET /klinikk/endret`: what tells one state of the list from another, for the script.
pub(in crate::http) async fn changed(request: HttpRequest, seat: Seat, door: web::Data<Door>) -> Result<HttpResponse, Halt> {
    let filter = Filter::read(request.query_string(), door.services.now());
    let mut marks = Vec::new();
    for unit in listed(&seat, &filter) {
        marks.push(mark_of(&door.services, &seat, &filter, unit).await?);
    }
    Ok(HttpResponse::Ok().json(json!({"mark": joined(&marks)})))
}
