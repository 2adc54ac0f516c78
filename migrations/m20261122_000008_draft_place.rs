//! Where in the form a person was when a draft was last saved: the number of a page, no answer.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let place = ColumnDef::new("place").integer().null().to_owned();
        manager.alter_table(Table::alter().table("draft").add_column(place).to_owned()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.alter_table(Table::alter().table("draft").drop_column("place").to_owned()).await
    }
}
