//! A sent page becomes answers. Only what the page showed is changed; everything else stays.

use super::name::Name;
use super::plan::{Page, Path};
use crate::domain::answers::{Answer, AnsweredItem, Answers, Context, Level};
use crate::domain::questionnaire::{Item, ItemType, Questionnaire};
use crate::domain::text::nfc;
use crate::domain::value::{PartialDate, PartialDateTime, Quantity, Value};
use crate::http::web::posted::Posted;
use crate::text::format::ZONE;
use crate::text::typed::{self, DateText, NoNumber};
use chrono::{DateTime, NaiveDate, NaiveTime, TimeZone, Timelike};
use rust_decimal::Decimal;

/// Field that names what a page showed.
pub(in crate::http) const SHOWN: &str = "vist";
/// Field that takes an instance of a group away.
pub(in crate::http) const REMOVE: &str = "fjern";
/// Most instances of a group that one page takes.
const MOST_INSTANCES: usize = 200;
/// Value of the choice "something else".
pub(super) const OWN: &str = "annet";

/// Something typed that can't be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::http) struct Fault {
    /// Name of the field.
    pub field: String,
    /// Key of what to tell.
    pub key: &'static str,
}

/// The answers with what the page says, and what could not be read.
pub(in crate::http) fn apply(form: &Questionnaire, page: &Page, posted: &Posted, before: &Answers) -> (Answers, Vec<Fault>) {
    let mut reading = Reading { form, posted, faults: Vec::new() };
    let mut answers = before.clone();
    for path in &page.items {
        reading.edit(form.items(), &mut answers.items, path, path);
    }
    (answers, reading.faults)
}

/// A mark of the answers on a page: another one means that they were changed meanwhile.
///
/// What is asked on the page counts as well: words typed under a question that has gone are not lost unseen.
pub(in crate::http) fn mark(form: &Questionnaire, page: &Page, answers: &Answers, context: &Context<'_>) -> String {
    let here: Vec<Vec<&AnsweredItem>> = page.items.iter().map(|path| at(form.items(), &answers.items, path)).collect();
    let top = Level::top(form, answers, context);
    let asked: Vec<bool> = page.items.iter().map(|path| super::plan::is_asked(&top, path)).collect();
    let text = format!("{here:?}{asked:?}");
    // FNV-1a: only two states of one draft are compared, there is nothing to protect.
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    format!("{hash:x}")
}

fn at<'a>(items: &[Item], given: &'a [AnsweredItem], path: &[usize]) -> Vec<&'a AnsweredItem> {
    let Some((first, rest)) = path.split_first() else { return Vec::new() };
    let Some(item) = items.get(*first) else { return Vec::new() };
    let mut here = given.iter().filter(|given| given.link_id == item.link_id);
    if rest.is_empty() { here.collect() } else { here.next().map_or_else(Vec::new, |group| at(&item.items, &group.items, rest)) }
}

/// Puts what was answered to one item in its place among the others.
fn put(items: &[Item], given: &mut Vec<AnsweredItem>, position: usize, new: Vec<AnsweredItem>) {
    let Some(item) = items.get(position) else { return };
    given.retain(|given| given.link_id != item.link_id);
    let later = |given: &AnsweredItem| items.iter().position(|item| item.link_id == given.link_id).is_none_or(|at| at > position);
    let place = given.iter().position(later).unwrap_or(given.len());
    given.splice(place..place, new);
}

fn put_group(items: &[Item], given: &mut Vec<AnsweredItem>, position: usize, below: Vec<AnsweredItem>) {
    let Some(item) = items.get(position) else { return };
    let new = if below.is_empty() { Vec::new() } else { vec![AnsweredItem::group(&item.link_id, below)] };
    put(items, given, position, new);
}

/// How many instances of a group a sent page showed.
pub(super) fn shown_instances(posted: &Posted, name: &Name) -> usize {
    (0..MOST_INSTANCES).take_while(|instance| posted.holds(SHOWN, &name.instance(*instance))).count()
}

struct Reading<'a> {
    form: &'a Questionnaire,
    posted: &'a Posted,
    faults: Vec<Fault>,
}

impl Reading<'_> {
    fn edit(&mut self, items: &[Item], given: &mut Vec<AnsweredItem>, path: &[usize], whole: &Path) {
        let Some((first, rest)) = path.split_first() else { return };
        let Some(item) = items.get(*first) else { return };
        let mut here: Vec<AnsweredItem> = given.iter().filter(|given| given.link_id == item.link_id).cloned().collect();
        if rest.is_empty() {
            let new = self.item(item, &Name::of_path(whole), &here);
            put(items, given, *first, new);
        } else {
            let mut below = here.first_mut().map_or_else(Vec::new, |group| std::mem::take(&mut group.items));
            self.edit(&item.items, &mut below, rest, whole);
            put_group(items, given, *first, below);
        }
    }

    fn item(&mut self, item: &Item, name: &Name, before: &[AnsweredItem]) -> Vec<AnsweredItem> {
        // A group that is only read says nothing of the questions in it.
        if item.hidden || item.kind == ItemType::Display || (item.read_only && item.is_question()) {
            return before.to_vec();
        }
        if item.is_question() { self.question(item, name, before) } else { self.group(item, name, before) }
    }

    fn group(&mut self, group: &Item, name: &Name, before: &[AnsweredItem]) -> Vec<AnsweredItem> {
        let shown = shown_instances(self.posted, name);
        let mut after = Vec::new();
        for instance in 0..shown.max(before.len()) {
            let old = before.get(instance);
            if instance >= shown {
                after.extend(old.cloned());
            } else if self.posted.line(REMOVE) != name.instance(instance) {
                let items = self.level(&group.items, name, instance, old.map_or(&[], |old| &old.items));
                if !items.is_empty() {
                    after.push(AnsweredItem::group(&group.link_id, items));
                }
            }
        }
        after
    }

    fn level(&mut self, items: &[Item], above: &Name, instance: usize, before: &[AnsweredItem]) -> Vec<AnsweredItem> {
        let mut after = Vec::new();
        for (position, item) in items.iter().enumerate() {
            let old: Vec<AnsweredItem> = before.iter().filter(|given| given.link_id == item.link_id).cloned().collect();
            after.extend(self.item(item, &above.below(instance, position), &old));
        }
        after
    }

    fn question(&mut self, item: &Item, name: &Name, before: &[AnsweredItem]) -> Vec<AnsweredItem> {
        if !self.posted.holds(SHOWN, &name.to_string()) {
            return before.to_vec();
        }
        let old: Vec<&Answer> = before.iter().flat_map(|given| &given.answers).collect();
        let mut known: Vec<&Value> = old.iter().map(|answer| &answer.value).collect();
        // Fields show less than a value may hold: what looks as it did is what it was.
        let values: Vec<(Option<usize>, Value)> =
            self.values(item, name).into_iter().map(|(line, value)| (line, as_it_was(value, &mut known))).collect();
        let mut answers = Vec::with_capacity(values.len());
        for (line, value) in values {
            // What is asked under an answer follows it: under its option, or on its line, which the
            // page has shown in the order of the answers before.
            let from = match line {
                Some(line) => Some(line).filter(|line| *line < old.len()),
                None if item.takes_several() => old.iter().position(|old| old.value == value),
                None => (!old.is_empty()).then_some(0),
            };
            let known = from.and_then(|at| old.get(at)).map_or_else(Vec::new, |old| old.items.clone());
            let items = from.map_or_else(Vec::new, |at| self.level(&item.items, name, at, &known));
            answers.push(Answer { value, items });
        }
        if answers.is_empty() {
            Vec::new()
        } else {
            vec![AnsweredItem { link_id: item.link_id.clone(), answers, ..AnsweredItem::default() }]
        }
    }

    fn fault<T>(&mut self, name: &Name, key: &'static str) -> Option<T> {
        self.faults.push(Fault { field: name.to_string(), key });
        None
    }

    /// What was typed or chosen; of what is typed, with the line it stands on.
    fn values(&mut self, item: &Item, name: &Name) -> Vec<(Option<usize>, Value)> {
        match item.kind {
            ItemType::Group | ItemType::Display => Vec::new(),
            ItemType::Choice | ItemType::OpenChoice => self.chosen(item, name).into_iter().map(|value| (None, value)).collect(),
            ItemType::Quantity => self.quantities(item, name),
            ItemType::Date | ItemType::DateTime => self.dates(item.kind, name),
            _ => {
                let posted = self.posted;
                let field = name.to_string();
                let lines = posted.all(&field).map(str::trim).enumerate().filter(|(_, text)| !text.is_empty());
                lines.filter_map(|(line, text)| Some((Some(line), self.value(item.kind, name, text)?))).collect()
            }
        }
    }

    fn value(&mut self, kind: ItemType, name: &Name, text: &str) -> Option<Value> {
        match kind {
            ItemType::Boolean => text.parse().ok().map(Value::Boolean),
            ItemType::Integer => self.integer(name, text),
            ItemType::Decimal => self.number(name, text).map(Value::Decimal),
            ItemType::Time => typed::time(text).map(Value::Time).or_else(|| self.fault(name, "fault-time")),
            ItemType::Text => Some(Value::String(nfc(&text.replace("\r\n", "\n").replace('\r', "\n")))),
            // An address of R4 holds no white space; people leave out https://.
            ItemType::Url if text.contains(char::is_whitespace) => self.fault(name, "form-url"),
            ItemType::Url => Some(Value::Uri(text.to_owned())),
            _ => Some(Value::String(nfc(text))),
        }
    }

    fn number(&mut self, name: &Name, text: &str) -> Option<Decimal> {
        match typed::decimal(text) {
            Ok(number) => Some(number),
            Err(NoNumber::Unreadable) => self.fault(name, "fault-number"),
            Err(NoNumber::Ambiguous) => self.fault(name, "fault-number-unsure"),
        }
    }

    fn integer(&mut self, name: &Name, text: &str) -> Option<Value> {
        let number = self.number(name, text)?;
        let whole = number.is_integer().then(|| number.trunc().to_string().parse().ok()).flatten();
        whole.map(Value::Integer).or_else(|| self.fault(name, "fault-whole-number"))
    }

    fn chosen(&mut self, item: &Item, name: &Name) -> Vec<Value> {
        let options = self.form.possible_options(item);
        let posted = self.posted;
        let field = name.to_string();
        let mut values = Vec::new();
        for chosen in posted.all(&field).filter(|chosen| !chosen.is_empty()) {
            if chosen == OWN && item.kind == ItemType::OpenChoice {
                let part = name.part("annet");
                let words = posted.all(&part).map(str::trim).filter(|words| !words.is_empty());
                let before = values.len();
                values.extend(words.map(|words| Value::String(nfc(words))));
                if values.len() == before {
                    self.fault::<Value>(name, "fault-own-words");
                }
                continue;
            }
            match chosen.parse().ok().and_then(|at: usize| options.get(at)) {
                Some(option) => values.push(option.value.clone()),
                None => drop(self.fault::<Value>(name, "fault-option")),
            }
        }
        // Without script words are typed with nothing ticked beside them.
        let unticked = item.kind == ItemType::OpenChoice && !posted.holds(&field, OWN);
        if unticked && (item.takes_several() || posted.first(&field).is_none()) {
            let part = name.part("annet");
            let words = posted.all(&part).map(str::trim).filter(|words| !words.is_empty());
            values.extend(words.map(|words| Value::String(nfc(words))));
        }
        values
    }

    fn quantities(&mut self, item: &Item, name: &Name) -> Vec<(Option<usize>, Value)> {
        let posted = self.posted;
        let (field, part) = (name.to_string(), name.part("u"));
        let mut units = posted.all(&part);
        let mut values = Vec::new();
        for (line, text) in posted.all(&field).enumerate() {
            let chosen = units.next();
            if text.trim().is_empty() {
                continue;
            }
            let Some(value) = self.number(name, text) else { continue };
            // With one unit nothing is chosen; with several nothing is taken for granted.
            let unit = match chosen {
                None => item.units.first(),
                Some(at) => at.parse().ok().and_then(|at: usize| item.units.get(at)),
            };
            if unit.is_none() && !item.units.is_empty() {
                self.fault::<Value>(name, "fault-unit");
                continue;
            }
            let quantity = Value::Quantity(Quantity {
                value,
                unit: unit.map(|unit| unit.label.base.clone()),
                system: unit.and_then(|unit| unit.system.clone()),
                code: unit.map(|unit| unit.code.clone()),
            });
            values.push((Some(line), quantity));
        }
        values
    }

    fn dates(&mut self, kind: ItemType, name: &Name) -> Vec<(Option<usize>, Value)> {
        let posted = self.posted;
        let parts = ["d", "m", "y", "t"].map(|part| name.part(part));
        let [days, months, years, times] = parts.each_ref().map(|part| posted.all(part).collect::<Vec<_>>());
        let mut values = Vec::new();
        for (at, day) in days.iter().enumerate() {
            let of = |all: &[&'_ str]| all.get(at).copied().unwrap_or_default().trim().to_owned();
            let (month, year) = (of(&months), of(&years));
            // The page asks for a time where the question does; elsewhere nobody has typed one.
            let time = if kind == ItemType::DateTime { of(&times) } else { String::new() };
            let date = DateText { day, month: &month, year: &year };
            if date.is_blank() && time.is_empty() {
                continue;
            }
            let value = if time.is_empty() { partial(kind, date) } else { exact(date, typed::time(&time)) };
            values.extend(value.map_or_else(|key| self.fault(name, key), Some).map(|value| (Some(at), value)));
        }
        values
    }
}

/// The stored value that a field with this one showed, else the value itself.
fn as_it_was(value: Value, known: &mut Vec<&Value>) -> Value {
    let at = known.iter().position(|own| looks_like(own, &value));
    at.map_or(value, |at| known.remove(at).clone())
}

/// Whether two values are shown alike: fields have no seconds, no time zone, no blanks around.
fn looks_like(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Time(one), Value::Time(other)) => (one.hour(), one.minute()) == (other.hour(), other.minute()),
        (Value::DateTime(first), Value::DateTime(second)) => match (first.instant(), second.instant()) {
            (Some(first), Some(second)) => {
                let shown = |instant: DateTime<_>| instant.with_timezone(&ZONE).format("%Y-%m-%d %H:%M").to_string();
                shown(first) == shown(second)
            }
            _ => first == second,
        },
        (Value::String(one), Value::String(other)) => one.trim() == other.trim(),
        _ => one == other,
    }
}

fn partial(kind: ItemType, date: DateText<'_>) -> Result<Value, &'static str> {
    let text = date.partial().map_err(|_| "fault-date")?;
    let value = match kind {
        ItemType::Date => PartialDate::parse(&text).map(Value::Date),
        _ => PartialDateTime::parse(&text).map(Value::DateTime),
    };
    value.ok_or("fault-date")
}

/// A date and a time of day on the clocks of Europe/Oslo; of an hour that comes twice, the first.
fn exact(date: DateText<'_>, time: Option<NaiveTime>) -> Result<Value, &'static str> {
    let date: NaiveDate = date.date(None).map_err(|_| "fault-date")?;
    let local = date.and_time(time.ok_or("fault-time")?);
    let moment = ZONE.from_local_datetime(&local).earliest().ok_or("fault-time")?;
    PartialDateTime::parse(&moment.to_rfc3339()).map(Value::DateTime).ok_or("fault-date")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::questionnaire::{AnswerOption, Metadata, Text};

    fn read(repeats: bool, sent: &[(&str, &str)]) -> Vec<String> {
        let mut drink = Item::new("drink", ItemType::OpenChoice, "Drink");
        drink.repeats = repeats;
        drink.options = vec![AnswerOption::new(Value::String("Water".into()), Text::new("Water"))];
        let form = Questionnaire::new(Metadata::new("https://example.org/q", "1", "Q"), vec![drink]);
        let posted: Vec<(&str, &str)> = [(SHOWN, "f0")].into_iter().chain(sent.iter().copied()).collect();
        let page = Page { items: vec![vec![0]] };
        let (answers, faults) = apply(&form, &page, &Posted::of(&posted), &Answers::default());
        assert_eq!(faults, []);
        answers.items.iter().flat_map(|item| &item.answers).map(|answer| answer.value.to_string()).collect()
    }

    #[test]
    fn words_of_ones_own_count_without_their_choice_unless_another_was_made() {
        assert_eq!(read(false, &[("f0_annet", "Tea")]), ["Tea"]);
        assert_eq!(read(false, &[("f0", "annet"), ("f0_annet", "Tea")]), ["Tea"]);
        assert_eq!(read(false, &[("f0", "0"), ("f0_annet", "Tea")]), ["Water"]);
        assert_eq!(read(false, &[("f0", ""), ("f0_annet", "Tea")]), Vec::<String>::new());
        assert_eq!(read(true, &[("f0", "0"), ("f0_annet", "Tea")]), ["Water", "Tea"]);
    }
}
