//! What each fuzz target does with its bytes. `tests/fuzz/run` runs them under libFuzzer; the suite runs
//! each over its corpus (`tests/suite/fuzz.rs`), so that an input that once broke something never does again.
//!
//! A target says what holds for every input; that nothing panics is only the beginning. To add one: a file
//! here with `run`, a line below and in the suite, a program in `bins/` with its lines in `Cargo.toml`, some
//! inputs in `corpus/`.

pub mod form_body;
mod forms;
pub mod invite_csv;
pub mod questionnaire;
pub mod response;
pub mod search;
pub mod token;
pub mod typed;
