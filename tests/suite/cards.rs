//! Cards in the record system (CDS Hooks 2.0, `patient-view`): what they say, to whom, and what a request
//! must be like.

use crate::on_both;
use crate::support::app::{Answer, TestApp};
use crate::support::browser::Browser;
use crate::support::contract::CONTRACT;
use crate::support::issuer::{KeyServer, RecordSystem};
use crate::support::sql;
use crate::support::world::{FNR, answers};
use chrono::Duration;
use kartlegging::config::CdsClientSettings;
use kartlegging::domain::actor::Scope;
use kartlegging::services::admin;
use kartlegging::services::clinic_session;
use serde_json::{Value, json};
use std::collections::BTreeSet;

const HOOK: &str = "/cds-services/unread-answers";
const AUDIENCE: &str = "https://svar.example/cds-services/unread-answers";
const ISSUER: &str = "https://ehr.example/";
const NAMED: &str = "https://ehr.example";
/// The synthetic number of somebody whom nobody has asked.
const STRANGER: &str = "14906030099";

/// An instance that record systems may ask, with the one that does.
struct Asked {
    app: TestApp,
    system: RecordSystem,
}

fn registered(client: &str, keys: &std::path::Path) -> CdsClientSettings {
    CdsClientSettings {
        issuer: ISSUER.to_owned(),
        tenant: None,
        client: client.to_owned(),
        jwks_url: None,
        jwks_file: Some(keys.to_owned()),
        jku: None,
        algorithms: vec!["ES384".to_owned(), "RS384".to_owned()],
    }
}

/// A client of the world's organization that record systems are registered as.
async fn client(app: &TestApp, name: &str, scopes: &[Scope]) {
    let scopes: BTreeSet<Scope> = scopes.iter().copied().collect();
    let own = app.world.organization.expect("organization");
    admin::add_client(&app.services, own, name.to_owned(), Some(name.to_owned()), scopes).await.expect("client");
}

const READS: [Scope; 2] = [Scope::ResponsesRead, Scope::PatientsRead];

impl Asked {
    async fn of(app: &TestApp) -> Self {
        Self::with(app, &READS, |_| {}).await
    }

    async fn with(app: &TestApp, scopes: &[Scope], change: impl FnOnce(&mut CdsClientSettings)) -> Self {
        let system = RecordSystem::es384("key-1");
        let keys = app.folder.path().join("ehr.json");
        std::fs::write(&keys, system.jwks()).expect("keys");
        client(app, "ehr", scopes).await;
        let mut own = registered("ehr", &keys);
        change(&mut own);
        let app = app
            .second_instance_with(|settings| {
                settings.cds_clients = vec![own];
                settings.fhir_origins = vec![NAMED.to_owned()];
            })
            .await;
        Self { app, system }
    }

    /// Claims of a good token; each has an id of its own.
    fn claims(&self) -> Value {
        let now = self.app.services.now().timestamp();
        json!({"iss": ISSUER, "aud": AUDIENCE, "iat": now, "exp": now + 300, "jti": uuid::Uuid::now_v7()})
    }

    async fn send(&self, body: &Value) -> Answer {
        self.send_in("nb", body).await
    }

    async fn send_in(&self, language: &str, body: &Value) -> Answer {
        let token = self.system.token(&self.claims());
        self.app.post(HOOK).bearer(&token).header("accept-language", language).json(body).send().await
    }

    async fn cards(&self, body: &Value) -> Vec<Value> {
        self.send(body).await.expect(200)["cards"].as_array().expect("cards").clone()
    }
}

/// The request when a record is opened of somebody with a number.
fn opened(number: &str) -> Value {
    json!({
        "hook": "patient-view", "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea", "fhirServer": "https://ehr.example/fhir",
        "fhirAuthorization": {"access_token": "x", "token_type": "Bearer", "expires_in": 300, "scope": "patient/Patient.read", "subject": "c"},
        "context": {"userId": "Practitioner/4711", "patientId": "1288992", "encounterId": "7"},
        "prefetch": {"patient": {"resourceType": "Patient", "id": "1288992", "identifier": [
            {"system": "urn:oid:1.2.3", "value": "55"},
            {"use": "official", "system": "urn:oid:2.16.578.1.12.4.1.4.1", "value": number},
        ]}},
        "extension": {"example.ehr": true},
    })
}

/// The same without a FHIR service and prefetch: by an id of ours.
fn of_own(id: &str) -> Value {
    json!({"hook": "patient-view", "hookInstance": "x", "context": {"userId": "Practitioner/1", "patientId": id}})
}

async fn logged(app: &TestApp) -> i64 {
    sql::number(&app.database_url, "SELECT COUNT(*) FROM access_log WHERE action = 'response.card'").await
}

on_both! {
    async fn a_card_says_what_weighs_and_leads_to_the_summary(app: TestApp) {
        let asked = Asked::of(&app).await;
        let invited = app.invite("visit-1").await;
        assert_eq!(asked.cards(&opened(FNR)).await, Vec::<Value>::new(), "nothing is answered yet");
        let given = answers(7, &["pain", "fatigue"], &["pain"], "yes", Some("yes"));
        let (_, receipt) = app.answer(&invited, &given).await;
        let response = receipt["response"].as_str().expect("id");
        let cards = asked.cards(&opened(FNR)).await;
        assert_eq!(cards.len(), 1);
        let card = &cards[0];
        assert_eq!(card["summary"], "Uleste svar, sendt 24.11.2026. Påkjenning: 7, på eller over terskelen på 4. Ønsker oppfølging: ja.");
        assert_eq!((&card["indicator"], &card["source"]["label"]), (&json!("warning"), &json!("Kartlegging")));
        let detail = card["detail"].as_str().expect("detail");
        assert!(detail.contains("- Ønsker oppfølging: Ja\n- Det som er mest belastende: Smerter\n"), "{detail}");
        let address = format!("https://svar.example/klinikk/svar/{response}");
        assert_eq!(card["links"], json!([{"label": "Åpne oppsummeringen", "url": address, "type": "absolute"}]));
        let again = asked.cards(&opened(FNR)).await;
        assert_ne!(again[0]["uuid"], card["uuid"], "each card has an id of its own");
        // By an id of ours: without a FHIR service, or with ours.
        assert_eq!(asked.cards(&of_own(&invited.patient)).await[0]["links"], card["links"]);
        let mut ours = of_own(&invited.patient);
        ours["fhirServer"] = json!("https://svar.example/fhir/");
        assert_eq!(asked.cards(&ours).await[0]["links"], card["links"]);
        assert_eq!(logged(&app).await, 4, "each card that is shown is in the log");
        let row = "SELECT actor_kind || ' ' || role FROM access_log WHERE action = 'response.card'";
        assert_eq!(sql::texts(&app.database_url, row).await[0], "client client");
        let seen = app.get(&format!("/api/v1/patients/{}/access-log", invited.patient)).bearer(app.world.token("unit_admin"));
        let seen = seen.send().await.expect(200);
        assert_eq!(seen["items"].as_array().expect("items").iter().filter(|one| one["action"] == "response.card").count(), 4);

        // The link works for who has to sign in first.
        let path = address.strip_prefix("https://svar.example").expect("path");
        let mut browser = Browser::new(&asked.app);
        let page = browser.get(path).await;
        assert_eq!((page.status, page.leads().as_str()), (303, "/klinikk/inn"));
        let link = clinic_session::issue_link(&app.services, app.world.people["clinician"]).await.expect("link");
        let form = browser.get(&link[link.find("/klinikk/inn/").expect("path")..]).await.form();
        let page = browser.send(&form).await;
        assert_eq!((page.status, page.leads().as_str()), (303, path));
        assert_eq!(browser.cookie("__Host-klinikk-til"), None);
        let summary = browser.get(path).await.at(200, path);
        assert!(summary.main().contains("Påkjenning"));

        let review = app.post(&format!("/api/v1/responses/{response}/review")).bearer(app.world.token("clinician"));
        review.json(&json!({"version": 1})).send().await.expect(200);
        assert_eq!(asked.cards(&opened(FNR)).await, Vec::<Value>::new(), "what is read is not shown");
        assert_eq!(logged(&app).await, 4);
    }
}

on_both! {
    async fn the_newest_unread_come_first_and_no_more_than_five(app: TestApp) {
        let asked = Asked::of(&app).await;
        let mut responses = Vec::new();
        let mut counts = Vec::new();
        for (nth, score) in [2, 3, 0, 1, 2, 3, 9].into_iter().enumerate() {
            let (_, receipt) = app.answer(&app.invite(&format!("visit-{nth}")).await, &answers(score, &[], &[], "maybe", Some("no"))).await;
            responses.insert(0, receipt["response"].as_str().expect("id").to_owned());
            app.advance(Duration::minutes(1));
            let mut least = u64::MAX;
            for _ in 0..3 {
                let before = asked.app.services.db.statements();
                asked.cards(&opened(FNR)).await;
                least = least.min(asked.app.services.db.statements() - before);
            }
            counts.push(least);
        }
        let cards = asked.cards(&opened(FNR)).await;
        let shown: Vec<&str> = cards.iter().map(|card| card["links"][0]["url"].as_str().expect("url").rsplit('/').next().expect("id")).collect();
        assert_eq!(shown, responses[..5]);
        let marks: Vec<&str> = cards.iter().map(|card| card["indicator"].as_str().expect("indicator")).collect();
        assert_eq!(marks, ["warning", "info", "info", "info", "info"]);
        assert!(counts.windows(2).all(|two| two[0] == two[1]), "statements for one and for many: {counts:?}");
    }
}

on_both! {
    async fn who_is_unknown_and_who_has_nothing_unread_look_the_same(app: TestApp) {
        let asked = Asked::of(&app).await;
        app.invite("visit-1").await;
        let known = asked.send(&opened(FNR)).await;
        let unknown = asked.send(&opened(STRANGER)).await;
        let strange = {
            let mut body = opened(FNR);
            body["prefetch"]["patient"]["identifier"] = json!([{"system": "urn:oid:1.2.3", "value": "55"}]);
            asked.send(&body).await
        };
        let wrong = asked.send(&opened("13904709536")).await;
        let nobody = asked.send(&of_own("0193a5d0-2000-7000-8000-00000000ffff")).await;
        for answer in [&unknown, &strange, &wrong, &nobody] {
            assert_eq!((answer.status, &answer.text), (known.status, &known.text));
        }
        assert_eq!(known.text, r#"{"cards":[]}"#);
        assert_eq!(logged(&app).await, 0);
        // Another organization's patients are nobody's here.
        let mut order = app.order("visit-2");
        order["appointment"]["unit"] = json!(app.world.other_unit);
        let issued = app.post("/api/v1/invitations").bearer(app.world.token("other_client")).key("key-other-2").json(&order);
        let invited = crate::support::world::Invited::of(issued.send().await.expect(201));
        app.answer(&invited, &answers(8, &[], &[], "yes", Some("no"))).await;
        assert_eq!(asked.send(&opened(FNR)).await.text, known.text);
        assert_eq!(asked.send(&of_own(&invited.patient)).await.text, known.text);
    }
}

on_both! {
    async fn a_request_that_leaves_it_open_who_it_is_says_so(app: TestApp) {
        let asked = Asked::of(&app).await;
        app.answer(&app.invite("visit-1").await, &answers(8, &[], &[], "yes", Some("no"))).await;
        let without = |pointer: &str, name: &str| {
            let mut body = opened(FNR);
            body.pointer_mut(pointer).and_then(Value::as_object_mut).expect("object").remove(name);
            body
        };
        let with = |pointer: &str, value: Value| {
            let mut body = opened(FNR);
            *body.pointer_mut(pointer).expect("member") = value;
            body
        };
        for body in [
            without("", "prefetch"),
            without("/prefetch", "patient"),
            with("/prefetch/patient", Value::Null),
            without("/prefetch/patient", "identifier"),
            with("/prefetch/patient/identifier", json!([])),
            of_own("1288992"),
        ] {
            asked.send(&body).await.expect_problem(412, "prefetch-missing");
        }
        // An id of ours says nothing where the record system has a FHIR service of its own.
        let mut own = without("", "prefetch");
        own["context"]["patientId"] = json!("0193a5d0-2000-7000-8000-00000000ffff");
        asked.send(&own).await.expect_problem(412, "prefetch-missing");
        for (body, pointer, code) in [
            (json!([]), "", "malformed"),
            (without("", "hook"), "/hook", "required"),
            (with("/hook", json!("order-sign")), "/hook", "not-allowed"),
            (with("/hook", json!(7)), "/hook", "malformed"),
            (without("", "hookInstance"), "/hookInstance", "required"),
            (without("", "context"), "/context", "required"),
            (with("/context", json!("x")), "/context", "malformed"),
            (without("/context", "patientId"), "/context/patientId", "required"),
            (with("/context/patientId", json!("")), "/context/patientId", "required"),
            (with("/context/patientId", json!("x".repeat(600))), "/context/patientId", "too-long"),
            (with("/fhirServer", json!(7)), "/fhirServer", "malformed"),
            (with("/prefetch", json!([])), "/prefetch", "malformed"),
            (with("/prefetch/patient", json!("x")), "/prefetch/patient", "malformed"),
            (with("/prefetch/patient/resourceType", json!("Observation")), "/prefetch/patient/resourceType", "mismatch"),
            (with("/prefetch/patient/id", json!("7")), "/prefetch/patient/id", "mismatch"),
            (with("/prefetch/patient/identifier", json!({})), "/prefetch/patient/identifier", "malformed"),
            (with("/prefetch/patient/identifier", json!([7])), "/prefetch/patient/identifier", "malformed"),
            (with("/prefetch/patient/identifier", json!(vec![json!({}); 51])), "/prefetch/patient/identifier", "too-long"),
        ] {
            let problem = asked.send(&body).await.expect_problem(422, "body-invalid");
            assert_eq!(problem["errors"][0]["pointer"], pointer);
            assert_eq!(problem["errors"][0]["code"], code, "{pointer}");
        }
        // A number that is no longer used is nobody's.
        let mut old = opened(FNR);
        old["prefetch"]["patient"]["identifier"][1]["use"] = json!("old");
        assert_eq!(asked.cards(&old).await.len(), 0);
        let token = || asked.system.token(&asked.claims());
        asked.app.post(HOOK).bearer(&token()).body("application/json", "{").send().await.expect_problem(400, "body-malformed");
        asked.app.post(HOOK).bearer(&token()).body("text/plain", "{}").send().await.expect_problem(415, "media-type-unsupported");
        let large = vec![b' '; 256 * 1024 + 1];
        asked.app.post(HOOK).bearer(&token()).body("application/json", large).send().await.expect_problem(413, "body-too-large");
        for path in ["/cds-services/other", "/cds-services/unread-answers/feedback", "/cds-services/"] {
            asked.app.post(path).json(&json!({})).send().await.expect_problem(404, "route-not-found");
        }
        asked.app.get(HOOK).send().await.expect_problem(405, "method-not-allowed");
        let example = &CONTRACT["paths"]["/cds-services/unread-answers"]["post"]["requestBody"]["content"]["application/json"]["examples"];
        assert_eq!(asked.cards(&example["patientView"]["value"]).await.len(), 1, "the example of the contract");
    }
}

on_both! {
    async fn a_token_is_good_for_one_request_of_a_known_system(app: TestApp) {
        let asked = Asked::of(&app).await;
        let body = opened(FNR);
        let post = |token: String| {
            let call = asked.app.post(HOOK).bearer(&token).json(&body);
            async move { call.send().await }
        };
        let with = |name: &str, value: Value| {
            let mut claims = asked.claims();
            claims[name] = value;
            claims
        };
        let without = |name: &str| {
            let mut claims = asked.claims();
            claims.as_object_mut().expect("object").remove(name);
            claims
        };
        let good = asked.system.token(&asked.claims());
        post(good.clone()).await.expect(200);
        post(good.clone()).await.expect_problem(401, "token-invalid");
        // Another instance remembers it as well.
        let keys = app.folder.path().join("ehr.json");
        let other = app.second_instance_with(|settings| settings.cds_clients = vec![registered("ehr", &keys)]).await;
        other.post(HOOK).bearer(&good).json(&body).send().await.expect_problem(401, "token-invalid");
        let several = with("aud", json!(["https://other.example", AUDIENCE]));
        post(asked.system.token(&several)).await.expect(200);

        let now = app.services.now().timestamp();
        let mut refused = vec![
            asked.system.token(&with("aud", json!("https://svar.example/cds-services"))),
            asked.system.token(&with("aud", json!("kartlegging"))),
            asked.system.token(&with("iss", json!("https://other.example/"))),
            asked.system.token(&with("exp", json!(now + 301))),
            asked.system.token(&with("exp", json!(now - 31))),
            asked.system.token(&with("iat", json!(now + 31))),
            asked.system.token(&with("iat", json!("now"))),
            asked.system.token(&with("jti", json!(""))),
            asked.system.token(&with("jti", json!("x".repeat(300)))),
            asked.system.token(&with("cnf", json!({"jkt": "x"}))),
            RecordSystem::es384("key-1").token(&asked.claims()),
            asked.system.token_with(&json!({"alg": "ES384", "typ": "at+jwt", "kid": "key-1"}), &asked.claims()),
            asked.system.token_with(&json!({"alg": "ES384", "typ": "JWT", "kid": "key-2"}), &asked.claims()),
            asked.system.token_with(&json!({"alg": "none", "typ": "JWT", "kid": "key-1"}), &asked.claims()),
            asked.system.token_with(&json!({"alg": "HS384", "typ": "JWT", "kid": "key-1"}), &asked.claims()),
            asked.system.token_with(&json!({"alg": "ES384", "typ": "JWT", "kid": "key-1", "jku": "https://evil.example/keys"}), &asked.claims()),
            app.world.token("client").to_owned(),
            "x.y.z".to_owned(),
        ];
        refused.extend(["iss", "aud", "exp", "iat", "jti"].map(|name| asked.system.token(&without(name))));
        for token in refused {
            post(token).await.expect_problem(401, "token-invalid");
        }
        asked.app.post(HOOK).json(&body).send().await.expect_problem(401, "token-missing");
        // Such a token is none of the API's.
        asked.app.get("/api/v1/questionnaires").bearer(&asked.system.token(&asked.claims())).send().await.expect_problem(401, "token-invalid");
        // A client that was shut out.
        sql::execute(&app.database_url, "UPDATE client SET disabled_at = '2026-11-24T08:00:00Z' WHERE external_id = 'ehr'").await.expect("row");
        post(asked.system.token(&asked.claims())).await.expect_problem(401, "token-invalid");
    }
}

on_both! {
    async fn keys_come_from_where_the_operator_says(app: TestApp) {
        let rsa = RecordSystem::rs384("key-r");
        let served = KeyServer::start(rsa.jwks());
        let other = KeyServer::start(rsa.jwks());
        let url = served.url();
        let asked = Asked::with(&app, &READS, |own| {
            own.jwks_file = None;
            own.jwks_url = Some(url);
        })
        .await;
        let body = opened(FNR);
        let post = |token: String| {
            let call = asked.app.post(HOOK).bearer(&token).json(&body);
            async move { call.send().await }
        };
        let header = |jku: &str| json!({"alg": "RS384", "typ": "JWT", "kid": "key-r", "jku": jku});
        post(rsa.token(&asked.claims())).await.expect(200);
        post(rsa.token_with(&header(&served.url()), &asked.claims())).await.expect(200);
        post(rsa.token_with(&header(&other.url()), &asked.claims())).await.expect_problem(401, "token-invalid");
        assert_eq!((served.fetches(), other.fetches()), (1, 0), "no address is taken from a token");
    }
}

on_both! {
    async fn a_tenant_speaks_for_its_own_organization(app: TestApp) {
        let asked = Asked::with(&app, &READS, |own| own.tenant = Some("north".to_owned())).await;
        app.answer(&app.invite("visit-1").await, &answers(8, &[], &[], "yes", Some("no"))).await;
        for (tenant, status) in [(Some("north"), 200), (Some("south"), 401), (None, 401)] {
            let mut claims = asked.claims();
            claims["tenant"] = json!(tenant);
            let answer = asked.app.post(HOOK).bearer(&asked.system.token(&claims)).json(&opened(FNR)).send().await;
            assert_eq!(answer.status, status, "{tenant:?}: {}", answer.text);
        }
    }
}

on_both! {
    async fn a_client_needs_its_scopes(app: TestApp) {
        let finds = Asked::with(&app, &[Scope::PatientsRead], |_| {}).await;
        let invited = app.invite("visit-1").await;
        app.answer(&invited, &answers(8, &[], &[], "yes", Some("no"))).await;
        finds.send(&opened(FNR)).await.expect_problem(403, "scope-missing");
        finds.send(&json!({})).await.expect_problem(403, "scope-missing");
        sql::execute(&app.database_url, "UPDATE client SET external_id = 'finds', name = 'finds' WHERE external_id = 'ehr'").await.expect("row");
        let reads = Asked::with(&app, &[Scope::ResponsesRead], |_| {}).await;
        reads.send(&opened(FNR)).await.expect_problem(403, "scope-missing");
        assert_eq!(reads.cards(&of_own(&invited.patient)).await.len(), 1, "an id of ours needs no look-up");
    }
}

on_both! {
    async fn languages_and_pages_of_others(app: TestApp) {
        let asked = Asked::of(&app).await;
        app.answer(&app.invite("visit-1").await, &answers(3, &["pain"], &["pain"], "maybe", Some("no"))).await;
        for (language, says, label) in [
            ("nb", "Uleste svar, sendt 24.11.2026. Påkjenning: 3, under terskelen på 4. Ønsker oppfølging: kanskje.", "Åpne oppsummeringen"),
            ("nn", "Ulesne svar, sende 24.11.2026. Påkjenning: 3, under terskelen på 4. Ønskjer oppfølging: kanskje.", "Opne oppsummeringa"),
            ("en", "Unread answers, handed in 24/11/2026. Distress: 3, below the threshold of 4. Wants follow-up: perhaps.", "Open the summary"),
        ] {
            let card = asked.send_in(language, &opened(FNR)).await.expect(200)["cards"][0].clone();
            assert_eq!((&card["summary"], &card["links"][0]["label"]), (&json!(says), &json!(label)));
            assert_eq!(card["indicator"], "info");
            let found = asked.app.get("/cds-services").header("accept-language", language).send().await.expect(200);
            let service = &found["services"][0];
            assert_eq!((&service["hook"], &service["id"]), (&json!("patient-view"), &json!("unread-answers")));
            assert_eq!(service["prefetch"], json!({"patient": "Patient/{{context.patientId}}"}));
        }
        // A page of the record system may ask from a browser, another one not.
        for (origin, allowed) in [(NAMED, NAMED), ("https://evil.example", "")] {
            let asks = asked.app.get("/cds-services").header("origin", origin).send().await;
            assert_eq!(asks.headers.get("access-control-allow-origin").map_or("", String::as_str), allowed);
        }
    }
}
