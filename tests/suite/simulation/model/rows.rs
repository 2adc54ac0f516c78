//! What operations do to rows: issuing, moving visits, handing in, closing.

use super::{Credential, Invitation, Logged, Model, Patient, Response, Version, Visit};
use crate::simulation::given::Given;
use crate::simulation::world::{Deed, may};
use chrono::{DateTime, Duration, NaiveDate, Utc};
use kartlegging::domain::clock::{oslo_date, oslo_day_start};
use kartlegging::domain::invitation::{ClosedReason, InvitationState};
use kartlegging::domain::respondent::Respondent;
use kartlegging::services::issue_invitations::Contact;
use std::rc::Rc;

/// An order, with what was chosen for it.
#[derive(Debug, Clone)]
pub struct Order {
    pub person: usize,
    pub name: String,
    pub born: NaiveDate,
    pub visit: Option<Visiting>,
    pub unit: Option<usize>,
    pub due_on: Option<NaiveDate>,
    pub form: Option<&'static str>,
    pub answer_until: Option<DateTime<Utc>>,
    /// How the patient is reached, where it is told; with no address where there is none.
    pub contact: Option<Contact>,
}

/// A visit of an order.
#[derive(Debug, Clone)]
pub struct Visiting {
    pub external: Option<String>,
    pub starts_at: DateTime<Utc>,
    pub unit: usize,
}

/// Numbers of what an operation makes, kind by kind.
#[derive(Debug, Default)]
pub struct Made {
    pub invitations: usize,
    pub visits: usize,
}

fn refused<T>(pointer: &str, fault: &str) -> Result<T, String> {
    Err(format!("field {pointer} {fault}"))
}

impl Model {
    fn unit_of(&self, actor: usize, order: &Order) -> Result<usize, String> {
        let (pointer, unit) = match &order.visit {
            Some(visit) => ("/appointment/unit", Some(visit.unit)),
            None => ("/unit", order.unit),
        };
        match unit {
            Some(unit) if self.world.units[unit].organization == self.home(actor) => Ok(unit),
            _ => refused(pointer, "UnitUnknown"),
        }
    }

    /// Ends of answering and of amending.
    fn times(&self, order: &Order) -> (DateTime<Utc>, DateTime<Utc>) {
        if let Some(visit) = &order.visit {
            return (order.answer_until.map_or(visit.starts_at, |until| until.min(visit.starts_at)), visit.starts_at);
        }
        let due = order.due_on.map_or(self.now, oslo_day_start);
        let until = order.answer_until.unwrap_or(due + Duration::days(30));
        (until, until + Duration::days(7))
    }

    fn check_times(&self, order: &Order) -> Result<(), String> {
        if order.visit.as_ref().is_some_and(|visit| visit.starts_at <= self.now) {
            return refused("/appointment/starts_at", "OutOfRange");
        }
        if order.answer_until.is_some_and(|until| until <= self.now) {
            return refused("/answer_until", "OutOfRange");
        }
        let over = order.due_on.is_some_and(|due| oslo_day_start(due) + Duration::days(30) <= self.now);
        if over && order.visit.is_none() && order.answer_until.is_none() {
            return refused("/answer_until", "OutOfRange");
        }
        Ok(())
    }

    /// The patient of an organization that is that person, known by number.
    pub fn known_patient(&self, organization: usize, person: usize) -> Option<usize> {
        self.world.persons[person].identifier.as_ref()?;
        self.patients.iter().position(|row| row.organization == organization && row.person == person && !row.erased)
    }

    /// Patient and known visit of an order; refuses before anything is changed.
    fn who_and_when(&self, organization: usize, order: &Order) -> Result<(Option<usize>, Option<usize>), String> {
        let identifier = self.world.persons[order.person].identifier.as_ref();
        if identifier.is_some_and(|identifier| !identifier.agrees_with(order.born)) {
            return refused("/patient/birth_date", "Mismatch");
        }
        let patient = self.known_patient(organization, order.person);
        let Some(visit) = &order.visit else { return Ok((patient, None)) };
        let known = visit.external.as_ref().and_then(|external| {
            self.visits.iter().position(|row| row.organization == organization && row.external.as_ref() == Some(external))
        });
        if known.is_some_and(|known| Some(self.visits[known].patient) != patient || self.visits[known].unit != visit.unit) {
            return refused("/appointment/external_id", "Mismatch");
        }
        Ok((patient, known))
    }

    fn put_patient(&mut self, organization: usize, order: &Order, known: Option<usize>) -> usize {
        if let Some(known) = known {
            self.patients[known].born = order.born;
            self.patients[known].name.clone_from(&order.name);
            if let Some(contact) = &order.contact {
                self.patients[known].address.clone_from(&contact.email);
            }
            return known;
        }
        let (person, born, name) = (order.person, order.born, order.name.clone());
        let (wrapped, newest) = self.vault[organization];
        let indexed = (1..=newest).collect();
        let address = order.contact.as_ref().and_then(|contact| contact.email.clone());
        self.patients.push(Patient {
            organization,
            id: None,
            person,
            born,
            name,
            address,
            stopped: false,
            erased: false,
            wrapped,
            indexed,
        });
        self.patients.len() - 1
    }

    fn put_visit(&mut self, actor: usize, visit: &Visiting, known: Option<usize>, patient: usize, mark: u32, made: &mut Made) -> usize {
        let Some(known) = known else {
            self.visits.push(Visit {
                organization: self.home(actor),
                unit: visit.unit,
                id: None,
                mark,
                nth: made.visits,
                patient,
                external: visit.external.clone(),
                starts_at: visit.starts_at,
                cancelled: false,
                by: self.person(actor),
            });
            made.visits += 1;
            return self.visits.len() - 1;
        };
        self.visits[known].cancelled = false;
        self.move_visit(known, visit.starts_at);
        known
    }

    /// Gives a visit another time, and what hangs on it its ends.
    pub fn move_visit(&mut self, visit: usize, to: DateTime<Utc>) {
        let from = std::mem::replace(&mut self.visits[visit].starts_at, to);
        if from == to {
            return;
        }
        let again = self.mailing[self.visits[visit].unit].reminds_after(to, self.now);
        for row in self.invitations.iter_mut().filter(|row| row.visit == Some(visit)) {
            if again {
                row.told[1] = None;
            }
            for end in [&mut row.answer_until, &mut row.amend_until] {
                if *end == from || *end > to {
                    *end = to;
                }
            }
        }
    }

    /// Registers a visit.
    pub fn register(&mut self, actor: usize, order: &Order, request: &str, mark: u32) -> Result<usize, String> {
        let unit = self.unit_of(actor, order)?;
        let ground = may(self, actor, Deed::Invite, &[unit], None)?;
        let (patient, known) = self.who_and_when(self.home(actor), order)?;
        let patient = self.put_patient(self.home(actor), order, patient);
        let visit = order.visit.as_ref().expect("a visit");
        let visit = self.put_visit(actor, visit, known, patient, mark, &mut Made::default());
        self.log_actor(actor, request, Logged { unit: Some(unit), ground, ..Logged::new("appointment.register", vec![patient]) });
        Ok(visit)
    }

    /// Issues: invitation and credential, or the live invitation that is in the way.
    pub fn issue(
        &mut self,
        actor: usize,
        order: &Order,
        request: &str,
        mark: u32,
        made: &mut Made,
    ) -> Result<Result<(usize, usize), usize>, String> {
        let unit = self.unit_of(actor, order)?;
        let ground = may(self, actor, Deed::Invite, &[unit], None)?;
        if order.form == Some("no-such-form") {
            return refused("/questionnaire/name", "QuestionnaireUnknown");
        }
        self.check_times(order)?;
        let (patient, known) = self.who_and_when(self.home(actor), order)?;
        let patient = self.put_patient(self.home(actor), order, patient);
        let visit = order.visit.as_ref().map(|visit| self.put_visit(actor, visit, known, patient, mark, made));
        let form = order.form.unwrap_or("distress-thermometer").to_owned();
        let due_on = if visit.is_some() { None } else { Some(order.due_on.unwrap_or_else(|| oslo_date(self.now))) };
        let (answer_until, amend_until) = self.times(order);
        let entry = Logged { unit: Some(unit), ground, ..Logged::new("invitation.issue", vec![patient]) };
        if let Some(live) = self.live(visit, unit, patient, due_on, &form, None) {
            self.log_actor(actor, request, Logged { result: "invitation-exists", ..entry });
            return Ok(Err(live));
        }
        let row = Invitation {
            organization: self.home(actor),
            unit,
            id: None,
            mark,
            nth: made.invitations,
            patient,
            visit,
            form,
            state: InvitationState::Issued,
            flagged: false,
            due_on,
            answer_until,
            amend_until,
            created_at: self.now,
            by: self.person(actor),
            credentials: Vec::new(),
            told: [None; 2],
            draft: None,
            response: None,
        };
        made.invitations += 1;
        self.invitations.push(row);
        let invitation = self.invitations.len() - 1;
        let credential = self.add_letter(invitation);
        self.log_actor(actor, request, entry);
        Ok(Ok((invitation, credential)))
    }

    /// Another live invitation of the same occasion.
    pub fn live(
        &self,
        visit: Option<usize>,
        unit: usize,
        patient: usize,
        due_on: Option<NaiveDate>,
        form: &str,
        but: Option<usize>,
    ) -> Option<usize> {
        let same = |row: &Invitation| match visit {
            Some(_) => row.visit == visit,
            None => row.visit.is_none() && row.unit == unit && row.patient == patient && row.due_on == due_on,
        };
        (0..self.invitations.len()).find(|at| {
            let row = &self.invitations[*at];
            but != Some(*at) && row.live() && row.form == form && same(row)
        })
    }

    /// Another live invitation in the place of this one.
    pub fn rival(&self, invitation: usize) -> Option<usize> {
        let row = &self.invitations[invitation];
        self.live(row.visit, row.unit, row.patient, row.due_on, &row.form, Some(invitation))
    }

    pub fn add_letter(&mut self, invitation: usize) -> usize {
        self.add_credential(invitation, false, self.generation(invitation) + 1)
    }

    /// The newest generation of an invitation's credentials.
    pub fn generation(&self, invitation: usize) -> i32 {
        self.invitations[invitation].credentials.iter().map(|at| self.credentials[*at].generation).max().unwrap_or(0)
    }

    pub fn add_credential(&mut self, invitation: usize, mail: bool, generation: i32) -> usize {
        self.credentials.push(Credential { invitation, secrets: None, revoked: false, mail, generation });
        let credential = self.credentials.len() - 1;
        self.invitations[invitation].credentials.push(credential);
        credential
    }

    pub fn revoke_credentials(&mut self, invitation: usize) {
        for credential in &self.invitations[invitation].credentials {
            self.credentials[*credential].revoked = true;
        }
    }

    pub fn end_sessions(&mut self, invitation: usize) {
        for session in self.sessions.iter_mut().filter(|row| row.invitation == invitation) {
            session.ended = true;
        }
    }

    /// Closes what is overdue.
    pub fn expire(&mut self, invitation: usize, request: &str) {
        self.invitations[invitation].state = InvitationState::Closed(ClosedReason::Expired);
        self.invitations[invitation].draft = None;
        self.log_system(invitation, request, "invitation.expire", "ok");
    }

    /// Whether it could be closed as overdue: it waits for answers.
    pub fn waits(&self, invitation: usize) -> bool {
        matches!(self.invitations[invitation].state, InvitationState::Issued | InvitationState::Opened | InvitationState::Started)
    }

    /// Hands in. The response, and whether that made a version.
    pub fn hand_in(&mut self, invitation: usize, given: &Rc<Given>, by: &Respondent, staff: bool, language: &str) -> (usize, bool) {
        let now = self.now;
        let response = if let Some(response) = self.invitations[invitation].response {
            let newest = self.responses[response].versions.last().expect("a version");
            if newest.given.flat == given.flat && newest.by == *by {
                return (response, false);
            }
            response
        } else {
            self.responses.push(Response { invitation, id: None, versions: Vec::new(), reviews: Vec::new() });
            self.responses.len() - 1
        };
        let version = Version { given: Rc::clone(given), by: by.clone(), staff, at: now, language: language.to_owned() };
        self.responses[response].versions.push(version);
        let row = &mut self.invitations[invitation];
        row.response = Some(response);
        row.state = InvitationState::Answered;
        (response, true)
    }
}
