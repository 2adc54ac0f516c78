//! What the holder of a session does: answer, change, hand in, look.

use super::holding::{Held, may_answer, may_change, own_draft, read, step};
use super::{Choice, words};
use crate::simulation::given::{self, Given};
use crate::simulation::model::{Draft, Model};
use crate::simulation::step::{Meant, Step, Told};
use kartlegging::domain::answers::Answers;
use kartlegging::domain::invitation::{ClosedReason, InvitationState};
use kartlegging::domain::language::Language;
use kartlegging::domain::respondent::{Respondent, RespondentKind};
use kartlegging::fhir::read;
use kartlegging::services::draft::{self, Command, DraftView};
use kartlegging::services::holder::Holder;
use kartlegging::services::{Services, decline as declining, edit_draft};
use std::rc::Rc;
use std::sync::Arc;

const LANGUAGES: [&str; 3] = ["nb", "nn", "en"];

fn language(word: &str) -> Language {
    Language::parse(word).expect("language")
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
    Some(step(what, choice.token(session)?, act, move |port, held| async move {
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
    Some(step(what, choice.token(session)?, act, move |port, held| async move {
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
    Some(step("start over".to_owned(), choice.token(session)?, act, move |port, held| async move {
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
    Some(step("decline".to_owned(), choice.token(session)?, act, move |port, held| async move {
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

/// Reads the draft.
pub fn read_draft(choice: &mut Choice<'_>) -> Option<Step> {
    let session = choice.session()?;
    let act = move |services: Services, holder: Holder, request: String| async move {
        told_draft(&draft::read_draft(&services, &holder, &request, Language::nb()).await)
    };
    Some(step("read the draft".to_owned(), choice.token(session)?, act, move |port, held| async move {
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
