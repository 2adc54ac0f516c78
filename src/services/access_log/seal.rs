//! Gives entries their place in the chain.

use super::{end, horizon};
use crate::crypto::chain;
use crate::domain::ids::{LogEntryId, OrganizationId};
use crate::domain::log::{first_id, time_of};
use crate::services::{Fault, Services};
use crate::storage::access_log;
use crate::storage::log_seals::{self, Seal};
use crate::storage::organizations;
use chrono::TimeDelta;

/// Seals in one transaction: bounds how long other writers wait on SQLite.
const AT_ONCE: u64 = 100;
/// Transactions for one organization in one run, so that a standstill of one does not hold up the
/// others.
const ROUNDS: usize = 100;
/// How far before the last entry of a transaction the next one begins to look: what is committed later than
/// that behind it waits for the next run.
const OVERLAP: TimeDelta = TimeDelta::milliseconds(100);

/// Seals what has no seal yet, in every organization; gives how many entries. Can run twice at once:
/// both want the same place in the chain, which is unique, and the slower one begins again.
pub async fn seal(services: &Services) -> Result<u64, Fault> {
    let mut sealed = 0;
    for organization in all(services).await? {
        // Most of the time there is nothing to do, and a look does not wait for the writer.
        let idle = services.db.read(organization, |organization, snapshot| {
            Box::pin(async move {
                let end = end(snapshot, *organization).await?;
                Ok::<_, Fault>(log_seals::unsealed(snapshot, *organization, end.horizon, 1).await?.is_empty())
            })
        });
        if idle.await? {
            continue;
        }
        // Each transaction goes on from here: else it would look at all entries of the last minutes again.
        let mut behind = None;
        for _ in 0..ROUNDS {
            let (done, last) = some(services, organization, behind).await?;
            sealed += done;
            behind = last.and_then(|last| time_of(last.0)).map(|time| LogEntryId(first_id(time - OVERLAP))).or(behind);
            if done < AT_ONCE {
                break;
            }
        }
    }
    Ok(sealed)
}

pub(super) async fn all(services: &Services) -> Result<Vec<OrganizationId>, Fault> {
    let read = services.db.read((), |(), snapshot| Box::pin(async move { Ok::<_, Fault>(organizations::organizations(snapshot).await?) }));
    Ok(read.await?.into_iter().map(|one| one.id).collect())
}

/// Seals some entries, from this id on where it is behind the horizon; gives how many, and the last one.
async fn some(services: &Services, organization: OrganizationId, behind: Option<LogEntryId>) -> Result<(u64, Option<LogEntryId>), Fault> {
    services
        .db
        .write((services.clone(), organization, behind), |(services, organization, behind), tx| {
            Box::pin(async move {
                let now = services.now();
                let mut end = end(tx, *organization).await?;
                let from = behind.map_or(end.horizon, |behind| behind.max(end.horizon));
                let entries = log_seals::unsealed(tx, *organization, from, AT_ONCE).await?;
                let ids: Vec<LogEntryId> = entries.iter().map(|entry| entry.id).collect();
                let mut patients = access_log::patients(tx, &ids).await?;
                let mut seals = Vec::with_capacity(entries.len());
                for entry in &entries {
                    let body = entry.body(patients.remove(&entry.id).unwrap_or_default(), now);
                    end.size += 1;
                    end.hash = chain::link(&end.hash, end.size, &body.canonical());
                    seals.push(Seal {
                        organization: *organization,
                        sequence: end.size,
                        entry: entry.id,
                        hash: end.hash.to_vec(),
                        sealed_at: now,
                    });
                }
                log_seals::insert(tx, &seals).await?;
                let last = entries.last().map(|entry| entry.id);
                Ok::<_, Fault>((u64::try_from(seals.len()).unwrap_or(u64::MAX), last))
            })
        })
        .await
}

/// Counts, in every organization, the entries that came too late for a seal or whose seal is gone, and
/// names the organization in the log: what the horizon of [`seal`] does not look at.
pub async fn missed(services: &Services) -> Result<u64, Fault> {
    let mut all_missed = 0;
    for organization in all(services).await? {
        let counted = services.db.read((services.clone(), organization), |(services, organization), snapshot| {
            Box::pin(async move {
                let end = end(snapshot, *organization).await?;
                // What is behind the horizon of a standstill will still be sealed.
                let below = end.horizon.min(horizon(services.now()));
                Ok::<_, Fault>(log_seals::counts(snapshot, *organization, below).await?)
            })
        });
        let (entries, seals) = counted.await?;
        if entries != seals {
            tracing::error!(
                %organization,
                entries,
                seals,
                "entries and seals of the access log do not tally: run `kartlegging access-log verify`"
            );
            all_missed += entries.abs_diff(seals);
        }
    }
    Ok(all_missed)
}
