//! Dates, times and numbers as people type them, months by name in any of our languages.

use crate::domain::language::Language;
use crate::text::{languages, words};
use chrono::{Datelike, NaiveDate, NaiveTime};
use rust_decimal::Decimal;

/// A date in three fields, or all of it in the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DateText<'a> {
    /// Day.
    pub day: &'a str,
    /// Month: number or name.
    pub month: &'a str,
    /// Year.
    pub year: &'a str,
}

/// Why it is no date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoDate {
    /// Nothing is typed.
    Blank,
    /// A part is missing.
    Incomplete,
    /// The year has two digits and could be of either century.
    Century,
    /// No such day.
    Impossible,
}

impl DateText<'_> {
    /// Whether nothing is typed.
    pub fn is_blank(&self) -> bool {
        [self.day, self.month, self.year].iter().all(|part| part.trim().is_empty())
    }

    /// Reads it. `today` tells which century two digits of a past year mean; without it years have four.
    pub fn date(&self, today: Option<NaiveDate>) -> Result<NaiveDate, NoDate> {
        if self.is_blank() {
            return Err(NoDate::Blank);
        }
        let whole = if self.month.trim().is_empty() && self.year.trim().is_empty() { split(self.day) } else { None };
        let parts = whole.unwrap_or_else(|| [self.day, self.month, self.year].map(str::to_owned));
        let [day, month, year] = parts.map(|part| part.trim().trim_end_matches('.').trim().to_owned());
        if [&day, &month, &year].iter().any(|part| part.is_empty()) {
            return Err(NoDate::Incomplete);
        }
        let year = year_of(&year, today)?;
        let found = number(&day, 2).zip(month_of(&month)).and_then(|(day, month)| NaiveDate::from_ymd_opt(year, month, day));
        found.ok_or(NoDate::Impossible)
    }

    /// Reads a date that may lack its day, or day and month, as FHIR writes it.
    pub fn partial(&self) -> Result<String, NoDate> {
        let blank = |part: &str| part.trim().is_empty();
        match (blank(self.day), blank(self.month), blank(self.year)) {
            (true, true, false) => Ok(format!("{:04}", year_of(self.year.trim(), None)?)),
            (true, false, false) => {
                let month = month_of(self.month.trim()).ok_or(NoDate::Impossible)?;
                Ok(format!("{:04}-{month:02}", year_of(self.year.trim(), None)?))
            }
            _ => self.date(None).map(|date| date.format("%Y-%m-%d").to_string()),
        }
    }
}

fn number(text: &str, digits: usize) -> Option<u32> {
    let sound = !text.is_empty() && text.len() <= digits && text.bytes().all(|b| b.is_ascii_digit());
    if sound { text.parse().ok() } else { None }
}

fn year_of(text: &str, today: Option<NaiveDate>) -> Result<i32, NoDate> {
    let year = number(text, 4).and_then(|year| i32::try_from(year).ok()).ok_or(NoDate::Impossible)?;
    match (text.len(), today) {
        (4, _) if year > 0 => Ok(year),
        (2, Some(today)) if year > today.year() % 100 => Ok(today.year() / 100 * 100 - 100 + year),
        (2, _) => Err(NoDate::Century),
        _ => Err(NoDate::Impossible),
    }
}

/// A month by number, or by its name in any of our languages; three letters are enough.
fn month_of(text: &str) -> Option<u32> {
    if let Some(month) = number(text, 2) {
        return (1..=12).contains(&month).then_some(month);
    }
    let typed = text.to_lowercase();
    let starts = |month: u32, tag: &str| {
        let language = Language::parse(tag).unwrap_or_else(|_| Language::nb());
        words(&language, &format!("month-{month}"), &[]).to_lowercase().starts_with(&typed)
    };
    if typed.chars().count() < 3 {
        return None;
    }
    (1..=12).find(|month| languages().iter().any(|language| starts(*month, language.as_str())))
}

/// A whole date in one field: with signs between, or as six or eight digits.
fn split(text: &str) -> Option<[String; 3]> {
    let text = text.trim();
    if text.bytes().all(|b| b.is_ascii_digit()) && matches!(text.len(), 6 | 8) {
        let (day, rest) = text.split_at_checked(2)?;
        let (month, year) = rest.split_at_checked(2)?;
        return Some([day, month, year].map(str::to_owned));
    }
    let parts: Vec<&str> = text.split(|c: char| c.is_whitespace() || "./-,".contains(c)).filter(|part| !part.is_empty()).collect();
    match parts.as_slice() {
        [year, month, day] if year.len() == 4 && number(year, 4).is_some() => Some([day, month, year].map(|part| (*part).to_owned())),
        [day, month, year] => Some([day, month, year].map(|part| (*part).to_owned())),
        _ => None,
    }
}

/// A time of day: `14.30`, `14:30`, `1430`, `9`.
pub fn time(text: &str) -> Option<NaiveTime> {
    let text = text.trim().trim_start_matches("kl.").trim_start_matches("kl").trim();
    let (hour, minute) = match text.split_once([':', '.', ' ']) {
        Some((hour, minute)) => (hour, minute),
        None if text.len() >= 3 => text.split_at_checked(text.len() - 2)?,
        None => (text, "0"),
    };
    NaiveTime::from_hms_opt(number(hour, 2)?, number(minute, 2)?, 0)
}

/// Why it is no number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoNumber {
    /// It can't be read.
    Unreadable,
    /// It could mean two numbers, such as `1.000`.
    Ambiguous,
}

/// A number with comma or point, any minus sign, and spaces only between thousands. A sign before exactly
/// three digits could stand between thousands as well, so such a number is asked for again.
pub fn decimal(text: &str) -> Result<Decimal, NoNumber> {
    let text = text.trim().replace(['\u{2212}', '\u{2013}'], "-");
    let (sign, rest) = text.strip_prefix('-').map_or(("", text.as_str()), |rest| ("-", rest));
    let (whole, part) = rest.split_once(['.', ',']).map_or((rest, None), |(whole, part)| (whole, Some(part)));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let groups: Vec<&str> = whole.split(char::is_whitespace).collect();
    let (first, thousands) = groups.split_first().ok_or(NoNumber::Unreadable)?;
    let grouped =
        digits(first) && (thousands.is_empty() || first.len() <= 3) && thousands.iter().all(|group| group.len() == 3 && digits(group));
    if !grouped || part.is_some_and(|part| !digits(part)) {
        return Err(NoNumber::Unreadable);
    }
    if part.is_some_and(|part| part.len() == 3) && thousands.is_empty() && first.len() <= 3 && first.bytes().any(|b| b != b'0') {
        return Err(NoNumber::Ambiguous);
    }
    let point = if part.is_some() { "." } else { "" };
    // More digits than can be kept are not rounded away unseen.
    Decimal::from_str_exact(&format!("{sign}{}{point}{}", groups.concat(), part.unwrap_or_default())).map_err(|_| NoNumber::Unreadable)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(day: &str, month: &str, year: &str) -> Result<String, NoDate> {
        let today = NaiveDate::from_ymd_opt(2026, 11, 22);
        DateText { day, month, year }.date(today).map(|date| date.to_string())
    }

    #[test]
    fn reads_dates_as_people_type_them() {
        let parts = [
            ("3", "2", "1950"),
            ("03", "02", "1950"),
            ("3.", "2.", "1950"),
            (" 3", "februar", "50"),
            ("3", "feb", "50"),
            ("3", "February", "1950"),
        ];
        for (day, month, year) in parts {
            assert_eq!(date(day, month, year), Ok("1950-02-03".to_owned()), "{day} {month} {year}");
        }
        for whole in ["03.02.1950", "3.2.50", "030250", "03021950", "3/2-1950", "1950-02-03", "3. februar 1950"] {
            assert_eq!(date(whole, "", ""), Ok("1950-02-03".to_owned()), "{whole}");
        }
    }

    #[test]
    fn says_why_it_is_no_date() {
        assert_eq!(date("", " ", ""), Err(NoDate::Blank));
        assert_eq!(date("3", "2", ""), Err(NoDate::Incomplete));
        assert_eq!(date("3", "2", "24"), Err(NoDate::Century));
        for (day, month, year) in [
            ("30", "2", "1950"),
            ("x", "2", "1950"),
            ("3", "13", "1950"),
            ("3", "fe", "1950"),
            ("3", "2", "195"),
            ("3", "2", "0000"),
            ("３", "2", "1950"),
        ] {
            assert_eq!(date(day, month, year), Err(NoDate::Impossible), "{day} {month} {year}");
        }
    }

    #[test]
    fn a_date_may_lack_its_day() {
        let partial = |day, month, year| DateText { day, month, year }.partial();
        assert_eq!(partial("", "", "2020"), Ok("2020".to_owned()));
        assert_eq!(partial("", "mars", "2020"), Ok("2020-03".to_owned()));
        assert_eq!(partial("1", "3", "2020"), Ok("2020-03-01".to_owned()));
        assert_eq!(partial("1", "", "2020"), Err(NoDate::Incomplete));
    }

    #[test]
    fn reads_times_and_numbers() {
        for text in ["14.30", "14:30", "1430", "kl. 14.30"] {
            assert_eq!(time(text).map(|time| time.to_string()), Some("14:30:00".to_owned()), "{text}");
        }
        assert_eq!(time("9").map(|time| time.to_string()), Some("09:00:00".to_owned()));
        assert_eq!((time("25"), time(""), time("æøå")), (None, None, None));
        for (text, number) in [("1,5", "1.5"), ("1 000", "1000"), ("\u{2212}2", "-2"), ("0.50", "0.50")] {
            assert_eq!(decimal(text).map(|number| number.to_string()), Ok(number.to_owned()));
        }
        for text in ["", "x", "0,12345678901234567890123456789", "1,2,3", "1e5", "-", "120 80", "37 5", "1 00", ",5"] {
            assert_eq!(decimal(text), Err(NoNumber::Unreadable), "{text}");
        }
        for text in ["1.000", "10,000", "-1.000"] {
            assert_eq!(decimal(text), Err(NoNumber::Ambiguous), "{text}");
        }
        assert_eq!(decimal("0,125").map(|number| number.to_string()), Ok("0.125".to_owned()));
    }
}
