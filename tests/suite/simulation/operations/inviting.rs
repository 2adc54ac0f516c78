//! Letter systems and staff: issue, repeat, move, revoke, reissue, print.

use super::choosing::{caller, real_order};
use super::repeating::replay;
use super::{Choice, words};
use crate::simulation::model::{Begun, Kept, Key, Made, Model, Order, Outcome, Request, Visiting};
use crate::simulation::step::{Fact, Meant, Port, Row, Step, Told};
use crate::simulation::world::{Deed, may_ever};
use kartlegging::domain::secret::{Code, LinkToken};
use kartlegging::services::idempotency::Repeatable;
use kartlegging::services::invitation::{InvitationView, Issued};
use kartlegging::services::issue_invitations::{self as issuing, Error};
use std::rc::Rc;

pub fn told_view(view: &InvitationView) -> String {
    let (name, answered) = (&view.questionnaire_name, view.response.is_some());
    let until = (view.answer_until, view.amend_until, view.due_on);
    format!("{} sent={} flagged={} {name} {until:?} answered={answered}", words::state(view.state), view.sent, view.flagged)
}

/// An invitation as callers see it.
pub fn meant_view(model: &Model, invitation: usize) -> String {
    let row = &model.invitations[invitation];
    let (name, answered, sent) = (&row.form, row.response.is_some(), !row.credentials.is_empty());
    let until = (row.answer_until, row.amend_until, row.due_on);
    format!("{} sent={sent} flagged={} {name} {until:?} answered={answered}", words::state(row.state), row.flagged)
}

pub fn told_invitation(view: &InvitationView, secrets: Option<(LinkToken, Code)>) -> Told {
    let fact = Fact::Invitation { id: view.id, patient: Some(view.patient), visit: view.appointment, secrets };
    Told::text(told_view(view)).with(fact)
}

pub fn told_issued(issued: &Issued) -> Told {
    told_invitation(&issued.invitation, Some((issued.link.clone(), issued.code.clone())))
}

pub fn told_one(done: Result<Issued, Error>) -> Told {
    match done {
        Ok(issued) => told_issued(&issued),
        Err(Error::Exists(id)) => Told::text("exists").with(Fact::named(id)),
        Err(error) => Told::text(words::issue(&error)),
    }
}

/// Issues one.
pub fn issue(choice: &mut Choice<'_>) -> Option<Step> {
    let organization = choice.dice.below(choice.model.world.organizations.len());
    let actor = choice.somebody(organization, &["letters", "letters", "letters", "nurse", "doctor", "leader"]);
    let order = choice.order(choice.model.home(actor));
    Some(issue_step(choice, actor, order, format!("key-{}", choice.number)))
}

/// The EHR has moved a visit: the letter system asks again with the same id and another time.
pub fn move_visit(choice: &mut Choice<'_>) -> Option<Step> {
    let known: Vec<usize> = (0..choice.model.visits.len()).filter(|row| choice.model.visits[*row].external.is_some()).collect();
    let visit = choice.dice.lately(&known)?;
    let row = &choice.model.visits[visit];
    let (organization, patient) = (row.organization, &choice.model.patients[row.patient]);
    let form =
        choice.model.invitations.iter().rfind(|invitation| invitation.visit == Some(visit)).map(|invitation| invitation.form.as_str());
    let order = Order {
        person: patient.person,
        name: patient.name.clone(),
        born: patient.born,
        unit: None,
        visit: Some(Visiting { external: row.external.clone(), starts_at: choice.soon(), unit: row.unit }),
        due_on: None,
        form: form.and_then(|form| ["distress-thermometer", "follow-up"].into_iter().find(|known| *known == form)),
        answer_until: None,
        contact: None,
    };
    let actor = choice.called(organization, &["letters"]);
    if choice.dice.one_in(3) {
        return Some(register_step(choice.model, actor, order));
    }
    Some(issue_step(choice, actor, order, format!("key-{}", choice.number)))
}

/// Registers a visit without inviting.
pub fn register(choice: &mut Choice<'_>) -> Option<Step> {
    let organization = choice.dice.below(choice.model.world.organizations.len());
    let actor = choice.somebody(organization, &["letters", "nurse", "doctor"]);
    let mut order = choice.order(choice.model.home(actor));
    let unit = choice.dice.pick(&choice.model.world.units_of(choice.model.home(actor)))?;
    let starts_at = choice.soon();
    order.visit.get_or_insert(Visiting { external: Some(format!("V-{}", choice.number)), starts_at, unit });
    Some(register_step(choice.model, actor, order))
}

fn register_step(model: &Model, actor: usize, order: Order) -> Step {
    let (world, meant) = (Rc::clone(&model.world), order.clone());
    let what = format!("register a visit by {actor}: {order:?}");
    let real = move |services, request: String| async move {
        let real = real_order(&world, &order);
        let visit = real.visit.expect("a visit");
        match issuing::register_visit(&services, &caller(&world, actor, &request, None), real.patient, visit).await {
            Ok(id) => Told::text("registered").with(Fact::Visit(id)),
            Err(error) => Told::text(words::issue(&error)),
        }
    };
    Step::new(what, real, move |port: Port| async move {
        let (request, mark) = (port.request.clone(), port.mark);
        match port.unit(|model| model.register(actor, &meant, &request, mark)).await {
            Err(lost) => lost.into(),
            Ok(Err(why)) => Meant::text(why),
            Ok(Ok(visit)) => Meant::text("registered").with(Row::Visit(visit)),
        }
    })
}

pub fn issue_step(choice: &Choice<'_>, actor: usize, order: Order, key: String) -> Step {
    let world = Rc::clone(&choice.model.world);
    let what = format!("issue by {actor} under {key}: {order:?}");
    let (meant, name, body) = (order.clone(), key.clone(), format!("{order:?}").into_bytes());
    let sent = Repeatable { key, operation: "issue".to_owned(), body: body.clone() };
    let real = move |services, request: String| async move {
        told_one(issuing::issue(&services, &caller(&world, actor, &request, None), real_order(&world, &order), sent).await)
    };
    Step::new(what, real, move |port: Port| async move {
        port.model.borrow_mut().requests.push(Request::Issue(actor, meant.clone(), name.clone()));
        if let Err(why) = port.look(|model| may_ever(model, actor, Deed::Invite)) {
            return Meant::text(why);
        }
        let key: Key = (actor, "issue", name);
        match port.unit(|model| model.begin(&key, &body)).await {
            Err(lost) => return lost.into(),
            Ok(Err(why)) => return Meant::text(why),
            Ok(Ok(Begun::Replay(outcome))) => return replay(&port, actor, outcome, true).await,
            Ok(Ok(Begun::Work)) => {}
        }
        let (request, mark) = (port.request.clone(), port.mark);
        let done = port.unit(|model| {
            let made = model.issue(actor, &meant, &request, mark, &mut Made::default())?;
            if let Ok((invitation, credential)) = made {
                model.finish(&key, Outcome::Items(vec![Kept::Done(invitation, credential)]));
                return Ok(Meant::text(meant_view(model, invitation)).with(Row::Issued(invitation, credential)));
            }
            Ok::<_, String>(Meant::text("exists").with(Row::Invitation(made.unwrap_err())))
        });
        let meant = match done.await {
            Ok(Ok(issued)) if matches!(issued.rows.as_slice(), [Row::Issued(..)]) => return issued,
            Ok(Ok(exists)) => exists,
            Ok(Err(why)) => Meant::text(why),
            Err(lost) => lost.into(),
        };
        port.unit(|model| model.release(&key)).await.map_or_else(Meant::from, |()| meant)
    })
}
