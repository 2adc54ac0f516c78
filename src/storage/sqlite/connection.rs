//! One connection to SQLite, used on the thread that asks. The driver of sea-orm runs every statement
//! on a thread of its own: two changes of thread for a look-up that takes microseconds were half of
//! what a request cost (`docs/adr/0017-sqlite-on-the-asking-thread.md`).

use super::values::{Bound, Kind};
use rusqlite::types::ValueRef;
use rusqlite::{CachedStatement, OpenFlags};
use sea_orm::{DbErr, ProxyExecResult, ProxyRow, RuntimeErr, Statement, Value};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Longest wait for another process that writes.
const BUSY: Duration = Duration::from_secs(5);
/// Statements that are kept compiled: more than the program has, but for lists of varying length.
const COMPILED: usize = 300;
/// After how many steps of SQLite's machine it is seen whether somebody still waits: well below a millisecond.
const STEPS: i32 = 10_000;
/// What stands before SQLite's extended code in an error of [`DbErr`].
const CODE: &str = "sqlite ";

/// Told to end what is under way.
pub(crate) type End = Arc<AtomicBool>;

/// A connection. One thread uses it at a time.
#[derive(Debug)]
pub(crate) struct Connection {
    inner: Mutex<rusqlite::Connection>,
    end: Arc<Mutex<Option<End>>>,
    statements: Arc<AtomicU64>,
    touched: AtomicBool,
}

/// What makes every connection durable, whole and forgetful.
const SETTINGS: &str = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON";

/// Where the database is and how it is opened.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    path: PathBuf,
    flags: OpenFlags,
    settings: &'static str,
    statements: Arc<AtomicU64>,
}

impl Place {
    /// Reads `sqlite://PATH?mode=rwc|rw|ro`; the path may be percent-encoded.
    pub(crate) fn of(url: &str, statements: Arc<AtomicU64>) -> Self {
        let rest = url.strip_prefix("sqlite:").unwrap_or(url);
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let path = path.strip_prefix("//").unwrap_or(path);
        let mode = query.split('&').find_map(|part| part.strip_prefix("mode=")).unwrap_or("rwc");
        let access = match mode {
            "ro" => OpenFlags::SQLITE_OPEN_READ_ONLY,
            "rw" => OpenFlags::SQLITE_OPEN_READ_WRITE,
            _ => OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
        };
        let flags = access | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        Self { path: PathBuf::from(percent_decoded(path)), flags, settings: SETTINGS, statements }
    }

    /// A file that is there, opened with settings of its own.
    pub(crate) fn file(path: &Path, settings: &'static str) -> Self {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        Self { path: path.to_owned(), flags, settings, statements: Arc::default() }
    }

    /// Opens a connection.
    pub(crate) fn open(&self) -> Result<Connection, DbErr> {
        let inner = rusqlite::Connection::open_with_flags(&self.path, self.flags).map_err(failed)?;
        inner.busy_timeout(BUSY).map_err(failed)?;
        inner.execute_batch(self.settings).map_err(failed)?;
        inner.set_prepared_statement_cache_capacity(COMPILED);
        let end: Arc<Mutex<Option<End>>> = Arc::default();
        let asked = Arc::clone(&end);
        let given_up = move || locked(&asked).as_ref().is_some_and(|end| end.load(Ordering::Relaxed));
        inner.progress_handler(STEPS, Some(given_up)).map_err(failed)?;
        Ok(Connection { inner: Mutex::new(inner), end, statements: Arc::clone(&self.statements), touched: AtomicBool::new(false) })
    }
}

fn percent_decoded(path: &str) -> String {
    let query = format!("p={}", path.replace('+', "%2B"));
    url::form_urlencoded::parse(query.replace('&', "%26").as_bytes()).next().map_or_else(|| path.to_owned(), |(_, path)| path.into_owned())
}

/// A poisoned lock is taken all the same: what it guards is whole after every statement.
pub(super) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The extended code of an error that this file has made.
pub(crate) fn code_of(error: &DbErr) -> Option<u32> {
    match error {
        DbErr::Exec(RuntimeErr::Internal(text)) => text.strip_prefix(CODE)?.parse().ok(),
        _ => None,
    }
}

/// Only the code: texts of a database can quote a row.
fn failed(error: rusqlite::Error) -> DbErr {
    match error {
        rusqlite::Error::SqliteFailure(inner, _) | rusqlite::Error::SqlInputError { error: inner, .. } => {
            DbErr::Exec(RuntimeErr::Internal(format!("{CODE}{}", inner.extended_code)))
        }
        other => DbErr::Type(format!("statement failed: {}", kind_of(&other))),
    }
}

fn kind_of(error: &rusqlite::Error) -> &'static str {
    match error {
        rusqlite::Error::InvalidParameterCount(..) => "another number of values",
        rusqlite::Error::ToSqlConversionFailure(_) => "a value can't be stored",
        rusqlite::Error::ExecuteReturnedResults => "rows were not expected",
        _ => "use of the driver",
    }
}

fn bind(statement: &mut CachedStatement<'_>, values: Option<&sea_orm::Values>) -> rusqlite::Result<()> {
    for (at, value) in values.into_iter().flat_map(|values| values.0.iter()).enumerate() {
        statement.raw_bind_parameter(at + 1, Bound(value))?;
    }
    Ok(())
}

impl Connection {
    /// Until the next call this ends what is under way as soon as it is set.
    pub(super) fn ends_with(&self, end: Option<End>) {
        *locked(&self.end) = end;
    }

    /// Runs statements that give nothing and have no values, as they stand.
    pub(crate) fn run(&self, sql: &str) -> Result<ProxyExecResult, DbErr> {
        self.statements.fetch_add(1, Ordering::Relaxed);
        self.note(sql);
        let inner = locked(&self.inner);
        inner.execute_batch(sql).map_err(failed)?;
        Ok(ProxyExecResult::new(0, inner.changes()))
    }

    /// Notes what a statement may have changed.
    fn note(&self, sql: &str) {
        if changes_what_is_shown(sql) {
            self.touched.store(true, Ordering::Relaxed);
        }
    }

    /// Whether a statement since the last call may have changed what is shown of patients.
    pub(super) fn was_touched(&self) -> bool {
        self.touched.swap(false, Ordering::Relaxed)
    }

    /// A number that is another one after somebody else has committed to the database: another process, or
    /// another connection of this one.
    pub(super) fn others(&self) -> Result<i64, DbErr> {
        let inner = locked(&self.inner);
        let mut statement = inner.prepare_cached("PRAGMA data_version").map_err(failed)?;
        statement.query_row([], |row| row.get(0)).map_err(failed)
    }

    /// Runs one of a few texts that are used again and again, such as `COMMIT`.
    pub(crate) fn again(&self, sql: &'static str) -> Result<(), DbErr> {
        self.statements.fetch_add(1, Ordering::Relaxed);
        let inner = locked(&self.inner);
        let mut statement = inner.prepare_cached(sql).map_err(failed)?;
        statement.raw_execute().map(|_| ()).map_err(failed)
    }

    /// Runs a statement that changes rows.
    pub(crate) fn execute(&self, statement: &Statement) -> Result<ProxyExecResult, DbErr> {
        self.statements.fetch_add(1, Ordering::Relaxed);
        self.note(&statement.sql);
        let inner = locked(&self.inner);
        let mut compiled = inner.prepare_cached(&statement.sql).map_err(failed)?;
        bind(&mut compiled, statement.values.as_ref()).map_err(failed)?;
        let changed = compiled.raw_execute().map_err(failed)?;
        Ok(ProxyExecResult::new(0, u64::try_from(changed).unwrap_or(u64::MAX)))
    }

    /// Runs a statement that gives rows.
    pub(crate) fn query(&self, statement: &Statement) -> Result<Vec<ProxyRow>, DbErr> {
        let mut columns: Option<Vec<(String, Kind)>> = None;
        self.each(statement, |row| row_of(row, columns.get_or_insert_with(|| columns_of(row.as_ref()))))
    }

    /// Runs a statement that gives rows, and reads each where it stands.
    pub(crate) fn each<T>(
        &self,
        statement: &Statement,
        mut read: impl FnMut(&rusqlite::Row<'_>) -> Result<T, DbErr>,
    ) -> Result<Vec<T>, DbErr> {
        self.statements.fetch_add(1, Ordering::Relaxed);
        self.note(&statement.sql);
        let inner = locked(&self.inner);
        let mut compiled = inner.prepare_cached(&statement.sql).map_err(failed)?;
        bind(&mut compiled, statement.values.as_ref()).map_err(failed)?;
        let mut rows = compiled.raw_query();
        let mut all = Vec::new();
        while let Some(row) = rows.next().map_err(failed)? {
            all.push(read(row)?);
        }
        Ok(all)
    }

    /// Whether no transaction is open, SQLite's own ending of one included.
    pub(crate) fn is_idle(&self) -> bool {
        locked(&self.inner).is_autocommit()
    }

    /// Leaves no transaction open. False: the connection is of no use any more.
    pub(crate) fn clear(&self) -> bool {
        self.is_idle() || self.again("ROLLBACK").is_ok() || self.is_idle()
    }
}

/// Tables that no list of patients is made of, and that are written all the time: the access log, what
/// keeps people signed in and guessers out, and what instances tell each other.
const APART: [&str; 9] = [
    "access_log",
    "access_log_patient",
    "access_log_set",
    "access_log_seal",
    "attempt",
    "clinician_session",
    "dpop_proof",
    "instance",
    "job_lease",
];

/// Whether a statement may change what lists of patients are made of. What is not known to be harmless may.
fn changes_what_is_shown(sql: &str) -> bool {
    let verbs = ["INSERT INTO \"", "UPDATE \"", "DELETE FROM \""];
    let table = verbs.iter().find_map(|verb| sql.strip_prefix(verb)).and_then(|rest| rest.split_once('"'));
    !sql.starts_with("SELECT ") && table.is_none_or(|(table, _)| !APART.contains(&table))
}

/// Most members of a tuple that sea-orm reads rows into.
const TUPLE: usize = 12;

fn columns_of(statement: &rusqlite::Statement<'_>) -> Vec<(String, Kind)> {
    statement.columns().iter().map(|column| (column.name().to_owned(), Kind::of(column.decl_type(), column.name()))).collect()
}

/// What stands in a place of a row, as it is stored.
pub(crate) fn stored<'r>(row: &'r rusqlite::Row<'_>, at: usize) -> Result<ValueRef<'r>, DbErr> {
    row.get_ref(at).map_err(failed)
}

/// sea-orm looks columns up by name, and members of a tuple by place in the order of names: so what can
/// be a tuple has every value under its place as well, before all names.
fn row_of(row: &rusqlite::Row<'_>, columns: &[(String, Kind)]) -> Result<ProxyRow, DbErr> {
    let mut values: BTreeMap<String, Value> = BTreeMap::new();
    for (at, (name, kind)) in columns.iter().enumerate() {
        let value = kind.read(stored(row, at)?).ok_or_else(|| DbErr::Type("a column has another type".to_owned()))?;
        if (2..=TUPLE).contains(&columns.len()) {
            values.insert(format!("\0{at:04}"), value.clone());
        }
        values.insert(name.clone(), value);
    }
    Ok(ProxyRow::new(values))
}

#[cfg(test)]
mod tests {
    use super::changes_what_is_shown;

    #[test]
    fn what_is_not_known_to_be_harmless_changes_what_is_shown() {
        for harmless in ["SELECT 1", "INSERT INTO \"access_log\" (\"id\") VALUES (?)", "UPDATE \"job_lease\" SET \"holder\" = ?"] {
            assert!(!changes_what_is_shown(harmless), "{harmless}");
        }
        let may = [
            "INSERT INTO \"response\" (\"id\") VALUES (?)",
            "UPDATE invitation SET \"access_log\" = 1",
            "DELETE FROM \"patient_key\" WHERE id = ?",
            "WITH gone AS (SELECT 1) DELETE FROM \"review\"",
            "INSERT OR REPLACE INTO \"access_log\" VALUES (1)",
            "",
        ];
        for sql in may {
            assert!(changes_what_is_shown(sql), "{sql}");
        }
    }
}
