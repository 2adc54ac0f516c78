//! What another system sent, as it came, and what was changed to read it.

use crate::columns::{bytes, drop_tables, id, number, points_to};
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let original = Table::create()
            .table("response_original")
            .col(id("response_id"))
            .col(number("version"))
            .col(id("organization_id"))
            .col(bytes("body_sealed"))
            .col(bytes("changes_sealed"))
            .col(number("key_version"))
            .primary_key(Index::create().col("response_id").col("version"))
            .foreign_key(&mut points_to("response_original", "response_id", "response"))
            .to_owned();
        manager.create_table(original).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["response_original"]).await
    }
}
