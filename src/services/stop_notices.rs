//! A patient wants no more mails, or wants them again, by the link of a mail and without signing in.
//! Whoever has the link may: it stops mails to an address that may be somebody else's, tells nothing, and
//! can be taken back in the same place.

use super::Services;
use super::audit::{self, Caller, Deed};
use super::fault::Fault;
use super::holder::Place;
use crate::crypto::hash::Label;
use crate::domain::secret::LinkToken;
use crate::storage::credentials::{self, By, Found};
use crate::storage::{Reader, notices, organizations};

/// What the page shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    /// Who sends the mails.
    pub organization: Place,
    /// Whether they have been stopped.
    pub stopped: bool,
}

fn hashes(services: &Services, link: &LinkToken) -> Vec<Vec<u8>> {
    services.ring.lookups(Label::Link, link.bytes()).into_iter().map(|(_, hash)| hash).collect()
}

/// The link must be a mail's: who has a letter has nothing to stop. A replaced one may still stop mails.
async fn found(reader: &impl Reader, hashes: &[Vec<u8>]) -> Result<Option<Found>, Fault> {
    let found = credentials::find_secret(reader, By::Link, hashes.to_vec()).await?;
    Ok(found.filter(|found| found.credential.channel == "mail" && found.patient.key.is_some()))
}

/// Whether mails come, and from whom; `None` for a link of no mail. Writes nothing.
pub async fn wish(services: &Services, link: &LinkToken) -> Result<Option<Wish>, Fault> {
    services
        .db
        .read(hashes(services, link), |hashes, snapshot| {
            Box::pin(async move {
                let Some(found) = found(snapshot, hashes).await? else { return Ok(None) };
                let id = found.invitation.organization;
                let stopped = notices::stopped_at(snapshot, id, found.patient.id).await?.is_some();
                let organization = organizations::organization(snapshot, id).await?;
                Ok(organization.map(|own| Wish { organization: Place { name: own.name, phone: own.phone }, stopped }))
            })
        })
        .await
}

/// Stops mails, or lets them come again. False for a link of no mail.
pub async fn set(services: &Services, link: &LinkToken, stopped: bool, request_id: &str) -> Result<bool, Fault> {
    let context = (services.clone(), hashes(services, link), stopped, request_id.to_owned());
    services
        .db
        .write(context, |(services, hashes, stopped, request_id), tx| {
            Box::pin(async move {
                let Some(found) = found(tx, hashes).await? else { return Ok(false) };
                let (organization, patient) = (found.invitation.organization, found.patient.id);
                let before = notices::stopped_at(tx, organization, patient).await?;
                if before.is_some() == *stopped {
                    return Ok(true);
                }
                notices::stop(tx, organization, patient, stopped.then(|| services.now())).await?;
                let action = if *stopped { "notices.stop" } else { "notices.resume" };
                let deed = Deed::done(action, Some(("invitation", found.invitation.id.0)), vec![patient]).in_unit(found.invitation.unit);
                // Nobody has said who they are: it is whoever holds the link.
                audit::write(tx, services, &Caller::system(organization, request_id), &deed).await?;
                Ok(true)
            })
        })
        .await
}
