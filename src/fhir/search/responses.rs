//! Searches for responses.

use super::value::plain;
use super::{Asked, DateRange, Fault, FaultKind, Parameter, Reference, Token, is_common, parse_date, parse_reference, parse_token, split};
use crate::fhir::urls;
use chrono::{DateTime, Utc};
use uuid::Uuid;

/// What a search for `QuestionnaireResponse` takes.
pub const PARAMETERS: [Parameter; 11] = [
    Parameter { name: "_id", kind: "token", modifiers: &[] },
    Parameter { name: "_lastUpdated", kind: "date", modifiers: &[] },
    Parameter { name: "questionnaire", kind: "reference", modifiers: &[] },
    Parameter { name: "status", kind: "token", modifiers: &["not"] },
    Parameter { name: "subject", kind: "reference", modifiers: &["Patient", "identifier"] },
    Parameter { name: "patient", kind: "reference", modifiers: &["Patient", "identifier"] },
    Parameter { name: "authored", kind: "date", modifiers: &[] },
    Parameter { name: "author", kind: "reference", modifiers: &["Patient", "Practitioner"] },
    Parameter { name: "source", kind: "reference", modifiers: &["Patient"] },
    Parameter { name: "identifier", kind: "token", modifiers: &[] },
    Parameter { name: "based-on", kind: "reference", modifiers: &["identifier"] },
];

/// What responses can be put in order by; both are the moment of the newest version.
pub const SORTABLE: [&str; 2] = ["authored", "_lastUpdated"];

/// What can be given with them.
pub const INCLUDES: [&str; 2] = ["QuestionnaireResponse:subject", "QuestionnaireResponse:patient"];

/// Who is meant by a reference to a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Person {
    /// Whom the reference names.
    Reference(Reference),
    /// Who has this identifier: system and value.
    Identifier(Token),
}

/// A form by its address: a response to `url|version` fits a search for `url` too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormAddress {
    /// Canonical address, or a reference such as `Questionnaire/<id>`.
    pub url: String,
    /// Exact version.
    pub version: Option<String>,
}

/// A search for responses: everything that is set must fit; of a list, any.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ResponseSearch {
    /// Ids of responses; each list must fit.
    pub ids: Vec<Vec<Uuid>>,
    /// Moments of the newest version.
    pub moments: Vec<Vec<DateRange>>,
    /// Forms.
    pub forms: Vec<Vec<FormAddress>>,
    /// Statuses, and whether they are ruled out.
    pub statuses: Vec<(Vec<String>, bool)>,
    /// Patients.
    pub patients: Vec<Vec<Person>>,
    /// Who wrote them down.
    pub authors: Vec<Vec<Reference>>,
    /// Who gave the answers.
    pub sources: Vec<Vec<Reference>>,
    /// Invitations they answer.
    pub invitations: Vec<Vec<Uuid>>,
}

impl ResponseSearch {
    /// Reads the parameters; common ones are left to [`super::Page`]. `base` is the address of the FHIR
    /// service.
    pub fn read(asked: &[Asked], base: &str, now: DateTime<Utc>) -> Result<Self, Fault> {
        let mut search = Self::default();
        for one in asked.iter().filter(|one| !is_common(one)) {
            search.take(one, base, now)?;
        }
        Ok(search)
    }

    fn take(&mut self, one: &Asked, base: &str, now: DateTime<Utc>) -> Result<(), Fault> {
        let known = PARAMETERS.iter().find(|known| known.name == one.name).ok_or_else(|| one.fault(FaultKind::Unknown))?;
        let modifiers = known.modifiers;
        let by_identifier = one.modifier.as_deref() == Some("identifier");
        let reference = |text: &str| {
            let read = parse_reference(text, base)?;
            let typed = one.modifier.clone().filter(|_| !by_identifier);
            Some(Reference { kind: read.kind.or(typed), ..read })
        };
        match known.name {
            "_id" => self.ids.push(one.each(modifiers, |text| parse_token(text).map(|token| id_of(token.code.as_deref())))?),
            "_lastUpdated" | "authored" => self.moments.push(one.each(modifiers, |text| parse_date(text, now))?),
            "questionnaire" => self.forms.push(one.each(modifiers, form)?),
            "status" => {
                let codes = one.each(modifiers, |text| parse_token(text).and_then(|token| token.code))?;
                self.statuses.push((codes, one.modifier.is_some()));
            }
            "subject" | "patient" if by_identifier => {
                // What names a person stands in logs of proxies when it stands in an address.
                if one.in_address {
                    return Err(one.fault(FaultKind::InAddress));
                }
                self.patients.push(one.each(modifiers, |text| parse_token(text).map(Person::Identifier))?);
            }
            "subject" | "patient" => self.patients.push(one.each(modifiers, |text| reference(text).map(Person::Reference))?),
            "author" => self.authors.push(one.each(modifiers, reference)?),
            "source" => self.sources.push(one.each(modifiers, reference)?),
            "identifier" => self.ids.push(one.each(modifiers, |text| parse_token(text).map(|token| own_id(&token)))?),
            _ if by_identifier => self.invitations.push(one.each(modifiers, |text| parse_token(text).map(|token| own_id(&token)))?),
            _ => self.invitations.push(one.each(modifiers, |text| reference(text).map(|read| id_of(Some(&read.id))))?),
        }
        Ok(())
    }
}

/// Ids are UUIDs here: any other text is the id of nothing.
fn id_of(text: Option<&str>) -> Uuid {
    text.and_then(|text| Uuid::try_parse(text).ok()).unwrap_or_default()
}

/// The id in `urn:ietf:rfc:3986|urn:uuid:…`, as identifiers of ours are written.
fn own_id(token: &Token) -> Uuid {
    let ours = token.system.as_deref().is_none_or(|system| system == urls::URI);
    id_of(token.code.as_deref().and_then(|code| code.strip_prefix("urn:uuid:")).filter(|_| ours))
}

fn form(text: &str) -> Option<FormAddress> {
    let parts: Vec<String> = split(text, '|').iter().map(|part| plain(part)).collect();
    match parts.as_slice() {
        [url] if !url.is_empty() => Some(FormAddress { url: url.clone(), version: None }),
        [url, version] if !url.is_empty() && !version.is_empty() => Some(FormAddress { url: url.clone(), version: Some(version.clone()) }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0190a2c5-0000-7000-8000-000000000001";

    fn read(name: &str, value: &str, in_address: bool) -> Result<ResponseSearch, FaultKind> {
        ResponseSearch::read(&[Asked::new(name, value, in_address)], "https://answers.example/fhir", DateTime::UNIX_EPOCH)
            .map_err(|fault| fault.kind)
    }

    #[test]
    fn a_person_is_never_named_by_number_in_an_address() {
        let number = "urn:oid:2.16.578.1.12.4.1.4.1|13904709535";
        for name in ["patient:identifier", "subject:identifier"] {
            assert_eq!(read(name, number, true), Err(FaultKind::InAddress));
            assert_eq!(read(name, number, false).map(|search| search.patients.len()), Ok(1));
        }
    }

    #[test]
    fn forms_with_and_without_version() {
        let forms = |text| read("questionnaire", text, true).map(|search| search.forms);
        let one = |url: &str, version: Option<&str>| Ok(vec![vec![FormAddress { url: url.into(), version: version.map(str::to_owned) }]]);
        assert_eq!(forms("https://f.example/a"), one("https://f.example/a", None));
        assert_eq!(forms("https://f.example/a|1.0.0"), one("https://f.example/a", Some("1.0.0")));
        assert_eq!(forms("https://f.example/a|"), Err(FaultKind::Malformed));
    }

    #[test]
    fn ids_in_all_their_spellings() {
        let id = Uuid::try_parse(ID).expect("an id");
        assert_eq!(read("_id", ID, true).map(|search| search.ids), Ok(vec![vec![id]]));
        assert_eq!(read("identifier", &format!("urn:ietf:rfc:3986|urn:uuid:{ID}"), true).map(|search| search.ids), Ok(vec![vec![id]]));
        assert_eq!(read("identifier", &format!("other|urn:uuid:{ID}"), true).map(|search| search.ids), Ok(vec![vec![Uuid::nil()]]));
        assert_eq!(read("based-on", &format!("Task/{ID}"), true).map(|search| search.invitations), Ok(vec![vec![id]]));
        assert_eq!(read("based-on:identifier", &format!("urn:uuid:{ID}"), true).map(|search| search.invitations), Ok(vec![vec![id]]));
    }

    #[test]
    fn unknown_ones_and_modifiers_are_named() {
        assert_eq!(read("colour", "x", true), Err(FaultKind::Unknown));
        assert_eq!(read("status:exact", "completed", true), Err(FaultKind::Modifier));
        assert_eq!(read("authored", "yesterday", true), Err(FaultKind::Malformed));
    }
}
