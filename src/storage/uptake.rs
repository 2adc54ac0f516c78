//! Counts by unit and week, and the visits and invitations that they are made of.

use super::entity::{appointment, credential, credential_invitation, invitation, response, response_version, uptake};
use super::{Reader, StorageError, Tx};
use crate::domain::clock::oslo_day_start;
use crate::domain::ids::{OrganizationId, UnitId};
use crate::domain::uptake::{Case, Counts};
use chrono::{DateTime, Days, NaiveDate, Utc};
use sea_orm::sea_query::{OnConflict, SelectStatement};
use sea_orm::{ActiveValue::Set, ColumnTrait, Condition, EntityTrait, JoinType, QueryFilter, QueryOrder, QuerySelect, QueryTrait};
use std::collections::{BTreeMap, HashMap};
use uuid::Uuid;

type Result<T> = std::result::Result<T, StorageError>;

/// The counts of one unit and week.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// Unit.
    pub unit: UnitId,
    /// Monday of the week.
    pub week: NaiveDate,
    /// The numbers.
    pub counts: Counts,
    /// When they were counted last.
    pub counted_at: DateTime<Utc>,
}

fn small(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

fn from(row: uptake::Model) -> Result<Row> {
    let count = |number: i32| u32::try_from(number).map_err(|_| StorageError::Corrupt("counts"));
    let median = |minutes: Option<i32>, of: i32| minutes.map(|minutes| Ok::<_, StorageError>((count(minutes)?, count(of)?))).transpose();
    let counts = Counts {
        visits: count(row.visits)?,
        not_sent: count(row.not_sent)?,
        sent: count(row.sent)?,
        opened: count(row.opened)?,
        started: count(row.started)?,
        answered: count(row.answered)?,
        amended: count(row.amended)?,
        declined: count(row.declined)?,
        to_answer: median(row.answer_minutes, row.answer_timed)?,
        to_fill_in: median(row.fill_minutes, row.fill_timed)?,
    };
    Ok(Row { unit: row.unit_id.into(), week: row.week, counts, counted_at: row.counted_at })
}

/// Counts of weeks that begin on these Mondays or between them, of some units or of all.
pub async fn list(
    reader: &impl Reader,
    organization: OrganizationId,
    units: Option<&[UnitId]>,
    (first, last): (NaiveDate, NaiveDate),
) -> Result<Vec<Row>> {
    let mut query = uptake::Entity::find()
        .filter(uptake::Column::OrganizationId.eq(organization.0))
        .filter(uptake::Column::Week.between(first, last))
        .order_by_asc(uptake::Column::Week)
        .order_by_asc(uptake::Column::UnitId);
    if let Some(units) = units {
        query = query.filter(uptake::Column::UnitId.is_in(units.iter().map(|unit| unit.0)));
    }
    query.all(reader.transaction()).await?.into_iter().map(from).collect()
}

/// Writes the counts of a unit and week over those before.
pub async fn put(tx: &Tx, organization: OrganizationId, row: &Row) -> Result<()> {
    let counts = row.counts;
    let new = uptake::ActiveModel {
        organization_id: Set(organization.0),
        unit_id: Set(row.unit.0),
        week: Set(row.week),
        visits: Set(small(counts.visits)),
        not_sent: Set(small(counts.not_sent)),
        sent: Set(small(counts.sent)),
        opened: Set(small(counts.opened)),
        started: Set(small(counts.started)),
        answered: Set(small(counts.answered)),
        amended: Set(small(counts.amended)),
        declined: Set(small(counts.declined)),
        answer_minutes: Set(counts.to_answer.map(|(minutes, _)| small(minutes))),
        answer_timed: Set(counts.to_answer.map_or(0, |(_, of)| small(of))),
        fill_minutes: Set(counts.to_fill_in.map(|(minutes, _)| small(minutes))),
        fill_timed: Set(counts.to_fill_in.map_or(0, |(_, of)| small(of))),
        counted_at: Set(row.counted_at),
    };
    use uptake::Column as C;
    let over = OnConflict::columns([C::UnitId, C::Week])
        .update_columns([
            C::Visits,
            C::NotSent,
            C::Sent,
            C::Opened,
            C::Started,
            C::Answered,
            C::Amended,
            C::Declined,
            C::AnswerMinutes,
            C::AnswerTimed,
            C::FillMinutes,
            C::FillTimed,
            C::CountedAt,
        ])
        .to_owned();
    uptake::Entity::insert(new).on_conflict(over).exec_without_returning(tx.transaction()).await?;
    Ok(())
}

/// Whether anything has been counted for an organization.
pub async fn any(reader: &impl Reader, organization: OrganizationId) -> Result<bool> {
    let query = uptake::Entity::find().filter(uptake::Column::OrganizationId.eq(organization.0));
    Ok(query.one(reader.transaction()).await?.is_some())
}

/// First and last moment and day of an organization's visits and due invitations.
pub async fn span(reader: &impl Reader, organization: OrganizationId) -> Result<Vec<NaiveDate>> {
    let visits: Option<(Option<DateTime<Utc>>, Option<DateTime<Utc>>)> = appointment::Entity::find()
        .select_only()
        .column_as(appointment::Column::StartsAt.min(), "first_at")
        .column_as(appointment::Column::StartsAt.max(), "last_at")
        .filter(appointment::Column::OrganizationId.eq(organization.0))
        .into_tuple()
        .one(reader.transaction())
        .await?;
    let due: Option<(Option<NaiveDate>, Option<NaiveDate>)> = invitation::Entity::find()
        .select_only()
        .column_as(invitation::Column::DueOn.min(), "first_on")
        .column_as(invitation::Column::DueOn.max(), "last_on")
        .filter(invitation::Column::OrganizationId.eq(organization.0))
        .into_tuple()
        .one(reader.transaction())
        .await?;
    let (first_at, last_at) = visits.unwrap_or_default();
    let (first_on, last_on) = due.unwrap_or_default();
    let visits = [first_at, last_at].into_iter().flatten().map(crate::domain::clock::oslo_date);
    Ok(visits.chain([first_on, last_on].into_iter().flatten()).collect())
}

/// Everything that counts in a week, by unit. A number of statements that does not grow with it.
pub async fn cases(reader: &impl Reader, organization: OrganizationId, monday: NaiveDate) -> Result<BTreeMap<UnitId, Vec<Case>>> {
    let next = monday.checked_add_days(Days::new(7)).ok_or(StorageError::Corrupt("week"))?;
    let visits: Vec<(Uuid, Uuid)> = appointment::Entity::find()
        .select_only()
        .columns([appointment::Column::Id, appointment::Column::UnitId])
        .filter(of_week(organization, monday, next))
        .into_tuple()
        .all(reader.transaction())
        .await?;
    let known = Known::read(reader, invited(organization, monday, next)).await?;
    let mut of_visit: HashMap<Uuid, Vec<&invitation::Model>> = HashMap::new();
    let mut all: BTreeMap<UnitId, Vec<Case>> = BTreeMap::new();
    for row in &known.invitations {
        match row.appointment_id {
            Some(visit) => of_visit.entry(visit).or_default().push(row),
            // One that was taken back is no case: nothing is left that somebody was asked for.
            None if row.closed_reason.as_deref() == Some("revoked") => {}
            None => all.entry(row.unit_id.into()).or_default().push(known.case(row)),
        }
    }
    for (visit, unit) in visits {
        let own = of_visit.remove(&visit).unwrap_or_default();
        all.entry(unit.into()).or_default().push(known.furthest(&own));
    }
    Ok(all)
}

/// Visits of the week that were not cancelled.
fn of_week(organization: OrganizationId, monday: NaiveDate, next: NaiveDate) -> Condition {
    Condition::all()
        .add(appointment::Column::OrganizationId.eq(organization.0))
        .add(appointment::Column::StartsAt.gte(oslo_day_start(monday)))
        .add(appointment::Column::StartsAt.lt(oslo_day_start(next)))
        .add(appointment::Column::Status.ne("cancelled"))
}

/// Invitations to those visits, and those that are due in the week without one.
fn invited(organization: OrganizationId, monday: NaiveDate, next: NaiveDate) -> Condition {
    let visits = appointment::Entity::find().select_only().column(appointment::Column::Id).filter(of_week(organization, monday, next));
    let due = Condition::all()
        .add(invitation::Column::AppointmentId.is_null())
        .add(invitation::Column::OrganizationId.eq(organization.0))
        .add(invitation::Column::DueOn.gte(monday))
        .add(invitation::Column::DueOn.lt(next));
    Condition::any().add(due).add(invitation::Column::AppointmentId.in_subquery(visits.into_query()))
}

/// A response as it counts: when it was first handed in, whether by staff, whether changed.
#[derive(Clone, Copy)]
struct Answer {
    at: DateTime<Utc>,
    by_staff: bool,
    amended: bool,
}

/// Invitations with what hangs on them.
struct Known {
    invitations: Vec<invitation::Model>,
    sent: HashMap<Uuid, DateTime<Utc>>,
    answers: HashMap<Uuid, Answer>,
}

impl Known {
    async fn read(reader: &impl Reader, which: Condition) -> Result<Self> {
        let tx = reader.transaction();
        let invitations = invitation::Entity::find().filter(which.clone()).order_by_asc(invitation::Column::Id).all(tx).await?;
        let ids = || -> SelectStatement {
            invitation::Entity::find().select_only().column(invitation::Column::Id).filter(which.clone()).into_query()
        };
        let link = credential_invitation::Entity::belongs_to(credential::Entity)
            .from(credential_invitation::Column::CredentialId)
            .to(credential::Column::Id);
        let sent: Vec<(Uuid, DateTime<Utc>)> = credential_invitation::Entity::find()
            .select_only()
            .column(credential_invitation::Column::InvitationId)
            .column_as(credential::Column::SentAt.min(), "sent_at")
            .join(JoinType::InnerJoin, link.into())
            .filter(credential_invitation::Column::InvitationId.in_subquery(ids()))
            .filter(credential::Column::SentAt.is_not_null())
            .group_by(credential_invitation::Column::InvitationId)
            .into_tuple()
            .all(tx)
            .await?;
        let first =
            response::Entity::belongs_to(response_version::Entity).from(response::Column::Id).to(response_version::Column::ResponseId);
        let answers: Vec<(Option<Uuid>, i32, DateTime<Utc>, String)> = response::Entity::find()
            .select_only()
            .columns([response::Column::InvitationId, response::Column::Version])
            .columns([response_version::Column::SubmittedAt, response_version::Column::Source])
            .join(JoinType::InnerJoin, first.into())
            .filter(response::Column::InvitationId.in_subquery(ids()))
            .filter(response_version::Column::Version.eq(1))
            .into_tuple()
            .all(tx)
            .await?;
        let answer = |(id, version, at, source): (Option<Uuid>, i32, DateTime<Utc>, String)| {
            Some((id?, Answer { at, by_staff: source != "patient", amended: version > 1 }))
        };
        Ok(Self { invitations, sent: sent.into_iter().collect(), answers: answers.into_iter().filter_map(answer).collect() })
    }

    fn case(&self, row: &invitation::Model) -> Case {
        let answer = self.answers.get(&row.id);
        Case {
            sent_at: self.sent.get(&row.id).copied(),
            opened_at: row.opened_at,
            started_at: row.started_at,
            answered_at: answer.map(|answer| answer.at),
            by_staff: answer.is_some_and(|answer| answer.by_staff),
            amended: answer.is_some_and(|answer| answer.amended),
            declined: row.closed_reason.as_deref() == Some("declined"),
        }
    }

    /// Of several invitations to a visit the one that came furthest; those that were taken back are none.
    fn furthest(&self, rows: &[&invitation::Model]) -> Case {
        let left = rows.iter().filter(|row| row.closed_reason.as_deref() != Some("revoked")).map(|row| self.case(row));
        let far = |case: &Case| {
            (case.answered_at.is_some(), case.declined, case.started_at.is_some(), case.opened_at.is_some(), case.sent_at.is_some())
        };
        left.max_by_key(far).unwrap_or_default()
    }
}
