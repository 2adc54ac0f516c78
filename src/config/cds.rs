//! Record systems that ask for cards by CDS Hooks. Each signs its requests itself; what it may read is
//! what the client has that it is registered as.

use super::{Settings, algorithms, key_source};
use crate::cli::failure::Failure;
use crate::crypto::jwks::Issuer;
use crate::services::cds_client::CdsClient;
use serde::Deserialize;
use std::path::PathBuf;

/// A record system that asks for cards.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CdsClientSettings {
    /// Exact `iss`.
    pub issuer: String,
    /// Exact `tenant`, where one issuer speaks for several organizations.
    pub tenant: Option<String>,
    /// The client it is registered as: `external_id` of `client add`.
    pub client: String,
    /// Address of its key set.
    pub jwks_url: Option<String>,
    /// File with its key set.
    pub jwks_file: Option<PathBuf>,
    /// The one `jku` that its tokens may name; without it `jwks_url`.
    pub jku: Option<String>,
    /// Signature algorithms.
    #[serde(default = "recommended")]
    pub algorithms: Vec<String>,
}

/// What CDS Hooks 2.0 recommends.
fn recommended() -> Vec<String> {
    vec!["ES384".to_owned(), "RS384".to_owned()]
}

impl CdsClientSettings {
    fn client(&self) -> Result<CdsClient, String> {
        if self.issuer.trim().is_empty() || self.issuer.chars().any(char::is_control) {
            return Err("issuer is empty or has control characters".to_owned());
        }
        if self.client.trim().is_empty() {
            return Err("client is empty".to_owned());
        }
        if self.algorithms.is_empty() {
            return Err("algorithms is empty".to_owned());
        }
        let keys = key_source(self.jwks_file.as_deref(), self.jwks_url.as_deref())?;
        // Its audience is the address that is asked, which is known when it asks.
        let issuer = Issuer::new(self.issuer.clone(), String::new(), &algorithms(&self.algorithms)?, &["jwt"], keys);
        let jku = self.jku.clone().or_else(|| self.jwks_url.clone());
        Ok(CdsClient { issuer: issuer.naming(jku), tenant: self.tenant.clone(), client: self.client.clone() })
    }
}

impl Settings {
    /// The record systems that may ask for cards.
    pub fn cds_clients(&self) -> Result<Vec<CdsClient>, Failure> {
        let wrong = |one: &CdsClientSettings, what: &str| {
            let detail = format!("cds_clients: {}: {what}", one.issuer);
            Failure::config("config-invalid", detail, "Correct the client in the configuration; docs/operations.md lists its settings.")
        };
        for (at, one) in self.cds_clients.iter().enumerate() {
            // Whose patients are asked about must never be left open.
            let same = |other: &CdsClientSettings| other.issuer == one.issuer;
            let clash =
                |other: &CdsClientSettings| same(other) && (other.tenant == one.tenant || other.tenant.is_none() || one.tenant.is_none());
            if self.cds_clients.iter().skip(at + 1).any(clash) {
                return Err(wrong(one, "stands twice: give each a tenant of its own"));
            }
        }
        self.cds_clients.iter().map(|one| one.client().map_err(|what| wrong(one, &what))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    fn built(entries: &[(&str, Option<&str>)]) -> Result<Vec<CdsClient>, Failure> {
        let mut settings = Settings::load(None, &HashMap::new())?;
        settings.cds_clients = entries
            .iter()
            .map(|(issuer, tenant)| CdsClientSettings {
                issuer: (*issuer).to_owned(),
                tenant: tenant.map(str::to_owned),
                client: "ehr".to_owned(),
                jwks_url: Some("https://ehr.example/keys".to_owned()),
                jwks_file: None,
                jku: None,
                algorithms: recommended(),
            })
            .collect();
        settings.cds_clients()
    }

    #[test]
    fn one_issuer_speaks_for_one_organization_or_names_the_tenant() {
        assert!(built(&[("https://a.example", None), ("https://b.example", None)]).is_ok_and(|all| all.len() == 2));
        assert!(built(&[("https://a.example", Some("1")), ("https://a.example", Some("2"))]).is_ok());
        for clash in [[None, None], [Some("1"), None], [None, Some("1")], [Some("1"), Some("1")]] {
            let pair = clash.map(|tenant| ("https://a.example", tenant));
            assert!(built(&pair).is_err(), "{clash:?}");
        }
        assert!(built(&[("", None)]).is_err());
    }
}
