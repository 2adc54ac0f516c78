//! Tokens that are bound to a key (RFC 9449): good with a fresh proof for exactly this request, and with
//! nothing else.

use crate::on_both;
use crate::support::app::{Answer, TestApp, settings};
use crate::support::issuer::{EcIssuer, compact};
use crate::support::sql;
use chrono::Duration;
use kartlegging::config::{IssuerSettings, Settings};
use kartlegging::crypto::dpop::ProofKey;
use kartlegging::crypto::ring::Purpose;
use kartlegging::services::purge;
use serde_json::{Value, json};
use std::sync::Arc;

const READ: &str = "/api/v1/questionnaires";

fn key(seed: u8) -> ProofKey {
    ProofKey::of(&[seed; 32]).expect("key")
}

/// A token of the built-in issuer, bound to a key where one is given.
fn token(app: &TestApp, key: Option<&ProofKey>) -> String {
    let id = app.world.client.expect("client").to_string();
    let now = app.services.now().timestamp();
    let mut claims = json!({
        "iss": "kartlegging", "aud": "kartlegging", "sub": id, "client_id": id, "kartlegging_kind": "client",
        "scope": "invitations:write", "iat": now, "exp": now + 3600, "jti": "1",
    });
    if let Some(key) = key {
        claims["cnf"] = json!({"jkt": key.thumbprint().expect("thumbprint")});
    }
    let signer = app.services.ring.signer(Purpose::Issuer, 1).expect("key");
    compact(&json!({"alg": "EdDSA", "typ": "at+jwt", "kid": "issuer-1"}), &claims, |text| signer.sign(text).as_ref().to_vec())
}

fn here(app: &TestApp, path: &str) -> String {
    format!("{}{path}", app.services.rules.base_url)
}

/// A proof for reading, under a name of its own.
fn proof(app: &TestApp, key: &ProofKey, token: &str, name: &str) -> String {
    key.prove("GET", &here(app, READ), name, app.services.now(), Some(token), None).expect("proof")
}

async fn show(app: &TestApp, token: &str, proofs: &[&str]) -> Answer {
    let mut call = app.get(READ).header("authorization", &format!("DPoP {token}"));
    for proof in proofs {
        call = call.header("dpop", proof);
    }
    call.send().await
}

on_both! {
    async fn a_bound_token_needs_a_fresh_proof_each_time(app: TestApp) {
        let key = key(7);
        let token = token(&app, Some(&key));
        let first = proof(&app, &key, &token, "one");
        show(&app, &token, &[&first]).await.expect(200);
        show(&app, &token, &[&first]).await.expect_problem(401, "proof-invalid");
        // Another instance knows what this one has seen.
        let second = app.second_instance().await;
        show(&second, &token, &[&first]).await.expect_problem(401, "proof-invalid");
        show(&second, &token, &[&proof(&app, &key, &token, "two")]).await.expect(200);
        // As a bearer it is refused, also right after it was taken.
        let answer = app.get(READ).bearer(&token).send().await;
        assert_eq!(answer.headers["www-authenticate"], "DPoP error=\"invalid_dpop_proof\"");
        answer.expect_problem(401, "proof-invalid");
        app.get(&format!("/api/v1/worklist?unit={}&from=2026-11-24&to=2026-11-25", app.world.unit)).bearer(&token).send().await.expect_problem(401, "proof-invalid");
    }
}

on_both! {
    async fn of_one_proof_sent_twice_at_once_one_is_taken(app: TestApp) {
        let key = key(7);
        let token = token(&app, Some(&key));
        let proof = proof(&app, &key, &token, "one");
        let proofs = [proof.as_str()];
        let (one, two) = tokio::join!(show(&app, &token, &proofs), show(&app, &token, &proofs));
        let mut statuses = [one.status, two.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 401]);
    }
}

on_both! {
    async fn a_proof_that_does_not_fit_is_refused(app: TestApp) {
        let (mine, other) = (key(7), key(8));
        let token = token(&app, Some(&mine));
        let now = app.services.now();
        let make = |key: &ProofKey, method: &str, path: &str, shown: Option<&str>, age: i64| {
            key.prove(method, &here(&app, path), "one", now - Duration::seconds(age), shown, None).expect("proof")
        };
        for (what, proof) in [
            ("another key", make(&other, "GET", READ, Some(&token), 0)),
            ("another method", make(&mine, "POST", READ, Some(&token), 0)),
            ("another path", make(&mine, "GET", "/api/v1/worklist", Some(&token), 0)),
            ("another token", make(&mine, "GET", READ, Some("a.b.c"), 0)),
            ("no token", make(&mine, "GET", READ, None, 0)),
            ("old", make(&mine, "GET", READ, Some(&token), 91)),
            ("of the future", make(&mine, "GET", READ, Some(&token), -31)),
            ("another host", mine.prove("GET", "https://other.example/api/v1/questionnaires", "one", now, Some(&token), None).expect("proof")),
            ("nonsense", "a.b.c".to_owned()),
            ("the token", token.clone()),
        ] {
            let answer = show(&app, &token, &[&proof]).await;
            assert_eq!((answer.status, answer.code()), (401, "proof-invalid"), "{what}");
        }
        let (one, two) = (proof(&app, &mine, &token, "x"), proof(&app, &mine, &token, "y"));
        show(&app, &token, &[]).await.expect_problem(401, "proof-invalid");
        show(&app, &token, &[&one, &two]).await.expect_problem(401, "proof-invalid");
        // None of them was used up.
        show(&app, &token, &[&one]).await.expect(200);
    }
}

on_both! {
    async fn a_token_that_is_bound_to_nothing_takes_no_proof(app: TestApp) {
        let token = token(&app, None);
        app.get(READ).bearer(&token).send().await.expect(200);
        show(&app, &token, &[&proof(&app, &key(7), &token, "one")]).await.expect_problem(401, "token-invalid");
    }
}

/// The same installation, trusting an issuer whose tokens must be bound.
async fn strict(app: &TestApp, issuer: &EcIssuer, nonce: bool) -> TestApp {
    let file = app.folder.path().join("set.json");
    std::fs::write(&file, issuer.jwks()).expect("file");
    let strict: IssuerSettings = serde_json::from_value(json!({
        "issuer": "https://issuer.example", "audience": "svar", "jwks_file": file, "algorithms": ["ES256"], "bearer": false, "dpop_nonce": nonce,
    }))
    .expect("issuer");
    let own = Settings { issuers: vec![strict], ..settings(&app.database_url, app.folder.path()) };
    TestApp::with(app.kind, own, Arc::clone(&app.clock), Arc::clone(&app.folder), Some(app.world.clone())).await
}

fn machine(app: &TestApp, issuer: &EcIssuer, cnf: Option<Value>) -> String {
    let now = app.services.now().timestamp();
    let mut claims = json!({"iss": "https://issuer.example", "aud": "svar", "client_id": "ehr", "scope": "invitations:write", "iat": now, "exp": now + 3600});
    if let Some(cnf) = cnf {
        claims["cnf"] = cnf;
    }
    issuer.token(&claims)
}

on_both! {
    async fn an_issuer_can_be_held_to_bound_tokens_and_nonces(app: TestApp) {
        let (issuer, mine) = (EcIssuer::new("a"), key(7));
        let own = app.world.organization.expect("organization");
        let scopes = kartlegging::domain::actor::Scope::ALL.into_iter().collect();
        kartlegging::services::admin::add_client(&app.services, own, "EHR".to_owned(), Some("ehr".to_owned()), scopes).await.expect("client");
        let app = strict(&app, &issuer, true).await;
        for cnf in [None, Some(json!({"x5t#S256": "AAAA"}))] {
            let loose = machine(&app, &issuer, cnf);
            app.get(READ).bearer(&loose).send().await.expect_problem(401, "token-invalid");
        }
        let token = machine(&app, &issuer, Some(json!({"jkt": mine.thumbprint().expect("thumbprint")})));
        let prove = |nonce: Option<&str>, name: &str| {
            mine.prove("GET", &here(&app, READ), name, app.services.now(), Some(&token), nonce).expect("proof")
        };
        let answer = show(&app, &token, &[&prove(None, "one")]).await;
        let nonce = answer.headers["dpop-nonce"].clone();
        assert_eq!(answer.headers["www-authenticate"], "DPoP error=\"use_dpop_nonce\"");
        answer.expect_problem(401, "proof-nonce");
        show(&app, &token, &[&prove(Some(&nonce), "two")]).await.expect(200);
        show(&app, &token, &[&prove(Some("AAAAAAAAAAAAAAAAAAAAAA"), "three")]).await.expect_problem(401, "proof-nonce");
        app.advance(Duration::seconds(300));
        show(&app, &token, &[&prove(Some(&nonce), "four")]).await.expect(200);
        app.advance(Duration::seconds(300));
        show(&app, &token, &[&prove(Some(&nonce), "five")]).await.expect_problem(401, "proof-nonce");
    }
}

on_both! {
    async fn proofs_that_were_seen_are_forgotten_when_they_are_too_old_anyway(app: TestApp) {
        let key = key(7);
        let token = token(&app, Some(&key));
        show(&app, &token, &[&proof(&app, &key, &token, "one")]).await.expect(200);
        let count = "SELECT COUNT(*) FROM dpop_proof";
        purge::run(&app.services).await.expect("purged");
        assert_eq!(sql::number(&app.database_url, count).await, 1);
        app.advance(Duration::minutes(61));
        purge::run(&app.services).await.expect("purged");
        assert_eq!(sql::number(&app.database_url, count).await, 0);
    }
}
