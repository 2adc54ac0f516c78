//! A card about a response that nobody has reviewed, as a record system shows it (CDS Hooks 2.0): a line,
//! and what stands below it in Markdown. Words of others, such as labels of forms, are escaped: they are
//! text and nothing else.

use super::format::short_date;
use super::words;
use crate::domain::language::Language;
use crate::domain::summary::Wish;
use chrono::NaiveDate;

/// A score with what it is held against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Score {
    /// The score.
    pub value: i32,
    /// At or above it a response is marked.
    pub threshold: i32,
    /// Where the threshold is from.
    pub source: String,
}

impl Score {
    fn is_over(&self) -> bool {
        self.value >= self.threshold
    }
}

/// What a card says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// Handed in on this day.
    pub submitted_on: NaiveDate,
    /// Whether it has been changed since it was first handed in.
    pub amended: bool,
    /// Whether the form asks for a score.
    pub asks_score: bool,
    /// The score; `None` where it was not answered.
    pub score: Option<Score>,
    /// Whether the form asks for the wish.
    pub asks_wish: bool,
    /// The wish for follow-up; `None` where it was not answered.
    pub wish: Option<Wish>,
    /// Names of what burdens most.
    pub burdens_most: Vec<String>,
}

impl Facts {
    /// Whether somebody should look soon: the score is at or above the threshold, or follow-up is wanted.
    pub fn is_warning(&self) -> bool {
        self.score.as_ref().is_some_and(Score::is_over) || self.wish == Some(Wish::Yes)
    }
}

fn wish_text(wish: Option<Wish>, language: &Language) -> String {
    let key = match wish {
        Some(Wish::Yes) => "clinic-wish-yes",
        Some(Wish::No) => "clinic-wish-no",
        Some(Wish::Maybe) => "clinic-wish-maybe",
        None => "summary-not-answered",
    };
    words(language, key, &[])
}

fn score_text(score: Option<&Score>, language: &Language) -> String {
    let Some(score) = score else { return words(language, "summary-not-answered", &[]) };
    let key = if score.is_over() { "summary-over" } else { "summary-under" };
    let against = words(language, key, &[("threshold", score.threshold.to_string().into())]);
    format!("{}, {against}", score.value)
}

/// The line, of fewer than 140 characters: the day, the score, the wish.
pub fn summary(facts: &Facts, language: &Language) -> String {
    let key = if facts.amended { "card-summary-amended" } else { "card-summary" };
    let mut line = words(language, key, &[("date", short_date(facts.submitted_on, language).into())]);
    if facts.asks_score {
        let name = words(language, "summary-score", &[]);
        line = format!("{line} {name}: {}.", score_text(facts.score.as_ref(), language));
    }
    if let Some(wish) = facts.wish.filter(|wish| *wish != Wish::No) {
        let name = words(language, "summary-follow-up", &[]);
        line = format!("{line} {name}: {}.", wish_text(Some(wish), language).to_lowercase());
    }
    line
}

/// What stands below it, in GitHub Flavored Markdown: a list.
pub fn detail(facts: &Facts, language: &Language) -> String {
    let mut rows = Vec::new();
    let mut row = |key: &str, value: &str| rows.push(format!("- {}: {}", words(language, key, &[]), escape(value)));
    if facts.asks_score {
        row("summary-score", &score_text(facts.score.as_ref(), language));
    }
    if facts.asks_wish {
        row("summary-follow-up", &wish_text(facts.wish, language));
    }
    let most = facts.burdens_most.join("; ");
    row("summary-most", &if most.is_empty() { words(language, "summary-most-none", &[]) } else { most });
    if let Some(score) = &facts.score {
        let source = score.source.trim_end_matches('.').to_owned();
        rows.push(format!("- {}", escape(&words(language, "summary-threshold-source", &[("source", source.into())]))));
    }
    rows.join("\n")
}

/// Text that Markdown leaves as it is: every character of ASCII that could mean something is escaped
/// (`CommonMark` §2.4), and a line stays a line.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 8);
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '\n' | '\r' | '\t' => escaped.push(' '),
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '(' | ')' | '#' | '+' | '!' | '|' | '~' | '@' => {
                escaped.push('\\');
                escaped.push(letter);
            }
            // An address would become a link.
            ':' => escaped.push_str("&#58;"),
            letter => escaped.push(letter),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::languages;

    fn facts() -> Facts {
        Facts {
            submitted_on: NaiveDate::from_ymd_opt(2026, 11, 24).unwrap_or_default(),
            amended: false,
            asks_score: true,
            score: Some(Score { value: 7, threshold: 4, source: "NCCN: 4 eller mer".to_owned() }),
            asks_wish: true,
            wish: Some(Wish::Yes),
            burdens_most: vec!["Smerter".to_owned(), "Søvn".to_owned()],
        }
    }

    #[test]
    fn says_score_wish_and_what_burdens_most() {
        let nb = Language::nb();
        assert_eq!(
            summary(&facts(), &nb),
            "Uleste svar, sendt 24.11.2026. Påkjenning: 7, på eller over terskelen på 4. Ønsker oppfølging: ja."
        );
        assert_eq!(
            detail(&facts(), &nb),
            "- Påkjenning: 7, på eller over terskelen på 4\n- Ønsker oppfølging: Ja\n- Det som er mest belastende: Smerter; Søvn\n\
             - Kilde til terskelen&#58; NCCN&#58; 4 eller mer. Terskelen stiller ingen diagnose."
        );
    }

    #[test]
    fn the_line_is_shorter_than_140_characters_in_every_language() {
        for language in languages() {
            for wish in [None, Some(Wish::Yes), Some(Wish::No), Some(Wish::Maybe)] {
                for (value, threshold) in [(10, 10), (0, 10), (10, 0)] {
                    for amended in [false, true] {
                        let score = Some(Score { value, threshold, source: String::new() });
                        let line = summary(&Facts { amended, score, wish, ..facts() }, language);
                        assert!(line.chars().count() < 140, "{line}");
                    }
                }
            }
            let silent = Facts { score: None, wish: None, amended: true, ..facts() };
            assert!(summary(&silent, language).chars().count() < 140);
        }
    }

    #[test]
    fn it_warns_at_the_threshold_and_where_follow_up_is_wanted() {
        let at = |value, wish| Facts { score: Some(Score { value, threshold: 4, source: String::new() }), wish, ..facts() };
        assert!(at(4, Some(Wish::No)).is_warning());
        assert!(at(0, Some(Wish::Yes)).is_warning());
        assert!(!at(3, Some(Wish::Maybe)).is_warning());
        assert!(!Facts { score: None, wish: None, ..facts() }.is_warning());
    }

    #[test]
    fn words_of_others_stay_text() {
        let escaped = escape("[x](https://evil.example) <img src=x> **b** `c` # d | e\n- f @g");
        assert_eq!(escaped, "\\[x\\]\\(https&#58;//evil.example\\) &lt;img src=x&gt; \\*\\*b\\*\\* \\`c\\` \\# d \\| e - f \\@g");
    }
}
