//! Values to SQLite and back. SQLite keeps five kinds of value; what a column means is in its declared
//! type. Formats are those of sea-orm's own driver, which writes the same files (migrations, backups):
//! ids as 16 bytes, times as RFC 3339 in UTC, dates as YYYY-MM-DD.

use chrono::{DateTime, NaiveDate, NaiveDateTime, SecondsFormat, Utc};
use rusqlite::types::{ToSql, ToSqlOutput, Value as Plain, ValueRef};
use sea_orm::Value;
use uuid::Uuid;

/// A value as it is bound to a statement.
pub(super) struct Bound<'v>(pub(super) &'v Value);

/// A kind of value that no statement of this program binds.
#[derive(Debug, thiserror::Error)]
#[error("a value of a kind that is not stored")]
struct NotStored;

impl ToSql for Bound<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let integer = |value: Option<i64>| ToSqlOutput::Owned(value.map_or(Plain::Null, Plain::Integer));
        let text = |value: Option<String>| ToSqlOutput::Owned(value.map_or(Plain::Null, Plain::Text));
        Ok(match self.0 {
            Value::Bool(value) => integer(value.map(i64::from)),
            Value::TinyInt(value) => integer(value.map(i64::from)),
            Value::SmallInt(value) => integer(value.map(i64::from)),
            Value::Int(value) => integer(value.map(i64::from)),
            Value::BigInt(value) => integer(*value),
            Value::Unsigned(value) => integer(value.map(i64::from)),
            Value::BigUnsigned(value) => {
                let whole = value.map(i64::try_from).transpose();
                integer(whole.map_err(|out| rusqlite::Error::ToSqlConversionFailure(Box::new(out)))?)
            }
            Value::Double(value) => ToSqlOutput::Owned(value.map_or(Plain::Null, Plain::Real)),
            Value::String(value) => ToSqlOutput::Borrowed(value.as_ref().map_or(ValueRef::Null, |text| ValueRef::Text(text.as_bytes()))),
            Value::Bytes(value) => ToSqlOutput::Borrowed(value.as_ref().map_or(ValueRef::Null, |bytes| ValueRef::Blob(bytes))),
            Value::Uuid(value) => ToSqlOutput::Borrowed(value.as_ref().map_or(ValueRef::Null, |id| ValueRef::Blob(id.as_bytes()))),
            Value::ChronoDate(value) => text(value.map(|date| date.format("%F").to_string())),
            Value::ChronoDateTimeUtc(value) => text(value.map(|time| time.to_rfc3339_opts(SecondsFormat::AutoSi, false))),
            _ => return Err(rusqlite::Error::ToSqlConversionFailure(Box::new(NotStored))),
        })
    }
}

/// What a column of an answer holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Flag,
    Number,
    Big,
    Id,
    Time,
    Date,
    /// As it is stored.
    Plain,
}

impl Kind {
    /// From the declared type; a computed column has none, and is named like the columns of the tables:
    /// `…_at` is a time, `…_on` a date, `…_id` an id, `…_version` a number of 32 bits. Any other number
    /// that is computed has 64.
    pub(super) fn of(declared: Option<&str>, name: &str) -> Self {
        // SQLite itself writes its own names of types in capitals.
        let kinds = [
            ("uuid_text", Self::Id),
            ("timestamp_with_timezone_text", Self::Time),
            ("date_text", Self::Date),
            ("boolean", Self::Flag),
            ("integer", Self::Number),
            ("bigint", Self::Big),
        ];
        match declared {
            // A key, so sea-query declared it as what SQLite could count up by itself.
            Some(_) if ["sequence", "size"].contains(&name) => Self::Big,
            Some(declared) => kinds.iter().find(|(name, _)| name.eq_ignore_ascii_case(declared)).map_or(Self::Plain, |(_, kind)| *kind),
            None => match name.rsplit_once('_').map(|(_, end)| end) {
                Some("at") => Self::Time,
                Some("on") => Self::Date,
                Some("id") => Self::Id,
                Some("version") => Self::Number,
                _ => Self::Plain,
            },
        }
    }

    /// The value for sea-orm; `None` where what is stored is not of this kind.
    pub(super) fn read(self, stored: ValueRef<'_>) -> Option<Value> {
        Some(match (self, stored) {
            (_, ValueRef::Null) => Value::BigInt(None),
            (Self::Flag, ValueRef::Integer(number)) => Value::Bool(Some(number != 0)),
            (Self::Number, ValueRef::Integer(number)) => Value::Int(Some(i32::try_from(number).ok()?)),
            (Self::Id, ValueRef::Blob(bytes)) => Value::Uuid(Some(Uuid::from_slice(bytes).ok()?)),
            (Self::Time, ValueRef::Text(text)) => Value::ChronoDateTimeUtc(Some(time(std::str::from_utf8(text).ok()?)?)),
            (Self::Date, ValueRef::Text(text)) => Value::ChronoDate(Some(std::str::from_utf8(text).ok()?.parse::<NaiveDate>().ok()?)),
            (Self::Big | Self::Plain, ValueRef::Integer(number)) => Value::BigInt(Some(number)),
            (Self::Plain, ValueRef::Real(number)) => Value::Double(Some(number)),
            (Self::Plain, ValueRef::Text(text)) => Value::String(Some(std::str::from_utf8(text).ok()?.to_owned())),
            (Self::Plain, ValueRef::Blob(bytes)) => Value::Bytes(Some(bytes.to_vec())),
            _ => return None,
        })
    }
}

/// A time as this program writes it, or as SQLite's own functions do.
pub(crate) fn time(text: &str) -> Option<DateTime<Utc>> {
    match DateTime::parse_from_rfc3339(text) {
        Ok(time) => Some(time.with_timezone(&Utc)),
        Err(_) => NaiveDateTime::parse_from_str(text, "%F %T%.f").ok().map(|time| time.and_utc()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn there_and_back(value: &Value, declared: Option<&str>, name: &str) -> Option<Value> {
        let bound = Bound(value);
        let kind = Kind::of(declared, name);
        match bound.to_sql() {
            Ok(ToSqlOutput::Borrowed(stored)) => kind.read(stored),
            Ok(ToSqlOutput::Owned(stored)) => kind.read(ValueRef::from(&stored)),
            _ => None,
        }
    }

    #[test]
    fn what_is_stored_is_read_again() {
        let time = DateTime::parse_from_rfc3339("2026-03-29T01:59:59.123456789Z").map(|time| time.with_timezone(&Utc)).ok();
        let cases = [
            (Value::Bool(Some(true)), "boolean"),
            (Value::Int(Some(i32::MIN)), "INTEGER"),
            (Value::BigInt(Some(i64::MAX)), "bigint"),
            (Value::Uuid(Some(Uuid::from_u128(7))), "uuid_text"),
            (Value::ChronoDateTimeUtc(time), "timestamp_with_timezone_text"),
            (Value::ChronoDate(NaiveDate::from_ymd_opt(1931, 2, 28)), "date_text"),
            (Value::String(Some("ŋ".to_owned())), "text"),
            (Value::Bytes(Some(vec![0, 255])), "blob"),
        ];
        for (value, declared) in cases {
            assert_eq!(there_and_back(&value, Some(declared), "x").as_ref(), Some(&value), "{declared}");
        }
        assert_eq!(there_and_back(&Value::Int(Some(3)), None, "reviewed_version"), Some(Value::Int(Some(3))));
        assert_eq!(there_and_back(&Value::Int(Some(3)), None, "count"), Some(Value::BigInt(Some(3))));
    }

    #[test]
    fn what_is_of_another_kind_is_not_guessed() {
        assert_eq!(Kind::Number.read(ValueRef::Integer(i64::MAX)), None);
        assert_eq!(Kind::Id.read(ValueRef::Blob(&[1, 2])), None);
        assert_eq!(Kind::Time.read(ValueRef::Text(b"yesterday")), None);
        assert_eq!(Kind::Flag.read(ValueRef::Text(b"true")), None);
    }
}
