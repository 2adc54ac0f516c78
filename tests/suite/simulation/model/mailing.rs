//! Notices: what units have set, what has been planned, how far each message is, what went out.

use super::Model;
use chrono::{DateTime, Days, Duration, Timelike, Utc};
use chrono_tz::Europe::Oslo;
use kartlegging::domain::clock::{oslo_date, oslo_day_start};
use kartlegging::domain::invitation::InvitationState;
use std::cmp::Reverse;
use uuid::Uuid;

/// What a mail tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tells {
    Notice,
    Reminder,
    Digest,
}

impl Tells {
    pub fn word(self) -> &'static str {
        ["notice", "reminder", "digest"][self as usize]
    }

    /// States of an invitation in which it makes sense.
    fn fits(self, state: InvitationState) -> bool {
        match state {
            InvitationState::Issued => true,
            InvitationState::Opened | InvitationState::Started => self == Self::Reminder,
            _ => false,
        }
    }
}

/// What a unit has set: days before the visit, quiet minutes of the day, where it is told of answers.
#[derive(Debug, Clone)]
pub struct Plan {
    pub days: [Option<u8>; 2],
    pub quiet: Option<(u16, u16)>,
    pub digest_to: Option<String>,
    pub digest_at: Option<DateTime<Utc>>,
}

impl Default for Plan {
    fn default() -> Self {
        Self { days: [Some(7), Some(2)], quiet: Some((20 * 60, 8 * 60)), digest_to: None, digest_at: None }
    }
}

impl Plan {
    pub fn is_quiet(&self, now: DateTime<Utc>) -> bool {
        let local = now.with_timezone(&Oslo);
        let minute = u16::try_from(local.hour() * 60 + local.minute()).unwrap_or(0);
        self.quiet.is_some_and(|(from, until)| {
            let (late, early) = (minute >= from, minute < until);
            if from < until { late && early } else { late || early }
        })
    }

    /// The end of the days that are near enough.
    fn reach(&self, tells: Tells, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.days[tells as usize].map(|days| oslo_day_start(oslo_date(now) + Days::new(u64::from(days) + 1)))
    }

    /// Whether the reminder of a visit comes later than now. No quiet hours of the simulation end at an
    /// hour that the clock skips.
    pub fn reminds_after(&self, visit: DateTime<Utc>, now: DateTime<Utc>) -> bool {
        let Some(days) = self.days[1] else { return false };
        let day = oslo_date(visit) - Days::new(u64::from(days));
        let minutes = self.quiet.filter(|(from, until)| from > until).map_or(0, |(_, until)| u32::from(until));
        let local = day.and_hms_opt(minutes / 60, minutes % 60, 0).expect("a time").and_local_timezone(Oslo);
        local.earliest().expect("an hour that there is") > now
    }
}

/// A message of the outbox.
#[derive(Debug)]
pub struct Message {
    pub tells: Tells,
    /// An invitation; a unit where it is told of answers.
    pub subject: usize,
    /// What makes it happen once: a time of the visit, or a day.
    pub occasion: i64,
    pub id: Option<Uuid>,
    pub mark: u32,
    /// Which of the messages that its operation made.
    pub nth: usize,
    pub state: &'static str,
    pub attempts: u32,
    pub failure: Option<String>,
    pub created_at: DateTime<Utc>,
    pub next_at: DateTime<Utc>,
    pub leased_until: Option<DateTime<Utc>>,
    pub ended_at: Option<DateTime<Utc>>,
    /// How often it was taken by somebody who never said what became of it.
    pub abandoned: usize,
    /// The row has been deleted.
    pub gone: bool,
}

/// A mail that the mail server has taken.
#[derive(Debug, Clone)]
pub struct Mail {
    pub message: usize,
    pub to: String,
    pub credential: Option<usize>,
}

/// Why a message did not go out.
#[derive(Debug, Clone)]
pub enum Failed {
    Again(String),
    Dropped(String),
}

impl Model {
    /// Units in the order of their ids, as they have it.
    pub fn plans(&self) -> Vec<(usize, Plan)> {
        let mut units: Vec<usize> = (0..self.mailing.len()).collect();
        units.sort_by_key(|unit| self.world.units[*unit].id);
        units.into_iter().map(|unit| (unit, self.mailing[unit].clone())).collect()
    }

    /// Invitations of a unit of which it is time to tell, and of which nobody has been told.
    pub fn due(&self, unit: usize, plan: &Plan, tells: Tells) -> Vec<usize> {
        let Some(limit) = plan.reach(tells, self.now) else { return Vec::new() };
        let rested = self.now - Duration::hours(24);
        let fits = |at: &usize| {
            let row = &self.invitations[*at];
            let near = match row.visit.map(|visit| &self.visits[visit]) {
                Some(visit) => !visit.cancelled && visit.starts_at < limit,
                None if tells == Tells::Notice => row.due_on.is_some_and(|due| due <= oslo_date(self.now)),
                None => row.answer_until < limit,
            };
            let late = tells == Tells::Notice || row.created_at <= rested && row.told[0].is_none_or(|told| told <= rested);
            row.unit == unit && tells.fits(row.state) && row.answer_until > self.now && near && late && row.told[tells as usize].is_none()
        };
        let mut due: Vec<usize> = (0..self.invitations.len()).filter(fits).collect();
        due.sort_by_key(|at| {
            let row = &self.invitations[*at];
            (row.created_at.timestamp_millis(), row.mark, row.nth)
        });
        due
    }

    /// Plans some; gives how many.
    pub fn plan_some(&mut self, unit: usize, plan: &Plan, tells: Tells, mark: u32) -> usize {
        let mut due = self.due(unit, plan, tells);
        due.truncate(50);
        for at in &due {
            let row = &mut self.invitations[*at];
            row.told[tells as usize] = Some(self.now);
            let until = row.answer_until;
            let about = row.visit.map_or(until, |visit| self.visits[visit].starts_at);
            if self.address(self.invitations[*at].patient).is_some() {
                self.put_message(tells, *at, about.timestamp(), mark);
            }
            let action = if tells == Tells::Notice { "invitation.notice" } else { "invitation.remind" };
            self.log_system(*at, "job:plan-notices", action, "ok");
        }
        due.len()
    }

    /// Tells a unit once a day of answers that have come since.
    pub fn plan_digest(&mut self, unit: usize, plan: &Plan, mark: u32) -> usize {
        let since = plan.digest_at.map_or(self.now - Duration::hours(24), |at| at - Duration::hours(1));
        if !self.answers_wait(unit, since) || self.mailing[unit].digest_at != plan.digest_at {
            return 0;
        }
        self.mailing[unit].digest_at = Some(self.now);
        let day = oslo_day_start(oslo_date(self.now)).timestamp();
        self.put_message(Tells::Digest, unit, day, mark);
        1
    }

    fn answers_wait(&self, unit: usize, since: DateTime<Utc>) -> bool {
        self.responses.iter().any(|row| {
            let newest = row.versions.last().expect("a version");
            let read = row.reviews.iter().any(|(version, _)| usize::try_from(*version) == Ok(row.versions.len()));
            let asked = &self.invitations[row.invitation];
            asked.unit == unit && newest.at > since && !read && !self.patients[asked.patient].erased
        })
    }

    /// Where a patient gets mail.
    fn address(&self, patient: usize) -> Option<String> {
        let row = &self.patients[patient];
        row.address.clone().filter(|_| !row.stopped && !row.erased)
    }

    fn put_message(&mut self, tells: Tells, subject: usize, occasion: i64, mark: u32) {
        let same = |row: &Message| !row.gone && (row.tells, row.subject, row.occasion) == (tells, subject, occasion);
        if self.messages.iter().any(same) {
            return;
        }
        self.messages.push(Message {
            tells,
            subject,
            occasion,
            id: None,
            mark,
            nth: self.messages.iter().filter(|row| row.mark == mark).count(),
            state: "waiting",
            attempts: 0,
            failure: None,
            created_at: self.now,
            next_at: self.now,
            leased_until: None,
            ended_at: None,
            abandoned: 0,
            gone: false,
        });
    }

    fn lane(&self, message: usize) -> u128 {
        let row = &self.messages[message];
        let id = match row.tells {
            Tells::Digest => self.world.units[row.subject].id.0.as_u128(),
            Tells::Notice | Tells::Reminder => u128::from(self.invitations[row.subject].mark),
        };
        id % 4
    }

    /// Messages that are to be sent now and that nobody has.
    pub fn to_send(&self) -> Vec<usize> {
        let due = |row: &Message| !row.gone && row.state == "waiting" && row.next_at <= self.now;
        let free = |row: &Message| row.leased_until.is_none_or(|until| until <= self.now);
        (0..self.messages.len()).filter(|at| due(&self.messages[*at]) && free(&self.messages[*at])).collect()
    }

    /// Takes a few of one lane, the longest due first.
    pub fn take_messages(&mut self) -> Vec<usize> {
        let now = self.now;
        let taken = |at: &usize| {
            let row = &self.messages[*at];
            !row.gone && row.state == "waiting" && row.leased_until.is_some_and(|until| until > now)
        };
        let busy: Vec<u128> = (0..self.messages.len()).filter(taken).map(|at| self.lane(at)).collect();
        let due = self.to_send();
        let free = due.iter().copied().filter(|at| !busy.contains(&self.lane(*at)));
        let Some(first) = free.max_by_key(|at| Reverse((self.messages[*at].next_at, self.lane(*at)))) else { return Vec::new() };
        let own = self.lane(first);
        let mut some: Vec<usize> = due.into_iter().filter(|at| self.lane(*at) == own).collect();
        some.sort_by_key(|at| {
            let row = &self.messages[*at];
            (row.next_at, row.created_at.timestamp_millis(), row.mark, row.nth)
        });
        some.truncate(8);
        for at in &some {
            let row = &mut self.messages[*at];
            row.abandoned += usize::from(row.leased_until.is_some());
            row.leased_until = Some(now + Duration::minutes(2));
        }
        some
    }

    /// The mail that a message is now, or why there is none.
    pub fn prepare_mail(&mut self, message: usize) -> Result<Mail, Failed> {
        let (tells, subject, created_at) = {
            let row = &self.messages[message];
            (row.tells, row.subject, row.created_at)
        };
        let dropped = |why: &str| Err(Failed::Dropped(why.to_owned()));
        if tells == Tells::Digest {
            let Some(to) = self.mailing[subject].digest_to.clone() else { return dropped("no-address") };
            if !self.answers_wait(subject, created_at - Duration::days(7)) {
                return dropped("reviewed");
            }
            return Ok(Mail { message, to, credential: None });
        }
        let row = &self.invitations[subject];
        let plan = &self.mailing[row.unit];
        if !tells.fits(row.state) {
            return dropped(row.state.reason_word().unwrap_or(row.state.word()));
        }
        if self.now >= row.answer_until {
            return dropped("expired");
        }
        let Some(limit) = plan.reach(tells, self.now) else { return dropped("plan") };
        let near = match row.visit.map(|visit| &self.visits[visit]) {
            Some(visit) if visit.cancelled => return dropped("cancelled"),
            Some(visit) => visit.starts_at < limit,
            None if tells == Tells::Notice => row.due_on.is_none_or(|due| due <= oslo_date(self.now)),
            None => row.answer_until < limit,
        };
        if !near {
            if tells == Tells::Notice {
                self.invitations[subject].told[0] = None;
            }
            return dropped("moved");
        }
        if plan.is_quiet(self.now) {
            return Err(Failed::Again("quiet-hours".to_owned()));
        }
        let Some(to) = self.address(row.patient) else { return dropped("no-address") };
        let live = row.credentials.iter().copied().rfind(|at| self.credentials[*at].mail && !self.credentials[*at].revoked);
        let credential = live.unwrap_or_else(|| self.add_credential(subject, true, self.generation(subject)));
        Ok(Mail { message, to, credential: Some(credential) })
    }

    /// Writes how a try ended; `wait` is what was drawn for the next one.
    pub fn end_try(&mut self, message: usize, outcome: Result<(), Failed>, wait: u64) {
        let (now, row) = (self.now, &mut self.messages[message]);
        row.leased_until = None;
        row.attempts += 1;
        let give_up_at = row.created_at + Duration::days(3);
        let (state, failure) = match outcome {
            Ok(()) => ("sent", None),
            Err(Failed::Dropped(why)) => ("dropped", Some(why)),
            Err(Failed::Again(why)) if now < give_up_at => {
                let longest = (10_u64 << (row.attempts - 1).min(20)).min(4 * 60 * 60) * 1000;
                let wait = Duration::milliseconds(i64::try_from(wait % (longest + 1)).expect("a wait"));
                row.next_at = give_up_at.min(now + wait);
                row.failure = Some(why);
                return;
            }
            Err(Failed::Again(why)) => ("dead", Some(why)),
        };
        (row.state, row.failure, row.ended_at) = (state, failure, Some(now));
    }

    /// Deletes messages that ended long ago; says how many.
    pub fn forget_messages(&mut self) -> usize {
        let now = self.now;
        let past = |row: &&mut Message| {
            let kept = Duration::days(if row.state == "dead" { 90 } else { 30 });
            !row.gone && row.ended_at.is_some_and(|at| at < now - kept)
        };
        self.messages.iter_mut().filter(past).map(|row| row.gone = true).count()
    }
}
