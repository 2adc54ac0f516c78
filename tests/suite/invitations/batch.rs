//! Batches: a result for each item, in order; a bad row costs only itself; safe to repeat.

use crate::on_both;
use crate::support::TestApp;
use crate::support::app::Answer;
use crate::support::world::{Invited, order_without_visit};
use serde_json::{Value, json};

async fn batch(app: &TestApp, key: &str, items: &[Value]) -> Answer {
    let body = json!({"items": items});
    app.post("/api/v1/invitations/batch").bearer(app.world.token("client")).key(key).json(&body).send().await
}

/// What does not differ between a batch and its repeat: problems carry the id of the request.
fn lasting(body: &Value) -> Value {
    let mut body = body.clone();
    for item in body["items"].as_array_mut().into_iter().flatten() {
        if let Some(problem) = item.get_mut("problem").and_then(Value::as_object_mut) {
            problem.remove("request_id");
        }
    }
    body
}

on_both! {
    async fn a_thousand_rows_with_some_bad_ones(app: TestApp) {
        let mut items: Vec<Value> = (0..1000).map(|n| order_without_visit(&app.world.unit, &format!("Oppdiktet {n}"))).collect();
        items[3]["patient"] = json!({"name": "Uten dato"});
        items[500]["unit"] = json!(app.world.other_unit);
        items[501]["appointment"] = json!({"starts_at": "2020-01-01T08:00:00Z", "unit": app.world.unit});
        items[999]["questionnaire"] = json!({"name": "no-such-form"});
        let first = batch(&app, "batch-01", &items).await.expect(200);
        assert_eq!((&first["issued"], &first["failed"]), (&json!(996), &json!(4)));
        let rows = first["items"].as_array().cloned().unwrap_or_default();
        assert_eq!(rows.len(), 1000);
        let mut codes = std::collections::BTreeSet::new();
        for (index, row) in rows.iter().enumerate() {
            assert_eq!(row["index"], index);
            let fault = match index {
                3 => Some(("/patient/birth_date", "required")),
                500 => Some(("/unit", "unit-unknown")),
                501 => Some(("/appointment/starts_at", "out-of-range")),
                999 => Some(("/questionnaire/name", "questionnaire-unknown")),
                _ => None,
            };
            match fault {
                None => {
                    assert_eq!(row["status"], 201, "{row}");
                    codes.insert(row["invitation"]["credential"]["code"].to_string());
                }
                Some((pointer, code)) => {
                    let error = &row["problem"]["errors"][0];
                    assert_eq!((&row["status"], &error["pointer"], &error["code"]), (&json!(422), &json!(pointer), &json!(code)));
                }
            }
        }
        assert_eq!(codes.len(), 996);
        assert_eq!(lasting(&batch(&app, "batch-01", &items).await.expect(200)), lasting(&first));
        app.open(&Invited::of(rows[998]["invitation"].clone()), None).await;
        items.swap(0, 1);
        batch(&app, "batch-01", &items).await.expect_problem(422, "idempotency-body-differs");
    }
}

on_both! {
    async fn what_spoils_the_whole_batch(app: TestApp) {
        let one = order_without_visit(&app.world.unit, "Per Oppdiktet");
        for (items, code) in [(vec![one.clone(); 1001], "too-long"), (vec![], "too-short"), (vec![one.clone(), json!("x")], "malformed")] {
            let refused = batch(&app, "batch-01", &items).await.expect_problem(422, "body-invalid");
            assert_eq!((&refused["errors"][0]["pointer"], &refused["errors"][0]["code"]), (&json!("/items"), &json!(code)));
        }
        let as_reader = || {
            let call = app.post("/api/v1/invitations/batch").bearer(app.world.token("reader")).key("batch-02");
            call.json(&json!({"items": [one]})).send()
        };
        for _ in 0..2 {
            as_reader().await.expect_problem(403, "scope-missing");
        }
        batch(&app, "batch-01", &[one]).await.expect(200);
    }
}

on_both! {
    async fn rows_see_those_before_them(app: TestApp) {
        let items = [app.order("visit-1"), app.order("visit-1"), app.order("visit-2")];
        let done = batch(&app, "batch-01", &items).await.expect(200);
        assert_eq!((&done["issued"], &done["failed"]), (&json!(2), &json!(1)));
        assert_eq!((&done["items"][1]["status"], &done["items"][1]["problem"]["code"]), (&json!(409), &json!("invitation-exists")));
        assert_eq!(done["items"][0]["invitation"]["patient"], done["items"][2]["invitation"]["patient"]);
        assert_eq!(lasting(&batch(&app, "batch-01", &items).await.expect(200)), lasting(&done));
    }
}
