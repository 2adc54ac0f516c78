//! Backup of an SQLite database while it is in use, and what a restore needs. The patients' data keys
//! go to a file of their own, so that they can be kept for a shorter time than the rest: without its
//! data key nothing that is sealed of a patient opens (`docs/adr/0003-data-model.md`).

use super::StorageError;
use super::sqlite::{Connection, Place};
use sea_orm::{DatabaseBackend, ProxyRow, Statement, Value};
use std::path::Path;

type Result<T> = std::result::Result<T, StorageError>;

/// Nothing is changed by opening; another process may be in the way for ten seconds.
const AS_IT_IS: &str = "PRAGMA busy_timeout = 10000; PRAGMA foreign_keys = OFF";
/// For a copy that nobody else sees.
const IN_MEMORY: &str = "PRAGMA busy_timeout = 10000; PRAGMA foreign_keys = OFF; PRAGMA journal_mode = MEMORY";

/// A path as a text of SQL.
fn quoted(path: &Path) -> String {
    format!("'{}'", path.to_string_lossy().replace('\'', "''"))
}

fn run(connection: &Connection, statements: &[&str]) -> Result<()> {
    for statement in statements {
        connection.run(statement)?;
    }
    Ok(())
}

fn rows(connection: &Connection, query: &str) -> Result<Vec<ProxyRow>> {
    Ok(connection.query(&Statement::from_string(DatabaseBackend::Sqlite, query))?)
}

/// The one column of the first row.
fn first(connection: &Connection, query: &str) -> Result<Option<Value>> {
    Ok(rows(connection, query)?.into_iter().next().and_then(|row| row.values.into_values().next()))
}

fn text(connection: &Connection, query: &str) -> Result<Option<String>> {
    Ok(match first(connection, query)? {
        Some(Value::String(text)) => text,
        _ => None,
    })
}

fn number(connection: &Connection, query: &str) -> Result<u64> {
    Ok(match first(connection, query)? {
        Some(Value::BigInt(Some(number))) => u64::try_from(number).unwrap_or(0),
        _ => 0,
    })
}

/// Copies the database at `from` as it is at one moment, whoever writes meanwhile: everything but data
/// keys to `to`, the data keys to `keys`; both are files that are empty. Says how many data keys.
pub fn copy(from: &Path, to: &Path, keys: &Path) -> Result<u64> {
    Place::file(from, AS_IT_IS).open()?.run(&format!("VACUUM INTO {}", quoted(to)))?;
    move_keys(&Place::file(to, IN_MEMORY).open()?, keys)
}

fn move_keys(copy: &Connection, keys: &Path) -> Result<u64> {
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
    )?;
    // Who ran when the copy was made runs no more when it is restored.
    if text(copy, "SELECT name FROM main.sqlite_master WHERE type = 'table' AND name = 'instance'")?.is_some() {
        run(copy, &["DELETE FROM main.instance"])?;
    }
    let count = number(copy, "SELECT COUNT(*) FROM data_keys.patient_key")?;
    // Writes the file anew: pages that held the keys are in it no more.
    run(copy, &["DETACH DATABASE data_keys", "VACUUM"])?;
    Ok(count)
}

/// Whether a file is a whole database in which every reference holds.
pub fn is_whole(path: &Path) -> bool {
    let checked = || {
        let connection = Place::file(path, AS_IT_IS).open()?;
        let whole = text(&connection, "PRAGMA integrity_check")?;
        let broken = rows(&connection, "PRAGMA foreign_key_check")?;
        Ok::<_, StorageError>(whole.as_deref() == Some("ok") && broken.is_empty())
    };
    checked().unwrap_or(false)
}

/// Adds data keys from a file of keys; those of patients that the database does not have are left.
/// Says how many came in.
pub fn merge_keys(database: &Path, keys: &Path) -> Result<u64> {
    let connection = Place::file(database, AS_IT_IS).open()?;
    run(&connection, &[&format!("ATTACH DATABASE {} AS data_keys", quoted(keys))])?;
    let merge = "INSERT OR IGNORE INTO main.patient_key (patient_id, version, organization_key_version, wrapped, created_at) \
         SELECT patient_id, version, organization_key_version, wrapped, created_at FROM data_keys.patient_key \
         WHERE patient_id IN (SELECT id FROM main.patient)";
    let done = connection.run(merge)?;
    run(&connection, &["DETACH DATABASE data_keys"])?;
    Ok(done.rows_affected)
}

/// Makes one file of a database and its write-ahead log. False when another process has it open.
pub fn fold(path: &Path) -> Result<bool> {
    let connection = Place::file(path, AS_IT_IS).open()?;
    run(&connection, &["PRAGMA busy_timeout = 500"])?;
    match text(&connection, "PRAGMA journal_mode = DELETE") {
        Ok(mode) => Ok(mode.as_deref() == Some("delete")),
        Err(StorageError::Unavailable(_)) => Ok(false),
        Err(other) => Err(other),
    }
}
