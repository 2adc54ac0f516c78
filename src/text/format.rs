//! Dates and numbers as each language writes them.

use chrono::{DateTime, Datelike, NaiveDate, Timelike, Utc};
use chrono_tz::Europe::Oslo;
use chrono_tz::Tz;
use rust_decimal::Decimal;

use super::locales::words;
use crate::domain::language::Language;
use crate::domain::value::Value;

/// Time zone in which people read times.
pub const ZONE: Tz = Oslo;

/// A date in full without weekday: “24. november 2026”.
pub fn date(date: NaiveDate, language: &Language) -> String {
    words(language, "date", &date_parts(date, language))
}

/// A month as in “november 2026”.
pub fn month(day: NaiveDate, language: &Language) -> String {
    format!("{} {}", words(language, &format!("month-{}", day.month()), &[]), day.year())
}

/// A date in full with weekday: “tirsdag 24. november 2026”.
pub fn long_date(date: NaiveDate, language: &Language) -> String {
    words(language, "date-long", &date_parts(date, language))
}

fn date_parts(date: NaiveDate, language: &Language) -> [(&'static str, super::Arg<'static>); 4] {
    let weekday = format!("weekday-{}", date.weekday().number_from_monday());
    let month = format!("month-{}", date.month());
    [
        ("weekday", words(language, &weekday, &[]).into()),
        ("day", date.day().to_string().into()),
        ("month", words(language, &month, &[]).into()),
        ("year", date.year().to_string().into()),
    ]
}

/// A date in numbers: “24.11.2026”.
pub fn short_date(date: NaiveDate, language: &Language) -> String {
    let args = [
        ("day", format!("{:02}", date.day()).into()),
        ("month", format!("{:02}", date.month()).into()),
        ("year", date.year().to_string().into()),
    ];
    words(language, "date-short", &args)
}

/// The time of day of a point in time in Europe/Oslo: “09.30”.
pub fn time_of(moment: DateTime<Utc>, language: &Language) -> String {
    let local = moment.with_timezone(&ZONE);
    clock(local.hour(), local.minute(), language)
}

/// A point in time in Europe/Oslo: “tirsdag 24. november 2026 kl. 09.30”.
pub fn moment(moment: DateTime<Utc>, language: &Language) -> String {
    let local = moment.with_timezone(&ZONE);
    let day = long_date(local.date_naive(), language);
    let time = clock(local.hour(), local.minute(), language);
    words(language, "date-and-time", &[("date", day.into()), ("time", time.into())])
}

/// A time of day: “09.30”, or “09:30” in English.
fn clock(hour: u32, minute: u32, language: &Language) -> String {
    let args = [("hour", format!("{hour:02}").into()), ("minute", format!("{minute:02}").into())];
    words(language, "time-of-day", &args)
}

/// A number with the decimal sign of the language and its written digits.
pub fn decimal(number: Decimal, language: &Language) -> String {
    let sign = words(language, "decimal-sign", &[]);
    number.to_string().replace('-', "\u{2212}").replace('.', &sign)
}

/// A value as people read it.
pub fn value(value: &Value, language: &Language) -> String {
    match value {
        Value::Boolean(true) => words(language, "yes", &[]),
        Value::Boolean(false) => words(language, "no", &[]),
        Value::Integer(number) => decimal(Decimal::from(*number), language),
        Value::Decimal(number) => decimal(*number, language),
        Value::Date(given) => given.day().map_or_else(|| given.to_string(), |day| date(day, language)),
        Value::DateTime(given) => match (given.instant(), given.date().and_then(|d| d.day())) {
            (Some(instant), _) => moment(instant.with_timezone(&Utc), language),
            (None, Some(day)) => date(day, language),
            (None, None) => given.to_string(),
        },
        Value::Time(time) => clock(time.hour(), time.minute(), language),
        Value::Quantity(quantity) => {
            let unit = quantity.unit.as_ref().or(quantity.code.as_ref());
            let number = decimal(quantity.value, language);
            unit.map_or_else(|| number.clone(), |unit| format!("{number} {unit}"))
        }
        Value::String(_) | Value::Uri(_) | Value::Coding(_) => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone;

    use super::*;

    #[test]
    fn writes_times_in_oslo() {
        let winter = Utc.with_ymd_and_hms(2026, 11, 24, 8, 30, 0).unwrap();
        assert_eq!(moment(winter, &Language::nb()), "tirsdag 24. november 2026 kl. 09.30");
        assert_eq!(moment(winter, &Language::nn()), "tysdag 24. november 2026 kl. 09.30");
        assert_eq!(moment(winter, &Language::en()), "Tuesday 24 November 2026 at 09:30");
        assert_eq!(time_of(winter, &Language::nb()), "09.30");
        assert_eq!(short_date(winter.date_naive(), &Language::nn()), "24.11.2026");
        let summer = Utc.with_ymd_and_hms(2026, 6, 30, 22, 5, 0).unwrap();
        assert_eq!(moment(summer, &Language::nb()), "onsdag 1. juli 2026 kl. 00.05");
    }

    #[test]
    fn writes_numbers_with_their_digits() {
        let number = Decimal::new(-210, 2);
        assert_eq!(decimal(number, &Language::nb()), "\u{2212}2,10");
        assert_eq!(decimal(number, &Language::en()), "\u{2212}2.10");
    }
}
