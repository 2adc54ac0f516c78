//! Rows of an answer read by place, for lists of hundreds: sea-orm looks every value of every row up by its
//! name, in a map that is made for the row.

use super::link::Link;
use super::sqlite::stored;
use super::{Reader, StorageError};
use chrono::{DateTime, NaiveDate, Utc};
use rusqlite::types::ValueRef;
use sea_orm::{ConnectionTrait, DbErr, QueryResult, Statement, TryGetable, Value};
use uuid::Uuid;

/// A row. Every column may be empty; what is stored is read as what is asked for, or not at all.
pub(super) enum Row<'r> {
    Driver(&'r QueryResult),
    Here(&'r rusqlite::Row<'r>),
}

fn odd() -> DbErr {
    DbErr::Type("a column has another type".to_owned())
}

impl Row<'_> {
    fn read<T: TryGetable>(&self, at: usize, here: impl FnOnce(ValueRef<'_>) -> Option<T>) -> Result<Option<T>, DbErr> {
        match self {
            Self::Driver(row) => row.try_get_by_index(at),
            Self::Here(row) => match stored(row, at)? {
                ValueRef::Null => Ok(None),
                value => here(value).map(Some).ok_or_else(odd),
            },
        }
    }

    /// An id.
    pub(super) fn id(&self, at: usize) -> Result<Option<Uuid>, DbErr> {
        self.read(at, |value| Uuid::from_slice(value.as_blob().ok()?).ok())
    }

    /// A text.
    pub(super) fn text(&self, at: usize) -> Result<Option<String>, DbErr> {
        self.read(at, |value| value.as_str().ok().map(str::to_owned))
    }

    /// Bytes.
    pub(super) fn bytes(&self, at: usize) -> Result<Option<Vec<u8>>, DbErr> {
        self.read(at, |value| value.as_blob().ok().map(<[u8]>::to_vec))
    }

    /// A number of 32 bits.
    pub(super) fn number(&self, at: usize) -> Result<Option<i32>, DbErr> {
        self.read(at, |value| i32::try_from(value.as_i64().ok()?).ok())
    }

    /// Yes or no.
    pub(super) fn flag(&self, at: usize) -> Result<Option<bool>, DbErr> {
        self.read(at, |value| value.as_i64().ok().map(|number| number != 0))
    }

    /// A point in time.
    pub(super) fn time(&self, at: usize) -> Result<Option<DateTime<Utc>>, DbErr> {
        self.read(at, |value| super::sqlite::time(value.as_str().ok()?))
    }

    /// A date.
    pub(super) fn date(&self, at: usize) -> Result<Option<NaiveDate>, DbErr> {
        self.read(at, |value| value.as_str().ok()?.parse().ok())
    }
}

/// All rows of a statement, each read by `read`.
pub(super) async fn rows<T>(
    reader: &impl Reader,
    sql: &str,
    values: Vec<Value>,
    read: impl Fn(&Row<'_>) -> Result<T, StorageError>,
) -> Result<Vec<T>, StorageError> {
    let link = reader.transaction();
    let statement = Statement::from_sql_and_values(link.get_database_backend(), sql, values);
    match link {
        Link::Driver(transaction) => transaction.query_all_raw(statement).await?.iter().map(|row| read(&Row::Driver(row))).collect(),
        Link::Here(here) => here.0.each(&statement, |row| Ok::<_, DbErr>(read(&Row::Here(row))))?.into_iter().collect(),
    }
}
