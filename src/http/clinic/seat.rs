//! A signed-in clinician, as handlers of pages take them out of a request. Without one the page leads to
//! the way in.

use crate::domain::ids::ResponseId;
use crate::domain::language::Language;
use crate::http::context::current;
use crate::http::extract::{Door, door};
use crate::http::problem::Problem;
use crate::http::web::language::{self, PARAMETER, SEAT};
use crate::http::web::stop::Stop;
use crate::http::web::visit::{gone, is_cross_site, kept};
use crate::services::clinic_session::{self, Begun, Error, Seated};
use crate::services::{Caller, Services};
use actix_web::cookie::Cookie;
use actix_web::dev::Payload;
use actix_web::http::{Method, StatusCode};
use actix_web::{FromRequest, HttpMessage, HttpRequest, web};
use futures::future::LocalBoxFuture;

/// The way in.
pub(in crate::http) const DOOR: &str = "/klinikk/inn";

/// Where a clinician goes after signing in.
pub(in crate::http) const HOME: &str = "/klinikk";

/// Pages of responses, to which other systems lead.
const RESPONSES: &str = "/klinikk/svar/";
/// Cookie with the id of the response whose page somebody wanted who was not signed in.
const WANTED: &str = "__Host-klinikk-til";
/// So long it is kept, seconds.
const WANTED_SECONDS: i64 = 600;

/// A signed-in clinician.
pub(in crate::http) struct Seat {
    /// As every use case takes them.
    pub(in crate::http) caller: Caller,
    /// The token of this page's forms, field `nokkel`.
    pub(in crate::http) csrf: String,
    /// Their name.
    pub(in crate::http) name: String,
    /// In which language they read.
    pub(in crate::http) language: Language,
    /// Their session.
    pub(in crate::http) seated: Seated,
    door: web::Data<Door>,
    cross_site: bool,
}

/// What a page about what went wrong shows of who is signed in.
#[derive(Clone)]
pub(super) struct Sitting {
    pub(super) caller: Caller,
    pub(super) csrf: String,
    pub(super) name: String,
    pub(super) language: Language,
}

impl Seat {
    /// The same for pages that no handler makes.
    pub(super) fn sitting(&self) -> Sitting {
        let (caller, csrf) = (self.caller.clone(), self.csrf.clone());
        Sitting { caller, csrf, name: self.name.clone(), language: self.language.clone() }
    }

    /// The use cases.
    pub(in crate::http) fn services(&self) -> &Services {
        &self.door.services
    }

    /// Checks that a form was sent from our own page, made in this session.
    pub(in crate::http) fn check(&self, form_csrf: &str) -> Result<(), Stop> {
        if self.cross_site {
            return Err(Stop::CrossSite);
        }
        if self.seated.made(self.services(), form_csrf) { Ok(()) } else { Err(Stop::SignIn("other-seat", StatusCode::CONFLICT)) }
    }
}

/// The cookie of a session; it goes when the browser is closed.
pub(super) fn cookie(language: Option<&Language>, token: &str) -> Cookie<'static> {
    kept(SEAT, &format!("{}.{token}", language.map_or("", Language::as_str)), None)
}

/// The cookie of a session that was begun now, in the language that was chosen on the way.
pub(in crate::http) fn begun(request: &HttpRequest, begun: &Begun) -> Cookie<'static> {
    let (language, chosen) = language::of(request.headers(), request.query_string());
    cookie(chosen.then_some(&language), &begun.token)
}

/// To the way in. Who followed a link to a response comes to it afterwards.
fn to_door(request: &HttpRequest) -> Stop {
    let wanted = request.path().strip_prefix(RESPONSES).and_then(ResponseId::parse).filter(|_| request.method() == Method::GET);
    let cookies = wanted.map(|id| kept(WANTED, &id.to_string(), Some(WANTED_SECONDS))).into_iter().collect();
    Stop::Go { to: DOOR.to_owned(), cookies }
}

/// Where somebody goes who has signed in now, with the cookie that goes then. No address is taken from the
/// cookie, only an id.
pub(in crate::http) fn home(request: &HttpRequest) -> (String, Option<Cookie<'static>>) {
    match language::cookie(request.headers(), WANTED).and_then(ResponseId::parse) {
        Some(id) => (format!("{RESPONSES}{id}"), Some(gone(WANTED))),
        None => (HOME.to_owned(), None),
    }
}

/// The session of this browser, where there is one.
pub(in crate::http) async fn present(request: &HttpRequest, services: &Services) -> Result<Option<Seated>, Stop> {
    let Some(token) = language::cookie(request.headers(), SEAT).map(|value| language::split(value).1).filter(|token| !token.is_empty())
    else {
        return Ok(None);
    };
    match clinic_session::authenticate(services, token).await {
        Ok(seated) => Ok(Some(seated)),
        Err(Error::Fault(fault)) => Err(fault.into()),
        Err(Error::Ended | Error::Link | Error::Clinician | Error::Unit | Error::Roles) => Ok(None),
    }
}

impl FromRequest for Seat {
    type Error = Stop;
    type Future = LocalBoxFuture<'static, Result<Self, Stop>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let door = door(&request)?;
            let seated = present(&request, &door.services).await?.ok_or_else(|| to_door(&request))?;
            if let Some(stop) = switch(&request) {
                return Err(stop);
            }
            let csrf = seated.form_token(&door.services).map_err(Problem::from)?;
            let context = current();
            let seat = Self {
                caller: seated.caller(&context.id),
                csrf,
                name: seated.name.clone(),
                language: context.language,
                seated,
                door,
                cross_site: is_cross_site(request.headers()),
            };
            request.extensions_mut().insert(seat.sitting());
            Ok(seat)
        })
    }
}

/// A chosen language moves from the address into the cookie.
fn switch(request: &HttpRequest) -> Option<Stop> {
    let query: Vec<(String, String)> = url::form_urlencoded::parse(request.query_string().as_bytes()).into_owned().take(32).collect();
    let chosen = query.iter().find(|(name, _)| name == PARAMETER).and_then(|(_, tag)| language::known(tag))?;
    let token = language::cookie(request.headers(), SEAT).map(|value| language::split(value).1)?;
    if request.method() != Method::GET {
        return None;
    }
    let rest = query.iter().filter(|(name, _)| name != PARAMETER);
    let rest = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(rest).finish();
    let to = if rest.is_empty() { request.path().to_owned() } else { format!("{}?{rest}", request.path()) };
    Some(Stop::Go { to, cookies: vec![cookie(Some(&chosen), token)] })
}
