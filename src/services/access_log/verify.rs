//! Reads the whole log and says where it is not what was sealed and signed. Needs the database and the
//! public log keys, nothing else, and holds a page of entries in memory at a time.

use crate::crypto::chain::{self, Hash};
use crate::crypto::note::{Head, Note, PublicKeys};
use crate::domain::ids::{LogEntryId, OrganizationId};
use crate::domain::log::{GRACE, agree};
use crate::services::Fault;
use crate::storage::access_log::{self, Entry};
use crate::storage::log_heads::{self, StoredHead};
use crate::storage::log_seals::{self, Seal};
use crate::storage::{Db, Reader, Snapshot, StorageError, organizations};
use chrono::{DateTime, Duration, Utc};
use std::collections::{BTreeMap, VecDeque};

/// Rows read at a time.
const PAGE: u64 = 500;
/// An entry that got its seal this much after its time is counted: the sealer stood still.
const LATE: Duration = Duration::hours(1);

/// What is wrong at a place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Wrong {
    /// The entry that was sealed here is gone.
    #[error("the entry that was sealed here is deleted")]
    Deleted,
    /// Entry, patients or seal differ from what was sealed.
    #[error("the entry or its list of patients was changed, or it stands in another place than it was sealed in")]
    Changed,
    /// A seal is missing between two others.
    #[error("the seal of this place is missing")]
    SealMissing,
    /// The log ends before what was signed.
    #[error("the log ends before here, and a head of {0} entries was signed: its end is cut off")]
    Truncated(u64),
    /// The chain is sound in itself but not the one that was signed.
    #[error("the log up to here is not the one that was signed at {0}: it was written anew")]
    Rewritten(DateTime<Utc>),
    /// An entry from before a head that has no seal, or got it after that head.
    #[error("the entry says it is from {0}, and a head that was signed at {1} covers that time without it: it was put in later")]
    Inserted(DateTime<Utc>, DateTime<Utc>),
    /// The id and the time of an entry differ.
    #[error("the id of the entry was not made at the time that the entry says")]
    OtherTime,
    /// A head with a signature that is none of the log's.
    #[error("the head of {0} entries is not signed by the log's key, or says something else than its row")]
    Unsigned(u64),
    /// The front is gone and no signed record says why.
    #[error("the log begins after here, and no signed record of pruning says so")]
    FrontMissing,
    /// A saved head is of an organization that the database does not have.
    #[error("the saved heads name an organization that the database does not have")]
    OrganizationMissing,
}

/// The first place that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// Place in the chain, where it has one.
    pub sequence: Option<u64>,
    /// The entry.
    pub entry: Option<LogEntryId>,
    /// What.
    pub wrong: Wrong,
}

/// What was found in one organization's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Whose log.
    pub organization: OrganizationId,
    /// Places of the chain that were pruned.
    pub pruned: u64,
    /// Places up to which it was checked.
    pub size: u64,
    /// The newest signed head.
    pub head: Option<Head>,
    /// Entries without a seal: those of the last seconds, or all since the sealer stood still.
    pub unsealed: u64,
    /// Entries that got their seal more than an hour after their time: the sealer stood still then.
    pub late: u64,
    /// The first place that is wrong.
    pub broken: Option<Broken>,
}

/// Checks every organization's log; `saved` are heads that were kept elsewhere.
pub async fn verify(db: &Db, keys: &PublicKeys, saved: &[Note]) -> Result<Vec<Outcome>, Fault> {
    let organizations =
        db.read((), |(), snapshot| Box::pin(async move { Ok::<_, Fault>(organizations::organizations(snapshot).await?) })).await?;
    let mut outcomes = Vec::new();
    let mut left: BTreeMap<OrganizationId, Vec<Note>> = BTreeMap::new();
    for note in saved {
        left.entry(note.head.organization).or_default().push(note.clone());
    }
    for organization in organizations {
        let own = left.remove(&organization.id).unwrap_or_default();
        let context = (organization.id, keys.clone(), own);
        // One snapshot: a running service seals and prunes meanwhile.
        let outcome = db.read(context, |(organization, keys, own), snapshot| {
            Box::pin(async move {
                let mut walk = Walk::new(*organization, keys);
                match walk.all(snapshot, own).await {
                    Ok(()) => {}
                    Err(Stop::Broken(broken)) => walk.outcome.broken = Some(broken),
                    Err(Stop::Fault(fault)) => return Err(fault),
                }
                Ok::<_, Fault>(walk.outcome)
            })
        });
        outcomes.push(outcome.await?);
    }
    outcomes.extend(left.into_keys().map(|organization| {
        let broken = Some(Broken { sequence: None, entry: None, wrong: Wrong::OrganizationMissing });
        Outcome { broken, ..empty(organization) }
    }));
    Ok(outcomes)
}

fn empty(organization: OrganizationId) -> Outcome {
    Outcome { organization, pruned: 0, size: 0, head: None, unsealed: 0, late: 0, broken: None }
}

enum Stop {
    Broken(Broken),
    Fault(Fault),
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<StorageError> for Stop {
    fn from(error: StorageError) -> Self {
        Self::Fault(error.into())
    }
}

fn at(sequence: u64, entry: Option<LogEntryId>, wrong: Wrong) -> Stop {
    Stop::Broken(Broken { sequence: Some(sequence), entry, wrong })
}

/// The way along a chain.
struct Walk<'k> {
    keys: &'k PublicKeys,
    outcome: Outcome,
    hash: Hash,
    /// When the newest of the heads that were passed was signed.
    signed: Option<DateTime<Utc>>,
}

impl<'k> Walk<'k> {
    fn new(organization: OrganizationId, keys: &'k PublicKeys) -> Self {
        Self { keys, outcome: empty(organization), hash: chain::START, signed: None }
    }

    async fn all(&mut self, snapshot: &Snapshot, saved: &[Note]) -> Result<(), Stop> {
        self.begin(snapshot).await?;
        let mut heads = Heads::new(self, saved);
        heads.pass(self, snapshot).await?;
        loop {
            let page = log_seals::page(snapshot, self.outcome.organization, self.outcome.size, PAGE).await?;
            let ids: Vec<LogEntryId> = page.iter().map(|(seal, _)| seal.entry).collect();
            let mut patients = access_log::patients(snapshot, &ids).await?;
            for (seal, entry) in &page {
                let expected = self.outcome.size + 1;
                if seal.sequence != expected {
                    let front = expected == 1;
                    return Err(at(expected, None, if front { Wrong::FrontMissing } else { Wrong::SealMissing }));
                }
                let entry = entry.as_ref().ok_or(at(expected, Some(seal.entry), Wrong::Deleted))?;
                let own = patients.remove(&entry.id).unwrap_or_default();
                self.step(seal, entry, &entry.body(own, seal.sealed_at).canonical())?;
                heads.pass(self, snapshot).await?;
            }
            if page.len() < usize::try_from(PAGE).unwrap_or(usize::MAX) {
                break;
            }
        }
        if let Some((size, _, head)) = heads.next(self, snapshot).await? {
            let wrong = if head.is_some() { Wrong::Truncated(size) } else { Wrong::Unsigned(size) };
            return Err(at(self.outcome.size + 1, None, wrong));
        }
        self.unsealed(snapshot).await
    }

    /// Where the chain begins: at the first entry, or after what a signed record says was pruned.
    async fn begin(&mut self, snapshot: &Snapshot) -> Result<(), Stop> {
        let organization = self.outcome.organization;
        let Some(prune) = log_heads::last_prune(snapshot, organization).await? else { return Ok(()) };
        let head = self.signed_head(&prune).filter(|head| head.pruned_before.is_some());
        let head = head.ok_or(at(prune.size, None, Wrong::FrontMissing))?;
        (self.outcome.pruned, self.outcome.size, self.hash) = (head.size, head.size, head.hash);
        Ok(())
    }

    /// What a stored note says, where it is signed and says the same as its row.
    fn signed_head(&self, stored: &StoredHead) -> Option<Head> {
        let note = Note::parse(&stored.note).filter(|note| note.is_signed(self.keys))?;
        let same = (note.head.organization, note.head.size, note.head.hash.as_slice(), note.head.at)
            == (self.outcome.organization, stored.size, stored.hash.as_slice(), stored.at);
        same.then_some(note.head)
    }

    fn step(&mut self, seal: &Seal, entry: &Entry, body: &[u8]) -> Result<(), Stop> {
        let hash = chain::link(&self.hash, seal.sequence, body);
        if entry.organization != self.outcome.organization || seal.hash != hash {
            return Err(at(seal.sequence, Some(seal.entry), Wrong::Changed));
        }
        self.in_time(Some(seal.sequence), entry)?;
        self.outcome.late += u64::from(seal.sealed_at - entry.at > LATE);
        self.outcome.size = seal.sequence;
        self.hash = hash;
        Ok(())
    }

    /// A head says that every entry from the grace before it is among those it covers.
    fn in_time(&self, sequence: Option<u64>, entry: &Entry) -> Result<(), Stop> {
        let broken = |wrong| Err(Stop::Broken(Broken { sequence, entry: Some(entry.id), wrong }));
        if !agree(entry.id.0, entry.at) {
            return broken(Wrong::OtherTime);
        }
        match self.signed {
            Some(signed) if entry.at < signed - GRACE => broken(Wrong::Inserted(entry.at, signed)),
            _ => Ok(()),
        }
    }

    async fn unsealed(&mut self, snapshot: &Snapshot) -> Result<(), Stop> {
        let mut from = LogEntryId(uuid::Uuid::nil());
        loop {
            let page = log_seals::unsealed(snapshot, self.outcome.organization, from, PAGE).await?;
            for entry in &page {
                self.in_time(None, entry)?;
                self.outcome.unsealed += 1;
            }
            match page.last() {
                Some(last) if page.len() == usize::try_from(PAGE).unwrap_or(usize::MAX) => {
                    from = LogEntryId(uuid::Uuid::from_u128(last.id.0.as_u128().saturating_add(1)));
                }
                _ => return Ok(()),
            }
        }
    }
}

/// A head that is to come: size, time, and what it says where it is signed.
type Coming = (u64, DateTime<Utc>, Option<Head>);

/// Heads in the order of their sizes, those of the database and those that were saved.
struct Heads {
    stored: VecDeque<Coming>,
    last: (u64, DateTime<Utc>),
    done: bool,
    saved: VecDeque<Coming>,
}

impl Heads {
    /// Of saved heads that pruning has passed nothing is left to compare with.
    fn new(walk: &Walk<'_>, saved: &[Note]) -> Self {
        let coming = |note: &Note| (note.head.size, note.head.at, note.is_signed(walk.keys).then(|| note.head.clone()));
        let mut heads: Vec<Coming> = saved.iter().map(coming).filter(|(size, ..)| *size >= walk.outcome.size).collect();
        heads.sort_by_key(|(size, at, _)| (*size, *at));
        Self { stored: VecDeque::new(), last: (walk.outcome.size, DateTime::UNIX_EPOCH), done: false, saved: heads.into() }
    }

    /// The next one, left where it is.
    async fn next(&mut self, walk: &Walk<'_>, reader: &impl Reader) -> Result<Option<Coming>, Stop> {
        if self.stored.is_empty() && !self.done {
            let page = log_heads::after(reader, walk.outcome.organization, self.last.0, self.last.1, PAGE).await?;
            self.done = page.is_empty();
            self.last = page.last().map_or(self.last, |head| (head.size, head.at));
            self.stored = page.iter().map(|row| (row.size, row.at, walk.signed_head(row))).collect();
        }
        let key = |coming: &&Coming| (coming.0, coming.1);
        Ok([self.stored.front(), self.saved.front()].into_iter().flatten().min_by_key(key).cloned())
    }

    /// Compares every head of the present size with the chain.
    async fn pass(&mut self, walk: &mut Walk<'_>, reader: &impl Reader) -> Result<(), Stop> {
        while let Some(coming) = self.next(walk, reader).await? {
            if coming.0 > walk.outcome.size {
                break;
            }
            let head = coming.2.clone().ok_or(at(coming.0, None, Wrong::Unsigned(coming.0)))?;
            if head.size == walk.outcome.size && head.hash != walk.hash {
                return Err(at(head.size, None, Wrong::Rewritten(head.at)));
            }
            walk.signed = walk.signed.max(Some(head.at));
            walk.outcome.head = Some(head);
            for heads in [&mut self.stored, &mut self.saved] {
                if heads.front() == Some(&coming) {
                    heads.pop_front();
                }
            }
        }
        Ok(())
    }
}
