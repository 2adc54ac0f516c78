//! Places to turn to, in the words of an organization or unit; one text a language.

use super::entity::support_text;
use super::{Reader, StorageError, Tx};
use crate::domain::ids::{OrganizationId, UnitId};
use chrono::{DateTime, Utc};
use sea_orm::{ActiveValue::Set, ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, sea_query::Expr};
use uuid::Uuid;

type Result<T> = std::result::Result<T, StorageError>;

/// Whose text it is, and in which language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The tenant.
    pub organization: OrganizationId,
    /// The unit; the organization itself when none.
    pub unit: Option<UnitId>,
    /// Language of the product.
    pub language: String,
}

/// A text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SupportText {
    /// Whose.
    pub place: Place,
    /// Plain text, paragraphs apart by a blank line.
    pub text: String,
    /// When it was set.
    pub updated_at: DateTime<Utc>,
}

fn from(row: support_text::Model) -> SupportText {
    let place = Place { organization: row.organization_id.into(), unit: row.unit_id.map(UnitId), language: row.language };
    SupportText { place, text: row.text, updated_at: row.updated_at }
}

fn of_unit(unit: Option<UnitId>) -> Expr {
    match unit {
        Some(unit) => support_text::Column::UnitId.eq(unit.0),
        None => support_text::Column::UnitId.is_null(),
    }
}

/// Sets a text in the place of the one before. Of two at once one is a conflict, and is run again.
pub async fn put(tx: &Tx, id: Uuid, text: &SupportText) -> Result<()> {
    delete(tx, &text.place).await?;
    let row = support_text::ActiveModel {
        id: Set(id),
        organization_id: Set(text.place.organization.0),
        unit_id: Set(text.place.unit.map(|unit| unit.0)),
        language: Set(text.place.language.clone()),
        text: Set(text.text.clone()),
        updated_at: Set(text.updated_at),
    };
    support_text::Entity::insert(row).exec_without_returning(tx.transaction()).await?;
    Ok(())
}

/// Deletes a text. False when there is none.
pub async fn delete(tx: &Tx, place: &Place) -> Result<bool> {
    let done = support_text::Entity::delete_many()
        .filter(support_text::Column::OrganizationId.eq(place.organization.0))
        .filter(of_unit(place.unit))
        .filter(support_text::Column::Language.eq(&place.language))
        .exec(tx.transaction())
        .await?;
    Ok(done.rows_affected == 1)
}

/// What a unit's patients read in that language: the unit's text, else the organization's.
pub async fn nearest(reader: &impl Reader, organization: OrganizationId, unit: UnitId, language: &str) -> Result<Option<String>> {
    let rows = support_text::Entity::find()
        .filter(support_text::Column::OrganizationId.eq(organization.0))
        .filter(Condition::any().add(of_unit(Some(unit))).add(of_unit(None)))
        .filter(support_text::Column::Language.eq(language))
        .all(reader.transaction())
        .await?;
    Ok(rows.into_iter().max_by_key(|row| row.unit_id.is_some()).map(|row| row.text))
}

/// Texts of an organization, its own first, then its units'; of one unit alone when it is named.
pub async fn list(reader: &impl Reader, organization: OrganizationId, unit: Option<UnitId>) -> Result<Vec<SupportText>> {
    let mut query = support_text::Entity::find().filter(support_text::Column::OrganizationId.eq(organization.0));
    if let Some(unit) = unit {
        query = query.filter(support_text::Column::UnitId.eq(unit.0));
    }
    let rows = query.order_by_asc(support_text::Column::Language).all(reader.transaction()).await?;
    let mut texts: Vec<SupportText> = rows.into_iter().map(from).collect();
    // Where NULL sorts is each database's own matter.
    texts.sort_by_key(|text| text.place.unit);
    Ok(texts)
}
