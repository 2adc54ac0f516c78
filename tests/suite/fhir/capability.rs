//! What the service says it does is what it does.

use super::{bare, get, refused, search};
use crate::on_both;
use kartlegging::domain::smart;
use kartlegging::http::routes::endpoints;
use serde_json::Value;
use std::collections::BTreeSet;

/// Interactions as routes: what R4 calls them, the method, the end of the path.
const INTERACTIONS: [(&str, &str, &str); 7] = [
    ("read", "GET", "/{id}"),
    ("vread", "GET", "/{id}/_history/{version}"),
    ("update", "PUT", "/{id}"),
    ("create", "POST", ""),
    ("delete", "DELETE", "/{id}"),
    ("history-instance", "GET", "/{id}/_history"),
    ("search-type", "GET", ""),
];

/// Operations as routes: methods, and whether they are called on the type or on one resource. An operation
/// that is asked with more than words takes a body (R4, operations).
const OPERATIONS: [(&str, &[(&str, &str)]); 6] = [
    ("expand", &[("GET", ""), ("GET", "/{id}")]),
    ("populate", &[("POST", ""), ("POST", "/{id}")]),
    ("populatelink", &[("POST", ""), ("POST", "/{id}")]),
    ("process-response", &[("POST", ""), ("POST", "/{id}")]),
    ("validate", &[("POST", "")]),
    ("extract", &[("POST", ""), ("GET", "/{id}"), ("POST", "/{id}")]),
];

/// What is done with a type: its name, interactions, search parameters, operations.
type Line = (&'static str, &'static [&'static str], &'static [&'static str], &'static [&'static str]);

/// What the roles of SDC that are claimed must be able to do.
const ROLES: [(&str, &[Line]); 3] = [
    (
        "sdc-form-fill-manager",
        &[
            (
                "Questionnaire",
                &["read", "search-type"],
                &["url", "version", "status", "experimental", "title", "publisher", "date", "subject-type"],
                &["populate"],
            ),
            ("ValueSet", &["search-type", "read"], &["url", "version"], &["expand"]),
            ("CodeSystem", &["search-type", "read"], &["url", "version"], &[]),
        ],
    ),
    (
        "sdc-form-response-manager",
        &[(
            "QuestionnaireResponse",
            &["create", "update", "read", "search-type", "history-instance"],
            &["questionnaire", "status", "subject", "authored", "author", "identifier", "based-on", "source"],
            &["extract"],
        )],
    ),
    ("sdc-form-receiver", &[("Questionnaire", &[], &[], &["process-response"])]),
];

on_both! {
    async fn every_line_of_a_role_is_there(app: TestApp) {
        let statement = app.get("/fhir/metadata").send().await.expect(200);
        let claimed: BTreeSet<&str> = statement["instantiates"].as_array().expect("roles").iter().filter_map(Value::as_str).collect();
        let known = ROLES.map(|(role, _)| format!("http://hl7.org/fhir/uv/sdc/CapabilityStatement/{role}"));
        assert_eq!(claimed, known.iter().map(String::as_str).collect());
        let resources = statement["rest"][0]["resource"].as_array().expect("resources");
        let names = |list: &Value, member: &str| -> BTreeSet<String> {
            list.as_array().into_iter().flatten().filter_map(|one| one[member].as_str().map(str::to_owned)).collect()
        };
        for (role, lines) in ROLES {
            for (kind, interactions, parameters, operations) in lines {
                let own = resources.iter().find(|one| one["type"] == *kind).unwrap_or_else(|| panic!("{role}: {kind}"));
                for (wanted, has) in [
                    (interactions, names(&own["interaction"], "code")),
                    (parameters, names(&own["searchParam"], "name")),
                    (operations, names(&own["operation"], "name")),
                ] {
                    for one in *wanted {
                        assert!(has.contains(*one), "{role}: {kind} {one}");
                    }
                }
            }
        }
    }
}

on_both! {
    async fn the_statement_lists_exactly_the_routes(app: TestApp) {
        let statement = app.get("/fhir/metadata").send().await.expect(200);
        let mut said = BTreeSet::from(["GET /fhir/metadata".to_owned(), "GET /fhir/.well-known/smart-configuration".to_owned()]);
        for resource in statement["rest"][0]["resource"].as_array().expect("resources") {
            let kind = resource["type"].as_str().expect("type");
            for interaction in resource["interaction"].as_array().expect("interactions") {
                let code = interaction["code"].as_str().expect("code");
                let (_, method, end) = INTERACTIONS.iter().find(|(known, ..)| *known == code).unwrap_or_else(|| panic!("{code}"));
                said.insert(format!("{method} /fhir/{kind}{end}"));
                if code == "search-type" {
                    said.insert(format!("POST /fhir/{kind}/_search"));
                }
            }
            for operation in resource["operation"].as_array().into_iter().flatten() {
                let name = operation["name"].as_str().expect("name");
                let (_, calls) = OPERATIONS.iter().find(|(known, _)| *known == name).unwrap_or_else(|| panic!("{name}"));
                said.extend(calls.iter().map(|(method, level)| format!("{method} /fhir/{kind}{level}/${name}")));
            }
        }
        let routes = endpoints().into_iter().filter(|route| route.path.starts_with("/fhir/"));
        let served: BTreeSet<String> = routes.map(|route| format!("{} {}", route.method, route.path)).collect();
        assert_eq!(said, served);
    }
}

on_both! {
    async fn every_parameter_that_is_listed_is_taken(app: TestApp) {
        let statement = app.get("/fhir/metadata").send().await.expect(200);
        for resource in statement["rest"][0]["resource"].as_array().expect("resources") {
            let kind = resource["type"].as_str().expect("type");
            for parameter in resource["searchParam"].as_array().into_iter().flatten() {
                let name = parameter["name"].as_str().expect("name");
                let value = match (parameter["type"].as_str(), name) {
                    (Some("date"), _) => "2026-11-22",
                    (_, "identifier") if kind == "Patient" => "urn:oid:2.16.578.1.12.4.1.4.1|13904709535",
                    _ => "0193a5d0-9000-7000-8000-000000000031",
                };
                // What is drawn from responses is asked for of somebody.
                let whose = if ["Observation", "DocumentReference", "Provenance"].contains(&kind) { "&_id=x" } else { "" };
                let who = if kind == "AuditEvent" { "auditor" } else { "client" };
                let found = search(&app, who, kind, &format!("{name}={value}{whose}")).await;
                assert_eq!(found.status, 200, "{kind}?{name}: {}", found.text);
            }
        }
    }
}

on_both! {
    async fn tokens_and_scopes_are_announced(app: TestApp) {
        let said = app.get("/fhir/.well-known/smart-configuration").send().await.expect(200);
        let scopes: Vec<&str> = said["scopes_supported"].as_array().expect("scopes").iter().filter_map(Value::as_str).collect();
        assert!(said["issuer"].is_string() && said.get("token_endpoint").is_none(), "nothing to ask is announced");
        for scope in ["responses:read", "responses:write", "system/QuestionnaireResponse.rs", "system/QuestionnaireResponse.read"] {
            assert!(scopes.contains(&scope), "{scope}");
        }
        // What is announced about everybody is there about one patient, and each scope gives something.
        let resources = scopes.iter().filter_map(|scope| scope.strip_prefix("system/"));
        let about_one = resources.map(|rest| format!("patient/{rest}")).collect::<BTreeSet<_>>();
        assert_eq!(about_one, scopes.iter().filter(|scope| scope.starts_with("patient/")).map(|scope| (*scope).to_owned()).collect());
        assert!(about_one.contains("patient/QuestionnaireResponse.cu") && about_one.contains("patient/Task.read"));
        for scope in scopes {
            assert!(!smart::given([scope], None).scopes.is_empty(), "{scope}");
        }
        let can: BTreeSet<&str> = said["capabilities"].as_array().expect("capabilities").iter().filter_map(Value::as_str).collect();
        // Nobody is launched from here, and no token is handed out here.
        assert_eq!(can, BTreeSet::from(["client-confidential-asymmetric", "permission-patient", "permission-v1", "permission-v2"]));
    }
}

on_both! {
    async fn every_error_is_an_outcome(app: TestApp) {
        let unknown = get(&app, "client", "/fhir/Medication").await;
        assert_eq!(refused(&unknown, 404), "route-not-found");
        let method = app.delete("/fhir/Questionnaire").bearer(app.world.token("client")).send().await;
        assert_eq!(refused(&method, 405), "method-not-allowed");
        let nobody = app.get("/fhir/QuestionnaireResponse").send().await;
        assert_eq!(refused(&nobody, 401), "token-missing");
        let xml = app.get("/fhir/metadata?_format=xml").send().await;
        assert_eq!(refused(&xml, 406), "not-acceptable");
        let bare = app.get("/fhir/QuestionnaireResponse").bearer(&bare(&app).await).send().await;
        assert_eq!(refused(&bare, 403), "scope-missing");
    }
}
