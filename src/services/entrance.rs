//! What a browser carries before and beside a session: the sealed entrance of someone who came by
//! a link or is about to type a code, and the token of each form that is sent.
//!
//! An entrance has no authority: it says which link was opened, so that the birth date can be asked
//! at an address without secrets.

use super::Services;
use super::fault::Fault;
use super::holder::{Holder, Place};
use super::sign_in;
use crate::crypto::hash::Label;
use crate::crypto::ring::Purpose;
use crate::crypto::{cookie, hash};
use crate::domain::ids::{CredentialId, uuid_v7};
use crate::domain::secret::LinkToken;
use crate::storage::credentials::{self, By};
use crate::storage::organizations;
use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// An entrance is good for that long.
const ENTRANCE: Duration = Duration::hours(2);

/// How someone came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entrance {
    /// The token of the link; `None` for who types a code.
    link: Option<String>,
    /// Language that was chosen on the way, where one was.
    pub language: Option<String>,
    /// What form tokens are bound to.
    nonce: Uuid,
    /// Seconds since 1970 after which it is void.
    exp: i64,
}

impl Entrance {
    /// A new one.
    pub fn new(services: &Services, link: Option<&LinkToken>) -> Self {
        let now = services.now();
        let nonce = uuid_v7(now, services.entropy.as_ref());
        Self { link: link.map(LinkToken::text), language: None, nonce, exp: (now + ENTRANCE).timestamp() }
    }

    /// The link that was opened.
    pub fn link(&self) -> Option<LinkToken> {
        self.link.as_deref().and_then(LinkToken::parse)
    }

    /// When it is void.
    pub fn until(&self) -> DateTime<Utc> {
        DateTime::from_timestamp(self.exp, 0).unwrap_or_default()
    }

    /// For a cookie: sealed, so that the link is in nobody's cookie jar.
    pub fn seal(&self, services: &Services) -> Result<String, Fault> {
        let plain = serde_json::to_vec(self).map_err(|_| Fault::Content("entrance"))?;
        Ok(cookie::seal(&services.ring, services.entropy.as_ref(), &plain)?)
    }

    /// From a cookie; `None` when it is not ours or void.
    pub fn open(services: &Services, sealed: &str) -> Option<Self> {
        let plain = cookie::open(&services.ring, sealed)?;
        let own: Self = serde_json::from_slice(&plain).ok()?;
        (own.exp > services.now().timestamp()).then_some(own)
    }

    /// The token of a form that is sent at this entrance.
    pub fn form_token(&self, services: &Services) -> Result<String, Fault> {
        form_token(services, self.nonce.as_bytes())
    }

    /// Whether a form was made at this entrance.
    pub fn made(&self, services: &Services, token: &str) -> bool {
        holds(services, self.nonce.as_bytes(), token)
    }
}

/// Who a link is from: the organization alone, for the page before the birth date; and whether it came
/// in a mail. `None` for a link that does not exist. Writes nothing.
pub async fn organization_of(services: &Services, link: &LinkToken) -> Result<Option<(Place, bool)>, Fault> {
    let hashes: Vec<Vec<u8>> = services.ring.lookups(Label::Link, link.bytes()).into_iter().map(|(_, hash)| hash).collect();
    services
        .db
        .read(hashes, |hashes, snapshot| {
            Box::pin(async move {
                let Some(found) = credentials::find_secret(snapshot, By::Link, hashes.clone()).await? else { return Ok(None) };
                let organization = organizations::organization(snapshot, found.invitation.organization).await?;
                let mail = found.credential.channel == "mail";
                Ok(organization.map(|organization| (Place { name: organization.name, phone: organization.phone }, mail)))
            })
        })
        .await
}

/// The provider (name, title) that the patient of a link signs in at, instead of telling the birth date.
/// Writes nothing.
pub async fn provider_of(services: &Services, link: &LinkToken) -> Result<Option<(String, String)>, Fault> {
    let hashes: Vec<Vec<u8>> = services.ring.lookups(Label::Link, link.bytes()).into_iter().map(|(_, hash)| hash).collect();
    let name = services
        .db
        .read(hashes, |hashes, snapshot| {
            Box::pin(async move {
                let Some(found) = credentials::find_secret(snapshot, By::Link, hashes.clone()).await? else { return Ok(None) };
                let own = &found.invitation;
                Ok::<_, Fault>(organizations::patient_provider(snapshot, own.organization, own.unit).await?)
            })
        })
        .await?;
    Ok(name.map(|name| {
        let title = sign_in::title(services, &name);
        (name, title)
    }))
}

/// The entrance of a credential whose code was typed, as if its link had been opened.
pub async fn of_credential(services: &Services, id: CredentialId) -> Result<Option<Entrance>, Fault> {
    let found =
        services.db.read(id, |id, snapshot| Box::pin(async move { Ok::<_, Fault>(credentials::find(snapshot, *id).await?) })).await?;
    let Some(credential) = found else { return Ok(None) };
    let key = services.ring.get(Purpose::Link, credential.link_key_version)?;
    Ok(Some(Entrance::new(services, Some(&hash::derive_link(&key, id)))))
}

fn subject(holder: &Holder) -> Vec<u8> {
    [holder.actor.session.0.as_bytes().as_slice(), holder.actor.invitation.0.as_bytes()].concat()
}

/// The token of a form in a session, bound to session and invitation. Each is written differently, so
/// that nothing can be learnt from the size of compressed pages.
pub fn session_token(services: &Services, holder: &Holder) -> Result<String, Fault> {
    form_token(services, &subject(holder))
}

/// Whether a form was made in this session for this invitation.
pub fn made_in(services: &Services, holder: &Holder, token: &str) -> bool {
    holds(services, &subject(holder), token)
}

fn form_token(services: &Services, subject: &[u8]) -> Result<String, Fault> {
    let mut salt = [0_u8; 8];
    services.entropy.fill(&mut salt);
    let key = services.ring.current(Purpose::Lookup)?;
    Ok(cookie::token(&salt, &hash::lookup(&key, Label::Form, &[&salt, subject].concat())))
}

fn holds(services: &Services, subject: &[u8], token: &str) -> bool {
    let Some((salt, mac)) = cookie::parts(token) else { return false };
    let known = services.ring.lookups(Label::Form, &[&salt, subject].concat());
    known.iter().any(|(_, own)| hash::same(own, &mac))
}
