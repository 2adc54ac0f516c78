//! Opening by link and by code: what is read kindly, what costs no attempt, what tells nothing, and
//! that looking changes nothing.

use crate::on_both;
use crate::support::TestApp;
use crate::support::app::Answer;
use crate::support::sql;
use crate::support::world::{BORN, WRONG_DATE, answers, unknown_code};
use serde_json::{Value, json};

on_both! {
    async fn a_link_is_read_in_any_case_and_without_its_address(app: TestApp) {
        let invited = app.invite("visit-1").await;
        let token = invited.link.rsplit('/').next().unwrap_or_default().to_owned();
        assert_eq!(invited.link, format!("https://svar.example/s/{token}"));
        assert_eq!((token.len(), token.to_uppercase()), (26, token.clone()));
        let shown = [invited.link.clone(), invited.link.to_lowercase(), token.to_lowercase(), format!(" {}/ ", invited.link)];
        for link in shown {
            let opened = app.try_open(&json!({"link": link, "birth_date": BORN})).await.expect(201);
            assert_eq!(opened["invitation"]["state"], "opened", "{link}");
        }
        for link in ["https://svar.example/s/", "x", &token[1..], &format!("{token}0")] {
            app.try_open(&json!({"link": link, "birth_date": BORN})).await.expect_problem(401, "credential-wrong");
        }
    }
}

on_both! {
    async fn a_code_is_read_as_tired_people_type_it(app: TestApp) {
        let code = app.invite("visit-1").await.code;
        assert_eq!(code.len(), 14);
        let bare = code.replace('-', "");
        let typed = [
            bare.to_lowercase(),
            code.replace('-', " "),
            code.replace('-', " – "),
            format!("  {code}\u{a0}"),
            code.replace('0', "o").replace('1', "l"),
            code.replace('0', "O").replace('1', "I"),
        ];
        for typed in typed {
            assert_eq!(app.try_code(&typed, BORN).await.status, 201, "{typed}");
        }
    }
}

on_both! {
    async fn slips_of_the_finger_cost_no_attempt(app: TestApp) {
        let invited = app.invite("visit-1").await;
        let last = if invited.code.ends_with('7') { "8" } else { "7" };
        let mistyped = format!("{}{last}", &invited.code[..13]);
        for typed in [mistyped.as_str(), &invited.code[..13], "ABCD-EFGH-JKMU", "?"] {
            for date in [BORN, WRONG_DATE] {
                app.try_code(typed, date).await.expect_problem(422, "code-mistyped");
            }
        }
        for date in [json!("1947-13-10"), json!("13.10.1947"), json!("1947-02-30"), json!("471013"), json!(""), json!(19_471_013), Value::Null] {
            for shown in [json!({"link": invited.link, "birth_date": date}), json!({"code": invited.code, "birth_date": date})] {
                let problem = app.try_open(&shown).await.expect_problem(422, "body-invalid");
                assert_eq!(problem["errors"][0]["pointer"], "/birth_date", "{date}");
            }
        }
        // All of the three free attempts are still there.
        for _ in 0..3 {
            app.try_code(&invited.code, WRONG_DATE).await.expect_problem(401, "credential-wrong");
        }
        app.try_code(&invited.code, WRONG_DATE).await.expect_problem(429, "too-many-attempts");
    }
}

on_both! {
    async fn either_link_or_code_and_nothing_else(app: TestApp) {
        let invited = app.invite("visit-1").await;
        let fields = |problem: &Value| -> Vec<(String, String)> {
            let text = |row: &Value, name: &str| row[name].as_str().unwrap_or_default().to_owned();
            problem["errors"].as_array().into_iter().flatten().map(|row| (text(row, "pointer"), text(row, "code"))).collect()
        };
        let row = |pointer: &str, code: &str| (pointer.to_owned(), code.to_owned());
        let both = app.try_open(&json!({"link": invited.link, "code": invited.code, "birth_date": BORN})).await;
        assert_eq!(fields(&both.expect_problem(422, "body-invalid")), [row("/code", "not-allowed")]);
        let none = app.try_open(&json!({"pin": "1234"})).await.expect_problem(422, "body-invalid");
        assert_eq!(fields(&none), [row("/link", "required"), row("/birth_date", "required"), row("/pin", "unknown-member")]);
    }
}

/// All that a caller can see, but for what differs between any two requests.
fn seen(answer: &Answer) -> (u16, String, Vec<(String, String)>) {
    let id = answer.json["request_id"].as_str().unwrap_or_default();
    assert_eq!(answer.headers.get("x-request-id").map(String::as_str), Some(id));
    let differing = ["date", "x-request-id"];
    let mut headers: Vec<(String, String)> =
        answer.headers.clone().into_iter().filter(|(name, _)| !differing.contains(&name.as_str())).collect();
    headers.sort();
    (answer.status, answer.text.replace(id, ""), headers)
}

on_both! {
    async fn a_wrong_date_and_an_unknown_secret_look_the_same(app: TestApp) {
        let invited = app.invite("visit-1").await;
        let wrong = seen(&app.try_code(&invited.code, WRONG_DATE).await);
        assert_eq!(wrong.0, 401);
        assert_eq!(seen(&app.try_code(&unknown_code(7), BORN).await), wrong);
        assert_eq!(seen(&app.try_link(&invited, WRONG_DATE).await), wrong);
        let unknown = json!({"link": "https://svar.example/s/00000000000000000000000000", "birth_date": BORN});
        assert_eq!(seen(&app.try_open(&unknown).await), wrong);
        // Waiting tells no more: a code that does not exist makes one wait like one that does.
        let mut both = Vec::new();
        for code in [&invited.code, &unknown_code(7)] {
            let mut answers = Vec::new();
            while answers.len() < 4 {
                answers.push(seen(&app.try_code(code, WRONG_DATE).await));
            }
            both.push(answers.pop());
        }
        assert_eq!(both[0], both[1]);
        assert_eq!(both[0].as_ref().map(|seen| seen.0), Some(429));
    }
}

/// How many rows there are of all that opening, answering and reading writes.
async fn everything(app: &TestApp) -> Vec<i64> {
    let mut counts = Vec::new();
    for table in ["session", "draft", "response", "credential", "attempt", "access_log"] {
        counts.push(sql::number(&app.database_url, &format!("SELECT COUNT(*) FROM {table}")).await);
    }
    counts
}

on_both! {
    async fn looking_changes_nothing(app: TestApp) {
        let invited = app.invite("visit-1").await;
        let before = app.invitation(&invited.id).await;
        let path = invited.link.trim_start_matches("https://svar.example").to_owned();
        let rows = everything(&app).await;
        for method in ["GET", "HEAD"] {
            for path in ["/api/v1/session", "/"] {
                let answer = app.call(method, path).send().await;
                assert!(answer.cookies.is_empty(), "{method} {path}");
            }
            // A link sets one cookie, which opens nothing: the birth date is still asked for.
            let answer = app.call(method, &path).send().await;
            assert_eq!((answer.status, answer.headers["location"].as_str()), (303, "/start"));
            let [cookie] = answer.cookies.as_slice() else { panic!("{:?}", answer.cookies) };
            let (name, rest) = cookie.split_once('=').unwrap_or_default();
            assert_eq!(name, "__Host-inngang");
            let value = rest.split(';').next().unwrap_or_default();
            assert!(!value.contains(path.trim_start_matches("/s/")), "the cookie holds the link");
            let cookie = format!("{name}={value}; __Host-sesjon={value}");
            for page in ["/start", "/fodselsdato", "/feil-brev", "/kode"] {
                assert_eq!(app.call(method, page).header("cookie", &cookie).send().await.status, 200, "{method} {page}");
            }
            for page in ["/skjema", "/skjema/om", "/skjema/side/1", "/skjema/kvittering"] {
                assert_eq!(app.call(method, page).header("cookie", &cookie).send().await.status, 401, "{method} {page}");
            }
        }
        assert_eq!(everything(&app).await, rows);
        assert_eq!(app.invitation(&invited.id).await, before);

        let (session, _) = app.open(&invited, None).await;
        for path in ["/api/v1/session", "/api/v1/session/questionnaire", "/api/v1/session/draft"] {
            app.get(path).bearer(&session).send().await.expect(200);
        }
        app.get("/api/v1/session/receipt").bearer(&session).send().await.expect_problem(404, "not-found");
        assert_eq!(app.invitation(&invited.id).await["state"], "opened");
        // Reading an empty draft makes none: the first save is still the first.
        app.save(&session, 0, &answers(2, &[], &[], "no", Some("no"))).await.expect(200);
        assert_eq!(app.invitation(&invited.id).await["state"], "started");
    }
}
