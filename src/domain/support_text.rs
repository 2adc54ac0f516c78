//! What an organization or unit says of places to turn to: plain text that a receipt may show.

use crate::domain::text::{has_control, is_blank, length, nfc};

/// Most characters of a support text.
pub const MAX_LENGTH: usize = 2000;

/// Plain text in paragraphs that are a blank line apart: composed, without white space at its ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SupportText(String);

/// Why a text can't be a support text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// Nothing but white space.
    #[error("the text is empty")]
    Empty,
    /// Longer than [`MAX_LENGTH`].
    #[error("the text has {0} characters; {MAX_LENGTH} is the most")]
    TooLong(usize),
    /// A control character that no person types.
    #[error("the text has a control character in line {0}")]
    Control(usize),
}

impl SupportText {
    /// Reads a text. Lines of one paragraph stay as they are broken; several blank lines count as one.
    pub fn parse(text: &str) -> Result<Self, Unfit> {
        let text = nfc(text.trim_start_matches('\u{feff}')).replace("\r\n", "\n").replace('\r', "\n");
        if let Some(line) = text.lines().position(has_control) {
            return Err(Unfit::Control(line + 1));
        }
        let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
        let paragraphs = lines.split(|line| is_blank(line)).filter(|lines| !lines.is_empty());
        let text = paragraphs.map(|lines| lines.join("\n")).collect::<Vec<_>>().join("\n\n").trim().to_owned();
        match length(&text) {
            0 => Err(Unfit::Empty),
            long if long > MAX_LENGTH => Err(Unfit::TooLong(long)),
            _ => Ok(Self(text)),
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<String, Unfit> {
        SupportText::parse(text).map(|text| text.as_str().to_owned())
    }

    #[test]
    fn keeps_paragraphs_and_lines_and_nothing_else() {
        let given = "\u{feff}\r\n  Snakk med oss.  \r\nRing 55 00 00 02.\r\n \r\n\r\n\tKreftkoordinatoren i kommunen a\u{30a}\n\n";
        assert_eq!(read(given).unwrap(), "Snakk med oss.\nRing 55 00 00 02.\n\n\tKreftkoordinatoren i kommunen å");
        assert_eq!(read("Ring oss.").unwrap(), "Ring oss.");
        assert_eq!(read("a\rb").unwrap(), "a\nb");
    }

    #[test]
    fn refuses_what_is_no_text_and_says_why() {
        for empty in ["", " \n\t\r\n", "\u{feff}\n"] {
            assert_eq!(read(empty), Err(Unfit::Empty), "{empty:?}");
        }
        assert_eq!(read("Ring\nos\u{7}s"), Err(Unfit::Control(2)));
        assert_eq!(read("Ring\r\n\r\no\u{0}ss"), Err(Unfit::Control(3)));
        assert_eq!(read(&"å".repeat(MAX_LENGTH)).unwrap().chars().count(), MAX_LENGTH);
        assert_eq!(read(&"a\u{30a}".repeat(MAX_LENGTH)).unwrap().chars().count(), MAX_LENGTH);
        assert_eq!(read(&"å".repeat(MAX_LENGTH + 1)), Err(Unfit::TooLong(MAX_LENGTH + 1)));
        assert_eq!(Unfit::TooLong(2001).to_string(), "the text has 2001 characters; 2000 is the most");
    }
}
