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
pub mod clinic_sessions;
pub mod credentials;
pub mod db;
pub mod dpop_proofs;
pub mod drafts;
mod entity;
pub mod erasure;
pub mod expiry;
pub mod findings;
pub mod guards;
pub mod idempotency;
pub mod invitations;
pub mod key_use;
pub mod letter_texts;
mod link;
pub mod log_heads;
pub mod log_seals;
pub mod log_search;
pub mod notices;
pub mod organizations;
pub mod originals;
pub mod outbox;
pub mod patients;
mod pool;
pub mod record_search;
pub mod representatives;
pub mod response_search;
pub mod responses;
pub mod retention;
pub mod rewrap;
mod row;
pub mod schema;
pub mod sessions;
mod sqlite;
pub mod support_texts;
pub mod uptake;
pub mod watch;
pub mod webhooks;
pub mod worklist;

pub use db::{Db, Reader, Snapshot, StorageError, Tx, UnitError};

/// A connection beside the program's own, as sea-orm knows it: for tests that look at what really stands
/// in a database, or change it behind the program's back.
pub async fn beside(url: &str) -> Result<sea_orm::DatabaseConnection, StorageError> {
    if url.starts_with("sqlite:") {
        let place = sqlite::Place::of(url, std::sync::Arc::default());
        return Ok(sqlite::Alone::open(&place).await.map(|(_, driver)| driver)?);
    }
    Ok(sea_orm::Database::connect(sea_orm::ConnectOptions::new(url).max_connections(1).sqlx_logging(false).to_owned()).await?)
}
