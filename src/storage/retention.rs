//! How long each organization keeps what: its own settings only, the product's are in the domain.

use super::entity::retention;
use super::{Reader, StorageError, Tx};
use crate::domain::ids::OrganizationId;
use crate::domain::retention::{Keep, Kind, Schedule, Setting};
use chrono::{DateTime, Utc};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, sea_query::OnConflict};

type Result<T> = std::result::Result<T, StorageError>;

/// Sets how long a kind is kept.
pub async fn put(tx: &Tx, organization: OrganizationId, setting: Setting, now: DateTime<Utc>) -> Result<()> {
    let days = match setting.keep() {
        Keep::Always => None,
        Keep::Days(days) => Some(i32::try_from(days).map_err(|_| StorageError::Corrupt("retention"))?),
    };
    let row = retention::ActiveModel {
        organization_id: Set(organization.0),
        kind: Set(setting.kind().word().to_owned()),
        days: Set(days),
        updated_at: Set(now),
    };
    let over = OnConflict::columns([retention::Column::OrganizationId, retention::Column::Kind])
        .update_columns([retention::Column::Days, retention::Column::UpdatedAt])
        .to_owned();
    retention::Entity::insert(row).on_conflict(over).exec_without_returning(tx.transaction()).await?;
    Ok(())
}

/// The times of an organization. A row that this program would not have written deletes nothing: it
/// is an error.
pub async fn schedule(reader: &impl Reader, organization: OrganizationId) -> Result<Schedule> {
    let rows = retention::Entity::find().filter(retention::Column::OrganizationId.eq(organization.0)).all(reader.transaction()).await?;
    let settings = rows.into_iter().map(|row| {
        let keep = match row.days {
            None => Some(Keep::Always),
            Some(days) => u32::try_from(days).ok().map(Keep::Days),
        };
        let kind = Kind::parse(&row.kind).ok();
        let setting = kind.zip(keep).and_then(|(kind, keep)| Setting::new(kind, keep).ok());
        setting.ok_or(StorageError::Corrupt("retention"))
    });
    Ok(Schedule::of(settings.collect::<Result<Vec<_>>>()?))
}
