//! From a history that fails to the shortest one that still does.

use super::history::{Failure, History};
use crate::support::app::Kind;
use std::collections::{BTreeSet, VecDeque};

/// Histories that are tried for a shorter one.
const TRIES: usize = 80;

/// Leaves out ever smaller parts as long as it still fails, and tells what is left and how it ends.
pub fn shortest(kind: Kind, seed: u64, failure: Failure) -> String {
    let mut least = failure;
    let (mut part, mut tries) = (least.steps.len().div_ceil(2), 0);
    while part > 0 && tries < TRIES {
        let (mut at, before) = (0, least.steps.len());
        while at < least.steps.len() && tries < TRIES {
            tries += 1;
            let numbers: VecDeque<u64> = least.steps.iter().map(|(number, _)| *number).collect();
            let kept: BTreeSet<u64> =
                numbers.iter().enumerate().filter(|(place, _)| !(at..at + part).contains(place)).map(|(_, number)| *number).collect();
            match History::new(kind, seed, 0).only(kept).run() {
                Err(failed) if failed.steps.len() < least.steps.len() => least = failed,
                _ => at += part,
            }
        }
        if least.steps.len() == before {
            part /= 2;
        } else {
            part = part.min(least.steps.len().div_ceil(2));
        }
    }
    let steps: Vec<String> = least.steps.into_iter().map(|(_, what)| what).collect();
    format!("{}\nthen: {}", steps.join("\n"), least.what)
}
