//! A document of everything that is held about a patient, as one page of HTML that needs nothing
//! beside it: to be read on a screen or printed.

use askama::Template;

/// The page.
#[derive(Debug, Clone, Template)]
#[template(path = "record.html")]
pub struct Record {
    /// Language of the page (BCP 47).
    pub language: String,
    /// Its title.
    pub title: String,
    /// What it is, in a few sentences.
    pub intro: Vec<String>,
    /// Its parts.
    pub sections: Vec<Section>,
}

/// A part of the page.
#[derive(Debug, Clone, Default)]
pub struct Section {
    /// Heading.
    pub heading: String,
    /// What stands below it.
    pub blocks: Vec<Block>,
}

/// Something in a part.
#[derive(Debug, Clone)]
pub enum Block {
    /// A sentence.
    Text(String),
    /// A heading one level deeper.
    Heading(String),
    /// Names of things with what they are.
    Facts(Vec<(String, String)>),
    /// Questions with their answers, in a language of their own; nothing for a heading among them.
    Answers {
        /// Language of the words.
        language: String,
        /// A question with its answers, or a heading without any.
        rows: Vec<(String, Option<Vec<String>>)>,
    },
    /// A table with the names of its columns.
    Table {
        /// Names of the columns.
        head: Vec<String>,
        /// Rows, as wide as the head.
        rows: Vec<Vec<String>>,
    },
}

/// Why the page could not be made: an error of its template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the page could not be made")]
pub struct Error;

impl Record {
    /// The page as HTML; whatever stands in it is escaped.
    pub fn html(&self) -> Result<String, Error> {
        self.render().map_err(|_| Error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_it_is_markup() {
        let evil = || "<script>alert('x')</script>&\"".to_owned();
        let page = Record {
            language: "nb".to_owned(),
            title: evil(),
            intro: vec![evil()],
            sections: vec![Section {
                heading: evil(),
                blocks: vec![
                    Block::Text(evil()),
                    Block::Heading(evil()),
                    Block::Facts(vec![(evil(), evil())]),
                    Block::Answers { language: "nb".to_owned(), rows: vec![(evil(), None), (evil(), Some(vec![evil()]))] },
                    Block::Table { head: vec![evil()], rows: vec![vec![evil()]] },
                ],
            }],
        };
        let html = page.html().expect("a page");
        assert!(!html.contains("<script") && html.matches("alert").count() == 13, "{html}");
        assert!(html.starts_with("<!doctype html>\n<html lang=\"nb\">"), "{html}");
    }
}
