//! The patient who is open in an EHR (SMART App Launch 2, launch context): the token answer names a resource, and
//! the access token reads it, once.

use super::OidcError;
use super::provider::{Provider, body, client};
use serde_json::Value;
use zeroize::Zeroizing;

/// Longest id of a resource (FHIR R4, `id`).
const LONGEST: usize = 64;

/// A patient in context, and what reads them.
pub struct InContext {
    id: String,
    token: Zeroizing<String>,
}

impl std::fmt::Debug for InContext {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("InContext")
    }
}

/// Whether a text is an id of a resource, and no step up in an address.
fn is_id(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
    (1..=LONGEST).contains(&text.len()) && text.chars().all(plain) && text.chars().any(|c| c != '.')
}

impl InContext {
    /// What a token answer named, with its access token.
    pub(super) fn new(id: String, token: String) -> Self {
        Self { id, token: Zeroizing::new(token) }
    }

    /// The id of the patient at the EHR, as it was named.
    pub fn id(&self) -> &str {
        &self.id
    }
}

impl Provider {
    /// Reads the patient in context from the EHR.
    pub async fn patient(&self, context: &InContext) -> Result<Value, OidcError> {
        let base = self.settings.smart_base.as_deref().ok_or(OidcError::Unfit("no EHR"))?;
        if !is_id(&context.id) {
            return Err(OidcError::Unfit("patient in context"));
        }
        let address = format!("{}/Patient/{}", base.trim_end_matches('/'), context.id);
        let call = client()?.get(address).header("accept", "application/fhir+json").bearer_auth(context.token.as_str());
        let answer = call.send().await.map_err(|_| OidcError::Unavailable("patient"))?;
        if !answer.status().is_success() {
            return Err(OidcError::Unavailable("patient refused"));
        }
        serde_json::from_slice(&body(answer).await?).map_err(|_| OidcError::Unavailable("patient unreadable"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_id_goes_into_an_address() {
        for id in ["1", "a-b.C", "..1", &"9".repeat(LONGEST)] {
            assert!(is_id(id), "{id}");
        }
        for text in ["", ".", "..", "../Patient", "a/b", "a?b", "a%2fb", "a b", "é", &"9".repeat(LONGEST + 1)] {
            assert!(!is_id(text), "{text}");
        }
    }

    #[test]
    fn nothing_of_it_is_shown() {
        assert_eq!(format!("{:?}", InContext::new("patient-1".to_owned(), "token".to_owned())), "InContext");
    }
}
