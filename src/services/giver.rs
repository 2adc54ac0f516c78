//! Who gives the answers of a session of somebody who signed in. What a provider and the register say stands
//! before what is typed: a representative is the one who signed in, and a patient who signed in represents
//! nobody.

use super::Services;
use super::draft::Error;
use super::holder::{self, Held, Holder, hold};
use super::representatives::of_patient;
use super::vault::PatientCipher;
use crate::domain::ids::{OrganizationId, PatientId};
use crate::domain::respondent::{Respondent, RespondentKind};
use crate::storage::Reader;

/// The representative of a session, as far as the register knows; the phone is theirs to say. One who is
/// none any more has no session.
async fn registered(
    reader: &impl Reader,
    holder: &Holder,
    cipher: &PatientCipher,
    (organization, patient): (OrganizationId, PatientId),
) -> Result<Option<Respondent>, Error> {
    let Some(id) = holder.representative else { return Ok(None) };
    let known = of_patient(reader, cipher, organization, patient).await?.into_iter().find(|own| own.id == id);
    let known = known.ok_or(holder::Error::Ended)?;
    Ok(Some(Respondent { relation: Some(known.relation), name: Some(known.name), ..Respondent::of(RespondentKind::Representative) }))
}

/// Whether somebody of that description may be the one of the session.
pub(super) fn fits(holder: &Holder, respondent: &Respondent) -> bool {
    holder.provider.is_none() || holder.representative.is_some() == (respondent.kind == RespondentKind::Representative)
}

/// What is stored: of what was said now, or else of what was stored before.
pub(super) async fn giver(
    reader: &impl Reader,
    holder: &Holder,
    held: &Held,
    said: Option<Respondent>,
    stored: Option<Respondent>,
) -> Result<Option<Respondent>, Error> {
    if said.as_ref().is_some_and(|said| !fits(holder, said)) {
        return Err(Error::RespondentKind);
    }
    // What was stored before somebody signed in may not fit; then it is asked again.
    let Some(said) = said.or(stored.filter(|stored| fits(holder, stored))) else { return Ok(None) };
    let own = &held.invitation;
    let Some(known) = registered(reader, holder, &held.cipher, (own.organization, own.patient)).await? else { return Ok(Some(said)) };
    let known = Respondent { phone: said.phone, ..known };
    let faults = known.validate();
    if faults.is_empty() { Ok(Some(known)) } else { Err(Error::Respondent(faults)) }
}

/// The representative who signed in, for a page that asks for nothing that is known. Reads nothing in other
/// sessions. The page has its own entry in the access log.
pub async fn signed_in(services: &Services, holder: &Holder) -> Result<Option<Respondent>, Error> {
    if holder.representative.is_none() {
        return Ok(None);
    }
    let context = (services.clone(), holder.clone());
    services
        .db
        .read(context, |(services, holder), snapshot| {
            Box::pin(async move {
                let held = hold(services, snapshot, holder.actor.organization, holder.actor.invitation).await?;
                registered(snapshot, holder, &held.cipher, (held.invitation.organization, held.invitation.patient)).await
            })
        })
        .await
}
