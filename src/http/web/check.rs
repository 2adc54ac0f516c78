//! All answers before they are handed in, handing in, the receipt.

use super::about::{answering, steps};
use super::form::view::Said;
use super::frame::{Frame, Words, go, page};
use super::posted::Posted;
use super::rows::{Section, sections};
use super::stop::Stop;
use super::visit::Visit;
use crate::domain::answers::Context;
use crate::domain::invitation::InvitationState;
use crate::domain::language::Language;
use crate::domain::respondent::Respondent;
use crate::http::problem::{Code, Problem};
use crate::services::draft::{self, DraftView, Error};
use crate::services::holder::{Holder, SessionKind};
use crate::services::submit_response::{self, Receipt, Support};
use crate::text::{self, format};
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

#[derive(Template)]
#[template(path = "check.html")]
struct Check {
    frame: Frame,
    sections: Vec<Section>,
    respondent: String,
    version: i32,
    /// Address and words of what is to be mended.
    errors: Vec<(String, String)>,
    note: Option<String>,
    /// Whether these answers change some that were handed in.
    amends: bool,
    unit: String,
}

async fn check_page(visit: &Visit, holder: &Holder, status: StatusCode, errors: bool, note: Option<&str>) -> Result<HttpResponse, Stop> {
    let session = answering(visit, holder).await?;
    let draft = draft::read_draft(visit.services(), holder, &visit.request_id, visit.language.clone()).await?;
    let Some(respondent) = &draft.respondent else { return Ok(go("/skjema/hvem").finish()) };
    let context = Context { not_asked: respondent.not_asked() };
    let sections = sections(&draft.form.questionnaire, &draft.given, &context, &visit.language);
    let errors = if errors { missing(visit, &draft, &sections) } else { Vec::new() };
    let total = steps(&draft);
    let back = sections.iter().flat_map(|section| &section.rows).next_back().map_or(0, |row| row.page);
    let amends = session.state == InvitationState::Answered;
    let title = text::words(&visit.language, if amends { "check-title-amend" } else { "check-title" }, &[]);
    let frame = Frame::inside(visit, holder, title)?.step(total, total).wrong(!errors.is_empty());
    let check = Check {
        frame: frame.back(&format!("/skjema/side/{back}")),
        respondent: who(respondent, &visit.language),
        version: draft.version,
        note: note.map(|key| text::words(&visit.language, key, &[])),
        amends,
        unit: session.unit.name,
        sections,
        errors,
    };
    Ok(page(status, &check)?)
}

/// Who answers, with what a representative has said of themselves.
fn who(respondent: &Respondent, language: &Language) -> String {
    let said = [respondent.name.as_deref(), respondent.phone.as_deref()].into_iter().flatten();
    let words = text::words(language, who_key(respondent), &[]);
    said.fold(words, |words, said| format!("{words}, {said}"))
}

fn who_key(respondent: &Respondent) -> &'static str {
    use crate::domain::respondent::RespondentKind::{Helper, Patient, Representative, Staff};
    match respondent.kind {
        Patient => "check-who-patient",
        Helper | Staff => "check-who-helper",
        Representative => "check-who-representative",
    }
}

/// What is missing, with the page to answer it on.
fn missing(visit: &Visit, draft: &DraftView, sections: &[Section]) -> Vec<(String, String)> {
    let rows = sections.iter().flat_map(|section| &section.rows);
    let mut errors: Vec<(String, String)> = rows
        .filter(|row| row.required && row.answers.is_empty())
        .map(|row| {
            let words = text::words(&visit.language, "check-missing", &[("question", row.question.text.clone().into())]);
            (format!("/skjema/side/{}?fra=svar", row.page), words)
        })
        .collect();
    if errors.is_empty() {
        // Rules that no single question shows, such as the fewest answers of a group.
        let rest = draft.issues.iter().filter(|issue| issue.code.is_missing());
        errors.extend(rest.map(|issue| ("#main".to_owned(), text::issue(issue, &visit.language))));
    }
    errors
}

/// `GET /skjema/svar`
pub(in crate::http) async fn check(visit: Visit) -> Result<HttpResponse, Stop> {
    let holder = visit.holder().await?;
    check_page(&visit, &holder, StatusCode::OK, false, None).await
}

/// `POST /skjema/svar`: hands in what was seen on the page.
pub(in crate::http) async fn hand_in(visit: Visit, request: HttpRequest, payload: web::Payload) -> Result<HttpResponse, Stop> {
    let posted = Posted::read(&request, payload).await?;
    handed_in(&visit, &posted).await.map_err(|stop| stop.sent(&visit, &posted))
}

async fn handed_in(visit: &Visit, posted: &Posted) -> Result<HttpResponse, Stop> {
    let holder = visit.sender(posted).await?;
    if posted.line("gjor") == "senere" {
        return super::leave::end_session(visit, &holder).await;
    }
    let seen = posted.line("versjon").parse().unwrap_or(-1);
    match submit_response::submit(visit.services(), &holder, &visit.request_id, Some(seen)).await {
        Ok(_) => Ok(go("/skjema/kvittering").finish()),
        Err(Error::Answers(_)) => check_page(visit, &holder, StatusCode::UNPROCESSABLE_ENTITY, true, None).await,
        Err(Error::Changed(0)) => Ok(go("/skjema").finish()),
        Err(Error::Changed(_)) => check_page(visit, &holder, StatusCode::CONFLICT, false, Some("check-moved")).await,
        Err(Error::Respondent(_)) => Ok(go("/skjema/hvem").finish()),
        Err(error) => Err(error.into()),
    }
}

#[derive(Template)]
#[template(path = "receipt.html")]
struct Done {
    frame: Frame,
    receipt: Receipt,
    submitted: String,
    visit: Option<String>,
    until: Option<String>,
    sections: Vec<Section>,
    support: Option<Vec<Said>>,
}

/// Places to turn to: what the unit says in the language of the answers, else the product's words.
fn support_words(visit: &Visit, support: &Support, answered_in: &Language) -> Vec<Said> {
    let lang = (!answered_in.same_language(&visit.language)).then(|| answered_in.to_string());
    match support {
        Support::Own(text) => text.split("\n\n").map(|text| Said { text: text.to_owned(), lang: lang.clone() }).collect(),
        Support::General => {
            let say = |key| Said { text: text::words(&visit.language, key, &[]), lang: None };
            vec![say("support-general"), say("support-general-who")]
        }
    }
}

/// `GET /skjema/kvittering`
pub(in crate::http) async fn receipt(visit: Visit) -> Result<HttpResponse, Stop> {
    let holder = visit.holder().await?;
    if holder.kind != SessionKind::Receipt {
        return Ok(go("/skjema").finish());
    }
    let receipt = submit_response::receipt(visit.services(), &holder, &visit.request_id).await?.ok_or(Problem::new(Code::NotFound))?;
    let context = Context { not_asked: receipt.respondent.not_asked() };
    let now = visit.services().now();
    let done = Done {
        submitted: format::moment(receipt.submitted_at, &visit.language),
        visit: receipt.starts_at.map(|at| format::moment(at, &visit.language)),
        until: (receipt.amend_until > now).then(|| format::moment(receipt.amend_until, &visit.language)),
        sections: sections(&receipt.form.questionnaire, &receipt.answers, &context, &visit.language),
        support: receipt.support.as_ref().map(|support| support_words(&visit, support, &receipt.language)),
        frame: Frame::inside(&visit, &holder, text::words(&visit.language, "receipt-title", &[]))?,
        receipt,
    };
    Ok(page(StatusCode::OK, &done)?)
}

/// `GET /skjema/kopi.pdf`: the copy to keep.
pub(in crate::http) async fn copy(visit: Visit) -> Result<HttpResponse, Stop> {
    let holder = visit.holder().await?;
    let Some(pdf) = submit_response::copy_pdf(visit.services(), &holder, &visit.request_id).await? else {
        return Ok(go("/skjema").finish());
    };
    let name = text::words(&visit.language, "receipt-file", &[]);
    let shown = format!("attachment; filename=\"{name}.pdf\"");
    Ok(HttpResponse::Ok().content_type("application/pdf").insert_header(("content-disposition", shown)).body(pdf))
}
