//! A certified OpenID Connect provider (`tests/oidc/provider.js`) as a process of its own, and a person who
//! signs in there.

use super::{TestApp, child};
use kartlegging::config::SignInSettings;
use kartlegging::crypto::entropy::SystemClock;
use kartlegging::domain::clock::Clock;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use tempfile::TempDir;

/// Where the service of the tests is.
const BASE: &str = "https://svar.example";

/// The provider; ends when dropped.
pub struct Provider {
    pub issuer: String,
    name: String,
    folder: TempDir,
    child: Child,
    input: Option<ChildStdin>,
    client: reqwest::Client,
}

/// Who signs in, and how.
#[derive(Debug, Clone)]
pub struct Person {
    fields: Vec<(&'static str, String)>,
}

impl Person {
    /// Somebody with claims and a level.
    pub fn new(claims: &Value, acr: &str) -> Self {
        Self { fields: vec![("sub", "person-1".to_owned()), ("claims", claims.to_string()), ("acr", acr.to_owned())] }
    }

    /// A health worker as HelseID tells of them.
    pub fn health_worker(hpr: &str, organization: &str, level: &str) -> Self {
        let claims = json!({
            "helseid://claims/hpr/hpr_number": hpr,
            "helseid://claims/client/claims/orgnr_parent": organization,
            "helseid://claims/identity/security_level": level,
        });
        Self::new(&claims, "Level4")
    }

    /// The same, who chooses a patient at an EHR.
    pub fn choosing(mut self, patient: &str) -> Self {
        self.fields.push(("patient", patient.to_owned()));
        self
    }

    /// Somebody who changes their mind.
    pub fn who_turns_back() -> Self {
        Self { fields: vec![("abort", "1".to_owned())] }
    }
}

impl Provider {
    /// Starts one that knows this service under a name.
    pub fn start(name: &str) -> Self {
        Self::start_kind(name, &[])
    }

    /// Starts one of the simple kind: a client secret, nothing pushed or bound.
    pub fn start_plain(name: &str) -> Self {
        Self::start_kind(name, &["plain"])
    }

    /// Starts an EHR, which launches this service.
    pub fn start_ehr(name: &str) -> Self {
        Self::start_kind(name, &["ehr"])
    }

    fn start_kind(name: &str, kind: &[&str]) -> Self {
        let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oidc");
        assert!(own.join("node_modules/oidc-provider").exists(), "the provider of the tests is missing: run ./tests/run tools");
        let folder = TempDir::new().expect("folder");
        let mut child = Command::new("node")
            .arg(own.join("provider.js"))
            .args([folder.path().display().to_string(), format!("{BASE}/innlogging/{name}/tilbake"), format!("{BASE}/klinikk/inn")])
            .args(kind)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the provider starts");
        let (issuer, _) = child::first_line(&mut child, "the provider");
        let input = child.stdin.take();
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().expect("client");
        Self { issuer, name: name.to_owned(), folder, child, input, client }
    }

    /// The file with the key of this service at the provider.
    pub fn key_file(&self) -> PathBuf {
        self.folder.path().join("client.pem")
    }

    fn settings(&self, more: Value) -> SignInSettings {
        let mut own = json!({
            "name": self.name, "issuer": self.issuer, "client_id": "kartlegging", "key_file": self.key_file(),
            "key_id": "client-1", "key_algorithm": "ES256", "algorithms": ["ES256"],
        });
        let Value::Object(more) = more else { panic!("no object") };
        own.as_object_mut().expect("object").extend(more);
        serde_json::from_value(own).expect("settings")
    }

    /// Settings of a provider for clinicians, as HelseID needs them.
    pub fn for_clinicians(&self) -> SignInSettings {
        self.settings(json!({
            "title": "HelseID", "who": "clinicians",
            "claim_hpr_number": "helseid://claims/hpr/hpr_number",
            "claim_organization": "helseid://claims/client/claims/orgnr_parent",
            "claim_unit": "helseid://claims/client/claims/orgnr_child",
            "claim_assurance": "helseid://claims/identity/security_level", "assurance": ["4"],
        }))
    }

    /// Settings of a provider of the simple kind, which knows people by a subject.
    pub fn plain_for_clinicians(&self) -> SignInSettings {
        let own = json!({
            "name": self.name, "title": "Husets innlogging", "who": "clinicians", "issuer": self.issuer, "client_id": "kartlegging",
            "secret_file": self.folder.path().join("client.secret"), "algorithms": ["RS256"], "par": false, "dpop": false,
            "claim_subject": "sub", "organization": "900000014",
        });
        serde_json::from_value(own).expect("settings")
    }

    /// Settings of an EHR that knows clinicians by what a claim of it says.
    pub fn for_ehr(&self, own: &str, claim: &str) -> SignInSettings {
        self.settings(json!({
            "title": "Journalen", "who": "clinicians", "smart_base": self.fhir(), "key_algorithm": "ES384", "par": false, "dpop": false,
            own: claim, "organization": "900000014",
        }))
    }

    /// The FHIR server of an EHR: the `iss` of its launches.
    pub fn fhir(&self) -> String {
        format!("{}/fhir", self.issuer)
    }

    /// Tells an EHR of patients, launches, or another configuration.
    pub async fn know(&self, records: &Value) {
        self.client.post(format!("{}/ehr", self.issuer)).json(records).send().await.expect("known");
    }

    /// Settings of a provider for patients, as ID-porten needs them.
    pub fn for_patients(&self) -> SignInSettings {
        self.settings(json!({
            "title": "ID-porten", "who": "patients", "acr_values": "idporten-loa-high", "assurance": ["idporten-loa-high"],
        }))
    }

    /// Makes its ID tokens say something else.
    pub async fn bend(&self, changes: &Value) {
        self.client.post(format!("{}/bend", self.issuer)).json(changes).send().await.expect("bent");
    }

    /// A token that says that one of its sessions is over, with these claims beside the usual ones.
    pub async fn logout_token(&self, claims: &Value) -> String {
        let answer = self.client.post(format!("{}/logout-token", self.issuer)).json(claims).send().await.expect("a token");
        answer.text().await.expect("text")
    }

    /// What it was asked.
    pub async fn asked(&self) -> Value {
        let answer = self.client.get(format!("{}/asked", self.issuer)).send().await.expect("asked");
        serde_json::from_slice(&answer.bytes().await.expect("body")).expect("JSON")
    }

    /// Goes to the provider, signs in, and gives the address (path and query) that the browser is led back to.
    pub async fn visit(&self, address: &str, person: &Person) -> String {
        let mut jar: BTreeMap<String, String> = BTreeMap::new();
        let mut call = self.client.get(address);
        for _ in 0..8 {
            let cookies: Vec<String> = jar.iter().map(|(name, value)| format!("{name}={value}")).collect();
            let answer = call.header("cookie", cookies.join("; ")).send().await.expect("answer");
            for line in answer.headers().get_all("set-cookie") {
                let line = line.to_str().expect("text").split(';').next().unwrap_or_default();
                let (name, value) = line.split_once('=').expect("cookie");
                jar.insert(name.to_owned(), value.to_owned());
            }
            let to = answer.headers().get("location").map(|to| to.to_str().expect("text").to_owned());
            let Some(to) = to else { panic!("{}: {}", answer.status(), answer.text().await.unwrap_or_default()) };
            let to = url::Url::parse(&self.issuer).expect("issuer").join(&to).expect("address");
            if !to.as_str().starts_with(&self.issuer) {
                assert!(to.path().starts_with("/innlogging/"), "{to}");
                return format!("{}?{}", to.path(), to.query().unwrap_or_default());
            }
            call = if to.path().starts_with("/login/") {
                let fields = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&person.fields).finish();
                self.client.post(to).header("content-type", "application/x-www-form-urlencoded").body(fields)
            } else {
                self.client.get(to)
            };
        }
        panic!("round and round");
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        // It ends with its input; who does not is ended.
        drop(self.input.take());
        std::thread::sleep(std::time::Duration::from_millis(20));
        child::end(&mut self.child);
    }
}

/// Moves the application's clock to the provider's, which is the machine's.
pub fn meet(app: &TestApp) {
    app.advance(SystemClock::default().now() - app.clock.now());
}
