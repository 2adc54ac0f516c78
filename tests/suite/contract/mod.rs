//! The contract and the code: codes in every place that lists them, the examples of `openapi.yaml`
//! sent for real, and what a request that does not fit gets. That routes are documented operations
//! is in `authorization.rs`; that every answer of every test fits is in `support/contract.rs`.

mod codes;
mod examples;
mod misfits;
