//! Patients as resources: one by id, one by identifier, those of a page of responses.

use super::{Error, reach, render};
use crate::domain::identifier::PatientIdentifier;
use crate::domain::ids::PatientId;
use crate::domain::policy::{Action, Denied, Ground, Resource as About, confined, decide};
use crate::services::audit::{self, Deed};
use crate::services::vault::open_patient;
use crate::services::{Caller, Fault, Services};
use crate::storage::{Snapshot, organizations, patients};
use serde_json::Value;
use std::collections::BTreeMap;

/// The resources of these patients, in that order, without those who have been erased.
pub(super) async fn of(services: &Services, caller: &Caller, snapshot: &Snapshot, ids: &[PatientId]) -> Result<Vec<Value>, Fault> {
    let organization = caller.actor.organization();
    let own = organizations::organization(snapshot, organization).await?.ok_or(Fault::Content("organization"))?;
    let rows = patients::find_all(snapshot, organization, ids).await?;
    let identifiers = patients::identifiers_of(snapshot, organization, ids).await?;
    let mut all = Vec::new();
    for id in ids {
        let Some(row) = rows.get(id) else { continue };
        let Some((cipher, person)) = open_patient(&services.vault, snapshot, row).await? else { continue };
        let theirs = identifiers.get(id).map(Vec::as_slice).unwrap_or_default();
        all.push(render::patient(row, &person, &cipher, theirs, &own)?);
    }
    Ok(all)
}

/// What the policy says about each: who may look patients up may see them, of people only who has a care
/// relation with them or states a ground.
async fn seen(services: &Services, caller: &Caller, snapshot: &Snapshot, ids: &[PatientId]) -> Result<Seen, Fault> {
    if caller.actor.person().is_some() {
        return reach::grounds(services, caller, snapshot, ids).await;
    }
    let known = patients::known(snapshot, caller.actor.organization(), ids).await?;
    Ok(known.into_iter().map(|id| (id, Ok(Ground::CareRelation))).collect())
}

type Seen = BTreeMap<PatientId, Result<Ground, Denied>>;

/// A patient.
pub async fn patient(services: &Services, caller: &Caller, id: PatientId) -> Result<Value, Error> {
    if confined(&caller.actor, Action::SearchPatients)?.is_some_and(|only| only != id) {
        return Err(Error::NotFound);
    }
    decide(&caller.actor, Action::SearchPatients, About { stated: caller.ground, ..About::of(id) })?;
    let context = (services.clone(), caller.clone(), id);
    let (found, deed) = services
        .db
        .read(context, |(services, caller, id), snapshot| {
            Box::pin(async move {
                let ground = seen(services, caller, snapshot, std::slice::from_ref(id)).await?.remove(id).ok_or(Error::NotFound)??;
                let found = of(services, caller, snapshot, std::slice::from_ref(id)).await?.pop().ok_or(Error::Erased)?;
                let deed = Deed::done("patient.search", Some(("patient", id.0)), vec![*id]).on(ground);
                Ok::<_, Error>((found, Deed { unit: reach::unit_of(caller, []), ..deed }))
            })
        })
        .await?;
    audit::commit_read(services, caller, deed).await?;
    Ok(found)
}

/// The patient with an identifier, or one of these ids: only those that the caller may see.
pub async fn search_patients(
    services: &Services,
    caller: &Caller,
    identifier: Option<PatientIdentifier>,
    ids: Vec<PatientId>,
) -> Result<Vec<Value>, Error> {
    let only = confined(&caller.actor, Action::SearchPatients)?;
    decide(&caller.actor, Action::SearchPatients, About { stated: caller.ground, ..About::of(only) })?;
    let context = (services.clone(), caller.clone(), identifier, ids, only);
    let (found, deed) = services
        .db
        .read(context, |(services, caller, identifier, ids, only), snapshot| {
            Box::pin(async move {
                let organization = caller.actor.organization();
                let mut wanted = ids.clone();
                if let Some(identifier) = identifier {
                    let keys = services.vault.organization(snapshot, organization).await?;
                    let indexes: Vec<Vec<u8>> = keys.blind_indexes(identifier).into_iter().map(|(_, hash)| hash).collect();
                    wanted.extend(patients::find_by_index(snapshot, organization, &indexes).await?);
                }
                wanted.retain(|id| only.is_none_or(|only| only == *id));
                let (mut all, mut ground) = (Vec::new(), Ground::CareRelation);
                for (id, decided) in seen(services, caller, snapshot, &wanted).await? {
                    match decided {
                        Ok(own) => {
                            if own != Ground::CareRelation {
                                ground = own;
                            }
                            all.push(id);
                        }
                        // A search never tells of whom the caller may not see.
                        Err(Denied::GroundRequired) => {}
                        Err(denied) => return Err(denied.into()),
                    }
                }
                let found = of(services, caller, snapshot, &all).await?;
                let unit = reach::unit_of(caller, []);
                Ok::<_, Error>((found, Deed { unit, ..Deed::done("patient.search", None, all).on(ground) }))
            })
        })
        .await?;
    audit::commit_read(services, caller, deed).await?;
    Ok(found)
}
