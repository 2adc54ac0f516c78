//! Floor 5: settings from one TOML file with `KARTLEGGING_*` environment variables over it.
//!
//! To add a setting: a field with its default here, its row in `docs/operations.md`. Every setting
//! works without being set; a bad value stops the start and names itself. A setting that can hold a
//! secret can also be given as `KARTLEGGING_<NAME>_FILE`, the path of a file that holds it.

mod cds;
mod issuer;
pub mod keys;
mod mail;
mod sign_in;

pub use cds::CdsClientSettings;
pub use issuer::{algorithms, key_source};
pub use mail::{MailTls, Password};
pub use sign_in::{SignInSettings, Who};

use crate::cli::failure::Failure;
use crate::crypto::guarded::Authorities;
use crate::domain::network::{Allowed, Network};
use crate::services::Rules;
use crate::services::access_log::Heads;
use chrono::Duration;
use config::{Config, Environment, File, FileFormat};
use serde::Deserialize;
use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

/// Most characters of a base URL that is typed from a letter.
const TYPED: usize = 30;
/// Prefix of environment variables.
const PREFIX: &str = "KARTLEGGING_";
/// Settings that can hold a secret: also as `*_FILE`.
const SECRETS: [&str; 3] = ["database_url", "keys", "mail_password"];
/// Settings that are taken as they are written: digits are no number there.
const TEXTS: [&str; 2] = ["mail_user", "mail_password"];

/// How logs are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Pretty,
    /// One JSON object a line.
    Json,
}

/// An issuer of API tokens beside the built-in one.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IssuerSettings {
    /// Exact `iss`.
    pub issuer: String,
    /// `aud` of tokens for this service.
    pub audience: String,
    /// Address of its key set.
    pub jwks_url: Option<String>,
    /// File with its key set.
    pub jwks_file: Option<PathBuf>,
    /// Where clients get tokens of it: only announced, never asked.
    pub token_endpoint: Option<String>,
    /// Signature algorithms, e.g. `["PS256", "ES256"]`.
    pub algorithms: Vec<String>,
    /// Accepted `typ`.
    #[serde(default = "default_types")]
    pub token_types: Vec<String>,
    /// Claim with a person's HPR number.
    pub claim_hpr_number: Option<String>,
    /// Claim with a person's subject, for issuers without HPR numbers.
    pub claim_subject: Option<String>,
    /// Claim with the organization number a person acts for.
    pub claim_organization: Option<String>,
    /// Claim with the client's id.
    #[serde(default = "default_client_claim")]
    pub claim_client: String,
    /// Claim with the scopes.
    #[serde(default = "default_scope_claim")]
    pub claim_scope: String,
    /// Claim with the level of assurance.
    pub claim_assurance: Option<String>,
    /// Lowest level of assurance accepted for persons.
    pub minimum_assurance: Option<u32>,
    /// Numbers of the organizations it may speak for; empty: all of this installation.
    #[serde(default)]
    pub organizations: Vec<String>,
    /// Whether tokens that are bound to no key (DPoP) are accepted.
    #[serde(default = "default_bearer")]
    pub bearer: bool,
    /// Whether a proof (DPoP) must hold a nonce of this service.
    #[serde(default)]
    pub dpop_nonce: bool,
}

fn default_bearer() -> bool {
    true
}

fn default_types() -> Vec<String> {
    vec!["at+jwt".to_owned()]
}

fn default_client_claim() -> String {
    "client_id".to_owned()
}

fn default_scope_claim() -> String {
    "scope".to_owned()
}

/// Every setting.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Address to listen on.
    pub listen: String,
    /// Address of this service as patients see it; short enough to type.
    pub base_url: String,
    /// `sqlite://PATH` or `postgres://…`; `DATABASE_URL` is an alias.
    pub database_url: String,
    /// Connections to the database.
    pub database_connections: u32,
    /// Whether `serve` applies migrations. Default: on SQLite yes, on PostgreSQL no.
    pub migrate: Option<bool>,
    /// Path of the key file.
    pub keys_file: PathBuf,
    /// The key file's text itself, instead of a file.
    pub keys: Option<keys::KeyText>,
    /// Folder with forms of one's own, laid out like `questionnaires/`.
    pub questionnaires: Option<PathBuf>,
    /// Log format.
    pub log_format: LogFormat,
    /// Log filter, as `tracing` understands it.
    pub log_filter: String,
    /// Threads that answer requests; 0: one a core.
    pub workers: usize,
    /// Seconds that requests and jobs have to finish at the end.
    pub drain_seconds: u64,
    /// Addresses of proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpAddr>,
    /// Origins of web pages that may call `/fhir` and `/cds-services` from a browser, e.g. `["https://form.example"]`.
    pub fhir_origins: Vec<String>,
    /// Whether jobs run in this instance.
    pub jobs: bool,
    /// Whether test persons (synthetic national ids) are accepted.
    pub allow_synthetic_persons: bool,
    /// Minutes after which an unused session ends.
    pub session_idle_minutes: i64,
    /// Minutes after which an unused session of a clinician ends.
    pub clinic_idle_minutes: i64,
    /// Minutes after which a session of a clinician ends whatever they do.
    pub clinic_absolute_minutes: i64,
    /// Minutes between two signed heads of the access log.
    pub access_log_head_minutes: i64,
    /// File that signed heads are added to; without one, `access-log-heads.txt` beside the key file.
    pub access_log_heads_file: Option<PathBuf>,
    /// Address that signed heads are posted to.
    pub access_log_heads_url: Option<String>,
    /// Whether webhooks may lead to this machine, there also without TLS.
    pub webhook_loopback: bool,
    /// Internal networks that webhooks may lead to, e.g. `["10.20.0.0/16"]`.
    pub webhook_networks: Vec<String>,
    /// File with certificates of authorities, in PEM, beside those that the machine trusts.
    pub webhook_ca_file: Option<PathBuf>,
    /// Name of the mail server; without it, and without a folder, no mail is sent.
    pub mail_host: Option<String>,
    /// Its port; without one the usual one of its TLS.
    pub mail_port: Option<u16>,
    /// How it is reached.
    pub mail_tls: MailTls,
    /// PEM file of the authorities that sign its certificate, where they are one's own.
    pub mail_ca_file: Option<PathBuf>,
    /// User at the mail server.
    pub mail_user: Option<String>,
    /// The user's password.
    pub mail_password: Option<Password>,
    /// From whom mails are: an address, or a name and an address.
    pub mail_from: Option<String>,
    /// Seconds that one try may take.
    pub mail_timeout_seconds: u64,
    /// Folder that mails are written into instead of being sent.
    pub mail_folder: Option<PathBuf>,
    /// `iss` of tokens of the built-in issuer.
    pub token_issuer: String,
    /// `aud` of tokens for this service.
    pub token_audience: String,
    /// Clock difference forgiven in tokens, seconds.
    pub token_skew_seconds: i64,
    /// Other issuers.
    #[serde(default)]
    pub issuers: Vec<IssuerSettings>,
    /// Where people sign in.
    #[serde(default)]
    pub sign_in: Vec<SignInSettings>,
    /// Record systems that ask for cards (CDS Hooks).
    #[serde(default)]
    pub cds_clients: Vec<CdsClientSettings>,
}

const DEFAULTS: &str = r#"
listen = "127.0.0.1:8080"
base_url = "http://127.0.0.1:8080"
database_url = "sqlite://kartlegging-data/kartlegging.db"
database_connections = 8
keys_file = "kartlegging-data/keys.toml"
log_format = "pretty"
log_filter = "info,sqlx=warn,sea_orm=warn,sea_orm_migration=warn"
workers = 0
drain_seconds = 20
trusted_proxies = []
fhir_origins = []
jobs = true
allow_synthetic_persons = false
session_idle_minutes = 120
clinic_idle_minutes = 30
clinic_absolute_minutes = 600
access_log_head_minutes = 5
webhook_loopback = false
webhook_networks = []
mail_tls = "starttls"
mail_timeout_seconds = 30
token_issuer = "kartlegging"
token_audience = "kartlegging"
token_skew_seconds = 30
"#;

fn invalid(detail: &str) -> Failure {
    Failure::config(
        "config-invalid",
        detail.to_owned(),
        "Correct the setting in the file or the environment; docs/operations.md lists them all.",
    )
}

/// Whether a text is an origin as browsers send it (RFC 6454 section 6.2): https, or on this machine.
fn is_origin(text: &str) -> bool {
    let Ok(url) = url::Url::parse(text) else { return false };
    let loopback = matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
    url.origin().ascii_serialization() == text && (url.scheme() == "https" || (url.scheme() == "http" && loopback))
}

impl Settings {
    /// Reads defaults, then the file, then the environment.
    pub fn load(file: Option<&Path>, environment: &HashMap<String, String>) -> Result<Self, Failure> {
        let mut builder = Config::builder().add_source(File::from_str(DEFAULTS, FileFormat::Toml));
        if let Some(path) = file {
            let text = std::fs::read_to_string(path)
                .map_err(|error| invalid(&format!("the file {} can't be read: {}", path.display(), error.kind())))?;
            builder = builder.add_source(File::from_str(&text, FileFormat::Toml));
        }
        let mut environment = of_environment(environment)?;
        for name in TEXTS {
            let text = environment.remove(&format!("{PREFIX}{}", name.to_uppercase())).filter(|text| !text.is_empty());
            builder = builder.set_override_option(name, text).map_err(|_| invalid(name))?;
        }
        let source = Environment::with_prefix("KARTLEGGING")
            .prefix_separator("_")
            .try_parsing(true)
            .list_separator(",")
            .with_list_parse_key("trusted_proxies")
            .with_list_parse_key("webhook_networks")
            .with_list_parse_key("fhir_origins")
            .ignore_empty(true)
            .source(Some(environment));
        let read = builder.add_source(source).build().and_then(Config::try_deserialize::<Self>);
        // The text names the setting and where it stands; a value is part of it only where it is no secret.
        let settings = read.map_err(|error| invalid(&error.to_string()))?;
        settings.check()?;
        Ok(settings)
    }

    fn check(&self) -> Result<(), Failure> {
        self.listen_address()?;
        let base = url::Url::parse(&self.base_url).map_err(|_| invalid("base_url is not an address like https://svar.example"))?;
        if !matches!(base.scheme(), "http" | "https") || base.host_str().is_none() || base.query().is_some() || base.fragment().is_some() {
            return Err(invalid("base_url must be http or https, with a host and without query"));
        }
        if !["sqlite://", "postgres://", "postgresql://"].iter().any(|scheme| self.database_url.starts_with(scheme)) {
            return Err(invalid("database_url must begin with sqlite:// or postgres://"));
        }
        if !(1..=1440).contains(&self.session_idle_minutes) {
            return Err(invalid("session_idle_minutes must be 1 to 1440"));
        }
        if !(1..=720).contains(&self.clinic_idle_minutes) {
            return Err(invalid("clinic_idle_minutes must be 1 to 720"));
        }
        if !(self.clinic_idle_minutes..=1440).contains(&self.clinic_absolute_minutes) {
            return Err(invalid("clinic_absolute_minutes must be clinic_idle_minutes to 1440"));
        }
        if !(1..=1440).contains(&self.access_log_head_minutes) {
            return Err(invalid("access_log_head_minutes must be 1 to 1440"));
        }
        if !self.fhir_origins.iter().all(|origin| is_origin(origin)) {
            return Err(invalid("fhir_origins must be origins like https://form.example, without a path or a slash at the end"));
        }
        self.heads_url()?;
        self.webhook_targets()?;
        self.webhook_authorities()?;
        self.check_mail()?;
        if !(0..=300).contains(&self.token_skew_seconds) {
            return Err(invalid("token_skew_seconds must be 0 to 300"));
        }
        if !(1..=1000).contains(&self.database_connections) {
            return Err(invalid("database_connections must be 1 to 1000"));
        }
        Ok(())
    }

    /// The address to listen on.
    pub fn listen_address(&self) -> Result<SocketAddr, Failure> {
        self.listen.parse().map_err(|_| invalid("listen is not an address and port like 127.0.0.1:8080"))
    }

    fn heads_url(&self) -> Result<Option<url::Url>, Failure> {
        let Some(text) = &self.access_log_heads_url else { return Ok(None) };
        let url = url::Url::parse(text).map_err(|_| invalid("access_log_heads_url is not an address"))?;
        let loopback = matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
        if url.scheme() == "https" || (url.scheme() == "http" && loopback) {
            Ok(Some(url))
        } else {
            Err(invalid("access_log_heads_url must be https, or on this machine"))
        }
    }

    fn webhook_targets(&self) -> Result<Allowed, Failure> {
        let network = |text: &String| {
            let unfit = || invalid("webhook_networks must be networks like 10.20.0.0/16, with no bit set after those that count");
            Network::parse(text.trim()).ok_or_else(unfit)
        };
        let networks = self.webhook_networks.iter().map(network).collect::<Result<Vec<_>, _>>()?;
        Ok(Allowed { loopback: self.webhook_loopback, networks })
    }

    fn webhook_authorities(&self) -> Result<Authorities, Failure> {
        let Some(path) = &self.webhook_ca_file else { return Ok(Authorities::default()) };
        let unread = |error: std::io::Error| invalid(&format!("webhook_ca_file {} can't be read: {}", path.display(), error.kind()));
        let pem = std::fs::read(path).map_err(unread)?;
        Authorities::parse(&pem).ok_or_else(|| invalid(&format!("webhook_ca_file {} has no certificate in PEM", path.display())))
    }

    /// Whether the base URL is longer than people like to type from a letter.
    pub fn base_is_long(&self) -> bool {
        self.base().chars().count() > TYPED
    }

    /// The base URL without a slash at the end.
    pub fn base(&self) -> String {
        self.base_url.trim_end_matches('/').to_owned()
    }

    /// Whether the database is SQLite.
    pub fn is_sqlite(&self) -> bool {
        self.database_url.starts_with("sqlite:")
    }

    /// The file of an SQLite database.
    pub fn sqlite_path(&self) -> Option<PathBuf> {
        let path = self.database_url.strip_prefix("sqlite:")?;
        let path = path.strip_prefix("//").unwrap_or(path).split('?').next().unwrap_or_default();
        Some(PathBuf::from(path))
    }

    /// Settings that rules depend on.
    pub fn rules(&self) -> Rules {
        Rules {
            base_url: self.base(),
            allow_synthetic_persons: self.allow_synthetic_persons,
            session_idle: Duration::minutes(self.session_idle_minutes),
            clinic_idle: Duration::minutes(self.clinic_idle_minutes),
            clinic_absolute: Duration::minutes(self.clinic_absolute_minutes),
            token_skew_seconds: self.token_skew_seconds,
            log_heads: Heads {
                every: Duration::minutes(self.access_log_head_minutes),
                file: Some(self.access_log_heads_file.clone().unwrap_or_else(|| self.keys_file.with_file_name("access-log-heads.txt"))),
                // Looked at when the settings were read.
                url: self.heads_url().ok().flatten(),
            },
            webhook_targets: self.webhook_targets().unwrap_or_default(),
            webhook_authorities: self.webhook_authorities().unwrap_or_default(),
            ..Rules::default()
        }
    }
}

/// Our variables: without the ones that are no settings, aliases resolved, `*_FILE` read.
fn of_environment(environment: &HashMap<String, String>) -> Result<HashMap<String, String>, Failure> {
    let mut ours: HashMap<String, String> = environment
        .iter()
        .filter(|(name, _)| name.starts_with(PREFIX) && *name != "KARTLEGGING_CONFIG")
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    if let Some(url) = environment.get("DATABASE_URL")
        && !url.is_empty()
    {
        ours.entry("KARTLEGGING_DATABASE_URL".to_owned()).or_insert_with(|| url.clone());
    }
    for secret in SECRETS {
        let name = format!("{PREFIX}{}", secret.to_uppercase());
        // KARTLEGGING_KEYS_FILE is a setting of its own and is read where keys are.
        if secret != "keys"
            && let Some(path) = ours.remove(&format!("{name}_FILE"))
        {
            let text = std::fs::read_to_string(&path).map_err(|error| invalid(&format!("{name}_FILE can't be read: {}", error.kind())))?;
            ours.insert(name, text.trim().to_owned());
        }
    }
    Ok(ours)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(pairs: &[(&str, &str)]) -> Result<Settings, Failure> {
        let environment = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Settings::load(None, &environment)
    }

    #[test]
    fn defaults_work_and_the_environment_wins() {
        assert!(load(&[]).is_ok_and(|s| s.listen == "127.0.0.1:8080" && s.migrate.is_none()));
        let set = load(&[
            ("KARTLEGGING_LISTEN", "127.0.0.1:9000"),
            ("DATABASE_URL", "postgres://x/y"),
            ("KARTLEGGING_TRUSTED_PROXIES", "10.0.0.1,10.0.0.2"),
            ("KARTLEGGING_MIGRATE", "true"),
        ]);
        assert!(
            set.is_ok_and(|s| s.listen == "127.0.0.1:9000" && !s.is_sqlite() && s.trusted_proxies.len() == 2 && s.migrate == Some(true))
        );
    }

    #[test]
    fn a_bad_value_names_itself() {
        for (name, value, named) in [
            ("KARTLEGGING_LISTEN", "nowhere", "listen"),
            ("KARTLEGGING_WORKERS", "many", "workers"),
            ("KARTLEGGING_LISTN", "127.0.0.1:1", "listn"),
            ("KARTLEGGING_LOG_FORMAT", "xml", "log_format"),
            ("KARTLEGGING_DATABASE_URL", "mysql://x", "database_url"),
            ("KARTLEGGING_BASE_URL", "svar.example", "base_url"),
            ("KARTLEGGING_FHIR_ORIGINS", "https://form.example/", "fhir_origins"),
            ("KARTLEGGING_FHIR_ORIGINS", "https://form.example,*", "fhir_origins"),
            ("KARTLEGGING_FHIR_ORIGINS", "http://form.example", "fhir_origins"),
            ("KARTLEGGING_FHIR_ORIGINS", "null", "fhir_origins"),
            ("KARTLEGGING_CLINIC_IDLE_MINUTES", "0", "clinic_idle_minutes"),
            ("KARTLEGGING_CLINIC_ABSOLUTE_MINUTES", "29", "clinic_absolute_minutes"),
            ("KARTLEGGING_ACCESS_LOG_HEAD_MINUTES", "0", "access_log_head_minutes"),
            ("KARTLEGGING_ACCESS_LOG_HEADS_URL", "http://vitne.example/heads", "access_log_heads_url"),
            ("KARTLEGGING_ACCESS_LOG_HEADS_URL", "vitne", "access_log_heads_url"),
            ("KARTLEGGING_WEBHOOK_NETWORKS", "10.0.0.1/8", "webhook_networks"),
            ("KARTLEGGING_WEBHOOK_CA_FILE", "/nowhere", "webhook_ca_file"),
            ("KARTLEGGING_MAIL_HOST", "post.example", "mail_from"),
            ("KARTLEGGING_MAIL_FROM", "Svar", "mail_from"),
            ("KARTLEGGING_MAIL_FOLDER", "mail", "mail_from"),
            ("KARTLEGGING_MAIL_PORT", "70000", "mail_port"),
            ("KARTLEGGING_MAIL_TLS", "maybe", "mail_tls"),
            ("KARTLEGGING_MAIL_USER", "svar", "mail_password"),
            ("KARTLEGGING_MAIL_PASSWORD_FILE", "/nowhere/at/all", "MAIL_PASSWORD_FILE"),
            ("KARTLEGGING_MAIL_TIMEOUT_SECONDS", "41", "mail_timeout_seconds"),
        ] {
            let text = load(&[(name, value)]).err().map(|failure| failure.to_string()).unwrap_or_default();
            assert!(text.contains(named) && text.contains("config-invalid"), "{name}: {text}");
        }
    }
    #[test]
    fn mail_is_checked_as_a_whole() {
        let from = ("KARTLEGGING_MAIL_FROM", "Svar <svar@sykehus.example>");
        let host = ("KARTLEGGING_MAIL_HOST", "post.example");
        let login = [("KARTLEGGING_MAIL_USER", "svar"), ("KARTLEGGING_MAIL_PASSWORD", "0123")];
        let set = load(&[from, host, login[0], login[1]]);
        assert!(set.as_ref().is_ok_and(|s| s.mail_tls == MailTls::StartTls && s.mail_user.as_deref() == Some("svar")), "{set:?}");
        assert!(!format!("{set:?}").contains("0123"), "a password is shown");
        let none = ("KARTLEGGING_MAIL_TLS", "none");
        for (pairs, named) in [
            (vec![from, host, none], "mail_tls"),
            (vec![from, ("KARTLEGGING_MAIL_HOST", "127.0.0.1"), none, login[0], login[1]], "mail_tls"),
            (vec![from, host, ("KARTLEGGING_MAIL_FOLDER", "mail")], "mail_folder"),
            (vec![from, ("KARTLEGGING_MAIL_HOST", "svar@post.example")], "mail_host"),
        ] {
            let text = load(&pairs).err().map(|failure| failure.to_string()).unwrap_or_default();
            assert!(text.contains(named), "{pairs:?}: {text}");
        }
        assert!(load(&[from, ("KARTLEGGING_MAIL_HOST", "127.0.0.1"), none]).is_ok());
        assert!(load(&[]).and_then(|settings| settings.mailer()).is_ok_and(|mailer| mailer.is_none()), "without settings no mail is sent");
    }
}
