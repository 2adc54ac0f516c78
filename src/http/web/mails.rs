//! No more mails, or mails again: for who came by the link of a mail, before anybody has said who they are.
//!
//! Programs that look through mails open links and send the forms they find. So what stops mails is sent
//! only with a box ticked, and can be taken back here.

use super::frame::{Frame, go, page};
use super::posted::Posted;
use super::stop::Stop;
use super::visit::Visit;
use crate::domain::secret::LinkToken;
use crate::services::stop_notices::{self, Wish};
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

#[derive(Template)]
#[template(path = "mails.html")]
struct Mails {
    frame: Frame,
    token: String,
    wish: Wish,
}

fn link(visit: &Visit) -> Result<LinkToken, Stop> {
    visit.entrance.as_ref().ok_or(Stop::Entrance)?.link().ok_or(Stop::NoLink)
}

async fn mails(visit: &Visit, status: StatusCode) -> Result<HttpResponse, Stop> {
    let wish = stop_notices::wish(visit.services(), &link(visit)?).await?.ok_or(Stop::NoLink)?;
    let entrance = visit.entrance.as_ref().ok_or(Stop::Entrance)?;
    let token = entrance.form_token(visit.services())?;
    let frame = Frame::of(visit, if wish.stopped { "mails-stopped-title" } else { "mails-title" });
    let frame = frame.back("/start").wrong(status != StatusCode::OK);
    Ok(page(status, &Mails { frame, token, wish })?)
}

/// `GET /e-post`
pub(in crate::http) async fn show(visit: Visit) -> Result<HttpResponse, Stop> {
    mails(&visit, StatusCode::OK).await
}

/// `POST /e-post`
pub(in crate::http) async fn choose(visit: Visit, request: HttpRequest, payload: web::Payload) -> Result<HttpResponse, Stop> {
    let posted = Posted::read(&request, payload).await?;
    chosen(&visit, &posted).await.map_err(|stop| stop.sent(&visit, &posted))
}

async fn chosen(visit: &Visit, posted: &Posted) -> Result<HttpResponse, Stop> {
    visit.comer(posted)?;
    let link = link(visit)?;
    if !posted.holds("ja", "1") {
        return mails(visit, StatusCode::UNPROCESSABLE_ENTITY).await;
    }
    let stop = posted.line("gjor") == "stopp";
    if stop_notices::set(visit.services(), &link, stop, &visit.request_id).await? { Ok(go("/e-post").finish()) } else { Err(Stop::NoLink) }
}
