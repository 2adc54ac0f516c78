//! A search as FHIR clients send it, as it stands in an address or in a body. Whatever is wrong is named
//! without its value; a person is named by number in a body only; a date is a span of time.

use chrono::{DateTime, Utc};
use kartlegging::fhir::search::forms::FormSearch;
use kartlegging::fhir::search::records::{
    OF_DOCUMENTS, OF_LOG, OF_OBSERVATIONS, OF_PEOPLE, OF_PLACES, OF_PROVENANCE, OF_TASKS, OF_VISITS, RecordSearch,
};
use kartlegging::fhir::search::responses::{Person, ResponseSearch};
use kartlegging::fhir::search::{Asked, DateRange, Fault, Page, parse_date, parse_reference, parse_token, split};

const BASE: &str = "https://svar.example/fhir";

/// One input: the parameters as they are sent.
pub fn run(data: &[u8]) {
    let now = DateTime::from_timestamp(1_795_000_000, 0).unwrap_or_default();
    for in_address in [true, false] {
        let pairs = url::form_urlencoded::parse(data);
        let asked: Vec<Asked> = pairs.map(|(name, value)| Asked::new(&name, &value, in_address)).collect();
        let written: Vec<String> = asked.iter().map(Asked::written).collect();
        let named = |fault: &Fault| assert!(written.contains(&fault.name), "a fault of none of the parameters");
        let page = Page::read(&asked, &["date"], &[]);
        let _ = page.as_ref().map_err(named);
        assert!(page.is_err() || page.is_ok_and(|page| page.count <= 500));
        let _ = FormSearch::read(&asked, now).map_err(|fault| named(&fault));
        let numbers = |lists: &[Vec<Person>]| lists.iter().flatten().any(|one| matches!(one, Person::Identifier(_)));
        match ResponseSearch::read(&asked, BASE, now) {
            Ok(search) => assert!(!(in_address && numbers(&search.patients)), "a person by number in an address"),
            Err(fault) => named(&fault),
        }
        let tables = [&OF_TASKS[..], &OF_VISITS, &OF_PLACES, &OF_PEOPLE, &OF_OBSERVATIONS, &OF_DOCUMENTS, &OF_PROVENANCE, &OF_LOG];
        for table in tables {
            match RecordSearch::read(&asked, table, BASE, now) {
                Ok(search) => assert!(!(in_address && numbers(&search.patients)), "a person by number in an address"),
                Err(fault) => named(&fault),
            }
        }
        for value in asked.iter().flat_map(|one| &one.values) {
            of_value(value, now);
        }
    }
    if let Ok(text) = std::str::from_utf8(data) {
        assert_eq!(split(text, ',').join(","), text);
        of_value(text, now);
    }
}

fn of_value(text: &str, now: DateTime<Utc>) {
    if let Some(range) = parse_date(text, now) {
        let ends = match range {
            DateRange::In(start, end) | DateRange::NotIn(start, end) => (start, Some(end)),
            DateRange::From(at) | DateRange::Before(at) => (at, None),
        };
        assert!(ends.1.is_none_or(|end| ends.0 < end), "{range:?}");
        // Each is the other's opposite at the first moment.
        match range {
            DateRange::In(start, end) => assert!(range.holds(start) && !DateRange::NotIn(start, end).holds(start)),
            DateRange::NotIn(start, _) | DateRange::Before(start) => assert!(!range.holds(start)),
            DateRange::From(start) => assert!(range.holds(start)),
        }
    }
    if let Some(token) = parse_token(text) {
        assert!(token.system.is_some() || token.code.is_some());
        assert!(token.is(token.system.as_deref().unwrap_or_default(), token.code.as_deref().unwrap_or_default()));
    }
    if let Some(reference) = parse_reference(text, BASE) {
        assert!(!reference.id.is_empty());
        if let Some(kind) = &reference.kind {
            assert_eq!(parse_reference(&format!("{BASE}/{kind}/{}", reference.id), BASE), Some(reference));
        }
    }
}
