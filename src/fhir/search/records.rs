//! Searches for what else is served: visits, invitations, people and places, and what is drawn from
//! responses. One reader for all; what is taken stands in the table of each resource.

use super::responses::Person;
use super::value::plain;
use super::{Asked, DateRange, Fault, FaultKind, Parameter, Token, is_common, parse_date, parse_reference, parse_token};
use crate::fhir::search::Reference;
use chrono::{DateTime, Utc};
use serde_json::Value;
use uuid::Uuid;

const NOT: &[&str] = &["not"];
const TEXT: &[&str] = &["exact", "contains"];
const PERSON: &[&str] = &["identifier", "Patient"];
const RESPONSE: &[&str] = &["QuestionnaireResponse"];

const fn token(name: &'static str) -> Parameter {
    Parameter { name, kind: "token", modifiers: NOT }
}

const ID: Parameter = Parameter { name: "_id", kind: "token", modifiers: &[] };
const PATIENT: Parameter = Parameter { name: "patient", kind: "reference", modifiers: PERSON };
const SUBJECT: Parameter = Parameter { name: "subject", kind: "reference", modifiers: PERSON };
const DATE: Parameter = Parameter { name: "date", kind: "date", modifiers: &[] };
const NAME: Parameter = Parameter { name: "name", kind: "string", modifiers: TEXT };
const IDENTIFIER: Parameter = Parameter { name: "identifier", kind: "token", modifiers: &[] };

/// What a search for `Task` takes.
pub const OF_TASKS: [Parameter; 6] =
    [ID, PATIENT, SUBJECT, token("status"), token("business-status"), Parameter { name: "authored-on", kind: "date", modifiers: &[] }];

/// What a search for `Appointment` takes; the EHR's id of a visit in a body only.
pub const OF_VISITS: [Parameter; 5] = [ID, PATIENT, token("status"), DATE, IDENTIFIER];

/// What a search for `Organization` takes.
pub const OF_PLACES: [Parameter; 4] = [ID, NAME, IDENTIFIER, Parameter { name: "partof", kind: "reference", modifiers: &["Organization"] }];

/// What a search for `Practitioner` takes.
pub const OF_PEOPLE: [Parameter; 4] = [ID, NAME, IDENTIFIER, token("active")];

/// What a search for `Observation` takes.
pub const OF_OBSERVATIONS: [Parameter; 8] = [
    ID,
    PATIENT,
    SUBJECT,
    token("code"),
    token("category"),
    token("status"),
    DATE,
    Parameter { name: "derived-from", kind: "reference", modifiers: RESPONSE },
];

/// What a search for `DocumentReference` takes.
pub const OF_DOCUMENTS: [Parameter; 6] =
    [ID, PATIENT, SUBJECT, token("status"), DATE, Parameter { name: "related", kind: "reference", modifiers: RESPONSE }];

/// What a search for `Provenance` takes.
pub const OF_PROVENANCE: [Parameter; 3] = [
    ID,
    Parameter { name: "recorded", kind: "date", modifiers: &[] },
    Parameter { name: "target", kind: "reference", modifiers: RESPONSE },
];

/// What a search for `Subscription` takes.
pub const OF_SUBSCRIPTIONS: [Parameter; 3] = [ID, token("status"), token("type")];

/// What a search for `AuditEvent` takes.
pub const OF_LOG: [Parameter; 4] = [
    PATIENT,
    DATE,
    Parameter { name: "agent", kind: "reference", modifiers: &["Practitioner", "Device"] },
    Parameter { name: "subtype", kind: "token", modifiers: &[] },
];

/// A test of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// It begins so.
    Begins,
    /// It has it somewhere.
    Contains,
    /// It is the same, letter by letter.
    Exact,
}

/// One parameter about an element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Test {
    /// Any of these codes, or none of them.
    Codes(Vec<Token>, bool),
    /// Any of these texts.
    Texts(Vec<String>, How),
    /// A reference to any of these.
    References(Vec<Reference>),
}

/// A search: everything that is set must fit; of a list, any.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RecordSearch {
    /// Ids.
    pub ids: Vec<Vec<String>>,
    /// Patients.
    pub patients: Vec<Vec<Person>>,
    /// Responses it is drawn from.
    pub responses: Vec<Vec<Uuid>>,
    /// When it was.
    pub moments: Vec<Vec<DateRange>>,
    /// Everything else, by parameter.
    pub tests: Vec<(&'static str, Test)>,
}

impl RecordSearch {
    /// Reads the parameters in `table`; common ones are left to [`super::Page`]. `base` is the address of
    /// the FHIR service.
    pub fn read(asked: &[Asked], table: &'static [Parameter], base: &str, now: DateTime<Utc>) -> Result<Self, Fault> {
        let mut search = Self::default();
        for one in asked.iter().filter(|one| !is_common(one)) {
            let known = table.iter().find(|known| known.name == one.name).ok_or_else(|| one.fault(FaultKind::Unknown))?;
            search.take(one, known, base, now)?;
        }
        Ok(search)
    }

    fn take(&mut self, one: &Asked, known: &Parameter, base: &str, now: DateTime<Utc>) -> Result<(), Fault> {
        let modifiers = known.modifiers;
        let modifier = one.modifier.as_deref();
        let reference = |text: &str| {
            let read = parse_reference(text, base)?;
            Some(Reference { kind: read.kind.or_else(|| modifier.map(str::to_owned)), ..read })
        };
        match (known.name, known.kind) {
            ("_id", _) => self.ids.push(one.each(modifiers, |text| parse_token(text).and_then(|token| token.code))?),
            (_, "date") => self.moments.push(one.each(modifiers, |text| parse_date(text, now))?),
            ("patient" | "subject", _) if modifier == Some("identifier") => {
                // What names a person stands in logs of proxies when it stands in an address.
                if one.in_address {
                    return Err(one.fault(FaultKind::InAddress));
                }
                self.patients.push(one.each(modifiers, |text| parse_token(text).map(Person::Identifier))?);
            }
            ("patient" | "subject", _) => self.patients.push(one.each(modifiers, |text| reference(text).map(Person::Reference))?),
            ("derived-from" | "related" | "target", _) => {
                let response = |text: &str| reference(text).map(|read| Uuid::try_parse(&read.id).unwrap_or_default());
                self.responses.push(one.each(modifiers, response)?);
            }
            (name, "reference") => self.tests.push((name, Test::References(one.each(modifiers, reference)?))),
            (name, "string") => {
                let how = match modifier {
                    Some("exact") => How::Exact,
                    Some("contains") => How::Contains,
                    _ => How::Begins,
                };
                self.tests.push((name, Test::Texts(one.each(modifiers, |text| Some(plain(text)).filter(|text| !text.is_empty()))?, how)));
            }
            (name, _) => self.tests.push((name, Test::Codes(one.each(modifiers, parse_token)?, modifier == Some("not")))),
        }
        Ok(())
    }

    /// Whether a resource fits, as far as its id and the tests go.
    pub fn fits(&self, json: &Value) -> bool {
        let id = json["id"].as_str().unwrap_or_default();
        self.ids.iter().all(|list| list.iter().any(|own| own == id)) && self.tests.iter().all(|(name, test)| test.fits(name, json))
    }

    /// The ids that every list has; `None` where no list is given.
    pub fn common_ids(&self) -> Option<Vec<Uuid>> {
        let (first, rest) = self.ids.split_first()?;
        let all = first.iter().filter(|id| rest.iter().all(|list| list.contains(id)));
        Some(all.filter_map(|id| Uuid::try_parse(id).ok()).collect())
    }
}

impl Test {
    /// Whether codes fit: each is a system, or none, and a code.
    pub fn has(&self, own: &[(&str, &str)]) -> bool {
        match self {
            Self::Codes(wanted, not) => wanted.iter().any(|token| own.iter().any(|(system, code)| token.is(system, code))) != *not,
            _ => true,
        }
    }

    fn fits(&self, name: &str, json: &Value) -> bool {
        match self {
            Self::Codes(..) => {
                let own = codes(name, json);
                self.has(&own.iter().map(|(system, code)| (system.as_str(), code.as_str())).collect::<Vec<_>>())
            }
            Self::Texts(wanted, how) => {
                let own = json["name"].as_str().or_else(|| json["name"][0]["text"].as_str()).unwrap_or_default();
                wanted.iter().any(|text| how.fits(own, text))
            }
            Self::References(wanted) => {
                let own = json["partOf"]["reference"].as_str().and_then(|text| text.split_once('/')).unwrap_or_default();
                wanted.iter().any(|one| one.id == own.1 && one.kind.as_deref().is_none_or(|kind| kind == own.0))
            }
        }
    }
}

impl How {
    fn fits(self, own: &str, wanted: &str) -> bool {
        let fold = |text: &str| text.to_lowercase();
        match self {
            Self::Exact => own == wanted,
            Self::Begins => fold(own).starts_with(&fold(wanted)),
            Self::Contains => fold(own).contains(&fold(wanted)),
        }
    }
}

/// System and code of what a parameter looks at.
fn codes(name: &str, json: &Value) -> Vec<(String, String)> {
    let pair = |one: &Value, system: &str, code: &str| {
        let word = |name: &str| one[name].as_str().unwrap_or_default().to_owned();
        (word(system), word(code))
    };
    let codings = |concept: &Value| -> Vec<(String, String)> {
        concept["coding"].as_array().into_iter().flatten().map(|one| pair(one, "system", "code")).collect()
    };
    match name {
        "identifier" => json["identifier"].as_array().into_iter().flatten().map(|one| pair(one, "system", "value")).collect(),
        "code" => codings(&json["code"]),
        "category" => json["category"].as_array().into_iter().flatten().flat_map(codings).collect(),
        "type" => vec![(String::new(), json["channel"]["type"].as_str().unwrap_or_default().to_owned())],
        "active" => vec![(String::new(), json["active"].to_string())],
        _ => vec![(String::new(), json[name].as_str().unwrap_or_default().to_owned())],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn fits(name: &str, value: &str, resource: &Value) -> bool {
        let asked = [Asked::new(name, value, true)];
        let table: &'static [Parameter] = if name.starts_with("part") { &OF_PLACES } else { &OF_PEOPLE };
        RecordSearch::read(&asked, table, "https://a.example/fhir", DateTime::UNIX_EPOCH).expect("a search").fits(resource)
    }

    #[test]
    fn elements_fit_and_do_not() {
        let person = json!({
            "id": "p1", "active": true, "name": [{"text": "Ada Lovelace"}], "identifier": [{"system": "s", "value": "7"}],
            "partOf": {"reference": "Organization/o1"},
        });
        for (name, yes, no) in [
            ("_id", "p1,p2", "p2"),
            ("name", "ada", "lovelace"),
            ("name:contains", "LOVE", "x"),
            ("name:exact", "Ada Lovelace", "ada lovelace"),
            ("identifier", "s|7", "t|7"),
            ("active", "true", "false"),
            ("active:not", "false", "true"),
            ("partof", "Organization/o1", "Organization/o2"),
            ("partof", "o1", "Patient/o1"),
        ] {
            assert!(fits(name, yes, &person), "{name}={yes}");
            assert!(!fits(name, no, &person), "{name}={no}");
        }
    }

    #[test]
    fn what_is_not_in_the_table_is_named() {
        let wrong = |name: &str, value: &str| {
            RecordSearch::read(&[Asked::new(name, value, true)], &OF_VISITS, "", DateTime::UNIX_EPOCH).map_err(|fault| fault.kind)
        };
        assert_eq!(wrong("colour", "x"), Err(FaultKind::Unknown));
        assert_eq!(wrong("date:not", "2026"), Err(FaultKind::Modifier));
        assert_eq!(wrong("date", "x"), Err(FaultKind::Malformed));
        assert_eq!(wrong("patient:identifier", "s|1"), Err(FaultKind::InAddress));
    }
}
