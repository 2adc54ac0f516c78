//! One-time links: one button, one use, ten minutes.

use crate::on_both;
use crate::support::TestApp;
use crate::support::browser::{Browser, FORM};
use crate::support::sql;
use chrono::Duration;
use kartlegging::services::clinic_session::{self, Error};

/// The path of a fresh link of the clinician of the first unit.
pub async fn link(app: &TestApp) -> String {
    link_of(app, "clinician").await
}

/// Whether the browser is signed in: the way in leads on.
pub async fn is_in(browser: &mut Browser) -> bool {
    let page = browser.get("/klinikk/inn").await;
    page.status == 303 && page.leads() == "/klinikk"
}

/// The path of a fresh link of one of the world's people.
async fn link_of(app: &TestApp, who: &str) -> String {
    let address = clinic_session::issue_link(&app.services, app.world.people[who]).await.expect("link");
    let at = address.find("/klinikk/inn/").expect("path");
    address[at..].to_owned()
}

/// Signs in by a fresh link.
pub async fn sign_in(app: &TestApp, browser: &mut Browser) {
    sign_in_as(app, browser, "clinician").await;
}

/// Signs one of the world's people in.
pub async fn sign_in_as(app: &TestApp, browser: &mut Browser, who: &str) {
    let form = browser.get(&link_of(app, who).await).await.form();
    let page = browser.send(&form).await;
    assert_eq!((page.status, page.leads().as_str()), (303, "/klinikk"));
}

/// What the access log says of signing in.
pub async fn actions(app: &TestApp) -> Vec<String> {
    sql::texts(&app.database_url, "SELECT action FROM access_log WHERE action LIKE 'clinician.%' ORDER BY action").await
}

on_both! {
    async fn a_link_signs_in_once_and_the_log_says_so(app: TestApp) {
        let path = link(&app).await;
        let (mut first, mut second) = (Browser::new(&app), Browser::new(&app));
        // Looking changes nothing, however often.
        let page = first.get(&path).await.at(200, &path);
        assert_eq!(page.form().buttons(), ["Logg inn"]);
        let late = second.get(&path).await.at(200, &path).form();
        assert!(!is_in(&mut first).await);
        assert_eq!(actions(&app).await, ["clinician.login-link"]);
        let done = first.send(&page.form()).await;
        assert_eq!((done.status, done.leads().as_str()), (303, "/klinikk"));
        assert!(is_in(&mut first).await);
        second.send(&late).await.at(410, &path);
        second.get(&path).await.at(410, &path);
        assert!(!is_in(&mut second).await);
        assert_eq!(actions(&app).await, ["clinician.login-link", "clinician.sign-in-by-link"]);
    }
}

on_both! {
    async fn of_two_at_once_one_is_signed_in(app: TestApp) {
        let path = link(&app).await;
        let (mut first, mut second) = (Browser::new(&app), Browser::new(&app));
        let forms = (first.get(&path).await.form(), second.get(&path).await.form());
        let (one, two) = tokio::join!(first.send(&forms.0), second.send(&forms.1));
        let mut statuses = [one.status, two.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [303, 410]);
    }
}

on_both! {
    async fn a_link_is_void_after_ten_minutes(app: TestApp) {
        let path = link(&app).await;
        let mut browser = Browser::new(&app);
        let form = browser.get(&path).await.form();
        app.advance(Duration::minutes(10) - Duration::seconds(1));
        browser.get(&path).await.at(200, &path);
        app.advance(Duration::seconds(1));
        browser.get(&path).await.at(410, &path);
        let sent = browser.send(&form).await;
        assert!(matches!(sent.status, 409 | 410), "{}", sent.status);
        assert!(!is_in(&mut browser).await);
    }
}

on_both! {
    async fn the_button_works_on_the_page_that_was_opened_only(app: TestApp) {
        let path = link(&app).await;
        let mut browser = Browser::new(&app);
        let form = browser.get(&path).await.form();
        // Without the cookie of the page, with another's token, or from another site: nothing is used up.
        Browser::new(&app).send(&form).await.at(409, &path);
        let mut other = Browser::new(&app);
        other.get(&path).await;
        other.send(&form).await.at(409, &path);
        browser.ask("POST", &path, Some((FORM, Vec::new()))).await.at(409, &path);
        browser.clone().with("sec-fetch-site", "cross-site").send(&form).await.at(403, &path);
        let done = browser.send(&form).await;
        assert_eq!(done.status, 303);
    }
}

on_both! {
    async fn only_a_clinician_with_a_role_gets_a_link(app: TestApp) {
        let id = app.world.clinician.expect("clinician");
        sql::execute(&app.database_url, "DELETE FROM clinician_role").await.expect("roles");
        assert_eq!(clinic_session::issue_link(&app.services, id).await, Err(Error::Roles));
        sql::execute(&app.database_url, "UPDATE clinician SET disabled_at = created_at").await.expect("disabled");
        assert_eq!(clinic_session::issue_link(&app.services, id).await, Err(Error::Clinician));
    }
}

on_both! {
    async fn the_token_of_a_link_stands_nowhere_in_the_database(app: TestApp) {
        let path = link(&app).await;
        let token = path.rsplit('/').next().expect("token").to_owned();
        let hash = kartlegging::crypto::hash::sha256(kartlegging::domain::secret::LinkToken::parse(&token).expect("token").bytes());
        let rows = sql::query(&app.database_url, "SELECT token_sha256 FROM clinician_link").await;
        assert_eq!(rows[0].try_get_by_index::<Vec<u8>>(0).expect("bytes"), hash);
    }
}
