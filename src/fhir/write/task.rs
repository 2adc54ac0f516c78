//! Writes an invitation as a `Task` of R4, as SDC does it: to complete a questionnaire.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

use super::party::{Party, coding, instant};
use crate::domain::invitation::{ClosedReason, InvitationState};
use crate::fhir::urls;

/// An invitation.
#[derive(Debug, Clone)]
pub struct TaskInput<'a> {
    /// Id.
    pub id: Uuid,
    /// Where it is in its life.
    pub state: InvitationState,
    /// Whose.
    pub patient: Uuid,
    /// The unit that asks.
    pub unit: &'a Party,
    /// Before which visit.
    pub appointment: Option<Uuid>,
    /// Canonical address of the form with its version.
    pub questionnaire: &'a str,
    /// Its response.
    pub response: Option<Uuid>,
    /// Issued.
    pub created_at: DateTime<Utc>,
    /// First use and end of it.
    pub used: (Option<DateTime<Utc>>, Option<DateTime<Utc>>),
    /// Answering ends.
    pub answer_until: DateTime<Utc>,
    /// Where other form fillers send the answers, while there can be any.
    pub endpoints: &'a [String],
}

/// Status of R4.
pub fn task_status(state: InvitationState) -> &'static str {
    match state {
        InvitationState::Issued => "requested",
        InvitationState::Opened => "received",
        InvitationState::Started => "in-progress",
        InvitationState::Answered => "completed",
        InvitationState::Closed(ClosedReason::Declined) => "rejected",
        InvitationState::Closed(ClosedReason::Revoked) => "cancelled",
        InvitationState::Closed(ClosedReason::Expired | ClosedReason::Locked) => "failed",
    }
}

/// The state in the words of the product.
pub fn business_status(state: InvitationState) -> &'static str {
    state.reason_word().unwrap_or(state.word())
}

/// Writes it; the state in the words of the product stands beside the status of R4.
pub fn task(input: &TaskInput<'_>) -> Json {
    let mut object = Map::new();
    object.insert("resourceType".into(), "Task".into());
    object.insert("id".into(), input.id.to_string().into());
    object.insert("status".into(), task_status(input.state).into());
    let state = business_status(input.state);
    object.insert("businessStatus".into(), json!({"coding": [coding("invitation-state", state)]}));
    object.insert("intent".into(), "order".into());
    object.insert("code".into(), sdc("complete-questionnaire"));
    object.insert("for".into(), json!({"reference": format!("Patient/{}", input.patient)}));
    let (start, end) = input.used;
    if let Some(start) = start {
        let mut period = json!({"start": instant(start)});
        if let (Some(period), Some(end)) = (period.as_object_mut(), end.filter(|end| *end >= start)) {
            period.insert("end".into(), instant(end));
        }
        object.insert("executionPeriod".into(), period);
    }
    object.insert("authoredOn".into(), instant(input.created_at));
    object.insert("requester".into(), input.unit.reference());
    // Who is asked to answer, by whatever means.
    object.insert("owner".into(), json!({"reference": format!("Patient/{}", input.patient)}));
    if let Some(appointment) = input.appointment {
        object.insert("reasonReference".into(), json!({"reference": format!("Appointment/{appointment}")}));
    }
    object.insert("restriction".into(), json!({"period": {"end": instant(input.answer_until)}}));
    let form = json!({"type": sdc("questionnaire"), "valueCanonical": input.questionnaire});
    let endpoints = input.endpoints.iter().map(|url| json!({"type": sdc("response-endpoint"), "valueUrl": url}));
    object.insert("input".into(), std::iter::once(form).chain(endpoints).collect());
    if let Some(response) = input.response {
        let reference = json!({"reference": format!("QuestionnaireResponse/{response}")});
        object.insert("output".into(), json!([{"type": sdc("questionnaire-response"), "valueReference": reference}]));
    }
    Json::Object(object)
}

fn sdc(code: &str) -> Json {
    json!({"coding": [{"system": urls::SDC_TEMPORARY, "code": code}]})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_has_a_status_of_r4() {
        let known = ["requested", "received", "in-progress", "completed", "rejected", "cancelled", "failed"];
        for (state, reason) in [("issued", None), ("opened", None), ("started", None), ("answered", None)]
            .into_iter()
            .chain(["expired", "revoked", "declined", "locked"].map(|reason| ("closed", Some(reason))))
        {
            let state = InvitationState::parse(state, reason).expect("state");
            assert!(known.contains(&task_status(state)), "{state:?}");
        }
    }
}
