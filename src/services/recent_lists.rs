//! Worklists that were opened a moment ago: a nurse looks at the same one again and again, her colleagues at
//! the same as she, and each time every name and digest of it would be read and opened anew.
//!
//! A list is kept for a minute, in memory only, and is shown as long as nothing has changed that lists are made
//! of. That is counted where it can be (`Db::changes`): on SQLite, which one process writes. On PostgreSQL every
//! list is read (`docs/adr/0027-recent-lists.md`).

use super::worklist::{List, Query};
use crate::domain::ids::{OrganizationId, UnitId};
use crate::domain::language::Language;
use crate::text::packed::Part;
use chrono::{DateTime, Duration, NaiveDate, Utc};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Most lists at once: some hundred kilobytes each.
const MOST: usize = 16;
/// How long one is kept.
const KEPT: Duration = Duration::minutes(1);

#[derive(PartialEq, Eq)]
struct Key {
    organization: OrganizationId,
    unit: UnitId,
    days: (NaiveDate, NaiveDate),
    language: Language,
}

impl Key {
    fn of(organization: OrganizationId, query: &Query) -> Self {
        Self { organization, unit: query.unit, days: (query.from, query.to), language: query.language.clone() }
    }
}

struct Kept {
    key: Key,
    at: DateTime<Utc>,
    list: Arc<List>,
}

/// What was written of lists for a page.
struct Written {
    /// What it was written from and how, in words of its own.
    name: String,
    changes: u64,
    at: DateTime<Utc>,
    part: Arc<Part>,
}

/// A unit with the first and the last day.
type Place = (OrganizationId, UnitId, NaiveDate, NaiveDate);

/// What tells one state of a window from another, asked for by every page that stands open.
struct Marked {
    place: Place,
    changes: u64,
    at: DateTime<Utc>,
    mark: u64,
}

/// The lists.
#[derive(Default)]
pub struct RecentLists {
    opened: Mutex<Vec<Kept>>,
    written: Mutex<Vec<Written>>,
    marked: Mutex<Vec<Marked>>,
}

fn locked<T>(all: &Mutex<Vec<T>>) -> MutexGuard<'_, Vec<T>> {
    all.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Puts one more there, instead of the oldest where there are enough.
fn put<T>(all: &mut Vec<T>, one: T) {
    if all.len() >= MOST {
        all.remove(0);
    }
    all.push(one);
}

impl RecentLists {
    /// What `write` writes of lists that were shown, or has written of the same lists: those that had this
    /// number of changes. The name says all that the text depends on beside them: organization, units, days,
    /// language, order.
    pub fn written<E>(
        &self,
        name: String,
        changes: Option<u64>,
        now: DateTime<Utc>,
        write: impl FnOnce() -> Result<String, E>,
    ) -> Result<Arc<Part>, E> {
        let Some(changes) = changes else { return Ok(Arc::new(Part::new(write()?))) };
        let mut all = locked(&self.written);
        all.retain(|one| one.changes >= changes);
        if let Some(one) = all.iter().find(|one| one.name == name && one.changes == changes) {
            return Ok(Arc::clone(&one.part));
        }
        drop(all);
        let part = Arc::new(Part::new(write()?));
        put(&mut locked(&self.written), Written { name, changes, at: now, part: Arc::clone(&part) });
        Ok(part)
    }

    /// The list that a caller of the organization asks for, when there were no changes since. Those that there
    /// were changes since are let go.
    pub(super) fn find(&self, organization: OrganizationId, query: &Query, changes: Option<u64>) -> Option<Arc<List>> {
        let key = Key::of(organization, query);
        let mut all = locked(&self.opened);
        all.retain(|kept| changes.is_some() && kept.list.changes == changes);
        all.iter().find(|kept| kept.key == key).map(|kept| Arc::clone(&kept.list))
    }

    /// Keeps a list, where changes are counted.
    pub(super) fn keep(&self, organization: OrganizationId, query: &Query, now: DateTime<Utc>, list: &Arc<List>) {
        if list.changes.is_none() {
            return;
        }
        let key = Key::of(organization, query);
        let mut all = locked(&self.opened);
        all.retain(|kept| kept.key != key);
        put(&mut all, Kept { key, at: now, list: Arc::clone(list) });
    }

    /// The mark of a window, when there were no changes since it was made.
    pub(super) fn mark(&self, place: Place, changes: Option<u64>) -> Option<u64> {
        let mut all = locked(&self.marked);
        all.retain(|one| Some(one.changes) == changes);
        all.iter().find(|one| one.place == place).map(|one| one.mark)
    }

    /// Keeps the mark of a window, where changes are counted: this many there were before it was made.
    pub(super) fn keep_mark(&self, place: Place, changes: Option<u64>, now: DateTime<Utc>, mark: u64) {
        if let Some(changes) = changes {
            put(&mut locked(&self.marked), Marked { place, changes, at: now, mark });
        }
    }

    /// Lets go of lists that were opened more than a minute ago. A job says so, whoever asks or doesn't.
    pub fn forget_old(&self, now: DateTime<Utc>) {
        let is_new = |at: DateTime<Utc>| now.signed_duration_since(at) < KEPT;
        locked(&self.opened).retain(|kept| is_new(kept.at));
        locked(&self.written).retain(|written| is_new(written.at));
        locked(&self.marked).retain(|marked| is_new(marked.at));
    }
}
