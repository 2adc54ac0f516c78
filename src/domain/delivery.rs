//! Delivery of what goes out: by which way, how far it is, and when it is tried again.

use chrono::Duration;

/// By which way a message goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Channel {
    /// E-mail.
    Mail,
    /// A webhook of another system.
    Webhook,
}

impl Channel {
    /// Every channel.
    pub const ALL: [Self; 2] = [Self::Mail, Self::Webhook];

    /// The word on the wire and in the database.
    pub fn word(self) -> &'static str {
        match self {
            Self::Mail => "mail",
            Self::Webhook => "webhook",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|channel| channel.word() == word)
    }
}

/// How far a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DeliveryState {
    /// It is to be sent, now or later.
    Waiting,
    /// It was taken over by the other side.
    Sent,
    /// It was tried for as long as it is tried.
    Dead,
    /// There was no reason left to send it.
    Dropped,
}

impl DeliveryState {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::Waiting, Self::Sent, Self::Dead, Self::Dropped];

    /// The word on the wire and in the database.
    pub fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Sent => "sent",
            Self::Dead => "dead",
            Self::Dropped => "dropped",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }
}

/// How long a message is tried before it is dead, days.
pub const TRIED_DAYS: i64 = 3;
/// Longest wait after the first failure, seconds; twice that after the next, and so on.
const FIRST_SECONDS: i64 = 10;
/// The wait does not grow beyond this, seconds.
const LONGEST_SECONDS: i64 = 4 * 60 * 60;

/// How long to wait after so many failures in a row: exponential, with full jitter, so that what failed
/// together does not come back together. `random` is any number.
pub fn wait(failures: u32, random: u64) -> Duration {
    let bound =
        FIRST_SECONDS.saturating_mul(1_i64.checked_shl(failures.saturating_sub(1).min(20)).unwrap_or(i64::MAX)).min(LONGEST_SECONDS);
    let millis = u64::try_from(bound * 1000).unwrap_or(1);
    Duration::milliseconds(i64::try_from(random % (millis + 1)).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_round_trip() {
        assert!(Channel::ALL.into_iter().all(|channel| Channel::parse(channel.word()) == Some(channel)));
        assert!(DeliveryState::ALL.into_iter().all(|state| DeliveryState::parse(state.word()) == Some(state)));
    }

    #[test]
    fn waits_grow_up_to_a_bound_and_are_spread_from_nought() {
        for (failures, bound) in [(0, 10), (1, 10), (2, 20), (3, 40), (11, 10_240), (12, 14_400), (400, 14_400)] {
            assert_eq!(wait(failures, bound * 1000).num_seconds(), i64::try_from(bound).unwrap_or(0), "{failures}");
            assert_eq!(wait(failures, bound * 1000 + 1).num_seconds(), 0, "{failures}");
            assert_eq!(wait(failures, 0), Duration::zero());
        }
    }
}
