//! What another system sends is kept as it came, and `Provenance` says what was changed to read it.

use super::{FORM, get, handed, refused};
use crate::on_both;
use crate::support::TestApp;
use crate::support::sql;
use crate::support::world::{Invited, answers, item};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kartlegging::domain::ids::PatientId;
use kartlegging::domain::language::Language;
use kartlegging::services::erase_patient::{self, Ground};
use kartlegging::services::export_patient;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// A body as no other program would write it: odd blanks, and what form fillers do to answers.
fn peculiar(invited: &Invited) -> String {
    let given = answers(6, &[], &[], "no", Some("no"));
    let mut body = given.clone();
    let fields = json!({
        "status": "in-progress", "questionnaire": FORM, "meta": {"profile": ["https://profiles.example/own"]},
        "authored": "2026-11-20T10:00:00Z", "basedOn": [{"reference": format!("Task/{}", invited.id)}],
    });
    for (name, value) in fields.as_object().expect("an object") {
        body[name] = value.clone();
    }
    let score = &mut body["item"][0]["item"][0]["answer"][0];
    score["id"] = "7".into();
    score["valueCoding"].as_object_mut().expect("a coding").remove("system");
    body["item"].as_array_mut().expect("items").insert(1, json!({"linkId": "problems", "item": [{"linkId": "other-concerns"}]}));
    format!(" \n{}\n", serde_json::to_string_pretty(&body).expect("text"))
}

async fn process(app: &TestApp, body: &str) -> String {
    let call = app.post("/fhir/Questionnaire/$process-response").bearer(app.world.token("client"));
    let done = call.body("application/fhir+json", body).send().await;
    assert_eq!(done.status, 200, "{}", done.text);
    let place = done.headers["location"].split("/QuestionnaireResponse/").nth(1).expect("place").to_owned();
    place.split('/').next().expect("id").to_owned()
}

/// Codes of the changes that a `Provenance` names, each with its path.
fn changes(provenance: &Value) -> BTreeSet<(String, String)> {
    let all = provenance["extension"].as_array().into_iter().flatten();
    all.map(|one| {
        assert_eq!(one["url"], "https://kartlegging.example/fhir/StructureDefinition/change");
        let part = |name: &str, member: &str| {
            let parts = one["extension"].as_array().expect("parts");
            parts.iter().find(|part| part["url"] == name).and_then(|part| part[member].as_str()).unwrap_or_default().to_owned()
        };
        (part("code", "valueCode"), part("path", "valueString"))
    })
    .collect()
}

on_both! {
    async fn what_came_is_kept_byte_for_byte(app: TestApp) {
        let invited = app.invite("visit-original").await;
        let body = peculiar(&invited);
        let id = process(&app, &body).await;
        let simple = id.replace('-', "");
        let kept = get(&app, "clinician", &format!("/fhir/QuestionnaireResponse/{id}")).await.expect(200);
        assert_eq!((&kept["status"], kept["meta"].get("profile")), (&json!("completed"), None));
        assert_ne!(kept["authored"], "2026-11-20T10:00:00Z", "the time is ours");
        assert_eq!(item(&kept, "score").expect("a score")["answer"][0]["valueCoding"]["system"], "https://kartlegging.example/fhir/CodeSystem/distress-score");
        let provenance = get(&app, "clinician", &format!("/fhir/Provenance/{simple}-1")).await.expect(200);
        let said = changes(&provenance);
        for (code, path) in [
            ("completed", ""),
            ("meta-dropped", ""),
            ("person-dropped", ""),
            ("extension-dropped", "distress/score"),
            ("coding-filled", "distress/score"),
        ] {
            assert!(said.contains(&(code.to_owned(), path.to_owned())), "{code}: {said:?}");
        }
        let searched = get(&app, "client", &format!("/fhir/Provenance?target={id}")).await.expect(200);
        assert_eq!(changes(&searched["entry"][0]["resource"]), said);
        let source = provenance["entity"][0]["what"]["reference"].as_str().expect("source").to_owned();
        assert_eq!(provenance["entity"][0]["role"], "source");
        let binary = get(&app, "clinician", &format!("/fhir/{source}")).await.expect(200);
        assert_eq!(binary["contentType"], "application/fhir+json");
        assert_eq!(STANDARD.decode(binary["data"].as_str().expect("data")).expect("base64"), body.as_bytes());
        assert_eq!(refused(&get(&app, "second_clinician", &format!("/fhir/{source}")).await, 403), "ground-required");
        assert_eq!(refused(&get(&app, "other_client", &format!("/fhir/{source}")).await, 404), "not-found");
        assert_eq!(refused(&get(&app, "client", &format!("/fhir/Binary/{simple}-2-original")).await, 404), "not-found");
        // A version that was given here came from nobody.
        let (_, own) = handed(&app, "visit-here", 5).await;
        let own = own.replace('-', "");
        let provenance = get(&app, "client", &format!("/fhir/Provenance/{own}-1")).await.expect(200);
        assert!(provenance.get("entity").is_none() && provenance.get("extension").is_none());
        assert_eq!(refused(&get(&app, "client", &format!("/fhir/Binary/{own}-1-original")).await, 404), "not-found");
    }
}

on_both! {
    async fn what_came_goes_with_its_patient_and_to_the_patient(app: TestApp) {
        let invited = app.invite("visit-original").await;
        let body = peculiar(&invited);
        let id = process(&app, &body).await;
        let (organization, patient) = (app.world.organization.expect("organization"), PatientId::parse(&invited.patient).expect("id"));
        let export = export_patient::export(&app.services, organization, patient, &Language::nb()).await.expect("export");
        let entries = export.bundle["entry"].as_array().expect("entries");
        let binary = entries.iter().map(|entry| &entry["resource"]).find(|one| one["resourceType"] == "Binary").expect("what came");
        assert_eq!(STANDARD.decode(binary["data"].as_str().expect("data")).expect("base64"), body.as_bytes());
        for row in sql::query(&app.database_url, "SELECT body_sealed, changes_sealed FROM response_original").await {
            for column in ["body_sealed", "changes_sealed"] {
                let sealed: Vec<u8> = row.try_get("", column).expect("bytes");
                assert!(!sealed.windows(8).any(|part| part == b"distress"), "{column} is not readable");
            }
        }
        let ground = Ground::parse("Pasientens ønske").expect("ground");
        erase_patient::erase(&app.services, organization, patient, ground).await.expect("erased");
        assert_eq!(sql::number(&app.database_url, "SELECT COUNT(*) FROM response_original").await, 0);
        let gone = get(&app, "client", &format!("/fhir/Binary/{}-1-original", id.replace('-', ""))).await;
        assert_eq!(refused(&gone, 410), "erased");
    }
}
