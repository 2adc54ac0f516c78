//! Searches for forms.

use super::value::plain;
use super::{Asked, DateRange, Fault, FaultKind, Parameter, Token, is_common, parse_date, parse_token};
use crate::domain::language::Language;
use crate::domain::questionnaire::Questionnaire;
use crate::fhir::urls;
use crate::fhir::write::form_id;
use chrono::{DateTime, Utc};
use serde_json::Value;

/// Chooses the shape of what is found.
const PROFILE: &str = "_profile";

/// What a search for `Questionnaire` takes.
pub const PARAMETERS: [Parameter; 11] = [
    Parameter { name: "_id", kind: "token", modifiers: &["not"] },
    Parameter { name: PROFILE, kind: "uri", modifiers: &[] },
    Parameter { name: "url", kind: "uri", modifiers: &["below"] },
    Parameter { name: "version", kind: "token", modifiers: &["not"] },
    Parameter { name: "status", kind: "token", modifiers: &["not"] },
    Parameter { name: "experimental", kind: "token", modifiers: &["not"] },
    Parameter { name: "name", kind: "string", modifiers: &["exact", "contains"] },
    Parameter { name: "title", kind: "string", modifiers: &["exact", "contains"] },
    Parameter { name: "publisher", kind: "string", modifiers: &["exact", "contains"] },
    Parameter { name: "subject-type", kind: "token", modifiers: &["not"] },
    Parameter { name: "date", kind: "date", modifiers: &[] },
];

/// What forms can be put in order by.
pub const SORTABLE: [&str; 6] = ["_id", "url", "version", "name", "title", "date"];

enum Test {
    /// Any of these, or none of them.
    Token(fn(&Questionnaire) -> Vec<String>, Vec<Token>, bool),
    /// The id of the resource itself: the shapes of a form have one each.
    Id(Vec<Token>, bool),
    Uri(Vec<String>, bool),
    Text(fn(&Questionnaire, &Value) -> Vec<String>, Vec<String>, How),
    Date(Vec<DateRange>),
}

#[derive(Clone, Copy)]
enum How {
    Begins,
    Contains,
    Exact,
}

/// In which shapes forms are given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shapes {
    /// One resource in all languages, as SDC has it.
    pub whole: bool,
    /// One resource a language, as the national platform wants it.
    pub national: bool,
}

impl Shapes {
    /// Reads `_profile`: the shapes that all of its parameters name. Without it forms are given whole, and in
    /// one language to who asks for the id or address that the form has in that language.
    pub fn read(asked: &[Asked]) -> Result<Self, Fault> {
        let mut lists = Vec::new();
        for one in asked.iter().filter(|one| one.name == PROFILE) {
            lists.push(one.each(&[], |text| Some(plain(text)).filter(|text| !text.is_empty()))?);
        }
        let named = |profile: &str| lists.iter().all(|list| list.iter().any(|own| own == profile));
        let by_itself = |one: &Asked| match one.name.as_str() {
            "_id" => one.modifier.is_none(),
            "url" => one.modifier.is_none() && one.values.iter().all(|url| url.starts_with("Questionnaire/")),
            _ => false,
        };
        let national = if lists.is_empty() { asked.iter().any(by_itself) } else { named(urls::NATIONAL_PROFILE) };
        Ok(Self { whole: named(urls::SDC_PROFILE), national })
    }
}

/// A search for forms: all of its parameters must fit.
pub struct FormSearch(Vec<Test>);

impl FormSearch {
    /// Reads the parameters; common ones are left to [`super::Page`], the shape to [`Shapes`].
    pub fn read(asked: &[Asked], now: DateTime<Utc>) -> Result<Self, Fault> {
        asked.iter().filter(|one| !is_common(one) && one.name != PROFILE).map(|one| test(one, now)).collect::<Result<_, _>>().map(Self)
    }

    /// Whether a form fits in one of its shapes.
    pub fn fits(&self, form: &Questionnaire, resource: &Value) -> bool {
        self.0.iter().all(|test| test.fits(form, resource))
    }
}

fn test(one: &Asked, now: DateTime<Utc>) -> Result<Test, Fault> {
    let known = PARAMETERS.iter().find(|known| known.name == one.name).ok_or_else(|| one.fault(FaultKind::Unknown))?;
    let not = one.modifier.as_deref() == Some("not");
    Ok(match known.kind {
        "uri" => Test::Uri(one.each(known.modifiers, |text| Some(plain(text)).filter(|text| !text.is_empty()))?, one.modifier.is_some()),
        "date" => Test::Date(one.each(known.modifiers, |text| parse_date(text, now))?),
        "string" => {
            let how = match one.modifier.as_deref() {
                Some("exact") => How::Exact,
                Some("contains") => How::Contains,
                _ => How::Begins,
            };
            Test::Text(texts(known.name), one.each(known.modifiers, |text| Some(plain(text)).filter(|text| !text.is_empty()))?, how)
        }
        _ if known.name == "_id" => Test::Id(one.each(known.modifiers, parse_token)?, not),
        _ => Test::Token(codes(known.name), one.each(known.modifiers, parse_token)?, not),
    })
}

fn codes(name: &str) -> fn(&Questionnaire) -> Vec<String> {
    match name {
        "version" => |form| vec![form.version().to_owned()],
        "status" => |form| vec![form.metadata.status.code().to_owned()],
        "experimental" => |form| vec![form.metadata.experimental.to_string()],
        _ => |form| form.metadata.subject_types.clone(),
    }
}

fn texts(name: &str) -> fn(&Questionnaire, &Value) -> Vec<String> {
    match name {
        "name" => |form, _| form.metadata.name.iter().cloned().collect(),
        "title" => titles,
        _ => |form, _| form.metadata.publisher.iter().cloned().collect(),
    }
}

/// The titles that a resource has: in all languages, or in its own.
fn titles(form: &Questionnaire, resource: &Value) -> Vec<String> {
    if resource["id"] == form_id(form) {
        form.languages().iter().map(|language: &Language| form.title(language).to_owned()).collect()
    } else {
        resource["title"].as_str().map(str::to_owned).into_iter().collect()
    }
}

impl Test {
    fn fits(&self, form: &Questionnaire, resource: &Value) -> bool {
        match self {
            Self::Token(of, wanted, not) => {
                let own = of(form);
                // A code system is not asked for: each of these has one only.
                let fits = wanted.iter().any(|token| own.iter().any(|code| token.code.as_ref().is_none_or(|wanted| wanted == code)));
                fits != *not
            }
            Self::Id(wanted, not) => {
                let own = resource["id"].as_str();
                wanted.iter().any(|token| token.code.as_deref().is_none_or(|wanted| own == Some(wanted))) != *not
            }
            Self::Uri(wanted, below) => wanted.iter().any(|uri| {
                let url = form.url();
                *uri == url
                    || resource["url"] == *uri
                    || *uri == form.canonical()
                    || (*below && url.strip_prefix(uri.as_str()).is_some_and(|rest| rest.starts_with('/')))
            }),
            Self::Text(of, wanted, how) => {
                let own = of(form, resource);
                wanted.iter().any(|text| own.iter().any(|own| how.fits(own, text)))
            }
            Self::Date(wanted) => {
                let own = form.metadata.date.as_deref().and_then(|date| parse_date(date, DateTime::UNIX_EPOCH));
                let Some(DateRange::In(start, _)) = own else { return false };
                wanted.iter().any(|range| range.holds(start))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::questionnaire::Metadata;
    use serde_json::json;

    fn fits(name: &str, value: &str) -> bool {
        let mut metadata = Metadata::new("https://forms.example/Questionnaire/one", "1.0.0", "Et skjema");
        metadata.id = Some("one".into());
        metadata.date = Some("2026-11-01".into());
        let form = Questionnaire::new(metadata, Vec::new());
        FormSearch::read(&[Asked::new(name, value, true)], DateTime::UNIX_EPOCH)
            .expect("a search")
            .fits(&form, &json!({"id": form_id(&form), "url": form.url()}))
    }

    #[test]
    fn each_parameter_fits_and_does_not() {
        for (name, yes, no) in [
            ("url", "https://forms.example/Questionnaire/one", "https://forms.example/Questionnaire"),
            ("url", "https://forms.example/Questionnaire/one|1.0.0", "https://forms.example/Questionnaire/one|2.0.0"),
            ("url:below", "https://forms.example/Questionnaire", "https://forms.example/Quest"),
            ("version", "1.0.0", "1.0"),
            ("status", "draft,active", "draft"),
            ("status:not", "draft", "active"),
            ("experimental", "false", "true"),
            ("title", "et", "skjema"),
            ("title:contains", "SKJEMA", "x"),
            ("title:exact", "Et skjema", "et skjema"),
            ("date", "ge2026-11", "lt2026-11"),
        ] {
            assert!(fits(name, yes), "{name}={yes}");
            assert!(!fits(name, no), "{name}={no}");
        }
    }

    #[test]
    fn other_parameters_are_named() {
        let wrong = |name| FormSearch::read(&[Asked::new(name, "x", true)], DateTime::UNIX_EPOCH).err().map(|fault| fault.kind);
        assert_eq!(wrong("colour"), Some(FaultKind::Unknown));
        assert_eq!(wrong("status:below"), Some(FaultKind::Modifier));
        assert_eq!(wrong("date"), Some(FaultKind::Malformed));
        assert_eq!(wrong("_count"), None);
    }
}
