//! Each form in its two shapes, of one definition: as SDC has it, and as the national platform wants it.

use super::{found, get, refused};
use crate::on_both;
use crate::support::world::answers;
use kartlegging::domain::questionnaire::Item;
use kartlegging::fhir::read::questionnaire as reader;
use serde_json::{Value, json};

const NATIONAL: &str = "http://ehelse.no/fhir/StructureDefinition/sdf-Questionnaire";
const SDC: &str = "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire";
const FORM: &str = "https://kartlegging.example/fhir/Questionnaire/distress-thermometer";

/// What an item asks and accepts, whatever it is called.
fn rules(item: &Item) -> String {
    let options: Vec<_> = item.options.iter().map(|option| (&option.value, option.exclusive)).collect();
    let several = item.takes_several();
    format!("{} {:?} {} {several} {:?} {:?} {options:?}", item.link_id, item.kind, item.required, item.limits, item.enable_when)
}

/// Every item of a resource, at any depth.
fn items(resource: &Value) -> Vec<Value> {
    let own = resource["item"].as_array().cloned().unwrap_or_default();
    own.into_iter().flat_map(|item| std::iter::once(item.clone()).chain(items(&item))).collect()
}

on_both! {
    async fn the_profile_chooses_the_shape(app: TestApp) {
        let ids = async |query: &str| found(&get(&app, "client", &format!("/fhir/Questionnaire?url={FORM}&{query}")).await.expect(200));
        assert_eq!(ids("").await, ["distress-thermometer-1.0.0"]);
        assert_eq!(ids(&format!("_profile={SDC}")).await, ["distress-thermometer-1.0.0"]);
        let national = ["nb", "nn", "en"].map(|language| format!("distress-thermometer-1.0.0-helsenorge-{language}"));
        let mut own = ids(&format!("_profile={NATIONAL}")).await;
        own.sort();
        let mut all = national.to_vec();
        all.sort();
        assert_eq!(own, all);
        assert_eq!(ids(&format!("_profile={NATIONAL},{SDC}")).await.len(), 4);
        assert_eq!(ids(&format!("_profile={NATIONAL}&_profile={SDC}")).await.len(), 0);
        assert_eq!(ids("_profile=https://profiles.example/other").await.len(), 0);
        // A resource is found by what it has itself, whatever the form has in other shapes.
        let own = async |query: String| found(&get(&app, "client", &format!("/fhir/Questionnaire?{query}")).await.expect(200));
        let nynorsk = &national[1];
        for query in [format!("_id={nynorsk}"), format!("_id={nynorsk}&_profile={NATIONAL}"), format!("url=Questionnaire/{nynorsk}")] {
            assert_eq!(own(query.clone()).await, [nynorsk.as_str()], "{query}");
        }
        assert_eq!(own(format!("_id={nynorsk},distress-thermometer-1.0.0")).await.len(), 2);
        assert_eq!(own(format!("_id={nynorsk}&_profile={SDC}")).await.len(), 0);
        assert_eq!(own(format!("_id=distress-thermometer-1.0.0&_profile={NATIONAL}")).await.len(), 0);
        assert_eq!(own(format!("title=Your%20distress%20and%20concerns%20before&_profile={NATIONAL}")).await, [national[2].as_str()]);
        assert_eq!(own("title=Your%20distress%20and%20concerns%20before".to_owned()).await, ["distress-thermometer-1.0.0"]);
        let wrong = get(&app, "client", &format!("/fhir/Questionnaire?_profile:below={SDC}")).await;
        assert_eq!(refused(&wrong, 400), "query-invalid");
    }
}

on_both! {
    async fn a_language_is_a_resource_of_its_own(app: TestApp) {
        for (language, tag) in [("nb", "nb-NO"), ("nn", "nn-NO"), ("en", "en-GB")] {
            let id = format!("distress-thermometer-1.0.0-helsenorge-{language}");
            let read = get(&app, "client", &format!("/fhir/Questionnaire/{id}")).await.expect(200);
            assert_eq!((&read["id"], &read["url"]), (&json!(id), &json!(format!("Questionnaire/{id}"))));
            assert_eq!((&read["language"], &read["meta"]["tag"][0]["code"]), (&json!(tag), &json!(tag)));
            assert!(!read.to_string().contains("StructureDefinition/translation"), "one language only");
            for item in items(&read) {
                let boxes = item["extension"].to_string().contains("check-box");
                assert!(!(boxes && item.get("repeats").is_some()), "{}", item["linkId"]);
            }
            let version = read["meta"]["versionId"].as_str().expect("version");
            let same = get(&app, "client", &format!("/fhir/Questionnaire/{id}/_history/{version}")).await.expect(200);
            assert_eq!(same, read);
        }
    }
}

on_both! {
    async fn both_shapes_ask_the_same(app: TestApp) {
        let bundle = get(&app, "client", &format!("/fhir/Questionnaire?_profile={NATIONAL}")).await.expect(200);
        let read = reader::read(bundle.to_string().as_bytes());
        assert!(!read.is_refused(), "{:?}", read.findings);
        assert_eq!(read.questionnaires.len(), app.services.library.all().count(), "the languages of a form belong together");
        for own in app.services.library.all().map(|form| &form.questionnaire) {
            let other = read.questionnaires.iter().find(|other| other.metadata.name == own.metadata.name).expect("the same form");
            assert_eq!(other.languages().len(), own.languages().len());
            let (one, two): (Vec<String>, Vec<String>) = (own.walk().map(rules).collect(), other.walk().map(rules).collect());
            // Options that come from other questions are written out for others.
            let taken = |rules: &[String]| rules.iter().filter(|rule| !rule.starts_with("burdens-most ")).cloned().collect::<Vec<_>>();
            assert_eq!(taken(&one), taken(&two), "{}", own.name());
        }
    }
}

on_both! {
    async fn answers_to_either_shape_are_answers_to_the_form(app: TestApp) {
        let invited = app.invite("visit-shapes").await;
        let mut body = answers(5, &["pain"], &[], "no", Some("no"));
        body["questionnaire"] = "Questionnaire/distress-thermometer-1.0.0-helsenorge-nn".into();
        let call = app.post(&format!("/fhir/Questionnaire/$process-response?task={}", invited.id)).bearer(app.world.token("client"));
        call.body("application/fhir+json", body.to_string()).send().await.expect(200);
        let found = get(&app, "clinician", &format!("/fhir/QuestionnaireResponse?based-on={}", invited.id)).await.expect(200);
        assert_eq!(found["entry"][0]["resource"]["questionnaire"], format!("{FORM}|1.0.0"));
    }
}
