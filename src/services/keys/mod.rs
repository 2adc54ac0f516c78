//! Keys while the service serves: what is in use, rotation, retiring a version.
//!
//! A version comes in by three steps: it is added (every instance can read what it makes), it is made
//! active (it makes what is new), and what older versions made is put under it. A version goes when
//! nothing needs it. Each step can be run again, and two runs at once do no harm: rows are changed
//! only where they are still as they were found.

pub mod instances;
pub mod retire;
pub mod rotate;

use super::fault::{Fault, unit_error};
use super::{Services, startup};
use crate::crypto::ring::Purpose;
use crate::domain::ids::OrganizationId;
use crate::storage::guards;
use crate::storage::key_use::{self, Use};
use crate::storage::organizations::{self, OrganizationKey};
use crate::storage::{Reader, StorageError};
use chrono::{DateTime, Duration, Utc};

/// Requests that began before another version became active have ended after that.
pub const SETTLED: Duration = Duration::seconds(10);

/// What is rotated or retired.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// Keys of the key file.
    Purpose(Purpose),
    /// An organization's own keys, which are in the database.
    Organization(OrganizationId),
}

/// Why it can't be done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// There is no such version.
    #[error("there is no such key version")]
    NotFound,
    /// Nothing to rotate to, and nothing left to do.
    #[error("version {0} makes new values already, and nothing is left under older ones")]
    NothingNewer(u16),
    /// It makes new values.
    #[error("version {0} makes new values")]
    Active(u16),
    /// Rows need it.
    #[error("rows need it")]
    Needed(Vec<Use>),
    /// Requests that began before may still write under it.
    #[error("requests that began before may still use it for {0} seconds")]
    Unsettled(i64),
    /// Running instances don't know enough; each with whether it reads the key file again.
    #[error("running instances do not know it yet")]
    Unaware(Vec<(uuid::Uuid, bool)>),
    /// Rows under older versions stay, however often they are worked on.
    #[error("{0} rows stay under older versions")]
    Left(u64),
    /// Below.
    #[error(transparent)]
    Fault(#[from] Fault),
}

unit_error!(Error);

impl From<startup::Error> for Error {
    fn from(error: startup::Error) -> Self {
        match error {
            startup::Error::Fault(fault) => Self::Fault(fault),
            _ => Self::NotFound,
        }
    }
}

/// A key version as `keys status` shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionStatus {
    /// Whose.
    pub target: Target,
    /// Version.
    pub version: u16,
    /// Since when the database knows it; `None` for an organization's own.
    pub since: Option<DateTime<Utc>>,
    /// Since when it makes, or when it began to make, new values.
    pub active_at: Option<DateTime<Utc>>,
    /// Whether it is the one that makes new values.
    pub is_active: bool,
    /// What needs it, of a version that makes nothing new.
    pub uses: Vec<Use>,
}

/// Every version of every key.
pub async fn status(services: &Services) -> Result<Vec<VersionStatus>, Fault> {
    instances::refresh(services).await?;
    services.db.read(services.clone(), |services, snapshot| Box::pin(status_in(services, snapshot))).await
}

async fn status_in(services: &Services, reader: &crate::storage::Snapshot) -> Result<Vec<VersionStatus>, Fault> {
    let checks = guards::key_checks(reader).await?;
    let active = instances::active(&checks);
    let mut all = Vec::new();
    for purpose in Purpose::ALL {
        for version in services.ring.versions(purpose) {
            let own = checks.iter().find(|check| check.purpose == purpose.word() && check.version == version);
            let is_active = active.get(&purpose) == Some(&version);
            let uses = if is_active { Vec::new() } else { uses(services, reader, purpose, version).await? };
            let (since, active_at) = (own.map(|own| own.created_at), own.and_then(|own| own.active_at));
            all.push(VersionStatus { target: Target::Purpose(purpose), version, since, active_at, is_active, uses });
        }
    }
    for row in organizations::keys(reader, None).await? {
        let rows = organizations::keys(reader, Some(row.organization)).await?;
        let current = active_of(&rows).map_or(0, |key| key.version);
        let is_active = current == row.version;
        let uses = if is_active { Vec::new() } else { key_use::of_organization(reader, row.organization, row.version, current).await? };
        let (target, version) = (Target::Organization(row.organization), row.version);
        all.push(VersionStatus { target, version, since: None, active_at: row.active_at, is_active, uses });
    }
    Ok(all)
}

/// The key of an organization that makes new values.
fn active_of(rows: &[OrganizationKey]) -> Option<&OrganizationKey> {
    rows.iter().filter(|key| key.active_at.is_some()).max_by_key(|key| (key.active_at, key.version))
}

/// When a version that makes nothing new was followed by another one.
async fn followed(reader: &impl Reader, purpose: Purpose) -> Result<Option<DateTime<Utc>>, StorageError> {
    let checks = guards::key_checks(reader).await?;
    Ok(checks.iter().filter(|check| check.purpose == purpose.word()).filter_map(|check| check.active_at).max())
}

/// What needs a version of a purpose. An issuer's tokens are counted nowhere: whoever has one gets
/// another.
async fn uses(services: &Services, reader: &impl Reader, purpose: Purpose, version: u16) -> Result<Vec<Use>, StorageError> {
    let now = services.now();
    let since = followed(reader, purpose).await?.unwrap_or(now);
    if purpose == Purpose::Root {
        key_use::of_root(reader, key_use::Under::This(version)).await
    } else if purpose == Purpose::Link {
        key_use::of_link(reader, version, now).await
    } else if purpose == Purpose::Lookup {
        key_use::of_lookup(reader, version, &services.ring.versions(Purpose::Link), now, since).await
    } else if purpose == Purpose::Session {
        key_use::of_session(reader, now, since).await
    } else if purpose == Purpose::Log {
        key_use::of_log(reader, version).await
    } else {
        Ok(Vec::new())
    }
}
