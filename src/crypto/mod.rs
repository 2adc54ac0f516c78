//! Floor 2: keys, field encryption, keyed hashes and tokens, all on `aws-lc-rs`.
//!
//! The hierarchy (docs/security.md draws it): root key → organization key → patient data key.
//! A new kind of key is a variant of [`ring::Purpose`]; a new kind of keyed hash is a constant of
//! [`hash::Label`]; a new encrypted column needs nothing but its [`envelope::Place`].

pub mod chain;
pub mod cookie;
pub mod dpop;
pub mod entropy;
pub mod envelope;
pub mod guarded;
pub mod hash;
pub mod jwks;
pub mod note;
pub mod oidc;
pub mod outlet;
pub mod pack;
pub mod ring;
pub mod tokens;
pub mod verified;
pub mod webhook;
