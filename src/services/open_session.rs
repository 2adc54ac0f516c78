//! A link or code and the birth date open a session.
//!
//! The attempt is counted in a commit of its own, and what the comparison in it found is acted on only
//! after that commit; a right one is taken back. A code that does not exist is counted, compared and
//! answered like one that does.

use super::audit::{self, Deed};
use super::events::{self, Event, EventKind};
use super::fault::{Fault, unit_error};
use super::holder::{Holder, SessionKind};
use super::vault::open_patient;
use super::{Caller, Services};
use crate::crypto::hash::{Label, lookup};
use crate::crypto::ring::Purpose;
use crate::crypto::tokens::{self, Handle};
use crate::domain::actor::{Actor, HolderActor};
use crate::domain::attempts::{
    ADDRESS_WINDOW_MINUTES, ALARM_ALL_CODES, PER_ADDRESS, PER_CREDENTIAL, PER_HOUR_ALL_CODES, SIGN_INS_PER_ADDRESS, address_block,
    wait_after, window_start,
};
use crate::domain::ids::{CredentialId, DeviceId, RepresentativeId, SessionId};
use crate::domain::invitation::{ClosedReason, InvitationState};
use crate::domain::secret::{Code, LinkToken};
use crate::storage::attempts::{self, Count, Counter, Scope};
use crate::storage::credentials::{self, By, Found};
use crate::storage::sessions::{self, Session};
use crate::storage::{StorageError, Tx, drafts, invitations, organizations, patients, representatives};
use chrono::{DateTime, Duration, NaiveDate, Utc};
use std::net::IpAddr;

/// What was shown.
#[derive(Debug, Clone)]
pub enum Secret {
    /// The token of a personal link.
    Link(LinkToken),
    /// A typed code.
    Code(Code),
    /// A link whose token can't be one; counted like one that does not exist.
    BrokenLink,
}

/// What a person shows.
#[derive(Debug, Clone)]
pub struct Command {
    /// Link or code.
    pub secret: Secret,
    /// Birth date.
    pub birth_date: NaiveDate,
    /// Tokens of a device that was identified before, one an invitation.
    pub device_tokens: Vec<String>,
    /// "Only I use this device: remember me for 24 hours."
    pub remember: bool,
    /// Address of the request.
    pub address: IpAddr,
    /// Id of the request.
    pub request_id: String,
}

/// An opened session with its tokens.
#[derive(Debug, Clone)]
pub struct Opened {
    /// The session.
    pub holder: Holder,
    /// Bearer token.
    pub session_token: String,
    /// To be shown at the next opening on this device.
    pub device_token: String,
    /// The device token is void then.
    pub device_until: DateTime<Utc>,
}

/// Why not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Link or code unknown, or birth date wrong: one answer.
    #[error("link or code and birth date don't open anything")]
    Wrong,
    /// Too many wrong attempts: wait this many seconds.
    #[error("wait {0} s")]
    Wait(i64),
    /// Ten wrong attempts: no more.
    #[error("no attempts are left")]
    Exhausted,
    /// A newer link replaced this one.
    #[error("the link was replaced")]
    Replaced,
    /// The invitation is closed.
    #[error("the invitation is closed")]
    Closed(ClosedReason),
    /// The unit's patients sign in at a provider; the credential that was shown.
    #[error("a sign-in is needed")]
    SignIn {
        /// The provider's name.
        provider: String,
        /// What was shown.
        credential: CredentialId,
    },
    /// Somebody signed in who is not the patient.
    #[error("another person")]
    OtherPerson,
    /// Answered, and the time to amend is over.
    #[error("answered")]
    Answered,
    /// Below.
    #[error(transparent)]
    Fault(#[from] Fault),
}

unit_error!(Error);

enum Attempt {
    Reserved(Box<Reserved>),
    Refused(Error, Option<Box<Found>>),
}

/// What was shown, found right or not, before it is acted on.
pub(super) struct Reserved {
    pub(super) found: Option<Found>,
    pub(super) counters: Vec<Counter>,
    pub(super) failures: i32,
    pub(super) right: bool,
    /// The provider that the person signed in at.
    pub(super) provider: Option<String>,
    /// Who signed in, where it is not the patient.
    pub(super) representative: Option<RepresentativeId>,
}

/// Opens a session. Runs to its end even when the caller goes away: an attempt that was counted is
/// also decided.
pub async fn open(services: &Services, command: Command) -> Result<Opened, Error> {
    let own = services.clone();
    let gone = |_| Error::from(StorageError::Unavailable("stopped".to_owned()));
    services.db.spawn(async move { decide(&own, command).await }).await.map_err(gone)?
}

async fn decide(services: &Services, command: Command) -> Result<Opened, Error> {
    let reserved = match reserve(services, &command).await? {
        Attempt::Reserved(reserved) => *reserved,
        Attempt::Refused(refusal, found) => {
            // Whoever used the last attempt up may have died before shutting the door.
            if let (Error::Exhausted, Some(found)) = (&refusal, found) {
                lock_out(services, *found, &command.request_id).await?;
            }
            return Err(refusal);
        }
    };
    if reserved.right {
        let device = Device { tokens: command.device_tokens, remember: command.remember, own: None, others: Vec::new() };
        return admit(services, device, command.request_id, reserved).await;
    }
    if reserved.failures >= PER_CREDENTIAL
        && let Some(found) = reserved.found
    {
        lock_out(services, found, &command.request_id).await?;
    }
    Err(Error::Wrong)
}

fn hashes(services: &Services, secret: &Secret) -> (By, Vec<(u16, Vec<u8>)>) {
    match secret {
        Secret::Link(token) => (By::Link, services.ring.lookups(Label::Link, token.bytes())),
        Secret::Code(code) => (By::Code, services.ring.lookups(Label::Code, code.bytes())),
        Secret::BrokenLink => (By::Link, Vec::new()),
    }
}

async fn reserve(services: &Services, command: &Command) -> Result<Attempt, Error> {
    let now = services.now();
    let (by, hashes) = hashes(services, &command.secret);
    let address_key = services.ring.current(Purpose::Lookup)?;
    let address = Counter {
        scope: Scope::Address,
        subject_hash: lookup(&address_key, Label::Address, address_block(command.address).as_bytes()),
        subject_key_version: address_key.version(),
        window_start: window_start(now, ADDRESS_WINDOW_MINUTES),
    };
    let asked = Asked { by, hashes, address, birth_date: command.birth_date, now };
    services.db.write((services.clone(), asked), |(services, asked), tx| Box::pin(reserve_in(tx, services, asked))).await
}

struct Asked {
    by: By,
    hashes: Vec<(u16, Vec<u8>)>,
    address: Counter,
    birth_date: NaiveDate,
    now: DateTime<Utc>,
}

fn counters(asked: &Asked, found: Option<&Found>) -> Vec<Counter> {
    // Link and code of one credential share its counter; an unknown code has one of its own.
    let subject = match (found, asked.by) {
        (Some(found), _) => Some((found.credential.lookup_key_version, found.credential.code_hash.clone())),
        (None, By::Code) => asked.hashes.first().cloned(),
        (None, By::Link) => None,
    };
    let credential = subject.map(|(subject_key_version, subject_hash)| Counter {
        scope: Scope::Credential,
        subject_hash,
        subject_key_version,
        window_start: DateTime::UNIX_EPOCH,
    });
    let all = (asked.by == By::Code).then(|| Counter {
        scope: Scope::AllCodes,
        subject_hash: Vec::new(),
        subject_key_version: 0,
        window_start: window_start(asked.now, 60),
    });
    credential.into_iter().chain([asked.address.clone()]).chain(all).collect()
}

/// Counts, then compares, in one transaction that runs the same statements for a code that exists
/// and one that does not.
async fn reserve_in(tx: &Tx, services: &Services, asked: &Asked) -> Result<Attempt, Error> {
    let found = credentials::find_secret(tx, asked.by, asked.hashes.iter().map(|(_, hash)| hash.clone()).collect()).await?;
    let counters = counters(asked, found.as_ref());
    let mut failures = 0;
    for (at, counter) in counters.iter().enumerate() {
        let limit = limit_of(counter.scope);
        let Some(count) = attempts::reserve(tx, counter, limit, waits_of(counter.scope), asked.now).await? else {
            // What was counted before this one is taken back: a refused attempt costs nothing.
            for earlier in counters.iter().take(at) {
                attempts::release(tx, earlier).await?;
            }
            let refusal = refusal(tx, counter, limit, asked.now).await?;
            return Ok(Attempt::Refused(refusal, found.map(Box::new)));
        };
        match counter.scope {
            Scope::Credential => failures = count,
            Scope::AllCodes if count == ALARM_ALL_CODES => {
                tracing::warn!(failures = count, "unusually many wrong codes are being typed this hour; see docs/operations.md");
            }
            Scope::AllCodes | Scope::Address | Scope::SignIn => {}
        }
    }
    let person = match &found {
        Some(found) => open_patient(&services.vault, tx, &found.patient).await?,
        None => None,
    };
    // With the birth date of who has been erased nothing can be compared any more. Whoever holds the
    // link itself is told that it is closed; a typed code is answered like one that does not exist.
    let erased = found.as_ref().is_some_and(|found| found.patient.key.is_none());
    let right = (erased && asked.by == By::Link) || person.is_some_and(|(_, person)| person.birth_date == asked.birth_date);
    Ok(Attempt::Reserved(Box::new(Reserved { found, counters, failures, right, provider: None, representative: None })))
}

fn limit_of(scope: Scope) -> i32 {
    match scope {
        Scope::Credential => PER_CREDENTIAL,
        Scope::Address => PER_ADDRESS,
        Scope::AllCodes => PER_HOUR_ALL_CODES,
        Scope::SignIn => SIGN_INS_PER_ADDRESS,
    }
}

fn waits_of(scope: Scope) -> fn(i32) -> Duration {
    match scope {
        Scope::Credential => wait_after,
        Scope::Address | Scope::AllCodes | Scope::SignIn => |_| Duration::zero(),
    }
}

/// Why a counter refused.
async fn refusal(tx: &Tx, counter: &Counter, limit: i32, now: DateTime<Utc>) -> Result<Error, Error> {
    let count = attempts::read(tx, counter).await?.unwrap_or(Count { failures: 0, wait_until: now });
    let until = match counter.scope {
        Scope::Credential if count.failures >= limit => return Ok(Error::Exhausted),
        Scope::Credential => count.wait_until,
        Scope::Address | Scope::SignIn => counter.window_start + Duration::minutes(ADDRESS_WINDOW_MINUTES),
        Scope::AllCodes => counter.window_start + Duration::hours(1),
    };
    Ok(Error::Wait((until - now).num_seconds().max(1)))
}

/// Shuts the invitation after the last attempt. The link that was guessed at must still be the one
/// that counts: an old letter can't lock a new one.
async fn lock_out(services: &Services, found: Found, request_id: &str) -> Result<(), Fault> {
    let context = (services.clone(), found, request_id.to_owned());
    services.db.write(context, |(services, found, request_id), tx| Box::pin(lock_out_in(tx, services, found, request_id))).await
}

async fn lock_out_in(tx: &Tx, services: &Services, found: &Found, request_id: &str) -> Result<(), Fault> {
    let now = services.now();
    let organization = found.invitation.organization;
    let Some(row) = invitations::lock(tx, organization, found.invitation.id).await? else { return Ok(()) };
    let replaced = credentials::find(tx, found.credential.id).await?.is_none_or(|credential| credential.revoked_at.is_some());
    if replaced || row.flagged {
        return Ok(());
    }
    invitations::transition(tx, &row, row.state.lock(), true, now).await?;
    sessions::end_all(tx, row.id, now).await?;
    let deed =
        Deed::done("invitation.lock", Some(("invitation", row.id.0)), vec![row.patient]).in_unit(row.unit).ending("invitation-locked");
    audit::write(tx, services, &Caller::system(organization, request_id), &deed).await
}

/// What a person comes with beside the proof of who they are.
pub(super) struct Device {
    pub(super) tokens: Vec<String>,
    pub(super) remember: bool,
    /// The device of who signed in, on whatever they do.
    pub(super) own: Option<DeviceId>,
    /// Devices that are somebody else's, whoever used this browser before.
    pub(super) others: Vec<DeviceId>,
}

/// Opens the session, or says why not.
pub(super) async fn admit(services: &Services, command: Device, request_id: String, reserved: Reserved) -> Result<Opened, Error> {
    let Some(found) = reserved.found.clone() else { return Err(Error::Wrong) };
    let now = services.now();
    let known_device = command
        .tokens
        .iter()
        .filter_map(|token| tokens::handle(&services.ring, tokens::DEVICE, token, now))
        .find(|handle| handle.inv == found.invitation.id.0)
        .map(|handle| DeviceId(handle.sub))
        .filter(|device| !command.others.contains(device));
    let idle = if command.remember { services.rules.session_remembered } else { services.rules.session_idle };
    let absolute_until = now + services.rules.session_absolute;
    let session = Session {
        id: SessionId::new(now, services.entropy.as_ref()),
        organization: found.invitation.organization,
        invitation: found.invitation.id,
        credential: found.credential.id,
        device: command.own.or(known_device).unwrap_or_else(|| DeviceId::new(now, services.entropy.as_ref())),
        kind: SessionKind::Answering,
        remember: command.remember,
        last_seen_at: now,
        idle_until: (now + idle).min(absolute_until),
        absolute_until,
        provider: reserved.provider.clone(),
        representative: reserved.representative,
    };
    let context = (services.clone(), reserved, session.clone(), request_id);
    let refused = services
        .db
        .write(context, move |(services, reserved, session, request_id), tx| {
            Box::pin(admit_in(tx, services, reserved, session, request_id, now))
        })
        .await?;
    if let Some(refused) = refused {
        return Err(refused);
    }
    let device_until = found.invitation.amend_until.max(found.invitation.answer_until);
    let sign = |typ, sub, exp: DateTime<Utc>| {
        tokens::sign(&services.ring, Purpose::Session, typ, &Handle { sub, inv: session.invitation.0, exp: exp.timestamp() })
    };
    Ok(Opened {
        session_token: sign(tokens::SESSION, session.id.0, session.absolute_until)?,
        device_token: sign(tokens::DEVICE, session.device.0, device_until)?,
        holder: Holder::of(&session),
        device_until,
    })
}

/// A rotation of the look-up key between the two transactions has moved the credential's counter.
async fn release_moved(tx: &Tx, reserved: &Reserved, found: &Found) -> Result<(), Error> {
    let present = credentials::find(tx, found.credential.id).await?;
    let Some(moved) = present.filter(|present| present.lookup_key_version != found.credential.lookup_key_version) else { return Ok(()) };
    for counter in reserved.counters.iter().filter(|counter| counter.scope == Scope::Credential) {
        let counter = Counter { subject_hash: moved.code_hash.clone(), subject_key_version: moved.lookup_key_version, ..counter.clone() };
        attempts::release(tx, &counter).await?;
    }
    Ok(())
}

/// Takes the attempt back and opens, or says why not. What it says is committed too: the attempt was
/// right either way, and an overdue invitation is closed on sight.
async fn admit_in(
    tx: &Tx,
    services: &Services,
    reserved: &Reserved,
    session: &Session,
    request_id: &str,
    now: DateTime<Utc>,
) -> Result<Option<Error>, Error> {
    for counter in &reserved.counters {
        attempts::release(tx, counter).await?;
    }
    let Some(found) = &reserved.found else { return Ok(Some(Error::Wrong)) };
    release_moved(tx, reserved, found).await?;
    let Some(row) = invitations::lock(tx, session.organization, session.invitation).await? else { return Ok(Some(Error::Wrong)) };
    if patients::hold(tx, row.organization, row.patient).await?.is_none_or(|patient| patient.key.is_none()) {
        return Ok(Some(Error::Closed(ClosedReason::Revoked)));
    }
    let actor = Actor::Holder(HolderActor { session: session.id, invitation: row.id, organization: row.organization });
    let caller = Caller { actor, request_id: request_id.to_owned(), ground: None, ground_text: None };
    if let InvitationState::Closed(reason) = row.state
        && reason != ClosedReason::Declined
    {
        return Ok(Some(Error::Closed(reason)));
    }
    let credential = credentials::find(tx, found.credential.id).await?;
    if credential.is_none_or(|credential| credential.revoked_at.is_some()) {
        return Ok(Some(Error::Replaced));
    }
    if row.state == InvitationState::Answered {
        if now >= row.amend_until {
            return Ok(Some(Error::Answered));
        }
    } else if now >= row.answer_until {
        if let Ok(expired) = row.state.expire() {
            invitations::transition(tx, &row, expired, row.flagged, now).await?;
            drafts::delete(tx, row.id).await?;
            let event = Event::new(EventKind::InvitationExpired, row.organization, row.unit, row.id);
            let event = event.on(row.answer_until.timestamp().to_string());
            events::announce(tx, services, &event).await?;
            let deed = Deed::done("invitation.expire", Some(("invitation", row.id.0)), vec![row.patient]).in_unit(row.unit);
            audit::write(tx, services, &Caller::system(row.organization, request_id), &deed).await?;
        }
        return Ok(Some(Error::Closed(ClosedReason::Expired)));
    }
    let provider = organizations::patient_provider(tx, row.organization, row.unit).await?;
    if let Some(provider) = provider.filter(|own| reserved.provider.as_ref() != Some(own)) {
        return Ok(Some(Error::SignIn { provider, credential: found.credential.id }));
    }
    let deed = match session.representative {
        None => Deed::done("session.open", Some(("invitation", row.id.0)), vec![row.patient]),
        Some(id) => {
            // Who was removed meanwhile is somebody else.
            let registered = representatives::of_patient(tx, row.organization, row.patient).await?;
            if !registered.iter().any(|own| own.id == id) {
                return Ok(Some(Error::OtherPerson));
            }
            Deed::done("session.open-representative", Some(("representative", id.0)), vec![row.patient])
        }
    };
    if let Ok(opened) = row.state.open() {
        invitations::transition(tx, &row, opened, row.flagged, now).await?;
    }
    sessions::insert(tx, session, now).await?;
    let deed = deed.in_unit(row.unit);
    audit::write(tx, services, &caller, &deed).await?;
    Ok(None)
}
