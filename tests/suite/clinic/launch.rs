//! Coming from an EHR with a patient open (SMART App Launch 2, `tests/oidc` as an EHR), and what attackers try on
//! the way.

use super::links::{actions, is_in};
use crate::on_both;
use crate::support::TestApp;
use crate::support::browser::{Browser, Page};
use crate::support::provider::{Person, Provider, meet};
use crate::support::sql;
use crate::support::world::{FNR, Invited, answers};
use kartlegging::domain::actor::{Grant, Role};
use kartlegging::domain::ids::UnitId;
use kartlegging::services::admin::{self, NewClinician};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

const SYSTEM: &str = "urn:oid:2.16.578.1.12.4.1.4.1";
const D_SYSTEM: &str = "urn:oid:2.16.578.1.12.4.1.4.2";
/// National ids of two more invented persons, of whom the second is registered nowhere.
const SECOND: &str = "13906030130";
const NOWHERE: &str = "47906701517";
const HPR: &str = "helseid://claims/hpr/hpr_number";

/// The same installation, which an EHR opens.
async fn with(app: &TestApp, ehr: &Provider) -> TestApp {
    let app = app.second_instance_with(|settings| settings.sign_in = vec![ehr.for_ehr("claim_hpr_number", HPR)]).await;
    meet(&app);
    app
}

fn nurse() -> Person {
    health_worker("9900001")
}

fn health_worker(hpr: &str) -> Person {
    Person::new(&json!({HPR: hpr}), "")
}

fn patient(id: &str, identifiers: &[(&str, &str)]) -> Value {
    let identifiers: Vec<Value> = identifiers.iter().map(|(system, value)| json!({"system": system, "value": value})).collect();
    json!({"resourceType": "Patient", "id": id, "identifier": identifiers, "name": [{"family": "Oppdiktet"}]})
}

/// Tells the EHR of a patient, who is open when it launches as `launch-1`.
async fn has(ehr: &Provider, identifiers: &[(&str, &str)]) {
    ehr.know(&json!({"patients": {"p-1": patient("p-1", identifiers)}, "launches": {"launch-1": "p-1"}})).await;
}

fn start(iss: &str, launch: &str) -> String {
    let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("iss", iss).append_pair("launch", launch).finish();
    format!("/innlogging/epj/oppstart?{query}")
}

/// Where the service sends the browser that an EHR opened it in.
async fn leave(ehr: &Provider, browser: &mut Browser, launch: &str) -> String {
    let page = browser.get(&start(&ehr.fhir(), launch)).await;
    assert_eq!(page.status, 303, "{}", page.main());
    page.answer.headers["location"].clone()
}

/// A whole launch; gives what the service answers at the end.
async fn come(app: &TestApp, ehr: &Provider, browser: &mut Browser, person: &Person) -> Page {
    meet(app);
    let address = leave(ehr, browser, "launch-1").await;
    let back = ehr.visit(&address, person).await;
    meet(app);
    browser.get(&back).await
}

fn query(address: &str) -> BTreeMap<String, String> {
    url::Url::parse(address).expect("address").query_pairs().into_owned().collect()
}

/// An answered form; gives the ids of patient and response.
async fn answered(app: &TestApp) -> (String, String) {
    let invited = app.invite("visit-1").await;
    let (_, receipt) = app.answer(&invited, &answers(7, &["pain"], &[], "yes", Some("yes"))).await;
    (invited.patient, receipt["response"].as_str().expect("response").to_owned())
}

/// Somebody else with a visit, in a unit of one of the two organizations.
async fn someone_else(app: &TestApp, client: &str, unit: &str) -> Invited {
    let mut order = app.order("visit-2");
    order["patient"] = json!({
        "identifier": {"system": SYSTEM, "value": SECOND}, "name": "Odd Oppdiktet", "birth_date": "1960-10-13", "language": "nb",
    });
    order["appointment"]["unit"] = unit.into();
    let call = app.post("/api/v1/invitations").bearer(app.world.token(client)).key("key-visit-2");
    Invited::of(call.json(&order).send().await.expect(201))
}

async fn deeds(app: &TestApp) -> Vec<String> {
    let log = "SELECT action FROM access_log WHERE actor_kind = 'clinician' ORDER BY action";
    sql::texts(&app.database_url, log).await
}

on_both! {
    async fn an_ehr_opens_the_answers_of_its_patient(app: TestApp) {
        let (_, response) = answered(&app).await;
        let ehr = Provider::start_ehr("epj");
        let app = with(&app, &ehr).await;
        has(&ehr, &[("urn:ehr:local", "4711"), (SYSTEM, FNR)]).await;
        let mut browser = Browser::new(&app);
        let asked = query(&leave(&ehr, &mut browser, "launch-1").await);
        let of = |name: &str| asked.get(name).map(String::as_str).unwrap_or_default();
        assert_eq!((of("launch"), of("aud")), ("launch-1", ehr.fhir().as_str()), "{asked:?}");
        assert_eq!(of("scope"), "openid fhirUser patient/Patient.r launch");
        assert_eq!((of("code_challenge_method"), of("response_type"), of("client_id")), ("S256", "code", "kartlegging"));
        assert_eq!(of("redirect_uri"), "https://svar.example/innlogging/epj/tilbake");
        let path = format!("/klinikk/svar/{response}");
        let page = come(&app, &ehr, &mut browser, &nurse()).await;
        assert_eq!((page.status, page.leads()), (303, path.clone()), "{}", page.main());
        let page = browser.get(&path).await.at(200, &path);
        assert!(page.main().contains("Åse Oppdiktet"), "{}", page.main());
        // Signed in, looked up, read: each has its entry, and is the clinician's.
        assert_eq!(deeds(&app).await, ["clinician.sign-in", "patient.search", "response.summary"]);
        assert_eq!(sql::texts(&app.database_url, "SELECT provider FROM clinician_session").await, ["epj"]);
        // What the EHR was asked: its own configuration, and an assertion as SMART has it.
        let asked = ehr.asked().await;
        assert!(asked["paths"]["/.well-known/openid-configuration"].is_null(), "{asked}");
        assert_eq!(asked["paths"]["/fhir/.well-known/smart-configuration"], 1, "{asked}");
        assert_eq!(asked["paths"]["/fhir/Patient/…"], 1, "{asked}");
        let (head, claims) = (&asked["assertion"][0], &asked["assertion"][1]);
        assert_eq!((&head["typ"], &head["alg"], &head["kid"]), (&json!("JWT"), &json!("ES384"), &json!("client-1")));
        assert_eq!(claims["aud"], format!("{}/token", ehr.issuer), "{claims}");
        // The number is in no page that leads there, and in no head.
        for (what, answer) in &browser.met {
            let heads = format!("{what} {:?} {:?}", answer.headers, answer.cookies);
            assert!(!heads.contains(FNR) && !answer.text.contains(FNR), "{what}");
        }
    }
}

on_both! {
    async fn who_begins_here_chooses_the_patient_there(app: TestApp) {
        let (_, response) = answered(&app).await;
        let ehr = Provider::start_ehr("epj");
        let fhir_user = format!("{}/Practitioner/7", ehr.fhir());
        let unit = UnitId::parse(&app.world.unit).expect("unit");
        let new = NewClinician {
            organization: app.world.organization.expect("organization"),
            name: "Test Lege".to_owned(),
            hpr_number: None,
            subject: Some(fhir_user.clone()),
            grants: BTreeSet::from([Grant { role: Role::Clinician, unit: Some(unit) }]),
        };
        admin::add_clinician(&app.services, new).await.expect("clinician");
        let app = app.second_instance_with(|settings| settings.sign_in = vec![ehr.for_ehr("claim_subject", "fhirUser")]).await;
        meet(&app);
        has(&ehr, &[(SYSTEM, FNR)]).await;
        let mut browser = Browser::new(&app);
        let door = browser.get("/klinikk/inn").await;
        assert!(door.answer.text.contains("href=\"/innlogging/epj\">Logg inn med Journalen</a>"), "{}", door.answer.text);
        let address = browser.get("/innlogging/epj").await.answer.headers["location"].clone();
        let asked = query(&address);
        assert_eq!(asked["scope"], "openid fhirUser patient/Patient.r launch/patient");
        assert!(asked["aud"] == ehr.fhir() && !asked.contains_key("launch"), "{asked:?}");
        let person = Person::new(&json!({"fhirUser": fhir_user}), "").choosing("p-1");
        let back = ehr.visit(&address, &person).await;
        meet(&app);
        assert_eq!(browser.get(&back).await.leads(), format!("/klinikk/svar/{response}"));
    }
}

on_both! {
    async fn an_ehr_that_is_not_in_the_settings_is_refused_and_not_asked(app: TestApp) {
        let (ehr, other) = (Provider::start_ehr("epj"), Provider::start_ehr("annen"));
        let house = Provider::start_plain("huset");
        let doors = vec![ehr.for_ehr("claim_hpr_number", HPR), house.plain_for_clinicians()];
        let app = app.second_instance_with(|settings| settings.sign_in = doors).await;
        meet(&app);
        let mut browser = Browser::new(&app);
        for iss in [other.fhir(), format!("{}/", ehr.fhir()), ehr.issuer.clone(), ehr.fhir().to_uppercase(), "x".to_owned()] {
            let page = browser.get(&start(&iss, "launch-1")).await;
            assert_eq!((page.status, page.heading().as_str()), (403, "Vi kjenner ikke dette journalsystemet"), "{iss}");
            assert!(page.main().contains("Til innloggingen"), "{}", page.main());
        }
        // A provider that is no EHR launches nothing.
        let house = browser.get(&start(&ehr.fhir(), "launch-1").replace("/epj/", "/huset/")).await;
        assert_eq!(house.status, 403, "{}", house.main());
        assert_eq!(browser.get(&start(&ehr.fhir(), "launch-1").replace("/epj/", "/ingen/")).await.status, 404);
        let own = ehr.fhir();
        for query in [String::new(), format!("iss={own}"), "launch=a".to_owned(), format!("iss={own}&launch=a&launch=b"), format!("iss={own}&launch=")] {
            let page = browser.get(&format!("/innlogging/epj/oppstart?{query}")).await;
            assert_eq!((page.status, page.heading().as_str()), (400, "Vi forstod ikke journalsystemet"), "{query}");
        }
        for provider in [&ehr, &other] {
            let asked = provider.asked().await;
            let paths: Vec<&String> = asked["paths"].as_object().expect("paths").keys().collect();
            assert_eq!(paths, ["/asked"], "nothing else was asked");
        }
        assert_eq!(sql::number(&app.database_url, "SELECT COUNT(*) FROM attempt WHERE scope = 'sign-in'").await, 0);
        assert_eq!(browser.cookie("__Host-innlogging"), None);
    }
}

on_both! {
    async fn a_launch_ends_in_the_browser_that_it_began_in_once(app: TestApp) {
        answered(&app).await;
        let ehr = Provider::start_ehr("epj");
        let app = with(&app, &ehr).await;
        has(&ehr, &[(SYSTEM, FNR)]).await;
        let (mut first, mut second) = (Browser::new(&app), Browser::new(&app));
        let back = ehr.visit(&leave(&ehr, &mut first, "launch-1").await, &nurse()).await;
        // Without a sign-in under way, and with one of its own.
        assert_eq!(second.get(&back).await.status, 409);
        leave(&ehr, &mut second, "launch-1").await;
        assert_eq!(second.get(&back).await.status, 409);
        assert!(!is_in(&mut second).await);
        meet(&app);
        assert_eq!(first.get(&back).await.status, 303);
        assert_eq!(first.get(&back).await.status, 409);
        // What the EHR does not know as a launch of its own opens nothing.
        let unknown = ehr.visit(&leave(&ehr, &mut second, "launch-2").await, &nurse()).await;
        assert_eq!(second.get(&unknown).await.status, 409);
        assert!(is_in(&mut first).await && !is_in(&mut second).await);
        assert_eq!(actions(&app).await, ["clinician.sign-in"]);
    }
}

on_both! {
    async fn an_id_token_that_does_not_fit_opens_nobody(app: TestApp) {
        answered(&app).await;
        let ehr = Provider::start_ehr("epj");
        let app = with(&app, &ehr).await;
        has(&ehr, &[(SYSTEM, FNR)]).await;
        let mut browser = Browser::new(&app);
        for (changes, status) in [
            (json!({"signature": "broken"}), 409),
            (json!({"iss": "https://another.example"}), 409),
            (json!({"aud": "another"}), 409),
            (json!({"nonce": "another"}), 409),
            (json!({"exp": 1}), 409),
            (json!({"at_hash": "AAAA"}), 409),
            (json!({HPR: "9900099"}), 403),
            (json!({"answer": {"id_token": null}}), 503),
            (json!({"answer": {"patient": 1}}), 503),
            (json!({"answer": {"token_type": "mac"}}), 409),
        ] {
            ehr.bend(&changes).await;
            let page = come(&app, &ehr, &mut browser, &nurse()).await;
            assert_eq!(page.status, status, "{changes}: {}", page.main());
            assert!(page.main().contains("Til innloggingen"), "{}", page.main());
            assert!(!is_in(&mut browser).await, "{changes}");
        }
        assert!(ehr.asked().await["paths"]["/fhir/Patient/…"].is_null());
        assert!(actions(&app).await.is_empty());
    }
}

const AWAY: &str = "Pasienten ble ikke hentet fra journalsystemet";

on_both! {
    async fn nobody_is_shown_but_the_patient_who_is_open(app: TestApp) {
        answered(&app).await;
        let foreign = app.world.other_unit.clone();
        someone_else(&app, "other_client", &foreign).await;
        let ehr = Provider::start_ehr("epj");
        let app = with(&app, &ehr).await;
        let mut browser = Browser::new(&app);
        let (known, twice) = (patient("p-1", &[(SYSTEM, FNR)]), patient("p-1", &[(SYSTEM, SECOND), (D_SYSTEM, NOWHERE)]));
        let mut old = known.clone();
        old["identifier"][0]["use"] = "old".into();
        let unnamed = "Journalsystemet har ikke noe fødselsnummer for pasienten";
        let unknown = "Pasienten i journalsystemet er ikke registrert her";
        for (id, resource, word, heading) in [
            ("p-1", patient("p-1", &[(D_SYSTEM, NOWHERE)]), "ukjent", unknown),
            // A patient of the other organization is nobody's here.
            ("p-1", twice, "ukjent", unknown),
            ("p-1", patient("p-1", &[]), "uten-nummer", unnamed),
            ("p-1", patient("p-1", &[("urn:ehr:local", FNR), (SYSTEM, "13904709536"), (D_SYSTEM, FNR)]), "uten-nummer", unnamed),
            ("p-1", old, "uten-nummer", unnamed),
            ("p-1", patient("p-2", &[(SYSTEM, FNR)]), "borte", AWAY),
            ("p-1", json!({"resourceType": "Person", "id": "p-1", "identifier": known["identifier"]}), "borte", AWAY),
            ("p-1", json!(404), "borte", AWAY),
            ("p-1", json!(500), "borte", AWAY),
            ("p-1", json!("no JSON"), "borte", AWAY),
            ("p-1", json!(" ".repeat(300_000)), "borte", AWAY),
            ("../fhir/Patient/p-1", known.clone(), "borte", AWAY),
            ("p-1?a=b", known.clone(), "borte", AWAY),
            ("..", known, "borte", AWAY),
        ] {
            ehr.know(&json!({"patients": {"p-1": resource}, "launches": {"launch-1": id}})).await;
            let page = come(&app, &ehr, &mut browser, &nurse()).await;
            assert_eq!((page.status, page.leads()), (303, format!("/klinikk/journal?hvorfor={word}")), "{id} {resource}");
            let told = browser.get(&page.leads()).await;
            assert_eq!((told.status, told.heading().as_str()), (200, heading));
            assert!(told.main().contains("Til arbeidslisten") && !told.main().contains("Oppdiktet"), "{}", told.main());
            assert!(is_in(&mut browser).await);
        }
        browser.get("/klinikk/journal?hvorfor=annet").await.at(404, "/klinikk/journal?hvorfor=annet");
        assert!(deeds(&app).await.iter().all(|deed| deed == "clinician.sign-in" || deed == "patient.search"));
    }
}

on_both! {
    async fn numbers_of_two_patients_are_nobodys(app: TestApp) {
        answered(&app).await;
        let own = app.world.unit.clone();
        someone_else(&app, "client", &own).await;
        let ehr = Provider::start_ehr("epj");
        let app = with(&app, &ehr).await;
        has(&ehr, &[(SYSTEM, FNR), (SYSTEM, SECOND)]).await;
        let mut browser = Browser::new(&app);
        let page = come(&app, &ehr, &mut browser, &nurse()).await;
        assert_eq!(page.leads(), "/klinikk/journal?hvorfor=flere");
        assert_eq!(browser.get(&page.leads()).await.heading(), "Vi vet ikke hvem pasienten er");
    }
}

on_both! {
    async fn who_may_not_read_the_patient_is_asked_why_or_told_so(app: TestApp) {
        let (person, response) = answered(&app).await;
        let ehr = Provider::start_ehr("epj");
        let app = with(&app, &ehr).await;
        has(&ehr, &[(SYSTEM, FNR)]).await;
        // Of another unit: the glass, and the number of the response is not said.
        let mut second = Browser::new(&app);
        let page = come(&app, &ehr, &mut second, &health_worker("9900002")).await;
        assert_eq!(page.leads(), format!("/klinikk/pasient/{person}"));
        let glass = second.get(&page.leads()).await;
        assert_eq!((glass.status, glass.heading().as_str()), (403, "Pasienten hører ikke til enhetene dine nå"));
        assert!(!glass.answer.text.contains(&response));
        // Somebody who opens no patients.
        let mut auditor = Browser::new(&app);
        let page = come(&app, &ehr, &mut auditor, &health_worker("9900005")).await;
        assert_eq!(page.leads(), "/klinikk/journal?hvorfor=rolle");
        assert_eq!(auditor.get(&page.leads()).await.heading(), "Rollen din gir ikke tilgang til pasienter");
        // Of the other organization: not who they say they are here.
        let mut other = Browser::new(&app);
        assert_eq!(come(&app, &ehr, &mut other, &health_worker("9900006")).await.status, 403);
        assert!(!is_in(&mut other).await);
    }
}

on_both! {
    async fn a_patient_without_answers_and_no_patient_at_all(app: TestApp) {
        let invited = app.invite("visit-1").await;
        let ehr = Provider::start_ehr("epj");
        let app = with(&app, &ehr).await;
        has(&ehr, &[(SYSTEM, FNR)]).await;
        let mut browser = Browser::new(&app);
        let page = come(&app, &ehr, &mut browser, &nurse()).await;
        assert_eq!(page.leads(), format!("/klinikk/pasient/{}", invited.patient));
        assert!(browser.get(&page.leads()).await.main().contains("Pasienten har ikke sendt inn noe svar."));
        let before = browser.cookie("__Host-klinikk").expect("session").to_owned();
        // Nobody is open there: the worklist, in a session of its own.
        ehr.know(&json!({"launches": {"launch-1": null}})).await;
        assert_eq!(come(&app, &ehr, &mut browser, &nurse()).await.leads(), "/klinikk");
        assert!(is_in(&mut browser).await && browser.cookie("__Host-klinikk") != Some(before.as_str()));
    }
}

on_both! {
    async fn an_ehr_that_is_away_or_says_less_than_it_must_is_said_to_be(app: TestApp) {
        let ehr = Provider::start_ehr("epj");
        for configuration in [
            json!({"issuer": "https://another.example"}),
            json!({"issuer": null}),
            json!({"jwks_uri": null}),
            json!({"code_challenge_methods_supported": ["plain"]}),
            json!({"code_challenge_methods_supported": []}),
            json!({"token_endpoint": "http://ehr.example/token"}),
        ] {
            ehr.know(&json!({"configuration": configuration})).await;
            let app = with(&app, &ehr).await;
            let page = Browser::new(&app).get(&start(&ehr.fhir(), "launch-1")).await;
            assert_eq!((page.status, page.heading().as_str()), (503, "Innloggingen svarer ikke"), "{configuration}");
        }
        ehr.know(&json!({"configuration": {}, "launches": {"launch-1": null}})).await;
        let app = with(&app, &ehr).await;
        let mut browser = Browser::new(&app);
        let back = ehr.visit(&leave(&ehr, &mut browser, "launch-1").await, &nurse()).await;
        let (address, late) = (ehr.fhir(), with(&app, &ehr).await);
        drop(ehr);
        // On the way back, and at the start.
        assert_eq!(browser.get(&back).await.status, 503);
        let page = Browser::new(&late).get(&start(&address, "launch-1")).await;
        assert_eq!((page.status, page.heading().as_str()), (503, "Innloggingen svarer ikke"), "{}", page.main());
    }
}
