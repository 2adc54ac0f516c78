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
//! `KARTLEGGING_SIMULATION=seed:operations` runs any number on SQLite, with `:postgres` behind it on
//! PostgreSQL; `tests/simulate` runs a million.

pub mod dice;
mod faults;
mod finding;
mod given;
mod history;
mod invariants;
mod ledger;
mod letters;
mod model;
mod operations;
mod player;
mod post;
mod process;
mod settle;
mod shortest;
mod stage;
mod step;
mod world;

use crate::support::app::Kind;
use given::Given;
use history::{History, Lie, Told};
use shortest::shortest;
use std::collections::BTreeMap;

/// Operations in one history: a database of that size is still read through in a moment.
const LENGTH: u64 = 2_000;

/// Runs a history; when it fails, says with what and how to see it again.
fn simulate(kind: Kind, seed: u64, operations: u64) -> Told {
    println!("simulation: seed {seed}, {operations} operations on {kind:?}");
    let failure = match History::new(kind, seed, operations).run() {
        Ok(told) => return told,
        Err(failure) => failure,
    };
    let (what, operations) = (failure.what.clone(), failure.operations);
    println!("seed {seed} fails at operation {operations}: {what}\nlooking for the shortest history that fails …");
    let on = if kind == Kind::Postgres { ":postgres" } else { "" };
    panic!(
        "seed {seed} fails at operation {operations}: {what}\n\nshortest:\n{}\n\nagain: \
         KARTLEGGING_SIMULATION={seed}:{operations}{on} cargo test --test suite simulation::of_any_seed -- --nocapture",
        shortest(kind, seed, failure)
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
        seed_1 1; seed_2 2; seed_3 3; seed_4 4; seed_5 5; seed_6 6;
    }
}

/// What has to do with mail happens: all kinds, failures, and repeats after a fault.
#[test]
fn seeds_7_to_9_have_mails_of_every_kind() {
    let told: Vec<Told> = (7..=9).map(|seed| simulate(Kind::Sqlite, seed, LENGTH)).collect();
    let happened = |what: &str| told.iter().any(|told| told.tally.keys().any(|key| key.starts_with(what)));
    for what in [
        "a mail → notice",
        "a mail → reminder",
        "a mail → digest",
        "a mail again →",
        "plan notices → planned",
        "plan notices → nothing planned",
        "plan notices → fault",
        "deliver mails → sent",
        "deliver mails → nothing sent",
        "deliver mails → fault",
        "set the plan of → set",
        "set the address of → set",
        "stop mails by credential → done",
        "the mail server → away",
        "the mail server → there",
    ] {
        assert!(happened(what), "{what} never happened");
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
    let mut parts = asked.split(':');
    let mut number = || parts.next().and_then(|text| text.parse::<u64>().ok()).expect("seed:operations");
    let (seed, operations) = (number(), number());
    let kind = if parts.next() == Some("postgres") { Kind::Postgres } else { Kind::Sqlite };
    let mut tally: BTreeMap<String, usize> = BTreeMap::new();
    for number in 0..operations.div_ceil(LENGTH) {
        for (what, times) in simulate(kind, seed + number, LENGTH.min(operations - number * LENGTH)).tally {
            *tally.entry(what).or_default() += times;
        }
    }
    for (what, times) in tally {
        println!("{times:>8} {what}");
    }
}

/// The same seed gives the same history, whatever the machine does meanwhile.
#[test]
fn a_seed_replays() {
    assert_eq!(simulate(Kind::Sqlite, 50, 400), simulate(Kind::Sqlite, 50, 400));
    assert_ne!(simulate(Kind::Sqlite, 51, 50).digest, simulate(Kind::Sqlite, 52, 50).digest);
}

/// Whatever the model says otherwise than the database has it, is noticed.
#[test]
fn a_lie_is_found() {
    let lies: [(&str, Lie); 10] = [
        ("an entry of the log is missing", |model| {
            model.log.pop().is_some_and(|_| std::mem::replace(&mut model.compared, model.log.len()) > 0)
        }),
        // Several: the patient of one may be erased before anybody reads it.
        ("answers are other ones", |model| {
            let given = |row: &&mut model::Response| row.versions.last().is_some_and(|version| !version.given.flat.is_empty());
            let mut own: Vec<_> = model.responses.iter_mut().filter(given).collect();
            if own.len() <= 3 {
                return false;
            }
            for version in own.iter_mut().filter_map(|row| row.versions.last_mut()) {
                version.given = Given::nothing();
            }
            true
        }),
        ("an answer is lost", |model| model.responses.iter_mut().any(|row| row.versions.len() > 1 && row.versions.pop().is_some())),
        ("an answer is doubled", |model| {
            let row = model.responses.iter_mut().find(|row| !row.versions.is_empty());
            row.is_some_and(|row| {
                row.versions.extend_from_within(..1);
                true
            })
        }),
        ("an attempt is forgotten", |model| {
            let counter = model.counters.values_mut().find(|counter| counter.failures > 0);
            counter.is_some_and(|counter| std::mem::replace(&mut counter.failures, 0) > 0)
        }),
        ("links are dead", |model| {
            let live: Vec<usize> = (0..model.credentials.len())
                .filter(|row| model.waits(model.credentials[*row].invitation) && !model.credentials[*row].revoked)
                .collect();
            for row in &live {
                model.credentials[*row].revoked = true;
            }
            live.len() > 3
        }),
        ("a patient has another birth date", |model| {
            model.patients.last_mut().is_some_and(|row| row.born.succ_opt().map(|date| row.born = date).is_some())
        }),
        ("a mail is forgotten", |model| {
            let waiting = model.messages.iter_mut().find(|row| row.state == "waiting");
            waiting.is_some_and(|row| std::mem::replace(&mut row.state, "sent") == "waiting")
        }),
        ("a mail went twice", |model| {
            let one = model.mails.pop();
            model.mails.extend(one.iter().cloned().chain(one.clone()));
            one.is_some()
        }),
        ("a draft is gone", |model| model.invitations.iter_mut().any(|row| row.draft.take().is_some())),
    ];
    for (what, lie) in lies {
        assert!(History::new(Kind::Sqlite, 60, 1_000).lying(80, lie).run().is_err(), "{what}: not noticed");
    }
}
