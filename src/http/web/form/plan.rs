//! Which items stand together on a page.
//!
//! One thing a page: a question is a page of its own, unless a form says that its group is a page, or
//! a small group inside a section, or a group that repeats, holds what belongs together. Texts to read
//! stand before the question they lead to. Pages are numbered over the whole form, asked or not, so
//! that a page keeps its address whatever is answered.

use crate::domain::answers::{AnsweredItem, Level};
use crate::domain::questionnaire::{Control, Item, ItemType, Questionnaire};

/// Most questions of a group inside a section that still is one page.
const SMALL: usize = 8;

/// The way to an item: positions from the top down.
pub(in crate::http) type Path = Vec<usize>;

/// A form in pages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::http) struct Plan {
    /// Texts at the very beginning, to be read before anything is asked.
    pub lead: Vec<Path>,
    /// The pages, the first one is number 1.
    pub pages: Vec<Page>,
}

/// One page.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(in crate::http) struct Page {
    /// What stands on it, in the order of the form.
    pub items: Vec<Path>,
}

impl Plan {
    /// Divides a form.
    pub(in crate::http::web) fn of(form: &Questionnaire) -> Self {
        let mut plan = Self { lead: Vec::new(), pages: Vec::new() };
        let mut waiting = Vec::new();
        plan.level(form.items(), &[], &mut waiting);
        if !waiting.is_empty() {
            plan.pages.push(Page { items: waiting });
        }
        plan
    }

    /// Everything that is asked as one page, for who has all answers before them.
    pub(in crate::http) fn whole(form: &Questionnaire) -> Page {
        Page { items: Self::of(form).pages.into_iter().flat_map(|page| page.items).collect() }
    }

    fn level(&mut self, items: &[Item], above: &[usize], waiting: &mut Vec<Path>) {
        for (position, item) in items.iter().enumerate().filter(|(_, item)| !item.hidden) {
            let path: Path = above.iter().copied().chain([position]).collect();
            if questions(item) == 0 {
                waiting.push(path);
            } else if item.kind == ItemType::Group && !stays_together(item, above.len()) {
                self.begin(waiting);
                self.level(&item.items, &path, waiting);
            } else {
                self.begin(waiting);
                let mut items = std::mem::take(waiting);
                items.push(path);
                self.pages.push(Page { items });
            }
        }
    }

    /// What waits at the top before the first question is read before the form begins.
    fn begin(&mut self, waiting: &mut Vec<Path>) {
        if self.pages.is_empty() {
            let (lead, rest) = std::mem::take(waiting).into_iter().partition(|path| path.len() == 1);
            self.lead.extend::<Vec<Path>>(lead);
            *waiting = rest;
        }
    }

    /// Whether names of fields on a page count answers that a save can move: under several answers, in
    /// several instances. Such a page is saved as a whole, on the way to the next, never while it stays.
    pub(in crate::http::web) fn counts_on(form: &Questionnaire, page: &Page) -> bool {
        let item = |path: &Path| {
            let (last, above) = path.split_last()?;
            above.iter().try_fold(form.items(), |level, at| level.get(*at).map(|item| item.items.as_slice()))?.get(*last)
        };
        page.items.iter().filter_map(item).any(moves)
    }

    /// The page with that number.
    pub(in crate::http::web) fn page(&self, number: usize) -> Option<&Page> {
        self.pages.get(number.checked_sub(1)?)
    }

    /// Whether the item of a link id stands on a page.
    pub(in crate::http::web) fn holds(form: &Questionnaire, page: &Page, link_id: &str) -> bool {
        page.items.iter().filter_map(|path| item_at(form.items(), path)).any(|item| is_in(item, link_id))
    }

    /// Numbers of the pages on which something is asked now.
    pub(in crate::http::web) fn asked(&self, top: &Level<'_>) -> Vec<usize> {
        let pages = self.pages.iter().enumerate();
        pages.filter(|(_, page)| page.items.iter().any(|path| is_asked(top, path))).map(|(at, _)| at + 1).collect()
    }
}

fn item_at<'a>(items: &'a [Item], path: &[usize]) -> Option<&'a Item> {
    let (first, rest) = path.split_first()?;
    let item = items.get(*first)?;
    if rest.is_empty() { Some(item) } else { item_at(&item.items, rest) }
}

fn is_in(item: &Item, link_id: &str) -> bool {
    item.link_id == link_id || item.items.iter().any(|below| is_in(below, link_id))
}

/// Whether the item at the end of the way is asked, and everything above it.
pub(super) fn is_asked(level: &Level<'_>, path: &[usize]) -> bool {
    let Some((first, rest)) = path.split_first() else { return true };
    let Some(item) = level.items().get(*first) else { return false };
    level.asks(item) && (rest.is_empty() || inside(level, item, |below| is_asked(below, rest)).unwrap_or(false))
}

/// Goes into a group that does not repeat; a group that has no instance yet counts as empty.
pub(in crate::http::web) fn inside<T>(level: &Level<'_>, group: &Item, then: impl FnOnce(&Level<'_>) -> T) -> Option<T> {
    let blank = AnsweredItem::group(&group.link_id, Vec::new());
    let given = level.given(group).into_iter().next().unwrap_or(&blank);
    level.below(group, given).first().map(then)
}

fn moves(item: &Item) -> bool {
    let several =
        if item.is_question() { item.takes_several() && item.items.iter().any(|below| questions(below) > 0) } else { item.repeats };
    several || item.items.iter().any(moves)
}

fn stays_together(group: &Item, depth: usize) -> bool {
    group.repeats || group.control == Some(Control::Page) || (depth > 0 && questions(group) <= SMALL)
}

/// How many questions a person meets in an item.
pub(super) fn questions(item: &Item) -> usize {
    if item.hidden {
        return 0;
    }
    usize::from(item.is_question()) + item.items.iter().map(questions).sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::questionnaire::Metadata;

    fn group(id: &str, items: Vec<Item>) -> Item {
        let mut group = Item::new(id, ItemType::Group, id);
        group.items = items;
        group
    }

    fn question(id: &str) -> Item {
        Item::new(id, ItemType::Boolean, id)
    }

    fn text(id: &str) -> Item {
        Item::new(id, ItemType::Display, id)
    }

    #[test]
    fn one_thing_a_page() {
        let items = vec![
            group("intro", vec![text("hello")]),
            group(
                "section",
                vec![text("note"), question("a"), question("b"), group("address", vec![question("street"), question("town")])],
            ),
            question("c"),
            text("end"),
        ];
        let plan = Plan::of(&Questionnaire::new(Metadata::new("https://example.org/q", "1", "Q"), items));
        assert_eq!(plan.lead, [vec![0]]);
        let pages: Vec<Vec<Path>> = plan.pages.into_iter().map(|page| page.items).collect();
        assert_eq!(pages, [vec![vec![1, 0], vec![1, 1]], vec![vec![1, 2]], vec![vec![1, 3]], vec![vec![2]], vec![vec![3]]]);
    }
}
