//! `kartlegging organization|unit support`: places to turn to, as receipts show them.

use super::argument;
use super::failure::Failure;
use crate::domain::language::Language;
use crate::domain::support_text::{MAX_LENGTH, SupportText};
use crate::services::Services;
use crate::services::support_text::{self, Error, Owner};
use crate::text::languages;
use chrono_tz::Europe::Oslo;
use clap::Args;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// More than the longest text can weigh, however it is written.
const MAX_BYTES: u64 = 64 * 1024;

#[derive(Debug, Args)]
pub(super) struct Options {
    /// Language of the text: nb, nn or en.
    #[arg(long, required_unless_present = "list")]
    language: Option<String>,
    #[command(flatten)]
    what: What,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct What {
    /// Set the text of this file: plain text in UTF-8, paragraphs with a blank line between them, at most 2000 characters.
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Remove the text.
    #[arg(long)]
    remove: bool,
    /// Show what is set.
    #[arg(long, conflicts_with = "language")]
    list: bool,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let detail = error.to_string();
        match error {
            Error::NotFound(_) => Self::run("not-found", detail, "Check the ids with `organization list` and `unit list`."),
            Error::NotSet(_) => Self::run("not-found", detail, "See with `--list` what is set."),
            Error::Fault(fault) => fault.into(),
        }
    }
}

pub(super) async fn run(services: &Services, owner: Owner, options: &Options) -> Result<(), Failure> {
    let Some(language) = options.language.as_deref().map(language).transpose()? else { return list(services, owner).await };
    match &options.what.file {
        Some(path) => support_text::set(services, owner, &language, &read(path)?).await?,
        None => support_text::remove(services, owner, &language).await?,
    }
    Ok(())
}

pub(super) fn language(text: &str) -> Result<Language, Failure> {
    let known = Language::parse(text).ok().filter(|language| languages().contains(language));
    known.ok_or_else(|| {
        argument(format!("--language {text} is not one of {}", languages().iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")))
    })
}

fn read(path: &Path) -> Result<SupportText, Failure> {
    SupportText::parse(&read_text(path)?).map_err(|error| argument(format!("--file {}: {error}", path.display())))
}

/// The text of a file that may hold [`MAX_LENGTH`] characters.
pub(super) fn read_text(path: &Path) -> Result<String, Failure> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(MAX_BYTES + 1).read_to_end(&mut bytes));
    read.map_err(|error| Failure::run("not-found", format!("{} can't be read: {}", path.display(), error.kind()), "Check the path."))?;
    let unfit = |what: String| argument(format!("--file {}: {what}", path.display()));
    if u64::try_from(bytes.len()).is_ok_and(|length| length > MAX_BYTES) {
        return Err(unfit(format!("the text is much longer than {MAX_LENGTH} characters")));
    }
    String::from_utf8(bytes).map_err(|_| unfit("the text is not UTF-8".to_owned()))
}

async fn list(services: &Services, owner: Owner) -> Result<(), Failure> {
    for one in support_text::list(services, owner).await? {
        let whose = one.place.unit.map_or_else(|| format!("organization {}", one.place.organization), |unit| format!("unit {unit}"));
        println!("{whose}  {}  set {}", one.place.language, one.updated_at.with_timezone(&Oslo).date_naive());
        for line in one.text.lines() {
            println!("{}", format!("    {line}").trim_end());
        }
    }
    Ok(())
}
