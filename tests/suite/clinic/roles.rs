//! Every page of clinicians by every role: one table, held against the routes. Another organization's
//! object is 404, another unit's asks for a ground or is refused, and an id that is none is 404.

use super::links::sign_in_as;
use super::pages::{attribute, post};
use crate::on_both;
use crate::support::TestApp;
use crate::support::browser::Browser;
use crate::support::world::{FNR, answers};
use kartlegging::http::routes::endpoints;
use std::collections::BTreeSet;

/// Columns of [`TABLE`]; `second` belongs to another unit, `other` to another organization.
const ROLES: [&str; 6] = ["clinician", "second_clinician", "unit_admin", "organization_admin", "auditor", "other_clinician"];

/// Method, path, fields, and the status by role. `{response}`, `{patient}`, `{invitation}` stand for ids.
#[rustfmt::skip]
const TABLE: [(&str, &str, &str, [u16; 6]); 23] = [
    //                                                                          nurse second admin org  audit other
    ("GET",  "/klinikk",                               "",                      [200, 200, 200, 200, 200, 200]),
    ("GET",  "/klinikk/endret",                        "",                      [200, 200, 200, 200, 200, 200]),
    ("POST", "/klinikk/rad",                           "papir={invitation}",    [200, 403, 200, 403, 403, 404]),
    ("GET",  "/klinikk/svar/{response}",               "",                      [200, 403, 403, 403, 403, 404]),
    ("GET",  "/klinikk/svar/{response}/tekst",         "",                      [200, 403, 403, 403, 403, 404]),
    ("GET",  "/klinikk/svar/{response}/oppsummering.pdf", "",                   [200, 403, 403, 403, 403, 404]),
    ("GET",  "/klinikk/svar/{response}/samtale",       "",                      [200, 403, 403, 403, 403, 404]),
    ("POST", "/klinikk/svar/{response}/lest",          "versjon=1&gjor=lest",   [303, 403, 403, 403, 403, 404]),
    ("POST", "/klinikk/svar/{response}/lest",          "versjon=1&gjor=angre",  [303, 403, 403, 403, 403, 404]),
    ("GET",  "/klinikk/papir/{invitation}",            "",                      [200, 403, 403, 403, 403, 404]),
    ("POST", "/klinikk/papir/{invitation}",            "en-gang=0193a5d0-2000-7000-8000-00000000ffff", [422, 403, 403, 403, 403, 404]),
    ("GET",  "/klinikk/finn",                          "",                      [200, 200, 200, 200, 200, 200]),
    ("POST", "/klinikk/finn",                          "nummer={number}",       [303, 303, 403, 403, 403, 200]),
    ("GET",  "/klinikk/pasient/{patient}",             "",                      [200, 403, 403, 403, 403, 404]),
    ("GET",  "/klinikk/pasient/{patient}/likevel",     "til=pasient",           [200, 200, 200, 200, 200, 200]),
    ("POST", "/klinikk/pasient/{patient}/likevel",     "til=pasient",           [422, 422, 422, 422, 422, 422]),
    ("GET",  "/klinikk/journal",                       "hvorfor=ukjent",        [200, 200, 200, 200, 200, 200]),
    ("GET",  "/klinikk/logg",                          "",                      [403, 403, 200, 200, 200, 403]),
    ("GET",  "/klinikk/tall",                          "",                      [403, 403, 200, 200, 403, 403]),
    ("GET",  "/klinikk/tall.csv",                      "",                      [403, 403, 200, 200, 403, 403]),
    ("GET",  "/klinikk/funn.csv",                      "",                      [403, 403, 200, 200, 403, 403]),
    ("GET",  "/klinikk.css",                           "",                      [200, 200, 200, 200, 200, 200]),
    ("GET",  "/klinikk.js",                            "",                      [200, 200, 200, 200, 200, 200]),
];

fn generic(path: &str) -> String {
    ["{response}", "{patient}", "{invitation}"].iter().fold(path.to_owned(), |path, name| path.replace(name, "{id}"))
}

#[test]
fn every_page_behind_the_sign_in_has_its_row() {
    let own = |path: &str| path.starts_with("/klinikk") && !path.starts_with("/klinikk/inn") && !path.starts_with("/klinikk/ut");
    let routes: BTreeSet<(String, String)> =
        endpoints().iter().filter(|one| own(one.path)).map(|one| (one.method.to_string(), one.path.to_owned())).collect();
    let rows: BTreeSet<(String, String)> = TABLE.iter().map(|(method, path, ..)| ((*method).to_owned(), generic(path))).collect();
    assert_eq!(rows, routes);
}

/// A browser of a role, and the token of its forms.
async fn seated(app: &TestApp, who: &str) -> (Browser, String) {
    let mut browser = Browser::new(app);
    sign_in_as(app, &mut browser, who).await;
    let token = attribute(&browser.get("/klinikk").await, "name=\"nokkel\" value");
    (browser, token)
}

async fn ask(browser: &mut Browser, token: &str, method: &str, path: &str, fields: &str) -> u16 {
    if method == "POST" {
        let fields: Vec<(String, String)> = url::form_urlencoded::parse(fields.as_bytes()).into_owned().collect();
        let own = fields.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        return post(browser, path, &own.chain([("nokkel", token)]).collect::<Vec<_>>()).await.status;
    }
    browser.get(&if fields.is_empty() { path.to_owned() } else { format!("{path}?{fields}") }).await.status
}

on_both! {
    async fn every_page_by_every_role(app: TestApp) {
        let answered = app.invite("visit-1").await;
        let (_, receipt) = app.answer(&answered, &answers(7, &["pain"], &[], "yes", Some("yes"))).await;
        let open = app.invite("visit-2").await;
        let fill = |text: &str| {
            let response = receipt["response"].as_str().expect("response");
            let filled = text.replace("{response}", response).replace("{patient}", &open.patient).replace("{invitation}", &open.id);
            filled.replace("{number}", FNR)
        };
        let mut wrong = Vec::new();
        for (at, who) in ROLES.into_iter().enumerate() {
            let (mut browser, token) = seated(&app, who).await;
            for (method, path, fields, expected) in TABLE {
                let status = ask(&mut browser, &token, method, &fill(path), &fill(fields)).await;
                if status != expected[at] {
                    wrong.push(format!("{method} {path} by {who}: expected {}, was {status}", expected[at]));
                }
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
        let (mut browser, token) = seated(&app, "clinician").await;
        for (method, path, fields, _) in TABLE.iter().filter(|(_, path, ..)| path.contains('{')) {
            for unknown in ["0193a5d0-2000-7000-8000-00000000ffff", "nonsense"] {
                let path = generic(path).replace("{id}", unknown);
                let status = ask(&mut browser, &token, method, &path, fields).await;
                let stating = path.ends_with("/likevel") && unknown != "nonsense";
                assert!(status == 404 || stating, "{method} {path}: {status}");
            }
        }
        // A form without the token of this session, or from another site, does nothing.
        for (method, path, fields, _) in TABLE.iter().filter(|(method, ..)| *method == "POST") {
            assert_eq!(ask(&mut browser, "AAAA", method, &fill(path), &fill(fields)).await, 403, "{path}");
            let mut foreign = browser.clone().with("sec-fetch-site", "cross-site");
            assert_eq!(ask(&mut foreign, &token, method, &fill(path), &fill(fields)).await, 403, "{path}");
        }
    }
}
