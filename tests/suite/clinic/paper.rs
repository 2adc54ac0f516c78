//! Staff enter a form that came on paper: nothing is kept until all of it is right, and then once.

use super::links::sign_in;
use crate::on_both;
use crate::support::TestApp;
use crate::support::browser::{Browser, Page};
use crate::support::sql;
use serde_json::json;

async fn opened(app: &TestApp, id: &str) -> (Browser, Page) {
    let mut browser = Browser::new(app);
    sign_in(app, &mut browser).await;
    let page = browser.get(&format!("/klinikk/papir/{id}")).await;
    (browser, page)
}

const RESPONSES: &str = "SELECT COUNT(*) FROM response";

on_both! {
    async fn a_paper_form_is_entered_on_one_page(app: TestApp) {
        let invited = app.invite("visit-1").await;
        let (mut browser, page) = opened(&app, &invited.id).await;
        assert!(page.status == 200 && page.main().contains("Åse Oppdiktet, født 13.10.1947"), "{}", page.main());
        // Empty: everything that is missing, and nothing kept.
        let empty = browser.send(&page.form()).await;
        assert_eq!((empty.status, empty.errors().first().map(String::as_str)), (422, Some("Skriv datoen på papiret.")));
        let typed = empty.form().fill("dato", "2026-11-25").check("hvem-patient").choose("7").choose("Smerter").choose("Kanskje").check("f5-1");
        // A date that is to come.
        let future = browser.send(&typed).await;
        let seen = if future.errors().is_empty() { browser.send(&future.form()).await } else { future };
        assert!(seen.status == 422 && seen.main().contains("etter i dag"), "{}", seen.main());
        assert_eq!(sql::number(&app.database_url, RESPONSES).await, 0);
        // What the ticks ask for is asked before anything is kept; what was typed stands.
        let right = seen.form().fill("dato", "2026-11-23");
        assert!(right.chosen().contains(&"Smerter") && right.chosen().contains(&"7"), "{:?}", right.chosen());
        let done = browser.send(&right).await;
        assert_eq!(done.status, 303, "{:?} {}", done.errors(), done.main());
        let again = browser.send(&right).await;
        assert_eq!((again.status, again.leads()), (303, done.leads()), "sent twice, entered once");
        assert_eq!(sql::number(&app.database_url, RESPONSES).await, 1);
        let id = done.leads().rsplit('/').next().expect("id").to_owned();
        let stored = app.get(&format!("/api/v1/responses/{id}")).bearer(app.world.token("clinician")).send().await.expect(200);
        assert_eq!((&stored["source"], &stored["answered_on"], &stored["respondent"]["kind"]), (&json!("staff"), &json!("2026-11-23"), &json!("patient")));
        let summary = browser.get(&done.leads()).await.main();
        for words in ["7 av 10", "Smerter", "Skrevet inn av", "papir datert 23. november 2026"] {
            assert!(summary.contains(words), "{words}: {summary}");
        }
    }
}

on_both! {
    async fn a_representative_says_who_they_are_and_is_not_asked_what_they_may_not_decide(app: TestApp) {
        let invited = app.invite("visit-1").await;
        let (mut browser, page) = opened(&app, &invited.id).await;
        let form = page.form().fill("dato", "2026-11-23").check("hvem-representative").choose("2").choose("Nei");
        let wrong = browser.send(&form).await;
        assert_eq!((wrong.status, wrong.errors().len()), (422, 3), "{:?}", wrong.errors());
        assert_eq!(sql::number(&app.database_url, RESPONSES).await, 0);
        let named = wrong.form().fill("relasjon", "power-of-attorney").fill("navn", "Kari Prøve").fill("telefon", "+47 00 00 00 03");
        let done = browser.send(&named).await;
        assert_eq!(done.status, 303, "{:?} {}", done.errors(), done.main());
        let summary = browser.get(&done.leads()).await.main();
        assert!(summary.contains("ikke spurt: den som svarte, kan ikke bestemme dette") && summary.contains("Kari Prøve"), "{summary}");
    }
}

on_both! {
    async fn looking_is_logged_and_what_was_taken_back_is_closed(app: TestApp) {
        let invited = app.invite("visit-1").await;
        let (mut browser, _) = opened(&app, &invited.id).await;
        let log = "SELECT action FROM access_log WHERE action = 'invitation.paper-open'";
        assert_eq!(sql::texts(&app.database_url, log).await.len(), 1);
        app.revoke(&invited.id).await.expect(200);
        let closed = browser.get(&format!("/klinikk/papir/{}", invited.id)).await;
        assert_eq!(closed.status, 409, "{}", closed.main());
        assert!(closed.answer.text.contains("Logg ut"), "who is signed in stands on a page about what is in the way");
    }
}
