//! What must be true: a small model of everything that the services keep. It is changed at the same
//! moments as the database, by rules that are written down here once more and in other words.

mod guessing;
mod keys;
mod mailing;
mod rows;
mod tables;
mod ties;

use super::post::Post;
use super::world::World;
use chrono::{DateTime, Utc};
use kartlegging::domain::ids::{AppointmentId, DeviceId, InvitationId, ResponseId};
use std::collections::BTreeMap;
use std::rc::Rc;

pub use guessing::{Counters, Subject};
pub use keys::{Begun, Kept, Key, Outcome};
pub use mailing::{Failed, Mail, Message, Plan, Tells};
pub use rows::{Made, Order, Visiting};
pub use tables::{Credential, Draft, Entry, Invitation, Logged, Paper, Patient, Request, Response, Session, Version, Visit, Whose};

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
    /// Of each organization: the version of its key that makes new values, and its newest.
    pub keys_of: Vec<(u16, u16)>,
    /// The same as the running program knows it.
    pub vault: Vec<(u16, u16)>,
    /// Entries that are sealed, of each organization.
    pub sealed: Vec<usize>,
    /// The newest signed head of each organization: its size, and when.
    pub heads: Vec<Option<(usize, DateTime<Utc>)>>,
    /// Heads signed so far.
    pub signed: usize,
    /// What units have set about mails.
    pub mailing: Vec<Plan>,
    pub messages: Vec<Message>,
    /// Mails that the mail server has taken, and how many of them have been compared.
    pub mails: Vec<Mail>,
    pub received: usize,
    /// The mail server, and whether it is away.
    pub post: Rc<Post>,
    pub away: bool,
    /// Entries that have been compared with the database.
    pub compared: usize,
}

impl Model {
    pub fn new(world: Rc<World>, post: Rc<Post>, now: DateTime<Utc>) -> Self {
        let organizations = world.organizations.len();
        Self {
            keys_of: vec![(1, 1); organizations],
            vault: vec![(1, 1); organizations],
            sealed: vec![0; organizations],
            heads: vec![None; organizations],
            signed: 0,
            mailing: vec![Plan::default(); world.units.len()],
            messages: Vec::new(),
            mails: Vec::new(),
            received: 0,
            post,
            away: false,
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

    /// An entry about something that the operator did.
    pub fn log_command(&mut self, patient: usize, command: &str, action: &'static str) {
        let organization = self.patients[patient].organization;
        self.log.push(Logged::new(action, vec![patient]).entry(organization, "system", None, command));
    }

    /// Entries of an organization that are not sealed yet.
    pub fn unsealed(&self, organization: usize) -> usize {
        self.log.iter().filter(|entry| entry.organization == organization).count() - self.sealed[organization]
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
            ("patient_key", self.patients.iter().filter(|row| !row.erased).count()),
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
            ("outbox", self.messages.iter().filter(|row| !row.gone).count()),
            ("access_log", self.log.len()),
            ("access_log_seal", self.sealed.iter().sum()),
            ("access_log_head", self.signed),
        ]
    }
}
