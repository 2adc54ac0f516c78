//! Rows of a CSV file as orders of invitations. Every row is kept, in its order, with its line.

use super::failure::Failure;
use crate::domain::identifier::{IdentifierSystem, PatientIdentifier};
use crate::domain::ids::UnitId;
use crate::domain::language::Language;
use crate::domain::respondent::{NAME_MAX, Relation};
use crate::domain::text::{has_control, has_line_break, is_blank, length, nfc};
use crate::domain::value::PartialDate;
use crate::services::issue_invitations::{Order, PatientData, Visit};
use crate::services::representatives::Registration;
use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, SubsecRound, Utc};
use chrono_tz::Europe::Oslo;
use csv::{Position, ReaderBuilder, StringRecord, Trim};
use std::collections::HashMap;

/// Columns that are understood; the first two are required.
const COLUMNS: [&str; 12] = [
    "name",
    "birth_date",
    "identifier_system",
    "identifier",
    "language",
    "appointment_id",
    "starts_at",
    "unit",
    "questionnaire",
    "representative_number",
    "representative_name",
    "representative_relation",
];

/// One row.
#[derive(Debug)]
pub struct Row {
    /// Line of the file on which it begins, from 1.
    pub line: u64,
    /// What it asks for, or why it can't be read, in English.
    pub order: Result<Order, String>,
}

/// A file that does not fit.
pub(super) fn bad_csv(detail: String) -> Failure {
    Failure::run("csv-invalid", detail, "Correct those rows in a file of their own and run the command with it.")
}

/// Reads a whole file. `unit` is that of rows that name none; `today` is the day in Europe/Oslo after which
/// nobody is born. A file whose first line does not fit is refused; a row that does not fit is kept with its
/// reason, which never quotes what stands in it.
pub fn read(bytes: &[u8], unit: Option<UnitId>, today: NaiveDate, synthetic: bool) -> Result<Vec<Row>, Failure> {
    let text = std::str::from_utf8(bytes).map_err(|_| bad_csv("the file is not UTF-8".to_owned()))?;
    // The reader ends lines at each of these, but counts only line feeds.
    let text = text.trim_start_matches('\u{feff}').replace("\r\n", "\n").replace('\r', "\n");
    let first = text.lines().next().unwrap_or_default();
    let delimiter = if first.matches(';').count() > first.matches(',').count() { b';' } else { b',' };
    let mut reader = ReaderBuilder::new().delimiter(delimiter).trim(Trim::All).flexible(true).from_reader(text.as_bytes());
    let header = reader.headers().map_err(|_| bad_csv("the first line can't be read".to_owned()))?.clone();
    let mut columns = HashMap::new();
    for (at, name) in header.iter().enumerate() {
        let known = COLUMNS
            .iter()
            .find(|known| **known == name.to_lowercase())
            .ok_or_else(|| bad_csv(format!("the column {} in the first line is none of {}", at + 1, COLUMNS.join(", "))))?;
        if columns.insert(*known, at).is_some() {
            return Err(bad_csv(format!("the column {known} stands twice")));
        }
    }
    for required in &COLUMNS[..2] {
        if !columns.contains_key(required) {
            return Err(bad_csv(format!("the column {required} is missing")));
        }
    }
    // The reader's place is before the empty lines that it passes over.
    let line = |at: Option<&Position>| {
        at.map_or(0, |at| {
            let from = usize::try_from(at.byte()).ok().and_then(|byte| text.as_bytes().get(byte..)).unwrap_or_default();
            at.line() + from.iter().take_while(|byte| **byte == b'\n').map(|_| 1).sum::<u64>()
        })
    };
    let mut rows = Vec::new();
    for record in reader.records() {
        let row = match record {
            Ok(record) => {
                let order = if record.len() == header.len() {
                    order(&Cells { record: &record, columns: &columns }, unit, today, synthetic)
                } else {
                    Err(format!("has {} cells, the first line {}", record.len(), header.len()))
                };
                Row { line: line(record.position()), order }
            }
            Err(error) => Row { line: line(error.position()), order: Err("can't be read as CSV".to_owned()) },
        };
        rows.push(row);
    }
    Ok(rows)
}

struct Cells<'a> {
    record: &'a StringRecord,
    columns: &'a HashMap<&'static str, usize>,
}

impl Cells<'_> {
    fn get(&self, column: &str) -> Option<&str> {
        self.columns.get(column).and_then(|at| self.record.get(*at)).filter(|cell| !cell.is_empty())
    }
}

fn order(cells: &Cells<'_>, unit: Option<UnitId>, today: NaiveDate, synthetic: bool) -> Result<Order, String> {
    let name = nfc(cells.get("name").ok_or("name: missing")?);
    if is_blank(&name) || !is_line(&name, 200) {
        return Err("name: empty, too long or with control characters".to_owned());
    }
    let birth_date = PartialDate::parse(cells.get("birth_date").ok_or("birth_date: missing")?).and_then(|date| date.day());
    let birth_date = birth_date.filter(|date| date.year() >= 1).ok_or("birth_date: not a date like 1956-03-12")?;
    if birth_date > today {
        return Err("birth_date: in the future".to_owned());
    }
    let identifier = match cells.get("identifier") {
        None => None,
        Some(value) => {
            let system = cells.get("identifier_system").unwrap_or("urn:oid:2.16.578.1.12.4.1.4.1");
            Some(PatientIdentifier::parse(system, None, value, synthetic).map_err(|error| format!("identifier: {error}"))?)
        }
    };
    let language = match cells.get("language") {
        None => None,
        Some(tag) => {
            let known = Language::parse(tag).ok().filter(|language| crate::text::languages().contains(language));
            Some(known.ok_or("language: not nb, nn or en")?)
        }
    };
    let unit = match cells.get("unit") {
        None => unit,
        Some(text) => Some(UnitId::parse(text).ok_or("unit: not an id")?),
    };
    let visit = match cells.get("starts_at") {
        None if cells.get("appointment_id").is_some() => return Err("starts_at: missing for an appointment".to_owned()),
        None => None,
        Some(text) => {
            let starts_at = moment(text).ok_or("starts_at: not a time like 2026-12-01 09:30")?;
            let external_id = cells.get("appointment_id").map(nfc);
            if external_id.as_ref().is_some_and(|id| !is_line(id, 128)) {
                return Err("appointment_id: too long or with control characters".to_owned());
            }
            Some(Visit { external_id, starts_at, unit: unit.ok_or("unit: missing, and no --unit was given")? })
        }
    };
    if unit.is_none() {
        return Err("unit: missing, and no --unit was given".to_owned());
    }
    let form = cells.get("questionnaire").map(|text| match text.split_once('@') {
        None => (text.to_owned(), None),
        Some((name, version)) => (name.to_owned(), Some(version.to_owned())),
    });
    let representatives = representative(cells, synthetic)?.into_iter().collect();
    Ok(Order {
        patient: PatientData { identifier, name, birth_date, language, contact: None, representatives },
        visit,
        unit,
        due_on: None,
        form,
        answer_until: None,
    })
}

/// Who may answer in the patient's place: a national identity number or D-number, a name and a relation, or
/// none of them.
fn representative(cells: &Cells<'_>, synthetic: bool) -> Result<Option<Registration>, String> {
    let columns = ["representative_number", "representative_name", "representative_relation"];
    let [number, name, relation] = columns.map(|column| cells.get(column));
    let (number, name, relation) = match (number, name, relation) {
        (None, None, None) => return Ok(None),
        (Some(number), Some(name), Some(relation)) => (number, nfc(name), relation),
        _ => return Err("representative_number, representative_name, representative_relation: give all of them or none".to_owned()),
    };
    let national = |system: IdentifierSystem| PatientIdentifier::parse(system.uri(), None, number, synthetic);
    let identifier = national(IdentifierSystem::Fnr).or_else(|error| national(IdentifierSystem::DNumber).map_err(|_| error));
    let identifier = identifier.map_err(|error| format!("representative_number: {error}"))?;
    if is_blank(&name) || !is_line(&name, NAME_MAX) {
        return Err("representative_name: empty, too long or with control characters".to_owned());
    }
    let relation = Relation::parse(relation)
        .ok_or("representative_relation: not parent, power-of-attorney, assigned-power-of-attorney or guardian")?;
    Ok(Some(Registration { identifier, name, relation }))
}

/// Whether it is one line of at most so many characters, as in the API.
fn is_line(text: &str, most: usize) -> bool {
    length(text) <= most && !has_control(text) && !has_line_break(text)
}

fn moment(text: &str) -> Option<DateTime<Utc>> {
    let moment = any_moment(text)?.trunc_subsecs(6);
    // Outside of these neither database keeps it as it was sent.
    (1900..=9998).contains(&moment.year()).then_some(moment)
}

fn any_moment(text: &str) -> Option<DateTime<Utc>> {
    if let Ok(moment) = DateTime::parse_from_rfc3339(text) {
        return Some(moment.with_timezone(&Utc));
    }
    let local = ["%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%d.%m.%Y %H:%M"]
        .iter()
        .find_map(|format| NaiveDateTime::parse_from_str(text, format).ok())?;
    local.and_local_timezone(Oslo).earliest().map(|moment| moment.with_timezone(&Utc))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "name;birth_date;appointment_id;starts_at";

    fn only(row: &str) -> Result<Order, String> {
        let unit = UnitId::parse("0190a2c5-0000-7000-8000-000000000000");
        let today = NaiveDate::from_ymd_opt(2026, 11, 22).unwrap();
        let mut rows = read(format!("{HEAD}\n{row}\n").as_bytes(), unit, today, true).unwrap();
        assert_eq!((rows.len(), rows[0].line), (1, 2));
        rows.remove(0).order
    }

    #[test]
    fn lines_are_counted_however_they_end() {
        let today = NaiveDate::from_ymd_opt(2026, 11, 22).unwrap();
        for end in ["\n", "\r\n", "\r"] {
            let text = ["name;birth_date", "A;1956-03-12", "", "B;1956-03-12"].join(end);
            let rows = read(text.as_bytes(), None, today, true).unwrap();
            assert_eq!(rows.iter().map(|row| row.line).collect::<Vec<_>>(), [2, 4], "{end:?}");
        }
    }

    #[test]
    fn a_row_may_name_who_answers_in_the_patients_place() {
        let today = NaiveDate::from_ymd_opt(2026, 11, 22).unwrap();
        let unit = UnitId::parse("0190a2c5-0000-7000-8000-000000000000");
        let read = |cells: &str| {
            let head = "name;birth_date;representative_number;representative_name;representative_relation";
            let rows = read(format!("{head}\nA;1956-03-12;{cells}\n").as_bytes(), unit, today, true).unwrap();
            rows.into_iter().next().unwrap().order.map(|order| order.patient.representatives)
        };
        let named = read("47906701517;Invented Odd;guardian").unwrap();
        assert_eq!((named.len(), named[0].relation, named[0].name.as_str()), (1, Relation::Guardian, "Invented Odd"));
        assert_eq!(named[0].identifier.system(), IdentifierSystem::DNumber);
        assert_eq!(read(";;").unwrap(), []);
        for (cells, reason) in [
            ("47906701517;;guardian", "representative_number, representative_name, representative_relation: give all of them or none"),
            ("47906701518;Odd;guardian", "representative_number: the number is not valid in its system"),
            ("47906701517;Odd;friend", "representative_relation: not parent, power-of-attorney, assigned-power-of-attorney or guardian"),
        ] {
            assert_eq!(read(cells).err().as_deref(), Some(reason), "{cells}");
        }
    }

    #[test]
    fn a_row_is_held_to_what_the_api_takes() {
        let order = only("Invented Åse;1956-03-12;v1;2026-12-01T09:30:00.123456789Z").unwrap();
        assert_eq!(order.visit.unwrap().starts_at.timestamp_subsec_nanos(), 123_456_000);
        for (row, reason) in [
            ("\"Invented\nÅse\";1956-03-12;;", "name: empty, too long or with control characters"),
            ("Invented Åse;-0001-03-12;;", "birth_date: not a date like 1956-03-12"),
            ("Invented Åse;0000-03-12;;", "birth_date: not a date like 1956-03-12"),
            ("Invented Åse;1956-3-12;;", "birth_date: not a date like 1956-03-12"),
            ("Invented Åse;1956-03-12;v1;20000-12-01 09:30", "starts_at: not a time like 2026-12-01 09:30"),
            ("Invented Åse;1956-03-12;\"v\n1\";2026-12-01 09:30", "appointment_id: too long or with control characters"),
        ] {
            assert_eq!(only(row).err().as_deref(), Some(reason), "{row}");
        }
    }
}
