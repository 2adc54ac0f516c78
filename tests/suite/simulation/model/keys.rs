//! Idempotency keys.

use super::Model;
use chrono::{DateTime, Duration, Utc};

/// Actor, operation, key.
pub type Key = (usize, &'static str, String);

/// What is known of a key.
#[derive(Debug, Clone)]
pub struct Use {
    pub body: Vec<u8>,
    pub created_at: DateTime<Utc>,
    pub locked_until: DateTime<Utc>,
    pub outcome: Option<Outcome>,
}

/// What was recorded.
#[derive(Debug, Clone)]
pub enum Outcome {
    Items(Vec<Kept>),
    /// Invitation and credential.
    Reissued(usize, usize),
    Entered(usize),
}

/// An item of a batch.
#[derive(Debug, Clone)]
pub enum Kept {
    /// Invitation and credential.
    Done(usize, usize),
    Exists(usize),
    Refused(String),
}

pub enum Begun {
    Work,
    Replay(Outcome),
}

impl Model {
    pub fn begin(&mut self, key: &Key, body: &[u8]) -> Result<Begun, String> {
        let now = self.now;
        if let Some(known) = self.keys.get(key) {
            let kept = known.created_at + Duration::hours(24) > now;
            let died = known.outcome.is_none() && known.locked_until <= now;
            if kept && !died {
                if known.body != body {
                    return Err("body differs".to_owned());
                }
                return known.outcome.clone().map(Begun::Replay).ok_or_else(|| "in flight".to_owned());
            }
        }
        let fresh = Use { body: body.to_vec(), created_at: now, locked_until: now + Duration::minutes(2), outcome: None };
        self.keys.insert(key.clone(), fresh);
        Ok(Begun::Work)
    }

    pub fn finish(&mut self, key: &Key, outcome: Outcome) {
        if let Some(known) = self.keys.get_mut(key) {
            known.outcome = Some(outcome);
        }
    }

    /// Lets a key go whose work was refused.
    pub fn release(&mut self, key: &Key) {
        if self.keys.get(key).is_some_and(|known| known.outcome.is_none()) {
            self.keys.remove(key);
        }
    }

    /// Forgets keys of yesterday; says how many.
    pub fn forget_keys(&mut self) -> usize {
        let (now, before) = (self.now, self.keys.len());
        self.keys.retain(|_, known| known.created_at >= now - Duration::hours(24));
        before - self.keys.len()
    }
}
