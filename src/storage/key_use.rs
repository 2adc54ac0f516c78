//! How many rows still need a key version: what a rotation has before it, and what keeps a version
//! from being retired.

use super::entity::{
    access_log, access_log_head, access_log_prune, attempt, clinician, credential, credential_invitation, idempotency, invitation,
    organization_key, patient, patient_identifier, patient_identifier_index, patient_key, session, webhook,
};
use super::{Reader, StorageError};
use crate::domain::ids::OrganizationId;
use chrono::{DateTime, Duration, Utc};
use sea_orm::sea_query::{Query, SelectStatement};
use sea_orm::{ColumnTrait, Condition, EntityTrait, ExprTrait, JoinType, PaginatorTrait, QueryFilter, QuerySelect, sea_query::Expr};

type Result<T> = std::result::Result<T, StorageError>;

/// Rows of a table that need a key version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use {
    /// Table.
    pub table: &'static str,
    /// How many rows.
    pub rows: u64,
    /// Whether they need it for a while only and lose nothing that is stored without it: a session
    /// that would end, a request that could not be repeated.
    pub passing: bool,
}

fn uses(all: impl IntoIterator<Item = (&'static str, u64, bool)>) -> Vec<Use> {
    all.into_iter().filter(|(_, rows, _)| *rows > 0).map(|(table, rows, passing)| Use { table, rows, passing }).collect()
}

/// Which versions a column names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Under {
    /// This one.
    This(u16),
    /// Any but this one.
    Others(u16),
}

impl Under {
    pub(super) fn of(self, column: impl ColumnTrait) -> Expr {
        match self {
            Self::This(version) => column.eq(i32::from(version)),
            Self::Others(version) => column.ne(i32::from(version)),
        }
    }
}

/// Organization keys that are wrapped under a root key.
pub async fn of_root(reader: &impl Reader, under: Under) -> Result<Vec<Use>> {
    let query = organization_key::Entity::find().filter(under.of(organization_key::Column::RootKeyVersion));
    Ok(uses([("organization_key", query.count(reader.transaction()).await?, false)]))
}

/// Credentials that open something and whose secrets are derived from a link key.
pub async fn of_link(reader: &impl Reader, version: u16, now: DateTime<Utc>) -> Result<Vec<Use>> {
    let open = Query::select()
        .expr(Expr::val(1))
        .from(credential_invitation::Entity)
        .inner_join(
            invitation::Entity,
            Expr::col((invitation::Entity, invitation::Column::Id))
                .equals((credential_invitation::Entity, credential_invitation::Column::InvitationId)),
        )
        .and_where(
            Expr::col((credential_invitation::Entity, credential_invitation::Column::CredentialId))
                .equals((credential::Entity, credential::Column::Id)),
        )
        .cond_where(may_be_answered(now))
        .to_owned();
    let query = credential::Entity::find()
        .filter(credential::Column::LinkKeyVersion.eq(i32::from(version)))
        .filter(credential::Column::RevokedAt.is_null())
        .filter(Expr::exists(open));
    Ok(uses([("credential", query.count(reader.transaction()).await?, false)]))
}

/// An invitation whose letter still opens something.
fn may_be_answered(now: DateTime<Utc>) -> Condition {
    let until = Condition::any().add(invitation::Column::AnswerUntil.gt(now)).add(invitation::Column::AmendUntil.gt(now));
    Condition::all().add(invitation::Column::ClosedAt.is_null()).add(until)
}

/// Credentials whose hashes are under a look-up key and can be computed anew: their link key lives.
pub async fn hashed(reader: &impl Reader, under: Under, links: &[u16]) -> Result<u64> {
    let query = credential::Entity::find()
        .filter(under.of(credential::Column::LookupKeyVersion))
        .filter(credential::Column::LinkKeyVersion.is_in(links.iter().map(|version| i32::from(*version))));
    Ok(query.count(reader.transaction()).await?)
}

/// What needs a look-up key. `since`: when another one began to make new values; pages that were shown
/// before carry values of this one as long as a session lasts.
pub async fn of_lookup(reader: &impl Reader, version: u16, links: &[u16], now: DateTime<Utc>, since: DateTime<Utc>) -> Result<Vec<Use>> {
    let repeats = idempotency::Entity::find().filter(idempotency::Column::BodyKeyVersion.eq(i32::from(version)));
    let networks = attempt::Entity::find()
        .filter(attempt::Column::Scope.eq("address"))
        .filter(attempt::Column::SubjectKeyVersion.eq(i32::from(version)))
        .filter(attempt::Column::Failures.gt(0))
        .filter(attempt::Column::UpdatedAt.gt(now - Duration::minutes(crate::domain::attempts::ADDRESS_WINDOW_MINUTES)));
    Ok(uses([
        ("credential", hashed(reader, Under::This(version), links).await?, false),
        ("idempotency", repeats.count(reader.transaction()).await?, true),
        ("attempt", networks.count(reader.transaction()).await?, true),
        ("session", sessions(reader, now, since).await?, true),
    ]))
}

async fn sessions(reader: &impl Reader, now: DateTime<Utc>, since: DateTime<Utc>) -> Result<u64> {
    let query = session::Entity::find()
        .filter(session::Column::EndedAt.is_null())
        .filter(session::Column::IdleUntil.gt(now))
        .filter(session::Column::AbsoluteUntil.gt(now))
        .filter(session::Column::CreatedAt.lte(since));
    Ok(query.count(reader.transaction()).await?)
}

/// What needs a session key: sessions from before `since`, and devices on which a patient may go on.
pub async fn of_session(reader: &impl Reader, now: DateTime<Utc>, since: DateTime<Utc>) -> Result<Vec<Use>> {
    let devices = invitation::Entity::find().filter(invitation::Column::OpenedAt.lte(since)).filter(may_be_answered(now));
    Ok(uses([("session", sessions(reader, now, since).await?, true), ("invitation", devices.count(reader.transaction()).await?, true)]))
}

/// Data keys of an organization's patients that are wrapped under one of its keys.
pub async fn wrapped(reader: &impl Reader, organization: OrganizationId, under: Under) -> Result<u64> {
    let owner = patient_key::Entity::belongs_to(patient::Entity).from(patient_key::Column::PatientId).to(patient::Column::Id);
    let query = patient_key::Entity::find()
        .join(JoinType::InnerJoin, owner.into())
        .filter(patient::Column::OrganizationId.eq(organization.0))
        .filter(under.of(patient_key::Column::OrganizationKeyVersion));
    Ok(query.count(reader.transaction()).await?)
}

/// For identifiers: whether a version has a blind index of the row.
pub(super) fn index_under(version: u16) -> SelectStatement {
    Query::select()
        .expr(Expr::val(1))
        .from(patient_identifier_index::Entity)
        .and_where(
            Expr::col((patient_identifier_index::Entity, patient_identifier_index::Column::IdentifierId))
                .equals((patient_identifier::Entity, patient_identifier::Column::Id)),
        )
        .and_where(patient_identifier_index::Column::KeyVersion.eq(i32::from(version)))
        .to_owned()
}

/// Identifiers of an organization that can't be found under a version. Those of erased patients are
/// left out: nothing can compute theirs.
pub async fn unindexed(reader: &impl Reader, organization: OrganizationId, version: u16) -> Result<u64> {
    let key = patient_identifier::Entity::belongs_to(patient_key::Entity)
        .from((patient_identifier::Column::PatientId, patient_identifier::Column::KeyVersion))
        .to((patient_key::Column::PatientId, patient_key::Column::Version));
    let query = patient_identifier::Entity::find()
        .join(JoinType::InnerJoin, key.into())
        .filter(patient_identifier::Column::OrganizationId.eq(organization.0))
        .filter(Expr::exists(index_under(version)).not());
    Ok(query.count(reader.transaction()).await?)
}

/// Webhooks of an organization whose secrets are sealed under one of its keys.
pub async fn webhooks(reader: &impl Reader, organization: OrganizationId, under: Under) -> Result<u64> {
    let query =
        webhook::Entity::find().filter(webhook::Column::OrganizationId.eq(organization.0)).filter(under.of(webhook::Column::KeyVersion));
    Ok(query.count(reader.transaction()).await?)
}

/// What needs a version of an organization's key, when `active` makes new values.
pub async fn of_organization(reader: &impl Reader, organization: OrganizationId, version: u16, active: u16) -> Result<Vec<Use>> {
    let grounds = access_log::Entity::find()
        .filter(access_log::Column::OrganizationId.eq(organization.0))
        .filter(access_log::Column::KeyVersion.eq(i32::from(version)))
        .filter(access_log::Column::GroundTextSealed.is_not_null());
    // Only their owners can give the numbers again.
    let colleagues = clinician::Entity::find()
        .filter(clinician::Column::OrganizationId.eq(organization.0))
        .filter(clinician::Column::NationalIdKeyVersion.eq(i32::from(version)));
    Ok(uses([
        ("patient_key", wrapped(reader, organization, Under::This(version)).await?, false),
        ("patient_identifier", unindexed(reader, organization, active).await?, false),
        ("access_log", grounds.count(reader.transaction()).await?, false),
        ("clinician", colleagues.count(reader.transaction()).await?, false),
        ("webhook", webhooks(reader, organization, Under::This(version)).await?, false),
    ]))
}

/// Signed heads that verify by a log key of this ring; with its public key kept elsewhere they still do.
pub async fn of_log(reader: &impl Reader, version: u16) -> Result<Vec<Use>> {
    let heads = access_log_head::Entity::find().filter(access_log_head::Column::KeyVersion.eq(i32::from(version)));
    let prunes = access_log_prune::Entity::find().filter(access_log_prune::Column::KeyVersion.eq(i32::from(version)));
    Ok(uses([
        ("access_log_head", heads.count(reader.transaction()).await?, true),
        ("access_log_prune", prunes.count(reader.transaction()).await?, true),
    ]))
}

/// Patients and how many of them have no data key: what is sealed of them can't be read.
pub async fn patients_without_key(reader: &impl Reader) -> Result<(u64, u64)> {
    let key = Query::select()
        .expr(Expr::val(1))
        .from(patient_key::Entity)
        .and_where(Expr::col((patient_key::Entity, patient_key::Column::PatientId)).equals((patient::Entity, patient::Column::Id)))
        .to_owned();
    let all = patient::Entity::find().count(reader.transaction()).await?;
    let without = patient::Entity::find().filter(Expr::exists(key).not()).count(reader.transaction()).await?;
    Ok((all, without))
}
