//! What guards: attempts, idempotency keys, job leases, check values of keys.

use crate::columns::{bytes, drop_tables, id, index, number, text, text_null, time, time_null};
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // failures of a credential (never forgotten while its link lives), an address block, or all codes together
        let attempt = Table::create()
            .table("attempt")
            .col(text("scope"))
            .col(bytes("subject_hash"))
            .col(number("subject_key_version"))
            .col(time("window_start"))
            .col(number("failures"))
            .col(time("wait_until"))
            .col(time("updated_at"))
            .primary_key(Index::create().col("scope").col("subject_hash").col("window_start"))
            .to_owned();
        manager.create_table(attempt).await?;
        index(manager, "attempt", "updated", &["updated_at"], false).await?;

        let idempotency = Table::create()
            .table("idempotency")
            .col(id("organization_id"))
            .col(id("caller_id"))
            .col(text("operation"))
            .col(text("key"))
            .col(bytes("body_hash"))
            .col(number("body_key_version"))
            .col(id("attempt_id"))
            .col(text("state"))
            .col(text_null("outcome"))
            .col(time("created_at"))
            .col(time("locked_until"))
            .primary_key(Index::create().col("caller_id").col("operation").col("key"))
            .to_owned();
        manager.create_table(idempotency).await?;
        index(manager, "idempotency", "created", &["created_at"], false).await?;

        let lease = Table::create()
            .table("job_lease")
            .col(ColumnDef::new("job").text().not_null().primary_key())
            .col(id("holder"))
            .col(time("until"))
            .col(time_null("last_run_at"))
            .to_owned();
        manager.create_table(lease).await?;

        let check = Table::create()
            .table("key_check")
            .col(text("purpose"))
            .col(number("version"))
            .col(bytes("check_value"))
            .col(time("created_at"))
            .primary_key(Index::create().col("purpose").col("version"))
            .to_owned();
        manager.create_table(check).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["key_check", "job_lease", "idempotency", "attempt"]).await
    }
}
