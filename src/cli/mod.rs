//! Floor 5: commands. `--help` of each is its manual.
//!
//! To add a command: a variant with doc comments here, its function in a file of its own, a line in
//! `docs/operations.md`.

mod access_log;
mod admin;
mod backup;
mod demo;
pub mod failure;
mod invite;
mod keys;
mod letter_text;
mod letters;
mod migrate;
mod notices;
mod patient;
mod questionnaire;
mod retention;
pub mod rows;
mod serve;
mod support;
mod token;
mod webhook;

use crate::app::{App, Machine};
use crate::config::Settings;
use clap::{Parser, Subcommand};
use failure::Failure;
use std::path::PathBuf;

/// Patient self-report questionnaires: issued by link, answered on a phone, read before the visit.
///
/// Settings come from a TOML file (--config) with KARTLEGGING_* environment variables over it; every
/// one has a default. Try `kartlegging demo` first.
#[derive(Debug, Parser)]
#[command(name = "kartlegging", version, propagate_version = true)]
pub struct Arguments {
    /// TOML file with settings.
    #[arg(long, global = true, env = "KARTLEGGING_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve patients, clinicians and systems.
    Serve,
    /// Serve with invented data in ./kartlegging-data and print how to try it.
    Demo(demo::Options),
    /// Apply migrations to the database, or show which are missing.
    #[command(subcommand)]
    Migrate(migrate::Command),
    /// Check forms, or list the ones that are served.
    #[command(subcommand)]
    Questionnaire(questionnaire::Command),
    /// Add or list organizations (health trusts, municipalities), set what their receipts and mails say and how long data is kept.
    #[command(subcommand)]
    Organization(admin::OrganizationCommand),
    /// Add or list units of an organization, set what their receipts say and when and how they send notices.
    #[command(subcommand)]
    Unit(admin::UnitCommand),
    /// Add or list clients (letter systems, EHRs).
    #[command(subcommand)]
    Client(admin::ClientCommand),
    /// Add or list clinicians with their roles.
    #[command(subcommand)]
    Clinician(admin::ClinicianCommand),
    /// Add, list, change and try webhooks: where other systems are told of what happens.
    #[command(subcommand)]
    Webhook(webhook::Command),
    /// Issue API tokens of the built-in issuer.
    #[command(subcommand)]
    Token(token::Command),
    /// Create a key file; add, rotate, retire and show versions of keys.
    #[command(subcommand)]
    Keys(keys::Command),
    /// Check the access log against its seals and signed heads; show heads and public keys.
    #[command(subcommand)]
    AccessLog(access_log::Command),
    /// Export everything that is held about a patient, or erase it.
    #[command(subcommand)]
    Patient(patient::Command),
    /// Copy an SQLite database while it is in use; on PostgreSQL print the lines that do it.
    Backup(backup::BackupOptions),
    /// Put a backup in place after checking it; on PostgreSQL print the lines that do it.
    Restore(backup::RestoreOptions),
    /// Issue invitations for the rows of a CSV file.
    Invite(invite::Options),
    /// Print the letter slips of many invitations into one PDF.
    Letters(letters::Options),
}

/// Runs a command.
pub async fn run(arguments: Arguments) -> Result<(), Failure> {
    let load = || Settings::load(arguments.config.as_deref(), &std::env::vars().collect());
    match arguments.command {
        Command::Serve => serve::run(load()?).await,
        Command::Demo(options) => demo::run(options, load).await,
        Command::Migrate(command) => migrate::run(&command, &load()?).await,
        Command::Questionnaire(command) => questionnaire::run(&command, load),
        Command::Organization(command) => admin::organization(command, &app(load()?).await?).await,
        Command::Unit(command) => admin::unit(command, &app(load()?).await?).await,
        Command::Client(command) => admin::client(command, &app(load()?).await?).await,
        Command::Clinician(command) => admin::clinician(command, &app(load()?).await?).await,
        Command::Webhook(command) => webhook::run(command, &app(load()?).await?).await,
        Command::Token(command) => token::run(&command, &app(load()?).await?).await,
        Command::Keys(command) => keys::run(&command, load).await,
        Command::AccessLog(command) => access_log::run(command, load()?).await,
        Command::Patient(command) => patient::run(command, &app(load()?).await?).await,
        Command::Backup(options) => backup::back_up(&options, &load()?),
        Command::Restore(options) => backup::restore(&options, &load()?).await,
        Command::Invite(options) => invite::run(&options, &app(load()?).await?).await,
        Command::Letters(options) => letters::run(&options, &app(load()?).await?).await,
    }
}

/// The application for a command that does one thing: no migrations but on an embedded database.
async fn app(settings: Settings) -> Result<App, Failure> {
    let migrate = settings.migrate.unwrap_or(settings.is_sqlite());
    App::build(settings, migrate, Machine::default()).await
}

/// An argument that does not fit.
fn argument(detail: String) -> Failure {
    Failure::config("argument-invalid", detail, "Run the command with --help to see what it takes.")
}
