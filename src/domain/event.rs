//! What happens to an invitation that another system may want to be told of.
//!
//! To add a kind: a variant and its word here, the call of `services::events::announce` where it
//! happens, its row in `docs/integrating.md`.

use crate::domain::ids::{InvitationId, OrganizationId, ResponseId, UnitId};

/// A kind of event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EventKind {
    /// An invitation was issued.
    InvitationIssued,
    /// It is time to tell the patient of it.
    NoticeDue,
    /// It is time to remind the patient.
    ReminderDue,
    /// An invitation was taken back.
    InvitationRevoked,
    /// The time to answer is over and nothing was handed in.
    InvitationExpired,
    /// The patient does not want to answer.
    InvitationDeclined,
    /// Answers were handed in.
    ResponseSubmitted,
    /// Answers were changed: a new version.
    ResponseAmended,
    /// The visit has another time.
    AppointmentMoved,
    /// The visit was cancelled.
    AppointmentCancelled,
}

impl EventKind {
    /// Every kind.
    pub const ALL: [Self; 10] = [
        Self::InvitationIssued,
        Self::NoticeDue,
        Self::ReminderDue,
        Self::InvitationRevoked,
        Self::InvitationExpired,
        Self::InvitationDeclined,
        Self::ResponseSubmitted,
        Self::ResponseAmended,
        Self::AppointmentMoved,
        Self::AppointmentCancelled,
    ];

    /// The word on the wire and in the database.
    pub fn word(self) -> &'static str {
        match self {
            Self::InvitationIssued => "invitation.issued",
            Self::NoticeDue => "invitation.notice_due",
            Self::ReminderDue => "invitation.reminder_due",
            Self::InvitationRevoked => "invitation.revoked",
            Self::InvitationExpired => "invitation.expired",
            Self::InvitationDeclined => "invitation.declined",
            Self::ResponseSubmitted => "response.submitted",
            Self::ResponseAmended => "response.amended",
            Self::AppointmentMoved => "appointment.moved",
            Self::AppointmentCancelled => "appointment.cancelled",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

/// Something that happened: ids only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// The tenant.
    pub organization: OrganizationId,
    /// The unit that asks.
    pub unit: UnitId,
    /// What.
    pub kind: EventKind,
    /// To which invitation.
    pub invitation: InvitationId,
    /// The response and its version, where it is about one.
    pub response: Option<(ResponseId, i32)>,
    /// What tells it from another of its kind about the same thing; empty where there is one only. An
    /// event that is announced again with the same is not told again.
    pub occasion: String,
}

impl Event {
    /// An event about an invitation.
    pub fn new(kind: EventKind, organization: OrganizationId, unit: UnitId, invitation: InvitationId) -> Self {
        Self { organization, unit, kind, invitation, response: None, occasion: String::new() }
    }

    /// The same about a version of a response.
    #[must_use]
    pub fn about(self, response: ResponseId, version: i32) -> Self {
        Self { response: Some((response, version)), ..self }
    }

    /// The same, one of several of its kind.
    #[must_use]
    pub fn on(self, occasion: String) -> Self {
        Self { occasion, ..self }
    }

    /// The row it is about: the response, else the invitation.
    pub fn subject(&self) -> uuid::Uuid {
        self.response.map_or(self.invitation.0, |(response, _)| response.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_round_trip_and_none_is_a_part_of_another() {
        for kind in EventKind::ALL {
            assert_eq!(EventKind::parse(kind.word()), Some(kind));
            assert!(EventKind::ALL.into_iter().all(|other| other == kind || !other.word().contains(kind.word())), "{}", kind.word());
        }
        assert_eq!(EventKind::parse("invitation"), None);
    }
}
