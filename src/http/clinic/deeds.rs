//! What can be done about a row of the worklist: the form on paper, a new letter, "does not want to".

use super::halt::Halt;
use super::room::Room;
use super::seat::Seat;
use crate::domain::ids::{InvitationId, uuid_v7};
use crate::http::extract::Door;
use crate::http::web::frame::{go, page};
use crate::http::web::posted::Posted;
use crate::print::qr::{self, Outline};
use crate::services::idempotency::Repeatable;
use crate::services::invitation::{self, Presented};
use crate::services::{decline, print_paper};
use crate::text;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use uuid::Uuid;

#[derive(Template)]
#[template(path = "clinic_sure.html")]
struct Sure {
    room: Room,
    detail: String,
    /// Name of the field, and whose form it is.
    deed: &'static str,
    id: String,
    /// So that a form that is sent twice makes one letter.
    once: String,
    button: String,
}

#[derive(Template)]
#[template(path = "clinic_letter.html")]
struct Letter {
    room: Room,
    presented: Presented,
    qr: Option<Outline>,
}

/// `POST /klinikk/rad`
pub(in crate::http) async fn act(
    request: HttpRequest,
    seat: Seat,
    door: web::Data<Door>,
    payload: web::Payload,
) -> Result<HttpResponse, Halt> {
    let posted = Posted::read(&request, payload).await?;
    seat.check(posted.line("nokkel")).map_err(|_| Halt::Form)?;
    let services = &door.services;
    let deed = ["papir", "brev", "nei"].into_iter().find(|name| posted.first(name).is_some()).ok_or_else(Halt::not_found)?;
    let id = InvitationId::parse(posted.line(deed)).ok_or_else(Halt::not_found)?;
    let say = |key: String| text::words(&seat.language, &key, &[]);
    let sure = posted.line("sikker");
    match deed {
        "papir" => {
            let bytes = print_paper::print(services, &seat.caller, id, None).await?;
            let shown = format!("inline; filename=\"{}.pdf\"", say("clinic-paper-file".to_owned()));
            Ok(HttpResponse::Ok().content_type("application/pdf").insert_header(("content-disposition", shown)).body(bytes))
        }
        _ if sure.is_empty() => {
            let once = uuid_v7(services.now(), services.entropy.as_ref()).to_string();
            let room = Room::of(&seat, &request, say(format!("clinic-sure-{deed}-title")));
            let detail = say(format!("clinic-sure-{deed}-detail"));
            let button = say(format!("clinic-sure-{deed}"));
            Ok(page(StatusCode::OK, &Sure { room, detail, deed, id: id.to_string(), once, button })?)
        }
        "brev" => {
            let key = Uuid::parse_str(sure).map_err(|_| Halt::not_found())?.to_string();
            let repeatable = Repeatable { key, operation: "reissue".to_owned(), body: id.to_string().into_bytes() };
            let issued = invitation::reissue(services, &seat.caller, id, repeatable).await?;
            let presented = invitation::present(services, &issued);
            let room = Room::of(&seat, &request, say("clinic-letter-title".to_owned()));
            Ok(page(StatusCode::OK, &Letter { room, qr: qr::outline(&presented.link), presented })?)
        }
        _ => {
            decline::for_patient(services, &seat.caller, id).await?;
            Ok(go("/klinikk").finish())
        }
    }
}
