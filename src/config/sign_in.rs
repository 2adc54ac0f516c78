//! Providers of sign-in, `[[sign_in]]` of the file.

use super::{Settings, invalid};
use crate::cli::failure::Failure;
use crate::crypto::jwks::algorithm;
use crate::crypto::oidc::{ClientKey, Provider, ProviderSettings};
use crate::services::sign_in::{ClinicianClaims, Home, SignIn, Whom};
use jsonwebtoken::{Algorithm, EncodingKey};
use serde::Deserialize;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Longest name of a provider.
const NAME: usize = 20;

/// Who signs in at a provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Who {
    /// Those who read answers.
    Clinicians,
    /// Patients of units that ask for it.
    Patients,
}

/// A provider of sign-in (OpenID Connect).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignInSettings {
    /// Its name here: in addresses and rows.
    pub name: String,
    /// Its name as people know it.
    pub title: String,
    /// Who signs in there.
    pub who: Who,
    /// The exact `iss`.
    pub issuer: String,
    /// Our id there.
    pub client_id: String,
    /// PEM file with the private key of `private_key_jwt`.
    pub key_file: Option<PathBuf>,
    /// Name of that key at the provider.
    pub key_id: Option<String>,
    /// Algorithm of that key.
    pub key_algorithm: Option<String>,
    /// File with a secret, for providers without `private_key_jwt`.
    pub secret_file: Option<PathBuf>,
    /// Scopes; `None`: as few as will do.
    pub scope: Option<String>,
    /// Base of the FHIR server of an EHR that opens this service, exactly as it names itself (`iss` of a launch).
    pub smart_base: Option<String>,
    /// Levels that are asked for.
    pub acr_values: Option<String>,
    /// Signature algorithms of ID tokens.
    pub algorithms: Vec<String>,
    /// Whether requests are pushed (PAR).
    #[serde(default = "yes")]
    pub par: bool,
    /// Whether tokens are bound to a key (DPoP).
    #[serde(default = "yes")]
    pub dpop: bool,
    /// Claim with the level of assurance.
    #[serde(default = "acr")]
    pub claim_assurance: String,
    /// Levels that are accepted; empty: any, or none.
    #[serde(default)]
    pub assurance: Vec<String>,
    /// Claim with a clinician's HPR number.
    pub claim_hpr_number: Option<String>,
    /// Claim with a clinician's subject, for providers without HPR numbers.
    pub claim_subject: Option<String>,
    /// Claim with the number of the organization that a clinician acts for.
    pub claim_organization: Option<String>,
    /// Claim with the number of the part of the organization that a clinician acts for, as units have it in
    /// `external_id`.
    pub claim_unit: Option<String>,
    /// Number of the organization of all who sign in here.
    pub organization: Option<String>,
    /// Numbers of the organizations it may speak for; empty: all of this installation.
    #[serde(default)]
    pub organizations: Vec<String>,
    /// Claim with a patient's national id.
    #[serde(default = "pid")]
    pub claim_national_id: String,
}

fn yes() -> bool {
    true
}

fn acr() -> String {
    "acr".to_owned()
}

fn pid() -> String {
    "pid".to_owned()
}

/// Whether an address is one with TLS, or on this machine.
fn is_safe(address: &url::Url) -> bool {
    let loopback = matches!(address.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
    address.scheme() == "https" || (address.scheme() == "http" && loopback)
}

/// The private key of a PEM file, for an algorithm.
fn private_key(path: &Path, algorithm: Algorithm) -> Result<EncodingKey, &'static str> {
    let pem = Zeroizing::new(std::fs::read(path).map_err(|_| "key_file can't be read")?);
    let key = match algorithm {
        Algorithm::ES256 | Algorithm::ES384 => EncodingKey::from_ec_pem(&pem),
        Algorithm::EdDSA => EncodingKey::from_ed_pem(&pem),
        _ => EncodingKey::from_rsa_pem(&pem),
    };
    let key = key.map_err(|_| "key_file is not a private key in PEM for key_algorithm")?;
    // A key of another curve is noticed when it first signs: now, not when somebody signs in.
    let tried = jsonwebtoken::encode(&jsonwebtoken::Header::new(algorithm), &serde_json::json!({}), &key);
    tried.map(|_| key).map_err(|_| "key_file is not a private key in PEM for key_algorithm")
}

impl SignInSettings {
    fn client_key(&self) -> Result<ClientKey, &'static str> {
        match (&self.key_file, &self.secret_file) {
            (Some(path), None) => {
                let word = self.key_algorithm.as_deref().ok_or("key_algorithm is missing")?;
                let algorithm = algorithm(word).ok_or("key_algorithm is none that is known")?;
                let kid = self.key_id.clone().ok_or("key_id is missing")?;
                Ok(ClientKey::Signed { algorithm, kid, key: Box::new(private_key(path, algorithm)?) })
            }
            (None, Some(path)) => {
                let text = Zeroizing::new(std::fs::read_to_string(path).map_err(|_| "secret_file can't be read")?);
                let secret = Zeroizing::new(text.trim().to_owned());
                if secret.is_empty() { Err("secret_file is empty") } else { Ok(ClientKey::Secret(secret)) }
            }
            _ => Err("give key_file or secret_file, one of them"),
        }
    }

    fn whom(&self) -> Result<Whom, &'static str> {
        if self.who == Who::Patients {
            // What a patient sees is health data: how sure the provider was must not be left open.
            return if self.assurance.is_empty() {
                Err("assurance must say which levels are enough for patients")
            } else {
                Ok(Whom::Patients { national_id: self.claim_national_id.clone() })
            };
        }
        let home = match (&self.claim_organization, &self.organization) {
            (Some(claim), None) => Home::Claim(claim.clone()),
            (None, Some(number)) => Home::Number(number.clone()),
            _ => return Err("give claim_organization or organization, one of them"),
        };
        if self.claim_hpr_number.is_none() && self.claim_subject.is_none() {
            return Err("give claim_hpr_number or claim_subject");
        }
        let (hpr_number, subject) = (self.claim_hpr_number.clone(), self.claim_subject.clone());
        let unit = self.claim_unit.clone();
        Ok(Whom::Clinicians(ClinicianClaims { hpr_number, subject, unit, home, organizations: self.organizations.clone() }))
    }

    fn check(&self) -> Result<(), &'static str> {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if self.name.is_empty() || self.name.len() > NAME || !self.name.chars().all(plain) {
            return Err("name must be 1 to 20 of a-z, 0-9 and -");
        }
        if self.title.trim().is_empty() {
            return Err("title is empty");
        }
        let issuer = url::Url::parse(&self.issuer).map_err(|_| "issuer is not an address")?;
        if !is_safe(&issuer) {
            return Err("issuer must be https, or on this machine");
        }
        if !self.scope().split(' ').any(|scope| scope == "openid") {
            return Err("scope must hold openid");
        }
        if self.algorithms.is_empty() {
            return Err("algorithms is empty");
        }
        self.smart_base.as_deref().map_or(Ok(()), |base| self.check_ehr(base))
    }

    /// What an EHR needs beside the rest.
    fn check_ehr(&self, base: &str) -> Result<(), &'static str> {
        let address = url::Url::parse(base).map_err(|_| "smart_base is not an address")?;
        if !is_safe(&address) {
            return Err("smart_base must be https, or on this machine");
        }
        let nobody = address.username().is_empty() && address.password().is_none();
        if !nobody || address.query().is_some() || address.fragment().is_some() {
            return Err("smart_base must have no user, password, query or fragment");
        }
        if self.who != Who::Clinicians {
            return Err("smart_base is for clinicians");
        }
        if self.dpop {
            return Err("dpop must be false with smart_base: what an EHR gives reads its patient as Bearer");
        }
        if self.scope().split(' ').any(|scope| scope == "launch" || scope == "launch/patient") {
            return Err("scope must leave launch and launch/patient out: each is asked for when it is due");
        }
        Ok(())
    }

    /// Scopes, without those of a launch.
    fn scope(&self) -> &str {
        let few = if self.smart_base.is_some() { "openid fhirUser patient/Patient.r" } else { "openid" };
        self.scope.as_deref().unwrap_or(few)
    }

    fn door(&self, base: &str) -> Result<SignIn, &'static str> {
        self.check()?;
        let algorithms = self.algorithms.iter().map(|word| algorithm(word).ok_or("algorithms has one that is not known"));
        let provider = Provider::new(ProviderSettings {
            name: self.name.clone(),
            issuer: self.issuer.clone(),
            client_id: self.client_id.clone(),
            key: self.client_key()?,
            scope: self.scope().to_owned(),
            smart_base: self.smart_base.clone(),
            acr_values: self.acr_values.clone(),
            algorithms: algorithms.collect::<Result<_, _>>()?,
            push: self.par,
            bind: self.dpop,
            redirect_uri: format!("{base}/innlogging/{}/tilbake", self.name),
        });
        let (claim_assurance, assurance) = (self.claim_assurance.clone(), self.assurance.clone());
        Ok(SignIn { provider, title: self.title.clone(), whom: self.whom()?, claim_assurance, assurance })
    }
}

impl Settings {
    /// The providers of sign-in.
    pub fn doors(&self) -> Result<Vec<SignIn>, Failure> {
        let mut doors: Vec<SignIn> = Vec::new();
        for own in &self.sign_in {
            let door = own.door(&self.base()).map_err(|what| invalid(&format!("sign_in: {}: {what}", own.name)))?;
            if doors.iter().any(|other| other.name() == own.name) {
                return Err(invalid(&format!("sign_in: {}: the name is there twice", own.name)));
            }
            doors.push(door);
        }
        Ok(doors)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::PREFIX;
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use std::collections::HashMap;

    fn key() -> String {
        let own = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap().to_pkcs8v1().unwrap();
        format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", STANDARD.encode(own.as_ref()))
    }

    fn load(folder: &Path, lines: &[(&str, &str)]) -> Result<Vec<SignIn>, Failure> {
        let key = folder.join("own.pem").display().to_string();
        let mut all: Vec<(&str, String)> = [
            ("name", "\"helseid\""),
            ("title", "\"HelseID\""),
            ("who", "\"clinicians\""),
            ("issuer", "\"https://helseid.example\""),
            ("client_id", "\"kartlegging\""),
            ("key_id", "\"one\""),
            ("key_algorithm", "\"ES256\""),
            ("algorithms", "[\"ES256\"]"),
            ("claim_hpr_number", "\"hpr\""),
            ("organization", "\"900000014\""),
        ]
        .map(|(name, value)| (name, value.to_owned()))
        .to_vec();
        all.push(("key_file", format!("{key:?}")));
        for (name, value) in lines {
            all.retain(|(own, _)| own != name);
            if !value.is_empty() {
                all.push((name, (*value).to_owned()));
            }
        }
        let text: Vec<String> = all.iter().map(|(name, value)| format!("{name} = {value}")).collect();
        let file: PathBuf = folder.join("settings.toml");
        std::fs::write(&file, format!("[[sign_in]]\n{}\n", text.join("\n"))).map_err(|_| super::super::invalid("file"))?;
        let none = HashMap::from([(format!("{PREFIX}LISTEN"), String::new())]);
        Settings::load(Some(&file), &none)?.doors()
    }

    #[test]
    fn a_provider_is_read_and_what_is_wrong_with_one_is_named() {
        let folder = tempfile::TempDir::new().unwrap();
        std::fs::write(folder.path().join("own.pem"), key()).unwrap();
        let doors = load(folder.path(), &[]).unwrap();
        assert_eq!(doors[0].provider.settings.redirect_uri, "http://127.0.0.1:8080/innlogging/helseid/tilbake");
        assert!(doors[0].provider.settings.push && doors[0].provider.settings.bind);
        for (name, value, says) in [
            ("name", "\"Helse ID\"", "name must be"),
            ("title", "\" \"", "title is empty"),
            ("issuer", "\"http://helseid.example\"", "issuer must be https"),
            ("scope", "\"profile\"", "scope must hold openid"),
            ("algorithms", "[]", "algorithms is empty"),
            ("algorithms", "[\"HS256\"]", "algorithms has one"),
            ("key_algorithm", "\"RS256\"", "key_file is not"),
            ("key_algorithm", "\"ES384\"", "key_file is not"),
            ("key_algorithm", "\"HS256\"", "key_algorithm is none"),
            ("key_id", "", "key_id is missing"),
            ("key_file", "\"nowhere.pem\"", "key_file can't be read"),
            ("key_file", "", "give key_file or secret_file"),
            ("secret_file", "\"secret\"", "give key_file or secret_file"),
            ("claim_hpr_number", "", "give claim_hpr_number or claim_subject"),
            ("organization", "", "give claim_organization or organization"),
            ("claim_organization", "\"org\"", "give claim_organization or organization"),
            ("who", "\"patients\"", "assurance must say"),
            ("who", "\"all\"", "who"),
            ("unknown", "1", "unknown"),
        ] {
            let error = load(folder.path(), &[(name, value)]).err().map(|failure| failure.detail).unwrap_or_default();
            assert!(error.contains(says), "{name} = {value}: {error}");
        }
    }

    #[test]
    fn an_ehr_is_read_and_what_is_wrong_with_one_is_named() {
        let folder = tempfile::TempDir::new().unwrap();
        std::fs::write(folder.path().join("own.pem"), key()).unwrap();
        let base = ("smart_base", "\"https://ehr.example/fhir\"");
        let doors = load(folder.path(), &[base, ("dpop", "false")]).unwrap();
        assert_eq!(doors[0].provider.settings.smart_base.as_deref(), Some("https://ehr.example/fhir"));
        assert_eq!(doors[0].provider.settings.scope, "openid fhirUser patient/Patient.r");
        for (name, value, says) in [
            ("smart_base", "\"ehr\"", "smart_base is not"),
            ("smart_base", "\"http://ehr.example/fhir\"", "smart_base must be https"),
            ("smart_base", "\"https://a:b@ehr.example/fhir\"", "smart_base must have no user"),
            ("smart_base", "\"https://ehr.example/fhir?a=b\"", "smart_base must have no user"),
            ("dpop", "true", "dpop must be false"),
            ("who", "\"patients\"", "smart_base is for clinicians"),
            ("scope", "\"openid launch\"", "scope must leave launch"),
            ("scope", "\"openid launch/patient\"", "scope must leave launch"),
            ("scope", "\"fhirUser\"", "scope must hold openid"),
        ] {
            let error = load(folder.path(), &[base, ("dpop", "false"), (name, value)]).err().map(|failure| failure.detail);
            let error = error.unwrap_or_default();
            assert!(error.contains(says), "{name} = {value}: {error}");
        }
    }
}
