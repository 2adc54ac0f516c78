//! Who needs most comes first: the order of the worklist, with the reason in a code.

use crate::domain::invitation::{ClosedReason, InvitationState};
use crate::domain::summary::Wish;
use serde::Serialize;

/// What the worklist knows about one row.
#[derive(Debug, Clone, Copy, Default)]
pub struct Signals {
    /// State of the invitation; `None`: not sent.
    pub state: Option<InvitationState>,
    /// Score at or above the threshold.
    pub over_threshold: bool,
    /// Wish for follow-up.
    pub wish: Option<Wish>,
    /// No clinician has reviewed the newest version.
    pub unread: bool,
}

/// Why a row stands where it stands; the order of the variants is the order of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// High score and wants follow-up.
    OverThresholdWantsFollowUp,
    /// Wants follow-up.
    WantsFollowUp,
    /// High score.
    OverThreshold,
    /// Perhaps wants follow-up.
    MaybeFollowUp,
    /// Could not open the link: ten wrong birth dates. Needs a call.
    Locked,
    /// Answered, nobody has read it.
    Unread,
    /// Answered and read.
    Answered,
    /// Sent, not answered.
    NotAnswered,
    /// Nothing was ever sent.
    NotSent,
    /// Does not want to answer.
    Declined,
    /// The patient has been erased.
    Erased,
}

impl Reason {
    /// Every reason in order.
    pub const ALL: [Self; 11] = [
        Self::OverThresholdWantsFollowUp,
        Self::WantsFollowUp,
        Self::OverThreshold,
        Self::MaybeFollowUp,
        Self::Locked,
        Self::Unread,
        Self::Answered,
        Self::NotAnswered,
        Self::NotSent,
        Self::Declined,
        Self::Erased,
    ];

    /// The code on the wire.
    pub fn word(self) -> &'static str {
        match self {
            Self::OverThresholdWantsFollowUp => "over-threshold-wants-follow-up",
            Self::WantsFollowUp => "wants-follow-up",
            Self::OverThreshold => "over-threshold",
            Self::MaybeFollowUp => "maybe-follow-up",
            Self::Locked => "locked",
            Self::Unread => "unread",
            Self::Answered => "answered",
            Self::NotAnswered => "not-answered",
            Self::NotSent => "not-sent",
            Self::Declined => "declined",
            Self::Erased => "erased",
        }
    }
}

/// The reason for one row. Ranks by the wish for follow-up as well as by the score: a third of the
/// patients are distressed, a tenth want help.
pub fn reason(signals: Signals) -> Reason {
    match signals.state {
        None => Reason::NotSent,
        Some(InvitationState::Answered) => answered(signals),
        Some(InvitationState::Closed(ClosedReason::Locked)) => Reason::Locked,
        Some(InvitationState::Closed(ClosedReason::Declined)) => Reason::Declined,
        Some(_) => Reason::NotAnswered,
    }
}

fn answered(signals: Signals) -> Reason {
    match (signals.over_threshold, signals.wish) {
        (true, Some(Wish::Yes)) => Reason::OverThresholdWantsFollowUp,
        (false, Some(Wish::Yes)) => Reason::WantsFollowUp,
        (true, _) => Reason::OverThreshold,
        (false, Some(Wish::Maybe)) => Reason::MaybeFollowUp,
        (false, _) if signals.unread => Reason::Unread,
        (false, _) => Reason::Answered,
    }
}
