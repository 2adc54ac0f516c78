//! What fails is tried again for three days; who misbehaves holds up nobody else; nothing is lost when
//! an instance dies, and nothing sent twice when two work.

use super::receiver::{Manner, Receiver};
use super::{deliver_for, impatient, states, webhook};
use crate::on_both;
use crate::support::sql;
use crate::support::world::answers;
use chrono::Duration;
use futures::future::BoxFuture;
use kartlegging::services::{Services, outbox, purge};
use kartlegging::storage::StorageError;
use kartlegging::storage::watch::{Moment, Watch};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

/// How long a conversation with a real receiver takes.
#[expect(clippy::disallowed_methods, reason = "the receiver is real, and so is its time")]
fn begin() -> Instant {
    Instant::now()
}

on_both! {
    async fn what_fails_is_tried_for_three_days_and_then_given_up(app: TestApp) {
        let services = impatient(&app);
        let receiver = Receiver::start(Manner::Status(500)).await;
        let added = webhook(&services, &app, &receiver.url).await;
        app.invite("visit-1").await;
        assert_eq!(outbox::deliver(&services).await, Ok(0));
        assert_eq!(states(&app, added.id).await, ["waiting http-500"]);
        let mut waits = Vec::new();
        let mut tried = 1;
        for _ in 0..3 * 24 * 4 {
            app.advance(Duration::minutes(15));
            outbox::deliver(&services).await.expect("delivered");
            let now = receiver.all().len();
            if now > tried {
                waits.push(tried);
                tried = now;
            }
        }
        // Exponential to four hours, spread from nought: some twenty to sixty times.
        assert!((14..=70).contains(&tried), "{tried}");
        assert_eq!(states(&app, added.id).await, ["dead http-500"]);
        app.advance(Duration::days(1));
        receiver.behave(Manner::Status(200));
        assert_eq!(outbox::deliver(&services).await, Ok(0));
        // Every try had the one id, and a time and signature of its own.
        let got = receiver.all();
        assert_eq!(got.iter().map(|one| one.id().to_owned()).collect::<BTreeSet<_>>().len(), 1);
        assert!(got.iter().all(|one| one.is_signed_with(&added.secret)));
        assert!(got.iter().map(|one| one.headers["webhook-timestamp"].clone()).collect::<BTreeSet<_>>().len() > 10);
        assert_eq!(got.iter().map(|one| one.body.clone()).collect::<BTreeSet<_>>().len(), 1);
        purge::run(&app.services).await.expect("purged");
        assert_eq!(states(&app, added.id).await.len(), 1);
        app.advance(Duration::days(91));
        purge::run(&app.services).await.expect("purged");
        assert_eq!(states(&app, added.id).await.len(), 0);
    }
}

on_both! {
    async fn whatever_a_receiver_does_is_told_apart_and_tried_again(app: TestApp) {
        let services = impatient(&app);
        let receiver = Receiver::start(Manner::Status(200)).await;
        let trap = Receiver::start(Manner::Status(200)).await;
        let added = webhook(&services, &app, &receiver.url).await;
        app.invite("visit-1").await;
        for (manner, failure) in [
            (Manner::Redirect(trap.url.clone()), "http-307"),
            (Manner::Status(400), "http-400"),
            (Manner::Status(404), "http-404"),
            (Manner::Status(503), "http-503"),
            (Manner::Silent, "timeout"),
            (Manner::Drips, "timeout"),
            (Manner::Headers, "broken"),
            (Manner::HangsUp, "broken"),
            (Manner::Babbles, "broken"),
        ] {
            let begun = begin();
            receiver.behave(manner.clone());
            app.advance(Duration::hours(4));
            assert_eq!(outbox::deliver(&services).await, Ok(0), "{manner:?}");
            assert_eq!(states(&app, added.id).await, [format!("waiting {failure}")], "{manner:?}");
            assert!(begun.elapsed() < std::time::Duration::from_secs(5), "{manner:?}");
        }
        assert!(trap.all().is_empty(), "a redirect was followed");
        // What it sends after the status is not waited for.
        receiver.behave(Manner::Huge);
        app.advance(Duration::hours(4));
        assert_eq!(outbox::deliver(&services).await, Ok(1));
        assert_eq!(states(&app, added.id).await, ["sent -"]);
        drop(receiver);
        app.invite("visit-2").await;
        assert_eq!(outbox::deliver(&services).await, Ok(0));
        assert_eq!(states(&app, added.id).await, ["sent -", "waiting refused"]);
    }
}

on_both! {
    async fn one_that_is_gone_is_told_nothing_more(app: TestApp) {
        let services = impatient(&app);
        let receiver = Receiver::start(Manner::Status(410)).await;
        let added = webhook(&services, &app, &receiver.url).await;
        app.invite("visit-1").await;
        app.invite("visit-2").await;
        outbox::deliver(&services).await.expect("delivered");
        assert_eq!(states(&app, added.id).await, ["dead http-410", "dropped disabled"]);
        assert_eq!(receiver.all().len(), 1);
        let listed = kartlegging::services::webhooks::list(&services, None).await.expect("list");
        assert_eq!(listed[0].disabled_reason.as_deref(), Some("gone"));
        app.invite("visit-3").await;
        assert_eq!(states(&app, added.id).await.len(), 2);
        let log = "SELECT action FROM access_log WHERE action LIKE 'webhook.%' ORDER BY action";
        assert_eq!(sql::texts(&app.database_url, log).await, ["webhook.add", "webhook.disable"]);
    }
}

on_both! {
    async fn a_half_dead_receiver_holds_up_itself_and_no_patient(app: TestApp) {
        let services = impatient(&app);
        let (dead, well) = (Receiver::start(Manner::Silent).await, Receiver::start(Manner::Status(200)).await);
        let stuck = webhook(&services, &app, &dead.url).await;
        webhook(&services, &app, &well.url).await;
        for visit in 0..20 {
            app.invite(&format!("visit-{visit}")).await;
        }
        let worker = services.clone();
        let begun = begin();
        let work = tokio::spawn(async move { outbox::deliver(&worker).await });
        while well.all().len() < 20 {
            assert!(begun.elapsed() < std::time::Duration::from_secs(20), "{}", well.all().len());
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        // Never two at once: by then it had one more only when one had been waited for.
        let waited = 1 + begun.elapsed().as_millis() / 400;
        assert!(dead.all().len() as u128 <= waited, "{} in {:?}", dead.all().len(), begun.elapsed());
        // Meanwhile patients answer as ever.
        app.answer(&app.invite("another").await, &answers(3, &[], &[], "no", Some("no"))).await;
        work.await.expect("task").expect("delivered");
        assert!(states(&app, stuck.id).await.iter().all(|state| state.starts_with("waiting")));
        dead.behave(Manner::Status(200));
        deliver_for(&services, &app, 4).await;
        assert!(states(&app, stuck.id).await.iter().all(|state| state == "sent -"));
    }
}

on_both! {
    async fn two_instances_send_each_message_once(app: TestApp) {
        let other = app.second_instance().await;
        let (one, two) = (impatient(&app), impatient(&other));
        let receivers = [Receiver::start(Manner::Status(200)).await, Receiver::start(Manner::Status(200)).await];
        for receiver in &receivers {
            webhook(&one, &app, &receiver.url).await;
        }
        for visit in 0..30 {
            app.invite(&format!("visit-{visit}")).await;
        }
        let both = tokio::join!(outbox::deliver(&one), outbox::deliver(&two), outbox::deliver(&one), outbox::deliver(&two));
        let sent = [both.0, both.1, both.2, both.3].into_iter().map(|done| done.expect("delivered")).sum::<u64>();
        assert_eq!(sent, 60);
        for receiver in &receivers {
            let ids: BTreeSet<String> = receiver.all().iter().map(|one| one.id().to_owned()).collect();
            assert_eq!((receiver.all().len(), ids.len()), (30, 30));
        }
    }
}

/// Lets so many units of work pass and fails those after them, as a machine that dies does.
#[derive(Debug)]
struct Dies(AtomicUsize);

impl Watch for Dies {
    fn at(&self, moment: Moment) -> BoxFuture<'static, Result<(), StorageError>> {
        let over = moment == Moment::Asked && self.0.fetch_sub(1, Ordering::SeqCst) == 0;
        Box::pin(async move { if over { Err(StorageError::Unavailable("killed".to_owned())) } else { Ok(()) } })
    }
}

on_both! {
    async fn who_dies_after_sending_leaves_it_to_the_next_under_the_same_id(app: TestApp) {
        let services = impatient(&app);
        let receiver = Receiver::start(Manner::Status(200)).await;
        let added = webhook(&services, &app, &receiver.url).await;
        app.invite("visit-1").await;
        // It takes the message and sends it, and never writes that it did.
        let dying = Services { db: services.db.clone().watched(Arc::new(Dies(AtomicUsize::new(1)))), ..services.clone() };
        assert!(outbox::deliver(&dying).await.is_err());
        assert_eq!(receiver.all().len(), 1);
        assert_eq!(states(&app, added.id).await, ["waiting -"]);
        // Nobody else takes it before its time.
        assert_eq!(outbox::deliver(&services).await, Ok(0));
        app.advance(Duration::minutes(3));
        assert_eq!(outbox::deliver(&services).await, Ok(1));
        let got = receiver.all();
        assert_eq!((got.len(), got[0].id()), (2, got[1].id()));
        assert_eq!(got[0].body, got[1].body);
    }
}
