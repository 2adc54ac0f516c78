//! The patient's pages, as a person with a browser meets them.

mod engine;
mod properties;
mod resume;
mod shape;
mod states;
mod tabs;
mod way;

use crate::support::TestApp;
use crate::support::app::{Kind, run};
use crate::support::browser::{Browser, Page};
use crate::support::world::Invited;
use kartlegging::domain::language::Language;
use kartlegging::text;
use serde_json::{Value, json};
use std::future::Future;
use std::path::Path;

/// First words of the questions of the distress thermometer.
const SCORE: &str = "Hvor stor påkjenning";
const PRACTICAL: &str = "Praktiske utfordringer";
const EMOTIONAL: &str = "Emosjonelle utfordringer";
const PHYSICAL: &str = "Fysiske utfordringer";
const OTHER: &str = "Andre utfordringer";
const MOST: &str = "Hva av dette er tyngst";
const WISH: &str = "Vil du ha oppfølging";
const CONSENT: &str = "Får vi sende skjemaet";

/// A question and what is chosen or typed.
pub type Pick<'a> = (&'a str, &'a [&'a str]);

/// What has to be answered, and nothing else.
pub const LEAST: [Pick<'static>; 3] = [(SCORE, &["2"]), (WISH, &["Nei"]), (CONSENT, &["Nei"])];

/// Words of the product in bokmål.
pub fn say(key: &str) -> String {
    text::words(&Language::nb(), key, &[])
}

/// Answers page after page until the form ends or a page stays.
pub async fn answer(browser: &mut Browser, mut page: Page, picks: &[Pick<'_>]) -> Page {
    let mut last = String::new();
    while page.path.starts_with("/skjema/side/") && page.path != last {
        last.clone_from(&page.path);
        let heading = page.heading();
        let labels = picks.iter().find(|(question, _)| heading.starts_with(question)).map_or(&[][..], |(_, labels)| *labels);
        let mut form = page.form();
        for label in labels {
            form = if form.choices().is_empty() { form.say(&heading, label) } else { form.choose(label) };
        }
        page = browser.submit(&form).await;
    }
    page
}

/// Hands in from the check page.
async fn hand_in(browser: &mut Browser, check: &Page) -> Page {
    assert_eq!(check.path, "/skjema/svar", "{}", check.main());
    browser.submit(&check.form()).await
}

/// The newest response of this browser's session as a clinician reads it.
pub async fn stored(app: &TestApp, browser: &Browser) -> Value {
    let receipt = app.get("/api/v1/session/receipt").bearer(&browser.token()).send().await.expect(200);
    let path = format!("/api/v1/responses/{}", receipt["response"].as_str().unwrap_or_default());
    app.get(&path).bearer(app.world.token("clinician")).send().await.expect(200)
}

/// Every answer to an item, wherever it stands: code, or the value as text.
fn given(resource: &Value, link_id: &str) -> Vec<String> {
    let mut all = Vec::new();
    collect(resource, link_id, &mut all);
    all
}

fn collect(resource: &Value, link_id: &str, all: &mut Vec<String>) {
    for item in resource["item"].as_array().into_iter().flatten() {
        for answer in item["answer"].as_array().into_iter().flatten() {
            if item["linkId"] == link_id {
                all.push(value(answer));
            }
            collect(answer, link_id, all);
        }
        collect(item, link_id, all);
    }
}

fn value(answer: &Value) -> String {
    let (_, value) = answer.as_object().expect("answer").iter().find(|(name, _)| name.starts_with("value")).expect("a value");
    match value {
        Value::String(text) => text.clone(),
        Value::Object(_) if value.get("code").is_some() && value.get("value").is_none() => {
            value["code"].as_str().unwrap_or_default().to_owned()
        }
        Value::Object(_) if value.get("value").is_some() => format!("{} {}", value["value"], value["code"].as_str().unwrap_or_default()),
        other => other.to_string(),
    }
}

/// An application that has the form of all kinds of questions as well.
fn with_torture<F, T>(kind: Kind, test: F)
where
    F: FnOnce(TestApp) -> T,
    T: Future<Output = ()>,
{
    run(kind, |app| async move {
        // The world's database is there; the forms are a setting of the instance.
        let app = app
            .second_instance_with(|settings| settings.questionnaires = Some(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/forms")))
            .await;
        test(app).await;
    });
}

/// An invitation to a form of that name.
async fn invite_to(app: &TestApp, name: &str, language: &str) -> Invited {
    let mut order = app.order(&format!("{name}-{language}"));
    order["questionnaire"] = json!({"name": name});
    order["patient"]["language"] = json!(language);
    Invited::of(app.issue(&format!("key-{name}-{language}"), &order).await.expect(201))
}
