//! `kartlegging invite`: a CSV file becomes invitations. Every row ends in the result file, done or
//! refused with its reason; none is dropped. Running it again with the same file repeats nothing.

use super::argument;
use super::failure::Failure;
use crate::app::App;
use crate::crypto::hash::sha256;
use crate::domain::clock::oslo_date;
use crate::domain::identifier::PatientIdentifier;
use crate::domain::ids::{OrganizationId, UnitId};
use crate::domain::language::Language;
use crate::domain::text::{has_control, is_blank, length, nfc};
use crate::services::idempotency::Repeatable;
use crate::services::invitation::Issued;
use crate::services::issue_invitations::{self, Order, PatientData, Visit};
use crate::services::{Caller, Services, invitation};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use chrono_tz::Europe::Oslo;
use clap::Args;
use csv::{ReaderBuilder, StringRecord, Trim, Writer};
use indicatif::{ProgressBar, ProgressStyle};
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// Rows in one transaction.
const AT_ONCE: usize = 100;
/// Columns that are understood; the first two are required.
const COLUMNS: [&str; 9] =
    ["name", "birth_date", "identifier_system", "identifier", "language", "appointment_id", "starts_at", "unit", "questionnaire"];

/// The file's first line names its columns:
/// name, `birth_date` (YYYY-MM-DD), `identifier_system` (default: fødselsnummer), identifier, language
/// (nb, nn, en), `appointment_id`, `starts_at` (2026-12-01 09:30 in Norwegian time, or RFC 3339), unit
/// (id; default --unit), questionnaire (name or name@version; default the unit's).
#[derive(Debug, Args)]
pub(super) struct Options {
    /// The CSV file, UTF-8, comma or semicolon.
    #[arg(long, value_name = "FILE")]
    csv: PathBuf,
    /// Organization id.
    #[arg(long)]
    organization: String,
    /// Unit id for rows without one.
    #[arg(long)]
    unit: Option<String>,
    /// Result file (default: FILE with .result.csv). Holds links and codes: handle it like the letters.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

struct Row {
    line: u64,
    order: Result<Order, String>,
}

pub(super) async fn run(options: &Options, app: &App) -> Result<(), Failure> {
    let organization = OrganizationId::parse(&options.organization).ok_or_else(|| argument("--organization is not an id".to_owned()))?;
    let unit = match options.unit.as_deref() {
        None => None,
        Some(text) => Some(UnitId::parse(text).ok_or_else(|| argument("--unit is not an id".to_owned()))?),
    };
    let bytes =
        std::fs::read(&options.csv).map_err(|error| bad_csv(format!("{} can't be read: {}", options.csv.display(), error.kind())))?;
    let rows = read(app, &bytes, unit)?;
    let out = options.out.clone().unwrap_or_else(|| options.csv.with_extension("result.csv"));
    let mut writer = result_file(&out)?;
    let caller = Caller::system(organization, "command:invite");
    let key = URL_SAFE_NO_PAD.encode(sha256(&bytes));
    let bar = ProgressBar::new(u64::try_from(rows.len()).unwrap_or(0));
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos}/{len} rows, {eta} left") {
        bar.set_style(style);
    }
    // The same file for another organization or unit is another piece of work.
    let operation = format!("invite-csv:{organization}:{}", options.unit.as_deref().unwrap_or("-"));
    let (mut issued, mut refused) = (0_u64, 0_u64);
    for (chunk, rows) in rows.chunks(AT_ONCE).enumerate() {
        let orders: Vec<Option<Order>> = rows.iter().map(|row| row.order.as_ref().ok().cloned()).collect();
        let repeatable = Repeatable { key: format!("{key}:{chunk}"), operation: operation.clone(), body: bytes.clone() };
        let done = issue_invitations::issue_batch(&app.services, &caller, orders, repeatable).await;
        let mut done = done
            .map_err(|error| {
                Failure::run("database-unreachable", error.to_string(), "Run the same command again: nothing is issued twice.")
            })?
            .into_iter();
        for row in rows {
            let answer = done.next().unwrap_or(Err(issue_invitations::Error::Unreadable));
            let result = answer.map_err(|error| match (&row.order, &error) {
                (Err(reason), issue_invitations::Error::Unreadable) => reason.clone(),
                _ => reason(&error),
            });
            match &result {
                Ok(_) => issued += 1,
                Err(_) => refused += 1,
            }
            write_row(&mut writer, row.line, &result, &app.services)?;
            bar.inc(1);
        }
    }
    writer.flush().map_err(|error| write_failed(&out, error.kind()))?;
    bar.finish_and_clear();
    println!("{issued} issued, {refused} refused; every row is in {}", out.display());
    if refused == 0 { Ok(()) } else { Err(bad_csv(format!("{refused} rows were refused; the result file has line and reason of each"))) }
}

fn bad_csv(detail: String) -> Failure {
    Failure::run("csv-invalid", detail, "Correct those rows in a file of their own and run the command with it.")
}

fn write_failed(path: &Path, kind: std::io::ErrorKind) -> Failure {
    Failure::run(
        "csv-invalid",
        format!("{} can't be written: {kind}", path.display()),
        "Make room, then run the same command again: nothing is issued twice.",
    )
}

fn result_file(path: &Path) -> Result<Writer<std::fs::File>, Failure> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path).map_err(|error| write_failed(path, error.kind()))?;
    let mut writer = Writer::from_writer(file);
    writer
        .write_record(["line", "result", "reason", "invitation", "link", "code", "answer_until"])
        .map_err(|_| write_failed(path, std::io::ErrorKind::Other))?;
    Ok(writer)
}

fn write_row(writer: &mut Writer<std::fs::File>, line: u64, result: &Result<Issued, String>, services: &Services) -> Result<(), Failure> {
    let line = line.to_string();
    let record = match result {
        Ok(done) => {
            let shown = invitation::present(services, done);
            [
                line,
                "issued".to_owned(),
                String::new(),
                done.invitation.id.to_string(),
                shown.link,
                shown.code,
                done.invitation.answer_until.to_rfc3339(),
            ]
        }
        Err(reason) => [line, "refused".to_owned(), reason.clone(), String::new(), String::new(), String::new(), String::new()],
    };
    writer.write_record(&record).map_err(|_| {
        Failure::run(
            "csv-invalid",
            "the result file can't be written".to_owned(),
            "Make room, then run the same command again: nothing is issued twice.",
        )
    })
}

fn reason(error: &issue_invitations::Error) -> String {
    use issue_invitations::{Error, FieldFault};
    match error {
        Error::Field { pointer, fault } => {
            let column = pointer.rsplit('/').next().unwrap_or_default();
            let why = match fault {
                FieldFault::UnitUnknown => "no such unit in the organization",
                FieldFault::QuestionnaireUnknown => "no such questionnaire",
                FieldFault::OutOfRange => "lies in the past",
                FieldFault::Mismatch => "does not agree with what is known",
            };
            format!("{column}: {why}")
        }
        Error::Exists(_) => "an invitation to this form before this visit exists; reissue it instead".to_owned(),
        Error::NoForm => "questionnaire: the unit has no default form".to_owned(),
        Error::Denied(_) => "not allowed".to_owned(),
        Error::Unreadable => "could not be read when it was first sent; send it in a new file".to_owned(),
        Error::Repeat(_) | Error::Fault(_) => "failed; run the same command again".to_owned(),
    }
}

fn read(app: &App, bytes: &[u8], unit: Option<UnitId>) -> Result<Vec<Row>, Failure> {
    let text = std::str::from_utf8(bytes).map_err(|_| bad_csv("the file is not UTF-8".to_owned()))?;
    // Two characters at the end of a line would make the reader count lines too late.
    let text = text.trim_start_matches('\u{feff}').replace("\r\n", "\n");
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
    let mut rows = Vec::new();
    for record in reader.records() {
        let row = match record {
            Ok(record) => {
                let line = record.position().map_or(0, csv::Position::line);
                let order = if record.len() == header.len() {
                    order(app, &Cells { record: &record, columns: &columns }, unit)
                } else {
                    Err(format!("has {} cells, the first line {}", record.len(), header.len()))
                };
                Row { line, order }
            }
            Err(error) => Row { line: error.position().map_or(0, csv::Position::line), order: Err("can't be read as CSV".to_owned()) },
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

fn order(app: &App, cells: &Cells<'_>, unit: Option<UnitId>) -> Result<Order, String> {
    let name = nfc(cells.get("name").ok_or("name: missing")?);
    if is_blank(&name) || length(&name) > 200 || has_control(&name) {
        return Err("name: empty, too long or with control characters".to_owned());
    }
    let birth_date: NaiveDate =
        cells.get("birth_date").ok_or("birth_date: missing")?.parse().map_err(|_| "birth_date: not a date like 1956-03-12")?;
    if birth_date > oslo_date(app.services.now()) {
        return Err("birth_date: in the future".to_owned());
    }
    let identifier = match cells.get("identifier") {
        None => None,
        Some(value) => {
            let system = cells.get("identifier_system").unwrap_or("urn:oid:2.16.578.1.12.4.1.4.1");
            Some(
                PatientIdentifier::parse(system, None, value, app.services.rules.allow_synthetic_persons)
                    .map_err(|error| format!("identifier: {error}"))?,
            )
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
            let external_id = cells.get("appointment_id").map(str::to_owned);
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
    Ok(Order {
        patient: PatientData { identifier, name, birth_date, language, contact: None },
        visit,
        unit,
        due_on: None,
        form,
        answer_until: None,
    })
}

fn moment(text: &str) -> Option<DateTime<Utc>> {
    if let Ok(moment) = DateTime::parse_from_rfc3339(text) {
        return Some(moment.with_timezone(&Utc));
    }
    let local = ["%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%d.%m.%Y %H:%M"]
        .iter()
        .find_map(|format| NaiveDateTime::parse_from_str(text, format).ok())?;
    local.and_local_timezone(Oslo).earliest().map(|moment| moment.with_timezone(&Utc))
}
