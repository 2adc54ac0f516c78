//! What a patient gets who asks for everything: all of it, nobody else's, as FHIR that follows the
//! rules of R4 and as a page that people can read.

use crate::on_both;
use crate::support::TestApp;
use crate::support::html::parse;
use crate::support::world::{BORN, FNR, Invited, answers, with_text};
use kartlegging::domain::ids::{OrganizationId, PatientId};
use kartlegging::domain::language::Language;
use kartlegging::fhir::read;
use kartlegging::services::erase_patient::{self, Ground};
use kartlegging::services::export_patient::{self, Error, Export};
use regex::Regex;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

fn own(app: &TestApp) -> OrganizationId {
    app.world.organization.expect("organization")
}

fn id(text: &str) -> PatientId {
    PatientId::parse(text).expect("id")
}

async fn export(app: &TestApp, patient: &str, language: &str) -> Result<Export, Error> {
    let language = Language::parse(language).expect("language");
    export_patient::export(&app.services, own(app), id(patient), &language).await
}

/// Elements that R4 knows of the resources here, those that are required marked so.
const ELEMENTS: [(&str, &str); 5] = [
    ("Patient", "id identifier name telecom birthDate communication managingOrganization"),
    ("Appointment", "id identifier status! start _end participant!"),
    (
        "Task",
        "id status! businessStatus intent! code for executionPeriod authoredOn requester owner reasonReference restriction input output",
    ),
    ("QuestionnaireResponse", "id meta language contained extension questionnaire status! subject authored author source item"),
    ("AuditEvent", "id type! subtype action recorded! outcome purposeOfEvent agent! source! entity"),
];

/// Breaches of what holds for all FHIR JSON: no null, nothing empty, no text with blanks at its ends.
fn breaches(value: &Value, at: &str, found: &mut Vec<String>) {
    match value {
        Value::Null => found.push(format!("{at}: null")),
        Value::String(text) if text.is_empty() => found.push(format!("{at}: empty")),
        Value::Array(list) if list.is_empty() => found.push(format!("{at}: no element")),
        Value::Object(object) if object.is_empty() => found.push(format!("{at}: no member")),
        Value::Array(list) => list.iter().enumerate().for_each(|(n, one)| breaches(one, &format!("{at}[{n}]"), found)),
        Value::Object(object) => object.iter().for_each(|(name, one)| breaches(one, &format!("{at}.{name}"), found)),
        _ => {}
    }
}

/// Every reference in a value.
fn references(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Array(list) => list.iter().for_each(|one| references(one, found)),
        Value::Object(object) => {
            found.extend(object.get("reference").and_then(Value::as_str).map(str::to_owned));
            object.values().for_each(|one| references(one, found));
        }
        _ => {}
    }
}

/// The resources of a bundle by type, held to the rules.
fn checked(bundle: &Value) -> BTreeMap<String, Vec<Value>> {
    assert_eq!((&bundle["resourceType"], &bundle["type"]), (&json!("Bundle"), &json!("collection")));
    let mut found = Vec::new();
    breaches(bundle, "Bundle", &mut found);
    assert_eq!(found, [] as [String; 0]);
    let instant = Regex::new(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$").expect("regex");
    assert!(instant.is_match(bundle["timestamp"].as_str().expect("timestamp")));
    let mut all: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    let mut addresses = BTreeSet::new();
    let mut known = BTreeSet::new();
    for entry in bundle["entry"].as_array().expect("entries") {
        let resource = entry["resource"].clone();
        let (kind, own) = (resource["resourceType"].as_str().expect("type").to_owned(), resource["id"].as_str().expect("id").to_owned());
        assert_eq!(entry["fullUrl"], json!(format!("https://svar.example/fhir/{kind}/{own}")));
        let version = resource["meta"]["versionId"].as_str().unwrap_or_default().to_owned();
        assert!(addresses.insert((kind.clone(), own.clone(), version)), "bdl-7: {kind} {own}");
        known.insert(format!("{kind}/{own}"));
        let (_, elements) = ELEMENTS.iter().find(|(own, _)| *own == kind).unwrap_or_else(|| panic!("{kind} has no place here"));
        let names: BTreeSet<&str> = elements.split(' ').map(|name| name.trim_end_matches('!')).collect();
        for name in resource.as_object().expect("object").keys().filter(|name| *name != "resourceType") {
            assert!(names.contains(name.as_str()), "{kind}.{name}");
        }
        for required in elements.split(' ').filter_map(|name| name.strip_suffix('!')) {
            assert!(!resource[required].is_null(), "{kind} {own} lacks {required}");
        }
        all.entry(kind).or_default().push(resource);
    }
    let mut pointed = BTreeSet::new();
    references(bundle, &mut pointed);
    for reference in pointed.iter().filter(|one| !one.starts_with('#')) {
        let target = reference.split("/_history").next().unwrap_or_default();
        assert!(known.contains(target), "{reference} leads nowhere");
    }
    for response in &all["QuestionnaireResponse"] {
        let contained = response["contained"].as_array().map_or(0, Vec::len);
        let mut own = BTreeSet::new();
        references(response, &mut own);
        assert_eq!(own.contains("#giver"), contained == 1, "dom-3: {response}");
        let mut bare = response.clone();
        for name in ["contained", "extension", "source", "author"] {
            bare.as_object_mut().expect("object").remove(name);
        }
        assert!(read::response(&bare).is_ok(), "{bare}");
    }
    for event in &all["AuditEvent"] {
        let opened = event["subtype"][0]["code"] == "session.open";
        let known = if opened { ["E"].as_slice() } else { &["C", "R", "U", "D"] };
        assert!(known.contains(&event["action"].as_str().expect("action")), "{event}");
        assert!(instant.is_match(event["recorded"].as_str().expect("recorded")));
        assert!(event["agent"][0]["requestor"].is_boolean() && event["agent"][0]["who"].is_object());
        assert!(event["source"]["observer"].is_object());
    }
    all
}

/// A patient with all there can be; gives the two invitations.
async fn lived_in(app: &TestApp) -> (Invited, Invited) {
    let nurse = app.world.token("clinician");
    let mut order = app.order("visit-1");
    order["patient"]["contact"] = json!({"email": "ase@example.com", "phone": "00000001"});
    let first = Invited::of(app.issue("key-visit-1", &order).await.expect(201));
    let (_, receipt) = app.answer(&first, &answers(8, &["pain"], &["pain"], "yes", Some("yes"))).await;
    let paper = json!({"invitation": first.id, "respondent": {"kind": "representative", "relation": "parent", "name": "Kari Prøve", "phone": "00000003"},
        "answers": with_text("Har <b>vondt</b> & sover dårlig"), "language": "nb", "answered_on": "2026-11-24"});
    app.post("/api/v1/responses").bearer(nurse).key("paper-0001").json(&paper).send().await.expect(201);
    let path = format!("/api/v1/responses/{}", receipt["response"].as_str().expect("id"));
    app.post(&format!("{path}/review")).bearer(nurse).json(&json!({"version": 2})).send().await.expect(200);
    let other = app.get(&path).bearer(app.world.token("second_clinician"));
    other.header("kartlegging-ground", "emergency").header("kartlegging-ground-text", "hemmelig begrunnelse").send().await.expect(200);
    let second = app.invite("visit-2").await;
    let (session, _) = app.open(&second, None).await;
    app.save(&session, 0, &answers(3, &[], &[], "no", Some("no"))).await.expect(200);
    (first, second)
}

on_both! {
    async fn everything_as_fhir(app: TestApp) {
        let (first, second) = lived_in(&app).await;
        let entries = app.get(&format!("/api/v1/patients/{}/access-log?limit=500", first.patient)).bearer(app.world.token("auditor")).send().await.expect(200);
        let entries = entries["items"].as_array().map_or(0, Vec::len) + 1;
        let bundle = export(&app, &first.patient, "nb").await.expect("export").bundle;
        let all = checked(&bundle);
        let count = |kind: &str| all.get(kind).map_or(0, Vec::len);
        assert_eq!((count("Patient"), count("Appointment"), count("Task"), count("QuestionnaireResponse")), (1, 2, 2, 4));
        assert_eq!(count("AuditEvent"), entries + 1, "the log, and the review");
        let patient = &all["Patient"][0];
        assert_eq!((&patient["identifier"][0]["value"], &patient["name"][0]["text"], &patient["birthDate"]), (&json!(FNR), &json!("Åse Oppdiktet"), &json!(BORN)));
        assert_eq!(patient["telecom"], json!([{"system": "email", "value": "ase@example.com"}, {"system": "phone", "value": "00000001"}]));
        let statuses: Vec<&str> = all["Task"].iter().filter_map(|task| task["status"].as_str()).collect();
        assert_eq!(statuses, ["completed", "in-progress"]);
        let mut versions: Vec<(&str, &str)> = all["QuestionnaireResponse"]
            .iter()
            .map(|one| (one["meta"]["versionId"].as_str().expect("version"), one["status"].as_str().expect("status")))
            .collect();
        versions.sort_unstable();
        assert_eq!(versions, [("1", "completed"), ("2", "amended"), ("draft-1", "in-progress"), ("draft-1", "in-progress")]);
        let paper = all["QuestionnaireResponse"].iter().find(|one| one["status"] == "amended").expect("paper");
        assert_eq!(paper["contained"][0]["name"][0]["text"], "Kari Prøve");
        assert_eq!((&paper["source"]["reference"], &paper["author"]["display"]), (&json!("#giver"), &json!("clinician")));
        assert!(bundle.to_string().contains("Har <b>vondt</b> & sover dårlig"));
        assert!(!bundle.to_string().contains("hemmelig"), "words beside a ground are the caller's own");
        // What opens the form is not held in a form that could be given out.
        for secret in [&first.link, &first.code, &second.code] {
            assert!(!bundle.to_string().contains(secret.rsplit('/').next().expect("token")));
        }
        let log = app.get(&format!("/api/v1/patients/{}/access-log", first.patient)).bearer(app.world.token("auditor")).send().await.expect(200);
        assert!(log["items"].as_array().into_iter().flatten().any(|entry| entry["action"] == "patient.export"));
    }
}

on_both! {
    async fn everything_as_a_page_in_each_language(app: TestApp) {
        let (first, _) = lived_in(&app).await;
        let key = Regex::new(r"\b(record|action|actor|ground|visit|invitation|language|consent|summary)-[a-z]+\b").expect("regex");
        for (language, says) in [("nb", ["Det vi har lagret om deg", "leste svarene", "ikke besvart"]), ("nn", ["Det vi har lagra om deg", "las svara", "ikkje svar"]), ("en", ["What we hold about you", "read the answers", "not answered"])] {
            let page = export(&app, &first.patient, language).await.expect("export").page;
            let (html, faults) = parse(&page);
            assert_eq!(faults, [] as [String; 0]);
            let text = html.text();
            assert_eq!(html.named("html")[0].get("lang"), language);
            for part in ["Åse Oppdiktet", FNR, "ase@example.com", "Kari Prøve", "Har <b>vondt</b> & sover dårlig", "Poliklinikken", "visit-1"] {
                assert!(text.contains(part), "{language}: {part}");
            }
            for part in says {
                assert!(text.contains(part), "{language}: {part} is not in {text}");
            }
            // Numbers of visits are the only things that look like keys.
            let left: Vec<&str> = key.find_iter(&text).map(|found| found.as_str()).filter(|found| !found.starts_with("visit-")).collect();
            assert_eq!(left, [] as [&str; 0], "{language}");
            assert!(html.named("script").is_empty() && html.named("b").is_empty() && !page.contains("hemmelig"));
            assert!(!page.contains("http://") && !page.contains("src="), "it needs nothing beside it");
        }
    }
}

on_both! {
    async fn nobody_else_and_nothing_after_erasing(app: TestApp) {
        let (first, _) = lived_in(&app).await;
        let other = json!({"patient": {"name": "Per Oppdiktet", "birth_date": BORN}, "unit": app.world.unit, "due_on": "2026-12-01"});
        let other = Invited::of(app.issue("key-other", &other).await.expect(201));
        app.answer(&other, &with_text("Pers egne ord")).await;
        let list = format!("/api/v1/worklist?unit={}&from=2026-11-24&to=2026-12-05", app.world.unit);
        app.get(&list).bearer(app.world.token("clinician")).send().await.expect(200);
        let export_of = async |patient: String| export(&app, &patient, "nb").await;
        let mine = export_of(first.patient.clone()).await.expect("export");
        for foreign in ["Per Oppdiktet", "Pers egne ord", other.patient.as_str(), other.id.as_str()] {
            assert!(!mine.page.contains(foreign) && !mine.bundle.to_string().contains(foreign), "{foreign}");
        }
        // A patient with little.
        let theirs = export_of(other.patient.clone()).await.expect("export");
        assert!(checked(&theirs.bundle)["Patient"][0].get("identifier").is_none());
        let foreign = kartlegging::services::admin::list_organizations(&app.services).await.expect("list");
        let foreign = foreign.iter().find(|one| one.id != own(&app)).expect("other").id;
        let refused = export_patient::export(&app.services, foreign, id(&first.patient), &Language::nb()).await;
        assert_eq!(refused.err(), Some(Error::NotFound("patient")));
        let ground = Ground::parse("ønske").expect("ground");
        erase_patient::erase(&app.services, own(&app), id(&first.patient), ground).await.expect("erased");
        assert_eq!(export_of(first.patient.clone()).await.err(), Some(Error::Erased));
        export_of(other.patient.clone()).await.expect("export");
    }
}

#[test]
fn every_deed_has_words() {
    let deed = Regex::new(r#""([a-z]+(?:-[a-z]+)*\.[a-z]+(?:-[a-z]+)*)""#).expect("regex");
    let mut actions = BTreeSet::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src/services")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let source = std::fs::read_to_string(&path).expect("source");
                actions.extend(deed.captures_iter(&source).map(|one| one[1].to_owned()));
            }
        }
    }
    assert!(actions.len() > 30, "{actions:?}");
    for language in ["nb", "nn", "en"] {
        let language = Language::parse(language).expect("language");
        for action in &actions {
            let key = format!("action-{}", action.replace('.', "-"));
            assert_ne!(
                kartlegging::text::words(&language, &key, &[]),
                key,
                "{language}: an action that the lists of who did what do not name"
            );
        }
    }
}
