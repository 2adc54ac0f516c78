//! Units whose patients sign in at a provider (`tests/oidc`), in the profile of ID-porten.

use crate::on_both;
use crate::support::TestApp;
use crate::support::app::{Answer, settings};
use crate::support::browser::{Browser, Page, path_of};
use crate::support::provider::{Person, Provider, meet};
use crate::support::sql;
use crate::support::world::{BORN, FNR, Invited, WRONG_DATE, token};
use chrono::Duration;
use kartlegging::domain::clock::Clock;
use kartlegging::domain::ids::UnitId;
use kartlegging::services::admin::{self, Bearer, Error};
use serde_json::json;

pub(super) const HIGH: &str = "idporten-loa-high";
/// Another person: a D-number of nobody.
const OTHER: &str = "47906701517";

/// The same installation; the first unit's patients sign in.
pub(super) async fn with(app: &TestApp, provider: &Provider) -> TestApp {
    let mut app = app.second_instance_with(|settings| settings.sign_in = vec![provider.for_patients()]).await;
    meet(&app);
    // The client's token is of another time.
    let client = Bearer::Client(app.world.client.expect("client"));
    let token = token(&app.services, client).await;
    app.world.tokens.insert("client", token);
    let unit = UnitId::parse(&app.world.unit).expect("unit");
    let own = app.world.organization.expect("organization");
    admin::set_patient_provider(&app.services, own, unit, Some("idporten".to_owned())).await.expect("set");
    app
}

/// An invitation of the patient that is due in a while, whatever time it is.
pub(super) async fn invite(app: &TestApp, name: &str) -> Invited {
    let mut order = app.order(name);
    order.as_object_mut().expect("object").remove("appointment");
    order["unit"] = json!(app.world.unit);
    order["patient"]["contact"] = json!({"phone": "+47 00 00 00 01"});
    order["due_on"] = json!((app.clock.now() + Duration::days(14)).date_naive());
    Invited::of(app.issue(&format!("key-{name}"), &order).await.expect(201))
}

pub(super) fn person(pid: &str, acr: &str) -> Person {
    Person::new(&json!({"pid": pid}), acr)
}

/// From the letter through the provider; gives what the service answers at the end.
pub(super) async fn come(app: &TestApp, provider: &Provider, browser: &mut Browser, invited: &Invited, person: &Person) -> Page {
    browser.open(path_of(&invited.link)).await.at(200, "/start");
    let door = browser.open("/fodselsdato").await.at(200, "/fodselsdato");
    assert!(door.answer.text.contains("href=\"/innlogging/idporten\">Logg inn med ID-porten</a>"), "{}", door.answer.text);
    meet(app);
    let away = browser.get("/innlogging/idporten").await;
    assert_eq!(away.status, 303, "{}", away.main());
    let back = provider.visit(&away.answer.headers["location"], person).await;
    meet(app);
    browser.get(&back).await
}

fn refused(page: &Page, status: u16, heading: &str) {
    assert_eq!((page.status, page.heading().as_str()), (status, heading), "{}", page.main());
}

async fn try_both(app: &TestApp, invited: &Invited, date: &str) -> [Answer; 2] {
    [app.try_link(invited, date).await, app.try_code(&invited.code, date).await]
}

on_both! {
    async fn the_patient_signs_in_and_answers(app: TestApp) {
        let provider = Provider::start("idporten");
        let app = with(&app, &provider).await;
        let invited = invite(&app, "visit-1").await;
        let message = json!({"kind": "notice"});
        let told = app.post(&format!("/api/v1/invitations/{}/message", invited.id)).bearer(app.world.token("client")).json(&message).send().await;
        assert!(told.expect(200)["text"].as_str().is_some_and(|text| text.contains("logg inn") && !text.contains("fødselsdato")));
        let letter = app.post(&format!("/api/v1/invitations/{}/letter", invited.id)).bearer(app.world.token("client")).send().await.expect(200);
        let letter = letter["letter"]["text"].as_str().expect("text");
        assert!(letter.contains("Logg så inn med ID-porten.") && !letter.contains("født"), "{letter}");
        let mut browser = Browser::new(&app);
        let page = come(&app, &provider, &mut browser, &invited, &person(FNR, HIGH)).await;
        assert_eq!(page.leads(), "/skjema");
        assert!(provider.asked().await["pushed"]["acr_values"] == HIGH);
        let form = browser.open("/skjema/hvem").await.form().check("hvem-patient");
        let first = browser.submit(&form).await;
        assert_eq!((first.status, first.path.as_str()), (200, "/skjema/side/1"));
        assert_eq!(sql::number(&app.database_url, "SELECT COUNT(*) FROM draft").await, 1);
        // On another device the patient, who is known, goes on.
        let mut other = Browser::new(&app);
        assert_eq!(come(&app, &provider, &mut other, &invited, &person(FNR, HIGH)).await.leads(), "/skjema");
        let page = other.open("/skjema").await;
        assert!(page.path.starts_with("/skjema/") && page.path != "/skjema/annet-sted", "{}", page.path);
        let log = "SELECT action || ' ' || result FROM access_log WHERE action = 'session.open'";
        assert_eq!(sql::texts(&app.database_url, log).await.len(), 2);
    }
}

on_both! {
    async fn who_is_not_the_patient_or_not_sure_enough_sees_nothing(app: TestApp) {
        let provider = Provider::start("idporten");
        let app = with(&app, &provider).await;
        let invited = invite(&app, "visit-1").await;
        let mut browser = Browser::new(&app);
        for (person, status, heading) in [
            (person(OTHER, HIGH), 403, "Brevet er til en annen"),
            (person(FNR, "idporten-loa-substantial"), 403, "Innloggingen var ikke sikker nok"),
            (person("12345678901", HIGH), 403, "Vi kunne ikke åpne skjemaet"),
            (Person::new(&json!({}), HIGH), 403, "Vi kunne ikke åpne skjemaet"),
            (Person::who_turns_back(), 401, "Du er ikke logget inn"),
        ] {
            let page = come(&app, &provider, &mut browser, &invited, &person).await;
            refused(&page, status, heading);
            assert_eq!((browser.cookie("__Host-sesjon"), browser.cookie("__Host-innlogging")), (None, None));
        }
        let log = "SELECT actor_kind || ' ' || result FROM access_log WHERE action = 'session.refuse'";
        assert_eq!(sql::texts(&app.database_url, log).await, ["system other-person"]);
        let state = "SELECT state FROM invitation";
        assert_eq!(sql::texts(&app.database_url, state).await, ["issued"]);
    }
}

on_both! {
    async fn the_birth_date_alone_opens_nothing(app: TestApp) {
        let provider = Provider::start("idporten");
        let app = with(&app, &provider).await;
        let invited = invite(&app, "visit-1").await;
        for answer in try_both(&app, &invited, WRONG_DATE).await {
            answer.expect_problem(401, "credential-wrong");
        }
        for answer in try_both(&app, &invited, BORN).await {
            answer.expect_problem(403, "sign-in-required");
        }
        let count = "SELECT COUNT(*) FROM session";
        assert_eq!(sql::number(&app.database_url, count).await, 0);
        // Who types the code comes to the same door.
        let mut browser = Browser::new(&app);
        let page = browser.enter_by_code(&invited.code).await.at(200, "/fodselsdato");
        assert_eq!(page.heading(), "Logg inn for å åpne skjemaet");
        let away = browser.get("/innlogging/idporten").await;
        let back = provider.visit(&away.answer.headers["location"], &person(FNR, HIGH)).await;
        assert_eq!(browser.get(&back).await.leads(), "/skjema");
    }
}

on_both! {
    async fn a_provider_opens_the_forms_of_its_own_units_and_no_clinicians_pages(app: TestApp) {
        let (provider, clinic) = (Provider::start("idporten"), Provider::start("helseid"));
        let before = with(&app, &provider).await;
        let app = before.second_instance_with(|settings| settings.sign_in = vec![provider.for_patients(), clinic.for_clinicians()]).await;
        let invited = invite(&app, "visit-1").await;
        // A clinician's provider opens no patient's form: its answer signs a clinician in, or nobody.
        let mut browser = Browser::new(&app);
        browser.open(path_of(&invited.link)).await.at(200, "/start");
        let away = browser.get("/innlogging/helseid").await;
        let both = json!({"pid": FNR, "helseid://claims/identity/security_level": "4"});
        let back = clinic.visit(&away.answer.headers["location"], &Person::new(&both, "Level4")).await;
        let page = browser.get(&back).await;
        assert_eq!((page.status, browser.cookie("__Host-sesjon"), browser.cookie("__Host-klinikk")), (403, None, None));
        // What was begun at one provider is not finished as the other's.
        let away = browser.get("/innlogging/idporten").await;
        let back = provider.visit(&away.answer.headers["location"], &person(FNR, HIGH)).await;
        let page = browser.get(&back.replace("idporten", "helseid")).await;
        assert_eq!((page.status, browser.cookie("__Host-sesjon")), (409, None));
        // A patient without an opened letter, and one whose unit asks for the birth date.
        let mut bare = Browser::new(&app);
        let away = bare.get("/innlogging/idporten").await;
        let back = provider.visit(&away.answer.headers["location"], &person(FNR, HIGH)).await;
        assert_eq!(bare.get(&back).await.status, 410);
        let unit = UnitId::parse(&app.world.unit).expect("unit");
        let own = app.world.organization.expect("organization");
        admin::set_patient_provider(&app.services, own, unit, None).await.expect("set");
        app.try_link(&invited, BORN).await.expect(201);
        let unknown = admin::set_patient_provider(&app.services, own, unit, Some("helseid".to_owned())).await;
        assert!(matches!(unknown, Err(Error::NotFound(_))), "{unknown:?}");
        // Without the provider in the settings the form stays shut.
        admin::set_patient_provider(&app.services, own, unit, Some("idporten".to_owned())).await.expect("set");
        let without = TestApp::with(app.kind, settings(&app.database_url, app.folder.path()), app.clock.clone(), app.folder.clone(), Some(app.world.clone())).await;
        without.try_link(&invited, BORN).await.expect_problem(403, "sign-in-required");
        let mut browser = Browser::new(&without);
        browser.open(path_of(&invited.link)).await;
        browser.open("/fodselsdato").await.at(200, "/fodselsdato");
        browser.get("/innlogging/idporten").await.at(404, "/innlogging/idporten");
    }
}
