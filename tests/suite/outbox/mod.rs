//! The outbox: what is sent to webhooks, how, how often, and what a receiver that misbehaves can do.

mod api;
mod events;
mod failing;
pub mod receiver;
mod subscriptions;
mod targets;

use crate::support::TestApp;
use chrono::Duration;
use kartlegging::crypto::guarded::{Authorities, Outward};
use kartlegging::domain::event::EventKind;
use kartlegging::domain::ids::WebhookId;
use kartlegging::domain::network::Allowed;
use kartlegging::services::webhooks::{self, Secrets};
use kartlegging::services::{Services, outbox};
use std::sync::Arc;

/// The way out of a test: this machine only, and no long waits.
pub fn impatient(app: &TestApp) -> Services {
    let outward = Outward::new(Allowed { loopback: true, networks: Vec::new() }, Authorities::default());
    Services { outward: Arc::new(outward.waiting(std::time::Duration::from_millis(400))), ..app.services.clone() }
}

/// A webhook of the own organization for everything.
pub async fn webhook(services: &Services, app: &TestApp, url: &str) -> Secrets {
    let organization = app.world.organization.expect("organization");
    webhooks::add(services, organization, url, EventKind::ALL.into_iter().collect()).await.expect("webhook")
}

/// Sends all that can be sent, letting so much time pass that whatever failed is due again.
pub async fn deliver_for(services: &Services, app: &TestApp, times: usize) -> u64 {
    let mut sent = 0;
    for _ in 0..times {
        sent += outbox::deliver(services).await.expect("delivered");
        app.advance(Duration::hours(4));
    }
    sent
}

/// Messages by state and failure.
pub async fn states(app: &TestApp, webhook: WebhookId) -> Vec<String> {
    let id = match app.kind {
        crate::support::app::Kind::Sqlite => format!("X'{}'", webhook.0.simple()),
        crate::support::app::Kind::Postgres => format!("'{webhook}'"),
    };
    let query = format!("SELECT state || ' ' || COALESCE(failure, '-') FROM outbox WHERE target_id = {id} ORDER BY id");
    crate::support::sql::texts(&app.database_url, &query).await
}
