//! Opening a patient of another unit: the ground is stated on a page of its own and carried in a sealed
//! cookie for half an hour.

use super::halt::Halt;
use super::room::Room;
use super::seat::Seat;
use crate::domain::ids::{PatientId, ResponseId};
use crate::domain::policy::Ground;
use crate::http::extract::Door;
use crate::http::web::frame::{go, page};
use crate::http::web::language;
use crate::http::web::posted::Posted;
use crate::services::{Caller, Services, glass};
use crate::text;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

/// Cookie of a stated ground.
const GROUND: &str = "__Host-grunn";

#[derive(Template)]
#[template(path = "clinic_glass.html")]
struct Asking {
    room: Room,
    patient: String,
    on: String,
    grounds: Vec<(&'static str, String)>,
    words: String,
    most: usize,
}

/// The caller, with the ground they have stated for the patient of a response.
pub(super) async fn caller_for(services: &Services, request: &HttpRequest, seat: &Seat, id: ResponseId) -> Result<Caller, Halt> {
    let Some(sealed) = language::cookie(request.headers(), GROUND) else { return Ok(seat.caller.clone()) };
    Ok(match glass::patient_of(services, &seat.caller, id).await? {
        Some(patient) => glass::stating(services, &seat.caller, patient, sealed),
        None => seat.caller.clone(),
    })
}

/// The same for a patient.
pub(super) fn stating(services: &Services, request: &HttpRequest, seat: &Seat, patient: PatientId) -> Caller {
    let sealed = language::cookie(request.headers(), GROUND).unwrap_or_default();
    glass::stating(services, &seat.caller, patient, sealed)
}

fn asking(seat: &Seat, request: &HttpRequest, patient: PatientId, on: &str, words: &str, wrong: Option<(&'static str, &str)>) -> Asking {
    let say = |key: &str| text::words(&seat.language, key, &[]);
    let room = Room::of(seat, request, say("clinic-glass-title"));
    Asking {
        room: if let Some((field, key)) = wrong { room.mending(field, say(key)) } else { room },
        patient: patient.to_string(),
        on: on.to_owned(),
        grounds: Ground::STATED.map(|ground| (ground.word(), say(&format!("ground-{}", ground.word())))).to_vec(),
        words: words.to_owned(),
        most: glass::TEXT_MAX,
    }
}

/// Where it leads on: the patient, or the response that was to be opened; nowhere else.
fn onward(patient: PatientId, on: &str) -> Result<String, Halt> {
    if on == "pasient" {
        return Ok(format!("/klinikk/pasient/{patient}"));
    }
    let id = ResponseId::parse(on).ok_or_else(Halt::not_found)?;
    Ok(format!("/klinikk/svar/{id}"))
}

/// `GET /klinikk/pasient/{id}/likevel`
pub(in crate::http) async fn ask(request: HttpRequest, seat: Seat, path: web::Path<String>) -> Result<HttpResponse, Halt> {
    let patient = PatientId::parse(&path).ok_or_else(Halt::not_found)?;
    let query = url::form_urlencoded::parse(request.query_string().as_bytes()).find(|(name, _)| name == "til");
    let on = query.map(|(_, text)| text.into_owned()).unwrap_or_default();
    onward(patient, &on)?;
    Ok(page(StatusCode::OK, &asking(&seat, &request, patient, &on, "", None))?)
}

/// `POST /klinikk/pasient/{id}/likevel`
pub(in crate::http) async fn open(
    request: HttpRequest,
    seat: Seat,
    door: web::Data<Door>,
    path: web::Path<String>,
    payload: web::Payload,
) -> Result<HttpResponse, Halt> {
    let posted = Posted::read(&request, payload).await?;
    seat.check(posted.line("nokkel")).map_err(|_| Halt::Form)?;
    let patient = PatientId::parse(&path).ok_or_else(Halt::not_found)?;
    let (on, words) = (posted.line("til"), posted.line("ord"));
    let to = onward(patient, on)?;
    let wrong = |field, key| page(StatusCode::UNPROCESSABLE_ENTITY, &asking(&seat, &request, patient, on, words, Some((field, key))));
    let Some(ground) = Ground::parse(posted.line("grunn")) else { return Ok(wrong("g-1", "clinic-glass-choose")?) };
    if !glass::sound(words) {
        return Ok(wrong("ord", "clinic-glass-words")?);
    }
    let sealed = glass::state(&door.services, &seat.caller, patient, ground, words)?.ok_or_else(Halt::not_found)?;
    let cookie = Cookie::build(GROUND, sealed).path("/").secure(true).http_only(true).same_site(SameSite::Lax).finish();
    Ok(go(&to).cookie(cookie).finish())
}
