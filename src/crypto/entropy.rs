//! The two places that ask the machine: its clock and its random numbers.

use crate::domain::clock::{Clock, Entropy};
use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use chrono::{DateTime, TimeDelta, Utc};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// The machine's clock, which never goes back: sessions, waits and windows that are over stay over.
///
/// When the machine's time is set back, this one goes on from where it was, at the pace of the monotonic
/// clock, until the machine's has caught up or the program is started again.
#[derive(Debug, Default)]
pub struct SystemClock(Mutex<Option<Reading>>);

/// The machine's time when it last was ahead of ours.
#[derive(Debug, Clone, Copy)]
struct Reading {
    at: DateTime<Utc>,
    tick: Instant,
    /// Whether it has been said that the machine's time went back.
    said: bool,
}

/// Differences below this are corrections that every machine makes.
const WORTH_SAYING: TimeDelta = TimeDelta::seconds(5);

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one clock that everything else is handed")]
    fn instant(&self) -> DateTime<Utc> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = steady(*known, Utc::now(), Instant::now());
        if let Some(back) = now.back {
            tracing::error!(seconds = back.num_seconds(), "the machine's clock went back; this program keeps its own time until a restart");
        }
        *known = Some(now.reading);
        now.at
    }
}

/// What the clock shows, and what is kept for the next look.
struct Shown {
    at: DateTime<Utc>,
    reading: Reading,
    /// How far the machine's time went back, the first time it is seen.
    back: Option<TimeDelta>,
}

/// The later of the machine's time and what has passed since it was last ahead.
fn steady(known: Option<Reading>, wall: DateTime<Utc>, tick: Instant) -> Shown {
    let fresh = Reading { at: wall, tick, said: false };
    let Some(known) = known else { return Shown { at: wall, reading: fresh, back: None } };
    let passed = TimeDelta::from_std(tick.saturating_duration_since(known.tick)).unwrap_or_default();
    let own = known.at + passed;
    if wall >= own {
        return Shown { at: wall, reading: fresh, back: None };
    }
    let back = Some(own - wall).filter(|back| !known.said && *back >= WORTH_SAYING);
    Shown { at: own, reading: Reading { said: known.said || back.is_some(), ..known }, back }
}

/// The machine's random numbers (aws-lc's DRBG).
#[derive(Debug, Clone)]
pub struct SystemEntropy(SystemRandom);

impl Default for SystemEntropy {
    fn default() -> Self {
        Self(SystemRandom::new())
    }
}

impl Entropy for SystemEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        if self.0.fill(bytes).is_err() {
            // Without randomness every key and nonce would be wrong: stopping is the only safe end.
            std::process::abort();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "the monotonic clock can't be made by hand")]
    fn time_goes_on_when_the_machine_is_set_back() {
        let (start, tick) = (DateTime::UNIX_EPOCH + TimeDelta::days(20_000), Instant::now());
        let at = |seconds: u64| tick + Duration::from_secs(seconds);
        let first = steady(None, start, tick);
        // Set back an hour, ten seconds later: said once.
        let hour = TimeDelta::hours(1);
        let second = steady(Some(first.reading), start - hour + TimeDelta::seconds(10), at(10));
        assert_eq!((second.at, second.back), (start + TimeDelta::seconds(10), Some(hour)));
        let third = steady(Some(second.reading), start - hour + TimeDelta::seconds(20), at(20));
        assert_eq!((third.at, third.back), (start + TimeDelta::seconds(20), None));
        // Right again, and ahead: followed.
        let last = steady(Some(third.reading), start + TimeDelta::seconds(31), at(30));
        assert_eq!(last.at, start + TimeDelta::seconds(31));
    }
}
