//! Floor 4: the background worker. Each job is a name, an interval and a call of one service; a lease
//! in the database lets one instance run it at a time.
//!
//! To add a job: its line in `schedule`, its service, its row in `docs/operations.md`.

use crate::domain::ids::uuid_v7;
use crate::services::{
    Fault, Services, access_log, enforce_retention, expire_invitations, findings, keys, lease, outbox, plan_notices, purge, uptake,
};
use chrono::Duration;
use futures::future::BoxFuture;
use std::time::Duration as StdDuration;
use tokio::sync::watch;

/// A job.
struct Job {
    name: &'static str,
    every: Duration,
    run: fn(Services) -> BoxFuture<'static, Result<u64, Fault>>,
}

fn schedule(services: &Services) -> [Job; 9] {
    [
        Job {
            name: "seal-access-log",
            every: Duration::seconds(30),
            // Entries come with every request: how many is nothing to tell.
            run: |services| Box::pin(async move { access_log::seal(&services).await.map(|_| 0) }),
        },
        Job {
            name: "sign-access-log",
            every: services.rules.log_heads.every,
            run: |services| {
                Box::pin(async move {
                    // A head covers what was written up to now.
                    access_log::seal(&services).await?;
                    access_log::sign(&services).await?;
                    access_log::deliver(&services).await.map(|_| 0)
                })
            },
        },
        Job {
            name: "check-access-log",
            every: Duration::days(1),
            run: |services| Box::pin(async move { access_log::missed(&services).await.map(|_| 0) }),
        },
        Job {
            name: "expire-invitations",
            every: Duration::minutes(1),
            run: |services| Box::pin(async move { expire_invitations::run(&services).await }),
        },
        Job {
            name: "plan-notices",
            every: Duration::minutes(1),
            run: |services| Box::pin(async move { plan_notices::run(&services).await }),
        },
        Job {
            name: "count-uptake",
            every: Duration::hours(1),
            run: |services| Box::pin(async move { uptake::count_all(&services).await }),
        },
        Job {
            name: "count-findings",
            every: Duration::hours(6),
            run: |services| Box::pin(async move { findings::count_all(&services).await }),
        },
        Job { name: "purge", every: Duration::hours(1), run: |services| Box::pin(async move { purge::run(&services).await }) },
        Job {
            name: "retention",
            every: Duration::hours(1),
            run: |services| Box::pin(async move { enforce_retention::run(&services).await }),
        },
    ]
}

/// How often the schedule is looked at.
const TICK: StdDuration = StdDuration::from_secs(10);

/// Runs jobs until told to stop; a job that has begun is finished.
pub async fn work(services: Services, mut stop: watch::Receiver<bool>) {
    let holder = uuid_v7(services.now(), services.entropy.as_ref());
    while !*stop.borrow() {
        for job in schedule(&services) {
            if *stop.borrow() {
                return;
            }
            run(&services, &job, holder).await;
        }
        services.lists.forget_old(services.now());
        if is_over(&mut stop, TICK).await {
            return;
        }
    }
}

/// Waits so long, or until it is over: because it is said, or because nobody is left who could say it.
async fn is_over(stop: &mut watch::Receiver<bool>, pause: StdDuration) -> bool {
    tokio::time::timeout(pause, stop.wait_for(|stop| *stop)).await.is_ok()
}

/// How often it is seen whether it is time to look for new keys.
const KEYS_TICK: StdDuration = StdDuration::from_millis(500);

/// Keeps an instance's keys those of the key file and the database, and tells other instances which it
/// knows, until told to stop. No job: every instance does it for itself.
pub async fn keep_keys(services: Services, mut stop: watch::Receiver<bool>) {
    let own = keys::instances::Reporter::new(&services);
    while !*stop.borrow() {
        if let Err(fault) = own.look(&services).await {
            tracing::warn!(%fault, "the keys could not be compared with the database; tried again soon");
        }
        if is_over(&mut stop, KEYS_TICK).await {
            break;
        }
    }
    own.leave(&services).await;
}

/// How often it is seen whether something waits to go out.
const OUT_TICK: StdDuration = StdDuration::from_secs(2);

/// Sends what waits in the outbox, until told to stop. It has no lease: messages are taken one by one,
/// and an instance that waits for a slow receiver holds up no other job.
pub async fn deliver(services: Services, mut stop: watch::Receiver<bool>) {
    let stopped = stop.clone();
    while !*stop.borrow() {
        match outbox::deliver_while(&services, || !*stopped.borrow()).await {
            Ok(0) => {}
            Ok(sent) => tracing::info!(sent, "messages went out"),
            Err(fault) => tracing::warn!(%fault, "the outbox could not be worked on; tried again soon"),
        }
        if is_over(&mut stop, OUT_TICK).await {
            return;
        }
    }
}

/// A failed job is tried again at its next turn: every job here can be repeated.
async fn run(services: &Services, job: &Job, holder: uuid::Uuid) {
    match lease::claim(services, job.name, holder, job.every).await {
        Ok(false) => return,
        Ok(true) => {}
        Err(fault) => return tracing::warn!(job = job.name, %fault, "a job could not be claimed; tried again later"),
    }
    match (job.run)(services.clone()).await {
        Ok(0) => {}
        Ok(rows) => tracing::info!(job = job.name, rows, "job done"),
        Err(fault) => tracing::warn!(job = job.name, %fault, "job failed; tried again at its next turn"),
    }
}
