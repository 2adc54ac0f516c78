//! What ties a patient to units: who may read without a ground.

use super::Model;
use chrono::Duration;
use kartlegging::domain::actor::{Actor, Role};
use kartlegging::domain::clock::oslo_day_start;

impl Model {
    /// Units with a visit or an invitation near now, other than what the one who asks has made; in the
    /// order of their ids.
    pub fn care_units(&self, actor: usize, patient: usize) -> Vec<usize> {
        let organization = self.patients[patient].organization;
        let reach = Duration::days(self.world.organizations[organization].window);
        let near = |at| at >= self.now - reach && at <= self.now + reach;
        let asker = self.person(actor);
        let foreign = |by: Option<usize>| asker.is_none() || by != asker;
        let visits = self.visits.iter().filter(|row| row.patient == patient && near(row.starts_at) && foreign(row.by));
        let invitations = self.invitations.iter().filter(|row| {
            let due = row.due_on.map(oslo_day_start);
            row.patient == patient && foreign(row.by) && (near(row.created_at) || due.is_some_and(near))
        });
        let mut units: Vec<usize> = visits.map(|row| row.unit).chain(invitations.map(|row| row.unit)).collect();
        units.sort_by_key(|unit| self.world.units[*unit].id);
        units.dedup();
        units
    }

    /// The same for a response: the unit that asked may read what is recent.
    pub fn response_units(&self, actor: usize, response: usize) -> Vec<usize> {
        let invitation = &self.invitations[self.responses[response].invitation];
        let mut units = self.care_units(actor, invitation.patient);
        let reach = Duration::days(self.world.organizations[invitation.organization].window);
        if self.responses[response].versions.last().is_some_and(|newest| self.now - newest.at <= reach) {
            units.push(invitation.unit);
        }
        units
    }

    /// The actor, when it is a person.
    pub fn person(&self, actor: usize) -> Option<usize> {
        matches!(self.world.actors[actor].actor, Actor::Clinician(_)).then_some(actor)
    }

    /// The unit in which a person reads: one of theirs that the patient has a tie to.
    pub fn reading_unit(&self, actor: usize, role: Role, ties: &[usize]) -> Option<usize> {
        let Actor::Clinician(person) = &self.world.actors[actor].actor else { return None };
        let own = person.units(role);
        ties.iter().copied().find(|unit| own.contains(&self.world.units[*unit].id))
    }
}
