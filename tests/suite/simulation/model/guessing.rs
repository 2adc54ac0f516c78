//! The table of attempts as `docs/security.md` has it.

use super::Model;
use chrono::{DateTime, Duration, Utc};
use std::collections::BTreeMap;

/// What is counted together.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// A credential, by its link and its code.
    Credential(usize),
    /// A code that opens nothing.
    UnknownCode(String),
    /// A block of addresses, in ten minutes.
    Address(String, DateTime<Utc>),
    /// All typed codes, in an hour.
    AllCodes(DateTime<Utc>),
}

/// Where a counter stands.
#[derive(Debug, Clone)]
pub struct Counter {
    pub failures: i32,
    pub wait_until: DateTime<Utc>,
    pub moved: DateTime<Utc>,
}

pub type Counters = BTreeMap<Subject, Counter>;

/// Minutes to wait after so many failures.
const WAITS: [i64; 6] = [0, 0, 0, 1, 5, 15];

fn start(now: DateTime<Utc>, minutes: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(now.timestamp() - now.timestamp().rem_euclid(minutes * 60), 0).expect("time")
}

impl Subject {
    /// Failures after which nothing more is compared.
    pub fn limit(&self) -> i32 {
        match self {
            Self::Credential(_) | Self::UnknownCode(_) => 10,
            Self::Address(..) => 20,
            Self::AllCodes(_) => 600,
        }
    }

    fn waits(&self) -> bool {
        matches!(self, Self::Credential(_) | Self::UnknownCode(_))
    }

    fn kept(&self) -> Duration {
        if self.waits() { Duration::days(400) } else { Duration::hours(24) }
    }

    pub fn address(address: &str, now: DateTime<Utc>) -> Self {
        let (block, _) = address.rsplit_once('.').expect("an address");
        Self::Address(block.to_owned(), start(now, 10))
    }

    pub fn all_codes(now: DateTime<Utc>) -> Self {
        Self::AllCodes(start(now, 60))
    }

    fn over(&self) -> DateTime<Utc> {
        match self {
            Self::Address(_, from) => *from + Duration::minutes(10),
            Self::AllCodes(from) => *from + Duration::hours(1),
            Self::Credential(_) | Self::UnknownCode(_) => DateTime::UNIX_EPOCH,
        }
    }
}

impl Model {
    /// Counts one attempt under each; or none of them, and says why. Gives the failures of the credential.
    pub fn reserve(&mut self, subjects: &[Subject]) -> Result<i32, String> {
        let mut failures = 0;
        for (at, subject) in subjects.iter().enumerate() {
            match self.count(subject) {
                Some(count) if subject.waits() => failures = count,
                Some(_) => {}
                None => {
                    for earlier in &subjects[..at] {
                        self.take_back(earlier);
                    }
                    return Err(self.refusal(subject));
                }
            }
        }
        Ok(failures)
    }

    fn count(&mut self, subject: &Subject) -> Option<i32> {
        let now = self.now;
        let counter = self.counters.entry(subject.clone()).or_insert(Counter { failures: 0, wait_until: DateTime::UNIX_EPOCH, moved: now });
        if counter.failures >= subject.limit() || counter.wait_until > now {
            return None;
        }
        counter.failures += 1;
        let step = usize::try_from(counter.failures).unwrap_or(0).min(WAITS.len() - 1);
        let minutes = if subject.waits() { WAITS[step] } else { 0 };
        // No wait is over whatever another clock says.
        counter.wait_until = if minutes == 0 { DateTime::UNIX_EPOCH } else { now + Duration::minutes(minutes) };
        counter.moved = now;
        Some(counter.failures)
    }

    /// It was right: as if it had never been tried.
    pub fn take_back(&mut self, subject: &Subject) {
        if let Some(counter) = self.counters.get_mut(subject)
            && counter.failures > 0
        {
            counter.failures -= 1;
            counter.wait_until = DateTime::UNIX_EPOCH;
        }
    }

    fn refusal(&self, subject: &Subject) -> String {
        let counter = &self.counters[subject];
        if subject.waits() && counter.failures >= subject.limit() {
            return "exhausted".to_owned();
        }
        let until = if subject.waits() { counter.wait_until } else { subject.over() };
        format!("wait {}", (until - self.now).num_seconds().max(1))
    }

    /// Forgets counters that have not moved for long; says how many.
    pub fn forget_counters(&mut self) -> usize {
        let (now, before) = (self.now, self.counters.len());
        self.counters.retain(|subject, counter| counter.moved >= now - subject.kept());
        before - self.counters.len()
    }
}
