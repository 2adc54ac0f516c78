//! Loads forms and builds small ones.

use std::path::{Path, PathBuf};

use kartlegging::domain::answers::{Answers, Context, Issue, check_draft, complete};
use kartlegging::domain::questionnaire::{Item, ItemType, Metadata, Questionnaire};
use kartlegging::fhir::read::{self, questionnaire, supplement};
use serde_json::{Value as Json, json};

/// Folder of the released forms.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("questionnaires")
}

/// A released form with all its supplements.
pub fn form(name: &str) -> Questionnaire {
    let file = |end: &str| folder().join(name).join(format!("1.0.0{end}.json"));
    let outcome = questionnaire::read(&std::fs::read(file("")).unwrap());
    let mut forms = outcome.questionnaires;
    let mut form = forms.pop().unwrap_or_else(|| panic!("{name}: {:#?}", outcome.findings));
    for language in ["nn", "en"] {
        let bytes = std::fs::read(file(&format!(".{language}"))).unwrap();
        let supplement = supplement::read(&bytes).unwrap();
        form = supplement::merge(form, &supplement).unwrap();
    }
    form
}

/// Names of the released forms.
pub const FORMS: [&str; 2] = ["distress-thermometer", "follow-up"];

/// A form of these items.
pub fn small(items: Vec<Item>) -> Questionnaire {
    let metadata = Metadata::new("https://example.org/fhir/Questionnaire/small", "1", "Small");
    Questionnaire::new(metadata, items)
}

/// A question of that type.
pub fn ask(link_id: &str, kind: ItemType) -> Item {
    Item::new(link_id, kind, link_id)
}

/// Reads a form of these items and gives codes of its findings with `!` before refusals.
pub fn findings(items: &Json) -> Vec<String> {
    let outcome = questionnaire::read(form_json(items).to_string().as_bytes());
    let code = |finding: &questionnaire::Finding| match finding.severity {
        questionnaire::Severity::Refused => format!("!{}", finding.code),
        questionnaire::Severity::Warning => finding.code.to_owned(),
    };
    outcome.findings.iter().map(code).collect()
}

/// Reads a form of these items, which must be usable.
pub fn read_form(items: &Json) -> Questionnaire {
    let mut outcome = questionnaire::read(form_json(items).to_string().as_bytes());
    outcome.questionnaires.pop().unwrap_or_else(|| panic!("{:#?}", outcome.findings))
}

/// A Questionnaire of these items.
pub fn form_json(items: &Json) -> Json {
    json!({
        "resourceType": "Questionnaire", "url": "https://example.org/fhir/Questionnaire/small",
        "version": "1", "title": "Small", "status": "active", "language": "nb", "item": items,
    })
}

/// A response of these items as a client sends it.
pub fn response_json(items: &Json) -> Json {
    json!({"resourceType": "QuestionnaireResponse", "status": "completed", "item": items})
}

/// Answers read and brought into shape for a form.
pub fn answers(form: &Questionnaire, items: &Json) -> Answers {
    let document = read::response(&response_json(items)).unwrap();
    read::normalise(form, document, &Context::default()).answers
}

/// What is wrong with these items handed in: `code linkId` each, `~` before warnings.
pub fn wrong(form: &Questionnaire, items: &Json) -> Vec<String> {
    let context = Context::default();
    match complete(form, answers(form, items), &context) {
        Ok(complete) => list(complete.warnings()),
        Err(issues) => list(&issues),
    }
}

/// What is wrong with a draft.
pub fn wrong_draft(form: &Questionnaire, items: &Json) -> Vec<String> {
    list(&check_draft(form, &answers(form, items), &Context::default()))
}

/// Issues in short.
pub fn list(issues: &[Issue]) -> Vec<String> {
    let mark = |issue: &Issue| {
        if issue.severity.code() == "warning" { "~" } else { "" }
    };
    issues.iter().map(|i| format!("{}{} {}", mark(i), i.code.code(), i.link_id)).collect()
}
