//! When a patient is told of an invitation and reminded of it: the plan of a unit.
//!
//! Days are days of the calendar in Norway, counted back from the visit. Nothing goes out in the quiet
//! hours; what would, goes when they end.

use crate::domain::clock::{oslo_date, oslo_day_start};
use chrono::{DateTime, Days, Duration, NaiveDate, Timelike, Utc};
use chrono_tz::Europe::Oslo;

/// Minutes of a day.
const DAY: u16 = 24 * 60;
/// A day must leave at least this much time in which something may go out, minutes.
const OPEN: u16 = 120;
/// Earliest notice, days before the visit.
const MOST_NOTICE: u8 = 90;
/// Earliest reminder, days before the visit.
const MOST_REMINDER: u8 = 30;
/// A reminder comes at least this long after the letter and after the notice.
pub const REST: Duration = Duration::hours(24);

/// What is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Notice {
    /// There is a form to answer.
    First,
    /// It has not been answered yet.
    Reminder,
}

impl Notice {
    /// Both, in the order in which they come.
    pub const ALL: [Self; 2] = [Self::First, Self::Reminder];

    /// The word in the outbox.
    pub fn word(self) -> &'static str {
        match self {
            Self::First => "notice",
            Self::Reminder => "reminder",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|notice| notice.word() == word)
    }
}

/// Hours in which nothing goes out, by the clock in Norway; they may pass midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quiet {
    from: u16,
    until: u16,
}

/// Why a plan is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Too early.
    #[error("a notice comes 0 to {MOST_NOTICE} days before the visit")]
    Notice,
    /// Too early.
    #[error("a reminder comes 0 to {MOST_REMINDER} days before the visit")]
    Reminder,
    /// The wrong way round.
    #[error("a reminder comes later than the notice: fewer days before the visit")]
    Order,
    /// Not written like 20:00-08:00.
    #[error("quiet hours are written like 20:00-08:00")]
    Form,
    /// Too long.
    #[error("quiet hours leave at least {OPEN} minutes of the day")]
    Long,
}

impl Quiet {
    /// Checks minutes of the day.
    pub fn new(from: u16, until: u16) -> Result<Self, Error> {
        if from >= DAY || until >= DAY || from == until {
            return Err(Error::Form);
        }
        let length = (until + DAY - from) % DAY;
        if length > DAY - OPEN { Err(Error::Long) } else { Ok(Self { from, until }) }
    }

    /// Reads `20:00-08:00`.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let minutes = |text: &str| -> Option<u16> {
            let (hour, minute) = text.split_once(':')?;
            let digits = |part: &str| part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit());
            if !digits(hour) || !digits(minute) {
                return None;
            }
            let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
            (hour < 24 && minute < 60).then_some(hour * 60 + minute)
        };
        let (from, until) = text.split_once('-').ok_or(Error::Form)?;
        Self::new(minutes(from).ok_or(Error::Form)?, minutes(until).ok_or(Error::Form)?)
    }

    /// First minute of the day in them, and the first after them.
    pub fn minutes(self) -> (u16, u16) {
        (self.from, self.until)
    }

    fn holds(self, minute: u16) -> bool {
        if self.from < self.until { (self.from..self.until).contains(&minute) } else { minute >= self.from || minute < self.until }
    }

    /// The first minute of a day that is not in them.
    fn morning(self) -> u16 {
        if self.holds(0) { self.until } else { 0 }
    }
}

impl std::fmt::Display for Quiet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let clock = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
        write!(f, "{}-{}", clock(self.from), clock(self.until))
    }
}

/// A unit's plan, checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    notice: Option<u8>,
    reminder: Option<u8>,
    quiet: Option<Quiet>,
}

impl Default for Plan {
    /// A week before, so that there is time; two days before, so that there is still time; not at night.
    fn default() -> Self {
        Self { notice: Some(7), reminder: Some(2), quiet: Some(Quiet { from: 20 * 60, until: 8 * 60 }) }
    }
}

impl Plan {
    /// Checks a plan; `None` is no notice, no reminder, no quiet hours.
    pub fn new(notice: Option<u8>, reminder: Option<u8>, quiet: Option<Quiet>) -> Result<Self, Error> {
        if notice.is_some_and(|days| days > MOST_NOTICE) {
            return Err(Error::Notice);
        }
        if reminder.is_some_and(|days| days > MOST_REMINDER) {
            return Err(Error::Reminder);
        }
        match (notice, reminder) {
            (Some(first), Some(second)) if second >= first => Err(Error::Order),
            _ => Ok(Self { notice, reminder, quiet }),
        }
    }

    /// Days before the visit; `None`: it is not sent.
    pub fn days(&self, notice: Notice) -> Option<u8> {
        match notice {
            Notice::First => self.notice,
            Notice::Reminder => self.reminder,
        }
    }

    /// The quiet hours.
    pub fn quiet(&self) -> Option<Quiet> {
        self.quiet
    }

    /// Whether nothing may go out now.
    pub fn is_quiet(&self, now: DateTime<Utc>) -> bool {
        let local = now.with_timezone(&Oslo);
        let minute = u16::try_from(local.hour() * 60 + local.minute()).unwrap_or(0);
        self.quiet.is_some_and(|quiet| quiet.holds(minute))
    }

    /// Visits before this instant are near enough by now; `None`: it is not sent.
    pub fn reaches(&self, notice: Notice, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let days = self.days(notice)?;
        let day = oslo_date(now).checked_add_days(Days::new(u64::from(days) + 1))?;
        Some(oslo_day_start(day))
    }

    /// When it is to go out before a visit; `None`: it is not sent.
    pub fn at(&self, notice: Notice, visit: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let day = oslo_date(visit).checked_sub_days(Days::new(u64::from(self.days(notice)?)))?;
        Some(moment(day, self.quiet.map_or(0, Quiet::morning)))
    }
}

/// A minute of a day in Norway. One that the clock skips is the first after it.
fn moment(day: NaiveDate, minute: u16) -> DateTime<Utc> {
    let own = |minute: u16| day.and_hms_opt(u32::from(minute / 60), u32::from(minute % 60), 0);
    let found = (minute..(minute + 120).min(DAY)).find_map(|minute| own(minute)?.and_local_timezone(Oslo).earliest());
    found.map_or_else(|| oslo_day_start(day), |at| at.with_timezone(&Utc))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        DateTime::parse_from_rfc3339(text).unwrap_or_default().with_timezone(&Utc)
    }

    #[test]
    fn plans_are_checked() {
        assert_eq!(Plan::new(Some(7), Some(2), Quiet::parse("20:00-08:00").ok()), Ok(Plan::default()));
        assert_eq!(Plan::new(Some(91), None, None), Err(Error::Notice));
        assert_eq!(Plan::new(None, Some(31), None), Err(Error::Reminder));
        assert_eq!(Plan::new(Some(2), Some(2), None), Err(Error::Order));
        assert!(Plan::new(None, Some(30), None).is_ok() && Plan::new(Some(0), None, None).is_ok());
        for text in ["", "20-08", "20:00", "2:00-08:00", "24:00-08:00", "20:60-08:00", "20:00-20:00", "+1:00-08:00"] {
            assert_eq!(Quiet::parse(text), Err(Error::Form), "{text}");
        }
        assert_eq!(Quiet::parse("10:00-08:01"), Err(Error::Long));
        assert_eq!(Quiet::parse("22:30-07:05").map(|quiet| quiet.to_string()), Ok("22:30-07:05".to_owned()));
    }

    #[test]
    fn quiet_hours_pass_midnight_and_follow_the_clock_in_norway() {
        let plan = Plan::default();
        for (text, quiet) in [
            ("2026-11-24T06:59:00Z", true),
            ("2026-11-24T07:00:00Z", false),
            ("2026-11-24T18:59:59Z", false),
            ("2026-11-24T19:00:00Z", true),
            ("2026-07-01T05:59:00Z", true),
            ("2026-07-01T06:00:00Z", false),
        ] {
            assert_eq!(plan.is_quiet(at(text)), quiet, "{text}");
        }
        let noon = Plan::new(None, None, Quiet::parse("12:00-13:00").ok()).unwrap_or_default();
        assert!(noon.is_quiet(at("2026-11-24T11:30:00Z")) && !noon.is_quiet(at("2026-11-24T12:00:00Z")));
        assert!(!Plan::new(None, None, None).unwrap_or_default().is_quiet(at("2026-11-24T02:00:00Z")));
    }

    #[test]
    fn days_are_of_the_calendar() {
        let plan = Plan::default();
        // A visit late in the evening and one early in the morning of one day.
        for visit in ["2026-12-01T22:30:00Z", "2026-11-30T23:30:00Z"] {
            assert_eq!(plan.at(Notice::First, at(visit)), Some(at("2026-11-24T07:00:00Z")), "{visit}");
            assert_eq!(plan.at(Notice::Reminder, at(visit)), Some(at("2026-11-29T07:00:00Z")), "{visit}");
            let near = |now: &str| plan.reaches(Notice::Reminder, at(now)).is_some_and(|limit| at(visit) < limit);
            assert!(!near("2026-11-28T22:59:00Z") && near("2026-11-28T23:00:00Z"), "{visit}");
        }
        assert_eq!(Plan::new(Some(3), None, None).unwrap_or_default().at(Notice::Reminder, at("2026-12-01T08:00:00Z")), None);
        // Over the change of the clock the morning stays in the morning.
        assert_eq!(plan.at(Notice::First, at("2027-03-31T08:00:00Z")), Some(at("2027-03-24T07:00:00Z")));
        assert_eq!(plan.at(Notice::Reminder, at("2027-03-31T08:00:00Z")), Some(at("2027-03-29T06:00:00Z")));
    }

    #[test]
    fn a_minute_that_the_clock_skips_is_the_first_after_it() {
        let quiet = Plan::new(Some(1), None, Quiet::parse("23:00-02:30").ok()).unwrap_or_default();
        assert_eq!(quiet.at(Notice::First, at("2027-03-29T10:00:00Z")), Some(at("2027-03-28T01:00:00Z")));
    }
}
