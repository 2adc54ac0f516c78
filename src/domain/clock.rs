//! Now and randomness, as arguments.
//!
//! Nothing in this crate asks the machine for the time or for random bytes except the two types
//! in `crate::crypto::entropy` and `SystemClock` there; everything else is handed a [`Clock`] and
//! an [`Entropy`]. So a test moves the clock instead of sleeping, and a seed replays a history.

use chrono::{DateTime, NaiveDate, SubsecRound, Utc};
use chrono_tz::Europe::Oslo;

/// Tells the time.
pub trait Clock: Send + Sync {
    /// The present instant, UTC.
    fn instant(&self) -> DateTime<Utc>;

    /// The present instant cut to microseconds, which is what both databases keep.
    fn now(&self) -> DateTime<Utc> {
        self.instant().trunc_subsecs(6)
    }
}

/// Gives random bytes fit for keys.
pub trait Entropy: Send + Sync {
    /// Fills the whole slice.
    fn fill(&self, bytes: &mut [u8]);
}

/// The calendar date in Norway at that instant.
pub fn oslo_date(at: DateTime<Utc>) -> NaiveDate {
    at.with_timezone(&Oslo).date_naive()
}

/// The instant at which that calendar date begins in Norway.
pub fn oslo_day_start(date: NaiveDate) -> DateTime<Utc> {
    // Norway's clock never skips midnight; if a law ever makes it, the hour after is the start.
    (0..4)
        .filter_map(|hour| date.and_hms_opt(hour, 0, 0))
        .find_map(|local| local.and_local_timezone(Oslo).earliest())
        .map_or_else(|| date.and_time(chrono::NaiveTime::MIN).and_utc(), |at| at.with_timezone(&Utc))
}

/// Clock and randomness for tests: moved by hand, replayed from a seed. Compiled always, because
/// integration tests and the fuzz targets need it too; it reads nothing from the machine.
pub mod testing {
    use super::{Clock, Entropy};
    use chrono::{DateTime, Duration, Utc};
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicU64, Ordering};

    /// A clock that stands still until it is moved.
    #[derive(Debug)]
    pub struct MovableClock(Mutex<DateTime<Utc>>);

    impl MovableClock {
        /// A clock that shows `at`.
        pub fn at(at: DateTime<Utc>) -> Self {
            Self(Mutex::new(at))
        }

        /// Moves the clock forward (or, with a negative duration, back).
        pub fn advance(&self, by: Duration) {
            if let Ok(mut now) = self.0.lock() {
                *now += by;
            }
        }
    }

    impl Clock for MovableClock {
        fn instant(&self) -> DateTime<Utc> {
            self.0.lock().map(|now| *now).unwrap_or_default()
        }
    }

    /// Bytes from a seed (splitmix64): never for keys of a real service.
    #[derive(Debug)]
    pub struct SeededEntropy(AtomicU64);

    impl SeededEntropy {
        /// The stream of that seed.
        pub fn new(seed: u64) -> Self {
            Self(AtomicU64::new(seed))
        }

        fn next(&self) -> u64 {
            let state = self.0.fetch_add(0x9E37_79B9_7F4A_7C15, Ordering::Relaxed);
            let mixed = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            mixed ^ (mixed >> 31)
        }
    }

    impl Entropy for SeededEntropy {
        fn fill(&self, bytes: &mut [u8]) {
            for chunk in bytes.chunks_mut(8) {
                let word = self.next().to_le_bytes();
                let (filled, _) = word.split_at(chunk.len());
                chunk.copy_from_slice(filled);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_starts_at_local_midnight_in_summer_and_winter() {
        let winter = NaiveDate::from_ymd_opt(2026, 12, 1).unwrap_or_default();
        let summer = NaiveDate::from_ymd_opt(2026, 7, 1).unwrap_or_default();
        assert_eq!(oslo_day_start(winter).to_rfc3339(), "2026-11-30T23:00:00+00:00");
        assert_eq!(oslo_day_start(summer).to_rfc3339(), "2026-06-30T22:00:00+00:00");
        assert_eq!(oslo_date(oslo_day_start(winter)), winter);
    }
}
