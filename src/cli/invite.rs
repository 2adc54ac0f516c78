//! `kartlegging invite`: a CSV file becomes invitations. Every row ends in the result file, done or
//! refused with its reason; none is dropped. Running it again with the same file repeats nothing.

use super::argument;
use super::failure::Failure;
use super::rows::{self, bad_csv};
use crate::app::App;
use crate::crypto::hash::sha256;
use crate::domain::clock::oslo_date;
use crate::domain::ids::{OrganizationId, UnitId};
use crate::services::idempotency::Repeatable;
use crate::services::invitation::Issued;
use crate::services::issue_invitations::{self, Order};
use crate::services::{Caller, Services, invitation};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clap::Args;
use csv::Writer;
use indicatif::{ProgressBar, ProgressStyle};
use std::path::{Path, PathBuf};

/// Rows in one transaction.
const AT_ONCE: usize = 100;

/// The file's first line names its columns:
/// name, `birth_date` (YYYY-MM-DD), `identifier_system` (default: fødselsnummer), identifier, language
/// (nb, nn, en), `appointment_id`, `starts_at` (2026-12-01 09:30 in Norwegian time, or RFC 3339), unit
/// (id; default --unit), questionnaire (name or name@version; default the unit's), and for somebody who may
/// answer in the patient's place: `representative_number`, `representative_name`, `representative_relation`
/// (parent, power-of-attorney, assigned-power-of-attorney, guardian).
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

pub(super) async fn run(options: &Options, app: &App) -> Result<(), Failure> {
    let organization = OrganizationId::parse(&options.organization).ok_or_else(|| argument("--organization is not an id".to_owned()))?;
    let unit = match options.unit.as_deref() {
        None => None,
        Some(text) => Some(UnitId::parse(text).ok_or_else(|| argument("--unit is not an id".to_owned()))?),
    };
    let bytes =
        std::fs::read(&options.csv).map_err(|error| bad_csv(format!("{} can't be read: {}", options.csv.display(), error.kind())))?;
    let rows = rows::read(&bytes, unit, oslo_date(app.services.now()), app.services.rules.allow_synthetic_persons)?;
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
                FieldFault::TooMany => "the patient has as many as there may be; remove one",
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
