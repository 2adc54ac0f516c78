//! Coming back: to the same place, in the same language, on the same device.

use super::{invite_to, say};
use crate::on_both;
use crate::support::browser::{Browser, path_of};
use crate::support::world::BORN;
use chrono::Duration;

on_both! {
    async fn days_later_at_the_same_place(app: TestApp) {
        let invited = app.invite("visit-1").await;
        let mut browser = Browser::new(&app);
        let first = browser.begin(&invited).await;
        let second = browser.submit(&first.form().choose("6")).await.at(200, "/skjema/side/2");
        // The phone is closed on the second page.
        browser.close();
        app.advance(Duration::days(2));
        let back = browser.enter(&invited).await.at(200, "/skjema/side/2");
        assert_eq!(back.heading(), second.heading());
        assert_eq!(browser.open("/skjema/side/1").await.form().chosen(), ["6"]);
        // "Save and go on later" keeps what is on the page, and the page.
        let later = browser.open("/skjema/side/4").await.form().choose("Frykt").press(&say("page-later"));
        let paused = browser.submit(&later).await;
        assert_eq!((paused.status, paused.heading()), (200, say("paused-title")));
        assert_eq!(browser.cookies().iter().filter(|name| !name.starts_with("__Host-enhet-")).count(), 0);
        let back = browser.enter(&invited).await.at(200, "/skjema/side/4");
        assert_eq!(back.form().chosen(), ["Frykt"]);
        // A page that holds something to mend is the place, too.
        let page = browser.open("/skjema/side/9").await;
        browser.submit(&page.form()).await.at(422, "/skjema/side/9");
        browser.enter(&invited).await.at(200, "/skjema/side/9");
    }
}

on_both! {
    async fn a_language_that_was_chosen_stays(app: TestApp) {
        let invited = app.invite("visit-1").await;
        let mut browser = Browser::new(&app).with("accept-language", "de, nb;q=0.5");
        assert_eq!(browser.open(path_of(&invited.link)).await.html.get("lang"), "nb");
        browser.open("/start?sprak=en").await.at(200, "/start");
        let door = browser.open("/fodselsdato").await;
        let about = browser.submit(&door.form().born(BORN)).await.at(200, "/skjema/om");
        let who = browser.open("/skjema/hvem").await;
        let first = browser.submit(&who.form().check("hvem-patient")).await.at(200, "/skjema/side/1");
        let wrong = browser.submit(&first.form()).await.at(422, "/skjema/side/1");
        let none = browser.get("/finnes-ikke").await;
        for page in [&door, &about, &who, &first, &wrong, &none] {
            assert_eq!(page.html.get("lang"), "en", "{}", page.path);
        }
        assert!(wrong.title().starts_with("Error: "), "{}", wrong.title());
        // Switching keeps the page, its query and the answers.
        browser.submit(&first.form().choose("6")).await.at(200, "/skjema/side/2");
        let nn = browser.open("/skjema/side/1?sprak=nn&fra=svar").await.at(200, "/skjema/side/1?fra=svar");
        assert_eq!((nn.html.get("lang"), nn.form().chosen()), ("nn", vec!["6"]));
        assert_eq!(nn.form().values("fra"), ["svar"]);
        let links: Vec<String> = nn.html.classed("languages")[0].named("a").iter().map(|link| link.get("href").to_owned()).collect();
        assert!(links.iter().all(|link| link.contains("fra=svar")), "{links:?}");
        for link in links {
            let page = browser.open(&link).await.at(200, "/skjema/side/1?fra=svar");
            assert_eq!(page.form().chosen(), ["6"]);
        }
        browser.open("/skjema/side/1?sprak=nn").await;
        for odd in ["de", "", "nb-NO-x", "%00", "<script>"] {
            assert_eq!(browser.open(&format!("/skjema/side/1?sprak={odd}")).await.html.get("lang"), "nn", "{odd}");
        }
    }
}

on_both! {
    async fn the_patient_s_language_is_used_when_none_was_chosen(app: TestApp) {
        let invited = invite_to(&app, "distress-thermometer", "nn").await;
        let mut browser = Browser::new(&app);
        assert_eq!(browser.enter(&invited).await.at(200, "/skjema/om").html.get("lang"), "nn");
        let mut other = Browser::new(&app);
        other.open(&format!("{}?sprak=en", path_of(&invited.link))).await;
        let form = other.open("/fodselsdato").await.form().born(BORN);
        assert_eq!(other.submit(&form).await.html.get("lang"), "en", "what was chosen stands above");
    }
}

on_both! {
    async fn who_is_remembered_stays_so_in_every_language(app: TestApp) {
        let invited = app.invite("visit-1").await;
        let mut browser = Browser::new(&app);
        browser.open(path_of(&invited.link)).await;
        let form = browser.open("/fodselsdato").await.form().born(BORN).check("husk");
        browser.submit(&form).await.at(200, "/skjema/om");
        browser.open("/skjema/om?sprak=nn").await.at(200, "/skjema/om");
        // Closing the browser and twelve hours end nothing; a day does.
        browser.close();
        app.advance(Duration::hours(12));
        assert_eq!(browser.open("/skjema/om").await.at(200, "/skjema/om").html.get("lang"), "nn");
        app.advance(Duration::hours(12));
        browser.open("/skjema/om").await.at(401, "/skjema/om");
        // Who did not choose it is forgotten when the browser closes, and after two hours.
        let mut other = Browser::new(&app);
        other.open(path_of(&invited.link)).await;
        let form = other.open("/fodselsdato").await.form().born(BORN);
        other.submit(&form).await.at(200, "/skjema/om");
        let mut kept = other.clone();
        other.close();
        other.open("/skjema/om").await.at(401, "/skjema/om");
        app.advance(Duration::hours(2));
        kept.open("/skjema/om").await.at(401, "/skjema/om");
    }
}

on_both! {
    async fn nothing_but_three_kinds_of_cookies(app: TestApp) {
        // What a cookie must be is asserted where the browser keeps it.
        let invited = app.invite("visit-1").await;
        let mut browser = Browser::new(&app);
        browser.open("/").await;
        assert!(browser.cookies().is_empty(), "looking at the front page leaves nothing");
        browser.open(path_of(&invited.link)).await;
        assert_eq!(browser.cookies(), ["__Host-inngang"]);
        browser.begin(&invited).await;
        let names = browser.cookies();
        assert_eq!(names.len(), 2, "{names:?}");
        assert!(names[0].starts_with("__Host-enhet-") && names[1] == "__Host-sesjon", "{names:?}");
        assert!(!names[0].contains(&invited.id[..8]));
    }
}
