//! Slips of many invitations in one document, for whoever prints letters in bulk.

use super::{Error, Material, deed, material, slip_of};
use crate::domain::clock::oslo_day_start;
use crate::domain::ids::{InvitationId, OrganizationId, UnitId};
use crate::domain::language::Language;
use crate::print::slip::Slips;
use crate::services::audit;
use crate::services::fault::Fault;
use crate::services::{Caller, Services};
use crate::storage::{invitations, organizations};
use chrono::{Days, NaiveDate};

/// Most slips of one document.
pub const MOST: usize = 5_000;

/// Invitations of a unit that can still be answered, for visits on these days in Norway, by time; at most
/// one more than [`MOST`]. Nothing when there is no such unit.
pub async fn of_visits(
    services: &Services,
    organization: OrganizationId,
    unit: UnitId,
    from: NaiveDate,
    to: NaiveDate,
) -> Result<Option<Vec<InvitationId>>, Fault> {
    let end = to.checked_add_days(Days::new(1)).unwrap_or(to);
    let context = (organization, unit, oslo_day_start(from), oslo_day_start(end));
    services
        .db
        .read(context, |(organization, unit, from, to), snapshot| {
            Box::pin(async move {
                if organizations::unit(snapshot, *organization, *unit).await?.is_none() {
                    return Ok(None);
                }
                let limit = u64::try_from(MOST + 1).unwrap_or(u64::MAX);
                Ok(Some(invitations::of_visits(snapshot, *organization, *unit, *from, *to, limit).await?))
            })
        })
        .await
}

/// Adds the slips of these invitations, each with an entry in the access log, in one commit. An invitation
/// whose letter can't be made is left out, with its reason.
pub async fn add(
    services: &Services,
    caller: &Caller,
    ids: &[InvitationId],
    language: Option<&Language>,
    slips: &mut Slips,
) -> Result<Vec<(InvitationId, Error)>, Fault> {
    let context = (services.clone(), caller.clone(), ids.to_vec(), language.cloned());
    let found = services
        .db
        .read(context, |(services, caller, ids, language), snapshot| {
            Box::pin(async move {
                let mut found = Vec::with_capacity(ids.len());
                for id in ids {
                    match material(services, caller, snapshot, *id, language.as_ref()).await {
                        Err(Error::Fault(fault)) => return Err(fault),
                        other => found.push((*id, other)),
                    }
                }
                Ok(found)
            })
        })
        .await?;
    let mut left_out = Vec::new();
    let mut made: Vec<Material> = Vec::with_capacity(found.len());
    for (id, one) in found {
        match one {
            Ok(material) => made.push(material),
            Err(error) => left_out.push((id, error)),
        }
    }
    let deeds: Vec<_> = made.iter().map(deed).collect();
    services
        .db
        .write((services.clone(), caller.clone(), deeds), |(services, caller, deeds), tx| {
            Box::pin(async move {
                for deed in deeds {
                    audit::write(tx, services, caller, deed).await?;
                }
                Ok::<_, Fault>(())
            })
        })
        .await?;
    for material in made {
        slips.add(&slip_of(material, None));
    }
    Ok(left_out)
}
