//! Notices: planned and sent; what units set about them, who wants none, a mail server that is away.

use super::Choice;
use crate::simulation::dice::wait_of;
use crate::simulation::model::{Failed, Logged, Model, Plan, Tells};
use crate::simulation::post::Post;
use crate::simulation::step::{Lost, Meant, Port, Step, Told};
use kartlegging::domain::clock::oslo_date;
use kartlegging::domain::language::Language;
use kartlegging::domain::notices::{self as domain, Quiet};
use kartlegging::services::notices::{self, Addresses};
use kartlegging::services::{Fault, Services, outbox, plan_notices, stop_notices};
use std::rc::Rc;

fn told(done: &Result<u64, Fault>, word: &str) -> Told {
    Told::text(match done {
        Err(_) => "fault".to_owned(),
        Ok(0) => format!("nothing {word}"),
        Ok(number) => format!("{number} {word}"),
    })
}

fn meant(number: usize, word: &str) -> Meant {
    Meant::text(if number == 0 { format!("nothing {word}") } else { format!("{number} {word}") })
}

/// Sees what is due.
pub fn plan(_: &mut Choice<'_>) -> Option<Step> {
    Some(plan_step())
}

pub fn plan_step() -> Step {
    let real = |services: Services, _| async move { told(&plan_notices::run(&services).await, "planned") };
    Step::new("plan notices".to_owned(), real, |port: Port| async move { plan_all(&port).await.unwrap_or_else(Meant::from) })
}

async fn plan_all(port: &Port) -> Result<Meant, Lost> {
    let (now, mark, mut planned) = (port.look(|model| model.now), port.mark, 0);
    for (unit, plan) in port.look(Model::plans) {
        if plan.is_quiet(now) {
            continue;
        }
        for tells in [Tells::Notice, Tells::Reminder] {
            while port.look(|model| !model.due(unit, &plan, tells).is_empty()) {
                let done = port.unit(|model| model.plan_some(unit, &plan, tells, mark)).await?;
                planned += done;
                if done == 0 {
                    break;
                }
            }
        }
        let rested = plan.digest_at.is_none_or(|at| oslo_date(at) < oslo_date(now));
        if plan.digest_to.is_some() && rested {
            planned += port.unit(|model| model.plan_digest(unit, &plan, mark)).await?;
        }
    }
    Ok(meant(planned, "planned"))
}

/// Sends what waits.
pub fn deliver(choice: &mut Choice<'_>) -> Option<Step> {
    let idle = choice.model.to_send().is_empty() && !choice.dice.one_in(20);
    (!idle).then(deliver_step)
}

pub fn deliver_step() -> Step {
    let real = |services: Services, _| async move { told(&outbox::deliver_to(&services, 1, || true).await, "sent") };
    Step::new("deliver mails".to_owned(), real, |port: Port| async move { deliver_all(&port).await.unwrap_or_else(Meant::from) })
}

async fn deliver_all(port: &Port) -> Result<Meant, Lost> {
    let (mut sent, mut waits) = (0, 0);
    while port.look(|model| !model.to_send().is_empty()) {
        let taken = port.unit(Model::take_messages).await?;
        if taken.is_empty() {
            break;
        }
        let mut stop = false;
        for message in taken {
            if stop {
                // The rest would fail as well: somebody else may try.
                port.unit(|model| model.messages[message].leased_until = None).await?;
                continue;
            }
            let outcome = send(port, message).await;
            let give_up = port.look(|model| model.now >= model.messages[message].created_at + chrono::Duration::days(3));
            let mut wait = 0;
            if matches!(outcome, Err(Failed::Again(_))) {
                stop = true;
                if !give_up {
                    wait = wait_of(port.mark, waits);
                    waits += 1;
                }
            }
            sent += usize::from(outcome.is_ok());
            port.unit(|model| model.end_try(message, outcome, wait)).await?;
        }
    }
    Ok(meant(sent, "sent"))
}

async fn send(port: &Port, message: usize) -> Result<(), Failed> {
    let prepared = port.unit(|model| model.prepare_mail(message)).await;
    let mail = prepared.unwrap_or_else(|_| Err(Failed::Again("internal".to_owned())))?;
    if port.look(|model| model.away) {
        return Err(Failed::Again("folder".to_owned()));
    }
    let letter = mail.credential.is_some();
    port.model.borrow_mut().mails.push(mail);
    if letter {
        // That its link has gone out; whatever becomes of the saying.
        port.unit(|_| ()).await.unwrap_or(());
    }
    Ok(())
}

fn set(model: &mut Model, unit: usize, change: impl FnOnce(&mut Plan)) {
    change(&mut model.mailing[unit]);
    let organization = model.world.units[unit].organization;
    let deed = Logged { unit: Some(unit), ..Logged::new("unit.notices", Vec::new()) };
    model.log.push(deed.entry(organization, "system", None, "command"));
}

/// A unit's plan.
pub fn set_plan(choice: &mut Choice<'_>) -> Option<Step> {
    let unit = choice.dice.below(choice.model.mailing.len());
    let days = [[Some(7), Some(2)], [Some(30), Some(5)], [Some(90), Some(1)], [Some(14), None], [None, Some(3)]][choice.dice.below(5)];
    let quiet = [None, Some((20 * 60, 8 * 60)), Some((22 * 60, 7 * 60)), Some((12 * 60, 13 * 60))][choice.dice.below(4)];
    let own = &choice.model.world.units[unit];
    let (organization, id) = (choice.model.world.organizations[own.organization].id, own.id);
    let real = move |services: Services, _| async move {
        let quiet = quiet.map(|(from, until)| Quiet::new(from, until).expect("hours"));
        let plan = domain::Plan::new(days[0], days[1], quiet).expect("a plan");
        let done = notices::set_plan(&services, organization, id, plan).await;
        Told::text(if done.is_ok() { "set" } else { "fault" })
    };
    Some(Step::new(format!("set the plan of unit {unit}: {days:?}, quiet {quiet:?}"), real, move |port: Port| async move {
        let change = |model: &mut Model| set(model, unit, |plan| (plan.days, plan.quiet) = (days, quiet));
        port.unit(change).await.map_or_else(Meant::from, |()| Meant::text("set"))
    }))
}

/// Where a unit is told that answers are waiting.
pub fn set_address(choice: &mut Choice<'_>) -> Option<Step> {
    let unit = choice.dice.below(choice.model.mailing.len());
    let to = (!choice.dice.one_in(4)).then(|| format!("enhet{unit}@enhet.example"));
    let own = &choice.model.world.units[unit];
    let (organization, id) = (choice.model.world.organizations[own.organization].id, own.id);
    let what = format!("set the address of unit {unit}: {to:?}");
    let addresses = Addresses { digest_to: to.clone(), ..Addresses::default() };
    let real = move |services: Services, _| async move {
        let done = notices::set_addresses(&services, organization, id, addresses, &Language::nb()).await;
        Told::text(if done.is_ok() { "set" } else { "fault" })
    };
    Some(Step::new(what, real, move |port: Port| async move {
        let change = |model: &mut Model| set(model, unit, |plan| plan.digest_to = to);
        port.unit(change).await.map_or_else(Meant::from, |()| Meant::text("set"))
    }))
}

/// A patient wants no more mails, or wants them again; sometimes by the link of a letter, which is none
/// of a mail.
pub fn stop(choice: &mut Choice<'_>) -> Option<Step> {
    let letters = choice.dice.one_in(10);
    let model = choice.model;
    let known: Vec<usize> = (0..model.credentials.len())
        .filter(|row| model.credentials[*row].secrets.is_some() && (letters || model.credentials[*row].mail))
        .collect();
    let credential = choice.dice.lately(&known)?;
    let stopped = choice.dice.one_in(2);
    let (link, _) = model.credentials[credential].secrets.clone()?;
    let real = move |services: Services, request: String| async move {
        Told::text(match stop_notices::set(&services, &link, stopped, &request).await {
            Ok(true) => "done",
            Ok(false) => "no mail",
            Err(_) => "fault",
        })
    };
    let what = format!("stop mails by credential {credential}: {stopped}");
    Some(Step::new(what, real, move |port: Port| async move {
        let request = port.request.clone();
        let done = port.unit(|model| {
            let invitation = model.credentials[credential].invitation;
            let patient = model.invitations[invitation].patient;
            if !model.credentials[credential].mail || model.patients[patient].erased {
                return "no mail";
            }
            if model.patients[patient].stopped != stopped {
                model.patients[patient].stopped = stopped;
                model.log_system(invitation, &request, if stopped { "notices.stop" } else { "notices.resume" }, "ok");
            }
            "done"
        });
        done.await.map_or_else(Meant::from, Meant::text)
    }))
}

/// The mail server goes away, or comes back.
pub fn server(choice: &mut Choice<'_>) -> Option<Step> {
    let away = !choice.model.away && choice.dice.one_in(2);
    Some(server_step(&choice.model.post, away))
}

pub fn server_step(post: &Rc<Post>, away: bool) -> Step {
    let post = Rc::clone(post);
    let word = if away { "away" } else { "there" };
    let real = move |_: Services, _| async move {
        post.set_away(away);
        Told::text(word)
    };
    Step::new("the mail server".to_owned(), real, move |port: Port| async move {
        port.model.borrow_mut().away = away;
        Meant::text(word)
    })
}
