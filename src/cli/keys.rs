//! `kartlegging keys`

use super::failure::Failure;
use super::{app, argument};
use crate::app::App;
use crate::config::{Settings, keys};
use crate::crypto::entropy::SystemEntropy;
use crate::crypto::ring::Purpose;
use crate::domain::ids::OrganizationId;
use crate::services::keys::rotate::Progress;
use crate::services::keys::{self as service, Error, Target, VersionStatus, retire, rotate};
use crate::storage::key_use::Use;
use clap::Subcommand;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;
use uuid::Uuid;

/// What it is called beside the purposes.
const ORGANIZATION: &str = "organization";

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Make a key file at `keys_file`; never over one that is there.
    Create,
    /// Add a version of a purpose to the key file: all instances read with it, none makes anything with
    /// it before `keys rotate`.
    Add {
        /// root, link, lookup, session or issuer.
        purpose: String,
    },
    /// Let the newest version make what is new, and put under it what is under older ones. Safe to
    /// end and run again, while the service serves.
    Rotate {
        /// A purpose, or organization: a new key of an organization itself.
        purpose: String,
        /// Which organization; all, one after the other, where none is named.
        #[arg(long, value_name = "ID")]
        organization: Option<String>,
    },
    /// Take a version out, when nothing needs it any more.
    Retire {
        /// A purpose, or organization.
        purpose: String,
        /// Version.
        #[arg(value_name = "VERSION")]
        number: u16,
        /// Which organization.
        #[arg(long, value_name = "ID")]
        organization: Option<String>,
        /// Don't wait for what dies out by itself: sessions end, devices are not recognised. For a key
        /// that has leaked.
        #[arg(long)]
        now: bool,
    },
    /// Show every version: since when, whether it makes what is new, how many rows need it.
    Status,
}

pub(super) async fn run(command: &Command, settings: impl Fn() -> Result<Settings, Failure>) -> Result<(), Failure> {
    let settings = settings()?;
    match command {
        Command::Create => {
            if let Some(folder) = settings.keys_file.parent() {
                let _ = std::fs::create_dir_all(folder);
            }
            keys::create(&settings.keys_file, &SystemEntropy::default())?;
            println!("{} is made; keep a copy elsewhere than the database's backup", settings.keys_file.display());
            Ok(())
        }
        Command::Add { purpose } => add(&settings, purpose),
        Command::Rotate { purpose, organization } => {
            let app = app(settings).await?;
            for target in targets(&app, purpose, organization.as_deref()).await? {
                rotate(&app, target).await?;
            }
            Ok(())
        }
        Command::Retire { purpose, number, organization, now } => {
            let target = match (parse(purpose)?, organization) {
                (None, None) => return Err(argument("--organization is missing: whose key is it?".to_owned())),
                (own, organization) => target(own, organization.as_deref())?,
            };
            retire(&app(settings).await?, target, *number, *now).await
        }
        Command::Status => {
            // Building the application compares every version with what the database knows.
            let app = app(settings).await?;
            let all = service::status(&app.services).await?;
            for own in &all {
                println!("{}", line(own));
            }
            println!("all of them are the ones this database was used with");
            Ok(())
        }
    }
}

/// `None`: the organizations' own keys.
fn parse(word: &str) -> Result<Option<Purpose>, Failure> {
    if word == ORGANIZATION {
        return Ok(None);
    }
    let words: Vec<&str> = Purpose::ALL.into_iter().map(Purpose::word).collect();
    Purpose::parse(word).map(Some).ok_or_else(|| argument(format!("{word} is none of {} and {ORGANIZATION}", words.join(", "))))
}

fn target(purpose: Option<Purpose>, organization: Option<&str>) -> Result<Target, Failure> {
    match (purpose, organization) {
        (Some(purpose), None) => Ok(Target::Purpose(purpose)),
        (Some(_), Some(_)) => Err(argument("--organization goes with organization only".to_owned())),
        (None, organization) => {
            let id = organization.and_then(OrganizationId::parse);
            id.map(Target::Organization).ok_or_else(|| argument("--organization is not an id".to_owned()))
        }
    }
}

async fn targets(app: &App, purpose: &str, organization: Option<&str>) -> Result<Vec<Target>, Failure> {
    match (parse(purpose)?, organization) {
        (None, None) => {
            let all = crate::services::admin::list_organizations(&app.services).await?;
            Ok(all.into_iter().map(|organization| Target::Organization(organization.id)).collect())
        }
        (purpose, organization) => Ok(vec![target(purpose, organization)?]),
    }
}

fn add(settings: &Settings, purpose: &str) -> Result<(), Failure> {
    let purpose = parse(purpose)?.ok_or_else(|| {
        argument("organizations have their keys in the database: `kartlegging keys rotate organization` makes one".to_owned())
    })?;
    if settings.keys.is_some() {
        return Err(argument(
            "the keys come from KARTLEGGING_KEYS, which can't be changed from here: add the version to a copy in a file \
             (KARTLEGGING_KEYS_FILE), then start every instance again with the new text"
                .to_owned(),
        ));
    }
    let version = keys::add(&settings.keys_file, purpose, &SystemEntropy::default())?;
    println!("{} key version {version} is in {}", purpose.word(), settings.keys_file.display());
    println!("running instances read it within seconds; give the file to instances on other machines, make its safe copy,");
    println!("then run: kartlegging keys rotate {}", purpose.word());
    Ok(())
}

async fn rotate(app: &App, target: Target) -> Result<(), Failure> {
    let bar = bar();
    let mut tell = |progress: Progress| tell(&bar, progress);
    let done = rotate::rotate(&app.services, target, &mut tell).await.map_err(|error| failure(&error, target, 0))?;
    bar.finish_and_clear();
    println!("{} key version {} makes what is new; {} rows were put under it", word(target), done.version, done.rows);
    Ok(())
}

fn bar() -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
    }
    let bar = ProgressBar::new(0);
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos}/{len} rows, {eta} left") {
        bar.set_style(style);
    }
    bar
}

/// A bar on a terminal, a line for each tenth elsewhere.
fn tell(bar: &ProgressBar, progress: Progress) {
    match progress {
        Progress::Waits(instances) => {
            bar.suspend(|| println!("waiting for {} to know it: {}", instances.len(), names(&instances)));
        }
        Progress::Active(version) => bar.suspend(|| println!("version {version} makes what is new")),
        Progress::Rows(done, total) => {
            let tenth = |rows: u64| rows * 10 / total.max(1);
            if bar.is_hidden() && (done == total || tenth(done) > tenth(bar.position())) {
                println!("{done} of {total} rows");
            }
            bar.set_length(total);
            bar.set_position(done);
        }
    }
}

async fn retire(app: &App, target: Target, version: u16, now: bool) -> Result<(), Failure> {
    let bar = bar();
    let mut tell = |progress: Progress| tell(&bar, progress);
    retire::retire(&app.services, target, version, now, &mut tell).await.map_err(|error| failure(&error, target, version))?;
    println!("{} key version {version} is retired", word(target));
    let Target::Purpose(purpose) = target else { return Ok(()) };
    if app.settings.keys.is_some() {
        println!("take it out of KARTLEGGING_KEYS before the next start: a start that has it takes it for a new one");
        return Ok(());
    }
    if keys::remove(&app.settings.keys_file, purpose, version)? {
        println!("it is taken out of {}; take it out of the copies on other machines too", app.settings.keys_file.display());
    }
    retire::forget(&app.services, purpose, version).await.map_err(|error| failure(&error, target, version))
}

fn word(target: Target) -> &'static str {
    match target {
        Target::Purpose(purpose) => purpose.word(),
        Target::Organization(_) => ORGANIZATION,
    }
}

fn names(instances: &[(Uuid, bool)]) -> String {
    let name = |(id, reads_again): &(Uuid, bool)| {
        if *reads_again { format!("instance {id}") } else { format!("instance {id} (keys from the environment: start it again)") }
    };
    instances.iter().map(name).collect::<Vec<_>>().join(", ")
}

fn counts(uses: &[Use]) -> String {
    uses.iter().map(|own| format!("{} in {}", own.rows, own.table)).collect::<Vec<_>>().join(", ")
}

fn line(own: &VersionStatus) -> String {
    let name = match own.target {
        Target::Purpose(purpose) => purpose.word().to_owned(),
        Target::Organization(id) => format!("{ORGANIZATION} {id}"),
    };
    let day = |at: chrono::DateTime<chrono::Utc>| at.format("%Y-%m-%d %H:%M UTC").to_string();
    let since = own.since.map(|at| format!(", known since {}", day(at))).unwrap_or_default();
    let state = match own.active_at {
        Some(at) if own.is_active => format!("makes what is new since {}", day(at)),
        None if own.since.is_none() && matches!(own.target, Target::Purpose(_)) => "retired: take it out of the key file".to_owned(),
        None => "not used yet".to_owned(),
        Some(_) if own.uses.is_empty() => "needed by nothing: can be retired".to_owned(),
        Some(_) => format!("still needed: {}", counts(&own.uses)),
    };
    format!("{name:<8} version {}{since}: {state}", own.version)
}

fn failure(error: &Error, target: Target, version: u16) -> Failure {
    let name = word(target);
    match error {
        Error::NotFound => Failure::run(
            "not-found",
            format!("there is no {name} key version {version}, or no such organization"),
            "`kartlegging keys status` shows all.",
        ),
        Error::NothingNewer(version) => Failure::run(
            "exists",
            format!("{name} key version {version} makes what is new already, and nothing is left under older ones"),
            &format!("Add a version first: `kartlegging keys add {name}`."),
        ),
        Error::Active(version) => Failure::run(
            "key-needed",
            format!("{name} key version {version} makes what is new"),
            "Rotate to another version first: `kartlegging keys rotate`.",
        ),
        Error::Needed(uses) => {
            let passing = uses.iter().all(|own| own.passing);
            let remedy = if passing {
                "They die out by themselves; try again later. For a key that has leaked: --now."
            } else {
                "Run `kartlegging keys rotate` again; what it can't put under another version has to die out: docs/operations.md says when."
            };
            Failure::run("key-needed", format!("{name} key version {version} is still needed: {}", counts(uses)), remedy)
        }
        Error::Unsettled(seconds) => Failure::run(
            "key-needed",
            format!("requests that began before the rotation may still use {name} key version {version}"),
            &format!("Try again in {seconds} seconds."),
        ),
        Error::Unaware(instances) => Failure::run(
            "instances-unaware",
            format!("running instances do not know the {name} key that is needed: {}", names(instances)),
            "Give them the key file, start again those with KARTLEGGING_KEYS, and run the command again. An instance that has died is forgotten after three minutes.",
        ),
        Error::Left(rows) => Failure::run(
            "key-needed",
            format!("{rows} rows stay under older versions of the {name} key"),
            "Run the command again; if the number stays, report this.",
        ),
        Error::Fault(fault) => fault.clone().into(),
    }
}
