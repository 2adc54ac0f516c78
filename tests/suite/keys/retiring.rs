//! A version is retired when nothing needs it, and not before.

use super::{add_key, invite_many, organization, retire, rotate, run_clock};
use crate::on_both;
use crate::support::app::Kind;
use crate::support::world::{BORN, WRONG_DATE, with_text};
use crate::support::{TestApp, sql};
use chrono::Duration;
use kartlegging::crypto::ring::Purpose;
use kartlegging::services::keys::{Error, Target};
use kartlegging::services::startup;

fn tables(ended: Result<(), Error>) -> Vec<(&'static str, u64)> {
    match ended {
        Err(Error::Needed(uses)) => uses.into_iter().map(|own| (own.table, own.rows)).collect(),
        other => panic!("{other:?}"),
    }
}

async fn rotated(app: &TestApp, purpose: Purpose) {
    let clock = run_clock(app);
    add_key(app, purpose);
    rotate(app, Target::Purpose(purpose)).await.expect("rotated");
    clock.abort();
    clock.await.expect_err("ended");
    app.advance(Duration::seconds(10));
}

on_both! {
    async fn refused_while_rows_need_it_and_then_allowed(app: TestApp) {
        let link = Target::Purpose(Purpose::Link);
        assert_eq!(retire(&app, link, 1, false).await, Err(Error::Active(1)));
        assert_eq!(retire(&app, link, 7, true).await, Err(Error::NotFound));
        let invited = app.invite("visit-1").await;
        invite_many(&app, "many", 3).await;
        rotated(&app, Purpose::Link).await;
        // The letters that are out were made with it, whether time matters or not.
        assert_eq!(tables(retire(&app, link, 1, true).await), [("credential", 4)]);
        app.try_code(&invited.code, BORN).await.expect(201);
        app.revoke(&invited.id).await.expect(200);
        assert_eq!(tables(retire(&app, link, 1, false).await), [("credential", 3)]);
        app.advance(Duration::days(90));
        assert_eq!(retire(&app, link, 1, false).await, Ok(()));
        // Who opens an old letter still learns that its time is over.
        app.try_code(&invited.code, WRONG_DATE).await.expect_problem(401, "credential-wrong");
        app.try_code(&invited.code, BORN).await.expect_problem(410, "invitation-revoked");
        let known = "SELECT COUNT(*) FROM key_check WHERE purpose = 'link'";
        assert_eq!(sql::number(&app.database_url, known).await, 1);
    }
}

on_both! {
    async fn what_dies_out_is_waited_for_unless_the_key_has_leaked(app: TestApp) {
        let invited = app.invite("visit-1").await;
        let (session, _) = app.open(&invited, None).await;
        for purpose in [Purpose::Session, Purpose::Lookup] {
            rotated(&app, purpose).await;
        }
        app.get("/api/v1/session").bearer(&session).send().await.expect(200);
        let needed = tables(retire(&app, Target::Purpose(Purpose::Lookup), 1, false).await);
        assert_eq!(needed.iter().map(|(table, _)| *table).collect::<Vec<_>>(), ["idempotency", "session"], "{needed:?}");
        let needed = tables(retire(&app, Target::Purpose(Purpose::Session), 1, false).await);
        assert_eq!(needed, [("session", 1), ("invitation", 1)]);
        assert_eq!(retire(&app, Target::Purpose(Purpose::Session), 1, true).await, Ok(()));
        kartlegging::config::keys::remove(&app.folder.path().join("keys.toml"), Purpose::Session, 1).expect("removed");
        app.advance(Duration::seconds(4));
        while app.services.ring.versions(Purpose::Session).contains(&1) {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        app.get("/api/v1/session").bearer(&session).send().await.expect_problem(401, "token-invalid");
        app.open(&invited, None).await;
        startup::check(&app.services).await.expect("a start without it is no fault");
    }
}

on_both! {
    async fn an_organizations_old_key_goes_with_its_last_ground_text(app: TestApp) {
        let own = organization(&app);
        let invited = app.invite("visit-1").await;
        app.answer(&invited, &with_text("svar")).await;
        let read = app.get(&format!("/api/v1/patients/{}/timeline", invited.patient)).bearer(app.world.token("second_clinician"));
        let read = read.header("kartlegging-ground", "emergency").header("kartlegging-ground-text", "ringte");
        read.send().await.expect(200);
        let clock = run_clock(&app);
        assert_eq!(retire(&app, own, 1, false).await, Err(Error::Active(1)));
        rotate(&app, own).await.expect("rotated");
        clock.abort();
        clock.await.expect_err("ended");
        let early = retire(&app, own, 1, false).await;
        assert!(matches!(early, Err(Error::Unsettled(1..=10) | Error::Needed(_))), "{early:?}");
        app.advance(Duration::seconds(10));
        assert_eq!(tables(retire(&app, own, 1, true).await), [("access_log", 1)]);
        // As if the log of that time had been pruned.
        let table = if app.kind == Kind::Sqlite { "" } else { " ON access_log" };
        sql::execute(&app.database_url, &format!("DROP TRIGGER access_log_no_update{table}")).await.expect("trigger");
        sql::execute(&app.database_url, "UPDATE access_log SET ground_text_sealed = NULL").await.expect("pruned");
        let clock = run_clock(&app);
        assert_eq!(retire(&app, own, 1, false).await, Ok(()));
        assert_eq!(retire(&app, own, 1, false).await, Err(Error::NotFound));
        clock.abort();
        assert_eq!(sql::number(&app.database_url, "SELECT COUNT(*) FROM patient_identifier_index").await, 1);
        let again = app.issue("again-later", &app.order("visit-2")).await.expect(201);
        assert_eq!(again["patient"].as_str(), Some(invited.patient.as_str()));
    }
}
