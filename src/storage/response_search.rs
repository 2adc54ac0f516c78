//! Searches for responses: one statement for a page, one for the number of all; what hangs on a page is
//! read in statements whose number does not grow with it.

use super::entity::{patient_key, response, response_version};
use super::responses::{Response, Version, response_from, version_from};
use super::{Reader, StorageError};
use crate::domain::ids::{ClinicianId, InvitationId, OrganizationId, PatientId, ResponseId, UnitId};
use crate::fhir::search::DateRange;
use chrono::{DateTime, Utc};
use sea_orm::sea_query::{Expr, Query, SelectStatement};
use sea_orm::{ColumnTrait, Condition, EntityTrait, ExprTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, Select};
use std::collections::{BTreeSet, HashMap};
use uuid::Uuid;

type Result<T> = std::result::Result<T, StorageError>;

/// Ids that are asked for at once.
const AT_ONCE: usize = 500;

/// What responses must be like; what is not given is not asked.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Any of these.
    pub ids: Option<Vec<ResponseId>>,
    /// Of any of these patients.
    pub patients: Option<Vec<PatientId>>,
    /// To any of these forms: name and exact version.
    pub forms: Option<Vec<(String, String)>>,
    /// Changed after they were first handed in, or not.
    pub amended: Option<bool>,
    /// To any of these invitations.
    pub invitations: Option<Vec<InvitationId>>,
    /// Newest version entered by any of these people.
    pub entered_by: Option<Vec<ClinicianId>>,
    /// When the newest version was handed in: each list must fit, of a list any.
    pub moments: Vec<Vec<DateRange>>,
    /// Only what is recent, beside what is read anyway.
    pub recent: Option<Recent>,
}

/// What own units have asked for lately.
#[derive(Debug, Clone, Default)]
pub struct Recent {
    /// Asked for by any of these units,
    pub units: Vec<UnitId>,
    /// and handed in then or later;
    pub since: DateTime<Utc>,
    /// or of these patients, whenever and by whomever.
    pub tied: Vec<PatientId>,
}

/// In which order, and after which of them.
#[derive(Debug, Clone, Copy, Default)]
pub struct Order {
    /// The newest first.
    pub descending: bool,
    /// Where an earlier page ended.
    pub after: Option<(DateTime<Utc>, ResponseId)>,
}

/// Whether a column is in a span of time.
pub(super) fn range(at: impl ColumnTrait, range: &DateRange) -> Condition {
    match *range {
        DateRange::In(start, end) => Condition::all().add(at.gte(start)).add(at.lt(end)),
        DateRange::NotIn(start, end) => Condition::any().add(at.lt(start)).add(at.gte(end)),
        DateRange::From(start) => Condition::all().add(at.gte(start)),
        DateRange::Before(end) => Condition::all().add(at.lt(end)),
    }
}

/// The newest version of the response in hand, where one of these entered it.
fn entered(by: &[ClinicianId]) -> SelectStatement {
    let own = |column| Expr::col((response_version::Entity, column));
    Query::select()
        .expr(Expr::val(1))
        .from(response_version::Entity)
        .and_where(own(response_version::Column::ResponseId).equals((response::Entity, response::Column::Id)))
        .and_where(own(response_version::Column::Version).equals((response::Entity, response::Column::Version)))
        .and_where(own(response_version::Column::EnteredBy).is_in(by.iter().map(|id| id.0)))
        .to_owned()
}

/// A data key of the patient of the response in hand: without one the answers are gone.
fn readable() -> SelectStatement {
    Query::select()
        .expr(Expr::val(1))
        .from(patient_key::Entity)
        .and_where(Expr::col((patient_key::Entity, patient_key::Column::PatientId)).equals((response::Entity, response::Column::PatientId)))
        .to_owned()
}

fn condition(organization: OrganizationId, filter: &Filter) -> Condition {
    let mut all = Condition::all().add(response::Column::OrganizationId.eq(organization.0)).add(Expr::exists(readable()));
    if let Some(ids) = &filter.ids {
        all = all.add(response::Column::Id.is_in(ids.iter().map(|id| id.0)));
    }
    if let Some(patients) = &filter.patients {
        all = all.add(response::Column::PatientId.is_in(patients.iter().map(|id| id.0)));
    }
    if let Some(forms) = &filter.forms {
        let one = |(name, version): &(String, String)| {
            Condition::all()
                .add(response::Column::QuestionnaireName.eq(name.as_str()))
                .add(response::Column::QuestionnaireVersion.eq(version.as_str()))
        };
        // No form at all fits nothing; an empty condition would fit everything.
        let nothing = Condition::any().add(response::Column::Id.is_null());
        all = all.add(forms.iter().map(one).fold(nothing, Condition::add));
    }
    if let Some(amended) = filter.amended {
        all = all.add(if amended { response::Column::Version.gt(1) } else { response::Column::Version.eq(1) });
    }
    if let Some(invitations) = &filter.invitations {
        all = all.add(response::Column::InvitationId.is_in(invitations.iter().map(|id| id.0)));
    }
    if let Some(by) = &filter.entered_by {
        all = all.add(Expr::exists(entered(by)));
    }
    for ranges in &filter.moments {
        all = all.add(ranges.iter().map(|one| range(response::Column::SubmittedAt, one)).fold(Condition::any(), Condition::add));
    }
    if let Some(Recent { units, since, tied }) = &filter.recent {
        let lately = Condition::all()
            .add(response::Column::UnitId.is_in(units.iter().map(|id| id.0)))
            .add(response::Column::SubmittedAt.gte(*since));
        all = all.add(Condition::any().add(lately).add(response::Column::PatientId.is_in(tied.iter().map(|id| id.0))));
    }
    all
}

fn after(order: Order) -> Option<Condition> {
    let (at, id) = order.after?;
    let (moment, key) = (response::Column::SubmittedAt, response::Column::Id);
    let (beyond, tied) = if order.descending { (moment.lt(at), key.lt(id.0)) } else { (moment.gt(at), key.gt(id.0)) };
    Some(Condition::any().add(beyond).add(Condition::all().add(moment.eq(at)).add(tied)))
}

fn ordered(query: Select<response::Entity>, descending: bool) -> Select<response::Entity> {
    let (at, id) = (response::Column::SubmittedAt, response::Column::Id);
    if descending { query.order_by_desc(at).order_by_desc(id) } else { query.order_by_asc(at).order_by_asc(id) }
}

/// A page of them.
pub async fn find(reader: &impl Reader, organization: OrganizationId, filter: &Filter, order: Order, limit: u64) -> Result<Vec<Response>> {
    let mut query = response::Entity::find().filter(condition(organization, filter)).limit(limit);
    if let Some(beyond) = after(order) {
        query = query.filter(beyond);
    }
    let rows = ordered(query, order.descending).all(reader.transaction()).await?;
    rows.into_iter().map(response_from).collect()
}

/// How many there are on all pages.
pub async fn count(reader: &impl Reader, organization: OrganizationId, filter: &Filter) -> Result<u64> {
    Ok(response::Entity::find().filter(condition(organization, filter)).count(reader.transaction()).await?)
}

/// Whose they are.
pub async fn patients(reader: &impl Reader, organization: OrganizationId, filter: &Filter) -> Result<BTreeSet<PatientId>> {
    let rows: Vec<Uuid> = response::Entity::find()
        .select_only()
        .column(response::Column::PatientId)
        .distinct()
        .filter(condition(organization, filter))
        .into_tuple()
        .all(reader.transaction())
        .await?;
    Ok(rows.into_iter().map(PatientId).collect())
}

/// Every version of each.
pub async fn versions(reader: &impl Reader, all: &[Response]) -> Result<Vec<Version>> {
    let mut found = Vec::new();
    for chunk in all.chunks(AT_ONCE) {
        let ids = chunk.iter().map(|one| one.id.0);
        let rows =
            response_version::Entity::find().filter(response_version::Column::ResponseId.is_in(ids)).all(reader.transaction()).await?;
        for row in rows {
            found.push(version_from(row)?);
        }
    }
    Ok(found)
}

/// The newest version of each.
pub async fn newest(reader: &impl Reader, all: &[Response]) -> Result<HashMap<ResponseId, Version>> {
    let wanted: HashMap<ResponseId, i32> = all.iter().map(|one| (one.id, one.version)).collect();
    let found = versions(reader, all).await?.into_iter().filter(|version| wanted.get(&version.response) == Some(&version.version));
    Ok(found.map(|version| (version.response, version)).collect())
}
