//! Visits that are moved, cancelled and booked again, with what hangs on them.

use super::choosing::caller;
use super::inviting::{meant_view, told_view};
use super::{Choice, words};
use crate::simulation::model::{Logged, Model};
use crate::simulation::step::{Meant, Port, Step, Told};
use crate::simulation::world::{Deed, may};
use chrono::{DateTime, Utc};
use kartlegging::domain::appointment::VisitStatus;
use kartlegging::domain::invitation::{ClosedReason, InvitationState};
use kartlegging::services::change_appointment::{self, Change, Error, VisitView};
use std::rc::Rc;

fn told(done: Result<VisitView, Error>) -> Told {
    let seen = match done {
        Err(Error::NotFound) => return Told::text("not found"),
        Err(Error::Time) => return Told::text("time"),
        Err(Error::Unit) => return Told::text("unit"),
        Err(Error::Denied(why)) => return Told::text(words::denied(why)),
        Err(Error::Fault(_)) => return Told::text("fault"),
        Ok(seen) => seen,
    };
    let mut invited: Vec<String> = seen.invitations.iter().map(told_view).collect();
    invited.sort();
    Told::text(format!("{} {} {invited:?}", seen.visit.starts_at, seen.visit.status))
}

/// How a visit is to be.
#[derive(Debug, Clone, Copy)]
struct Wanted {
    starts_at: Option<DateTime<Utc>>,
    status: Option<VisitStatus>,
}

/// Says how a visit is to be.
pub fn change(choice: &mut Choice<'_>) -> Option<Step> {
    let all: Vec<usize> = (0..choice.model.visits.len()).filter(|row| choice.model.visits[*row].id.is_some()).collect();
    let visit = choice.dice.lately(&all)?;
    let row = &choice.model.visits[visit];
    let (world, id) = (Rc::clone(&choice.model.world), row.id?);
    let actor = choice.somebody(row.organization, &["letters", "letters", "nurse", "leader", "desk"]);
    let status = match choice.dice.below(4) {
        0 => Some(VisitStatus::Cancelled),
        1 => Some(VisitStatus::Booked),
        _ => None,
    };
    let starts_at = (status.is_none() || choice.dice.one_in(3)).then(|| choice.soon());
    let wanted = Wanted { starts_at, status };
    let real = move |services, request: String| async move {
        let change = Change { starts_at: wanted.starts_at, status: wanted.status, unit: None };
        told(change_appointment::change(&services, &caller(&world, actor, &request, None), id, change).await)
    };
    Some(Step::new(format!("change visit {visit} by {actor}: {wanted:?}"), real, move |port: Port| async move {
        let request = port.request.clone();
        match port.unit(|model| changed(model, actor, visit, wanted, &request)).await {
            Err(lost) => lost.into(),
            Ok(Err(text) | Ok(text)) => Meant::text(text),
        }
    }))
}

fn changed(model: &mut Model, actor: usize, visit: usize, wanted: Wanted, request: &str) -> Result<String, String> {
    let row = &model.visits[visit];
    if row.organization != model.home(actor) {
        return Err("not found".to_owned());
    }
    let (unit, patient, from, was) = (row.unit, row.patient, row.starts_at, row.cancelled);
    let ground = may(model, actor, Deed::Invite, &[unit], None)?;
    let to = wanted.starts_at.unwrap_or(from);
    if to != from && to <= model.now {
        return Err("time".to_owned());
    }
    let is = wanted.status.map_or(was, |status| status == VisitStatus::Cancelled);
    model.move_visit(visit, to);
    model.visits[visit].cancelled = is;
    let hanging: Vec<usize> = (0..model.invitations.len()).filter(|row| model.invitations[*row].visit == Some(visit)).collect();
    if is && !was {
        for row in &hanging {
            take_back(model, actor, *row, request);
        }
    }
    if !is && (to != from || was) {
        for row in &hanging {
            renew(model, actor, *row, request);
        }
    }
    model.log_actor(actor, request, Logged { unit: Some(unit), ground, ..Logged::new("appointment.change", vec![patient]) });
    let mut invited: Vec<String> = hanging.iter().map(|row| meant_view(model, *row)).collect();
    invited.sort();
    let status = if is { "cancelled" } else { "booked" };
    Ok(format!("{to} {status} {invited:?}"))
}

fn take_back(model: &mut Model, actor: usize, row: usize, request: &str) {
    let stays = [InvitationState::Answered, InvitationState::Closed(ClosedReason::Expired), InvitationState::Closed(ClosedReason::Revoked)];
    if !stays.contains(&model.invitations[row].state) {
        model.invitations[row].state = InvitationState::Closed(ClosedReason::Revoked);
        model.invitations[row].draft = None;
        model.revoke_credentials(row);
        model.end_sessions(row);
        let deed = model.about(row, "invitation.revoke");
        model.log_actor(actor, request, deed);
    }
}

fn renew(model: &mut Model, actor: usize, row: usize, request: &str) {
    let own = &model.invitations[row];
    let expired = own.state == InvitationState::Closed(ClosedReason::Expired);
    if expired && own.answer_until > model.now && !model.patients[own.patient].erased && model.rival(row).is_none() {
        model.invitations[row].state = InvitationState::Issued;
        let deed = model.about(row, "invitation.renew");
        model.log_actor(actor, request, deed);
    }
}
