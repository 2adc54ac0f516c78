//! Job leases: one instance runs a job in its interval.

use super::{Fault, Services};
use crate::storage::guards;
use chrono::Duration;
use uuid::Uuid;

/// Takes the lease of a job for its interval; false when another run has it.
pub async fn claim(services: &Services, job: &'static str, holder: Uuid, every: Duration) -> Result<bool, Fault> {
    let now = services.now();
    services
        .db
        .write((job, holder, now, now + every), |(job, holder, now, until), tx| {
            Box::pin(async move { Ok::<_, Fault>(guards::claim(tx, job, *holder, *now, *until).await?) })
        })
        .await
}
