//! A browser: keeps cookies as browsers do, reads pages, fills forms in and follows where they lead.
//! Every page it meets is held to the rules in [`super::aria`].

use super::app::{Answer, Http, TestApp, start_of_time};
use super::html::{Element, parse};
use super::world::{BORN, Invited};
use super::{aria, form::Form};
use chrono::{DateTime, Duration, Utc};
use kartlegging::domain::clock::Clock;
use kartlegging::domain::clock::testing::MovableClock;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Begins of the names of all cookies there are.
const COOKIES: [&str; 6] = ["__Host-sesjon", "__Host-inngang", "__Host-enhet-", "__Host-klinikk", "__Host-innlogging", "__Host-grunn"];
/// Media type of forms.
pub const FORM: &str = "application/x-www-form-urlencoded";

/// One person's browser.
#[derive(Clone)]
pub struct Browser {
    http: Http,
    clock: Arc<MovableClock>,
    /// Value, and when it goes; one without an end goes when the browser is closed.
    jar: BTreeMap<String, (String, Option<DateTime<Utc>>)>,
    headers: Vec<(String, String)>,
    /// Every answer so far, with the method and the address that was asked for.
    pub met: Vec<(String, Answer)>,
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Page {
    pub status: u16,
    /// Address of the page, after every turn on the way.
    pub path: String,
    pub answer: Answer,
    pub html: Element,
}

impl Browser {
    /// A fresh one at an application.
    pub fn new(app: &TestApp) -> Self {
        Self { clock: Arc::clone(&app.clock), ..Self::at(&app.http) }
    }

    /// A fresh one at the program.
    pub fn at(http: &Http) -> Self {
        let clock = Arc::new(MovableClock::at(start_of_time()));
        Self { http: http.clone(), clock, jar: BTreeMap::new(), headers: Vec::new(), met: Vec::new() }
    }

    /// The same, which sends a header with every request.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.retain(|(own, _)| own != name);
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Ends the browser: what was to be kept for a while is kept.
    pub fn close(&mut self) {
        self.jar.retain(|_, (_, until)| until.is_some());
    }

    /// Names of the cookies it has now.
    pub fn cookies(&self) -> Vec<&str> {
        self.jar
            .iter()
            .filter(|(_, (_, until))| until.is_none_or(|until| until > self.clock.now()))
            .map(|(name, _)| name.as_str())
            .collect()
    }

    /// A cookie's value.
    pub fn cookie(&self, name: &str) -> Option<&str> {
        self.jar.get(name).map(|(value, _)| value.as_str())
    }

    /// Puts a cookie as a hand would.
    pub fn plant(&mut self, name: &str, value: &str) {
        self.jar.insert(name.to_owned(), (value.to_owned(), None));
    }

    /// The token in the session cookie: good for the API as well.
    pub fn token(&self) -> String {
        let value = self.cookie(COOKIES[0]).unwrap_or_default();
        value.split_once('.').map_or(value, |(_, token)| token).to_owned()
    }

    fn keep(&mut self, line: &str) {
        let mut parts = line.split(';').map(str::trim);
        let (name, value) = parts.next().and_then(|pair| pair.split_once('=')).unwrap_or_else(|| panic!("no cookie: {line}"));
        let rules: Vec<&str> = parts.collect();
        assert!(COOKIES.iter().any(|own| name.starts_with(own)), "a cookie of another name: {line}");
        for rule in ["HttpOnly", "Secure", "SameSite=Lax", "Path=/"] {
            assert!(rules.contains(&rule), "{rule} is missing: {line}");
        }
        assert!(!rules.iter().any(|rule| rule.starts_with("Domain")), "__Host- has no domain: {line}");
        let age = rules.iter().find_map(|rule| rule.strip_prefix("Max-Age=")).map(|age| age.parse::<i64>().expect("seconds"));
        match age {
            Some(seconds) if seconds <= 0 => drop(self.jar.remove(name)),
            age => {
                let until = age.map(|seconds| self.clock.now() + Duration::seconds(seconds));
                self.jar.insert(name.to_owned(), (value.to_owned(), until));
            }
        }
    }

    /// One request, without going on.
    pub async fn ask(&mut self, method: &str, path: &str, body: Option<(&str, Vec<u8>)>) -> Page {
        let now = self.clock.now();
        self.jar.retain(|_, (_, until)| until.is_none_or(|until| until > now));
        let cookies: Vec<String> = self.jar.iter().map(|(name, (value, _))| format!("{name}={value}")).collect();
        let mut call = self.http.call(method, path);
        if !self.headers.iter().any(|(name, _)| name == "accept") {
            call = call.header("accept", "text/html");
        }
        if !cookies.is_empty() {
            call = call.header("cookie", &cookies.join("; "));
        }
        for (name, value) in &self.headers {
            call = call.header(name, value);
        }
        if let Some((media, body)) = body {
            call = call.body(media, body);
        }
        let answer = call.send().await;
        for line in &answer.cookies {
            self.keep(line);
        }
        self.met.push((format!("{method} {path}"), answer.clone()));
        let mut html = Element::default();
        if answer.headers.get("content-type").is_some_and(|media| media.starts_with("text/html")) && method != "HEAD" {
            let errors;
            (html, errors) = parse(&answer.text);
            let mut faults = aria::faults(&html);
            faults.extend(errors);
            assert!(faults.is_empty(), "{method} {path}: {faults:#?}\n{}", answer.text);
        }
        Page { status: answer.status, path: path.to_owned(), answer, html }
    }

    /// Reads a page, without going on.
    pub async fn get(&mut self, path: &str) -> Page {
        self.ask("GET", path, None).await
    }

    /// Reads a page and goes on where it leads.
    pub async fn open(&mut self, path: &str) -> Page {
        let page = self.get(path).await;
        self.follow(page).await
    }

    /// Goes on as long as an answer leads elsewhere.
    pub async fn follow(&mut self, mut page: Page) -> Page {
        for _ in 0..8 {
            if page.status != 303 {
                return page;
            }
            let to = page.leads();
            page = self.get(&to).await;
        }
        panic!("round and round at {}", page.path);
    }

    /// Sends a form, without going on.
    pub async fn send(&mut self, form: &Form) -> Page {
        self.ask("POST", &form.action, Some((FORM, form.body().into_bytes()))).await
    }

    /// Sends a form and goes on where it leads.
    pub async fn submit(&mut self, form: &Form) -> Page {
        let page = self.send(form).await;
        self.follow(page).await
    }

    /// Sends a form as the script does that saves at once.
    pub async fn save(&mut self, form: &Form) -> Page {
        let kept = self.headers.clone();
        self.headers.push(("accept".to_owned(), "application/json".to_owned()));
        let page = self.send(form).await;
        self.headers = kept;
        page
    }

    /// Opens the link and tells the birth date; gives the page it leads to.
    pub async fn enter(&mut self, invited: &Invited) -> Page {
        let welcome = self.open(path_of(&invited.link)).await;
        assert_eq!((welcome.status, welcome.path.as_str()), (200, "/start"), "{}", welcome.html.text());
        let door = self.open("/fodselsdato").await;
        let form = door.form().born(BORN);
        self.submit(&form).await
    }

    /// The same with the code.
    pub async fn enter_by_code(&mut self, code: &str) -> Page {
        let form = self.open("/kode").await.form().fill("kode", code).born(BORN);
        self.submit(&form).await
    }

    /// Enters and says that the patient answers; gives the first page of the form.
    pub async fn begin(&mut self, invited: &Invited) -> Page {
        let about = self.enter(invited).await;
        assert_eq!(about.path, "/skjema/om", "{}", about.html.text());
        let form = self.open("/skjema/hvem").await.form().check("hvem-patient");
        self.submit(&form).await
    }

    /// The draft of this session, as the API gives it.
    pub async fn draft(&self) -> Value {
        self.http.call("GET", "/api/v1/session/draft").bearer(&self.token()).send().await.expect(200)
    }
}

/// The path of a personal link.
pub fn path_of(link: &str) -> &str {
    link.find("/s/").and_then(|at| link.get(at..)).unwrap_or(link)
}

impl Page {
    /// Where it leads.
    #[track_caller]
    pub fn leads(&self) -> String {
        assert_eq!(self.status, 303, "{}: {}", self.path, self.html.text());
        let to = self.answer.headers.get("location").cloned().unwrap_or_default();
        assert!(to.starts_with('/') && !to.starts_with("//"), "it leads to another place: {to}");
        to
    }

    /// The form of the page.
    #[track_caller]
    pub fn form(&self) -> Form {
        Form::of(&self.html, &self.path)
    }

    /// The main heading.
    pub fn heading(&self) -> String {
        self.html.named("h1").first().map(|heading| heading.text()).unwrap_or_default()
    }

    /// The title.
    pub fn title(&self) -> String {
        self.html.named("title").first().map(|title| title.text()).unwrap_or_default()
    }

    /// What stands between header and footer.
    pub fn main(&self) -> String {
        self.html.id("main").map(Element::text).unwrap_or_default()
    }

    /// Texts of the error summary.
    pub fn errors(&self) -> Vec<String> {
        self.html.id("summary").map(|summary| summary.named("li").iter().map(|line| line.text()).collect()).unwrap_or_default()
    }

    /// Asserts status and address.
    #[track_caller]
    pub fn at(self, status: u16, path: &str) -> Self {
        assert_eq!((self.status, self.path.as_str()), (status, path), "{}", self.main());
        self
    }
}
