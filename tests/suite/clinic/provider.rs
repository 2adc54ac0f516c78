//! Signing in at a provider (`tests/oidc`), in the profile of HelseID, and what attackers try on the way.

use super::links::{actions, is_in, sign_in};
use crate::on_both;
use crate::support::TestApp;
use crate::support::browser::{Browser, Page};
use crate::support::provider::{Person, Provider, meet};
use crate::support::sql;
use chrono::Duration;
use kartlegging::domain::actor::{Grant, Role};
use kartlegging::services::admin::{self, NewClinician};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const AWAY: &str = "__Host-innlogging";
const SEAT: &str = "__Host-klinikk";
const START: &str = "/innlogging/helseid";

/// The same installation, where clinicians sign in at a provider.
async fn with(app: &TestApp, provider: &Provider) -> TestApp {
    let app = app.second_instance_with(|settings| settings.sign_in = vec![provider.for_clinicians()]).await;
    meet(&app);
    app
}

fn nurse() -> Person {
    Person::health_worker("9900001", "900000014", "4")
}

/// Where the service sends the browser.
async fn leave(browser: &mut Browser) -> String {
    let page = browser.get(START).await;
    assert_eq!(page.status, 303, "{}", page.main());
    page.answer.headers["location"].clone()
}

/// A whole sign-in; gives what the service answers at the end.
async fn try_in(app: &TestApp, provider: &Provider, browser: &mut Browser, person: &Person) -> Page {
    meet(app);
    let address = leave(browser).await;
    let back = provider.visit(&address, person).await;
    meet(app);
    browser.get(&back).await
}

/// Asserts that the answer is a page that says what to do, that nobody is signed in, and that the
/// sign-in which was under way is over.
async fn refused(page: Page, browser: &mut Browser, status: u16, heading: &str) {
    assert_eq!((page.status, page.heading().as_str()), (status, heading), "{}", page.main());
    assert!(page.main().contains("Til innloggingen"), "{}", page.main());
    assert_eq!(browser.cookie(AWAY), None);
    assert!(!is_in(browser).await);
}

const UNFIT: &str = "Innloggingen kunne ikke brukes";
const UNKNOWN: &str = "Du har ikke tilgang ennå";

/// A query with one value replaced, or taken away.
fn replaced(address: &str, name: &str, value: Option<&str>) -> String {
    let (path, query) = address.split_once('?').expect("query");
    let pairs: Vec<(String, String)> = url::form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .filter_map(|(own, was)| if own == name { value.map(|value| (own, value.to_owned())) } else { Some((own, was)) })
        .collect();
    format!("{path}?{}", url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish())
}

on_both! {
    async fn a_clinician_signs_in_and_out_at_both_ends(app: TestApp) {
        let provider = Provider::start("helseid");
        let app = with(&app, &provider).await;
        let mut browser = Browser::new(&app);
        let door = browser.get("/klinikk/inn?sprak=nn").await;
        assert!(door.answer.text.contains("href=\"/innlogging/helseid?sprak=nn\">Logg inn med HelseID</a>"), "{}", door.answer.text);
        let address = browser.get(&format!("{START}?sprak=nn")).await.answer.headers["location"].clone();
        // Nothing but a reference goes through the browser.
        let parsed = url::Url::parse(&address).expect("address");
        let names: Vec<String> = parsed.query_pairs().map(|(name, _)| name.into_owned()).collect();
        assert_eq!(names, ["client_id", "request_uri"], "{address}");
        let pushed = provider.asked().await["pushed"].clone();
        assert_eq!((&pushed["code_challenge_method"], &pushed["response_type"]), (&json!("S256"), &json!("code")), "{pushed}");
        assert!(pushed["dpop_jkt"].is_string() && pushed["redirect_uri"] == "https://svar.example/innlogging/helseid/tilbake", "{pushed}");
        let back = provider.visit(&address, &nurse()).await;
        let page = browser.get(&back).await;
        assert_eq!((page.status, page.leads().as_str()), (303, "/klinikk"));
        assert_eq!(browser.cookie(AWAY), None);
        assert!(browser.cookie(SEAT).expect("session").starts_with("nn."), "the language came along");
        assert!(is_in(&mut browser).await);
        let row = "SELECT provider || ' ' || assurance FROM clinician_session";
        assert_eq!(sql::texts(&app.database_url, row).await, ["helseid 4"]);
        assert_eq!(actions(&app).await, ["clinician.sign-in"]);
        let log = "SELECT assurance FROM access_log WHERE action = 'clinician.sign-in'";
        assert_eq!(sql::texts(&app.database_url, log).await, ["4"]);
        let form = browser.get("/klinikk/ut").await.form();
        let page = browser.submit(&form).await.at(200, "/klinikk/ute?sprak=nn&hos=helseid");
        let there = format!("{}/session/end?client_id=kartlegging&#38;post_logout_redirect_uri=https%3A%2F%2Fsvar.example%2Fklinikk%2Finn", provider.issuer);
        assert!(page.answer.text.contains(&there), "{}", page.answer.text);
        assert!(!is_in(&mut browser).await);
    }
}

on_both! {
    async fn a_provider_of_the_simple_kind_will_do(app: TestApp) {
        let provider = Provider::start_plain("huset");
        let organization = app.world.organization.expect("organization");
        let new = NewClinician {
            organization,
            name: "Test Sykepleier".to_owned(),
            hpr_number: None,
            subject: Some("person-1".to_owned()),
            grants: BTreeSet::from([Grant { role: Role::Auditor, unit: None }]),
        };
        admin::add_clinician(&app.services, new).await.expect("clinician");
        let app = app.second_instance_with(|settings| settings.sign_in = vec![provider.plain_for_clinicians()]).await;
        meet(&app);
        let mut browser = Browser::new(&app);
        let address = browser.get("/innlogging/huset").await.answer.headers["location"].clone();
        let parsed = url::Url::parse(&address).expect("address");
        let names: BTreeSet<String> = parsed.query_pairs().map(|(name, _)| name.into_owned()).collect();
        let wanted = ["client_id", "code_challenge", "code_challenge_method", "nonce", "redirect_uri", "response_type", "scope", "state"];
        assert!(names.iter().map(String::as_str).eq(wanted), "{names:?}");
        let back = provider.visit(&address, &Person::new(&json!({}), "Level3")).await;
        meet(&app);
        assert_eq!(browser.get(&back).await.leads(), "/klinikk");
        assert!(is_in(&mut browser).await);
        // Held to another algorithm or to pushed requests, the same provider signs nobody in.
        let mut strict = provider.plain_for_clinicians();
        strict.algorithms = vec!["ES256".to_owned()];
        let strict = app.second_instance_with(|settings| settings.sign_in = vec![strict]).await;
        let mut other = Browser::new(&strict);
        let address = other.get("/innlogging/huset").await.answer.headers["location"].clone();
        let back = provider.visit(&address, &Person::new(&json!({}), "Level3")).await;
        meet(&app);
        let page = other.get(&back).await;
        refused(page, &mut other, 409, UNFIT).await;
        let mut bound = provider.plain_for_clinicians();
        bound.par = true;
        let bound = app.second_instance_with(|settings| settings.sign_in = vec![bound]).await;
        assert_eq!(Browser::new(&bound).get("/innlogging/huset").await.status, 503, "it takes no pushed requests");
    }
}

on_both! {
    async fn what_comes_back_must_answer_what_was_begun(app: TestApp) {
        let provider = Provider::start("helseid");
        let app = with(&app, &provider).await;
        let mut browser = Browser::new(&app);
        for (name, value) in [
            ("state", Some("AAAA")),
            ("state", None),
            ("iss", Some("https://other.example")),
            ("iss", None),
            ("code", Some("AAAA")),
            ("code", None),
        ] {
            meet(&app);
            let address = leave(&mut browser).await;
            let back = provider.visit(&address, &nurse()).await;
            let page = browser.get(&replaced(&back, name, value)).await;
            refused(page, &mut browser, 409, UNFIT).await;
        }
        // A value that stands twice.
        let address = leave(&mut browser).await;
        let back = provider.visit(&address, &nurse()).await;
        let page = browser.get(&format!("{back}&code=AAAA")).await;
        refused(page, &mut browser, 409, UNFIT).await;
        // Without the browser that began, or with a cookie of another kind.
        meet(&app);
        let address = leave(&mut browser).await;
        let back = provider.visit(&address, &nurse()).await;
        let mut other = Browser::new(&app);
        let page = other.get(&back).await;
        refused(page, &mut other, 409, UNFIT).await;
        for planted in ["", ".", "nb.AAAA"] {
            other.plant(AWAY, planted);
            let page = other.get(&back).await;
            refused(page, &mut other, 409, UNFIT).await;
        }
        // The browser that began gets in, once.
        let kept = browser.cookie(AWAY).expect("cookie").to_owned();
        assert_eq!(browser.get(&back).await.leads(), "/klinikk");
        assert!(is_in(&mut browser).await);
        other.plant(AWAY, &kept);
        let page = other.get(&back).await;
        refused(page, &mut other, 409, UNFIT).await;
    }
}

on_both! {
    async fn an_answer_for_another_sign_in_signs_nobody_in(app: TestApp) {
        let provider = Provider::start("helseid");
        let app = with(&app, &provider).await;
        let (mut attacker, mut victim) = (Browser::new(&app), Browser::new(&app));
        // The attacker's code and state in the victim's browser, which is on its own way.
        let mine = provider.visit(&leave(&mut attacker).await, &nurse()).await;
        let own = leave(&mut victim).await;
        let page = victim.get(&mine).await;
        refused(page, &mut victim, 409, UNFIT).await;
        // The attacker's code with the victim's state: the verifier and the key are others.
        meet(&app);
        let own_back = provider.visit(&leave(&mut victim).await, &nurse()).await;
        let code = url::form_urlencoded::parse(mine.split_once('?').expect("query").1.as_bytes())
            .find(|(name, _)| name == "code")
            .expect("code")
            .1
            .into_owned();
        let page = victim.get(&replaced(&own_back, "code", Some(&code))).await;
        refused(page, &mut victim, 409, UNFIT).await;
        assert!(own.contains("request_uri"));
    }
}

on_both! {
    async fn an_id_token_that_does_not_fit_signs_nobody_in(app: TestApp) {
        let provider = Provider::start("helseid");
        let app = with(&app, &provider).await;
        let mut browser = Browser::new(&app);
        let now = app.services.now().timestamp();
        for changes in [
            json!({"nonce": "another"}),
            json!({"nonce": null}),
            json!({"iss": "https://other.example"}),
            json!({"aud": "another"}),
            json!({"aud": ["kartlegging", "another"]}),
            json!({"azp": "another"}),
            json!({"exp": now - 100}),
            json!({"exp": null}),
            json!({"iat": now + 3600}),
            json!({"iat": null}),
            json!({"sub": ""}),
            json!({"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"}),
            json!({"signature": "broken"}),
        ] {
            provider.bend(&changes).await;
            let page = try_in(&app, &provider, &mut browser, &nurse()).await;
            assert_eq!((page.status, page.heading().as_str()), (409, UNFIT), "{changes}");
            refused(page, &mut browser, 409, UNFIT).await;
        }
        provider.bend(&Value::Null).await;
        assert_eq!(try_in(&app, &provider, &mut browser, &nurse()).await.leads(), "/klinikk");
    }
}

on_both! {
    async fn who_is_not_registered_or_not_sure_enough_is_told_so(app: TestApp) {
        let provider = Provider::start("helseid");
        let app = with(&app, &provider).await;
        let mut browser = Browser::new(&app);
        let without = |name: &str| {
            let mut claims = json!({
                "helseid://claims/hpr/hpr_number": "9900001", "helseid://claims/client/claims/orgnr_parent": "900000014",
                "helseid://claims/identity/security_level": "4",
            });
            claims.as_object_mut().expect("object").remove(name);
            Person::new(&claims, "Level4")
        };
        let low = "Innloggingen var ikke sikker nok";
        for (person, heading) in [
            (Person::health_worker("9900099", "900000014", "4"), UNKNOWN),
            (Person::health_worker("9900001", "900000022", "4"), UNKNOWN),
            (Person::health_worker("9900001", "999999999", "4"), UNKNOWN),
            (without("helseid://claims/hpr/hpr_number"), UNKNOWN),
            (without("helseid://claims/client/claims/orgnr_parent"), UNKNOWN),
            (Person::health_worker("9900001", "900000014", "3"), low),
            (without("helseid://claims/identity/security_level"), low),
        ] {
            let page = try_in(&app, &provider, &mut browser, &person).await;
            refused(page, &mut browser, 403, heading).await;
        }
        sql::execute(&app.database_url, "DELETE FROM clinician_role").await.expect("roles");
        let page = try_in(&app, &provider, &mut browser, &nurse()).await;
        refused(page, &mut browser, 403, UNKNOWN).await;
        let page = try_in(&app, &provider, &mut browser, &Person::who_turns_back()).await;
        refused(page, &mut browser, 401, "Du er ikke logget inn").await;
        assert!(actions(&app).await.is_empty());
    }
}

on_both! {
    async fn a_sign_in_takes_fifteen_minutes_at_most(app: TestApp) {
        let provider = Provider::start("helseid");
        let app = with(&app, &provider).await;
        let mut browser = Browser::new(&app);
        let back = provider.visit(&leave(&mut browser).await, &nurse()).await;
        let kept = browser.cookie(AWAY).expect("cookie").to_owned();
        app.advance(Duration::minutes(15));
        browser.plant(AWAY, &kept);
        let page = browser.get(&back).await;
        refused(page, &mut browser, 409, UNFIT).await;
    }
}

on_both! {
    async fn signing_in_raises_no_session_that_was_planted(app: TestApp) {
        let provider = Provider::start("helseid");
        let app = with(&app, &provider).await;
        let (mut attacker, mut victim) = (Browser::new(&app), Browser::new(&app));
        sign_in(&app, &mut attacker).await;
        let planted = attacker.cookie(SEAT).expect("session").to_owned();
        victim.plant(SEAT, &planted);
        assert_eq!(try_in(&app, &provider, &mut victim, &nurse()).await.leads(), "/klinikk");
        assert_ne!(victim.cookie(SEAT), Some(planted.as_str()));
        assert!(is_in(&mut victim).await && !is_in(&mut attacker).await);
    }
}

on_both! {
    async fn a_provider_that_is_away_is_said_to_be(app: TestApp) {
        let provider = Provider::start("helseid");
        let app = with(&app, &provider).await;
        let mut browser = Browser::new(&app);
        browser.get("/innlogging/annen").await.at(404, "/innlogging/annen");
        browser.get("/innlogging/annen/tilbake").await.at(409, "/innlogging/annen/tilbake");
        drop(provider);
        let page = browser.get(START).await.at(503, START);
        assert_eq!(page.heading(), "Innloggingen svarer ikke");
        // A one-time link opens meanwhile.
        sign_in(&app, &mut browser).await;
        assert!(is_in(&mut browser).await);
    }
}

on_both! {
    async fn a_network_that_begins_many_and_finishes_none_waits(app: TestApp) {
        let provider = Provider::start("helseid");
        let app = with(&app, &provider).await;
        let count = "SELECT SUM(failures) FROM attempt WHERE scope = 'sign-in'";
        let pushed = async || provider.asked().await["paths"]["/request"].clone();
        // Whoever finishes takes nothing of the limit.
        let mut browser = Browser::new(&app);
        assert_eq!(try_in(&app, &provider, &mut browser, &nurse()).await.status, 303);
        assert_eq!(sql::number(&app.database_url, count).await, 0);
        leave(&mut Browser::new(&app)).await;
        assert_eq!(sql::number(&app.database_url, count).await, 1);
        sql::execute(&app.database_url, "UPDATE attempt SET failures = 300 WHERE scope = 'sign-in'").await.expect("counted");
        let before = pushed().await;
        let page = Browser::new(&app).get(START).await;
        assert_eq!((page.status, page.heading().as_str()), (429, "Vent litt før du logger inn"), "{}", page.main());
        let seconds: i64 = page.answer.headers["retry-after"].parse().expect("seconds");
        assert!((1..=600).contains(&seconds), "{seconds}");
        assert_eq!(pushed().await, before);
        // The provider does not go with our time, and may refuse; it is asked again.
        app.advance(Duration::seconds(seconds));
        assert_ne!(Browser::new(&app).get(START).await.status, 429);
    }
}

async fn say_left(app: &TestApp, token: &str) -> u16 {
    let body = url::form_urlencoded::Serializer::new(String::new()).append_pair("logout_token", token).finish();
    app.post(&format!("{START}/ut")).body("application/x-www-form-urlencoded", body).send().await.status
}

on_both! {
    async fn a_session_ends_with_the_providers_own(app: TestApp) {
        let provider = Provider::start("helseid");
        let app = with(&app, &provider).await;
        let (mut browser, mut other) = (Browser::new(&app), Browser::new(&app));
        assert_eq!(try_in(&app, &provider, &mut browser, &nurse()).await.status, 303);
        assert_eq!(try_in(&app, &provider, &mut other, &nurse()).await.status, 303);
        let sids = sql::texts(&app.database_url, "SELECT sid FROM clinician_session ORDER BY id").await;
        assert!(sids.len() == 2 && sids[0] != sids[1], "{sids:?}");
        meet(&app);
        let sid = &sids[0];
        for wrong in [
            json!({"sid": null}),
            json!({"sid": sid, "events": null}),
            json!({"sid": sid, "events": {"http://schemas.openid.net/event/other": {}}}),
            json!({"sid": sid, "nonce": "one"}),
            json!({"sid": sid, "jti": null}),
            json!({"sid": sid, "iat": null}),
            json!({"sid": sid, "aud": "another"}),
            json!({"sid": sid, "iss": "https://another.example"}),
            json!({"sid": sid, "exp": 1}),
        ] {
            let token = provider.logout_token(&wrong).await;
            assert_eq!(say_left(&app, &token).await, 400, "{wrong}");
        }
        let token = provider.logout_token(&json!({"sid": sid})).await;
        let (rest, signature) = token.rsplit_once('.').expect("three parts");
        let last = if signature.starts_with('A') { "B" } else { "A" };
        assert_eq!(say_left(&app, &format!("{rest}.{last}{}", &signature[1..])).await, 400);
        assert!(is_in(&mut browser).await && is_in(&mut other).await);
        // A session that is not ours ends nothing, and neither does a repeat.
        let unknown = provider.logout_token(&json!({"sid": "another"})).await;
        for (token, first) in [(&unknown, true), (&token, false), (&token, false)] {
            assert_eq!(say_left(&app, token).await, 200);
            assert_eq!((is_in(&mut browser).await, is_in(&mut other).await), (first, true));
        }
        let ended = actions(&app).await.into_iter().filter(|action| action == "clinician.sign-out-by-provider").count();
        assert_eq!(ended, 1);
        let elsewhere = app.post("/innlogging/another/ut").body("application/x-www-form-urlencoded", format!("logout_token={token}"));
        elsewhere.send().await.expect_problem(404, "not-found");
    }
}

on_both! {
    async fn who_acts_for_a_part_of_the_organization_has_its_units_only(app: TestApp) {
        let provider = Provider::start("helseid");
        let app = with(&app, &provider).await;
        let acting = |child: &str| {
            let claims = json!({
                "helseid://claims/hpr/hpr_number": "9900001",
                "helseid://claims/client/claims/orgnr_parent": "900000014",
                "helseid://claims/client/claims/orgnr_child": child,
                "helseid://claims/identity/security_level": "4",
            });
            Person::new(&claims, "Level4")
        };
        let mut browser = Browser::new(&app);
        let page = try_in(&app, &provider, &mut browser, &acting("974000001")).await;
        refused(page, &mut browser, 403, "Du er logget inn for en annen virksomhet").await;
        let own = "UPDATE unit SET external_id = '974000001' WHERE name = 'Poliklinikken'";
        assert_eq!(sql::execute(&app.database_url, own).await.expect("named"), 1);
        assert_eq!(try_in(&app, &provider, &mut browser, &acting("974000001")).await.status, 303);
        assert_eq!(sql::texts(&app.database_url, "SELECT unit_number FROM clinician_session").await, ["974000001"]);
        assert!(is_in(&mut browser).await);
        // The number moves to a unit where they have no role: the session holds nothing any more.
        sql::execute(&app.database_url, "UPDATE unit SET external_id = NULL").await.expect("taken away");
        assert!(!is_in(&mut browser).await);
        // Who acts for the whole has all of theirs.
        assert_eq!(try_in(&app, &provider, &mut browser, &acting("900000014")).await.status, 303);
        assert!(is_in(&mut browser).await);
    }
}
