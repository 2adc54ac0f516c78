//! Requests that do not fit: no such path, method, medium, body, query, key or format. Each gets the
//! problem that the contract promises, never a 500 and never an answer without a code.

use crate::on_both;
use crate::support::contract::CONTRACT;
use crate::support::world::{BORN, answers};
use kartlegging::http::routes::endpoints;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// A path with ids in it.
fn concrete(path: &str) -> String {
    let id = "0193a5d0-2000-7000-8000-000000000001";
    path.replace("{id}", id).replace("{representative}", id).replace("{name}", "follow-up").replace("{version}", "1.0.0")
}

/// Operations that take a JSON body, with who may call them.
const BODIES: [(&str, &str, &str); 14] = [
    ("POST", "/api/v1/invitations", "client"),
    ("POST", "/api/v1/invitations/batch", "client"),
    ("POST", "/api/v1/invitations/{id}/message", "client"),
    ("POST", "/api/v1/invitations/{id}/paper", "client"),
    ("POST", "/api/v1/invitations/{id}/letter", "client"),
    ("POST", "/api/v1/invitations/{id}/letter.pdf", "client"),
    ("POST", "/api/v1/appointments/search", "client"),
    ("PATCH", "/api/v1/appointments/{id}", "client"),
    ("POST", "/api/v1/session", ""),
    ("PUT", "/api/v1/session/draft", "session"),
    ("POST", "/api/v1/responses", "clinician"),
    ("POST", "/api/v1/responses/{id}/review", "clinician"),
    ("POST", "/api/v1/patients/search", "clinician"),
    ("POST", "/api/v1/patients/{id}/representatives", "client"),
];

on_both! {
    async fn unknown_paths_and_methods(app: TestApp) {
        for path in ["/api/v1", "/api/v1/", "/api/v1/patients", "/api/v1/worklist/", "/api/v2/worklist", "/nothing", "/api/v1/invitations//revoke", "/api/v1/%2e%2e/metrics"] {
            let answer = app.get(path).bearer(app.world.token("client")).send().await;
            assert_eq!(answer.headers["content-type"], "application/problem+json", "{path}");
            answer.expect_problem(404, "route-not-found");
        }
        let mut allowed: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for endpoint in endpoints() {
            allowed.entry(endpoint.path.to_owned()).or_default().insert(endpoint.method.to_string());
        }
        for (path, methods) in allowed {
            for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"].into_iter().filter(|method| !methods.contains(*method)) {
                let answer = app.call(method, &concrete(&path)).send().await;
                let allow: BTreeSet<String> = answer.headers["allow"].split(", ").map(str::to_owned).collect();
                assert_eq!(allow, methods, "{method} {path}");
                // Pages answer people: with a page.
                if path.starts_with("/api/") { answer.expect_problem(405, "method-not-allowed"); } else { answer.expect(405); }
            }
        }
    }
}

on_both! {
    async fn bodies_that_cannot_be_read(app: TestApp) {
        let documented: BTreeSet<(String, String)> = CONTRACT["paths"].as_object().expect("paths").iter().filter(|(path, _)| path.starts_with("/api/")).flat_map(|(path, methods)| {
            let with_body = methods.as_object().expect("methods").iter().filter(|(_, operation)| operation.get("requestBody").is_some());
            with_body.map(|(method, _)| (method.to_uppercase(), path.clone()))
        }).collect();
        assert_eq!(documented, BODIES.iter().map(|(method, path, _)| ((*method).to_owned(), (*path).to_owned())).collect());
        let (session, _) = app.open(&app.invite("visit-1").await, None).await;
        for (method, path, who) in BODIES {
            let call = || {
                let call = app.call(method, &concrete(path)).key("misfit-key-1").header("if-match", "\"0\"");
                match who {
                    "" => call,
                    "session" => call.bearer(&session),
                    name => call.bearer(app.world.token(name)),
                }
            };
            let limit = if path.ends_with("batch") { 4 * 1024 * 1024 } else { 256 * 1024 };
            let large = format!("{{\"x\":\"{}\"}}", "a".repeat(limit));
            call().body("application/json", large).send().await.expect_problem(413, "body-too-large");
            for media in ["text/plain", "application/x-www-form-urlencoded", "application/json5", "application/fhir+json", "multipart/form-data; boundary=x"] {
                call().body(media, "{}").send().await.expect_problem(415, "media-type-unsupported");
            }
            // A body that may be left out is not missed; here what it is about does not exist.
            let (status, code) = if ["/paper", "/message"].iter().any(|end| path.ends_with(end)) || path.contains("/letter") { (404, "not-found") } else { (415, "media-type-unsupported") };
            call().send().await.expect_problem(status, code);
            let deep = format!("{}1{}", "[".repeat(10_000), "]".repeat(10_000));
            let members = format!("{}1{}", "{\"a\":".repeat(200), "}".repeat(200));
            for text in ["", "{", "{\"a\":1}}", "nonsense", "{'a':1}", "{\"a\":NaN}", "\u{feff}{}", deep.as_str(), members.as_str(), "{\"a\":\"\u{1}\"}"] {
                call().body("application/json", text).send().await.expect_problem(400, "body-malformed");
            }
            call().body("application/json", b"{\"a\":\"\xff\"}".to_vec()).send().await.expect_problem(400, "body-malformed");
            call().body("application/json", b"\xff\xfe{\x00}\x00".to_vec()).send().await.expect_problem(400, "body-malformed");
            for text in ["[]", "null", "1", "\"text\"", "{}", "{\"surprise\":1}"] {
                let refused = call().body("Application/JSON; charset=utf-8", text).send().await;
                assert!(matches!(refused.status, 422 | 404), "{method} {path} {text}: {}", refused.text);
                if refused.status == 422 {
                    assert!(refused.json["errors"].as_array().is_some_and(|errors| !errors.is_empty()), "{}", refused.text);
                    refused.expect_problem(422, "body-invalid");
                }
            }
        }
    }
}

on_both! {
    async fn all_wrong_members_are_told_at_once(app: TestApp) {
        let body = json!({
            "patient": {"nam": "x", "name": " ", "birth_date": "2026-02-30", "language": "de", "identifier": {"system": "urn:oid:2.16.578.1.12.4.1.4.1", "value": "13904709536"}, "contact": {"email": "nobody", "phone": "12"}},
            "appointment": {"starts_at": "in the morning", "unit": "7", "external_id": "x".repeat(129)},
            "answer_until": 7,
        });
        let call = app.post("/api/v1/invitations").bearer(app.world.token("client")).key("misfit-key-1").json(&body);
        let problem = call.send().await.expect_problem(422, "body-invalid");
        let told: BTreeSet<(&str, &str)> = problem["errors"].as_array().expect("errors").iter().map(|error| {
            (error["pointer"].as_str().unwrap_or_default(), error["code"].as_str().unwrap_or_default())
        }).collect();
        assert_eq!(told, BTreeSet::from([
            ("/patient/nam", "unknown-member"),
            ("/patient/name", "required"),
            ("/patient/birth_date", "date-invalid"),
            ("/patient/language", "language-unknown"),
            ("/patient/identifier/value", "identifier-invalid"),
            ("/patient/contact/email", "malformed"),
            ("/patient/contact/phone", "too-short"),
            ("/appointment/starts_at", "date-invalid"),
            ("/appointment/unit", "malformed"),
            ("/appointment/external_id", "too-long"),
            ("/answer_until", "malformed"),
        ]));
        assert!(!problem.to_string().contains("13904709536"), "a value is never repeated back");
    }
}

on_both! {
    async fn queries_are_strict(app: TestApp) {
        let invited = app.invite("visit-1").await;
        let (_, receipt) = app.answer(&invited, &answers(1, &[], &[], "no", Some("no"))).await;
        let response = format!("/api/v1/responses/{}", receipt["response"].as_str().expect("id"));
        let (nurse, auditor) = (app.world.token("clinician"), app.world.token("auditor"));
        for (path, token) in [
            (format!("{response}?version=0"), nurse),
            (format!("{response}?version=-1"), nurse),
            (format!("{response}?version=+1"), nurse),
            (format!("{response}?version=1&version=1"), nurse),
            (format!("{response}?unknown=1"), nurse),
            (format!("{response}/summary?language=klingon-language-tag"), nurse),
            (format!("{response}/summary?language=de"), nurse),
            ("/api/v1/questionnaires/follow-up/1.0.0?language=de".to_owned(), nurse),
            (format!("/api/v1/patients/{}/access-log?cursor=x", invited.patient), auditor),
            (format!("/api/v1/patients/{}/access-log?limit=501", invited.patient), auditor),
            ("/api/v1/access-log?from=yesterday".to_owned(), auditor),
            ("/api/v1/access-log?to=2026-11-01&from=2026-11-02".to_owned(), auditor),
            ("/api/v1/access-log?to=2026-12-02&from=2026-11-01".to_owned(), auditor),
            ("/api/v1/access-log?actor=me".to_owned(), auditor),
            ("/api/v1/access-log?patient=13904709535".to_owned(), auditor),
            ("/api/v1/access-log?action=Response.Read".to_owned(), auditor),
            ("/api/v1/access-log?result=".to_owned(), auditor),
            ("/api/v1/access-log?cursor=x".to_owned(), auditor),
            ("/api/v1/access-log/report?to=2026-12-02&from=2026-11-01".to_owned(), auditor),
        ] {
            let problem = app.get(&path).bearer(token).send().await.expect_problem(400, "query-invalid");
            let named = path.split(['?', '=']).nth(1).unwrap_or_default();
            assert!(problem["detail"].as_str().is_some_and(|words| words.contains(named)), "{path}: {problem}");
        }
        app.get(&format!("{response}?version=2")).bearer(nurse).send().await.expect_problem(404, "not-found");
        let script = app.get(&format!("{response}?%3Cscript%3E=1")).bearer(nurse).send().await.expect_problem(400, "query-invalid");
        assert!(!script.to_string().contains("script"), "{script}");
    }
}

on_both! {
    async fn no_operation_takes_a_parameter_that_it_does_not_know(app: TestApp) {
        let (session, _) = app.open(&app.invite("visit-1").await, None).await;
        for (path, methods) in CONTRACT["paths"].as_object().expect("paths").iter().filter(|(path, _)| path.starts_with("/api/")) {
            for (method, operation) in methods.as_object().expect("methods").iter().filter(|(method, _)| *method != "parameters") {
                let said = operation["x-actors"].to_string();
                let token = match said.as_str() {
                    said if said.contains("session") => session.as_str(),
                    said if said.contains("\"client:invitations") => app.world.token("client"),
                    said if said.contains("clinician") => app.world.token("clinician"),
                    _ => app.world.token("auditor"),
                };
                let call = app.call(&method.to_uppercase(), &format!("{}?surprise=1", concrete(path))).bearer(token);
                let problem = call.send().await.expect_problem(400, "query-invalid");
                assert!(problem["detail"].as_str().is_some_and(|words| words.contains("surprise")), "{method} {path}");
            }
        }
    }
}

on_both! {
    async fn what_is_asked_for_in_accept(app: TestApp) {
        let (_, receipt) = app.answer(&app.invite("visit-1").await, &answers(1, &[], &[], "no", Some("no"))).await;
        let summary = format!("/api/v1/responses/{}/summary", receipt["response"].as_str().expect("id"));
        let ask = |accept: &str| app.get(&summary).bearer(app.world.token("clinician")).header("accept", accept);
        for (accept, media) in [
            ("*/*", "application/json"),
            ("application/json", "application/json"),
            ("application/*", "application/json"),
            ("text/plain", "text/plain"),
            ("text/*;q=0.5, application/fhir+json", "application/fhir+json"),
            ("application/json;q=0.1, text/plain;q=0.9", "text/plain"),
            ("text/html, */*;q=0.1", "application/json"),
            ("application/json;q=0, text/plain", "text/plain"),
        ] {
            let answer = ask(accept).send().await;
            assert_eq!(answer.status, 200, "{accept}: {}", answer.text);
            assert_eq!(answer.headers["content-type"].split(';').next(), Some(media), "{accept}");
        }
        for accept in ["text/html", "image/png", "application/xml, text/csv", "application/json;q=0"] {
            ask(accept).send().await.expect_problem(406, "not-acceptable");
        }
        let form = "/api/v1/questionnaires/follow-up/1.0.0";
        let nurse = app.world.token("clinician");
        app.get(form).bearer(nurse).header("accept", "text/html").send().await.expect_problem(406, "not-acceptable");
        let known = app.get(form).bearer(nurse).send().await;
        let again = app.get(form).bearer(nurse).header("if-none-match", &known.headers["etag"]).send().await;
        assert_eq!((again.status, again.text.as_str()), (304, ""));
        app.get(form).bearer(nurse).header("if-none-match", "\"other\"").send().await.expect(200);
    }
}

on_both! {
    async fn keys_of_repeatable_requests(app: TestApp) {
        let client = app.world.token("client");
        let invited = app.invite("visit-1").await;
        let reissue = format!("/api/v1/invitations/{}/reissue", invited.id);
        let order = app.order("visit-2");
        let issue = || app.post("/api/v1/invitations").bearer(client).json(&order);
        let too_long = "k".repeat(129);
        for key in ["short-7", too_long.as_str(), "with a blank", "\u{e6}\u{f8}\u{e5}-key-1"] {
            issue().key(key).send().await.expect_problem(400, "idempotency-key-required");
            app.post(&reissue).bearer(client).key(key).send().await.expect_problem(400, "idempotency-key-required");
        }
        issue().send().await.expect_problem(400, "idempotency-key-required");
        issue().key("key-one-1").key("key-two-2").send().await.expect_problem(400, "idempotency-key-required");
        let first = issue().key("key-good-1").send().await;
        assert!(first.headers["location"].starts_with("/api/v1/invitations/"));
        let again = issue().key("key-good-1").send().await;
        assert_eq!((again.status, &again.json), (201, &first.json), "a repeat gets the same secrets");
        let other = app.post("/api/v1/invitations").bearer(client).json(&app.order("visit-3")).key("key-good-1");
        other.send().await.expect_problem(422, "idempotency-body-differs");
        issue().key("key-fresh-1").send().await.expect_problem(409, "invitation-exists");
        // Another client's key of the same name is another key.
        let other = app.post("/api/v1/invitations").bearer(app.world.token("clinician")).json(&app.order("visit-4")).key("key-good-1");
        other.send().await.expect(201);
        app.post(&reissue).bearer(client).key("key-again-1").send().await.expect(200);
        let elsewhere = format!("/api/v1/invitations/{}/reissue", first.json["id"].as_str().expect("id"));
        app.post(&elsewhere).bearer(client).key("key-again-1").send().await.expect_problem(422, "idempotency-body-differs");
        // A refused request sets its key free.
        let mut wrong = app.order("visit-5");
        wrong["appointment"]["unit"] = json!(app.world.other_unit);
        app.post("/api/v1/invitations").bearer(client).json(&wrong).key("key-free-1").send().await.expect_problem(422, "body-invalid");
        app.post("/api/v1/invitations").bearer(client).json(&app.order("visit-5")).key("key-free-1").send().await.expect(201);
    }
}

on_both! {
    async fn versions_of_a_draft_are_asked_for(app: TestApp) {
        let (session, _) = app.open(&app.invite("visit-1").await, None).await;
        let body = crate::support::world::draft(&answers(1, &[], &[], "no", Some("no")));
        let put = || app.put("/api/v1/session/draft").bearer(&session).json(&body);
        put().send().await.expect_problem(428, "if-match-required");
        for version in ["0", "*", "W/\"0\"", "\"0\", \"1\"", "\"\"", "\"-1\"", "\"0x0\""] {
            put().header("if-match", version).send().await.expect_problem(428, "if-match-required");
        }
        put().if_match(1).send().await.expect_problem(412, "draft-changed");
        put().header("if-match", "\"99999999999999999\"").send().await.expect_problem(412, "draft-changed");
        let saved = put().if_match(0).send().await;
        assert_eq!(saved.headers["etag"], "\"1\"");
        app.post("/api/v1/session/submit").bearer(&session).send().await.expect_problem(428, "if-match-required");
        app.post("/api/v1/session/submit").bearer(&session).if_match(0).send().await.expect_problem(412, "draft-changed");
    }
}

on_both! {
    async fn problems_speak_the_reader_s_language_and_name_the_request(app: TestApp) {
        let mut titles = BTreeSet::new();
        for (accept, language) in [("nn", "nn"), ("en-GB,en;q=0.9", "en"), ("de, sv", "nb"), ("nb-NO", "nb")] {
            let answer = app.get("/api/v1/worklist").header("accept-language", accept).send().await;
            assert_eq!(answer.json["request_id"].as_str(), answer.headers.get("x-request-id").map(String::as_str), "{language}");
            titles.insert(answer.expect_problem(401, "token-missing")["title"].as_str().unwrap_or_default().to_owned());
        }
        assert!(titles.len() >= 2, "{titles:?}");
        let one = app.post("/api/v1/session").json(&json!({"code": "7K3Q-W9XM-B4HM", "birth_date": BORN})).send().await;
        assert_ne!(one.json["request_id"], Value::Null);
    }
}
