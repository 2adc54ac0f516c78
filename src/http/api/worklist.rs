//! The worklist.

use super::{moment, state};
use crate::domain::ids::UnitId;
use crate::http::extract::{ApiCaller, Door, Reader};
use crate::http::problem::{Code, Problem};
use crate::http::query::{Query, date};
use crate::services::worklist::{self, RowView};
use crate::text;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Value, json};

fn row(row: &RowView, language: &crate::domain::language::Language) -> Value {
    let appointment = row.visit.as_ref().map(
        |visit| json!({"id": visit.id, "external_id": visit.external_id, "starts_at": moment(visit.starts_at), "status": visit.status}),
    );
    let invitation = row.invitation.as_ref().map(|invitation| {
        let (word, reason) = state(invitation.state);
        json!({"id": invitation.id, "state": word, "closed_reason": reason, "sent": invitation.sent, "flagged": invitation.flagged})
    });
    let response = row.response.as_ref().map(|response| {
        json!({
            "id": response.id,
            "version": response.version,
            "submitted_at": moment(response.submitted_at),
            "amended": response.version > 1,
            "unread": response.unread,
        })
    });
    let burdens: Value = row.burdens_most.iter().map(|one| json!({"code": one.code, "display": one.display})).collect();
    let reason = row.reason.word();
    json!({
        "appointment": appointment,
        "due_on": row.due_on,
        "patient": {
            "id": row.patient,
            "name": row.person.as_ref().map(|person| &person.name),
            "birth_date": row.person.as_ref().map(|person| person.birth_date),
        },
        "invitation": invitation,
        "response": response,
        "score": row.score,
        "over_threshold": row.over_threshold,
        "follow_up_wish": row.wish,
        "problem_count": row.problem_count,
        "burdens_most": burdens,
        "reason": {"code": reason, "text": text::words(language, &format!("reason-{reason}"), &[])},
    })
}

/// `GET /api/v1/worklist`
pub(in crate::http) async fn list(
    request: HttpRequest,
    ApiCaller(caller): ApiCaller,
    door: web::Data<Door>,
    Reader(reader): Reader,
) -> Result<HttpResponse, Problem> {
    let query = Query::read(&request, &["unit", "from", "to", "limit", "cursor"])?;
    let unit = query.required("unit", |text| Some(UnitId::parse(text)))?;
    let (from, to) = (query.required("from", date)?, query.required("to", date)?);
    let asked = worklist::Query {
        unit: unit.ok_or(Problem::new(Code::NotFound))?,
        from,
        to,
        limit: query.limit()?,
        cursor: query.optional("cursor", |text| (!text.is_empty() && text.len() <= 512).then(|| text.to_owned()))?,
        language: reader.language.clone(),
    };
    let id = asked.unit;
    let page = worklist::list(&door.services, &caller, asked).await?;
    let items: Value = page.rows.iter().map(|one| row(one, &reader.language)).collect();
    Ok(HttpResponse::Ok().json(json!({
        "unit": {"id": id, "name": page.unit_name},
        "from": from,
        "to": to,
        "threshold": page.threshold,
        "items": items,
        "next_cursor": page.next,
    })))
}
