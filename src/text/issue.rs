//! Words for what is wrong with answers: kind, precise, naming the question and what to do.

use super::locales::words;
use crate::domain::answers::{Issue, IssueCode};
use crate::domain::language::Language;

/// Longest part of a question that is repeated, in characters.
const QUESTION_MAX: usize = 120;

/// The issue in the reader's language.
pub fn issue(issue: &Issue, language: &Language) -> String {
    let text = message(issue, language);
    let Some(question) = &issue.question else {
        return text;
    };
    let question = shorten(question.get(language));
    words(language, "issue-at", &[("question", question.into()), ("text", text.into())])
}

/// The issue without naming its question, for a place where that is in sight.
pub fn issue_alone(issue: &Issue, language: &Language) -> String {
    message(issue, language)
}

fn message(issue: &Issue, language: &Language) -> String {
    let detail = issue.detail.as_ref().map(|detail| detail.get(language));
    let key = match (issue.code, detail) {
        (IssueCode::Regex, Some(own)) => return own.to_owned(),
        (IssueCode::OptionNotAvailable, _) => "issue-optionNotAvailable".to_owned(),
        (IssueCode::WrongPlace, _) => "issue-wrongPlace".to_owned(),
        (code, _) => format!("issue-{}", code.code()),
    };
    let number: Option<i64> = detail.and_then(|detail| detail.parse().ok());
    let bound = match (number, detail) {
        (Some(number), _) => number.into(),
        (None, detail) => detail.unwrap_or_default().into(),
    };
    words(language, &key, &[("bound", bound)])
}

fn shorten(question: &str) -> String {
    let one_line = question.split_whitespace().collect::<Vec<_>>().join(" ");
    if one_line.chars().count() <= QUESTION_MAX {
        return one_line;
    }
    let mut start: String = one_line.chars().take(QUESTION_MAX - 1).collect();
    start.push('…');
    start
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::answers::Severity;
    use crate::domain::questionnaire::Text;

    fn sample(code: IssueCode) -> Issue {
        Issue {
            severity: Severity::Error,
            code,
            link_id: "a".into(),
            path: "a".into(),
            expression: "QuestionnaireResponse.item.where(linkId='a')".into(),
            question: Some(Text::new("Andre utfordringer")),
            detail: Some(Text::new("500")),
        }
    }

    #[test]
    fn every_code_has_words_in_every_language() {
        for code in IssueCode::ALL {
            for language in super::super::languages() {
                let text = issue(&sample(*code), language);
                assert!(!text.contains("issue-"), "{language}: {text}");
                assert!(text.contains("Andre utfordringer"), "{text}");
                assert!(!text.contains("{$"), "{text}");
            }
        }
    }

    #[test]
    fn names_the_question_and_the_remedy() {
        let text = issue(&sample(IssueCode::MaxLength), &Language::nb());
        assert_eq!(text, "«Andre utfordringer»: Teksten er for lang. Kort den ned til høyst 500 tegn.");
    }
}
