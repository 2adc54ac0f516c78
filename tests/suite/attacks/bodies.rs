//! Bodies that are something else than they say: packed, in another charset, with a file in them, with
//! members twice, with numbers that no machine has. What is merely not well-formed is in
//! `contract/misfits.rs`.

use crate::on_both;
use crate::support::browser::{Browser, FORM};
use crate::support::world::{BORN, WRONG_DATE, answers, draft};
use serde_json::json;
use std::time::Duration;

on_both! {
    async fn nothing_is_unpacked_guessed_or_taken_for_a_file(app: TestApp) {
        let invited = app.invite("visit-1").await;
        let body = json!({"link": invited.link, "birth_date": BORN}).to_string();
        let open = |media: &'static str| app.post("/api/v1/session").body(media, body.clone());
        for media in ["application/json", "APPLICATION/JSON;charset=UTF-8", "application/json; charset=\"utf-8\"; profile=x"] {
            open(media).send().await.expect(201);
        }
        for media in ["application/json; charset=utf-16", "application/json;charset=iso-8859-1", "application/json; charset=utf-7", "application/json; charset=", "application/json, application/json", "application/xml", "text/xml", "application/json\u{a0}"] {
            open(media).send().await.expect_problem(415, "media-type-unsupported");
        }
        open("application/json").header("content-type", "text/plain").send().await.expect_problem(415, "media-type-unsupported");
        for packed in ["gzip", "deflate", "br", "zstd", "identity, gzip", "x"] {
            open("application/json").header("content-encoding", packed).send().await.expect_problem(415, "media-type-unsupported");
        }
        open("application/json").header("content-encoding", "identity").send().await.expect(201);

        let mut browser = Browser::new(&app);
        browser.open("/kode").await;
        let file = "--x\r\nContent-Disposition: form-data; name=\"kode\"; filename=\"../../x.php\"\r\n\r\n<?php\r\n--x--\r\n";
        for (media, body) in [("multipart/form-data; boundary=x", file), ("application/xml", "<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><a>&x;</a>"), ("application/x-www-form-urlencoded; charset=utf-16", "nokkel=x"), ("text/plain", "nokkel=x"), ("application/json", "{}")] {
            browser.ask("POST", "/kode", Some((media, body.into()))).await.at(415, "/kode");
        }
        browser.ask("POST", "/kode", Some(("application/x-www-form-urlencoded; charset=UTF-8", b"nokkel=x".to_vec()))).await.at(410, "/kode");
    }
}

on_both! {
    async fn numbers_that_no_machine_has_are_told_and_not_kept(app: TestApp) {
        let (session, _) = app.open(&app.invite("visit-1").await, None).await;
        let (_, receipt) = app.answer(&app.invite("visit-2").await, &answers(5, &[], &[], "no", Some("no"))).await;
        let review = format!("/api/v1/responses/{}/review", receipt["response"].as_str().expect("response"));
        let good = draft(&answers(7, &[], &[], "no", Some("no")));
        let coding = json!({"valueCoding": good.pointer("/answers/item/0/item/0/answer/0/valueCoding").expect("the score")}).to_string();
        let long = ["9".repeat(5000), format!("7.{}", "0".repeat(5000)), format!("1e{}", "9".repeat(500))];
        let known = ["99999999999999999999", "-99999999999999999999", "1e400", "-1e400", "1.0000000000000000000000001", "1e-400", "2147483648", "-1", "0", "\"1\"", "[1]", "true"];
        for number in known.into_iter().chain(long.iter().map(String::as_str)) {
            for kind in ["valueInteger", "valueDecimal", "valueCoding"] {
                let body = good.to_string().replace(&coding, &format!("{{\"{kind}\":{number}}}"));
                assert!(body.contains(kind) && !body.contains(&coding), "{body}");
                let answer = app.put("/api/v1/session/draft").bearer(&session).if_match(0).body("application/json", body).send().await;
                assert!(matches!(answer.status, 400 | 422), "{kind} {number}: {} {}", answer.status, answer.text);
            }
            let call = app.post(&review).bearer(app.world.token("clinician")).body("application/json", format!("{{\"version\":{number}}}"));
            let answer = call.send().await;
            assert!(matches!(answer.status, 400 | 422), "version {number}: {} {}", answer.status, answer.text);
        }
        let now = app.get("/api/v1/session/draft").bearer(&session).send().await.expect(200);
        assert_eq!(now["version"], 0, "nothing is saved");
    }
}

on_both! {
    async fn a_parameter_that_stands_twice_counts_once_or_not_at_all(app: TestApp) {
        let invited = app.invite("visit-1").await;
        let mut browser = Browser::new(&app);
        browser.open(crate::support::browser::path_of(&invited.link)).await;
        let token = browser.open("/fodselsdato").await.form().values("nokkel")[0].to_owned();
        // The first date is the one that counts: the second is no second try.
        let date = |prefix: &str, date: &str| {
            let parts: Vec<&str> = date.split('-').collect();
            format!("{prefix}y={}&m={}&d={}", parts[0], parts[1], parts[2])
        };
        let body = format!("nokkel={token}&{}&{}", date("", WRONG_DATE), date("", BORN));
        browser.ask("POST", "/fodselsdato", Some((FORM, body.into_bytes()))).await.at(401, "/fodselsdato");
        let body = format!("nokkel={token}&{}", date("", WRONG_DATE));
        let query = date("", BORN);
        browser.ask("POST", &format!("/fodselsdato?{query}"), Some((FORM, body.into_bytes()))).await.at(401, &format!("/fodselsdato?{query}"));
        // Two attempts were counted, not four.
        app.try_link(&invited, WRONG_DATE).await.expect_problem(401, "credential-wrong");
        app.try_link(&invited, WRONG_DATE).await.expect_problem(429, "too-many-attempts");
    }
}

on_both! {
    async fn half_a_body_that_never_ends_holds_nobody_up(app: TestApp) {
        let head = "POST /api/v1/session HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 200000\r\n\r\n{";
        let mut waiting = Vec::new();
        for _ in 0..100 {
            let mut stream = std::net::TcpStream::connect(app.http.authority()).expect("connection");
            std::io::Write::write_all(&mut stream, head.as_bytes()).expect("head");
            waiting.push(stream);
        }
        let invited = tokio::time::timeout(Duration::from_secs(20), app.invite("visit-1")).await.expect("others are answered");
        tokio::time::timeout(Duration::from_secs(20), app.open(&invited, None)).await.expect("patients are let in");
        drop(waiting);
    }
}
