//! Opening with a link or a code and a birth date, by who knows it and by who guesses.

use super::{Choice, words};
use crate::simulation::model::{Model, Session, Subject};
use crate::simulation::step::{Fact, Meant, Port, Row, Step, Told};
use chrono::{Duration, NaiveDate};
use kartlegging::domain::invitation::{ClosedReason, InvitationState};
use kartlegging::domain::secret::{Code, LinkToken};
use kartlegging::services::open_session::{self, Command, Secret};
use std::net::IpAddr;

/// What is shown.
#[derive(Debug, Clone)]
enum Shown {
    Link(usize),
    Code(usize),
    UnknownLink(u128),
    UnknownCode(u64),
    BrokenLink,
}

/// One try.
#[derive(Debug, Clone)]
struct Try {
    shown: Shown,
    date: NaiveDate,
    /// Sessions whose device tokens are sent along.
    devices: Vec<usize>,
    remember: bool,
    address: String,
}

impl Choice<'_> {
    /// A credential that somebody has been told of.
    fn credential(&mut self) -> Option<usize> {
        let known: Vec<usize> = (0..self.model.credentials.len()).filter(|row| self.model.credentials[*row].secrets.is_some()).collect();
        self.dice.lately(&known)
    }

    /// Mostly an address of its own, sometimes one of a network that many share.
    fn address(&mut self) -> String {
        if self.dice.one_in(4) {
            return format!("192.0.2.{}", self.dice.below(256));
        }
        format!("10.{}.{}.{}", self.dice.below(200), self.dice.below(200), self.dice.below(256))
    }
}

/// Somebody who knows the date.
pub fn open(choice: &mut Choice<'_>) -> Option<Step> {
    let credential = choice.credential()?;
    let address = choice.address();
    let born = born(choice.model, credential);
    let shown = if choice.dice.one_in(3) { Shown::Code(credential) } else { Shown::Link(credential) };
    let invitation = choice.model.credentials[credential].invitation;
    let mut devices: Vec<usize> = (0..choice.model.sessions.len())
        .filter(|row| choice.model.sessions[*row].invitation == invitation && choice.model.sessions[*row].device_token.is_some())
        .collect();
    // Tokens of other invitations on the same phone, and none at all: another phone.
    if choice.dice.one_in(3) {
        devices.clear();
    }
    if choice.dice.one_in(6) && !choice.model.sessions.is_empty() {
        devices.insert(0, choice.dice.below(choice.model.sessions.len()));
    }
    let remember = choice.dice.one_in(4);
    Some(step(choice.model, Try { shown, date: born, devices, remember, address }))
}

/// The same from an address that nothing else comes from: whether the link still opens.
pub fn open_with(model: &Model, credential: usize, number: usize) -> Step {
    let address = format!("10.{}.{}.1", 200 + number / 250 % 50, number % 250);
    let tried = Try { shown: Shown::Link(credential), date: born(model, credential), devices: Vec::new(), remember: false, address };
    step(model, tried)
}

fn born(model: &Model, credential: usize) -> NaiveDate {
    model.patients[model.invitations[model.credentials[credential].invitation].patient].born
}

/// Somebody who does not; often the same link again and again.
pub fn guess(choice: &mut Choice<'_>) -> Option<Step> {
    let tried: Vec<usize> = choice
        .model
        .counters
        .iter()
        .filter_map(|(subject, counter)| match subject {
            Subject::Credential(row) if counter.failures > 0 && choice.model.credentials[*row].secrets.is_some() => Some(*row),
            _ => None,
        })
        .collect();
    let most = tried.iter().copied().max_by_key(|row| choice.model.counters[&Subject::Credential(*row)].failures % 10);
    let credential = match choice.dice.below(6) {
        0 => choice.credential(),
        1 | 2 => choice.dice.lately(&tried).or_else(|| choice.credential()),
        _ => most.or_else(|| choice.credential()),
    }?;
    let date = born(choice.model, credential) + Duration::days(choice.dice.between(1, 4000));
    let shown = if choice.dice.one_in(3) { Shown::Code(credential) } else { Shown::Link(credential) };
    let address = choice.address();
    Some(step(choice.model, Try { shown, date, devices: Vec::new(), remember: false, address }))
}

/// A code or link that opens nothing.
pub fn guess_code(choice: &mut Choice<'_>) -> Option<Step> {
    let date = NaiveDate::from_ymd_opt(1950, 1, 1)?;
    let shown = match choice.dice.below(5) {
        0 => Shown::UnknownLink(u128::from(choice.dice.next())),
        1 => Shown::BrokenLink,
        // A few codes, so that one of them is tried often.
        _ => Shown::UnknownCode(u64::try_from(choice.dice.below(6)).unwrap_or(0)),
    };
    let address = choice.address();
    Some(step(choice.model, Try { shown, date, devices: Vec::new(), remember: false, address }))
}

fn secret(model: &Model, shown: &Shown) -> Secret {
    let secrets = |row: usize| model.credentials[row].secrets.clone().expect("known secrets");
    match shown {
        Shown::Link(row) => Secret::Link(secrets(*row).0),
        Shown::Code(row) => Secret::Code(secrets(*row).1),
        Shown::UnknownLink(number) => Secret::Link(LinkToken::from_bytes(number.to_be_bytes())),
        Shown::UnknownCode(number) => Secret::Code(Code::from_bits(*number)),
        Shown::BrokenLink => Secret::BrokenLink,
    }
}

fn step(model: &Model, tried: Try) -> Step {
    let tokens = tried.devices.iter().filter_map(|row| model.sessions[*row].device_token.clone()).collect();
    let command = Command {
        secret: secret(model, &tried.shown),
        birth_date: tried.date,
        device_tokens: tokens,
        remember: tried.remember,
        address: tried.address.parse::<IpAddr>().expect("address"),
        request_id: String::new(),
    };
    let what = format!("open: {tried:?}");
    let real = move |services, request: String| async move {
        match open_session::open(&services, Command { request_id: request, ..command }).await {
            Ok(opened) => Told::text("opened").with(Fact::Session(Box::new(opened))),
            Err(error) => Told::text(words::open(&error)),
        }
    };
    let meant = move |port: Port| async move { meant(port, tried).await.unwrap_or_else(Meant::from) };
    Step { unstoppable: true, ..Step::new(what, real, meant) }
}

/// With the birth date of who has been erased nothing can be compared: whoever holds the link is told
/// that it is closed, a code is as wrong as any.
fn right(model: &Model, patient: usize, tried: &Try) -> bool {
    let row = &model.patients[patient];
    if row.erased { matches!(tried.shown, Shown::Link(_)) } else { row.born == tried.date }
}

/// What the first unit finds.
struct Reserved {
    failures: i32,
    right: bool,
    device_until: i64,
}

async fn meant(port: Port, tried: Try) -> Result<Meant, super::super::step::Lost> {
    let (found, code) = match &tried.shown {
        Shown::Link(row) => (Some(*row), false),
        Shown::Code(row) => (Some(*row), true),
        Shown::UnknownLink(_) | Shown::BrokenLink => (None, false),
        Shown::UnknownCode(_) => (None, true),
    };
    let now = port.look(|model| model.now);
    let mut subjects = Vec::new();
    match (&tried.shown, found) {
        (_, Some(row)) => subjects.push(Subject::Credential(row)),
        (Shown::UnknownCode(number), None) => subjects.push(Subject::UnknownCode(format!("{number}"))),
        _ => {}
    }
    subjects.push(Subject::address(&tried.address, now));
    if code {
        subjects.push(Subject::all_codes(now));
    }
    let reserved = port.unit(|model| {
        let failures = model.reserve(&subjects)?;
        let row = found.map(|row| &model.invitations[model.credentials[row].invitation]);
        Ok::<_, String>(Reserved {
            failures,
            right: row.is_some_and(|row| right(model, row.patient, &tried)),
            device_until: row.map_or(0, |row| row.amend_until.max(row.answer_until).timestamp()),
        })
    });
    let request = port.request.clone();
    match (reserved.await?, found) {
        (Err(why), Some(row)) if why == "exhausted" => {
            port.unit(|model| lock(model, row, &request)).await?;
            Ok(Meant::text(why))
        }
        (Err(why), _) => Ok(Meant::text(why)),
        (Ok(reserved), Some(row)) if reserved.right => {
            match port.unit(|model| admit(model, row, &tried, &subjects, reserved.device_until, &request)).await? {
                Ok(session) => Ok(Meant::text("opened").with(Row::Session(session))),
                Err(why) => Ok(Meant::text(why)),
            }
        }
        (Ok(reserved), Some(row)) if reserved.failures >= 10 => {
            port.unit(|model| lock(model, row, &request)).await?;
            Ok(Meant::text("wrong"))
        }
        (Ok(_), _) => Ok(Meant::text("wrong")),
    }
}

fn lock(model: &mut Model, credential: usize, request: &str) {
    let invitation = model.credentials[credential].invitation;
    if model.credentials[credential].revoked || model.invitations[invitation].flagged {
        return;
    }
    if model.waits(invitation) || model.invitations[invitation].closed() == Some(ClosedReason::Declined) {
        model.invitations[invitation].state = InvitationState::Closed(ClosedReason::Locked);
    }
    model.invitations[invitation].flagged = true;
    model.end_sessions(invitation);
    model.log_system(invitation, request, "invitation.lock", "invitation-locked");
}

fn admit(
    model: &mut Model,
    credential: usize,
    tried: &Try,
    subjects: &[Subject],
    device_until: i64,
    request: &str,
) -> Result<usize, String> {
    let (now, invitation) = (model.now, model.credentials[credential].invitation);
    for subject in subjects {
        model.take_back(subject);
    }
    let row = &model.invitations[invitation];
    if model.patients[row.patient].erased {
        return Err("closed revoked".to_owned());
    }
    if let Some(reason) = row.closed().filter(|reason| *reason != ClosedReason::Declined) {
        return Err(format!("closed {}", InvitationState::Closed(reason).reason_word().unwrap_or_default()));
    }
    if model.credentials[credential].revoked {
        return Err("replaced".to_owned());
    }
    if row.state == InvitationState::Answered {
        if now >= row.amend_until {
            return Err("answered".to_owned());
        }
    } else if now >= row.answer_until {
        if model.waits(invitation) {
            model.expire(invitation, request);
        }
        return Err("closed expired".to_owned());
    }
    if row.state == InvitationState::Issued {
        model.invitations[invitation].state = InvitationState::Opened;
    }
    let known = tried.devices.iter().map(|session| &model.sessions[*session]);
    let known = known
        .filter(|session| session.device_token.is_some())
        .find(|session| session.invitation == invitation && session.device_until > now.timestamp());
    let device = known.map_or(model.devices, |session| session.device);
    model.devices += 1;
    let idle = if tried.remember { Duration::hours(24) } else { Duration::hours(2) };
    model.sessions.push(Session {
        invitation,
        id: None,
        device,
        receipt: false,
        idle,
        seen: now,
        idle_until: now + idle,
        absolute_until: now + Duration::hours(24),
        ended: false,
        gone: false,
        token: None,
        device_token: None,
        device_until,
    });
    model.log_holder(invitation, request, "session.open");
    Ok(model.sessions.len() - 1)
}
