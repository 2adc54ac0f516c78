//! Floor 2: e-mail. What is written in the reader's language (`words`), put together as a message
//! (`message`), and handed to a mail server or into a folder (`mailer`).
//!
//! A mail holds no word about health, no name of a person, unit or form; to a patient it holds one
//! personal link. To add a mail: its function in `words.rs`, its words in `src/text/locales/*/mail.ftl`.

mod mailer;
mod message;
pub mod words;

pub use mailer::{Mailer, Secret, Server, Tls, Way};
pub use words::Words;

use chrono::{DateTime, Utc};
use std::borrow::Cow;
use std::str::FromStr;
use uuid::Uuid;

/// A mail to one address.
#[derive(Clone, PartialEq, Eq)]
pub struct Mail {
    /// Makes the Message-ID, so that a repeat is recognised.
    pub id: Uuid,
    /// Address.
    pub to: String,
    /// Name that stands as sender; the installation's own when none.
    pub sender: Option<String>,
    /// Where an answer goes; nowhere when none.
    pub reply_to: Option<String>,
    /// Language of the words (BCP 47).
    pub language: String,
    /// What it says.
    pub words: Words,
    /// When it is sent.
    pub at: DateTime<Utc>,
}

/// Why a mail was not taken. Holds no text of the mail server: it quotes addresses.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the mail was not taken: {code}")]
pub struct Refused {
    /// Stable code, such as `timeout` or `smtp-550`.
    pub code: Cow<'static, str>,
    /// Whether trying later may help.
    pub passing: bool,
}

impl Refused {
    fn passing(code: impl Into<Cow<'static, str>>) -> Self {
        Self { code: code.into(), passing: true }
    }

    fn lasting(code: impl Into<Cow<'static, str>>) -> Self {
        Self { code: code.into(), passing: false }
    }
}

/// Whether a text is an address that a mail can go to.
pub fn is_address(text: &str) -> bool {
    text.len() <= 254 && lettre::Address::from_str(text).is_ok()
}

/// The address of `Name <address>` or `address`.
pub fn address_of(sender: &str) -> Option<String> {
    lettre::message::Mailbox::from_str(sender).ok().map(|mailbox| mailbox.email.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_told_from_other_texts() {
        for text in ["a@b.example", "ola.nordmann+x@sykehus.example", "blåbær@sykehus.example"] {
            assert!(is_address(text), "{text}");
        }
        for text in ["", "a", "a@", "@b", "a@b c", "Ola <a@b.example>", "a@b.example\r\nBcc: c@d.example"] {
            assert!(!is_address(text), "{text}");
        }
        assert_eq!(address_of("Kartlegging <svar@sykehus.example>").as_deref(), Some("svar@sykehus.example"));
        assert_eq!(address_of("svar@sykehus.example").as_deref(), Some("svar@sykehus.example"));
        assert_eq!(address_of("Kartlegging"), None);
    }
}
