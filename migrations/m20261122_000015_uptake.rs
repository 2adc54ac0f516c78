//! Counts of visits and answers by unit and week, which stay when the persons behind them are deleted.

use crate::columns::{drop_tables, id, index, number, points_to, time};
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let null = |name: &'static str| ColumnDef::new(name).integer().null().take();
        // week is the Monday of an ISO week; minutes are medians, with the number of persons they rest on
        let uptake = Table::create()
            .table("uptake")
            .col(id("organization_id"))
            .col(id("unit_id"))
            .col(ColumnDef::new("week").date().not_null())
            .col(number("visits"))
            .col(number("not_sent"))
            .col(number("sent"))
            .col(number("opened"))
            .col(number("started"))
            .col(number("answered"))
            .col(number("amended"))
            .col(number("declined"))
            .col(null("answer_minutes"))
            .col(number("answer_timed"))
            .col(null("fill_minutes"))
            .col(number("fill_timed"))
            .col(time("counted_at"))
            .primary_key(Index::create().col("unit_id").col("week"))
            .foreign_key(&mut points_to("uptake", "organization_id", "organization"))
            .foreign_key(&mut points_to("uptake", "unit_id", "unit"))
            .to_owned();
        manager.create_table(uptake).await?;
        index(manager, "uptake", "week", &["organization_id", "week"], false).await?;
        index(manager, "invitation", "due", &["organization_id", "due_on"], false).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_index(Index::drop().name("ix_invitation_due").table("invitation").to_owned()).await?;
        drop_tables(manager, &["uptake"]).await
    }
}
