//! Floor 4: HTTP. A handler extracts, calls one service, maps the result; no SQL, no rule, no text.
//!
//! To add an operation: a handler in `api/`, its line in [`routes`], its path in `openapi.yaml`,
//! its row in `tests/suite/authorization.rs`; a new problem code: its line in [`problem`], its words
//! in `src/text/locales/*/problems.ftl`, its row in `docs/errors.md`. Tests hold these together.

pub mod api;
mod cds;
mod clinic;
mod context;
mod cors;
mod errors;
mod extract;
mod fhir;
mod fields;
mod health;
pub mod problem;
mod provider;
mod query;
pub mod routes;
pub mod server;
mod web;

pub use web::sent;
