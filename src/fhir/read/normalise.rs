//! Brings what real form fillers send into one shape before it is checked, and says what changed.
//!
//! Each rule stands for something that a client in use was seen to do. Nothing that a person
//! answered is lost: only words that the form knows, empty items and unticked boxes of items that
//! are not asked.

use std::collections::{HashMap, HashSet};

use super::response::{ResponseDocument, ResponseStatus};
use crate::domain::answers::{Answer, AnsweredItem, Answers, Context, enabled};
use crate::domain::questionnaire::{AnswerOption, Item, ItemType, Questionnaire};
use crate::domain::value::Value;
use crate::fhir::write::{form_id, national_id};

/// One change made to a response before it was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// What was done.
    pub code: ChangeCode,
    /// Link ids from the top down, joined by `/`.
    pub path: String,
}

macro_rules! changes {
    ($($(#[$doc:meta])* $name:ident = $code:literal;)*) => {
        /// What can be changed.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum ChangeCode {
            $($(#[$doc])* $name,)*
        }

        impl ChangeCode {
            /// The code as it is recorded.
            pub fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }
        }
    };
}

changes! {
    /// Unticked boxes of an item that is not asked were dropped.
    DisabledDropped = "disabled-dropped";
    /// Several items of one repeating question became one.
    Merged = "merged";
    /// Code system or words of a code were filled in from the option.
    CodingFilled = "coding-filled";
    /// The unit of a number was filled in: the only one that the form knows there.
    UnitFilled = "unit-filled";
    /// A number written as a string was read as a number.
    NumberFromString = "number-from-string";
    /// Ids, extensions and marks of options inside an answer were dropped.
    ExtensionDropped = "extension-dropped";
    /// An item without answers was dropped.
    EmptyDropped = "empty-dropped";
    /// The client's own metadata was dropped.
    MetaDropped = "meta-dropped";
    /// Author, source, subject or time came with the body and was dropped.
    PersonDropped = "person-dropped";
    /// A response in progress that was handed in counts as completed.
    Completed = "completed";
    /// White space around a text was taken away.
    Trimmed = "trimmed";
}

/// A response in one shape.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Normalised {
    /// The answers.
    pub answers: Answers,
    /// What was changed, in the order of the response.
    pub changes: Vec<Change>,
}

/// Brings the answers of a document into one shape for its form.
pub fn normalise(form: &Questionnaire, document: ResponseDocument, context: &Context<'_>) -> Normalised {
    let asked = enabled(form, &document.answers, context);
    let mut work = Work { form, asked: &|link_id| asked.contains(link_id), changes: document.changes };
    let items = work.level(form.items(), document.answers.items, "");
    Normalised { answers: Answers { items }, changes: work.changes }
}

/// Records that a response in progress counts as completed when it is handed in.
pub fn completed(document: &mut ResponseDocument) {
    if document.status == ResponseStatus::InProgress {
        document.status = ResponseStatus::Completed;
        document.changes.push(Change { code: ChangeCode::Completed, path: String::new() });
    }
}

/// Whether the address in a response names this form: absolute with or without version, relative
/// as `Questionnaire/<id>` in either shape, or none at all.
pub fn names_form(form: &Questionnaire, questionnaire: Option<&str>) -> bool {
    let Some(given) = questionnaire else {
        return true;
    };
    let (url, version) = given.split_once('|').map_or((given, None), |(u, v)| (u, Some(v)));
    let relative = url.strip_prefix("Questionnaire/");
    let id = form.metadata.id.as_deref();
    let by_id = relative.is_some_and(|name| Some(name) == id || name == form.name() || name == form_id(form) || is_national(form, name));
    (url == form.url() || by_id) && version.is_none_or(|version| version == form.version())
}

/// Whether it is the id of the form in the shape of the national platform, in whatever language.
fn is_national(form: &Questionnaire, id: &str) -> bool {
    form.languages().iter().any(|language| national_id(form, language) == id)
}

struct Work<'a> {
    form: &'a Questionnaire,
    asked: &'a dyn Fn(&str) -> bool,
    changes: Vec<Change>,
}

impl Work<'_> {
    fn change(&mut self, code: ChangeCode, path: &str) {
        self.changes.push(Change { code, path: path.to_owned() });
    }

    fn level(&mut self, known: &[Item], given: Vec<AnsweredItem>, above: &str) -> Vec<AnsweredItem> {
        let mut kept: Vec<AnsweredItem> = Vec::with_capacity(given.len());
        let places: HashMap<&str, &Item> = known.iter().map(|item| (item.link_id.as_str(), item)).collect();
        let mut merged: HashMap<&str, (usize, HashSet<String>)> = HashMap::new();
        for mut answered in given {
            let path = join(above, &answered.link_id);
            let Some(item) = places.get(answered.link_id.as_str()).copied() else {
                kept.push(answered);
                continue;
            };
            self.item(item, &mut answered, &path);
            if self.drops(item, &answered, &path) {
                continue;
            }
            if !(item.is_question() && item.takes_several()) {
                kept.push(answered);
                continue;
            }
            let (at, known) = merged.entry(&item.link_id).or_insert_with(|| (kept.len(), HashSet::new()));
            if let Some(first) = kept.get_mut(*at) {
                first.answers.extend(answered.answers.into_iter().filter(|answer| is_new(known, answer)));
                self.change(ChangeCode::Merged, &path);
            } else {
                answered.answers.iter().for_each(|answer| _ = is_new(known, answer));
                kept.push(answered);
            }
        }
        kept
    }

    fn item(&mut self, item: &Item, answered: &mut AnsweredItem, path: &str) {
        if answered.text.as_ref().is_some_and(|text| item.text.reads(text)) {
            answered.text = None;
        }
        let items = std::mem::take(&mut answered.items);
        answered.items = self.level(&item.items, items, path);
        let options = if item.kind.has_options() { self.form.possible_options(item) } else { Vec::new() };
        for answer in &mut answered.answers {
            if fill(&options, &mut answer.value) {
                self.change(ChangeCode::CodingFilled, path);
            }
            if measure(item, &mut answer.value) {
                self.change(ChangeCode::UnitFilled, path);
            }
            if trim(item, &mut answer.value) {
                self.change(ChangeCode::Trimmed, path);
            }
            let items = std::mem::take(&mut answer.items);
            answer.items = self.level(&item.items, items, path);
        }
        let blank = |value: &Value| value.as_text().is_some_and(str::is_empty);
        let says = |answer: &Answer| !blank(&answer.value) || !answer.items.is_empty();
        answered.answers.retain(says);
    }

    /// Whether the item says nothing: no answers, or unticked boxes of what is not asked.
    fn drops(&mut self, item: &Item, answered: &AnsweredItem, path: &str) -> bool {
        if !answered.is_answered() {
            if answered.text.is_none() && item.kind != ItemType::Display {
                self.change(ChangeCode::EmptyDropped, path);
            }
            return true;
        }
        if !(self.asked)(&item.link_id) && only_unticked(answered) {
            self.change(ChangeCode::DisabledDropped, path);
            return true;
        }
        false
    }
}

/// Whether the answer is not among the known ones, which it then joins. Codings are compared
/// without their words; an answer with items under it is the same only with the same items.
fn is_new(known: &mut HashSet<String>, answer: &Answer) -> bool {
    let value = match &answer.value {
        Value::Coding(coding) => format!("{:?}", (&coding.system, &coding.code)),
        other => format!("{other:?}"),
    };
    let with_items = (!answer.items.is_empty()).then(|| format!("{value} {:?}", answer.items));
    let new = known.insert(value);
    with_items.map_or(new, |all| known.insert(all))
}

fn join(above: &str, link_id: &str) -> String {
    if above.is_empty() { link_id.to_owned() } else { format!("{above}/{link_id}") }
}

fn only_unticked(item: &AnsweredItem) -> bool {
    let unticked = |value: &Value| *value == Value::Boolean(false);
    item.answers.iter().all(|answer| unticked(&answer.value) && answer.items.iter().all(only_unticked))
        && item.items.iter().all(only_unticked)
}

/// Fills in the code system from the only option with that code, and drops words that the form
/// knows in one of its languages, since the form gives them.
fn fill(options: &[&AnswerOption], value: &mut Value) -> bool {
    let Value::Coding(coding) = value else {
        return false;
    };
    let mut changed = false;
    let fits = |option: &&&AnswerOption| option.coding().is_some_and(|own| own.code == coding.code);
    let mut same = options.iter().filter(fits);
    let (first, second) = (same.next(), same.next());
    if let (None, Some(only), None) = (&coding.system, first, second) {
        coding.system = only.coding().and_then(|own| own.system.clone());
        changed = coding.system.is_some();
    }
    let mine = options.iter().find(|option| option.coding().is_some_and(|own| own.same_code(coding)));
    let known = mine.zip(coding.display.as_ref());
    if known.is_some_and(|(option, display)| option.label.reads(display)) {
        coding.display = None;
    }
    changed
}

/// Fills in the unit of a number that came without any where the form knows one only (Refero leaves it out).
fn measure(item: &Item, value: &mut Value) -> bool {
    let (Value::Quantity(quantity), [only]) = (value, item.units.as_slice()) else {
        return false;
    };
    if quantity.unit.is_some() || quantity.system.is_some() || quantity.code.is_some() {
        return false;
    }
    quantity.unit = Some(only.label.base.clone());
    quantity.system.clone_from(&only.system);
    quantity.code = Some(only.code.clone());
    true
}

fn trim(item: &Item, value: &mut Value) -> bool {
    let Value::String(text) = value else {
        return false;
    };
    let trimmed = text.trim();
    let words = matches!(item.kind, ItemType::String | ItemType::Text | ItemType::OpenChoice);
    if !words || trimmed.len() == text.len() {
        return false;
    }
    *text = trimmed.to_owned();
    true
}
