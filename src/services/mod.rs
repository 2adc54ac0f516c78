//! Floor 3: one use case a file. Each has a command, a small `Error`, and one public function that
//! takes the services and who is asking. Rules come from `domain`, rows from `storage`.
//!
//! To add a use case: a file, its function with `&Caller`, its line in `domain::policy` where it
//! touches patients, an access-log entry in the same transaction (a read: before the answer
//! leaves), an operation in `openapi.yaml`, its row in the authorization matrix.

pub mod access_log;
pub mod admin;
pub mod audit;
pub mod authenticate;
pub mod cds_client;
pub mod change_appointment;
pub mod chart;
pub mod clinic_session;
pub mod decline;
pub mod deliveries;
pub mod draft;
pub mod edit_draft;
pub mod enforce_retention;
pub mod enter_paper;
pub mod entrance;
pub mod erase_patient;
pub mod events;
pub mod expire_invitations;
pub mod export_patient;
pub mod fault;
pub mod fhir;
pub mod findings;
pub mod giver;
pub mod glass;
pub mod holder;
pub mod idempotency;
pub mod invitation;
pub mod issue_invitations;
pub mod keys;
pub mod launch;
pub mod lease;
pub mod letter;
pub mod library;
pub mod notices;
pub mod open_session;
pub mod open_signed_in;
pub mod outbox;
pub mod paper_sheet;
pub mod patient_view;
pub mod patients;
pub mod plan_notices;
pub mod possession;
pub mod print_paper;
pub mod purge;
pub mod recent_lists;
pub mod render_message;
pub mod representatives;
pub mod responses;
pub mod retention;
pub mod review;
pub mod sign_in;
mod sign_in_limit;
pub mod startup;
pub mod stop_notices;
pub mod submit_response;
pub mod support_text;
pub mod uptake;
pub mod vault;
pub mod webhooks;
pub mod worklist;

use crate::crypto::guarded::{Authorities, Outward};
use crate::crypto::ring::KeyRing;
use crate::crypto::verified::Verified;
use crate::domain::actor::Actor;
use crate::domain::clock::{Clock, Entropy};
use crate::domain::network::Allowed;
use crate::mail::Mailer;
use crate::storage::Db;
use chrono::{DateTime, Duration, Utc};
use std::sync::Arc;

pub use audit::Caller;
pub use fault::Fault;

/// Longest time that the database may take for one part of a request.
const LONGEST: std::time::Duration = std::time::Duration::from_secs(10);
/// The same for a batch.
const LONGEST_BATCH: std::time::Duration = std::time::Duration::from_mins(2);

/// Settings that rules depend on.
#[derive(Debug, Clone)]
pub struct Rules {
    /// Address of this service as patients see it, without a slash at the end.
    pub base_url: String,
    /// Whether synthetic national identifiers are accepted.
    pub allow_synthetic_persons: bool,
    /// A session ends when unused this long.
    pub session_idle: Duration,
    /// The same for those who chose to be remembered.
    pub session_remembered: Duration,
    /// A session ends then whatever happens.
    pub session_absolute: Duration,
    /// A session of a clinician ends when unused this long.
    pub clinic_idle: Duration,
    /// A session of a clinician ends then whatever happens.
    pub clinic_absolute: Duration,
    /// How long an idempotency key is kept.
    pub idempotency_kept: Duration,
    /// How long the work under an idempotency key may take before another try takes over.
    pub idempotency_lock: Duration,
    /// Clock difference forgiven in API tokens, seconds.
    pub token_skew_seconds: i64,
    /// Signing of the access log's heads, and where they go.
    pub log_heads: access_log::Heads,
    /// Where webhooks may lead beside public addresses.
    pub webhook_targets: Allowed,
    /// Authorities beside the machine's, whose certificates receivers may have.
    pub webhook_authorities: Authorities,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            base_url: "http://127.0.0.1:8080".to_owned(),
            allow_synthetic_persons: false,
            session_idle: Duration::hours(2),
            session_remembered: Duration::hours(24),
            session_absolute: Duration::hours(24),
            clinic_idle: Duration::minutes(30),
            clinic_absolute: Duration::hours(10),
            idempotency_kept: Duration::hours(24),
            idempotency_lock: Duration::minutes(2),
            token_skew_seconds: 30,
            log_heads: access_log::Heads::default(),
            webhook_targets: Allowed::default(),
            webhook_authorities: Authorities::default(),
        }
    }
}

/// Everything a use case needs; cheap to clone.
#[derive(Clone)]
pub struct Services {
    /// The database.
    pub db: Db,
    /// Keys.
    pub ring: Arc<KeyRing>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
    /// Questionnaires.
    pub library: Arc<library::Library>,
    /// Settings.
    pub rules: Arc<Rules>,
    /// Opened organization keys.
    pub vault: Arc<vault::Vault>,
    /// Worklists that were opened a moment ago.
    pub lists: Arc<recent_lists::RecentLists>,
    /// Who may issue API tokens.
    pub issuers: Arc<Vec<authenticate::TrustedIssuer>>,
    /// Tokens of theirs that were verified a moment ago.
    pub verified: Arc<Verified<Actor>>,
    /// The way to other systems.
    pub outward: Arc<Outward>,
    /// Sends mails; `None` where no mail is sent.
    pub mail: Option<Mailer>,
    /// Where people sign in.
    pub doors: Arc<Vec<sign_in::SignIn>>,
    /// Record systems that may ask for cards.
    pub cds_clients: Arc<Vec<cds_client::CdsClient>>,
}

impl Services {
    /// Puts them together.
    pub fn new(
        db: Db,
        ring: Arc<KeyRing>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        library: library::Library,
        rules: Rules,
    ) -> Self {
        let vault = Arc::new(vault::Vault::new(Arc::clone(&ring), Arc::clone(&entropy)));
        let (lists, issuers, verified) = (Arc::default(), Arc::default(), Arc::default());
        let outward = Arc::new(Outward::new(rules.webhook_targets.clone(), rules.webhook_authorities.clone()));
        let (library, rules, doors, cds_clients) = (Arc::new(library), Arc::new(rules), Arc::default(), Arc::default());
        Self { db, ring, clock, entropy, library, rules, vault, lists, issuers, verified, outward, mail: None, doors, cds_clients }
    }

    /// The same with these issuers of API tokens.
    #[must_use]
    pub fn with_issuers(self, issuers: Vec<authenticate::TrustedIssuer>) -> Self {
        Self { issuers: Arc::new(issuers), ..self }
    }

    /// The same with this way to send mails.
    #[must_use]
    pub fn with_mail(self, mail: Option<Mailer>) -> Self {
        Self { mail, ..self }
    }

    /// The same with these providers of sign-in.
    #[must_use]
    pub fn with_sign_in(self, doors: Vec<sign_in::SignIn>) -> Self {
        Self { doors: Arc::new(doors), ..self }
    }

    /// The same with these record systems that ask for cards.
    #[must_use]
    pub fn with_cds_clients(self, cds_clients: Vec<cds_client::CdsClient>) -> Self {
        Self { cds_clients: Arc::new(cds_clients), ..self }
    }

    /// The same for requests: who waits for an answer gets one, if only that there is none now.
    #[must_use]
    pub fn for_requests(&self) -> Self {
        Self { db: self.db.within(LONGEST), ..self.clone() }
    }

    /// The present instant.
    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }
}

impl std::fmt::Debug for Services {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Services")
    }
}
