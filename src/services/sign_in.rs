//! Signing in at a provider (OpenID Connect). Who it is comes from the provider; what they may do comes
//! from our own rows, and who has no row gets no session.

use super::Services;
use super::authenticate::text;
use super::clinic_session::{self, Begun, Way};
use super::fault::{Fault, unit_error};
use super::sign_in_limit;
use crate::crypto::cookie;
use crate::crypto::jwks::TokenError;
use crate::crypto::oidc::{Arrival, Flow, Identity, InContext, OidcError, Provider};
use crate::domain::identifier::{IdentifierSystem, PatientIdentifier};
use crate::domain::ids::SeatId;
use crate::storage::organizations::{self, ClinicianKey};
use std::net::IpAddr;

pub use crate::crypto::oidc::Came;

/// Whose organization somebody who signs in belongs to.
#[derive(Debug, Clone)]
pub enum Home {
    /// A claim has its number.
    Claim(String),
    /// Always the one of this number.
    Number(String),
}

/// Names of a clinician's claims.
#[derive(Debug, Clone)]
pub struct ClinicianClaims {
    /// HPR number.
    pub hpr_number: Option<String>,
    /// Subject, for providers that give no HPR number.
    pub subject: Option<String>,
    /// Number of the part of the organization that somebody acts for, as units have it; `None`: not asked.
    pub unit: Option<String>,
    /// Organization.
    pub home: Home,
    /// Numbers of the organizations that the provider may speak for; empty: all of this installation.
    pub organizations: Vec<String>,
}

/// Who signs in at a provider.
#[derive(Debug, Clone)]
pub enum Whom {
    /// Those who read answers.
    Clinicians(ClinicianClaims),
    /// Patients of units that ask for it.
    Patients {
        /// Claim with the national id.
        national_id: String,
    },
}

/// A provider, and what its claims mean here.
#[derive(Debug)]
pub struct SignIn {
    /// The provider.
    pub provider: Provider,
    /// Its name as people know it.
    pub title: String,
    /// Who signs in there.
    pub whom: Whom,
    /// Claim with the level of assurance.
    pub claim_assurance: String,
    /// Levels that are accepted; empty: any, or none.
    pub assurance: Vec<String>,
}

impl SignIn {
    /// Its name in addresses and rows.
    pub fn name(&self) -> &str {
        &self.provider.settings.name
    }

    /// The level that a person was identified with, where it is enough.
    fn level(&self, claims: &Identity) -> Result<Option<String>, Error> {
        let level = text(claims, &self.claim_assurance);
        if self.assurance.is_empty() || level.as_ref().is_some_and(|level| self.assurance.contains(level)) {
            Ok(level)
        } else {
            Err(Error::Level)
        }
    }
}

/// Why nobody is signed in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// There is no such provider.
    #[error("no such provider")]
    Provider,
    /// The provider can't be reached, or does not do as the standards say.
    #[error("the provider does not answer")]
    Unavailable,
    /// An EHR that is not the one of the settings opened this service.
    #[error("no such EHR")]
    Ehr,
    /// The person, or the provider for them, did not go on.
    #[error("the sign-in was not finished")]
    Cancelled,
    /// What came back is not what was begun, or is too old.
    #[error("the sign-in can't be used")]
    Unfit,
    /// Too many sign-ins were begun from there and not finished: wait this many seconds.
    #[error("wait {0} s")]
    Wait(i64),
    /// The person was identified with too low a level.
    #[error("the level of assurance is too low")]
    Level,
    /// The person acts for a part of the organization that has no unit here.
    #[error("no such unit")]
    Unit,
    /// The person is nobody's here.
    #[error("the person is not registered")]
    Unknown,
    /// Below.
    #[error(transparent)]
    Fault(#[from] Fault),
}

unit_error!(Error);

impl From<clinic_session::Error> for Error {
    fn from(error: clinic_session::Error) -> Self {
        match error {
            clinic_session::Error::Fault(fault) => Self::Fault(fault),
            clinic_session::Error::Unit => Self::Unit,
            clinic_session::Error::Ended
            | clinic_session::Error::Link
            | clinic_session::Error::Clinician
            | clinic_session::Error::Roles => Self::Unknown,
        }
    }
}

/// Logs why, without anything of the person, and says what the person may know.
fn told(provider: &str, error: &OidcError) -> Error {
    tracing::warn!(provider, reason = %error, "a sign-in did not succeed");
    meaning(error)
}

fn meaning(error: &OidcError) -> Error {
    match error {
        OidcError::Unavailable(_) | OidcError::Signing | OidcError::Token(TokenError::Unavailable) => Error::Unavailable,
        OidcError::Refused(code) if is_choice(code) => Error::Cancelled,
        OidcError::Refused(_) | OidcError::Unfit(_) | OidcError::Token(_) => Error::Unfit,
    }
}

/// Codes of providers for what is nobody's mistake (RFC 6749 §4.1.2.1, OpenID Connect Core §3.1.2.6).
fn is_choice(code: &str) -> bool {
    matches!(code, "access_denied" | "login_required" | "interaction_required" | "consent_required" | "account_selection_required")
}

/// A provider by its name.
pub fn door<'a>(services: &'a Services, name: &str) -> Result<&'a SignIn, Error> {
    services.doors.iter().find(|door| door.name() == name).ok_or(Error::Provider)
}

/// Names and titles of the providers for clinicians.
pub fn of_clinicians(services: &Services) -> Vec<(String, String)> {
    let own = services.doors.iter().filter(|door| matches!(door.whom, Whom::Clinicians(_)));
    own.map(|door| (door.name().to_owned(), door.title.clone())).collect()
}

/// A provider as people know it; one that is not in the settings any more has its name only.
pub fn title(services: &Services, name: &str) -> String {
    door(services, name).map_or_else(|_| name.to_owned(), |door| door.title.clone())
}

/// Whether patients sign in at a provider.
pub fn is_for_patients(services: &Services, name: &str) -> bool {
    door(services, name).is_ok_and(|door| matches!(door.whom, Whom::Patients { .. }))
}

/// A person on the way to a provider.
#[derive(Debug, Clone)]
pub struct Away {
    /// Where to.
    pub address: String,
    /// What the browser keeps meanwhile, sealed.
    pub sealed: String,
    /// For how long, seconds.
    pub seconds: i64,
}

/// What an EHR says when it opens this service (SMART App Launch 2, EHR launch).
#[derive(Clone, PartialEq, Eq)]
pub struct Launch {
    /// Base of its FHIR server.
    pub iss: String,
    /// Its name for this launch; means nothing here.
    pub launch: String,
}

/// Begins a sign-in for somebody at an address. Nothing is asked of an EHR that is not in the settings.
pub async fn begin(services: &Services, name: &str, launch: Option<&Launch>, address: IpAddr) -> Result<Away, Error> {
    let door = door(services, name)?;
    if launch.is_some_and(|launch| door.provider.settings.smart_base.as_ref() != Some(&launch.iss)) {
        return Err(Error::Ehr);
    }
    sign_in_limit::count(services, address).await?;
    let (now, entropy) = (services.now(), services.entropy.as_ref());
    let flow = Flow::new(name, now, entropy);
    let launch = launch.map(|launch| launch.launch.as_str());
    let to = door.provider.begin(&flow, launch, now, entropy).await.map_err(|error| told(name, &error))?;
    let plain = zeroize::Zeroizing::new(serde_json::to_vec(&flow).map_err(|_| Fault::Content("sign-in"))?);
    let sealed = cookie::seal(&services.ring, entropy, &plain)?;
    Ok(Away { address: to.into(), sealed, seconds: flow.exp - now.timestamp() })
}

/// Somebody who came back from a provider.
#[derive(Debug, Clone, Copy)]
pub struct Returned<'a> {
    /// What the browser kept, sealed.
    pub sealed: &'a str,
    /// What it brought.
    pub came: &'a Came,
    /// Address of the request.
    pub address: IpAddr,
}

/// What the provider says of the person who came back, with the level of assurance.
async fn identity(services: &Services, door: &SignIn, back: Returned<'_>) -> Result<(Arrival, Option<String>), Error> {
    let flow: Flow = cookie::open(&services.ring, back.sealed).and_then(|plain| serde_json::from_slice(&plain).ok()).ok_or(Error::Unfit)?;
    let (now, entropy, skew) = (services.now(), services.entropy.as_ref(), services.rules.token_skew_seconds);
    let arrival = door.provider.finish(&flow, back.came, now, entropy, skew).await.map_err(|error| told(door.name(), &error))?;
    sign_in_limit::release(services, back.address, flow.began()).await?;
    let level = door.level(&arrival.claims)?;
    Ok((arrival, level))
}

/// Signs in the clinician who came back from a provider. The session that the browser had before ends. Gives also
/// the patient who is open in the EHR, where the provider is one ([`super::launch`]).
pub async fn clinician(
    services: &Services,
    name: &str,
    back: Returned<'_>,
    before: Option<SeatId>,
    request_id: &str,
) -> Result<(Begun, Option<InContext>), Error> {
    let door = door(services, name)?;
    let Whom::Clinicians(map) = &door.whom else { return Err(Error::Provider) };
    let (Arrival { claims, patient }, assurance) = identity(services, door, back).await?;
    let claim = |name: &Option<String>| name.as_deref().and_then(|name| text(&claims, name)).filter(|value| !value.is_empty());
    let number = match &map.home {
        Home::Claim(name) => text(&claims, name).ok_or(Error::Unknown)?,
        Home::Number(number) => number.clone(),
    };
    if !map.organizations.is_empty() && !map.organizations.contains(&number) {
        return Err(Error::Unknown);
    }
    let (hpr, subject) = (claim(&map.hpr_number), claim(&map.subject));
    if hpr.is_none() && subject.is_none() {
        return Err(Error::Unknown);
    }
    // Who acts for the whole names it twice.
    let unit_number = claim(&map.unit).filter(|own| *own != number);
    let way = Way { provider: Some(name.to_owned()), assurance, sid: text(&claims, "sid"), unit_number };
    let context = (services.clone(), number, hpr, subject, way, before, request_id.to_owned());
    let begun = services
        .db
        .write(context, |(services, number, hpr, subject, way, before, request_id), tx| {
            Box::pin(async move {
                let organization = organizations::organization_by_number(tx, number).await?.ok_or(Error::Unknown)?.id;
                let key = match (&*hpr, &*subject) {
                    (Some(number), _) => ClinicianKey::Hpr(organization, number.clone()),
                    (None, Some(subject)) => ClinicianKey::Subject(organization, subject.clone()),
                    (None, None) => return Err(Error::Unknown),
                };
                let person = organizations::clinician(tx, &key).await?.ok_or(Error::Unknown)?;
                Ok(clinic_session::begin(tx, services, person, way, *before, request_id).await?)
            })
        })
        .await?;
    let token = clinic_session::token(services, &begun)?;
    Ok((Begun { seated: begun, token }, patient))
}

/// The national identifier of the patient who came back from a provider.
pub async fn patient(services: &Services, name: &str, back: Returned<'_>) -> Result<PatientIdentifier, Error> {
    let door = door(services, name)?;
    let Whom::Patients { national_id } = &door.whom else { return Err(Error::Provider) };
    let (Arrival { claims, .. }, _) = identity(services, door, back).await?;
    let number = text(&claims, national_id).ok_or(Error::Unknown)?;
    let kinds = [IdentifierSystem::Fnr, IdentifierSystem::DNumber];
    let allowed = services.rules.allow_synthetic_persons;
    kinds.into_iter().find_map(|kind| PatientIdentifier::parse(kind.uri(), None, &number, allowed).ok()).ok_or(Error::Unknown)
}

/// A provider says that a session of its own is over (OpenID Connect Back-Channel Logout 1.0): those that were
/// begun in it end. Gives how many.
pub async fn left(services: &Services, name: &str, token: &str, request_id: &str) -> Result<usize, Error> {
    let door = door(services, name).ok().filter(|door| matches!(door.whom, Whom::Clinicians(_))).ok_or(Error::Provider)?;
    let skew = services.rules.token_skew_seconds;
    let sid = door.provider.left(token, services.now(), skew).await.map_err(|error| {
        // Anybody can send one: nothing to be warned of.
        tracing::info!(provider = name, reason = %error, "a logout token is not accepted");
        meaning(&error)
    })?;
    Ok(clinic_session::end_of_provider(services, name, &sid, request_id).await?)
}

/// Where to end the session at the provider as well, with its title.
pub async fn leave(services: &Services, name: &str) -> Option<(String, String)> {
    let door = door(services, name).ok().filter(|door| matches!(door.whom, Whom::Clinicians(_)))?;
    let back = format!("{}/klinikk/inn", services.rules.base_url);
    let address = door.provider.leave(&back, services.now()).await?;
    Some((address.into(), door.title.clone()))
}
