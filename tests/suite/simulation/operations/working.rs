//! Jobs.

use super::Choice;
use crate::simulation::model::Model;
use crate::simulation::step::{Lost, Meant, Port, Step, Told};
use chrono::Duration;
use kartlegging::domain::ids::uuid_v7;
use kartlegging::services::{Fault, Services, access_log, expire_invitations, lease, purge as purging};

fn told(done: Result<u64, Fault>) -> Told {
    Told::text(done.map_or("fault".to_owned(), |rows| format!("{rows} rows")))
}

/// Closes what is overdue.
pub fn expire(_: &mut Choice<'_>) -> Option<Step> {
    let real = |services: Services, _| async move { told(expire_invitations::run(&services).await) };
    Some(Step::new("expire".to_owned(), real, |port: Port| async move {
        let mut closed = 0;
        loop {
            match port.unit(expire_some).await {
                Err(lost) => return lost.into(),
                Ok(100) => closed += 100,
                Ok(last) => return Meant::text(format!("{} rows", closed + last)),
            }
        }
    }))
}

fn expire_some(model: &mut Model) -> usize {
    let mut overdue: Vec<usize> =
        (0..model.invitations.len()).filter(|row| model.waits(*row) && model.invitations[*row].answer_until <= model.now).collect();
    overdue.sort_by_key(|row| model.invitations[*row].answer_until);
    overdue.truncate(100);
    for row in &overdue {
        model.expire(*row, "job:expire-invitations");
    }
    overdue.len()
}

/// Deletes what is past its time.
pub fn purge(_: &mut Choice<'_>) -> Option<Step> {
    let real = |services: Services, _| async move { told(purging::run(&services).await) };
    Some(Step::new("purge".to_owned(), real, |port: Port| async move {
        port.unit(|model| Meant::text(format!("{} rows", purge_in(model)))).await.unwrap_or_else(Meant::from)
    }))
}

fn purge_in(model: &mut Model) -> usize {
    let now = model.now;
    let mut rows = 0;
    for session in model.sessions.iter_mut().filter(|row| !row.gone && row.absolute_until < now - Duration::days(7)) {
        session.gone = true;
        rows += 1;
    }
    rows += model.forget_keys() + model.forget_counters() + model.forget_messages();
    for row in model.invitations.iter_mut().filter(|row| row.draft.is_some() && row.answer_until <= now && row.amend_until <= now) {
        row.draft = None;
        rows += 1;
    }
    rows
}

/// An instance takes a job for its interval.
pub fn claim(choice: &mut Choice<'_>) -> Option<Step> {
    let job = if choice.dice.one_in(2) { "expire-invitations" } else { "purge" };
    let real = move |services: Services, _| async move {
        let holder = uuid_v7(services.now(), services.entropy.as_ref());
        let taken = lease::claim(&services, job, holder, Duration::minutes(1)).await;
        Told::text(taken.map_or("fault".to_owned(), |taken| format!("taken {taken}")))
    };
    Some(Step::new(format!("claim {job}"), real, move |port: Port| async move {
        let taken = port.unit(|model| {
            let taken = model.leases.get(job).is_none_or(|until| *until <= model.now);
            if taken {
                model.leases.insert(job, model.now + Duration::minutes(1));
            }
            taken
        });
        taken.await.map_or_else(Meant::from, |taken| Meant::text(format!("taken {taken}")))
    }))
}

/// Entries sealed in one unit of work.
const SEALS: usize = 100;

/// Seals the access log and signs the ends of its chains.
pub fn seal(_: &mut Choice<'_>) -> Option<Step> {
    let real = |services: Services, _| async move {
        let both = async {
            let sealed = access_log::seal(&services).await?;
            Ok::<_, Fault>((sealed, access_log::sign(&services).await?))
        };
        Told::text(both.await.map_or("fault".to_owned(), |(sealed, signed)| format!("sealed {sealed}, signed {signed}")))
    };
    Some(Step::new("seal and sign".to_owned(), real, |port: Port| async move { seal_all(&port).await.unwrap_or_else(Meant::from) }))
}

async fn seal_all(port: &Port) -> Result<Meant, Lost> {
    let organizations = port.look(|model| model.sealed.len());
    let (mut sealed, mut signed) = (0, 0);
    for organization in 0..organizations {
        if port.look(|model| model.unsealed(organization)) == 0 {
            continue;
        }
        loop {
            let some = |model: &mut Model| {
                let some = model.unsealed(organization).min(SEALS);
                model.sealed[organization] += some;
                some
            };
            let done = port.unit(some).await?;
            sealed += done;
            if done < SEALS {
                break;
            }
        }
    }
    for organization in 0..organizations {
        signed += port.unit(|model| usize::from(sign(model, organization))).await?;
    }
    Ok(Meant::text(format!("sealed {sealed}, signed {signed}")))
}

/// Signs the end of a chain that has grown, or says after a day that it has not.
fn sign(model: &mut Model, organization: usize) -> bool {
    let (size, now) = (model.sealed[organization], model.now);
    let known = model.heads[organization].is_some_and(|(signed, at)| signed == size && now < at + Duration::days(1));
    if size == 0 || known {
        return false;
    }
    model.heads[organization] = Some((size, now));
    model.signed += 1;
    true
}
