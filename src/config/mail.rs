//! Settings of mail: where it goes, made of the flat settings, checked together.

use super::{Settings, invalid};
use crate::cli::failure::Failure;
use crate::mail::{Mailer, Secret, Server, Tls, Way, address_of};
use serde::{Deserialize, Deserializer};
use std::time::Duration;

/// How a connection to the mail server is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MailTls {
    /// STARTTLS, required.
    StartTls,
    /// TLS from the beginning.
    Implicit,
    /// None: a server on this machine only.
    None,
}

/// A password, shown nowhere.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(Secret);

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Password(…)")
    }
}

impl<'de> Deserialize<'de> for Password {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(Secret::new(text)))
    }
}

fn port(tls: MailTls) -> u16 {
    match tls {
        MailTls::StartTls => 587,
        MailTls::Implicit => 465,
        MailTls::None => 25,
    }
}

impl Settings {
    pub(super) fn check_mail(&self) -> Result<(), Failure> {
        let on = self.mail_host.is_some() || self.mail_folder.is_some();
        if self.mail_host.is_some() && self.mail_folder.is_some() {
            return Err(invalid("mail_folder must not be set beside mail_host"));
        }
        match &self.mail_from {
            None if on => return Err(invalid("mail_from is needed where mail is sent")),
            Some(from) if address_of(from).is_none() => {
                return Err(invalid("mail_from is not an address, or a name and an address like Svar <svar@sykehus.example>"));
            }
            _ => {}
        }
        if self.mail_host.as_ref().is_some_and(|host| host.trim().is_empty() || host.contains([' ', '/', '@'])) {
            return Err(invalid("mail_host is not the name of a server"));
        }
        if self.mail_port == Some(0) {
            return Err(invalid("mail_port must be 1 to 65535"));
        }
        if self.mail_user.is_some() != self.mail_password.is_some() {
            return Err(invalid("mail_user and mail_password belong together"));
        }
        let loopback = matches!(self.mail_host.as_deref(), None | Some("127.0.0.1" | "localhost" | "::1"));
        if self.mail_tls == MailTls::None && (!loopback || self.mail_user.is_some()) {
            return Err(invalid("mail_tls can be none only for a server on this machine, and without mail_user"));
        }
        if !(1..=40).contains(&self.mail_timeout_seconds) {
            return Err(invalid("mail_timeout_seconds must be 1 to 40"));
        }
        Ok(())
    }

    /// The mailer of these settings; `None` where no mail is sent.
    pub fn mailer(&self) -> Result<Option<Mailer>, Failure> {
        let way = match (&self.mail_host, &self.mail_folder) {
            (Some(host), _) => Way::Server(Server {
                host: host.clone(),
                port: self.mail_port.unwrap_or(port(self.mail_tls)),
                tls: match self.mail_tls {
                    MailTls::StartTls => Tls::StartTls,
                    MailTls::Implicit => Tls::Implicit,
                    MailTls::None => Tls::None,
                },
                authorities: self.authorities()?,
                login: self.mail_user.clone().zip(self.mail_password.clone().map(|password| password.0)),
                timeout: Duration::from_secs(self.mail_timeout_seconds),
            }),
            (None, Some(folder)) => Way::Folder(folder.clone()),
            (None, None) => return Ok(None),
        };
        let from = self.mail_from.as_deref().unwrap_or_default();
        Mailer::new(from, way).map(Some).map_err(|unfit| invalid(&unfit.to_string()))
    }

    fn authorities(&self) -> Result<Option<Vec<u8>>, Failure> {
        let Some(path) = &self.mail_ca_file else { return Ok(None) };
        let pem = std::fs::read(path).map_err(|error| invalid(&format!("mail_ca_file can't be read: {}", error.kind())))?;
        if String::from_utf8_lossy(&pem).contains("-----BEGIN CERTIFICATE-----") {
            Ok(Some(pem))
        } else {
            Err(invalid("mail_ca_file holds no certificate in PEM"))
        }
    }
}
