//! The worklist: who needs most first and why, what is told apart, paging, limits, and a number of
//! SQL statements that does not grow with the rows.

use crate::on_both;
use crate::support::world::{BORN, Invited, answers, draft};
use crate::support::{TestApp, sql};
use chrono::{DateTime, Duration, Utc};
use kartlegging::domain::ids::UnitId;
use kartlegging::domain::language::Language;
use kartlegging::services::Caller;
use kartlegging::services::issue_invitations::{PatientData, Visit, register_visit};
use serde_json::{Value, json};

const WINDOW: &str = "from=2026-11-24&to=2026-11-30";

/// An order for a patient without a national id, so that everybody is somebody else.
fn order(app: &TestApp, name: &str, starts_at: &str) -> Value {
    json!({
        "patient": {"name": name, "birth_date": BORN},
        "appointment": {"external_id": name, "starts_at": starts_at, "unit": app.world.unit},
    })
}

async fn issue(app: &TestApp, key: &str, body: &Value) -> Invited {
    let call = app.post("/api/v1/invitations").bearer(app.world.token("client")).key(&format!("visit-key-{key}"));
    Invited::of(call.json(body).send().await.expect(201))
}

async fn invite(app: &TestApp, name: &str, starts_at: &str) -> Invited {
    issue(app, name, &order(app, name, starts_at)).await
}

async fn page(app: &TestApp, query: &str) -> Value {
    let path = format!("/api/v1/worklist?unit={}&{query}", app.world.unit);
    app.get(&path).bearer(app.world.token("clinician")).send().await.expect(200)
}

/// Name and reason of every row.
fn rows(page: &Value) -> Vec<(String, String)> {
    let text = |row: &Value, pointer: &str| row.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    page["items"].as_array().expect("items").iter().map(|row| (text(row, "/patient/name"), text(row, "/reason/code"))).collect()
}

fn row<'v>(page: &'v Value, name: &str) -> &'v Value {
    page["items"].as_array().expect("items").iter().find(|row| row["patient"]["name"] == name).unwrap_or_else(|| panic!("{name}: {page}"))
}

async fn not_sent(app: &TestApp, name: &str, starts_at: &str) {
    let caller = Caller::system(app.world.organization.expect("organization"), "test");
    let born = BORN.parse().expect("date");
    let language = Some(Language::nb());
    let patient =
        PatientData { identifier: None, name: name.to_owned(), birth_date: born, language, contact: None, representatives: Vec::new() };
    let starts_at: DateTime<Utc> = starts_at.parse().expect("moment");
    let visit = Visit { external_id: None, starts_at, unit: UnitId::parse(&app.world.unit).expect("unit") };
    register_visit(&app.services, &caller, patient, visit).await.expect("visit");
}

async fn review(app: &TestApp, response: &Value, version: i64) {
    let path = format!("/api/v1/responses/{}/review", response.as_str().expect("id"));
    app.post(&path).bearer(app.world.token("clinician")).json(&json!({"version": version})).send().await.expect(200);
}

/// One row of every kind; the later the visit, the greater the need, so that time alone would turn
/// the list upside down.
async fn one_of_each(app: &TestApp) {
    let at = |hour: u32| format!("2026-11-26T{hour:02}:00:00Z");
    let declined = invite(app, "declined", &at(6)).await;
    let (session, _) = app.open(&declined, None).await;
    app.post("/api/v1/session/decline").bearer(&session).send().await.expect(200);
    not_sent(app, "not-sent", &at(7)).await;
    invite(app, "not-answered", &at(8)).await;
    let (_, read) = app.answer(&invite(app, "answered", &at(9)).await, &answers(1, &[], &[], "no", Some("no"))).await;
    review(app, &read["response"], 1).await;
    app.answer(&invite(app, "unread", &at(10)).await, &answers(1, &[], &[], "no", Some("no"))).await;
    let locked = invite(app, "locked", &at(11)).await;
    for _ in 0..10 {
        let wrong = json!({"link": locked.link, "birth_date": "1950-01-01"});
        app.post("/api/v1/session").json(&wrong).send().await.expect_problem(401, "credential-wrong");
        app.advance(Duration::minutes(16));
    }
    app.answer(&invite(app, "maybe", &at(12)).await, &answers(3, &[], &[], "maybe", Some("no"))).await;
    app.answer(&invite(app, "over", &at(13)).await, &answers(4, &[], &[], "no", Some("no"))).await;
    app.answer(&invite(app, "over-maybe", &at(14)).await, &answers(6, &[], &[], "maybe", Some("no"))).await;
    app.answer(&invite(app, "wants", &at(15)).await, &answers(3, &[], &[], "yes", Some("no"))).await;
    app.answer(&invite(app, "both", &at(16)).await, &answers(5, &["pain", "sleep"], &["pain"], "yes", Some("no"))).await;
    app.answer(&invite(app, "both-more", &at(17)).await, &answers(9, &[], &[], "yes", Some("no"))).await;
}

const IN_ORDER: [(&str, &str); 12] = [
    ("both-more", "over-threshold-wants-follow-up"),
    ("both", "over-threshold-wants-follow-up"),
    ("wants", "wants-follow-up"),
    ("over-maybe", "over-threshold"),
    ("over", "over-threshold"),
    ("maybe", "maybe-follow-up"),
    ("locked", "locked"),
    ("unread", "unread"),
    ("answered", "answered"),
    ("not-answered", "not-answered"),
    ("not-sent", "not-sent"),
    ("declined", "declined"),
];

fn in_order() -> Vec<(String, String)> {
    IN_ORDER.iter().map(|(name, reason)| ((*name).to_owned(), (*reason).to_owned())).collect()
}

on_both! {
    async fn who_needs_most_comes_first_and_the_reason_is_told(app: TestApp) {
        one_of_each(&app).await;
        let all = page(&app, WINDOW).await;
        assert_eq!(rows(&all), in_order());
        assert_eq!(all["next_cursor"], Value::Null);
        assert_eq!((&all["threshold"]["value"], &all["unit"]["name"]), (&json!(4), &json!("Poliklinikken")));

        let both = row(&all, "both");
        assert_eq!((&both["score"], &both["over_threshold"], &both["follow_up_wish"]), (&json!(5), &json!(true), &json!("yes")));
        assert_eq!((&both["problem_count"], &both["burdens_most"][0]["code"]), (&json!(2), &json!("pain")));
        assert_eq!(row(&all, "maybe")["over_threshold"], json!(false));
        let locked = row(&all, "locked");
        assert_eq!((&locked["invitation"]["closed_reason"], &locked["invitation"]["flagged"]), (&json!("locked"), &json!(true)));
        let silent = row(&all, "not-answered");
        assert_eq!((&silent["score"], &silent["over_threshold"], &silent["problem_count"]), (&Value::Null, &Value::Null, &Value::Null));
        for language in ["nb", "nn", "en"] {
            let path = format!("/api/v1/worklist?unit={}&{WINDOW}", app.world.unit);
            let list = app.get(&path).bearer(app.world.token("clinician")).header("accept-language", language).send().await.expect(200);
            let words: std::collections::BTreeSet<&str> = list["items"].as_array().into_iter().flatten().filter_map(|row| row["reason"]["text"].as_str()).collect();
            assert_eq!(words.len(), 10, "every reason has words of its own in {language}: {words:?}");
        }
    }
}

on_both! {
    async fn pages_neither_repeat_nor_skip(app: TestApp) {
        one_of_each(&app).await;
        for limit in [1, 3, 5, 12] {
            let (mut seen, mut cursor) = (Vec::new(), String::new());
            loop {
                let part = page(&app, &format!("{WINDOW}&limit={limit}{cursor}")).await;
                assert!(rows(&part).len() <= limit && !rows(&part).is_empty());
                seen.extend(rows(&part));
                match part["next_cursor"].as_str() {
                    Some(next) => cursor = format!("&cursor={next}"),
                    None => break,
                }
            }
            assert_eq!(seen, in_order(), "{limit} a page");
        }
        // Somebody moves up between two pages: the others are still seen once each.
        let first = page(&app, &format!("{WINDOW}&limit=6")).await;
        let other = invite(&app, "late", "2026-11-26T05:00:00Z").await;
        app.answer(&other, &answers(10, &[], &[], "yes", Some("no"))).await;
        let rest = page(&app, &format!("{WINDOW}&limit=50&cursor={}", first["next_cursor"].as_str().expect("cursor"))).await;
        assert_eq!([rows(&first), rows(&rest)].concat(), in_order());
        assert_eq!(rows(&page(&app, WINDOW).await)[0].0, "late");
    }
}

on_both! {
    async fn sent_opened_started_and_answered_are_told_apart(app: TestApp) {
        let at = "2026-11-26T09:00:00Z";
        not_sent(&app, "nothing", at).await;
        invite(&app, "sent", at).await;
        app.open(&invite(&app, "opened", at).await, None).await;
        let (session, _) = app.open(&invite(&app, "started", at).await, None).await;
        let half = json!({"resourceType": "QuestionnaireResponse"});
        app.put("/api/v1/session/draft").bearer(&session).if_match(0).json(&draft(&half)).send().await.expect(200);
        app.answer(&invite(&app, "answered", at).await, &answers(1, &[], &[], "no", Some("no"))).await;
        let late = invite(&app, "expired", "2026-11-24T10:00:00Z").await;
        app.advance(Duration::hours(3));
        assert!(app.post("/api/v1/session").json(&json!({"link": late.link, "birth_date": BORN})).send().await.status == 410);
        let all = page(&app, WINDOW).await;
        let states: Vec<(&str, &Value, &Value)> = ["nothing", "sent", "opened", "started", "answered"]
            .into_iter()
            .map(|name| (name, &row(&all, name)["invitation"]["state"], &row(&all, name)["invitation"]["sent"]))
            .collect();
        let (yes, none) = (json!(true), Value::Null);
        let word = |state: &str| json!(state);
        assert_eq!(states, [
            ("nothing", &none, &none),
            ("sent", &word("issued"), &yes),
            ("opened", &word("opened"), &yes),
            ("started", &word("started"), &yes),
            ("answered", &word("answered"), &yes),
        ]);
        assert_eq!(row(&all, "nothing")["invitation"], Value::Null);
        // Drafts are the patient's own: nothing of them shows.
        assert_eq!((&row(&all, "started")["score"], &row(&all, "started")["response"]), (&Value::Null, &Value::Null));
    }
}

on_both! {
    async fn a_change_after_the_reading_is_unread_again(app: TestApp) {
        let invited = invite(&app, "one", "2026-11-26T09:00:00Z").await;
        let (_, receipt) = app.answer(&invited, &answers(1, &[], &[], "no", Some("no"))).await;
        review(&app, &receipt["response"], 1).await;
        let list = page(&app, WINDOW).await;
        let response = &row(&list, "one")["response"];
        assert_eq!((&response["unread"], &response["amended"], &response["version"]), (&json!(false), &json!(false), &json!(1)));
        // Another device starts over, which is how one amends without the first.
        let (session, _) = app.open(&invited, None).await;
        app.post("/api/v1/session/start-over").bearer(&session).send().await.expect(200);
        let state = app.get("/api/v1/session/draft").bearer(&session).send().await.expect(200);
        let version = state["version"].as_i64().expect("version");
        let changed = draft(&answers(2, &[], &[], "no", Some("no")));
        let saved = app.put("/api/v1/session/draft").bearer(&session).if_match(version).json(&changed).send().await.expect(200);
        app.post("/api/v1/session/submit").bearer(&session).if_match(saved["version"].as_i64().expect("version")).send().await.expect(201);
        let list = page(&app, WINDOW).await;
        let now = row(&list, "one");
        assert_eq!((&now["response"]["unread"], &now["response"]["amended"], &now["reason"]["code"]), (&json!(true), &json!(true), &json!("unread")));
        assert_eq!(now["score"], 2);
        review(&app, &receipt["response"], 2).await;
        assert_eq!(rows(&page(&app, WINDOW).await), [("one".to_owned(), "answered".to_owned())]);
    }
}

on_both! {
    async fn invitations_without_a_visit_stand_on_the_day_they_are_due(app: TestApp) {
        for (name, due) in [("before", "2026-11-23"), ("first", "2026-11-24"), ("last", "2026-11-30"), ("after", "2026-12-01")] {
            issue(&app, name, &json!({"patient": {"name": name, "birth_date": BORN}, "unit": app.world.unit, "due_on": due})).await;
        }
        invite(&app, "visit", "2026-11-30T22:59:00Z").await;
        invite(&app, "visit-next-day", "2026-11-30T23:00:00Z").await;
        let all = page(&app, WINDOW).await;
        let names: Vec<String> = rows(&all).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["first", "last", "visit"], "days are Norwegian days");
        let first = row(&all, "first");
        assert_eq!((&first["appointment"], &first["due_on"]), (&Value::Null, &json!("2026-11-24")));
        assert_eq!(row(&all, "visit")["due_on"], Value::Null);
    }
}

on_both! {
    async fn a_revoked_invitation_hides_no_other_of_the_same_visit(app: TestApp) {
        let at = "2026-11-26T09:00:00Z";
        let client = app.world.token("client");
        let revoke = |id: String| app.post(&format!("/api/v1/invitations/{id}/revoke")).bearer(client);
        let mut order = order(&app, "one", at);
        order["patient"]["identifier"] = app.order("x")["patient"]["identifier"].clone();
        let first = issue(&app, "first", &order).await;
        revoke(first.id).send().await.expect(200);
        app.advance(Duration::minutes(1));
        let second = issue(&app, "second", &order).await;
        let list = page(&app, WINDOW).await;
        assert_eq!(rows(&list).len(), 1);
        assert_eq!((&list["items"][0]["invitation"]["id"], &list["items"][0]["reason"]["code"]), (&json!(second.id), &json!("not-answered")));
        app.answer(&second, &answers(8, &[], &[], "yes", Some("no"))).await;
        app.advance(Duration::minutes(1));
        order["questionnaire"] = json!({"name": "follow-up"});
        let third = issue(&app, "third", &order).await;
        revoke(third.id).send().await.expect(200);
        let list = page(&app, WINDOW).await;
        assert_eq!(rows(&list), [("one".to_owned(), "over-threshold-wants-follow-up".to_owned())], "the answers are hidden by a letter that was taken back");
        assert_eq!(list["items"][0]["invitation"]["id"], json!(second.id));
    }
}

/// Nothing that was opened before is shown again.
fn forget(app: &TestApp) {
    app.services.lists.forget_old(app.services.now() + Duration::hours(1));
}

on_both! {
    async fn what_was_opened_a_moment_ago_is_shown_only_while_it_holds(app: TestApp) {
        let at = "2026-11-26T09:00:00Z";
        let invited = invite(&app, "one", at).await;
        let statements = async |app: &TestApp| {
            let before = app.services.db.statements();
            let list = page(app, WINDOW).await;
            (list, app.services.db.statements() - before)
        };
        let reason = |list: &Value| row(list, "one")["reason"]["code"].clone();
        let (first, opened) = statements(&app).await;
        let (again, shown) = statements(&app).await;
        assert_eq!((first, shown < opened), (again, app.services.db.changes().is_some()), "{shown} and {opened}");
        // What this program does itself.
        let (_, read) = app.answer(&invited, &answers(8, &[], &[], "yes", Some("no"))).await;
        assert_eq!(reason(&page(&app, WINDOW).await), "over-threshold-wants-follow-up");
        review(&app, &read["response"], 1).await;
        assert_eq!(row(&page(&app, WINDOW).await, "one")["response"]["unread"], false);
        not_sent(&app, "two", at).await;
        assert_eq!(rows(&page(&app, WINDOW).await).len(), 2);
        // What another process does.
        sql::execute(&app.database_url, "UPDATE appointment SET status = 'cancelled'").await.expect("update");
        assert_eq!(row(&page(&app, WINDOW).await, "one")["appointment"]["status"], "cancelled");
        // Another day, another language, another unit: nothing is taken for something else.
        assert_eq!(rows(&page(&app, "from=2026-11-27&to=2026-11-30").await), []);
        let path = format!("/api/v1/worklist?unit={}&{WINDOW}", app.world.unit);
        app.get(&path).bearer(app.world.token("other_clinician")).send().await.expect_problem(404, "not-found");
        app.get(&path).bearer(app.world.token("second_clinician")).send().await.expect_problem(403, "role-missing");
    }
}

/// Issues so many invitations at once, all of them in the window.
async fn crowd(app: &TestApp, count: usize, prefix: &str) {
    for (part, numbers) in (0..count).collect::<Vec<_>>().chunks(250).enumerate() {
        let items: Vec<Value> = numbers.iter().map(|nth| order(app, &format!("{prefix}-{nth:03}"), "2026-11-27T09:00:00Z")).collect();
        let call = app.post("/api/v1/invitations/batch").bearer(app.world.token("client")).key(&format!("batch-{prefix}-{part}"));
        assert_eq!(call.json(&json!({"items": items})).send().await.expect(200)["issued"], items.len());
    }
}

on_both! {
    async fn the_number_of_statements_does_not_grow(app: TestApp) {
        crowd(&app, 3, "few").await;
        page(&app, WINDOW).await;
        let mut counts = Vec::new();
        for more in [0, 57] {
            crowd(&app, more, "more").await;
            let before = app.services.db.statements();
            page(&app, &format!("{WINDOW}&limit=100")).await;
            forget(&app);
            let first = app.services.db.statements();
            let list = page(&app, &format!("{WINDOW}&limit=100")).await;
            assert_eq!(rows(&list).len(), 3 + more);
            counts.push(app.services.db.statements() - first);
            // The log keeps the patients of the first view for the later ones.
            assert!(first - before <= counts[0] + 1, "{} and {counts:?}", first - before);
        }
        assert_eq!(counts[0], counts[1], "statements for 3 and for 60 rows");
        assert!(counts[0] > 0 && counts[0] < 20, "{counts:?}");
    }
}

on_both! {
    async fn windows_have_limits(app: TestApp) {
        let unit = &app.world.unit;
        let ask = |query: String| app.get(&format!("/api/v1/worklist?{query}")).bearer(app.world.token("clinician"));
        ask(format!("unit={unit}&from=2026-11-01&to=2026-12-01")).send().await.expect(200);
        for query in [
            format!("unit={unit}&from=2026-11-01&to=2026-12-02"),
            format!("unit={unit}&from=2026-11-02&to=2026-11-01"),
            format!("unit={unit}&from=2026-11-02"),
            "from=2026-11-02&to=2026-11-02".to_owned(),
            format!("unit={unit}&from=02.11.2026&to=2026-11-02"),
            format!("unit={unit}&from=2026-11-02&to=2026-11-02&limit=0"),
            format!("unit={unit}&from=2026-11-02&to=2026-11-02&limit=501"),
            format!("unit={unit}&from=2026-11-02&to=2026-11-02&cursor="),
            format!("unit={unit}&from=2026-11-02&to=2026-11-02&cursor=bm9uc2Vuc2U"),
            format!("unit={unit}&from=2026-11-02&to=2026-11-02&sort=name"),
            format!("unit={unit}&unit={unit}&from=2026-11-02&to=2026-11-02"),
        ] {
            ask(query).send().await.expect_problem(400, "query-invalid");
        }
        crowd(&app, 500, "crowd").await;
        let full = page(&app, &format!("{WINDOW}&limit=500")).await;
        assert_eq!((rows(&full).len(), &full["next_cursor"]), (500, &Value::Null));
        crowd(&app, 1, "one-more").await;
        let refused = ask(format!("unit={unit}&{WINDOW}")).send().await.expect_problem(400, "query-invalid");
        assert!(refused["detail"].as_str().is_some_and(|words| words.contains("to")), "{refused}");
    }
}
