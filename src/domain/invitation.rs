//! An invitation and its life: issued → opened → started → answered | closed.
//!
//! One enum everywhere (database, API, FHIR). Transitions consume the state. There are three ways back:
//! from *declined*, because a person may change their mind until the time to answer is over; from
//! *locked* by a new letter; and from *expired*, when the visit is moved and there is time again.

use chrono::{DateTime, Duration, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

/// Why an invitation is closed without an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClosedReason {
    /// The time to answer is over.
    Expired,
    /// Taken back by the unit or the letter system.
    Revoked,
    /// The patient does not want to answer.
    Declined,
    /// Ten wrong birth dates.
    Locked,
}

/// Where an invitation is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum InvitationState {
    /// Made; nobody has identified themselves.
    Issued,
    /// Somebody has identified themselves with the birth date.
    Opened,
    /// Something has been saved.
    Started,
    /// Answers are handed in.
    Answered,
    /// Ended without answers.
    Closed(ClosedReason),
}

/// A transition that the state does not allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the invitation is {}", .0.word())]
pub struct NotPossible(pub InvitationState);

impl InvitationState {
    /// The word of the state on the wire and in the database.
    pub fn word(self) -> &'static str {
        match self {
            Self::Issued => "issued",
            Self::Opened => "opened",
            Self::Started => "started",
            Self::Answered => "answered",
            Self::Closed(_) => "closed",
        }
    }

    /// The word of the reason, where it is closed.
    pub fn reason_word(self) -> Option<&'static str> {
        match self {
            Self::Closed(ClosedReason::Expired) => Some("expired"),
            Self::Closed(ClosedReason::Revoked) => Some("revoked"),
            Self::Closed(ClosedReason::Declined) => Some("declined"),
            Self::Closed(ClosedReason::Locked) => Some("locked"),
            _ => None,
        }
    }

    /// Reads the two words.
    pub fn parse(state: &str, reason: Option<&str>) -> Option<Self> {
        match (state, reason) {
            ("issued", None) => Some(Self::Issued),
            ("opened", None) => Some(Self::Opened),
            ("started", None) => Some(Self::Started),
            ("answered", None) => Some(Self::Answered),
            ("closed", Some("expired")) => Some(Self::Closed(ClosedReason::Expired)),
            ("closed", Some("revoked")) => Some(Self::Closed(ClosedReason::Revoked)),
            ("closed", Some("declined")) => Some(Self::Closed(ClosedReason::Declined)),
            ("closed", Some("locked")) => Some(Self::Closed(ClosedReason::Locked)),
            _ => None,
        }
    }

    /// Identified with the birth date.
    pub fn open(self) -> Result<Self, NotPossible> {
        match self {
            Self::Issued => Ok(Self::Opened),
            Self::Opened | Self::Started | Self::Answered | Self::Closed(ClosedReason::Declined) => Ok(self),
            Self::Closed(_) => Err(NotPossible(self)),
        }
    }

    /// Something was saved. An answered invitation stays answered: saving then prepares an amendment.
    pub fn save(self) -> Result<Self, NotPossible> {
        match self {
            Self::Issued | Self::Opened | Self::Started | Self::Closed(ClosedReason::Declined) => Ok(Self::Started),
            Self::Answered => Ok(Self::Answered),
            Self::Closed(_) => Err(NotPossible(self)),
        }
    }

    /// Answers were handed in, by the holder or by staff from paper.
    pub fn answer(self) -> Result<Self, NotPossible> {
        match self {
            Self::Issued | Self::Opened | Self::Started | Self::Answered | Self::Closed(ClosedReason::Declined) => Ok(Self::Answered),
            Self::Closed(_) => Err(NotPossible(self)),
        }
    }

    /// The patient does not want to answer.
    pub fn decline(self) -> Result<Self, NotPossible> {
        match self {
            Self::Issued | Self::Opened | Self::Started | Self::Closed(ClosedReason::Declined) => Ok(Self::Closed(ClosedReason::Declined)),
            Self::Answered | Self::Closed(_) => Err(NotPossible(self)),
        }
    }

    /// Taken back. Repeating it changes nothing.
    pub fn revoke(self) -> Result<Self, NotPossible> {
        match self {
            Self::Issued
            | Self::Opened
            | Self::Started
            | Self::Closed(ClosedReason::Declined | ClosedReason::Revoked | ClosedReason::Locked) => {
                Ok(Self::Closed(ClosedReason::Revoked))
            }
            Self::Answered | Self::Closed(ClosedReason::Expired) => Err(NotPossible(self)),
        }
    }

    /// The time to answer is over.
    pub fn expire(self) -> Result<Self, NotPossible> {
        match self {
            Self::Issued | Self::Opened | Self::Started => Ok(Self::Closed(ClosedReason::Expired)),
            Self::Answered | Self::Closed(_) => Err(NotPossible(self)),
        }
    }

    /// Ten wrong birth dates. An answered one keeps its answers and its state; its link no longer opens.
    #[must_use]
    pub fn lock(self) -> Self {
        match self {
            Self::Issued | Self::Opened | Self::Started | Self::Closed(ClosedReason::Declined) => Self::Closed(ClosedReason::Locked),
            Self::Answered | Self::Closed(_) => self,
        }
    }

    /// A new link and code. Only what still can be answered, and what was locked, gets one.
    pub fn reissue(self) -> Result<Self, NotPossible> {
        match self {
            Self::Issued | Self::Opened | Self::Started | Self::Answered | Self::Closed(ClosedReason::Declined) => Ok(self),
            Self::Closed(ClosedReason::Locked) => Ok(Self::Issued),
            Self::Closed(ClosedReason::Expired | ClosedReason::Revoked) => Err(NotPossible(self)),
        }
    }

    /// The visit was moved, and there is time to answer again. The draft went when it expired, so it is
    /// as it was when it was issued; the same letter opens it.
    pub fn renew(self) -> Result<Self, NotPossible> {
        match self {
            Self::Closed(ClosedReason::Expired) => Ok(Self::Issued),
            _ => Err(NotPossible(self)),
        }
    }

    /// The visit was cancelled: what has not been answered is taken back. Answers stay; `None`: as it was.
    pub fn cancel(self) -> Option<Self> {
        self.revoke().ok().filter(|to| *to != self)
    }

    /// Printed with its code. Only what still can be answered, and has not been.
    pub fn print(self) -> Result<(), NotPossible> {
        match self {
            Self::Issued | Self::Opened | Self::Started | Self::Closed(ClosedReason::Declined) => Ok(()),
            Self::Answered | Self::Closed(_) => Err(NotPossible(self)),
        }
    }
}

/// How long a link may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Answering is possible before this instant.
    pub answer_until: DateTime<Utc>,
    /// Amending is possible before this instant.
    pub amend_until: DateTime<Utc>,
}

/// Default window: until the visit starts; without a visit 30 days after `due_on` (or after
/// issuing, where no date is known), amendable 7 days longer.
pub fn window(now: DateTime<Utc>, visit: Option<DateTime<Utc>>, due_on: Option<NaiveDate>, answer_until: Option<DateTime<Utc>>) -> Window {
    let due = due_on.map_or(now, crate::domain::clock::oslo_day_start);
    match (visit, answer_until) {
        (Some(start), asked) => Window { answer_until: asked.map_or(start, |at| at.min(start)), amend_until: start },
        (None, asked) => {
            let until = asked.unwrap_or(due + Duration::days(30));
            Window { answer_until: until, amend_until: until + Duration::days(7) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [InvitationState; 8] = [
        InvitationState::Issued,
        InvitationState::Opened,
        InvitationState::Started,
        InvitationState::Answered,
        InvitationState::Closed(ClosedReason::Expired),
        InvitationState::Closed(ClosedReason::Revoked),
        InvitationState::Closed(ClosedReason::Declined),
        InvitationState::Closed(ClosedReason::Locked),
    ];

    #[test]
    fn words_round_trip() {
        for state in ALL {
            assert_eq!(InvitationState::parse(state.word(), state.reason_word()), Some(state));
        }
    }

    #[test]
    fn terminal_states_stay_terminal() {
        for state in [InvitationState::Closed(ClosedReason::Expired), InvitationState::Closed(ClosedReason::Revoked)] {
            for next in [state.open(), state.save(), state.answer(), state.decline(), state.expire(), state.reissue()] {
                assert_eq!(next, Err(NotPossible(state)));
            }
            assert_eq!(state.lock(), state);
        }
        for next in [
            InvitationState::Answered.open(),
            InvitationState::Answered.save(),
            InvitationState::Answered.answer(),
            Ok(InvitationState::Answered.lock()),
        ] {
            assert_eq!(next, Ok(InvitationState::Answered), "an answer is never un-answered");
        }
        assert!(
            InvitationState::Answered.expire().is_err()
                && InvitationState::Answered.revoke().is_err()
                && InvitationState::Answered.decline().is_err()
        );
    }

    #[test]
    fn a_declined_person_may_change_their_mind() {
        let declined = InvitationState::Started.decline();
        assert_eq!(declined.and_then(InvitationState::save), Ok(InvitationState::Started));
    }

    #[test]
    fn only_what_expired_is_renewed_and_only_what_is_unanswered_is_cancelled() {
        for state in ALL {
            let expired = state == InvitationState::Closed(ClosedReason::Expired);
            assert_eq!(state.renew().is_ok(), expired, "{state:?}");
            let stays = matches!(state, InvitationState::Answered | InvitationState::Closed(ClosedReason::Expired | ClosedReason::Revoked));
            let to = (!stays).then_some(InvitationState::Closed(ClosedReason::Revoked));
            assert_eq!(state.cancel(), to, "{state:?}");
        }
        assert_eq!(InvitationState::Closed(ClosedReason::Expired).renew().and_then(InvitationState::answer), Ok(InvitationState::Answered));
    }

    #[test]
    fn windows_end_with_the_visit() {
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap_or_default();
        let visit = now + Duration::days(3);
        let asked = window(now, Some(visit), None, Some(now + Duration::days(9)));
        assert_eq!((asked.answer_until, asked.amend_until), (visit, visit));
        let free = window(now, None, None, None);
        assert_eq!(free.amend_until - free.answer_until, Duration::days(7));
    }
}
