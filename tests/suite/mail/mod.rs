//! Mail: against a real mail server that is well, that refuses, that is slow or half dead; notices and
//! reminders by a unit's plan; who wants no more of them; what units are told.

mod digests;
mod notices;
mod sending;
mod stopping;

use crate::support::app::{Kind, TestApp};
use crate::support::mail::MailServer;
use crate::support::world::Invited;
use kartlegging::services::{outbox, plan_notices};
use serde_json::{Value, json};

const ADDRESS: &str = "aase@post.example";

/// An order with an address.
fn order(app: &TestApp, visit: &str) -> Value {
    let mut order = app.order(visit);
    order["patient"]["contact"] = json!({"email": ADDRESS});
    order
}

async fn invite(app: &TestApp, visit: &str) -> Invited {
    Invited::of(app.issue(&format!("key-{visit}"), &order(app, visit)).await.expect(201))
}

/// An application that sends to this server.
async fn app(kind: Kind, server: &MailServer) -> TestApp {
    TestApp::start_with(kind, |settings| server.settings(settings)).await
}

async fn plan(app: &TestApp) -> u64 {
    plan_notices::run(&app.services).await.expect("planned")
}

async fn deliver(app: &TestApp) -> u64 {
    outbox::deliver(&app.services).await.expect("delivered")
}

/// Runs a test on both databases with a mail server that is well.
fn with_server(test: &impl AsyncFn(TestApp, &MailServer)) {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let server = MailServer::start("plain");
        crate::support::limit::run(async { test(app(kind, &server).await, &server).await });
    }
}

/// State and failure of every message, oldest first.
async fn messages(app: &TestApp) -> Vec<String> {
    let query = "SELECT event || ' ' || state || ' ' || COALESCE(failure, '-') FROM outbox ORDER BY id";
    crate::support::sql::texts(&app.database_url, query).await
}
