//! The items of a form, in its order.

use super::condition::is_left_out;
use super::{NAME, Paper, SHORT};
use crate::domain::questionnaire::{AnswerOption, Item, ItemType, Limits};
use crate::domain::value::Value;
use crate::print::pdf::Tick;
use crate::text::format;

/// Deepest heading; items further in stand at the same level.
const DEEPEST: u16 = 6;
/// Fewest and most numbers of a scale in one row.
const SCALE: std::ops::RangeInclusive<usize> = 5..=11;
/// Characters that a line of handwriting holds.
const HANDWRITING: u32 = 60;

impl Paper<'_> {
    pub(super) fn items(&mut self) {
        let form = self.form;
        self.level(form.items(), 2);
    }

    fn level(&mut self, items: &[Item], level: u16) {
        for item in items.iter().filter(|item| !is_left_out(item)) {
            match item.kind {
                ItemType::Group => self.group(item, level),
                ItemType::Display => self.document.paragraph(&self.text(item)),
                _ => self.question(item, level),
            }
        }
    }

    fn group(&mut self, item: &Item, level: u16) {
        let text = self.text(item);
        self.document.heading(level, &text);
        if let Some(condition) = self.condition(item) {
            self.document.aside(|document| document.lead(&condition));
        }
        if item.repeats {
            let several = self.say("paper-repeats", &[]);
            self.document.aside(|document| document.lead(&several));
        }
        let deeper = if text.is_empty() { level } else { (level + 1).min(DEEPEST) };
        self.level(&item.items, deeper);
    }

    fn question(&mut self, item: &Item, level: u16) {
        let text = self.text(item);
        let condition = self.condition(item);
        let (texts, below): (Vec<&Item>, Vec<&Item>) =
            item.items.iter().filter(|item| !is_left_out(item)).partition(|item| item.kind == ItemType::Display);
        let texts: Vec<String> = texts.into_iter().map(|item| self.text(item)).collect();
        let field = self.field(item);
        let hints = self.hints(item);
        self.document.together(|document| {
            document.question(level, &text);
            document.aside(|document| condition.iter().for_each(|condition| document.lead(condition)));
            for text in &texts {
                document.lead(text);
            }
            document.aside(|document| document.lead(&hints));
            match field {
                Field::Ticks { labels, tick, own } => document.ticks(&labels, tick, own.as_deref()),
                Field::Scale { numbers, first, last } => document.scale(&numbers, &first, &last),
                Field::Lines(number) => document.lines(number),
                Field::Blank { behind, width, number } => (0..number).for_each(|_| document.blank("", &behind, width)),
                Field::Units { behind, units } => {
                    document.blank("", &behind, SHORT);
                    document.ticks(&units, Tick::One, None);
                }
            }
        });
        let deeper = (level + 1).min(DEEPEST);
        for item in below {
            self.level(std::slice::from_ref(item), deeper);
        }
    }

    /// What stands before it and its text.
    fn text(&self, item: &Item) -> String {
        let prefix = item.prefix.as_ref().map(|prefix| prefix.get(self.language)).unwrap_or_default();
        format!("{prefix} {}", item.text.get(self.language)).trim().to_owned()
    }

    /// How to answer, and whether it may be left out.
    fn hints(&self, item: &Item) -> String {
        let mut hints = Vec::new();
        match item.kind {
            _ if !item.options_from.is_empty() => hints.push(self.say("paper-from-above", &[])),
            ItemType::Choice | ItemType::OpenChoice if item.takes_several() => hints.push(self.several(&item.limits)),
            ItemType::Choice | ItemType::OpenChoice | ItemType::Boolean => hints.push(self.say("paper-choose-one", &[])),
            _ => hints.extend(self.range(&item.limits)),
        }
        if item.required {
            hints.push(self.say("paper-required", &[]));
        }
        hints.join(" ")
    }

    fn several(&self, limits: &Limits) -> String {
        match limits.max_occurs {
            Some(max) if max > 1 => self.say("paper-choose-at-most", &[("max", max.into())]),
            _ => self.say("paper-choose-several", &[]),
        }
    }

    fn range(&self, limits: &Limits) -> Option<String> {
        let word = |value: &Option<Value>| value.as_ref().map(|value| format::value(value, self.language));
        match (word(&limits.min_value), word(&limits.max_value)) {
            (Some(min), Some(max)) => Some(self.say("paper-between", &[("min", min.into()), ("max", max.into())])),
            (Some(min), None) => Some(self.say("paper-at-least", &[("min", min.into())])),
            (None, Some(max)) => Some(self.say("paper-at-most", &[("max", max.into())])),
            (None, None) => None,
        }
    }

    fn field(&self, item: &Item) -> Field {
        let times = if item.repeats { 3 } else { 1 };
        let blank = |behind: String, width| Field::Blank { behind, width, number: times };
        match item.kind {
            _ if !item.options_from.is_empty() => Field::Lines(4),
            ItemType::Choice | ItemType::OpenChoice => self.choice(item),
            ItemType::Boolean => Field::Ticks { labels: vec![self.say("yes", &[]), self.say("no", &[])], tick: Tick::One, own: None },
            ItemType::Text => Field::Lines(lines_for(item.limits.max_length.unwrap_or(300))),
            ItemType::String | ItemType::Url => Field::Lines(times * lines_for(item.limits.max_length.unwrap_or(HANDWRITING)).min(2)),
            ItemType::Quantity if item.units.len() > 1 => {
                let units = item.units.iter().map(|unit| unit.label.get(self.language).to_owned()).collect();
                Field::Units { behind: self.format(item, "paper-format-number"), units }
            }
            ItemType::Quantity | ItemType::Decimal | ItemType::Integer => {
                let unit = item.units.first().map(|unit| unit.label.get(self.language).to_owned());
                blank(unit.unwrap_or_else(|| self.format(item, "paper-format-number")), SHORT)
            }
            ItemType::Date => blank(self.format(item, "paper-format-date"), SHORT),
            ItemType::DateTime => blank(self.format(item, "paper-format-moment"), SHORT),
            ItemType::Time => blank(self.format(item, "paper-format-time"), SHORT),
            ItemType::Group | ItemType::Display => blank(String::new(), NAME),
        }
    }

    /// How the form wants it written, else how the product does.
    fn format(&self, item: &Item, key: &str) -> String {
        let own = item.entry_format.as_ref().map(|format| format.get(self.language).to_owned());
        format!("({})", own.unwrap_or_else(|| self.say(key, &[])))
    }

    fn choice(&self, item: &Item) -> Field {
        let labels: Vec<String> = item.options.iter().map(|option| self.label(option)).collect();
        let several = item.takes_several();
        if !several
            && item.kind == ItemType::Choice
            && let Some((numbers, first, last)) = scale_of(&labels)
        {
            return Field::Scale { numbers, first, last };
        }
        let own = (item.kind == ItemType::OpenChoice).then(|| self.say("paper-other", &[]));
        Field::Ticks { labels, tick: if several { Tick::Several } else { Tick::One }, own }
    }

    fn label(&self, option: &AnswerOption) -> String {
        let label = option.label.get(self.language);
        if label.trim().is_empty() { format::value(&option.value, self.language) } else { label.to_owned() }
    }
}

/// Where an answer is written.
enum Field {
    Ticks { labels: Vec<String>, tick: Tick, own: Option<String> },
    Scale { numbers: Vec<String>, first: String, last: String },
    Lines(usize),
    Blank { behind: String, width: f32, number: usize },
    Units { behind: String, units: Vec<String> },
}

/// Lines for a text of that length.
fn lines_for(characters: u32) -> usize {
    usize::try_from(characters.div_ceil(HANDWRITING)).unwrap_or(usize::MAX).clamp(1, 8)
}

/// A scale: numbers that follow each other, of which only the first and the last are explained.
fn scale_of(labels: &[String]) -> Option<(Vec<String>, String, String)> {
    if !SCALE.contains(&labels.len()) {
        return None;
    }
    let numbers: Vec<&str> = labels.iter().map(|label| leading(label)).collect();
    let values: Option<Vec<i32>> = numbers.iter().map(|number| number.parse().ok()).collect();
    let values = values?;
    let steady = |step: i32| values.windows(2).all(|pair| matches!(pair, [a, b] if b.checked_sub(*a) == Some(step)));
    let plain = labels.iter().zip(&numbers).skip(1).take(labels.len() - 2).all(|(label, number)| label.trim() == *number);
    let (first, last) = (labels.first()?, labels.last()?);
    let numbers = || numbers.iter().map(|number| (*number).to_owned()).collect();
    (plain && (steady(1) || steady(-1))).then(|| (numbers(), first.clone(), last.clone()))
}

/// The digits that a label begins with.
fn leading(label: &str) -> &str {
    let label = label.trim();
    let end = label.find(|c: char| !c.is_ascii_digit()).unwrap_or(label.len());
    label.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn a_scale_is_numbers_in_a_row() {
        let (numbers, first, last) = scale_of(&labels(&["0 – Ingen", "1", "2", "3", "4 – Mye"])).unwrap();
        assert_eq!(numbers, ["0", "1", "2", "3", "4"]);
        assert_eq!((first.as_str(), last.as_str()), ("0 – Ingen", "4 – Mye"));
        assert!(scale_of(&labels(&["5", "4", "3", "2", "1"])).is_some());
        for other in [
            &["0", "1", "2", "3"] as &[&str],
            &["0", "1", "2", "4", "5"],
            &["0", "1 litt", "2", "3", "4"],
            &["Aldri", "Av og til", "Ofte", "Nesten alltid", "Alltid"],
        ] {
            assert!(scale_of(&labels(other)).is_none(), "{other:?}");
        }
    }

    #[test]
    fn longer_texts_get_more_lines() {
        assert_eq!([1, 60, 61, 500, 100_000].map(lines_for), [1, 1, 2, 8, 8]);
    }
}
