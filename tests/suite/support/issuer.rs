//! Issuers of tokens that are not ours, good and bad ones, and a server of key sets that counts who
//! asks.

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

/// One part of a token.
pub fn part(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A token of any header and claims, signed by `sign`.
pub fn compact(header: &Value, claims: &Value, sign: impl Fn(&[u8]) -> Vec<u8>) -> String {
    let text = format!("{}.{}", part(header.to_string().as_bytes()), part(claims.to_string().as_bytes()));
    let signature = sign(text.as_bytes());
    format!("{text}.{}", part(&signature))
}

/// A forger's own Ed25519 key.
pub struct Forger(Ed25519KeyPair);

/// A forger's key from a seed.
pub fn ed25519(seed: u8) -> Forger {
    Forger(Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).expect("seed"))
}

impl Forger {
    pub fn public(&self) -> &[u8] {
        self.0.public_key().as_ref()
    }

    pub fn sign(&self, text: &[u8]) -> Vec<u8> {
        self.0.sign(text).as_ref().to_vec()
    }
}

/// An issuer with one ES256 key.
pub struct EcIssuer {
    kid: String,
    key: EcdsaKeyPair,
}

impl EcIssuer {
    pub fn new(kid: &str) -> Self {
        Self { kid: kid.to_owned(), key: EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("key") }
    }

    /// Its key set.
    pub fn jwks(&self) -> String {
        let point = self.key.public_key().as_ref();
        let key = json!({"kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": self.kid, "x": part(&point[1..33]), "y": part(&point[33..65])});
        json!({"keys": [key]}).to_string()
    }

    /// A token with these claims.
    pub fn token(&self, claims: &Value) -> String {
        let header = json!({"alg": "ES256", "typ": "at+jwt", "kid": self.kid});
        compact(&header, claims, |text| self.key.sign(&SystemRandom::new(), text).expect("signature").as_ref().to_vec())
    }
}

/// Serves a key set on 127.0.0.1 and counts.
pub struct KeyServer {
    address: SocketAddr,
    fetches: Arc<AtomicUsize>,
    body: Arc<Mutex<String>>,
}

impl KeyServer {
    pub fn start(body: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("port");
        let address = listener.local_addr().expect("address");
        let (fetches, body) = (Arc::new(AtomicUsize::new(0)), Arc::new(Mutex::new(body)));
        let (count, served) = (Arc::clone(&fetches), Arc::clone(&body));
        std::thread::spawn(move || {
            while let Ok((mut stream, _)) = listener.accept() {
                count.fetch_add(1, Ordering::SeqCst);
                let body = served.lock().expect("body").clone();
                let mut asked = [0; 4096];
                let _ = stream.read(&mut asked);
                let head = format!(
                    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                    body.len()
                );
                let _ = stream.write_all((head + &body).as_bytes());
            }
        });
        Self { address, fetches, body }
    }

    pub fn url(&self) -> String {
        format!("http://{}/jwks", self.address)
    }

    pub fn fetches(&self) -> usize {
        self.fetches.load(Ordering::SeqCst)
    }

    /// Serves another body from now on.
    pub fn serve(&self, body: String) {
        *self.body.lock().expect("body") = body;
    }
}

/// The key of a record system.
enum SystemKey {
    Es384(EcdsaKeyPair),
    Rs384(aws_lc_rs::rsa::KeyPair),
}

/// A record system that signs its own tokens, as CDS Hooks has it.
pub struct RecordSystem {
    kid: String,
    key: SystemKey,
}

impl RecordSystem {
    /// One with a key on P-384.
    pub fn es384(kid: &str) -> Self {
        Self { kid: kid.to_owned(), key: SystemKey::Es384(EcdsaKeyPair::generate(&ECDSA_P384_SHA384_FIXED_SIGNING).expect("key")) }
    }

    /// One with an RSA key.
    pub fn rs384(kid: &str) -> Self {
        let key = aws_lc_rs::rsa::KeyPair::generate(aws_lc_rs::rsa::KeySize::Rsa2048).expect("key");
        Self { kid: kid.to_owned(), key: SystemKey::Rs384(key) }
    }

    /// Its private key in PEM, of an RSA key.
    pub fn pem(&self) -> String {
        let SystemKey::Rs384(key) = &self.key else { panic!("an RSA key") };
        let der = AsDer::<Pkcs8V1Der<'_>>::as_der(key).expect("PKCS #8");
        let lines: Vec<String> =
            STANDARD.encode(der.as_ref()).as_bytes().chunks(64).map(|line| String::from_utf8_lossy(line).into_owned()).collect();
        format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", lines.join("\n"))
    }

    fn algorithm(&self) -> &'static str {
        match self.key {
            SystemKey::Es384(_) => "ES384",
            SystemKey::Rs384(_) => "RS384",
        }
    }

    /// Its key set.
    pub fn jwks(&self) -> String {
        let mut key = match &self.key {
            SystemKey::Es384(key) => {
                let point = key.public_key().as_ref();
                json!({"kty": "EC", "crv": "P-384", "x": part(&point[1..49]), "y": part(&point[49..97])})
            }
            SystemKey::Rs384(key) => {
                let public = key.public_key();
                let bytes = |number: &[u8]| part(&number[number.iter().take_while(|byte| **byte == 0).count()..]);
                let (n, e) = (public.modulus(), public.exponent());
                json!({"kty": "RSA", "n": bytes(n.big_endian_without_leading_zero()), "e": bytes(e.big_endian_without_leading_zero())})
            }
        };
        key["kid"] = json!(self.kid);
        key["alg"] = json!(self.algorithm());
        key["use"] = json!("sig");
        json!({"keys": [key]}).to_string()
    }

    /// A token with these claims.
    pub fn token(&self, claims: &Value) -> String {
        self.token_with(&json!({"alg": self.algorithm(), "typ": "JWT", "kid": self.kid}), claims)
    }

    /// A token with another header.
    pub fn token_with(&self, header: &Value, claims: &Value) -> String {
        let random = SystemRandom::new();
        compact(header, claims, |text| match &self.key {
            SystemKey::Es384(key) => key.sign(&random, text).expect("signature").as_ref().to_vec(),
            SystemKey::Rs384(key) => {
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(&aws_lc_rs::signature::RSA_PKCS1_SHA384, &random, text, &mut signature).expect("signature");
                signature
            }
        })
    }
}
