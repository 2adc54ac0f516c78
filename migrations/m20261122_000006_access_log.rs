//! The access log: insert only.

use crate::columns::{bytes_null, drop_tables, id, id_null, index, key, number, points_to, text, text_null, time};
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let entry = Table::create()
            .table("access_log")
            .col(key("id"))
            .col(id("organization_id"))
            .col(time("at"))
            .col(text("actor_kind"))
            .col(id_null("actor_id"))
            .col(text_null("role"))
            .col(text_null("assurance"))
            .col(id_null("unit_id"))
            .col(text("action"))
            .col(text_null("object_kind"))
            .col(id_null("object_id"))
            .col(text("ground"))
            .col(bytes_null("ground_text_sealed"))
            .col(number("key_version"))
            .col(text("result"))
            .col(text("request_id"))
            .foreign_key(&mut points_to("access_log", "organization_id", "organization"))
            .to_owned();
        manager.create_table(entry).await?;
        index(manager, "access_log", "organization", &["organization_id", "id"], false).await?;

        let patients = Table::create()
            .table("access_log_patient")
            .col(id("patient_id"))
            .col(id("entry_id"))
            .primary_key(Index::create().col("patient_id").col("entry_id"))
            .foreign_key(&mut points_to("access_log_patient", "entry_id", "access_log"))
            .to_owned();
        manager.create_table(patients).await?;

        // SQLite has no roles to take UPDATE and DELETE away from, so triggers refuse them; on
        // PostgreSQL docs/operations.md grants the serving role INSERT and SELECT only.
        if manager.get_database_backend() == sea_orm_migration::sea_orm::DatabaseBackend::Sqlite {
            for table in ["access_log", "access_log_patient"] {
                for verb in ["UPDATE", "DELETE"] {
                    manager.get_connection().execute_unprepared(&format!(
                        "CREATE TRIGGER {table}_no_{} BEFORE {verb} ON {table} BEGIN SELECT RAISE(ABORT, 'the access log is insert only'); END",
                        verb.to_lowercase(),
                    )).await?;
                }
            }
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["access_log_patient", "access_log"]).await
    }
}
