//! Whom a caller may read about, asked for all patients of a request at once, and the unit that the log
//! names for what concerns several.

use crate::domain::actor::{Actor, Role};
use crate::domain::ids::{PatientId, UnitId};
use crate::domain::policy::{Action, Denied, Ground, Resource as About, decide};
use crate::services::responses::care_units_of;
use crate::services::{Caller, Fault, Services};
use crate::storage::{Snapshot, patients};
use std::collections::{BTreeMap, BTreeSet};

/// What the policy says about reading these patients' answers; those who are not in this organization are
/// left out.
pub(super) async fn grounds(
    services: &Services,
    caller: &Caller,
    snapshot: &Snapshot,
    ids: &[PatientId],
) -> Result<BTreeMap<PatientId, Result<Ground, Denied>>, Fault> {
    let known = patients::known(snapshot, caller.actor.organization(), ids).await?;
    let wanted: Vec<PatientId> = known.iter().copied().collect();
    // Only people need a tie.
    let ties = match caller.actor.person() {
        Some(_) => care_units_of(snapshot, caller, &wanted, services.now()).await?,
        None => std::collections::HashMap::new(),
    };
    let decided = |id: PatientId| {
        let units = ties.get(&id).map(Vec::as_slice).unwrap_or_default();
        (id, decide(&caller.actor, Action::ReadAnswers, About { units, stated: caller.ground, patient: Some(id) }))
    };
    Ok(known.into_iter().map(decided).collect())
}

/// The unit for the log: the one that everything found belongs to, else the only one of who asks. So that
/// a unit's admin sees what their own people have looked for.
pub(super) fn unit_of(caller: &Caller, found: impl IntoIterator<Item = UnitId>) -> Option<UnitId> {
    let found: BTreeSet<UnitId> = found.into_iter().collect();
    let own = match &caller.actor {
        Actor::Clinician(person) => person.units(Role::Clinician),
        _ => BTreeSet::new(),
    };
    let only = |units: &BTreeSet<UnitId>| if units.len() == 1 { units.first().copied() } else { None };
    only(&found).or_else(|| only(&own))
}
