//! What goes out to patients, units and other systems, and the webhooks of other systems. The outbox
//! holds ids only: what is sent is put together when it is sent.

use crate::columns::{bytes, bytes_null, drop_tables, id, id_null, index, key, number, points_to, text, text_null, time, time_null};
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // slot is null while it is disabled; events are words with a blank before and after each
        let webhook = Table::create()
            .table("webhook")
            .col(key("id"))
            .col(id("organization_id"))
            .col(text("url"))
            .col(text("events"))
            .col(ColumnDef::new("slot").integer().null())
            .col(bytes("secret_sealed"))
            .col(bytes_null("previous_sealed"))
            .col(time_null("previous_until"))
            .col(number("key_version"))
            .col(time("created_at"))
            .col(time_null("rotated_at"))
            .col(time_null("disabled_at"))
            .col(text_null("disabled_reason"))
            .foreign_key(&mut points_to("webhook", "organization_id", "organization"))
            .to_owned();
        manager.create_table(webhook).await?;
        // At most one webhook in each place: so many can be told of one event.
        index(manager, "webhook", "slot", &["organization_id", "slot"], true).await?;

        // No foreign key on target and subject: a message may outlive what it is about.
        let outbox = Table::create()
            .table("outbox")
            .col(key("id"))
            .col(id("organization_id"))
            .col(text("channel"))
            .col(text("event"))
            .col(id_null("target_id"))
            .col(id("subject_id"))
            .col(ColumnDef::new("version").integer().null())
            .col(text("once"))
            .col(text("state"))
            .col(number("attempts"))
            .col(time("next_at"))
            .col(time("give_up_at"))
            .col(time_null("leased_until"))
            .col(time("created_at"))
            .col(time_null("ended_at"))
            .col(text_null("failure"))
            .foreign_key(&mut points_to("outbox", "organization_id", "organization"))
            .to_owned();
        manager.create_table(outbox).await?;
        index(manager, "outbox", "once", &["organization_id", "once"], true).await?;
        index(manager, "outbox", "page", &["organization_id", "id"], false).await?;
        index(manager, "outbox", "subject", &["subject_id"], false).await?;
        index(manager, "outbox", "ended", &["ended_at"], false).await?;
        // Only what waits: the rest is looked at by people.
        let due = Index::create()
            .name("ix_outbox_due")
            .table("outbox")
            .col("next_at")
            .col("channel")
            .col("target_id")
            .col("leased_until")
            .and_where(Expr::col("state").eq("waiting"))
            .take();
        manager.create_index(due).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["outbox", "webhook"]).await
    }
}
