//! The pages of the form.

use super::form::plan::{Page, Plan};
use super::form::read::{Fault, REMOVE, apply, mark};
use super::form::view::{self, View, Wrong};
use super::frame::{Frame, go, page};
use super::posted::Posted;
use super::stop::Stop;
use super::visit::Visit;
use crate::domain::answers::{Context, Issue, Level, prune};
use crate::domain::respondent::Respondent;
use crate::services::draft::{self, DraftView, Error};
use crate::services::edit_draft::{self, Change, Command, Moved, Next};
use crate::services::holder::{self, Holder};
use crate::services::library::Form;
use crate::text;
use actix_web::http::StatusCode;
use actix_web::http::header::ACCEPT;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde_json::json;
use std::sync::{Arc, Mutex, PoisonError};

/// Field with the mark of the answers that a page was made from.
const SEEN: &str = "sett";

#[derive(Template)]
#[template(path = "question.html")]
struct Question {
    frame: Frame,
    view: View,
    mark: String,
    /// Whether a script may save it while it stays.
    at_once: bool,
    from: Option<String>,
    /// Something to know before going on.
    note: Option<String>,
    /// What was typed and can't be shown in its place.
    words: Vec<String>,
    number: usize,
}

/// A page of a draft.
struct Sheet<'a> {
    visit: &'a Visit,
    holder: &'a Holder,
    draft: &'a DraftView,
    plan: Plan,
    number: usize,
}

impl<'a> Sheet<'a> {
    fn new(visit: &'a Visit, holder: &'a Holder, draft: &'a DraftView, number: usize) -> Self {
        let plan = Plan::of(&draft.form.questionnaire);
        Self { visit, holder, draft, plan, number }
    }

    fn context(&self) -> Context<'static> {
        Context { not_asked: self.draft.respondent.as_ref().map_or(&[], Respondent::not_asked) }
    }

    fn asked(&self) -> Vec<usize> {
        let context = self.context();
        self.plan.asked(&Level::top(&self.draft.form.questionnaire, &self.draft.given, &context))
    }

    fn page(&self) -> Result<&Page, Stop> {
        self.plan.page(self.number).ok_or(Stop::NoPage)
    }

    fn from(&self) -> Option<&'static str> {
        self.visit.parameter("fra").filter(|from| *from == "svar").map(|_| "svar")
    }

    fn view(&self, posted: Option<&Posted>, wrong: Wrong<'_>, more: Option<&str>) -> Result<View, Stop> {
        let form = &self.draft.form.questionnaire;
        Ok(view::page(form, self.page()?, &self.draft.given, &self.context(), &self.visit.language, posted, wrong, more))
    }

    fn show(
        &self,
        status: StatusCode,
        view: View,
        from: Option<&str>,
        note: Option<&str>,
        words: Vec<String>,
    ) -> Result<HttpResponse, Stop> {
        let asked = self.asked();
        let before = asked.iter().rev().find(|number| **number < self.number);
        let back = match (from, before) {
            (Some(_), _) => "/skjema/svar".to_owned(),
            (None, Some(number)) => format!("/skjema/side/{number}"),
            (None, None) => "/skjema/hvem".to_owned(),
        };
        let step = asked.iter().position(|number| *number == self.number).map_or(1, |at| at + 2);
        let frame = Frame::inside(self.visit, self.holder, view.heading.clone())?.back(&back).step(step, asked.len() + 2);
        let question = Question {
            frame: frame.wrong(!view.errors.is_empty()),
            mark: mark(&self.draft.form.questionnaire, self.page()?, &self.draft.given, &self.context()),
            at_once: !Plan::counts_on(&self.draft.form.questionnaire, self.page()?),
            from: from.map(str::to_owned),
            note: note.map(|key| text::words(&self.visit.language, key, &[])),
            number: self.number,
            words,
            view,
        };
        Ok(page(status, &question)?)
    }
}

fn parse(number: &str) -> Result<usize, Stop> {
    number.parse().map_err(|_| Stop::NoPage)
}

/// `GET /skjema/side/{number}`
pub(in crate::http) async fn show(visit: Visit, number: web::Path<String>) -> Result<HttpResponse, Stop> {
    let number = parse(&number)?;
    let holder = visit.holder().await?;
    let draft = draft::read_draft(visit.services(), &holder, &visit.request_id, visit.language.clone()).await?;
    if draft.respondent.is_none() {
        return Ok(go("/skjema/hvem").finish());
    }
    let sheet = Sheet::new(&visit, &holder, &draft, number);
    sheet.page()?;
    if !sheet.asked().contains(&number) {
        // Other answers have taken the question away.
        return Ok(go(&super::about::place(&draft)).finish());
    }
    let view = sheet.view(None, Wrong::default(), visit.parameter("flere"))?;
    let note = visit.parameter("nye").map(|_| "form-new-questions");
    sheet.show(StatusCode::OK, view, sheet.from(), note, Vec::new())
}

/// What came of saving a page.
enum Saved {
    Yes(Box<DraftView>),
    /// Something typed can't be read, or breaks a rule of the form.
    Wrong(Vec<Fault>, Vec<Issue>),
    /// Changed elsewhere since the page was made.
    Moved,
}

/// Where the person goes on who comes back later: on this page while it is not done, on the check page
/// when they came from there.
fn next(form: &Form, page: &Page, number: usize, posted: &Posted, at_once: bool) -> Next {
    let page_of = |number: usize| i32::try_from(number).unwrap_or(i32::MAX);
    let stays = at_once || posted.line("gjor") == "senere" || posted.first("flere").is_some() || posted.first(REMOVE).is_some();
    let last = Plan::of(&form.questionnaire).pages.len();
    let next = if posted.line("fra") == "svar" { page_of(last + 1) } else { page_of(number + 1) };
    let (form, page) = (form.questionnaire.clone(), page.clone());
    Arc::new(move |issues| {
        let missing = issues.iter().any(|issue| issue.code.is_missing() && Plan::holds(&form, &page, &issue.link_id));
        if stays || missing { page_of(number) } else { next }
    })
}

async fn save(visit: &Visit, holder: &Holder, number: usize, form: &Form, posted: &Posted, at_once: bool) -> Result<Saved, Stop> {
    let plan = Plan::of(&form.questionnaire);
    let page = plan.page(number).ok_or(Stop::NoPage)?.clone();
    let place = Some(next(form, &page, number, posted, at_once));
    let faults = Arc::new(Mutex::new(Vec::new()));
    let (found, sent) = (Arc::clone(&faults), posted.clone());
    let change: Change = Arc::new(move |form, before, context| {
        let (answers, unreadable) = apply(form, &page, &sent, before);
        let refused = !unreadable.is_empty();
        let seen = sent.line(SEEN) == mark(form, &page, &prune(form, before, context), context);
        // What is sent again may have been saved without the sender knowing: no change by another.
        let saved = sent.is_again() && !refused && answers == *before;
        if !seen && !saved {
            return Err(Moved);
        }
        *found.lock().unwrap_or_else(PoisonError::into_inner) = unreadable;
        if refused { Err(Moved) } else { Ok(answers) }
    });
    let command = Command { change: Some(change), language: Some(visit.language.clone()), place, respondent: None };
    let saved = edit_draft::edit(visit.services(), holder, &visit.request_id, command).await;
    let faults = std::mem::take(&mut *faults.lock().unwrap_or_else(PoisonError::into_inner));
    match saved {
        Ok(view) => Ok(Saved::Yes(Box::new(view))),
        Err(Error::Answers(issues)) => Ok(Saved::Wrong(Vec::new(), issues)),
        Err(Error::Changed(_)) if faults.is_empty() => Ok(Saved::Moved),
        Err(Error::Changed(_)) => Ok(Saved::Wrong(faults, Vec::new())),
        Err(other) => Err(other.into()),
    }
}

/// `POST /skjema/side/{number}`: saves what the page holds and goes on. A script that saves at once asks
/// for JSON and stays.
pub(in crate::http) async fn send(
    visit: Visit,
    number: web::Path<String>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Stop> {
    let posted = Posted::read(&request, payload).await?;
    let wants_json = request.headers().get(ACCEPT).is_some_and(|accept| accept.as_bytes() == b"application/json");
    let answer = at_once_or_on(&visit, parse(&number)?, &posted, wants_json).await;
    match answer {
        Err(stop) if wants_json => Ok(refused(&stop)),
        other => other.map_err(|stop| stop.sent(&visit, &posted)),
    }
}

async fn at_once_or_on(visit: &Visit, number: usize, posted: &Posted, at_once: bool) -> Result<HttpResponse, Stop> {
    let holder = visit.sender(posted).await?;
    let form = holder::form(visit.services(), &holder).await?;
    let saved = save(visit, &holder, number, &form, posted, at_once).await?;
    if at_once {
        return Ok(kept(visit, &holder, number, &saved));
    }
    match saved {
        Saved::Yes(draft) => on(visit, &holder, number, posted, &draft).await,
        Saved::Wrong(faults, issues) => again(visit, &holder, number, posted, &faults, &issues, None).await,
        Saved::Moved => again(visit, &holder, number, posted, &[], &[], Some("form-moved")).await,
    }
}

/// The answer to a script that saved at once.
fn kept(visit: &Visit, holder: &Holder, number: usize, saved: &Saved) -> HttpResponse {
    let left = (holder.idle_until.min(holder.absolute_until) - visit.services().now()).num_seconds();
    match saved {
        Saved::Yes(draft) => {
            let form = &draft.form.questionnaire;
            let context = Context { not_asked: draft.respondent.as_ref().map_or(&[], Respondent::not_asked) };
            let mark = Plan::of(form).page(number).map(|page| mark(form, page, &draft.given, &context));
            HttpResponse::Ok().json(json!({"saved": true, "mark": mark, "left": left}))
        }
        Saved::Wrong(..) => HttpResponse::UnprocessableEntity().json(json!({"saved": false, "left": left})),
        Saved::Moved => HttpResponse::Conflict().json(json!({"saved": false, "moved": true, "left": left})),
    }
}

/// The same for a request that could not be served: the script says in words of the page what it means.
fn refused(stop: &Stop) -> HttpResponse {
    use actix_web::ResponseError as _;
    HttpResponse::build(match stop {
        Stop::Go { .. } => StatusCode::CONFLICT,
        other => other.status_code(),
    })
    .json(json!({"saved": false}))
}

async fn on(visit: &Visit, holder: &Holder, number: usize, posted: &Posted, draft: &DraftView) -> Result<HttpResponse, Stop> {
    if posted.line("gjor") == "senere" {
        return super::leave::end_session(visit, holder).await;
    }
    let from = posted.line("fra");
    let here = |extra: &str| format!("/skjema/side/{number}{}{extra}", if from == "svar" { "?fra=svar&" } else { "?" });
    if let Some(more) = posted.first("flere") {
        let name = url::form_urlencoded::byte_serialize(more.as_bytes()).collect::<String>();
        return Ok(go(&here(&format!("flere={name}"))).finish());
    }
    if posted.first(REMOVE).is_some() {
        return Ok(go(&here("")).finish());
    }
    let sheet = Sheet::new(visit, holder, draft, number);
    let missing: Vec<Issue> = draft.issues.iter().filter(|issue| issue.code.is_missing()).cloned().collect();
    let view = sheet.view(None, Wrong { faults: &[], issues: &missing }, None)?;
    let new = view.shown.iter().any(|name| !posted.holds(super::form::read::SHOWN, name));
    if new {
        // Answers of this page ask for more on it.
        return Ok(go(&here("nye=1")).finish());
    }
    if !view.errors.is_empty() {
        return sheet.show(StatusCode::UNPROCESSABLE_ENTITY, view, from_check(posted), None, Vec::new());
    }
    if from == "svar" {
        return Ok(go("/skjema/svar").finish());
    }
    let next = sheet.asked().into_iter().find(|asked| *asked > number);
    Ok(go(&next.map_or_else(|| "/skjema/svar".to_owned(), |next| format!("/skjema/side/{next}"))).finish())
}

/// The same page with what was typed and what is wrong.
async fn again(
    visit: &Visit,
    holder: &Holder,
    number: usize,
    posted: &Posted,
    faults: &[Fault],
    issues: &[Issue],
    note: Option<&str>,
) -> Result<HttpResponse, Stop> {
    let mut draft = draft::read_draft(visit.services(), holder, &visit.request_id, visit.language.clone()).await?;
    let form = Arc::clone(&draft.form);
    let plan = Plan::of(&form.questionnaire);
    let here = plan.page(number).ok_or(Stop::NoPage)?;
    if note.is_some() && Plan::counts_on(&form.questionnaire, here) {
        // What was typed can't be put beside what is stored now: it is shown as words of its own.
        let sheet = Sheet::new(visit, holder, &draft, number);
        let view = sheet.view(None, Wrong::default(), None)?;
        let words = posted.own_words().into_iter().map(str::to_owned).collect();
        return sheet.show(StatusCode::CONFLICT, view, from_check(posted), Some("form-moved-anew"), words);
    }
    if note.is_none() {
        // Shown as it was sent: with what the sent answers ask for.
        let context = Context { not_asked: draft.respondent.as_ref().map_or(&[], Respondent::not_asked) };
        draft.given = prune(&form.questionnaire, &apply(&form.questionnaire, here, posted, &draft.given).0, &context);
    }
    let sheet = Sheet::new(visit, holder, &draft, number);
    let wrong: Vec<Issue> = issues.iter().filter(|issue| !issue.code.is_missing()).cloned().collect();
    let view = sheet.view(Some(posted), Wrong { faults, issues: &wrong }, None)?;
    let status = if note.is_some() { StatusCode::CONFLICT } else { StatusCode::UNPROCESSABLE_ENTITY };
    // A rule that spans pages has no field here.
    let note = note.or(if view.errors.is_empty() { Some("form-elsewhere-wrong") } else { None });
    sheet.show(status, view, from_check(posted), note, Vec::new())
}

/// Whether a sent page was opened from the check page.
fn from_check(posted: &Posted) -> Option<&'static str> {
    (posted.line("fra") == "svar").then_some("svar")
}
