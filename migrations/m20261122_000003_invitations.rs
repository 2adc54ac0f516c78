//! Invitations, what opens them, the sessions and devices that opened them.

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
        let invitation = Table::create()
            .table("invitation")
            .col(key("id"))
            .col(id("organization_id"))
            .col(id("unit_id"))
            .col(id("patient_id"))
            .col(id_null("appointment_id"))
            .col(id_null("assessment_id"))
            .col(id_null("issued_by"))
            .col(text("questionnaire_name"))
            .col(text("questionnaire_version"))
            .col(text("state"))
            .col(text_null("closed_reason"))
            .col(flag("flagged"))
            .col(date_null("due_on"))
            .col(time("answer_until"))
            .col(time("amend_until"))
            .col(time("created_at"))
            .col(time_null("opened_at"))
            .col(time_null("started_at"))
            .col(time_null("answered_at"))
            .col(time_null("closed_at"))
            .foreign_key(&mut points_to("invitation", "unit_id", "unit"))
            .foreign_key(&mut points_to("invitation", "patient_id", "patient"))
            .foreign_key(&mut points_to("invitation", "appointment_id", "appointment"))
            .to_owned();
        manager.create_table(invitation).await?;
        index(manager, "invitation", "appointment", &["appointment_id"], false).await?;
        index(manager, "invitation", "patient", &["patient_id"], false).await?;
        index(manager, "invitation", "unit_due", &["unit_id", "due_on"], false).await?;
        index(manager, "invitation", "until", &["state", "answer_until"], false).await?;
        // At most one live invitation to one form before one visit, or due on one day, whoever asks twice.
        for (name, key) in [
            ("ix_invitation_live", "(appointment_id, questionnaire_name) WHERE appointment_id IS NOT NULL"),
            ("ix_invitation_live_due", "(unit_id, patient_id, questionnaire_name, due_on) WHERE appointment_id IS NULL"),
        ] {
            let live = "closed_reason IS NULL OR closed_reason = 'declined'";
            let statement = format!("CREATE UNIQUE INDEX {name} ON invitation {key} AND ({live})");
            manager.get_connection().execute_unprepared(&statement).await?;
        }

        let credential = Table::create()
            .table("credential")
            .col(key("id"))
            .col(id("organization_id"))
            .col(text("channel"))
            .col(number("generation"))
            .col(number("link_key_version"))
            .col(bytes("link_hash"))
            .col(bytes("code_hash"))
            .col(number("lookup_key_version"))
            .col(time("created_at"))
            .col(time_null("sent_at"))
            .col(time_null("revoked_at"))
            .foreign_key(&mut points_to("credential", "organization_id", "organization"))
            .to_owned();
        manager.create_table(credential).await?;
        index(manager, "credential", "link", &["link_hash"], true).await?;
        index(manager, "credential", "code", &["code_hash"], true).await?;

        let credential_invitation = Table::create()
            .table("credential_invitation")
            .col(id("credential_id"))
            .col(id("invitation_id"))
            .primary_key(Index::create().col("credential_id").col("invitation_id"))
            .foreign_key(&mut points_to("credential_invitation", "credential_id", "credential"))
            .foreign_key(&mut points_to("credential_invitation", "invitation_id", "invitation"))
            .to_owned();
        manager.create_table(credential_invitation).await?;
        index(manager, "credential_invitation", "invitation", &["invitation_id"], false).await?;

        let session = Table::create()
            .table("session")
            .col(key("id"))
            .col(id("organization_id"))
            .col(id("invitation_id"))
            .col(id("credential_id"))
            .col(id("device_id"))
            .col(text("kind"))
            .col(flag("remember"))
            .col(time("created_at"))
            .col(time("last_seen_at"))
            .col(time("idle_until"))
            .col(time("absolute_until"))
            .col(time_null("ended_at"))
            .foreign_key(&mut points_to("session", "invitation_id", "invitation"))
            .to_owned();
        manager.create_table(session).await?;
        index(manager, "session", "invitation", &["invitation_id"], false).await?;
        index(manager, "session", "until", &["absolute_until"], false).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["session", "credential_invitation", "credential", "invitation"]).await
    }
}
