//! Places to turn to, as an organization or unit words them in a language.

use crate::columns::{drop_tables, id, id_null, index, key, points_to, text, time};
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let support_text = Table::create()
            .table("support_text")
            .col(key("id"))
            .col(id("organization_id"))
            .col(id_null("unit_id"))
            .col(text("language"))
            .col(text("text"))
            .col(time("updated_at"))
            .foreign_key(&mut points_to("support_text", "organization_id", "organization"))
            .foreign_key(&mut points_to("support_text", "unit_id", "unit"))
            .to_owned();
        manager.create_table(support_text).await?;
        index(manager, "support_text", "unit", &["organization_id", "unit_id", "language"], true).await?;
        // NULLs are distinct to the index above: the organization's own texts need one of their own.
        let own = Index::create()
            .name("ix_support_text_organization")
            .table("support_text")
            .col("organization_id")
            .col("language")
            .unique()
            .and_where(Expr::col("unit_id").is_null())
            .take();
        manager.create_index(own).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["support_text"]).await
    }
}
