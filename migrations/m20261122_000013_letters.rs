//! What an organization or unit writes in its letters, and units whose name alone tells too much.

use crate::columns::{drop_tables, flag, id, id_null, index, key, points_to, text, time};
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let letter_text = Table::create()
            .table("letter_text")
            .col(key("id"))
            .col(id("organization_id"))
            .col(id_null("unit_id"))
            .col(text("language"))
            .col(text("text"))
            .col(time("updated_at"))
            .foreign_key(&mut points_to("letter_text", "organization_id", "organization"))
            .foreign_key(&mut points_to("letter_text", "unit_id", "unit"))
            .to_owned();
        manager.create_table(letter_text).await?;
        index(manager, "letter_text", "unit", &["organization_id", "unit_id", "language"], true).await?;
        // NULLs are distinct to the index above: the organization's own texts need one of their own.
        let own = Index::create()
            .name("ix_letter_text_organization")
            .table("letter_text")
            .col("organization_id")
            .col("language")
            .unique()
            .and_where(Expr::col("unit_id").is_null())
            .take();
        manager.create_index(own).await?;
        let discreet = flag("discreet").default(false).to_owned();
        manager.alter_table(Table::alter().table("unit").add_column(discreet).to_owned()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.alter_table(Table::alter().table("unit").drop_column("discreet").to_owned()).await?;
        drop_tables(manager, &["letter_text"]).await
    }
}
