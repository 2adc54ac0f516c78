//! Uptake: what is counted, in which week, what is hidden, and that it outlives the persons.

use crate::on_both;
use crate::support::TestApp;
use crate::support::sql;
use crate::support::world::{BORN, Invited, answers};
use chrono::{DateTime, Duration, Utc};
use kartlegging::domain::ids::UnitId;
use kartlegging::domain::retention::{Keep, Kind, Setting};
use kartlegging::services::audit::Caller;
use kartlegging::services::issue_invitations::{self, PatientData, Visit};
use kartlegging::services::{enforce_retention, expire_invitations, retention, uptake};
use serde_json::{Value, json};

/// The week of every test's beginning.
const WEEK: &str = "from=2026-11-24&to=2026-11-24";

/// Visits that nobody was invited to.
async fn register(app: &TestApp, unit: &str, number: usize, starts_at: &str) {
    let caller = Caller::system(app.world.organization.expect("organization"), "test");
    for visit in 0..number {
        let patient = PatientData {
            identifier: None,
            name: format!("Oppdiktet {visit}"),
            birth_date: BORN.parse().expect("date"),
            language: None,
            contact: None,
            representatives: Vec::new(),
        };
        let starts_at: DateTime<Utc> = starts_at.parse().expect("moment");
        let visit = Visit { external_id: None, starts_at, unit: UnitId::parse(unit).expect("id") };
        issue_invitations::register_visit(&app.services, &caller, patient, visit).await.expect("registered");
    }
}

/// Invitations to visits at that time, each for another patient.
async fn invite(app: &TestApp, key: &str, unit: &str, number: usize, starts_at: &str) -> Vec<Invited> {
    let item = |visit: usize| {
        json!({
            "patient": {"name": format!("Oppdiktet {key} {visit}"), "birth_date": BORN},
            "appointment": {"external_id": format!("{key}-{visit}"), "starts_at": starts_at, "unit": unit},
        })
    };
    let items: Vec<Value> = (0..number).map(item).collect();
    let call = app.post("/api/v1/invitations/batch").bearer(app.world.token("client")).key(&format!("batch-{key}"));
    let done = call.json(&json!({"items": items})).send().await.expect(200);
    done["items"].as_array().expect("items").iter().map(|one| Invited::of(one["invitation"].clone())).collect()
}

async fn counted(app: &TestApp, query: &str) -> Vec<Value> {
    uptake::count_all(&app.services).await.expect("counted");
    let path = format!("/api/v1/statistics/uptake?{query}");
    let found = app.get(&path).bearer(app.world.token("client")).send().await.expect(200);
    found["items"].as_array().expect("items").clone()
}

fn numbers(line: &Value) -> Vec<Option<u64>> {
    ["visits", "not_sent", "sent", "opened", "started", "answered", "amended", "declined", "minutes_to_answer", "minutes_to_fill_in"]
        .iter()
        .map(|name| line[name].as_u64())
        .collect()
}

const FRIDAY: &str = "2026-11-27T08:30:00Z";

/// Twenty visits: ten not sent, ten sent, of those five answered.
async fn a_week(app: &TestApp) -> Vec<Invited> {
    register(app, &app.world.unit, 10, FRIDAY).await;
    let invited = invite(app, "first", &app.world.unit, 10, FRIDAY).await;
    app.advance(Duration::minutes(60));
    for one in &invited[..5] {
        let (session, _) = app.open(one, None).await;
        app.save(&session, 0, &answers(3, &[], &[], "no", Some("no"))).await.expect(200);
        app.advance(Duration::minutes(10));
        app.submit(&session, 1).await.expect(201);
    }
    invited
}

on_both! {
    async fn every_visit_is_counted_once_and_few_are_hidden(app: TestApp) {
        a_week(&app).await;
        // Three visits of another unit, and a cancelled one, a second form and one that was taken back.
        invite(&app, "few", &app.world.second_unit, 3, FRIDAY).await;
        let lines = counted(&app, WEEK).await;
        assert_eq!(lines.len(), 2);
        let own = lines.iter().find(|line| line["unit"]["id"] == json!(app.world.unit)).expect("line");
        assert_eq!((&own["unit"]["name"], &own["week"], &own["from"], &own["to"], &own["final"]),
            (&json!("Poliklinikken"), &json!("2026-W48"), &json!("2026-11-23"), &json!("2026-11-29"), &json!(false)));
        // Sent at once, opened after 60, 70 … minutes, handed in ten later.
        let expected = [20, 10, 10, 5, 5, 5, 0, 0, 90, 10];
        assert_eq!(numbers(own), expected.map(Some));
        let few = lines.iter().find(|line| line["unit"]["id"] == json!(app.world.second_unit)).expect("line");
        assert_eq!(numbers(few), vec![None; 10]);
        assert_eq!(uptake::count_all(&app.services).await, Ok(0), "nothing has changed");
        // The log says that it was read.
        assert_eq!(sql::number(&app.database_url, "SELECT COUNT(*) FROM access_log WHERE action = 'statistics.read'").await, 1);
        let cancel = "UPDATE appointment SET status = 'cancelled' WHERE id IN (SELECT appointment_id FROM invitation WHERE state = 'issued')";
        assert_eq!(sql::execute(&app.database_url, cancel).await.expect("cancelled"), 8);
        let lines = counted(&app, WEEK).await;
        assert_eq!(lines.len(), 1, "a unit whose visits are all cancelled has no line");
        assert_eq!(numbers(&lines[0])[0], Some(15));
    }
}

on_both! {
    async fn not_sent_and_not_answered_stay_apart(app: TestApp) {
        let invited = invite(&app, "first", &app.world.unit, 20, FRIDAY).await;
        for one in &invited[..6] {
            app.revoke(&one.id).await.expect(200);
        }
        for one in &invited[6..12] {
            let (session, _) = app.open(one, None).await;
            app.post("/api/v1/session/decline").bearer(&session).send().await.expect(200);
        }
        let lines = counted(&app, WEEK).await;
        // Who was asked and then taken back was, in the end, not asked.
        assert_eq!(numbers(&lines[0]), [Some(20), Some(6), Some(14), Some(6), Some(0), Some(0), Some(0), Some(6), None, None]);
    }
}

on_both! {
    async fn a_number_that_gives_another_away_is_hidden_too(app: TestApp) {
        // Two of twenty were not asked, three have not opened.
        register(&app, &app.world.unit, 2, FRIDAY).await;
        let invited = invite(&app, "first", &app.world.unit, 18, FRIDAY).await;
        for one in &invited[..15] {
            app.open(one, None).await;
        }
        let lines = counted(&app, WEEK).await;
        let seen = numbers(&lines[0]);
        assert_eq!((seen[0], seen[1], seen[2]), (Some(20), None, None));
        // 20 and 15 differ by five, of whom nobody knows who was asked.
        assert_eq!(seen[3], Some(15));
        for one in &invited[15..17] {
            app.open(one, None).await;
        }
        assert_eq!(numbers(&counted(&app, WEEK).await[0])[3], None);
    }
}

on_both! {
    async fn the_week_is_that_of_the_day_in_norway(app: TestApp) {
        // Sunday late in UTC is Monday in Oslo.
        invite(&app, "sunday", &app.world.unit, 5, "2026-11-29T22:59:59Z").await;
        invite(&app, "monday", &app.world.unit, 6, "2026-11-29T23:00:00Z").await;
        let due: Vec<Value> = (0..7).map(|n| json!({"patient": {"name": format!("Due {n}"), "birth_date": BORN}, "unit": app.world.unit, "due_on": "2026-12-07"})).collect();
        let call = app.post("/api/v1/invitations/batch").bearer(app.world.token("client")).key("batch-due");
        call.json(&json!({"items": due})).send().await.expect(200);
        let lines = counted(&app, "from=2026-11-29&to=2026-12-08").await;
        let weeks: Vec<(&str, Option<u64>)> = lines.iter().map(|line| (line["week"].as_str().expect("week"), line["visits"].as_u64())).collect();
        assert_eq!(weeks, [("2026-W48", Some(5)), ("2026-W49", Some(6)), ("2026-W50", Some(7))]);
        // A visit that is moved leaves the one week and comes into the other.
        for visit in 0..6 {
            let order = json!({
                "patient": {"name": format!("Oppdiktet monday {visit}"), "birth_date": BORN},
                "appointment": {"external_id": format!("monday-{visit}"), "starts_at": "2026-12-08T09:00:00Z", "unit": app.world.unit},
            });
            // Another patient than before: refused, and nothing moves.
            app.issue(&format!("moved-key-{visit}"), &order).await.expect_problem(422, "body-invalid");
        }
        let moved = "UPDATE appointment SET starts_at = (SELECT MAX(starts_at) FROM appointment)";
        sql::execute(&app.database_url, moved).await.expect("moved");
        let lines = counted(&app, "from=2026-11-29&to=2026-12-08").await;
        assert_eq!(lines.len(), 2);
        assert_eq!((&lines[0]["week"], &lines[0]["visits"]), (&json!("2026-W49"), &json!(11)));
    }
}

on_both! {
    async fn the_numbers_stay_when_the_persons_are_gone(app: TestApp) {
        a_week(&app).await;
        let before = counted(&app, WEEK).await;
        let organization = app.world.organization.expect("organization");
        for kind in [Kind::Invitation, Kind::Response] {
            let setting = Setting::new(kind, Keep::Days(30)).expect("setting");
            retention::set(&app.services, organization, vec![setting], true).await.expect("set");
        }
        // Day by day, as the jobs run.
        for _ in 0..45 {
            app.advance(Duration::days(1));
            expire_invitations::run(&app.services).await.expect("expired");
            uptake::count_all(&app.services).await.expect("counted");
            enforce_retention::run(&app.services).await.expect("retention");
        }
        assert_eq!(sql::number(&app.database_url, "SELECT COUNT(*) FROM appointment").await, 0);
        assert_eq!(sql::number(&app.database_url, "SELECT COUNT(*) FROM response").await, 0);
        let after = counted(&app, WEEK).await;
        assert_eq!(after.len(), 1);
        assert_eq!((numbers(&after[0]), &after[0]["final"]), (numbers(&before[0]), &json!(true)));
    }
}

on_both! {
    async fn the_same_as_csv(app: TestApp) {
        a_week(&app).await;
        invite(&app, "few", &app.world.second_unit, 3, FRIDAY).await;
        sql::execute(&app.database_url, "UPDATE unit SET name = '=SUM(A1,\"x\")' WHERE name = 'Poliklinikken'").await.expect("renamed");
        uptake::count_all(&app.services).await.expect("counted");
        let path = format!("/api/v1/statistics/uptake?{WEEK}");
        for call in [app.get(&format!("{path}&format=csv")), app.get(&path).header("accept", "text/csv"), app.get(&format!("{path}&format=csv&by=week")).header("accept", "application/json")] {
            let answer = call.bearer(app.world.token("organization_admin")).send().await;
            assert_eq!((answer.status, answer.headers["content-type"].as_str()), (200, "text/csv; charset=utf-8; header=present"));
            assert_eq!(answer.headers["content-disposition"], "attachment; filename=\"uptake-2026-11-23-2026-11-29.csv\"");
            let mut reader = csv::Reader::from_reader(answer.text.as_bytes());
            let head: Vec<String> = reader.headers().expect("head").iter().map(str::to_owned).collect();
            assert_eq!(head[..6].join(" "), "week from to unit unit_name visits");
            let mut rows: Vec<String> = reader.records().map(|row| row.expect("row").iter().skip(4).collect::<Vec<_>>().join(" ")).collect();
            rows.sort();
            assert_eq!(rows, ["'=SUM(A1,\"x\") 20 10 10 5 5 5 0 0 90 10 false", "Sengeposten .. .. .. .. .. .. .. .. .. .. false"]);
        }
        app.get(&path).header("accept", "text/html").bearer(app.world.token("client")).send().await.expect_problem(406, "not-acceptable");
    }
}

on_both! {
    async fn who_may_see_which_units(app: TestApp) {
        a_week(&app).await;
        invite(&app, "other", &app.world.second_unit, 6, FRIDAY).await;
        uptake::count_all(&app.services).await.expect("counted");
        let path = format!("/api/v1/statistics/uptake?{WEEK}");
        let units = async |who: &str, path: &str| {
            let found = app.get(path).bearer(app.world.token(who)).send().await.expect(200);
            found["items"].as_array().expect("items").iter().map(|line| line["unit"]["id"].as_str().expect("id").to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(units("client", &path).await.len(), 2);
        assert_eq!(units("organization_admin", &path).await.len(), 2);
        assert_eq!(units("unit_admin", &path).await, std::slice::from_ref(&app.world.unit));
        assert_eq!(units("other_client", &path).await.len(), 0);
        let one = |unit: &str| format!("{path}&unit={unit}");
        assert_eq!(units("client", &one(&app.world.second_unit)).await, std::slice::from_ref(&app.world.second_unit));
        let ask = async |who: &str, unit: &str| app.get(&one(unit)).bearer(app.world.token(who)).send().await;
        ask("unit_admin", &app.world.second_unit).await.expect_problem(403, "role-missing");
        ask("client", &app.world.other_unit).await.expect_problem(404, "not-found");
        for query in ["from=2026-11-24&to=2026-11-23", "from=2026-01-01&to=2027-01-07"] {
            let problem = app.get(&format!("/api/v1/statistics/uptake?{query}")).bearer(app.world.token("client")).send().await;
            let problem = problem.expect_problem(400, "query-invalid");
            assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains("53")), "{problem}");
        }
        for query in ["from=2026-11-24", "from=x&to=2026-11-24", "from=2026-11-24&to=2026-11-24&by=day", "from=2026-11-24&to=2026-11-24&format=pdf"] {
            app.get(&format!("/api/v1/statistics/uptake?{query}")).bearer(app.world.token("client")).send().await.expect_problem(400, "query-invalid");
        }
    }
}
