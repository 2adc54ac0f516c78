//! From the domain to FHIR R4 JSON. Everything here is a pure function of what it is given.
//!
//! To add a resource: a file with its input and its function, both named below.

mod appointment;
mod audit_event;
mod bundle;
mod capability;
mod document;
mod giver;
mod item;
mod national;
mod observations;
mod organization;
mod outcome;
mod parameters;
mod party;
mod patient;
mod questionnaire;
mod related_person;
mod response;
mod subscription;
mod task;
mod terminology;
mod value;

pub use appointment::{AppointmentInput, appointment};
pub use audit_event::{AuditInput, audit_event};
pub use bundle::{Entry, Found, collection, history, searchset, transaction};
pub use capability::{CapabilityInput, Served, capability, smart_configuration};
pub use document::{VersionInput, binary, document_reference, original, original_id, provenance, version_id};
pub use giver::{Giver, put_giver};
pub use national::{national, national_id};
pub use observations::{ObservationInput, observations};
pub use organization::{OrganizationInput, PractitionerInput, organization, practitioner};
pub use outcome::{Complaint, complaints, outcome};
pub use parameters::{Answered, parameters};
pub use party::Party;
pub use patient::{PatientInput, patient};
pub use questionnaire::{form_id, form_resource, questionnaire};
pub use related_person::{RelatedInput, related_person};
pub use response::{ResponseMeta, bare_response, put_provenance, response};
pub use subscription::{Notification, SubscriptionInput, notification, subscription};
pub use task::{TaskInput, business_status, task, task_status};
pub use terminology::{Concept, Terms, code_system, expansion, value_set};
