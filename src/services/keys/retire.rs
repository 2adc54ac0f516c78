//! Retiring a key version: refused as long as a row needs it, a running instance makes values with it,
//! or a request that began before may.

use super::instances::{self, Need};
use super::rotate::{Tell, wait_for_organizations};
use super::{Error, SETTLED, Target, active_of, followed, uses};
use crate::crypto::ring::Purpose;
use crate::domain::ids::OrganizationId;
use crate::services::{Fault, Services};
use crate::storage::key_use::{self, Use};
use crate::storage::{guards, organizations, rewrap};
use chrono::{DateTime, Utc};

/// Blind indexes deleted in one unit of work.
const BATCH: u64 = 500;

/// Forgets a version, so that a start without it is no fault. `now`: does not wait for what only dies
/// out, such as sessions. A purpose's key must then be taken out of the key file.
pub async fn retire(services: &Services, target: Target, version: u16, now: bool, tell: Tell<'_>) -> Result<(), Error> {
    match target {
        Target::Purpose(purpose) => retire_purpose(services, purpose, version, now).await,
        Target::Organization(organization) => retire_organization(services, organization, version, tell).await,
    }
}

fn refuse_needed(uses: Vec<Use>, now: bool) -> Result<(), Error> {
    let uses: Vec<Use> = uses.into_iter().filter(|own| !(now && own.passing)).collect();
    if uses.is_empty() { Ok(()) } else { Err(Error::Needed(uses)) }
}

fn refuse_unsettled(services: &Services, followed: Option<DateTime<Utc>>) -> Result<(), Error> {
    let left = followed.map_or(0, |at| (at + SETTLED - services.now()).num_seconds());
    if left > 0 { Err(Error::Unsettled(left)) } else { Ok(()) }
}

async fn retire_purpose(services: &Services, purpose: Purpose, version: u16, now: bool) -> Result<(), Error> {
    let known = instances::refresh(services).await?;
    let active = known.active.get(purpose.word()).copied().unwrap_or(0);
    if active == version {
        return Err(Error::Active(version));
    }
    if !services.ring.versions(purpose).contains(&version) {
        return Err(Error::NotFound);
    }
    let unaware = instances::unaware(services, &Need::Active(purpose, active)).await?;
    if !unaware.is_empty() {
        return Err(Error::Unaware(unaware));
    }
    let context = (services.clone(), purpose, version);
    let (needed, at) = services
        .db
        .read(context, |(services, purpose, version), snapshot| {
            Box::pin(
                async move { Ok::<_, Fault>((uses(services, snapshot, *purpose, *version).await?, followed(snapshot, *purpose).await?)) },
            )
        })
        .await?;
    // What was added and never used is needed by nothing.
    if version < active {
        refuse_unsettled(services, at)?;
        refuse_needed(needed, now)?;
    }
    forget(services, purpose, version).await
}

/// Forgets a version of a purpose in the database. After the key file has been changed it is done
/// again: an instance may have recorded one that was never used anew in between.
pub async fn forget(services: &Services, purpose: Purpose, version: u16) -> Result<(), Error> {
    services
        .db
        .write((purpose, version), |(purpose, version), tx| {
            Box::pin(async move { Ok(guards::forget_key(tx, purpose.word(), *version).await?) })
        })
        .await
}

async fn retire_organization(services: &Services, organization: OrganizationId, version: u16, tell: Tell<'_>) -> Result<(), Error> {
    instances::refresh(services).await?;
    let (rows, needed) = services
        .db
        .read((organization, version), |(organization, version), snapshot| {
            Box::pin(async move {
                let rows = organizations::keys(snapshot, Some(*organization)).await?;
                let active = active_of(&rows).map_or(0, |key| key.version);
                let needed = key_use::of_organization(snapshot, *organization, *version, active).await?;
                Ok::<_, Fault>((rows, needed))
            })
        })
        .await?;
    let active = active_of(&rows).ok_or(Error::NotFound)?;
    if active.version == version {
        return Err(Error::Active(version));
    }
    if version > active.version {
        return Err(Error::NotFound);
    }
    let unaware = instances::unaware(services, &Need::Organizations).await?;
    if !unaware.is_empty() {
        return Err(Error::Unaware(unaware));
    }
    refuse_unsettled(services, active.active_at)?;
    refuse_needed(needed, false)?;
    let there = services
        .db
        .write((organization, version), |(organization, version), tx| {
            Box::pin(async move { Ok::<_, Error>(rewrap::delete_organization_key(tx, *organization, *version).await?) })
        })
        .await?;
    // Instances first: one that still writes indexes under the version would leave them behind.
    wait_for_organizations(services, tell).await?;
    let mut deleted = 0;
    loop {
        let rows = services
            .db
            .write((organization, version), |(organization, version), tx| {
                Box::pin(async move { Ok::<_, Error>(rewrap::delete_indexes(tx, *organization, *version, BATCH).await?) })
            })
            .await?;
        deleted += rows;
        if rows == 0 {
            break;
        }
    }
    // A run that was ended has deleted the key and left indexes.
    if there || deleted > 0 { Ok(()) } else { Err(Error::NotFound) }
}
