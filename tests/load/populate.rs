//! Fills an empty database for `tests/load/run`: stored responses, and sessions with a draft that can be
//! handed in. Everything goes through the services that real data goes through; all of it is invented.
//!
//! Usage: `populate RESPONSES SESSIONS OUT`, with the settings of `kartlegging serve` in the environment.
//! `OUT` becomes a JSON file with tokens, units, a patient, and a line of secrets for each session.

#![expect(clippy::disallowed_methods, reason = "a tool that measures: it looks at the clock")]

use chrono::{Duration, NaiveDate};
use futures::{StreamExt, TryStreamExt, stream};
use kartlegging::app::{App, Machine};
use kartlegging::config::Settings;
use kartlegging::domain::actor::{Actor, Grant, Role, Scope};
use kartlegging::domain::clock::{oslo_date, oslo_day_start};
use kartlegging::domain::identifier::{IdentifierSystem, PatientIdentifier};
use kartlegging::domain::ids::{OrganizationId, UnitId, uuid_v7};
use kartlegging::domain::respondent::Respondent;
use kartlegging::services::admin::{self, Bearer, NewClinician, NewOrganization, NewUnit};
use kartlegging::services::idempotency::Repeatable;
use kartlegging::services::invitation::{Issued, present};
use kartlegging::services::issue_invitations::{self, Order, PatientData, Visit};
use kartlegging::services::open_session::{self, Command, Opened, Secret};
use kartlegging::services::{Caller, Services, access_log, draft, submit_response};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Instant;

type Failure = Box<dyn std::error::Error + Send + Sync>;

const UNITS: usize = 20;
/// Visits of a unit on one day: a full worklist.
const DAY: usize = 50;
/// Invitations issued in one request.
const BATCH: usize = 500;
/// Work under way at once.
const AT_ONCE: usize = 64;

struct Ground {
    services: Services,
    organization: OrganizationId,
    units: Vec<UnitId>,
    answers: Value,
}

fn birth_date() -> NaiveDate {
    NaiveDate::from_ymd_opt(1961, 4, 17).unwrap_or_default()
}

impl Ground {
    /// The order of the `at`-th patient: fifty visits a day in each unit.
    fn order(&self, at: usize) -> Result<Order, Failure> {
        let page = at / DAY;
        let unit = *self.units.get(page % UNITS).ok_or("unit")?;
        let day = i64::try_from(page / UNITS)? + 1;
        let minutes = i64::try_from(8 * 60 + at % DAY * 9)?;
        let starts_at = oslo_day_start(oslo_date(self.services.now()) + Duration::days(day)) + Duration::minutes(minutes);
        let identifier = PatientIdentifier::parse(IdentifierSystem::Local.uri(), Some("load"), &format!("{at:08}"), true)?;
        let patient = PatientData {
            identifier: Some(identifier),
            name: format!("Prøve Oppdiktet {at}"),
            birth_date: birth_date(),
            language: None,
            contact: None,
            representatives: Vec::new(),
        };
        Ok(Order {
            patient,
            visit: Some(Visit { external_id: Some(format!("load-{at}")), starts_at, unit }),
            unit: None,
            due_on: None,
            form: None,
            answer_until: None,
        })
    }

    async fn issue(&self, from: usize, to: usize) -> Result<Vec<Issued>, Failure> {
        let orders = (from..to).map(|at| self.order(at).map(Some)).collect::<Result<Vec<_>, _>>()?;
        let mut actor = Caller::system(self.organization, "command:populate");
        let client = admin::list_clients(&self.services).await?.into_iter().next().ok_or("client")?;
        actor.actor = Actor::Client(kartlegging::domain::actor::ClientActor {
            id: client.id,
            organization: client.organization,
            scopes: client.scopes,
            width: kartlegging::domain::actor::Width::Organization,
        });
        let nonce = uuid_v7(self.services.now(), self.services.entropy.as_ref());
        let request = Repeatable { key: format!("populate-{nonce}"), operation: "populate".to_owned(), body: Vec::new() };
        let issued = issue_invitations::issue_batch(&self.services, &actor, orders, request).await?;
        Ok(issued.into_iter().collect::<Result<Vec<_>, _>>()?)
    }

    async fn open(&self, issued: &Issued, at: usize) -> Result<Opened, Failure> {
        // An address block each, so that the limit for one is not met.
        let [.., a, b, c] = at.to_be_bytes();
        let command = Command {
            secret: Secret::Link(issued.link.clone()),
            birth_date: birth_date(),
            device_tokens: Vec::new(),
            remember: true,
            address: IpAddr::V4(Ipv4Addr::new(10 + (a & 0x3f), b, c, 1)),
            request_id: "command:populate".to_owned(),
        };
        let opened = open_session::open(&self.services, command).await?;
        let saved = draft::Command { expected: 0, respondent: Some(Respondent::patient()), answers: self.answers.clone(), language: None };
        draft::save(&self.services, &opened.holder, "command:populate", saved).await?;
        Ok(opened)
    }

    async fn answer(&self, issued: &Issued, at: usize) -> Result<(), Failure> {
        let opened = self.open(issued, at).await?;
        submit_response::submit(&self.services, &opened.holder, "command:populate", Some(1)).await?;
        Ok(())
    }
}

async fn institutions(app: &App, answers: Value) -> Result<Ground, Failure> {
    let services = app.services.clone();
    let new = NewOrganization {
        name: "Prøvesykehuset".to_owned(),
        kind: "health_trust".to_owned(),
        number: "999999999".to_owned(),
        phone: "55 00 00 00".to_owned(),
        threshold: 4,
        threshold_source: "NCCN Distress Thermometer, cut-off 4".to_owned(),
        care_window_days: 365,
    };
    let organization = admin::add_organization(&services, new).await?;
    admin::add_client(&services, organization, "Brev".to_owned(), None, Scope::ALL.into_iter().collect()).await?;
    let mut units = Vec::new();
    let mut grants = BTreeSet::new();
    for number in 1..=UNITS {
        let new = NewUnit {
            organization,
            name: format!("Poliklinikk {number}"),
            phone: "55 00 00 01".to_owned(),
            external_id: None,
            form: ("distress-thermometer".to_owned(), None),
            threshold: None,
            discreet: false,
        };
        let unit = admin::add_unit(&services, new).await?;
        grants.insert(Grant { role: Role::Clinician, unit: Some(unit) });
        units.push(unit);
    }
    let new =
        NewClinician { organization, name: "Kari Oppdiktet".to_owned(), hpr_number: Some("9999999".to_owned()), subject: None, grants };
    admin::add_clinician(&services, new).await?;
    Ok(Ground { services, organization, units, answers })
}

async fn token(app: &App, bearer: Bearer) -> Result<String, Failure> {
    Ok(admin::issue_token(&app.services, &app.settings.token_issuer, &app.settings.token_audience, bearer, Duration::hours(24)).await?)
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, responses, sessions, out] = arguments.as_slice() else { return Err("usage: populate RESPONSES SESSIONS OUT".into()) };
    let (responses, sessions): (usize, usize) = (responses.parse()?, sessions.parse()?);
    let example: Value = serde_json::from_str(include_str!("../../questionnaires/distress-thermometer/examples/good-heavy.json"))?;
    let answers = example.get("response").cloned().ok_or("response")?;
    let settings = Settings::load(None, &std::env::vars().collect())?;
    let app = App::build(settings, true, Machine::default()).await?;
    let ground = &institutions(&app, answers).await?;

    let started = Instant::now();
    let mut done = 0;
    while done < responses {
        let until = (done + BATCH).min(responses);
        let issued = ground.issue(sessions + done, sessions + until).await?;
        stream::iter(issued.iter().enumerate())
            .map(|(at, issued)| ground.answer(issued, sessions + done + at))
            .buffer_unordered(AT_ONCE)
            .try_collect::<Vec<()>>()
            .await?;
        done = until;
        if done % 10_000 == 0 || done == responses {
            eprintln!("{done} responses, {:.0} s", started.elapsed().as_secs_f64());
        }
    }
    let mut ready = Vec::new();
    while ready.len() < sessions {
        let from = ready.len();
        let until = (from + BATCH).min(sessions);
        let issued = ground.issue(from, until).await?;
        let opened: Vec<Value> = stream::iter(issued.iter().enumerate())
            .map(|(at, issued)| async move {
                let opened = ground.open(issued, from + at).await?;
                let link = present(&ground.services, issued).link;
                let ids = &issued.invitation;
                Ok::<_, Failure>(json!({"token": opened.session_token, "link": link, "invitation": ids.id, "patient": ids.patient}))
            })
            .buffer_unordered(AT_ONCE)
            .try_collect()
            .await?;
        ready.extend(opened);
    }
    let client = admin::list_clients(&ground.services).await?.into_iter().next().ok_or("client")?;
    let clinician = admin::list_clinicians(&ground.services).await?.into_iter().next().ok_or("clinician")?;
    // The first unit's days: those with sessions come first, each later one is full of answers.
    let day = |at: usize| Ok::<_, Failure>(oslo_date(ground.services.now()) + Duration::days(i64::try_from(at)?));
    let in_a_day = DAY * UNITS;
    let found = json!({
        "client": token(&app, Bearer::Client(client.id)).await?,
        "clinician": token(&app, Bearer::Clinician(clinician.id)).await?,
        "units": ground.units,
        "clinician_id": clinician.id,
        "first_day": day(sessions.div_ceil(in_a_day) + 1)?,
        "last_day": day(((sessions + responses) / in_a_day).max(sessions.div_ceil(in_a_day) + 1))?,
        "birth_date": birth_date(),
        "answers": ground.answers,
        "sessions": ready,
    });
    std::fs::write(out, serde_json::to_vec(&found)?)?;
    // Else the measurement would be of a job that catches up.
    access_log::seal(&app.services).await?;
    app.services.db.close().await;
    Ok(())
}
