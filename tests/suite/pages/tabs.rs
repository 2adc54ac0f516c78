//! Two tabs, a script that saves at once, many requests at the same moment: nothing is overwritten
//! unseen and nothing is lost.

use super::{LEAST, MOST, OTHER, PHYSICAL, answer, given, hand_in, say, stored};
use crate::on_both;
use crate::support::browser::{Browser, FORM};
use futures::future::join_all;

on_both! {
    async fn the_same_page_changed_in_another_tab(app: TestApp) {
        let invited = app.invite("visit-1").await;
        let mut browser = Browser::new(&app);
        browser.begin(&invited).await;
        let old = browser.open("/skjema/side/7").await.form().say(OTHER, "fra den gamle fanen");
        let new = browser.open("/skjema/side/7").await.form().say(OTHER, "fra den nye fanen");
        browser.submit(&new).await;
        let moved = browser.submit(&old).await.at(409, "/skjema/side/7");
        assert!(moved.main().contains(&say("form-moved")), "{}", moved.main());
        assert_eq!(given(&browser.draft().await["answers"], "other-concerns"), ["fra den nye fanen"], "nothing is overwritten");
        assert_eq!(moved.form().value("f2_0-6-0"), "fra den gamle fanen", "what was typed stands there");
        // Having seen it, the person saves.
        browser.submit(&moved.form()).await.at(200, "/skjema/side/8");
        assert_eq!(given(&browser.draft().await["answers"], "other-concerns"), ["fra den gamle fanen"]);
    }
}

on_both! {
    async fn different_pages_do_not_collide(app: TestApp) {
        let invited = app.invite("visit-1").await;
        let mut browser = Browser::new(&app);
        let one = browser.begin(&invited).await.form().choose("6");
        let other = browser.open("/skjema/side/6").await.form().choose("Tretthet");
        browser.submit(&one).await.at(200, "/skjema/side/2");
        browser.submit(&other).await.at(200, "/skjema/side/7");
        let draft = browser.draft().await;
        assert_eq!((given(&draft["answers"], "score"), given(&draft["answers"], "physical")), (vec!["6".to_owned()], vec!["fatigue".to_owned()]));
    }
}

on_both! {
    async fn what_burdens_most_goes_with_its_tick(app: TestApp) {
        let invited = app.invite("visit-1").await;
        let mut browser = Browser::new(&app);
        let first = browser.begin(&invited).await;
        let picks = [LEAST[0], (PHYSICAL, &["Tretthet", "Smerter"][..]), (MOST, &["Tretthet", "Smerter"][..]), LEAST[1], LEAST[2]];
        answer(&mut browser, first, &picks).await.at(200, "/skjema/svar");
        let most = browser.open("/skjema/side/8").await.form();
        assert_eq!(most.choices(), ["Tretthet", "Smerter"], "only what was ticked is offered");
        let physical = browser.open("/skjema/side/6?fra=svar").await.form().drop("Smerter");
        browser.submit(&physical).await.at(200, "/skjema/svar");
        assert_eq!(given(&browser.draft().await["answers"], "burdens-most"), ["fatigue"]);
        // The page that was open meanwhile offers what is gone.
        browser.submit(&most).await.at(409, "/skjema/side/8");
        let physical = browser.open("/skjema/side/6?fra=svar").await.form().drop("Tretthet").choose("Ingen av disse");
        let check = browser.submit(&physical).await.at(200, "/skjema/svar");
        assert_eq!(given(&browser.draft().await["answers"], "burdens-most"), Vec::<String>::new());
        assert!(!check.main().contains(MOST), "{}", check.main());
        browser.open("/skjema/side/8").await.at(200, "/skjema/svar");
        let all = browser.open("/skjema/side/6").await.form().choose("Tretthet");
        let refused = browser.submit(&all).await.at(422, "/skjema/side/6");
        assert_eq!(refused.form().chosen(), ["Tretthet", "Ingen av disse"], "what was chosen stays to be mended");
        assert_eq!(given(&browser.draft().await["answers"], "physical"), ["none"]);
    }
}

on_both! {
    async fn saving_at_once_then_going_on(app: TestApp) {
        let invited = app.invite("visit-1").await;
        let mut browser = Browser::new(&app);
        let form = browser.begin(&invited).await.form();
        let mut mark = form.values("sett")[0].to_owned();
        for score in ["1", "8", "5"] {
            let saved = browser.save(&form.clone().choose(score).forge("sett", &mark)).await;
            assert_eq!((saved.status, saved.answer.json["saved"].as_bool()), (200, Some(true)));
            assert_eq!(saved.answer.json["left"], 7200);
            saved.answer.json["mark"].as_str().expect("mark").clone_into(&mut mark);
            assert_eq!(given(&browser.draft().await["answers"], "score"), [score]);
        }
        let stale = browser.save(&form.clone().choose("9")).await;
        assert_eq!((stale.status, &stale.answer.json["moved"]), (409, &serde_json::json!(true)));
        assert_eq!(given(&browser.draft().await["answers"], "score"), ["5"]);
        // Saved without a word of going on: the same page comes next.
        browser.open("/skjema").await.at(200, "/skjema/side/1");
        browser.submit(&form.clone().choose("6").forge("sett", &mark)).await.at(200, "/skjema/side/2");
        let other = browser.save(&form.choose("6").forge("nokkel", "x")).await;
        assert_eq!((other.status, &other.answer.json), (409, &serde_json::json!({"saved": false})));
        browser.plant("__Host-sesjon", "nb.x");
        let over = browser.ask("POST", "/skjema/forleng", Some((FORM, b"nokkel=x".to_vec()))).await;
        assert_eq!(over.status, 401);
    }
}

on_both! {
    async fn many_pages_at_the_same_moment(app: TestApp) {
        let invited = app.invite("visit-1").await;
        let mut browser = Browser::new(&app);
        let first = browser.begin(&invited).await;
        let picks: [(usize, &str); 6] = [(1, "6"), (2, "Bolig"), (4, "Frykt"), (6, "Tretthet"), (9, "Kanskje"), (10, "Ja")];
        let mut forms = Vec::new();
        for (number, label) in picks {
            forms.push(browser.open(&format!("/skjema/side/{number}")).await.form().choose(label));
        }
        // Each page twice with the same, and one page with five different answers.
        let sent = join_all(forms.iter().chain(&forms).map(|form| {
            let mut tab = browser.clone();
            async move { tab.send(form).await.status }
        }))
        .await;
        assert_eq!(sent.iter().filter(|status| **status == 303).count(), 6, "each page is saved once: {sent:?}");
        assert!(sent.iter().all(|status| matches!(status, 303 | 409)), "{sent:?}");
        let draft = browser.draft().await;
        for (link_id, code) in [("score", "6"), ("practical", "housing"), ("physical", "fatigue"), ("follow-up", "maybe"), ("consent-forward", "yes")] {
            assert_eq!(given(&draft["answers"], link_id), [code], "{link_id}");
        }
        assert_eq!(given(&draft["answers"], "emotional").len(), 1);
        let seen = browser.open("/skjema/side/1").await.form();
        let sent = join_all(["0 – Ingen påkjenning", "1", "2", "3", "4"].map(|score| {
            let (mut tab, form) = (browser.clone(), seen.clone().choose(score));
            async move { tab.send(&form).await.status }
        }))
        .await;
        assert_eq!(sent.iter().filter(|status| **status == 303).count(), 1, "{sent:?}");
        assert_eq!(first.status, 200);
    }
}

on_both! {
    async fn handing_in_what_was_not_seen(app: TestApp) {
        let invited = app.invite("visit-1").await;
        let mut browser = Browser::new(&app);
        let first = browser.begin(&invited).await;
        let check = answer(&mut browser, first, &LEAST).await;
        let change = browser.open("/skjema/side/1?fra=svar").await.form().choose("9");
        browser.submit(&change).await.at(200, "/skjema/svar");
        let moved = browser.submit(&check.form()).await.at(409, "/skjema/svar");
        assert!(moved.main().contains(&say("check-moved")) && moved.main().contains('9'), "{}", moved.main());
        assert_eq!(app.invitation(&invited.id).await["state"], "started");
        let sent = join_all((0..4).map(|_| {
            let (mut tab, form) = (browser.clone(), moved.form());
            async move { tab.send(&form).await.leads() }
        }))
        .await;
        assert!(sent.iter().all(|to| to == "/skjema/kvittering"), "{sent:?}");
        let response = stored(&app, &browser).await;
        assert_eq!((response["version"].as_i64(), given(&response["answers"], "score")), (Some(1), vec!["9".to_owned()]));
        hand_in(&mut browser, &moved).await.at(200, "/skjema/kvittering");
    }
}
