//! Sealed values that a hand moved to another row, column, patient or organization: an error without
//! anything of them, on every way that reads them.

use crate::commands::admin::{chrono_date, installed};
use crate::on_both;
use crate::support::app::Kind;
use crate::support::program::alone;
use crate::support::world::{BORN, Invited, answers, order_without_visit, with_text};
use crate::support::{TestApp, sql};
use serde_json::json;

/// Another person with another answer, in the same unit.
async fn another(app: &TestApp) -> Invited {
    let order = order_without_visit(&app.world.unit, "Bård Annen");
    Invited::of(app.issue("another-person", &order).await.expect(201))
}

/// Exchanges a column of two rows.
async fn swap(app: &TestApp, table: &str, column: &str, key: &str, one: &str, other: &str) {
    let bytes = |hex: &str| match app.kind {
        Kind::Sqlite => format!("X'{hex}'"),
        Kind::Postgres => format!("'\\x{hex}'::bytea"),
    };
    let id = |id: &str| match app.kind {
        Kind::Sqlite => bytes(&id.replace('-', "")),
        Kind::Postgres => format!("'{id}'"),
    };
    let mut values = Vec::new();
    for own in [one, other] {
        let rows = sql::query(&app.database_url, &format!("SELECT {column} FROM {table} WHERE {key} = {}", id(own))).await;
        let value: Vec<u8> = rows[0].try_get_by_index(0).expect("bytes");
        values.push(sql::hex(&value));
    }
    for (own, value) in [(one, &values[1]), (other, &values[0])] {
        let put = format!("UPDATE {table} SET {column} = {} WHERE {key} = {}", bytes(value), id(own));
        assert_eq!(sql::execute(&app.database_url, &put).await.expect("exchange"), 1);
    }
}

on_both! {
    async fn between_patients_rows_and_columns(app: TestApp) {
        let (invited, other) = (app.invite("visit-1").await, another(&app).await);
        let (_, receipt) = app.answer(&invited, &with_text("hemmelig svar")).await;
        let (_, second) = app.answer(&other, &answers(9, &[], &[], "yes", Some("no"))).await;
        let (one, two) = (receipt["response"].as_str().expect("id"), second["response"].as_str().expect("id"));
        let refused = async |what: &str| {
            let read = app.get(&format!("/api/v1/responses/{one}/summary")).bearer(app.world.token("clinician")).send().await;
            read.clone().expect_problem(500, "internal");
            assert!(!read.text.contains("hemmelig") && !read.text.contains("Oppdiktet") && !read.text.contains("Annen"), "{what}: {}", read.text);
        };
        let read = app.get(&format!("/api/v1/responses/{one}/summary")).bearer(app.world.token("clinician"));
        read.send().await.expect(200);
        // Rows and patients: answers, digest, name, data key.
        for (table, column, key, ids) in [
            ("response_version", "answers_sealed", "response_id", (one, two)),
            ("patient", "name_sealed", "id", (invited.patient.as_str(), other.patient.as_str())),
            ("patient_key", "wrapped", "patient_id", (invited.patient.as_str(), other.patient.as_str())),
        ] {
            swap(&app, table, column, key, ids.0, ids.1).await;
            refused(&format!("{table}.{column}")).await;
            swap(&app, table, column, key, ids.0, ids.1).await;
        }
        swap(&app, "response", "digest_sealed", "id", one, two).await;
        let page = format!("/api/v1/worklist?unit={}&from=2026-11-20&to=2026-12-10", app.world.unit);
        let list = app.get(&page).bearer(app.world.token("clinician")).send().await;
        assert!(list.status == 500 && !list.text.contains("Oppdiktet"), "{}", list.text);
        swap(&app, "response", "digest_sealed", "id", one, two).await;
        app.get(&page).bearer(app.world.token("clinician")).send().await.expect(200);
        // Columns of one row.
        let exchange = "UPDATE patient SET name_sealed = birth_date_sealed, birth_date_sealed = name_sealed";
        assert_eq!(sql::execute(&app.database_url, exchange).await.expect("exchange"), 2);
        refused("columns").await;
        app.try_link(&invited, BORN).await.expect_problem(500, "internal");
        sql::execute(&app.database_url, exchange).await.expect("exchange back");
        app.get(&format!("/api/v1/responses/{one}/summary")).bearer(app.world.token("clinician")).send().await.expect(200);
        assert_eq!(app.get(&format!("/api/v1/responses/{two}/summary")).bearer(app.world.token("clinician")).send().await.status, 200);
    }
}

on_both! {
    async fn between_organizations(app: TestApp) {
        let invited = app.invite("visit-1").await;
        let mut order = order_without_visit(&app.world.other_unit, "Cecilie Fremmed");
        order["due_on"] = json!("2026-12-01");
        let call = app.post("/api/v1/invitations").bearer(app.world.token("other_client")).key("foreign-person");
        let foreign = Invited::of(call.json(&order).send().await.expect(201));
        swap(&app, "patient_key", "wrapped", "patient_id", &invited.patient, &foreign.patient).await;
        for one in [&invited, &foreign] {
            let opened = app.try_link(one, BORN).await;
            opened.clone().expect_problem(500, "internal");
            assert!(!opened.text.contains("Fremmed"));
        }
        // An instance that starts opens every organization's key first: a moved one stops the start.
        swap(&app, "patient_key", "wrapped", "patient_id", &invited.patient, &foreign.patient).await;
        app.try_link(&invited, BORN).await.expect(201);
        let ids = match app.kind {
            Kind::Sqlite => "SELECT lower(hex(organization_id)) FROM organization_key",
            Kind::Postgres => "SELECT organization_id::text FROM organization_key",
        };
        let ids = sql::texts(&app.database_url, ids).await;
        swap(&app, "organization_key", "wrapped", "organization_id", &ids[0], &ids[1]).await;
        let refused = kartlegging::services::startup::check(&app.services).await.map_err(|error| error.to_string());
        assert_eq!(refused, Err("the root key version 1 is not the one this database was used with".to_owned()));
    }
}

#[test]
fn it_is_logged_once_and_without_what_it_is() {
    alone(async {
        let (mut program, _, unit) = installed(Kind::Sqlite).await;
        program.set("KARTLEGGING_LOG_FILTER", "trace");
        let organization = program.run(&["organization", "list"]).await.ok();
        let organization = organization.split_whitespace().next().expect("id").to_owned();
        let client =
            program.run(&["client", "add", "--organization", &organization, "--name", "x", "--scope", "invitations:write"]).await.ok();
        let client = program.run(&["token", "issue", "--client", &client]).await.ok();
        let serving = program.serve().await;
        let order = order_without_visit(&unit, "Dagny Oppdiktet");
        let issue = serving.http.call("POST", "/api/v1/invitations").bearer(&client).key("moved-key-1");
        let mut order = order;
        order["due_on"] = json!(chrono_date(7));
        let invited = Invited::of(issue.json(&order).send().await.expect(201));
        let exchange = "UPDATE patient SET name_sealed = birth_date_sealed, birth_date_sealed = name_sealed";
        assert_eq!(sql::execute(&program.database_url, exchange).await.expect("exchange"), 1);
        let open = serving.http.call("POST", "/api/v1/session").json(&json!({"link": invited.link, "birth_date": BORN}));
        let opened = open.send().await;
        let id = opened.headers["x-request-id"].clone();
        opened.expect_problem(500, "internal");
        serving.terminate();
        let (_, log, _) = serving.ended().await;
        let told: Vec<&str> = log.lines().filter(|line| line.contains(&id) && line.contains("\"level\":\"ERROR\"")).collect();
        assert_eq!(told.len(), 1, "{told:#?}");
        assert!(told[0].contains("a stored value does not open") && !log.contains("Dagny"), "{}", told[0]);
    });
}
