//! Migrations: applying them, and noticing a database that is behind or newer than this program.

use super::{Db, StorageError};
use kartlegging_migrations::{Migrator, MigratorTrait};
use sea_orm::{ConnectionTrait, DatabaseBackend, Statement, TransactionTrait};
use std::time::Duration;

/// Key of the advisory lock that keeps two instances from migrating at once (PostgreSQL).
const LOCK: i64 = 0x6b61_7274;
/// How long an instance waits before it asks for the lock again.
const LOCK_RETRY: Duration = Duration::from_millis(100);

/// How the database's schema relates to this program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SchemaState {
    /// As this program expects.
    Current,
    /// These migrations are not applied yet.
    Behind(Vec<String>),
    /// These migrations are unknown to this program: a newer one has been here.
    Newer(Vec<String>),
}

fn known() -> Vec<String> {
    Migrator::migrations().iter().map(|migration| migration.name().to_owned()).collect()
}

/// Compares the database with this program.
pub async fn state(db: &Db) -> Result<SchemaState, StorageError> {
    let applied = applied(db).await?;
    let known = known();
    let newer: Vec<String> = applied.iter().filter(|name| !known.contains(name)).cloned().collect();
    if !newer.is_empty() {
        return Ok(SchemaState::Newer(newer));
    }
    let missing: Vec<String> = known.into_iter().filter(|name| !applied.contains(name)).collect();
    Ok(if missing.is_empty() { SchemaState::Current } else { SchemaState::Behind(missing) })
}

async fn applied(db: &Db) -> Result<Vec<String>, StorageError> {
    let connection = db.connection();
    let backend = connection.get_database_backend();
    let exists = match backend {
        DatabaseBackend::Sqlite => "SELECT name FROM sqlite_master WHERE type = 'table' AND name = 'seaql_migrations'",
        _ => {
            "SELECT table_name::text AS name FROM information_schema.tables WHERE table_name = 'seaql_migrations' AND table_schema = current_schema()"
        }
    };
    if connection.query_one_raw(Statement::from_string(backend, exists)).await?.is_none() {
        return Ok(Vec::new());
    }
    let rows = connection.query_all_raw(Statement::from_string(backend, "SELECT version FROM seaql_migrations ORDER BY version")).await?;
    rows.iter().map(|row| row.try_get::<String>("", "version").map_err(StorageError::from)).collect()
}

/// Applies what is missing; on PostgreSQL under an advisory lock.
pub async fn up(db: &Db) -> Result<(), StorageError> {
    migrate(db, Direction::Up).await
}

/// Takes every migration back: for tests only, it deletes all data.
pub async fn down(db: &Db) -> Result<(), StorageError> {
    migrate(db, Direction::Down).await
}

#[derive(Clone, Copy)]
enum Direction {
    Up,
    Down,
}

async fn migrate(db: &Db, direction: Direction) -> Result<(), StorageError> {
    let connection = db.connection();
    let backend = connection.get_database_backend();
    if backend == DatabaseBackend::Sqlite {
        return run(connection, direction).await;
    }
    loop {
        // The lock belongs to a transaction of its own and is let go with it, whatever happens. It is
        // asked for and not waited for: an index that is built concurrently waits for every statement
        // that is under way, and one that waits for this lock would never end.
        let lock = connection.begin().await?;
        let ask = Statement::from_sql_and_values(backend, "SELECT pg_try_advisory_xact_lock($1) AS taken", [LOCK.into()]);
        let taken = match lock.query_one_raw(ask).await? {
            Some(row) => row.try_get::<bool>("", "taken")?,
            None => false,
        };
        if taken {
            let result = run(connection, direction).await;
            lock.rollback().await?;
            return result;
        }
        lock.rollback().await?;
        tokio::time::sleep(LOCK_RETRY).await;
    }
}

async fn run(connection: &sea_orm::DatabaseConnection, direction: Direction) -> Result<(), StorageError> {
    match direction {
        Direction::Up => Migrator::up(connection, None).await?,
        Direction::Down => Migrator::down(connection, None).await?,
    }
    Ok(())
}
