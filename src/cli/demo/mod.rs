//! `kartlegging demo`: an embedded database with invented data, served, with ways to try it printed.

mod people;
mod seed;

use super::failure::Failure;
use super::serve::{bind, stop_on_signal};
use crate::app::{App, Machine};
use crate::config::{Settings, keys};
use crate::crypto::entropy::SystemEntropy;
use crate::services::admin::{Bearer, issue_token, list_clients, list_clinicians, list_organizations};
use crate::services::clinic_session;
use crate::telemetry;
use chrono::{Days, Duration};
use clap::Args;
use std::path::PathBuf;

/// Everything lives in one folder; delete it to begin anew. Started again it finds its data and
/// prints fresh links and tokens.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// Folder of database and keys.
    #[arg(long, default_value = "kartlegging-data")]
    data: PathBuf,
    /// Make the data, print, and end without serving.
    #[arg(long)]
    no_serve: bool,
}

pub(super) async fn run(options: Options, settings: impl Fn() -> Result<Settings, Failure>) -> Result<(), Failure> {
    let settings = demo_settings(settings()?, &options)?;
    if !telemetry::logs(settings.log_format, &settings.log_filter) {
        return Err(Failure::config("config-invalid", "log_filter can't be read".to_owned(), "Write it like info,sqlx=warn."));
    }
    let listener = if options.no_serve { None } else { Some(bind(&settings)?) };
    if !settings.keys_file.exists() && settings.keys.is_none() {
        keys::create(&settings.keys_file, &SystemEntropy::default())?;
    }
    let app = App::build(settings, true, Machine::default()).await?;
    if list_organizations(&app.services).await?.is_empty() {
        seed::all(&app.services).await?;
    }
    print(&app).await?;
    match listener {
        None => Ok(()),
        Some(listener) => app.serve(listener, stop_on_signal()?).await,
    }
}

/// The demo keeps to its folder and accepts test persons; the rest is as configured.
fn demo_settings(mut settings: Settings, options: &Options) -> Result<Settings, Failure> {
    std::fs::create_dir_all(&options.data).map_err(|error| {
        Failure::run(
            "database-unreachable",
            format!("the folder {} can't be made: {}", options.data.display(), error.kind()),
            "Check its rights, or name another with --data.",
        )
    })?;
    settings.database_url = format!("sqlite://{}", options.data.join("kartlegging.db").display());
    settings.keys_file = options.data.join("keys.toml");
    settings.allow_synthetic_persons = true;
    if settings.base_url == "http://127.0.0.1:8080" {
        settings.base_url = format!("http://{}", settings.listen);
    }
    if settings.mail_host.is_none() && settings.mail_folder.is_none() {
        settings.mail_folder = Some(options.data.join("mail"));
        settings.mail_from.get_or_insert_with(|| "svar@kartlegging.example".to_owned());
    }
    if settings.log_filter.starts_with("info") {
        settings.log_filter = settings.log_filter.replacen("info", "warn", 1);
    }
    Ok(settings)
}

async fn print(app: &App) -> Result<(), Failure> {
    let services = &app.services;
    let invited = seed::fresh_invitation(services).await?;
    let client = list_clients(services).await?.into_iter().find(|client| client.organization == invited.organization);
    let person = list_clinicians(services)
        .await?
        .into_iter()
        .find(|person| person.grants.iter().any(|grant| grant.unit == Some(invited.unit) && grant.role.word() == "clinician"));
    let (Some(client), Some(person)) = (client, person) else {
        return Err(Failure::run("not-found", "the demo data is not whole".to_owned(), "Delete the folder and start again."));
    };
    let token = |bearer| issue_token(services, &app.settings.token_issuer, &app.settings.token_audience, bearer, Duration::hours(12));
    let client_token = token(Bearer::Client(client.id)).await?;
    let clinician_token = token(Bearer::Clinician(person.id)).await?;
    let login = clinic_session::issue_link(services, person.id).await?;
    let base = app.settings.base();
    let today = crate::domain::clock::oslo_date(services.now());
    let until = today.checked_add_days(Days::new(14)).unwrap_or(today);
    let starts_at = (services.now() + Duration::days(9)).to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
    let nonce = crate::domain::ids::uuid_v7(services.now(), services.entropy.as_ref());
    let unit = invited.unit;
    println!(
        "\nKartlegging demo at {base} (invented people; delete {} to begin anew)\n\n\
         A patient's link   {}\n\
         its code           {}\n\
         birth date         {}\n\
         A client's token   {client_token}\n\
         A clinician's token ({}) {clinician_token}\n\
         Their sign-in, once, within ten minutes   {login}\n\n\
         Mails, should one be due, are written into {}\n\n\
         Try it: open the patient's form, issue an invitation, see the worklist\n\n\
         curl -sS {base}/api/v1/session -H 'content-type: application/json' -d '{{\"code\":\"{}\",\"birth_date\":\"{}\"}}'\n\n\
         curl -sS {base}/api/v1/invitations -H 'authorization: Bearer {client_token}' -H 'content-type: application/json' -H 'idempotency-key: {nonce}' -d '{{\"patient\":{{\"name\":\"Kari Oppdiktet\",\"birth_date\":\"1961-04-17\"}},\"appointment\":{{\"starts_at\":\"{starts_at}\",\"unit\":\"{unit}\"}}}}'\n\n\
         curl -sS '{base}/api/v1/worklist?unit={unit}&from={today}&to={until}' -H 'authorization: Bearer {clinician_token}'\n",
        app.settings.database_url.trim_start_matches("sqlite://").trim_end_matches("/kartlegging.db"),
        invited.link,
        invited.code,
        invited.birth_date,
        person.name,
        app.settings.mail_folder.as_ref().map_or("the mail server".to_owned(), |folder| folder.display().to_string()),
        invited.code,
        invited.birth_date,
    );
    Ok(())
}
