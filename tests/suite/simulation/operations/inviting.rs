//! Letter systems and staff: issue, repeat, move, revoke, reissue, print.

use super::{Choice, words};
use crate::simulation::model::{Begun, Kept, Key, Logged, Made, Model, Order, Outcome, Request, Visiting};
use crate::simulation::step::{Fact, Meant, Port, Row, Step, Told};
use crate::simulation::world::{Deed, World, may, may_ever};
use chrono::{Days, Duration};
use kartlegging::domain::clock::oslo_date;
use kartlegging::domain::ids::InvitationId;
use kartlegging::domain::invitation::{ClosedReason, InvitationState};
use kartlegging::domain::policy::Ground;
use kartlegging::domain::secret::{Code, LinkToken};
use kartlegging::services::idempotency::Repeatable;
use kartlegging::services::invitation::{self, InvitationView, Issued};
use kartlegging::services::issue_invitations::{self as issuing, Error, PatientData};
use kartlegging::services::{Caller, print_paper};
use std::rc::Rc;

/// One of the actors as a caller.
pub fn caller(world: &World, actor: usize, request: &str, ground: Option<Ground>) -> Caller {
    Caller { actor: world.actors[actor].actor.clone(), request_id: request.to_owned(), ground, ground_text: None }
}

impl Choice<'_> {
    /// An actor of an organization by name.
    pub fn called(&mut self, organization: usize, names: &[&str]) -> usize {
        let name = names[self.dice.below(names.len())];
        self.model.world.called(name)[organization]
    }

    /// Somebody, mostly of that organization.
    pub fn somebody(&mut self, organization: usize, names: &[&str]) -> usize {
        let other = self.dice.one_in(12).then(|| self.dice.below(self.model.world.organizations.len()));
        let all = ["letters", "journal", "desk", "nurse", "colleague", "doctor", "leader", "manager", "auditor"];
        if self.dice.one_in(8) {
            self.called(other.unwrap_or(organization), &all)
        } else {
            self.called(other.unwrap_or(organization), names)
        }
    }

    /// An invitation whose id is known.
    pub fn invitation(&mut self) -> Option<usize> {
        let known: Vec<usize> = (0..self.model.invitations.len()).filter(|row| self.model.invitations[*row].id.is_some()).collect();
        self.dice.lately(&known)
    }

    fn soon(&mut self) -> chrono::DateTime<chrono::Utc> {
        let minutes = if self.dice.one_in(30) { -self.dice.between(0, 5000) } else { self.dice.between(30, 40 * 24 * 60) };
        self.model.now + Duration::minutes(minutes)
    }

    fn order(&mut self, organization: usize) -> Order {
        let world = Rc::clone(&self.model.world);
        let person = self.dice.below(world.persons.len());
        let known = &world.persons[person];
        let slip = u64::from(self.dice.one_in(if known.identifier.is_some() { 30 } else { 3 }));
        let own = world.units_of(organization);
        let unit = if self.dice.one_in(30) { self.dice.below(world.units.len()) } else { own[self.dice.below(own.len())] };
        let visit = (!self.dice.one_in(3)).then(|| {
            let known: Vec<&String> =
                self.model.visits.iter().filter(|row| row.organization == organization).filter_map(|row| row.external.as_ref()).collect();
            let external = match self.dice.below(8) {
                0 => None,
                1 if !known.is_empty() => self.dice.lately(&known).cloned(),
                _ => Some(format!("V-{}", self.number)),
            };
            Visiting { external, starts_at: self.soon(), unit }
        });
        let today = oslo_date(self.model.now);
        let due = (visit.is_none() && self.dice.one_in(2))
            .then(|| today + Days::new(60) - Days::new(u64::try_from(self.dice.between(0, 100)).unwrap_or(0)));
        Order {
            person,
            name: if self.dice.one_in(10) { format!("{} Gift", known.name) } else { known.name.clone() },
            born: known.born + Days::new(slip),
            unit: (visit.is_none() && !self.dice.one_in(40)).then_some(unit),
            visit,
            due_on: due,
            form: [None, None, None, Some("distress-thermometer"), Some("follow-up"), Some("follow-up")][self.dice.below(6)]
                .or_else(|| self.dice.one_in(40).then_some("no-such-form")),
            answer_until: self.dice.one_in(8).then(|| self.soon()),
        }
    }
}

fn real_order(world: &World, order: &Order) -> issuing::Order {
    issuing::Order {
        patient: PatientData {
            identifier: world.persons[order.person].identifier.clone(),
            name: order.name.clone(),
            birth_date: order.born,
            language: None,
            contact: None,
        },
        visit: order.visit.as_ref().map(|visit| issuing::Visit {
            external_id: visit.external.clone(),
            starts_at: visit.starts_at,
            unit: world.units[visit.unit].id,
        }),
        unit: order.unit.map(|unit| world.units[unit].id),
        due_on: order.due_on,
        form: order.form.map(|form| (form.to_owned(), None)),
        answer_until: order.answer_until,
    }
}

fn told_view(view: &InvitationView) -> String {
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

fn told_invitation(view: &InvitationView, secrets: Option<(LinkToken, Code)>) -> Told {
    let fact = Fact::Invitation { id: view.id, patient: Some(view.patient), visit: view.appointment, secrets };
    Told::text(told_view(view)).with(fact)
}

fn told_issued(issued: &Issued) -> Told {
    told_invitation(&issued.invitation, Some((issued.link.clone(), issued.code.clone())))
}

fn told_one(done: Result<Issued, Error>) -> Told {
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

fn issue_step(choice: &Choice<'_>, actor: usize, order: Order, key: String) -> Step {
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

/// What was recorded is given out again, and that is logged.
async fn replay(port: &Port, actor: usize, outcome: Outcome, single: bool) -> Meant {
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
fn own(model: &Model, actor: usize, invitation: usize) -> Result<usize, String> {
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

fn reissue_step(model: &Model, actor: usize, row: usize, key: String) -> Option<Step> {
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
    let credential = model.add_credential(row);
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
