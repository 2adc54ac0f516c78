//! The worklist and the summary as pages: what they say, what they let nobody do.

use super::links::{sign_in, sign_in_as};
use crate::on_both;
use crate::support::TestApp;
use crate::support::browser::{Browser, FORM, Page};
use crate::support::sql;
use crate::support::world::answers;
use flate2::read::GzDecoder;
use serde_json::{Value, json};
use std::io::Read;

/// Signs in and answers a form; gives the browser and the id of the response.
async fn answered(app: &TestApp) -> (Browser, String) {
    let given = answers(7, &["fatigue", "pain"], &["pain"], "yes", Some("yes"));
    let (_, done) = app.answer(&app.invite("visit-1").await, &given).await;
    let mut browser = Browser::new(app);
    sign_in(app, &mut browser).await;
    (browser, done["id"].as_str().or(done["response"].as_str()).expect("id").to_owned())
}

/// The value of an attribute in a page, unescaped where it matters here.
pub fn attribute(page: &Page, name: &str) -> String {
    let from = page.answer.text.find(&format!("{name}=\"")).unwrap_or_else(|| panic!("{name}")) + name.len() + 2;
    page.answer.text[from..].split('"').next().expect("value").to_owned()
}

pub async fn post(browser: &mut Browser, path: &str, fields: &[(&str, &str)]) -> Page {
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    browser.ask("POST", path, Some((FORM, body.into_bytes()))).await
}

on_both! {
    async fn who_is_not_signed_in_is_led_to_the_way_in(app: TestApp) {
        let mut browser = Browser::new(&app);
        for path in ["/klinikk", "/klinikk/endret", "/klinikk/finn", "/klinikk/logg", "/klinikk/tall", "/klinikk/tall.csv"] {
            let page = browser.get(path).await;
            assert_eq!((page.status, page.leads().as_str()), (303, "/klinikk/inn"), "{path}");
        }
    }
}

on_both! {
    async fn the_worklist_says_who_needs_most_and_why(app: TestApp) {
        let (mut browser, id) = answered(&app).await;
        let list = browser.get("/klinikk?fra=2026-11-20&dager=31").await;
        let main = list.main();
        for words in ["Påkjenning på eller over terskelen, ønsker oppfølging", "Smerter", "Ny", "7"] {
            assert!(main.contains(words), "{words}: {main}");
        }
        assert!(list.answer.text.contains(&format!("href=\"/klinikk/svar/{id}\"")));
        let none = browser.get("/klinikk?fra=2026-11-20&dager=31&vis=ubesvart").await;
        assert!(none.main().contains("Ingen rader passer"));
        let odd = browser.get("/klinikk?dager=2").await;
        assert!(odd.main().contains("ikke til å forstå"));
    }
}

on_both! {
    async fn the_packed_list_is_the_list_after_every_change(app: TestApp) {
        let (mut browser, id) = answered(&app).await;
        let path = "/klinikk?fra=2026-11-20&dager=31";
        for change in ["none", "another", "reviewed"] {
            match change {
                "another" => drop(app.invite("visit-2").await),
                "reviewed" => {
                    let reviewed = format!("/api/v1/responses/{id}/review");
                    let call = app.post(&reviewed).bearer(app.world.token("clinician")).json(&json!({"version": 1}));
                    call.send().await.expect(200);
                }
                _ => {}
            }
            let plain = browser.get(path).await.at(200, path);
            let cookie = format!("__Host-klinikk={}", browser.cookie("__Host-klinikk").expect("session"));
            for takes in ["gzip", "gzip, deflate, br, zstd", "br;q=1, gzip;q=0.5", "gzip;q=0, identity", "br"] {
                let fetched = app.get(path).header("cookie", &cookie).header("accept-encoding", takes).send().await;
                let header = |name: &str| fetched.headers.get(name).map(String::as_str);
                let mut text = String::new();
                if takes.contains("gzip") && !takes.contains("q=0,") {
                    assert_eq!((header("content-encoding"), header("vary")), (Some("gzip"), Some("accept-encoding")), "{takes}");
                    GzDecoder::new(&fetched.bytes[..]).read_to_string(&mut text).expect("gzip");
                } else {
                    assert_eq!(header("content-encoding"), None, "{takes}");
                    text.push_str(&fetched.text);
                }
                // The token of the page's form is written differently each time.
                let without_token = |text: &str, token: &str| text.replace(&format!("name=\"nokkel\" value=\"{token}\""), "");
                let token_of = |text: &str| text.split("name=\"nokkel\" value=\"").nth(1).and_then(|rest| rest.split('"').next()).map(str::to_owned);
                let (own, other) = (token_of(&text).expect("token"), token_of(&plain.answer.text).expect("token"));
                assert_eq!(without_token(&text, &own), without_token(&plain.answer.text, &other), "{change}, {takes}");
            }
            let rows = plain.html.named("tbody")[0].named("tr").len();
            assert_eq!(rows, if change == "none" { 1 } else { 2 }, "{change}");
        }
    }
}

on_both! {
    async fn the_mark_of_the_list_changes_with_an_answer_and_nothing_is_logged_for_it(app: TestApp) {
        let mut browser = Browser::new(&app);
        sign_in(&app, &mut browser).await;
        let reads = "SELECT COUNT(*) FROM access_log WHERE action = 'worklist.read'";
        let path = "/klinikk/endret?fra=2026-11-20&dager=31";
        let mark = |page: Page| serde_json::from_str::<Value>(&page.answer.text).expect("json")["mark"].clone();
        let before = mark(browser.get(path).await);
        assert_eq!(mark(browser.get(path).await), before);
        app.invite("visit-1").await;
        let statements = app.services.db.statements();
        let invited = mark(browser.get(path).await);
        let made = app.services.db.statements() - statements;
        assert_ne!(invited, before);
        // While nothing changes it is made once, where changes are counted.
        assert_eq!(mark(browser.get(path).await), invited);
        let again = app.services.db.statements() - statements - made;
        assert_eq!(again < made, app.services.db.changes().is_some(), "{again} of {made}");
        // What another process does is seen with the next commit at the latest.
        sql::execute(&app.database_url, "UPDATE appointment SET status = 'cancelled'").await.expect("update");
        app.invite("visit-2").await;
        assert_ne!(mark(browser.get(path).await), invited);
        assert_eq!(sql::number(&app.database_url, reads).await, 0);
    }
}

on_both! {
    async fn the_page_the_text_and_the_stored_answers_say_the_same(app: TestApp) {
        let (mut browser, id) = answered(&app).await;
        let path = format!("/klinikk/svar/{id}");
        let page = browser.get(&path).await.at(200, &path);
        assert_eq!(attribute(&page, "data-score"), "7");
        assert_eq!(attribute(&page, "data-wish"), "yes");
        assert_eq!(attribute(&page, "data-consent"), "yes");
        assert!(page.answer.text.contains("data-state=\"not-answered\""), "what was not answered is no no");
        let text = browser.get(&format!("{path}/tekst")).await;
        let api = format!("/api/v1/responses/{id}/summary?language=nb");
        let stored = app.get(&api).bearer(app.world.token("clinician")).header("accept", "text/plain").send().await;
        assert_eq!(text.answer.text, stored.text);
        let pdf = browser.get(&format!("{path}/oppsummering.pdf")).await;
        assert_eq!(pdf.status, 200);
        let talk = browser.get(&format!("{path}/samtale")).await;
        assert_eq!(talk.answer.text.matches("class=\"box\"").count(), 13, "thirteen topics");
    }
}

on_both! {
    async fn a_mark_is_set_and_taken_back(app: TestApp) {
        let (mut browser, id) = answered(&app).await;
        let path = format!("/klinikk/svar/{id}");
        let page = browser.get(&path).await.at(200, &path);
        let token = attribute(&page, "name=\"nokkel\" value");
        let reviews = "SELECT COUNT(*) FROM review";
        let foreign = post(&mut browser, &format!("{path}/lest"), &[("nokkel", "AAAA"), ("versjon", "1"), ("gjor", "lest")]).await;
        assert_eq!((foreign.status, sql::number(&app.database_url, reviews).await), (403, 0));
        let fields = |deed| [("nokkel", token.as_str()), ("versjon", "1"), ("gjor", deed)];
        let done = post(&mut browser, &format!("{path}/lest"), &fields("lest")).await;
        assert_eq!((done.status, done.leads()), (303, path.clone()));
        assert!(browser.get(&path).await.main().contains("Lest av"));
        let undone = post(&mut browser, &format!("{path}/lest"), &fields("angre")).await;
        assert_eq!((undone.status, sql::number(&app.database_url, reviews).await), (303, 0));
    }
}

on_both! {
    async fn another_units_patient_is_opened_on_a_stated_ground_only(app: TestApp) {
        let (mut browser, id) = answered(&app).await;
        // The visit and the invitation are long over: no tie is left.
        app.advance(chrono::Duration::days(400));
        sign_in(&app, &mut browser).await;
        let path = format!("/klinikk/svar/{id}");
        let barred = browser.get(&path).await;
        assert_eq!(barred.status, 403);
        let ask = format!("{}?til={id}", attribute(&barred, "method=\"get\" action"));
        let page = browser.get(&ask).await;
        let token = attribute(&page, "name=\"nokkel\" value");
        let to = ask.split('?').next().expect("path").to_owned();
        let without = post(&mut browser, &to, &[("nokkel", &token), ("til", &id)]).await;
        assert_eq!(without.status, 422);
        let stated = post(&mut browser, &to, &[("nokkel", &token), ("til", &id), ("grunn", "emergency"), ("ord", "Ringte")]).await;
        assert_eq!((stated.status, stated.leads()), (303, path.clone()));
        assert_eq!(browser.get(&path).await.status, 200);
        let grounds = "SELECT ground FROM access_log WHERE action = 'response.summary' AND ground = 'emergency'";
        assert_eq!(sql::texts(&app.database_url, grounds).await.len(), 1);
        app.advance(chrono::Duration::minutes(31));
        sign_in(&app, &mut browser).await;
        assert_eq!(browser.get(&path).await.status, 403, "it holds half an hour");
    }
}

/// The entries that the log shows: cells two and three of each row.
fn entries(page: &Page) -> Vec<(String, String)> {
    let rows = page.answer.text.split("<tbody>").nth(1).unwrap_or_default().split("<tr>").skip(1);
    let cell = |row: &str, nth: usize| row.split("<td>").nth(nth).and_then(|cell| cell.split("</td>").next()).expect("cell").to_owned();
    rows.map(|row| (cell(row, 2), cell(row, 3))).collect()
}

on_both! {
    async fn the_log_is_narrowed_to_who_and_what(app: TestApp) {
        let (_, id) = answered(&app).await;
        let api = format!("/api/v1/responses/{id}/summary");
        app.get(&api).bearer(app.world.token("clinician")).send().await.expect(200);
        let mut browser = Browser::new(&app);
        sign_in_as(&app, &mut browser, "organization_admin").await;
        let all = entries(&browser.get("/klinikk/logg").await);
        let (reader, client) = (app.world.people["clinician"].0, app.world.client.expect("client").0);
        let of = |wanted: &dyn Fn(&(String, String)) -> bool| all.iter().filter(|one| wanted(one)).cloned().collect::<Vec<_>>();
        let form = browser.get("/klinikk/logg").await.answer.text;
        let name = |id: uuid::Uuid| {
            let option = format!("<option value=\"{id}\">");
            form.split(option.as_str()).nth(1).and_then(|rest| rest.split('<').next()).expect("an option").to_owned()
        };
        for who in [reader, client] {
            let page = browser.get(&format!("/klinikk/logg?hvem={who}")).await;
            let shown = entries(&page);
            let own = name(who);
            assert!(!shown.is_empty() && shown.len() < all.len(), "{shown:?}");
            assert_eq!(shown, of(&|(by, _)| *by == own), "{own}");
            assert!(page.answer.text.contains(&format!("<option value=\"{who}\" selected>")));
        }
        let summaries = browser.get("/klinikk/logg?hva=response.summary").await;
        assert_eq!(entries(&summaries), of(&|(_, what)| what == "leste oppsummeringen av svarene"));
        assert_eq!(entries(&summaries).len(), 1);
        assert!(summaries.answer.text.contains("<option value=\"response.summary\" selected>"));
        // Both at once; and what is no deed that can be asked for is left out.
        let none = browser.get(&format!("/klinikk/logg?hvem={client}&hva=response.summary")).await;
        assert!(none.main().contains("Ingen oppføringer passer"), "{}", none.main());
        assert!(entries(&browser.get("/klinikk/logg?hva=nonsense&hvem=nobody").await).len() >= all.len());
        // The filters go on to older entries.
        for _ in 0..100 {
            app.get(&api).bearer(app.world.token("clinician")).send().await.expect(200);
        }
        let page = browser.get(&format!("/klinikk/logg?hvem={reader}&hva=response.summary")).await;
        assert_eq!(entries(&page).len(), 100);
        let next = page.answer.text.split("href=\"/klinikk/logg?fra=").nth(1).and_then(|rest| rest.split('"').next()).expect("more");
        let next = format!("/klinikk/logg?fra={}", next.replace("&#38;", "&"));
        assert!(next.contains(&format!("hvem={reader}&hva=response.summary&foer=")), "{next}");
        assert_eq!(entries(&browser.get(&next).await).len(), 1);
    }
}
