//! Hands mails to a mail server (SMTP) or into a folder.
//!
//! A try ends after a set time whatever the server does. The library's own timeout counts for
//! connecting only, and gives a connection back that was left in the middle of a mail: so after a try
//! that was cut off no connection from before is used again.

use super::message::message;
use super::{Mail, Refused};
use lettre::message::Mailbox;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, CertificateStore, Tls as SmtpTls, TlsParameters};
use lettre::transport::smtp::{Error, PoolConfig};
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use zeroize::Zeroizing;

/// Connections that are kept for the next mail.
const KEPT: u32 = 4;
/// One that was not used for so long is closed.
const IDLE: Duration = Duration::from_mins(1);
/// Replies that speak about us and not about the mail: who runs the service can mend them.
const OURS: [&str; 5] = ["530", "534", "535", "538", "454"];

type Transport = AsyncSmtpTransport<Tokio1Executor>;

/// How a connection is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tls {
    /// Begun in plain and protected before anything is said (RFC 3207); without it nothing is sent.
    StartTls,
    /// Protected from the beginning (RFC 8314).
    Implicit,
    /// Not protected: on this machine only.
    None,
}

/// A text that no log shows.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Keeps it.
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// A mail server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// Its name, which its certificate must have.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How it is reached.
    pub tls: Tls,
    /// PEM of the authorities that may have signed its certificate; the machine's own when none.
    pub authorities: Option<Vec<u8>>,
    /// User and password.
    pub login: Option<(String, Secret)>,
    /// How long one try may take.
    pub timeout: Duration,
}

/// Where mails go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Way {
    /// To a mail server.
    Server(Server),
    /// Into a folder, one file a mail, readable by its owner only.
    Folder(PathBuf),
}

enum Door {
    Server { transport: RwLock<Transport>, server: Server },
    Folder(PathBuf),
}

/// Sends mails.
#[derive(Clone)]
pub struct Mailer {
    from: Mailbox,
    door: Arc<Door>,
}

impl std::fmt::Debug for Mailer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Mailer")
    }
}

fn transport(server: &Server) -> Result<Transport, Error> {
    let tls = || -> Result<TlsParameters, Error> {
        let mut builder = TlsParameters::builder(server.host.clone());
        if let Some(pem) = &server.authorities {
            builder = builder.certificate_store(CertificateStore::None).add_root_certificate(Certificate::from_pem(pem)?);
        }
        builder.build_rustls()
    };
    let tls = match server.tls {
        Tls::StartTls => SmtpTls::Required(tls()?),
        Tls::Implicit => SmtpTls::Wrapper(tls()?),
        Tls::None => SmtpTls::None,
    };
    let mut builder = Transport::builder_dangerous(server.host.clone())
        .port(server.port)
        .tls(tls)
        .timeout(Some(server.timeout))
        .pool_config(PoolConfig::new().max_size(KEPT).idle_timeout(IDLE));
    if let Some((user, password)) = &server.login {
        builder = builder.credentials(Credentials::new(user.clone(), password.0.to_string()));
    }
    Ok(builder.build())
}

/// Why there is no mailer: the setting that does not hold, and what is wrong with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}: {1}")]
pub struct Unfit(pub &'static str, pub &'static str);

impl Mailer {
    /// A mailer whose mails come from `from`: `Name <address>` or `address`. Connects to nothing yet. Must be
    /// called on the runtime that sends.
    pub fn new(from: &str, way: Way) -> Result<Self, Unfit> {
        let from = Mailbox::from_str(from).map_err(|_| Unfit("mail_from", "it is no address"))?;
        let door = match way {
            Way::Folder(folder) => Door::Folder(folder),
            Way::Server(server) => {
                let first = transport(&server).map_err(|_| Unfit("mail_ca_file", "it has no certificate that can be used"))?;
                Door::Server { transport: RwLock::new(first), server }
            }
        };
        Ok(Self { from, door: Arc::new(door) })
    }

    /// Sends a mail. Taken over means stored by the other side; after anything else it may have been.
    pub async fn send(&self, mail: &Mail) -> Result<(), Refused> {
        let message = message(mail, &self.from)?;
        match self.door.as_ref() {
            Door::Folder(folder) => {
                let (path, bytes) = (folder.join(format!("{}.eml", mail.id)), message.formatted());
                let done = tokio::task::spawn_blocking(move || store(&path, &bytes)).await;
                done.ok().and_then(Result::ok).ok_or_else(|| Refused::passing("folder"))
            }
            Door::Server { transport: current, server } => {
                let own = current.read().unwrap_or_else(PoisonError::into_inner).clone();
                match tokio::time::timeout(server.timeout, own.send(message)).await {
                    Ok(Ok(_)) => Ok(()),
                    Ok(Err(error)) => Err(refused(&error)),
                    Err(_) => {
                        if let Ok(fresh) = transport(server) {
                            *current.write().unwrap_or_else(PoisonError::into_inner) = fresh;
                        }
                        Err(Refused::passing("timeout"))
                    }
                }
            }
        }
    }
}

/// Writes a whole file or none. Sent again, the same file is written again.
fn store(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let unfinished = path.with_extension("part");
    let mut file = std::fs::OpenOptions::new().create(true).write(true).truncate(true).mode(0o600).open(&unfinished)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(unfinished, path)
}

fn refused(error: &Error) -> Refused {
    if let Some(status) = error.status() {
        let code = status.to_string();
        let passing = error.is_transient() || OURS.contains(&code.as_str());
        return Refused { code: format!("smtp-{code}").into(), passing };
    }
    if error.is_timeout() {
        return Refused::passing("timeout");
    }
    if error.is_tls() {
        return Refused::passing("tls");
    }
    // What the library itself refuses: no STARTTLS offered, a way of signing in that nobody knows.
    Refused::passing(if error.is_client() || error.is_response() { "protocol" } else { "connection" })
}
