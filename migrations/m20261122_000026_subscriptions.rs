//! What clients ask to be told of over FHIR: webhooks of their own, and the numbers of what they are told.

use crate::columns::{bytes_null, has_column, id_null, text_null, time_null};
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

fn columns() -> Vec<(&'static str, ColumnDef)> {
    vec![
        ("webhook", id_null("client_id")),
        ("webhook", text_null("reason")),
        ("webhook", text_null("criteria")),
        ("webhook", text_null("payload")),
        ("webhook", bytes_null("headers_sealed")),
        ("webhook", time_null("ends_at")),
        ("webhook", ColumnDef::new("told").integer().not_null().default(0).take()),
        ("outbox", ColumnDef::new("number").integer().null().take()),
    ]
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if has_column(manager, "webhook", "client_id").await? {
            return Ok(());
        }
        for (table, column) in columns() {
            manager.alter_table(Table::alter().table(table).add_column(column).to_owned()).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (table, column) in columns() {
            manager.alter_table(Table::alter().table(table).drop_column(column.get_column_name()).to_owned()).await?;
        }
        Ok(())
    }
}
