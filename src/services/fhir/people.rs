//! The organization with its units, and the people who work there, as resources. Nothing about a patient
//! is in them.

use super::Error;
use crate::domain::policy::{Action, Resource as About, decide, may_ever};
use crate::fhir::write::{self, OrganizationInput, PractitionerInput};
use crate::services::{Caller, Fault, Services};
use crate::storage::organizations;
use serde_json::Value;

/// The caller's organization and its units: for anyone with a token.
pub async fn places(services: &Services, caller: &Caller) -> Result<Vec<Value>, Error> {
    decide(&caller.actor, Action::ReadQuestionnaires, About::default())?;
    let own = caller.actor.organization();
    services
        .db
        .read(own, |own, snapshot| {
            Box::pin(async move {
                let whole = organizations::organization(snapshot, *own).await?.ok_or(Fault::Content("organization"))?;
                let mut all = vec![write::organization(&OrganizationInput {
                    id: whole.id.0,
                    number: Some(&whole.number),
                    external_id: None,
                    name: &whole.name,
                    phone: &whole.phone,
                    part_of: None,
                })];
                for unit in organizations::units(snapshot, Some(*own)).await? {
                    all.push(write::organization(&OrganizationInput {
                        id: unit.id.0,
                        number: None,
                        external_id: unit.external_id.as_deref(),
                        name: &unit.name,
                        phone: &unit.phone,
                        part_of: Some(whole.id.0),
                    }));
                }
                Ok::<_, Error>(all)
            })
        })
        .await
}

/// Everyone who has, or had, a role in the caller's organization: for who reads what they have written or seen.
pub async fn people(services: &Services, caller: &Caller) -> Result<Vec<Value>, Error> {
    may_ever(&caller.actor, Action::ReadAnswers).or_else(|denied| may_ever(&caller.actor, Action::ReadAccessLog).map_err(|_| denied))?;
    let own = caller.actor.organization();
    services
        .db
        .read(own, |own, snapshot| {
            Box::pin(async move {
                let all = organizations::staff(snapshot, *own).await?;
                let write = |person: &organizations::Staff| {
                    write::practitioner(&PractitionerInput {
                        id: person.id.0,
                        name: &person.name,
                        hpr_number: person.hpr_number.as_deref(),
                        active: person.active,
                    })
                };
                Ok::<_, Error>(all.iter().map(write).collect())
            })
        })
        .await
}
