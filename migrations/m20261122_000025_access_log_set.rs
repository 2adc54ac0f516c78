//! Sets of patients in the access log: entries that show the same patients, as views of a list do, share one.

use crate::columns::{drop_tables, has_table, id, id_null, index};
use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DatabaseBackend, Statement};

#[derive(DeriveMigrationName)]
pub struct Migration;

/// A row of a set may be deleted only while this does not hold; `OLD` is the row.
const KEPT: &str = "EXISTS (SELECT 1 FROM access_log e WHERE e.set_id = OLD.set_id)";

/// On the table of entries, which may be large: of rows that have a set alone, so none when it is made.
const INDEX: &str = "ix_access_log_set ON access_log (set_id, id) WHERE set_id IS NOT NULL";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    /// PostgreSQL builds an index without locking the table only outside of a transaction.
    fn use_transaction(&self) -> Option<bool> {
        Some(false)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let postgres = manager.get_database_backend() != DatabaseBackend::Sqlite;
        if !has_table(manager, "access_log_set").await? {
            let within = manager.begin().await?;
            tables(&within).await?;
            guard(&within, postgres).await?;
            within.commit().await?;
        }
        let how = if postgres { "CONCURRENTLY" } else { "" };
        // One that was left half made is no index.
        manager.get_connection().execute_unprepared(&format!("DROP INDEX {how} IF EXISTS ix_access_log_set")).await?;
        manager.get_connection().execute_unprepared(&format!("CREATE INDEX {how} {INDEX}")).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let postgres = manager.get_database_backend() != DatabaseBackend::Sqlite;
        let within = manager.begin().await?;
        let run = async |statement: &str| within.get_connection().execute_unprepared(statement).await;
        run("INSERT INTO access_log_patient (patient_id, entry_id) SELECT s.patient_id, e.id FROM access_log e JOIN access_log_set s ON s.set_id = e.set_id").await?;
        run("DROP INDEX ix_access_log_set").await?;
        drop_tables(&within, &["access_log_set"]).await?;
        if postgres {
            run("DROP FUNCTION access_log_set_kept()").await?;
        }
        within.alter_table(Table::alter().table("access_log").drop_column("set_id").to_owned()).await?;
        within.commit().await
    }
}

async fn tables(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let set = Table::create()
        .table("access_log_set")
        .col(id("set_id"))
        .col(id("patient_id"))
        .primary_key(Index::create().col("set_id").col("patient_id"))
        .to_owned();
    manager.create_table(set).await?;
    index(manager, "access_log_set", "patient", &["patient_id", "set_id"], false).await?;
    manager.alter_table(Table::alter().table("access_log").add_column(id_null("set_id")).to_owned()).await
}

async fn guard(manager: &SchemaManager<'_>, postgres: bool) -> Result<(), DbErr> {
    let connection = manager.get_connection();
    let run = async |statement: String| connection.execute_unprepared(&statement).await;
    if !postgres {
        let abort = "BEGIN SELECT RAISE(ABORT, 'the access log is insert only'); END";
        run(format!("CREATE TRIGGER access_log_set_no_delete BEFORE DELETE ON access_log_set WHEN {KEPT} {abort}")).await?;
        run(format!("CREATE TRIGGER access_log_set_no_update BEFORE UPDATE ON access_log_set {abort}")).await?;
        return Ok(());
    }
    // A function looks its tables up when it runs: a temporary table of the same name must not come first.
    let ask = Statement::from_string(manager.get_database_backend(), "SELECT quote_ident(current_schema()) AS name");
    let schema: String = match connection.query_one_raw(ask).await? {
        Some(row) => row.try_get("", "name")?,
        None => return Err(DbErr::Custom("no current schema".to_owned())),
    };
    let function = format!("RETURNS trigger LANGUAGE plpgsql SET search_path = {schema}, pg_temp AS");
    let refuse = "RAISE EXCEPTION 'the access log is insert only'";
    run(format!("CREATE FUNCTION access_log_set_kept() {function} $$ BEGIN IF {KEPT} THEN {refuse}; END IF; RETURN OLD; END $$")).await?;
    run("CREATE TRIGGER access_log_set_no_delete BEFORE DELETE ON access_log_set FOR EACH ROW EXECUTE FUNCTION access_log_set_kept()"
        .to_owned())
    .await?;
    run("CREATE TRIGGER access_log_set_no_update BEFORE UPDATE OR TRUNCATE ON access_log_set FOR EACH STATEMENT EXECUTE FUNCTION access_log_insert_only()".to_owned())
        .await?;
    Ok(())
}
