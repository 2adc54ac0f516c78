//! Findings by unit and month, and the responses that they are made of.

use super::entity::{finding, response};
use super::responses::{Response, response_from};
use super::{Reader, StorageError, Tx};
use crate::domain::findings::Counts;
use crate::domain::ids::{OrganizationId, UnitId};
use chrono::{DateTime, NaiveDate, Utc};
use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use std::collections::BTreeSet;

type Result<T> = std::result::Result<T, StorageError>;

/// The findings of one unit and month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Unit.
    pub unit: UnitId,
    /// First day of the month.
    pub month: NaiveDate,
    /// The numbers.
    pub counts: Counts,
    /// When they were counted.
    pub counted_at: DateTime<Utc>,
}

fn small(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

fn from(row: &finding::Model) -> Result<Row> {
    let count = |number: i32| u32::try_from(number).map_err(|_| StorageError::Corrupt("findings"));
    let counts = Counts {
        responses: count(row.responses)?,
        scored: count(row.scored)?,
        over: count(row.over)?,
        reviewed: count(row.reviewed)?,
        minutes_to_review: row.review_minutes.map(count).transpose()?,
        problems: serde_json::from_str(&row.problems).map_err(|_| StorageError::Corrupt("findings"))?,
    };
    Ok(Row { unit: row.unit_id.into(), month: row.month, counts, counted_at: row.counted_at })
}

/// Findings of months that begin on these days or between them, of some units or of all.
pub async fn list(
    reader: &impl Reader,
    organization: OrganizationId,
    units: Option<&[UnitId]>,
    (first, last): (NaiveDate, NaiveDate),
) -> Result<Vec<Row>> {
    let mut query = finding::Entity::find()
        .filter(finding::Column::OrganizationId.eq(organization.0))
        .filter(finding::Column::Month.between(first, last))
        .order_by_asc(finding::Column::Month)
        .order_by_asc(finding::Column::UnitId);
    if let Some(units) = units {
        query = query.filter(finding::Column::UnitId.is_in(units.iter().map(|unit| unit.0)));
    }
    query.all(reader.transaction()).await?.iter().map(from).collect()
}

/// Months of an organization that have been counted.
pub async fn counted(reader: &impl Reader, organization: OrganizationId) -> Result<BTreeSet<NaiveDate>> {
    let query = finding::Entity::find().select_only().column(finding::Column::Month).distinct();
    let months: Vec<NaiveDate> =
        query.filter(finding::Column::OrganizationId.eq(organization.0)).into_tuple().all(reader.transaction()).await?;
    Ok(months.into_iter().collect())
}

/// Writes the findings of a unit and month; what has been counted stays.
pub async fn insert(tx: &Tx, organization: OrganizationId, row: &Row) -> Result<()> {
    let counts = &row.counts;
    let new = finding::ActiveModel {
        organization_id: Set(organization.0),
        unit_id: Set(row.unit.0),
        month: Set(row.month),
        responses: Set(small(counts.responses)),
        scored: Set(small(counts.scored)),
        over: Set(small(counts.over)),
        reviewed: Set(small(counts.reviewed)),
        review_minutes: Set(counts.minutes_to_review.map(small)),
        problems: Set(serde_json::to_string(&counts.problems).map_err(|_| StorageError::Corrupt("findings"))?),
        counted_at: Set(row.counted_at),
    };
    let over = OnConflict::columns([finding::Column::UnitId, finding::Column::Month]).do_nothing().to_owned();
    finding::Entity::insert(new).on_conflict(over).exec_without_returning(tx.transaction()).await?;
    Ok(())
}

/// Responses whose newest version was handed in from one instant and before another.
pub async fn responses(
    reader: &impl Reader,
    organization: OrganizationId,
    (from, to): (DateTime<Utc>, DateTime<Utc>),
) -> Result<Vec<Response>> {
    let query = response::Entity::find()
        .filter(response::Column::OrganizationId.eq(organization.0))
        .filter(response::Column::SubmittedAt.gte(from))
        .filter(response::Column::SubmittedAt.lt(to))
        .order_by_asc(response::Column::Id);
    query.all(reader.transaction()).await?.into_iter().map(response_from).collect()
}
