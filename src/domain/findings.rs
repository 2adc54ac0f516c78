//! Findings: of the responses of one unit and month, how many were at or over the threshold, how soon
//! somebody read them, which problems were ticked; and which of the numbers may be shown.
//!
//! The rule is that of [`uptake`](super::uptake): a number of one to four persons is hidden, and so is one
//! that leaves one to four of those it is taken from. A month is counted once, when nothing in it moves
//! any more: numbers that grew from day to day would tell of who answered in between.

use super::uptake::{FEWEST, few};
use chrono::{Datelike, NaiveDate};
use std::collections::{BTreeMap, BTreeSet};

/// A response as it counts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Finding {
    /// Whether the score is at or over the threshold; `None` where there is no score.
    pub over: Option<bool>,
    /// Minutes from handing in to the first review.
    pub minutes_to_review: Option<u32>,
    /// Codes of the problems that were ticked.
    pub problems: BTreeSet<String>,
}

/// Numbers of one unit and month.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// Responses.
    pub responses: u32,
    /// Of those: with a score.
    pub scored: u32,
    /// Of those: at or over the threshold.
    pub over: u32,
    /// Of the responses: somebody has marked them as read.
    pub reviewed: u32,
    /// Median minutes from handing in to the first review.
    pub minutes_to_review: Option<u32>,
    /// How many ticked a problem, by its code.
    pub problems: BTreeMap<String, u32>,
}

/// Numbers as they may be shown: `None` is hidden.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shown {
    /// Responses.
    pub responses: Option<u32>,
    /// With a score.
    pub scored: Option<u32>,
    /// At or over the threshold.
    pub over: Option<u32>,
    /// Marked as read.
    pub reviewed: Option<u32>,
    /// Median minutes to the first review.
    pub minutes_to_review: Option<u32>,
    /// Problems, the most frequent first; the hidden ones last, by code.
    pub problems: Vec<(String, Option<u32>)>,
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// Counts the responses of one unit and month.
pub fn count(findings: &[Finding]) -> Counts {
    let mut minutes: Vec<u32> = findings.iter().filter_map(|one| one.minutes_to_review).collect();
    minutes.sort_unstable();
    let middle = minutes.len().checked_sub(1).and_then(|last| minutes.get(last / 2).zip(minutes.get(minutes.len() / 2)));
    let mut problems = BTreeMap::new();
    for code in findings.iter().flat_map(|one| &one.problems) {
        *problems.entry(code.clone()).or_default() += 1;
    }
    Counts {
        responses: number(findings.len()),
        scored: number(findings.iter().filter(|one| one.over.is_some()).count()),
        over: number(findings.iter().filter(|one| one.over == Some(true)).count()),
        reviewed: number(minutes.len()),
        minutes_to_review: middle.map(|(lower, upper)| lower.midpoint(*upper)),
        problems,
    }
}

/// What may be shown.
pub fn shown(counts: &Counts) -> Shown {
    let free = |own: u32, of: Option<u32>| of.filter(|of| !few(own) && !few(of.abs_diff(own))).map(|_| own);
    let responses = Some(counts.responses).filter(|all| *all >= FEWEST);
    let scored = free(counts.scored, responses);
    // Not over, with a score or without one, is a number too.
    let over = free(counts.over, scored).filter(|over| free(*over, responses).is_some());
    let reviewed = free(counts.reviewed, responses);
    let mut problems: Vec<(String, Option<u32>)> = Vec::new();
    if responses.is_some() {
        problems = counts.problems.iter().map(|(code, own)| (code.clone(), free(*own, responses))).collect();
        problems.sort_by_key(|(code, own)| (own.is_none(), std::cmp::Reverse(*own), code.clone()));
    }
    let minutes_to_review = counts.minutes_to_review.filter(|_| reviewed.is_some_and(|read| read >= FEWEST));
    Shown { responses, scored, over, reviewed, minutes_to_review, problems }
}

/// The first day of the month that a day is in.
pub fn month_of(day: NaiveDate) -> NaiveDate {
    day.with_day(1).unwrap_or(day)
}

/// The first day of the month after.
pub fn month_after(first: NaiveDate) -> NaiveDate {
    first.checked_add_months(chrono::Months::new(1)).unwrap_or(first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn one(over: bool, minutes: Option<u32>, problems: &[&str]) -> Finding {
        Finding { over: Some(over), minutes_to_review: minutes, problems: problems.iter().map(|code| (*code).to_owned()).collect() }
    }

    #[test]
    fn numbers_of_a_month() {
        let mut all = vec![one(true, Some(10), &["pain", "sleep"]); 6];
        all.extend(vec![one(false, Some(30), &["pain"]); 6]);
        all.push(Finding::default());
        let counts = count(&all);
        assert_eq!((counts.responses, counts.scored, counts.over, counts.reviewed), (13, 12, 6, 12));
        assert_eq!(counts.minutes_to_review, Some(20));
        let seen = shown(&counts);
        // One without a score would be told by the difference.
        assert_eq!((seen.responses, seen.scored, seen.over, seen.reviewed), (Some(13), None, None, None));
        assert_eq!(seen.problems, [("sleep".to_owned(), Some(6)), ("pain".to_owned(), None)]);
        all.pop();
        let seen = shown(&count(&all));
        assert_eq!((seen.scored, seen.over, seen.reviewed, seen.minutes_to_review), (Some(12), Some(6), Some(12), Some(20)));
        assert_eq!(seen.problems, [("pain".to_owned(), Some(12)), ("sleep".to_owned(), Some(6))]);
        assert_eq!(shown(&count(&all[..4])), Shown::default());
    }

    #[test]
    fn months_begin_on_their_first_day() {
        let day = |text: &str| -> NaiveDate { text.parse().unwrap() };
        assert_eq!(month_of(day("2026-12-31")), day("2026-12-01"));
        assert_eq!(month_after(day("2026-12-01")), day("2027-01-01"));
    }

    proptest! {
        #[test]
        fn no_difference_of_what_is_shown_tells_of_few(
            all in proptest::collection::vec((any::<bool>(), any::<bool>(), proptest::option::of(0_u32..99), 0_u8..8), 0..40),
        ) {
            let codes = ["pain", "sleep", "fear"];
            let finding = |(has, over, minutes, bits): (bool, bool, Option<u32>, u8)| Finding {
                over: has.then_some(over),
                minutes_to_review: minutes,
                problems: codes.iter().enumerate().filter(|(at, _)| bits >> at & 1 == 1).map(|(_, code)| (*code).to_owned()).collect(),
            };
            let all: Vec<Finding> = all.into_iter().map(finding).collect();
            let seen = shown(&count(&all));
            let mut parts = vec![seen.scored, seen.over, seen.reviewed];
            parts.extend(seen.problems.iter().map(|(_, own)| *own));
            for part in parts.into_iter().flatten() {
                prop_assert!(!few(part) && !few(seen.responses.unwrap_or_default() - part), "{seen:?}");
            }
            if let (Some(over), Some(scored)) = (seen.over, seen.scored) {
                prop_assert!(!few(scored - over), "{seen:?}");
            }
        }
    }
}
