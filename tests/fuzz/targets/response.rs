//! Bytes as a response: read, brought into shape, checked as a draft and as handed in, pruned, written.
//!
//! What is handed in has no error as a draft; what has none is written and read back as it was; pruning
//! settles and leaves nothing that is not asked.

use super::forms::FORMS;
use kartlegging::domain::answers::{Answers, Context, Issue, IssueCode, MAX_ISSUES, MAX_NODES, Severity, check_draft, complete, prune};
use kartlegging::domain::questionnaire::{Questionnaire, Role};
use kartlegging::domain::summary::digest;
use kartlegging::fhir::read::{self, ResponseDocument, ResponseStatus, normalise::names_form};
use kartlegging::fhir::write::{self, ResponseMeta};
use serde_json::Value as Json;

/// One input.
pub fn run(data: &[u8]) {
    let Ok(json) = serde_json::from_slice::<Json>(data) else { return };
    let document = match read::response(&json) {
        Ok(document) => document,
        Err(issues) => {
            assert!((1..=MAX_ISSUES).contains(&issues.len()));
            return;
        }
    };
    assert!(document.answers.walk().map(|item| 1 + item.answers.len()).sum::<usize>() <= MAX_NODES);
    let named = document.questionnaire.as_deref();
    let form = FORMS.iter().find(|form| named.is_some() && names_form(form, named)).unwrap_or(&FORMS[2]);
    for not_asked in [&[] as &[Role], &[Role::ConsentForward]] {
        held(form, document.clone(), &Context { not_asked });
    }
}

fn is_wrong(issues: &[Issue]) -> bool {
    issues.iter().any(|issue| issue.severity > Severity::Warning)
}

fn held(form: &Questionnaire, document: ResponseDocument, context: &Context<'_>) {
    let answers = read::normalise(form, document, context).answers;
    let draft = check_draft(form, &answers, context);
    assert!(draft.len() <= MAX_ISSUES + 1);
    match complete(form, answers.clone(), context) {
        Ok(complete) => {
            assert!(!is_wrong(&draft) && !draft.iter().any(|issue| issue.code.is_missing()), "{draft:?}");
            assert_eq!(complete.answers(), &answers);
            assert!(digest(form, &answers).score.is_none_or(|score| (0..=10).contains(&score)));
        }
        Err(issues) => assert!(is_wrong(&issues) && (is_wrong(&draft) || draft.iter().any(|issue| issue.code.is_missing()))),
    }
    let pruned = prune(form, &answers, context);
    assert_eq!(prune(form, &pruned, context), pruned);
    let left = check_draft(form, &pruned, context);
    assert!(left.iter().all(|issue| issue.code != IssueCode::NotEnabled), "{left:?}");
    if !is_wrong(&draft) {
        assert_eq!(pruned, answers);
        reads_back(form, &answers, context);
    }
}

/// What can be saved can be opened.
pub(super) fn reads_back(form: &Questionnaire, answers: &Answers, context: &Context<'_>) {
    let language = form.language();
    let meta = ResponseMeta {
        id: None,
        version: None,
        status: ResponseStatus::InProgress,
        authored: None,
        language,
        subject: None,
        full_tree: false,
    };
    let text = write::response(form, answers, &meta).to_string();
    let json: Json = serde_json::from_str(&text).expect("JSON");
    let document = read::response(&json).unwrap_or_else(|issues| panic!("{issues:?}: {text}"));
    assert_eq!(&read::normalise(form, document, context).answers, answers, "{text}");
}
