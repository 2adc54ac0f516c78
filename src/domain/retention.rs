//! How long data is kept, by kind: the product's own times, what an organization may choose, and from
//! when on something is past its time.
//!
//! To add a kind: a variant of [`Kind`] with its words and limits here, what is deleted in
//! `src/storage/retention.rs`, a step in `src/services/enforce_retention.rs`, a row in
//! `docs/data-retention.md`.

use chrono::{DateTime, Duration, Utc};
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

/// What is kept for a time of its own. Messages that wait to be sent come with sending; until then
/// there are none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Answers under way. They always go when they can be neither handed in nor changed any more; a
    /// time of its own, counted from the last save, lets forgotten ones go before.
    Draft,
    /// Answers handed in, with every version and review. Counted from the last version, the visit and
    /// the end of changing, whichever is latest.
    Response,
    /// Invitations without a response, with what opened them, and visits with nothing left on them.
    /// Counted from the last moment at which the invitation could be used, or from the visit.
    Invitation,
    /// Address and phone for notices, and who may answer in the patient's place. Counted from the patient's
    /// last visit or invitation.
    Contact,
    /// The access log. Counted from the entry.
    Log,
    /// Counters of wrong attempts at links and codes that open nothing any more. Counted from the last
    /// attempt.
    Attempts,
}

/// How long a kind is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// Until somebody decides otherwise.
    Always,
    /// So many days.
    Days(u32),
}

impl std::fmt::Display for Keep {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Always => f.write_str("kept"),
            Self::Days(days) => write!(f, "{days} days"),
        }
    }
}

/// Why a setting is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// It is not written as kind=days.
    #[error("{0} is not written as kind=days, such as response=3650")]
    Form(String),
    /// No such kind.
    #[error("{0} is none of {all}", all = words())]
    Kind(String),
    /// Too short or too long.
    #[error("{} is kept between {} and {} days", .0.word(), .0.range().start(), .0.range().end())]
    Range(Kind),
    /// It must have an end.
    #[error("{} has to have an end: set days", .0.word())]
    NeedsEnd(Kind),
}

fn words() -> String {
    Kind::ALL.map(Kind::word).join(", ")
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 6] = [Self::Draft, Self::Response, Self::Invitation, Self::Contact, Self::Log, Self::Attempts];

    /// The word in commands and in the database.
    pub fn word(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Response => "response",
            Self::Invitation => "invitation",
            Self::Contact => "contact",
            Self::Log => "log",
            Self::Attempts => "attempts",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Result<Self, Error> {
        Self::ALL.into_iter().find(|kind| kind.word() == word).ok_or_else(|| Error::Kind(word.to_owned()))
    }

    /// How long it is kept where the organization has said nothing. Answers and the log stay: how long
    /// a hospital must keep them is for the hospital to say, and what is gone can't be had back.
    pub fn default(self) -> Keep {
        match self {
            Self::Draft | Self::Response | Self::Log => Keep::Always,
            // A year: enough to see next year who was asked and did not answer.
            Self::Invitation => Keep::Days(365),
            // Six weeks: a notice about what is over helps nobody.
            Self::Contact => Keep::Days(42),
            // What opens nothing needs no guard; long enough to look into a series of guesses.
            Self::Attempts => Keep::Days(90),
        }
    }

    /// Days that an organization may choose. The shortest ones leave time to notice a mistake.
    pub fn range(self) -> RangeInclusive<u32> {
        match self {
            Self::Response => 30..=36_500,
            Self::Invitation => 30..=3_650,
            Self::Draft | Self::Contact => 1..=365,
            // Shorter, nobody could look back at who has read what.
            Self::Log => 365..=36_500,
            Self::Attempts => 1..=400,
        }
    }

    /// Whether it may be kept without an end. What only serves the sending of notices and the guarding
    /// of links may not.
    pub fn may_stay(self) -> bool {
        !matches!(self, Self::Contact | Self::Attempts)
    }
}

/// One kind with its time, checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setting {
    kind: Kind,
    keep: Keep,
}

impl Setting {
    /// Checks a time.
    pub fn new(kind: Kind, keep: Keep) -> Result<Self, Error> {
        match keep {
            Keep::Always if !kind.may_stay() => Err(Error::NeedsEnd(kind)),
            Keep::Days(days) if !kind.range().contains(&days) => Err(Error::Range(kind)),
            _ => Ok(Self { kind, keep }),
        }
    }

    /// Reads `kind=days`.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let (kind, days) = text.split_once('=').ok_or_else(|| Error::Form(text.to_owned()))?;
        let kind = Kind::parse(kind)?;
        let digits = (1..=9).contains(&days.len()) && days.bytes().all(|b| b.is_ascii_digit());
        let days = digits.then(|| days.parse().ok()).flatten().ok_or_else(|| Error::Form(text.to_owned()))?;
        Self::new(kind, Keep::Days(days))
    }

    /// The kind.
    pub fn kind(self) -> Kind {
        self.kind
    }

    /// Its time.
    pub fn keep(self) -> Keep {
        self.keep
    }
}

/// The times of one organization: its own, else the product's.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Schedule(BTreeMap<Kind, Keep>);

impl Schedule {
    /// With these settings.
    pub fn of(settings: impl IntoIterator<Item = Setting>) -> Self {
        Self(settings.into_iter().map(|setting| (setting.kind, setting.keep)).collect())
    }

    /// How long a kind is kept.
    pub fn keep(&self, kind: Kind) -> Keep {
        self.0.get(&kind).copied().unwrap_or_else(|| kind.default())
    }

    /// Whether the organization has said so itself.
    pub fn is_own(&self, kind: Kind) -> bool {
        self.0.contains_key(&kind)
    }

    /// What lies before this instant is past its time; `None`: nothing is.
    pub fn cutoff(&self, kind: Kind, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        match self.keep(kind) {
            Keep::Always => None,
            Keep::Days(days) => now.checked_sub_signed(Duration::days(i64::from(days))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_is_one_that_may_be_chosen() {
        for kind in Kind::ALL {
            assert_eq!(Setting::new(kind, kind.default()).map(Setting::kind), Ok(kind));
            assert_eq!(Kind::parse(kind.word()), Ok(kind));
            let range = kind.range();
            assert!(Setting::new(kind, Keep::Days(range.start() - 1)).is_err() && Setting::new(kind, Keep::Days(range.end() + 1)).is_err());
        }
        assert_eq!(Schedule::default().cutoff(Kind::Response, DateTime::UNIX_EPOCH), None, "no answer goes by itself");
    }

    #[test]
    fn settings_are_read_strictly() {
        let read = |text: &str| Setting::parse(text).map(|setting| (setting.kind(), setting.keep()));
        assert_eq!(read("response=3650"), Ok((Kind::Response, Keep::Days(3650))));
        for text in ["", "response", "response=", "response=x", "response= 30", "response=+30", "response=-30", "response=9999999999"] {
            assert_eq!(read(text), Err(Error::Form(text.to_owned())), "{text}");
        }
        assert_eq!(read("outbox=30"), Err(Error::Kind("outbox".to_owned())));
        assert_eq!(read("response=29"), Err(Error::Range(Kind::Response)));
        assert_eq!(Setting::new(Kind::Contact, Keep::Always), Err(Error::NeedsEnd(Kind::Contact)));
    }

    #[test]
    fn an_organization_s_own_time_goes_before() {
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap_or_default();
        let own = Schedule::of(Setting::parse("response=30"));
        assert_eq!(own.cutoff(Kind::Response, now), Some(now - Duration::days(30)));
        assert_eq!(own.cutoff(Kind::Contact, now), Some(now - Duration::days(42)));
        assert!(own.is_own(Kind::Response) && !own.is_own(Kind::Contact));
    }
}
