//! A bearer token becomes an actor. Who it is comes from the token; what they may do comes from our
//! own rows (a client's scopes are what both its row and its token allow).

use super::Services;
use super::fault::Fault;
use super::possession::{self, Shown};
use crate::crypto::jwks::{Issuer, TokenError, check_times};
use crate::crypto::verified::Verified;
use crate::domain::actor::{Actor, ClientActor, ClinicianActor};
use crate::domain::ids::{ClientId, ClinicianId};
use crate::domain::smart::{self, Given};
use crate::storage::organizations::{self, ClinicianKey};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::Duration;
use serde_json::{Map, Value};
use std::sync::Arc;

/// How long it is not looked up again whom a token names, seconds; only for what is about no person.
pub const RECENT_SECONDS: i64 = 5;

/// Names of claims; a claim may be a member of an object, written `outer.inner`.
#[derive(Debug, Clone)]
pub struct ClaimMap {
    /// HPR number of a person.
    pub hpr_number: Option<String>,
    /// Subject of a person, for issuers that give no HPR number.
    pub subject: Option<String>,
    /// Organization number that a person acts for.
    pub organization: Option<String>,
    /// Id of the client.
    pub client: String,
    /// Scopes, space separated or a list.
    pub scope: String,
    /// Level of assurance.
    pub assurance: Option<String>,
    /// Lowest level that is accepted for persons, compared as a number.
    pub minimum_assurance: Option<u32>,
    /// Numbers of the organizations that the issuer may speak for; empty: all of this installation.
    pub organizations: Vec<String>,
}

/// How an issuer's claims are read.
#[derive(Debug, Clone)]
pub enum Mapping {
    /// Our own issuer: `sub` is our id, `kartlegging_kind` says whose.
    Own,
    /// Another issuer.
    External(ClaimMap),
}

/// An issuer with its mapping.
#[derive(Debug)]
pub struct TrustedIssuer {
    /// Name, keys, algorithms.
    pub issuer: Issuer,
    /// Claims.
    pub mapping: Mapping,
    /// Whether tokens that are bound to no key are accepted.
    pub bearer: bool,
    /// Whether a proof must hold a nonce of ours (RFC 9449 §8).
    pub nonce: bool,
    /// Where clients get its tokens, as it is announced.
    pub token_endpoint: Option<String>,
}

/// Why a token gives no actor.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The token is not accepted; the reason is for the log.
    #[error("token refused: {0}")]
    Token(&'static str),
    /// The proof of possession is missing or does not hold; the reason is for the log.
    #[error("proof refused: {0}")]
    Proof(&'static str),
    /// The proof must hold this nonce.
    #[error("a nonce is required")]
    Nonce(String),
    /// The issuer's keys can't be had now.
    #[error("the issuer's keys can't be fetched")]
    Unavailable,
    /// Below.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl From<TokenError> for Error {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::Unavailable => Self::Unavailable,
            TokenError::Malformed => Self::Token("malformed"),
            TokenError::Algorithm => Self::Token("algorithm"),
            TokenError::Type => Self::Token("type"),
            TokenError::UnknownKey => Self::Token("unknown key"),
            TokenError::Invalid => Self::Token("signature, issuer or audience"),
            TokenError::Time => Self::Token("time"),
        }
    }
}

/// Verifies a token and finds whom it names. What they may do is read anew each time.
pub async fn authenticate<'a>(services: &Services, shown: impl Into<Shown<'a>>) -> Result<Actor, Error> {
    let shown = shown.into();
    find(services, shown, &Verified::<Actor>::name(shown.token)).await
}

/// The same for what holds nothing about a person, such as a form: whom the token named a few seconds
/// ago ([`RECENT_SECONDS`]) is not looked up again.
pub async fn authenticate_recent<'a>(services: &Services, shown: impl Into<Shown<'a>>) -> Result<Actor, Error> {
    let shown = shown.into();
    let name = Verified::<Actor>::name(shown.token);
    let now = services.now();
    // A token that is bound to a key needs its proof each time.
    if let Some((actor, claims)) = services.verified.named(&name, now, Duration::seconds(RECENT_SECONDS))
        && shown.proof.is_none()
        && possession::key_of(&claims).is_none()
    {
        check_times(&claims, now, services.rules.token_skew_seconds)?;
        return Ok(actor);
    }
    let actor = find(services, shown, &name).await?;
    services.verified.remember_named(&name, actor.clone(), now);
    Ok(actor)
}

async fn find(services: &Services, shown: Shown<'_>, name: &[u8]) -> Result<Actor, Error> {
    let token = shown.token;
    let (now, skew) = (services.now(), services.rules.token_skew_seconds);
    let (claims, issuer) = if let Some(known) = services.verified.claims(name, now) {
        check_times(&known.0, now, skew)?;
        known
    } else {
        let issuer = unverified_issuer(token).ok_or(Error::Token("malformed"))?;
        let place = services.issuers.iter().position(|trusted| trusted.issuer.name == issuer);
        let place = place.ok_or(Error::Token("issuer not trusted"))?;
        let trusted = services.issuers.get(place).ok_or(Error::Token("issuer not trusted"))?;
        let claims = Arc::new(trusted.issuer.verify(token, now, skew).await?);
        services.verified.remember(name.to_vec(), Arc::clone(&claims), place, now);
        (claims, place)
    };
    let trusted = services.issuers.get(issuer).ok_or(Error::Token("issuer not trusted"))?;
    possession::check(services, trusted, &claims, shown).await?;
    match &trusted.mapping {
        Mapping::Own => own(services, &claims).await,
        Mapping::External(map) => external(services, map, &claims).await,
    }
}

/// Claims of a token that is not verified yet, to find whose keys verify it.
pub(super) fn unverified_claims(token: &str) -> Option<Map<String, Value>> {
    let mut parts = token.split('.');
    let (_, body, _) = (parts.next()?, parts.next()?, parts.next()?);
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(body).ok()?).ok()
}

fn unverified_issuer(token: &str) -> Option<String> {
    unverified_claims(token)?.get("iss")?.as_str().map(str::to_owned)
}

/// A claim as text.
pub(super) fn text(claims: &Map<String, Value>, name: &str) -> Option<String> {
    // The whole name first: names of HelseID claims hold dots and slashes themselves.
    let value = claims.get(name).or_else(|| {
        let (outer, inner) = name.split_once('.')?;
        claims.get(outer)?.get(inner)
    })?;
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Claim with the patient whom scopes `patient/…` are about (SMART App Launch 2.2, launch context).
const PATIENT: &str = "patient";

/// What a token gives; `name` is that of the claim with the scopes.
fn given(claims: &Map<String, Value>, name: &str) -> Given {
    let patient = claims.get(PATIENT).and_then(Value::as_str);
    match claims.get(name) {
        Some(Value::String(list)) => smart::given(list.split(' '), patient),
        Some(Value::Array(list)) => smart::given(list.iter().filter_map(Value::as_str), patient),
        _ => smart::given([], patient),
    }
}

async fn own(services: &Services, claims: &Map<String, Value>) -> Result<Actor, Error> {
    let subject = text(claims, "sub").ok_or(Error::Token("no subject"))?;
    match text(claims, "kartlegging_kind").as_deref() {
        Some("client") => {
            let id = ClientId::parse(&subject).ok_or(Error::Token("subject"))?;
            client(services, Key::Own(id), &given(claims, "scope")).await
        }
        Some("clinician") => {
            let id = ClinicianId::parse(&subject).ok_or(Error::Token("subject"))?;
            clinician(services, ClinicianKey::Id(id), None).await
        }
        _ => Err(Error::Token("kind")),
    }
}

async fn external(services: &Services, map: &ClaimMap, claims: &Map<String, Value>) -> Result<Actor, Error> {
    let claim = |name: &Option<String>| name.as_deref().and_then(|name| text(claims, name));
    let (hpr, subject) = (claim(&map.hpr_number), claim(&map.subject));
    let Some(person) = hpr.clone().or(subject.clone()) else {
        let id = text(claims, &map.client).ok_or(Error::Token("no client"))?;
        // A client only on proof: a person's token without the claim we know persons by is nobody's.
        let own = text(claims, "sub").is_none_or(|sub| sub == id);
        if !own || claim(&map.assurance).is_some() {
            return Err(Error::Token("neither a known person nor a client"));
        }
        let actor = client(services, Key::External(id), &given(claims, &map.scope)).await?;
        return spoken_for(services, map, actor).await;
    };
    let assurance = claim(&map.assurance);
    if let Some(minimum) = map.minimum_assurance
        && assurance.as_deref().and_then(|level| level.parse::<u32>().ok()).is_none_or(|level| level < minimum)
    {
        return Err(Error::Token("level of assurance"));
    }
    let number = claim(&map.organization).ok_or(Error::Token("no organization"))?;
    let organization = services
        .db
        .read(number.clone(), |number, snapshot| {
            Box::pin(async move { Ok::<_, Fault>(organizations::organization_by_number(snapshot, number).await?) })
        })
        .await?;
    let organization = organization.ok_or(Error::Token("organization unknown"))?.id;
    if !map.organizations.is_empty() && !map.organizations.contains(&number) {
        return Err(Error::Token("issuer does not speak for this organization"));
    }
    let key = if hpr.is_some() { ClinicianKey::Hpr(organization, person) } else { ClinicianKey::Subject(organization, person) };
    clinician(services, key, assurance).await
}

/// Refuses an actor of an organization that the issuer may not speak for.
async fn spoken_for(services: &Services, map: &ClaimMap, actor: Actor) -> Result<Actor, Error> {
    if map.organizations.is_empty() {
        return Ok(actor);
    }
    let id = actor.organization();
    let read =
        services.db.read(id, |id, snapshot| Box::pin(async move { Ok::<_, Fault>(organizations::organization(snapshot, *id).await?) }));
    let allowed = read.await?.is_some_and(|organization| map.organizations.contains(&organization.number));
    if allowed { Ok(actor) } else { Err(Error::Token("issuer does not speak for this organization")) }
}

enum Key {
    Own(ClientId),
    External(String),
}

async fn client(services: &Services, key: Key, given: &Given) -> Result<Actor, Error> {
    let found = services
        .db
        .read(key, |key, snapshot| {
            Box::pin(async move {
                Ok::<_, Fault>(match key {
                    Key::Own(id) => organizations::client(snapshot, *id).await?,
                    Key::External(id) => organizations::client_by_external(snapshot, id).await?,
                })
            })
        })
        .await?;
    let client = found.ok_or(Error::Token("client unknown"))?;
    let scopes = client.scopes.intersection(&given.scopes).copied().collect();
    Ok(Actor::Client(ClientActor { id: client.id, organization: client.organization, scopes, width: given.width }))
}

async fn clinician(services: &Services, key: ClinicianKey, assurance: Option<String>) -> Result<Actor, Error> {
    let found = services
        .db
        .read(key, |key, snapshot| Box::pin(async move { Ok::<_, Fault>(organizations::clinician(snapshot, key).await?) }))
        .await?;
    let person = found.ok_or(Error::Token("clinician unknown"))?;
    Ok(Actor::Clinician(ClinicianActor { id: person.id, organization: person.organization, grants: person.grants, assurance }))
}
