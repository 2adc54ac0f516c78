//! Observations, documents and who gave the answers.

use super::{found, get, refused};
use crate::on_both;
use crate::support::TestApp;
use crate::support::world::{Invited, answers};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kartlegging::domain::ids::PatientId;
use kartlegging::services::erase_patient::{self, Ground};
use serde_json::Value;

/// A response at its second version: its id, and whose.
async fn amended(app: &TestApp) -> (String, Invited) {
    let invited = app.invite("visit-derived").await;
    let (_, done) = app.answer(&invited, &answers(5, &[], &[], "no", Some("no"))).await;
    let id = done["response"].as_str().expect("id").to_owned();
    let mut body = answers(8, &[], &[], "no", Some("no"));
    body["id"] = id.clone().into();
    body["status"] = "amended".into();
    let call = app.put(&format!("/fhir/QuestionnaireResponse/{id}")).bearer(app.world.token("client")).header("if-match", "W/\"1\"");
    call.body("application/fhir+json", body.to_string()).send().await.expect(200);
    (id, invited)
}

/// Every search and every id of it, by who: nobody sees what they may not see of the response itself.
async fn guarded(app: &TestApp, kind: &str, search: &str, patient: &str) -> Vec<Value> {
    let hit = get(app, "client", &format!("/fhir/{kind}?{search}")).await.expect(200);
    let all: Vec<Value> = hit["entry"].as_array().expect("entries").iter().map(|entry| entry["resource"].clone()).collect();
    assert_eq!(hit["total"].as_u64(), Some(all.len() as u64));
    for one in &all {
        let path = format!("/fhir/{kind}/{}", one["id"].as_str().expect("id"));
        assert_eq!(&get(app, "clinician", &path).await.expect(200), one, "{path}");
        assert_eq!(refused(&get(app, "second_clinician", &path).await, 403), "ground-required");
        assert_eq!(refused(&get(app, "other_client", &path).await, 404), "not-found");
        assert_eq!(refused(&get(app, "auditor", &path).await, 403), "role-missing");
    }
    assert_eq!(refused(&get(app, "client", &format!("/fhir/{kind}")).await, 400), "query-invalid");
    if kind != "Provenance" {
        let theirs = format!("/fhir/{kind}?patient={patient}");
        assert_eq!(refused(&get(app, "second_clinician", &theirs).await, 403), "ground-required");
        assert!(found(&get(app, "other_client", &theirs).await.expect(200)).is_empty());
        assert_eq!(found(&get(app, "clinician", &theirs).await.expect(200)).len(), all.len());
    }
    all
}

on_both! {
    async fn observations_are_of_the_newest_version(app: TestApp) {
        let (id, invited) = amended(&app).await;
        let all = guarded(&app, "Observation", &format!("derived-from=QuestionnaireResponse/{id}"), &invited.patient).await;
        let scores: Vec<&Value> = all.iter().filter(|one| one["valueInteger"].is_i64()).collect();
        assert_eq!(scores.len(), 1);
        assert_eq!(scores[0]["valueInteger"], 8);
        let coding = &scores[0]["code"]["coding"][0];
        let code = format!("{}|{}", coding["system"].as_str().expect("system"), coding["code"].as_str().expect("code"));
        let of_patient = format!("/fhir/Observation?patient={}", invited.patient);
        for (yes, no) in [
            (format!("code={code}"), "code=other".to_owned()),
            ("category=survey".to_owned(), "category=laboratory".to_owned()),
            ("status=final".to_owned(), "status=amended".to_owned()),
            ("date=ge2026".to_owned(), "date=lt2026".to_owned()),
        ] {
            let hit = get(&app, "client", &format!("{of_patient}&{yes}")).await.expect(200);
            assert!(found(&hit).iter().any(|one| scores[0]["id"] == one.as_str()), "{yes}");
            assert_eq!(get(&app, "client", &format!("{of_patient}&{no}")).await.expect(200)["total"], 0, "{no}");
        }
        let page = get(&app, "client", &format!("{of_patient}&_count=2&_total=none")).await.expect(200);
        assert_eq!((found(&page).len(), page.get("total")), (2, None));
        assert!(page["link"].as_array().expect("links").iter().any(|link| link["relation"] == "next"));
    }
}

on_both! {
    async fn each_version_is_a_document_that_can_be_fetched(app: TestApp) {
        let (id, invited) = amended(&app).await;
        let all = guarded(&app, "DocumentReference", &format!("related={id}"), &invited.patient).await;
        let states: Vec<(&str, &str)> =
            all.iter().map(|one| (one["status"].as_str().expect("status"), one["docStatus"].as_str().expect("status"))).collect();
        assert_eq!(states, [("current", "amended"), ("superseded", "final")]);
        let only = get(&app, "client", &format!("/fhir/DocumentReference?related={id}&status=current")).await.expect(200);
        assert_eq!(only["total"], 1);
        let url = all[0]["content"][0]["attachment"]["url"].as_str().expect("url");
        let path = format!("/fhir/{}", url.split_once("/fhir/").expect("path").1);
        let pdf = get(&app, "client", &path).await;
        assert_eq!((pdf.status, pdf.headers["content-type"].as_str()), (200, "application/pdf"));
        assert!(pdf.text.starts_with("%PDF-"));
        let json = app.get(&path).bearer(app.world.token("clinician")).header("accept", "application/fhir+json").send().await.expect(200);
        assert_eq!((json["resourceType"].as_str(), json["contentType"].as_str()), (Some("Binary"), Some("application/pdf")));
        assert!(STANDARD.decode(json["data"].as_str().expect("data")).expect("base64").starts_with(b"%PDF-"));
        assert_eq!(get(&app, "client", &format!("{path}?_format=json")).await.expect(200)["id"], json["id"]);
        assert_eq!(refused(&get(&app, "second_clinician", &path).await, 403), "ground-required");
        for unknown in [path.replace("-2", "-3"), path.replace("-2", "-02"), path.replace("-2", "")] {
            assert_eq!(refused(&get(&app, "client", &unknown).await, 404), "not-found", "{unknown}");
        }
    }
}

on_both! {
    async fn provenance_names_who_gave_and_who_entered(app: TestApp) {
        let (id, invited) = amended(&app).await;
        let all = guarded(&app, "Provenance", &format!("target=QuestionnaireResponse/{id}"), &invited.patient).await;
        let activity = |one: &Value| one["activity"]["coding"][0]["code"].as_str().expect("activity").to_owned();
        assert_eq!(all.iter().map(activity).collect::<Vec<_>>(), ["UPDATE", "CREATE"]);
        assert_eq!(all[1]["target"][0]["reference"], format!("QuestionnaireResponse/{id}/_history/1"));
        assert_eq!(all[1]["agent"][0]["who"]["reference"], format!("Patient/{}", invited.patient));
        let entered = app.invite("visit-entered").await;
        let mut body = answers(3, &[], &[], "no", Some("no"));
        body["status"] = "completed".into();
        body["basedOn"] = serde_json::json!([{"reference": format!("Task/{}", entered.id)}]);
        let call = app.post("/fhir/QuestionnaireResponse").bearer(app.world.token("clinician"));
        let done = call.body("application/fhir+json", body.to_string()).send().await.expect(201);
        let one = format!("/fhir/Provenance?target={}", done["id"].as_str().expect("id"));
        let json = get(&app, "client", &one).await.expect(200);
        let agents = json["entry"][0]["resource"]["agent"].as_array().expect("agents").clone();
        let roles: Vec<&str> = agents.iter().filter_map(|agent| agent["type"]["coding"][0]["code"].as_str()).collect();
        assert_eq!(roles, ["author", "enterer"]);
        let nurse = app.world.clinician.expect("clinician");
        assert_eq!(agents[1]["who"]["reference"], format!("Practitioner/{nurse}"));
    }
}

on_both! {
    async fn what_was_of_an_erased_patient_is_gone(app: TestApp) {
        let (id, invited) = amended(&app).await;
        let patient = PatientId::parse(&invited.patient).expect("an id");
        let own = app.world.organization.expect("organization");
        erase_patient::erase(&app.services, own, patient, Ground::parse("ønske").expect("ground")).await.expect("erased");
        let simple = id.replace('-', "");
        for path in [
            format!("QuestionnaireResponse/{id}"),
            format!("QuestionnaireResponse/{id}/_history"),
            format!("QuestionnaireResponse/{id}/_history/1"),
            format!("Patient/{}", invited.patient),
            format!("Observation/{simple}-score"),
            format!("DocumentReference/{simple}-1"),
            format!("Binary/{simple}-2"),
            format!("Provenance/{simple}-1"),
        ] {
            assert_eq!(refused(&get(&app, "client", &format!("/fhir/{path}")).await, 410), "erased", "{path}");
        }
        for search in [
            "QuestionnaireResponse".to_owned(),
            format!("QuestionnaireResponse?patient={}", invited.patient),
            format!("Patient?_id={}", invited.patient),
            format!("Observation?derived-from={id}"),
            format!("DocumentReference?patient={}", invited.patient),
        ] {
            let found = get(&app, "client", &format!("/fhir/{search}")).await.expect(200);
            assert_eq!(found["total"], 0, "{search}");
        }
    }
}
