//! What a curious colleague, an old letter and a careless repeat must not achieve.

use crate::on_both;
use crate::support::world::{BORN, FNR, Invited, WRONG_DATE, answers};
use chrono::Duration;
use serde_json::{Value, json};

on_both! {
    async fn nobody_makes_their_own_care_relation(app: TestApp) {
        let invited = app.invite("visit-1").await;
        let (_, receipt) = app.answer(&invited, &answers(9, &[], &[], "yes", Some("no"))).await;
        let stranger = app.world.token("second_clinician");
        let timeline = format!("/api/v1/patients/{}/timeline", invited.patient);
        let response = format!("/api/v1/responses/{}", receipt["response"].as_str().unwrap_or_default());
        app.get(&timeline).bearer(stranger).send().await.expect_problem(403, "ground-required");
        // Inviting the patient to the own unit opens nothing, with or without a visit.
        let mut order = app.order("visit-2");
        order["appointment"]["unit"] = json!(app.world.second_unit);
        app.post("/api/v1/invitations").bearer(stranger).key("self-made").json(&order).send().await.expect(201);
        app.get(&timeline).bearer(stranger).send().await.expect_problem(403, "ground-required");
        app.get(&response).bearer(stranger).send().await.expect_problem(403, "ground-required");
        // What a system has registered does.
        let mut order = app.order("visit-3");
        order["appointment"]["unit"] = json!(app.world.second_unit);
        app.issue("by-the-client", &order).await.expect(201);
        app.get(&timeline).bearer(stranger).send().await.expect(200);
    }
}

on_both! {
    async fn who_entered_a_paper_form_may_read_it_later(app: TestApp) {
        let invited = app.invite("visit-1").await;
        let body = json!({
            "patient": invited.patient, "unit": app.world.second_unit, "respondent": {"kind": "patient"},
            "answers": answers(5, &[], &[], "no", Some("no")), "answered_on": "2026-11-24",
        });
        let token = app.world.token("second_clinician");
        let made = app.post("/api/v1/responses").bearer(token).key("paper-0001").json(&body).send().await.expect(201);
        let path = format!("/api/v1/responses/{}", made["id"].as_str().unwrap_or_default());
        app.get(&path).bearer(token).send().await.expect(200);
        // That response, not the patient's others.
        app.get(&format!("/api/v1/patients/{}/timeline", invited.patient)).bearer(token).send().await.expect_problem(403, "ground-required");
        // Long after, it takes a ground.
        app.advance(Duration::days(91));
        app.get(&path).bearer(token).send().await.expect_problem(403, "ground-required");
        app.get(&path).bearer(token).header("kartlegging-ground", "quality-work").send().await.expect(200);
    }
}

on_both! {
    async fn paper_that_comes_late_is_stored_and_answered(app: TestApp) {
        let invited = app.invite("visit-1").await;
        app.advance(Duration::days(120));
        let body = json!({
            "invitation": invited.id, "respondent": {"kind": "patient"},
            "answers": answers(5, &[], &[], "no", Some("no")), "answered_on": "2026-11-24",
        });
        let made = app.post("/api/v1/responses").bearer(app.world.token("clinician")).key("paper-late").json(&body).send().await.expect(201);
        assert_eq!(made["invitation"], json!(invited.id));
    }
}

on_both! {
    async fn an_old_letter_can_not_shut_the_new_one(app: TestApp) {
        let old = app.invite("visit-1").await;
        let new = Invited::of(app.reissue(&old.id, "again-0001").await.expect(200));
        app.use_up(&old).await;
        app.try_link(&old, BORN).await.expect_problem(429, "attempts-exhausted");
        app.try_link(&new, BORN).await.expect(201);
        assert_eq!(app.invitation(&new.id).await["flagged"], false);
    }
}

on_both! {
    async fn a_second_form_hides_no_answer(app: TestApp) {
        let invited = app.invite("visit-1").await;
        app.answer(&invited, &answers(9, &[], &[], "yes", Some("no"))).await;
        let mut order = app.order("visit-1");
        order["questionnaire"] = json!({"name": "follow-up"});
        let second = Invited::of(app.issue("other-form", &order).await.expect(201));
        let path = format!("/api/v1/worklist?unit={}&from=2026-11-24&to=2026-11-30", app.world.unit);
        let reasons = |list: &Value| -> Vec<String> {
            list["items"].as_array().into_iter().flatten().map(|row| row["reason"]["code"].as_str().unwrap_or_default().to_owned()).collect()
        };
        let list = app.get(&path).bearer(app.world.token("clinician")).send().await.expect(200);
        assert_eq!(reasons(&list), ["over-threshold-wants-follow-up", "not-answered"]);
        app.revoke(&second.id).await.expect(200);
        let list = app.get(&path).bearer(app.world.token("clinician")).send().await.expect(200);
        assert_eq!(reasons(&list), ["over-threshold-wants-follow-up"]);
    }
}

on_both! {
    async fn a_cursor_tells_nothing_and_fits_one_unit(app: TestApp) {
        for n in 0..3 {
            let mut order = app.order(&format!("visit-{n}"));
            order["patient"]["identifier"] = Value::Null;
            app.issue(&format!("issue-000{n}"), &order).await.expect(201);
        }
        let query = format!("unit={}&from=2026-11-24&to=2026-11-30&limit=1", app.world.unit);
        let first = app.get(&format!("/api/v1/worklist?{query}")).bearer(app.world.token("clinician")).send().await.expect(200);
        let cursor = first["next_cursor"].as_str().unwrap_or_default().to_owned();
        assert!(!cursor.is_empty());
        let second = app.get(&format!("/api/v1/worklist?{query}&cursor={cursor}")).bearer(app.world.token("clinician")).send().await.expect(200);
        assert_ne!(first["items"][0]["invitation"]["id"], second["items"][0]["invitation"]["id"]);
        let again = app.get(&format!("/api/v1/worklist?{query}")).bearer(app.world.token("clinician")).send().await.expect(200);
        assert_ne!(again["next_cursor"].as_str(), Some(cursor.as_str()), "the same key is sealed anew each time");
        let foreign = format!("unit={}&from=2026-11-24&to=2026-11-30&cursor={cursor}", app.world.second_unit);
        let refused = app.get(&format!("/api/v1/worklist?{foreign}")).bearer(app.world.token("second_clinician")).send().await;
        refused.expect_problem(400, "query-invalid");
    }
}

on_both! {
    async fn a_repeated_batch_gives_every_item_its_own_answer(app: TestApp) {
        // Refused where test persons are not allowed, accepted where they are: the repeat reads it otherwise.
        let strict = app.second_instance_with(|settings| settings.allow_synthetic_persons = false).await;
        let mut other = app.order("visit-2");
        other["patient"]["identifier"] = Value::Null;
        let body = json!({"items": [app.order("visit-1"), other]});
        let send = |to: &'static str| {
            let target = if to == "strict" { &strict } else { &app };
            target.post("/api/v1/invitations/batch").bearer(app.world.token("client")).key("batch-0001").json(&body).send()
        };
        let first = send("strict").await.expect(200);
        let again = send("lenient").await.expect(200);
        for result in [&first, &again] {
            assert_eq!((&result["items"][0]["status"], &result["items"][1]["status"]), (&json!(422), &json!(201)), "{FNR} is item 0");
        }
        assert_eq!(first["items"][1]["invitation"]["credential"], again["items"][1]["invitation"]["credential"]);
    }
}

on_both! {
    async fn a_forged_chain_of_addresses_does_not_help(app: TestApp) {
        let proxied = app.second_instance_with(|settings| settings.trusted_proxies = vec!["127.0.0.1".parse().expect("address")]).await;
        let mut refused = 0;
        for n in 0..30 {
            // What a client sends itself stands to the left of what the proxy adds, with or without a port.
            let invited = app.invite(&format!("visit-{n}")).await;
            let body = json!({"link": invited.link, "birth_date": WRONG_DATE});
            let call = proxied.post("/api/v1/session").header("x-forwarded-for", &format!("6.{n}.0.1"));
            let answer = call.header("x-forwarded-for", &format!("7.0.{n}.1, 203.0.113.9:{}", 5000 + n)).json(&body).send().await;
            refused += usize::from(answer.status == 429);
        }
        assert_eq!(refused, 10, "twenty are free for one network");
    }
}
