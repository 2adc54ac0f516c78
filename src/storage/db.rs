//! The database handle: units of work and snapshots.
//!
//! A unit of work is a closure over a context; it may be run again (a conflict, a failed group), so
//! ids, nonces and the time are in the context and nothing but SQL is awaited inside. It is
//! acknowledged after its commit is durable.
//!
//! Every statement runs on the runtime that opened the database or on SQLite's writer, never on a worker
//! of the web server: a connection of PostgreSQL dies with the runtime that opened it, a slow search
//! holds up no other request, and a client that goes away can't leave a transaction half done.

use super::link::{Here, Link};
use super::pool;
use super::sqlite::{self, End, Place, code_of};
use super::watch::{Moment, Watch};
use futures::future::BoxFuture;
use sea_orm::{
    ConnectionTrait, Database, DatabaseBackend, DatabaseConnection, DbErr, IsolationLevel, RuntimeErr, SqlErr, Statement, TransactionTrait,
};
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::runtime::Handle;

/// How often a unit of work is run again after a conflict with another writer.
const RUNS: usize = 5;

/// A fault below the services. Its text names no value of a row.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StorageError {
    /// A unique constraint or a concurrent change: running again may succeed.
    #[error("another writer was faster")]
    Conflict,
    /// The database can't be reached, is full, read-only or shutting down.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// A row holds something that this program never writes.
    #[error("a stored row is not readable: {0}")]
    Corrupt(&'static str),
    /// Everything else: a fault of this program.
    #[error("the database refused a statement: {0}")]
    Statement(String),
}

impl From<DbErr> for StorageError {
    fn from(error: DbErr) -> Self {
        if let Some(code) = code_of(&error) {
            return classify_sqlite(code);
        }
        match error.sql_err() {
            Some(SqlErr::UniqueConstraintViolation(_)) => return Self::Conflict,
            Some(SqlErr::ForeignKeyConstraintViolation(_)) => return Self::Statement("a foreign key does not hold".into()),
            _ => {}
        }
        match error {
            DbErr::Conn(RuntimeErr::Internal(text)) => Self::Unavailable(text),
            DbErr::ConnectionAcquire(_) => Self::Unavailable("no connection is free".into()),
            DbErr::Conn(RuntimeErr::SqlxError(inner))
            | DbErr::Exec(RuntimeErr::SqlxError(inner))
            | DbErr::Query(RuntimeErr::SqlxError(inner)) => classify(&inner),
            DbErr::RecordNotUpdated => Self::Conflict,
            other => Self::Statement(kind_of(&other).to_owned()),
        }
    }
}

/// Only the kind: texts of a database can quote a row.
fn kind_of(error: &DbErr) -> &'static str {
    match error {
        DbErr::Type(_) | DbErr::TryIntoErr { .. } => "a column has another type",
        DbErr::RecordNotFound(_) => "a row is missing",
        _ => "statement failed",
    }
}

/// By SQLite's extended code.
fn classify_sqlite(code: u32) -> StorageError {
    match code {
        // SQLITE_CONSTRAINT_PRIMARYKEY, SQLITE_CONSTRAINT_UNIQUE.
        1555 | 2067 => StorageError::Conflict,
        // SQLITE_CONSTRAINT_FOREIGNKEY.
        787 => StorageError::Statement("a foreign key does not hold".into()),
        _ => match code & 0xff {
            // SQLITE_INTERRUPT: whoever asked does not wait any more.
            9 => StorageError::Unavailable("no answer in time".into()),
            // Busy, locked, read-only, I/O, corrupt, full, can't open.
            5 | 6 | 8 | 10 | 11 | 13 | 14 => StorageError::Unavailable(format!("code {code}")),
            _ => StorageError::Statement(format!("code {code}")),
        },
    }
}

fn classify(error: &sea_orm::SqlxError) -> StorageError {
    use sea_orm::SqlxError;
    match error {
        SqlxError::Database(inner) => {
            let code = inner.code().unwrap_or_default().into_owned();
            match code.as_str() {
                // PostgreSQL: serialization failure, deadlock.
                "40001" | "40P01" => StorageError::Conflict,
                // PostgreSQL: connection, resources, operator intervention, system error, read-only; the
                // database is gone or lets us in no more.
                c if c.len() == 5
                    && (c.starts_with("08")
                        || c.starts_with("53")
                        || c.starts_with("57")
                        || c.starts_with("58")
                        || c.starts_with("28")
                        || c == "3D000"
                        || c == "25006") =>
                {
                    StorageError::Unavailable(format!("code {code}"))
                }
                // SQLite primary codes: busy, locked, read-only, I/O, corrupt, full, can't open (extended in the high byte).
                c if c.parse::<u32>().is_ok_and(|c| matches!(c & 0xff, 5 | 6 | 8 | 10 | 11 | 13 | 14)) && c.len() < 5 => {
                    StorageError::Unavailable(format!("code {code}"))
                }
                _ => StorageError::Statement(format!("code {code}")),
            }
        }
        SqlxError::Io(_)
        | SqlxError::Tls(_)
        | SqlxError::PoolTimedOut
        | SqlxError::PoolClosed
        | SqlxError::WorkerCrashed
        | SqlxError::BeginFailed
        | SqlxError::Protocol(_) => StorageError::Unavailable("the connection is gone".into()),
        SqlxError::RowNotFound => StorageError::Statement("a row is missing".into()),
        SqlxError::ColumnDecode { index, .. } => StorageError::Statement(format!("column {index} has another type")),
        _ => StorageError::Statement("statement failed".into()),
    }
}

/// A transaction that writes.
#[derive(Debug)]
pub struct Tx(pub(super) Link);

impl Tx {
    /// Runs a part that may be refused without losing the rest (one item of a batch).
    pub async fn savepoint<C, T, E, F>(&self, context: &C, part: F) -> Result<T, E>
    where
        C: Sync,
        E: From<StorageError>,
        F: for<'t> Fn(&'t C, &'t Self) -> BoxFuture<'t, Result<T, E>>,
    {
        let inner = Self(self.0.part().await.map_err(|e| E::from(e.into()))?);
        let result = part(context, &inner).await;
        let ended = if result.is_ok() { inner.0.keep().await } else { inner.0.take_back().await };
        ended.map_err(|e| E::from(e.into()))?;
        result
    }
}

/// A transaction that only reads, and sees one state of the database.
#[derive(Debug)]
pub struct Snapshot(Link);

/// What a finder reads from.
pub trait Reader: Send + Sync {
    /// The open transaction.
    fn transaction(&self) -> &Link;
}

impl Reader for Tx {
    fn transaction(&self) -> &Link {
        &self.0
    }
}

impl Reader for Snapshot {
    fn transaction(&self) -> &Link {
        &self.0
    }
}

/// An error of a unit of work: a service's own, or storage's passed on.
pub trait UnitError: From<StorageError> + Send + 'static {
    /// The storage fault, where it is one: a conflict is run again.
    fn storage(&self) -> Option<&StorageError>;
}

impl UnitError for StorageError {
    fn storage(&self) -> Option<&StorageError> {
        Some(self)
    }
}

/// A type-erased unit of work as the single writer runs it.
pub(super) type Job = Arc<dyn for<'t> Fn(&'t Tx) -> BoxFuture<'t, Result<(), Stop>> + Send + Sync>;

/// Why a unit of work ends without a commit.
#[derive(Debug, Clone)]
pub(super) enum Stop {
    /// The service said no: rolled back, its own error is kept beside.
    Refused,
    /// The database said no.
    Storage(StorageError),
}

/// The database.
#[derive(Debug, Clone)]
pub struct Db {
    door: Door,
    runtime: Handle,
    longest: Option<Duration>,
    statements: Arc<AtomicU64>,
    watch: Option<Arc<dyn Watch>>,
}

#[derive(Debug, Clone)]
pub(super) enum Door {
    Sqlite { place: Place, readers: sqlite::Pool, writer: sqlite::Writer },
    Postgres(DatabaseConnection),
}

impl Db {
    /// Opens `sqlite://PATH` or `postgres://…`. Must be called on the runtime that outlives all users.
    pub async fn open(url: &str, connections: u32) -> Result<Self, StorageError> {
        let statements = Arc::new(AtomicU64::new(0));
        let door = if url.starts_with("sqlite:") {
            let place = Place::of(url, Arc::clone(&statements));
            let writer = sqlite::Writer::start(place.clone())?;
            Door::Sqlite { readers: sqlite::Pool::open(place.clone(), connections.max(2))?, place, writer }
        } else {
            let mut driver = Database::connect(pool::postgres(url, connections)).await?;
            count(&mut driver, &statements);
            Door::Postgres(driver)
        };
        Ok(Self { door, runtime: Handle::current(), longest: None, statements, watch: None })
    }

    /// The same database, with someone who looks on at what is written through this handle.
    #[must_use]
    pub fn watched(self, watch: Arc<dyn Watch>) -> Self {
        Self { watch: Some(watch), ..self }
    }

    /// The door that this database has, for migrations.
    pub(super) fn door(&self) -> &Door {
        &self.door
    }

    /// Which of the two databases it is: `sqlite` or `postgres`.
    pub fn kind(&self) -> &'static str {
        match self.door {
            Door::Sqlite { .. } => "sqlite",
            Door::Postgres(_) => "postgres",
        }
    }

    /// The same database for someone who waits: what takes longer than this is given up and answered
    /// with [`StorageError::Unavailable`]. A unit of work that is given up may still have been committed,
    /// as with every answer that gets lost.
    #[must_use]
    pub fn within(&self, longest: Duration) -> Self {
        Self { longest: Some(longest), ..self.clone() }
    }

    /// Runs a unit of work and answers after its commit. An `Err` of the unit rolls it back.
    pub async fn write<C, T, E, F>(&self, context: C, unit: F) -> Result<T, E>
    where
        C: Send + Sync + 'static,
        T: Send + 'static,
        E: UnitError,
        F: for<'t> Fn(&'t C, &'t Tx) -> BoxFuture<'t, Result<T, E>> + Send + Sync + 'static,
    {
        let outcome = Arc::new(Outcome { unit, context, result: std::sync::Mutex::new(None) });
        let job: Job = {
            let (outcome, watch) = (Arc::clone(&outcome), self.watch.clone());
            Arc::new(move |tx| {
                let (outcome, watch) = (Arc::clone(&outcome), watch.clone());
                Box::pin(async move {
                    let result = outcome.run(tx).await;
                    look_on(watch.as_deref(), Moment::Ran).await.map_err(Stop::Storage)?;
                    result
                })
            })
        };
        let watch = self.watch.as_deref();
        look_on(watch, Moment::Asked).await?;
        let mut conflicts = 0;
        let moment = loop {
            match self.run(Arc::clone(&job)).await {
                Ok(()) => break Moment::Committed,
                Err(Stop::Refused) => break Moment::Refused,
                Err(Stop::Storage(StorageError::Conflict)) if conflicts < RUNS => conflicts += 1,
                Err(Stop::Storage(error)) => {
                    look_on(watch, Moment::Failed).await?;
                    return Err(E::from(error));
                }
            }
        };
        look_on(watch, moment).await?;
        outcome.take().unwrap_or_else(|| Err(E::from(StorageError::Statement("a unit of work gave no result".into()))))
    }

    async fn run(&self, job: Job) -> Result<(), Stop> {
        match &self.door {
            Door::Sqlite { writer, .. } => bounded(self.longest, writer.run(job)).await.unwrap_or_else(|late| Err(Stop::Storage(late))),
            Door::Postgres(pool) => {
                let (pool, longest) = (pool.clone(), self.longest);
                // Not aborted when the caller goes away: what has begun is finished or rolled back.
                let run =
                    async move { bounded(longest, in_own_transaction(&pool, &job)).await.unwrap_or_else(|late| Err(Stop::Storage(late))) };
                self.runtime.spawn(run).await.unwrap_or_else(|_| Err(gone()))
            }
        }
    }

    /// Runs finders on one state of the database. Ends when the caller goes away.
    pub async fn read<C, T, E, F>(&self, context: C, query: F) -> Result<T, E>
    where
        C: Send + Sync + 'static,
        T: Send + 'static,
        E: From<StorageError> + Send + 'static,
        F: for<'t> Fn(&'t C, &'t Snapshot) -> BoxFuture<'t, Result<T, E>> + Send + Sync + 'static,
    {
        let end = End::default();
        let task = match &self.door {
            Door::Sqlite { readers, .. } => {
                let (readers, end) = (readers.clone(), Arc::clone(&end));
                self.runtime.spawn(async move {
                    // Begun before it is lent back, so that every way out of here ends it.
                    let lease = readers.lend(&end).await?;
                    // A transaction on SQLite is a snapshot as it is.
                    lease.connection().again("BEGIN").map_err(StorageError::from)?;
                    let snapshot = Snapshot(Link::Here(Here(Arc::clone(lease.connection()))));
                    query(&context, &snapshot).await
                })
            }
            Door::Postgres(pool) => {
                let pool = pool.clone();
                self.runtime.spawn(async move {
                    let (isolation, access) = (Some(IsolationLevel::RepeatableRead), Some(sea_orm::AccessMode::ReadOnly));
                    let tx = pool.begin_with_config(isolation, access).await.map_err(|e| E::from(e.into()))?;
                    let snapshot = Snapshot(Link::Driver(tx));
                    let result = query(&context, &snapshot).await;
                    // Nothing was written; a failed rollback leaves nothing behind either.
                    let _ = snapshot.0.take_back().await;
                    result
                })
            }
        };
        let mut task = EndOnDrop { task, end };
        let ended = || Err(E::from(StorageError::Unavailable("the read was ended".into())));
        bounded(self.longest, &mut task.task).await.map_or_else(|late| Err(E::from(late)), |done| done.unwrap_or_else(|_| ended()))
    }

    /// Runs other work (a fetch, a check) on the database's runtime.
    pub fn spawn<F>(&self, work: F) -> tokio::task::JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.runtime.spawn(work)
    }

    /// How many statements this handle has sent: a test holds lists to a number that does not grow.
    pub fn statements(&self) -> u64 {
        self.statements.load(Ordering::Relaxed)
    }

    /// How many changes there were, or may have been, to what is shown of patients. What was read after it was
    /// asked holds as long as a transaction that writes finds the same number. `None`: nobody counts, since
    /// others write as well (PostgreSQL).
    pub fn changes(&self) -> Option<u64> {
        match &self.door {
            Door::Sqlite { writer, .. } => Some(writer.changes()),
            Door::Postgres(_) => None,
        }
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<(), StorageError> {
        let Door::Postgres(pool) = &self.door else {
            let look = Statement::from_string(DatabaseBackend::Sqlite, "SELECT name FROM sqlite_master LIMIT 1");
            return self
                .read(look, |look, snapshot| {
                    Box::pin(async move {
                        snapshot.0.query_one_raw(look.clone()).await?;
                        Ok(())
                    })
                })
                .await;
        };
        let (pool, longest) = (pool.clone(), self.longest);
        let run = async move { bounded(longest, pool.ping()).await };
        self.runtime.spawn(run).await.map_err(|_| StorageError::Unavailable("stopped".into()))???;
        Ok(())
    }

    /// Lets go of what was overwritten: SQLite empties its write-ahead log, where old pages stand, as far
    /// as no reader is in it. On PostgreSQL old rows go with the next vacuum. False when it could not be
    /// done now; the rows themselves are committed either way.
    pub async fn let_go(&self) -> bool {
        let Door::Sqlite { readers, .. } = &self.door else { return true };
        let Ok(lease) = readers.lend(&End::default()).await else { return false };
        let empty = Statement::from_string(DatabaseBackend::Sqlite, "PRAGMA wal_checkpoint(TRUNCATE)");
        let done = self.runtime.spawn_blocking(move || lease.connection().query(&empty)).await;
        // The first column of the one row says whether somebody was in the way.
        matches!(done, Ok(Ok(rows)) if rows.first().is_some_and(|row| row.values.get("busy") == Some(&sea_orm::Value::BigInt(Some(0)))))
    }

    /// Closes all connections after what is under way.
    pub async fn close(self) {
        match &self.door {
            Door::Sqlite { readers, writer, .. } => {
                writer.close().await;
                readers.close().await;
            }
            Door::Postgres(pool) => {
                let _ = pool.close_by_ref().await;
            }
        }
    }
}

async fn look_on(watch: Option<&dyn Watch>, moment: Moment) -> Result<(), StorageError> {
    match watch {
        Some(watch) => watch.at(moment).await,
        None => Ok(()),
    }
}

fn count(connection: &mut DatabaseConnection, statements: &Arc<AtomicU64>) {
    let statements = Arc::clone(statements);
    connection.set_metric_callback(move |_| {
        statements.fetch_add(1, Ordering::Relaxed);
    });
}

/// A read whose caller may go away: it is not begun, or ended in the middle of a statement.
struct EndOnDrop<T> {
    task: tokio::task::JoinHandle<T>,
    end: End,
}

impl<T> Drop for EndOnDrop<T> {
    fn drop(&mut self) {
        self.end.store(true, Ordering::Relaxed);
        self.task.abort();
    }
}

struct Outcome<C, T, E, F> {
    unit: F,
    context: C,
    result: std::sync::Mutex<Option<Result<T, E>>>,
}

impl<C, T, E, F> Outcome<C, T, E, F>
where
    F: for<'t> Fn(&'t C, &'t Tx) -> BoxFuture<'t, Result<T, E>>,
    E: UnitError,
{
    async fn run(&self, tx: &Tx) -> Result<(), Stop> {
        let result = (self.unit)(&self.context, tx).await;
        let stop = result.as_ref().err().map(|error| error.storage().map_or(Stop::Refused, |fault| Stop::Storage(fault.clone())));
        if let Ok(mut slot) = self.result.lock() {
            *slot = Some(result);
        }
        stop.map_or(Ok(()), Err)
    }

    fn take(&self) -> Option<Result<T, E>> {
        self.result.lock().ok().and_then(|mut slot| slot.take())
    }
}

/// The work, or that it took longer than someone waits.
async fn bounded<T>(longest: Option<Duration>, work: impl Future<Output = T>) -> Result<T, StorageError> {
    match longest {
        None => Ok(work.await),
        Some(longest) => tokio::time::timeout(longest, work).await.map_err(|_| StorageError::Unavailable("no answer in time".into())),
    }
}

async fn in_own_transaction(pool: &DatabaseConnection, job: &Job) -> Result<(), Stop> {
    let tx = Tx(Link::Driver(pool.begin().await.map_err(storage)?));
    match job(&tx).await {
        Ok(()) => tx.0.keep().await.map_err(storage),
        Err(stop) => {
            let _ = tx.0.take_back().await;
            Err(stop)
        }
    }
}

pub(super) fn storage(error: DbErr) -> Stop {
    Stop::Storage(error.into())
}

pub(super) fn gone() -> Stop {
    Stop::Storage(StorageError::Unavailable("the writer has stopped".into()))
}
