//! Who is there before anything happens: three organizations, their units, systems and people, and the
//! patients that more than one of them invites. All invented.

use super::model::Model;
use chrono::NaiveDate;
use kartlegging::domain::actor::{Actor, ClientActor, ClinicianActor, Grant, Role, Scope, Width};
use kartlegging::domain::identifier::{IdentifierSystem, PatientIdentifier};
use kartlegging::domain::ids::{OrganizationId, UnitId};
use kartlegging::services::Services;
use kartlegging::services::admin::{self, NewClinician, NewOrganization, NewUnit};
use std::collections::BTreeSet;

pub struct Organization {
    pub id: OrganizationId,
    /// Days around a visit in which its units may read.
    pub window: i64,
}

pub struct Unit {
    pub id: UnitId,
    pub organization: usize,
}

pub struct Someone {
    pub name: &'static str,
    pub organization: usize,
    pub actor: Actor,
}

/// A person who may become a patient, of any number of organizations.
pub struct Person {
    pub name: String,
    pub born: NaiveDate,
    pub identifier: Option<PatientIdentifier>,
}

pub struct World {
    pub organizations: Vec<Organization>,
    pub units: Vec<Unit>,
    pub actors: Vec<Someone>,
    pub persons: Vec<Person>,
}

/// Units of each organization.
const UNITS: [usize; 3] = [2, 2, 1];
/// Care windows, days.
const WINDOWS: [i32; 3] = [90, 30, 14];

impl World {
    pub async fn make(services: &Services) -> Self {
        let mut world = Self { organizations: Vec::new(), units: Vec::new(), actors: Vec::new(), persons: persons() };
        for (at, (units, window)) in UNITS.into_iter().zip(WINDOWS).enumerate() {
            let id = organization(services, at, window).await;
            world.organizations.push(Organization { id, window: i64::from(window) });
            let first = world.units.len();
            for number in 0..units {
                world.units.push(Unit { id: unit(services, id, number).await, organization: at });
            }
            let own: Vec<UnitId> = world.units[first..].iter().map(|unit| unit.id).collect();
            for (name, scopes) in [
                ("letters", &Scope::ALL[..]),
                ("journal", &[Scope::ResponsesRead, Scope::PatientsRead]),
                ("desk", &[Scope::InvitationsRead]),
            ] {
                let scopes: BTreeSet<Scope> = scopes.iter().copied().collect();
                let client = admin::add_client(services, id, format!("{name} {at}"), None, scopes.clone()).await.expect("client");
                world.actors.push(Someone {
                    name,
                    organization: at,
                    actor: Actor::Client(ClientActor { id: client, organization: id, scopes, width: Width::Organization }),
                });
            }
            let last = own[own.len() - 1];
            for (name, grants) in [
                ("nurse", vec![(Role::Clinician, Some(own[0]))]),
                ("colleague", vec![(Role::Clinician, Some(last))]),
                ("doctor", own.iter().map(|unit| (Role::Clinician, Some(*unit))).collect()),
                ("leader", vec![(Role::UnitAdmin, Some(own[0]))]),
                ("manager", vec![(Role::OrganizationAdmin, None)]),
                ("auditor", vec![(Role::Auditor, None)]),
            ] {
                let grants: BTreeSet<Grant> = grants.into_iter().map(|(role, unit)| Grant { role, unit }).collect();
                let new = NewClinician {
                    organization: id,
                    name: format!("{name} {at}"),
                    hpr_number: Some(format!("99{:05}", world.actors.len())),
                    subject: None,
                    grants: grants.clone(),
                };
                let clinician = admin::add_clinician(services, new).await.expect("clinician");
                let actor = Actor::Clinician(ClinicianActor { id: clinician, organization: id, grants, assurance: None });
                world.actors.push(Someone { name, organization: at, actor });
            }
        }
        world
    }

    /// Units of an organization.
    pub fn units_of(&self, organization: usize) -> Vec<usize> {
        (0..self.units.len()).filter(|unit| self.units[*unit].organization == organization).collect()
    }

    /// Actors of that name, one an organization.
    pub fn called(&self, name: &str) -> Vec<usize> {
        (0..self.actors.len()).filter(|actor| self.actors[*actor].name == name).collect()
    }
}

async fn organization(services: &Services, at: usize, window: i32) -> OrganizationId {
    let new = NewOrganization {
        name: format!("Oppdiktet helseforetak {at}"),
        kind: "health_trust".to_owned(),
        number: ["900000014", "900000022", "900000030"][at].to_owned(),
        phone: "55 00 00 01".to_owned(),
        threshold: 4,
        threshold_source: "NCCN Distress Thermometer, cut-off 4".to_owned(),
        care_window_days: window,
    };
    admin::add_organization(services, new).await.expect("organization")
}

async fn unit(services: &Services, organization: OrganizationId, number: usize) -> UnitId {
    let new = NewUnit {
        organization,
        name: format!("Poliklinikk {number}"),
        phone: "55 00 00 02".to_owned(),
        external_id: None,
        form: ("distress-thermometer".to_owned(), None),
        threshold: None,
        discreet: false,
    };
    admin::add_unit(services, new).await.expect("unit")
}

fn persons() -> Vec<Person> {
    let mut persons = Vec::new();
    for number in 0..14_u32 {
        let born = NaiveDate::from_ymd_opt(1940 + i32::try_from(number).unwrap_or(0) * 3, 1 + number % 12, 1 + number * 2).expect("date");
        let identifier = match number {
            0..10 => Some(fnr(born, 100 + number)),
            10..12 => Some(local(number)),
            _ => None,
        };
        persons.push(Person { name: format!("Oppdiktet Person{number}"), born, identifier });
    }
    persons
}

fn local(number: u32) -> PatientIdentifier {
    PatientIdentifier::parse(IdentifierSystem::Local.uri(), Some("Oppdiktet journal"), &format!("L-{number}"), true).expect("number")
}

/// A synthetic fødselsnummer (month + 80) of that birth date: the first from `individual` on whose check
/// digits exist.
fn fnr(born: NaiveDate, individual: u32) -> PatientIdentifier {
    use chrono::Datelike;
    let stem = format!("{:02}{:02}{:02}", born.day(), born.month() + 80, born.year() % 100);
    let number = (individual..999).find_map(|individual| {
        (0..100).find_map(|check| {
            let text = format!("{stem}{individual:03}{check:02}");
            PatientIdentifier::parse(IdentifierSystem::Fnr.uri(), None, &text, true).ok()
        })
    });
    number.expect("a number with check digits")
}

/// The word for what an actor lacks.
pub type Denial = &'static str;

/// What an actor may do, told from the roles alone. The product's own table is in
/// `tests/suite/policy.rs`; this is told once more, so that a mistake in one of them is seen.
pub fn may(model: &Model, actor: usize, deed: Deed, units: &[usize], stated: Option<&'static str>) -> Result<&'static str, Denial> {
    const CARE: &str = "care-relation";
    match &model.world.actors[actor].actor {
        Actor::Client(client) => {
            let enough: &[Scope] = match deed {
                Deed::Invite | Deed::Batch => &[Scope::InvitationsWrite],
                Deed::SeeInvitation => &[Scope::InvitationsRead, Scope::InvitationsWrite],
                Deed::Read => &[Scope::ResponsesRead],
                Deed::Search => &[Scope::PatientsRead],
                Deed::Worklist | Deed::Review | Deed::Paper | Deed::Log => return Err("role"),
            };
            if enough.iter().any(|scope| client.scopes.contains(scope)) { Ok(CARE) } else { Err("scope") }
        }
        Actor::Clinician(person) => {
            let role = |role: Role| person.grants.iter().any(|grant| grant.role == role);
            let ids: Vec<Option<UnitId>> = units.iter().map(|unit| Some(model.world.units[*unit].id)).collect();
            let here = |role: Role| person.grants.iter().any(|grant| grant.role == role && ids.contains(&grant.unit));
            let allowed = match deed {
                Deed::Invite | Deed::SeeInvitation => here(Role::Clinician) || here(Role::UnitAdmin),
                Deed::Batch => false,
                Deed::Worklist | Deed::Paper => here(Role::Clinician),
                Deed::Search => role(Role::Clinician),
                Deed::Log => role(Role::OrganizationAdmin) || role(Role::Auditor) || here(Role::UnitAdmin),
                Deed::Read | Deed::Review if !role(Role::Clinician) => false,
                Deed::Read | Deed::Review if here(Role::Clinician) => true,
                Deed::Read | Deed::Review => return stated.ok_or("ground"),
            };
            if allowed { Ok(CARE) } else { Err("role") }
        }
        Actor::Holder(_) | Actor::System { .. } => Err("role"),
    }
}

/// Whether an actor may do it in any unit at all.
pub fn may_ever(model: &Model, actor: usize, deed: Deed) -> Result<(), Denial> {
    let all: Vec<usize> = (0..model.world.units.len()).collect();
    may(model, actor, deed, &all, None).map(|_| ())
}

/// What actors do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    Invite,
    Batch,
    SeeInvitation,
    Worklist,
    Read,
    Review,
    Paper,
    Search,
    Log,
}
