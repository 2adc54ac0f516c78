//! What the FHIR service gives out and takes in: the same rows, rules and log as the API has, as
//! resources of R4.
//!
//! To add a resource: a file here that finds and logs, a writer in `fhir::write`, its handlers in
//! `http::fhir` and its line in the table of `http::fhir::served`.

mod check;
mod derived;
mod extract;
mod forms;
mod hand_in;
mod log;
pub(super) mod originals;
mod patients;
mod people;
mod personal_link;
mod populate;
mod reach;
mod records;
mod render;
mod responses;
mod search;
pub(super) mod subscriptions;
mod terms;

pub use check::{extract_given, validate};
pub use derived::{Derived, derived, document, original, search_derived};
pub use extract::extract;
pub use hand_in::{Command, HandedIn, Writer, hand_in};
pub use log::{audit_event, search_audit_events};
pub use patients::{patient, search_patients};
pub use people::{people, places};
pub use personal_link::personal_link;
pub use populate::{Populated, populate};
pub use records::{Kind, record, search_records};
pub use responses::{history, read};
pub use search::{Found, search};
pub use subscriptions::{may_subscribe, subscribe, subscriptions, unsubscribe};
pub use terms::{Terminology, terms};

use super::fault::{Fault, unit_error};
use super::responses as api;
use crate::domain::answers::Issue;
use crate::domain::ids::PatientId;
use crate::domain::invitation::NotPossible;
use crate::domain::policy::Denied;
use chrono::{DateTime, Utc};
use serde_json::Value;

/// Why not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No such resource (or version) in this organization.
    #[error("no such resource")]
    NotFound,
    /// The patient has been erased, and the answers with them.
    #[error("the patient has been erased")]
    Erased,
    /// The search finds more than is looked through; its words are the parameter's name.
    #[error("too many found")]
    TooMany(&'static str),
    /// The stretch of time is none, several, or too long.
    #[error("the window is not one of {} days at most", super::access_log::MAX_DAYS)]
    Window,
    /// The value of this parameter can't be read.
    #[error("{0} can't be read")]
    Malformed(&'static str),
    /// The cursor is none of ours.
    #[error("not a cursor")]
    Cursor,
    /// The element does not fit what it is about.
    #[error("{0} does not fit")]
    Element(&'static str),
    /// The resource is at another version.
    #[error("at version {0}")]
    Changed(i32),
    /// The invitation's time is over, or its state does not allow it.
    #[error(transparent)]
    State(#[from] NotPossible),
    /// Another live invitation to the form stands in the way.
    #[error("another invitation exists")]
    Exists,
    /// As many systems as can be are told of what happens.
    #[error("no place is free")]
    Full,
    /// Answers can't be changed any more.
    #[error("the time for changes is over")]
    AmendClosed,
    /// Answers break rules.
    #[error("answers are not acceptable")]
    Answers(Vec<Issue>),
    /// Not allowed.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// Below.
    #[error(transparent)]
    Fault(#[from] Fault),
}

unit_error!(Error);

impl From<api::Error> for Error {
    fn from(error: api::Error) -> Self {
        match error {
            api::Error::NotFound | api::Error::Language => Self::NotFound,
            api::Error::Erased => Self::Erased,
            api::Error::Denied(denied) => Self::Denied(denied),
            api::Error::Fault(fault) => Self::Fault(fault),
        }
    }
}

/// A resource with what its answer says of it.
#[derive(Debug, Clone)]
pub struct Resource {
    /// The resource.
    pub json: Value,
    /// Its version.
    pub version: i32,
    /// When that was stored.
    pub modified: DateTime<Utc>,
}

/// A page of resources that were found.
#[derive(Debug, Clone, Default)]
pub struct Listed {
    /// The resources.
    pub resources: Vec<Value>,
    /// How many there are on all pages, where it is said.
    pub total: Option<usize>,
    /// Where the next page begins.
    pub next: Option<String>,
    /// Ids of patients in place of the numbers by which they were asked for.
    pub named: Vec<PatientId>,
}
