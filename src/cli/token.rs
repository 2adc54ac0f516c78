//! `kartlegging token`

use super::argument;
use super::failure::Failure;
use crate::app::App;
use crate::domain::ids::{ClientId, ClinicianId, PatientId};
use crate::services::admin::{Bearer, issue_token};
use crate::services::clinic_session::{self, issue_link};
use chrono::Duration;
use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Issue a token (Ed25519-signed JWT) and print it. For small installations and for trying things
    /// out; larger ones configure an issuer of their own.
    Issue(Issue),
    /// Print a link that signs a clinician in, once, within ten minutes. For trying things out, and for
    /// when the provider of sign-in is away. Who has it is that clinician; the access log says that it
    /// was made and used.
    LoginLink {
        /// Clinician id.
        #[arg(long)]
        clinician: String,
    },
}

#[derive(Debug, Args)]
pub(super) struct Issue {
    #[command(flatten)]
    bearer: Who,
    /// For one patient only: the id of the patient here. The token then has those of the client's scopes
    /// that can be about one patient, as scopes `patient/…` of SMART.
    #[arg(long)]
    patient: Option<String>,
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

impl From<clinic_session::Error> for Failure {
    fn from(error: clinic_session::Error) -> Self {
        let detail = error.to_string();
        match error {
            clinic_session::Error::Fault(fault) => fault.into(),
            clinic_session::Error::Roles | clinic_session::Error::Unit => argument(detail),
            clinic_session::Error::Clinician | clinic_session::Error::Link | clinic_session::Error::Ended => {
                Self::run("not-found", detail, "Check the id with `clinician list`.")
            }
        }
    }
}

fn no_id() -> Failure {
    argument("that is not an id; `client list` and `clinician list` show them".to_owned())
}

pub(super) async fn run(command: &Command, app: &App) -> Result<(), Failure> {
    match command {
        Command::Issue(options) => issue(options, app).await,
        Command::LoginLink { clinician } => {
            let id = ClinicianId::parse(clinician).ok_or_else(no_id)?;
            println!("{}", issue_link(&app.services, id).await?);
            Ok(())
        }
    }
}

async fn issue(Issue { bearer, patient, minutes }: &Issue, app: &App) -> Result<(), Failure> {
    let bearer = match (&bearer.client, &bearer.clinician) {
        (Some(id), _) => ClientId::parse(id).map(Bearer::Client),
        (None, Some(id)) => ClinicianId::parse(id).map(Bearer::Clinician),
        (None, None) => None,
    };
    let bearer = match (bearer.ok_or_else(no_id)?, patient) {
        (Bearer::Client(client), Some(id)) => {
            let unread = || argument("--patient is not an id; the API answers it as `patient`".to_owned());
            Bearer::ClientFor(client, PatientId::parse(id).ok_or_else(unread)?)
        }
        (bearer, None) => bearer,
        (_, Some(_)) => {
            return Err(argument("--patient goes with --client: a clinician's token is good for whom their roles say".to_owned()));
        }
    };
    println!(
        "{}",
        issue_token(&app.services, &app.settings.token_issuer, &app.settings.token_audience, bearer, Duration::minutes(*minutes)).await?
    );
    Ok(())
}
