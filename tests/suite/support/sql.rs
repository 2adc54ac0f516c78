//! The database beside the application: what really stands in it, and what happens when a hand
//! changes it.

use kartlegging::storage;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbErr, QueryResult, Statement};

async fn connect(url: &str) -> DatabaseConnection {
    storage::beside(url).await.expect("a connection beside the application")
}

/// Runs a statement; says how many rows it changed.
pub async fn execute(url: &str, statement: &str) -> Result<u64, DbErr> {
    let connection = connect(url).await;
    let done = connection.execute_unprepared(statement).await.map(|done| done.rows_affected());
    connection.close().await.expect("close");
    done
}

/// The rows of a query.
pub async fn query(url: &str, query: &str) -> Vec<QueryResult> {
    let connection = connect(url).await;
    let rows = connection.query_all_raw(Statement::from_string(connection.get_database_backend(), query)).await.expect(query);
    connection.close().await.expect("close");
    rows
}

/// One column of a query, as text.
pub async fn texts(url: &str, query: &str) -> Vec<String> {
    self::query(url, query).await.iter().map(|row| row.try_get_by_index::<String>(0).expect("a text")).collect()
}

/// One number.
pub async fn number(url: &str, query: &str) -> i64 {
    self::query(url, query).await[0].try_get_by_index(0).expect("a number")
}

/// Bytes as both databases write them.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).filter_map(|digit| char::from_digit(digit.into(), 16)).collect()
}
