//! From the domain to FHIR R4 JSON. Everything here is a pure function of what it is given.
//!
//! To add a resource: a file with its input and its function, both named below.

mod appointment;
mod audit_event;
mod bundle;
mod giver;
mod item;
mod observations;
mod outcome;
mod party;
mod patient;
mod questionnaire;
mod response;
mod task;
mod value;

pub use appointment::{AppointmentInput, appointment};
pub use audit_event::{AuditInput, audit_event};
pub use bundle::collection;
pub use giver::{Giver, put_giver};
pub use observations::{ObservationInput, observations};
pub use outcome::outcome;
pub use party::Party;
pub use patient::{PatientInput, patient};
pub use questionnaire::questionnaire;
pub use response::{ResponseMeta, bare_response, response};
pub use task::{TaskInput, task};
