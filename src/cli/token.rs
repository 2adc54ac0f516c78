//! `kartlegging token`

use super::argument;
use super::failure::Failure;
use crate::app::App;
use crate::domain::ids::{ClientId, ClinicianId};
use crate::services::admin::{Bearer, issue_token};
use chrono::Duration;
use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Issue a token (Ed25519-signed JWT) and print it. For small installations and for trying things
    /// out; larger ones configure an issuer of their own.
    Issue(Issue),
}

#[derive(Debug, Args)]
pub(super) struct Issue {
    #[command(flatten)]
    bearer: Who,
    /// How many minutes it lives.
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(i64).range(1..=525_600))]
    minutes: i64,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Who {
    /// For this client id.
    #[arg(long)]
    client: Option<String>,
    /// For this clinician id.
    #[arg(long)]
    clinician: Option<String>,
}

pub(super) async fn run(command: &Command, app: &App) -> Result<(), Failure> {
    let Command::Issue(Issue { bearer, minutes }) = command;
    let bearer = match (&bearer.client, &bearer.clinician) {
        (Some(id), _) => ClientId::parse(id).map(Bearer::Client),
        (None, Some(id)) => ClinicianId::parse(id).map(Bearer::Clinician),
        (None, None) => None,
    };
    let bearer = bearer.ok_or_else(|| argument("that is not an id; `client list` and `clinician list` show them".to_owned()))?;
    println!(
        "{}",
        issue_token(&app.services, &app.settings.token_issuer, &app.settings.token_audience, bearer, Duration::minutes(*minutes)).await?
    );
    Ok(())
}
