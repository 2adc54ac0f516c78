//! Clinicians, systems and auditors read: inside and outside the care relation, with and without a
//! ground, and in other organizations.

use super::choosing::caller;
use super::keeping::read;
use super::{Choice, words};
use crate::simulation::given;
use crate::simulation::model::{Logged, Model};
use crate::simulation::step::{Fact, Meant, Port, Row, Step, Told};
use crate::simulation::world::{Deed, may};
use kartlegging::domain::policy::Ground;
use kartlegging::services::responses::{self as reading, ResponseView};
use kartlegging::services::review as reviewing;
use std::rc::Rc;

pub const READERS: [&str; 4] = ["nurse", "colleague", "doctor", "journal"];

impl Choice<'_> {
    /// A response whose id is known.
    fn response(&mut self) -> Option<usize> {
        let known: Vec<usize> = (0..self.model.responses.len()).filter(|row| self.model.responses[*row].id.is_some()).collect();
        self.dice.lately(&known)
    }

    pub fn ground(&mut self) -> Option<Ground> {
        if self.dice.one_in(2) { self.dice.pick(&Ground::STATED) } else { None }
    }

    /// Mostly the newest version, sometimes an earlier one or one that is not there.
    fn version(&mut self, response: usize) -> Option<i32> {
        let newest = i64::try_from(self.model.responses[response].versions.len()).unwrap_or(0);
        if self.dice.one_in(2) { None } else { i32::try_from(self.dice.between(0, newest + 1)).ok() }
    }
}

/// An invitation's response of the actor's organization, with the ground of reading it.
fn allowed(model: &Model, actor: usize, response: usize, deed: Deed, stated: Option<Ground>) -> Result<Logged, String> {
    let invitation = model.responses[response].invitation;
    if model.invitations[invitation].organization != model.home(actor) {
        return Err("not found".to_owned());
    }
    let units = model.response_units(actor, response);
    let erased = model.patients[model.invitations[invitation].patient].erased;
    let ground = may(model, actor, deed, &units, stated.map(Ground::word))?;
    if erased {
        return Err("erased".to_owned());
    }
    Ok(Logged { ground, ..model.about(invitation, "response.read") })
}

/// A version's number: the one asked for, else the newest.
fn version_of(model: &Model, response: usize, asked: Option<i32>) -> Result<usize, String> {
    let newest = model.responses[response].versions.len();
    let version = asked.map_or(newest, |asked| usize::try_from(asked).unwrap_or(0));
    if (1..=newest).contains(&version) { Ok(version) } else { Err("not found".to_owned()) }
}

fn told_response(view: &ResponseView) -> Told {
    let review = view.review.as_ref().map(|review| (review.version, review.current));
    let by = view.respondent.kind;
    let text = format!(
        "version {} of {} from {} by {by:?} in {} at {} review {review:?}: {:?}",
        view.version,
        view.versions,
        view.source,
        view.language,
        view.submitted_at,
        given::flat(&view.answers)
    );
    let (patient, visit) = (Some(view.patient), view.appointment);
    let invitation = view.invitation.map(|id| Fact::Invitation { id, patient, visit, secrets: None });
    let mut told = Told::text(text).with(Fact::Response(view.id));
    told.facts.extend(invitation);
    told
}

pub fn told_entered(done: Result<ResponseView, String>) -> Told {
    done.map_or_else(Told::text, |view| told_response(&view))
}

/// A response in one of its versions.
pub fn meant_response(model: &Model, response: usize, version: usize) -> Meant {
    let row = &model.responses[response];
    let shown = &row.versions[version - 1];
    let newest = i32::try_from(row.versions.len()).unwrap_or(0);
    let review = row.reviews.iter().map(|(version, _)| *version).max().map(|version| (version, version == newest));
    let source = if shown.staff { "staff" } else { "patient" };
    let text = format!(
        "version {version} of {newest} from {source} by {:?} in {} at {} review {review:?}: {:?}",
        shown.by.kind, shown.language, shown.at, shown.given.flat
    );
    Meant::text(text).with(Row::Response(response)).with(Row::Invitation(row.invitation))
}

pub async fn logged(port: &Port, actor: usize, seen: Result<(Meant, Logged), String>) -> Meant {
    let (meant, deed) = match seen {
        Ok(seen) => seen,
        Err(why) => return Meant::text(why),
    };
    match read(port, actor, Ok((String::new(), deed))).await {
        Ok(_) => meant,
        Err(lost) => lost,
    }
}

/// Reads a response.
pub fn response(choice: &mut Choice<'_>) -> Option<Step> {
    let row = choice.response()?;
    let organization = choice.model.invitations[choice.model.responses[row].invitation].organization;
    let actor = choice.somebody(organization, &READERS);
    let (ground, version) = (choice.ground(), choice.version(row));
    read_response(choice.model, actor, row, version, ground)
}

/// Reads a version of a response as somebody, on a ground.
pub fn read_response(model: &Model, actor: usize, row: usize, version: Option<i32>, ground: Option<Ground>) -> Option<Step> {
    let (world, id) = (Rc::clone(&model.world), model.responses[row].id?);
    let what = format!("read response {row} version {version:?} by {actor} on {ground:?}");
    let real = move |services, request: String| async move {
        let done = reading::get(&services, &caller(&world, actor, &request, ground), id, version).await;
        told_entered(done.map_err(|error| words::response(&error)))
    };
    Some(Step::new(what, real, move |port: Port| async move {
        let seen = port.look(|model| {
            let deed = allowed(model, actor, row, Deed::Read, ground)?;
            Ok((meant_response(model, row, version_of(model, row, version)?), deed))
        });
        logged(&port, actor, seen).await
    }))
}

/// Lists the versions of a response.
pub fn versions(choice: &mut Choice<'_>) -> Option<Step> {
    let row = choice.response()?;
    let organization = choice.model.invitations[choice.model.responses[row].invitation].organization;
    let actor = choice.somebody(organization, &READERS);
    let ground = choice.ground();
    read_versions(choice.model, actor, row, ground)
}

/// Lists the versions of a response as somebody, on a ground.
pub fn read_versions(model: &Model, actor: usize, row: usize, ground: Option<Ground>) -> Option<Step> {
    let (world, id) = (Rc::clone(&model.world), model.responses[row].id?);
    let real = move |services, request: String| async move {
        match reading::versions(&services, &caller(&world, actor, &request, ground), id).await {
            Ok(views) => {
                let all: Vec<_> = views
                    .iter()
                    .map(|view| (view.version, view.source.as_str() == "staff", view.respondent.kind, view.submitted_at))
                    .collect();
                Told::text(format!("{all:?}"))
            }
            Err(error) => Told::text(words::response(&error)),
        }
    };
    Some(Step::new(format!("read versions of response {row} by {actor} on {ground:?}"), real, move |port: Port| async move {
        let seen = port.look(|model| {
            let deed = allowed(model, actor, row, Deed::Read, ground)?;
            let all: Vec<_> = (1..)
                .zip(&model.responses[row].versions)
                .map(|(number, version): (i32, _)| (number, version.staff, version.by.kind, version.at))
                .collect();
            Ok((Meant::text(format!("{all:?}")), Logged { action: "response.versions", ..deed }))
        });
        logged(&port, actor, seen).await
    }))
}

/// Reads a summary.
pub fn summary(choice: &mut Choice<'_>) -> Option<Step> {
    let row = choice.response()?;
    let organization = choice.model.invitations[choice.model.responses[row].invitation].organization;
    let actor = choice.somebody(organization, &READERS);
    let (ground, version) = (choice.ground(), choice.version(row));
    let (world, id) = (Rc::clone(&choice.model.world), choice.model.responses[row].id?);
    let what = format!("summary of response {row} version {version:?} by {actor} on {ground:?}");
    let real = move |services, request: String| async move {
        match reading::summary(&services, &caller(&world, actor, &request, ground), id, version, None).await {
            Ok(view) => Told::text(format!("version {} score {:?}", view.summary.version, view.summary.score.map(|score| score.value))),
            Err(error) => Told::text(words::response(&error)),
        }
    };
    Some(Step::new(what, real, move |port: Port| async move {
        let seen = port.look(|model| {
            let deed = allowed(model, actor, row, Deed::Read, ground)?;
            let version = version_of(model, row, version)?;
            let score = model.responses[row].versions[version - 1].given.score;
            Ok((Meant::text(format!("version {version} score {score:?}")), Logged { action: "response.summary", ..deed }))
        });
        logged(&port, actor, seen).await
    }))
}

/// Marks a version as read.
pub fn review(choice: &mut Choice<'_>) -> Option<Step> {
    let row = choice.response()?;
    let organization = choice.model.invitations[choice.model.responses[row].invitation].organization;
    let actor = choice.somebody(organization, &READERS);
    let newest = i32::try_from(choice.model.responses[row].versions.len()).ok()?;
    let (ground, version) = (choice.ground(), choice.version(row).unwrap_or(newest));
    let (world, id) = (Rc::clone(&choice.model.world), choice.model.responses[row].id?);
    let real = move |services, request: String| async move {
        match reviewing::review(&services, &caller(&world, actor, &request, ground), id, version).await {
            Ok(view) => Told::text(format!("reviewed {} {}", view.version, view.current)),
            Err(error) => Told::text(words::review(&error)),
        }
    };
    Some(Step::new(format!("review response {row} version {version} by {actor} on {ground:?}"), real, move |port: Port| async move {
        let request = port.request.clone();
        let done = port.unit(|model| {
            let deed = allowed(model, actor, row, Deed::Review, ground)?;
            let newest = i32::try_from(model.responses[row].versions.len()).unwrap_or(0);
            if version < 1 || version > newest {
                return Err("no such version".to_owned());
            }
            if version < newest {
                return Err("changed".to_owned());
            }
            let reviews = &mut model.responses[row].reviews;
            if !reviews.contains(&(version, actor)) {
                reviews.push((version, actor));
            }
            model.log_actor(actor, &request, Logged { action: "response.review", ..deed });
            Ok(Meant::text(format!("reviewed {version} true")))
        });
        match done.await {
            Err(lost) => lost.into(),
            Ok(done) => done.unwrap_or_else(Meant::text),
        }
    }))
}
