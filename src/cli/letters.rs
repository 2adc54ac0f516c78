//! `kartlegging letters`: the letter slips of many invitations in one PDF, a page each, to be printed and
//! put into envelopes.

use super::admin::{organization_id, unit_id};
use super::argument;
use super::failure::Failure;
use super::rows::bad_csv;
use super::support::language;
use crate::app::App;
use crate::domain::ids::InvitationId;
use crate::domain::language::Language;
use crate::print::pdf::Format;
use crate::print::slip::Slips;
use crate::services::Caller;
use crate::services::letter::{Error, batch};
use chrono::NaiveDate;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use std::io::Write;
use std::path::{Path, PathBuf};

/// Slips in one transaction.
const AT_ONCE: usize = 100;

/// Of the rows that `invite` has issued, or of a unit's visits on some days. Each slip stands in the access
/// log. What has been answered or closed meanwhile is left out and named.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// Organization id.
    #[arg(long)]
    organization: String,
    /// Result file of `invite`, or any CSV file with a column `invitation`.
    #[arg(long, value_name = "FILE", required_unless_present = "unit")]
    csv: Option<PathBuf>,
    /// Unit id: letters for its visits that can still be answered before.
    #[arg(long, conflicts_with = "csv", requires = "from")]
    unit: Option<String>,
    /// First day of the visits, YYYY-MM-DD.
    #[arg(long, requires = "unit", value_name = "DAY")]
    from: Option<NaiveDate>,
    /// Last day of the visits (default: the first).
    #[arg(long, requires = "unit", value_name = "DAY")]
    to: Option<NaiveDate>,
    /// The PDF file; never written over another. As secret as the letters.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// a4: a letter behind a window; a5: a slip to be laid into one.
    #[arg(long, default_value = "a4", value_parser = ["a4", "a5"])]
    format: String,
    /// Language of all letters (default: each patient's).
    #[arg(long)]
    language: Option<String>,
}

pub(super) async fn run(options: &Options, app: &App) -> Result<(), Failure> {
    let organization = organization_id(&options.organization)?;
    let asked = options.language.as_deref().map(language).transpose()?;
    if options.out.exists() {
        return Err(exists(&options.out));
    }
    let ids = chosen(options, app).await?;
    if ids.is_empty() {
        return Err(Failure::run("not-found", "there are no letters to print".to_owned(), "Check the days or the file."));
    }
    if ids.len() > batch::MOST {
        return Err(argument(format!("more than {} letters at once; take fewer days, or part the file", batch::MOST)));
    }
    let caller = Caller::system(organization, "command:letters");
    let format = Format::parse(&options.format).unwrap_or_default();
    let mut slips = Slips::new(format, asked.as_ref().unwrap_or(&Language::nb()))?;
    let bar = ProgressBar::new(u64::try_from(ids.len()).unwrap_or(0));
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos}/{len} letters, {eta} left") {
        bar.set_style(style);
    }
    let mut left_out = Vec::new();
    for ids in ids.chunks(AT_ONCE) {
        left_out.extend(batch::add(&app.services, &caller, ids, asked.as_ref(), &mut slips).await?);
        bar.inc(u64::try_from(ids.len()).unwrap_or(0));
    }
    bar.finish_and_clear();
    let printed = ids.len() - left_out.len();
    for (id, error) in &left_out {
        println!("left out: {id}: {}", reason(error));
    }
    if printed == 0 {
        return Err(Failure::run("not-found", "no letter can be printed".to_owned(), "See above why each was left out."));
    }
    write(&options.out, &slips.finish()?)?;
    println!("{printed} letters in {}, {} left out", options.out.display(), left_out.len());
    let unknown = left_out.iter().filter(|(_, error)| matches!(error, Error::NotFound)).count();
    if unknown == 0 { Ok(()) } else { Err(bad_csv(format!("{unknown} invitations are not known in this organization"))) }
}

async fn chosen(options: &Options, app: &App) -> Result<Vec<InvitationId>, Failure> {
    if let Some(path) = &options.csv {
        return read(path);
    }
    let unit = unit_id(options.unit.as_deref().unwrap_or_default())?;
    let from = options.from.ok_or_else(|| argument("--from is missing".to_owned()))?;
    let to = options.to.unwrap_or(from);
    if to < from {
        return Err(argument("--to lies before --from".to_owned()));
    }
    let found = batch::of_visits(&app.services, organization_id(&options.organization)?, unit, from, to).await?;
    found.ok_or_else(|| Failure::run("not-found", "no such unit".to_owned(), "Check the id with `kartlegging unit list`."))
}

/// Ids of the column `invitation`; rows without one were refused by `invite`.
fn read(path: &Path) -> Result<Vec<InvitationId>, Failure> {
    let unreadable = |what: &str| bad_csv(format!("{} {what}", path.display()));
    let mut reader = csv::Reader::from_path(path).map_err(|_| unreadable("can't be read"))?;
    let column = reader.headers().map_err(|_| unreadable("is no CSV file in UTF-8"))?.iter().position(|name| name.trim() == "invitation");
    let column = column.ok_or_else(|| unreadable("has no column invitation"))?;
    let mut ids = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|_| unreadable("is no CSV file in UTF-8"))?;
        let line = record.position().map_or(0, csv::Position::line);
        match record.get(column).map(str::trim) {
            None | Some("") => {}
            Some(text) => ids.push(InvitationId::parse(text).ok_or_else(|| unreadable(&format!("line {line}: invitation is not an id")))?),
        }
    }
    Ok(ids)
}

fn reason(error: &Error) -> String {
    match error {
        Error::NotFound => "not known in this organization, or the patient has been erased".to_owned(),
        Error::State(state) if state.0.reason_word().is_none() => "has been answered".to_owned(),
        Error::State(_) => "is closed, or its time is over".to_owned(),
        Error::Denied(_) => "not allowed".to_owned(),
        Error::Fault(fault) => fault.to_string(),
    }
}

fn exists(path: &Path) -> Failure {
    Failure::run("exists", format!("{} is there", path.display()), "Name another file with --out, or delete that one.")
}

/// Writes a document that only its owner can read, and never over another.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(path).and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()));
    written.map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => exists(path),
        kind => Failure::run("csv-invalid", format!("{} can't be written: {kind}", path.display()), "Check the path, and make room."),
    })
}
