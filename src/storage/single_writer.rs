//! SQLite's one writer: takes the units of work that wait, runs each in a savepoint, and commits
//! them together, so that one fsync serves them all. Each is acknowledged after the commit. If the
//! group fails, its units are run again one by one, so that a bad neighbour costs only time.

use super::db::{Job, Stop, StorageError, Tx, gone, storage};
use futures::FutureExt;
use sea_orm::{DatabaseConnection, TransactionTrait};
use std::panic::AssertUnwindSafe;
use tokio::sync::{mpsc, oneshot};

/// Most units in one commit: bounds how long the first one waits.
const GROUP: usize = 64;
/// Units that may wait before callers are held back.
const QUEUE: usize = 1024;

struct Waiting {
    job: Job,
    done: oneshot::Sender<Result<(), Stop>>,
}

enum Message {
    Unit(Waiting),
    Close(oneshot::Sender<()>),
}

/// Handle to the writer task.
#[derive(Debug, Clone)]
pub(super) struct SingleWriter(mpsc::Sender<Message>);

impl SingleWriter {
    /// Starts the task on the present runtime.
    pub(super) fn start(connection: DatabaseConnection) -> Self {
        let (sender, receiver) = mpsc::channel(QUEUE);
        tokio::spawn(serve(connection, receiver));
        Self(sender)
    }

    /// Queues a unit and waits for its commit.
    pub(super) async fn run(&self, job: Job) -> Result<(), Stop> {
        let (done, answer) = oneshot::channel();
        self.0.send(Message::Unit(Waiting { job, done })).await.map_err(|_| gone())?;
        answer.await.unwrap_or_else(|_| Err(gone()))
    }

    /// Finishes what waits and closes the connection.
    pub(super) async fn close(&self) {
        let (done, answer) = oneshot::channel();
        if self.0.send(Message::Close(done)).await.is_ok() {
            let _ = answer.await;
        }
    }
}

async fn serve(connection: DatabaseConnection, mut queue: mpsc::Receiver<Message>) {
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
        commit_together(&connection, units).await;
        if let Some(done) = closing {
            let _ = connection.close().await;
            let _ = done.send(());
            return;
        }
    }
}

/// A unit that panics is refused like any other; the writer must outlive it.
async fn guarded(unit: &Waiting, savepoint: &Tx) -> Result<(), Stop> {
    let run = AssertUnwindSafe((unit.job)(savepoint)).catch_unwind();
    run.await.unwrap_or_else(|_| Err(Stop::Storage(StorageError::Statement("a unit of work panicked".into()))))
}

async fn commit_together(connection: &DatabaseConnection, units: Vec<Waiting>) {
    if units.is_empty() {
        return;
    }
    match run_group(connection, &units).await {
        Ok(results) => answer(units.into_iter().zip(results)),
        Err(_) if units.len() > 1 => {
            for unit in units {
                let result = run_group(connection, std::slice::from_ref(&unit)).await;
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
async fn run_group(connection: &DatabaseConnection, units: &[Waiting]) -> Result<Vec<Result<(), Stop>>, Stop> {
    let options =
        sea_orm::TransactionOptions { sqlite_transaction_mode: Some(sea_orm::SqliteTransactionMode::Immediate), ..Default::default() };
    let group = connection.begin_with_options(options).await.map_err(storage)?;
    let mut results = Vec::with_capacity(units.len());
    for unit in units {
        let savepoint = Tx(group.begin().await.map_err(storage)?);
        match guarded(unit, &savepoint).await {
            Ok(()) => {
                savepoint.0.commit().await.map_err(storage)?;
                results.push(Ok(()));
            }
            Err(stop) => {
                savepoint.0.rollback().await.map_err(storage)?;
                if let Stop::Storage(StorageError::Unavailable(_)) = &stop {
                    return Err(stop);
                }
                results.push(Err(stop));
            }
        }
    }
    group.commit().await.map_err(storage)?;
    Ok(results)
}
