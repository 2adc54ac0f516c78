//! When the receipt names places to turn to.

use super::digest::score_of;
use crate::domain::answers::Answers;
use crate::domain::questionnaire::{EMOTIONAL, Questionnaire, Role};

/// Whether someone who answered like this is told of places to turn to: the score is at or above the
/// threshold, or an emotional problem is ticked. A form without these roles never leads there.
pub fn needs_support(form: &Questionnaire, answers: &Answers, threshold: i32) -> bool {
    score_of(form, answers).is_some_and(|score| score >= threshold) || has_emotional_problem(form, answers)
}

/// Words of one's own, in a category that takes them, are a problem too.
fn has_emotional_problem(form: &Questionnaire, answers: &Answers) -> bool {
    let mut items = form.by_role(Role::ProblemCategory).filter(|item| item.category() == Some(EMOTIONAL));
    items.any(|item| answers.values(&item.link_id).any(|value| item.option(value).is_none_or(|option| !option.exclusive)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::answers::AnsweredItem;
    use crate::domain::questionnaire::{AnswerOption, CATEGORY, Code, ITEM_ROLE, Item, ItemType, Metadata, PROBLEM};
    use crate::domain::value::{Coding, Value};

    fn problem(code: &str) -> Value {
        Value::Coding(Coding::new(PROBLEM, code))
    }

    fn category(code: &str, problems: &[&str]) -> Item {
        let mut item = Item::new(code, ItemType::OpenChoice, code);
        item.codes = vec![Code::new(ITEM_ROLE, Role::ProblemCategory.code()), Code::new(CATEGORY, code)];
        item.options = problems.iter().map(|problem_code| AnswerOption::new(problem(problem_code), *problem_code)).collect();
        let none = AnswerOption { exclusive: true, ..AnswerOption::new(problem("none"), "none") };
        item.options.push(none);
        item
    }

    fn form() -> Questionnaire {
        let mut score = Item::new("score", ItemType::Integer, "score");
        score.codes = vec![Code::new(ITEM_ROLE, Role::DistressScore.code())];
        let items = vec![score, category("physical", &["pain"]), category("emotional", &["fear"])];
        Questionnaire::new(Metadata::new("https://example.org/fhir/Questionnaire/small", "1", "Small"), items)
    }

    fn given(items: &[(&str, Value)]) -> Answers {
        Answers { items: items.iter().map(|(link_id, value)| AnsweredItem::question(link_id, [value.clone()])).collect() }
    }

    #[test]
    fn the_threshold_itself_is_enough() {
        for (score, needs) in [(0, false), (3, false), (4, true), (10, true)] {
            assert_eq!(needs_support(&form(), &given(&[("score", Value::Integer(score))]), 4), needs, "{score}");
        }
        assert!(!needs_support(&form(), &Answers::default(), 0));
    }

    #[test]
    fn an_emotional_problem_is_enough_and_no_other() {
        for (category, value, needs) in [
            ("emotional", problem("fear"), true),
            ("emotional", Value::String("sorg".to_owned()), true),
            ("emotional", problem("none"), false),
            ("physical", problem("pain"), false),
        ] {
            assert_eq!(needs_support(&form(), &given(&[(category, value.clone())]), 4), needs, "{category} {value}");
        }
    }

    #[test]
    fn a_form_without_roles_never_leads_there() {
        let (metadata, mut items) = form().into_parts();
        for item in &mut items {
            item.codes.retain(|code| code.system.as_deref() != Some(ITEM_ROLE));
        }
        let form = Questionnaire::new(metadata, items);
        assert!(!needs_support(&form, &given(&[("score", Value::Integer(10)), ("emotional", problem("fear"))]), 4));
    }
}
