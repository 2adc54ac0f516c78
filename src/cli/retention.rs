//! `kartlegging organization retention`: how long each kind of data is kept.

use super::argument;
use super::failure::Failure;
use crate::domain::ids::OrganizationId;
use crate::domain::retention::{Keep, Kind, Setting};
use crate::services::Services;
use crate::services::retention::{self, Error};
use clap::Args;
use std::collections::BTreeSet;

#[derive(Debug, Args)]
pub(super) struct Options {
    /// Keep a kind so many days: draft, response, invitation, contact, log or attempts. Repeat for several.
    #[arg(long, value_name = "KIND=DAYS")]
    set: Vec<String>,
    /// Keep a kind without an end: draft (as long as it can be handed in), response, invitation or log.
    #[arg(long, value_name = "KIND")]
    keep: Vec<String>,
    /// Show the times; without another option that is what happens.
    #[arg(long, conflicts_with_all = ["set", "keep"])]
    list: bool,
    /// Set a time although it deletes something at once.
    #[arg(long)]
    yes: bool,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let detail = error.to_string();
        match error {
            Error::NotFound => Self::run("not-found", detail, "Check the id with `organization list`."),
            Error::WouldDelete(_) => Self::config(
                "argument-invalid",
                format!("{detail}; nothing was set"),
                "Add --yes if that is what you want; it can't be taken back.",
            ),
            Error::Fault(fault) => fault.into(),
        }
    }
}

pub(super) async fn run(services: &Services, organization: OrganizationId, options: &Options) -> Result<(), Failure> {
    let set = options.set.iter().map(|text| Setting::parse(text));
    let keep = options.keep.iter().map(|word| Kind::parse(word).and_then(|kind| Setting::new(kind, Keep::Always)));
    let settings = set.chain(keep).collect::<Result<Vec<_>, _>>().map_err(|error| argument(error.to_string()))?;
    let kinds: BTreeSet<Kind> = settings.iter().map(|setting| setting.kind()).collect();
    if kinds.len() < settings.len() {
        return Err(argument("a kind stands twice".to_owned()));
    }
    if !settings.is_empty() {
        retention::set(services, organization, settings, options.yes).await?;
    }
    let schedule = retention::schedule(services, organization).await?;
    for kind in Kind::ALL {
        let whose = if schedule.is_own(kind) { "set" } else { "default" };
        println!("{:<11}{:<12}{whose}", kind.word(), schedule.keep(kind).to_string());
    }
    Ok(())
}
