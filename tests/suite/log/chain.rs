//! Sealing: every entry once, in order, with two sealers at once, after a standstill; what the database
//! refuses.

use super::{broken, check, fill, is_sound, read, seal_and_sign, tamper};
use crate::on_both;
use crate::support::TestApp;
use crate::support::sql;
use chrono::Duration;
use kartlegging::services::access_log;

/// The trigger's own words on PostgreSQL, its code on SQLite (`SQLITE_CONSTRAINT_TRIGGER`).
fn refused_by_trigger(refused: &str) -> bool {
    refused.contains("insert only") || refused.contains("sqlite 1811")
}

on_both! {
    async fn every_entry_is_sealed_once_and_in_order(app: TestApp) {
        let patient = fill(&app, 5).await;
        let before = check(&app, &[]).await;
        assert_eq!((before.size, before.unsealed, before.head, before.broken), (0, 5, None, None));
        assert_eq!(access_log::seal(&app.services).await, Ok(5));
        assert_eq!(access_log::seal(&app.services).await, Ok(0));
        let order = "SELECT COUNT(*) FROM access_log_seal a JOIN access_log_seal b ON b.sequence = a.sequence + 1 WHERE b.entry_id > a.entry_id";
        assert_eq!(sql::number(&app.database_url, order).await, 4);
        read(&app, &patient, 2).await;
        let head = seal_and_sign(&app).await;
        assert_eq!((head.head.size, head.head.at, head.head.pruned_before), (7, app.services.now(), None));
        let after = check(&app, std::slice::from_ref(&head)).await;
        assert_eq!((after.size, after.unsealed, after.late, after.pruned), (7, 0, 0, 0));
        assert_eq!((after.head, after.broken), (Some(head.head), None));
        // Nothing new: no head, but one a day that says so.
        assert_eq!(access_log::sign(&app.services).await, Ok(0));
        app.advance(Duration::days(1));
        assert_eq!(access_log::sign(&app.services).await, Ok(1));
        is_sound(&app, &[]).await;
        assert_eq!(access_log::missed(&app.services).await, Ok(0));
    }
}

on_both! {
    async fn two_sealers_at_once_make_one_chain(app: TestApp) {
        let other = app.second_instance().await;
        let patient = fill(&app, 3).await;
        for _ in 0..5 {
            read(&app, &patient, 8).await;
            let (one, two) = tokio::join!(access_log::seal(&app.services), access_log::seal(&other.services));
            one.expect("one");
            two.expect("two");
            let (one, two) = tokio::join!(access_log::sign(&app.services), access_log::sign(&other.services));
            assert!(one.is_ok() && two.is_ok(), "{one:?} {two:?}");
        }
        let outcome = check(&app, &[]).await;
        assert_eq!((outcome.size, outcome.unsealed, outcome.broken), (43, 0, None));
    }
}

on_both! {
    async fn after_a_standstill_the_rest_is_sealed_and_counted_as_late(app: TestApp) {
        let patient = fill(&app, 2).await;
        seal_and_sign(&app).await;
        app.advance(Duration::hours(3));
        read(&app, &patient, 450).await;
        app.advance(Duration::hours(3));
        // More than one transaction holds, and older than the last seal by far.
        assert_eq!(access_log::seal(&app.services).await, Ok(450));
        let head = seal_and_sign(&app).await;
        let outcome = check(&app, &[head]).await;
        assert_eq!((outcome.size, outcome.late, outcome.unsealed, outcome.broken), (452, 450, 0, None));
    }
}

on_both! {
    async fn no_head_is_signed_before_old_entries_have_their_seal(app: TestApp) {
        fill(&app, 3).await;
        access_log::seal(&app.services).await.expect("sealed");
        read(&app, &fill_patient(&app).await, 2).await;
        app.advance(Duration::minutes(11));
        // A head says that nothing older is missing: here three entries wait.
        assert_eq!(access_log::sign(&app.services).await, Ok(0));
        assert_eq!(access_log::seal(&app.services).await, Ok(3));
        assert_eq!(access_log::sign(&app.services).await, Ok(1));
        is_sound(&app, &[]).await;
    }
}

async fn fill_patient(app: &TestApp) -> String {
    app.invite("visit-2").await.patient
}

on_both! {
    async fn the_database_refuses_to_change_or_delete_any_of_it(app: TestApp) {
        fill(&app, 3).await;
        seal_and_sign(&app).await;
        let tables = ["access_log", "access_log_patient", "access_log_seal", "access_log_head"];
        let columns = ["actor_kind = 'system'", "patient_id = entry_id", "sequence = 99", "size = 99"];
        for (table, change) in tables.into_iter().zip(columns) {
            for statement in [format!("UPDATE {table} SET {change}"), format!("DELETE FROM {table}")] {
                let refused = sql::execute(&app.database_url, &statement).await.expect_err(&statement).to_string();
                assert!(refused_by_trigger(&refused), "{statement}: {refused}");
            }
        }
        if app.kind == crate::support::app::Kind::Postgres {
            let refused = sql::execute(&app.database_url, "TRUNCATE access_log_seal").await.expect_err("truncate").to_string();
            assert!(refused_by_trigger(&refused), "{refused}");
        }
        // A record of pruning needs a head, and then lets go of that part only.
        let record = |size: u64| format!(
            "INSERT INTO access_log_prune (organization_id, size, hash, cut_off, at, key_version, note) SELECT organization_id, {size}, hash, at, at, 1, 'x' FROM access_log_head"
        );
        let refused = sql::execute(&app.database_url, &record(2)).await.expect_err("no head of that size").to_string();
        assert!(refused_by_trigger(&refused), "{refused}");
        tamper(&app, &record(3)).await;
        let refused = sql::execute(&app.database_url, "DELETE FROM access_log_seal").await.expect_err("entries first").to_string();
        assert!(refused_by_trigger(&refused), "{refused}");
        tamper(&app, "DELETE FROM access_log_patient").await;
        tamper(&app, "DELETE FROM access_log").await;
        tamper(&app, "DELETE FROM access_log_seal").await;
        // Whoever does that without the log's key is found.
        let found = broken(&app, &[]).await.expect("found");
        assert_eq!(found.wrong, access_log::Wrong::FrontMissing);
    }
}
