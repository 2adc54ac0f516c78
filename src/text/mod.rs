//! Words for people, in bokmål, nynorsk and English.
//!
//! A language is a folder below `locales/`, named by its tag; a new one needs nothing else.
//! A new word: add its key to one file of each language below `locales/`; a test compares them.

pub mod card;
pub mod format;
mod issue;
pub mod letter;
mod locales;
mod negotiate;
pub mod packed;
pub mod summary;
pub mod typed;

pub use issue::{issue, issue_alone};
pub use locales::{Arg, languages, ui_language, words};
pub use negotiate::negotiate;
