//! Who may do what: one function, one table test (`tests/suite/policy.rs`).
//!
//! To add an action: a variant of [`Action`], its line in [`decide`], its column in the table
//! test. Objects of another organization never come this far: finders are scoped, so they are 404.
//!
//! A client whose token is good for one patient is refused wherever that patient is not stated
//! ([`Resource::patient`]), so everything is closed to it that has not been taught: a service asks
//! [`confined`] before it looks anything up, finds nothing of anybody else, and states whose it is; its
//! handler then takes `PatientCaller` in place of `ApiCaller`.

use crate::domain::actor::{Actor, ClientActor, ClinicianActor, Role, Scope, Width};
use crate::domain::ids::{PatientId, UnitId};
use serde::{Deserialize, Serialize};

/// Something an actor wants to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// Issue, reissue or revoke an invitation of a unit, or change the visit it is for.
    ManageInvitations,
    /// Issue many at once: letter systems only.
    IssueBatch,
    /// Read the state of an invitation of a unit, or the visit it is for.
    ReadInvitation,
    /// Get what goes into the letter of an invitation, link and code among it.
    RenderLetter,
    /// See the worklist of a unit.
    ReadWorklist,
    /// Read a response, its summary, versions or a patient's timeline.
    ReadAnswers,
    /// Mark a response as read.
    Review,
    /// Enter a paper form.
    EnterPaper,
    /// Hand in answers that a patient gave in another system.
    HandIn,
    /// Look a patient up by identifier.
    SearchPatients,
    /// See who has seen a patient's data.
    ReadAccessLog,
    /// List and read questionnaires.
    ReadQuestionnaires,
    /// Get the text and link of a message to a patient's phone.
    RenderMessage,
    /// See what went out, and try it again.
    ManageDeliveries,
    /// Read counts of a unit.
    ReadStatistics,
    /// Be told of answers that are handed in.
    Subscribe,
    /// Answer an invitation (draft, submit, decline).
    Answer,
}

impl Action {
    /// Every action, for the table test.
    pub const ALL: [Self; 17] = [
        Self::ManageInvitations,
        Self::IssueBatch,
        Self::ReadInvitation,
        Self::RenderLetter,
        Self::ReadWorklist,
        Self::ReadAnswers,
        Self::Review,
        Self::EnterPaper,
        Self::HandIn,
        Self::SearchPatients,
        Self::ReadAccessLog,
        Self::ReadQuestionnaires,
        Self::RenderMessage,
        Self::ManageDeliveries,
        Self::ReadStatistics,
        Self::Subscribe,
        Self::Answer,
    ];
}

/// Structured ground for opening a patient outside the care relation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ground {
    /// Appointment or invitation in an own unit, inside the window: the default.
    CareRelation,
    /// Help at once.
    Emergency,
    /// A colleague asked.
    AskedByColleague,
    /// Quality assurance of the care given.
    QualityWork,
}

impl Ground {
    /// Grounds that a person can state; the care relation is found, not stated.
    pub const STATED: [Self; 3] = [Self::Emergency, Self::AskedByColleague, Self::QualityWork];

    /// The word on the wire and in the log.
    pub fn word(self) -> &'static str {
        match self {
            Self::CareRelation => "care-relation",
            Self::Emergency => "emergency",
            Self::AskedByColleague => "asked-by-colleague",
            Self::QualityWork => "quality-work",
        }
    }

    /// Reads a stated ground.
    pub fn parse(word: &str) -> Option<Self> {
        Self::STATED.into_iter().find(|ground| ground.word() == word)
    }
}

/// What the action is about.
#[derive(Debug, Clone, Copy, Default)]
pub struct Resource<'a> {
    /// Units whose appointments or invitations tie the patient (inside the window), or the one unit
    /// that is asked for.
    pub units: &'a [UnitId],
    /// A ground that the actor stated.
    pub stated: Option<Ground>,
    /// The one patient whom it is about, where it is about one.
    pub patient: Option<PatientId>,
}

impl<'a> Resource<'a> {
    /// What is about units, and not said to be about a patient.
    pub fn in_units(units: &'a [UnitId]) -> Self {
        Self { units, stated: None, patient: None }
    }

    /// What is about a patient, or about the one that [`confined`] gave.
    pub fn of(patient: impl Into<Option<PatientId>>) -> Self {
        Self { units: &[], stated: None, patient: patient.into() }
    }
}

/// Why not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// The client's token or row lacks the scope.
    #[error("the scope {} is missing", .0.word())]
    Scope(Scope),
    /// The person lacks the role (in that unit).
    #[error("the role is missing")]
    Role,
    /// Role held, but no care relation: a structured ground is asked for.
    #[error("a ground is required")]
    GroundRequired,
    /// The client's token is good for one patient, and this is not said to be about that one.
    #[error("the token is good for one patient only")]
    OnePatient,
    /// The client's token is good for one patient and does not say which.
    #[error("the claim patient names nobody")]
    PatientUnnamed,
}

/// Decides. `Ok` carries the ground that the access log records.
pub fn decide(actor: &Actor, action: Action, resource: Resource<'_>) -> Result<Ground, Denied> {
    match actor {
        Actor::System { .. } => Ok(Ground::CareRelation),
        Actor::Holder(_) if action == Action::Answer => Ok(Ground::CareRelation),
        Actor::Holder(_) => Err(Denied::Role),
        Actor::Client(client) => {
            let scopes = client_scopes(action).ok_or(Denied::Role)?;
            // What every client may do is about no patient.
            let Some(first) = scopes.first() else { return Ok(Ground::CareRelation) };
            if !scopes.iter().any(|scope| client.scopes.contains(scope)) {
                return Err(Denied::Scope(*first));
            }
            within(client, resource.patient).map(|()| Ground::CareRelation)
        }
        Actor::Clinician(person) => decide_person(person, action, resource),
    }
}

/// Whether the client's token is good for what is about this patient; `None`: about none, or not said.
fn within(client: &ClientActor, patient: Option<PatientId>) -> Result<(), Denied> {
    match client.width {
        Width::Organization => Ok(()),
        Width::Patient(own) if patient == Some(own) => Ok(()),
        Width::Patient(_) => Err(Denied::OnePatient),
        Width::Nobody => Err(Denied::PatientUnnamed),
    }
}

/// Refuses a client whose token is good for one patient: the door of what is not about one, or has not
/// been taught.
pub fn unconfined(actor: &Actor) -> Result<(), Denied> {
    match actor {
        Actor::Client(client) => within(client, None),
        Actor::Clinician(_) | Actor::Holder(_) | Actor::System { .. } => Ok(()),
    }
}

/// The only patient whom the actor may do it about, where its token is good for one: asked before anything
/// is looked up, so that what is somebody else's is answered like what is not there. `None`: the other
/// rules say who.
pub fn confined(actor: &Actor, action: Action) -> Result<Option<PatientId>, Denied> {
    let own = match actor {
        Actor::Client(ClientActor { width: Width::Patient(own), .. }) => Some(*own),
        Actor::Client(ClientActor { width: Width::Nobody, .. }) => None,
        _ => return Ok(None),
    };
    decide(actor, action, Resource::of(own)).map(|_| own)
}

/// Whether the actor could ever do it, in whatever unit: asked before anything is looked up, so that
/// who may not is told so whatever the body says.
pub fn may_ever(actor: &Actor, action: Action) -> Result<(), Denied> {
    let all: Vec<UnitId> = match actor {
        Actor::Clinician(person) => person.grants.iter().filter_map(|grant| grant.unit).collect(),
        _ => Vec::new(),
    };
    decide(actor, action, Resource::in_units(&all)).map(|_| ())
}

/// Scopes of which one is enough; an empty list: every client; `None`: no client.
fn client_scopes(action: Action) -> Option<&'static [Scope]> {
    match action {
        Action::ManageInvitations | Action::IssueBatch => Some(&[Scope::InvitationsWrite]),
        Action::ReadInvitation => Some(&[Scope::InvitationsRead, Scope::InvitationsWrite]),
        Action::RenderLetter => Some(&[Scope::LettersRender]),
        // Who may read the answers may be told that there are some.
        Action::ReadAnswers | Action::Subscribe => Some(&[Scope::ResponsesRead]),
        Action::HandIn => Some(&[Scope::ResponsesWrite]),
        Action::SearchPatients => Some(&[Scope::PatientsRead]),
        Action::ReadQuestionnaires => Some(&[]),
        Action::RenderMessage => Some(&[Scope::MessagesRender]),
        Action::ManageDeliveries => Some(&[Scope::DeliveriesManage]),
        Action::ReadStatistics => Some(&[Scope::StatisticsRead]),
        Action::ReadWorklist | Action::Review | Action::EnterPaper | Action::ReadAccessLog | Action::Answer => None,
    }
}

fn decide_person(person: &ClinicianActor, action: Action, resource: Resource<'_>) -> Result<Ground, Denied> {
    let in_unit = |role| {
        let own = person.units(role);
        resource.units.iter().any(|unit| own.contains(unit))
    };
    match action {
        Action::ReadQuestionnaires => Ok(Ground::CareRelation),
        Action::ManageInvitations | Action::ReadInvitation | Action::RenderLetter
            if in_unit(Role::Clinician) || in_unit(Role::UnitAdmin) =>
        {
            Ok(Ground::CareRelation)
        }
        Action::ReadWorklist | Action::EnterPaper if in_unit(Role::Clinician) => Ok(Ground::CareRelation),
        Action::SearchPatients if person.has(Role::Clinician) => Ok(Ground::CareRelation),
        Action::ManageDeliveries if person.has(Role::OrganizationAdmin) => Ok(Ground::CareRelation),
        Action::ReadStatistics if person.has(Role::OrganizationAdmin) || in_unit(Role::UnitAdmin) => Ok(Ground::CareRelation),
        Action::ManageInvitations
        | Action::IssueBatch
        | Action::ReadInvitation
        | Action::RenderLetter
        | Action::ReadWorklist
        | Action::EnterPaper
        | Action::HandIn
        | Action::SearchPatients
        | Action::RenderMessage
        | Action::ManageDeliveries
        | Action::ReadStatistics
        | Action::Subscribe
        | Action::Answer => Err(Denied::Role),
        Action::ReadAnswers | Action::Review => {
            if !person.has(Role::Clinician) {
                Err(Denied::Role)
            } else if in_unit(Role::Clinician) {
                Ok(Ground::CareRelation)
            } else {
                resource.stated.ok_or(Denied::GroundRequired)
            }
        }
        Action::ReadAccessLog => {
            let allowed = person.has(Role::OrganizationAdmin) || person.has(Role::Auditor) || in_unit(Role::UnitAdmin);
            if allowed { Ok(Ground::CareRelation) } else { Err(Denied::Role) }
        }
    }
}
