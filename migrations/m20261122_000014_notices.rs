//! Notices of invitations: each unit's plan and addresses, what has been planned, and who wants none.

use crate::columns::{drop_tables, id, key, points_to, text, text_null, time, time_null};
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

/// Columns of tables that were there before.
const ADDED: [(&str, &str); 4] =
    [("organization", "sender_names"), ("patient", "notices_stopped_at"), ("invitation", "noticed_at"), ("invitation", "reminded_at")];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let number = |name: &'static str| ColumnDef::new(name).integer().null().take();
        // days and quiet hours are null where there are none; a unit without a row has the product's plan
        let unit_notice = Table::create()
            .table("unit_notice")
            .col(key("unit_id"))
            .col(id("organization_id"))
            .col(number("notice_days"))
            .col(number("reminder_days"))
            .col(number("quiet_from"))
            .col(number("quiet_until"))
            .col(text_null("sender_name"))
            .col(text_null("reply_to"))
            .col(text_null("digest_to"))
            .col(text("language"))
            .col(time_null("digest_at"))
            .col(time("updated_at"))
            .foreign_key(&mut points_to("unit_notice", "unit_id", "unit"))
            .to_owned();
        manager.create_table(unit_notice).await?;
        for (table, column) in ADDED {
            let column = match column {
                "sender_names" => ColumnDef::new(column).boolean().not_null().default(false).take(),
                name => time_null(name),
            };
            manager.alter_table(Table::alter().table(table).add_column(column).to_owned()).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (table, column) in ADDED {
            manager.alter_table(Table::alter().table(table).drop_column(column).to_owned()).await?;
        }
        drop_tables(manager, &["unit_notice"]).await
    }
}
