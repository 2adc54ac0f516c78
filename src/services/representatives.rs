//! People who may answer in a patient's place: registered by who orders a letter, corrected, removed.
//!
//! What is known of them is sealed under the patient's data key. It goes with the patient, and before that
//! when nothing is left to answer (`docs/data-retention.md`).

use super::audit::{self, Deed};
use super::fault::{Fault, unit_error};
use super::responses::care_units;
use super::vault::{PatientCipher, Person, open_patient};
use super::{Caller, Services};
use crate::domain::clock::oslo_date;
use crate::domain::identifier::{IdentifierSystem, PatientIdentifier};
use crate::domain::ids::{OrganizationId, PatientId, RepresentativeId, UnitId};
use crate::domain::policy::{Action, Denied, Ground, Resource, decide, may_ever};
use crate::domain::respondent::Relation;
use crate::storage::representatives::{self, Representative as Row};
use crate::storage::{Reader, Tx, patients, sessions};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

/// Most representatives of a patient.
pub const MOST: usize = 10;

/// Somebody to register.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registration {
    /// National identifier, by which a provider of sign-in knows them.
    pub identifier: PatientIdentifier,
    /// Name.
    pub name: String,
    /// On what ground they act.
    pub relation: Relation,
}

/// A representative who is registered. The number is not given out again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Representative {
    /// Id.
    pub id: RepresentativeId,
    /// Name.
    pub name: String,
    /// On what ground they act.
    pub relation: Relation,
}

/// Why somebody can't be registered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// The patient is too old, or too young, to be represented so.
    #[error("the relation does not go with the patient's age")]
    Age,
    /// It is the patient.
    #[error("nobody represents themselves")]
    Patient,
    /// As many as there may be are registered.
    #[error("the patient has {MOST} representatives")]
    TooMany,
}

/// Why not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No such patient in this organization, or no such representative of theirs.
    #[error("no such patient or representative")]
    NotFound,
    /// The patient has been erased.
    #[error("the patient has been erased")]
    Erased,
    /// Can't be registered.
    #[error(transparent)]
    Unfit(#[from] Unfit),
    /// Not allowed.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// Below.
    #[error(transparent)]
    Fault(#[from] Fault),
}

unit_error!(Error);

/// What is sealed.
#[derive(Serialize, Deserialize)]
struct Content {
    system: IdentifierSystem,
    value: String,
    name: String,
    relation: Relation,
}

impl Content {
    fn of(own: &Registration) -> Self {
        let (system, value) = (own.identifier.system(), own.identifier.value().to_owned());
        Self { system, value, name: own.name.clone(), relation: own.relation }
    }

    fn is(&self, identifier: &PatientIdentifier) -> bool {
        self.system == identifier.system() && self.value == identifier.value()
    }
}

fn open(cipher: &PatientCipher, row: &Row) -> Result<Content, Fault> {
    let plain = cipher.open("representative", "content_sealed", row.id.0, 0, &row.content_sealed)?;
    serde_json::from_slice(&plain).map_err(|_| Fault::Content("representative"))
}

fn sealed(cipher: &PatientCipher, id: RepresentativeId, content: &Content) -> Result<Vec<u8>, Fault> {
    let plain = zeroize::Zeroizing::new(serde_json::to_vec(content).map_err(|_| Fault::Content("representative"))?);
    Ok(cipher.seal("representative", "content_sealed", id.0, 0, &plain))
}

fn view(id: RepresentativeId, content: Content) -> Representative {
    Representative { id, name: content.name, relation: content.relation }
}

/// The representatives of a patient, opened.
pub(super) async fn of_patient(
    reader: &impl Reader,
    cipher: &PatientCipher,
    organization: OrganizationId,
    patient: PatientId,
) -> Result<Vec<Representative>, Fault> {
    let rows = representatives::of_patient(reader, organization, patient).await?;
    rows.iter().map(|row| Ok(view(row.id, open(cipher, row)?))).collect()
}

/// The same with their national ids, for who asks what is held about them.
pub(super) async fn with_numbers(
    reader: &impl Reader,
    cipher: &PatientCipher,
    organization: OrganizationId,
    patient: PatientId,
) -> Result<Vec<(Representative, IdentifierSystem, String)>, Fault> {
    let rows = representatives::of_patient(reader, organization, patient).await?;
    let opened = rows.iter().map(|row| {
        let content = open(cipher, row)?;
        let (system, value) = (content.system, content.value.clone());
        Ok((view(row.id, content), system, value))
    });
    opened.collect()
}

/// Who of a patient's representatives somebody is who signed in, where they may act on that day.
pub(super) async fn acting(
    reader: &impl Reader,
    cipher: &PatientCipher,
    patient: &patients::Patient,
    born: NaiveDate,
    identifier: &PatientIdentifier,
    today: NaiveDate,
) -> Result<Option<RepresentativeId>, Fault> {
    for row in representatives::of_patient(reader, patient.organization, patient.id).await? {
        let content = open(cipher, &row)?;
        if content.is(identifier) && content.relation.fits(born, today) {
            return Ok(Some(row.id));
        }
    }
    Ok(None)
}

/// Registers somebody, or writes anew what is known of who is registered: their number says who it is.
/// The patient must be held alone.
async fn put(
    tx: &Tx,
    services: &Services,
    (patient, cipher, born): (&patients::Patient, &PatientCipher, NaiveDate),
    own: &Registration,
    now: DateTime<Utc>,
) -> Result<(RepresentativeId, bool), Error> {
    if !own.relation.fits(born, oslo_date(now)) {
        return Err(Unfit::Age.into());
    }
    let keys = services.vault.organization(tx, patient.organization).await?;
    let indexes: Vec<Vec<u8>> = keys.blind_indexes(&own.identifier).into_iter().map(|(_, index)| index).collect();
    if patients::find_by_index(tx, patient.organization, &indexes).await? == Some(patient.id) {
        return Err(Unfit::Patient.into());
    }
    let content = Content::of(own);
    let rows = representatives::of_patient(tx, patient.organization, patient.id).await?;
    for row in &rows {
        let known = open(cipher, row)?;
        if !known.is(&own.identifier) {
            continue;
        }
        // Also where nothing is new: who is named again is kept as long as who is named for the first time.
        let changed = known.name != content.name || known.relation != content.relation;
        let content_sealed = sealed(cipher, row.id, &content)?;
        representatives::update(tx, &Row { content_sealed, key_version: cipher.version(), updated_at: now, ..row.clone() }).await?;
        return Ok((row.id, changed));
    }
    if rows.len() >= MOST {
        return Err(Unfit::TooMany.into());
    }
    let id = RepresentativeId::new(now, services.entropy.as_ref());
    let content_sealed = sealed(cipher, id, &content)?;
    let (organization, patient) = (patient.organization, patient.id);
    representatives::insert(tx, &Row { id, organization, patient, content_sealed, key_version: cipher.version(), updated_at: now }).await?;
    Ok((id, true))
}

/// The same for those whom an order names, each with its entry in the access log.
pub(super) async fn put_all(
    tx: &Tx,
    services: &Services,
    caller: &Caller,
    patient: PatientId,
    named: &[Registration],
    (unit, ground): (UnitId, Ground),
) -> Result<(), Error> {
    if named.is_empty() {
        return Ok(());
    }
    let (row, cipher, person) = held(tx, services, caller, patient).await?;
    for own in named {
        let (id, changed) = put(tx, services, (&row, &cipher, person.birth_date), own, services.now()).await?;
        if changed {
            let deed = Deed::done("representative.register", Some(("representative", id.0)), vec![patient]);
            audit::write(tx, services, caller, &deed.in_unit(unit).on(ground)).await?;
        }
    }
    Ok(())
}

async fn held(tx: &Tx, services: &Services, caller: &Caller, id: PatientId) -> Result<(patients::Patient, PatientCipher, Person), Error> {
    let row = patients::hold_alone(tx, caller.actor.organization(), id).await?.ok_or(Error::NotFound)?;
    let (cipher, person) = open_patient(&services.vault, tx, &row).await?.ok_or(Error::Erased)?;
    Ok((row, cipher, person))
}

/// Whether the caller may, in a unit that the patient has a tie to.
async fn allowed(reader: &impl Reader, services: &Services, caller: &Caller, id: PatientId) -> Result<(Option<UnitId>, Ground), Error> {
    patients::find(reader, caller.actor.organization(), id).await?.ok_or(Error::NotFound)?;
    let units = care_units(reader, caller, id, services.now()).await?;
    let mut own = units.iter().copied();
    let may = |unit| decide(&caller.actor, Action::ManageInvitations, Resource::in_units(&[unit])).is_ok();
    let ground = decide(&caller.actor, Action::ManageInvitations, Resource::in_units(&units))?;
    Ok((own.find(|unit| caller.actor.person().is_some() && may(*unit)), ground))
}

fn deed(action: &'static str, object: Option<RepresentativeId>, patient: PatientId, (unit, ground): (Option<UnitId>, Ground)) -> Deed {
    let object = object.map_or(("patient", patient.0), |id| ("representative", id.0));
    Deed { unit, ..Deed::done(action, Some(object), vec![patient]).on(ground) }
}

/// Who is registered.
pub async fn list(services: &Services, caller: &Caller, patient: PatientId) -> Result<Vec<Representative>, Error> {
    may_see(caller)?;
    let context = (services.clone(), caller.clone(), patient);
    let (found, tie) = services
        .db
        .read(context, |(services, caller, patient), snapshot| {
            Box::pin(async move {
                let tie = allowed(snapshot, services, caller, *patient).await?;
                let organization = caller.actor.organization();
                let row = patients::find(snapshot, organization, *patient).await?.ok_or(Error::NotFound)?;
                let (cipher, _) = open_patient(&services.vault, snapshot, &row).await?.ok_or(Error::Erased)?;
                Ok::<_, Error>((of_patient(snapshot, &cipher, organization, *patient).await?, tie))
            })
        })
        .await?;
    audit::commit_read(services, caller, deed("representative.list", None, patient, tie)).await?;
    Ok(found)
}

/// Registers somebody, or corrects name and relation of who is registered.
pub async fn register(services: &Services, caller: &Caller, patient: PatientId, own: Registration) -> Result<Representative, Error> {
    may_see(caller)?;
    let context = (services.clone(), caller.clone(), patient, own);
    services
        .db
        .write(context, |(services, caller, patient, own), tx| {
            Box::pin(async move {
                let tie = allowed(tx, services, caller, *patient).await?;
                let (row, cipher, person) = held(tx, services, caller, *patient).await?;
                let (id, _) = put(tx, services, (&row, &cipher, person.birth_date), own, services.now()).await?;
                audit::write(tx, services, caller, &deed("representative.register", Some(id), *patient, tie)).await?;
                Ok(Representative { id, name: own.name.clone(), relation: own.relation })
            })
        })
        .await
}

/// Removes one. Whatever session they have ends.
pub async fn remove(services: &Services, caller: &Caller, patient: PatientId, id: RepresentativeId) -> Result<(), Error> {
    may_see(caller)?;
    let context = (services.clone(), caller.clone(), patient, id);
    services
        .db
        .write(context, |(services, caller, patient, id), tx| {
            Box::pin(async move {
                let tie = allowed(tx, services, caller, *patient).await?;
                // Who signs in as this person at this moment is waited for, and their session ends too.
                patients::lock(tx, caller.actor.organization(), *patient).await?.ok_or(Error::NotFound)?;
                if !representatives::delete(tx, caller.actor.organization(), *patient, *id).await? {
                    return Err(Error::NotFound);
                }
                sessions::end_of_representative(tx, *patient, *id, services.now()).await?;
                audit::write(tx, services, caller, &deed("representative.remove", Some(*id), *patient, tie)).await?;
                Ok(())
            })
        })
        .await
}

/// Who could never do it is told so, whatever patient they name.
fn may_see(caller: &Caller) -> Result<(), Error> {
    Ok(may_ever(&caller.actor, Action::ManageInvitations)?)
}
