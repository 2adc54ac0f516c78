//! Responses as another system sent them, one for each version that came so.

use super::entity::response_original;
use super::{Reader, StorageError, Tx};
use crate::domain::ids::{OrganizationId, ResponseId};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder};

type Result<T> = std::result::Result<T, StorageError>;

/// Ids that are asked for at once.
const AT_ONCE: usize = 500;

/// What came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Original {
    /// The response that it became.
    pub response: ResponseId,
    /// Which version of it.
    pub version: i32,
    /// The tenant.
    pub organization: OrganizationId,
    /// The body of the request, packed.
    pub body_sealed: Vec<u8>,
    /// What was changed to read it, JSON.
    pub changes_sealed: Vec<u8>,
    /// Data key version.
    pub key_version: u16,
}

fn from(row: response_original::Model) -> Result<Original> {
    Ok(Original {
        response: row.response_id.into(),
        version: row.version,
        organization: row.organization_id.into(),
        body_sealed: row.body_sealed,
        changes_sealed: row.changes_sealed,
        key_version: u16::try_from(row.key_version).map_err(|_| StorageError::Corrupt("key version"))?,
    })
}

/// Adds it. A version has one at most.
pub async fn insert(tx: &Tx, original: &Original) -> Result<()> {
    let row = response_original::ActiveModel {
        response_id: Set(original.response.0),
        version: Set(original.version),
        organization_id: Set(original.organization.0),
        body_sealed: Set(original.body_sealed.clone()),
        changes_sealed: Set(original.changes_sealed.clone()),
        key_version: Set(i32::from(original.key_version)),
    };
    response_original::Entity::insert(row).exec_without_returning(tx.transaction()).await?;
    Ok(())
}

/// The originals of these responses of an organization, by response and version.
pub async fn of(reader: &impl Reader, organization: OrganizationId, ids: &[ResponseId]) -> Result<Vec<Original>> {
    let mut all = Vec::new();
    for chunk in ids.chunks(AT_ONCE) {
        let rows = response_original::Entity::find()
            .filter(response_original::Column::OrganizationId.eq(organization.0))
            .filter(response_original::Column::ResponseId.is_in(chunk.iter().map(|id| id.0)))
            .order_by_asc(response_original::Column::ResponseId)
            .order_by_asc(response_original::Column::Version)
            .all(reader.transaction())
            .await?;
        for row in rows {
            all.push(from(row)?);
        }
    }
    Ok(all)
}
