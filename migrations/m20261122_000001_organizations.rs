//! Organizations, their keys and settings; units, clients, clinicians; released questionnaires.

use crate::columns::{bytes, date_null, drop_tables, flag, id, id_null, index, key, number, points_to, text, text_null, time, time_null};
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let organization = Table::create()
            .table("organization")
            .col(key("id"))
            .col(text("name"))
            .col(text("kind"))
            .col(text("organization_number"))
            .col(text("phone"))
            .col(number("threshold"))
            .col(text("threshold_source"))
            .col(number("care_window_days"))
            .col(time("created_at"))
            .to_owned();
        manager.create_table(organization).await?;
        index(manager, "organization", "number", &["organization_number"], true).await?;

        let organization_key = Table::create()
            .table("organization_key")
            .col(id("organization_id"))
            .col(number("version"))
            .col(number("root_key_version"))
            .col(bytes("wrapped"))
            .col(time("created_at"))
            .primary_key(Index::create().col("organization_id").col("version"))
            .foreign_key(&mut points_to("organization_key", "organization_id", "organization"))
            .to_owned();
        manager.create_table(organization_key).await?;

        let unit = Table::create()
            .table("unit")
            .col(key("id"))
            .col(id("organization_id"))
            .col(text("name"))
            .col(text("phone"))
            .col(text_null("external_id"))
            .col(text("questionnaire_name"))
            .col(text_null("questionnaire_version"))
            .col(ColumnDef::new("threshold").integer().null())
            .col(time("created_at"))
            .foreign_key(&mut points_to("unit", "organization_id", "organization"))
            .to_owned();
        manager.create_table(unit).await?;
        index(manager, "unit", "organization", &["organization_id", "name"], true).await?;

        let client = Table::create()
            .table("client")
            .col(key("id"))
            .col(id("organization_id"))
            .col(text("name"))
            .col(text_null("external_id"))
            .col(text("scopes"))
            .col(time("created_at"))
            .col(time_null("disabled_at"))
            .foreign_key(&mut points_to("client", "organization_id", "organization"))
            .to_owned();
        manager.create_table(client).await?;
        index(manager, "client", "name", &["organization_id", "name"], true).await?;
        index(manager, "client", "external", &["external_id"], true).await?;

        let clinician = Table::create()
            .table("clinician")
            .col(key("id"))
            .col(id("organization_id"))
            .col(text("name"))
            .col(text_null("hpr_number"))
            .col(text_null("subject"))
            .col(time("created_at"))
            .col(time_null("disabled_at"))
            .foreign_key(&mut points_to("clinician", "organization_id", "organization"))
            .to_owned();
        manager.create_table(clinician).await?;
        index(manager, "clinician", "hpr", &["organization_id", "hpr_number"], true).await?;
        index(manager, "clinician", "subject", &["organization_id", "subject"], true).await?;

        let clinician_role = Table::create()
            .table("clinician_role")
            .col(key("id"))
            .col(id("clinician_id"))
            .col(text("role"))
            .col(id_null("unit_id"))
            .foreign_key(&mut points_to("clinician_role", "clinician_id", "clinician"))
            .foreign_key(&mut points_to("clinician_role", "unit_id", "unit"))
            .to_owned();
        manager.create_table(clinician_role).await?;
        index(manager, "clinician_role", "clinician", &["clinician_id"], false).await?;

        let release = Table::create()
            .table("questionnaire_release")
            .col(text("name"))
            .col(text("version"))
            .col(bytes("sha256"))
            .col(flag("built_in"))
            .col(date_null("retired_on"))
            .col(time("released_at"))
            .primary_key(Index::create().col("name").col("version"))
            .to_owned();
        manager.create_table(release).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(
            manager,
            &["questionnaire_release", "clinician_role", "clinician", "client", "unit", "organization_key", "organization"],
        )
        .await
    }
}
