//! Writes issues as an `OperationOutcome` of R4.

use serde_json::{Value as Json, json};

use crate::domain::answers::Issue;
use crate::fhir::urls;

/// Writes the issues; `words` gives the text of each in the reader's language. Without issues it
/// says that all is well.
pub fn outcome(issues: &[Issue], words: impl Fn(&Issue) -> String) -> Json {
    let all: Vec<Json> = issues.iter().map(|issue| one(issue, &words(issue))).collect();
    let all = if all.is_empty() { vec![json!({"severity": "information", "code": "informational"})] } else { all };
    json!({"resourceType": "OperationOutcome", "issue": all})
}

fn one(issue: &Issue, words: &str) -> Json {
    let system = if issue.code.is_forms_lab() { urls::FORMS_LAB } else { urls::ISSUE_SYSTEM };
    json!({
        "severity": issue.severity.code(),
        "code": issue.code.fhir_type(),
        "details": {"coding": [{"system": system, "code": issue.code.code()}], "text": words},
        "diagnostics": format!("linkId {}", issue.path),
        "expression": [issue.expression],
    })
}
