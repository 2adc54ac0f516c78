//! The access log after it is written: sealed into a chain, signed, checked, pruned. What writes it is
//! `audit`.
//!
//! [`seal`] gives each entry its place in the chain of its organization, shortly after it was written,
//! so that writers don't queue at the end of a chain; [`sign`] signs the end of each chain and sends it
//! out of the house; [`verify`] finds what was changed; [`prune`] deletes from the front. [`list`] and
//! [`report`] are what admins and auditors read.

mod prune;
mod read;
mod report;
mod seal;
mod sign;
mod verify;

pub use prune::{Error as PruneError, prune};
pub use read::{Error, MAX_DAYS, Page, People, Query, list, log_units, people};
pub use report::{Finding, Report, report};
pub use seal::{missed, seal};
pub use sign::{Heads, deliver, newest_heads, sign};
pub use verify::{Broken, Outcome, Wrong, verify};

pub use crate::storage::access_log::Entry;

use super::Fault;
use crate::crypto::chain::{self, Hash};
use crate::domain::ids::{LogEntryId, OrganizationId};
use crate::domain::log::{GRACE, first_id, time_of};
use crate::storage::{Reader, log_heads, log_seals};
use chrono::{DateTime, Utc};

/// The end of a chain.
struct End {
    size: u64,
    hash: Hash,
    /// Entries with an id below this one were in time for a seal: the search for ones without begins
    /// here.
    horizon: LogEntryId,
}

/// The end of an organization's chain.
///
/// The horizon is what keeps sealing cheap with millions of entries behind: seals are given in the
/// order of ids, so all entries up to the last sealed one have their seal, but for those that were
/// committed late; and those come within the grace. After a standstill the last sealed entry is old,
/// and so is the horizon.
async fn end(reader: &impl Reader, organization: OrganizationId) -> Result<End, Fault> {
    let stored = |bytes: &[u8]| chain::hash(bytes).ok_or(Fault::Content("hash of the access log"));
    if let Some(last) = log_seals::last(reader, organization).await? {
        let sealed = time_of(last.entry.0).map_or(last.sealed_at, |time| time.min(last.sealed_at));
        return Ok(End { size: last.sequence, hash: stored(&last.hash)?, horizon: horizon(sealed) });
    }
    let first = LogEntryId(uuid::Uuid::nil());
    match log_heads::last_prune(reader, organization).await? {
        Some(prune) => Ok(End { size: prune.size, hash: stored(&prune.hash)?, horizon: first }),
        None => Ok(End { size: 0, hash: chain::START, horizon: first }),
    }
}

fn horizon(at: DateTime<Utc>) -> LogEntryId {
    LogEntryId(first_id(at - GRACE))
}
