//! Drafts, responses with every version, reviews.

use crate::columns::{bytes, bytes_null, date_null, drop_tables, id, id_null, index, key, number, points_to, text, time, time_null};
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let draft = Table::create()
            .table("draft")
            .col(key("response_id"))
            .col(id("organization_id"))
            .col(id("invitation_id"))
            .col(id("patient_id"))
            .col(id("device_id"))
            .col(number("version"))
            .col(text("language"))
            .col(bytes("answers_sealed"))
            .col(bytes_null("respondent_sealed"))
            .col(number("key_version"))
            .col(time("created_at"))
            .col(time("updated_at"))
            .foreign_key(&mut points_to("draft", "invitation_id", "invitation"))
            .foreign_key(&mut points_to("draft", "patient_id", "patient"))
            .to_owned();
        manager.create_table(draft).await?;
        index(manager, "draft", "invitation", &["invitation_id"], true).await?;

        let response = Table::create()
            .table("response")
            .col(key("id"))
            .col(id("organization_id"))
            .col(id("unit_id"))
            .col(id("patient_id"))
            .col(id_null("invitation_id"))
            .col(id_null("appointment_id"))
            .col(text("questionnaire_name"))
            .col(text("questionnaire_version"))
            .col(number("version"))
            .col(bytes("digest_sealed"))
            .col(number("key_version"))
            .col(time("created_at"))
            .col(time("submitted_at"))
            .foreign_key(&mut points_to("response", "patient_id", "patient"))
            .foreign_key(&mut points_to("response", "unit_id", "unit"))
            .foreign_key(&mut points_to("response", "invitation_id", "invitation"))
            .foreign_key(&mut points_to("response", "appointment_id", "appointment"))
            .to_owned();
        manager.create_table(response).await?;
        index(manager, "response", "invitation", &["invitation_id"], true).await?;
        index(manager, "response", "patient", &["patient_id", "submitted_at"], false).await?;

        let response_version = Table::create()
            .table("response_version")
            .col(id("response_id"))
            .col(number("version"))
            .col(id("organization_id"))
            .col(bytes("answers_sealed"))
            .col(bytes("respondent_sealed"))
            .col(number("key_version"))
            .col(text("language"))
            .col(number("supplement_revision"))
            .col(text("source"))
            .col(id_null("entered_by"))
            .col(date_null("answered_on"))
            .col(text("consent"))
            .col(time_null("started_at"))
            .col(time("submitted_at"))
            .primary_key(Index::create().col("response_id").col("version"))
            .foreign_key(&mut points_to("response_version", "response_id", "response"))
            .to_owned();
        manager.create_table(response_version).await?;

        let review = Table::create()
            .table("review")
            .col(key("id"))
            .col(id("organization_id"))
            .col(id("response_id"))
            .col(number("response_version"))
            .col(id("clinician_id"))
            .col(time("reviewed_at"))
            .foreign_key(&mut points_to("review", "response_id", "response"))
            .foreign_key(&mut points_to("review", "clinician_id", "clinician"))
            .to_owned();
        manager.create_table(review).await?;
        index(manager, "review", "response", &["response_id", "response_version", "clinician_id"], true).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["review", "response_version", "response", "draft"]).await
    }
}
