//! The personal link and the typed code: how they look, how they are read.
//!
//! Both are derived from a credential's id by a keyed hash (`crate::crypto`), never random and
//! never stored. Here is only their written form.
//!
//! - link: 128 bits as 26 Crockford base32 symbols, upper case, read in any case;
//! - code: 12 Crockford symbols in three groups of four: 11 derived (55 bits) and a check symbol
//!   (Luhn mod 32). O is read as 0, I and L as 1; spaces and hyphens are ignored.

use std::fmt::Write as _;

/// Crockford's base32 alphabet.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Symbols of a link token: 128 bits, the last symbol carries three of them.
const LINK_SYMBOLS: usize = 26;
/// Symbols of a code, the check symbol included.
const CODE_SYMBOLS: usize = 12;

/// The 128 bits of a personal link.
#[derive(Clone, PartialEq, Eq)]
pub struct LinkToken([u8; 16]);

impl LinkToken {
    /// Wraps derived bytes.
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The bytes, for hashing.
    pub fn bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// Reads a token in any case; `None` when it is not one.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() != LINK_SYMBOLS {
            return None;
        }
        let mut bits: u128 = 0;
        for (index, symbol) in text.bytes().enumerate() {
            let value = u128::from(value_of(symbol)?);
            if index + 1 == LINK_SYMBOLS {
                // 25 symbols carry 125 bits; the last one the three that are left, then zeros.
                if value & 0b11 != 0 {
                    return None;
                }
                bits = (bits << 3) | (value >> 2);
            } else {
                bits = (bits << 5) | value;
            }
        }
        Some(Self(bits.to_be_bytes()))
    }

    /// The 26 upper-case symbols.
    pub fn text(&self) -> String {
        let bits = u128::from_be_bytes(self.0);
        let mut text: String = (0..25).map(|i| symbol_at((bits >> (123 - 5 * i)) & 31)).collect();
        text.push(symbol_at((bits & 0b111) << 2));
        text
    }
}

impl std::fmt::Debug for LinkToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LinkToken(…)")
    }
}

/// A typed code, its check symbol verified.
#[derive(Clone, PartialEq, Eq)]
pub struct Code([u8; CODE_SYMBOLS]);

/// Why a typed code can't be one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CodeError {
    /// Not twelve symbols of the alphabet.
    #[error("a code has 12 letters and digits")]
    Malformed,
    /// Twelve symbols, but the last does not fit the others: a typing error.
    #[error("the code is mistyped")]
    Mistyped,
}

impl Code {
    /// Makes a code of 55 derived bits (the lowest 55 of `bits`).
    pub fn from_bits(bits: u64) -> Self {
        let mut values = [0_u8; CODE_SYMBOLS];
        for (index, value) in values.iter_mut().take(CODE_SYMBOLS - 1).enumerate() {
            *value = u8::try_from((bits >> (50 - 5 * index)) & 31).unwrap_or(0);
        }
        let (body, check) = values.split_at_mut(CODE_SYMBOLS - 1);
        if let Some(check) = check.first_mut() {
            *check = check_value(body);
        }
        Self(values)
    }

    /// Reads what a person typed.
    pub fn parse(typed: &str) -> Result<Self, CodeError> {
        if typed.len() > 100 {
            return Err(CodeError::Malformed);
        }
        let symbols: Vec<u8> = typed
            .chars()
            .filter(|c| !c.is_whitespace() && !matches!(c, '-' | '–' | '—' | '‐' | '‑' | '.'))
            .map(|c| u8::try_from(c).ok().and_then(value_of))
            .collect::<Option<_>>()
            .ok_or(CodeError::Malformed)?;
        let values: [u8; CODE_SYMBOLS] = symbols.try_into().map_err(|_| CodeError::Malformed)?;
        let (body, check) = values.split_at(CODE_SYMBOLS - 1);
        if check.first() == Some(&check_value(body)) { Ok(Self(values)) } else { Err(CodeError::Mistyped) }
    }

    /// The twelve values, for hashing.
    pub fn bytes(&self) -> &[u8; CODE_SYMBOLS] {
        &self.0
    }

    /// Three groups of four, as in the letter.
    pub fn grouped(&self) -> String {
        let mut text = String::with_capacity(14);
        for (index, value) in self.0.iter().enumerate() {
            if index > 0 && index % 4 == 0 {
                text.push('-');
            }
            let _ = write!(text, "{}", symbol_at(u128::from(*value)));
        }
        text
    }
}

impl std::fmt::Debug for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Code(…)")
    }
}

/// Luhn mod N with N = 32: finds every single mistyped symbol and most swaps of neighbours.
fn check_value(body: &[u8]) -> u8 {
    let sum: u32 = body
        .iter()
        .rev()
        .enumerate()
        .map(|(index, value)| {
            let addend = u32::from(*value) * if index % 2 == 0 { 2 } else { 1 };
            addend / 32 + addend % 32
        })
        .sum();
    u8::try_from((32 - sum % 32) % 32).unwrap_or(0)
}

fn value_of(symbol: u8) -> Option<u8> {
    let symbol = match symbol.to_ascii_uppercase() {
        b'O' => b'0',
        b'I' | b'L' => b'1',
        other => other,
    };
    ALPHABET.iter().position(|a| *a == symbol).and_then(|at| u8::try_from(at).ok())
}

fn symbol_at(value: u128) -> char {
    usize::try_from(value & 31).ok().and_then(|at| ALPHABET.get(at)).map_or('0', |symbol| char::from(*symbol))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_what_tired_people_type() {
        let code = Code::from_bits(0x0012_3456_789A_BCDE);
        let printed = code.grouped();
        for typed in [
            printed.to_lowercase(),
            printed.replace('-', " "),
            format!(" {} ", printed.replace('-', "")),
            printed.replace('0', "O").replace('1', "l"),
        ] {
            assert_eq!(Code::parse(&typed), Ok(code.clone()), "{typed}");
        }
    }

    #[test]
    fn tells_malformed_from_mistyped() {
        assert_eq!(Code::parse(""), Err(CodeError::Malformed));
        assert_eq!(Code::parse("ABCD-EFGH-JK"), Err(CodeError::Malformed));
        assert_eq!(Code::parse("ABCD-EFGH-JKMU"), Err(CodeError::Malformed));
        let printed = Code::from_bits(42).grouped();
        let wrong = if printed.ends_with('0') { printed.trim_end_matches('0').to_owned() + "1" } else { printed[..13].to_owned() + "0" };
        assert_eq!(Code::parse(&wrong), Err(CodeError::Mistyped));
    }

    proptest! {
        #[test]
        fn link_prints_and_parses(bytes: [u8; 16]) {
            let token = LinkToken::from_bytes(bytes);
            prop_assert_eq!(LinkToken::parse(&token.text().to_lowercase()), Some(token));
        }

        #[test]
        fn code_prints_and_parses(bits in 0_u64..(1 << 55)) {
            let code = Code::from_bits(bits);
            prop_assert_eq!(Code::parse(&code.grouped()), Ok(code));
        }

        #[test]
        fn one_wrong_symbol_is_always_found(bits in 0_u64..(1 << 55), at in 0_usize..12, by in 1_u8..32) {
            let mut values = Code::from_bits(bits).0;
            values[at] = (values[at] + by) % 32;
            let typed: String = values.iter().map(|v| symbol_at(u128::from(*v))).collect();
            prop_assert_eq!(Code::parse(&typed), Err(CodeError::Mistyped));
        }

        #[test]
        fn no_text_panics(text in ".{0,60}") {
            let _ = Code::parse(&text);
            let _ = LinkToken::parse(&text);
        }
    }
}
