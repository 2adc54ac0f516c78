//! A client of OpenID Connect providers: authorization code with PKCE, and where it is configured, pushed
//! requests (RFC 9126), `private_key_jwt` (RFC 7523) and DPoP (RFC 9449), as HelseID and ID-porten want it.
//!
//! - `provider`: what is configured and what the provider's metadata says;
//! - `flow`: what a browser keeps while it is away at the provider;
//! - `call`: the requests to it;
//! - `ehr`: the patient who is open in an EHR, where the provider is one (SMART App Launch 2).

mod call;
mod ehr;
mod flow;
mod provider;

pub use call::{Arrival, Came, Identity};
pub use ehr::InContext;
pub use flow::Flow;
pub use provider::{ClientKey, Provider, ProviderSettings};

use super::jwks::TokenError;

/// Why a sign-in does not succeed. For the log; the person learns what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OidcError {
    /// The provider does not answer, or not as the standards say.
    #[error("the provider does not answer: {0}")]
    Unavailable(&'static str),
    /// The provider refused; its code.
    #[error("the provider refused: {0}")]
    Refused(String),
    /// What came back does not belong to what was begun.
    #[error("the answer does not fit: {0}")]
    Unfit(&'static str),
    /// The ID token is not accepted.
    #[error("ID token: {0}")]
    Token(#[from] TokenError),
    /// A key of ours can't sign.
    #[error("a request could not be signed")]
    Signing,
}
