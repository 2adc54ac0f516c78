//! The operator rotates an organization's key.

use super::Choice;
use crate::simulation::model::Model;
use crate::simulation::step::{Lost, Meant, Port, Step, Told};
use kartlegging::services::Services;
use kartlegging::services::keys::rotate::rotate as rotating;
use kartlegging::services::keys::{Error, Target};
use std::rc::Rc;

/// Rows in one unit of work.
const BATCH: usize = 100;

/// Rotates; a run that was ended goes on where it was.
pub fn rotate(choice: &mut Choice<'_>) -> Option<Step> {
    let world = Rc::clone(&choice.model.world);
    let organization = choice.dice.below(world.organizations.len());
    let target = Target::Organization(world.organizations[organization].id);
    let real = move |services: Services, _| async move {
        match rotating(&services, target, &mut |_| {}).await {
            Ok(done) => Told::text(format!("version {}, {} rows", done.version, done.rows)),
            Err(Error::Left(rows)) => Told::text(format!("{rows} rows left")),
            Err(Error::Fault(_)) => Told::text("fault"),
            Err(error) => Told::text(error.to_string()),
        }
    };
    Some(Step::new(format!("rotate the key of {organization}"), real, move |port: Port| async move {
        meant(&port, organization).await.unwrap_or_else(Meant::from)
    }))
}

/// The instance takes in what the database has.
fn refresh(port: &Port) {
    let model = &mut *port.model.borrow_mut();
    model.vault.clone_from(&model.keys_of);
}

async fn meant(port: &Port, organization: usize) -> Result<Meant, Lost> {
    refresh(port);
    let (active, _) = port.look(|model| model.keys_of[organization]);
    let version = if port.look(|model| left(model, organization, active)) > 0 {
        active
    } else {
        let add = |model: &mut Model| {
            let (active, newest) = &mut model.keys_of[organization];
            if newest == active {
                *newest += 1;
            }
            *newest
        };
        let version = port.unit(add).await?;
        refresh(port);
        port.unit(|model| model.keys_of[organization].0 = version).await?;
        refresh(port);
        version
    };
    let mut done = 0;
    for _ in 0..5 {
        if port.look(|model| left(model, organization, version)) == 0 {
            return Ok(Meant::text(format!("version {version}, {done} rows")));
        }
        for part in [wrap, index] {
            let mut after = None;
            loop {
                let found = port.unit(|model| part(model, organization, version, after)).await?;
                done += found.len();
                let Some(last) = found.last() else { break };
                after = Some(*last);
            }
        }
        // Its webhooks: here it has none.
        port.unit(|_| ()).await?;
    }
    let left = port.look(|model| left(model, organization, version));
    Ok(Meant::text(if left == 0 { format!("version {version}, {done} rows") } else { format!("{left} rows left") }))
}

/// Patients of an organization that have a key, in the order of their ids.
fn readable(model: &Model, organization: usize) -> Vec<usize> {
    let mut rows: Vec<usize> = (0..model.patients.len()).collect();
    rows.retain(|row| model.patients[*row].organization == organization && !model.patients[*row].erased);
    rows.sort_by_key(|row| model.patients[*row].id);
    rows
}

fn unindexed(model: &Model, patient: usize, version: u16) -> bool {
    let row = &model.patients[patient];
    model.world.persons[row.person].identifier.is_some() && !row.indexed.contains(&version)
}

/// How much is not under a version.
fn left(model: &Model, organization: usize, version: u16) -> usize {
    let rows = readable(model, organization);
    let wrapped = rows.iter().filter(|row| model.patients[**row].wrapped != version).count();
    wrapped + rows.iter().filter(|row| unindexed(model, **row, version)).count()
}

/// Those behind one, at most so many.
fn some(model: &Model, rows: Vec<usize>, after: Option<usize>) -> Vec<usize> {
    let behind = |row: &usize| after.is_none_or(|after| model.patients[*row].id > model.patients[after].id);
    rows.into_iter().filter(behind).take(BATCH).collect()
}

fn wrap(model: &mut Model, organization: usize, version: u16, after: Option<usize>) -> Vec<usize> {
    let rows = readable(model, organization).into_iter().filter(|row| model.patients[*row].wrapped != version).collect();
    let found = some(model, rows, after);
    for row in &found {
        model.patients[*row].wrapped = version;
    }
    found
}

fn index(model: &mut Model, organization: usize, version: u16, after: Option<usize>) -> Vec<usize> {
    let rows = readable(model, organization).into_iter().filter(|row| unindexed(model, *row, version)).collect();
    let found = some(model, rows, after);
    for row in &found {
        model.patients[*row].indexed.insert(version);
    }
    found
}
