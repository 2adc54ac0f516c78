//! What a clinician reads: derived from form and answers, never stored as text.

mod build;
mod digest;
mod shape;
mod support;
pub mod topics;

pub use build::{Previous, SummaryInput, Vocabulary, consent_state, summarise};
pub use digest::{Digest, Wish, digest, score_of};
pub use shape::{
    Category, CategoryState, Change, Coded, Comparison, ConsentState, FormName, FreeText, Other, Problem, Score, Summary, Threshold, Topic,
};
pub use support::needs_support;
