//! What an organization or unit writes in its letters, one text a language.

use super::entity::letter_text;
use super::{Reader, StorageError, Tx};
use crate::domain::ids::{OrganizationId, UnitId};
use chrono::{DateTime, Utc};
use sea_orm::{ActiveValue::Set, ColumnTrait, Condition, EntityTrait, QueryFilter, sea_query::Expr};
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
pub struct LetterText {
    /// Whose.
    pub place: Place,
    /// Text with places that are filled, as it was set.
    pub text: String,
    /// When it was set.
    pub updated_at: DateTime<Utc>,
}

fn from(row: letter_text::Model) -> LetterText {
    let place = Place { organization: row.organization_id.into(), unit: row.unit_id.map(UnitId), language: row.language };
    LetterText { place, text: row.text, updated_at: row.updated_at }
}

fn of_unit(unit: Option<UnitId>) -> Expr {
    match unit {
        Some(unit) => letter_text::Column::UnitId.eq(unit.0),
        None => letter_text::Column::UnitId.is_null(),
    }
}

/// Sets a text in the place of the one before. Of two at once one is a conflict, and is run again.
pub async fn put(tx: &Tx, id: Uuid, text: &LetterText) -> Result<()> {
    delete(tx, &text.place).await?;
    let row = letter_text::ActiveModel {
        id: Set(id),
        organization_id: Set(text.place.organization.0),
        unit_id: Set(text.place.unit.map(|unit| unit.0)),
        language: Set(text.place.language.clone()),
        text: Set(text.text.clone()),
        updated_at: Set(text.updated_at),
    };
    letter_text::Entity::insert(row).exec_without_returning(tx.transaction()).await?;
    Ok(())
}

/// Deletes a text. False when there is none.
pub async fn delete(tx: &Tx, place: &Place) -> Result<bool> {
    let done = letter_text::Entity::delete_many()
        .filter(letter_text::Column::OrganizationId.eq(place.organization.0))
        .filter(of_unit(place.unit))
        .filter(letter_text::Column::Language.eq(&place.language))
        .exec(tx.transaction())
        .await?;
    Ok(done.rows_affected == 1)
}

/// What a unit's letters say in that language: the unit's text, else the organization's.
pub async fn nearest(
    reader: &impl Reader,
    organization: OrganizationId,
    unit: Option<UnitId>,
    language: &str,
) -> Result<Option<LetterText>> {
    let mut whose = Condition::any().add(of_unit(None));
    if unit.is_some() {
        whose = whose.add(of_unit(unit));
    }
    let rows = letter_text::Entity::find()
        .filter(letter_text::Column::OrganizationId.eq(organization.0))
        .filter(whose)
        .filter(letter_text::Column::Language.eq(language))
        .all(reader.transaction())
        .await?;
    Ok(rows.into_iter().max_by_key(|row| row.unit_id.is_some()).map(from))
}
