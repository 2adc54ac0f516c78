//! From FHIR to the domain: everything wrong is reported at once.

mod node;
pub mod normalise;
pub mod parameters;
pub mod patient;
pub mod questionnaire;
mod response;
pub mod subscription;
pub mod supplement;
mod value;

pub use normalise::{Change, ChangeCode, Normalised, normalise};
pub use response::{ResponseDocument, ResponseStatus, response};
