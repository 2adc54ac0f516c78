//! `kartlegging organization|unit|client|clinician`

use super::failure::Failure;
use super::{argument, retention, support};
use crate::app::App;
use crate::domain::actor::{Grant, Scope};
use crate::domain::ids::{OrganizationId, UnitId};
use crate::services::admin::{self, Error, NewClinician, NewOrganization, NewUnit};
use crate::services::support_text::Owner;
use clap::Subcommand;
use std::collections::BTreeSet;

#[derive(Debug, Subcommand)]
pub(super) enum OrganizationCommand {
    /// Add an organization; prints its id.
    Add {
        /// Name as patients know it.
        #[arg(long)]
        name: String,
        /// `health_trust` or municipality.
        #[arg(long, default_value = "health_trust", value_parser = ["health_trust", "municipality"])]
        kind: String,
        /// Organization number, nine digits.
        #[arg(long)]
        number: String,
        /// Phone that patients may call.
        #[arg(long)]
        phone: String,
        /// Score at or above which a response is marked for clinicians.
        #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(i32).range(0..=100))]
        threshold: i32,
        /// Where the threshold is taken from; shown beside it.
        #[arg(long, default_value = "NCCN Distress Thermometer, cut-off 4")]
        threshold_source: String,
        /// Days before and after a visit in which clinicians of its unit may read.
        #[arg(long, default_value_t = 90, value_parser = clap::value_parser!(i32).range(1..=3650))]
        care_window_days: i32,
    },
    /// List organizations.
    List,
    /// Set, remove or show the places to turn to that receipts may name. A unit's own text goes before it.
    Support {
        /// Organization id.
        #[arg(long)]
        organization: String,
        #[command(flatten)]
        options: support::Options,
    },
    /// Show or set how long each kind of data is kept.
    Retention {
        /// Organization id.
        #[arg(long)]
        organization: String,
        #[command(flatten)]
        options: retention::Options,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum UnitCommand {
    /// Add a unit; prints its id.
    Add {
        /// Organization id.
        #[arg(long)]
        organization: String,
        /// Name as patients know it.
        #[arg(long)]
        name: String,
        /// Phone that patients may call.
        #[arg(long)]
        phone: String,
        /// The EHR's id of the unit (RESH).
        #[arg(long)]
        external_id: Option<String>,
        /// Default form: name, or name@version.
        #[arg(long, default_value = "distress-thermometer")]
        questionnaire: String,
        /// Threshold of its own.
        #[arg(long)]
        threshold: Option<i32>,
    },
    /// List units.
    List {
        /// Only of this organization.
        #[arg(long)]
        organization: Option<String>,
    },
    /// Set, remove or show the places to turn to that the unit's receipts may name.
    Support {
        /// Organization id.
        #[arg(long)]
        organization: String,
        /// Unit id.
        #[arg(long)]
        unit: String,
        #[command(flatten)]
        options: support::Options,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum ClientCommand {
    /// Add a client; prints its id.
    Add {
        /// Organization id.
        #[arg(long)]
        organization: String,
        /// Name.
        #[arg(long)]
        name: String,
        /// Its `client_id` at an external issuer.
        #[arg(long)]
        external_id: Option<String>,
        /// What it may do: invitations:write, invitations:read, responses:read, patients:read. Repeat for several.
        #[arg(long = "scope", required = true)]
        scopes: Vec<String>,
    },
    /// List clients.
    List,
}

#[derive(Debug, Subcommand)]
pub(super) enum ClinicianCommand {
    /// Add a clinician; prints their id.
    Add {
        /// Organization id.
        #[arg(long)]
        organization: String,
        /// Name.
        #[arg(long)]
        name: String,
        /// Number in the register of health personnel.
        #[arg(long)]
        hpr: Option<String>,
        /// Subject at an external issuer without HPR numbers.
        #[arg(long)]
        subject: Option<String>,
        /// clinician:UNIT, `unit_admin:UNIT`, `organization_admin` or auditor. Repeat for several.
        #[arg(long = "role", required = true)]
        roles: Vec<String>,
    },
    /// List clinicians with their roles.
    List,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let detail = error.to_string();
        match error {
            Error::Exists(_) => Self::run("exists", detail, "Use the one that is there (see `list`), or another name or number."),
            Error::NotFound(_) => Self::run("not-found", detail, "Check the id with `list`."),
            Error::Form => argument("no such questionnaire; `kartlegging questionnaire list` shows them".to_owned()),
            Error::Role => {
                argument("clinician and unit_admin need a unit (role:UNIT), organization_admin and auditor have none".to_owned())
            }
            Error::Fault(fault) => fault.into(),
        }
    }
}

pub(super) fn organization_id(text: &str) -> Result<OrganizationId, Failure> {
    OrganizationId::parse(text)
        .ok_or_else(|| argument("--organization is not an id; `kartlegging organization list` shows them".to_owned()))
}

pub(super) async fn organization(command: OrganizationCommand, app: &App) -> Result<(), Failure> {
    match command {
        OrganizationCommand::Add { name, kind, number, phone, threshold, threshold_source, care_window_days } => {
            if number.len() != 9 || !number.bytes().all(|b| b.is_ascii_digit()) {
                return Err(argument("--number must have nine digits".to_owned()));
            }
            let id = admin::add_organization(
                &app.services,
                NewOrganization { name, kind, number, phone, threshold, threshold_source, care_window_days },
            )
            .await?;
            println!("{id}");
        }
        OrganizationCommand::List => {
            for one in admin::list_organizations(&app.services).await? {
                println!("{}  {}  {}  {}  threshold {} ({})", one.id, one.number, one.kind, one.name, one.threshold, one.threshold_source);
            }
        }
        OrganizationCommand::Support { organization, options } => {
            let owner = Owner { organization: organization_id(&organization)?, unit: None };
            support::run(&app.services, owner, &options).await?;
        }
        OrganizationCommand::Retention { organization, options } => {
            retention::run(&app.services, organization_id(&organization)?, &options).await?;
        }
    }
    Ok(())
}

pub(super) async fn unit(command: UnitCommand, app: &App) -> Result<(), Failure> {
    match command {
        UnitCommand::Add { organization, name, phone, external_id, questionnaire, threshold } => {
            let form = match questionnaire.split_once('@') {
                None => (questionnaire, None),
                Some((name, version)) => (name.to_owned(), Some(version.to_owned())),
            };
            let new = NewUnit { organization: organization_id(&organization)?, name, phone, external_id, form, threshold };
            println!("{}", admin::add_unit(&app.services, new).await?);
        }
        UnitCommand::List { organization } => {
            let organization = organization.as_deref().map(organization_id).transpose()?;
            for one in admin::list_units(&app.services, organization).await? {
                println!("{}  organization {}  {}  {}", one.id, one.organization, one.questionnaire_name, one.name);
            }
        }
        UnitCommand::Support { organization, unit, options } => {
            let unit =
                UnitId::parse(&unit).ok_or_else(|| argument("--unit is not an id; `kartlegging unit list` shows them".to_owned()))?;
            let owner = Owner { organization: organization_id(&organization)?, unit: Some(unit) };
            support::run(&app.services, owner, &options).await?;
        }
    }
    Ok(())
}

pub(super) async fn client(command: ClientCommand, app: &App) -> Result<(), Failure> {
    match command {
        ClientCommand::Add { organization, name, external_id, scopes } => {
            let scopes = scopes
                .iter()
                .map(|word| {
                    Scope::parse(word)
                        .ok_or_else(|| argument(format!("--scope {word} is not one of {}", Scope::ALL.map(Scope::word).join(", "))))
                })
                .collect::<Result<BTreeSet<_>, _>>()?;
            println!("{}", admin::add_client(&app.services, organization_id(&organization)?, name, external_id, scopes).await?);
        }
        ClientCommand::List => {
            for one in admin::list_clients(&app.services).await? {
                let scopes: Vec<&str> = one.scopes.iter().map(|scope| scope.word()).collect();
                println!("{}  organization {}  {}  {}", one.id, one.organization, scopes.join(","), one.name);
            }
        }
    }
    Ok(())
}

pub(super) async fn clinician(command: ClinicianCommand, app: &App) -> Result<(), Failure> {
    match command {
        ClinicianCommand::Add { organization, name, hpr, subject, roles } => {
            let grants = roles
                .iter()
                .map(|word| {
                    admin::parse_grant(word).ok_or_else(|| {
                        argument(format!("--role {word} is not clinician:UNIT, unit_admin:UNIT, organization_admin or auditor"))
                    })
                })
                .collect::<Result<BTreeSet<Grant>, _>>()?;
            let new = NewClinician { organization: organization_id(&organization)?, name, hpr_number: hpr, subject, grants };
            println!("{}", admin::add_clinician(&app.services, new).await?);
        }
        ClinicianCommand::List => {
            for one in admin::list_clinicians(&app.services).await? {
                let roles: Vec<String> = one
                    .grants
                    .iter()
                    .map(|grant| grant.unit.map_or_else(|| grant.role.word().to_owned(), |unit| format!("{}:{unit}", grant.role.word())))
                    .collect();
                println!("{}  organization {}  {}  {}", one.id, one.organization, roles.join(","), one.name);
            }
        }
    }
    Ok(())
}
