//! What guessing costs: per invitation, per network, for typed codes as a whole; also on several
//! instances and at the same moment.

use crate::on_both;
use crate::support::TestApp;
use crate::support::app::Answer;
use crate::support::world::{BORN, Invited, WRONG_DATE, unknown_code};
use chrono::Duration;
use futures::future::join_all;
use kartlegging::domain::attempts::{PER_HOUR_ALL_CODES, window_start};
use kartlegging::storage::StorageError;
use kartlegging::storage::attempts::{self, Counter, Scope};
use serde_json::json;

fn retry_after(answer: &Answer) -> i64 {
    assert_eq!((answer.status, answer.code()), (429, "too-many-attempts"), "{}", answer.text);
    answer.headers.get("retry-after").and_then(|value| value.parse().ok()).unwrap_or_default()
}

async fn flagged(app: &TestApp) -> serde_json::Value {
    let path = format!("/api/v1/worklist?unit={}&from=2026-11-24&to=2026-11-30", app.world.unit);
    app.get(&path).bearer(app.world.token("clinician")).send().await.expect(200)["items"][0]["invitation"].clone()
}

on_both! {
    async fn three_are_free_then_it_takes_longer_then_it_is_shut(app: TestApp) {
        let invited = app.invite("visit-1").await;
        assert_eq!(flagged(&app).await["flagged"], false);
        // Link and code share the counter.
        let wrong = async |n: i64| {
            if n % 2 == 0 { app.try_link(&invited, WRONG_DATE).await } else { app.try_code(&invited.code, WRONG_DATE).await }
        };
        for n in 0..3 {
            wrong(n).await.expect_problem(401, "credential-wrong");
        }
        for (n, minutes) in [1, 5, 15, 15, 15, 15, 15].into_iter().enumerate() {
            let n = i64::try_from(n).unwrap_or_default();
            assert_eq!(retry_after(&wrong(n).await), minutes * 60);
            app.advance(Duration::minutes(minutes) - Duration::seconds(1));
            // Not even the right date is looked at while one waits.
            assert_eq!(retry_after(&app.try_link(&invited, BORN).await), 1);
            app.advance(Duration::seconds(1));
            wrong(n).await.expect_problem(401, "credential-wrong");
        }
        for _ in 0..2 {
            app.try_link(&invited, BORN).await.expect_problem(429, "attempts-exhausted");
            app.try_code(&invited.code, BORN).await.expect_problem(429, "attempts-exhausted");
            app.advance(Duration::hours(5));
        }
        let locked = app.invitation(&invited.id).await;
        assert_eq!((&locked["state"], &locked["closed_reason"], &locked["flagged"]), (&json!("closed"), &json!("locked"), &json!(true)));
        let row = flagged(&app).await;
        assert_eq!((&row["closed_reason"], &row["flagged"]), (&json!("locked"), &json!(true)));

        let again = Invited::of(app.reissue(&invited.id, "reissue-1").await.expect(200));
        assert_eq!(flagged(&app).await["flagged"], false);
        app.try_link(&invited, BORN).await.expect_problem(429, "attempts-exhausted");
        assert_eq!(app.try_link(&again, BORN).await.expect(201)["invitation"]["state"], "opened");
    }
}

on_both! {
    async fn locking_ends_the_sessions_that_are_open(app: TestApp) {
        let invited = app.invite("visit-1").await;
        let body = json!({"link": invited.link, "birth_date": BORN, "remember": true});
        let opened = app.try_open(&body).await.expect(201);
        app.use_up(&invited).await;
        let session = opened["session_token"].as_str().unwrap_or_default();
        app.get("/api/v1/session").bearer(session).send().await.expect_problem(401, "session-ended");
    }
}

on_both! {
    async fn a_right_date_costs_nothing(app: TestApp) {
        let invited = app.invite("visit-1").await;
        for _ in 0..25 {
            app.try_code(&invited.code, BORN).await.expect(201);
        }
        for _ in 0..2 {
            app.try_code(&invited.code, WRONG_DATE).await.expect_problem(401, "credential-wrong");
        }
        // It takes back only itself: the two wrong ones stay counted.
        app.try_code(&invited.code, BORN).await.expect(201);
        app.try_code(&invited.code, WRONG_DATE).await.expect_problem(401, "credential-wrong");
        assert_eq!(retry_after(&app.try_code(&invited.code, BORN).await), 60);
        app.advance(Duration::minutes(1));
        app.try_code(&invited.code, BORN).await.expect(201);
        // The wait that was over is not laid on again.
        app.try_code(&invited.code, BORN).await.expect(201);
    }
}

on_both! {
    async fn limits_hold_on_every_instance_and_after_a_restart(app: TestApp) {
        let invited = app.invite("visit-1").await;
        let other = app.second_instance().await;
        app.try_link(&invited, WRONG_DATE).await.expect_problem(401, "credential-wrong");
        other.try_link(&invited, WRONG_DATE).await.expect_problem(401, "credential-wrong");
        app.try_code(&invited.code, WRONG_DATE).await.expect_problem(401, "credential-wrong");
        assert_eq!(retry_after(&other.try_link(&invited, BORN).await), 60);
        drop(other);
        let later = app.second_instance().await;
        assert_eq!(retry_after(&later.try_code(&invited.code, BORN).await), 60);
        app.advance(Duration::minutes(1));
        later.try_link(&invited, BORN).await.expect(201);
    }
}

on_both! {
    async fn guesses_at_the_same_moment_are_counted_one_by_one(app: TestApp) {
        let invited = app.invite("visit-1").await;
        let other = app.second_instance().await;
        for allowed in [3, 1, 1] {
            let guesses = (0..30).map(|n| {
                let app = if n % 2 == 0 { &app } else { &other };
                let invited = &invited;
                async move { if n % 3 == 0 { app.try_link(invited, WRONG_DATE).await } else { app.try_code(&invited.code, WRONG_DATE).await } }
            });
            let answers = join_all(guesses).await;
            assert_eq!(answers.iter().filter(|answer| answer.code() == "credential-wrong").count(), allowed);
            assert_eq!(answers.iter().filter(|answer| answer.code() == "too-many-attempts").count(), 30 - allowed);
            // Past both the wait and the window of the network.
            app.advance(Duration::minutes(15));
        }
    }
}

on_both! {
    async fn instances_whose_clocks_differ_refuse_nobody_for_it(app: TestApp) {
        let (first, second) = (app.invite("visit-1").await, app.invite("visit-2").await);
        app.try_code(&first.code, BORN).await.expect(201);
        app.try_code(&first.code, WRONG_DATE).await.expect_problem(401, "credential-wrong");
        // Another instance is a little behind.
        app.advance(Duration::seconds(-2));
        app.try_code(&second.code, BORN).await.expect(201);
        app.try_code(&first.code, BORN).await.expect(201);
    }
}

on_both! {
    async fn a_network_waits_after_twenty_failures(app: TestApp) {
        let invited = app.invite("visit-1").await;
        let proxied = app.second_instance_with(|settings| settings.trusted_proxies = vec!["127.0.0.1".parse().expect("address")]).await;
        let from = async |address: &str, date: &str| {
            let body = json!({"link": invited.link, "birth_date": date});
            proxied.post("/api/v1/session").header("x-forwarded-for", address).json(&body).send().await
        };
        for n in 0..20 {
            app.try_code(&unknown_code(n), BORN).await.expect_problem(401, "credential-wrong");
        }
        assert_eq!(retry_after(&app.try_code(&unknown_code(99), BORN).await), 600);
        assert_eq!(retry_after(&app.try_link(&invited, BORN).await), 600);
        assert_eq!(retry_after(&from("127.0.0.77", BORN).await), 600);
        // Others are not hindered, and nobody can name an address that is not theirs.
        from("192.0.2.1", BORN).await.expect(201);
        assert_eq!(retry_after(&from("192.0.2.1, 127.0.0.9", BORN).await), 600);
        app.advance(Duration::minutes(10));
        app.try_link(&invited, BORN).await.expect(201);
    }
}

on_both! {
    async fn a_network_can_not_slip_past_by_haste(app: TestApp) {
        let other = app.second_instance().await;
        let guesses = (0..40).map(|n| {
            let app = if n % 2 == 0 { &app } else { &other };
            async move { app.try_code(&unknown_code(n), BORN).await }
        });
        let answers = join_all(guesses).await;
        assert_eq!(answers.iter().filter(|answer| answer.code() == "credential-wrong").count(), 20);
        assert_eq!(answers.iter().filter(|answer| answer.code() == "too-many-attempts").count(), 20);
    }
}

on_both! {
    async fn when_codes_are_guessed_everywhere_links_still_open(app: TestApp) {
        let invited = app.invite("visit-1").await;
        let (running, _) = app.open(&invited, None).await;
        let now = app.services.now();
        let all = Counter { scope: Scope::AllCodes, subject_hash: Vec::new(), subject_key_version: 0, window_start: window_start(now, 60) };
        let unit = app.services.db.write((all, now), |(all, now), tx| {
            Box::pin(async move {
                for _ in 0..PER_HOUR_ALL_CODES {
                    attempts::reserve(tx, all, PER_HOUR_ALL_CODES, |_| Duration::zero(), *now).await?;
                }
                Ok::<_, StorageError>(())
            })
        });
        unit.await.expect("counted");
        assert_eq!(retry_after(&app.try_code(&invited.code, BORN).await), 3600);
        app.try_link(&invited, BORN).await.expect(201);
        app.get("/api/v1/session").bearer(&running).send().await.expect(200);
        app.advance(Duration::hours(1));
        app.try_code(&invited.code, BORN).await.expect(201);
    }
}
