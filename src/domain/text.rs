//! Text as the product keeps it: Unicode in normal form C, without control characters.

use unicode_normalization::{UnicodeNormalization, is_nfc};

/// Normalises to Unicode normal form C, so that the same word is stored in one way only.
pub fn nfc(text: &str) -> String {
    if is_nfc(text) { text.to_owned() } else { text.nfc().collect() }
}

/// Whether the text holds a control character that no person types: everything in the Unicode
/// category Cc apart from tab, line feed and carriage return.
pub fn has_control(text: &str) -> bool {
    text.chars().any(|c| c.is_control() && !matches!(c, '\t' | '\n' | '\r'))
}

/// Whether the text breaks a line.
pub fn has_line_break(text: &str) -> bool {
    text.contains(['\n', '\r'])
}

/// Length in characters (Unicode scalar values of the NFC form), which is how every limit counts.
pub fn length(text: &str) -> usize {
    if is_nfc(text) { text.chars().count() } else { text.nfc().count() }
}

/// Whether nothing but white space is there.
pub fn is_blank(text: &str) -> bool {
    text.chars().all(char::is_whitespace)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn composes_letters_and_counts_characters() {
        assert_eq!(nfc("a\u{30a}"), "å");
        assert_eq!(length("a\u{30a}"), 1);
        assert_eq!(length("č € – «»"), 8);
    }

    #[test]
    fn finds_control_characters_but_allows_lines_and_tabs() {
        assert!(has_control("a\u{0}b"));
        assert!(has_control("a\u{9f}b"));
        assert!(!has_control("a\tb\r\nc"));
        assert!(has_line_break("a\rb"));
        assert!(is_blank(" \u{a0}\n"));
    }
}
