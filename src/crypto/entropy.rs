//! The two places that ask the machine: its clock and its random numbers.

use crate::domain::clock::{Clock, Entropy};
use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use chrono::{DateTime, Utc};

/// The machine's clock.
#[derive(Debug, Default, Clone, Copy)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one clock that everything else is handed")]
    fn instant(&self) -> DateTime<Utc> {
        Utc::now()
    }
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
