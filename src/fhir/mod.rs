//! FHIR R4 JSON on the way in and out, and searches as FHIR writes them.

pub mod read;
pub mod search;
pub(crate) mod urls;
pub mod write;
