//! Deletes what is past its retention (`docs/data-retention.md`).

use super::{Fault, Services};
use crate::storage::{attempts, clinic_sessions, dpop_proofs, drafts, idempotency, outbox, sessions};
use chrono::Duration;

/// Ended sessions are kept this long.
const SESSIONS_DAYS: i64 = 7;
/// Proofs of possession, and tokens that are good once, are kept this long, which is far longer than one is good.
const PROOFS_HOURS: i64 = 1;
/// Counters of address blocks and of all codes are kept this long.
const WINDOWS_HOURS: i64 = 24;
/// Counters of credentials are kept this long after the last failure.
const CREDENTIALS_DAYS: i64 = 400;

/// Messages that went out or were dropped are kept this long.
const MESSAGES_DAYS: i64 = 30;
/// Messages that were given up are kept this long.
const DEAD_MESSAGES_DAYS: i64 = 90;

/// Deletes; gives how many rows.
pub async fn run(services: &Services) -> Result<u64, Fault> {
    services
        .db
        .write(services.clone(), |services, tx| {
            Box::pin(async move {
                let now = services.now();
                let mut deleted = sessions::purge(tx, now - Duration::days(SESSIONS_DAYS)).await?;
                deleted += clinic_sessions::purge(tx, now - Duration::days(SESSIONS_DAYS)).await?;
                deleted += dpop_proofs::purge(tx, now - Duration::hours(PROOFS_HOURS)).await?;
                deleted += idempotency::purge(tx, now - services.rules.idempotency_kept).await?;
                deleted += attempts::purge(tx, now, Duration::hours(WINDOWS_HOURS), Duration::days(CREDENTIALS_DAYS)).await?;
                deleted += drafts::purge(tx, now).await?;
                deleted += outbox::purge(tx, now - Duration::days(MESSAGES_DAYS), now - Duration::days(DEAD_MESSAGES_DAYS)).await?;
                Ok::<_, Fault>(deleted)
            })
        })
        .await
}
