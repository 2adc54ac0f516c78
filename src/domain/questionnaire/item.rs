//! One item of a form and the rules it carries.

use super::codes::{CATEGORY, ITEM_ROLE, PROBLEM, Role};
use super::condition::{Behavior, EnableWhen};
use super::control::Control;
use super::label::Text;
use super::limits::Limits;
use super::option::{AnswerOption, Code, Unit};
use crate::domain::value::Value;

/// A group, a text to read or a question (`Questionnaire.item`, FHIR R4).
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "the four flags are independent of each other in R4")]
pub struct Item {
    /// Unique in the form, at most 255 characters.
    pub link_id: String,
    /// What kind of item.
    pub kind: ItemType,
    /// The question or text; empty for a group without heading.
    pub text: Text,
    /// The text as Markdown (extension `rendering-markdown`).
    pub markdown: Option<Text>,
    /// What stands before the text, such as “1 a)”.
    pub prefix: Option<Text>,
    /// What the item means.
    pub codes: Vec<Code>,
    /// Address of the element definition that the item stands for.
    pub definition: Option<String>,
    /// Whether an answer is needed.
    pub required: bool,
    /// Whether several answers, or several instances of a group, are allowed.
    pub repeats: bool,
    /// Whether only the server may fill it.
    pub read_only: bool,
    /// Whether no person sees it.
    pub hidden: bool,
    /// Answers that stand there at the start.
    pub initial: Vec<Value>,
    /// What can be chosen.
    pub options: Vec<AnswerOption>,
    /// Id of the contained value set the options came from.
    pub value_set: Option<String>,
    /// Items whose chosen options are the options of this one (our extension `options-from`).
    pub options_from: Vec<String>,
    /// On what the item depends.
    pub enable_when: Vec<EnableWhen>,
    /// Whether one or all conditions must hold.
    pub behavior: Behavior,
    /// Bounds of an answer.
    pub limits: Limits,
    /// Unit of a number, or units a quantity can have.
    pub units: Vec<Unit>,
    /// How it is shown.
    pub control: Option<Control>,
    /// How an answer is to be written, such as “dd.mm.åååå”.
    pub entry_format: Option<Text>,
    /// What to tell someone whose answer breaks a limit.
    pub validation_text: Option<Text>,
    /// Items in it: of a group, or asked under each answer of a question.
    pub items: Vec<Item>,
}

impl Item {
    /// An item of that kind with nothing but an id and a text.
    pub fn new(link_id: &str, kind: ItemType, text: &str) -> Self {
        Self {
            link_id: link_id.to_owned(),
            kind,
            text: Text::new(text),
            markdown: None,
            prefix: None,
            codes: Vec::new(),
            definition: None,
            required: false,
            repeats: false,
            read_only: false,
            hidden: false,
            initial: Vec::new(),
            options: Vec::new(),
            value_set: None,
            options_from: Vec::new(),
            enable_when: Vec::new(),
            behavior: Behavior::default(),
            limits: Limits::default(),
            units: Vec::new(),
            control: None,
            entry_format: None,
            validation_text: None,
            items: Vec::new(),
        }
    }

    /// What the item means to a clinician, when the form says so.
    pub fn role(&self) -> Option<Role> {
        self.code_in(ITEM_ROLE).and_then(Role::parse)
    }

    /// Code of the problem category it belongs to.
    pub fn category(&self) -> Option<&str> {
        self.code_in(CATEGORY)
    }

    /// Code of the problem that an answer here describes.
    pub fn problem(&self) -> Option<&str> {
        self.code_in(PROBLEM)
    }

    fn code_in(&self, system: &str) -> Option<&str> {
        let mut all = self.codes.iter();
        all.find(|code| code.system.as_deref() == Some(system)).map(|code| code.code.as_str())
    }

    /// Whether it is a question, so neither a group nor a text to read.
    pub fn is_question(&self) -> bool {
        !matches!(self.kind, ItemType::Group | ItemType::Display)
    }

    /// Whether more than one answer may be given. A choice shown as check boxes takes several
    /// even without `repeats`, as forms of the national platform mean it.
    pub fn takes_several(&self) -> bool {
        self.repeats || (self.kind.has_options() && self.control == Some(Control::CheckBox))
    }

    /// The option with the same system and code, or the same value.
    pub fn option(&self, value: &Value) -> Option<&AnswerOption> {
        self.options.iter().find(|option| option.is(value))
    }

    /// The help text that belongs to the item, if any.
    pub fn help(&self) -> Option<&Text> {
        let mut all = self.items.iter();
        all.find(|item| item.control == Some(Control::Help)).map(|item| &item.text)
    }
}

/// Kinds of items (`item-type`, FHIR R4) that the engine executes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ItemType {
    /// Holds other items.
    Group,
    /// A text to read.
    Display,
    /// Yes or no.
    Boolean,
    /// A decimal number.
    Decimal,
    /// A whole number.
    Integer,
    /// A date.
    Date,
    /// A date with or without a time.
    DateTime,
    /// A time of day.
    Time,
    /// One line of text.
    String,
    /// Text of several lines.
    Text,
    /// An address.
    Url,
    /// A choice among options.
    Choice,
    /// A choice among options, or words of one's own.
    OpenChoice,
    /// A number with a unit.
    Quantity,
}

impl ItemType {
    const CODES: [(Self, &'static str); 14] = [
        (Self::Group, "group"),
        (Self::Display, "display"),
        (Self::Boolean, "boolean"),
        (Self::Decimal, "decimal"),
        (Self::Integer, "integer"),
        (Self::Date, "date"),
        (Self::DateTime, "dateTime"),
        (Self::Time, "time"),
        (Self::String, "string"),
        (Self::Text, "text"),
        (Self::Url, "url"),
        (Self::Choice, "choice"),
        (Self::OpenChoice, "open-choice"),
        (Self::Quantity, "quantity"),
    ];

    /// The FHIR code.
    pub fn code(self) -> &'static str {
        let mut all = Self::CODES.into_iter();
        all.find(|(kind, _)| *kind == self).map_or("", |(_, code)| code)
    }

    /// The kind with that FHIR code.
    pub fn parse(code: &str) -> Option<Self> {
        let mut all = Self::CODES.into_iter();
        all.find(|(_, known)| *known == code).map(|(kind, _)| kind)
    }

    /// Whether answers are chosen from options.
    pub fn has_options(self) -> bool {
        matches!(self, Self::Choice | Self::OpenChoice)
    }

    /// Whether answers are text with a length.
    pub fn is_text(self) -> bool {
        matches!(self, Self::String | Self::Text | Self::Url)
    }

    /// Whether an answer of this value's type fits, options apart.
    pub fn accepts(self, value: &Value) -> bool {
        matches!(
            (self, value),
            (Self::Boolean, Value::Boolean(_))
                | (Self::Decimal, Value::Decimal(_))
                | (Self::Integer, Value::Integer(_))
                | (Self::Date, Value::Date(_))
                | (Self::DateTime, Value::DateTime(_))
                | (Self::Time, Value::Time(_))
                | (Self::String | Self::Text | Self::OpenChoice, Value::String(_))
                | (Self::Url, Value::Uri(_))
                | (Self::Choice | Self::OpenChoice, Value::Coding(_))
                | (Self::Quantity, Value::Quantity(_))
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_read_back() {
        for (kind, code) in ItemType::CODES {
            assert_eq!((kind.code(), ItemType::parse(code)), (code, Some(kind)));
        }
    }
}
