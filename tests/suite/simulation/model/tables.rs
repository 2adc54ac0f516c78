//! Rows of the model.

use super::Order;
use crate::simulation::given::Given;
use chrono::{DateTime, Duration, NaiveDate, Utc};
use kartlegging::domain::ids::{AppointmentId, InvitationId, PatientId, ResponseId, SessionId};
use kartlegging::domain::invitation::{ClosedReason, InvitationState};
use kartlegging::domain::respondent::Respondent;
use kartlegging::domain::secret::{Code, LinkToken};
use std::collections::BTreeSet;
use std::rc::Rc;

pub struct Patient {
    pub organization: usize,
    pub id: Option<PatientId>,
    pub person: usize,
    pub born: NaiveDate,
    pub name: String,
    /// Where they get mail.
    pub address: Option<String>,
    /// They want none.
    pub stopped: bool,
    /// Nothing of them can be read any more.
    pub erased: bool,
    /// Version of the organization's key that wraps theirs.
    pub wrapped: u16,
    /// Versions of it under which they are found.
    pub indexed: BTreeSet<u16>,
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
    pub cancelled: bool,
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
    /// When the notice was planned, and the reminder.
    pub told: [Option<DateTime<Utc>>; 2],
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
    /// It goes out in a mail; else it stands in a letter.
    pub mail: bool,
    /// 1 for the first, one more for every reissue.
    pub generation: i32,
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

#[derive(Clone)]
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

    pub fn entry(self, organization: usize, kind: &'static str, actor: Option<usize>, request: &str) -> Entry {
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
