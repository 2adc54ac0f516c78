//! Pages of others in a browser call `/fhir` where the operator has named them, and nothing else.

use crate::on_both;
use crate::support::TestApp;
use reqwest::{Method, Response};

const NAMED: &str = "https://form.example";

/// A request as a browser sends it for a page of an origin.
async fn from(app: &TestApp, origin: &str, method: Method, path: &str, asks: &[(&str, &str)]) -> Response {
    let call = reqwest::Client::new().request(method, format!("http://{}{path}", app.http.authority())).header("origin", origin);
    let call = call.bearer_auth(app.world.token("client"));
    asks.iter().fold(call, |call, (name, value)| call.header(*name, *value)).send().await.expect("an answer")
}

fn header(answer: &Response, name: &str) -> String {
    answer.headers().get(name).map(|value| value.to_str().expect("text").to_lowercase()).unwrap_or_default()
}

const PREFLIGHT: [(&str, &str); 2] =
    [("access-control-request-method", "POST"), ("access-control-request-headers", "authorization,content-type,prefer")];

on_both! {
    async fn only_named_origins_are_let_in_and_only_to_fhir(app: TestApp) {
        let open = app.second_instance_with(|settings| settings.fhir_origins = vec![NAMED.to_owned(), "https://other.example".to_owned()]).await;
        let asked = from(&open, NAMED, Method::OPTIONS, "/fhir/QuestionnaireResponse", &PREFLIGHT).await;
        assert_eq!((asked.status().as_u16(), header(&asked, "access-control-allow-origin").as_str()), (200, NAMED));
        assert!(header(&asked, "access-control-allow-headers").contains("authorization"));
        assert!(header(&asked, "access-control-allow-methods").contains("post"));
        // Cookies stay where they are.
        assert_eq!(header(&asked, "access-control-allow-credentials"), "");

        let read = from(&open, NAMED, Method::GET, "/fhir/Questionnaire/distress-thermometer-1.0.0", &[]).await;
        assert_eq!((read.status().as_u16(), header(&read, "access-control-allow-origin").as_str()), (200, NAMED));
        assert!(header(&read, "access-control-expose-headers").contains("etag") && header(&read, "vary").contains("origin"));
        // An error can be read too.
        let absent = from(&open, NAMED, Method::GET, "/fhir/Questionnaire/absent", &[]).await;
        assert_eq!((absent.status().as_u16(), header(&absent, "access-control-allow-origin").as_str()), (404, NAMED));

        for (origin, path) in [
            ("https://form.example.evil.example", "/fhir/metadata"),
            ("https://form.example:8443", "/fhir/metadata"),
            ("http://form.example", "/fhir/metadata"),
            ("null", "/fhir/metadata"),
            (NAMED, "/api/v1/patients/search"),
            (NAMED, "/klinikk"),
            (NAMED, "/"),
        ] {
            for method in [Method::GET, Method::OPTIONS] {
                let answer = from(&open, origin, method.clone(), path, &PREFLIGHT).await;
                assert_eq!(header(&answer, "access-control-allow-origin"), "", "{method} {path} from {origin}");
            }
        }
        // Nobody is named by default.
        let asked = from(&app, NAMED, Method::OPTIONS, "/fhir/QuestionnaireResponse", &PREFLIGHT).await;
        assert_eq!((asked.status().as_u16(), header(&asked, "access-control-allow-origin").as_str()), (405, ""));
    }
}
