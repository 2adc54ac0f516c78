//! Patients and visits behind invitations: found again, moved, never shared between organizations.

use crate::on_both;
use crate::support::TestApp;
use crate::support::world::{BORN, Invited, answers, order_without_visit};
use serde_json::{Value, json};

on_both! {
    async fn a_second_live_invitation_for_the_same_visit_and_form_is_refused(app: TestApp) {
        let first = app.invite("visit-1").await;
        app.issue("another-key", &app.order("visit-1")).await.expect_problem(409, "invitation-exists");
        let mut other_form = app.order("visit-1");
        other_form["questionnaire"] = json!({"name": "follow-up"});
        let other = app.issue("other-form", &other_form).await.expect(201);
        assert_eq!((&other["patient"], &other["appointment"]), (&first.body["patient"], &first.body["appointment"]));

        // A declined one is still live; a revoked one is not.
        let (session, _) = app.open(&first, None).await;
        app.post("/api/v1/session/decline").bearer(&session).send().await.expect(200);
        app.issue("another-key", &app.order("visit-1")).await.expect_problem(409, "invitation-exists");
        app.revoke(&first.id).await.expect(200);
        let again = app.issue("another-key", &app.order("visit-1")).await.expect(201);
        assert_eq!(again["appointment"], first.body["appointment"]);
        app.answer(&Invited::of(again), &answers(1, &[], &[], "no", Some("no"))).await;
        app.issue("yet-another", &app.order("visit-1")).await.expect_problem(409, "invitation-exists");
    }
}

on_both! {
    async fn without_a_visit_unit_and_day_stand_for_it(app: TestApp) {
        let mut order = order_without_visit(&app.world.unit, "Åse Oppdiktet");
        order["patient"]["identifier"] = app.order("x")["patient"]["identifier"].clone();
        app.issue("key-0001", &order).await.expect(201);
        app.issue("key-0002", &order).await.expect_problem(409, "invitation-exists");
        let mut later = order.clone();
        later["due_on"] = json!("2026-12-02");
        app.issue("key-0002", &later).await.expect(201);
        let mut elsewhere = order.clone();
        elsewhere["unit"] = json!(app.world.second_unit);
        app.issue("key-0003", &elsewhere).await.expect(201);
    }
}

async fn start(app: &TestApp, invited: &Invited) -> Value {
    app.try_open(&json!({"link": invited.link, "birth_date": BORN})).await.expect(201)["appointment"]["starts_at"].clone()
}

on_both! {
    async fn the_same_external_id_moves_the_visit_and_its_windows(app: TestApp) {
        let first = app.invite("visit-1").await;
        let mut early = app.order("visit-2");
        early["answer_until"] = json!("2026-11-27T07:00:00Z");
        let early = Invited::of(app.issue("early-end", &early).await.expect(201));
        assert_eq!((&early.body["answer_until"], &early.body["amend_until"]), (&json!("2026-11-27T07:00:00Z"), &json!("2026-11-27T08:30:00Z")));

        // Invited already: no second letter, but the new time is known.
        let move_to = async |visit: &str, to: &str, key: &str| {
            let mut order = app.order(visit);
            order["appointment"]["starts_at"] = json!(to);
            app.issue(key, &order).await.expect_problem(409, "invitation-exists");
        };
        move_to("visit-1", "2026-12-01T12:00:00+01:00", "move-0001").await;
        let moved = app.invitation(&first.id).await;
        assert_eq!((&moved["answer_until"], &moved["amend_until"]), (&json!("2026-12-01T11:00:00Z"), &json!("2026-12-01T11:00:00Z")));
        assert_eq!(start(&app, &first).await, "2026-12-01T11:00:00Z");
        // An end that was asked for stays where it was put, as long as it is before the visit.
        move_to("visit-2", "2026-12-01T12:00:00+01:00", "move-0002").await;
        let moved = app.invitation(&early.id).await;
        assert_eq!((&moved["answer_until"], &moved["amend_until"]), (&json!("2026-11-27T07:00:00Z"), &json!("2026-12-01T11:00:00Z")));
        move_to("visit-2", "2026-11-26T12:00:00+01:00", "move-0003").await;
        let moved = app.invitation(&early.id).await;
        assert_eq!((&moved["answer_until"], &moved["amend_until"]), (&json!("2026-11-26T11:00:00Z"), &json!("2026-11-26T11:00:00Z")));
        // The same key again: the refusal left nothing behind, so it is tried anew.
        move_to("visit-2", "2026-11-26T12:00:00+01:00", "move-0003").await;
    }
}

on_both! {
    async fn a_batch_moves_visits_too(app: TestApp) {
        let first = app.invite("visit-1").await;
        let mut order = app.order("visit-1");
        order["appointment"]["starts_at"] = json!("2026-12-01T12:00:00+01:00");
        let call = app.post("/api/v1/invitations/batch").bearer(app.world.token("client")).key("batch-01");
        let done = call.json(&json!({"items": [order]})).send().await.expect(200);
        assert_eq!(done["items"][0]["problem"]["code"], "invitation-exists");
        assert_eq!(app.invitation(&first.id).await["answer_until"], "2026-12-01T11:00:00Z");
    }
}

on_both! {
    async fn a_visit_does_not_change_patient_or_unit(app: TestApp) {
        let first = app.invite("visit-1").await;
        let mut other_unit = app.order("visit-1");
        other_unit["appointment"]["unit"] = json!(app.world.second_unit);
        let mut other_patient = app.order("visit-1");
        other_patient["patient"] = json!({"name": "En annen", "birth_date": BORN});
        for order in [other_unit, other_patient] {
            let refused = app.issue("key-0001", &order).await.expect_problem(422, "body-invalid");
            assert_eq!((&refused["errors"][0]["pointer"], &refused["errors"][0]["code"]), (&json!("/appointment/external_id"), &json!("mismatch")));
        }
        assert_eq!(app.invitation(&first.id).await["unit"], json!(app.world.unit));
    }
}

on_both! {
    async fn a_patient_is_found_again_and_their_name_kept_up(app: TestApp) {
        let first = app.invite("visit-1").await;
        let mut order = app.order("visit-2");
        order["patient"]["name"] = json!("Åse Gift-Oppdiktet");
        let second = app.issue("key-0001", &order).await.expect(201);
        assert_eq!(second["patient"], json!(first.patient));
        let opened = app.try_link(&first, BORN).await.expect(201);
        assert_eq!(opened["patient"]["name"], "Åse Gift-Oppdiktet");
        let mut wrong = app.order("visit-3");
        wrong["patient"]["birth_date"] = json!("1947-10-14");
        let refused = app.issue("key-0002", &wrong).await.expect_problem(422, "body-invalid");
        assert_eq!((&refused["errors"][0]["pointer"], &refused["errors"][0]["code"]), (&json!("/patient/birth_date"), &json!("mismatch")));
    }
}

on_both! {
    async fn organizations_never_share_a_patient(app: TestApp) {
        let own = app.invite("visit-1").await;
        let mut order = app.order("visit-1");
        order["appointment"]["unit"] = json!(app.world.other_unit);
        order["patient"]["name"] = json!("Åse i et annet foretak");
        let foreign = |order: Value| app.post("/api/v1/invitations").bearer(app.world.token("other_client")).key("key-visit-1").json(&order).send();
        let other = foreign(order.clone()).await.expect(201);
        assert_ne!(other["patient"], json!(own.patient));
        assert_ne!(other["appointment"], own.body["appointment"]);
        assert_eq!(app.try_link(&own, BORN).await.expect(201)["patient"]["name"], "Åse Oppdiktet");
        order["appointment"]["unit"] = json!(app.world.unit);
        order["appointment"]["external_id"] = json!("visit-9");
        let call = app.post("/api/v1/invitations").bearer(app.world.token("other_client")).key("key-visit-9");
        let refused = call.json(&order).send().await.expect_problem(422, "body-invalid");
        assert_eq!(refused["errors"][0]["code"], "unit-unknown");
    }
}
