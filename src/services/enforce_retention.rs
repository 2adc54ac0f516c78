//! Deletes what is past the time that its organization keeps it (`docs/data-retention.md`).
//!
//! What is due is found in a read, which holds nobody up, and deleted in batches that are each a unit
//! of work of their own: other writers get their turn in between, and a run that is cut off has done
//! whole batches. Each batch checks again under its locks, and writes its entries in the access log.

use super::audit::{self, Caller, Deed};
use super::{Fault, Services, access_log};
use crate::domain::ids::{OrganizationId, PatientId};
use crate::domain::retention::{Kind, Schedule};
use crate::storage::expiry::{self, Past, Rows};
use crate::storage::{Tx, organizations, retention};
use std::collections::BTreeSet;
use uuid::Uuid;

/// Rows found in one read.
const FOUND: u64 = 5_000;
/// Rows deleted in one unit of work.
const AT_ONCE: usize = 50;

/// What is deleted by the time of which kind, in an order in which nothing is left hanging.
const STEPS: [(Kind, Rows, &str); 6] = [
    (Kind::Draft, Rows::Drafts, "retention.draft"),
    (Kind::Response, Rows::Responses, "retention.response"),
    (Kind::Invitation, Rows::Invitations, "retention.invitation"),
    (Kind::Invitation, Rows::Appointments, "retention.appointment"),
    (Kind::Contact, Rows::Contacts, "retention.contact"),
    (Kind::Contact, Rows::Representatives, "retention.representative"),
];

/// Deletes what is due in every organization; gives how many rows.
pub async fn run(services: &Services) -> Result<u64, Fault> {
    let all = services.db.read((), |(), snapshot| Box::pin(async move { Ok::<_, Fault>(organizations::organizations(snapshot).await?) }));
    let mut deleted = 0;
    for organization in all.await? {
        deleted += run_for(services, organization.id).await?;
    }
    Ok(deleted)
}

/// The same in one organization.
pub async fn run_for(services: &Services, organization: OrganizationId) -> Result<u64, Fault> {
    let schedule = services
        .db
        .read(organization, |organization, snapshot| {
            Box::pin(async move { Ok::<_, Fault>(retention::schedule(snapshot, *organization).await?) })
        })
        .await?;
    let mut deleted = 0;
    for (kind, rows, action) in STEPS {
        let done = step(services, organization, &schedule, kind, rows, action).await?;
        if done > 0 {
            tracing::info!(%organization, kind = action, rows = done, "deleted what was past its time");
        }
        deleted += done;
    }
    deleted += log(services, organization, &schedule).await?;
    Ok(deleted + counters(services, organization, &schedule).await?)
}

/// The access log goes from its old end, as far as a signed head covers it.
async fn log(services: &Services, organization: OrganizationId, schedule: &Schedule) -> Result<u64, Fault> {
    let Some(cutoff) = schedule.cutoff(Kind::Log, services.now()) else { return Ok(0) };
    match access_log::prune(services, organization, cutoff).await {
        Ok(pruned) => Ok(pruned),
        Err(access_log::PruneError::Fault(fault)) => Err(fault),
        // Nothing is deleted of a log that is not what was signed; everything else goes on.
        Err(unsigned @ access_log::PruneError::Unsigned) => {
            tracing::error!(%organization, reason = %unsigned, "the access log is not pruned; run `kartlegging access-log verify`");
            Ok(0)
        }
    }
}

async fn step(
    services: &Services,
    organization: OrganizationId,
    schedule: &Schedule,
    kind: Kind,
    rows: Rows,
    action: &'static str,
) -> Result<u64, Fault> {
    let Some(cutoff) = schedule.cutoff(kind, services.now()) else { return Ok(0) };
    let past = Past { organization, cutoff };
    let mut deleted = 0;
    loop {
        let find = services
            .db
            .read(past, move |past, snapshot| Box::pin(async move { Ok::<_, Fault>(expiry::find(snapshot, rows, *past, FOUND).await?) }));
        let found: Vec<Uuid> = find.await?.into_iter().map(|(id, _)| id).collect();
        let before = deleted;
        for batch in found.chunks(AT_ONCE) {
            let context = (services.clone(), past, batch.to_vec());
            let work =
                services.db.write(context, move |(services, past, ids), tx| Box::pin(batch_in(tx, services, rows, *past, ids, action)));
            deleted += work.await?;
        }
        // Rows that others hold on to at this moment are left for the next turn.
        if u64::try_from(found.len()).unwrap_or(FOUND) < FOUND || deleted == before {
            return Ok(deleted);
        }
    }
}

async fn batch_in(tx: &Tx, services: &Services, rows: Rows, past: Past, ids: &[Uuid], action: &'static str) -> Result<u64, Fault> {
    let gone = expiry::delete(tx, rows, past, ids).await?;
    let caller = Caller::system(past.organization, "job:retention");
    if rows == Rows::Responses {
        // One for each: a patient may ask when an answer was deleted.
        for (id, patient) in &gone {
            audit::write(tx, services, &caller, &Deed::done(action, Some(("response", *id)), vec![*patient])).await?;
        }
    } else if !gone.is_empty() {
        let patients = gone.iter().map(|(_, patient)| *patient).collect();
        audit::write(tx, services, &caller, &Deed::done(action, None, patients)).await?;
    }
    let mut deleted = gone.len();
    if matches!(rows, Rows::Invitations | Rows::Appointments) {
        let touched: BTreeSet<PatientId> = gone.into_iter().map(|(_, patient)| patient).collect();
        let left = expiry::delete_patients(tx, past.organization, &touched).await?;
        deleted += left.len();
        if !left.is_empty() {
            audit::write(tx, services, &caller, &Deed::done("retention.patient", None, left)).await?;
        }
    }
    Ok(u64::try_from(deleted).unwrap_or(u64::MAX))
}

/// Counters of wrong attempts; they are about links, not about patients, and not in the log.
async fn counters(services: &Services, organization: OrganizationId, schedule: &Schedule) -> Result<u64, Fault> {
    let now = services.now();
    let Some(cutoff) = schedule.cutoff(Kind::Attempts, now) else { return Ok(0) };
    let past = Past { organization, cutoff };
    let mut deleted = 0;
    loop {
        let find = services.db.read(past, move |past, snapshot| {
            Box::pin(async move { Ok::<_, Fault>(expiry::find_counters(snapshot, *past, now, FOUND).await?) })
        });
        let found = find.await?;
        let before = deleted;
        for batch in found.chunks(AT_ONCE) {
            let work = services.db.write((past, batch.to_vec()), move |(past, hashes), tx| {
                Box::pin(async move { Ok::<_, Fault>(expiry::delete_counters(tx, *past, now, hashes).await?) })
            });
            deleted += work.await?;
        }
        if u64::try_from(found.len()).unwrap_or(FOUND) < FOUND || deleted == before {
            return Ok(deleted);
        }
    }
}
