//! What every page takes out of a request: language, session, entrance; and the check that a form
//! was made here, for this session.
//!
//! Cross-site requests are told by `Sec-Fetch-Site`; every form carries a token as well, which is
//! bound to its session and invitation (OWASP ASVS 5.0, 3.5.1).

use super::language::{self, DEVICE, ENTRANCE, PARAMETER, REMEMBERED, SESSION};
use super::posted::Posted;
use super::stop::Stop;
use crate::domain::language::Language;
use crate::http::context::current;
use crate::http::extract::{Door, door};
use crate::http::problem::{Code, Problem};
use crate::services::Services;
use crate::services::entrance::{self, Entrance};
use crate::services::holder::{self, Holder};
use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::dev::Payload;
use actix_web::http::Method;
use actix_web::http::header::HeaderMap;
use actix_web::{FromRequest, HttpRequest, web};

/// Field of a form's token.
pub(super) const TOKEN: &str = "nokkel";
/// Most device cookies that are looked at; the size of a header allows no more.
const DEVICES: usize = 64;

/// A request for a page.
pub(in crate::http) struct Visit {
    pub(super) door: web::Data<Door>,
    pub(super) request_id: String,
    pub(super) language: Language,
    /// Whether the language was chosen on a page.
    pub(super) chosen: bool,
    pub(super) path: String,
    pub(super) query: Vec<(String, String)>,
    pub(super) entrance: Option<Entrance>,
    pub(super) devices: Vec<String>,
    session: Option<String>,
    remembered: bool,
    cross_site: bool,
}

impl Visit {
    /// The use cases.
    pub(super) fn services(&self) -> &Services {
        &self.door.services
    }

    /// A parameter of the address.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// The session of this browser.
    pub(super) async fn holder(&self) -> Result<Holder, Stop> {
        let token = self.session.as_deref().ok_or(Problem::new(Code::SessionEnded))?;
        holder::authenticate(self.services(), token).await.map_err(|error| match error {
            holder::Error::Token => Problem::new(Code::SessionEnded).into(),
            other => Problem::from(other).into(),
        })
    }

    /// The session of a sent form. One that was made for another letter saves nothing.
    pub(super) async fn sender(&self, posted: &Posted) -> Result<Holder, Stop> {
        self.same_site()?;
        let holder = self.holder().await.map_err(|stop| stop.keeping(posted))?;
        if entrance::made_in(self.services(), &holder, posted.line(TOKEN)) { Ok(holder) } else { Err(Stop::other_letter(posted)) }
    }

    /// The entrance of a sent form.
    pub(super) fn comer(&self, posted: &Posted) -> Result<&Entrance, Stop> {
        self.same_site()?;
        let entrance = self.entrance.as_ref().ok_or(Stop::Entrance)?;
        if entrance.made(self.services(), posted.line(TOKEN)) { Ok(entrance) } else { Err(Stop::Entrance) }
    }

    fn same_site(&self) -> Result<(), Stop> {
        if self.cross_site { Err(Stop::CrossSite) } else { Ok(()) }
    }

    fn tag(&self) -> &str {
        if self.chosen { self.language.as_str() } else { "" }
    }

    /// The cookie of an entrance.
    pub(super) fn entrance_cookie(&self, entrance: &Entrance) -> Result<Cookie<'static>, Stop> {
        let sealed = entrance.seal(self.services()).map_err(Problem::from)?;
        let left = (entrance.until() - self.services().now()).num_seconds();
        Ok(kept(ENTRANCE, &format!("{}.{sealed}", self.tag()), Some(left)))
    }

    /// The cookie of a session.
    pub(super) fn session_cookie(&self, token: &str, language: Option<&Language>, seconds: Option<i64>) -> Cookie<'static> {
        let mut tag = language.map_or_else(|| self.tag().to_owned(), ToString::to_string);
        if seconds.is_some() {
            tag.push(REMEMBERED);
        }
        kept(SESSION, &format!("{tag}.{token}"), seconds)
    }

    /// The same session cookie with another language.
    pub(super) fn session_in(&self, language: &Language) -> Option<Cookie<'static>> {
        let longest = self.services().rules.session_absolute.num_seconds();
        self.session.as_deref().map(|token| self.session_cookie(token, Some(language), self.remembered.then_some(longest)))
    }
}

/// The cookie that remembers this device for one invitation.
pub(super) fn device_cookie(opened: &crate::services::open_session::Opened, seconds: i64) -> Cookie<'static> {
    let invitation = opened.holder.actor.invitation.0.simple().to_string();
    // The last digits of the id tell invitations apart, and say nothing.
    let short = invitation.get(20..).unwrap_or_default();
    kept(&format!("{DEVICE}{short}"), &opened.device_token, Some(seconds))
}

/// Takes a cookie away.
pub(in crate::http) fn gone(name: &'static str) -> Cookie<'static> {
    kept(name, "", Some(0))
}

/// A cookie of ours: for this host alone, out of reach of scripts. `Lax`, for people come from mails and from providers.
pub(in crate::http) fn kept(name: &str, value: &str, seconds: Option<i64>) -> Cookie<'static> {
    let mut cookie =
        Cookie::build(name.to_owned(), value.to_owned()).path("/").secure(true).http_only(true).same_site(SameSite::Lax).finish();
    if let Some(seconds) = seconds {
        cookie.set_max_age(Duration::seconds(seconds.max(0)));
    }
    cookie
}

/// Whether a browser says that a request comes from another site.
pub(in crate::http) fn is_cross_site(headers: &HeaderMap) -> bool {
    let site = headers.get("sec-fetch-site").and_then(|value| value.to_str().ok());
    site.is_some_and(|site| site == "cross-site" || site == "same-site")
}

impl FromRequest for Visit {
    type Error = Stop;
    type Future = std::future::Ready<Result<Self, Stop>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        std::future::ready(read(request))
    }
}

fn read(request: &HttpRequest) -> Result<Visit, Stop> {
    let door = door(request)?;
    let headers = request.headers();
    let context = current();
    let (language, chosen) = language::of(headers, request.query_string());
    let sealed = language::cookie(headers, ENTRANCE).map(|value| language::split(value).1);
    let entrance = sealed.and_then(|sealed| Entrance::open(&door.services, sealed));
    let devices = language::cookies(headers).filter(|(name, _)| name.starts_with(DEVICE)).take(DEVICES);
    let query: Vec<(String, String)> = url::form_urlencoded::parse(request.query_string().as_bytes()).into_owned().take(16).collect();
    let visit = Visit {
        request_id: context.id,
        language,
        chosen,
        path: request.path().to_owned(),
        entrance,
        devices: devices.map(|(_, value)| value.to_owned()).collect(),
        session: language::cookie(headers, SESSION).map(|value| language::split(value).1.to_owned()).filter(|token| !token.is_empty()),
        remembered: language::cookie(headers, SESSION).is_some_and(language::is_remembered),
        cross_site: is_cross_site(headers),
        query,
        door,
    };
    if request.method() == Method::GET { switch(visit) } else { Ok(visit) }
}

/// A chosen language moves from the address into the cookie there is; without one it stays.
fn switch(visit: Visit) -> Result<Visit, Stop> {
    let Some(language) = visit.parameter(PARAMETER).and_then(language::known) else { return Ok(visit) };
    let entrance = visit.entrance.as_ref().map(|entrance| visit.entrance_cookie(entrance)).transpose()?;
    let cookies: Vec<Cookie<'static>> = visit.session_in(&language).into_iter().chain(entrance).collect();
    if cookies.is_empty() {
        return Ok(visit);
    }
    let rest: Vec<String> = visit
        .query
        .iter()
        .filter(|(name, _)| name != PARAMETER)
        .map(|(name, value)| url::form_urlencoded::Serializer::new(String::new()).append_pair(name, value).finish())
        .collect();
    let to = if rest.is_empty() { visit.path.clone() } else { format!("{}?{}", visit.path, rest.join("&")) };
    Err(Stop::Go { to, cookies })
}
