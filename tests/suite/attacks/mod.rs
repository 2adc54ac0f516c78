//! What an attacker sends, by theme: broken framing on the wire, headers and hosts, forged forms,
//! planted cookies and sessions, redirects elsewhere, bodies that are something else, oracles. Tokens
//! have a file of their own (`tokens.rs`), guessing as well (`patient/attempts.rs`).

mod bodies;
mod cross_site;
mod framing;
mod headers;
mod oracles;
mod redirects;
mod sessions;
mod wire;
