//! What a browser keeps, sealed, while it is away at a provider. Nothing of it is worth anything without
//! the browser, and a new sign-in makes a new one.

use crate::crypto::hash::sha256;
use crate::domain::clock::Entropy;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};

/// So long a sign-in may take.
const LIVES: Duration = Duration::minutes(15);

/// A sign-in under way.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flow {
    /// Name of the provider.
    pub provider: String,
    /// What the answer must carry (RFC 6749 §10.12).
    pub state: String,
    /// What the ID token must carry.
    pub nonce: String,
    /// The PKCE verifier (RFC 7636).
    pub verifier: String,
    /// The key of proofs of possession.
    pub proof_key: [u8; 32],
    /// Seconds since 1970 after which it is void.
    pub exp: i64,
}

impl std::fmt::Debug for Flow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Flow({})", self.provider)
    }
}

fn random(entropy: &dyn Entropy) -> String {
    let mut bytes = [0_u8; 32];
    entropy.fill(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}

impl Flow {
    /// A new one.
    pub fn new(provider: &str, now: DateTime<Utc>, entropy: &dyn Entropy) -> Self {
        let mut proof_key = [0_u8; 32];
        entropy.fill(&mut proof_key);
        Self {
            provider: provider.to_owned(),
            state: random(entropy),
            nonce: random(entropy),
            verifier: random(entropy),
            proof_key,
            exp: (now + LIVES).timestamp(),
        }
    }

    /// When it began, to the second.
    pub fn began(&self) -> DateTime<Utc> {
        DateTime::from_timestamp(self.exp, 0).unwrap_or_default() - LIVES
    }

    /// Whether it is not void.
    pub fn is_live(&self, now: DateTime<Utc>) -> bool {
        self.exp > now.timestamp()
    }

    /// The PKCE challenge of its verifier (`S256`).
    pub fn challenge(&self) -> String {
        URL_SAFE_NO_PAD.encode(sha256(self.verifier.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::clock::testing::SeededEntropy;

    #[test]
    fn each_is_its_own_and_shows_nothing() {
        let entropy = SeededEntropy::new(3);
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap_or_default();
        let (one, two) = (Flow::new("a", now, &entropy), Flow::new("a", now, &entropy));
        assert!(one.state != two.state && one.nonce != two.nonce && one.verifier != two.verifier && one.state != one.nonce);
        assert_eq!(one.verifier.len(), 43);
        assert_eq!(one.began(), now);
        assert!(one.is_live(now) && !one.is_live(now + LIVES));
        assert_eq!(format!("{one:?}"), "Flow(a)");
        // RFC 7636, appendix B.
        let known = Flow { verifier: "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk".to_owned(), ..one };
        assert_eq!(known.challenge(), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }
}
