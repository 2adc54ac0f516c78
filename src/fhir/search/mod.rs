//! Searches as R4 writes them (<https://hl7.org/fhir/R4/search.html>), to plain values.
//!
//! To add a parameter: a line in the `PARAMETERS` of its resource, where it is read in `read` of the
//! same file. The `CapabilityStatement` lists what stands there.

mod date;
pub mod forms;
mod page;
pub mod records;
pub mod responses;
mod value;

pub use date::{DateRange, parse_date};
pub use page::{Page, Sort, Summary, Total};
pub use value::{Reference, Token, parse_reference, parse_token, split};

/// A parameter of a resource, as the `CapabilityStatement` lists it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// `token`, `reference`, `date`, `uri` or `string`.
    pub kind: &'static str,
    /// Modifiers it takes.
    pub modifiers: &'static [&'static str],
}

/// What is wrong with a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FaultKind {
    /// No such parameter here.
    Unknown,
    /// The parameter takes no such modifier.
    Modifier,
    /// The value can't be read.
    Malformed,
    /// It may stand once only.
    Repeated,
    /// It names a person by a number, which belongs in the body of a `POST _search`.
    InAddress,
}

/// A parameter that is wrong. It never holds the value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the parameter {name} is wrong")]
pub struct Fault {
    /// The parameter as it was written, without its value.
    pub name: String,
    /// What is wrong with it.
    pub kind: FaultKind,
}

/// One parameter of a search as it came: name, modifier, values (any of them fits).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Name without modifier.
    pub name: String,
    /// What stands after the colon.
    pub modifier: Option<String>,
    /// Values, split at commas that are not escaped, still with other escapes in them.
    pub values: Vec<String>,
    /// Whether it stood in the address, and not in a body.
    pub in_address: bool,
}

impl Asked {
    /// Reads a name as it is written, such as `status:not`, and its value.
    pub fn new(written: &str, value: &str, in_address: bool) -> Self {
        let (name, modifier) = written.split_once(':').map_or((written, None), |(name, modifier)| (name, Some(modifier)));
        Self { name: name.to_owned(), modifier: modifier.map(str::to_owned), values: split(value, ','), in_address }
    }

    /// The name with its modifier.
    pub fn written(&self) -> String {
        self.modifier.as_ref().map_or_else(|| self.name.clone(), |modifier| format!("{}:{modifier}", self.name))
    }

    /// A fault of this parameter.
    pub fn fault(&self, kind: FaultKind) -> Fault {
        Fault { name: self.written(), kind }
    }

    /// The value of a parameter that has one only and takes no modifier.
    pub fn single(&self) -> Result<&str, Fault> {
        if self.modifier.is_some() {
            return Err(self.fault(FaultKind::Modifier));
        }
        match self.values.as_slice() {
            [one] if !one.is_empty() => Ok(one),
            _ => Err(self.fault(FaultKind::Malformed)),
        }
    }

    /// Every value, read by `parse`; a modifier must be one of `modifiers`.
    fn each<T>(&self, modifiers: &[&str], parse: impl Fn(&str) -> Option<T>) -> Result<Vec<T>, Fault> {
        if self.modifier.as_deref().is_some_and(|own| !modifiers.contains(&own)) {
            return Err(self.fault(FaultKind::Modifier));
        }
        let read = self.values.iter().map(|value| parse(value).ok_or_else(|| self.fault(FaultKind::Malformed)));
        read.collect()
    }
}

/// Whether `asked` is among the parameters that every resource takes and that are read elsewhere.
pub fn is_common(asked: &Asked) -> bool {
    page::COMMON.contains(&asked.name.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_modifier_stands_after_the_colon_and_values_between_commas() {
        let asked = Asked::new("status:not", r"completed,a\,b", true);
        assert_eq!((asked.name.as_str(), asked.modifier.as_deref()), ("status", Some("not")));
        assert_eq!(asked.values, ["completed", r"a\,b"]);
        assert_eq!(asked.written(), "status:not");
        assert_eq!(asked.single(), Err(Fault { name: "status:not".into(), kind: FaultKind::Modifier }));
    }
}
