//! What a month's answers found: counted once and for all, few are hidden, own units only.

use super::links::sign_in_as;
use crate::on_both;
use crate::support::TestApp;
use crate::support::browser::Browser;
use crate::support::sql;
use crate::support::world::{BORN, Invited, answers};
use chrono::Duration;
use kartlegging::services::findings;
use serde_json::json;

const PAGE: &str = "/klinikk/tall?fra=2026-11-01&til=2026-12-31";

/// So many people answer and are read after an hour and a half.
async fn answered(app: &TestApp, many: usize, unlike: usize) {
    for number in 0..many {
        let order = json!({
            "patient": {"name": format!("Oppdiktet {number}"), "birth_date": BORN},
            "appointment": {"external_id": format!("v{number}"), "starts_at": "2026-11-27T10:00:00Z", "unit": app.world.unit},
        });
        let invited = Invited::of(app.issue(&format!("findings-{number}"), &order).await.expect(201));
        let ticked: &[&str] = if number < unlike { &["pain", "sleep"] } else { &["pain"] };
        let (_, receipt) = app.answer(&invited, &answers(7, ticked, &[], "yes", Some("yes"))).await;
        app.advance(Duration::minutes(90));
        let path = format!("/api/v1/responses/{}/review", receipt["response"].as_str().expect("id"));
        app.post(&path).bearer(app.world.token("clinician")).json(&json!({"version": 1})).send().await.expect(200);
        app.advance(Duration::minutes(-90));
    }
}

async fn admin(app: &TestApp) -> Browser {
    let mut browser = Browser::new(app);
    sign_in_as(app, &mut browser, "unit_admin").await;
    browser
}

on_both! {
    async fn a_month_is_counted_once_when_it_is_final(app: TestApp) {
        answered(&app, 7, 2).await;
        assert_eq!(findings::count_all(&app.services).await, Ok(0), "November is not over");
        app.advance(Duration::days(20));
        assert_eq!(findings::count_all(&app.services).await, Ok(0), "and may still change");
        app.advance(Duration::days(16));
        assert_eq!(findings::count_all(&app.services).await, Ok(1));
        assert_eq!(findings::count_all(&app.services).await, Ok(0));
        // What goes afterwards changes nothing.
        sql::execute(&app.database_url, "DELETE FROM review").await.expect("reviews");
        assert_eq!(findings::count_all(&app.services).await, Ok(0));
        let mut browser = admin(&app).await;
        let page = browser.get(PAGE).await;
        let main = page.main();
        for words in ["november 2026", "90 minutter", "Smerter7", "Søvnskjult"] {
            assert!(main.contains(words), "{words}: {main}");
        }
        let file = browser.get(&PAGE.replace("tall", "funn.csv")).await.answer.text;
        let own: Vec<&str> = file.lines().filter(|line| line.starts_with("2026-11,Poliklinikken,")).map(|line| &line[22..]).collect();
        let expected = ["responses,7", "with_score,7", "over_threshold,7", "reviewed,7", "minutes_to_review,90", "Smerter,7", "Søvn,.."];
        assert_eq!(own, expected, "{file}");
    }
}

on_both! {
    async fn a_month_of_few_tells_nothing_and_another_units_nothing_at_all(app: TestApp) {
        answered(&app, 4, 1).await;
        app.advance(Duration::days(36));
        assert_eq!(findings::count_all(&app.services).await, Ok(1));
        let mut browser = admin(&app).await;
        let main = browser.get(PAGE).await.main();
        assert!(main.contains("november 2026") && !main.contains("Smerter") && !main.contains("90 min"), "{main}");
        let file = browser.get(&PAGE.replace("tall", "funn.csv")).await.answer.text;
        assert!(file.lines().skip(1).all(|line| line.ends_with(",..")), "{file}");
        sql::execute(&app.database_url, "UPDATE finding SET unit_id = (SELECT id FROM unit WHERE name = 'Sengeposten')").await.expect("moved");
        let file = browser.get(&PAGE.replace("tall", "funn.csv")).await.answer.text;
        assert_eq!(file.lines().count(), 1, "{file}");
    }
}
