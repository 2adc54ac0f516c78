//! Sessions: found and renewed by use, looked at, ended.

use super::{Choice, words};
use crate::simulation::model::{Draft, Model};
use crate::simulation::step::{Lost, Meant, Port, Step, Told};
use chrono::Duration;
use kartlegging::domain::invitation::{ClosedReason, InvitationState};
use kartlegging::services::Services;
use kartlegging::services::holder::{self, Holder};

impl Choice<'_> {
    /// A session whose token is known: mostly one in use.
    pub fn session(&mut self) -> Option<usize> {
        let model = self.model;
        let known: Vec<usize> = (0..model.sessions.len()).filter(|row| model.sessions[*row].token.is_some()).collect();
        let live: Vec<usize> = known.iter().copied().filter(|row| alive(model, *row).is_ok()).collect();
        if live.is_empty() || self.dice.one_in(20) { self.dice.lately(&known) } else { self.dice.lately(&live) }
    }

    pub fn token(&self, session: usize) -> Option<(usize, String)> {
        self.model.sessions[session].token.clone().map(|token| (session, token))
    }
}

pub fn alive(model: &Model, session: usize) -> Result<(), String> {
    let (row, now) = (&model.sessions[session], model.now);
    let live = !row.ended && !row.gone && row.idle_until > now && row.absolute_until > now;
    if live { Ok(()) } else { Err("ended".to_owned()) }
}

/// Why an operation of a holder ends early: a fault, or a refusal.
pub enum Stop {
    Lost(Lost),
    Refused(String),
}

impl From<Lost> for Stop {
    fn from(lost: Lost) -> Self {
        Self::Lost(lost)
    }
}

impl From<String> for Stop {
    fn from(why: String) -> Self {
        Self::Refused(why)
    }
}

fn end(done: Result<Meant, Stop>) -> Meant {
    match done {
        Ok(meant) => meant,
        Err(Stop::Lost(lost)) => lost.into(),
        Err(Stop::Refused(why)) => Meant::text(why),
    }
}

/// The session as its request finds it.
#[derive(Clone, Copy)]
pub struct Held {
    pub session: usize,
    pub invitation: usize,
    pub device: usize,
    pub receipt: bool,
}

/// Finds the session and renews it by use.
async fn enter(port: &Port, session: usize) -> Result<Held, Stop> {
    if let Err(why) = port.look(|model| alive(model, session)) {
        // What is over stays over.
        let end = |model: &mut Model| {
            let (now, row) = (model.now, &mut model.sessions[session]);
            row.ended |= row.idle_until <= now || row.absolute_until <= now;
        };
        port.unit(end).await?;
        return Err(why.into());
    }
    let due = port.look(|model| model.now - model.sessions[session].seen >= Duration::minutes(2));
    let held = port.look(|model| {
        let row = &model.sessions[session];
        Held { session, invitation: row.invitation, device: row.device, receipt: row.receipt }
    });
    if due {
        let renew = |model: &mut Model| {
            let (now, row) = (model.now, &mut model.sessions[session]);
            if !row.ended {
                row.seen = now;
                row.idle_until = (now + row.idle).min(row.absolute_until);
            }
        };
        port.unit(renew).await?;
    }
    Ok(held)
}

pub fn may_answer(model: &Model, invitation: usize) -> Result<(), String> {
    let row = &model.invitations[invitation];
    match row.state {
        InvitationState::Answered if model.now >= row.amend_until => Err("amend closed".to_owned()),
        InvitationState::Answered => Ok(()),
        InvitationState::Closed(reason) if reason != ClosedReason::Declined => {
            Err(format!("closed {}", row.state.reason_word().unwrap_or_default()))
        }
        _ if model.now >= row.answer_until => Err("closed expired".to_owned()),
        _ => Ok(()),
    }
}

/// What every change needs, as it is when it is made.
pub fn may_change(model: &Model, held: Held) -> Result<(), String> {
    alive(model, held.session)?;
    if model.sessions[held.session].receipt || held.receipt {
        return Err("receipt only".to_owned());
    }
    may_answer(model, held.invitation)
}

/// The draft of this device, if any.
pub fn own_draft(model: &Model, held: Held) -> Result<Option<Draft>, String> {
    match &model.invitations[held.invitation].draft {
        Some(draft) if draft.device != held.device => Err("elsewhere".to_owned()),
        draft => Ok(draft.clone()),
    }
}

/// An operation of a holder: authenticates, then does it.
#[expect(clippy::needless_pass_by_value, reason = "it goes into the step")]
pub fn step<R, M>(
    what: String,
    (session, token): (usize, String),
    act: impl FnOnce(Services, Holder, String) -> R + 'static,
    meant: impl FnOnce(Port, Held) -> M + 'static,
) -> Step
where
    R: Future<Output = Told> + 'static,
    M: Future<Output = Result<Meant, Stop>> + 'static,
{
    let real = move |services: Services, request| async move {
        match holder::authenticate(&services, &token).await {
            Ok(holder) => act(services, holder, request).await,
            Err(error) => Told::text(words::holder(&error)),
        }
    };
    Step::new(format!("session {session}: {what}"), real, move |port: Port| async move {
        match enter(&port, session).await {
            Ok(held) => end(meant(port, held).await),
            Err(stop) => end(Err(stop)),
        }
    })
}

/// A read that is logged before it is answered.
pub async fn read(port: &Port, held: Held, action: &'static str, meant: Meant) -> Result<Meant, Stop> {
    let request = port.request.clone();
    port.unit(|model| model.log_holder(held.invitation, &request, action)).await?;
    Ok(meant)
}

/// What stands around the form.
pub fn read_session(choice: &mut Choice<'_>) -> Option<Step> {
    let session = choice.session()?;
    let act = move |services: Services, holder: Holder, request: String| async move {
        match holder::read_session(&services, &holder, &request).await {
            Ok(view) => Told::text(format!(
                "{} {} {:?} {}",
                view.patient_name,
                words::state(view.state),
                (view.answer_until, view.amend_until, view.starts_at),
                view.draft.word()
            )),
            Err(error) => Told::text(words::holder(&error)),
        }
    };
    Some(step("read the session".to_owned(), choice.token(session)?, act, move |port, held| async move {
        let seen = port.look(|model| {
            let row = &model.invitations[held.invitation];
            let starts_at = row.visit.map(|visit| model.visits[visit].starts_at);
            let draft = match &row.draft {
                None => "none",
                Some(draft) if draft.device == held.device => "here",
                Some(_) => "elsewhere",
            };
            format!(
                "{} {} {:?} {draft}",
                model.patients[row.patient].name,
                words::state(row.state),
                (row.answer_until, row.amend_until, starts_at)
            )
        });
        read(&port, held, "session.read", Meant::text(seen)).await
    }))
}

/// Ends the session.
pub fn leave(choice: &mut Choice<'_>) -> Option<Step> {
    let session = choice.session()?;
    let act = move |services: Services, holder: Holder, _| async move {
        Told::text(if holder::end(&services, &holder).await.is_ok() { "left" } else { "fault" })
    };
    Some(step("leave".to_owned(), choice.token(session)?, act, move |port, held| async move {
        port.unit(|model| model.sessions[held.session].ended = true).await?;
        Ok(Meant::text("left"))
    }))
}
