//! A row of the worklist in words.

use super::filter::{Filter, Only, Order};
use crate::domain::clock::{oslo_date, oslo_day_start};
use crate::domain::invitation::{ClosedReason, InvitationState};
use crate::domain::language::Language;
use crate::domain::need::Reason;
use crate::domain::summary::Wish;
use crate::services::worklist::RowView;
use crate::text::{self, format};
use chrono::{DateTime, NaiveDate, Utc};
use std::borrow::Cow;
use std::collections::HashMap;

/// A row with the unit it is from.
#[derive(Clone)]
pub(super) struct Found {
    pub unit_name: String,
    pub threshold: i32,
    pub row: RowView,
}

/// A row as it is shown.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is a mark or a button of its own")]
pub(super) struct Row {
    pub day: String,
    pub time: String,
    pub unit: String,
    /// `None`: erased.
    pub name: Option<String>,
    pub born: String,
    pub state: String,
    pub open: Option<String>,
    pub score: Option<i32>,
    /// How far up the thermometer, 0 to 10.
    pub height: i32,
    pub threshold: i32,
    pub over: bool,
    pub wish: Option<String>,
    pub wishes: bool,
    pub burdens: String,
    pub mark: Option<String>,
    pub reason: String,
    pub cancelled: bool,
    pub invitation: Option<String>,
    pub can_print: bool,
    pub can_reissue: bool,
    pub can_decline: bool,
    pub can_enter: bool,
}

fn at(row: &RowView) -> DateTime<Utc> {
    let due = row.due_on.map(oslo_day_start).unwrap_or_default();
    row.visit.as_ref().map_or(due, |visit| visit.starts_at)
}

/// Keeps what is asked for and puts it in order.
pub(super) fn arrange(rows: &mut Vec<Found>, filter: &Filter) {
    let is = |row: &RowView, only: &Only| match only {
        Only::Unread => row.response.as_ref().is_some_and(|response| response.unread),
        Only::Unanswered => row.response.is_none() && matches!(row.reason, Reason::NotAnswered | Reason::NotSent | Reason::Locked),
        Only::Over => row.over_threshold == Some(true),
    };
    rows.retain(|found| filter.only.is_empty() || filter.only.iter().any(|only| is(&found.row, only)));
    let name = |row: &RowView| row.person.as_ref().map(|person| person.name.to_lowercase()).unwrap_or_default();
    match filter.order {
        Order::Need => rows.sort_by_cached_key(|found| (found.row.reason, -found.row.score.unwrap_or(-1), at(&found.row))),
        Order::Time => rows.sort_by_cached_key(|found| (at(&found.row), found.row.reason, name(&found.row))),
        Order::Name => rows.sort_by_cached_key(|found| (found.row.person.is_none(), name(&found.row), at(&found.row))),
    }
}

/// Words for the wish for follow-up.
pub(super) fn wish_key(wish: Wish) -> &'static str {
    match wish {
        Wish::Yes => "clinic-wish-yes",
        Wish::No => "clinic-wish-no",
        Wish::Maybe => "clinic-wish-maybe",
    }
}

fn state_key(row: &RowView) -> &'static str {
    let Some(invitation) = &row.invitation else { return "clinic-state-not-sent" };
    match invitation.state {
        InvitationState::Issued if !invitation.sent => "clinic-state-made",
        InvitationState::Issued => "clinic-state-sent",
        InvitationState::Opened => "clinic-state-opened",
        InvitationState::Started => "clinic-state-started",
        InvitationState::Answered => "clinic-state-answered",
        InvitationState::Closed(ClosedReason::Expired) => "clinic-state-expired",
        InvitationState::Closed(ClosedReason::Revoked) => "clinic-state-revoked",
        InvitationState::Closed(ClosedReason::Declined) => "clinic-state-declined",
        InvitationState::Closed(ClosedReason::Locked) => "clinic-state-locked",
    }
}

/// Words for rows in a language, each made once: hundreds of rows say the same few things.
pub(super) struct Speech<'l> {
    language: &'l Language,
    words: HashMap<Cow<'static, str>, String>,
    days: HashMap<NaiveDate, String>,
    times: HashMap<DateTime<Utc>, String>,
}

impl<'l> Speech<'l> {
    pub(super) fn new(language: &'l Language) -> Self {
        Self { language, words: HashMap::new(), days: HashMap::new(), times: HashMap::new() }
    }

    fn say(&mut self, key: impl Into<Cow<'static, str>>) -> String {
        let key = key.into();
        let made = self.words.entry(key);
        made.or_insert_with_key(|key| text::words(self.language, key, &[])).clone()
    }

    fn day(&mut self, day: NaiveDate) -> String {
        self.days.entry(day).or_insert_with(|| format::short_date(day, self.language)).clone()
    }

    fn time(&mut self, moment: DateTime<Utc>) -> String {
        self.times.entry(moment).or_insert_with(|| format::time_of(moment, self.language)).clone()
    }
}

/// The row in words.
pub(super) fn row(found: &Found, speech: &mut Speech<'_>) -> Row {
    let row = &found.row;
    let state = row.invitation.as_ref().map(|invitation| invitation.state);
    let alive = row.person.is_some();
    let mark = row.response.as_ref().filter(|response| response.unread);
    let mark = mark.map(|response| speech.say(if response.version > 1 { "clinic-mark-changed" } else { "clinic-mark-new" }));
    Row {
        day: speech.day(oslo_date(at(row))),
        time: row.visit.as_ref().map_or_else(String::new, |visit| speech.time(visit.starts_at)),
        unit: found.unit_name.clone(),
        name: row.person.as_ref().map(|person| person.name.clone()),
        born: row.person.as_ref().map_or_else(String::new, |person| speech.day(person.birth_date)),
        state: speech.say(state_key(row)),
        open: row.response.as_ref().filter(|_| alive).map(|response| response.id.to_string()),
        score: row.score,
        height: row.score.unwrap_or(0).clamp(0, 10),
        threshold: found.threshold,
        over: row.over_threshold == Some(true),
        wish: row.wish.map(|wish| speech.say(wish_key(wish))),
        wishes: matches!(row.wish, Some(Wish::Yes | Wish::Maybe)),
        burdens: row.burdens_most.iter().take(3).map(|most| most.display.as_str()).collect::<Vec<_>>().join(", "),
        mark,
        reason: speech.say(format!("reason-{}", row.reason.word())),
        cancelled: row.visit.as_ref().is_some_and(|visit| visit.status == "cancelled"),
        invitation: row.invitation.as_ref().filter(|_| alive).map(|invitation| invitation.id.to_string()),
        can_print: state.is_some_and(|state| state.print().is_ok()),
        can_reissue: state.is_some_and(|state| state.reissue().is_ok()),
        can_enter: state.is_some_and(|state| !matches!(state, InvitationState::Answered | InvitationState::Closed(ClosedReason::Revoked))),
        can_decline: state.is_some_and(|state| state.decline().is_ok_and(|to| to != state)),
    }
}
