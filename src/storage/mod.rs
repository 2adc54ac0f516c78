//! Floor 2: everything that touches the database, on SQLite and PostgreSQL alike.
//!
//! - [`Db`] opens the database; [`Db::write`] runs a unit of work, [`Db::read`] a snapshot.
//! - One file a table group. Writers take [`&Tx`](Tx), so a write outside a transaction does not
//!   compile; finders take any [`Reader`] and the organization, and answer `Result<Option<_>>`.
//! - Rows carry ciphertext as it is stored; opening it is the services' business.
//!
//! To add a table: a migration, an entity in `entity/`, a file here with a record type, its finders
//! and writers, and a line in `docs/data-retention.md`.

pub mod access_log;
pub mod appointments;
pub mod attempts;
pub mod backup;
pub mod credentials;
pub mod db;
pub mod drafts;
mod entity;
pub mod erasure;
pub mod expiry;
pub mod guards;
pub mod idempotency;
pub mod invitations;
pub mod key_use;
pub mod log_heads;
pub mod log_seals;
pub mod log_search;
pub mod organizations;
pub mod outbox;
pub mod patients;
mod pool;
pub mod responses;
pub mod retention;
pub mod rewrap;
pub mod schema;
pub mod sessions;
mod single_writer;
pub mod support_texts;
pub mod uptake;
pub mod watch;
pub mod webhooks;
pub mod worklist;

pub use db::{Db, Reader, Snapshot, StorageError, Tx, UnitError};
