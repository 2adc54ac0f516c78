//! People who may answer in a patient's place; in sessions: at which provider somebody signed in, and as whom.

use crate::columns::{bytes, drop_tables, id, id_null, index, key, number, points_to, text_null, time};
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // No blind index: who signs in is compared with the few of the letter's patient, and nobody has to find
        // out whom else a person represents.
        let representative = Table::create()
            .table("representative")
            .col(key("id"))
            .col(id("organization_id"))
            .col(id("patient_id"))
            .col(bytes("content_sealed"))
            .col(number("key_version"))
            .col(time("created_at"))
            .col(time("updated_at"))
            .foreign_key(&mut points_to("representative", "organization_id", "organization"))
            .foreign_key(&mut points_to("representative", "patient_id", "patient"))
            .to_owned();
        manager.create_table(representative).await?;
        index(manager, "representative", "patient", &["patient_id"], false).await?;
        // provider is null for who told the birth date; representative_id for the patient
        manager.alter_table(Table::alter().table("session").add_column(text_null("provider")).to_owned()).await?;
        manager.alter_table(Table::alter().table("session").add_column(id_null("representative_id")).to_owned()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.alter_table(Table::alter().table("session").drop_column("representative_id").to_owned()).await?;
        manager.alter_table(Table::alter().table("session").drop_column("provider").to_owned()).await?;
        drop_tables(manager, &["representative"]).await
    }
}
