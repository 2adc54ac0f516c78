//! Sessions of clinicians: begun by a provider (`sign_in`) or by a one-time link, renewed by use, ended
//! by them or by time. What they may do is read anew at every request.

use super::audit::{self, Deed};
use super::fault::{Fault, unit_error};
use super::{Caller, Services};
use crate::crypto::cookie;
use crate::crypto::hash::{self, Label, sha256};
use crate::crypto::ring::Purpose;
use crate::crypto::tokens;
use crate::domain::actor::{Actor, ClinicianActor};
use crate::domain::ids::{ClinicianId, SeatId, uuid_v7};
use crate::domain::secret::LinkToken;
use crate::storage::clinic_sessions::{self, ClinicSession, Link};
use crate::storage::organizations::{self, Clinician, ClinicianKey};
use crate::storage::{Reader, Tx};
use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A session is written as used at most this often.
const TOUCH_EVERY: Duration = Duration::minutes(2);
/// A one-time link is good for that long.
pub const LINK: Duration = Duration::minutes(10);

/// Why there is no session.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The token is none of ours, or its session is over.
    #[error("nobody is signed in")]
    Ended,
    /// The link is none of ours, was used or is too old.
    #[error("the link does not open")]
    Link,
    /// The clinician is not there or is disabled.
    #[error("no such clinician")]
    Clinician,
    /// No unit has the number of the part of the organization that they act for.
    #[error("no such unit")]
    Unit,
    /// The clinician has no role.
    #[error("the clinician has no role")]
    Roles,
    /// Below.
    #[error(transparent)]
    Fault(#[from] Fault),
}

unit_error!(Error);

/// Claims of a session's token.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Handle {
    /// The session.
    sub: Uuid,
    /// Whose it is.
    who: Uuid,
    /// Seconds since 1970 after which it is void whatever the row says.
    exp: i64,
}

/// A session in use.
#[derive(Debug, Clone)]
pub struct Seated {
    /// The session.
    pub id: SeatId,
    /// Who signed in, with the roles held now.
    pub actor: ClinicianActor,
    /// Their name.
    pub name: String,
    /// Name of their organization.
    pub organization_name: String,
    /// The provider they signed in at; `None` for who came by a one-time link.
    pub provider: Option<String>,
    /// Ends when unused until then.
    pub idle_until: DateTime<Utc>,
    /// Ends then in any case.
    pub absolute_until: DateTime<Utc>,
}

impl Seated {
    /// The caller of a request in this session.
    pub fn caller(&self, request_id: &str) -> Caller {
        Caller { actor: Actor::Clinician(self.actor.clone()), request_id: request_id.to_owned(), ground: None, ground_text: None }
    }

    fn of(session: ClinicSession, person: Clinician, organization_name: String) -> Self {
        let actor =
            ClinicianActor { id: person.id, organization: person.organization, grants: person.grants, assurance: session.assurance };
        Self {
            id: session.id,
            actor,
            name: person.name,
            organization_name,
            provider: session.provider,
            idle_until: session.idle_until,
            absolute_until: session.absolute_until,
        }
    }

    /// The token of a form on a page of this session.
    pub fn form_token(&self, services: &Services) -> Result<String, Fault> {
        let mut salt = [0_u8; 8];
        services.entropy.fill(&mut salt);
        let key = services.ring.current(Purpose::Lookup)?;
        Ok(cookie::token(&salt, &hash::lookup(&key, Label::Seat, &[&salt, self.id.0.as_bytes().as_slice()].concat())))
    }

    /// Whether a form was made in this session.
    pub fn made(&self, services: &Services, token: &str) -> bool {
        let Some((salt, mac)) = cookie::parts(token) else { return false };
        let known = services.ring.lookups(Label::Seat, &[&salt, self.id.0.as_bytes().as_slice()].concat());
        known.iter().any(|(_, own)| hash::same(own, &mac))
    }
}

/// Finds the session of a token and renews it by use. A clinician who was disabled, or has no role any
/// more, is signed in no longer.
pub async fn authenticate(services: &Services, token: &str) -> Result<Seated, Error> {
    let now = services.now();
    let handle = tokens::verify::<Handle>(&services.ring, Purpose::Session, tokens::SEAT, token).ok_or(Error::Ended)?;
    let id = SeatId(handle.sub);
    let found = services
        .db
        .read((id, now), |(id, now), snapshot| {
            Box::pin(async move {
                let Some(session) = clinic_sessions::live(snapshot, *id, *now).await? else { return Ok(None) };
                let Some(person) = organizations::clinician(snapshot, &ClinicianKey::Id(session.clinician)).await? else { return Ok(None) };
                let (person, _) = confined(snapshot, person, session.unit_number.as_deref()).await?;
                let organization = organizations::organization(snapshot, person.organization).await?;
                let name = organization.ok_or(Fault::Content("organization"))?.name;
                Ok::<_, Fault>(Some((session, person, name)))
            })
        })
        .await?;
    let Some((session, person, organization)) = found.filter(|(session, person, _)| {
        session.clinician.0 == handle.who && session.organization == person.organization && !person.grants.is_empty()
    }) else {
        services
            .db
            .write((id, now), |(id, now), tx| Box::pin(async move { Ok::<_, Fault>(clinic_sessions::end_if_over(tx, *id, *now).await?) }))
            .await?;
        return Err(Error::Ended);
    };
    let last_seen_at = session.last_seen_at;
    let seated = Seated::of(session, person, organization);
    if now - last_seen_at >= TOUCH_EVERY { renew(services, seated).await } else { Ok(seated) }
}

async fn renew(services: &Services, seated: Seated) -> Result<Seated, Error> {
    let now = services.now();
    let seated = Seated { idle_until: (now + services.rules.clinic_idle).min(seated.absolute_until), ..seated };
    let context = (seated.id, now, seated.idle_until);
    services
        .db
        .write(context, |(id, now, until), tx| {
            Box::pin(async move { Ok::<_, Fault>(clinic_sessions::touch(tx, *id, *now, *until).await?) })
        })
        .await?;
    Ok(seated)
}

/// Ends the session.
pub async fn end(services: &Services, seated: &Seated, request_id: &str) -> Result<(), Fault> {
    let context = (services.clone(), seated.id, seated.caller(request_id));
    services
        .db
        .write(context, |(services, id, caller), tx| {
            Box::pin(async move {
                if clinic_sessions::end(tx, *id, services.now()).await? {
                    let deed = Deed::done("clinician.sign-out", Some(("clinician-session", id.0)), Vec::new());
                    audit::write(tx, services, caller, &deed).await?;
                }
                Ok::<_, Fault>(())
            })
        })
        .await
}

/// Ends the sessions that were begun in a session of a provider's, which says that it is over. Gives how many.
pub(super) async fn end_of_provider(services: &Services, provider: &str, sid: &str, request_id: &str) -> Result<usize, Fault> {
    let context = (services.clone(), provider.to_owned(), sid.to_owned(), request_id.to_owned());
    services
        .db
        .write(context, |(services, provider, sid, request_id), tx| {
            Box::pin(async move {
                let mut ended = 0;
                for session in clinic_sessions::of_provider(tx, provider, sid).await? {
                    if clinic_sessions::end(tx, session.id, services.now()).await? {
                        let deed = Deed::done("clinician.sign-out-by-provider", Some(("clinician-session", session.id.0)), Vec::new());
                        audit::write(tx, services, &Caller::system(session.organization, request_id), &deed).await?;
                        ended += 1;
                    }
                }
                Ok::<_, Fault>(ended)
            })
        })
        .await
}

/// A session that was begun.
#[derive(Debug, Clone)]
pub struct Begun {
    /// The session.
    pub seated: Seated,
    /// Its token, for a cookie.
    pub token: String,
}

/// How somebody signed in.
#[derive(Debug, Clone, Default)]
pub(super) struct Way {
    /// Name of the provider; `None` for a one-time link.
    pub(super) provider: Option<String>,
    /// Level of assurance as it stated it.
    pub(super) assurance: Option<String>,
    /// Its name of its own session.
    pub(super) sid: Option<String>,
    /// Number of the units that they act for; `None`: all of theirs.
    pub(super) unit_number: Option<String>,
}

/// Somebody with the roles that they hold in the units of a number, and no others; and whether there are such
/// units.
async fn confined(reader: &impl Reader, person: Clinician, number: Option<&str>) -> Result<(Clinician, bool), Fault> {
    let Some(number) = number else { return Ok((person, true)) };
    let units = organizations::units_of_number(reader, person.organization, number).await?;
    let grants = person.grants.iter().filter(|grant| grant.unit.is_some_and(|unit| units.contains(&unit))).copied().collect();
    Ok((Clinician { grants, ..person }, !units.is_empty()))
}

/// Begins a session in a unit of work that is open: always a new id, and the session that the browser had
/// before ends, so that nobody goes on in what another has prepared.
pub(super) async fn begin(
    tx: &Tx,
    services: &Services,
    person: Clinician,
    way: &Way,
    before: Option<SeatId>,
    request_id: &str,
) -> Result<Seated, Error> {
    let (person, there) = confined(tx, person, way.unit_number.as_deref()).await?;
    if !there {
        return Err(Error::Unit);
    }
    if person.grants.is_empty() {
        return Err(Error::Roles);
    }
    let now = services.now();
    let absolute_until = now + services.rules.clinic_absolute;
    let session = ClinicSession {
        id: SeatId::new(now, services.entropy.as_ref()),
        organization: person.organization,
        clinician: person.id,
        provider: way.provider.clone(),
        assurance: way.assurance.clone(),
        last_seen_at: now,
        idle_until: (now + services.rules.clinic_idle).min(absolute_until),
        absolute_until,
        sid: way.sid.clone(),
        unit_number: way.unit_number.clone(),
    };
    clinic_sessions::insert(tx, &session, now).await?;
    if let Some(before) = before {
        clinic_sessions::end(tx, before, now).await?;
    }
    let organization = organizations::organization(tx, person.organization).await?.ok_or(Fault::Content("organization"))?;
    let seated = Seated::of(session, person, organization.name);
    let action = if way.provider.is_some() { "clinician.sign-in" } else { "clinician.sign-in-by-link" };
    let deed = Deed::done(action, Some(("clinician-session", seated.id.0)), Vec::new());
    audit::write(tx, services, &seated.caller(request_id), &deed).await?;
    Ok(seated)
}

/// The token of a session.
pub(super) fn token(services: &Services, seated: &Seated) -> Result<String, Fault> {
    let handle = Handle { sub: seated.id.0, who: seated.actor.id.0, exp: seated.absolute_until.timestamp() };
    Ok(tokens::sign(&services.ring, Purpose::Session, tokens::SEAT, &handle)?)
}

/// A one-time link for a clinician, for a demo or when the provider is away: who has it is that clinician.
/// Gives the address.
pub async fn issue_link(services: &Services, clinician: ClinicianId) -> Result<String, Error> {
    let mut bytes = [0_u8; 16];
    services.entropy.fill(&mut bytes);
    let link = LinkToken::from_bytes(bytes);
    let context = (services.clone(), clinician, sha256(link.bytes()));
    services
        .db
        .write(context, |(services, clinician, token_sha256), tx| {
            Box::pin(async move {
                let now = services.now();
                let person = organizations::clinician(tx, &ClinicianKey::Id(*clinician)).await?.ok_or(Error::Clinician)?;
                if person.grants.is_empty() {
                    return Err(Error::Roles);
                }
                let id = uuid_v7(now, services.entropy.as_ref());
                let row = Link {
                    id,
                    organization: person.organization,
                    clinician: person.id,
                    token_sha256: token_sha256.clone(),
                    good_until: now + LINK,
                };
                clinic_sessions::insert_link(tx, &row, now).await?;
                let deed = Deed::done("clinician.login-link", Some(("clinician", person.id.0)), Vec::new());
                audit::write(tx, services, &Caller::system(person.organization, "command"), &deed).await?;
                Ok(())
            })
        })
        .await?;
    Ok(format!("{}/klinikk/inn/{}", services.rules.base_url, link.text()))
}

/// Whether a link would open. Writes nothing: programs that look through messages open links.
pub async fn is_good(services: &Services, link: &LinkToken) -> Result<bool, Fault> {
    services
        .db
        .read((sha256(link.bytes()), services.now()), |(hash, now), snapshot| {
            Box::pin(async move { Ok::<_, Fault>(clinic_sessions::is_good(snapshot, hash, *now).await?) })
        })
        .await
}

/// Uses a link up and begins a session.
pub async fn open_link(services: &Services, link: &LinkToken, before: Option<SeatId>, request_id: &str) -> Result<Begun, Error> {
    let context = (services.clone(), sha256(link.bytes()), before, request_id.to_owned());
    let seated = services
        .db
        .write(context, |(services, hash, before, request_id), tx| {
            Box::pin(async move {
                let clinician = clinic_sessions::take_link(tx, hash, services.now()).await?.ok_or(Error::Link)?;
                let person = organizations::clinician(tx, &ClinicianKey::Id(clinician)).await?.ok_or(Error::Link)?;
                begin(tx, services, person, &Way::default(), *before, request_id).await
            })
        })
        .await?;
    let token = token(services, &seated)?;
    Ok(Begun { seated, token })
}
