//! Preparing the conversation: the topic areas of the needs assessment, those that the answers touch
//! first, each with what the patient has ticked; a list to tick off on paper or on the screen.

use super::glass::caller_for;
use super::halt::Halt;
use super::room::Room;
use super::seat::Seat;
use super::summary::{asked, opened};
use crate::domain::language::Language;
use crate::domain::summary::topics::TOPICS;
use crate::domain::summary::{Problem, Summary, Vocabulary};
use crate::http::extract::Door;
use crate::http::web::frame::page;
use crate::text::summary::Words;
use crate::text::{self, format};
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

#[derive(Template)]
#[template(path = "clinic_conversation.html")]
struct Prepared {
    room: Room,
    id: String,
    version: i32,
    newest: i32,
    name: String,
    born: String,
    touched: Vec<Topic>,
    untouched: Vec<String>,
    /// What was ticked and belongs to no topic.
    loose: Vec<Problem>,
    own_words: Vec<(String, String)>,
    wish: Option<String>,
}

/// A topic with the patient's own answers.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Topic {
    text: String,
    problems: Vec<Problem>,
}

/// The touched topics with their answers, the other ones, and what belongs to none.
fn sorted(summary: &Summary, language: &Language) -> (Vec<Topic>, Vec<String>, Vec<Problem>) {
    let ticked: Vec<&Problem> = summary.categories.iter().flat_map(|category| &category.problems).collect();
    let touched: Vec<Topic> = summary
        .topics
        .iter()
        .map(|topic| Topic {
            text: topic.text.clone(),
            problems: ticked.iter().filter(|problem| topic.from.contains(&problem.code)).map(|problem| (*problem).clone()).collect(),
        })
        .collect();
    let is_touched = |code: &str| summary.topics.iter().any(|topic| topic.code == code);
    let words = Words::new(language);
    let untouched = TOPICS.into_iter().filter(|code| !is_touched(code)).map(|code| words.topic(code)).collect();
    let placed = |problem: &Problem| summary.topics.iter().any(|topic| topic.from.contains(&problem.code));
    let loose = ticked.into_iter().filter(|problem| !placed(problem)).cloned().collect();
    (touched, untouched, loose)
}

/// `GET /klinikk/svar/{id}/samtale`
pub(in crate::http) async fn show(
    request: HttpRequest,
    seat: Seat,
    door: web::Data<Door>,
    path: web::Path<String>,
) -> Result<HttpResponse, Halt> {
    let (id, version) = asked(&request, &path)?;
    let caller = caller_for(&door.services, &request, &seat, id).await?;
    let chart = opened(&door.services, &caller, id, version, &seat.language).await?;
    let summary = &chart.summary.summary;
    let (touched, untouched, loose) = sorted(summary, &seat.language);
    let own_words = summary.free_text.iter().filter_map(|own| Some((own.question.clone(), own.text.clone()?))).collect();
    let prepared = Prepared {
        room: Room::of(&seat, &request, text::words(&seat.language, "clinic-talk-title", &[])),
        id: id.to_string(),
        version: chart.shown.version,
        newest: chart.newest,
        name: chart.person.name.clone(),
        born: format::short_date(chart.person.birth_date, &seat.language),
        wish: summary.follow_up.as_ref().map(|wish| wish.text.clone()),
        touched,
        untouched,
        loose,
        own_words,
    };
    Ok(page(StatusCode::OK, &prepared)?)
}
