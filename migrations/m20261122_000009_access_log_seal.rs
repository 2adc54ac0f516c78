//! The access log's seals: a chain of hashes for each organization, its signed heads, what was pruned
//! and what has left the house. Entries, seals and heads may go only as far as a signed head covers
//! them; triggers on both databases see to that. Blind indexes of clinicians, for the log's report.

use crate::columns::{big, bytes, bytes_null, drop_tables, has_table, id, number, points_to, text, time};
use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DatabaseBackend, Statement};

#[derive(DeriveMigrationName)]
pub struct Migration;

/// Indexes on tables that may be large already: to find an entry's patients, and an actor's entries.
const INDEXES: [(&str, &str, &str); 2] = [
    ("ix_access_log_patient_entry", "access_log_patient", "entry_id"),
    ("ix_access_log_actor", "access_log", "organization_id, actor_id, id"),
];

const TABLES: [&str; 5] = ["access_log", "access_log_patient", "access_log_seal", "access_log_head", "access_log_prune"];

/// A row of a table may be deleted only while this does not hold; `OLD` is the row.
const KEPT: [(&str, &str); 5] = [
    (
        "access_log",
        "NOT EXISTS (SELECT 1 FROM access_log_seal s JOIN access_log_prune p ON p.organization_id = s.organization_id AND p.size >= s.sequence WHERE s.entry_id = OLD.id)",
    ),
    (
        "access_log_patient",
        "NOT EXISTS (SELECT 1 FROM access_log_seal s JOIN access_log_prune p ON p.organization_id = s.organization_id AND p.size >= s.sequence WHERE s.entry_id = OLD.entry_id)",
    ),
    (
        "access_log_seal",
        "NOT EXISTS (SELECT 1 FROM access_log_prune p WHERE p.organization_id = OLD.organization_id AND p.size >= OLD.sequence) OR EXISTS (SELECT 1 FROM access_log e WHERE e.id = OLD.entry_id)",
    ),
    (
        "access_log_head",
        "NOT EXISTS (SELECT 1 FROM access_log_prune p WHERE p.organization_id = OLD.organization_id AND p.size > OLD.size)",
    ),
    ("access_log_prune", "1 = 1"),
];

/// A prune may be recorded only while this does not hold; `NEW` is the row.
const UNCOVERED: &str = "NOT EXISTS (SELECT 1 FROM access_log_head h WHERE h.organization_id = NEW.organization_id AND h.size = NEW.size AND h.hash = NEW.hash)";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    /// PostgreSQL builds an index without locking the table only outside of a transaction; everything
    /// else is in one of its own.
    fn use_transaction(&self) -> Option<bool> {
        Some(false)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let postgres = manager.get_database_backend() != DatabaseBackend::Sqlite;
        if has_table(manager, "access_log_seal").await? {
            // The process ended between the commit and the record of it.
            return Ok(());
        }
        for (name, table, columns) in INDEXES {
            let how = if postgres { "CONCURRENTLY" } else { "" };
            // One that was left half made is no index.
            manager.get_connection().execute_unprepared(&format!("DROP INDEX {how} IF EXISTS {name}")).await?;
            manager.get_connection().execute_unprepared(&format!("CREATE INDEX {how} {name} ON {table} ({columns})")).await?;
        }
        let within = manager.begin().await?;
        tables(&within).await?;
        if postgres {
            guard_postgres(&within).await?;
        } else {
            guard_sqlite(&within).await?;
        }
        within.commit().await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let postgres = manager.get_database_backend() != DatabaseBackend::Sqlite;
        let within = manager.begin().await?;
        let run = async |statement: String| within.get_connection().execute_unprepared(&statement).await;
        for table in TABLES {
            if postgres {
                run(format!("DROP TRIGGER IF EXISTS {table}_no_update ON {table}")).await?;
                run(format!("DROP TRIGGER IF EXISTS {table}_no_delete ON {table}")).await?;
            } else if table.starts_with("access_log_") && table != "access_log_patient" {
                run(format!("DROP TRIGGER IF EXISTS {table}_no_update")).await?;
                run(format!("DROP TRIGGER IF EXISTS {table}_no_delete")).await?;
            } else {
                run(format!("DROP TRIGGER IF EXISTS {table}_no_delete")).await?;
                run(format!("CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} BEGIN SELECT RAISE(ABORT, 'the access log is insert only'); END")).await?;
            }
        }
        run(format!("DROP TRIGGER IF EXISTS access_log_prune_covered{}", if postgres { " ON access_log_prune" } else { "" })).await?;
        if postgres {
            for table in TABLES {
                run(format!("DROP FUNCTION IF EXISTS {table}_kept()")).await?;
            }
            run("DROP FUNCTION IF EXISTS access_log_insert_only()".to_owned()).await?;
            run("DROP FUNCTION IF EXISTS access_log_prune_covered()".to_owned()).await?;
        }
        for (name, ..) in INDEXES {
            run(format!("DROP INDEX {name}")).await?;
        }
        drop_tables(&within, &["access_log_delivery", "access_log_prune", "access_log_head", "access_log_seal"]).await?;
        for (table, column) in
            [("clinician", "national_id_index"), ("clinician", "national_id_key_version"), ("organization", "log_patients_a_day")]
        {
            within.alter_table(Table::alter().table(table).drop_column(column).to_owned()).await?;
        }
        within.commit().await
    }
}

async fn tables(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    // No foreign key on the entry: a seal has to outlive an entry that somebody deletes.
    let seal = Table::create()
        .table("access_log_seal")
        .col(id("organization_id"))
        .col(big("sequence"))
        .col(id("entry_id").unique_key().take())
        .col(bytes("hash"))
        .col(time("sealed_at"))
        .primary_key(Index::create().col("organization_id").col("sequence"))
        .foreign_key(&mut points_to("access_log_seal", "organization_id", "organization"))
        .to_owned();
    manager.create_table(seal).await?;

    let head = Table::create()
        .table("access_log_head")
        .col(id("organization_id"))
        .col(big("size"))
        .col(time("at"))
        .col(bytes("hash"))
        .col(number("key_version"))
        .col(text("note"))
        .primary_key(Index::create().col("organization_id").col("size").col("at"))
        .foreign_key(&mut points_to("access_log_head", "organization_id", "organization"))
        .to_owned();
    manager.create_table(head).await?;

    let prune = Table::create()
        .table("access_log_prune")
        .col(id("organization_id"))
        .col(big("size"))
        .col(bytes("hash"))
        .col(time("cut_off"))
        .col(time("at"))
        .col(number("key_version"))
        .col(text("note"))
        .primary_key(Index::create().col("organization_id").col("size"))
        .foreign_key(&mut points_to("access_log_prune", "organization_id", "organization"))
        .to_owned();
    manager.create_table(prune).await?;

    // How far the heads have got to each place outside; overwritten.
    let delivery = Table::create()
        .table("access_log_delivery")
        .col(id("organization_id"))
        .col(text("outlet"))
        .col(time("head_at"))
        .primary_key(Index::create().col("organization_id").col("outlet"))
        .foreign_key(&mut points_to("access_log_delivery", "organization_id", "organization"))
        .to_owned();
    manager.create_table(delivery).await?;

    for (table, column) in [
        ("clinician", bytes_null("national_id_index")),
        ("clinician", ColumnDef::new("national_id_key_version").integer().null().take()),
        ("organization", ColumnDef::new("log_patients_a_day").integer().null().take()),
    ] {
        manager.alter_table(Table::alter().table(table).add_column(column).to_owned()).await?;
    }
    Ok(())
}

async fn guard_sqlite(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let run = async |statement: String| manager.get_connection().execute_unprepared(&statement).await;
    let abort = "BEGIN SELECT RAISE(ABORT, 'the access log is insert only'); END";
    for (table, kept) in KEPT {
        run(format!("DROP TRIGGER IF EXISTS {table}_no_delete")).await?;
        run(format!("CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} WHEN {kept} {abort}")).await?;
        run(format!("CREATE TRIGGER IF NOT EXISTS {table}_no_update BEFORE UPDATE ON {table} {abort}")).await?;
    }
    run(format!("CREATE TRIGGER access_log_prune_covered BEFORE INSERT ON access_log_prune WHEN {UNCOVERED} {abort}")).await?;
    Ok(())
}

async fn guard_postgres(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let connection = manager.get_connection();
    let run = async |statement: String| connection.execute_unprepared(&statement).await;
    // A function looks its tables up when it runs: a temporary table of the same name must not come first.
    let ask = Statement::from_string(manager.get_database_backend(), "SELECT quote_ident(current_schema()) AS name");
    let schema: String = match connection.query_one_raw(ask).await? {
        Some(row) => row.try_get("", "name")?,
        None => return Err(DbErr::Custom("no current schema".to_owned())),
    };
    let function = format!("RETURNS trigger LANGUAGE plpgsql SET search_path = {schema}, pg_temp AS");
    let refuse = "RAISE EXCEPTION 'the access log is insert only'";
    run(format!("CREATE FUNCTION access_log_insert_only() {function} $$ BEGIN {refuse}; END $$")).await?;
    for (table, kept) in KEPT {
        run(format!("CREATE FUNCTION {table}_kept() {function} $$ BEGIN IF {kept} THEN {refuse}; END IF; RETURN OLD; END $$")).await?;
        run(format!("CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION {table}_kept()")).await?;
        run(format!(
            "CREATE TRIGGER {table}_no_update BEFORE UPDATE OR TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION access_log_insert_only()"
        ))
        .await?;
    }
    let covered = "access_log_prune_covered";
    run(format!("CREATE FUNCTION {covered}() {function} $$ BEGIN IF {UNCOVERED} THEN {refuse}; END IF; RETURN NEW; END $$")).await?;
    run(format!("CREATE TRIGGER {covered} BEFORE INSERT ON access_log_prune FOR EACH ROW EXECUTE FUNCTION {covered}()")).await?;
    Ok(())
}
