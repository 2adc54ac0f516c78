//! Deletes the oldest part of a log whose time is over: whole prefixes of the chain that a signed head
//! covers. What stays verifies from there, and the signed record of the pruning says how far it went:
//! whoever deletes without the log key can't say so.

use crate::crypto::chain;
use crate::crypto::note::{Head, Note, PublicKeys};
use crate::domain::ids::OrganizationId;
use crate::services::Services;
use crate::services::audit::{self, Caller, Deed};
use crate::services::fault::{Fault, unit_error};
use crate::storage::log_heads::{self, StoredHead};
use crate::storage::log_seals;
use chrono::{DateTime, Utc};

/// Entries deleted in one transaction.
const AT_ONCE: u64 = 200;

/// Why nothing was deleted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The head that pruning would rest on is not what was signed: the log must be looked at first.
    #[error("the head of the access log that pruning would rest on is not the one that was signed")]
    Unsigned,
    /// Below.
    #[error(transparent)]
    Fault(#[from] Fault),
}

unit_error!(Error);

/// Deletes an organization's entries up to the newest head that was signed at `cut_off` or before: all
/// of them are older. Gives how many entries. Can be run again where it was interrupted.
pub async fn prune(services: &Services, organization: OrganizationId, cut_off: DateTime<Utc>) -> Result<u64, Error> {
    let size = services
        .db
        .write((services.clone(), organization, cut_off), |(services, organization, cut_off), tx| {
            Box::pin(async move {
                let done = log_heads::last_prune(tx, *organization).await?.map_or(0, |prune| prune.size);
                let Some(head) = log_heads::newest(tx, *organization, Some(*cut_off)).await?.filter(|head| head.size > done) else {
                    return Ok::<_, Error>(done);
                };
                let seal = log_seals::at(tx, *organization, head.size).await?;
                let note = Note::parse(&head.note).filter(|note| {
                    PublicKeys::of(&services.ring).is_ok_and(|keys| note.is_signed(&keys))
                        && (note.head.organization, note.head.size) == (*organization, head.size)
                        && note.head.at <= *cut_off
                        && seal.as_ref().is_some_and(|seal| chain::hash(&seal.hash) == Some(note.head.hash))
                });
                let signed = note.ok_or(Error::Unsigned)?.head;
                let record = Head { at: services.now(), pruned_before: Some(*cut_off), ..signed };
                let (note, key_version) = record.sign(&services.ring)?;
                let row = StoredHead {
                    organization: *organization,
                    size: record.size,
                    hash: record.hash.to_vec(),
                    at: record.at,
                    key_version,
                    note,
                };
                log_heads::insert_prune(tx, &row, *cut_off).await?;
                let deed = Deed::done("access-log.prune", Some(("organization", organization.0)), Vec::new());
                audit::write(tx, services, &Caller::system(*organization, "prune-access-log"), &deed).await?;
                Ok(record.size)
            })
        })
        .await?;
    let mut deleted = 0;
    loop {
        let some = services.db.write((organization, size), |(organization, size), tx| {
            Box::pin(async move {
                let some = log_seals::delete_oldest(tx, *organization, *size, AT_ONCE).await?;
                if some == 0 {
                    log_heads::delete_below(tx, *organization, *size).await?;
                }
                Ok::<_, Fault>(some)
            })
        });
        match some.await? {
            0 => return Ok(deleted),
            some => deleted += some,
        }
    }
}
