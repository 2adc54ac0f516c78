//! What `tests/load/run` holds the service against on the same machine: a bare actix-web handler, and a
//! program that does nothing but one durable row a request.
//!
//! Usage: `thin PORT DATABASE_URL BODY_BYTES`. `GET /` answers with a body of that size, `POST /` answers
//! after a row of that size is durable, `GET /rows` looks 20 rows of one subject up by an index. On
//! SQLite (WAL, `synchronous=FULL`) waiting rows are committed together by one writer; on PostgreSQL
//! (`synchronous_commit=on`) each has its own statement. `POST /fill/{rows}` stores rows to look up among.

use actix_web::{App, HttpResponse, HttpServer, error, web};
use bytes::Bytes;
use rusqlite::Connection;
use sea_orm::sqlx::{self, Row};
use sqlx::postgres::{PgPool, PgPoolOptions};
use std::sync::{Arc, Mutex};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};

type Failure = Box<dyn std::error::Error + Send + Sync>;
type Waiting = oneshot::Sender<bool>;

#[derive(Clone)]
enum Store {
    Sqlite { reader: Arc<Mutex<Connection>>, writer: mpsc::Sender<Waiting> },
    Postgres(PgPool),
}

struct State {
    store: Store,
    body: Bytes,
    runtime: Handle,
}

const TABLE: &str = "CREATE TABLE IF NOT EXISTS thin (id INTEGER PRIMARY KEY, subject INTEGER, body BLOB)";
const TABLE_POSTGRES: &str = "CREATE TABLE IF NOT EXISTS thin (id BIGSERIAL PRIMARY KEY, subject BIGINT, body BYTEA)";
const LOOK_UP: &str = "SELECT id FROM thin WHERE subject = $1 ORDER BY id LIMIT 20";
const INDEX: &str = "CREATE INDEX IF NOT EXISTS thin_subject ON thin (subject)";

async fn open(url: &str, body: Bytes) -> Result<Store, Failure> {
    if !url.starts_with("sqlite:") {
        let pool = PgPoolOptions::new().max_connections(16).connect(url).await?;
        sqlx::query(TABLE_POSTGRES).execute(&pool).await?;
        sqlx::query(INDEX).execute(&pool).await?;
        return Ok(Store::Postgres(pool));
    }
    let (mut one, reader) = (connect(url)?, connect(url)?);
    one.execute_batch(&format!("{TABLE}; {INDEX}"))?;
    let (writer, queue) = mpsc::channel(1024);
    std::thread::spawn(move || write(&mut one, queue, &body));
    Ok(Store::Sqlite { reader: Arc::new(Mutex::new(reader)), writer })
}

fn connect(url: &str) -> Result<Connection, rusqlite::Error> {
    let connection = Connection::open(url.trim_start_matches("sqlite://"))?;
    connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 5000")?;
    Ok(connection)
}

fn write(connection: &mut Connection, mut queue: mpsc::Receiver<Waiting>, body: &Bytes) {
    while let Some(first) = queue.blocking_recv() {
        let mut group = vec![first];
        while group.len() < 64
            && let Ok(next) = queue.try_recv()
        {
            group.push(next);
        }
        let done = commit(connection, group.len(), body).is_ok();
        for waiting in group {
            let _ = waiting.send(done);
        }
    }
}

fn commit(connection: &mut Connection, rows: usize, body: &Bytes) -> Result<(), rusqlite::Error> {
    let tx = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let mut insert = tx.prepare_cached("INSERT INTO thin (subject, body) VALUES (abs(random() % 100000), $1)")?;
    for _ in 0..rows {
        insert.execute([body.as_ref()])?;
    }
    drop(insert);
    tx.commit()
}

fn look_up(connection: &Mutex<Connection>) -> Result<Vec<i64>, Failure> {
    let connection = connection.lock().map_err(|_| "a thread has died")?;
    let mut query = connection.prepare_cached(LOOK_UP)?;
    Ok(query.query_map([4711_i64], |row| row.get(0))?.collect::<Result<_, _>>()?)
}

async fn bare(state: web::Data<State>) -> HttpResponse {
    HttpResponse::Ok().content_type("application/fhir+json").body(state.body.clone())
}

async fn store(state: web::Data<State>, _body: Bytes) -> actix_web::Result<HttpResponse> {
    let stored = match &state.store {
        Store::Sqlite { writer, .. } => {
            let (done, answer) = oneshot::channel();
            writer.send(done).await.is_ok() && answer.await.unwrap_or(false)
        }
        Store::Postgres(pool) => {
            let (pool, body) = (pool.clone(), state.body.clone());
            let row = async move {
                let insert = "INSERT INTO thin (subject, body) VALUES (floor(random() * 100000), $1)";
                sqlx::query(insert).bind(body.as_ref()).execute(&pool).await.is_ok()
            };
            state.runtime.spawn(row).await.unwrap_or(false)
        }
    };
    if stored { Ok(HttpResponse::Created().finish()) } else { Err(error::ErrorServiceUnavailable("not stored")) }
}

async fn rows(state: web::Data<State>) -> actix_web::Result<HttpResponse> {
    let store = state.store.clone();
    let found = state.runtime.spawn(async move {
        Ok::<Vec<i64>, Failure>(match &store {
            Store::Sqlite { reader, .. } => look_up(reader)?,
            Store::Postgres(pool) => sqlx::query(LOOK_UP).bind(4711_i64).fetch_all(pool).await?.iter().map(|row| row.get(0)).collect(),
        })
    });
    let found = found.await.map_err(error::ErrorInternalServerError)?.map_err(error::ErrorInternalServerError)?;
    Ok(HttpResponse::Ok().json(found))
}

async fn fill(state: web::Data<State>, rows: web::Path<i64>) -> actix_web::Result<HttpResponse> {
    let (store, rows) = (state.store.clone(), rows.into_inner());
    let filled = state.runtime.spawn(async move {
        match &store {
            Store::Sqlite { reader, .. } => {
                let insert = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $1) \
                     INSERT INTO thin (subject, body) SELECT i % 100000, zeroblob(1000) FROM n";
                reader.lock().map_err(|_| "a thread has died")?.execute(insert, [rows])?;
            }
            Store::Postgres(pool) => {
                let insert =
                    "INSERT INTO thin (subject, body) SELECT i % 100000, decode(repeat('00', 1000), 'hex') FROM generate_series(1, $1) i";
                sqlx::query(insert).bind(rows).execute(pool).await?;
                // Else the planner reads the table from its beginning.
                sqlx::query("ANALYZE thin").execute(pool).await?;
            }
        }
        Ok::<(), Failure>(())
    });
    filled.await.map_err(error::ErrorInternalServerError)?.map_err(error::ErrorInternalServerError)?;
    Ok(HttpResponse::NoContent().finish())
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, port, url, bytes] = arguments.as_slice() else { return Err("usage: thin PORT DATABASE_URL BODY_BYTES".into()) };
    let body = Bytes::from(vec![b'x'; bytes.parse()?]);
    let store_ = open(url, body.clone()).await?;
    let state = web::Data::new(State { store: store_, body, runtime: Handle::current() });
    let server = HttpServer::new(move || {
        App::new()
            .app_data(state.clone())
            .route("/", web::get().to(bare))
            .route("/", web::post().to(store))
            .route("/rows", web::get().to(rows))
            .route("/fill/{rows}", web::post().to(fill))
    });
    server.workers(2).bind(("127.0.0.1", port.parse()?))?.run().await?;
    Ok(())
}
