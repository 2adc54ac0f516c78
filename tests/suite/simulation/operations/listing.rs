//! Lists: worklists, timelines, look-up by number, who has seen what.

use super::choosing::caller;
use super::reading::{READERS, logged};
use super::{Choice, words};
use crate::simulation::model::{Logged, Model};
use crate::simulation::step::{Meant, Port, Step, Told};
use crate::simulation::world::{Deed, may};
use chrono::{Days, NaiveDate};
use kartlegging::domain::actor::{Actor, Role};
use kartlegging::domain::clock::{oslo_date, oslo_day_start};
use kartlegging::domain::language::Language;
use kartlegging::domain::policy::Ground;
use kartlegging::services::patients;
use kartlegging::services::worklist::{self as listing, Query};
use std::rc::Rc;

/// Opens a worklist.
pub fn worklist(choice: &mut Choice<'_>) -> Option<Step> {
    let unit = choice.dice.below(choice.model.world.units.len());
    let actor = choice.somebody(choice.model.world.units[unit].organization, &["nurse", "colleague", "doctor"]);
    let from = oslo_date(choice.model.now) - Days::new(10) + Days::new(u64::try_from(choice.dice.below(25)).ok()?);
    let days = choice.dice.between(-1, 32);
    let to = from + chrono::Duration::days(days);
    let world = Rc::clone(&choice.model.world);
    let query = Query { unit: world.units[unit].id, from, to, limit: 500, cursor: None, language: Language::nb() };
    let real = move |services, request: String| async move {
        match listing::list(&services, &caller(&world, actor, &request, None), query).await {
            Err(error) => Told::text(words::worklist(&error)),
            Ok(page) => Told::late(move |model| {
                let rows = page.rows.iter().map(|row| {
                    let name = row.person.as_ref().map_or("nobody", |person| person.name.as_str());
                    let visit = row.visit.as_ref().map(|visit| (model.visit_of(visit.id), visit.starts_at));
                    let invitation = row
                        .invitation
                        .as_ref()
                        .map(|part| (model.invitation_of(part.id), words::state(part.state), part.flagged, part.sent));
                    let response = row.response.as_ref().map(|part| (model.response_of(part.id), part.version, part.unread, row.score));
                    format!("{visit:?} {:?} {name} {invitation:?} {response:?}", row.due_on)
                });
                sorted(rows.collect())
            }),
        }
    };
    Some(Step::new(format!("worklist of unit {unit} from {from} to {to} by {actor}"), real, move |port: Port| async move {
        if !(0..=30).contains(&days) {
            return Meant::text("window");
        }
        let seen = port.look(|model| {
            if model.world.units[unit].organization != model.home(actor) {
                return Err("not found".to_owned());
            }
            let ground = may(model, actor, Deed::Worklist, &[unit], None)?;
            let rows = rows(model, unit, from, to);
            let patients = rows.iter().map(|(patient, _)| *patient).collect();
            let deed = Logged { unit: Some(unit), ground, ..Logged::new("worklist.read", patients) };
            Ok((Meant::text(sorted(rows.into_iter().map(|(_, text)| text).collect())), deed))
        });
        logged(&port, actor, seen).await
    }))
}

pub fn sorted(mut rows: Vec<String>) -> String {
    rows.sort();
    rows.join("\n")
}

/// Rows of a worklist: patient and text.
fn rows(model: &Model, unit: usize, from: NaiveDate, to: NaiveDate) -> Vec<(usize, String)> {
    let (first, last) = (oslo_day_start(from), oslo_day_start(to + Days::new(1)));
    let mut rows = Vec::new();
    for (visit, row) in
        model.visits.iter().enumerate().filter(|(_, row)| row.unit == unit && row.starts_at >= first && row.starts_at < last)
    {
        let all: Vec<usize> = (0..model.invitations.len()).filter(|at| model.invitations[*at].visit == Some(visit)).collect();
        let live: Vec<usize> = all.iter().copied().filter(|at| model.invitations[*at].live()).collect();
        let newest = all.iter().copied().max_by_key(|at| (model.invitations[*at].created_at, model.invitations[*at].id));
        let shown: Vec<Option<usize>> = if live.is_empty() { vec![newest] } else { live.into_iter().map(Some).collect() };
        for invitation in shown {
            let visit = Some((Some(visit), row.starts_at));
            rows.push((row.patient, row_text(model, visit, row.patient, invitation)));
        }
    }
    for (at, row) in model.invitations.iter().enumerate() {
        if row.unit == unit && row.visit.is_none() && row.due_on.is_some_and(|due| due >= from && due <= to) {
            rows.push((row.patient, row_text(model, None, row.patient, Some(at))));
        }
    }
    rows
}

type At = (Option<usize>, chrono::DateTime<chrono::Utc>);

fn row_text(model: &Model, visit: Option<At>, patient: usize, invitation: Option<usize>) -> String {
    let due = invitation.and_then(|at| model.invitations[at].due_on);
    let part = invitation.map(|at| {
        let row = &model.invitations[at];
        (Some(at), words::state(row.state), row.flagged, !row.credentials.is_empty())
    });
    let known = &model.patients[patient];
    let response = invitation.and_then(|at| model.invitations[at].response).filter(|_| !known.erased).map(|at| {
        let row = &model.responses[at];
        let newest = i32::try_from(row.versions.len()).unwrap_or(0);
        let unread = row.reviews.iter().all(|(version, _)| *version != newest);
        (Some(at), newest, unread, row.versions.last().and_then(|version| version.given.score))
    });
    format!("{visit:?} {due:?} {} {part:?} {response:?}", if known.erased { "nobody" } else { &known.name })
}

impl Choice<'_> {
    fn patient(&mut self) -> Option<usize> {
        let known: Vec<usize> = (0..self.model.patients.len()).filter(|row| self.model.patients[*row].id.is_some()).collect();
        self.dice.pick(&known)
    }
}

/// Opens a patient's timeline.
pub fn timeline(choice: &mut Choice<'_>) -> Option<Step> {
    let row = choice.patient()?;
    let actor = choice.somebody(choice.model.patients[row].organization, &READERS);
    let ground = choice.ground();
    let (world, id) = (Rc::clone(&choice.model.world), choice.model.patients[row].id?);
    let real = move |services, request: String| async move {
        match patients::timeline(&services, &caller(&world, actor, &request, ground), id).await {
            Err(error) => Told::text(words::patient(&error)),
            Ok((view, events)) => Told::late(move |model| {
                let events = events.iter().map(|event| {
                    let at = match event.kind {
                        "appointment" => model.visit_of(event.id.into()),
                        "invitation" => model.invitation_of(event.id.into()),
                        _ => model.response_of(event.id.into()),
                    };
                    format!("{} {at:?} {} {:?} {}", event.kind, event.state, event.score, event.at)
                });
                format!("{}: {}", view.person.name, sorted(events.collect()))
            }),
        }
    };
    Some(Step::new(format!("timeline of patient {row} by {actor} on {ground:?}"), real, move |port: Port| async move {
        let seen = port.look(|model| {
            let ties = of_own(model, actor, row)?;
            let granted = may(model, actor, Deed::Read, &ties, ground.map(Ground::word))?;
            if model.patients[row].erased {
                return Err("erased".to_owned());
            }
            let text = format!("{}: {}", model.patients[row].name, sorted(events(model, row)));
            let unit = model.reading_unit(actor, Role::Clinician, &ties);
            Ok((Meant::text(text), Logged { unit, ground: granted, ..Logged::new("patient.timeline", vec![row]) }))
        });
        logged(&port, actor, seen).await
    }))
}

/// Ties of a patient of the actor's organization.
fn of_own(model: &Model, actor: usize, patient: usize) -> Result<Vec<usize>, String> {
    if model.patients[patient].organization != model.home(actor) {
        return Err("not found".to_owned());
    }
    Ok(model.care_units(actor, patient))
}

fn events(model: &Model, patient: usize) -> Vec<String> {
    let visits = model.visits.iter().enumerate().filter(|(_, row)| row.patient == patient);
    let visits = visits.map(|(at, row)| {
        let status = if row.cancelled { "cancelled" } else { "booked" };
        format!("appointment {:?} {status} None {}", Some(at), row.starts_at)
    });
    let invitations = model.invitations.iter().enumerate().filter(|(_, row)| row.patient == patient);
    let asked = invitations.clone().map(|(at, row)| format!("invitation {:?} {} None {}", Some(at), row.state.word(), row.created_at));
    let answers = invitations.filter_map(|(_, row)| row.response).map(|at| {
        let versions = &model.responses[at].versions;
        let newest = versions.last().expect("a version");
        let state = if versions.len() > 1 { "amended" } else { "completed" };
        format!("response {:?} {state} {:?} {}", Some(at), newest.given.score, newest.at)
    });
    visits.chain(asked).chain(answers).collect()
}

/// Looks somebody up by number.
pub fn search(choice: &mut Choice<'_>) -> Option<Step> {
    let organization = choice.dice.below(choice.model.world.organizations.len());
    let actor = choice.somebody(organization, &READERS);
    let world = Rc::clone(&choice.model.world);
    let person = choice.dice.below(world.persons.len());
    let identifier = world.persons[person].identifier.clone()?;
    let real = move |services, request: String| async move {
        match patients::search(&services, &caller(&world, actor, &request, None), identifier).await {
            Err(error) => Told::text(words::patient(&error)),
            Ok(None) => Told::text("nobody"),
            Ok(Some(view)) => Told::late(move |model| {
                let at = model.patients.iter().position(|row| row.id == Some(view.id));
                format!("{at:?} {} {}", view.person.name, view.person.birth_date)
            }),
        }
    };
    Some(Step::new(format!("search person {person} by {actor}"), real, move |port: Port| async move {
        let seen = port.look(|model| {
            let ground = may(model, actor, Deed::Search, &[], None)?;
            let found = model.known_patient(model.home(actor), person);
            let text =
                found.map_or("nobody".to_owned(), |at| format!("{:?} {} {}", Some(at), model.patients[at].name, model.patients[at].born));
            let unit = found.and_then(|at| model.reading_unit(actor, Role::Clinician, &model.care_units(actor, at)));
            Ok((Meant::text(text), Logged { unit, ground, ..Logged::new("patient.search", found.into_iter().collect()) }))
        });
        logged(&port, actor, seen).await
    }))
}

/// Who has seen a patient's data.
pub fn log(choice: &mut Choice<'_>) -> Option<Step> {
    let row = choice.patient()?;
    let actor = choice.somebody(choice.model.patients[row].organization, &["leader", "manager", "auditor"]);
    let (world, id) = (Rc::clone(&choice.model.world), choice.model.patients[row].id?);
    let real = move |services, request: String| async move {
        match patients::access_log(&services, &caller(&world, actor, &request, None), id, None, 100_000).await {
            Err(error) => Told::text(words::patient(&error)),
            Ok((entries, _)) => {
                let entries =
                    entries.iter().map(|entry| format!("{} {} {} {}", entry.request_id, entry.action, entry.result, entry.actor_kind));
                Told::text(sorted(entries.collect()))
            }
        }
    };
    Some(Step::new(format!("log of patient {row} by {actor}"), real, move |port: Port| async move {
        let seen = port.look(|model| {
            let ties = of_own(model, actor, row)?;
            let ground = may(model, actor, Deed::Log, &ties, None)?;
            let unit = model.reading_unit(actor, Role::UnitAdmin, &ties);
            Ok((Meant::text(entries(model, actor, row)), Logged { unit, ground, ..Logged::new("access-log.read", vec![row]) }))
        });
        logged(&port, actor, seen).await
    }))
}

/// A patient's entries as that actor sees them: the leader of a unit those of the unit.
fn entries(model: &Model, actor: usize, patient: usize) -> String {
    let own = match &model.world.actors[actor].actor {
        Actor::Clinician(person) if !person.has(Role::OrganizationAdmin) && !person.has(Role::Auditor) => {
            Some(person.units(Role::UnitAdmin))
        }
        _ => None,
    };
    let shown = model.log.iter().filter(|entry| entry.patients.contains(&patient));
    let shown =
        shown.filter(|entry| own.as_ref().is_none_or(|own| entry.unit.is_some_and(|unit| own.contains(&model.world.units[unit].id))));
    sorted(shown.map(|entry| format!("{} {} {} {}", entry.request, entry.action, entry.result, entry.kind)).collect())
}
