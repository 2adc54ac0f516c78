//! How long data is kept: each kind goes when its time is over and not before, in the organization
//! whose time it is, and nothing is left hanging.

use crate::on_both;
use crate::support::TestApp;
use crate::support::sql;
use crate::support::world::{BORN, Invited, WRONG_DATE, answers, order_without_visit};
use chrono::{DateTime, Duration, Utc};
use kartlegging::domain::ids::OrganizationId;
use kartlegging::domain::retention::{Keep, Kind, Setting};
use kartlegging::services::{enforce_retention, expire_invitations, purge, retention};
use serde_json::{Value, json};

fn setting(text: &str) -> Setting {
    Setting::parse(text).expect(text)
}

fn own(app: &TestApp) -> OrganizationId {
    app.world.organization.expect("organization")
}

async fn set(app: &TestApp, text: &str) {
    retention::set(&app.services, own(app), vec![setting(text)], true).await.expect("set");
}

async fn run(app: &TestApp) -> u64 {
    enforce_retention::run(&app.services).await.expect("run")
}

/// Moves the clock to an instant and runs all jobs that delete.
async fn run_at(app: &TestApp, at: &str) -> u64 {
    let at: DateTime<Utc> = at.parse().expect("instant");
    app.advance(at - app.services.now());
    expire_invitations::run(&app.services).await.expect("expired");
    run(app).await
}

async fn rows(app: &TestApp, table: &str) -> i64 {
    sql::number(&app.database_url, &format!("SELECT COUNT(*) FROM {table}")).await
}

/// Rows of tables that hang on a patient, an invitation or a response.
async fn all_rows(app: &TestApp, tables: &[&str]) -> Vec<i64> {
    let mut all = Vec::new();
    for table in tables {
        all.push(rows(app, table).await);
    }
    all
}

/// Actions of the job in a patient's log, with the objects.
async fn log(app: &TestApp, patient: &str) -> Vec<(String, Value)> {
    let query = format!(
        "SELECT l.action || ' ' || COALESCE(CAST(l.object_kind AS TEXT), '-') FROM access_log l \
         JOIN access_log_patient p ON p.entry_id = l.id WHERE l.request_id = 'job:retention' AND {} ORDER BY l.id",
        of(app, "p.patient_id", patient)
    );
    let texts = sql::texts(&app.database_url, &query).await;
    texts.iter().filter_map(|text| text.split_once(' ')).map(|(action, object)| (action.to_owned(), json!(object))).collect()
}

/// A condition on an id, as each database writes it.
fn of(app: &TestApp, column: &str, id: &str) -> String {
    match app.kind {
        crate::support::app::Kind::Sqlite => format!("lower(hex({column})) = '{}'", id.replace('-', "")),
        crate::support::app::Kind::Postgres => format!("{column} = '{id}'"),
    }
}

/// An invitation of the other organization, to the same person.
async fn elsewhere(app: &TestApp) -> Invited {
    let mut order = app.order("visit-1");
    order["appointment"]["unit"] = json!(app.world.other_unit);
    order["patient"]["contact"] = json!({"email": "per@example.com"});
    let call = app.post("/api/v1/invitations").bearer(app.world.token("other_client")).key("key-elsewhere");
    Invited::of(call.json(&order).send().await.expect(201))
}

on_both! {
    async fn a_response_stays_until_the_organization_sets_a_time(app: TestApp) {
        let invited = app.invite("visit-1").await;
        let (_, receipt) = app.answer(&invited, &answers(5, &["pain"], &[], "yes", Some("yes"))).await;
        let foreign = elsewhere(&app).await;
        app.answer(&foreign, &answers(5, &[], &[], "no", Some("no"))).await;
        let path = format!("/api/v1/responses/{}", receipt["response"].as_str().expect("id"));
        app.post(&format!("{path}/review")).bearer(app.world.token("clinician")).json(&json!({"version": 1})).send().await.expect(200);
        // Ten years on, it is there.
        run_at(&app, "2036-11-24T08:00:00Z").await;
        assert_eq!(all_rows(&app, &["response", "response_version", "review", "invitation", "appointment", "patient"]).await, [2, 2, 1, 2, 2, 2]);
        set(&app, "response=3650").await;
        assert_eq!(run_at(&app, "2036-11-24T08:29:00Z").await, 0, "3650 days after the visit");
        assert_eq!(run_at(&app, "2036-11-24T08:31:00Z").await, 4, "response, invitation, visit, patient");
        assert_eq!(run(&app).await, 0);
        // The other organization has set nothing.
        assert_eq!(all_rows(&app, &["response", "response_version", "review", "invitation", "appointment", "patient"]).await, [1, 1, 0, 1, 1, 1]);
        let expected = [("retention.response", "response"), ("retention.invitation", "-"), ("retention.appointment", "-"), ("retention.patient", "-")];
        let expected: Vec<(String, Value)> = expected.iter().map(|(action, object)| ((*action).to_owned(), json!(object))).collect();
        let mut log = log(&app, &invited.patient).await;
        log.retain(|(action, _)| action != "retention.contact");
        assert_eq!(log.len(), expected.len(), "{log:?}");
        assert!(expected.iter().all(|entry| log.contains(entry)), "{log:?}");
    }
}

on_both! {
    async fn what_another_system_sent_goes_with_its_response(app: TestApp) {
        let invited = app.invite("visit-1").await;
        let mut body = answers(5, &[], &[], "no", Some("no"));
        body["questionnaire"] = json!("https://kartlegging.example/fhir/Questionnaire/distress-thermometer");
        let path = format!("/fhir/Questionnaire/$process-response?task={}", invited.id);
        app.post(&path).bearer(app.world.token("client")).json(&body).send().await.expect(200);
        assert_eq!(all_rows(&app, &["response", "response_original"]).await, [1, 1]);
        set(&app, "response=3650").await;
        run_at(&app, "2036-11-24T08:31:00Z").await;
        assert_eq!(all_rows(&app, &["response", "response_original"]).await, [0, 0]);
    }
}

on_both! {
    async fn a_time_is_counted_from_the_visit_and_nothing_younger_goes(app: TestApp) {
        set(&app, "response=30").await;
        let early = app.invite("visit-1").await;
        app.answer(&early, &answers(5, &[], &[], "no", Some("no"))).await;
        let mut order = order_without_visit(&app.world.unit, "Per Oppdiktet");
        order["due_on"] = json!("2026-12-20");
        let late = Invited::of(app.issue("key-late", &order).await.expect(201));
        app.answer(&late, &answers(2, &[], &[], "no", Some("no"))).await;
        // The visit is on 27 November at 08:30 UTC.
        assert_eq!(run_at(&app, "2026-12-27T08:29:00Z").await, 0);
        assert_eq!(run_at(&app, "2026-12-27T08:31:00Z").await, 1);
        assert_eq!(all_rows(&app, &["response", "invitation", "patient"]).await, [1, 2, 2]);
        assert_eq!(app.invitation(&early.id).await["response"], json!(null));
        assert!(app.invitation(&late.id).await["response"].is_string());
        // A worklist that reaches back shows the visit without an answer.
        let list = format!("/api/v1/worklist?unit={}&from=2026-11-24&to=2026-11-30", app.world.unit);
        let list = app.get(&list).bearer(app.world.token("clinician")).send().await.expect(200);
        assert_eq!((list["items"].as_array().map(Vec::len), &list["items"][0]["response"]), (Some(1), &json!(null)));
        // What is corrected later is young again.
        app.advance(Duration::days(45));
        let body = json!({"invitation": late.id, "respondent": {"kind": "patient"}, "language": "nb", "answered_on": "2026-12-01",
            "answers": answers(4, &[], &[], "yes", Some("no"))});
        app.post("/api/v1/responses").bearer(app.world.token("clinician")).key("key-right").json(&body).send().await.expect(201);
        run_at(&app, "2027-03-12T08:30:00Z").await;
        assert_eq!(rows(&app, "response").await, 1);
        run_at(&app, "2027-03-12T08:32:00Z").await;
        assert_eq!(rows(&app, "response").await, 0);
    }
}

on_both! {
    async fn who_never_answered_is_forgotten_after_a_year(app: TestApp) {
        let silent = app.invite("visit-1").await;
        app.try_link(&silent, WRONG_DATE).await.expect_problem(401, "credential-wrong");
        let (session, _) = app.open(&silent, None).await;
        app.save(&session, 0, &answers(5, &[], &[], "no", Some("no"))).await.expect(200);
        app.reissue(&silent.id, "key-again").await.expect(200);
        let order = order_without_visit(&app.world.unit, "Per Oppdiktet");
        let answered = Invited::of(app.issue("key-answered", &order).await.expect(201));
        app.answer(&answered, &answers(2, &[], &[], "no", Some("no"))).await;
        let open = json!({"patient": {"name": "Kari Prøve", "birth_date": BORN}, "unit": app.world.unit, "due_on": "2027-11-20"});
        let open = Invited::of(app.issue("key-open", &open).await.expect(201));
        run_at(&app, "2027-11-27T08:29:00Z").await;
        assert_eq!(all_rows(&app, &["invitation", "credential", "appointment", "patient"]).await, [3, 4, 1, 3]);
        run_at(&app, "2027-11-27T08:31:00Z").await;
        let tables = ["invitation", "credential", "credential_invitation", "appointment", "patient", "patient_key", "response"];
        assert_eq!(all_rows(&app, &tables).await, [2, 2, 2, 0, 2, 2, 1]);
        assert_eq!(rows(&app, "patient_identifier").await, 0, "the number went with its patient");
        assert_eq!(app.invitation(&open.id).await["state"], "issued");
        assert!(app.invitation(&answered.id).await["response"].is_string());
        app.get(&format!("/api/v1/invitations/{}", silent.id)).bearer(app.world.token("client")).send().await.expect_problem(404, "not-found");
        app.try_link(&silent, BORN).await.expect_problem(401, "credential-wrong");
        // The same person is somebody new.
        let mut again = app.order("visit-1");
        again["appointment"]["starts_at"] = json!("2027-12-01T09:00:00+01:00");
        let again = Invited::of(app.issue("key-anew", &again).await.expect(201));
        assert_ne!(again.patient, silent.patient);
        // Who has seen the data of someone who is gone can still be asked of the log.
        assert!(log(&app, &silent.patient).await.iter().any(|(action, _)| action == "retention.patient"));
    }
}

on_both! {
    async fn the_address_for_notices_goes_six_weeks_after_the_visit(app: TestApp) {
        let mut order = app.order("visit-1");
        order["patient"]["contact"] = json!({"email": "ase@example.com", "phone": "00000001"});
        let invited = Invited::of(app.issue("key-contact", &order).await.expect(201));
        let foreign = elsewhere(&app).await;
        let with = async || rows(&app, "patient WHERE contact_sealed IS NOT NULL").await;
        let other = kartlegging::domain::ids::PatientId::parse(&foreign.patient).expect("id");
        retention::set(&app.services, organization_of(&app, other).await, vec![setting("contact=60")], true).await.expect("set");
        run_at(&app, "2027-01-08T08:29:00Z").await;
        assert_eq!(with().await, 2);
        assert_eq!(run_at(&app, "2027-01-08T08:31:00Z").await, 1);
        assert_eq!(with().await, 1, "only where its time is over");
        assert_eq!(log(&app, &invited.patient).await, [("retention.contact".to_owned(), json!("-"))]);
        // A new visit brings a new one, which stays.
        order["appointment"] = json!({"external_id": "visit-2", "starts_at": "2027-03-01T09:00:00+01:00", "unit": app.world.unit});
        app.issue("key-contact-2", &order).await.expect(201);
        run_at(&app, "2027-04-01T08:00:00Z").await;
        assert_eq!(with().await, 1);
        run_at(&app, "2027-05-01T08:00:00Z").await;
        assert_eq!(with().await, 0);
        let found = app.get(&format!("/api/v1/patients/{}/timeline", invited.patient)).bearer(app.world.token("client")).send().await.expect(200);
        assert_eq!(found["patient"]["name"], "Åse Oppdiktet");
    }
}

on_both! {
    async fn who_may_answer_in_the_patients_place_goes_as_the_address_does(app: TestApp) {
        let mut order = app.order("visit-1");
        let identifier = json!({"system": "urn:oid:2.16.578.1.12.4.1.4.1", "value": "13906030130"});
        order["patient"]["representatives"] = json!([{"identifier": identifier, "name": "Odd Oppdiktet", "relation": "guardian"}]);
        let invited = Invited::of(app.issue("key-acting", &order).await.expect(201));
        run_at(&app, "2027-01-08T08:29:00Z").await;
        assert_eq!(rows(&app, "representative").await, 1);
        assert_eq!(run_at(&app, "2027-01-08T08:31:00Z").await, 1);
        assert_eq!(rows(&app, "representative").await, 0);
        assert_eq!(log(&app, &invited.patient).await, [("retention.representative".to_owned(), json!("-"))]);
    }
}

async fn organization_of(app: &TestApp, patient: kartlegging::domain::ids::PatientId) -> OrganizationId {
    let rows = sql::query(&app.database_url, "SELECT id, organization_id FROM patient").await;
    let found = rows.iter().find(|row| row.try_get::<uuid::Uuid>("", "id").expect("id") == patient.0).expect("patient");
    found.try_get::<uuid::Uuid>("", "organization_id").expect("organization").into()
}

on_both! {
    async fn a_forgotten_draft_goes_before_its_invitation_when_so_set(app: TestApp) {
        let order = order_without_visit(&app.world.unit, "Per Oppdiktet");
        let invited = Invited::of(app.issue("key-draft", &order).await.expect(201));
        let (session, device) = app.open(&invited, None).await;
        app.save(&session, 0, &answers(5, &[], &[], "no", Some("no"))).await.expect(200);
        run_at(&app, "2026-12-20T08:00:00Z").await;
        assert!(app.draft(&invited.id).await.is_some(), "the link still opens");
        set(&app, "draft=27").await;
        assert_eq!(run_at(&app, "2026-12-21T07:59:00Z").await, 0);
        assert_eq!(run_at(&app, "2026-12-21T08:01:00Z").await, 1);
        assert!(app.draft(&invited.id).await.is_none());
        // The link opens, and the form begins anew.
        let (session, _) = app.open(&invited, Some(&device)).await;
        app.save(&session, 0, &answers(5, &[], &[], "no", Some("no"))).await.expect(200);
    }
}

on_both! {
    async fn counters_go_when_their_link_is_over(app: TestApp) {
        let invited = app.invite("visit-1").await;
        let lasting = json!({"patient": {"name": "Kari Prøve", "birth_date": BORN}, "unit": app.world.unit, "due_on": "2027-11-20"});
        let lasting = Invited::of(app.issue("key-lasting", &lasting).await.expect(201));
        for one in [&invited, &lasting] {
            app.try_link(one, WRONG_DATE).await.expect_problem(401, "credential-wrong");
        }
        let counters = async || rows(&app, "attempt WHERE scope = 'credential'").await;
        run_at(&app, "2027-02-22T07:59:00Z").await;
        assert_eq!(counters().await, 2);
        run_at(&app, "2027-02-22T08:01:00Z").await;
        assert_eq!(counters().await, 1, "a link that lives forgets nothing");
        set(&app, "attempts=1").await;
        run(&app).await;
        purge::run(&app.services).await.expect("purged");
        assert_eq!(counters().await, 1);
    }
}

on_both! {
    async fn many_go_in_batches(app: TestApp) {
        let items: Vec<Value> = (0..120).map(|n| order_without_visit(&app.world.unit, &format!("Per Oppdiktet {n}"))).collect();
        let call = app.post("/api/v1/invitations/batch").bearer(app.world.token("client")).key("key-batch").json(&json!({"items": items}));
        call.send().await.expect(200);
        assert_eq!(rows(&app, "invitation").await, 120);
        app.advance(Duration::days(500));
        let (one, two) = tokio::join!(enforce_retention::run(&app.services), async {
            expire_invitations::run(&app.services).await.expect("expired");
            enforce_retention::run(&app.services).await
        });
        // Whichever sees them, each is deleted once.
        let left = enforce_retention::run(&app.services).await.expect("run");
        assert_eq!(one.expect("run") + two.expect("run") + left, 240, "120 invitations, 120 patients");
        assert_eq!(all_rows(&app, &["invitation", "credential", "patient", "patient_key"]).await, [0, 0, 0, 0]);
        let logged = sql::number(&app.database_url, "SELECT COUNT(*) FROM access_log WHERE action = 'retention.invitation'").await;
        assert!((3..=6).contains(&logged), "one entry a batch: {logged}");
    }
}

on_both! {
    async fn a_time_that_deletes_at_once_is_asked_about(app: TestApp) {
        let invited = app.invite("visit-1").await;
        app.answer(&invited, &answers(5, &[], &[], "no", Some("no"))).await;
        app.advance(Duration::days(60));
        let asked = retention::set(&app.services, own(&app), vec![setting("response=30"), setting("log=365")], false).await;
        assert_eq!(asked, Err(retention::Error::WouldDelete(vec![("responses", 1)])));
        let schedule = async || retention::schedule(&app.services, own(&app)).await.expect("schedule");
        assert!(!schedule().await.is_own(Kind::Response) && !schedule().await.is_own(Kind::Log), "all or none");
        retention::set(&app.services, own(&app), vec![setting("response=90")], false).await.expect("nothing is due");
        retention::set(&app.services, own(&app), vec![setting("response=30"), setting("log=365")], true).await.expect("confirmed");
        assert_eq!((schedule().await.keep(Kind::Response), schedule().await.keep(Kind::Log)), (Keep::Days(30), Keep::Days(365)));
        assert_eq!(sql::number(&app.database_url, "SELECT COUNT(*) FROM access_log WHERE action = 'organization.retention'").await, 3);
        let absent = OrganizationId::parse("0193a5d0-1000-7000-8000-0000000000aa").expect("id");
        assert_eq!(retention::schedule(&app.services, absent).await, Err(retention::Error::NotFound));
        // A row that no command would write stops the job instead of deleting.
        sql::execute(&app.database_url, "UPDATE retention SET days = 1 WHERE kind = 'response'").await.expect("update");
        assert!(enforce_retention::run(&app.services).await.is_err());
        assert_eq!(rows(&app, "response").await, 1);
    }
}

on_both! {
    async fn a_letter_to_someone_who_is_just_being_forgotten(app: TestApp) {
        set(&app, "invitation=30").await;
        for round in 0..6 {
            let visit = |name: &str, days: i64| {
                let mut order = app.order(&format!("{name}-{round}"));
                order["appointment"]["starts_at"] = json!((app.services.now() + Duration::days(days)).to_rfc3339());
                order
            };
            let old = Invited::of(app.issue(&format!("key-old-{round}"), &visit("old", 3)).await.expect(201));
            app.advance(Duration::days(40));
            expire_invitations::run(&app.services).await.expect("expired");
            let (key, order) = (format!("key-new-{round}"), visit("new", 3));
            let (done, issued) = tokio::join!(enforce_retention::run(&app.services), app.issue(&key, &order));
            done.expect("run");
            let issued = Invited::of(issued.expect(201));
            // Whoever was faster: the letter opens, and there is one patient with that number.
            app.try_link(&issued, BORN).await.expect(201);
            assert_eq!(rows(&app, "patient_identifier").await, 1, "round {round}");
            run(&app).await;
            app.get(&format!("/api/v1/invitations/{}", old.id)).bearer(app.world.token("client")).send().await.expect_problem(404, "not-found");
            app.revoke(&issued.id).await.expect(200);
        }
    }
}
