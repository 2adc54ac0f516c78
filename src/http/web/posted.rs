//! Forms as browsers send them (`application/x-www-form-urlencoded`).

use crate::http::extract::{is_media, part};
use crate::http::problem::{Code, Problem};
use actix_web::{HttpRequest, web};

/// Field of a form that is sent again.
const AGAIN: &str = "igjen";
/// Largest form, bytes.
const LARGEST: usize = 128 * 1024;
/// Most fields.
const MOST: usize = 4000;

/// A sent form: names and values in their order.
#[derive(Clone, Default, PartialEq, Eq)]
pub(in crate::http) struct Posted(Vec<(String, String)>);

impl std::fmt::Debug for Posted {
    /// Without the values: they are what a person typed.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Posted({})", self.0.len())
    }
}

impl Posted {
    /// Reads the body of a request.
    pub(in crate::http) async fn read(request: &HttpRequest, mut payload: web::Payload) -> Result<Self, Problem> {
        if !is_media(request.headers(), "application/x-www-form-urlencoded") {
            return Err(Problem::new(Code::MediaTypeUnsupported));
        }
        let mut bytes = Vec::new();
        while let Some(chunk) = part(&mut payload).await? {
            if bytes.len() + chunk.len() > LARGEST {
                return Err(Problem::new(Code::BodyTooLarge));
            }
            bytes.extend_from_slice(&chunk);
        }
        Self::parse(&bytes)
    }

    /// Reads a whole body.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, Problem> {
        if bytes.len() > LARGEST {
            return Err(Problem::new(Code::BodyTooLarge));
        }
        // What is left out of a page would be taken away from the answers: all of it or nothing.
        let pairs: Vec<_> = url::form_urlencoded::parse(bytes).take(MOST + 1).collect();
        if pairs.len() > MOST {
            return Err(Problem::new(Code::BodyTooLarge));
        }
        Ok(Self(pairs.into_iter().map(|(name, value)| (name.into_owned(), value.into_owned())).collect()))
    }

    /// A form of these fields.
    #[cfg(test)]
    pub(super) fn of(pairs: &[(&str, &str)]) -> Self {
        Self(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    /// Names and values as they were sent, marked as sent again.
    pub(super) fn again(&self) -> Vec<(String, String)> {
        let own = self.0.iter().filter(|(name, _)| name != AGAIN).cloned();
        own.chain([(AGAIN.to_owned(), "1".to_owned())]).collect()
    }

    /// Whether it was sent again from the page of a fault.
    pub(super) fn is_again(&self) -> bool {
        self.line(AGAIN) == "1"
    }

    /// The first value of a field.
    pub(in crate::http) fn first(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// The first value without white space around; empty where there is none.
    pub(in crate::http) fn line(&self, name: &str) -> &str {
        self.first(name).unwrap_or_default().trim()
    }

    /// Every value of a field.
    pub(in crate::http) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// Whether a field has this value among others.
    pub(in crate::http) fn holds(&self, name: &str, value: &str) -> bool {
        self.all(name).any(|own| own == value)
    }

    /// Every value of a person's own words: typed into a question, longer than a code, not one of ours.
    pub(super) fn own_words(&self) -> Vec<&str> {
        let question = |name: &str| name.strip_prefix('f').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
        let typed = |name: &str| question(name) || matches!(name, "navn" | "telefon");
        let chosen = |value: &str| matches!(value, "true" | "false" | "annet") || value.chars().count() <= 3;
        self.0.iter().filter(|(name, value)| typed(name) && !chosen(value.trim())).map(|(_, value)| value.as_str()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_words_are_what_a_person_typed() {
        let posted = Posted::of(&[
            ("nokkel", "abcdef"),
            ("fra", "svar"),
            ("flere", "f2_0-1"),
            ("f0", "true"),
            ("f1", "annet"),
            ("f1_annet", "Saft"),
            ("f2", "12"),
        ]);
        assert_eq!(posted.own_words(), ["Saft"]);
    }
}
