//! What is done to invitations that have been issued: look, revoke, reissue, print.

use super::choosing::caller;
use super::inviting::{meant_view, told_invitation, told_issued};
use super::{Choice, words};
use crate::simulation::model::{Begun, Key, Logged, Model, Outcome, Request};
use crate::simulation::step::{Meant, Port, Row, Step, Told};
use crate::simulation::world::{Deed, may};
use kartlegging::domain::ids::InvitationId;
use kartlegging::domain::invitation::{ClosedReason, InvitationState};
use kartlegging::services::idempotency::Repeatable;
use kartlegging::services::invitation::{self, InvitationView};
use kartlegging::services::print_paper;
use std::rc::Rc;

fn told_seen(done: Result<InvitationView, invitation::Error>) -> Told {
    match done {
        Ok(view) => told_invitation(&view, None),
        Err(error) => Told::text(words::invitation(&error)),
    }
}

/// Looks at an invitation.
pub fn get(choice: &mut Choice<'_>) -> Option<Step> {
    let row = choice.invitation()?;
    let actor = choice.somebody(choice.model.invitations[row].organization, &["letters", "desk", "nurse", "leader"]);
    let (world, id) = (Rc::clone(&choice.model.world), choice.model.invitations[row].id?);
    let real = move |services, request: String| async move {
        told_seen(invitation::get(&services, &caller(&world, actor, &request, None), id).await)
    };
    Some(Step::new(format!("see invitation {row} by {actor}"), real, move |port: Port| async move {
        let seen = port.look(|model| {
            let ground = own(model, actor, row).and_then(|unit| Ok(may(model, actor, Deed::SeeInvitation, &[unit], None)?))?;
            Ok::<_, String>((meant_view(model, row), Logged { ground, ..model.about(row, "invitation.read") }))
        });
        read(&port, actor, seen).await.map_or_else(|meant| meant, |text| Meant::text(text).with(Row::Invitation(row)))
    }))
}

/// The unit of an invitation of the actor's organization.
pub fn own(model: &Model, actor: usize, invitation: usize) -> Result<usize, String> {
    let row = &model.invitations[invitation];
    if row.organization == model.home(actor) { Ok(row.unit) } else { Err("not found".to_owned()) }
}

/// A read that is logged before it is answered.
pub async fn read(port: &Port, actor: usize, seen: Result<(String, Logged), String>) -> Result<String, Meant> {
    let (text, deed) = seen.map_err(Meant::text)?;
    let request = port.request.clone();
    port.unit(|model| model.log_actor(actor, &request, deed)).await.map_err(Meant::from)?;
    Ok(text)
}

/// Takes an invitation back.
pub fn revoke(choice: &mut Choice<'_>) -> Option<Step> {
    let row = choice.invitation()?;
    let actor = choice.somebody(choice.model.invitations[row].organization, &["letters", "nurse", "leader"]);
    let (world, id) = (Rc::clone(&choice.model.world), choice.model.invitations[row].id?);
    let real = move |services, request: String| async move {
        told_seen(invitation::revoke(&services, &caller(&world, actor, &request, None), id).await)
    };
    Some(Step::new(format!("revoke invitation {row} by {actor}"), real, move |port: Port| async move {
        let request = port.request.clone();
        let done = port.unit(|model| {
            let unit = own(model, actor, row)?;
            let ground = may(model, actor, Deed::Invite, &[unit], None)?;
            let state = model.invitations[row].state;
            match state {
                InvitationState::Answered | InvitationState::Closed(ClosedReason::Expired) => {
                    return Err(format!("not possible {}", words::state(state)));
                }
                InvitationState::Closed(ClosedReason::Revoked) => {}
                _ => {
                    model.invitations[row].state = InvitationState::Closed(ClosedReason::Revoked);
                    model.invitations[row].draft = None;
                    model.revoke_credentials(row);
                    model.end_sessions(row);
                }
            }
            model.log_actor(actor, &request, Logged { ground, ..model.about(row, "invitation.revoke") });
            Ok(meant_view(model, row))
        });
        match done.await {
            Err(lost) => lost.into(),
            Ok(Err(why)) => Meant::text(why),
            Ok(Ok(text)) => Meant::text(text).with(Row::Invitation(row)),
        }
    }))
}

/// A new link and code.
pub fn reissue(choice: &mut Choice<'_>) -> Option<Step> {
    let row = choice.invitation()?;
    let actor = choice.somebody(choice.model.invitations[row].organization, &["letters", "nurse", "leader"]);
    reissue_step(choice.model, actor, row, format!("again-{}", choice.number))
}

pub fn reissue_step(model: &Model, actor: usize, row: usize, key: String) -> Option<Step> {
    let (world, id) = (Rc::clone(&model.world), model.invitations[row].id?);
    let what = format!("reissue invitation {row} by {actor} under {key}");
    let (name, body) = (key.clone(), id.to_string().into_bytes());
    let sent = Repeatable { key, operation: "reissue".to_owned(), body: body.clone() };
    let real = move |services, request: String| async move {
        match invitation::reissue(&services, &caller(&world, actor, &request, None), id, sent).await {
            Ok(issued) => told_issued(&issued),
            Err(error) => Told::text(words::invitation(&error)),
        }
    };
    Some(Step::new(what, real, move |port: Port| async move {
        port.model.borrow_mut().requests.push(Request::Reissue(actor, row, name.clone()));
        let key: Key = (actor, "reissue", name);
        match port.unit(|model| model.begin(&key, &body)).await {
            Err(lost) => return lost.into(),
            Ok(Err(why)) => return Meant::text(why),
            Ok(Ok(Begun::Replay(Outcome::Reissued(row, credential)))) => {
                let seen = port.look(|model| {
                    let ground = may(model, actor, Deed::Invite, &[own(model, actor, row)?], None)?;
                    Ok((meant_view(model, row), Logged { ground, ..model.about(row, "invitation.issue-again") }))
                });
                return read(&port, actor, seen)
                    .await
                    .map_or_else(|meant| meant, |text| Meant::text(text).with(Row::Issued(row, credential)));
            }
            Ok(Ok(Begun::Replay(_))) => return Meant::text("another outcome"),
            Ok(Ok(Begun::Work)) => {}
        }
        let request = port.request.clone();
        let done = port.unit(|model| {
            let credential = reissue_in(model, actor, row, &request)?;
            model.finish(&key, Outcome::Reissued(row, credential));
            Ok::<_, String>(Meant::text(meant_view(model, row)).with(Row::Issued(row, credential)))
        });
        let why = match done.await {
            Ok(Ok(meant)) => return meant,
            Ok(Err(why)) => why,
            Err(_) => "fault".to_owned(),
        };
        port.unit(|model| model.release(&key)).await.map_or_else(Meant::from, |()| Meant::text(why))
    }))
}

fn reissue_in(model: &mut Model, actor: usize, row: usize, request: &str) -> Result<usize, String> {
    let unit = own(model, actor, row)?;
    let ground = may(model, actor, Deed::Invite, &[unit], None)?;
    let invitation = &model.invitations[row];
    if model.patients[invitation.patient].erased {
        return Err("erased".to_owned());
    }
    let (state, answered) = (invitation.state, invitation.state == InvitationState::Answered);
    if matches!(state, InvitationState::Closed(ClosedReason::Expired | ClosedReason::Revoked)) {
        return Err(format!("not possible {}", words::state(state)));
    }
    if model.now >= if answered { invitation.amend_until } else { invitation.answer_until } {
        let over = if answered { state } else { InvitationState::Closed(ClosedReason::Expired) };
        return Err(format!("not possible {}", words::state(over)));
    }
    if model.rival(row).is_some() {
        return Err("exists".to_owned());
    }
    model.revoke_credentials(row);
    model.end_sessions(row);
    if state == InvitationState::Closed(ClosedReason::Locked) {
        model.invitations[row].state = InvitationState::Issued;
    }
    model.invitations[row].flagged = false;
    let credential = model.add_letter(row);
    model.log_actor(actor, request, Logged { ground, ..model.about(row, "invitation.reissue") });
    Ok(credential)
}

/// The form on paper.
pub fn print(choice: &mut Choice<'_>) -> Option<Step> {
    let row = choice.invitation()?;
    let actor = choice.somebody(choice.model.invitations[row].organization, &["letters", "nurse", "leader"]);
    let (world, id) = (Rc::clone(&choice.model.world), choice.model.invitations[row].id?);
    let real = move |services, request: String| async move {
        match print_paper::print(&services, &caller(&world, actor, &request, None), InvitationId(id.0), None).await {
            Ok(bytes) => Told::text(if bytes.starts_with(b"%PDF") { "printed" } else { "no PDF" }),
            Err(error) => Told::text(words::paper(&error)),
        }
    };
    Some(Step::new(format!("print invitation {row} by {actor}"), real, move |port: Port| async move {
        let seen = port.look(|model| {
            let ground = may(model, actor, Deed::Invite, &[own(model, actor, row)?], None)?;
            let invitation = &model.invitations[row];
            let printable = model.waits(row) || invitation.closed() == Some(ClosedReason::Declined);
            let state = if printable { InvitationState::Closed(ClosedReason::Expired) } else { invitation.state };
            if !printable || model.now >= invitation.answer_until {
                return Err(format!("not possible {}", words::state(state)));
            }
            Ok(("printed".to_owned(), Logged { ground, ..model.about(row, "invitation.paper") }))
        });
        read(&port, actor, seen).await.map_or_else(|meant| meant, Meant::text)
    }))
}
