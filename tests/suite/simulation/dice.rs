//! Randomness of one run: everything that is chosen is chosen here, so a seed replays it.

use kartlegging::domain::clock::Entropy;
use kartlegging::domain::clock::testing::SeededEntropy;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// Draws of a seed (splitmix64).
#[derive(Debug)]
pub struct Dice(u64);

impl Dice {
    /// The draws of a stream of a seed: each step has its own, so that one more draw in an early step
    /// does not change all later ones.
    pub fn of(seed: u64, stream: u64) -> Self {
        Self(seed ^ stream.wrapping_mul(0xD6E8_FEB8_6659_FD93))
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// 0 up to below `end`; 0 when that is 0.
    pub fn below(&mut self, end: usize) -> usize {
        let end = u64::try_from(end).unwrap_or(1).max(1);
        usize::try_from(self.next() % end).unwrap_or(0)
    }

    /// A number of a range, both ends included.
    pub fn between(&mut self, from: i64, to: i64) -> i64 {
        from + i64::try_from(self.below(usize::try_from(to - from + 1).unwrap_or(1))).unwrap_or(0)
    }

    /// True once in so many times.
    pub fn one_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    pub fn pick<T: Clone>(&mut self, from: &[T]) -> Option<T> {
        from.get(self.below(from.len())).cloned()
    }

    /// One of a list that is not empty, the last ones more often: what happened lately is what goes on.
    pub fn lately<T: Clone>(&mut self, from: &[T]) -> Option<T> {
        let reach = if self.one_in(4) { from.len() } else { from.len().min(12) };
        from.get(from.len().checked_sub(1 + self.below(reach))?).cloned()
    }

    /// The index of a weight, the heavier the more often.
    pub fn weighted(&mut self, weights: impl Iterator<Item = usize> + Clone) -> usize {
        let mut left = self.below(weights.clone().sum());
        let found = weights.into_iter().position(|weight| {
            let here = left < weight;
            left = left.saturating_sub(weight);
            here
        });
        found.unwrap_or(0)
    }
}

/// Randomness of one operation. The ids that it makes carry its number, so that what an operation left
/// behind is found in the database even when its answer was lost; they are ordered as they were made. How
/// long it waits with a message that did not go out is known too.
pub struct Marked {
    inner: Arc<SeededEntropy>,
    mark: u32,
    ids: AtomicU32,
    waits: AtomicU32,
}

/// What an operation draws for its waits.
pub fn wait_of(mark: u32, nth: u32) -> u64 {
    Dice(u64::from(mark) << 32 | u64::from(nth)).next()
}

impl Marked {
    pub fn new(inner: Arc<SeededEntropy>, mark: u32) -> Self {
        Self { inner, mark, ids: AtomicU32::new(0), waits: AtomicU32::new(0) }
    }
}

impl Entropy for Marked {
    fn fill(&self, bytes: &mut [u8]) {
        self.inner.fill(bytes);
        // Ten bytes are asked for by ids alone; the first three share their bits with version and variant.
        // The last one decides in which lane a mail goes.
        if bytes.len() == 10 {
            let (number, mark) = (self.ids.fetch_add(1, Ordering::Relaxed).to_be_bytes(), self.mark.to_be_bytes());
            bytes[..3].fill(0);
            bytes[3..6].copy_from_slice(&mark[1..]);
            bytes[6..9].copy_from_slice(&number[1..]);
            bytes[9] = mark[3];
        }
        // Eight by waits alone.
        if bytes.len() == 8 {
            let nth = self.waits.fetch_add(1, Ordering::Relaxed);
            bytes.copy_from_slice(&wait_of(self.mark, nth).to_le_bytes());
        }
    }
}

/// Who made an id, and as which of its ids.
pub fn mark_of(id: uuid::Uuid) -> (u32, u32) {
    let bytes = id.as_bytes();
    let number = |at: usize| u32::from_be_bytes([0, bytes[at], bytes[at + 1], bytes[at + 2]]);
    (number(9), number(12))
}
