//! The access log: an entry for each read and write, and no other.

use super::model::{Entry, Model};
use super::process::Process;
use super::settle::get;
use crate::support::app::Kind;
use chrono::{DateTime, Utc};
use sea_orm::QueryResult;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::DefaultHasher;
use uuid::Uuid;

/// What has been seen of the access log.
#[derive(Debug, Default)]
pub struct Seen {
    pub entries: i64,
    pub patients: i64,
    /// On PostgreSQL rows have no number.
    pub ids: BTreeSet<Uuid>,
    /// How often what was answered how.
    pub tally: BTreeMap<String, usize>,
    /// All that was done and answered.
    pub digest: DefaultHasher,
}

fn entry_text(model: &Model, entry: &Entry) -> String {
    let actor = entry.actor.and_then(|actor| model.world.actors[actor].actor.id());
    let unit = entry.unit.map(|unit| model.world.units[unit].id.0);
    let mut patients: Vec<Option<Uuid>> = entry.patients.iter().map(|patient| model.patients[*patient].id.map(|id| id.0)).collect();
    patients.sort();
    let organization = model.world.organizations[entry.organization].id.0;
    format!(
        "{} {} {} {} {actor:?} {organization} {unit:?} {} {patients:?}",
        entry.request, entry.action, entry.result, entry.kind, entry.ground
    )
}

fn row_text(row: &QueryResult, patients: &BTreeMap<Uuid, Vec<Uuid>>) -> String {
    let text = |column: &str| get::<String>(row, column);
    let kind = text("actor_kind");
    // A holder is a session, which the model may not know by name.
    let actor = get::<Option<Uuid>>(row, "actor_id").filter(|_| kind != "holder");
    let mut patients: Vec<Option<Uuid>> = patients.get(&get(row, "id")).into_iter().flatten().map(|id| Some(*id)).collect();
    patients.sort();
    let (organization, unit): (Uuid, Option<Uuid>) = (get(row, "organization_id"), get(row, "unit_id"));
    format!(
        "{} {} {} {kind} {actor:?} {organization} {unit:?} {} {patients:?}",
        text("request_id"),
        text("action"),
        text("result"),
        text("ground")
    )
}

/// Entries since the last look are those that the model has written meanwhile, no more and no fewer.
pub async fn compare_log(process: &Process, model: &mut Model, seen: &mut Seen) -> Result<(), String> {
    let (rows, patients) = match process.kind {
        Kind::Sqlite => numbered(process, seen).await,
        Kind::Postgres => since(process, seen, model.now).await,
    };
    let mut by_entry: BTreeMap<Uuid, Vec<Uuid>> = BTreeMap::new();
    for row in patients {
        by_entry.entry(get(&row, "entry_id")).or_default().push(get(&row, "patient_id"));
    }
    let mut found: Vec<String> = rows.iter().map(|row| row_text(row, &by_entry)).collect();
    let mut meant: Vec<String> = model.log[model.compared..].iter().map(|entry| entry_text(model, entry)).collect();
    found.sort();
    meant.sort();
    if found != meant {
        return Err(format!("access log\n  found: {found:#?}\n  expected: {meant:#?}"));
    }
    model.compared = model.log.len();
    Ok(())
}

async fn numbered(process: &Process, seen: &mut Seen) -> (Vec<QueryResult>, Vec<QueryResult>) {
    let rows = process.query(&format!("SELECT rowid + 0 AS number, * FROM access_log WHERE rowid > {}", seen.entries)).await;
    let own = format!("SELECT rowid + 0 AS number, * FROM access_log_patient WHERE rowid > {}", seen.patients);
    let shared = format!(
        "SELECT s.patient_id, l.id AS entry_id FROM access_log l JOIN access_log_set s ON s.set_id = l.set_id WHERE l.rowid > {}",
        seen.entries
    );
    let mut patients = if rows.is_empty() { Vec::new() } else { process.query(&own).await };
    let last = |rows: &[QueryResult], before: i64| rows.iter().map(|row| get(row, "number")).max().unwrap_or(before);
    seen.patients = last(&patients, seen.patients);
    if !rows.is_empty() {
        patients.extend(process.query(&shared).await);
    }
    seen.entries = last(&rows, seen.entries);
    (rows, patients)
}

async fn since(process: &Process, seen: &mut Seen, now: DateTime<Utc>) -> (Vec<QueryResult>, Vec<QueryResult>) {
    let now = now.to_rfc3339();
    let rows = process.query(&format!("SELECT * FROM access_log WHERE at >= '{now}'")).await;
    let rows: Vec<QueryResult> = rows.into_iter().filter(|row| seen.ids.insert(get(row, "id"))).collect();
    let own =
        format!("SELECT p.patient_id, p.entry_id FROM access_log_patient p JOIN access_log l ON l.id = p.entry_id WHERE l.at >= '{now}'");
    let shared = format!(
        "SELECT s.patient_id, l.id AS entry_id FROM access_log_set s JOIN access_log l ON l.set_id = s.set_id WHERE l.at >= '{now}'"
    );
    (rows, process.query(&format!("{own} UNION ALL {shared}")).await)
}
