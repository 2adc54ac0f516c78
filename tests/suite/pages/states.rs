//! Every state has its page: what is wrong is said in the reader's words, and nothing is saved.

use super::{LEAST, OTHER, answer, given, hand_in, say, stored};
use crate::on_both;
use crate::support::TestApp;
use crate::support::app::{Kind, run};
use crate::support::browser::{Browser, FORM, Page, path_of};
use crate::support::program::{Program, alone};
use crate::support::sql;
use crate::support::world::{BORN, Invited, WRONG_DATE};
use chrono::Duration;
use kartlegging::domain::language::Language;
use kartlegging::text;

/// Opens a link and tells the right date, whatever comes of it.
async fn tell(browser: &mut Browser, invited: &Invited, date: &str) -> Page {
    browser.open(path_of(&invited.link)).await;
    let form = browser.open("/fodselsdato").await.at(200, "/fodselsdato").form().born(date);
    browser.submit(&form).await
}

fn titled(page: &Page, code: &str) {
    assert_eq!(page.heading(), say(&format!("problem-{code}-title")), "{}", page.main());
}

on_both! {
    async fn links_that_are_none(app: TestApp) {
        let mut browser = Browser::new(&app);
        for link in ["x", "V91PWT9PCDYK23RZW4C2D0QNP", "V91PWT9PCDYK23RZW4C2D0QNPWX", "U91PWT9PCDYK23RZW4C2D0QNPW", "%3Cscript%3E"] {
            let page = browser.get(&format!("/s/{link}")).await;
            assert_eq!((page.status, page.heading()), (404, say("no-link-title")));
            assert!(browser.cookies().is_empty());
        }
        // One that could be ours is looked up when the page is read, not before.
        let page = browser.open("/s/V91PWT9PCDYK23RZW4C2D0QNPW").await.at(404, "/start");
        assert_eq!(page.heading(), say("no-link-title"));
        let page = browser.open("/start?sprak=en").await.at(404, "/start");
        assert_eq!(page.html.get("lang"), "en");
    }
}

on_both! {
    async fn closed_invitations(app: TestApp) {
        let mut browser = Browser::new(&app);
        let replaced = app.invite("visit-1").await;
        app.reissue(&replaced.id, "reissue-1").await.expect(200);
        titled(&tell(&mut browser, &replaced, BORN).await.at(410, "/fodselsdato"), "link-replaced");
        let revoked = app.invite("visit-2").await;
        app.revoke(&revoked.id).await.expect(200);
        let page = tell(&mut browser, &revoked, BORN).await.at(410, "/fodselsdato");
        titled(&page, "invitation-revoked");
        assert!(page.main().contains("55 00 00 01"), "who to call: {}", page.main());
        let locked = app.invite("visit-3").await;
        app.use_up(&locked).await;
        titled(&tell(&mut browser, &locked, BORN).await.at(429, "/fodselsdato"), "attempts-exhausted");
        let expired = app.invite("visit-4").await;
        let answered = app.invite("visit-5").await;
        let first = browser.begin(&answered).await;
        let check = answer(&mut browser, first, &LEAST).await;
        hand_in(&mut browser, &check).await.at(200, "/skjema/kvittering");
        app.advance(Duration::days(3));
        titled(&tell(&mut browser, &expired, BORN).await.at(410, "/fodselsdato"), "invitation-expired");
        titled(&tell(&mut browser, &answered, BORN).await.at(409, "/fodselsdato"), "invitation-answered");
        // A wrong date is told nothing of all this.
        let page = tell(&mut browser, &revoked, WRONG_DATE).await.at(401, "/fodselsdato");
        assert_eq!(page.errors(), [say("birth-wrong")]);
    }
}

on_both! {
    async fn an_invitation_that_closes_meanwhile(app: TestApp) {
        let invited = app.invite("visit-1").await;
        let mut browser = Browser::new(&app);
        let first = browser.begin(&invited).await.at(200, "/skjema/side/1");
        app.revoke(&invited.id).await.expect(200);
        for path in ["/skjema", "/skjema/om", "/skjema/side/1", "/skjema/hvem", "/skjema/svar", "/skjema/nei"] {
            let page = browser.open(path).await;
            assert!(matches!(page.status, 401 | 410), "{path}: {} {}", page.status, page.main());
        }
        let page = browser.submit(&first.form().choose("3")).await;
        assert!(matches!(page.status, 401 | 410), "{} {}", page.status, page.main());
        assert!(app.draft(&invited.id).await.is_none_or(|draft| draft.version == 1), "nothing is saved");
    }
}

on_both! {
    async fn who_types_at_the_door(app: TestApp) {
        let invited = app.invite("visit-1").await;
        let mut browser = Browser::new(&app);
        browser.open(path_of(&invited.link)).await.at(200, "/start");
        let door = browser.open("/fodselsdato").await;
        for (id, part) in [("d", "bday-day"), ("m", "bday-month"), ("y", "bday-year")] {
            let field = door.html.id(id).expect(id);
            assert_eq!((field.get("autocomplete"), field.get("inputmode")), (part, "numeric"));
        }
        for (date, key) in [(["", "", ""], "birth-missing"), (["13", "", "1947"], "birth-incomplete"), (["13", "10", "24"], "birth-century"), (["31", "2", "1947"], "birth-impossible"), (["1", "1", "2030"], "birth-impossible")] {
            let form = door.form().fill("d", date[0]).fill("m", date[1]).fill("y", date[2]).check("husk");
            let page = browser.submit(&form).await.at(422, "/fodselsdato");
            assert_eq!(page.errors(), [say(key)], "{date:?}");
            let form = page.form();
            assert_eq!([form.value("d"), form.value("m"), form.value("y")], date, "what was typed stays");
            assert_eq!(form.values("husk"), ["1"]);
        }
        // Slips cost nothing: three wrong dates are still free, then one waits and is told whom to call.
        for _ in 0..3 {
            let page = browser.submit(&door.form().born(WRONG_DATE)).await.at(401, "/fodselsdato");
            assert!(page.errors() == [say("birth-wrong")] && page.main().contains("55 00 00 01"), "{}", page.main());
        }
        let page = browser.submit(&door.form().born(BORN)).await.at(429, "/fodselsdato");
        assert_eq!(page.answer.headers["retry-after"], "60");
        assert!(page.main().contains("55 00 00 01"), "{}", page.main());
        app.advance(Duration::minutes(1));
        let form = browser.open("/fodselsdato").await.form().fill("d", "13. oktober 47");
        browser.submit(&form).await.at(200, "/skjema/om");
    }
}

on_both! {
    async fn codes_as_they_are_typed(app: TestApp) {
        let invited = app.invite("visit-1").await;
        let mut browser = Browser::new(&app);
        let page = browser.open("/kode").await;
        let none = browser.submit(&page.form()).await.at(422, "/kode");
        assert_eq!(none.errors(), [say("code-missing"), say("birth-missing")]);
        let odd = format!("{}\"<b>", &invited.code[..13]);
        let mistyped = browser.submit(&page.form().fill("kode", &odd).born(BORN)).await.at(422, "/kode");
        assert_eq!(mistyped.errors(), [say("code-mistyped")]);
        assert_eq!(mistyped.form().value("kode"), odd);
        let wrong = browser.submit(&page.form().fill("kode", &invited.code).born(WRONG_DATE)).await.at(401, "/kode");
        assert_eq!(wrong.errors(), [say("code-wrong")]);
        let unknown = browser.submit(&page.form().fill("kode", &crate::support::world::unknown_code(5)).born(BORN)).await.at(401, "/kode");
        assert_eq!(unknown.main(), wrong.main(), "an unknown code looks like a wrong date");
        browser.submit(&wrong.form().fill("kode", &invited.code.replace('-', "").to_lowercase()).born(BORN)).await.at(200, "/skjema/om");
    }
}

on_both! {
    async fn the_entrance_is_good_for_two_hours(app: TestApp) {
        let invited = app.invite("visit-1").await;
        let mut browser = Browser::new(&app);
        browser.open(path_of(&invited.link)).await;
        let form = browser.open("/fodselsdato").await.form().born(BORN);
        let kept = browser.cookie("__Host-inngang").expect("entrance").to_owned();
        app.advance(Duration::hours(2));
        let page = browser.submit(&form).await.at(410, "/fodselsdato");
        assert_eq!(page.heading(), say("entrance-over-title"));
        assert!(browser.cookies().is_empty(), "the browser has forgotten it");
        // A browser that keeps it all the same gets no further.
        browser.plant("__Host-inngang", &kept);
        browser.submit(&form).await.at(410, "/fodselsdato");
        browser.open("/start").await.at(410, "/start");
        browser.plant("__Host-inngang", ".x");
        browser.open("/start").await.at(410, "/start");
    }
}

on_both! {
    async fn who_says_no_can_change_their_mind(app: TestApp) {
        let invited = app.invite("visit-1").await;
        let mut browser = Browser::new(&app);
        let first = browser.begin(&invited).await;
        browser.submit(&first.form().choose("3")).await.at(200, "/skjema/side/2");
        let no = browser.open("/skjema/nei").await.at(200, "/skjema/nei");
        assert_eq!(app.invitation(&invited.id).await["state"], "started", "reading the page says nothing yet");
        let said = browser.submit(&no.form()).await.at(200, "/skjema/nei");
        assert_eq!(said.heading(), say("declined-title"));
        let now = app.invitation(&invited.id).await;
        assert_eq!((now["state"].as_str(), now["closed_reason"].as_str()), (Some("closed"), Some("declined")));
        browser.open("/skjema").await.at(200, "/skjema/nei");
        let who = browser.open("/skjema/hvem").await.form().check("hvem-patient");
        let first = browser.submit(&who).await.at(200, "/skjema/side/1");
        assert!(first.form().chosen().is_empty(), "what was answered is deleted");
        let check = answer(&mut browser, first, &LEAST).await;
        hand_in(&mut browser, &check).await.at(200, "/skjema/kvittering");
        assert_eq!(app.invitation(&invited.id).await["state"], "answered");
    }
}

on_both! {
    async fn another_device_sees_nothing_and_can_start_over(app: TestApp) {
        let invited = app.invite("visit-1").await;
        let mut phone = Browser::new(&app);
        let first = phone.begin(&invited).await;
        phone.submit(&first.form().choose("9")).await.at(200, "/skjema/side/2");
        let mut tablet = Browser::new(&app);
        let page = tablet.enter(&invited).await.at(200, "/skjema/annet-sted");
        for path in ["/skjema/om", "/skjema/hvem", "/skjema/side/1", "/skjema/svar"] {
            tablet.open(path).await.at(200, "/skjema/annet-sted");
        }
        let stolen = format!("nokkel={}&hvem=patient&vist=f1_0-0&f1_0-0=1", page.form().values("nokkel")[0]);
        for path in ["/skjema/side/1", "/skjema/hvem", "/skjema/svar"] {
            let sent = tablet.ask("POST", path, Some((FORM, stolen.clone().into_bytes()))).await;
            let sent = tablet.follow(sent).await;
            assert_ne!(sent.path, "/skjema/kvittering", "{path}");
        }
        assert!(tablet.met.iter().all(|(what, answer)| !answer.text.contains("checked") || what.contains("hvem")));
        assert_eq!(given(&phone.draft().await["answers"], "score"), ["9"], "the first device has all it had");
        tablet.submit(&page.form()).await.at(200, "/skjema/om");
        let who = tablet.open("/skjema/hvem").await.form().check("hvem-patient");
        let first = tablet.submit(&who).await.at(200, "/skjema/side/1");
        assert!(first.form().chosen().is_empty());
        phone.open("/skjema/side/1").await.at(200, "/skjema/annet-sted");
    }
}

on_both! {
    async fn a_receipt_session_shows_the_receipt_and_no_more(app: TestApp) {
        let invited = app.invite("visit-1").await;
        let mut browser = Browser::new(&app);
        let first = browser.begin(&invited).await;
        let old = first.form().choose("9");
        let check = answer(&mut browser, first, &LEAST).await;
        hand_in(&mut browser, &check).await.at(200, "/skjema/kvittering");
        for path in ["/skjema", "/skjema/om", "/skjema/hvem", "/skjema/side/1", "/skjema/svar", "/skjema/nei", "/skjema/annet-sted"] {
            browser.open(path).await.at(200, "/skjema/kvittering");
        }
        browser.submit(&old).await.at(200, "/skjema/kvittering");
        assert_eq!(given(&stored(&app, &browser).await["answers"], "score"), ["2"]);
        let receipt = browser.open("/skjema/kvittering").await;
        let closed = browser.send(&receipt.form()).await;
        assert_eq!(closed.answer.headers["clear-site-data"], "\"cache\", \"storage\"");
        let closed = browser.follow(closed).await;
        assert_eq!((closed.status, closed.heading()), (200, say("finished-title")));
        browser.open("/skjema/kvittering").await.at(401, "/skjema/kvittering");
        // Amending asks for the birth date again; on this device all answers are there.
        browser.enter(&invited).await.at(200, "/skjema/svar");
        let page = browser.open("/skjema/side/1?fra=svar").await;
        assert_eq!(page.form().chosen(), ["2"]);
        let check = browser.submit(&page.form().choose("4")).await.at(200, "/skjema/svar");
        assert!(check.main().contains(&say("check-lead-amend")));
        hand_in(&mut browser, &check).await.at(200, "/skjema/kvittering");
        let response = stored(&app, &browser).await;
        assert_eq!((given(&response["answers"], "score"), response["version"].as_i64()), (vec!["4".to_owned()], Some(2)));
    }
}

on_both! {
    async fn what_was_typed_into_an_ended_session_is_shown_back(app: TestApp) {
        let invited = app.invite("visit-1").await;
        let mut browser = Browser::new(&app);
        browser.begin(&invited).await;
        let page = browser.open("/skjema/side/7?fra=svar").await.at(200, "/skjema/side/7?fra=svar");
        let typed = "Jeg <b>sover</b> ikke & er \"redd\"";
        app.advance(Duration::hours(2));
        let ended = browser.submit(&page.form().say(OTHER, typed)).await.at(401, "/skjema/side/7");
        let quotes: Vec<String> = ended.html.named("blockquote").iter().map(|quote| quote.raw()).collect();
        assert_eq!(quotes, [typed], "what a person typed and nothing else");
        assert!(!browser.cookies().contains(&"__Host-sesjon"), "nothing is left to carry");
        // Where one was is not lost: the device is remembered.
        browser.enter(&invited).await.at(200, "/skjema/side/1");
        // A choice between yes and no is no text to show back.
        let sent = format!("nokkel=x&f0=true&f1=false&f2_u=1&fra=svar&flere=f2_0-1&fjern=f2_0-1&f3={}", "Bare%20dette");
        browser.plant("__Host-sesjon", "nb.x");
        let ended = browser.ask("POST", "/skjema/side/1", Some((FORM, sent.into_bytes()))).await.at(401, "/skjema/side/1");
        let quotes: Vec<String> = ended.html.named("blockquote").iter().map(|quote| quote.raw()).collect();
        assert_eq!(quotes, ["Bare dette"]);
        let sent = "nokkel=x&hvem=representative&relasjon=guardian&navn=Per+Oppdiktet&telefon=22334455";
        browser.plant("__Host-sesjon", "nb.x");
        let ended = browser.ask("POST", "/skjema/hvem", Some((FORM, sent.into()))).await.at(401, "/skjema/hvem");
        let quotes: Vec<String> = ended.html.named("blockquote").iter().map(|quote| quote.raw()).collect();
        assert_eq!(quotes, ["Per Oppdiktet", "22334455"]);
    }
}

on_both! {
    async fn two_letters_in_one_browser(app: TestApp) {
        let (one, two) = (app.invite("visit-1").await, app.invite("visit-2").await);
        let mut browser = Browser::new(&app);
        let first = browser.begin(&one).await;
        let left = first.form().choose("9");
        let second = browser.begin(&two).await.at(200, "/skjema/side/1");
        let page = browser.submit(&left).await.at(409, "/skjema/side/1");
        assert_eq!(page.heading(), say("other-letter-title"));
        assert_eq!(given(&browser.draft().await["answers"], "score"), Vec::<String>::new(), "nothing is saved");
        assert_eq!(app.draft(&one.id).await.map(|draft| draft.version), Some(1));
        browser.submit(&second.form().choose("1")).await.at(200, "/skjema/side/2");
        // Both letters remember this device.
        browser.enter(&one).await.at(200, "/skjema/side/1");
        browser.enter(&two).await.at(200, "/skjema/side/2");
    }
}

on_both! {
    async fn forms_of_other_sites_are_refused(app: TestApp) {
        let invited = app.invite("visit-1").await;
        let mut browser = Browser::new(&app);
        let first = browser.begin(&invited).await.form().choose("3");
        for site in ["cross-site", "same-site"] {
            let mut foreign = browser.clone().with("sec-fetch-site", site).with("origin", "null");
            let page = foreign.submit(&first).await.at(403, "/skjema/side/1");
            assert_eq!(page.heading(), say("cross-site-title"));
            foreign.ask("POST", "/kode", Some((FORM, b"nokkel=x".to_vec()))).await.at(403, "/kode");
            // Coming by a link from a mail is no sending.
            foreign.open("/skjema/side/1").await.at(200, "/skjema/side/1");
        }
        assert_eq!(app.draft(&invited.id).await.map(|draft| draft.version), Some(1), "nothing is saved");
        // Without the header the token decides.
        for token in ["", "x", "AAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"] {
            browser.submit(&first.clone().forge("nokkel", token)).await.at(409, "/skjema/side/1");
        }
        for site in ["same-origin", "none"] {
            let mut own = browser.clone().with("sec-fetch-site", site).with("origin", "null");
            let page = own.open("/skjema/side/1").await;
            own.submit(&page.form().choose("3")).await.at(200, "/skjema/side/2");
        }
    }
}

/// Method, path, body, and the status and title that it gets.
type Misfit<'a> = (&'a str, &'a str, Option<(&'a str, Vec<u8>)>, u16, String);

on_both! {
    async fn what_does_not_fit_is_a_page_in_the_reader_s_language(app: TestApp) {
        let invited = app.invite("visit-1").await;
        let mut browser = Browser::new(&app).with("accept-language", "en");
        browser.open(&format!("{}?sprak=nn", path_of(&invited.link))).await.at(200, "/start");
        let form = browser.open("/fodselsdato").await.form().born(BORN);
        browser.submit(&form).await.at(200, "/skjema/om");
        let nn = Language::nn();
        let words = |key: &str| text::words(&nn, key, &[]);
        let large = vec![b'a'; 200 * 1024];
        let cases: [Misfit<'_>; 8] = [
            ("DELETE", "/skjema", None, 405, words("not-found-title")),
            ("GET", "/skjema/forleng", None, 405, words("not-found-title")),
            ("GET", "/finnes-ikke", None, 404, words("not-found-title")),
            ("POST", "/skjema/side/1", Some(("application/json", b"{}".to_vec())), 415, words("problem-media-type-unsupported-title")),
            ("POST", "/skjema/side/1", Some(("", Vec::new())), 415, words("problem-media-type-unsupported-title")),
            ("POST", "/skjema/hvem", Some((FORM, large)), 413, words("problem-body-too-large-title")),
            ("POST", "/skjema/side/1", Some((FORM, b"%ff%fe=\xff&&&==&%00".to_vec())), 409, words("other-letter-title")),
            ("GET", "/skjema/kvittering/", None, 404, words("not-found-title")),
        ];
        for (method, path, body, status, title) in cases {
            let page = browser.ask(method, path, body).await.at(status, path);
            assert_eq!((page.html.get("lang"), page.heading()), ("nn", title), "{method} {path}");
        }
        // More fields than any page has: nothing is left out, all of it is refused.
        let many = format!("nokkel=x{}", "&f0=1".repeat(5000));
        browser.ask("POST", "/skjema/side/1", Some((FORM, many.into_bytes()))).await.at(413, "/skjema/side/1");
        for number in ["0", "99", "-1", "abc", "99999999999999999999", "1%00"] {
            browser.open("/skjema/hvem").await;
            let page = browser.get(&format!("/skjema/side/{number}")).await;
            assert!(matches!(page.status, 404 | 303), "{number}: {}", page.status);
        }
    }
}

#[test]
fn without_its_database_a_page_says_come_back_later() {
    alone(async {
        let program = Program::install(Kind::Postgres).await.with("KARTLEGGING_MIGRATE", "true");
        let serving = program.serve().await;
        let mut browser = Browser::at(&serving.http);
        browser.open("/s/V91PWT9PCDYK23RZW4C2D0QNPW").await.at(404, "/start");
        let (server, name) = program.database_url.rsplit_once('/').expect("name");
        sql::execute(&format!("{server}/postgres"), &format!("DROP DATABASE {name} WITH (FORCE)")).await.expect("drop");
        for _ in 0..2 {
            let page = browser.get("/start").await.at(503, "/start");
            titled(&page, "unavailable");
            assert!(page.answer.headers.contains_key("retry-after"));
            assert!(page.main().contains(&page.answer.headers["x-request-id"]), "the number to tell: {}", page.main());
            assert!(!page.answer.text.contains(name));
        }
        // What needs no database is there.
        browser.open("/").await.at(200, "/");
        serving.terminate();
        assert_eq!(serving.ended().await.0, 0);
    });
}

/// Takes the database away, or gives it back.
async fn away(app: &TestApp, gone: bool) {
    let (server, name) = app.database_url.rsplit_once('/').expect("name");
    let beside = format!("{server}/postgres");
    let end = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'");
    let shut = format!("ALTER DATABASE {name} ALLOW_CONNECTIONS false");
    let (rename, back) = (format!("ALTER DATABASE {name} RENAME TO {name}_away"), format!("ALTER DATABASE {name}_away RENAME TO {name}"));
    let open = format!("ALTER DATABASE {name} ALLOW_CONNECTIONS true");
    for statement in if gone { vec![shut, end, rename] } else { vec![back, open] } {
        sql::execute(&beside, &statement).await.expect(&statement);
    }
}

#[test]
fn what_is_sent_while_the_database_is_away_is_shown_and_can_be_sent_again() {
    run(Kind::Postgres, |app| async move {
        let invited = app.invite("visit-1").await;
        let mut browser = Browser::new(&app);
        let entrance = {
            browser.open(path_of(&invited.link)).await;
            browser.open("/fodselsdato").await.form().born(BORN)
        };
        away(&app, true).await;
        let stopped = browser.submit(&entrance).await.at(503, "/fodselsdato");
        titled(&stopped, "unavailable");
        away(&app, false).await;
        browser.submit(&stopped.form().press(&say("notice-again"))).await.at(200, "/skjema/om");
        let form = browser.open("/skjema/hvem").await.form().choose("Jeg svarer selv");
        browser.submit(&form).await.at(200, "/skjema/side/1");

        let typed = "Hvem passer hunden \u{2013} \u{ab}hver natt\u{bb} & <alltid>?";
        let form = browser.open("/skjema/side/7").await.form().say(OTHER, typed);
        away(&app, true).await;
        let mut stopped = browser.submit(&form).await.at(503, "/skjema/side/7");
        for _ in 0..2 {
            titled(&stopped, "unavailable");
            assert!(stopped.answer.headers.contains_key("retry-after"));
            assert!(stopped.main().contains(typed) && stopped.main().contains(&say("notice-again-detail")), "{}", stopped.main());
            // Still away: the next page can send it as well.
            stopped = browser.submit(&stopped.form()).await.at(503, "/skjema/side/7");
        }
        away(&app, false).await;
        browser.submit(&stopped.form()).await.at(200, "/skjema/side/8");
        // Saved before, and the sender does not know: no change by another.
        browser.submit(&stopped.form()).await.at(200, "/skjema/side/8");
        let other = browser.draft().await;
        assert_eq!(given(&other["answers"], "other-concerns"), [typed]);
    });
}
