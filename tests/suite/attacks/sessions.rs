//! Sessions that are planted, kept or carried elsewhere. OWASP ASVS 5.0 chapters 3.3 and 7.

use super::wire::say;
use crate::on_both;
use crate::support::TestApp;
use crate::support::browser::{Browser, path_of};
use crate::support::world::BORN;

/// Status of the first page of a form with this `Cookie` header.
async fn with_cookies(app: &TestApp, cookies: &[u8]) -> u16 {
    let head = [b"GET /skjema/hvem HTTP/1.1\r\nHost: x\r\nConnection: close\r\nCookie: ", cookies, b"\r\n\r\n"].concat();
    say(app.http.authority(), head).await.statuses[0]
}

on_both! {
    async fn a_session_that_was_planted_is_not_raised_to_another_patient(app: TestApp) {
        let (theirs, mine) = (app.invite("visit-1").await, app.invite("visit-2").await);
        let mut attacker = Browser::new(&app);
        attacker.begin(&theirs).await;
        let planted = attacker.cookie("__Host-sesjon").expect("session").to_owned();
        let mut victim = Browser::new(&app);
        victim.plant("__Host-sesjon", &planted);
        victim.enter(&mine).await.at(200, "/skjema/om");
        let own = victim.cookie("__Host-sesjon").expect("session").to_owned();
        assert_ne!(own, planted, "identification makes a new session");
        // The planted one has ended: it neither sees the victim's form nor the attacker's any more.
        attacker.get("/skjema/hvem").await.at(401, "/skjema/hvem");
        victim.get("/skjema/hvem").await.at(200, "/skjema/hvem");
    }
}

on_both! {
    async fn identifying_again_ends_the_session_before(app: TestApp) {
        let invited = app.invite("visit-1").await;
        let mut browser = Browser::new(&app);
        browser.enter(&invited).await;
        let before = browser.token();
        // A wrong date ends nothing.
        browser.open(path_of(&invited.link)).await;
        let door = browser.open("/fodselsdato").await.form();
        browser.submit(&door.clone().born(crate::support::world::WRONG_DATE)).await.at(401, "/fodselsdato");
        app.get("/api/v1/session").bearer(&before).send().await.expect(200);
        browser.submit(&door.born(BORN)).await;
        assert_ne!(browser.token(), before);
        app.get("/api/v1/session").bearer(&before).send().await.expect_problem(401, "session-ended");
        app.get("/api/v1/session").bearer(&browser.token()).send().await.expect(200);
    }
}

on_both! {
    async fn a_cookie_of_another_name_is_no_session(app: TestApp) {
        let mut browser = Browser::new(&app);
        browser.begin(&app.invite("visit-1").await).await;
        let value = browser.cookie("__Host-sesjon").expect("session").to_owned();
        assert_eq!(with_cookies(&app, format!("__Host-sesjon={value}").as_bytes()).await, 200);
        for name in ["sesjon", "__Secure-sesjon", "__host-sesjon", "__HOST-SESJON", "__Host-sesjon ", "__Host-sesjon[]", "\u{2000}__Host-sesjon", "\u{a0}__Host-sesjon", "\u{85}__Host-sesjon", "%5F_Host-sesjon", "\"__Host-sesjon\"", "$Version=1; sesjon"] {
            assert_eq!(with_cookies(&app, format!("{name}={value}").as_bytes()).await, 401, "{name:?}");
        }
        // Nor is the session taken from anywhere else.
        for path in [format!("/skjema/hvem?__Host-sesjon={value}"), format!("/skjema/hvem;__Host-sesjon={value}"), format!("/skjema/hvem?session={value}")] {
            assert!(matches!(app.get(&path).header("x-session", &value).send().await.status, 401 | 404), "{path}");
        }
        // The first of two decides, and it alone: a worse one behind it changes nothing.
        let second = format!("__Host-sesjon={value}; __Host-sesjon=.x; __Host-sesjon=");
        assert_eq!(with_cookies(&app, second.as_bytes()).await, 200);
        assert_eq!(with_cookies(&app, format!("__Host-sesjon=.x; __Host-sesjon={value}").as_bytes()).await, 401);
        // A neighbour on the same domain can set what it likes for all: it puts nobody out.
        let neighbours = [b"kommune=B\xc3\xa6rum; bad=\xff\xfe; =; ;; x; ".as_slice(), format!("__Host-sesjon={value}").as_bytes()].concat();
        assert_eq!(with_cookies(&app, &neighbours).await, 200);
    }
}

on_both! {
    async fn a_session_that_was_left_is_over_wherever_it_was_copied_to(app: TestApp) {
        let mut browser = Browser::new(&app);
        let invited = app.invite("visit-1").await;
        let first = browser.begin(&invited).await;
        let copied = browser.cookie("__Host-sesjon").expect("session").to_owned();
        let token = first.form().values("nokkel")[0].to_owned();
        let body = format!("nokkel={token}");
        let left = browser.ask("POST", "/skjema/avslutt", Some((crate::support::browser::FORM, body.into_bytes()))).await;
        assert_eq!(left.answer.headers["clear-site-data"], "\"cache\", \"storage\"");
        assert!(!browser.cookies().contains(&"__Host-sesjon"));
        browser.plant("__Host-sesjon", &copied);
        for path in ["/skjema", "/skjema/om", "/skjema/hvem", "/skjema/side/1", "/skjema/svar", "/skjema/kvittering", "/skjema/kopi.pdf", "/skjema/nei", "/skjema/annet-sted"] {
            browser.get(path).await.at(401, path);
            browser.plant("__Host-sesjon", &copied);
        }
        let api = copied.split_once('.').map_or("", |(_, token)| token);
        app.get("/api/v1/session").bearer(api).send().await.expect_problem(401, "session-ended");
    }
}

on_both! {
    async fn every_page_of_a_session_has_a_way_out(app: TestApp) {
        let mut browser = Browser::new(&app);
        browser.begin(&app.invite("visit-1").await).await;
        for path in ["/skjema/side/1", "/skjema/side/2"] {
            let page = browser.get(path).await.at(200, path);
            let ways: Vec<&str> = page.html.named("form").iter().map(|form| form.get("action")).chain(page.html.named("button").iter().map(|button| button.get("value"))).collect();
            assert!(ways.iter().any(|way| way.contains("avslutt") || way.contains("pause") || way.contains("senere")), "{path}: {ways:?}");
        }
    }
}
