//! SQLite's one writer: takes the units of work that wait, runs each in a savepoint, and commits
//! them together, so that one fsync serves them all. Each is acknowledged after the commit. If the
//! group fails, its units are run again one by one, so that a bad neighbour costs only time.
//!
//! It has a thread of its own: a commit waits for the disk, and nothing else should.

use super::connection::{Connection, Place};
use crate::storage::StorageError;
use crate::storage::db::{Job, Stop, Tx, gone, storage};
use crate::storage::link::{Here, Link};
use futures::FutureExt;
use sea_orm::{DatabaseBackend, DbErr, Statement};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::mpsc::SyncSender;
use std::thread::JoinHandle;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};

/// Most units in one commit: bounds how long the first one waits.
const GROUP: usize = 64;
/// Units that may wait before callers are held back.
const QUEUE: usize = 1024;
/// Commits after which the write-ahead log is copied into the database, beside further commits.
const COPY_AFTER: u32 = 32;
/// Pages of the log after which the writer stops and copies itself: while others write, the log is
/// never copied to its end and grows. 32 MiB.
const COPY_MYSELF: &str = "PRAGMA wal_autocheckpoint = 8192";

struct Waiting {
    job: Job,
    done: oneshot::Sender<Result<(), Stop>>,
}

enum Message {
    Unit(Waiting),
    Close(oneshot::Sender<()>),
}

/// Handle to the writer.
#[derive(Debug, Clone)]
pub(crate) struct Writer {
    queue: mpsc::Sender<Message>,
    changes: Arc<Changes>,
}

/// Counts what may have changed what is shown of patients: commits of the writer, before they are
/// acknowledged, and those of other processes, when the writer next begins.
#[derive(Debug, Default)]
struct Changes {
    count: AtomicU64,
    others: AtomicI64,
}

impl Changes {
    /// Within a transaction that writes: nobody else can commit until it ends.
    fn look(&self, connection: &Connection) -> Result<(), DbErr> {
        let others = connection.others()?;
        if self.others.swap(others, Ordering::SeqCst) != others {
            self.count.fetch_add(1, Ordering::SeqCst);
        }
        Ok(())
    }

    /// After a transaction, whatever became of it.
    fn ended(&self, connection: &Connection) {
        if connection.was_touched() {
            self.count.fetch_add(1, Ordering::SeqCst);
        }
    }
}

impl Writer {
    /// Starts the thread. What units wait for beside SQL belongs to the present runtime.
    pub(crate) fn start(place: Place) -> Result<Self, StorageError> {
        let connection = open(&place)?;
        let (sender, receiver) = mpsc::channel(QUEUE);
        let runtime = Handle::current();
        let copying = Copying::start(place.open()?)?;
        let changes = Arc::new(Changes::default());
        let told = Arc::clone(&changes);
        thread("sqlite-writer", move || runtime.block_on(serve(place, connection, receiver, copying, &told)))?;
        Ok(Self { queue: sender, changes })
    }

    /// How many changes there were so far to what is shown of patients, or may have been. The same before a
    /// read and at the beginning of a later transaction that writes: what was read still holds there.
    pub(crate) fn changes(&self) -> u64 {
        self.changes.count.load(Ordering::SeqCst)
    }

    /// Queues a unit and waits for its commit.
    pub(crate) async fn run(&self, job: Job) -> Result<(), Stop> {
        let (done, answer) = oneshot::channel();
        self.queue.send(Message::Unit(Waiting { job, done })).await.map_err(|_| gone())?;
        answer.await.unwrap_or_else(|_| Err(gone()))
    }

    /// Finishes what waits and closes the connection.
    pub(crate) async fn close(&self) {
        let (done, answer) = oneshot::channel();
        if self.queue.send(Message::Close(done)).await.is_ok() {
            let _ = answer.await;
        }
    }
}

fn thread(name: &str, work: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, StorageError> {
    let started = std::thread::Builder::new().name(name.to_owned()).spawn(work);
    started.map_err(|_| StorageError::Unavailable("no thread could be started".to_owned()))
}

fn open(place: &Place) -> Result<Connection, StorageError> {
    let connection = place.open()?;
    connection.run(COPY_MYSELF)?;
    Ok(connection)
}

/// Copies the write-ahead log into the database, so that no commit has to wait for that.
struct Copying {
    wake: SyncSender<()>,
    thread: JoinHandle<()>,
    commits: u32,
}

impl Copying {
    fn start(connection: Connection) -> Result<Self, StorageError> {
        let (wake, asleep) = std::sync::mpsc::sync_channel(1);
        let copy = Statement::from_string(DatabaseBackend::Sqlite, "PRAGMA wal_checkpoint(PASSIVE)");
        let thread = thread("sqlite-copying", move || {
            while asleep.recv().is_ok() {
                // What could not be copied stays in the log, and is copied next time.
                let _ = connection.query(&copy);
            }
        })?;
        Ok(Self { wake, thread, commits: 0 })
    }

    fn committed(&mut self) {
        self.commits += 1;
        if self.commits >= COPY_AFTER {
            self.commits = 0;
            // Busy with the last time: then at the next.
            let _ = self.wake.try_send(());
        }
    }

    fn end(self) {
        drop(self.wake);
        let _ = self.thread.join();
    }
}

async fn serve(place: Place, connection: Connection, mut queue: mpsc::Receiver<Message>, mut copying: Copying, changes: &Changes) {
    let mut connection = Arc::new(connection);
    let mut messages = Vec::with_capacity(GROUP);
    while queue.recv_many(&mut messages, GROUP).await > 0 {
        let mut units = Vec::with_capacity(messages.len());
        let mut closing = None;
        for message in messages.drain(..) {
            match message {
                Message::Unit(unit) => units.push(unit),
                Message::Close(done) => closing = Some(done),
            }
        }
        commit_together(&connection, units, changes).await;
        copying.committed();
        if let Some(done) = closing {
            copying.end();
            drop(connection);
            let _ = done.send(());
            return;
        }
        // A transaction that can be neither kept nor taken back goes with its connection.
        if !connection.clear()
            && let Ok(fresh) = open(&place)
        {
            connection = Arc::new(fresh);
            // It doesn't know what others did before it was there.
            changes.count.fetch_add(1, Ordering::SeqCst);
        }
    }
}

/// A unit that panics is refused like any other; the writer must outlive it.
async fn guarded(unit: &Waiting, part: &Tx) -> Result<(), Stop> {
    let run = AssertUnwindSafe((unit.job)(part)).catch_unwind();
    run.await.unwrap_or_else(|_| Err(Stop::Storage(StorageError::Statement("a unit of work panicked".into()))))
}

async fn commit_together(connection: &Arc<Connection>, units: Vec<Waiting>, changes: &Changes) {
    if units.is_empty() {
        return;
    }
    match run_group(connection, &units, changes).await {
        Ok(results) => answer(units.into_iter().zip(results)),
        Err(_) if units.len() > 1 => {
            for unit in units {
                let result = run_group(connection, std::slice::from_ref(&unit), changes).await;
                let result = result.and_then(|mut results| results.pop().unwrap_or_else(|| Err(gone())));
                let _ = unit.done.send(result);
            }
        }
        Err(stop) => answer(units.into_iter().map(|unit| (unit, Err(stop.clone())))),
    }
}

fn answer(results: impl Iterator<Item = (Waiting, Result<(), Stop>)>) {
    for (unit, result) in results {
        // A caller that went away has its answer in the database all the same.
        let _ = unit.done.send(result);
    }
}

/// One IMMEDIATE transaction. `Err`: nothing of the group was committed.
async fn run_group(connection: &Arc<Connection>, units: &[Waiting], changes: &Changes) -> Result<Vec<Result<(), Stop>>, Stop> {
    connection.again("BEGIN IMMEDIATE").map_err(storage)?;
    let looked = changes.look(connection).map_err(storage);
    let ran = match looked {
        Ok(()) => run_units(connection, units).await,
        Err(stop) => Err(stop),
    };
    let done = ran.and_then(|results| {
        // After some faults (disk full, I/O) SQLite ends the transaction by itself: what was written
        // then stands alone or not at all, and nothing of it may be acknowledged.
        if connection.is_idle() {
            return Err(Stop::Storage(StorageError::Unavailable("the transaction has ended".to_owned())));
        }
        connection.again("COMMIT").map_err(storage)?;
        Ok(results)
    });
    if done.is_err() {
        connection.clear();
    }
    changes.ended(connection);
    done
}

async fn run_units(connection: &Arc<Connection>, units: &[Waiting]) -> Result<Vec<Result<(), Stop>>, Stop> {
    let group = Link::Here(Here(Arc::clone(connection)));
    let mut results = Vec::with_capacity(units.len());
    for unit in units {
        let part = Tx(group.part().await.map_err(storage)?);
        match guarded(unit, &part).await {
            Ok(()) => {
                part.0.keep().await.map_err(storage)?;
                results.push(Ok(()));
            }
            // There may be nothing left to go back to.
            Err(stop @ Stop::Storage(StorageError::Unavailable(_))) => return Err(stop),
            Err(stop) => {
                part.0.take_back().await.map_err(storage)?;
                results.push(Err(stop));
            }
        }
    }
    Ok(results)
}

#[cfg(test)]
mod tests {
    use crate::storage::{Db, Reader, StorageError};
    use sea_orm::ConnectionTrait;

    /// Runs a statement; with `after` the unit fails behind it.
    async fn run(db: &Db, statement: &'static str, after: Option<StorageError>) -> Result<(), StorageError> {
        db.write((statement, after), |(statement, after), tx| {
            Box::pin(async move {
                tx.transaction().execute_unprepared(statement).await?;
                after.clone().map_or(Ok(()), Err)
            })
        })
        .await
    }

    async fn kept(db: &Db) -> Result<i64, StorageError> {
        db.read((), |(), snapshot| {
            Box::pin(async move {
                let query = sea_orm::Statement::from_string(sea_orm::DatabaseBackend::Sqlite, "SELECT count(*) FROM kept");
                let row = snapshot.transaction().query_one_raw(query).await?;
                Ok::<_, StorageError>(row.map_or(Ok(-1), |row| row.try_get_by_index(0))?)
            })
        })
        .await
    }

    /// SQLite ends the transaction by itself when there is no room; what is written after it must be
    /// committed all the same.
    #[tokio::test]
    async fn after_a_full_disk_what_is_acknowledged_is_committed() -> Result<(), StorageError> {
        let folder = tempfile::tempdir().map_err(|_| StorageError::Corrupt("no folder"))?;
        let db = Db::open(&format!("sqlite://{}", folder.path().join("full.db").display()), 2).await?;
        run(&db, "CREATE TABLE kept (x BLOB)", None).await?;
        let gone = StorageError::Unavailable("gone".to_owned());
        for round in 1..=3 {
            run(&db, "PRAGMA max_page_count = 1", None).await?;
            let full = run(&db, "INSERT INTO kept VALUES (zeroblob(1000000))", None).await;
            assert!(matches!(full, Err(StorageError::Unavailable(_))), "{full:?}");
            // A fault that leaves the transaction as it is, after one that does not.
            assert_eq!(run(&db, "INSERT INTO kept VALUES (1)", Some(gone.clone())).await, Err(gone.clone()));
            run(&db, "INSERT INTO kept VALUES (2)", None).await?;
            assert_eq!(kept(&db).await?, round);
        }
        db.close().await;
        Ok(())
    }
}
