//! What statements run on, whichever database it is: a transaction of sea-orm's driver (PostgreSQL), or
//! a connection to SQLite with a transaction open on it.

use super::sqlite::Connection;
use async_trait::async_trait;
use sea_orm::{ConnectionTrait, DatabaseBackend, DatabaseTransaction, DbErr, ExecResult, QueryResult, Statement, TransactionTrait};
use std::sync::Arc;

/// An open transaction.
#[derive(Debug)]
pub enum Link {
    /// Of sea-orm's driver.
    #[doc(hidden)]
    Driver(DatabaseTransaction),
    /// Of SQLite, on this thread.
    #[doc(hidden)]
    Here(Here),
}

/// A connection to SQLite in a transaction that somebody else begins and ends.
#[derive(Debug, Clone)]
pub struct Here(pub(super) Arc<Connection>);

impl Link {
    /// Begins a part that can be taken back alone.
    pub(super) async fn part(&self) -> Result<Self, DbErr> {
        match self {
            Self::Driver(transaction) => transaction.begin().await.map(Self::Driver),
            Self::Here(here) => here.0.again("SAVEPOINT part").map(|()| Self::Here(here.clone())),
        }
    }

    /// Keeps the part, or the whole of a transaction of the driver.
    pub(super) async fn keep(self) -> Result<(), DbErr> {
        match self {
            Self::Driver(transaction) => transaction.commit().await,
            Self::Here(here) => here.0.again("RELEASE part"),
        }
    }

    /// Takes the part back, or the whole of a transaction of the driver.
    pub(super) async fn take_back(self) -> Result<(), DbErr> {
        match self {
            Self::Driver(transaction) => transaction.rollback().await,
            Self::Here(here) => here.0.again("ROLLBACK TO part").and_then(|()| here.0.again("RELEASE part")),
        }
    }
}

#[async_trait]
impl ConnectionTrait for Link {
    fn get_database_backend(&self) -> DatabaseBackend {
        match self {
            Self::Driver(transaction) => transaction.get_database_backend(),
            Self::Here(_) => DatabaseBackend::Sqlite,
        }
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        match self {
            Self::Driver(transaction) => transaction.execute_raw(statement).await,
            Self::Here(here) => here.0.execute(&statement).map(ExecResult::from),
        }
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        match self {
            Self::Driver(transaction) => transaction.execute_unprepared(sql).await,
            Self::Here(here) => here.0.run(sql).map(ExecResult::from),
        }
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        match self {
            Self::Driver(transaction) => transaction.query_one_raw(statement).await,
            Self::Here(here) => Ok(here.0.query(&statement)?.into_iter().next().map(QueryResult::from)),
        }
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        match self {
            Self::Driver(transaction) => transaction.query_all_raw(statement).await,
            Self::Here(here) => Ok(here.0.query(&statement)?.into_iter().map(QueryResult::from).collect()),
        }
    }
}
