//! Every kind of key is rotated while requests run; a run that is ended goes on; two runs do no harm.

use super::{add_key, invite_many, organization, rotate, run_clock, turn};
use crate::on_both;
use crate::support::sql;
use crate::support::world::BORN;
use kartlegging::crypto::ring::Purpose;
use kartlegging::services::keys::rotate::{Progress, Rotated};
use kartlegging::services::keys::{Error, Target, rotate as service};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

on_both! {
    async fn no_request_fails_while_every_key_is_rotated(app: TestApp) {
        turn(&app, "before").await;
        invite_many(&app, "many", 30).await;
        let app = Arc::new(app);
        let clock = run_clock(&app);
        let (stop, turns) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let (own, stopped, counted) = (Arc::clone(&app), Arc::clone(&stop), Arc::clone(&turns));
        // `turn` asserts every answer: a request that fails ends the load with a panic.
        let load = tokio::spawn(async move {
            while !stopped.load(Ordering::Relaxed) {
                turn(&own, &format!("load-{}", counted.fetch_add(1, Ordering::Relaxed))).await;
            }
        });
        for purpose in Purpose::ALL {
            let version = add_key(&app, purpose);
            let done = rotate(&app, Target::Purpose(purpose)).await.expect("rotated");
            assert_eq!((version, done.version), (2, 2), "{purpose:?}");
            let nothing = rotate(&app, Target::Purpose(purpose)).await;
            assert_eq!(nothing, Err(Error::NothingNewer(2)), "{purpose:?}");
        }
        let done = rotate(&app, organization(&app)).await.expect("rotated");
        assert!(done.version == 2 && done.rows > 30, "{done:?}");
        stop.store(true, Ordering::Relaxed);
        load.await.expect("no request failed");
        clock.abort();
        assert!(turns.load(Ordering::Relaxed) > 2);
        // One person came all the time, and is one patient.
        assert_eq!(sql::number(&app.database_url, "SELECT COUNT(*) FROM patient_identifier").await, 1);
        assert_eq!(sql::number(&app.database_url, "SELECT COUNT(*) FROM patient_identifier_index").await, 2);
        for (table, column) in [
            ("organization_key", "root_key_version"),
            ("credential", "lookup_key_version"),
        ] {
            let old = format!("SELECT COUNT(*) FROM {table} WHERE {column} = 1");
            assert_eq!(sql::number(&app.database_url, &old).await, 0, "{table}");
        }
        let wrapped = "SELECT COUNT(*) FROM patient_key WHERE organization_key_version = 1";
        assert_eq!(sql::number(&app.database_url, wrapped).await, 0);
        turn(&app, "after").await;
    }
}

on_both! {
    async fn a_run_that_is_killed_goes_on_and_two_runs_do_no_harm(app: TestApp) {
        let invited = invite_many(&app, "many", 230).await;
        let clock = run_clock(&app);
        add_key(&app, Purpose::Lookup);
        for (target, left) in [
            (Target::Purpose(Purpose::Lookup), "SELECT COUNT(*) FROM credential WHERE lookup_key_version = 1"),
            (organization(&app), "SELECT COUNT(*) FROM patient_key WHERE organization_key_version = 1"),
        ] {
            let (tell, told) = tokio::sync::oneshot::channel();
            let mut tell = Some(tell);
            let mut killed = |progress: Progress| {
                if matches!(progress, Progress::Rows(1.., _)) && let Some(tell) = tell.take() {
                    let _ = tell.send(());
                }
            };
            tokio::select! {
                biased;
                _ = told => {}
                done = service::rotate(&app.services, target, &mut killed) => panic!("it was over before it was killed: {done:?}"),
            }
            let before = sql::number(&app.database_url, left).await;
            assert!(before > 0 && before < 230, "{before} are left");
            // What was made before and after works in between.
            for which in [&invited[0], &invited[229]] {
                let code = which["credential"]["code"].as_str().expect("code");
                app.try_code(code, BORN).await.expect(201);
            }
            let (one, other) = tokio::join!(rotate(&app, target), rotate(&app, target));
            // One goes on. The other does as well, or looks only when there is nothing left: then no key of the
            // file is newer, and an organization's key is rotated once more.
            let went_on = |done: &Result<Rotated, Error>| done.as_ref().is_ok_and(|done| done.version == 2);
            let came_late = |done: &Result<Rotated, Error>| match target {
                Target::Purpose(_) => *done == Err(Error::NothingNewer(2)),
                Target::Organization(_) => done.as_ref().is_ok_and(|done| done.version == 3),
            };
            assert!(went_on(&one) || went_on(&other), "{one:?} {other:?}");
            assert!([&one, &other].into_iter().all(|done| went_on(done) || came_late(done)), "{one:?} {other:?}");
            assert_eq!(sql::number(&app.database_url, left).await, 0);
        }
        clock.abort();
        let code = invited[100]["credential"]["code"].as_str().expect("code");
        app.try_code(code, BORN).await.expect(201);
    }
}

on_both! {
    async fn wrong_attempts_go_on_being_counted(app: TestApp) {
        let invited = app.invite("visit-1").await;
        for _ in 0..3 {
            app.try_code(&invited.code, "1950-01-01").await.expect_problem(401, "credential-wrong");
        }
        app.try_code(&invited.code, "1950-01-01").await.expect_problem(429, "too-many-attempts");
        add_key(&app, Purpose::Lookup);
        // The instance must look for the key, and that is all the time there is.
        let pushed = async {
            tokio::time::sleep(std::time::Duration::from_millis(700)).await;
            app.advance(chrono::Duration::seconds(3));
            tokio::time::sleep(std::time::Duration::from_millis(1200)).await;
            app.advance(chrono::Duration::seconds(3));
        };
        let (done, ()) = tokio::join!(rotate(&app, Target::Purpose(Purpose::Lookup)), pushed);
        assert_eq!(done.map(|done| done.rows), Ok(1));
        app.try_code(&invited.code, BORN).await.expect_problem(429, "too-many-attempts");
        let counted = "SELECT failures FROM attempt WHERE scope = 'credential' AND subject_key_version = 2";
        assert_eq!(sql::query(&app.database_url, counted).await[0].try_get_by_index::<i32>(0).expect("failures"), 3);
        app.advance(chrono::Duration::minutes(2));
        let opened = json!({"code": invited.code, "birth_date": BORN});
        app.try_open(&opened).await.expect(201);
    }
}
