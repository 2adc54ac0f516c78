//! Units whose patients sign in at a provider instead of telling their birth date.

use crate::columns::text_null;
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // the provider's name in the settings; null where the birth date is asked for
        manager.alter_table(Table::alter().table("unit").add_column(text_null("patient_provider")).to_owned()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.alter_table(Table::alter().table("unit").drop_column("patient_provider").to_owned()).await
    }
}
