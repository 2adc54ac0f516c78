//! Issues invitations: one, or a batch in one request with a result per item.

use super::audit::{self, Deed};
use super::change_appointment::{FARTHEST, follow};
use super::events::{self, Event, EventKind};
use super::fault::{Fault, unit_error};
use super::idempotency::{self as repeat, Begun, Repeatable};
use super::invitation::{Issued, new_credential, render, secrets, view};
use super::representatives::{self, Registration, Unfit};
use super::vault::PatientCipher;
use super::{Caller, LONGEST_BATCH, Services};
use crate::domain::appointment::VisitStatus;
use crate::domain::clock::{oslo_date, oslo_day_start};
use crate::domain::identifier::PatientIdentifier;
use crate::domain::ids::{AppointmentId, CredentialId, InvitationId, OrganizationId, PatientId, PatientIdentifierId, UnitId};
use crate::domain::invitation::{InvitationState, window};
use crate::domain::language::Language;
use crate::domain::policy::{Action, Denied, Ground, Resource, decide, may_ever};
use crate::storage::appointments::{self, Appointment};
use crate::storage::invitations::{self, Invitation};
use crate::storage::organizations::{self, Unit};
use crate::storage::patients::{self, Patient, StoredIdentifier, Update};
use crate::storage::{Tx, credentials, idempotency};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// How the patient may be reached by notices.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// E-mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Phone number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
}

/// The patient as the letter system knows them.
#[derive(Debug, Clone)]
pub struct PatientData {
    /// National or local identifier.
    pub identifier: Option<PatientIdentifier>,
    /// Name.
    pub name: String,
    /// Birth date.
    pub birth_date: NaiveDate,
    /// Preferred language; `None` when the sender does not know.
    pub language: Option<Language>,
    /// Contact.
    pub contact: Option<Contact>,
    /// Who may answer in their place. Those who are registered and not named here stay.
    pub representatives: Vec<Registration>,
}

/// The visit that the letter announces.
#[derive(Debug, Clone)]
pub struct Visit {
    /// The EHR's id.
    pub external_id: Option<String>,
    /// When.
    pub starts_at: DateTime<Utc>,
    /// Where.
    pub unit: UnitId,
}

/// One invitation to issue.
#[derive(Debug, Clone)]
pub struct Order {
    /// Who.
    pub patient: PatientData,
    /// Before which visit.
    pub visit: Option<Visit>,
    /// Which unit, where there is no visit.
    pub unit: Option<UnitId>,
    /// Due date, where there is no visit.
    pub due_on: Option<NaiveDate>,
    /// Form and version; the unit's default where none.
    pub form: Option<(String, Option<String>)>,
    /// End of answering.
    pub answer_until: Option<DateTime<Utc>>,
}

/// A member of the order that does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FieldFault {
    /// No such unit in the organization.
    UnitUnknown,
    /// No such released form.
    QuestionnaireUnknown,
    /// A time that is over.
    OutOfRange,
    /// Does not agree with what is known.
    Mismatch,
    /// More than there may be.
    TooMany,
}

/// Why one item is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A member does not hold: JSON pointer and fault.
    #[error("{pointer}: {fault:?}")]
    Field {
        /// JSON pointer into the item.
        pointer: &'static str,
        /// What is wrong.
        fault: FieldFault,
    },
    /// A live invitation to this form before this visit exists.
    #[error("an invitation exists")]
    Exists(InvitationId),
    /// The item could not be read as an order when it was first sent.
    #[error("the item is not an order")]
    Unreadable,
    /// The unit's default form is not released.
    #[error("the unit has no form")]
    NoForm,
    /// Not allowed.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// Idempotency.
    #[error(transparent)]
    Repeat(#[from] repeat::Error),
    /// Below.
    #[error(transparent)]
    Fault(#[from] Fault),
}

unit_error!(Error);

impl Error {
    /// Whether it ends the whole batch rather than one item.
    fn ends_batch(&self) -> bool {
        matches!(self, Self::Fault(_) | Self::Repeat(_) | Self::Denied(Denied::Scope(_)))
    }
}

/// What is kept of one item under the idempotency key: ids, never a secret.
#[derive(Debug, Clone, Serialize, Deserialize)]
enum Kept {
    Done(Uuid, Uuid),
    Field(String, FieldFault),
    Exists(Uuid),
    NoForm,
    Denied,
    Unreadable,
}

/// Pointers that faults can have; kept outcomes are read back through it.
const POINTERS: [&str; 9] = [
    "/due_on",
    "/appointment/unit",
    "/unit",
    "/questionnaire/name",
    "/appointment/starts_at",
    "/answer_until",
    "/patient/birth_date",
    "/patient/representatives",
    "/appointment/external_id",
];

/// Issued with which credential, or the live invitation that stands in the way. That is an answer,
/// not a refusal: what the request says about patient and visit is kept.
pub(super) type Made = Result<(Issued, CredentialId), InvitationId>;

fn made(made: Made) -> Result<Issued, Error> {
    made.map(|(issued, _)| issued).map_err(Error::Exists)
}

/// Issues one invitation; safe to repeat under its key.
pub async fn issue(services: &Services, caller: &Caller, order: Order, request: Repeatable) -> Result<Issued, Error> {
    may_ever(&caller.actor, Action::ManageInvitations)?;
    let begun = match repeat::begin(services, caller, &request).await? {
        Begun::Replay(outcome) => {
            return replay(services, caller, &outcome).await?.pop().unwrap_or(Err(Fault::Content("idempotency outcome").into()));
        }
        Begun::Work(begun) => begun,
    };
    let context = (services.clone(), caller.clone(), order, begun.clone());
    let done = services
        .db
        .write(context, |(services, caller, order, begun), tx| {
            Box::pin(async move {
                let item = issue_in(tx, services, caller, order).await?;
                // A refusal lets the key go, for a corrected request.
                if item.is_ok() {
                    finish(tx, begun, &[Ok(item.clone())]).await?;
                }
                Ok(item)
            })
        })
        .await;
    settle(services, begun, done.and_then(made)).await
}

/// Issues a batch: a refused item costs only itself. Safe to repeat under its key. An item that could
/// not be read is `None`: it keeps its place, so that a repeat can't shift answers to other items.
pub async fn issue_batch(
    services: &Services,
    caller: &Caller,
    orders: Vec<Option<Order>>,
    request: Repeatable,
) -> Result<Vec<Result<Issued, Error>>, Error> {
    may_ever(&caller.actor, Action::IssueBatch)?;
    let begun = match repeat::begin(services, caller, &request).await? {
        Begun::Replay(outcome) => return replay(services, caller, &outcome).await,
        Begun::Work(begun) => begun,
    };
    let context = (services.clone(), caller.clone(), orders, begun.clone());
    let done = services
        .db
        .within(LONGEST_BATCH)
        .write(context, |(services, caller, orders, begun), tx| {
            Box::pin(async move {
                let mut items: Vec<Result<Made, Error>> = Vec::with_capacity(orders.len());
                for order in orders {
                    let Some(order) = order else {
                        items.push(Err(Error::Unreadable));
                        continue;
                    };
                    let context = (services, caller, order);
                    let item =
                        tx.savepoint(&context, |(services, caller, order), tx| Box::pin(issue_in(tx, services, caller, order))).await;
                    match item {
                        Err(error) if error.ends_batch() => return Err(error),
                        item => items.push(item),
                    }
                }
                finish(tx, begun, &items).await?;
                Ok(items.into_iter().map(|item| item.and_then(made)).collect())
            })
        })
        .await;
    settle(services, begun, done).await
}

async fn finish(tx: &Tx, begun: &idempotency::Use, items: &[Result<Made, Error>]) -> Result<(), Error> {
    let kept: Vec<Kept> = items
        .iter()
        .map(|item| match item {
            Ok(Ok((issued, credential))) => Kept::Done(issued.invitation.id.0, credential.0),
            Ok(Err(id)) | Err(Error::Exists(id)) => Kept::Exists(id.0),
            Err(Error::Field { pointer, fault }) => Kept::Field((*pointer).to_owned(), *fault),
            Err(Error::NoForm) => Kept::NoForm,
            Err(Error::Unreadable) => Kept::Unreadable,
            Err(Error::Denied(_) | Error::Repeat(_) | Error::Fault(_)) => Kept::Denied,
        })
        .collect();
    let outcome = serde_json::to_string(&kept).map_err(|_| Fault::Content("idempotency outcome"))?;
    if idempotency::finish(tx, begun, &outcome).await? { Ok(()) } else { Err(repeat::Error::InFlight.into()) }
}

async fn settle<T>(services: &Services, begun: idempotency::Use, done: Result<T, Error>) -> Result<T, Error> {
    if done.is_err() {
        repeat::release(services, begun).await?;
    }
    done
}

/// The recorded outcome. Who repeats it must still be allowed to, and giving links out again is logged
/// again.
async fn replay(services: &Services, caller: &Caller, outcome: &str) -> Result<Vec<Result<Issued, Error>>, Error> {
    let kept: Vec<Kept> = serde_json::from_str(outcome).map_err(|_| Fault::Content("idempotency outcome"))?;
    let mut results = Vec::with_capacity(kept.len());
    for item in kept {
        results.push(match item {
            Kept::Done(invitation, credential) => {
                let found = render(services, caller.actor.organization(), InvitationId(invitation), CredentialId(credential)).await?;
                let issued = found.ok_or(Fault::Content("idempotency outcome"))?;
                decide(&caller.actor, Action::ManageInvitations, Resource::in_units(&[issued.invitation.unit]))?;
                Ok(issued)
            }
            Kept::Field(pointer, fault) => {
                let pointer = POINTERS.into_iter().find(|known| *known == pointer).unwrap_or("");
                Err(Error::Field { pointer, fault })
            }
            Kept::Exists(id) => Err(Error::Exists(InvitationId(id))),
            Kept::NoForm => Err(Error::NoForm),
            Kept::Unreadable => Err(Error::Unreadable),
            Kept::Denied => Err(Error::Denied(Denied::Role)),
        });
    }
    let patients = results.iter().flatten().map(|issued| issued.invitation.patient).collect();
    audit::commit_read(services, caller, Deed::done("invitation.issue-again", None, patients)).await?;
    Ok(results)
}

/// Registers a visit without inviting anybody: it stands in the worklist as "not sent".
pub async fn register_visit(services: &Services, caller: &Caller, patient: PatientData, visit: Visit) -> Result<AppointmentId, Error> {
    let context = (services.clone(), caller.clone(), patient, visit);
    services
        .db
        .write(context, |(services, caller, patient, visit), tx| {
            Box::pin(async move {
                let now = services.now();
                let unit = organizations::unit(tx, caller.actor.organization(), visit.unit)
                    .await?
                    .ok_or(field("/appointment/unit", FieldFault::UnitUnknown))?;
                let ground = decide(&caller.actor, Action::ManageInvitations, Resource::in_units(&[unit.id]))?;
                let patient = known_patient(tx, services, caller, patient, (unit.id, ground)).await?;
                let id = put_appointment(tx, services, caller, visit, patient, now).await?;
                let deed = Deed::done("appointment.register", Some(("appointment", id.0)), vec![patient]).in_unit(unit.id).on(ground);
                audit::write(tx, services, caller, &deed).await?;
                Ok(id)
            })
        })
        .await
}

fn field(pointer: &'static str, fault: FieldFault) -> Error {
    Error::Field { pointer, fault }
}

async fn issue_in(tx: &Tx, services: &Services, caller: &Caller, order: &Order) -> Result<Made, Error> {
    let now = services.now();
    let unit = unit_of(tx, caller, order).await?;
    let ground = decide(&caller.actor, Action::ManageInvitations, Resource::in_units(&[unit.id]))?;
    let (form_name, form_version) = form_of(services, order, &unit)?;
    check_times(order, now)?;
    let patient = known_patient(tx, services, caller, &order.patient, (unit.id, ground)).await?;
    let appointment = match &order.visit {
        Some(visit) => Some(put_appointment(tx, services, caller, visit, patient, now).await?),
        None => None,
    };
    let place = Place {
        unit: &unit,
        patient,
        visit: appointment.zip(order.visit.as_ref().map(|visit| visit.starts_at)),
        form: (form_name, form_version),
        due_on: order.due_on,
        answer_until: order.answer_until,
    };
    Ok(put_invitation(tx, services, caller, place, ground).await?)
}

/// What a new invitation is for.
pub(super) struct Place<'a> {
    /// Who asks.
    pub(super) unit: &'a Unit,
    /// Who is asked.
    pub(super) patient: PatientId,
    /// Before which visit.
    pub(super) visit: Option<(AppointmentId, DateTime<Utc>)>,
    /// Form and version.
    pub(super) form: (String, String),
    /// Due date, where there is no visit.
    pub(super) due_on: Option<NaiveDate>,
    /// End of answering, where another one is asked for.
    pub(super) answer_until: Option<DateTime<Utc>>,
}

/// Makes an invitation with its credential, unless a live one to the same form before the same visit stands.
/// The patient is held.
pub(super) async fn put_invitation(tx: &Tx, services: &Services, caller: &Caller, place: Place<'_>, ground: Ground) -> Result<Made, Fault> {
    let now = services.now();
    let Place { unit, patient, visit, form: (questionnaire_name, questionnaire_version), due_on, answer_until } = place;
    let times = window(now, visit.map(|(_, starts_at)| starts_at), due_on, answer_until);
    let row = Invitation {
        id: InvitationId::new(now, services.entropy.as_ref()),
        organization: unit.organization,
        unit: unit.id,
        patient,
        appointment: visit.map(|(id, _)| id),
        questionnaire_name,
        questionnaire_version,
        state: InvitationState::Issued,
        flagged: false,
        due_on: if visit.is_some() { None } else { Some(due_on.unwrap_or_else(|| oslo_date(now))) },
        answer_until: times.answer_until,
        amend_until: times.amend_until,
        created_at: now,
        started_at: None,
        issued_by: caller.actor.person(),
    };
    if let Some(live) = invitations::live_for(tx, unit.organization, &row.occasion()).await? {
        let deed = Deed::done("invitation.issue", Some(("invitation", live.id.0)), vec![patient]).in_unit(unit.id).on(ground);
        audit::write(tx, services, caller, &deed.ending("invitation-exists")).await?;
        return Ok(Err(live.id));
    }
    invitations::insert(tx, &row).await?;
    let credential = new_credential(services, row.organization, "letter", 1, now)?;
    credentials::insert(tx, &credential, row.id, now).await?;
    events::announce(tx, services, &Event::new(EventKind::InvitationIssued, row.organization, row.unit, row.id)).await?;
    let deed = Deed::done("invitation.issue", Some(("invitation", row.id.0)), vec![patient]).in_unit(unit.id).on(ground);
    audit::write(tx, services, caller, &deed).await?;
    let (link, code) = secrets(services, &credential)?;
    Ok(Ok((Issued { invitation: view(tx, &row).await?, link, code }, credential.id)))
}

async fn unit_of(tx: &Tx, caller: &Caller, order: &Order) -> Result<Unit, Error> {
    let (pointer, id) = match (&order.visit, order.unit) {
        (Some(visit), _) => ("/appointment/unit", Some(visit.unit)),
        (None, unit) => ("/unit", unit),
    };
    let id = id.ok_or(field(pointer, FieldFault::UnitUnknown))?;
    organizations::unit(tx, caller.actor.organization(), id).await?.ok_or(field(pointer, FieldFault::UnitUnknown))
}

fn form_of(services: &Services, order: &Order, unit: &Unit) -> Result<(String, String), Error> {
    let (name, version, missing) = match &order.form {
        Some((name, version)) => (name, version.as_deref(), field("/questionnaire/name", FieldFault::QuestionnaireUnknown)),
        None => (&unit.questionnaire_name, unit.questionnaire_version.as_deref(), Error::NoForm),
    };
    let form = services.library.find(name, version).ok_or(missing)?;
    Ok((name.clone(), form.questionnaire.version().to_owned()))
}

fn check_times(order: &Order, now: DateTime<Utc>) -> Result<(), Error> {
    let far = now + chrono::Duration::days(FARTHEST);
    if order.visit.as_ref().is_some_and(|visit| visit.starts_at > far) {
        return Err(field("/appointment/starts_at", FieldFault::OutOfRange));
    }
    if order.answer_until.is_some_and(|until| until > far) {
        return Err(field("/answer_until", FieldFault::OutOfRange));
    }
    if order.due_on.is_some_and(|due| due > oslo_date(far)) {
        return Err(field("/due_on", FieldFault::OutOfRange));
    }
    if order.visit.as_ref().is_some_and(|visit| visit.starts_at <= now) {
        return Err(field("/appointment/starts_at", FieldFault::OutOfRange));
    }
    if order.answer_until.is_some_and(|until| until <= now) {
        return Err(field("/answer_until", FieldFault::OutOfRange));
    }
    let over = order.due_on.is_some_and(|due| oslo_day_start(due) + chrono::Duration::days(30) <= now);
    if over && order.visit.is_none() && order.answer_until.is_none() {
        return Err(field("/answer_until", FieldFault::OutOfRange));
    }
    Ok(())
}

/// The patient of an order, with those whom it names as representatives.
async fn known_patient(
    tx: &Tx,
    services: &Services,
    caller: &Caller,
    data: &PatientData,
    tie: (UnitId, Ground),
) -> Result<PatientId, Error> {
    let patient = put_patient(tx, services, caller, data, services.now()).await?;
    let pointer = "/patient/representatives";
    representatives::put_all(tx, services, caller, patient, &data.representatives, tie).await.map_err(|error| match error {
        representatives::Error::Unfit(Unfit::TooMany) => field(pointer, FieldFault::TooMany),
        representatives::Error::Unfit(Unfit::Age | Unfit::Patient) => field(pointer, FieldFault::Mismatch),
        representatives::Error::Denied(denied) => denied.into(),
        representatives::Error::Fault(fault) => fault.into(),
        representatives::Error::NotFound | representatives::Error::Erased => Fault::Content("patient").into(),
    })?;
    Ok(patient)
}

/// Finds the patient by identifier and writes what the letter system knows newer, or makes a new one.
async fn put_patient(tx: &Tx, services: &Services, caller: &Caller, data: &PatientData, now: DateTime<Utc>) -> Result<PatientId, Error> {
    if data.identifier.as_ref().is_some_and(|identifier| !identifier.agrees_with(data.birth_date)) {
        return Err(field("/patient/birth_date", FieldFault::Mismatch));
    }
    let organization = caller.actor.organization();
    let keys = services.vault.organization(tx, organization).await?;
    let indexes = data.identifier.as_ref().map(|identifier| keys.blind_indexes(identifier)).unwrap_or_default();
    let hashes: Vec<Vec<u8>> = indexes.into_iter().map(|(_, hash)| hash).collect();
    if !hashes.is_empty()
        && let Some(id) = patients::find_by_index(tx, organization, &hashes).await?
        && let Some(row) = patients::hold(tx, organization, id).await?
    {
        let Some(wrapped) = &row.key else {
            // Nothing of them can be read any more: whoever has the number now is somebody new.
            patients::delete_identifiers(tx, &[id]).await?;
            return new_patient(tx, services, organization, data, now).await;
        };
        let cipher = services.vault.patient(tx, organization, id, wrapped).await?;
        let sealed = seal(&cipher, id, data);
        patients::update(
            tx,
            organization,
            id,
            &Update {
                name_sealed: sealed.0,
                birth_date_sealed: sealed.1,
                contact_sealed: sealed.2,
                language: data.language.as_ref().map(ToString::to_string),
            },
            now,
        )
        .await?;
        return Ok(id);
    }
    new_patient(tx, services, organization, data, now).await
}

async fn new_patient(
    tx: &Tx,
    services: &Services,
    organization: OrganizationId,
    data: &PatientData,
    now: DateTime<Utc>,
) -> Result<PatientId, Error> {
    let keys = services.vault.organization(tx, organization).await?;
    let indexes = data.identifier.as_ref().map(|identifier| keys.blind_indexes(identifier)).unwrap_or_default();
    let id = PatientId::new(now, services.entropy.as_ref());
    let (cipher, key) = keys.new_patient(id)?;
    let (name_sealed, birth_date_sealed, contact_sealed) = seal(&cipher, id, data);
    let identifier = data.identifier.as_ref().map(|identifier| {
        let row = PatientIdentifierId::new(now, services.entropy.as_ref());
        StoredIdentifier {
            id: row,
            system: identifier.system().uri().to_owned(),
            assigner: identifier.assigner().to_owned(),
            value_sealed: cipher.seal("patient_identifier", "value_sealed", row.0, 0, identifier.value().as_bytes()),
            key_version: cipher.version(),
            indexes,
        }
    });
    let row = Patient {
        id,
        organization,
        key_version: cipher.version(),
        name_sealed,
        birth_date_sealed,
        contact_sealed,
        language: data.language.clone().unwrap_or_else(Language::nb).to_string(),
        key: Some(key),
    };
    patients::insert(tx, &row, identifier.as_ref(), now).await?;
    Ok(id)
}

fn seal(cipher: &PatientCipher, id: PatientId, data: &PatientData) -> (Vec<u8>, Vec<u8>, Option<Vec<u8>>) {
    let name = cipher.seal("patient", "name_sealed", id.0, 0, data.name.as_bytes());
    let birth_date = cipher.seal("patient", "birth_date_sealed", id.0, 0, data.birth_date.to_string().as_bytes());
    let contact = data.contact.as_ref().and_then(|contact| serde_json::to_vec(contact).ok());
    (name, birth_date, contact.map(|json| cipher.seal("patient", "contact_sealed", id.0, 0, &json)))
}

async fn put_appointment(
    tx: &Tx,
    services: &Services,
    caller: &Caller,
    visit: &Visit,
    patient: PatientId,
    now: DateTime<Utc>,
) -> Result<AppointmentId, Error> {
    let organization = caller.actor.organization();
    if let Some(external_id) = &visit.external_id
        && let Some(known) = appointments::hold_external(tx, organization, external_id).await?
    {
        // The same id for another patient or another unit is somebody's mistake, not a new time.
        if known.patient != patient || known.unit != visit.unit {
            return Err(field("/appointment/external_id", FieldFault::Mismatch));
        }
        // Who invites to a cancelled visit has booked it again.
        let to = Appointment { starts_at: visit.starts_at, status: VisitStatus::Booked.word().to_owned(), ..known.clone() };
        if to != known {
            follow(tx, services, caller, &known, &to, now).await?;
        }
        return Ok(known.id);
    }
    let row = Appointment {
        id: AppointmentId::new(now, services.entropy.as_ref()),
        organization,
        unit: visit.unit,
        patient,
        external_id: visit.external_id.clone(),
        starts_at: visit.starts_at,
        status: VisitStatus::Booked.word().to_owned(),
        registered_by: caller.actor.person(),
    };
    appointments::insert(tx, &row, now).await?;
    Ok(row.id)
}
