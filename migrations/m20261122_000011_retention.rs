//! How long an organization keeps each kind of data, where it has said so; indexes by which the job
//! finds what is past its time.

use crate::columns::{drop_tables, id, index, points_to, text, time};
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // days is null where the organization keeps the kind without an end
        let retention = Table::create()
            .table("retention")
            .col(id("organization_id"))
            .col(text("kind"))
            .col(ColumnDef::new("days").integer().null())
            .col(time("updated_at"))
            .primary_key(Index::create().col("organization_id").col("kind"))
            .foreign_key(&mut points_to("retention", "organization_id", "organization"))
            .to_owned();
        manager.create_table(retention).await?;
        index(manager, "response", "age", &["organization_id", "submitted_at"], false).await?;
        index(manager, "response", "appointment", &["appointment_id"], false).await?;
        index(manager, "appointment", "age", &["organization_id", "starts_at"], false).await?;
        index(manager, "draft", "age", &["organization_id", "updated_at"], false).await?;
        // Most patients have no contact left, and the job need not look at them.
        let contact = Index::create()
            .name("ix_patient_contact")
            .table("patient")
            .col("organization_id")
            .col("updated_at")
            .and_where(Expr::col("contact_sealed").is_not_null())
            .take();
        manager.create_index(contact).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (name, table) in [
            ("ix_patient_contact", "patient"),
            ("ix_draft_age", "draft"),
            ("ix_appointment_age", "appointment"),
            ("ix_response_appointment", "response"),
            ("ix_response_age", "response"),
        ] {
            manager.drop_index(Index::drop().name(name).table(table).to_owned()).await?;
        }
        drop_tables(manager, &["retention"]).await
    }
}
