//! Batches, and requests that are sent again: as they were, with another body, or as somebody else.

use super::choosing::{caller, real_order};
use super::inviting::{issue_step, meant_view, told_one};
use super::keeping::reissue_step;
use super::{Choice, words};
use crate::simulation::model::{Begun, Kept, Key, Logged, Made, Order, Outcome, Request};
use crate::simulation::step::{Meant, Port, Row, Step, Told};
use crate::simulation::world::{Deed, may, may_ever};
use kartlegging::services::idempotency::Repeatable;
use kartlegging::services::issue_invitations::{self as issuing};
use std::rc::Rc;

/// What was recorded is given out again, and that is logged.
pub async fn replay(port: &Port, actor: usize, outcome: Outcome, single: bool) -> Meant {
    let Outcome::Items(items) = outcome else { return Meant::text("another outcome") };
    let mut meant = Meant::text("");
    let mut texts = Vec::new();
    let mut patients = Vec::new();
    for item in items {
        match item {
            Kept::Done(invitation, credential) => {
                let unit = port.look(|model| model.invitations[invitation].unit);
                if let Err(why) = port.look(|model| may(model, actor, Deed::Invite, &[unit], None)) {
                    return Meant::text(why);
                }
                texts.push(port.look(|model| meant_view(model, invitation)));
                patients.push(port.look(|model| model.invitations[invitation].patient));
                meant = meant.with(Row::Issued(invitation, credential));
            }
            Kept::Exists(invitation) => {
                texts.push("exists".to_owned());
                meant = meant.with(Row::Invitation(invitation));
            }
            Kept::Refused(why) => texts.push(why),
        }
    }
    let request = port.request.clone();
    if let Err(lost) = port.unit(|model| model.log_actor(actor, &request, Logged::new("invitation.issue-again", patients))).await {
        return lost.into();
    }
    meant.text = if single { texts.pop().unwrap_or_default() } else { texts.join("; ") };
    meant
}

/// Issues several at once.
pub fn batch(choice: &mut Choice<'_>) -> Option<Step> {
    let organization = choice.dice.below(choice.model.world.organizations.len());
    let actor = choice.somebody(organization, &["letters"]);
    let number = choice.number;
    let orders = (0..=choice.dice.below(5))
        .map(|at| {
            // Each item has visits of its own.
            choice.number = number * 8 + u32::try_from(at).unwrap_or(0) + 1_000_000;
            (!choice.dice.one_in(12)).then(|| choice.order(choice.model.home(actor)))
        })
        .collect();
    Some(batch_step(choice, actor, orders, format!("batch-{number}")))
}

fn batch_step(choice: &Choice<'_>, actor: usize, orders: Vec<Option<Order>>, key: String) -> Step {
    let world = Rc::clone(&choice.model.world);
    let what = format!("issue a batch by {actor} under {key}: {orders:?}");
    let (meant, name, body) = (orders.clone(), key.clone(), format!("{orders:?}").into_bytes());
    let sent = Repeatable { key, operation: "batch".to_owned(), body: body.clone() };
    let real = move |services, request: String| async move {
        let orders = orders.iter().map(|order| order.as_ref().map(|order| real_order(&world, order))).collect();
        match issuing::issue_batch(&services, &caller(&world, actor, &request, None), orders, sent).await {
            Err(error) => Told::text(words::issue(&error)),
            Ok(items) => {
                let mut all = Told::text("");
                let mut texts = Vec::new();
                for item in items {
                    let one = told_one(item);
                    all.facts.extend(one.facts);
                    texts.push(one.text);
                }
                all.text = Box::new(|model| texts.into_iter().map(|text| text(model)).collect::<Vec<_>>().join("; "));
                all
            }
        }
    };
    Step::new(what, real, move |port: Port| async move {
        port.model.borrow_mut().requests.push(Request::Batch(actor, meant.clone(), name.clone()));
        if let Err(why) = port.look(|model| may_ever(model, actor, Deed::Batch)) {
            return Meant::text(why);
        }
        let key: Key = (actor, "batch", name);
        match port.unit(|model| model.begin(&key, &body)).await {
            Err(lost) => return lost.into(),
            Ok(Err(why)) => return Meant::text(why),
            Ok(Ok(Begun::Replay(outcome))) => return replay(&port, actor, outcome, false).await,
            Ok(Ok(Begun::Work)) => {}
        }
        let (request, mark) = (port.request.clone(), port.mark);
        let done = port.unit(|model| {
            let (mut kept, mut texts, mut all, mut made) = (Vec::new(), Vec::new(), Meant::text(""), Made::default());
            for order in &meant {
                let item = match order {
                    None => Err("unreadable".to_owned()),
                    Some(order) => model.issue(actor, order, &request, mark, &mut made),
                };
                match item {
                    Ok(Ok((invitation, credential))) => {
                        texts.push(meant_view(model, invitation));
                        all = all.with(Row::Issued(invitation, credential));
                        kept.push(Kept::Done(invitation, credential));
                    }
                    Ok(Err(live)) => {
                        texts.push("exists".to_owned());
                        all = all.with(Row::Invitation(live));
                        kept.push(Kept::Exists(live));
                    }
                    Err(why) => {
                        texts.push(why.clone());
                        kept.push(Kept::Refused(why));
                    }
                }
            }
            model.finish(&key, Outcome::Items(kept));
            Meant { text: texts.join("; "), ..all }
        });
        match done.await {
            Ok(meant) => meant,
            Err(lost) => match port.unit(|model| model.release(&key)).await {
                Ok(()) | Err(_) => lost.into(),
            },
        }
    })
}

/// Sends an earlier request again: as it was, with another body, or as somebody else.
pub fn repeat(choice: &mut Choice<'_>) -> Option<Step> {
    let mut request = choice.dice.lately(&choice.model.requests)?;
    let change = choice.dice.below(8);
    match &mut request {
        Request::Issue(actor, order, _) if change == 0 => *order = choice.order(choice.model.home(*actor)),
        Request::Batch(_, orders, _) if change == 0 => orders.push(None),
        Request::Issue(actor, ..) | Request::Batch(actor, ..) | Request::Reissue(actor, ..) if change == 1 => {
            *actor = choice.somebody(choice.model.home(*actor), &["letters", "doctor"]);
        }
        _ => {}
    }
    match request {
        Request::Issue(actor, order, key) => Some(issue_step(choice, actor, order, key)),
        Request::Batch(actor, orders, key) => Some(batch_step(choice, actor, orders, key)),
        Request::Reissue(actor, invitation, key) => reissue_step(choice.model, actor, invitation, key),
        Request::Paper(..) => None,
    }
}
