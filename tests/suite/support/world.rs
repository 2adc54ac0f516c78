//! Two organizations with units, clients and clinicians, and requests that fit them. All invented;
//! national ids are synthetic (month + 80).

use super::app::{Answer, TestApp};
use chrono::Duration;
use kartlegging::crypto::ring::Purpose;
use kartlegging::crypto::tokens;
use kartlegging::domain::actor::{Grant, Role, Scope};
use kartlegging::domain::ids::{ClientId, ClinicianId, InvitationId, OrganizationId, UnitId};
use kartlegging::services::Services;
use kartlegging::services::admin::{self, Bearer, NewClinician, NewOrganization, NewUnit};
use kartlegging::storage::drafts;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Fødselsnummer of an invented patient, born 1947-10-13.
pub const FNR: &str = "13904709535";
pub const BORN: &str = "1947-10-13";
/// A birth date that is nobody's here.
pub const WRONG_DATE: &str = "1950-01-01";

/// What exists before a test begins.
#[derive(Debug, Clone, Default)]
pub struct World {
    pub organization: Option<OrganizationId>,
    pub unit: String,
    pub second_unit: String,
    pub other_unit: String,
    /// Tokens by name: client, reader (a client that only reads), clinician, `second_clinician` (in the
    /// second unit), `unit_admin`, `organization_admin`, auditor, `other_client`, `other_clinician`.
    pub tokens: BTreeMap<&'static str, String>,
    pub clinician: Option<ClinicianId>,
    /// Everybody with a role, by the name of their token.
    pub people: BTreeMap<&'static str, ClinicianId>,
    pub client: Option<ClientId>,
    /// Clients by the name of their token.
    pub clients: BTreeMap<&'static str, ClientId>,
}

async fn organization(services: &Services, name: &str, number: &str) -> OrganizationId {
    let new = NewOrganization {
        name: name.to_owned(),
        kind: "health_trust".to_owned(),
        number: number.to_owned(),
        phone: "55 00 00 01".to_owned(),
        threshold: 4,
        threshold_source: "NCCN Distress Thermometer, cut-off 4".to_owned(),
        care_window_days: 90,
    };
    admin::add_organization(services, new).await.expect("organization")
}

async fn unit(services: &Services, organization: OrganizationId, name: &str) -> UnitId {
    let form = ("distress-thermometer".to_owned(), None);
    let new = NewUnit {
        organization,
        name: name.to_owned(),
        phone: "55 00 00 02".to_owned(),
        external_id: None,
        form,
        threshold: None,
        discreet: false,
    };
    admin::add_unit(services, new).await.expect("unit")
}

async fn clinician(
    services: &Services,
    organization: OrganizationId,
    name: &str,
    role: Role,
    unit: Option<UnitId>,
    hpr: &str,
) -> ClinicianId {
    let grants = BTreeSet::from([Grant { role, unit }]);
    let new = NewClinician { organization, name: name.to_owned(), hpr_number: Some(hpr.to_owned()), subject: None, grants };
    admin::add_clinician(services, new).await.expect("clinician")
}

pub async fn token(services: &Services, bearer: Bearer) -> String {
    admin::issue_token(services, "kartlegging", "kartlegging", bearer, Duration::days(400)).await.expect("token")
}

impl World {
    pub async fn make(services: &Services) -> Self {
        let own = organization(services, "Oppdiktet helseforetak", "900000014").await;
        let other = organization(services, "Annet helseforetak", "900000022").await;
        let first = unit(services, own, "Poliklinikken").await;
        let second = unit(services, own, "Sengeposten").await;
        let foreign = unit(services, other, "Dagenheten").await;
        let mut tokens = BTreeMap::new();
        let client = admin::add_client(services, own, "letters".to_owned(), None, Scope::ALL.into_iter().collect()).await.expect("client");
        tokens.insert("client", token(services, Bearer::Client(client)).await);
        let reader =
            admin::add_client(services, own, "reader".to_owned(), None, BTreeSet::from([Scope::ResponsesRead])).await.expect("client");
        tokens.insert("reader", token(services, Bearer::Client(reader)).await);
        let foreign_client =
            admin::add_client(services, other, "letters".to_owned(), None, Scope::ALL.into_iter().collect()).await.expect("client");
        tokens.insert("other_client", token(services, Bearer::Client(foreign_client)).await);
        let people = [
            ("clinician", own, Role::Clinician, Some(first), "9900001"),
            ("second_clinician", own, Role::Clinician, Some(second), "9900002"),
            ("unit_admin", own, Role::UnitAdmin, Some(first), "9900003"),
            ("organization_admin", own, Role::OrganizationAdmin, None, "9900004"),
            ("auditor", own, Role::Auditor, None, "9900005"),
            ("other_clinician", other, Role::Clinician, Some(foreign), "9900006"),
        ];
        let mut nurse = None;
        let mut staff = BTreeMap::new();
        for (name, organization, role, unit, hpr) in people {
            let id = clinician(services, organization, name, role, unit, hpr).await;
            if name == "clinician" {
                nurse = Some(id);
            }
            staff.insert(name, id);
            tokens.insert(name, token(services, Bearer::Clinician(id)).await);
        }
        Self {
            organization: Some(own),
            unit: first.to_string(),
            second_unit: second.to_string(),
            other_unit: foreign.to_string(),
            tokens,
            clinician: nurse,
            people: staff,
            client: Some(client),
            clients: BTreeMap::from([("client", client), ("reader", reader), ("other_client", foreign_client)]),
        }
    }

    pub fn token(&self, name: &str) -> &str {
        self.tokens.get(name).map(String::as_str).unwrap_or_default()
    }
}

/// An issued invitation as a test uses it.
#[derive(Debug, Clone)]
pub struct Invited {
    pub id: String,
    pub link: String,
    pub code: String,
    pub patient: String,
    pub body: Value,
}

impl Invited {
    pub fn of(body: Value) -> Self {
        let text = |pointer: &str| body.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        Self { id: text("/id"), link: text("/credential/link"), code: text("/credential/code"), patient: text("/patient"), body }
    }
}

impl TestApp {
    /// A token of our own issuer for `client`, with these claims beside those that every one has.
    pub fn client_token(&self, more: &Value) -> String {
        let (id, now) = (self.world.client.expect("client").to_string(), self.services.now().timestamp());
        let mut claims = json!({
            "iss": "kartlegging", "aud": "kartlegging", "sub": id, "client_id": id, "kartlegging_kind": "client",
            "iat": now, "exp": now + 86_400, "jti": "1",
        });
        for (name, value) in more.as_object().expect("claims") {
            claims[name] = value.clone();
        }
        tokens::sign(&self.services.ring, Purpose::Issuer, tokens::ACCESS, &claims).expect("token")
    }

    /// A request for the invented patient's visit in three days; `external_id` makes it another visit.
    pub fn order(&self, external_id: &str) -> Value {
        json!({
            "patient": {
                "identifier": {"system": "urn:oid:2.16.578.1.12.4.1.4.1", "value": FNR},
                "name": "Åse Oppdiktet",
                "birth_date": BORN,
                "language": "nb",
            },
            "appointment": {"external_id": external_id, "starts_at": "2026-11-27T09:30:00+01:00", "unit": self.world.unit},
        })
    }

    /// Issues an invitation.
    pub async fn invite(&self, external_id: &str) -> Invited {
        let call = self.post("/api/v1/invitations").bearer(self.world.token("client")).key(&format!("key-{external_id}"));
        Invited::of(call.json(&self.order(external_id)).send().await.expect(201))
    }

    /// Opens a session by link; gives its token and device token.
    pub async fn open(&self, invited: &Invited, device: Option<&str>) -> (String, String) {
        let body = json!({"link": invited.link, "birth_date": BORN, "device_token": device});
        let opened = self.post("/api/v1/session").json(&body).send().await.expect(201);
        let text = |name: &str| opened[name].as_str().unwrap_or_default().to_owned();
        (text("session_token"), text("device_token"))
    }

    /// Tries to open with what a person shows: a body of `POST /api/v1/session`.
    pub async fn try_open(&self, body: &Value) -> Answer {
        self.post("/api/v1/session").json(body).send().await
    }

    /// Tries a link with a birth date.
    pub async fn try_link(&self, invited: &Invited, birth_date: &str) -> Answer {
        self.try_open(&json!({"link": invited.link, "birth_date": birth_date})).await
    }

    /// Tries a code with a birth date.
    pub async fn try_code(&self, code: &str, birth_date: &str) -> Answer {
        self.try_open(&json!({"code": code, "birth_date": birth_date})).await
    }

    /// Uses up the ten attempts of an invitation, waiting as long as it takes.
    pub async fn use_up(&self, invited: &Invited) {
        for _ in 0..10 {
            self.try_link(invited, WRONG_DATE).await.expect_problem(401, "credential-wrong");
            self.advance(Duration::minutes(15));
        }
    }

    /// Saves answers of the patient.
    pub async fn save(&self, session: &str, version: i64, answers: &Value) -> Answer {
        self.put("/api/v1/session/draft").bearer(session).if_match(version).json(&draft(answers)).send().await
    }

    /// Hands the draft in.
    pub async fn submit(&self, session: &str, version: i64) -> Answer {
        self.post("/api/v1/session/submit").bearer(session).if_match(version).send().await
    }

    /// Opens, saves and hands in; gives session and receipt.
    pub async fn answer(&self, invited: &Invited, answers: &Value) -> (String, Value) {
        let (session, _) = self.open(invited, None).await;
        self.save(&session, 0, answers).await.expect(200);
        let receipt = self.submit(&session, 1).await.expect(201);
        (session, receipt)
    }

    /// The stored draft of an invitation.
    pub async fn draft(&self, invitation: &str) -> Option<drafts::Draft> {
        let organization = self.world.organization.expect("organization");
        let id = InvitationId::parse(invitation).expect("id");
        let found = self.services.db.read((organization, id), |(organization, id), snapshot| {
            Box::pin(async move { drafts::of_invitation(snapshot, *organization, *id).await })
        });
        found.await.expect("draft")
    }

    /// An invitation as the client sees it.
    pub async fn invitation(&self, id: &str) -> Value {
        self.get(&format!("/api/v1/invitations/{id}")).bearer(self.world.token("client")).send().await.expect(200)
    }

    /// Issues what is ordered.
    pub async fn issue(&self, key: &str, order: &Value) -> Answer {
        self.post("/api/v1/invitations").bearer(self.world.token("client")).key(key).json(order).send().await
    }

    /// Makes a new link and code.
    pub async fn reissue(&self, id: &str, key: &str) -> Answer {
        self.post(&format!("/api/v1/invitations/{id}/reissue")).bearer(self.world.token("client")).key(key).send().await
    }

    /// Takes an invitation back.
    pub async fn revoke(&self, id: &str) -> Answer {
        self.post(&format!("/api/v1/invitations/{id}/revoke")).bearer(self.world.token("client")).send().await
    }
}

/// A draft body by the patient.
pub fn draft(answers: &Value) -> Value {
    json!({"respondent": {"kind": "patient"}, "answers": answers, "language": "nb"})
}

fn coding(system: &str, code: &str) -> Value {
    json!({"valueCoding": {"system": format!("https://kartlegging.example/fhir/CodeSystem/{system}"), "code": code}})
}

/// An order without a visit, for a person without a number; the unit alone asks.
pub fn order_without_visit(unit: &str, name: &str) -> Value {
    json!({"patient": {"name": name, "birth_date": BORN}, "unit": unit, "due_on": "2026-12-01"})
}

/// A code that is well formed and opens nothing.
pub fn unknown_code(number: u64) -> String {
    kartlegging::domain::secret::Code::from_bits(number).grouped()
}

/// Answers to the distress thermometer with free text and all that is required.
pub fn with_text(text: &str) -> Value {
    let mut given = answers(3, &[], &[], "no", Some("no"));
    let problems = json!({"linkId": "problems", "item": [{"linkId": "other-concerns", "answer": [{"valueString": text}]}]});
    given["item"].as_array_mut().expect("items").insert(1, problems);
    given
}

/// The item with that link id, wherever it stands.
pub fn item<'v>(resource: &'v Value, link_id: &str) -> Option<&'v Value> {
    let items = resource["item"].as_array().into_iter().flatten();
    items.into_iter().find_map(|one| if one["linkId"] == link_id { Some(one) } else { item(one, link_id) })
}

/// Answers to the distress thermometer: score, physical problems, what burdens most, wish, consent.
pub fn answers(score: u8, physical: &[&str], most: &[&str], wish: &str, consent: Option<&str>) -> Value {
    let mut items =
        vec![json!({"linkId": "distress", "item": [{"linkId": "score", "answer": [coding("distress-score", &score.to_string())]}]})];
    if !physical.is_empty() {
        let ticked: Vec<Value> = physical.iter().map(|code| coding("problem", code)).collect();
        items.push(json!({"linkId": "problems", "item": [{"linkId": "physical", "answer": ticked}]}));
    }
    if !most.is_empty() {
        let most: Vec<Value> = most.iter().map(|code| coding("problem", code)).collect();
        items.push(json!({"linkId": "burdens-most", "answer": most}));
    }
    items.push(json!({"linkId": "follow-up", "answer": [coding("answer", wish)]}));
    if let Some(consent) = consent {
        items.push(json!({"linkId": "consent-forward", "answer": [coding("answer", consent)]}));
    }
    json!({"resourceType": "QuestionnaireResponse", "status": "in-progress", "item": items})
}
