//! A connection to SQLite that sea-orm takes for a driver's: for migrations, and for tests that look at
//! what really stands in the database. sea-orm asks nothing of the end of a transaction there, so
//! whoever needs to know looks at [`Alone::broken`].

use super::connection::{Connection, Place};
use async_trait::async_trait;
use sea_orm::{Database, DatabaseBackend, DatabaseConnection, DbErr, ProxyDatabaseTrait, ProxyExecResult, ProxyRow, Statement};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The connection.
#[derive(Debug, Clone)]
pub(crate) struct Alone(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    connection: Connection,
    broken: AtomicBool,
}

impl Alone {
    /// Opens it, for this program and for sea-orm.
    pub(crate) async fn open(place: &Place) -> Result<(Self, DatabaseConnection), DbErr> {
        let inner = Inner { connection: place.open()?, broken: AtomicBool::new(false) };
        let alone = Self(Arc::new(inner));
        let driver = Database::connect_proxy(DatabaseBackend::Sqlite, Arc::new(Box::new(alone.clone()))).await?;
        Ok((alone, driver))
    }

    /// The connection.
    pub(crate) fn connection(&self) -> &Connection {
        &self.0.connection
    }

    /// Whether a transaction or a part of one could not be begun or ended as it was asked.
    pub(crate) fn broken(&self) -> bool {
        self.0.broken.load(Ordering::Relaxed)
    }

    fn note(&self, done: &Result<(), DbErr>) {
        if done.is_err() {
            self.0.broken.store(true, Ordering::Relaxed);
        }
    }
}

#[async_trait]
impl ProxyDatabaseTrait for Alone {
    async fn query(&self, statement: Statement) -> Result<Vec<ProxyRow>, DbErr> {
        self.connection().query(&statement)
    }

    async fn execute(&self, statement: Statement) -> Result<ProxyExecResult, DbErr> {
        match statement.values {
            // May be several statements, or one that gives rows nobody wants.
            None => self.connection().run(&statement.sql),
            Some(_) => self.connection().execute(&statement),
        }
    }

    async fn begin(&self) {
        // A savepoint outside a transaction begins one, and its release commits.
        self.note(&self.connection().again("SAVEPOINT part"));
    }

    async fn commit(&self) {
        self.note(&self.connection().again("RELEASE part"));
    }

    async fn rollback(&self) {
        self.start_rollback();
    }

    fn start_rollback(&self) {
        let done = self.connection().again("ROLLBACK TO part").and_then(|()| self.connection().again("RELEASE part"));
        self.note(&done);
    }
}
