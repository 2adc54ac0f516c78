//! Rotation: another version makes new values, and what older ones made is put under it, in batches
//! that each are a unit of work of their own. A run that was ended goes on where it was.

use super::instances::{self, Need};
use super::{Error, Target, active_of};
use crate::crypto::hash::{Label, derive_code, derive_link, lookup};
use crate::crypto::ring::Purpose;
use crate::domain::identifier::PatientIdentifier;
use crate::domain::ids::{CredentialId, OrganizationId, PatientId, PatientIdentifierId};
use crate::services::webhooks::resealed;
use crate::services::{Fault, Services};
use crate::storage::credentials::Credential;
use crate::storage::key_use::{self, Under};
use crate::storage::rewrap::{self, Unindexed};
use crate::storage::{Snapshot, Tx, guards, organizations, webhooks};
use std::time::Duration;
use uuid::Uuid;

/// Rows in one unit of work: short, so that others get their turn.
const BATCH: u64 = 100;
/// How often what came meanwhile is worked on before the run gives up.
const PASSES: usize = 5;
/// How long it is between two looks at what instances know.
const ASKS: Duration = Duration::from_millis(250);
/// How often that is looked at: longer in all than an instance that has died counts as alive.
const ASKED: usize = 960;

/// How far a run is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// It waits until these instances know the version; the flag: whether they read the key file again.
    Waits(Vec<(Uuid, bool)>),
    /// This version makes new values now.
    Active(u16),
    /// So many rows of so many are done.
    Rows(u64, u64),
}

/// Is told how far a run is.
pub type Tell<'t> = &'t mut (dyn FnMut(Progress) + Send);

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rotated {
    /// The version that makes new values.
    pub version: u16,
    /// How many rows were put under it.
    pub rows: u64,
}

/// Rotates one target.
pub async fn rotate(services: &Services, target: Target, tell: Tell<'_>) -> Result<Rotated, Error> {
    let version = match target {
        Target::Purpose(purpose) => next_of_purpose(services, purpose, tell).await?,
        Target::Organization(organization) => next_of_organization(services, organization, tell).await?,
    };
    tell(Progress::Active(version));
    let rows = put_under(services, target, version, tell).await?;
    Ok(Rotated { version, rows })
}

/// Waits until every instance knows enough.
pub(super) async fn wait(services: &Services, need: Need, tell: Tell<'_>) -> Result<(), Error> {
    let mut before = Vec::new();
    for _ in 0..ASKED {
        let unaware = instances::unaware(services, &need).await?;
        if unaware.is_empty() {
            return Ok(());
        }
        if unaware != before {
            tell(Progress::Waits(unaware.clone()));
            before = unaware;
        }
        tokio::time::sleep(ASKS).await;
    }
    Err(Error::Unaware(before))
}

async fn next_of_purpose(services: &Services, purpose: Purpose, tell: Tell<'_>) -> Result<u16, Error> {
    let known = instances::refresh(services).await?;
    let newest = services.ring.versions(purpose).first().copied().unwrap_or(0);
    let active = known.active.get(purpose.word()).copied().unwrap_or(0);
    if newest <= active {
        // A run that was ended may have left rows behind.
        let left = left(services, Target::Purpose(purpose), active).await?;
        return if left > 0 { Ok(active) } else { Err(Error::NothingNewer(active)) };
    }
    wait(services, Need::Version(purpose, newest), tell).await?;
    let context = (purpose, newest, services.now());
    services
        .db
        .write(context, |(purpose, version, now), tx| {
            Box::pin(async move { Ok::<_, Error>(guards::activate_key(tx, purpose.word(), *version, *now).await?) })
        })
        .await?;
    instances::refresh(services).await?;
    wait(services, Need::Active(purpose, newest), tell).await?;
    Ok(newest)
}

async fn next_of_organization(services: &Services, organization: OrganizationId, tell: Tell<'_>) -> Result<u16, Error> {
    instances::refresh(services).await?;
    let rows = services
        .db
        .read(organization, |id, snapshot| Box::pin(async move { Ok::<_, Fault>(organizations::keys(snapshot, Some(*id)).await?) }))
        .await?;
    let active = active_of(&rows).ok_or(Error::NotFound)?.version;
    if left(services, Target::Organization(organization), active).await? > 0 {
        return Ok(active);
    }
    let context = (services.clone(), organization);
    let version = services.db.write(context, |(services, organization), tx| Box::pin(add(tx, services, *organization))).await?;
    wait_for_organizations(services, tell).await?;
    let context = (organization, version, services.now());
    services
        .db
        .write(context, |(organization, version, now), tx| {
            Box::pin(async move { Ok::<_, Error>(rewrap::activate_organization_key(tx, *organization, *version, *now).await?) })
        })
        .await?;
    wait_for_organizations(services, tell).await?;
    Ok(version)
}

/// Adds a key that is not active yet, or finds the one that a run before has added.
async fn add(tx: &Tx, services: &Services, organization: OrganizationId) -> Result<u16, Error> {
    let rows = organizations::keys(tx, Some(organization)).await?;
    let newest = rows.first().ok_or(Error::NotFound)?;
    if newest.active_at.is_none() {
        return Ok(newest.version);
    }
    let version = newest.version.checked_add(1).ok_or(Error::NotFound)?;
    let key = services.vault.next_organization_key(organization, version)?;
    organizations::insert_key(tx, &key, services.now()).await?;
    Ok(version)
}

pub(super) async fn wait_for_organizations(services: &Services, tell: Tell<'_>) -> Result<(), Error> {
    instances::refresh(services).await?;
    wait(services, Need::Organizations, tell).await
}

/// How many rows are under other versions.
async fn left(services: &Services, target: Target, version: u16) -> Result<u64, Fault> {
    let context = (services.clone(), target, version);
    services.db.read(context, |(services, target, version), snapshot| Box::pin(left_in(snapshot, services, *target, *version))).await
}

async fn left_in(reader: &Snapshot, services: &Services, target: Target, version: u16) -> Result<u64, Fault> {
    Ok(match target {
        Target::Purpose(Purpose::Root) => key_use::of_root(reader, Under::Others(version)).await?.iter().map(|own| own.rows).sum(),
        Target::Purpose(Purpose::Lookup) => key_use::hashed(reader, Under::Others(version), &services.ring.versions(Purpose::Link)).await?,
        Target::Purpose(_) => 0,
        Target::Organization(organization) => {
            let wrapped = key_use::wrapped(reader, organization, Under::Others(version)).await?;
            let webhooks = key_use::webhooks(reader, organization, Under::Others(version)).await?;
            wrapped + webhooks + key_use::unindexed(reader, organization, version).await?
        }
    })
}

/// Where a pass is.
#[derive(Debug, Clone, Copy)]
enum At {
    Start,
    PatientKeys(PatientId),
    Indexes(Option<PatientIdentifierId>),
    Credentials(CredentialId),
    Webhooks,
    End,
}

/// Puts everything under a version. What instances wrote under an older one while the pass went on is
/// taken by the next pass.
async fn put_under(services: &Services, target: Target, version: u16, tell: Tell<'_>) -> Result<u64, Error> {
    let mut done = 0;
    for _ in 0..PASSES {
        let left = left(services, target, version).await?;
        if left == 0 {
            return Ok(done);
        }
        let total = done + left;
        tell(Progress::Rows(done, total));
        let mut at = At::Start;
        while !matches!(at, At::End) {
            let context = (services.clone(), target, version, at);
            let (rows, next) = services
                .db
                .write(context, |(services, target, version, at), tx| Box::pin(batch(tx, services, *target, *version, *at)))
                .await?;
            done += rows;
            at = next;
            tell(Progress::Rows(done.min(total), total));
        }
    }
    let left = left(services, target, version).await?;
    if left == 0 { Ok(done) } else { Err(Error::Left(left)) }
}

async fn batch(tx: &Tx, services: &Services, target: Target, version: u16, at: At) -> Result<(u64, At), Error> {
    match (target, at) {
        (Target::Purpose(Purpose::Root), _) => organization_keys(tx, services, version).await,
        (Target::Purpose(Purpose::Lookup), At::Credentials(after)) => hashes(tx, services, version, Some(after)).await,
        (Target::Purpose(Purpose::Lookup), _) => hashes(tx, services, version, None).await,
        (Target::Purpose(_), _) => Ok((0, At::End)),
        (Target::Organization(id), At::PatientKeys(after)) => patient_keys(tx, services, id, version, Some(after)).await,
        (Target::Organization(id), At::Webhooks) => reseal_webhooks(tx, services, id, version).await,
        (Target::Organization(id), At::Indexes(after)) => indexes(tx, services, id, version, after).await,
        (Target::Organization(id), _) => patient_keys(tx, services, id, version, None).await,
    }
}

/// Organizations are few: all in one unit.
async fn organization_keys(tx: &Tx, services: &Services, version: u16) -> Result<(u64, At), Error> {
    let mut rows = 0;
    for old in organizations::keys(tx, None).await?.into_iter().filter(|key| key.root_version != version) {
        rewrap::replace_organization_key(tx, &old, &services.vault.rewrap(&old)?).await?;
        rows += 1;
    }
    Ok((rows, At::End))
}

async fn hashes(tx: &Tx, services: &Services, version: u16, after: Option<CredentialId>) -> Result<(u64, At), Error> {
    let key = services.ring.get(Purpose::Lookup, version)?;
    let links = services.ring.versions(Purpose::Link);
    let found = rewrap::credentials(tx, version, &links, after, BATCH).await?;
    for old in &found {
        let link_key = services.ring.get(Purpose::Link, old.link_key_version)?;
        let new = Credential {
            link_hash: lookup(&key, Label::Link, derive_link(&link_key, old.id).bytes()),
            code_hash: lookup(&key, Label::Code, derive_code(&link_key, old.id).bytes()),
            lookup_key_version: version,
            ..old.clone()
        };
        rewrap::replace_hashes(tx, old, &new).await?;
    }
    Ok((rows(&found), found.last().map_or(At::End, |last| At::Credentials(last.id))))
}

async fn patient_keys(
    tx: &Tx,
    services: &Services,
    organization: OrganizationId,
    version: u16,
    after: Option<PatientId>,
) -> Result<(u64, At), Error> {
    let keys = services.vault.organization(tx, organization).await?;
    let found = rewrap::patient_keys(tx, organization, version, after, BATCH).await?;
    for (patient, old) in &found {
        rewrap::replace_patient_key(tx, *patient, old, &keys.rewrap(*patient, old)?).await?;
    }
    Ok((rows(&found), found.last().map_or(At::Indexes(None), |(patient, _)| At::PatientKeys(*patient))))
}

/// Opens each identifier under the patient's key and writes its blind index under the new version.
async fn indexes(
    tx: &Tx,
    services: &Services,
    organization: OrganizationId,
    version: u16,
    after: Option<PatientIdentifierId>,
) -> Result<(u64, At), Error> {
    let keys = services.vault.organization(tx, organization).await?;
    let found = rewrap::unindexed(tx, organization, version, after, BATCH).await?;
    for row in &found {
        let cipher = services.vault.patient(tx, organization, row.patient, &row.key).await?;
        let value = cipher.open_text("patient_identifier", "value_sealed", row.id.0, &row.value_sealed)?;
        let hash = keys.blind_index(version, &identifier(row, &value)?)?;
        rewrap::insert_index(tx, organization, row, version, &hash).await?;
    }
    Ok((rows(&found), found.last().map_or(At::Webhooks, |last| At::Indexes(Some(last.id)))))
}

/// An organization's webhooks are few: all in one unit.
async fn reseal_webhooks(tx: &Tx, services: &Services, organization: OrganizationId, version: u16) -> Result<(u64, At), Error> {
    let keys = services.vault.organization(tx, organization).await?;
    let found = rewrap::webhooks(tx, organization, version).await?;
    for old in &found {
        webhooks::update(tx, &resealed(&keys, old)?).await?;
    }
    Ok((rows(&found), At::End))
}

/// What is stored was allowed when it came: test persons too.
fn identifier(row: &Unindexed, value: &str) -> Result<PatientIdentifier, Fault> {
    let assigner = (!row.assigner.is_empty()).then_some(row.assigner.as_str());
    PatientIdentifier::parse(&row.system, assigner, value, true).map_err(|_| Fault::Content("patient identifier"))
}

fn rows<T>(found: &[T]) -> u64 {
    u64::try_from(found.len()).unwrap_or(u64::MAX)
}
