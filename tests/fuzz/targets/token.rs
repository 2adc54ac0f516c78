//! Text as a token, the rest after a line break as a key set or as claims.
//!
//! Nothing that was not signed here is accepted. Of claims that were signed only those count that name
//! issuer and audience and lie in their time. A key set never makes a symmetric signature acceptable.

use chrono::{DateTime, Utc};
use futures::FutureExt;
use jsonwebtoken::{Algorithm, decode_header};
use kartlegging::crypto::jwks::{Issuer, KeySource, TokenError};
use kartlegging::crypto::ring::{KeyRing, Purpose};
use kartlegging::crypto::{cookie, tokens};
use kartlegging::domain::clock::testing::SeededEntropy;
use serde_json::{Map, Value as Json};
use std::sync::{Arc, LazyLock};

const ISSUER: &str = "https://issuer.example";
const AUDIENCE: &str = "kartlegging";
/// Seconds of clock difference that are forgiven.
const SKEW: i64 = 30;
const ALGORITHMS: [Algorithm; 6] =
    [Algorithm::EdDSA, Algorithm::RS256, Algorithm::PS256, Algorithm::ES256, Algorithm::HS256, Algorithm::HS512];

/// Keys of nobody: whoever reads the seed could sign with them.
static RING: LazyLock<Arc<KeyRing>> =
    LazyLock::new(|| Arc::new(KeyRing::from_entries(KeyRing::generate(&SeededEntropy::new(0x5eed))).expect("a ring")));

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_795_000_000, 0).expect("an instant")
}

fn issuer(keys: KeySource) -> Issuer {
    Issuer::new(ISSUER.to_owned(), AUDIENCE.to_owned(), &ALGORITHMS, &["", "jwt", "at+jwt"], keys)
}

/// Keys that are at hand are never waited for.
fn verify(issuer: &Issuer, token: &str) -> Result<Map<String, Json>, TokenError> {
    issuer.verify(token, now(), SKEW).now_or_never().expect("an answer at once")
}

/// One input.
pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (token, rest) = text.split_once('\n').unwrap_or((text, ""));
    foreign(token);
    if let Ok(set) = serde_json::from_str(rest)
        && verify(&issuer(KeySource::Fixed(set)), token).is_ok()
    {
        let header = decode_header(token).expect("a header");
        assert!(!matches!(header.alg, Algorithm::HS256 | Algorithm::HS384 | Algorithm::HS512));
    }
    if let Ok(claims) = serde_json::from_str::<Map<String, Json>>(rest) {
        signed(&claims);
    }
}

fn foreign(token: &str) {
    assert!(verify(&issuer(KeySource::Own(Arc::clone(&RING))), token).is_err());
    for purpose in [Purpose::Session, Purpose::Issuer] {
        for typ in [tokens::SESSION, tokens::DEVICE, tokens::ACCESS] {
            assert!(tokens::verify::<Json>(&RING, purpose, typ, token).is_none());
        }
    }
    assert!(tokens::handle(&RING, tokens::SESSION, token, now()).is_none());
    assert!(cookie::open(&RING, token).is_none());
    if let Some((salt, mac)) = cookie::parts(token) {
        assert_eq!(cookie::token(&salt, &mac), token);
    }
}

fn signed(claims: &Map<String, Json>) {
    let token = tokens::sign(&RING, Purpose::Issuer, tokens::ACCESS, claims).expect("a token");
    let Ok(accepted) = verify(&issuer(KeySource::Own(Arc::clone(&RING))), &token) else { return };
    let names = |claim: &str, wanted: &str| match accepted.get(claim) {
        Some(Json::String(one)) => one == wanted,
        Some(Json::Array(all)) => all.iter().any(|one| one == wanted),
        _ => false,
    };
    assert!(names("iss", ISSUER) && names("aud", AUDIENCE), "{accepted:?}");
    let seconds = |claim: &str| accepted.get(claim).map(|at| at.as_f64().expect("a number"));
    let (now, skew) = (now().timestamp() as f64, SKEW as f64);
    assert!(seconds("exp").is_some_and(|at| at + skew > now));
    assert!([seconds("nbf"), seconds("iat")].into_iter().flatten().all(|at| at <= now + skew));
    // A token for the API opens no session.
    assert!(tokens::handle(&RING, tokens::SESSION, &token, DateTime::UNIX_EPOCH).is_none());
}
