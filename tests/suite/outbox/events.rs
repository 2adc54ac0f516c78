//! What happens is told once, signed, with ids and nothing else.

use super::receiver::{Manner, Receiver};
use super::{deliver_for, impatient, webhook};
use crate::on_both;
use crate::support::sql;
use crate::support::world::{answers, order_without_visit};
use chrono::Duration;
use kartlegging::domain::event::{Event, EventKind};
use kartlegging::domain::ids::{InvitationId, UnitId};
use kartlegging::services::events;
use kartlegging::services::webhooks;
use kartlegging::services::{expire_invitations, outbox};
use std::collections::{BTreeMap, BTreeSet};

on_both! {
    async fn every_event_is_told_once_with_ids_only(app: TestApp) {
        let services = impatient(&app);
        let receiver = Receiver::start(Manner::Status(204)).await;
        let added = webhook(&services, &app, &receiver.url).await;
        let answered = app.invite("visit-1").await;
        let (session, device) = app.open(&answered, None).await;
        app.save(&session, 0, &answers(7, &["pain"], &[], "yes", Some("no"))).await.expect(200);
        let receipt = app.submit(&session, 1).await.expect(201);
        // The same again is no event.
        app.submit(&session, 1).await.expect(200);
        let (session, _) = app.open(&answered, Some(&device)).await;
        let version = app.get("/api/v1/session/draft").bearer(&session).send().await.expect(200)["version"].as_i64().expect("version");
        let saved = app.save(&session, version, &answers(9, &["pain"], &[], "yes", Some("no"))).await.expect(200);
        app.submit(&session, saved["version"].as_i64().expect("version")).await.expect(201);
        let declined = app.invite("visit-2").await;
        let (session, _) = app.open(&declined, None).await;
        for _ in 0..2 {
            app.post("/api/v1/session/decline").bearer(&session).send().await.expect(200);
        }
        let revoked = app.invite("visit-3").await;
        for _ in 0..2 {
            app.revoke(&revoked.id).await.expect(200);
        }
        let expired = app.invite("visit-4").await;
        // A repeat of the letter system's request, and one that is in the way.
        app.issue("key-visit-4", &app.order("visit-4")).await.expect(201);
        app.issue("key-again", &app.order("visit-4")).await.expect_problem(409, "invitation-exists");
        app.advance(Duration::days(5));
        expire_invitations::run(&app.services).await.expect("expired");
        assert_eq!(outbox::deliver(&services).await, Ok(9));
        assert_eq!(outbox::deliver(&services).await, Ok(0));

        let mut told: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let mut ids = BTreeSet::new();
        for one in receiver.all() {
            assert_eq!(one.head, "POST /hook HTTP/1.1");
            assert_eq!((one.headers["content-type"].as_str(), one.headers.contains_key("authorization")), ("application/json", false));
            assert!(one.is_signed_with(&added.secret), "{one:?}");
            assert!(ids.insert(one.id().to_owned()), "told twice");
            let body = one.json();
            let names = |value: &serde_json::Value| value.as_object().expect("object").keys().cloned().collect::<Vec<_>>().join(" ");
            assert_eq!(names(&body), "data timestamp type");
            let kind = body["type"].as_str().expect("type").to_owned();
            let expected = if kind.starts_with("response.") {
                assert_eq!(body["data"]["response"], receipt["response"]);
                "appointment invitation organization response unit version"
            } else {
                "appointment invitation organization unit"
            };
            assert_eq!(names(&body["data"]), expected);
            for (_, id) in body["data"].as_object().expect("object").iter().filter(|(name, _)| *name != "version") {
                assert!(id.as_str().is_some_and(|id| uuid::Uuid::parse_str(id).is_ok()), "{body}");
            }
            told.entry(body["data"]["invitation"].as_str().expect("id").to_owned()).or_default().push(kind);
        }
        for (invited, expected) in [
            (&answered, ["invitation.issued", "response.amended", "response.submitted"].as_slice()),
            (&declined, &["invitation.declined", "invitation.issued"]),
            (&revoked, &["invitation.issued", "invitation.revoked"]),
            (&expired, &["invitation.expired", "invitation.issued"]),
        ] {
            let mut own = told.remove(&invited.id).unwrap_or_default();
            own.sort();
            assert_eq!(own, expected);
        }
        assert!(told.is_empty(), "{told:?}");
    }
}

on_both! {
    async fn only_who_wants_to_know_is_told(app: TestApp) {
        let services = impatient(&app);
        let (one, other) = (Receiver::start(Manner::Status(200)).await, Receiver::start(Manner::Status(200)).await);
        let organization = app.world.organization.expect("organization");
        webhooks::add(&services, organization, &one.url, BTreeSet::from([EventKind::ResponseSubmitted])).await.expect("webhook");
        let quiet = webhook(&services, &app, &other.url).await;
        webhooks::disable(&services, quiet.id).await.expect("disabled");
        // Another organization's webhook.
        let stranger = Receiver::start(Manner::Status(200)).await;
        let foreign = kartlegging::services::admin::list_organizations(&services).await.expect("list");
        let foreign = foreign.into_iter().find(|one| one.id != organization).expect("another").id;
        webhooks::add(&services, foreign, &stranger.url, EventKind::ALL.into_iter().collect()).await.expect("webhook");
        app.answer(&app.invite("visit-1").await, &answers(3, &[], &[], "no", Some("no"))).await;
        outbox::deliver(&services).await.expect("delivered");
        assert_eq!(one.types(), ["response.submitted"]);
        assert!(other.all().is_empty() && stranger.all().is_empty());
        assert_eq!(sql::number(&app.database_url, "SELECT COUNT(*) FROM outbox").await, 1);
        // Enabled again it is told of what happens from now on.
        webhooks::enable(&services, quiet.id).await.expect("enabled");
        app.invite("visit-2").await;
        outbox::deliver(&services).await.expect("delivered");
        assert_eq!(other.types(), ["invitation.issued"]);
    }
}

on_both! {
    async fn what_is_rolled_back_is_not_told(app: TestApp) {
        let services = impatient(&app);
        let receiver = Receiver::start(Manner::Status(200)).await;
        webhook(&services, &app, &receiver.url).await;
        let mut bad = order_without_visit(&app.world.unit, "Per Oppdiktet");
        bad["unit"] = serde_json::json!(app.world.other_unit);
        let items = serde_json::json!({"items": [order_without_visit(&app.world.unit, "Kari Oppdiktet"), bad]});
        let call = app.post("/api/v1/invitations/batch").bearer(app.world.token("client")).key("batch-01").json(&items);
        assert_eq!(call.send().await.expect(200)["issued"], 1);
        assert_eq!(deliver_for(&services, &app, 2).await, 1);
        assert_eq!(receiver.types(), ["invitation.issued"]);
    }
}

on_both! {
    async fn as_many_as_can_be_are_told_of_one_event(app: TestApp) {
        let services = impatient(&app);
        let receiver = Receiver::start(Manner::Status(200)).await;
        let organization = app.world.organization.expect("organization");
        let mut ids = Vec::new();
        for _ in 0..webhooks::SLOTS {
            ids.push(webhook(&services, &app, &receiver.url).await.id);
        }
        let all = || EventKind::ALL.into_iter().collect();
        let full = webhooks::add(&services, organization, &receiver.url, all()).await;
        assert!(matches!(full, Err(webhooks::Error::Full)));
        app.invite("visit-1").await;
        assert_eq!(outbox::deliver(&services).await, Ok(u64::from(webhooks::SLOTS)));
        let told: BTreeSet<String> = receiver.all().iter().map(|one| one.id().to_owned()).collect();
        assert_eq!(told.len(), usize::from(webhooks::SLOTS), "each has a message of its own");
        webhooks::disable(&services, ids[3]).await.expect("disabled");
        webhook(&services, &app, &receiver.url).await;
        assert!(matches!(webhooks::enable(&services, ids[3]).await, Err(webhooks::Error::Full)));
    }
}

on_both! {
    async fn while_a_secret_changes_both_sign(app: TestApp) {
        let services = impatient(&app);
        let receiver = Receiver::start(Manner::Status(200)).await;
        let first = webhook(&services, &app, &receiver.url).await;
        let second = webhooks::rotate(&services, first.id, Duration::hours(24)).await.expect("rotated");
        assert_ne!(*first.secret, *second.secret);
        // Under another key of the organization they are still those.
        let clock = crate::keys::run_clock(&app);
        crate::keys::rotate(&app, crate::keys::organization(&app)).await.expect("rotated");
        assert_eq!(sql::number(&app.database_url, "SELECT CAST(MIN(key_version) AS BIGINT) FROM webhook").await, 2);
        app.advance(Duration::minutes(10));
        crate::keys::retire(&app, crate::keys::organization(&app), 1, true).await.expect("nothing needs it");
        clock.abort();
        app.invite("visit-1").await;
        outbox::deliver(&services).await.expect("delivered");
        app.advance(Duration::hours(24));
        app.invite("visit-2").await;
        outbox::deliver(&services).await.expect("delivered");
        let got = receiver.all();
        assert_eq!(got[0].headers["webhook-signature"].split(' ').count(), 2);
        assert!(got[0].is_signed_with(&first.secret) && got[0].is_signed_with(&second.secret));
        assert!(!got[1].is_signed_with(&first.secret) && got[1].is_signed_with(&second.secret));
    }
}

on_both! {
    async fn an_event_that_is_announced_again_is_not_told_again(app: TestApp) {
        let services = impatient(&app);
        let receiver = Receiver::start(Manner::Status(200)).await;
        webhook(&services, &app, &receiver.url).await;
        let invited = app.invite("visit-1").await;
        let of = |occasion: &str| {
            let (organization, unit) = (app.world.organization.expect("organization"), UnitId::parse(&app.world.unit).expect("id"));
            let invitation = InvitationId::parse(&invited.id).expect("id");
            Event::new(EventKind::ReminderDue, organization, unit, invitation).on(occasion.to_owned())
        };
        for occasion in ["1", "1", "2"] {
            let context = (services.clone(), of(occasion));
            let announced = services.db.write(context, |(services, event), tx| {
                Box::pin(async move {
                    // Twice in one unit of work as well.
                    events::announce(tx, services, event).await?;
                    events::announce(tx, services, event).await
                })
            });
            announced.await.expect("announced");
        }
        assert_eq!(outbox::deliver(&services).await, Ok(3));
        // Made in one instant, they come in no order.
        let mut types = receiver.types();
        types.sort();
        assert_eq!(types, ["invitation.issued", "invitation.reminder_due", "invitation.reminder_due"]);
    }
}
