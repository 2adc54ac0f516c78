//! Histories from a seed: operations of letter systems, patients, staff, jobs and of those who guess, in
//! random order, under a clock that jumps, with faults, against a small model that says what each must
//! answer and leave. The services are the real ones, on a real database.
//!
//! - `operations` has what can happen, each as the service and as the model;
//! - `stage` runs both, unit of work by unit of work, so that what happens at once and what breaks half
//!   way is told exactly;
//! - `settle` compares answers and the access log after each step, `invariants` everything now and then.
//!
//! A history that fails prints its seed and how to run it again, and the shortest one that still fails.
//! `KARTLEGGING_SIMULATION=seed:operations` runs any number on SQLite; `tests/simulate` runs a million.

mod dice;
mod faults;
mod given;
mod history;
mod invariants;
mod model;
mod operations;
mod process;
mod settle;
mod stage;
mod step;
mod world;

use crate::support::app::Kind;
use history::{History, shortest};
use std::collections::BTreeMap;

/// Operations in one history: a database of that size is still read through in a moment.
const LENGTH: u64 = 2_000;

/// Runs a history; when it fails, says with what and how to see it again.
fn simulate(kind: Kind, seed: u64, operations: u64) -> BTreeMap<String, usize> {
    println!("simulation: seed {seed}, {operations} operations");
    let failure = match History::new(kind, seed, operations).run() {
        Ok(tally) => return tally,
        Err(failure) => failure,
    };
    let short = shortest(kind, seed, &failure);
    panic!(
        "seed {seed} fails at operation {}: {}\n\nthe shortest history that fails:\n{short}\n\n\
             KARTLEGGING_SIMULATION={seed}:{} cargo test --test suite simulation -- --nocapture",
        failure.operations, failure.what, failure.operations
    );
}

macro_rules! histories {
    ($kind:expr, $operations:expr; $($name:ident $seed:literal;)*) => {$(
        #[test]
        fn $name() {
            simulate($kind, $seed, $operations);
        }
    )*};
}

mod sqlite {
    use super::*;

    histories! { Kind::Sqlite, LENGTH;
        seed_1 1; seed_2 2; seed_3 3; seed_4 4; seed_5 5; seed_6 6; seed_7 7; seed_8 8; seed_9 9;
    }
}

mod postgres {
    use super::*;

    histories! { Kind::Postgres, 1_000; seed_101 101; seed_102 102; }
}

/// What `KARTLEGGING_SIMULATION` asks for, as histories one after the other.
#[test]
fn of_any_seed() {
    let Ok(asked) = std::env::var("KARTLEGGING_SIMULATION") else { return };
    let (seed, operations) = asked.split_once(':').expect("seed:operations");
    let (seed, operations): (u64, u64) = (seed.parse().expect("a seed"), operations.parse().expect("a number of operations"));
    let histories = operations.div_ceil(LENGTH);
    let mut tally: BTreeMap<String, usize> = BTreeMap::new();
    for number in 0..histories {
        for (what, times) in simulate(Kind::Sqlite, seed + number, LENGTH.min(operations - number * LENGTH)) {
            *tally.entry(what).or_default() += times;
        }
    }
    for (what, times) in tally {
        println!("{times:>8} {what}");
    }
}
