//! Handlers of `/api/v1`, by resource, and the shapes they answer with.

pub(super) mod access_log;
pub(super) mod appointments;
pub(super) mod deliveries;
pub(super) mod invitations;
pub(super) mod letters;
pub(super) mod patients;
pub(super) mod questionnaires;
pub(super) mod representatives;
pub(super) mod responses;
pub(super) mod session;
pub(super) mod statistics;
pub(super) mod worklist;

use crate::domain::invitation::InvitationState;
use crate::services::holder::Place;
use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

/// A moment as RFC 3339 in UTC, microseconds at most.
fn moment(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

fn state(state: InvitationState) -> (Value, Value) {
    (state.word().into(), state.reason_word().into())
}

fn place(place: &Place) -> Value {
    json!({"name": place.name, "phone": place.phone})
}

fn visit(starts_at: Option<DateTime<Utc>>) -> Value {
    starts_at.map_or(Value::Null, |at| json!({"starts_at": moment(at)}))
}

fn form_ref(name: &str, version: &str) -> Value {
    json!({"name": name, "version": version})
}
