//! Reads what a client asks to be told of: `Subscription` of R4 with the channel `rest-hook`
//! (<https://hl7.org/fhir/R4/subscription.html>).

use super::parameters::Fault;
use crate::domain::event::EventKind;
use chrono::{DateTime, Utc};
use serde_json::{Map, Value as Json};
use std::collections::BTreeSet;

/// Says that a notification holds ids and nothing else (Subscriptions R5 Backport).
pub const CONTENT: &str = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-payload-content";
/// Media types that a notification can have.
const MEDIA: [&str; 2] = ["application/fhir+json", "application/json"];
/// Longest reason, characters.
const REASON: usize = 500;
/// Most headers, and the longest one, characters.
const HEADERS: (usize, usize) = (5, 2000);

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Why, in the client's words.
    pub reason: String,
    /// The search that what is told of fits.
    pub criteria: String,
    /// What fits it.
    pub events: BTreeSet<EventKind>,
    /// Where to.
    pub endpoint: String,
    /// Media type of notifications; `None`: they have no body.
    pub payload: Option<String>,
    /// Headers that the receiver knows its callers by, as name and value.
    pub headers: Vec<(String, String)>,
    /// When it is over.
    pub end: Option<DateTime<Utc>>,
}

/// Reads it. What notifications hold must be said to be ids: whole resources are never sent.
pub fn subscription(body: &Json, now: DateTime<Utc>) -> Result<Wanted, Fault> {
    let known = ["resourceType", "id", "meta", "language", "text", "contact", "status", "reason", "criteria", "channel", "end"];
    let object = members(Some(body), &known, "Subscription")?;
    if object.get("resourceType").and_then(Json::as_str) != Some("Subscription") {
        return Err(Fault("Subscription"));
    }
    if object.get("status").and_then(Json::as_str) != Some("requested") {
        return Err(Fault("Subscription.status"));
    }
    let text = |name: &str| object.get(name).and_then(Json::as_str).map(str::trim).filter(|text| !text.is_empty());
    let reason = text("reason").filter(|text| text.chars().count() <= REASON && !text.contains(char::is_control));
    let reason = reason.ok_or(Fault("Subscription.reason"))?.to_owned();
    let criteria = text("criteria").ok_or(Fault("Subscription.criteria"))?.to_owned();
    let events = events(&criteria).ok_or(Fault("Subscription.criteria"))?;

    let channel = members(object.get("channel"), &["type", "endpoint", "payload", "_payload", "header"], "Subscription.channel")?;
    if channel.get("type").and_then(Json::as_str) != Some("rest-hook") {
        return Err(Fault("Subscription.channel.type"));
    }
    let endpoint = channel.get("endpoint").and_then(Json::as_str).ok_or(Fault("Subscription.channel.endpoint"))?.to_owned();
    let end = match object.get("end") {
        None => None,
        Some(end) => Some(moment(end).filter(|end| *end > now).ok_or(Fault("Subscription.end"))?),
    };
    Ok(Wanted { reason, criteria, events, endpoint, payload: payload(channel)?, headers: headers(channel.get("header"))?, end })
}

fn members<'a>(json: Option<&'a Json>, known: &[&str], place: &'static str) -> Result<&'a Map<String, Json>, Fault> {
    let object = json.and_then(Json::as_object).ok_or(Fault(place))?;
    if object.keys().all(|name| known.contains(&name.as_str())) { Ok(object) } else { Err(Fault(place)) }
}

fn moment(json: &Json) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(json.as_str()?).ok().map(|at| at.with_timezone(&Utc))
}

/// What happens to responses that fit a search: handed in, changed, or both.
fn events(criteria: &str) -> Option<BTreeSet<EventKind>> {
    let all = [("completed", EventKind::ResponseSubmitted), ("amended", EventKind::ResponseAmended)];
    let query = criteria.strip_prefix("QuestionnaireResponse")?;
    if query.is_empty() || query == "?" {
        return Some(all.into_iter().map(|(_, kind)| kind).collect());
    }
    let words = query.strip_prefix("?status=")?.split(',');
    words.map(|word| all.into_iter().find(|(own, _)| *own == word).map(|(_, kind)| kind)).collect()
}

/// The media type, where it is said that ids are all that is wanted.
fn payload(channel: &Map<String, Json>) -> Result<Option<String>, Fault> {
    const PLACE: Fault = Fault("Subscription.channel.payload");
    let Some(payload) = channel.get("payload") else {
        return if channel.contains_key("_payload") { Err(PLACE) } else { Ok(None) };
    };
    let media = payload.as_str().filter(|media| MEDIA.contains(media)).ok_or(PLACE)?;
    let extensions = channel.get("_payload").and_then(|more| more["extension"].as_array()).ok_or(PLACE)?;
    match extensions.as_slice() {
        [one] if one["url"] == CONTENT && one["valueCode"] == "id-only" => Ok(Some(media.to_owned())),
        _ => Err(PLACE),
    }
}

/// `Authorization` and names that begin with `X-`: what else there is of headers belongs to the request.
fn headers(list: Option<&Json>) -> Result<Vec<(String, String)>, Fault> {
    const PLACE: Fault = Fault("Subscription.channel.header");
    let Some(list) = list else { return Ok(Vec::new()) };
    let lines = list.as_array().filter(|lines| (1..=HEADERS.0).contains(&lines.len())).ok_or(PLACE)?;
    let mut all: Vec<(String, String)> = Vec::new();
    for line in lines {
        let line = line.as_str().filter(|line| line.len() <= HEADERS.1 && line.bytes().all(|b| (b' '..=b'~').contains(&b))).ok_or(PLACE)?;
        let (name, value) = line.split_once(':').ok_or(PLACE)?;
        let (name, value) = (name.trim().to_ascii_lowercase(), value.trim());
        let own = name == "authorization" || name.strip_prefix("x-").is_some_and(|rest| !rest.is_empty());
        let sound = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') && !value.is_empty();
        if !own || !sound || all.iter().any(|(other, _)| *other == name) {
            return Err(PLACE);
        }
        all.push((name, value.to_owned()));
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn whole() -> Json {
        json!({
            "resourceType": "Subscription", "status": "requested", "reason": "Svar til journalen",
            "criteria": "QuestionnaireResponse?status=completed", "end": "2027-01-01T00:00:00Z",
            "channel": {
                "type": "rest-hook", "endpoint": "https://ehr.example/told", "payload": "application/fhir+json",
                "_payload": {"extension": [{"url": CONTENT, "valueCode": "id-only"}]}, "header": ["Authorization: Bearer abc", "X-Route: 7"],
            },
        })
    }

    fn read(body: &Json) -> Result<Wanted, Fault> {
        subscription(body, DateTime::UNIX_EPOCH + chrono::TimeDelta::days(20_000))
    }

    #[test]
    fn what_is_asked_for_is_read() {
        let wanted = read(&whole());
        assert!(wanted.as_ref().is_ok_and(|wanted| wanted.events == BTreeSet::from([EventKind::ResponseSubmitted])));
        assert!(
            wanted.is_ok_and(|wanted| wanted.headers == [("authorization".into(), "Bearer abc".into()), ("x-route".into(), "7".into())])
        );
        let mut both = whole();
        both["criteria"] = "QuestionnaireResponse".into();
        both["channel"] = json!({"type": "rest-hook", "endpoint": "https://ehr.example/told"});
        assert!(read(&both).is_ok_and(|wanted| wanted.events.len() == 2 && wanted.payload.is_none()));
    }

    #[test]
    fn what_does_not_fit_is_named() {
        for (pointer, value, place) in [
            ("/resourceType", json!("Patient"), "Subscription"),
            ("/colour", json!("red"), "Subscription"),
            ("/status", json!("active"), "Subscription.status"),
            ("/reason", json!(" "), "Subscription.reason"),
            ("/reason", json!("x".repeat(501)), "Subscription.reason"),
            ("/criteria", json!("Patient"), "Subscription.criteria"),
            ("/criteria", json!("QuestionnaireResponse?status=stopped"), "Subscription.criteria"),
            ("/criteria", json!("QuestionnaireResponse?patient=1"), "Subscription.criteria"),
            ("/end", json!("2020-01-01T00:00:00Z"), "Subscription.end"),
            ("/end", json!("tomorrow"), "Subscription.end"),
            ("/channel", json!("rest-hook"), "Subscription.channel"),
            ("/channel/type", json!("email"), "Subscription.channel.type"),
            ("/channel/endpoint", json!(7), "Subscription.channel.endpoint"),
            ("/channel/payload", json!("text/plain"), "Subscription.channel.payload"),
            ("/channel/_payload", json!({}), "Subscription.channel.payload"),
            ("/channel/_payload/extension/0/valueCode", json!("full-resource"), "Subscription.channel.payload"),
            ("/channel/header/0", json!("Host: elsewhere"), "Subscription.channel.header"),
            ("/channel/header/0", json!("X-Route: 8"), "Subscription.channel.header"),
            ("/channel/header/0", json!("X-Other: a\r\nHost: b"), "Subscription.channel.header"),
            ("/channel/header/0", json!("Authorization"), "Subscription.channel.header"),
        ] {
            let mut body = whole();
            if let Some(at) = body.pointer_mut(pointer) {
                *at = value;
            } else if let Some(object) = body.as_object_mut() {
                object.insert(pointer.trim_start_matches('/').to_owned(), value);
            }
            assert_eq!(read(&body), Err(Fault(place)), "{pointer}");
        }
        let mut unsaid = whole();
        unsaid["channel"].as_object_mut().and_then(|channel| channel.remove("_payload"));
        assert_eq!(read(&unsaid), Err(Fault("Subscription.channel.payload")), "a resource is never sent");
    }
}
