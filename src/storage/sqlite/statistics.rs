//! What SQLite's planner is told about the tables. Without it, it takes every index for equally
//! selective, and reads all visits of a hospital to find those of one patient. What it would measure by
//! itself depends on when it measures; here a large hospital is described once, so that the plans are
//! the same on an empty database and on a full one (<https://www.sqlite.org/fileformat2.html#stat1tab>).

use super::connection::Connection;
use sea_orm::{DatabaseBackend, DbErr, ProxyRow, Statement, Value};

/// Rows of a table of a large installation.
const ROWS: u64 = 100_000;

/// How many rows are left when one more column of an index is known.
fn left(rows: u64, column: &str) -> u64 {
    let share = match column {
        "organization_id" => 2,
        "unit_id" | "clinician_id" | "client_id" | "actor_id" | "issued_by" => 20,
        "state" | "status" | "version" | "response_version" | "key_version" | "questionnaire_name" | "system" | "assigner" | "channel" => 3,
        // Times and dates: many to a day.
        _ if column.ends_with("_at") || column.ends_with("_until") || column.ends_with("_on") => 500,
        // Ids and hashes.
        _ => ROWS / 2,
    };
    (rows / share).max(1)
}

fn rows(connection: &Connection, query: &str, values: Vec<Value>) -> Result<Vec<ProxyRow>, DbErr> {
    connection.query(&Statement::from_sql_and_values(DatabaseBackend::Sqlite, query, values))
}

fn text(row: &ProxyRow, column: &str) -> String {
    match row.values.get(column) {
        Some(Value::String(Some(text))) => text.clone(),
        _ => String::new(),
    }
}

/// Describes every index of the program's tables. Connections that are open take it in with the next
/// statement. To be called with a transaction open.
pub(crate) fn describe(connection: &Connection) -> Result<(), DbErr> {
    // Makes the table of statistics; of this table, which is small, it is overwritten below.
    connection.run("ANALYZE seaql_migrations; DELETE FROM sqlite_stat1")?;
    let indexes = "SELECT t.name AS tbl, i.name AS idx, i.\"unique\" AS only_one FROM sqlite_master t JOIN pragma_index_list(t.name) i WHERE t.type = 'table'";
    for index in rows(connection, indexes, Vec::new())? {
        let (table, name) = (text(&index, "tbl"), text(&index, "idx"));
        let unique = index.values.get("only_one") == Some(&Value::BigInt(Some(1)));
        let columns = rows(connection, "SELECT name AS col FROM pragma_index_info($1) ORDER BY seqno", vec![name.clone().into()])?;
        let mut numbers = vec![ROWS];
        for column in &columns {
            let before = numbers.last().copied().unwrap_or(ROWS);
            numbers.push(left(before, &text(column, "col")));
        }
        if unique && let Some(last) = numbers.last_mut() {
            *last = 1;
        }
        let numbers = numbers.iter().map(u64::to_string).collect::<Vec<_>>().join(" ");
        let note = "INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES ($1, $2, $3)";
        let values: Vec<Value> = vec![table.into(), name.into(), numbers.into()];
        connection.execute(&Statement::from_sql_and_values(DatabaseBackend::Sqlite, note, values))?;
    }
    // A change of the schema is what makes other connections look again.
    connection.run("CREATE TABLE described (x); DROP TABLE described")?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::sqlite::Place;

    #[test]
    fn what_is_known_of_one_patient_is_read_and_not_the_whole_hospital() -> Result<(), Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        let place = Place::of(&format!("sqlite://{}", folder.path().join("plan.db").display()), std::sync::Arc::default());
        let (connection, other) = (place.open()?, place.open()?);
        connection.run(
            "CREATE TABLE seaql_migrations (version varchar); INSERT INTO seaql_migrations VALUES ('one');
             CREATE TABLE visit (id blob PRIMARY KEY, organization_id blob, patient_id blob, starts_at text);
             CREATE INDEX by_age ON visit (organization_id, starts_at); CREATE INDEX by_patient ON visit (patient_id)",
        )?;
        let plan = |when: &str| {
            // An explanation alone doesn't look whether the schema has changed.
            rows(&other, "SELECT COUNT(*) FROM visit", Vec::new())?;
            let query = format!(
                "EXPLAIN QUERY PLAN SELECT * FROM visit WHERE organization_id = $1 AND patient_id = $2 ORDER BY starts_at -- {when}"
            );
            let steps = rows(&other, &query, vec![Value::Bytes(None), Value::Bytes(None)])?;
            Ok::<_, DbErr>(steps.iter().map(|step| text(step, "detail")).collect::<String>())
        };
        assert!(plan("before")?.contains("by_age"), "else this is needed no more");
        connection.again("BEGIN")?;
        describe(&connection)?;
        connection.again("COMMIT")?;
        assert!(plan("after")?.contains("by_patient"), "{}", plan("again")?);
        Ok(())
    }
}
