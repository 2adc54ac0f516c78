//! The access log as resources.

use super::{found, get, refused};
use crate::on_both;
use crate::support::world::answers;
use serde_json::Value;

on_both! {
    async fn the_log_says_who_did_what_to_whom(app: TestApp) {
        let invited = app.invite("visit-log").await;
        let (_, done) = app.answer(&invited, &answers(5, &[], &[], "no", Some("no"))).await;
        let response = done["response"].as_str().expect("id").to_owned();
        get(&app, "clinician", &format!("/fhir/QuestionnaireResponse/{response}")).await.expect(200);
        let nurse = app.world.clinician.expect("clinician");
        let asked = format!("/fhir/AuditEvent?patient={}&subtype=response.read&agent=Practitioner/{nurse}", invited.patient);
        for who in ["auditor", "organization_admin", "unit_admin"] {
            let log = get(&app, who, &asked).await.expect(200);
            let entry: &Value = &log["entry"][0]["resource"];
            assert_eq!(found(&log).len(), 1, "{who}");
            assert_eq!((entry["action"].as_str(), entry["outcome"].as_str()), (Some("R"), Some("0")));
            assert_eq!(entry["agent"][0]["who"]["reference"], format!("Practitioner/{nurse}"));
            let about: Vec<&str> = entry["entity"].as_array().expect("entities").iter().filter_map(|one| one["what"]["reference"].as_str()).collect();
            assert_eq!(about, [format!("Patient/{}", invited.patient), format!("QuestionnaireResponse/{response}")]);
            let path = format!("/fhir/AuditEvent/{}", entry["id"].as_str().expect("id"));
            assert_eq!(&get(&app, who, &path).await.expect(200), entry);
            assert_eq!(refused(&get(&app, "clinician", &path).await, 403), "role-missing");
        }
        for who in ["client", "clinician", "other_client", "other_clinician"] {
            assert_eq!(refused(&get(&app, who, &asked).await, 403), "role-missing", "{who}");
        }
        let none = get(&app, "auditor", "/fhir/AuditEvent?subtype=response.read&date=lt2026-11-01").await.expect(200);
        assert!(found(&none).is_empty());
        for wrong in ["date=ge2026-01-01&date=le2026-11-30", "date=ne2026-11-22", "outcome=0", "_cursor=x"] {
            assert_eq!(refused(&get(&app, "auditor", &format!("/fhir/AuditEvent?{wrong}")).await, 400), "query-invalid", "{wrong}");
        }
        let page = get(&app, "auditor", "/fhir/AuditEvent?_count=1").await.expect(200);
        let next = page["link"].as_array().expect("links").iter().find(|link| link["relation"] == "next").expect("a next page");
        let path = format!("/fhir/{}", next["url"].as_str().expect("url").split_once("/fhir/").expect("path").1);
        let second = get(&app, "auditor", &path).await.expect(200);
        assert!(found(&second) != found(&page) && found(&second).len() == 1);
    }
}
