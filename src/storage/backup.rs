//! Backup of an SQLite database while it is in use, and what a restore needs. The patients' data keys
//! go to a file of their own, so that they can be kept for a shorter time than the rest: without its
//! data key nothing that is sealed of a patient opens (`docs/adr/0003-data-model.md`).

use super::StorageError;
use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseBackend, DatabaseConnection, Statement};
use std::path::Path;
use std::time::Duration;

type Result<T> = std::result::Result<T, StorageError>;

/// How long another process may be in the way.
const BUSY: Duration = Duration::from_secs(10);

/// One connection to a file that is there; nothing is changed by opening it.
async fn open(path: &Path, journal: Option<&'static str>) -> Result<DatabaseConnection> {
    let path = path.to_owned();
    let mut options = ConnectOptions::new("sqlite::memory:");
    options.max_connections(1).sqlx_logging(false).map_sqlx_sqlite_opts(move |own| {
        let own = own.filename(&path).in_memory(false).shared_cache(false).create_if_missing(false).busy_timeout(BUSY).foreign_keys(false);
        match journal {
            Some(journal) => own.pragma("journal_mode", journal),
            None => own,
        }
    });
    Ok(Database::connect(options).await?)
}

/// A path as a text of SQL.
fn quoted(path: &Path) -> String {
    format!("'{}'", path.to_string_lossy().replace('\'', "''"))
}

async fn run(connection: &DatabaseConnection, statements: &[&str]) -> Result<()> {
    for statement in statements {
        connection.execute_unprepared(statement).await?;
    }
    Ok(())
}

async fn text(connection: &DatabaseConnection, query: &str) -> Result<Option<String>> {
    let row = connection.query_one_raw(Statement::from_string(DatabaseBackend::Sqlite, query)).await?;
    row.map(|row| row.try_get_by_index::<String>(0)).transpose().map_err(StorageError::from)
}

async fn number(connection: &DatabaseConnection, query: &str) -> Result<u64> {
    let row = connection.query_one_raw(Statement::from_string(DatabaseBackend::Sqlite, query)).await?;
    let count = row.map(|row| row.try_get_by_index::<i64>(0)).transpose()?.unwrap_or(0);
    Ok(u64::try_from(count).unwrap_or(0))
}

/// Copies the database at `from` as it is at one moment, whoever writes meanwhile: everything but data
/// keys to `to`, the data keys to `keys`; both are files that are empty. Says how many data keys.
pub async fn copy(from: &Path, to: &Path, keys: &Path) -> Result<u64> {
    let source = open(from, None).await?;
    let copied = source.execute_unprepared(&format!("VACUUM INTO {}", quoted(to))).await;
    source.close().await?;
    copied?;
    let copy = open(to, Some("MEMORY")).await?;
    let moved = move_keys(&copy, keys).await;
    copy.close().await?;
    moved
}

async fn move_keys(copy: &DatabaseConnection, keys: &Path) -> Result<u64> {
    let attach = format!("ATTACH DATABASE {} AS data_keys", quoted(keys));
    run(
        copy,
        &[
            "PRAGMA secure_delete = ON",
            &attach,
            "CREATE TABLE data_keys.patient_key (patient_id blob NOT NULL, version integer NOT NULL, \
             organization_key_version integer NOT NULL, wrapped blob NOT NULL, created_at text NOT NULL, PRIMARY KEY (patient_id, version))",
            "INSERT INTO data_keys.patient_key SELECT patient_id, version, organization_key_version, wrapped, created_at FROM main.patient_key",
            "DELETE FROM main.patient_key",
        ],
    )
    .await?;
    // Who ran when the copy was made runs no more when it is restored.
    if text(copy, "SELECT name FROM main.sqlite_master WHERE type = 'table' AND name = 'instance'").await?.is_some() {
        run(copy, &["DELETE FROM main.instance"]).await?;
    }
    let count = number(copy, "SELECT COUNT(*) FROM data_keys.patient_key").await?;
    // Writes the file anew: pages that held the keys are in it no more.
    run(copy, &["DETACH DATABASE data_keys", "VACUUM"]).await?;
    Ok(count)
}

/// Whether a file is a whole database in which every reference holds.
pub async fn is_whole(path: &Path) -> bool {
    let checked = async {
        let connection = open(path, None).await?;
        let whole = text(&connection, "PRAGMA integrity_check").await;
        let broken = connection.query_one_raw(Statement::from_string(DatabaseBackend::Sqlite, "PRAGMA foreign_key_check")).await;
        connection.close().await?;
        Ok::<_, StorageError>(whole?.as_deref() == Some("ok") && broken?.is_none())
    };
    checked.await.unwrap_or(false)
}

/// Adds data keys from a file of keys; those of patients that the database does not have are left.
/// Says how many came in.
pub async fn merge_keys(database: &Path, keys: &Path) -> Result<u64> {
    let connection = open(database, None).await?;
    let merged = async {
        run(&connection, &[&format!("ATTACH DATABASE {} AS data_keys", quoted(keys))]).await?;
        let merge = "INSERT OR IGNORE INTO main.patient_key (patient_id, version, organization_key_version, wrapped, created_at) \
             SELECT patient_id, version, organization_key_version, wrapped, created_at FROM data_keys.patient_key \
             WHERE patient_id IN (SELECT id FROM main.patient)";
        let done = connection.execute_unprepared(merge).await?;
        run(&connection, &["DETACH DATABASE data_keys"]).await?;
        Ok(done.rows_affected())
    };
    let merged = merged.await;
    connection.close().await?;
    merged
}

/// Makes one file of a database and its write-ahead log. False when another process has it open.
pub async fn fold(path: &Path) -> Result<bool> {
    let connection = open(path, None).await?;
    run(&connection, &["PRAGMA busy_timeout = 500"]).await?;
    let mode = text(&connection, "PRAGMA journal_mode = DELETE").await;
    connection.close().await?;
    match mode {
        Ok(mode) => Ok(mode.as_deref() == Some("delete")),
        Err(StorageError::Unavailable(_)) => Ok(false),
        Err(other) => Err(other),
    }
}
