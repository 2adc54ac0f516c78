//! `kartlegging access-log`

use super::admin::organization_id;
use super::failure::Failure;
use super::{app, argument};
use crate::app::{database, ring};
use crate::config::Settings;
use crate::crypto::note::{Note, PublicKeys, public_key};
use crate::crypto::ring::Purpose;
use crate::domain::log::moment;
use crate::services::access_log::{self, Outcome};
use crate::services::admin;
use clap::{Args, Subcommand};
use std::path::{Path, PathBuf};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Read the whole log and compare it with its seals and signed heads; exit status 1 with the first
    /// wrong place of each organization. Changes nothing; the service may run or not.
    Verify(Verify),
    /// Print the newest signed head of every organization, to be kept elsewhere.
    Heads,
    /// Set how many patients a day are many in the report of unusual reading.
    Limit {
        /// Organization id.
        #[arg(long)]
        organization: String,
        /// More different patients than this; without it the product's own number, 50.
        #[arg(long, value_parser = clap::value_parser!(i32).range(1..=10_000))]
        patients_a_day: Option<i32>,
    },
    /// Print the public keys that heads are checked with.
    Key {
        /// As a verifier key of C2SP signed-note for this organization's heads.
        #[arg(long)]
        organization: Option<String>,
    },
}

#[derive(Debug, Args)]
pub(super) struct Verify {
    /// File with heads that were kept elsewhere: they too must fit. Repeat for several.
    #[arg(long = "head", value_name = "FILE")]
    heads: Vec<PathBuf>,
    /// Public key, as `access-log key` prints it, instead of the key file. Repeat for several.
    #[arg(long = "public-key", value_name = "KEY")]
    public_keys: Vec<String>,
}

pub(super) async fn run(command: Command, settings: Settings) -> Result<(), Failure> {
    match command {
        Command::Verify(options) => verify(&options, &settings).await,
        Command::Heads => {
            for note in access_log::newest_heads(&app(settings).await?.services).await? {
                println!("{note}");
            }
            Ok(())
        }
        Command::Limit { organization, patients_a_day } => {
            let organization = organization_id(&organization)?;
            Ok(admin::set_patients_a_day(&app(settings).await?.services, organization, patients_a_day).await?)
        }
        Command::Key { organization } => key(organization.as_deref(), &settings),
    }
}

fn key(organization: Option<&str>, settings: &Settings) -> Result<(), Failure> {
    let organization = organization.map(organization_id).transpose()?;
    let ring = ring(settings)?;
    for version in ring.versions(Purpose::Log) {
        println!("{}", public_key(&ring, version, organization).map_err(crate::services::Fault::from)?);
    }
    Ok(())
}

async fn verify(options: &Verify, settings: &Settings) -> Result<(), Failure> {
    let mut keys = PublicKeys::default();
    for text in &options.public_keys {
        if !keys.add(text) {
            return Err(argument("--public-key is not a key as `kartlegging access-log key` prints it".to_owned()));
        }
    }
    if options.public_keys.is_empty() {
        keys = PublicKeys::of(&ring(settings)?).map_err(crate::services::Fault::from)?;
    }
    let mut saved = Vec::new();
    for path in &options.heads {
        saved.extend(read(path)?);
    }
    let db = database(settings, false).await?;
    let outcomes = access_log::verify(&db, &keys, &saved).await?;
    db.close().await;
    for outcome in &outcomes {
        println!("{}", line(outcome));
    }
    match outcomes.iter().filter(|outcome| outcome.broken.is_some()).count() {
        0 => Ok(()),
        broken => Err(Failure::run(
            "access-log-broken",
            format!("the access log of {broken} of {} organizations is not what was sealed and signed", outcomes.len()),
            "Keep the database as it is, copy it and the saved heads, and follow docs/operations.md (The access log).",
        )),
    }
}

fn read(path: &Path) -> Result<Vec<Note>, Failure> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| Failure::run("not-found", format!("{} can't be read: {}", path.display(), error.kind()), "Check the path."))?;
    let (notes, cut) =
        Note::all(&text).map_err(|line| argument(format!("{}: what begins at line {line} is not a signed head", path.display())))?;
    if notes.is_empty() {
        return Err(argument(format!("{}: there is no signed head in it", path.display())));
    }
    if cut {
        eprintln!("{}: one head is not whole (a write that was cut short) and is left out", path.display());
    }
    Ok(notes)
}

/// One organization's outcome, on one line.
fn line(outcome: &Outcome) -> String {
    let organization = outcome.organization;
    if let Some(broken) = &outcome.broken {
        let place = broken.sequence.map(|sequence| format!(" at place {sequence}")).unwrap_or_default();
        let entry = broken.entry.map(|entry| format!(", entry {entry}")).unwrap_or_default();
        return format!("{organization}  BROKEN{place}{entry}: {}", broken.wrong);
    }
    let mut parts = vec![format!("{} sealed", outcome.size)];
    if outcome.pruned > 0 {
        parts.push(format!("the first {} pruned", outcome.pruned));
    }
    match &outcome.head {
        Some(head) => parts.push(format!("{} of them covered by the head signed at {}", head.size, moment(head.at))),
        None if outcome.size > 0 => parts.push("no head signed yet".to_owned()),
        None => {}
    }
    if outcome.unsealed > 0 {
        parts.push(format!("{} not sealed yet", outcome.unsealed));
    }
    if outcome.late > 0 {
        parts.push(format!("{} sealed more than an hour after their time (jobs did not run)", outcome.late));
    }
    format!("{organization}  ok: {}", parts.join(", "))
}
