//! Sees of which invitations it is time to tell, by each unit's plan: writes a mail for who has an
//! address, and tells other systems. Once for each notice, also with two instances: the invitation's own
//! row says that it was planned, in the transaction of the messages.
//!
//! Whether a message still holds is looked at again when it is sent (`outbox/mail.rs`).

use super::audit::{self, Caller, Deed};
use super::events::{self, Event, EventKind};
use super::notices::address;
use super::outbox::{NewMessage, give_up_at, mail};
use super::{Fault, Services};
use crate::domain::clock::oslo_date;
use crate::domain::delivery::Channel;
use crate::domain::ids::uuid_v7;
use crate::domain::notices::{Notice, REST};
use crate::storage::invitations::Invitation;
use crate::storage::notices::{self, Reach, UnitNotices};
use crate::storage::{Tx, appointments, outbox, patients};
use chrono::{DateTime, Duration, Utc};

/// Invitations planned in one unit of work.
const AT_ONCE: u64 = 50;

/// Longer than handing in takes.
const UNDER_WAY: Duration = Duration::hours(1);

/// Plans what is due; gives how many notices, reminders and digests.
pub async fn run(services: &Services) -> Result<u64, Fault> {
    let units = services.db.read((), |(), snapshot| Box::pin(async move { Ok::<_, Fault>(notices::of_all(snapshot).await?) })).await?;
    let mut planned = 0;
    for unit in units {
        if unit.plan.is_quiet(services.now()) {
            continue;
        }
        for notice in Notice::ALL {
            planned += plan(services, &unit, notice).await?;
        }
        planned += digest(services, &unit).await?;
    }
    Ok(planned)
}

fn reach(services: &Services, unit: &UnitNotices, notice: Notice) -> Option<Reach> {
    let now = services.now();
    let limit = unit.plan.reaches(notice, now)?;
    Some(Reach { organization: unit.organization, unit: unit.unit, notice, limit, today: oslo_date(now), now })
}

async fn plan(services: &Services, unit: &UnitNotices, notice: Notice) -> Result<u64, Fault> {
    let mut planned = 0;
    loop {
        // A look that costs no write: mostly there is nothing.
        let Some(reach) = reach(services, unit, notice) else { return Ok(planned) };
        let some = services
            .db
            .read(reach, |reach, snapshot| Box::pin(async move { Ok::<_, Fault>(!notices::due(snapshot, *reach, 1).await?.is_empty()) }));
        if !some.await? {
            return Ok(planned);
        }
        let done = services.db.write((services.clone(), reach), |(services, reach), tx| Box::pin(plan_in(tx, services, *reach))).await?;
        planned += done;
        if done == 0 {
            return Ok(planned);
        }
    }
}

async fn plan_in(tx: &Tx, services: &Services, reach: Reach) -> Result<u64, Fault> {
    let mut planned = 0;
    for row in notices::due(tx, reach, AT_ONCE).await? {
        if notices::mark(tx, row.id, reach.notice, reach.now).await? {
            tell(tx, services, &row, reach.notice).await?;
            planned += 1;
        }
    }
    Ok(planned)
}

/// What an invitation is about in time: the visit, else the end of answering.
async fn anchor(tx: &Tx, row: &Invitation) -> Result<DateTime<Utc>, Fault> {
    let visit = match row.appointment {
        Some(id) => appointments::find(tx, row.organization, id).await?,
        None => None,
    };
    Ok(visit.map_or(row.answer_until, |visit| visit.starts_at))
}

async fn tell(tx: &Tx, services: &Services, row: &Invitation, notice: Notice) -> Result<(), Fault> {
    // A visit that is moved is reminded of anew.
    let occasion = anchor(tx, row).await?.timestamp().to_string();
    let (kind, action) = match notice {
        Notice::First => (EventKind::NoticeDue, "invitation.notice"),
        Notice::Reminder => (EventKind::ReminderDue, "invitation.remind"),
    };
    events::announce(tx, services, &Event::new(kind, row.organization, row.unit, row.id).on(occasion.clone())).await?;
    if services.mail.is_some()
        && let Some(patient) = patients::find(tx, row.organization, row.patient).await?
        && address(services, tx, &patient).await?.is_some()
    {
        put(tx, services, row, notice.word(), format!("mail:{}:{}:{occasion}", notice.word(), row.id)).await?;
    }
    let deed = Deed::done(action, Some(("invitation", row.id.0)), vec![row.patient]).in_unit(row.unit);
    audit::write(tx, services, &Caller::system(row.organization, "job:plan-notices"), &deed).await
}

async fn put(tx: &Tx, services: &Services, row: &Invitation, event: &str, once: String) -> Result<(), Fault> {
    let message = NewMessage {
        id: uuid_v7(services.now(), services.entropy.as_ref()),
        organization: row.organization,
        channel: Channel::Mail,
        event: event.to_owned(),
        target: Some(mail::lane(row.id.0)),
        subject: row.id.0,
        version: None,
        once,
        give_up_at: give_up_at(services),
    };
    outbox::put(tx, &message, services.now()).await?;
    Ok(())
}

/// Tells a unit that has said where, once a day at most, that answers are waiting which came since it was told.
async fn digest(services: &Services, unit: &UnitNotices) -> Result<u64, Fault> {
    let now = services.now();
    let rested = unit.digest_at.is_none_or(|at| oslo_date(at) < oslo_date(now));
    if services.mail.is_none() || unit.addresses.digest_to.is_none() || !rested {
        return Ok(0);
    }
    services
        .db
        .write((services.clone(), unit.clone(), now), |(services, unit, now), tx| Box::pin(digest_in(tx, services, unit, *now)))
        .await
}

async fn digest_in(tx: &Tx, services: &Services, unit: &UnitNotices, now: DateTime<Utc>) -> Result<u64, Fault> {
    // What was being handed in at that moment may have been told of or not: rather twice than never.
    let since = unit.digest_at.map_or(now - REST, |at| at - UNDER_WAY);
    if !notices::answers_wait(tx, unit.organization, unit.unit, since).await?
        || !notices::digested(tx, unit.unit, unit.digest_at, now).await?
    {
        return Ok(0);
    }
    let message = NewMessage {
        id: uuid_v7(now, services.entropy.as_ref()),
        organization: unit.organization,
        channel: Channel::Mail,
        event: mail::DIGEST.to_owned(),
        target: Some(mail::lane(unit.unit.0)),
        subject: unit.unit.0,
        version: None,
        once: format!("mail:{}:{}:{}", mail::DIGEST, unit.unit, oslo_date(now)),
        give_up_at: give_up_at(services),
    };
    outbox::put(tx, &message, now).await?;
    Ok(1)
}
