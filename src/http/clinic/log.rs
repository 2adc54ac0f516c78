//! Who has seen what, for who runs a unit: the newest first, with filters that stand in the address.

use super::halt::Halt;
use super::room::Room;
use super::seat::Seat;
use crate::domain::clock::oslo_date;
use crate::domain::ids::{LogEntryId, UnitId};
use crate::domain::language::Language;
use crate::domain::policy::Ground;
use crate::http::extract::Door;
use crate::http::query::date;
use crate::http::web::frame::page;
use crate::services::access_log::{self, Entry, Query};
use crate::text::{self, format};
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use chrono::NaiveDate;
use std::collections::BTreeMap;
use uuid::Uuid;

/// Entries a page.
const PAGE: usize = 100;
/// Deeds that can be asked for by themselves: those in which somebody sees, makes or ends something of a patient's.
const DEEDS: [&str; 21] = [
    "worklist.read",
    "patient.search",
    "patient.timeline",
    "response.summary",
    "response.read",
    "response.print",
    "response.card",
    "response.versions",
    "response.search",
    "response.review",
    "response.submit",
    "invitation.issue",
    "invitation.reissue",
    "invitation.letter",
    "invitation.message",
    "invitation.paper",
    "invitation.paper-open",
    "invitation.revoke",
    "appointment.change",
    "session.open",
    "access-log.list",
];

#[derive(Template)]
#[template(path = "clinic_log.html")]
struct Log {
    room: Room,
    from: NaiveDate,
    to: NaiveDate,
    units: Vec<(String, String, bool)>,
    people: Vec<(String, String, bool)>,
    deeds: Vec<(&'static str, String, bool)>,
    stated: bool,
    lines: Vec<Line>,
    next: Option<String>,
}

/// An entry in words.
#[derive(Debug, Clone)]
struct Line {
    at: String,
    who: String,
    what: String,
    unit: String,
    ground: String,
    stated: bool,
    patients: usize,
}

/// What is asked for in the address; what is not understood is left out.
fn asked(request: &HttpRequest) -> Query {
    let mut query = Query { limit: PAGE, ..Query::default() };
    for (name, value) in url::form_urlencoded::parse(request.query_string().as_bytes()).take(16) {
        match &*name {
            "fra" => query.from = date(&value),
            "til" => query.to = date(&value),
            "enhet" => query.unit = UnitId::parse(&value),
            "hvem" => query.actor = Uuid::try_parse(&value).ok(),
            "hva" => query.action = DEEDS.iter().find(|deed| **deed == &*value).map(|deed| (*deed).to_owned()),
            "foer" => query.before = LogEntryId::parse(&value),
            "grunn" => query.stated = value == "1",
            _ => {}
        }
    }
    query
}

fn done(action: &str, language: &Language) -> String {
    text::words(language, &format!("action-{}", action.replace('.', "-")), &[])
}

/// The filters as they stand in the address of the next page.
fn carried(query: &Query, (from, to): (NaiveDate, NaiveDate), before: LogEntryId) -> String {
    let mut next = url::form_urlencoded::Serializer::new(String::new());
    next.append_pair("fra", &from.to_string()).append_pair("til", &to.to_string());
    if let Some(unit) = query.unit {
        next.append_pair("enhet", &unit.to_string());
    }
    if let Some(actor) = query.actor {
        next.append_pair("hvem", &actor.to_string());
    }
    if let Some(action) = &query.action {
        next.append_pair("hva", action);
    }
    if query.stated {
        next.append_pair("grunn", "1");
    }
    next.append_pair("foer", &before.to_string()).finish()
}

fn line(entry: &Entry, patients: usize, names: &BTreeMap<Uuid, String>, units: &[(UnitId, String)], language: &Language) -> Line {
    let say = |key: String| text::words(language, &key, &[]);
    let name = entry.actor_id.and_then(|id| names.get(&id).cloned());
    Line {
        at: format!("{} {}", format::short_date(oslo_date(entry.at), language), format::time_of(entry.at, language)),
        who: name.unwrap_or_else(|| say(format!("actor-{}", entry.actor_kind))),
        what: done(&entry.action, language),
        unit: entry.unit.and_then(|id| units.iter().find(|(own, _)| *own == id)).map(|(_, name)| name.clone()).unwrap_or_default(),
        ground: say(format!("ground-{}", entry.ground)),
        stated: Ground::parse(&entry.ground).is_some(),
        patients,
    }
}

/// `GET /klinikk/logg`
pub(in crate::http) async fn show(request: HttpRequest, seat: Seat, door: web::Data<Door>) -> Result<HttpResponse, Halt> {
    let query = asked(&request);
    let found = access_log::list(&door.services, &seat.caller, query.clone()).await?;
    let people = access_log::people(&door.services, &seat.caller).await?;
    let mut named: Vec<_> = people.names.iter().map(|(id, name)| (id.to_string(), name.clone(), query.actor == Some(*id))).collect();
    named.sort_by(|one, other| one.1.cmp(&other.1));
    let deeds = DEEDS.iter().map(|deed| (*deed, done(deed, &seat.language), query.action.as_deref() == Some(*deed))).collect();
    let log = Log {
        room: Room::of(&seat, &request, text::words(&seat.language, "clinic-log-title", &[])),
        from: found.days.0,
        to: found.days.1,
        units: people.units.iter().map(|(id, name)| (id.to_string(), name.clone(), query.unit == Some(*id))).collect(),
        people: named,
        deeds,
        stated: query.stated,
        lines: found.entries.iter().map(|(entry, of)| line(entry, of.len(), &people.names, &people.units, &seat.language)).collect(),
        next: found.next.map(|before| carried(&query, found.days, before)),
    };
    Ok(page(StatusCode::OK, &log)?)
}
