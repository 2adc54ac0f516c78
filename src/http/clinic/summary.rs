//! One patient's answers on one screen: the page, the text to copy, the PDF, the mark that they are read.

use super::glass::caller_for;
use super::graph::{Graph, graph};
use super::halt::Halt;
use super::room::Room;
use super::seat::Seat;
use crate::domain::clock::oslo_date;
use crate::domain::ids::ResponseId;
use crate::domain::language::Language;
use crate::domain::policy::{Denied, Ground};
use crate::domain::summary::{Category, CategoryState, Coded, ConsentState, Problem, Summary};
use crate::http::extract::Door;
use crate::http::web::frame::{go, page};
use crate::http::web::posted::Posted;
use crate::services::chart::{self, Chart, Point, VersionLine};
use crate::services::responses::{self, ReviewView};
use crate::services::{Caller, Services, review};
use crate::text::{self, format};
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

#[derive(Template)]
#[template(path = "clinic_summary.html")]
struct Shown {
    room: Room,
    id: String,
    name: String,
    born: String,
    unit: String,
    visit: Option<String>,
    summary: Summary,
    plain: String,
    version: i32,
    newest: i32,
    versions: Vec<Version>,
    here: Version,
    graph: Option<Graph>,
    points: Vec<(String, Option<i32>, bool)>,
    review: Option<Review>,
    /// Words for the ground, where the page was opened on a stated one.
    ground: Option<String>,
}

/// A version in words.
#[derive(Debug, Clone)]
struct Version {
    number: i32,
    submitted: String,
    by: String,
    /// Name and telephone of who answered for the patient.
    contact: Option<String>,
    how: Option<String>,
}

/// The newest mark that the answers are read.
#[derive(Debug, Clone)]
struct Review {
    words: String,
    current: bool,
    own: bool,
    version: i32,
}

impl Shown {
    /// Whether somebody has read the newest version.
    fn is_reviewed(&self) -> bool {
        self.review.as_ref().is_some_and(|review| review.current)
    }

    fn answered(category: &Category) -> bool {
        category.state == CategoryState::Answered
    }

    fn none(category: &Category) -> bool {
        category.state == CategoryState::None
    }

    /// Whether a problem was ticked now and not the last time.
    fn is_new(&self, problem: &Problem) -> bool {
        self.summary.since_previous.as_ref().is_some_and(|before| before.added.iter().any(|added| added.code == problem.code))
    }

    fn removed(&self) -> &[Coded] {
        self.summary.since_previous.as_ref().map_or(&[], |before| &before.removed)
    }

    fn asks_consent(&self) -> bool {
        self.summary.consent.code != ConsentState::NotInForm.code()
    }

    fn score_words(&self) -> String {
        let Some(score) = &self.summary.score else { return String::new() };
        let args = [("value", score.value.to_string().into()), ("max", score.max.to_string().into())];
        text::words(&self.room.w.0, "summary-score-of", &args)
    }

    fn threshold_words(&self) -> String {
        let key = if self.summary.over_threshold == Some(true) { "summary-over" } else { "summary-under" };
        self.room.w.with(key, "threshold", self.summary.threshold.value.to_string())
    }

    fn source_words(&self) -> String {
        self.room.w.with("summary-threshold-source", "source", self.summary.threshold.source.trim_end_matches('.'))
    }
}

fn version(line: &VersionLine, language: &Language) -> Version {
    let how = match (&line.entered_by, line.answered_on, line.minutes) {
        (Some(name), Some(day), _) => {
            let day = format::date(day, language);
            Some(text::words(language, "clinic-on-paper", &[("name", name.as_str().into()), ("date", day.into())]))
        }
        (_, _, Some(minutes)) => Some(text::words(language, "clinic-minutes", &[("minutes", minutes.into())])),
        _ => None,
    };
    let contact = [&line.respondent.name, &line.respondent.phone].into_iter().flatten().map(String::as_str).collect::<Vec<_>>();
    Version {
        number: line.version,
        submitted: format::moment(line.submitted_at, language),
        by: text::summary::respondent(&line.respondent, language),
        contact: (!contact.is_empty()).then(|| contact.join(", ")),
        how,
    }
}

fn review_words(review: &ReviewView, seat: &Seat) -> Review {
    let language = &seat.language;
    let key = if review.current { "clinic-reviewed" } else { "clinic-reviewed-before" };
    let at = format::moment(review.reviewed_at, language);
    let words = text::words(language, key, &[("name", review.clinician_name.as_str().into()), ("at", at.into())]);
    let own = seat.caller.actor.person() == Some(review.clinician);
    Review { words, current: review.current, own, version: review.version }
}

fn point(point: &Point, threshold: i32, language: &Language) -> (String, Option<i32>, bool) {
    let over = point.score.is_some_and(|score| score >= threshold);
    (format::short_date(oslo_date(point.at), language), point.score, over)
}

fn shown(chart: Chart, id: ResponseId, seat: &Seat, request: &HttpRequest) -> Shown {
    // The words of the form are in the nearest language that it has; all words of the page follow it,
    // so that what is quoted and what is said about it are one text.
    let language = text::ui_language(&seat.language);
    let title = text::words(&language, "clinic-summary-title", &[]);
    let summary = chart.summary.summary;
    let scale = summary.score.as_ref().map_or((0, 10), |score| (score.min, score.max));
    let threshold = summary.threshold.value;
    Shown {
        room: Room::of(seat, request, title),
        id: id.to_string(),
        name: chart.person.name,
        born: format::short_date(chart.person.birth_date, &language),
        unit: chart.unit,
        visit: chart.starts_at.map(|at| format::moment(at, &language)),
        plain: chart.summary.plain,
        version: chart.shown.version,
        newest: chart.newest,
        versions: chart.versions.iter().map(|line| version(line, &language)).collect(),
        here: version(&chart.shown, &language),
        graph: graph(&chart.points, threshold, scale, &language),
        points: chart.points.iter().map(|one| point(one, threshold, &language)).collect(),
        review: chart.review.as_ref().map(|review| review_words(review, seat)),
        ground: (chart.ground != Ground::CareRelation).then(|| text::words(&language, &format!("ground-{}", chart.ground.word()), &[])),
        summary,
    }
}

/// The response and version of an address.
pub(super) fn asked(request: &HttpRequest, path: &str) -> Result<(ResponseId, Option<i32>), Halt> {
    let id = ResponseId::parse(path).ok_or_else(Halt::not_found)?;
    let query = url::form_urlencoded::parse(request.query_string().as_bytes()).find(|(name, _)| name == "versjon");
    let version = query.map(|(_, text)| text.parse().ok().filter(|number| *number > 0).ok_or_else(Halt::not_found)).transpose()?;
    Ok((id, version))
}

/// Reads a chart. Where a ground is asked for, the way to state one.
pub(super) async fn opened(
    services: &Services,
    caller: &Caller,
    id: ResponseId,
    version: Option<i32>,
    language: &Language,
) -> Result<Chart, Halt> {
    match chart::read(services, caller, id, version, language).await {
        Ok(chart) => Ok(chart),
        Err(error) => Err(barred(services, caller, id, error).await?),
    }
}

/// Why a response is not opened: a ground is asked for, or it is as it says.
async fn barred(services: &Services, caller: &Caller, id: ResponseId, error: responses::Error) -> Result<Halt, Halt> {
    if error != responses::Error::Denied(Denied::GroundRequired) {
        return Ok(error.into());
    }
    let patient = crate::services::glass::patient_of(services, caller, id).await?.ok_or_else(Halt::not_found)?;
    Ok(Halt::Glass { patient, on: id.to_string() })
}

/// `GET /klinikk/svar/{id}`
pub(in crate::http) async fn show(
    request: HttpRequest,
    seat: Seat,
    door: web::Data<Door>,
    path: web::Path<String>,
) -> Result<HttpResponse, Halt> {
    let (id, version) = asked(&request, &path)?;
    let caller = caller_for(&door.services, &request, &seat, id).await?;
    let chart = opened(&door.services, &caller, id, version, &seat.language).await?;
    Ok(page(StatusCode::OK, &shown(chart, id, &seat, &request))?)
}

/// `GET /klinikk/svar/{id}/tekst`
pub(in crate::http) async fn plain(
    request: HttpRequest,
    seat: Seat,
    door: web::Data<Door>,
    path: web::Path<String>,
) -> Result<HttpResponse, Halt> {
    let (id, version) = asked(&request, &path)?;
    let caller = caller_for(&door.services, &request, &seat, id).await?;
    let chart = opened(&door.services, &caller, id, version, &seat.language).await?;
    Ok(HttpResponse::Ok().content_type("text/plain; charset=utf-8").body(chart.summary.plain))
}

/// `GET /klinikk/svar/{id}/oppsummering.pdf`
pub(in crate::http) async fn pdf(
    request: HttpRequest,
    seat: Seat,
    door: web::Data<Door>,
    path: web::Path<String>,
) -> Result<HttpResponse, Halt> {
    let (id, version) = asked(&request, &path)?;
    let caller = caller_for(&door.services, &request, &seat, id).await?;
    let bytes = match chart::pdf(&door.services, &caller, id, version, &seat.language).await {
        Ok(bytes) => bytes,
        Err(error) => return Err(barred(&door.services, &caller, id, error).await?),
    };
    // The name of a file says nothing of whom it is about.
    let name = text::words(&seat.language, "clinic-file", &[]);
    let shown = format!("inline; filename=\"{name}.pdf\"");
    Ok(HttpResponse::Ok().content_type("application/pdf").insert_header(("content-disposition", shown)).body(bytes))
}

/// `POST /klinikk/svar/{id}/lest`: marks a version as read, or takes one's own mark back.
pub(in crate::http) async fn mark(
    request: HttpRequest,
    seat: Seat,
    door: web::Data<Door>,
    path: web::Path<String>,
    payload: web::Payload,
) -> Result<HttpResponse, Halt> {
    let posted = Posted::read(&request, payload).await?;
    seat.check(posted.line("nokkel")).map_err(|_| Halt::Form)?;
    let (id, _) = asked(&request, &path)?;
    let caller = caller_for(&door.services, &request, &seat, id).await?;
    let version = posted.line("versjon").parse().map_err(|_| Halt::not_found())?;
    if posted.line("gjor") == "angre" {
        review::undo(&door.services, &caller, id, version).await?;
    } else {
        review::review(&door.services, &caller, id, version).await?;
    }
    Ok(go(&format!("/klinikk/svar/{id}")).finish())
}
