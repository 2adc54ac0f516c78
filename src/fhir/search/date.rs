//! Dates in searches: a prefix and a moment of some precision, as a span of time (R4 search, “date”).

use chrono::{DateTime, Datelike, Days, Duration, FixedOffset, Months, NaiveDate, NaiveTime, TimeZone, Utc};

use crate::domain::clock::oslo_day_start;

/// What a moment must be like. Both ends of a span are instants in UTC; the end is the first after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DateRange {
    /// In the span.
    In(DateTime<Utc>, DateTime<Utc>),
    /// Outside of it.
    NotIn(DateTime<Utc>, DateTime<Utc>),
    /// At or after it.
    From(DateTime<Utc>),
    /// Before it.
    Before(DateTime<Utc>),
}

impl DateRange {
    /// Whether a moment is like that.
    pub fn holds(&self, at: DateTime<Utc>) -> bool {
        match self {
            Self::In(start, end) => at >= *start && at < *end,
            Self::NotIn(start, end) => at < *start || at >= *end,
            Self::From(start) => at >= *start,
            Self::Before(end) => at < *end,
        }
    }
}

/// Reads `[prefix]date`. A day without an offset is a day in Oslo. `now` is for `ap`, which means within
/// a tenth of the time since then, a day at least.
pub fn parse_date(text: &str, now: DateTime<Utc>) -> Option<DateRange> {
    let letters = text.bytes().take_while(u8::is_ascii_alphabetic).count();
    let (prefix, moment) = text.split_at_checked(letters)?;
    let (start, end) = span(moment)?;
    Some(match prefix {
        "" | "eq" => DateRange::In(start, end),
        "ne" => DateRange::NotIn(start, end),
        "gt" | "sa" => DateRange::From(end),
        "ge" => DateRange::From(start),
        "lt" | "eb" => DateRange::Before(start),
        "le" => DateRange::Before(end),
        "ap" => {
            let reach = ((now - start).abs() / 10).max(Duration::days(1));
            DateRange::In(start.checked_sub_signed(reach)?, end.checked_add_signed(reach)?)
        }
        _ => return None,
    })
}

/// The time that a moment of some precision covers.
fn span(text: &str) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
    if let Some((date, time)) = text.split_once('T') {
        return of_time(day(date)?, time);
    }
    let (first, next) = match text.len() {
        4 => {
            let first = day(&format!("{text}-01-01"))?;
            (first, first.checked_add_months(Months::new(12))?)
        }
        7 => {
            let first = day(&format!("{text}-01"))?;
            (first, first.checked_add_months(Months::new(1))?)
        }
        _ => {
            let first = day(text)?;
            (first, first.checked_add_days(Days::new(1))?)
        }
    };
    Some((oslo_day_start(first), oslo_day_start(next)))
}

fn day(text: &str) -> Option<NaiveDate> {
    let digits = text.bytes().enumerate().all(|(at, b)| if matches!(at, 4 | 7) { b == b'-' } else { b.is_ascii_digit() });
    let date: NaiveDate = (text.len() == 10 && digits).then(|| text.parse().ok()).flatten()?;
    // Outside of these neither database keeps a time.
    (1900..=9997).contains(&date.year()).then_some(date)
}

/// `hh:mm`, `hh:mm:ss` or `hh:mm:ss.fff`, with an offset or without.
fn of_time(date: NaiveDate, text: &str) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
    let cut = text.find(['Z', '+', '-']).unwrap_or(text.len());
    let (clock, zone) = text.split_at_checked(cut)?;
    let (time, length) = match clock.len() {
        5 => (NaiveTime::parse_from_str(clock, "%H:%M").ok()?, Duration::minutes(1)),
        8 => (NaiveTime::parse_from_str(clock, "%H:%M:%S").ok()?, Duration::seconds(1)),
        _ => {
            let digits = u32::try_from(clock.len().checked_sub(9)?).ok().filter(|digits| (1..=9).contains(digits))?;
            let unit = 10_i64.checked_pow(9_u32.checked_sub(digits)?)?;
            (NaiveTime::parse_from_str(clock, "%H:%M:%S%.f").ok()?, Duration::nanoseconds(unit))
        }
    };
    let start = if zone.is_empty() {
        oslo_day_start(date).checked_add_signed(time - NaiveTime::MIN)?
    } else {
        let offset: FixedOffset = if zone == "Z" { "+00:00" } else { zone }.parse().ok().filter(|_| zone == "Z" || zone.len() == 6)?;
        offset.from_local_datetime(&date.and_time(time)).single()?.with_timezone(&Utc)
    };
    Some((start, start.checked_add_signed(length)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("an instant")
    }

    fn read(text: &str) -> Option<DateRange> {
        parse_date(text, at("2026-11-22T12:00:00Z"))
    }

    #[test]
    fn a_day_is_a_day_in_oslo() {
        assert_eq!(read("2026-11-22"), Some(DateRange::In(at("2026-11-21T23:00:00Z"), at("2026-11-22T23:00:00Z"))));
        assert_eq!(read("2026-07"), Some(DateRange::In(at("2026-06-30T22:00:00Z"), at("2026-07-31T22:00:00Z"))));
        assert_eq!(read("gt2026"), Some(DateRange::From(at("2026-12-31T23:00:00Z"))));
    }

    #[test]
    fn a_moment_covers_what_it_does_not_say() {
        assert_eq!(read("2026-11-22T10:00Z"), Some(DateRange::In(at("2026-11-22T10:00:00Z"), at("2026-11-22T10:01:00Z"))));
        assert_eq!(read("lt2026-11-22T10:00:00+01:00"), Some(DateRange::Before(at("2026-11-22T09:00:00Z"))));
        assert_eq!(read("ge2026-11-22T10:00:00.123Z"), Some(DateRange::From(at("2026-11-22T10:00:00.123Z"))));
        assert_eq!(read("le2026-11-22T10:00:00.5Z"), Some(DateRange::Before(at("2026-11-22T10:00:00.6Z"))));
    }

    #[test]
    fn approximately_is_a_day_at_least() {
        let range = read("ap2026-11-22").expect("a range");
        assert!(range.holds(at("2026-11-21T00:00:00Z")) && !range.holds(at("2026-11-19T00:00:00Z")));
    }

    #[test]
    fn what_is_no_date_is_refused() {
        for wrong in
            ["", "x2026", "2026-02-30", "26-01-01", "2026-1-1", "2026-11-22T", "2026-11-22T25:00Z", "2026-11-22T10:00+1", "eq", "æ"]
        {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
