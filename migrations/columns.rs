//! Column shapes that every table uses.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{DatabaseBackend, Statement};

pub(crate) fn id(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).uuid().not_null().take()
}

pub(crate) fn id_null(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).uuid().null().take()
}

pub(crate) fn key(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).uuid().not_null().primary_key().take()
}

pub(crate) fn text(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).text().not_null().take()
}

pub(crate) fn text_null(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).text().null().take()
}

pub(crate) fn bytes(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).blob().not_null().take()
}

pub(crate) fn bytes_null(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).blob().null().take()
}

pub(crate) fn number(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).integer().not_null().take()
}

pub(crate) fn big(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).big_integer().not_null().take()
}

pub(crate) fn flag(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).boolean().not_null().take()
}

pub(crate) fn time(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).timestamp_with_time_zone().not_null().take()
}

pub(crate) fn time_null(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).timestamp_with_time_zone().null().take()
}

pub(crate) fn date_null(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).date().null().take()
}

/// `from.column` must name a row of `to`.
pub(crate) fn points_to(from: &'static str, column: &'static str, to: &'static str) -> ForeignKeyCreateStatement {
    ForeignKey::create().from(from, column).to(to, "id").on_delete(ForeignKeyAction::Restrict).take()
}

/// A plain index `ix_<table>_<what>`.
pub(crate) async fn index(
    manager: &SchemaManager<'_>,
    table: &'static str,
    what: &str,
    columns: &[&'static str],
    unique: bool,
) -> Result<(), DbErr> {
    let mut statement = Index::create();
    statement.name(format!("ix_{table}_{what}")).table(table);
    for column in columns {
        statement.col(*column);
    }
    if unique {
        statement.unique();
    }
    manager.create_index(statement).await
}

pub(crate) async fn drop_tables(manager: &SchemaManager<'_>, tables: &[&'static str]) -> Result<(), DbErr> {
    for table in tables {
        manager.drop_table(Table::drop().table(*table).to_owned()).await?;
    }
    Ok(())
}

/// Whether a table is there. sea-orm's own question knows SQLite only over its own driver.
pub(crate) async fn has_table(manager: &SchemaManager<'_>, table: &str) -> Result<bool, DbErr> {
    match manager.get_database_backend() {
        DatabaseBackend::Sqlite => found(manager, "SELECT 1 AS one FROM sqlite_master WHERE type = 'table' AND name = $1", &[table]).await,
        _ => manager.has_table(table).await,
    }
}

/// Whether a table has a column.
pub(crate) async fn has_column(manager: &SchemaManager<'_>, table: &str, column: &str) -> Result<bool, DbErr> {
    match manager.get_database_backend() {
        DatabaseBackend::Sqlite => found(manager, "SELECT 1 AS one FROM pragma_table_info($1) WHERE name = $2", &[table, column]).await,
        _ => manager.has_column(table, column).await,
    }
}

async fn found(manager: &SchemaManager<'_>, query: &str, values: &[&str]) -> Result<bool, DbErr> {
    let values = values.iter().map(|value| (*value).into());
    let statement = Statement::from_sql_and_values(DatabaseBackend::Sqlite, query, values);
    Ok(manager.get_connection().query_one_raw(statement).await?.is_some())
}
