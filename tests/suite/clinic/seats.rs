//! Sessions of clinicians: a new one at each sign-in, bound forms, ended by them, by time and by who
//! takes their role away.

use super::links::{is_in, link, sign_in};
use crate::on_both;
use crate::support::TestApp;
use crate::support::browser::{Browser, FORM};
use crate::support::sql;
use chrono::Duration;
use kartlegging::services::clinic_session;
use kartlegging::services::purge;

const COOKIE: &str = "__Host-klinikk";

/// The token of a form in the browser's session.
async fn token(app: &TestApp, browser: &Browser) -> String {
    let value = browser.cookie(COOKIE).expect("session").split_once('.').expect("language").1;
    let seated = clinic_session::authenticate(&app.services, value).await.expect("signed in");
    seated.form_token(&app.services).expect("token")
}

async fn sign_out(browser: &mut Browser, token: &str) -> (u16, String) {
    let page = browser.ask("POST", "/klinikk/ut", Some((FORM, format!("nokkel={token}").into_bytes()))).await;
    (page.status, if page.status == 303 { page.leads() } else { String::new() })
}

on_both! {
    async fn a_session_that_was_planted_is_not_raised(app: TestApp) {
        let (mut attacker, mut victim) = (Browser::new(&app), Browser::new(&app));
        sign_in(&app, &mut attacker).await;
        let planted = attacker.cookie(COOKIE).expect("session").to_owned();
        victim.plant(COOKIE, &planted);
        sign_in(&app, &mut victim).await;
        assert_ne!(victim.cookie(COOKIE), Some(planted.as_str()), "signing in makes a new session");
        assert!(is_in(&mut victim).await);
        assert!(!is_in(&mut attacker).await, "the planted one has ended");
    }
}

on_both! {
    async fn signing_out_ends_it_on_the_server(app: TestApp) {
        let mut browser = Browser::new(&app);
        sign_in(&app, &mut browser).await;
        let mut copy = browser.clone();
        let page = browser.get("/klinikk/ut").await.at(200, "/klinikk/ut");
        assert!(page.main().contains("Du er logget inn som"), "{}", page.main());
        let form = page.form();
        assert_eq!(form.buttons(), ["Logg ut"]);
        let token = form.values("nokkel")[0].to_owned();
        assert_eq!(sign_out(&mut browser, &token).await, (303, "/klinikk/ute?sprak=nb".to_owned()));
        assert_eq!(browser.cookie(COOKIE), None);
        assert!(!is_in(&mut browser).await && !is_in(&mut copy).await);
        let log = "SELECT action FROM access_log WHERE action = 'clinician.sign-out'";
        assert_eq!(sql::texts(&app.database_url, log).await.len(), 1);
        browser.open("/klinikk/ute").await.at(200, "/klinikk/ute");
    }
}

on_both! {
    async fn a_form_belongs_to_its_session(app: TestApp) {
        let (mut mine, mut theirs) = (Browser::new(&app), Browser::new(&app));
        sign_in(&app, &mut mine).await;
        sign_in(&app, &mut theirs).await;
        let (own, other) = (token(&app, &mine).await, token(&app, &theirs).await);
        for wrong in ["", "AAAA", &other] {
            assert_eq!(sign_out(&mut mine, wrong).await.0, 409, "{wrong:?}");
        }
        assert_eq!(sign_out(&mut mine.clone().with("sec-fetch-site", "cross-site"), &own).await.0, 403);
        assert_eq!(sign_out(&mut mine.clone().with("sec-fetch-site", "same-site"), &own).await.0, 403);
        assert!(is_in(&mut mine).await);
        assert_eq!(sign_out(&mut mine.clone().with("sec-fetch-site", "same-origin"), &own).await.0, 303);
    }
}

on_both! {
    async fn it_ends_when_unused_and_after_a_working_day(app: TestApp) {
        let mut browser = Browser::new(&app);
        sign_in(&app, &mut browser).await;
        app.advance(Duration::minutes(29));
        assert!(is_in(&mut browser).await);
        app.advance(Duration::minutes(29));
        assert!(is_in(&mut browser).await, "use renews it");
        app.advance(Duration::minutes(30));
        assert!(!is_in(&mut browser).await);
        // What is over stays over, whatever the clock does.
        app.advance(-Duration::minutes(20));
        assert!(!is_in(&mut browser).await);
        app.advance(Duration::minutes(20));
        sign_in(&app, &mut browser).await;
        for _ in 0..23 {
            app.advance(Duration::minutes(26));
            assert!(is_in(&mut browser).await);
        }
        app.advance(Duration::minutes(2));
        assert!(!is_in(&mut browser).await, "ten hours are over");
    }
}

on_both! {
    async fn who_loses_the_role_is_signed_in_no_longer(app: TestApp) {
        let (mut first, mut second) = (Browser::new(&app), Browser::new(&app));
        sign_in(&app, &mut first).await;
        sql::execute(&app.database_url, "UPDATE clinician SET disabled_at = created_at").await.expect("disabled");
        assert!(!is_in(&mut first).await);
        sql::execute(&app.database_url, "UPDATE clinician SET disabled_at = NULL").await.expect("enabled");
        sign_in(&app, &mut second).await;
        let path = link(&app).await;
        let form = Browser::new(&app).get(&path).await.form();
        sql::execute(&app.database_url, "DELETE FROM clinician_role").await.expect("roles");
        assert!(!is_in(&mut second).await);
        second.send(&form).await.at(409, &path);
    }
}

on_both! {
    async fn a_session_of_a_patient_is_no_session_of_a_clinician(app: TestApp) {
        let mut browser = Browser::new(&app);
        browser.begin(&app.invite("visit-1").await).await;
        let patients = browser.cookie("__Host-sesjon").expect("session").to_owned();
        browser.plant(COOKIE, &patients);
        assert!(!is_in(&mut browser).await);
        browser.plant(COOKIE, &format!(".{}", app.world.token("clinician")));
        assert!(!is_in(&mut browser).await);
        let mut seated = Browser::new(&app);
        sign_in(&app, &mut seated).await;
        let own = seated.cookie(COOKIE).expect("session").split_once('.').expect("language").1.to_owned();
        app.get("/api/v1/session").bearer(&own).send().await.expect_problem(401, "token-invalid");
        app.get("/api/v1/questionnaires").bearer(&own).send().await.expect_problem(401, "token-invalid");
    }
}

on_both! {
    async fn old_sessions_and_links_are_deleted(app: TestApp) {
        sign_in(&app, &mut Browser::new(&app)).await;
        let rows = "SELECT (SELECT COUNT(*) FROM clinician_session) + (SELECT COUNT(*) FROM clinician_link)";
        app.advance(Duration::days(7) + Duration::minutes(11));
        purge::run(&app.services).await.expect("purged");
        assert_eq!(sql::number(&app.database_url, rows).await, 1, "the link is gone, the session could be used after it");
        app.advance(Duration::hours(10));
        purge::run(&app.services).await.expect("purged");
        assert_eq!(sql::number(&app.database_url, rows).await, 0);
    }
}
