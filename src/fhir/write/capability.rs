//! Writes what the FHIR service does as a `CapabilityStatement` of R4, and where tokens come from.

use serde_json::{Map, Value as Json, json};

use crate::fhir::search::Parameter;
use crate::fhir::urls;

/// A type of resource and what is done with it.
#[derive(Debug, Clone)]
pub struct Served {
    /// Type.
    pub kind: &'static str,
    /// Interactions, such as `read` and `search-type`.
    pub interactions: Vec<&'static str>,
    /// Operations, such as `expand`, and where they are defined.
    pub operations: Vec<(&'static str, &'static str)>,
    /// Parameters of a search.
    pub parameters: &'static [Parameter],
    /// What can be given with what was found.
    pub includes: &'static [&'static str],
}

impl Served {
    fn does(&self, interaction: &str) -> bool {
        self.interactions.contains(&interaction)
    }
}

/// What stands around it.
#[derive(Debug, Clone)]
pub struct CapabilityInput<'a> {
    /// Address of the FHIR service.
    pub base: &'a str,
    /// When what is served was changed last.
    pub date: &'a str,
    /// What is served.
    pub served: &'a [Served],
}

/// Writes it.
pub fn capability(input: &CapabilityInput<'_>) -> Json {
    let resources: Vec<Json> = input.served.iter().map(resource).collect();
    let service =
        json!([{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/restful-security-service", "code": "SMART-on-FHIR"}]}]);
    json!({
        "resourceType": "CapabilityStatement",
        "id": "kartlegging",
        "url": format!("{}CapabilityStatement/kartlegging", urls::FORM_BASE),
        "version": env!("CARGO_PKG_VERSION"),
        "name": "Kartlegging",
        "title": "Kartlegging",
        "status": "active",
        "date": input.date,
        "kind": "instance",
        "instantiates": urls::SDC_ROLES,
        "software": {"name": "Kartlegging", "version": env!("CARGO_PKG_VERSION")},
        "implementation": {"description": "Kartlegging", "url": input.base},
        "fhirVersion": "4.0.1",
        "format": ["application/fhir+json", "json"],
        "rest": [{
            "mode": "server",
            "security": {"cors": false, "service": service},
            "resource": resources,
        }],
    })
}

fn resource(served: &Served) -> Json {
    let mut object = Map::new();
    object.insert("type".into(), served.kind.into());
    let interactions: Vec<Json> = served.interactions.iter().map(|code| json!({"code": code})).collect();
    object.insert("interaction".into(), interactions.into());
    // What is made anew each time has no versions of its own.
    let versions = ["no-version", "versioned", "versioned-update"];
    let versioned = usize::from(served.does("vread")) + usize::from(served.does("update"));
    object.insert("versioning".into(), versions[versioned].into());
    object.insert("readHistory".into(), served.does("vread").into());
    object.insert("updateCreate".into(), false.into());
    // By `If-None-Exist`; what is made and not changed answers the same again by itself.
    object.insert("conditionalCreate".into(), (served.does("create") && served.does("update")).into());
    object.insert("conditionalRead".into(), if served.does("vread") { "not-match" } else { "not-supported" }.into());
    if !served.includes.is_empty() {
        object.insert("searchInclude".into(), json!(served.includes));
    }
    let parameters: Vec<Json> = served.parameters.iter().map(|own| json!({"name": own.name, "type": own.kind})).collect();
    if !parameters.is_empty() {
        object.insert("searchParam".into(), parameters.into());
    }
    let operations: Vec<Json> =
        served.operations.iter().map(|(name, definition)| json!({"name": name, "definition": definition})).collect();
    if !operations.is_empty() {
        object.insert("operation".into(), operations.into());
    }
    Json::Object(object)
}

/// Where tokens come from and what they may ask for (SMART App Launch 2.2). `issuer` is named with its token
/// endpoint, where that is known; an issuer without one hands tokens out by hand, so nothing stands there
/// that a client could ask in vain. Nobody is sent through a browser for a token of this service, so there
/// is no authorization endpoint, and no method of PKCE but the one SMART demands.
pub fn smart_configuration(issuer: Option<(&str, Option<&str>)>, scopes: &[String]) -> Json {
    let mut object = Map::new();
    if let Some((issuer, endpoint)) = issuer {
        object.insert("issuer".into(), issuer.into());
        if let Some(endpoint) = endpoint {
            object.insert("token_endpoint".into(), endpoint.into());
        }
    }
    object.insert("grant_types_supported".into(), json!(["client_credentials"]));
    object.insert("scopes_supported".into(), json!(scopes));
    object.insert("token_endpoint_auth_methods_supported".into(), json!(["private_key_jwt"]));
    object.insert("code_challenge_methods_supported".into(), json!(["S256"]));
    object.insert("capabilities".into(), json!(["client-confidential-asymmetric", "permission-patient", "permission-v1", "permission-v2"]));
    Json::Object(object)
}
