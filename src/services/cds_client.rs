//! Record systems that ask for cards prove who they are as CDS Hooks 2.0 has it (Trusting CDS Clients): a
//! token that they sign themselves for one request. Each stands for a client of ours; what that one may
//! read is in its row, for such a token names no scopes.

use super::authenticate::{Error, unverified_claims};
use super::fault::Fault;
use super::{Services, possession};
use crate::crypto::jwks::Issuer;
use crate::domain::actor::{Actor, ClientActor, Width};
use crate::storage::{dpop_proofs, organizations};
use serde_json::{Map, Value};

/// Longest time from `iat` to `exp`, seconds.
const LIVES_SECONDS: i64 = 300;
/// Longest `jti` that is read, bytes.
const LONGEST_ID: usize = 256;

/// A record system that may ask for cards.
#[derive(Debug)]
pub struct CdsClient {
    /// Its name, keys and algorithms.
    pub issuer: Issuer,
    /// The `tenant` of its tokens, where its issuer speaks for several organizations.
    pub tenant: Option<String>,
    /// Under which external id it is registered as a client.
    pub client: String,
}

impl CdsClient {
    fn fits(&self, claims: &Map<String, Value>) -> bool {
        let claim = |name: &str| claims.get(name).and_then(Value::as_str);
        claim("iss") == Some(&self.issuer.name) && (self.tenant.is_none() || claim("tenant") == self.tenant.as_deref())
    }
}

/// Verifies a token that was made for `address`, and finds the client that it stands for. A token is
/// taken once, by whichever instance.
pub async fn authenticate(services: &Services, token: &str, address: &str) -> Result<Actor, Error> {
    let claims = unverified_claims(token).ok_or(Error::Token("malformed"))?;
    let known = services.cds_clients.iter().find(|known| known.fits(&claims)).ok_or(Error::Token("issuer not trusted"))?;
    let (now, skew) = (services.now(), services.rules.token_skew_seconds);
    // The same bytes that were looked at before: who was found is who has signed.
    let claims = known.issuer.verify_for(token, address, now, skew).await?;
    let seconds = |name: &str| claims.get(name).and_then(Value::as_i64).ok_or(Error::Token("time"));
    if !(0..=LIVES_SECONDS).contains(&seconds("exp")?.saturating_sub(seconds("iat")?)) {
        return Err(Error::Token("good for longer than five minutes"));
    }
    if claims.contains_key("cnf") {
        return Err(Error::Token("bound to a key"));
    }
    let id = claims.get("jti").and_then(Value::as_str).filter(|id| !id.is_empty() && id.len() <= LONGEST_ID);
    let name = possession::name_of_token(&known.issuer.name, id.ok_or(Error::Token("no id of its own"))?);
    let found = services
        .db
        .read(known.client.clone(), |id, snapshot| {
            Box::pin(async move { Ok::<_, Fault>(organizations::client_by_external(snapshot, id).await?) })
        })
        .await?;
    let client = found.ok_or(Error::Token("client unknown"))?;
    let first = services
        .db
        .write((name, now), |(name, now), tx| Box::pin(async move { Ok::<_, Fault>(dpop_proofs::first(tx, name, *now).await?) }))
        .await?;
    if !first {
        return Err(Error::Token("seen before"));
    }
    Ok(Actor::Client(ClientActor { id: client.id, organization: client.organization, scopes: client.scopes, width: Width::Organization }))
}
