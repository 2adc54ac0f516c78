//! Text as what people type and systems send in one field: codes, links, identifiers, ids, languages,
//! dates, times, numbers. What is read prints to what is read as the same.

use chrono::{Datelike, NaiveDate};
use kartlegging::domain::identifier::{IdentifierSystem, PatientIdentifier};
use kartlegging::domain::ids::InvitationId;
use kartlegging::domain::language::Language;
use kartlegging::domain::secret::{Code, LinkToken};
use kartlegging::domain::value::{PartialDate, PartialDateTime, parse_time};
use kartlegging::text::typed::{DateText, NoNumber, decimal, time};

/// One input.
pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    secrets(text);
    identifiers(text);
    values(text);
    dates(text);
    numbers(text);
}

fn secrets(text: &str) {
    if let Ok(code) = Code::parse(text) {
        let printed = code.grouped();
        assert_eq!(printed.len(), 14);
        assert_eq!(Code::parse(&printed), Ok(code.clone()));
        assert_eq!(Code::parse(&printed.to_lowercase().replace('-', " ").replace('0', "o").replace('1', "l")), Ok(code));
    }
    if let Some(token) = LinkToken::parse(text) {
        assert_eq!(token.text(), text.to_ascii_uppercase().replace('O', "0").replace(['I', 'L'], "1"));
        assert_eq!(LinkToken::parse(&token.text()), Some(token));
    }
}

fn identifiers(text: &str) {
    let (value, assigner) = text.split_once('\n').map_or((text, None), |(value, assigner)| (value, Some(assigner)));
    let mut national = 0;
    for system in IdentifierSystem::ALL {
        assert_eq!(IdentifierSystem::parse(system.uri()), Some(system));
        let read = |value: &str, synthetic| PatientIdentifier::parse(system.uri(), assigner, value, synthetic);
        let Ok(identifier) = read(value, true) else {
            assert!(read(value, false).is_err());
            continue;
        };
        assert_eq!(read(identifier.value(), true), Ok(identifier.clone()));
        if system == IdentifierSystem::Local {
            assert!(!identifier.assigner().is_empty());
        } else {
            // A local number may be any words, also those around it.
            assert!(!format!("{identifier:?}").contains(identifier.value()));
            assert!(identifier.value().len() == 11 && identifier.value().bytes().all(|b| b.is_ascii_digit()));
            national += 1;
        }
    }
    assert!(national <= 1, "one number in two series");
}

fn values(text: &str) {
    if let Ok(language) = Language::parse(text) {
        assert_eq!(Language::parse(language.as_str()), Ok(language));
    }
    if let Some(id) = InvitationId::parse(text) {
        assert_eq!(id.to_string(), text.to_ascii_lowercase());
    }
    if let Some(date) = PartialDate::parse(text) {
        assert_eq!(date.to_string(), text);
        assert!(date.day().is_none_or(|day| day.year() >= 1));
    }
    if let Some(moment) = PartialDateTime::parse(text) {
        assert_eq!(moment.to_string(), text);
        assert!(text.bytes().all(|b| b.is_ascii_digit() || b"-:.+TZ".contains(&b)), "{text}");
        assert!(moment.instant().is_none_or(|instant| (1..=9999).contains(&instant.year())));
        assert_eq!(moment.compare(&moment).map(std::cmp::Ordering::is_eq), Some(true));
    }
    if let Some(moment) = parse_time(text) {
        assert_eq!(parse_time(&moment.format("%H:%M:%S%.f").to_string()), Some(moment));
    }
}

fn dates(text: &str) {
    let mut lines = text.splitn(3, '\n');
    let mut next = || lines.next().unwrap_or_default();
    let typed = DateText { day: next(), month: next(), year: next() };
    let today = NaiveDate::from_ymd_opt(2026, 11, 22);
    if let Ok(date) = typed.date(today) {
        assert!((1..=9999).contains(&date.year()), "{date}");
        let parts = [date.day().to_string(), date.month().to_string(), format!("{:04}", date.year())];
        let again = DateText { day: &parts[0], month: &parts[1], year: &parts[2] };
        assert_eq!(again.date(None), Ok(date));
        assert_eq!(DateText { day: &parts.join("."), ..DateText::default() }.date(None), Ok(date));
    }
    if let Ok(partial) = typed.partial() {
        assert!(PartialDate::parse(&partial).is_some(), "{partial}");
    }
    if let Some(moment) = time(text) {
        assert_eq!(time(&moment.format("%H:%M").to_string()), Some(moment));
    }
}

fn numbers(text: &str) {
    let Ok(number) = decimal(text) else { return };
    // Every digit that was typed is kept.
    let digits = |text: &str| -> String {
        let all: String = text.chars().filter(char::is_ascii_digit).collect();
        all.trim_start_matches('0').to_owned()
    };
    assert_eq!(digits(&number.to_string()), digits(text));
    match decimal(&number.to_string().replace('.', ",")) {
        Ok(again) => assert_eq!(again, number),
        Err(fault) => assert_eq!(fault, NoNumber::Ambiguous),
    }
}
