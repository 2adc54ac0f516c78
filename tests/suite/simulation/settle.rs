//! After each step: what was answered is what the model says, ids are learnt, and the access log has an
//! entry for each read and write and no other.

use super::dice::mark_of;
use super::model::{Entry, Model};
use super::process::Process;
use super::stage::Outcome;
use super::step::{Fact, Row};
use crate::support::app::Kind;
use chrono::{DateTime, Utc};
use kartlegging::crypto::hash::{derive_code, derive_link};
use kartlegging::crypto::ring::Purpose;
use kartlegging::domain::ids::CredentialId;
use sea_orm::{QueryResult, TryGetable};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// What has been seen of the access log.
#[derive(Debug, Default)]
pub struct Seen {
    entries: i64,
    patients: i64,
    /// On PostgreSQL rows have no number.
    ids: BTreeSet<Uuid>,
    /// How often what was answered how.
    pub tally: BTreeMap<String, usize>,
}

/// Compares a step with the model.
pub async fn settle(process: &Process, model: &mut Model, seen: &mut Seen, outcomes: Vec<Outcome>) -> Result<(), String> {
    let mut texts = Vec::new();
    for outcome in outcomes {
        let Some((told, meant)) = outcome.answers else { continue };
        // Facts of an answer that is another one are of no use.
        if told.facts.len() == meant.rows.len() {
            for (fact, row) in told.facts.into_iter().zip(meant.rows) {
                learn(model, fact, row).map_err(|what| format!("{}: {what}", outcome.what))?;
            }
        }
        *seen.tally.entry(in_short(&outcome.what, &meant.text)).or_default() += 1;
        texts.push((outcome.what, told.text, meant.text));
    }
    resolve(process, model).await?;
    for (what, told, meant) in texts {
        let told = told(model);
        if told != meant {
            return Err(format!("{what}\n  answered: {told}\n  expected: {meant}"));
        }
    }
    compare_log(process, model, seen).await
}

/// The operation and its answer without particulars.
fn in_short(what: &str, answer: &str) -> String {
    let words = |text: &str| -> Vec<String> {
        let plain = |word: &&str| word.chars().all(|c| c.is_ascii_lowercase());
        text.split([' ', ':', '\n'])
            .take_while(|word| plain(word) || word.chars().all(|c| c.is_ascii_digit()))
            .filter(|word| plain(word))
            .take(4)
            .map(str::to_owned)
            .collect()
    };
    format!("{} → {}", words(what).join(" "), words(answer).join(" "))
}

/// Takes an id in; it must be the one that is known.
fn know<T: PartialEq + Copy + std::fmt::Debug>(slot: &mut Option<T>, id: T) -> Result<(), String> {
    match slot {
        Some(known) if *known != id => Err(format!("the id is {id:?} and was {known:?}")),
        _ => {
            *slot = Some(id);
            Ok(())
        }
    }
}

fn learn(model: &mut Model, fact: Fact, row: Row) -> Result<(), String> {
    match (fact, row) {
        (Fact::Invitation { id, patient, visit, secrets }, Row::Issued(at, _) | Row::Invitation(at)) => {
            know(&mut model.invitations[at].id, id)?;
            if let Some(patient) = patient {
                let row = model.invitations[at].patient;
                know(&mut model.patients[row].id, patient)?;
                let row = model.invitations[at].visit;
                if row.is_some() != visit.is_some() {
                    return Err(format!("the visit is {visit:?}"));
                }
                if let Some((row, visit)) = row.zip(visit) {
                    know(&mut model.visits[row].id, visit)?;
                }
            }
            if let (Some(secrets), Row::Issued(_, credential)) = (secrets, row) {
                let slot = &mut model.credentials[credential].secrets;
                if slot.as_ref().is_some_and(|known| *known != secrets) {
                    return Err("other secrets than before".to_owned());
                }
                *slot = Some(secrets);
            }
            Ok(())
        }
        (Fact::Visit(id), Row::Visit(at)) => know(&mut model.visits[at].id, id),
        (Fact::Response(id), Row::Response(at)) => know(&mut model.responses[at].id, id),
        (Fact::Session(opened), Row::Session(at)) => {
            let device = model.sessions[at].device;
            let own = model.device_ids.entry(device).or_insert(opened.holder.device);
            if *own != opened.holder.device {
                return Err("another device than the token's".to_owned());
            }
            let row = &mut model.sessions[at];
            if (row.idle_until, row.absolute_until) != (opened.holder.idle_until, opened.holder.absolute_until) {
                return Err("the session ends at another time".to_owned());
            }
            row.id = Some(opened.holder.actor.session);
            row.token = Some(opened.session_token);
            row.device_token = Some(opened.device_token);
            Ok(())
        }
        _ => Err("the answer is about something else".to_owned()),
    }
}

fn get<T: TryGetable>(row: &QueryResult, column: &str) -> T {
    row.try_get("", column).unwrap_or_else(|error| panic!("{column}: {error}"))
}

/// Ids whose answers were lost: found in the database by the mark of the operation that made them.
async fn resolve(process: &Process, model: &mut Model) -> Result<(), String> {
    let lost = model.invitations.iter().any(|row| row.id.is_none())
        || model.visits.iter().any(|row| row.id.is_none())
        || model.patients.iter().any(|row| row.id.is_none());
    if lost {
        resolve_invitations(process, model).await?;
        resolve_visits(process, model).await?;
        if model.patients.iter().any(|row| row.id.is_none()) {
            return Err("a patient is not in the database".to_owned());
        }
    }
    for at in 0..model.credentials.len() {
        if model.credentials[at].secrets.is_none() {
            resolve_secrets(process, model, model.credentials[at].invitation).await?;
        }
    }
    for at in 0..model.responses.len() {
        if model.responses[at].id.is_none() {
            let id = model.invitations[model.responses[at].invitation].id.expect("resolved");
            let rows = process.query(&format!("SELECT id, invitation_id FROM response WHERE {}", is(process, "invitation_id", id.0))).await;
            let row = rows.first().ok_or("a response is not in the database")?;
            model.responses[at].id = Some(get::<Uuid>(row, "id").into());
        }
    }
    Ok(())
}

/// A condition on an id: SQLite keeps its sixteen bytes.
fn is(process: &Process, column: &str, id: Uuid) -> String {
    match process.kind {
        Kind::Sqlite => format!("{column} = x'{}'", id.simple()),
        Kind::Postgres => format!("{column} = '{id}'"),
    }
}

/// Rows of a table by the mark of who made them, in the order in which they were made.
async fn marked(process: &Process, query: &str) -> BTreeMap<u32, Vec<(u32, QueryResult)>> {
    let mut all: BTreeMap<u32, Vec<(u32, QueryResult)>> = BTreeMap::new();
    for row in process.query(query).await {
        let (mark, number) = mark_of(get(&row, "id"));
        all.entry(mark).or_default().push((number, row));
    }
    for rows in all.values_mut() {
        rows.sort_by_key(|(number, _)| *number);
    }
    all
}

async fn resolve_invitations(process: &Process, model: &mut Model) -> Result<(), String> {
    let rows = marked(process, "SELECT id, patient_id, appointment_id FROM invitation").await;
    for at in 0..model.invitations.len() {
        let own = &model.invitations[at];
        let known =
            own.id.is_some() && model.patients[own.patient].id.is_some() && own.visit.is_none_or(|visit| model.visits[visit].id.is_some());
        if known {
            continue;
        }
        let (mark, nth, patient, visit) = (own.mark, own.nth, own.patient, own.visit);
        let (_, row) = rows.get(&mark).and_then(|rows| rows.get(nth)).ok_or("an invitation is not in the database")?;
        know(&mut model.invitations[at].id, get::<Uuid>(row, "id").into())?;
        know(&mut model.patients[patient].id, get::<Uuid>(row, "patient_id").into())?;
        if let Some((visit, id)) = visit.zip(get::<Option<Uuid>>(row, "appointment_id")) {
            know(&mut model.visits[visit].id, id.into())?;
        }
    }
    Ok(())
}

async fn resolve_visits(process: &Process, model: &mut Model) -> Result<(), String> {
    let rows = marked(process, "SELECT id, patient_id FROM appointment").await;
    for at in 0..model.visits.len() {
        let own = &model.visits[at];
        if own.id.is_some() && model.patients[own.patient].id.is_some() {
            continue;
        }
        let (mark, nth, patient) = (own.mark, own.nth, own.patient);
        let (_, row) = rows.get(&mark).and_then(|rows| rows.get(nth)).ok_or("a visit is not in the database")?;
        know(&mut model.visits[at].id, get::<Uuid>(row, "id").into())?;
        know(&mut model.patients[patient].id, get::<Uuid>(row, "patient_id").into())?;
    }
    Ok(())
}

/// Secrets are derived from the credential's id: who prints the letter again has them too.
async fn resolve_secrets(process: &Process, model: &mut Model, invitation: usize) -> Result<(), String> {
    let id = model.invitations[invitation].id.expect("resolved");
    let query =
        "SELECT c.id, c.generation, c.link_key_version FROM credential c JOIN credential_invitation i ON i.credential_id = c.id WHERE";
    let rows = process.query(&format!("{query} {}", is(process, "i.invitation_id", id.0))).await;
    for row in rows {
        let (generation, version): (i32, i32) = (get(&row, "generation"), get(&row, "link_key_version"));
        let own = usize::try_from(generation - 1).ok().and_then(|at| model.invitations[invitation].credentials.get(at));
        let own = *own.ok_or("a credential that nobody made")?;
        let version = u16::try_from(version).map_err(|error| error.to_string())?;
        let key = process.services.ring.get(Purpose::Link, version).map_err(|error| error.to_string())?;
        let id = CredentialId(get(&row, "id"));
        model.credentials[own].secrets = Some((derive_link(key, id), derive_code(key, id)));
    }
    Ok(())
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
async fn compare_log(process: &Process, model: &mut Model, seen: &mut Seen) -> Result<(), String> {
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
    let rows = process.query(&format!("SELECT rowid AS number, * FROM access_log WHERE rowid > {}", seen.entries)).await;
    let query = format!("SELECT rowid AS number, * FROM access_log_patient WHERE rowid > {}", seen.patients);
    let patients = if rows.is_empty() { Vec::new() } else { process.query(&query).await };
    let last = |rows: &[QueryResult], before: i64| rows.iter().map(|row| get(row, "number")).max().unwrap_or(before);
    seen.entries = last(&rows, seen.entries);
    seen.patients = last(&patients, seen.patients);
    (rows, patients)
}

async fn since(process: &Process, seen: &mut Seen, now: DateTime<Utc>) -> (Vec<QueryResult>, Vec<QueryResult>) {
    let now = now.to_rfc3339();
    let rows = process.query(&format!("SELECT * FROM access_log WHERE at >= '{now}'")).await;
    let rows: Vec<QueryResult> = rows.into_iter().filter(|row| seen.ids.insert(get(row, "id"))).collect();
    let query = format!("SELECT p.* FROM access_log_patient p JOIN access_log l ON l.id = p.entry_id WHERE l.at >= '{now}'");
    (rows, process.query(&query).await)
}
