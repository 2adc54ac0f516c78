//! Answers seen level by level, as a page shows them: which items are asked here, with what
//! options, and what was answered in this instance.

use super::enable::{Enabling, levels};
use super::place::Scope;
use super::{AnsweredItem, Answers, Context};
use crate::domain::questionnaire::{AnswerOption, Item, Questionnaire};

/// One level of a form with the answers given in one instance of it.
pub struct Level<'a> {
    enabling: Enabling<'a>,
    items: &'a [Item],
    scope: Scope<'a>,
}

impl<'a> Level<'a> {
    /// The top of a form.
    pub fn top(form: &'a Questionnaire, answers: &'a Answers, context: &'a Context<'a>) -> Self {
        Self { enabling: Enabling::new(form, context), items: form.items(), scope: Scope::top(&answers.items) }
    }

    /// Every item of the level, asked or not.
    pub fn items(&self) -> &'a [Item] {
        self.items
    }

    /// Whether an item of this level is asked.
    pub fn asks(&self, item: &Item) -> bool {
        self.enabling.is_enabled(item, &self.scope)
    }

    /// What was answered to an item of this level: one entry for a question, one an instance for a group.
    pub fn given(&self, item: &Item) -> Vec<&'a AnsweredItem> {
        self.scope.items.iter().filter(|given| given.link_id == item.link_id).collect()
    }

    /// What can be chosen now.
    pub fn options<'i>(&self, item: &'i Item) -> Vec<&'i AnswerOption>
    where
        'a: 'i,
    {
        self.enabling.available(item, &self.scope)
    }

    /// The levels below an entry of this one: the items of a group, or those under each answer of a
    /// question. A blank entry shows a group that has no instance yet.
    pub fn below<'b>(&'b self, item: &'b Item, given: &'b AnsweredItem) -> Vec<Level<'b>> {
        let scopes = levels(item, given, &self.scope);
        scopes.into_iter().map(|scope| Level { enabling: self.enabling, items: &item.items, scope }).collect()
    }
}

impl std::fmt::Debug for Level<'_> {
    /// Without the answers: they belong in no log.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Level")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::questionnaire::{Behavior, Condition, EnableWhen, ItemType, Metadata};
    use crate::domain::value::Value;

    #[test]
    fn each_instance_of_a_group_asks_by_its_own_answers() {
        let mut group = Item::new("g", ItemType::Group, "G");
        group.repeats = true;
        let mut more = Item::new("more", ItemType::String, "More");
        more.behavior = Behavior::All;
        more.enable_when = vec![EnableWhen { question: "yes".into(), condition: Condition::Exists(true) }];
        group.items = vec![Item::new("yes", ItemType::Boolean, "Yes"), more];
        let form = Questionnaire::new(Metadata::new("https://example.org/q", "1", "Q"), vec![group]);
        let instance = |items| AnsweredItem::group("g", items);
        let answers = Answers { items: vec![instance(vec![AnsweredItem::question("yes", [Value::Boolean(true)])]), instance(Vec::new())] };
        let context = Context::default();
        let top = Level::top(&form, &answers, &context);
        let group = &form.items()[0];
        let asked: Vec<usize> = top
            .given(group)
            .into_iter()
            .flat_map(|given| {
                top.below(group, given)
                    .into_iter()
                    .map(|level| level.items().iter().filter(|item| level.asks(item)).count())
                    .collect::<Vec<_>>()
            })
            .collect();
        assert_eq!(asked, [2, 1]);
    }
}
