//! The application under test.

use super::contract;
use super::world::World;
use chrono::{DateTime, Duration, Utc};
use kartlegging::app::{App, Machine};
use kartlegging::config::{Settings, keys};
use kartlegging::crypto::entropy::SystemEntropy;
use kartlegging::domain::clock::testing::MovableClock;
use kartlegging::services::Services;
use reqwest::Method;
use serde_json::Value;
use std::collections::HashMap;
use std::future::Future;
use std::net::TcpListener;
use std::sync::Arc;
use tempfile::TempDir;
use tokio::sync::watch;

/// Which database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Sqlite,
    Postgres,
}

/// A running application with a world of invented organizations in it.
pub struct TestApp {
    pub kind: Kind,
    pub services: Services,
    pub clock: Arc<MovableClock>,
    pub world: World,
    pub database_url: String,
    pub folder: Arc<TempDir>,
    pub http: Http,
    stop: watch::Sender<bool>,
}

/// An answer, already held against the contract.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: HashMap<String, String>,
    pub bytes: Vec<u8>,
    /// Every `Set-Cookie`.
    pub cookies: Vec<String>,
    pub text: String,
    pub json: Value,
}

impl Answer {
    /// The code of a problem or of an `OperationOutcome`, or an empty text.
    pub fn code(&self) -> &str {
        let of_outcome = &self.json["issue"][0]["details"]["coding"][0]["code"];
        self.json["code"].as_str().or(of_outcome.as_str()).unwrap_or_default()
    }

    /// Asserts a status and gives the body.
    #[track_caller]
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        self.json
    }

    /// Asserts a problem.
    #[track_caller]
    pub fn expect_problem(self, status: u16, code: &str) -> Value {
        assert_eq!((self.status, self.code()), (status, code), "{}", self.text);
        self.json
    }
}

/// The instant at which every test begins: a Tuesday morning in Norway.
pub fn start_of_time() -> DateTime<Utc> {
    "2026-11-24T08:00:00Z".parse().expect("date")
}

/// Runs one test on one database.
pub fn run<F, T>(kind: Kind, test: F)
where
    F: FnOnce(TestApp) -> T,
    T: Future<Output = ()>,
{
    super::limit::run(async move {
        let app = TestApp::start(kind).await;
        test(app).await;
    });
}

/// Settings for a database in a folder.
pub fn settings(database_url: &str, folder: &std::path::Path) -> Settings {
    let mut settings = Settings::load(None, &HashMap::new()).expect("defaults");
    database_url.clone_into(&mut settings.database_url);
    settings.keys_file = folder.join("keys.toml");
    settings.allow_synthetic_persons = true;
    settings.workers = 1;
    settings.jobs = false;
    settings.webhook_loopback = true;
    "https://svar.example".clone_into(&mut settings.base_url);
    settings
}

impl TestApp {
    /// A fresh application on a fresh database.
    pub async fn start(kind: Kind) -> Self {
        Self::start_with(kind, |_| {}).await
    }

    /// The same with some settings changed.
    pub async fn start_with(kind: Kind, change: impl FnOnce(&mut Settings)) -> Self {
        let folder = Arc::new(TempDir::new().expect("folder"));
        let database_url = match kind {
            Kind::Sqlite => format!("sqlite://{}", folder.path().join("test.db").display()),
            Kind::Postgres => super::postgres::database().await,
        };
        let mut settings = settings(&database_url, folder.path());
        change(&mut settings);
        keys::create(&settings.keys_file, &SystemEntropy::default()).expect("keys");
        let clock = Arc::new(MovableClock::at(start_of_time()));
        let mut app = Self::with(kind, settings, clock, folder, None).await;
        app.world = World::make(&app.services).await;
        app
    }

    /// Another instance on the same database, keys and clock.
    pub async fn second_instance(&self) -> Self {
        self.second_instance_with(|_| {}).await
    }

    /// Another instance like that, with some settings changed.
    pub async fn second_instance_with(&self, change: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = settings(&self.database_url, self.folder.path());
        change(&mut settings);
        Self::with(self.kind, settings, Arc::clone(&self.clock), Arc::clone(&self.folder), Some(self.world.clone())).await
    }

    /// An instance with settings of its own.
    pub async fn with(kind: Kind, settings: Settings, clock: Arc<MovableClock>, folder: Arc<TempDir>, world: Option<World>) -> Self {
        let database_url = settings.database_url.clone();
        let machine = Machine { clock: Arc::clone(&clock) as _, entropy: Arc::new(SystemEntropy::default()) };
        let app = App::build(settings, true, machine).await.expect("application");
        let listener = TcpListener::bind("127.0.0.1:0").expect("port");
        let base = format!("http://{}", listener.local_addr().expect("address"));
        let services = app.services.clone();
        let (stop, stopped) = watch::channel(false);
        tokio::spawn(app.serve(listener, stopped));
        let http = Http::to(&base);
        Self { kind, services, clock, world: world.unwrap_or_default(), database_url, folder, http, stop }
    }

    /// Moves the clock.
    pub fn advance(&self, by: Duration) {
        self.clock.advance(by);
    }

    /// Begins a request.
    pub fn call(&self, method: &str, path: &str) -> Call<'_> {
        self.http.call(method, path)
    }

    pub fn get(&self, path: &str) -> Call<'_> {
        self.call("GET", path)
    }

    pub fn post(&self, path: &str) -> Call<'_> {
        self.call("POST", path)
    }

    pub fn put(&self, path: &str) -> Call<'_> {
        self.call("PUT", path)
    }

    pub fn delete(&self, path: &str) -> Call<'_> {
        self.call("DELETE", path)
    }
}

/// Calls to a service at an address, held against the contract: the application in this process, or
/// the program as a process of its own.
#[derive(Debug, Clone)]
pub struct Http {
    base: String,
    client: reqwest::Client,
}

impl Http {
    pub fn to(base: &str) -> Self {
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().expect("client");
        Self { base: base.to_owned(), client }
    }

    /// Host and port.
    pub fn authority(&self) -> &str {
        self.base.trim_start_matches("http://")
    }

    /// Begins a request.
    pub fn call(&self, method: &str, path: &str) -> Call<'_> {
        let method = Method::from_bytes(method.as_bytes()).expect("method");
        let request = self.client.request(method.clone(), format!("{}{path}", self.base));
        Call { http: self, method, path: path.to_owned(), request }
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        let _ = self.stop.send(true);
    }
}

/// A request being put together.
pub struct Call<'a> {
    http: &'a Http,
    method: Method,
    path: String,
    request: reqwest::RequestBuilder,
}

impl Call<'_> {
    pub fn bearer(self, token: &str) -> Self {
        Self { request: self.request.bearer_auth(token), ..self }
    }

    pub fn header(self, name: &str, value: &str) -> Self {
        Self { request: self.request.header(name, value), ..self }
    }

    /// An idempotency key.
    pub fn key(self, key: &str) -> Self {
        self.header("idempotency-key", key)
    }

    pub fn if_match(self, version: i64) -> Self {
        self.header("if-match", &format!("\"{version}\""))
    }

    pub fn json(self, body: &Value) -> Self {
        Self { request: self.request.json(body), ..self }
    }

    pub fn body(self, media: &str, body: impl Into<Vec<u8>>) -> Self {
        Self { request: self.request.header("content-type", media).body(body.into()), ..self }
    }

    /// Sends it; the answer must be one that the contract knows.
    pub async fn send(self) -> Answer {
        let response = self.request.send().await.expect("an answer");
        let status = response.status().as_u16();
        let headers: HashMap<String, String> =
            response.headers().iter().map(|(name, value)| (name.to_string(), value.to_str().unwrap_or_default().to_owned())).collect();
        let cookies = response.headers().get_all("set-cookie").iter().filter_map(|value| value.to_str().ok().map(str::to_owned)).collect();
        let bytes = response.bytes().await.expect("body").to_vec();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let json = serde_json::from_str(&text).unwrap_or(Value::Null);
        let answer = Answer { status, headers, bytes, cookies, text, json };
        contract::check(self.method.as_str(), &self.path, &answer);
        let _ = self.http;
        answer
    }
}
