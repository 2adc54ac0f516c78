//! Writes what a client asked to be told of (`Subscription` of R4), and what it is told: a notification of the
//! Subscriptions R5 Backport with ids alone (<http://hl7.org/fhir/uv/subscriptions-backport/>, payload `id-only`).

use crate::fhir::read::subscription::CONTENT;
use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value as Json, json};
use uuid::Uuid;

/// What was asked for.
#[derive(Debug, Clone)]
pub struct SubscriptionInput<'a> {
    /// Id.
    pub id: Uuid,
    /// `active`, `error` or `off`.
    pub status: &'static str,
    /// What went wrong for good.
    pub error: Option<&'static str>,
    /// Why.
    pub reason: &'a str,
    /// Of what.
    pub criteria: &'a str,
    /// Where to.
    pub endpoint: &'a str,
    /// Media type of notifications.
    pub payload: Option<&'a str>,
    /// Names of the headers; values are not given back.
    pub headers: &'a [String],
    /// When it is over.
    pub end: Option<DateTime<Utc>>,
    /// Version, and since when.
    pub version: (i32, DateTime<Utc>),
}

fn instant(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// Writes it.
pub fn subscription(input: &SubscriptionInput<'_>) -> Json {
    let mut channel = json!({"type": "rest-hook", "endpoint": input.endpoint});
    if let Some(media) = input.payload {
        channel["payload"] = media.into();
        channel["_payload"] = json!({"extension": [{"url": CONTENT, "valueCode": "id-only"}]});
    }
    if !input.headers.is_empty() {
        channel["header"] = input.headers.iter().map(|name| format!("{name}: (not shown)")).collect();
    }
    let mut json = json!({
        "resourceType": "Subscription",
        "id": input.id,
        "meta": {"versionId": input.version.0.to_string(), "lastUpdated": instant(input.version.1)},
        "status": input.status,
        "reason": input.reason,
        "criteria": input.criteria,
        "channel": channel,
    });
    if let Some(error) = input.error {
        json["error"] = error.into();
    }
    if let Some(end) = input.end {
        json["end"] = instant(end).into();
    }
    json
}

/// What a receiver is told.
#[derive(Debug, Clone)]
pub struct Notification<'a> {
    /// Id of the message: the same when it is sent again.
    pub id: Uuid,
    /// The subscription.
    pub subscription: Uuid,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// Which of all that this receiver was told it is, from 1, and the response; `None`: to see whether it arrives.
    pub event: Option<(i32, Uuid)>,
    /// How the response came to be what it is: `POST` or `PUT`.
    pub method: &'a str,
}

/// Writes it as a bundle; `base` is the address of the FHIR service.
pub fn notification(base: &str, told: &Notification<'_>) -> Json {
    let own = format!("{base}/Subscription/{}", told.subscription);
    let kind = if told.event.is_some() { "event-notification" } else { "handshake" };
    let mut parameters = vec![
        json!({"name": "subscription", "valueReference": {"reference": own}}),
        json!({"name": "status", "valueCode": "active"}),
        json!({"name": "type", "valueCode": kind}),
    ];
    let mut about = Vec::new();
    if let Some((number, response)) = told.event {
        let focus = format!("{base}/QuestionnaireResponse/{response}");
        parameters.push(json!({"name": "events-since-subscription-start", "valueString": number.to_string()}));
        parameters.push(json!({"name": "notification-event", "part": [
            {"name": "event-number", "valueString": number.to_string()},
            {"name": "timestamp", "valueInstant": instant(told.at)},
            {"name": "focus", "valueReference": {"reference": focus}},
        ]}));
        let (url, status) = match told.method {
            "PUT" => (format!("QuestionnaireResponse/{response}"), "200"),
            _ => ("QuestionnaireResponse".to_owned(), "201"),
        };
        about.push(json!({"fullUrl": focus, "request": {"method": told.method, "url": url}, "response": {"status": status}}));
    }
    let status = json!({
        "fullUrl": format!("urn:uuid:{}", told.id),
        "resource": {"resourceType": "Parameters", "id": told.id, "parameter": parameters},
        "request": {"method": "GET", "url": format!("Subscription/{}", told.subscription)},
        "response": {"status": "200"},
    });
    let entries: Vec<Json> = std::iter::once(status).chain(about).collect();
    json!({"resourceType": "Bundle", "id": told.id, "type": "history", "timestamp": instant(told.at), "entry": entries})
}
