//! Conditions on other items.

use crate::domain::value::Value;

/// A condition on another item (`enableWhen`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnableWhen {
    /// The other item's link id.
    pub question: String,
    /// What must be true of it.
    pub condition: Condition,
}

/// What must be true of the other item's answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// Whether there is an answer at all.
    Exists(bool),
    /// Some answer stands in that relation to the value.
    Compares(Operator, Value),
}

/// How an answer is compared with a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operator {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `>`
    Greater,
    /// `<`
    Less,
    /// `>=`
    GreaterOrEqual,
    /// `<=`
    LessOrEqual,
}

impl Operator {
    const CODES: [(Self, &'static str); 6] = [
        (Self::Equal, "="),
        (Self::NotEqual, "!="),
        (Self::Greater, ">"),
        (Self::Less, "<"),
        (Self::GreaterOrEqual, ">="),
        (Self::LessOrEqual, "<="),
    ];

    /// The FHIR code.
    pub fn code(self) -> &'static str {
        let mut all = Self::CODES.into_iter();
        all.find(|(own, _)| *own == self).map_or("", |(_, code)| code)
    }

    /// The operator with that FHIR code; `exists` is not one of them.
    pub fn parse(code: &str) -> Option<Self> {
        let mut all = Self::CODES.into_iter();
        all.find(|(_, known)| *known == code).map(|(own, _)| own)
    }

    /// Whether an answer stands in this relation to a value; `None` if the types do not compare.
    pub fn holds(self, answer: &Value, value: &Value) -> Option<bool> {
        match self {
            Self::Equal => value.means(answer),
            Self::NotEqual => value.means(answer).map(|same| !same),
            Self::Greater => answer.compare(value).map(std::cmp::Ordering::is_gt),
            Self::Less => answer.compare(value).map(std::cmp::Ordering::is_lt),
            Self::GreaterOrEqual => answer.compare(value).map(std::cmp::Ordering::is_ge),
            Self::LessOrEqual => answer.compare(value).map(std::cmp::Ordering::is_le),
        }
    }
}

/// Whether one or all conditions must hold (`enableBehavior`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Behavior {
    /// All of them.
    #[default]
    All,
    /// At least one.
    Any,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_read_back() {
        for (operator, code) in Operator::CODES {
            assert_eq!((operator.code(), Operator::parse(code)), (code, Some(operator)));
        }
    }
}
