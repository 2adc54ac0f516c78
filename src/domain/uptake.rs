//! Uptake: how many were asked, opened, answered, in one unit and one week, and which of the numbers may
//! be shown.
//!
//! What is counted is a *case*: a visit, or an invitation without one. Not sent and not answered are two
//! things: who was never asked has not declined to answer.
//!
//! A number of one to four persons is hidden, and so is every number by which a hidden one could be
//! computed. A zero is about nobody and is shown.

use chrono::{DateTime, Datelike, Days, NaiveDate, Utc};

/// Numbers of fewer persons than this, and more than none, are hidden.
pub const FEWEST: u32 = 5;

/// A visit or an invitation without one, with what came of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Case {
    /// When a letter or message went out.
    pub sent_at: Option<DateTime<Utc>>,
    /// First opened.
    pub opened_at: Option<DateTime<Utc>>,
    /// First saved.
    pub started_at: Option<DateTime<Utc>>,
    /// First handed in, on a screen or on paper.
    pub answered_at: Option<DateTime<Utc>>,
    /// Handed in on paper, or entered by staff: its times say nothing about the patient's.
    pub by_staff: bool,
    /// Changed after it was handed in.
    pub amended: bool,
    /// The patient said no.
    pub declined: bool,
}

impl Case {
    /// Whether somebody was asked: who has opened or answered was.
    fn sent(&self) -> bool {
        self.sent_at.is_some() || self.opened_at.is_some() || self.answered_at.is_some()
    }
}

/// Numbers of one unit and week.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Cases.
    pub visits: u32,
    /// Of those: nobody was asked.
    pub not_sent: u32,
    /// Of those: asked.
    pub sent: u32,
    /// Of those asked: opened.
    pub opened: u32,
    /// Of those asked: begun.
    pub started: u32,
    /// Of those asked: answered.
    pub answered: u32,
    /// Of those answered: changed afterwards.
    pub amended: u32,
    /// Of those asked: said no.
    pub declined: u32,
    /// Median minutes from sent to handed in, and of how many.
    pub to_answer: Option<(u32, u32)>,
    /// Median minutes from opened to handed in, and of how many.
    pub to_fill_in: Option<(u32, u32)>,
}

fn number(cases: &[Case], is: impl Fn(&Case) -> bool) -> u32 {
    u32::try_from(cases.iter().filter(|case| is(case)).count()).unwrap_or(u32::MAX)
}

/// The median of the times between two moments, in whole minutes, and of how many.
fn median(cases: &[Case], from: impl Fn(&Case) -> Option<DateTime<Utc>>) -> Option<(u32, u32)> {
    let minutes = |case: &Case| {
        let (begun, ended) = (from(case)?, case.answered_at.filter(|_| !case.by_staff)?);
        u32::try_from((ended - begun).num_minutes()).ok()
    };
    let mut all: Vec<u32> = cases.iter().filter_map(minutes).collect();
    all.sort_unstable();
    let (lower, upper) = (all.get(all.len().checked_sub(1)? / 2)?, all.get(all.len() / 2)?);
    Some((lower.midpoint(*upper), u32::try_from(all.len()).unwrap_or(u32::MAX)))
}

/// Counts cases of one unit and week.
pub fn count(cases: &[Case]) -> Counts {
    let sent = number(cases, Case::sent);
    let visits = number(cases, |_| true);
    Counts {
        visits,
        not_sent: visits - sent,
        sent,
        opened: number(cases, |case| case.opened_at.is_some()),
        started: number(cases, |case| case.started_at.is_some()),
        answered: number(cases, |case| case.answered_at.is_some()),
        amended: number(cases, |case| case.amended),
        declined: number(cases, |case| case.declined),
        to_answer: median(cases, |case| case.sent_at),
        to_fill_in: median(cases, |case| case.opened_at),
    }
}

/// Numbers as they may be shown: `None` is hidden.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Shown {
    /// Cases.
    pub visits: Option<u32>,
    /// Not asked.
    pub not_sent: Option<u32>,
    /// Asked.
    pub sent: Option<u32>,
    /// Opened.
    pub opened: Option<u32>,
    /// Begun.
    pub started: Option<u32>,
    /// Answered.
    pub answered: Option<u32>,
    /// Changed afterwards.
    pub amended: Option<u32>,
    /// Said no.
    pub declined: Option<u32>,
    /// Median minutes from sent to handed in.
    pub minutes_to_answer: Option<u32>,
    /// Median minutes from opened to handed in.
    pub minutes_to_fill_in: Option<u32>,
}

pub(super) fn few(number: u32) -> bool {
    (1..FEWEST).contains(&number)
}

/// What may be shown. The numbers are taken in the order of their weight; one is shown when it is not of
/// few persons, and when no difference to what is shown already is.
pub fn shown(counts: &Counts) -> Shown {
    let free =
        |own: u32, outer: &[Option<u32>]| (!few(own) && outer.iter().flatten().all(|outer| !few(outer.abs_diff(own)))).then_some(own);
    // A zero is a number of its own; with few visits even that would tell of each of them.
    let visits = free(counts.visits, &[]);
    if visits.is_none() {
        return Shown::default();
    }
    let sent = free(counts.sent, &[visits]);
    let not_sent = free(counts.not_sent, &[visits]).filter(|_| sent.is_some());
    let answered = free(counts.answered, &[visits, sent]);
    let opened = free(counts.opened, &[visits, sent, answered]);
    let started = free(counts.started, &[visits, sent, answered, opened]);
    let amended = free(counts.amended, &[visits, sent, answered, opened, started]);
    // Asked or opened, and neither answered nor declined, is a number too.
    let rest = |outer: Option<u32>| match (outer, answered) {
        (Some(outer), Some(answered)) => few(outer.abs_diff(answered.saturating_add(counts.declined))),
        _ => false,
    };
    let declined = free(counts.declined, &[visits, sent, opened, started]).filter(|_| ![visits, sent, opened].into_iter().any(rest));
    let timed = |median: Option<(u32, u32)>| median.filter(|(_, of)| answered.is_some() && *of >= FEWEST).map(|(minutes, _)| minutes);
    Shown {
        visits,
        not_sent,
        sent,
        opened,
        started,
        answered,
        amended,
        declined,
        minutes_to_answer: timed(counts.to_answer),
        minutes_to_fill_in: timed(counts.to_fill_in),
    }
}

/// The first day of the month that a week counts to: the one its Thursday is in.
pub fn month_of_week(monday: NaiveDate) -> NaiveDate {
    let thursday = monday.checked_add_days(Days::new(3)).unwrap_or(monday);
    thursday.with_day(1).unwrap_or(thursday)
}

/// Weeks put together. It is made of what is shown of them, so it tells nothing that they do not: with a
/// hidden week the sum is hidden. Medians can't be put together.
pub fn together(weeks: &[Shown]) -> Shown {
    let sum = |of: fn(&Shown) -> Option<u32>| weeks.iter().map(of).try_fold(0_u32, |sum, number| Some(sum.saturating_add(number?)));
    Shown {
        visits: sum(|week| week.visits),
        not_sent: sum(|week| week.not_sent),
        sent: sum(|week| week.sent),
        opened: sum(|week| week.opened),
        started: sum(|week| week.started),
        answered: sum(|week| week.answered),
        amended: sum(|week| week.amended),
        declined: sum(|week| week.declined),
        minutes_to_answer: None,
        minutes_to_fill_in: None,
    }
}

/// The Monday of the ISO week (ISO 8601) that a day is in.
pub fn week_of(day: NaiveDate) -> NaiveDate {
    day.checked_sub_days(Days::new(u64::from(day.weekday().num_days_from_monday()))).unwrap_or(day)
}

/// The name of the week: `2026-W48`.
pub fn week_name(monday: NaiveDate) -> String {
    let week = monday.iso_week();
    format!("{}-W{:02}", week.year(), week.week())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(minutes: i64) -> Option<DateTime<Utc>> {
        DateTime::from_timestamp(1_800_000_000 + minutes * 60, 0)
    }

    fn answered(sent: i64, opened: i64, answered: i64) -> Case {
        Case { sent_at: at(sent), opened_at: at(opened), started_at: at(opened), answered_at: at(answered), ..Case::default() }
    }

    #[test]
    fn not_sent_and_not_answered_are_two_things() {
        let asked = Case { sent_at: at(0), ..Case::default() };
        let declined = Case { declined: true, opened_at: at(9), ..asked };
        let paper = Case { answered_at: at(60), by_staff: true, ..Case::default() };
        let cases = [Case::default(), asked, declined, paper, answered(0, 100, 110), Case { amended: true, ..answered(0, 200, 230) }];
        let counts = count(&cases);
        assert_eq!((counts.visits, counts.not_sent, counts.sent), (6, 1, 5));
        assert_eq!((counts.opened, counts.started, counts.answered, counts.amended, counts.declined), (3, 2, 3, 1, 1));
        // Paper has no times of the patient's.
        assert_eq!((counts.to_answer, counts.to_fill_in), (Some((170, 2)), Some((20, 2))));
        assert_eq!(count(&[]), Counts::default());
    }

    #[test]
    fn weeks_are_those_of_the_calendar() {
        for (day, monday, name) in [
            ("2026-11-24", "2026-11-23", "2026-W48"),
            ("2026-11-23", "2026-11-23", "2026-W48"),
            ("2026-11-29", "2026-11-23", "2026-W48"),
            ("2027-01-03", "2026-12-28", "2026-W53"),
            ("2024-12-31", "2024-12-30", "2025-W01"),
        ] {
            let week = week_of(day.parse().unwrap_or_default());
            assert_eq!((week.to_string().as_str(), week_name(week).as_str()), (monday, name));
        }
    }

    #[test]
    fn a_month_is_the_sum_of_its_weeks_and_hides_what_one_of_them_hides() {
        assert_eq!(month_of_week("2026-11-30".parse().unwrap_or_default()).to_string(), "2026-12-01");
        assert_eq!(month_of_week("2026-11-23".parse().unwrap_or_default()).to_string(), "2026-11-01");
        let week = |visits, declined| Shown { visits: Some(visits), declined, minutes_to_answer: Some(9), ..Shown::default() };
        let month = together(&[week(10, Some(6)), week(20, None)]);
        assert_eq!((month.visits, month.declined, month.sent, month.minutes_to_answer), (Some(30), None, None, None));
    }

    #[test]
    fn few_are_hidden_and_so_is_what_gives_them_away() {
        let base = Counts {
            visits: 30,
            not_sent: 10,
            sent: 20,
            opened: 15,
            answered: 10,
            started: 10,
            amended: 5,
            declined: 0,
            ..Counts::default()
        };
        assert_eq!(shown(&base).declined, Some(0));
        assert_eq!(shown(&base).amended, Some(5));
        let hidden = shown(&Counts { visits: 4, sent: 4, ..Counts::default() });
        assert_eq!(hidden, Shown::default());
        // Two not sent: both parts go, the whole stays.
        let parts = shown(&Counts { not_sent: 2, sent: 28, opened: 28, answered: 20, started: 20, ..base });
        assert_eq!((parts.visits, parts.not_sent, parts.sent, parts.answered), (Some(30), None, None, Some(20)));
        // And what was opened by all who were asked goes with it: it would say how many that were.
        assert_eq!(parts.opened, None);
        // One who has not answered.
        let one = shown(&Counts { answered: 19, opened: 19, ..base });
        assert_eq!((one.sent, one.answered, one.opened), (Some(20), None, None));
        // Two who neither answered nor said no.
        let rest = shown(&Counts { answered: 10, opened: 20, started: 10, declined: 8, ..base });
        assert_eq!((rest.answered, rest.declined), (Some(10), None));
        let timed = Counts { to_answer: Some((100, 4)), to_fill_in: Some((9, 5)), ..base };
        assert_eq!((shown(&timed).minutes_to_answer, shown(&timed).minutes_to_fill_in), (None, Some(9)));
    }

    prop_compose! {
        fn cases()(all in proptest::collection::vec((0_u8..6, any::<bool>()), 0..60)) -> Vec<Case> {
            let case = |(kind, amended): (u8, bool)| match kind {
                0 => Case::default(),
                1 => Case { sent_at: at(0), ..Case::default() },
                2 => Case { sent_at: at(0), opened_at: at(5), ..Case::default() },
                3 => Case { sent_at: at(0), opened_at: at(5), declined: true, ..Case::default() },
                4 => Case { answered_at: at(9), by_staff: true, ..Case::default() },
                _ => Case { amended, ..answered(0, 5, 9) },
            };
            all.into_iter().map(case).collect()
        }
    }

    proptest! {
        #[test]
        fn no_sum_or_difference_of_what_is_shown_tells_of_few(cases in cases()) {
            let counts = count(&cases);
            let seen = shown(&counts);
            let all = [seen.visits, seen.not_sent, seen.sent, seen.opened, seen.started, seen.answered, seen.amended, seen.declined];
            prop_assert!(all.iter().flatten().all(|number| !few(*number)), "{seen:?}");
            let nested = |outer: Option<u32>, inner: Option<u32>| outer.zip(inner).is_none_or(|(outer, inner)| !few(outer.abs_diff(inner)));
            for inner in [seen.not_sent, seen.sent, seen.opened, seen.started, seen.answered, seen.amended, seen.declined] {
                prop_assert!(nested(seen.visits, inner), "{seen:?}");
            }
            for inner in [seen.opened, seen.started, seen.answered, seen.amended, seen.declined] {
                prop_assert!(nested(seen.sent, inner), "{seen:?}");
            }
            prop_assert!(nested(seen.answered, seen.amended) && nested(seen.opened, seen.answered), "{seen:?}");
            // A part that is hidden is not the whole less the other part.
            prop_assert!(seen.not_sent.is_some() == (seen.sent.is_some() && seen.visits.is_some()), "{seen:?}");
            if let (Some(sent), Some(answered), Some(declined)) = (seen.sent, seen.answered, seen.declined) {
                prop_assert!(!few(sent - answered - declined), "{seen:?}");
            }
        }
    }
}
