//! Counted attempts: reserved in one statement, released when they were right.

use super::entity::attempt;
use super::{Reader, StorageError, Tx};
use chrono::{DateTime, Duration, Utc};
use sea_orm::sea_query::{CaseStatement, Expr, OnConflict};
use sea_orm::{ActiveValue::Set, ColumnTrait, DbErr, EntityTrait, ExprTrait, QueryFilter};

type Result<T> = std::result::Result<T, StorageError>;

/// What is counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// One credential, by the hash of its code; a code that does not exist counts the same way.
    Credential,
    /// One block of addresses.
    Address,
    /// All typed codes.
    AllCodes,
    /// Sign-ins that were begun from one block of addresses.
    SignIn,
}

impl Scope {
    fn word(self) -> &'static str {
        match self {
            Self::Credential => "credential",
            Self::Address => "address",
            Self::AllCodes => "all-codes",
            Self::SignIn => "sign-in",
        }
    }
}

/// Which counter.
#[derive(Debug, Clone)]
pub struct Counter {
    /// Kind.
    pub scope: Scope,
    /// Keyed hash of what is counted; empty for all codes.
    pub subject_hash: Vec<u8>,
    /// Look-up key version of the hash.
    pub subject_key_version: u16,
    /// Start of its window; the epoch for counters without one.
    pub window_start: DateTime<Utc>,
}

/// The state of a counter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    /// Failures so far, reserved ones included.
    pub failures: i32,
    /// No attempt before then.
    pub wait_until: DateTime<Utc>,
}

/// Counts an attempt, unless the counter is full or waits: check and count are one statement, so
/// that parallel attempts can't slip past each other. `Some`: attempts so far, this one included;
/// `None`: refused, nothing was counted. `wait_after` says how long the next one waits.
pub async fn reserve(tx: &Tx, counter: &Counter, limit: i32, wait_after: fn(i32) -> Duration, now: DateTime<Utc>) -> Result<Option<i32>> {
    let row = attempt::ActiveModel {
        scope: Set(counter.scope.word().to_owned()),
        subject_hash: Set(counter.subject_hash.clone()),
        subject_key_version: Set(i32::from(counter.subject_key_version)),
        window_start: Set(counter.window_start),
        failures: Set(1),
        wait_until: Set(until(wait_after(1), now)),
        updated_at: Set(now),
    };
    let own = |column| Expr::col((attempt::Entity, column));
    let last = wait_after(limit);
    // From 0: an attempt that was right is taken back, and its row stays.
    let mut shorter = (0..limit).filter(|n| wait_after(n + 1) != last).peekable();
    let wait: Expr = if shorter.peek().is_none() {
        Expr::value(until(last, now))
    } else {
        let step = |case: CaseStatement, n| case.case(own(attempt::Column::Failures).eq(n), Expr::value(until(wait_after(n + 1), now)));
        shorter.fold(CaseStatement::new(), step).finally(Expr::value(until(last, now))).into()
    };
    let again = OnConflict::columns([attempt::Column::Scope, attempt::Column::SubjectHash, attempt::Column::WindowStart])
        .value(attempt::Column::Failures, own(attempt::Column::Failures).add(1))
        .value(attempt::Column::WaitUntil, wait)
        .value(attempt::Column::UpdatedAt, now)
        .action_and_where(own(attempt::Column::Failures).lt(limit).and(own(attempt::Column::WaitUntil).lte(now)))
        .to_owned();
    match attempt::Entity::insert(row).on_conflict(again).exec_with_returning(tx.transaction()).await {
        Ok(row) => Ok(Some(row.failures)),
        // Nothing came back: the row was there and the condition kept it as it is.
        Err(DbErr::RecordNotInserted | DbErr::RecordNotFound(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The end of a wait. No wait ends long ago, not now: another request, or another instance, may be a
/// little behind in time, and would be refused for nothing.
fn until(wait: Duration, now: DateTime<Utc>) -> DateTime<Utc> {
    if wait.is_zero() { DateTime::UNIX_EPOCH } else { now + wait }
}

/// Reads a counter, to say why an attempt was refused.
pub async fn read(tx: &Tx, counter: &Counter) -> Result<Option<Count>> {
    let key = (counter.scope.word().to_owned(), counter.subject_hash.clone(), counter.window_start);
    let row = attempt::Entity::find_by_id(key).one(tx.transaction()).await?;
    Ok(row.map(|row| Count { failures: row.failures, wait_until: row.wait_until }))
}

/// Takes one failure back: the attempt was right. It was allowed, so whatever wait there was is over.
pub async fn release(tx: &Tx, counter: &Counter) -> Result<()> {
    attempt::Entity::update_many()
        .col_expr(attempt::Column::Failures, Expr::col(attempt::Column::Failures).sub(1))
        .col_expr(attempt::Column::WaitUntil, Expr::value(DateTime::UNIX_EPOCH))
        .filter(attempt::Column::Scope.eq(counter.scope.word()))
        .filter(attempt::Column::SubjectHash.eq(counter.subject_hash.clone()))
        .filter(attempt::Column::WindowStart.eq(counter.window_start))
        .filter(attempt::Column::Failures.gt(0))
        .exec(tx.transaction())
        .await?;
    Ok(())
}

/// Deletes counters that have not moved for `keep`: windows that are over, codes of links long gone.
pub async fn purge(tx: &Tx, now: DateTime<Utc>, windows: Duration, credentials: Duration) -> Result<u64> {
    let mut deleted = 0;
    for (scopes, keep) in [(vec!["address", "all-codes", "sign-in"], windows), (vec!["credential"], credentials)] {
        deleted += attempt::Entity::delete_many()
            .filter(attempt::Column::Scope.is_in(scopes))
            .filter(attempt::Column::UpdatedAt.lt(now - keep))
            .exec(tx.transaction())
            .await?
            .rows_affected;
    }
    Ok(deleted)
}
