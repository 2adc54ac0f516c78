//! From the domain to FHIR R4 JSON.

mod item;
mod observations;
mod outcome;
mod questionnaire;
mod response;
mod value;

pub use observations::{ObservationInput, observations};
pub use outcome::outcome;
pub use questionnaire::questionnaire;
pub use response::{ResponseMeta, bare_response, response};
