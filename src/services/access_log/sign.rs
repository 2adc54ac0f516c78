//! Signs the end of each chain, and sends what was signed out of the database: a chain that is cut or
//! written anew as a whole is noticed only against a head that is kept elsewhere.

use super::seal::all;
use super::{end, horizon};
use crate::crypto::note::Head;
use crate::crypto::outlet::{self, OutletError};
use crate::domain::ids::{LogEntryId, OrganizationId};
use crate::services::{Fault, Services};
use crate::storage::log_heads::{self, StoredHead};
use crate::storage::{Reader, log_seals};
use chrono::{DateTime, Duration, Utc};
use std::path::PathBuf;

/// A chain that does not grow is signed again after this long: to say that nothing was added.
const AGAIN: Duration = Duration::days(1);
/// Heads that one organization sends to one place in one run. Of more the newest go: a head covers all
/// before it.
const BACKLOG: u64 = 100;

/// How often heads are signed, and where they go.
#[derive(Debug, Clone)]
pub struct Heads {
    /// Time between two heads.
    pub every: Duration,
    /// File they are added to.
    pub file: Option<PathBuf>,
    /// Address they are posted to.
    pub url: Option<url::Url>,
}

impl Default for Heads {
    fn default() -> Self {
        Self { every: Duration::minutes(5), file: None, url: None }
    }
}

/// Signs the chains that have grown; gives how many.
pub async fn sign(services: &Services) -> Result<u64, Fault> {
    let mut signed = 0;
    for organization in all(services).await? {
        let done = services.db.write((services.clone(), organization), |(services, organization), tx| {
            Box::pin(async move {
                let now = services.now();
                let end = end(tx, *organization).await?;
                let newest = log_heads::newest(tx, *organization, None).await?;
                let known = newest.is_some_and(|head| head.size == end.size && now < head.at + AGAIN);
                if end.size == 0 || known || is_behind(tx, *organization, end.horizon, now).await? {
                    return Ok::<_, Fault>(0);
                }
                let head = Head { organization: *organization, size: end.size, hash: end.hash, at: now, pruned_before: None };
                let (note, key_version) = head.sign(&services.ring)?;
                let row = StoredHead { organization: *organization, size: end.size, hash: end.hash.to_vec(), at: now, key_version, note };
                log_heads::insert(tx, &row).await?;
                Ok(1)
            })
        });
        signed += done.await?;
    }
    Ok(signed)
}

/// Whether entries older than the grace still wait for a seal, after a standstill. A head says that
/// none does, so none is signed before they have it.
async fn is_behind(reader: &impl Reader, organization: OrganizationId, from: LogEntryId, now: DateTime<Utc>) -> Result<bool, Fault> {
    let first = log_seals::unsealed(reader, organization, from, 1).await?;
    Ok(first.first().is_some_and(|entry| entry.id < horizon(now)))
}

/// The newest signed note of every organization.
pub async fn newest_heads(services: &Services) -> Result<Vec<String>, Fault> {
    let mut notes = Vec::new();
    for organization in all(services).await? {
        let found = services.db.read(organization, |organization, snapshot| {
            Box::pin(async move { Ok::<_, Fault>(log_heads::newest(snapshot, *organization, None).await?) })
        });
        notes.extend(found.await?.map(|head| head.note));
    }
    Ok(notes)
}

/// Sends heads to the file and the address that are set, each from where it was left; gives how many
/// got there. What does not is logged and sent at the next turn.
pub async fn deliver(services: &Services) -> Result<u64, Fault> {
    let heads = &services.rules.log_heads;
    let mut sent = 0;
    if let Some(file) = &heads.file {
        let mut text = String::new();
        let mut reached = Vec::new();
        for organization in all(services).await? {
            let pending = pending(services, organization, "file").await?;
            reached.extend(pending.last().map(|head| (organization, head.at)));
            for head in &pending {
                // The empty line also ends one that was cut short.
                text.push('\n');
                text.push_str(&head.note);
                sent += 1;
            }
        }
        if !text.is_empty() {
            match outlet::append(file, &text).await {
                Ok(()) => mark(services, "file", reached).await?,
                Err(error) => {
                    failed("file", &error);
                    sent = 0;
                }
            }
        }
    }
    if let Some(url) = &heads.url {
        for organization in all(services).await? {
            for head in pending(services, organization, "url").await? {
                if let Err(error) = outlet::post(url, &head.note).await {
                    // The others go the same way: one wait is enough.
                    failed("url", &error);
                    return Ok(sent);
                }
                mark(services, "url", vec![(organization, head.at)]).await?;
                sent += 1;
            }
        }
    }
    Ok(sent)
}

fn failed(outlet: &'static str, error: &OutletError) {
    tracing::warn!(outlet, %error, "signed heads of the access log could not be sent; tried again at the next turn");
}

async fn pending(services: &Services, organization: OrganizationId, outlet: &'static str) -> Result<Vec<StoredHead>, Fault> {
    services
        .db
        .read((organization, outlet), |(organization, outlet), snapshot| {
            Box::pin(async move {
                let since = log_heads::delivered(snapshot, *organization, outlet).await?.unwrap_or(DateTime::UNIX_EPOCH);
                Ok::<_, Fault>(log_heads::newest_since(snapshot, *organization, since, BACKLOG).await?)
            })
        })
        .await
}

async fn mark(services: &Services, outlet: &'static str, reached: Vec<(OrganizationId, DateTime<Utc>)>) -> Result<(), Fault> {
    services
        .db
        .write((outlet, reached), |(outlet, reached), tx| {
            Box::pin(async move {
                for (organization, at) in reached {
                    log_heads::set_delivered(tx, *organization, outlet, *at).await?;
                }
                Ok::<_, Fault>(())
            })
        })
        .await
}
