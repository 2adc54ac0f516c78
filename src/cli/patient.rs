//! `kartlegging patient`: the rights of the person the data is about.

use super::admin::organization_id;
use super::argument;
use super::failure::Failure;
use super::support::language as language_of;
use crate::app::App;
use crate::domain::identifier::{IdentifierError, IdentifierSystem, PatientIdentifier};
use crate::domain::ids::{OrganizationId, PatientId};
use crate::services::erase_patient::{self, Error, Ground, Holding};
use crate::services::export_patient::{self, Export};
use crate::services::{Services, patients};
use clap::{Args, Subcommand};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

/// Files of an export.
const BUNDLE: &str = "bundle.json";
const PAGE: &str = "record.html";
/// More than a national id with what may stand around it.
const MAX_BYTES: u64 = 1024;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Write everything that is held about a patient into a new folder: bundle.json (FHIR R4) and
    /// record.html, which the patient can read. Both are as secret as the answers.
    Export {
        #[command(flatten)]
        whose: Whose,
        /// Folder to make; one that is there is left alone.
        #[arg(long, value_name = "FOLDER")]
        out: PathBuf,
        /// Language of the page: nb, nn or en.
        #[arg(long, default_value = "nb")]
        language: String,
    },
    /// Show what erasing a patient deletes and what it keeps; with --yes erase. It can't be taken back.
    Erase {
        #[command(flatten)]
        whose: Whose,
        /// On what ground, such as the patient's wish and who decided: kept encrypted in the access log.
        #[arg(long, value_name = "TEXT")]
        ground: String,
        /// Erase.
        #[arg(long)]
        yes: bool,
    },
}

#[derive(Debug, Args)]
pub(super) struct Whose {
    /// Organization id.
    #[arg(long)]
    organization: String,
    #[command(flatten)]
    who: Who,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Who {
    /// Patient id.
    #[arg(long, value_name = "ID")]
    patient: Option<String>,
    /// File with the national identity number alone in it; - reads it from standard input. It is never
    /// an argument: arguments can be read by others on the machine.
    #[arg(long, value_name = "FILE")]
    national_id_file: Option<PathBuf>,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let detail = error.to_string();
        match error {
            Error::NotFound(_) => Self::run("not-found", detail, "Check the ids; `organization list` shows organizations."),
            Error::Erased => Self::run("not-found", detail, "Nothing is held any more; the access log says when it was erased."),
            Error::Fault(fault) => fault.into(),
        }
    }
}

impl From<export_patient::Error> for Failure {
    fn from(error: export_patient::Error) -> Self {
        match error {
            export_patient::Error::NotFound(what) => Error::NotFound(what).into(),
            export_patient::Error::Erased => Error::Erased.into(),
            export_patient::Error::Fault(fault) => fault.into(),
        }
    }
}

pub(super) async fn run(command: Command, app: &App) -> Result<(), Failure> {
    match command {
        Command::Export { whose, out, language } => {
            let language = language_of(&language)?;
            let (organization, patient) = find(&app.services, &whose).await?;
            if out.symlink_metadata().is_ok() {
                return Err(there(&out));
            }
            let export = export_patient::export(&app.services, organization, patient, &language).await?;
            write(&out, &export)?;
            println!("{} and {} are written", out.join(BUNDLE).display(), out.join(PAGE).display());
            Ok(())
        }
        Command::Erase { whose, ground, yes } => {
            let ground = Ground::parse(&ground).map_err(|error| argument(format!("--ground: {error}")))?;
            let (organization, patient) = find(&app.services, &whose).await?;
            erase(&app.services, organization, patient, ground, yes).await
        }
    }
}

fn there(out: &Path) -> Failure {
    Failure::run("exists", format!("{} is there already; nothing was written", out.display()), "Name a folder that does not exist yet.")
}

/// Makes the folder and its files, readable by their owner only.
fn write(out: &Path, export: &Export) -> Result<(), Failure> {
    let failed = |error: &std::io::Error| {
        if error.kind() == std::io::ErrorKind::AlreadyExists {
            return there(out);
        }
        argument(format!("{} can't be written: {}", out.display(), error.kind()))
    };
    let mut folder = std::fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut folder, 0o700);
    folder.create(out).map_err(|error| failed(&error))?;
    for (name, text) in [(BUNDLE, format!("{:#}\n", export.bundle)), (PAGE, export.page.clone())] {
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let written = options.open(out.join(name)).and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            file.sync_all()
        });
        written.map_err(|error| failed(&error))?;
    }
    Ok(())
}

/// Whom it is about.
async fn find(services: &Services, whose: &Whose) -> Result<(OrganizationId, PatientId), Failure> {
    let organization = organization_id(&whose.organization)?;
    if let Some(id) = &whose.who.patient {
        let id = PatientId::parse(id).ok_or_else(|| argument("--patient is not an id".to_owned()))?;
        return Ok((organization, id));
    }
    let path = whose.who.national_id_file.as_deref().unwrap_or(Path::new("-"));
    let identifier = national_id(path, services.rules.allow_synthetic_persons)?;
    let known = crate::services::admin::list_organizations(services).await?;
    if !known.iter().any(|one| one.id == organization) {
        return Err(Error::NotFound("organization").into());
    }
    let patient = patients::identify(services, organization, identifier).await?;
    let nobody = || {
        Failure::run("not-found", "nothing is held about a patient with this number".to_owned(), "Check the number and the organization.")
    };
    Ok((organization, patient.ok_or_else(nobody)?))
}

/// Reads a number of any national series. No error quotes it.
fn national_id(path: &Path, allow_synthetic: bool) -> Result<PatientIdentifier, Failure> {
    let mut text = String::new();
    let read = if path == Path::new("-") {
        std::io::stdin().take(MAX_BYTES).read_to_string(&mut text)
    } else {
        std::fs::File::open(path).and_then(|file| file.take(MAX_BYTES).read_to_string(&mut text))
    };
    read.map_err(|error| Failure::run("not-found", format!("{} can't be read: {}", path.display(), error.kind()), "Check the path."))?;
    let text = text.trim_start_matches('\u{feff}').trim();
    let mut fault = IdentifierError::Number;
    for system in [IdentifierSystem::Fnr, IdentifierSystem::DNumber, IdentifierSystem::FhNumber] {
        match PatientIdentifier::parse(system.uri(), None, text, allow_synthetic) {
            Ok(identifier) => return Ok(identifier),
            Err(IdentifierError::Synthetic) => fault = IdentifierError::Synthetic,
            Err(_) => {}
        }
    }
    let why =
        if fault == IdentifierError::Synthetic { fault.to_string() } else { "that is not one valid national identity number".to_owned() };
    Err(argument(format!("--national-id-file: {why}")))
}

async fn erase(services: &Services, organization: OrganizationId, patient: PatientId, ground: Ground, yes: bool) -> Result<(), Failure> {
    if !yes {
        let held = erase_patient::holding(services, organization, patient).await?;
        println!("{}", told(patient, &held, "will be"));
        return Err(Failure::config(
            "argument-invalid",
            "nothing was erased".to_owned(),
            "Read the above, then run the same command with --yes. It can't be taken back.",
        ));
    }
    let held = erase_patient::erase(services, organization, patient, ground).await?;
    println!("{}", told(patient, &held, "was"));
    Ok(())
}

/// What goes and what stays, for whoever has to answer for it.
fn told(patient: PatientId, held: &Holding, verb: &str) -> String {
    let contact = if held.contact { ", address and phone for notices" } else { "" };
    format!(
        "Patient {patient}\n\
         \n\
         This {verb} erased:\n\
         \x20 the data key ({keys}): without it nothing that was encrypted for this patient can be read\n\
         \x20 name, birth date, {identifiers} identity numbers{contact}, {representatives} people who may answer in the patient's place\n\
         \x20 answers of {responses} responses in {versions} versions, with who gave them and the consent to forward\n\
         \x20 {drafts} drafts, {sessions} sessions; every link and code is dead\n\
         \x20 the EHR's ids of the visits\n\
         \n\
         This is kept, without name or number:\n\
         \x20 {entries} entries of the access log: who saw or did what is what the law asks for after the patient too\n\
         \x20 times and states of {appointments} visits and {invitations} invitations, which form was answered when, {reviews} marks that it was read\n\
         \x20 backups made before: they hold it until they are deleted, and their file of keys opens it (docs/data-retention.md)\n\
         \n\
         Answers that a clinician used for care may have to be kept under the duty to keep patient records\n\
         (pasientjournalforskriften). Whether they may go is for the organization to decide: --ground says who\n\
         did and why, and stands encrypted in the access log.",
        keys = held.keys,
        identifiers = held.identifiers,
        representatives = held.representatives,
        responses = held.responses,
        versions = held.versions,
        drafts = held.drafts,
        sessions = held.sessions,
        entries = held.entries,
        appointments = held.appointments,
        invitations = held.invitations,
        reviews = held.reviews,
    )
}
