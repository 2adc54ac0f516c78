//! What went out and what did not, and trying it again.

use super::moment;
use crate::domain::delivery::{Channel, DeliveryState};
use crate::domain::event::EventKind;
use crate::http::extract::{ApiCaller, Door};
use crate::http::problem::{Code, Problem};
use crate::http::query::{self, Query};
use crate::services::deliveries::{self, Filter, Message};
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Value, json};
use uuid::Uuid;

fn view(message: &Message) -> Value {
    let waits = message.state == DeliveryState::Waiting;
    json!({
        "id": message.id,
        "channel": message.channel.word(),
        "event": message.event,
        "target": message.target,
        "subject": message.subject,
        "version": message.version,
        "state": message.state.word(),
        "attempts": message.attempts,
        "created_at": moment(message.created_at),
        "next_at": waits.then(|| moment(message.next_at)),
        "give_up_at": waits.then(|| moment(message.give_up_at)),
        "ended_at": message.ended_at.map(moment),
        "failure": message.failure,
    })
}

fn id(text: &str) -> Option<Uuid> {
    (text.len() == 36).then(|| Uuid::try_parse(text).ok()).flatten()
}

/// The word of an event: one of a webhook, or of a mail.
fn event(text: &str) -> Option<String> {
    EventKind::parse(text).map(|kind| kind.word().to_owned())
}

/// `GET /api/v1/deliveries`
pub(in crate::http) async fn list(
    request: HttpRequest,
    ApiCaller(caller): ApiCaller,
    door: web::Data<Door>,
) -> Result<HttpResponse, Problem> {
    let query = Query::read(&request, &["state", "channel", "webhook", "event", "since", "limit", "cursor"])?;
    let filter = Filter {
        state: query.optional("state", DeliveryState::parse)?,
        channel: query.optional("channel", Channel::parse)?,
        target: query.optional("webhook", id)?,
        event: query.optional("event", event)?,
        since: query.optional("since", query::moment)?,
    };
    let before = match query.optional("cursor", |text| Some(id(text)))? {
        None => None,
        Some(cursor) => Some(cursor.ok_or_else(|| Problem::query("cursor", "query-fault-cursor"))?),
    };
    let page = deliveries::list(&door.services, &caller, filter, before, query.limit()?).await?;
    let items: Value = page.messages.iter().map(view).collect();
    Ok(HttpResponse::Ok().json(json!({"items": items, "next_cursor": page.next})))
}

fn delivery(path: &web::Path<String>) -> Result<Uuid, Problem> {
    id(path).ok_or(Problem::new(Code::NotFound))
}

/// `GET /api/v1/deliveries/{id}`
pub(in crate::http) async fn get(
    request: HttpRequest,
    ApiCaller(caller): ApiCaller,
    door: web::Data<Door>,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    Query::read(&request, &[])?;
    let found = deliveries::get(&door.services, &caller, delivery(&path)?).await?;
    Ok(HttpResponse::Ok().json(view(&found)))
}

/// `POST /api/v1/deliveries/{id}/retry`
pub(in crate::http) async fn retry(
    request: HttpRequest,
    ApiCaller(caller): ApiCaller,
    door: web::Data<Door>,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    Query::read(&request, &[])?;
    let done = deliveries::retry(&door.services, &caller, delivery(&path)?).await?;
    Ok(HttpResponse::Ok().json(view(&done)))
}
