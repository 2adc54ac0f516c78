//! A visit is moved, cancelled or booked again, and what hangs on it follows.
//!
//! | the visit | its invitations |
//! | --- | --- |
//! | gets another time | answering and changing end with it; a reminder is planned anew; what expired unanswered opens again when there is time |
//! | is cancelled | what is not answered is taken back, and nothing more is sent |
//! | is booked again | those that were taken back stay so: their letters say that they are closed, and a new letter is issued |
//! | goes to another unit | go with it; answers stay where they were given |

use super::audit::{self, Deed};
use super::events::{self, Event, EventKind};
use super::fault::{Fault, unit_error};
use super::invitation::{InvitationView, view};
use super::{Caller, Services};
use crate::domain::appointment::VisitStatus;
use crate::domain::ids::{AppointmentId, UnitId};
use crate::domain::invitation::{ClosedReason, InvitationState};
use crate::domain::notices::Notice;
use crate::domain::policy::{Action, Denied, Resource, decide, may_ever};
use crate::storage::appointments::{self, Appointment};
use crate::storage::invitations::{self, Invitation};
use crate::storage::{Reader, StorageError, Tx, credentials, drafts, notices, organizations, patients, sessions};
use chrono::{DateTime, Duration, Utc};

/// No visit is planned further ahead than this, days.
pub(super) const FARTHEST: i64 = 366 * 10;

/// What is to be changed; `None`: stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Change {
    /// New time.
    pub starts_at: Option<DateTime<Utc>>,
    /// Booked or cancelled.
    pub status: Option<VisitStatus>,
    /// Another unit of the same organization.
    pub unit: Option<UnitId>,
}

/// Why not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No such visit in this organization.
    #[error("no such visit")]
    NotFound,
    /// The time is over or too far ahead.
    #[error("the time is over, or too far ahead")]
    Time,
    /// No such unit in the organization.
    #[error("no such unit")]
    Unit,
    /// Not allowed.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// Below.
    #[error(transparent)]
    Fault(#[from] Fault),
}

unit_error!(Error);

/// A visit with the invitations to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VisitView {
    /// The visit.
    pub visit: Appointment,
    /// Its invitations, oldest first.
    pub invitations: Vec<InvitationView>,
}

async fn seen(reader: &impl Reader, visit: Appointment) -> Result<VisitView, StorageError> {
    let mut all = Vec::new();
    for row in invitations::of_appointment(reader, visit.organization, visit.id).await? {
        all.push(view(reader, &row).await?);
    }
    Ok(VisitView { visit, invitations: all })
}

/// Finds the visit that the EHR knows by this id.
pub async fn search(services: &Services, caller: &Caller, external_id: String) -> Result<Option<VisitView>, Error> {
    may_ever(&caller.actor, Action::ReadInvitation)?;
    let context = (caller.actor.organization(), external_id);
    let found = services
        .db
        .read(context, |(organization, external_id), snapshot| {
            Box::pin(async move {
                match appointments::by_external(snapshot, *organization, external_id).await? {
                    Some(visit) => Ok::<_, Fault>(Some(seen(snapshot, visit).await?)),
                    None => Ok(None),
                }
            })
        })
        .await?;
    let Some(found) = found else { return Ok(None) };
    let visit = &found.visit;
    let ground = decide(&caller.actor, Action::ReadInvitation, Resource { stated: caller.ground, ..Resource::in_units(&[visit.unit]) })?;
    let deed = Deed::done("appointment.search", Some(("appointment", visit.id.0)), vec![visit.patient]).in_unit(visit.unit).on(ground);
    audit::commit_read(services, caller, deed).await?;
    Ok(Some(found))
}

/// Changes a visit. It says how the visit is to be, so repeating it changes nothing.
pub async fn change(services: &Services, caller: &Caller, id: AppointmentId, change: Change) -> Result<VisitView, Error> {
    let context = (services.clone(), caller.clone(), id, change);
    services.db.write(context, |(services, caller, id, change), tx| Box::pin(change_in(tx, services, caller, *id, change))).await
}

async fn change_in(tx: &Tx, services: &Services, caller: &Caller, id: AppointmentId, change: &Change) -> Result<VisitView, Error> {
    let (organization, now) = (caller.actor.organization(), services.now());
    // Invitations before their visit: the order in which everybody takes the locks.
    invitations::lock_of_appointment(tx, organization, id).await?;
    let known = appointments::lock(tx, organization, id).await?.ok_or(Error::NotFound)?;
    let ground = decide(&caller.actor, Action::ManageInvitations, Resource::in_units(&[known.unit]))?;
    let mut to = known.clone();
    if let Some(unit) = change.unit.filter(|unit| *unit != known.unit) {
        to.unit = organizations::unit(tx, organization, unit).await?.ok_or(Error::Unit)?.id;
        decide(&caller.actor, Action::ManageInvitations, Resource::in_units(&[to.unit]))?;
    }
    if let Some(starts_at) = change.starts_at.filter(|at| *at != known.starts_at) {
        if starts_at <= now || starts_at > now + Duration::days(FARTHEST) {
            return Err(Error::Time);
        }
        to.starts_at = starts_at;
    }
    if let Some(status) = change.status {
        status.word().clone_into(&mut to.status);
    }
    if to != known {
        follow(tx, services, caller, &known, &to, now).await?;
        renew(tx, services, caller, &to, now).await?;
    }
    let deed = Deed::done("appointment.change", Some(("appointment", id.0)), vec![known.patient]).in_unit(to.unit).on(ground);
    audit::write(tx, services, caller, &deed).await?;
    Ok(seen(tx, to).await?)
}

/// Writes a visit as it is now, and lets its invitations follow. The invitations are under their locks.
pub(super) async fn follow(
    tx: &Tx,
    services: &Services,
    caller: &Caller,
    known: &Appointment,
    to: &Appointment,
    now: DateTime<Utc>,
) -> Result<(), Fault> {
    appointments::change(tx, to, now).await?;
    if to.unit != known.unit {
        invitations::move_unit(tx, known.id, to.unit).await?;
    }
    let moved = to.starts_at != known.starts_at;
    if moved {
        invitations::move_window(tx, known.id, known.starts_at, to.starts_at).await?;
        let plan = notices::of_unit(tx, to.organization, to.unit).await?.plan;
        // One whose day has come already is not sent twice.
        if plan.at(Notice::Reminder, to.starts_at).is_some_and(|at| at > now) {
            notices::forget_reminders(tx, known.id).await?;
        }
    }
    let cancelled = to.status == VisitStatus::Cancelled.word() && to.status != known.status;
    for row in invitations::lock_of_appointment(tx, to.organization, known.id).await? {
        // Every time is told: a visit may be moved to and fro.
        let tell = |kind| Event::new(kind, row.organization, row.unit, row.id).on(now.timestamp_micros().to_string());
        let over = matches!(row.state, InvitationState::Closed(ClosedReason::Revoked));
        if moved && !over {
            events::announce(tx, services, &tell(EventKind::AppointmentMoved)).await?;
        }
        if cancelled && !over {
            events::announce(tx, services, &tell(EventKind::AppointmentCancelled)).await?;
        }
        if cancelled && let Some(state) = row.state.cancel() {
            take_back(tx, services, caller, &row, state, now).await?;
        }
    }
    Ok(())
}

async fn take_back(
    tx: &Tx,
    services: &Services,
    caller: &Caller,
    row: &Invitation,
    to: InvitationState,
    now: DateTime<Utc>,
) -> Result<(), Fault> {
    invitations::transition(tx, row, to, row.flagged, now).await?;
    credentials::revoke_all(tx, row.id, now).await?;
    sessions::end_all(tx, row.id, now).await?;
    drafts::delete(tx, row.id).await?;
    events::announce(tx, services, &Event::new(EventKind::InvitationRevoked, row.organization, row.unit, row.id)).await?;
    let deed = Deed::done("invitation.revoke", Some(("invitation", row.id.0)), vec![row.patient]).in_unit(row.unit);
    audit::write(tx, services, caller, &deed).await
}

/// Opens again what expired unanswered, where the visit leaves time for it now. Not where another
/// invitation has taken its place, nor for a patient who has been erased.
async fn renew(tx: &Tx, services: &Services, caller: &Caller, visit: &Appointment, now: DateTime<Utc>) -> Result<(), Fault> {
    if visit.status != VisitStatus::Booked.word() {
        return Ok(());
    }
    for row in invitations::lock_of_appointment(tx, visit.organization, visit.id).await? {
        let Ok(state) = row.state.renew() else { continue };
        if row.answer_until <= now || invitations::live_for(tx, row.organization, &row.occasion()).await?.is_some() {
            continue;
        }
        if patients::hold(tx, row.organization, row.patient).await?.is_none_or(|patient| patient.key.is_none()) {
            continue;
        }
        invitations::transition(tx, &row, state, row.flagged, now).await?;
        let deed = Deed::done("invitation.renew", Some(("invitation", row.id.0)), vec![row.patient]).in_unit(row.unit);
        audit::write(tx, services, caller, &deed).await?;
    }
    Ok(())
}
