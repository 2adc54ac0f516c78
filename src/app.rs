//! Floor 5: puts the parts together. Commands and tests build the same application.

use crate::cli::failure::Failure;
use crate::config::{IssuerSettings, Settings, algorithms, key_source, keys};
use crate::crypto::entropy::{SystemClock, SystemEntropy};
use crate::crypto::jwks::{Issuer, KeySource};
use crate::crypto::ring::KeyRing;
use crate::domain::clock::{Clock, Entropy};
use crate::http::server::{self, Door};
use crate::jobs;
use crate::services::authenticate::{ClaimMap, Mapping, TrustedIssuer};
use crate::services::library::{FormFile, Library};
use crate::services::{Services, startup};
use crate::storage::Db;
use crate::storage::schema::{self, SchemaState};
use crate::telemetry;
use jsonwebtoken::Algorithm;
use rust_embed::RustEmbed;
use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

#[derive(RustEmbed)]
#[folder = "questionnaires"]
#[include = "*.json"]
#[exclude = "*/examples/*"]
struct BuiltIn;

/// An application that is ready to serve, or to run a command.
pub struct App {
    /// Settings it was built from.
    pub settings: Settings,
    /// Use cases.
    pub services: Services,
}

/// What stands in for the machine in tests.
pub struct Machine {
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
}

impl Default for Machine {
    fn default() -> Self {
        Self { clock: Arc::new(SystemClock::default()), entropy: Arc::new(SystemEntropy::default()) }
    }
}

/// The forms that come with the program.
pub fn built_in_forms() -> Vec<FormFile> {
    let names: Vec<String> = BuiltIn::iter().map(|name| name.to_string()).collect();
    let bytes = |name: &str| BuiltIn::get(name).map(|file| file.data.into_owned()).unwrap_or_default();
    collect(&names, true, bytes)
}

/// Forms in a folder laid out like `questionnaires/`: `<name>/<version>.json` with supplements beside.
pub fn forms_in(folder: &Path) -> std::io::Result<Vec<FormFile>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let inner = entry?.path();
        if !inner.is_dir() {
            continue;
        }
        for file in std::fs::read_dir(&inner)? {
            let path = file?.path();
            if path.extension().is_some_and(|extension| extension == "json") {
                names.push(path.to_string_lossy().into_owned());
            }
        }
    }
    names.sort();
    let files: std::collections::HashMap<String, Vec<u8>> =
        names.iter().map(|name| Ok((name.clone(), std::fs::read(name)?))).collect::<std::io::Result<_>>()?;
    Ok(collect(&names, false, |name| files.get(name).cloned().unwrap_or_default()))
}

/// Pairs forms with their supplements by name: `1.0.0.nn.json` belongs to `1.0.0.json`.
fn collect(names: &[String], built_in: bool, bytes: impl Fn(&str) -> Vec<u8>) -> Vec<FormFile> {
    let stem = |name: &str| name.strip_suffix(".json").unwrap_or(name).to_owned();
    let is_supplement = |name: &str| {
        names.iter().any(|other| other != name && stem(name).strip_prefix(&stem(other)).is_some_and(|rest| rest.starts_with('.')))
    };
    let forms = names.iter().filter(|name| !is_supplement(name));
    forms
        .map(|name| {
            let own = format!("{}.", stem(name));
            let supplements =
                names.iter().filter(|other| *other != name && other.starts_with(&own)).map(|other| (other.clone(), bytes(other)));
            FormFile { path: name.clone(), bytes: bytes(name), supplements: supplements.collect(), built_in }
        })
        .collect()
}

/// Loads the forms that come with the program and the operator's own.
pub fn library(settings: &Settings) -> Result<Library, Failure> {
    let mut files = built_in_forms();
    if let Some(folder) = &settings.questionnaires {
        let own = forms_in(folder).map_err(|error| {
            Failure::config(
                "config-invalid",
                format!("questionnaires: the folder {} can't be read: {}", folder.display(), error.kind()),
                "Correct the setting questionnaires.",
            )
        })?;
        files.extend(own);
    }
    Library::load(&files).map_err(|refusals| {
        let lines: Vec<String> = refusals
            .iter()
            .flat_map(|refusal| {
                refusal
                    .findings
                    .iter()
                    .map(move |finding| format!("{}: {}: {} ({})", refusal.path, finding.path, finding.text, finding.code))
            })
            .collect();
        Failure::run(
            "questionnaire-refused",
            lines.join("\n  "),
            "Correct the form; `kartlegging questionnaire check FILE` shows the same list.",
        )
    })
}

/// Opens the database and makes sure that its schema is this program's.
pub async fn database(settings: &Settings, migrate: bool) -> Result<Db, Failure> {
    let db = Db::open(&settings.database_url, settings.database_connections).await?;
    match schema::state(&db).await? {
        SchemaState::Current => {}
        SchemaState::Newer(names) => {
            return Err(Failure::run(
                "database-newer",
                format!("the database has migrations that this program does not know: {}", names.join(", ")),
                "Run the newer program again, or restore the backup from before the upgrade.",
            ));
        }
        SchemaState::Behind(_) if migrate => schema::up(&db).await?,
        SchemaState::Behind(names) => {
            return Err(Failure::run(
                "database-behind",
                format!("{} migrations are not applied, the first is {}", names.len(), names.first().map_or("?", String::as_str)),
                "Run `kartlegging migrate up`, or set migrate = true.",
            ));
        }
    }
    Ok(db)
}

fn external_issuer(settings: &IssuerSettings) -> Result<TrustedIssuer, Failure> {
    let wrong = |what: &str| {
        Failure::config("config-invalid", format!("issuers: {}: {what}", settings.issuer), "Correct the issuer in the configuration.")
    };
    let algorithms = algorithms(&settings.algorithms).map_err(|what| wrong(&what))?;
    let keys = key_source(settings.jwks_file.as_deref(), settings.jwks_url.as_deref()).map_err(|what| wrong(&what))?;
    if let Some(address) = &settings.token_endpoint {
        let address = url::Url::parse(address).map_err(|_| wrong("token_endpoint is not an address"))?;
        if address.scheme() != "https" {
            return Err(wrong("token_endpoint must be https"));
        }
    }
    let types: Vec<&str> = settings.token_types.iter().map(String::as_str).collect();
    Ok(TrustedIssuer {
        token_endpoint: settings.token_endpoint.clone(),
        issuer: Issuer::new(settings.issuer.clone(), settings.audience.clone(), &algorithms, &types, keys),
        mapping: Mapping::External(ClaimMap {
            hpr_number: settings.claim_hpr_number.clone(),
            subject: settings.claim_subject.clone(),
            organization: settings.claim_organization.clone(),
            client: settings.claim_client.clone(),
            scope: settings.claim_scope.clone(),
            assurance: settings.claim_assurance.clone(),
            minimum_assurance: settings.minimum_assurance,
            organizations: settings.organizations.clone(),
        }),
        bearer: settings.bearer,
        nonce: settings.dpop_nonce,
    })
}

/// The key ring of the settings. One from a file can be read again.
pub fn ring(settings: &Settings) -> Result<KeyRing, Failure> {
    if let Some(text) = &settings.keys {
        return keys::parse(text.text());
    }
    // Before the file is read: what changes in between is seen as a change.
    let source = keys::source(settings.keys_file.clone());
    Ok(keys::read(&settings.keys_file)?.reading(source))
}

fn issuers(settings: &Settings, ring: &Arc<KeyRing>) -> Result<Vec<TrustedIssuer>, Failure> {
    let own = Issuer::new(
        settings.token_issuer.clone(),
        settings.token_audience.clone(),
        &[Algorithm::EdDSA],
        &["at+jwt"],
        KeySource::Own(Arc::clone(ring)),
    );
    let mut all = vec![TrustedIssuer { issuer: own, mapping: Mapping::Own, bearer: true, nonce: false, token_endpoint: None }];
    for external in &settings.issuers {
        all.push(external_issuer(external)?);
    }
    Ok(all)
}

impl App {
    /// Builds the application: keys, forms, database, then the checks that must hold before serving.
    pub async fn build(settings: Settings, migrate: bool, machine: Machine) -> Result<Self, Failure> {
        let ring = Arc::new(ring(&settings)?);
        let library = library(&settings)?;
        let issuers = issuers(&settings, &ring)?;
        let db = database(&settings, migrate).await?;
        let mailer = settings.mailer()?;
        let doors = settings.doors()?;
        let cds_clients = settings.cds_clients()?;
        let services = Services::new(db, ring, machine.clock, machine.entropy, library, settings.rules());
        let services = services.with_issuers(issuers).with_mail(mailer).with_sign_in(doors).with_cds_clients(cds_clients);
        startup::check(&services).await.map_err(refused)?;
        Ok(Self { settings, services })
    }

    /// Serves until `stop` becomes true, then drains. The listener is bound by the caller, so that the
    /// port is known.
    pub async fn serve(self, listener: TcpListener, mut stop: watch::Receiver<bool>) -> Result<(), Failure> {
        let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        let workers = if self.settings.workers == 0 { cores } else { self.settings.workers };
        let drain = Duration::from_secs(self.settings.drain_seconds);
        let metrics = telemetry::metrics();
        let door = Door {
            services: self.services.for_requests(),
            trusted_proxies: Arc::new(self.settings.trusted_proxies.clone()),
            fhir_origins: Arc::new(self.settings.fhir_origins.clone()),
            metrics: metrics.clone(),
        };
        let server = server::serve(listener, door, workers, drain).map_err(|error| {
            Failure::run("port-in-use", format!("the server can't start: {}", error.kind()), "Check the setting listen.")
        })?;
        if self.services.mail.is_none() {
            tracing::info!("no mail is sent, and none is planned: neither mail_host nor mail_folder is set");
        }
        let handle = server.handle();
        let metrics = tokio::spawn(keep_up(metrics));
        let keys = tokio::spawn(jobs::keep_keys(self.services.clone(), stop.clone()));
        let jobs = self.settings.jobs.then(|| {
            let (services, stop) = (self.services.clone(), stop.clone());
            tokio::spawn(async move { tokio::join!(jobs::work(services.clone(), stop.clone()), jobs::deliver(services, stop)) })
        });
        let serving = tokio::spawn(server);
        let _ = stop.wait_for(|stop| *stop).await;
        tracing::info!("stopping: requests and jobs are being finished");
        handle.stop(true).await;
        let _ = serving.await;
        if let Some(jobs) = jobs {
            let _ = tokio::time::timeout(drain, jobs).await;
        }
        let _ = keys.await;
        metrics.abort();
        self.services.db.close().await;
        tracing::info!("stopped");
        Ok(())
    }
}

/// Metrics tidy up behind themselves even when nobody fetches them.
async fn keep_up(metrics: metrics_exporter_prometheus::PrometheusHandle) {
    loop {
        tokio::time::sleep(Duration::from_secs(10)).await;
        metrics.run_upkeep();
    }
}

fn refused(error: startup::Error) -> Failure {
    let detail = error.to_string();
    match error {
        startup::Error::KeyLost { .. } | startup::Error::KeyOther { .. } => Failure::run(
            "key-version-lost",
            detail,
            "Restore the key file that this database was used with; without that version part of the data can't be read.",
        ),
        startup::Error::FormChanged { .. } | startup::Error::FormGone { .. } => {
            Failure::run("questionnaire-changed", detail, "Put the released file back, and give a changed form a new version.")
        }
        startup::Error::Fault(fault) => fault.into(),
    }
}
