//! What mails say, as paragraphs with at most one link: once as plain text, once as HTML.

use crate::domain::language::Language;
use crate::domain::notices::Notice;
use crate::text::{self, Arg};
use askama::Template;

/// What a mail says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    /// Subject.
    pub subject: String,
    /// Paragraphs before the link.
    pub before: Vec<String>,
    /// The link with what to press.
    pub link: Option<(String, String)>,
    /// Paragraphs after it.
    pub after: Vec<String>,
}

#[derive(Template)]
#[template(path = "mail.html")]
struct Page<'a> {
    language: &'a str,
    words: &'a Words,
}

impl Words {
    /// As plain text.
    pub fn text(&self) -> String {
        let link = self.link.iter().map(|(label, address)| format!("{label}:\n{address}"));
        let all: Vec<String> = self.before.iter().cloned().chain(link).chain(self.after.iter().cloned()).collect();
        format!("{}\n", all.join("\n\n"))
    }

    /// As a page of HTML; `None` when the template can't be written.
    pub fn html(&self, language: &str) -> Option<String> {
        Page { language, words: self }.render().ok()
    }
}

/// What a link asks of who opens it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asks {
    /// The birth date.
    BirthDate,
    /// To sign in.
    SignIn,
}

/// To a patient: there are questions to answer, or they are not answered yet. Says neither what they are
/// about nor who asks, unless the organization allows its name.
pub fn notice(notice: Notice, language: &Language, link: &str, sender: Option<&str>, reply: bool, asks: Asks) -> Words {
    let say = |key: &str| text::words(language, key, &[]);
    let (subject, lead) = match notice {
        Notice::First => ("mail-notice-subject", "mail-notice-lead"),
        Notice::Reminder => ("mail-reminder-subject", "mail-reminder-lead"),
    };
    let enter = match asks {
        Asks::BirthDate => "mail-birth",
        Asks::SignIn => "mail-sign-in",
    };
    let mut after = vec![say(enter), say("mail-private"), say("mail-stop"), say("mail-other")];
    if !reply {
        after.push(say("mail-no-reply"));
    }
    after.extend(sender.map(|name| text::words(language, "mail-greeting", &[("sender", Arg::from(name))])));
    Words {
        subject: say(subject),
        before: vec![say("mail-hello"), say(lead), say("mail-free")],
        link: Some((say("mail-open"), link.to_owned())),
        after,
    }
}

/// To a unit: new answers are waiting. Says neither whose nor how many.
pub fn digest(language: &Language) -> Words {
    let say = |key: &str| text::words(language, key, &[]);
    Words {
        subject: say("mail-digest-subject"),
        before: vec![say("mail-digest-lead"), say("mail-digest-where")],
        link: None,
        after: vec![say("mail-no-reply")],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_hold_the_one_link_and_the_same_words() {
        for language in text::languages() {
            for kind in Notice::ALL {
                let words = notice(kind, language, "https://svar.example/s/ABC", Some("Blåbær & <Co> HF"), true, Asks::BirthDate);
                let (plain, html) = (words.text(), words.html(language.as_str()).unwrap_or_default());
                assert_eq!((plain.matches("https://").count(), html.matches("https://").count()), (1, 1), "{language}: {html}");
                assert!(plain.contains("Blåbær & <Co> HF") && !html.contains("<Co>"), "{language}: {html}");
                for paragraph in words.before.iter().chain(&words.after).filter(|paragraph| !paragraph.contains(['&', '\'', '"'])) {
                    assert!(plain.contains(paragraph.as_str()) && html.contains(paragraph.as_str()), "{language}: {paragraph}");
                }
                assert!(!plain.contains("mail-") && !words.subject.contains("mail-"), "{language}: {plain}");
            }
            let digest = digest(language).text();
            assert!(!digest.contains("http") && !digest.contains("mail-"), "{digest}");
        }
    }

    #[test]
    fn no_mail_says_what_it_is_about() {
        let revealing = [
            "kreft",
            "cancer",
            "pasient",
            "patient",
            "sykehus",
            "sjukehus",
            "hospital",
            "helse",
            "health",
            "påkjenning",
            "distress",
            "lege",
            "doctor",
            "klinikk",
            "clinic",
            "behandling",
            "treatment",
            "sykdom",
            "sjukdom",
            "illness",
            "diagnos",
            "avdeling",
            "kartlegging",
            "{",
        ];
        for language in text::languages() {
            let mut all = vec![digest(language)];
            for asks in [Asks::BirthDate, Asks::SignIn] {
                all.extend(Notice::ALL.map(|kind| notice(kind, language, "https://svar.example/s/ABC", None, false, asks)));
            }
            assert_ne!(all[1].text(), all[3].text(), "{language}: who signs in is told so");
            for words in all {
                let said = format!("{} {}", words.subject, words.text()).to_lowercase();
                for word in revealing {
                    assert!(!said.contains(word), "{language}: {word} is in {said}");
                }
            }
        }
    }
}
