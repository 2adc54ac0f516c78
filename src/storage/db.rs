//! The database handle: units of work and snapshots.
//!
//! A unit of work is a closure over a context; it may be run again (a conflict, a failed group), so
//! ids, nonces and the time are in the context and nothing but SQL is awaited inside. It is
//! acknowledged after its commit is durable.
//!
//! Every statement runs on the runtime that opened the database, never on a worker of the web
//! server: a connection dies with the runtime that opened it, and a client that goes away can't
//! leave a transaction half done.

use super::pool;
use super::single_writer::SingleWriter;
use super::watch::{Moment, Watch};
use futures::future::BoxFuture;
use sea_orm::{
    ConnectionTrait, Database, DatabaseBackend, DatabaseConnection, DatabaseTransaction, DbErr, IsolationLevel, RuntimeErr, SqlErr,
    Statement, TransactionTrait,
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
pub struct Tx(pub(super) DatabaseTransaction);

impl Tx {
    /// Runs a part that may be refused without losing the rest (one item of a batch).
    pub async fn savepoint<C, T, E, F>(&self, context: &C, part: F) -> Result<T, E>
    where
        C: Sync,
        E: From<StorageError>,
        F: for<'t> Fn(&'t C, &'t Self) -> BoxFuture<'t, Result<T, E>>,
    {
        let inner = Self(self.0.begin().await.map_err(|e| E::from(e.into()))?);
        let result = part(context, &inner).await;
        let ended = if result.is_ok() { inner.0.commit().await } else { inner.0.rollback().await };
        ended.map_err(|e| E::from(e.into()))?;
        result
    }
}

/// A transaction that only reads, and sees one state of the database.
#[derive(Debug)]
pub struct Snapshot(DatabaseTransaction);

/// What a finder reads from.
pub trait Reader: Send + Sync {
    /// The open transaction.
    fn transaction(&self) -> &DatabaseTransaction;
}

impl Reader for Tx {
    fn transaction(&self) -> &DatabaseTransaction {
        &self.0
    }
}

impl Reader for Snapshot {
    fn transaction(&self) -> &DatabaseTransaction {
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
    readers: DatabaseConnection,
    writer: Writer,
    runtime: Handle,
    longest: Option<Duration>,
    statements: Arc<AtomicU64>,
    watch: Option<Arc<dyn Watch>>,
}

#[derive(Debug, Clone)]
enum Writer {
    Grouping(SingleWriter),
    EachOwn(DatabaseConnection),
}

impl Db {
    /// Opens `sqlite://PATH` or `postgres://…`. Must be called on the runtime that outlives all users.
    pub async fn open(url: &str, connections: u32) -> Result<Self, StorageError> {
        if url.starts_with("sqlite:") { Self::open_sqlite(url, connections).await } else { Self::open_postgres(url, connections).await }
    }

    async fn open_sqlite(url: &str, connections: u32) -> Result<Self, StorageError> {
        let url = if url.contains('?') { url.to_owned() } else { format!("{url}?mode=rwc") };
        let statements = Arc::new(AtomicU64::new(0));
        let mut writer = Database::connect(pool::sqlite(&url, 1)).await?;
        let mut readers = Database::connect(pool::sqlite(&url, connections.max(2))).await?;
        count(&mut writer, &statements);
        count(&mut readers, &statements);
        let writer = SingleWriter::start(writer);
        Ok(Self { readers, writer: Writer::Grouping(writer), runtime: Handle::current(), longest: None, statements, watch: None })
    }

    async fn open_postgres(url: &str, connections: u32) -> Result<Self, StorageError> {
        let statements = Arc::new(AtomicU64::new(0));
        let mut pool = Database::connect(pool::postgres(url, connections)).await?;
        count(&mut pool, &statements);
        Ok(Self {
            readers: pool.clone(),
            writer: Writer::EachOwn(pool),
            runtime: Handle::current(),
            longest: None,
            statements,
            watch: None,
        })
    }

    /// The same database, with someone who looks on at what is written through this handle.
    #[must_use]
    pub fn watched(self, watch: Arc<dyn Watch>) -> Self {
        Self { watch: Some(watch), ..self }
    }

    /// The plain connection, for migrations and start-up checks.
    pub(crate) fn connection(&self) -> &DatabaseConnection {
        match &self.writer {
            Writer::EachOwn(pool) => pool,
            Writer::Grouping(_) => &self.readers,
        }
    }

    /// Which of the two databases it is: `sqlite` or `postgres`.
    pub fn kind(&self) -> &'static str {
        match self.readers.get_database_backend() {
            DatabaseBackend::Sqlite => "sqlite",
            _ => "postgres",
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
        match &self.writer {
            Writer::Grouping(writer) => bounded(self.longest, writer.run(job)).await.unwrap_or_else(|late| Err(Stop::Storage(late))),
            Writer::EachOwn(pool) => {
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
        let pool = self.readers.clone();
        let sqlite = self.kind() == "sqlite";
        let run = async move {
            // A transaction on SQLite is a snapshot as it is; PostgreSQL needs to be told.
            let isolation = (!sqlite).then_some(IsolationLevel::RepeatableRead);
            let access = (!sqlite).then_some(sea_orm::AccessMode::ReadOnly);
            let tx = pool.begin_with_config(isolation, access).await.map_err(|e| E::from(e.into()))?;
            let snapshot = Snapshot(tx);
            let result = query(&context, &snapshot).await;
            // Nothing was written; a failed rollback leaves nothing behind either.
            let _ = snapshot.0.rollback().await;
            result
        };
        let longest = self.longest;
        let task = self.runtime.spawn(async move { bounded(longest, run).await.unwrap_or_else(|late| Err(E::from(late))) });
        let mut task = AbortOnDrop(task);
        (&mut task.0).await.unwrap_or_else(|_| Err(E::from(StorageError::Unavailable("the read was ended".into()))))
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

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<(), StorageError> {
        let (pool, longest) = (self.readers.clone(), self.longest);
        let run = async move { bounded(longest, pool.ping()).await };
        self.runtime.spawn(run).await.map_err(|_| StorageError::Unavailable("stopped".into()))???;
        Ok(())
    }

    /// Lets go of what was overwritten: SQLite empties its write-ahead log, where old pages stand, as far
    /// as no reader is in it. On PostgreSQL old rows go with the next vacuum. False when it could not be
    /// done now; the rows themselves are committed either way.
    pub async fn let_go(&self) -> bool {
        if self.kind() != "sqlite" {
            return true;
        }
        let pool = self.readers.clone();
        let empty = Statement::from_string(DatabaseBackend::Sqlite, "PRAGMA wal_checkpoint(TRUNCATE)");
        let done = self.runtime.spawn(async move { pool.query_one_raw(empty).await });
        // The first column of the one row says whether somebody was in the way.
        matches!(done.await, Ok(Ok(Some(row))) if row.try_get_by_index::<i32>(0) == Ok(0))
    }

    /// Closes all connections after what is under way.
    pub async fn close(self) {
        if let Writer::Grouping(writer) = &self.writer {
            writer.close().await;
        }
        let _ = self.readers.close().await;
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

struct AbortOnDrop<T>(tokio::task::JoinHandle<T>);

impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
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
    let tx = Tx(pool.begin().await.map_err(storage)?);
    match job(&tx).await {
        Ok(()) => tx.0.commit().await.map_err(storage),
        Err(stop) => {
            let _ = tx.0.rollback().await;
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
