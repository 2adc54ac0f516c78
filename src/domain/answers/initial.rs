//! What a form answers by itself (`initial`, `initialSelected`, FHIR R4).

use super::{AnsweredItem, Answers};
use crate::domain::questionnaire::{Item, Questionnaire};

/// The answers that stand in a form before anybody has answered. A group that repeats has no instance
/// yet, and a question under an answer no answer to stand under.
pub fn initial(form: &Questionnaire) -> Answers {
    Answers { items: level(form.items()) }
}

fn level(items: &[Item]) -> Vec<AnsweredItem> {
    let mut given = Vec::new();
    for item in items {
        if item.is_question() {
            let selected = item.options.iter().filter(|option| option.selected).map(|option| &option.value);
            let values: Vec<_> = item.initial.iter().chain(selected).cloned().collect();
            if !values.is_empty() {
                given.push(AnsweredItem::question(&item.link_id, values));
            }
        } else if !item.repeats {
            let below = level(&item.items);
            if !below.is_empty() {
                given.push(AnsweredItem::group(&item.link_id, below));
            }
        }
    }
    given
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::questionnaire::{ItemType, Metadata};
    use crate::domain::value::Value;

    #[test]
    fn what_the_form_says_itself_is_there_from_the_start() {
        let mut asked = Item::new("a", ItemType::Boolean, "A");
        asked.initial = vec![Value::Boolean(true)];
        let mut group = Item::new("g", ItemType::Group, "G");
        group.items = vec![asked.clone()];
        let mut again = group.clone();
        again.link_id = "r".to_owned();
        again.repeats = true;
        let form =
            Questionnaire::new(Metadata::new("https://example.org/q", "1", "Q"), vec![group, again, Item::new("b", ItemType::String, "B")]);
        let answers = initial(&form);
        let ids: Vec<&str> = answers.items.iter().map(|item| item.link_id.as_str()).collect();
        assert_eq!(ids, ["g"]);
        assert_eq!(answers.values("a").collect::<Vec<_>>(), [&Value::Boolean(true)]);
    }
}
