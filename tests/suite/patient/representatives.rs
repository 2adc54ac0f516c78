//! People who may answer in a patient's place: registered, signing in, corrected, removed.

use super::provider::{HIGH, come, invite, person, with};
use crate::on_both;
use crate::support::TestApp;
use crate::support::app::Answer;
use crate::support::browser::{Browser, Page};
use crate::support::provider::Provider;
use crate::support::sql;
use crate::support::world::{FNR, Invited, answers};
use kartlegging::domain::ids::PatientId;
use kartlegging::services::erase_patient::{self, Ground};
use kartlegging::services::export_patient;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Of nobody: a D-number and a national identity number.
const ODD: &str = "47906701517";
const KARI: &str = "13906030130";

fn named(number: &str, relation: &str) -> Value {
    let series = if number == ODD { 2 } else { 1 };
    let system = format!("urn:oid:2.16.578.1.12.4.1.4.{series}");
    json!({"identifier": {"system": system, "value": number}, "name": "Odd Oppdiktet", "relation": relation})
}

fn path(patient: &str) -> String {
    format!("/api/v1/patients/{patient}/representatives")
}

async fn register(app: &TestApp, invited: &Invited, body: &Value) -> Answer {
    app.post(&path(&invited.patient)).bearer(app.world.token("client")).json(body).send().await
}

async fn listed(app: &TestApp, invited: &Invited) -> Value {
    app.get(&path(&invited.patient)).bearer(app.world.token("client")).send().await.expect(200)["items"].clone()
}

async fn remove(app: &TestApp, invited: &Invited, id: &Value) -> Answer {
    let path = format!("{}/{}", path(&invited.patient), id.as_str().expect("id"));
    app.call("DELETE", &path).bearer(app.world.token("client")).send().await
}

/// From the page about who answers to the first question.
async fn say_who(browser: &mut Browser) -> Page {
    let page = browser.open("/skjema/hvem").await;
    let text = &page.answer.text;
    assert!(text.contains("<dd>Odd Oppdiktet</dd>") && !text.contains("name=\"navn\"") && !text.contains("name=\"relasjon\""), "{text}");
    let empty = browser.submit(&page.form()).await;
    assert_eq!((empty.status, empty.errors()), (422, vec!["Skriv telefonnummeret ditt.".to_owned()]));
    let form = empty.form().fill("telefon", "22 33 44 55");
    browser.submit(&form).await
}

/// Asserts that one member is refused.
fn wrong(answer: Answer, pointer: &str, code: &str) {
    let problem = answer.expect_problem(422, "body-invalid");
    let errors = problem["errors"].as_array().expect("errors");
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert_eq!((&errors[0]["pointer"], &errors[0]["code"]), (&json!(pointer), &json!(code)));
}

async fn actions(app: &TestApp) -> Vec<String> {
    let log = "SELECT DISTINCT action FROM access_log WHERE action LIKE 'representative.%' OR action LIKE 'session.%' ORDER BY action";
    sql::texts(&app.database_url, log).await
}

on_both! {
    async fn a_representative_signs_in_and_is_the_respondent(app: TestApp) {
        let provider = Provider::start("idporten");
        let app = with(&app, &provider).await;
        let invited = invite(&app, "visit-1").await;
        let mut browser = Browser::new(&app);
        // Nobody is registered yet.
        let page = come(&app, &provider, &mut browser, &invited, &person(ODD, HIGH)).await;
        assert_eq!((page.status, page.heading().as_str()), (403, "Brevet er til en annen"));
        let registered = register(&app, &invited, &named(ODD, "power-of-attorney")).await.expect(200);
        assert_eq!(listed(&app, &invited).await, json!([{"id": registered["id"], "name": "Odd Oppdiktet", "relation": "power-of-attorney"}]));
        let page = come(&app, &provider, &mut browser, &invited, &person(ODD, HIGH)).await;
        assert_eq!(page.leads(), "/skjema");
        let about = browser.open("/skjema").await.at(200, "/skjema/om");
        assert!(about.answer.text.contains("Du svarer for Åse Oppdiktet"), "{}", about.main());
        let first = say_who(&mut browser).await;
        assert_eq!((first.status, first.path.as_str()), (200, "/skjema/side/1"));
        let session = "SELECT provider FROM session WHERE representative_id IS NOT NULL";
        assert_eq!(sql::texts(&app.database_url, session).await, ["idporten"]);
        // The name may not be another, nor may the patient be said to have answered.
        let token = browser.token();
        let draft = app.get("/api/v1/session/draft").bearer(&token).send().await.expect(200);
        assert_eq!(draft["respondent"], json!({"kind": "representative", "relation": "power-of-attorney", "name": "Odd Oppdiktet", "phone": "22 33 44 55"}));
        let given = answers(4, &[], &[], "no", None);
        let as_patient = json!({"answers": given, "respondent": {"kind": "patient"}});
        let refused = app.put("/api/v1/session/draft").bearer(&token).if_match(1).json(&as_patient).send().await;
        wrong(refused, "/respondent/kind", "not-allowed");
        let other = json!({"kind": "representative", "relation": "guardian", "name": "Kari Annen", "phone": "55 55 55 55"});
        let body = json!({"answers": given, "respondent": other});
        let saved = app.put("/api/v1/session/draft").bearer(&token).if_match(1).json(&body).send().await.expect(200);
        assert_eq!(saved["respondent"], json!({"kind": "representative", "relation": "power-of-attorney", "name": "Odd Oppdiktet", "phone": "55 55 55 55"}));
        // What was corrected meanwhile is what is handed in, and an ordinary power of attorney decides no consent.
        let corrected = json!({"name": "Odd M. Oppdiktet", "relation": "power-of-attorney", "identifier": named(ODD, "")["identifier"]});
        assert_eq!(register(&app, &invited, &corrected).await.expect(200)["id"], registered["id"]);
        app.post("/api/v1/session/submit").bearer(&token).if_match(2).send().await.expect(201);
        let id = sql::query(&app.database_url, "SELECT id FROM response").await[0].try_get_by_index::<uuid::Uuid>(0).expect("id");
        let response = app.get(&format!("/api/v1/responses/{id}")).bearer(app.world.token("client")).send().await.expect(200);
        assert_eq!(response["respondent"]["name"], "Odd M. Oppdiktet");
        assert_eq!((&response["respondent"]["kind"], &response["consent"]), (&json!("representative"), &json!("not-asked-respondent-may-not-decide")));
        let expected = ["representative.list", "representative.register", "session.open-representative", "session.read", "session.refuse"];
        assert_eq!(actions(&app).await, expected);
        // Name and number are nowhere in the clear.
        let sealed = sql::query(&app.database_url, "SELECT content_sealed FROM representative").await;
        let sealed: Vec<u8> = sealed[0].try_get_by_index(0).expect("bytes");
        assert!(!String::from_utf8_lossy(&sealed).contains("Oppdiktet") && !String::from_utf8_lossy(&sealed).contains(ODD));
    }
}

on_both! {
    async fn patient_and_representatives_see_nothing_of_each_others_drafts(app: TestApp) {
        let provider = Provider::start("idporten");
        let app = with(&app, &provider).await;
        let invited = invite(&app, "visit-1").await;
        for number in [ODD, KARI] {
            register(&app, &invited, &named(number, "guardian")).await.expect(200);
        }
        // All of them on one device, one after the other.
        let mut browser = Browser::new(&app);
        come(&app, &provider, &mut browser, &invited, &person(FNR, HIGH)).await;
        let page = browser.open("/skjema/hvem").await;
        assert!(!page.answer.text.contains("hvem-representative"), "{}", page.main());
        browser.submit(&page.form().check("hvem-patient")).await.at(200, "/skjema/side/1");
        for number in [ODD, KARI] {
            come(&app, &provider, &mut browser, &invited, &person(number, HIGH)).await;
            browser.open("/skjema").await.at(200, "/skjema/annet-sted");
        }
        let elsewhere = browser.open("/skjema/annet-sted").await;
        browser.submit(&elsewhere.form()).await;
        assert_eq!(say_who(&mut browser).await.path, "/skjema/side/1");
        for number in [FNR, ODD] {
            come(&app, &provider, &mut browser, &invited, &person(number, HIGH)).await;
            browser.open("/skjema").await.at(200, "/skjema/annet-sted");
        }
        // Who began goes on, on whatever device.
        let mut other = Browser::new(&app);
        come(&app, &provider, &mut other, &invited, &person(KARI, HIGH)).await;
        let page = other.open("/skjema").await;
        assert!(page.path.starts_with("/skjema/side/"), "{}", page.path);
    }
}

on_both! {
    async fn who_is_removed_is_somebody_else(app: TestApp) {
        let provider = Provider::start("idporten");
        let app = with(&app, &provider).await;
        let invited = invite(&app, "visit-1").await;
        let registered = register(&app, &invited, &named(ODD, "guardian")).await.expect(200);
        let mut browser = Browser::new(&app);
        come(&app, &provider, &mut browser, &invited, &person(ODD, HIGH)).await;
        say_who(&mut browser).await.at(200, "/skjema/side/1");
        assert_eq!(remove(&app, &invited, &registered["id"]).await.status, 204);
        remove(&app, &invited, &registered["id"]).await.expect_problem(404, "not-found");
        assert_eq!(browser.get("/skjema").await.status, 401);
        let page = come(&app, &provider, &mut browser, &invited, &person(ODD, HIGH)).await;
        assert_eq!((page.status, page.heading().as_str()), (403, "Brevet er til en annen"));
        assert_eq!(listed(&app, &invited).await, json!([]));
    }
}

on_both! {
    async fn orders_name_them_and_what_does_not_fit_is_refused(app: TestApp) {
        let client = app.world.token("client").to_owned();
        let issue = |name: &str, more: Value| {
            let mut order = app.order(name);
            order["patient"]["representatives"] = more;
            app.post("/api/v1/invitations").bearer(&client).key(&format!("key-{name}")).json(&order)
        };
        let invited = Invited::of(issue("visit-1", json!([named(ODD, "guardian"), named(KARI, "power-of-attorney")])).send().await.expect(201));
        assert_eq!(listed(&app, &invited).await.as_array().map(Vec::len), Some(2));
        // Those who are not named again stay; who is named again is corrected.
        issue("visit-2", json!([named(KARI, "assigned-power-of-attorney")])).send().await.expect(201);
        let now = listed(&app, &invited).await;
        let all = now.as_array().expect("items").iter();
        let relations: BTreeSet<&str> = all.filter_map(|one| one["relation"].as_str()).collect();
        assert_eq!(relations, BTreeSet::from(["assigned-power-of-attorney", "guardian"]));
        let log = sql::number(&app.database_url, "SELECT COUNT(*) FROM access_log WHERE action = 'representative.register'").await;
        assert_eq!(log, 3);
        let refused = issue("visit-3", json!([named(ODD, "parent")])).send().await;
        wrong(refused, "/patient/representatives", "mismatch");
        let refused = issue("visit-4", json!([named(FNR, "guardian")])).send().await;
        wrong(refused, "/patient/representatives", "mismatch");
        let local = json!({"identifier": {"system": "urn:oid:2.16.578.1.12.4.1.4.3", "value": "80000000000"}, "relation": "friend", "more": 1});
        let refused = issue("visit-5", json!([named(ODD, "guardian"), local, 7])).send().await;
        assert_eq!(refused.status, 422, "{}", refused.text);
        let text = refused.json["errors"].to_string();
        for pointer in ["representatives/1/name", "representatives/1/relation", "representatives/1/more", "representatives/2"] {
            assert!(text.contains(&format!("/patient/{pointer}\"")), "{pointer}: {text}");
        }
        wrong(register(&app, &invited, &named(ODD, "parent")).await, "/relation", "mismatch");
        wrong(register(&app, &invited, &named(FNR, "guardian")).await, "/identifier/value", "mismatch");
        // An order that is refused registers nobody.
        assert_eq!(listed(&app, &invited).await.as_array().map(Vec::len), Some(2));
    }
}

on_both! {
    async fn they_are_exported_and_erased_with_the_patient(app: TestApp) {
        let invited = app.invite("visit-1").await;
        register(&app, &invited, &named(ODD, "guardian")).await.expect(200);
        let (own, patient) = (app.world.organization.expect("organization"), PatientId::parse(&invited.patient).expect("id"));
        let language = kartlegging::domain::language::Language::nb();
        let export = export_patient::export(&app.services, own, patient, &language).await.expect("exported");
        let bundle = export.bundle.to_string();
        assert!(bundle.contains("\"RelatedPerson\"") && bundle.contains(ODD) && bundle.contains("Odd Oppdiktet"));
        assert!(export.page.contains("Odd Oppdiktet") && export.page.contains("verge") && export.page.contains(ODD));
        let held = erase_patient::erase(&app.services, own, patient, Ground::parse("prøve").expect("ground")).await.expect("erased");
        assert_eq!(held.representatives, 1);
        assert_eq!(sql::number(&app.database_url, "SELECT COUNT(*) FROM representative").await, 0);
        register(&app, &invited, &named(ODD, "guardian")).await.expect_problem(410, "erased");
    }
}
