//! Query parameters, strictly: an unknown, repeated or malformed one is an error that names it.

use super::problem::Problem;
use crate::domain::language::Language;
use actix_web::HttpRequest;
use std::collections::BTreeMap;

/// The parameters of a request.
#[derive(Debug)]
pub(super) struct Query(BTreeMap<String, String>);

impl Query {
    /// Reads the query; only these names may occur.
    pub(super) fn read(request: &HttpRequest, known: &[&str]) -> Result<Self, Problem> {
        let mut found = BTreeMap::new();
        for (name, value) in url::form_urlencoded::parse(request.query_string().as_bytes()) {
            let Some(own) = known.iter().find(|own| **own == name) else {
                return Err(Problem::query(if tame(&name) { &name } else { "?" }, "query-fault-unknown"));
            };
            if found.insert((*own).to_owned(), value.into_owned()).is_some() {
                return Err(Problem::query(own, "query-fault-repeated"));
            }
        }
        Ok(Self(found))
    }

    /// A parameter that may be left out.
    pub(super) fn optional<T>(&self, name: &str, parse: impl Fn(&str) -> Option<T>) -> Result<Option<T>, Problem> {
        match self.0.get(name) {
            None => Ok(None),
            Some(text) => parse(text).map(Some).ok_or_else(|| Problem::query(name, "query-fault-malformed")),
        }
    }

    /// A parameter that must be there.
    pub(super) fn required<T>(&self, name: &str, parse: impl Fn(&str) -> Option<T>) -> Result<T, Problem> {
        self.optional(name, parse)?.ok_or_else(|| Problem::query(name, "query-fault-missing"))
    }

    /// A language tag.
    pub(super) fn language(&self) -> Result<Option<Language>, Problem> {
        self.optional("language", |text| Language::parse(text).ok().filter(|language| language.as_str() == text))
    }

    /// `limit`, 1 to 500, default 50.
    pub(super) fn limit(&self) -> Result<usize, Problem> {
        Ok(self.optional("limit", |text| number(text).filter(|n| (1..=500).contains(n)))?.unwrap_or(50))
    }

    /// A positive version number.
    pub(super) fn version(&self) -> Result<Option<i32>, Problem> {
        self.optional("version", |text| number(text).filter(|n| *n >= 1))
    }
}

/// Whether a name that we do not know may be repeated back: it is the caller's text and can be
/// anything, a person's name or number too.
pub(super) fn tame(name: &str) -> bool {
    let letter = name.starts_with(|c: char| c.is_ascii_alphabetic());
    letter && name.len() <= 40 && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
}

/// Digits only: no sign, no blanks.
fn number<T: std::str::FromStr>(text: &str) -> Option<T> {
    text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

/// A calendar date, exactly `YYYY-MM-DD`.
pub(super) fn date(text: &str) -> Option<chrono::NaiveDate> {
    let shaped =
        text.len() == 10 && text.bytes().enumerate().all(|(at, b)| if at == 4 || at == 7 { b == b'-' } else { b.is_ascii_digit() });
    shaped.then(|| text.parse().ok()).flatten().filter(|date: &chrono::NaiveDate| chrono::Datelike::year(date) >= 1)
}

/// A moment with an offset (RFC 3339). A plus sign stands as `%2B` in an address.
pub(super) fn moment(text: &str) -> Option<chrono::DateTime<chrono::Utc>> {
    let at = chrono::DateTime::parse_from_rfc3339(text).ok()?.with_timezone(&chrono::Utc);
    // Outside of these neither database keeps it.
    (1900..=9998).contains(&chrono::Datelike::year(&at)).then(|| chrono::SubsecRound::trunc_subsecs(at, 6))
}
