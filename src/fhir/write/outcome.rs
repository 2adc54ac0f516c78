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

/// Something wrong with a request that is not about answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Complaint<'a> {
    /// Code of R4's `issue-type`.
    pub kind: &'a str,
    /// Our code.
    pub code: &'a str,
    /// What it says and what to do, for people.
    pub words: String,
    /// `FHIRPath` of the place, or `http.<parameter>` for a parameter or header.
    pub expression: Option<String>,
}

/// Writes complaints; `request` is the id under which the log has the request.
pub fn complaints(all: &[Complaint<'_>], request: &str) -> Json {
    let issues = all.iter().map(|complaint| {
        let system = format!("{}CodeSystem/error", urls::FORM_BASE);
        let mut issue = json!({
            "severity": "error",
            "code": complaint.kind,
            "details": {"coding": [{"system": system, "code": complaint.code}], "text": complaint.words},
            "diagnostics": format!("request {request}"),
        });
        if let (Some(issue), Some(expression)) = (issue.as_object_mut(), &complaint.expression) {
            issue.insert("expression".into(), json!([expression]));
        }
        issue
    });
    json!({"resourceType": "OperationOutcome", "issue": issues.collect::<Vec<_>>()})
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
