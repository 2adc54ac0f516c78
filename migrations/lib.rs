//! The schema of Kartlegging, one change a file, the same on SQLite and PostgreSQL.
//!
//! To change the schema: a new file `mYYYYMMDD_NNNNNN_what.rs` and its line at the end of
//! [`Migrator::migrations`]. A migration that has been released is never edited. Names of columns
//! follow one rule: `*_sealed` is ciphertext (its key's version stands in the value and in
//! `key_version`), `*_hash` and `blind_index` are keyed hashes (with their `*_key_version`).

pub use sea_orm_migration::prelude::*;

mod columns;
mod m20261122_000001_organizations;
mod m20261122_000002_patients;
mod m20261122_000003_invitations;
mod m20261122_000004_responses;
mod m20261122_000005_guards;
mod m20261122_000006_access_log;
mod m20261122_000007_support_text;
mod m20261122_000008_draft_place;
mod m20261122_000009_access_log_seal;
mod m20261122_000010_key_rotation;
mod m20261122_000011_retention;
mod m20261122_000012_outbox;
mod m20261122_000013_letters;
mod m20261122_000014_notices;
mod m20261122_000015_uptake;
mod m20261122_000016_sign_in;
mod m20261122_000017_findings;
mod m20261122_000019_patient_sign_in;
mod m20261122_000021_representatives;
mod m20261122_000022_sign_in_limits;
mod m20261122_000023_response_original;
mod m20261122_000025_access_log_set;
mod m20261122_000026_subscriptions;

/// Every migration, oldest first.
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261122_000001_organizations::Migration),
            Box::new(m20261122_000002_patients::Migration),
            Box::new(m20261122_000003_invitations::Migration),
            Box::new(m20261122_000004_responses::Migration),
            Box::new(m20261122_000005_guards::Migration),
            Box::new(m20261122_000006_access_log::Migration),
            Box::new(m20261122_000007_support_text::Migration),
            Box::new(m20261122_000008_draft_place::Migration),
            Box::new(m20261122_000009_access_log_seal::Migration),
            Box::new(m20261122_000010_key_rotation::Migration),
            Box::new(m20261122_000011_retention::Migration),
            Box::new(m20261122_000012_outbox::Migration),
            Box::new(m20261122_000013_letters::Migration),
            Box::new(m20261122_000014_notices::Migration),
            Box::new(m20261122_000015_uptake::Migration),
            Box::new(m20261122_000016_sign_in::Migration),
            Box::new(m20261122_000017_findings::Migration),
            Box::new(m20261122_000019_patient_sign_in::Migration),
            Box::new(m20261122_000021_representatives::Migration),
            Box::new(m20261122_000022_sign_in_limits::Migration),
            Box::new(m20261122_000023_response_original::Migration),
            Box::new(m20261122_000025_access_log_set::Migration),
            Box::new(m20261122_000026_subscriptions::Migration),
        ]
    }
}
