//! A page as it is shown: every question with its help, its options, what was answered or typed, and
//! what is wrong with it. The words are the form's, in the reader's language where it has them.

use super::name::Name;
use super::plan::{Page, inside};
use super::read::{Fault, OWN};
use crate::domain::answers::{AnsweredItem, Answers, Context, Issue, Level};
use crate::domain::language::Language;
use crate::domain::questionnaire::{AnswerOption, Control, Item, ItemType, Questionnaire, Role, Text};
use crate::domain::value::Value;
use crate::http::web::posted::Posted;
use crate::text::{self, format};
use askama::Template;
use chrono::{Datelike, Timelike};

/// A choice with more options than this is a list that folds out.
const MANY: usize = 24;

/// Words with their language, where it is not the page's.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(in crate::http) struct Said {
    pub text: String,
    pub lang: Option<String>,
}

impl Said {
    /// The words in parts that stood at a slash, after which a line may be broken.
    pub(in crate::http) fn parts(&self) -> std::str::Split<'_, char> {
        self.text.split('/')
    }

    /// The attribute that says which language it is in; empty where that is the page's.
    pub(in crate::http) fn lang(&self) -> String {
        // A language tag has letters, digits and hyphens only.
        self.lang.as_ref().map_or_else(String::new, |lang| format!(" lang=\"{lang}\""))
    }
}

/// Something on a page.
#[derive(Debug, Clone, Template)]
#[template(path = "block.html")]
pub(in crate::http) enum Block {
    /// A text to read.
    Text(Said),
    /// A question.
    Field(Box<Field>),
    /// Several things that belong together.
    Group(Box<Group>),
    /// A button for one more.
    More { value: String, label: String },
}

/// A group, or one instance of it.
#[derive(Debug, Clone)]
pub(in crate::http) struct Group {
    pub id: String,
    pub legend: Said,
    pub main: bool,
    pub hints: Vec<Said>,
    /// Marks an instance as shown.
    pub marker: String,
    /// Label of the button that takes it away.
    pub remove: Option<String>,
    pub blocks: Vec<Block>,
}

/// A question.
#[derive(Debug, Clone)]
pub(in crate::http) struct Field {
    pub id: String,
    pub label: Said,
    /// Whether the label is the heading of the page.
    pub main: bool,
    pub hints: Vec<Said>,
    /// Product's words on how to answer.
    pub notes: Vec<String>,
    pub error: Option<String>,
    pub input: Input,
    pub error_word: String,
    pub unit_word: String,
    pub choose_word: String,
    /// Label of the button for one more answer.
    pub more: Option<String>,
    /// What is asked under the answers.
    pub below: Vec<Block>,
}

/// How it is answered.
#[derive(Debug, Clone)]
pub(in crate::http) enum Input {
    Choices(Choices),
    Select(Vec<Choice>),
    Lines(Vec<Line>),
    Areas(Vec<String>),
    Dates(Vec<Vec<Part>>),
    Fixed(String),
}

/// Radio buttons or check boxes.
#[derive(Debug, Clone)]
pub(in crate::http) struct Choices {
    pub several: bool,
    pub thermometer: bool,
    pub options: Vec<Choice>,
    /// Words of one's own: label of the fields and what is in them, one at least.
    pub own: Option<(String, Vec<String>)>,
}

/// One option.
#[derive(Debug, Clone)]
pub(in crate::http) struct Choice {
    pub value: String,
    pub label: Said,
    pub chosen: bool,
    /// Can only be chosen alone.
    pub alone: bool,
}

/// A part of a date or time.
#[derive(Debug, Clone)]
pub(in crate::http) struct Part {
    pub id: String,
    pub name: String,
    pub label: String,
    pub value: String,
    pub long: bool,
}

/// A field of one line.
#[derive(Debug, Clone)]
pub(in crate::http) struct Line {
    pub value: String,
    pub mode: &'static str,
    pub unit: Option<Said>,
    pub units: Vec<Choice>,
}

impl Block {
    /// Whether there is nothing to answer in it.
    fn is_text(&self) -> bool {
        match self {
            Self::Text(_) => true,
            Self::Group(group) => group.is_text(),
            Self::Field(_) | Self::More { .. } => false,
        }
    }
}

impl Group {
    /// Whether there is nothing to answer in it.
    fn is_text(&self) -> bool {
        self.blocks.iter().all(Block::is_text)
    }
}

impl Field {
    /// Ids of what describes it.
    fn described(&self) -> String {
        let hints = self.hints.iter().enumerate().map(|(at, _)| format!("{}-h{at}", self.id));
        let notes = self.notes.iter().enumerate().map(|(at, _)| format!("{}-n{at}", self.id));
        let error = self.error.iter().map(|_| format!("{}-e", self.id));
        hints.chain(notes).chain(error).collect::<Vec<_>>().join(" ")
    }

    /// The same as an attribute.
    fn described_attr(&self) -> String {
        let ids = self.described();
        // Names of fields have letters, digits, hyphens and underscores only.
        if ids.is_empty() { ids } else { format!(" aria-describedby=\"{ids}\"") }
    }

    /// The attribute that says that something is wrong with it.
    fn invalid(&self) -> &'static str {
        if self.error.is_some() { " aria-invalid=\"true\"" } else { "" }
    }

    /// Whether it is only read.
    fn is_fixed(&self) -> bool {
        matches!(self.input, Input::Fixed(_))
    }

    /// Whether several fields answer it, so that its label is a legend.
    fn is_set(&self) -> bool {
        matches!(&self.input, Input::Choices(_) | Input::Dates(_))
            || matches!(&self.input, Input::Areas(areas) if areas.len() > 1)
            || matches!(&self.input, Input::Lines(lines) if lines.len() > 1 || lines.iter().any(|line| !line.units.is_empty()))
    }

    /// The id of the first thing that can be typed or chosen.
    fn first(&self) -> String {
        match &self.input {
            Input::Choices(choices) => choices.options.first().map_or_else(String::new, |first| format!("{}-{}", self.id, first.value)),
            Input::Dates(dates) => dates.first().and_then(|parts| parts.first()).map_or_else(String::new, |part| part.id.clone()),
            _ => format!("{}-0", self.id),
        }
    }
}

/// What is wrong, and where.
#[derive(Debug, Clone, Default)]
pub(in crate::http) struct Wrong<'a> {
    pub faults: &'a [Fault],
    pub issues: &'a [Issue],
}

/// What a page is built from.
pub(in crate::http) struct Builder<'a> {
    pub form: &'a Questionnaire,
    pub language: &'a Language,
    /// What was sent and could not be saved: shown in place of what is stored.
    pub posted: Option<&'a Posted>,
    pub wrong: Wrong<'a>,
    /// The name of what one more is wanted of.
    pub more: Option<&'a str>,
    /// Whether the page holds one question only.
    alone: bool,
}

/// A page ready to show.
#[derive(Debug, Clone)]
pub(in crate::http) struct View {
    pub heading: String,
    /// Title of the form, for a page whose texts have no heading of their own.
    pub title: Option<Said>,
    pub blocks: Vec<Block>,
    /// What is wrong: address on the page and words.
    pub errors: Vec<(String, String)>,
    /// Names of the questions shown.
    pub shown: Vec<String>,
}

impl View {
    /// The same under a heading of the page's own.
    pub(in crate::http) fn under_a_heading(mut self) -> Self {
        for block in &mut self.blocks {
            match block {
                Block::Field(field) => field.main = false,
                Block::Group(group) => group.main = false,
                Block::Text(_) | Block::More { .. } => {}
            }
        }
        self
    }
}

/// Builds a page.
#[expect(clippy::too_many_arguments, reason = "form, page, answers and reader are things of their own; a struct would only rename them")]
pub(in crate::http) fn page(
    form: &Questionnaire,
    page: &Page,
    answers: &Answers,
    context: &Context<'_>,
    language: &Language,
    posted: Option<&Posted>,
    wrong: Wrong<'_>,
    more: Option<&str>,
) -> View {
    let main = page.items.iter().filter_map(|path| item_at(form, path)).find(|item| super::plan::questions(item) > 0);
    let alone = main.is_some_and(|item| super::plan::questions(item) == 1 && item.is_question());
    let builder = Builder { form, language, posted, wrong, more, alone };
    let top = Level::top(form, answers, context);
    let mut blocks = Vec::new();
    for path in &page.items {
        builder.along(&top, path, &Name::of_path(path), &mut blocks);
    }
    lead_in(&mut blocks);
    let own = first_heading(&blocks);
    let title = own.is_none().then(|| builder.say(&form.metadata.title));
    let heading = own.unwrap_or_else(|| form.title(language).to_owned());
    let (mut errors, mut shown) = (Vec::new(), Vec::new());
    collect(&blocks, &mut errors, &mut shown);
    View { heading, title, blocks, errors, shown }
}

/// A text that leads to a question stands under its heading, so that the heading comes first.
fn lead_in(blocks: &mut Vec<Block>) {
    let texts = blocks.iter().take_while(|block| matches!(block, Block::Text(_))).count();
    if !matches!(blocks.get(texts), Some(Block::Field(field)) if field.main) {
        return;
    }
    let texts: Vec<Said> =
        blocks.drain(..texts).filter_map(|block| if let Block::Text(said) = block { Some(said) } else { None }).collect();
    if let Some(Block::Field(field)) = blocks.first_mut() {
        field.hints.splice(0..0, texts);
    }
}

/// Texts to read, as blocks.
pub(in crate::http) fn texts(form: &Questionnaire, paths: &[Vec<usize>], language: &Language) -> Vec<Block> {
    let builder = Builder { form, language, posted: None, wrong: Wrong::default(), more: None, alone: false };
    let (answers, context) = (Answers::default(), Context::default());
    let top = Level::top(form, &answers, &context);
    let mut blocks = Vec::new();
    for path in paths {
        builder.along(&top, path, &Name::of_path(path), &mut blocks);
    }
    blocks
}

fn item_at<'a>(form: &'a Questionnaire, path: &[usize]) -> Option<&'a Item> {
    let (last, above) = path.split_last()?;
    let mut level = form.items();
    for position in above {
        level = &level.get(*position)?.items;
    }
    level.get(*last)
}

fn first_heading(blocks: &[Block]) -> Option<String> {
    blocks.iter().find_map(|block| match block {
        Block::Field(field) if field.main => Some(field.label.text.clone()),
        Block::Group(group) if group.main => Some(group.legend.text.clone()),
        _ => None,
    })
}

fn collect(blocks: &[Block], errors: &mut Vec<(String, String)>, shown: &mut Vec<String>) {
    for block in blocks {
        match block {
            Block::Field(field) => {
                shown.push(field.id.clone());
                errors.extend(field.error.clone().map(|error| (field.first(), error)));
                collect(&field.below, errors, shown);
            }
            Block::Group(group) => collect(&group.blocks, errors, shown),
            Block::Text(_) | Block::More { .. } => {}
        }
    }
}

impl Builder<'_> {
    fn say(&self, text: &Text) -> Said {
        let words = text.get(self.language).to_owned();
        let own = text.translations.keys().any(|tag| tag.same_language(self.language)) || self.form.language().same_language(self.language);
        Said { text: words, lang: (!own).then(|| self.form.language().to_string()) }
    }

    fn word(&self, key: &str, args: &[(&str, text::Arg<'_>)]) -> String {
        text::words(self.language, key, args)
    }

    fn along(&self, level: &Level<'_>, path: &[usize], name: &Name, blocks: &mut Vec<Block>) {
        let Some((first, rest)) = path.split_first() else { return };
        let Some(item) = level.items().get(*first).filter(|item| level.asks(item)) else { return };
        if rest.is_empty() {
            let main = blocks.iter().all(Block::is_text) && super::plan::questions(item) > 0;
            self.item(level, item, name, main, blocks);
        } else {
            inside(level, item, |below| self.along(below, rest, name, blocks));
        }
    }

    fn item(&self, level: &Level<'_>, item: &Item, name: &Name, main: bool, blocks: &mut Vec<Block>) {
        if item.hidden || !level.asks(item) {
            return;
        }
        match item.kind {
            ItemType::Display => blocks.push(Block::Text(self.say(&item.text))),
            ItemType::Group => self.group(level, item, name, main, blocks),
            _ => blocks.push(Block::Field(Box::new(self.field(level, item, name, main)))),
        }
    }

    fn group(&self, level: &Level<'_>, item: &Item, name: &Name, main: bool, blocks: &mut Vec<Block>) {
        let given = level.given(item);
        let blank = AnsweredItem::group(&item.link_id, Vec::new());
        let posted = self.posted.map_or(0, |posted| super::read::shown_instances(posted, name));
        let wanted = given.len().max(posted) + usize::from(self.more == Some(name.to_string().as_str()));
        let most = item.limits.max_occurs.and_then(|most| usize::try_from(most).ok()).unwrap_or(usize::MAX);
        let count = if item.repeats { wanted.clamp(1, most.max(1)) } else { 1 };
        for instance in 0..count {
            let here = given.get(instance).copied().unwrap_or(&blank);
            let mut inner = Vec::new();
            for below in level.below(item, here) {
                for (position, child) in below.items().iter().enumerate() {
                    if !is_about(child) {
                        self.item(&below, child, &name.below(instance, position), false, &mut inner);
                    }
                }
            }
            let mut legend = self.say(&item.text);
            if count > 1 {
                legend.text = self.word("form-instance", &[("label", legend.text.clone().into()), ("number", (instance + 1).into())]);
            }
            let remove = (item.repeats && count > 1).then(|| self.word("form-remove", &[("label", legend.text.clone().into())]));
            blocks.push(Block::Group(Box::new(Group {
                id: name.instance(instance),
                legend,
                main: main && instance == 0,
                hints: if instance == 0 { self.hints(item) } else { Vec::new() },
                marker: name.instance(instance),
                remove,
                blocks: inner,
            })));
        }
        if item.repeats && count < most {
            blocks.push(Block::More {
                value: name.to_string(),
                label: self.word("form-more-of", &[("label", self.say(&item.text).text.into())]),
            });
        }
    }

    fn hints(&self, item: &Item) -> Vec<Said> {
        let about = item.items.iter().filter(|child| is_about(child) && !child.hidden && child.control != Some(Control::Unit));
        let format = item.entry_format.iter().map(|format| self.say(format));
        about.map(|child| self.say(&child.text)).chain(format).filter(|said| !said.text.is_empty()).collect()
    }

    fn field(&self, level: &Level<'_>, item: &Item, name: &Name, main: bool) -> Field {
        let given = level.given(item);
        let answers: Vec<&Value> = given.iter().flat_map(|given| given.answers.iter().map(|answer| &answer.value)).collect();
        let posted = self.posted.filter(|posted| posted.holds(super::read::SHOWN, &name.to_string()));
        let input = self.input(level, item, name, &answers, posted);
        let mut below = Vec::new();
        for entry in &given {
            for (answer, inner) in level.below(item, entry).iter().enumerate() {
                for (position, child) in inner.items().iter().enumerate().filter(|(_, child)| !is_about(child)) {
                    self.item(inner, child, &name.below(answer, position), false, &mut below);
                }
            }
        }
        let notes = self.notes(item, &input);
        let repeated = item.takes_several() && matches!(&input, Input::Lines(_) | Input::Areas(_) | Input::Dates(_));
        let more = repeated.then(|| self.word("form-more-of", &[("label", self.say(&item.text).text.into())]));
        let mut label = self.say(&item.text);
        if let Some(prefix) = &item.prefix {
            label.text = format!("{} {}", self.say(prefix).text, label.text);
        }
        Field {
            id: name.to_string(),
            label,
            main,
            hints: self.hints(item),
            notes,
            error: self.error(item, name),
            input,
            error_word: self.word("page-error-word", &[]),
            unit_word: self.word("form-unit", &[]),
            choose_word: self.word("form-choose", &[]),
            more,
            below,
        }
    }

    /// The product's words on how to answer, where the form does not say it itself.
    fn notes(&self, item: &Item, input: &Input) -> Vec<String> {
        let mut notes = Vec::new();
        if let Input::Fixed(_) = input {
            return notes;
        }
        let said = item.help().is_some();
        let explained = said && item.kind.has_options();
        if !item.required && !explained {
            notes.push(self.word("form-optional", &[]));
        }
        if item.takes_several() && item.kind.has_options() && !said {
            notes.push(self.word("form-several", &[]));
        }
        let bound = |value: &Option<Value>| value.as_ref().map(|value| format::value(value, self.language));
        match (bound(&item.limits.min_value), bound(&item.limits.max_value)) {
            (Some(min), Some(max)) => notes.push(self.word("form-between", &[("min", min.into()), ("max", max.into())])),
            (Some(min), None) => notes.push(self.word("form-least", &[("min", min.into())])),
            (None, Some(max)) => notes.push(self.word("form-most", &[("max", max.into())])),
            (None, None) => {}
        }
        if let (Some(most), false) = (item.limits.max_length, said) {
            notes.push(self.word("form-length", &[("count", most.into())]));
        }
        match item.kind {
            ItemType::Time => notes.push(self.word("form-time", &[])),
            ItemType::Date | ItemType::DateTime => notes.push(self.word("form-date", &[])),
            ItemType::Url => notes.push(self.word("form-url", &[])),
            _ => {}
        }
        notes
    }

    fn error(&self, item: &Item, name: &Name) -> Option<String> {
        let id = name.to_string();
        if let Some(fault) = self.wrong.faults.iter().find(|fault| fault.field == id) {
            let words = self.word(fault.key, &[]);
            return Some(if self.alone { words } else { self.named(item, words) });
        }
        let mut own = self.wrong.issues.iter().filter(|issue| issue.link_id == item.link_id);
        let issue = own.find(|issue| name.is_at(&instances(&issue.expression)))?;
        let missing = issue.code.is_missing();
        let words = if missing { self.word(missing_key(item), &[]) } else { text::issue_alone(issue, self.language) };
        Some(if self.alone { words } else { self.named(item, words) })
    }

    fn named(&self, item: &Item, words: String) -> String {
        self.word("issue-at", &[("question", self.say(&item.text).text.into()), ("text", words.into())])
    }

    fn input(&self, level: &Level<'_>, item: &Item, name: &Name, values: &[&Value], posted: Option<&Posted>) -> Input {
        if item.read_only {
            let words: Vec<String> = values.iter().map(|value| self.value(item, value)).collect();
            return Input::Fixed(if words.is_empty() { self.word("check-none", &[]) } else { words.join("; ") });
        }
        let field = name.to_string();
        let more = usize::from(self.more == Some(field.as_str()));
        match item.kind {
            ItemType::Boolean => {
                let chosen = |value: bool| match posted {
                    Some(posted) => posted.line(&field) == value.to_string(),
                    None => values.contains(&&Value::Boolean(value)),
                };
                let choice =
                    |value: bool, key| Choice { value: value.to_string(), label: self.own(key), chosen: chosen(value), alone: false };
                let options = vec![choice(true, "yes"), choice(false, "no")];
                Input::Choices(self.with_skip(item, Choices { several: false, thermometer: false, options, own: None }, posted, &field))
            }
            ItemType::Choice | ItemType::OpenChoice => self.choices(level, item, name, values, posted),
            ItemType::Text => {
                let mut typed: Vec<String> = match posted {
                    Some(posted) => posted.all(&field).map(str::to_owned).collect(),
                    None => values.iter().map(|value| raw(Some(value), self.language)).collect(),
                };
                let count = if item.takes_several() { (typed.len() + more).max(1) } else { 1 };
                typed.resize_with(count, String::new);
                Input::Areas(typed)
            }
            ItemType::Date | ItemType::DateTime => self.dates(item, name, values, posted, more),
            _ => {
                let typed: Vec<String> = match posted {
                    Some(posted) => posted.all(&field).map(str::to_owned).collect(),
                    None => values.iter().map(|value| raw(Some(value), self.language)).collect(),
                };
                let unit = name.part("u");
                let units: Vec<usize> = match posted {
                    Some(posted) => posted.all(&unit).map(|at| at.parse().unwrap_or(usize::MAX)).collect(),
                    None => values.iter().map(|value| unit_of(item, value).unwrap_or(usize::MAX)).collect(),
                };
                let count = if item.takes_several() { (typed.len() + more).max(1) } else { 1 };
                let lines = (0..count).map(|at| self.line(item, typed.get(at), units.get(at).copied().unwrap_or(usize::MAX)));
                Input::Lines(lines.collect())
            }
        }
    }

    fn line(&self, item: &Item, typed: Option<&String>, unit: usize) -> Line {
        let mode = match item.kind {
            ItemType::Integer => "numeric",
            ItemType::Decimal | ItemType::Quantity => "decimal",
            ItemType::Url => "url",
            _ => "text",
        };
        let about = item.items.iter().find(|child| child.control == Some(Control::Unit)).map(|child| self.say(&child.text));
        let one = if item.units.len() == 1 { item.units.first().map(|unit| self.say(&unit.label)) } else { None };
        let units = item.units.iter().enumerate().filter(|_| item.units.len() > 1).map(|(at, own)| Choice {
            value: at.to_string(),
            label: self.say(&own.label),
            chosen: at == unit,
            alone: false,
        });
        Line { value: typed.cloned().unwrap_or_default(), mode, unit: about.or(one), units: units.collect() }
    }

    fn own(&self, key: &str) -> Said {
        Said { text: self.word(key, &[]), lang: None }
    }

    /// Where an answer may be left out, radio buttons have a way to do so: once chosen they can't be undone.
    fn with_skip(&self, item: &Item, mut choices: Choices, posted: Option<&Posted>, field: &str) -> Choices {
        if !item.required && !choices.several {
            let chosen = posted.is_some_and(|posted| posted.first(field) == Some(""));
            choices.options.push(Choice { value: String::new(), label: self.own("form-skip"), chosen, alone: true });
        }
        choices
    }

    fn choices(&self, level: &Level<'_>, item: &Item, name: &Name, values: &[&Value], posted: Option<&Posted>) -> Input {
        let field = name.to_string();
        let all = self.form.possible_options(item);
        let now = level.options(item);
        let is_chosen = |at: usize, option: &AnswerOption| match posted {
            Some(posted) => posted.holds(&field, &at.to_string()),
            None => values.iter().any(|value| option.is(value)),
        };
        let offered = all.iter().enumerate().filter(|(_, option)| now.iter().any(|now| now.is(&option.value)));
        let mut options: Vec<Choice> = offered
            .map(|(at, option)| Choice {
                value: at.to_string(),
                label: self.option(option),
                chosen: is_chosen(at, option),
                alone: option.exclusive && item.takes_several(),
            })
            .collect();
        let several = item.takes_several();
        let folds = matches!(item.control, Some(Control::DropDown | Control::Autocomplete)) || (options.len() > MANY && !several);
        if folds && !several && item.kind == ItemType::Choice {
            return Input::Select(options);
        }
        let thermometer = item.role() == Some(Role::DistressScore) && !several && rises(&all);
        if thermometer {
            options.reverse();
        }
        let own = (item.kind == ItemType::OpenChoice).then(|| {
            let typed = |value: &&Value| match value {
                Value::String(text) if !all.iter().any(|option| option.is(value)) => Some(text.clone()),
                _ => None,
            };
            let mut words: Vec<String> = match posted {
                Some(posted) => posted.all(&name.part("annet")).map(|words| words.trim().to_owned()).collect(),
                None => values.iter().filter_map(typed).collect(),
            };
            let chosen = posted.map_or(!words.is_empty(), |posted| posted.holds(&field, OWN));
            words.resize_with(if item.takes_several() { words.len().max(1) } else { 1 }, String::new);
            options.push(Choice { value: OWN.to_owned(), label: self.own("form-other"), chosen, alone: false });
            (self.word("form-other-words", &[]), words)
        });
        Input::Choices(self.with_skip(item, Choices { several, thermometer, options, own }, posted, &field))
    }

    fn option(&self, option: &AnswerOption) -> Said {
        if option.label.base.is_empty() {
            Said { text: format::value(&option.value, self.language), lang: None }
        } else {
            self.say(&option.label)
        }
    }

    fn dates(&self, item: &Item, name: &Name, values: &[&Value], posted: Option<&Posted>, more: usize) -> Input {
        let mut dates: Vec<[String; 4]> = match posted {
            None => values.iter().map(|value| parts_of(value)).collect(),
            Some(posted) => {
                let all = ["d", "m", "y", "t"].map(|part| posted.all(&name.part(part)).map(str::to_owned).collect::<Vec<_>>());
                let count = all.iter().map(Vec::len).max().unwrap_or(0);
                (0..count).map(|at| all.each_ref().map(|part| part.get(at).cloned().unwrap_or_default())).collect()
            }
        };
        let count = if item.takes_several() { (dates.len() + more).max(1) } else { 1 };
        dates.resize_with(count, Default::default);
        let count = if item.kind == ItemType::DateTime { 4 } else { 3 };
        let parts = |at: usize, values: [String; 4]| {
            let rows = ["d", "m", "y", "t"].into_iter().zip(["form-day", "form-month", "form-year", "form-clock"]).zip(values).take(count);
            rows.map(|((part, key), value)| {
                let name = name.part(part);
                Part { id: format!("{name}-{at}"), name, label: self.word(key, &[]), value, long: matches!(part, "y" | "t") }
            })
            .collect()
        };
        Input::Dates(dates.into_iter().enumerate().map(|(at, values)| parts(at, values)).collect())
    }

    fn value(&self, item: &Item, value: &Value) -> String {
        let options = self.form.possible_options(item);
        let option = options.iter().find(|option| option.is(value));
        option.map_or_else(|| format::value(value, self.language), |option| self.option(option).text)
    }
}

/// A text that explains what it stands under.
fn is_about(item: &Item) -> bool {
    item.kind == ItemType::Display && item.control.is_some() || matches!(item.control, Some(Control::Help))
}

fn missing_key(item: &Item) -> &'static str {
    match item.kind {
        ItemType::Choice | ItemType::OpenChoice if item.takes_several() => "missing-choices",
        ItemType::Choice | ItemType::OpenChoice | ItemType::Boolean => "missing-choice",
        ItemType::Date | ItemType::DateTime => "missing-date",
        ItemType::Integer | ItemType::Decimal | ItemType::Quantity => "missing-number",
        _ => "missing-text",
    }
}

/// Whether the options are numbers that rise: such a scale stands with its highest number on top.
fn rises(options: &[&AnswerOption]) -> bool {
    let numbers: Vec<_> = options.iter().map(|option| option.ordinal).collect();
    numbers.len() > 2 && numbers.iter().all(Option::is_some) && numbers.is_sorted()
}

fn unit_of(item: &Item, value: &Value) -> Option<usize> {
    let Value::Quantity(quantity) = value else { return None };
    let code = quantity.code.as_deref();
    let by_code = item.units.iter().position(|unit| Some(unit.code.as_str()) == code);
    by_code.or_else(|| item.units.iter().position(|unit| quantity.unit.as_deref().is_some_and(|words| unit.label.reads(words))))
}

/// A value as it is typed.
fn raw(value: Option<&Value>, language: &Language) -> String {
    match value {
        None => String::new(),
        Some(Value::Integer(number)) => number.to_string(),
        Some(Value::Decimal(number)) => format::decimal(*number, language).replace('\u{2212}', "-"),
        Some(Value::Quantity(quantity)) => format::decimal(quantity.value, language).replace('\u{2212}', "-"),
        Some(Value::Time(time)) => format!("{:02}.{:02}", time.hour(), time.minute()),
        Some(other) => other.to_string(),
    }
}

fn parts_of(value: &Value) -> [String; 4] {
    let whole = |text: String| {
        let mut parts = text.split('-').map(str::to_owned).collect::<Vec<_>>().into_iter();
        let year = parts.next().unwrap_or_default();
        let month = parts.next().unwrap_or_default();
        [parts.next().unwrap_or_default(), month, year, String::new()]
    };
    match value {
        Value::Date(date) => whole(date.to_string()),
        Value::DateTime(moment) => match (moment.instant(), moment.date()) {
            (Some(instant), _) => {
                let local = instant.with_timezone(&format::ZONE);
                let time = format!("{:02}.{:02}", local.hour(), local.minute());
                [local.day().to_string(), local.month().to_string(), local.year().to_string(), time]
            }
            (None, Some(date)) => whole(date.to_string()),
            (None, None) => Default::default(),
        },
        _ => Default::default(),
    }
}

/// Numbers of the instances in the expression of an issue, from the top down.
fn instances(expression: &str) -> Vec<usize> {
    let inner = expression.split('[').skip(1).filter_map(|rest| rest.split(']').next());
    inner.filter_map(|number| number.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instances_are_read_from_an_expression() {
        assert_eq!(instances("QuestionnaireResponse.item.where(linkId='g')[2].item.where(linkId='a')"), [2]);
        assert_eq!(instances("QuestionnaireResponse.item.where(linkId='a')"), Vec::<usize>::new());
    }
}
