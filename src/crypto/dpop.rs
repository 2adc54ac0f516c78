//! Proof of possession (RFC 9449): a token that is bound to a key is good only with a proof signed by it,
//! for one request. Proofs of callers are checked here; our own, to a provider of sign-in, are made here.

use super::hash::sha256;
use aws_lc_rs::agreement::{ECDH_P256, PrivateKey};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use jsonwebtoken::jwk::{Jwk, ThumbprintHash};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, decode_header, encode};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

/// `typ` of a proof.
const TYPE: &str = "dpop+jwt";
/// A proof is good for so long after it was made, seconds; the clock difference that is forgiven comes on top.
pub const LIVES_SECONDS: i64 = 60;
/// Longest `jti` that is read, bytes.
const LONGEST_ID: usize = 256;
/// Algorithms of proofs: asymmetric ones only.
const ALGORITHMS: [Algorithm; 6] =
    [Algorithm::ES256, Algorithm::ES384, Algorithm::PS256, Algorithm::PS384, Algorithm::PS512, Algorithm::EdDSA];
/// Members of a key that nobody shows but by mistake.
const PRIVATE: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// Why a proof is none. For the log; the caller learns only that it is not valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// Not a JWT of this kind, or its header carries what we don't accept.
    #[error("proof malformed")]
    Malformed,
    /// Signed with an algorithm that is not accepted.
    #[error("algorithm of the proof")]
    Algorithm,
    /// The signature is not its key's.
    #[error("signature of the proof")]
    Signature,
    /// For another method or address.
    #[error("proof for another request")]
    Request,
    /// Too old, or of the future.
    #[error("time of the proof")]
    Time,
    /// For another token.
    #[error("proof for another token")]
    Token,
}

/// A request as its proof must name it.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// Method.
    pub method: &'a str,
    /// Address, of which query and fragment don't count.
    pub address: &'a str,
    /// The token that is sent with it.
    pub token: &'a str,
}

/// A proof that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// Thumbprint (RFC 7638) of its key, as `cnf.jkt` has it.
    pub thumbprint: String,
    /// SHA-256 of key and `jti`: it must not be seen twice.
    pub name: Vec<u8>,
    /// The nonce in it.
    pub nonce: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    jti: String,
    htm: String,
    htu: String,
    iat: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    ath: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    nonce: Option<String>,
}

/// The hash of a token in a proof.
pub fn token_hash(token: &str) -> String {
    URL_SAFE_NO_PAD.encode(sha256(token.as_bytes()))
}

/// An address without what does not count.
fn plain(address: &str) -> Option<url::Url> {
    let mut url = url::Url::parse(address).ok()?;
    url.set_query(None);
    url.set_fragment(None);
    Some(url)
}

/// Checks a proof against its request (RFC 9449 §4.3). Whether it was seen before, and its nonce, are the
/// caller's to look at.
pub fn check(proof: &str, request: Request<'_>, now: DateTime<Utc>, skew: i64) -> Result<Proof, ProofError> {
    let header = decode_header(proof).map_err(|_| ProofError::Malformed)?;
    if header.typ.as_deref() != Some(TYPE) {
        return Err(ProofError::Malformed);
    }
    if !ALGORITHMS.contains(&header.alg) {
        return Err(ProofError::Algorithm);
    }
    let raw: Map<String, Value> = proof
        .split('.')
        .next()
        .and_then(|part| URL_SAFE_NO_PAD.decode(part).ok())
        .and_then(|bytes| serde_json::from_slice(&bytes).ok())
        .ok_or(ProofError::Malformed)?;
    let shown = raw.get("jwk").and_then(Value::as_object).ok_or(ProofError::Malformed)?;
    if raw.contains_key("crit") || PRIVATE.iter().any(|member| shown.contains_key(*member)) {
        return Err(ProofError::Malformed);
    }
    let jwk = header.jwk.ok_or(ProofError::Malformed)?;
    let key = DecodingKey::from_jwk(&jwk).map_err(|_| ProofError::Malformed)?;
    let mut rules = Validation::new(header.alg);
    rules.required_spec_claims.clear();
    rules.validate_exp = false;
    rules.validate_aud = false;
    let claims = decode::<Claims>(proof, &key, &rules).map_err(|_| ProofError::Signature)?.claims;
    let same = plain(&claims.htu).is_some_and(|named| plain(request.address).is_some_and(|asked| asked == named));
    if claims.htm != request.method || !same {
        return Err(ProofError::Request);
    }
    let age = now.timestamp().saturating_sub(claims.iat);
    if age < -skew || age > LIVES_SECONDS.saturating_add(skew) {
        return Err(ProofError::Time);
    }
    if claims.ath.as_deref() != Some(token_hash(request.token).as_str()) {
        return Err(ProofError::Token);
    }
    if claims.jti.is_empty() || claims.jti.len() > LONGEST_ID {
        return Err(ProofError::Malformed);
    }
    let thumbprint = jwk.thumbprint(ThumbprintHash::SHA256).map_err(|_| ProofError::Malformed)?;
    let name = sha256(format!("{thumbprint} {}", claims.jti).as_bytes());
    Ok(Proof { thumbprint, name, nonce: claims.nonce })
}

/// A key of our own for proofs (P-256), from 32 random bytes.
pub struct ProofKey {
    pkcs8: Zeroizing<Vec<u8>>,
    jwk: Jwk,
}

impl std::fmt::Debug for ProofKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ProofKey")
    }
}

impl ProofKey {
    /// The key of these bytes; `None` for the one in 2³² that are none.
    pub fn of(bytes: &[u8; 32]) -> Option<Self> {
        let private = PrivateKey::from_private_key(&ECDH_P256, bytes).ok()?;
        let public = private.compute_public_key().ok()?;
        let (x, y) = public.as_ref().strip_prefix(&[4])?.split_at_checked(32)?;
        let pair = EcdsaKeyPair::from_private_key_and_public_key(&ECDSA_P256_SHA256_FIXED_SIGNING, bytes, public.as_ref()).ok()?;
        let pkcs8 = Zeroizing::new(pair.to_pkcs8v1().ok()?.as_ref().to_vec());
        let (x, y) = (URL_SAFE_NO_PAD.encode(x), URL_SAFE_NO_PAD.encode(y));
        let jwk = serde_json::from_value(json!({"kty": "EC", "crv": "P-256", "x": x, "y": y})).ok()?;
        Some(Self { pkcs8, jwk })
    }

    /// Thumbprint (RFC 7638) of its public half.
    pub fn thumbprint(&self) -> Option<String> {
        self.jwk.thumbprint(ThumbprintHash::SHA256).ok()
    }

    /// A proof for a request. `id` must be new each time.
    pub fn prove(
        &self,
        method: &str,
        address: &str,
        id: &str,
        now: DateTime<Utc>,
        token: Option<&str>,
        nonce: Option<&str>,
    ) -> Option<String> {
        let mut header = Header::new(Algorithm::ES256);
        header.typ = Some(TYPE.to_owned());
        header.jwk = Some(self.jwk.clone());
        let claims = Claims {
            jti: id.to_owned(),
            htm: method.to_owned(),
            htu: address.to_owned(),
            iat: now.timestamp(),
            ath: token.map(token_hash),
            nonce: nonce.map(str::to_owned),
        };
        encode(&header, &claims, &EncodingKey::from_ec_der(&self.pkcs8)).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: &str = "https://svar.example/api/v1/worklist";

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap_or_default()
    }

    fn request<'a>(method: &'a str, address: &'a str, token: &'a str) -> Request<'a> {
        Request { method, address, token }
    }

    #[test]
    fn a_proof_is_good_for_its_request_key_token_and_minute() {
        let key = ProofKey::of(&[7; 32]).unwrap();
        let proof = key.prove("GET", HERE, "one", at(0), Some("a.b.c"), None).unwrap();
        let asked = request("GET", HERE, "a.b.c");
        let held = check(&proof, asked, at(60), 0).unwrap();
        assert_eq!(Some(held.thumbprint.clone()), key.thumbprint());
        assert_eq!(check(&proof, request("GET", "https://svar.example/api/v1/worklist?unit=1#x", "a.b.c"), at(0), 0).unwrap(), held);
        assert_eq!(check(&proof, request("POST", HERE, "a.b.c"), at(0), 0), Err(ProofError::Request));
        assert_eq!(check(&proof, request("GET", "https://other.example/api/v1/worklist", "a.b.c"), at(0), 0), Err(ProofError::Request));
        assert_eq!(check(&proof, request("GET", HERE, "a.b.d"), at(0), 0), Err(ProofError::Token));
        assert_eq!(check(&proof, asked, at(61), 0), Err(ProofError::Time));
        assert!(check(&proof, asked, at(61), 1).is_ok());
        assert_eq!(check(&proof, asked, at(-2), 1), Err(ProofError::Time));
        let other = key.prove("GET", HERE, "two", at(0), Some("a.b.c"), Some("n")).unwrap();
        let second = check(&other, asked, at(0), 0).unwrap();
        assert!(second.name != held.name && second.nonce.as_deref() == Some("n"));
        let bare = key.prove("GET", HERE, "one", at(0), None, None).unwrap();
        assert_eq!(check(&bare, asked, at(0), 0), Err(ProofError::Token));
    }

    #[test]
    fn a_key_that_is_not_the_signer_proves_nothing() {
        let (mine, other) = (ProofKey::of(&[7; 32]).unwrap(), ProofKey::of(&[8; 32]).unwrap());
        let mixed = ProofKey { pkcs8: other.pkcs8.clone(), jwk: mine.jwk.clone() };
        let proof = mixed.prove("GET", HERE, "one", at(0), Some("t"), None).unwrap();
        assert_eq!(check(&proof, request("GET", HERE, "t"), at(0), 0), Err(ProofError::Signature));
    }

    #[test]
    fn what_is_no_proof_is_refused() {
        let sign = |header: Value| {
            let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
            let body = json!({"jti": "x", "htm": "GET", "htu": HERE, "iat": at(0).timestamp(), "ath": token_hash("t")});
            format!("{}.{}.AAAA", part(&header), part(&body))
        };
        let jwk = serde_json::to_value(&ProofKey::of(&[7; 32]).unwrap().jwk).unwrap();
        let mut private = jwk.clone();
        private["d"] = json!("AAAA");
        for (header, error) in [
            (json!({"alg": "ES256", "typ": "JWT", "jwk": jwk}), ProofError::Malformed),
            (json!({"alg": "ES256", "typ": TYPE}), ProofError::Malformed),
            (json!({"alg": "ES256", "typ": TYPE, "jwk": private}), ProofError::Malformed),
            (json!({"alg": "ES256", "typ": TYPE, "jwk": jwk, "crit": ["x"], "x": 1}), ProofError::Malformed),
            (json!({"alg": "HS256", "typ": TYPE, "jwk": {"kty": "oct", "k": "AAAA"}}), ProofError::Algorithm),
            (json!({"alg": "none", "typ": TYPE, "jwk": jwk}), ProofError::Malformed),
            (json!({"alg": "ES256", "typ": TYPE, "jwk": jwk}), ProofError::Signature),
        ] {
            assert_eq!(check(&sign(header.clone()), request("GET", HERE, "t"), at(0), 0), Err(error), "{header}");
        }
        assert_eq!(check("", request("GET", HERE, "t"), at(0), 0), Err(ProofError::Malformed));
    }
}
