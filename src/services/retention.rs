//! How long an organization keeps what: shown and set by the operator. A time that would delete
//! something at once says how much before it is set.

use super::Services;
use super::audit::{self, Caller, Deed};
use super::fault::{Fault, unit_error};
use crate::domain::ids::OrganizationId;
use crate::domain::retention::{Kind, Schedule, Setting};
use crate::storage::expiry::{self, Past, Rows};
use crate::storage::{Reader, Tx, organizations, retention};
use chrono::{DateTime, Utc};

/// Why not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No such organization.
    #[error("no such organization")]
    NotFound,
    /// The new times would delete so much at the job's next turn; it was not said that they may.
    #[error("the job would delete at its next turn: {}", listed(.0))]
    WouldDelete(Vec<(&'static str, u64)>),
    /// Below.
    #[error(transparent)]
    Fault(#[from] Fault),
}

unit_error!(Error);

fn listed(counts: &[(&'static str, u64)]) -> String {
    counts.iter().map(|(what, rows)| format!("{rows} {what}")).collect::<Vec<_>>().join(", ")
}

/// The times of an organization.
pub async fn schedule(services: &Services, organization: OrganizationId) -> Result<Schedule, Error> {
    services
        .db
        .read(organization, |organization, snapshot| {
            Box::pin(async move {
                organizations::organization(snapshot, *organization).await?.ok_or(Error::NotFound)?;
                Ok(retention::schedule(snapshot, *organization).await?)
            })
        })
        .await
}

/// Sets times, all or none. Without `confirmed` nothing is set that would delete something at once.
pub async fn set(services: &Services, organization: OrganizationId, settings: Vec<Setting>, confirmed: bool) -> Result<(), Error> {
    let context = (services.clone(), organization, settings, confirmed);
    services
        .db
        .write(context, |(services, organization, settings, confirmed), tx| {
            Box::pin(set_in(tx, services, *organization, settings, *confirmed))
        })
        .await
}

async fn set_in(tx: &Tx, services: &Services, organization: OrganizationId, settings: &[Setting], confirmed: bool) -> Result<(), Error> {
    let now = services.now();
    organizations::organization(tx, organization).await?.ok_or(Error::NotFound)?;
    let before = retention::schedule(tx, organization).await?;
    let after = Schedule::of(settings.iter().copied());
    if !confirmed {
        let mut counts = Vec::new();
        for setting in settings {
            counts.extend(past(tx, organization, setting.kind(), &after, now).await?);
        }
        if !counts.is_empty() {
            return Err(Error::WouldDelete(counts));
        }
    }
    for setting in settings {
        retention::put(tx, organization, *setting, now).await?;
        let kind = setting.kind();
        let words = format!("{}: {}, before {}", kind.word(), setting.keep(), before.keep(kind));
        let caller = Caller { ground_text: Some(words), ..Caller::system(organization, "command:organization-retention") };
        let deed = Deed::done("organization.retention", Some(("organization", organization.0)), Vec::new());
        audit::write(tx, services, &caller, &deed).await?;
    }
    Ok(())
}

/// What lies past the time of a kind, in rows that are not none.
async fn past(
    reader: &impl Reader,
    organization: OrganizationId,
    kind: Kind,
    schedule: &Schedule,
    now: DateTime<Utc>,
) -> Result<Vec<(&'static str, u64)>, Fault> {
    let Some(cutoff) = schedule.cutoff(kind, now) else { return Ok(Vec::new()) };
    let past = Past { organization, cutoff };
    let count = async |rows| expiry::count(reader, rows, past).await;
    let counts = match kind {
        Kind::Draft => vec![("drafts", count(Rows::Drafts).await?)],
        Kind::Response => vec![("responses", count(Rows::Responses).await?)],
        Kind::Invitation => vec![("invitations", count(Rows::Invitations).await?), ("visits", count(Rows::Appointments).await?)],
        Kind::Contact => vec![("contacts", count(Rows::Contacts).await?), ("representatives", count(Rows::Representatives).await?)],
        Kind::Log => vec![("entries of the access log", expiry::count_log(reader, past).await?)],
        Kind::Attempts => vec![("counters of attempts", expiry::count_counters(reader, past, now).await?)],
    };
    Ok(counts.into_iter().filter(|(_, rows)| *rows > 0).collect())
}
