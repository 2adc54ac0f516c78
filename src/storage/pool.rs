//! How connections to PostgreSQL are opened, and when one is thrown away.
//!
//! A connection that goes back into the pool must answer within seconds. The pool itself
//! would wait for its answer for as long as TCP does, a quarter of an hour.

use sea_orm::{ConnectOptions, SqlxError};
use sqlx::{Connection, Executor};
use std::time::Duration;
use tokio::time::timeout;

/// Longest wait for a free connection, and for a new one.
const FREE: Duration = Duration::from_secs(5);
/// Longest wait for a connection that is asked whether it is alive.
const ALIVE: Duration = Duration::from_secs(2);

/// What the server is told about its side, in milliseconds or seconds as each setting has it: to end
/// the query of a client that is gone, to end a transaction that nobody goes on with, to notice a
/// peer that has vanished. One that this server's version does not have is left out.
const SERVER: &str = "SELECT set_config(wanted.name, wanted.value, false) \
     FROM (VALUES ('client_connection_check_interval', '1000'), ('idle_in_transaction_session_timeout', '60000'), \
     ('tcp_keepalives_idle', '30'), ('tcp_keepalives_interval', '10'), ('tcp_keepalives_count', '3'), ('tcp_user_timeout', '30000')) \
     AS wanted (name, value) JOIN pg_settings USING (name)";

/// PostgreSQL.
pub(super) fn postgres(url: &str, connections: u32) -> ConnectOptions {
    let mut options = ConnectOptions::new(url);
    options
        .max_connections(connections.max(2))
        .min_connections(1)
        .connect_timeout(FREE)
        .acquire_timeout(FREE)
        .sqlx_logging(false)
        // Asked below instead, with an end to the waiting.
        .test_before_acquire(false)
        .map_sqlx_postgres_pool_opts(|pool| {
            pool.after_connect(|connection, _| Box::pin(async move { connection.execute(SERVER).await.map(|_| ()) }))
                .before_acquire(|connection, _| Box::pin(alive(connection)))
                .after_release(|connection, _| Box::pin(alive(connection)))
        });
    options
}

/// An error, not `false`: a connection that does not answer is not said goodbye to.
async fn alive(connection: &mut sqlx::PgConnection) -> Result<bool, SqlxError> {
    timeout(ALIVE, connection.ping()).await.map_err(|_| SqlxError::PoolTimedOut)??;
    Ok(true)
}
