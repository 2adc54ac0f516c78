//! Fills an empty database with invented data, through the services that real data goes through, on
//! a clock that is set back and moved forward.

use super::people::{Answers, Patient, People, people};
use crate::cli::failure::Failure;
use crate::domain::actor::{Grant, Role, Scope};
use crate::domain::answers::{AnsweredItem, Answers as Given};
use crate::domain::clock::testing::MovableClock;
use crate::domain::clock::{Clock, oslo_date, oslo_day_start};
use crate::domain::identifier::{IdentifierSystem, PatientIdentifier};
use crate::domain::ids::{OrganizationId, UnitId};
use crate::domain::language::Language;
use crate::domain::questionnaire::{AnswerOption, Item, ItemType, Role as ItemRole};
use crate::domain::respondent::{Relation, Respondent, RespondentKind};
use crate::domain::value::Value;
use crate::fhir::read::ResponseStatus;
use crate::fhir::write::{self, ResponseMeta};
use crate::services::admin::{self, NewClinician, NewOrganization, NewUnit};
use crate::services::holder::Holder;
use crate::services::idempotency::Repeatable;
use crate::services::invitation::{self, Issued};
use crate::services::issue_invitations::{self, Order, PatientData, Visit};
use crate::services::open_session::{self, Command, Secret};
use crate::services::{Caller, Services, decline, draft, expire_invitations, submit_response};
use chrono::{Duration, NaiveDate};
use serde_json::Value as Json;
use std::collections::{BTreeSet, HashMap};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

/// An invitation that can be opened now.
pub(super) struct Invited {
    pub(super) organization: OrganizationId,
    pub(super) unit: UnitId,
    pub(super) link: String,
    pub(super) code: String,
    pub(super) birth_date: NaiveDate,
}

fn broken(what: impl std::fmt::Display) -> Failure {
    Failure::run(
        "database-unreachable",
        format!("the demo data can't be made: {what}"),
        "Delete the folder and start again; report this if it stays.",
    )
}

struct Seeder {
    services: Services,
    clock: Arc<MovableClock>,
    units: HashMap<String, Vec<UnitId>>,
    organizations: HashMap<String, OrganizationId>,
    count: u32,
}

/// Seeds everything.
pub(super) async fn all(services: &Services) -> Result<(), Failure> {
    let people = people().map_err(broken)?;
    let clock = Arc::new(MovableClock::at(services.now() - Duration::days(3)));
    let moved = Services { clock: Arc::clone(&clock) as Arc<dyn Clock>, ..services.clone() };
    let mut seeder = Seeder { services: moved, clock, units: HashMap::new(), organizations: HashMap::new(), count: 0 };
    seeder.institutions(&people).await?;
    seeder.patients(&people).await
}

/// Issues an invitation to a demo patient whose visit is next week.
pub(super) async fn fresh_invitation(services: &Services) -> Result<Invited, Failure> {
    let people = people().map_err(broken)?;
    let first = people.organizations.first().ok_or_else(|| broken("no organization"))?;
    let organization = admin::list_organizations(services)
        .await?
        .into_iter()
        .find(|one| one.number == first.number)
        .ok_or_else(|| broken("no organization"))?;
    let name = people.units.iter().find(|unit| unit.organization == first.key).map(|unit| unit.name.clone()).unwrap_or_default();
    let unit = admin::list_units(services, Some(organization.id))
        .await?
        .into_iter()
        .find(|unit| unit.name == name)
        .ok_or_else(|| broken("no unit"))?;
    let patient = people.patients.iter().find(|patient| patient.organization == first.key).cloned().ok_or_else(|| broken("no patient"))?;
    let mut seeder = Seeder {
        services: services.clone(),
        clock: Arc::new(MovableClock::at(services.now())),
        units: HashMap::new(),
        organizations: HashMap::new(),
        count: 0,
    };
    let starts_at = oslo_day_start(oslo_date(services.now()) + Duration::days(7)) + Duration::minutes(10 * 60 + 30);
    let issued = seeder.issue(organization.id, &patient, Some((unit.id, starts_at)), None, None).await?;
    let shown = invitation::present(services, &issued);
    Ok(Invited { organization: organization.id, unit: unit.id, link: shown.link, code: shown.code, birth_date: patient.birth_date })
}

impl Seeder {
    async fn institutions(&mut self, people: &People) -> Result<(), Failure> {
        for one in &people.organizations {
            let new = NewOrganization {
                name: one.name.clone(),
                kind: one.kind.clone(),
                number: one.number.clone(),
                phone: one.phone.clone(),
                threshold: 4,
                threshold_source: "NCCN Distress Thermometer, cut-off 4".to_owned(),
                care_window_days: 90,
            };
            let id = admin::add_organization(&self.services, new).await?;
            self.organizations.insert(one.key.clone(), id);
            admin::add_client(&self.services, id, format!("{}: brev og journal", one.name), None, Scope::ALL.into_iter().collect()).await?;
        }
        let mut by_key = HashMap::new();
        for one in &people.units {
            let organization = self.organization(&one.organization)?;
            // The municipality asks with the short form of assessment points 2 and 3.
            let municipal = people.organizations.iter().any(|o| o.key == one.organization && o.kind == "municipality");
            let form = if municipal { "follow-up" } else { "distress-thermometer" };
            let new = NewUnit {
                organization,
                name: one.name.clone(),
                phone: one.phone.clone(),
                external_id: None,
                form: (form.to_owned(), None),
                threshold: None,
                discreet: false,
            };
            let id = admin::add_unit(&self.services, new).await?;
            self.units.entry(one.organization.clone()).or_default().push(id);
            by_key.insert(one.key.clone(), id);
        }
        for one in &people.clinicians {
            let grants: BTreeSet<Grant> = one
                .roles
                .iter()
                .filter_map(|role| {
                    Some(Grant { role: Role::parse(&role.role)?, unit: role.unit.as_ref().and_then(|unit| by_key.get(unit)).copied() })
                })
                .collect();
            let new = NewClinician {
                organization: self.organization(&one.organization)?,
                name: one.name.clone(),
                hpr_number: Some(one.hpr.clone()),
                subject: None,
                grants,
            };
            admin::add_clinician(&self.services, new).await?;
        }
        Ok(())
    }

    fn organization(&self, key: &str) -> Result<OrganizationId, Failure> {
        self.organizations.get(key).copied().ok_or_else(|| broken("organization"))
    }

    async fn patients(&mut self, people: &People) -> Result<(), Failure> {
        let now = self.clock.now() + Duration::days(3);
        let mut answers = people.answers.iter().cycle();
        let mut left = people.answers.len();
        for (at, patient) in people.patients.iter().enumerate() {
            let organization = self.organization(&patient.organization)?;
            let units = self.units.get(&patient.organization).cloned().unwrap_or_default();
            // Two of three visits are at the first unit, so that its list looks like a real day.
            let unit = units.get((at % 3 / 2) % units.len().max(1)).copied().ok_or_else(|| broken("unit"))?;
            let day = i64::try_from(at % 14).unwrap_or(0) + 1;
            let minutes = 8 * 60 + 30 + i64::try_from(at * 35 % 360).unwrap_or(0);
            let visit = Some((unit, oslo_day_start(oslo_date(now) + Duration::days(day)) + Duration::minutes(minutes)));
            match at % 10 {
                0 => {
                    self.issue(organization, patient, visit, None, None).await?;
                }
                1 => {
                    let issued = self.issue(organization, patient, visit, None, None).await?;
                    self.open(&issued, patient.birth_date).await?;
                }
                2 => {
                    let issued = self.issue(organization, patient, visit, None, None).await?;
                    let holder = self.open(&issued, patient.birth_date).await?;
                    self.save(&holder, &issued, None).await?;
                }
                3 => self.closed(organization, patient, visit, unit, at).await?,
                _ if left > 0 => {
                    left -= 1;
                    let given = answers.next().ok_or_else(|| broken("answers"))?;
                    let issued = self.issue(organization, patient, visit, None, None).await?;
                    let holder = self.open(&issued, patient.birth_date).await?;
                    self.save(&holder, &issued, Some(given)).await?;
                    self.submit(&holder).await?;
                }
                // A visit nobody was invited to: "not sent" is a number of its own.
                _ => self.visit_only(organization, patient, visit).await?,
            }
            self.clock.advance(Duration::minutes(50));
        }
        let past = Services { clock: Arc::new(MovableClock::at(now)), ..self.services.clone() };
        expire_invitations::run(&past).await?;
        Ok(())
    }

    /// One of each way to end without an answer.
    async fn closed(
        &mut self,
        organization: OrganizationId,
        patient: &Patient,
        visit: Option<(UnitId, chrono::DateTime<chrono::Utc>)>,
        unit: UnitId,
        at: usize,
    ) -> Result<(), Failure> {
        match at / 10 % 4 {
            0 => {
                let until = self.clock.now() + Duration::hours(30);
                self.issue(organization, patient, None, Some(unit), Some(until)).await?;
            }
            1 => {
                let issued = self.issue(organization, patient, visit, None, None).await?;
                self.revoke(organization, &issued).await?;
            }
            2 => {
                let issued = self.issue(organization, patient, visit, None, None).await?;
                let holder = self.open(&issued, patient.birth_date).await?;
                decline::decline(&self.services, &holder, "command:demo").await.map_err(broken)?;
            }
            _ => {
                let issued = self.issue(organization, patient, visit, None, None).await?;
                for _ in 0..10 {
                    let _ = open_session::open(&self.services, self.command(&issued, NaiveDate::default())).await;
                    self.clock.advance(Duration::minutes(16));
                }
            }
        }
        Ok(())
    }

    async fn visit_only(
        &self,
        organization: OrganizationId,
        patient: &Patient,
        visit: Option<(UnitId, chrono::DateTime<chrono::Utc>)>,
    ) -> Result<(), Failure> {
        let Some((unit, starts_at)) = visit else { return Ok(()) };
        let visit = Visit { external_id: None, starts_at, unit };
        issue_invitations::register_visit(&self.services, &Caller::system(organization, "command:demo"), patient_data(patient)?, visit)
            .await
            .map_err(broken)?;
        Ok(())
    }

    async fn revoke(&self, organization: OrganizationId, issued: &Issued) -> Result<(), Failure> {
        invitation::revoke(&self.services, &Caller::system(organization, "command:demo"), issued.invitation.id).await.map_err(broken)?;
        Ok(())
    }

    async fn issue(
        &mut self,
        organization: OrganizationId,
        patient: &Patient,
        visit: Option<(UnitId, chrono::DateTime<chrono::Utc>)>,
        unit: Option<UnitId>,
        answer_until: Option<chrono::DateTime<chrono::Utc>>,
    ) -> Result<Issued, Failure> {
        self.count += 1;
        let order = Order {
            patient: patient_data(patient)?,
            visit: visit.map(|(unit, starts_at)| Visit { external_id: None, starts_at, unit }),
            unit,
            due_on: None,
            form: None,
            answer_until,
        };
        let nonce = crate::domain::ids::uuid_v7(self.services.now(), self.services.entropy.as_ref());
        let repeatable = Repeatable { key: format!("demo-{}-{nonce}", self.count), operation: "demo".to_owned(), body: Vec::new() };
        issue_invitations::issue(&self.services, &Caller::system(organization, "command:demo"), order, repeatable).await.map_err(broken)
    }

    fn command(&self, issued: &Issued, birth_date: NaiveDate) -> Command {
        // An address each, as from forty homes, so that the limit for one address is not met.
        let [_, .., b, c] = self.count.to_be_bytes();
        let address = IpAddr::V4(Ipv4Addr::new(10, b, c, 1));
        Command {
            secret: Secret::Link(issued.link.clone()),
            birth_date,
            device_tokens: Vec::new(),
            remember: false,
            address,
            request_id: "command:demo".to_owned(),
        }
    }

    async fn open(&self, issued: &Issued, birth_date: NaiveDate) -> Result<Holder, Failure> {
        Ok(open_session::open(&self.services, self.command(issued, birth_date)).await.map_err(broken)?.holder)
    }

    /// Saves answers, or with none a thermometer alone.
    async fn save(&self, holder: &Holder, issued: &Issued, given: Option<&Answers>) -> Result<(), Failure> {
        let form = self
            .services
            .library
            .find(&issued.invitation.questionnaire_name, Some(&issued.invitation.questionnaire_version))
            .ok_or_else(|| broken("form"))?;
        let items = form.questionnaire.items().iter().filter_map(|item| answered(&form.questionnaire, item, given)).collect();
        let language = Language::nb();
        let meta = ResponseMeta {
            id: None,
            version: None,
            status: ResponseStatus::InProgress,
            authored: None,
            language: &language,
            subject: None,
            full_tree: false,
        };
        let body: Json = write::response(&form.questionnaire, &Given { items }, &meta);
        let command = draft::Command {
            expected: 0,
            respondent: Some(given.map_or_else(Respondent::patient, respondent)),
            answers: body,
            language: None,
        };
        draft::save(&self.services, holder, "command:demo", command).await.map_err(broken)?;
        Ok(())
    }

    async fn submit(&self, holder: &Holder) -> Result<(), Failure> {
        submit_response::submit(&self.services, holder, "command:demo", Some(1)).await.map_err(broken)?;
        Ok(())
    }
}

fn patient_data(patient: &Patient) -> Result<PatientData, Failure> {
    let identifier = PatientIdentifier::parse(IdentifierSystem::Fnr.uri(), None, &patient.national_id, true).map_err(broken)?;
    let language = Language::parse(&patient.language).map_err(broken)?;
    Ok(PatientData {
        identifier: Some(identifier),
        name: patient.name.clone(),
        birth_date: patient.birth_date,
        language: Some(language),
        contact: None,
        representatives: Vec::new(),
    })
}

fn respondent(given: &Answers) -> Respondent {
    match given.respondent.as_str() {
        "helper" => Respondent { name: Some("Randi Oppdiktet".to_owned()), ..Respondent::of(RespondentKind::Helper) },
        "representative" => Respondent {
            relation: Some(Relation::AssignedPowerOfAttorney),
            name: Some("Odd Oppdiktet".to_owned()),
            phone: Some("55 00 00 99".to_owned()),
            ..Respondent::of(RespondentKind::Representative)
        },
        _ => Respondent::patient(),
    }
}

/// The answered item of a form for invented answers, by what the item means.
fn answered(form: &crate::domain::questionnaire::Questionnaire, item: &Item, given: Option<&Answers>) -> Option<AnsweredItem> {
    if item.kind == ItemType::Group {
        let inner: Vec<AnsweredItem> = item.items.iter().filter_map(|item| answered(form, item, given)).collect();
        return (!inner.is_empty()).then(|| AnsweredItem::group(&item.link_id, inner));
    }
    let values = match (item.role()?, given) {
        (ItemRole::DistressScore, given) => pick(item, &[given.map_or(4, |given| given.score).to_string()]),
        (ItemRole::ProblemCategory, Some(given)) => {
            let ticked = pick(item, &given.problems);
            let none = item.category().is_some_and(|category| given.none.iter().any(|none| none == category));
            if ticked.is_empty() && none { pick(item, &["none".to_owned()]) } else { ticked }
        }
        (ItemRole::ProblemChange, Some(given)) => pick(item, &[if given.score > 5 { "worse" } else { "same" }.to_owned()]),
        (ItemRole::FreeText, Some(given)) => given.other.iter().map(|text| Value::String(text.clone())).collect(),
        (ItemRole::BurdensMost, Some(given)) => form
            .possible_options(item)
            .iter()
            .filter(|option| is_one_of(option, &given.burdens_most))
            .map(|option| option.value.clone())
            .collect(),
        (ItemRole::FollowUpWish, Some(given)) => pick(item, std::slice::from_ref(&given.follow_up)),
        (ItemRole::ConsentForward, Some(given)) => {
            given.consent.iter().flat_map(|consent| pick(item, std::slice::from_ref(consent))).collect()
        }
        _ => return None,
    };
    (!values.is_empty()).then(|| AnsweredItem::question(&item.link_id, values))
}

fn is_one_of(option: &AnswerOption, codes: &[String]) -> bool {
    option.coding().is_some_and(|coding| codes.contains(&coding.code))
}

fn pick(item: &Item, codes: &[String]) -> Vec<Value> {
    item.options.iter().filter(|option| is_one_of(option, codes)).map(|option| option.value.clone()).collect()
}
