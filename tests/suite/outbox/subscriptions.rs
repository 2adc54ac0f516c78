//! What clients ask to be told of over FHIR: made, told, removed; and what they may not ask for.

use super::receiver::{Manner, Receiver};
use super::{deliver_for, impatient};
use crate::on_both;
use crate::support::TestApp;
use crate::support::sql;
use crate::support::world::answers;
use chrono::Duration;
use serde_json::{Value, json};

const CONTENT: &str = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-payload-content";

fn wanted(url: &str) -> Value {
    json!({
        "resourceType": "Subscription", "status": "requested", "reason": "Svar til journalen", "criteria": "QuestionnaireResponse",
        "channel": {
            "type": "rest-hook", "endpoint": url, "payload": "application/fhir+json",
            "_payload": {"extension": [{"url": CONTENT, "valueCode": "id-only"}]}, "header": ["Authorization: Bearer synthetic-7"],
        },
    })
}

async fn ask(app: &TestApp, who: &str, body: &Value) -> crate::support::app::Answer {
    let call = app.post("/fhir/Subscription").bearer(app.world.token(who));
    call.body("application/fhir+json", body.to_string()).send().await
}

async fn submitted(app: &TestApp, visit: &str, score: u8) -> String {
    let (_, done) = app.answer(&app.invite(visit).await, &answers(score, &[], &[], "no", Some("no"))).await;
    done["response"].as_str().expect("id").to_owned()
}

on_both! {
    async fn a_client_is_told_of_answers_by_their_ids(app: TestApp) {
        let services = impatient(&app);
        let receiver = Receiver::start(Manner::Status(204)).await;
        let made = ask(&app, "client", &wanted(&receiver.url)).await;
        let id = made.json["id"].as_str().expect("id").to_owned();
        assert_eq!((made.status, made.json["status"].as_str(), made.headers["etag"].as_str()), (201, Some("active"), "W/\"1\""));
        assert!(made.headers["location"].ends_with(&format!("/fhir/Subscription/{id}")));
        assert_eq!(made.json["channel"]["header"], json!(["authorization: (not shown)"]));
        let again = ask(&app, "client", &wanted(&receiver.url)).await;
        assert_eq!((again.status, again.json["id"].as_str()), (200, Some(id.as_str())), "asked again, it is the same");

        let response = submitted(&app, "visit-told", 7).await;
        app.advance(Duration::seconds(1));
        let mut changed = answers(8, &[], &[], "no", Some("no"));
        changed["id"] = response.clone().into();
        changed["status"] = "amended".into();
        let change = app.put(&format!("/fhir/QuestionnaireResponse/{response}")).bearer(app.world.token("client")).header("if-match", "W/\"1\"");
        change.body("application/fhir+json", changed.to_string()).send().await.expect(200);
        assert_eq!(deliver_for(&services, &app, 2).await, 2);
        let got = receiver.all();
        for (at, one) in got.iter().enumerate() {
            assert_eq!(one.headers["authorization"], "Bearer synthetic-7");
            assert_eq!(one.headers["content-type"], "application/fhir+json");
            let told = one.json();
            assert_eq!((told["resourceType"].as_str(), told["type"].as_str()), (Some("Bundle"), Some("history")));
            let parameters = told["entry"][0]["resource"]["parameter"].clone();
            let event = parameters.as_array().expect("parameters").iter().find(|one| one["name"] == "notification-event").expect("an event");
            assert_eq!(event["part"][0]["valueString"], (at + 1).to_string());
            let focus = event["part"][2]["valueReference"]["reference"].as_str().expect("a reference");
            assert_eq!(focus, format!("https://svar.example/fhir/QuestionnaireResponse/{response}"));
            assert_eq!(told["entry"][1]["fullUrl"], focus);
            assert_eq!(told["entry"][1].get("resource"), None, "ids alone");
        }
        let methods: Vec<Value> = got.iter().map(|one| one.json()["entry"][1]["request"]["method"].clone()).collect();
        assert_eq!(methods, ["POST", "PUT"]);
    }
}

on_both! {
    async fn one_that_is_sent_again_keeps_its_number(app: TestApp) {
        let services = impatient(&app);
        let receiver = Receiver::start(Manner::Status(500)).await;
        ask(&app, "client", &wanted(&receiver.url)).await.expect(201);
        submitted(&app, "visit-one", 3).await;
        submitted(&app, "visit-two", 4).await;
        deliver_for(&services, &app, 2).await;
        receiver.behave(Manner::Status(204));
        deliver_for(&services, &app, 2).await;
        let number = |told: &Value| told["entry"][0]["resource"]["parameter"][3]["valueString"].as_str().expect("a number").to_owned();
        let mut by_id = std::collections::BTreeMap::new();
        for one in receiver.all() {
            let told = one.json();
            assert_eq!(by_id.entry(one.id().to_owned()).or_insert_with(|| number(&told)), &number(&told));
        }
        let mut numbers: Vec<&String> = by_id.values().collect();
        numbers.sort();
        assert_eq!(numbers, ["1", "2"]);
    }
}

on_both! {
    async fn without_a_payload_the_request_has_no_body(app: TestApp) {
        let services = impatient(&app);
        let receiver = Receiver::start(Manner::Status(204)).await;
        let mut bare = wanted(&receiver.url);
        bare["criteria"] = "QuestionnaireResponse?status=completed".into();
        bare["channel"] = json!({"type": "rest-hook", "endpoint": receiver.url});
        ask(&app, "client", &bare).await.expect(201);
        submitted(&app, "visit-bare", 3).await;
        assert_eq!(deliver_for(&services, &app, 1).await, 1);
        let got = receiver.all();
        assert!(got[0].body.is_empty() && !got[0].headers.contains_key("content-type"), "{:?}", got[0]);
    }
}

on_both! {
    async fn what_is_over_or_removed_is_told_no_more(app: TestApp) {
        let services = impatient(&app);
        let receiver = Receiver::start(Manner::Status(204)).await;
        let mut short = wanted(&receiver.url);
        short["end"] = (app.services.now() + Duration::hours(1)).to_rfc3339().into();
        let ends = ask(&app, "client", &short).await.expect(201)["id"].as_str().expect("id").to_owned();
        let stays = ask(&app, "client", &wanted(&receiver.url)).await.expect(201)["id"].as_str().expect("id").to_owned();
        app.advance(Duration::hours(2));
        let all = app.get("/fhir/Subscription").bearer(app.world.token("client")).send().await.expect(200);
        let of = |id: &str| all["entry"].as_array().expect("entries").iter().find(|one| one["resource"]["id"] == id).expect("it")["resource"]["status"].clone();
        assert_eq!((of(&ends), of(&stays)), ("off".into(), "active".into()));
        submitted(&app, "visit-later", 3).await;
        let one = format!("/fhir/Subscription/{stays}");
        app.delete(&one).bearer(app.world.token("client")).send().await.expect(204);
        app.get(&one).bearer(app.world.token("client")).send().await.expect(404);
        app.delete(&one).bearer(app.world.token("client")).send().await.expect(404);
        assert_eq!(deliver_for(&services, &app, 2).await, 0);
        assert!(receiver.all().is_empty());
        let log = "SELECT action FROM access_log WHERE action LIKE 'subscription.%' ORDER BY id";
        assert_eq!(sql::texts(&app.database_url, log).await, ["subscription.add", "subscription.add", "subscription.remove"]);
    }
}

on_both! {
    async fn there_are_so_many_and_none_for_a_forbidden_address(app: TestApp) {
        for number in 0..10 {
            ask(&app, "client", &wanted(&format!("https://ehr.example/{number}"))).await.expect(201);
        }
        let full = ask(&app, "client", &wanted("https://ehr.example/more")).await;
        full.expect_problem(409, "subscriptions-full");
        let other = ask(&app, "other_client", &wanted("https://ehr.example/other")).await.expect(201);
        let theirs = format!("/fhir/Subscription/{}", other["id"].as_str().expect("id"));
        app.get(&theirs).bearer(app.world.token("client")).send().await.expect(404);
        for address in ["http://ehr.example/told", "https://user:word@ehr.example/", "https://10.0.0.1/", "ftp://ehr.example/", "told"] {
            let refused = ask(&app, "other_client", &wanted(address)).await.expect_problem(422, "resource-invalid");
            assert_eq!(refused["issue"][0]["expression"], json!(["Subscription.channel.endpoint"]), "{address}");
        }
    }
}

on_both! {
    async fn headers_are_sealed_and_rotate(app: TestApp) {
        ask(&app, "client", &wanted("https://ehr.example/told")).await.expect(201);
        let sealed = sql::query(&app.database_url, "SELECT headers_sealed FROM webhook").await;
        let sealed: Vec<u8> = sealed[0].try_get("", "headers_sealed").expect("bytes");
        assert!(!sealed.windows(11).any(|part| part == b"synthetic-7"));
    }
}
