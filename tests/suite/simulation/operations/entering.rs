//! Staff enter what came on paper.

use super::choosing::caller;
use super::keeping::read;
use super::reading::{meant_response, told_entered};
use super::{Choice, words};
use crate::simulation::given::Given;
use crate::simulation::model::{Begun, Invitation, Key, Logged, Model, Outcome, Paper, Request, Whose};
use crate::simulation::step::{Meant, Port, Step};
use crate::simulation::world::{Deed, may, may_ever};
use chrono::{Days, Duration};
use kartlegging::domain::clock::{oslo_date, oslo_day_start};
use kartlegging::domain::invitation::{ClosedReason, InvitationState};
use kartlegging::domain::language::Language;
use kartlegging::domain::respondent::{Relation, Respondent, RespondentKind};
use kartlegging::services::enter_paper::{self, Command};
use kartlegging::services::idempotency::Repeatable;
use std::rc::Rc;

/// Enters answers.
pub fn enter(choice: &mut Choice<'_>) -> Option<Step> {
    let whose = if choice.dice.one_in(4) {
        let known: Vec<usize> = (0..choice.model.patients.len()).filter(|row| choice.model.patients[*row].id.is_some()).collect();
        let patient = choice.dice.lately(&known)?;
        let own = choice.model.world.units_of(choice.model.patients[patient].organization);
        let unit =
            if choice.dice.one_in(12) { choice.dice.below(choice.model.world.units.len()) } else { own[choice.dice.below(own.len())] };
        Whose::Patient(patient, unit)
    } else {
        Whose::Invitation(choice.invitation()?)
    };
    let (organization, form) = match whose {
        Whose::Invitation(row) => (choice.model.invitations[row].organization, choice.model.invitations[row].form.clone()),
        Whose::Patient(row, _) => (choice.model.patients[row].organization, "distress-thermometer".to_owned()),
    };
    let by = match choice.dice.below(5) {
        0 => Respondent::of(RespondentKind::Staff),
        1 => Respondent {
            kind: RespondentKind::Representative,
            relation: Some(Relation::PowerOfAttorney),
            name: Some("Ola Oppdiktet".to_owned()),
            phone: Some("55 00 00 04".to_owned()),
        },
        _ => Respondent::patient(),
    };
    let today = oslo_date(choice.model.now);
    let paper = Paper {
        whose,
        given: Given::make(choice.dice, &form, by.may_decide_consent(), choice.number),
        by,
        language: choice.dice.one_in(3).then_some("nn"),
        answered_on: if choice.dice.one_in(20) {
            today + Days::new(1)
        } else {
            today - Days::new(u64::try_from(choice.dice.below(9)).ok()?)
        },
    };
    let actor = choice.somebody(organization, &["nurse", "colleague", "doctor", "doctor"]);
    step(choice.model, actor, paper, format!("paper-{}", choice.number))
}

/// Sends an earlier one again.
pub fn repeat(choice: &mut Choice<'_>) -> Option<Step> {
    let known: Vec<&Request> = choice.model.requests.iter().filter(|request| matches!(request, Request::Paper(..))).collect();
    let Request::Paper(mut actor, mut paper, key) = choice.dice.lately(&known)?.clone() else { return None };
    match choice.dice.below(6) {
        0 => paper.answered_on = paper.answered_on - Days::new(1),
        1 => actor = choice.somebody(choice.model.home(actor), &["doctor"]),
        _ => {}
    }
    step(choice.model, actor, paper, key)
}

fn step(model: &Model, actor: usize, paper: Paper, key: String) -> Option<Step> {
    let world = Rc::clone(&model.world);
    let whose = match paper.whose {
        Whose::Invitation(row) => enter_paper::Whose::Invitation(model.invitations[row].id?),
        Whose::Patient(row, unit) => {
            enter_paper::Whose::Patient { patient: model.patients[row].id?, unit: world.units[unit].id, form: None }
        }
    };
    let command = Command {
        whose,
        respondent: paper.by.clone(),
        answers: paper.given.json.clone(),
        language: paper.language.map(|word| Language::parse(word).expect("language")),
        answered_on: paper.answered_on,
    };
    let what = format!("enter paper by {actor} under {key}: {paper:?}");
    let (name, body) = (key.clone(), format!("{paper:?}").into_bytes());
    let sent = Repeatable { key, operation: "paper".to_owned(), body: body.clone() };
    let real = move |services, request: String| async move {
        let done = enter_paper::enter(&services, &caller(&world, actor, &request, None), command, sent).await;
        told_entered(done.map_err(|error| words::enter(&error)))
    };
    Some(Step::new(what, real, move |port: Port| async move {
        port.model.borrow_mut().requests.push(Request::Paper(actor, paper.clone(), name.clone()));
        if let Err(why) = port.look(|model| may_ever(model, actor, Deed::Paper)) {
            return Meant::text(why);
        }
        if port.look(|model| paper.answered_on > oslo_date(model.now)) {
            return Meant::text("future");
        }
        let key: Key = (actor, "paper", name);
        let newest = |model: &Model, response: usize| meant_response(model, response, model.responses[response].versions.len());
        match port.unit(|model| model.begin(&key, &body)).await {
            Err(lost) => return lost.into(),
            Ok(Err(why)) => return Meant::text(why),
            Ok(Ok(Begun::Replay(Outcome::Entered(response)))) => return again(&port, actor, response).await,
            Ok(Ok(Begun::Replay(_))) => return Meant::text("another outcome"),
            Ok(Ok(Begun::Work)) => {}
        }
        let (request, mark) = (port.request.clone(), port.mark);
        let done = port.unit(|model| {
            let response = enter_in(model, actor, &paper, &request, mark)?;
            model.finish(&key, Outcome::Entered(response));
            Ok::<_, String>(response)
        });
        let why = match done.await {
            Ok(Ok(response)) => return port.look(|model| newest(model, response)),
            Ok(Err(why)) => why,
            Err(_) => "fault".to_owned(),
        };
        port.unit(|model| model.release(&key)).await.map_or_else(Meant::from, |()| Meant::text(why))
    }))
}

/// Given out again: allowed again, and a read.
async fn again(port: &Port, actor: usize, response: usize) -> Meant {
    let meant = port.look(|model| meant_response(model, response, model.responses[response].versions.len()));
    let deed = port.look(|model| {
        if model.patients[model.invitations[model.responses[response].invitation].patient].erased {
            return Err("erased".to_owned());
        }
        let deed = model.about(model.responses[response].invitation, "response.read");
        let ground = may(model, actor, Deed::Paper, &[deed.unit.expect("a unit")], None)?;
        Ok::<_, String>((String::new(), Logged { ground, ..deed }))
    });
    read(port, actor, deed).await.map_or_else(|lost| lost, |_| meant)
}

fn enter_in(model: &mut Model, actor: usize, paper: &Paper, request: &str, mark: u32) -> Result<usize, String> {
    let home = model.home(actor);
    let found = match paper.whose {
        Whose::Invitation(row) if model.invitations[row].organization != home => return Err("not found".to_owned()),
        Whose::Invitation(row) => Some(row),
        Whose::Patient(_, unit) if model.world.units[unit].organization != home => return Err("unit".to_owned()),
        Whose::Patient(patient, unit) => {
            may(model, actor, Deed::Paper, &[unit], None)?;
            if model.patients[patient].organization != home {
                return Err("not found".to_owned());
            }
            if model.patients[patient].erased {
                return Err("erased".to_owned());
            }
            model.live(None, unit, patient, Some(oslo_date(model.now)), "distress-thermometer", None)
        }
    };
    let unit = match (found, paper.whose) {
        (Some(row), _) => model.invitations[row].unit,
        (None, Whose::Patient(_, unit)) => unit,
        (None, Whose::Invitation(_)) => return Err("not found".to_owned()),
    };
    may(model, actor, Deed::Paper, &[unit], None)?;
    if let Some(row) = found {
        if model.patients[model.invitations[row].patient].erased {
            return Err("erased".to_owned());
        }
        may_reopen(model, row)?;
    }
    if !paper.given.complete(&paper.by) {
        return Err("answers".to_owned());
    }
    let row = match (found, paper.whose) {
        (Some(row), _) => row,
        (None, Whose::Patient(patient, unit)) => invite(model, actor, patient, unit, mark),
        (None, Whose::Invitation(_)) => return Err("not found".to_owned()),
    };
    let known = model.invitations[row].response.is_some();
    let (response, fresh) = model.hand_in(row, &paper.given, &paper.by, true, paper.language.unwrap_or("nb"));
    let action = match (fresh, known) {
        (true, false) => "response.submit",
        (true, true) => "response.amend",
        (false, _) => "response.read",
    };
    model.log_actor(actor, request, model.about(row, action));
    Ok(response)
}

/// Late paper opens what has expired or was locked, but not in the place of another invitation.
fn may_reopen(model: &Model, row: usize) -> Result<(), String> {
    let state = model.invitations[row].state;
    let no = || Err(format!("not possible {}", words::state(state)));
    match state {
        InvitationState::Closed(ClosedReason::Revoked) => no(),
        InvitationState::Closed(ClosedReason::Expired | ClosedReason::Locked) if model.rival(row).is_some() => no(),
        _ => Ok(()),
    }
}

fn invite(model: &mut Model, actor: usize, patient: usize, unit: usize, mark: u32) -> usize {
    let today = oslo_date(model.now);
    let until = oslo_day_start(today) + Duration::days(30);
    model.invitations.push(Invitation {
        organization: model.home(actor),
        unit,
        id: None,
        mark,
        nth: 0,
        patient,
        visit: None,
        form: "distress-thermometer".to_owned(),
        state: InvitationState::Issued,
        flagged: false,
        due_on: Some(today),
        answer_until: until,
        amend_until: until + Duration::days(7),
        created_at: model.now,
        by: model.person(actor),
        credentials: Vec::new(),
        told: [None; 2],
        draft: None,
        response: None,
    });
    model.invitations.len() - 1
}
