//! Reads forms: a Questionnaire of R4, or a Bundle with one Questionnaire per language.
//!
//! Every fault of a file is reported at once. What changes the questions or the answers that are
//! valid, and cannot be executed, refuses the form; what only changes looks is a warning.

mod bundle;
mod extension;
mod form;
mod item;
mod options;
mod rules;

use serde_json::Value as Json;

pub use super::node::{Finding, Severity};
use super::node::{Log, Node};
use crate::domain::questionnaire::Questionnaire;

/// What a file gave.
#[derive(Debug, Default)]
pub struct Outcome {
    /// The forms that can be used; none of a file in which something was refused.
    pub questionnaires: Vec<Questionnaire>,
    /// Every fault.
    pub findings: Vec<Finding>,
}

impl Outcome {
    /// Whether the file was refused.
    pub fn is_refused(&self) -> bool {
        self.findings.iter().any(|finding| finding.severity == Severity::Refused)
    }
}

/// Reads a file.
pub fn read(bytes: &[u8]) -> Outcome {
    let log = Log::default();
    let questionnaires = match serde_json::from_slice::<Json>(bytes) {
        Ok(json) => from_json(&json, &log),
        Err(error) => {
            let text = format!("not JSON (line {}, column {})", error.line(), error.column());
            log.refuse("", "not-json", text);
            Vec::new()
        }
    };
    let refused = log.is_refused();
    Outcome { questionnaires: if refused { Vec::new() } else { questionnaires }, findings: log.into_findings() }
}

fn from_json(json: &Json, log: &Log) -> Vec<Questionnaire> {
    let Some(root) = Node::new(json, "", log) else {
        return Vec::new();
    };
    match root.text("resourceType").as_deref() {
        Some("Questionnaire") => Node::new(json, "Questionnaire", log).and_then(|node| form::read(&node)).into_iter().collect(),
        Some("Bundle") => bundle::read(&root),
        _ => {
            root.refuse("resource-type", "a Questionnaire or a Bundle of Questionnaires is expected");
            Vec::new()
        }
    }
}
