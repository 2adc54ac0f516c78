//! Lines as bodies of sent pages (`application/x-www-form-urlencoded`), one after the other, as one patient
//! sends them. Two fields of ours say where: `skjema` (0 to 2) and `side` (from 1).
//!
//! Whatever is sent, the answers keep the structure of the form, other pages keep their answers, and what
//! has no error can be saved and opened.

use super::forms::FORMS;
use super::response::reads_back;
use kartlegging::domain::answers::{Answers, Context, IssueCode, Severity, check_draft, initial, prune};
use kartlegging::domain::questionnaire::Questionnaire;
use kartlegging::fhir::read::{self, ResponseDocument, ResponseStatus};
use kartlegging::http::sent;

/// Most pages of one input.
const PAGES: usize = 6;

/// What no page can do, whatever is in its fields.
const STRUCTURE: [IssueCode; 9] = [
    IssueCode::InvalidLinkId,
    IssueCode::WrongPlace,
    IssueCode::ItemOrder,
    IssueCode::DisplayAnswer,
    IssueCode::GroupShouldNotHaveAnswers,
    IssueCode::QuestionItems,
    IssueCode::InvalidAnswerType,
    IssueCode::InvalidAnswerOption,
    IssueCode::ReadOnlyChanged,
];

/// One input.
pub fn run(data: &[u8]) {
    let mut bodies = data.split(|byte| *byte == b'\n').take(PAGES).peekable();
    let which = bodies.peek().and_then(|body| field(body, "skjema")).unwrap_or(2);
    let form = FORMS.get(which).unwrap_or(&FORMS[2]);
    let mut answers = initial(form);
    for body in bodies {
        let page = field(body, "side").unwrap_or(1);
        let Ok((after, faults)) = sent(form, page, body, &answers) else { continue };
        assert!(faults.iter().all(|name| name.starts_with('f')));
        // A page with something unreadable is shown again, and nothing is saved.
        if faults.is_empty() {
            answers = saved(form, after);
        }
    }
}

fn field(body: &[u8], name: &str) -> Option<usize> {
    url::form_urlencoded::parse(body).find(|(own, _)| own == name).and_then(|(_, value)| value.parse().ok())
}

/// What a save makes of it: one shape, and nothing when it is wrong.
fn saved(form: &Questionnaire, answers: Answers) -> Answers {
    let context = Context::default();
    let document = ResponseDocument {
        id: None,
        questionnaire: None,
        status: ResponseStatus::InProgress,
        language: None,
        answers,
        changes: Vec::new(),
    };
    let answers = read::normalise(form, document, &context).answers;
    if !answers.fits() {
        return initial(form);
    }
    let shown = prune(form, &answers, &context);
    let issues = check_draft(form, &shown, &context);
    assert!(issues.iter().all(|issue| !STRUCTURE.contains(&issue.code)), "{issues:?}");
    if issues.iter().any(|issue| issue.severity > Severity::Warning) {
        return initial(form);
    }
    // Kept is also what is not asked any more.
    reads_back(form, &answers, &context);
    answers
}
