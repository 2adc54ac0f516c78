//! Responses: read, versions, search; who may, and what the log says.

use super::{found, get, refused, search};
use crate::on_both;
use crate::support::TestApp;
use crate::support::sql;
use crate::support::world::answers;
use serde_json::Value;

const URL: &str = "https://kartlegging.example/fhir/Questionnaire/distress-thermometer";

/// A response that stands: its id, its patient, its invitation.
async fn answered(app: &TestApp) -> (String, String, String) {
    let invited = app.invite("visit-fhir").await;
    let (_, done) = app.answer(&invited, &answers(5, &[], &[], "no", Some("no"))).await;
    (done["response"].as_str().expect("id").to_owned(), invited.patient.clone(), invited.id.clone())
}

on_both! {
    async fn a_response_says_what_it_is(app: TestApp) {
        let (id, patient, invitation) = answered(&app).await;
        let read = get(&app, "client", &format!("/fhir/QuestionnaireResponse/{id}")).await;
        let json = &read.json;
        assert_eq!((read.status, json["status"].as_str(), json["meta"]["versionId"].as_str()), (200, Some("completed"), Some("1")));
        assert_eq!(json["questionnaire"], format!("{URL}|1.0.0"));
        assert_eq!(json["subject"]["reference"], format!("Patient/{patient}"));
        assert_eq!(json["basedOn"][0]["identifier"]["value"], format!("urn:uuid:{invitation}"));
        assert_eq!(json["identifier"]["value"], format!("urn:uuid:{id}"));
        assert_eq!(read.headers["etag"], "W/\"1\"");
        let call = app.get(&format!("/fhir/QuestionnaireResponse/{id}")).bearer(app.world.token("client"));
        assert_eq!(call.header("if-none-match", "W/\"1\"").send().await.status, 304);
        let same = get(&app, "clinician", &format!("/fhir/QuestionnaireResponse/{id}/_history/1")).await.expect(200);
        assert_eq!(&same, json);
        assert_eq!(refused(&get(&app, "client", &format!("/fhir/QuestionnaireResponse/{id}/_history/2")).await, 404), "not-found");
        let history = get(&app, "client", &format!("/fhir/QuestionnaireResponse/{id}/_history")).await.expect(200);
        assert_eq!((history["type"].as_str(), history["total"].as_u64()), (Some("history"), Some(1)));
        assert_eq!(history["entry"][0]["request"]["method"], "POST");
    }
}

on_both! {
    async fn every_parameter_finds_and_does_not_find(app: TestApp) {
        let (id, patient, invitation) = answered(&app).await;
        let json = get(&app, "client", &format!("/fhir/QuestionnaireResponse/{id}")).await.expect(200);
        let authored = json["authored"].as_str().expect("authored").to_owned();
        let other = "0193a5d0-9000-7000-8000-000000000031";
        for (yes, no) in [
            (format!("questionnaire={URL}"), format!("questionnaire={URL}|9.9.9")),
            (format!("questionnaire={URL}|1.0.0"), "questionnaire=https://forms.example/none".to_owned()),
            ("status=completed,amended".to_owned(), "status=amended".to_owned()),
            ("status:not=in-progress".to_owned(), "status:not=completed".to_owned()),
            (format!("subject=Patient/{patient}"), format!("subject=Patient/{other}")),
            (format!("patient={patient}"), format!("patient={other}")),
            (format!("subject:Patient={patient}"), format!("subject=Practitioner/{patient}")),
            (format!("authored={authored}"), format!("authored=lt{authored}")),
            (format!("authored=le{authored}"), format!("authored=gt{authored}")),
            ("_lastUpdated=ge2026".to_owned(), "_lastUpdated=lt2026".to_owned()),
            (format!("author=Patient/{patient}"), format!("author=Practitioner/{patient}")),
            (format!("source={patient}"), format!("source={other}")),
            (format!("identifier=urn:uuid:{id}"), format!("identifier=urn:uuid:{other}")),
            (format!("based-on=Task/{invitation}"), format!("based-on={other}")),
            (format!("_id={id},{other}"), format!("_id={other}")),
        ] {
            let hit = get(&app, "client", &format!("/fhir/QuestionnaireResponse?{yes}")).await.expect(200);
            assert_eq!((found(&hit), hit["total"].as_u64()), (vec![id.clone()], Some(1)), "{yes}");
            let miss = get(&app, "client", &format!("/fhir/QuestionnaireResponse?{no}")).await.expect(200);
            assert_eq!((found(&miss), miss["total"].as_u64()), (vec![], Some(0)), "{no}");
        }
        for wrong in ["colour=red", "authored=yesterday", "status:exact=completed", "_sort=status", "_include=Patient:x", "_cursor=x"] {
            assert_eq!(refused(&get(&app, "client", &format!("/fhir/QuestionnaireResponse?{wrong}")).await, 400), "query-invalid", "{wrong}");
        }
    }
}

on_both! {
    async fn a_number_is_never_in_an_address(app: TestApp) {
        let (id, patient, _) = answered(&app).await;
        let identifier = app.order("x")["patient"]["identifier"].clone();
        let number = identifier["value"].as_str().expect("value");
        let asked = format!("patient:identifier={}|{number}", identifier["system"].as_str().expect("system"));
        assert_eq!(refused(&get(&app, "client", &format!("/fhir/QuestionnaireResponse?{asked}")).await, 400), "query-invalid");
        let hit = search(&app, "client", "QuestionnaireResponse", &asked).await;
        assert_eq!(found(&hit.json), [id]);
        let own = hit.json["link"][0]["url"].as_str().expect("url");
        assert!(!hit.text.contains(number) && own.contains(&patient), "{own}");
    }
}

on_both! {
    async fn patients_come_with_responses_when_asked_for(app: TestApp) {
        let (_, patient, _) = answered(&app).await;
        let path = "/fhir/QuestionnaireResponse?_include=QuestionnaireResponse:subject";
        let bundle = get(&app, "client", path).await.expect(200);
        let included: Vec<&Value> =
            bundle["entry"].as_array().expect("entries").iter().filter(|entry| entry["search"]["mode"] == "include").collect();
        assert_eq!(included.len(), 1);
        assert_eq!(included[0]["resource"]["id"], patient);
    }
}

on_both! {
    async fn pages_join_without_a_gap(app: TestApp) {
        let mut all = Vec::new();
        for at in 0..3 {
            let invited = app.invite(&format!("visit-{at}")).await;
            let (_, done) = app.answer(&invited, &answers(at, &[], &[], "no", Some("no"))).await;
            all.push(done["response"].as_str().expect("id").to_owned());
            app.advance(chrono::Duration::minutes(1));
        }
        let mut seen = Vec::new();
        let mut path = "/fhir/QuestionnaireResponse?_count=1&_sort=authored".to_owned();
        loop {
            let page = get(&app, "client", &path).await.expect(200);
            assert_eq!(page["total"], 3);
            seen.extend(found(&page));
            let Some(next) = page["link"].as_array().expect("links").iter().find(|link| link["relation"] == "next") else { break };
            path = format!("/fhir/{}", next["url"].as_str().expect("url").split_once("/fhir/").expect("path").1);
        }
        assert_eq!(seen, all);
    }
}

on_both! {
    async fn others_find_nothing_and_are_told_why(app: TestApp) {
        let (id, patient, _) = answered(&app).await;
        let one = format!("/fhir/QuestionnaireResponse/{id}");
        assert_eq!(refused(&get(&app, "other_client", &one).await, 404), "not-found");
        assert!(found(&get(&app, "other_client", "/fhir/QuestionnaireResponse").await.expect(200)).is_empty());
        assert_eq!(refused(&get(&app, "second_clinician", &one).await, 403), "ground-required");
        assert!(found(&get(&app, "second_clinician", "/fhir/QuestionnaireResponse").await.expect(200)).is_empty());
        let theirs = format!("/fhir/QuestionnaireResponse?patient={patient}");
        assert_eq!(refused(&get(&app, "second_clinician", &theirs).await, 403), "ground-required");
        let stated = app.get(&theirs).bearer(app.world.token("second_clinician")).header("kartlegging-ground", "emergency").send().await;
        assert_eq!(found(&stated.json), std::slice::from_ref(&id));
        let request = &stated.headers["x-request-id"];
        let row = sql::query(&app.database_url, &format!("SELECT * FROM access_log WHERE request_id = '{request}'")).await;
        let column = |name: &str| row[0].try_get::<String>("", name).expect("column");
        assert_eq!((column("action").as_str(), column("ground").as_str()), ("response.search", "emergency"));
        assert_eq!(found(&get(&app, "clinician", "/fhir/QuestionnaireResponse").await.expect(200)), [id]);
        for who in ["unit_admin", "organization_admin", "auditor"] {
            assert_eq!(refused(&get(&app, who, "/fhir/QuestionnaireResponse").await, 403), "role-missing", "{who}");
        }
    }
}
