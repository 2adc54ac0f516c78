//! `kartlegging organization|unit|client|clinician`

use super::failure::Failure;
use super::{argument, letter_text, notices, retention, support};
use crate::app::App;
use crate::domain::actor::{Grant, Scope};
use crate::domain::identifier::{IdentifierError, IdentifierSystem, PatientIdentifier};
use crate::domain::ids::{ClinicianId, OrganizationId, UnitId};
use crate::services::admin::{self, Error, NewClinician, NewOrganization, NewUnit};
use crate::services::support_text::Owner;
use clap::{Args, Subcommand};
use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// More than a national id and a line break weigh, bytes.
const MAX_NATIONAL_ID: u64 = 64;

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
    /// Show, set, try or reset the text of letters, of the organization or of a unit.
    LetterText(letter_text::Options),
    /// Show or set whether mails may name who sends them. A name can tell what a mail is about.
    Mail {
        /// Organization id.
        #[arg(long)]
        organization: String,
        /// yes or no.
        #[arg(long, value_parser = ["yes", "no"])]
        sender_names: Option<String>,
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
        /// Its name alone would tell what a patient is treated for: letters name the organization only.
        #[arg(long)]
        discreet: bool,
    },
    /// Say whether letters may name the unit (off) or the organization only (on).
    Discreet {
        /// Organization id.
        #[arg(long)]
        organization: String,
        /// Unit id.
        #[arg(long)]
        unit: String,
        /// on or off.
        #[arg(value_parser = ["on", "off"])]
        turn: String,
    },
    /// Say at which provider the unit's patients sign in, instead of telling their birth date; `none`: nowhere.
    SignIn {
        /// Organization id.
        #[arg(long)]
        organization: String,
        /// Unit id.
        #[arg(long)]
        unit: String,
        /// Name of a provider in the settings, or none.
        provider: String,
    },
    /// List units.
    List {
        /// Only of this organization.
        #[arg(long)]
        organization: Option<String>,
    },
    /// Show or set when the unit's patients get a notice and a reminder.
    Plan {
        /// Organization id.
        #[arg(long)]
        organization: String,
        /// Unit id.
        #[arg(long)]
        unit: String,
        #[command(flatten)]
        options: notices::PlanOptions,
    },
    /// Show or set the names and addresses of the unit's mails.
    Mail {
        /// Organization id.
        #[arg(long)]
        organization: String,
        /// Unit id.
        #[arg(long)]
        unit: String,
        #[command(flatten)]
        options: notices::MailOptions,
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
        /// What it may do: invitations:write, invitations:read, letters:render, responses:read, patients:read,
        /// messages:render, deliveries:manage, statistics:read. Repeat for several.
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
        /// File with the clinician's own national id, or - for standard input: see `clinician national-id`.
        #[arg(long, value_name = "FILE")]
        national_id_file: Option<PathBuf>,
    },
    /// Set or remove a clinician's own national id, so that the access log's report can tell that a patient
    /// is a colleague. Only a keyed hash of it is kept.
    NationalId {
        /// Clinician id.
        #[arg(long)]
        clinician: String,
        #[command(flatten)]
        what: NationalIdSource,
    },
    /// List clinicians with their roles.
    List,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(super) struct NationalIdSource {
    /// File that holds it and nothing else, or - for standard input.
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Remove it.
    #[arg(long)]
    remove: bool,
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
            Error::Scopes => argument(
                "none of the client's scopes can be about one patient; it needs responses:read, responses:write, patients:read or invitations:read"
                    .to_owned(),
            ),
            Error::Fault(fault) => fault.into(),
        }
    }
}

pub(super) fn organization_id(text: &str) -> Result<OrganizationId, Failure> {
    OrganizationId::parse(text)
        .ok_or_else(|| argument("--organization is not an id; `kartlegging organization list` shows them".to_owned()))
}

pub(super) fn unit_id(text: &str) -> Result<UnitId, Failure> {
    UnitId::parse(text).ok_or_else(|| argument("--unit is not an id; `kartlegging unit list` shows them".to_owned()))
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
        OrganizationCommand::LetterText(options) => letter_text::run(&app.services, &options).await?,
        OrganizationCommand::Mail { organization, sender_names } => {
            let allowed = sender_names.map(|word| word == "yes");
            notices::names(&app.services, organization_id(&organization)?, allowed).await?;
        }
        OrganizationCommand::Retention { organization, options } => {
            retention::run(&app.services, organization_id(&organization)?, &options).await?;
        }
    }
    Ok(())
}

pub(super) async fn unit(command: UnitCommand, app: &App) -> Result<(), Failure> {
    match command {
        UnitCommand::Add { organization, name, phone, external_id, questionnaire, threshold, discreet } => {
            let form = match questionnaire.split_once('@') {
                None => (questionnaire, None),
                Some((name, version)) => (name.to_owned(), Some(version.to_owned())),
            };
            let new = NewUnit { organization: organization_id(&organization)?, name, phone, external_id, form, threshold, discreet };
            println!("{}", admin::add_unit(&app.services, new).await?);
        }
        UnitCommand::List { organization } => {
            let organization = organization.as_deref().map(organization_id).transpose()?;
            for one in admin::list_units(&app.services, organization).await? {
                let discreet = if one.discreet { "  (discreet)" } else { "" };
                println!("{}  organization {}  {}  {}{discreet}", one.id, one.organization, one.questionnaire_name, one.name);
            }
        }
        UnitCommand::Discreet { organization, unit, turn } => {
            admin::set_discreet(&app.services, organization_id(&organization)?, unit_id(&unit)?, turn == "on").await?;
        }
        UnitCommand::SignIn { organization, unit, provider } => {
            let provider = Some(provider).filter(|name| name != "none");
            admin::set_patient_provider(&app.services, organization_id(&organization)?, unit_id(&unit)?, provider).await?;
        }
        UnitCommand::Plan { organization, unit, options } => {
            notices::plan(&app.services, organization_id(&organization)?, unit_id(&unit)?, &options).await?;
        }
        UnitCommand::Mail { organization, unit, options } => {
            notices::mail(&app.services, organization_id(&organization)?, unit_id(&unit)?, &options).await?;
        }
        UnitCommand::Support { organization, unit, options } => {
            let owner = Owner { organization: organization_id(&organization)?, unit: Some(unit_id(&unit)?) };
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

/// A national id of a file or standard input: never of the command line, which other users of the
/// machine can see.
fn national_id(path: &Path, app: &App) -> Result<PatientIdentifier, Failure> {
    let mut text = Zeroizing::new(String::new());
    let read = if path == Path::new("-") {
        std::io::stdin().take(MAX_NATIONAL_ID).read_to_string(&mut text)
    } else {
        File::open(path).and_then(|file| file.take(MAX_NATIONAL_ID).read_to_string(&mut text))
    };
    read.map_err(|error| Failure::run("not-found", format!("{} can't be read: {}", path.display(), error.kind()), "Check the path."))?;
    let parse = |system: IdentifierSystem| PatientIdentifier::parse(system.uri(), None, &text, app.settings.allow_synthetic_persons);
    let first = parse(IdentifierSystem::Fnr);
    // A number that is none of the first kind may be one of the second.
    let found = if first == Err(IdentifierError::Number) { parse(IdentifierSystem::DNumber) } else { first };
    found.map_err(|error| argument(format!("{}: {error}", path.display())))
}

pub(super) async fn clinician(command: ClinicianCommand, app: &App) -> Result<(), Failure> {
    match command {
        ClinicianCommand::Add { organization, name, hpr, subject, roles, national_id_file } => {
            // Before anything is written.
            let national_id = national_id_file.map(|path| national_id(&path, app)).transpose()?;
            let grants = roles
                .iter()
                .map(|word| {
                    admin::parse_grant(word).ok_or_else(|| {
                        argument(format!("--role {word} is not clinician:UNIT, unit_admin:UNIT, organization_admin or auditor"))
                    })
                })
                .collect::<Result<BTreeSet<Grant>, _>>()?;
            let new = NewClinician { organization: organization_id(&organization)?, name, hpr_number: hpr, subject, grants };
            let id = admin::add_clinician(&app.services, new).await?;
            if national_id.is_some() {
                admin::set_national_id(&app.services, id, national_id).await?;
            }
            println!("{id}");
        }
        ClinicianCommand::NationalId { clinician, what } => {
            let id = ClinicianId::parse(&clinician)
                .ok_or_else(|| argument("--clinician is not an id; `kartlegging clinician list` shows them".to_owned()))?;
            let identifier = what.file.map(|path| national_id(&path, app)).transpose()?;
            admin::set_national_id(&app.services, id, identifier).await?;
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
