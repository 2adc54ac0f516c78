//! A page of plain text with lines of limited length.

use crate::domain::language::Language;
use crate::text::locales::{Arg, words};

/// Longest line, in characters.
pub const WIDTH: usize = 76;

/// What a page says, apart from how it is set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line {
    /// What the whole page is about.
    Title(String),
    /// What the following lines are about.
    Heading(String),
    /// A name or question with what belongs to it.
    Pair(String, String),
    /// A text of its own.
    Text(String),
}

/// A page of plain text that grows by lines.
pub(super) struct Page<'a> {
    /// Language of its words.
    pub language: &'a Language,
    text: String,
    lines: Vec<Line>,
}

impl<'a> Page<'a> {
    /// An empty page in that language.
    pub fn new(language: &'a Language) -> Self {
        Self { language, text: String::new(), lines: Vec::new() }
    }

    /// Words of the product in the language of the page.
    pub fn say(&self, key: &str, args: &[(&str, Arg<'_>)]) -> String {
        words(self.language, key, args)
    }

    /// Adds a line from the first column on.
    pub fn line(&mut self, text: &str) {
        self.indented(text, 0);
    }

    /// Adds the title.
    pub fn title(&mut self, text: &str) {
        self.lines.push(Line::Title(text.to_owned()));
        self.line(text);
    }

    /// Adds an empty line and a heading.
    pub fn heading(&mut self, key: &str) {
        let text = self.say(key, &[]);
        self.line("");
        self.line(&text);
        self.lines.push(Line::Heading(text));
    }

    /// Adds a label and what belongs to it.
    pub fn pair(&mut self, key: &str, text: &str) {
        let label = self.say(key, &[]);
        self.line(&format!("{label}: {text}"));
        self.lines.push(Line::Pair(label, text.to_owned()));
    }

    /// The same below a heading, with a name that is no word of the product.
    pub fn entry(&mut self, name: &str, text: &str) {
        self.indented(&format!("{name}: {text}"), 2);
        self.lines.push(Line::Pair(name.to_owned(), text.to_owned()));
    }

    /// Adds a text below a heading.
    pub fn note(&mut self, text: &str) {
        self.indented(text, 2);
        self.lines.push(Line::Text(text.to_owned()));
    }

    /// A question with its answer below it, further in.
    pub fn question(&mut self, question: &str, answer: &str) {
        self.indented(question, 2);
        self.indented(answer, 4);
        self.lines.push(Line::Pair(question.to_owned(), answer.to_owned()));
    }

    /// Adds a text from that column on. Its own line breaks stay, long lines are broken at spaces
    /// and words longer than a line where it ends.
    pub fn indented(&mut self, text: &str, column: usize) {
        for line in text.lines().chain(text.is_empty().then_some("")) {
            for part in wrap(line, WIDTH - column.min(WIDTH / 2)) {
                if !part.is_empty() {
                    self.text.extend(std::iter::repeat_n(' ', column));
                }
                self.text.push_str(&part);
                self.text.push('\n');
            }
        }
    }

    /// The text.
    pub fn finish(self) -> String {
        self.text
    }

    /// What it says.
    pub fn lines(self) -> Vec<Line> {
        self.lines
    }
}

fn wrap(line: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut current = String::new();
    let mut length = 0;
    for word in line.split_whitespace() {
        let mut rest: Vec<char> = word.chars().collect();
        if length > 0 && length + 1 + rest.len() > width {
            lines.push(std::mem::take(&mut current));
            length = 0;
        }
        while rest.len() > width {
            let tail = rest.split_off(width);
            lines.push(rest.into_iter().collect());
            rest = tail;
        }
        if length > 0 {
            current.push(' ');
            length += 1;
        }
        length += rest.len();
        current.extend(rest);
    }
    lines.push(current);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_broken_at_spaces() {
        assert_eq!(wrap("aa bb cc", 5), ["aa bb", "cc"]);
        assert_eq!(wrap("aaaaaaa b", 3), ["aaa", "aaa", "a b"]);
        assert_eq!(wrap("", 3), [""]);
    }
}
