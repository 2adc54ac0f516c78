//! A clinician's mark that a response has been read, in the version they saw.

use super::audit::{self, Deed};
use super::fault::{Fault, unit_error};
use super::responses::{ReviewView, response_units};
use super::{Caller, Services};
use crate::domain::actor::Actor;
use crate::domain::ids::{ResponseId, ReviewId};
use crate::domain::policy::{Action, Denied, Resource, decide};
use crate::storage::organizations::{self, ClinicianKey};
use crate::storage::patients;
use crate::storage::responses::{self, Review};

/// Why not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No such response.
    #[error("no such response")]
    NotFound,
    /// The patient has been erased, and the answers with them.
    #[error("the patient has been erased")]
    Erased,
    /// No such version.
    #[error("no such version")]
    Version,
    /// A newer version exists: what was read is not what stands.
    #[error("the response has changed")]
    Changed,
    /// Not allowed.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// Below.
    #[error(transparent)]
    Fault(#[from] Fault),
}

unit_error!(Error);

/// Marks a version as read. Marking it again changes nothing.
pub async fn review(services: &Services, caller: &Caller, id: ResponseId, version: i32) -> Result<ReviewView, Error> {
    let context = (services.clone(), caller.clone(), id, version);
    services
        .db
        .write(context, |(services, caller, id, version), tx| {
            Box::pin(async move {
                let now = services.now();
                let organization = caller.actor.organization();
                let response = responses::hold(tx, organization, *id).await?.ok_or(Error::NotFound)?;
                let units = response_units(tx, caller, &response, now).await?;
                let ground = decide(&caller.actor, Action::Review, Resource { stated: caller.ground, ..Resource::in_units(&units) })?;
                let Actor::Clinician(person) = &caller.actor else { return Err(Denied::Role.into()) };
                if patients::find(tx, organization, response.patient).await?.is_none_or(|patient| patient.key.is_none()) {
                    return Err(Error::Erased);
                }
                if *version < 1 || *version > response.version {
                    return Err(Error::Version);
                }
                if *version < response.version {
                    return Err(Error::Changed);
                }
                let mark = Review {
                    id: ReviewId::new(now, services.entropy.as_ref()),
                    organization,
                    response: *id,
                    version: *version,
                    clinician: person.id,
                    reviewed_at: now,
                };
                responses::insert_review(tx, &mark).await?;
                let deed =
                    Deed::done("response.review", Some(("response", id.0)), vec![response.patient]).in_unit(response.unit).on(ground);
                audit::write(tx, services, caller, &deed).await?;
                let stored = responses::newest_review(tx, *id).await?.unwrap_or(mark);
                let by = organizations::clinician(tx, &ClinicianKey::Id(stored.clinician)).await?;
                Ok(ReviewView {
                    version: stored.version,
                    reviewed_at: stored.reviewed_at,
                    clinician: stored.clinician,
                    clinician_name: by.map_or_else(String::new, |person| person.name),
                    current: stored.version == response.version,
                })
            })
        })
        .await
}

/// Takes one's own mark on a version back: it was a slip, or there is more to read. Without a mark nothing
/// changes. What was marked by a colleague stays.
pub async fn undo(services: &Services, caller: &Caller, id: ResponseId, version: i32) -> Result<(), Error> {
    let context = (services.clone(), caller.clone(), id, version);
    services
        .db
        .write(context, |(services, caller, id, version), tx| {
            Box::pin(async move {
                let organization = caller.actor.organization();
                let response = responses::hold(tx, organization, *id).await?.ok_or(Error::NotFound)?;
                let units = response_units(tx, caller, &response, services.now()).await?;
                let ground = decide(&caller.actor, Action::Review, Resource { stated: caller.ground, ..Resource::in_units(&units) })?;
                let Actor::Clinician(person) = &caller.actor else { return Err(Denied::Role.into()) };
                if *version < 1 || *version > response.version {
                    return Err(Error::Version);
                }
                responses::delete_review(tx, *id, *version, person.id).await?;
                let deed = Deed::done("response.review-undo", Some(("response", id.0)), vec![response.patient]);
                audit::write(tx, services, caller, &deed.in_unit(response.unit).on(ground)).await?;
                Ok(())
            })
        })
        .await
}
