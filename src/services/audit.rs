//! Access-log entries: one a request, written in the transaction of the work, or, for a read, before
//! the first byte of the answer leaves.

use super::{Fault, Services};
use crate::crypto::hash::sha256;
use crate::domain::actor::{Actor, Role};
use crate::domain::ids::{LogEntryId, OrganizationId, PatientId, UnitId};
use crate::domain::log;
use crate::domain::policy::Ground;
use crate::storage::Tx;
use crate::storage::access_log::{self, Entry};
use chrono::{DateTime, Utc};
use std::collections::BTreeSet;
use uuid::{Builder, Uuid};

/// Who is asking, in which request, on what stated ground.
#[derive(Debug, Clone)]
pub struct Caller {
    /// Who.
    pub actor: Actor,
    /// The request's id, in every log line and error body of it.
    pub request_id: String,
    /// Ground that was stated.
    pub ground: Option<Ground>,
    /// The caller's own words about it; never shown to the patient.
    pub ground_text: Option<String>,
}

impl Caller {
    /// The service itself or its operator.
    pub fn system(organization: OrganizationId, what: &str) -> Self {
        Self { actor: Actor::System { organization }, request_id: what.to_owned(), ground: None, ground_text: None }
    }
}

/// What was done.
#[derive(Debug, Clone)]
pub struct Deed {
    /// Verb, e.g. `response.read`.
    pub action: &'static str,
    /// Kind and id of the object.
    pub object: Option<(&'static str, Uuid)>,
    /// Unit it concerns.
    pub unit: Option<UnitId>,
    /// Ground it was allowed on.
    pub ground: Ground,
    /// Patients it concerns.
    pub patients: Vec<PatientId>,
    /// `ok` or a problem code.
    pub result: &'static str,
}

impl Deed {
    /// Something that went well, on the care relation.
    pub fn done(action: &'static str, object: Option<(&'static str, Uuid)>, patients: Vec<PatientId>) -> Self {
        Self { action, object, unit: None, ground: Ground::CareRelation, patients, result: "ok" }
    }

    /// The same in a unit.
    #[must_use]
    pub fn in_unit(self, unit: UnitId) -> Self {
        Self { unit: Some(unit), ..self }
    }

    /// The same on a ground.
    #[must_use]
    pub fn on(self, ground: Ground) -> Self {
        Self { ground, ..self }
    }

    /// The same with another result than `ok`.
    #[must_use]
    pub fn ending(self, result: &'static str) -> Self {
        Self { result, ..self }
    }
}

/// The role that the log names: the strongest that the action can rest on.
fn role_of(actor: &Actor, unit: Option<UnitId>) -> Option<&'static str> {
    match actor {
        Actor::Clinician(person) => {
            let here = |role: Role| person.grants.iter().any(|g| g.role == role && (g.unit.is_none() || unit.is_none() || g.unit == unit));
            Role::ALL.into_iter().find(|role| here(*role)).or_else(|| Role::ALL.into_iter().find(|role| person.has(*role))).map(Role::word)
        }
        Actor::Client(_) => Some("client"),
        Actor::Holder(_) | Actor::System { .. } => None,
    }
}

/// The name of a set of patients: the same on a day for the same ones. No set outlives the entries of its day by
/// much, so that none is deleted with old entries while a new one is about to share it.
fn set(organization: OrganizationId, now: DateTime<Utc>, patients: &BTreeSet<PatientId>) -> Uuid {
    let mut text = format!("access-log-set {} {}", organization, now.date_naive()).into_bytes();
    for patient in patients {
        text.extend(patient.0.as_bytes());
    }
    let mut name = [0; 16];
    name.iter_mut().zip(sha256(&text)).for_each(|(to, from)| *to = from);
    Builder::from_custom_bytes(name).into_uuid()
}

/// Writes the entry in a transaction that is open.
pub async fn write(tx: &Tx, services: &Services, caller: &Caller, deed: &Deed) -> Result<(), Fault> {
    let now = services.now();
    let id = LogEntryId::new(now, services.entropy.as_ref());
    let organization = caller.actor.organization();
    let keys = services.vault.organization(tx, organization).await?;
    let ground_text_sealed = match caller.ground_text.as_deref() {
        Some(text) => Some(keys.seal("access_log", "ground_text_sealed", id.0, text.as_bytes())?),
        None => None,
    };
    let patients: BTreeSet<PatientId> = deed.patients.iter().copied().collect();
    let entry = Entry {
        id,
        organization,
        at: now,
        actor_kind: caller.actor.kind().to_owned(),
        actor_id: caller.actor.id(),
        role: role_of(&caller.actor, deed.unit).map(str::to_owned),
        assurance: match &caller.actor {
            Actor::Clinician(person) => person.assurance.clone(),
            _ => None,
        },
        unit: deed.unit,
        action: deed.action.to_owned(),
        object_kind: deed.object.map(|(kind, _)| kind.to_owned()),
        object_id: deed.object.map(|(_, id)| id),
        ground: deed.ground.word().to_owned(),
        ground_text_sealed,
        key_version: keys.version(),
        result: deed.result.to_owned(),
        request_id: caller.request_id.clone(),
        set: log::shares(deed.action, patients.len()).then(|| set(organization, now, &patients)),
    };
    access_log::insert(tx, &entry, &patients).await?;
    Ok(())
}

/// Commits the entry of a read; only then may the answer leave.
pub async fn commit_read(services: &Services, caller: &Caller, deed: Deed) -> Result<(), Fault> {
    let context = (services.clone(), caller.clone(), deed);
    services.db.write(context, |(services, caller, deed), tx| Box::pin(async move { write(tx, services, caller, deed).await })).await
}
