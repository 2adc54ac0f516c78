//! What the operator's commands do: organizations, units, clients, clinicians, tokens.

use super::audit::{self, Deed};
use super::fault::{Fault, unit_error};
use super::sign_in;
use super::{Caller, Services};
use crate::crypto::ring::Purpose;
use crate::crypto::tokens;
use crate::domain::actor::{Grant, Role, Scope};
use crate::domain::identifier::PatientIdentifier;
use crate::domain::ids::{ClientId, ClinicianId, OrganizationId, PatientId, UnitId, uuid_v7};
use crate::domain::smart;
use crate::storage::organizations::{self, ClinicianKey};
use crate::storage::patients;
use chrono::Duration;
use serde_json::json;
use std::collections::BTreeSet;

pub use crate::storage::organizations::{Client, Clinician, Organization, Unit};

/// Why not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// It is there already: what, and by which name or number.
    #[error("{0} exists")]
    Exists(&'static str),
    /// It is not there.
    #[error("no such {0}")]
    NotFound(&'static str),
    /// A form that is not released.
    #[error("no such questionnaire")]
    Form,
    /// A role without the unit it needs, or with one it can't have.
    #[error("the role does not fit the unit")]
    Role,
    /// A client none of whose scopes can be about one patient.
    #[error("the client has no scope that can be about one patient")]
    Scopes,
    /// Below.
    #[error(transparent)]
    Fault(#[from] Fault),
}

unit_error!(Error);

/// Turns a conflict that stays into "exists".
fn exists<T>(what: &'static str, result: Result<T, Error>) -> Result<T, Error> {
    match result {
        Err(Error::Fault(Fault::Storage(crate::storage::StorageError::Conflict))) => Err(Error::Exists(what)),
        other => other,
    }
}

/// Settings of a new organization.
#[derive(Debug, Clone)]
pub struct NewOrganization {
    /// Name.
    pub name: String,
    /// `health_trust` or `municipality`.
    pub kind: String,
    /// Nine digits.
    pub number: String,
    /// Phone.
    pub phone: String,
    /// Threshold.
    pub threshold: i32,
    /// Its source.
    pub threshold_source: String,
    /// Days around a visit in which clinicians of its unit may read.
    pub care_window_days: i32,
}

/// Adds an organization with its first key.
pub async fn add_organization(services: &Services, new: NewOrganization) -> Result<OrganizationId, Error> {
    let now = services.now();
    let id = OrganizationId::new(now, services.entropy.as_ref());
    let key = services.vault.new_organization_key(id, now)?;
    let row = Organization {
        id,
        name: new.name,
        kind: new.kind,
        number: new.number,
        phone: new.phone,
        threshold: new.threshold,
        threshold_source: new.threshold_source,
        care_window_days: new.care_window_days,
    };
    let result = services
        .db
        .write((row, key), move |(row, key), tx| {
            Box::pin(async move {
                organizations::insert_organization(tx, row, now).await?;
                organizations::insert_key(tx, key, now).await?;
                Ok(row.id)
            })
        })
        .await;
    exists("organization", result)
}

/// All organizations.
pub async fn list_organizations(services: &Services) -> Result<Vec<Organization>, Fault> {
    services.db.read((), |(), snapshot| Box::pin(async move { Ok::<_, Fault>(organizations::organizations(snapshot).await?) })).await
}

/// Settings of a new unit.
#[derive(Debug, Clone)]
pub struct NewUnit {
    /// Organization.
    pub organization: OrganizationId,
    /// Name.
    pub name: String,
    /// Phone.
    pub phone: String,
    /// The EHR's id.
    pub external_id: Option<String>,
    /// Default form and, where it is fixed, its version.
    pub form: (String, Option<String>),
    /// Threshold of its own.
    pub threshold: Option<i32>,
    /// Whether letters must not name it.
    pub discreet: bool,
}

/// Adds a unit.
pub async fn add_unit(services: &Services, new: NewUnit) -> Result<UnitId, Error> {
    services.library.find(&new.form.0, new.form.1.as_deref()).ok_or(Error::Form)?;
    let now = services.now();
    let id = UnitId::new(now, services.entropy.as_ref());
    let row = Unit {
        id,
        organization: new.organization,
        name: new.name,
        phone: new.phone,
        external_id: new.external_id,
        questionnaire_name: new.form.0,
        questionnaire_version: new.form.1,
        threshold: new.threshold,
        discreet: new.discreet,
    };
    let result = services
        .db
        .write(row, move |row, tx| {
            Box::pin(async move {
                organizations::organization(tx, row.organization).await?.ok_or(Error::NotFound("organization"))?;
                organizations::insert_unit(tx, row, now).await?;
                Ok(row.id)
            })
        })
        .await;
    exists("unit", result)
}

/// Says whether letters may name a unit.
pub async fn set_discreet(services: &Services, organization: OrganizationId, unit: UnitId, discreet: bool) -> Result<(), Error> {
    services
        .db
        .write((services.clone(), organization, unit), move |(services, organization, unit), tx| {
            Box::pin(async move {
                if !organizations::set_discreet(tx, *organization, *unit, discreet).await? {
                    return Err(Error::NotFound("unit"));
                }
                let deed = Deed::done("unit.discreet", Some(("unit", unit.0)), Vec::new()).in_unit(*unit);
                audit::write(tx, services, &Caller::system(*organization, "command"), &deed).await?;
                Ok(())
            })
        })
        .await
}

/// Has the patients of a unit sign in at a provider instead of telling their birth date, or not.
pub async fn set_patient_provider(
    services: &Services,
    organization: OrganizationId,
    unit: UnitId,
    provider: Option<String>,
) -> Result<(), Error> {
    if provider.as_deref().is_some_and(|name| !sign_in::is_for_patients(services, name)) {
        return Err(Error::NotFound("provider of sign-in for patients in the settings"));
    }
    services
        .db
        .write((services.clone(), organization, unit, provider), |(services, organization, unit, provider), tx| {
            Box::pin(async move {
                if !organizations::set_patient_provider(tx, *organization, *unit, provider.as_deref()).await? {
                    return Err(Error::NotFound("unit"));
                }
                let deed = Deed::done("unit.sign-in", Some(("unit", unit.0)), Vec::new()).in_unit(*unit);
                audit::write(tx, services, &Caller::system(*organization, "command"), &deed).await?;
                Ok(())
            })
        })
        .await
}

/// All units, of one organization or of all.
pub async fn list_units(services: &Services, organization: Option<OrganizationId>) -> Result<Vec<Unit>, Fault> {
    services
        .db
        .read(organization, |organization, snapshot| {
            Box::pin(async move { Ok::<_, Fault>(organizations::units(snapshot, *organization).await?) })
        })
        .await
}

/// Adds a client.
pub async fn add_client(
    services: &Services,
    organization: OrganizationId,
    name: String,
    external_id: Option<String>,
    scopes: BTreeSet<Scope>,
) -> Result<ClientId, Error> {
    let now = services.now();
    let id = ClientId::new(now, services.entropy.as_ref());
    let row = Client { id, organization, name, external_id, scopes };
    let result = services
        .db
        .write(row, move |row, tx| {
            Box::pin(async move {
                organizations::organization(tx, row.organization).await?.ok_or(Error::NotFound("organization"))?;
                organizations::insert_client(tx, row, now).await?;
                Ok(row.id)
            })
        })
        .await;
    exists("client", result)
}

/// All clients.
pub async fn list_clients(services: &Services) -> Result<Vec<Client>, Fault> {
    services.db.read((), |(), snapshot| Box::pin(async move { Ok::<_, Fault>(organizations::clients(snapshot, None).await?) })).await
}

/// A new clinician.
#[derive(Debug, Clone)]
pub struct NewClinician {
    /// Organization.
    pub organization: OrganizationId,
    /// Name.
    pub name: String,
    /// HPR number.
    pub hpr_number: Option<String>,
    /// Subject at an external issuer.
    pub subject: Option<String>,
    /// Roles.
    pub grants: BTreeSet<Grant>,
}

/// Adds a clinician with roles.
pub async fn add_clinician(services: &Services, new: NewClinician) -> Result<ClinicianId, Error> {
    if new.grants.iter().any(|grant| grant.role.needs_unit() != grant.unit.is_some()) {
        return Err(Error::Role);
    }
    let now = services.now();
    let id = ClinicianId::new(now, services.entropy.as_ref());
    let role_ids: Vec<uuid::Uuid> = new.grants.iter().map(|_| uuid_v7(now, services.entropy.as_ref())).collect();
    let row = Clinician {
        id,
        organization: new.organization,
        name: new.name,
        hpr_number: new.hpr_number,
        subject: new.subject,
        grants: new.grants,
    };
    let result = services
        .db
        .write((row, role_ids), move |(row, role_ids), tx| {
            Box::pin(async move {
                organizations::organization(tx, row.organization).await?.ok_or(Error::NotFound("organization"))?;
                for grant in &row.grants {
                    if let Some(unit) = grant.unit {
                        organizations::unit(tx, row.organization, unit).await?.ok_or(Error::NotFound("unit"))?;
                    }
                }
                organizations::insert_clinician(tx, row, role_ids, now).await?;
                Ok(row.id)
            })
        })
        .await;
    exists("clinician", result)
}

/// Sets or removes a clinician's own national id, by which the access log's report knows that a patient
/// is a colleague. Only its blind index is kept, under the organization's newest key.
pub async fn set_national_id(services: &Services, id: ClinicianId, identifier: Option<PatientIdentifier>) -> Result<(), Error> {
    services
        .db
        .write((services.clone(), id, identifier), |(services, id, identifier), tx| {
            Box::pin(async move {
                let person = organizations::clinician(tx, &ClinicianKey::Id(*id)).await?.ok_or(Error::NotFound("clinician"))?;
                let keys = services.vault.organization(tx, person.organization).await?;
                let index = identifier.as_ref().and_then(|identifier| keys.blind_indexes(identifier).into_iter().next());
                organizations::set_national_id(tx, *id, index).await?;
                let deed = Deed::done("clinician.national-id", Some(("clinician", id.0)), Vec::new());
                audit::write(tx, services, &Caller::system(person.organization, "command"), &deed).await?;
                Ok(())
            })
        })
        .await
}

/// Sets how many patients a day are many in the access log's report; `None`: the product's number.
pub async fn set_patients_a_day(services: &Services, organization: OrganizationId, number: Option<i32>) -> Result<(), Error> {
    services
        .db
        .write((services.clone(), organization, number), |(services, organization, number), tx| {
            Box::pin(async move {
                organizations::organization(tx, *organization).await?.ok_or(Error::NotFound("organization"))?;
                organizations::set_log_patients_a_day(tx, *organization, *number).await?;
                let deed = Deed::done("access-log.limit", Some(("organization", organization.0)), Vec::new());
                audit::write(tx, services, &Caller::system(*organization, "command"), &deed).await?;
                Ok(())
            })
        })
        .await
}

/// All clinicians.
pub async fn list_clinicians(services: &Services) -> Result<Vec<Clinician>, Fault> {
    services.db.read((), |(), snapshot| Box::pin(async move { Ok::<_, Fault>(organizations::clinicians(snapshot).await?) })).await
}

/// For whom a token is issued.
#[derive(Debug, Clone, Copy)]
pub enum Bearer {
    /// A client, with all its scopes.
    Client(ClientId),
    /// A client, for one patient: with those of its scopes that can be about one (`patient/…` of SMART).
    ClientFor(ClientId, PatientId),
    /// A clinician.
    Clinician(ClinicianId),
}

async fn client_of(services: &Services, id: ClientId) -> Result<Client, Error> {
    let read = services.db.read(id, |id, snapshot| Box::pin(async move { Ok::<_, Fault>(organizations::client(snapshot, *id).await?) }));
    read.await?.ok_or(Error::NotFound("client"))
}

/// Issues an access token (RFC 9068) of the built-in issuer.
pub async fn issue_token(services: &Services, issuer: &str, audience: &str, bearer: Bearer, lives: Duration) -> Result<String, Error> {
    let now = services.now();
    let claims = match bearer {
        Bearer::Client(id) => {
            let client = client_of(services, id).await?;
            let scopes: Vec<&str> = client.scopes.iter().map(|scope| scope.word()).collect();
            json!({"sub": id.to_string(), "client_id": id.to_string(), "kartlegging_kind": "client", "scope": scopes.join(" ")})
        }
        Bearer::ClientFor(id, patient) => {
            let client = client_of(services, id).await?;
            let scopes = smart::of_patient(&client.scopes);
            if scopes.is_empty() {
                return Err(Error::Scopes);
            }
            let known = services.db.read((client.organization, patient), |(organization, patient), snapshot| {
                Box::pin(async move { Ok::<_, Fault>(patients::find(snapshot, *organization, *patient).await?) })
            });
            known.await?.filter(|known| !known.is_erased()).ok_or(Error::NotFound("patient"))?;
            let (id, scopes) = (id.to_string(), scopes.join(" "));
            json!({"sub": id, "client_id": id, "kartlegging_kind": "client", "scope": scopes, "patient": patient.to_string()})
        }
        Bearer::Clinician(id) => {
            let found = services
                .db
                .read(id, |id, snapshot| {
                    Box::pin(async move { Ok::<_, Fault>(organizations::clinician(snapshot, &ClinicianKey::Id(*id)).await?) })
                })
                .await?;
            found.ok_or(Error::NotFound("clinician"))?;
            json!({"sub": id.to_string(), "kartlegging_kind": "clinician"})
        }
    };
    let mut claims = claims;
    if let Some(claims) = claims.as_object_mut() {
        claims.insert("iss".into(), issuer.into());
        claims.insert("aud".into(), audience.into());
        claims.insert("iat".into(), now.timestamp().into());
        claims.insert("exp".into(), (now + lives).timestamp().into());
        claims.insert("jti".into(), uuid_v7(now, services.entropy.as_ref()).to_string().into());
    }
    Ok(tokens::sign(&services.ring, Purpose::Issuer, tokens::ACCESS, &claims)?)
}

/// Reads `role` or `role:unit-id`.
pub fn parse_grant(text: &str) -> Option<Grant> {
    let (role, unit) = match text.split_once(':') {
        None => (text, None),
        Some((role, unit)) => (role, Some(UnitId::parse(unit)?)),
    };
    Some(Grant { role: Role::parse(role)?, unit })
}
