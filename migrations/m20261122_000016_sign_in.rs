//! Sign-in: sessions of clinicians, one-time links for them, proofs of possession that were seen.

use crate::columns::{bytes, drop_tables, id, index, key, points_to, text_null, time, time_null};
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // provider is null for who came by a one-time link
        let session = Table::create()
            .table("clinician_session")
            .col(key("id"))
            .col(id("organization_id"))
            .col(id("clinician_id"))
            .col(text_null("provider"))
            .col(text_null("assurance"))
            .col(time("created_at"))
            .col(time("last_seen_at"))
            .col(time("idle_until"))
            .col(time("absolute_until"))
            .col(time_null("ended_at"))
            .foreign_key(&mut points_to("clinician_session", "clinician_id", "clinician"))
            .to_owned();
        manager.create_table(session).await?;
        index(manager, "clinician_session", "clinician", &["clinician_id"], false).await?;
        index(manager, "clinician_session", "until", &["absolute_until"], false).await?;

        // The token is random and lives for minutes: a plain hash of it is enough, and no key has to wait for it.
        let link = Table::create()
            .table("clinician_link")
            .col(key("id"))
            .col(id("organization_id"))
            .col(id("clinician_id"))
            .col(bytes("token_sha256"))
            .col(time("created_at"))
            .col(time("good_until"))
            .col(time_null("used_at"))
            .foreign_key(&mut points_to("clinician_link", "clinician_id", "clinician"))
            .to_owned();
        manager.create_table(link).await?;
        index(manager, "clinician_link", "token", &["token_sha256"], true).await?;
        index(manager, "clinician_link", "until", &["good_until"], false).await?;

        let proof = Table::create().table("dpop_proof").col(bytes("proof_sha256").primary_key()).col(time("seen_at")).to_owned();
        manager.create_table(proof).await?;
        index(manager, "dpop_proof", "seen", &["seen_at"], false).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["dpop_proof", "clinician_link", "clinician_session"]).await
    }
}
