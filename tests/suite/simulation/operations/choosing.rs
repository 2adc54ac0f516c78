//! Whom and what operations choose.

use super::Choice;
use crate::simulation::model::{Order, Visiting};
use crate::simulation::world::World;
use chrono::{Days, Duration};
use kartlegging::domain::clock::oslo_date;
use kartlegging::domain::policy::Ground;
use kartlegging::services::Caller;
use kartlegging::services::issue_invitations::{self as issuing, Contact, PatientData};
use std::rc::Rc;

/// One of the actors as a caller.
pub fn caller(world: &World, actor: usize, request: &str, ground: Option<Ground>) -> Caller {
    Caller { actor: world.actors[actor].actor.clone(), request_id: request.to_owned(), ground, ground_text: None }
}

impl Choice<'_> {
    /// An actor of an organization by name.
    pub fn called(&mut self, organization: usize, names: &[&str]) -> usize {
        let name = names[self.dice.below(names.len())];
        self.model.world.called(name)[organization]
    }

    /// Somebody, mostly of that organization.
    pub fn somebody(&mut self, organization: usize, names: &[&str]) -> usize {
        let other = self.dice.one_in(12).then(|| self.dice.below(self.model.world.organizations.len()));
        let all = ["letters", "journal", "desk", "nurse", "colleague", "doctor", "leader", "manager", "auditor"];
        if self.dice.one_in(8) {
            self.called(other.unwrap_or(organization), &all)
        } else {
            self.called(other.unwrap_or(organization), names)
        }
    }

    /// An invitation whose id is known.
    pub fn invitation(&mut self) -> Option<usize> {
        let known: Vec<usize> = (0..self.model.invitations.len()).filter(|row| self.model.invitations[*row].id.is_some()).collect();
        self.dice.lately(&known)
    }

    pub fn soon(&mut self) -> chrono::DateTime<chrono::Utc> {
        let minutes = if self.dice.one_in(30) { -self.dice.between(0, 5000) } else { self.dice.between(30, 40 * 24 * 60) };
        self.model.now + Duration::minutes(minutes)
    }

    pub fn order(&mut self, organization: usize) -> Order {
        let world = Rc::clone(&self.model.world);
        let person = self.dice.below(world.persons.len());
        let known = &world.persons[person];
        let slip = u64::from(self.dice.one_in(if known.identifier.is_some() { 30 } else { 3 }));
        let own = world.units_of(organization);
        let unit = if self.dice.one_in(30) { self.dice.below(world.units.len()) } else { own[self.dice.below(own.len())] };
        let visit = (!self.dice.one_in(3)).then(|| {
            let known: Vec<&String> =
                self.model.visits.iter().filter(|row| row.organization == organization).filter_map(|row| row.external.as_ref()).collect();
            let external = match self.dice.below(8) {
                0 => None,
                1 if !known.is_empty() => self.dice.lately(&known).cloned(),
                _ => Some(format!("V-{}", self.number)),
            };
            Visiting { external, starts_at: self.soon(), unit }
        });
        let today = oslo_date(self.model.now);
        let due = (visit.is_none() && self.dice.one_in(2))
            .then(|| today + Days::new(60) - Days::new(u64::try_from(self.dice.between(0, 100)).unwrap_or(0)));
        Order {
            person,
            name: if self.dice.one_in(10) { format!("{} Gift", known.name) } else { known.name.clone() },
            born: known.born + Days::new(slip),
            unit: (visit.is_none() && !self.dice.one_in(40)).then_some(unit),
            visit,
            due_on: due,
            form: [None, None, None, Some("distress-thermometer"), Some("follow-up"), Some("follow-up")][self.dice.below(6)]
                .or_else(|| self.dice.one_in(40).then_some("no-such-form")),
            answer_until: self.dice.one_in(8).then(|| self.soon()),
            contact: match self.dice.below(8) {
                0 | 1 => None,
                2 => Some(Contact { email: None, phone: None }),
                3 => Some(Contact { email: Some(format!("ny{person}@post.example")), phone: None }),
                _ => Some(Contact { email: Some(format!("a{person}@post.example")), phone: None }),
            },
        }
    }
}

pub fn real_order(world: &World, order: &Order) -> issuing::Order {
    issuing::Order {
        patient: PatientData {
            identifier: world.persons[order.person].identifier.clone(),
            name: order.name.clone(),
            birth_date: order.born,
            language: None,
            contact: order.contact.clone(),
            representatives: Vec::new(),
        },
        visit: order.visit.as_ref().map(|visit| issuing::Visit {
            external_id: visit.external.clone(),
            starts_at: visit.starts_at,
            unit: world.units[visit.unit].id,
        }),
        unit: order.unit.map(|unit| world.units[unit].id),
        due_on: order.due_on,
        form: order.form.map(|form| (form.to_owned(), None)),
        answer_until: order.answer_until,
    }
}
