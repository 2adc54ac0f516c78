//! Nothing on a clinician's page misstates an answer: 500 generated responses, handed in as patients do,
//! and for each the page, the text for the record, the PDF and the Observations against what was stored.
//! What they should say is worked out here from the dice and the file of the form, not by the product.

use super::links::sign_in;
use crate::print::reading::Pdf;
use crate::simulation::dice::Dice;
use crate::support::TestApp;
use crate::support::app::{Kind, run};
use crate::support::browser::{Browser, Page};
use crate::support::html::Element;
use crate::support::world::{BORN, Invited, item};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Patients, each of whom answers twice.
const PATIENTS: u64 = 250;
const SEED: u64 = 20_261_124;
const CATEGORIES: [&str; 5] = ["practical", "social", "emotional", "spiritual", "physical"];
const SYSTEM: &str = "https://kartlegging.example/fhir/CodeSystem";
/// Words that a page, a text and a PDF could each spoil in its own way.
const OWN: [&str; 6] = [
    "Sover dårlig.",
    "<b>Ingen</b> & \"alle\" <script>x</script>",
    "Første linje\nandre linje",
    "Ja",
    "ikke besvart",
    "Ett_langt_ord_som_er_lengre_enn_en_linje_av_tekst_kan_være_og_derfor_må_deles_et_sted_på_veien_hit",
];

/// The form as its file has it: category, its name, its options.
struct Form(Vec<(&'static str, String, Options)>);

/// Code and words of each.
type Options = Vec<(String, String)>;

impl Form {
    fn read() -> Self {
        let text = include_str!("../../../questionnaires/distress-thermometer/1.0.0.json");
        let form: Value = serde_json::from_str(text).expect("form");
        let category = |id: &'static str| {
            let found = item(&form, id).expect("category");
            let coding = |option: &Value, name: &str| option["valueCoding"][name].as_str().expect("coding").to_owned();
            let options = found["answerOption"].as_array().expect("options").iter();
            let options = options.map(|option| (coding(option, "code"), coding(option, "display")));
            (id, found["text"].as_str().expect("text").to_owned(), options.filter(|(code, _)| code != "none").collect())
        };
        Self(CATEGORIES.into_iter().map(category).collect())
    }

    fn options(&self) -> impl Iterator<Item = &(String, String)> {
        self.0.iter().flat_map(|(.., options)| options)
    }

    fn label(&self, code: &str) -> &str {
        let found = self.options().find(|(own, _)| own == code);
        found.map_or("Andre utfordringer", |(_, label)| label.as_str())
    }
}

/// What a patient answers. A category: `None` not answered, empty "none of these".
#[derive(Clone)]
struct Given {
    score: i64,
    ticked: BTreeMap<&'static str, Option<Vec<String>>>,
    own: Option<&'static str>,
    most: BTreeSet<String>,
    wish: &'static str,
    /// `None`: who answered may not decide it, and was not asked.
    consent: Option<&'static str>,
}

impl Given {
    fn throw(dice: &mut Dice, form: &Form) -> Self {
        let category = |dice: &mut Dice, options: &[(String, String)]| match dice.below(4) {
            0 => None,
            1 => Some(Vec::new()),
            _ => {
                let most = 1 + dice.below(options.len());
                let some = options.iter().filter(|_| dice.below(options.len()) < most).map(|(code, _)| code.clone());
                Some(some.collect())
            }
        };
        let ticked: BTreeMap<_, _> = form.0.iter().map(|(id, _, options)| (*id, category(dice, options))).collect();
        let own = if dice.one_in(2) { dice.pick(&OWN) } else { None };
        let mut may: Vec<String> = ticked.values().flatten().flatten().cloned().collect();
        may.extend(own.map(|_| "other-concerns".to_owned()));
        let most = may.into_iter().filter(|_| dice.one_in(4)).collect();
        let wish = dice.pick(&["yes", "no", "maybe"]).expect("wish");
        let consent = if dice.one_in(5) { None } else { dice.pick(&["yes", "no"]) };
        Self { score: dice.between(0, 10), ticked, own, most, wish, consent }
    }

    /// As a browser sends it.
    fn draft(&self) -> Value {
        let coding = |system: &str, code: &str| json!({"valueCoding": {"system": format!("{SYSTEM}/{system}"), "code": code}});
        let mut problems = Vec::new();
        for (id, ticked) in &self.ticked {
            let codes = ticked.as_ref().map(|codes| if codes.is_empty() { vec!["none".to_owned()] } else { codes.clone() });
            if let Some(codes) = codes {
                let all: Vec<Value> = codes.iter().map(|code| coding("problem", code)).collect();
                problems.push(json!({"linkId": id, "answer": all}));
            }
        }
        problems.sort_by_key(|one| CATEGORIES.iter().position(|id| one["linkId"] == *id));
        problems.extend(self.own.map(|text| json!({"linkId": "other-concerns", "answer": [{"valueString": text}]})));
        let score = coding("distress-score", &self.score.to_string());
        let mut items = vec![json!({"linkId": "distress", "item": [{"linkId": "score", "answer": [score]}]})];
        if !problems.is_empty() {
            items.push(json!({"linkId": "problems", "item": problems}));
        }
        if !self.most.is_empty() {
            let most: Vec<Value> = self.most.iter().map(|code| coding("problem", code)).collect();
            items.push(json!({"linkId": "burdens-most", "answer": most}));
        }
        items.push(json!({"linkId": "follow-up", "answer": [coding("answer", self.wish)]}));
        items.extend(self.consent.map(|consent| json!({"linkId": "consent-forward", "answer": [coding("answer", consent)]})));
        let respondent = match self.consent {
            Some(_) => json!({"kind": "patient"}),
            None => json!({"kind": "representative", "relation": "power-of-attorney", "name": "Kari Prøve", "phone": "+47 00 00 00 03"}),
        };
        let answers = json!({"resourceType": "QuestionnaireResponse", "status": "in-progress", "item": items});
        json!({"respondent": respondent, "answers": answers, "language": "nb"})
    }

    fn has(&self, code: &str) -> bool {
        self.ticked.values().flatten().flatten().any(|own| own == code)
    }

    /// Ticked now, and known not to have been before.
    fn new_since(&self, before: &Self) -> BTreeSet<String> {
        let both = self.ticked.iter().filter(|(id, _)| before.ticked[*id].is_some());
        both.filter_map(|(_, codes)| codes.as_ref()).flatten().filter(|code| !before.has(code)).cloned().collect()
    }

    fn wish_words(&self) -> &'static str {
        match self.wish {
            "yes" => "Ja",
            "no" => "Nei",
            _ => "Kanskje",
        }
    }

    fn consent_words(&self) -> &'static str {
        match self.consent {
            Some("yes") => "Ja",
            Some(_) => "Nei",
            None => "ikke spurt: den som svarte, kan ikke bestemme dette",
        }
    }

    fn score_words(&self) -> String {
        let place = if self.score >= 4 { "på eller over" } else { "under" };
        format!("{} av 10, {place} terskelen på 4", self.score)
    }

    /// Name and value of each line that text and PDF must have.
    fn lines(&self, form: &Form) -> Vec<(String, String)> {
        let mut lines = vec![
            ("Påkjenning".to_owned(), self.score_words()),
            ("Ønsker oppfølging".to_owned(), self.wish_words().to_owned()),
            ("Samtykke til videresending til kommunen og fastlegen".to_owned(), self.consent_words().to_owned()),
        ];
        for (id, name, options) in &form.0 {
            let value = match &self.ticked[id] {
                None => "ikke besvart".to_owned(),
                Some(none) if none.is_empty() => "ingen av disse".to_owned(),
                Some(codes) => {
                    let own = options.iter().filter(|(code, _)| codes.contains(code));
                    let each = own
                        .map(|(code, label)| if self.most.contains(code) { format!("{label} (mest belastende)") } else { label.clone() });
                    each.collect::<Vec<_>>().join("; ")
                }
            };
            lines.push((name.clone(), value));
        }
        lines
    }
}

fn bare(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

/// Values of an attribute, with the text of what has it.
fn valued<'p>(page: &'p Page, name: &str) -> Vec<(&'p str, String)> {
    page.html.all().into_iter().filter_map(|element| Some((element.attr(name)?, element.text()))).collect()
}

fn page_says(page: &Page, given: &Given, before: Option<&Given>, form: &Form, who: &str) {
    let score = valued(page, "data-score");
    assert_eq!(score.len(), 1, "{who}");
    assert_eq!((score[0].0, score[0].1.as_str()), (given.score.to_string().as_str(), given.score_words().as_str()), "{who}");
    assert_eq!(valued(page, "data-wish"), [(given.wish, given.wish_words().to_owned())], "{who}");
    let consent = given.consent.unwrap_or("not-asked-respondent-may-not-decide");
    assert_eq!(valued(page, "data-consent"), [(consent, given.consent_words().to_owned())], "{who}");
    let most: BTreeSet<_> = valued(page, "data-most").into_iter().collect();
    assert_eq!(most, given.most.iter().map(|code| (code.as_str(), form.label(code).to_owned())).collect(), "{who}");
    let new = before.map(|before| given.new_since(before)).unwrap_or_default();
    let sections: Vec<_> = page.html.all().into_iter().filter(|element| element.attr("data-category").is_some()).collect();
    assert_eq!(sections.len(), CATEGORIES.len(), "{who}");
    for (section, (id, name, options)) in sections.into_iter().zip(&form.0) {
        assert_eq!((section.get("data-category"), section.named("h3")[0].text()), (*id, name.clone()), "{who}");
        let state: Vec<_> = section.all().into_iter().filter_map(|one| Some((one.attr("data-state")?, one.text()))).collect();
        let shown: Vec<_> = section.all().into_iter().filter_map(|one| Some((one.attr("data-problem")?, one.text()))).collect();
        let codes = given.ticked[id].as_ref();
        let expected_state = match codes {
            None => vec![("not-answered", "ikke besvart".to_owned())],
            Some(none) if none.is_empty() => vec![("none", "ingen av disse".to_owned())],
            Some(_) => Vec::new(),
        };
        assert_eq!(state, expected_state, "{who}: {id}");
        let ticked = options.iter().filter(|(code, _)| codes.is_some_and(|codes| codes.contains(code)));
        let expected: Vec<_> = ticked
            .map(|(code, label)| {
                let most = if given.most.contains(code) { " mest belastende" } else { "" };
                let new = if new.contains(code) { " ny siden sist" } else { "" };
                (code.as_str(), format!("{label}{most}{new}"))
            })
            .collect();
        assert_eq!(shown, expected, "{who}: {id}");
    }
    let own = page.html.all().into_iter().filter(|element| element.attr("data-own").is_some()).map(Element::raw).collect::<Vec<_>>();
    assert_eq!(own, [given.own.unwrap_or("ikke besvart")], "{who}");
    let main = page.main();
    let removed: Vec<String> =
        before.map(|before| before.new_since(given)).unwrap_or_default().iter().map(|code| form.label(code).to_owned()).collect();
    for label in &removed {
        let list = main.split("Krysset av sist, men ikke nå: ").nth(1).unwrap_or_else(|| panic!("{who}: {main}"));
        assert!(list.contains(label.as_str()), "{who}: {label}");
    }
    assert_eq!(removed.is_empty(), !main.contains("Krysset av sist, men ikke nå: "), "{who}");
    if let Some(before) = before {
        assert!(main.contains(&format!("Påkjenning sist: {}.", before.score)), "{who}: {main}");
    }
}

/// Text and PDF: each line whole, and nothing after it that belongs to it.
fn text_says(text: &str, given: &Given, form: &Form, who: &str) {
    let text = bare(text);
    for (name, value) in given.lines(form) {
        let line = bare(&format!("{name}: {value}"));
        assert!(text.contains(&line), "{who}: {line} in {text}");
        assert!(!text.contains(&format!("{line};")) && !text.contains(&format!("{line}(")), "{who}: more than {line} in {text}");
    }
    let most: Vec<&str> = given.most.iter().map(|code| form.label(code)).collect();
    let shown = text.split("Detsomermestbelastende:").nth(1).and_then(|rest| rest.split("Utfordringer").next()).expect("most");
    if most.is_empty() {
        assert_eq!(shown, "ikkeoppgitt", "{who}");
    } else if !shown.contains("Andre") {
        let shown: BTreeSet<&str> = shown.split(';').collect();
        let most: Vec<String> = most.into_iter().map(bare).collect();
        assert_eq!(shown, most.iter().map(String::as_str).collect(), "{who}");
    }
    // The words under their question; a PDF has a colon between.
    let own = text.replace("Andreutfordringer:", "Andreutfordringer").replace("Andreutfordringer(mestbelastende):", "Andreutfordringer");
    let own = own.replace("Andreutfordringer(mestbelastende)", "Andreutfordringer");
    let words = bare(&format!("Andre utfordringer{}", given.own.unwrap_or("ikke besvart")));
    assert!(own.contains(&words), "{who}: {words} in {own}");
}

/// The Observations: a problem is yes, no or absent.
fn observations_say(bundle: &Value, given: &Given, form: &Form, who: &str) {
    let all: Vec<&Value> = bundle["entry"].as_array().expect("entries").iter().map(|entry| &entry["resource"]).collect();
    let of = |part: &str| {
        let found: Vec<_> = all.iter().filter(|one| one["id"].as_str().is_some_and(|id| id.ends_with(&format!("-{part}")))).collect();
        assert_eq!(found.len(), 1, "{who}: {part}");
        found[0]
    };
    for (id, _, options) in &form.0 {
        for (code, label) in options {
            // A long id ends in a sum: it is found by its code.
            let found: Vec<_> = all.iter().filter(|one| one["code"]["coding"][0]["code"] == *code).collect();
            assert_eq!(found.len(), 1, "{who}: {code}");
            assert_eq!(found[0]["code"]["coding"][0]["display"], *label, "{who}");
            match &given.ticked[id] {
                None => assert!(found[0]["dataAbsentReason"].is_object() && found[0].get("valueBoolean").is_none(), "{who}: {code}"),
                Some(codes) => assert_eq!(found[0]["valueBoolean"], json!(codes.contains(code)), "{who}: {code}"),
            }
        }
    }
    assert_eq!(of("score")["valueInteger"], given.score, "{who}");
    assert_eq!(of("follow-up")["valueCodeableConcept"]["coding"][0]["code"], given.wish, "{who}");
    match given.consent {
        Some(consent) => assert_eq!(of("consent-forward")["valueCodeableConcept"]["coding"][0]["code"], consent, "{who}"),
        None => assert_eq!(of("consent-forward")["dataAbsentReason"]["coding"][0]["code"], "not-asked", "{who}"),
    }
    match given.own {
        Some(text) => assert_eq!(of("other-concerns")["valueString"], text, "{who}"),
        None => assert!(of("other-concerns")["dataAbsentReason"].is_object(), "{who}"),
    }
}

/// What is stored is what was sent.
fn stored_is(stored: &Value, given: &Given, who: &str) {
    let answers = &stored["answers"];
    let codes = |id: &str| -> Option<BTreeSet<String>> {
        let given = item(answers, id)?["answer"].as_array()?;
        Some(given.iter().map(|answer| answer["valueCoding"]["code"].as_str().unwrap_or_default().to_owned()).collect())
    };
    for id in CATEGORIES {
        let none =
            |codes: &Vec<String>| if codes.is_empty() { BTreeSet::from(["none".to_owned()]) } else { codes.iter().cloned().collect() };
        assert_eq!(codes(id), given.ticked[id].as_ref().map(none), "{who}: {id}");
    }
    assert_eq!(codes("score"), Some(BTreeSet::from([given.score.to_string()])), "{who}");
    assert_eq!(codes("burdens-most").unwrap_or_default(), given.most, "{who}");
    assert_eq!(codes("follow-up"), Some(BTreeSet::from([given.wish.to_owned()])), "{who}");
    assert_eq!(codes("consent-forward"), given.consent.map(|consent| BTreeSet::from([consent.to_owned()])), "{who}");
    assert_eq!(
        item(answers, "other-concerns").map(|own| &own["answer"][0]["valueString"]),
        given.own.map(|text| json!(text)).as_ref(),
        "{who}"
    );
}

/// Invites, answers, hands in; gives the id of the response.
async fn hand_in(app: &TestApp, patient: u64, visit: u32, given: &Given, who: &str) -> String {
    let order = json!({
        "patient": {
            "identifier": {"system": "urn:kartlegging:local-patient-number", "assigner": "prøve", "value": format!("P{patient}")},
            "name": format!("Oppdiktet nummer {patient}"), "birth_date": BORN, "language": "nb",
        },
        "appointment": {"external_id": who, "starts_at": format!("2026-11-{}T10:00:00Z", 26 + visit), "unit": app.world.unit},
    });
    let invited = Invited::of(app.issue(&format!("key-{who}"), &order).await.expect(201));
    let (session, _) = app.open(&invited, None).await;
    app.put("/api/v1/session/draft").bearer(&session).if_match(0).json(&given.draft()).send().await.expect(200);
    let receipt = app.submit(&session, 1).await.expect(201);
    // The next one is later.
    app.advance(chrono::Duration::seconds(2));
    receipt["response"].as_str().expect("id").to_owned()
}

async fn all_say_the_same(app: TestApp) {
    let form = Form::read();
    let mut browser = Browser::new(&app);
    sign_in(&app, &mut browser).await;
    for patient in 0..PATIENTS {
        let mut dice = Dice::of(SEED, patient);
        let mut before: Option<Given> = None;
        for visit in 0..2 {
            let who = format!("patient-{patient}-{visit}");
            let given = Given::throw(&mut dice, &form);
            let id = hand_in(&app, patient, visit, &given, &who).await;
            let bearer = app.world.token("clinician");
            let stored = app.get(&format!("/api/v1/responses/{id}")).bearer(bearer).send().await.expect(200);
            stored_is(&stored, &given, &who);
            let path = format!("/klinikk/svar/{id}");
            let page = browser.get(&path).await.at(200, &path);
            page_says(&page, &given, before.as_ref(), &form, &who);
            let text = browser.get(&format!("{path}/tekst")).await.answer.text;
            text_says(&text, &given, &form, &who);
            assert_eq!(page.html.id("plain").expect("text").raw(), text, "{who}");
            let pdf = browser.get(&format!("{path}/oppsummering.pdf")).await;
            let pdf = Pdf::open(&pdf.answer.bytes);
            let foot = |page: usize| format!("distress-thermometer1.0.0Side{page}av{}", pdf.pages);
            let printed = (1..=pdf.pages).fold(pdf.text.clone(), |text, page| text.replace(&foot(page), ""));
            text_says(&printed, &given, &form, &who);
            let call = app.get(&format!("/api/v1/responses/{id}/summary?language=nb")).bearer(bearer);
            let bundle = call.header("accept", "application/fhir+json").send().await;
            observations_say(&serde_json::from_str(&bundle.text).expect("json"), &given, &form, &who);
            before = Some(given);
        }
    }
    weighs_little(&app, &mut browser).await;
}

/// A worklist of all of them: 500 rows, as a browser fetches it.
async fn weighs_little(app: &TestApp, browser: &mut Browser) {
    let path = "/klinikk?fra=2026-11-26&dager=7";
    let page = browser.get(path).await;
    assert_eq!(page.html.named("tbody")[0].named("tr").len(), 500);
    let cookie = format!("__Host-klinikk={}", browser.cookie("__Host-klinikk").expect("session"));
    let fetched = app.get(path).header("cookie", &cookie).header("accept-encoding", "gzip").send().await;
    assert_eq!((fetched.status, fetched.headers.get("content-encoding").map(String::as_str)), (200, Some("gzip")));
    println!("500 rows: {} bytes, {} as they are sent", page.answer.bytes.len(), fetched.bytes.len());
    assert!(fetched.bytes.len() <= 120 * 1024, "{} bytes", fetched.bytes.len());
}

#[test]
fn page_text_pdf_and_observations_say_what_500_patients_answered() {
    run(Kind::Sqlite, all_say_the_same);
}
