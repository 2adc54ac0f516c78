//! What the answers of a unit found in a month, which stays when the persons behind it are deleted.

use crate::columns::{drop_tables, id, number, points_to, text, time};
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // month is its first day; review_minutes is a median; problems is a JSON object of numbers by code
        let finding = Table::create()
            .table("finding")
            .col(id("organization_id"))
            .col(id("unit_id"))
            .col(ColumnDef::new("month").date().not_null())
            .col(number("responses"))
            .col(number("scored"))
            .col(number("over"))
            .col(number("reviewed"))
            .col(ColumnDef::new("review_minutes").integer().null())
            .col(text("problems"))
            .col(time("counted_at"))
            .primary_key(Index::create().col("unit_id").col("month"))
            .foreign_key(&mut points_to("finding", "organization_id", "organization"))
            .foreign_key(&mut points_to("finding", "unit_id", "unit"))
            .to_owned();
        manager.create_table(finding).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["finding"]).await
    }
}
