//! Handlers of `/fhir` (R4, JSON), by resource. Rules, log and scopes are those of `/api/v1`; every error is
//! an `OperationOutcome` (`src/http/problem.rs`).
//!
//! To add a resource: its handlers here, its lines in `routes.rs`, its row in [`served`], its paths in
//! `openapi.yaml`, its rows in `tests/suite/authorization.rs`.

mod asked;
pub(super) mod derived;
pub(super) mod log;
mod manners;
pub(super) mod metadata;
pub(super) mod operations;
pub(super) mod patients;
pub(super) mod people;
pub(super) mod questionnaires;
pub(super) mod responses;
pub(super) mod subscriptions;
pub(super) mod tasks;
pub(super) mod terminology;

use crate::fhir::search::{forms, records, responses as of_responses};
use crate::fhir::write::Served;
use crate::services::Services;

/// Address of the FHIR service.
fn base(services: &Services) -> String {
    format!("{}/fhir", services.rules.base_url)
}

/// What is served; a test holds it to the routes.
pub(super) fn served() -> Vec<Served> {
    let reads = || vec!["read", "search-type"];
    let plain = |kind, parameters| Served { kind, interactions: reads(), operations: Vec::new(), parameters, includes: &[] };
    vec![
        Served {
            interactions: vec!["read", "vread", "search-type"],
            operations: vec![
                ("populate", "http://hl7.org/fhir/uv/sdc/OperationDefinition/Questionnaire-populate"),
                ("populatelink", "http://hl7.org/fhir/uv/sdc/OperationDefinition/Questionnaire-populatelink"),
                ("process-response", "http://hl7.org/fhir/uv/sdc/OperationDefinition/Questionnaire-process-response"),
            ],
            ..plain("Questionnaire", &forms::PARAMETERS)
        },
        Served {
            interactions: vec!["create", "read", "vread", "update", "history-instance", "search-type"],
            includes: &of_responses::INCLUDES,
            operations: vec![
                ("validate", "http://hl7.org/fhir/OperationDefinition/Resource-validate"),
                ("extract", "http://hl7.org/fhir/uv/sdc/OperationDefinition/QuestionnaireResponse-extract"),
            ],
            ..plain("QuestionnaireResponse", &of_responses::PARAMETERS)
        },
        plain("CodeSystem", &terminology::PARAMETERS),
        Served {
            operations: vec![("expand", "http://hl7.org/fhir/OperationDefinition/ValueSet-expand")],
            ..plain("ValueSet", &terminology::PARAMETERS)
        },
        plain("Patient", &patients::PARAMETERS),
        plain("Task", &records::OF_TASKS),
        plain("Appointment", &records::OF_VISITS),
        plain("Organization", &records::OF_PLACES),
        plain("Practitioner", &records::OF_PEOPLE),
        plain("Observation", &records::OF_OBSERVATIONS),
        plain("DocumentReference", &records::OF_DOCUMENTS),
        Served { interactions: vec!["read"], ..plain("Binary", &[]) },
        plain("Provenance", &records::OF_PROVENANCE),
        plain("AuditEvent", &records::OF_LOG),
        Served { interactions: vec!["create", "read", "delete", "search-type"], ..plain("Subscription", &records::OF_SUBSCRIPTIONS) },
    ]
}
