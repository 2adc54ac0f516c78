//! Sessions of clinicians: the provider's own session, by which it ends them, and the part of the organization
//! that somebody acts for.

use crate::columns::{index, text_null};
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // sid: the provider's name of its session; unit_number: as units have it in external_id, null for all units
        manager.alter_table(Table::alter().table("clinician_session").add_column(text_null("sid")).to_owned()).await?;
        manager.alter_table(Table::alter().table("clinician_session").add_column(text_null("unit_number")).to_owned()).await?;
        index(manager, "clinician_session", "sid", &["sid"], false).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_index(Index::drop().name("ix_clinician_session_sid").table("clinician_session").to_owned()).await?;
        manager.alter_table(Table::alter().table("clinician_session").drop_column("unit_number").to_owned()).await?;
        manager.alter_table(Table::alter().table("clinician_session").drop_column("sid").to_owned()).await
    }
}
