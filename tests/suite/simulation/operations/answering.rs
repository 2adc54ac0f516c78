//! What the holder of a session does: answer, change, hand in, look.

use super::{Choice, words};
use crate::simulation::given::{self, Given, MARKER};
use crate::simulation::model::{Draft, Model};
use crate::simulation::step::{Fact, Lost, Meant, Port, Row, Step, Told};
use chrono::Duration;
use kartlegging::domain::answers::Answers;
use kartlegging::domain::invitation::{ClosedReason, InvitationState};
use kartlegging::domain::language::Language;
use kartlegging::domain::respondent::{Respondent, RespondentKind};
use kartlegging::fhir::read;
use kartlegging::services::draft::{self, Command, DraftView};
use kartlegging::services::holder::{self, Holder};
use kartlegging::services::submit_response::{self, Receipt};
use kartlegging::services::{Services, decline as declining, edit_draft};
use std::rc::Rc;
use std::sync::Arc;

const LANGUAGES: [&str; 3] = ["nb", "nn", "en"];

fn language(word: &str) -> Language {
    Language::parse(word).expect("language")
}

impl Choice<'_> {
    /// A session whose token is known: mostly one in use.
    fn session(&mut self) -> Option<usize> {
        let model = self.model;
        let known: Vec<usize> = (0..model.sessions.len()).filter(|row| model.sessions[*row].token.is_some()).collect();
        let live: Vec<usize> = known.iter().copied().filter(|row| alive(model, *row).is_ok()).collect();
        if live.is_empty() || self.dice.one_in(20) { self.dice.lately(&known) } else { self.dice.lately(&live) }
    }

    fn token(&self, session: usize) -> Option<String> {
        self.model.sessions[session].token.clone()
    }
}

fn alive(model: &Model, session: usize) -> Result<(), String> {
    let (row, now) = (&model.sessions[session], model.now);
    let live = !row.ended && !row.gone && row.idle_until > now && row.absolute_until > now;
    if live { Ok(()) } else { Err("ended".to_owned()) }
}

/// Why an operation of a holder ends early: a fault, or a refusal.
enum Stop {
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
struct Held {
    session: usize,
    invitation: usize,
    device: usize,
    receipt: bool,
}

/// Finds the session and renews it by use.
async fn enter(port: &Port, session: usize) -> Result<Held, Stop> {
    let due = port.look(|model| {
        alive(model, session)?;
        Ok::<_, String>(model.now - model.sessions[session].seen >= Duration::minutes(2))
    })?;
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

fn may_answer(model: &Model, invitation: usize) -> Result<(), String> {
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
fn may_change(model: &Model, held: Held) -> Result<(), String> {
    alive(model, held.session)?;
    if model.sessions[held.session].receipt || held.receipt {
        return Err("receipt only".to_owned());
    }
    may_answer(model, held.invitation)
}

/// The draft of this device, if any.
fn own_draft(model: &Model, held: Held) -> Result<Option<Draft>, String> {
    match &model.invitations[held.invitation].draft {
        Some(draft) if draft.device != held.device => Err("elsewhere".to_owned()),
        draft => Ok(draft.clone()),
    }
}

fn put(model: &mut Model, held: Held, draft: Draft, request: &str) -> Meant {
    let text = meant_draft(&draft);
    let row = &mut model.invitations[held.invitation];
    if row.state != InvitationState::Answered {
        row.state = InvitationState::Started;
    }
    row.draft = Some(draft);
    model.log_holder(held.invitation, request, "draft.save");
    Meant::text(text)
}

fn meant_draft(draft: &Draft) -> String {
    format!("draft {} {} {:?} {:?}", draft.version, draft.language, draft.by.as_ref().map(|by| by.kind), draft.given.flat)
}

fn told_draft(done: &Result<DraftView, draft::Error>) -> Told {
    match done {
        Ok(view) => {
            let by = view.respondent.as_ref().map(|by| by.kind);
            Told::text(format!("draft {} {} {by:?} {:?}", view.version, view.language, given::flat(&view.answers)))
        }
        Err(error) => Told::text(words::draft(error)),
    }
}

/// An operation of a holder: authenticates, then does it.
fn step<R, M>(
    what: String,
    token: String,
    session: usize,
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

/// Saves a draft; sometimes at a version that is not the newest.
pub fn save(choice: &mut Choice<'_>) -> Option<Step> {
    let session = choice.session()?;
    let invitation = &choice.model.invitations[choice.model.sessions[session].invitation];
    let known = invitation.draft.as_ref();
    let (form, stored) = (invitation.form.clone(), known.and_then(|draft| draft.by.clone()));
    let expected = known.map_or(0, |draft| draft.version) - i32::from(choice.dice.one_in(12));
    let by = (stored.is_none() || choice.dice.one_in(2)).then(|| given::respondent(choice.dice));
    let staff = choice.dice.one_in(60);
    let by = if staff { Some(Respondent::of(RespondentKind::Staff)) } else { by };
    let consent = by.as_ref().or(stored.as_ref()).is_none_or(Respondent::may_decide_consent);
    let answers = Given::make(choice.dice, &form, consent, choice.number);
    let asked = choice.dice.one_in(3).then(|| LANGUAGES[choice.dice.below(3)]);
    let command = Command { expected, respondent: by.clone(), answers: answers.json.clone(), language: asked.map(language) };
    let what = format!("save at {expected} by {:?} in {asked:?}: {:?}", by.as_ref().map(|by| by.kind), answers.flat);
    let act = move |services: Services, holder: Holder, request: String| async move {
        told_draft(&draft::save(&services, &holder, &request, command).await)
    };
    Some(step(what, choice.token(session)?, session, act, move |port, held| async move {
        if staff {
            return Err("respondent".to_owned().into());
        }
        let request = port.request.clone();
        let saved = port.unit(|model| {
            may_change(model, held)?;
            let known = own_draft(model, held)?;
            let version = known.as_ref().map_or(0, |draft| draft.version);
            if version != expected {
                return Err(format!("changed {version}"));
            }
            if answers.broken {
                return Err("answers".to_owned());
            }
            Ok(put(model, held, next(held, known.as_ref(), answers, by, asked), &request))
        });
        Ok(saved.await??)
    }))
}

fn next(held: Held, known: Option<&Draft>, given: Rc<Given>, by: Option<Respondent>, asked: Option<&str>) -> Draft {
    Draft {
        version: known.map_or(0, |draft| draft.version) + 1,
        device: held.device,
        given,
        by: by.or_else(|| known.and_then(|draft| draft.by.clone())),
        language: asked.map_or_else(|| known.map_or("nb".to_owned(), |draft| draft.language.clone()), str::to_owned),
    }
}

/// Changes the draft as a page does: whatever its version is.
pub fn edit(choice: &mut Choice<'_>) -> Option<Step> {
    let session = choice.session()?;
    let form = choice.model.invitations[choice.model.sessions[session].invitation].form.clone();
    let by = given::respondent(choice.dice);
    let answers =
        std::iter::repeat_with(|| Given::make(choice.dice, &form, by.may_decide_consent(), choice.number)).find(|given| !given.broken)?;
    let asked = LANGUAGES[choice.dice.below(3)];
    let document: Answers = read::response(&answers.json).ok()?.answers;
    let command = edit_draft::Command {
        change: Some(Arc::new(move |_, _, _| Ok(document.clone()))),
        respondent: Some(by.clone()),
        language: Some(language(asked)),
        place: choice.dice.one_in(2).then_some(Arc::new(|_: &[_]| 2) as edit_draft::Next),
    };
    let what = format!("edit by {:?} in {asked}: {:?}", by.kind, answers.flat);
    let act = move |services: Services, holder: Holder, request: String| async move {
        told_draft(&edit_draft::edit(&services, &holder, &request, command).await)
    };
    Some(step(what, choice.token(session)?, session, act, move |port, held| async move {
        let request = port.request.clone();
        let saved = port.unit(|model| {
            may_change(model, held)?;
            let known = own_draft(model, held)?;
            Ok::<_, String>(put(model, held, next(held, known.as_ref(), answers, Some(by), Some(asked)), &request))
        });
        Ok(saved.await??)
    }))
}

/// Takes over with an empty draft.
pub fn start_over(choice: &mut Choice<'_>) -> Option<Step> {
    let session = choice.session()?;
    let act = move |services: Services, holder: Holder, request: String| async move {
        told_draft(&draft::start_over(&services, &holder, &request).await)
    };
    Some(step("start over".to_owned(), choice.token(session)?, session, act, move |port, held| async move {
        let request = port.request.clone();
        let saved = port.unit(|model| {
            may_change(model, held)?;
            let known = model.invitations[held.invitation].draft.clone();
            let fresh = Draft { by: None, ..next(held, known.as_ref(), Given::nothing(), None, None) };
            Ok::<_, String>(put(model, held, fresh, &request))
        });
        Ok(saved.await??)
    }))
}

/// Does not want to answer.
pub fn decline(choice: &mut Choice<'_>) -> Option<Step> {
    let session = choice.session()?;
    let act = move |services: Services, holder: Holder, request: String| async move {
        match declining::decline(&services, &holder, &request).await {
            Ok(()) => Told::text("declined"),
            Err(error) => Told::text(words::draft(&error)),
        }
    };
    Some(step("decline".to_owned(), choice.token(session)?, session, act, move |port, held| async move {
        let request = port.request.clone();
        let done = port.unit(|model| {
            may_change(model, held)?;
            if model.invitations[held.invitation].state == InvitationState::Answered {
                return Err("answered".to_owned());
            }
            model.invitations[held.invitation].state = InvitationState::Closed(ClosedReason::Declined);
            model.invitations[held.invitation].draft = None;
            model.log_holder(held.invitation, &request, "invitation.decline");
            Ok(Meant::text("declined"))
        });
        Ok(done.await??)
    }))
}

/// A read that is logged before it is answered.
async fn read(port: &Port, held: Held, action: &'static str, meant: Meant) -> Result<Meant, Stop> {
    let request = port.request.clone();
    port.unit(|model| model.log_holder(held.invitation, &request, action)).await?;
    Ok(meant)
}

/// Reads the draft.
pub fn read_draft(choice: &mut Choice<'_>) -> Option<Step> {
    let session = choice.session()?;
    let act = move |services: Services, holder: Holder, request: String| async move {
        told_draft(&draft::read_draft(&services, &holder, &request, Language::nb()).await)
    };
    Some(step("read the draft".to_owned(), choice.token(session)?, session, act, move |port, held| async move {
        if held.receipt {
            return Err("receipt only".to_owned().into());
        }
        let seen = port.look(|model| {
            may_answer(model, held.invitation)?;
            Ok::<_, String>(own_draft(model, held)?.map_or("draft 0 nb None []".to_owned(), |draft| meant_draft(&draft)))
        })?;
        read(&port, held, "draft.read", Meant::text(seen)).await
    }))
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
    Some(step("read the session".to_owned(), choice.token(session)?, session, act, move |port, held| async move {
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

fn told_receipt(receipt: &Receipt, fresh: bool) -> Told {
    let text =
        receipt.copy.split(MARKER).nth(1).map_or(String::new(), |rest| rest.chars().take_while(|c| c.is_numeric() || *c == ' ').collect());
    let until = receipt.amend_until;
    Told::text(format!("receipt {} fresh={fresh} {} {until} {:?}", receipt.version, text.trim(), receipt.respondent.kind))
        .with(Fact::Response(receipt.response))
}

fn meant_receipt(model: &Model, invitation: usize, fresh: bool) -> Meant {
    let row = &model.invitations[invitation];
    let response = row.response.expect("a response");
    let versions = &model.responses[response].versions;
    let newest = versions.last().expect("a version");
    let text = newest.given.flat.iter().find_map(|(_, text)| text.strip_prefix(MARKER)).unwrap_or_default().trim();
    Meant::text(format!("receipt {} fresh={fresh} {text} {} {:?}", versions.len(), row.amend_until, newest.by.kind))
        .with(Row::Response(response))
}

/// Hands in; again and again, and at versions that are not the newest.
pub fn submit(choice: &mut Choice<'_>) -> Option<Step> {
    let session = choice.session()?;
    let known = choice.model.invitations[choice.model.sessions[session].invitation].draft.as_ref();
    let version = known.map_or(0, |draft| draft.version);
    let expected = match choice.dice.below(15) {
        0 => None,
        1 => Some(version - 1),
        _ => Some(version),
    };
    let act = move |services: Services, holder: Holder, request: String| async move {
        match submit_response::submit(&services, &holder, &request, expected).await {
            Ok(done) => told_receipt(&done.receipt, done.fresh),
            Err(error) => Told::text(words::draft(&error)),
        }
    };
    Some(step(format!("submit {expected:?}"), choice.token(session)?, session, act, move |port, held| async move {
        if !held.receipt {
            let request = port.request.clone();
            let done = port.unit(|model| submit_in(model, held, expected, &request)).await?;
            if done.as_ref().err().is_none_or(|why| why != "receipt only") {
                return Ok(done?);
            }
        }
        let seen = port.look(|model| meant_receipt(model, held.invitation, false));
        read(&port, held, "receipt.read", seen).await
    }))
}

fn submit_in(model: &mut Model, held: Held, expected: Option<i32>, request: &str) -> Result<Meant, String> {
    may_change(model, held)?;
    let Some(draft) = own_draft(model, held)? else { return Err("changed 0".to_owned()) };
    if expected != Some(draft.version) {
        return Err(format!("changed {}", draft.version));
    }
    let Some(by) = &draft.by else { return Err("respondent".to_owned()) };
    if !draft.given.complete(by) {
        return Err("answers".to_owned());
    }
    let again = model.invitations[held.invitation].response.is_some();
    let (_, fresh) = model.hand_in(held.invitation, &draft.given, by, false, &draft.language);
    let action = match (fresh, again) {
        (true, false) => "response.submit",
        (true, true) => "response.amend",
        (false, _) => "receipt.read",
    };
    model.log_holder(held.invitation, request, action);
    model.sessions[held.session].receipt = true;
    Ok(meant_receipt(model, held.invitation, fresh))
}

/// Looks at the receipt.
pub fn receipt(choice: &mut Choice<'_>) -> Option<Step> {
    let session = choice.session()?;
    let act = move |services: Services, holder: Holder, request: String| async move {
        match submit_response::receipt(&services, &holder, &request).await {
            Ok(Some(receipt)) => told_receipt(&receipt, false),
            Ok(None) => Told::text("none"),
            Err(error) => Told::text(words::draft(&error)),
        }
    };
    Some(step("read the receipt".to_owned(), choice.token(session)?, session, act, move |port, held| async move {
        if !held.receipt {
            return Ok(Meant::text("none"));
        }
        let seen = port.look(|model| meant_receipt(model, held.invitation, false));
        read(&port, held, "receipt.read", seen).await
    }))
}

/// Prints the copy.
pub fn copy(choice: &mut Choice<'_>) -> Option<Step> {
    let session = choice.session()?;
    let act = move |services: Services, holder: Holder, request: String| async move {
        match submit_response::copy_pdf(&services, &holder, &request).await {
            Ok(Some(bytes)) => Told::text(if bytes.starts_with(b"%PDF") { "printed" } else { "no PDF" }),
            Ok(None) => Told::text("none"),
            Err(error) => Told::text(words::draft(&error)),
        }
    };
    Some(step("print the copy".to_owned(), choice.token(session)?, session, act, move |port, held| async move {
        if !held.receipt {
            return Ok(Meant::text("none"));
        }
        read(&port, held, "receipt.print", Meant::text("printed")).await
    }))
}

/// Ends the session.
pub fn leave(choice: &mut Choice<'_>) -> Option<Step> {
    let session = choice.session()?;
    let act = move |services: Services, holder: Holder, _| async move {
        Told::text(if holder::end(&services, &holder).await.is_ok() { "left" } else { "fault" })
    };
    Some(step("leave".to_owned(), choice.token(session)?, session, act, move |port, held| async move {
        port.unit(|model| model.sessions[held.session].ended = true).await?;
        Ok(Meant::text("left"))
    }))
}
