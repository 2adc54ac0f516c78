//! To a provider of sign-in and back. Both are addresses that a browser is led to: a form could not lead
//! elsewhere (content security policy).

use super::clinic::{launched, seat};
use super::context::current;
use super::extract::{self, Door, address};
use super::problem::{Code, Problem};
use super::web::entry;
use super::web::frame::go;
use super::web::language::{self, AWAY};
use super::web::stop::Stop;
use super::web::visit::{Visit, gone, kept};
use crate::services::Services;
use crate::services::launch;
use crate::services::sign_in::{self, Came, Error, Launch, Returned};
use actix_web::http::StatusCode;
use actix_web::http::header::RETRY_AFTER;
use actix_web::{FromRequest, HttpRequest, HttpResponse, ResponseError, web};

/// Largest logout token that is read, with the form around it, bytes.
const LARGEST: usize = 16 * 1024;
/// Longest value that is taken from what a browser brings, bytes.
const LONGEST: usize = 4096;

fn stop(error: Error) -> Stop {
    match error {
        Error::Fault(fault) => fault.into(),
        Error::Provider => Stop::SignIn("sign-in-none", StatusCode::NOT_FOUND),
        Error::Unavailable => Stop::SignIn("sign-in-away", StatusCode::SERVICE_UNAVAILABLE),
        Error::Ehr => Stop::SignIn("sign-in-ehr", StatusCode::FORBIDDEN),
        Error::Cancelled => Stop::SignIn("sign-in-cancelled", StatusCode::UNAUTHORIZED),
        Error::Unfit => Stop::SignIn("sign-in-unfit", StatusCode::CONFLICT),
        Error::Wait(_) => Stop::SignIn("sign-in-wait", StatusCode::TOO_MANY_REQUESTS),
        Error::Level => Stop::SignIn("sign-in-level", StatusCode::FORBIDDEN),
        Error::Unit => Stop::SignIn("sign-in-unit", StatusCode::FORBIDDEN),
        Error::Unknown => Stop::SignIn("sign-in-unknown", StatusCode::FORBIDDEN),
    }
}

/// `GET /innlogging/{provider}`: on to the provider.
pub(super) async fn away(request: HttpRequest, path: web::Path<String>) -> Result<HttpResponse, Stop> {
    lead(&request, &path, None).await
}

/// `GET /innlogging/{provider}/oppstart`: an EHR opens this service for somebody who works in it (SMART App
/// Launch 2). It is a window of its own: no page of ours can be framed.
pub(super) async fn launched_by(request: HttpRequest, path: web::Path<String>) -> Result<HttpResponse, Stop> {
    let launch = named(request.query_string()).ok_or(Stop::SignIn("sign-in-launch", StatusCode::BAD_REQUEST))?;
    lead(&request, &path, Some(&launch)).await
}

/// Who opens, and its name for it; `None` where one is missing, stands twice or is too long.
fn named(query: &str) -> Option<Launch> {
    let of = |name: &str| {
        let mut values = url::form_urlencoded::parse(query.as_bytes()).filter(|(own, _)| own == name).map(|(_, value)| value);
        let value = values.next().filter(|value| (1..=LONGEST).contains(&value.len()))?;
        values.next().is_none().then(|| value.into_owned())
    };
    Some(Launch { iss: of("iss")?, launch: of("launch")? })
}

async fn lead(request: &HttpRequest, name: &str, launch: Option<&Launch>) -> Result<HttpResponse, Stop> {
    let door = extract::door(request)?;
    let told = if sign_in::is_for_patients(&door.services, name) { of_patient } else { stop };
    let away = match sign_in::begin(&door.services, name, launch, address(request, &door)).await {
        Ok(away) => away,
        Err(Error::Wait(seconds)) => {
            let mut response = told(Error::Wait(seconds)).error_response();
            response.headers_mut().insert(RETRY_AFTER, seconds.into());
            return Ok(response);
        }
        Err(error) => return Err(told(error)),
    };
    let (language, chosen) = language::of(request.headers(), request.query_string());
    let tag = if chosen { language.as_str() } else { "" };
    let cookie = kept(AWAY, &format!("{tag}.{}", away.sealed), Some(away.seconds));
    Ok(go(&away.address).cookie(cookie).finish())
}

/// What a browser brought back; `None` where something stands twice or is too long to be theirs.
fn came(query: &str) -> Option<Came> {
    let mut came = Came::default();
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        let place = match &*name {
            "code" => &mut came.code,
            "state" => &mut came.state,
            "iss" => &mut came.iss,
            "error" => &mut came.error,
            _ => continue,
        };
        if place.is_some() || value.len() > LONGEST {
            return None;
        }
        *place = Some(value.into_owned());
    }
    Some(came)
}

/// `GET /innlogging/{provider}/tilbake`: what the provider says becomes a session. Whatever comes of it,
/// the sign-in that was under way is over.
pub(super) async fn back(request: HttpRequest, path: web::Path<String>) -> Result<HttpResponse, Stop> {
    let mut response = match arrive(&request, &path).await {
        Ok(response) => response,
        Err(stop) => stop.error_response(),
    };
    response.add_cookie(&gone(AWAY)).map_err(|_| Problem::new(Code::Internal))?;
    Ok(response)
}

async fn arrive(request: &HttpRequest, provider: &str) -> Result<HttpResponse, Stop> {
    let door = extract::door(request)?;
    let patients = sign_in::is_for_patients(&door.services, provider);
    let unfit = || if patients { of_patient(Error::Unfit) } else { stop(Error::Unfit) };
    let came = came(request.query_string()).ok_or_else(unfit)?;
    let sealed = language::cookie(request.headers(), AWAY).map(|value| language::split(value).1).ok_or_else(unfit)?;
    let back = Returned { sealed, came: &came, address: address(request, &door) };
    if !patients {
        return clinician(request, &door, provider, back).await;
    }
    let identifier = sign_in::patient(&door.services, provider, back).await.map_err(of_patient)?;
    let visit = Visit::extract(request).await?;
    entry::signed_in(visit, provider, identifier).await
}

/// `POST /innlogging/{provider}/ut`: the provider itself says that a session of its own is over. No browser and
/// no cookie is part of it: the token speaks for itself.
pub(super) async fn left(request: HttpRequest, path: web::Path<String>, mut payload: web::Payload) -> Result<HttpResponse, Problem> {
    let door = extract::door(&request)?;
    if !extract::is_media(request.headers(), "application/x-www-form-urlencoded") {
        return Err(Problem::new(Code::MediaTypeUnsupported));
    }
    let mut bytes = Vec::new();
    while let Some(chunk) = extract::part(&mut payload).await? {
        if bytes.len() + chunk.len() > LARGEST {
            return Err(Problem::new(Code::BodyTooLarge));
        }
        bytes.extend_from_slice(&chunk);
    }
    let mut tokens = url::form_urlencoded::parse(&bytes).filter(|(name, _)| name == "logout_token").map(|(_, token)| token.into_owned());
    let (Some(token), None) = (tokens.next(), tokens.next()) else { return Err(Problem::new(Code::BodyMalformed)) };
    match sign_in::left(&door.services, &path, &token, &current().id).await {
        Ok(_) => Ok(HttpResponse::Ok().finish()),
        Err(Error::Fault(fault)) => Err(fault.into()),
        Err(Error::Provider) => Err(Problem::new(Code::NotFound)),
        Err(Error::Unavailable) => Err(Problem::new(Code::Unavailable)),
        // As the standard has it (§2.8), whatever was wrong.
        Err(_) => Err(Problem::new(Code::BodyMalformed)),
    }
}

/// The same in words for patients.
fn of_patient(error: Error) -> Stop {
    match error {
        Error::Unavailable => Stop::Patient("patient-sign-in-away", StatusCode::SERVICE_UNAVAILABLE),
        Error::Cancelled => Stop::Patient("patient-sign-in-cancelled", StatusCode::UNAUTHORIZED),
        Error::Unfit => Stop::Patient("patient-sign-in-unfit", StatusCode::CONFLICT),
        Error::Wait(_) => Stop::Patient("patient-sign-in-wait", StatusCode::TOO_MANY_REQUESTS),
        Error::Level => Stop::Patient("patient-sign-in-level", StatusCode::FORBIDDEN),
        Error::Unknown => Stop::Patient("patient-sign-in-unknown", StatusCode::FORBIDDEN),
        other => stop(other),
    }
}

async fn clinician(request: &HttpRequest, door: &Door, provider: &str, back: Returned<'_>) -> Result<HttpResponse, Stop> {
    let services: &Services = &door.services;
    let before = seat::present(request, services).await?.map(|seated| seated.id);
    let (begun, patient) = sign_in::clinician(services, provider, back, before, &current().id).await.map_err(stop)?;
    let (wanted, over) = seat::home(request);
    let to = match patient {
        Some(patient) => launched::address(launch::open(services, provider, &begun.seated.caller(&current().id), &patient).await?),
        None => wanted,
    };
    let mut response = go(&to);
    if let Some(over) = over {
        response.cookie(over);
    }
    Ok(response.cookie(seat::begun(request, &begun)).finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_twice_is_refused() {
        let read = came("code=a&state=b%20c&iss=https%3A%2F%2Fx&other=1&other=2").unwrap();
        assert_eq!((read.code.as_deref(), read.state.as_deref(), read.iss.as_deref()), (Some("a"), Some("b c"), Some("https://x")));
        assert!(came("code=a&code=a").is_none() && came("state=&state=").is_none());
        assert!(came(&format!("code={}", "a".repeat(LONGEST + 1))).is_none());
        assert!(came("").unwrap().state.is_none());
    }

    #[test]
    fn a_launch_names_its_ehr_and_itself_once() {
        let read = named("iss=https%3A%2F%2Fehr%2Ffhir&launch=a%2Fb&other=1").unwrap();
        assert_eq!((read.iss.as_str(), read.launch.as_str()), ("https://ehr/fhir", "a/b"));
        for wrong in ["", "iss=a", "launch=a", "iss=&launch=a", "iss=a&launch=", "iss=a&iss=a&launch=a", "iss=a&launch=a&launch=b"] {
            assert!(named(wrong).is_none(), "{wrong}");
        }
        assert!(named(&format!("iss=a&launch={}", "a".repeat(LONGEST + 1))).is_none());
    }
}
