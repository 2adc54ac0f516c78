//! What must be true: a small model of everything that the services keep. It is changed at the same
//! moments as the database, by rules that are written down here once more and in other words.

mod guessing;
mod keys;
mod rows;
mod ties;

use super::given::Given;
use super::world::World;
use chrono::{DateTime, Duration, NaiveDate, Utc};
use kartlegging::domain::ids::{AppointmentId, DeviceId, InvitationId, PatientId, ResponseId, SessionId};
use kartlegging::domain::invitation::{ClosedReason, InvitationState};
use kartlegging::domain::respondent::Respondent;
use kartlegging::domain::secret::{Code, LinkToken};
use std::collections::BTreeMap;
use std::rc::Rc;

pub use guessing::{Counters, Subject};
pub use keys::{Begun, Kept, Key, Outcome};
pub use rows::{Made, Order, Visiting};

pub struct Patient {
    pub organization: usize,
    pub id: Option<PatientId>,
    pub person: usize,
    pub born: NaiveDate,
    pub name: String,
}

pub struct Visit {
    pub organization: usize,
    pub unit: usize,
    pub id: Option<AppointmentId>,
    pub mark: u32,
    /// Which of the visits that its operation made.
    pub nth: usize,
    pub patient: usize,
    pub external: Option<String>,
    pub starts_at: DateTime<Utc>,
    /// The person who registered it.
    pub by: Option<usize>,
}

pub struct Invitation {
    pub organization: usize,
    pub unit: usize,
    pub id: Option<InvitationId>,
    pub mark: u32,
    /// Which of the invitations that its operation made.
    pub nth: usize,
    pub patient: usize,
    pub visit: Option<usize>,
    pub form: String,
    pub state: InvitationState,
    pub flagged: bool,
    pub due_on: Option<NaiveDate>,
    pub answer_until: DateTime<Utc>,
    pub amend_until: DateTime<Utc>,
    pub created_at: DateTime<Utc>,
    /// The person who issued it.
    pub by: Option<usize>,
    pub credentials: Vec<usize>,
    pub draft: Option<Draft>,
    pub response: Option<usize>,
}

impl Invitation {
    /// A second one for the same occasion is refused.
    pub fn live(&self) -> bool {
        matches!(
            self.state,
            InvitationState::Issued
                | InvitationState::Opened
                | InvitationState::Started
                | InvitationState::Answered
                | InvitationState::Closed(ClosedReason::Declined)
        )
    }

    pub fn closed(&self) -> Option<ClosedReason> {
        match self.state {
            InvitationState::Closed(reason) => Some(reason),
            _ => None,
        }
    }
}

pub struct Credential {
    pub invitation: usize,
    pub secrets: Option<(LinkToken, Code)>,
    pub revoked: bool,
}

#[derive(Clone)]
pub struct Draft {
    pub version: i32,
    /// The session whose device it is on.
    pub device: usize,
    pub given: Rc<Given>,
    pub by: Option<Respondent>,
    pub language: String,
}

pub struct Session {
    pub invitation: usize,
    pub id: Option<SessionId>,
    pub device: usize,
    pub receipt: bool,
    /// It ends when unused that long.
    pub idle: Duration,
    pub seen: DateTime<Utc>,
    pub idle_until: DateTime<Utc>,
    pub absolute_until: DateTime<Utc>,
    pub ended: bool,
    /// The row has been deleted.
    pub gone: bool,
    pub token: Option<String>,
    pub device_token: Option<String>,
    pub device_until: i64,
}

pub struct Response {
    pub invitation: usize,
    pub id: Option<ResponseId>,
    pub versions: Vec<Version>,
    /// Version and person.
    pub reviews: Vec<(i32, usize)>,
}

pub struct Version {
    pub given: Rc<Given>,
    pub by: Respondent,
    pub staff: bool,
    pub at: DateTime<Utc>,
    pub language: String,
}

/// An entry of the access log.
#[derive(Debug, Clone)]
pub struct Entry {
    pub organization: usize,
    pub action: &'static str,
    pub result: &'static str,
    pub kind: &'static str,
    /// The actor, for systems and people.
    pub actor: Option<usize>,
    pub unit: Option<usize>,
    pub ground: &'static str,
    pub patients: Vec<usize>,
    pub request: String,
}

/// A request under a key.
#[derive(Debug, Clone)]
pub enum Request {
    Issue(usize, Order, String),
    Batch(usize, Vec<Option<Order>>, String),
    Reissue(usize, usize, String),
    Paper(usize, Paper, String),
}

/// What staff enter.
#[derive(Debug, Clone)]
pub struct Paper {
    pub whose: Whose,
    pub given: Rc<Given>,
    pub by: Respondent,
    pub language: Option<&'static str>,
    pub answered_on: NaiveDate,
}

/// Whose answers staff enter.
#[derive(Debug, Clone, Copy)]
pub enum Whose {
    Invitation(usize),
    /// Patient and unit.
    Patient(usize, usize),
}

/// Everything.
pub struct Model {
    pub world: Rc<World>,
    pub now: DateTime<Utc>,
    pub patients: Vec<Patient>,
    pub visits: Vec<Visit>,
    pub invitations: Vec<Invitation>,
    pub credentials: Vec<Credential>,
    pub sessions: Vec<Session>,
    /// Devices by number: one for every session that came without a known one.
    pub devices: usize,
    pub device_ids: BTreeMap<usize, DeviceId>,
    pub responses: Vec<Response>,
    pub counters: Counters,
    pub keys: BTreeMap<Key, keys::Use>,
    pub leases: BTreeMap<&'static str, DateTime<Utc>>,
    /// Requests under keys, to be repeated.
    pub requests: Vec<Request>,
    pub log: Vec<Entry>,
    /// Entries that have been compared with the database.
    pub compared: usize,
}

impl Model {
    pub fn new(world: Rc<World>, now: DateTime<Utc>) -> Self {
        Self {
            world,
            now,
            patients: Vec::new(),
            visits: Vec::new(),
            invitations: Vec::new(),
            credentials: Vec::new(),
            sessions: Vec::new(),
            devices: 0,
            device_ids: BTreeMap::new(),
            responses: Vec::new(),
            counters: BTreeMap::new(),
            keys: BTreeMap::new(),
            leases: BTreeMap::new(),
            requests: Vec::new(),
            log: Vec::new(),
            compared: 0,
        }
    }

    /// The organization of an actor.
    pub fn home(&self, actor: usize) -> usize {
        self.world.actors[actor].organization
    }

    /// An entry about something that one of the actors did.
    pub fn log_actor(&mut self, actor: usize, request: &str, deed: Logged) {
        let kind = match &self.world.actors[actor].actor {
            kartlegging::domain::actor::Actor::Client(_) => "client",
            _ => "clinician",
        };
        let organization = self.home(actor);
        self.log.push(deed.entry(organization, kind, Some(actor), request));
    }

    /// An entry about something that the holder of a session did.
    pub fn log_holder(&mut self, invitation: usize, request: &str, action: &'static str) {
        let deed = self.about(invitation, action);
        let organization = self.invitations[invitation].organization;
        self.log.push(deed.entry(organization, "holder", None, request));
    }

    /// An entry about something that the service did by itself.
    pub fn log_system(&mut self, invitation: usize, request: &str, action: &'static str, result: &'static str) {
        let deed = Logged { result, ..self.about(invitation, action) };
        let organization = self.invitations[invitation].organization;
        self.log.push(deed.entry(organization, "system", None, request));
    }

    /// Something done to an invitation.
    pub fn about(&self, invitation: usize, action: &'static str) -> Logged {
        let row = &self.invitations[invitation];
        Logged { unit: Some(row.unit), ..Logged::new(action, vec![row.patient]) }
    }

    /// The row of an id.
    pub fn visit_of(&self, id: AppointmentId) -> Option<usize> {
        self.visits.iter().position(|row| row.id == Some(id))
    }

    /// The row of an id.
    pub fn invitation_of(&self, id: InvitationId) -> Option<usize> {
        self.invitations.iter().position(|row| row.id == Some(id))
    }

    /// The row of an id.
    pub fn response_of(&self, id: ResponseId) -> Option<usize> {
        self.responses.iter().position(|row| row.id == Some(id))
    }

    /// Numbers of rows that tables must have.
    pub fn counts(&self) -> Vec<(&'static str, usize)> {
        let drafts = self.invitations.iter().filter(|row| row.draft.is_some()).count();
        vec![
            ("patient", self.patients.len()),
            ("patient_key", self.patients.len()),
            ("appointment", self.visits.len()),
            ("invitation", self.invitations.len()),
            ("credential", self.credentials.len()),
            ("session", self.sessions.iter().filter(|row| !row.gone).count()),
            ("draft", drafts),
            ("response", self.responses.len()),
            ("response_version", self.responses.iter().map(|row| row.versions.len()).sum()),
            ("review", self.responses.iter().map(|row| row.reviews.len()).sum()),
            ("attempt", self.counters.len()),
            ("idempotency", self.keys.len()),
            ("access_log", self.log.len()),
        ]
    }
}

/// What an entry says of a deed.
#[derive(Debug, Clone)]
pub struct Logged {
    pub action: &'static str,
    pub result: &'static str,
    pub unit: Option<usize>,
    pub ground: &'static str,
    pub patients: Vec<usize>,
}

impl Logged {
    pub fn new(action: &'static str, patients: Vec<usize>) -> Self {
        Self { action, result: "ok", unit: None, ground: "care-relation", patients }
    }

    fn entry(self, organization: usize, kind: &'static str, actor: Option<usize>, request: &str) -> Entry {
        let mut patients = self.patients;
        patients.sort_unstable();
        patients.dedup();
        Entry {
            organization,
            action: self.action,
            result: self.result,
            kind,
            actor,
            unit: self.unit,
            ground: self.ground,
            patients,
            request: request.to_owned(),
        }
    }
}
