//! Leaving: not wanting to answer, another device, a break, more time.

use super::about::answering;
use super::frame::{Frame, Words, go, page};
use super::language::{ENTRANCE, SESSION};
use super::posted::Posted;
use super::stop::Stop;
use super::visit::{Visit, gone};
use crate::domain::invitation::{ClosedReason, InvitationState};
use crate::services::holder::{self, DraftPlace, Holder, Place, SessionKind};
use crate::services::{decline, draft};
use crate::text::{self, format};
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde_json::json;

#[derive(Template)]
#[template(path = "decline.html")]
struct Decline {
    frame: Frame,
    declined: bool,
    until: String,
    unit: Place,
}

/// `GET /skjema/nei`: "I don't want to answer", or what was said about it.
pub(in crate::http) async fn decline_page(visit: Visit) -> Result<HttpResponse, Stop> {
    let holder = visit.holder().await?;
    let session = answering(&visit, &holder).await?;
    if session.state == InvitationState::Answered {
        return Ok(go("/skjema").finish());
    }
    let declined = session.state == InvitationState::Closed(ClosedReason::Declined);
    let title = if declined { "declined-title" } else { "decline-title" };
    let frame = Frame::inside(&visit, &holder, text::words(&visit.language, title, &[]))?;
    let frame = if declined { frame } else { frame.back("/skjema") };
    let until = format::moment(session.answer_until, &visit.language);
    Ok(page(StatusCode::OK, &Decline { frame, declined, until, unit: session.unit })?)
}

/// `POST /skjema/nei`
pub(in crate::http) async fn say_no(visit: Visit, request: HttpRequest, payload: web::Payload) -> Result<HttpResponse, Stop> {
    let posted = Posted::read(&request, payload).await?;
    said_no(&visit, &posted).await.map_err(|stop| stop.sent(&visit, &posted))
}

async fn said_no(visit: &Visit, posted: &Posted) -> Result<HttpResponse, Stop> {
    let holder = visit.sender(posted).await?;
    decline::decline(visit.services(), &holder, &visit.request_id).await?;
    Ok(go("/skjema/nei").finish())
}

#[derive(Template)]
#[template(path = "elsewhere.html")]
struct Elsewhere {
    frame: Frame,
    /// Whether answers are handed in, which stay as they are.
    answered: bool,
    unit: Place,
}

/// `GET /skjema/annet-sted`: the draft is on another device.
pub(in crate::http) async fn elsewhere(visit: Visit) -> Result<HttpResponse, Stop> {
    let holder = visit.holder().await?;
    let session = holder::read_session(visit.services(), &holder, &visit.request_id).await?;
    if session.draft != DraftPlace::Elsewhere || holder.kind == SessionKind::Receipt {
        return Ok(go("/skjema").finish());
    }
    let answered = session.state == InvitationState::Answered;
    let title = text::words(&visit.language, if answered { "elsewhere-sent-title" } else { "elsewhere-title" }, &[]);
    Ok(page(StatusCode::OK, &Elsewhere { frame: Frame::inside(&visit, &holder, title)?, answered, unit: session.unit })?)
}

/// `POST /skjema/annet-sted`: starts over here.
pub(in crate::http) async fn start_over(visit: Visit, request: HttpRequest, payload: web::Payload) -> Result<HttpResponse, Stop> {
    let posted = Posted::read(&request, payload).await?;
    started_over(&visit, &posted).await.map_err(|stop| stop.sent(&visit, &posted))
}

async fn started_over(visit: &Visit, posted: &Posted) -> Result<HttpResponse, Stop> {
    let holder = visit.sender(posted).await?;
    let session = holder::read_session(visit.services(), &holder, &visit.request_id).await?;
    // Sent again from a page that the browser remembers, it would delete what was answered here since.
    if session.draft != DraftPlace::Elsewhere {
        return Ok(go("/skjema").finish());
    }
    draft::start_over(visit.services(), &holder, &visit.request_id).await?;
    Ok(go("/skjema/om").finish())
}

/// `POST /skjema/forleng`: a person is still here; their use of the page has renewed the session.
pub(in crate::http) async fn extend(visit: Visit, request: HttpRequest, payload: web::Payload) -> Result<HttpResponse, Stop> {
    let posted = Posted::read(&request, payload).await?;
    let holder = visit.sender(&posted).await?;
    let holder = holder::renew(visit.services(), &holder).await?;
    let left = (holder.idle_until.min(holder.absolute_until) - visit.services().now()).num_seconds();
    Ok(HttpResponse::Ok().json(json!({"left": left})))
}

/// `POST /skjema/avslutt`
pub(in crate::http) async fn end(visit: Visit, request: HttpRequest, payload: web::Payload) -> Result<HttpResponse, Stop> {
    let posted = Posted::read(&request, payload).await?;
    ended(&visit, &posted).await.map_err(|stop| stop.sent(&visit, &posted))
}

async fn ended(visit: &Visit, posted: &Posted) -> Result<HttpResponse, Stop> {
    let holder = visit.sender(posted).await?;
    end_session(visit, &holder).await
}

/// Ends the session on the server and in the browser. The device is remembered: who comes back with
/// the letter and the birth date goes on where they were.
pub(super) async fn end_session(visit: &Visit, holder: &Holder) -> Result<HttpResponse, Stop> {
    holder::end(visit.services(), holder).await?;
    let to = if holder.kind == SessionKind::Receipt { "/ferdig" } else { "/pause" };
    let mut response = go(&format!("{to}?{}={}", super::language::PARAMETER, visit.language));
    response.insert_header(("clear-site-data", "\"cache\", \"storage\""));
    Ok(response.cookie(gone(SESSION)).cookie(gone(ENTRANCE)).finish())
}

#[derive(Template)]
#[template(path = "left.html")]
struct Left {
    frame: Frame,
    paused: bool,
}

/// `GET /pause`: what was answered is saved.
pub(in crate::http) async fn paused(visit: Visit) -> Result<HttpResponse, Stop> {
    Ok(page(StatusCode::OK, &Left { frame: Frame::of(&visit, "paused-title"), paused: true })?)
}

/// `GET /ferdig`: the receipt is closed.
pub(in crate::http) async fn finished(visit: Visit) -> Result<HttpResponse, Stop> {
    Ok(page(StatusCode::OK, &Left { frame: Frame::of(&visit, "finished-title"), paused: false })?)
}
