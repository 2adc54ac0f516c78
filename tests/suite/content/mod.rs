//! The forms in `questionnaires/`, with their supplements and examples; how patients' texts read.

mod engine;
mod forms;
mod hostile;
mod patient_texts;
mod properties;
mod quirks;
mod readability;
mod summaries;
pub mod support;
mod tongues;
