//! What all who sign tokens have in their settings: algorithms, and where their keys are.

use crate::crypto::jwks::{KeySource, algorithm};
use jsonwebtoken::Algorithm;
use std::path::Path;

/// Signature algorithms of their words. An error names the word that is none.
pub fn algorithms(words: &[String]) -> Result<Vec<Algorithm>, String> {
    let known = |word: &String| {
        algorithm(word)
            .ok_or_else(|| format!("algorithm {word} is not one of ES256, ES384, PS256, PS384, PS512, RS256, RS384, RS512, EdDSA"))
    };
    words.iter().map(known).collect()
}

/// Where the keys come from: a file, which is read now, or an address. An error says what is wrong.
pub fn key_source(file: Option<&Path>, address: Option<&str>) -> Result<KeySource, String> {
    match (file, address) {
        (Some(path), None) => {
            let text = std::fs::read(path).map_err(|error| format!("jwks_file can't be read: {}", error.kind()))?;
            serde_json::from_slice(&text).map(KeySource::Fixed).map_err(|_| "jwks_file is not a JWK set".to_owned())
        }
        (None, Some(address)) => {
            let address = url::Url::parse(address).map_err(|_| "jwks_url is not an address".to_owned())?;
            let loopback = matches!(address.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
            if address.scheme() == "https" || loopback { Ok(KeySource::Address(address)) } else { Err("jwks_url must be https".to_owned()) }
        }
        _ => Err("give jwks_url or jwks_file, one of them".to_owned()),
    }
}
