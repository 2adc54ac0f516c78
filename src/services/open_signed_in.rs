//! A patient, or somebody who represents one, opens a session after signing in at a provider.

use super::audit::{self, Deed};
use super::open_session::{Device, Error, Opened, Reserved, admit};
use super::representatives::acting;
use super::vault::open_patient;
use super::{Caller, Services};
use crate::crypto::hash::Label;
use crate::domain::clock::oslo_date;
use crate::domain::identifier::PatientIdentifier;
use crate::domain::ids::{DeviceId, RepresentativeId};
use crate::domain::secret::LinkToken;
use crate::storage::credentials::{self, By, Found};
use crate::storage::{Snapshot, StorageError, drafts, patients, representatives};

/// A patient, or somebody who represents one, who signed in at a provider.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// The token of a personal link.
    pub link: LinkToken,
    /// The provider.
    pub provider: String,
    /// Who the provider says it is.
    pub identifier: PatientIdentifier,
    /// Tokens of a device that was identified before, one an invitation.
    pub device_tokens: Vec<String>,
    /// Id of the request.
    pub request_id: String,
}

/// Opens a session for a patient who signed in, or for a registered representative of theirs. Somebody else
/// who signed in with this link is told so, and it is logged.
pub async fn open(services: &Services, command: SignedIn) -> Result<Opened, Error> {
    let own = services.clone();
    let gone = |_| Error::from(StorageError::Unavailable("stopped".to_owned()));
    services.db.spawn(async move { compare(&own, command).await }).await.map_err(gone)?
}

/// Who signed in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Who {
    Patient,
    Representative(RepresentativeId),
    Other,
}

/// Who signed in with which link, and whose draft there is.
struct Compared {
    found: Found,
    who: Who,
    /// The device that holds the draft.
    draft: Option<DeviceId>,
    /// Representatives of the patient.
    all: Vec<RepresentativeId>,
}

async fn compare(services: &Services, command: SignedIn) -> Result<Opened, Error> {
    let hashes = services.ring.lookups(Label::Link, command.link.bytes()).into_iter().map(|(_, hash)| hash).collect::<Vec<_>>();
    let context = (services.clone(), hashes, command.identifier);
    let Compared { found, who, draft, all } = services
        .db
        .read(context, |(services, hashes, identifier), snapshot| Box::pin(compare_in(snapshot, services, hashes.clone(), identifier)))
        .await?;
    // With who has been erased nobody can be compared: they are told that it is closed.
    if who == Who::Other && found.patient.key.is_some() {
        let row = &found.invitation;
        let deed = Deed::done("session.refuse", Some(("invitation", row.id.0)), vec![row.patient]).in_unit(row.unit).ending("other-person");
        audit::commit_read(services, &Caller::system(row.organization, &command.request_id), deed).await?;
        return Err(Error::OtherPerson);
    }
    let representative = if let Who::Representative(id) = who { Some(id) } else { None };
    // A representative has a device of their own, wherever they sign in: they go on with what they began, and
    // see nothing of what the patient or another representative has begun. The patient sees nothing of theirs.
    let others: Vec<DeviceId> = all.into_iter().map(|id| DeviceId(id.0)).collect();
    let own = match representative {
        Some(id) => Some(DeviceId(id.0)),
        None => draft.filter(|device| !others.contains(device)),
    };
    let device = Device { tokens: command.device_tokens, remember: false, own, others };
    let (found, provider) = (Some(found), Some(command.provider));
    let reserved = Reserved { found, counters: Vec::new(), failures: 0, right: true, provider, representative };
    admit(services, device, command.request_id, reserved).await
}

async fn compare_in(
    snapshot: &Snapshot,
    services: &Services,
    link: Vec<Vec<u8>>,
    identifier: &PatientIdentifier,
) -> Result<Compared, Error> {
    let found = credentials::find_secret(snapshot, By::Link, link).await?.ok_or(Error::Wrong)?;
    let organization = found.invitation.organization;
    let keys = services.vault.organization(snapshot, organization).await?;
    let indexes: Vec<Vec<u8>> = keys.blind_indexes(identifier).into_iter().map(|(_, index)| index).collect();
    let is_patient = patients::find_by_index(snapshot, organization, &indexes).await? == Some(found.patient.id);
    let draft = drafts::of_invitation(snapshot, organization, found.invitation.id).await?.map(|draft| draft.device);
    let Some((cipher, person)) = open_patient(&services.vault, snapshot, &found.patient).await? else {
        return Ok(Compared { found, who: Who::Other, draft, all: Vec::new() });
    };
    let all = representatives::of_patient(snapshot, organization, found.patient.id).await?.into_iter().map(|row| row.id).collect();
    let today = oslo_date(services.now());
    let who = if is_patient {
        Who::Patient
    } else {
        let acting = acting(snapshot, &cipher, &found.patient, person.birth_date, identifier, today).await?;
        acting.map_or(Who::Other, Who::Representative)
    };
    Ok(Compared { found, who, draft, all })
}
