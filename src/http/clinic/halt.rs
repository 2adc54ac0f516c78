//! Why a clinician's page can't be shown, as a page that says what to do.

use super::room::Room;
use super::seat::Sitting;
use crate::domain::ids::PatientId;
use crate::domain::language::Language;
use crate::http::context::current;
use crate::http::problem::{Code, Problem};
use crate::http::web::frame::page;
use crate::services::{Fault, enter_paper, invitation, paper_sheet, patients, print_paper, responses, review, worklist};
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::RETRY_AFTER;
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, HttpResponse, ResponseError};
use askama::Template;

/// Why a page is not shown.
#[derive(Debug)]
pub(in crate::http) enum Halt {
    /// A problem, as API callers get it.
    Problem(Box<Problem>),
    /// A ground has to be stated first: for whom, and where it leads on.
    Glass { patient: PatientId, on: String },
    /// The form was not made for this sign-in.
    Form,
}

impl<E: Into<Problem> + IsProblem> From<E> for Halt {
    fn from(error: E) -> Self {
        Self::Problem(Box::new(error.into()))
    }
}

/// Errors of use cases that are shown as problems.
pub(super) trait IsProblem {}

impl IsProblem for Problem {}
impl IsProblem for Fault {}
impl IsProblem for invitation::Error {}
impl IsProblem for enter_paper::Error {}
impl IsProblem for paper_sheet::Error {}
impl IsProblem for patients::Error {}
impl IsProblem for print_paper::Error {}
impl IsProblem for responses::Error {}
impl IsProblem for review::Error {}
impl IsProblem for worklist::Error {}
impl IsProblem for crate::services::access_log::Error {}
impl IsProblem for crate::services::uptake::Error {}

#[derive(Template)]
#[template(path = "clinic_notice.html")]
struct Notice {
    room: Room,
    detail: String,
    request_id: Option<String>,
    /// Who is to be opened, and where it leads on.
    glass: Option<(String, String)>,
}

impl std::fmt::Display for Halt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a page is not shown")
    }
}

impl ResponseError for Halt {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::Problem(problem) => problem.status_code(),
            Self::Glass { .. } | Self::Form => StatusCode::FORBIDDEN,
        }
    }

    fn error_response(&self) -> HttpResponse {
        self.page(Room::bare)
    }
}

impl Halt {
    /// Nothing of that name.
    pub(super) fn not_found() -> Self {
        Self::Problem(Box::new(Problem::new(Code::NotFound)))
    }

    fn page(&self, room: impl FnOnce(&Language, String) -> Room) -> HttpResponse {
        let context = current();
        let say = |key: &str| crate::text::words(&context.language, key, &[]);
        let (title, detail) = match self {
            Self::Problem(problem) => problem.words(&context.language),
            Self::Glass { .. } => (say("clinic-glass-title"), say("clinic-glass-detail")),
            Self::Form => (say("clinic-form-title"), say("clinic-form-detail")),
        };
        let fault = self.status_code().is_server_error();
        let notice = Notice {
            room: room(&context.language, title),
            detail,
            request_id: fault.then_some(context.id),
            glass: if let Self::Glass { patient, on } = self { Some((patient.to_string(), on.clone())) } else { None },
        };
        let mut response = page(self.status_code(), &notice).unwrap_or_else(|problem| problem.error_response());
        if let Self::Problem(problem) = self
            && let Some(seconds) = problem.retry_after()
        {
            response.headers_mut().insert(RETRY_AFTER, seconds.into());
        }
        response
    }
}

/// Puts menu and name around a page about what went wrong, where somebody is signed in.
pub(in crate::http) async fn furnish(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let response = next.call(request).await?.map_into_boxed_body();
    let halted = response.response().error().and_then(|error| error.as_error::<Halt>());
    let sitting = response.request().extensions().get::<Sitting>().cloned();
    let (Some(halt), Some(sitting)) = (halted, sitting) else { return Ok(response) };
    let page = halt.page(|_, title| Room::around(&sitting, response.request(), title));
    Ok(response.into_response(page))
}
