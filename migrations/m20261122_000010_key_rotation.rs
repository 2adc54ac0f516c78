//! What rotating keys needs: which version makes new values, what each instance knows, and blind
//! indexes under more than one key version.
//!
//! On PostgreSQL instances of the version before may serve meanwhile, so identifiers are copied in
//! batches without a lock. Only what came during the copy is copied under one, which is asked for
//! with a timeout and held for two statements.

use crate::columns::{bytes, has_column, has_table, id, index, key, number, points_to, text, time, time_null};
use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DatabaseBackend;

/// Identifiers copied in one statement.
const BATCH: u32 = 5000;
/// How often the lock is asked for before the migration gives up; it can be run again.
const TRIES: u32 = 60;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    /// Steps of their own: a migration that was killed goes on where it was.
    fn use_transaction(&self) -> Option<bool> {
        Some(false)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if !has_table(manager, "patient_identifier_index").await? {
            let tables = manager.begin().await?;
            make(&tables).await?;
            tables.commit().await?;
        }
        if has_column(manager, "patient_identifier", "blind_index").await? {
            while copy(manager, &beyond(manager)).await? > 0 {}
            copy(manager, "TRUE").await?;
            finish(manager).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        let (kind, empty) = match manager.get_database_backend() {
            DatabaseBackend::Sqlite => ("blob", "x''"),
            _ => ("bytea", "''"),
        };
        for statement in [
            format!("ALTER TABLE patient_identifier ADD COLUMN blind_index {kind} NOT NULL DEFAULT {empty}"),
            "ALTER TABLE patient_identifier ADD COLUMN blind_key_version integer NOT NULL DEFAULT 0".to_owned(),
            "UPDATE patient_identifier SET (blind_index, blind_key_version) = (SELECT x.blind_index, x.key_version \
             FROM patient_identifier_index x WHERE x.identifier_id = patient_identifier.id ORDER BY x.key_version LIMIT 1)"
                .to_owned(),
            "CREATE UNIQUE INDEX ix_patient_identifier_blind ON patient_identifier (organization_id, blind_index)".to_owned(),
            "DROP TABLE patient_identifier_index".to_owned(),
            "DROP TABLE instance".to_owned(),
            "ALTER TABLE organization_key DROP COLUMN active_at".to_owned(),
            "ALTER TABLE key_check DROP COLUMN active_at".to_owned(),
        ] {
            connection.execute_unprepared(&statement).await?;
        }
        Ok(())
    }
}

async fn make(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let entry = Table::create()
        .table("patient_identifier_index")
        .col(id("organization_id"))
        .col(bytes("blind_index"))
        .col(number("key_version"))
        .col(id("identifier_id"))
        .col(id("patient_id"))
        .primary_key(Index::create().col("organization_id").col("blind_index"))
        // Whoever deletes an identifier deletes what finds it.
        .foreign_key(points_to("patient_identifier_index", "identifier_id", "patient_identifier").on_delete(ForeignKeyAction::Cascade))
        .to_owned();
    manager.create_table(entry).await?;
    index(manager, "patient_identifier_index", "identifier", &["identifier_id", "key_version"], true).await?;

    let instance = Table::create().table("instance").col(key("id")).col(text("keys")).col(time("seen_at")).to_owned();
    manager.create_table(instance).await?;

    for (table, group) in [("key_check", "purpose"), ("organization_key", "organization_id")] {
        manager.alter_table(Table::alter().table(table).add_column(time_null("active_at")).to_owned()).await?;
        // Until now the highest version made new values.
        let highest = format!(
            "UPDATE {table} SET active_at = created_at WHERE version = (SELECT MAX(o.version) FROM {table} o WHERE o.{group} = {table}.{group})"
        );
        manager.get_connection().execute_unprepared(&highest).await?;
    }
    Ok(())
}

/// Identifiers behind the last one that was copied.
fn beyond(manager: &SchemaManager<'_>) -> String {
    let none = match manager.get_database_backend() {
        DatabaseBackend::Sqlite => "zeroblob(16)",
        _ => "'00000000-0000-0000-0000-000000000000'",
    };
    format!(
        "i.id > COALESCE((SELECT identifier_id FROM patient_identifier_index ORDER BY identifier_id DESC LIMIT 1), {none}) \
         ORDER BY i.id LIMIT {BATCH}"
    )
}

/// Copies what is not there yet; says how many.
async fn copy(manager: &SchemaManager<'_>, which: &str) -> Result<u64, DbErr> {
    let statement = format!(
        "INSERT INTO patient_identifier_index (organization_id, blind_index, key_version, identifier_id, patient_id) \
         SELECT i.organization_id, i.blind_index, i.blind_key_version, i.id, i.patient_id FROM patient_identifier i \
         WHERE NOT EXISTS (SELECT 1 FROM patient_identifier_index x WHERE x.identifier_id = i.id) AND {which}"
    );
    Ok(manager.get_connection().execute_unprepared(&statement).await?.rows_affected())
}

/// Takes the old columns away, with what came while the rest was copied.
async fn finish(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let postgres = manager.get_database_backend() == DatabaseBackend::Postgres;
    let mut tries = 0;
    let last = loop {
        let last = manager.begin().await?;
        if !postgres {
            break last;
        }
        // Whoever waits for a lock makes all others wait behind: so it waits shortly, and again.
        last.get_connection().execute_unprepared("SET LOCAL lock_timeout = '700ms'").await?;
        match last.get_connection().execute_unprepared("LOCK TABLE patient_identifier IN ACCESS EXCLUSIVE MODE").await {
            Ok(_) => break last,
            Err(error) if tries >= TRIES => return Err(error),
            Err(_) => tries += 1,
        }
        drop(last);
        manager.get_connection().execute_unprepared("SELECT pg_sleep(0.5)").await?;
    };
    let recent = if postgres { "i.created_at > (SELECT MAX(created_at) FROM patient_identifier) - interval '1 hour'" } else { "TRUE" };
    copy(&last, recent).await?;
    for statement in [
        "DROP INDEX ix_patient_identifier_blind",
        "ALTER TABLE patient_identifier DROP COLUMN blind_index",
        "ALTER TABLE patient_identifier DROP COLUMN blind_key_version",
    ] {
        last.get_connection().execute_unprepared(statement).await?;
    }
    last.commit().await
}
