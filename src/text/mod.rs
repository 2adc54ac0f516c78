//! Words for people, in bokmål, nynorsk and English.
//!
//! A new word: add its key to one file of each language below `locales/`; a test compares them.

pub mod format;
mod issue;
mod locales;
mod negotiate;
pub mod summary;

pub use issue::issue;
pub use locales::{Arg, LANGUAGES, ui_language, words};
pub use negotiate::negotiate;
