//! What admins and auditors read: the organization's log with filters, and what stands out in it.

use super::read;
use crate::on_both;
use crate::support::TestApp;
use crate::support::sql;
use crate::support::world::{FNR, answers, order_without_visit};
use chrono::Duration;
use kartlegging::domain::actor::{Grant, Role};
use kartlegging::domain::identifier::PatientIdentifier;
use kartlegging::domain::ids::UnitId;
use kartlegging::services::admin::{self, Bearer, NewClinician};
use serde_json::{Value, json};
use std::collections::BTreeSet;

async fn log(app: &TestApp, who: &str, query: &str) -> Value {
    app.get(&format!("/api/v1/access-log{query}")).bearer(app.world.token(who)).send().await.expect(200)
}

async fn report(app: &TestApp, who: &str) -> Vec<Value> {
    let path = "/api/v1/access-log/report?from=2026-11-01&to=2026-12-01";
    let body = app.get(path).bearer(app.world.token(who)).send().await.expect(200);
    assert_eq!(body["more"], false);
    body["items"].as_array().expect("items").clone()
}

fn items(body: &Value) -> Vec<Value> {
    body["items"].as_array().expect("items").clone()
}

/// The findings of a pattern.
fn of<'v>(found: &'v [Value], pattern: &str) -> Vec<&'v Value> {
    found.iter().filter(|one| one["pattern"]["code"] == pattern).collect()
}

on_both! {
    async fn each_filter_narrows_and_pages_leave_nothing_out(app: TestApp) {
        let invited = app.invite("visit-1").await;
        read(&app, &invited.patient, 4).await;
        let other = app.issue("key-other", &order_without_visit(&app.world.unit, "Per Oppdiktet")).await.expect(201);
        let other = other["patient"].as_str().expect("patient").to_owned();
        let mut elsewhere = app.order("visit-2");
        elsewhere["appointment"]["unit"] = json!(app.world.second_unit);
        app.advance(Duration::days(1));
        app.issue("key-visit-2", &elsewhere).await.expect(201);
        let (_, done) = app.answer(&invited, &answers(3, &[], &[], "no", Some("no"))).await;
        let response = format!("/api/v1/responses/{}", done["response"].as_str().expect("id"));
        app.get(&response).bearer(app.world.token("clinician")).send().await.expect(200);
        app.advance(Duration::days(1));

        let nurse = app.world.clinician.expect("clinician").to_string();
        let client = app.world.client.expect("client").to_string();
        let count = async |query: &str| items(&log(&app, "auditor", query).await).len();
        let all = items(&log(&app, "auditor", "?limit=500").await);
        let with = |pointer: &str, value: &str| all.iter().filter(|one| one.pointer(pointer) == Some(&json!(value))).count();
        assert_eq!(with("/actor/id", &nurse), 5);
        assert_eq!(count(&format!("?actor={nurse}")).await, 5);
        assert_eq!(count(&format!("?actor={client}")).await, 3);
        assert_eq!(count("?action=patient.timeline").await, 4);
        assert_eq!(count("?action=patient.timeline&result=not-found").await, 0);
        assert_eq!(count("?action=response.read&result=ok").await, 1);
        assert_eq!(count(&format!("?patient={other}")).await, 1);
        assert_eq!(count(&format!("?unit={}", app.world.second_unit)).await, 1);
        assert_eq!(count("?from=2026-11-24&to=2026-11-24").await, 6);
        assert_eq!(count("?from=2026-11-25&to=2026-11-25&action=invitation.issue").await, 1);
        assert_eq!(count("?to=2026-11-23").await, 0);
        assert_eq!(count("?from=2026-11-27").await, 0);
        // Each of those is in the log itself, the last first.
        app.advance(Duration::seconds(1));
        assert_eq!(count("?to=2026-11-23").await, 0);
        app.advance(Duration::seconds(1));
        let newest = items(&log(&app, "auditor", "?limit=1").await);
        assert_eq!((&newest[0]["action"], &newest[0]["patients"]), (&json!("access-log.list"), &json!([])));
        let asked = items(&log(&app, "auditor", &format!("?patient={other}&action=access-log.list")).await);
        assert_eq!(asked.len(), 1, "who asks about a patient is named with the patient");
        // Pages of three, of what had happened before.
        let days = "from=2026-11-24&to=2026-11-25";
        let whole = items(&log(&app, "auditor", &format!("?{days}&limit=500")).await);
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = log(&app, "auditor", &format!("?{days}&limit=3{cursor}")).await;
            assert!(items(&page).len() <= 3);
            seen.extend(items(&page));
            let Some(next) = page["next_cursor"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        assert_eq!(seen, whole);
        assert!(whole.iter().any(|one| one["patients"] == json!([invited.patient])));
    }
}

on_both! {
    async fn a_unit_admin_sees_own_units_and_nobody_another_organization(app: TestApp) {
        let invited = app.invite("visit-1").await;
        let mut elsewhere = app.order("visit-2");
        elsewhere["appointment"]["unit"] = json!(app.world.second_unit);
        app.issue("key-visit-2", &elsewhere).await.expect(201);
        app.advance(Duration::seconds(1));
        let mine = items(&log(&app, "unit_admin", "").await);
        assert_eq!(mine.len(), 1);
        assert_eq!((&mine[0]["unit"], &mine[0]["patients"]), (&json!(app.world.unit), &json!([invited.patient])));
        assert_eq!(items(&log(&app, "unit_admin", &format!("?unit={}", app.world.unit)).await).len(), 1);
        let ask = |who: &str, unit: &str| app.get(&format!("/api/v1/access-log?unit={unit}")).bearer(app.world.token(who));
        ask("unit_admin", &app.world.second_unit).send().await.expect_problem(403, "role-missing");
        for who in ["unit_admin", "organization_admin", "auditor"] {
            for unit in [app.world.other_unit.as_str(), "x"] {
                ask(who, unit).send().await.expect_problem(404, "not-found");
            }
        }
        let list = format!("/api/v1/worklist?unit={}&from=2026-11-24&to=2026-11-30", app.world.other_unit);
        app.get(&list).bearer(app.world.token("other_clinician")).send().await.expect(200);
        assert!(items(&log(&app, "auditor", "").await).iter().all(|one| one["unit"] != json!(app.world.other_unit)));
    }
}

on_both! {
    async fn a_colleague_as_patient_stands_out(app: TestApp) {
        let invited = app.invite("visit-1").await;
        read(&app, &invited.patient, 2).await;
        assert_eq!(report(&app, "auditor").await, Vec::<Value>::new());
        // The patient turns out to be the auditor's colleague.
        let organization = app.world.organization.expect("organization");
        let unit = UnitId::parse(&app.world.second_unit);
        let grants = BTreeSet::from([Grant { role: Role::Clinician, unit }]);
        let new = NewClinician { organization, name: "Åse Oppdiktet".to_owned(), hpr_number: Some("9900099".to_owned()), subject: None, grants };
        let colleague = admin::add_clinician(&app.services, new).await.expect("clinician");
        let own = PatientIdentifier::parse("urn:oid:2.16.578.1.12.4.1.4.1", None, FNR, true).expect("number");
        admin::set_national_id(&app.services, colleague, Some(own)).await.expect("set");
        let kept = sql::query(&app.database_url, "SELECT national_id_index FROM clinician WHERE national_id_index IS NOT NULL").await;
        let kept: Vec<u8> = kept[0].try_get("", "national_id_index").expect("index");
        assert!(kept.len() == 32 && !kept.windows(5).any(|part| FNR.as_bytes().starts_with(part)));
        let found = report(&app, "auditor").await;
        let found = of(&found, "own-colleague");
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!((&found[0]["entries"], &found[0]["patients"]), (&json!(2), &json!([invited.patient])));
        assert_eq!(found[0]["actor"], json!({"id": app.world.clinician.expect("clinician"), "name": "clinician"}));
        assert_eq!((&found[0]["day"], &found[0]["unit"]), (&json!("2026-11-24"), &json!(app.world.unit)));
        // The unit's admin sees it, another organization does not, and a removed number is forgotten.
        assert_eq!(of(&report(&app, "unit_admin").await, "own-colleague").len(), 1);
        let english = app.get("/api/v1/access-log/report?from=2026-11-24&to=2026-11-24").bearer(app.world.token("organization_admin"));
        let english = english.header("accept-language", "en").send().await.expect(200);
        assert_eq!(english["items"][0]["pattern"]["text"], "The patient is a clinician of the organization");
        admin::set_national_id(&app.services, colleague, None).await.expect("removed");
        assert_eq!(of(&report(&app, "auditor").await, "own-colleague").len(), 0);
        let logged = "SELECT COUNT(*) FROM access_log WHERE action = 'clinician.national-id'";
        assert_eq!(sql::number(&app.database_url, logged).await, 2);
    }
}

on_both! {
    async fn many_patients_in_a_day_stand_out(app: TestApp) {
        let orders: Vec<Value> = (0..7).map(|n| order_without_visit(&app.world.unit, &format!("Oppdiktet {n}"))).collect();
        let call = app.post("/api/v1/invitations/batch").bearer(app.world.token("client")).key("batch-01");
        let issued = call.json(&json!({"items": orders})).send().await.expect(200);
        let patients: Vec<String> =
            items(&issued).iter().map(|one| one["invitation"]["patient"].as_str().expect("patient").to_owned()).collect();
        let organization = app.world.organization.expect("organization");
        admin::set_patients_a_day(&app.services, organization, Some(3)).await.expect("set");
        for day in patients.chunks(4) {
            for patient in day {
                read(&app, patient, 2).await;
            }
            app.advance(Duration::days(1));
        }
        // A worklist shows them all, and is no opening of each.
        let list = format!("/api/v1/worklist?unit={}&from=2026-11-24&to=2026-12-20", app.world.unit);
        app.get(&list).bearer(app.world.token("clinician")).send().await.expect(200);
        let found = report(&app, "auditor").await;
        let found = of(&found, "many-patients");
        assert_eq!(found.len(), 1, "four on the first day, three on the second: {found:?}");
        assert_eq!((&found[0]["patient_count"], &found[0]["entries"], &found[0]["day"]), (&json!(4), &json!(8), &json!("2026-11-24")));
        let named: BTreeSet<&str> = found[0]["patients"].as_array().expect("patients").iter().filter_map(Value::as_str).collect();
        assert_eq!(named, patients[..4].iter().map(String::as_str).collect());
        assert!(found[0]["pattern"]["text"].as_str().is_some_and(|text| text.contains('3')));
        admin::set_patients_a_day(&app.services, organization, None).await.expect("set");
        assert_eq!(report(&app, "auditor").await, Vec::<Value>::new());
    }
}

on_both! {
    async fn a_stated_ground_and_a_unit_without_a_role_stand_out(app: TestApp) {
        let invited = app.invite("visit-1").await;
        read(&app, &invited.patient, 1).await;
        let path = format!("/api/v1/patients/{}/timeline", invited.patient);
        for ground in ["emergency", "emergency", "quality-work"] {
            app.advance(Duration::minutes(1));
            let call = app.get(&path).bearer(app.world.token("second_clinician")).header("kartlegging-ground", ground);
            call.send().await.expect(200);
        }
        let found = report(&app, "auditor").await;
        let stated = of(&found, "stated-ground");
        let mut told: Vec<(&str, u64)> =
            stated.iter().map(|one| (one["ground"].as_str().expect("ground"), one["entries"].as_u64().expect("entries"))).collect();
        told.sort_unstable();
        assert_eq!(told, [("emergency", 2), ("quality-work", 1)]);
        assert!(stated.iter().all(|one| one["patients"] == json!([invited.patient]) && one["actor"]["name"] == "second_clinician"));
        assert_eq!(of(&found, "outside-unit").len(), 0);
        // Somebody who reads today and has no role in that unit tomorrow.
        let unit = UnitId::parse(&app.world.unit);
        let organization = app.world.organization.expect("organization");
        let grants = BTreeSet::from([Grant { role: Role::Clinician, unit }]);
        let new = NewClinician { organization, name: "Vikar".to_owned(), hpr_number: Some("9900098".to_owned()), subject: None, grants };
        let temp = admin::add_clinician(&app.services, new).await.expect("clinician");
        let token = crate::support::world::token(&app.services, Bearer::Clinician(temp)).await;
        app.get(&path).bearer(&token).send().await.expect(200);
        assert_eq!(of(&report(&app, "auditor").await, "outside-unit").len(), 0);
        let roles = "UPDATE clinician_role SET unit_id = (SELECT id FROM unit WHERE name = 'Sengeposten') WHERE clinician_id = (SELECT id FROM clinician WHERE name = 'Vikar')";
        sql::execute(&app.database_url, roles).await.expect("roles");
        let found = report(&app, "unit_admin").await;
        let outside = of(&found, "outside-unit");
        assert_eq!(outside.len(), 1, "{found:?}");
        assert_eq!((&outside[0]["actor"]["name"], &outside[0]["unit"]), (&json!("Vikar"), &json!(app.world.unit)));
        // The report is in the log too.
        let logged = "SELECT COUNT(*) FROM access_log WHERE action = 'access-log.report'";
        assert_eq!(sql::number(&app.database_url, logged).await, 3);
    }
}

on_both! {
    async fn statements_do_not_grow_with_the_entries(app: TestApp) {
        let invited = app.invite("visit-1").await;
        let mut counts = Vec::new();
        for more in [3, 40] {
            read(&app, &invited.patient, more).await;
            for path in ["/api/v1/access-log?limit=500", "/api/v1/access-log/report?from=2026-11-24&to=2026-11-24"] {
                // The least of three: a connection that is opened, and what runs beside, have statements too.
                let mut least = u64::MAX;
                for _ in 0..3 {
                    let before = app.services.db.statements();
                    app.get(path).bearer(app.world.token("auditor")).send().await.expect(200);
                    least = least.min(app.services.db.statements() - before);
                }
                counts.push(least);
            }
        }
        assert_eq!(counts[..2], counts[2..], "statements for few and for many entries");
    }
}
