//! Values of search parameters: lists, tokens, references.

/// Splits at a separator that no backslash stands before (R4 search, “escaping search parameters”).
/// Escapes stay as they are: they are taken away where a value is read.
pub fn split(text: &str, at: char) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut escaped = false;
    for c in text.chars() {
        if c == at && !escaped {
            parts.push(String::new());
            continue;
        }
        escaped = c == '\\' && !escaped;
        if let Some(last) = parts.last_mut() {
            last.push(c);
        }
    }
    parts
}

/// Takes the backslashes of `\,`, `\|`, `\$` and `\\` away.
pub(super) fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut escaped = false;
    for c in text.chars() {
        if escaped {
            if !matches!(c, ',' | '|' | '$' | '\\') {
                out.push('\\');
            }
            out.push(c);
            escaped = false;
        } else if c == '\\' {
            escaped = true;
        } else {
            out.push(c);
        }
    }
    if escaped {
        out.push('\\');
    }
    out
}

/// A token: `code`, `system|code`, `|code` or `system|`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// `None`: any system; empty: none.
    pub system: Option<String>,
    /// `None`: any code of the system.
    pub code: Option<String>,
}

impl Token {
    /// Whether it stands for this system and code.
    pub fn is(&self, system: &str, code: &str) -> bool {
        self.system.as_deref().is_none_or(|own| own == system) && self.code.as_deref().is_none_or(|own| own == code)
    }
}

/// Reads a token.
pub fn parse_token(text: &str) -> Option<Token> {
    let parts: Vec<String> = split(text, '|').iter().map(|part| plain(part)).collect();
    match parts.as_slice() {
        [code] if !code.is_empty() => Some(Token { system: None, code: Some(code.clone()) }),
        [system, code] if !(system.is_empty() && code.is_empty()) => {
            Some(Token { system: Some(system.clone()), code: (!code.is_empty()).then(|| code.clone()) })
        }
        _ => None,
    }
}

/// What a reference points to: `Type/id`, `id` alone, or the same below an address of the service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// Type of the resource, where it is said.
    pub kind: Option<String>,
    /// Its id.
    pub id: String,
}

/// Reads a reference; `base` is the address of the FHIR service. One that leads to another service is
/// read with its whole address as id, and finds nothing here.
pub fn parse_reference(text: &str, base: &str) -> Option<Reference> {
    let text = plain(text);
    let near = text.strip_prefix(base).map_or(text.as_str(), |rest| rest.trim_start_matches('/'));
    let mut parts = near.split('/');
    match (parts.next(), parts.next(), parts.next()) {
        (Some(id), None, None) if is_id(id) => Some(Reference { kind: None, id: id.to_owned() }),
        (Some(kind), Some(id), None) if is_kind(kind) && is_id(id) => Some(Reference { kind: Some(kind.to_owned()), id: id.to_owned() }),
        _ if near.starts_with("http://") || near.starts_with("https://") || near.starts_with("urn:") => {
            Some(Reference { kind: None, id: near.to_owned() })
        }
        _ => None,
    }
}

fn is_id(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.'))
}

fn is_kind(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_uppercase()) && text.bytes().all(|b| b.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_knows_any_and_none() {
        let token = |text| parse_token(text).map(|token| (token.system, token.code));
        assert_eq!(token("a"), Some((None, Some("a".into()))));
        assert_eq!(token("s|a"), Some((Some("s".into()), Some("a".into()))));
        assert_eq!(token("|a"), Some((Some(String::new()), Some("a".into()))));
        assert_eq!(token("s|"), Some((Some("s".into()), None)));
        assert_eq!(token(r"s\|a"), Some((None, Some("s|a".into()))));
        for wrong in ["", "|", "a|b|c"] {
            assert_eq!(token(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn references_by_id_type_and_address() {
        let base = "https://answers.example/fhir";
        let read = |text| parse_reference(text, base);
        let own = Some(Reference { kind: Some("Patient".into()), id: "a-1".into() });
        assert_eq!(read("Patient/a-1"), own);
        assert_eq!(read("https://answers.example/fhir/Patient/a-1"), own);
        assert_eq!(read("a-1"), Some(Reference { kind: None, id: "a-1".into() }));
        assert_eq!(read("https://other.example/Patient/a-1").map(|read| read.id), Some("https://other.example/Patient/a-1".into()));
        for wrong in ["", "patient/a", "Patient/", "Patient/a/b", "a b", "Patient/a?b"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn what_is_escaped_does_not_split() {
        assert_eq!(split(r"a\,b,c", ','), [r"a\,b", "c"]);
        assert_eq!(split(r"a\\,b", ','), [r"a\\", "b"]);
        assert_eq!(plain(r"a\,b\\c\d\"), r"a,b\c\d\");
    }
}
