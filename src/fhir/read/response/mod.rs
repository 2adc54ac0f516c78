//! Reads the structure of a `QuestionnaireResponse` of R4, without looking at its form.

mod place;

use serde_json::{Map, Value as Json};

use place::Place;

use super::normalise::{Change, ChangeCode};
use super::value::{self, Fault};
use crate::domain::answers::{Answer, AnsweredItem, Answers, Issue, IssueCode, MAX_DEPTH, MAX_ISSUES, MAX_NODES, MAX_TEXT, Severity};
use crate::domain::language::Language;
use crate::domain::text::nfc;

const MEMBERS: [&str; 17] = [
    "resourceType",
    "id",
    "meta",
    "implicitRules",
    "language",
    "text",
    "contained",
    "extension",
    "identifier",
    "basedOn",
    "partOf",
    "questionnaire",
    "status",
    "subject",
    "encounter",
    "authored",
    "item",
];
const PEOPLE: [&str; 2] = ["author", "source"];
const ITEM_MEMBERS: [&str; 7] = ["id", "extension", "linkId", "definition", "text", "answer", "item"];

/// A response as it came, before it is compared with its form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResponseDocument {
    /// Id that the client gave.
    pub id: Option<String>,
    /// Address of the form, absolute or relative, with or without version.
    pub questionnaire: Option<String>,
    /// Where the response is in its life.
    pub status: ResponseStatus,
    /// Language that the client named.
    pub language: Option<Language>,
    /// The answers.
    pub answers: Answers,
    /// What was repaired while reading.
    pub changes: Vec<Change>,
}

/// Where a response is in its life (`questionnaire-answers-status`, FHIR R4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ResponseStatus {
    /// Not handed in.
    InProgress,
    /// Handed in.
    Completed,
    /// Changed after it was handed in.
    Amended,
    /// Never meant to be.
    EnteredInError,
    /// Given up.
    Stopped,
}

impl ResponseStatus {
    const CODES: [(Self, &'static str); 5] = [
        (Self::InProgress, "in-progress"),
        (Self::Completed, "completed"),
        (Self::Amended, "amended"),
        (Self::EnteredInError, "entered-in-error"),
        (Self::Stopped, "stopped"),
    ];

    /// The FHIR code.
    pub fn code(self) -> &'static str {
        let mut all = Self::CODES.into_iter();
        all.find(|(own, _)| *own == self).map_or("", |(_, code)| code)
    }

    /// The status with that FHIR code.
    pub fn parse(code: &str) -> Option<Self> {
        let mut all = Self::CODES.into_iter();
        all.find(|(_, known)| *known == code).map(|(own, _)| own)
    }
}

/// Reads the structure; returns every fault at once, up to a limit.
pub fn response(json: &Json) -> Result<ResponseDocument, Vec<Issue>> {
    let mut reader = Reader::default();
    let document = reader.document(json);
    match document {
        Some(document) if reader.issues.is_empty() => Ok(ResponseDocument { changes: reader.changes, ..document }),
        _ => Err(reader.issues),
    }
}

#[derive(Default)]
struct Reader {
    issues: Vec<Issue>,
    changes: Vec<Change>,
    nodes: usize,
}

impl Reader {
    fn fault(&mut self, code: IssueCode, place: &Place<'_>, member: &str) {
        if self.issues.len() >= MAX_ISSUES {
            return;
        }
        let mut expression = place.expression();
        if !member.is_empty() {
            expression.push('.');
            expression.extend(member.chars().take(64));
        }
        self.issues.push(Issue {
            severity: Severity::Fatal,
            code,
            link_id: place.link_id.chars().take(255).collect(),
            path: place.path(),
            expression,
            question: None,
            detail: None,
        });
    }

    fn change(&mut self, code: ChangeCode, place: &Place<'_>) {
        if self.changes.len() < MAX_ISSUES {
            self.changes.push(Change { code, path: place.path() });
        }
    }

    fn document(&mut self, json: &Json) -> Option<ResponseDocument> {
        let top = Place::top();
        let Some(map) = json.as_object() else {
            self.fault(IssueCode::Structure, &top, "");
            return None;
        };
        if map.get("resourceType").and_then(Json::as_str) != Some("QuestionnaireResponse") {
            self.fault(IssueCode::Structure, &top, "resourceType");
        }
        let expected = |name: &str| MEMBERS.contains(&name) || PEOPLE.contains(&name);
        self.members(map, expected, &top);
        if map.contains_key("implicitRules") {
            self.fault(IssueCode::ModifierExtension, &top, "implicitRules");
        }
        if map.contains_key("meta") {
            self.change(ChangeCode::MetaDropped, &top);
        }
        for person in ["author", "source", "subject", "authored"] {
            if map.contains_key(person) {
                self.change(ChangeCode::PersonDropped, &top);
            }
        }
        let status = self.string(map, "status", &top).unwrap_or_else(|| "in-progress".into());
        let status = ResponseStatus::parse(&status);
        if status.is_none() {
            self.fault(IssueCode::InvalidValue, &top, "status");
        }
        let language = self.string(map, "language", &top);
        let language = language.map(|tag| Language::parse(&tag));
        if let Some(Err(_)) = language {
            self.fault(IssueCode::InvalidValue, &top, "language");
        }
        let items = self.items(map, &top);
        Some(ResponseDocument {
            id: self.string(map, "id", &top),
            questionnaire: self.string(map, "questionnaire", &top),
            status: status?,
            language: language.and_then(Result::ok),
            answers: Answers { items },
            changes: Vec::new(),
        })
    }

    /// Refuses members that R4 does not know and everything that is empty.
    fn members(&mut self, map: &Map<String, Json>, known: impl Fn(&str) -> bool, place: &Place<'_>) {
        for (name, value) in map {
            let plain = name.strip_prefix('_').unwrap_or(name);
            if plain == "modifierExtension" {
                self.fault(IssueCode::ModifierExtension, place, name);
            } else if !known(plain) {
                self.fault(IssueCode::UnknownElement, place, named(name));
            }
            if is_empty(value) {
                self.fault(IssueCode::EmptyElement, place, named(name));
            }
        }
    }

    fn string(&mut self, map: &Map<String, Json>, name: &str, place: &Place<'_>) -> Option<String> {
        let Json::String(text) = map.get(name)? else {
            self.fault(IssueCode::Structure, place, name);
            return None;
        };
        let text = nfc(text);
        if text.len() > MAX_TEXT {
            self.fault(IssueCode::TooLarge, place, name);
            return None;
        }
        Some(text)
    }

    /// The objects of an array member, as far as the limits go.
    fn list<'a>(&mut self, map: &'a Map<String, Json>, name: &str, place: &Place<'_>) -> &'a [Json] {
        let Some(value) = map.get(name) else {
            return &[];
        };
        let Json::Array(all) = value else {
            self.fault(IssueCode::Structure, place, name);
            return &[];
        };
        let before = self.nodes;
        self.nodes = self.nodes.saturating_add(all.len());
        if self.nodes > MAX_NODES || place.depth >= MAX_DEPTH {
            if before <= MAX_NODES {
                self.fault(IssueCode::TooLarge, place, name);
            }
            return &[];
        }
        all
    }

    fn items(&mut self, map: &Map<String, Json>, place: &Place<'_>) -> Vec<AnsweredItem> {
        let mut items = Vec::new();
        for (at, json) in self.list(map, "item", place).iter().enumerate() {
            let link_id = json.get("linkId").and_then(Json::as_str).unwrap_or_default();
            let here = Place { above: Some(place), link_id, step: "item", at, depth: place.depth + 1 };
            items.extend(self.item(json, &here));
        }
        items
    }

    fn item(&mut self, json: &Json, place: &Place<'_>) -> Option<AnsweredItem> {
        let Some(map) = json.as_object() else {
            self.fault(IssueCode::Structure, place, "");
            return None;
        };
        self.members(map, |name| ITEM_MEMBERS.contains(&name), place);
        let link_id = self.string(map, "linkId", place).unwrap_or_default();
        if link_id.is_empty() || link_id.chars().count() > 255 {
            self.fault(IssueCode::Structure, place, "linkId");
        }
        if map.contains_key("answer") && map.contains_key("item") {
            self.fault(IssueCode::QuestionItems, place, "item");
        }
        let mut answers = Vec::new();
        for (at, json) in self.list(map, "answer", place).iter().enumerate() {
            let here = Place { above: Some(place), link_id: place.link_id, step: "answer", at, depth: place.depth };
            answers.extend(self.answer(json, &here));
        }
        Some(AnsweredItem { link_id, text: self.string(map, "text", place), answers, items: self.items(map, place) })
    }

    fn answer(&mut self, json: &Json, place: &Place<'_>) -> Option<Answer> {
        let Some(map) = json.as_object() else {
            self.fault(IssueCode::Structure, place, "");
            return None;
        };
        // Refero leaves the mark of an option that the form chose at the answer that was chosen instead.
        let marked = map.get("initialSelected").is_some_and(Json::is_boolean);
        let known =
            |name: &str| name.starts_with("value") || ["id", "extension", "item"].contains(&name) || marked && name == "initialSelected";
        self.members(map, known, place);
        if self.only_explains(map, place) {
            self.change(ChangeCode::EmptyDropped, place);
            return None;
        }
        let mut values = map.iter().filter(|(name, _)| name.starts_with("value"));
        let (Some((name, json)), None) = (values.next(), values.next()) else {
            self.fault(IssueCode::Structure, place, "value[x]");
            return None;
        };
        if map.contains_key("id") || map.contains_key("extension") || marked {
            self.change(ChangeCode::ExtensionDropped, place);
        }
        let items = self.items(map, place);
        match value::read(name.trim_start_matches("value"), json) {
            Ok(read) => {
                if read.from_string {
                    self.change(ChangeCode::NumberFromString, place);
                }
                if read.trimmed {
                    self.change(ChangeCode::ExtensionDropped, place);
                }
                Some(Answer { value: read.value, items })
            }
            Err(fault) => {
                self.fault(code_of(fault), place, name);
                None
            }
        }
    }

    /// Whether an answer has no value and only items without answers, as some form fillers send
    /// for the help text under a question.
    fn only_explains(&mut self, map: &Map<String, Json>, place: &Place<'_>) -> bool {
        let valued = map.keys().any(|name| name.trim_start_matches('_').starts_with("value"));
        !valued && map.contains_key("item") && !self.items(map, place).iter().any(AnsweredItem::is_answered)
    }
}

fn code_of(fault: Fault) -> IssueCode {
    match fault {
        Fault::Type => IssueCode::InvalidAnswerType,
        Fault::Structure => IssueCode::Structure,
        Fault::Value => IssueCode::InvalidValue,
        Fault::Empty => IssueCode::EmptyElement,
        Fault::TooLong => IssueCode::TooLarge,
        Fault::Unknown => IssueCode::UnknownElement,
    }
}

/// A name that a member can have; of others only the place is said, since they may be what somebody wrote.
fn named(name: &str) -> &str {
    if name.chars().all(|c| c.is_ascii_alphabetic() || c == '_') { name } else { "" }
}

fn is_empty(value: &Json) -> bool {
    match value {
        Json::Null => true,
        Json::String(text) => text.is_empty(),
        Json::Array(all) => all.is_empty(),
        Json::Object(map) => map.is_empty(),
        _ => false,
    }
}
