//! Where somebody gets who comes from an EHR with a patient open, and why that is not the patient.

use super::halt::Halt;
use super::room::Room;
use super::seat::Seat;
use crate::http::web::frame::page;
use crate::services::launch::{Onward, Why};
use crate::text;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

/// Page that says why no patient is shown.
const TOLD: &str = "/klinikk/journal";
/// Its parameter with the reason.
const WHY: &str = "hvorfor";

/// The address of where a launch leads.
pub(in crate::http) fn address(onward: Onward) -> String {
    match onward {
        Onward::Response(id) => format!("/klinikk/svar/{id}"),
        Onward::Patient(id) => format!("/klinikk/pasient/{id}"),
        Onward::Nobody(why) => format!("{TOLD}?{WHY}={}", why.word()),
    }
}

#[derive(Template)]
#[template(path = "clinic_launched.html")]
struct Told {
    room: Room,
    detail: String,
    /// Whether looking the patient up may help.
    find: bool,
}

/// The beginning of its words.
fn key(why: Why) -> &'static str {
    match why {
        Why::Away => "clinic-launch-away",
        Why::Unnamed => "clinic-launch-unnamed",
        Why::Unknown => "clinic-launch-unknown",
        Why::Several => "clinic-launch-several",
        Why::Role => "clinic-launch-role",
    }
}

/// `GET /klinikk/journal`
pub(in crate::http) async fn told(request: HttpRequest, seat: Seat) -> Result<HttpResponse, Halt> {
    let query = url::form_urlencoded::parse(request.query_string().as_bytes()).find(|(name, _)| name == WHY);
    let why = query.and_then(|(_, word)| Why::parse(&word)).ok_or_else(Halt::not_found)?;
    let say = |part: &str| text::words(&seat.language, &format!("{}-{part}", key(why)), &[]);
    let room = Room::of(&seat, &request, say("title"));
    Ok(page(StatusCode::OK, &Told { room, detail: say("detail"), find: matches!(why, Why::Away | Why::Unnamed) })?)
}
