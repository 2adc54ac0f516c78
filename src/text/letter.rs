//! The text that goes into a letter around link and code, as plain text and as a piece of HTML. Words are
//! the organization's where it has set some ([`LetterText`]), else the product's.

use chrono::{DateTime, Utc};

use super::format;
use super::locales::{Arg, words};
use crate::domain::language::Language;
use crate::domain::letter_text::{LetterText, Place, Wrong};

/// What comes into the places of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Values {
    /// Who asks.
    pub organization: String,
    /// Which unit; none where its name would tell too much.
    pub unit: Option<String>,
    /// Whom to call.
    pub phone: String,
    /// Start of the visit, where it is named.
    pub visit: Option<DateTime<Utc>>,
    /// When answering ends, where it is named.
    pub until: Option<DateTime<Utc>>,
    /// The service's address as it is typed.
    pub address: String,
    /// The personal link.
    pub link: String,
    /// The code in groups.
    pub code: String,
    /// The provider that the unit's patients sign in at; `None` where they tell their birth date.
    pub sign_in: Option<String>,
}

impl Values {
    fn at(&self, place: Place, language: &Language) -> Option<String> {
        match place {
            Place::Organization => Some(self.organization.clone()),
            Place::Unit => self.unit.clone(),
            Place::Phone => Some(self.phone.clone()),
            Place::Visit => self.visit.map(|at| format::moment(at, language)),
            Place::Until => self.until.map(|at| format::moment(at, language)),
            Place::Address => Some(self.address.clone()),
            Place::Link => Some(self.link.clone()),
            Place::Code => Some(self.code.clone()),
            Place::Identify => Some(identify(self.sign_in.as_deref(), language)),
        }
    }
}

/// How the patient shows who they are: by signing in where the unit asks for that, else by the birth date.
pub fn identify(sign_in: Option<&str>, language: &Language) -> String {
    match sign_in {
        Some(provider) => words(language, "letter-sign-in", &[("provider", provider.into())]),
        None => words(language, "letter-birth", &[]),
    }
}

/// The product's text in a language. An error only where the locale file breaks the rules of a
/// [`LetterText`]; a test finds it.
pub fn standard(language: &Language) -> Result<LetterText, Wrong> {
    let args = Place::ALL.map(|place| (place.word(), Arg::from(format!("{{{}}}", place.word()))));
    LetterText::parse(&words(language, "letter-text", &args))
}

/// As plain text: lines as they are broken, a blank line between paragraphs.
pub fn plain(text: &LetterText, values: &Values, language: &Language) -> String {
    let filled = text.fill(str::to_owned, |place| values.at(place, language));
    filled.iter().map(|lines| lines.join("\n")).collect::<Vec<_>>().join("\n\n")
}

/// As a piece of HTML that says its language. Nothing in the text or the values is markup: the link is
/// made one here, and the code stands out.
pub fn html(text: &LetterText, values: &Values, language: &Language) -> String {
    let put = |place: Place| {
        let value = escaped(&values.at(place, language)?);
        Some(match place {
            Place::Link => format!("<a href=\"{value}\">{value}</a>"),
            Place::Code => format!("<strong>{value}</strong>"),
            _ => value,
        })
    };
    let filled = text.fill(escaped, put);
    let paragraphs: Vec<String> = filled.iter().map(|lines| lines.join("<br>")).collect();
    format!("<div lang=\"{language}\"><p>{}</p></div>", paragraphs.join("</p><p>"))
}

fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            _ => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::super::languages;
    use super::*;

    fn values() -> Values {
        Values {
            organization: "Øst & <Vest> HF".to_owned(),
            unit: Some("Čáhcesuolu poliklinihkka".to_owned()),
            phone: "55 00 00 02".to_owned(),
            visit: "2026-11-27T08:30:00Z".parse().ok(),
            until: "2026-11-27T08:30:00Z".parse().ok(),
            address: "svar.example".to_owned(),
            link: "https://svar.example/s/2QF7C9X3M8KD5WZR0T6VYB4HNA".to_owned(),
            code: "7K3Q-W9XM-B4HM".to_owned(),
            sign_in: None,
        }
    }

    #[test]
    fn the_product_has_a_text_in_every_language() {
        for language in languages() {
            let text = standard(language).unwrap();
            let all = plain(&text, &values(), language);
            for said in [&values().organization, &values().link, &values().code, "svar.example\u{20}", "55 00 00 02", "Čáhcesuolu"] {
                assert!(all.contains(said), "{language}: {said} is not in {all}");
            }
            assert!(!all.contains(['{', '}']) && !all.contains("letter-text"), "{all}");
            let born = identify(None, language);
            let signed = plain(&text, &Values { sign_in: Some("ID-porten".to_owned()), ..values() }, language);
            assert!(all.contains(&born) && !signed.contains(&born) && signed.contains("ID-porten"), "{signed}");
            let bare = plain(&text, &Values { unit: None, visit: None, until: None, ..values() }, language);
            assert!(!bare.contains("2026") && !bare.contains("Čáhcesuolu") && !bare.contains(": \n") && bare.contains("\n\n"), "{bare}");
            assert_eq!(all.lines().count(), bare.lines().count() + 4, "three lines and the white after them");
        }
    }

    #[test]
    fn nothing_becomes_markup() {
        let text = LetterText::parse("<script>&\"'{organization}\n{link}\n\n{code}").unwrap();
        let made = html(&text, &values(), &Language::nn());
        let link = "https://svar.example/s/2QF7C9X3M8KD5WZR0T6VYB4HNA";
        let expected = format!(
            "<div lang=\"nn\"><p>&lt;script&gt;&amp;&quot;&#39;Øst &amp; &lt;Vest&gt; HF<br><a href=\"{link}\">{link}</a></p>\
             <p><strong>7K3Q-W9XM-B4HM</strong></p></div>"
        );
        assert_eq!(made, expected);
    }
}
