//! Reads `value[x]` of R4 into a typed value.

use rust_decimal::Decimal;
use serde_json::{Map, Value as Json};

use crate::domain::answers::MAX_TEXT;
use crate::domain::text::nfc;
use crate::domain::value::{Coding, PartialDate, PartialDateTime, Quantity, Value, parse_time};

/// Why a value could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The data type does not exist here, or is not executed (attachments, references).
    Type,
    /// The JSON is not of that data type.
    Structure,
    /// It is no value of the data type, such as 30 February.
    Value,
    /// An empty text.
    Empty,
    /// A longer text than is accepted.
    TooLong,
    /// A member that the data type does not have.
    Unknown,
}

/// A value, and whether it had to be repaired to be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Read {
    /// The value.
    pub value: Value,
    /// A number written as a string.
    pub from_string: bool,
    /// Ids and extensions that were left out.
    pub trimmed: bool,
}

impl From<Value> for Read {
    fn from(value: Value) -> Self {
        Self { value, from_string: false, trimmed: false }
    }
}

/// Reads the member `value<name>`.
pub fn read(name: &str, json: &Json) -> Result<Read, Fault> {
    let text = || string(json);
    Ok(match name {
        "Boolean" => Value::Boolean(json.as_bool().ok_or(Fault::Structure)?).into(),
        "Integer" => return number(json, |text| text.parse().ok().map(Value::Integer)),
        "Decimal" => return number(json, |text| decimal(text).map(Value::Decimal)),
        "Date" => Value::Date(PartialDate::parse(&text()?).ok_or(Fault::Value)?).into(),
        "DateTime" => Value::DateTime(PartialDateTime::parse(&text()?).ok_or(Fault::Value)?).into(),
        "Time" => Value::Time(parse_time(&text()?).ok_or(Fault::Value)?).into(),
        "String" => Value::String(text()?).into(),
        "Uri" => Value::Uri(text()?).into(),
        "Coding" => return coding(json),
        "Quantity" => return quantity(json),
        _ => return Err(Fault::Type),
    })
}

fn string(json: &Json) -> Result<String, Fault> {
    // The normal form can be longer, and it is what will be read again.
    let text = nfc(json.as_str().ok_or(Fault::Structure)?);
    match text.len() {
        0 => Err(Fault::Empty),
        bytes if bytes > MAX_TEXT => Err(Fault::TooLong),
        _ => Ok(text),
    }
}

fn number(json: &Json, parse: impl Fn(&str) -> Option<Value>) -> Result<Read, Fault> {
    let (text, from_string) = match json {
        Json::Number(number) => (number.to_string(), false),
        Json::String(text) if text.len() < 64 => (text.trim().to_owned(), true),
        _ => return Err(Fault::Structure),
    };
    let value = parse(&text).ok_or(Fault::Value)?;
    Ok(Read { from_string, ..value.into() })
}

/// A decimal with its written digits; `None` if it has more than can be kept.
pub fn decimal(text: &str) -> Option<Decimal> {
    if text.starts_with('+') {
        return None;
    }
    if text.contains(['e', 'E']) {
        return Decimal::from_scientific(text).ok();
    }
    Decimal::from_str_exact(text).ok()
}

/// Reads a Coding; ids and extensions inside it are left out.
fn coding(json: &Json) -> Result<Read, Fault> {
    let map = json.as_object().ok_or(Fault::Structure)?;
    known(map, &["system", "version", "code", "display", "userSelected"])?;
    let value = Coding {
        system: optional(map, "system")?.map(|system| system.trim().to_owned()),
        code: optional(map, "code")?.unwrap_or_default(),
        display: optional(map, "display")?,
    };
    Ok(Read { trimmed: has_extras(map), ..Value::Coding(value).into() })
}

fn quantity(json: &Json) -> Result<Read, Fault> {
    let map = json.as_object().ok_or(Fault::Structure)?;
    known(map, &["value", "unit", "system", "code"])?;
    let read = number(map.get("value").ok_or(Fault::Value)?, |text| decimal(text).map(Value::Decimal))?;
    let Value::Decimal(value) = read.value else {
        return Err(Fault::Value);
    };
    let value = Quantity { value, unit: optional(map, "unit")?, system: optional(map, "system")?, code: optional(map, "code")? };
    Ok(Read { value: Value::Quantity(value), from_string: read.from_string, trimmed: has_extras(map) })
}

fn optional(map: &Map<String, Json>, name: &str) -> Result<Option<String>, Fault> {
    map.get(name).map(string).transpose()
}

fn has_extras(map: &Map<String, Json>) -> bool {
    ["id", "extension", "version", "userSelected"].iter().any(|name| map.contains_key(*name))
}

/// Refuses members that the data type does not have; primitive extensions (`_display`) are let by.
fn known(map: &Map<String, Json>, names: &[&str]) -> Result<(), Fault> {
    let mut members = map.keys().map(|name| name.strip_prefix('_').unwrap_or(name));
    let fine = members.all(|name| names.contains(&name) || matches!(name, "id" | "extension"));
    if fine { Ok(()) } else { Err(Fault::Unknown) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_keep_their_digits() {
        let json: Json = serde_json::from_str("2.10").unwrap();
        assert_eq!(read("Decimal", &json).unwrap().value.to_string(), "2.10");
        assert_eq!(read("Integer", &serde_json::from_str("2.0").unwrap()), Err(Fault::Value));
        assert_eq!(read("Integer", &json!(2_147_483_648_u64)), Err(Fault::Value));
        assert!(read("Integer", &json!("7")).unwrap().from_string);
    }

    #[test]
    fn types_that_are_not_executed_are_refused() {
        assert_eq!(read("Attachment", &json!({})), Err(Fault::Type));
        assert_eq!(read("Coding", &json!({"code": "a", "x": 1})), Err(Fault::Unknown));
        assert_eq!(read("Date", &json!("2026-02-30")), Err(Fault::Value));
        assert_eq!(read("String", &json!("")), Err(Fault::Empty));
        assert_eq!(read("String", &json!("a".repeat(MAX_TEXT + 1))), Err(Fault::TooLong));
        // Three times as long in its normal form.
        assert_eq!(read("String", &json!("\u{1d160}".repeat(MAX_TEXT / 8))), Err(Fault::TooLong));
    }
}
