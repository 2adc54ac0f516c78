//! A mail as a message of RFC 5322: text and HTML, marked as sent by a machine (RFC 3834).

use super::{Mail, Refused};
use lettre::Message;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart, SinglePart};
use std::str::FromStr;
use std::time::SystemTime;

/// Nobody's holiday notice answers it.
const AUTOMATIC: HeaderName = HeaderName::new_from_ascii_str("Auto-Submitted");
const LANGUAGE: HeaderName = HeaderName::new_from_ascii_str("Content-Language");

/// Puts a mail together. The same mail at the same time is the same message.
pub(super) fn message(mail: &Mail, from: &Mailbox) -> Result<Message, Refused> {
    let address = |text: &str| lettre::Address::from_str(text).map_err(|_| Refused::lasting("address"));
    // A name is one line of a header, whatever stands in the organization's row.
    let named = mail.sender.as_ref().map(|name| name.chars().map(|sign| if sign.is_control() { ' ' } else { sign }).collect());
    let sender = Mailbox::new(named.or_else(|| from.name.clone()), from.email.clone());
    let mut builder = Message::builder()
        .from(sender)
        .to(Mailbox::new(None, address(&mail.to)?))
        .subject(&mail.words.subject)
        .message_id(Some(format!("<{}@{}>", mail.id, from.email.domain())))
        .date(SystemTime::from(mail.at))
        .raw_header(HeaderValue::new(AUTOMATIC, "auto-generated".to_owned()))
        .raw_header(HeaderValue::new(LANGUAGE, mail.language.clone()));
    if let Some(reply_to) = &mail.reply_to {
        builder = builder.reply_to(Mailbox::new(None, address(reply_to)?));
    }
    let html = mail.words.html(&mail.language).ok_or(Refused::passing("template"))?;
    let part = |kind: ContentType, body: String| SinglePart::builder().header(kind).body(body);
    let body = MultiPart::alternative()
        .boundary(mail.id.simple().to_string())
        .singlepart(part(ContentType::TEXT_PLAIN, mail.words.text()))
        .singlepart(part(ContentType::TEXT_HTML, html));
    builder.multipart(body).map_err(|_| Refused::lasting("message"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::language::Language;
    use crate::domain::notices::Notice;
    use crate::mail::words;
    use chrono::DateTime;
    use uuid::Uuid;

    fn mail(to: &str) -> Mail {
        Mail {
            id: Uuid::from_u128(7),
            to: to.to_owned(),
            sender: None,
            reply_to: None,
            language: "nn".to_owned(),
            words: words::notice(Notice::Reminder, &Language::nn(), "https://svar.example/s/ABC", None, false, words::Asks::BirthDate),
            at: DateTime::from_timestamp(1_800_000_000, 0).unwrap_or_default(),
        }
    }

    fn text(mail: &Mail) -> String {
        let from = Mailbox::from_str("Kartlegging <svar@sykehus.example>").unwrap();
        message(mail, &from).map(|message| String::from_utf8_lossy(&message.formatted()).into_owned()).unwrap_or_default()
    }

    #[test]
    fn headers_say_that_a_machine_wrote_it() {
        let text = text(&mail("a@b.example"));
        for line in [
            "From: Kartlegging <svar@sykehus.example>\r\n",
            "To: a@b.example\r\n",
            "Message-ID: <00000000-0000-0000-0000-000000000007@sykehus.example>\r\n",
            "Date: Fri, 15 Jan 2027 08:00:00 +0000\r\n",
            "Auto-Submitted: auto-generated\r\n",
            "Content-Language: nn\r\n",
            "Content-Type: text/plain; charset=utf-8\r\n",
            "Content-Type: text/html; charset=utf-8\r\n",
        ] {
            assert!(text.contains(line), "{line} is not in {text}");
        }
        assert!(!text.contains("List-Unsubscribe") && !text.contains("Reply-To"), "{text}");
    }

    #[test]
    fn names_and_answers_go_where_they_are_set_and_no_header_is_smuggled_in() {
        let named = Mail {
            sender: Some("Blåbær HF\r\nBcc: x@y.example".to_owned()),
            reply_to: Some("post@b.example".to_owned()),
            ..mail("a@b.example")
        };
        let text = text(&named);
        assert!(text.contains("Reply-To: post@b.example\r\n"), "{text}");
        assert!(!text.lines().any(|line| line.starts_with("Bcc")), "{text}");
        for address in ["a@b.example\r\nBcc: x@y.example", "nobody", ""] {
            let from = Mailbox::from_str("svar@sykehus.example").unwrap();
            assert_eq!(message(&mail(address), &from).err(), Some(Refused::lasting("address")), "{address}");
        }
    }

    #[test]
    fn the_same_mail_is_the_same_message() {
        assert_eq!(text(&mail("a@b.example")), text(&mail("a@b.example")));
    }
}
