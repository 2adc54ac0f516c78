//! A JSON object of a form with its path, and the list of what was found wrong on the way.

use std::cell::RefCell;

use serde_json::{Map, Value as Json};

use crate::domain::language::Language;
use crate::domain::questionnaire::Text;
use crate::domain::text::nfc;
use crate::fhir::urls;

/// Whether a fault keeps a form from being used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The form is used; something is shown differently or was repaired.
    Warning,
    /// The form cannot be used.
    Refused,
}

/// One authoring fault of a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Whether the form can be used.
    pub severity: Severity,
    /// What kind of fault; `que-1` … are the invariants of FHIR R4.
    pub code: &'static str,
    /// Where, as a `FHIRPath` expression with link ids.
    pub path: String,
    /// What is wrong and what to do, in English.
    pub text: String,
}

/// Findings so far.
#[derive(Default)]
pub struct Log(RefCell<Vec<Finding>>);

impl Log {
    /// Notes a fault for which the form is refused.
    pub fn refuse(&self, path: &str, code: &'static str, text: impl Into<String>) {
        self.add(Severity::Refused, path, code, text.into());
    }

    /// Notes a fault in spite of which the form is used.
    pub fn warn(&self, path: &str, code: &'static str, text: impl Into<String>) {
        self.add(Severity::Warning, path, code, text.into());
    }

    fn add(&self, severity: Severity, path: &str, code: &'static str, text: String) {
        let path = path.to_owned();
        let finding = Finding { severity, code, path, text };
        self.0.borrow_mut().push(finding);
    }

    /// Whether anything was refused so far.
    pub fn is_refused(&self) -> bool {
        self.0.borrow().iter().any(|finding| finding.severity == Severity::Refused)
    }

    /// All findings.
    pub fn into_findings(self) -> Vec<Finding> {
        self.0.into_inner()
    }
}

/// A JSON object and where it stands.
#[derive(Clone)]
pub struct Node<'a> {
    map: &'a Map<String, Json>,
    /// `FHIRPath` expression of the place.
    pub path: String,
    /// Where faults are noted.
    pub log: &'a Log,
}

impl<'a> Node<'a> {
    /// The object, or a finding that it is none.
    pub fn new(value: &'a Json, path: impl Into<String>, log: &'a Log) -> Option<Self> {
        let path = path.into();
        if let Json::Object(map) = value {
            Some(Self { map, path, log })
        } else {
            log.refuse(&path, "structure", "an object is expected here");
            None
        }
    }

    /// Whether the member is there.
    pub fn has(&self, name: &str) -> bool {
        self.map.contains_key(name)
    }

    /// The member as it is.
    pub fn raw(&self, name: &str) -> Option<&'a Json> {
        self.map.get(name)
    }

    /// The first member whose name begins so, such as `value`, with its name.
    pub fn starting(&self, prefix: &str) -> Vec<(&'a str, &'a Json)> {
        let own = self.map.iter().filter(|(name, _)| name.starts_with(prefix));
        own.map(|(name, value)| (name.as_str(), value)).collect()
    }

    /// Path of a member.
    pub fn at(&self, name: &str) -> String {
        format!("{}.{name}", self.path)
    }

    /// Refuses the form for a fault here.
    pub fn refuse(&self, code: &'static str, text: impl Into<String>) {
        self.log.refuse(&self.path, code, text);
    }

    /// Warns of a fault here.
    pub fn warn(&self, code: &'static str, text: impl Into<String>) {
        self.log.warn(&self.path, code, text);
    }

    /// A text member, in normal form C.
    pub fn text(&self, name: &str) -> Option<String> {
        match self.map.get(name)? {
            Json::String(text) => Some(nfc(text)),
            _ => self.wrong(name, "a string"),
        }
    }

    /// A code or address member; white space around it is taken away with a warning.
    pub fn token(&self, name: &str) -> Option<String> {
        let text = self.text(name)?;
        let trimmed = text.trim();
        if trimmed.len() != text.len() {
            let note = format!("white space around {name} was taken away");
            self.log.warn(&self.at(name), "white-space", note);
        }
        if trimmed.is_empty() {
            self.log.warn(&self.at(name), "empty", format!("{name} is empty and was left out"));
            return None;
        }
        Some(trimmed.to_owned())
    }

    /// A boolean member.
    pub fn flag(&self, name: &str) -> Option<bool> {
        match self.map.get(name)? {
            Json::Bool(flag) => Some(*flag),
            _ => self.wrong(name, "a boolean"),
        }
    }

    /// A whole number of zero or more.
    pub fn count(&self, name: &str) -> Option<u32> {
        let number = self.map.get(name)?.as_u64().and_then(|number| u32::try_from(number).ok());
        number.or_else(|| self.wrong(name, "a whole number of 0 or more"))
    }

    fn wrong<T>(&self, name: &str, what: &str) -> Option<T> {
        self.log.refuse(&self.at(name), "structure", format!("{name} must be {what}"));
        None
    }

    /// Objects of an array member.
    pub fn list(&self, name: &str) -> Vec<Self> {
        let Some(value) = self.map.get(name) else {
            return Vec::new();
        };
        let Json::Array(all) = value else {
            self.wrong::<()>(name, "an array");
            return Vec::new();
        };
        let each = all.iter().enumerate();
        each.filter_map(|(at, value)| Node::new(value, format!("{}[{at}]", self.at(name)), self.log)).collect()
    }

    /// Texts of an array member.
    pub fn texts(&self, name: &str) -> Vec<String> {
        let all = self.map.get(name).and_then(Json::as_array);
        let texts = all.into_iter().flatten().filter_map(Json::as_str);
        texts.map(nfc).collect()
    }

    /// An object member.
    pub fn object(&self, name: &str) -> Option<Self> {
        Node::new(self.map.get(name)?, self.at(name), self.log)
    }

    /// Extensions with their addresses, trimmed.
    pub fn extensions(&self) -> Vec<(String, Self)> {
        let all = self.list("extension").into_iter();
        all.filter_map(|node| Some((node.token("url")?, node))).collect()
    }

    /// Warns of members that are not read, and refuses what changes the meaning.
    pub fn only(&self, known: &[&str]) {
        if self.has("modifierExtension") {
            self.refuse("modifier-extension", "an extension that changes the meaning is not executed");
        }
        for name in self.map.keys() {
            let plain = name.strip_prefix('_').unwrap_or(name);
            let expected = known.contains(&plain) || ["id", "extension", "modifierExtension"].contains(&plain);
            if !expected && plain != "fhir_comments" {
                let text = format!("{name} is not read and is left out");
                self.log.warn(&self.at(name), "ignored", text);
            }
        }
    }

    /// A text member with its translations (`translation` extension on `_name`).
    pub fn translated(&self, name: &str) -> Option<Text> {
        let base = self.text(name)?;
        let mut text = Text::new(base);
        if let Some(extra) = self.map.get(&format!("_{name}"))
            && let Some(extra) = Node::new(extra, self.at(name), self.log)
        {
            extra.translations(&mut text);
        }
        Some(text)
    }

    fn translations(&self, text: &mut Text) {
        for (url, extension) in self.extensions() {
            if url != urls::TRANSLATION {
                continue;
            }
            let mut language = None;
            let mut content = None;
            for (part, node) in extension.extensions() {
                match part.as_str() {
                    "lang" => {
                        language = node.token("valueCode").or_else(|| node.token("valueString"));
                    }
                    "content" => {
                        content = node.text("valueString").or_else(|| node.text("valueMarkdown"));
                    }
                    _ => {}
                }
            }
            let language = language.and_then(|tag| Language::parse(&tag).ok());
            match (language, content) {
                (Some(language), Some(content)) => {
                    text.translations.insert(language, content);
                }
                _ => extension.warn("translation", "a translation needs lang and content; left out"),
            }
        }
    }
}
