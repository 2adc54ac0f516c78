//! What an organization writes in its letters around link and code: plain text with places that are
//! filled for each letter, `{link}`, `{code}` and those of [`Place`].
//!
//! A line with a place that has nothing to stand there (no visit, a unit that is not to be named) is
//! left out as a whole, so that no letter says “Visit: ”. Link and code must not stand on such a line.

use crate::domain::support_text::{SupportText, Unfit};

/// Where something is put in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Place {
    /// Name of the organization.
    Organization,
    /// Name of the unit.
    Unit,
    /// Telephone of the unit; of the organization where the unit is not named.
    Phone,
    /// Start of the visit.
    Visit,
    /// When answering ends.
    Until,
    /// The service's address without `https://`, short enough to type.
    Address,
    /// The personal link.
    Link,
    /// The code in groups.
    Code,
    /// How the patient shows who they are: a sentence.
    Identify,
}

impl Place {
    /// Every place.
    pub const ALL: [Self; 9] =
        [Self::Organization, Self::Unit, Self::Phone, Self::Visit, Self::Until, Self::Address, Self::Link, Self::Code, Self::Identify];
    /// What every text must have.
    const NEEDED: [Self; 2] = [Self::Link, Self::Code];

    /// The word between the braces.
    pub fn word(self) -> &'static str {
        match self {
            Self::Organization => "organization",
            Self::Unit => "unit",
            Self::Phone => "phone",
            Self::Visit => "visit",
            Self::Until => "until",
            Self::Address => "address",
            Self::Link => "link",
            Self::Code => "code",
            Self::Identify => "identify",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|place| place.word() == word)
    }

    /// Whether a letter can be without it.
    fn may_be_empty(self) -> bool {
        matches!(self, Self::Unit | Self::Visit | Self::Until)
    }
}

/// Why a text can't stand in letters. Lines are counted from 1, in the text without empty lines at its
/// beginning.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Wrong {
    /// Not a text at all.
    #[error(transparent)]
    Text(#[from] Unfit),
    /// A word in braces that is no place.
    #[error("line {line}: {{{word}}} is not one of {known}", known = Place::ALL.map(|place| format!("{{{}}}", place.word())).join(", "))]
    Unknown {
        /// Where.
        line: usize,
        /// The word, cut to 30 characters.
        word: String,
    },
    /// A brace without its other half.
    #[error("line {0}: a brace stands alone; braces are for places such as {{link}} only")]
    Brace(usize),
    /// Link or code is missing: nobody could answer.
    #[error("{{{}}} is missing; every letter needs {{link}} and {{code}}", .0.word())]
    Missing(Place),
    /// Link or code on a line that some letters leave out.
    #[error("line {line}: {{{}}} stands beside {{{}}}, and a letter without that leaves the whole line out; put it on a line of its own", needed.word(), other.word())]
    Beside {
        /// Where.
        line: usize,
        /// Link or code.
        needed: Place,
        /// What may be missing.
        other: Place,
    },
}

/// A piece of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part<'a> {
    /// Words as they are.
    Words(&'a str),
    /// Something is put in.
    Put(Place),
}

/// A checked text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LetterText(String);

impl LetterText {
    /// Reads a text: the shape of a [`SupportText`], with known places only, link and code among them.
    pub fn parse(text: &str) -> Result<Self, Wrong> {
        let text = SupportText::parse(text)?.as_str().to_owned();
        let mut seen = Vec::new();
        for (at, line) in text.lines().enumerate() {
            let places: Vec<Place> = parts(line)
                .map_err(|fault| match fault {
                    Fault::Brace => Wrong::Brace(at + 1),
                    Fault::Unknown(word) => Wrong::Unknown { line: at + 1, word: word.chars().take(30).collect() },
                })?
                .into_iter()
                .filter_map(|part| if let Part::Put(place) = part { Some(place) } else { None })
                .collect();
            let needed = Place::NEEDED.into_iter().find(|place| places.contains(place));
            let other = places.iter().copied().find(|place| place.may_be_empty());
            if let (Some(needed), Some(other)) = (needed, other) {
                return Err(Wrong::Beside { line: at + 1, needed, other });
            }
            seen.extend(places);
        }
        match Place::NEEDED.into_iter().find(|place| !seen.contains(place)) {
            Some(missing) => Err(Wrong::Missing(missing)),
            None => Ok(Self(text)),
        }
    }

    /// The text as it was set.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its paragraphs, each with its lines, filled: `words` writes what stands in the text, `put` what
    /// comes into a place, or `None` where the line is to be left out.
    pub fn fill(&self, words: impl Fn(&str) -> String, put: impl Fn(Place) -> Option<String>) -> Vec<Vec<String>> {
        let line = |line: &str| -> Option<String> {
            let parts = parts(line).unwrap_or_default().into_iter();
            parts.map(|part| if let Part::Words(own) = part { Some(words(own)) } else { part.place().and_then(&put) }).collect()
        };
        let paragraphs = self.0.split("\n\n").map(|paragraph| paragraph.lines().filter_map(line).collect::<Vec<String>>());
        paragraphs.filter(|lines| !lines.is_empty()).collect()
    }
}

impl Part<'_> {
    fn place(self) -> Option<Place> {
        if let Self::Put(place) = self { Some(place) } else { None }
    }
}

enum Fault<'a> {
    Brace,
    Unknown(&'a str),
}

/// The parts of a line.
fn parts(line: &str) -> Result<Vec<Part<'_>>, Fault<'_>> {
    let mut found = Vec::new();
    let mut rest = line;
    while let Some(at) = rest.find(['{', '}']) {
        let (before, from) = rest.split_at(at);
        let (word, after) = from.strip_prefix('{').and_then(|inner| inner.split_once('}')).ok_or(Fault::Brace)?;
        if word.contains('{') {
            return Err(Fault::Brace);
        }
        if !before.is_empty() {
            found.push(Part::Words(before));
        }
        found.push(Part::Put(Place::parse(word.trim()).ok_or(Fault::Unknown(word))?));
        rest = after;
    }
    if !rest.is_empty() {
        found.push(Part::Words(rest));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn says(text: &str) -> String {
        LetterText::parse(text).map_or_else(|wrong| wrong.to_string(), |_| String::new())
    }

    #[test]
    fn places_are_filled_and_lines_without_are_left_out() {
        let text = LetterText::parse("Hei fra {organization}.\nTime: {visit}\n\nHvor: {unit}\n\n{link}\nKode { code }, <b>").unwrap();
        let put = |place: Place| (!place.may_be_empty()).then(|| place.word().to_uppercase());
        let filled = text.fill(|words| words.replace('<', "&lt;"), put);
        assert_eq!(filled, [vec!["Hei fra ORGANIZATION."], vec!["LINK", "Kode CODE, &lt;b>"]]);
        let all = text.fill(str::to_owned, |place| Some(place.word().to_owned()));
        assert_eq!(all, [vec!["Hei fra organization.", "Time: visit"], vec!["Hvor: unit"], vec!["link", "Kode code, <b>"]]);
    }

    #[test]
    fn what_does_not_hold_is_named_with_its_line() {
        assert_eq!(says("{link} {code}"), "");
        assert_eq!(
            says("{link}\n{name}"),
            "line 2: {name} is not one of {organization}, {unit}, {phone}, {visit}, {until}, {address}, {link}, {code}, {identify}"
        );
        assert!(says(&format!("{{{}}}", "x".repeat(500))).len() < 200);
        for alone in ["{link} {code", "{link}} {code}", "a } {link} {code}", "{li{nk} {code}"] {
            assert!(says(alone).starts_with("line 1: a brace stands alone"), "{alone}");
        }
        assert_eq!(says("Kode {code}"), "{link} is missing; every letter needs {link} and {code}");
        assert_eq!(says("Åpne {link}"), "{code} is missing; every letter needs {link} and {code}");
        assert!(says("Hei\n{code} før {visit}\n{link}").starts_with("line 2: {code} stands beside {visit}"));
        assert_eq!(says(" \n"), "the text is empty");
        assert!(says(&"å".repeat(2001)).contains("2000 is the most"));
    }
}
