//! The way in: front page, link, welcome, code, birth date.

use super::frame::{Frame, Words, go, page};
use super::language::ENTRANCE;
use super::posted::Posted;
use super::stop::Stop;
use super::visit::{Visit, device_cookie, gone};
use crate::domain::clock::oslo_date;
use crate::domain::identifier::PatientIdentifier;
use crate::domain::secret::{Code as TypedCode, LinkToken};
use crate::http::extract::address;
use crate::http::problem::{Code, Problem};
use crate::services::entrance::{Entrance, of_credential, organization_of, provider_of};
use crate::services::holder::{self, Place};
use crate::services::open_session::{self, Command, Error, Opened, Secret};
use crate::services::open_signed_in::{self, SignedIn};
use crate::text;
use crate::text::typed::{DateText, NoDate};
use actix_web::http::StatusCode;
use actix_web::http::header::VARY;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

#[derive(Template)]
#[template(path = "landing.html")]
struct Landing {
    frame: Frame,
}

/// `GET /`: for who comes without a link.
pub(in crate::http) async fn landing(visit: Visit) -> Result<HttpResponse, Stop> {
    let mut response = page(StatusCode::OK, &Landing { frame: Frame::of(&visit, "landing-title") })?;
    response.headers_mut().insert(VARY, actix_web::http::header::HeaderValue::from_static("accept-language, cookie"));
    Ok(response)
}

/// `GET /s/{link}`: remembers the link for a while, in a cookie without authority, and goes on to an
/// address without it. Looks nothing up and writes nothing, whoever asks.
pub(in crate::http) async fn link(visit: Visit, path: web::Path<String>) -> Result<HttpResponse, Stop> {
    let token = LinkToken::parse(&path).ok_or(Stop::NoLink)?;
    let entrance = Entrance::new(visit.services(), Some(&token));
    Ok(go("/start").cookie(visit.entrance_cookie(&entrance)?).finish())
}

#[derive(Template)]
#[template(path = "welcome.html")]
struct Welcome {
    frame: Frame,
    organization: String,
    /// Whether they came by a mail, and may want no more.
    mail: bool,
}

/// `GET /start`: who asks and what it is about, before anybody has said who they are.
pub(in crate::http) async fn welcome(visit: Visit) -> Result<HttpResponse, Stop> {
    let (place, mail) = come(&visit).await?.ok_or(Stop::NoLink)?;
    Ok(page(StatusCode::OK, &Welcome { frame: Frame::of(&visit, "welcome-title"), organization: place.name, mail })?)
}

/// The organization of the link that was opened, and whether it came in a mail.
async fn come(visit: &Visit) -> Result<Option<(Place, bool)>, Stop> {
    let entrance = visit.entrance.as_ref().ok_or(Stop::Entrance)?;
    match entrance.link() {
        Some(link) => Ok(organization_of(visit.services(), &link).await?),
        None => Ok(None),
    }
}

/// The organization of the link that was opened.
async fn asking(visit: &Visit) -> Result<Option<Place>, Stop> {
    Ok(come(visit).await?.map(|(place, _)| place))
}

#[derive(Template)]
#[template(path = "wrong_letter.html")]
struct WrongLetter {
    frame: Frame,
    place: Option<Place>,
}

/// `GET /feil-brev`: the letter is somebody else's, or of another hospital.
pub(in crate::http) async fn wrong_letter(visit: Visit) -> Result<HttpResponse, Stop> {
    let place = asking(&visit).await.unwrap_or_default();
    let back = if place.is_some() { "/start" } else { "/" };
    Ok(page(StatusCode::OK, &WrongLetter { frame: Frame::of(&visit, "wrong-letter-title").back(back), place })?)
}

/// What was typed at the door and what is wrong with it.
#[derive(Debug, Default)]
struct Typed {
    code: String,
    day: String,
    month: String,
    year: String,
    remember: bool,
    code_error: Option<String>,
    date_error: Option<String>,
    error: Option<String>,
}

impl Typed {
    fn of(posted: &Posted) -> Self {
        let part = |name| posted.line(name).to_owned();
        Self {
            code: part("kode"),
            day: part("d"),
            month: part("m"),
            year: part("y"),
            remember: posted.holds("husk", "1"),
            ..Self::default()
        }
    }

    fn is_wrong(&self) -> bool {
        self.code_error.is_some() || self.date_error.is_some() || self.error.is_some()
    }
}

#[derive(Template)]
#[template(path = "door.html")]
struct Door {
    frame: Frame,
    token: String,
    /// Whether a code is asked for.
    code: bool,
    typed: Typed,
    call: Option<Place>,
}

fn door_page(visit: &Visit, entrance: &Entrance, typed: Typed, status: StatusCode, call: Option<Place>) -> Result<HttpResponse, Stop> {
    let code = entrance.link().is_none();
    let (title, back) = if code { ("code-title", "/") } else { ("birth-title", "/start") };
    let frame = Frame::of(visit, title).back(back).wrong(typed.is_wrong());
    let token = entrance.form_token(visit.services())?;
    Ok(page(status, &Door { frame, token, code, typed, call })?)
}

/// `GET /kode`: for who has the code of a letter.
pub(in crate::http) async fn code(visit: Visit) -> Result<HttpResponse, Stop> {
    let entrance = Entrance::new(visit.services(), None);
    let mut response = door_page(&visit, &entrance, Typed::default(), StatusCode::OK, None)?;
    response.add_cookie(&visit.entrance_cookie(&entrance)?).map_err(|_| Problem::new(Code::Internal))?;
    Ok(response)
}

#[derive(Template)]
#[template(path = "patient_sign_in.html")]
struct SignInPage {
    frame: Frame,
    /// The provider's name in addresses, and as people know it.
    name: String,
    title: String,
}

/// `GET /fodselsdato`: or the way to sign in, where the unit asks for that instead.
pub(in crate::http) async fn birth_date(visit: Visit) -> Result<HttpResponse, Stop> {
    let entrance = visit.entrance.as_ref().ok_or(Stop::Entrance)?;
    let Some(link) = entrance.link() else { return Ok(go("/kode").finish()) };
    if let Some((name, title)) = provider_of(visit.services(), &link).await? {
        let frame = Frame::of(&visit, "patient-sign-in-title").back("/start");
        return Ok(page(StatusCode::OK, &SignInPage { frame, name, title })?);
    }
    door_page(&visit, entrance, Typed::default(), StatusCode::OK, None)
}

/// `POST /kode` and `POST /fodselsdato`: link or code and the birth date open a session.
pub(in crate::http) async fn open(visit: Visit, request: HttpRequest, payload: web::Payload) -> Result<HttpResponse, Stop> {
    let posted = Posted::read(&request, payload).await?;
    opened(&visit, &request, &posted).await.map_err(|stop| stop.sent(&visit, &posted))
}

async fn opened(visit: &Visit, request: &HttpRequest, posted: &Posted) -> Result<HttpResponse, Stop> {
    let entrance = visit.comer(posted)?;
    let mut typed = Typed::of(posted);
    let say = |key: &str| Some(text::words(&visit.language, key, &[]));
    let secret = match entrance.link() {
        Some(link) => Some(Secret::Link(link)),
        None => TypedCode::parse(&typed.code).ok().map(Secret::Code),
    };
    if secret.is_none() {
        typed.code_error = say(if typed.code.is_empty() { "code-missing" } else { "code-mistyped" });
    }
    let today = oslo_date(visit.services().now());
    let date = DateText { day: &typed.day, month: &typed.month, year: &typed.year }.date(Some(today));
    let date = date.and_then(|date| if date > today { Err(NoDate::Impossible) } else { Ok(date) });
    typed.date_error = date.err().and_then(|fault| {
        say(match fault {
            NoDate::Blank => "birth-missing",
            NoDate::Incomplete => "birth-incomplete",
            NoDate::Century => "birth-century",
            NoDate::Impossible => "birth-impossible",
        })
    });
    let (Some(secret), Ok(birth_date)) = (secret, date) else {
        return door_page(visit, entrance, typed, StatusCode::UNPROCESSABLE_ENTITY, None);
    };
    let remember = typed.remember;
    let command = Command {
        secret,
        birth_date,
        device_tokens: visit.devices.clone(),
        remember,
        address: address(request, &visit.door),
        request_id: visit.request_id.clone(),
    };
    match open_session::open(visit.services(), command).await {
        Ok(opened) => admitted(visit, &opened, remember).await,
        // The page of this address leads to the provider.
        Err(Error::SignIn { credential, .. }) => {
            let entrance = of_credential(visit.services(), credential).await?.ok_or(Stop::Entrance)?;
            Ok(go("/fodselsdato").cookie(visit.entrance_cookie(&entrance)?).finish())
        }
        Err(error @ (Error::Wrong | Error::Wait(_))) => refuse(visit, entrance, typed, error).await,
        Err(error @ Error::Fault(_)) => Err(error.into()),
        Err(error) => Err(Stop::from(error).calling(asking(visit).await.unwrap_or_default())),
    }
}

/// The patient who came back from a provider: the link that was opened before says which form.
pub(in crate::http) async fn signed_in(visit: Visit, provider: &str, identifier: PatientIdentifier) -> Result<HttpResponse, Stop> {
    let link = visit.entrance.as_ref().and_then(Entrance::link).ok_or(Stop::Entrance)?;
    let request_id = visit.request_id.clone();
    let command = SignedIn { link, provider: provider.to_owned(), identifier, device_tokens: visit.devices.clone(), request_id };
    match open_signed_in::open(visit.services(), command).await {
        Ok(opened) => admitted(&visit, &opened, false).await,
        Err(Error::OtherPerson) => Err(Stop::Patient("patient-sign-in-other", StatusCode::FORBIDDEN)),
        Err(Error::SignIn { .. }) => Err(Stop::Patient("patient-sign-in-unfit", StatusCode::CONFLICT)),
        Err(error @ Error::Fault(_)) => Err(error.into()),
        Err(error) => Err(Stop::from(error).calling(asking(&visit).await.unwrap_or_default())),
    }
}

/// On to the form. The session that this browser had before ends with the new one.
async fn admitted(visit: &Visit, opened: &Opened, remember: bool) -> Result<HttpResponse, Stop> {
    let until = |at: chrono::DateTime<chrono::Utc>| (at - visit.services().now()).num_seconds();
    if let Ok(before) = visit.holder().await {
        holder::end(visit.services(), &before).await?;
    }
    let kept = remember.then(|| until(opened.holder.absolute_until));
    let session = visit.session_cookie(&opened.session_token, None, kept);
    Ok(go("/skjema").cookie(session).cookie(device_cookie(opened, until(opened.device_until))).cookie(gone(ENTRANCE)).finish())
}

/// The same page with what is wrong, and who to call.
async fn refuse(visit: &Visit, entrance: &Entrance, mut typed: Typed, error: Error) -> Result<HttpResponse, Stop> {
    let problem = Problem::from(error);
    let (status, wait) = (StatusCode::from_u16(problem.code.status()).unwrap_or(StatusCode::UNPROCESSABLE_ENTITY), problem.retry_after());
    typed.error = Some(if wait.is_some() {
        problem.words(&visit.language).1
    } else {
        let key = if entrance.link().is_some() { "birth-wrong" } else { "code-wrong" };
        text::words(&visit.language, key, &[])
    });
    let call = asking(visit).await.unwrap_or_default();
    let mut response = door_page(visit, entrance, typed, status, call)?;
    if let Some(seconds) = wait {
        response.headers_mut().insert(actix_web::http::header::RETRY_AFTER, seconds.into());
    }
    Ok(response)
}
