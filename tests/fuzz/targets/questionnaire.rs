//! Bytes as a form, and as a supplement of one.
//!
//! A form that is read means the same after it was written; the engine can begin with it; a file that is
//! refused says why and gives nothing.

use super::forms::PLAIN;
use kartlegging::domain::answers::{Context, MAX_ISSUES, check_draft, initial, prune};
use kartlegging::domain::questionnaire::Questionnaire;
use kartlegging::fhir::read::{questionnaire, supplement};
use kartlegging::fhir::write;

/// One input.
pub fn run(data: &[u8]) {
    let outcome = questionnaire::read(data);
    assert_eq!(outcome.is_refused(), outcome.questionnaires.is_empty(), "{:?}", outcome.findings);
    for form in &outcome.questionnaires {
        reads_back(form);
        begins(form);
    }
    if let Ok(supplement) = supplement::read(data)
        && let Ok(merged) = supplement::merge(PLAIN.clone(), &supplement)
    {
        assert!(merged.languages().contains(&supplement.language));
        reads_back(&merged);
    }
}

fn reads_back(form: &Questionnaire) {
    let again = questionnaire::read(write::questionnaire(form, None).to_string().as_bytes());
    let [read] = again.questionnaires.as_slice() else { panic!("refused: {:?}", again.findings) };
    assert_eq!(read.items(), form.items());
    assert_eq!((read.canonical(), read.title(form.language())), (form.canonical(), form.title(form.language())));
    for language in form.languages() {
        let shown = questionnaire::read(write::questionnaire(form, Some(language)).to_string().as_bytes());
        assert!(!shown.is_refused(), "{language}: {:?}", shown.findings);
    }
}

fn begins(form: &Questionnaire) {
    let context = Context::default();
    let given = initial(form);
    assert!(check_draft(form, &given, &context).len() <= MAX_ISSUES + 1);
    let pruned = prune(form, &given, &context);
    assert_eq!(prune(form, &pruned, &context), pruned);
}
