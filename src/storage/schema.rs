//! Migrations: applying them, and noticing a database that is behind or newer than this program.

use super::db::Door;
use super::sqlite::{Alone, Place, describe};
use super::{Db, Reader, StorageError};
use kartlegging_migrations::{MigrationTrait, Migrator, MigratorTrait, SchemaManager};
use sea_orm::{ConnectionTrait, DatabaseBackend, DatabaseConnection, DbErr, Statement, TransactionTrait};
use std::collections::BTreeSet;
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
    db.read((), |(), snapshot| {
        Box::pin(async move {
            let connection = snapshot.transaction();
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
            let names = Statement::from_string(backend, "SELECT version FROM seaql_migrations ORDER BY version");
            let rows = connection.query_all_raw(names).await?;
            rows.iter().map(|row| row.try_get::<String>("", "version").map_err(StorageError::from)).collect()
        })
    })
    .await
}

/// Applies what is missing; on PostgreSQL under an advisory lock.
pub async fn up(db: &Db) -> Result<(), StorageError> {
    migrate(db, Direction::Up).await
}

/// Takes the newest migrations back, all of them without a number: for tests only, it deletes data.
pub async fn down(db: &Db, steps: Option<u32>) -> Result<(), StorageError> {
    migrate(db, Direction::Down(steps)).await
}

#[derive(Clone, Copy)]
enum Direction {
    Up,
    Down(Option<u32>),
}

async fn migrate(db: &Db, direction: Direction) -> Result<(), StorageError> {
    match db.door() {
        Door::Sqlite { place, .. } => migrate_sqlite(place, direction).await,
        Door::Postgres(pool) => migrate_postgres(pool, direction).await,
    }
}

async fn migrate_postgres(connection: &DatabaseConnection, direction: Direction) -> Result<(), StorageError> {
    loop {
        // The lock belongs to a transaction of its own and is let go with it, whatever happens. It is
        // asked for and not waited for: an index that is built concurrently waits for every statement
        // that is under way, and one that waits for this lock would never end.
        let lock = connection.begin().await?;
        let ask = Statement::from_sql_and_values(DatabaseBackend::Postgres, "SELECT pg_try_advisory_xact_lock($1) AS taken", [LOCK.into()]);
        let taken = match lock.query_one_raw(ask).await? {
            Some(row) => row.try_get::<bool>("", "taken")?,
            None => false,
        };
        if taken {
            let done = match direction {
                Direction::Up => Migrator::up(connection, None).await,
                Direction::Down(steps) => Migrator::down(connection, steps).await,
            };
            lock.rollback().await?;
            return Ok(done?);
        }
        lock.rollback().await?;
        tokio::time::sleep(LOCK_RETRY).await;
    }
}

/// The table in which sea-orm's own runner keeps what has been applied.
const APPLIED: &str = "CREATE TABLE IF NOT EXISTS seaql_migrations (version varchar NOT NULL PRIMARY KEY, applied_at bigint NOT NULL)";

/// Each migration in a transaction with the note that it has been applied. sea-orm's own runner knows
/// SQLite only over its own driver, and has no transaction there.
async fn migrate_sqlite(place: &Place, direction: Direction) -> Result<(), StorageError> {
    let (alone, driver) = Alone::open(place).await?;
    alone.connection().run(APPLIED)?;
    let names = Statement::from_string(DatabaseBackend::Sqlite, "SELECT version FROM seaql_migrations");
    let rows = driver.query_all_raw(names).await?;
    let applied: BTreeSet<String> = rows.iter().map(|row| row.try_get("", "version")).collect::<Result<_, _>>()?;
    let mut chosen = Migrator::migrations();
    match direction {
        Direction::Up => chosen.retain(|migration| !applied.contains(migration.name())),
        Direction::Down(steps) => {
            chosen.retain(|migration| applied.contains(migration.name()));
            chosen.reverse();
            chosen.truncate(steps.and_then(|steps| usize::try_from(steps).ok()).unwrap_or(usize::MAX));
        }
    }
    if chosen.is_empty() {
        return Ok(());
    }
    for migration in chosen {
        alone.connection().again("BEGIN IMMEDIATE")?;
        let done = step(&driver, migration.as_ref(), direction).await;
        if done.is_err() || alone.broken() {
            alone.connection().clear();
            done?;
            return Err(StorageError::Statement("a migration could not be committed".to_owned()));
        }
        alone.connection().again("COMMIT")?;
    }
    alone.connection().again("BEGIN IMMEDIATE")?;
    let described = describe(alone.connection()).and_then(|()| alone.connection().again("COMMIT"));
    if described.is_err() {
        alone.connection().clear();
    }
    Ok(described?)
}

async fn step(driver: &DatabaseConnection, migration: &dyn MigrationTrait, direction: Direction) -> Result<(), DbErr> {
    let manager = SchemaManager::new(driver);
    let name = migration.name().into();
    let (note, values) = match direction {
        Direction::Up => {
            migration.up(&manager).await?;
            ("INSERT INTO seaql_migrations (version, applied_at) VALUES ($1, unixepoch())", vec![name])
        }
        Direction::Down(_) => {
            migration.down(&manager).await?;
            ("DELETE FROM seaql_migrations WHERE version = $1", vec![name])
        }
    };
    driver.execute_raw(Statement::from_sql_and_values(DatabaseBackend::Sqlite, note, values)).await.map(|_| ())
}
