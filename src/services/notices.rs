//! What a unit has set about notices: shown and set by the operator; and what stands around one mail.

use super::audit::{self, Caller, Deed};
use super::fault::{Fault, unit_error};
use super::issue_invitations::Contact;
use super::vault::PatientCipher;
use super::{Services, vault};
use crate::domain::ids::{OrganizationId, UnitId};
use crate::domain::language::Language;
use crate::domain::notices::Plan;
use crate::mail::is_address;
use crate::storage::patients::Patient;
use crate::storage::{Reader, Tx, notices, organizations};

pub use crate::storage::notices::{Addresses, UnitNotices};

/// Longest name of a sender, characters.
pub const SENDER_MAX: usize = 100;

/// Why not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The organization, or the unit in it, is not there.
    #[error("no such {0}")]
    NotFound(&'static str),
    /// No mail can go there.
    #[error("{0} is not an address that a mail can go to")]
    Address(&'static str),
    /// The name is empty, too long or more than a line.
    #[error("the sender's name is one line of 1 to {SENDER_MAX} characters")]
    Sender,
    /// Below.
    #[error(transparent)]
    Fault(#[from] Fault),
}

unit_error!(Error);

async fn check(reader: &impl Reader, organization: OrganizationId, unit: UnitId) -> Result<(), Error> {
    organizations::organization(reader, organization).await?.ok_or(Error::NotFound("organization"))?;
    organizations::unit(reader, organization, unit).await?.ok_or(Error::NotFound("unit"))?;
    Ok(())
}

/// What a unit has set.
pub async fn of_unit(services: &Services, organization: OrganizationId, unit: UnitId) -> Result<UnitNotices, Error> {
    services
        .db
        .read((organization, unit), |(organization, unit), snapshot| {
            Box::pin(async move {
                check(snapshot, *organization, *unit).await?;
                Ok(notices::of_unit(snapshot, *organization, *unit).await?)
            })
        })
        .await
}

async fn set(
    services: &Services,
    owner: (OrganizationId, UnitId),
    change: impl Fn(&mut UnitNotices) + Send + Sync + 'static,
) -> Result<(), Error> {
    let context = (services.clone(), owner, change);
    services
        .db
        .write(context, |(services, (organization, unit), change), tx| {
            Box::pin(async move {
                check(tx, *organization, *unit).await?;
                let mut own = notices::of_unit(tx, *organization, *unit).await?;
                change(&mut own);
                notices::put(tx, &own, services.now()).await?;
                let deed = Deed::done("unit.notices", Some(("unit", unit.0)), Vec::new()).in_unit(*unit);
                audit::write(tx, services, &Caller::system(*organization, "command"), &deed).await?;
                Ok(())
            })
        })
        .await
}

/// Sets a unit's plan.
pub async fn set_plan(services: &Services, organization: OrganizationId, unit: UnitId, plan: Plan) -> Result<(), Error> {
    set(services, (organization, unit), move |own| own.plan = plan).await
}

/// Sets a unit's names and addresses, and the language of what the unit itself gets.
pub async fn set_addresses(
    services: &Services,
    organization: OrganizationId,
    unit: UnitId,
    addresses: Addresses,
    language: &Language,
) -> Result<(), Error> {
    for (name, address) in [("the address for answers", &addresses.reply_to), ("the unit's address", &addresses.digest_to)] {
        if address.as_ref().is_some_and(|address| !is_address(address)) {
            return Err(Error::Address(name));
        }
    }
    let sound =
        |name: &String| !crate::domain::text::is_blank(name) && name.chars().count() <= SENDER_MAX && !name.chars().any(char::is_control);
    if !addresses.sender_name.iter().all(sound) {
        return Err(Error::Sender);
    }
    let language = language.to_string();
    set(services, (organization, unit), move |own| {
        own.addresses = addresses.clone();
        own.language.clone_from(&language);
    })
    .await
}

/// Whether an organization lets mails name the sender.
pub async fn sender_names(services: &Services, organization: OrganizationId) -> Result<bool, Error> {
    services
        .db
        .read(organization, |organization, snapshot| {
            Box::pin(async move {
                organizations::organization(snapshot, *organization).await?.ok_or(Error::NotFound("organization"))?;
                Ok(notices::sender_names(snapshot, *organization).await?)
            })
        })
        .await
}

/// Sets it.
pub async fn set_sender_names(services: &Services, organization: OrganizationId, allowed: bool) -> Result<(), Error> {
    services
        .db
        .write((services.clone(), organization, allowed), |(services, organization, allowed), tx| {
            Box::pin(async move {
                organizations::organization(tx, *organization).await?.ok_or(Error::NotFound("organization"))?;
                notices::set_sender_names(tx, *organization, *allowed).await?;
                let deed = Deed::done("organization.sender-names", Some(("organization", organization.0)), Vec::new());
                audit::write(tx, services, &Caller::system(*organization, "command"), &deed).await?;
                Ok(())
            })
        })
        .await
}

/// The name that a unit's mails are sent under, where its organization allows names.
pub(super) async fn sender(reader: &impl Reader, own: &UnitNotices) -> Result<Option<String>, Fault> {
    if !notices::sender_names(reader, own.organization).await? {
        return Ok(None);
    }
    let organization = organizations::organization(reader, own.organization).await?;
    Ok(own.addresses.sender_name.clone().or(organization.map(|organization| organization.name)))
}

/// A patient's address; `None` where there is none, they want no notices, or have been erased.
pub(super) async fn address(services: &Services, tx: &Tx, patient: &Patient) -> Result<Option<String>, Fault> {
    let (Some(wrapped), Some(sealed)) = (&patient.key, &patient.contact_sealed) else { return Ok(None) };
    if notices::stopped_at(tx, patient.organization, patient.id).await?.is_some() {
        return Ok(None);
    }
    let cipher: PatientCipher = vault::Vault::patient(&services.vault, tx, patient.organization, patient.id, wrapped).await?;
    let plain = cipher.open("patient", "contact_sealed", patient.id.0, 0, sealed)?;
    let contact: Contact = serde_json::from_slice(&plain).map_err(|_| Fault::Content("contact"))?;
    Ok(contact.email)
}
