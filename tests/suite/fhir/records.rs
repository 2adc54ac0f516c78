//! Visits, invitations, places and people.

use super::{found, get, refused, search};
use crate::on_both;
use crate::support::world::answers;
use serde_json::Value;

const FORM: &str = "https://kartlegging.example/fhir/Questionnaire/distress-thermometer|1.0.0";
const OTHER: &str = "0193a5d0-9000-7000-8000-000000000031";

on_both! {
    async fn an_invitation_is_a_task_from_request_to_answer(app: TestApp) {
        let invited = app.invite("visit-task").await;
        let path = format!("/fhir/Task/{}", invited.id);
        let asked = get(&app, "client", &path).await.expect(200);
        assert_eq!((asked["status"].as_str(), asked["intent"].as_str()), (Some("requested"), Some("order")));
        assert_eq!(asked["for"]["reference"], format!("Patient/{}", invited.patient));
        assert_eq!(asked["requester"]["reference"], format!("Organization/{}", app.world.unit));
        assert_eq!(asked["input"][0]["valueCanonical"], FORM);
        assert!(asked.get("output").is_none());
        let (_, done) = app.answer(&invited, &answers(5, &[], &[], "no", Some("no"))).await;
        let answered = get(&app, "clinician", &path).await.expect(200);
        assert_eq!((answered["status"].as_str(), answered["businessStatus"]["coding"][0]["code"].as_str()), (Some("completed"), Some("answered")));
        assert_eq!(answered["output"][0]["valueReference"]["reference"], format!("QuestionnaireResponse/{}", done["response"].as_str().expect("id")));
        assert_eq!(refused(&get(&app, "second_clinician", &path).await, 403), "role-missing");
        assert_eq!(refused(&get(&app, "other_client", &path).await, 404), "not-found");
    }
}

on_both! {
    async fn every_parameter_of_tasks_and_visits_finds_and_does_not(app: TestApp) {
        let invited = app.invite("visit-found").await;
        let task = get(&app, "client", &format!("/fhir/Task/{}", invited.id)).await.expect(200);
        let visit = task["reasonReference"]["reference"].as_str().expect("visit").split_once('/').expect("id").1.to_owned();
        let json = get(&app, "clinician", &format!("/fhir/Appointment/{visit}")).await.expect(200);
        let (start, patient) = (json["start"].as_str().expect("start").to_owned(), invited.patient.clone());
        assert_eq!(json["status"], "booked");
        for (kind, id, yes, no) in [
            ("Task", &invited.id, format!("patient={patient}"), format!("patient={OTHER}")),
            ("Task", &invited.id, format!("subject=Patient/{patient}"), format!("subject=Patient/{OTHER}")),
            ("Task", &invited.id, "status=requested,received".to_owned(), "status=completed".to_owned()),
            ("Task", &invited.id, "status:not=completed".to_owned(), "status:not=requested".to_owned()),
            ("Task", &invited.id, "business-status=issued".to_owned(), "business-status=expired".to_owned()),
            ("Task", &invited.id, "authored-on=ge2026".to_owned(), "authored-on=lt2026".to_owned()),
            ("Task", &invited.id, format!("_id={}", invited.id), format!("_id={OTHER}")),
            ("Appointment", &visit, format!("patient={patient}"), format!("patient={OTHER}")),
            ("Appointment", &visit, "status=booked".to_owned(), "status=cancelled".to_owned()),
            ("Appointment", &visit, format!("date={start}"), format!("date=gt{start}")),
            ("Appointment", &visit, format!("_id={visit}"), format!("_id={OTHER}")),
        ] {
            for who in ["client", "clinician", "unit_admin"] {
                let hit = get(&app, who, &format!("/fhir/{kind}?{yes}")).await.expect(200);
                assert_eq!((found(&hit), hit["total"].as_u64()), (vec![id.clone()], Some(1)), "{who} {kind} {yes}");
            }
            let miss = get(&app, "client", &format!("/fhir/{kind}?{no}")).await.expect(200);
            assert_eq!((found(&miss), miss["total"].as_u64()), (vec![], Some(0)), "{kind} {no}");
            for who in ["second_clinician", "other_client"] {
                let miss = get(&app, who, &format!("/fhir/{kind}?{yes}")).await.expect(200);
                assert_eq!(miss["total"], 0, "{who} {kind} {yes}");
            }
        }
        let external = json["identifier"][0]["value"].as_str().expect("the EHR's id");
        let asked = format!("identifier={external}");
        assert_eq!(refused(&get(&app, "client", &format!("/fhir/Appointment?{asked}")).await, 400), "query-invalid");
        let hit = search(&app, "client", "Appointment", &asked).await;
        assert_eq!((hit.status, found(&hit.json)), (200, vec![visit]));
        assert!(!hit.json["link"][0]["url"].as_str().expect("url").contains(external));
        assert_eq!(search(&app, "client", "Appointment", "identifier=none").await.json["total"], 0);
        for who in ["organization_admin", "auditor"] {
            assert_eq!(refused(&get(&app, who, "/fhir/Task").await, 403), "role-missing", "{who}");
        }
        for wrong in ["colour=red", "authored-on=x", "_sort=status", "_cursor=x"] {
            assert_eq!(refused(&get(&app, "client", &format!("/fhir/Task?{wrong}")).await, 400), "query-invalid", "{wrong}");
        }
    }
}

on_both! {
    async fn pages_of_tasks_join_without_a_gap(app: TestApp) {
        let mut all = Vec::new();
        for at in 0..3 {
            all.push(app.invite(&format!("visit-{at}")).await.id);
            app.advance(chrono::Duration::minutes(1));
        }
        let mut seen = Vec::new();
        let mut path = "/fhir/Task?_count=1&_sort=authored-on".to_owned();
        loop {
            let page = get(&app, "client", &path).await.expect(200);
            assert_eq!(page["total"], 3);
            seen.extend(found(&page));
            let Some(next) = page["link"].as_array().expect("links").iter().find(|link| link["relation"] == "next") else { break };
            path = format!("/fhir/{}", next["url"].as_str().expect("url").split_once("/fhir/").expect("path").1);
        }
        assert_eq!(seen, all);
        let count = get(&app, "client", "/fhir/Task?_summary=count").await.expect(200);
        assert_eq!((found(&count), count["total"].as_u64()), (vec![], Some(3)));
    }
}

on_both! {
    async fn places_and_people_are_those_of_the_caller(app: TestApp) {
        let (unit, organization) = (app.world.unit.clone(), app.world.organization.expect("organization").to_string());
        let one = get(&app, "clinician", &format!("/fhir/Organization/{unit}")).await.expect(200);
        assert_eq!(one["partOf"]["reference"], format!("Organization/{organization}"));
        let parts = get(&app, "client", &format!("/fhir/Organization?partof={organization}")).await.expect(200);
        assert!(found(&parts).contains(&unit) && !found(&parts).contains(&organization));
        let whole = get(&app, "client", "/fhir/Organization?name=oppdiktet").await.expect(200);
        assert_eq!(found(&whole), std::slice::from_ref(&organization));
        assert_eq!(refused(&get(&app, "other_client", &format!("/fhir/Organization/{unit}")).await, 404), "not-found");
        let nurse = app.world.clinician.expect("clinician").to_string();
        let person = get(&app, "auditor", &format!("/fhir/Practitioner/{nurse}")).await.expect(200);
        let name = person["name"][0]["text"].as_str().expect("name").to_owned();
        assert_eq!(person["active"], true);
        let encoded: String = url::form_urlencoded::byte_serialize(name.as_bytes()).collect();
        let hit = get(&app, "client", &format!("/fhir/Practitioner?name:exact={encoded}")).await.expect(200);
        assert_eq!(found(&hit), [nurse.as_str()]);
        let theirs: Vec<String> = found(&get(&app, "other_client", "/fhir/Practitioner").await.expect(200));
        assert!(!theirs.contains(&nurse));
        let all = get(&app, "client", "/fhir/Practitioner?active=false").await.expect(200);
        assert_eq!(all["total"].as_u64(), Some(0));
        assert!(person.get("identifier").is_none_or(|all| all.as_array().is_some_and(|all| all.iter().all(|one: &Value| one["system"].is_string()))));
    }
}
