//! FHIR R4 JSON on the way in and out.

pub mod read;
pub(crate) mod urls;
pub mod write;
