//! Ids whose answers were lost: found in the database by the mark of the operation that made them.

use super::dice::mark_of;
use super::model::Model;
use super::process::Process;
use super::settle::{get, know};
use crate::support::app::Kind;
use kartlegging::crypto::hash::{derive_code, derive_link};
use kartlegging::crypto::ring::Purpose;
use kartlegging::domain::ids::CredentialId;
use sea_orm::QueryResult;
use std::collections::BTreeMap;
use uuid::Uuid;

/// Ids whose answers were lost: found in the database by the mark of the operation that made them.
pub async fn resolve(process: &Process, model: &mut Model) -> Result<(), String> {
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
    if model.messages.iter().any(|row| row.id.is_none()) {
        let rows = marked(process, "SELECT id FROM outbox").await;
        for row in model.messages.iter_mut().filter(|row| row.id.is_none()) {
            let found = rows.get(&row.mark).and_then(|rows| rows.get(row.nth)).ok_or("a message is not in the database")?;
            row.id = Some(get(&found.1, "id"));
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
    let query = "SELECT c.id, c.channel, c.generation, c.link_key_version FROM credential c JOIN credential_invitation i ON i.credential_id = c.id WHERE";
    let rows = process.query(&format!("{query} {}", is(process, "i.invitation_id", id.0))).await;
    for row in rows {
        let (generation, version): (i32, i32) = (get(&row, "generation"), get(&row, "link_key_version"));
        let mail = get::<String>(&row, "channel") == "mail";
        let mut all = model.invitations[invitation].credentials.iter().copied();
        let own = all.find(|at| (model.credentials[*at].mail, model.credentials[*at].generation) == (mail, generation));
        let own = own.ok_or("a credential that nobody made")?;
        let version = u16::try_from(version).map_err(|error| error.to_string())?;
        let key = process.services.ring.get(Purpose::Link, version).map_err(|error| error.to_string())?;
        let id = CredentialId(get(&row, "id"));
        model.credentials[own].secrets = Some((derive_link(&key, id), derive_code(&key, id)));
    }
    Ok(())
}
