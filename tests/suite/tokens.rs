//! API tokens under attack: what a forger, a thief or a careless issuer can send, and what it gets.
//! Then other issuers: a key set in a file, a key set at an address, and HelseID's claims.

use crate::on_both;
use crate::support::app::{TestApp, settings};
use crate::support::issuer::{EcIssuer, KeyServer, compact, ed25519, part};
use crate::support::sql;
use chrono::Duration;
use kartlegging::config::{IssuerSettings, Settings};
use kartlegging::crypto::ring::Purpose;
use serde_json::{Value, json};
use std::sync::Arc;

const READ: &str = "/api/v1/questionnaires";

/// Claims of a good client token of our own issuer.
fn claims(app: &TestApp) -> Value {
    let id = app.world.client.expect("client").to_string();
    let now = app.services.now().timestamp();
    json!({
        "iss": "kartlegging", "aud": "kartlegging", "sub": id, "client_id": id, "kartlegging_kind": "client",
        "scope": "invitations:write", "iat": now, "exp": now + 600, "jti": "1",
    })
}

fn header() -> Value {
    json!({"alg": "EdDSA", "typ": "at+jwt", "kid": "issuer-1"})
}

fn with(base: Value, name: &str, value: Value) -> Value {
    let mut base = base;
    base[name] = value;
    base
}

fn without(base: Value, name: &str) -> Value {
    let mut base = base;
    base.as_object_mut().expect("object").remove(name);
    base
}

/// Signs with the installation's own issuer key: the strongest forger's token, but for one fault.
fn signed(app: &TestApp, header: &Value, claims: &Value) -> String {
    let key = app.services.ring.signer(Purpose::Issuer, 1).expect("key");
    compact(header, claims, |text| key.sign(text).as_ref().to_vec())
}

on_both! {
    async fn every_forgery_is_refused_alike(app: TestApp) {
        let now = app.services.now().timestamp();
        let good = signed(&app, &header(), &claims(&app));
        app.get(READ).bearer(&good).send().await.expect(200);

        let public = app.services.ring.public(Purpose::Issuer, 1).expect("public key");
        let hmac = |header: &Value, key: &[u8]| {
            let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, key);
            compact(header, &claims(&app), |text| aws_lc_rs::hmac::sign(&key, text).as_ref().to_vec())
        };
        let none = |alg: &str| compact(&with(header(), "alg", json!(alg)), &claims(&app), |_| Vec::new());
        let own = ed25519(7);
        let jwk = json!({"kty": "OKP", "crv": "Ed25519", "x": part(own.public())});
        let by_own_key = |header: &Value| compact(header, &claims(&app), |text| own.sign(text));
        let head = |name: &str, value: Value| signed(&app, &with(header(), name, value), &claims(&app));
        let body = |name: &str, value: Value| signed(&app, &header(), &with(claims(&app), name, value));
        let lacking = |name: &str| signed(&app, &header(), &without(claims(&app), name));
        let mut parts: Vec<String> = good.split('.').map(str::to_owned).collect();
        parts[1] = part(with(claims(&app), "scope", json!("responses:read")).to_string().as_bytes());
        let tampered = parts.join(".");
        let stripped = format!("{}.", good.rsplit_once('.').expect("parts").0);
        let (clinician, nobody) = (app.world.clinician.expect("clinician").to_string(), "0193a5d0-1000-7000-8000-0000000000aa");

        let attacks = [
            ("alg none", none("none")),
            ("alg None", none("None")),
            ("no signature", stripped),
            ("tampered body", tampered),
            ("HS256 keyed with the public key", hmac(&with(header(), "alg", json!("HS256")), &public)),
            ("HS256 keyed with the public key, said to be EdDSA", hmac(&header(), &public)),
            ("HS256 keyed with nothing", hmac(&with(header(), "alg", json!("HS256")), b"")),
            ("a key of one's own", by_own_key(&header())),
            ("a key of one's own in jwk", by_own_key(&with(header(), "jwk", jwk.clone()))),
            ("jwk beside a good signature", head("jwk", jwk)),
            ("jku", head("jku", json!("https://angriper.example/jwks.json"))),
            ("x5u", head("x5u", json!("https://angriper.example/key.pem"))),
            ("x5c", head("x5c", json!(["MIIB"]))),
            ("crit", head("crit", json!(["exp"]))),
            ("typ JWT", head("typ", json!("JWT"))),
            ("typ of a session", head("typ", json!("kartlegging-session+jwt"))),
            ("no typ", signed(&app, &without(header(), "typ"), &claims(&app))),
            ("unknown kid", head("kid", json!("issuer-2"))),
            ("kid of another purpose", head("kid", json!("session-1"))),
            ("no kid", signed(&app, &without(header(), "kid"), &claims(&app))),
            ("another audience", body("aud", json!("journal"))),
            ("no audience", lacking("aud")),
            ("an unknown issuer", body("iss", json!("https://angriper.example"))),
            ("no issuer", lacking("iss")),
            ("expired", body("exp", json!(now - 31))),
            ("no expiry", lacking("exp")),
            ("an expiry in words", body("exp", json!("2030-01-01"))),
            ("not yet valid", body("nbf", json!(now + 31))),
            ("from the future", body("iat", json!(now + 31))),
            ("no subject", lacking("sub")),
            ("a subject that is nobody", body("sub", json!(nobody))),
            ("a subject that is no id", body("sub", json!("1 OR 1=1"))),
            ("no kind", lacking("kartlegging_kind")),
            ("a clinician's id as a client", body("sub", json!(clinician))),
            ("a client's id as a clinician", body("kartlegging_kind", json!("clinician"))),
            ("one part", "x".to_owned()),
            ("four parts", format!("{good}.x")),
            ("empty parts", "..".to_owned()),
        ];
        let mut bodies = std::collections::BTreeSet::new();
        for (name, token) in attacks {
            let answer = app.get(READ).bearer(&token).send().await;
            assert_eq!((answer.status, answer.code()), (401, "token-invalid"), "{name}: {}", answer.text);
            assert_eq!(answer.headers["www-authenticate"], "Bearer", "{name}");
            bodies.insert(without(answer.json, "request_id").to_string());
        }
        assert_eq!(bodies.len(), 1, "the answer tells a forger what was wrong");
        // The clock of an issuer may be off by half a minute.
        for (name, at) in [("exp", now - 29), ("nbf", now + 29), ("iat", now + 29)] {
            app.get(READ).bearer(&body(name, json!(at))).send().await.expect(200);
        }
        app.get(READ).bearer(&body("aud", json!(["journal", "kartlegging"]))).send().await.expect(200);
    }
}

on_both! {
    async fn a_token_ends_with_its_time_and_with_its_bearer(app: TestApp) {
        let good = signed(&app, &header(), &claims(&app));
        app.advance(Duration::seconds(629));
        app.get(READ).bearer(&good).send().await.expect(200);
        app.advance(Duration::seconds(1));
        app.get(READ).bearer(&good).send().await.expect_problem(401, "token-invalid");
        for (table, name) in [("client", "client"), ("clinician", "clinician")] {
            app.get(READ).bearer(app.world.token(name)).send().await.expect(200);
            let done = sql::execute(&app.database_url, &format!("UPDATE {table} SET disabled_at = '2026-11-24 08:00:00+00:00'")).await;
            assert!(done.expect("update") > 1);
            // At once for what is about a person; a form, which is about nobody, for five seconds more.
            let person = format!("/api/v1/invitations/{}", uuid::Uuid::nil());
            app.get(&person).bearer(app.world.token(name)).send().await.expect_problem(401, "token-invalid");
            app.get(READ).bearer(app.world.token(name)).send().await.expect(200);
            app.advance(Duration::seconds(5));
            app.get(READ).bearer(app.world.token(name)).send().await.expect_problem(401, "token-invalid");
        }
    }
}

on_both! {
    async fn session_and_api_tokens_are_no_substitute_for_each_other(app: TestApp) {
        let invited = app.invite("visit-1").await;
        let (session, device) = app.open(&invited, None).await;
        app.get("/api/v1/session").bearer(&session).send().await.expect(200);
        for token in [&session, &device] {
            app.get(READ).bearer(token).send().await.expect_problem(401, "token-invalid");
        }
        let api = app.world.token("client").to_owned();
        for token in [&api, &device] {
            app.get("/api/v1/session").bearer(token).send().await.expect_problem(401, "token-invalid");
        }
        app.get("/api/v1/session").send().await.expect_problem(401, "token-missing");
        app.get("/api/v1/session").header("authorization", "Basic YTpi").send().await.expect_problem(401, "token-missing");
        // A session row under our own session key but an API token's type opens nothing.
        let claims = json!({"sub": "0193a5d0-1000-7000-8000-0000000000aa", "inv": invited.id, "exp": app.services.now().timestamp() + 60});
        let key = app.services.ring.signer(Purpose::Session, 1).expect("key");
        let made = |typ: &str| {
            compact(&json!({"alg": "EdDSA", "typ": typ, "kid": "session-1"}), &claims, |text| key.sign(text).as_ref().to_vec())
        };
        app.get("/api/v1/session").bearer(&made("at+jwt")).send().await.expect_problem(401, "token-invalid");
        let unknown = app.get("/api/v1/session").bearer(&made("kartlegging-session+jwt")).send().await;
        assert_eq!(unknown.status, 401);
    }
}

on_both! {
    async fn a_client_may_what_both_its_token_and_its_row_say(app: TestApp) {
        let invited = app.invite("visit-1").await;
        let path = format!("/api/v1/patients/{}/timeline", invited.patient);
        let token = |scope: &str| signed(&app, &header(), &with(claims(&app), "scope", json!(scope)));
        app.get(&path).bearer(&token("responses:read patients:read")).send().await.expect(200);
        for scope in ["", "invitations:write patients:read", "responses:readx", "RESPONSES:READ", "responses"] {
            app.get(&path).bearer(&token(scope)).send().await.expect_problem(403, "scope-missing");
        }
        app.get(&path).bearer(&signed(&app, &header(), &without(claims(&app), "scope"))).send().await.expect_problem(403, "scope-missing");
        // `reader` may only read responses, whatever its token says.
        let rows = sql::query(&app.database_url, "SELECT id FROM client WHERE name = 'reader'").await;
        let reader: uuid::Uuid = rows[0].try_get("", "id").expect("id");
        let wide = with(with(claims(&app), "scope", json!("invitations:write responses:read")), "sub", json!(reader.to_string()));
        let wide = signed(&app, &header(), &wide);
        app.get(&path).bearer(&wide).send().await.expect(200);
        let issue = app.post("/api/v1/invitations").bearer(&wide).key("key-wide-1").json(&app.order("visit-2"));
        issue.send().await.expect_problem(403, "scope-missing");
    }
}

/// Settings for tokens as HelseID writes them.
fn helseid(jwks_file: Option<std::path::PathBuf>, jwks_url: Option<String>) -> IssuerSettings {
    IssuerSettings {
        issuer: "https://helseid.example".to_owned(),
        audience: "nhn:kartlegging".to_owned(),
        jwks_url,
        jwks_file,
        token_endpoint: None,
        algorithms: vec!["ES256".to_owned(), "PS256".to_owned()],
        token_types: vec!["at+jwt".to_owned(), "JWT".to_owned()],
        claim_hpr_number: Some("helseid://claims/hpr/hpr_number".to_owned()),
        claim_subject: None,
        claim_organization: Some("helseid://claims/client/claims/orgnr_parent".to_owned()),
        claim_client: "client_id".to_owned(),
        claim_scope: "scope".to_owned(),
        claim_assurance: Some("helseid://claims/identity/security_level".to_owned()),
        minimum_assurance: Some(4),
        organizations: Vec::new(),
        bearer: true,
        dpop_nonce: false,
    }
}

/// The same installation with another issuer trusted.
async fn trusting(app: &TestApp, issuer: IssuerSettings) -> TestApp {
    let own = Settings { issuers: vec![issuer], ..settings(&app.database_url, app.folder.path()) };
    TestApp::with(app.kind, own, Arc::clone(&app.clock), Arc::clone(&app.folder), Some(app.world.clone())).await
}

fn person(app: &TestApp) -> Value {
    let now = app.services.now().timestamp();
    json!({
        "iss": "https://helseid.example", "aud": "nhn:kartlegging", "sub": "x", "client_id": "ehr", "iat": now, "nbf": now, "exp": now + 600,
        "scope": "nhn:kartlegging/api",
        "helseid://claims/hpr/hpr_number": "9900001",
        "helseid://claims/client/claims/orgnr_parent": "900000014",
        "helseid://claims/identity/security_level": "4",
    })
}

/// Claims of a system on its own behalf.
fn machine(app: &TestApp, id: &str) -> Value {
    let base = without(person(app), "helseid://claims/hpr/hpr_number");
    let base = without(base, "helseid://claims/identity/security_level");
    with(with(base, "client_id", json!(id)), "sub", json!(id))
}

on_both! {
    async fn helseid_claims_from_a_key_set_in_a_file(app: TestApp) {
        let issuer = EcIssuer::new("a");
        let file = app.folder.path().join("helseid.json");
        std::fs::write(&file, issuer.jwks()).expect("file");
        let app = trusting(&app, helseid(Some(file), None)).await;
        let list = format!("/api/v1/worklist?unit={}&from=2026-11-24&to=2026-11-25", app.world.unit);
        app.get(&list).bearer(&issuer.token(&person(&app))).send().await.expect(200);
        let rows = sql::query(&app.database_url, "SELECT actor_id, assurance FROM access_log WHERE action = 'worklist.read'").await;
        assert_eq!(rows[0].try_get::<uuid::Uuid>("", "actor_id").expect("id"), app.world.clinician.expect("clinician").0);
        assert_eq!(rows[0].try_get::<String>("", "assurance").expect("level"), "4");

        let (hpr, org, level) = ("helseid://claims/hpr/hpr_number", "helseid://claims/client/claims/orgnr_parent", "helseid://claims/identity/security_level");
        for (name, claims) in [
            ("level 3", with(person(&app), level, json!("3"))),
            ("no level", without(person(&app), level)),
            ("a level in words", with(person(&app), level, json!("high"))),
            ("unknown person", with(person(&app), hpr, json!("1234567"))),
            ("a person of another organization", with(person(&app), hpr, json!("9900006"))),
            ("the right person for another organization", with(person(&app), org, json!("900000022"))),
            ("unknown organization", with(person(&app), org, json!("999999999"))),
            ("no organization", without(person(&app), org)),
            ("another audience", with(person(&app), "aud", json!("kartlegging"))),
            ("our own issuer's name", with(person(&app), "iss", json!("kartlegging"))),
        ] {
            let answer = app.get(&list).bearer(&issuer.token(&claims)).send().await;
            assert_eq!((answer.status, answer.code()), (401, "token-invalid"), "{name}");
        }
        app.get(&list).bearer(&issuer.token(&with(person(&app), level, json!(5)))).send().await.expect(200);
        let stranger = EcIssuer::new("a");
        app.get(&list).bearer(&stranger.token(&person(&app))).send().await.expect_problem(401, "token-invalid");
        // Our own issuer's key does not sign for another's name.
        app.get(&list).bearer(&signed(&app, &header(), &person(&app))).send().await.expect_problem(401, "token-invalid");
    }
}

on_both! {
    async fn a_client_of_another_issuer_is_known_by_its_external_id(app: TestApp) {
        let issuer = EcIssuer::new("a");
        let file = app.folder.path().join("helseid.json");
        std::fs::write(&file, issuer.jwks()).expect("file");
        let own = app.world.organization.expect("organization");
        let scopes = kartlegging::domain::actor::Scope::ALL.into_iter().collect();
        kartlegging::services::admin::add_client(&app.services, own, "EHR".to_owned(), Some("ehr-1".to_owned()), scopes).await.expect("client");
        let app = trusting(&app, helseid(Some(file), None)).await;
        let token = |id: &str, scope: Value| issuer.token(&with(machine(&app, id), "scope", scope));
        let issue = |token: String, key: &str| app.post("/api/v1/invitations").bearer(&token).key(key).json(&app.order(key));
        issue(token("ehr-1", json!("openid invitations:write")), "key-one-1").send().await.expect(201);
        issue(token("ehr-1", json!(["openid", "invitations:write"])), "key-two-2").send().await.expect(201);
        issue(token("ehr-1", json!("openid")), "key-three-3").send().await.expect_problem(403, "scope-missing");
        issue(token("ehr-2", json!("invitations:write")), "key-four-4").send().await.expect_problem(401, "token-invalid");
        // A person's token that lacks what we know persons by does not become the client's.
        let persons = [
            with(machine(&app, "ehr-1"), "sub", json!("a-person")),
            with(machine(&app, "ehr-1"), "helseid://claims/identity/security_level", json!("4")),
        ];
        for claims in persons {
            app.get(READ).bearer(&issuer.token(&claims)).send().await.expect_problem(401, "token-invalid");
        }
    }
}

on_both! {
    async fn a_client_of_another_issuer_may_be_good_for_one_patient(app: TestApp) {
        let issuer = EcIssuer::new("a");
        let file = app.folder.path().join("helseid.json");
        std::fs::write(&file, issuer.jwks()).expect("file");
        let own = app.world.organization.expect("organization");
        let scopes = kartlegging::domain::actor::Scope::ALL.into_iter().collect();
        kartlegging::services::admin::add_client(&app.services, own, "EHR".to_owned(), Some("ehr-1".to_owned()), scopes).await.expect("client");
        let invited = app.invite("visit-one").await;
        let app = trusting(&app, helseid(Some(file), None)).await;
        let read = async |scope: Value, patient: Value| {
            let claims = with(with(machine(&app, "ehr-1"), "scope", scope), "patient", patient);
            app.get(&format!("/fhir/Task/{}", invited.id)).bearer(&issuer.token(&claims)).send().await
        };
        let (text, list) = (json!("openid patient/Task.rs"), json!(["openid", "patient/Task.read"]));
        for scope in [&text, &list] {
            read(scope.clone(), json!(invited.patient)).await.expect(200);
            read(scope.clone(), json!(format!("Patient/{}", invited.patient))).await.expect(200);
            read(scope.clone(), json!("0193a5d0-9000-7000-8000-000000000031")).await.expect_problem(404, "not-found");
            read(scope.clone(), json!("an id of the EHR")).await.expect_problem(403, "patient-unnamed");
            read(scope.clone(), Value::Null).await.expect_problem(403, "patient-unnamed");
        }
    }
}

on_both! {
    async fn an_issuer_speaks_only_for_the_organizations_it_is_trusted_with(app: TestApp) {
        let issuer = EcIssuer::new("a");
        let file = app.folder.path().join("helseid.json");
        std::fs::write(&file, issuer.jwks()).expect("file");
        let own = app.world.organization.expect("organization");
        let scopes = kartlegging::domain::actor::Scope::ALL.into_iter().collect();
        kartlegging::services::admin::add_client(&app.services, own, "EHR".to_owned(), Some("ehr".to_owned()), scopes).await.expect("client");
        let machine = issuer.token(&machine(&app, "ehr"));
        let nurse = issuer.token(&person(&app));
        for (number, status) in [("900000014", 200), ("900000022", 401)] {
            let limited = IssuerSettings { organizations: vec![number.to_owned()], ..helseid(Some(file.clone()), None) };
            let app = trusting(&app, limited).await;
            for token in [&machine, &nurse] {
                assert_eq!(app.get(READ).bearer(token).send().await.status, status, "trusted with {number}");
            }
        }
    }
}

on_both! {
    async fn a_key_set_at_an_address_is_kept_and_refreshed_once_a_minute(app: TestApp) {
        let (first, second) = (EcIssuer::new("a"), EcIssuer::new("b"));
        let server = KeyServer::start(first.jwks());
        let app = trusting(&app, helseid(None, Some(server.url()))).await;
        let good = |issuer: &EcIssuer| issuer.token(&person(&app));
        assert_eq!(server.fetches(), 0, "keys are fetched when they are needed");
        for _ in 0..5 {
            app.get(READ).bearer(&good(&first)).send().await.expect(200);
        }
        assert_eq!(server.fetches(), 1);

        // A flood of unknown key ids makes one fetch a minute, however many come at once.
        for minute in 1..=3 {
            app.advance(Duration::seconds(60));
            let tokens: Vec<String> = (0..20).map(|nth| EcIssuer::new(&format!("bad-{nth}")).token(&person(&app))).collect();
            let all = tokens.iter().map(|token| app.get(READ).bearer(token).send());
            for answer in futures::future::join_all(all).await {
                answer.expect_problem(401, "token-invalid");
            }
            assert_eq!(server.fetches(), 1 + minute);
        }

        // The issuer rotates: the new key works as soon as a minute has passed since the last fetch.
        server.serve(second.jwks());
        app.get(READ).bearer(&good(&second)).send().await.expect_problem(401, "token-invalid");
        app.advance(Duration::seconds(59));
        app.get(READ).bearer(&good(&second)).send().await.expect_problem(401, "token-invalid");
        app.advance(Duration::seconds(1));
        app.get(READ).bearer(&good(&second)).send().await.expect(200);
        app.get(READ).bearer(&good(&first)).send().await.expect_problem(401, "token-invalid");
        assert_eq!(server.fetches(), 5);

        // An issuer that is away does not take the keys away that are known.
        server.serve("not JSON".to_owned());
        app.advance(Duration::seconds(60));
        app.get(READ).bearer(&good(&first)).send().await.expect_problem(401, "token-invalid");
        app.get(READ).bearer(&good(&second)).send().await.expect(200);
    }
}

on_both! {
    async fn an_issuer_that_cannot_be_reached_is_unavailable_and_not_a_refusal(app: TestApp) {
        let issuer = EcIssuer::new("a");
        let server = KeyServer::start("{}".to_owned());
        let app = trusting(&app, helseid(None, Some(server.url()))).await;
        for _ in 0..3 {
            let answer = app.get(READ).bearer(&issuer.token(&person(&app))).send().await;
            assert_eq!(answer.headers["retry-after"], "5");
            answer.expect_problem(503, "unavailable");
        }
        assert_eq!(server.fetches(), 1);
        app.get(READ).bearer(app.world.token("client")).send().await.expect(200);
    }
}

on_both! {
    async fn the_issuer_that_can_be_asked_for_tokens_is_announced(app: TestApp) {
        let set = app.folder.path().join("announced.json");
        std::fs::write(&set, EcIssuer::new("a").jwks()).expect("file");
        let endpoint = "https://helseid.example/connect/token";
        let app = trusting(&app, IssuerSettings { token_endpoint: Some(endpoint.to_owned()), ..helseid(Some(set), None) }).await;
        let said = app.get("/fhir/.well-known/smart-configuration").send().await.expect(200);
        assert_eq!((said["issuer"].as_str(), said["token_endpoint"].as_str()), (Some("https://helseid.example"), Some(endpoint)));
    }
}

#[test]
fn an_issuer_is_configured_with_asymmetric_algorithms_and_one_key_set() {
    let folder = tempfile::TempDir::new().expect("folder");
    let base = settings("sqlite://:memory:", folder.path());
    kartlegging::config::keys::create(&base.keys_file, &kartlegging::crypto::entropy::SystemEntropy::default()).expect("keys");
    let runtime = tokio::runtime::Runtime::new().expect("runtime");
    let file = || Some(folder.path().join("set.json"));
    std::fs::write(file().expect("path"), EcIssuer::new("a").jwks()).expect("file");
    for (says, issuer) in [
        ("HS256", IssuerSettings { algorithms: vec!["HS256".to_owned()], ..helseid(file(), None) }),
        ("none", IssuerSettings { algorithms: vec!["none".to_owned()], ..helseid(file(), None) }),
        ("jwks_url or jwks_file", helseid(None, None)),
        ("jwks_url or jwks_file", helseid(file(), Some("https://helseid.example/jwks".to_owned()))),
        ("https", helseid(None, Some("http://helseid.example/jwks".to_owned()))),
        ("token_endpoint", IssuerSettings { token_endpoint: Some("http://helseid.example/token".to_owned()), ..helseid(file(), None) }),
        ("jwks_file", helseid(Some(folder.path().join("absent.json")), None)),
    ] {
        let own = Settings { issuers: vec![issuer], ..base.clone() };
        let built = runtime.block_on(kartlegging::app::App::build(own, true, kartlegging::app::Machine::default()));
        let failure = built.err().unwrap_or_else(|| panic!("{says}: it was accepted"));
        assert_eq!((failure.code, failure.status), ("config-invalid", 2));
        assert!(failure.detail.contains(says), "{}", failure.detail);
    }
}
