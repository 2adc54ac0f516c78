//! The forms in `questionnaires/`, with their supplements and examples.

mod engine;
mod forms;
mod hostile;
mod properties;
mod quirks;
mod summaries;
pub mod support;
