//! Who is asking: the first argument of every service.

use crate::domain::ids::{ClientId, ClinicianId, InvitationId, OrganizationId, PatientId, SessionId, UnitId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// What a client may do; written in its token's `scope` and in the client's row, both must agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Scope {
    /// Issue, reissue and revoke invitations.
    #[serde(rename = "invitations:write")]
    InvitationsWrite,
    /// Read the state of invitations.
    #[serde(rename = "invitations:read")]
    InvitationsRead,
    /// Read responses and summaries (EHRs).
    #[serde(rename = "responses:read")]
    ResponsesRead,
    /// Hand in answers that a patient gave in another system.
    #[serde(rename = "responses:write")]
    ResponsesWrite,
    /// Look patients up by identifier.
    #[serde(rename = "patients:read")]
    PatientsRead,
    /// Get what goes into a letter: link, code, QR code, text, PDF.
    #[serde(rename = "letters:render")]
    LettersRender,
    /// Get the text and link of a message to a patient's phone (gateways).
    #[serde(rename = "messages:render")]
    MessagesRender,
    /// See what went out, and try it again.
    #[serde(rename = "deliveries:manage")]
    DeliveriesManage,
    /// Read counts.
    #[serde(rename = "statistics:read")]
    StatisticsRead,
}

impl Scope {
    /// Every scope.
    pub const ALL: [Self; 9] = [
        Self::InvitationsWrite,
        Self::InvitationsRead,
        Self::ResponsesRead,
        Self::ResponsesWrite,
        Self::PatientsRead,
        Self::LettersRender,
        Self::MessagesRender,
        Self::DeliveriesManage,
        Self::StatisticsRead,
    ];

    /// The word in a token.
    pub fn word(self) -> &'static str {
        match self {
            Self::InvitationsWrite => "invitations:write",
            Self::InvitationsRead => "invitations:read",
            Self::ResponsesRead => "responses:read",
            Self::ResponsesWrite => "responses:write",
            Self::PatientsRead => "patients:read",
            Self::LettersRender => "letters:render",
            Self::MessagesRender => "messages:render",
            Self::DeliveriesManage => "deliveries:manage",
            Self::StatisticsRead => "statistics:read",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.word() == word)
    }
}

/// What a person may do, in one unit or in the whole organization.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Reads answers in own units.
    Clinician,
    /// Runs a unit: invitations and the access log, not the answers.
    UnitAdmin,
    /// Runs the organization: the access log, not the answers.
    OrganizationAdmin,
    /// Reads the access log, nothing else.
    Auditor,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 4] = [Self::Clinician, Self::UnitAdmin, Self::OrganizationAdmin, Self::Auditor];

    /// The word on the wire and in the database.
    pub fn word(self) -> &'static str {
        match self {
            Self::Clinician => "clinician",
            Self::UnitAdmin => "unit_admin",
            Self::OrganizationAdmin => "organization_admin",
            Self::Auditor => "auditor",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.word() == word)
    }

    /// Whether the role is held in a unit (true) or in the whole organization.
    pub fn needs_unit(self) -> bool {
        matches!(self, Self::Clinician | Self::UnitAdmin)
    }
}

/// A role held, with its unit where it has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Grant {
    /// The role.
    pub role: Role,
    /// The unit; `None` for the whole organization.
    pub unit: Option<UnitId>,
}

/// About whom a client's token is good for anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Width {
    /// Everybody in its organization.
    Organization,
    /// This patient only: the token has scopes `patient/…` of SMART and names the patient.
    Patient(PatientId),
    /// Nobody: the token has such scopes and does not say which patient they are about.
    Nobody,
}

/// A client of one organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientActor {
    /// Its id.
    pub id: ClientId,
    /// Its organization.
    pub organization: OrganizationId,
    /// What both its row and its token allow.
    pub scopes: BTreeSet<Scope>,
    /// About whom.
    pub width: Width,
}

/// A signed-in person of one organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClinicianActor {
    /// Their id.
    pub id: ClinicianId,
    /// Their organization.
    pub organization: OrganizationId,
    /// Roles held now.
    pub grants: BTreeSet<Grant>,
    /// Level of assurance of the sign-in as the issuer stated it (HelseID: "3", "4").
    pub assurance: Option<String>,
}

impl ClinicianActor {
    /// Units where this role is held.
    pub fn units(&self, role: Role) -> BTreeSet<UnitId> {
        self.grants.iter().filter(|grant| grant.role == role).filter_map(|grant| grant.unit).collect()
    }

    /// Whether the role is held anywhere.
    pub fn has(&self, role: Role) -> bool {
        self.grants.iter().any(|grant| grant.role == role)
    }
}

/// The holder of a session: has shown a link or code and the birth date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HolderActor {
    /// The session.
    pub session: SessionId,
    /// The only invitation it is good for.
    pub invitation: InvitationId,
    /// The invitation's organization.
    pub organization: OrganizationId,
}

/// Who is asking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// A system.
    Client(ClientActor),
    /// A person with roles.
    Clinician(ClinicianActor),
    /// The patient, or who answers for them.
    Holder(HolderActor),
    /// The service itself (jobs) or its operator (command line).
    System {
        /// For which organization it acts.
        organization: OrganizationId,
    },
}

impl Actor {
    /// The organization the actor belongs to: every finder is scoped by it.
    pub fn organization(&self) -> OrganizationId {
        match self {
            Self::Client(client) => client.organization,
            Self::Clinician(clinician) => clinician.organization,
            Self::Holder(holder) => holder.organization,
            Self::System { organization } => *organization,
        }
    }

    /// The person asking, when it is one with roles.
    pub fn person(&self) -> Option<ClinicianId> {
        match self {
            Self::Clinician(person) => Some(person.id),
            Self::Client(_) | Self::Holder(_) | Self::System { .. } => None,
        }
    }

    /// The word for the kind of actor in the access log.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Client(_) => "client",
            Self::Clinician(_) => "clinician",
            Self::Holder(_) => "holder",
            Self::System { .. } => "system",
        }
    }

    /// The opaque id in the access log: a session's for a holder, none for the system.
    pub fn id(&self) -> Option<uuid::Uuid> {
        match self {
            Self::Client(client) => Some(client.id.0),
            Self::Clinician(clinician) => Some(clinician.id.0),
            Self::Holder(holder) => Some(holder.session.0),
            Self::System { .. } => None,
        }
    }
}
