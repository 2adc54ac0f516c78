//! Floor 0: what the product is about, and nothing else. No IO, no clock, no randomness, no
//! framework; every rule here can be tested with values alone.

pub mod actor;
pub mod answers;
pub mod appointment;
pub mod attempts;
pub mod clock;
pub mod delivery;
pub mod event;
pub mod findings;
pub mod identifier;
pub mod ids;
pub mod invitation;
pub mod language;
pub mod letter_text;
pub mod log;
pub mod need;
pub mod network;
pub mod notices;
pub mod policy;
pub mod questionnaire;
pub mod respondent;
pub mod retention;
pub mod secret;
pub mod smart;
pub mod summary;
pub mod support_text;
pub mod text;
pub mod uptake;
pub mod value;
