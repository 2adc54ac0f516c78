//! The engine drives the pages: every kind of question, every rule, conditions, repeats. What is typed
//! as people type is stored as it is meant, and what can't be read is shown again and not saved.

use super::{given, hand_in, invite_to, say, stored, with_torture};
use crate::support::TestApp;
use crate::support::app::Kind;
use crate::support::browser::{Browser, Page};
use crate::support::form::Form;
use kartlegging::domain::language::Language;
use kartlegging::text;

/// A browser at the first page of the form of all kinds.
async fn begun(app: &TestApp) -> Browser {
    let invited = invite_to(app, "torture", "nb").await;
    let mut browser = Browser::new(app);
    browser.begin(&invited).await.at(200, "/skjema/side/1");
    browser
}

/// The page that asks this question.
async fn asking(browser: &mut Browser, question: &str) -> Page {
    for number in 1..60 {
        let page = browser.get(&format!("/skjema/side/{number}")).await;
        if page.status == 200 && page.heading().contains(question) {
            return page;
        }
    }
    panic!("no page asks {question}");
}

/// Whether a page asks this question.
async fn is_asked(browser: &mut Browser, question: &str) -> bool {
    for number in 1..60 {
        let page = browser.get(&format!("/skjema/side/{number}")).await;
        if page.status == 200 && page.main().contains(question) {
            return true;
        }
    }
    false
}

/// Answers one page; gives where it leads.
async fn put(browser: &mut Browser, question: &str, fill: impl Fn(Form) -> Form) -> Page {
    let page = asking(browser, question).await;
    browser.submit(&fill(page.form())).await
}

/// What is stored for an item now.
async fn now(browser: &Browser, link_id: &str) -> Vec<String> {
    given(&browser.draft().await["answers"], link_id)
}

fn more(label: &str) -> String {
    text::words(&Language::nb(), "form-more-of", &[("label", label.to_owned().into())])
}

#[test]
fn dates_times_and_numbers_as_people_type_them() {
    with_torture(Kind::Sqlite, async |app| {
        let mut browser = begun(&app).await;
        let day = "Når begynte det?";
        for (typed, stored) in [
            (["3", "2", "2024"], "2024-02-03"),
            (["3.", "februar", "2024"], "2024-02-03"),
            (["", "mars", "2024"], "2024-03"),
            (["", "", "2024"], "2024"),
            (["03.02.2024", "", ""], "2024-02-03"),
        ] {
            let page = asking(&mut browser, day).await;
            let name = page.form().pairs().into_iter().find(|(name, _)| name == "vist").map(|(_, value)| value).expect("shown");
            let page = browser.submit(&page.form().date(&name, 0, typed)).await;
            assert_eq!(page.status, 200, "{typed:?}: {:?}", page.errors());
            assert_eq!(now(&browser, "day").await, [stored], "{typed:?}");
        }
        let page = asking(&mut browser, day).await;
        let name = page.form().values("vist")[0].to_owned();
        let wrong = browser.submit(&page.form().date(&name, 0, ["31", "2", "<2024>"])).await;
        assert_eq!((wrong.status, wrong.errors()), (422, vec![say("fault-date")]));
        assert_eq!(wrong.form().value(&format!("{name}_y-0")), "<2024>", "what was typed stays");
        assert_eq!(now(&browser, "day").await, ["2024-02-03"], "nothing is saved");
        let late = browser.submit(&page.form().date(&name, 0, ["1", "1", "2040"])).await;
        assert_eq!((late.status, late.errors().len()), (422, 1));

        let clock = "Når står du opp?";
        for (typed, stored) in [("7", "07:00:00"), ("07.30", "07:30:00"), ("kl. 0745", "07:45:00"), ("23:59", "23:59:00")] {
            put(&mut browser, clock, |form| form.say("Når står du opp?", typed)).await;
            assert_eq!(now(&browser, "clock").await, [stored], "{typed}");
        }
        let wrong = put(&mut browser, clock, |form| form.say("Når står du opp?", "25.00")).await;
        assert_eq!((wrong.status, wrong.errors()), (422, vec![say("fault-time")]));

        let fever = "Hvor høy feber har du?";
        for (typed, stored) in
            [("38,5", Some("38.5")), ("38.0", Some("38.0")), ("38,55", None), ("33,9", None), ("42,1", None), ("varm", None)]
        {
            let before = now(&browser, "temperature").await;
            let page = put(&mut browser, fever, |form| form.say(fever, typed)).await;
            assert_eq!(page.status == 422, stored.is_none(), "{typed}: {:?}", page.errors());
            assert_eq!(now(&browser, "temperature").await, stored.map_or(before, |stored| vec![stored.to_owned()]), "{typed}");
        }
        let nights = "Hvor mange ganger våknet du?";
        for (typed, key) in [("1,5", Some("fault-whole-number")), ("mange", Some("fault-number")), ("3", None)] {
            let page = put(&mut browser, nights, |form| form.say(nights, typed)).await;
            assert_eq!(page.errors(), key.map(say).into_iter().collect::<Vec<_>>(), "{typed}");
            if key.is_some() {
                assert_eq!(page.form().pairs().iter().filter(|(_, value)| value == typed).count(), 1, "what was typed stays");
            }
        }
        assert_eq!(now(&browser, "count").await, ["3"]);
    });
}

#[test]
fn rules_speak_in_the_form_s_own_words() {
    with_torture(Kind::Sqlite, async |app| {
        let mut browser = begun(&app).await;
        let code = "Hva er postnummeret ditt?";
        let wrong = put(&mut browser, code, |form| form.say(code, "12x4")).await;
        assert_eq!((wrong.status, wrong.errors()), (422, vec!["Skriv fire tall, for eksempel 0123.".to_owned()]));
        put(&mut browser, code, |form| form.say(code, " 0123 ")).await;
        assert_eq!(now(&browser, "code").await, ["0123"]);
        let short = "Hva kaller vi deg?";
        for (typed, right) in [("x", false), ("Åse", true), ("Åse Oppdiktetsen", false)] {
            let page = put(&mut browser, short, |form| form.say(short, typed)).await;
            assert_eq!(page.status == 200, right, "{typed}: {:?}", page.errors());
        }
        assert_eq!(now(&browser, "short").await, ["Åse"]);
        let site = "Hvor kan vi lese om det?";
        put(&mut browser, site, |form| form.say(site, "https://www.example.org/a?b=c&d")).await;
        assert_eq!(now(&browser, "site").await, ["https://www.example.org/a?b=c&d"]);
        // Three animals are one too many, and all three still have their ticks.
        let page = asking(&mut browser, "Hvilke dyr har du?").await;
        let labels: Vec<String> = page.form().choices().iter().map(|label| (*label).to_owned()).collect();
        let all = labels.iter().take(3).fold(page.form(), |form, label| form.choose(label));
        let wrong = browser.submit(&all).await;
        assert_eq!((wrong.status, wrong.form().chosen().len()), (422, 3));
        assert_eq!(now(&browser, "pets").await, Vec::<String>::new());
    });
}

#[test]
fn words_that_could_not_be_read_again_are_not_kept_not_even_where_nothing_is_asked() {
    with_torture(Kind::Sqlite, async |app| {
        let mut browser = begun(&app).await;
        let long = "a".repeat(100_001);
        let wrong = put(&mut browser, "Er det noe mer du vil si?", |form| form.fill_named("f11", 0, &long)).await;
        assert_eq!(wrong.status, 422);
        // Under a no that takes the question away.
        put(&mut browser, "På samme side", |form| form.choose("Ja")).await;
        let wrong = put(&mut browser, "På samme side", |form| form.choose("Nei").fill_named("f30_0-1", 0, &long)).await;
        assert_eq!(wrong.status, 422);
        assert_eq!(browser.get("/skjema/side/1").await.status, 200);
        assert_eq!((now(&browser, "remarks").await, now(&browser, "ask").await), (Vec::new(), vec!["true".to_owned()]));
    });
}

#[test]
fn choices_of_every_kind() {
    with_torture(Kind::Sqlite, async |app| {
        let mut browser = begun(&app).await;
        put(&mut browser, "Hvilken farge liker du best?", |form| form.choose("Blå")).await;
        assert_eq!(now(&browser, "colour").await, ["blue"]);
        let colour = asking(&mut browser, "Hvilken farge liker du best?").await;
        assert_eq!(colour.form().chosen(), ["Blå"]);
        // A choice that may be left out can be taken back.
        put(&mut browser, "Hvilken farge liker du best?", |form| form.choose(&say("form-skip"))).await;
        assert_eq!(now(&browser, "colour").await, Vec::<String>::new());
        // Words of one's own, with and without the tick.
        let drink = "Hva drikker du?";
        let page = put(&mut browser, drink, |form| form.choose(&say("form-other"))).await;
        assert_eq!((page.status, page.errors()), (422, vec![say("fault-own-words")]));
        put(&mut browser, drink, |form| form.choose(&say("form-other")).say(&say("form-other-words"), "Solbærsaft")).await;
        assert_eq!(now(&browser, "drink").await, ["Solbærsaft"]);
        assert_eq!(asking(&mut browser, drink).await.form().chosen(), [say("form-other")]);
        // Units.
        let height = "Hvor høy er du?";
        let page = asking(&mut browser, height).await;
        let unit = page.form().pairs().into_iter().find(|(name, _)| name.ends_with("_u")).map(|(name, _)| name).expect("unit");
        let typed = page.form().say(&format!("{height} 1"), "1,72").fill_named(&unit, 0, "1");
        assert_eq!(browser.submit(&typed).await.status, 200);
        assert_eq!(now(&browser, "height").await, ["1.72 m"]);
        let page = asking(&mut browser, height).await;
        assert_eq!((page.form().values(&unit), page.html.named("select").len()), (vec!["1"], 1));
        put(&mut browser, "Hvor mye veier du?", |form| form.say("Hvor mye veier du?", "72,50")).await;
        assert_eq!(now(&browser, "weight").await, ["72.50 kg"]);
    });
}

#[test]
fn repeats_are_added_and_taken_away_in_their_order() {
    with_torture(Kind::Sqlite, async |app| {
        let mut browser = begun(&app).await;
        let names = "Hvem bor du sammen med?";
        let page = put(&mut browser, names, |form| form.say(names, "Per").press(&more(names))).await;
        assert_eq!(page.status, 200);
        let page = browser.submit(&page.form().say(&format!("{names} 2"), "Åse").press(&more(names))).await;
        browser.submit(&page.form().say(&format!("{names} 3"), "Kari").say(&format!("{names} 2"), "")).await;
        assert_eq!(now(&browser, "names").await, ["Per", "Kari"]);

        let medicine = "Navn på medisinen";
        let page = put(&mut browser, "Medisin", |form| form.say(medicine, "Paracet").press(&more("Medisin"))).await;
        assert!(page.main().contains(&text::words(
            &Language::nb(),
            "form-instance",
            &[("label", "Medisin".into()), ("number", 2_usize.into())]
        )));
        let fields: Vec<String> = page
            .html
            .named("input")
            .into_iter()
            .filter(|input| input.get("value") == "Paracet")
            .map(|input| input.get("id").to_owned())
            .collect();
        assert_eq!(fields.len(), 1);
        let second = fields[0].replacen("_0-", "_1-", 1);
        let page = browser.submit(&page.form().fill(&second, "Ibux").press(&more("Medisin"))).await;
        let third = fields[0].replacen("_0-", "_2-", 1);
        browser.submit(&page.form().fill(&third, "Kodein")).await;
        assert_eq!(now(&browser, "medicine").await, ["Paracet", "Ibux", "Kodein"]);
        // No more than three, and the one in the middle can go.
        let page = asking(&mut browser, "Medisin").await;
        assert!(!page.form().buttons().contains(&more("Medisin").as_str()), "{:?}", page.form().buttons());
        let label = text::words(&Language::nb(), "form-instance", &[("label", "Medisin".into()), ("number", 2_usize.into())]);
        let remove = text::words(&Language::nb(), "form-remove", &[("label", label.into())]);
        let page = browser.submit(&page.form().press(&remove)).await;
        assert_eq!(
            page.heading(),
            text::words(&Language::nb(), "form-instance", &[("label", "Medisin".into()), ("number", 1_usize.into())])
        );
        assert_eq!(now(&browser, "medicine").await, ["Paracet", "Kodein"]);
    });
}

#[test]
fn conditions_on_a_page_and_across_pages() {
    with_torture(Kind::Sqlite, async |app| {
        let mut browser = begun(&app).await;
        // Under an answer: the page asks for more and says so.
        let page = put(&mut browser, "Bruker du briller?", |form| form.choose("Ja")).await;
        assert!(page.status == 200 && page.path.contains("nye=1") && page.main().contains(&say("form-new-questions")), "{}", page.path);
        browser.submit(&page.form().say("Hvor gammel var du da?", "7")).await;
        assert_eq!(now(&browser, "flag-age").await, ["7"]);
        put(&mut browser, "Bruker du briller?", |form| form.choose("Nei")).await;
        assert_eq!(now(&browser, "flag-age").await, Vec::<String>::new(), "what is no longer asked is gone");
        // On one page.
        let page = put(&mut browser, "På samme side", |form| form.choose("Ja")).await;
        assert!(page.path.contains("nye=1"), "{}", page.path);
        let page = browser.submit(&page.form()).await;
        assert_eq!((page.status, page.errors().len()), (422, 1), "what is asked now must be answered");
        let page = browser.submit(&page.form().say("Hva vil du si?", "Hei")).await;
        assert!(page.path.contains("nye=1") && page.main().contains("Er du sikker?"), "{} {}", page.path, page.main());
        // Across pages.
        assert!(!is_asked(&mut browser, "Hvorfor tre?").await);
        put(&mut browser, "Hvor mange ganger", |form| form.say("Hvor mange ganger våknet du?", "3")).await;
        assert!(is_asked(&mut browser, "Hvorfor tre?").await);
        put(&mut browser, "Hvor mange ganger", |form| form.say("Hvor mange ganger våknet du?", "4")).await;
        assert!(!is_asked(&mut browser, "Hvorfor tre?").await);
    });
}

#[test]
fn what_the_form_gives_by_itself() {
    with_torture(Kind::Sqlite, async |app| {
        let mut browser = begun(&app).await;
        // A page that only shows a value was opened before anything was saved.
        let fixed = asking(&mut browser, "Nummeret på skjemaet").await;
        assert!(fixed.main().contains("42"), "{}", fixed.main());
        put(&mut browser, "Hvor mange ganger", |form| form.say("Hvor mange ganger våknet du?", "3")).await;
        assert_eq!(
            (now(&browser, "secret").await, now(&browser, "fixed").await),
            (vec!["gitt av skjemaet".to_owned()], vec!["42".to_owned()])
        );
        assert!(!is_asked(&mut browser, "Skjult").await);
        assert_ne!(browser.submit(&fixed.form()).await.status, 409, "other pages have not changed it");
        // What may be changed stands there from the start; taken away it stays away.
        assert_eq!(now(&browser, "given").await, ["Norge"]);
        let land = asking(&mut browser, "Hvilket land bor du i?").await;
        assert!(land.form().pairs().iter().any(|(_, value)| value == "Norge"));
        browser.submit(&land.form().say("Hvilket land bor du i?", "")).await;
        assert_eq!(now(&browser, "given").await, Vec::<String>::new());
        let land = asking(&mut browser, "Hvilket land bor du i?").await;
        assert!(!land.form().pairs().iter().any(|(_, value)| value == "Norge"));
    });
}

#[test]
fn the_whole_form_comes_back_as_it_is() {
    with_torture(Kind::Sqlite, async |app| {
        let mut browser = begun(&app).await;
        put(&mut browser, "Bruker du briller?", |form| form.choose("Nei")).await;
        put(&mut browser, "Hvor mange ganger", |form| form.say("Hvor mange ganger våknet du?", "3")).await;
        let taste = asking(&mut browser, "Hva smaker best?").await;
        let label = taste.form().choices()[0].to_owned();
        browser.submit(&taste.form().choose(&label)).await;
        put(&mut browser, "Medisin", |form| form.say("Navn på medisinen", "Paracet")).await;
        put(&mut browser, "På samme side", |form| form.choose("Nei")).await;
        // Every page is sent once more as it stands: nothing changes.
        let mut before = browser.draft().await["answers"]["item"].clone();
        for round in 0..2 {
            for number in 1..60 {
                let page = browser.get(&format!("/skjema/side/{number}")).await;
                if page.status == 200 && !page.main().contains("Hvilket land") && !page.main().contains("Hvordan er humøret") {
                    let sent = browser.send(&page.form()).await;
                    assert_eq!(sent.status, 303, "{number}: {:?}", sent.errors());
                    assert_eq!(browser.draft().await["answers"]["item"], before, "round {round}, page {number}");
                }
            }
            before = browser.draft().await["answers"]["item"].clone();
        }
        let check = browser.open("/skjema/svar").await;
        hand_in(&mut browser, &check).await.at(200, "/skjema/kvittering");
        assert_eq!(given(&stored(&app, &browser).await["answers"], "medicine"), ["Paracet"]);
    });
}
