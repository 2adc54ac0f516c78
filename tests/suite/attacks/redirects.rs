//! Redirects and links that would lead elsewhere. OWASP ASVS 5.0, 3.7.2 and 1.2.2.

use super::wire::say;
use crate::on_both;
use crate::support::TestApp;
use crate::support::browser::{Browser, Page, path_of};

const ELSEWHERE: [&str; 8] = [
    "https://angriper.example",
    "//angriper.example",
    "/\\angriper.example",
    "\\\\angriper.example",
    "/%09/angriper.example",
    "javascript:alert(1)",
    "data:text/html,angriper",
    "%0d%0aLocation:%20https://angriper.example",
];
const NAMES: [&str; 9] = ["fra", "next", "url", "return_to", "redirect_uri", "tilbake", "continue", "to", "sprak"];

/// Every address of a page leads to a path of ours or to a phone.
fn stays_here(page: &Page) {
    let location = page.answer.headers.get("location").map(String::as_str);
    let addresses = page
        .html
        .all()
        .into_iter()
        .flat_map(|element| ["href", "action", "src", "formaction", "content"].map(|name| (name, element.get(name))));
    let addresses = addresses.filter(|(name, value)| !value.is_empty() && (*name != "content" || value.contains("url=")));
    for address in addresses.map(|(_, value)| value).chain(location) {
        let own = address.starts_with('/') && !address.starts_with("//") && !address.contains('\\');
        assert!(own || address.starts_with('#') || address.starts_with("tel:"), "{} leads to {address}", page.path);
        let path = address.split(['?', '#']).next().unwrap_or_default();
        assert!(!path.contains("angriper") && !path.to_lowercase().contains("%09"), "{} leads to {address}", page.path);
    }
    assert!(!page.answer.headers.contains_key("refresh"), "{}", page.path);
}

on_both! {
    async fn no_parameter_leads_elsewhere(app: TestApp) {
        let invited = app.invite("visit-1").await;
        let mut fresh = Browser::new(&app);
        let mut inside = Browser::new(&app);
        inside.begin(&invited).await;
        let link = path_of(&invited.link);
        let outside = ["/", link, "/start", "/kode", "/fodselsdato", "/feil-brev", "/pause", "/ferdig", "/finnes-ikke"];
        let pages = ["/skjema", "/skjema/om", "/skjema/hvem", "/skjema/side/1", "/skjema/side/2", "/skjema/svar", "/skjema/nei", "/skjema/annet-sted"];
        for target in ELSEWHERE {
            for name in NAMES {
                for (browser, paths) in [(&mut fresh, outside.as_slice()), (&mut inside, pages.as_slice())] {
                    for path in paths {
                        let asked = browser.get(&format!("{path}?{name}={target}")).await;
                        stays_here(&asked);
                    }
                }
            }
            // With a language beside it, which moves into the cookie by a redirect.
            for path in ["/start", "/skjema/side/1"] {
                for browser in [&mut fresh, &mut inside] {
                    stays_here(&browser.get(&format!("{path}?sprak=en&x={target}&fra={target}")).await);
                }
            }
        }
    }
}

on_both! {
    async fn an_address_with_a_host_in_it_leads_to_its_path(app: TestApp) {
        let invited = app.invite("visit-1").await;
        let mut browser = Browser::new(&app);
        browser.open(path_of(&invited.link)).await;
        let cookie = format!("__Host-inngang={}", browser.cookie("__Host-inngang").expect("entrance"));
        let asked = |app: &TestApp, target: &str| {
            let head = format!("GET {target} HTTP/1.1\r\nHost: angriper.example\r\nReferer: https://angriper.example/\r\nCookie: {cookie}\r\nConnection: close\r\n\r\n");
            let authority = app.http.authority().to_owned();
            async move { say(&authority, head).await }
        };
        for target in ["http://angriper.example/start?sprak=en", "/start?sprak=en", "http://angriper.example/start?sprak=en&a=%0d%0ab"] {
            let heard = asked(&app, target).await;
            assert_eq!(heard.statuses, [303], "{target}: {}", heard.text);
            let to = heard.header("location").unwrap_or_default();
            assert!(to == "/start" || to.starts_with("/start?a="), "{target} leads to {to}");
        }
        for target in ["//angriper.example/start?sprak=en", "///start?sprak=en", "/%2f/start?sprak=en"] {
            assert_eq!(asked(&app, target).await.statuses, [404], "{target}");
        }
    }
}
