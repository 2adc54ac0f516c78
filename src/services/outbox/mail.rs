//! Mails of the outbox: looks whether one still holds, puts it together and sends it.
//!
//! What made it may be long ago: the form may be answered, taken back, moved, the address gone, the
//! patient may want no more. Then it is dropped. The link in it is a credential of its own, so that a
//! second mail has the same one and the printed letter stays good.

use super::{Failure, Message};
use crate::domain::appointment::VisitStatus;
use crate::domain::clock::oslo_date;
use crate::domain::ids::{CredentialId, InvitationId, UnitId};
use crate::domain::invitation::InvitationState;
use crate::domain::language::Language;
use crate::domain::notices::{Notice, REST};
use crate::mail::words::Asks;
use crate::mail::{Mail, words};
use crate::services::invitation::{new_credential, secrets};
use crate::services::notices::{UnitNotices, address, sender};
use crate::services::{Fault, Services};
use crate::storage::invitations::{self, Invitation};
use crate::storage::{Tx, appointments, credentials, notices, organizations, patients};
use chrono::{DateTime, Utc};
use uuid::Uuid;

/// Word of the mail that tells a unit that answers are waiting.
pub const DIGEST: &str = "digest";
/// Conversations with the mail server at once. Each is a target of the outbox, so that a server that is
/// half dead takes no more than these from others.
const LANES: u128 = 4;
/// Channel of a mail's credential.
const CHANNEL: &str = "mail";

/// The lane of mails about something.
pub fn lane(subject: Uuid) -> Uuid {
    Uuid::from_u128(1 + subject.as_u128() % LANES)
}

/// A mail to be sent, or why there is no reason to.
type Prepared = Result<(Mail, Option<CredentialId>), Failure>;

/// Sends one.
pub(super) async fn send(services: &Services, message: &Message) -> Result<(), Failure> {
    // Here it may wait for its settings; planned it was when there were some.
    let Some(mailer) = &services.mail else { return Err(Failure::again("mail-off")) };
    let prepared =
        services.db.write((services.clone(), message.clone()), |(services, message), tx| Box::pin(prepare(tx, services, message))).await;
    let (mail, credential) = prepared.map_err(Failure::from)??;
    if let Err(refused) = mailer.send(&mail).await {
        return Err(if refused.passing { Failure::again(refused.code) } else { Failure::never(refused.code) });
    }
    if let Some(credential) = credential {
        mark_sent(services, credential).await;
    }
    Ok(())
}

/// Says that the link has gone out. It has, whatever becomes of the saying.
async fn mark_sent(services: &Services, credential: CredentialId) {
    let context = (credential, services.now());
    let done = services.db.write(context, |(id, now), tx| Box::pin(async move { Ok::<_, Fault>(credentials::sent(tx, *id, *now).await?) }));
    if let Err(fault) = done.await {
        tracing::warn!(%fault, "a mail went out, and that could not be written down");
    }
}

async fn prepare(tx: &Tx, services: &Services, message: &Message) -> Result<Prepared, Fault> {
    match Notice::parse(&message.event) {
        Some(notice) => to_patient(tx, services, message, notice).await,
        None if message.event == DIGEST => to_unit(tx, services, message).await,
        None => Ok(Err(Failure::never("event"))),
    }
}

/// Why a notice does not hold now. One of a visit that is too far away by now is told again when it is near.
async fn hindrance(tx: &Tx, row: &Invitation, own: &UnitNotices, notice: Notice, now: DateTime<Utc>) -> Result<Option<Failure>, Fault> {
    let open = match row.state {
        InvitationState::Issued => true,
        InvitationState::Opened | InvitationState::Started => notice == Notice::Reminder,
        InvitationState::Answered | InvitationState::Closed(_) => false,
    };
    if !open {
        return Ok(Some(Failure::dropped(row.state.reason_word().unwrap_or(row.state.word()))));
    }
    if now >= row.answer_until {
        return Ok(Some(Failure::dropped("expired")));
    }
    let Some(limit) = own.plan.reaches(notice, now) else { return Ok(Some(Failure::dropped("plan"))) };
    let near = match row.appointment {
        Some(id) => match appointments::find(tx, row.organization, id).await? {
            Some(visit) if visit.status == VisitStatus::Booked.word() => visit.starts_at < limit,
            _ => return Ok(Some(Failure::dropped("cancelled"))),
        },
        None if notice == Notice::First => row.due_on.is_none_or(|due| due <= oslo_date(now)),
        None => row.answer_until < limit,
    };
    if !near {
        // A reminder is planned anew by the move itself.
        if notice == Notice::First {
            notices::forget(tx, row.id, notice).await?;
        }
        return Ok(Some(Failure::dropped("moved")));
    }
    Ok(own.plan.is_quiet(now).then(|| Failure::again("quiet-hours")))
}

async fn to_patient(tx: &Tx, services: &Services, message: &Message, notice: Notice) -> Result<Prepared, Fault> {
    let now = services.now();
    let Some(row) = invitations::lock(tx, message.organization, InvitationId(message.subject)).await? else {
        return Ok(Err(Failure::dropped("gone")));
    };
    let own = notices::of_unit(tx, row.organization, row.unit).await?;
    if let Some(failure) = hindrance(tx, &row, &own, notice, now).await? {
        return Ok(Err(failure));
    }
    let Some(patient) = patients::hold(tx, row.organization, row.patient).await? else { return Ok(Err(Failure::dropped("gone"))) };
    let Some(to) = address(services, tx, &patient).await? else { return Ok(Err(Failure::dropped("no-address"))) };
    let credential = if let Some(credential) = credentials::live(tx, row.id, CHANNEL).await? {
        credential
    } else {
        let generation = credentials::newest(tx, row.id).await?.map_or(1, |newest| newest.generation);
        let fresh = new_credential(services, row.organization, CHANNEL, generation, now)?;
        credentials::insert(tx, &fresh, row.id, now).await?;
        fresh
    };
    let link = format!("{}/s/{}", services.rules.base_url, secrets(services, &credential)?.0.text());
    let language = Language::parse(&patient.language).unwrap_or_else(|_| Language::nb());
    let language = crate::text::ui_language(&language);
    let sender = sender(tx, &own).await?;
    let reply = own.addresses.reply_to.is_some();
    let signs_in = organizations::patient_provider(tx, row.organization, row.unit).await?.is_some();
    let asks = if signs_in { Asks::SignIn } else { Asks::BirthDate };
    let mail = Mail {
        id: message.id,
        to,
        words: words::notice(notice, &language, &link, sender.as_deref(), reply, asks),
        sender,
        reply_to: own.addresses.reply_to,
        language: language.to_string(),
        at: now,
    };
    Ok(Ok((mail, Some(credential.id))))
}

async fn to_unit(tx: &Tx, services: &Services, message: &Message) -> Result<Prepared, Fault> {
    let now = services.now();
    let own = notices::of_unit(tx, message.organization, UnitId(message.subject)).await?;
    let Some(to) = own.addresses.digest_to.clone() else { return Ok(Err(Failure::dropped("no-address"))) };
    // What came in the last days and was read meanwhile waits no more.
    if !notices::answers_wait(tx, own.organization, own.unit, message.created_at - REST * 7).await? {
        return Ok(Err(Failure::dropped("reviewed")));
    }
    let language = Language::parse(&own.language).unwrap_or_else(|_| Language::nb());
    let (words, language) = (words::digest(&language), language.to_string());
    Ok(Ok((Mail { id: message.id, to, sender: None, reply_to: None, language, words, at: now }, None)))
}
