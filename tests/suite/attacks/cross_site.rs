//! Requests that another site makes a browser send. The forms' own tokens and `Sec-Fetch-Site` are in
//! `pages/states.rs` too.

use crate::on_both;
use crate::pages;
use crate::support::browser::{Browser, FORM};
use crate::support::world::answers;
use serde_json::json;

on_both! {
    async fn cookies_open_no_operation_of_the_api(app: TestApp) {
        let invited = app.invite("visit-1").await;
        let mut browser = Browser::new(&app);
        browser.begin(&invited).await;
        let cookie = format!("__Host-sesjon={}", browser.cookie("__Host-sesjon").expect("session"));
        for (method, path) in [("GET", "/api/v1/session"), ("GET", "/api/v1/session/draft"), ("DELETE", "/api/v1/session"), ("POST", "/api/v1/session/submit"), ("POST", "/api/v1/session/decline")] {
            app.call(method, path).header("cookie", &cookie).send().await.expect_problem(401, "token-missing");
        }
        let put = app.put("/api/v1/session/draft").header("cookie", &cookie).if_match(1);
        put.json(&crate::support::world::draft(&answers(9, &[], &[], "no", Some("no")))).send().await.expect_problem(401, "token-missing");
        assert_eq!(app.draft(&invited.id).await.map(|draft| draft.version), Some(1));
    }
}

on_both! {
    async fn nothing_is_shared_with_another_origin(app: TestApp) {
        for path in ["/api/v1/session", "/skjema/side/1", "/kode", "/metrics"] {
            for origin in ["https://angriper.example", "null", "https://svar.example"] {
                let asked = app.call("OPTIONS", path).header("origin", origin).header("access-control-request-method", "PUT");
                let answer = asked.header("access-control-request-headers", "authorization, content-type").send().await;
                assert_eq!(answer.status, 405, "{path}");
                assert!(answer.headers.keys().all(|name| !name.starts_with("access-control")), "{path}: {:?}", answer.headers);
            }
        }
        // What a form of another site can send without asking first is no JSON.
        for media in ["text/plain", FORM, "multipart/form-data; boundary=x", "application/json, text/plain", ""] {
            let body = r#"{"code":"7K3Q-W9XM-B4HM","birth_date":"1947-10-13"}"#;
            app.post("/api/v1/session").body(media, body).send().await.expect_problem(415, "media-type-unsupported");
        }
    }
}

on_both! {
    async fn the_token_of_a_form_counts_where_it_belongs_and_nowhere_else(app: TestApp) {
        let invited = app.invite("visit-1").await;
        let mut browser = Browser::new(&app);
        // The token of the door, before anybody was identified.
        browser.open(crate::support::browser::path_of(&invited.link)).await;
        let door = browser.open("/fodselsdato").await.form().values("nokkel")[0].to_owned();
        let first = browser.begin(&invited).await;
        let good = first.form().values("nokkel")[0].to_owned();
        // The same letter in another session, by the same person.
        let mut other = Browser::new(&app);
        let elsewhere = other.enter(&invited).await;
        let foreign = elsewhere.form().values("nokkel")[0].to_owned();
        let rest = "vist=f1_0-0&f1_0-0=9&gjor=fortsett";
        let bent = format!("{}A", &good[..good.len() - 1]);
        for body in [
            rest.to_owned(),
            format!("nokkel={door}&{rest}"),
            format!("nokkel={foreign}&{rest}"),
            format!("nokkel=&nokkel={good}&{rest}"),
            format!("nokkel={}&{rest}", good.to_uppercase()),
            format!("NOKKEL={good}&{rest}"),
            format!("nokkel%00={good}&{rest}"),
            format!("nokkel[]={good}&{rest}"),
        ].into_iter().chain((bent != good).then(|| format!("nokkel={bent}&{rest}"))) {
            browser.ask("POST", "/skjema/side/1", Some((FORM, body.clone().into_bytes()))).await.at(409, "/skjema/side/1");
        }
        // Not from the address, nor from a header.
        let mut bare = browser.clone().with("x-csrf-token", &good);
        bare.ask("POST", &format!("/skjema/side/1?nokkel={good}"), Some((FORM, rest.into()))).await.at(409, &format!("/skjema/side/1?nokkel={good}"));
        assert_eq!(app.draft(&invited.id).await.map(|draft| draft.version), Some(1), "nothing is saved");
        browser.submit(&first.form().choose("3")).await.at(200, "/skjema/side/2");
    }
}

on_both! {
    async fn reading_a_page_changes_nothing_even_when_it_looks_like_sending(app: TestApp) {
        let invited = app.invite("visit-1").await;
        let mut browser = Browser::new(&app);
        let first = browser.begin(&invited).await;
        let token = first.form().values("nokkel")[0].to_owned();
        let check = pages::answer(&mut browser, first, &pages::LEAST).await;
        let before = browser.draft().await;
        let version = check.form().values("versjon")[0].to_owned();
        for path in ["/skjema/side/1", "/skjema/hvem", "/skjema/svar", "/skjema/nei", "/skjema/annet-sted"] {
            for method in ["GET", "HEAD"] {
                let query = format!("{path}?nokkel={token}&versjon={version}&vist=f1_0-0&f1_0-0=9&hvem=helper&_method=POST");
                browser.ask(method, &query, None).await;
            }
        }
        assert_eq!(browser.draft().await, before);
        assert_eq!(app.invitation(&invited.id).await["state"], json!("started"));
    }
}
