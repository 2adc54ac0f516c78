//! `/api/v1/deliveries`, and the message that a gateway fetches.

use super::receiver::{Manner, Receiver};
use super::{deliver_for, impatient, webhook};
use crate::on_both;
use crate::support::TestApp;
use crate::support::sql;
use crate::support::world::{BORN, Invited, answers};
use chrono::Duration;
use kartlegging::services::outbox;
use serde_json::{Value, json};
use std::collections::BTreeSet;

async fn ask(app: &TestApp, query: &str) -> crate::support::app::Answer {
    app.get(&format!("/api/v1/deliveries?{query}")).bearer(app.world.token("client")).send().await
}

async fn page(app: &TestApp, query: &str) -> Value {
    ask(app, query).await.expect(200)
}

fn ids(page: &Value) -> Vec<String> {
    page["items"].as_array().expect("items").iter().map(|one| one["id"].as_str().expect("id").to_owned()).collect()
}

on_both! {
    async fn what_could_not_be_sent_is_seen_and_sent_again(app: TestApp) {
        let services = impatient(&app);
        let receiver = Receiver::start(Manner::Status(500)).await;
        let added = webhook(&services, &app, &receiver.url).await;
        let well = Receiver::start(Manner::Status(200)).await;
        webhook(&services, &app, &well.url).await;
        let answered = app.invite("visit-1").await;
        app.answer(&answered, &answers(7, &[], &[], "no", Some("no"))).await;
        deliver_for(&services, &app, 24).await;
        let dead = page(&app, "state=dead").await;
        assert_eq!(ids(&dead).len(), 2);
        for one in dead["items"].as_array().expect("items") {
            assert_eq!((&one["failure"], &one["target"], &one["channel"]), (&json!("http-500"), &json!(added.id), &json!("webhook")));
            assert!(one["attempts"].as_u64().is_some_and(|attempts| attempts > 10) && one["ended_at"].is_string(), "{one}");
        }
        assert_eq!(ids(&page(&app, "state=sent").await).len(), 2);
        assert_eq!(ids(&page(&app, &format!("webhook={}", added.id)).await), ids(&dead));
        assert_eq!(ids(&page(&app, "event=response.submitted").await).len(), 2);
        assert_eq!(ids(&page(&app, "channel=mail").await).len(), 0);
        assert_eq!(ids(&page(&app, "since=2026-11-24T08:00:00Z").await).len(), 4);
        assert_eq!(ids(&page(&app, "since=2026-11-24T08:00:01%2B00:00").await).len(), 0);
        // Page by page it is the same.
        let (mut all, mut cursor) = (Vec::new(), String::new());
        loop {
            let one = page(&app, &format!("limit=3{cursor}")).await;
            all.extend(ids(&one));
            let Some(next) = one["next_cursor"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        assert_eq!(all, ids(&page(&app, "").await));
        assert_eq!(all.len(), 4);

        receiver.behave(Manner::Status(200));
        for id in ids(&dead) {
            let path = format!("/api/v1/deliveries/{id}");
            let again = app.post(&format!("{path}/retry")).bearer(app.world.token("organization_admin")).send().await.expect(200);
            assert_eq!((&again["state"], &again["attempts"]), (&json!("waiting"), &json!(0)));
        }
        assert_eq!(outbox::deliver(&services).await, Ok(2));
        let sent: BTreeSet<String> = receiver.all().iter().map(|one| one.id().to_owned()).collect();
        assert_eq!(sent, ids(&dead).into_iter().collect());
        let one = app.get(&format!("/api/v1/deliveries/{}", ids(&dead)[0])).bearer(app.world.token("client")).send().await.expect(200);
        assert_eq!((&one["state"], &one["failure"]), (&json!("sent"), &json!(null)));
        // Each look is in the access log.
        let log = "SELECT DISTINCT action FROM access_log WHERE action LIKE 'delivery.%' ORDER BY action";
        assert_eq!(sql::texts(&app.database_url, log).await, ["delivery.list", "delivery.read", "delivery.retry"]);
    }
}

on_both! {
    async fn a_query_that_does_not_fit_is_named(app: TestApp) {
        for (query, named) in [
            ("state=lost", "state"),
            ("channel=pigeon", "channel"),
            ("webhook=x", "webhook"),
            ("event=response.read", "event"),
            ("since=yesterday", "since"),
            ("cursor=x", "cursor"),
            ("limit=0", "limit"),
            ("patient=x", "patient"),
        ] {
            let problem = ask(&app, query).await.expect_problem(400, "query-invalid");
            assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains(named)), "{problem}");
        }
    }
}

async fn invite_with(app: &TestApp, visit: &str, language: &str, phone: Option<&str>) -> Invited {
    let mut order = app.order(visit);
    order["patient"] = json!({"name": "Åse Oppdiktet", "birth_date": BORN, "language": language});
    if let Some(phone) = phone {
        order["patient"]["contact"] = json!({"phone": phone});
    }
    Invited::of(app.issue(&format!("key-{visit}"), &order).await.expect(201))
}

async fn message(app: &TestApp, id: &str, body: &Value) -> crate::support::app::Answer {
    app.post(&format!("/api/v1/invitations/{id}/message")).bearer(app.world.token("client")).json(body).send().await
}

on_both! {
    async fn a_gateway_gets_number_text_and_a_link_of_its_own(app: TestApp) {
        let mut texts = BTreeSet::new();
        for (language, word) in [("nb", "skjema"), ("nn", "skjema"), ("en", "form")] {
            let invited = invite_with(&app, &format!("visit-{language}"), language, Some("+47 00 00 00 01")).await;
            let notice = message(&app, &invited.id, &json!({})).await.expect(200);
            let (text, link) = (notice["text"].as_str().expect("text"), notice["link"].as_str().expect("link"));
            assert_eq!((&notice["to"], &notice["language"]), (&json!("+47 00 00 00 01"), &json!(language)));
            assert!(text.contains(word) && text.ends_with(link) && text.contains("Oppdiktet helseforetak"), "{text}");
            // One link and nobody's name, unit or visit; one part of a text message.
            assert!(text.matches("https://").count() == 1 && !text.contains("Åse") && !text.contains("Poliklinikken") && !text.contains("2026"), "{text}");
            assert!(text.chars().count() <= 160, "{}", text.chars().count());
            assert_ne!(link, invited.link);
            let again = message(&app, &invited.id, &json!({"kind": "reminder"})).await.expect(200);
            assert_eq!(again["link"], link);
            assert_ne!(again["text"], text);
            texts.insert(text.replace(link, ""));
            // Both links open the form, and the code stays that of the letter.
            app.open(&invited, None).await;
            let own = Invited { link: link.to_owned(), ..invited.clone() };
            app.open(&own, None).await;
            let newest = app.reissue(&invited.id, &format!("again-{language}")).await.expect(200);
            app.try_link(&own, BORN).await.expect_problem(410, "link-replaced");
            let third = message(&app, &invited.id, &json!({})).await.expect(200);
            assert!(third["link"] != link && third["link"] != newest["credential"]["link"]);
        }
        assert_eq!(texts.len(), 3);
    }
}

on_both! {
    async fn there_is_no_message_where_nothing_can_be_answered_or_nobody_reached(app: TestApp) {
        let without = invite_with(&app, "visit-1", "nb", None).await;
        message(&app, &without.id, &json!({})).await.expect_problem(409, "no-phone");
        let credentials = "SELECT COUNT(*) FROM credential WHERE channel = 'sms'";
        assert_eq!(sql::number(&app.database_url, credentials).await, 0);
        let answered = invite_with(&app, "visit-2", "nb", Some("00 00 00 01")).await;
        app.answer(&answered, &answers(3, &[], &[], "no", Some("no"))).await;
        message(&app, &answered.id, &json!({})).await.expect_problem(409, "invitation-answered");
        let revoked = invite_with(&app, "visit-3", "nb", Some("00 00 00 01")).await;
        app.revoke(&revoked.id).await.expect(200);
        message(&app, &revoked.id, &json!({})).await.expect_problem(409, "invitation-closed");
        let late = invite_with(&app, "visit-4", "nb", Some("00 00 00 01")).await;
        for body in [json!({"kind": "threat"}), json!({"kind": 1}), json!({"text": "x"})] {
            message(&app, &late.id, &body).await.expect_problem(422, "body-invalid");
        }
        app.advance(Duration::days(4));
        message(&app, &late.id, &json!({})).await.expect_problem(409, "invitation-closed");
        // Every message that left, and the one that could not, is in the patient's log.
        let path = format!("/api/v1/patients/{}/access-log", without.patient);
        let log = app.get(&path).bearer(app.world.token("auditor")).send().await.expect(200);
        let own: Vec<&Value> = log["items"].as_array().expect("items").iter().filter(|one| one["action"] == "invitation.message").collect();
        assert_eq!((own.len(), &own[0]["result"]), (1, &json!("no-phone")));
    }
}
