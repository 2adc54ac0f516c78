//! Pruning: whole parts that a signed head covers, and the rest verifies.

use super::{broken, check, fill, is_sound, read, seal_and_sign, tamper, unguard};
use crate::on_both;
use crate::support::TestApp;
use crate::support::sql;
use chrono::Duration;
use kartlegging::services::access_log::{self, PruneError, Wrong};

async fn entries(app: &TestApp) -> i64 {
    sql::number(&app.database_url, "SELECT COUNT(*) FROM access_log").await
}

on_both! {
    async fn what_is_older_goes_and_the_rest_verifies(app: TestApp) {
        let organization = app.world.organization.expect("organization");
        let patient = fill(&app, 250).await;
        let first = seal_and_sign(&app).await;
        let between = app.services.now() + Duration::days(1);
        app.advance(Duration::days(2));
        read(&app, &patient, 3).await;
        let second = seal_and_sign(&app).await;
        // Nothing is old enough.
        assert_eq!(access_log::prune(&app.services, organization, first.head.at - Duration::seconds(1)).await, Ok(0));
        assert_eq!(entries(&app).await, 253);
        // The first head was signed before, the second after.
        assert_eq!(access_log::prune(&app.services, organization, between).await, Ok(250));
        assert_eq!(access_log::prune(&app.services, organization, between).await, Ok(0));
        assert_eq!(entries(&app).await, 4, "three reads and the pruning itself");
        let logged = "SELECT COUNT(*) FROM access_log WHERE action = 'access-log.prune' AND actor_kind = 'system'";
        assert_eq!(sql::number(&app.database_url, logged).await, 1);
        let saved = [first.clone(), second];
        let outcome = check(&app, &saved).await;
        assert_eq!((outcome.pruned, outcome.size, outcome.unsealed, outcome.broken), (250, 253, 1, None));
        assert_eq!(access_log::missed(&app.services).await, Ok(0));
        // It goes on, and what is left is guarded as before.
        read(&app, &patient, 2).await;
        let third = seal_and_sign(&app).await;
        assert_eq!(third.head.size, 256);
        is_sound(&app, &[first, third.clone()]).await;
        app.advance(Duration::days(1));
        assert_eq!(access_log::prune(&app.services, organization, app.services.now()).await, Ok(6));
        let outcome = check(&app, &[third]).await;
        assert_eq!((outcome.pruned, outcome.size, outcome.unsealed, outcome.broken), (256, 256, 1, None));
        read(&app, &patient, 1).await;
        assert_eq!(seal_and_sign(&app).await.head.size, 258);
        is_sound(&app, &[]).await;
    }
}

on_both! {
    async fn another_organization_is_untouched(app: TestApp) {
        fill(&app, 3).await;
        let other = app.get("/api/v1/worklist?unit=x").bearer(app.world.token("other_clinician"));
        other.send().await;
        let list = format!("/api/v1/worklist?unit={}&from=2026-11-24&to=2026-11-30", app.world.other_unit);
        app.get(&list).bearer(app.world.token("other_clinician")).send().await.expect(200);
        access_log::seal(&app.services).await.expect("sealed");
        assert_eq!(access_log::sign(&app.services).await, Ok(2));
        app.advance(Duration::days(1));
        let own = app.world.organization.expect("organization");
        assert_eq!(access_log::prune(&app.services, own, app.services.now()).await, Ok(3));
        assert_eq!(sql::number(&app.database_url, "SELECT COUNT(*) FROM access_log WHERE action = 'worklist.read'").await, 1);
    }
}

on_both! {
    async fn a_log_that_is_not_what_was_signed_is_not_pruned(app: TestApp) {
        fill(&app, 3).await;
        seal_and_sign(&app).await;
        app.advance(Duration::days(1));
        unguard(&app).await;
        tamper(&app, "UPDATE access_log_head SET note = REPLACE(note, 'time 2026', 'time 2025')").await;
        let own = app.world.organization.expect("organization");
        assert_eq!(access_log::prune(&app.services, own, app.services.now()).await, Err(PruneError::Unsigned));
        assert_eq!(entries(&app).await, 3);
    }
}

on_both! {
    async fn deleting_without_the_key_is_no_pruning(app: TestApp) {
        let patient = fill(&app, 4).await;
        seal_and_sign(&app).await;
        read(&app, &patient, 2).await;
        seal_and_sign(&app).await;
        // The guards stand: a record with the head's own note lets go of what the head covers.
        let record = "INSERT INTO access_log_prune (organization_id, size, hash, cut_off, at, key_version, note) \
                      SELECT organization_id, size, hash, at, at, key_version, note FROM access_log_head WHERE size = 4";
        tamper(&app, record).await;
        let covered = "SELECT entry_id FROM access_log_seal WHERE sequence <= 4";
        tamper(&app, &format!("DELETE FROM access_log_patient WHERE entry_id IN ({covered})")).await;
        tamper(&app, &format!("DELETE FROM access_log WHERE id IN ({covered})")).await;
        tamper(&app, "DELETE FROM access_log_seal WHERE sequence <= 4").await;
        // But a head is no record of pruning: only who has the key can sign that.
        assert_eq!(broken(&app, &[]).await.expect("found").wrong, Wrong::FrontMissing);
    }
}
