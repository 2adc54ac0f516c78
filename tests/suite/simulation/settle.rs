//! After each step: what was answered is what the model says, ids are learnt, and the access log has an
//! entry for each read and write and no other.

use super::finding::resolve;
use super::ledger::{Seen, compare_log};
use super::letters;
use super::model::Model;
use super::process::Process;
use super::stage::Outcome;
use super::step::{Fact, Row};
use sea_orm::{QueryResult, TryGetable};
use std::hash::Hash;

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
        (&outcome.what, &meant.text).hash(&mut seen.digest);
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
    letters::compare(model, seen)?;
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
pub fn know<T: PartialEq + Copy + std::fmt::Debug>(slot: &mut Option<T>, id: T) -> Result<(), String> {
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

pub fn get<T: TryGetable>(row: &QueryResult, column: &str) -> T {
    row.try_get("", column).unwrap_or_else(|error| panic!("{column}: {error}"))
}
