//! Signing in by a one-time link, and signing out.
//!
//! Opening a link changes nothing: programs that look through messages open links. The button does, and
//! only for the browser that opened it.

use super::seat::{self, HOME, Seat};
use crate::domain::secret::LinkToken;
use crate::http::context::current;
use crate::http::extract;
use crate::http::problem::{Code, Problem};
use crate::http::web::frame::{Frame, go, page};
use crate::http::web::language::{self, PARAMETER, SEAT};
use crate::http::web::posted::Posted;
use crate::http::web::stop::Stop;
use crate::http::web::visit::{gone, is_cross_site, kept};
use crate::services::clinic_session::{self, Error};
use crate::services::entrance::Entrance;
use crate::services::sign_in::{leave as leave_provider, of_clinicians};
use crate::text;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

/// Parameter with the provider that somebody had signed in at.
const FROM: &str = "hos";
/// Cookie that binds the button to the browser that opened the link.
const COMER: &str = "__Host-klinikk-inn";

fn frame(request: &HttpRequest, title: &str) -> Frame {
    let (language, _) = language::of(request.headers(), request.query_string());
    Frame::bare(&language, request.path(), text::words(&language, title, &[]))
}

#[derive(Template)]
#[template(path = "sign_in.html")]
struct DoorPage {
    frame: Frame,
    /// Names and titles of providers.
    providers: Vec<(String, String)>,
}

/// `GET /klinikk/inn`: how to sign in.
pub(in crate::http) async fn door(request: HttpRequest) -> Result<HttpResponse, Stop> {
    let services = &extract::door(&request)?.services;
    if seat::present(&request, services).await?.is_some() {
        return Ok(go(HOME).finish());
    }
    let mut frame = frame(&request, "sign-in-title");
    if let (language, true) = language::of(request.headers(), request.query_string()) {
        frame.carry = format!("?{PARAMETER}={language}");
    }
    Ok(page(StatusCode::OK, &DoorPage { frame, providers: of_clinicians(services) })?)
}

#[derive(Template)]
#[template(path = "sign_in_link.html")]
struct LinkPage {
    frame: Frame,
    token: String,
}

fn over() -> Stop {
    Stop::SignIn("login-link-over", StatusCode::GONE)
}

/// `GET /klinikk/inn/{token}`: one button.
pub(in crate::http) async fn link(request: HttpRequest, path: web::Path<String>) -> Result<HttpResponse, Stop> {
    let door = extract::door(&request)?;
    let link = LinkToken::parse(&path).ok_or_else(over)?;
    if !clinic_session::is_good(&door.services, &link).await? {
        return Err(over());
    }
    let comer = Entrance::new(&door.services, None);
    let token = comer.form_token(&door.services).map_err(Problem::from)?;
    let mut response = page(StatusCode::OK, &LinkPage { frame: frame(&request, "login-link-title"), token })?;
    let sealed = comer.seal(&door.services).map_err(Problem::from)?;
    let cookie = kept(COMER, &sealed, Some(clinic_session::LINK.num_seconds()));
    response.add_cookie(&cookie).map_err(|_| Problem::new(Code::Internal))?;
    Ok(response)
}

/// `POST /klinikk/inn/{token}`: begins a session.
pub(in crate::http) async fn open_link(request: HttpRequest, path: web::Path<String>, payload: web::Payload) -> Result<HttpResponse, Stop> {
    let door = extract::door(&request)?;
    let posted = Posted::read(&request, payload).await?;
    if is_cross_site(request.headers()) {
        return Err(Stop::CrossSite);
    }
    let services = &door.services;
    let comer = language::cookie(request.headers(), COMER).and_then(|sealed| Entrance::open(services, sealed));
    if !comer.is_some_and(|comer| comer.made(services, posted.line("nokkel"))) {
        return Err(Stop::SignIn("other-seat", StatusCode::CONFLICT));
    }
    let link = LinkToken::parse(&path).ok_or_else(over)?;
    let before = seat::present(&request, services).await?.map(|seated| seated.id);
    let begun = clinic_session::open_link(services, &link, before, &current().id).await.map_err(|error| match error {
        Error::Fault(fault) => Stop::from(fault),
        Error::Link | Error::Ended | Error::Clinician => over(),
        Error::Roles | Error::Unit => Stop::SignIn("sign-in-unknown", StatusCode::FORBIDDEN),
    })?;
    let (to, over) = seat::home(&request);
    let mut response = go(&to);
    if let Some(over) = over {
        response.cookie(over);
    }
    Ok(response.cookie(seat::begun(&request, &begun)).cookie(gone(COMER)).finish())
}

#[derive(Template)]
#[template(path = "sign_out.html")]
struct OutPage {
    frame: Frame,
    lead: String,
    token: String,
}

/// `GET /klinikk/ut`: who is signed in, and the button.
pub(in crate::http) async fn leave(seat: Seat, request: HttpRequest) -> Result<HttpResponse, Stop> {
    let who = [("name", seat.name.as_str().into()), ("organization", seat.seated.organization_name.as_str().into())];
    let lead = text::words(&seat.language, "sign-out-lead", &who);
    Ok(page(StatusCode::OK, &OutPage { frame: frame(&request, "sign-out-title"), lead, token: seat.csrf })?)
}

/// `POST /klinikk/ut`: ends the session here; the page after it leads to the provider's sign-out.
pub(in crate::http) async fn end(seat: Seat, request: HttpRequest, payload: web::Payload) -> Result<HttpResponse, Stop> {
    let posted = Posted::read(&request, payload).await?;
    seat.check(posted.line("nokkel"))?;
    clinic_session::end(seat.services(), &seat.seated, &seat.caller.request_id).await?;
    let from = seat.seated.provider.as_ref().map(|name| format!("&{FROM}={name}")).unwrap_or_default();
    let mut response = go(&format!("/klinikk/ute?{PARAMETER}={}{from}", seat.language));
    response.insert_header(("clear-site-data", "\"cache\", \"storage\""));
    Ok(response.cookie(gone(SEAT)).finish())
}

#[derive(Template)]
#[template(path = "signed_out.html")]
struct Left {
    frame: Frame,
    /// Where the session at the provider ends, and its title.
    provider: Option<(String, String)>,
}

/// `GET /klinikk/ute`: with a link to the sign-out of the provider, which goes on there otherwise.
pub(in crate::http) async fn left(request: HttpRequest) -> Result<HttpResponse, Stop> {
    let services = &extract::door(&request)?.services;
    let query = url::form_urlencoded::parse(request.query_string().as_bytes()).find(|(name, _)| name == FROM);
    let mut frame = frame(&request, "signed-out-title");
    let mut provider = None;
    if let Some((_, name)) = query {
        provider = leave_provider(services, &name).await;
        let rest = url::form_urlencoded::Serializer::new(String::new()).append_pair(FROM, &name).finish();
        for language in &mut frame.languages {
            language.address = format!("{}&{rest}", language.address);
        }
    }
    Ok(page(StatusCode::OK, &Left { frame, provider })?)
}
