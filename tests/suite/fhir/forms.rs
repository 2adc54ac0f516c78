//! Forms, code systems and value sets.

use super::{found, get, refused};
use crate::on_both;

const FORM: &str = "distress-thermometer-1.0.0";
const URL: &str = "https://kartlegging.example/fhir/Questionnaire/distress-thermometer";

on_both! {
    async fn a_form_is_read_by_id_and_by_version(app: TestApp) {
        let read = get(&app, "client", &format!("/fhir/Questionnaire/{FORM}")).await;
        assert_eq!((read.status, read.json["id"].as_str(), read.json["url"].as_str()), (200, Some(FORM), Some(URL)));
        let version = read.json["meta"]["versionId"].as_str().expect("version").to_owned();
        assert_eq!(read.headers["etag"], format!("W/\"{version}\""));
        let again = app.get(&format!("/fhir/Questionnaire/{FORM}")).bearer(app.world.token("client"));
        assert_eq!(again.header("if-none-match", &read.headers["etag"]).send().await.status, 304);
        let same = get(&app, "clinician", &format!("/fhir/Questionnaire/{FORM}/_history/{version}")).await.expect(200);
        assert_eq!(same, read.json);
        assert_eq!(refused(&get(&app, "client", &format!("/fhir/Questionnaire/{FORM}/_history/1")).await, 404), "not-found");
        assert_eq!(refused(&get(&app, "client", "/fhir/Questionnaire/none").await, 404), "not-found");
    }
}

on_both! {
    async fn forms_are_searched(app: TestApp) {
        for (query, hits) in [
            (format!("url={URL}"), 1),
            (format!("url={URL}&version=1.0.0"), 1),
            (format!("url={URL}&version=9.9.9"), 0),
            ("status=active&experimental=false".to_owned(), 2),
            ("status=retired".to_owned(), 0),
            ("title:contains=distress".to_owned(), 2),
            (format!("_id={FORM}"), 1),
        ] {
            let bundle = get(&app, "client", &format!("/fhir/Questionnaire?{query}")).await.expect(200);
            assert_eq!((found(&bundle).len(), bundle["total"].as_u64()), (hits, u64::try_from(hits).ok()), "{query}");
        }
        let first = get(&app, "client", "/fhir/Questionnaire?_count=1&_sort=-url").await.expect(200);
        let next = first["link"].as_array().expect("links").iter().find(|link| link["relation"] == "next").expect("next");
        let path = next["url"].as_str().expect("url").split_once("/fhir/").expect("path").1.to_owned();
        let second = get(&app, "client", &format!("/fhir/{path}")).await.expect(200);
        assert_eq!([found(&first), found(&second)].concat(), ["follow-up-1.0.0", FORM]);
    }
}

on_both! {
    async fn what_is_not_asked_for_is_left_out(app: TestApp) {
        let short = get(&app, "client", "/fhir/Questionnaire?_summary=true").await.expect(200);
        let one = &short["entry"][0]["resource"];
        assert!(one["item"].is_null() && one["title"].is_string());
        assert_eq!(one["meta"]["tag"][0]["code"], "SUBSETTED");
        let count = get(&app, "client", "/fhir/Questionnaire?_summary=count").await.expect(200);
        assert!(count["entry"].is_null() && count["total"] == 2);
    }
}

on_both! {
    async fn unknown_parameters_are_refused_unless_that_is_asked_for(app: TestApp) {
        // Clients have parameters of their own that begin like those of the standard.
        for name in ["colour", "_totalMethod"] {
            let path = format!("/fhir/Questionnaire?{name}=red&_count=1");
            let strict = get(&app, "client", &path).await;
            assert_eq!(refused(&strict, 400), "query-invalid");
            assert_eq!(strict.json["issue"][0]["expression"][0], format!("http.{name}"));
            let lenient = app.get(&path).bearer(app.world.token("client")).header("prefer", "handling=lenient").send().await.expect(200);
            let own = lenient["link"][0]["url"].as_str().expect("url");
            assert!(!own.contains(name) && own.contains("_count=1"), "{own}");
        }
    }
}

on_both! {
    async fn terms_are_read_searched_and_expanded(app: TestApp) {
        let systems = get(&app, "client", "/fhir/CodeSystem").await.expect(200);
        assert!(found(&systems).contains(&"problem".to_owned()));
        let system = get(&app, "client", "/fhir/CodeSystem/problem").await.expect(200);
        let codes = system["concept"].as_array().expect("concepts").len();
        let set = get(&app, "client", "/fhir/ValueSet/problem/$expand").await.expect(200);
        assert_eq!(set["expansion"]["total"].as_u64(), u64::try_from(codes).ok());
        let url = set["url"].as_str().expect("url");
        let one = get(&app, "client", &format!("/fhir/ValueSet/$expand?url={url}&count=1")).await.expect(200);
        assert_eq!(one["expansion"]["contains"].as_array().map(Vec::len), Some(1));
        assert_eq!(refused(&get(&app, "client", "/fhir/ValueSet/none").await, 404), "not-found");
    }
}
