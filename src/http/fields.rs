//! Bodies, member by member: every wrong one is reported at once, with its JSON pointer.

use super::problem::{FieldCode, FieldError, Problem};
use super::query::tame;
use crate::domain::ids::UnitId;
use crate::domain::language::Language;
use crate::domain::respondent::Respondent;
use crate::domain::text::{has_control, has_line_break, is_blank, length, nfc};
use chrono::{DateTime, NaiveDate, Utc};
use serde_json::{Map, Value};
use std::cell::RefCell;

/// Members of one object.
pub(super) struct Fields<'v> {
    map: &'v Map<String, Value>,
    pointer: String,
    known: RefCell<Vec<&'static str>>,
    errors: &'v RefCell<Vec<FieldError>>,
}

/// What a parser of one member gives.
pub(super) type Parsed<T> = Result<T, FieldCode>;

/// Reads a whole body with `read`; all errors together.
pub(super) fn object<T>(body: &Value, read: impl FnOnce(&Fields<'_>) -> Option<T>) -> Result<T, Problem> {
    let errors = RefCell::new(Vec::new());
    let Some(map) = body.as_object() else {
        return Err(Problem::field("", FieldCode::Malformed));
    };
    let read = {
        let fields = Fields { map, pointer: String::new(), known: RefCell::default(), errors: &errors };
        let read = read(&fields);
        fields.close();
        read
    };
    let errors = errors.into_inner();
    match read {
        Some(value) if errors.is_empty() => Ok(value),
        _ if errors.is_empty() => Err(Problem::field("", FieldCode::Malformed)),
        _ => Err(Problem::fields(errors)),
    }
}

impl<'v> Fields<'v> {
    fn at(&self, name: &str) -> String {
        format!("{}/{}", self.pointer, name.replace('~', "~0").replace('/', "~1"))
    }

    /// Reports a member.
    pub(super) fn fault(&self, name: &str, code: FieldCode) {
        self.errors.borrow_mut().push(FieldError { pointer: self.at(name), code });
    }

    /// The member as it is; null counts as left out.
    pub(super) fn raw(&self, name: &'static str) -> Option<&'v Value> {
        self.known.borrow_mut().push(name);
        self.map.get(name).filter(|value| !value.is_null())
    }

    /// A member that may be left out.
    pub(super) fn optional<T>(&self, name: &'static str, parse: impl FnOnce(&Value) -> Parsed<T>) -> Option<T> {
        let value = self.raw(name)?;
        match parse(value) {
            Ok(parsed) => Some(parsed),
            Err(code) => {
                self.fault(name, code);
                None
            }
        }
    }

    /// A member that must be there.
    pub(super) fn required<T>(&self, name: &'static str, parse: impl FnOnce(&Value) -> Parsed<T>) -> Option<T> {
        if self.raw(name).is_none() {
            self.fault(name, FieldCode::Required);
            return None;
        }
        self.optional(name, parse)
    }

    /// An object; `None` when left out or wrong.
    pub(super) fn inner<T>(&self, name: &'static str, read: impl FnOnce(&Fields<'v>) -> Option<T>) -> Option<T> {
        let value = self.raw(name)?;
        let Some(map) = value.as_object() else {
            self.fault(name, FieldCode::Malformed);
            return None;
        };
        let fields = Fields { map, pointer: self.at(name), known: RefCell::default(), errors: self.errors };
        let read = read(&fields);
        fields.close();
        read
    }

    /// An object that must be there.
    pub(super) fn required_inner<T>(&self, name: &'static str, read: impl FnOnce(&Fields<'v>) -> Option<T>) -> Option<T> {
        if self.raw(name).is_none() {
            self.fault(name, FieldCode::Required);
            return None;
        }
        self.inner(name, read)
    }

    /// A list of at most so many objects, empty when left out; `None` when something in it is wrong.
    pub(super) fn each<T>(&self, name: &'static str, most: usize, read: impl Fn(&Fields<'v>) -> Option<T>) -> Option<Vec<T>> {
        let Some(value) = self.raw(name) else { return Some(Vec::new()) };
        let Some(rows) = value.as_array() else {
            self.fault(name, FieldCode::Malformed);
            return None;
        };
        if rows.len() > most {
            self.fault(name, FieldCode::TooLong);
            return None;
        }
        let one = |(at, row): (usize, &'v Value)| {
            let pointer = format!("{}/{at}", self.at(name));
            let Some(map) = row.as_object() else {
                self.errors.borrow_mut().push(FieldError { pointer, code: FieldCode::Malformed });
                return None;
            };
            let fields = Fields { map, pointer, known: RefCell::default(), errors: self.errors };
            let read = read(&fields);
            fields.close();
            read
        };
        // All of them, so that every fault is told.
        rows.iter().enumerate().map(one).collect::<Vec<_>>().into_iter().collect()
    }

    fn close(self) {
        let known = self.known.borrow();
        for name in self.map.keys().filter(|name| !known.contains(&name.as_str())) {
            if tame(name) {
                self.fault(name, FieldCode::UnknownMember);
            } else {
                let pointer = self.pointer.clone();
                self.errors.borrow_mut().push(FieldError { pointer, code: FieldCode::UnknownMember });
            }
        }
    }
}

/// Text of one line, `min` to `max` characters, NFC.
pub(super) fn line(min: usize, max: usize) -> impl Fn(&Value) -> Parsed<String> {
    move |value| {
        let text = nfc(value.as_str().ok_or(FieldCode::Malformed)?);
        if min > 0 && is_blank(&text) {
            return Err(FieldCode::Required);
        }
        if has_control(&text) || has_line_break(&text) {
            return Err(FieldCode::Malformed);
        }
        match length(&text) {
            n if n > max => Err(FieldCode::TooLong),
            n if n < min => Err(FieldCode::TooShort),
            _ => Ok(text),
        }
    }
}

/// A calendar date.
pub(super) fn date(value: &Value) -> Parsed<NaiveDate> {
    let text = value.as_str().ok_or(FieldCode::Malformed)?;
    super::query::date(text).ok_or(FieldCode::DateInvalid)
}

/// A moment with an offset.
pub(super) fn moment(value: &Value) -> Parsed<DateTime<Utc>> {
    let text = value.as_str().ok_or(FieldCode::Malformed)?;
    let moment = DateTime::parse_from_rfc3339(text).map_err(|_| FieldCode::DateInvalid)?.with_timezone(&Utc);
    let year = chrono::Datelike::year(&moment);
    // Outside of these neither database keeps it as it was sent.
    if (1900..=9998).contains(&year) { Ok(chrono::SubsecRound::trunc_subsecs(moment, 6)) } else { Err(FieldCode::OutOfRange) }
}

/// A unit's id.
pub(super) fn unit(value: &Value) -> Parsed<UnitId> {
    UnitId::parse(value.as_str().ok_or(FieldCode::Malformed)?).ok_or(FieldCode::Malformed)
}

/// A language tag.
pub(super) fn language(value: &Value) -> Parsed<Language> {
    let text = value.as_str().ok_or(FieldCode::Malformed)?;
    Language::parse(text).ok().filter(|language| language.as_str() == text).ok_or(FieldCode::LanguageUnknown)
}

/// A boolean.
pub(super) fn boolean(value: &Value) -> Parsed<bool> {
    value.as_bool().ok_or(FieldCode::Malformed)
}

/// A respondent. Its own rules are the domain's; here only its shape.
pub(super) fn respondent(fields: &Fields<'_>) -> Option<Respondent> {
    let word = |value: &Value| serde_json::from_value(value.clone()).map_err(|_| FieldCode::Malformed);
    let kind = fields.required("kind", word);
    let relation = fields.optional("relation", |value| serde_json::from_value(value.clone()).map_err(|_| FieldCode::Malformed));
    let name = fields.optional("name", line(1, 200));
    let phone = fields.optional("phone", line(1, 30));
    Some(Respondent { kind: kind?, relation, name, phone })
}
