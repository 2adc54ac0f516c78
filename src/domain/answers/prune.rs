//! Removes answers to what is not asked any more.

use super::enable::{Enabling, LONGEST_CHAIN, levels};
use super::place::Scope;
use super::{AnsweredItem, Answers, Context};
use crate::domain::questionnaire::{Item, Questionnaire};

/// Answers without those to items that are not asked, and without choices that cannot be made any
/// more. Asking and removing settles: pruned answers stay as they are when pruned again.
pub fn prune(form: &Questionnaire, answers: &Answers, context: &Context<'_>) -> Answers {
    let enabling = Enabling::new(form, context);
    let mut pruned = answers.clone();
    for _ in 0..LONGEST_CHAIN {
        let next = prune_level(enabling, form.items(), &Scope::top(&pruned.items));
        if next == pruned.items {
            break;
        }
        pruned.items = next;
    }
    pruned
}

fn prune_level(enabling: Enabling<'_>, items: &[Item], scope: &Scope<'_>) -> Vec<AnsweredItem> {
    let mut kept = Vec::new();
    for given in scope.items {
        let Some(item) = items.iter().find(|item| item.link_id == given.link_id) else {
            kept.push(given.clone());
            continue;
        };
        if !enabling.is_enabled(item, scope) {
            continue;
        }
        let mut copy = given.clone();
        let pruned = levels(item, given, scope);
        let mut below = pruned.iter().map(|level| prune_level(enabling, &item.items, level));
        if item.is_question() {
            for (answer, items) in copy.answers.iter_mut().zip(below) {
                answer.items = items;
            }
        } else {
            copy.items = below.next().unwrap_or_default();
        }
        if !item.options_from.is_empty() {
            let available = enabling.available(item, scope);
            copy.answers.retain(|answer| available.iter().any(|o| o.is(&answer.value)));
        }
        kept.push(copy);
    }
    kept
}
