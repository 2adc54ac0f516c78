//! Why a page can't be shown, as a page that says what to do.

use super::frame::{Frame, Words, go, page};
use super::language;
use super::posted::Posted;
use super::visit::Visit;
use crate::http::context::current;
use crate::http::problem::{Code, Problem};
use crate::services::holder::Place;
use crate::services::{Fault, draft, holder, open_session};
use actix_web::cookie::Cookie;
use actix_web::http::StatusCode;
use actix_web::http::header::RETRY_AFTER;
use actix_web::{HttpResponse, ResponseError};
use askama::Template;

/// A form that was sent and could not be served.
#[derive(Debug)]
pub(in crate::http) struct Sent {
    path: String,
    posted: Posted,
}

/// Why a page is not shown.
#[derive(Debug)]
pub(in crate::http) enum Stop {
    /// Somewhere else.
    Go { to: String, cookies: Vec<Cookie<'static>> },
    /// A problem, as API callers get it, with who to call where that is known.
    Problem { problem: Box<Problem>, call: Option<Box<Place>> },
    /// A fault that may pass: what was sent can be sent again.
    Away { problem: Box<Problem>, sent: Box<Sent> },
    /// The session is over; this was typed and is not saved.
    Ended { words: Vec<String> },
    /// The form was made for another letter, or another session, than the one that is open; this was
    /// typed and is not saved.
    OtherLetter { words: Vec<String> },
    /// The way in has to be begun again.
    Entrance,
    /// The link is none of ours.
    NoLink,
    /// The form has no such page.
    NoPage,
    /// The form was sent from another site.
    CrossSite,
    /// A clinician is not signed in: the beginning of the words, and the status.
    SignIn(&'static str, StatusCode),
    /// A patient is not signed in: the beginning of the words, and the status.
    Patient(&'static str, StatusCode),
}

impl Stop {
    /// The same, with what would be lost.
    pub(super) fn keeping(self, posted: &Posted) -> Self {
        match self {
            Self::Problem { problem, .. } if problem.code == Code::SessionEnded => {
                Self::Ended { words: posted.own_words().into_iter().map(str::to_owned).collect() }
            }
            other => other,
        }
    }

    /// The same, with the whole form where sending it again may help.
    pub(super) fn sent(self, visit: &Visit, posted: &Posted) -> Self {
        match self {
            Self::Problem { problem, call: None } if problem.code == Code::Unavailable => {
                Self::Away { problem, sent: Box::new(Sent { path: visit.path.clone(), posted: posted.clone() }) }
            }
            other => other,
        }
    }

    /// Another letter is open; what was typed is shown back.
    pub(super) fn other_letter(posted: &Posted) -> Self {
        Self::OtherLetter { words: posted.own_words().into_iter().map(str::to_owned).collect() }
    }

    /// The same, with who to call.
    pub(super) fn calling(self, place: Option<Place>) -> Self {
        match self {
            Self::Problem { problem, .. } => Self::Problem { problem, call: place.map(Box::new) },
            other => other,
        }
    }

    /// On to another page.
    pub(in crate::http) fn to(path: &str) -> Self {
        Self::Go { to: path.to_owned(), cookies: Vec::new() }
    }
}

impl From<Problem> for Stop {
    fn from(problem: Problem) -> Self {
        match problem.code {
            Code::SessionEnded | Code::TokenInvalid => Self::Problem { problem: Box::new(Problem::new(Code::SessionEnded)), call: None },
            Code::SessionIsReceipt => Self::to("/skjema/kvittering"),
            Code::DraftElsewhere => Self::to("/skjema/annet-sted"),
            _ => Self::Problem { problem: Box::new(problem), call: None },
        }
    }
}

impl From<draft::Error> for Stop {
    fn from(error: draft::Error) -> Self {
        Problem::from(error).into()
    }
}

impl From<holder::Error> for Stop {
    fn from(error: holder::Error) -> Self {
        Problem::from(error).into()
    }
}

impl From<open_session::Error> for Stop {
    fn from(error: open_session::Error) -> Self {
        Problem::from(error).into()
    }
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Problem::from(fault).into()
    }
}

impl Sent {
    fn again(&self) -> Again {
        Again { path: self.path.clone(), fields: self.posted.again() }
    }
}

#[derive(Template)]
#[template(path = "notice.html")]
struct Notice {
    frame: Frame,
    paragraphs: Vec<String>,
    /// What was typed and is not saved.
    words: Vec<String>,
    call: Option<Place>,
    /// Whether a new start from the front page helps.
    code: bool,
    request_id: Option<String>,
    on: Option<(String, String)>,
    again: Option<Again>,
}

/// A form to send again: address, fields.
struct Again {
    path: String,
    fields: Vec<(String, String)>,
}

impl std::fmt::Display for Stop {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a page is not shown")
    }
}

impl ResponseError for Stop {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::Go { .. } => StatusCode::SEE_OTHER,
            Self::Problem { problem, .. } | Self::Away { problem, .. } => problem.status_code(),
            Self::Ended { .. } => StatusCode::UNAUTHORIZED,
            Self::OtherLetter { .. } => StatusCode::CONFLICT,
            Self::Entrance => StatusCode::GONE,
            Self::NoLink | Self::NoPage => StatusCode::NOT_FOUND,
            Self::CrossSite => StatusCode::FORBIDDEN,
            Self::SignIn(_, status) | Self::Patient(_, status) => *status,
        }
    }

    fn error_response(&self) -> HttpResponse {
        if let Self::Go { to, cookies } = self {
            let mut response = go(to);
            for cookie in cookies {
                response.cookie(cookie.clone());
            }
            return response.finish();
        }
        let context = current();
        let (key, language) = (self.key(), context.language);
        let say = |part: &str| crate::text::words(&language, &format!("{key}-{part}"), &[]);
        let (title, detail) = match self {
            Self::Problem { problem, .. } | Self::Away { problem, .. } => problem.words(&language),
            _ => (say("title"), say("detail")),
        };
        let fault = self.status_code().is_server_error();
        let notice = Notice {
            frame: Frame::bare(&language, "/", title),
            paragraphs: vec![detail],
            words: match self {
                Self::Ended { words } | Self::OtherLetter { words } => words.clone(),
                Self::Away { sent, .. } => sent.posted.own_words().into_iter().map(str::to_owned).collect(),
                _ => Vec::new(),
            },
            again: if let Self::Away { sent, .. } = self { Some(sent.again()) } else { None },
            call: if let Self::Problem { call: Some(call), .. } = self { Some((**call).clone()) } else { None },
            code: self.begins_anew(),
            request_id: fault.then_some(context.id),
            on: match self {
                Self::OtherLetter { .. } | Self::NoPage => Some(("/skjema".to_owned(), say("on"))),
                Self::Patient(..) => Some(("/start".to_owned(), crate::text::words(&language, "patient-sign-in-again", &[]))),
                Self::SignIn(..) => Some(("/klinikk/inn".to_owned(), crate::text::words(&language, "sign-in-on", &[]))),
                _ => None,
            },
        };
        let mut response = page(self.status_code(), &notice).unwrap_or_else(|problem| problem.error_response());
        if let Self::Problem { problem, .. } | Self::Away { problem, .. } = self
            && let Some(seconds) = problem.retry_after()
        {
            response.headers_mut().insert(RETRY_AFTER, seconds.into());
        }
        if let Self::Ended { .. } = self {
            // Nothing is left to carry.
            let _ = response.add_removal_cookie(&super::visit::gone(language::SESSION));
        }
        response
    }
}

impl Stop {
    fn key(&self) -> &'static str {
        match self {
            Self::Go { .. } | Self::Problem { .. } | Self::Away { .. } | Self::Ended { .. } => "problem-session-ended",
            Self::OtherLetter { .. } => "other-letter",
            Self::Entrance => "entrance-over",
            Self::NoLink => "no-link",
            Self::NoPage => "no-page",
            Self::CrossSite => "cross-site",
            Self::SignIn(key, _) | Self::Patient(key, _) => key,
        }
    }

    fn begins_anew(&self) -> bool {
        match self {
            Self::Problem { problem, .. } => matches!(problem.code, Code::SessionEnded | Code::CredentialWrong | Code::LinkReplaced),
            Self::Ended { .. } | Self::Entrance | Self::NoLink => true,
            Self::Go { .. }
            | Self::Away { .. }
            | Self::OtherLetter { .. }
            | Self::NoPage
            | Self::CrossSite
            | Self::SignIn(..)
            | Self::Patient(..) => false,
        }
    }
}
