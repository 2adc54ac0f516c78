//! Counters of wrong attempts at links and codes that open nothing any more.

use super::super::entity::{attempt, credential, credential_invitation, invitation};
use super::super::{Reader, StorageError, Tx};
use super::{Past, same_as};
use chrono::{DateTime, Utc};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, Condition, EntityTrait, PaginatorTrait, QueryFilter, QuerySelect, QueryTrait};

type Result<T> = std::result::Result<T, StorageError>;

/// Counters of an organization's credentials that have not moved since the instant. A link that may
/// still be used forgets nothing.
fn due(past: Past, now: DateTime<Utc>) -> Condition {
    let usable = invitation::Entity::find()
        .select_only()
        .column(invitation::Column::Id)
        .filter(Condition::any().add(invitation::Column::AnswerUntil.gte(now)).add(invitation::Column::AmendUntil.gte(now)))
        .filter(same_as(invitation::Column::Id, (credential_invitation::Entity, credential_invitation::Column::InvitationId)))
        .into_query();
    let alive = credential_invitation::Entity::find()
        .select_only()
        .column(credential_invitation::Column::InvitationId)
        .filter(same_as(credential_invitation::Column::CredentialId, (credential::Entity, credential::Column::Id)))
        .filter(Expr::exists(usable))
        .into_query();
    let own = credential::Entity::find()
        .select_only()
        .column(credential::Column::Id)
        .filter(same_as(credential::Column::CodeHash, (attempt::Entity, attempt::Column::SubjectHash)))
        .filter(credential::Column::OrganizationId.eq(past.organization.0))
        .filter(Expr::not_exists(alive))
        .into_query();
    Condition::all().add(attempt::Column::Scope.eq("credential")).add(attempt::Column::UpdatedAt.lt(past.cutoff)).add(Expr::exists(own))
}

/// Counters that are past their time, at most so many, by the hash of what they count.
pub async fn find_counters(reader: &impl Reader, past: Past, now: DateTime<Utc>, limit: u64) -> Result<Vec<Vec<u8>>> {
    let query = attempt::Entity::find().select_only().column(attempt::Column::SubjectHash).filter(due(past, now)).limit(limit);
    Ok(query.into_tuple().all(reader.transaction()).await?)
}

/// How many are past their time.
pub async fn count_counters(reader: &impl Reader, past: Past, now: DateTime<Utc>) -> Result<u64> {
    Ok(attempt::Entity::find().filter(due(past, now)).count(reader.transaction()).await?)
}

/// Deletes those of them that are still past their time.
pub async fn delete_counters(tx: &Tx, past: Past, now: DateTime<Utc>, hashes: &[Vec<u8>]) -> Result<u64> {
    let among = attempt::Column::SubjectHash.is_in(hashes.to_vec());
    let done = attempt::Entity::delete_many().filter(due(past, now)).filter(among).exec(tx.transaction()).await?;
    Ok(done.rows_affected)
}

/// Deletes the counters of these credentials.
pub(in crate::storage) async fn forget(tx: &Tx, credentials: Condition) -> Result<()> {
    let hashes = credential::Entity::find().select_only().column(credential::Column::CodeHash).filter(credentials).into_query();
    attempt::Entity::delete_many()
        .filter(attempt::Column::Scope.eq("credential"))
        .filter(attempt::Column::SubjectHash.in_subquery(hashes))
        .exec(tx.transaction())
        .await?;
    Ok(())
}
