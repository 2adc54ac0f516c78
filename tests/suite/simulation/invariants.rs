//! Everything at once: rows are counted, every answer that was acknowledged is read back, every counter
//! stands where it must, every link opens, no two sealed values are alike and none is readable.

use super::given::MARKER;
use super::model::{Model, Subject, Tells};
use super::operations::{open_with, read_response, read_versions};
use super::process::{Machine, Process};
use super::step::Step;
use kartlegging::crypto::note::{Note, PublicKeys};
use kartlegging::domain::policy::Ground;
use kartlegging::services::access_log;
use std::collections::{BTreeSet, HashSet};

/// Rows and counters of the database against the model.
pub async fn rows(process: &Process, model: &Model) -> Result<(), String> {
    for (table, expected) in model.counts() {
        let rows = process.query(&format!("SELECT COUNT(*) AS number FROM {table}")).await;
        let found: i64 = rows[0].try_get("", "number").map_err(|error| error.to_string())?;
        if usize::try_from(found) != Ok(expected) {
            return Err(format!("{table} has {found} rows, not {expected}"));
        }
    }
    counters(process, model).await?;
    states(process, model).await?;
    messages(process, model).await
}

/// Every message of the outbox is as far as the model says.
async fn messages(process: &Process, model: &Model) -> Result<(), String> {
    let rows = process.query("SELECT id, event, state, attempts, failure, next_at, leased_until FROM outbox").await;
    let found = rows.iter().map(|row| {
        let (id, event, state): (uuid::Uuid, String, String) =
            (row.try_get("", "id")?, row.try_get("", "event")?, row.try_get("", "state")?);
        let (attempts, failure): (i32, Option<String>) = (row.try_get("", "attempts")?, row.try_get("", "failure")?);
        let next: chrono::DateTime<chrono::Utc> = row.try_get("", "next_at")?;
        let leased: Option<chrono::DateTime<chrono::Utc>> = row.try_get("", "leased_until")?;
        Ok::<_, sea_orm::DbErr>(format!("{id} {event} {state} {attempts} {failure:?} {next} {leased:?}"))
    });
    let mut found = found.collect::<Result<Vec<_>, _>>().map_err(|error| error.to_string())?;
    let own = model.messages.iter().filter(|row| !row.gone).map(|row| {
        let (id, event) = (row.id.unwrap_or_default(), row.tells.word());
        format!("{id} {event} {} {} {:?} {} {:?}", row.state, row.attempts, row.failure, row.next_at, row.leased_until)
    });
    let mut meant: Vec<String> = own.collect();
    found.sort();
    meant.sort();
    if found == meant { Ok(()) } else { Err(format!("outbox\n  found: {found:#?}\n  expected: {meant:#?}")) }
}

/// When nothing goes wrong any more nothing waits, and nobody is forgotten of whom it is time. A message
/// that did not hold when it was to be sent was dropped for good.
pub async fn everything_is_out(process: &Process, model: &Model) -> Result<(), String> {
    let waiting = process.query("SELECT id FROM outbox WHERE state = 'waiting'").await.len();
    if waiting > 0 {
        return Err(format!("{waiting} messages still wait"));
    }
    for (unit, plan) in model.plans() {
        for tells in [Tells::Notice, Tells::Reminder] {
            if let Some(row) = model.due(unit, &plan, tells).first() {
                return Err(format!("the {} of invitation {row} is forgotten", tells.word()));
            }
        }
    }
    Ok(())
}

async fn counters(process: &Process, model: &Model) -> Result<(), String> {
    let rows = process.query("SELECT scope, failures, wait_until FROM attempt").await;
    let found = rows.iter().map(|row| {
        let (scope, failures): (String, i32) = (row.try_get("", "scope")?, row.try_get("", "failures")?);
        let wait: chrono::DateTime<chrono::Utc> = row.try_get("", "wait_until")?;
        Ok::<_, sea_orm::DbErr>((scope, failures, wait))
    });
    let mut found = found.collect::<Result<Vec<_>, _>>().map_err(|error| error.to_string())?;
    let scope = |subject: &Subject| match subject {
        Subject::Credential(_) | Subject::UnknownCode(_) => "credential".to_owned(),
        Subject::Address(..) => "address".to_owned(),
        Subject::AllCodes(_) => "all-codes".to_owned(),
    };
    let mut meant: Vec<_> =
        model.counters.iter().map(|(subject, counter)| (scope(subject), counter.failures, counter.wait_until)).collect();
    found.sort();
    meant.sort();
    if found == meant { Ok(()) } else { Err(format!("attempts\n  found: {found:?}\n  expected: {meant:?}")) }
}

async fn states(process: &Process, model: &Model) -> Result<(), String> {
    let rows = process.query("SELECT id, state, closed_reason, flagged, answer_until, amend_until FROM invitation").await;
    for row in rows {
        let id: uuid::Uuid = row.try_get("", "id").map_err(|error| error.to_string())?;
        let at = model.invitation_of(id.into()).ok_or_else(|| format!("invitation {id} is nobody's"))?;
        let found = (
            row.try_get::<String>("", "state").ok(),
            row.try_get::<Option<String>>("", "closed_reason").ok().flatten(),
            row.try_get::<bool>("", "flagged").ok(),
            row.try_get::<chrono::DateTime<chrono::Utc>>("", "answer_until").ok(),
            row.try_get::<chrono::DateTime<chrono::Utc>>("", "amend_until").ok(),
        );
        let own = &model.invitations[at];
        let reason = own.state.reason_word().map(str::to_owned);
        let meant = (Some(own.state.word().to_owned()), reason, Some(own.flagged), Some(own.answer_until), Some(own.amend_until));
        if found != meant {
            return Err(format!("invitation {at}\n  found: {found:?}\n  expected: {meant:?}"));
        }
    }
    Ok(())
}

/// Reads every version of every response, as a doctor who states a ground.
pub fn readings(model: &Model) -> Vec<Step> {
    let mut steps = Vec::new();
    for (at, row) in model.responses.iter().enumerate() {
        let doctor = model.world.called("doctor")[model.invitations[row.invitation].organization];
        let ground = Some(Ground::Emergency);
        for version in 1..=row.versions.len() {
            steps.extend(read_response(model, doctor, at, i32::try_from(version).ok(), ground));
        }
        steps.extend(read_versions(model, doctor, at, ground));
    }
    steps
}

/// Opens every link there is, each from an address of its own: the model says which of them open.
pub fn openings(model: &Model) -> Vec<Step> {
    (0..model.credentials.len()).map(|at| open_with(model, at, at)).collect()
}

/// Columns that are sealed.
const SEALED: [(&str, &str); 10] = [
    ("patient", "name_sealed"),
    ("patient", "birth_date_sealed"),
    ("patient", "contact_sealed"),
    ("patient_key", "wrapped"),
    ("patient_identifier", "value_sealed"),
    ("draft", "answers_sealed"),
    ("draft", "respondent_sealed"),
    ("response", "digest_sealed"),
    ("response_version", "answers_sealed"),
    ("response_version", "respondent_sealed"),
];

/// No sealed value stands twice, not even of the same words; none is readable.
pub async fn secrecy(machine: &Machine, process: &Process) -> Result<(), String> {
    let mut nonces = HashSet::new();
    for (table, column) in SEALED {
        let rows = process.query(&format!("SELECT {column} AS value FROM {table} WHERE {column} IS NOT NULL")).await;
        for row in rows {
            let value: Vec<u8> = row.try_get("", "value").map_err(|error| error.to_string())?;
            // Of who has been erased nothing is left.
            if !value.is_empty() && !nonces.insert(value) {
                return Err(format!("{table}.{column}: a sealed value stands twice"));
            }
        }
    }
    let bytes = machine.bytes();
    let words: BTreeSet<&[u8]> = [MARKER.as_bytes(), b"Oppdiktet Person", b"@post.example"].into();
    for word in words {
        if bytes.windows(word.len()).any(|part| part == word) {
            return Err(format!("{} stands readable in the database", String::from_utf8_lossy(word)));
        }
    }
    Ok(())
}

/// The chain of each organization is whole, as long as the model says, and holds every head that was
/// ever signed.
pub async fn chains(process: &Process, model: &Model, saved: &mut Vec<Note>) -> Result<(), String> {
    for text in access_log::newest_heads(&process.services).await.map_err(|error| error.to_string())? {
        let note = Note::parse(&text).ok_or("a head that is none")?;
        if !saved.contains(&note) {
            saved.push(note);
        }
    }
    let keys = PublicKeys::of(&process.services.ring).map_err(|error| error.to_string())?;
    let outcomes = access_log::verify(&process.services.db, &keys, saved).await.map_err(|error| error.to_string())?;
    for (at, organization) in model.world.organizations.iter().enumerate() {
        let outcome = outcomes.iter().find(|outcome| outcome.organization == organization.id).ok_or("a log was not checked")?;
        let found = (usize::try_from(outcome.size).ok(), usize::try_from(outcome.unsealed).ok(), &outcome.broken);
        if found != (Some(model.sealed[at]), Some(model.unsealed(at)), &None) {
            return Err(format!("the chain of organization {at}: {outcome:?}"));
        }
    }
    Ok(())
}
