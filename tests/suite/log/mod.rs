//! The access log after it is written: seals, signed heads, what a hand in the database leaves behind,
//! pruning, delivery.

mod chain;
mod heads;
mod pruning;
mod reading;
mod roles;
mod sets;
mod tampering;

use crate::support::TestApp;
use crate::support::app::Kind;
use crate::support::sql;
use chrono::Duration;
use kartlegging::crypto::note::{Note, PublicKeys};
use kartlegging::services::access_log::{self, Broken, Outcome, Wrong};
use uuid::Uuid;

/// So many entries, a second apart, about one patient; gives the patient.
async fn fill(app: &TestApp, entries: usize) -> String {
    let patient = app.invite("visit-1").await.patient;
    read(app, &patient, entries - 1).await;
    patient
}

/// Reads a timeline so often: an entry each.
async fn read(app: &TestApp, patient: &str, times: usize) {
    for _ in 0..times {
        app.advance(Duration::seconds(1));
        app.get(&format!("/api/v1/patients/{patient}/timeline")).bearer(app.world.token("clinician")).send().await.expect(200);
    }
}

/// Seals and signs; gives the newest head of the organization.
async fn seal_and_sign(app: &TestApp) -> Note {
    access_log::seal(&app.services).await.expect("sealed");
    access_log::sign(&app.services).await.expect("signed");
    let notes = access_log::newest_heads(&app.services).await.expect("heads");
    assert_eq!(notes.len(), 1, "the other organization has no entries: {notes:?}");
    Note::parse(&notes[0]).expect("a note")
}

async fn check(app: &TestApp, saved: &[Note]) -> Outcome {
    let keys = PublicKeys::of(&app.services.ring).expect("keys");
    let outcomes = access_log::verify(&app.services.db, &keys, saved).await.expect("verified");
    let own = app.world.organization.expect("organization");
    for other in outcomes.iter().filter(|outcome| outcome.organization != own) {
        assert_eq!((other.size, &other.broken), (0, &None), "the other organization's log is untouched");
    }
    outcomes.into_iter().find(|outcome| outcome.organization == own).expect("own")
}

/// The first wrong place.
async fn broken(app: &TestApp, saved: &[Note]) -> Option<Broken> {
    check(app, saved).await.broken
}

async fn is_sound(app: &TestApp, saved: &[Note]) {
    assert_eq!(broken(app, saved).await, None);
}

/// Place and fault, of a place that has one.
fn place(broken: Option<Broken>) -> (u64, Wrong) {
    let broken = broken.expect("something is wrong");
    (broken.sequence.expect("a place"), broken.wrong)
}

/// What whoever owns the database can do: takes the guards away.
async fn unguard(app: &TestApp) {
    for table in ["access_log", "access_log_patient", "access_log_set", "access_log_seal", "access_log_head", "access_log_prune"] {
        match app.kind {
            Kind::Sqlite => {
                for verb in ["update", "delete"] {
                    tamper(app, &format!("DROP TRIGGER {table}_no_{verb}")).await;
                }
            }
            Kind::Postgres => tamper(app, &format!("ALTER TABLE {table} DISABLE TRIGGER USER")).await,
        }
    }
    if app.kind == Kind::Sqlite {
        tamper(app, "DROP TRIGGER access_log_prune_covered").await;
    }
}

async fn tamper(app: &TestApp, statement: &str) {
    sql::execute(&app.database_url, statement).await.expect(statement);
}

/// An id as a literal.
fn literal(app: &TestApp, id: Uuid) -> String {
    match app.kind {
        Kind::Sqlite => format!("X'{}'", id.simple()),
        Kind::Postgres => format!("CAST('{id}' AS uuid)"),
    }
}

/// The entry at a place of the chain, as SQL.
fn entry_at(place: u64) -> String {
    format!("(SELECT entry_id FROM access_log_seal WHERE sequence = {place})")
}

/// Deletes the entry at a place.
async fn delete_entry(app: &TestApp, place: u64) {
    tamper(app, &format!("DELETE FROM access_log_patient WHERE entry_id = {}", entry_at(place))).await;
    tamper(app, &format!("DELETE FROM access_log WHERE id = {}", entry_at(place))).await;
}
