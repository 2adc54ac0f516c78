//! Headers of every answer, and headers of a request that must not matter.

use super::wire::say;
use crate::on_both;
use crate::support::TestApp;
use crate::support::app::{Answer, Call, Kind, run};
use crate::support::browser::path_of;
use crate::support::program::{Program, alone};
use crate::support::sql;
use crate::support::world::{BORN, Invited};
use kartlegging::http::routes::endpoints;
use serde_json::json;
use std::collections::BTreeSet;

/// Asserts what holds for every answer, whatever its status.
#[track_caller]
fn protected(what: &str, answer: &Answer) {
    let header = |name: &str| answer.headers.get(name).map_or("", String::as_str);
    let policy = header("content-security-policy");
    for rule in ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "object-src 'none'"] {
        assert!(policy.split("; ").any(|own| own == rule), "{what}: {rule} is not in {policy:?}");
    }
    assert!(!policy.contains("unsafe") && !policy.contains('*') && !policy.contains("http"), "{what}: {policy}");
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        ("x-robots-tag", "noindex, nofollow"),
    ] {
        assert_eq!(header(name), value, "{what}: {name}");
    }
    let kept = header("strict-transport-security");
    let seconds: u64 = kept.split(';').next().and_then(|age| age.strip_prefix("max-age=")?.parse().ok()).unwrap_or_default();
    assert!(seconds >= 31_536_000 && kept.contains("includeSubDomains"), "{what}: {kept}");
    assert!(!header("x-request-id").is_empty(), "{what}");
    let asset = ["/style.css", "/page.js", "/icon.svg", "/klinikk.css", "/klinikk.js"].iter().any(|path| what.contains(path))
        && answer.status == 200;
    let blank_form = what.contains("paper.pdf") || what.contains("/api/v1/questionnaires/");
    assert!(header("cache-control").contains("no-store") || asset || blank_form, "{what}: {}", header("cache-control"));
    for name in answer.headers.keys() {
        assert!(!name.starts_with("access-control-") && !matches!(name.as_str(), "server" | "x-powered-by"), "{what}: {name}");
    }
    let media = header("content-type");
    assert!(answer.bytes.is_empty() || !media.is_empty(), "{what}: a body without a type");
    assert!(!media.starts_with("text/") && !media.contains("xml") || media.contains("charset=utf-8"), "{what}: {media}");
}

on_both! {
    async fn every_answer_of_every_address_is_protected(app: TestApp) {
        let invited = app.invite("visit-1").await;
        let (session, _) = app.open(&invited, None).await;
        let mut statuses = BTreeSet::new();
        let paths: BTreeSet<&str> = endpoints().iter().map(|endpoint| endpoint.path).chain(["/finnes-ikke", "/api/v1/nothing"]).collect();
        for path in paths {
            let concrete = path.replace("{link}", path_of(&invited.link).trim_start_matches("/s/")).replace("{number}", "1");
            let concrete = concrete.replace("{id}", &invited.id).replace("{name}", "follow-up").replace("{version}", "1.0.0");
            for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"] {
                for who in ["", "__Host-sesjon"] {
                    let call = app.call(method, &concrete).header("origin", "https://angriper.example");
                    let call = call.header("accept", "text/html, */*").header("access-control-request-method", "POST");
                    let call = if who.is_empty() { call } else { call.header("cookie", &format!("{who}=.{session}")) };
                    let answer = call.send().await;
                    protected(&format!("{method} {path}"), &answer);
                    statuses.insert(answer.status);
                }
            }
        }
        for status in [200, 303, 401, 404, 405, 410, 415] {
            assert!(statuses.contains(&status), "no {status} was among {statuses:?}");
        }
        let client = app.world.token("client");
        let cases = [
            app.post("/api/v1/session").body("application/json", "{").send().await,
            app.post("/api/v1/session").body("application/json", "a".repeat(300_000)).send().await,
            app.post("/api/v1/invitations").bearer(app.world.token("reader")).key("some-key-1").json(&app.order("visit-2")).send().await,
            app.put("/api/v1/session/draft").bearer(&session).json(&json!({})).send().await,
            app.post("/api/v1/invitations").bearer(client).key("some-key-2").json(&json!({})).send().await,
        ];
        for answer in cases {
            protected(&format!("status {}", answer.status), &answer);
            statuses.insert(answer.status);
        }
        assert!(statuses.is_superset(&BTreeSet::from([400, 403, 413, 422, 428])), "{statuses:?}");
    }
}

#[test]
fn an_answer_about_a_fault_is_protected_and_says_nothing_of_it() {
    alone(async {
        let program = Program::install(Kind::Postgres).await.with("KARTLEGGING_MIGRATE", "true");
        let serving = program.serve().await;
        let (server, name) = program.database_url.rsplit_once('/').expect("name");
        sql::execute(&format!("{server}/postgres"), &format!("DROP DATABASE {name} WITH (FORCE)")).await.expect("drop");
        let body = json!({"link": "https://x.example/s/2QF7C9X3M8KD5WZR0T6VYB4HNA", "birth_date": BORN});
        for call in [serving.http.call("POST", "/api/v1/session").json(&body), serving.http.call("GET", "/readyz")] {
            let answer = call.send().await;
            assert_eq!(answer.status, 503);
            protected("503", &answer);
            for word in [name, "postgres", "sqlx", "sea", "SELECT", "src/", "127.0.0.1"] {
                assert!(!answer.text.contains(word), "{word} is in {}", answer.text);
            }
        }
    });
}

/// The same request with everything that could name another host or address.
fn forged(call: Call<'_>) -> Call<'_> {
    let pairs = [
        ("host", "angriper.example"),
        ("x-forwarded-host", "angriper.example"),
        ("x-forwarded-proto", "ftp"),
        ("forwarded", "for=1.2.3.4;host=angriper.example"),
        ("x-original-url", "/metrics"),
        ("x-rewrite-url", "/metrics"),
    ];
    pairs.into_iter().fold(call, |call, (name, value)| call.header(name, value))
}

on_both! {
    async fn the_host_that_was_asked_for_is_in_no_answer(app: TestApp) {
        let order = app.order("visit-1");
        let issued = forged(app.post("/api/v1/invitations").bearer(app.world.token("client")).key("some-key-1").json(&order)).send().await;
        assert!(!issued.text.contains("angriper"), "{}", issued.text);
        let invited = Invited::of(issued.expect(201));
        assert!(invited.link.starts_with("https://svar.example/s/"), "{}", invited.link);
        for path in [path_of(&invited.link), "/", "/kode", "/start?sprak=en", "/finnes-ikke", "/api/v1/nothing", "/skjema"] {
            let answer = forged(app.get(path).header("accept", "text/html")).send().await;
            let heads: String = answer.headers.values().cloned().collect();
            assert!(!answer.text.contains("angriper") && !heads.contains("angriper"), "{path}: {heads} {}", answer.text);
            assert!(!answer.text.contains("kartlegging_requests_total"), "{path} gave another address");
        }
    }
}

#[test]
fn a_request_is_what_its_first_line_says() {
    run(Kind::Sqlite, |app: TestApp| async move {
        let at = app.http.authority();
        let close = "Connection: close\r\n\r\n";
        // An address with a host in it is that of the path; odd hosts are nobody.
        for line in ["GET http://angriper.example/healthz HTTP/1.1\r\nHost: x\r\n", "GET /healthz HTTP/1.1\r\nHost: a b/<script>\r\n"] {
            let heard = say(at, format!("{line}{close}")).await;
            assert_eq!(heard.statuses, [200], "{}", heard.text);
            assert!(!heard.text.contains("angriper") && !heard.text.contains("script>"), "{}", heard.text);
        }
        for (line, status) in [
            ("CONNECT angriper.example:443 HTTP/1.1\r\nHost: angriper.example\r\n", 404),
            ("OPTIONS * HTTP/1.1\r\nHost: x\r\n", 404),
            ("TRACE /healthz HTTP/1.1\r\nHost: x\r\nX-Canary: gulspurv\r\n", 405),
            ("get /healthz HTTP/1.1\r\nHost: x\r\n", 405),
            ("POST /healthz HTTP/1.1\r\nHost: x\r\nX-HTTP-Method-Override: GET\r\nContent-Length: 0\r\n", 405),
            ("POST /skjema/forleng?_method=GET HTTP/1.1\r\nHost: x\r\nX-Method-Override: DELETE\r\nContent-Length: 0\r\n", 415),
            ("GET /skjema/forleng HTTP/1.1\r\nHost: x\r\nX-HTTP-Method: POST\r\n", 405),
            ("GET /s/%0d%0aSet-Cookie:%20a=b HTTP/1.1\r\nHost: x\r\n", 404),
            ("GET /skjema/side/%00 HTTP/1.1\r\nHost: x\r\n", 404),
            ("GET /%c0%ae%c0%ae/%c0%ae%c0%ae/etc/passwd HTTP/1.1\r\nHost: x\r\n", 404),
            ("GET /../../etc/passwd HTTP/1.1\r\nHost: x\r\n", 404),
            ("GET /..%2f..%2fetc%2fpasswd HTTP/1.1\r\nHost: x\r\n", 404),
            ("GET /.git/config HTTP/1.1\r\nHost: x\r\n", 404),
            ("GET /questionnaires/ HTTP/1.1\r\nHost: x\r\n", 404),
            ("GET //angriper.example/?sprak=en HTTP/1.1\r\nHost: x\r\n", 404),
            ("GET /./start HTTP/1.1\r\nHost: x\r\n", 404),
            ("GET /healthz/ HTTP/1.1\r\nHost: x\r\n", 404),
        ] {
            let heard = say(at, format!("{line}{close}")).await;
            assert_eq!(heard.statuses, [status], "{line}: {}", heard.text);
            let clean = ["gulspurv", "angriper", "root:", "[core]"].iter().all(|word| !heard.text.contains(word));
            assert!(clean && heard.header("set-cookie").is_none(), "{line}: {}", heard.text);
        }
        // A thousand ranges of one file cost no more than the file.
        let ranges: Vec<String> = (0..1000).map(|nth| format!("{nth}-")).collect();
        let whole = say(at, format!("GET /style.css HTTP/1.1\r\nHost: x\r\n{close}")).await;
        let asked = format!("GET /style.css HTTP/1.1\r\nHost: x\r\nRange: bytes={}\r\n{close}", ranges.join(","));
        let part = say(at, asked).await;
        assert_eq!((part.statuses.as_slice(), part.body()), ([200].as_slice(), whole.body()));
    });
}
