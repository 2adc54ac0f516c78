//! Looking a patient up by national identity number, and the list of what they have handed in.

use super::glass::stating;
use super::halt::Halt;
use super::room::Room;
use super::row::wish_key;
use super::seat::Seat;
use crate::domain::identifier::{IdentifierSystem, PatientIdentifier};
use crate::domain::ids::PatientId;
use crate::domain::policy::Denied;
use crate::http::extract::Door;
use crate::http::web::frame::{go, page};
use crate::http::web::posted::Posted;
use crate::services::patients;
use crate::text::{self, format};
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

#[derive(Template)]
#[template(path = "clinic_find.html")]
struct Search {
    room: Room,
    none: bool,
}

#[derive(Template)]
#[template(path = "clinic_patient.html")]
struct Patient {
    room: Room,
    name: String,
    born: String,
    responses: Vec<Response>,
}

/// Something that was handed in.
#[derive(Debug, Clone)]
struct Response {
    id: String,
    at: String,
    score: Option<i32>,
    wish: Option<String>,
}

fn search_page(seat: &Seat, request: &HttpRequest, wrong: Option<&str>, none: bool) -> Search {
    let say = |key: &str| text::words(&seat.language, key, &[]);
    let room = Room::of(seat, request, say("clinic-find-title"));
    Search { room: if let Some(key) = wrong { room.mending("nummer", say(key)) } else { room }, none }
}

/// `GET /klinikk/finn`
pub(in crate::http) async fn ask(request: HttpRequest, seat: Seat) -> Result<HttpResponse, Halt> {
    Ok(page(StatusCode::OK, &search_page(&seat, &request, None, false))?)
}

/// `POST /klinikk/finn`: a number is never in an address.
pub(in crate::http) async fn search(
    request: HttpRequest,
    seat: Seat,
    door: web::Data<Door>,
    payload: web::Payload,
) -> Result<HttpResponse, Halt> {
    let posted = Posted::read(&request, payload).await?;
    seat.check(posted.line("nokkel")).map_err(|_| Halt::Form)?;
    let synthetic = door.services.rules.allow_synthetic_persons;
    let national = IdentifierSystem::ALL.into_iter().filter(|system| *system != IdentifierSystem::Local);
    let number = posted.line("nummer");
    let Some(identifier) = national.into_iter().find_map(|system| PatientIdentifier::parse(system.uri(), None, number, synthetic).ok())
    else {
        return Ok(page(StatusCode::UNPROCESSABLE_ENTITY, &search_page(&seat, &request, Some("clinic-find-wrong"), false))?);
    };
    match patients::search(&door.services, &seat.caller, identifier).await? {
        Some(patient) => Ok(go(&format!("/klinikk/pasient/{}", patient.id)).finish()),
        None => Ok(page(StatusCode::OK, &search_page(&seat, &request, None, true))?),
    }
}

/// `GET /klinikk/pasient/{id}`
pub(in crate::http) async fn patient(
    request: HttpRequest,
    seat: Seat,
    door: web::Data<Door>,
    path: web::Path<String>,
) -> Result<HttpResponse, Halt> {
    let id = PatientId::parse(&path).ok_or_else(Halt::not_found)?;
    let caller = stating(&door.services, &request, &seat, id);
    let (view, events) = match patients::timeline(&door.services, &caller, id).await {
        Err(patients::Error::Denied(Denied::GroundRequired)) => return Err(Halt::Glass { patient: id, on: "pasient".to_owned() }),
        other => other?,
    };
    let language = &seat.language;
    let responses = events.into_iter().filter(|event| event.kind == "response").map(|event| Response {
        id: event.id.to_string(),
        at: format::moment(event.at, language),
        score: event.score,
        wish: event.wish.map(|wish| text::words(language, wish_key(wish), &[])),
    });
    let shown = Patient {
        room: Room::of(&seat, &request, text::words(language, "clinic-patient", &[])),
        name: view.person.name,
        born: format::short_date(view.person.birth_date, language),
        responses: responses.collect(),
    };
    Ok(page(StatusCode::OK, &shown)?)
}
