//! Notices of invitations: units' plans and addresses, what is due, what has been planned, who wants
//! none. That something was planned stands in the invitation's own row, so of two who plan it one wins.

use super::entity::{appointment, invitation, organization, patient, patient_key, response, review, unit, unit_notice};
use super::invitations::Invitation;
use super::{Reader, StorageError, Tx};
use crate::domain::appointment::VisitStatus;
use crate::domain::ids::{AppointmentId, InvitationId, OrganizationId, PatientId, UnitId};
use crate::domain::notices::{Notice, Plan, Quiet, REST};
use chrono::{DateTime, NaiveDate, Utc};
use sea_orm::sea_query::{Expr, OnConflict, Query};
use sea_orm::{ActiveValue::Set, ColumnTrait, Condition, EntityTrait, ExprTrait, JoinType, QueryFilter, QueryOrder, QuerySelect};
use std::collections::HashMap;

type Result<T> = std::result::Result<T, StorageError>;

/// Addresses and names of a unit's mails.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Addresses {
    /// Name that stands as sender, where the organization allows names.
    pub sender_name: Option<String>,
    /// Where a patient's answer to a mail goes.
    pub reply_to: Option<String>,
    /// Where the unit itself is told that new answers are waiting.
    pub digest_to: Option<String>,
}

/// What a unit has set, or the product's defaults.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnitNotices {
    /// The tenant.
    pub organization: OrganizationId,
    /// The unit.
    pub unit: UnitId,
    /// When.
    pub plan: Plan,
    /// With which addresses.
    pub addresses: Addresses,
    /// Language of what the unit itself gets.
    pub language: String,
    /// When the unit was told last that new answers are waiting.
    pub digest_at: Option<DateTime<Utc>>,
}

fn small(number: Option<i32>) -> Result<Option<u8>> {
    number.map(|number| u8::try_from(number).map_err(|_| StorageError::Corrupt("plan"))).transpose()
}

fn from(organization: OrganizationId, unit: UnitId, row: Option<unit_notice::Model>) -> Result<UnitNotices> {
    let corrupt = || StorageError::Corrupt("plan");
    let Some(row) = row else {
        let (plan, addresses) = (Plan::default(), Addresses::default());
        return Ok(UnitNotices { organization, unit, plan, addresses, language: "nb".to_owned(), digest_at: None });
    };
    let quiet = match (row.quiet_from, row.quiet_until) {
        (Some(from), Some(until)) => {
            let minute = |number: i32| u16::try_from(number).map_err(|_| corrupt());
            Some(Quiet::new(minute(from)?, minute(until)?).map_err(|_| corrupt())?)
        }
        _ => None,
    };
    Ok(UnitNotices {
        organization,
        unit,
        plan: Plan::new(small(row.notice_days)?, small(row.reminder_days)?, quiet).map_err(|_| corrupt())?,
        addresses: Addresses { sender_name: row.sender_name, reply_to: row.reply_to, digest_to: row.digest_to },
        language: row.language,
        digest_at: row.digest_at,
    })
}

/// What a unit has set.
pub async fn of_unit(reader: &impl Reader, organization: OrganizationId, unit: UnitId) -> Result<UnitNotices> {
    let query = unit_notice::Entity::find_by_id(unit.0).filter(unit_notice::Column::OrganizationId.eq(organization.0));
    from(organization, unit, query.one(reader.transaction()).await?)
}

/// What every unit has set.
pub async fn of_all(reader: &impl Reader) -> Result<Vec<UnitNotices>> {
    let rows = unit_notice::Entity::find().all(reader.transaction()).await?;
    let mut set: HashMap<uuid::Uuid, unit_notice::Model> = rows.into_iter().map(|row| (row.unit_id, row)).collect();
    let units = unit::Entity::find().order_by_asc(unit::Column::Id).all(reader.transaction()).await?;
    units.into_iter().map(|unit| from(unit.organization_id.into(), unit.id.into(), set.remove(&unit.id))).collect()
}

/// Sets it.
pub async fn put(tx: &Tx, notices: &UnitNotices, now: DateTime<Utc>) -> Result<()> {
    let minutes = notices.plan.quiet().map(Quiet::minutes);
    let row = unit_notice::ActiveModel {
        unit_id: Set(notices.unit.0),
        organization_id: Set(notices.organization.0),
        notice_days: Set(notices.plan.days(Notice::First).map(i32::from)),
        reminder_days: Set(notices.plan.days(Notice::Reminder).map(i32::from)),
        quiet_from: Set(minutes.map(|(from, _)| i32::from(from))),
        quiet_until: Set(minutes.map(|(_, until)| i32::from(until))),
        sender_name: Set(notices.addresses.sender_name.clone()),
        reply_to: Set(notices.addresses.reply_to.clone()),
        digest_to: Set(notices.addresses.digest_to.clone()),
        language: Set(notices.language.clone()),
        digest_at: Set(notices.digest_at),
        updated_at: Set(now),
    };
    let mut again = OnConflict::column(unit_notice::Column::UnitId);
    again.update_columns([
        unit_notice::Column::NoticeDays,
        unit_notice::Column::ReminderDays,
        unit_notice::Column::QuietFrom,
        unit_notice::Column::QuietUntil,
        unit_notice::Column::SenderName,
        unit_notice::Column::ReplyTo,
        unit_notice::Column::DigestTo,
        unit_notice::Column::Language,
        unit_notice::Column::UpdatedAt,
    ]);
    unit_notice::Entity::insert(row).on_conflict(again).exec_without_returning(tx.transaction()).await?;
    Ok(())
}

/// Whether an organization lets mails name the sender.
pub async fn sender_names(reader: &impl Reader, id: OrganizationId) -> Result<bool> {
    let row = organization::Entity::find_by_id(id.0).one(reader.transaction()).await?;
    Ok(row.is_some_and(|row| row.sender_names))
}

/// Sets it.
pub async fn set_sender_names(tx: &Tx, id: OrganizationId, allowed: bool) -> Result<()> {
    let row = organization::ActiveModel { sender_names: Set(allowed), ..Default::default() };
    organization::Entity::update_many().set(row).filter(organization::Column::Id.eq(id.0)).exec(tx.transaction()).await?;
    Ok(())
}

/// What is near enough: visits before `limit`; without a visit a notice on its day, a reminder when
/// answering ends before `limit`.
#[derive(Debug, Clone, Copy)]
pub struct Reach {
    /// The tenant.
    pub organization: OrganizationId,
    /// The unit.
    pub unit: UnitId,
    /// What is to be sent.
    pub notice: Notice,
    /// Visits before it are near enough.
    pub limit: DateTime<Utc>,
    /// The day in Norway.
    pub today: NaiveDate,
    /// Now.
    pub now: DateTime<Utc>,
}

fn planned(notice: Notice) -> invitation::Column {
    match notice {
        Notice::First => invitation::Column::NoticedAt,
        Notice::Reminder => invitation::Column::RemindedAt,
    }
}

/// States in which it still makes sense: a notice to who has not opened the letter, a reminder to who
/// has not answered.
fn open(notice: Notice) -> &'static [&'static str] {
    match notice {
        Notice::First => &["issued"],
        Notice::Reminder => &["issued", "opened", "started"],
    }
}

/// Invitations of which it is time to tell, and of which nobody has been told.
pub async fn due(reader: &impl Reader, reach: Reach, most: u64) -> Result<Vec<Invitation>> {
    let visit = invitation::Entity::belongs_to(appointment::Entity).from(invitation::Column::AppointmentId).to(appointment::Column::Id);
    let near =
        Condition::all().add(appointment::Column::Status.eq(VisitStatus::Booked.word())).add(appointment::Column::StartsAt.lt(reach.limit));
    let none = Condition::all().add(invitation::Column::AppointmentId.is_null());
    let mut query = invitation::Entity::find()
        .join(JoinType::LeftJoin, visit.into())
        .filter(invitation::Column::OrganizationId.eq(reach.organization.0))
        .filter(invitation::Column::UnitId.eq(reach.unit.0))
        .filter(invitation::Column::State.is_in(open(reach.notice).iter().copied()))
        .filter(invitation::Column::AnswerUntil.gt(reach.now))
        .filter(planned(reach.notice).is_null())
        .order_by_asc(invitation::Column::Id)
        .limit(most);
    query = match reach.notice {
        Notice::First => query.filter(Condition::any().add(near).add(none.add(invitation::Column::DueOn.lte(reach.today)))),
        Notice::Reminder => {
            let rested = reach.now - REST;
            let told = Condition::any().add(invitation::Column::NoticedAt.is_null()).add(invitation::Column::NoticedAt.lte(rested));
            let ending = none.add(invitation::Column::AnswerUntil.lt(reach.limit));
            query.filter(Condition::any().add(near).add(ending)).filter(invitation::Column::CreatedAt.lte(rested)).filter(told)
        }
    };
    query.all(reader.transaction()).await?.into_iter().map(super::invitations::from).collect()
}

/// Says that it was planned. False when somebody else did, or it makes no sense any more.
pub async fn mark(tx: &Tx, id: InvitationId, notice: Notice, now: DateTime<Utc>) -> Result<bool> {
    let done = invitation::Entity::update_many()
        .col_expr(planned(notice), Expr::value(now))
        .filter(invitation::Column::Id.eq(id.0))
        .filter(invitation::Column::State.is_in(open(notice).iter().copied()))
        .filter(planned(notice).is_null())
        .exec(tx.transaction())
        .await?;
    Ok(done.rows_affected == 1)
}

/// Lets the reminders of a visit be planned anew.
pub async fn forget_reminders(tx: &Tx, appointment: AppointmentId) -> Result<()> {
    invitation::Entity::update_many()
        .set(invitation::ActiveModel { reminded_at: Set(None), ..Default::default() })
        .filter(invitation::Column::AppointmentId.eq(appointment.0))
        .exec(tx.transaction())
        .await?;
    Ok(())
}

/// Since when a patient wants no notices.
pub async fn stopped_at(reader: &impl Reader, organization: OrganizationId, id: PatientId) -> Result<Option<DateTime<Utc>>> {
    let query = patient::Entity::find_by_id(id.0).filter(patient::Column::OrganizationId.eq(organization.0));
    Ok(query.one(reader.transaction()).await?.and_then(|row| row.notices_stopped_at))
}

/// Stops notices, or lets them go on.
pub async fn stop(tx: &Tx, organization: OrganizationId, id: PatientId, since: Option<DateTime<Utc>>) -> Result<()> {
    let row = patient::ActiveModel { notices_stopped_at: Set(since), ..Default::default() };
    patient::Entity::update_many()
        .set(row)
        .filter(patient::Column::Id.eq(id.0))
        .filter(patient::Column::OrganizationId.eq(organization.0))
        .exec(tx.transaction())
        .await?;
    Ok(())
}

/// Lets a notice be planned anew that was planned, and then not sent.
pub async fn forget(tx: &Tx, id: InvitationId, notice: Notice) -> Result<()> {
    invitation::Entity::update_many()
        .col_expr(planned(notice), Expr::value(None::<DateTime<Utc>>))
        .filter(invitation::Column::Id.eq(id.0))
        .exec(tx.transaction())
        .await?;
    Ok(())
}

/// Whether a unit has responses that came after `since`, that nobody has reviewed, and that can be read: those of an
/// erased patient can't.
pub async fn answers_wait(reader: &impl Reader, organization: OrganizationId, unit: UnitId, since: DateTime<Utc>) -> Result<bool> {
    let read = Query::select()
        .expr(Expr::val(1))
        .from(review::Entity)
        .and_where(Expr::col((review::Entity, review::Column::ResponseId)).equals((response::Entity, response::Column::Id)))
        .and_where(Expr::col((review::Entity, review::Column::ResponseVersion)).equals((response::Entity, response::Column::Version)))
        .to_owned();
    let key = Query::select()
        .expr(Expr::val(1))
        .from(patient_key::Entity)
        .and_where(Expr::col((patient_key::Entity, patient_key::Column::PatientId)).equals((response::Entity, response::Column::PatientId)))
        .to_owned();
    let query = response::Entity::find()
        .filter(response::Column::OrganizationId.eq(organization.0))
        .filter(response::Column::UnitId.eq(unit.0))
        .filter(response::Column::SubmittedAt.gt(since))
        .filter(Expr::exists(read).not())
        .filter(Expr::exists(key));
    Ok(query.one(reader.transaction()).await?.is_some())
}

/// Says that a unit was told of its answers. False when somebody else has done so since it was looked at.
pub async fn digested(tx: &Tx, unit: UnitId, before: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Result<bool> {
    let mut update = unit_notice::Entity::update_many()
        .set(unit_notice::ActiveModel { digest_at: Set(Some(now)), ..Default::default() })
        .filter(unit_notice::Column::UnitId.eq(unit.0));
    update = match before {
        Some(before) => update.filter(unit_notice::Column::DigestAt.eq(before)),
        None => update.filter(unit_notice::Column::DigestAt.is_null()),
    };
    Ok(update.exec(tx.transaction()).await?.rows_affected == 1)
}
