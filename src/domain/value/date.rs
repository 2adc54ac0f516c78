//! Dates and times of FHIR, which can be less exact than a day or a moment.

use std::cmp::Ordering;
use std::fmt;

use chrono::{DateTime, Datelike, FixedOffset, NaiveDate, NaiveTime};

/// A date of FHIR: a year, a month or a day of the real calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PartialDate {
    first: NaiveDate,
    precision: u8,
}

impl PartialDate {
    /// Reads `YYYY`, `YYYY-MM` or `YYYY-MM-DD`.
    pub fn parse(text: &str) -> Option<Self> {
        let shape = text.bytes().enumerate().all(|(i, b)| match i {
            4 | 7 => b == b'-',
            _ => b.is_ascii_digit(),
        });
        let full = match (shape, text.len()) {
            (true, 4) => format!("{text}-01-01"),
            (true, 7) => format!("{text}-01"),
            (true, 10) => text.to_owned(),
            _ => return None,
        };
        // R4 has no year 0.
        let first = NaiveDate::parse_from_str(&full, "%Y-%m-%d").ok().filter(|first| first.year() >= 1)?;
        let precision = match text.len() {
            4 => 1,
            7 => 2,
            _ => 3,
        };
        Some(Self { first, precision })
    }

    /// The day, when the date is of day precision.
    pub fn day(&self) -> Option<NaiveDate> {
        (self.precision == 3).then_some(self.first)
    }

    /// The order, unless one date lies inside the other.
    pub fn compare(&self, other: &Self) -> Option<Ordering> {
        let precision = self.precision.min(other.precision);
        let order = self.cut(precision).cmp(&other.cut(precision));
        (order.is_ne() || self.precision == other.precision).then_some(order)
    }

    fn cut(self, precision: u8) -> String {
        let text = self.first.format("%Y-%m-%d").to_string();
        text.chars().take(length_of(precision)).collect()
    }
}

fn length_of(precision: u8) -> usize {
    match precision {
        1 => 4,
        2 => 7,
        _ => 10,
    }
}

impl fmt::Display for PartialDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.cut(self.precision))
    }
}

/// A `dateTime` of FHIR: a date, or a point in time with an offset, kept as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartialDateTime {
    text: String,
    moment: Moment,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Moment {
    Date(PartialDate),
    Instant(DateTime<FixedOffset>),
}

impl PartialDateTime {
    /// Reads a date or `YYYY-MM-DDThh:mm:ss[.fff](Z|±hh:mm)`.
    pub fn parse(text: &str) -> Option<Self> {
        let moment = if text.contains('T') {
            Moment::Instant(DateTime::parse_from_rfc3339(text).ok().filter(|instant| instant.year() >= 1)?)
        } else {
            Moment::Date(PartialDate::parse(text)?)
        };
        let text = text.to_owned();
        Some(Self { text, moment })
    }

    /// The point in time, when one was given.
    pub fn instant(&self) -> Option<DateTime<FixedOffset>> {
        match self.moment {
            Moment::Instant(instant) => Some(instant),
            Moment::Date(_) => None,
        }
    }

    /// The date, when only that was given.
    pub fn date(&self) -> Option<PartialDate> {
        match self.moment {
            Moment::Date(date) => Some(date),
            Moment::Instant(_) => None,
        }
    }

    /// The order, unless one lies inside the other.
    pub fn compare(&self, other: &Self) -> Option<Ordering> {
        match (self.moment, other.moment) {
            (Moment::Date(a), Moment::Date(b)) => a.compare(&b),
            (Moment::Instant(a), Moment::Instant(b)) => Some(a.cmp(&b)),
            (Moment::Date(a), Moment::Instant(b)) => a.compare(&day_of(b)),
            (Moment::Instant(a), Moment::Date(b)) => day_of(a).compare(&b),
        }
        .filter(|order| order.is_ne() || matches_kind(self.moment, other.moment))
    }
}

fn matches_kind(a: Moment, b: Moment) -> bool {
    matches!((a, b), (Moment::Date(_), Moment::Date(_)) | (Moment::Instant(_), Moment::Instant(_)))
}

fn day_of(instant: DateTime<FixedOffset>) -> PartialDate {
    PartialDate { first: instant.date_naive(), precision: 3 }
}

impl fmt::Display for PartialDateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Reads a time of day, `hh:mm:ss` with or without fractions of a second.
pub fn parse_time(text: &str) -> Option<NaiveTime> {
    if text.len() < 8 || text.as_bytes().get(6..8) == Some(b"60") {
        return None;
    }
    NaiveTime::parse_from_str(text, "%H:%M:%S%.f").ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_real_calendar_dates() {
        for right in ["2026", "2026-02", "2026-02-28", "2024-02-29"] {
            assert_eq!(PartialDate::parse(right).unwrap().to_string(), right);
        }
        for wrong in ["0000", "0000-01-01", "2026-02-30", "2026-13", "26", "2026-2-3", "2026-02-28T", "２０２６"] {
            assert_eq!(PartialDate::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn dates_inside_each_other_have_no_order() {
        let date = |text| PartialDate::parse(text).unwrap();
        assert_eq!(date("2026").compare(&date("2026-05")), None);
        assert_eq!(date("2025").compare(&date("2026-05")), Some(Ordering::Less));
        assert_eq!(date("2026").compare(&date("2026")), Some(Ordering::Equal));
    }

    #[test]
    fn points_in_time_need_an_offset() {
        assert!(PartialDateTime::parse("2026-11-22T09:30:00+01:00").is_some());
        assert!(PartialDateTime::parse("2026-11-22T09:30:00").is_none());
        let utc = PartialDateTime::parse("2026-11-22T08:30:00Z").unwrap();
        let oslo = PartialDateTime::parse("2026-11-22T09:30:00+01:00").unwrap();
        assert_eq!(utc.compare(&oslo), Some(Ordering::Equal));
    }

    #[test]
    fn times_have_seconds_and_no_leap_second() {
        assert!(parse_time("09:30:00").is_some());
        assert!(parse_time("09:30").is_none());
        assert!(parse_time("23:59:60").is_none());
    }
}
