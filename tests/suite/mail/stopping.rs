//! No more mails: by the link of a mail, without signing in, by who means it only.

use super::{deliver, invite, messages, plan, with_server};
use crate::support::browser::{Browser, FORM, path_of};
use crate::support::mail::link_of;
use crate::support::sql;
use chrono::Duration;

async fn stopped(app: &crate::support::TestApp) -> i64 {
    sql::number(&app.database_url, "SELECT COUNT(*) FROM patient WHERE notices_stopped_at IS NOT NULL").await
}

#[test]
fn a_patient_stops_mails_and_may_have_them_again() {
    with_server(&async |app, server| {
        let invited = invite(&app, "visit-1").await;
        plan(&app).await;
        deliver(&app).await;
        let link = link_of(&server.mails(1).await[0]);
        let mut browser = Browser::new(&app);
        // Looking writes nothing.
        let welcome = browser.open(path_of(&link)).await.at(200, "/start");
        assert!(welcome.main().contains("Ikke flere e-poster"), "{}", welcome.main());
        let page = browser.open("/e-post").await.at(200, "/e-post");
        assert!(page.main().contains("Oppdiktet helseforetak"), "{}", page.main());
        let untouched = async || {
            let logged = "SELECT COUNT(*) FROM access_log WHERE action LIKE 'notices.%'";
            assert_eq!((stopped(&app).await, sql::number(&app.database_url, logged).await), (0, 0));
        };
        untouched().await;
        // A program that sends the forms it finds ticks no box; a form of another page has another token.
        browser.submit(&page.form()).await.at(422, "/e-post");
        browser.ask("POST", "/e-post", Some((FORM, b"nokkel=x&gjor=stopp&ja=1".to_vec()))).await.at(410, "/e-post");
        untouched().await;

        let done = browser.submit(&page.form().check("ja")).await.at(200, "/e-post");
        assert!(done.main().contains("Du får ikke flere e-poster"), "{}", done.main());
        assert_eq!(stopped(&app).await, 1);
        let patient = kartlegging::domain::ids::PatientId::parse(&invited.patient).expect("id");
        let nb = kartlegging::domain::language::Language::nb();
        let organization = app.world.organization.expect("organization");
        let export = kartlegging::services::export_patient::export(&app.services, organization, patient, &nb).await.expect("export");
        assert!(export.page.contains("Ønsker ikke e-post siden"), "what is held is given out");
        // Planned before or after, nothing is sent; the link still opens.
        app.advance(Duration::days(1));
        assert_eq!((plan(&app).await, deliver(&app).await), (1, 0));
        assert_eq!(messages(&app).await, ["notice sent -"]);
        app.try_open(&serde_json::json!({"link": link, "birth_date": crate::support::world::BORN})).await.expect(201);

        // Taken back in the same place, with the link of that old mail.
        browser.open(path_of(&link)).await;
        let page = browser.open("/e-post").await.at(200, "/e-post");
        browser.submit(&page.form().check("ja")).await.at(200, "/e-post");
        assert_eq!(stopped(&app).await, 0);
        invite(&app, "visit-2").await;
        assert_eq!((plan(&app).await, deliver(&app).await), (1, 1));
        let path = format!("/api/v1/patients/{}/access-log", invited.patient);
        let log = app.get(&path).bearer(app.world.token("auditor")).send().await.expect(200).to_string();
        assert!(log.contains("notices.stop") && log.contains("notices.resume"), "{log}");
    });
}

#[test]
fn what_was_planned_before_is_dropped_and_a_letter_stops_nothing() {
    with_server(&async |app, server| {
        let invited = invite(&app, "visit-1").await;
        plan(&app).await;
        deliver(&app).await;
        let link = link_of(&server.mails(1).await[0]);
        app.advance(Duration::days(1));
        assert_eq!(plan(&app).await, 1);
        let mut browser = Browser::new(&app);
        browser.open(path_of(&link)).await;
        let page = browser.open("/e-post").await;
        browser.submit(&page.form().check("ja")).await.at(200, "/e-post");
        assert_eq!(deliver(&app).await, 0);
        assert_eq!(messages(&app).await[1], "reminder dropped no-address");

        let mut letter = Browser::new(&app);
        let welcome = letter.open(path_of(&invited.link)).await.at(200, "/start");
        assert!(!welcome.main().contains("Ikke flere e-poster"), "{}", welcome.main());
        letter.open("/e-post").await.at(404, "/e-post");
        Browser::new(&app).open("/e-post").await.at(410, "/e-post");
    });
}
