//! Patients, their identifiers and data keys; appointments.

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
        let patient = Table::create()
            .table("patient")
            .col(key("id"))
            .col(id("organization_id"))
            .col(number("key_version"))
            .col(bytes("name_sealed"))
            .col(bytes("birth_date_sealed"))
            .col(bytes_null("contact_sealed"))
            .col(text("language"))
            .col(id_null("merged_into"))
            .col(time("created_at"))
            .col(time("updated_at"))
            .foreign_key(&mut points_to("patient", "organization_id", "organization"))
            .foreign_key(&mut points_to("patient", "merged_into", "patient"))
            .to_owned();
        manager.create_table(patient).await?;

        let patient_key = Table::create()
            .table("patient_key")
            .col(id("patient_id"))
            .col(number("version"))
            .col(number("organization_key_version"))
            .col(bytes("wrapped"))
            .col(time("created_at"))
            .primary_key(Index::create().col("patient_id").col("version"))
            .foreign_key(&mut points_to("patient_key", "patient_id", "patient"))
            .to_owned();
        manager.create_table(patient_key).await?;

        let identifier = Table::create()
            .table("patient_identifier")
            .col(key("id"))
            .col(id("organization_id"))
            .col(id("patient_id"))
            .col(text("system"))
            .col(text("assigner"))
            .col(bytes("value_sealed"))
            .col(number("key_version"))
            .col(bytes("blind_index"))
            .col(number("blind_key_version"))
            .col(time("created_at"))
            .foreign_key(&mut points_to("patient_identifier", "organization_id", "organization"))
            .foreign_key(&mut points_to("patient_identifier", "patient_id", "patient"))
            .to_owned();
        manager.create_table(identifier).await?;
        index(manager, "patient_identifier", "blind", &["organization_id", "blind_index"], true).await?;
        index(manager, "patient_identifier", "patient", &["patient_id"], false).await?;

        let appointment = Table::create()
            .table("appointment")
            .col(key("id"))
            .col(id("organization_id"))
            .col(id("unit_id"))
            .col(id("patient_id"))
            .col(text_null("external_id"))
            .col(time("starts_at"))
            .col(time_null("ends_at"))
            .col(id_null("registered_by"))
            .col(text("status"))
            .col(time("created_at"))
            .col(time("updated_at"))
            .foreign_key(&mut points_to("appointment", "unit_id", "unit"))
            .foreign_key(&mut points_to("appointment", "patient_id", "patient"))
            .to_owned();
        manager.create_table(appointment).await?;
        index(manager, "appointment", "external", &["organization_id", "external_id"], true).await?;
        index(manager, "appointment", "unit_start", &["unit_id", "starts_at"], false).await?;
        index(manager, "appointment", "patient", &["patient_id"], false).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["appointment", "patient_identifier", "patient_key", "patient"]).await
    }
}
